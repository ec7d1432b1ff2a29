/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A peer that breaks the protocol: at every message of the handshake and of a stop, in every way
 * that a reply can be wrong. For each: no call takes longer than the deadline allows, the process
 * lives, a port beside it forwards on without a loss, nothing is left behind, one line tells what
 * happened, and the socket serves an honest peer afterwards. Lying rings are test_bad_ring.c's.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_log.h>

#include "vhost_user/message.h"
#include "virtio/net.h"

#include "harness.h"

#define COUNT 200

/** What the front-end is to notice first. */
enum outcome {
	PLUG_FAILS,   /**< the port does not come to be */
	START_FAILS,  /**< it does, but configure or start report the error */
	LINK_DOWN,    /**< start succeeds, the link is down */
	STOP_IS_LATE, /**< all is well until the port is stopped */
	HARMLESS,     /**< a port that works all the same */
};

/** One way to misbehave, and what comes of it. */
struct row {
	const char *name;
	struct peer_fault fault;
	enum outcome outcome;
	uint64_t without_protocol;
	const char *devargs;
	unsigned int lines; /**< logged about something harmless; any other fault gets one */
	bool has_config;    /**< the peer has a configuration space, with a MAC address and an MTU */
};

static const struct row rows[] = {
	{"get_features_never_answered", {.kind = PEER_SILENT_ON,
		.request = VHOST_USER_GET_FEATURES}, PLUG_FAILS},
	{"get_features_with_wrong_size", {.kind = PEER_REPLY_SIZE,
		.request = VHOST_USER_GET_FEATURES, .value = 4}, PLUG_FAILS},
	{"get_features_with_greater_size", {.kind = PEER_REPLY_SIZE,
		.request = VHOST_USER_GET_FEATURES, .value = 16}, PLUG_FAILS},
	{"get_features_with_huge_size", {.kind = PEER_REPLY_SIZE,
		.request = VHOST_USER_GET_FEATURES, .value = UINT32_MAX}, PLUG_FAILS},
	{"get_features_without_payload", {.kind = PEER_REPLY_SIZE,
		.request = VHOST_USER_GET_FEATURES, .value = 0}, PLUG_FAILS},
	{"get_features_with_wrong_id", {.kind = PEER_REPLY_ID,
		.request = VHOST_USER_GET_FEATURES}, PLUG_FAILS},
	{"get_features_not_flagged_as_reply", {.kind = PEER_REPLY_FLAGS,
		.request = VHOST_USER_GET_FEATURES, .value = VHOST_USER_FLAG_VERSION}, PLUG_FAILS},
	{"get_features_of_another_version", {.kind = PEER_REPLY_FLAGS,
		.request = VHOST_USER_GET_FEATURES, .value = VHOST_USER_FLAG_REPLY | 2},
		PLUG_FAILS},
	{"get_features_with_half_a_header", {.kind = PEER_REPLY_HALF,
		.request = VHOST_USER_GET_FEATURES, .value = 6}, PLUG_FAILS},
	{"get_features_with_half_a_payload", {.kind = PEER_REPLY_HALF,
		.request = VHOST_USER_GET_FEATURES, .value = 15}, PLUG_FAILS},
	{"get_features_with_surplus_fds", {.kind = PEER_REPLY_FDS,
		.request = VHOST_USER_GET_FEATURES, .value = 3}, PLUG_FAILS},
	{"get_features_with_trailing_bytes", {.kind = PEER_REPLY_TRAILING,
		.request = VHOST_USER_GET_FEATURES, .value = 5}, PLUG_FAILS},
	{"get_protocol_features_never_answered", {.kind = PEER_SILENT_ON,
		.request = VHOST_USER_GET_PROTOCOL_FEATURES}, PLUG_FAILS},
	{"get_protocol_features_with_wrong_id", {.kind = PEER_REPLY_ID,
		.request = VHOST_USER_GET_PROTOCOL_FEATURES}, PLUG_FAILS},
	{"get_protocol_features_offers_all_bits", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_PROTOCOL_FEATURES,
		.value = UINT64_C(0x18009)}, HARMLESS},
	{"no_legacy_support_is_said", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_FEATURES, .value = 0}, START_FAILS},
	{"queue_num_of_zero", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_QUEUE_NUM, .value = 0}, PLUG_FAILS, 0, "queues=4"},
	{"queue_num_never_answered", {.kind = PEER_SILENT_ON,
		.request = VHOST_USER_GET_QUEUE_NUM}, PLUG_FAILS, 0, "queues=4"},
	{"queue_num_of_less_than_asked", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_QUEUE_NUM, .value = 2}, PLUG_FAILS, 0, "queues=4"},
	{"get_config_never_answered", {.kind = PEER_SILENT_ON,
		.request = VHOST_USER_GET_CONFIG}, PLUG_FAILS, .has_config = true},
	{"get_config_cut_short", {.kind = PEER_REPLY_SIZE,
		.request = VHOST_USER_GET_CONFIG, .value = 4}, PLUG_FAILS, .has_config = true},
	{"get_config_of_fewer_bytes", {.kind = PEER_REPLY_SIZE,
		.request = VHOST_USER_GET_CONFIG, .value = VHOST_USER_CONFIG_HEADER + 6},
		PLUG_FAILS, .has_config = true},
	{"get_config_of_more_bytes", {.kind = PEER_REPLY_SIZE,
		.request = VHOST_USER_GET_CONFIG, .value = VHOST_USER_CONFIG_HEADER + 256},
		PLUG_FAILS, .has_config = true},
	{"get_config_refused_as_the_protocol_has_it", {.kind = PEER_REPLY_SIZE,
		.request = VHOST_USER_GET_CONFIG, .value = 0}, HARMLESS, .has_config = true},
	{"get_config_that_says_another_offset", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_CONFIG,
		.value = 4 | (uint64_t)sizeof(struct virtio_net_config) << 32}, PLUG_FAILS,
		.has_config = true},
	{"get_config_that_says_another_size", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_CONFIG, .value = (uint64_t)UINT32_MAX << 32}, PLUG_FAILS,
		.has_config = true},
	{"config_with_no_queue_pairs", {.kind = PEER_CONFIG_WORD, .value = 0,
		.at = offsetof(struct virtio_net_config, max_virtqueue_pairs)}, HARMLESS,
		.has_config = true, .devargs = "queues=4"},
	{"config_with_65535_queue_pairs", {.kind = PEER_CONFIG_WORD, .value = 65535,
		.at = offsetof(struct virtio_net_config, max_virtqueue_pairs)}, HARMLESS,
		.has_config = true, .devargs = "queues=4"},
	{"config_with_an_mtu_of_0", {.kind = PEER_CONFIG_WORD, .value = 0,
		.at = offsetof(struct virtio_net_config, mtu)}, HARMLESS, .has_config = true},
	{"config_with_an_mtu_of_67", {.kind = PEER_CONFIG_WORD, .value = 67,
		.at = offsetof(struct virtio_net_config, mtu)}, HARMLESS, .has_config = true},
	{"config_with_an_mtu_of_65535", {.kind = PEER_CONFIG_WORD, .value = 65535,
		.at = offsetof(struct virtio_net_config, mtu)}, HARMLESS, .has_config = true},
	{"config_with_a_multicast_address", {.kind = PEER_CONFIG_WORD, .value = 0xffff,
		.at = offsetof(struct virtio_net_config, mac)}, HARMLESS, .has_config = true},
	{"config_with_the_link_down_and_all_else", {.kind = PEER_CONFIG_WORD, .value = 0xfffe,
		.at = offsetof(struct virtio_net_config, status)}, HARMLESS, .has_config = true},
	{"max_mem_slots_of_zero", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_MAX_MEM_SLOTS, .value = 0}, HARMLESS},
	{"max_mem_slots_of_one", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_MAX_MEM_SLOTS, .value = 1}, HARMLESS},
	{"max_mem_slots_of_2_to_the_63", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_MAX_MEM_SLOTS, .value = UINT64_C(1) << 63}, HARMLESS},
	{"max_mem_slots_never_answered", {.kind = PEER_SILENT_ON,
		.request = VHOST_USER_GET_MAX_MEM_SLOTS}, PLUG_FAILS},
	{"set_features_refused", {.kind = PEER_NACK,
		.request = VHOST_USER_SET_FEATURES}, START_FAILS},
	{"set_features_never_acked", {.kind = PEER_SILENT_ON,
		.request = VHOST_USER_SET_FEATURES}, START_FAILS},
	{"set_mem_table_refused", {.kind = PEER_NACK,
		.request = VHOST_USER_SET_MEM_TABLE}, LINK_DOWN,
		VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS)},
	{"set_mem_table_never_acked", {.kind = PEER_SILENT_ON,
		.request = VHOST_USER_SET_MEM_TABLE}, LINK_DOWN,
		VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS)},
	{"add_mem_reg_refused", {.kind = PEER_NACK,
		.request = VHOST_USER_ADD_MEM_REG}, LINK_DOWN},
	{"get_status_never_answered", {.kind = PEER_SILENT_ON,
		.request = VHOST_USER_GET_STATUS}, START_FAILS},
	{"get_status_of_zero", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_STATUS, .value = 0}, START_FAILS},
	{"set_vring_enable_refused", {.kind = PEER_NACK,
		.request = VHOST_USER_SET_VRING_ENABLE}, LINK_DOWN},
	{"get_vring_base_never_answered", {.kind = PEER_SILENT_ON,
		.request = VHOST_USER_GET_VRING_BASE}, STOP_IS_LATE},
	{"get_vring_base_with_wrong_size", {.kind = PEER_REPLY_SIZE,
		.request = VHOST_USER_GET_VRING_BASE, .value = 4}, STOP_IS_LATE},
	{"get_vring_base_with_wrong_id", {.kind = PEER_REPLY_ID,
		.request = VHOST_USER_GET_VRING_BASE}, STOP_IS_LATE},
	{"get_vring_base_of_another_ring", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_VRING_BASE, .value = 77}, STOP_IS_LATE},
	{"get_vring_base_with_impossible_index", {.kind = PEER_REPLY_VALUE,
		.request = VHOST_USER_GET_VRING_BASE, .value = UINT64_C(0xffff0000) << 16},
		STOP_IS_LATE},
	{"get_vring_base_with_half_a_header", {.kind = PEER_REPLY_HALF,
		.request = VHOST_USER_GET_VRING_BASE, .value = 3}, STOP_IS_LATE},
};

