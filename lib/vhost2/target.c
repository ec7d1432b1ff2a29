/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Targets: who waits for front-ends, and where. The only file that lists transports. Called by applications, from any
 * thread; a target itself lives in its loop's thread.
 */

#include <errno.h>
#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>

#include "vhost2/container.h"
#include "vhost2/log.h"
#include "vhost2/rte_vhost2.h"
#include "vhost2/transport/transport.h"
#include "virtio/vring_layout.h"

#define BIT(n) (UINT64_C(1) << (n))

/* A target. */
struct target {
	LIST_ENTRY(target) entry;
	char *trtype;
	char *trid;
	struct session_device device;
	struct transport_endpoint endpoint;
	struct rte_vhost2_tgt_stats stats;
	struct loop_task begin;
	struct loop_task close;
	void (*unregistered)(void *arg);
	void *unregistered_arg;
};

static const struct transport *const transports[] = {
	&transport_loopback,
	&transport_vhost_user,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, target) targets = LIST_HEAD_INITIALIZER(targets);

/* --- register --- */

static const struct transport *
find_transport(const char *trtype)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		if (strcmp(transports[i]->name, trtype) == 0)
			return transports[i];
	return NULL;
}

/* The lock is held. */
static struct target *
find_target(const char *trtype, const char *trid)
{
	struct target *target;

	LIST_FOREACH(target, &targets, entry)
		if (strcmp(target->trtype, trtype) == 0 && strcmp(target->trid, trid) == 0)
			return target;
	return NULL;
}

static int
check_ops(const struct rte_vhost2_tgt_ops *ops, uint64_t trflags, const struct transport *transport)
{
	const size_t embedded = sizeof(struct rte_vhost2_dev);

	if (ops->nr_queues == 0 || ops->nr_queues > RTE_VHOST2_MAX_QUEUES || ops->queue_size_max > VRING_SIZE_MAX)
		return -EINVAL;
	if (ops->dev_size != 0 && (ops->dev_size < embedded || ops->dev_offset > ops->dev_size - embedded))
		return -EINVAL;
	if (ops->dev_size != 0 && ops->dev_offset % _Alignof(struct rte_vhost2_dev) != 0)
		return -EINVAL;
	return (trflags & ~transport->flags) == 0 ? 0 : -EINVAL;
}

/* What front-ends are offered: the device type's, and what transport and library see to. */
static uint64_t
offer(const struct transport *transport, uint64_t trflags, uint64_t features)
{
	features &= ~(BIT(VHOST_F_LOG_ALL) | BIT(VIRTIO_F_ACCESS_PLATFORM));
	if ((trflags & RTE_VHOST2_NO_LOG) == 0)
		features |= BIT(VHOST_F_LOG_ALL);
	if ((trflags & RTE_VHOST2_IOMMU) != 0)
		features |= BIT(VIRTIO_F_ACCESS_PLATFORM);
	return features | transport->features;
}

static void
free_target(struct target *target)
{
	pthread_mutex_destroy(&target->endpoint.lock);
	free(target->trtype);
	free(target->trid);
	free(target);
}

static void
run_begin(struct loop_task *task)
{
	struct target *target = vhost2_container_of(task, struct target, begin);

	target->endpoint.transport->begin(&target->endpoint);
}

static void
run_close(struct loop_task *task)
{
	transport_close(&vhost2_container_of(task, struct target, close)->endpoint);
}

/* Nothing of it is left: out of the registry first, so that cb_fn may register it again. */
static void
run_done(struct loop_task *task)
{
	struct target *target = vhost2_container_of(task, struct target, endpoint.done);
	struct rte_vhost2_loop *const loop = target->endpoint.loop;
	void (*const unregistered)(void *) = target->unregistered;
	void *const arg = target->unregistered_arg;

	pthread_mutex_lock(&lock);
	LIST_REMOVE(target, entry);
	pthread_mutex_unlock(&lock);
	free_target(target);
	loop_shared_release(loop);
	if (unregistered != NULL)
		unregistered(arg);
}

