/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The other half of split.h: rx take, tx reclaim. What the peer returned is compared with what is due, by lines of the
 * used ring if the shape has vectors; what is not due is looked up among what is outstanding.
 */

#ifndef VIRTIO_RING_SPLIT_TAKE_H
#define VIRTIO_RING_SPLIT_TAKE_H

#include "ring/split_vector.h"

/** Lined up, never a chain: take the buffers that come back as they are due. @return how many, @p n if all do. */
VIRTIO_INLINE uint16_t
split_take_due(struct virtqueue *vq, struct vq_shape shape, void **cookies, uint32_t *lens, uint16_t n)
{
	const struct vring_used *const used = vq->used;
	void *const *const shadow = vq->cookies;
	const uint16_t mask = vq->mask;
	const uint16_t first = vq->used_idx;
	uint16_t i = shape.simd != 0 ? split_take_lines(vq, cookies, lens, n) : 0;

	for (; i < n; i++) {
		const uint16_t slot = (uint16_t)(first + i) & mask;
		const struct vring_used_elem elem = split_used_elem_read(used, slot);

		if (unlikely(elem.id != slot))
			break;
		cookies[i] = shadow[slot];
		lens[i] = elem.len;
	}
	vq->used_idx += i;
	vq->nb_free += i;
	return i;
}

VIRTIO_INLINE uint16_t
split_take_in_order(struct virtqueue *vq, struct vq_shape shape, void **cookies, uint32_t *lens, uint16_t n)
{
	uint16_t i;

	if (unlikely(vq->batch_left != 0))
		return virtqueue_take_batched(vq, cookies, lens, n);
	i = split_take_due(vq, shape, cookies, lens, n);
	if (unlikely(i < n))
		i += virtqueue_take_batched(vq, cookies + i, lens + i, n - i);
	return i;
}

VIRTIO_INLINE uint16_t
split_take_scattered(struct virtqueue *vq, void **cookies, uint32_t *lens, uint16_t n)
{
	const struct vring_used *const used = vq->used;
	void **const shadow = vq->cookies;
	uint16_t *const free_ids = vq->free_ids;
	const uint16_t mask = vq->mask;
	const uint16_t first = vq->used_idx;
	const uint16_t freed = vq->desc_freed;
	struct vring_used_elem elem = {0};
	uint16_t i;

	for (i = 0; i < n; i++) {
		void *cookie;

		elem = split_used_elem_read(used, (uint16_t)(first + i) & mask);
		cookie = likely(elem.id <= mask) ? shadow[elem.id] : NULL;
		if (unlikely(cookie == NULL))
			break;
		shadow[elem.id] = NULL;
		free_ids[(uint16_t)(freed + i) & mask] = (uint16_t)elem.id;
		cookies[i] = cookie;
		lens[i] = elem.len;
	}
	vq->used_idx += i;
	vq->desc_freed += i;
	vq->nb_free += i;
	if (unlikely(i < n))
		virtqueue_break_id(vq, elem.id);
	return i;
}

/** The peer did not say that it would keep the order. */
VIRTIO_INLINE uint16_t
split_take_any_order(struct virtqueue *vq, struct vq_shape shape, void **cookies, uint32_t *lens, uint16_t n)
{
	uint16_t i = 0;

	if (likely(vq->is_lined_up)) {
		i = split_take_due(vq, shape, cookies, lens, n);
		if (likely(i == n))
			return n;
		virtqueue_scatter(vq);
	}
	return i + split_take_scattered(vq, cookies + i, lens + i, n - i);
}

/** Take @p n buffers of one descriptor each; fewer only when the queue broke. @p n <= what is ready. */
VIRTIO_INLINE uint16_t
split_take(struct virtqueue *vq, struct vq_shape shape, void **cookies, uint32_t *lens, uint16_t n)
{
	if (shape.in_order)
		return split_take_in_order(vq, shape, cookies, lens, n);
	return split_take_any_order(vq, shape, cookies, lens, n);
}

