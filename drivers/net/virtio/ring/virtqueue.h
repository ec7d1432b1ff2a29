/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The driver role of one virtqueue: what the driver remembers of a ring that it shares with a peer. Opaque cookies go in
 * with a buffer's address and come out when the peer is done. No packets, no ethdev, no back-end. Packets are put on
 * it by rxtx/ through the verbs of verbs.h.
 *
 * Theory of operation
 *
 * Everything that is ever believed lies in ordinary heap: which buffers are outstanding, which descriptors belong to
 * them, how far both indices have come. Of the shared memory only used.idx, used.flags and used elements are read, each
 * once, and each is checked against this shadow. Descriptors and available entries are written and never read back.
 *
 * Two disciplines. Lined up: descriptors are taken round the table, the cookie of a buffer lies at the slot of its
 * available entry, so a run of finished buffers is a slice of the cookie array and can be freed or filled as such.
 * Scattered: the cookie lies at the buffer's first descriptor, and free descriptors wait in a FIFO. With
 * VIRTIO_F_IN_ORDER a queue is always lined up. Without it a split one begins so too, and its peer's ids are compared
 * with those that are due: most peers finish in order unasked. The first id that was not due scatters the queue
 * (virtqueue_scatter()) until it is reset. A packed one is scattered from the start.
 *
 * avail_idx - used_idx is the number of outstanding buffers in both disciplines; every bound follows from that.
 *
 * A peer that breaks the rules (an id that is not outstanding, an index beyond what is outstanding) makes the queue
 * broken: nothing is taken any more until virtqueue_reset() or virtqueue_salvage().
 */

#ifndef VIRTIO_RING_VIRTQUEUE_H
#define VIRTIO_RING_VIRTQUEUE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/notifier.h"
#include "virtio/vring_packed.h"

/** What distinguishes the loops over a ring; its fields are compile-time constants in the data path. */
struct vq_shape {
	enum vring_format format;
	bool in_order;
	uint16_t simd; /**< width of the vectors that the loop may use, in bits; 0: none, plain C */
};

/** Scattered: the chain that begins at a descriptor, or where a chain goes on. Heap. */
struct vq_chain {
	uint16_t next;  /**< descriptor that follows this one in its chain */
	uint16_t count; /**< at a chain's first descriptor: how many it has */
	bool seen;      /**< scratch of virtqueue_salvage() */
};

/** One virtqueue. Written by its polling thread, or by the control path while the gate is closed. */
struct virtqueue {
	/* Line 0: constant, read by every burst. */
	union {
		struct vring_desc *desc;
		struct vring_packed_desc *packed;
	};
	union {
		struct vring_avail *avail;
		struct vring_packed_desc_event *driver_event;
	};
	union {
		struct vring_used *used;
		struct vring_packed_desc_event *device_event;
	};
	void **cookies;          /**< by available slot (lined up) or first descriptor (NULL: not outstanding) */
	uint16_t *heads;         /**< by available slot: the value of its entry */
	uint16_t *free_ids;      /**< scattered: FIFO of free descriptors */
	struct vq_chain *chains; /**< scattered: by descriptor */
	uint32_t size;
	uint16_t mask;           /**< of free_ids: size - 1, for a packed size that of the next power of two */
	uint16_t index;          /**< number of the virtqueue */

	/* Line 1: moves with every burst. Indices run freely over 16 bits. */
	uint16_t avail_idx;  /**< next available entry to write */
	uint16_t used_idx;   /**< next used element to take */
	uint16_t used_seen;  /**< used.idx when last read, checked */
	uint16_t desc_next;  /**< lined up: next descriptor to write; scattered: FIFO position to pop */
	uint16_t desc_freed; /**< scattered: FIFO position to push */
	uint16_t batch_left; /**< in order: buffers of a batch that are still to take, its last one included */
	uint32_t batch_len;  /**< bytes in the last buffer of that batch */
	uint32_t nb_free;    /**< free descriptors */
	uint32_t whole_len;  /**< bytes that a buffer which a batch skipped has: all that was posted */
	struct packed_pos avail_pos; /**< packed: where the next descriptor goes */
	struct packed_pos used_pos;  /**< packed: where the device's next used descriptor will be */
	uint32_t nb_long;    /**< packed: outstanding buffers of more than one descriptor */
	uint32_t nb_known;   /**< packed, in order: descriptors from used_pos on that are known to be used */
	uint32_t nb_unkicked; /**< packed: descriptors placed since the last look at what the device wants */
	uint16_t kick_idx;   /**< split: avail_idx at that look */
	uint16_t used_event; /**< split: what the device was told last */
	bool event_idx;      /**< VIRTIO_F_EVENT_IDX; constant */
	bool broken;
	bool is_lined_up;    /**< split: which of the two disciplines */
	uint8_t line1_end[64 - 2 * 6 - 4 * 3 - 4 * 2 - 4 * 3 - 2 * 2 - 3];