static struct target *
alloc_target(const char *trtype, const char *trid, const struct rte_vhost2_tgt_ops *ops)
{
	struct target *target = calloc(1, sizeof(*target));

	if (target == NULL)
		return NULL;
	pthread_mutex_init(&target->endpoint.lock, NULL);
	target->trtype = strdup(trtype);
	target->trid = strdup(trid);
	if (target->trtype == NULL || target->trid == NULL) {
		free_target(target);
		return NULL;
	}
	target->device.ops = *ops;
	if (ops->queue_size_max == 0)
		target->device.ops.queue_size_max = VRING_SIZE_MAX;
	target->device.name = target->trid;
	target->device.stats = &target->stats;
	target->begin.run = run_begin;
	target->close.run = run_close;
	target->endpoint.done.run = run_done;
	return target;
}

static void
fill_endpoint(struct target *target, const struct transport *transport, uint64_t trflags, void *trctx)
{
	struct transport_endpoint *endpoint = &target->endpoint;

	endpoint->transport = transport;
	endpoint->device = &target->device;
	endpoint->trid = target->trid;
	endpoint->trflags = trflags;
	endpoint->trctx = trctx;
	endpoint->max_devices = target->device.ops.max_devices;
	LIST_INIT(&endpoint->sessions);
}

static int
hold_loop(struct target *target)
{
	struct rte_vhost2_loop *loop = target->device.ops.loop;

	if (loop != NULL)
		loop_hold(loop);
	else
		loop = loop_shared_hold();
	target->endpoint.loop = loop;
	return loop != NULL ? 0 : -errno;
}

/* Enter it in the registry, if its address is free and can be had. */
static int
enter_target(struct target *target)
{
	int rc;

	pthread_mutex_lock(&lock);
	rc = find_target(target->trtype, target->trid) != NULL ? -EEXIST :
		target->endpoint.transport->open(&target->endpoint);
	if (rc == 0) {
		LIST_INSERT_HEAD(&targets, target, entry);
		loop_post(target->endpoint.loop, &target->begin);
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

int
rte_vhost2_tgt_register(const char *trtype, const char *trid, uint64_t trflags, void *trctx,
	const struct rte_vhost2_tgt_ops *ops, uint64_t features)
{
	const struct transport *transport;
	struct target *target;
	int rc;

	if (trtype == NULL || trid == NULL || ops == NULL)
		return -EINVAL;
	transport = find_transport(trtype);
	if (transport == NULL)
		return -EPROTONOSUPPORT;
	rc = check_ops(ops, trflags, transport);
	if (rc != 0)
		return rc;
	target = alloc_target(trtype, trid, ops);
	if (target == NULL)
		return -ENOMEM;
	target->device.features = offer(transport, trflags, features);
	target->device.flags = trflags;
	fill_endpoint(target, transport, trflags, trctx);
	rc = hold_loop(target);
	if (rc != 0)
		goto free_target;
	rc = enter_target(target);
	if (rc != 0)
		goto release_loop;
	return 0;

release_loop:
	loop_shared_release(target->endpoint.loop);
free_target:
	free_target(target);
	return rc;
}

/* --- unregister --- */

int
rte_vhost2_tgt_unregister(const char *trtype, const char *trid, void (*cb_fn)(void *arg), void *cb_arg)
{
	struct target *target;
	int rc = 0;

	if (trtype == NULL || trid == NULL)
		return -EINVAL;
	pthread_mutex_lock(&lock);
	target = find_target(trtype, trid);
	if (target == NULL)
		rc = -ENOENT;
	else if (!transport_shut(&target->endpoint))
		rc = -EALREADY;
	if (rc == 0) {
		target->unregistered = cb_fn;
		target->unregistered_arg = cb_arg;
		loop_post(target->endpoint.loop, &target->close);
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

/* --- statistics --- */

int
rte_vhost2_tgt_stats_get(const char *trtype, const char *trid, struct rte_vhost2_tgt_stats *stats)
{
	const struct target *target;

	if (trtype == NULL || trid == NULL || stats == NULL)
		return -EINVAL;
	pthread_mutex_lock(&lock);
	target = find_target(trtype, trid);
	if (target != NULL) {
		stats->connections = __atomic_load_n(&target->stats.connections, __ATOMIC_RELAXED);
		stats->devices = __atomic_load_n(&target->stats.devices, __ATOMIC_RELAXED);
		stats->refused = __atomic_load_n(&target->stats.refused, __ATOMIC_RELAXED);
		for (int i = 0; i < RTE_VHOST2_ERR_COUNT; i++)
			stats->errors[i] = __atomic_load_n(&target->stats.errors[i], __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&lock);
	return target != NULL ? 0 : -ENOENT;
}
