/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VIRTIO_VRING_PACKED_H
#define VIRTIO_VRING_PACKED_H

/*
 * Typed accessors of a packed virtqueue, for both roles.
 *
 * Theory of operation
 *
 * One array, written by both sides in turn. Driver and device walk it in circles; each keeps
 * a wrap counter that flips at the end of every lap, and stamps it into two flag bits. AVAIL
 * equal to the lap and USED unequal: the driver made the descriptor available in this lap. Both
 * equal to the lap: the device used it. Nobody needs an index of the other side, only the flags
 * of the one descriptor that comes next.
 *
 * The flags are therefore the only ordering point: they are stored last, with release, and
 * loaded first, with acquire. In a chain or a batch only the first descriptor's flags need the
 * release; the others may be written in any order before it, since the peer looks at the first
 * one first.
 *
 * Whole-line notes: four descriptors are a 64-byte line. On a CPU that stores a line, or 16
 * aligned bytes, as one and keeps stores in order (x86), a descriptor may be written whole,
 * flags included, and the last line of a batch publishes it; that is packed_desc_write_whole().
 * Elsewhere flags follow on their own, in packed_desc_publish(). A line once given away is
 * not stored to again before the peer returned it: each such store costs a transfer.
 *
 * As in vring_split.h, nothing here checks a peer's values, and no slot is masked.
 */

#include <stdbool.h>
#include <stdint.h>

#include "virtio/barrier.h"
#include "virtio/ring_uapi.h"
#include "virtio/vring_layout.h"

/** Flag bit: matches the lap in which the driver made the descriptor available. */
#define PACKED_DESC_AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
/** Flag bit: matches the lap in which the device used the descriptor. */
#define PACKED_DESC_USED (1u << VRING_PACKED_DESC_F_USED)
/** The bits of an event suppression structure's flags that mean something. */
#define PACKED_EVENT_FLAGS_MASK 0x3

/** A place in the ring together with the lap: the only way to say where a side stands. */
struct packed_pos {
	/** Slot, 0..size-1. */
	uint16_t idx;
	/** Wrap counter of the lap. */
	bool wrap;
};

/** A local copy of an event suppression structure. */
struct packed_event {
	/** A position, as packed_event_off_wrap() encodes it; used with FLAG_DESC only. */
	uint16_t off_wrap;
	/** VRING_PACKED_EVENT_FLAG_ENABLE, _DISABLE or _DESC in the low two bits. */
	uint16_t flags;
};

/** The descriptor ring of a packed virtqueue. */
VIRTIO_INLINE struct vring_packed_desc *
packed_desc_ring(const struct vring_area *area)
{
	return (struct vring_packed_desc *)area->desc;
}

/** The driver's event suppression structure: the driver writes, the device reads. */
VIRTIO_INLINE struct vring_packed_desc_event *
packed_driver_event(const struct vring_area *area)
{
	return (struct vring_packed_desc_event *)area->driver;
}

/** The device's event suppression structure: the device writes, the driver reads. */
VIRTIO_INLINE struct vring_packed_desc_event *
packed_device_event(const struct vring_area *area)
{
	return (struct vring_packed_desc_event *)area->device;
}

/* --- positions --- */

/** Where both sides start. */
VIRTIO_INLINE struct packed_pos
packed_pos_start(void)
{
	struct packed_pos pos;

	/* VIRTIO 1.3 2.8.1: "a single-bit ring wrap counter initialized to 1" */
	pos.idx = 0;
	pos.wrap = true;
	return pos;
}

/**
 * The position `count` descriptors further, 0 <= count <= size.
 *
 * The size need not be a power of two, so this compares where split masks.
 */
VIRTIO_INLINE struct packed_pos
packed_pos_advance(struct packed_pos pos, uint16_t count, uint16_t size)
{
	const uint32_t idx = (uint32_t)pos.idx + count;
	const bool laps = idx >= size;

	pos.idx = (uint16_t)(idx - (laps ? size : 0));
	pos.wrap ^= laps;
	return pos;
}

