/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_NET_DEQUEUE_H
#define VHOST2_NET_DEQUEUE_H

/*
 * The one dequeue burst. A template; rows.c makes rows of it by passing constant traits.
 *
 * Theory of operation
 *
 * By groups: pop descriptors, find where each buffer lies and fetch its first lines, get as many mbufs at once, copy,
 * push. What stops a group early (a chain, a buffer that is not in one piece, a length that cannot be) is put back and
 * goes to dequeue_odd.c; then the next group begins behind it. One publication and at most one call a burst.
 */

#include <rte_prefetch.h>

#include "vhost2_net/copy.h"
#include "vhost2_net/mbuf_words.h"
#include "vhost2_net/queue.h"
#include "vhost2_net/traits.h"

/** Find the buffers of a group. @return up to the first that is not simple. */
VIRTIO_INLINE uint16_t
net_readable_locate(struct rte_vhost2_net_queue *queue, const struct rte_vhost2_seg *bufs, const char **from,
	uint16_t n)
{
	const uint32_t hdr_len = queue->hdr_len;
	const uint32_t room = queue->room;
	uint16_t i;

	for (i = 0; i < n; i++) {
		/* One comparison for both ends: header and no data wraps to the largest number. */
		if (unlikely(bufs[i].len - hdr_len - 1 >= room))
			break;
		from[i] = (const char *)net_translate(queue, bufs[i].iova, bufs[i].len, VHOST_ACCESS_RO);
		if (unlikely(from[i] == NULL))
			break;
		rte_prefetch0(from[i]);
		rte_prefetch0(from[i] + hdr_len);
	}
	return i;
}

typedef uint16_t net_header_asks __attribute__((aligned(1), may_alias));

static_assert(offsetof(struct virtio_net_hdr, flags) == 0, "first of the two bytes");
static_assert(offsetof(struct virtio_net_hdr, gso_type) == 1, "second of them");

/** Whether a header asks for nothing: no flag, no segmentation. All its other fields serve these. */
VIRTIO_INLINE bool
net_header_is_plain(const char *hdr)
{
	return *(const volatile net_header_asks *)hdr == 0;
}

/** A header that asks for something, by one snapshot. */
static inline bool
net_header_take(struct rte_vhost2_net_queue *queue, const char *from, struct rte_mbuf *m)
{
	struct virtio_net_hdr hdr;

	memcpy(&hdr, from, sizeof(hdr));
	virtio_compiler_barrier();
	return net_header_to_mbuf(queue, &hdr, m);
}

/** Fill mbufs from buffers. @return how many packets are left at the front of @p pkts. */
VIRTIO_INLINE uint16_t
net_readable_copy(struct rte_vhost2_net_queue *queue, const struct rte_vhost2_seg *bufs, const char **from,
	struct rte_mbuf **pkts, uint16_t n)
{
	const uint32_t hdr_len = queue->hdr_len;
	const uint64_t rearm = queue->rearm;
	uint64_t bytes = 0;
	uint16_t done = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *const m = pkts[i];
		const uint32_t len = bufs[i].len - hdr_len;

		net_mbuf_fill(m, rearm, len);
		net_copy((char *)m->buf_addr + RTE_PKTMBUF_HEADROOM, from[i] + hdr_len, len);
		pkts[done] = m;
		if (unlikely(!net_header_is_plain(from[i])) && unlikely(!net_header_take(queue, from[i], m))) {
			queue->stats.bad_header++;
			rte_mempool_put(queue->pool, m);
			continue;
		}
		bytes += len;
		done++;
	}
	queue->stats.packets += done;
	queue->stats.bytes += bytes;
	return done;
}

/** One group of simple buffers. @return packets; @p taken: buffers, fewer than @p n if the next is odd or missing. */
VIRTIO_INLINE uint16_t
net_dequeue_group(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *taken,
	struct net_traits traits)
{
	struct rte_vhost2_vq *const vq = queue->vq;
	struct rte_vhost2_seg bufs[NET_GROUP];
	const char *from[NET_GROUP];
	uint16_t popped;
	uint16_t good;

	popped = rte_vhost2_vq_pop_singles(queue->vdev, vq, traits.is_packed, 0, bufs, n);
	good = net_readable_locate(queue, bufs, from, popped);
	/* A pool that runs dry gives single ones to dequeue_odd.c, as long as it can. */
	if (unlikely(good > 0 && rte_mempool_get_bulk(queue->pool, (void **)pkts, good) != 0))
		good = 0;
	if (unlikely(good < popped))
		rte_vhost2_vq_unpop_singles(vq, traits.is_packed, (uint16_t)(popped - good));
	*taken = good;
	if (good == 0)
		return 0;
	n = net_readable_copy(queue, bufs, from, pkts, good);
	rte_vhost2_vq_push_singles(queue->vdev, vq, traits.is_packed, traits.in_order, 0, bufs, good);
	return n;
}

VIRTIO_INLINE uint16_t
net_dequeue_burst(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts,
	struct net_traits traits)
{
	const uint32_t before = queue->vq->pos.avail_idx;
	const bool lap = queue->vq->pos.avail_wrap;
	uint32_t budget = nb_pkts + NET_GROUP;
	uint16_t done = 0;

	/* The budget bounds a burst in which each buffer is dropped. */
	while (done < nb_pkts && budget > 0) {
		const uint16_t wanted = RTE_MIN(RTE_MIN((uint32_t)(nb_pkts - done), budget), (uint32_t)NET_GROUP);
		enum net_verdict verdict;
		uint16_t taken;

		done += net_dequeue_group(queue, pkts + done, wanted, &taken, traits);
		budget -= taken;
		if (likely(taken == wanted))
			continue;
		if (likely(!rte_vhost2_vq_ready(queue->vdev, queue->vq)))
			break;
		verdict = net_dequeue_odd(queue, &pkts[done]);
		if (verdict == NET_LATER)
			break;
		done += verdict == NET_DONE;
		budget--;
	}
	if (likely(queue->vq->pos.avail_idx != before || queue->vq->pos.avail_wrap != lap))
		net_publish(queue);
	return done;
}

#endif /* VHOST2_NET_DEQUEUE_H */
