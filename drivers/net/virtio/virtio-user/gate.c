/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The door between the data threads and the peer's idea of memory: it opens only while the peer knows all memory
 * there is, and EAL's callback can close it without waiting for anybody but a data thread that leaves its burst.
 * Called by virtio.c and reconnect.c; the per-queue gates themselves are the driver's (listener).
 */

#include "virtio-user/device.h"
#include "virtio-user/memory.h"
#include "virtio-user/reconnect.h"

/** gate.lock is held. */
static void
gate_shut(struct virtio_user_device *device)
{
	const struct virtio_user_listener *listener = &device->config.listener;

	if (!device->gate.is_open)
		return;
	device->gate.is_open = false;
	if (listener->quiesce != NULL)
		listener->quiesce(listener->ctx);
}

void
device_gate_close(struct virtio_user_device *device)
{
	pthread_mutex_lock(&device->gate.lock);
	gate_shut(device);
	pthread_mutex_unlock(&device->gate.lock);
}

/** One step: open if clean; otherwise take the dirt, which the caller then has to clear away. */
static bool
gate_open_if_clean(struct virtio_user_device *device)
{
	const struct virtio_user_listener *listener = &device->config.listener;
	bool was_dirty;

	pthread_mutex_lock(&device->gate.lock);
	was_dirty = device->gate.is_dirty;
	device->gate.is_dirty = false;
	if (!was_dirty && !device->gate.is_open) {
		device->gate.is_open = true;
		if (listener->release != NULL)
			listener->release(listener->ctx);
	}
	pthread_mutex_unlock(&device->gate.lock);
	return !was_dirty;
}

int
device_gate_open(struct virtio_user_device *device, bool *peer_lost)
{
	int rc;

	*peer_lost = false;
	while (!gate_open_if_clean(device)) {
		rc = memory_share(device, peer_lost);
		if (rc < 0) {
			device_gate_close(device);
			return rc;
		}
	}
	return 0;
}

bool
device_gate_is_dirty(struct virtio_user_device *device)
{
	bool is_dirty;

	pthread_mutex_lock(&device->gate.lock);
	is_dirty = device->gate.is_dirty;
	pthread_mutex_unlock(&device->gate.lock);
	return is_dirty;
}

void
device_gate_take_dirt(struct virtio_user_device *device)
{
	pthread_mutex_lock(&device->gate.lock);
	device->gate.is_dirty = false;
	pthread_mutex_unlock(&device->gate.lock);
}

void
device_gate_memory_changed(void *arg, bool added)
{
	struct virtio_user_device *device = arg;

	pthread_mutex_lock(&device->gate.lock);
	device->gate.is_dirty = true;
	/* What was freed is in no ring; only what is new must not get there before the peer knows. */
	if (added)
		gate_shut(device);
	pthread_mutex_unlock(&device->gate.lock);
	reconnect_wake(device);
}
