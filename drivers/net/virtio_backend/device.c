/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The port as a device of lib/vhost2: registration, and the callbacks, which come from the loop's thread. What they
 * change is under the port's lock; what the application is told of it, it is told by EAL's interrupt thread.
 */

#include <errno.h>
#include <string.h>

#include <rte_alarm.h>

#include "virtio/feature.h"
#include "virtio/net.h"

#include "ethdev.h"
#include "log.h"

#define TRTYPE "vhost-user"

/* --- events for the application --- */

static bool
events_are_wanted(struct backend_port *port)
{
	return __atomic_load_n(&port->is_probed, __ATOMIC_ACQUIRE) && port->dev->data->dev_started;
}

/*
 * In EAL's interrupt thread. The application may do anything in its callback, closing this port included: nothing of
 * it may be touched after that. So each kind of event has its own delivery.
 */
static void
link_event_deliver(void *arg)
{
	struct backend_port *port = arg;
	struct rte_eth_dev *dev = port->dev;

	if (!events_are_wanted(port) || port_link_update(dev, 0) != 0)
		return;
	if (dev->data->dev_conf.intr_conf.lsc)
		rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_LSC, NULL);
}

static void
queue_event_deliver(void *arg)
{
	struct backend_port *port = arg;
	bool is_new = false;

	if (!events_are_wanted(port))
		return;
	pthread_mutex_lock(&port->lock);
	for (uint16_t i = 0; i < port->nr_queues; i++) {
		const bool runs = queue_runs(&port->queues[i]);

		is_new |= runs != port->queues[i].is_told;
		port->queues[i].is_told = runs;
	}
	pthread_mutex_unlock(&port->lock);
	if (is_new)
		rte_eth_dev_callback_process(port->dev, RTE_ETH_EVENT_QUEUE_STATE, NULL);
}

void
device_events_raise(struct backend_port *port)
{
	int rc = rte_eal_alarm_set(1, link_event_deliver, port);

	if (rc == 0)
		rc = rte_eal_alarm_set(1, queue_event_deliver, port);
	if (rc != 0)
		PORT_LOG(ERR, port->name, "link or queues changed, but the event cannot be delivered: %s", strerror(-rc));
}

static void
events_cancel(struct backend_port *port)
{
	rte_eal_alarm_cancel(link_event_deliver, port);
	rte_eal_alarm_cancel(queue_event_deliver, port);
}

void
device_config_changed(struct backend_port *port)
{
	if (port->vdev != NULL)
		rte_vhost2_dev_cfg_call(port->vdev);
}

/* --- callbacks --- */

static void
device_create(struct rte_vhost2_dev *vdev)
{
	struct backend_port *port = vdev->ctx;

	pthread_mutex_lock(&port->lock);
	port->vdev = vdev;
	port->connects++;
	rte_vhost2_net_device_reset(&port->device, 0);
	pthread_mutex_unlock(&port->lock);
	PORT_LOG(INFO, port->name, "a front-end is there");
	rte_vhost2_tgt_cb_complete(vdev, 0);
}

static void
device_features_changed(struct rte_vhost2_dev *vdev, uint64_t features)
{
	/* A migration turns logging on and off; the driver's settings outlive that. */
	const uint64_t transport = 1ULL << VHOST_F_LOG_ALL;
	struct backend_port *port = vdev->ctx;

	pthread_mutex_lock(&port->lock);
	if (((features ^ port->device.features) & ~transport) != 0)
		rte_vhost2_net_device_reset(&port->device, features);
	port->device.features = features;
	pthread_mutex_unlock(&port->lock);
	PORT_LOG(INFO, port->name, "features negotiated: 0x%llx", (unsigned long long)features);
	rte_vhost2_tgt_cb_complete(vdev, 0);
}

static void
device_destroy(struct rte_vhost2_dev *vdev)
{
	struct backend_port *port = vdev->ctx;

	pthread_mutex_lock(&port->lock);
	port->vdev = NULL;
	pthread_mutex_unlock(&port->lock);
	PORT_LOG(INFO, port->name, "the front-end is gone");
	rte_vhost2_tgt_cb_complete(vdev, 0);
}

