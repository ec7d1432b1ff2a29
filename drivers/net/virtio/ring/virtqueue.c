/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The slow half of a virtqueue: making it, emptying it, mending it. See virtqueue.h.
 */

#include <errno.h>
#include <stdlib.h>

#include <rte_bitops.h>
#include <rte_common.h>

#include "log.h"
#include "ring/packed.h"
#include "ring/split.h"
#include "ring/split_take.h"
#include "ring/virtqueue.h"

static bool
is_packed(const struct virtqueue *vq)
{
	return vq->shape.format == VRING_PACKED;
}

static bool
may_scatter(const struct virtqueue *vq)
{
	return !is_packed(vq) && !vq->shape.in_order;
}

static int
shadow_alloc(struct virtqueue *vq)
{
	vq->cookies = calloc(vq->size, sizeof(*vq->cookies));
	vq->heads = calloc(vq->size, sizeof(*vq->heads));
	vq->free_ids = calloc((size_t)vq->mask + 1, sizeof(*vq->free_ids));
	vq->chains = calloc(vq->size, sizeof(*vq->chains));
	vq->spare = may_scatter(vq) ? calloc(vq->size, sizeof(*vq->spare)) : NULL;
	if (vq->cookies != NULL && vq->heads != NULL && vq->free_ids != NULL && vq->chains != NULL &&
			(vq->spare != NULL || !may_scatter(vq)))
		return 0;
	virtqueue_fini(vq);
	return -ENOMEM;
}

int
virtqueue_init(struct virtqueue *vq, const struct virtqueue_config *config)
{
	int rc;

	rc = vring_layout_place(&vq->area, config->shape.format, config->size, config->mem, config->mem_len);
	if (rc != 0)
		return rc;
	vq->desc = split_desc_table(&vq->area);
	vq->avail = split_avail_ring(&vq->area);
	vq->used = split_used_ring(&vq->area);
	vq->size = config->size;
	vq->mask = (uint16_t)(rte_align32pow2(config->size) - 1);
	vq->index = config->index;
	vq->whole_len = config->whole_len;
	vq->notifier = config->notifier;
	vq->port = config->port;
	vq->breaks = config->breaks;
	vq->shape = config->shape;
	vq->event_idx = config->event_idx;
	rc = shadow_alloc(vq);
	if (rc != 0)
		return rc;
	virtqueue_reset(vq);
	return 0;
}

void
virtqueue_fini(struct virtqueue *vq)
{
	free(vq->cookies);
	free(vq->heads);
	free(vq->free_ids);
	free(vq->chains);
	free(vq->spare);
	vq->cookies = NULL;
	vq->heads = NULL;
	vq->free_ids = NULL;
	vq->chains = NULL;
	vq->spare = NULL;
}

/* Entry, descriptor and FIFO position share a number until chains or the peer shuffle them. */
static void
shadow_reset(struct virtqueue *vq)
{
	uint32_t i;

	for (i = 0; i < vq->size; i++) {
		vq->cookies[i] = NULL;
		vq->heads[i] = (uint16_t)i;
		vq->free_ids[i] = (uint16_t)i;
		vq->chains[i] = (struct vq_chain){.count = 1};
	}
}

static void
split_reset(struct virtqueue *vq)
{
	uint32_t i;

	for (i = 0; i < vq->size; i++)
		split_avail_entry_write(vq->avail, (uint16_t)i, (uint16_t)i);
	split_calls_off(vq, 0);
	vq->kick_idx = 0;
	vq->is_lined_up = true;
}

/* The chain from @p head up to where the next one begins. */
static void
chain_scatter(struct virtqueue *vq, uint16_t head, uint16_t next_head)
{
	uint16_t id = head;

	/* Of the same place twice: one chain fills the whole table. */
	vq->chains[head].count = ((next_head - head - 1) & vq->mask) + 1;
	do {
		vq->chains[id].next = (uint16_t)(id + 1) & vq->mask;
		id = vq->chains[id].next;
	} while (id != next_head);
}

void
virtqueue_scatter(struct virtqueue *vq)
{
	void **const by_slot = vq->cookies;
	void **const by_head = vq->spare;
	uint16_t at;
	uint32_t i;

	for (i = 0; i < vq->size; i++) {
		by_head[i] = NULL;
		vq->chains[i] = (struct vq_chain){.count = 1};
	}
	for (at = vq->used_idx; at != vq->avail_idx; at++) {
		const uint16_t head = vq->heads[at & vq->mask];
		const bool is_last = (uint16_t)(at + 1) == vq->avail_idx;

		by_head[head] = by_slot[at & vq->mask];
		chain_scatter(vq, head, is_last ? vq->desc_next & vq->mask : vq->heads[(at + 1) & vq->mask]);
	}
	for (i = 0; i < vq->nb_free; i++)
		vq->free_ids[(vq->desc_next + i) & vq->mask] = (uint16_t)(vq->desc_next + i) & vq->mask;
	vq->desc_freed = (uint16_t)(vq->desc_next + vq->nb_free);
	vq->cookies = by_head;
	vq->spare = by_slot;
	vq->is_lined_up = false;
}

