/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What happens rarely on a packed virtqueue, out of the data path's way: batches of which the peer returned only the
 * last buffer, buffers of several descriptors, and starting over with another peer. See packed.h and virtqueue.h.
 */

#include <string.h>

#include <rte_common.h>

#include "ring/packed.h"

static uint32_t
outstanding_descs(const struct virtqueue *vq)
{
	return vq->size - vq->nb_free;
}

/* In order: whether an outstanding buffer ends at this id. */
static bool
is_end(const struct virtqueue *vq, uint32_t id)
{
	return id < vq->size && packed_distance(vq, id) < outstanding_descs(vq) && vq->cookies[id] != NULL;
}

uint32_t
packed_know(struct virtqueue *vq, uint16_t id, uint32_t at_least)
{
	if (unlikely(!is_end(vq, id) || packed_distance(vq, id) + 1 < at_least)) {
		virtqueue_break_id(vq, id);
		return 0;
	}
	vq->nb_known = packed_distance(vq, id) + 1;
	/* The buffers may be used anew after this. */
	virtio_rmb();
	return vq->nb_known;
}

uint32_t
packed_walk(struct virtqueue *vq, uint32_t group, bool eager)
{
	while (vq->nb_known < RTE_MIN(group, outstanding_descs(vq))) {
		const uint32_t before = vq->nb_known;
		const struct packed_pos next =
			packed_pos_advance(vq->used_pos, (uint16_t)before, (uint16_t)vq->size);
		const uint64_t word = packed_word_read(&vq->packed[next.idx]);

		if (!packed_word_is_used(word, next.wrap))
			break;
		if (packed_know(vq, packed_word_id(word), before + 1) == 0)
			break;
		if (!eager)
			break;
	}
	return vq->nb_known;
}

static bool
batch_begin(struct virtqueue *vq)
{
	const uint64_t word = packed_word_read(&vq->packed[vq->used_pos.idx]);
	const uint16_t id = packed_word_id(word);

	if (!packed_word_is_used(word, vq->used_pos.wrap))
		return false;
	if (!is_end(vq, id)) {
		virtqueue_break_id(vq, id);
		return false;
	}
	virtio_rmb();
	vq->batch_left = (uint16_t)(packed_distance(vq, id) + 1);
	vq->batch_len = (uint32_t)word;
	return true;
}

uint16_t
packed_take_batched(struct virtqueue *vq, void **cookies, uint32_t *lens, uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		if (vq->batch_left == 0 && !batch_begin(vq))
			break;
		vq->batch_left--;
		/* VIRTIO 1.3 2.8.8: "assumed to have been used (read or written) by the device completely" */
		lens[i] = vq->batch_left > 0 ? vq->whole_len : vq->batch_len;
		cookies[i] = vq->cookies[vq->used_pos.idx];
		packed_run_end(vq, 1);
	}
	return i;
}

uint16_t
packed_reclaim_long_in_order(struct virtqueue *vq, void **done, uint16_t n)
{
	uint32_t links = 0;
	uint16_t i = 0;

	while (i < n && vq->nb_known > 0) {
		void *const cookie = vq->cookies[vq->used_pos.idx];

		vq->used_pos = packed_pos_advance(vq->used_pos, 1, (uint16_t)vq->size);
		vq->nb_known--;
		vq->nb_free++;
		links++;
		if (cookie == NULL)
			continue;
		done[i++] = cookie;
		vq->used_idx++;
		vq->nb_long -= links > 1;
		links = 0;
	}
	return i;
}

/* Give an id, and the descriptors of its buffer, back. */
static void
buffer_free(struct virtqueue *vq, uint16_t id)
{
	const uint16_t count = vq->chains[id].count;

	vq->cookies[id] = NULL;
	vq->chains[id].count = 1;
	vq->nb_long -= count > 1;
	vq->nb_free += count;
	vq->free_ids[vq->desc_freed++ & vq->mask] = id;
	vq->used_idx++;
	vq->used_pos = packed_pos_advance(vq->used_pos, count, (uint16_t)vq->size);
}

