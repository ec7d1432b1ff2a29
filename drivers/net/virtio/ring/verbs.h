/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The driver's data verbs, whatever the ring's format: rx take / refill, tx place / reclaim. One thin dispatch on the
 * shape, a constant at every call of the data path, so nothing of it is left in the machine code.
 */

#ifndef VIRTIO_RING_VERBS_H
#define VIRTIO_RING_VERBS_H

#include "ring/packed_take.h"
#include "ring/split_take.h"

/** Positions while buffers are written; see split.h. Of the two the shape's is in use. */
struct vq_cursor {
	struct split_cursor split;
	struct packed_cursor packed;
};

VIRTIO_INLINE bool
vq_is_packed(struct vq_shape shape)
{
	return shape.format == VRING_PACKED;
}

VIRTIO_INLINE struct vq_cursor
vq_cursor_begin(const struct virtqueue *vq, struct vq_shape shape)
{
	struct vq_cursor at;

	if (vq_is_packed(shape))
		at.packed = packed_cursor_begin(vq);
	else
		at.split = split_cursor_begin(vq);
	return at;
}

VIRTIO_INLINE void
vq_cursor_end(struct virtqueue *vq, const struct vq_cursor *at, struct vq_shape shape)
{
	if (vq_is_packed(shape))
		packed_cursor_end(vq, &at->packed);
	else
		split_cursor_end(vq, &at->split);
}

/** The descriptor with which the next buffer begins: a number of its own while the buffer is outstanding. */
VIRTIO_INLINE uint16_t
vq_next_id(const struct vq_cursor *at, struct vq_shape shape)
{
	if (vq_is_packed(shape))
		return packed_next_id(&at->packed, shape.in_order);
	return split_next_id(&at->split, shape.in_order);
}

/** Place a buffer of one descriptor; @p flags as VRING_DESC_F_*. There must be room. */
VIRTIO_INLINE void
vq_place(struct vq_cursor *at, struct vq_shape shape, void *cookie, uint64_t addr, uint32_t len, uint16_t flags)
{
	if (vq_is_packed(shape))
		packed_place(&at->packed, shape.in_order, cookie, addr, len, flags);
	else
		split_place(&at->split, shape.in_order, cookie, addr, len, flags);
}

/** Where cookies of the next buffers may be put in advance (vq_place_writable() then leaves them there), or NULL. */
VIRTIO_INLINE void **
vq_cookie_run(const struct virtqueue *vq, struct vq_shape shape, uint16_t *n)
{
	const uint16_t slot = vq_is_packed(shape) ? vq->avail_pos.idx : vq->avail_idx & vq->mask;

	if (!shape.in_order && (vq_is_packed(shape) || unlikely(!vq->is_lined_up)))
		return NULL;
	if (unlikely(*n > vq->size - slot))
		*n = vq->size - slot;
	return &vq->cookies[slot];
}

/** Place a device-writable buffer whose cookie came by way of vq_cookie_run(), if that has one. */
VIRTIO_INLINE void
vq_place_writable(struct vq_cursor *at, struct vq_shape shape, void *cookie, uint64_t addr, uint32_t len)
{
	if (vq_is_packed(shape) && shape.in_order)
		packed_place_prepared(&at->packed, at->packed.slot, addr, len, VRING_DESC_F_WRITE);
	else if (vq_is_packed(shape))
		packed_place(&at->packed, false, cookie, addr, len, VRING_DESC_F_WRITE);
	else if (shape.in_order || likely(at->split.is_lined_up))
		split_place_at_slot(&at->split, addr, len, VRING_DESC_F_WRITE);
	else
		split_place(&at->split, false, cookie, addr, len, VRING_DESC_F_WRITE);
}

/**
 * Place @p n device-writable buffers of @p len bytes, each of which lies @p distance behind its cookie. Cookies as for
 * vq_place_writable(). There must be room.
 */
VIRTIO_INLINE void
vq_place_writable_group(struct vq_cursor *at, struct vq_shape shape, void *const *cookies, uint16_t n,
	uint64_t distance, uint32_t len)
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		if (vq_is_packed(shape))
			i += packed_place_writable_fours(&at->packed, shape, &cookies[i], n - i, distance, len);
		else
			i += split_place_writable_fours(&at->split, shape, &cookies[i], n - i, distance, len);
		if (shape.simd != 0 && i == n)
			break;
		vq_place_writable(at, shape, cookies[i], (uintptr_t)cookies[i] + distance, len);
	}
}

#ifdef __AVX2__
/** Vector rows: where groups of four device-readable buffers of one descriptor each go. */
struct vq_fours {
	struct packed_fours packed;
	struct split_fours split;
};

/** @return how many of @p n buffers can go there, a multiple of four. */
VIRTIO_INLINE uint16_t
vq_fours_begin(const struct vq_cursor *at, struct vq_shape shape, uint16_t n, struct vq_fours *fours)
{
	if (vq_is_packed(shape))
		return packed_fours_begin(&at->packed, shape, n, &fours->packed);
	return split_fours_begin(&at->split, n, &fours->split);
}

/** Place four; lanes: addresses, lengths. */
VIRTIO_INLINE void
vq_fours_place(struct vq_fours *fours, struct vq_shape shape, void *const *cookies, __m256i addrs, __m256i lens)
{
	if (vq_is_packed(shape))
		packed_fours_place(&fours->packed, shape, cookies, addrs, lens);
	else
		split_fours_place(&fours->split, cookies, addrs, lens);
}

