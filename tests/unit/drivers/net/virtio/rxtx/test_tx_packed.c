/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What only a packed tx ring has: what its descriptors look like over the wrap flips, batches of which one descriptor is
 * returned, chains that appear as a whole, a peer that writes false descriptors, a new peer in the middle of a lap.
 * Covers VIRTIO 1.3 2.8.1 (wrap counters), 2.8.4 (used descriptors), 2.8.6 (chains), 2.8.7 (indirect), 2.8.8
 * (in-order), 2.8.21 (supplying buffers).
 */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define TX_ROWS(row, nr) \
	for (row = tx_paths(&(nr)); row < tx_paths(&(nr)) + (nr); row++) \
		if (row->traits.format == VRING_PACKED && row_can_run(row->name, row->traits.simd))

static void
send_one(struct tx_rig *rig, uint32_t seed, uint32_t len, uint32_t segment)
{
	struct rte_mbuf *m = packet_make(rig->pool, seed, len, segment);

	assert_int_equal(tx_rig_burst(rig, &m, 1), 1);
}

/* The device reads one packet and holds on to it. */
static uint16_t
read_one(struct tx_rig *rig, uint32_t seed, uint32_t len)
{
	struct chain chain;

	device_pop(&rig->device, &chain);
	device_check(&rig->device, &chain, seed, len);
	return chain.head;
}

static struct vring_packed_desc
tx_desc(const struct tx_rig *rig, uint16_t slot)
{
	return packed_desc_ring(txq_area(rig->txq))[slot];
}

static void
flags_follow_the_lap_through_two_wraps(void **state)
{
	/* AVAIL is bit 7, USED is bit 15. */
	static const uint16_t golden[] = {0x80, 0x80, 0x80, 0x8000, 0x8000, 0x8000, 0x80, 0x80, 0x80};
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	TX_ROWS(row, nr) {
		struct tx_rig rig;
		uint32_t i;

		tx_rig_open(&rig, row, 3, 0, false);
		for (i = 0; i < RTE_DIM(golden); i++) {
			struct vring_packed_desc desc;

			send_one(&rig, i, 60, 60);
			desc = tx_desc(&rig, i % 3);
			assert_int_equal(desc.flags, golden[i]);
			assert_int_equal(desc.len, 60 + VIRTIO_NET_HDR_LEN_V1);
			assert_int_equal(desc.id, i % 3);
			device_push(&rig.device, read_one(&rig, i, 60), 0);
			device_publish(&rig.device);
		}
		tx_rig_close(&rig);
	}
}

static void
a_chain_may_cross_the_wrap_and_has_its_id_at_the_end(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	TX_ROWS(row, nr) {
		struct tx_rig rig;
		uint16_t i;

		tx_rig_open(&rig, row, 5, 0, false);
		for (i = 0; i < 4; i++)
			send_one(&rig, i, 60, 60);
		for (i = 0; i < 4; i++)
			device_push(&rig.device, read_one(&rig, i, 60), 0);
		device_publish(&rig.device);
		send_one(&rig, 9, 180, 60);
		assert_int_equal(tx_desc(&rig, 4).flags, 0x80 | VRING_DESC_F_NEXT);
		assert_int_equal(tx_desc(&rig, 0).flags, 0x8000 | VRING_DESC_F_NEXT);
		assert_int_equal(tx_desc(&rig, 1).flags, 0x8000);
		assert_int_equal(read_one(&rig, 9, 180), tx_desc(&rig, 1).id);
		tx_rig_close(&rig);
	}
}

/* What the device holds, oldest first. */
struct held {
	uint16_t ids[64];
	uint32_t n;
};

static void
return_one(struct tx_rig *rig, struct held *held, uint32_t *random)
{
	const uint32_t pick = rig->row->traits.in_order ? 0 : next_random(random) % held->n;

	device_push(&rig->device, held->ids[pick], 0);
	device_publish(&rig->device);
	held->n--;
	memmove(&held->ids[pick], &held->ids[pick + 1], (held->n - pick) * sizeof(held->ids[0]));
}

