/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Counters of the port. They belong to others: a queue's to its polling thread, the target's to lib/vhost2. Nothing
 * here writes them; a reset notes where they stood, and what a queue had counted before it was made anew is kept in
 * its slot.
 */

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ethdev.h"

/** A counter of a queue: its name behind "rx_q0_" or "tx_q0_", and where it lies. */
struct counter {
	const char *name;
	size_t offset;
};

#define COUNTER(field) { .name = RTE_STR(field), .offset = offsetof(struct rte_vhost2_net_queue_stats, field) }

static const struct counter rx_counters[] = {
	COUNTER(packets), COUNTER(bytes), COUNTER(no_mbuf), COUNTER(bad_length), COUNTER(bad_header),
	COUNTER(discarded), COUNTER(csum_done), COUNTER(odd),
};

static const struct counter tx_counters[] = {
	COUNTER(packets), COUNTER(bytes), COUNTER(no_buffer), COUNTER(too_long), COUNTER(unsupported),
	COUNTER(discarded), COUNTER(csum_done), COUNTER(odd),
};

/** What the port and its target count; gauges last. */
enum port_counter {
	PORT_CONNECTS,
	PORT_REFUSED,
	PORT_COMMANDS,
	PORT_COMMANDS_REFUSED,
	PORT_ERRORS,
	PORT_CONNECTED = PORT_ERRORS + RTE_VHOST2_ERR_COUNT,
	PORT_COUNTERS,
};

static const char *const port_names[PORT_COUNTERS] = {
	[PORT_CONNECTS] = "connects",
	[PORT_REFUSED] = "connects_refused",
	[PORT_COMMANDS] = "commands",
	[PORT_COMMANDS_REFUSED] = "commands_refused",
	[PORT_ERRORS + RTE_VHOST2_ERR_HANGUP] = "error_hangup",
	[PORT_ERRORS + RTE_VHOST2_ERR_MESSAGE] = "error_message",
	[PORT_ERRORS + RTE_VHOST2_ERR_FDS] = "error_fds",
	[PORT_ERRORS + RTE_VHOST2_ERR_TIMEOUT] = "error_timeout",
	[PORT_ERRORS + RTE_VHOST2_ERR_MEMORY] = "error_memory",
	[PORT_ERRORS + RTE_VHOST2_ERR_RING] = "error_ring",
	[PORT_ERRORS + RTE_VHOST2_ERR_INDEX] = "error_index",
	[PORT_ERRORS + RTE_VHOST2_ERR_DESCRIPTOR] = "error_descriptor",
	[PORT_ERRORS + RTE_VHOST2_ERR_TRANSLATION] = "error_translation",
	[PORT_ERRORS + RTE_VHOST2_ERR_FAULT] = "error_fault",
	[PORT_ERRORS + RTE_VHOST2_ERR_CALLBACK] = "error_callback",
	[PORT_CONNECTED] = "connected",
};

static_assert(PORT_COUNTERS <= BACKEND_PORT_COUNTERS, "there is room for their baseline");

/* --- a queue's counts as a vector, since all are treated alike --- */

#define QUEUE_WORDS (sizeof(struct rte_vhost2_net_queue_stats) / sizeof(uint64_t))

static_assert(sizeof(struct rte_vhost2_net_queue_stats) % sizeof(uint64_t) == 0, "nothing but 64-bit counters");

static void
live_add(const struct port_queue *queue, struct rte_vhost2_net_queue_stats *sum)
{
	const uint64_t *live;

	if (queue->net == NULL)
		return;
	live = (const uint64_t *)rte_vhost2_net_queue_stats(queue->net);
	for (size_t i = 0; i < QUEUE_WORDS; i++)
		((uint64_t *)sum)[i] += __atomic_load_n(&live[i], __ATOMIC_RELAXED);
}

void
stats_retire(struct port_queue *queue)
{
	live_add(queue, &queue->retired);
}

/* Counts since ever. */
static void
total_read(struct port_queue *queue, struct rte_vhost2_net_queue_stats *stats)
{
	pthread_mutex_lock(&queue->port->lock);
	*stats = queue->retired;
	live_add(queue, stats);
	pthread_mutex_unlock(&queue->port->lock);
}

/* Counts since the last reset. */
static void
queue_read(struct port_queue *queue, struct rte_vhost2_net_queue_stats *stats)
{
	total_read(queue, stats);
	for (size_t i = 0; i < QUEUE_WORDS; i++)
		((uint64_t *)stats)[i] -= ((const uint64_t *)&queue->baseline)[i];
}

/* --- basic statistics --- */

static void
rx_add(struct backend_port *port, uint16_t id, struct rte_eth_stats *stats, STATS_QUEUES_STRUCT *queues)
{
	struct rte_vhost2_net_queue_stats rx;

	queue_read(rx_queue_of(port, id), &rx);
	stats->ipackets += rx.packets;
	stats->ibytes += rx.bytes;
	stats->ierrors += rx.bad_length + rx.bad_header;
	stats->rx_nombuf += rx.no_mbuf;
	if (queues == NULL || id >= RTE_ETHDEV_QUEUE_STAT_CNTRS)
		return;
	queues->q_ipackets[id] = rx.packets;
	queues->q_ibytes[id] = rx.bytes;
	queues->q_errors[id] = rx.bad_length + rx.bad_header;
}

