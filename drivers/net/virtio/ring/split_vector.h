/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the loops of split.h do one by one, a line of the ring at a time: eight used elements, four descriptors. Everything
 * here may decline (return 0 or false) and the caller goes on one by one: in the middle of a line, at the ring's end, in
 * a scattered queue, at whatever is out of the ordinary. Without AVX2, all of it declines.
 */

#ifndef VIRTIO_RING_SPLIT_VECTOR_H
#define VIRTIO_RING_SPLIT_VECTOR_H

#include <rte_common.h>

#include "ring/split.h"

#ifdef __AVX2__

#include "ring/line.h"
#include "ring/vector.h"

/** How many of the @p n slots from @p first on can be looked at by whole lines: none beyond the ring's end. */
VIRTIO_INLINE uint16_t
split_lines_of(const struct virtqueue *vq, uint16_t first, uint16_t n)
{
	return RTE_MIN((uint32_t)n, vq->size - (first & vq->mask)) & ~(uint32_t)(LINE_LANES - 1);
}

/** Lined up, never a chain: look the next buffers up, as far as they come back as they are due. @return how many. */
VIRTIO_INLINE uint16_t
split_take_lines(const struct virtqueue *vq, void **cookies, uint32_t *lens, uint16_t n)
{
	const uint16_t slot = vq->used_idx & vq->mask;
	const struct vring_used_elem *const elems = &vq->used->ring[slot];
	void *const *const shadow = &vq->cookies[slot];
	const uint16_t end = split_lines_of(vq, slot, n);
	uint16_t i;

	for (i = 0; i < end; i += LINE_LANES) {
		const struct line both = line_read_once(&elems[i]);

		if (unlikely(!line_is_equal(line_low_halves(both), line_count(slot + i))))
			break;
		line_store_high_halves(&lens[i], both);
		line_store(&cookies[i], line_load(&shadow[i]));
	}
	return i;
}

/** Lined up: how many of the next @p n used elements return what is due, at least. */
VIRTIO_INLINE uint16_t
split_count_due_lines(const struct virtqueue *vq, uint16_t n)
{
	const uint16_t slot = vq->used_idx & vq->mask;
	const struct vring_used_elem *const elems = &vq->used->ring[slot];
	const uint16_t *const heads = &vq->heads[slot];
	const uint16_t end = split_lines_of(vq, slot, n);
	uint16_t i;

	for (i = 0; i < end; i += LINE_LANES) {
		const struct line ids = line_low_halves(line_read_once(&elems[i]));

		if (unlikely(!line_is_equal(ids, line_widen16(&heads[i]))))
			break;
	}
	return i;
}

/** Where groups of four buffers of one descriptor each go. */
struct split_fours {
	struct vring_desc *desc;
	void **cookies;
	uint16_t *heads;
	struct vring_avail *avail;
	uint16_t slot;
	uint16_t id;
};

/** @return how many of @p n buffers can be placed by groups, from the next descriptor on: a multiple of four. */
VIRTIO_INLINE uint16_t
split_fours_begin(const struct split_cursor *at, uint16_t n, struct split_fours *fours)
{
	const uint16_t slot = at->avail_idx & at->mask;
	const uint16_t id = at->desc_next & at->mask;
	/* The two differ after chains. */
	const uint32_t room = at->mask + 1u - RTE_MAX(slot, id);

	*fours = (struct split_fours){
		.desc = &at->desc[id],
		.cookies = &at->cookies[slot],
		.heads = &at->heads[slot],
		.avail = at->avail,
		.slot = slot,
		.id = id,
	};
	return likely(at->is_lined_up) ? (uint16_t)(RTE_MIN(n, room) & ~3u) : 0;
}

/** Note that @p n buffers were placed. */
VIRTIO_INLINE void
split_fours_end(struct split_cursor *at, uint16_t n)
{
	at->avail_idx += n;
	at->desc_next += n;
}

/** Enter four chains, the first of which begins at @p fours->id. */
VIRTIO_INLINE void
split_fours_enter(struct split_fours *fours)
{
	const uint64_t heads = lanes16_from(fours->id);
	uint16_t i;

	if (unlikely(lanes16_read(fours->heads) != heads)) {
		lanes16_write(fours->heads, heads);
		for (i = 0; i < 4; i++)
			split_avail_entry_write(fours->avail, fours->slot + i, fours->id + i);
	}
	fours->heads += 4;
	fours->slot += 4;
	fours->id += 4;
}

/** Place four device-readable buffers. */
VIRTIO_INLINE void
split_fours_place(struct split_fours *fours, void *const *cookies, __m256i addrs, __m256i lens)
{
	line_write_once(fours->desc, line_weave(addrs, lens));
	lanes_write(fours->cookies, lanes_read(cookies));
	fours->desc += 4;
	fours->cookies += 4;
	split_fours_enter(fours);
}

/** Place device-writable buffers that vq_cookie_run() had, each @p distance behind its cookie. @return how many. */
VIRTIO_INLINE uint16_t
split_place_writable_fours(struct split_cursor *at, struct vq_shape shape, void *const *cookies, uint16_t n,
	uint64_t distance, uint32_t len)
{
	const struct line common = line_pairs(distance, len | (uint64_t)VRING_DESC_F_WRITE << 32);
	struct split_fours fours;
	uint16_t i;

	if (shape.simd == 0)
		return 0;
	n = split_fours_begin(at, n, &fours);
	/* Never a chain: the entries are what they were. */
	for (i = 0; i < n; i += 4)
		line_write_once(&fours.desc[i], line_add(line_spread(&cookies[i]), common));
	split_fours_end(at, n);
	return n;
}

#else

VIRTIO_INLINE uint16_t
split_take_lines(const struct virtqueue *vq, void **cookies, uint32_t *lens, uint16_t n)
{
	(void)vq;
	(void)cookies;
	(void)lens;
	(void)n;
	return 0;
}

VIRTIO_INLINE uint16_t
split_count_due_lines(const struct virtqueue *vq, uint16_t n)
{
	(void)vq;
	(void)n;
	return 0;
}

VIRTIO_INLINE uint16_t
split_place_writable_fours(struct split_cursor *at, struct vq_shape shape, void *const *cookies, uint16_t n,
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

#endif /* __AVX2__ */

#endif /* VIRTIO_RING_SPLIT_VECTOR_H */
