/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The driver's data verbs on a packed virtqueue: take and refill, place and reclaim. Reached through verbs.h only,
 * where the shape is a compile-time constant and every test of in_order folds away. What happens rarely lies in packed.c.
 *
 * Theory of operation
 *
 * There is no index to read: how far the peer came shows in the flags of the descriptors themselves. Take goes from one
 * to the next, a single load each for length, id and flags, up to the first that is not used. Reclaim in order looks at
 * the one descriptor that ends the group it wants; if that is used, so is all before it, and the packets leave as a slice
 * of the cookie array, no other descriptor being read.
 *
 * Writing goes through a cursor (see split.h), descriptor after descriptor in the order of the ring, each as two words
 * of which the second holds length, id and flags together: a line is stored once, whole, and not touched again until
 * the peer returned it. Nothing is left for publication but the head of a chain, which is stored after its links.
 *
 * In order, a buffer's id is the slot of its last descriptor, where its cookie lies too (NULL at the slots before it):
 * the peer may return just the last buffer of a batch, and the distance to that id is the size of the batch. Out of
 * order, ids come from a FIFO, so that a peer that happens to keep the order gets ids that equal slots.
 *
 * A peer's word is believed after it was found in the shadow: an id must name an outstanding buffer, and no more
 * is taken than what is outstanding, whatever flags say.
 */

#ifndef VIRTIO_RING_PACKED_H
#define VIRTIO_RING_PACKED_H

#include <rte_branch_prediction.h>

#include "ring/virtqueue.h"
#include "virtio/notify.h"
#include "virtio/vring_packed.h"

/* --- words: the half of a descriptor that holds length, id and flags --- */

/** Length, id and flags of one moment. Read before whatever they describe: virtio_rmb() lies between. */
VIRTIO_INLINE uint64_t
packed_word_read(const struct vring_packed_desc *desc)
{
	return virtio_read_once64(&desc->len);
}

VIRTIO_INLINE uint64_t
packed_word(uint32_t len, uint16_t id, uint16_t flags)
{
	return len | (uint64_t)id << 32 | (uint64_t)flags << 48;
}

VIRTIO_INLINE uint16_t
packed_word_id(uint64_t word)
{
	return (uint16_t)(word >> 32);
}

VIRTIO_INLINE bool
packed_word_is_used(uint64_t word, bool wrap)
{
	return packed_is_used((uint16_t)(word >> 48), wrap);
}

/** Of a word: what must be as expected; nothing else has a meaning in a used descriptor. */
VIRTIO_INLINE uint64_t
packed_word_mask(bool in_order)
{
	return packed_word(0, in_order ? UINT16_MAX : 0, PACKED_DESC_AVAIL | PACKED_DESC_USED);
}

/* --- packed.c --- */

/** In order: a used descriptor with this id, at least @p at_least descriptors on, was seen. @return what is known. */
uint32_t packed_know(struct virtqueue *vq, uint16_t id, uint32_t at_least);

/** In order: look at the next descriptor; if @p eager, go on up to a group. @return what is known now. */
uint32_t packed_walk(struct virtqueue *vq, uint32_t group, bool eager);

/** In order: take what the peer returned as batches. @return taken; 0 also when the queue broke. */
uint16_t packed_take_batched(struct virtqueue *vq, void **cookies, uint32_t *lens, uint16_t n)
	__attribute__((cold, noinline));

/** Reclaim while buffers of several descriptors are in the ring. */
uint16_t packed_reclaim_long_in_order(struct virtqueue *vq, void **done, uint16_t n);
uint16_t packed_reclaim_long(struct virtqueue *vq, void **done, uint16_t n);

void packed_reset(struct virtqueue *vq);
void packed_drain(struct virtqueue *vq, void (*give)(void *ctx, void *cookie), void *ctx);
uint16_t packed_peek_ready(const struct virtqueue *vq);

/** virtqueue_salvage() of a packed ring. */
uint16_t packed_salvage(struct virtqueue *vq, void **cookies, uint32_t *n);

