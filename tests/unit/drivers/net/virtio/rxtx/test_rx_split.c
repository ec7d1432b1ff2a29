/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Every rx row over an honest device: order, wrap, sizes, kicks, an empty pool.
 * Covers VIRTIO 1.3 2.7.6 (available ring), 2.7.8 (used ring), 2.7.9 (in-order batches), 5.1.6.4 (packet receive).
 */

#include <stdlib.h>

#include "support.h"

#define FOR_EACH_ROW(row, nr) \
	for (row = rx_paths(&(nr)); row < rx_paths(&(nr)) + (nr); row++) \
		if (row_can_run(row->name, row->traits.simd))

/* Send and receive @p count packets, at most @p burst a time; lengths and gaps follow from the seed. */
static void
carry(struct rx_rig *rig, uint32_t count, uint16_t burst)
{
	struct rte_mbuf *pkts[256];
	uint32_t sent = 0;
	uint32_t got = 0;

	while (got < count) {
		uint32_t n = RTE_MIN((uint32_t)device_waiting(&rig->device), count - sent);
		uint16_t i;

		for (n = RTE_MIN(n, burst); n > 0; n--, sent++)
			device_send(&rig->device, sent, 14 + sent % 83);
		n = rx_rig_burst(rig, pkts, burst);
		for (i = 0; i < n; i++, got++) {
			packet_check(pkts[i], got, 14 + got % 83);
			rte_pktmbuf_free(pkts[i]);
		}
	}
	assert_int_equal(rxq_stats(rig->rxq)->bad_length, 0);
}

static void
carries_packets_over_the_wrap_in_every_ring_size(void **state)
{
	static const uint32_t sizes[] = {1, 2, 4, 256, 1024, 3, 5, 7, 100, 1000};
	const struct rx_path *row;
	unsigned int nr;
	size_t i;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (i = 0; i < RTE_DIM(sizes); i++) {
			struct rx_rig rig;

			if (!vring_size_is_valid(row->traits.format, sizes[i]))
				continue;

			rx_rig_open(&rig, row, sizes[i]);
			carry(&rig, 66000, sizes[i] < 32 ? 5 : 32);
			assert_int_equal(rxq_stats(rig.rxq)->broken, 0);
			rx_rig_close(&rig);
		}
	}
}

static void
carries_packets_through_the_largest_ring(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rx_rig rig;

		rx_rig_open(&rig, row, 32768);
		carry(&rig, 70000, 256);
		rx_rig_close(&rig);
	}
}

static void
takes_a_whole_ring_in_one_burst(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rte_mbuf *pkts[300];
		struct rx_rig rig;
		uint16_t i;

		rx_rig_open(&rig, row, 256);
		for (i = 0; i < 256; i++)
			device_send(&rig.device, i, 60);
		assert_int_equal(rxq_count(rig.rxq), 256);
		assert_int_equal(rx_rig_burst(&rig, pkts, 300), 256);
		assert_int_equal(rxq_count(rig.rxq), 0);
		for (i = 0; i < 256; i++) {
			packet_check(pkts[i], i, 60);
			rte_pktmbuf_free(pkts[i]);
		}
		assert_int_equal(rxq_stats(rig.rxq)->bytes, 256 * 60);
		rx_rig_close(&rig);
	}
}

static void
take_returns_zero_when_used_idx_unchanged(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rte_mbuf *m;
		struct rx_rig rig;

		rx_rig_open(&rig, row, 64);
		assert_int_equal(rx_rig_burst(&rig, &m, 1), 0);
		device_send(&rig.device, 1, 60);
		assert_int_equal(rx_rig_burst(&rig, &m, 0), 0);
		rx_rig_expect(&rig, 1, 60);
		assert_int_equal(rx_rig_burst(&rig, &m, 1), 0);
		rx_rig_close(&rig);
	}
}

static void
nothing_is_taken_while_the_gate_is_closed(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rte_mbuf *m;
		struct rx_rig rig;

		rx_rig_open(&rig, row, 64);
		device_send(&rig.device, 1, 60);
		rxq_close(rig.rxq);
		assert_int_equal(rx_rig_burst(&rig, &m, 1), 0);
		rxq_open(rig.rxq);
		rx_rig_expect(&rig, 1, 60);
		rx_rig_close(&rig);
	}
}

static void
in_order_refill_keeps_entry_descriptor_and_slot_alike(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rx_rig rig;
		uint16_t i;

		if (row->traits.format == VRING_PACKED)
			continue;
		rx_rig_open(&rig, row, 64);
		carry(&rig, 1000, 32);
		for (i = 0; i < 64; i++)
			assert_int_equal(split_avail_ring(rxq_area(rig.rxq))->ring[i], i);
		rx_rig_close(&rig);
	}
}

