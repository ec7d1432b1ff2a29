/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A peer that lies in the rings: ids, lengths, indices and merged buffers that cannot be, on every
 * path. A lie about one packet costs that packet and is counted; a lie about the ring breaks the
 * queue, which is counted and logged once. In both cases the process lives, the port can be stopped
 * and started again, every mbuf comes home, and a port beside it loses nothing.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

#include "harness.h"

#define RX 0
#define TX 1
#define COUNT 2000

/** What a lie comes to. */
enum outcome {
	QUEUE_BREAKS, /**< "broken" of the queue is counted, one line is logged, the queue is still */
	PACKET_LOST,  /**< the counter named is up; all other packets arrive */
	PACKETS_STOP, /**< packets of the queue wait for what never comes */
	ANYTHING,     /**< no more than: nothing bad happens */
};

/** One lie. */
struct row {
	const char *name;
	struct peer_fault fault;
	enum outcome outcome;
	const char *counter; /**< of PACKET_LOST: behind "rx_q0_" */
	bool mergeable_only;
	bool id_matters;     /**< split in-order paths do not read ids, so the lie is none to them */
	bool split_only;
	bool packed_only;
	/** On packed in-order paths it may go unseen in a batch, or pass for the last buffer of one that was used whole. */
	bool passes_for_batch;
	bool may_corrupt;    /**< the lie is that buffers were filled, or sent, which were not */
};

