/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The few vector idioms of vector rows, whatever the ring's format: four 64-bit lanes, or four 16-bit ones in an ordinary
 * word. Empty without AVX2; nothing here touches shared memory.
 */

#ifndef VIRTIO_RING_VECTOR_H
#define VIRTIO_RING_VECTOR_H

#include "ring/virtqueue.h"

#ifdef __AVX2__

#include <immintrin.h>

typedef uint64_t lanes16_word __attribute__((may_alias, aligned(2)));

/** Four pointers or 64-bit words of our own. */
VIRTIO_INLINE __m256i
lanes_read(const void *from)
{
	return _mm256_loadu_si256(from);
}

VIRTIO_INLINE void
lanes_write(void *to, __m256i lanes)
{
	_mm256_storeu_si256(to, lanes);
}

/** first, first + step, first + 2 * step, first + 3 * step. */
VIRTIO_INLINE __m256i
lanes_from(uint64_t first, uint64_t step)
{
	const __m256i steps = _mm256_setr_epi64x(0, (long long)step, (long long)(2 * step), (long long)(3 * step));

	return _mm256_add_epi64(_mm256_set1_epi64x((long long)first), steps);
}

/** Whether all lanes are equal in the bits of @p mask. */
VIRTIO_INLINE bool
lanes_are_equal(__m256i a, __m256i b, __m256i mask)
{
	return _mm256_testz_si256(_mm256_xor_si256(a, b), mask);
}

/** Whether any lane is zero. */
VIRTIO_INLINE bool
lanes_have_zero(__m256i lanes)
{
	const __m256i zero = _mm256_cmpeq_epi64(lanes, _mm256_setzero_si256());

	return !_mm256_testz_si256(zero, zero);
}

VIRTIO_INLINE uint64_t
lanes_sum(__m256i lanes)
{
	const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));

	return (uint64_t)_mm_cvtsi128_si64(two) + (uint64_t)_mm_extract_epi64(two, 1);
}

/** The lane @p i, a pointer. */
VIRTIO_INLINE void *
lane_pointer(__m256i lanes, uint16_t i)
{
	uint64_t all[4];

	lanes_write(all, lanes);
	return (void *)(uintptr_t)all[i];
}

/** Store the lower halves of all lanes. */
VIRTIO_INLINE void
lanes_write_low32(uint32_t *to, __m256i lanes, struct vq_shape shape)
{
#ifdef __AVX512F__
	if (shape.simd >= 512) {
		_mm_storeu_si128((__m128i *)to, _mm256_cvtepi64_epi32(lanes));
		return;
	}
#endif
	(void)shape;
	lanes = _mm256_permutevar8x32_epi32(lanes, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
	_mm_storeu_si128((__m128i *)to, _mm256_castsi256_si128(lanes));
}

/** Four 16-bit values of our own, side by side. */
VIRTIO_INLINE uint64_t
lanes16_read(const uint16_t *from)
{
	return *(const lanes16_word *)from;
}

VIRTIO_INLINE void
lanes16_write(uint16_t *to, uint64_t lanes)
{
	*(lanes16_word *)to = lanes;
}

/** first, first + 1, first + 2, first + 3; none of them overflows. */
VIRTIO_INLINE uint64_t
lanes16_from(uint16_t first)
{
	return first * 0x0001000100010001ull + 0x0003000200010000ull;
}

VIRTIO_INLINE __m256i
lanes16_widen(uint64_t lanes)
{
	return _mm256_cvtepu16_epi64(_mm_cvtsi64_si128((long long)lanes));
}

#endif /* __AVX2__ */

#endif /* VIRTIO_RING_VECTOR_H */