/* VIRTIO 1.3 5.1.2: "controlq" comes behind all queues that the device has, or behind the two that a driver uses. */
static bool
is_control(const struct backend_port *port, const struct rte_vhost2_vq *vq)
{
	const uint64_t features = port->device.features;

	if ((features & VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ)) == 0)
		return false;
	return vq->index == ((features & VIRTIO_BIT(VIRTIO_NET_F_MQ)) != 0 ? port->nr_queues : 2);
}

/* The lock is held. */
static void
control_serve(struct backend_port *port, struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	const uint32_t changes = rte_vhost2_net_ctrl_process(&port->device, vdev, vq);

	if (changes != 0)
		PORT_LOG(DEBUG, port->name, "the driver's commands changed 0x%x", changes);
}

static void
queue_start(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	struct backend_port *port = vdev->ctx;
	struct port_queue *queue;
	int rc = 0;

	pthread_mutex_lock(&port->lock);
	if (is_control(port, vq)) {
		control_serve(port, vdev, vq);
	} else if (vq->index < port->nr_queues) {
		queue = &port->queues[vq->index];
		queue->vdev = vdev;
		queue->vq = vq;
		rc = queue_bind(queue);
		if (rc != 0)
			queue->vq = NULL;
	}
	pthread_mutex_unlock(&port->lock);
	device_events_raise(port);
	rte_vhost2_tgt_cb_complete(vdev, rc);
}

static void
queue_stop(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	struct backend_port *port = vdev->ctx;
	int rc = 0;

	pthread_mutex_lock(&port->lock);
	if (vq->index < port->nr_queues && port->queues[vq->index].vq == vq) {
		rc = queue_unbind(&port->queues[vq->index]);
		port->queues[vq->index].vq = NULL;
	}
	pthread_mutex_unlock(&port->lock);
	device_events_raise(port);
	if (rc != -EINPROGRESS)
		rte_vhost2_tgt_cb_complete(vdev, rc);
}

static void
queue_kick(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	struct backend_port *port = vdev->ctx;

	pthread_mutex_lock(&port->lock);
	if (is_control(port, vq))
		control_serve(port, vdev, vq);
	pthread_mutex_unlock(&port->lock);
}

static int
get_config(struct rte_vhost2_dev *vdev, uint8_t *config, uint32_t len)
{
	struct backend_port *port = vdev->ctx;
	int rc;

	pthread_mutex_lock(&port->lock);
	rc = rte_vhost2_net_get_config(&port->device, config, len);
	pthread_mutex_unlock(&port->lock);
	return rc;
}

static int
set_config(struct rte_vhost2_dev *vdev, uint8_t *config, uint32_t offset, uint32_t len,
	enum rte_vhost2_set_config_type type)
{
	struct backend_port *port = vdev->ctx;
	int rc;

	pthread_mutex_lock(&port->lock);
	rc = rte_vhost2_net_set_config(&port->device, config, offset, len, type);
	pthread_mutex_unlock(&port->lock);
	return rc;
}

/* --- registration --- */

/** A flag of the devargs and the feature bits that it takes away. */
struct feature_switch {
	size_t offset;
	uint64_t features;
};

#define SWITCH(key, bits) { .offset = offsetof(struct backend_config, key), .features = bits }

static const struct feature_switch switches[] = {
	SWITCH(packed, VIRTIO_BIT(VIRTIO_F_RING_PACKED)),
	SWITCH(in_order, VIRTIO_BIT(VIRTIO_F_IN_ORDER)),
	SWITCH(mrg_rxbuf, VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)),
	SWITCH(indirect, VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC)),
	SWITCH(event_idx, VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX)),
	SWITCH(csum, VIRTIO_BIT(VIRTIO_NET_F_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) |
		VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6)),
	SWITCH(tso, VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4) | VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO6)),
	SWITCH(mtu, VIRTIO_BIT(VIRTIO_NET_F_MTU)),
};

