/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The driver's data verbs on a split virtqueue: take and refill, place and reclaim. Reached through verbs.h only, where
 * the shape is a compile-time constant and every test of in_order folds away.
 *
 * Writing goes through a cursor, a copy of the positions that the compiler can keep in registers: descriptor stores
 * may alias anything, so a loop over the virtqueue itself would reload it for every packet.
 */

#ifndef VIRTIO_RING_SPLIT_H
#define VIRTIO_RING_SPLIT_H

#include <rte_branch_prediction.h>

#include "ring/virtqueue.h"
#include "virtio/notify.h"
#include "virtio/vring_split.h"

/** Where the next buffers go. */
struct split_cursor {
	struct vring_desc *desc;
	struct vring_avail *avail;
	void **cookies;
	uint16_t *heads;
	const uint16_t *free_ids;
	bool is_lined_up;
	uint16_t mask;
	uint16_t avail_idx;
	uint16_t desc_next;
};

VIRTIO_INLINE struct split_cursor
split_cursor_begin(const struct virtqueue *vq)
{
	const struct split_cursor at = {
		.desc = vq->desc,
		.avail = vq->avail,
		.cookies = vq->cookies,
		.heads = vq->heads,
		.free_ids = vq->free_ids,
		.is_lined_up = vq->is_lined_up,
		.mask = vq->mask,
		.avail_idx = vq->avail_idx,
		.desc_next = vq->desc_next,
	};

	return at;
}

/** Take over where a cursor came to; nothing is published yet. */
VIRTIO_INLINE void
split_cursor_end(struct virtqueue *vq, const struct split_cursor *at)
{
	vq->nb_free -= (uint16_t)(at->desc_next - vq->desc_next);
	vq->desc_next = at->desc_next;
	vq->avail_idx = at->avail_idx;
}

/** The descriptor that the next buffer, or next link, uses. */
VIRTIO_INLINE uint16_t
split_next_id(const struct split_cursor *at, bool in_order)
{
	const uint16_t position = at->desc_next & at->mask;

	return in_order || likely(at->is_lined_up) ? position : at->free_ids[position];
}

/** Enter a chain that begins at @p head; an entry that has the value already stays clean in the peer's cache. */
VIRTIO_INLINE void
split_enter(struct split_cursor *at, bool in_order, uint16_t head, void *cookie)
{
	const uint16_t slot = at->avail_idx & at->mask;

	at->cookies[in_order || likely(at->is_lined_up) ? slot : head] = cookie;
	if (unlikely(at->heads[slot] != head)) {
		at->heads[slot] = head;
		split_avail_entry_write(at->avail, slot, head);
	}
	at->avail_idx++;
}

/** Place a buffer of one descriptor. */
VIRTIO_INLINE void
split_place(struct split_cursor *at, bool in_order, void *cookie, uint64_t addr, uint32_t len, uint16_t flags)
{
	const uint16_t id = split_next_id(at, in_order);

	split_desc_write(&at->desc[id], addr, len, flags, 0);
	at->desc_next++;
	split_enter(at, in_order, id, cookie);
}

/** Lined up, never a chain: descriptor, entry and cookie share the slot, and entry and cookie are in place. */
VIRTIO_INLINE void
split_place_at_slot(struct split_cursor *at, uint64_t addr, uint32_t len, uint16_t flags)
{
	split_desc_write(&at->desc[at->avail_idx & at->mask], addr, len, flags, 0);
	at->avail_idx++;
	at->desc_next++;
}

/** One link of a chain; @p flags without NEXT for the last one. split_chain_end() enters it. */
VIRTIO_INLINE void
split_chain_add(struct virtqueue *vq, struct split_cursor *at, bool in_order, uint64_t addr, uint32_t len,
	uint16_t flags)
{
	const uint16_t id = split_next_id(at, in_order);
	uint16_t next = 0;

	at->desc_next++;
	if ((flags & VRING_DESC_F_NEXT) != 0)
		next = split_next_id(at, in_order);
	split_desc_write(&at->desc[id], addr, len, flags, next);
	if (!in_order && unlikely(!at->is_lined_up))
		vq->chains[id].next = next;
}

/** Enter the chain of @p count links that began at @p head. */
VIRTIO_INLINE void
split_chain_end(struct virtqueue *vq, struct split_cursor *at, bool in_order, uint16_t head, uint16_t count,
	void *cookie)
{
	if (!in_order && unlikely(!at->is_lined_up))
		vq->chains[head].count = count;
	split_enter(at, in_order, head, cookie);
}

