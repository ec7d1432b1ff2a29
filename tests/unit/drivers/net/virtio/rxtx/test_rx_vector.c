/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Whatever is out of the ordinary, at every place of a group that a vector row takes at once, and every burst size over
 * rings in which groups, laps and lines do not match. Rows without vectors have the same to do, so all rows are walked.
 * Covers VIRTIO 1.3 2.7.8, 2.8.4 (used elements and descriptors), 2.8.1 (wrap counters), 2.7.9, 2.8.8 (batches in order).
 */

#include <stdlib.h>

#include "support.h"

#define FOR_EACH_ROW(row, nr) \
	for (row = rx_paths(&(nr)); row < rx_paths(&(nr)) + (nr); row++) \
		if (row_can_run(row->name, row->traits.simd))

/** More than two groups of the widest row. */
#define PLACES 20

/* Send @p n packets, of which that at @p place says the id and length given. */
static void
send_with_one_false(struct rx_rig *rig, uint16_t n, uint16_t place, uint32_t id_add, uint32_t used_len)
{
	struct chain chain;
	uint16_t i;

	for (i = 0; i < n; i++) {
		uint32_t len;

		device_pop(&rig->device, &chain);
		len = device_write(&rig->device, &chain, 1, i, 60 + i);
		if (i == place)
			device_push(&rig->device, chain.head + id_add, used_len == 0 ? len : used_len);
		else
			device_push(&rig->device, chain.head, len);
	}
	device_publish(&rig->device);
}

/* Bring a rig to a position that is no multiple of anything. */
static void
begin_at(struct rx_rig *rig, uint16_t position)
{
	uint16_t i;

	for (i = 0; i < position; i++) {
		device_send(&rig->device, i, 60);
		rx_rig_expect(rig, i, 60);
	}
}

static void
an_id_beyond_the_ring_stops_at_its_place(void **state)
{
	const struct rx_path *row;
	unsigned int nr;
	uint16_t place;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (place = 0; place < PLACES; place++) {
			struct rte_mbuf *pkts[64];
			struct rx_rig rig;
			uint16_t i;

			rx_rig_open(&rig, row, 64);
			begin_at(&rig, place % 5);
			send_with_one_false(&rig, PLACES, place, 64, 0);
			assert_int_equal(rx_rig_burst(&rig, pkts, 64), place);
			for (i = 0; i < place; i++) {
				packet_check(pkts[i], i, 60 + i);
				rte_pktmbuf_free(pkts[i]);
			}
			assert_int_equal(rx_rig_burst(&rig, pkts, 64), 0);
			assert_int_equal(rxq_stats(rig.rxq)->broken, 1);
			rx_rig_close(&rig);
		}
	}
}

/* The id before it, a second time. */
static void
an_id_that_came_twice_stops_at_its_place(void **state)
{
	const struct rx_path *row;
	unsigned int nr;
	uint16_t place;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (place = 1; place < PLACES; place++) {
			struct rte_mbuf *pkts[64];
			struct rx_rig rig;
			uint16_t i;

			if (row->traits.in_order)
				continue;
			rx_rig_open(&rig, row, 64);
			send_with_one_false(&rig, PLACES, place, UINT32_MAX, 0);
			assert_int_equal(rx_rig_burst(&rig, pkts, 64), place);
			for (i = 0; i < place; i++)
				rte_pktmbuf_free(pkts[i]);
			assert_int_equal(rxq_stats(rig.rxq)->broken, 1);
			rx_rig_close(&rig);
		}
	}
}

/* Eight descriptors with the same four ids twice: each group by itself looks as it should. */
static void
ids_that_came_twice_as_a_group_break_the_queue(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct chain chains[8];
		struct rte_mbuf *pkts[64];
		struct rx_rig rig;
		uint16_t i;

		if (row->traits.in_order)
			continue;
		rx_rig_open(&rig, row, 64);
		for (i = 0; i < 8; i++)
			device_pop(&rig.device, &chains[i]);
		for (i = 0; i < 8; i++)
			device_push(&rig.device, chains[i % 4].head,
				device_write(&rig.device, &chains[i % 4], 1, i % 4, 60));
		device_publish(&rig.device);
		assert_int_equal(rx_rig_burst(&rig, pkts, 64), 4);
		for (i = 0; i < 4; i++)
			rte_pktmbuf_free(pkts[i]);
		assert_int_equal(rxq_stats(rig.rxq)->broken, 1);
		rx_rig_close(&rig);
	}
}