/* --- placing --- */

/** Where the next buffers go. */
struct packed_cursor {
	struct vring_packed_desc *desc;
	void **cookies;
	const uint16_t *free_ids;
	uint16_t size;
	uint16_t mask;
	uint16_t slot;       /* of the next descriptor */
	uint16_t avail_bits; /* of its lap */
	uint16_t id_next;    /* out of order: FIFO position */
	uint16_t buffers;    /* placed by this cursor */
	uint16_t links;      /* descriptors beyond one for each buffer */
	/* A chain that is being placed: its first descriptor waits for the others. */
	uint16_t chain_links;
	uint16_t chain_head;
	uint64_t chain_addr;
	uint64_t chain_word;
};

VIRTIO_INLINE struct packed_cursor
packed_cursor_begin(const struct virtqueue *vq)
{
	const struct packed_cursor at = {
		.desc = vq->packed,
		.cookies = vq->cookies,
		.free_ids = vq->free_ids,
		.size = (uint16_t)vq->size,
		.mask = vq->mask,
		.slot = vq->avail_pos.idx,
		.avail_bits = packed_avail_bits(vq->avail_pos.wrap),
		.id_next = vq->desc_next,
	};

	return at;
}

/** Take over where a cursor came to; the device sees it already. */
VIRTIO_INLINE void
packed_cursor_end(struct virtqueue *vq, const struct packed_cursor *at)
{
	const uint32_t count = (uint32_t)at->buffers + at->links;

	vq->avail_pos.idx = at->slot;
	vq->avail_pos.wrap = at->avail_bits == PACKED_DESC_AVAIL;
	vq->avail_idx += at->buffers;
	vq->desc_next = at->id_next;
	vq->nb_free -= count;
	vq->nb_unkicked += count;
}

VIRTIO_INLINE uint16_t
packed_next_id(const struct packed_cursor *at, bool in_order)
{
	return in_order ? at->slot : at->free_ids[at->id_next & at->mask];
}

VIRTIO_INLINE void
packed_step(struct packed_cursor *at)
{
	if (unlikely(++at->slot == at->size)) {
		at->slot = 0;
		at->avail_bits ^= PACKED_DESC_AVAIL | PACKED_DESC_USED;
	}
}

/** Store a descriptor that the device may take from here on. */
VIRTIO_INLINE void
packed_give(struct vring_packed_desc *desc, uint64_t addr, uint64_t word)
{
	virtio_write_once64(&desc->addr, addr);
	/*
	 * VIRTIO 1.3 2.8.21.1.1: "The driver MUST perform a suitable memory barrier before the flags update, to ensure
	 * the device sees the most up-to-date copy." - the address, and what lies there.
	 */
	virtio_wmb();
	virtio_write_once64(&desc->len, word);
}

/** Place a buffer of one descriptor whose cookie is in place. */
VIRTIO_INLINE void
packed_place_prepared(struct packed_cursor *at, uint16_t id, uint64_t addr, uint32_t len, uint16_t flags)
{
	packed_give(&at->desc[at->slot], addr, packed_word(len, id, flags | at->avail_bits));
	at->buffers++;
	packed_step(at);
}

/** Place a buffer of one descriptor. */
VIRTIO_INLINE void
packed_place(struct packed_cursor *at, bool in_order, void *cookie, uint64_t addr, uint32_t len, uint16_t flags)
{
	const uint16_t id = packed_next_id(at, in_order);

	at->cookies[id] = cookie;
	at->id_next++;
	packed_place_prepared(at, id, addr, len, flags);
}

