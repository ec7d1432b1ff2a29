/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The driver's data verbs on a split virtqueue: refill and place; take and reclaim are in split_take.h. Reached through
 * verbs.h only, where the shape is a compile-time constant and every test of in_order folds away.
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
