/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The port's life as ethdev sees it: what it can do, configure, start, stop, close, link; and the table of all its ops.
 */

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "ethdev.h"
#include "log.h"

uint32_t
port_frame_max(const struct backend_port *port, uint16_t mtu)
{
	/* 0: as long as the driver's segments may be. */
	return port->config.tso ? 0 : (uint32_t)mtu + PORT_FRAME_OVERHEAD;
}

static uint16_t
mtu_max(const struct backend_port *port)
{
	return port->config.mtu != 0 ? (uint16_t)port->config.mtu : DEVARGS_MTU_MAX;
}

static void
infos_of_queues(const struct backend_port *port, struct rte_eth_dev_info *info)
{
	/* Rings are the driver's: any number is as good as another one. */
	const struct rte_eth_desc_lim limits = {
		.nb_max = DEVARGS_RING_MAX,
		.nb_min = 1,
		.nb_align = 1,
		.nb_seg_max = UINT8_MAX,
		.nb_mtu_seg_max = UINT8_MAX,
	};

	info->max_rx_queues = (uint16_t)port->config.queues;
	info->max_tx_queues = (uint16_t)port->config.queues;
	info->rx_desc_lim = limits;
	info->tx_desc_lim = limits;
	info->default_rxportconf = (struct rte_eth_dev_portconf){.burst_size = 32, .ring_size = 256, .nb_queues = 1};
	info->default_txportconf = info->default_rxportconf;
}

static int
port_infos_get(struct rte_eth_dev *dev, struct rte_eth_dev_info *info)
{
	const struct backend_port *port = port_of(dev);

	infos_of_queues(port, info);
	info->max_mac_addrs = 1;
	info->min_mtu = RTE_ETHER_MIN_MTU;
	info->max_mtu = mtu_max(port);
	info->max_rx_pktlen = (uint32_t)info->max_mtu + PORT_FRAME_OVERHEAD;
	info->min_rx_bufsize = RTE_ETHER_MIN_LEN;
	info->rx_offload_capa = RTE_ETH_RX_OFFLOAD_SCATTER;
	if (port->config.csum)
		info->rx_offload_capa |= RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	if (port->config.tso) {
		info->rx_offload_capa |= RTE_ETH_RX_OFFLOAD_TCP_LRO;
		info->max_lro_pkt_size = UINT16_MAX;
	}
	/* Where the driver takes no checksums undone, software does them. */
	info->tx_offload_capa = RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
		RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	if (port->config.speed != UINT32_MAX)
		info->speed_capa = RTE_ETH_LINK_SPEED_FIXED |
			rte_eth_speed_bitflag(port->config.speed, RTE_ETH_LINK_FULL_DUPLEX);
	return 0;
}

static int
port_configure(struct rte_eth_dev *dev)
{
	const struct backend_port *port = port_of(dev);
	const struct rte_eth_conf *conf = &dev->data->dev_conf;
	const uint16_t pairs = RTE_MIN(dev->data->nb_rx_queues, dev->data->nb_tx_queues);

	if (conf->rxmode.mq_mode != RTE_ETH_MQ_RX_NONE && conf->rxmode.mq_mode != RTE_ETH_MQ_RX_RSS) {
		PORT_LOG(ERR, port->name, "rx mq_mode %u: not supported; allowed: NONE (%u), or RSS (%u), which the "
			"driver does", conf->rxmode.mq_mode, RTE_ETH_MQ_RX_NONE, RTE_ETH_MQ_RX_RSS);
		return -ENOTSUP;
	}
	if (conf->txmode.mq_mode != RTE_ETH_MQ_TX_NONE || conf->lpbk_mode != 0) {
		PORT_LOG(ERR, port->name, "tx mq_mode %u, lpbk_mode %u: not supported; allowed: 0 and 0",
			conf->txmode.mq_mode, conf->lpbk_mode);
		return -ENOTSUP;
	}
	if (pairs < port->config.queues)
		PORT_LOG(NOTICE, port->name, "the application polls %u queue pairs, a driver may use %u: what it sends on "
			"the others stays there; say queues=%u", pairs, port->config.queues, RTE_MAX(pairs, 1));
	return 0;
}

/* --- link --- */

bool
port_has_link(const struct backend_port *port)
{
	if (!port->is_started)
		return false;
	for (uint16_t i = 0; i < port->nr_queues; i += 2) {
		const struct rte_vhost2_vq *to = port->queues[i].vq;
		const struct rte_vhost2_vq *from = port->queues[i + 1].vq;

		if (to != NULL && to->enabled && from != NULL && from->enabled)
			return true;
	}
	return false;
}

/* @return 0: it changed */
int
port_link_update(struct rte_eth_dev *dev, int wait_to_complete)
{
	struct backend_port *port = port_of(dev);
	struct rte_eth_link link = {
		.link_speed = port->config.speed == UINT32_MAX ? RTE_ETH_SPEED_NUM_UNKNOWN : port->config.speed,
		.link_duplex = RTE_ETH_LINK_FULL_DUPLEX,
		.link_autoneg = RTE_ETH_LINK_FIXED,
	};

	/* A front-end comes when it comes. */
	(void)wait_to_complete;
	pthread_mutex_lock(&port->lock);
	link.link_status = port_has_link(port) ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN;
	pthread_mutex_unlock(&port->lock);
	return rte_eth_linkstatus_set(dev, &link);
}

/* --- start, stop, close --- */

/* The lock is held. */
static void
queues_unbind(struct backend_port *port)
{
	port->is_started = false;
	for (uint16_t i = 0; i < port->nr_queues; i++)
		queue_unbind(&port->queues[i]);
	port->device.link_up = false;
	device_config_changed(port);
}