uint16_t
packed_reclaim_long(struct virtqueue *vq, void **done, uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		const uint64_t word = packed_word_read(&vq->packed[vq->used_pos.idx]);
		const uint16_t id = packed_word_id(word);

		if (!packed_word_is_used(word, vq->used_pos.wrap))
			break;
		if (id >= vq->size || vq->cookies[id] == NULL) {
			virtqueue_break_id(vq, id);
			break;
		}
		done[i] = vq->cookies[id];
		buffer_free(vq, id);
	}
	virtio_rmb();
	return i;
}

void
packed_reset(struct virtqueue *vq)
{
	/* VIRTIO 1.3 2.8.10: "Disable events" - we poll. */
	packed_event_flags_set(vq->driver_event, VRING_PACKED_EVENT_FLAG_DISABLE);
	vq->avail_pos = packed_pos_start();
	vq->used_pos = packed_pos_start();
	vq->desc_freed = (uint16_t)vq->size;
	vq->nb_long = 0;
	vq->nb_known = 0;
	vq->nb_unkicked = 0;
}

void
packed_drain(struct virtqueue *vq, void (*give)(void *ctx, void *cookie), void *ctx)
{
	uint32_t left = vq->shape.in_order ? outstanding_descs(vq) : vq->size;
	struct packed_pos at = vq->used_pos;

	for (; left > 0; left--) {
		if (vq->cookies[at.idx] != NULL)
			give(ctx, vq->cookies[at.idx]);
		at = packed_pos_advance(at, 1, (uint16_t)vq->size);
	}
}

/* --- starting over --- */

/* What the peer had returned and nobody took yet. */
struct returned {
	struct packed_pos end;
	uint32_t descs;
	uint32_t buffers;
};

/* In order: buffers that end in the @p count descriptors from used_pos on; *nb_long: those of several descriptors. */
static uint32_t
count_ends(const struct virtqueue *vq, uint32_t count, uint32_t *nb_long)
{
	struct packed_pos at = vq->used_pos;
	uint32_t links = 0;
	uint32_t ends = 0;

	*nb_long = 0;
	for (; count > 0; count--) {
		links++;
		if (vq->cookies[at.idx] != NULL) {
			*nb_long += links > 1;
			links = 0;
			ends++;
		}
		at = packed_pos_advance(at, 1, (uint16_t)vq->size);
	}
	return ends;
}

static struct returned
returned_begin(const struct virtqueue *vq)
{
	struct returned got = {.descs = RTE_MIN(vq->nb_known + vq->batch_left, outstanding_descs(vq))};

	got.end = packed_pos_advance(vq->used_pos, (uint16_t)got.descs, (uint16_t)vq->size);
	return got;
}

/* Go on by one used descriptor, if there is another that can be believed; *id: what it names. */
static bool
returned_next(const struct virtqueue *vq, struct returned *got, uint16_t *id)
{
	const uint64_t word = packed_word_read(&vq->packed[got->end.idx]);
	uint32_t descs;

	*id = packed_word_id(word);
	if (got->descs >= outstanding_descs(vq) || !packed_word_is_used(word, got->end.wrap) || *id >= vq->size)
		return false;
	if (vq->cookies[*id] == NULL || vq->chains[*id].seen)
		return false;
	descs = vq->shape.in_order ? packed_distance(vq, *id) + 1 : got->descs + vq->chains[*id].count;
	if (descs <= got->descs || descs > outstanding_descs(vq))
		return false;
	got->descs = descs;
	got->end = packed_pos_advance(vq->used_pos, (uint16_t)descs, (uint16_t)vq->size);
	got->buffers++;
	return true;
}

uint16_t
packed_peek_ready(const struct virtqueue *vq)
{
	struct returned got = returned_begin(vq);
	uint32_t nb_long;
	uint16_t id;

	/* Only a hint: a thread that polls meanwhile moves what is read here. */
	while (returned_next(vq, &got, &id))
		;
	return (uint16_t)(vq->shape.in_order ? count_ends(vq, got.descs, &nb_long) : got.buffers);
}

