/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_RING_H
#define VHOST2_RING_H

/*
 * Pop and push in the device role, for any type of device and either ring format: the driver's buffers come as copied
 * segments with iovas (rte_vhost2_iova_to_vva() makes addresses of them), and go back with the bytes written.
 *
 * Theory of operation
 *
 * @code
 *   while (rte_vhost2_vq_pop(vdev, vq, &chain, segs, vq->size)) {
 *           chain.written = ...;                       the device's work
 *           rte_vhost2_vq_push(vdev, vq, &chain, 1);
 *   }
 *   rte_vhost2_vq_publish(vdev, vq);
 *   if (rte_vhost2_vq_wants_call(vq))
 *           rte_vhost2_dev_call(vdev, vq);
 * @endcode
 *
 * That is all that a device needs. Beside it, for the data path: buffers of one direct descriptor are most of the
 * traffic of a network, and are popped and pushed by arrays (singles). pop_singles() stops at the first buffer that is
 * anything else, be it longer, wrong or not there: pop() tells which.
 *
 * A buffer may be pushed long after it was popped and in any order, unless VIRTIO_F_IN_ORDER was negotiated. What the
 * driver must see all at once (the buffers that one packet fills) goes in one push.
 *
 * A pop that cannot be undoes nothing and hands out nothing: the queue is broken by rte_vhost2_vq_break(), or a
 * translation is awaited and the same buffer is found again later. A device that cannot use what it popped puts it back by
 * restoring vq->pos as it was before the pop, provided that nothing was pushed since.
 *
 * One thread at a time works on a queue, between queue_start and the completion of queue_stop. `is_packed` and
 * `in_order` are parameters where they decide what a loop looks like: constants, or vq->is_packed and vq->in_order.
 */

#include "vhost2/ring_packed.h"
#include "vhost2/ring_split.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Pop buffers of one direct descriptor each.
 *
 * @param direction
 *   VRING_DESC_F_WRITE or 0: what the buffers must be.
 * @param bufs
 *   Room for @p n; their ids are what a push needs.
 * @return how many; fewer than @p n: the next one is not such a buffer, or not there.
 */
VIRTIO_INLINE uint16_t
rte_vhost2_vq_pop_singles(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, bool is_packed, uint16_t direction,
	struct rte_vhost2_seg *bufs, uint16_t n)
{
	if (is_packed)
		return rte_vhost2_packed_pop_singles(vq, direction, bufs, n);
	return rte_vhost2_split_pop_singles(vdev, vq, direction, bufs, n);
}

/** Put the last @p n buffers that pop_singles() gave back, as if they had not been popped. */
VIRTIO_INLINE void
rte_vhost2_vq_unpop_singles(struct rte_vhost2_vq *vq, bool is_packed, uint16_t n)
{
	if (!is_packed) {
		vq->pos.avail_idx = (uint16_t)(vq->pos.avail_idx - n);
	} else if (vq->pos.avail_idx >= n) {
		vq->pos.avail_idx = (uint16_t)(vq->pos.avail_idx - n);
	} else {
		vq->pos.avail_idx = (uint16_t)(vq->pos.avail_idx + vq->size - n);
		vq->pos.avail_wrap = !vq->pos.avail_wrap;
	}
}

/**
 * Pop one buffer of any shape.
 *
 * @param segs
 *   Room for @p max segments. A chain of more breaks the queue, so that a device whose buffers are small by nature
 *   need not provide for vq->size, which is the longest that a chain may be.
 * @return false: there is none, or the queue is broken, or a translation is awaited.
 */
static inline bool
rte_vhost2_vq_pop(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, struct rte_vhost2_chain *chain,
	struct rte_vhost2_seg *segs, uint32_t max)
{
	if (vq->is_packed)
		return rte_vhost2_packed_pop(vdev, vq, chain, segs, max);
	return rte_vhost2_split_pop(vdev, vq, chain, segs, max);
}

/** Whether a pop would find something to look at. */
VIRTIO_INLINE bool
rte_vhost2_vq_ready(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	if (vq->is_packed)
		return rte_vhost2_packed_ready(vq);
	return rte_vhost2_split_ready(vdev, vq) != 0;
}

/**
 * Return buffers of one descriptor, each whose len says how many bytes were written into it (0: none).
 *
 * @param direction
 *   As they were popped; readable ones (0) go back as one batch when the order is kept.
 */
VIRTIO_INLINE void
rte_vhost2_vq_push_singles(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, bool is_packed, bool in_order,
	uint16_t direction, const struct rte_vhost2_seg *bufs, uint16_t n)
{
	if (is_packed)
		rte_vhost2_packed_push_singles(vdev, vq, in_order, direction, bufs, n);
	else
		rte_vhost2_split_push_singles(vdev, vq, in_order, direction, bufs, n);
}

/** Return buffers, all visible at once. */
static inline void
rte_vhost2_vq_push(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, const struct rte_vhost2_chain *chains,
	uint16_t n)
{
	if (vq->is_packed)
		rte_vhost2_packed_push(vdev, vq, chains, n);
	else
		rte_vhost2_split_push(vdev, vq, chains, n);
}

/** After a burst of pushes: let the driver see them. (In a packed ring it does already.) */
VIRTIO_INLINE void
rte_vhost2_vq_publish(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	if (!vq->is_packed)
		rte_vhost2_split_publish(vdev, vq);
}

/**
 * After rte_vhost2_vq_publish(): whether the driver wants to be called for what was pushed since this was asked last.
 * Counts what it does not want.
 */
VIRTIO_INLINE bool
rte_vhost2_vq_wants_call(struct rte_vhost2_vq *vq)
{
	bool wants;

	/* The driver writes that it waits and looks at the ring again; we write the ring and look whether it waits. */
	virtio_mb();
	wants = vq->is_packed ? vhost2_packed_wants_call(vq) : vhost2_split_wants_call(vq);
	vq->calls_suppressed += !wants;
	return wants;
}

/**
 * Ask the driver for kicks (queue_kick), or not to send any.
 *
 * @return true: kicks are wanted, but something came meanwhile for which there may be none. Go on popping.
 */
static inline bool
rte_vhost2_vq_want_kicks(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, bool wanted)
{
	if (vq->is_packed)
		vhost2_packed_want_kicks(vq, wanted);
	else
		vhost2_split_want_kicks(vdev, vq, wanted);
	if (!wanted)
		return false;
	virtio_mb();
	return rte_vhost2_vq_ready(vdev, vq);
}

#ifdef __cplusplus
}
#endif

#endif /* VHOST2_RING_H */