/** Lined up: the oldest outstanding chain's first descriptor tells how many are in use. */
VIRTIO_INLINE uint32_t
split_count_free(const struct virtqueue *vq)
{
	if (vq->used_idx == vq->avail_idx)
		return vq->size;
	return vq->size - 1 - ((vq->desc_next - vq->heads[vq->used_idx & vq->mask] - 1) & vq->mask);
}

/** Lined up: the @p n oldest buffers are done. @p done: a slice of the array, up to its end; the rest by the next call. */
VIRTIO_INLINE uint16_t
split_reclaim_slice(struct virtqueue *vq, void ***done, uint16_t n)
{
	const uint16_t slot = vq->used_idx & vq->mask;

	if (unlikely(n > vq->size - slot))
		n = vq->size - slot;
	*done = &vq->cookies[slot];
	vq->used_idx += n;
	vq->nb_free = split_count_free(vq);
	return n;
}

/** Lined up: how many of the next @p n used elements return what is due. */
VIRTIO_INLINE uint16_t
split_count_due(const struct virtqueue *vq, struct vq_shape shape, uint16_t n)
{
	const struct vring_used *const used = vq->used;
	const uint16_t *const heads = vq->heads;
	const uint16_t mask = vq->mask;
	const uint16_t first = vq->used_idx;
	uint16_t i = shape.simd != 0 ? split_count_due_lines(vq, n) : 0;

	for (; i < n; i++) {
		const uint16_t slot = (uint16_t)(first + i) & mask;

		if (unlikely(split_used_elem_read(used, slot).id != heads[slot]))
			break;
	}
	return i;
}

/** Give the further descriptors of a chain back to the FIFO, along links of our own. @return FIFO position. */
VIRTIO_INLINE uint16_t
split_free_links(struct virtqueue *vq, uint16_t head, uint16_t freed)
{
	uint16_t left = vq->chains[head].count;
	uint16_t id = head;

	vq->chains[head].count = 1;
	while (--left > 0) {
		id = vq->chains[id].next;
		vq->free_ids[freed++ & vq->mask] = id;
	}
	return freed;
}

VIRTIO_INLINE uint16_t
split_reclaim_scattered(struct virtqueue *vq, void **done, uint16_t n)
{
	const struct vring_used *const used = vq->used;
	const struct vq_chain *const chains = vq->chains;
	void **const shadow = vq->cookies;
	uint16_t *const free_ids = vq->free_ids;
	const uint16_t mask = vq->mask;
	const uint16_t first = vq->used_idx;
	uint16_t freed = vq->desc_freed;
	uint32_t id = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		void *cookie;

		id = split_used_elem_read(used, (uint16_t)(first + i) & mask).id;
		cookie = likely(id <= mask) ? shadow[id] : NULL;
		if (unlikely(cookie == NULL))
			break;
		shadow[id] = NULL;
		free_ids[freed++ & mask] = (uint16_t)id;
		if (unlikely(chains[id].count > 1))
			freed = split_free_links(vq, (uint16_t)id, freed);
		done[i] = cookie;
	}
	vq->used_idx += i;
	vq->nb_free += (uint16_t)(freed - vq->desc_freed);
	vq->desc_freed = freed;
	if (unlikely(i < n))
		virtqueue_break_id(vq, id);
	return i;
}

/** The peer did not say that it would keep the order. */
VIRTIO_INLINE uint16_t
split_reclaim_any_order(struct virtqueue *vq, struct vq_shape shape, void ***done, uint16_t n)
{
	uint16_t due;

	if (likely(vq->is_lined_up)) {
		due = split_count_due(vq, shape, n);
		if (likely(due > 0))
			return split_reclaim_slice(vq, done, due);
		virtqueue_scatter(vq);
	}
	return split_reclaim_scattered(vq, *done, n);
}

/** Take back up to @p n buffers that the peer is done with. See vq_reclaim(). */
VIRTIO_INLINE uint16_t
split_reclaim(struct virtqueue *vq, struct vq_shape shape, void ***done, uint16_t n)
{
	if (shape.in_order)
		return split_reclaim_slice(vq, done, n);
	return split_reclaim_any_order(vq, shape, done, n);
}

#endif /* VIRTIO_RING_SPLIT_TAKE_H */
