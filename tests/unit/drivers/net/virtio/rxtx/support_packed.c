/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See support_packed.h.
 */

#include <string.h>

#include "support.h"

#define LAP_BITS (PACKED_DESC_AVAIL | PACKED_DESC_USED)

static uint16_t
ring_size(const struct device *device)
{
	return (uint16_t)device->area->size;
}

static struct vring_packed_desc *
desc_at(const struct device *device, struct packed_pos pos)
{
	assert_in_range(pos.idx, 0, device->area->size - 1);
	return &packed_desc_ring(device->area)[pos.idx];
}

static bool
is_avail(const struct device *device, struct packed_pos pos)
{
	return packed_is_avail(packed_flags_read(desc_at(device, pos)), pos.wrap);
}

void
packed_device_start(struct device *device, uint32_t base)
{
	struct packed_device *const packed = &device->packed;

	packed->avail = packed_event_pos((uint16_t)base);
	packed->used = packed_event_pos((uint16_t)(base >> 16));
	/* A device that starts has nothing of the driver's. */
	assert_int_equal(packed->avail.idx, packed->used.idx);
	assert_int_equal(packed->avail.wrap, packed->used.wrap);
	packed->nb_pending = 0;
	packed->batched = 0;
}

uint16_t
packed_device_waiting(const struct device *device)
{
	struct packed_pos pos = device->packed.avail;
	uint16_t buffers = 0;
	uint32_t i;

	for (i = 0; i < device->area->size && is_avail(device, pos); i++) {
		buffers += (desc_at(device, pos)->flags & VRING_DESC_F_NEXT) == 0;
		pos = packed_pos_advance(pos, 1, ring_size(device));
	}
	return buffers;
}

static void
link_add(struct chain *chain, struct vring_packed_desc desc)
{
	assert_in_range(chain->links, 0, CHAIN_MAX - 1);
	assert_int_not_equal(desc.len, 0);
	chain->link[chain->links++] =
		(struct vring_desc){.addr = desc.addr, .len = desc.len, .flags = desc.flags & ~LAP_BITS};
}

static void
table_collect(struct chain *chain, const struct vring_packed_desc *first)
{
	const struct vring_packed_desc *const table = (const void *)(uintptr_t)first->addr;
	uint32_t i;

	assert_int_equal(first->len % sizeof(*table), 0);
	for (i = 0; i < first->len / sizeof(*table); i++) {
		assert_int_equal(table[i].id, 0);
		assert_int_equal(table[i].flags & ~VRING_DESC_F_WRITE, 0);
		link_add(chain, table[i]);
	}
}

void
packed_device_pop(struct device *device, struct chain *chain)
{
	struct packed_device *const packed = &device->packed;
	struct vring_packed_desc desc;
	uint16_t links = 0;

	assert_int_equal(packed_driver_event(device->area)->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
	chain->links = 0;
	chain->is_indirect = false;
	do {
		/* VIRTIO 1.3 2.8.6: "the device will never observe a partial scatter/gather list" */
		assert_true(is_avail(device, packed->avail));
		desc = packed_desc_read(desc_at(device, packed->avail));
		packed->avail = packed_pos_advance(packed->avail, 1, ring_size(device));
		links++;
		assert_in_range(links, 1, device->area->size);
		chain->is_indirect = (desc.flags & VRING_DESC_F_INDIRECT) != 0;
		if (chain->is_indirect) {
			assert_int_equal(links, 1);
			assert_int_equal(desc.flags & ~LAP_BITS, VRING_DESC_F_INDIRECT);
			table_collect(chain, &desc);
		} else {
			link_add(chain, desc);
		}
	} while ((desc.flags & VRING_DESC_F_NEXT) != 0);
	chain->head = desc.id;
	assert_in_range(chain->head, 0, device->area->size - 1);
	packed->links[chain->head] = links;
}

void
packed_device_push(struct device *device, uint32_t id, uint32_t len)
{
	struct packed_device *const packed = &device->packed;
	struct vring_packed_desc *const desc = desc_at(device, packed->used);
	uint16_t slots = id < device->area->size ? packed->links[id] : 1;

	slots = RTE_MAX(slots, 1) + packed->batched;
	packed->batched = 0;
	/* VIRTIO 1.3 2.8.4: "In a used descriptor, Element Address is unused." */
	desc->addr = 0xdead;
	desc->len = len;
	desc->id = (uint16_t)id;
	packed->pending[packed->nb_pending].slot = packed->used.idx;
	packed->pending[packed->nb_pending++].flags =
		packed_used_bits(packed->used.wrap) | (len > 0 ? VRING_DESC_F_WRITE : 0);
	packed->used = packed_pos_advance(packed->used, slots, ring_size(device));
}

/* The first descriptor's flags last: nothing is seen in parts. */
void
packed_device_publish(struct device *device)
{
	struct packed_device *const packed = &device->packed;

	while (packed->nb_pending > 0) {
		packed->nb_pending--;
		packed_flags_publish(&packed_desc_ring(device->area)[packed->pending[packed->nb_pending].slot],
			packed->pending[packed->nb_pending].flags);
	}
}

