/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A device that lies: the used side of a ring of either format, told what to do by steps of an
 * input. It can be honest too, since only a queue that has come far has states worth breaking.
 * Whatever it reads of the ring it takes for what it may be by now, and writes to no buffer that
 * the pool does not know.
 */

#ifndef FUZZ_HOSTILE_H
#define FUZZ_HOSTILE_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz.h"
#include "pool.h"
#include "virtio/vring_packed.h"
#include "virtio/vring_split.h"

struct hostile {
	const struct vring_area *area;
	struct pool *pool; /**< NULL: buffers are none of its business */
	void *memory;      /**< of the rings, all that may be scribbled on */
	size_t memory_len;
	uint32_t hdr_len;
	uint16_t avail_idx, used_idx;            /**< split */
	struct packed_pos avail_pos, used_pos;   /**< packed */
	unsigned int kicks;
};

/** What the device does; operands a, b, c. */
enum hostile_op {
	HOSTILE_COMPLETE, /**< use a buffers as it should be: c bytes, b merged buffers (0: 1) */
	HOSTILE_BATCH,    /**< use a buffers by one element, the last one's, of c bytes */
	HOSTILE_ELEMENT,  /**< write element a from here: id b, length c; nothing is published */
	HOSTILE_INDEX,    /**< publish: used.idx moves by b (signed), or the next descriptor is used */
	HOSTILE_SCRIBBLE, /**< write c at byte b of the rings */
	HOSTILE_BUFFER,   /**< write c at byte b of the buffer of mbuf number a */
	HOSTILE_FLAGS,    /**< want notifications (bit 0 of a), or b as event, or not */
	HOSTILE_NR,
};

/** Begin at @p base (SET_VRING_BASE format). */
void hostile_start(struct hostile *hostile, uint32_t base);
void hostile_step(struct hostile *hostile, const struct step *step);
/** A struct vring_notifier's kick. */
void hostile_kick(void *hostile, uint16_t queue);

/** Use up to @p n buffers. @return how many there were */
uint32_t hostile_complete(struct hostile *hostile, uint32_t n, uint32_t len, uint16_t num_buffers);

#endif /* FUZZ_HOSTILE_H */
