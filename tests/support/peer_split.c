/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The peer's split rings, in the device role. What the driver wrote is checked as a device must
 * check it. Called by peer_ring.c by way of struct peer_format.
 */

#include <errno.h>

#include "virtio/feature.h"
#include "virtio/notify.h"
#include "virtio/vring_split.h"

#include "peer_private.h"

static uint16_t
slot_of(const struct peer_ring *ring, uint16_t idx)
{
	return idx & (uint16_t)(ring->area.size - 1);
}

static uint16_t
available(const struct peer_ring *ring)
{
	return (uint16_t)(split_avail_idx_read(split_avail_ring(&ring->area)) - ring->taken.next);
}

static void
split_start(struct peer *peer, struct peer_ring *ring)
{
	(void)peer;
	ring->taken.next = (uint16_t)ring->base;
	/* The used index of a fresh ring is zero; that of a ring which goes on is where it stopped. */
	ring->used = split_used_idx_read(split_used_ring(&ring->area));
	ring->published = ring->used;
}

/* Follow descriptors of a table, of the ring or indirect. */
static int
walk(struct peer *peer, const struct peer_ring *ring, struct peer_chain *chain,
	const struct vring_desc *table, uint32_t size, uint16_t at, bool writable)
{
	struct vring_desc desc;

	for (uint32_t steps = 0; steps < size; steps++) {
		if (at >= size)
			return peer_bad_ring(peer, ring, "next beyond the table");
		desc = split_desc_read(table, at);
		if (peer_chain_add_desc(peer, ring, chain, &desc, writable) < 0)
			return -EPROTO;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
		at = desc.next;
	}
	return peer_bad_ring(peer, ring, "chain without an end");
}

static int
walk_indirect(struct peer *peer, const struct peer_ring *ring, struct peer_chain *chain,
	const struct vring_desc *desc, bool writable)
{
	const void *table;
	const int size = peer_find_table(peer, ring, desc->addr, desc->len, &table);

	if (size < 0)
		return size;
	if (desc->flags & VRING_DESC_F_NEXT)
		return peer_bad_ring(peer, ring, "indirect descriptor with a next one");
	chain->indirect = true;
	return walk(peer, ring, chain, table, (uint32_t)size, 0, writable);
}

static int
split_take(struct peer *peer, struct peer_ring *ring, struct peer_chain *chain, bool writable)
{
	const struct vring_desc *table = split_desc_table(&ring->area);
	const uint16_t have = available(ring);
	struct vring_desc desc;

	if (have > ring->area.size)
		return peer_bad_ring(peer, ring, "available index jumped");
	if (have == 0)
		return -EAGAIN;
	peer_chain_begin(chain);
	chain->id = split_avail_entry_read(split_avail_ring(&ring->area),
			slot_of(ring, ring->taken.next));
	if (chain->id >= ring->area.size)
		return peer_bad_ring(peer, ring, "head beyond the table");
	ring->taken.next++;
	desc = split_desc_read(table, chain->id);
	if (desc.flags & VRING_DESC_F_INDIRECT)
		return walk_indirect(peer, ring, chain, &desc, writable);
	return walk(peer, ring, chain, table, ring->area.size, chain->id, writable);
}

static void
split_push(struct peer *peer, struct peer_ring *ring, const struct peer_used *used)
{
	const uint16_t before = ring->used;

	(void)peer;
	for (uint32_t i = 0; i < used->copies; i++)
		split_used_elem_write(split_used_ring(&ring->area),
			slot_of(ring, ring->used + (uint16_t)i), used->id, used->len);
	ring->used += (uint16_t)(used->copies - 1 + used->buffers);
	ring->wraps += ring->used < before;
}

static void
check_flags(struct peer *peer, const struct peer_ring *ring, uint16_t flags)
{
	/* VIRTIO 1.3 2.7.7.1: "The driver MUST set flags to 0 or 1." - and to 0 with EVENT_IDX. */
	if (flags > VRING_AVAIL_F_NO_INTERRUPT ||
			(flags != 0 && peer_has(peer, VIRTIO_RING_F_EVENT_IDX)))
		peer_bad_ring(peer, ring, "available flags that are not allowed");
}

static bool
split_publish(struct peer *peer, struct peer_ring *ring)
{
	const struct vring_avail *avail = split_avail_ring(&ring->area);
	const uint16_t idx = peer_fault_used_idx(peer, ring, ring->used);
	const uint16_t before = ring->published;
	uint16_t flags;

	if (!peer_fault_torn_idx(peer, ring, idx))
		split_used_publish(split_used_ring(&ring->area), idx);
	ring->published = ring->used;
	virtio_mb();
	flags = split_avail_flags_read(avail);
	check_flags(peer, ring, flags);
	if (!peer_has(peer, VIRTIO_RING_F_EVENT_IDX))
		return !(flags & VRING_AVAIL_F_NO_INTERRUPT);
	return virtio_need_event(split_used_event_read(avail, ring->area.size), ring->used, before);
}

static bool
split_ask_kick(struct peer *peer, struct peer_ring *ring, bool wanted)
{
	struct vring_used *used = split_used_ring(&ring->area);

	if (peer_has(peer, VIRTIO_RING_F_EVENT_IDX)) {
		split_used_flags_set(used, 0);
		/* As far away as can be, or the very next: the driver may have placed others meanwhile. */
		split_avail_event_write(used, ring->area.size,
			(uint16_t)(ring->taken.next + (wanted ? 0 : 0x8000)));
	} else {
		split_used_flags_set(used, wanted ? 0 : VRING_USED_F_NO_NOTIFY);
	}
	virtio_mb();
	return available(ring) != 0;
}

static uint32_t
split_base(const struct peer_ring *ring)
{
	return ring->taken.next;
}

const struct peer_format peer_split = {
	.start = split_start,
	.take = split_take,
	.push = split_push,
	.publish = split_publish,
	.ask_kick = split_ask_kick,
	.base = split_base,
};
