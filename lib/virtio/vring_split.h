/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VIRTIO_VRING_SPLIT_H
#define VIRTIO_VRING_SPLIT_H

/*
 * Typed accessors of a split virtqueue, for both roles.
 *
 * Theory of operation
 *
 * Three arrays. The driver describes buffers in the descriptor table, writes the number of a
 * chain's first descriptor into the available ring and moves avail->idx. The device reads the
 * chain, writes {that number, bytes written} into the used ring and moves used->idx. Both
 * indices run freely over 16 bits; an entry's slot is the index modulo the size, a power of two.
 * Each array has one writer. Each side keeps its own copy of what it wrote, and never reads
 * that back from the ring: a peer might have changed it.
 *
 * Order exists at four points only. Publishing an index is a release, reading the peer's index
 * an acquire; everything else is relaxed, because it lies behind one of the two. The fourth pair,
 * publish before reading whether the peer wants a notification, is virtio_mb() at the caller:
 * only the caller knows whether notifications can be needed at all.
 *
 * These functions check nothing. Slots are masked by the caller, who has the mask in a register;
 * what the peer wrote (idx, ids, addresses) is for the caller to check, on the local copy that
 * the reader returned. Whole-line notes: four descriptors are a 64-byte line, so that writing
 * them in slot order hands the peer whole lines; used elements start four bytes into their area
 * and therefore are only four-byte aligned.
 */

#include <stdint.h>

#include "virtio/barrier.h"
#include "virtio/ring_uapi.h"
#include "virtio/vring_layout.h"

/** The descriptor table of a split virtqueue. */
VIRTIO_INLINE struct vring_desc *
split_desc_table(const struct vring_area *area)
{
	return (struct vring_desc *)area->desc;
}

/** The available ring of a split virtqueue. */
VIRTIO_INLINE struct vring_avail *
split_avail_ring(const struct vring_area *area)
{
	return (struct vring_avail *)area->driver;
}

/** The used ring of a split virtqueue. */
VIRTIO_INLINE struct vring_used *
split_used_ring(const struct vring_area *area)
{
	return (struct vring_used *)area->device;
}

/* --- descriptor table: driver writes, device reads --- */

/**
 * Driver: write one whole descriptor by a single 16-byte store.
 *
 * Half of it must never be left for a second store: four of these in slot order become one
 * line that changes its owner once.
 */
VIRTIO_INLINE void
split_desc_write(struct vring_desc *desc, uint64_t addr, uint32_t len, uint16_t flags,
	uint16_t next)
{
	virtio_write_once128(desc, addr,
		len | (uint64_t)flags << 32 | (uint64_t)next << 48);
}

/**
 * Device: copy one descriptor, each byte read once.
 *
 * VIRTIO 1.3 2.7.5.1: "A device MUST NOT write to any descriptor table entry." Two scalar loads,
 * since every field goes to a general register next and nothing asks for both halves at
 * once: the acquire on avail->idx came before.
 */
VIRTIO_INLINE struct vring_desc
split_desc_read(const struct vring_desc *table, uint16_t slot)
{
	const uint64_t low = virtio_read_once64(&table[slot].addr);
	const uint64_t high = virtio_read_once64(&table[slot].len);
	struct vring_desc copy;

	copy.addr = low;
	copy.len = (uint32_t)high;
	copy.flags = (uint16_t)(high >> 32);
	copy.next = (uint16_t)(high >> 48);
	return copy;
}

/* --- available ring: driver writes --- */

/** Driver: put a chain's head into a slot; invisible until split_avail_publish(). */
VIRTIO_INLINE void
split_avail_entry_write(struct vring_avail *avail, uint16_t slot, uint16_t head)
{
	virtio_store_relaxed16(&avail->ring[slot], head);
}

/** Driver: make everything before idx available. */
VIRTIO_INLINE void
split_avail_publish(struct vring_avail *avail, uint16_t idx)
{
	/*
	 * VIRTIO 1.3 2.7.13.3.1: "The driver MUST perform a suitable memory barrier before the
	 * idx update"
	 */
	virtio_store_release16(&avail->idx, idx);
}

/** Driver: ask for used buffer notifications (0), or not (VRING_AVAIL_F_NO_INTERRUPT). */
VIRTIO_INLINE void
split_avail_flags_set(struct vring_avail *avail, uint16_t flags)
{
	/* VIRTIO 1.3 2.7.7.1: "The driver MUST set flags to 0 or 1." - and to 0 with EVENT_IDX. */
	virtio_store_relaxed16(&avail->flags, flags);
}

/**
 * Driver: with EVENT_IDX, ask for a notification once the used entry of that index is written.
 *
 * Follow it by virtio_mb() and another look at used->idx before going to sleep.
 */
