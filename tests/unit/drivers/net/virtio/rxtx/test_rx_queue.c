/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The life of an rx queue: what create refuses, discard, descriptor status, and a new peer that goes on where one
 * vanished.
 * Covers VIRTIO 1.3 2.7 (sizes), 5.1.6.3.1 (receive buffers); vhost-user SET_VRING_BASE (split format).
 */

#include <errno.h>
#include <stdlib.h>

#include <rte_ethdev.h>

#include "support.h"

#define FOR_EACH_ROW(row, nr) \
	for (row = rx_paths(&(nr)); row < rx_paths(&(nr)) + (nr); row++) \
		if (row_can_run(row->name, row->traits.simd))

static void
sizes_that_are_not_a_power_of_two_are_refused(void **state)
{
	static const uint32_t sizes[] = {0, 3, 5, 6, 255, 32769, 65536, UINT32_MAX};
	struct virtio_rxq *rxq;
	struct rx_rig rig;
	unsigned int nr;
	size_t i;

	(void)state;
	rx_rig_open(&rig, rx_paths(&nr), 64);
	for (i = 0; i < RTE_DIM(sizes); i++) {
		rig.config.size = sizes[i];
		assert_int_equal(rxq_mem_bytes(0, sizes[i]), 0);
		assert_int_equal(rxq_create(&rig.config, &rxq), -EINVAL);
	}
	rig.config.size = 128;
	assert_int_equal(rxq_create(&rig.config, &rxq), -EINVAL);
	rx_rig_close(&rig);
}

static void
pools_whose_buffers_cannot_hold_a_frame_are_refused(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		const uint16_t least = RTE_PKTMBUF_HEADROOM + (row->traits.mergeable ? 64 : 1514);
		struct virtio_rxq *rxq;
		struct rx_rig rig;
		uint16_t i;

		rx_rig_open(&rig, row, 64);
		for (i = 0; i < 2; i++) {
			rig.config.pool = pool_make(1, least - 1 + i);
			assert_int_equal(rxq_create(&rig.config, &rxq), i == 0 ? -EINVAL : 0);
			if (i == 1)
				rxq_destroy(rxq);
			pool_drop(rig.config.pool);
		}
		rig.config.pool = NULL;
		assert_int_equal(rxq_create(&rig.config, &rxq), -EINVAL);
		rx_rig_close(&rig);
	}
}

static void
fill_says_when_the_pool_has_too_few(void **state)
{
	unsigned int nr;
	const struct rx_path *const row = rx_paths(&nr);
	struct rx_rig rig;
	void *hoard[512];
	unsigned int n;

	(void)state;
	rx_rig_open(&rig, row, 64);
	rxq_discard(rig.rxq);
	n = pool_count(rig.pool) - 40;
	assert_int_equal(rte_mempool_get_bulk(rig.pool, hoard, n), 0);
	assert_int_equal(rxq_fill(rig.rxq, 41), -ENOMEM);
	assert_int_equal(rxq_fill(rig.rxq, 40), 0);
	assert_int_equal(pool_count(rig.pool), 0);
	rte_mempool_put_bulk(rig.pool, hoard, n);
	rx_rig_close(&rig);
}

static void
descriptor_status_follows_a_buffer(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		void *hoard[512];
		struct rx_rig rig;
		unsigned int n;

		rx_rig_open(&rig, row, 64);
		n = pool_count(rig.pool);
		assert_int_equal(rte_mempool_get_bulk(rig.pool, hoard, n), 0);
		device_send(&rig.device, 0, 60);
		device_send(&rig.device, 1, 60);
		rx_rig_expect(&rig, 0, 60);
		assert_int_equal(rxq_descriptor_status(rig.rxq, 0), RTE_ETH_RX_DESC_DONE);
		assert_int_equal(rxq_descriptor_status(rig.rxq, 1), RTE_ETH_RX_DESC_AVAIL);
		assert_int_equal(rxq_descriptor_status(rig.rxq, 62), RTE_ETH_RX_DESC_AVAIL);
		assert_int_equal(rxq_descriptor_status(rig.rxq, 63), RTE_ETH_RX_DESC_UNAVAIL);
		assert_int_equal(rxq_descriptor_status(rig.rxq, 64), -EINVAL);
		rte_mempool_put_bulk(rig.pool, hoard, n);
		rx_rig_close(&rig);
	}
}

