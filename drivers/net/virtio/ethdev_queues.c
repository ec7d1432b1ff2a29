/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The port's queues: setup and release by the application, their making for a start, their memory,
 * and the device's events that concern them. A slot of hw->queues remembers what the application
 * asked for, so that a queue can be made anew when the features changed. What a queue does with
 * packets is rxtx/'s.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_string_fns.h>

#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio/vring_packed.h"

#include "ethdev.h"
#include "log.h"

static bool
queue_is_rx(uint16_t index)
{
	return index % 2 == 0;
}

/* Whether the application counts with it. */
static bool
queue_is_configured(const struct virtio_hw *hw, uint16_t index)
{
	const struct rte_eth_dev_data *data = hw->dev->data;

	return index / 2 < (queue_is_rx(index) ? data->nb_rx_queues : data->nb_tx_queues);
}

/* What ethdev hands to a burst. */
static void
queue_publish(struct virtio_hw *hw, uint16_t index)
{
	struct port_queue *queue = &hw->queues[index];
	struct rte_eth_dev_data *data = hw->dev->data;

	if (!queue_is_configured(hw, index))
		return;
	if (queue_is_rx(index))
		data->rx_queues[index / 2] = queue->rxq;
	else
		data->tx_queues[index / 2] = queue->txq;
}

void *
ring_memory_alloc(size_t bytes, unsigned int socket)
{
	void *mem = rte_zmalloc_socket("virtio_ring", bytes, VRING_LINE_SIZE, (int)socket);

	if (mem == NULL)
		mem = rte_zmalloc_socket("virtio_ring", bytes, VRING_LINE_SIZE, SOCKET_ID_ANY);
	return mem;
}

static bool
queue_wants_fast_free(const struct virtio_hw *hw, const struct port_queue *queue)
{
	return (queue->offloads | hw->dev->data->dev_conf.txmode.offloads) &
		RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
}

/* Take the queue at @p index down; what the application asked for stays in its slot. */
static void
queue_destroy(struct virtio_hw *hw, uint16_t index)
{
	struct port_queue *queue = &hw->queues[index];
	struct virtio_rxq *rxq = queue->rxq;
	struct virtio_txq *txq = queue->txq;

	if (rxq != NULL)
		rxq_discard(rxq);
	if (txq != NULL)
		txq_discard(txq);
	pthread_mutex_lock(&hw->queues_lock);
	stats_retire(queue);
	queue->rxq = NULL;
	queue->txq = NULL;
	pthread_mutex_unlock(&hw->queues_lock);
	if (rxq != NULL)
		rxq_destroy(rxq);
	if (txq != NULL)
		txq_destroy(txq);
	queue_publish(hw, index);
	rte_free(queue->mem);
	queue->mem = NULL;
	memset(&queue->idle, 0, sizeof(queue->idle));
}

static enum vring_format
port_ring_format(const struct virtio_hw *hw)
{
	return (hw->features & VIRTIO_BIT(VIRTIO_F_RING_PACKED)) != 0 ? VRING_PACKED : VRING_SPLIT;
}

/* Before data threads know the queue, or beside them. */
static void
queue_refresh_rx(const struct virtio_hw *hw, uint16_t index, struct virtio_rxq *rxq)
{
	rxq_set_ptypes(rxq, !hw->skips_ptypes);
	rxq_set_strip(rxq, (offload_of_queue(hw, index) & RTE_ETH_RX_OFFLOAD_VLAN_STRIP) != 0);
}

void
queues_refresh_rx(struct virtio_hw *hw)
{
	for (uint16_t index = 0; index < hw->nr_queues; index += 2) {
		if (hw->queues[index].rxq == NULL)
			continue;
		queue_refresh_rx(hw, index, hw->queues[index].rxq);
		hw->queues[index].built_offloads = offload_of_queue(hw, index);
	}
}

