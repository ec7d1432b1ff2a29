/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Both halves in one process: net_vuser connected to net_virtio_backend. Every row of the driver's path tables carries
 * numbered packets both ways, none lost, repeated, reordered or damaged; links, queues and counters tell what is.
 */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_vect.h>

#include "rxtx/path.h"
#include "rxtx/simd.h"
#include "virtio/feature.h"

#include "harness.h"

#define BIT_IN_ORDER VIRTIO_BIT(VIRTIO_F_IN_ORDER)
#define BIT_MERGEABLE VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)
#define BIT_PACKED VIRTIO_BIT(VIRTIO_F_RING_PACKED)
#define LINK_MS 5000

/** The two ends of a wire. */
struct wire {
	struct port backend;
	struct port driver;
};

/** Numbered packets of one queue, one way. */
struct way {
	struct flow flow;
	const struct port *from;
	const struct port *to;
};

static struct wire wire;

static int
backend_plug(struct port *port, const char *devargs)
{
	char args[256];
	int rc;

	snprintf(args, sizeof(args), "path=%s%s%s", port->path, devargs[0] != '\0' ? "," : "", devargs);
	rc = rte_eal_hotplug_add("vdev", port->name, args);
	if (rc == 0) {
		port->is_plugged = true;
		assert_int_equal(rte_eth_dev_get_port_by_name(port->name, &port->id), 0);
	}
	return rc;
}

static void
backend_unplug(struct port *port)
{
	port->is_plugged = false;
	port_unplug(port);
}

static int
wire_name(void **state)
{
	(void)state;
	memset(&wire, 0, sizeof(wire));
	port_name(&wire.driver, 0);
	wire.backend = wire.driver;
	snprintf(wire.backend.name, sizeof(wire.backend.name), "net_virtio_backend0");
	return 0;
}

static int
wire_cleanup(void **state)
{
	harness_cleanup(state);
	if (wire.backend.is_plugged) {
		rte_eth_dev_stop(wire.backend.id);
		rte_eal_hotplug_remove("vdev", wire.backend.name);
	}
	return 0;
}

static void
port_go(const struct port *port, const struct port_setup *setup)
{
	assert_int_equal(port_configure(port, setup), 0);
	assert_int_equal(rte_eth_dev_start(port->id), 0);
}

/* Both ends, up. */
static void
wire_up(const char *backend, const char *driver, const struct port_setup *setup)
{
	assert_int_equal(backend_plug(&wire.backend, backend), 0);
	port_go(&wire.backend, setup);
	assert_int_equal(port_plug(&wire.driver, driver), 0);
	port_bring_up(&wire.driver, setup);
	assert_true(port_wait_link(&wire.backend, true, LINK_MS));
}

static void
wire_down(void)
{
	port_unplug(&wire.driver);
	backend_unplug(&wire.backend);
}

/* --- traffic --- */

static void
way_move(struct way *way)
{
	way->flow.port = way->from;
	flow_send(&way->flow);
	way->flow.port = way->to;
	flow_receive(&way->flow);
}

static void
ways_run(struct way *ways, unsigned int nr)
{
	uint64_t last = now_ms(), progress = 0;
	bool is_complete = false;

	while (!is_complete && now_ms() - last < 5000) {
		uint64_t sum = 0;

		is_complete = true;
		for (unsigned int i = 0; i < nr; i++) {
			way_move(&ways[i]);
			is_complete &= flow_is_complete(&ways[i].flow);
			sum += ways[i].flow.sent + ways[i].flow.ledger.received;
		}
		if (sum != progress)
			last = now_ms();
		progress = sum;
	}
}

/* @p count frames of each size list, each way, on each queue. */
static void
assert_carries(const char *sizes, uint64_t count, uint16_t queues)
{
	struct way ways[2 * HARNESS_MAX_QUEUES];
	const unsigned int nr = 2u * queues;

	for (unsigned int i = 0; i < nr; i++) {
		ways[i].from = i % 2 == 0 ? &wire.driver : &wire.backend;
		ways[i].to = i % 2 == 0 ? &wire.backend : &wire.driver;
		flow_init(&ways[i].flow, ways[i].from, (uint16_t)(i / 2), sizes, count);
	}
	ways_run(ways, nr);
	for (unsigned int i = 0; i < nr; i++) {
		ways[i].flow.port = ways[i].from;
		assert_flow_clean(&ways[i].flow);
	}
	for (unsigned int i = 0; i < nr; i++)
		flow_fini(&ways[i].flow);
}