/* Return all 64 buffers in a random order, in random portions. */
static void
shuffle_once(struct rx_rig *rig, uint32_t *random, uint32_t round)
{
	struct chain chains[64];
	struct rte_mbuf *pkts[64];
	uint16_t n = device_waiting(&rig->device);
	uint16_t i;

	for (i = 0; i < n; i++)
		device_pop(&rig->device, &chains[i]);
	for (i = 0; i < n; i++) {
		const uint32_t pick = i + next_random(random) % (n - i);
		const struct chain chain = chains[pick];

		chains[pick] = chains[i];
		device_push(&rig->device, chain.head, device_write(&rig->device, &chain, 1, round + i, 60));
	}
	device_publish(&rig->device);
	assert_int_equal(rx_rig_burst(rig, pkts, 64), n);
	for (i = 0; i < n; i++) {
		packet_check(pkts[i], round + i, 60);
		rte_pktmbuf_free(pkts[i]);
	}
}

static void
buffers_may_come_back_in_any_order(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		uint32_t random = 1;
		struct rx_rig rig;
		uint32_t round;

		if (row->traits.in_order)
			continue;
		rx_rig_open(&rig, row, 64);
		for (round = 0; round < 2000; round++)
			shuffle_once(&rig, &random, round);
		assert_int_equal(rxq_stats(rig.rxq)->broken, 0);
		rx_rig_close(&rig);
	}
}

/* One used element for @p n buffers, the skipped ones full. */
static void
send_batch(struct rx_rig *rig, uint32_t seed, uint16_t n)
{
	struct device *const device = &rig->device;
	struct chain chain;
	uint32_t len = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		device_pop(device, &chain);
		len = device_write(device, &chain, 1, seed + i, i + 1 < n ? 1536 : 77);
	}
	device_push_batch(device, chain.head, len, n);
	device_publish(device);
}

static void
one_used_element_may_stand_for_a_batch(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		uint32_t random = 5;
		struct rx_rig rig;
		uint32_t round;

		if (!row->traits.in_order)
			continue;
		rx_rig_open(&rig, row, 64);
		for (round = 0; round < 3000; round++) {
			const uint16_t n = 1 + next_random(&random) % device_waiting(&rig.device);
			uint16_t i;

			send_batch(&rig, round, n);
			for (i = 0; i < n; i++)
				rx_rig_expect(&rig, round + i, i + 1 < n ? 1536 : 77);
		}
		assert_int_equal(rxq_stats(rig.rxq)->broken, 0);
		rx_rig_close(&rig);
	}
}

static void
kicks_are_sent_only_when_the_device_wants_them(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rx_rig rig;
		uint16_t flags;

		rx_rig_open(&rig, row, 4);
		assert_int_equal(rig.device.kicks, 0);
		for (flags = 0; flags < 2; flags++) {
			device_want_kicks(&rig.device, flags == 0);
			device_send(&rig.device, flags, 60);
			rx_rig_expect(&rig, flags, 60);
		}
		assert_int_equal(rig.device.kicks, 1);
		assert_int_equal(rxq_stats(rig.rxq)->kicks, 1);
		assert_int_equal(rxq_stats(rig.rxq)->kicks_suppressed, 1);
		rx_rig_close(&rig);
	}
}

static void
an_empty_pool_starves_the_ring_and_recovers(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		void *hoard[512];
		struct rx_rig rig;
		unsigned int kept;
		uint16_t i;

		rx_rig_open(&rig, row, 64);
		/* All but three. */
		kept = pool_count(rig.pool) - 3;
		assert_int_equal(rte_mempool_get_bulk(rig.pool, hoard, kept), 0);
		for (i = 0; i < 64; i++) {
			struct rte_mbuf *m;

			device_send(&rig.device, i, 60);
			assert_int_equal(rx_rig_burst(&rig, &m, 1), 1);
			packet_check(m, i, 60);
			hoard[kept++] = m;
		}
		assert_int_equal(device_waiting(&rig.device), 3);
		assert_true(rxq_stats(rig.rxq)->no_mbuf > 0);
		rte_mempool_put_bulk(rig.pool, hoard, kept);
		carry(&rig, 1000, 32);
		rx_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_packets_over_the_wrap_in_every_ring_size),
		cmocka_unit_test(carries_packets_through_the_largest_ring),
		cmocka_unit_test(takes_a_whole_ring_in_one_burst),
		cmocka_unit_test(take_returns_zero_when_used_idx_unchanged),
		cmocka_unit_test(nothing_is_taken_while_the_gate_is_closed),
		cmocka_unit_test(in_order_refill_keeps_entry_descriptor_and_slot_alike),
		cmocka_unit_test(buffers_may_come_back_in_any_order),
		cmocka_unit_test(one_used_element_may_stand_for_a_batch),
		cmocka_unit_test(kicks_are_sent_only_when_the_device_wants_them),
		cmocka_unit_test(an_empty_pool_starves_the_ring_and_recovers),
	};

	return cmocka_run_group_tests_name("rxtx/rx_split", tests, NULL, NULL);
}
