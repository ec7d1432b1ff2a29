/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * EAL, ports and peers of a functional test; see harness.h. Traffic is harness_flow.c's, log lines
 * and footprints are harness_watch.c's.
 */

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_mbuf.h>

#include "harness.h"
#include "harness_private.h"

#define MAX_PORTS 16
#define MAX_PEERS 16

struct rte_mempool *harness_pool;
uint32_t harness_deadline = 3000;

static char directory[32];
/* Copies: a failed test's own are on a stack that is gone. */
static struct port ports[MAX_PORTS];
static struct peer *peers[MAX_PEERS];

/* --- EAL --- */

/*
 * One lcore that floats over all CPUs we may use: a peer's thread, which inherits our affinity, must
 * not share one CPU with us.
 */
static void
lcores_option(char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "--lcores=0@(");
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0, first = 1; cpu < CPU_SETSIZE && used < size; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%d", first ? "" : ",", cpu);
		first = 0;
	}
	if (used < size)
		snprintf(text + used, size - used, ")");
}

static int
make_directory(void)
{
	snprintf(directory, sizeof(directory), "/tmp/virtio-test-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -errno;
	/* Where EAL keeps its own files when it does not run as root. */
	if (geteuid() != 0)
		setenv("XDG_RUNTIME_DIR", directory, 1);
	return 0;
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

/* EAL leaves its runtime directory, one for each file prefix and so one for each run. */
static void
remove_directories(const char *runtime)
{
	nftw(runtime, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static int
make_pool(void)
{
	harness_pool = rte_pktmbuf_pool_create("harness", HARNESS_POOL_SIZE, 256, 0,
			RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return harness_pool == NULL ? -rte_errno : 0;
}

int
harness_init_with(const char *const *options, unsigned int nr)
{
	static char prefix[48], lcores[512];
	char *argv[32] = {(char *)(uintptr_t)"test", prefix, lcores};
	int argc = 3;
	int rc = make_directory();

	if (rc < 0)
		return rc;
	harness_log_open();
	snprintf(prefix, sizeof(prefix), "--file-prefix=virtio-test-%d", (int)getpid());
	lcores_option(lcores, sizeof(lcores));
	for (unsigned int i = 0; i < nr && argc < 31; i++)
		argv[argc++] = (char *)(uintptr_t)options[i];
	if (rte_eal_init(argc, argv) < 0)
		return -rte_errno;
	return make_pool();
}

int
harness_init(unsigned int megabytes)
{
	char memory[16];
	const char *const options[] = {"--no-huge", "-m", memory, "--no-pci", "--no-telemetry",
		"--no-shconf"};

	snprintf(memory, sizeof(memory), "%u", megabytes);
	return harness_init_with(options, RTE_DIM(options));
}

int
harness_run(const char *name, const struct CMUnitTest *tests, size_t nr)
{
	struct CMUnitTest *cleaned = calloc(nr, sizeof(*cleaned));
	char runtime[PATH_MAX];
	int failed;

	if (cleaned == NULL)
		return 1;
	for (size_t i = 0; i < nr; i++) {
		cleaned[i] = tests[i];
		if (cleaned[i].teardown_func == NULL)
			cleaned[i].teardown_func = harness_cleanup;
	}
	if (getenv("VIRTIO_TEST_FILTER") != NULL)
		cmocka_set_test_filter(getenv("VIRTIO_TEST_FILTER"));
	failed = _cmocka_run_group_tests(name, cleaned, nr, NULL, NULL);
	free(cleaned);
	snprintf(runtime, sizeof(runtime), "%s", rte_eal_get_runtime_dir());
	rte_mempool_free(harness_pool);
	rte_eal_cleanup();
	harness_log_close();
	remove_directories(runtime);
	return failed;
}

static void
forget_port(const struct port *port)
{
	for (unsigned int i = 0; i < MAX_PORTS; i++)
		if (ports[i].is_plugged && strcmp(ports[i].name, port->name) == 0)
			ports[i].is_plugged = false;
}

int
harness_cleanup(void **state)
{
	(void)state;
	harness_flows_cleanup();
	for (unsigned int i = 0; i < MAX_PORTS; i++) {
		if (!ports[i].is_plugged)
			continue;
		rte_eth_dev_stop(ports[i].id);
		rte_eal_hotplug_remove("vdev", ports[i].name);
		ports[i].is_plugged = false;
	}
	for (unsigned int i = 0; i < MAX_PEERS; i++) {
		peer_stop(peers[i]);
		peers[i] = NULL;
	}
	return 0;
}

bool
harness_is_full(void)
{
	const char *full = getenv("VIRTIO_TEST_FULL");

	return full != NULL && strcmp(full, "1") == 0;
}

uint64_t
harness_count(uint64_t short_run, uint64_t full)
{
	return harness_is_full() ? full : short_run;
}

/* --- peers --- */

struct peer *
harness_peer(const struct port *port, const struct peer_config *config)
{
	struct peer_config complete = *config;
	unsigned int slot = 0;

	complete.path = port->path;
	while (slot < MAX_PEERS && peers[slot] != NULL)
		slot++;
	assert_in_range(slot, 0, MAX_PEERS - 1);
	assert_int_equal(peer_start(&complete, &peers[slot]), 0);
	return peers[slot];
}

void
harness_peer_stop(struct peer *peer)
{
	for (unsigned int i = 0; i < MAX_PEERS; i++)
		if (peers[i] == peer)
			peers[i] = NULL;
	peer_stop(peer);
}

void
assert_no_violation(struct peer *peer)
{
	struct peer_info info;

	peer_get_info(peer, &info);
	if (info.violations > 0)
		fail_msg("%u violations, the first: %s", info.violations, info.violation);
}

/* --- ports --- */

void
port_name(struct port *port, unsigned int number)
{
	memset(port, 0, sizeof(*port));
	snprintf(port->name, sizeof(port->name), HARNESS_DRIVER "%u", number);
	snprintf(port->path, sizeof(port->path), "%s/sock%u", directory, number);
}

int
port_plug(struct port *port, const char *devargs)
{
	unsigned int slot = 0;
	char args[256];
	int rc;

	while (slot < MAX_PORTS && ports[slot].is_plugged)
		slot++;
	assert_in_range(slot, 0, MAX_PORTS - 1);
	snprintf(args, sizeof(args), "path=%s,deadline=%u%s%s", port->path, harness_deadline,
		devargs != NULL ? "," : "", devargs != NULL ? devargs : "");
	rc = rte_eal_hotplug_add("vdev", port->name, args);
	if (rc != 0)
		return rc;
	assert_int_equal(rte_eth_dev_get_port_by_name(port->name, &port->id), 0);
	port->is_plugged = true;
	ports[slot] = *port;
	return 0;
}

void
port_unplug(struct port *port)
{
	forget_port(port);
	port->is_plugged = false;
	rte_eth_dev_stop(port->id);
	assert_int_equal(rte_eal_hotplug_remove("vdev", port->name), 0);
}

static int
queues_setup(const struct port *port, const struct port_setup *setup, uint16_t rxqs, uint16_t txqs)
{
	const uint16_t rx_size = setup->rx_size != 0 ? setup->rx_size : 256;
	const uint16_t tx_size = setup->tx_size != 0 ? setup->tx_size : 256;
	struct rte_mempool *pool = setup->pool != NULL ? setup->pool : harness_pool;
	int rc = 0;

	for (uint16_t q = 0; q < rxqs && rc == 0; q++)
		rc = rte_eth_rx_queue_setup(port->id, q, rx_size, SOCKET_ID_ANY, NULL, pool);
	for (uint16_t q = 0; q < txqs && rc == 0; q++)
		rc = rte_eth_tx_queue_setup(port->id, q, tx_size, SOCKET_ID_ANY, NULL);
	return rc;
}

int
port_configure(const struct port *port, const struct port_setup *setup)
{
	struct rte_eth_conf conf = {
		.rxmode.offloads = setup->rx_offloads,
		.txmode.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS,
		.intr_conf.lsc = setup->lsc,
	};
	const uint16_t rxqs = setup->rxqs != 0 ? setup->rxqs : 1;
	const uint16_t txqs = setup->txqs != 0 ? setup->txqs : 1;
	int rc;

	/* Fast freeing is for whole packets of one segment. */
	if (setup->tx_offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE)
		conf.txmode.offloads = 0;
	conf.txmode.offloads |= setup->tx_offloads;
	if (setup->mtu != 0)
		conf.rxmode.mtu = setup->mtu;
	rc = rte_eth_dev_configure(port->id, rxqs, txqs, &conf);
	return rc != 0 ? rc : queues_setup(port, setup, rxqs, txqs);
}

void
port_bring_up(const struct port *port, const struct port_setup *setup)
{
	assert_int_equal(port_configure(port, setup), 0);
	assert_int_equal(rte_eth_dev_start(port->id), 0);
	assert_true(port_wait_link(port, true, 3000));
}

bool
port_link(const struct port *port)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(port->id, &link) == 0 &&
		link.link_status == RTE_ETH_LINK_UP;
}

bool
port_wait_link(const struct port *port, bool up, uint32_t timeout_ms)
{
	const uint64_t end = now_ms() + timeout_ms;

	while (port_link(port) != up) {
		if (now_ms() >= end)
			return false;
		usleep(1000);
	}
	return true;
}

uint64_t
port_xstat(const struct port *port, const char *name)
{
	uint64_t id, value;

	if (rte_eth_xstats_get_id_by_name(port->id, name, &id) != 0 ||
			rte_eth_xstats_get_by_id(port->id, &id, &value, 1) != 1)
		return UINT64_MAX;
	return value;
}
