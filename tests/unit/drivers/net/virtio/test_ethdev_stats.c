/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Counters: sums, names, resets that write nobody's counter, and queues that are made anew without
 * losing counts.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake_port.h"

static void
port_running(struct fake_port *port)
{
	fake_port_make(port, 2);
	assert_int_equal(fake_port_configure(port, 2, 2), 0);
	fake_port_setup(port);
	assert_int_equal(fake_port_start(port), 0);
}

static void
stats_of(struct fake_port *port, struct rte_eth_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	assert_int_equal(port_stats_get(STATS_GET_ARGS(&port->dev, stats)), 0);
}

/* @return the value of the statistic of that name. */
static uint64_t
xstat(struct fake_port *port, const char *name)
{
	struct rte_eth_xstat_name names[128];
	struct rte_eth_xstat values[128];
	int count = port_xstats_get_names(&port->dev, names, RTE_DIM(names));

	assert_in_range(count, 1, RTE_DIM(names));
	assert_int_equal(port_xstats_get(&port->dev, values, RTE_DIM(values)), count);
	for (int i = 0; i < count; i++) {
		if (strcmp(names[i].name, name) == 0)
			return values[i].value;
	}
	fail_msg("no statistic %s", name);
	return 0;
}

static void
stats_sum_over_queues_and_name_errors_by_kind(void **state)
{
	struct rte_eth_stats stats;
	struct fake_port port;

	(void)state;
	port_running(&port);
	*fake_rx_stats(&port, 0) = (struct queue_stats){
		.packets = 10, .bytes = 640, .no_mbuf = 3, .bad_length = 1};
	*fake_rx_stats(&port, 1) = (struct queue_stats){
		.packets = 5, .bytes = 320, .bad_chain = 2, .dropped = 4};
	*fake_tx_stats(&port, 0) = (struct queue_stats){
		.packets = 7, .bytes = 448, .too_long = 1, .no_desc = 9};
	*fake_tx_stats(&port, 1) = (struct queue_stats){
		.packets = 1, .bytes = 64, .dropped = 2};
	stats_of(&port, &stats);
	assert_int_equal(stats.ipackets, 15);
	assert_int_equal(stats.ibytes, 960);
	assert_int_equal(stats.ierrors, 7);
	assert_int_equal(stats.rx_nombuf, 3);
	assert_int_equal(stats.imissed, 0);
	assert_int_equal(stats.opackets, 8);
	assert_int_equal(stats.obytes, 512);
	assert_int_equal(stats.oerrors, 3);
	assert_int_equal(xstat(&port, "rx_q0_no_mbuf"), 3);
	assert_int_equal(xstat(&port, "rx_q1_bad_chain"), 2);
	assert_int_equal(xstat(&port, "tx_q0_no_desc"), 9);
	assert_int_equal(xstat(&port, "tx_q1_dropped"), 2);
	fake_port_drop(&port);
}

static void
reset_takes_off_and_never_writes_a_queues_counter(void **state)
{
	struct rte_eth_stats stats;
	struct fake_port port;

	(void)state;
	port_running(&port);
	fake_rx_stats(&port, 0)->packets = 10;
	assert_int_equal(port_stats_reset(&port.dev), 0);
	assert_int_equal(fake_rx_stats(&port, 0)->packets, 10);
	stats_of(&port, &stats);
	assert_int_equal(stats.ipackets, 0);
	fake_rx_stats(&port, 0)->packets = 12;
	stats_of(&port, &stats);
	assert_int_equal(stats.ipackets, 2);
	fake_port_drop(&port);
}

static void
counts_outlive_the_queue_and_what_was_in_flight_is_in_them(void **state)
{
	struct rte_eth_stats stats;
	struct fake_port port;

	(void)state;
	port_running(&port);
	fake_rx_stats(&port, 0)->packets = 10;
	fake_tx_stats(&port, 0)->packets = 20;
	assert_int_equal(port_stats_reset(&port.dev), 0);
	fake_rx_stats(&port, 0)->packets = 11;
	fake_port_setup(&port);
	fake_rx_stats(&port, 0)->packets = 3;
	stats_of(&port, &stats);
	assert_int_equal(stats.ipackets, 4);
	assert_int_equal(stats.opackets, 0);
	/* The fake drops 5 packets whenever a tx queue is emptied: once by the setup's release of
	 * each. */
	assert_int_equal(xstat(&port, "tx_q0_dropped"), 5);
	fake_port_drop(&port);
}

