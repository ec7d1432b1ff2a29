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

/** Whether the next four descriptors are a line of their own, and the next four entries lie side by side. */
VIRTIO_INLINE bool
split_can_place_line(const struct split_cursor *at)
{
	const uint16_t slot = at->avail_idx & at->mask;
	const uint16_t id = at->desc_next & at->mask;

	return likely(at->is_lined_up) && id % 4 == 0 && (uint32_t)slot + 4 <= at->mask + 1u;
}

/** Enter four chains of one descriptor each, the first of which is @p id. */
VIRTIO_INLINE void
split_enter_line(struct split_cursor *at, uint16_t slot, uint16_t id)
{
	uint16_t i;

	if (likely(lanes16_read(&at->heads[slot]) == lanes16_from(id)))
		return;
	lanes16_write(&at->heads[slot], lanes16_from(id));
	for (i = 0; i < 4; i++)
		split_avail_entry_write(at->avail, slot + i, id + i);
}

/** Place four device-readable buffers of one descriptor each; split_can_place_line() said yes. */
VIRTIO_INLINE void
split_place_line(struct split_cursor *at, void *const *cookies, __m256i addrs, __m256i lens)
{
	const uint16_t slot = at->avail_idx & at->mask;
	const uint16_t id = at->desc_next & at->mask;

	line_write_once(&at->desc[id], line_weave(addrs, lens));
	lanes_write(&at->cookies[slot], lanes_read(cookies));
	split_enter_line(at, slot, id);
	at->avail_idx += 4;
	at->desc_next += 4;
}

/** Place buffers that vq_cookie_run() had, each @p distance behind its cookie, while there are lines. @return how many. */
VIRTIO_INLINE uint16_t
split_place_writable_lines(struct split_cursor *at, struct vq_shape shape, void *const *cookies, uint16_t n,
	uint64_t distance, uint32_t len)
{
	const struct line common = line_pairs(distance, len | (uint64_t)VRING_DESC_F_WRITE << 32);
	struct vring_desc *const desc = &at->desc[at->avail_idx & at->mask];
	uint16_t i;

	/* A run ends where the ring does, so that all lines are in it if the first is. */
	if (shape.simd == 0 || unlikely(!split_can_place_line(at)))
		return 0;
	for (i = 0; i + 4 <= n; i += 4)
		line_write_once(&desc[i], line_add(line_spread(&cookies[i]), common));
	at->avail_idx += i;
	at->desc_next += i;
	return i;
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
split_place_writable_lines(struct split_cursor *at, struct vq_shape shape, void *const *cookies, uint16_t n,
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