static void
discard_brings_every_buffer_home_and_starts_at_zero(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rx_rig rig;
		uint32_t i;

		rx_rig_open(&rig, row, 64);
		for (i = 0; i < 100; i++) {
			device_send(&rig.device, i, 60);
			rx_rig_expect(&rig, i, 60);
		}
		device_send(&rig.device, i, 60);
		rxq_discard(rig.rxq);
		assert_int_equal(pool_count(rig.pool), rig.pool_size);
		device_start(&rig.device, rxq_area(rig.rxq), row_base(row->traits.format), rig.config.features);
		assert_int_equal(device_waiting(&rig.device), 0);
		assert_int_equal(rxq_stats(rig.rxq)->dropped, 0);
		rx_rig_close(&rig);
	}
}

/* Everything that is with the peer, popped; some of it, in a random order if that is allowed, returned. */
static uint32_t
return_some(struct rx_rig *rig, uint32_t *random, uint32_t seed)
{
	struct chain chains[64];
	const uint16_t n = device_waiting(&rig->device);
	const uint16_t some = next_random(random) % (n + 1);
	uint16_t i;

	for (i = 0; i < n; i++)
		device_pop(&rig->device, &chains[i]);
	for (i = 0; i < some; i++) {
		const uint32_t pick = rig->row->traits.in_order ? i : i + next_random(random) % (n - i);
		const struct chain chain = chains[pick];

		chains[pick] = chains[i];
		device_push(&rig->device, chain.head, device_write(&rig->device, &chain, 1, seed + i, 60));
	}
	device_publish(&rig->device);
	return some;
}

static uint32_t
take_some(struct rx_rig *rig, uint32_t *random, uint32_t seed, uint32_t most)
{
	struct rte_mbuf *pkts[64];
	const uint16_t wanted = next_random(random) % (most + 1);
	const uint16_t n = rx_rig_burst(rig, pkts, wanted);
	uint16_t i;

	for (i = 0; i < n; i++) {
		packet_check(pkts[i], seed + i, 60);
		rte_pktmbuf_free(pkts[i]);
	}
	return n;
}

static void
a_new_peer_goes_on_where_one_vanished(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		uint32_t random = 41;
		struct rx_rig rig;
		uint32_t sent = 0;
		uint32_t got = 0;
		uint32_t round;

		rx_rig_open(&rig, row, 64);
		for (round = 0; round < 5000; round++) {
			uint32_t base;

			sent += return_some(&rig, &random, sent);
			got += take_some(&rig, &random, got, 64);
			assert_int_equal(rxq_resync(rig.rxq, &base), 0);
			assert_int_equal(base, device_base(&rig.device));
			device_start(&rig.device, rxq_area(rig.rxq), base, rig.config.features);
			got += take_some(&rig, &random, got, 64);
		}
		while (got < sent)
			got += take_some(&rig, &random, got, 64);
		assert_int_equal(rxq_stats(rig.rxq)->broken, 0);
		assert_int_equal(rxq_stats(rig.rxq)->packets, sent);
		rx_rig_close(&rig);
	}
}

static void
resync_mends_a_broken_queue_without_losing_a_buffer(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rte_mbuf *m;
		struct rx_rig rig;
		uint32_t base;
		uint32_t i;

		if (row->traits.format == VRING_PACKED)
			continue;
		rx_rig_open(&rig, row, 64);
		device_send(&rig.device, 0, 60);
		device_push(&rig.device, 1000, 72);
		device_publish(&rig.device);
		rx_rig_expect(&rig, 0, 60);
		assert_int_equal(rx_rig_burst(&rig, &m, 1), 0);
		assert_int_equal(rxq_stats(rig.rxq)->broken, 1);
		assert_int_equal(rxq_resync(rig.rxq, &base), 0);
		assert_int_equal(base, 1);
		split_used_publish(split_used_ring(rxq_area(rig.rxq)), 4000);
		assert_int_equal(rx_rig_burst(&rig, &m, 1), 0);
		device_scribble(&rig.device);
		assert_int_equal(rxq_resync(rig.rxq, &base), 0);
		assert_int_equal(base, 1);
		device_start(&rig.device, rxq_area(rig.rxq), base, rig.config.features);
		for (i = 0; i < 200; i++) {
			device_send(&rig.device, i, 60);
			rx_rig_expect(&rig, i, 60);
		}
		rx_rig_close(&rig);
	}
}

