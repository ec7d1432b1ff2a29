/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_NET_QUEUE_H
#define VHOST2_NET_QUEUE_H

/*
 * A queue of the network device, as the bursts see it, and what happens rarely, out of the loops' way.
 */

#include <rte_branch_prediction.h>

#include "vhost2/ring.h"
#include "vhost2_net/rte_vhost2_net.h"
#include "virtio/net.h"

/** Most buffers popped at once: what the loops' local arrays hold. */
#define NET_GROUP 32
/** A packet that an Ethernet device may meet: 64 KiB of IP behind a header. */
#define NET_PACKET_MAX (65535 + 14)

typedef uint16_t (*net_burst)(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);

/** One region of the driver's memory, the last that was met: most packets lie there. */
struct net_window {
	uint64_t iova;
	uint64_t size; /**< 0: none, and so it stays with an IOMMU, whose translations may end at any time */
	uintptr_t at;
};

struct rte_vhost2_net_queue {
	/* Read by each burst, written at start. */
	net_burst burst;
	struct rte_vhost2_dev *vdev;
	struct rte_vhost2_vq *vq;
	struct net_window window; /**< written when packets move to another region */
	uint32_t hdr_len;
	uint32_t room;            /**< bytes of data in an mbuf of the pool, behind its headroom */
	struct rte_mempool *pool;
	uint64_t rearm;           /**< data_off, refcnt, nb_segs and port of a fresh mbuf */
	/* Written by each burst. */
	struct rte_vhost2_net_queue_stats stats __attribute__((aligned(64)));
	/* For what is odd. */
	uint32_t flags;
	uint32_t max_packet;
	uint64_t features;
	uint32_t nr_segs;                 /**< room in segs: two rings' worth */
	uint32_t nr_chains;               /**< room in chains: a ring's worth */
	struct rte_vhost2_seg *segs;
	struct rte_vhost2_chain *chains;
	const char *path;
};

/** What became of a packet. */
enum net_verdict {
	NET_DONE,    /**< handed over */
	NET_DROPPED, /**< done with, and counted */
	NET_LATER,   /**< no room, no mbuf, no translation yet, or the queue broke: stop here */
};

/** net_translate() outside of the window; moves the window. @return NULL: not in one piece. */
void *net_translate_slow(struct rte_vhost2_net_queue *queue, uint64_t iova, uint64_t len, uint8_t perm)
	__attribute__((cold));

/** Put a packet of any shape into buffers of any shape. */
enum net_verdict net_enqueue_odd(struct rte_vhost2_net_queue *queue, struct rte_mbuf *m)
	__attribute__((cold));

/** Take the next packet, of any shape. */
enum net_verdict net_dequeue_odd(struct rte_vhost2_net_queue *queue, struct rte_mbuf **m)
	__attribute__((cold));

/** Take over what the net header, a snapshot, says of a packet. @return false: it cannot be. */
bool net_header_to_mbuf(struct rte_vhost2_net_queue *queue, const struct virtio_net_hdr *hdr, struct rte_mbuf *m)
	__attribute__((cold));

/** What is to be patched into the copy of a packet, at offsets from its first byte. */
struct net_patch {
	uint32_t at;
	uint16_t value;
};

/** How a packet goes out: header, and checksums to be written over the copy. */
struct net_plan {
	struct virtio_net_hdr_v1_hash hdr; /**< zero but for what the packet asks for; num_buffers is the caller's */
	struct net_patch patch[2];
	unsigned int nr_patches;
};

/** Make a net header of an mbuf's flags, or checksums where the driver takes none. @return false: cannot be done. */
bool net_plan_make(const struct rte_vhost2_net_queue *queue, const struct rte_mbuf *m, struct net_plan *plan)
	__attribute__((cold));

/** Where @p len bytes lie, if in one piece; see rte_vhost2_iova_to_vva() for @p perm. */
VIRTIO_INLINE void *
net_translate(struct rte_vhost2_net_queue *queue, uint64_t iova, uint64_t len, uint8_t perm)
{
	const uint64_t offset = iova - queue->window.iova;

	if (likely(offset < queue->window.size && len <= queue->window.size - offset))
		return (void *)(queue->window.at + offset);
	return net_translate_slow(queue, iova, len, perm);
}

/** End of a burst in which something was pushed. */
VIRTIO_INLINE void
net_publish(struct rte_vhost2_net_queue *queue)
{
	struct rte_vhost2_vq *const vq = queue->vq;

	rte_vhost2_vq_publish(queue->vdev, vq);
	if (unlikely(rte_vhost2_vq_wants_call(vq)))
		rte_vhost2_dev_call(queue->vdev, vq);
}

#endif /* VHOST2_NET_QUEUE_H */
