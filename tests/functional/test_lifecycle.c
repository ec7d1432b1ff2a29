/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Ports that come and go: start and stop, plug and unplug, configure anew, again and again. Nothing
 * is lost over a stop, nothing is touched after one, and nothing is left at the end.
 *
 * Covers: vhost-user, rings that stop (GET_VRING_BASE) and go on where they were (SET_VRING_BASE);
 * VIRTIO 1.3 3.1.1 (initialization in order).
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vhost_user/message.h"

#include "harness.h"

#define PACKETS 500

static const struct peer_config honest = {.path = NULL};
static const struct port_setup one_queue = {.rxqs = 1};

static void
configure_start_traffic_stop_leaks_nothing(void **state)
{
	const uint64_t rounds = harness_count(100, 1000);
	struct footprint before, in_between;
	struct port port;
	struct peer *peer;

	(void)state;
	footprint_take(&before);
	port_name(&port, 0);
	peer = harness_peer(&port, &honest);
	assert_int_equal(port_plug(&port, NULL), 0);
	for (uint64_t i = 0; i < rounds; i++) {
		port_bring_up(&port, &one_queue);
		assert_traffic(&port, "mix", PACKETS);
		assert_int_equal(rte_eth_dev_stop(port.id), 0);
		if (i == 0)
			footprint_take(&in_between);
	}
	/* Mbufs: some stay posted between a stop and the next start, and not always as many. */
	in_between.mbufs = rte_mempool_avail_count(harness_pool);
	assert_same_footprint(&in_between);
	assert_no_violation(peer);
	port_unplug(&port);
	harness_peer_stop(peer);
	assert_same_footprint(&before);
}

static void
plug_and_unplug_leaks_nothing(void **state)
{
	const uint64_t rounds = harness_count(30, 200);
	struct footprint before;
	struct port port;
	struct peer *peer;

	(void)state;
	footprint_take(&before);
	port_name(&port, 0);
	peer = harness_peer(&port, &honest);
	for (uint64_t i = 0; i < rounds; i++) {
		assert_int_equal(port_plug(&port, NULL), 0);
		if (i % 2 == 0) {
			port_bring_up(&port, &one_queue);
			assert_traffic(&port, "mix", PACKETS);
		}
		port_unplug(&port);
	}
	assert_no_violation(peer);
	harness_peer_stop(peer);
	assert_same_footprint(&before);
}

static void
restart_under_traffic_loses_nothing(void **state)
{
	const char *devargs = *state;
	const uint64_t rounds = harness_count(50, 1000);
	struct port port;
	struct flow flow;
	struct peer *peer;

	port_name(&port, 0);
	peer = harness_peer(&port, &honest);
	assert_int_equal(port_plug(&port, devargs), 0);
	port_bring_up(&port, &one_queue);
	flow_init(&flow, &port, 0, "mix", UINT64_MAX);
	for (uint64_t i = 0; i < rounds; i++) {
		for (unsigned int burst = 0; burst < 1 + i % 40; burst++) {
			flow_send(&flow);
			flow_receive(&flow);
		}
		/* Both rings are full of packets now. */
		assert_int_equal(rte_eth_dev_stop(port.id), 0);
		assert_int_equal(rte_eth_dev_start(port.id), 0);
	}
	flow.limit = flow.sent + flow.nr_pending;
	flows_run(&flow, 1, 2000);
	assert_flow_clean(&flow);
	assert_no_violation(peer);
	flow_fini(&flow);
}

