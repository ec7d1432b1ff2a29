/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Giving sent packets back to their pools, many at a time. Packets that are just one buffer of their own, nearly all,
 * go back in runs of the same pool, straight from the array in which the ring keeps them.
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

/** Free what is not simple. */
void tx_free_odd(struct virtio_txq *txq, struct rte_mbuf *m) __attribute__((cold, noinline));

/** Look at each packet; free simple ones in runs. */
VIRTIO_INLINE void
tx_free_looking(struct virtio_txq *txq, void *const *packets, uint16_t n)
{
	struct rte_mempool *pool = NULL;
	uint16_t run = 0; /* where it began */
	uint16_t i;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *const m = packets[i];
		const bool is_simple = tx_is_simple(mbuf_rearm_read(m), m->ol_flags);

		if (likely(is_simple && m->pool == pool))
			continue;
		if (i > run)
			rte_mempool_put_bulk(pool, &packets[run], i - run);
		run = i;
		pool = m->pool;
		if (unlikely(!is_simple)) {
			tx_free_odd(txq, m);
			run = i + 1;
			pool = NULL;
		}
	}
	if (n > run)
		rte_mempool_put_bulk(pool, &packets[run], n - run);
}

/** Free @p n packets that the peer has read. */
VIRTIO_INLINE void
tx_free(struct virtio_txq *txq, void *const *packets, uint16_t n)
{
	if (txq->fast_free && likely(txq->nb_chained == 0))
		rte_mempool_put_bulk(((struct rte_mbuf *)packets[0])->pool, packets, n);
	else
		tx_free_looking(txq, packets, n);
}

#endif /* VIRTIO_RXTX_TX_FREE_H */
