/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The back-end is plugged first: a front-end that is a client finds it listening. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "pair.h"
#include "plan.h"

#define LINK_SECONDS 10

static int
complain(const char *name, const char *what, int rc)
{
	fprintf(stderr, "%s: %s: %s\n", name, what, strerror(-rc));
	return rc;
}

static int
offloads_ask(uint16_t id, struct rte_eth_conf *conf)
{
	struct rte_eth_dev_info info;
	int rc = rte_eth_dev_info_get(id, &info);

	if (rc < 0)
		return rc;
	conf->rxmode.offloads = RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	conf->txmode.offloads = RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	if ((info.rx_offload_capa & conf->rxmode.offloads) != conf->rxmode.offloads ||
			(info.tx_offload_capa & conf->txmode.offloads) != conf->txmode.offloads)
		return -ENOTSUP;
	return 0;
}

static int
port_start(uint16_t id, const char *name, const struct pair_plan *plan, struct rte_mempool *pool)
{
	uint32_t mtu = plan->max_frame - RTE_ETHER_HDR_LEN;
	struct rte_eth_conf conf = {.rxmode = {.mtu = RTE_MAX(mtu, (uint32_t)RTE_ETHER_MTU)}};
	int rc = plan->offloads ? offloads_ask(id, &conf) : 0;

	if (rc == 0)
		rc = rte_eth_dev_configure(id, plan->queues, plan->queues, &conf);
	for (uint16_t queue = 0; rc == 0 && queue < plan->queues; queue++) {
		rc = rte_eth_rx_queue_setup(id, queue, plan->ring, SOCKET_ID_ANY, NULL, pool);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(id, queue, plan->ring, SOCKET_ID_ANY, NULL);
	}
	if (rc == 0)
		rc = rte_eth_dev_start(id);
	return rc < 0 ? complain(name, "cannot be brought up", rc) : 0;
}

static int
port_plug(uint16_t *id, const char *name, const char *args)
{
	int rc = rte_eal_hotplug_add("vdev", name, args);

	if (rc < 0)
		return complain(name, "cannot be plugged (is its driver loaded? see -d)", rc);
	rc = rte_eth_dev_get_port_by_name(name, id);
	return rc < 0 ? complain(name, "is no port", rc) : 0;
}

static void
port_unplug(uint16_t *id, const char *name)
{
	if (*id == RTE_MAX_ETHPORTS)
		return;
	rte_eth_dev_stop(*id);
	rte_eth_dev_close(*id);
	rte_eal_hotplug_remove("vdev", name);
	*id = RTE_MAX_ETHPORTS;
}

static int
link_wait(uint16_t id, const char *name)
{
	uint64_t deadline = rte_get_timer_cycles() + LINK_SECONDS * rte_get_timer_hz();
	struct rte_eth_link link = {0};

	do {
		if (rte_eth_link_get_nowait(id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP)
			return 0;
		rte_delay_us_sleep(1000);
	} while (rte_get_timer_cycles() < deadline);
	return complain(name, "no link", -ETIMEDOUT);
}

static int
front_plug(struct pair *pair, const struct pair_plan *plan, const char *spec, unsigned int index)
{
	size_t name_len = strcspn(spec, ",");
	char args[2 * SPEC_MAX];
	int rc;

	snprintf(pair->front_name, sizeof(pair->front_name), "%.*s%u", (int)RTE_MIN(name_len, 48u),
		spec, index);
	snprintf(args, sizeof(args), "path=%s,queue_size=%u,queues=%u%s", pair->socket, plan->ring,
		plan->queues, spec + name_len);
	rc = port_plug(&pair->front, pair->front_name, args);
	return rc < 0 ? rc : port_start(pair->front, pair->front_name, plan, plan->front_pool);
}

static int
back_plug(struct pair *pair, const struct pair_plan *plan)
{
	char args[SPEC_MAX];
	int rc;

	snprintf(args, sizeof(args), "iface=%s,queues=%u", pair->socket, plan->queues);
	rc = port_plug(&pair->back, pair->back_name, args);
	return rc < 0 ? rc : port_start(pair->back, pair->back_name, plan, plan->back_pool);
}

/** Move one frame from one port to the other; true if it arrived in time. */
static bool
frame_pass(uint16_t from, uint16_t to, uint16_t queue, struct rte_mempool *pool)
{
	uint64_t deadline = rte_get_timer_cycles() + LINK_SECONDS * rte_get_timer_hz();
	struct rte_mbuf *frame = rte_pktmbuf_alloc(pool), *frames[BENCH_MIN_ASK];
	uint16_t sent = 0, arrived = 0;

	if (frame == NULL)
		return false;
	memset(rte_pktmbuf_append(frame, RTE_ETHER_MIN_LEN), 0, RTE_ETHER_MIN_LEN);
	while (arrived == 0 && rte_get_timer_cycles() < deadline) {
		if (sent == 0)
			sent = rte_eth_tx_burst(from, queue, &frame, 1);
		arrived = rte_eth_rx_burst(to, queue, frames, BENCH_MIN_ASK);
	}
	if (sent == 0)
		rte_pktmbuf_free(frame);
	rte_pktmbuf_free_bulk(frames, arrived);
	return arrived > 0;
}

/** A link that is up says nothing of the queues: net_vhost lets packets pass a moment later. */
static int
queues_wait(const struct pair *pair, const struct pair_plan *plan)
{
	for (uint16_t queue = 0; queue < plan->queues; queue++) {
		if (!frame_pass(pair->front, pair->back, queue, plan->front_pool))
			return complain(pair->front_name, "sends nothing", -ETIMEDOUT);
		if (!frame_pass(pair->back, pair->front, queue, plan->back_pool))
			return complain(pair->front_name, "receives nothing", -ETIMEDOUT);
	}
	return 0;
}

int
pair_open(struct pair *pair, const struct pair_plan *plan, const char *spec,
	unsigned int index)
{
	int rc;

	*pair = (struct pair){.front = RTE_MAX_ETHPORTS, .back = RTE_MAX_ETHPORTS};
	snprintf(pair->back_name, sizeof(pair->back_name), "net_vhost%u", index);
	rc = snprintf(pair->socket, sizeof(pair->socket), "%s/%u.sock", plan->socket_dir, index);
	if (rc >= (int)sizeof(pair->socket))
		return complain(plan->socket_dir, "too long for a socket", -ENAMETOOLONG);
	rc = back_plug(pair, plan);
	if (rc == 0)
		rc = front_plug(pair, plan, spec, index);
	if (rc == 0)
		rc = link_wait(pair->front, pair->front_name);
	if (rc == 0)
		rc = link_wait(pair->back, pair->back_name);
	if (rc == 0)
		rc = queues_wait(pair, plan);
	if (rc < 0)
		pair_close(pair);
	return rc;
}

void
pair_close(struct pair *pair)
{
	port_unplug(&pair->front, pair->front_name);
	port_unplug(&pair->back, pair->back_name);
	unlink(pair->socket);
}