/* A group of ids side by side, the last of which are none: where the shadow of the ring ends. */
static void
ids_side_by_side_beyond_the_ring_break_the_queue(void **state)
{
	const struct rx_path *row;
	unsigned int nr;
	uint16_t over;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (over = 1; over <= 8; over++) {
			struct rte_mbuf *pkts[64];
			struct chain chain;
			struct rx_rig rig;
			uint16_t i;
			uint16_t n;

			if (row->traits.in_order)
				continue;
			rx_rig_open(&rig, row, 64);
			for (i = 0; i < 64; i++)
				device_pop(&rig.device, &chain);
			for (i = 0; i < 8; i++)
				device_push(&rig.device, 56 + over + i, 72);
			device_publish(&rig.device);
			n = rx_rig_burst(&rig, pkts, 64);
			assert_int_equal(rxq_stats(rig.rxq)->broken, 1);
			rte_pktmbuf_free_bulk(pkts, n);
			/* Without a header that says so, a buffer is not a packet in rows that read headers. */
			if (!row->traits.mergeable && !row->traits.offload)
				assert_int_equal(n, 8 - over);
			rx_rig_close(&rig);
		}
	}
}

static void
one_bad_length(struct rx_rig *rig, uint16_t place, uint32_t len)
{
	const struct queue_stats before = *rxq_stats(rig->rxq);
	const struct queue_stats *const now = rxq_stats(rig->rxq);
	struct rte_mbuf *pkts[64];
	uint16_t i;

	send_with_one_false(rig, PLACES, place, 0, len);
	assert_int_equal(rx_rig_burst(rig, pkts, 64), PLACES - 1);
	for (i = 0; i < PLACES - 1; i++) {
		packet_check(pkts[i], i + (i >= place), 60 + i + (i >= place));
		assert_int_equal(pkts[i]->port, 7);
		rte_pktmbuf_free(pkts[i]);
	}
	assert_int_equal(now->bad_length - before.bad_length, 1);
	assert_int_equal(now->packets - before.packets, PLACES - 1);
	/* 60 to 79 bytes, but for one. */
	assert_int_equal(now->bytes - before.bytes, PLACES * 60 + PLACES * (PLACES - 1) / 2 - 60 - place);
}

static void
a_bad_length_costs_the_packet_at_its_place_alone(void **state)
{
	static const uint32_t lens[] = {
		1, VIRTIO_NET_HDR_LEN_V1 + 13, RIG_POSTED + 1, 0x7fffffff, 0x80000000, 0x80000000 + 72, UINT32_MAX,
	};
	const struct rx_path *row;
	unsigned int nr;
	uint16_t place;
	size_t i;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rx_rig rig;

		rx_rig_open(&rig, row, 64);
		for (place = 0; place < PLACES; place++)
			for (i = 0; i < RTE_DIM(lens); i++)
				one_bad_length(&rig, place, lens[i]);
		rx_rig_close(&rig);
	}
}

static void
a_packet_of_several_buffers_may_come_at_every_place(void **state)
{
	const struct rx_path *row;
	unsigned int nr;
	uint16_t place;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rx_rig rig;

		if (!row->traits.mergeable)
			continue;
		rx_rig_open(&rig, row, 64);
		for (place = 0; place < PLACES; place++) {
			struct rte_mbuf *pkts[64];
			uint16_t i;

			for (i = 0; i < PLACES; i++)
				device_send_merged(&rig.device, i, i == place ? 9000 : 60);
			assert_int_equal(rx_rig_burst(&rig, pkts, 64), PLACES);
			for (i = 0; i < PLACES; i++) {
				packet_check(pkts[i], i, i == place ? 9000 : 60);
				rte_pktmbuf_free(pkts[i]);
			}
		}
		rx_rig_close(&rig);
	}
}