static void
nothing_is_touched_after_a_stop(void **state)
{
	struct rte_mbuf *frames[HARNESS_BURST];
	struct rte_eth_fp_ops ops;
	struct peer_info info;
	struct port port;
	struct flow flow;
	struct peer *peer;
	uint64_t hash;

	(void)state;
	port_name(&port, 0);
	peer = harness_peer(&port, &honest);
	assert_int_equal(port_plug(&port, NULL), 0);
	port_bring_up(&port, &one_queue);
	flow_init(&flow, &port, 0, "mix", UINT64_MAX);
	for (unsigned int i = 0; i < 100; i++) {
		flow_send(&flow);
		flow_receive(&flow);
	}
	peer_hold(peer, true);
	while (flow.nr_pending == 0)
		flow_send(&flow);
	peer_hold(peer, false);
	/* As a thread would that had not noticed: ethdev itself keeps bursts from a stopped port. */
	ops = rte_eth_fp_ops[port.id];
	assert_true(flow.nr_pending > 0);
	assert_int_equal(rte_eth_dev_stop(port.id), 0);
	peer_get_info(peer, &info);
	assert_int_equal(info.rings_started, 0);
	hash = peer_hash_rings(peer);
	usleep(50000);
	assert_int_equal(ops.rx_pkt_burst(ops.rxq.data[0], frames, HARNESS_BURST), 0);
	assert_int_equal(ops.tx_pkt_burst(ops.txq.data[0], flow.pending, flow.nr_pending), 0);
	assert_true(peer_hash_rings(peer) == hash);
	flow_fini(&flow);
}

/** What a reconfiguration asks for. */
struct shape {
	struct port_setup setup;
	const char *sizes;
};

static const struct shape shapes[] = {
	{{.rxqs = 1, .txqs = 1}, "mix"},
	{{.rxqs = 4, .txqs = 4, .rx_size = 64, .tx_size = 512}, "mix"},
	{{.rxqs = 2, .txqs = 2, .rx_size = 1024, .tx_size = 1024, .mtu = 9000}, "jumbo"},
	{{.rxqs = 1, .txqs = 1, .rx_size = 4, .tx_size = 8}, "64"},
	{{.rxqs = 3, .txqs = 3, .rx_size = 128, .tx_size = 128}, "1518"},
};

static void
run_shape(const struct port *port, const struct shape *shape)
{
	struct flow flows[HARNESS_MAX_QUEUES];

	for (uint16_t q = 0; q < shape->setup.rxqs; q++)
		flow_init(&flows[q], port, q, shape->sizes, PACKETS);
	flows_run(flows, shape->setup.rxqs, 2000);
	for (uint16_t q = 0; q < shape->setup.rxqs; q++)
		assert_flow_clean(&flows[q]);
	for (uint16_t q = 0; q < shape->setup.rxqs; q++)
		flow_fini(&flows[q]);
}

static void
reconfigure_with_other_queues_and_sizes(void **state)
{
	const struct peer_config config = {.queue_pairs = 4};
	struct footprint before;
	struct port port;
	struct peer *peer;

	(void)state;
	footprint_take(&before);
	port_name(&port, 0);
	peer = harness_peer(&port, &config);
	assert_int_equal(port_plug(&port, "queues=4"), 0);
	for (unsigned int round = 0; round < 2; round++) {
		for (size_t i = 0; i < RTE_DIM(shapes); i++) {
			port_bring_up(&port, &shapes[i].setup);
			run_shape(&port, &shapes[i]);
			assert_int_equal(rte_eth_dev_stop(port.id), 0);
		}
	}
	assert_no_violation(peer);
	port_unplug(&port);
	harness_peer_stop(peer);
	assert_same_footprint(&before);
}

