/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The one rx burst: take, deliver, refill. A template; rx_split.c and rx_packed.c make the rows of path.h of it by
 * passing constant traits.
 *
 * Theory of operation
 *
 * A burst looks at how far the peer is once and works through what it announces in groups. A group passes through three
 * short loops rather than one long one: take (ring to the caller's array), prefetch (mbuf, header and payload lines, all
 * before the first is touched, so that their misses overlap), deliver (lengths checked, two stores an mbuf). Rows with
 * vectors take, deliver (rx_vector.h) and refill several at a time up to whatever is odd; that is judged by the same code
 * as in the other rows.
 *
 * In rows with offloads a further loop takes over what the headers say, or drops packets whose headers lie.
 *
 * Refill gets buffers from the pool in bulk, in order straight into the ring's cookie array, and publishes once.
 * Whatever does not happen with well-behaved small packets leaves to rx_odd.c.
 */

#ifndef VIRTIO_RXTX_RX_BURST_H
#define VIRTIO_RXTX_RX_BURST_H

#include <rte_mempool.h>
#include <rte_prefetch.h>

#include "ring/verbs.h"
#include "rxtx/net_hdr.h"
#include "rxtx/rx_queue.h"
#include "rxtx/rx_vector.h"
#include "rxtx/traits.h"

/** Buffers per group: what the local arrays hold. */
#define RX_GROUP 64

VIRTIO_INLINE struct vq_shape
rx_shape(struct rx_traits traits)
{
	const struct vq_shape shape = {
		.format = traits.format,
		.in_order = traits.in_order,
		.simd = traits.simd,
	};

	return shape;
}

VIRTIO_INLINE void
rx_prefetch(const struct virtio_rxq *rxq, struct rte_mbuf *const *buffers, uint16_t n, struct rx_traits traits)
{
	const uint32_t payload = rxq->payload_offset;
	uint16_t i;

	for (i = 0; i < n; i++) {
		const char *const m = (const char *)buffers[i];

		rte_prefetch0(m);
		rte_prefetch0(m + payload);
		/* The header ends where the payload begins, on the line before. */
		if (traits.mergeable || traits.offload)
			rte_prefetch0(m + payload - 1);
	}
}

/** Turn @p n taken buffers into packets, where they are. @return packets. */
VIRTIO_INLINE uint16_t
rx_deliver(struct virtio_rxq *rxq, struct rte_mbuf **pkts, const uint32_t *lens, uint16_t n, struct rx_traits traits)
{
	const struct mbuf_init init = rxq->init;
	const uint32_t hdr_len = rxq->hdr_len;
	const uint32_t min_len = rxq->min_len;
	const uint32_t span = rxq->posted_len - min_len;
	uint64_t bytes = 0;
	uint16_t done = rx_deliver_groups(rxq, pkts, lens, n, &bytes, traits);
	uint16_t i;

	for (i = done; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		uint16_t num_buffers = 1;
		bool is_odd = lens[i] - min_len > span;

		if (traits.mergeable) {
			num_buffers = net_hdr_num_buffers((char *)m->buf_addr + RTE_PKTMBUF_HEADROOM - hdr_len);
			is_odd |= num_buffers != 1 || rxq->pending.due != 0;
		}
		if (unlikely(is_odd)) {
			m = rx_odd_buffer(rxq, m, lens[i], num_buffers);
			if (m == NULL)
				continue;
			bytes += m->pkt_len;
		} else {
			mbuf_fill(m, init, lens[i] - hdr_len);
			bytes += lens[i] - hdr_len;
		}
		pkts[done++] = m;
	}
	rxq->stats.bytes += bytes;
	return done;
}

/** What the headers of @p n finished packets say goes into the mbufs. @return packets left, moved together. */
VIRTIO_INLINE uint16_t
rx_translate(struct virtio_rxq *rxq, struct rte_mbuf **pkts, uint16_t n)
{
	const uint32_t hdr_len = rxq->hdr_len;
	uint16_t done = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *const m = pkts[i];
		const char *const hdr = rte_pktmbuf_mtod(m, const char *) - hdr_len;
		enum net_hdr_verdict verdict = NET_HDR_GOOD;

		if (rxq->offload.is_busy || !net_hdr_is_plain(hdr))
			verdict = net_hdr_to_mbuf(&rxq->offload, hdr, m);
		if (likely(verdict == NET_HDR_GOOD))
			pkts[done++] = m;
		else
			rx_refuse_header(rxq, m, verdict);
	}
	return done;
}

