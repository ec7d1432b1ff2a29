/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Packed descriptors four at a time, a line of the ring mostly: what the loops of packed.h and packed_take.h do one
 * by one. Everything here may decline (return 0 or false) and the caller goes on with single descriptors: at the ring's
 * end, at whatever is out of the ordinary.
 *
 * A vector has four 64-bit lanes, one for each descriptor of a line: addresses, cookies, or words. AVX2 and AVX-512
 * differ in how four of them become a line and back, and in nothing else. Without either, all of it declines.
 */

#ifndef VIRTIO_RING_PACKED_VECTOR_H
#define VIRTIO_RING_PACKED_VECTOR_H

#include "ring/packed.h"
#include "ring/vector.h"

#ifdef __AVX2__

/** The words of the four descriptors from @p desc on, each of one moment. */
VIRTIO_INLINE __m256i
packed_words_read(const struct vring_packed_desc *desc, struct vq_shape shape)
{
#ifdef __AVX512F__
	const __m512i odd = _mm512_setr_epi64(1, 3, 5, 7, 1, 3, 5, 7);

	if (shape.simd >= 512)
		return _mm512_castsi512_si256(_mm512_permutexvar_epi64(odd, virtio_read_once512(desc)));
#endif
	(void)shape;
	return _mm256_permute4x64_epi64(
		_mm256_unpackhi_epi64(virtio_read_once256(desc), virtio_read_once256(desc + 2)), 0xd8);
}

/** Write four descriptors, best a line. What they refer to is written already. */
VIRTIO_INLINE void
packed_line_write(struct vring_packed_desc *desc, __m256i addrs, __m256i words, struct vq_shape shape)
{
	const __m256i even = _mm256_unpacklo_epi64(addrs, words);
	const __m256i odd = _mm256_unpackhi_epi64(addrs, words);

	/* As packed_give(), but flags and address appear as one: see barrier.h. The CPU keeps the order of stores. */
	virtio_wmb();
#ifdef __AVX512F__
	if (shape.simd >= 512) {
		virtio_write_once512(desc, _mm512_permutex2var_epi64(_mm512_castsi256_si512(addrs),
			_mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), _mm512_castsi256_si512(words)));
		return;
	}
#endif
	(void)shape;
	virtio_write_once256(desc, _mm256_permute2x128_si256(even, odd, 0x20));
	virtio_write_once256(desc + 2, _mm256_permute2x128_si256(even, odd, 0x31));
}

/* --- placing --- */

/** Where groups of four buffers go: as many as the lap has room for, their ids side by side in the FIFO. */
struct packed_fours {
	struct vring_packed_desc *desc;
	void **cookies;      /* in order: of the next slot; otherwise by id */
	const uint16_t *ids; /* out of order */
	__m256i words;       /* all but length and flags; out of order, but ids too */
};

/** @return how many of @p n buffers can be placed by groups, from the next slot on: a multiple of four. */
VIRTIO_INLINE uint16_t
packed_fours_begin(const struct packed_cursor *at, struct vq_shape shape, uint16_t n, struct packed_fours *fours)
{
	const uint32_t id_at = at->id_next & at->mask;
	const uint32_t lap = at->size - at->slot;
	const uint32_t room = shape.in_order ? lap : RTE_MIN(lap, at->mask + 1u - id_at);
	const uint64_t step = shape.in_order ? 1ull << 32 : 0;

	fours->desc = &at->desc[at->slot];
	fours->cookies = &at->cookies[shape.in_order ? at->slot : 0];
	fours->ids = &at->free_ids[id_at];
	fours->words = lanes_from(packed_word(0, shape.in_order ? at->slot : 0, at->avail_bits), step);
	return (uint16_t)(RTE_MIN(n, room) & ~3u);
}

/** Note that @p n buffers were placed. */
VIRTIO_INLINE void
packed_fours_end(struct packed_cursor *at, uint16_t n)
{
	at->id_next += n;
	at->buffers += n;
	at->slot += n;
	if (unlikely(at->slot == at->size)) {
		at->slot--;
		packed_step(at);
	}
}

/** Out of order: pop four ids and put the cookies there. @return the ids, where words have them. */
VIRTIO_INLINE __m256i
packed_fours_ids(struct packed_fours *fours, __m256i cookies)
{
	const uint64_t ids = lanes16_read(fours->ids);
	const uint16_t first = (uint16_t)ids;
	uint16_t i;

	fours->ids += 4;
	if (likely(ids == lanes16_from(first))) {
		lanes_write(&fours->cookies[first], cookies);
	} else {
		for (i = 0; i < 4; i++)
			fours->cookies[(uint16_t)(ids >> 16 * i)] = lane_pointer(cookies, i);
	}
	return _mm256_slli_epi64(lanes16_widen(ids), 32);
}

/**
 * Place four buffers of one descriptor each.
 *
 * @param cookies
 *   NULL, in order: they are in place.
 * @param words
 *   Length and flags.
 */
