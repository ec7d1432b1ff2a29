/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The verbs of a front-end in this process, see loopback.h: each as a call, and how that begins in the session. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "vhost2/transport/loopback.h"
#include "vhost2/transport/loopback_private.h"

/* What becomes the session's is a copy. */
static int
copy_fd(int fd)
{
	return fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : fd;
}

static void
begin_get_features(struct session *session, const struct loopback_call *call)
{
	session_begin(session, "GET_FEATURES", NULL);
	*(uint64_t *)call->out = session->device->features;
}

int
loopback_get_features(struct loopback *loopback, uint64_t *features)
{
	struct loopback_call call = { .begin = begin_get_features, .out = features };

	return loopback_run(loopback, &call);
}

static void
begin_set_features(struct session *session, const struct loopback_call *call)
{
	session_set_features(session, call->value);
}

int
loopback_set_features(struct loopback *loopback, uint64_t features)
{
	struct loopback_call call = { .begin = begin_set_features, .value = features };

	return loopback_run(loopback, &call);
}

static void
begin_set_mem_table(struct session *session, const struct loopback_call *call)
{
	session_set_mem_table(session, call->in, call->fds, call->number);
}

int
loopback_set_mem_table(struct loopback *loopback, const struct memory_region *regions, const int *fds, uint32_t nr)
{
	struct loopback_call call = { .begin = begin_set_mem_table, .in = regions, .fds = fds, .number = nr };

	return loopback_run(loopback, &call);
}

static void
begin_add_mem_reg(struct session *session, const struct loopback_call *call)
{
	session_add_mem_reg(session, call->in, copy_fd(call->fd));
}

int
loopback_add_mem_reg(struct loopback *loopback, const struct memory_region *region, int fd)
{
	struct loopback_call call = { .begin = begin_add_mem_reg, .in = region, .fd = fd };

	return loopback_run(loopback, &call);
}

static void
begin_rem_mem_reg(struct session *session, const struct loopback_call *call)
{
	session_rem_mem_reg(session, call->in);
}

int
loopback_rem_mem_reg(struct loopback *loopback, const struct memory_region *region)
{
	struct loopback_call call = { .begin = begin_rem_mem_reg, .in = region };

	return loopback_run(loopback, &call);
}

static void
begin_set_vring_num(struct session *session, const struct loopback_call *call)
{
	session_set_vring_num(session, call->index, call->number);
}

int
loopback_set_vring_num(struct loopback *loopback, uint32_t index, uint32_t num)
{
	struct loopback_call call = { .begin = begin_set_vring_num, .is_indexed = true, .index = index, .number = num };

	return loopback_run(loopback, &call);
}

static void
begin_set_vring_addr(struct session *session, const struct loopback_call *call)
{
	session_set_vring_addr(session, call->index, call->in);
}

int
loopback_set_vring_addr(struct loopback *loopback, uint32_t index, const struct queue_addr *addr)
{
	struct loopback_call call = { .begin = begin_set_vring_addr, .is_indexed = true, .index = index, .in = addr };

	return loopback_run(loopback, &call);
}

static void
begin_set_vring_base(struct session *session, const struct loopback_call *call)
{
	session_set_vring_base(session, call->index, call->number);
}

int
loopback_set_vring_base(struct loopback *loopback, uint32_t index, uint32_t base)
{
	struct loopback_call call = {
		.begin = begin_set_vring_base,
		.is_indexed = true,
		.index = index,
		.number = base,
	};

	return loopback_run(loopback, &call);
}

static void
begin_get_vring_base(struct session *session, const struct loopback_call *call)
{
	session_get_vring_base(session, call->index);
}

static void
collect_get_vring_base(struct session *session, const struct loopback_call *call)
{
	*(uint32_t *)call->out = queue_get_base(&session->queues[call->index]);
}

int
loopback_get_vring_base(struct loopback *loopback, uint32_t index, uint32_t *base)
{
	struct loopback_call call = {
		.begin = begin_get_vring_base,
		.collect = collect_get_vring_base,
		.is_indexed = true,
		.index = index,
		.out = base,
	};

	return loopback_run(loopback, &call);
}

static void
begin_set_vring_kick(struct session *session, const struct loopback_call *call)
{
	session_set_vring_kick(session, call->index, copy_fd(call->fd));
}

int
loopback_set_vring_kick(struct loopback *loopback, uint32_t index, int fd)
{
	struct loopback_call call = { .begin = begin_set_vring_kick, .is_indexed = true, .index = index, .fd = fd };

	return loopback_run(loopback, &call);
}

static void
begin_set_vring_call(struct session *session, const struct loopback_call *call)
{
	session_set_vring_call(session, call->index, copy_fd(call->fd));
}

int
loopback_set_vring_call(struct loopback *loopback, uint32_t index, int fd)
{
	struct loopback_call call = { .begin = begin_set_vring_call, .is_indexed = true, .index = index, .fd = fd };

	return loopback_run(loopback, &call);
}

static void
begin_set_vring_err(struct session *session, const struct loopback_call *call)
{
	session_set_vring_err(session, call->index, copy_fd(call->fd));
}

int
loopback_set_vring_err(struct loopback *loopback, uint32_t index, int fd)
{
	struct loopback_call call = { .begin = begin_set_vring_err, .is_indexed = true, .index = index, .fd = fd };

	return loopback_run(loopback, &call);
}