/* --- every row --- */

/** What makes the driver take a pair of rows. */
struct mapping {
	struct path_request request;
	char devargs[80];
	char name[80];
};

static struct mapping mappings[64];
static size_t nr_mappings;

static bool
is_new(const struct path_request *request)
{
	for (size_t i = 0; i < nr_mappings; i++)
		if (rx_path_select(&mappings[i].request) == rx_path_select(request) &&
				tx_path_select(&mappings[i].request) == tx_path_select(request))
			return false;
	return true;
}

static void
find_mappings(void)
{
	static const uint16_t widths[] = {0, 256, 512};

	for (unsigned int choice = 0; choice < 16 * RTE_DIM(widths); choice++) {
		const bool mergeable = choice & 2, in_order = choice & 1, packed = choice & 4, offload = choice & 8;
		const uint16_t simd = widths[choice / 16];
		struct mapping *mapping = &mappings[nr_mappings];

		mapping->request = (struct path_request){.simd = simd,
			.features = (mergeable ? BIT_MERGEABLE : 0) | (in_order ? BIT_IN_ORDER : 0) |
				(packed ? BIT_PACKED : 0),
			.rx_offloads = offload ? RTE_ETH_RX_OFFLOAD_IPV4_CKSUM : 0,
			.tx_offloads = offload ? RTE_ETH_TX_OFFLOAD_IPV4_CKSUM : 0};
		if (!is_new(&mapping->request))
			continue;
		snprintf(mapping->devargs, sizeof(mapping->devargs),
			"mrg_rxbuf=%d,in_order=%d,packed_vq=%d,vectorized=%d", mergeable, in_order, packed,
			simd > 0);
		snprintf(mapping->name, sizeof(mapping->name), "carries_over_%s%s%s%s_%u", packed ? "packed" : "split",
			mergeable ? "_mergeable" : "", in_order ? "_in_order" : "", offload ? "_offload" : "", simd);
		nr_mappings++;
	}
}

static void
assert_row(const struct mapping *mapping)
{
	const bool packed = mapping->request.features & BIT_PACKED;
	struct rte_eth_burst_mode mode;

	assert_int_equal(rte_eth_rx_burst_mode_get(wire.driver.id, 0, &mode), 0);
	assert_string_equal(mode.info, rx_path_select(&mapping->request)->name);
	assert_int_equal(rte_eth_rx_burst_mode_get(wire.backend.id, 0, &mode), 0);
	assert_non_null(strstr(mode.info, packed ? "packed" : "split"));
}

static void
each_row_carries(void **state)
{
	const struct mapping *mapping = *state;
	const uint16_t allowed = mapping->request.simd != 0 ? mapping->request.simd : RTE_VECT_SIMD_128;
	struct footprint before;

	if (simd_bits(mapping->request.simd) != mapping->request.simd || rte_vect_set_max_simd_bitwidth(allowed) != 0)
		skip();
	footprint_take(&before);
	for (uint16_t queues = 1; queues <= 4; queues += 3) {
		const struct port_setup setup = {.rxqs = queues, .txqs = queues};
		struct port_setup driver = setup;
		char devargs[128];

		wire_name(NULL);
		driver.rx_offloads = mapping->request.rx_offloads;
		driver.tx_offloads = mapping->request.tx_offloads;
		snprintf(devargs, sizeof(devargs), "queues=%u,%s", queues, mapping->devargs);
		assert_int_equal(backend_plug(&wire.backend, queues == 1 ? "" : "queues=4"), 0);
		port_go(&wire.backend, &setup);
		assert_int_equal(port_plug(&wire.driver, devargs), 0);
		port_bring_up(&wire.driver, &driver);
		assert_true(port_wait_link(&wire.backend, true, LINK_MS));
		assert_row(mapping);
		assert_carries("64", harness_count(70000, 7000000) / queues, queues);
		assert_carries("mix", harness_count(20000, 2000000) / queues, queues);
		wire_down();
	}
	assert_same_footprint(&before);
}

/* --- links and life --- */

static int events_lsc, events_queue;

static int
on_event(uint16_t port_id, enum rte_eth_event_type type, void *arg, void *ret)
{
	(void)port_id;
	(void)ret;
	__atomic_fetch_add((int *)arg, 1, __ATOMIC_RELAXED);
	(void)type;
	return 0;
}

