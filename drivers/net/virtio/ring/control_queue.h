/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The driver's side of the control virtqueue: one command out, one byte of acknowledgement back, with a deadline. For
 * the control path: one caller at a time. It knows how commands travel, not what they mean.
 */

#ifndef VIRTIO_RING_CONTROL_QUEUE_H
#define VIRTIO_RING_CONTROL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/notifier.h"
#include "virtio/vring_layout.h"

/** Most bytes of a command behind its class and command byte. */
#define CONTROL_DATA_MAX 4096

struct control_queue;

struct control_queue_config {
	const char *port; /**< name, for log lines; outlives the queue */
	uint16_t index;   /**< number of the virtqueue */
	enum vring_format format;
	bool event_idx;   /**< VIRTIO_F_EVENT_IDX */
	uint32_t size;    /**< descriptors; at least 4, a command takes 3 */
	void *mem;        /**< shared with the device, 64-byte aligned; rings and command buffers */
	size_t mem_len;   /**< control_queue_mem_bytes() or more */
	struct vring_notifier notifier; /**< a device in the same process may answer inside kick() */
};

/** Bytes of shared memory that a queue of @p size wants; 0: no such size. */
size_t control_queue_mem_bytes(enum vring_format format, uint32_t size);

/** 0, -EINVAL (size, memory) or -ENOMEM. */
int control_queue_create(const struct control_queue_config *config, struct control_queue **cq);

void control_queue_destroy(struct control_queue *cq);

/** Back to an empty ring at position 0, for a device that was reset. Mends a broken queue. */
void control_queue_reset(struct control_queue *cq);

/** Where the rings are. */
const struct vring_area *control_queue_area(const struct control_queue *cq);

/**
 * Send one command and wait for its acknowledgement.
 *
 * A command that timed out stays with the device. The next one waits for it first, within its own deadline: a late
 * answer is never taken for the answer to another command.
 *
 * @return 0; -EIO: the device refused, or broke the queue; -ETIMEDOUT; -EINVAL: @p len > CONTROL_DATA_MAX.
 */
int control_queue_send(struct control_queue *cq, uint8_t cmd_class, uint8_t cmd, const void *data, size_t len,
	uint32_t timeout_ms);

#endif /* VIRTIO_RING_CONTROL_QUEUE_H */
