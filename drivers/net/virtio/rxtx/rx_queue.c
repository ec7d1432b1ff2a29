/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The control side of an rx queue: its life, and what ethdev asks about it. See queue.h.
 */

#include <errno.h>
#include <stdlib.h>

#include <rte_ethdev.h>

#include "log.h"
#include "ring/verbs.h"
#include "rxtx/queue_shape.h"
#include "rxtx/rx_burst.h"
#include "rxtx/rx_queue.h"
#include "virtio/feature.h"
#include "virtio/net.h"

/* Without merging each buffer holds a whole frame of the default MTU; with it, a little more than a header. */
#define BUFFER_MIN_WHOLE (RTE_ETHER_MAX_LEN - RTE_ETHER_CRC_LEN)
#define BUFFER_MIN_MERGED 64
#define REFILL_DEFAULT 64

static_assert(RTE_PKTMBUF_HEADROOM >= VIRTIO_NET_HDR_LEN_HASH, "the net header lies in the headroom");

size_t
rxq_mem_bytes(uint64_t features, uint32_t size)
{
	return vring_layout_bytes(queue_format(features), size);
}

/* Bytes of a buffer that can hold packet data; 0: none. */
static uint32_t
pool_room(struct rte_mempool *pool)
{
	const uint32_t room = rte_pktmbuf_data_room_size(pool);

	return room > RTE_PKTMBUF_HEADROOM ? room - RTE_PKTMBUF_HEADROOM : 0;
}

static int
config_check(const struct queue_config *config)
{
	const bool merges = (config->features & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)) != 0;
	const uint32_t wanted = merges ? BUFFER_MIN_MERGED : BUFFER_MIN_WHOLE;

	if (config->pool == NULL)
		return -EINVAL;
	if (pool_room(config->pool) >= wanted)
		return 0;
	PORT_LOG(ERR, config->port, "rx queue %u: buffers of pool %s hold %u bytes, %u are wanted; give the pool a "
		"larger data room%s", config->queue_id, config->pool->name, pool_room(config->pool), wanted,
		merges ? "" : ", or let packets span buffers (mrg_rxbuf=1)");
	return -EINVAL;
}

static uint16_t
refill_group(const struct queue_config *config)
{
	const uint32_t wanted = config->free_thresh != 0 ? config->free_thresh : REFILL_DEFAULT;
	const uint32_t most = RTE_MAX(config->size / 4, 1u);

	return (uint16_t)RTE_MIN(wanted, most);
}

static size_t
mbuf_bytes(struct rte_mempool *pool)
{
	return sizeof(struct rte_mbuf) + rte_pktmbuf_priv_size(pool);
}

static void
buffer_find(struct rte_mempool *pool, void *is_scattered, void *object, unsigned int number)
{
	const struct rte_mbuf *const m = object;

	(void)number;
	if (m->buf_addr != (const char *)object + mbuf_bytes(pool))
		*(bool *)is_scattered = true;
}

static bool
has_pinned_buffers(struct rte_mempool *pool)
{
	return (rte_pktmbuf_priv_flags(pool) & RTE_PKTMBUF_POOL_F_PINNED_EXT_BUF) != 0;
}

/*
 * An mbuf's own buffer begins right behind it: rte_pktmbuf_init() puts it there, rte_pktmbuf_detach() puts it back. A
 * pool that was initialized in another way is found out here, as is one of which somebody uses attached mbufs now.
 */
static bool
has_scattered_buffers(struct rte_mempool *pool)
{
	bool is_scattered = has_pinned_buffers(pool);

	rte_mempool_obj_iter(pool, buffer_find, &is_scattered);
	return is_scattered;
}

static void
facts_set(struct virtio_rxq *rxq, const struct queue_config *config)
{
	struct rte_mempool *const pool = config->pool;

	rxq->pool = pool;
	rxq->hdr_len = (uint32_t)virtio_net_hdr_len(config->features);
	rxq->posted_len = rxq->hdr_len + pool_room(pool);
	rxq->min_len = rxq->hdr_len + RTE_ETHER_HDR_LEN;
	rxq->payload_offset = mbuf_bytes(pool) + RTE_PKTMBUF_HEADROOM;
	rxq->is_scattered = has_scattered_buffers(pool);
	rxq->refill_thresh = refill_group(config);
	rx_offload_set(&rxq->offload, config->features, config->offloads);
	rxq->init.rearm = mbuf_rearm_word(RTE_PKTMBUF_HEADROOM, 1, 1, config->port_id);
	/* Buffers that are pinned to memory of the user's stay so. */
	if (has_pinned_buffers(pool))
		rxq->init.ol_flags = RTE_MBUF_F_EXTERNAL;
}

