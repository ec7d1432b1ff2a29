/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_RING_PACKED_H
#define VHOST2_RING_PACKED_H

/*
 * Pop and push on a packed virtqueue in the device role. What the functions promise is said in ring.h, which is what
 * programs include; this file may be included alone by one that knows its ring's format.
 *
 * Theory of operation
 *
 * A descriptor's second half holds length, id and flags, and is loaded as one word: if its flags say that the
 * descriptor is available, direct, alone and of the wanted direction, one comparison has said it all, and nothing of
 * it is loaded twice. Its address is loaded behind that.
 *
 * A buffer that was used is returned by one store of such a word, which is whole at any time: on a CPU that keeps
 * stores in order (x86) lines fill up one after the other, and none is touched again. Where several descriptors must be
 * seen all at once or not at all, the first of them is stored last.
 */

#include "vhost2/ring_chain.h"
#include "virtio/notify.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Length, id and flags of one moment; what they describe is loaded after them. */
VIRTIO_INLINE uint64_t
vhost2_packed_word(const struct vring_packed_desc *desc)
{
	const uint64_t word = virtio_read_once64(&desc->len);

	/*
	 * VIRTIO 1.3 2.8.21.1: "Once the descriptor flags field is updated by the driver, this exposes the descriptor
	 * and its contents."
	 */
	virtio_rmb();
	return word;
}

/** Where the next descriptor is popped. */
VIRTIO_INLINE struct packed_pos
vhost2_packed_avail_pos(const struct rte_vhost2_vq *vq)
{
	struct packed_pos pos;

	pos.idx = vq->pos.avail_idx;
	pos.wrap = vq->pos.avail_wrap;
	return pos;
}

VIRTIO_INLINE void
vhost2_packed_avail_move(struct rte_vhost2_vq *vq, uint16_t count)
{
	const struct packed_pos pos = packed_pos_advance(vhost2_packed_avail_pos(vq), count, (uint16_t)vq->size);

	vq->pos.avail_idx = pos.idx;
	vq->pos.avail_wrap = pos.wrap;
}

/** Where the next one is pushed. */
VIRTIO_INLINE struct packed_pos
vhost2_packed_used_pos(const struct rte_vhost2_vq *vq)
{
	struct packed_pos pos;

	pos.idx = vq->pos.used_idx;
	pos.wrap = vq->pos.used_wrap;
	return pos;
}

/** Log @p n descriptors from where the next one is pushed, two pieces when they wrap. */
static inline void
vhost2_packed_log(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint32_t n)
{
	const uint64_t desc = sizeof(struct vring_packed_desc);
	const uint32_t slot = vq->pos.used_idx;
	const uint32_t straight = n < vq->size - slot ? n : vq->size - slot;

	rte_vhost2_log_ring(vdev, vq, slot * desc, straight * desc);
	if (straight < n)
		rte_vhost2_log_ring(vdev, vq, 0, (n - straight) * desc);
}

VIRTIO_INLINE void
vhost2_packed_used_move(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint16_t count)
{
	struct packed_pos pos;

	if (__builtin_expect(vdev->logging, 0))
		vhost2_packed_log(vdev, vq, count);
	pos = packed_pos_advance(vhost2_packed_used_pos(vq), count, (uint16_t)vq->size);
	vq->pos.used_idx = pos.idx;
	vq->pos.used_wrap = pos.wrap;
	vq->nr_uncalled += count;
}

/** Whether anything waits. */
VIRTIO_INLINE bool
rte_vhost2_packed_ready(const struct rte_vhost2_vq *vq)
{
	const struct packed_pos pos = vhost2_packed_avail_pos(vq);

	return !vq->broken && packed_is_avail(packed_flags_read(&vq->packed[pos.idx]), pos.wrap);
}

/** rte_vhost2_packed_pop_singles() up to the end of the lap. */
VIRTIO_INLINE uint16_t
vhost2_packed_pop_lap(struct rte_vhost2_vq *vq, uint16_t direction, struct rte_vhost2_seg *bufs, uint16_t n)
{
	const struct vring_packed_desc *const desc = &vq->packed[vq->pos.avail_idx];
	const uint16_t wanted = packed_avail_bits(vq->pos.avail_wrap) | direction;
	const uint32_t left = vq->size - vq->pos.avail_idx;
	uint16_t i;

	if (n > left)
		n = (uint16_t)left;
	for (i = 0; i < n; i++) {
		const uint64_t word = vhost2_packed_word(&desc[i]);

		if (__builtin_expect((uint16_t)(word >> 48) != wanted || (uint32_t)word == 0, 0))
			break;
		bufs[i].iova = virtio_read_once64(&desc[i].addr);
		bufs[i].len = (uint32_t)word;
		bufs[i].id = (uint16_t)(word >> 32);
		bufs[i].flags = direction;
	}
	vhost2_packed_avail_move(vq, i);
	return i;
}

