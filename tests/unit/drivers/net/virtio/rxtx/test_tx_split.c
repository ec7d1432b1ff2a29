/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Every tx row over an honest device with ordinary packets: order, wrap, sizes, a full ring, reclaim, headers, kicks;
 * and over one that is not honest.
 * Covers VIRTIO 1.3 2.7.6 (available ring), 2.7.8 (used ring), 2.7.13 (supplying buffers), 5.1.6.2 (packet transmit).
 */

#include <stdlib.h>
#include <string.h>

#include "support.h"

#define FOR_EACH_ROW(row, nr) \
	for (row = tx_paths(&(nr)); row < tx_paths(&(nr)) + (nr); row++) \
		if (row_can_run(row->name, row->traits.simd))

/* The device reads and returns everything that waits. @return packets. */
static uint32_t
drain(struct tx_rig *rig, uint32_t seed)
{
	struct chain chain;
	uint32_t n;

	for (n = 0; device_waiting(&rig->device) > 0; n++) {
		device_pop(&rig->device, &chain);
		device_check(&rig->device, &chain, seed + n, 60 + (seed + n) % 50);
		device_push(&rig->device, chain.head, 0);
	}
	device_publish(&rig->device);
	return n;
}

static void
carry(struct tx_rig *rig, uint32_t count, uint16_t burst)
{
	struct rte_mbuf *pkts[64];
	uint32_t sent = 0;
	uint32_t seen = 0;

	while (sent < count) {
		uint16_t n;
		uint16_t i;

		for (i = 0; i < burst; i++)
			pkts[i] = packet_make(rig->pool, sent + i, 60 + (sent + i) % 50, UINT16_MAX);
		n = tx_rig_burst(rig, pkts, burst);
		rte_pktmbuf_free_bulk(pkts + n, burst - n);
		sent += n;
		/* Not after each burst, so that the ring fills up at times. */
		if (n < burst || sent % 3 == 0)
			seen += drain(rig, seen);
	}
	seen += drain(rig, seen);
	assert_int_equal(seen, sent);
	assert_int_equal(txq_stats(rig->txq)->packets, sent);
}

static void
carries_packets_over_the_wrap_in_every_ring_size(void **state)
{
	static const uint32_t sizes[] = {1, 2, 4, 256, 1024, 3, 5, 7, 100, 1000};
	const struct tx_path *row;
	unsigned int nr;
	size_t i;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (i = 0; i < 2 * RTE_DIM(sizes); i++) {
			struct tx_rig rig;

			if (!vring_size_is_valid(row->traits.format, sizes[i / 2]))
				continue;
			tx_rig_open(&rig, row, sizes[i / 2], 0, i % 2 == 1);
			carry(&rig, 66000, sizes[i / 2] < 32 ? 3 : 32);
			assert_int_equal(txq_stats(rig.txq)->broken, 0);
			tx_rig_close(&rig);
		}
	}
}

static void
carries_packets_through_the_largest_ring(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct tx_rig rig;

		tx_rig_open(&rig, row, 32768, VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC), true);
		carry(&rig, 70000, 64);
		tx_rig_close(&rig);
	}
}

static void
a_full_ring_takes_what_fits_and_leaves_the_rest(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rte_mbuf *pkts[100];
		struct tx_rig rig;
		uint16_t i;

		tx_rig_open(&rig, row, 64, 0, false);
		for (i = 0; i < 100; i++)
			pkts[i] = packet_make(rig.pool, i, 60 + i % 50, UINT16_MAX);
		assert_int_equal(tx_rig_burst(&rig, pkts, 100), 64);
		assert_int_equal(tx_rig_burst(&rig, pkts + 64, 36), 0);
		assert_int_equal(txq_stats(rig.txq)->no_desc, 72);
		assert_int_equal(txq_in_flight(rig.txq), 64);
		assert_int_equal(drain(&rig, 0), 64);
		assert_int_equal(txq_in_flight(rig.txq), 0);
		assert_int_equal(tx_rig_burst(&rig, pkts + 64, 36), 36);
		assert_int_equal(drain(&rig, 64), 36);
		tx_rig_close(&rig);
	}
}

