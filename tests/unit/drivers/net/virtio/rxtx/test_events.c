/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * VIRTIO_F_EVENT_IDX on every row: each kick that the device asked for is sent, no other is, and the device never has
 * to call. What is expected is found by walking over what was placed, entry by entry, not by the arithmetic under test.
 * Covers VIRTIO 1.3 2.7.7, 2.7.10 (split: used_event, avail_event), 2.8.10 (packed: event suppression).
 */

#include <stdlib.h>

#include "support.h"

#define EVENTS VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX)
#define FOR_EACH_TX(row, nr) \
	for (row = tx_paths(&(nr)); row < tx_paths(&(nr)) + (nr); row++) \
		if (row_can_run(row->name, row->traits.simd))

/* A place in the ring, in either format: what the device may wait for. */
struct place {
	bool is_packed;
	uint16_t size;
	uint16_t idx; /* split */
	struct packed_pos pos;
};

static struct place
place_begin(const struct vring_area *area)
{
	return (struct place){.is_packed = area->format == VRING_PACKED, .size = (uint16_t)area->size,
		.pos = packed_pos_start()};
}

static void
place_step(struct place *at)
{
	at->idx++;
	at->pos = packed_pos_advance(at->pos, 1, at->size);
}

static void
place_wait_for(const struct vring_area *area, const struct place *at)
{
	if (at->is_packed)
		packed_event_pos_set(packed_device_event(area), at->pos);
	else
		split_avail_event_write(split_used_ring(area), area->size, at->idx);
}

static bool
place_is_same(const struct place *a, const struct place *b)
{
	return a->is_packed ? a->pos.idx == b->pos.idx && a->pos.wrap == b->pos.wrap : a->idx == b->idx;
}

static void
drain(struct tx_rig *rig)
{
	struct chain chain;

	while (device_waiting(&rig->device) > 0) {
		device_pop(&rig->device, &chain);
		device_push(&rig->device, chain.head, 0);
	}
	device_publish(&rig->device);
}

/* Send @p n packets of @p links descriptors each. @return whether one of the entries is the awaited one. */
static bool
send_some(struct tx_rig *rig, uint32_t n, uint32_t links, struct place *next, const struct place *wanted)
{
	const uint32_t entries = next->is_packed ? n * links : n;
	struct rte_mbuf *pkts[32];
	bool passes = false;
	uint32_t i;

	for (i = 0; i < n; i++)
		pkts[i] = packet_make(rig->pool, i, 60 * links, 60);
	assert_int_equal(tx_rig_burst(rig, pkts, (uint16_t)n), n);
	for (i = 0; i < entries; i++) {
		passes |= place_is_same(next, wanted);
		place_step(next);
	}
	return passes;
}

static void
run_row(const struct tx_path *row, uint32_t size)
{
	uint32_t random = size;
	unsigned int kicks = 0;
	unsigned int quiet = 0;
	struct place next;
	struct tx_rig rig;
	uint32_t round;

	tx_rig_open(&rig, row, size, EVENTS, false);
	next = place_begin(txq_area(rig.txq));
	for (round = 0; round < 30000; round++) {
		struct place wanted = next;
		uint32_t ahead = next_random(&random) % 48;
		bool passes;

		for (; ahead > 0; ahead--)
			place_step(&wanted);
		place_wait_for(txq_area(rig.txq), &wanted);
		passes = send_some(&rig, 1 + next_random(&random) % (size / 2), 1 + next_random(&random) % 2, &next,
			&wanted);
		kicks += passes;
		quiet += !passes;
		if (rig.device.kicks != kicks)
			fail_msg("%s, %u: %u kicks, wanted %u", row->name, round, rig.device.kicks, kicks);
		drain(&rig);
	}
	assert_true(kicks > 100 && quiet > 100);
	assert_int_equal(rig.device.calls, 0);
	assert_int_equal(txq_stats(rig.txq)->kicks, kicks);
	tx_rig_close(&rig);
}

