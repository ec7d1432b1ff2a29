/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The life of a queue of the network device, and translation outside of its window. See rte_vhost2_net.h.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vhost2_net/mbuf_words.h"
#include "vhost2_net/rows.h"

int
rte_vhost2_net_queue_create(const struct rte_vhost2_net_queue_config *config, struct rte_vhost2_net_queue **queue)
{
	struct rte_vhost2_net_queue *q;
	uint16_t room = 0;

	if (config->pool != NULL) {
		room = rte_pktmbuf_data_room_size(config->pool);
		if (room <= RTE_PKTMBUF_HEADROOM)
			return -EINVAL;
		room -= RTE_PKTMBUF_HEADROOM;
	}
	q = aligned_alloc(64, sizeof(*q));
	if (q == NULL)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	q->burst = net_burst_stopped;
	q->path = "stopped";
	q->pool = config->pool;
	q->room = room;
	q->rearm = net_mbuf_rearm(config->port_id);
	q->flags = config->flags;
	q->max_packet = config->max_packet != 0 ? config->max_packet : NET_PACKET_MAX;
	*queue = q;
	return 0;
}

void
rte_vhost2_net_queue_destroy(struct rte_vhost2_net_queue *queue)
{
	if (queue == NULL)
		return;
	free(queue->segs);
	free(queue->chains);
	free(queue);
}

/* Room for one chain of any length behind a ring's worth of segments, and for as many chains as a ring has. */
static int
arrays_make(struct rte_vhost2_net_queue *queue, uint32_t size)
{
	if (queue->nr_chains >= size)
		return 0;
	free(queue->segs);
	free(queue->chains);
	queue->nr_segs = 2 * size;
	queue->nr_chains = size;
	queue->segs = calloc(queue->nr_segs, sizeof(*queue->segs));
	queue->chains = calloc(queue->nr_chains, sizeof(*queue->chains));
	if (queue->segs != NULL && queue->chains != NULL)
		return 0;
	free(queue->segs);
	free(queue->chains);
	queue->segs = NULL;
	queue->chains = NULL;
	queue->nr_segs = 0;
	queue->nr_chains = 0;
	return -ENOMEM;
}

int
rte_vhost2_net_queue_start(struct rte_vhost2_net_queue *queue, struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	const struct net_row *const row = net_row_select(vq);
	int rc;

	if (!row->is_enqueue && queue->pool == NULL)
		return -EINVAL;
	rc = arrays_make(queue, vq->size);
	if (rc != 0)
		return rc;
	queue->vdev = vdev;
	queue->vq = vq;
	queue->features = vdev->features;
	queue->hdr_len = (uint32_t)virtio_net_hdr_len(vdev->features);
	memset(&queue->window, 0, sizeof(queue->window));
	queue->path = row->name;
	queue->burst = row->burst;
	return 0;
}

void
rte_vhost2_net_queue_stop(struct rte_vhost2_net_queue *queue)
{
	queue->burst = net_burst_stopped;
	queue->path = "stopped";
	queue->vdev = NULL;
	queue->vq = NULL;
	memset(&queue->window, 0, sizeof(queue->window));
}

uint16_t
rte_vhost2_net_enqueue_burst(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return queue->burst(queue, pkts, nb_pkts);
}

uint16_t
rte_vhost2_net_dequeue_burst(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return queue->burst(queue, pkts, nb_pkts);
}

const struct rte_vhost2_net_queue_stats *
rte_vhost2_net_queue_stats(const struct rte_vhost2_net_queue *queue)
{
	return &queue->stats;
}

const char *
rte_vhost2_net_queue_path(const struct rte_vhost2_net_queue *queue)
{
	return queue->path;
}

/* Regions stay as they are while a queue is started, so the one that was met may be kept. */
static void
window_move(struct rte_vhost2_net_queue *queue, uint64_t iova)
{
	const struct rte_vhost2_memory *const mem = queue->vdev->mem;
	const struct rte_vhost2_mem_region *region;

	for (region = mem->regions; region < mem->regions + mem->nregions; region++) {
		if (iova - region->guest_phys_addr >= region->size)
			continue;
		queue->window.iova = region->guest_phys_addr;
		queue->window.size = region->size;
		queue->window.at = (uintptr_t)region->host_user_addr;
	}
}

void *
net_translate_slow(struct rte_vhost2_net_queue *queue, uint64_t iova, uint64_t len, uint8_t perm)
{
	uint64_t piece = len;
	void *const at = rte_vhost2_iova_to_vva(queue->vdev, queue->vq, iova, &piece, perm);

	if (at == NULL || piece < len)
		return NULL;
	if (!queue->vdev->iommu)
		window_move(queue, iova);
	return at;
}