/* Make the queue that the slot at @p index describes, for the features of now. */
static int
queue_create(struct virtio_hw *hw, uint16_t index)
{
	struct port_queue *queue = &hw->queues[index];
	struct virtio_rxq *rxq = NULL;
	struct virtio_txq *txq = NULL;
	struct queue_config config = {
		.port = hw->name,
		.port_id = hw->dev->data->port_id,
		.queue_id = index / 2,
		.index = index,
		.size = queue->size,
		.features = hw->features,
		.offloads = offload_of_queue(hw, index),
		.mem_len = queue_is_rx(index) ? rxq_mem_bytes(hw->features, queue->size)
			: txq_mem_bytes(hw->features, queue->size),
		.notifier = { .kick = hw->ops->notify_queue, .device = hw->device },
		.pool = queue->pool,
		.free_thresh = queue->free_thresh,
		.fast_free = queue_wants_fast_free(hw, queue),
	};
	int ret;

	config.mem = ring_memory_alloc(config.mem_len, queue->socket);
	if (config.mem == NULL) {
		PORT_LOG(ERR, hw->name,
			"virtqueue %u: no EAL memory for %zu bytes of ring; give EAL more by -m",
			index, config.mem_len);
		return -ENOMEM;
	}
	ret = queue_is_rx(index) ? rxq_create(&config, &rxq) : txq_create(&config, &txq);
	if (ret != 0) {
		rte_free(config.mem);
		return ret;
	}
	if (rxq != NULL)
		queue_refresh_rx(hw, index, rxq);
	queue->mem = config.mem;
	queue->built_features = config.features;
	queue->built_offloads = config.offloads;
	queue->built_fast_free = config.fast_free;
	pthread_mutex_lock(&hw->queues_lock);
	queue->rxq = rxq;
	queue->txq = txq;
	pthread_mutex_unlock(&hw->queues_lock);
	queue_publish(hw, index);
	return 0;
}

/*
 * A ring without buffers, for the half of a pair that the application does not use.
 * VIRTIO 1.3 5.1.6.5.6.1: "The driver MUST configure the virtqueues before enabling them with the
 * VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET command."
 */
static int
queue_create_idle(struct virtio_hw *hw, uint16_t index)
{
	struct port_queue *queue = &hw->queues[index];
	enum vring_format format = port_ring_format(hw);
	size_t bytes = vring_layout_bytes(format, DEVARGS_RING_MIN);

	queue->mem = ring_memory_alloc(bytes, SOCKET_ID_ANY);
	if (queue->mem == NULL)
		return -ENOMEM;
	return vring_layout_place(&queue->idle, format, DEVARGS_RING_MIN, queue->mem, bytes);
}

/* A slot is about to be described anew, or left empty. */
static void
queue_release(struct virtio_hw *hw, uint16_t index)
{
	struct port_queue *queue = &hw->queues[index];

	if (queue->mem == NULL)
		return;
	if (hw->is_live) {
		hw->ops->del_queue(hw->device, index);
		hw->is_stale = true;
	}
	queue_destroy(hw, index);
	queue->size = 0;
	queue->pool = NULL;
}

static bool
pool_holds_mtu(const struct rte_mempool *pool, uint16_t mtu)
{
	return (uint32_t)mtu + PORT_FRAME_OVERHEAD + RTE_PKTMBUF_HEADROOM <=
		rte_pktmbuf_data_room_size((struct rte_mempool *)(uintptr_t)pool);
}

bool
queues_hold_mtu(const struct virtio_hw *hw, uint16_t mtu)
{
	for (uint16_t index = 0; index < hw->nr_queues; index += 2) {
		const struct port_queue *queue = &hw->queues[index];

		if (queue->size == 0 || pool_holds_mtu(queue->pool, mtu))
			continue;
		PORT_LOG(ERR, hw->name,
			"rx queue %u: without mergeable buffers MTU %u needs mbufs of %u bytes; "
			"those of pool %s have %u",
			index / 2, mtu, mtu + PORT_FRAME_OVERHEAD + RTE_PKTMBUF_HEADROOM,
			queue->pool->name, rte_pktmbuf_data_room_size(queue->pool));
		return false;
	}
	return true;
}

static int
setup_check(
	const struct virtio_hw *hw, const char *kind, uint16_t id, uint16_t size, bool is_deferred)
{
	const enum vring_format format = port_ring_format(hw);

	if (!vring_size_is_valid(format, size)) {
		PORT_LOG(ERR, hw->name, "%s queue %u: %u descriptors; allowed: %s%u..%u", kind, id,
			size, format == VRING_SPLIT ? "a power of two, " : "", DEVARGS_RING_MIN,
			DEVARGS_RING_MAX);
		return -EINVAL;
	}
	if (is_deferred) {
		PORT_LOG(ERR, hw->name, "%s queue %u: deferred start is not supported", kind, id);
		return -ENOTSUP;
	}
	return 0;
}

