/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Eight 64-bit lanes, the bytes of a cache line: one AVX-512 register or two of AVX2. All that the vector rows need of
 * an instruction set; what is built of it is written once. For files that are compiled for one of the two only.
 */

#ifndef VIRTIO_RING_LINE_H
#define VIRTIO_RING_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include <immintrin.h>

#include "virtio/barrier.h"

/** How many there are. */
#define LINE_LANES 8

#ifdef __AVX512F__

struct line {
	__m512i all;
};

VIRTIO_INLINE struct line
line_load(const void *p)
{
	return (struct line){_mm512_loadu_si512(p)};
}

VIRTIO_INLINE void
line_store(void *p, struct line v)
{
	_mm512_storeu_si512(p, v.all);
}

/** Copy 64 shared bytes, each once; ordered only by an acquire before. */
VIRTIO_INLINE struct line
line_read_once(const void *p)
{
	return (struct line){(__m512i)virtio_read_once512(p)};
}

/** Write 64 shared bytes, a whole line if @p p is aligned so; visible in order only by a release after. */
VIRTIO_INLINE void
line_write_once(void *p, struct line v)
{
	virtio_write_once512(p, (virtio_u512_shared)v.all);
}

/** @p even in lanes 0, 2, 4 and 6, @p odd in the others. */
VIRTIO_INLINE struct line
line_pairs(uint64_t even, uint64_t odd)
{
	return (struct line){_mm512_set_epi64((long long)odd, (long long)even, (long long)odd, (long long)even,
		(long long)odd, (long long)even, (long long)odd, (long long)even)};
}

/** first, first + 1, ... first + 7. */
VIRTIO_INLINE struct line
line_count(uint64_t first)
{
	const __m512i from = _mm512_set1_epi64((long long)first);

	return (struct line){_mm512_add_epi64(from, _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0))};
}

VIRTIO_INLINE struct line
line_add(struct line a, struct line b)
{
	return (struct line){_mm512_add_epi64(a.all, b.all)};
}

/** The lower halves, each in a lane. */
VIRTIO_INLINE struct line
line_low_halves(struct line v)
{
	return (struct line){_mm512_and_si512(v.all, _mm512_set1_epi64(UINT32_MAX))};
}

/** Store the eight upper halves side by side. */
VIRTIO_INLINE void
line_store_high_halves(uint32_t *p, struct line v)
{
	_mm256_storeu_si256((__m256i *)p, _mm512_cvtepi64_epi32(_mm512_srli_epi64(v.all, 32)));
}

VIRTIO_INLINE bool
line_is_equal(struct line a, struct line b)
{
	return _mm512_cmpneq_epi64_mask(a.all, b.all) == 0;
}

/** Eight 16-bit numbers, each in a lane. */
VIRTIO_INLINE struct line
line_widen16(const uint16_t *p)
{
	return (struct line){_mm512_cvtepu16_epi64(_mm_loadu_si128((const __m128i *)p))};
}

/** Four lanes for 0, 2, 4 and 6, four for 1, 3, 5 and 7. */
VIRTIO_INLINE struct line
line_weave(__m256i even, __m256i odd)
{
	return (struct line){_mm512_permutex2var_epi64(_mm512_castsi256_si512(even),
		_mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0), _mm512_castsi256_si512(odd))};
}

/** Four 64-bit numbers in lanes 0, 2, 4 and 6; 0 in the others. */
VIRTIO_INLINE struct line
line_spread(const void *p)
{
	const __m512i four = _mm512_castsi256_si512(_mm256_loadu_si256(p));

	return (struct line){_mm512_maskz_permutexvar_epi64(0x55, _mm512_set_epi64(3, 3, 2, 2, 1, 1, 0, 0), four)};
}

#else

struct line {
	__m256i low;
	__m256i high;
};

VIRTIO_INLINE struct line
line_load(const void *p)
{
	const __m256i *const at = p;

	return (struct line){_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1)};
}

VIRTIO_INLINE void
line_store(void *p, struct line v)
{
	__m256i *const at = p;

	_mm256_storeu_si256(at, v.low);
	_mm256_storeu_si256(at + 1, v.high);
}

VIRTIO_INLINE struct line
line_read_once(const void *p)
{
	const char *const at = p;

	return (struct line){(__m256i)virtio_read_once256(at), (__m256i)virtio_read_once256(at + 32)};
}

VIRTIO_INLINE void
line_write_once(void *p, struct line v)
{
	char *const at = p;

	virtio_write_once256(at, (virtio_u256_shared)v.low);
	virtio_write_once256(at + 32, (virtio_u256_shared)v.high);
}

VIRTIO_INLINE struct line
line_pairs(uint64_t even, uint64_t odd)
{
	const __m256i both = _mm256_set_epi64x((long long)odd, (long long)even, (long long)odd, (long long)even);

	return (struct line){both, both};
}

VIRTIO_INLINE struct line
line_count(uint64_t first)
{
	const __m256i from = _mm256_set1_epi64x((long long)first);

	return (struct line){_mm256_add_epi64(from, _mm256_set_epi64x(3, 2, 1, 0)),
		_mm256_add_epi64(from, _mm256_set_epi64x(7, 6, 5, 4))};
}

VIRTIO_INLINE struct line
line_add(struct line a, struct line b)
{
	return (struct line){_mm256_add_epi64(a.low, b.low), _mm256_add_epi64(a.high, b.high)};
}

VIRTIO_INLINE struct line
line_low_halves(struct line v)
{
	const __m256i zero = _mm256_setzero_si256();

	return (struct line){_mm256_blend_epi32(v.low, zero, 0xaa), _mm256_blend_epi32(v.high, zero, 0xaa)};
}

VIRTIO_INLINE void
line_store_high_halves(uint32_t *p, struct line v)
{
	/* Odd dwords of both, by 128-bit halves; then the quarters into their order. */
	const __m256 mixed = _mm256_shuffle_ps(_mm256_castsi256_ps(v.low), _mm256_castsi256_ps(v.high), 0xdd);

	_mm256_storeu_si256((__m256i *)p, _mm256_permute4x64_epi64(_mm256_castps_si256(mixed), 0xd8));
}

VIRTIO_INLINE bool
line_is_equal(struct line a, struct line b)
{
	const __m256i differ =
		_mm256_or_si256(_mm256_xor_si256(a.low, b.low), _mm256_xor_si256(a.high, b.high));

	return _mm256_testz_si256(differ, differ) != 0;
}

VIRTIO_INLINE struct line
line_widen16(const uint16_t *p)
{
	const __m128i eight = _mm_loadu_si128((const __m128i *)p);

	return (struct line){_mm256_cvtepu16_epi64(eight), _mm256_cvtepu16_epi64(_mm_srli_si128(eight, 8))};
}

VIRTIO_INLINE struct line
line_weave(__m256i even, __m256i odd)
{
	const __m256i low = _mm256_unpacklo_epi64(even, odd);
	const __m256i high = _mm256_unpackhi_epi64(even, odd);

	return (struct line){_mm256_permute2x128_si256(low, high, 0x20), _mm256_permute2x128_si256(low, high, 0x31)};
}

VIRTIO_INLINE struct line
line_spread(const void *p)
{
	const __m256i mixed = _mm256_permute4x64_epi64(_mm256_loadu_si256(p), 0xd8);
	const __m256i zero = _mm256_setzero_si256();

	return (struct line){_mm256_unpacklo_epi64(mixed, zero), _mm256_unpackhi_epi64(mixed, zero)};
}

#endif

#endif /* VIRTIO_RING_LINE_H */
