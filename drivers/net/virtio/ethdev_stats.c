/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Counters of the port. They belong to others: a queue's to its polling thread, the peer's to the
 * device. Nothing here writes them; a reset notes where they stood, and what a queue had counted
 * before it was made anew is kept in its slot.
 */

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ethdev.h"

/** A counter: its name behind "rx_q0_" or "tx_q0_" or alone, and where it lies in its struct. */
struct counter {
	const char *name;
	size_t offset;
	bool is_gauge; /**< a state, not a sum: no reset */
};

#define QUEUE_COUNTER(field) \
	{ .name = RTE_STR(field), .offset = offsetof(struct queue_stats, field) }
#define PEER_COUNTER(field) \
	{ .name = RTE_STR(field), .offset = offsetof(struct port_peer_info, field) }
#define PEER_GAUGE(field) \
	{ \
		.name = RTE_STR(field), .offset = offsetof(struct port_peer_info, field), \
		.is_gauge = true \
	}

static const struct counter peer_counters[] = {
	PEER_COUNTER(connects),
	PEER_COUNTER(disconnects),
	PEER_COUNTER(reconnects),
	PEER_COUNTER(kicks),
	PEER_COUNTER(table_updates),
	PEER_COUNTER(peer_missed),
	PEER_COUNTER(peer_refused),
	PEER_GAUGE(regions),
	PEER_GAUGE(region_limit),
	PEER_GAUGE(connected),
	PEER_GAUGE(last_error),
};

static const struct counter rx_counters[] = {
	QUEUE_COUNTER(packets),
	QUEUE_COUNTER(bytes),
	QUEUE_COUNTER(no_mbuf),
	QUEUE_COUNTER(bad_length),
	QUEUE_COUNTER(bad_chain),
	QUEUE_COUNTER(bad_csum),
	QUEUE_COUNTER(bad_gso),
	QUEUE_COUNTER(dropped),
	QUEUE_COUNTER(broken),
	QUEUE_COUNTER(kicks),
	QUEUE_COUNTER(kicks_suppressed),
};

static const struct counter tx_counters[] = {
	QUEUE_COUNTER(packets),
	QUEUE_COUNTER(bytes),
	QUEUE_COUNTER(too_long),
	QUEUE_COUNTER(bad_offload),
	QUEUE_COUNTER(no_desc),
	QUEUE_COUNTER(dropped),
	QUEUE_COUNTER(broken),
	QUEUE_COUNTER(kicks),
	QUEUE_COUNTER(kicks_suppressed),
};

/* --- a queue's counts as a vector, since all are treated alike --- */

#define QUEUE_WORDS (sizeof(struct queue_stats) / sizeof(uint64_t))

static_assert(sizeof(struct queue_stats) % sizeof(uint64_t) == 0, "nothing but 64-bit counters");

/* What the queue of this slot, not its predecessors, has counted. Under queues_lock. */
static void
live_read(const struct port_queue *queue, struct queue_stats *stats)
{
	const struct queue_stats *live = NULL;

	if (queue->rxq != NULL)
		live = rxq_stats(queue->rxq);
	else if (queue->txq != NULL)
		live = txq_stats(queue->txq);
	memset(stats, 0, sizeof(*stats));
	for (size_t i = 0; live != NULL && i < QUEUE_WORDS; i++)
		((uint64_t *)stats)[i] =
			__atomic_load_n((const uint64_t *)live + i, __ATOMIC_RELAXED);
}

static void
stats_add(struct queue_stats *sum, const struct queue_stats *more)
{
	for (size_t i = 0; i < QUEUE_WORDS; i++)
		((uint64_t *)sum)[i] += ((const uint64_t *)more)[i];
}

static void
stats_subtract(struct queue_stats *sum, const struct queue_stats *less)
{
	for (size_t i = 0; i < QUEUE_WORDS; i++)
		((uint64_t *)sum)[i] -= ((const uint64_t *)less)[i];
}

