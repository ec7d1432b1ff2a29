/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_RING_SPLIT_H
#define VHOST2_RING_SPLIT_H

/*
 * Pop and push on a split virtqueue in the device role. What the functions promise is said in ring.h, which is what
 * programs include; this file may be included alone by one that knows its ring's format.
 *
 * Indices run freely over 16 bits here, and are masked where a slot is meant. A pop reads avail->idx once and
 * believes it only if it did not move by more than the ring has entries.
 */

#include "vhost2/ring_chain.h"
#include "virtio/notify.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How many chains wait; breaks the queue when that is more than there can be. */
VIRTIO_INLINE uint16_t
rte_vhost2_split_ready(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	const uint16_t ready = (uint16_t)(split_avail_idx_read(vq->avail) - vq->pos.avail_idx);

	if (__builtin_expect(vq->broken, 0))
		return 0;
	if (__builtin_expect(ready > vq->size, 0)) {
		vhost2_pop_fail(vdev, vq, -ERANGE);
		return 0;
	}
	return ready;
}

/** rte_vhost2_vq_pop_singles() */
VIRTIO_INLINE uint16_t
rte_vhost2_split_pop_singles(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint16_t direction,
	struct rte_vhost2_seg *bufs, uint16_t n)
{
	const uint16_t ready = rte_vhost2_split_ready(vdev, vq);
	const struct vring_avail *const avail = vq->avail;
	const struct vring_desc *const table = vq->desc;
	const uint16_t mask = (uint16_t)(vq->size - 1);
	const uint16_t first = vq->pos.avail_idx;
	uint16_t i;

	if (n > ready)
		n = ready;
	for (i = 0; i < n; i++) {
		const uint16_t head = split_avail_entry_read(avail, (uint16_t)(first + i) & mask);
		struct vring_desc desc;

		if (__builtin_expect(head > mask, 0))
			break;
		desc = split_desc_read(table, head);
		if (__builtin_expect(desc.flags != direction || desc.len == 0, 0))
			break;
		bufs[i].iova = desc.addr;
		bufs[i].len = desc.len;
		bufs[i].id = head;
		bufs[i].flags = direction;
	}
	vq->pos.avail_idx = (uint16_t)(first + i);
	return i;
}

/** Follow a chain from the ring, and through at most one indirect table, to its end. */
static inline int
vhost2_split_collect(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, struct rte_vhost2_chain *chain,
	struct rte_vhost2_seg *segs, uint32_t max)
{
	struct vhost2_table table = {vq->desc, 0, vq->size, false};
	uint32_t slot = chain->id;
	uint32_t steps = 0;
	struct vring_desc desc;
	int rc;

	for (;;) {
		if (slot >= table.count || steps++ > table.count)
			return -EINVAL;
		rc = vhost2_table_read(vdev, vq, &table, slot, &desc);
		if (rc != 0)
			return rc;
		if ((desc.flags & VRING_DESC_F_INDIRECT) != 0) {
			/*
			 * VIRTIO 1.3 2.7.5.3.1: "A driver MUST NOT set both VIRTQ_DESC_F_INDIRECT and
			 * VIRTQ_DESC_F_NEXT" - but VIRTIO 1.3 2.7.5.3.2: "The device MUST handle the case of zero or
			 * more normal chained descriptors followed by a single descriptor with" INDIRECT.
			 */
			if ((desc.flags & VRING_DESC_F_NEXT) != 0)
				return -EINVAL;
			rc = vhost2_table_open(vdev, vq, desc.addr, desc.len, &table);
			slot = 0;
			steps = 0;
		} else {
			rc = vhost2_chain_add(chain, segs, max, desc.addr, desc.len, desc.flags);
			slot = desc.next;
			if ((desc.flags & VRING_DESC_F_NEXT) == 0)
				return rc;
		}
		if (rc != 0)
			return rc;
	}
}

/** rte_vhost2_vq_pop() */
static inline bool
rte_vhost2_split_pop(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, struct rte_vhost2_chain *chain,
	struct rte_vhost2_seg *segs, uint32_t max)
{
	const uint16_t mask = (uint16_t)(vq->size - 1);
	int rc;

	if (rte_vhost2_split_ready(vdev, vq) == 0)
		return false;
	vhost2_chain_begin(chain);
	chain->id = split_avail_entry_read(vq->avail, vq->pos.avail_idx & mask);
	chain->nr_descs = 1;
	rc = vhost2_split_collect(vdev, vq, chain, segs, max < vq->size ? max : vq->size);
	if (rc != 0) {
		vhost2_pop_fail(vdev, vq, rc);
		return false;
	}
	vq->pos.avail_idx++;
	return true;
}

