/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/**
 * @file
 * The network device on rte_vhost2: mbufs to and from a started virtqueue.
 *
 * A queue here is an object of its own that outlives the virtqueue which it is started on: its counters go on over
 * reconnections. Directions are the device's: enqueue writes to the driver (its receive queues, even indices), dequeue
 * reads from it (its transmit queues, odd ones).
 *
 * Not here: registration, links, ports. See rte_vhost2.h for who calls what when.
 */

#ifndef RTE_VHOST2_NET_H
#define RTE_VHOST2_NET_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "vhost2/rte_vhost2.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Finish checksums that a driver left to the device, instead of marking the packet RTE_MBUF_F_RX_L4_CKSUM_NONE. */
#define RTE_VHOST2_NET_FINISH_CSUM (1u << 0)

/** What a queue is made of. */
struct rte_vhost2_net_queue_config {
	struct rte_mempool *pool; /**< dequeue: where mbufs come from; NULL for a queue that only enqueues */
	uint16_t port_id;         /**< written into dequeued mbufs */
	uint32_t flags;           /**< RTE_VHOST2_NET_* */
	uint32_t max_packet;      /**< dequeue: bytes of the longest packet that is taken; 0: 65535 + an Ethernet header */
};

/** Counters of one queue, written by the thread that works on it. In packets unless said otherwise. */
struct rte_vhost2_net_queue_stats {
	uint64_t packets;     /**< handed over, either way */
	uint64_t bytes;       /**< of them, without net headers */
	uint64_t no_mbuf;     /**< dequeue: times the pool had too few */
	uint64_t no_buffer;   /**< enqueue: refused because the driver offered too little room at the moment */
	uint64_t bad_length;  /**< shorter than the net header, empty, or longer than what is taken; dropped */
	uint64_t bad_header;  /**< a net header that does not fit its packet or was not negotiated; dropped */
	uint64_t too_long;    /**< enqueue: longer than what the driver's buffers can hold; dropped */
	uint64_t unsupported; /**< enqueue: wants an offload that neither the driver nor software has; dropped */
	uint64_t discarded;   /**< the queue is disabled; dropped */
	uint64_t csum_done;   /**< packets whose checksums software had to finish */
	uint64_t odd;         /**< packets that left the fast loop for any reason */
};

struct rte_vhost2_net_queue;

/** 0; -EINVAL: a pool whose buffers cannot hold a header's worth of data; -ENOMEM. */
int rte_vhost2_net_queue_create(const struct rte_vhost2_net_queue_config *config, struct rte_vhost2_net_queue **queue);
/** Stopped; NULL is allowed. */
void rte_vhost2_net_queue_destroy(struct rte_vhost2_net_queue *queue);

/**
 * For queue_start: from now on the bursts work on @p vq. The caller keeps the threads that burst away meanwhile.
 *
 * @return 0; -EINVAL: an odd (transmit) index and no pool; -ENOMEM.
 */
int rte_vhost2_net_queue_start(struct rte_vhost2_net_queue *queue, struct rte_vhost2_dev *vdev,
	struct rte_vhost2_vq *vq);
/** For queue_stop: bursts return 0 until the next start. Nothing is in flight: packets are copied. */
void rte_vhost2_net_queue_stop(struct rte_vhost2_net_queue *queue);

/**
 * Copy packets into the driver's buffers. The mbufs stay the caller's.
 *
 * Checksums and segmentation that are left to hardware (mbuf TX flags, prepared as rte_eth_tx_prepare() does) are
 * passed on if the driver negotiated to take them; checksums are computed here otherwise.
 *
 * @return how many are done with, dropped ones (see the counters) included. The others found no room.
 */
uint16_t rte_vhost2_net_enqueue_burst(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);

/** Copy packets out of the driver's buffers into mbufs of the queue's pool, the caller's from then on. */
uint16_t rte_vhost2_net_dequeue_burst(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);

const struct rte_vhost2_net_queue_stats *rte_vhost2_net_queue_stats(const struct rte_vhost2_net_queue *queue);
/** The loop that was chosen, as "dequeue, packed, in-order". Never NULL. */
const char *rte_vhost2_net_queue_path(const struct rte_vhost2_net_queue *queue);

#ifdef __cplusplus
}
#endif

#endif /* RTE_VHOST2_NET_H */
