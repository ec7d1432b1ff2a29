/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VIRTIO_VRING_LAYOUT_H
#define VIRTIO_VRING_LAYOUT_H

/*
 * Where the three areas of a virtqueue lie: sizes, alignments, placement in one block.
 *
 * Nothing here allocates, and nothing reads or writes ring entries (vring_split.h and
 * vring_packed.h do). The driver half places rings with vring_layout_place(); the device half
 * fills a struct vring_area from what its peer sent, and uses the sizes to check it.
 */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/ring_uapi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* VIRTIO 1.3 1.4: all ring fields are little-endian, and the accessors use them as they are. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "only little-endian CPUs");
static_assert(sizeof(struct vring_desc) == 16, "split descriptor");
static_assert(sizeof(struct vring_packed_desc) == 16, "packed descriptor");
static_assert(sizeof(struct vring_packed_desc_event) == 4, "packed event suppression");
static_assert(sizeof(struct vring_used_elem) == 8, "split used element");

/** Most entries a virtqueue can have, in either format. */
#define VRING_SIZE_MAX 32768

/** Areas start on lines of this size, so that no line is written by both sides. */
#define VRING_LINE_SIZE 64

/** The two ring formats; VIRTIO_F_RING_PACKED selects the second. */
enum vring_format {
	VRING_SPLIT,
	VRING_PACKED,
};

/**
 * A virtqueue's memory, as seen by whoever holds this struct.
 *
 * split: desc is struct vring_desc[size] (driver writes), driver is struct vring_avail (driver
 * writes), device is struct vring_used (device writes).
 * packed: desc is struct vring_packed_desc[size] (both write), driver and device are each one
 * struct vring_packed_desc_event (driver writes the first, device the second).
 */
struct vring_area {
	/** How to read the three areas. */
	enum vring_format format;
	/** Number of entries; vring_size_is_valid(). */
	uint32_t size;
	/** Descriptor area, 16-byte aligned. */
	void *desc;
	/** Driver area; 2-byte aligned (split) or 4-byte (packed). */
	void *driver;
	/** Device area, 4-byte aligned. */
	void *device;
};

/** Whether a virtqueue of this format can have that many entries. */
bool
vring_size_is_valid(enum vring_format format, uint32_t size);

/** Bytes of the descriptor area alone; size must be valid. */
size_t
vring_desc_bytes(enum vring_format format, uint32_t size);

/** Bytes of the driver area alone, used_event included; size must be valid. */
size_t
vring_driver_bytes(enum vring_format format, uint32_t size);

/** Bytes of the device area alone, avail_event included; size must be valid. */
size_t
vring_device_bytes(enum vring_format format, uint32_t size);

/** Bytes that vring_layout_place() needs, a multiple of VRING_LINE_SIZE; 0: size invalid. */
size_t
vring_layout_bytes(enum vring_format format, uint32_t size);

/**
 * Lay a virtqueue out in one block of memory, each area on cache lines of its own.
 *
 * The memory is not touched: a new ring also wants vring_area_clear().
 *
 * @param area
 *   Filled on success, left alone on failure.
 * @param mem
 *   VRING_LINE_SIZE-aligned.
 * @param len
 *   Bytes at mem, at least vring_layout_bytes().
 * @return 0; -EINVAL: size invalid, or mem NULL or misaligned; -ENOSPC: len too small.
 */
int
vring_layout_place(struct vring_area *area, enum vring_format format, uint32_t size,
	void *mem, size_t len);

/** Whether the three areas have the alignment that the specification asks for, and none is NULL. */
bool
vring_area_is_aligned(const struct vring_area *area);

/** Zero the three areas: the state in which both formats start. */
void
vring_area_clear(const struct vring_area *area);

#ifdef __cplusplus
}
#endif

#endif /* VIRTIO_VRING_LAYOUT_H */
