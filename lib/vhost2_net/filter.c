/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Which frames a driver wants. VIRTIO 1.3 5.1.6.5.1 says which mode goes before which.
 */

#include <string.h>

#include "vhost2_net/rte_vhost2_net_device.h"
#include "virtio/feature.h"
#include "virtio/net.h"

#define MAC_LEN 6
#define VLAN_TYPE_AT 12
#define VLAN_TAG_END 16

static bool
macs_have(const struct rte_vhost2_net_macs *macs, const uint8_t *addr)
{
	uint16_t i;

	for (i = 0; i < macs->nr; i++)
		if (memcmp(macs->addr[i], addr, MAC_LEN) == 0)
			return true;
	return macs->overflow;
}

static bool
address_is_wanted(const struct rte_vhost2_net_device *device, const uint8_t *addr)
{
	static const uint8_t broadcast[MAC_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const struct rte_vhost2_net_filter *const filter = &device->filter;

	if (memcmp(addr, broadcast, MAC_LEN) == 0)
		return !filter->nobcast;
	if ((addr[0] & 1) != 0)
		return !filter->nomulti && (filter->allmulti || macs_have(&filter->multicast, addr));
	return !filter->nouni && (filter->alluni || memcmp(addr, device->mac, MAC_LEN) == 0 ||
		macs_have(&filter->unicast, addr));
}

static bool
vlan_is_wanted(const struct rte_vhost2_net_device *device, const uint8_t *frame)
{
	const unsigned int id = (frame[14] & 0xfu) << 8 | frame[15];

	if ((device->features & VIRTIO_BIT(VIRTIO_NET_F_CTRL_VLAN)) == 0)
		return true;
	if (frame[VLAN_TYPE_AT] != 0x81 || frame[VLAN_TYPE_AT + 1] != 0x00)
		return true;
	return (device->filter.vlan[id / 64] >> id % 64 & 1) != 0;
}

bool
rte_vhost2_net_accepts(const struct rte_vhost2_net_device *device, const void *frame, size_t len)
{
	/* VIRTIO 1.3 5.1.6.5.1: "If promiscuous mode is on, the device SHOULD receive all incoming packets." */
	if (device->filter.promisc || len < MAC_LEN)
		return true;
	if (!address_is_wanted(device, frame))
		return false;
	return len < VLAN_TAG_END || vlan_is_wanted(device, frame);
}
