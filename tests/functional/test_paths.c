/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Every row of the path tables carries numbered packets there and back: none lost, repeated,
 * reordered or damaged. A row that no devargs lead to fails the program.
 *
 * Covers: VIRTIO 1.3 2.7 (split rings: wrap of the 16-bit indices, chains, indirect tables, used
 * elements in and out of order, events), 2.8 (the same of packed rings, in laps of any size), 5.1.6
 * (headers, merged buffers).
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_vect.h>

#include "rxtx/path.h"
#include "rxtx/simd.h"
#include "virtio/feature.h"

#include "harness.h"

/** What carries one pair of rows. */
struct mapping {
	struct path_request request; /**< as the peer and the devargs make it */
	char devargs[64];
	char name[64];               /**< for the tests' names */
};

/* Each that leads to a pair of rows to which no earlier one leads. */
static struct mapping mappings[64];
static size_t nr_mappings;

#define BIT_INDIRECT VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC)
#define BIT_EVENT_IDX VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX)
#define BIT_IN_ORDER VIRTIO_BIT(VIRTIO_F_IN_ORDER)
#define BIT_MERGEABLE VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)
#define BIT_PACKED VIRTIO_BIT(VIRTIO_F_RING_PACKED)

/** One kind of traffic, run over each mapping. */
struct load {
	const char *name;
	const char *sizes;
	uint32_t count;      /**< packets; a hundred times as many in the long runs */
	uint16_t mtu;        /**< 0: ethdev's default */
	uint16_t rx_size, tx_size;
	uint16_t queues;     /**< 0: 1 */
	uint16_t burst;      /**< 0: HARNESS_BURST */
	uint16_t min_segs;
	uint64_t needs;      /**< feature bits that the mapping must have */
	uint64_t with;       /**< feature bits that the peer has beyond its default */
	uint64_t without;    /**< feature bits that the peer, or the mapping, lacks */
	uint64_t tx_offloads;
	bool merges;         /**< packets take several buffers */
	bool shuffle;
	bool wants_kicks;
	bool one_by_one;
};

/*
 * Counts above 65,536 take the indices of a split ring through their wrap; a packed ring of the default 256 has then
 * been round hundreds of times, at a different place for each odd size.
 */