static void
a_reset_leaves_gauges_alone(void **state)
{
	struct fake_port port;

	(void)state;
	port_running(&port);
	port.device.info = (struct port_peer_info){
		.connects = 3, .reconnects = 2, .regions = 4, .last_error = 110};
	assert_int_equal(xstat(&port, "reconnects"), 2);
	assert_int_equal(port_xstats_reset(&port.dev), 0);
	assert_int_equal(xstat(&port, "connects"), 0);
	assert_int_equal(xstat(&port, "reconnects"), 0);
	assert_int_equal(xstat(&port, "regions"), 4);
	assert_int_equal(xstat(&port, "last_error"), 110);
	port.device.info.connects = 5;
	assert_int_equal(xstat(&port, "connects"), 2);
	fake_port_drop(&port);
}

static void
xstats_are_counted_before_they_are_given(void **state)
{
	struct rte_eth_xstat_name names[128];
	struct rte_eth_xstat values[128];
	struct fake_port port;
	int count;

	(void)state;
	port_running(&port);
	count = port_xstats_get_names(&port.dev, NULL, 0);
	assert_in_range(count, 1, RTE_DIM(names));
	assert_int_equal(port_xstats_get(&port.dev, NULL, 0), count);
	assert_int_equal(port_xstats_get(&port.dev, values, (unsigned int)count - 1), count);
	memset(names, 0, sizeof(names));
	assert_int_equal(port_xstats_get_names(&port.dev, names, 3), count);
	assert_string_not_equal(names[2].name, "");
	assert_string_equal(names[3].name, "");
	fake_port_drop(&port);
}

static void
no_name_is_given_twice(void **state)
{
	struct rte_eth_xstat_name names[128];
	struct fake_port port;
	int count;

	(void)state;
	port_running(&port);
	count = port_xstats_get_names(&port.dev, names, RTE_DIM(names));
	for (int i = 0; i < count; i++) {
		for (int k = 0; k < i; k++)
			assert_string_not_equal(names[i].name, names[k].name);
	}
	fake_port_drop(&port);
}

static void
xstats_by_id_are_those_of_the_list(void **state)
{
	struct rte_eth_xstat_name names[128], name;
	struct fake_port port;
	uint64_t value, all[128], id;
	unsigned int count;

	(void)state;
	port_running(&port);
	fake_tx_stats(&port, 1)->kicks_suppressed = 99;
	count = (unsigned int)port_xstats_get_names(&port.dev, names, RTE_DIM(names));
	assert_int_equal(port_xstats_get_by_id(&port.dev, NULL, all, RTE_DIM(all)), count);
	for (id = 0; id < count; id++) {
		assert_int_equal(port_xstats_get_by_id(&port.dev, &id, &value, 1), 1);
		assert_int_equal(value, all[id]);
		assert_int_equal(port_xstats_get_names_by_id(&port.dev, &id, &name, 1), 1);
		assert_string_equal(name.name, names[id].name);
	}
	assert_string_equal(name.name, "tx_q1_kicks_suppressed");
	assert_int_equal(value, 99);
	assert_int_equal(port_xstats_get_by_id(&port.dev, &id, &value, 1), -EINVAL);
	assert_int_equal(port_xstats_get_names_by_id(&port.dev, &id, &name, 1), -EINVAL);
	fake_port_drop(&port);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats_sum_over_queues_and_name_errors_by_kind),
		cmocka_unit_test(reset_takes_off_and_never_writes_a_queues_counter),
		cmocka_unit_test(counts_outlive_the_queue_and_what_was_in_flight_is_in_them),
		cmocka_unit_test(a_reset_leaves_gauges_alone),
		cmocka_unit_test(xstats_are_counted_before_they_are_given),
		cmocka_unit_test(no_name_is_given_twice),
		cmocka_unit_test(xstats_by_id_are_those_of_the_list),
	};

	return cmocka_run_group_tests_name("ethdev_stats", tests, NULL, NULL);
}
