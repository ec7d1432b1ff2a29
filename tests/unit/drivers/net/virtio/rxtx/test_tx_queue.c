/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The life of a tx queue: what create refuses, discard, cleanup, descriptor status, and at-least-once delivery to a
 * new peer.
 * Covers VIRTIO 1.3 2.7 (sizes); vhost-user SET_VRING_BASE (split format).
 */

#include <errno.h>
#include <stdlib.h>

#include <rte_ethdev.h>

#include "support.h"

#define FOR_EACH_ROW(row, nr) \
	for (row = tx_paths(&(nr)); row < tx_paths(&(nr)) + (nr); row++) \
		if (row_can_run(row->name, row->traits.simd))

static void
send_one(struct tx_rig *rig, uint32_t seed, uint32_t len, uint32_t segment)
{
	struct rte_mbuf *m = packet_make(rig->pool, seed, len, segment);

	assert_int_equal(tx_rig_burst(rig, &m, 1), 1);
}

static void
sizes_and_memory_that_do_not_fit_are_refused(void **state)
{
	static const uint32_t sizes[] = {0, 3, 255, 32769, 65536, UINT32_MAX};
	struct virtio_txq *txq;
	struct tx_rig rig;
	unsigned int nr;
	size_t i;

	(void)state;
	tx_rig_open(&rig, tx_paths(&nr), 64, 0, false);
	for (i = 0; i < RTE_DIM(sizes); i++) {
		rig.config.size = sizes[i];
		assert_int_equal(txq_mem_bytes(0, sizes[i]), 0);
		assert_int_equal(txq_create(&rig.config, &txq), -EINVAL);
	}
	rig.config.size = 64;
	rig.config.mem_len--;
	assert_int_equal(txq_create(&rig.config, &txq), -EINVAL);
	tx_rig_close(&rig);
}

static void
cleanup_frees_what_was_sent_and_no_more_than_asked(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct chain chain;
		struct tx_rig rig;
		uint32_t i;

		tx_rig_open(&rig, row, 64, 0, false);
		for (i = 0; i < 20; i++)
			send_one(&rig, i, 60, 60);
		assert_int_equal(txq_done_cleanup(rig.txq, 0), 0);
		for (i = 0; i < 10; i++) {
			device_pop(&rig.device, &chain);
			device_push(&rig.device, chain.head, 0);
		}
		device_publish(&rig.device);
		assert_int_equal(txq_done_cleanup(rig.txq, 3), 3);
		assert_int_equal(pool_count(rig.pool), rig.pool_size - 17);
		assert_int_equal(txq_in_flight(rig.txq), 10);
		assert_int_equal(txq_done_cleanup(rig.txq, 0), 7);
		assert_int_equal(txq_in_flight(rig.txq), 10);
		tx_rig_close(&rig);
	}
}

static void
descriptor_status_follows_a_packet(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct chain chain;
		struct tx_rig rig;
		uint32_t i;

		tx_rig_open(&rig, row, 64, 0, false);
		assert_int_equal(txq_descriptor_status(rig.txq, 0), RTE_ETH_TX_DESC_DONE);
		for (i = 0; i < 10; i++)
			send_one(&rig, i, 60, 60);
		device_pop(&rig.device, &chain);
		device_push(&rig.device, chain.head, 0);
		device_publish(&rig.device);
		assert_int_equal(txq_descriptor_status(rig.txq, 53), RTE_ETH_TX_DESC_DONE);
		assert_int_equal(txq_descriptor_status(rig.txq, 54), RTE_ETH_TX_DESC_DONE);
		assert_int_equal(txq_descriptor_status(rig.txq, 55), RTE_ETH_TX_DESC_FULL);
		assert_int_equal(txq_descriptor_status(rig.txq, 63), RTE_ETH_TX_DESC_FULL);
		assert_int_equal(txq_descriptor_status(rig.txq, 64), -EINVAL);
		tx_rig_close(&rig);
	}
}

static void
discard_counts_what_the_peer_never_read(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct chain chain;
		struct tx_rig rig;
		uint32_t i;

		tx_rig_open(&rig, row, 64, 0, true);
		for (i = 0; i < 10; i++)
			send_one(&rig, i, 60 * (1 + i % 3), 60);
		for (i = 0; i < 4; i++) {
			device_pop(&rig.device, &chain);
			device_push(&rig.device, chain.head, 0);
		}
		device_publish(&rig.device);
		txq_discard(rig.txq);
		assert_int_equal(pool_count(rig.pool), rig.pool_size);
		assert_int_equal(txq_stats(rig.txq)->dropped, 6);
		device_start(&rig.device, txq_area(rig.txq), row_base(row->traits.format), rig.config.features);
		send_one(&rig, 7, 60, 60);
		device_pop(&rig.device, &chain);
		device_check(&rig.device, &chain, 7, 60);
		tx_rig_close(&rig);
	}
}

