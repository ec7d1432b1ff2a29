/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Plain ethdev calls: whatever works here works for any application and any port. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "port.h"

/* What a virtio ring holds unless told otherwise; guessed only when the port does not say. */
#define RING_GUESS 256
/* An mbuf's room for data in our pool. */
#define MBUF_ROOM RTE_MBUF_DEFAULT_DATAROOM
/* The net header that may take room in the first buffer of a frame. */
#define NET_HDR_ROOM 16
#define POOL_CACHE 256

static int
complain(const struct demo_port *port, const char *what, int rc)
{
	fprintf(stderr, "port %u: %s: %s\n", port->id, what, strerror(-rc));
	return rc;
}

static uint32_t
frame_buffers(const struct demo_options *options)
{
	uint32_t len = traffic_sizes_max(&options->sizes) + NET_HDR_ROOM;

	return traffic_segs(len, MBUF_ROOM, options->tx_segs);
}

/**
 * Half a ring of buffers: whatever is under way may all lie in one ring of either end, and a
 * port may hold a part of its ring back before it refills it.
 */
static void
window_plan(struct demo_port *port, const struct demo_options *options)
{
	uint32_t most = RTE_MAX(1u, port->ring / 2 / frame_buffers(options));

	port->window = options->window == 0 ? most : RTE_MIN(most, options->window);
	if (options->window > most)
		fprintf(stderr, "port %u: --window %u could overflow a ring of %u: using %u\n",
			port->id, options->window, port->ring, most);
}

static uint16_t
mtu_plan(const struct demo_port *port, const struct demo_options *options)
{
	uint32_t mtu = traffic_sizes_max(&options->sizes) - RTE_ETHER_HDR_LEN;

	if (options->mtu != 0)
		return options->mtu;
	mtu = RTE_MAX(mtu, (uint32_t)RTE_ETHER_MTU);
	return RTE_MIN(mtu, (uint32_t)port->info.max_mtu);
}

int
port_open(struct demo_port *port, const struct demo_options *options)
{
	int rc;

	memset(port, 0, sizeof(*port));
	port->id = rte_eth_find_next(0);
	if (port->id >= RTE_MAX_ETHPORTS) {
		fprintf(stderr, "no port: add --vdev=net_virtio_user0,path=SOCKET before "
			"the '--'\n");
		return -ENODEV;
	}
	rc = rte_eth_dev_info_get(port->id, &port->info);
	if (rc < 0)
		return complain(port, "no information", rc);
	port->queues = options->queues;
	if (port->queues > RTE_MIN(port->info.max_rx_queues, port->info.max_tx_queues)) {
		fprintf(stderr, "port %u: --queues %u: it has %u (devarg queues=, and a peer that "
			"offers as many)\n", port->id, port->queues,
			RTE_MIN(port->info.max_rx_queues, port->info.max_tx_queues));
		return -EINVAL;
	}
	port->ring = options->ring != 0 ? options->ring : RING_GUESS;
	port->mtu = mtu_plan(port, options);
	return 0;
}

int
port_pool_create(struct demo_port *port, const struct demo_options *options)
{
	/* The rings are not known before the queues are set up: room for the largest default. */
	uint32_t ring = RTE_MAX(options->ring, 1024u);
	uint32_t sending = RTE_MAX(options->window, 512u) + DEMO_BURST * frame_buffers(options);
	uint32_t count = port->queues * (2 * ring + sending) + 2 * POOL_CACHE;

	port->pool = rte_pktmbuf_pool_create("demo", count, POOL_CACHE, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, rte_socket_id());
	if (port->pool == NULL)
		return complain(port, "no memory for packets; give EAL more with -m", -rte_errno);
	return 0;
}

static struct rte_eth_conf
conf_plan(const struct demo_port *port, const struct demo_options *options)
{
	struct rte_eth_conf conf = {.rxmode.mtu = port->mtu};
	bool is_long = frame_buffers(options) > 1;

	if (options->rx_scatter || is_long)
		conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER & port->info.rx_offload_capa;
	if (is_long)
		conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS & port->info.tx_offload_capa;
	return conf;
}

/** Not every port tells its ring size: then the plan keeps to what it asked for. */
static void
ring_learn(struct demo_port *port)
{
	struct rte_eth_rxq_info rxq;
	struct rte_eth_txq_info txq;

	if (rte_eth_rx_queue_info_get(port->id, 0, &rxq) == 0 && rxq.nb_desc > 0)
		port->ring = rxq.nb_desc;
	if (rte_eth_tx_queue_info_get(port->id, 0, &txq) == 0 && txq.nb_desc > 0)
		port->ring = RTE_MIN(port->ring, txq.nb_desc);
}

