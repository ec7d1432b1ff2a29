/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The driver's whole knowledge of a virtio device: the "hardware" as the driver sees it, whoever plays it.
 * virtio_user_ethdev.c fills the table over the emulated device of virtio-user/; tests fill it with a fake.
 * Nothing of the device shows through but what a virtio transport would show: status, features,
 * configuration space, queues and their notifications.
 */

#ifndef VIRTIO_OPS_H
#define VIRTIO_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "virtio/vring_layout.h"

/**
 * What a driver can ask of a device. `device` is the device's own handle and means nothing to the driver.
 * All but notify_queue are control operations: they may wait for a peer, never past the device's deadline,
 * and are called by one thread at a time. Errors are -errno and were logged by whoever knew the cause.
 */
struct virtio_ops {
	/** Copy @p len bytes at @p offset of the configuration space; what lies past its end reads as zero. */
	void (*read_dev_cfg)(void *device, size_t offset, void *dst, size_t len);
	/** Write the configuration space. -EPERM for fields that the driver may not write. */
	int (*write_dev_cfg)(void *device, size_t offset, const void *src, size_t len);
	/** Status 0: every queue is gone, the negotiated features are forgotten. Succeeds without a peer too. */
	int (*reset)(void *device);
	uint8_t (*get_status)(void *device);
	/**
	 * Take the device to @p status. FEATURES_OK hands the features over, DRIVER_OK starts the queues that
	 * were set up. Without a peer DRIVER_OK succeeds and the queues start when the peer arrives.
	 */
	int (*set_status)(void *device, uint8_t status);
	/** Features that the device offers, a constant between two resets. */
	uint64_t (*get_features)(void *device);
	/** Features that the driver accepts: a subset of the offer, -EINVAL otherwise. */
	int (*set_features)(void *device, uint64_t features);
	/** Reasons of interrupts since the last read (VIRTIO_ISR bits); reading clears them. */
	uint8_t (*get_isr)(void *device);
	/** Ask for configuration-change notifications (@p vector 0), or none (0xffff). */
	int (*set_config_irq)(void *device, uint16_t vector);
	/** Largest size of queue @p queue in descriptors; 0: the device has no such queue. */
	uint16_t (*get_queue_num)(void *device, uint16_t queue);
	/** Tell where a queue lies. The area stays the driver's; it must live until del_queue or reset. */
	int (*setup_queue)(void *device, uint16_t queue, const struct vring_area *area);
	void (*del_queue)(void *device, uint16_t queue);
	/** Kick. Safe from any thread, never blocks. */
	void (*notify_queue)(void *device, uint16_t queue);
	/**
	 * Stop all queues and keep their positions: on return the device touches neither rings nor buffers.
	 * resume goes on where it stopped, so nothing that was in a ring is lost.
	 */
	int (*suspend)(void *device);
	int (*resume)(void *device);
};

#endif /* VIRTIO_OPS_H */
