/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The port's offloads on the control side: what can be had, which features that takes, and what may change while the
 * port runs. One table for each direction says both. What is done to packets is rxtx/net_hdr.c's.
 *
 * A feature is agreed on only if an offload that needs it was configured: who asks for nothing gets the leanest path.
 */

#include <errno.h>
#include <inttypes.h>

#include "virtio/feature.h"

#include "ethdev.h"
#include "log.h"
#include "rxtx/net_hdr.h"
#include "rxtx/parse.h"

#define BIT VIRTIO_BIT

/** An offload: what it needs of the device, and what else serves it. */
struct offload {
	uint64_t flag;   /**< RTE_ETH_RX_OFFLOAD_* or RTE_ETH_TX_OFFLOAD_* */
	uint64_t needs;  /**< feature bits; none: it is done in software */
	uint64_t likes;  /**< feature bits that make it better */
};

static const struct offload rx_offloads[] = {
	{RTE_ETH_RX_OFFLOAD_SCATTER, BIT(VIRTIO_NET_F_MRG_RXBUF), 0},
	{RTE_ETH_RX_OFFLOAD_VLAN_STRIP, 0, 0},
	{RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, 0, 0},
	{RTE_ETH_RX_OFFLOAD_TCP_CKSUM, BIT(VIRTIO_NET_F_GUEST_CSUM), 0},
	{RTE_ETH_RX_OFFLOAD_UDP_CKSUM, BIT(VIRTIO_NET_F_GUEST_CSUM), 0},
	/* No mbuf is large enough for a coalesced packet by itself. */
	{RTE_ETH_RX_OFFLOAD_TCP_LRO, BIT(VIRTIO_NET_F_MRG_RXBUF) | BIT(VIRTIO_NET_F_GUEST_CSUM) |
		BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6), BIT(VIRTIO_NET_F_GUEST_ECN)},
	{RTE_ETH_RX_OFFLOAD_VLAN_FILTER, BIT(VIRTIO_NET_F_CTRL_VQ) | BIT(VIRTIO_NET_F_CTRL_VLAN), 0},
};

static const struct offload tx_offloads[] = {
	{RTE_ETH_TX_OFFLOAD_MULTI_SEGS, 0, 0},
	{RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE, 0, 0},
	{RTE_ETH_TX_OFFLOAD_VLAN_INSERT, 0, 0},
	{RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, 0, 0},
	{RTE_ETH_TX_OFFLOAD_TCP_CKSUM, BIT(VIRTIO_NET_F_CSUM), 0},
	{RTE_ETH_TX_OFFLOAD_UDP_CKSUM, BIT(VIRTIO_NET_F_CSUM), 0},
	{RTE_ETH_TX_OFFLOAD_TCP_TSO, BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6),
		BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_GUEST_HDRLEN)},
	{RTE_ETH_TX_OFFLOAD_UDP_TSO, BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_USO),
		BIT(VIRTIO_NET_F_GUEST_HDRLEN)},
};

/* Of the features that port_wanted_features() decides about. */
#define NOT_OURS (BIT(VIRTIO_NET_F_MRG_RXBUF) | BIT(VIRTIO_NET_F_CTRL_VQ))

/* Offloads of which @p features has all that they need. */
static uint64_t
offloads_possible(const struct offload *rows, size_t nr, uint64_t features)
{
	uint64_t possible = 0;

	for (const struct offload *row = rows; row < rows + nr; row++) {
		if ((row->needs & ~features) == 0)
			possible |= row->flag;
	}
	return possible;
}

static uint64_t
features_for(const struct offload *rows, size_t nr, uint64_t configured)
{
	uint64_t features = 0;

	for (const struct offload *row = rows; row < rows + nr; row++) {
		if (configured & row->flag)
			features |= row->needs | row->likes;
	}
	return features & ~NOT_OURS;
}

/*
 * No device can be told how long a coalesced packet may be. With a limit below what one may send there is no coalescing:
 * that keeps any limit. Ethdev's own default, one frame, is no wish of the application's.
 */
static bool
lro_is_limited(const struct rte_eth_rxmode *mode)
{
	return mode->max_lro_pkt_size != 0 && mode->max_lro_pkt_size < PORT_LRO_MAX &&
		mode->max_lro_pkt_size != mode->mtu + PORT_FRAME_OVERHEAD;
}