static const struct row rows[] = {
	{"rx_id_beyond_the_ring", {PEER_USED_ID, RX, 100, 1, 256}, QUEUE_BREAKS, .id_matters = true},
	{"rx_id_of_all_ones", {PEER_USED_ID, RX, 100, 1, UINT32_MAX}, QUEUE_BREAKS,
		.id_matters = true},
	{"rx_buffer_returned_twice", {PEER_USED_TWICE, RX, 100, 1, 0}, QUEUE_BREAKS,
		.id_matters = true, .passes_for_batch = true},
	{"rx_length_one_beyond_the_buffer", {PEER_USED_LEN_BEYOND, RX, 100, 3, 1}, PACKET_LOST,
		"bad_length"},
	{"rx_length_a_header_beyond_the_buffer", {PEER_USED_LEN_BEYOND, RX, 100, 3, 12},
		PACKET_LOST, "bad_length"},
	{"rx_length_of_4_gib", {PEER_USED_LEN, RX, 100, 3, UINT32_MAX}, PACKET_LOST, "bad_length"},
	{"rx_length_of_zero", {PEER_USED_LEN, RX, 100, 3, 0}, PACKET_LOST, "bad_length"},
	{"rx_length_below_the_header", {PEER_USED_LEN, RX, 100, 3, 11}, PACKET_LOST, "bad_length"},
	{"rx_length_of_the_header_alone", {PEER_USED_LEN, RX, 100, 3, 12}, PACKET_LOST,
		"bad_length"},
	{"rx_used_index_beyond_what_was_posted", {PEER_USED_JUMP, RX, 100, 0, 300}, QUEUE_BREAKS,
		.split_only = true},
	{"rx_used_index_back", {PEER_USED_JUMP, RX, 100, 0, 0x8000}, QUEUE_BREAKS,
		.split_only = true},
	{"rx_used_index_back_by_a_ring_and_one", {PEER_USED_JUMP, RX, 300, 0, 0x10000 - 257},
		QUEUE_BREAKS, .split_only = true},
	{"rx_used_index_torn_low_byte_first", {PEER_USED_TORN, RX, 100, 1, 0}, QUEUE_BREAKS,
		.split_only = true},
	{"rx_used_index_torn_high_byte_first", {PEER_USED_TORN, RX, 100, 1, 1}, ANYTHING,
		.split_only = true, .may_corrupt = true},
	{"rx_id_of_a_buffer_elsewhere", {PEER_USED_ID_OFFSET, RX, 100, 1, 128}, ANYTHING,
		.may_corrupt = true},
	{"rx_flags_of_the_other_lap", {PEER_USED_OTHER_LAP, RX, 100, 1, 0}, PACKETS_STOP,
		.packed_only = true},
	{"rx_flags_neither_used_nor_in_this_lap", {PEER_USED_FLAGS, RX, 100, 1, 0x80}, PACKETS_STOP,
		.packed_only = true},
	{"rx_flags_all_set", {PEER_USED_FLAGS, RX, 100, 0, 0xffff}, ANYTHING, .packed_only = true},
	{"rx_flags_all_clear", {PEER_USED_FLAGS, RX, 100, 0, 0}, ANYTHING, .packed_only = true},
	{"rx_next_64_flags_flipped", {PEER_USED_AHEAD, RX, 100, 1, 64}, ANYTHING,
		.packed_only = true, .may_corrupt = true},
	{"rx_all_flags_flipped_all_the_time", {PEER_USED_AHEAD, RX, 100, 0, 256}, ANYTHING,
		.packed_only = true, .may_corrupt = true},
	{"rx_no_buffers_at_all", {PEER_NUM_BUFFERS, RX, 100, 3, 0}, PACKET_LOST, "bad_chain", true},
	{"rx_more_buffers_than_the_ring_has", {PEER_NUM_BUFFERS, RX, 100, 1, 257}, PACKET_LOST,
		"bad_chain", true},
	{"rx_65535_buffers", {PEER_NUM_BUFFERS, RX, 100, 1, 65535}, PACKET_LOST, "bad_chain", true},
	{"rx_last_buffer_never_comes", {PEER_NUM_BUFFERS_MISSING, RX, 100, 1, 0}, PACKETS_STOP,
		NULL, true},
	{"tx_id_beyond_the_ring", {PEER_USED_ID, TX, 100, 1, 256}, QUEUE_BREAKS, .id_matters = true,
		.passes_for_batch = true},
	{"tx_id_of_all_ones", {PEER_USED_ID, TX, 100, 1, UINT32_MAX}, QUEUE_BREAKS,
		.id_matters = true, .passes_for_batch = true},
	{"tx_packet_returned_twice", {PEER_USED_TWICE, TX, 100, 1, 0}, QUEUE_BREAKS,
		.id_matters = true, .passes_for_batch = true},
	{"tx_id_of_a_packet_elsewhere", {PEER_USED_ID_OFFSET, TX, 100, 1, 128}, ANYTHING,
		.may_corrupt = true},
	{"tx_used_index_beyond_what_was_sent", {PEER_USED_JUMP, TX, 100, 0, 300}, QUEUE_BREAKS,
		.split_only = true},
	{"tx_used_index_back", {PEER_USED_JUMP, TX, 100, 0, 0x8000}, QUEUE_BREAKS,
		.split_only = true},
	{"tx_used_index_back_by_a_ring_and_one", {PEER_USED_JUMP, TX, 300, 0, 0x10000 - 257},
		QUEUE_BREAKS, .split_only = true},
	{"tx_used_index_torn_low_byte_first", {PEER_USED_TORN, TX, 100, 1, 0}, ANYTHING,
		.split_only = true},
	{"tx_used_index_torn_high_byte_first", {PEER_USED_TORN, TX, 100, 1, 1}, ANYTHING,
		.split_only = true, .may_corrupt = true},
	{"tx_flags_of_the_other_lap", {PEER_USED_OTHER_LAP, TX, 100, 1, 0}, ANYTHING,
		.packed_only = true},
	{"tx_flags_all_set", {PEER_USED_FLAGS, TX, 100, 0, 0xffff}, ANYTHING, .packed_only = true},
	{"tx_flags_all_clear", {PEER_USED_FLAGS, TX, 100, 0, 0}, ANYTHING, .packed_only = true},
	{"tx_next_64_flags_flipped", {PEER_USED_AHEAD, TX, 100, 1, 64}, ANYTHING,
		.packed_only = true, .may_corrupt = true},
	{"tx_all_flags_flipped_all_the_time", {PEER_USED_AHEAD, TX, 100, 0, 256}, ANYTHING,
		.packed_only = true, .may_corrupt = true},
	{"rings_scribbled_over", {PEER_SCRIBBLE, 0, 0, 0, 0}, ANYTHING, .may_corrupt = true},
};

