/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The one tx burst: reclaim, place, publish, kick. A template; tx_split.c and tx_packed.c make the rows of path.h of it
 * by passing constant traits.
 *
 * Theory of operation
 *
 * Reclaim goes by groups: packets that the peer has read stay in the ring until there are enough of them to be worth a
 * look at the peer's index and a visit to the pool, or until room is short. Place runs over packets that are one
 * buffer with headroom, the header compared and nearly never written, one 16-byte descriptor store each; the first
 * packet that is anything else leaves to tx_odd.c and the run goes on behind it. One publication and at most one kick
 * a burst. Rows with vectors go by groups as far as they can (tx_vector.h); one packet that is not part of a group takes
 * the same steps as in the other rows, then groups are tried again.
 */

#ifndef VIRTIO_RXTX_TX_BURST_H
#define VIRTIO_RXTX_TX_BURST_H

#include <rte_prefetch.h>

#include "ring/verbs.h"
#include "rxtx/net_hdr.h"
#include "rxtx/traits.h"
#include "rxtx/tx_free.h"
#include "rxtx/tx_odd.h"
#include "rxtx/tx_vector.h"

/** Most packets freed at once: what the local array holds. */
#define TX_GROUP 64
/** How many packets ahead the header's line is fetched. */
#define TX_AHEAD 6

VIRTIO_INLINE struct vq_shape
tx_shape(struct tx_traits traits)
{
	const struct vq_shape shape = {
		.format = traits.format,
		.in_order = traits.in_order,
		.simd = traits.simd,
	};

	return shape;
}

/** Free up to @p n packets, all of them ready. @return how many. */
VIRTIO_INLINE uint32_t
tx_reclaim(struct virtio_txq *txq, uint32_t n, struct vq_shape shape)
{
	uint32_t freed = 0;

	while (freed < n) {
		void *local[TX_GROUP];
		void **done = local;
		const uint16_t group = vq_reclaim(&txq->vq, shape, &done, RTE_MIN(n - freed, (uint32_t)TX_GROUP));

		if (likely(group > 0))
			tx_free(txq, done, group);
		freed += group;
		if (unlikely(group == 0 || txq->vq.broken))
			break;
	}
	return freed;
}

/** Before a burst: keep room for it, in groups. */
VIRTIO_INLINE void
tx_make_room(struct virtio_txq *txq, uint16_t nb_pkts, struct vq_shape shape)
{
	struct virtqueue *const vq = &txq->vq;
	const bool is_short = vq->nb_free < nb_pkts;
	uint32_t group = txq->reclaim_group;

	if (likely(virtqueue_outstanding(vq) < group && !is_short))
		return;
	if (unlikely(is_short && group < nb_pkts))
		group = nb_pkts;
	tx_reclaim(txq, RTE_MIN(vq_ready_group(vq, shape, group, is_short), group), shape);
}

/** Fetch the line in which a packet's header will be looked at. */
VIRTIO_INLINE void
tx_prefetch(const struct rte_mbuf *m)
{
	rte_prefetch0((const char *)m->buf_addr + m->data_off - 1);
}

/**
 * Write the header of a simple packet.
 *
 * @return false: it wants something that only tx_place_odd() does.
 */
VIRTIO_INLINE bool
tx_write_header(const struct virtio_txq *txq, const struct rte_mbuf *m, void *hdr, struct tx_traits traits)
{
	struct net_hdr_words words;

	if (!traits.offload) {
		net_hdr_clear(hdr, txq->hdr_len);
		return true;
	}
	if (unlikely(!tx_offload_is_usual(&txq->offload, m->ol_flags)))
		return false;
	words = net_hdr_usual(m);
	if (unlikely(!net_hdr_fits(words, m->data_len)))
		return false;
	net_hdr_write(hdr, txq->hdr_len, words);
	return true;
}

/**
 * Place packets as long as they are simple and there is room.
 *
 * @return how many; the next one is odd if there is still room.
 */
