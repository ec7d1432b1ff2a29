/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The port's life as ethdev sees it: what it can do, configure, start, stop, close; and the table
 * of all its ops. The queues are ethdev_queues.c's, link and control commands ethdev_control.c's,
 * counters ethdev_stats.c's. Which device is driven, nobody knows but virtio_user_ethdev.c.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_vect.h>

#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio/status.h"

#include "ethdev.h"
#include "log.h"
#include "rxtx/simd.h"
#include "rxtx/tx_prepare.h"

/* What the driver half knows how to use, whoever offers it. */
#define DRIVER_FEATURES \
	(VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_IN_ORDER) | \
		VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX) | \
		VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC) | VIRTIO_BIT(VIRTIO_NET_F_MAC) | \
		VIRTIO_BIT(VIRTIO_NET_F_STATUS) | VIRTIO_BIT(VIRTIO_NET_F_MTU) | \
		VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ) | \
		VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX) | \
		VIRTIO_BIT(VIRTIO_NET_F_MQ) | \
		VIRTIO_BIT(VIRTIO_NET_F_SPEED_DUPLEX))

uint64_t
port_wanted_features(const struct virtio_hw *hw, uint64_t offer)
{
	uint64_t wanted = DRIVER_FEATURES | offload_wanted_features(hw);
	uint16_t mtu = 0;

	if (!hw->config.mrg_rxbuf)
		wanted &= ~VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF);
	if (!hw->config.in_order)
		wanted &= ~VIRTIO_BIT(VIRTIO_F_IN_ORDER);
	if (!hw->config.packed_vq)
		wanted &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	/* A limit that no device may state is not one to agree on. */
	if (offer & VIRTIO_BIT(VIRTIO_NET_F_MTU))
		hw->ops->read_dev_cfg(
			hw->device, offsetof(struct virtio_net_config, mtu), &mtu, sizeof(mtu));
	if (!virtio_net_mtu_is_valid(mtu))
		wanted &= ~VIRTIO_BIT(VIRTIO_NET_F_MTU);
	return virtio_features_close(offer & wanted);
}

/* The limits that come with the features: those negotiated, or before that those which would be. */
static void
port_refresh_limits(struct virtio_hw *hw, uint64_t features)
{
	uint16_t pairs = 1, mtu = PORT_FRAME_MAX - PORT_FRAME_OVERHEAD, limit;

	if (features & VIRTIO_BIT(VIRTIO_NET_F_MQ)) {
		hw->ops->read_dev_cfg(hw->device,
			offsetof(struct virtio_net_config, max_virtqueue_pairs), &pairs,
			sizeof(pairs));
		pairs = virtio_net_pairs_is_valid(pairs) ? pairs : 1;
	}
	if (features & VIRTIO_BIT(VIRTIO_NET_F_MTU)) {
		hw->ops->read_dev_cfg(
			hw->device, offsetof(struct virtio_net_config, mtu), &limit, sizeof(limit));
		mtu = RTE_MIN(mtu, limit);
	}
	hw->max_pairs = RTE_MIN(pairs, hw->nr_queues / 2);
	hw->max_mtu = mtu;
}

/* The device's address, unless it is none that a port can have. */
static void
port_read_mac(struct virtio_hw *hw)
{
	hw->ops->read_dev_cfg(hw->device, offsetof(struct virtio_net_config, mac), &hw->device_mac,
		sizeof(hw->device_mac));
	if (!rte_is_valid_assigned_ether_addr(&hw->device_mac))
		rte_eth_random_addr(hw->device_mac.addr_bytes);
}

/*
 * VIRTIO 1.3 3.1.1: "The driver MUST follow this sequence to initialize a device", steps 1 to 6;
 * what is left for start is queues and DRIVER_OK.
 */