/* A stopped port learns at the next configure that today's peer offers something else. */
static void
reconfigure_with_other_features(void **state)
{
	const struct peer_config poorer = {.without = UINT64_C(1) << 15 /* MRG_RXBUF */};
	struct rte_eth_burst_mode mode;
	struct peer_info info;
	struct port port;
	struct peer *peer;

	(void)state;
	port_name(&port, 0);
	peer = harness_peer(&port, &honest);
	assert_int_equal(port_plug(&port, NULL), 0);
	port_bring_up(&port, &one_queue);
	assert_traffic(&port, "mix", PACKETS);
	assert_int_equal(rte_eth_dev_stop(port.id), 0);
	harness_peer_stop(peer);
	port_unplug(&port);

	peer = harness_peer(&port, &poorer);
	assert_int_equal(port_plug(&port, NULL), 0);
	port_bring_up(&port, &one_queue);
	assert_traffic(&port, "mix", PACKETS);
	assert_int_equal(rte_eth_rx_burst_mode_get(port.id, 0, &mode), 0);
	assert_null(strstr(mode.info, "mergeable"));
	peer_get_info(peer, &info);
	assert_int_equal(info.features & poorer.without, 0);
}

/* --- the order of messages at a start --- */

static uint32_t
position_of(const struct peer_event *events, uint32_t nr, uint32_t request, bool last)
{
	uint32_t found = UINT32_MAX;

	for (uint32_t i = 0; i < nr; i++) {
		if (events[i].request == request && (last || found == UINT32_MAX))
			found = i;
	}
	if (found == UINT32_MAX)
		fail_msg("%s was never sent", vhost_user_message_name(VHOST_USER_TO_BACKEND,
			request));
	return found;
}

static void
messages_of_a_start_come_in_order(void **state)
{
	static const uint32_t order[] = {VHOST_USER_SET_OWNER, VHOST_USER_SET_FEATURES,
		VHOST_USER_SET_MEM_TABLE, VHOST_USER_SET_VRING_NUM, VHOST_USER_SET_VRING_ADDR,
		VHOST_USER_SET_VRING_KICK, VHOST_USER_SET_VRING_ENABLE};
	const struct peer_config config = {.without_protocol =
		VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS)};
	static struct peer_event events[PEER_MAX_EVENTS];
	struct port port;
	struct peer *peer;
	uint32_t nr;

	(void)state;
	port_name(&port, 0);
	peer = harness_peer(&port, &config);
	assert_int_equal(port_plug(&port, NULL), 0);
	port_bring_up(&port, &one_queue);
	nr = peer_get_events(peer, events, PEER_MAX_EVENTS);
	for (size_t i = 1; i < RTE_DIM(order); i++) {
		/* All of one kind before the first of the next. */
		const bool last = order[i - 1] == VHOST_USER_SET_VRING_ADDR;

		if (position_of(events, nr, order[i - 1], last) >=
				position_of(events, nr, order[i], false))
			fail_msg("%s is late", vhost_user_message_name(VHOST_USER_TO_BACKEND,
				order[i - 1]));
	}
}

/* --- a process whose first three descriptors are closed: sockets and eventfds get these numbers --- */

#define STANDARD_FDS 3

static int kept_fds[STANDARD_FDS] = {-1, -1, -1};

