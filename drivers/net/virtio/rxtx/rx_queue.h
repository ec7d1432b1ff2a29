/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The inside of an rx queue, shared by the burst template (rx_burst.h), its rare cases (rx_odd.c) and the control side
 * (rx_queue.c). The ethdev glue sees queue.h only.
 */

#ifndef VIRTIO_RXTX_RX_QUEUE_H
#define VIRTIO_RXTX_RX_QUEUE_H

#include <rte_ether.h>

#include "gate/gate.h"
#include "ring/virtqueue.h"
#include "rxtx/mbuf_words.h"
#include "rxtx/net_hdr.h"
#include "rxtx/queue.h"

/** Largest packet: 64 KiB behind an Ethernet header. VIRTIO 1.3 5.1.6.3.1: "at least 65562 bytes" with 12 of header. */
#define RX_PACKET_MAX (65536 + RTE_ETHER_HDR_LEN)

/** Peers that may come and go while nobody polls, and still each be told from the next. */
#define RX_SEAMS 8

/** A packet of several buffers of which some are still to come. */
struct rx_pending {
	struct rte_mbuf *head; /**< NULL: it is being discarded */
	struct rte_mbuf *tail;
	uint32_t due;          /**< buffers to come; 0: nothing is pending */
};

struct virtio_rxq {
	/* Line 0: constant but for the gate. */
	struct gate gate;
	struct mbuf_init init;    /**< what each packet's mbuf is given */
	struct rte_mempool *pool;
	uint32_t hdr_len;
	uint32_t posted_len;      /**< bytes of each buffer, header included */
	uint32_t min_len;         /**< of a whole packet, header included */
	uint32_t payload_offset;  /**< from an mbuf to the packet's first byte; if is_scattered, for prefetching only */
	uint16_t refill_thresh;   /**< refill in groups of this many */
	bool is_scattered;        /**< not all buffers lie behind their mbufs */

	/* Lines 1..3 and colder ones. */
	struct virtqueue vq;

	/* What a burst writes. */
	struct queue_stats stats;
	struct rx_pending pending;
	struct rx_offload offload; /**< of rows with offloads; constant but where it says so */
	uint16_t seams[RX_SEAMS]; /**< used indices at which peers' work ended, the next one first */
	uint8_t nb_seams;
	bool has_seam;            /**< not past the last of them yet */
};

static_assert(offsetof(struct virtio_rxq, vq) == 64, "one line of constants");

/**
 * Whatever is not one good buffer with one good packet: a bad length, a first buffer of several, or one that was due.
 *
 * @param num_buffers
 *   What the header says; looked at when @p len covers a header and nothing is due.
 * @return a finished packet, or NULL.
 */
struct rte_mbuf *rx_odd_buffer(struct virtio_rxq *rxq, struct rte_mbuf *m, uint32_t len, uint16_t num_buffers)
	__attribute__((cold, noinline));

/** Drop a finished packet whose header is of no use, and count it. */
void rx_refuse_header(struct virtio_rxq *rxq, struct rte_mbuf *m, enum net_hdr_verdict verdict)
	__attribute__((cold, noinline));

/** A new peer does not go on with a packet in the middle of which the last one died. @return what may be taken. */
uint16_t rx_clip_at_seam(struct virtio_rxq *rxq, uint16_t ready) __attribute__((cold, noinline));

/** Give up a packet that was pending and count it once. */
void rx_pending_discard(struct virtio_rxq *rxq);

/** Get up to @p n buffers when the pool could not give all. @return how many. */
unsigned int rx_alloc_some(struct virtio_rxq *rxq, void **buffers, unsigned int n) __attribute__((cold, noinline));

#endif /* VIRTIO_RXTX_RX_QUEUE_H */
