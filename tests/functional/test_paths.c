/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Every row of the path tables carries numbered packets there and back: none lost, repeated,
 * reordered or damaged. A row that no devargs lead to fails the program; those with offloads, which a configuration
 * leads to, are interop/test_offload.c's.
 *
 * Covers: VIRTIO 1.3 2.7 (split rings: wrap of the 16-bit indices, chains, indirect tables, used
 * elements in and out of order), 5.1.6 (headers, merged buffers).
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rxtx/path.h"
#include "virtio/feature.h"

#include "harness.h"

/** What carries one pair of rows. */
struct mapping {
	struct path_request request; /**< as the peer and the devargs make it */
	const char *devargs;
};

/* Rows by what decides between them. */
static const struct mapping mappings[] = {
	{{.features = 0}, "mrg_rxbuf=0,in_order=0"},
	{{.features = VIRTIO_BIT(VIRTIO_F_IN_ORDER)}, "mrg_rxbuf=0,in_order=1"},
	{{.features = VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)}, "mrg_rxbuf=1,in_order=0"},
	{{.features = VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) | VIRTIO_BIT(VIRTIO_F_IN_ORDER)},
		"mrg_rxbuf=1,in_order=1"},
};

/** One kind of traffic, run over each mapping. */
struct load {
	const char *name;
	const char *sizes;
	uint64_t share;      /**< one in so many of the full count: large frames are slow */
	uint16_t mtu;        /**< 0: ethdev's default */
	uint16_t rx_size, tx_size;
	uint16_t queues;
	uint16_t min_segs;
	uint64_t without;    /**< feature bits that the peer lacks */
	bool needs_mergeable;
	bool shuffle;
	bool wants_kicks;
};

static const struct load loads[] = {
	{.name = "64_bytes", .sizes = "64", .share = 1, .queues = 1},
	{.name = "256_bytes", .sizes = "256", .share = 2, .queues = 1},
	{.name = "1518_bytes", .sizes = "1518", .share = 5, .queues = 1},
	{.name = "mixed_sizes", .sizes = "mix", .share = 2, .queues = 1},
	{.name = "smallest_rings", .sizes = "mix", .share = 10, .queues = 1, .rx_size = 4,
		.tx_size = 4},
	{.name = "largest_rings", .sizes = "64", .share = 1, .queues = 1, .rx_size = 32768,
		.tx_size = 32768},
	{.name = "unequal_rings", .sizes = "mix", .share = 5, .queues = 1, .rx_size = 64,
		.tx_size = 1024},
	{.name = "four_queues", .sizes = "mix", .share = 5, .queues = 4},
	{.name = "segments_in_a_table", .sizes = "mix", .share = 5, .queues = 1, .min_segs = 4},
	{.name = "segments_in_a_chain", .sizes = "mix", .share = 5, .queues = 1, .min_segs = 4,
		.without = VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC)},
	{.name = "jumbo_frames", .sizes = "jumbo", .share = 20, .queues = 1, .mtu = 9000,
		.needs_mergeable = true},
	{.name = "jumbo_frames_in_a_chain", .sizes = "jumbo", .share = 20, .queues = 1, .mtu = 9000,
		.needs_mergeable = true, .without = VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC)},
	{.name = "64_kib_frames", .sizes = "65535,64,65000", .share = 100, .queues = 1,
		.mtu = 65517, .needs_mergeable = true},
	{.name = "buffers_out_of_order", .sizes = "mix", .share = 2, .queues = 1, .shuffle = true,
		.without = VIRTIO_BIT(VIRTIO_F_IN_ORDER)},
	{.name = "a_peer_that_wants_kicks", .sizes = "mix", .share = 10, .queues = 1,
		.wants_kicks = true},
};

/** A test: what runs over what. */
struct test_case {
	char name[128];
	const struct mapping *mapping;
	const struct load *load;
};

static uint64_t
decided_by(const struct mapping *mapping, const struct load *load)
{
	return mapping->request.features & ~load->without;
}

/* The port must run on the rows that the mapping promises: its burst-mode text names them. */
static void
assert_rows(const struct port *port, const struct test_case *test)
{
	const struct path_request request = {.features = decided_by(test->mapping, test->load)};
	struct rte_eth_burst_mode mode;

	assert_int_equal(rte_eth_rx_burst_mode_get(port->id, 0, &mode), 0);
	assert_string_equal(mode.info, rx_path_select(&request)->name);
	assert_int_equal(rte_eth_tx_burst_mode_get(port->id, 0, &mode), 0);
	assert_string_equal(mode.info, tx_path_select(&request)->name);
}

static void
assert_shape(struct peer *peer, const struct load *load)
{
	struct peer_info info;

	peer_get_info(peer, &info);
	if (load->min_segs > 1 && load->without == 0)
		assert_true(info.indirect > 0);
	if (load->without & VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC)) {
		assert_int_equal(info.indirect, 0);
		assert_true(info.segments > info.reflected);
	}
	if (load->needs_mergeable)
		assert_true(info.merged > 0);
	if (load->wants_kicks)
		assert_true(info.kicks > 0);
	assert_int_equal(info.discarded, 0);
}