static void
a_packet_that_a_dead_peer_left_half_is_not_continued(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rx_rig rig;
		unsigned int taken;

		if (!row->traits.mergeable || row->traits.format == VRING_PACKED)
			continue;
		for (taken = 0; taken < 2; taken++) {
			struct rte_mbuf *pkts[4];
			uint32_t base;

			rx_rig_open(&rig, row, 64);
			device_send_merged(&rig.device, 9, 9000);
			split_used_publish(split_used_ring(rxq_area(rig.rxq)), 4);
			if (taken == 1)
				assert_int_equal(rx_rig_burst(&rig, pkts, 2), 0);
			assert_int_equal(rxq_resync(rig.rxq, &base), 0);
			assert_int_equal(base, 4);
			device_start(&rig.device, rxq_area(rig.rxq), base, rig.config.features);
			device_send(&rig.device, 5, 60);
			assert_int_equal(rx_rig_burst(&rig, pkts, 0), 0);
			while (rx_rig_burst(&rig, pkts, 4) == 0)
				;
			packet_check(pkts[0], 5, 60);
			rte_pktmbuf_free(pkts[0]);
			assert_int_equal(rxq_stats(rig.rxq)->bad_chain, 1);
			rx_rig_close(&rig);
		}
	}
}

static void
peers_that_die_one_after_the_other_between_polls_are_all_told_apart(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rte_mbuf *m;
		struct rx_rig rig;
		uint16_t deaths;
		uint32_t base;

		if (!row->traits.mergeable || row->traits.format == VRING_PACKED)
			continue;
		rx_rig_open(&rig, row, 64);
		/* Each sends a packet, and the first four buffers of another. */
		for (deaths = 0; deaths < 3; deaths++) {
			device_send(&rig.device, deaths, 60);
			device_send_merged(&rig.device, 9, 9000);
			split_used_publish(split_used_ring(rxq_area(rig.rxq)), 5 * (deaths + 1));
			assert_int_equal(rxq_resync(rig.rxq, &base), 0);
			assert_int_equal(base, 5 * (deaths + 1));
			device_start(&rig.device, rxq_area(rig.rxq), base, rig.config.features);
		}
		device_send(&rig.device, deaths, 60);
		for (deaths = 0; deaths < 4; deaths++) {
			unsigned int polls = 0;

			while (rx_rig_burst(&rig, &m, 1) == 0)
				assert_in_range(++polls, 1, 5);
			packet_check(m, deaths, 60);
			rte_pktmbuf_free(m);
		}
		assert_int_equal(rxq_stats(rig.rxq)->bad_chain, 3);
		rx_rig_close(&rig);
	}
}

/* Buffers of a pool that is not initialized as usual: the last one lies further behind its mbuf than the others. */
static void
buffers_are_posted_where_they_lie(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct rte_mbuf *m;
		struct rx_rig rig;
		uint32_t i;

		rx_rig_open(&rig, row, 64);
		rxq_close(rig.rxq);
		rxq_destroy(rig.rxq);
		for (i = 0; i < 2; i++) {
			assert_int_equal(rte_mempool_get(rig.pool, (void **)&m), 0);
			m->buf_addr = (char *)m->buf_addr + 64 * i;
			rte_mempool_put(rig.pool, m);
		}
		assert_int_equal(rxq_create(&rig.config, &rig.rxq), 0);
		rxq_set_ptypes(rig.rxq, false);
		assert_int_equal(rxq_fill(rig.rxq, 64), 0);
		device_start(&rig.device, rxq_area(rig.rxq), row_base(row->traits.format), rig.config.features);
		rxq_open(rig.rxq);
		for (i = 0; i < 1000; i++) {
			device_send(&rig.device, i, 60);
			rx_rig_expect(&rig, i, 60);
		}
		rx_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_that_are_not_a_power_of_two_are_refused),
		cmocka_unit_test(pools_whose_buffers_cannot_hold_a_frame_are_refused),
		cmocka_unit_test(fill_says_when_the_pool_has_too_few),
		cmocka_unit_test(descriptor_status_follows_a_buffer),
		cmocka_unit_test(discard_brings_every_buffer_home_and_starts_at_zero),
		cmocka_unit_test(a_new_peer_goes_on_where_one_vanished),
		cmocka_unit_test(resync_mends_a_broken_queue_without_losing_a_buffer),
		cmocka_unit_test(a_packet_that_a_dead_peer_left_half_is_not_continued),
		cmocka_unit_test(peers_that_die_one_after_the_other_between_polls_are_all_told_apart),
		cmocka_unit_test(buffers_are_posted_where_they_lie),
	};

	return cmocka_run_group_tests_name("rxtx/rx_queue", tests, NULL, NULL);
}
