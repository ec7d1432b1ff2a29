/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What a front-end can ask of a session, see session.h. A verb checks what can be checked now, notes what should be,
 * and leaves it to the machine in session.c to bring that about.
 */

#include <errno.h>
#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "vhost2/log.h"
#include "vhost2/session.h"

#define BIT(n) (UINT64_C(1) << (n))
/* More than the configuration space of any device. */
#define CONFIG_MAX 4096

void
session_begin(struct session *session, const char *name, struct queue *queue)
{
	session->verb = name;
	session->verb_rc = 0;
	session->verb_queue = queue;
	session->verb_starts = false;
	session->refused = false;
	session->custom = NULL;
	session->custom_due = false;
}

void
session_refuse(struct session *session, enum rte_vhost2_error error, int rc, const char *format, ...)
{
	va_list args;

	session->verb_rc = rc;
	session->refused = true;
	session->refused_for = error;
	va_start(args, format);
	vsnprintf(session->why, sizeof(session->why), format, args);
	va_end(args);
}

static struct queue *
begin_queue(struct session *session, const char *name, uint32_t index)
{
	struct queue *queue = &session->queues[index];

	session_begin(session, name, queue);
	return queue;
}

/* --- device --- */

/* vhost-user: only the beginning and the end of logging may come while rings run. */
static bool
can_change_to(const struct session *session, uint64_t features)
{
	const uint64_t difference = features ^ session->vdev->features;

	if ((difference & ~BIT(VHOST_F_LOG_ALL)) == 0)
		return true;
	for (uint16_t i = 0; i < session->nr_queues; i++)
		if (session->queues[i].running && session->queues[i].kicked)
			return false;
	return true;
}

void
session_set_features(struct session *session, uint64_t features)
{
	const uint64_t surplus = features & ~session->device->features;

	session_begin(session, "SET_FEATURES", NULL);
	if (surplus != 0) {
		session_refuse(session, RTE_VHOST2_ERR_MESSAGE, -EINVAL, "0x%llx was not offered",
			(unsigned long long)surplus);
		return;
	}
	if (session->has_features && features == session->vdev->features)
		return;
	if (!can_change_to(session, features)) {
		session_refuse(session, RTE_VHOST2_ERR_MESSAGE, -EBUSY, "rings are running with 0x%llx, not 0x%llx",
			(unsigned long long)session->vdev->features, (unsigned long long)features);
		return;
	}
	session->change.features_due = true;
	session->change.features = features;
}

void
session_disable_all(struct session *session)
{
	session_begin(session, "RESET_OWNER", NULL);
	for (uint16_t i = 0; i < session->nr_queues; i++)
		queue_set_enabled(&session->queues[i], false);
}

/* Its rings lose what makes them runnable; the machine stops them, and what they said last is of no use. */
static void
reset_rings(struct session *session)
{
	for (uint16_t i = 0; i < session->nr_queues; i++) {
		loop_unwatch(session->loop, &session->queues[i].kick_source);
		queue_reset(&session->queues[i]);
	}
}

void
session_reset_device(struct session *session)
{
	session_begin(session, "RESET_DEVICE", NULL);
	session->status = 0;
	reset_rings(session);
}

void
session_set_status(struct session *session, uint64_t status)
{
	session_begin(session, "SET_STATUS", NULL);
	if (status > UINT8_MAX) {
		session_refuse(session, RTE_VHOST2_ERR_MESSAGE, -EINVAL, "0x%llx is not a status",
			(unsigned long long)status);
		return;
	}
	session->status = status;
	/* VIRTIO 1.3 2.1.2: "The device MUST initialize device status to 0 upon reset" */
	if (status == 0)
		reset_rings(session);
}

static bool
config_fits(struct session *session, uint32_t offset, uint32_t len)
{
	if (len <= CONFIG_MAX && offset <= CONFIG_MAX - len)
		return true;
	session_refuse(session, RTE_VHOST2_ERR_MESSAGE, -EINVAL, "%u bytes at %u, at most %u are there", len, offset,
		CONFIG_MAX);
	return false;
}

void
session_get_config(struct session *session, uint32_t offset, uint32_t len, uint8_t *data)
{
	const struct rte_vhost2_tgt_ops *ops = &session->device->ops;
	uint8_t config[CONFIG_MAX] = { 0 };

	session_begin(session, "GET_CONFIG", NULL);
	if (!config_fits(session, offset, len))
		return;
	session->verb_rc = ops->get_config != NULL ? ops->get_config(session->vdev, config, offset + len) : -ENOTSUP;
	if (session->verb_rc == 0)
		memcpy(data, config + offset, len);
}