void
offload_log_limits(const struct virtio_hw *hw)
{
	const struct rte_eth_rxmode *mode = &hw->dev->data->dev_conf.rxmode;

	if ((mode->offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO) && lro_is_limited(mode))
		PORT_LOG(NOTICE, hw->name, "max_lro_pkt_size %u: the device cannot be told, so it is asked to "
			"coalesce nothing; %u and more let it", mode->max_lro_pkt_size, (unsigned int)PORT_LRO_MAX);
}

uint64_t
offload_wanted_features(const struct virtio_hw *hw)
{
	const struct rte_eth_conf *conf = &hw->dev->data->dev_conf;
	uint64_t rx = conf->rxmode.offloads;
	uint64_t tx = conf->txmode.offloads;
	uint64_t features;

	if (lro_is_limited(&conf->rxmode))
		rx &= ~RTE_ETH_RX_OFFLOAD_TCP_LRO;
	features = features_for(rx_offloads, RTE_DIM(rx_offloads), rx) |
		features_for(tx_offloads, RTE_DIM(tx_offloads), tx);
	/*
	 * Ethdev has no word for coalesced UDP. An application that takes coalesced TCP and can have UDP cut up is taken
	 * to manage.
	 */
	if ((rx & RTE_ETH_RX_OFFLOAD_TCP_LRO) && (tx & RTE_ETH_TX_OFFLOAD_UDP_TSO))
		features |= BIT(VIRTIO_NET_F_GUEST_USO4) | BIT(VIRTIO_NET_F_GUEST_USO6);
	return features;
}

void
offload_infos_get(const struct virtio_hw *hw, uint64_t offer, struct rte_eth_dev_info *info)
{
	if (!hw->config.mrg_rxbuf)
		offer &= ~BIT(VIRTIO_NET_F_MRG_RXBUF);
	offer = virtio_features_close(offer);
	info->rx_offload_capa = offloads_possible(rx_offloads, RTE_DIM(rx_offloads), offer);
	info->tx_offload_capa = offloads_possible(tx_offloads, RTE_DIM(tx_offloads), offer);
	info->tx_queue_offload_capa = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	if (info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_TCP_LRO)
		info->max_lro_pkt_size = PORT_LRO_MAX;
}

uint64_t
offload_of_queue(const struct virtio_hw *hw, uint16_t index)
{
	const struct rte_eth_conf *conf = &hw->dev->data->dev_conf;

	/* All but FAST_FREE belong to the port. */
	return index % 2 == 0 ? conf->rxmode.offloads : conf->txmode.offloads;
}

/* Whether packets of the port as it is configured are looked into. */
static bool
port_has_rx_offload(const struct virtio_hw *hw)
{
	return rx_offload_is_needed(hw->features, hw->dev->data->dev_conf.rxmode.offloads);
}

const uint32_t *
port_ptypes_get(PTYPES_GET_PARAMS)
{
	if (!port_has_rx_offload(port_of(dev)))
		return NULL;
	PTYPES_SET_COUNT(parse_ptypes_count - 1);
	return parse_ptypes;
}

int
port_ptypes_set(struct rte_eth_dev *dev, uint32_t mask)
{
	struct virtio_hw *hw = port_of(dev);

	hw->skips_ptypes = mask == 0;
	queues_refresh_rx(hw);
	return 0;
}

int
port_vlan_offload_set(struct rte_eth_dev *dev, int mask)
{
	struct virtio_hw *hw = port_of(dev);
	const uint64_t wanted = dev->data->dev_conf.rxmode.offloads;

	if ((mask & RTE_ETH_VLAN_FILTER_MASK) && (wanted & RTE_ETH_RX_OFFLOAD_VLAN_FILTER) &&
			!(hw->features & BIT(VIRTIO_NET_F_CTRL_VLAN)))
		return -ENOTSUP;
	if (!(mask & RTE_ETH_VLAN_STRIP_MASK))
		return 0;
	if (dev->data->dev_started && (wanted & RTE_ETH_RX_OFFLOAD_VLAN_STRIP) && !hw->rx_path->traits.offload) {
		PORT_LOG(ERR, hw->name, "rx path \"%s\" strips no tags: stop the port, or configure VLAN stripping "
			"before it is started", hw->rx_path->name);
		return -EBUSY;
	}
	queues_refresh_rx(hw);
	return 0;
}