/** How many used buffers wait; the one read of used.idx in a burst. */
VIRTIO_INLINE uint16_t
split_ready(struct virtqueue *vq)
{
	const uint16_t seen = split_used_idx_read(vq->used);
	const uint16_t ready = (uint16_t)(seen - vq->used_idx);

	if (unlikely(vq->broken))
		return 0;
	if (unlikely(ready > virtqueue_outstanding(vq)))
		return virtqueue_break_index(vq, seen);
	vq->used_seen = seen;
	return ready;
}

/** Lined up, never a chain: take the buffers that come back as they are due. @return how many, @p n if all do. */
VIRTIO_INLINE uint16_t
split_take_due(struct virtqueue *vq, void **cookies, uint32_t *lens, uint16_t n)
{
	const struct vring_used *const used = vq->used;
	void *const *const shadow = vq->cookies;
	const uint16_t mask = vq->mask;
	const uint16_t first = vq->used_idx;
	uint16_t i;

	for (i = 0; i < n; i++) {
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
split_take_in_order(struct virtqueue *vq, void **cookies, uint32_t *lens, uint16_t n)
{
	uint16_t i;

	if (unlikely(vq->batch_left != 0))
		return virtqueue_take_batched(vq, cookies, lens, n);
	i = split_take_due(vq, cookies, lens, n);
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
split_take_any_order(struct virtqueue *vq, void **cookies, uint32_t *lens, uint16_t n)
{
	uint16_t i = 0;

	if (likely(vq->is_lined_up)) {
		i = split_take_due(vq, cookies, lens, n);
		if (likely(i == n))
			return n;
		virtqueue_scatter(vq);
	}
	return i + split_take_scattered(vq, cookies + i, lens + i, n - i);
}

/** Take @p n buffers of one descriptor each; fewer only when the queue broke. @p n <= what is ready. */
VIRTIO_INLINE uint16_t
split_take(struct virtqueue *vq, bool in_order, void **cookies, uint32_t *lens, uint16_t n)
{
	if (in_order)
		return split_take_in_order(vq, cookies, lens, n);
	return split_take_any_order(vq, cookies, lens, n);
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
split_count_due(const struct virtqueue *vq, uint16_t n)
{
	const struct vring_used *const used = vq->used;
	const uint16_t *const heads = vq->heads;
	const uint16_t mask = vq->mask;
	const uint16_t first = vq->used_idx;
	uint16_t i;

	for (i = 0; i < n; i++) {
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
split_reclaim_any_order(struct virtqueue *vq, void ***done, uint16_t n)
{
	uint16_t due;

	if (likely(vq->is_lined_up)) {
		due = split_count_due(vq, n);
		if (likely(due > 0))
			return split_reclaim_slice(vq, done, due);
		virtqueue_scatter(vq);
	}
	return split_reclaim_scattered(vq, *done, n);
}

/** How far used_event may fall behind before it is moved: with all that can be outstanding, less than a round. */
#define SPLIT_EVENT_LAG 16384

/** Ask for no calls, for we poll. @p used_idx: where the device stands. */
VIRTIO_INLINE void
split_calls_off(struct virtqueue *vq, uint16_t used_idx)
{
	if (!vq->event_idx) {
		/*
		 * VIRTIO 1.3 2.7.7.1: "The driver MAY set flags to 1 to advise the device that notifications are not
		 * needed." We poll.
		 */
		split_avail_flags_set(vq->avail, VRING_AVAIL_F_NO_INTERRUPT);
		return;
	}
	/* VIRTIO 1.3 2.7.7.1: "The driver MUST set flags to 0." An index that was just passed comes again last. */
	split_avail_flags_set(vq->avail, 0);
	vq->used_event = (uint16_t)(used_idx - 1);
	split_used_event_write(vq->avail, vq->size, vq->used_event);
}

/** Whether the device wants to hear of what was published since this was asked last. After virtio_mb(). */
VIRTIO_INLINE bool
split_wants_kick(struct virtqueue *vq)
{
	uint16_t before;

	if (likely(!vq->event_idx))
		return (split_used_flags_read(vq->used) & VRING_USED_F_NO_NOTIFY) == 0;
	if (unlikely((uint16_t)(vq->used_idx - vq->used_event) > SPLIT_EVENT_LAG))
		split_calls_off(vq, vq->used_idx);
	before = vq->kick_idx;
	vq->kick_idx = vq->avail_idx;
	return virtio_need_event(split_avail_event_read(vq->used, vq->size), vq->avail_idx, before);
}

#endif /* VIRTIO_RING_SPLIT_H */