void
stats_retire(struct port_queue *queue)
{
	struct queue_stats live;

	live_read(queue, &live);
	stats_add(&queue->retired, &live);
}

/* Counts of the queue at @p index since ever. */
static void
total_read(struct virtio_hw *hw, uint16_t index, struct queue_stats *stats)
{
	struct port_queue *queue = &hw->queues[index];

	pthread_mutex_lock(&hw->queues_lock);
	live_read(queue, stats);
	stats_add(stats, &queue->retired);
	pthread_mutex_unlock(&hw->queues_lock);
}

/* Counts of the queue at @p index since the last reset. */
static void
queue_read(struct virtio_hw *hw, uint16_t index, struct queue_stats *stats)
{
	total_read(hw, index, stats);
	stats_subtract(stats, &hw->queues[index].baseline);
}

/* --- basic statistics --- */

static uint64_t
rx_errors(const struct queue_stats *rx)
{
	return rx->bad_length + rx->bad_chain + rx->bad_csum + rx->bad_gso + rx->dropped;
}

static uint64_t
tx_errors(const struct queue_stats *tx)
{
	return tx->too_long + tx->bad_offload + tx->dropped;
}

/* What the peer could not deliver, it drops: imissed stays 0, for nobody tells us. */
static void
pair_add(struct virtio_hw *hw, uint16_t pair, struct rte_eth_stats *stats,
	STATS_QUEUES_STRUCT *queues)
{
	struct queue_stats rx, tx;

	queue_read(hw, 2 * pair, &rx);
	queue_read(hw, 2 * pair + 1, &tx);
	stats->ipackets += rx.packets;
	stats->ibytes += rx.bytes;
	stats->ierrors += rx_errors(&rx);
	stats->rx_nombuf += rx.no_mbuf;
	stats->opackets += tx.packets;
	stats->obytes += tx.bytes;
	stats->oerrors += tx_errors(&tx);
	if (queues == NULL || pair >= RTE_ETHDEV_QUEUE_STAT_CNTRS)
		return;
	queues->q_ipackets[pair] = rx.packets;
	queues->q_ibytes[pair] = rx.bytes;
	queues->q_errors[pair] = rx_errors(&rx);
	queues->q_opackets[pair] = tx.packets;
	queues->q_obytes[pair] = tx.bytes;
}

int
port_stats_get(STATS_GET_PARAMS)
{
	struct virtio_hw *hw = port_of(dev);

	for (uint16_t pair = 0; pair < hw->nr_queues / 2; pair++)
		pair_add(hw, pair, stats, STATS_GET_QUEUES);
	return 0;
}

int
port_stats_reset(struct rte_eth_dev *dev)
{
	struct virtio_hw *hw = port_of(dev);

	for (uint16_t index = 0; index < hw->nr_queues; index++)
		total_read(hw, index, &hw->queues[index].baseline);
	return 0;
}

/* --- extended statistics: the peer's, then each rx queue's, then each tx queue's --- */

static unsigned int
xstats_count(const struct rte_eth_dev *dev)
{
	return RTE_DIM(peer_counters) + dev->data->nb_rx_queues * RTE_DIM(rx_counters) +
		dev->data->nb_tx_queues * RTE_DIM(tx_counters);
}

static uint64_t
counter_read(const struct counter *counter, const void *counts)
{
	return *(const uint64_t *)((const char *)counts + counter->offset);
}

static void
peer_values(struct virtio_hw *hw, uint64_t *values)
{
	struct port_peer_info info;

	hw->peer->get_info(hw->device, &info);
	for (size_t i = 0; i < RTE_DIM(peer_counters); i++) {
		values[i] = counter_read(&peer_counters[i], &info);
		if (!peer_counters[i].is_gauge)
			values[i] -= RTE_MIN(values[i], counter_read(&peer_counters[i], &hw->peer_baseline));
	}
}

static void
queue_values(struct virtio_hw *hw, uint16_t index, const struct counter *counters, size_t n,
	uint64_t *values)
{
	struct queue_stats stats;

	queue_read(hw, index, &stats);
	for (size_t i = 0; i < n; i++)
		values[i] = counter_read(&counters[i], &stats);
}