/* Single descriptors, chains or tables of up to four links, held for a while. */
static void
mixed_shapes(const struct tx_path *row, uint32_t size, uint64_t more)
{
	struct held held = {.n = 0};
	uint32_t random = size;
	struct tx_rig rig;
	uint32_t seed;

	tx_rig_open(&rig, row, size, more, false);
	for (seed = 0; seed < 20000; seed++) {
		const uint32_t len = 60 * (1 + next_random(&random) % RTE_MIN(size, 4u));
		struct rte_mbuf *m = packet_make(rig.pool, seed, len, 60);

		while (held.n == RTE_DIM(held.ids) || tx_rig_burst(&rig, &m, 1) == 0)
			return_one(&rig, &held, &random);
		held.ids[held.n++] = read_one(&rig, seed, len);
	}
	assert_int_equal(txq_stats(rig.txq)->broken, 0);
	tx_rig_close(&rig);
}

static void
chains_and_tables_come_back_in_any_allowed_order(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 5, 7, 8, 32, 60};
	const struct tx_path *row;
	unsigned int nr;
	size_t i;

	(void)state;
	TX_ROWS(row, nr) {
		for (i = 0; i < RTE_DIM(sizes); i++) {
			mixed_shapes(row, sizes[i], 0);
			mixed_shapes(row, sizes[i], VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC));
		}
	}
}

static void
one_descriptor_may_stand_for_a_batch_of_packets(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	TX_ROWS(row, nr) {
		uint32_t random = 3;
		struct tx_rig rig;
		uint32_t sent = 0;
		uint32_t round;

		if (!row->traits.in_order)
			continue;
		tx_rig_open(&rig, row, 100, 0, true);
		for (round = 0; round < 3000; round++) {
			const uint32_t n = 1 + next_random(&random) % 40;
			const bool is_chain = next_random(&random) % 8 == 0;
			uint16_t slots = 0;
			uint16_t id = 0;
			uint32_t i;

			for (i = 0; i < n; i++)
				send_one(&rig, sent + i, 60 + 30 * is_chain, 60);
			for (i = 0; i < n; i++) {
				id = read_one(&rig, sent + i, 60 + 30 * is_chain);
				slots += rig.device.packed.links[id];
			}
			rig.device.packed.batched = slots - rig.device.packed.links[id];
			device_push(&rig.device, id, 0);
			device_publish(&rig.device);
			sent += n;
			assert_int_equal(txq_in_flight(rig.txq), 0);
		}
		assert_int_equal(txq_stats(rig.txq)->broken, 0);
		assert_int_equal(txq_done_cleanup(rig.txq, 0) > 0, true);
		assert_int_equal(pool_count(rig.pool), rig.pool_size);
		tx_rig_close(&rig);
	}
}

static void
an_id_in_the_middle_of_a_chain_breaks_the_queue(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	TX_ROWS(row, nr) {
		struct tx_rig rig;

		tx_rig_open(&rig, row, 64, 0, false);
		send_one(&rig, 0, 180, 60);
		/* In order the id is the last slot, 2; out of order it is the first of the FIFO, 0. */
		device_push(&rig.device, 1, 0);
		device_publish(&rig.device);
		assert_int_equal(txq_done_cleanup(rig.txq, 0), 0);
		assert_int_equal(txq_stats(rig.txq)->broken, 1);
		tx_rig_close(&rig);
	}
}

static void
more_used_descriptors_than_buffers_end_at_what_is_outstanding(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	TX_ROWS(row, nr) {
		struct tx_rig rig;
		uint16_t i;

		tx_rig_open(&rig, row, 8, 0, false);
		for (i = 0; i < 3; i++)
			send_one(&rig, i, 60, 60);
		for (i = 0; i < 8; i++)
			packed_desc_ring(txq_area(rig.txq))[i] = (struct vring_packed_desc){.id = i, .flags = 0x8080};
		assert_int_equal(txq_done_cleanup(rig.txq, 0), 3);
		assert_int_equal(txq_done_cleanup(rig.txq, 0), 0);
		assert_int_equal(txq_stats(rig.txq)->broken, 0);
		assert_int_equal(pool_count(rig.pool), rig.pool_size);
		tx_rig_close(&rig);
	}
}

