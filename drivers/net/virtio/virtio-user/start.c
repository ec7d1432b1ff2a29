/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The start and stop order of the emulated device. Not here: when it is played (virtio.c, reconnect.c) and how a
 * message looks (backend/). It is played from the top for every peer, from a state built anew; nothing is patched.
 *
 *   connected      0  address, receive modes           for who wants to hear them; at every connection
 *   FEATURES_OK    1  status ACKNOWLEDGE | DRIVER
 *                  2  call fd of every queue          a peer may count its queues by the messages that name them
 *                  3  features                        vhost-user: GET_FEATURES is answered, this is what we take
 *                  4  status FEATURES_OK, read back   VIRTIO 1.3 3.1.1: "Re-read device status"
 *                  5  mtu                             vhost-user NET_SET_MTU: "only when VIRTIO_NET_F_MTU feature"
 *   DRIVER_OK      6  memory table                    addresses mean nothing before it
 *      per queue   7  call fd, if it was lost         a peer may forget it when a ring stops
 *                  8  num, base, addr                 the size bounds what the address covers, so addr comes last
 *      then        9  kick fd of every queue, last    vhost-user: "must start ring upon receiving a kick"
 *                 10  enable pair 0, or the MQ pairs  vhost-user: "the ring is initialized in a disabled state"
 *                 11  status DRIVER_OK
 *                 12  one kick                        for what was made available before the peer looked
 *   stop           9' get base of every queue         vhost-user: "stop ring upon receiving" it
 *                 10' disable
 *
 * Two places are not the mirror image that one expects, both because of one rule of the protocol, that a ring which
 * is started but disabled is served without effect (vhost-user: "must process and discard any TX packets"). Stopping
 * asks for the base first and disables then: the other way round, what is still in a tx ring would be thrown away.
 * And a kick fd is emptied before a peer gets it, lest an old kick start the ring before it is enabled.
 *
 * A queue that the driver did not set up is left alone; the control queue is ours and never named.
 */

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "log.h"
#include "virtio/status.h"
#include "virtio-user/device.h"
#include "virtio-user/start.h"

/** Play @p step on every data queue, in order, until one fails. */
static int
for_each_queue(struct virtio_user_device *device,
	       int (*step)(struct virtio_user_device *device, uint16_t queue))
{
	uint16_t end = device_pairs(device) * 2, queue;
	int rc = 0;

	for (queue = 0; queue < end && rc == 0; queue++)
		rc = step(device, queue);
	return rc;
}

/** The status is a courtesy: a dialect or a peer without one goes on without. */
static int
tell_status(struct virtio_user_device *device, uint8_t status)
{
	int rc = device->backend->ops->set_status(device->backend, status);

	return rc == -ENOTSUP ? 0 : rc;
}

static int
check_features_ok(struct virtio_user_device *device)
{
	uint8_t status;
	int rc = device->backend->ops->get_status(device->backend, &status);

	if (rc < 0)
		return rc == -ENOTSUP ? 0 : rc;
	/* VIRTIO 1.3 3.1.1: "Otherwise, the device does not support our subset of features" */
	if ((status & VIRTIO_STATUS_FEATURES_OK) != 0)
		return 0;
	PORT_LOG(ERR, device->name, "peer at %s does not take features 0x%" PRIx64 " (it offers 0x%" PRIx64 ")",
		 device->path, device_peer_features(device), device->backend->caps.features);
	return -EREMOTEIO;
}

static int
tell_call(struct virtio_user_device *device, uint16_t queue)
{
	struct device_queue *vq = &device->queues[queue];
	int rc;

	if (vq->is_call_given)
		return 0;
	rc = device->backend->ops->set_vring_call(device->backend, queue, vq->call);
	vq->is_call_given = rc == 0;
	return rc;
}

int
start_tell_mtu(struct virtio_user_device *device)
{
	if (device->mtu == 0 || device->backend->mtu == NULL ||
	    (device_peer_features(device) & VIRTIO_BIT(VIRTIO_NET_F_MTU)) == 0)
		return 0;
	return device->backend->mtu->set_mtu(device->backend, device->mtu);
}

int
start_tell_filter(struct virtio_user_device *device)
{
	const struct backend_filter_ops *filter = device->backend->filter;
	int rc = 0;

	if (filter == NULL)
		return 0;
	/* An address that nobody chose gives way to the peer's own. */
	if (device->is_mac_chosen)
		rc = filter->set_mac(device->backend, device->space.mac);
	if (rc == 0)
		rc = filter->set_promisc(device->backend, device->is_promisc);
	if (rc == 0)
		rc = filter->set_allmulti(device->backend, device->is_allmulti);
	/* It said why, and goes on without. */
	return rc == -EREMOTEIO ? 0 : rc;
}

int
start_negotiate(struct virtio_user_device *device)
{
	const uint8_t driver = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
	int rc;

	rc = tell_status(device, driver);
	if (rc == 0)
		rc = for_each_queue(device, tell_call);
	if (rc == 0)
		rc = device->backend->ops->set_features(device->backend, device_peer_features(device));
	if (rc == 0)
		rc = tell_status(device, driver | VIRTIO_STATUS_FEATURES_OK);
	if (rc == 0)
		rc = check_features_ok(device);
	if (rc == 0)
		rc = start_tell_mtu(device);
	return rc;
}

