/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Peers that did not promise to keep the order: they keep it for a while, then return one buffer too early, at every
 * place of a group and of a ring, with chains among the buffers or without; and they lie about ids after that.
 * Covers VIRTIO 1.3 2.7.8 (used ring), 2.7.9 (what in-order use would have been).
 */

#include <stdlib.h>

#include "support.h"

/* Rows whose peer may use any order. */
#define FOR_EACH_RX(row, nr) \
	for (row = rx_paths(&(nr)); row < rx_paths(&(nr)) + (nr); row++) \
		if (!row->traits.in_order && row_can_run(row->name, row->traits.simd))

#define FOR_EACH_TX(row, nr) \
	for (row = tx_paths(&(nr)); row < tx_paths(&(nr)) + (nr); row++) \
		if (!row->traits.in_order && row_can_run(row->name, row->traits.simd))

#define PLACES 20

/* --- rx --- */

static void
rx_check(struct rx_rig *rig, const uint32_t *seeds, uint16_t n)
{
	struct rte_mbuf *pkts[64];
	uint16_t i;

	assert_int_equal(rx_rig_burst(rig, pkts, 64), n);
	for (i = 0; i < n; i++) {
		packet_check(pkts[i], seeds[i], 60);
		rte_pktmbuf_free(pkts[i]);
	}
}

/* Send @p n packets; the buffers at @p place and behind it come back the other way round. */
static void
rx_send_swapped(struct rx_rig *rig, uint32_t seed, uint16_t n, uint16_t place)
{
	struct chain chains[64];
	uint32_t seeds[64];
	uint16_t i;

	for (i = 0; i < n; i++)
		device_pop(&rig->device, &chains[i]);
	for (i = 0; i < n; i++) {
		const struct chain *const chain = &chains[i == place ? i + 1 : i == place + 1 ? place : i];

		seeds[i] = seed + i;
		device_push(&rig->device, chain->head, device_write(&rig->device, chain, 1, seeds[i], 60));
	}
	device_publish(&rig->device);
	rx_check(rig, seeds, n);
}

static void
rx_keeps_order(struct rx_rig *rig, uint32_t rounds, uint16_t n)
{
	uint32_t round;

	for (round = 0; round < rounds; round++)
		rx_send_swapped(rig, round, n, UINT16_MAX - 1);
}

static void
a_received_buffer_may_come_early_at_every_place(void **state)
{
	const struct rx_path *row;
	unsigned int nr;
	uint16_t place;

	(void)state;
	FOR_EACH_RX(row, nr) {
		for (place = 0; place < PLACES - 1; place++) {
			struct rx_rig rig;

			rx_rig_open(&rig, row, 64);
			/* So that the ring's end comes at different places too. */
			rx_keeps_order(&rig, place, 3);
			rx_send_swapped(&rig, 1000, PLACES, place);
			rx_keeps_order(&rig, 50, 7);
			rx_send_swapped(&rig, 2000, PLACES, place);
			rx_keeps_order(&rig, 50, PLACES);
			assert_int_equal(rxq_stats(rig.rxq)->broken, 0);
			rx_rig_close(&rig);
		}
	}
}

/* After a shuffle too: of four ids, that at a place is false. */
static void
rx_false_id(const struct rx_path *row, uint16_t place, uint32_t (*lie)(const struct chain *chains, uint16_t place))
{
	struct chain chains[PLACES];
	struct rte_mbuf *pkts[64];
	struct rx_rig rig;
	uint16_t i;

	rx_rig_open(&rig, row, 64);
	rx_send_swapped(&rig, 0, PLACES, place);
	for (i = 0; i < PLACES; i++)
		device_pop(&rig.device, &chains[i]);
	for (i = 0; i < PLACES; i++)
		device_push(&rig.device, i == place ? lie(chains, i) : chains[i].head,
			device_write(&rig.device, &chains[i], 1, i, 60));
	device_publish(&rig.device);
	assert_int_equal(rx_rig_burst(&rig, pkts, 64), place);
	for (i = 0; i < place; i++)
		rte_pktmbuf_free(pkts[i]);
	assert_int_equal(rxq_stats(rig.rxq)->broken, 1);
	assert_int_equal(rx_rig_burst(&rig, pkts, 64), 0);
	rx_rig_close(&rig);
}

static uint32_t
lie_beyond_the_ring(const struct chain *chains, uint16_t place)
{
	return chains[place].head + 64;
}

static uint32_t
lie_once_more(const struct chain *chains, uint16_t place)
{
	return place == 0 ? 64 : chains[place - 1].head;
}

