/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The control side of a tx queue: its life, and what ethdev asks about it. See queue.h.
 */

#include <errno.h>
#include <stdlib.h>

#include <rte_ethdev.h>

#include "ring/verbs.h"
#include "rxtx/queue_shape.h"
#include "rxtx/tx_burst.h"
#include "rxtx/tx_queue.h"
#include "virtio/feature.h"
#include "virtio/net.h"

#define RECLAIM_DEFAULT 64

static bool
has(uint64_t features, unsigned int bit)
{
	return (features & VIRTIO_BIT(bit)) != 0;
}

static uint32_t
extra_step(uint64_t features)
{
	return has(features, VIRTIO_RING_F_INDIRECT_DESC) ? sizeof(struct tx_extra) : TX_EXTRA_SHORT;
}

size_t
txq_mem_bytes(uint64_t features, uint32_t size)
{
	const size_t rings = vring_layout_bytes(queue_format(features), size);

	return rings == 0 ? 0 : rings + (size_t)size * extra_step(features);
}

static uint16_t
reclaim_group(const struct queue_config *config)
{
	const uint32_t wanted = config->free_thresh != 0 ? config->free_thresh : RECLAIM_DEFAULT;
	const uint32_t most = RTE_MAX(config->size / 4, 1u);

	return (uint16_t)RTE_MIN(wanted, most);
}

static void
facts_set(struct virtio_txq *txq, const struct queue_config *config)
{
	txq->hdr_len = (uint32_t)virtio_net_hdr_len(config->features);
	txq->indirect = has(config->features, VIRTIO_RING_F_INDIRECT_DESC);
	txq->extra_step = extra_step(config->features);
	txq->extra = (uint8_t *)config->mem + vring_layout_bytes(queue_format(config->features), config->size);
	txq->reclaim_group = reclaim_group(config);
	tx_offload_set(&txq->offload, config->features, config->offloads);
}

int
txq_create(const struct queue_config *config, struct virtio_txq **txq)
{
	struct virtqueue_config ring = {
		.port = config->port,
		.index = config->index,
		.size = config->size,
		.shape = queue_shape(config->features),
		.event_idx = has(config->features, VIRTIO_RING_F_EVENT_IDX),
		.mem = config->mem,
		.mem_len = config->mem_len,
		.notifier = config->notifier,
	};
	struct virtio_txq *queue;
	int rc;

	if (!vring_size_is_valid(ring.shape.format, config->size) ||
			config->mem_len < txq_mem_bytes(config->features, config->size))
		return -EINVAL;
	queue = aligned_alloc(64, sizeof(*queue));
	if (queue == NULL)
		return -ENOMEM;
	memset(queue, 0, sizeof(*queue));
	facts_set(queue, config);
	ring.breaks = &queue->stats.broken;
	rc = virtqueue_init(&queue->vq, &ring);
	if (rc != 0) {
		free(queue);
		return rc;
	}
	*txq = queue;
	return 0;
}

static void
packet_give_back(void *ctx, void *cookie)
{
	(void)ctx;
	rte_pktmbuf_free(tx_cookie_packet(cookie));
}

void
txq_destroy(struct virtio_txq *txq)
{
	if (txq == NULL)
		return;
	virtqueue_drain(&txq->vq, packet_give_back, NULL);
	virtqueue_fini(&txq->vq);
	free(txq);
}

static uint32_t
reclaim_ready(struct virtio_txq *txq, uint32_t count)
{
	const uint32_t ready = vq_ready_group(&txq->vq, txq->vq.shape, txq->vq.size, true);

	return tx_reclaim(txq, count == 0 ? ready : RTE_MIN(ready, count), txq->vq.shape);
}

int
txq_done_cleanup(struct virtio_txq *txq, uint32_t count)
{
	uint32_t freed;

	if (!gate_enter(&txq->gate))
		return 0;
	freed = reclaim_ready(txq, count);
	gate_leave(&txq->gate);
	return (int)freed;
}

void
txq_discard(struct virtio_txq *txq)
{
	reclaim_ready(txq, 0);
	txq->stats.dropped += virtqueue_outstanding(&txq->vq);
	virtqueue_drain(&txq->vq, packet_give_back, NULL);
	virtqueue_reset(&txq->vq);
	txq->nb_marked = 0;
}

/* The same packets again. They were counted when they were placed first; none takes more room than before. */
static void
packets_place_again(struct virtio_txq *txq, void **packets, uint32_t n)
{
	const uint64_t bytes = txq->stats.bytes;
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *const m = tx_cookie_packet(packets[i]);

		txq->nb_marked -= tx_is_marked(packets[i]);
		if (tx_place_odd(txq, m, txq->vq.shape) != TX_NO_ROOM)
			continue;
		txq->stats.dropped++;
		rte_pktmbuf_free(m);
	}
	txq->stats.bytes = bytes;
}

int
txq_resync(struct virtio_txq *txq, uint32_t *base)
{
	void **const packets = calloc(txq->vq.size, sizeof(*packets));
	uint32_t n;

	if (packets == NULL)
		return -ENOMEM;
	virtqueue_salvage(&txq->vq, packets, &n);
	*base = virtqueue_base(&txq->vq);
	packets_place_again(txq, packets, n);
	vq_publish(&txq->vq, txq->vq.shape);
	free(packets);
	return 0;
}

void
txq_open(struct virtio_txq *txq)
{
	gate_open(&txq->gate);
}

void
txq_close(struct virtio_txq *txq)
{
	gate_close(&txq->gate);
	/* What the peer is done with goes home: nobody will send for a while. */
	reclaim_ready(txq, 0);
}

const struct vring_area *
txq_area(const struct virtio_txq *txq)
{
	return &txq->vq.area;
}

int
txq_descriptor_status(const struct virtio_txq *txq, uint16_t offset)
{
	const struct virtqueue *const vq = &txq->vq;
	const uint32_t out = virtqueue_outstanding(vq);
	const uint32_t size = vq->size;

	if (offset >= size)
		return -EINVAL;
	/* From the next packet's place: free ones first, then round to the oldest that is out. */
	if (offset < size - out || offset - (size - out) < virtqueue_peek_ready(vq))
		return RTE_ETH_TX_DESC_DONE;
	return RTE_ETH_TX_DESC_FULL;
}

uint32_t
txq_in_flight(const struct virtio_txq *txq)
{
	return virtqueue_outstanding(&txq->vq) - virtqueue_peek_ready(&txq->vq);
}

const struct queue_stats *
txq_stats(const struct virtio_txq *txq)
{
	return &txq->stats;
}
