/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Link, MAC address, MTU and filters of the port, and the commands of the control queue that some
 * of them are.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_malloc.h>

#include "ring/control_queue.h"
#include "virtio/feature.h"
#include "virtio/net.h"

#include "ethdev.h"
#include "log.h"

/* --- control queue --- */

/* Commands go one at a time; a command takes three descriptors. */
#define CONTROL_RING_SIZE 16

bool
control_is_there(const struct virtio_hw *hw)
{
	return hw->features & VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ);
}

uint16_t
control_index(const struct virtio_hw *hw)
{
	uint16_t pairs = 1;

	hw->ops->read_dev_cfg(hw->device, offsetof(struct virtio_net_config, max_virtqueue_pairs),
		&pairs, sizeof(pairs));
	return (uint16_t)virtio_net_ctrlq_index(hw->features, pairs);
}

int
control_build(struct virtio_hw *hw)
{
	const bool is_packed = (hw->features & VIRTIO_BIT(VIRTIO_F_RING_PACKED)) != 0;
	struct control_queue_config config = {
		.port = hw->name,
		.index = control_index(hw),
		.format = is_packed ? VRING_PACKED : VRING_SPLIT,
		.event_idx = (hw->features & VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX)) != 0,
		.size = CONTROL_RING_SIZE,
		.mem_len = control_queue_mem_bytes(is_packed ? VRING_PACKED : VRING_SPLIT, CONTROL_RING_SIZE),
		.notifier = { .kick = hw->ops->notify_queue, .device = hw->device },
	};
	int ret;

	control_destroy(hw);
	if (!control_is_there(hw))
		return 0;
	hw->cq_mem = ring_memory_alloc(config.mem_len, SOCKET_ID_ANY);
	if (hw->cq_mem == NULL) {
		PORT_LOG(ERR, hw->name,
			"control queue: no EAL memory for %zu bytes; give EAL more by -m",
			config.mem_len);
		return -ENOMEM;
	}
	config.mem = hw->cq_mem;
	ret = control_queue_create(&config, &hw->cq);
	if (ret == 0)
		ret = hw->ops->setup_queue(hw->device, config.index, control_queue_area(hw->cq));
	return ret;
}

void
control_destroy(struct virtio_hw *hw)
{
	if (hw->cq != NULL)
		control_queue_destroy(hw->cq);
	hw->cq = NULL;
	rte_free(hw->cq_mem);
	hw->cq_mem = NULL;
}

static int
control_send(struct virtio_hw *hw, uint8_t class, uint8_t cmd, const void *data, size_t len)
{
	int ret = control_queue_send(hw->cq, class, cmd, data, len, hw->config.deadline);

	if (ret != 0)
		PORT_LOG(ERR, hw->name, "control command %u.%u: %s", class, cmd, strerror(-ret));
	return ret;
}

int
control_set_pairs(struct virtio_hw *hw)
{
	const struct virtio_net_ctrl_mq mq = { .virtqueue_pairs = hw->pairs };

	if (hw->cq == NULL || !(hw->features & VIRTIO_BIT(VIRTIO_NET_F_MQ)))
		return 0;
	return control_send(
		hw, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &mq, sizeof(mq));
}

/* --- VLAN filter --- */

/* VIRTIO 1.3 5.1.6.5.3: "the driver can send control commands for VLAN filtering", if there is VIRTIO_NET_F_CTRL_VLAN. */
static int
control_send_vlan(struct virtio_hw *hw, uint16_t vlan, bool on)
{
	const struct virtio_net_cmd_vlan command = { .id = vlan };

	return control_send(hw, VIRTIO_NET_CTRL_VLAN, on ? VIRTIO_NET_CTRL_VLAN_ADD : VIRTIO_NET_CTRL_VLAN_DEL,
		&command, sizeof(command));
}

int
control_set_vlans(struct virtio_hw *hw)
{
	const struct rte_vlan_filter_conf *wanted = &hw->dev->data->vlan_filter_conf;
	int ret = 0;

	if (hw->cq == NULL || !(hw->features & VIRTIO_BIT(VIRTIO_NET_F_CTRL_VLAN)))
		return 0;
	for (uint16_t vlan = 0; vlan <= RTE_ETHER_MAX_VLAN_ID && ret == 0; vlan++) {
		if (wanted->ids[vlan / 64] & UINT64_C(1) << vlan % 64)
			ret = control_send_vlan(hw, vlan, true);
	}
	return ret;
}

int
port_vlan_filter_set(struct rte_eth_dev *dev, uint16_t vlan, int on)
{
	struct virtio_hw *hw = port_of(dev);

	if (!(hw->features & VIRTIO_BIT(VIRTIO_NET_F_CTRL_VLAN)))
		return -ENOTSUP;
	/* A port that is not live sends all of them when it starts: ethdev remembers them. */
	return hw->is_live ? control_send_vlan(hw, vlan, on != 0) : 0;
}