void
virtqueue_reset(struct virtqueue *vq)
{
	vring_area_clear(&vq->area);
	shadow_reset(vq);
	vq->avail_idx = 0;
	vq->used_idx = 0;
	vq->used_seen = 0;
	vq->desc_next = 0;
	vq->desc_freed = 0;
	vq->batch_left = 0;
	vq->batch_len = 0;
	vq->nb_free = vq->size;
	vq->broken = false;
	if (is_packed(vq))
		packed_reset(vq);
	else
		split_reset(vq);
}

void
virtqueue_drain(struct virtqueue *vq, void (*give)(void *ctx, void *cookie), void *ctx)
{
	uint16_t at;
	uint32_t id;

	if (is_packed(vq)) {
		packed_drain(vq, give, ctx);
		return;
	}
	if (vq->is_lined_up) {
		for (at = vq->used_idx; at != vq->avail_idx; at++)
			give(ctx, vq->cookies[at & vq->mask]);
		return;
	}
	for (id = 0; id < vq->size; id++)
		if (vq->cookies[id] != NULL)
			give(ctx, vq->cookies[id]);
}

static bool
is_outstanding(const struct virtqueue *vq, uint32_t id)
{
	return id < vq->size && vq->cookies[id] != NULL && !vq->chains[id].seen;
}

/* Whether the peer returned what was due, up to @p claimed. */
static bool
returned_in_order(const struct virtqueue *vq, uint16_t claimed)
{
	uint16_t at;

	for (at = vq->used_idx; at != claimed; at++)
		if (split_used_elem_read(vq->used, at & vq->mask).id != vq->heads[at & vq->mask])
			return false;
	return true;
}

/* How far the used ring can be believed. Scattered, the heads in it are marked as seen. */
static uint16_t
believable_used_idx(struct virtqueue *vq)
{
	const uint16_t claimed = split_used_idx_read(vq->used);
	uint16_t at;

	/* A queue that broke would find the same element again. */
	if (vq->broken || (uint16_t)(claimed - vq->used_idx) > virtqueue_outstanding(vq))
		return vq->used_idx;
	if (vq->shape.in_order)
		return claimed;
	if (vq->is_lined_up && returned_in_order(vq, claimed))
		return claimed;
	if (vq->is_lined_up)
		virtqueue_scatter(vq);
	for (at = vq->used_idx; at != claimed; at++) {
		const uint32_t id = split_used_elem_read(vq->used, at & vq->mask).id;

		if (!is_outstanding(vq, id))
			break;
		vq->chains[id].seen = true;
	}
	return at;
}

/* Lined up: slots are the order of posting, and descriptors are taken round the table. */
static uint32_t
gather_lined_up(struct virtqueue *vq, uint16_t base, void **cookies)
{
	uint32_t n = 0;
	uint16_t links;
	uint16_t at;

	for (at = base; at != vq->avail_idx; at++)
		cookies[n++] = vq->cookies[at & vq->mask];
	if (n > 0) {
		links = ((vq->desc_next - vq->heads[base & vq->mask] - 1) & vq->mask) + 1;
		vq->desc_next -= links;
		vq->nb_free += links;
	}
	return n;
}

static bool
take_out(struct virtqueue *vq, uint32_t id, void **cookie)
{
	const uint16_t before = vq->desc_freed;

	if (!is_outstanding(vq, id))
		return false;
	*cookie = vq->cookies[id];
	vq->cookies[id] = NULL;
	vq->free_ids[before & vq->mask] = (uint16_t)id;
	vq->desc_freed = split_free_links(vq, (uint16_t)id, before + 1);
	vq->nb_free += (uint16_t)(vq->desc_freed - before);
	return true;
}

/*
 * Scattered: the heads that are still out, the newest last. From the newest entry backwards, so that of a number
 * that was posted twice the later one counts. Heads that no entry names any more were posted longest ago.
 */