/**
 * The position of a ring on which nothing is in flight, as vhost transports carry it: offset and wrap counter of the
 * next available descriptor in the low half, of the next used one in the high half.
 */
VIRTIO_INLINE uint32_t
packed_base(struct packed_pos pos)
{
	const uint32_t half = pos.idx | (uint32_t)pos.wrap << VRING_PACKED_EVENT_F_WRAP_CTR;

	return half << 16 | half;
}

/** Where a new ring begins, as vhost transports carry it. */
VIRTIO_INLINE uint32_t
vring_base_start(enum vring_format format)
{
	return format == VRING_PACKED ? packed_base(packed_pos_start()) : 0;
}

/* --- descriptor flags --- */

/** AVAIL and USED as the driver sets them in a lap. */
VIRTIO_INLINE uint16_t
packed_avail_bits(bool wrap)
{
	/* VIRTIO 1.3 2.8.1: "sets the VIRTQ_DESC_F_USED bit to match the inverse value" */
	return (uint16_t)(wrap ? PACKED_DESC_AVAIL : PACKED_DESC_USED);
}

/** AVAIL and USED as the device sets them in a lap. */
VIRTIO_INLINE uint16_t
packed_used_bits(bool wrap)
{
	/* VIRTIO 1.3 2.8.1: "sets the VIRTQ_DESC_F_AVAIL bit to match the same value" */
	return (uint16_t)(wrap ? PACKED_DESC_AVAIL | PACKED_DESC_USED : 0);
}

/** Device: whether the driver made a descriptor with these flags available in this lap. */
VIRTIO_INLINE bool
packed_is_avail(uint16_t flags, bool wrap)
{
	return (flags & (PACKED_DESC_AVAIL | PACKED_DESC_USED)) == packed_avail_bits(wrap);
}

/** Driver: whether the device used a descriptor with these flags in this lap. */
VIRTIO_INLINE bool
packed_is_used(uint16_t flags, bool wrap)
{
	return (flags & (PACKED_DESC_AVAIL | PACKED_DESC_USED)) == packed_used_bits(wrap);
}

/* --- descriptors --- */

/** Either role: the flags of the next descriptor; the rest of it may be read after this. */
VIRTIO_INLINE uint16_t
packed_flags_read(const struct vring_packed_desc *desc)
{
	/*
	 * VIRTIO 1.3 2.8.21.1: "Once the descriptor flags field is updated by the driver, this
	 * exposes the descriptor and its contents." - the acquire meets the writer's release.
	 */
	return virtio_load_acquire16(&desc->flags);
}

/** Either role: flags for a hint (what to prefetch, whether to look at all), without order. */
VIRTIO_INLINE uint16_t
packed_flags_peek(const struct vring_packed_desc *desc)
{
	return virtio_load_relaxed16(&desc->flags);
}

/** Either role: give a descriptor, and all that was written before, to the peer. */
VIRTIO_INLINE void
packed_flags_publish(struct vring_packed_desc *desc, uint16_t flags)
{
	/*
	 * VIRTIO 1.3 2.8.21.1.1: "The driver MUST perform a suitable memory barrier before the
	 * flags update, to ensure the device sees the most up-to-date copy."
	 */
	virtio_store_release16(&desc->flags, flags);
}

/**
 * Either role: a local copy of one descriptor, each byte read once.
 *
 * Its flags are those of the time of the copy: the ones that packed_flags_read() returned may
 * decide whose descriptor it is, but all other flags are taken from the copy alone.
 */
VIRTIO_INLINE struct vring_packed_desc
packed_desc_read(const struct vring_packed_desc *desc)
{
	const uint64_t low = virtio_read_once64(&desc->addr);
	const uint64_t high = virtio_read_once64(&desc->len);
	struct vring_packed_desc copy;

	copy.addr = low;
	copy.len = (uint32_t)high;
	copy.id = (uint16_t)(high >> 32);
	copy.flags = (uint16_t)(high >> 48);
	return copy;
}

/**
 * Driver: write one descriptor, flags included, by a single 16-byte store and without order.
 *
 * For every descriptor of a batch but its first (which is published after them), and for whole
 * lines where the CPU orders stores: there virtio_wmb() goes before the first such store, so
 * that the compiler keeps what the descriptors refer to in front of them.
 */
