/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VIRTIO_NOTIFY_H
#define VIRTIO_NOTIFY_H

/*
 * When to notify the other side, and what a notification carries. Pure arithmetic: nothing
 * here touches shared memory or sends anything.
 */

#include <stdbool.h>
#include <stdint.h>

#include "virtio/barrier.h"
#include "virtio/vring_packed.h"

/**
 * Whether an index that moved from old_idx to new_idx passed the one the peer waits for.
 *
 * Both roles use it: the driver with avail_event, the device with used_event. All three are
 * free-running 16-bit counters, so the distances, not the values, are compared.
 */
VIRTIO_INLINE bool
virtio_need_event(uint16_t event, uint16_t new_idx, uint16_t old_idx)
{
	/*
	 * VIRTIO 1.3 2.7.10.1: "if the idx field in the available ring (which determined where
	 * that descriptor index was placed) was equal to avail_event, the driver MUST send a
	 * notification" - the entries placed were old_idx .. new_idx - 1.
	 */
	return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old_idx);
}

/**
 * Whether the writer of packed descriptors owes its peer a notification.
 *
 * @param event
 *   The peer's event suppression structure, read by packed_event_read() after virtio_mb().
 * @param pos
 *   Where the writer's next descriptor goes.
 * @param count
 *   Descriptors written since the last time this was asked, 0..size.
 */
VIRTIO_INLINE bool
packed_need_event(struct packed_event event, struct packed_pos pos, uint16_t count, uint16_t size)
{
	/* VIRTIO 1.3 2.8.14: "reserved : 14; Reserved, set to 0" - so two bits count. */
	const uint16_t mode = event.flags & PACKED_EVENT_FLAGS_MASK;
	struct packed_pos wanted;
	uint16_t at;

	if (mode != VRING_PACKED_EVENT_FLAG_DESC)
		return mode != VRING_PACKED_EVENT_FLAG_DISABLE;
	wanted = packed_event_pos(event.off_wrap);
	/* An offset of the previous lap lies before this lap's first descriptor. */
	at = (uint16_t)(wanted.idx - (wanted.wrap != pos.wrap ? size : 0));
	return virtio_need_event(at, pos.idx, (uint16_t)(pos.idx - count));
}

/** What VIRTIO_F_NOTIFICATION_DATA adds to an available buffer notification. */
struct virtio_notify_data {
	/** Virtqueue index, or the device's own name for it (VIRTIO_F_NOTIF_CONFIG_DATA). */
	uint16_t vq;
	/** Split: low 15 bits of the available index. Packed: offset of the next descriptor. */
	uint16_t next_off;
	/** Split: bit 15 of the available index. Packed: the driver's wrap counter. */
	bool next_wrap;
};

/** Encode a notification word. VIRTIO 1.3 2.9: vq_index 16 bits, next_off 15, next_wrap 1. */
VIRTIO_INLINE uint32_t
virtio_notify_encode(struct virtio_notify_data data)
{
	return data.vq | (uint32_t)(data.next_off & 0x7fff) << 16 | (uint32_t)data.next_wrap << 31;
}

/** Decode a notification word; every value decodes, the caller checks vq and next_off. */
VIRTIO_INLINE struct virtio_notify_data
virtio_notify_decode(uint32_t word)
{
	struct virtio_notify_data data;

	data.vq = (uint16_t)word;
	data.next_off = (word >> 16) & 0x7fff;
	data.next_wrap = word >> 31;
	return data;
}

/** Encode a split queue's notification word: where the next available entry will be written. */
VIRTIO_INLINE uint32_t
split_notify_encode(uint16_t vq, uint16_t avail_idx)
{
	/* VIRTIO 1.3 2.9: "this is the most significant bit (bit 15) of the available index" */
	return vq | (uint32_t)avail_idx << 16;
}

/** The available index that a split queue's notification tells of. */
VIRTIO_INLINE uint16_t
split_notify_avail_idx(struct virtio_notify_data data)
{
	return (uint16_t)(data.next_off | (uint16_t)data.next_wrap << 15);
}

/** Encode a packed queue's notification word: the next descriptor to be made available. */
VIRTIO_INLINE uint32_t
packed_notify_encode(uint16_t vq, struct packed_pos pos)
{
	/*
	 * VIRTIO 1.3 2.8.16: "driver MUST set next_off and next_wrap to match the next descriptor
	 * not yet made available to the device"
	 */
	return vq | (uint32_t)packed_event_off_wrap(pos) << 16;
}

/** The ring position that a packed queue's notification tells of. */
VIRTIO_INLINE struct packed_pos
packed_notify_pos(struct virtio_notify_data data)
{
	struct packed_pos pos;

	pos.idx = data.next_off;
	pos.wrap = data.next_wrap;
	return pos;
}

#endif /* VIRTIO_NOTIFY_H */
