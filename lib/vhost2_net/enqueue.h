/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_NET_ENQUEUE_H
#define VHOST2_NET_ENQUEUE_H

/*
 * The one enqueue burst. A template; rows.c makes rows of it by passing constant traits.
 *
 * Theory of operation
 *
 * By groups: pop descriptors, pair each with a packet and fetch both, write headers and data, push. The first packet
 * that asks for an offload or has several segments, and the first buffer that is too short or not in one piece, end
 * the group: what was popped too many is put back, and enqueue_odd.c does the one. Merged buffers are its business
 * too, for packets that need them are not the ones in which cycles are counted. One publication and at most one call a
 * burst.
 *
 * A header is compared before it is written: drivers' buffers go round and still hold the one that the packet before
 * left there, and a line that is not written need not be owned.
 */

#include <rte_prefetch.h>

#include "vhost2_net/copy.h"
#include "vhost2_net/queue.h"
#include "vhost2_net/traits.h"

/** A header of 12 bytes for a packet that wants nothing and fills one buffer: its last eight bytes. */
#define NET_HDR_TAIL (1ULL << 48)

typedef uint64_t net_hdr_word __attribute__((aligned(1), may_alias));

/** A packet that the loop can do: one segment, no work for anybody. */
VIRTIO_INLINE bool
net_packet_is_simple(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && (m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK) == 0 && m->data_len != 0;
}

/** Pair buffers with packets. @return up to the first pair that is not simple. */
VIRTIO_INLINE uint16_t
net_writable_locate(struct rte_vhost2_net_queue *queue, const struct rte_vhost2_seg *bufs, struct rte_mbuf **pkts,
	char **to, uint16_t n)
{
	const uint32_t hdr_len = queue->hdr_len;
	uint16_t i;

	for (i = 0; i < n; i++) {
		const struct rte_mbuf *const m = pkts[i];
		const uint32_t len = hdr_len + m->data_len;

		if (unlikely(!net_packet_is_simple(m) || bufs[i].len < len))
			break;
		to[i] = (char *)net_translate(queue, bufs[i].iova, len, VHOST_ACCESS_WO);
		if (unlikely(to[i] == NULL))
			break;
		rte_prefetch0(to[i]);
		rte_prefetch0(to[i] + hdr_len);
		rte_prefetch0((const char *)m->buf_addr + m->data_off);
	}
	return i;
}

/** The header of a packet that asks for nothing. */
VIRTIO_INLINE void
net_header_plain_write(char *to, uint32_t hdr_len)
{
	const struct virtio_net_hdr_v1_hash plain = {.hdr = {.num_buffers = 1}};

	if (likely(hdr_len == VIRTIO_NET_HDR_LEN_V1)) {
		if (unlikely(*(const net_hdr_word *)to != 0 || *(const net_hdr_word *)(to + 4) != NET_HDR_TAIL)) {
			*(net_hdr_word *)to = 0;
			*(net_hdr_word *)(to + 4) = NET_HDR_TAIL;
		}
		return;
	}
	memcpy(to, &plain, hdr_len);
}

VIRTIO_INLINE void
net_writable_copy(struct rte_vhost2_net_queue *queue, struct rte_vhost2_seg *bufs, struct rte_mbuf **pkts, char **to,
	uint16_t n)
{
	const uint32_t hdr_len = queue->hdr_len;
	uint64_t bytes = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		const struct rte_mbuf *const m = pkts[i];
		const uint32_t len = m->data_len;

		net_header_plain_write(to[i], hdr_len);
		net_copy(to[i] + hdr_len, (const char *)m->buf_addr + m->data_off, len);
		bufs[i].len = len + hdr_len;
		bytes += len;
	}
	queue->stats.packets += n;
	queue->stats.bytes += bytes;
}

static inline void
net_writable_log(struct rte_vhost2_net_queue *queue, const struct rte_vhost2_seg *bufs, uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n; i++)
		rte_vhost2_log_write(queue->vdev, queue->vq, bufs[i].iova, bufs[i].len);
}

/** One group of simple pairs. @return packets, fewer than @p n if the next pair is odd or there is no buffer. */
VIRTIO_INLINE uint16_t
net_enqueue_group(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t n, struct net_traits traits)
{
	struct rte_vhost2_vq *const vq = queue->vq;
	struct rte_vhost2_seg bufs[NET_GROUP];
	char *to[NET_GROUP];
	uint16_t popped;
	uint16_t good;

	popped = rte_vhost2_vq_pop_singles(queue->vdev, vq, traits.is_packed, VRING_DESC_F_WRITE, bufs, n);
	good = net_writable_locate(queue, bufs, pkts, to, popped);
	if (unlikely(good < popped))
		rte_vhost2_vq_unpop_singles(vq, traits.is_packed, (uint16_t)(popped - good));
	if (unlikely(good == 0))
		return 0;
	net_writable_copy(queue, bufs, pkts, to, good);
	if (unlikely(queue->vdev->logging))
		net_writable_log(queue, bufs, good);
	rte_vhost2_vq_push_singles(queue->vdev, vq, traits.is_packed, traits.in_order, VRING_DESC_F_WRITE, bufs, good);
	return good;
}

VIRTIO_INLINE uint16_t
net_enqueue_burst(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts,
	struct net_traits traits)
{
	const uint32_t before = queue->vq->pos.avail_idx;
	const bool lap = queue->vq->pos.avail_wrap;
	uint16_t done = 0;

	while (done < nb_pkts) {
		const uint16_t wanted = RTE_MIN((uint32_t)(nb_pkts - done), (uint32_t)NET_GROUP);
		const uint16_t n = net_enqueue_group(queue, pkts + done, wanted, traits);

		done += n;
		if (likely(n == wanted))
			continue;
		if (net_enqueue_odd(queue, pkts[done]) == NET_LATER)
			break;
		done++;
	}
	queue->stats.no_buffer += nb_pkts - done;
	if (likely(queue->vq->pos.avail_idx != before || queue->vq->pos.avail_wrap != lap))
		net_publish(queue);
	return done;
}

#endif /* VHOST2_NET_ENQUEUE_H */