static const struct load loads[] = {
	{.name = "64_bytes", .sizes = "64", .count = 100000},
	{.name = "256_bytes", .sizes = "256", .count = 30000},
	{.name = "1518_bytes", .sizes = "1518", .count = 15000},
	{.name = "mixed_sizes", .sizes = "mix", .count = 30000},
	{.name = "single_packets", .sizes = "mix", .count = 10000, .burst = 1},
	{.name = "bursts_of_5", .sizes = "mix", .count = 10000, .burst = 5},
	{.name = "bursts_of_64", .sizes = "64", .count = 20000, .burst = 64},
	{.name = "bursts_of_200", .sizes = "64", .count = 20000, .burst = 200, .rx_size = 1024,
		.tx_size = 1024},
	{.name = "rings_of_4", .sizes = "mix", .count = 5000, .rx_size = 4, .tx_size = 4},
	{.name = "rings_of_8", .sizes = "64", .count = 67000, .rx_size = 8, .tx_size = 8,
		.without = BIT_PACKED},
	{.name = "rings_of_8", .sizes = "64", .count = 10000, .rx_size = 8, .tx_size = 8,
		.needs = BIT_PACKED},
	{.name = "rings_of_12", .sizes = "mix", .count = 10000, .rx_size = 12, .tx_size = 12,
		.needs = BIT_PACKED},
	{.name = "rings_of_7_and_1021", .sizes = "mix", .count = 10000, .rx_size = 7,
		.tx_size = 1021, .needs = BIT_PACKED},
	{.name = "rings_of_100_and_1000", .sizes = "mix", .count = 20000, .rx_size = 100,
		.tx_size = 1000, .needs = BIT_PACKED},
	{.name = "segments_in_rings_of_1000_and_100", .sizes = "mix", .count = 10000, .rx_size = 1000,
		.tx_size = 100, .min_segs = 3, .without = BIT_INDIRECT, .needs = BIT_PACKED},
	{.name = "largest_rings", .sizes = "64", .count = 70000, .rx_size = 32768,
		.tx_size = 32768},
	{.name = "unequal_rings", .sizes = "mix", .count = 20000, .rx_size = 64, .tx_size = 1024},
	{.name = "four_queues", .sizes = "mix", .count = 20000, .queues = 4},
	{.name = "segments_in_a_table", .sizes = "mix", .count = 20000, .min_segs = 4},
	{.name = "segments_in_a_chain", .sizes = "mix", .count = 20000, .min_segs = 4,
		.without = BIT_INDIRECT},
	{.name = "segments_in_small_rings", .sizes = "mix", .count = 5000, .min_segs = 3,
		.without = BIT_INDIRECT, .rx_size = 16, .tx_size = 16},
	{.name = "mbufs_freed_fast", .sizes = "64,1518", .count = 20000,
		.tx_offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE},
	{.name = "jumbo_frames", .sizes = "jumbo", .count = 4000, .mtu = 9000, .merges = true,
		.needs = BIT_MERGEABLE},
	{.name = "jumbo_frames_in_a_chain", .sizes = "jumbo", .count = 4000, .mtu = 9000,
		.merges = true, .needs = BIT_MERGEABLE, .without = BIT_INDIRECT},
	{.name = "jumbo_frames_returned_one_by_one", .sizes = "jumbo", .count = 4000, .mtu = 9000,
		.merges = true, .needs = BIT_MERGEABLE | BIT_IN_ORDER, .one_by_one = true},
	{.name = "64_kib_frames", .sizes = "65535,64,65000", .count = 1000, .mtu = 65517,
		.merges = true, .needs = BIT_MERGEABLE},
	{.name = "buffers_returned_one_by_one", .sizes = "mix", .count = 20000, .one_by_one = true,
		.needs = BIT_IN_ORDER},
	{.name = "buffers_out_of_order", .sizes = "mix", .count = 50000, .shuffle = true,
		.without = BIT_IN_ORDER},
	{.name = "segments_out_of_order", .sizes = "mix", .count = 20000, .shuffle = true,
		.min_segs = 4, .without = BIT_IN_ORDER | BIT_INDIRECT},
	{.name = "a_peer_that_wants_kicks", .sizes = "mix", .count = 10000, .wants_kicks = true},
	{.name = "a_peer_that_wants_kicks_at_an_index", .sizes = "mix", .count = 10000,
		.wants_kicks = true, .with = BIT_EVENT_IDX},
	{.name = "a_polling_peer_with_event_idx", .sizes = "64", .count = 70000,
		.with = BIT_EVENT_IDX},
};

/** A test: what runs over what. */
struct test_case {
	char name[128];
	const struct mapping *mapping;
	const struct load *load;
};

static uint16_t
queues_of(const struct load *load)
{
	return load->queues != 0 ? load->queues : 1;
}

static bool
is_packed(const struct test_case *test)
{
	return test->mapping->request.features & BIT_PACKED;
}

/* The port must run on the rows that the mapping promises: its burst-mode text names them. */
static void
assert_rows(const struct port *port, const struct mapping *mapping)
{
	struct rte_eth_burst_mode mode;

	assert_int_equal(rte_eth_rx_burst_mode_get(port->id, 0, &mode), 0);
	assert_string_equal(mode.info, rx_path_select(&mapping->request)->name);
	assert_int_equal(rte_eth_tx_burst_mode_get(port->id, 0, &mode), 0);
	assert_string_equal(mode.info, tx_path_select(&mapping->request)->name);
}

/* Packets took the way that the load is about. */
static void
assert_shape(const struct peer_info *info, const struct load *load)
{
	if (load->min_segs > 1 && !(load->without & BIT_INDIRECT))
		assert_true(info->indirect > 0);
	if (load->without & BIT_INDIRECT) {
		assert_int_equal(info->indirect, 0);
		assert_true(info->segments > info->reflected);
	}
	assert_int_equal(info->merged > 0, load->merges);
	assert_int_equal(info->discarded, 0);
}

/* Once a peer that polls has said so it is not kicked; we poll, so it never calls. */
static void
assert_events(const struct peer_info *before, const struct peer_info *info, const struct load *load)
{
	assert_int_equal(info->kicks > before->kicks, load->wants_kicks);
	assert_int_equal(info->calls, 0);
}