/** The port beside, which must notice nothing. */
struct bystander {
	struct port port;
	struct peer *peer;
	struct flow flow;
};

static void
bystander_start(struct bystander *by)
{
	const struct peer_config config = {.path = NULL};
	const struct port_setup setup = {.rxqs = 1};

	port_name(&by->port, 1);
	by->peer = harness_peer(&by->port, &config);
	assert_int_equal(port_plug(&by->port, NULL), 0);
	port_bring_up(&by->port, &setup);
	flow_init(&by->flow, &by->port, 0, "mix", UINT64_MAX);
}

static void
bystander_work(struct bystander *by)
{
	for (unsigned int i = 0; i < 8; i++) {
		flow_send(&by->flow);
		flow_receive(&by->flow);
	}
}

static void
bystander_stop(struct bystander *by)
{
	by->flow.limit = by->flow.sent + by->flow.nr_pending;
	flows_run(&by->flow, 1, 1000);
	assert_flow_clean(&by->flow);
	assert_no_violation(by->peer);
	flow_fini(&by->flow);
	port_unplug(&by->port);
	harness_peer_stop(by->peer);
}

/* Bursts of a port whatever its state: a few frames must neither hang nor crash. */
static void
poke(const struct port *port)
{
	struct flow flow;
	const uint64_t start = now_ms();

	flow_init(&flow, port, 0, "mix", COUNT);
	for (unsigned int i = 0; i < 50; i++) {
		flow_send(&flow);
		flow_receive(&flow);
	}
	assert_in_time(start, "bursts");
	flow_fini(&flow);
}

