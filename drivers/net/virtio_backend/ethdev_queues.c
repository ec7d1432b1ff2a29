/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The port's queues: their setup and release, bursts, and their binding to virtqueues. See ethdev.h.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_mbuf.h>

#include "vhost2/ring.h"

#include "ethdev.h"
#include "log.h"

/* --- bursts --- */

uint16_t
port_rx_burst(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct port_queue *queue = rxq;

	if (!gate_enter(&queue->gate))
		return 0;
	nb_pkts = rte_vhost2_net_dequeue_burst(queue->net, pkts, nb_pkts);
	gate_leave(&queue->gate);
	return nb_pkts;
}

/* Packets are copied: all that were taken go back at once. */
uint16_t
port_tx_burst(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct port_queue *queue = txq;

	if (!gate_enter(&queue->gate))
		return 0;
	nb_pkts = rte_vhost2_net_enqueue_burst(queue->net, pkts, nb_pkts);
	gate_leave(&queue->gate);
	if (queue->fast_free && nb_pkts > 0)
		rte_mempool_put_bulk(pkts[0]->pool, (void **)pkts, nb_pkts);
	else
		rte_pktmbuf_free_bulk(pkts, nb_pkts);
	return nb_pkts;
}

/* --- binding --- */

int
queue_bind(struct port_queue *queue)
{
	int rc;

	if (queue->is_bound || queue->net == NULL || queue->vq == NULL || !queue->port->is_started)
		return 0;
	rc = rte_vhost2_net_queue_start(queue->net, queue->vdev, queue->vq);
	if (rc != 0)
		return rc;
	/* The application polls. */
	rte_vhost2_vq_want_kicks(queue->vdev, queue->vq, false);
	queue->is_bound = true;
	gate_open(&queue->gate);
	return 0;
}

int
queue_unbind(struct port_queue *queue)
{
	if (!queue->is_bound)
		return 0;
	gate_close(&queue->gate);
	queue->is_bound = false;
	rte_vhost2_net_queue_stop(queue->net);
	return 0;
}

bool
queue_runs(const struct port_queue *queue)
{
	return queue->is_bound && queue->vq->enabled;
}

void
queue_drop(struct port_queue *queue)
{
	if (queue->net == NULL)
		return;
	queue_unbind(queue);
	stats_retire(queue);
	rte_vhost2_net_queue_destroy(queue->net);
	queue->net = NULL;
}

/* --- setup and release --- */

static int
queue_make(struct port_queue *queue, const struct rte_vhost2_net_queue_config *config)
{
	struct backend_port *port = queue->port;
	struct rte_vhost2_net_queue *net = NULL;
	int rc = rte_vhost2_net_queue_create(config, &net);

	if (rc != 0)
		return rc;
	pthread_mutex_lock(&port->lock);
	queue_drop(queue);
	queue->net = net;
	queue->config = *config;
	pthread_mutex_unlock(&port->lock);
	return 0;
}

int
port_rx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t size, unsigned int socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	const uint64_t csum = RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	struct backend_port *port = port_of(dev);
	struct port_queue *queue = rx_queue_of(port, id);
	const uint64_t offloads = dev->data->dev_conf.rxmode.offloads | conf->offloads;
	const struct rte_vhost2_net_queue_config config = {
		.pool = pool,
		.port_id = dev->data->port_id,
		/* An application that does not look at checksum flags gets whole packets. */
		.flags = (offloads & csum) == 0 ? RTE_VHOST2_NET_FINISH_CSUM : 0,
		.max_packet = port_frame_max(port, dev->data->mtu),
	};
	int rc;

	(void)socket;
	rc = queue_make(queue, &config);
	if (rc != 0) {
		PORT_LOG(ERR, port->name, "rx queue %u: pool %s has buffers of %u bytes: %s", id, pool->name,
			rte_pktmbuf_data_room_size(pool), strerror(-rc));
		return rc;
	}
	queue->size = size;
	dev->data->rx_queues[id] = queue;
	if (config.max_packet + RTE_PKTMBUF_HEADROOM > rte_pktmbuf_data_room_size(pool))
		dev->data->scattered_rx = 1;
	return 0;
}

int
port_tx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t size, unsigned int socket,
	const struct rte_eth_txconf *conf)
{
	struct backend_port *port = port_of(dev);
	struct port_queue *queue = tx_queue_of(port, id);
	const uint64_t offloads = dev->data->dev_conf.txmode.offloads | conf->offloads;
	const struct rte_vhost2_net_queue_config config = {.port_id = dev->data->port_id};
	int rc;

	(void)socket;
	rc = queue_make(queue, &config);
	if (rc != 0) {
		PORT_LOG(ERR, port->name, "tx queue %u: %s", id, strerror(-rc));
		return rc;
	}
	queue->size = size;
	queue->fast_free = (offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE) != 0;
	dev->data->tx_queues[id] = queue;
	return 0;
}

int
queues_set_frame_max(struct backend_port *port, uint32_t frame_max)
{
	int rc = 0;

	for (uint16_t index = 0; index < port->nr_queues && rc == 0; index++) {
		struct port_queue *queue = &port->queues[index];
		struct rte_vhost2_net_queue_config config = queue->config;

		if (!queue_is_rx(index) || queue->net == NULL)
			continue;
		config.max_packet = frame_max;
		rc = queue_make(queue, &config);
	}
	return rc;
}

static void
queue_release(struct port_queue *queue)
{
	pthread_mutex_lock(&queue->port->lock);
	queue_drop(queue);
	pthread_mutex_unlock(&queue->port->lock);
}

void
port_rx_queue_release(struct rte_eth_dev *dev, uint16_t id)
{
	if (port_of(dev) == NULL || dev->data->rx_queues[id] == NULL)
		return;
	queue_release(dev->data->rx_queues[id]);
	dev->data->rx_queues[id] = NULL;
}

void
port_tx_queue_release(struct rte_eth_dev *dev, uint16_t id)
{
	if (port_of(dev) == NULL || dev->data->tx_queues[id] == NULL)
		return;
	queue_release(dev->data->tx_queues[id]);
	dev->data->tx_queues[id] = NULL;
}

/* --- what they are --- */

void
port_rxq_info_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_rxq_info *info)
{
	const struct port_queue *queue = rx_queue_of(port_of(dev), id);

	info->mp = queue->config.pool;
	info->nb_desc = queue->size;
	info->scattered_rx = dev->data->scattered_rx;
}

void
port_txq_info_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_txq_info *info)
{
	info->nb_desc = tx_queue_of(port_of(dev), id)->size;
}

static int
burst_mode_get(struct port_queue *queue, struct rte_eth_burst_mode *mode)
{
	pthread_mutex_lock(&queue->port->lock);
	if (queue->net != NULL)
		snprintf(mode->info, sizeof(mode->info), "%s", rte_vhost2_net_queue_path(queue->net));
	pthread_mutex_unlock(&queue->port->lock);
	return 0;
}

int
port_rx_burst_mode_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_burst_mode *mode)
{
	return burst_mode_get(rx_queue_of(port_of(dev), id), mode);
}

int
port_tx_burst_mode_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_burst_mode *mode)
{
	return burst_mode_get(tx_queue_of(port_of(dev), id), mode);
}
