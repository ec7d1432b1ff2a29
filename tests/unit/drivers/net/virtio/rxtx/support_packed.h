/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The device's half of a packed ring, for support.c: positions, chains, used descriptors that wait for publication.
 */

#ifndef TEST_RXTX_SUPPORT_PACKED_H
#define TEST_RXTX_SUPPORT_PACKED_H

#include "virtio/vring_packed.h"

struct chain;
struct device;

/** Where the device stands, and what it holds. */
struct packed_device {
	struct packed_pos avail; /**< next to pop */
	struct packed_pos used;  /**< next to push */
	struct {
		uint16_t slot;
		uint16_t flags;
	} pending[VRING_SIZE_MAX]; /**< pushed, unpublished */
	uint32_t nb_pending;
	uint16_t links[VRING_SIZE_MAX]; /**< by id: slots that the buffer takes */
	uint16_t batched;               /**< slots that the next push stands for beside its own buffer's */
};

void packed_device_start(struct device *device, uint32_t base);
uint16_t packed_device_waiting(const struct device *device);
void packed_device_pop(struct device *device, struct chain *chain);
void packed_device_push(struct device *device, uint32_t id, uint32_t len);
void packed_device_publish(struct device *device);

#endif /* TEST_RXTX_SUPPORT_PACKED_H */