/* The step that is expected to fail, and no other. @return whether the port was started */
static bool
start_within_deadline(const struct port *port, const struct row *row)
{
	const struct port_setup setup = {.rxqs = 1};
	uint64_t start = now_ms();
	int rc = port_configure(port, &setup);

	assert_in_time(start, "configure");
	if (rc == 0) {
		start = now_ms();
		rc = rte_eth_dev_start(port->id);
		assert_in_time(start, "start");
	}
	if (row->outcome == START_FAILS || row->outcome == LINK_DOWN) {
		/* A peer lost while the port starts may be an error of start, or a link that is down. */
		assert_false(rc == 0 && port_link(port));
		return rc == 0;
	}
	if (rc != 0)
		fail_msg("start: %d", rc);
	return true;
}

static void
live_and_die(const struct port *port, const struct row *row, struct bystander *by)
{
	struct rte_eth_link link;
	uint64_t start;
	bool started = start_within_deadline(port, row);

	bystander_work(by);
	if (row->outcome == HARMLESS || row->outcome == STOP_IS_LATE) {
		assert_true(port_wait_link(port, true, 1000));
		assert_traffic(port, "mix", COUNT);
	} else if (started) {
		poke(port);
	}
	start = now_ms();
	assert_int_equal(rte_eth_link_get(port->id, &link), 0);
	assert_in_time(start, "link_get");
	bystander_work(by);
	start = now_ms();
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_in_time(start, "stop");
	assert_true(row->outcome == HARMLESS || !port_link(port));
}