void
session_set_config(struct session *session, uint32_t offset, uint32_t len, uint8_t *data,
	enum rte_vhost2_set_config_type type)
{
	const struct rte_vhost2_tgt_ops *ops = &session->device->ops;

	session_begin(session, "SET_CONFIG", NULL);
	if (!config_fits(session, offset, len))
		return;
	session->verb_rc = ops->set_config != NULL ?
		ops->set_config(session->vdev, data, offset, len, type) : -ENOTSUP;
}

void
session_custom(struct session *session, struct rte_vhost2_msg *msg)
{
	session_begin(session, "message for the device", NULL);
	session->custom = msg;
	session->custom_due = true;
}

/* --- memory --- */

static void
take_memory(struct session *session, int rc, struct memory *memory)
{
	if (rc != 0) {
		session_refuse(session, RTE_VHOST2_ERR_MEMORY, rc, "%s",
			rc == -EINVAL ? "regions that are empty, overlap or pass the end of all addresses" :
			rc == -EBADF ? "a descriptor that is not of a file of memory" :
			rc == -EFBIG ? "a file that is shorter than its region" :
			rc == -ENOSPC ? "more regions than can be had" :
			rc == -ENOENT ? "no such region" : "it cannot be mapped");
		return;
	}
	session->change.memory_due = true;
	session->change.memory = memory;
}

void
session_set_mem_table(struct session *session, const struct memory_region *regions, const int *fds, uint32_t nr)
{
	const struct memory_owner owner = session_owner(session);
	struct memory *memory = NULL;
	int rc;

	session_begin(session, "SET_MEM_TABLE", NULL);
	rc = memory_create(regions, fds, nr, &owner, &memory);
	take_memory(session, rc, memory);
}

void
session_add_mem_reg(struct session *session, const struct memory_region *region, int fd)
{
	const struct memory_owner owner = session_owner(session);
	struct memory *memory = NULL;
	int rc;

	session_begin(session, "ADD_MEM_REG", NULL);
	rc = memory_with(session->memory, region, fd, &owner, &memory);
	take_memory(session, rc, memory);
	close(fd);
}

void
session_rem_mem_reg(struct session *session, const struct memory_region *region)
{
	struct memory *memory = NULL;
	int rc;

	session_begin(session, "REM_MEM_REG", NULL);
	rc = memory_without(session->memory, region, &memory);
	take_memory(session, rc, memory);
}

void
session_set_log_base(struct session *session, int fd, uint64_t offset, uint64_t size)
{
	const struct memory_owner owner = session_owner(session);
	struct dirty_log *log = NULL;
	int rc;

	session_begin(session, "SET_LOG_BASE", NULL);
	rc = fd >= 0 ? dirty_log_create(fd, offset, size, &owner, &log) : -EBADF;
	if (rc != 0) {
		session_refuse(session, RTE_VHOST2_ERR_MEMORY, rc, "a log of 0x%llx bytes at 0x%llx cannot be",
			(unsigned long long)size, (unsigned long long)offset);
		return;
	}
	session->change.log_due = true;
	session->change.log = log;
}

void
session_set_inflight(struct session *session, int fd, uint64_t offset, uint64_t size, uint16_t nr_queues,
	uint16_t queue_size)
{
	const struct memory_owner owner = session_owner(session);
	struct inflight *inflight = NULL;
	int rc;

	session_begin(session, "SET_INFLIGHT_FD", NULL);
	rc = nr_queues <= session->nr_queues ?
		inflight_create(fd, offset, size, nr_queues, queue_size, &owner, &inflight) : -EINVAL;
	if (rc != 0) {
		session_refuse(session, RTE_VHOST2_ERR_MEMORY, rc, "0x%llx bytes at 0x%llx for %u queues of %u cannot be",
			(unsigned long long)size, (unsigned long long)offset, nr_queues, queue_size);
		return;
	}
	session->change.inflight_due = true;
	session->change.inflight = inflight;
}

/* Rings that lack a translation look again. */
static void
stop_waiting(struct session *session)
{
	for (uint16_t i = 0; i < session->nr_queues; i++)
		session->queues[i].waiting = false;
}

void
session_iotlb_update(struct session *session, uint64_t iova, uint64_t size, uint64_t user_addr, uint8_t perm)
{
	int rc;

	session_begin(session, "IOTLB_MSG update", NULL);
	rc = iotlb_update(session->iotlb, iova, size, user_addr, perm);
	if (rc != 0)
		session_refuse(session, RTE_VHOST2_ERR_MESSAGE, rc, "0x%llx bytes at 0x%llx with permissions %u",
			(unsigned long long)size, (unsigned long long)iova, perm);
	stop_waiting(session);
}