int
port_rx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t size, unsigned int socket,
		const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	struct virtio_hw *hw = port_of(dev);
	uint16_t index = (uint16_t)virtio_net_rxq_index(id);
	struct port_queue *queue = &hw->queues[index];
	int ret = setup_check(hw, "rx", id, size, conf->rx_deferred_start);

	if (ret != 0)
		return ret;
	queue_release(hw, index);
	queue->size = size;
	queue->socket = socket;
	queue->free_thresh = conf->rx_free_thresh;
	queue->offloads = conf->offloads;
	queue->pool = pool;
	if (!(hw->features & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)) &&
		!queues_hold_mtu(hw, dev->data->mtu))
		ret = -EINVAL;
	if (ret == 0)
		ret = queue_create(hw, index);
	if (ret != 0)
		queue->size = 0;
	return ret;
}

int
port_tx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t size, unsigned int socket,
		const struct rte_eth_txconf *conf)
{
	struct virtio_hw *hw = port_of(dev);
	uint16_t index = (uint16_t)virtio_net_txq_index(id);
	struct port_queue *queue = &hw->queues[index];
	int ret = setup_check(hw, "tx", id, size, conf->tx_deferred_start);

	if (ret != 0)
		return ret;
	queue_release(hw, index);
	queue->size = size;
	queue->socket = socket;
	queue->free_thresh = conf->tx_free_thresh;
	queue->offloads = conf->offloads;
	ret = queue_create(hw, index);
	if (ret != 0)
		queue->size = 0;
	return ret;
}

void
port_rx_queue_release(struct rte_eth_dev *dev, uint16_t id)
{
	queue_release(port_of(dev), (uint16_t)virtio_net_rxq_index(id));
}

void
port_tx_queue_release(struct rte_eth_dev *dev, uint16_t id)
{
	queue_release(port_of(dev), (uint16_t)virtio_net_txq_index(id));
}

static bool
queue_is_outdated(const struct virtio_hw *hw, uint16_t index)
{
	const struct port_queue *queue = &hw->queues[index];

	if (queue->size == 0)
		return false;
	if (queue->built_features != hw->features || queue->built_offloads != offload_of_queue(hw, index))
		return true;
	return !queue_is_rx(index) && queue->built_fast_free != queue_wants_fast_free(hw, queue);
}

bool
queues_are_outdated(const struct virtio_hw *hw)
{
	for (uint16_t index = 0; index < 2 * hw->pairs; index++) {
		if (queue_is_outdated(hw, index))
			return true;
	}
	return false;
}

static int
queue_build(struct virtio_hw *hw, uint16_t index)
{
	struct port_queue *queue = &hw->queues[index];
	int ret = 0;

	if (queue->size == 0 && queue_is_configured(hw, index)) {
		PORT_LOG(ERR, hw->name, "%s queue %u was configured, but not set up",
			queue_is_rx(index) ? "rx" : "tx", index / 2);
		return -EINVAL;
	}
	if (queue->size == 0) {
		queue_destroy(hw, index);
		return queue_create_idle(hw, index);
	}
	if (queue->mem == NULL || queue_is_outdated(hw, index)) {
		queue_destroy(hw, index);
		ret = queue_create(hw, index);
	} else if (queue->rxq != NULL) {
		rxq_discard(queue->rxq);
	} else {
		txq_discard(queue->txq);
	}
	if (ret == 0 && queue->rxq != NULL)
		ret = rxq_fill(queue->rxq, 1);
	if (ret == -ENOMEM && queue->rxq != NULL)
		PORT_LOG(ERR, hw->name, "rx queue %u: pool %s has no free mbuf", index / 2,
			queue->pool->name);
	return ret;
}

int
queues_build(struct virtio_hw *hw)
{
	int ret = 0;

	if (!(hw->features & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)) &&
		!queues_hold_mtu(hw, hw->dev->data->mtu))
		return -EINVAL;
	for (uint16_t index = 0; index < 2 * hw->pairs && ret == 0; index++)
		ret = queue_build(hw, index);
	return ret;
}

int
queues_hand_over(struct virtio_hw *hw)
{
	int ret = 0;

	for (uint16_t index = 0; index < 2 * hw->pairs && ret == 0; index++) {
		const struct port_queue *queue = &hw->queues[index];
		const struct vring_area *area = &queue->idle;

		if (queue->rxq != NULL)
			area = rxq_area(queue->rxq);
		else if (queue->txq != NULL)
			area = txq_area(queue->txq);
		ret = hw->ops->setup_queue(hw->device, index, area);
	}
	return ret;
}

