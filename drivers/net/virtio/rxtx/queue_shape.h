/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the negotiated features make of a ring. For the control side of rx and tx queues.
 */

#ifndef VIRTIO_RXTX_QUEUE_SHAPE_H
#define VIRTIO_RXTX_QUEUE_SHAPE_H

#include "ring/virtqueue.h"
#include "virtio/feature.h"

static inline enum vring_format
queue_format(uint64_t features)
{
	return (features & VIRTIO_BIT(VIRTIO_F_RING_PACKED)) != 0 ? VRING_PACKED : VRING_SPLIT;
}

static inline struct vq_shape
queue_shape(uint64_t features)
{
	const struct vq_shape shape = {
		.format = queue_format(features),
		.in_order = (features & VIRTIO_BIT(VIRTIO_F_IN_ORDER)) != 0,
	};

	return shape;
}

#endif /* VIRTIO_RXTX_QUEUE_SHAPE_H */