/** Log @p n elements of the used ring, two pieces when they wrap. */
static inline void
vhost2_split_log(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint16_t first, uint32_t n)
{
	const uint64_t element = sizeof(struct vring_used_elem);
	const uint64_t ring = offsetof(struct vring_used, ring);
	const uint32_t slot = first & (vq->size - 1);
	const uint32_t straight = n < vq->size - slot ? n : vq->size - slot;

	rte_vhost2_log_ring(vdev, vq, ring + slot * element, straight * element);
	if (straight < n)
		rte_vhost2_log_ring(vdev, vq, ring, (n - straight) * element);
}

/** Note that @p n elements were written. */
VIRTIO_INLINE void
vhost2_split_pushed(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint16_t n)
{
	if (__builtin_expect(vdev->logging, 0))
		vhost2_split_log(vdev, vq, vq->pos.used_idx, n);
	vq->pos.used_idx = (uint16_t)(vq->pos.used_idx + n);
	vq->nr_uncalled += n;
}

/** rte_vhost2_vq_push_singles() */
VIRTIO_INLINE void
rte_vhost2_split_push_singles(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, bool in_order, uint16_t direction,
	const struct rte_vhost2_seg *bufs, uint16_t n)
{
	struct vring_used *const used = vq->used;
	const uint16_t mask = (uint16_t)(vq->size - 1);
	const uint16_t first = vq->pos.used_idx;
	uint16_t i;

	if (n == 0)
		return;
	if (in_order && direction == 0) {
		/*
		 * VIRTIO 1.3 2.7.9: "by only writing out a single used ring entry with the id corresponding to the
		 * head entry of the descriptor chain describing the last buffer in the batch"
		 */
		split_used_elem_write(used, first & mask, bufs[n - 1].id, 0);
	} else {
		for (i = 0; i < n; i++)
			split_used_elem_write(used, (uint16_t)(first + i) & mask, bufs[i].id,
				direction == 0 ? 0 : bufs[i].len);
	}
	vhost2_split_pushed(vdev, vq, n);
}

/** rte_vhost2_vq_push() */
static inline void
rte_vhost2_split_push(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, const struct rte_vhost2_chain *chains,
	uint16_t n)
{
	const uint16_t mask = (uint16_t)(vq->size - 1);
	uint16_t i;

	for (i = 0; i < n; i++)
		split_used_elem_write(vq->used, (uint16_t)(vq->pos.used_idx + i) & mask, chains[i].id, chains[i].written);
	vhost2_split_pushed(vdev, vq, n);
}

/** rte_vhost2_vq_publish() */
VIRTIO_INLINE void
rte_vhost2_split_publish(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	split_used_publish(vq->used, vq->pos.used_idx);
	if (__builtin_expect(vdev->logging, 0))
		rte_vhost2_log_ring(vdev, vq, offsetof(struct vring_used, idx), sizeof(vq->used->idx));
}

/** rte_vhost2_vq_wants_call(), after its barrier */
VIRTIO_INLINE bool
vhost2_split_wants_call(struct rte_vhost2_vq *vq)
{
	const uint16_t before = vq->signalled;
	const bool is_known = vq->signalled_valid;

	if (!vq->event_idx)
		return (split_avail_flags_read(vq->avail) & VRING_AVAIL_F_NO_INTERRUPT) == 0;
	vq->signalled = vq->pos.used_idx;
	vq->signalled_valid = true;
	return !is_known || virtio_need_event(split_used_event_read(vq->avail, vq->size), vq->pos.used_idx, before);
}

/** rte_vhost2_vq_want_kicks(), before its barrier */
static inline void
vhost2_split_want_kicks(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, bool wanted)
{
	const uint64_t event = offsetof(struct vring_used, ring) + vq->size * sizeof(struct vring_used_elem);
	uint64_t at = offsetof(struct vring_used, flags);

	if (vq->event_idx) {
		/* An index that was just passed comes again after all others: that is as near to never as it gets. */
		split_avail_event_write(vq->used, vq->size, (uint16_t)(vq->pos.avail_idx - (wanted ? 0 : 1)));
		at = event;
	} else {
		split_used_flags_set(vq->used, wanted ? 0 : VRING_USED_F_NO_NOTIFY);
	}
	if (vdev->logging)
		rte_vhost2_log_ring(vdev, vq, at, sizeof(uint16_t));
}

#ifdef __cplusplus
}
#endif

#endif /* VHOST2_RING_SPLIT_H */