static void
false_ids_break_a_scattered_queue_at_every_place(void **state)
{
	const struct rx_path *row;
	unsigned int nr;
	uint16_t place;

	(void)state;
	FOR_EACH_RX(row, nr) {
		for (place = 0; place < PLACES - 1; place++) {
			rx_false_id(row, place, lie_beyond_the_ring);
			rx_false_id(row, place, lie_once_more);
		}
	}
}

/* Bursts of all sizes over the end of the ring and of the indices, lined up and then scattered. */
static void
bursts_of_all_sizes_go_over_the_wrap(void **state)
{
	const struct rx_path *row;
	unsigned int nr;
	bool shuffles;

	(void)state;
	FOR_EACH_RX(row, nr) {
		for (shuffles = false;; shuffles = true) {
			uint32_t random = 77;
			struct rx_rig rig;
			uint32_t sent = 0;

			rx_rig_open(&rig, row, 64);
			while (sent < 140000) {
				const uint16_t n = 1 + next_random(&random) % device_waiting(&rig.device);
				const uint16_t place = shuffles && n > 1 ? next_random(&random) % (n - 1) : UINT16_MAX - 1;

				rx_send_swapped(&rig, sent, n, place);
				sent += n;
			}
			assert_int_equal(rxq_stats(rig.rxq)->broken, 0);
			rx_rig_close(&rig);
			if (shuffles)
				break;
		}
	}
}

/* The peer vanishes with buffers out, some of which it had returned without anybody looking. */
static void
rx_vanish(const struct rx_path *row, uint16_t place, bool shuffled)
{
	struct rte_mbuf *pkts[64];
	struct chain chains[PLACES];
	struct rx_rig rig;
	uint16_t waiting;
	uint32_t base;
	uint16_t i;

	rx_rig_open(&rig, row, 64);
	rx_keeps_order(&rig, place, 5);
	if (shuffled)
		rx_send_swapped(&rig, 0, PLACES, place);
	waiting = device_waiting(&rig.device);
	for (i = 0; i < PLACES; i++)
		device_pop(&rig.device, &chains[i]);
	/* One of them: until somebody looks, the queue does not know which. */
	device_push(&rig.device, chains[place].head, device_write(&rig.device, &chains[place], 1, 5, 60));
	device_publish(&rig.device);
	rxq_close(rig.rxq);
	assert_int_equal(rxq_resync(rig.rxq, &base), 0);
	device_start(&rig.device, rxq_area(rig.rxq), base, rx_row_features(row));
	rxq_open(rig.rxq);
	assert_int_equal(device_waiting(&rig.device), waiting - 1);
	assert_int_equal(rx_rig_burst(&rig, pkts, 64), 1);
	packet_check(pkts[0], 5, 60);
	rte_pktmbuf_free(pkts[0]);
	rx_keeps_order(&rig, 20, 33);
	assert_int_equal(rxq_stats(rig.rxq)->broken, 0);
	rx_rig_close(&rig);
}

static void
a_peer_may_vanish_with_the_order_kept_or_not(void **state)
{
	const struct rx_path *row;
	unsigned int nr;
	uint16_t place;

	(void)state;
	FOR_EACH_RX(row, nr) {
		if (row->traits.format == VRING_PACKED)
			continue;
		for (place = 0; place < PLACES - 1; place++) {
			rx_vanish(row, place, false);
			rx_vanish(row, place, true);
		}
	}
}

/* --- tx --- */

/* What the peer holds: chains that it popped and did not return. */
struct holding {
	uint16_t heads[64];
	uint16_t n;
};

/* Pop and check all that waits. */
static void
tx_hold(struct tx_rig *rig, struct holding *holding, uint32_t *seen)
{
	struct chain chain;

	while (device_waiting(&rig->device) > 0) {
		device_pop(&rig->device, &chain);
		device_check(&rig->device, &chain, *seen, 60 + *seen % 50);
		holding->heads[holding->n++] = chain.head;
		++*seen;
	}
}

/* Return the @p n oldest; before them all, if it is one of them, that at @p place. */
static void
tx_return(struct tx_rig *rig, struct holding *holding, uint16_t n, uint16_t place)
{
	uint16_t i;

	if (place < n)
		device_push(&rig->device, holding->heads[place], 0);
	for (i = 0; i < n; i++)
		if (i != place)
			device_push(&rig->device, holding->heads[i], 0);
	device_publish(&rig->device);
	holding->n -= n;
	for (i = 0; i < holding->n; i++)
		holding->heads[i] = holding->heads[n + i];
}

