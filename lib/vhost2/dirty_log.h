/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_DIRTY_LOG_H
#define VHOST2_DIRTY_LOG_H

/*
 * The dirty log: a bit a page of the driver's memory, in memory of the front-end's, which is about to copy the pages
 * elsewhere. dirty_log_mark() is the one place where a bit's address is computed.
 *
 * A bit is set after what it stands for was written, by an atomic operation that is a full barrier: the front-end takes
 * bits away at any time, and a bit taken before the write was seen would lose the page. For the same reason nobody
 * looks first whether the bit is set already.
 *
 * The log is replaced only while all rings are stopped; bits are set by the threads that process them.
 */

#include <stdint.h>

#include "vhost2/mapping.h"
#include "vhost2/rte_vhost2.h"

/** Bytes that a bit stands for. */
#define DIRTY_LOG_PAGE 4096

/** A log. */
struct dirty_log;

/** Map a log of @p size bytes at @p offset of a file, which stays the caller's. @return 0; as mapping_create() */
int dirty_log_create(int fd, uint64_t offset, uint64_t size, const struct memory_owner *owner, struct dirty_log **log);

/** NULL is allowed. */
void dirty_log_destroy(struct dirty_log *log);

/** [gpa, + len) was written. Pages beyond the log are not marked. Any thread; NULL is allowed. */
void dirty_log_mark(struct dirty_log *log, uint64_t gpa, uint64_t len);

/** What a ring has to log with; part of its struct queue. */
struct rte_vhost2_vq_log {
	struct dirty_log *log;
	uint64_t ring;      /**< gpa of the used ring; packed: of the descriptor ring */
	bool is_ring_logged; /**< VHOST_VRING_F_LOG */
};

#endif /* VHOST2_DIRTY_LOG_H */
