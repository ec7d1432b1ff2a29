/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See control_queue.h.
 */

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ring/control_queue.h"
#include "ring/verbs.h"
#include "virtio/net.h"

/* Descriptors of a command: header, data, acknowledgement. */
#define COMMAND_LINKS 3
/* A device in the same process has answered already; others are given a moment before we sleep. */
#define YIELDS 100
#define NAP_NS 100000
/* What no device writes as an acknowledgement. */
#define NO_ACK 0xff

/* Shared with the device. Each part on lines of its own. */
struct command {
	struct virtio_net_ctrl_hdr hdr __attribute__((aligned(64)));
	uint8_t ack __attribute__((aligned(64)));
	uint8_t data[CONTROL_DATA_MAX] __attribute__((aligned(64)));
};

struct control_queue {
	struct virtqueue vq;
	struct command *command;
	uint64_t breaks;
};

size_t
control_queue_mem_bytes(enum vring_format format, uint32_t size)
{
	const size_t rings = vring_layout_bytes(format, size);

	return size <= COMMAND_LINKS || rings == 0 ? 0 : rings + sizeof(struct command);
}

int
control_queue_create(const struct control_queue_config *config, struct control_queue **cq)
{
	const size_t wanted = control_queue_mem_bytes(config->format, config->size);
	struct virtqueue_config ring = {
		.port = config->port,
		.index = config->index,
		.size = config->size,
		/* In order or not makes no difference with one command at a time. */
		.shape.format = config->format,
		.event_idx = config->event_idx,
		.mem = config->mem,
		.mem_len = config->mem_len,
		.notifier = config->notifier,
	};
	struct control_queue *queue;
	int rc;

	if (wanted == 0 || config->mem_len < wanted)
		return -EINVAL;
	queue = aligned_alloc(64, sizeof(*queue));
	if (queue == NULL)
		return -ENOMEM;
	memset(queue, 0, sizeof(*queue));
	ring.breaks = &queue->breaks;
	rc = virtqueue_init(&queue->vq, &ring);
	if (rc != 0) {
		free(queue);
		return rc;
	}
	queue->command = (struct command *)((char *)config->mem + vring_layout_bytes(config->format, config->size));
	*cq = queue;
	return 0;
}

void
control_queue_destroy(struct control_queue *cq)
{
	if (cq == NULL)
		return;
	virtqueue_fini(&cq->vq);
	free(cq);
}

void
control_queue_reset(struct control_queue *cq)
{
	virtqueue_reset(&cq->vq);
}

const struct vring_area *
control_queue_area(const struct control_queue *cq)
{
	return &cq->vq.area;
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Wait until the device has nothing of ours. 0, -EIO or -ETIMEDOUT. */
static int
wait_idle(struct control_queue *cq, uint64_t deadline)
{
	const struct timespec nap = {.tv_nsec = NAP_NS};
	const struct vq_shape shape = cq->vq.shape;
	void *local[1];
	void **done = local;
	unsigned int tries;

	for (tries = 0; virtqueue_outstanding(&cq->vq) != 0; tries++) {
		if (vq_ready(&cq->vq, shape) > 0)
			vq_reclaim(&cq->vq, shape, &done, 1);
		else if (now_ns() >= deadline)
			return -ETIMEDOUT;
		else if (tries < YIELDS)
			sched_yield();
		else
			nanosleep(&nap, NULL);
		if (cq->vq.broken)
			return -EIO;
	}
	return 0;
}

/*
 * VIRTIO 1.3 5.1.6.5: "The class, command and command-specific-data are set by the driver, and the device sets the ack
 * byte"
 */
static void
command_place(struct control_queue *cq, size_t len)
{
	struct command *const command = cq->command;
	const struct vq_shape shape = cq->vq.shape;
	struct vq_cursor at = vq_cursor_begin(&cq->vq, shape);
	const uint16_t head = vq_next_id(&at, shape);

	vq_chain_add(&cq->vq, &at, shape, (uintptr_t)&command->hdr, sizeof(command->hdr),
		VRING_DESC_F_NEXT);
	if (len > 0)
		vq_chain_add(&cq->vq, &at, shape, (uintptr_t)command->data, (uint32_t)len,
			VRING_DESC_F_NEXT);
	vq_chain_add(&cq->vq, &at, shape, (uintptr_t)&command->ack, sizeof(command->ack), VRING_DESC_F_WRITE);
	vq_chain_end(&cq->vq, &at, shape, head, len > 0 ? COMMAND_LINKS : COMMAND_LINKS - 1, command);
	vq_cursor_end(&cq->vq, &at, shape);
}

int
control_queue_send(struct control_queue *cq, uint8_t cmd_class, uint8_t cmd, const void *data, size_t len,
	uint32_t timeout_ms)
{
	const uint64_t deadline = now_ns() + (uint64_t)timeout_ms * 1000000u;
	struct command *const command = cq->command;
	int rc;

	if (len > CONTROL_DATA_MAX)
		return -EINVAL;
	if (cq->vq.broken)
		return -EIO;
	rc = wait_idle(cq, deadline);
	if (rc != 0)
		return rc;
	command->hdr = (struct virtio_net_ctrl_hdr){.class = cmd_class, .cmd = cmd};
	if (len > 0)
		memcpy(command->data, data, len);
	command->ack = NO_ACK;
	command_place(cq, len);
	vq_publish(&cq->vq, cq->vq.shape);
	vq_kick(&cq->vq, cq->vq.shape);
	rc = wait_idle(cq, deadline);
	if (rc != 0)
		return rc;
	return *(const volatile uint8_t *)&command->ack == VIRTIO_NET_OK ? 0 : -EIO;
}