/* Every fourth packet, about, is a chain of up to seven links. */
static uint16_t
tx_send(struct tx_rig *rig, uint32_t *random, uint32_t seed, uint16_t n, bool chains)
{
	struct rte_mbuf *pkts[64];
	uint16_t sent;
	uint16_t i;

	for (i = 0; i < n; i++) {
		const uint32_t len = 60 + (seed + i) % 50;

		pkts[i] = packet_make(rig->pool, seed + i, len,
			chains && next_random(random) % 4 == 0 ? len / (1 + next_random(random) % 6) : UINT16_MAX);
	}
	sent = tx_rig_burst(rig, pkts, n);
	rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	return sent;
}

/* @param shuffles: how often, about, an order is not kept; 0: never. */
static void
tx_carry(const struct tx_path *row, uint32_t count, bool chains, uint32_t shuffles)
{
	struct holding holding = {.n = 0};
	uint32_t random = 3;
	struct tx_rig rig;
	uint32_t sent = 0;
	uint32_t seen = 0;

	tx_rig_open(&rig, row, 64, 0, false);
	while (sent < count) {
		uint16_t n;

		sent += tx_send(&rig, &random, sent, 1 + next_random(&random) % 40, chains);
		tx_hold(&rig, &holding, &seen);
		n = next_random(&random) % (holding.n + 1u);
		tx_return(&rig, &holding, n,
			shuffles != 0 && next_random(&random) % shuffles == 0 ? next_random(&random) % 64 : UINT16_MAX);
	}
	assert_int_equal(seen, sent);
	assert_int_equal(txq_stats(rig.txq)->packets, sent);
	assert_int_equal(txq_stats(rig.txq)->broken, 0);
	tx_return(&rig, &holding, holding.n, UINT16_MAX);
	txq_done_cleanup(rig.txq, 0);
	assert_int_equal(pool_count(rig.pool), rig.pool_size);
	tx_rig_close(&rig);
}

static void
packets_go_out_with_the_order_kept_or_not(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_TX(row, nr) {
		tx_carry(row, 140000, false, 0);
		tx_carry(row, 140000, true, 0);
		tx_carry(row, 70000, false, 100);
		tx_carry(row, 70000, true, 100);
		tx_carry(row, 70000, true, 1);
	}
}

/* The order is broken at a place, once; after that it is kept, and then an id is false. */
static void
tx_early_then_false(const struct tx_path *row, uint16_t place, bool chains, uint32_t false_add)
{
	struct holding holding = {.n = 0};
	uint32_t random = place + 1;
	struct tx_rig rig;
	uint32_t sent;
	uint32_t seen = 0;
	uint16_t n;

	tx_rig_open(&rig, row, 128, 0, false);
	sent = tx_send(&rig, &random, 0, PLACES, chains);
	assert_int_equal(sent, PLACES);
	tx_hold(&rig, &holding, &seen);
	tx_return(&rig, &holding, PLACES, place);
	assert_int_equal(txq_done_cleanup(rig.txq, 0), PLACES);
	assert_int_equal(pool_count(rig.pool), rig.pool_size);
	n = tx_send(&rig, &random, sent, PLACES, chains);
	assert_int_equal(n, PLACES);
	tx_hold(&rig, &holding, &seen);
	holding.heads[place] += false_add;
	tx_return(&rig, &holding, PLACES, UINT16_MAX);
	assert_int_equal(txq_done_cleanup(rig.txq, 0), place);
	assert_int_equal(txq_stats(rig.txq)->broken, 1);
	tx_rig_close(&rig);
}

static void
a_sent_buffer_may_come_early_at_every_place(void **state)
{
	const struct tx_path *row;
	unsigned int nr;
	uint16_t place;

	(void)state;
	FOR_EACH_TX(row, nr) {
		for (place = 1; place < PLACES; place++) {
			tx_early_then_false(row, place, false, 128);
			tx_early_then_false(row, place, true, 128);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_received_buffer_may_come_early_at_every_place),
		cmocka_unit_test(false_ids_break_a_scattered_queue_at_every_place),
		cmocka_unit_test(bursts_of_all_sizes_go_over_the_wrap),
		cmocka_unit_test(a_peer_may_vanish_with_the_order_kept_or_not),
		cmocka_unit_test(packets_go_out_with_the_order_kept_or_not),
		cmocka_unit_test(a_sent_buffer_may_come_early_at_every_place),
	};

	return cmocka_run_group_tests_name("rxtx/scatter", tests, NULL, NULL);
}