static int
port_negotiate(struct virtio_hw *hw)
{
	uint8_t status = VIRTIO_STATUS_ACKNOWLEDGE;
	uint64_t features;
	int ret;

	hw->is_negotiated = false;
	hw->is_live = false;
	ret = hw->ops->reset(hw->device);
	if (ret == 0)
		ret = hw->ops->set_status(hw->device, status);
	status |= VIRTIO_STATUS_DRIVER;
	if (ret == 0)
		ret = hw->ops->set_status(hw->device, status);
	if (ret != 0)
		return ret;

	features = port_wanted_features(hw, hw->ops->get_features(hw->device));
	if (!(features & VIRTIO_BIT(VIRTIO_F_VERSION_1))) {
		PORT_LOG(ERR, hw->name,
			"the back-end lacks VIRTIO_F_VERSION_1: legacy devices are not supported");
		return -ENOTSUP;
	}
	ret = hw->ops->set_features(hw->device, features);
	status |= VIRTIO_STATUS_FEATURES_OK;
	if (ret == 0)
		ret = hw->ops->set_status(hw->device, status);
	if (ret != 0)
		return ret;
	/* VIRTIO 1.3 3.1.1: "Re-read device status to ensure the FEATURES_OK bit is still set" */
	if (!(hw->ops->get_status(hw->device) & VIRTIO_STATUS_FEATURES_OK)) {
		PORT_LOG(ERR, hw->name,
			"the device refuses the features 0x%" PRIx64 ", a subset of its own offer",
			features);
		return -EPROTO;
	}
	hw->features = features;
	hw->is_negotiated = true;
	port_refresh_limits(hw, features);
	port_read_mac(hw); /* ethdev sets ours again after start, where it differs */
	return 0;
}

static void
infos_of_queues(const struct virtio_hw *hw, uint64_t features, struct rte_eth_dev_info *info)
{
	const bool packed = features & VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	const uint32_t size = hw->config.queue_size;
	/*
	 * VIRTIO 1.3 2.7: "Queue Size value is always a power of 2." - of a split ring, which setup checks; ethdev
	 * knows multiples only. A packed ring has any number of descriptors.
	 */
	const struct rte_eth_desc_lim limits = {
		.nb_max = DEVARGS_RING_MAX,
		.nb_min = DEVARGS_RING_MIN,
		.nb_align = packed ? 1 : DEVARGS_RING_MIN,
		.nb_seg_max = UINT8_MAX,
		.nb_mtu_seg_max = UINT8_MAX,
	};

	info->max_rx_queues = hw->max_pairs;
	info->max_tx_queues = hw->max_pairs;
	info->rx_desc_lim = limits;
	info->tx_desc_lim = limits;
	/* A peer may turn packed rings down. */
	info->default_rxportconf.ring_size = (uint16_t)(packed ? size : rte_align32prevpow2(size));
	info->default_txportconf.ring_size = info->default_rxportconf.ring_size;
	info->default_rxportconf.burst_size = 32;
	info->default_txportconf.burst_size = 32;
	info->default_rxportconf.nb_queues = 1;
	info->default_txportconf.nb_queues = 1;
}

static int
port_infos_get(struct rte_eth_dev *dev, struct rte_eth_dev_info *info)
{
	struct virtio_hw *hw = port_of(dev);
	uint64_t features = hw->is_negotiated ? hw->features
		: port_wanted_features(hw, hw->ops->get_features(hw->device));

	if (!hw->is_negotiated)
		port_refresh_limits(hw, features);
	infos_of_queues(hw, features, info);
	info->max_mac_addrs = 1;
	info->min_mtu = RTE_ETHER_MIN_MTU;
	info->max_mtu = hw->max_mtu;
	info->max_rx_pktlen = (uint32_t)hw->max_mtu + PORT_FRAME_OVERHEAD;
	info->min_rx_bufsize = RTE_ETHER_MIN_LEN;
	offload_infos_get(hw, hw->ops->get_features(hw->device), info);
	if (hw->config.speed != UINT32_MAX)
		info->speed_capa = RTE_ETH_LINK_SPEED_FIXED |
			rte_eth_speed_bitflag(hw->config.speed, RTE_ETH_LINK_FULL_DUPLEX);
	return 0;
}

/* Modes beside the offloads, which ethdev itself checks against our capabilities. */
static int
configure_check(const struct virtio_hw *hw, const struct rte_eth_conf *conf)
{
	/* RSS without a hash type, as ethdev lets through, leaves steering to the device. */
	if (conf->rxmode.mq_mode != RTE_ETH_MQ_RX_NONE &&
		conf->rxmode.mq_mode != RTE_ETH_MQ_RX_RSS) {
		PORT_LOG(ERR, hw->name,
			"rx mq_mode %u: not supported; allowed: NONE (%u) and RSS (%u)",
			conf->rxmode.mq_mode, RTE_ETH_MQ_RX_NONE, RTE_ETH_MQ_RX_RSS);
		return -ENOTSUP;
	}
	if (conf->txmode.mq_mode != RTE_ETH_MQ_TX_NONE) {
		PORT_LOG(ERR, hw->name,
			"tx mq_mode %u: not supported; allowed: RTE_ETH_MQ_TX_NONE (%u)",
			conf->txmode.mq_mode, RTE_ETH_MQ_TX_NONE);
		return -ENOTSUP;
	}
	if (conf->lpbk_mode != 0) {
		PORT_LOG(ERR, hw->name, "lpbk_mode %u: not supported; allowed: 0", conf->lpbk_mode);
		return -ENOTSUP;
	}
	return 0;
}