/** One link of a chain; @p flags without NEXT for the last one. packed_chain_end() makes it visible. */
VIRTIO_INLINE void
packed_chain_add(struct packed_cursor *at, bool in_order, uint64_t addr, uint32_t len, uint16_t flags)
{
	/* VIRTIO 1.3 2.8.6: "Buffer ID is included in the last descriptor in the list." Elsewhere nobody looks. */
	const uint64_t word = packed_word(len, packed_next_id(at, in_order), flags | at->avail_bits);

	if (at->chain_links == 0) {
		at->chain_head = at->slot;
		at->chain_addr = addr;
		at->chain_word = word;
	} else {
		virtio_write_once128(&at->desc[at->slot], addr, word);
	}
	if (in_order)
		at->cookies[at->slot] = NULL;
	at->chain_links++;
	packed_step(at);
}

/** Make the links one buffer, which begins at the slot of the first of them. */
VIRTIO_INLINE void
packed_chain_end(struct virtqueue *vq, struct packed_cursor *at, bool in_order, void *cookie)
{
	const uint16_t count = at->chain_links;
	uint16_t id = packed_next_id(at, false);

	if (in_order)
		id = at->slot == 0 ? at->size - 1 : at->slot - 1;
	else
		vq->chains[id].count = count;
	at->cookies[id] = cookie;
	at->id_next++;
	at->buffers++;
	at->links += count - 1;
	at->chain_links = 0;
	vq->nb_long += count > 1;
	/*
	 * VIRTIO 1.3 2.8.6: "The driver always makes the first descriptor in the list available after the rest of the
	 * list has been written out into the ring."
	 */
	packed_give(&at->desc[at->chain_head], at->chain_addr, at->chain_word);
}

/* --- taking --- */

/** How many steps @p id lies from the next used descriptor; @p id below size. */
VIRTIO_INLINE uint32_t
packed_distance(const struct virtqueue *vq, uint32_t id)
{
	const uint32_t from = vq->used_pos.idx;

	return id >= from ? id - from : id + vq->size - from;
}

/** Rx: whether anything waits to be taken. @return 0, or what is outstanding: take says how much of it is there. */
VIRTIO_INLINE uint16_t
packed_ready(const struct virtqueue *vq)
{
	const uint16_t flags = packed_flags_peek(&vq->packed[vq->used_pos.idx]);

	if (unlikely(vq->broken))
		return 0;
	if (!packed_is_used(flags, vq->used_pos.wrap) && likely(vq->batch_left == 0))
		return 0;
	return virtqueue_outstanding(vq);
}

/** What a run of slots in one lap is compared with and taken from. */
struct packed_run {
	const struct vring_packed_desc *desc;
	void **shadow;
	uint16_t *free_ids;
	uint64_t mask;
	uint64_t wanted; /* of the run's first slot */
	uint32_t size;
	uint16_t slot;
	uint16_t fifo_mask;
	uint16_t freed;
};

VIRTIO_INLINE struct packed_run
packed_run_begin(const struct virtqueue *vq, bool in_order)
{
	const struct packed_run run = {
		.desc = &vq->packed[vq->used_pos.idx],
		.shadow = vq->cookies,
		.free_ids = vq->free_ids,
		.mask = packed_word_mask(in_order),
		.wanted = packed_word(0, in_order ? vq->used_pos.idx : 0, packed_used_bits(vq->used_pos.wrap)),
		.size = vq->size,
		.slot = vq->used_pos.idx,
		.fifo_mask = vq->mask,
		.freed = vq->desc_freed,
	};

	return run;
}

/** The bits in which the word of the run's slot @p i differs from that of a buffer which was returned by itself. */
VIRTIO_INLINE uint64_t
packed_run_differs(const struct packed_run *run, bool in_order, uint64_t word, uint16_t i)
{
	return (word & run->mask) ^ (run->wanted + (in_order ? (uint64_t)i << 32 : 0));
}

/** The cookie of a word that does not differ; NULL: the id is none of ours. */
VIRTIO_INLINE void *
packed_run_cookie(struct packed_run *run, bool in_order, uint64_t word, uint16_t i)
{
	const uint32_t id = packed_word_id(word);
	void *cookie;

	if (in_order)
		return run->shadow[run->slot + i];
	if (unlikely(id >= run->size))
		return NULL;
	cookie = run->shadow[id];
	run->shadow[id] = NULL;
	run->free_ids[(uint16_t)(run->freed + i) & run->fifo_mask] = (uint16_t)id;
	return cookie;
}