static const char *const paths[] = {
	"mrg_rxbuf=0,in_order=0,packed_vq=0", "mrg_rxbuf=0,in_order=1,packed_vq=0",
	"mrg_rxbuf=1,in_order=0,packed_vq=0", "mrg_rxbuf=1,in_order=1,packed_vq=0",
	"mrg_rxbuf=0,in_order=0,packed_vq=1", "mrg_rxbuf=0,in_order=1,packed_vq=1",
	"mrg_rxbuf=1,in_order=0,packed_vq=1", "mrg_rxbuf=1,in_order=1,packed_vq=1",
};

/** A test: which lie on which path. */
struct test_case {
	char name[128];
	const struct row *row;
	const char *devargs;
	enum outcome outcome; /**< on this path */
	bool may_corrupt;     /**< likewise */
};

static uint64_t
counter_of(const struct port *port, const struct row *row, const char *name)
{
	char full[64];
	const bool is_rx = row->fault.request == RX;
	uint64_t value;

	snprintf(full, sizeof(full), "%s_q0_%s", is_rx ? "rx" : "tx", name);
	value = port_xstat(port, full);
	if (value == UINT64_MAX)
		fail_msg("no counter %s", full);
	return value;
}

static void
assert_broken(const struct port *port, const struct row *row)
{
	assert_int_equal(counter_of(port, row, "broken"), 1);
	if (port_log_count(port) != 1)
		fail_msg("%u lines:\n%s", port_log_count(port), log_text());
}

static void
assert_one_lost(const struct port *port, const struct row *row, const struct flow *flow)
{
	const uint64_t lost = counter_of(port, row, row->counter);

	assert_in_range(lost, 1, row->fault.times);
	assert_int_equal(flow->ledger.corrupt + flow->ledger.foreign, 0);
	if (flow->ledger.unique + lost < flow->sent)
		fail_msg("%ju of %ju arrived, %ju counted as %s", (uintmax_t)flow->ledger.unique,
			(uintmax_t)flow->sent, (uintmax_t)lost, row->counter);
	assert_int_equal(counter_of(port, row, "broken"), 0);
}

/* Whatever was done to it, a port that stops and starts is as good as new with an honest peer. */
static void
assert_mended_by_restart(const struct port *port, struct peer *peer)
{
	const struct peer_fault honest = {.kind = PEER_HONEST};
	const struct port_setup setup = {.rxqs = 1};
	struct rte_mbuf *rest[HARNESS_BURST];
	uint16_t nr;

	peer_set_fault(peer, &honest);
	assert_int_equal(rte_eth_dev_stop(port->id), 0);
	assert_int_equal(port_configure(port, &setup), 0);
	assert_int_equal(rte_eth_dev_start(port->id), 0);
	assert_true(port_wait_link(port, true, 5000));
	/* What the peer had before still arrives: at least once is the rule after a fault. */
	for (uint64_t end = now_ms() + 50; now_ms() < end;) {
		nr = rte_eth_rx_burst(port->id, 0, rest, HARNESS_BURST);
		rte_pktmbuf_free_bulk(rest, nr);
	}
	assert_traffic(port, "mix", COUNT);
}

/* Whether the lie has come to what it comes to. */
static bool
is_over(const struct port *port, const struct peer_info *info, const struct test_case *test,
	const struct flow *flow)
{
	if (test->outcome == QUEUE_BREAKS)
		return counter_of(port, test->row, "broken") > 0;
	if (test->outcome == PACKET_LOST)
		return flow->sent == flow->limit && info->faults >= test->row->fault.times &&
			flow->ledger.received + counter_of(port, test->row, test->row->counter) >=
			flow->sent;
	return info->faults > 0;
}

/* A machine that is busy elsewhere gives the peer's thread its time late. */
static void
run_until_over(const struct port *port, struct peer *peer, const struct test_case *test,
	struct flow *flow)
{
	const uint64_t end = now_ms() + 5000;
	struct peer_info info;

