/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The vdev net_virtio_user (alias net_vuser): probe and remove, and the emulated device of
 * virtio-user/ as the "hardware" of the driver. The only file of the driver that knows this device;
 * the device's events come in here and go to the queues' gates and to ethdev's link event.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_alarm.h>
#include <rte_string_fns.h>
#include <bus_vdev_driver.h>
#include <ethdev_driver.h>
#include <ethdev_vdev.h>

#include "gate/gate.h"
#include "virtio/feature.h"
#include "virtio-user/virtio.h"

#include "ethdev.h"
#include "log.h"

/* --- struct virtio_ops: the verbs with their device's type --- */

static void
device_read_dev_cfg(void *device, size_t offset, void *dst, size_t len)
{
	virtio_user_read_config(device, offset, dst, len);
}

static int
device_write_dev_cfg(void *device, size_t offset, const void *src, size_t len)
{
	return virtio_user_write_config(device, offset, src, len);
}

static int
device_reset(void *device)
{
	return virtio_user_reset(device);
}

static uint8_t
device_get_status(void *device)
{
	return virtio_user_get_status(device);
}

static int
device_set_status(void *device, uint8_t status)
{
	return virtio_user_set_status(device, status);
}

static uint64_t
device_get_features(void *device)
{
	return virtio_user_get_features(device);
}

static int
device_set_features(void *device, uint64_t features)
{
	return virtio_user_set_features(device, features);
}

static uint8_t
device_get_isr(void *device)
{
	return virtio_user_get_isr(device);
}

static int
device_set_config_irq(void *device, uint16_t vector)
{
	return virtio_user_set_config_irq(device, vector);
}

static uint16_t
device_get_queue_num(void *device, uint16_t queue)
{
	return virtio_user_get_queue_num(device, queue);
}

static int
device_setup_queue(void *device, uint16_t queue, const struct vring_area *area)
{
	return virtio_user_setup_queue(device, queue, area);
}

static void
device_del_queue(void *device, uint16_t queue)
{
	virtio_user_del_queue(device, queue);
}

static void
device_notify_queue(void *device, uint16_t queue)
{
	virtio_user_notify_queue(device, queue);
}

static int
device_suspend(void *device)
{
	return virtio_user_suspend(device);
}

static int
device_resume(void *device)
{
	return virtio_user_resume(device);
}

static const struct virtio_ops device_ops = {
	.read_dev_cfg = device_read_dev_cfg,
	.write_dev_cfg = device_write_dev_cfg,
	.reset = device_reset,
	.get_status = device_get_status,
	.set_status = device_set_status,
	.get_features = device_get_features,
	.set_features = device_set_features,
	.get_isr = device_get_isr,
	.set_config_irq = device_set_config_irq,
	.get_queue_num = device_get_queue_num,
	.setup_queue = device_setup_queue,
	.del_queue = device_del_queue,
	.notify_queue = device_notify_queue,
	.suspend = device_suspend,
	.resume = device_resume,
};

/* --- the device's events --- */

static void
listener_quiesce(void *ctx)
{
	queues_quiesce(ctx);
}

static int
listener_resync(void *ctx, uint16_t queue, uint32_t *base)
{
	return queues_resync(ctx, queue, base);
}

static void
listener_release(void *ctx)
{
	queues_release(ctx);
}

/*
 * In EAL's interrupt thread, where applications expect link events. The application may do anything
 * in its callback, closing this port included: nothing of it may be touched after that.
 */
static void
link_event_deliver(void *ctx)
{
	struct virtio_hw *hw = ctx;
	struct rte_eth_dev *dev = hw->dev;

	if (!__atomic_load_n(&hw->is_probed, __ATOMIC_ACQUIRE) || !dev->data->dev_started)
		return;
	port_link_update(dev, 0);
	if (dev->data->dev_conf.intr_conf.lsc)
		rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_LSC, NULL);
}

static void
listener_link_changed(void *ctx, bool up)
{
	struct virtio_hw *hw = ctx;
	int ret = rte_eal_alarm_set(1, link_event_deliver, hw);

	if (ret != 0)
		PORT_LOG(ERR, hw->name, "link is %s, but the event cannot be delivered: %s",
			up ? "up" : "down", strerror(-ret));
}

/* As link_event_deliver(), but no event of ethdev's tells of it: the application sees it when it asks. */
static void
config_event_deliver(void *ctx)
{
	struct virtio_hw *hw = ctx;

	if (__atomic_load_n(&hw->is_probed, __ATOMIC_ACQUIRE))
		port_follow_peer(hw);
}

static void
listener_config_changed(void *ctx)
{
	struct virtio_hw *hw = ctx;
	int ret = rte_eal_alarm_set(1, config_event_deliver, hw);

	if (ret != 0)
		PORT_LOG(ERR, hw->name, "address or MTU changed, but the event cannot be delivered: %s",
			strerror(-ret));
}

static void
device_events_cancel(struct virtio_hw *hw)
{
	rte_eal_alarm_cancel(link_event_deliver, hw);
	rte_eal_alarm_cancel(config_event_deliver, hw);
}

/* --- struct port_peer_ops --- */

static bool
device_link_is_up(const void *device)
{
	return virtio_user_link_is_up(device);
}

static bool
device_link_wait(void *device, uint32_t timeout_ms)
{
	return virtio_user_link_wait(device, timeout_ms);
}

static int
device_set_mtu(void *device, uint16_t mtu)
{
	return virtio_user_set_mtu(device, mtu);
}