static uint32_t
length_of(uint32_t seed)
{
	return 60 * (seed % 7 == 0 ? 1 + seed % 4 : 1);
}

/* Which packet a chain holds: seeds are told apart by a peer that remembers what each head was. */
struct ledger {
	uint32_t next;        /* first seed that no peer has returned in order */
	bool returned[80000]; /* by seed */
	uint32_t seed_of[64]; /* by head */
};

/* A peer reads all that waits, in order, and returns some of it. What it sees must be what is not returned yet. */
static void
peer_works(struct tx_rig *rig, struct ledger *ledger, uint32_t *random, uint32_t from)
{
	uint16_t heads[64];
	uint32_t seed = from;
	uint16_t n = 0;
	uint16_t some;
	uint16_t i;

	while (device_waiting(&rig->device) > 0) {
		struct chain chain;

		device_pop(&rig->device, &chain);
		while (ledger->returned[seed])
			seed++;
		device_check(&rig->device, &chain, seed, length_of(seed));
		ledger->seed_of[chain.head] = seed++;
		heads[n++] = chain.head;
	}
	some = next_random(random) % (n + 1);
	for (i = 0; i < some; i++) {
		const uint32_t pick = rig->row->traits.in_order ? i : i + next_random(random) % (n - i);
		const uint16_t head = heads[pick];

		heads[pick] = heads[i];
		device_push(&rig->device, head, 0);
		ledger->returned[ledger->seed_of[head]] = true;
	}
	device_publish(&rig->device);
	while (ledger->returned[ledger->next])
		ledger->next++;
}

static void
a_new_peer_gets_what_was_not_returned_in_order(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct ledger *const ledger = calloc(1, sizeof(*ledger));
		uint32_t random = 77;
		struct tx_rig rig;
		uint32_t sent = 0;

		tx_rig_open(&rig, row, 64, 0, false);
		while (sent < 75000) {
			struct rte_mbuf *pkts[16];
			uint32_t base;
			uint16_t n;
			uint16_t i;

			for (i = 0; i < 16; i++)
				pkts[i] = packet_make(rig.pool, sent + i, length_of(sent + i), 60);
			n = tx_rig_burst(&rig, pkts, 16);
			rte_pktmbuf_free_bulk(pkts + n, 16 - n);
			sent += n;
			peer_works(&rig, ledger, &random, ledger->next);
			assert_int_equal(txq_resync(rig.txq, &base), 0);
			assert_int_equal(base, device_base(&rig.device));
			device_start(&rig.device, txq_area(rig.txq), base, rig.config.features);
		}
		assert_int_equal(txq_stats(rig.txq)->broken, 0);
		assert_int_equal(txq_stats(rig.txq)->dropped, 0);
		tx_rig_close(&rig);
		free(ledger);
	}
}

static void
resync_mends_a_broken_queue(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct chain chain;
		struct tx_rig rig;
		uint32_t base;
		uint32_t i;

		if (row->traits.format == VRING_PACKED)
			continue;
		tx_rig_open(&rig, row, 64, 0, false);
		for (i = 0; i < 20; i++)
			send_one(&rig, i, 60, 60);
		split_used_publish(split_used_ring(txq_area(rig.txq)), 21);
		assert_int_equal(txq_done_cleanup(rig.txq, 0), 0);
		assert_int_equal(txq_stats(rig.txq)->broken, 1);
		device_scribble(&rig.device);
		assert_int_equal(txq_resync(rig.txq, &base), 0);
		assert_int_equal(base, 0);
		device_start(&rig.device, txq_area(rig.txq), base, rig.config.features);
		for (i = 0; i < 20; i++) {
			device_pop(&rig.device, &chain);
			device_check(&rig.device, &chain, i, 60);
			device_push(&rig.device, chain.head, 0);
		}
		device_publish(&rig.device);
		assert_int_equal(txq_done_cleanup(rig.txq, 0), 20);
		tx_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_and_memory_that_do_not_fit_are_refused),
		cmocka_unit_test(cleanup_frees_what_was_sent_and_no_more_than_asked),
		cmocka_unit_test(descriptor_status_follows_a_packet),
		cmocka_unit_test(discard_counts_what_the_peer_never_read),
		cmocka_unit_test(a_new_peer_gets_what_was_not_returned_in_order),
		cmocka_unit_test(resync_mends_a_broken_queue),
	};

	return cmocka_run_group_tests_name("rxtx/tx_queue", tests, NULL, NULL);
}
