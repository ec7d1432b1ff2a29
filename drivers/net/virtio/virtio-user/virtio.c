/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The verbs of the emulated device (virtio.h): the status register, features, queues, configuration space. Not here:
 * its life and link (device.c), what is offered (offer.c), the order of messages (start.c), the connection
 * (reconnect.c), the control queue (control.c). Called by virtio_user_ethdev.c and tests.
 *
 * Theory of operation. A verb takes the lock, sets one deadline for all that it may wait for, and does its part with
 * the peer if one is connected. A peer that fails is let go, and the verb ends as if nobody had been there: the
 * driver's side of a verb never depends on the peer's health. Only a sound peer's refusal of features is an error.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio/status.h"
#include "virtio/vring_packed.h"
#include "virtio-user/control.h"
#include "virtio-user/device.h"
#include "virtio-user/reconnect.h"
#include "virtio-user/start.h"

/* --- configuration space --- */

void
virtio_user_read_config(struct virtio_user_device *device, size_t offset, void *dst, size_t len)
{
	struct virtio_net_config space;
	size_t have;

	device_lock(device);
	space = device->space;
	device_unlock(device);
	space.status = virtio_user_link_is_up(device) ? VIRTIO_NET_S_LINK_UP : 0;
	memset(dst, 0, len);
	if (offset >= sizeof(space))
		return;
	have = sizeof(space) - offset;
	memcpy(dst, (const uint8_t *)&space + offset, len < have ? len : have);
}

int
virtio_user_write_config(struct virtio_user_device *device, size_t offset, const void *src, size_t len)
{
	const size_t end = offsetof(struct virtio_net_config, mac) + sizeof(device->space.mac);
	int rc = -EPERM;

	device_lock(device);
	/* VIRTIO 1.3 5.1.4: "device-specific configuration fields ... are read-only for a driver"; a legacy one
	 * has no other way to change the address.
	 */
	if ((device->negotiated & VIRTIO_BIT(VIRTIO_F_VERSION_1)) == 0 && device->status != 0 &&
	    offset <= end && len <= end - offset) {
		memcpy(device->space.mac + offset, src, len);
		device->is_mac_chosen = true;
		rc = 0;
	}
	device_unlock(device);
	return rc;
}

/* --- status and features --- */

/** The peer no longer runs our rings; on failure it is no longer our peer either. */
static void
quiet_peer(struct virtio_user_device *device)
{
	int rc;

	device_gate_close(device);
	if (!device->is_connected)
		return;
	rc = stop_rings(device);
	if (rc < 0)
		reconnect_lose_peer(device, rc);
}

/** From here on a kick of @p queue is a command; -1: of none. */
static void
set_control_queue(struct virtio_user_device *device, int queue)
{
	__atomic_store_n(&device->control_queue, queue, __ATOMIC_RELEASE);
}

static void
forget_driver(struct virtio_user_device *device)
{
	struct device_queue *vq;
	uint16_t queue;

	for (queue = 0; queue < device->nr_queues; queue++) {
		vq = &device->queues[queue];
		vq->is_set = false;
		vq->is_call_given = false;
		vq->is_base_known = false;
	}
	memset(&device->control, 0, sizeof(device->control));
	set_control_queue(device, -1);
	device->state = DEVICE_STOPPED;
	device->status = 0;
	device->negotiated = 0;
	device->active_pairs = 1;
	device->mtu = 0;
	device->is_promisc = false;
	device->is_allmulti = false;
	__atomic_store_n(&device->isr, 0, __ATOMIC_RELAXED);
}

/** With the lock. */
static void
reset(struct virtio_user_device *device)
{
	int rc;

	quiet_peer(device);
	if (device->is_connected && device->status != 0) {
		rc = device->backend->ops->set_status(device->backend, 0);
		if (rc < 0 && rc != -ENOTSUP)
			reconnect_lose_peer(device, rc);
	}
	forget_driver(device);
	rc = device_refresh_offer(device);
	if (rc < 0)
		reconnect_lose_peer(device, rc);
}

int
virtio_user_reset(struct virtio_user_device *device)
{
	device_enter(device);
	reset(device);
	device_unlock(device);
	return 0;
}

uint8_t
virtio_user_get_status(struct virtio_user_device *device)
{
	uint8_t status;

	device_lock(device);
	status = device->status;
	device_unlock(device);
	return status;
}