VIRTIO_INLINE void
packed_desc_write_whole(struct vring_packed_desc *desc, uint64_t addr, uint32_t len, uint16_t id,
	uint16_t flags)
{
	virtio_write_once128(desc, addr,
		len | (uint64_t)id << 32 | (uint64_t)flags << 48);
}

/** Driver: write one descriptor and publish it: address, length and id first, flags last. */
VIRTIO_INLINE void
packed_desc_publish(struct vring_packed_desc *desc, uint64_t addr, uint32_t len, uint16_t id,
	uint16_t flags)
{
	desc->addr = addr;
	desc->len = len;
	desc->id = id;
	packed_flags_publish(desc, flags);
}

/**
 * Device: return a buffer in the slot of a descriptor and publish it.
 *
 * The address is left as it is: used descriptors have none.
 *
 * @param len
 *   Bytes written into the buffer. VIRTIO 1.3 2.8.4: "Element Length is reserved for used
 *   descriptors without the VIRTQ_DESC_F_WRITE flag".
 * @param flags
 *   packed_used_bits(), and VRING_DESC_F_WRITE when anything was written.
 */
VIRTIO_INLINE void
packed_used_publish(struct vring_packed_desc *desc, uint32_t len, uint16_t id, uint16_t flags)
{
	desc->len = len;
	desc->id = id;
	packed_flags_publish(desc, flags);
}

/* --- event suppression --- */

/** A position as an event suppression structure has it: offset and wrap counter. */
VIRTIO_INLINE uint16_t
packed_event_off_wrap(struct packed_pos pos)
{
	/* VIRTIO 1.3 2.8.14: "desc_event_off : 15; desc_event_wrap : 1" */
	return (uint16_t)(pos.idx | (uint16_t)pos.wrap << VRING_PACKED_EVENT_F_WRAP_CTR);
}

/** The position that an event suppression structure names; idx may lie beyond the ring. */
VIRTIO_INLINE struct packed_pos
packed_event_pos(uint16_t off_wrap)
{
	struct packed_pos pos;

	pos.idx = off_wrap & ((1u << VRING_PACKED_EVENT_F_WRAP_CTR) - 1);
	pos.wrap = off_wrap >> VRING_PACKED_EVENT_F_WRAP_CTR;
	return pos;
}

/** An event suppression structure as one word, so that both halves are of the same moment. */
typedef uint32_t packed_event_word __attribute__((may_alias));

/** Reader: a local copy of the peer's structure. After virtio_mb(). */
VIRTIO_INLINE struct packed_event
packed_event_read(const struct vring_packed_desc_event *event)
{
	/* VIRTIO 1.3 2.8.21: "a suitable memory barrier to ensure that it updates the
	 * descriptor(s) before checking for notification suppression" - it is the caller's, as
	 * in split_used_flags_read().
	 */
	const uint32_t word = __atomic_load_n((const packed_event_word *)event, __ATOMIC_RELAXED);
	struct packed_event copy;

	copy.off_wrap = (uint16_t)word;
	copy.flags = (uint16_t)(word >> 16);
	return copy;
}

/** Writer: turn notifications on (FLAG_ENABLE) or off (FLAG_DISABLE). */
VIRTIO_INLINE void
packed_event_flags_set(struct vring_packed_desc_event *event, uint16_t flags)
{
	virtio_store_relaxed16(&event->flags, flags);
}

/**
 * Writer: with EVENT_IDX, ask for a notification at one position (FLAG_DESC).
 *
 * Follow it by virtio_mb() and another look at the next descriptor before going to sleep.
 */
VIRTIO_INLINE void
packed_event_pos_set(struct vring_packed_desc_event *event, struct packed_pos pos)
{
	const uint32_t word = packed_event_off_wrap(pos) |
		(uint32_t)VRING_PACKED_EVENT_FLAG_DESC << 16;

	__atomic_store_n((packed_event_word *)event, word, __ATOMIC_RELAXED);
}

#endif /* VIRTIO_VRING_PACKED_H */
