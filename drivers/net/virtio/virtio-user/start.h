/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The order in which a peer is told things, down and up. Every function wants device->lock and a connected peer.
 */

#ifndef VIRTIO_USER_START_H
#define VIRTIO_USER_START_H

#include <stdbool.h>
#include <stdint.h>

struct virtio_user_device;

/** FEATURES_OK: 0, -EREMOTEIO (the peer is well and refuses), or the peer is lost. */
int start_negotiate(struct virtio_user_device *device);

/**
 * DRIVER_OK: rings that were set up begin to run.
 *
 * @param peer_lost
 *   Set when the failure is the peer's; otherwise it is well and was told of no ring (memory_share() failed).
 */
int start_rings(struct virtio_user_device *device, bool *peer_lost);

/** The rings stand still and their positions are known; a failure means the peer is lost. */
int stop_rings(struct virtio_user_device *device);

/** The same for one ring. */
int stop_ring(struct virtio_user_device *device, uint16_t queue);

/** Enable and disable rings as the number of active pairs wants it, while they run. */
int start_enable_pairs(struct virtio_user_device *device);

/** Every ring's position is unknown, and no peer has anything of ours. */
void start_forget_peer(struct virtio_user_device *device);

/** Tell address and receive modes, if the peer wants to hear them. */
int start_tell_filter(struct virtio_user_device *device);

/** Tell the MTU, if the driver has one and the peer takes it. -EREMOTEIO: it is well and refuses. */
int start_tell_mtu(struct virtio_user_device *device);

#endif /* VIRTIO_USER_START_H */