static int
find_base(struct virtio_user_device *device, uint16_t queue)
{
	const struct virtio_user_listener *listener = &device->config.listener;
	struct device_queue *vq = &device->queues[queue];
	int rc;

	if (vq->is_base_known)
		return 0;
	if (listener->resync == NULL)
		return -EIO;
	rc = listener->resync(listener->ctx, queue, &vq->base);
	vq->is_base_known = rc == 0;
	return rc;
}

static int
tell_ring(struct virtio_user_device *device, uint16_t queue)
{
	struct device_queue *vq = &device->queues[queue];
	struct backend *backend = device->backend;
	int rc;

	if (!vq->is_set)
		return 0;
	rc = find_base(device, queue);
	if (rc == 0)
		rc = tell_call(device, queue);
	if (rc == 0)
		rc = backend->ops->set_vring_num(backend, queue, vq->area.size);
	if (rc == 0)
		rc = backend->ops->set_vring_base(backend, queue, vq->base);
	if (rc == 0)
		rc = backend->ops->set_vring_addr(backend, queue, &vq->area);
	return rc;
}

static int
tell_kick(struct virtio_user_device *device, uint16_t queue)
{
	struct device_queue *vq = &device->queues[queue];
	uint64_t old_kicks;
	ssize_t got;

	if (!vq->is_set)
		return 0;
	got = read(vq->kick, &old_kicks, sizeof(old_kicks));
	(void)got;
	/* From here on the peer moves the ring, and only it can say where it is. */
	vq->is_base_known = false;
	vq->is_kicked = true;
	return device->backend->ops->set_vring_kick(device->backend, queue, vq->kick);
}

static int
tell_enable(struct virtio_user_device *device, uint16_t queue)
{
	struct device_queue *vq = &device->queues[queue];
	bool enable = queue / 2 < device->active_pairs;
	int rc;

	if (!vq->is_kicked || vq->is_enabled == enable)
		return 0;
	rc = device->backend->ops->set_vring_enable(device->backend, queue, enable);
	if (rc == 0)
		vq->is_enabled = enable;
	return rc;
}

static int
kick_once(struct virtio_user_device *device, uint16_t queue)
{
	if (device->queues[queue].is_enabled)
		virtio_user_notify_queue(device, queue);
	return 0;
}

int
start_enable_pairs(struct virtio_user_device *device)
{
	int rc = for_each_queue(device, tell_enable);

	/* vhost-user: "must start ring upon receiving a kick", and a receive ring that is full is not kicked again. */
	return rc < 0 ? rc : for_each_queue(device, kick_once);
}

int
start_rings(struct virtio_user_device *device, bool *peer_lost)
{
	int rc;

	device_gate_take_dirt(device);
	rc = memory_share(device, peer_lost);
	if (rc < 0)
		return rc;
	*peer_lost = true;
	rc = for_each_queue(device, tell_ring);
	if (rc == 0)
		rc = for_each_queue(device, tell_kick);
	if (rc == 0)
		rc = for_each_queue(device, tell_enable);
	if (rc == 0)
		rc = tell_status(device, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
					 VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
	if (rc == 0)
		rc = for_each_queue(device, kick_once);
	return rc;
}

static int
tell_disable(struct virtio_user_device *device, uint16_t queue)
{
	struct device_queue *vq = &device->queues[queue];

	if (!vq->is_enabled)
		return 0;
	vq->is_enabled = false;
	return device->backend->ops->set_vring_enable(device->backend, queue, false);
}

static int
ask_base(struct virtio_user_device *device, uint16_t queue)
{
	struct device_queue *vq = &device->queues[queue];
	int rc;

	if (!vq->is_kicked)
		return 0;
	rc = device->backend->ops->get_vring_base(device->backend, queue, &vq->base);
	if (rc < 0)
		return rc;
	/*
	 * vhost-user: a packed ring's used half is in bits 16 to 31. A peer that leaves them zero has used all that
	 * it took.
	 */
	if (vq->area.format == VRING_PACKED && vq->base <= UINT16_MAX)
		vq->base |= vq->base << 16;
	/* It may have closed its fds, and it may not; base, num and addr are told again anyway. */
	vq->is_call_given = false;
	vq->is_kicked = false;
	vq->is_base_known = true;
	return 0;
}

int
stop_ring(struct virtio_user_device *device, uint16_t queue)
{
	int rc = ask_base(device, queue);

	return rc < 0 ? rc : tell_disable(device, queue);
}

int
stop_rings(struct virtio_user_device *device)
{
	int rc;

	rc = for_each_queue(device, ask_base);
	if (rc == 0)
		rc = for_each_queue(device, tell_disable);
	return rc;
}

void
start_forget_peer(struct virtio_user_device *device)
{
	struct device_queue *vq;
	uint16_t queue;

	for (queue = 0; queue < device->nr_queues; queue++) {
		vq = &device->queues[queue];
		vq->is_call_given = false;
		vq->is_kicked = false;
		vq->is_enabled = false;
	}
	memory_unshare(device);
}