static uint64_t
features_offered(const struct backend_config *config)
{
	/* What the port sends is not filtered: a driver that is promised filters would count with them. */
	uint64_t features = rte_vhost2_net_features() & ~(VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX) |
		VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX_EXTRA) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_VLAN));
	const struct rte_ether_addr none = {0};

	for (size_t i = 0; i < RTE_DIM(switches); i++)
		if (*(const uint32_t *)((const char *)config + switches[i].offset) == 0)
			features &= ~switches[i].features;
	if (config->queues == 1)
		features &= ~VIRTIO_BIT(VIRTIO_NET_F_MQ);
	if (memcmp(config->driver_mac, &none, sizeof(none)) == 0)
		features &= ~VIRTIO_BIT(VIRTIO_NET_F_MAC);
	return features;
}

static uint64_t
target_flags(const struct backend_config *config)
{
	return (config->client ? RTE_VHOST2_CLIENT : 0) |
		(config->client && !config->reconnect ? RTE_VHOST2_NO_RECONNECT : 0) |
		(config->iommu ? RTE_VHOST2_IOMMU : 0) | (config->migration ? 0 : RTE_VHOST2_NO_LOG) |
		(config->inflight ? RTE_VHOST2_INFLIGHT : 0);
}

static void
device_describe(struct backend_port *port)
{
	struct rte_vhost2_net_device *device = &port->device;

	device->max_pairs = (uint16_t)port->config.queues;
	device->mtu = (uint16_t)port->config.mtu;
	device->speed = port->config.speed;
	device->duplex = 1;
	memcpy(device->mac, port->config.driver_mac, sizeof(device->mac));
	rte_vhost2_net_device_reset(device, 0);
}

static const char *
remedy_of(int rc)
{
	if (rc == -EEXIST || rc == -EADDRINUSE)
		return "another port or process has this path: give each its own";
	if (rc == -ENOENT)
		return "make its directory first";
	return "see that the directory is there and may be written";
}

int
device_open(struct backend_port *port)
{
	const struct backend_config *config = &port->config;
	const struct rte_vhost2_tgt_ops ops = {
		.device_create = device_create,
		.device_features_changed = device_features_changed,
		.queue_start = queue_start,
		.queue_stop = queue_stop,
		.device_destroy = device_destroy,
		.queue_kick = queue_kick,
		.get_config = get_config,
		.set_config = set_config,
		.ctx = port,
		.loop = control_loop_hold(),
		.nr_queues = port->nr_queues + 1,
		.max_devices = 1,
		.queue_size_max = config->queue_size,
		.queue_num = (uint16_t)config->queues,
	};
	int rc;

	if (ops.loop == NULL) {
		rc = -errno;
		PORT_LOG(ERR, port->name, "no control thread: %s", strerror(-rc));
		return rc;
	}
	device_describe(port);
	port->is_registered = true;
	rc = rte_vhost2_tgt_register(TRTYPE, config->path, target_flags(config), NULL, &ops, features_offered(config));
	if (rc == 0)
		return 0;
	port->is_registered = false;
	control_loop_release();
	PORT_LOG(ERR, port->name, "devarg path=%s: %s; %s", config->path, strerror(-rc), remedy_of(rc));
	/* To EAL, "exists" is a success. */
	return rc == -EEXIST ? -EADDRINUSE : rc;
}

static void
unregistered(void *arg)
{
	struct backend_port *port = arg;

	pthread_mutex_lock(&port->lock);
	port->is_registered = false;
	pthread_cond_signal(&port->gone);
	pthread_mutex_unlock(&port->lock);
}

void
device_close(struct backend_port *port)
{
	if (!port->is_registered)
		return;
	rte_vhost2_tgt_unregister(TRTYPE, port->config.path, unregistered, port);
	pthread_mutex_lock(&port->lock);
	while (port->is_registered)
		pthread_cond_wait(&port->gone, &port->lock);
	pthread_mutex_unlock(&port->lock);
	control_loop_release();
	events_cancel(port);
}

void
device_target_stats(const struct backend_port *port, struct rte_vhost2_tgt_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	rte_vhost2_tgt_stats_get(TRTYPE, port->config.path, stats);
}