	/* Cold. */
	struct vring_area area;
	struct vring_notifier notifier;
	const char *port;  /**< for log lines */
	uint64_t *breaks;  /**< counts how often the queue broke */
	void **spare;      /**< where virtqueue_scatter() puts the cookies; NULL: it is never called */
	struct vq_shape shape;
} __attribute__((aligned(64)));

static_assert(offsetof(struct virtqueue, avail_idx) == 64, "constants fill the first line");
static_assert(offsetof(struct virtqueue, area) == 128, "what moves fills the second line");

struct virtqueue_config {
	const char *port;   /**< outlives the queue */
	uint16_t index;
	uint32_t size;
	struct vq_shape shape;
	bool event_idx;     /**< VIRTIO_F_EVENT_IDX */
	uint32_t whole_len; /**< bytes of each device-writable buffer; 0: none are posted */
	void *mem;          /**< for the rings; vring_layout_bytes() */
	size_t mem_len;
	struct vring_notifier notifier;
	uint64_t *breaks;
};

/** Lay the rings out and start empty. 0, -EINVAL, -ENOSPC (mem_len) or -ENOMEM. */
int virtqueue_init(struct virtqueue *vq, const struct virtqueue_config *config);

/** Free the shadow. Cookies that are still outstanding are forgotten: virtqueue_drain() first. */
void virtqueue_fini(struct virtqueue *vq);

/** Back to position 0 with an empty ring; mends a broken queue. Outstanding cookies are forgotten. */
void virtqueue_reset(struct virtqueue *vq);

/** Call @p give for every outstanding cookie. The queue is to be reset, or done with, afterwards. */
void virtqueue_drain(struct virtqueue *vq, void (*give)(void *ctx, void *cookie), void *ctx);

/**
 * A peer vanished. Leave what it had returned to be taken, and take everything else out of the ring, to be placed
 * again by the caller: nothing that the peer could write is gone on with. Mends a broken queue: what was returned and
 * cannot be believed is taken as not returned.
 *
 * @param cookies
 *   Room for as many as the ring has descriptors; filled in the order in which they were placed.
 * @return what used_idx will be when all that was returned is taken. The new peer begins at virtqueue_base() as it is
 *   now.
 */
uint16_t virtqueue_salvage(struct virtqueue *vq, void **cookies, uint32_t *n);

/** Where the next buffer goes, as vhost transports carry it. */
uint32_t virtqueue_base(const struct virtqueue *vq);

/** Split, without VIRTIO_F_IN_ORDER: the peer returned a buffer that was not due. Go over to the other discipline. */
void virtqueue_scatter(struct virtqueue *vq) __attribute__((cold, noinline));

/** The peer set used.idx to @p seen, which cannot be. @return 0, what the caller can take. */
uint16_t virtqueue_break_index(struct virtqueue *vq, uint16_t seen) __attribute__((cold, noinline));

/** The peer returned @p id, which is not outstanding. */
void virtqueue_break_id(struct virtqueue *vq, uint32_t id) __attribute__((cold, noinline));

/**
 * In order: take used buffers where the peer wrote one element for several of them.
 *
 * VIRTIO 1.3 2.7.9: "by only writing out a single used ring entry"
 *
 * @return taken, fewer than @p n only when the queue broke.
 */
uint16_t virtqueue_take_batched(struct virtqueue *vq, void **cookies, uint32_t *lens, uint16_t n)
	__attribute__((cold, noinline));

/** Buffers with the peer, or returned and not yet taken. */
static inline uint16_t
virtqueue_outstanding(const struct virtqueue *vq)
{
	return (uint16_t)(vq->avail_idx - vq->used_idx);
}

/** Buffers that wait to be taken, without taking note of it; safe from any thread, a hint there. */
uint16_t virtqueue_peek_ready(const struct virtqueue *vq);

#endif /* VIRTIO_RING_VIRTQUEUE_H */