static void
assert_log(const struct row *row, const struct port *port)
{
	const unsigned int lines = port_log_count(port);

	if (lines != (row->outcome == HARMLESS ? row->lines : 1))
		fail_msg("%u lines about %s:\n%s", lines, port->name, log_text());
}

static void
honest_peer_is_served(struct port *port)
{
	const struct peer_config config = {.path = NULL};
	const struct port_setup setup = {.rxqs = 1};
	struct peer *peer = harness_peer(port, &config);

	assert_int_equal(port_plug(port, NULL), 0);
	port_bring_up(port, &setup);
	assert_traffic(port, "mix", COUNT);
	port_unplug(port);
	harness_peer_stop(peer);
}

static void
bad_peer_is_survived(void **state)
{
	const struct row *row = *state;
	const struct peer_config config = {.fault = row->fault, .queue_pairs = 4,
		.without_protocol = row->without_protocol, .mtu = row->has_config ? 1500 : 0,
		.mac = {row->has_config ? 2 : 0}};
	struct footprint before;
	struct bystander by;
	struct peer_info info;
	struct port port;
	struct peer *peer;
	uint64_t start;
	int rc;

	footprint_take(&before);
	bystander_start(&by);
	port_name(&port, 0);
	peer = harness_peer(&port, &config);
	log_clear();
	start = now_ms();
	rc = port_plug(&port, row->devargs);
	assert_in_time(start, "plug");
	bystander_work(&by);
	if (row->outcome != PLUG_FAILS && rc != 0)
		fail_msg("plug: %d\n%s", rc, log_text());
	if (rc == 0) {
		live_and_die(&port, row, &by);
		start = now_ms();
		port_unplug(&port);
		assert_in_time(start, "remove");
	}
	assert_true(row->outcome != PLUG_FAILS || rc < 0);
	assert_log(row, &port);
	peer_get_info(peer, &info);
	assert_true(info.faults > 0);
	harness_peer_stop(peer);
	honest_peer_is_served(&port);
	bystander_stop(&by);
	assert_same_footprint(&before);
}

/* --- a peer that leaves, or falls silent, at each message in turn --- */

/** What happens at a message. */
struct cut {
	enum peer_fault_kind kind;
	bool server;
	bool packed;
};

static const char *
devargs_of(const struct cut *cut)
{
	if (cut->packed)
		return cut->server ? "server=1,packed_vq=1" : "packed_vq=1";
	return cut->server ? "server=1" : NULL;
}

/* How many messages an honest life takes, plug to stop. */
static uint32_t
messages_of_a_life(const struct cut *cut)
{
	const struct peer_config config = {.connects = cut->server};
	const struct port_setup setup = {.rxqs = 1};
	struct peer_info info;
	struct port port;
	struct peer *peer;

	port_name(&port, 0);
	peer = harness_peer(&port, &config);
	assert_int_equal(port_plug(&port, devargs_of(cut)), 0);
	port_bring_up(&port, &setup);
	assert_int_equal(rte_eth_dev_stop(port.id), 0);
	peer_get_info(peer, &info);
	port_unplug(&port);
	harness_peer_stop(peer);
	return info.events;
}