	do {
		flows_run(flow, 1, 20);
		peer_get_info(peer, &info);
	} while (!is_over(port, &info, test, flow) && now_ms() < end);
}

static void
send_to_liar(const struct port *port, struct peer *peer, const struct test_case *test)
{
	const struct row *row = test->row;
	struct flow flow;

	flow_init(&flow, port, 0, "mix", COUNT);
	run_until_over(port, peer, test, &flow);
	if (test->outcome == QUEUE_BREAKS)
		assert_broken(port, row);
	if (test->outcome == PACKET_LOST)
		assert_one_lost(port, row, &flow);
	if (test->outcome == PACKETS_STOP)
		assert_true(flow.ledger.unique < COUNT);
	if (!test->may_corrupt)
		assert_int_equal(flow.ledger.corrupt, 0);
	flow_fini(&flow);
}

static void
bystander_start(struct port *port, struct peer **peer)
{
	const struct peer_config config = {.path = NULL};
	const struct port_setup setup = {.rxqs = 1};

	port_name(port, 1);
	*peer = harness_peer(port, &config);
	assert_int_equal(port_plug(port, NULL), 0);
	port_bring_up(port, &setup);
}

static void
lie_is_survived(void **state)
{
	const struct test_case *test = *state;
	const struct peer_config config = {.fault = test->row->fault};
	const struct port_setup setup = {.rxqs = 1};
	struct peer *peer, *other_peer;
	struct port port, other;
	struct footprint before;
	struct peer_info info;

	footprint_take(&before);
	bystander_start(&other, &other_peer);
	port_name(&port, 0);
	peer = harness_peer(&port, &config);
	assert_int_equal(port_plug(&port, test->devargs), 0);
	port_bring_up(&port, &setup);
	log_clear();
	send_to_liar(&port, peer, test);
	peer_get_info(peer, &info);
	assert_true(info.faults > 0);
	assert_traffic(&other, "mix", COUNT);
	assert_mended_by_restart(&port, peer);
	port_unplug(&port);
	port_unplug(&other);
	harness_peer_stop(peer);
	harness_peer_stop(other_peer);
	assert_same_footprint(&before);
}

static bool
makes_sense(const struct row *row, const char *devargs)
{
	const bool packed = strstr(devargs, "packed_vq=1") != NULL;

	if ((row->split_only && packed) || (row->packed_only && !packed))
		return false;
	if (row->mergeable_only && strstr(devargs, "mrg_rxbuf=1") == NULL)
		return false;
	/* On a split transmit ring used in order, nothing but the index is looked at. */
	return packed || !(row->id_matters && strstr(devargs, "in_order=1") != NULL);
}

static void
case_set(struct test_case *test, const struct row *row, const char *devargs)
{
	const bool passes = row->passes_for_batch && strstr(devargs, "in_order=1") != NULL;

	test->row = row;
	test->devargs = devargs;
	test->outcome = passes ? ANYTHING : row->outcome;
	test->may_corrupt = passes || row->may_corrupt;
	snprintf(test->name, sizeof(test->name), "%s_with_%s", row->name, devargs);
}

int
main(void)
{
	static struct test_case cases[RTE_DIM(rows) * RTE_DIM(paths)];
	static struct CMUnitTest tests[RTE_DIM(cases)];
	size_t nr = 0;

	if (harness_init(256) < 0)
		return 1;
	rte_log_set_level_pattern("pmd.net.virtio_user", RTE_LOG_WARNING);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		for (size_t p = 0; p < RTE_DIM(paths); p++) {
			if (!makes_sense(&rows[i], paths[p]))
				continue;
			case_set(&cases[nr], &rows[i], paths[p]);
			tests[nr] = (struct CMUnitTest){.name = cases[nr].name,
				.test_func = lie_is_survived, .initial_state = &cases[nr]};
			nr++;
		}
	}
	return harness_run("bad_ring", tests, nr);
}
