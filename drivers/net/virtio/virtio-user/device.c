/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The emulated device's life: made, opened, closed, freed; its lock, deadline and link. Not here: what it does
 * (virtio.c). See device.h for who may touch what under which lock.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "vhost_user/deadline.h"
#include "virtio-user/device.h"
#include "virtio-user/memory.h"
#include "virtio-user/reconnect.h"

#define ISR_CONFIG 2

/* --- locks --- */

void
device_set_deadline(struct virtio_user_device *device)
{
	device->backend->deadline = vhost_user_deadline_after_ms(device->config.deadline_ms);
}

void
device_lock(struct virtio_user_device *device)
{
	pthread_mutex_lock(&device->lock);
}

void
device_enter(struct virtio_user_device *device)
{
	device_lock(device);
	/* Without a peer there is nobody to wait for, and the deadline is the handshake's. */
	if (device->is_connected)
		device_set_deadline(device);
}

static void
link_update(struct virtio_user_device *device)
{
	const struct backend_link_ops *link = device->backend->link;
	bool is_up = device->is_connected && device->state != DEVICE_WAITING &&
		     (link == NULL || link->is_up == NULL || link->is_up(device->backend));

	if (is_up == virtio_user_link_is_up(device))
		return;
	pthread_mutex_lock(&device->link.lock);
	__atomic_store_n(&device->link.is_up, is_up, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&device->link.changed);
	pthread_mutex_unlock(&device->link.lock);
	if (device->config_vector != DEVICE_NO_VECTOR)
		__atomic_or_fetch(&device->isr, ISR_CONFIG, __ATOMIC_RELAXED);
	reconnect_wake(device);
}

void
device_unlock(struct virtio_user_device *device)
{
	link_update(device);
	pthread_mutex_unlock(&device->lock);
}

/* --- life --- */

static int
queues_create(struct virtio_user_device *device)
{
	struct device_queue *vq;
	uint16_t queue;

	device->nr_queues = (uint16_t)(2 * device->config.queue_pairs + 1);
	device->queues = calloc(device->nr_queues, sizeof(*device->queues));
	if (device->queues == NULL)
		return -ENOMEM;
	for (queue = 0; queue < device->nr_queues; queue++)
		device->queues[queue].call = device->queues[queue].kick = -1;
	for (queue = 0; queue + 1 < device->nr_queues; queue++) {
		vq = &device->queues[queue];
		vq->call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		vq->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (vq->call < 0 || vq->kick < 0)
			return -errno;
	}
	return 0;
}

static void
queues_destroy(struct virtio_user_device *device)
{
	uint16_t queue;

	for (queue = 0; device->queues != NULL && queue < device->nr_queues; queue++) {
		if (device->queues[queue].call >= 0)
			close(device->queues[queue].call);
		if (device->queues[queue].kick >= 0)
			close(device->queues[queue].kick);
	}
	free(device->queues);
}

/** A copy of a string that may be absent. @return whether there was memory for it */
static bool
copy_text(char **copy, const char *text)
{
	*copy = text == NULL ? NULL : strdup(text);
	return text == NULL || *copy != NULL;
}

static int
config_copy(struct virtio_user_device *device, const struct virtio_user_config *config)
{
	device->config = *config;
	if (!copy_text(&device->name, config->name) || !copy_text(&device->path, config->path) ||
	    !copy_text(&device->iface, config->iface) || !copy_text(&device->netns, config->netns))
		return -ENOMEM;
	device->config.name = device->name;
	device->config.path = device->path;
	device->config.iface = device->iface;
	device->config.netns = device->netns;
	return 0;
}

static void
locks_init(struct virtio_user_device *device)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&device->lock, NULL);
	pthread_mutex_init(&device->gate.lock, NULL);
	pthread_mutex_init(&device->link.lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&device->link.changed, &attr);
	pthread_condattr_destroy(&attr);
}

void
device_free(struct virtio_user_device *device)
{
	if (device->thread.wake >= 0)
		close(device->thread.wake);
	memory_unshare(device);
	queues_destroy(device);
	pthread_cond_destroy(&device->link.changed);
	pthread_mutex_destroy(&device->link.lock);
	pthread_mutex_destroy(&device->gate.lock);
	pthread_mutex_destroy(&device->lock);
	free(device->netns);
	free(device->iface);
	free(device->path);
	free(device->name);
	free(device);
}