/** Note that @p n buffers of one descriptor each, all in this lap, were taken. */
VIRTIO_INLINE void
packed_run_end(struct virtqueue *vq, uint16_t n)
{
	vq->used_pos = packed_pos_advance(vq->used_pos, n, (uint16_t)vq->size);
	vq->used_idx += n;
	vq->desc_freed += n;
	vq->nb_free += n;
}

/**
 * In order: how many descriptors are known to be used, after the one look that can tell whether @p group of them are.
 * If it cannot, one more at the next descriptor: a peer that batches writes there only.
 *
 * @param eager
 *   Go on with that until nothing more is found: room is short.
 */
VIRTIO_INLINE uint32_t
packed_learn(struct virtqueue *vq, uint32_t group, bool eager)
{
	struct packed_pos last;
	uint64_t word;

	if (likely(vq->nb_known >= group) || unlikely(vq->broken))
		return vq->nb_known;
	if (likely(group <= vq->size - vq->nb_free)) {
		last = packed_pos_advance(vq->used_pos, (uint16_t)(group - 1), (uint16_t)vq->size);
		word = packed_word_read(&vq->packed[last.idx]);
		if (likely(packed_word_is_used(word, last.wrap)))
			return packed_know(vq, packed_word_id(word), group);
	}
	return packed_walk(vq, group, eager);
}

/** Out of order: how many buffers are worth a reclaim, by one look at the end of the group or at the first. */
VIRTIO_INLINE uint32_t
packed_look_ahead(const struct virtqueue *vq, uint32_t group, bool eager)
{
	const uint32_t out = virtqueue_outstanding(vq);
	struct packed_pos pos = vq->used_pos;

	if (out == 0 || unlikely(vq->broken))
		return 0;
	if (!eager && group > out)
		return 0;
	if (!eager)
		pos = packed_pos_advance(pos, (uint16_t)(group - 1), (uint16_t)vq->size);
	return packed_is_used(packed_flags_peek(&vq->packed[pos.idx]), pos.wrap) ? out : 0;
}

/** In order, nothing long in the ring: packets leave as a slice of the cookie array. */
VIRTIO_INLINE uint16_t
packed_reclaim_in_order(struct virtqueue *vq, void ***done, uint16_t n)
{
	const uint16_t slot = vq->used_pos.idx;

	if (unlikely(vq->nb_long != 0))
		return packed_reclaim_long_in_order(vq, *done, n);
	if (unlikely(n > vq->nb_known))
		n = (uint16_t)vq->nb_known;
	/* Up to the end of the array, the rest by the next call. */
	if (unlikely(n > vq->size - slot))
		n = (uint16_t)(vq->size - slot);
	*done = &vq->cookies[slot];
	vq->nb_known -= n;
	packed_run_end(vq, n);
	return n;
}

/** Whether the device wants to hear of what was placed since this was asked last. After virtio_mb(). */
VIRTIO_INLINE bool
packed_wants_kick(struct virtqueue *vq)
{
	const struct packed_event event = packed_event_read(vq->device_event);
	const uint16_t mode = event.flags & PACKED_EVENT_FLAGS_MASK;
	const uint32_t count = vq->nb_unkicked;

	vq->nb_unkicked = 0;
	if (likely(mode == VRING_PACKED_EVENT_FLAG_DISABLE))
		return false;
	/*
	 * VIRTIO 1.3 2.8.10: "Only valid if VIRTIO_F_RING_EVENT_IDX has been negotiated." A kick too many does no harm.
	 */
	if (!vq->event_idx)
		return true;
	/* Past a whole lap that nobody was told of, a position does not say which. */
	return count > vq->size ||
		packed_need_event(event, vq->avail_pos, (uint16_t)count, (uint16_t)vq->size);
}

#endif /* VIRTIO_RING_PACKED_H */
