/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Packets of one direction on one queue pair: made, counted, and judged if that is wanted. No port
 * is touched here. A flow has one sender and one receiver, which may be two threads: each writes
 * its own half only.
 */

#ifndef VIRTIO_BENCH_FLOW_H
#define VIRTIO_BENCH_FLOW_H

#include <rte_mempool.h>

#include "plan.h"
#include "traffic.h"

/** One direction of one queue pair. */
struct flow {
	struct traffic_source source;
	uint64_t sent;                /**< accepted by the port since flow_init() */
	uint64_t refused;             /**< of these, sent back in vain: the ring back was full */
	struct traffic_ledger ledger __rte_cache_aligned; /**< the receiver's, only if verifying */
	uint64_t received;
};

/**
 * Begin a flow that no other is mistaken for.
 *
 * @return 0 or -ENOMEM; release with flow_fini().
 */
int flow_init(struct flow *flow, const struct bench_plan *plan, uint8_t direction, uint16_t queue);

/** Release what flow_init() took; a flow of all zeroes may be given. */
void flow_fini(struct flow *flow);

/** Up to plan->burst frames to send; without verifying, only their lengths are written. */
uint16_t flow_make(struct flow *flow, const struct bench_plan *plan, struct rte_mempool *pool,
	struct rte_mbuf **mbufs);

/** The last count frames made were not sent: free them; their numbers are used again. */
void flow_unmake(struct flow *flow, struct rte_mbuf **mbufs, uint16_t count);

/** Count and free what arrived. */
void flow_receive(struct flow *flow, const struct bench_plan *plan, struct rte_mbuf **mbufs,
	uint16_t count);

/** Packets that arrived damaged, twice, late or from elsewhere. */
uint64_t flow_damaged(const struct flow *flow);

#endif /* VIRTIO_BENCH_FLOW_H */
