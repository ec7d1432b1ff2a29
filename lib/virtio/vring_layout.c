/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Sizes and placement of a virtqueue's areas. See vring_layout.h.
 */

#include <errno.h>
#include <string.h>

#include "virtio/vring_layout.h"

/* flags and idx before the entries, the peer's event index behind them. */
#define SPLIT_RING_WORDS (3 * sizeof(uint16_t))

static size_t
round_to_line(size_t bytes)
{
	return (bytes + VRING_LINE_SIZE - 1) & ~(size_t)(VRING_LINE_SIZE - 1);
}

static bool
is_aligned(const void *p, size_t alignment)
{
	return p != NULL && ((uintptr_t)p & (alignment - 1)) == 0;
}

bool
vring_size_is_valid(enum vring_format format, uint32_t size)
{
	if (size == 0 || size > VRING_SIZE_MAX)
		return false;
	/*
	 * VIRTIO 1.3 2.7: "Queue Size value is always a power of 2. The maximum Queue Size value
	 * is 32768."
	 * VIRTIO 1.3 2.8: "Packed virtqueues support up to 2^15 entries each."
	 * VIRTIO 1.3 2.8.10.1: "The Queue Size value does not have to be a power of 2."
	 */
	return format == VRING_PACKED || (size & (size - 1)) == 0;
}

/* VIRTIO 1.3 2.7: "Descriptor Table, 16, 16 * (Queue Size)"; 2.8.10.1 says the same. */
size_t
vring_desc_bytes(enum vring_format format, uint32_t size)
{
	(void)format;
	return sizeof(struct vring_desc) * size;
}

/* VIRTIO 1.3 2.7: "Available Ring, 2, 6 + 2 * (Queue Size)" */
size_t
vring_driver_bytes(enum vring_format format, uint32_t size)
{
	if (format == VRING_PACKED)
		return sizeof(struct vring_packed_desc_event);
	return SPLIT_RING_WORDS + sizeof(uint16_t) * size;
}

/* VIRTIO 1.3 2.7: "Used Ring, 4, 6 + 8 * (Queue Size)" */
size_t
vring_device_bytes(enum vring_format format, uint32_t size)
{
	if (format == VRING_PACKED)
		return sizeof(struct vring_packed_desc_event);
	return SPLIT_RING_WORDS + sizeof(struct vring_used_elem) * size;
}

size_t
vring_layout_bytes(enum vring_format format, uint32_t size)
{
	if (!vring_size_is_valid(format, size))
		return 0;
	return round_to_line(vring_desc_bytes(format, size)) +
		round_to_line(vring_driver_bytes(format, size)) +
		round_to_line(vring_device_bytes(format, size));
}

int
vring_layout_place(struct vring_area *area, enum vring_format format, uint32_t size, void *mem,
	size_t len)
{
	uint8_t *at = mem;

	if (!vring_size_is_valid(format, size) || !is_aligned(mem, VRING_LINE_SIZE))
		return -EINVAL;
	if (len < vring_layout_bytes(format, size))
		return -ENOSPC;
	area->format = format;
	area->size = size;
	area->desc = at;
	at += round_to_line(vring_desc_bytes(format, size));
	area->driver = at;
	at += round_to_line(vring_driver_bytes(format, size));
	area->device = at;
	return 0;
}

bool
vring_area_is_aligned(const struct vring_area *area)
{
	const size_t driver = area->format == VRING_PACKED ? 4 : VRING_AVAIL_ALIGN_SIZE;

	/*
	 * VIRTIO 1.3 2.7.1 and 2.8.11: "the physical address of the first byte of each virtqueue
	 * part is a multiple of the specified alignment value"
	 */
	return is_aligned(area->desc, VRING_DESC_ALIGN_SIZE) && is_aligned(area->driver, driver) &&
		is_aligned(area->device, VRING_USED_ALIGN_SIZE);
}

void
vring_area_clear(const struct vring_area *area)
{
	/*
	 * VIRTIO 1.3 2.7.10.1: "The driver MUST initialize flags in the used ring to 0"
	 * VIRTIO 1.3 2.8.13: "The descriptor ring is zero-initialized."
	 */
	memset(area->desc, 0, vring_desc_bytes(area->format, area->size));
	memset(area->driver, 0, vring_driver_bytes(area->format, area->size));
	memset(area->device, 0, vring_device_bytes(area->format, area->size));
}