static void
standard_fds_close(void)
{
	for (int fd = 0; fd < STANDARD_FDS; fd++) {
		kept_fds[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
		assert_true(kept_fds[fd] >= 0);
	}
	fflush(NULL);
	for (int fd = 0; fd < STANDARD_FDS; fd++)
		close(fd);
}

/* Whatever has these numbers now loses them. A teardown, so that a test that failed half way can say so. */
static int
standard_fds_restore(void **state)
{
	for (int fd = 0; fd < STANDARD_FDS; fd++) {
		if (kept_fds[fd] < 0)
			continue;
		dup2(kept_fds[fd], fd);
		close(kept_fds[fd]);
		kept_fds[fd] = -1;
	}
	return harness_cleanup(state);
}

static unsigned int
standard_fds_open(void)
{
	unsigned int open = 0;

	for (int fd = 0; fd < STANDARD_FDS; fd++)
		open += fcntl(fd, F_GETFD) >= 0;
	return open;
}

static void
descriptors_0_to_2_serve_as_well_as_others(void **state)
{
	const char *const devargs[] = {NULL, "packed_vq=1", "server=1"};

	(void)state;
	standard_fds_close();
	for (unsigned int i = 0; i < RTE_DIM(devargs); i++) {
		const bool server = i == 2;
		const struct peer_config config = {.connects = server};
		struct footprint before;
		struct port port;
		struct peer *peer;

		footprint_take(&before);
		port_name(&port, 0);
		/* A server's port comes first, and its listening socket has the lowest number. */
		peer = server ? NULL : harness_peer(&port, &config);
		assert_int_equal(port_plug(&port, devargs[i]), 0);
		if (server)
			peer = harness_peer(&port, &config);
		port_bring_up(&port, &one_queue);
		assert_int_equal(standard_fds_open(), STANDARD_FDS);
		assert_traffic(&port, "mix", PACKETS);
		assert_no_violation(peer);
		port_unplug(&port);
		harness_peer_stop(peer);
		assert_same_footprint(&before);
		assert_int_equal(standard_fds_open(), 0);
	}
}

static void
descriptors_0_to_2_of_somebody_else_are_left_alone(void **state)
{
	struct stat before[STANDARD_FDS], after;
	struct port port;
	struct peer *peer;

	(void)state;
	standard_fds_close();
	for (int fd = 0; fd < STANDARD_FDS; fd++) {
		assert_int_equal(eventfd(0, EFD_CLOEXEC), fd);
		assert_int_equal(fstat(fd, &before[fd]), 0);
	}
	port_name(&port, 0);
	/* Once without a peer, where nothing is ever opened, and once with one. */
	assert_true(port_plug(&port, NULL) < 0);
	peer = harness_peer(&port, &honest);
	assert_int_equal(port_plug(&port, NULL), 0);
	port_bring_up(&port, &one_queue);
	assert_traffic(&port, "mix", PACKETS);
	port_unplug(&port);
	harness_peer_stop(peer);
	for (int fd = 0; fd < STANDARD_FDS; fd++) {
		assert_int_equal(fstat(fd, &after), 0);
		assert_int_equal(after.st_ino, before[fd].st_ino);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configure_start_traffic_stop_leaks_nothing),
		cmocka_unit_test(plug_and_unplug_leaks_nothing),
		{.name = "restart_under_traffic_loses_nothing_split",
			.test_func = restart_under_traffic_loses_nothing,
			.initial_state = (void *)(uintptr_t)"in_order=0,mrg_rxbuf=0"},
		{.name = "restart_under_traffic_loses_nothing_split_mergeable",
			.test_func = restart_under_traffic_loses_nothing,
			.initial_state = (void *)(uintptr_t)"in_order=0,mrg_rxbuf=1"},
		{.name = "restart_under_traffic_loses_nothing_split_in_order",
			.test_func = restart_under_traffic_loses_nothing,
			.initial_state = (void *)(uintptr_t)"in_order=1,mrg_rxbuf=1"},
		{.name = "restart_under_traffic_loses_nothing_packed",
			.test_func = restart_under_traffic_loses_nothing,
			.initial_state = (void *)(uintptr_t)"packed_vq=1,in_order=0"},
		{.name = "restart_under_traffic_loses_nothing_packed_in_order",
			.test_func = restart_under_traffic_loses_nothing,
			.initial_state = (void *)(uintptr_t)"packed_vq=1,in_order=1"},
		cmocka_unit_test(nothing_is_touched_after_a_stop),
		cmocka_unit_test(reconfigure_with_other_queues_and_sizes),
		cmocka_unit_test(reconfigure_with_other_features),
		cmocka_unit_test(messages_of_a_start_come_in_order),
		cmocka_unit_test_teardown(descriptors_0_to_2_serve_as_well_as_others,
			standard_fds_restore),
		cmocka_unit_test_teardown(descriptors_0_to_2_of_somebody_else_are_left_alone,
			standard_fds_restore),
	};

	if (harness_init(256) < 0)
		return 1;
	return harness_run("lifecycle", tests, RTE_DIM(tests));
}
