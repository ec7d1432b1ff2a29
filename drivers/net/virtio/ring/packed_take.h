/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Taking buffers of one descriptor each out of a packed ring, the loop of rx and, out of order, of tx: whole lines where
 * the shape has vectors, single descriptors everywhere else. See packed.h.
 */

#ifndef VIRTIO_RING_PACKED_TAKE_H
#define VIRTIO_RING_PACKED_TAKE_H

#include "ring/packed_vector.h"

/** Slots that go one by one when a line could not be taken whole, before the next is tried. */
#define PACKED_TAKE_SINGLES 4

/** packed_take() up to the end of the lap. */
VIRTIO_INLINE uint16_t
packed_take_lap(struct virtqueue *vq, struct vq_shape shape, void **cookies, uint32_t *lens, uint16_t n)
{
	const bool in_order = shape.in_order;
	struct packed_run run = packed_run_begin(vq, in_order);
	uint64_t word = 0;
	uint16_t next = 0; /* slot from which lines are tried again */
	bool bad = false;
	uint16_t i = 0;

	if (in_order && unlikely(vq->batch_left != 0))
		return packed_take_batched(vq, cookies, lens, n);
	if (unlikely(n > vq->size - run.slot))
		n = (uint16_t)(vq->size - run.slot);
	for (; i < n; i++) {
		if (shape.simd != 0 && i >= next) {
			i += packed_run_take_lines(&run, shape, cookies, lens, i, n);
			next = i + PACKED_TAKE_SINGLES;
			if (i == n)
				break;
		}
		word = packed_word_read(&run.desc[i]);
		if (packed_run_differs(&run, in_order, word, i) != 0)
			break;
		cookies[i] = packed_run_cookie(&run, in_order, word, i);
		if (!in_order && unlikely(cookies[i] == NULL)) {
			bad = true;
			break;
		}
		if (lens != NULL)
			lens[i] = (uint32_t)word;
	}
	/* What was returned is read after the flags that say so. */
	virtio_rmb();
	packed_run_end(vq, i);
	if (!in_order && unlikely(bad))
		virtqueue_break_id(vq, packed_word_id(word));
	if (in_order && i < n && unlikely(packed_word_is_used(word, vq->used_pos.wrap)))
		i += packed_take_batched(vq, cookies + i, lens + i, n - i);
	return i;
}

/**
 * Take up to @p n buffers of one descriptor each, as far as they are there; @p n at most what is outstanding. Fewer
 * also when the queue broke. @p lens: NULL when nobody asks.
 */
VIRTIO_INLINE uint16_t
packed_take(struct virtqueue *vq, struct vq_shape shape, void **cookies, uint32_t *lens, uint16_t n)
{
	uint16_t taken = 0;
	uint16_t got;

	do {
		got = packed_take_lap(vq, shape, cookies + taken, lens == NULL ? NULL : lens + taken, n - taken);
		taken += got;
	} while (unlikely(taken < n && vq->used_pos.idx == 0 && got > 0 && !vq->broken));
	return taken;
}

VIRTIO_INLINE uint16_t
packed_reclaim_out_of_order(struct virtqueue *vq, struct vq_shape shape, void **done, uint16_t n)
{
	if (unlikely(n > virtqueue_outstanding(vq)))
		n = virtqueue_outstanding(vq);
	if (unlikely(vq->nb_long != 0))
		return packed_reclaim_long(vq, done, n);
	return packed_take(vq, shape, done, NULL, n);
}

#endif /* VIRTIO_RING_PACKED_TAKE_H */