static void
every_awaited_kick_is_sent_and_no_other(void **state)
{
	static const uint32_t sizes[] = {64, 32, 50, 63};
	const struct tx_path *row;
	unsigned int nr;
	size_t i;

	(void)state;
	FOR_EACH_TX(row, nr)
		for (i = 0; i < RTE_DIM(sizes); i++)
			if (vring_size_is_valid(row->traits.format, sizes[i]))
				run_row(row, sizes[i]);
}

static void
packed_flags_follow_the_truth_table(void **state)
{
	/* Flags, EVENT_IDX, an event position that matches; then: kick? */
	static const struct {
		uint16_t flags;
		bool events;
		bool matches;
		bool kick;
	} rows[] = {
		{VRING_PACKED_EVENT_FLAG_ENABLE, false, false, true},
		{VRING_PACKED_EVENT_FLAG_ENABLE, true, false, true},
		{VRING_PACKED_EVENT_FLAG_DISABLE, false, true, false},
		{VRING_PACKED_EVENT_FLAG_DISABLE, true, true, false},
		{VRING_PACKED_EVENT_FLAG_DESC, true, true, true},
		{VRING_PACKED_EVENT_FLAG_DESC, true, false, false},
		/* Not negotiated, or reserved: better a kick too many. */
		{VRING_PACKED_EVENT_FLAG_DESC, false, false, true},
		{3, false, false, true},
		{3, true, false, true},
		/* Reserved bits are not looked at. */
		{0xfffc | VRING_PACKED_EVENT_FLAG_DISABLE, true, true, false},
	};
	const struct tx_path *row;
	unsigned int nr;
	size_t i;

	(void)state;
	FOR_EACH_TX(row, nr) {
		for (i = 0; i < RTE_DIM(rows) && row->traits.format == VRING_PACKED; i++) {
			struct vring_packed_desc_event *event;
			struct rte_mbuf *m;
			struct tx_rig rig;

			tx_rig_open(&rig, row, 16, rows[i].events ? EVENTS : 0, false);
			event = packed_device_event(txq_area(rig.txq));
			event->off_wrap = rows[i].matches ? 0x8000 : 0x8005;
			event->flags = rows[i].flags;
			m = packet_make(rig.pool, 0, 60, 60);
			assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
			if (rig.device.kicks != rows[i].kick)
				fail_msg("row %zu", i);
			tx_rig_close(&rig);
		}
	}
}

static void
a_polling_driver_is_never_called(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	for (row = rx_paths(&nr); row < rx_paths(&nr) + nr; row++) {
		struct rx_rig rig;
		uint32_t i;

		rx_rig_open_with(&rig, row, 256, EVENTS);
		for (i = 0; i < 200000; i++) {
			device_send(&rig.device, i, 60);
			if (i % 100 == 99) {
				struct rte_mbuf *pkts[100];

				assert_int_equal(rx_rig_burst(&rig, pkts, 100), 100);
				rte_pktmbuf_free_bulk(pkts, 100);
			}
		}
		assert_int_equal(rig.device.calls, 0);
		rx_rig_close(&rig);
	}
}

static void
the_first_refill_after_a_silent_fill_is_told_to_a_device_that_waits_for_it(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	for (row = rx_paths(&nr); row < rx_paths(&nr) + nr; row++) {
		struct place first;
		struct rx_rig rig;

		rx_rig_open_with(&rig, row, 4, EVENTS);
		first = place_begin(rxq_area(rig.rxq));
		place_wait_for(rxq_area(rig.rxq), &first);
		assert_int_equal(rig.device.kicks, 0);
		device_send(&rig.device, 1, 60);
		rx_rig_expect(&rig, 1, 60);
		assert_int_equal(rig.device.kicks, 1);
		rx_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_awaited_kick_is_sent_and_no_other),
		cmocka_unit_test(packed_flags_follow_the_truth_table),
		cmocka_unit_test(a_polling_driver_is_never_called),
		cmocka_unit_test(the_first_refill_after_a_silent_fill_is_told_to_a_device_that_waits_for_it),
	};

	return cmocka_run_group_tests_name("rxtx/events", tests, NULL, NULL);
}
