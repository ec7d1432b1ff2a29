/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Two ports and the packets between them. Queue pair q of one port is joined to queue pair q of the other; workers
 * share the queue pairs out among themselves, so that each queue has one thread.
 */

#ifndef EXCEPTION_PATH_BRIDGE_H
#define EXCEPTION_PATH_BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_mempool.h>

#include "options.h"

/** The directions, by where packets come from. */
enum side {
	SIDE_NIC,
	SIDE_KERNEL,
	SIDES,
};

/** Of one worker; it alone writes them. */
struct counters {
	uint64_t forwarded[SIDES]; /**< by where they came from */
	uint64_t dropped[SIDES];   /**< no room on the other side */
} __rte_cache_aligned;

struct bridge {
	uint16_t ports[SIDES];
	uint16_t queues;
	uint16_t workers;
	struct rte_mempool *pool;
	bool must_stop; /**< atomic */
	struct counters counters[RTE_MAX_LCORE]; /**< by worker */
};

/** Configure and start both ports. @return 0; -errno (said on standard error) */
int bridge_open(struct bridge *bridge, const struct options *options);
/** Stop and close them; the kernel's interface is gone then, unless it is persistent. */
void bridge_close(struct bridge *bridge);

/** Launch the workers on all lcores but the main one. */
int bridge_start(struct bridge *bridge);
/** Tell them to end, and wait until they did. */
void bridge_stop(struct bridge *bridge);
/** One round of worker @p worker over its queues, for who has no lcore to spare. */
void bridge_poll(struct bridge *bridge, uint16_t worker);

/** The sum over all workers. */
struct counters bridge_counters(const struct bridge *bridge);

#endif /* EXCEPTION_PATH_BRIDGE_H */
