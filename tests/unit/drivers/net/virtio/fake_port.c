/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_malloc.h>

#include "ring/control_queue.h"
#include "virtio/feature.h"

#include "fake_port.h"

/* --- the log --- */

static char log_text[4096], log_taken[4096];
static size_t log_len;
static int allocations; /* of fake EAL memory and fake queues */

static void __rte_format_printf(1, 2)
note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_len += (size_t)snprintf(
		log_text + log_len, sizeof(log_text) - log_len, log_len == 0 ? "" : " ");
	log_len += (size_t)vsnprintf(log_text + log_len, sizeof(log_text) - log_len, format, args);
	va_end(args);
	assert_true(log_len < sizeof(log_text));
}

const char *
fake_log_take(void)
{
	memcpy(log_taken, log_text, sizeof(log_taken));
	log_len = 0;
	log_text[0] = '\0';
	return log_taken;
}

/* --- EAL memory: these names win over those of the library --- */

void *
rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	void *mem = aligned_alloc(align, RTE_ALIGN_CEIL(size, align));

	(void)type;
	(void)socket;
	assert_non_null(mem);
	allocations++;
	return memset(mem, 0, size);
}

void
rte_free(void *mem)
{
	allocations -= mem != NULL;
	free(mem);
}

/* --- device --- */

static void
fake_read_dev_cfg(void *device, size_t offset, void *dst, size_t len)
{
	struct fake_device *fake = device;

	assert_true(offset + len <= sizeof(fake->config));
	memcpy(dst, (const char *)&fake->config + offset, len);
}

static int
fake_reset(void *device)
{
	struct fake_device *fake = device;

	note("reset");
	fake->status = 0;
	fake->features = 0;
	return 0;
}

static uint8_t
fake_get_status(void *device)
{
	return ((struct fake_device *)device)->status;
}

static int
fake_set_status(void *device, uint8_t status)
{
	struct fake_device *fake = device;

	note("status=%u", status);
	if ((status & VIRTIO_CONFIG_S_DRIVER_OK) && fake->fail_driver_ok != 0)
		return fake->fail_driver_ok;
	fake->status = fake->refuses_features ? status & ~VIRTIO_CONFIG_S_FEATURES_OK : status;
	return 0;
}

static uint64_t
fake_get_features(void *device)
{
	return ((struct fake_device *)device)->offer;
}

static int
fake_set_features(void *device, uint64_t features)
{
	struct fake_device *fake = device;

	note("features");
	assert_int_equal(features & ~fake->offer, 0);
	fake->features = features;
	return 0;
}

static int
fake_setup_queue(void *device, uint16_t queue, const struct vring_area *area)
{
	(void)device;
	assert_non_null(area);
	note("setup%u/%u", queue, area->size);
	return 0;
}

static void
fake_del_queue(void *device, uint16_t queue)
{
	(void)device;
	note("del%u", queue);
}

static void
fake_notify_queue(void *device, uint16_t queue)
{
	(void)device;
	note("kick%u", queue);
}

static int
fake_suspend(void *device)
{
	note("suspend");
	return ((struct fake_device *)device)->fail_suspend;
}

static int
fake_resume(void *device)
{
	(void)device;
	note("resume");
	return 0;
}

static const struct virtio_ops fake_ops = {
	.read_dev_cfg = fake_read_dev_cfg,
	.reset = fake_reset,
	.get_status = fake_get_status,
	.set_status = fake_set_status,
	.get_features = fake_get_features,
	.set_features = fake_set_features,
	.setup_queue = fake_setup_queue,
	.del_queue = fake_del_queue,
	.notify_queue = fake_notify_queue,
	.suspend = fake_suspend,
	.resume = fake_resume,
};

static bool
fake_link_is_up(const void *device)
{
	return ((const struct fake_device *)device)->link_up;
}

static bool
fake_link_wait(void *device, uint32_t timeout_ms)
{
	note("wait=%u", timeout_ms);
	((struct fake_device *)device)->link_up = true;
	return true;
}

static int
fake_set_mtu(void *device, uint16_t mtu)
{
	(void)device;
	note("mtu=%u", mtu);
	return -ENOTSUP;
}

static void
fake_get_info(void *device, struct port_peer_info *info)
{
	*info = ((struct fake_device *)device)->info;
	info->backend = "fake";
}

static void
fake_close(struct virtio_hw *hw)
{
	note("close");
	hw->device = NULL;
}