static void
device_get_info(void *device, struct port_peer_info *info)
{
	struct virtio_user_info seen;

	virtio_user_get_info(device, &seen);
	*info = (struct port_peer_info) {
		.connects = seen.connects,
		.disconnects = seen.disconnects,
		.reconnects = seen.connects > 0 ? seen.connects - 1 : 0,
		.kicks = seen.kicks,
		.table_updates = seen.table_updates,
		.regions = seen.regions,
		.region_limit = seen.region_limit,
		.connected = seen.connected,
		.last_error = (uint64_t)-(int64_t)seen.last_error,
		.features = seen.features,
		.offered = seen.offered,
		.protocol = seen.protocol,
		.peer_missed = seen.peer_missed,
		.peer_refused = seen.peer_refused,
		.peer_mtu = seen.peer_mtu,
		.backend = seen.backend,
	};
}

/* No event is set any more once the device is closed; those that were set are taken back. */
static void
device_close(struct virtio_hw *hw)
{
	virtio_user_device_close(hw->device);
	hw->device = NULL;
	device_events_cancel(hw);
}

static const struct port_peer_ops device_peer_ops = {
	.link_is_up = device_link_is_up,
	.link_wait = device_link_wait,
	.set_mtu = device_set_mtu,
	.get_info = device_get_info,
	.close = device_close,
};

/* --- probe and remove --- */

static uint64_t
features_off(const struct port_config *config)
{
	uint64_t off = 0;

	if (!config->packed_vq)
		off |= VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	if (!config->mrg_rxbuf)
		off |= VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF);
	if (!config->in_order)
		off |= VIRTIO_BIT(VIRTIO_F_IN_ORDER);
	return off;
}

static const char *
text_or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static int
device_open(struct virtio_hw *hw)
{
	struct virtio_user_config config = {
		.name = hw->name,
		.path = hw->config.path,
		.iface = text_or_null(hw->config.iface),
		.netns = text_or_null(hw->config.netns),
		.persist = hw->config.persist,
		.sndbuf = hw->config.sndbuf,
		.server = hw->config.server,
		.control_queue = hw->config.cq,
		.queue_pairs = (uint16_t)hw->config.queues,
		.queue_size = DEVARGS_RING_MAX, /* the devarg is a default, not a limit */
		.speed = hw->config.speed,
		.features_off = features_off(&hw->config),
		.deadline_ms = hw->config.deadline,
		.listener = {
			.ctx = hw,
			.quiesce = listener_quiesce,
			.resync = listener_resync,
			.release = listener_release,
			.link_changed = listener_link_changed,
			.config_changed = listener_config_changed,
		},
	};
	struct virtio_user_device *device = NULL;
	int ret;

	memcpy(config.mac, hw->config.mac, sizeof(config.mac));
	ret = virtio_user_device_open(&config, &device);
	if (ret != 0) {
		device_events_cancel(hw);
		return ret;
	}
	hw->device = device;
	hw->ops = &device_ops;
	hw->peer = &device_peer_ops;
	return 0;
}

static struct virtio_hw *
hw_alloc(const char *name)
{
	struct virtio_hw *hw = calloc(1, sizeof(*hw));

	if (hw == NULL)
		return NULL;
	rte_strlcpy(hw->name, name, sizeof(hw->name));
	pthread_mutex_init(&hw->queues_lock, NULL);
	return hw;
}

static int
port_probe(struct virtio_hw *hw, struct rte_vdev_device *vdev)
{
	struct rte_eth_dev *dev;
	int ret = devargs_parse(hw->name, rte_vdev_device_args(vdev), &hw->config);

	if (ret == 0)
		ret = device_open(hw);
	if (ret != 0)
		return ret;
	dev = rte_eth_vdev_allocate(vdev, 0);
	if (dev == NULL) {
		PORT_LOG(ERR, hw->name, "no ethdev port is free");
		return -ENOMEM;
	}
	ret = port_init(hw, dev);
	if (ret != 0) {
		rte_eth_dev_release_port(dev);
		return ret;
	}
	__atomic_store_n(&hw->is_probed, true, __ATOMIC_RELEASE);
	rte_eth_dev_probing_finish(dev);
	return 0;
}

static int
virtio_user_probe(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	struct virtio_hw *hw;
	int ret;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		PORT_LOG(ERR, name,
			"the port serves its primary process; a secondary one cannot attach it");
		return -ENOTSUP;
	}
	hw = hw_alloc(name);
	if (hw == NULL)
		return -ENOMEM;
	gate_setup();
	telemetry_setup();
	ret = port_probe(hw, vdev);
	if (ret != 0)
		port_free(hw);
	return ret;
}

static int
virtio_user_remove(struct rte_vdev_device *vdev)
{
	struct rte_eth_dev *dev = rte_eth_dev_allocated(rte_vdev_device_name(vdev));

	if (dev == NULL || rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0; /* closed before, or never ours */
	rte_eth_dev_stop(dev->data->port_id);
	return rte_eth_dev_close(dev->data->port_id);
}

static struct rte_vdev_driver virtio_user_driver = {
	.probe = virtio_user_probe,
	.remove = virtio_user_remove,
};

RTE_PMD_REGISTER_ALIAS(net_virtio_user, net_vuser);
RTE_PMD_REGISTER_VDEV(net_virtio_user, virtio_user_driver);
RTE_PMD_REGISTER_PARAM_STRING(net_virtio_user, DEVARGS_PARAM_STRING);

/* What DPDK's own build generates for its drivers: dpdk-pmdinfo.py reads it. */
static const char net_virtio_user_pmd_info[] __rte_used =
	"PMD_INFO_STRING= {\"name\": \"net_virtio_user\", \"params\": \"" DEVARGS_PARAM_STRING
	"\", \"pci_ids\": []}";
