/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Instances of the burst templates, and the table of them. See rows.h.
 */

#include "vhost2_net/dequeue.h"
#include "vhost2_net/enqueue.h"
#include "vhost2_net/rows.h"

#define SPLIT {.is_packed = false, .in_order = false}
#define SPLIT_IN_ORDER {.is_packed = false, .in_order = true}
#define PACKED {.is_packed = true, .in_order = false}
#define PACKED_IN_ORDER {.is_packed = true, .in_order = true}

static uint16_t
dequeue_split(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return net_dequeue_burst(queue, pkts, nb_pkts, (struct net_traits)SPLIT);
}

static uint16_t
dequeue_split_in_order(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return net_dequeue_burst(queue, pkts, nb_pkts, (struct net_traits)SPLIT_IN_ORDER);
}

static uint16_t
dequeue_packed(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return net_dequeue_burst(queue, pkts, nb_pkts, (struct net_traits)PACKED);
}

static uint16_t
dequeue_packed_in_order(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return net_dequeue_burst(queue, pkts, nb_pkts, (struct net_traits)PACKED_IN_ORDER);
}

/* Buffers that were written have lengths of their own: they go back one by one, whether in order or not. */
static uint16_t
enqueue_split(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return net_enqueue_burst(queue, pkts, nb_pkts, (struct net_traits)SPLIT);
}

static uint16_t
enqueue_packed(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return net_enqueue_burst(queue, pkts, nb_pkts, (struct net_traits)PACKED);
}

uint16_t
net_burst_stopped(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	(void)queue;
	(void)pkts;
	(void)nb_pkts;
	return 0;
}

/* What the device sends into a disabled queue goes nowhere. */
static uint16_t
enqueue_disabled(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	(void)pkts;
	queue->stats.discarded += nb_pkts;
	return nb_pkts;
}

/*
 * A disabled ring is worked on without effect, by the vhost-user protocol: a driver that sends gets its buffers back.
 */
static uint16_t
dequeue_disabled(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct rte_vhost2_chain chain;
	uint16_t n = 0;

	(void)pkts;
	while (n < nb_pkts && rte_vhost2_vq_pop(queue->vdev, queue->vq, &chain, queue->segs, queue->vq->size)) {
		rte_vhost2_vq_push(queue->vdev, queue->vq, &chain, 1);
		n++;
	}
	queue->stats.discarded += n;
	if (n > 0)
		net_publish(queue);
	return 0;
}

static const struct net_row rows[] = {
	{"dequeue, split", false, true, SPLIT, dequeue_split},
	{"dequeue, split, in-order", false, true, SPLIT_IN_ORDER, dequeue_split_in_order},
	{"dequeue, packed", false, true, PACKED, dequeue_packed},
	{"dequeue, packed, in-order", false, true, PACKED_IN_ORDER, dequeue_packed_in_order},
	{"enqueue, split", true, true, SPLIT, enqueue_split},
	{"enqueue, packed", true, true, PACKED, enqueue_packed},
	{"dequeue, disabled", false, false, SPLIT, dequeue_disabled},
	{"enqueue, disabled", true, false, SPLIT, enqueue_disabled},
};

const struct net_row *
net_rows(unsigned int *nr)
{
	*nr = RTE_DIM(rows);
	return rows;
}

static bool
row_fits(const struct net_row *row, const struct rte_vhost2_vq *vq)
{
	if (row->is_enqueue != (vq->index % 2 == 0) || row->is_enabled != vq->enabled)
		return false;
	if (!row->is_enabled)
		return true;
	return row->traits.is_packed == vq->is_packed && (row->is_enqueue || row->traits.in_order == vq->in_order);
}

const struct net_row *
net_row_select(const struct rte_vhost2_vq *vq)
{
	const struct net_row *row = rows;

	/* Each combination has its row. */
	while (!row_fits(row, vq))
		row++;
	return row;
}
