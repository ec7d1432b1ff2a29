/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Queues of the network device for tests: on a ring that the test writes itself (ring_rig.h), or on the ring of the
 * driver half's queue, whose addresses are this process's own.
 */

#ifndef TEST_VHOST2_NET_RIG_H
#define TEST_VHOST2_NET_RIG_H

#include "ring_rig.h"
#include "support.h"
#include "vhost2_net/rte_vhost2_net.h"

/** A virtqueue over rings that lie elsewhere; one region that is all of our memory. */
struct peer_rig {
	struct ring_rig ring;
	struct rte_vhost2_net_queue *queue;
};

/** Start a net queue of virtqueue number @p index on @p area; the mbufs come from @p pool. */
void peer_rig_open(struct peer_rig *rig, const struct vring_area *area, uint64_t features, uint16_t index,
	struct rte_mempool *pool);
void peer_rig_close(struct peer_rig *rig);

/** A net queue on a ring of the test's own, with buffers in the regions of ring_rig.h. */
struct net_rig {
	struct ring_rig ring;
	struct rte_mempool *pool;
	struct rte_vhost2_net_queue *queue;
};

#define NET_RIG_POOL 64

/** @p flags: RTE_VHOST2_NET_*. VERSION_1 is negotiated besides @p features. */
void net_rig_open(struct net_rig *rig, bool is_packed, uint16_t index, uint64_t features, uint32_t flags);
/** The same with a ring of @p size instead of 16. */
void net_rig_open_sized(struct net_rig *rig, bool is_packed, uint16_t index, uint64_t features, uint32_t flags,
	uint32_t size);
/** Every mbuf must be home. */
void net_rig_close(struct net_rig *rig);
const struct rte_vhost2_net_queue_stats *net_rig_stats(const struct net_rig *rig);
/** Burst of one. */
uint16_t net_rig_dequeue(struct net_rig *rig, struct rte_mbuf **m);
uint16_t net_rig_enqueue(struct net_rig *rig, struct rte_mbuf *m);

#endif /* TEST_VHOST2_NET_RIG_H */