/** rte_vhost2_vq_pop_singles() */
VIRTIO_INLINE uint16_t
rte_vhost2_packed_pop_singles(struct rte_vhost2_vq *vq, uint16_t direction, struct rte_vhost2_seg *bufs, uint16_t n)
{
	uint16_t done;

	if (__builtin_expect(vq->broken, 0))
		return 0;
	done = vhost2_packed_pop_lap(vq, direction, bufs, n);
	if (__builtin_expect(done > 0 && done < n && vq->pos.avail_idx == 0, 0))
		done = (uint16_t)(done + vhost2_packed_pop_lap(vq, direction, bufs + done, (uint16_t)(n - done)));
	return done;
}

/**
 * All of an indirect table.
 *
 * VIRTIO 1.3 2.8.7: "The VIRTQ_DESC_F_WRITE flags bit is the only valid flag for descriptors in the indirect table.
 * Others are reserved and are ignored by the device." So a table within a table cannot be said here.
 */
static inline int
vhost2_packed_collect_table(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, struct vring_packed_desc from,
	struct rte_vhost2_chain *chain, struct rte_vhost2_seg *segs, uint32_t max)
{
	struct vhost2_table table = {NULL, 0, 0, false};
	struct vring_packed_desc entry;
	struct vring_desc raw;
	uint32_t i;
	int rc;

	rc = vhost2_table_open(vdev, vq, from.addr, from.len, &table);
	for (i = 0; rc == 0 && i < table.count; i++) {
		rc = vhost2_table_read(vdev, vq, &table, i, &raw);
		if (rc != 0)
			break;
		memcpy(&entry, &raw, sizeof(entry));
		rc = vhost2_chain_add(chain, segs, max, entry.addr, entry.len, entry.flags);
	}
	return rc;
}

/** Follow a chain whose first descriptor is available to its end. */
static inline int
vhost2_packed_collect(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, struct rte_vhost2_chain *chain,
	struct rte_vhost2_seg *segs, uint32_t max)
{
	struct packed_pos pos = vhost2_packed_avail_pos(vq);
	struct vring_packed_desc desc;
	int rc;

	do {
		desc = packed_desc_read(&vq->packed[pos.idx]);
		/*
		 * VIRTIO 1.3 2.8.6: "The driver always makes the first descriptor in the list available after the rest
		 * of the list has been written out into the ring." So no link can be unavailable.
		 */
		if (chain->nr_descs >= vq->size || !packed_is_avail(desc.flags, pos.wrap))
			return -EINVAL;
		chain->nr_descs++;
		/*
		 * VIRTIO 1.3 2.8.19: "A driver MUST NOT write direct descriptors with VIRTQ_DESC_F_INDIRECT set in a
		 * scatter-gather list linked by VIRTQ_DESC_F_NEXT." - a table is a buffer by itself.
		 */
		if ((desc.flags & VRING_DESC_F_INDIRECT) == 0)
			rc = vhost2_chain_add(chain, segs, max, desc.addr, desc.len, desc.flags);
		else if ((desc.flags & VRING_DESC_F_NEXT) != 0 || chain->nr_descs > 1)
			rc = -EINVAL;
		else
			rc = vhost2_packed_collect_table(vdev, vq, desc, chain, segs, max);
		if (rc != 0)
			return rc;
		pos = packed_pos_advance(pos, 1, (uint16_t)vq->size);
	} while ((desc.flags & VRING_DESC_F_NEXT) != 0);
	/* VIRTIO 1.3 2.8.6: "Buffer ID is included in the last descriptor in the list." */
	chain->id = desc.id;
	return 0;
}

/** rte_vhost2_vq_pop() */
static inline bool
rte_vhost2_packed_pop(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, struct rte_vhost2_chain *chain,
	struct rte_vhost2_seg *segs, uint32_t max)
{
	int rc;

	if (!rte_vhost2_packed_ready(vq))
		return false;
	vhost2_chain_begin(chain);
	rc = vhost2_packed_collect(vdev, vq, chain, segs, max < vq->size ? max : vq->size);
	if (rc != 0) {
		vhost2_pop_fail(vdev, vq, rc);
		return false;
	}
	vhost2_packed_avail_move(vq, chain->nr_descs);
	return true;
}

