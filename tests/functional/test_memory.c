/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Memory in pages that each have a file of their own: more regions than a plain memory table holds,
 * and memory that comes and goes while packets flow. That takes huge pages; without any (and
 * without the right to reserve some) the tests are skipped.
 *
 * Covers: vhost-user SET_MEM_TABLE, ADD_MEM_REG, REM_MEM_REG, GET_MAX_MEM_SLOTS.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "vhost_user/message.h"

#include "harness.h"

/** Huge pages that the tests may use up, of 2 MiB each. */
#define PAGES 160
#define PACKETS 2000
#define SLOTS 509

static const struct port_setup one_queue = {.rxqs = 1};
static const struct peer_config many_slots = {.mem_slots = SLOTS};
static long reserved_before = -1; /* to be restored; -1: nothing was changed */
static bool has_pages;

#define NR_HUGEPAGES "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
#define FREE_HUGEPAGES "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

static long
read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	long number = -1;

	if (file == NULL)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

static int
write_number(const char *path, long number)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return -errno;
	fprintf(file, "%ld\n", number);
	return fclose(file) == 0 ? 0 : -errno;
}

/* @return whether there are enough free pages, possibly because we reserved them */
static bool
get_pages(void)
{
	const long free_pages = read_number(FREE_HUGEPAGES);
	const long all = read_number(NR_HUGEPAGES);

	if (free_pages >= PAGES)
		return true;
	if (free_pages < 0 || write_number(NR_HUGEPAGES, all + PAGES - free_pages) < 0)
		return false;
	reserved_before = all;
	return read_number(FREE_HUGEPAGES) >= PAGES;
}

static void
give_pages_back(void)
{
	if (reserved_before >= 0)
		write_number(NR_HUGEPAGES, reserved_before);
}

static void
skip_without_pages(void)
{
	if (has_pages)
		return;
	print_message("needs %d free huge pages of 2 MiB, or the right to reserve them\n", PAGES);
	skip();
}

static void
too_many_regions_leave_the_link_down_with_one_line(void **state)
{
	const struct peer_config config = {.without_protocol =
		VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS)};
	struct footprint before;
	struct port port;
	struct peer *peer;
	uint64_t start;

	(void)state;
	skip_without_pages();
	footprint_take(&before);
	port_name(&port, 0);
	peer = harness_peer(&port, &config);
	assert_int_equal(port_plug(&port, NULL), 0);
	assert_int_equal(port_configure(&port, &one_queue), 0);
	log_clear();
	start = now_ms();
	assert_int_equal(rte_eth_dev_start(port.id), 0);
	assert_in_time(start, "start");
	assert_false(port_wait_link(&port, true, 300));
	assert_int_equal(log_count("--single-file-segments"), 1);
	start = now_ms();
	assert_int_equal(rte_eth_dev_stop(port.id), 0);
	assert_in_time(start, "stop");
	port_unplug(&port);
	assert_no_violation(peer);
	harness_peer_stop(peer);
	assert_same_footprint(&before);
}

static void
slots_hold_as_many_regions_as_there_are(void **state)
{
	struct footprint before;
	struct peer_info info;
	struct port port;
	struct peer *peer;

	(void)state;
	skip_without_pages();
	footprint_take(&before);
	port_name(&port, 0);
	peer = harness_peer(&port, &many_slots);
	assert_int_equal(port_plug(&port, NULL), 0);
	port_bring_up(&port, &one_queue);
	peer_get_info(peer, &info);
	assert_true(info.regions > VHOST_USER_MAX_REGIONS);
	assert_int_equal(port_xstat(&port, "regions"), info.regions);
	assert_traffic(&port, "mix", PACKETS);
	assert_no_violation(peer);
	port_unplug(&port);
	harness_peer_stop(peer);
	assert_same_footprint(&before);
}

/*
 * Until packets went in and came out. While the peer is told of a change, bursts carry nothing: a
 * fixed number of them could pass without one packet over the new table.
 */
