/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * One of the two that are compared: its pair of ports, packet memory of its own for each end, and
 * its flows. Contenders share nothing, so that neither finds its memory used up or warmed by the
 * other.
 */

#ifndef VIRTIO_BENCH_CONTENDER_H
#define VIRTIO_BENCH_CONTENDER_H

#include "flow.h"
#include "pair.h"

/** Which end a flow starts from, and whose memory a pool is. */
enum end_side {
	SIDE_FRONT,
	SIDE_BACK,
	NB_SIDES,
};

/** What is compared. */
struct contender {
	struct pair pair;
	struct rte_mempool *pools[NB_SIDES];
	struct flow flows[NB_SIDES][BENCH_MAX_QUEUES];
};

/**
 * Allocate, plug and start. index makes names unique.
 *
 * @return 0; -errno after saying what is wrong, with nothing left behind.
 */
int contender_open(struct contender *contender, const struct bench_plan *plan, const char *spec,
	uint32_t index);

/** Unplug and free. */
void contender_close(struct contender *contender);

/** Packets sent, not refused and not received so far, over all flows. */
uint64_t contender_missing(const struct contender *contender);

/** Packets that a full ring refused on their way back, over all flows. */
uint64_t contender_refused(const struct contender *contender);

/** Packets that a ledger objects to, over all flows. */
uint64_t contender_damaged(const struct contender *contender);

#endif /* VIRTIO_BENCH_CONTENDER_H */
