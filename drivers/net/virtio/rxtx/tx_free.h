/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Giving sent packets back to their pools, many at a time. Packets that are just one buffer of their own, nearly all,
 * are found to be so when they are placed and go back in bulk, straight from the array in which the ring keeps them and
 * without a look at their mbufs, which have long left the nearest cache. The others are marked.
 */

#ifndef VIRTIO_RXTX_TX_FREE_H
#define VIRTIO_RXTX_TX_FREE_H

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "rxtx/mbuf_words.h"
#include "rxtx/tx_queue.h"

/** Whether nobody else holds the mbuf, it has no other segments, and its buffer is its own. */
VIRTIO_INLINE bool
tx_is_simple(uint64_t rearm, uint64_t ol_flags)
{
	const uint64_t counts = mbuf_rearm_word(0, UINT16_MAX, UINT16_MAX, 0);

	return (rearm & counts) == mbuf_rearm_word(0, 1, 1, 0) &&
		(ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)) == 0;
}

/* --- cookies: what of a packet is remembered while the peer has it --- */

/** In a cookie, which is the packet's address: it wants a look when it comes back. */
#define TX_MARK 1u

VIRTIO_INLINE bool
tx_is_marked(const void *cookie)
{
	return ((uintptr_t)cookie & TX_MARK) != 0;
}

VIRTIO_INLINE struct rte_mbuf *
tx_cookie_packet(void *cookie)
{
	return (struct rte_mbuf *)((uintptr_t)cookie & ~(uintptr_t)TX_MARK);
}

/** The cookie of a packet that is not simple, or not of the pool to which packets go back without a look. */
VIRTIO_INLINE void *
tx_cookie_marked(struct virtio_txq *txq, struct rte_mbuf *m)
{
	txq->nb_marked++;
	return (void *)((uintptr_t)m | TX_MARK);
}

/** The cookie of a simple packet. */
VIRTIO_INLINE void *
tx_cookie(struct virtio_txq *txq, struct rte_mbuf *m)
{
	return likely(m->pool == txq->pool) ? m : tx_cookie_marked(txq, m);
}

/** Before simple packets are placed: follow the application to the pool that it uses now, if none of the last is out. */
VIRTIO_INLINE void
tx_adopt_pool(struct virtio_txq *txq, const struct rte_mbuf *m)
{
	if (unlikely(m->pool != txq->pool) && txq->nb_marked == virtqueue_outstanding(&txq->vq))
		txq->pool = m->pool;
}

/* --- freeing --- */

/** Free packets some of which are marked. */
void tx_free_looking(struct virtio_txq *txq, void **cookies, uint16_t n) __attribute__((noinline));

/**
 * Free @p n packets that the peer has read. They are as they were when they were placed: whoever hands a packet over has
 * no business with it any more, so that those found simple then need no look now, and their memory none.
 *
 * @param cookies
 *   Written over.
 */
VIRTIO_INLINE void
tx_free(struct virtio_txq *txq, void **cookies, uint16_t n)
{
	if (likely(txq->nb_marked == 0))
		rte_mempool_put_bulk(txq->pool, cookies, n);
	else
		tx_free_looking(txq, cookies, n);
}

#endif /* VIRTIO_RXTX_TX_FREE_H */