int
port_configure(struct demo_port *port, const struct demo_options *options)
{
	struct rte_eth_conf conf = conf_plan(port, options);
	int rc;

	rc = rte_eth_dev_configure(port->id, port->queues, port->queues, &conf);
	if (rc < 0)
		return complain(port, "cannot be configured (is the peer there?)", rc);
	for (uint16_t q = 0; q < port->queues; q++) {
		rc = rte_eth_rx_queue_setup(port->id, q, options->ring, SOCKET_ID_ANY, NULL,
			port->pool);
		if (rc < 0)
			return complain(port, "receive queue", rc);
		rc = rte_eth_tx_queue_setup(port->id, q, options->ring, SOCKET_ID_ANY, NULL);
		if (rc < 0)
			return complain(port, "transmit queue", rc);
	}
	ring_learn(port);
	window_plan(port, options);
	return 0;
}

static int
link_wait(const struct demo_port *port, uint32_t seconds)
{
	uint64_t deadline = rte_get_timer_cycles() + seconds * rte_get_timer_hz();
	struct rte_eth_link link = {0};

	do {
		if (rte_eth_link_get_nowait(port->id, &link) == 0 &&
				link.link_status == RTE_ETH_LINK_UP)
			return 0;
		rte_delay_us_sleep(1000);
	} while (rte_get_timer_cycles() < deadline);
	fprintf(stderr, "port %u: no link within %u s: is a peer on the other end of the socket?\n",
		port->id, seconds);
	return -ETIMEDOUT;
}

int
port_start(const struct demo_port *port, const struct demo_options *options)
{
	int rc = rte_eth_dev_start(port->id);

	if (rc < 0)
		return complain(port, "cannot be started", rc);
	rc = link_wait(port, options->link_wait);
	if (rc < 0)
		port_stop(port);
	return rc;
}

int
port_stop(const struct demo_port *port)
{
	int rc = rte_eth_dev_stop(port->id);

	return rc < 0 ? complain(port, "cannot be stopped", rc) : 0;
}

static const char *
burst_text(int rc, const struct rte_eth_burst_mode *mode)
{
	return rc == 0 && mode->info[0] != '\0' ? mode->info : "not told";
}

void
port_describe(const struct demo_port *port)
{
	char name[RTE_ETH_NAME_MAX_LEN] = "?", mac[RTE_ETHER_ADDR_FMT_SIZE], link_text[96];
	struct rte_eth_burst_mode rx = {0}, tx = {0};
	struct rte_ether_addr addr = {0};
	struct rte_eth_link link = {0};
	int rx_rc = rte_eth_rx_burst_mode_get(port->id, 0, &rx);
	int tx_rc = rte_eth_tx_burst_mode_get(port->id, 0, &tx);

	rte_eth_dev_get_name_by_port(port->id, name);
	rte_eth_macaddr_get(port->id, &addr);
	rte_ether_format_addr(mac, sizeof(mac), &addr);
	/* On failure the zeros stand: link down. */
	if (rte_eth_link_get_nowait(port->id, &link) != 0)
		memset(&link, 0, sizeof(link));
	rte_eth_link_to_str(link_text, sizeof(link_text), &link);
	printf("port     %u, %s, driver %s\n", port->id, name, port->info.driver_name);
	printf("address  %s, MTU %u\n", mac, port->mtu);
	printf("link     %s\n", link_text);
	printf("queues   %u of %u, rings of %u, at most %u packets under way on each\n",
		port->queues, RTE_MIN(port->info.max_rx_queues, port->info.max_tx_queues),
		port->ring, port->window);
	printf("receive  %s\n", burst_text(rx_rc, &rx));
	printf("transmit %s\n", burst_text(tx_rc, &tx));
	fflush(stdout);
}

static bool
is_drop_counter(const char *name)
{
	static const char *const words[] = {"drop", "err", "miss", "nombuf", "bad", "broken"};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		if (strstr(name, words[i]) != NULL)
			return true;
	return false;
}

uint32_t
port_drops(const struct demo_port *port, struct port_drop *drops, uint32_t max)
{
	int count = RTE_MAX(rte_eth_xstats_get_names(port->id, NULL, 0), 0);
	struct rte_eth_xstat_name *names = calloc(count + 1, sizeof(*names));
	struct rte_eth_xstat *values = calloc(count + 1, sizeof(*values));
	uint32_t found = 0;

	if (names != NULL && values != NULL &&
			rte_eth_xstats_get_names(port->id, names, count) == count &&
			rte_eth_xstats_get(port->id, values, count) == count) {
		for (int i = 0; i < count && found < max; i++) {
			if (values[i].value == 0 || !is_drop_counter(names[i].name))
				continue;
			memcpy(drops[found].name, names[i].name, sizeof(drops[found].name));
			drops[found++].value = values[i].value;
		}
	}
	free(names);
	free(values);
	return found;
}