int
rxq_create(const struct queue_config *config, struct virtio_rxq **rxq)
{
	struct virtqueue_config ring = {
		.port = config->port,
		.index = config->index,
		.size = config->size,
		.shape = queue_shape(config->features),
		.event_idx = (config->features & VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX)) != 0,
		.mem = config->mem,
		.mem_len = config->mem_len,
		.notifier = config->notifier,
	};
	struct virtio_rxq *queue;
	int rc;

	rc = config_check(config);
	if (rc != 0)
		return rc;
	queue = aligned_alloc(64, sizeof(*queue));
	if (queue == NULL)
		return -ENOMEM;
	memset(queue, 0, sizeof(*queue));
	facts_set(queue, config);
	ring.whole_len = queue->posted_len;
	ring.breaks = &queue->stats.broken;
	rc = virtqueue_init(&queue->vq, &ring);
	if (rc != 0) {
		free(queue);
		return rc == -ENOSPC ? -EINVAL : rc;
	}
	*rxq = queue;
	return 0;
}

static void
buffer_give_back(void *ctx, void *cookie)
{
	rte_mempool_put(ctx, cookie);
}

static void
buffers_give_back(struct virtio_rxq *rxq)
{
	virtqueue_drain(&rxq->vq, buffer_give_back, rxq->pool);
	rte_pktmbuf_free(rxq->pending.head);
	memset(&rxq->pending, 0, sizeof(rxq->pending));
	rxq->has_seam = false;
}

void
rxq_destroy(struct virtio_rxq *rxq)
{
	if (rxq == NULL)
		return;
	buffers_give_back(rxq);
	virtqueue_fini(&rxq->vq);
	free(rxq);
}

void
rxq_discard(struct virtio_rxq *rxq)
{
	buffers_give_back(rxq);
	virtqueue_reset(&rxq->vq);
}

int
rxq_fill(struct virtio_rxq *rxq, uint32_t at_least)
{
	/* No kick: the device may not be started yet. */
	rx_refill(rxq, rxq->vq.shape);
	return virtqueue_outstanding(&rxq->vq) >= at_least ? 0 : -ENOMEM;
}

/* The same buffers again, as rx_refill_group() places new ones. */
static void
buffers_place_again(struct virtio_rxq *rxq, void **buffers, uint32_t n)
{
	const uint64_t offset = RTE_PKTMBUF_HEADROOM - rxq->hdr_len;
	const struct vq_shape shape = rxq->vq.shape;
	struct vq_cursor at = vq_cursor_begin(&rxq->vq, shape);
	uint32_t i;

	for (i = 0; i < n; i++) {
		const struct rte_mbuf *const m = buffers[i];

		vq_place(&at, shape, buffers[i], (uintptr_t)m->buf_addr + offset, rxq->posted_len,
			VRING_DESC_F_WRITE);
	}
	vq_cursor_end(&rxq->vq, &at, shape);
}

/* A peer that returned nothing leaves no seam of its own; from the last on, several share one. */
static void
seam_add(struct virtio_rxq *rxq, uint16_t at)
{
	if (rxq->has_seam && rxq->seams[rxq->nb_seams - 1] == at)
		return;
	if (!rxq->has_seam)
		rxq->nb_seams = 0;
	if (rxq->nb_seams < RX_SEAMS)
		rxq->nb_seams++;
	rxq->seams[rxq->nb_seams - 1] = at;
	rxq->has_seam = true;
}

int
rxq_resync(struct virtio_rxq *rxq, uint32_t *base)
{
	void **const buffers = calloc(rxq->vq.size, sizeof(*buffers));
	uint32_t n;

	if (buffers == NULL)
		return -ENOMEM;
	seam_add(rxq, virtqueue_salvage(&rxq->vq, buffers, &n));
	*base = virtqueue_base(&rxq->vq);
	buffers_place_again(rxq, buffers, n);
	vq_publish(&rxq->vq, rxq->vq.shape);
	free(buffers);
	return 0;
}

void
rxq_set_ptypes(struct virtio_rxq *rxq, bool wanted)
{
	rx_offload_set_ptypes(&rxq->offload, wanted);
}

void
rxq_set_strip(struct virtio_rxq *rxq, bool wanted)
{
	rx_offload_set_strip(&rxq->offload, wanted);
}

void
rxq_open(struct virtio_rxq *rxq)
{
	gate_open(&rxq->gate);
}

void
rxq_close(struct virtio_rxq *rxq)
{
	gate_close(&rxq->gate);
}

const struct vring_area *
rxq_area(const struct virtio_rxq *rxq)
{
	return &rxq->vq.area;
}

uint32_t
rxq_count(const struct virtio_rxq *rxq)
{
	return virtqueue_peek_ready(&rxq->vq);
}

int
rxq_descriptor_status(const struct virtio_rxq *rxq, uint16_t offset)
{
	if (offset >= rxq->vq.size)
		return -EINVAL;
	if (offset < virtqueue_peek_ready(&rxq->vq))
		return RTE_ETH_RX_DESC_DONE;
	return offset < virtqueue_outstanding(&rxq->vq) ? RTE_ETH_RX_DESC_AVAIL : RTE_ETH_RX_DESC_UNAVAIL;
}

const struct queue_stats *
rxq_stats(const struct virtio_rxq *rxq)
{
	return &rxq->stats;
}
