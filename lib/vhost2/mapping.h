/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_MAPPING_H
#define VHOST2_MAPPING_H

/*
 * A piece of a peer's file in our address space, guarded (guard.h) and counted: several region tables may have it. From
 * the loop's thread only.
 */

#include <stdint.h>

/** One mapping. */
struct mapping;

/** Who is told when the memory under a mapping is gone. */
struct memory_owner {
	int *flag;    /**< becomes 1 */
	int alarm_fd; /**< is written to: loop_alarm_fd() */
};

/**
 * Map [@p offset, + @p size) of a file. The descriptor stays the caller's.
 *
 * @return 0; -EBADF: not a regular file; -EINVAL: nothing, or beyond all numbers; -EFBIG: the file is shorter; other
 *   -errno of mmap
 */
int mapping_create(int fd, uint64_t offset, uint64_t size, const struct memory_owner *owner, struct mapping **mapping);

/** One more user. */
void mapping_hold(struct mapping *mapping);

/** One user less; unmapped after the last. NULL is allowed. */
void mapping_release(struct mapping *mapping);

/** @return where the byte at `offset` is. */
uint8_t *mapping_data(const struct mapping *mapping);

/** What was mapped, whole pages. */
void mapping_extent(const struct mapping *mapping, void **addr, uint64_t *len);

#endif /* VHOST2_MAPPING_H */