static void
run_load(const struct port *port, const struct load *load)
{
	struct flow flows[HARNESS_MAX_QUEUES];
	const uint64_t count = harness_count(100000, 10000000) / load->share / load->queues;

	for (uint16_t q = 0; q < load->queues; q++) {
		flow_init(&flows[q], port, q, load->sizes, count);
		flows[q].source.min_segs = load->min_segs;
	}
	flows_run(flows, load->queues, 2000);
	for (uint16_t q = 0; q < load->queues; q++)
		assert_flow_clean(&flows[q]);
	for (uint16_t q = 0; q < load->queues; q++)
		flow_fini(&flows[q]);
}

static void
each_row_carries(void **state)
{
	const struct test_case *test = *state;
	const struct load *load = test->load;
	const struct peer_config config = {.queue_pairs = load->queues, .without = load->without,
		.shuffle = load->shuffle, .wants_kicks = load->wants_kicks};
	const struct port_setup setup = {.rxqs = load->queues, .txqs = load->queues,
		.rx_size = load->rx_size, .tx_size = load->tx_size, .mtu = load->mtu};
	struct footprint before;
	char devargs[128];
	struct port port;
	struct peer *peer;

	footprint_take(&before);
	port_name(&port, 0);
	peer = harness_peer(&port, &config);
	snprintf(devargs, sizeof(devargs), "%s,queues=%u", test->mapping->devargs, load->queues);
	assert_int_equal(port_plug(&port, devargs), 0);
	port_bring_up(&port, &setup);
	assert_rows(&port, test);
	run_load(&port, load);
	assert_no_violation(peer);
	assert_shape(peer, load);
	port_unplug(&port);
	harness_peer_stop(peer);
	assert_same_footprint(&before);
}

/* The peer of these tests has split rings; packed rows are carried by the unit tests' device. */
static bool
is_served(enum vring_format format)
{
	return format == VRING_SPLIT;
}

static bool
leads_to_rx(const struct rx_path *row)
{
	for (size_t i = 0; i < RTE_DIM(mappings); i++)
		if (rx_path_select(&mappings[i].request) == row)
			return true;
	return false;
}

static bool
leads_to_tx(const struct tx_path *row)
{
	for (size_t i = 0; i < RTE_DIM(mappings); i++)
		if (tx_path_select(&mappings[i].request) == row)
			return true;
	return false;
}

static void
every_row_is_reached_by_some_devargs(void **state)
{
	unsigned int nr_rx, nr_tx;
	const struct rx_path *rx = rx_paths(&nr_rx);
	const struct tx_path *tx = tx_paths(&nr_tx);

	(void)state;
	for (unsigned int i = 0; i < nr_rx; i++)
		if (is_served(rx[i].traits.format) && !rx[i].traits.offload && !leads_to_rx(&rx[i]))
			fail_msg("no devargs here lead to rx row '%s'", rx[i].name);
	for (unsigned int i = 0; i < nr_tx; i++)
		if (is_served(tx[i].traits.format) && !tx[i].traits.offload && !leads_to_tx(&tx[i]))
			fail_msg("no devargs here lead to tx row '%s'", tx[i].name);
}

/* "split, mergeable" in a test's name: "split_mergeable". */
static void
name_case(struct test_case *test)
{
	size_t used = 0;
	const char *row = rx_path_select(&test->mapping->request)->name;

	for (; *row != '\0' && used < 64; row++)
		if (*row != ',')
			test->name[used++] = *row == ' ' || *row == '-' ? '_' : *row;
	snprintf(test->name + used, sizeof(test->name) - used, "_carries_%s", test->load->name);
}

static bool
makes_sense(const struct mapping *mapping, const struct load *load)
{
	const uint64_t features = mapping->request.features;

	/* Without the bit at the peer this mapping would only repeat another one. */
	if (features & load->without)
		return false;
	return !load->needs_mergeable || (features & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF));
}

int
main(void)
{
	static struct test_case cases[RTE_DIM(mappings) * RTE_DIM(loads)];
	struct CMUnitTest tests[1 + RTE_DIM(cases)] = {
		cmocka_unit_test(every_row_is_reached_by_some_devargs),
	};
	size_t nr = 0;

	if (harness_init(256) < 0)
		return 1;
	for (size_t m = 0; m < RTE_DIM(mappings); m++) {
		for (size_t l = 0; l < RTE_DIM(loads); l++) {
			struct test_case *test = &cases[nr];

			if (!makes_sense(&mappings[m], &loads[l]))
				continue;
			test->mapping = &mappings[m];
			test->load = &loads[l];
			name_case(test);
			tests[1 + nr++] = (struct CMUnitTest){.name = test->name,
				.test_func = each_row_carries, .initial_state = test};
		}
	}
	return harness_run("paths", tests, 1 + nr);
}