void
queues_destroy(struct virtio_hw *hw)
{
	for (uint16_t index = 0; hw->queues != NULL && index < hw->nr_queues; index++) {
		if (hw->queues[index].mem != NULL)
			queue_destroy(hw, index);
	}
}

void
queues_mark(struct virtio_hw *hw, uint8_t state)
{
	struct rte_eth_dev_data *data = hw->dev->data;

	memset(data->rx_queue_state, state, data->nb_rx_queues);
	memset(data->tx_queue_state, state, data->nb_tx_queues);
}

/* --- the device's events --- */

void
queues_quiesce(struct virtio_hw *hw)
{
	pthread_mutex_lock(&hw->queues_lock);
	for (uint16_t index = 0; index < hw->nr_queues; index++) {
		if (hw->queues[index].rxq != NULL)
			rxq_close(hw->queues[index].rxq);
		if (hw->queues[index].txq != NULL)
			txq_close(hw->queues[index].txq);
	}
	pthread_mutex_unlock(&hw->queues_lock);
}

void
queues_release(struct virtio_hw *hw)
{
	pthread_mutex_lock(&hw->queues_lock);
	for (uint16_t index = 0; index < hw->nr_queues; index++) {
		if (hw->queues[index].rxq != NULL)
			rxq_open(hw->queues[index].rxq);
		if (hw->queues[index].txq != NULL)
			txq_open(hw->queues[index].txq);
	}
	pthread_mutex_unlock(&hw->queues_lock);
}

int
queues_resync(struct virtio_hw *hw, uint16_t index, uint32_t *base)
{
	const struct port_queue *queue;
	int ret = 0;

	/* An idle ring stays where it began. */
	*base = vring_base_start(port_ring_format(hw));
	if (index >= hw->nr_queues)
		return -EINVAL;
	queue = &hw->queues[index];
	pthread_mutex_lock(&hw->queues_lock);
	if (queue->rxq != NULL)
		ret = rxq_resync(queue->rxq, base);
	else if (queue->txq != NULL)
		ret = txq_resync(queue->txq, base);
	pthread_mutex_unlock(&hw->queues_lock);
	return ret;
}

/* --- what can be seen of a queue --- */

void
port_rxq_info_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_rxq_info *info)
{
	const struct port_queue *queue = &port_of(dev)->queues[virtio_net_rxq_index(id)];

	info->mp = queue->pool;
	info->nb_desc = (uint16_t)queue->size;
	info->scattered_rx = dev->data->scattered_rx;
	info->conf.rx_free_thresh = queue->free_thresh;
	info->conf.rx_drop_en = 1;
	info->conf.offloads = queue->offloads | dev->data->dev_conf.rxmode.offloads;
	info->rx_buf_size =
		(uint16_t)(rte_pktmbuf_data_room_size(queue->pool) - RTE_PKTMBUF_HEADROOM);
}

void
port_txq_info_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_txq_info *info)
{
	const struct port_queue *queue = &port_of(dev)->queues[virtio_net_txq_index(id)];

	info->nb_desc = (uint16_t)queue->size;
	info->conf.tx_free_thresh = queue->free_thresh;
	info->conf.offloads = queue->offloads | dev->data->dev_conf.txmode.offloads;
}

static int
burst_mode_text(struct rte_eth_burst_mode *mode, const char *path)
{
	if (path == NULL)
		return -EINVAL; /* chosen by start */
	rte_strlcpy(mode->info, path, sizeof(mode->info));
	return 0;
}

int
port_rx_burst_mode_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_burst_mode *mode)
{
	const struct rx_path *path = port_of(dev)->rx_path;

	(void)id;
	return burst_mode_text(mode, path == NULL ? NULL : path->name);
}

int
port_tx_burst_mode_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_burst_mode *mode)
{
	const struct tx_path *path = port_of(dev)->tx_path;

	(void)id;
	return burst_mode_text(mode, path == NULL ? NULL : path->name);
}

int
port_tx_done_cleanup(void *txq, uint32_t count)
{
	return txq_done_cleanup(txq, count);
}

rx_queue_count_ret_t
port_rx_queue_count(void *rxq)
{
	return (rx_queue_count_ret_t)rxq_count(rxq);
}

int
port_rx_descriptor_status(void *rxq, uint16_t offset)
{
	return rxq_descriptor_status(rxq, offset);
}

int
port_tx_descriptor_status(void *txq, uint16_t offset)
{
	return txq_descriptor_status(txq, offset);
}