static void
a_sent_packet_has_one_descriptor_and_keeps_its_zero_header(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct chain chain;
		struct rte_mbuf *m;
		struct tx_rig rig;
		char *hdr;

		tx_rig_open(&rig, row, 64, 0, false);
		m = packet_make(rig.pool, 0, 60, UINT16_MAX);
		hdr = rte_pktmbuf_mtod(m, char *) - VIRTIO_NET_HDR_LEN_V1;
		/* The byte in front of the header is nobody's business. */
		hdr[-1] = 0x5a;
		assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
		device_pop(&rig.device, &chain);
		assert_int_equal(chain.links, 1);
		assert_int_equal(chain.link[0].addr, (uintptr_t)hdr);
		assert_int_equal(chain.link[0].flags, 0);
		device_check(&rig.device, &chain, 0, 60);
		assert_int_equal((uint8_t)hdr[-1], 0x5a);
		device_push(&rig.device, chain.head, 0);
		device_publish(&rig.device);
		tx_rig_close(&rig);
	}
}

static void
each_dirty_header_byte_is_cleared(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct chain chain;
		struct tx_rig rig;
		uint32_t i;

		tx_rig_open(&rig, row, 64, 0, false);
		for (i = 0; i < VIRTIO_NET_HDR_LEN_V1; i++) {
			struct rte_mbuf *m = packet_make(rig.pool, i, 60, UINT16_MAX);
			char *const hdr = rte_pktmbuf_mtod(m, char *) - VIRTIO_NET_HDR_LEN_V1;

			memset(hdr, 0, VIRTIO_NET_HDR_LEN_V1);
			hdr[i] = 1;
			assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
			device_pop(&rig.device, &chain);
			device_check(&rig.device, &chain, i, 60);
			device_push(&rig.device, chain.head, 0);
			device_publish(&rig.device);
		}
		tx_rig_close(&rig);
	}
}

static void
legacy_devices_get_a_header_of_ten_bytes(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct chain chain;
		struct rte_mbuf *m;
		struct tx_rig rig;

		tx_rig_open(&rig, row, 64, 0, false);
		txq_destroy(rig.txq);
		rig.config.features &= ~VIRTIO_BIT(VIRTIO_F_VERSION_1);
		assert_int_equal(txq_create(&rig.config, &rig.txq), 0);
		txq_open(rig.txq);
		device_start(&rig.device, txq_area(rig.txq), row_base(row->traits.format), rig.config.features);
		assert_int_equal(rig.device.hdr_len, VIRTIO_NET_HDR_LEN_LEGACY);
		m = packet_make(rig.pool, 4, 60, UINT16_MAX);
		assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
		device_pop(&rig.device, &chain);
		device_check(&rig.device, &chain, 4, 60);
		tx_rig_close(&rig);
	}
}

static void
kicks_are_sent_only_when_the_device_wants_them(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct tx_rig rig;
		uint16_t flags;

		tx_rig_open(&rig, row, 64, 0, false);
		for (flags = 0; flags < 2; flags++) {
			struct rte_mbuf *pkts[2] = {packet_make(rig.pool, 0, 60, 60), packet_make(rig.pool, 1, 61, 61)};

			device_want_kicks(&rig.device, flags == 0);
			assert_int_equal(tx_rig_burst(&rig, pkts, 2), 2);
		}
		assert_int_equal(tx_rig_burst(&rig, NULL, 0), 0);
		assert_int_equal(rig.device.kicks, 1);
		assert_int_equal(txq_stats(rig.txq)->kicks, 1);
		assert_int_equal(txq_stats(rig.txq)->kicks_suppressed, 1);
		tx_rig_close(&rig);
	}
}

static void
nothing_is_placed_while_the_gate_is_closed(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rte_mbuf *m;
		struct tx_rig rig;

		tx_rig_open(&rig, row, 64, 0, false);
		m = packet_make(rig.pool, 0, 60, 60);
		txq_close(rig.txq);
		assert_int_equal(tx_rig_burst(&rig, &m, 1), 0);
		assert_int_equal(txq_done_cleanup(rig.txq, 0), 0);
		txq_open(rig.txq);
		assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
		tx_rig_close(&rig);
	}
}