static const struct port_peer_ops fake_peer_ops = {
	.link_is_up = fake_link_is_up,
	.link_wait = fake_link_wait,
	.set_mtu = fake_set_mtu,
	.get_info = fake_get_info,
	.close = fake_close,
};

/* --- queues: one struct plays both directions --- */

struct fake_queue {
	struct queue_stats stats;
	struct vring_area area;
	uint16_t index;
};

struct virtio_rxq {
	struct fake_queue q;
};

struct virtio_txq {
	struct fake_queue q;
};

static struct fake_queue *
fake_queue_make(const struct queue_config *config)
{
	struct fake_queue *queue = calloc(1, sizeof(*queue));
	int ret;

	assert_non_null(queue);
	assert_non_null(config->mem);
	allocations++;
	queue->index = config->index;
	ret = vring_layout_place(
		&queue->area, VRING_SPLIT, config->size, config->mem, config->mem_len);
	assert_int_equal(ret, 0);
	note("create%u", config->index);
	return queue;
}

size_t
rxq_mem_bytes(uint64_t features, uint32_t size)
{
	(void)features;
	return vring_layout_bytes(VRING_SPLIT, size);
}

size_t
txq_mem_bytes(uint64_t features, uint32_t size)
{
	return rxq_mem_bytes(features, size);
}

int
rxq_create(const struct queue_config *config, struct virtio_rxq **rxq)
{
	*rxq = (struct virtio_rxq *)fake_queue_make(config);
	return 0;
}

int
txq_create(const struct queue_config *config, struct virtio_txq **txq)
{
	*txq = (struct virtio_txq *)fake_queue_make(config);
	return 0;
}

void
rxq_destroy(struct virtio_rxq *rxq)
{
	note("destroy%u", rxq->q.index);
	allocations--;
	free(rxq);
}

void
txq_destroy(struct virtio_txq *txq)
{
	note("destroy%u", txq->q.index);
	allocations--;
	free(txq);
}

int
rxq_fill(struct virtio_rxq *rxq, uint32_t at_least)
{
	(void)at_least;
	note("fill%u", rxq->q.index);
	return 0;
}

void
rxq_discard(struct virtio_rxq *rxq)
{
	note("discard%u", rxq->q.index);
}

void
txq_discard(struct virtio_txq *txq)
{
	note("discard%u", txq->q.index);
	txq->q.stats.dropped += 5; /* in flight */
}

int
rxq_resync(struct virtio_rxq *rxq, uint32_t *base)
{
	*base = 100u + rxq->q.index;
	return 0;
}

int
txq_resync(struct virtio_txq *txq, uint32_t *base)
{
	*base = 100u + txq->q.index;
	return 0;
}

void
rxq_open(struct virtio_rxq *rxq)
{
	note("open%u", rxq->q.index);
}

void
txq_open(struct virtio_txq *txq)
{
	note("open%u", txq->q.index);
}

void
rxq_close(struct virtio_rxq *rxq)
{
	note("close%u", rxq->q.index);
}

void
txq_close(struct virtio_txq *txq)
{
	note("close%u", txq->q.index);
}

const struct vring_area *
rxq_area(const struct virtio_rxq *rxq)
{
	return &rxq->q.area;
}

const struct vring_area *
txq_area(const struct virtio_txq *txq)
{
	return &txq->q.area;
}

const struct queue_stats *
rxq_stats(const struct virtio_rxq *rxq)
{
	return &rxq->q.stats;
}

const struct queue_stats *
txq_stats(const struct virtio_txq *txq)
{
	return &txq->q.stats;
}

uint32_t
rxq_count(const struct virtio_rxq *rxq)
{
	return rxq->q.index + 1000u;
}

int
rxq_descriptor_status(const struct virtio_rxq *rxq, uint16_t offset)
{
	(void)rxq;
	return offset;
}

int
txq_descriptor_status(const struct virtio_txq *txq, uint16_t offset)
{
	(void)txq;
	return offset;
}

int
txq_done_cleanup(struct virtio_txq *txq, uint32_t count)
{
	(void)txq;
	return (int)count;
}

struct queue_stats *
fake_rx_stats(struct fake_port *port, uint16_t id)
{
	return &port->hw->queues[2 * id].rxq->q.stats;
}

struct queue_stats *
fake_tx_stats(struct fake_port *port, uint16_t id)
{
	return &port->hw->queues[2 * id + 1].txq->q.stats;
}

/* --- control queue, telemetry --- */

struct control_queue {
	struct vring_area area;
	const struct fake_device *device;
};

