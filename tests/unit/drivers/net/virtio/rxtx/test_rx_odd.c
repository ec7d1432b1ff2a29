/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Packets of several buffers, and peers that lie: about lengths, numbers of buffers, ids and the index; and one that
 * rewrites the ring all the time. Whatever comes, every mbuf goes home and the honest packets before are delivered.
 * Covers VIRTIO 1.3 5.1.6.4 (num_buffers), 2.7.8 (used elements).
 */

#include <pthread.h>
#include <stdlib.h>

#include "support.h"

#define FOR_EACH_ROW(row, nr) \
	for (row = rx_paths(&(nr)); row < rx_paths(&(nr)) + (nr); row++) \
		if (row_can_run(row->name, row->traits.simd))

static void
jumbo_frames_arrive_through_merged_buffers(void **state)
{
	static const uint32_t lens[] = {1537, 1536 + 1548, 1536 + 1549, 9000, 65535, 65536 + 14};
	const struct rx_path *row;
	unsigned int nr;
	size_t i;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rx_rig rig;

		if (!row->traits.mergeable)
			continue;
		rx_rig_open(&rig, row, 256);
		for (i = 0; i < RTE_DIM(lens); i++) {
			device_send_merged(&rig.device, (uint32_t)i, lens[i]);
			rx_rig_expect(&rig, (uint32_t)i, lens[i]);
		}
		assert_int_equal(rxq_stats(rig.rxq)->packets, RTE_DIM(lens));
		rx_rig_close(&rig);
	}
}

static void
packets_of_all_sizes_survive_any_split_over_bursts(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		uint32_t random = 3;
		struct rx_rig rig;
		uint32_t seed;

		if (!row->traits.mergeable)
			continue;
		rx_rig_open(&rig, row, 64);
		for (seed = 0; seed < 20000; seed++) {
			const uint32_t len = 14 + next_random(&random) % (seed % 4 == 0 ? 9000 : 200);

			device_send_merged(&rig.device, seed, len);
			rx_rig_expect(&rig, seed, len);
		}
		rx_rig_close(&rig);
	}
}

/* Publish one buffer of a packet at a time. */
static void
buffers_due_are_waited_for_over_bursts(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rte_mbuf *pkts[8];
		struct rx_rig rig;
		uint32_t buffers;
		uint16_t i;

		if (!row->traits.mergeable || row->traits.format == VRING_PACKED)
			continue;
		rx_rig_open(&rig, row, 64);
		buffers = device_send_merged(&rig.device, 9, 9000);
		for (i = 1; i < buffers; i++) {
			split_used_publish(split_used_ring(rxq_area(rig.rxq)), i);
			assert_int_equal(rx_rig_burst(&rig, pkts, 8), 0);
		}
		device_publish(&rig.device);
		rx_rig_expect(&rig, 9, 9000);
		/* One that never ends goes home with the queue. */
		device_send_merged(&rig.device, 9, 9000);
		split_used_publish(split_used_ring(rxq_area(rig.rxq)), rig.device.used_idx - 1);
		assert_int_equal(rx_rig_burst(&rig, pkts, 8), 0);
		rx_rig_close(&rig);
	}
}

/* Push a buffer of a packet of 60 bytes with a length that we choose. */
static void
send_with_length(struct device *device, uint32_t used_len)
{
	struct chain chain;

	device_pop(device, &chain);
	device_write(device, &chain, 1, 1, 60);
	device_push(device, chain.head, used_len);
	device_publish(device);
}

static void
lengths_beyond_what_was_posted_or_below_a_frame_are_dropped(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		const uint32_t lowest = VIRTIO_NET_HDR_LEN_V1 + 14;
		uint64_t bad = 0;
		struct rx_rig rig;
		uint32_t len;

		rx_rig_open(&rig, row, 64);
		for (len = 0; len < RIG_POSTED + 65; len++) {
			struct rte_mbuf *m;

			send_with_length(&rig.device, len);
			if (len >= lowest && len <= RIG_POSTED) {
				assert_int_equal(rx_rig_burst(&rig, &m, 1), 1);
				assert_int_equal(m->pkt_len, len - VIRTIO_NET_HDR_LEN_V1);
				rte_pktmbuf_free(m);
			} else {
				assert_int_equal(rx_rig_burst(&rig, &m, 1), 0);
				bad++;
			}
			assert_int_equal(rxq_stats(rig.rxq)->bad_length, bad);
		}
		send_with_length(&rig.device, UINT32_MAX);
		device_send(&rig.device, 2, 60);
		rx_rig_expect(&rig, 2, 60);
		assert_int_equal(rxq_stats(rig.rxq)->bad_length, bad + 1);
		rx_rig_close(&rig);
	}
}