static void
xstats_values(struct rte_eth_dev *dev, uint64_t *values)
{
	struct virtio_hw *hw = port_of(dev);

	peer_values(hw, values);
	values += RTE_DIM(peer_counters);
	for (uint16_t id = 0; id < dev->data->nb_rx_queues; id++, values += RTE_DIM(rx_counters))
		queue_values(hw, 2 * id, rx_counters, RTE_DIM(rx_counters), values);
	for (uint16_t id = 0; id < dev->data->nb_tx_queues; id++, values += RTE_DIM(tx_counters))
		queue_values(hw, 2 * id + 1, tx_counters, RTE_DIM(tx_counters), values);
}

static void
xstat_name(const struct rte_eth_dev *dev, unsigned int id, struct rte_eth_xstat_name *name)
{
	unsigned int nr_rx = dev->data->nb_rx_queues * RTE_DIM(rx_counters);

	if (id < RTE_DIM(peer_counters)) {
		snprintf(name->name, sizeof(name->name), "%s", peer_counters[id].name);
		return;
	}
	id -= RTE_DIM(peer_counters);
	if (id < nr_rx) {
		snprintf(name->name, sizeof(name->name), "rx_q%zu_%s", id / RTE_DIM(rx_counters),
			rx_counters[id % RTE_DIM(rx_counters)].name);
		return;
	}
	id -= nr_rx;
	snprintf(name->name, sizeof(name->name), "tx_q%zu_%s", id / RTE_DIM(tx_counters),
		tx_counters[id % RTE_DIM(tx_counters)].name);
}

int
port_xstats_get_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned int n)
{
	unsigned int count = xstats_count(dev);

	for (unsigned int id = 0; names != NULL && id < RTE_MIN(n, count); id++)
		xstat_name(dev, id, &names[id]);
	return (int)count;
}

int
port_xstats_get_names_by_id(struct rte_eth_dev *dev, const uint64_t *ids,
	struct rte_eth_xstat_name *names, unsigned int n)
{
	unsigned int count = xstats_count(dev);

	if (ids == NULL)
		return port_xstats_get_names(dev, names, n);
	for (unsigned int i = 0; i < n; i++) {
		if (ids[i] >= count)
			return -EINVAL;
		xstat_name(dev, (unsigned int)ids[i], &names[i]);
	}
	return (int)n;
}

int
port_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *xstats, unsigned int n)
{
	unsigned int count = xstats_count(dev);
	uint64_t *values;

	if (xstats == NULL || n < count)
		return (int)count;
	values = calloc(count, sizeof(*values));
	if (values == NULL)
		return -ENOMEM;
	xstats_values(dev, values);
	for (unsigned int id = 0; id < count; id++) {
		xstats[id].id = id;
		xstats[id].value = values[id];
	}
	free(values);
	return (int)count;
}

int
port_xstats_get_by_id(
	struct rte_eth_dev *dev, const uint64_t *ids, uint64_t *values, unsigned int n)
{
	unsigned int count = xstats_count(dev);
	uint64_t *all;
	int ret = (int)n;

	if (ids == NULL && (values == NULL || n < count))
		return (int)count;
	all = calloc(count, sizeof(*all));
	if (all == NULL)
		return -ENOMEM;
	xstats_values(dev, all);
	if (ids == NULL) {
		memcpy(values, all, count * sizeof(*all));
		ret = (int)count;
	}
	for (unsigned int i = 0; ids != NULL && i < n && ret >= 0; i++) {
		if (ids[i] < count)
			values[i] = all[ids[i]];
		else
			ret = -EINVAL;
	}
	free(all);
	return ret;
}

int
port_xstats_reset(struct rte_eth_dev *dev)
{
	struct virtio_hw *hw = port_of(dev);

	hw->peer->get_info(hw->device, &hw->peer_baseline);
	return port_stats_reset(dev);
}