/* In order: slots are the order of posting. */
static uint32_t
gather_in_order(struct virtqueue *vq, const struct returned *got, void **cookies)
{
	uint32_t left = outstanding_descs(vq) - got->descs;
	struct packed_pos at = got->end;
	uint32_t n = 0;

	for (; left > 0; left--) {
		if (vq->cookies[at.idx] != NULL)
			cookies[n++] = vq->cookies[at.idx];
		at = packed_pos_advance(at, 1, (uint16_t)vq->size);
	}
	return n;
}

static bool
take_out(struct virtqueue *vq, uint16_t id, void **cookie)
{
	if (vq->cookies[id] == NULL || vq->chains[id].seen)
		return false;
	*cookie = vq->cookies[id];
	vq->cookies[id] = NULL;
	vq->nb_long -= vq->chains[id].count > 1;
	vq->chains[id].count = 1;
	return true;
}

/*
 * Out of order: the FIFO remembers what was popped last, newest first, until it is pushed over. What it does not
 * remember any more was posted longest ago.
 */
static uint32_t
gather_out_of_order(struct virtqueue *vq, const struct returned *got, void **cookies)
{
	const uint32_t n = virtqueue_outstanding(vq) - got->buffers;
	uint32_t to = n;
	uint32_t back;
	uint32_t id;

	for (back = 1; back <= (uint32_t)vq->mask + 1 && to > 0; back++)
		to -= take_out(vq, vq->free_ids[(uint16_t)(vq->desc_next - back) & vq->mask], &cookies[to - 1]);
	for (id = 0; id < vq->size && to > 0; id++)
		to -= take_out(vq, (uint16_t)id, &cookies[to - 1]);
	return n;
}

/* Ids from the next slot on, so that they equal slots again. */
static void
fifo_rebuild(struct virtqueue *vq)
{
	struct packed_pos at = vq->avail_pos;
	uint32_t i;

	vq->desc_next = 0;
	vq->desc_freed = 0;
	for (i = 0; i < vq->size; i++) {
		vq->chains[at.idx].seen = false;
		if (vq->cookies[at.idx] == NULL)
			vq->free_ids[vq->desc_freed++] = at.idx;
		at = packed_pos_advance(at, 1, (uint16_t)vq->size);
	}
}

/* A slot that is neither available nor used in the lap in which it comes next. */
static void
blank_free_slots(struct virtqueue *vq)
{
	struct packed_pos at = vq->avail_pos;
	uint32_t i;

	for (i = 0; i < vq->nb_free; i++) {
		packed_desc_write_whole(&vq->packed[at.idx], 0, 0, 0, packed_used_bits(!at.wrap));
		at = packed_pos_advance(at, 1, (uint16_t)vq->size);
	}
}

uint16_t
packed_salvage(struct virtqueue *vq, void **cookies, uint32_t *n)
{
	struct returned got = returned_begin(vq);
	uint16_t id;

	while (returned_next(vq, &got, &id))
		vq->chains[id].seen = true;
	if (vq->shape.in_order) {
		got.buffers = count_ends(vq, got.descs, &vq->nb_long);
		*n = gather_in_order(vq, &got, cookies);
	} else {
		*n = gather_out_of_order(vq, &got, cookies);
	}
	vq->avail_pos = got.end;
	vq->avail_idx = (uint16_t)(vq->used_idx + got.buffers);
	vq->nb_free = vq->size - got.descs;
	vq->nb_unkicked = 0;
	vq->broken = false;
	fifo_rebuild(vq);
	blank_free_slots(vq);
	/* Nobody else is there to own the device's part. */
	memset(vq->device_event, 0, sizeof(*vq->device_event));
	packed_event_flags_set(vq->driver_event, VRING_PACKED_EVENT_FLAG_DISABLE);
	return vq->avail_idx;
}
