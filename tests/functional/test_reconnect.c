/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Peers that come late, die and come again, to a port that connects and to one that listens.
 *
 * What may be lost or come twice is exactly what was in flight when the peer died: packets in the
 * transmit ring are sent again (at least once), those that the peer had taken but not delivered are
 * gone with it. Outside of that window nothing is lost, repeated or damaged.
 *
 * Covers: vhost-user "Reconnection"; VIRTIO 1.3 2.7 (a ring that goes on under a new device).
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define PACKETS 2000
#define RING 256

static const struct port_setup one_queue = {.rxqs = 1, .rx_size = RING, .tx_size = RING};

/** Both roles of the front-end. */
static const struct peer_config connecting_peer = {.connects = true};
static const struct peer_config listening_peer = {.connects = false};

static const char *
devargs_for(const struct peer_config *config)
{
	return config->connects ? "server=1" : NULL;
}

static void
server_port_comes_up_without_a_peer(void **state)
{
	struct rte_mbuf *frames[HARNESS_BURST];
	struct rte_eth_link link;
	struct port port;
	struct flow flow;
	struct peer *peer;
	uint64_t start = now_ms();

	(void)state;
	port_name(&port, 0);
	assert_int_equal(port_plug(&port, "server=1"), 0);
	assert_int_equal(port_configure(&port, &one_queue), 0);
	assert_int_equal(rte_eth_dev_start(port.id), 0);
	assert_in_range(now_ms() - start, 0, harness_deadline);
	assert_false(port_link(&port));
	flow_init(&flow, &port, 0, "64", PACKETS);
	assert_int_equal(flow_send(&flow), 0);
	assert_int_equal(rte_eth_rx_burst(port.id, 0, frames, HARNESS_BURST), 0);
	start = now_ms();
	assert_int_equal(rte_eth_link_get(port.id, &link), 0);
	assert_in_time(start, "link_get");

	peer = harness_peer(&port, &connecting_peer);
	assert_true(port_wait_link(&port, true, 2000));
	flows_run(&flow, 1, 2000);
	assert_flow_clean(&flow);
	assert_no_violation(peer);
	flow_fini(&flow);
}

static void
second_peer_is_refused_and_the_first_keeps_its_port(void **state)
{
	struct peer *first, *second;
	struct peer_info info;
	struct port port;

	(void)state;
	port_name(&port, 0);
	assert_int_equal(port_plug(&port, "server=1"), 0);
	first = harness_peer(&port, &connecting_peer);
	port_bring_up(&port, &one_queue);
	second = harness_peer(&port, &connecting_peer);
	usleep(200000);
	assert_traffic(&port, "mix", PACKETS);
	peer_get_info(second, &info);
	assert_int_equal(info.reflected, 0);
	peer_get_info(first, &info);
	assert_int_equal(info.connections, 1);
	/* It may have the port once the first is gone. */
	harness_peer_stop(first);
	assert_true(port_wait_link(&port, false, 1000));
	assert_true(port_wait_link(&port, true, 3000));
	assert_traffic(&port, "mix", PACKETS);
}

/* Everything that the ledger holds against the flow must be in flight at one of the deaths. */
static void
assert_only_window_lost(const struct flow *flow, unsigned int deaths)
{
	struct traffic_verdict verdict = {0};
	char text[512];

	traffic_judge(&verdict, &flow->ledger, flow->sent);
	if (verdict.corrupt + verdict.foreign + verdict.stale > 0 ||
			verdict.lost > (uint64_t)deaths * 2 * RING ||
			verdict.duplicated > (uint64_t)deaths * 2 * RING)
		fail_msg("after %u deaths: %s", deaths, traffic_text(&verdict, text, sizeof(text)));
}

static void
peer_dies_under_traffic_and_comes_back(void **state)
{
	const struct peer_config *config = *state;
	const unsigned int deaths = (unsigned int)harness_count(5, 50);
	struct port port;
	struct flow flow;
	struct peer *peer;

	port_name(&port, 0);
	if (config->connects)
		assert_int_equal(port_plug(&port, devargs_for(config)), 0);
	peer = harness_peer(&port, config);
	if (!config->connects)
		assert_int_equal(port_plug(&port, devargs_for(config)), 0);
	port_bring_up(&port, &one_queue);
	flow_init(&flow, &port, 0, "mix", UINT64_MAX);
	for (unsigned int i = 0; i < deaths; i++) {
		for (unsigned int burst = 0; burst < 100 + 7 * i; burst++) {
			flow_send(&flow);
			flow_receive(&flow);
		}
		peer_leave(peer);
		assert_true(port_wait_link(&port, false, 1000));
		assert_int_equal(flow_send(&flow), 0);
		peer_come_back(peer);
		assert_true(port_wait_link(&port, true, 5000));
	}
	flow.limit = flow.sent + flow.nr_pending;
	flows_run(&flow, 1, 300);
	flows_drain(&flow, 1, 100);
	assert_only_window_lost(&flow, deaths);
	assert_no_violation(peer);
	assert_traffic(&port, "mix", PACKETS);
	assert_int_equal(port_xstat(&port, "disconnects"), deaths);
	assert_int_equal(port_xstat(&port, "reconnects"), deaths);
	flow_fini(&flow);
}

