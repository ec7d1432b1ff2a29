/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * How a ring tells its device that buffers wait. All that the ring folder knows of a device.
 */

#ifndef VIRTIO_RING_NOTIFIER_H
#define VIRTIO_RING_NOTIFIER_H

#include <stdint.h>

/** How the ring kicks; no more of the device is known here. */
struct vring_notifier {
	void (*kick)(void *device, uint16_t queue);
	void *device;
};

#endif /* VIRTIO_RING_NOTIFIER_H */