/** FEATURES_OK: 0 also without a peer, or with one that fails meanwhile. */
static int
accept_features(struct virtio_user_device *device)
{
	unsigned int offender;
	uint64_t missing;
	int rc;

	if (virtio_features_check(device->negotiated, &offender) < 0) {
		PORT_LOG(ERR, device->name, "features 0x%" PRIx64 ": %s needs others",
			 device->negotiated, virtio_feature_name(offender));
		return -EINVAL;
	}
	if (!device->is_connected)
		return 0;
	missing = device_missing_features(device);
	if (missing != 0) {
		PORT_LOG(ERR, device->name, "peer at %s does not offer features 0x%" PRIx64, device->path, missing);
		return -EREMOTEIO;
	}
	rc = start_negotiate(device);
	if (rc == -EREMOTEIO)
		return rc;
	if (rc < 0)
		reconnect_lose_peer(device, rc);
	return 0;
}

static int
change_status(struct virtio_user_device *device, uint8_t status)
{
	uint8_t added = status & (uint8_t)~device->status;
	int rc = 0;

	if (!virtio_status_can_follow(device->status, status) ||
	    ((added & VIRTIO_STATUS_DRIVER_OK) != 0 && (status & VIRTIO_STATUS_FEATURES_OK) == 0)) {
		PORT_LOG(ERR, device->name, "status 0x%02x cannot follow 0x%02x", status, device->status);
		return -EINVAL;
	}
	if ((added & VIRTIO_STATUS_FEATURES_OK) != 0)
		rc = accept_features(device);
	if (rc < 0)
		return rc;
	device->status = status;
	if ((added & VIRTIO_STATUS_FAILED) != 0) {
		quiet_peer(device);
		device->state = DEVICE_STOPPED;
	} else if ((added & VIRTIO_STATUS_DRIVER_OK) != 0) {
		device->state = DEVICE_WAITING;
		if (device->is_connected)
			reconnect_run(device);
	}
	return 0;
}

int
virtio_user_set_status(struct virtio_user_device *device, uint8_t status)
{
	int rc = 0;

	device_enter(device);
	if (status == 0)
		reset(device);
	else
		rc = change_status(device, status);
	device_unlock(device);
	return rc;
}

uint64_t
virtio_user_get_features(struct virtio_user_device *device)
{
	uint64_t offered;

	device_lock(device);
	offered = device->offered;
	device_unlock(device);
	return offered;
}

int
virtio_user_set_features(struct virtio_user_device *device, uint64_t features)
{
	int rc = -EINVAL;

	device_lock(device);
	if ((device->status & VIRTIO_STATUS_FEATURES_OK) != 0) {
		PORT_LOG(ERR, device->name, "features are settled until the next reset");
	} else if ((features & ~device->offered) != 0) {
		PORT_LOG(ERR, device->name, "features 0x%" PRIx64 " are not all offered (0x%" PRIx64 ")",
			 features, device->offered);
	} else {
		device->negotiated = features;
		rc = 0;
	}
	device_unlock(device);
	return rc;
}

uint8_t
virtio_user_get_isr(struct virtio_user_device *device)
{
	return __atomic_exchange_n(&device->isr, 0, __ATOMIC_RELAXED);
}

int
virtio_user_set_config_irq(struct virtio_user_device *device, uint16_t vector)
{
	if (vector != 0 && vector != DEVICE_NO_VECTOR)
		return -EINVAL;
	device_lock(device);
	device->config_vector = vector;
	device_unlock(device);
	return 0;
}

/* --- queues --- */

/** With the lock. */
static bool
queue_exists(const struct virtio_user_device *device, uint16_t queue)
{
	return queue < 2 * device_pairs(device) || device_is_control(device, queue);
}

uint16_t
virtio_user_get_queue_num(struct virtio_user_device *device, uint16_t queue)
{
	uint16_t size;

	device_lock(device);
	size = queue_exists(device, queue) ? device->config.queue_size : 0;
	device_unlock(device);
	return size;
}

/** With the lock. */
static enum vring_format
device_ring_format(const struct virtio_user_device *device)
{
	return (device->negotiated & VIRTIO_BIT(VIRTIO_F_RING_PACKED)) != 0 ? VRING_PACKED : VRING_SPLIT;
}

static int
queue_check(const struct virtio_user_device *device, uint16_t queue, const struct vring_area *area)
{
	if ((device->status & VIRTIO_STATUS_FEATURES_OK) == 0 || !queue_exists(device, queue))
		return -EINVAL;
	if (area->format != device_ring_format(device) || !vring_size_is_valid(area->format, area->size) ||
	    area->size > device->config.queue_size || !vring_area_is_aligned(area))
		return -EINVAL;
	return device->queues[queue].is_kicked ? -EBUSY : 0;
}