static void
begin_set_vring_enable(struct session *session, const struct loopback_call *call)
{
	session_set_vring_enable(session, call->index, call->number != 0);
}

int
loopback_set_vring_enable(struct loopback *loopback, uint32_t index, bool enable)
{
	struct loopback_call call = {
		.begin = begin_set_vring_enable,
		.is_indexed = true,
		.index = index,
		.number = enable,
	};

	return loopback_run(loopback, &call);
}

static void
begin_set_status(struct session *session, const struct loopback_call *call)
{
	session_set_status(session, call->value);
}

int
loopback_set_status(struct loopback *loopback, uint64_t status)
{
	struct loopback_call call = { .begin = begin_set_status, .value = status };

	return loopback_run(loopback, &call);
}

static void
begin_get_status(struct session *session, const struct loopback_call *call)
{
	session_begin(session, "GET_STATUS", NULL);
	*(uint64_t *)call->out = session->status;
}

int
loopback_get_status(struct loopback *loopback, uint64_t *status)
{
	struct loopback_call call = { .begin = begin_get_status, .out = status };

	return loopback_run(loopback, &call);
}

static void
begin_reset_device(struct session *session, const struct loopback_call *call)
{
	(void)call;
	session_reset_device(session);
}

int
loopback_reset_device(struct loopback *loopback)
{
	struct loopback_call call = { .begin = begin_reset_device };

	return loopback_run(loopback, &call);
}

static void
begin_get_config(struct session *session, const struct loopback_call *call)
{
	session_get_config(session, call->index, call->number, call->out);
}

int
loopback_get_config(struct loopback *loopback, uint32_t offset, uint32_t len, uint8_t *data)
{
	struct loopback_call call = { .begin = begin_get_config, .index = offset, .number = len, .out = data };

	return loopback_run(loopback, &call);
}

static void
begin_set_config(struct session *session, const struct loopback_call *call)
{
	uint8_t data[256];

	if (call->number > sizeof(data)) {
		session_begin(session, "SET_CONFIG", NULL);
		session_refuse(session, RTE_VHOST2_ERR_MESSAGE, -EMSGSIZE, "%u bytes at once", call->number);
		return;
	}
	memcpy(data, call->in, call->number);
	session_set_config(session, call->index, call->number, data, RTE_VHOST2_SET_CONFIG_DRIVER);
}

int
loopback_set_config(struct loopback *loopback, uint32_t offset, uint32_t len, const uint8_t *data)
{
	struct loopback_call call = { .begin = begin_set_config, .index = offset, .number = len, .in = data };

	return loopback_run(loopback, &call);
}

static void
begin_set_log_base(struct session *session, const struct loopback_call *call)
{
	session_set_log_base(session, call->fd, call->value, call->size);
}

int
loopback_set_log_base(struct loopback *loopback, int fd, uint64_t offset, uint64_t size)
{
	struct loopback_call call = { .begin = begin_set_log_base, .fd = fd, .value = offset, .size = size };

	return loopback_run(loopback, &call);
}

static void
begin_set_inflight(struct session *session, const struct loopback_call *call)
{
	session_set_inflight(session, call->fd, call->value, call->size, call->nr_queues, call->queue_size);
}

int
loopback_set_inflight(struct loopback *loopback, int fd, uint64_t offset, uint64_t size, uint16_t nr_queues,
	uint16_t queue_size)
{
	struct loopback_call call = {
		.begin = begin_set_inflight,
		.fd = fd,
		.value = offset,
		.size = size,
		.nr_queues = nr_queues,
		.queue_size = queue_size,
	};

	return loopback_run(loopback, &call);
}

static void
begin_iotlb_update(struct session *session, const struct loopback_call *call)
{
	if (session->vdev->iommu) {
		session_iotlb_update(session, call->iova, call->size, call->value, call->perm);
		return;
	}
	session_begin(session, "IOTLB update", NULL);
	session_refuse(session, RTE_VHOST2_ERR_MESSAGE, -EACCES, "no IOMMU was negotiated");
}

int
loopback_iotlb_update(struct loopback *loopback, uint64_t iova, uint64_t size, uint64_t user_addr, uint8_t perm)
{
	struct loopback_call call = {
		.begin = begin_iotlb_update,
		.iova = iova,
		.size = size,
		.value = user_addr,
		.perm = perm,
	};

	return loopback_run(loopback, &call);
}

static void
begin_iotlb_invalidate(struct session *session, const struct loopback_call *call)
{
	if (session->vdev->iommu) {
		session_iotlb_invalidate(session, call->iova, call->size);
		return;
	}
	session_begin(session, "IOTLB invalidate", NULL);
	session_refuse(session, RTE_VHOST2_ERR_MESSAGE, -EACCES, "no IOMMU was negotiated");
}

int
loopback_iotlb_invalidate(struct loopback *loopback, uint64_t iova, uint64_t size)
{
	struct loopback_call call = { .begin = begin_iotlb_invalidate, .iova = iova, .size = size };

	return loopback_run(loopback, &call);
}

static void
begin_custom(struct session *session, const struct loopback_call *call)
{
	session_custom(session, call->out);
}

int
loopback_custom(struct loopback *loopback, struct rte_vhost2_msg *msg)
{
	struct loopback_call call = { .begin = begin_custom, .out = msg };

	return loopback_run(loopback, &call);
}
