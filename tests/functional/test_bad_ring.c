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
	bool id_matters;     /**< in-order paths do not read ids, so the lie is none to them */
};

static const struct row rows[] = {
	{"rx_id_beyond_the_ring", {PEER_USED_ID, RX, 100, 1, 256}, QUEUE_BREAKS, .id_matters = true},
	{"rx_id_of_all_ones", {PEER_USED_ID, RX, 100, 1, UINT32_MAX}, QUEUE_BREAKS,
		.id_matters = true},
	{"rx_buffer_returned_twice", {PEER_USED_TWICE, RX, 100, 1, 0}, QUEUE_BREAKS,
		.id_matters = true},
	{"rx_length_one_beyond_the_buffer", {PEER_USED_LEN_BEYOND, RX, 100, 3, 1}, PACKET_LOST,
		"bad_length"},
	{"rx_length_a_header_beyond_the_buffer", {PEER_USED_LEN_BEYOND, RX, 100, 3, 12},
		PACKET_LOST, "bad_length"},
	{"rx_length_of_4_gib", {PEER_USED_LEN, RX, 100, 3, UINT32_MAX}, PACKET_LOST, "bad_length"},
	{"rx_length_of_zero", {PEER_USED_LEN, RX, 100, 3, 0}, PACKET_LOST, "bad_length"},
	{"rx_length_below_the_header", {PEER_USED_LEN, RX, 100, 3, 11}, PACKET_LOST, "bad_length"},
	{"rx_length_of_the_header_alone", {PEER_USED_LEN, RX, 100, 3, 12}, PACKET_LOST,
		"bad_length"},
	{"rx_used_index_beyond_what_was_posted", {PEER_USED_JUMP, RX, 100, 0, 300}, QUEUE_BREAKS},
	{"rx_used_index_back", {PEER_USED_JUMP, RX, 100, 0, 0x8000}, QUEUE_BREAKS},
	{"rx_no_buffers_at_all", {PEER_NUM_BUFFERS, RX, 100, 3, 0}, PACKET_LOST, "bad_chain", true},
	{"rx_more_buffers_than_the_ring_has", {PEER_NUM_BUFFERS, RX, 100, 1, 257}, PACKET_LOST,
		"bad_chain", true},
	{"rx_65535_buffers", {PEER_NUM_BUFFERS, RX, 100, 1, 65535}, PACKET_LOST, "bad_chain", true},
	{"rx_last_buffer_never_comes", {PEER_NUM_BUFFERS_MISSING, RX, 100, 1, 0}, PACKETS_STOP,
		NULL, true},
	{"tx_id_beyond_the_ring", {PEER_USED_ID, TX, 100, 1, 256}, QUEUE_BREAKS, .id_matters = true},
	{"tx_id_of_all_ones", {PEER_USED_ID, TX, 100, 1, UINT32_MAX}, QUEUE_BREAKS,
		.id_matters = true},
	{"tx_packet_returned_twice", {PEER_USED_TWICE, TX, 100, 1, 0}, QUEUE_BREAKS,
		.id_matters = true},
	{"tx_used_index_beyond_what_was_sent", {PEER_USED_JUMP, TX, 100, 0, 300}, QUEUE_BREAKS},
	{"rings_scribbled_over", {PEER_SCRIBBLE, 0, 0, 0, 0}, ANYTHING},
};

static const char *const paths[] = {
	"mrg_rxbuf=0,in_order=0", "mrg_rxbuf=0,in_order=1", "mrg_rxbuf=1,in_order=0",
	"mrg_rxbuf=1,in_order=1",
};

/** A test: which lie on which path. */
struct test_case {
	char name[128];
	const struct row *row;
	const char *devargs;
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

static void
send_to_liar(const struct port *port, const struct row *row)
{
	struct flow flow;

	flow_init(&flow, port, 0, "mix", COUNT);
	flows_run(&flow, 1, row->outcome == PACKET_LOST ? 100 : 30);
	if (row->outcome == QUEUE_BREAKS)
		assert_broken(port, row);
	if (row->outcome == PACKET_LOST)
		assert_one_lost(port, row, &flow);
	if (row->outcome == PACKETS_STOP)
		assert_true(flow.ledger.unique < COUNT);
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
	send_to_liar(&port, test->row);
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
	if (row->mergeable_only && strstr(devargs, "mrg_rxbuf=1") == NULL)
		return false;
	/* On a transmit ring used in order, nothing but the index is looked at. */
	return !(row->id_matters && strstr(devargs, "in_order=1") != NULL);
}

int
main(void)
{
	static struct test_case cases[RTE_DIM(rows) * RTE_DIM(paths)];
	struct CMUnitTest tests[RTE_DIM(cases)];
	size_t nr = 0;

	if (harness_init(256) < 0)
		return 1;
	rte_log_set_level_pattern("pmd.net.virtio_user", RTE_LOG_WARNING);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		for (size_t p = 0; p < RTE_DIM(paths); p++) {
			struct test_case *test = &cases[nr];

			if (!makes_sense(&rows[i], paths[p]))
				continue;
			test->row = &rows[i];
			test->devargs = paths[p];
			snprintf(test->name, sizeof(test->name), "%s_with_%s", rows[i].name,
				paths[p]);
			tests[nr++] = (struct CMUnitTest){.name = test->name,
				.test_func = lie_is_survived, .initial_state = test};
		}
	}
	return harness_run("bad_ring", tests, nr);
}
