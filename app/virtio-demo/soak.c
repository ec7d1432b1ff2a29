/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Repetition with a look at fds, mappings and mbufs before and after. */

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "soak.h"

/* Rounds before the first look: one-time allocations of libraries are not leaks. */
#define WARM_UP_ROUNDS 3
#define DEFAULT_PACKETS 1000
#define CHURN_TICKS 5
#define CHURN_BLOCK (32u << 20)
#define CHURN_PACKETS 4095

/** What a process holds. */
struct holdings {
	uint32_t fds;
	uint32_t mappings;
	uint32_t mbufs; /**< out of the pool; means something while the port is closed: an open one's rings hold some */
};

static uint32_t
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint32_t count = 0;

	if (dir == NULL)
		return 0;
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	/* Neither the two dots nor the directory's own descriptor. */
	return count - 3;
}

/** Mappings of files: shared memory of whatever kind, not the heap of an allocator, which may grow by itself. */
static uint32_t
count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long inode;
	uint32_t count = 0;
	char line[512];

	if (maps == NULL)
		return 0;
	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%*s %*s %*s %*s %lu", &inode) == 1 && inode != 0)
			count++;
	fclose(maps);
	return count;
}

static struct holdings
holdings_now(const struct demo_port *port)
{
	return (struct holdings){
		.fds = count_fds(),
		.mappings = count_mappings(),
		.mbufs = rte_mempool_in_use_count(port->pool),
	};
}

static int
holdings_compare(const char *what, uint32_t rounds, struct holdings before, struct holdings after)
{
	bool is_same = before.fds == after.fds && before.mappings == after.mappings &&
		after.mbufs == 0;

	printf("%u %s: fds %u -> %u, mappings %u -> %u, mbufs out of the pool %u -> %u: %s\n", rounds,
		what, before.fds, after.fds, before.mappings, after.mappings, before.mbufs,
		after.mbufs, is_same ? "ok" : "FAILED, they drift");
	return is_same ? DEMO_OK : DEMO_TRAFFIC_FAILED;
}

/** One start, some packets, one stop; the verdict adds up over the rounds. */
static int
round_run(struct demo_port *port, const struct demo_options *options)
{
	struct exchange_limit limit = {.packets = options->packets};
	struct traffic_verdict verdict;
	struct exchange x;
	char text[192];
	int rc;

	if (port_configure(port, options) < 0 || port_start(port, options) < 0)
		return DEMO_PORT_FAILED;
	if (limit.packets == 0)
		limit.packets = DEFAULT_PACKETS;
	rc = exchange_init(&x, port, options);
	if (rc == 0)
		exchange_run(&x, &limit);
	verdict = exchange_verdict(&x);
	exchange_fini(&x);
	if (port_stop(port) < 0 || rc < 0)
		return DEMO_PORT_FAILED;
	if (traffic_is_clean(&verdict) || exchange_is_interrupted())
		return DEMO_OK;
	printf("FAILED: %s\n", traffic_text(&verdict, text, sizeof(text)));
	return DEMO_TRAFFIC_FAILED;
}

static void
progress(const struct demo_options *options, const char *what, uint32_t round, uint32_t rounds)
{
	uint32_t done = round + 1 - RTE_MIN(round + 1, (uint32_t)WARM_UP_ROUNDS);

	if (options->quiet || rounds < 10 || done == 0 || done % (rounds / 10) != 0)
		return;
	printf("%u of %u %s\n", done, rounds, what);
	fflush(stdout);
}

int
soak_cycles(struct demo_port *port, const struct demo_options *options)
{
	struct holdings before = {0}, after;
	uint32_t round;

	for (round = 0; round < options->cycles + WARM_UP_ROUNDS; round++) {
		int status = round_run(port, options);

		if (status != DEMO_OK) {
			printf("FAILED in cycle %u\n", round);
			return status;
		}
		if (round + 1 == WARM_UP_ROUNDS)
			before = holdings_now(port);
		if (exchange_is_interrupted() && round + 1 >= WARM_UP_ROUNDS)
			break;
		progress(options, "cycles", round, options->cycles);
	}
	after = holdings_now(port);
	rte_eth_dev_close(port->id);
	after.mbufs = rte_mempool_in_use_count(port->pool);
	return holdings_compare("cycles", RTE_MIN(round, options->cycles), before, after);
}