VIRTIO_INLINE uint16_t
tx_place_simple(struct virtio_txq *txq, struct rte_mbuf **pkts, uint16_t nb_pkts, struct tx_traits traits)
{
	const struct vq_shape shape = tx_shape(traits);
	struct vq_cursor at = vq_cursor_begin(&txq->vq, shape);
	const uint32_t hdr_len = txq->hdr_len;
	uint64_t bytes = 0;
	uint16_t i;

	if (likely(nb_pkts > 0))
		tx_adopt_pool(txq, pkts[0]);
	for (i = 0; i < nb_pkts; i++) {
		struct rte_mbuf *m;
		uint64_t rearm;
		uint32_t len;
		char *hdr;

		i += tx_place_groups(txq, &at, pkts + i, nb_pkts - i, &bytes, shape);
		if (shape.simd != 0 && i == nb_pkts)
			break;
		m = pkts[i];
		rearm = mbuf_rearm_read(m);
		len = m->data_len;
		hdr = (char *)m->buf_addr + (uint16_t)rearm - hdr_len;
		if (i + TX_AHEAD < nb_pkts)
			tx_prefetch(pkts[i + TX_AHEAD]);
		if (unlikely(!tx_is_simple(rearm, m->ol_flags) || (uint16_t)rearm < hdr_len || len == 0))
			break;
		if (unlikely(!tx_write_header(txq, m, hdr, traits)))
			break;
		vq_place(&at, shape, tx_cookie(txq, m), (uintptr_t)hdr, len + hdr_len, 0);
		bytes += len;
	}
	vq_cursor_end(&txq->vq, &at, shape);
	txq->stats.bytes += bytes;
	return i;
}

/** The ring looks full: take back everything that the peer is done with. @return whether it was worth it. */
VIRTIO_INLINE bool
tx_squeeze(struct virtio_txq *txq, struct vq_shape shape)
{
	const uint32_t ready = vq_ready_group(&txq->vq, shape, txq->vq.size, true);

	return ready > 0 && tx_reclaim(txq, ready, shape) > 0;
}

/** Place up to @p nb_pkts packets. @return packets that are the queue's now, or freed. */
VIRTIO_INLINE uint16_t
tx_place(struct virtio_txq *txq, struct rte_mbuf **pkts, uint16_t nb_pkts, struct tx_traits traits)
{
	const struct vq_shape shape = tx_shape(traits);
	struct virtqueue *const vq = &txq->vq;
	uint16_t done = 0;

	while (done < nb_pkts) {
		const uint16_t room = RTE_MIN((uint32_t)(nb_pkts - done), vq->nb_free);
		enum tx_verdict verdict = TX_NO_ROOM;

		done += tx_place_simple(txq, pkts + done, room, traits);
		if (likely(done == nb_pkts))
			break;
		if (vq->nb_free > 0)
			verdict = tx_place_odd(txq, pkts[done], shape);
		if (verdict != TX_NO_ROOM)
			done++;
		else if (!tx_squeeze(txq, shape))
			break;
	}
	return done;
}

VIRTIO_INLINE void
tx_publish_and_kick(struct virtio_txq *txq, struct vq_shape shape)
{
	vq_publish(&txq->vq, shape);
	if (unlikely(vq_kick(&txq->vq, shape)))
		txq->stats.kicks++;
	else
		txq->stats.kicks_suppressed++;
}

/** Packets that were freed unsent since the queue is there. */
VIRTIO_INLINE uint64_t
tx_refused(const struct virtio_txq *txq)
{
	return txq->stats.too_long + txq->stats.bad_offload;
}

VIRTIO_INLINE uint16_t
tx_reclaim_and_place(struct virtio_txq *txq, struct rte_mbuf **pkts, uint16_t nb_pkts, struct tx_traits traits)
{
	const struct vq_shape shape = tx_shape(traits);
	const uint16_t before = txq->vq.avail_idx;
	const uint64_t refused_before = tx_refused(txq);
	uint16_t done;

	tx_make_room(txq, nb_pkts, shape);
	if (unlikely(txq->vq.broken))
		return 0;
	done = tx_place(txq, pkts, nb_pkts, traits);
	if (likely(txq->vq.avail_idx != before))
		tx_publish_and_kick(txq, shape);
	txq->stats.packets += done - (tx_refused(txq) - refused_before);
	txq->stats.no_desc += nb_pkts - done;
	return done;
}

VIRTIO_INLINE uint16_t
tx_burst(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts, struct tx_traits traits)
{
	struct virtio_txq *const txq = queue;
	uint16_t done;

	if (unlikely(!gate_enter(&txq->gate)))
		return 0;
	done = tx_reclaim_and_place(txq, pkts, nb_pkts, traits);
	gate_leave(&txq->gate);
	return done;
}

#endif /* VIRTIO_RXTX_TX_BURST_H */