static void
impossible_numbers_of_buffers_are_dropped_and_counted(void **state)
{
	static const uint16_t numbers[] = {0, 65, 66, 0x8000, 65535};
	const struct rx_path *row;
	unsigned int nr;
	size_t i;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rx_rig rig;

		if (!row->traits.mergeable)
			continue;
		rx_rig_open(&rig, row, 64);
		for (i = 0; i < RTE_DIM(numbers); i++) {
			struct chain chain;

			device_pop(&rig.device, &chain);
			device_push(&rig.device, chain.head,
				device_write(&rig.device, &chain, numbers[i], 1, 60));
			device_send(&rig.device, 2, 60);
			rx_rig_expect(&rig, 2, 60);
			assert_int_equal(rxq_stats(rig.rxq)->bad_chain, i + 1);
		}
		rx_rig_close(&rig);
	}
}

/* Three buffers; the one at @p where has the length @p len. */
static void
send_three_with(struct device *device, unsigned int where, uint32_t len)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct chain chain;

		device_pop(device, &chain);
		device_write(device, &chain, 3, 1, 100);
		device_push(device, chain.head, i == where ? len : 112);
	}
	device_publish(device);
}

static void
one_bad_segment_discards_the_whole_packet_and_counts_once(void **state)
{
	static const uint32_t lens[] = {0, RIG_POSTED + 1, UINT32_MAX};
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		uint64_t bad = 0;
		struct rx_rig rig;
		unsigned int i;

		if (!row->traits.mergeable)
			continue;
		rx_rig_open(&rig, row, 64);
		for (i = 0; i < 3 * RTE_DIM(lens); i++) {
			/* A first buffer shorter than its header says nothing about others. */
			if (i % 3 == 0 && lens[i / 3] == 0)
				continue;
			send_three_with(&rig.device, i % 3, lens[i / 3]);
			device_send(&rig.device, 2, 60);
			rx_rig_expect(&rig, 2, 60);
			assert_int_equal(rxq_stats(rig.rxq)->bad_length, ++bad);
		}
		rx_rig_close(&rig);
	}
}

static void
merged_packets_beyond_64_kib_are_dropped_whole(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rx_rig rig;

		if (!row->traits.mergeable)
			continue;
		rx_rig_open(&rig, row, 256);
		device_send_merged(&rig.device, 1, 65536 + 15);
		device_send_merged(&rig.device, 1, 100000);
		device_send(&rig.device, 2, 60);
		rx_rig_expect(&rig, 2, 60);
		assert_int_equal(rxq_stats(rig.rxq)->bad_length, 2);
		rx_rig_close(&rig);
	}
}

/* The queue must be broken, deliver @p good packets first, and be mended by discard and fill. */
static void
expect_broken(struct rx_rig *rig, uint16_t good)
{
	struct rte_mbuf *pkts[64];
	uint16_t i;

	assert_int_equal(rx_rig_burst(rig, pkts, 64), good);
	for (i = 0; i < good; i++)
		rte_pktmbuf_free(pkts[i]);
	assert_int_equal(rx_rig_burst(rig, pkts, 64), 0);
	assert_int_equal(rxq_stats(rig->rxq)->broken, 1);
	assert_int_equal(rxq_count(rig->rxq), 0);
	rxq_discard(rig->rxq);
	assert_int_equal(rxq_fill(rig->rxq, rig->config.size), 0);
	device_start(&rig->device, rxq_area(rig->rxq), row_base(rig->row->traits.format), rig->config.features);
	device_send(&rig->device, 5, 60);
	rx_rig_expect(rig, 5, 60);
	rx_rig_close(rig);
}

static void
ids_beyond_the_ring_break_the_queue(void **state)
{
	static const uint32_t ids[] = {64, 65, 0xffff, 0x10000, 0x10001, 0x80000000, UINT32_MAX};
	const struct rx_path *row;
	unsigned int nr;
	size_t i;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (i = 0; i < RTE_DIM(ids); i++) {
			struct rx_rig rig;

			/* A packed ring's ids have 16 bits. */
			if (row->traits.format == VRING_PACKED && ids[i] > UINT16_MAX)
				continue;
			rx_rig_open(&rig, row, 64);
			device_send(&rig.device, 1, 60);
			device_push(&rig.device, ids[i], 72);
			device_publish(&rig.device);
			expect_broken(&rig, 1);
		}
	}
}

static void
an_id_that_came_back_already_breaks_the_queue(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct chain chain;
		struct rx_rig rig;

		rx_rig_open(&rig, row, 64);
		device_pop(&rig.device, &chain);
		device_push(&rig.device, chain.head, device_write(&rig.device, &chain, 1, 1, 60));
		device_push(&rig.device, chain.head, 72);
		device_publish(&rig.device);
		expect_broken(&rig, 1);
	}
}

