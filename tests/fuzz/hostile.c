/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See hostile.h.
 */

#include "hostile.h"
#include "virtio/net.h"

static bool
is_packed(const struct hostile *hostile)
{
	return hostile->area->format == VRING_PACKED;
}

void
hostile_start(struct hostile *hostile, uint32_t base)
{
	hostile->avail_idx = (uint16_t)base;
	hostile->used_idx = (uint16_t)base;
	/*
	 * Packed: offset and wrap counter as an event has them, of the available side below the
	 * used side's.
	 */
	hostile->avail_pos = packed_event_pos((uint16_t)base);
	hostile->used_pos = packed_event_pos((uint16_t)(base >> 16));
}

void
hostile_kick(void *hostile, uint16_t queue)
{
	(void)queue;
	((struct hostile *)hostile)->kicks++;
}

/* The net header of a received packet, if its buffer is one. */
static void
write_header(struct hostile *hostile, uint64_t addr, uint16_t num_buffers)
{
	const struct virtio_net_hdr_v1 hdr = {.num_buffers = num_buffers == 0 ? 1 : num_buffers};

	if (hostile->pool != NULL)
		pool_write(hostile->pool, addr, &hdr, hostile->hdr_len < sizeof(hdr) ? hostile->hdr_len : sizeof(hdr));
}

/* --- split --- */

static struct vring_used *
used_of(const struct hostile *hostile)
{
	return split_used_ring(hostile->area);
}

static bool
split_pop(struct hostile *hostile, uint16_t *head)
{
	const struct vring_avail *const avail = split_avail_ring(hostile->area);

	if (split_avail_idx_read(avail) == hostile->avail_idx)
		return false;
	*head = split_avail_entry_read(avail, hostile->avail_idx++ & (hostile->area->size - 1));
	return true;
}

static uint32_t
split_complete(struct hostile *hostile, uint32_t n, uint32_t len, uint16_t num_buffers, bool is_batch)
{
	const uint16_t mask = (uint16_t)(hostile->area->size - 1);
	uint16_t slot = hostile->used_idx & mask;
	uint16_t head = 0;
	uint32_t i;

	for (i = 0; i < n && split_pop(hostile, &head); i++) {
		if (head < hostile->area->size)
			write_header(hostile, split_desc_read(split_desc_table(hostile->area), head).addr, num_buffers);
		if (!is_batch)
			slot = hostile->used_idx & mask;
		hostile->used_idx++;
		if (!is_batch)
			split_used_elem_write(used_of(hostile), slot, head, len);
	}
	if (is_batch && i > 0)
		split_used_elem_write(used_of(hostile), slot, head, len);
	split_used_publish(used_of(hostile), hostile->used_idx);
	return i;
}

/* --- packed --- */

/* The next chain: its first buffer, its last id, how many descriptors. */
static bool
packed_pop(struct hostile *hostile, struct vring_packed_desc *first, uint16_t *id, uint16_t *links)
{
	const struct vring_packed_desc *const ring = packed_desc_ring(hostile->area);
	const uint16_t size = (uint16_t)hostile->area->size;
	struct vring_packed_desc desc;

	*links = 0;
	if (hostile->avail_pos.idx >= size ||
			!packed_is_avail(packed_flags_read(&ring[hostile->avail_pos.idx]), hostile->avail_pos.wrap))
		return false;
	do {
		desc = packed_desc_read(&ring[hostile->avail_pos.idx]);
		if (*links == 0)
			*first = desc;
		hostile->avail_pos = packed_pos_advance(hostile->avail_pos, 1, size);
		(*links)++;
	} while ((desc.flags & VRING_DESC_F_NEXT) != 0 && *links < size);
	*id = desc.id;
	return true;
}

static void
packed_push(struct hostile *hostile, struct packed_pos at, uint16_t id, uint32_t len)
{
	if (at.idx < hostile->area->size)
		packed_used_publish(&packed_desc_ring(hostile->area)[at.idx], len, id, packed_used_bits(at.wrap));
}