/** Place buffers that lie anywhere. */
VIRTIO_INLINE void
rx_place_each(struct vq_cursor *at, struct vq_shape shape, void *const *buffers, uint16_t n, uint64_t offset,
	uint32_t len)
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		const struct rte_mbuf *const m = buffers[i];

		vq_place_writable(at, shape, buffers[i], (uintptr_t)m->buf_addr + offset, len);
	}
}

/** Place up to @p n buffers from the pool; @p run is where their cookies belong, if that is known. @return placed. */
VIRTIO_INLINE uint16_t
rx_refill_group(struct virtio_rxq *rxq, void **run, uint16_t n, struct vq_shape shape)
{
	struct virtqueue *const vq = &rxq->vq;
	const uint32_t hdr_len = rxq->hdr_len;
	const uint32_t len = rxq->posted_len;
	void *local[RX_GROUP];
	void **const buffers = run != NULL ? run : local;
	struct vq_cursor at;

	if (unlikely(rte_mempool_get_bulk(rxq->pool, buffers, n) != 0))
		n = rx_alloc_some(rxq, buffers, n);
	at = vq_cursor_begin(vq, shape);
	/* The mbufs themselves are not touched, if that can be. */
	if (likely(!rxq->is_scattered))
		vq_place_writable_group(&at, shape, buffers, n, rxq->payload_offset - hdr_len, len);
	else
		rx_place_each(&at, shape, buffers, n, RTE_PKTMBUF_HEADROOM - hdr_len, len);
	vq_cursor_end(vq, &at, shape);
	return n;
}

/** Place and publish buffers until the ring is full or the pool empty. @return whether there were any. */
VIRTIO_INLINE bool
rx_refill(struct virtio_rxq *rxq, struct vq_shape shape)
{
	struct virtqueue *const vq = &rxq->vq;
	const uint32_t before = vq->nb_free;

	while (vq->nb_free > 0) {
		uint16_t n = RTE_MIN(vq->nb_free, (uint32_t)RX_GROUP);
		void **const run = vq_cookie_run(vq, shape, &n);

		if (unlikely(rx_refill_group(rxq, run, n, shape) < n))
			break;
	}
	if (unlikely(vq->nb_free == before))
		return false;
	vq_publish(vq, shape);
	return true;
}

VIRTIO_INLINE void
rx_refill_and_kick(struct virtio_rxq *rxq, struct vq_shape shape)
{
	if (unlikely(!rx_refill(rxq, shape)))
		return;
	if (unlikely(vq_kick(&rxq->vq, shape)))
		rxq->stats.kicks++;
	else
		rxq->stats.kicks_suppressed++;
}

/** Take up to @p nb_pkts packets and replace their buffers. */
VIRTIO_INLINE uint16_t
rx_take_and_refill(struct virtio_rxq *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts, struct rx_traits traits)
{
	struct virtqueue *const vq = &rxq->vq;
	uint16_t ready = vq_ready(vq, rx_shape(traits));
	uint16_t done = 0;

	if (unlikely(rxq->has_seam))
		ready = rx_clip_at_seam(rxq, ready);
	while (ready > 0 && done < nb_pkts) {
		uint32_t lens[RX_GROUP];
		const uint16_t wanted = RTE_MIN(RTE_MIN(ready, nb_pkts - done), RX_GROUP);
		const uint16_t n = vq_take(vq, rx_shape(traits), (void **)(pkts + done), lens, wanted);
		uint16_t group;

		rx_prefetch(rxq, pkts + done, n, traits);
		group = rx_deliver(rxq, pkts + done, lens, n, traits);
		if (traits.offload)
			group = rx_translate(rxq, pkts + done, group);
		done += group;
		if (unlikely(n < wanted))
			break;
		ready -= n;
	}
	rxq->stats.packets += done;
	if (vq->nb_free >= rxq->refill_thresh && likely(!vq->broken))
		rx_refill_and_kick(rxq, rx_shape(traits));
	return done;
}

VIRTIO_INLINE uint16_t
rx_burst(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts, struct rx_traits traits)
{
	struct virtio_rxq *const rxq = queue;
	uint16_t done;

	if (unlikely(!gate_enter(&rxq->gate)))
		return 0;
	done = rx_take_and_refill(rxq, pkts, nb_pkts, traits);
	gate_leave(&rxq->gate);
	return done;
}

#endif /* VIRTIO_RXTX_RX_BURST_H */
