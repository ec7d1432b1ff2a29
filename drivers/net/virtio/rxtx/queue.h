/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the ethdev glue may do with an rx or tx queue: make it, start and stop it, look into it, take it down. The
 * bursts themselves are rows of path.h. A queue is an ordinary heap object (a peer cannot write it); only its
 * rings, net headers and indirect tables lie in memory that is shared with the peer, handed in by the caller.
 *
 * All but the counters are for the control path, while the gate is closed.
 */

#ifndef VIRTIO_RXTX_QUEUE_H
#define VIRTIO_RXTX_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "ring/notifier.h"
#include "virtio/vring_layout.h"

struct queue_config {
	const char *port;    /**< name, for log lines; outlives the queue */
	uint16_t port_id;    /**< written into mbufs */
	uint16_t queue_id;   /**< ethdev's number */
	uint16_t index;      /**< virtqueue number: 2 * queue_id for rx, + 1 for tx */
	uint32_t size;       /**< descriptors */
	uint64_t features;   /**< negotiated */
	uint64_t offloads;   /**< RTE_ETH_RX_OFFLOAD_* or RTE_ETH_TX_OFFLOAD_* that were configured */
	void *mem;           /**< shared with the peer, 64-byte aligned, of rxq_mem_bytes() or txq_mem_bytes() */
	size_t mem_len;
	struct vring_notifier notifier;
	struct rte_mempool *pool; /**< rx: where buffers come from */
	uint16_t free_thresh;     /**< rx: refill, tx: reclaim in groups of this many; 0: a good default */
	bool fast_free;           /**< tx: RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE was asked for; nothing is faster for it */
};

/** Counters of one queue, written by its polling thread alone. Units: packets unless said otherwise. */
struct queue_stats {
	uint64_t packets;
	uint64_t bytes;
	uint64_t no_mbuf;        /**< rx: buffers wanted from an empty pool (buffers) */
	uint64_t bad_length;     /**< rx: longer than what was posted, or shorter than the header */
	uint64_t bad_chain;      /**< rx: a number of merged buffers that cannot be */
	uint64_t bad_csum;       /**< rx: a partial checksum that would lie outside of the packet */
	uint64_t bad_gso;        /**< rx: segmentation that was not negotiated, is not the packet's, or has no size */
	uint64_t too_long;       /**< tx: more segments than a ring holds, or an empty packet */
	uint64_t bad_offload;    /**< tx: asked for what the queue cannot do, or for nonsense */
	uint64_t no_desc;        /**< tx: packets refused because the ring was full */
	uint64_t dropped;        /**< in flight when the queue was taken down or its peer vanished */
	uint64_t broken;         /**< times the ring was declared broken (bad id or index) */
	uint64_t kicks;          /**< notifications sent */
	uint64_t kicks_suppressed; /**< notifications that the peer did not want */
};

struct virtio_rxq;
struct virtio_txq;

size_t rxq_mem_bytes(uint64_t features, uint32_t size);
size_t txq_mem_bytes(uint64_t features, uint32_t size);

/** 0, -EINVAL (size, a pool whose buffers cannot hold a frame), -ENOMEM. The ring is empty, the gate closed. */
int rxq_create(const struct queue_config *config, struct virtio_rxq **rxq);
int txq_create(const struct queue_config *config, struct virtio_txq **txq);
/** Frees every mbuf in it (counting none: take the count from rxq_discard/txq_discard before, if wanted). */
void rxq_destroy(struct virtio_rxq *rxq);
void txq_destroy(struct virtio_txq *txq);

/** Post buffers until the ring is full. 0 or -ENOMEM when the pool had fewer than @p at_least. */
int rxq_fill(struct virtio_rxq *rxq, uint32_t at_least);

/** Back to an empty ring at position 0; every mbuf goes back to its pool, tx counts them as dropped. */
void rxq_discard(struct virtio_rxq *rxq);
void txq_discard(struct virtio_txq *txq);

/**
 * The peer vanished: everything that it had not given back is made available again, in order, and @p base says
 * where a new peer begins (SET_VRING_BASE format). Tx: at-least-once. Also mends a broken queue.
 */
int rxq_resync(struct virtio_rxq *rxq, uint32_t *base);
int txq_resync(struct virtio_txq *txq, uint32_t *base);

/** Switch what a row with offloads does; callable while polling. No effect on other rows. */
void rxq_set_ptypes(struct virtio_rxq *rxq, bool wanted);
void rxq_set_strip(struct virtio_rxq *rxq, bool wanted);

/** Gate. */
void rxq_open(struct virtio_rxq *rxq);
void txq_open(struct virtio_txq *txq);
void rxq_close(struct virtio_rxq *rxq);
void txq_close(struct virtio_txq *txq);

const struct vring_area *rxq_area(const struct virtio_rxq *rxq);
const struct vring_area *txq_area(const struct virtio_txq *txq);

/** Filled descriptors that wait to be taken. Callable while polling (ethdev's rx_queue_count). */
uint32_t rxq_count(const struct virtio_rxq *rxq);
/** RTE_ETH_RX_DESC_* / RTE_ETH_TX_DESC_* or -EINVAL. */
int rxq_descriptor_status(const struct virtio_rxq *rxq, uint16_t offset);
int txq_descriptor_status(const struct virtio_txq *txq, uint16_t offset);
/** Free what the peer has sent, at most @p count packets (0: all). Called by the polling thread. @return packets. */
int txq_done_cleanup(struct virtio_txq *txq, uint32_t count);
/** Packets that the peer has not given back yet. */
uint32_t txq_in_flight(const struct virtio_txq *txq);

const struct queue_stats *rxq_stats(const struct virtio_rxq *rxq);
const struct queue_stats *txq_stats(const struct virtio_txq *txq);

#endif /* VIRTIO_RXTX_QUEUE_H */