static void
timed_life(struct port *port, const char *devargs)
{
	const struct port_setup setup = {.rxqs = 1};
	uint64_t start = now_ms();
	int rc = port_plug(port, devargs);

	assert_in_time(start, "plug");
	if (rc != 0)
		return;
	start = now_ms();
	rc = port_configure(port, &setup);
	assert_in_time(start, "configure");
	start = now_ms();
	if (rc == 0)
		rc = rte_eth_dev_start(port->id);
	assert_in_time(start, "start");
	if (rc == 0)
		poke(port);
	start = now_ms();
	rte_eth_dev_stop(port->id);
	assert_in_time(start, "stop");
	start = now_ms();
	port_unplug(port);
	assert_in_time(start, "remove");
}

static void
peer_cut_at_each_message_is_survived(void **state)
{
	const struct cut *cut = *state;
	const uint32_t nr = messages_of_a_life(cut);
	struct footprint before;

	footprint_take(&before);
	assert_in_range(nr, 10, 100);
	for (uint32_t at = 0; at < nr; at++) {
		const struct peer_config config = {.connects = cut->server,
			.fault = {.kind = cut->kind, .at = at}};
		struct port port;
		struct peer *peer;

		port_name(&port, 0);
		peer = harness_peer(&port, &config);
		timed_life(&port, devargs_of(cut));
		harness_peer_stop(peer);
	}
	assert_same_footprint(&before);
}

/* --- bytes that nobody asked for, while all is well --- */

static void
unsolicited_bytes_take_the_link_down_until_the_peer_is_back(void **state)
{
	static const uint8_t junk[] = "unasked for";
	const struct peer_config config = {.path = NULL};
	const struct port_setup setup = {.rxqs = 1};
	struct port port;
	struct peer *peer;

	(void)state;
	port_name(&port, 0);
	peer = harness_peer(&port, &config);
	assert_int_equal(port_plug(&port, NULL), 0);
	port_bring_up(&port, &setup);
	log_clear();
	assert_int_equal(peer_send_raw(peer, junk, sizeof(junk)), 0);
	assert_true(port_wait_link(&port, false, 1000));
	assert_true(port_wait_link(&port, true, 3000));
	assert_int_equal(port_log_count(&port), 1);
	assert_traffic(&port, "mix", COUNT);
}

#define CUT(text, ...) \
	{.name = text, .test_func = peer_cut_at_each_message_is_survived, \
	 .initial_state = &(struct cut){__VA_ARGS__}}

static const struct CMUnitTest fixed_tests[] = {
	CUT("peer_that_leaves_after_each_message", PEER_CLOSE_AFTER),
	CUT("peer_that_is_silent_from_each_message_on", PEER_SILENT_FROM),
	CUT("connecting_peer_that_leaves_after_each_message", PEER_CLOSE_AFTER, .server = true),
	CUT("connecting_peer_that_is_silent_from_each_message_on", PEER_SILENT_FROM, .server = true),
	CUT("packed_peer_that_leaves_after_each_message", PEER_CLOSE_AFTER, .packed = true),
	CUT("connecting_packed_peer_that_leaves_after_each_message", PEER_CLOSE_AFTER,
		.server = true, .packed = true),
	cmocka_unit_test(unsolicited_bytes_take_the_link_down_until_the_peer_is_back),
};

int
main(void)
{
	struct CMUnitTest tests[RTE_DIM(fixed_tests) + RTE_DIM(rows)];
	size_t nr = RTE_DIM(fixed_tests);

	harness_deadline = 400;
	if (harness_init(256) < 0)
		return 1;
	/* What is worth a line to the user: an error, not the port's life as usual. */
	rte_log_set_level_pattern("pmd.net.virtio_user", RTE_LOG_WARNING);
	memcpy(tests, fixed_tests, sizeof(fixed_tests));
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		tests[nr++] = (struct CMUnitTest){.name = rows[i].name,
			.test_func = bad_peer_is_survived,
			.initial_state = (void *)(uintptr_t)&rows[i]};
	return harness_run("bad_peer", tests, nr);
}