static int
pairs_check(const struct virtio_hw *hw, uint16_t pairs)
{
	if (pairs <= hw->max_pairs)
		return 0;
	PORT_LOG(ERR, hw->name,
		"%u queue pairs: the device has %u; devarg queues and the back-end limit them",
		pairs, hw->max_pairs);
	return -EINVAL;
}

static int
port_configure(struct rte_eth_dev *dev)
{
	struct virtio_hw *hw = port_of(dev);
	uint16_t pairs = RTE_MAX(dev->data->nb_rx_queues, dev->data->nb_tx_queues);
	int ret = configure_check(hw, &dev->data->dev_conf);

	if (ret != 0)
		return ret;
	if (!hw->is_negotiated ||
	    port_wanted_features(hw, hw->ops->get_features(hw->device)) != hw->features) {
		ret = port_negotiate(hw);
		if (ret != 0)
			return ret;
	}
	ret = pairs_check(hw, pairs);
	if (ret != 0)
		return ret;
	offload_log_limits(hw);
	hw->is_stale |= pairs != hw->pairs;
	hw->pairs = pairs;
	dev->data->scattered_rx = !!(hw->features & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF));
	if (!control_has_modes(hw)) {
		dev->data->promiscuous = 1;
		dev->data->all_multicast = 1;
	}
	return 0;
}

static void
port_select_paths(struct virtio_hw *hw)
{
	const bool may_vector = hw->config.vectorized != DEVARGS_VECTORIZED_NO;
	const struct path_request request = {
		.features = hw->features,
		.rx_offloads = hw->dev->data->dev_conf.rxmode.offloads,
		.tx_offloads = hw->dev->data->dev_conf.txmode.offloads,
		.simd = may_vector ? simd_bits(rte_vect_get_max_simd_bitwidth()) : 0,
	};

	hw->rx_path = rx_path_select(&request);
	hw->tx_path = tx_path_select(&request);
	hw->dev->rx_pkt_burst = hw->rx_path->burst;
	hw->dev->tx_pkt_burst = hw->tx_path->burst;
	hw->dev->tx_pkt_prepare = tx_prepare;
	PORT_LOG(INFO, hw->name, "rx path: %s; tx path: %s", hw->rx_path->name, hw->tx_path->name);
	if (hw->config.vectorized == DEVARGS_VECTORIZED_YES && (hw->rx_path->traits.simd | hw->tx_path->traits.simd) == 0)
		PORT_LOG(NOTICE, hw->name, "vectorized=1, but no vector path fits: %u bits may be used (see "
			"--force-max-simd-bitwidth) with features 0x%" PRIx64, request.simd, hw->features);
}

/* The device is as after FEATURES_OK. A failure leaves it reset. */
static int
port_go_live(struct virtio_hw *hw)
{
	const uint8_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
		VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK;
	int ret = queues_build(hw);

	if (ret == 0)
		ret = queues_hand_over(hw);
	if (ret == 0)
		ret = control_build(hw);
	if (ret == 0)
		ret = hw->ops->set_status(hw->device, status);
	if (ret == 0)
		ret = control_set_pairs(hw);
	if (ret == 0)
		ret = control_set_vlans(hw);
	if (ret == 0) {
		hw->is_live = true;
		hw->is_stale = false;
		return 0;
	}
	hw->ops->reset(hw->device);
	hw->is_negotiated = false;
	return ret;
}

static int
port_start(struct rte_eth_dev *dev)
{
	struct virtio_hw *hw = port_of(dev);
	bool is_resumed = hw->is_live && !hw->is_stale && !queues_are_outdated(hw);
	int ret = 0;

	if (!is_resumed && (hw->is_live || !hw->is_negotiated))
		ret = port_negotiate(hw);
	if (ret == 0)
		ret = pairs_check(hw, hw->pairs); /* the peer of today may have fewer */
	if (ret != 0)
		return ret;
	/* Before the device may open a gate. */
	port_select_paths(hw);
	ret = is_resumed ? hw->ops->resume(hw->device) : port_go_live(hw);
	if (ret != 0)
		return ret;
	hw->peer->set_mtu(hw->device, dev->data->mtu);
	queues_mark(hw, RTE_ETH_QUEUE_STATE_STARTED);
	hw->is_started = true;
	port_link_update(dev, 0);
	return 0;
}

/*
 * The rings keep what is in them. Where the device cannot even be suspended it is reset, so that it
 * is off the rings in any case, and the next start builds them anew.
 */