/** How the port came to be, so that it can come again. */
struct plug {
	char name[RTE_DEV_NAME_MAX_LEN];
	char *args;
};

static int
plug_learn(struct plug *plug, const struct demo_port *port)
{
	const struct rte_devargs *devargs = rte_dev_devargs(port->info.device);

	snprintf(plug->name, sizeof(plug->name), "%s", rte_dev_name(port->info.device));
	plug->args = strdup(devargs != NULL && devargs->args != NULL ? devargs->args : "");
	return plug->args == NULL ? -ENOMEM : 0;
}

static int
plug_remove(const struct plug *plug, const struct demo_port *port)
{
	int rc = rte_eth_dev_close(port->id);

	if (rc == 0)
		rc = rte_eal_hotplug_remove("vdev", plug->name);
	if (rc < 0)
		fprintf(stderr, "%s: cannot be unplugged: %s\n", plug->name, strerror(-rc));
	return rc;
}

static int
plug_add(const struct plug *plug, struct demo_port *port, const struct demo_options *options)
{
	struct rte_mempool *pool = port->pool;
	int rc = rte_eal_hotplug_add("vdev", plug->name, plug->args);

	if (rc < 0) {
		fprintf(stderr, "%s: cannot be plugged: %s\n", plug->name, strerror(-rc));
		return rc;
	}
	rc = port_open(port, options);
	port->pool = pool;
	return rc;
}

static int
replug_rounds(struct demo_port *port, const struct demo_options *options, const struct plug *plug)
{
	struct holdings before = {0};
	uint32_t round;

	for (round = 0; round < options->replug + WARM_UP_ROUNDS; round++) {
		int status = plug_add(plug, port, options) < 0 ? DEMO_PORT_FAILED :
			round_run(port, options);

		if (status == DEMO_OK && plug_remove(plug, port) < 0)
			status = DEMO_PORT_FAILED;
		if (status != DEMO_OK) {
			printf("FAILED in round %u\n", round);
			return status;
		}
		if (round + 1 == WARM_UP_ROUNDS)
			before = holdings_now(port);
		if (exchange_is_interrupted() && round + 1 >= WARM_UP_ROUNDS)
			break;
		progress(options, "replugs", round, options->replug);
	}
	return holdings_compare("replugs", RTE_MIN(round, options->replug), before,
		holdings_now(port));
}

int
soak_replug(struct demo_port *port, const struct demo_options *options)
{
	struct plug plug;
	int status;

	if (plug_learn(&plug, port) < 0 || plug_remove(&plug, port) < 0)
		return DEMO_PORT_FAILED;
	status = replug_rounds(port, options, &plug);
	free(plug.args);
	return status;
}

static void
churn_take(struct churn *churn, struct exchange *x)
{
	/* No cache, so that the pool can tell when the last packet is back. */
	churn->pool = rte_pktmbuf_pool_create("churn", CHURN_PACKETS, 0, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, rte_socket_id());
	churn->block = rte_malloc("churn", CHURN_BLOCK, 0);
	if (churn->pool == NULL || churn->block == NULL) {
		churn->failures++;
		churn_fini(churn);
		return;
	}
	memset(churn->block, 0x5a, CHURN_BLOCK);
	x->tx_pool = churn->pool;
	churn->state = CHURN_IN_USE;
}

void
churn_tick(struct churn *churn, struct exchange *x)
{
	if (++churn->ticks < CHURN_TICKS)
		return;
	churn->ticks = 0;
	switch (churn->state) {
	case CHURN_IDLE:
		churn_take(churn, x);
		return;
	case CHURN_IN_USE:
		x->tx_pool = x->port->pool;
		churn->state = CHURN_EMPTY;
		return;
	case CHURN_EMPTY:
		/* A port may keep sent packets until its ring fills: ask, where it hears. */
		for (uint16_t q = 0; q < x->nb_queues; q++)
			rte_eth_tx_done_cleanup(x->port->id, q, 0);
		if (!rte_mempool_full(churn->pool))
			return;
		churn_fini(churn);
		churn->rounds++;
	}
}

void
churn_fini(struct churn *churn)
{
	rte_mempool_free(churn->pool);
	rte_free(churn->block);
	churn->pool = NULL;
	churn->block = NULL;
	churn->state = CHURN_IDLE;
}