static void
tx_resync_begins_behind_what_was_returned_and_keeps_the_order(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	TX_ROWS(row, nr) {
		struct tx_rig rig;
		uint32_t base;
		uint16_t i;

		tx_rig_open(&rig, row, 10, 0, false);
		for (i = 0; i < 3; i++)
			send_one(&rig, i, 60, 60);
		send_one(&rig, 3, 120, 60);
		for (i = 0; i < 2; i++)
			device_push(&rig.device, read_one(&rig, i, 60), 0);
		device_publish(&rig.device);
		/* Scribbled over by whoever died. */
		packed_desc_ring(txq_area(rig.txq))[3].addr = 0;
		packed_desc_ring(txq_area(rig.txq))[5].flags = 0x80;
		assert_int_equal(txq_resync(rig.txq, &base), 0);
		assert_int_equal(base, 0x80028002);
		device_start(&rig.device, txq_area(rig.txq), base, rig.config.features);
		assert_int_equal(device_waiting(&rig.device), 2);
		device_push(&rig.device, read_one(&rig, 2, 60), 0);
		device_push(&rig.device, read_one(&rig, 3, 120), 0);
		device_publish(&rig.device);
		assert_int_equal(txq_done_cleanup(rig.txq, 0), 4);
		assert_int_equal(txq_stats(rig.txq)->bytes, 300);
		tx_rig_close(&rig);
	}
}

struct mutator {
	const struct vring_area *area;
	bool stop;
};

static void *
mutate(void *arg)
{
	struct mutator *const mutator = arg;
	uint32_t random = 29;

	while (!__atomic_load_n(&mutator->stop, __ATOMIC_RELAXED)) {
		const uint16_t slot = next_random(&random) % mutator->area->size;
		const uint32_t dice = next_random(&random) % 16;

		packed_desc_write_whole(&packed_desc_ring(mutator->area)[slot], random, 0,
			dice == 0 ? (uint16_t)random : slot, packed_used_bits(dice & 1));
		packed_device_event(mutator->area)->flags = (uint16_t)random;
		packed_device_event(mutator->area)->off_wrap = (uint16_t)(random >> 4);
	}
	return NULL;
}

static void
a_peer_that_rewrites_the_tx_ring_corrupts_nothing(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	TX_ROWS(row, nr) {
		struct mutator mutator;
		struct tx_rig rig;
		pthread_t thread;
		uint32_t i;

		tx_rig_open(&rig, row, 60, VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX), false);
		mutator = (struct mutator){.area = txq_area(rig.txq)};
		assert_int_equal(pthread_create(&thread, NULL, mutate, &mutator), 0);
		for (i = 0; i < 20000 || txq_stats(rig.txq)->broken < 100; i++) {
			struct rte_mbuf *m = packet_make(rig.pool, i, 60 + i % 100, 60);
			uint32_t base;

			if (tx_rig_burst(&rig, &m, 1) == 0)
				rte_pktmbuf_free(m);
			if (i % 8 == 0)
				assert_int_equal(txq_resync(rig.txq, &base), 0);
		}
		__atomic_store_n(&mutator.stop, true, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		tx_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_follow_the_lap_through_two_wraps),
		cmocka_unit_test(a_chain_may_cross_the_wrap_and_has_its_id_at_the_end),
		cmocka_unit_test(chains_and_tables_come_back_in_any_allowed_order),
		cmocka_unit_test(one_descriptor_may_stand_for_a_batch_of_packets),
		cmocka_unit_test(an_id_in_the_middle_of_a_chain_breaks_the_queue),
		cmocka_unit_test(more_used_descriptors_than_buffers_end_at_what_is_outstanding),
		cmocka_unit_test(tx_resync_begins_behind_what_was_returned_and_keeps_the_order),
		cmocka_unit_test(a_peer_that_rewrites_the_tx_ring_corrupts_nothing),
	};

	return cmocka_run_group_tests_name("rxtx/tx_packed", tests, NULL, NULL);
}