static bool
wait_count(const int *count, int wanted)
{
	for (int i = 0; i < LINK_MS && __atomic_load_n(count, __ATOMIC_RELAXED) < wanted; i++)
		usleep(1000);
	return __atomic_load_n(count, __ATOMIC_RELAXED) >= wanted;
}

static void
link_and_queue_events_follow_the_driver(void **state)
{
	const struct port_setup setup = {.lsc = true};

	(void)state;
	events_lsc = events_queue = 0;
	assert_int_equal(backend_plug(&wire.backend, ""), 0);
	rte_eth_dev_callback_register(wire.backend.id, RTE_ETH_EVENT_INTR_LSC, on_event, &events_lsc);
	rte_eth_dev_callback_register(wire.backend.id, RTE_ETH_EVENT_QUEUE_STATE, on_event, &events_queue);
	port_go(&wire.backend, &setup);
	assert_false(port_link(&wire.backend));
	assert_int_equal(port_xstat(&wire.backend, "connected"), 0);
	assert_int_equal(port_plug(&wire.driver, NULL), 0);
	port_bring_up(&wire.driver, &setup);
	assert_true(wait_count(&events_lsc, 1));
	assert_true(wait_count(&events_queue, 1));
	assert_true(port_link(&wire.backend));
	assert_int_equal(port_xstat(&wire.backend, "rx_q0_running"), 1);
	assert_int_equal(port_xstat(&wire.backend, "connected"), 1);
	port_unplug(&wire.driver);
	assert_true(wait_count(&events_lsc, 2));
	assert_false(port_link(&wire.backend));
	assert_int_equal(port_xstat(&wire.backend, "rx_q0_running"), 0);
	rte_eth_dev_callback_unregister(wire.backend.id, RTE_ETH_EVENT_INTR_LSC, on_event, &events_lsc);
	rte_eth_dev_callback_unregister(wire.backend.id, RTE_ETH_EVENT_QUEUE_STATE, on_event, &events_queue);
	backend_unplug(&wire.backend);
}

static void
traffic_goes_on_when_the_driver_comes_again(void **state)
{
	const struct port_setup setup = {0};

	(void)state;
	wire_up("", "", &setup);
	for (int i = 0; i < 5; i++) {
		assert_carries("64", 1000, 1);
		port_unplug(&wire.driver);
		assert_true(port_wait_link(&wire.backend, false, LINK_MS));
		assert_int_equal(port_plug(&wire.driver, ""), 0);
		port_bring_up(&wire.driver, &setup);
		assert_true(port_wait_link(&wire.backend, true, LINK_MS));
	}
	assert_carries("64", 1000, 1);
	assert_int_equal(port_xstat(&wire.backend, "connects"), 6);
	wire_down();
}

static void
traffic_goes_on_when_the_port_comes_again(void **state)
{
	const struct port_setup setup = {0};

	(void)state;
	wire_up("client=1", "server=1", &setup);
	for (int i = 0; i < 3; i++) {
		assert_carries("64", 1000, 1);
		backend_unplug(&wire.backend);
		assert_true(port_wait_link(&wire.driver, false, LINK_MS));
		assert_int_equal(backend_plug(&wire.backend, "client=1"), 0);
		port_go(&wire.backend, &setup);
		assert_true(port_wait_link(&wire.backend, true, LINK_MS));
		assert_true(port_wait_link(&wire.driver, true, LINK_MS));
	}
	assert_carries("64", 1000, 1);
	wire_down();
}

static void
the_port_starts_and_stops_a_hundred_times(void **state)
{
	const struct port_setup setup = {0};

	(void)state;
	wire_up("", "", &setup);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(rte_eth_dev_stop(wire.backend.id), 0);
		assert_false(port_link(&wire.backend));
		assert_int_equal(rte_eth_dev_start(wire.backend.id), 0);
		assert_true(port_link(&wire.backend));
		assert_carries("64", 100, 1);
	}
	wire_down();
}