static void
an_index_beyond_what_is_outstanding_breaks_the_queue(void **state)
{
	static const uint16_t jumps[] = {65, 66, 0x7fff, 0x8000, 0xffff};
	const struct rx_path *row;
	unsigned int nr;
	size_t i;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (i = 0; i < RTE_DIM(jumps) && row->traits.format == VRING_SPLIT; i++) {
			struct rx_rig rig;

			rx_rig_open(&rig, row, 64);
			split_used_publish(split_used_ring(rxq_area(rig.rxq)), jumps[i]);
			expect_broken(&rig, 0);
		}
	}
}

static void
a_batch_beyond_used_idx_breaks_the_queue(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rx_rig rig;

		if (!row->traits.in_order || row->traits.format == VRING_PACKED)
			continue;
		rx_rig_open(&rig, row, 64);
		device_push(&rig.device, 2, 72);
		device_push(&rig.device, 2, 72);
		device_publish(&rig.device);
		expect_broken(&rig, 0);
	}
}

struct mutator {
	const struct vring_area *area;
	bool stop;
};

/* A descriptor that is used in one of the two laps, mostly with the id that it has if the order is kept. */
static void
mutate_packed(const struct vring_area *area, uint32_t *random)
{
	const uint16_t slot = next_random(random) % area->size;
	const uint32_t dice = next_random(random) % 64;
	const uint16_t id = dice == 0 ? (uint16_t)next_random(random) : slot;

	packed_desc_write_whole(&packed_desc_ring(area)[slot], next_random(random), dice == 1 ? *random : 72, id,
		packed_used_bits(dice & 1) | (dice & 2));
}

/* Writes everywhere a peer can write. */
static void *
mutate(void *arg)
{
	struct mutator *const mutator = arg;
	uint32_t random = 17;

	while (!__atomic_load_n(&mutator->stop, __ATOMIC_RELAXED)) {
		const uint16_t slot = next_random(&random) % mutator->area->size;
		const uint16_t step = next_random(&random) % 8;

		if (mutator->area->format == VRING_PACKED) {
			mutate_packed(mutator->area, &random);
			continue;
		}
		split_used_elem_write(split_used_ring(mutator->area), slot, slot, 72);
		if (step == 0)
			split_used_elem_write(split_used_ring(mutator->area), slot, next_random(&random),
				next_random(&random) % 4000);
		split_desc_write(&split_desc_table(mutator->area)[slot], next_random(&random), 1, 0xffff, 0xffff);
		split_avail_entry_write(split_avail_ring(mutator->area), slot, (uint16_t)random);
		split_used_publish(split_used_ring(mutator->area), (uint16_t)(split_used_ring(mutator->area)->idx + step));
	}
	return NULL;
}

static void
a_peer_that_rewrites_everything_corrupts_nothing(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rte_mbuf *pkts[32];
		struct mutator mutator;
		struct rx_rig rig;
		pthread_t thread;
		unsigned int i;

		rx_rig_open(&rig, row, 64);
		mutator = (struct mutator){.area = rxq_area(rig.rxq)};
		assert_int_equal(pthread_create(&thread, NULL, mutate, &mutator), 0);
		for (i = 0; i < 20000 || rxq_stats(rig.rxq)->broken < 100; i++) {
			const uint16_t n = rx_rig_burst(&rig, pkts, 32);
			uint32_t base;

			rte_pktmbuf_free_bulk(pkts, n);
			if (i % 4 == 0)
				assert_int_equal(rxq_resync(rig.rxq, &base), 0);
		}
		__atomic_store_n(&mutator.stop, true, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		rx_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jumbo_frames_arrive_through_merged_buffers),
		cmocka_unit_test(packets_of_all_sizes_survive_any_split_over_bursts),
		cmocka_unit_test(buffers_due_are_waited_for_over_bursts),
		cmocka_unit_test(lengths_beyond_what_was_posted_or_below_a_frame_are_dropped),
		cmocka_unit_test(impossible_numbers_of_buffers_are_dropped_and_counted),
		cmocka_unit_test(one_bad_segment_discards_the_whole_packet_and_counts_once),
		cmocka_unit_test(merged_packets_beyond_64_kib_are_dropped_whole),
		cmocka_unit_test(ids_beyond_the_ring_break_the_queue),
		cmocka_unit_test(an_id_that_came_back_already_breaks_the_queue),
		cmocka_unit_test(an_index_beyond_what_is_outstanding_breaks_the_queue),
		cmocka_unit_test(a_batch_beyond_used_idx_breaks_the_queue),
		cmocka_unit_test(a_peer_that_rewrites_everything_corrupts_nothing),
	};

	return cmocka_run_group_tests_name("rxtx/rx_odd", tests, NULL, NULL);
}