/** Note that @p n buffers were placed. */
VIRTIO_INLINE void
vq_fours_end(struct vq_cursor *at, struct vq_shape shape, uint16_t n)
{
	if (vq_is_packed(shape))
		packed_fours_end(&at->packed, n);
	else
		split_fours_end(&at->split, n);
}
#endif

/** One link of a chain, then another, then vq_chain_end(); @p flags as VRING_DESC_F_*, NEXT but for the last link. */
VIRTIO_INLINE void
vq_chain_add(struct virtqueue *vq, struct vq_cursor *at, struct vq_shape shape, uint64_t addr, uint32_t len,
	uint16_t flags)
{
	if (vq_is_packed(shape))
		packed_chain_add(&at->packed, shape.in_order, addr, len, flags);
	else
		split_chain_add(vq, &at->split, shape.in_order, addr, len, flags);
}

/** Make the chain of @p count links that began at @p head one buffer. */
VIRTIO_INLINE void
vq_chain_end(struct virtqueue *vq, struct vq_cursor *at, struct vq_shape shape, uint16_t head, uint16_t count,
	void *cookie)
{
	if (vq_is_packed(shape))
		packed_chain_end(vq, &at->packed, shape.in_order, cookie);
	else
		split_chain_end(vq, &at->split, shape.in_order, head, count, cookie);
}

/** Write entry @p i of the @p count in an indirect table that the device reads. */
VIRTIO_INLINE void
vq_table_write(struct vring_desc *table, struct vq_shape shape, uint32_t i, uint32_t count, uint64_t addr, uint32_t len)
{
	const bool links = !vq_is_packed(shape) && i + 1 < count;

	/*
	 * VIRTIO 1.3 2.8.7: "Buffer ID is also reserved and is ignored by the device." So are all flags but WRITE: with
	 * both zero, the entries of the two formats are the same bytes.
	 */
	split_desc_write(&table[i], addr, len, links ? VRING_DESC_F_NEXT : 0, links ? (uint16_t)(i + 1) : 0);
}

/** Hand everything that was placed to the device. In a packed ring it has it already. */
VIRTIO_INLINE void
vq_publish(struct virtqueue *vq, struct vq_shape shape)
{
	if (!vq_is_packed(shape))
		split_avail_publish(vq->avail, vq->avail_idx);
}

/** After vq_publish(): kick, unless the device does not want it. @return whether it was kicked. */
VIRTIO_INLINE bool
vq_kick(struct virtqueue *vq, struct vq_shape shape)
{
	/*
	 * VIRTIO 1.3 2.7.13.4.1: "The driver MUST perform a suitable memory barrier before reading flags or
	 * avail_event, to avoid missing a notification."
	 */
	virtio_mb();
	if (likely(!(vq_is_packed(shape) ? packed_wants_kick(vq) : split_wants_kick(vq))))
		return false;
	vq->notifier.kick(vq->notifier.device, vq->index);
	return true;
}

/** Rx: how many used buffers may wait, by one look at what the peer wrote. 0: none does, or the queue is broken. */
VIRTIO_INLINE uint16_t
vq_ready(struct virtqueue *vq, struct vq_shape shape)
{
	return vq_is_packed(shape) ? packed_ready(vq) : split_ready(vq);
}

/**
 * Tx: how many buffers are worth a reclaim: 0 when fewer than @p group are known to be used.
 *
 * @param eager
 *   Any number is worth it: room is short. Then all are counted, up to a group at least.
 */
VIRTIO_INLINE uint32_t
vq_ready_group(struct virtqueue *vq, struct vq_shape shape, uint32_t group, bool eager)
{
	uint32_t ready;

	if (vq_is_packed(shape) && !shape.in_order)
		return packed_look_ahead(vq, group, eager);
	if (vq_is_packed(shape)) {
		ready = packed_learn(vq, group, eager);
	} else {
		ready = (uint16_t)(vq->used_seen - vq->used_idx);
		if (ready < group || eager)
			ready = split_ready(vq);
	}
	return ready >= group || eager ? ready : 0;
}

/** Take up to @p n of the buffers that vq_ready() told of, each of one descriptor. @return 0: no more, or broken. */
VIRTIO_INLINE uint16_t
vq_take(struct virtqueue *vq, struct vq_shape shape, void **cookies, uint32_t *lens, uint16_t n)
{
	if (vq_is_packed(shape))
		return packed_take(vq, shape, cookies, lens, n);
	return split_take(vq, shape, cookies, lens, n);
}

/**
 * Take back up to @p n of the buffers that vq_ready_group() told of, and free their descriptors.
 *
 * @param done
 *   In: room for n cookies. Out: where the cookies are, there or in the queue's own array; read them before the
 *   next buffer is placed.
 * @return how many; 0 for n > 0: no more, or the queue broke.
 */
VIRTIO_INLINE uint16_t
vq_reclaim(struct virtqueue *vq, struct vq_shape shape, void ***done, uint16_t n)
{
	if (vq_is_packed(shape) && shape.in_order)
		return packed_reclaim_in_order(vq, done, n);
	if (vq_is_packed(shape))
		return packed_reclaim_out_of_order(vq, shape, *done, n);
	return split_reclaim(vq, shape, done, n);
}

#endif /* VIRTIO_RING_VERBS_H */
