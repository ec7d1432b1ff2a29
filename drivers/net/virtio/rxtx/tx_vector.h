/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What vectors do for packets to send, whatever the ring's format: four at a time are found simple, with room for a
 * header in front, and placed. Whatever is odd is left to the loop of tx_burst.h. Without AVX2,
 * everything is.
 */

#ifndef VIRTIO_RXTX_TX_VECTOR_H
#define VIRTIO_RXTX_TX_VECTOR_H

#include <rte_prefetch.h>

#include "ring/verbs.h"
#include "rxtx/net_hdr.h"
#include "rxtx/tx_free.h"

#ifdef __AVX2__

/** Packets of which the headers' lines are fetched before the first is looked at. */
#define TX_VECTOR_AHEAD 32

/** Two words of an mbuf or a header. */
VIRTIO_INLINE __m128i
tx_vector_read(const void *at)
{
	return _mm_loadu_si128(at);
}

/** What four mbufs are compared with. */
struct tx_vector_wanted {
	__m128i rearm; /* and offload flags */
	__m128i rearm_mask;
	__m128i pool;  /* and the word before */
};

VIRTIO_INLINE struct tx_vector_wanted
tx_vector_want(const struct rte_mempool *pool)
{
	const struct tx_vector_wanted wanted = {
		.rearm = _mm_set_epi64x(0, (long long)mbuf_rearm_word(0, 1, 1, 0)),
		.rearm_mask = _mm_set_epi64x((long long)(RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL),
			(long long)mbuf_rearm_word(0, UINT16_MAX, UINT16_MAX, 0)),
		.pool = _mm_set_epi64x((long long)(uintptr_t)pool, 0),
	};

	return wanted;
}

/** Whether four mbufs are simple, as tx_is_simple() has it, of one pool, with at least 16 bytes of headroom. */
VIRTIO_INLINE bool
tx_vector_is_simple(struct rte_mbuf **pkts, struct tx_vector_wanted wanted)
{
	__m128i differs = _mm_setzero_si128();
	__m128i foreign = _mm_setzero_si128();
	__m128i least = _mm_set1_epi16(-1);
	int i;

	for (i = 0; i < 4; i++) {
		const __m128i rearm = tx_vector_read((const char *)pkts[i] + MBUF_REARM);
		const __m128i pool = tx_vector_read((const char *)pkts[i] + offsetof(struct rte_mbuf, pool) - 8);

		differs = _mm_or_si128(differs, _mm_xor_si128(rearm, wanted.rearm));
		foreign = _mm_or_si128(foreign, _mm_xor_si128(pool, wanted.pool));
		least = _mm_min_epu16(least, rearm);
	}
	return _mm_testz_si128(differs, wanted.rearm_mask) && _mm_testz_si128(foreign, _mm_set_epi64x(-1, 0)) &&
		(uint16_t)_mm_cvtsi128_si32(least) >= 16;
}

VIRTIO_INLINE long long
tx_vector_len_word(const struct rte_mbuf *m)
{
	return (long long)*(const mbuf_word *)((const char *)m + offsetof(struct rte_mbuf, data_len));
}

/** Bytes of the data in four mbufs. */
VIRTIO_INLINE __m256i
tx_vector_lens(struct rte_mbuf **pkts)
{
	const __m256i words = _mm256_setr_epi64x(tx_vector_len_word(pkts[0]), tx_vector_len_word(pkts[1]),
		tx_vector_len_word(pkts[2]), tx_vector_len_word(pkts[3]));

	return _mm256_and_si256(words, _mm256_set1_epi64x(UINT16_MAX));
}

/** Whether four headers of @p hdr_len bytes, at most 16, are zero. */
VIRTIO_INLINE bool
tx_vector_is_zero(const uint64_t *hdrs, uint32_t hdr_len)
{
	/* The 16 bytes before the data; the last hdr_len of them are the header. */
	static const uint8_t masks[32] __attribute__((aligned(32))) = {
		[16] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	};
	const __m128i mask = tx_vector_read(&masks[hdr_len]);
	const uint32_t before = 16 - hdr_len;
	__m128i bits = _mm_setzero_si128();
	int i;

	for (i = 0; i < 4; i++)
		bits = _mm_or_si128(bits, tx_vector_read((const char *)(uintptr_t)hdrs[i] - before));
	return _mm_testz_si128(bits, mask);
}

/** Make four headers zero, all of them: where one is not, the others seldom are. */
VIRTIO_INLINE void
tx_vector_zero(const uint64_t *hdrs, uint32_t hdr_len)
{
	int i;

	for (i = 0; i < 4; i++)
		net_hdr_zero((void *)(uintptr_t)hdrs[i], hdr_len);
}

/** Where the headers go; their lines are fetched. */
VIRTIO_INLINE void
tx_vector_prefetch(struct rte_mbuf **pkts, uint16_t n, uint32_t hdr_len, uint64_t *hdrs)
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		hdrs[i] = (uintptr_t)pkts[i]->buf_addr + pkts[i]->data_off - hdr_len;
		rte_prefetch0((const void *)(uintptr_t)hdrs[i]);
	}
}

/**
 * Place the first packets by groups of four, as long as they are simple and have bytes.
 *
 * @param bytes
 *   Increased by what the packets hold.
 * @return how many; fewer than @p n: the next one goes by itself.
 */
VIRTIO_INLINE uint16_t
tx_place_groups(struct virtio_txq *txq, struct vq_cursor *at, struct rte_mbuf **pkts, uint16_t n, uint64_t *bytes,
	struct vq_shape shape)
{
	const struct tx_vector_wanted wanted = tx_vector_want(txq->pool);
	const uint32_t hdr_len = txq->hdr_len;
	const __m256i hdr_lens = _mm256_set1_epi64x(hdr_len);
	__m256i sum = _mm256_setzero_si256();
	uint64_t hdrs[TX_VECTOR_AHEAD];
	struct vq_fours fours;
	uint16_t i;

	if (shape.simd == 0 || unlikely(hdr_len > 16))
		return 0;
	n = vq_fours_begin(at, shape, n, &fours);
	for (i = 0; i < n; i += 4) {
		const uint64_t *const hdr = &hdrs[i % TX_VECTOR_AHEAD];
		__m256i lens;

		if (unlikely(!tx_vector_is_simple(pkts + i, wanted)))
			break;
		if (i % TX_VECTOR_AHEAD == 0)
			tx_vector_prefetch(pkts + i, RTE_MIN(n - i, TX_VECTOR_AHEAD), hdr_len, hdrs);
		lens = tx_vector_lens(pkts + i);
		if (unlikely(lanes_have_zero(lens)))
			break;
		if (!tx_vector_is_zero(hdr, hdr_len))
			tx_vector_zero(hdr, hdr_len);
		vq_fours_place(&fours, shape, (void *const *)(pkts + i), lanes_read(hdr),
			_mm256_add_epi64(lens, hdr_lens));
		sum = _mm256_add_epi64(sum, lens);
	}
	vq_fours_end(at, shape, i);
	*bytes += lanes_sum(sum);
	return i;
}

#else

VIRTIO_INLINE uint16_t
tx_place_groups(struct virtio_txq *txq, struct vq_cursor *at, struct rte_mbuf **pkts, uint16_t n, uint64_t *bytes,
	struct vq_shape shape)
{
	(void)txq;
	(void)at;
	(void)pkts;
	(void)n;
	(void)bytes;
	(void)shape;
	return 0;
}

#endif /* __AVX2__ */

#endif /* VIRTIO_RXTX_TX_VECTOR_H */