VIRTIO_INLINE void
split_used_event_write(struct vring_avail *avail, uint32_t size, uint16_t event)
{
	/* VIRTIO 1.3 2.7.6: "used_event; Only if VIRTIO_F_EVENT_IDX" - behind the last entry. */
	virtio_store_relaxed16(&avail->ring[size], event);
}

/* --- available ring: device reads --- */

/** Device: how far the driver has come; entries before it may be read after this. */
VIRTIO_INLINE uint16_t
split_avail_idx_read(const struct vring_avail *avail)
{
	/* VIRTIO 1.3 2.7.13.3: "Once available idx is updated by the driver, this exposes the
	 * descriptor and its contents." - the acquire meets the driver's release.
	 */
	return virtio_load_acquire16(&avail->idx);
}

/** Device: the head in a slot; any value can come, even one beyond the table. */
VIRTIO_INLINE uint16_t
split_avail_entry_read(const struct vring_avail *avail, uint16_t slot)
{
	return virtio_load_relaxed16(&avail->ring[slot]);
}

/** Device, without EVENT_IDX: whether the driver wants notifications. After virtio_mb(). */
VIRTIO_INLINE uint16_t
split_avail_flags_read(const struct vring_avail *avail)
{
	/* VIRTIO 1.3 2.7.7.2: "If flags is 0, the device MUST send a notification." */
	return virtio_load_relaxed16(&avail->flags);
}

/** Device, with EVENT_IDX: the used index that the driver waits for. After virtio_mb(). */
VIRTIO_INLINE uint16_t
split_used_event_read(const struct vring_avail *avail, uint32_t size)
{
	return virtio_load_relaxed16(&avail->ring[size]);
}

/* --- used ring: device writes --- */

/** Device: return a chain, by a single 8-byte store; invisible until split_used_publish(). */
VIRTIO_INLINE void
split_used_elem_write(struct vring_used *used, uint16_t slot, uint32_t id, uint32_t len)
{
	virtio_write_once64(&used->ring[slot], id | (uint64_t)len << 32);
}

/** Device: hand everything before idx back to the driver. */
VIRTIO_INLINE void
split_used_publish(struct vring_used *used, uint16_t idx)
{
	/* VIRTIO 1.3 2.7.8.2: "The device MUST set len prior to updating the used idx." */
	virtio_store_release16(&used->idx, idx);
}

/** Device: ask for available buffer notifications (0), or not (VRING_USED_F_NO_NOTIFY). */
VIRTIO_INLINE void
split_used_flags_set(struct vring_used *used, uint16_t flags)
{
	/* VIRTIO 1.3 2.7.10.2: "The device MUST set flags to 0 or 1." - and to 0 with EVENT_IDX. */
	virtio_store_relaxed16(&used->flags, flags);
}

/**
 * Device: with EVENT_IDX, ask for a notification once the available entry of that index is
 * written. Follow it by virtio_mb() and another look at avail->idx before going to sleep.
 */
VIRTIO_INLINE void
split_avail_event_write(struct vring_used *used, uint32_t size, uint16_t event)
{
	/* VIRTIO 1.3 2.7.8: "avail_event; Only if VIRTIO_F_EVENT_IDX" - behind the last element. */
	virtio_store_relaxed16((uint16_t *)&used->ring[size], event);
}

/* --- used ring: driver reads --- */

/** Driver: how far the device has come; elements and buffers before it may be read after this. */
VIRTIO_INLINE uint16_t
split_used_idx_read(const struct vring_used *used)
{
	/* VIRTIO 1.3 2.7.8.2: "The device MUST write at least len bytes to descriptor ... prior to
	 * updating the used idx." - the acquire meets the device's release.
	 */
	return virtio_load_acquire16(&used->idx);
}

/** Driver: a local copy of one element; any id and len can come. */
VIRTIO_INLINE struct vring_used_elem
split_used_elem_read(const struct vring_used *used, uint16_t slot)
{
	const uint64_t both = virtio_read_once64(&used->ring[slot]);
	struct vring_used_elem copy;

	copy.id = (uint32_t)both;
	copy.len = (uint32_t)(both >> 32);
	return copy;
}

/** Driver, without EVENT_IDX: whether the device wants notifications. After virtio_mb(). */
VIRTIO_INLINE uint16_t
split_used_flags_read(const struct vring_used *used)
{
	/*
	 * VIRTIO 1.3 2.7.13.4.1: "The driver MUST perform a suitable memory barrier before reading
	 * flags or avail_event, to avoid missing a notification."
	 */
	return virtio_load_relaxed16(&used->flags);
}

/** Driver, with EVENT_IDX: the available index that the device waits for. After virtio_mb(). */
VIRTIO_INLINE uint16_t
split_avail_event_read(const struct vring_used *used, uint32_t size)
{
	/* VIRTIO 1.3 2.7.10.1: "The driver MUST ignore the lower bit of flags." */
	return virtio_load_relaxed16((const uint16_t *)&used->ring[size]);
}

#endif /* VIRTIO_VRING_SPLIT_H */
