/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The control queue, answered in this process: a vhost-user peer has none.
 */

#ifndef VIRTIO_USER_CONTROL_H
#define VIRTIO_USER_CONTROL_H

struct virtio_user_device;

/** Answer every command that the driver made available. Takes device->lock. */
void control_handle(struct virtio_user_device *device);

#endif /* VIRTIO_USER_CONTROL_H */