static void
counters_tell_what_went_through(void **state)
{
	const struct port_setup setup = {0};
	struct rte_eth_stats stats;

	(void)state;
	wire_up("", "", &setup);
	assert_carries("64", 1000, 1);
	assert_int_equal(rte_eth_stats_get(wire.backend.id, &stats), 0);
	assert_int_equal(stats.ipackets, 1000);
	assert_int_equal(stats.opackets, 1000);
	assert_int_equal(stats.ibytes, 64000);
	assert_int_equal(stats.ierrors + stats.oerrors, 0);
	assert_int_equal(port_xstat(&wire.backend, "tx_q0_packets"), 1000);
	assert_int_equal(rte_eth_dev_stop(wire.backend.id), 0);
	assert_int_equal(rte_eth_dev_start(wire.backend.id), 0);
	assert_int_equal(port_xstat(&wire.backend, "tx_q0_packets"), 1000);
	assert_int_equal(rte_eth_xstats_reset(wire.backend.id), 0);
	assert_int_equal(port_xstat(&wire.backend, "rx_q0_packets"), 0);
	assert_int_equal(port_xstat(&wire.backend, "connects"), 0);
	wire_down();
}

static void
closing_leaves_nothing_even_with_a_driver_there(void **state)
{
	const struct port_setup setup = {0};
	struct footprint before;

	(void)state;
	/* What the first plug of all leaves to the process. */
	wire_up("", "", &setup);
	wire_down();
	footprint_take(&before);
	wire_up("", "", &setup);
	backend_unplug(&wire.backend);
	assert_true(port_wait_link(&wire.driver, false, LINK_MS));
	assert_int_not_equal(access(wire.backend.path, F_OK), 0);
	port_unplug(&wire.driver);
	assert_same_footprint(&before);
}

/* --- what is refused --- */

static void
one_path_serves_one_port(void **state)
{
	struct port other;

	(void)state;
	assert_int_equal(backend_plug(&wire.backend, ""), 0);
	other = wire.backend;
	snprintf(other.name, sizeof(other.name), "net_virtio_backend1");
	log_clear();
	assert_int_not_equal(backend_plug(&other, ""), 0);
	assert_int_equal(log_count("another port or process has this path"), 1);
	backend_unplug(&wire.backend);
}

static void
bad_devargs_are_refused_in_one_line(void **state)
{
	static const struct {
		const char *args;
		const char *line;
	} bad[] = {
		{"queues=0", "devarg queues=0: out of range; allowed: 1..127"},
		{"queues=abc", "devarg queues=abc: not a whole decimal number"},
		{"client=2", "devarg client=2: not a flag; allowed: 0|1"},
		{"mtu=60", "devarg mtu=60: too small; allowed: 0, or 68..65517"},
		{"mac=ff:ff:ff:ff:ff:ff", "cannot be multicast"},
		{"tso=1,csum=0", "segments have no checksums"},
		{"zero_copy=1", "devarg zero_copy=1: not supported yet"},
		{"speed=3", "no speed that ethdev knows"},
		{"color=red", "devarg color=red: unknown key; allowed: path client"},
	};
	struct footprint before;

	(void)state;
	footprint_take(&before);
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		log_clear();
		assert_int_not_equal(backend_plug(&wire.backend, bad[i].args), 0);
		if (log_count(bad[i].line) != 1 || port_log_count(&wire.backend) != 1)
			fail_msg("%s: %s", bad[i].args, log_text());
	}
	assert_same_footprint(&before);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(link_and_queue_events_follow_the_driver),
		cmocka_unit_test(traffic_goes_on_when_the_driver_comes_again),
		cmocka_unit_test(traffic_goes_on_when_the_port_comes_again),
		cmocka_unit_test(the_port_starts_and_stops_a_hundred_times),
		cmocka_unit_test(counters_tell_what_went_through),
		cmocka_unit_test(closing_leaves_nothing_even_with_a_driver_there),
		cmocka_unit_test(one_path_serves_one_port),
		cmocka_unit_test(bad_devargs_are_refused_in_one_line),
	};
	static struct CMUnitTest tests[RTE_DIM(mappings) + RTE_DIM(others)];
	size_t nr = 0;

	/* As -d of EAL's would. */
	if (dlopen(BACKEND_PLUGIN, RTLD_NOW) == NULL) {
		print_error("%s\n", dlerror());
		return 1;
	}
	if (harness_init(256) < 0)
		return 1;
	for (; nr < RTE_DIM(others); nr++)
		tests[nr] = others[nr];
	find_mappings();
	for (size_t m = 0; m < nr_mappings; m++)
		tests[nr++] = (struct CMUnitTest){.name = mappings[m].name, .test_func = each_row_carries,
			.initial_state = &mappings[m]};
	for (size_t i = 0; i < nr; i++) {
		tests[i].setup_func = wire_name;
		tests[i].teardown_func = wire_cleanup;
	}
	return harness_run("backend", tests, nr);
}
