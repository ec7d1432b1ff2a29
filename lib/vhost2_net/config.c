/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The configuration space and the features of the network device. See rte_vhost2_net_device.h.
 */

#include <errno.h>
#include <string.h>

#include "vhost2_net/rte_vhost2_net_device.h"
#include "virtio/feature.h"
#include "virtio/net.h"

/* What queue.c, header.c and control.c serve. */
static const uint8_t features[] = {
	VIRTIO_NET_F_CSUM,
	VIRTIO_NET_F_GUEST_CSUM,
	VIRTIO_NET_F_MTU,
	VIRTIO_NET_F_MAC,
	VIRTIO_NET_F_GUEST_TSO4,
	VIRTIO_NET_F_GUEST_TSO6,
	VIRTIO_NET_F_HOST_TSO4,
	VIRTIO_NET_F_HOST_TSO6,
	VIRTIO_NET_F_MRG_RXBUF,
	VIRTIO_NET_F_STATUS,
	VIRTIO_NET_F_CTRL_VQ,
	VIRTIO_NET_F_CTRL_RX,
	VIRTIO_NET_F_CTRL_VLAN,
	VIRTIO_NET_F_CTRL_RX_EXTRA,
	VIRTIO_NET_F_GUEST_ANNOUNCE,
	VIRTIO_NET_F_MQ,
	VIRTIO_NET_F_CTRL_MAC_ADDR,
	VIRTIO_NET_F_SPEED_DUPLEX,
	VIRTIO_RING_F_INDIRECT_DESC,
	VIRTIO_RING_F_EVENT_IDX,
	VIRTIO_F_VERSION_1,
	VIRTIO_F_RING_PACKED,
	VIRTIO_F_IN_ORDER,
};

uint64_t
rte_vhost2_net_features(void)
{
	uint64_t all = 0;
	size_t i;

	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		all |= VIRTIO_BIT(features[i]);
	return all;
}

void
rte_vhost2_net_device_reset(struct rte_vhost2_net_device *device, uint64_t negotiated)
{
	device->features = negotiated;
	/* VIRTIO 1.3 5.1.6.5.6: "Multiqueue is disabled by default." */
	device->pairs = 1;
	memset(&device->filter, 0, sizeof(device->filter));
	/* A driver that was given no filter commands wants all. */
	device->filter.promisc = (negotiated & VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX)) == 0;
}

static uint16_t
config_status(const struct rte_vhost2_net_device *device)
{
	return (device->link_up ? VIRTIO_NET_S_LINK_UP : 0) | (device->announce ? VIRTIO_NET_S_ANNOUNCE : 0);
}

int
rte_vhost2_net_get_config(const struct rte_vhost2_net_device *device, uint8_t *config, uint32_t len)
{
	struct virtio_net_config_space space;

	if (len > sizeof(space))
		return -EINVAL;
	memset(&space, 0, sizeof(space));
	memcpy(space.net.mac, device->mac, sizeof(space.net.mac));
	space.net.status = config_status(device);
	space.net.max_virtqueue_pairs = device->max_pairs;
	space.net.mtu = device->mtu;
	space.net.speed = device->speed;
	space.net.duplex = device->duplex;
	memcpy(config, &space, len);
	return 0;
}

int
rte_vhost2_net_set_config(struct rte_vhost2_net_device *device, const uint8_t *config, uint32_t offset, uint32_t len,
	enum rte_vhost2_set_config_type type)
{
	const bool is_legacy = (device->features & VIRTIO_BIT(VIRTIO_F_VERSION_1)) == 0;
	const uint32_t size = sizeof(struct virtio_net_config_space);
	uint32_t i;

	if (offset > size || len > size - offset)
		return -EINVAL;
	/* VIRTIO 1.3 5.1.4: "All of the device configuration fields are read-only for the driver." - of 1.0 and later. */
	if (type == RTE_VHOST2_SET_CONFIG_DRIVER && (!is_legacy || offset + len > sizeof(device->mac)))
		return -EACCES;
	for (i = offset; i < offset + len && i < sizeof(device->mac); i++)
		device->mac[i] = config[i - offset];
	return 0;
}