static void
move_packets(struct flow *flow, uint64_t count)
{
	const uint64_t sent = flow->sent + count;
	const uint64_t received = flow->ledger.received + count;
	const uint64_t end = now_ms() + 3000;

	while (flow->sent < sent || flow->ledger.received < received) {
		flow_send(flow);
		flow_receive(flow);
		if (now_ms() > end)
			fail_msg("no packets after memory changed:\n%s", log_text());
	}
}

/* A block that is a good deal larger than a page comes, is written, and goes. */
static void
work_while_memory_moves(struct flow *flow, unsigned int round)
{
	const size_t bytes = (size_t)(8 + 4 * (round % 5)) << 20;
	void *block = rte_malloc(NULL, bytes, 0);

	assert_non_null(block);
	memset(block, (int)round, bytes);
	move_packets(flow, 500);
	rte_free(block);
	move_packets(flow, 500);
}

/* The same connection, told of more than it began with. */
static void
assert_followed(const struct port *port, struct peer *peer, const struct peer_info *before)
{
	struct peer_info after;

	peer_get_info(peer, &after);
	if (after.connections != before->connections)
		fail_msg("%u connections instead of %u:\n%s", after.connections,
			before->connections, log_text());
	assert_true(port_xstat(port, "table_updates") > before->regions);
}

static void
memory_comes_and_goes_under_traffic(void **state)
{
	const uint64_t rounds = harness_count(20, 500);
	struct peer_info before;
	struct port port;
	struct flow flow;
	struct peer *peer;

	(void)state;
	skip_without_pages();
	port_name(&port, 0);
	peer = harness_peer(&port, &many_slots);
	assert_int_equal(port_plug(&port, NULL), 0);
	port_bring_up(&port, &one_queue);
	peer_get_info(peer, &before);
	flow_init(&flow, &port, 0, "mix", UINT64_MAX);
	log_clear();
	for (unsigned int round = 0; round < rounds; round++)
		work_while_memory_moves(&flow, round);
	flow.limit = flow.sent + flow.nr_pending;
	flows_run(&flow, 1, 2000);
	assert_flow_clean(&flow);
	assert_no_violation(peer);
	assert_followed(&port, peer, &before);
	flow_fini(&flow);
}

static void
packets_from_a_pool_that_came_later_arrive(void **state)
{
	struct rte_mempool *pool;
	struct port port;
	struct flow flow;
	struct peer *peer;

	(void)state;
	skip_without_pages();
	port_name(&port, 0);
	peer = harness_peer(&port, &many_slots);
	assert_int_equal(port_plug(&port, NULL), 0);
	port_bring_up(&port, &one_queue);
	for (unsigned int round = 0; round < 5; round++) {
		pool = rte_pktmbuf_pool_create("late", 8191, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				SOCKET_ID_ANY);
		assert_non_null(pool);
		flow_init(&flow, &port, 0, "mix", PACKETS);
		flow.pool = pool;
		flows_run(&flow, 1, 2000);
		assert_flow_clean(&flow);
		flow_fini(&flow);
		/* The ring may hold the last few of this pool until they are cleaned up. */
		rte_eth_tx_done_cleanup(port.id, 0, 0);
		assert_int_equal(rte_mempool_avail_count(pool), 8191);
		rte_mempool_free(pool);
	}
	assert_no_violation(peer);
}

int
main(void)
{
	const char *const options[] = {"--in-memory", "--no-pci", "--no-telemetry"};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_many_regions_leave_the_link_down_with_one_line),
		cmocka_unit_test(slots_hold_as_many_regions_as_there_are),
		cmocka_unit_test(memory_comes_and_goes_under_traffic),
		cmocka_unit_test(packets_from_a_pool_that_came_later_arrive),
	};
	int rc;

	has_pages = get_pages();
	rc = has_pages ? harness_init_with(options, RTE_DIM(options)) : harness_init(256);
	if (rc == 0)
		rc = harness_run("memory", tests, RTE_DIM(tests));
	give_pages_back();
	return rc != 0;
}
