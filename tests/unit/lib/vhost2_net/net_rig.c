/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See net_rig.h.
 */

#include <stdlib.h>
#include <string.h>

#include "net_rig.h"

static void
queue_make(struct ring_rig *ring, struct rte_mempool *pool, uint32_t flags, struct rte_vhost2_net_queue **queue)
{
	const struct rte_vhost2_net_queue_config config = {.pool = pool, .port_id = 7, .flags = flags};

	assert_int_equal(rte_vhost2_net_queue_create(&config, queue), 0);
	assert_int_equal(rte_vhost2_net_queue_start(*queue, &ring->dev, &ring->vq), 0);
}

void
peer_rig_open(struct peer_rig *rig, const struct vring_area *area, uint64_t features, uint16_t index,
	struct rte_mempool *pool)
{
	struct rte_vhost2_vq *const vq = &rig->ring.vq;
	struct rte_vhost2_memory *const mem = calloc(1, sizeof(*mem) + sizeof(mem->regions[0]));

	memset(rig, 0, sizeof(*rig));
	assert_non_null(mem);
	mem->nregions = 1;
	mem->regions[0].size = UINT64_MAX;
	rig->ring.dev.mem = mem;
	rig->ring.dev.features = features;
	vq->desc = area->desc;
	vq->avail = area->driver;
	vq->used = area->device;
	vq->size = area->size;
	vq->index = index;
	vq->is_packed = area->format == VRING_PACKED;
	vq->in_order = (features & VIRTIO_BIT(VIRTIO_F_IN_ORDER)) != 0;
	vq->indirect = (features & VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC)) != 0;
	vq->event_idx = (features & VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX)) != 0;
	vq->enabled = true;
	vq->pos.avail_wrap = vq->is_packed;
	vq->pos.used_wrap = vq->is_packed;
	queue_make(&rig->ring, pool, 0, &rig->queue);
}

void
peer_rig_close(struct peer_rig *rig)
{
	rte_vhost2_net_queue_stop(rig->queue);
	rte_vhost2_net_queue_destroy(rig->queue);
	free((void *)(uintptr_t)rig->ring.dev.mem);
}

void
net_rig_open(struct net_rig *rig, bool is_packed, uint16_t index, uint64_t features, uint32_t flags)
{
	net_rig_open_sized(rig, is_packed, index, features, flags, 16);
}

void
net_rig_open_sized(struct net_rig *rig, bool is_packed, uint16_t index, uint64_t features, uint32_t flags,
	uint32_t size)
{
	memset(rig, 0, sizeof(*rig));
	ring_rig_open(&rig->ring, is_packed, size, ring_rig_base(is_packed));
	rig->ring.dev.features = features | VIRTIO_BIT(VIRTIO_F_VERSION_1);
	rig->ring.vq.index = index;
	rig->pool = pool_make(NET_RIG_POOL, RTE_PKTMBUF_HEADROOM + 256);
	queue_make(&rig->ring, rig->pool, flags, &rig->queue);
}

void
net_rig_close(struct net_rig *rig)
{
	rte_vhost2_net_queue_stop(rig->queue);
	rte_vhost2_net_queue_destroy(rig->queue);
	ring_rig_close(&rig->ring);
	pool_drop(rig->pool);
}

const struct rte_vhost2_net_queue_stats *
net_rig_stats(const struct net_rig *rig)
{
	return rte_vhost2_net_queue_stats(rig->queue);
}

uint16_t
net_rig_dequeue(struct net_rig *rig, struct rte_mbuf **m)
{
	return rte_vhost2_net_dequeue_burst(rig->queue, m, 1);
}

uint16_t
net_rig_enqueue(struct net_rig *rig, struct rte_mbuf *m)
{
	return rte_vhost2_net_enqueue_burst(rig->queue, &m, 1);
}
