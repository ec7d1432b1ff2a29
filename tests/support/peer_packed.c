/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The peer's packed rings, in the device role. What the driver wrote is checked as a device must
 * check it. Called by peer_ring.c by way of struct peer_format.
 */

#include <errno.h>

#include "virtio/feature.h"
#include "virtio/notify.h"
#include "virtio/vring_packed.h"

#include "peer_private.h"

static struct packed_pos
pos_of(uint32_t half)
{
	return packed_event_pos((uint16_t)half);
}

/*
 * vhost-user: a packed ring's base has the available position in its low half and the used one in
 * the high half; an older front-end leaves that zero, for it stops rings that are drained.
 */
static void
packed_start(struct peer *peer, struct peer_ring *ring)
{
	const uint32_t high = ring->base >> 16;

	ring->taken.pos = pos_of(ring->base);
	ring->used_pos = pos_of(high != 0 ? high : ring->base);
	if (ring->taken.pos.idx < ring->area.size && ring->used_pos.idx < ring->area.size)
		return;
	peer_bad_ring(peer, ring, "base beyond the ring");
	ring->taken.pos = ring->used_pos = packed_pos_start();
}

/* As vhost_user's split rings have them, so that both formats share what looks at a buffer. */
static struct vring_desc
as_split(const struct vring_packed_desc *desc)
{
	const struct vring_desc same = {.addr = desc->addr, .len = desc->len,
		.flags = desc->flags & (VRING_DESC_F_NEXT | VRING_DESC_F_WRITE |
				VRING_DESC_F_INDIRECT)};

	return same;
}

static int
walk_indirect(struct peer *peer, const struct peer_ring *ring, struct peer_chain *chain,
	const struct vring_packed_desc *desc, bool writable)
{
	const void *table;
	const int size = peer_find_table(peer, ring, desc->addr, desc->len, &table);

	if (size < 0)
		return size;
	if (desc->flags & VRING_DESC_F_NEXT)
		return peer_bad_ring(peer, ring, "indirect descriptor with a next one");
	chain->indirect = true;
	for (int i = 0; i < size; i++) {
		const struct vring_packed_desc entry =
			packed_desc_read((const struct vring_packed_desc *)table + i);
		const struct vring_desc same = as_split(&entry);

		/* VIRTIO 1.3 2.8.7: "is the only valid flag for descriptors in the indirect table" - WRITE is. */
		if (entry.flags & (uint16_t)~VRING_DESC_F_WRITE)
			return peer_bad_ring(peer, ring, "flags in a table that have no meaning there");
		if (peer_chain_add_desc(peer, ring, chain, &same, writable) < 0)
			return -EPROTO;
	}
	return 0;
}

/* The descriptors of a chain of which the first is available. */
static int
walk(struct peer *peer, const struct peer_ring *ring, struct peer_chain *chain, bool writable)
{
	const struct vring_packed_desc *descs = packed_desc_ring(&ring->area);
	struct packed_pos at = ring->taken.pos;

	for (; chain->slots < ring->area.size; at = packed_pos_advance(at, 1, (uint16_t)ring->area.size)) {
		const struct vring_packed_desc desc = packed_desc_read(&descs[at.idx]);
		const struct vring_desc same = as_split(&desc);

		if (!packed_is_avail(desc.flags, at.wrap))
			return peer_bad_ring(peer, ring, "chain with a part that is not available");
		/* VIRTIO 1.3 2.8.6: "Buffer ID is included in the last descriptor in the list." */
		chain->id = desc.id;
		if (chain->slots++ == 0 && (desc.flags & VRING_DESC_F_INDIRECT))
			return walk_indirect(peer, ring, chain, &desc, writable);
		if (peer_chain_add_desc(peer, ring, chain, &same, writable) < 0)
			return -EPROTO;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
	}
	return peer_bad_ring(peer, ring, "chain without an end");
}

static bool
is_available(const struct peer_ring *ring)
{
	const struct vring_packed_desc *descs = packed_desc_ring(&ring->area);

	return packed_is_avail(packed_flags_read(&descs[ring->taken.pos.idx]), ring->taken.pos.wrap);
}

static int
packed_take(struct peer *peer, struct peer_ring *ring, struct peer_chain *chain, bool writable)
{
	int rc;

	if (!is_available(ring))
		return -EAGAIN;
	peer_chain_begin(chain);
	rc = walk(peer, ring, chain, writable);
	ring->taken.pos = packed_pos_advance(ring->taken.pos, chain->slots, (uint16_t)ring->area.size);
	return rc;
}

static void
packed_push(struct peer *peer, struct peer_ring *ring, const struct peer_used *used)
{
	struct vring_packed_desc *descs = packed_desc_ring(&ring->area);

	for (uint32_t i = 0; i < used->copies; i++) {
		const bool wrap = ring->used_pos.wrap;
		const uint16_t flags = packed_used_bits(wrap) | used->flags;

		packed_used_publish(&descs[ring->used_pos.idx], used->len, (uint16_t)used->id,
			peer_fault_used_flags(peer, ring, flags));
		ring->used_pos = packed_pos_advance(ring->used_pos, used->slots,
				(uint16_t)ring->area.size);
		ring->wraps += ring->used_pos.wrap != wrap;
		ring->uncalled += used->slots;
	}
}

/* VIRTIO 1.3 2.8.10: "The value 0x3 is reserved", and 0x2 is "Only valid if VIRTIO_F_RING_EVENT_IDX". */
static void
check_event(struct peer *peer, const struct peer_ring *ring, struct packed_event event)
{
	if (event.flags > VRING_PACKED_EVENT_FLAG_DESC)
		peer_bad_ring(peer, ring, "event flags that are reserved");
	if (event.flags == VRING_PACKED_EVENT_FLAG_DESC && !peer_has(peer, VIRTIO_RING_F_EVENT_IDX))
		peer_bad_ring(peer, ring, "event position without the feature");
}

static bool
packed_publish(struct peer *peer, struct peer_ring *ring)
{
	const uint16_t count = ring->uncalled;
	struct packed_event event;

	peer_fault_used_ahead(peer, ring, ring->used_pos);
	ring->uncalled = 0;
	virtio_mb();
	event = packed_event_read(packed_driver_event(&ring->area));
	check_event(peer, ring, event);
	return packed_need_event(event, ring->used_pos, count, (uint16_t)ring->area.size);
}

static bool
packed_ask_kick(struct peer *peer, struct peer_ring *ring, bool wanted)
{
	struct vring_packed_desc_event *event = packed_device_event(&ring->area);

	if (wanted && peer_has(peer, VIRTIO_RING_F_EVENT_IDX))
		packed_event_pos_set(event, ring->taken.pos);
	else
		packed_event_flags_set(event, wanted ? VRING_PACKED_EVENT_FLAG_ENABLE :
				VRING_PACKED_EVENT_FLAG_DISABLE);
	virtio_mb();
	return is_available(ring);
}

static uint32_t
packed_base_of(const struct peer_ring *ring)
{
	return packed_event_off_wrap(ring->taken.pos) |
		(uint32_t)packed_event_off_wrap(ring->used_pos) << 16;
}

const struct peer_format peer_packed = {
	.start = packed_start,
	.take = packed_take,
	.push = packed_push,
	.publish = packed_publish,
	.ask_kick = packed_ask_kick,
	.base = packed_base_of,
};