static uint32_t
gather_scattered(struct virtqueue *vq, uint16_t base, void **cookies)
{
	const uint32_t n = (uint16_t)(vq->avail_idx - base);
	uint32_t to = n;
	uint32_t back;
	uint32_t id;

	for (back = 1; back <= vq->size && to > 0; back++)
		to -= take_out(vq, vq->heads[(uint16_t)(vq->avail_idx - back) & vq->mask], &cookies[to - 1]);
	for (id = 0; id < vq->size && to > 0; id++)
		to -= take_out(vq, id, &cookies[to - 1]);
	for (id = 0; id < vq->size; id++)
		vq->chains[id].seen = false;
	return n;
}

static uint16_t
split_salvage(struct virtqueue *vq, void **cookies, uint32_t *n)
{
	const uint16_t base = believable_used_idx(vq);
	uint32_t slot;

	*n = vq->is_lined_up ? gather_lined_up(vq, base, cookies) : gather_scattered(vq, base, cookies);
	vq->avail_idx = base;
	if (vq->batch_left > (uint16_t)(base - vq->used_idx))
		vq->batch_left = 0;
	vq->used_seen = base;
	vq->broken = false;
	/* A peer that went mad may have written anywhere in the ring. Entries are written again only where they change. */
	for (slot = 0; slot < vq->size; slot++)
		split_avail_entry_write(vq->avail, (uint16_t)slot, vq->heads[slot]);
	/* Nobody else is there to own the used ring. */
	split_used_flags_set(vq->used, 0);
	split_used_publish(vq->used, base);
	split_calls_off(vq, base);
	vq->kick_idx = base;
	split_avail_publish(vq->avail, base);
	return base;
}

uint16_t
virtqueue_salvage(struct virtqueue *vq, void **cookies, uint32_t *n)
{
	return is_packed(vq) ? packed_salvage(vq, cookies, n) : split_salvage(vq, cookies, n);
}

uint32_t
virtqueue_base(const struct virtqueue *vq)
{
	return is_packed(vq) ? packed_base(vq->avail_pos) : vq->avail_idx;
}

static void
break_now(struct virtqueue *vq)
{
	vq->broken = true;
	vq->used_seen = vq->used_idx;
	vq->nb_known = 0;
	(*vq->breaks)++;
}

uint16_t
virtqueue_break_index(struct virtqueue *vq, uint16_t seen)
{
	PORT_LOG(ERR, vq->port, "queue %u: the peer moved used.idx from %u to %u, only %u buffers are with it; "
		"the queue rests until the peer reconnects or the port is restarted",
		vq->index, vq->used_idx, seen, virtqueue_outstanding(vq));
	break_now(vq);
	return 0;
}

void
virtqueue_break_id(struct virtqueue *vq, uint32_t id)
{
	PORT_LOG(ERR, vq->port, "queue %u: the peer returned buffer %u, which it does not have (ring size %u); "
		"the queue rests until the peer reconnects or the port is restarted",
		vq->index, id, vq->size);
	break_now(vq);
}

/* One element says that all buffers up to its id are used. */
static bool
batch_begin(struct virtqueue *vq)
{
	const uint16_t slot = vq->used_idx & vq->mask;
	const struct vring_used_elem elem = split_used_elem_read(vq->used, slot);
	const uint16_t ahead = (uint16_t)(elem.id - slot) & vq->mask;

	if (elem.id > vq->mask || ahead >= (uint16_t)(vq->used_seen - vq->used_idx)) {
		virtqueue_break_id(vq, elem.id);
		return false;
	}
	vq->batch_left = ahead + 1;
	vq->batch_len = elem.len;
	return true;
}

uint16_t
virtqueue_take_batched(struct virtqueue *vq, void **cookies, uint32_t *lens, uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		if (vq->batch_left == 0 && !batch_begin(vq))
			break;
		vq->batch_left--;
		/* VIRTIO 1.3 2.7.9: "are assumed to have been used (read or written) by the device completely" */
		lens[i] = vq->batch_left > 0 ? vq->whole_len : vq->batch_len;
		cookies[i] = vq->cookies[vq->used_idx & vq->mask];
		vq->used_idx++;
		vq->nb_free++;
	}
	return i;
}

uint16_t
virtqueue_peek_ready(const struct virtqueue *vq)
{
	const uint16_t taken = __atomic_load_n(&vq->used_idx, __ATOMIC_RELAXED);
	const uint16_t out = (uint16_t)(__atomic_load_n(&vq->avail_idx, __ATOMIC_RELAXED) - taken);
	const uint16_t ready =
		is_packed(vq) ? packed_peek_ready(vq) : (uint16_t)(split_used_idx_read(vq->used) - taken);

	return !vq->broken && ready <= out ? ready : 0;
}