VIRTIO_INLINE void
packed_fours_place(struct packed_fours *fours, struct vq_shape shape, void *const *cookies, __m256i addrs,
	__m256i words)
{
	words = _mm256_add_epi64(words, fours->words);
	if (!shape.in_order)
		words = _mm256_add_epi64(words, packed_fours_ids(fours, lanes_read(cookies)));
	else if (cookies != NULL)
		lanes_write(fours->cookies, lanes_read(cookies));
	packed_line_write(fours->desc, addrs, words, shape);
	fours->desc += 4;
	if (shape.in_order) {
		fours->cookies += 4;
		fours->words = _mm256_add_epi64(fours->words, _mm256_set1_epi64x(4ll << 32));
	}
}

/** Place device-writable buffers by groups, from the next slot on. @return how many of @p n. */
VIRTIO_INLINE uint16_t
packed_place_writable_fours(struct packed_cursor *at, struct vq_shape shape, void *const *cookies, uint16_t n,
	uint64_t distance, uint32_t len)
{
	const __m256i words = _mm256_set1_epi64x((long long)packed_word(len, 0, VRING_DESC_F_WRITE));
	const __m256i distances = _mm256_set1_epi64x((long long)distance);
	struct packed_fours fours;
	uint16_t i;

	if (shape.simd == 0)
		return 0;
	n = packed_fours_begin(at, shape, n, &fours);
	for (i = 0; i < n; i += 4) {
		const __m256i addrs = _mm256_add_epi64(lanes_read(&cookies[i]), distances);

		packed_fours_place(&fours, shape, shape.in_order ? NULL : &cookies[i], addrs, words);
	}
	packed_fours_end(at, n);
	return n;
}

/* --- taking --- */

/** Out of order: take four cookies and free their ids, if these are side by side and all outstanding. */
VIRTIO_INLINE bool
packed_run_take_line(struct packed_run *run, __m256i words, void **cookies, uint16_t i)
{
	const uint32_t first = packed_word_id((uint64_t)_mm256_extract_epi64(words, 0));
	const uint32_t freed = (uint16_t)(run->freed + i) & run->fifo_mask;
	const __m256i ids = _mm256_and_si256(_mm256_srli_epi64(words, 32), _mm256_set1_epi64x(UINT16_MAX));
	__m256i taken;

	if (unlikely(!lanes_are_equal(ids, lanes_from(first, 1), _mm256_set1_epi64x(-1))))
		return false;
	if (unlikely(first + 4 > run->size || freed + 4 > run->fifo_mask + 1u))
		return false;
	taken = lanes_read(&run->shadow[first]);
	if (unlikely(lanes_have_zero(taken)))
		return false;
	lanes_write(&run->shadow[first], _mm256_setzero_si256());
	lanes_write(cookies, taken);
	lanes16_write(&run->free_ids[freed], lanes16_from((uint16_t)first));
	return true;
}

/**
 * Take buffers of the run's slots from @p i on up to @p n, four at a time, as far as they were returned one by one and
 * nothing is wrong. @return how many.
 */
VIRTIO_INLINE uint16_t
packed_run_take_lines(struct packed_run *run, struct vq_shape shape, void **cookies, uint32_t *lens, uint16_t i,
	uint16_t n)
{
	const uint64_t step = shape.in_order ? 1ull << 32 : 0;
	const __m256i mask = _mm256_set1_epi64x((long long)run->mask);
	const __m256i next = _mm256_set1_epi64x((long long)(4 * step));
	__m256i wanted = lanes_from(run->wanted + i * step, step);
	const uint16_t from = i;

	if (shape.simd == 0)
		return 0;
	for (; i + 4 <= n; i += 4) {
		const __m256i words = packed_words_read(&run->desc[i], shape);

		if (unlikely(!lanes_are_equal(words, wanted, mask)))
			break;
		if (shape.in_order)
			lanes_write(&cookies[i], lanes_read(&run->shadow[run->slot + i]));
		else if (unlikely(!packed_run_take_line(run, words, &cookies[i], i)))
			break;
		if (lens != NULL)
			lanes_write_low32(&lens[i], words, shape);
		wanted = _mm256_add_epi64(wanted, next);
	}
	return i - from;
}

#else

VIRTIO_INLINE uint16_t
packed_place_writable_fours(struct packed_cursor *at, struct vq_shape shape, void *const *cookies, uint16_t n,
	uint64_t distance, uint32_t len)
{
	(void)at;
	(void)shape;
	(void)cookies;
	(void)n;
	(void)distance;
	(void)len;
	return 0;
}

VIRTIO_INLINE uint16_t
packed_run_take_lines(struct packed_run *run, struct vq_shape shape, void **cookies, uint32_t *lens, uint16_t i,
	uint16_t n)
{
	(void)run;
	(void)shape;
	(void)cookies;
	(void)lens;
	(void)i;
	(void)n;
	return 0;
}

#endif /* __AVX2__ */

#endif /* VIRTIO_RING_PACKED_VECTOR_H */