/* Each packet took a buffer of each ring of its pair at least: the rings must have been round as often as that says. */
static void
assert_wraps(const struct peer_info *info, const struct test_case *test, uint64_t count)
{
	const struct load *load = test->load;
	const uint64_t sizes[2] = {load->rx_size != 0 ? load->rx_size : 256,
		load->tx_size != 0 ? load->tx_size : 256};

	for (uint16_t ring = 0; ring < 2 * queues_of(load); ring++) {
		const uint64_t round = is_packed(test) ? sizes[ring % 2] : UINT16_MAX + 1;

		if (info->wraps[ring] < count / round)
			fail_msg("ring %u went round %ju times, not %ju", ring,
				(uintmax_t)info->wraps[ring], (uintmax_t)(count / round));
	}
}

/* @return packets of each queue */
static uint64_t
run_load(const struct port *port, const struct load *load)
{
	struct flow flows[HARNESS_MAX_QUEUES];
	const uint16_t queues = queues_of(load);
	const uint64_t count = harness_count(load->count, 100ull * load->count) / queues;

	for (uint16_t q = 0; q < queues; q++) {
		flow_init(&flows[q], port, q, load->sizes, count);
		flows[q].source.min_segs = load->min_segs;
		if (load->burst != 0)
			flows[q].burst = load->burst;
	}
	flows_run(flows, queues, 5000);
	for (uint16_t q = 0; q < queues; q++)
		assert_flow_clean(&flows[q]);
	for (uint16_t q = 0; q < queues; q++)
		flow_fini(&flows[q]);
	return count;
}

static void
run_and_look(const struct test_case *test, struct port *port, struct peer *peer)
{
	const struct load *load = test->load;
	const struct port_setup setup = {.rxqs = queues_of(load), .txqs = queues_of(load),
		.rx_size = load->rx_size, .tx_size = load->tx_size, .mtu = load->mtu,
		.rx_offloads = test->mapping->request.rx_offloads,
		.tx_offloads = load->tx_offloads | test->mapping->request.tx_offloads};
	struct peer_info before, info;
	char devargs[128];
	uint64_t count;

	snprintf(devargs, sizeof(devargs), "%s,queues=%u", test->mapping->devargs, queues_of(load));
	assert_int_equal(port_plug(port, devargs), 0);
	port_bring_up(port, &setup);
	assert_rows(port, test->mapping);
	assert_int_equal(peer_wait_started(peer, 2 * queues_of(load), 3000), 0);
	peer_get_info(peer, &before);
	count = run_load(port, load);
	peer_get_info(peer, &info);
	assert_no_violation(peer);
	assert_shape(&info, load);
	assert_events(&before, &info, load);
	assert_wraps(&info, test, count);
	port_unplug(port);
}

/* Allow vectors of this width and no wider ones. @return whether the CPU, and EAL's user, do as well */
static bool
has_vectors(uint16_t simd)
{
	const uint16_t allowed = simd != 0 ? simd : RTE_VECT_SIMD_128;

	if (simd_bits(simd) == simd && rte_vect_set_max_simd_bitwidth(allowed) == 0)
		return true;
	print_message("# skipped: no vectors of %u bits here\n", simd);
	return false;
}

static void
each_row_carries(void **state)
{
	const struct test_case *test = *state;
	const struct load *load = test->load;
	const struct peer_config config = {.queue_pairs = queues_of(load),
		.features = PEER_FEATURES | load->with, .without = load->without,
		.shuffle = load->shuffle, .wants_kicks = load->wants_kicks,
		.one_by_one = load->one_by_one};
	struct footprint before;
	struct port port;
	struct peer *peer;

	if (!has_vectors(test->mapping->request.simd))
		skip();
	footprint_take(&before);
	port_name(&port, 0);
	peer = harness_peer(&port, &config);
	run_and_look(test, &port, peer);
	harness_peer_stop(peer);
	assert_same_footprint(&before);
}

/* --- what there is to be run --- */

