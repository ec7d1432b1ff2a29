/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What vectors do for received packets, whatever the ring's format: lengths are checked eight at a time, and one store
 * makes a packet of an mbuf. Whatever is odd is left to the loop of rx_burst.h. Without AVX2, everything is.
 */

#ifndef VIRTIO_RXTX_RX_VECTOR_H
#define VIRTIO_RXTX_RX_VECTOR_H

#include "ring/vector.h"
#include "rxtx/net_hdr.h"
#include "rxtx/rx_queue.h"
#include "rxtx/traits.h"

#ifdef __AVX2__

/** An mbuf's part from the rearm word to the VLAN tag, two words of which hold the lengths. */
#define RX_LENGTHS 0x60

/** Make a raw buffer a packet whose length is lane @p i of eight. */
VIRTIO_INLINE void
rx_vector_fill(struct rte_mbuf *m, __m256i init, __m256i lens, int i)
{
	/* A length fits into 16 bits, so that it may be written as 32 where data_len and the tag behind it lie. */
	const __m256i len = _mm256_permutevar8x32_epi32(lens, _mm256_set1_epi32(i));

	_mm256_storeu_si256((__m256i *)((char *)m + MBUF_REARM), _mm256_blend_epi32(init, len, RX_LENGTHS));
}

/** Whether all eight headers say that the packet fills one buffer; each is the peer's word, read once. */
VIRTIO_INLINE bool
rx_vector_is_single(struct rte_mbuf **pkts, uint32_t distance)
{
	uint32_t differs = 0;
	int i;

	for (i = 0; i < 8; i++)
		differs |= net_hdr_num_buffers((const char *)pkts[i] + distance) ^ 1;
	return differs == 0;
}

/** The sum of eight 32-bit lanes. */
VIRTIO_INLINE uint64_t
rx_vector_sum(__m256i lanes)
{
	const __m256i even = _mm256_and_si256(lanes, _mm256_set1_epi64x(UINT32_MAX));

	return lanes_sum(_mm256_add_epi64(even, _mm256_srli_epi64(lanes, 32)));
}

/**
 * Turn the first of @p n taken buffers into packets, by groups of eight before the first odd one.
 *
 * @param bytes
 *   Increased by what the packets hold.
 * @return how many.
 */
VIRTIO_INLINE uint16_t
rx_deliver_groups(struct virtio_rxq *rxq, struct rte_mbuf **pkts, const uint32_t *lens, uint16_t n, uint64_t *bytes,
	struct rx_traits traits)
{
	const __m256i init = _mm256_setr_epi64x((long long)rxq->init.rearm, (long long)rxq->init.ol_flags, 0, 0);
	const __m256i hdr_len = _mm256_set1_epi32((int)rxq->hdr_len);
	const __m256i min_len = _mm256_set1_epi32((int)rxq->min_len);
	const __m256i span = _mm256_set1_epi32((int)(rxq->posted_len - rxq->min_len));
	const uint32_t hdr = rxq->payload_offset - rxq->hdr_len;
	__m256i sum = _mm256_setzero_si256();
	uint16_t i;
	int j;

	if (traits.simd == 0 || (traits.mergeable && unlikely(rxq->pending.due != 0 || rxq->is_scattered)))
		return 0;
	for (i = 0; i + 8 <= n; i += 8) {
		const __m256i len = lanes_read(&lens[i]);
		const __m256i above = _mm256_sub_epi32(len, min_len);
		const __m256i whole = _mm256_sub_epi32(len, hdr_len);

		if (unlikely(!lanes_are_equal(_mm256_max_epu32(above, span), span, _mm256_set1_epi32(-1))))
			break;
		if (traits.mergeable && unlikely(!rx_vector_is_single(pkts + i, hdr)))
			break;
		for (j = 0; j < 8; j++)
			rx_vector_fill(pkts[i + j], init, whole, j);
		sum = _mm256_add_epi32(sum, whole);
	}
	*bytes += rx_vector_sum(sum);
	return i;
}

#else

VIRTIO_INLINE uint16_t
rx_deliver_groups(struct virtio_rxq *rxq, struct rte_mbuf **pkts, const uint32_t *lens, uint16_t n, uint64_t *bytes,
	struct rx_traits traits)
{
	(void)rxq;
	(void)pkts;
	(void)lens;
	(void)n;
	(void)bytes;
	(void)traits;
	return 0;
}

#endif /* __AVX2__ */

#endif /* VIRTIO_RXTX_RX_VECTOR_H */