static void
tx_add(struct backend_port *port, uint16_t id, struct rte_eth_stats *stats, STATS_QUEUES_STRUCT *queues)
{
	struct rte_vhost2_net_queue_stats tx;

	queue_read(tx_queue_of(port, id), &tx);
	stats->opackets += tx.packets;
	stats->obytes += tx.bytes;
	stats->oerrors += tx.too_long + tx.unsupported + tx.discarded;
	if (queues == NULL || id >= RTE_ETHDEV_QUEUE_STAT_CNTRS)
		return;
	queues->q_opackets[id] = tx.packets;
	queues->q_obytes[id] = tx.bytes;
}

int
port_stats_get(STATS_GET_PARAMS)
{
	struct backend_port *port = port_of(dev);

	for (uint16_t id = 0; id < port->nr_queues / 2; id++) {
		rx_add(port, id, stats, STATS_GET_QUEUES);
		tx_add(port, id, stats, STATS_GET_QUEUES);
	}
	return 0;
}

int
port_stats_reset(struct rte_eth_dev *dev)
{
	struct backend_port *port = port_of(dev);

	for (uint16_t index = 0; index < port->nr_queues; index++)
		total_read(&port->queues[index], &port->queues[index].baseline);
	return 0;
}

/* --- extended statistics: the port's, then each rx queue's, then each tx queue's --- */

/** Counters of a queue, and whether it runs. */
#define NR_RX (RTE_DIM(rx_counters) + 1)
#define NR_TX (RTE_DIM(tx_counters) + 1)

static unsigned int
xstats_count(const struct rte_eth_dev *dev)
{
	return PORT_COUNTERS + dev->data->nb_rx_queues * NR_RX + dev->data->nb_tx_queues * NR_TX;
}

/* Since ever. */
static void
port_values(struct backend_port *port, uint64_t *values)
{
	struct rte_vhost2_tgt_stats target;

	device_target_stats(port, &target);
	values[PORT_REFUSED] = target.refused;
	memcpy(&values[PORT_ERRORS], target.errors, sizeof(target.errors));
	pthread_mutex_lock(&port->lock);
	values[PORT_CONNECTS] = port->connects;
	values[PORT_COMMANDS] = port->device.commands;
	values[PORT_COMMANDS_REFUSED] = port->device.refused;
	values[PORT_CONNECTED] = port->vdev != NULL;
	pthread_mutex_unlock(&port->lock);
}

static void
queue_values(struct port_queue *queue, const struct counter *counters, size_t n, struct rte_eth_xstat *xstats)
{
	struct rte_vhost2_net_queue_stats stats;

	queue_read(queue, &stats);
	for (size_t i = 0; i < n; i++)
		xstats[i].value = *(const uint64_t *)((const char *)&stats + counters[i].offset);
	pthread_mutex_lock(&queue->port->lock);
	xstats[n].value = queue_runs(queue);
	pthread_mutex_unlock(&queue->port->lock);
}

int
port_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *xstats, unsigned int n)
{
	struct backend_port *port = port_of(dev);
	const unsigned int count = xstats_count(dev);
	uint64_t values[PORT_COUNTERS];

	if (xstats == NULL || n < count)
		return (int)count;
	for (unsigned int id = 0; id < count; id++)
		xstats[id].id = id;
	port_values(port, values);
	for (unsigned int id = 0; id < PORT_COUNTERS; id++)
		xstats[id].value = values[id] - port->baseline[id];
	xstats += PORT_COUNTERS;
	for (uint16_t id = 0; id < dev->data->nb_rx_queues; id++, xstats += NR_RX)
		queue_values(rx_queue_of(port, id), rx_counters, RTE_DIM(rx_counters), xstats);
	for (uint16_t id = 0; id < dev->data->nb_tx_queues; id++, xstats += NR_TX)
		queue_values(tx_queue_of(port, id), tx_counters, RTE_DIM(tx_counters), xstats);
	return (int)count;
}

static void
queue_name(struct rte_eth_xstat_name *name, const char *direction, unsigned int id, const struct counter *counters,
	size_t n)
{
	const size_t i = id % (n + 1);

	snprintf(name->name, sizeof(name->name), "%s_q%zu_%s", direction, id / (n + 1),
		i < n ? counters[i].name : "running");
}

static void
xstat_name(const struct rte_eth_dev *dev, unsigned int id, struct rte_eth_xstat_name *name)
{
	const unsigned int nr_rx = dev->data->nb_rx_queues * NR_RX;

	if (id < PORT_COUNTERS)
		snprintf(name->name, sizeof(name->name), "%s", port_names[id]);
	else if (id - PORT_COUNTERS < nr_rx)
		queue_name(name, "rx", id - PORT_COUNTERS, rx_counters, RTE_DIM(rx_counters));
	else
		queue_name(name, "tx", id - PORT_COUNTERS - nr_rx, tx_counters, RTE_DIM(tx_counters));
}

int
port_xstats_get_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned int n)
{
	const unsigned int count = xstats_count(dev);

	for (unsigned int id = 0; names != NULL && id < RTE_MIN(n, count); id++)
		xstat_name(dev, id, &names[id]);
	return (int)count;
}

int
port_xstats_reset(struct rte_eth_dev *dev)
{
	struct backend_port *port = port_of(dev);

	port_values(port, port->baseline);
	port->baseline[PORT_CONNECTED] = 0;
	return port_stats_reset(dev);
}