static uint32_t
packed_complete(struct hostile *hostile, uint32_t n, uint32_t len, uint16_t num_buffers, bool is_batch)
{
	const uint16_t size = (uint16_t)hostile->area->size;
	const struct packed_pos start = hostile->used_pos;
	struct vring_packed_desc first;
	uint16_t links, id = 0;
	uint32_t i;

	for (i = 0; i < n && packed_pop(hostile, &first, &id, &links); i++) {
		write_header(hostile, first.addr, num_buffers);
		if (!is_batch)
			packed_push(hostile, hostile->used_pos, id, len);
		hostile->used_pos = packed_pos_advance(hostile->used_pos, links, size);
	}
	if (is_batch && i > 0)
		packed_push(hostile, start, id, len);
	return i;
}

/* --- either --- */

static uint32_t
complete(struct hostile *hostile, uint32_t n, uint32_t len, uint16_t num_buffers, bool is_batch)
{
	if (is_packed(hostile))
		return packed_complete(hostile, n, len, num_buffers, is_batch);
	return split_complete(hostile, n, len, num_buffers, is_batch);
}

uint32_t
hostile_complete(struct hostile *hostile, uint32_t n, uint32_t len, uint16_t num_buffers)
{
	return complete(hostile, n, len, num_buffers, false);
}

static void
write_element(struct hostile *hostile, const struct step *step)
{
	const uint32_t size = hostile->area->size;
	struct vring_packed_desc *desc;

	if (!is_packed(hostile)) {
		split_used_elem_write(used_of(hostile), (hostile->used_idx + step->a) & (size - 1), step->b, step->c);
		return;
	}
	desc = &packed_desc_ring(hostile->area)[(hostile->used_pos.idx + step->a) % size];
	desc->id = step->b;
	desc->len = step->c;
}

static void
move_index(struct hostile *hostile, const struct step *step)
{
	const uint16_t size = (uint16_t)hostile->area->size;

	if (!is_packed(hostile)) {
		hostile->used_idx += step->b;
		split_used_publish(used_of(hostile), hostile->used_idx);
		return;
	}
	packed_push(hostile, hostile->used_pos, step->b, step->c);
	hostile->used_pos = packed_pos_advance(hostile->used_pos, 1, size);
}

static void
scribble(struct hostile *hostile, uint32_t offset, uint32_t value)
{
	memcpy((uint8_t *)hostile->memory + offset % (hostile->memory_len - 3), &value, sizeof(value));
}

static void
want_kicks(struct hostile *hostile, const struct step *step)
{
	const bool wanted = (step->a & 1) != 0;
	struct vring_packed_desc_event *const event = packed_device_event(hostile->area);

	if (is_packed(hostile)) {
		event->off_wrap = step->b;
		packed_event_flags_set(event, step->a % 4);
		return;
	}
	split_used_flags_set(used_of(hostile), wanted ? 0 : VRING_USED_F_NO_NOTIFY);
	split_avail_event_write(used_of(hostile), hostile->area->size, step->b);
}

void
hostile_step(struct hostile *hostile, const struct step *step)
{
	switch (step->op % HOSTILE_NR) {
	case HOSTILE_COMPLETE:
		complete(hostile, step->a, step->c, step->b, false);
		break;
	case HOSTILE_BATCH:
		complete(hostile, step->a, step->c, step->b, true);
		break;
	case HOSTILE_ELEMENT:
		write_element(hostile, step);
		break;
	case HOSTILE_INDEX:
		move_index(hostile, step);
		break;
	case HOSTILE_SCRIBBLE:
		scribble(hostile, step->b, step->c);
		break;
	case HOSTILE_BUFFER:
		if (hostile->pool != NULL)
			pool_poke(hostile->pool, step->a, step->b, step->c);
		break;
	default:
		want_kicks(hostile, step);
		break;
	}
}
