/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The life of the connection: the device's own thread, what happens when the peer goes and when one comes.
 */

#ifndef VIRTIO_USER_RECONNECT_H
#define VIRTIO_USER_RECONNECT_H

#include <stdbool.h>

struct device_parts;
struct virtio_user_device;

/** Start the device's thread. */
int reconnect_start(struct virtio_user_device *device, const struct device_parts *parts);

/**
 * End the thread. Called by the thread itself (from link_changed) it is told to end after that, and frees the device
 * then.
 *
 * @return true: it has ended; false: it is the caller.
 */
bool reconnect_stop(struct virtio_user_device *device);

/** Have the thread look around. Safe from anywhere. */
void reconnect_wake(struct virtio_user_device *device);

/** With device->lock: the connected peer is unusable (@p rc says why, and was logged). */
void reconnect_lose_peer(struct virtio_user_device *device, int rc);

/** With device->lock, a peer and DRIVER_OK: play the rings and let data threads in. State says what came of it. */
void reconnect_run(struct virtio_user_device *device);

/**
 * With device->lock: check a peer that completed its handshake against what is negotiated, and bring it as far as
 * the status is. On failure (logged) the caller disconnects.
 */
int reconnect_adopt(struct virtio_user_device *device);

#endif /* VIRTIO_USER_RECONNECT_H */