/* --- MAC address --- */

int
port_mac_addr_set(struct rte_eth_dev *dev, struct rte_ether_addr *addr)
{
	struct virtio_hw *hw = port_of(dev);
	int ret = 0;

	if (rte_is_same_ether_addr(addr, &hw->device_mac))
		return 0;
	/*
	 * Without the command the address is ours alone: the device filters none. A port that is
	 * not live sends it later: ethdev sets the address again after each start.
	 */
	if (hw->is_live && hw->cq != NULL &&
		(hw->features & VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR)))
		ret = control_send(
			hw, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, addr, sizeof(*addr));
	else
		return 0;
	if (ret == 0)
		hw->device_mac = *addr;
	return ret;
}

/* --- MTU --- */

int
port_mtu_set(struct rte_eth_dev *dev, uint16_t mtu)
{
	struct virtio_hw *hw = port_of(dev);

	/* ethdev has checked the range. No ring depends on the MTU: it may change at any time. */
	if (!(hw->features & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)) && !queues_hold_mtu(hw, mtu))
		return -EINVAL;
	/* A courtesy: a peer that has no use for it, or is not there, is no failure. */
	hw->peer->set_mtu(hw->device, mtu);
	return 0;
}

/* --- the peer's own settings --- */

void
port_follow_peer(struct virtio_hw *hw)
{
	struct rte_ether_addr mac;
	struct port_peer_info info;

	hw->ops->read_dev_cfg(hw->device, offsetof(struct virtio_net_config, mac), &mac, sizeof(mac));
	if (rte_is_valid_assigned_ether_addr(&mac)) {
		hw->device_mac = mac;
		hw->mac = mac;
	}
	hw->peer->get_info(hw->device, &info);
	if (info.peer_mtu == 0 || info.peer_mtu == hw->dev->data->mtu)
		return;
	if (!(hw->features & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)) &&
		!queues_hold_mtu(hw, (uint16_t)info.peer_mtu))
		return;
	hw->dev->data->mtu = (uint16_t)info.peer_mtu;
}

/* --- filters: a device without the command has none and delivers everything --- */

bool
control_has_modes(const struct virtio_hw *hw)
{
	return hw->features & VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX);
}

static int
set_mode(struct virtio_hw *hw, uint8_t cmd, uint8_t on)
{
	if (!control_has_modes(hw))
		return on ? 0 : -ENOTSUP;
	/* ethdev sets the modes again after each start. */
	if (!hw->is_live || hw->cq == NULL)
		return 0;
	return control_send(hw, VIRTIO_NET_CTRL_RX, cmd, &on, sizeof(on));
}

int
port_promiscuous_enable(struct rte_eth_dev *dev)
{
	return set_mode(port_of(dev), VIRTIO_NET_CTRL_RX_PROMISC, 1);
}

int
port_promiscuous_disable(struct rte_eth_dev *dev)
{
	return set_mode(port_of(dev), VIRTIO_NET_CTRL_RX_PROMISC, 0);
}

int
port_allmulticast_enable(struct rte_eth_dev *dev)
{
	return set_mode(port_of(dev), VIRTIO_NET_CTRL_RX_ALLMULTI, 1);
}

int
port_allmulticast_disable(struct rte_eth_dev *dev)
{
	return set_mode(port_of(dev), VIRTIO_NET_CTRL_RX_ALLMULTI, 0);
}

/* --- link --- */

int
port_link_update(struct rte_eth_dev *dev, int wait_to_complete)
{
	struct virtio_hw *hw = port_of(dev);
	struct rte_eth_link link = {
		.link_speed = hw->config.speed,
		.link_duplex = RTE_ETH_LINK_FULL_DUPLEX,
		.link_autoneg = RTE_ETH_LINK_FIXED,
	};
	bool is_up = hw->is_started && hw->peer->link_is_up(hw->device);

	if (!is_up && hw->is_live && wait_to_complete && dev->data->dev_started)
		is_up = hw->peer->link_wait(hw->device, hw->config.deadline);
	link.link_status = is_up ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN;
	if (!is_up)
		link.link_speed = RTE_ETH_SPEED_NUM_NONE;
	return rte_eth_linkstatus_set(dev, &link);
}

/* --- what is on the other side --- */

/* Short, for tools that have 32 bytes for it; ethdev's private dump names the features. */
int
port_fw_version_get(struct rte_eth_dev *dev, char *text, size_t size)
{
	struct virtio_hw *hw = port_of(dev);
	struct port_peer_info info;
	int len;

	hw->peer->get_info(hw->device, &info);
	len = snprintf(text, size, "%s 0x%" PRIx64, info.backend, hw->features);
	return len < 0 ? -EINVAL : (size_t)len < size ? 0 : len + 1;
}