static void
every_row_is_reached_by_some_devargs(void **state)
{
	unsigned int nr_rx, nr_tx;
	const struct rx_path *rx = rx_paths(&nr_rx);
	const struct tx_path *tx = tx_paths(&nr_tx);

	(void)state;
	for (unsigned int i = 0; i < nr_rx; i++) {
		size_t m = 0;

		while (m < nr_mappings && rx_path_select(&mappings[m].request) != &rx[i])
			m++;
		if (m == nr_mappings)
			fail_msg("no devargs here lead to rx row '%s'", rx[i].name);
	}
	for (unsigned int i = 0; i < nr_tx; i++) {
		size_t m = 0;

		while (m < nr_mappings && tx_path_select(&mappings[m].request) != &tx[i])
			m++;
		if (m == nr_mappings)
			fail_msg("no devargs here lead to tx row '%s'", tx[i].name);
	}
}

static bool
is_new(const struct path_request *request)
{
	for (size_t i = 0; i < nr_mappings; i++)
		if (rx_path_select(&mappings[i].request) == rx_path_select(request) &&
				tx_path_select(&mappings[i].request) == tx_path_select(request))
			return false;
	return true;
}

/* "split, mergeable" in a test's name: "split_mergeable". */
static void
name_mapping(struct mapping *mapping, const char *row)
{
	size_t used = 0;

	for (; *row != '\0' && used < sizeof(mapping->name) - 1; row++)
		if (*row != ',')
			mapping->name[used++] = *row == ' ' || *row == '-' ? '_' : *row;
	mapping->name[used] = '\0';
}

/* Walk through all that a user can ask for. */
static void
find_mappings(void)
{
	static const uint16_t widths[] = {0, 256, 512};

	for (unsigned int choice = 0; choice < 16 * RTE_DIM(widths); choice++) {
		const bool mergeable = choice & 2, in_order = choice & 1, packed = choice & 4, offload = choice & 8;
		const uint16_t simd = widths[choice / 16];
		struct mapping *mapping = &mappings[nr_mappings];

		mapping->request = (struct path_request){.simd = simd,
			.features = (mergeable ? BIT_MERGEABLE : 0) |
				(in_order ? BIT_IN_ORDER : 0) | (packed ? BIT_PACKED : 0),
			/* These need no peer that knows of them. */
			.rx_offloads = offload ? RTE_ETH_RX_OFFLOAD_IPV4_CKSUM : 0,
			.tx_offloads = offload ? RTE_ETH_TX_OFFLOAD_IPV4_CKSUM : 0};
		if (!is_new(&mapping->request))
			continue;
		snprintf(mapping->devargs, sizeof(mapping->devargs),
			"mrg_rxbuf=%d,in_order=%d,packed_vq=%d,vectorized=%d", mergeable, in_order,
			packed, simd > 0);
		name_mapping(mapping, rx_path_select(&mapping->request)->name);
		nr_mappings++;
	}
}

/* Rows with offloads are rows like others, but for what interop/test_offload.c looks at: a few loads will do. */
static bool
is_for_offload(const struct load *load)
{
	return load->queues <= 1 && load->burst == 0 && !load->wants_kicks && load->rx_size == 0 && load->tx_size == 0;
}

static bool
makes_sense(const struct mapping *mapping, const struct load *load)
{
	const uint64_t features = mapping->request.features;

	/* Without the bit at the peer this mapping would only repeat another one. */
	return (features & load->without) == 0 && (features & load->needs) == load->needs &&
		(mapping->request.rx_offloads == 0 || is_for_offload(load));
}

int
main(void)
{
	static struct test_case cases[RTE_DIM(mappings) * RTE_DIM(loads)];
	static struct CMUnitTest tests[1 + RTE_DIM(cases)] = {
		cmocka_unit_test(every_row_is_reached_by_some_devargs),
	};
	size_t nr = 0;

	if (harness_init(256) < 0)
		return 1;
	find_mappings();
	for (size_t m = 0; m < nr_mappings; m++) {
		for (size_t l = 0; l < RTE_DIM(loads); l++) {
			struct test_case *test = &cases[nr];

			if (!makes_sense(&mappings[m], &loads[l]))
				continue;
			test->mapping = &mappings[m];
			test->load = &loads[l];
			snprintf(test->name, sizeof(test->name), "%s_carries_%s", mappings[m].name,
				loads[l].name);
			tests[1 + nr++] = (struct CMUnitTest){.name = test->name,
				.test_func = each_row_carries, .initial_state = test};
		}
	}
	return harness_run("paths", tests, 1 + nr);
}