VIRTIO_INLINE uint64_t
vhost2_packed_used_word(uint16_t id, uint32_t len, bool wrap)
{
	/* VIRTIO 1.3 2.8.4: "Element Length is reserved for used descriptors without the VIRTQ_DESC_F_WRITE flag" */
	const uint16_t flags = packed_used_bits(wrap) | (len > 0 ? VRING_DESC_F_WRITE : 0);

	return len | (uint64_t)id << 32 | (uint64_t)flags << 48;
}

/** Return a buffer: whole, by one store, behind everything that was done with it. */
VIRTIO_INLINE void
vhost2_packed_give(struct vring_packed_desc *desc, uint64_t word)
{
	virtio_wmb();
	virtio_write_once64(&desc->len, word);
}

/** rte_vhost2_vq_push_singles() */
VIRTIO_INLINE void
rte_vhost2_packed_push_singles(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, bool in_order,
	uint16_t direction, const struct rte_vhost2_seg *bufs, uint16_t n)
{
	struct vring_packed_desc *const ring = vq->packed;
	const uint32_t size = vq->size;
	uint32_t slot = vq->pos.used_idx;
	bool wrap = vq->pos.used_wrap;
	uint16_t i;

	if (n == 0)
		return;
	if (in_order && direction == 0) {
		/*
		 * VIRTIO 1.3 2.8.8: "by only writing out a single used descriptor with the Buffer ID corresponding to
		 * the last descriptor in the batch"
		 */
		vhost2_packed_give(&ring[slot], vhost2_packed_used_word(bufs[n - 1].id, 0, wrap));
		vhost2_packed_used_move(vdev, vq, n);
		return;
	}
	for (i = 0; i < n; i++) {
		vhost2_packed_give(&ring[slot],
			vhost2_packed_used_word(bufs[i].id, direction == 0 ? 0 : bufs[i].len, wrap));
		if (__builtin_expect(++slot == size, 0)) {
			slot = 0;
			wrap = !wrap;
		}
	}
	vhost2_packed_used_move(vdev, vq, n);
}

/** rte_vhost2_vq_push() */
static inline void
rte_vhost2_packed_push(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, const struct rte_vhost2_chain *chains,
	uint16_t n)
{
	struct packed_pos pos = vhost2_packed_used_pos(vq);
	const struct packed_pos first = pos;
	uint16_t descs = 0;
	uint16_t i;

	/* Whoever finds the first of them finds all: it is stored last. */
	for (i = 0; i < n; i++) {
		if (i > 0)
			virtio_write_once64(&vq->packed[pos.idx].len,
				vhost2_packed_used_word(chains[i].id, chains[i].written, pos.wrap));
		pos = packed_pos_advance(pos, chains[i].nr_descs, (uint16_t)vq->size);
		descs = (uint16_t)(descs + chains[i].nr_descs);
	}
	if (n == 0)
		return;
	vhost2_packed_give(&vq->packed[first.idx], vhost2_packed_used_word(chains[0].id, chains[0].written, first.wrap));
	vhost2_packed_used_move(vdev, vq, descs);
}

/** rte_vhost2_vq_wants_call(), after its barrier */
VIRTIO_INLINE bool
vhost2_packed_wants_call(struct rte_vhost2_vq *vq)
{
	const struct packed_event event = packed_event_read(vq->driver_event);
	const uint32_t count = vq->nr_uncalled;

	vq->nr_uncalled = 0;
	if ((event.flags & PACKED_EVENT_FLAGS_MASK) == VRING_PACKED_EVENT_FLAG_DISABLE)
		return false;
	/*
	 * VIRTIO 1.3 2.8.10: "Only valid if VIRTIO_F_RING_EVENT_IDX has been negotiated." A call too many does no
	 * harm.
	 */
	if (!vq->event_idx || count > vq->size)
		return true;
	return packed_need_event(event, vhost2_packed_used_pos(vq), (uint16_t)count, (uint16_t)vq->size);
}

/** rte_vhost2_vq_want_kicks(), before its barrier. The driver's memory holds the structure: not the descriptor ring. */
static inline void
vhost2_packed_want_kicks(struct rte_vhost2_vq *vq, bool wanted)
{
	if (!wanted)
		packed_event_flags_set(vq->device_event, VRING_PACKED_EVENT_FLAG_DISABLE);
	else if (vq->event_idx)
		packed_event_pos_set(vq->device_event, vhost2_packed_avail_pos(vq));
	else
		packed_event_flags_set(vq->device_event, VRING_PACKED_EVENT_FLAG_ENABLE);
}

#ifdef __cplusplus
}
#endif

#endif /* VHOST2_RING_PACKED_H */
