/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* See bridge.h. The packets' way is move() and what it calls. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include "bridge.h"

#define BURST 32
#define RING 1024
/** Mbufs of a queue pair of one port: what both rings can hold, and what is under way. */
#define MBUFS_PER_PAIR (2 * RING + 256)
#define MBUF_CACHE 250

static const char *const side_names[SIDES] = {"--nic", "--kernel"};

/* --- packets --- */

/** Move one burst from a port's queue to the same queue of the other. */
static void
move(const struct bridge *bridge, struct counters *counters, enum side from, uint16_t queue)
{
	struct rte_mbuf *packets[BURST];
	uint16_t got, sent;

	got = rte_eth_rx_burst(bridge->ports[from], queue, packets, BURST);
	if (got == 0)
		return;
	sent = rte_eth_tx_burst(bridge->ports[!from], queue, packets, got);
	counters->forwarded[from] += sent;
	if (sent < got) {
		counters->dropped[from] += got - sent;
		rte_pktmbuf_free_bulk(packets + sent, got - sent);
	}
}

void
bridge_poll(struct bridge *bridge, uint16_t worker)
{
	struct counters *counters = &bridge->counters[worker];
	uint16_t queue;

	for (queue = worker; queue < bridge->queues; queue += bridge->workers) {
		move(bridge, counters, SIDE_NIC, queue);
		move(bridge, counters, SIDE_KERNEL, queue);
	}
}

/** What a worker is told at its launch. */
struct errand {
	struct bridge *bridge;
	uint16_t worker;
};

static struct errand errands[RTE_MAX_LCORE];

static int
worker_main(void *arg)
{
	const struct errand *errand = arg;

	while (!__atomic_load_n(&errand->bridge->must_stop, __ATOMIC_ACQUIRE)) {
		bridge_poll(errand->bridge, errand->worker);
		rte_pause();
	}
	return 0;
}

int
bridge_start(struct bridge *bridge)
{
	unsigned int lcore;
	uint16_t worker = 0;
	int rc;

	RTE_LCORE_FOREACH_WORKER(lcore) {
		if (worker == bridge->workers)
			break;
		errands[worker] = (struct errand){.bridge = bridge, .worker = worker};
		rc = rte_eal_remote_launch(worker_main, &errands[worker], lcore);
		if (rc != 0)
			return rc;
		worker++;
	}
	return 0;
}

void
bridge_stop(struct bridge *bridge)
{
	__atomic_store_n(&bridge->must_stop, true, __ATOMIC_RELEASE);
	rte_eal_mp_wait_lcore();
}

struct counters
bridge_counters(const struct bridge *bridge)
{
	struct counters sum = {.forwarded = {0}};
	unsigned int i, side;

	for (i = 0; i < RTE_DIM(bridge->counters); i++) {
		for (side = 0; side < SIDES; side++) {
			sum.forwarded[side] += bridge->counters[i].forwarded[side];
			sum.dropped[side] += bridge->counters[i].dropped[side];
		}
	}
	return sum;
}

/* --- ports --- */

/** Say what went wrong with a port. @return rc */
static int
port_failed(uint16_t port, const char *what, int rc)
{
	fprintf(stderr, "port %u: %s: %s\n", port, what, rte_strerror(-rc));
	return rc;
}

static int
queues_setup(struct bridge *bridge, uint16_t port)
{
	uint16_t rx_ring = RING, tx_ring = RING, queue;
	int socket = rte_eth_dev_socket_id(port);
	int rc;

	rc = rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx_ring, &tx_ring);
	if (rc != 0)
		return port_failed(port, "ring sizes", rc);
	for (queue = 0; queue < bridge->queues; queue++) {
		rc = rte_eth_rx_queue_setup(port, queue, rx_ring, (unsigned int)socket, NULL, bridge->pool);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(port, queue, tx_ring, (unsigned int)socket, NULL);
		if (rc != 0)
			return port_failed(port, "queue setup", rc);
	}
	return 0;
}

static int
port_start(struct bridge *bridge, uint16_t port, uint16_t mtu)
{
	struct rte_eth_conf conf;
	int rc;

	memset(&conf, 0, sizeof(conf));
	conf.rxmode.mtu = mtu;
	rc = rte_eth_dev_configure(port, bridge->queues, bridge->queues, &conf);
	if (rc != 0)
		return port_failed(port, "configure; fewer --queues, or more queues of the driver, may help", rc);
	rc = queues_setup(bridge, port);
	if (rc != 0)
		return rc;
	rc = rte_eth_dev_start(port);
	return rc != 0 ? port_failed(port, "start", rc) : 0;
}

/** Both ports show the kernel one NIC: its address is the network's, and it sees all that the network sends. */
static int
ports_unite(const struct bridge *bridge)
{
	uint16_t nic = bridge->ports[SIDE_NIC], stack = bridge->ports[SIDE_KERNEL];
	struct rte_ether_addr mac;
	int rc;

	rc = rte_eth_macaddr_get(nic, &mac);
	if (rc == 0)
		rc = rte_eth_dev_default_mac_addr_set(stack, &mac);
	if (rc != 0)
		return port_failed(stack, "MAC address", rc);
	/* A bridge in the kernel may want frames for others; who cannot be promiscuous delivers its own. */
	(void)rte_eth_promiscuous_enable(nic);
	return 0;
}

static int
ports_find(struct bridge *bridge, const struct options *options)
{
	unsigned int side;

	bridge->ports[SIDE_NIC] = (uint16_t)options->nic;
	bridge->ports[SIDE_KERNEL] = (uint16_t)options->kernel;
	for (side = 0; side < SIDES; side++) {
		if (rte_eth_dev_is_valid_port(bridge->ports[side]))
			continue;
		fprintf(stderr, "%s %u: no such port; EAL found %u\n", side_names[side], bridge->ports[side],
			rte_eth_dev_count_avail());
		return -ENODEV;
	}
	return 0;
}

int
bridge_open(struct bridge *bridge, const struct options *options)
{
	unsigned int lcores = rte_lcore_count();
	int rc;

	memset(bridge, 0, sizeof(*bridge));
	bridge->queues = (uint16_t)options->queues;
	bridge->workers = (uint16_t)RTE_MIN(RTE_MAX(lcores - 1, 1u), options->queues);
	rc = ports_find(bridge, options);
	if (rc != 0)
		return rc;
	bridge->pool = rte_pktmbuf_pool_create("exception-path", SIDES * bridge->queues * MBUFS_PER_PAIR, MBUF_CACHE, 0,
					       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (bridge->pool == NULL) {
		fprintf(stderr, "no memory for the packets of %u queue pairs: %s\n", bridge->queues,
			rte_strerror(rte_errno));
		return -ENOMEM;
	}
	rc = port_start(bridge, bridge->ports[SIDE_NIC], (uint16_t)options->mtu);
	if (rc == 0)
		rc = port_start(bridge, bridge->ports[SIDE_KERNEL], (uint16_t)options->mtu);
	if (rc == 0)
		rc = ports_unite(bridge);
	if (rc != 0)
		bridge_close(bridge);
	return rc;
}

void
bridge_close(struct bridge *bridge)
{
	unsigned int side;

	for (side = 0; side < SIDES; side++) {
		(void)rte_eth_dev_stop(bridge->ports[side]);
		(void)rte_eth_dev_close(bridge->ports[side]);
	}
	rte_mempool_free(bridge->pool);
}