static int
device_create(const struct virtio_user_config *config, const struct device_parts *parts,
	      struct virtio_user_device **created)
{
	struct virtio_user_device *device = calloc(1, sizeof(*device));
	int rc;

	if (device == NULL)
		return -ENOMEM;
	device->source = parts->source;
	device->active_pairs = 1;
	device->control_queue = -1;
	device->config_vector = DEVICE_NO_VECTOR;
	locks_init(device);
	device->thread.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rc = device->thread.wake < 0 ? -errno : config_copy(device, config);
	if (rc == 0)
		rc = queues_create(device);
	if (rc < 0) {
		device_free(device);
		return rc;
	}
	device_init_space(device);
	*created = device;
	return 0;
}

/** The probe of a client: the peer has to be there. */
static int
connect_first(struct virtio_user_device *device)
{
	int rc;

	device_set_deadline(device);
	rc = device->backend->ops->connect(device->backend);
	if (rc < 0)
		return rc;
	device_lock(device);
	rc = reconnect_adopt(device);
	device_unlock(device);
	return rc;
}

static int
backend_reach(struct virtio_user_device *device, const struct device_parts *parts)
{
	const struct backend_config config = {
		.port = device->name,
		.path = device->path,
		.server = device->config.server,
		.queue_pairs = device->config.queue_pairs,
		.iface = device->iface,
		.netns = device->netns,
		.persist = device->config.persist,
		.sndbuf = device->config.sndbuf,
	};
	int rc = parts->open(&config, &device->backend);

	if (rc < 0)
		return rc;
	/* A filter is set by commands. */
	device->has_control = device->config.control_queue || device->config.queue_pairs > 1 ||
			      device->backend->filter != NULL;
	if (device->config.server) {
		(void)device_refresh_offer(device);
		return 0;
	}
	rc = connect_first(device);
	if (rc < 0)
		device->backend->ops->close(device->backend);
	return rc;
}

int
device_open(const struct virtio_user_config *config, const struct device_parts *parts,
	    struct virtio_user_device **opened)
{
	struct virtio_user_device *device;
	int rc;

	rc = device_create(config, parts, &device);
	if (rc < 0)
		return rc;
	rc = backend_reach(device, parts);
	if (rc < 0)
		goto free_device;
	rc = device->source->watch(device_gate_memory_changed, device);
	if (rc < 0) {
		PORT_LOG(ERR, device->name, "cannot watch the memory: %s", strerror(-rc));
		goto close_backend;
	}
	rc = reconnect_start(device, parts);
	if (rc < 0)
		goto unwatch;
	*opened = device;
	return 0;

unwatch:
	device->source->unwatch(device_gate_memory_changed, device);
close_backend:
	device->backend->ops->close(device->backend);
free_device:
	device_free(device);
	return rc;
}

int
virtio_user_device_open(const struct virtio_user_config *config, struct virtio_user_device **device)
{
	static const struct device_parts parts = {
		.source = &memory_source_eal,
		.open = backend_open,
		.thread_create = control_thread_create,
	};

	return device_open(config, &parts, device);
}

void
virtio_user_device_close(struct virtio_user_device *device)
{
	bool is_thread_gone;

	if (device == NULL)
		return;
	virtio_user_reset(device);
	is_thread_gone = reconnect_stop(device);
	device->source->unwatch(device_gate_memory_changed, device);
	device->backend->ops->close(device->backend);
	device->backend = NULL;
	if (is_thread_gone)
		device_free(device);
}

/* --- link --- */

bool
virtio_user_link_is_up(const struct virtio_user_device *device)
{
	return __atomic_load_n(&device->link.is_up, __ATOMIC_ACQUIRE);
}

bool
virtio_user_link_wait(struct virtio_user_device *device, uint32_t timeout_ms)
{
	uint64_t until = vhost_user_deadline_after_ms(timeout_ms);
	struct timespec end = {
		.tv_sec = (time_t)(until / 1000000000),
		.tv_nsec = (long)(until % 1000000000),
	};
	bool is_up;
	int rc = 0;

	pthread_mutex_lock(&device->link.lock);
	while (!device->link.is_up && rc == 0)
		rc = pthread_cond_timedwait(&device->link.changed, &device->link.lock, &end);
	is_up = device->link.is_up;
	pthread_mutex_unlock(&device->link.lock);
	return is_up;
}