int
virtio_user_setup_queue(struct virtio_user_device *device, uint16_t queue, const struct vring_area *area)
{
	struct device_queue *vq;
	int rc;

	device_lock(device);
	rc = queue_check(device, queue, area);
	if (rc < 0) {
		PORT_LOG(ERR, device->name, "queue %u of %u descriptors (largest %u) with status 0x%02x: %s",
			 queue, area->size, device->config.queue_size, device->status, strerror(-rc));
	} else {
		vq = &device->queues[queue];
		vq->area = *area;
		vq->base = vring_base_start(area->format);
		vq->is_base_known = true;
		vq->is_set = true;
		if (device_is_control(device, queue)) {
			memset(&device->control, 0, sizeof(device->control));
			device->control.next = packed_pos_start();
			set_control_queue(device, queue);
		}
	}
	device_unlock(device);
	return rc;
}

void
virtio_user_del_queue(struct virtio_user_device *device, uint16_t queue)
{
	int rc = 0;

	device_enter(device);
	if (queue < device->nr_queues) {
		if (device->is_connected)
			rc = stop_ring(device, queue);
		if (rc < 0)
			reconnect_lose_peer(device, rc);
		device->queues[queue].is_set = false;
		if (device->control_queue == queue)
			set_control_queue(device, -1);
	}
	device_unlock(device);
}

void
virtio_user_notify_queue(struct virtio_user_device *device, uint16_t queue)
{
	const uint64_t one = 1;
	struct device_queue *vq;
	ssize_t written;

	if (queue >= device->nr_queues)
		return;
	vq = &device->queues[queue];
	__atomic_fetch_add(&vq->kicks, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&device->control_queue, __ATOMIC_ACQUIRE) == queue) {
		control_handle(device);
		return;
	}
	/* EAGAIN: the counter is full of kicks that nobody took yet, so one more says nothing new. */
	written = write(vq->kick, &one, sizeof(one));
	(void)written;
}

int
virtio_user_suspend(struct virtio_user_device *device)
{
	int rc = 0;

	device_enter(device);
	if (device->state == DEVICE_STOPPED) {
		rc = -EINVAL;
	} else if (device->state != DEVICE_SUSPENDED) {
		quiet_peer(device);
		device->state = DEVICE_SUSPENDED;
	}
	device_unlock(device);
	return rc;
}

int
virtio_user_resume(struct virtio_user_device *device)
{
	int rc = 0;

	device_enter(device);
	if (device->state == DEVICE_STOPPED) {
		rc = -EINVAL;
	} else if (device->state == DEVICE_SUSPENDED) {
		device->state = DEVICE_WAITING;
		if (device->is_connected)
			reconnect_run(device);
	}
	device_unlock(device);
	return rc;
}

/* --- MTU and information --- */

int
virtio_user_set_mtu(struct virtio_user_device *device, uint16_t mtu)
{
	int rc = 0;

	if (!virtio_net_mtu_is_valid(mtu))
		return -EINVAL;
	device_enter(device);
	device->mtu = mtu;
	if (device->is_connected && (device->status & VIRTIO_STATUS_FEATURES_OK) != 0)
		rc = start_tell_mtu(device);
	if (rc < 0 && rc != -EREMOTEIO) {
		reconnect_lose_peer(device, rc);
		rc = 0;
	}
	device_unlock(device);
	return rc;
}

/** A peer that does not say leaves zeros. */
static void
read_drops(const struct virtio_user_device *device, struct virtio_user_info *info)
{
	struct backend_drops drops;

	if (device->backend->drops == NULL || device->backend->drops->get_drops(device->backend, &drops) < 0)
		return;
	info->peer_missed = drops.missed;
	info->peer_refused = drops.refused;
}

void
virtio_user_get_info(struct virtio_user_device *device, struct virtio_user_info *info)
{
	uint16_t queue;

	memset(info, 0, sizeof(*info));
	device_enter(device);
	info->connected = device->is_connected;
	info->connects = device->counts.connects;
	info->disconnects = device->counts.disconnects;
	info->table_updates = device->counts.table_updates;
	info->regions = device->shared.nr;
	info->features = device->negotiated;
	info->offered = device->offered;
	info->max_queue_pairs = device->config.queue_pairs;
	info->last_error = device->last_error;
	info->backend = device->backend->ops->name;
	if (device->is_connected) {
		info->region_limit = device->backend->caps.max_mem_regions;
		info->protocol = device->backend->caps.protocol;
		if (device->backend->mtu != NULL && device->backend->mtu->get_mtu != NULL)
			info->peer_mtu = device->backend->mtu->get_mtu(device->backend);
		read_drops(device, info);
	}
	for (queue = 0; queue < device->nr_queues; queue++)
		info->kicks += __atomic_load_n(&device->queues[queue].kicks, __ATOMIC_RELAXED);
	device_unlock(device);
	info->link_up = virtio_user_link_is_up(device);
}