static int
port_stop(struct rte_eth_dev *dev)
{
	struct virtio_hw *hw = port_of(dev);
	const struct rte_eth_link down = { .link_status = RTE_ETH_LINK_DOWN };

	hw->is_started = false;
	if (hw->is_live && hw->ops->suspend(hw->device) != 0) {
		hw->ops->reset(hw->device);
		hw->is_negotiated = false;
		hw->is_live = false;
	}
	queues_mark(hw, RTE_ETH_QUEUE_STATE_STOPPED);
	rte_eth_linkstatus_set(dev, &down);
	return 0;
}

static int
port_close(struct rte_eth_dev *dev)
{
	if (rte_eal_process_type() == RTE_PROC_PRIMARY)
		port_free(port_of(dev));
	return 0;
}

static const struct eth_dev_ops port_ops = {
	.dev_infos_get = port_infos_get,
	.dev_supported_ptypes_get = port_ptypes_get,
	.dev_ptypes_set = port_ptypes_set,
	.vlan_offload_set = port_vlan_offload_set,
	.vlan_filter_set = port_vlan_filter_set,
	.dev_configure = port_configure,
	.dev_start = port_start,
	.dev_stop = port_stop,
	.dev_close = port_close,
	.link_update = port_link_update,
	.promiscuous_enable = port_promiscuous_enable,
	.promiscuous_disable = port_promiscuous_disable,
	.allmulticast_enable = port_allmulticast_enable,
	.allmulticast_disable = port_allmulticast_disable,
	.mac_addr_set = port_mac_addr_set,
	.mtu_set = port_mtu_set,
	.fw_version_get = port_fw_version_get,
	.rx_queue_setup = port_rx_queue_setup,
	.rx_queue_release = port_rx_queue_release,
	.tx_queue_setup = port_tx_queue_setup,
	.tx_queue_release = port_tx_queue_release,
	.tx_done_cleanup = port_tx_done_cleanup,
	.rxq_info_get = port_rxq_info_get,
	.txq_info_get = port_txq_info_get,
	.rx_burst_mode_get = port_rx_burst_mode_get,
	.tx_burst_mode_get = port_tx_burst_mode_get,
	.stats_get = port_stats_get,
	.stats_reset = port_stats_reset,
	.xstats_get = port_xstats_get,
	.xstats_get_names = port_xstats_get_names,
	.xstats_get_by_id = port_xstats_get_by_id,
	.xstats_get_names_by_id = port_xstats_get_names_by_id,
	.xstats_reset = port_xstats_reset,
	.eth_dev_priv_dump = port_priv_dump,
};

int
port_init(struct virtio_hw *hw, struct rte_eth_dev *dev)
{
	uint16_t nr_queues = (uint16_t)(2 * hw->config.queues);
	struct port_queue *queues = calloc(nr_queues, sizeof(*queues));
	uint64_t offer;

	if (queues == NULL)
		return -ENOMEM;
	hw->dev = dev;
	pthread_mutex_lock(&hw->queues_lock); /* the device may already have events */
	hw->queues = queues;
	hw->nr_queues = nr_queues;
	pthread_mutex_unlock(&hw->queues_lock);
	offer = port_wanted_features(hw, hw->ops->get_features(hw->device));
	port_refresh_limits(hw, offer);
	port_read_mac(hw);
	hw->mac = hw->device_mac;

	dev->process_private = hw;
	dev->dev_ops = &port_ops;
	dev->rx_queue_count = port_rx_queue_count;
	dev->rx_descriptor_status = port_rx_descriptor_status;
	dev->tx_descriptor_status = port_tx_descriptor_status;
	dev->data->dev_private = hw; /* for others' eyes; see port_of() */
	dev->data->mac_addrs = &hw->mac;
	dev->data->dev_flags |= RTE_ETH_DEV_INTR_LSC;
	dev->data->promiscuous = !(offer & VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX));
	dev->data->all_multicast = dev->data->promiscuous;
	return 0;
}

void
port_free(struct virtio_hw *hw)
{
	struct rte_eth_dev *dev = hw->dev;

	if (hw->device != NULL)
		hw->peer->close(hw);
	queues_destroy(hw);
	control_destroy(hw);
	free(hw->queues);
	pthread_mutex_destroy(&hw->queues_lock);
	if (dev != NULL && dev->process_private == hw) {
		/* ethdev would rte_free() these two, and they are ordinary heap. */
		dev->data->dev_private = NULL;
		dev->data->mac_addrs = NULL;
		dev->process_private = NULL;
	}
	free(hw);
}