static void
packets_may_come_back_in_any_order(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		uint16_t held[64];
		uint32_t random = 11;
		uint16_t nb_held = 0;
		struct tx_rig rig;
		uint32_t seed;

		if (row->traits.in_order)
			continue;
		tx_rig_open(&rig, row, 64, 0, false);
		for (seed = 0; seed < 100000; seed++) {
			struct rte_mbuf *m = packet_make(rig.pool, seed, 60, 60);
			struct chain chain;

			assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
			device_pop(&rig.device, &chain);
			device_check(&rig.device, &chain, seed, 60);
			held[nb_held++] = chain.head;
			while (nb_held > 0 && (nb_held == 64 || next_random(&random) % 2 == 0)) {
				const uint32_t pick = next_random(&random) % nb_held;

				device_push(&rig.device, held[pick], 0);
				held[pick] = held[--nb_held];
			}
			device_publish(&rig.device);
		}
		assert_int_equal(txq_stats(rig.txq)->broken, 0);
		tx_rig_close(&rig);
	}
}

/* Send 32, let @p lie write to the used ring, expect a broken queue that discard mends. */
static void
expect_broken(const struct tx_path *row, void (*lie)(struct device *device, uint32_t with), uint32_t with)
{
	struct rte_mbuf *pkts[128];
	struct tx_rig rig;
	uint16_t i;

	tx_rig_open(&rig, row, 128, 0, false);
	for (i = 0; i < 128; i++)
		pkts[i] = packet_make(rig.pool, i, 60, 60);
	assert_int_equal(tx_rig_burst(&rig, pkts, 96), 96);
	lie(&rig.device, with);
	txq_done_cleanup(rig.txq, 0);
	assert_int_equal(tx_rig_burst(&rig, pkts + 96, 32), 0);
	assert_int_equal(txq_stats(rig.txq)->broken, 1);
	txq_discard(rig.txq);
	device_start(&rig.device, txq_area(rig.txq), row_base(row->traits.format), rig.config.features);
	assert_int_equal(tx_rig_burst(&rig, pkts + 96, 32), 32);
	tx_rig_close(&rig);
}

static void
lie_about_id(struct device *device, uint32_t id)
{
	device_push(device, 0, 0);
	device_push(device, id, 0);
	device_publish(device);
}

static void
lie_about_index(struct device *device, uint32_t idx)
{
	split_used_publish(split_used_ring(device->area), (uint16_t)idx);
}

static void
false_ids_and_indices_break_the_queue(void **state)
{
	static const uint32_t ids[] = {0, 96, 127, 128, 0xffff, 0x10001, UINT32_MAX};
	static const uint16_t indices[] = {97, 0x8000, 0xffff};
	const struct tx_path *row;
	unsigned int nr;
	size_t i;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (i = 0; i < RTE_DIM(ids); i++) {
			/* Split and in order, nobody looks at the elements; packed, ids have 16 bits. */
			if (row->traits.format == VRING_PACKED ? ids[i] <= UINT16_MAX : !row->traits.in_order)
				expect_broken(row, lie_about_id, ids[i]);
		}
		for (i = 0; i < RTE_DIM(indices) && row->traits.format == VRING_SPLIT; i++)
			expect_broken(row, lie_about_index, indices[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_packets_over_the_wrap_in_every_ring_size),
		cmocka_unit_test(carries_packets_through_the_largest_ring),
		cmocka_unit_test(a_full_ring_takes_what_fits_and_leaves_the_rest),
		cmocka_unit_test(a_sent_packet_has_one_descriptor_and_keeps_its_zero_header),
		cmocka_unit_test(each_dirty_header_byte_is_cleared),
		cmocka_unit_test(legacy_devices_get_a_header_of_ten_bytes),
		cmocka_unit_test(kicks_are_sent_only_when_the_device_wants_them),
		cmocka_unit_test(nothing_is_placed_while_the_gate_is_closed),
		cmocka_unit_test(packets_may_come_back_in_any_order),
		cmocka_unit_test(false_ids_and_indices_break_the_queue),
	};

	return cmocka_run_group_tests_name("rxtx/tx_split", tests, NULL, NULL);
}
