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

#include "pair.h"

#define LINK_SECONDS 10

static int
complain(const char *name, const char *what, int rc)
{
	fprintf(stderr, "%s: %s: %s\n", name, what, strerror(-rc));
	return rc;
}

static int
port_start(uint16_t id, const char *name, const struct pair_plan *plan)
{
	struct rte_eth_conf conf = {0};
	int rc = rte_eth_dev_configure(id, 1, 1, &conf);

	if (rc == 0)
		rc = rte_eth_rx_queue_setup(id, 0, plan->ring, SOCKET_ID_ANY, NULL, plan->pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(id, 0, plan->ring, SOCKET_ID_ANY, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(id);
	return rc < 0 ? complain(name, "cannot be brought up", rc) : 0;
}

static int
port_plug(uint16_t *id, const char *name, const char *args, const struct pair_plan *plan)
{
	int rc = rte_eal_hotplug_add("vdev", name, args);

	if (rc < 0)
		return complain(name, "cannot be plugged (is its driver loaded? see -d)", rc);
	rc = rte_eth_dev_get_port_by_name(name, id);
	return rc < 0 ? complain(name, "is no port", rc) : port_start(*id, name, plan);
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

	snprintf(pair->front_name, sizeof(pair->front_name), "%.*s%u", (int)RTE_MIN(name_len, 48u),
		spec, index);
	snprintf(args, sizeof(args), "path=%s,queue_size=%u%s", pair->socket, plan->ring,
		spec + name_len);
	return port_plug(&pair->front, pair->front_name, args, plan);
}

int
pair_open(struct pair *pair, const struct pair_plan *plan, const char *spec,
	unsigned int index)
{
	char args[SPEC_MAX];
	int rc;

	*pair = (struct pair){.front = RTE_MAX_ETHPORTS, .back = RTE_MAX_ETHPORTS};
	snprintf(pair->back_name, sizeof(pair->back_name), "net_vhost%u", index);
	rc = snprintf(pair->socket, sizeof(pair->socket), "%s/%u.sock", plan->socket_dir, index);
	if (rc >= (int)sizeof(pair->socket))
		return complain(plan->socket_dir, "too long for a socket", -ENAMETOOLONG);
	snprintf(args, sizeof(args), "iface=%s,queues=1", pair->socket);
	rc = port_plug(&pair->back, pair->back_name, args, plan);
	if (rc == 0)
		rc = front_plug(pair, plan, spec, index);
	if (rc == 0)
		rc = link_wait(pair->front, pair->front_name);
	if (rc == 0)
		rc = link_wait(pair->back, pair->back_name);
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