size_t
control_queue_mem_bytes(enum vring_format format, uint32_t size)
{
	return vring_layout_bytes(format, size);
}

int
control_queue_create(const struct control_queue_config *config, struct control_queue **cq)
{
	*cq = calloc(1, sizeof(**cq));
	assert_non_null(*cq);
	allocations++;
	(*cq)->device = config->notifier.device;
	(*cq)->area.size = config->size;
	return 0;
}

void
control_queue_destroy(struct control_queue *cq)
{
	allocations--;
	free(cq);
}

const struct vring_area *
control_queue_area(const struct control_queue *cq)
{
	return &cq->area;
}

int
control_queue_send(struct control_queue *cq, uint8_t cmd_class, uint8_t cmd, const void *data,
	size_t len, uint32_t timeout_ms)
{
	const uint8_t *bytes = data;

	assert_int_equal(timeout_ms, 3000);
	note("command=%u.%u:", cmd_class, cmd);
	while (len-- > 0)
		log_len += (size_t)sprintf(log_text + log_len, "%02x", *bytes++);
	return cq->device->fail_command;
}

int
port_priv_dump(struct rte_eth_dev *dev, FILE *out)
{
	(void)dev;
	(void)out;
	return 0;
}

/* --- the port --- */

void
fake_port_make(struct fake_port *port, uint32_t pairs)
{
	static const uint8_t mac[] = { 0x02, 0, 0, 0, 0, 0x42 };
	struct virtio_hw *hw = calloc(1, sizeof(*hw));

	assert_non_null(hw);
	memset(port, 0, sizeof(*port));
	port->hw = hw;
	port->dev.data = &port->data;
	port->data.mtu = RTE_ETHER_MTU;
	port->data.rx_queues = port->rx_queues;
	port->data.tx_queues = port->tx_queues;
	port->device.offer = FAKE_OFFER;
	port->device.config.max_virtqueue_pairs = (uint16_t)pairs;
	memcpy(port->device.config.mac, mac, sizeof(mac));

	strcpy(hw->name, "net_virtio_user7");
	pthread_mutex_init(&hw->queues_lock, NULL);
	hw->config = (struct port_config){
		.queues = pairs,
		.queue_size = 256,
		.mrg_rxbuf = 1,
		.in_order = 1,
		.speed = UINT32_MAX,
		.deadline = 3000,
	};
	hw->ops = &fake_ops;
	hw->peer = &fake_peer_ops;
	hw->device = &port->device;
	assert_int_equal(port_init(hw, &port->dev), 0);
	fake_log_take();
}

void
fake_port_drop(struct fake_port *port)
{
	assert_int_equal(port->dev.dev_ops->dev_close(&port->dev), 0);
	assert_null(port->data.dev_private);
	assert_null(port->data.mac_addrs);
	assert_int_equal(allocations, 0);
	fake_log_take();
}

int
fake_port_configure(struct fake_port *port, uint16_t nr_rx, uint16_t nr_tx)
{
	for (uint16_t id = nr_rx; id < port->data.nb_rx_queues; id++)
		port->dev.dev_ops->rx_queue_release(&port->dev, id);
	for (uint16_t id = nr_tx; id < port->data.nb_tx_queues; id++)
		port->dev.dev_ops->tx_queue_release(&port->dev, id);
	port->data.nb_rx_queues = nr_rx;
	port->data.nb_tx_queues = nr_tx;
	return port->dev.dev_ops->dev_configure(&port->dev);
}

void
fake_port_setup(struct fake_port *port)
{
	static struct rte_mempool pool = { .name = "pool" };
	const struct rte_eth_rxconf rx = { 0 };
	const struct rte_eth_txconf tx = { 0 };

	for (uint16_t id = 0; id < port->data.nb_rx_queues; id++)
		assert_int_equal(port_rx_queue_setup(&port->dev, id, 64, 0, &rx, &pool), 0);
	for (uint16_t id = 0; id < port->data.nb_tx_queues; id++)
		assert_int_equal(port_tx_queue_setup(&port->dev, id, 64, 0, &tx), 0);
}

int
fake_port_start(struct fake_port *port)
{
	int ret = port->dev.dev_ops->dev_start(&port->dev);

	port->data.dev_started = ret == 0;
	return ret;
}

int
fake_port_stop(struct fake_port *port)
{
	int ret = port->dev.dev_ops->dev_stop(&port->dev);

	port->data.dev_started = ret != 0;
	return ret;
}