void
session_iotlb_invalidate(struct session *session, uint64_t iova, uint64_t size)
{
	session_begin(session, "IOTLB_MSG invalidate", NULL);
	if (!iotlb_invalidate(session->iotlb, iova, size))
		return;
	/* Somebody looked there: the answer has to wait until nobody can be using it any more. */
	for (uint16_t i = 0; i < session->nr_queues; i++)
		session->queues[i].stale |= session->queues[i].running;
}

/* --- rings --- */

/* What queue_set_*() said. */
static void
take_ring(struct session *session, int rc, const char *field, uint64_t value)
{
	if (rc != 0)
		session_refuse(session, RTE_VHOST2_ERR_RING, rc, "queue %u: %s 0x%llx %s", session->verb_queue->vq.index,
			field, (unsigned long long)value, rc == -EBUSY ? "while it runs" : "cannot be");
}

void
session_set_vring_num(struct session *session, uint32_t index, uint32_t num)
{
	struct queue *queue = begin_queue(session, "SET_VRING_NUM", index);

	take_ring(session, queue_set_num(queue, num, session->device->ops.queue_size_max), "size", num);
}

void
session_set_vring_addr(struct session *session, uint32_t index, const struct queue_addr *addr)
{
	struct queue *queue = begin_queue(session, "SET_VRING_ADDR", index);

	take_ring(session, queue_set_addr(queue, addr), "address", addr->desc);
}

void
session_set_vring_base(struct session *session, uint32_t index, uint32_t base)
{
	const bool is_packed = (session->vdev->features & BIT(VIRTIO_F_RING_PACKED)) != 0;
	struct queue *queue = begin_queue(session, "SET_VRING_BASE", index);

	take_ring(session, queue_set_base(queue, base, is_packed), "base", base);
}

void
session_get_vring_base(struct session *session, uint32_t index)
{
	struct queue *queue = begin_queue(session, "GET_VRING_BASE", index);

	loop_unwatch(session->loop, &queue->kick_source);
	queue_drop_kick(queue);
}

static void
take_kick_fd(struct session *session, struct queue *queue, int fd)
{
	int rc = notifier_is_eventfd(fd) ? 0 : -EBADF;

	queue->kick_source.fd = fd;
	/* Edges: whether an old kick could be taken out or not, a new one is seen. */
	if (rc == 0)
		rc = loop_watch(session->loop, &queue->kick_source, EPOLLIN | EPOLLET);
	if (rc == 0) {
		queue->kick = QUEUE_KICK_FD;
		return;
	}
	queue_drop_kick(queue);
	session_refuse(session, RTE_VHOST2_ERR_FDS, rc, "queue %u: the descriptor is no eventfd", queue->vq.index);
}

void
session_set_vring_kick(struct session *session, uint32_t index, int fd)
{
	struct queue *queue = begin_queue(session, "SET_VRING_KICK", index);
	const bool was_kicked = queue->running && queue->kicked;
	const bool was_polled = queue->kick == QUEUE_KICK_POLL;

	session->verb_starts = true;
	loop_unwatch(session->loop, &queue->kick_source);
	queue_drop_kick(queue);
	queue->refused = false;
	if (fd < 0)
		queue->kick = QUEUE_KICK_POLL;
	else
		take_kick_fd(session, queue, fd);
	queue->kicked = was_kicked && queue->kick != QUEUE_KICK_NONE;
	queue->stale |= queue->running && was_polled != (queue->kick == QUEUE_KICK_POLL);
}

static void
take_notifier(struct session *session, struct notifier *notifier, int fd)
{
	const int rc = notifier_set(notifier, fd);

	if (rc != 0)
		session_refuse(session, RTE_VHOST2_ERR_FDS, rc, "queue %u: the descriptor is no eventfd",
			session->verb_queue->vq.index);
}

void
session_set_vring_call(struct session *session, uint32_t index, int fd)
{
	struct queue *queue = begin_queue(session, "SET_VRING_CALL", index);

	take_notifier(session, &queue->call, fd);
	/* What the driver was told by the old one may never have reached it; once too often does no harm. */
	if (queue->running)
		notifier_signal(&queue->call);
}

void
session_set_vring_err(struct session *session, uint32_t index, int fd)
{
	struct queue *queue = begin_queue(session, "SET_VRING_ERR", index);

	take_notifier(session, &queue->err, fd);
}

void
session_set_vring_enable(struct session *session, uint32_t index, bool enable)
{
	struct queue *queue = begin_queue(session, "SET_VRING_ENABLE", index);

	session->verb_starts = true;
	queue_set_enabled(queue, enable);
}
