/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The driver's data verbs, whatever the ring's format: rx take / refill, tx place / reclaim. One thin dispatch on the
 * shape, a constant at every call of the data path, so nothing of it is left in the machine code.
 */

#ifndef VIRTIO_RING_VERBS_H
#define VIRTIO_RING_VERBS_H

#include "ring/split.h"

/** Positions while buffers are written; see split.h. */
struct vq_cursor {
	struct split_cursor split;
};

VIRTIO_INLINE struct vq_cursor
vq_cursor_begin(const struct virtqueue *vq)
{
	const struct vq_cursor at = {.split = split_cursor_begin(vq)};

	return at;
}

VIRTIO_INLINE void
vq_cursor_end(struct virtqueue *vq, const struct vq_cursor *at)
{
	split_cursor_end(vq, &at->split);
}

/** The descriptor with which the next buffer begins: a number of its own while the buffer is outstanding. */
VIRTIO_INLINE uint16_t
vq_next_id(const struct vq_cursor *at, struct vq_shape shape)
{
	return split_next_id(&at->split, shape.in_order);
}

/** Place a buffer of one descriptor; @p flags as VRING_DESC_F_*. There must be room. */
VIRTIO_INLINE void
vq_place(struct vq_cursor *at, struct vq_shape shape, void *cookie, uint64_t addr, uint32_t len, uint16_t flags)
{
	split_place(&at->split, shape.in_order, cookie, addr, len, flags);
}

/** Where cookies of the next buffers may be put in advance (vq_place_writable() then leaves them there), or NULL. */
VIRTIO_INLINE void **
vq_cookie_run(const struct virtqueue *vq, struct vq_shape shape, uint16_t *n)
{
	const uint16_t slot = vq->avail_idx & vq->mask;

	if (!shape.in_order)
		return NULL;
	if (unlikely(*n > vq->size - slot))
		*n = vq->size - slot;
	return &vq->cookies[slot];
}

/** Place a device-writable buffer whose cookie came by way of vq_cookie_run(), if that has one. */
VIRTIO_INLINE void
vq_place_writable(struct vq_cursor *at, struct vq_shape shape, void *cookie, uint64_t addr, uint32_t len)
{
	if (shape.in_order)
		split_place_at_slot(&at->split, addr, len, VRING_DESC_F_WRITE);
	else
		split_place(&at->split, false, cookie, addr, len, VRING_DESC_F_WRITE);
}

/** One link of a chain, then another, then vq_chain_end(); @p flags as VRING_DESC_F_*, NEXT but for the last link. */
VIRTIO_INLINE void
vq_chain_add(struct virtqueue *vq, struct vq_cursor *at, struct vq_shape shape, uint64_t addr, uint32_t len,
	uint16_t flags)
{
	split_chain_add(vq, &at->split, shape.in_order, addr, len, flags);
}

/** Make the chain of @p count links that began at @p head one buffer. */
VIRTIO_INLINE void
vq_chain_end(struct virtqueue *vq, struct vq_cursor *at, struct vq_shape shape, uint16_t head, uint16_t count,
	void *cookie)
{
	split_chain_end(vq, &at->split, shape.in_order, head, count, cookie);
}

/** Hand everything that was placed to the device. */
VIRTIO_INLINE void
vq_publish(struct virtqueue *vq)
{
	split_avail_publish(vq->avail, vq->avail_idx);
}

/** After vq_publish(): kick, unless the device does not want it. @return whether it was kicked. */
VIRTIO_INLINE bool
vq_kick(struct virtqueue *vq)
{
	/*
	 * VIRTIO 1.3 2.7.13.4.1: "The driver MUST perform a suitable memory barrier before reading flags or
	 * avail_event, to avoid missing a notification."
	 */
	virtio_mb();
	if (likely((split_used_flags_read(vq->used) & VRING_USED_F_NO_NOTIFY) != 0))
		return false;
	vq->notifier.kick(vq->notifier.device, vq->index);
	return true;
}

/** How many used buffers wait: one look at the peer's index, checked. 0 on a broken queue. */
VIRTIO_INLINE uint16_t
vq_ready(struct virtqueue *vq)
{
	return split_ready(vq);
}

/** What the last vq_ready() saw and nobody took yet. */
VIRTIO_INLINE uint16_t
vq_ready_known(const struct virtqueue *vq)
{
	return (uint16_t)(vq->used_seen - vq->used_idx);
}

/** Take @p n buffers of one descriptor each, all of them ready. @return fewer only when the queue broke. */
VIRTIO_INLINE uint16_t
vq_take(struct virtqueue *vq, struct vq_shape shape, void **cookies, uint32_t *lens, uint16_t n)
{
	return split_take(vq, shape.in_order, cookies, lens, n);
}

/**
 * Take back up to @p n buffers that the device has read, all of them ready, and free their descriptors.
 *
 * @param done
 *   In: room for n cookies. Out: where the cookies are, there or in the queue's own array; read them before the
 *   next buffer is placed.
 * @return how many; 0 for n > 0 only when the queue broke.
 */
VIRTIO_INLINE uint16_t
vq_reclaim(struct virtqueue *vq, struct vq_shape shape, void ***done, uint16_t n)
{
	if (shape.in_order)
		return split_reclaim_in_order(vq, done, n);
	return split_reclaim_out_of_order(vq, *done, n);
}

#endif /* VIRTIO_RING_VERBS_H */