static void
port_without_its_peer_can_be_stopped_and_removed(void **state)
{
	const struct peer_config *config = *state;
	struct footprint before;
	struct port port;
	struct flow flow;
	struct peer *peer;
	uint64_t start;

	footprint_take(&before);
	port_name(&port, 0);
	if (config->connects)
		assert_int_equal(port_plug(&port, devargs_for(config)), 0);
	peer = harness_peer(&port, config);
	if (!config->connects)
		assert_int_equal(port_plug(&port, devargs_for(config)), 0);
	port_bring_up(&port, &one_queue);
	flow_init(&flow, &port, 0, "mix", UINT64_MAX);
	for (unsigned int burst = 0; burst < 100; burst++)
		flow_send(&flow);
	harness_peer_stop(peer);
	assert_true(port_wait_link(&port, false, 1000));
	start = now_ms();
	assert_int_equal(rte_eth_dev_stop(port.id), 0);
	assert_in_time(start, "stop");
	flow_fini(&flow);
	start = now_ms();
	port_unplug(&port);
	assert_in_time(start, "remove");
	assert_same_footprint(&before);
}

static void
stopped_port_finds_its_new_peer_at_the_next_start(void **state)
{
	struct port port;
	struct peer *peer;

	(void)state;
	port_name(&port, 0);
	peer = harness_peer(&port, &listening_peer);
	assert_int_equal(port_plug(&port, NULL), 0);
	port_bring_up(&port, &one_queue);
	assert_traffic(&port, "mix", PACKETS);
	assert_int_equal(rte_eth_dev_stop(port.id), 0);
	peer_leave(peer);
	usleep(50000);
	peer_come_back(peer);
	assert_int_equal(rte_eth_dev_start(port.id), 0);
	assert_true(port_wait_link(&port, true, 5000));
	assert_traffic(&port, "mix", PACKETS);
	assert_no_violation(peer);
}

/* --- link events --- */

static unsigned int events_up, events_down;

static int
count_event(uint16_t id, enum rte_eth_event_type type, void *arg, void *ret)
{
	struct rte_eth_link link;

	(void)type;
	(void)arg;
	(void)ret;
	if (rte_eth_link_get_nowait(id, &link) != 0)
		return 0;
	__atomic_fetch_add(link.link_status == RTE_ETH_LINK_UP ? &events_up : &events_down, 1,
		__ATOMIC_SEQ_CST);
	return 0;
}

static bool
wait_event(const unsigned int *counter, unsigned int count)
{
	for (uint64_t end = now_ms() + 3000; now_ms() < end; usleep(1000))
		if (__atomic_load_n(counter, __ATOMIC_SEQ_CST) >= count)
			return true;
	return false;
}

static void
link_events_tell_of_each_change(void **state)
{
	const struct port_setup with_events = {.rxqs = 1, .lsc = true};
	struct port port;
	struct peer *peer;

	(void)state;
	events_up = 0;
	events_down = 0;
	port_name(&port, 0);
	peer = harness_peer(&port, &listening_peer);
	assert_int_equal(port_plug(&port, NULL), 0);
	rte_eth_dev_callback_register(port.id, RTE_ETH_EVENT_INTR_LSC, count_event, NULL);
	port_bring_up(&port, &with_events);
	peer_leave(peer);
	assert_true(wait_event(&events_down, 1));
	peer_come_back(peer);
	assert_true(wait_event(&events_up, 1));
	assert_true(port_wait_link(&port, true, 1000));
	rte_eth_dev_callback_unregister(port.id, RTE_ETH_EVENT_INTR_LSC, count_event, NULL);
	assert_int_equal(events_down, 1);
}

static void
sigpipe_has_its_default_disposition(void **state)
{
	struct sigaction action;

	(void)state;
	assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
	assert_true(action.sa_handler == SIG_DFL);
}

#define BOTH_ROLES(test) \
	{.name = #test "_when_it_listens", .test_func = test, \
	 .initial_state = (void *)(uintptr_t)&listening_peer}, \
	{.name = #test "_when_it_connects", .test_func = test, \
	 .initial_state = (void *)(uintptr_t)&connecting_peer}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sigpipe_has_its_default_disposition),
		cmocka_unit_test(server_port_comes_up_without_a_peer),
		cmocka_unit_test(second_peer_is_refused_and_the_first_keeps_its_port),
		BOTH_ROLES(peer_dies_under_traffic_and_comes_back),
		BOTH_ROLES(port_without_its_peer_can_be_stopped_and_removed),
		cmocka_unit_test(stopped_port_finds_its_new_peer_at_the_next_start),
		cmocka_unit_test(link_events_tell_of_each_change),
		cmocka_unit_test(sigpipe_has_its_default_disposition),
	};

	signal(SIGPIPE, SIG_DFL);
	harness_deadline = 1000;
	if (harness_init(256) < 0)
		return 1;
	return harness_run("reconnect", tests, RTE_DIM(tests));
}