/* Keep all that a burst brings; @p left buffers are in the pool before it. */
static void
starve_and_recover(const struct rx_path *row, uint32_t left)
{
	struct rte_mbuf *pkts[64];
	void *hoard[512];
	struct rx_rig rig;
	unsigned int kept;
	uint16_t n;
	uint16_t i;

	rx_rig_open(&rig, row, 64);
	kept = pool_count(rig.pool) - left;
	assert_int_equal(rte_mempool_get_bulk(rig.pool, hoard, kept), 0);
	for (i = 0; i < 40; i++)
		device_send(&rig.device, i, 60);
	n = rx_rig_burst(&rig, pkts, 64);
	assert_int_equal(n, 40);
	assert_int_equal(device_waiting(&rig.device), 24 + left);
	assert_int_equal(rxq_stats(rig.rxq)->no_mbuf > 0, left < 40);
	for (i = 0; i < n; i++) {
		packet_check(pkts[i], i, 60);
		rte_pktmbuf_free(pkts[i]);
	}
	rte_mempool_put_bulk(rig.pool, hoard, kept);
	assert_int_equal(rx_rig_burst(&rig, pkts, 64), 0);
	/* A refill of less than a quarter of the ring waits for more. */
	assert_in_range(device_waiting(&rig.device), 49, 64);
	rx_rig_close(&rig);
}

static void
a_pool_may_run_dry_at_every_place(void **state)
{
	const struct rx_path *row;
	unsigned int nr;
	uint32_t left;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (left = 0; left <= 40; left += 1 + left / 12)
			starve_and_recover(row, left);
	}
}

/* Bursts of the same size, over and over, through a ring of some other size. */
static void
carry(struct rx_rig *rig, uint16_t burst)
{
	struct rte_mbuf *pkts[64];
	uint32_t seed = 0;

	while (seed < 2 * rig->config.size + 20) {
		const uint16_t n = RTE_MIN(burst, device_waiting(&rig->device));
		uint16_t i;

		for (i = 0; i < n; i++)
			device_send(&rig->device, seed + i, 60 + i);
		assert_int_equal(rx_rig_burst(rig, pkts, burst), n);
		for (i = 0; i < n; i++) {
			packet_check(pkts[i], seed + i, 60 + i);
			rte_pktmbuf_free(pkts[i]);
		}
		seed += n;
	}
	assert_int_equal(rxq_stats(rig->rxq)->broken, 0);
}

static void
every_burst_size_goes_round_every_small_ring(void **state)
{
	const struct rx_path *row;
	unsigned int nr;
	uint32_t size;
	uint16_t burst;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (size = 1; size <= 40; size += 1 + size / 16) {
			struct rx_rig rig;

			if (!vring_size_is_valid(row->traits.format, size))
				continue;
			rx_rig_open(&rig, row, size);
			for (burst = 1; burst <= RTE_MIN(size, 21u); burst++)
				carry(&rig, burst);
			rx_rig_close(&rig);
		}
	}
}

/* Batches and buffers by themselves in one burst. */
static void
batches_may_begin_and_end_at_every_place(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		uint32_t random = 11;
		struct rx_rig rig;
		uint32_t round;

		if (!row->traits.in_order)
			continue;
		rx_rig_open(&rig, row, 64);
		for (round = 0; round < 300; round++) {
			struct rte_mbuf *pkts[64];
			uint16_t i = 0;
			uint16_t n = 0;

			while (n < 40) {
				const uint16_t batch = next_random(&random) % 3 == 0 ? 1 + next_random(&random) % 7 : 1;
				struct chain chain;
				uint32_t len = 0;

				for (i = 0; i < batch; i++, n++) {
					device_pop(&rig.device, &chain);
					len = device_write(&rig.device, &chain, 1, n, i + 1 < batch ? 1536 : 60);
				}
				device_push_batch(&rig.device, chain.head, len, batch);
			}
			device_publish(&rig.device);
			assert_int_equal(rx_rig_burst(&rig, pkts, 64), n);
			for (i = 0; i < n; i++) {
				packet_check(pkts[i], i, pkts[i]->pkt_len == 60 ? 60 : 1536);
				rte_pktmbuf_free(pkts[i]);
			}
		}
		assert_int_equal(rxq_stats(rig.rxq)->broken, 0);
		rx_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_beyond_the_ring_stops_at_its_place),
		cmocka_unit_test(an_id_that_came_twice_stops_at_its_place),
		cmocka_unit_test(ids_that_came_twice_as_a_group_break_the_queue),
		cmocka_unit_test(ids_side_by_side_beyond_the_ring_break_the_queue),
		cmocka_unit_test(a_bad_length_costs_the_packet_at_its_place_alone),
		cmocka_unit_test(a_packet_of_several_buffers_may_come_at_every_place),
		cmocka_unit_test(a_pool_may_run_dry_at_every_place),
		cmocka_unit_test(every_burst_size_goes_round_every_small_ring),
		cmocka_unit_test(batches_may_begin_and_end_at_every_place),
	};

	return cmocka_run_group_tests_name("rxtx/rx_vector", tests, NULL, NULL);
}