static int
queues_bind(struct backend_port *port)
{
	int rc = 0;

	port->is_started = true;
	for (uint16_t i = 0; i < port->nr_queues && rc == 0; i++)
		rc = queue_bind(&port->queues[i]);
	port->device.link_up = true;
	device_config_changed(port);
	return rc;
}

static void
queues_mark(struct rte_eth_dev *dev, uint8_t state)
{
	memset(dev->data->rx_queue_state, state, dev->data->nb_rx_queues);
	memset(dev->data->tx_queue_state, state, dev->data->nb_tx_queues);
}

static int
port_start(struct rte_eth_dev *dev)
{
	struct backend_port *port = port_of(dev);
	int rc;

	pthread_mutex_lock(&port->lock);
	rc = queues_bind(port);
	if (rc != 0)
		queues_unbind(port);
	pthread_mutex_unlock(&port->lock);
	if (rc != 0) {
		PORT_LOG(ERR, port->name, "cannot start: %s", strerror(-rc));
		return rc;
	}
	queues_mark(dev, RTE_ETH_QUEUE_STATE_STARTED);
	port_link_update(dev, 0);
	device_events_raise(port);
	return 0;
}

static int
port_stop(struct rte_eth_dev *dev)
{
	struct backend_port *port = port_of(dev);

	pthread_mutex_lock(&port->lock);
	queues_unbind(port);
	pthread_mutex_unlock(&port->lock);
	queues_mark(dev, RTE_ETH_QUEUE_STATE_STOPPED);
	port_link_update(dev, 0);
	return 0;
}

static int
port_close(struct rte_eth_dev *dev)
{
	if (rte_eal_process_type() == RTE_PROC_PRIMARY)
		port_free(port_of(dev));
	return 0;
}

/* --- what is set --- */

/* The other end of the wire: whatever the driver sends is received. */
static int
port_receives_all(struct rte_eth_dev *dev)
{
	(void)dev;
	return 0;
}

static int
port_mac_addr_set(struct rte_eth_dev *dev, struct rte_ether_addr *addr)
{
	(void)dev;
	return rte_is_valid_assigned_ether_addr(addr) ? 0 : -EADDRNOTAVAIL;
}

static int
port_mtu_set(struct rte_eth_dev *dev, uint16_t mtu)
{
	struct backend_port *port = port_of(dev);

	if (dev->data->dev_started) {
		PORT_LOG(ERR, port->name, "MTU %u: cannot be changed while the port runs; stop it first", mtu);
		return -EBUSY;
	}
	return queues_set_frame_max(port, port_frame_max(port, mtu));
}

static const struct eth_dev_ops port_ops = {
	.dev_infos_get = port_infos_get,
	.dev_configure = port_configure,
	.dev_start = port_start,
	.dev_stop = port_stop,
	.dev_close = port_close,
	.link_update = port_link_update,
	.promiscuous_enable = port_receives_all,
	.allmulticast_enable = port_receives_all,
	.mac_addr_set = port_mac_addr_set,
	.mtu_set = port_mtu_set,
	.rx_queue_setup = port_rx_queue_setup,
	.rx_queue_release = port_rx_queue_release,
	.tx_queue_setup = port_tx_queue_setup,
	.tx_queue_release = port_tx_queue_release,
	.rxq_info_get = port_rxq_info_get,
	.txq_info_get = port_txq_info_get,
	.rx_burst_mode_get = port_rx_burst_mode_get,
	.tx_burst_mode_get = port_tx_burst_mode_get,
	.stats_get = port_stats_get,
	.stats_reset = port_stats_reset,
	.xstats_get = port_xstats_get,
	.xstats_get_names = port_xstats_get_names,
	.xstats_reset = port_xstats_reset,
};

static int
queues_alloc(struct backend_port *port)
{
	const uint16_t nr = (uint16_t)(2 * port->config.queues);

	port->queues = aligned_alloc(alignof(struct port_queue), nr * sizeof(*port->queues));
	if (port->queues == NULL)
		return -ENOMEM;
	memset(port->queues, 0, nr * sizeof(*port->queues));
	for (uint16_t i = 0; i < nr; i++)
		port->queues[i].port = port;
	port->nr_queues = nr;
	return 0;
}

int
port_init(struct backend_port *port, struct rte_eth_dev *dev)
{
	int rc = queues_alloc(port);

	if (rc == 0)
		rc = device_open(port);
	if (rc != 0)
		return rc;
	memcpy(&port->mac, port->config.mac, sizeof(port->mac));
	if (rte_is_zero_ether_addr(&port->mac))
		rte_eth_random_addr(port->mac.addr_bytes);
	port->dev = dev;
	dev->process_private = port;
	dev->dev_ops = &port_ops;
	dev->rx_pkt_burst = port_rx_burst;
	dev->tx_pkt_burst = port_tx_burst;
	dev->data->dev_private = port; /* for others' eyes */
	dev->data->mac_addrs = &port->mac;
	dev->data->dev_flags |= RTE_ETH_DEV_INTR_LSC;
	dev->data->promiscuous = 1;
	dev->data->all_multicast = 1;
	return 0;
}

void
port_free(struct backend_port *port)
{
	struct rte_eth_dev *dev = port->dev;

	device_close(port);
	for (uint16_t i = 0; i < port->nr_queues; i++)
		queue_drop(&port->queues[i]);
	free(port->queues);
	pthread_cond_destroy(&port->gone);
	pthread_mutex_destroy(&port->lock);
	if (dev != NULL && dev->process_private == port) {
		/* ethdev would rte_free() these two, and they are ordinary heap. */
		dev->data->dev_private = NULL;
		dev->data->mac_addrs = NULL;
		dev->process_private = NULL;
	}
	free(port);
}
