/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Packets that are not one buffer with headroom: segments by table and by chain, shared and foreign buffers, packets
 * that cannot be sent. Each in every tx row, with and without indirect descriptors.
 * Covers VIRTIO 1.3 2.7.5 (descriptor table), 2.7.5.3 (indirect descriptors), 5.1.6.2 (packet transmit).
 */

#include <stdlib.h>

#include "support.h"

#define INDIRECT VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC)
#define TABLE_LINKS 17

/* Every row, with (odd) and without (even) indirect descriptors. */
#define FOR_EACH_CASE(row, i, nr) \
	for (i = 0; row = tx_paths(&(nr)) + (i) / 2, (i) < 2 * (nr); (i)++) \
		if (row_can_run(row->name, row->traits.simd))

static uint64_t
case_features(unsigned int i)
{
	return i % 2 == 1 ? INDIRECT : 0;
}

static void
give_back(struct tx_rig *rig, const struct chain *chain)
{
	device_push(&rig->device, chain->head, 0);
	device_publish(&rig->device);
}

static void
segments_arrive_whole_by_table_or_chain(void **state)
{
	static const uint32_t counts[] = {2, 3, TABLE_LINKS, TABLE_LINKS + 1, 40, 64};
	const struct tx_path *row;
	unsigned int nr;
	unsigned int i;
	uint32_t n;

	(void)state;
	FOR_EACH_CASE(row, i, nr) {
		struct chain chain;
		struct tx_rig rig;

		tx_rig_open(&rig, row, 64, case_features(i), false);
		for (n = 0; n < 3 * RTE_DIM(counts); n++) {
			const uint32_t count = counts[n % RTE_DIM(counts)];
			struct rte_mbuf *m = packet_make(rig.pool, n, count * 100 - 7, 100);

			txq_done_cleanup(rig.txq, 0);
			assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
			device_pop(&rig.device, &chain);
			assert_int_equal(chain.links, count);
			assert_int_equal(chain.is_indirect, i % 2 == 1 && count <= TABLE_LINKS);
			device_check(&rig.device, &chain, n, count * 100 - 7);
			give_back(&rig, &chain);
		}
		assert_int_equal(txq_stats(rig.txq)->packets, n);
		tx_rig_close(&rig);
	}
}

static void
a_frame_of_64_kib_goes_out(void **state)
{
	const struct tx_path *row;
	unsigned int nr;
	unsigned int i;

	(void)state;
	FOR_EACH_CASE(row, i, nr) {
		struct chain chain;
		struct rte_mbuf *m;
		struct tx_rig rig;

		tx_rig_open(&rig, row, 256, case_features(i), false);
		m = packet_make(rig.pool, 1, 65536 + 14, 1400);
		assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
		device_pop(&rig.device, &chain);
		device_check(&rig.device, &chain, 1, 65536 + 14);
		m = packet_make(rig.pool, 1, 65536 + 15, 1400);
		assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
		assert_int_equal(txq_stats(rig.txq)->too_long, 1);
		assert_int_equal(txq_stats(rig.txq)->packets, 1);
		assert_int_equal(device_waiting(&rig.device), 0);
		tx_rig_close(&rig);
	}
}

static void
what_never_fits_is_freed_and_counted(void **state)
{
	const struct tx_path *row;
	unsigned int nr;
	unsigned int i;

	(void)state;
	FOR_EACH_CASE(row, i, nr) {
		struct rte_mbuf *pkts[3];
		struct chain chain;
		struct tx_rig rig;

		tx_rig_open(&rig, row, 8, case_features(i), false);
		pkts[0] = packet_make(rig.pool, 0, 900, 100);
		pkts[1] = packet_make(rig.pool, 1, 0, 100);
		pkts[2] = packet_make(rig.pool, 2, 60, 100);
		assert_int_equal(tx_rig_burst(&rig, pkts, 3), 3);
		assert_int_equal(txq_stats(rig.txq)->too_long, 2);
		assert_int_equal(txq_stats(rig.txq)->packets, 1);
		assert_int_equal(txq_stats(rig.txq)->bytes, 60);
		device_pop(&rig.device, &chain);
		device_check(&rig.device, &chain, 2, 60);
		assert_int_equal(device_waiting(&rig.device), 0);
		tx_rig_close(&rig);
	}
}

static void
a_chain_that_does_not_fit_now_leaves_no_half(void **state)
{
	const struct tx_path *row;
	unsigned int nr;

	(void)state;
	for (row = tx_paths(&nr); row < tx_paths(&nr) + nr; row++) {
		struct rte_mbuf *pkts[4];
		struct chain chain;
		struct tx_rig rig;

		tx_rig_open(&rig, row, 8, 0, false);
		pkts[0] = packet_make(rig.pool, 0, 300, 100);
		pkts[1] = packet_make(rig.pool, 1, 300, 100);
		pkts[2] = packet_make(rig.pool, 2, 300, 100);
		pkts[3] = packet_make(rig.pool, 3, 60, 100);
		assert_int_equal(tx_rig_burst(&rig, pkts, 4), 2);
		assert_int_equal(txq_stats(rig.txq)->no_desc, 2);
		assert_int_equal(device_waiting(&rig.device), 2);
		device_pop(&rig.device, &chain);
		device_check(&rig.device, &chain, 0, 300);
		give_back(&rig, &chain);
		assert_int_equal(tx_rig_burst(&rig, pkts + 2, 2), 2);
		device_pop(&rig.device, &chain);
		device_pop(&rig.device, &chain);
		device_check(&rig.device, &chain, 2, 300);
		device_pop(&rig.device, &chain);
		device_check(&rig.device, &chain, 3, 60);
		tx_rig_close(&rig);
	}
}

/* Place one packet, check its shape, give it back. */
static void
send_and_check(struct tx_rig *rig, struct rte_mbuf *m, uint32_t seed, uint32_t len, uint32_t links)
{
	struct chain chain;

	assert_int_equal(tx_rig_burst(rig, &m, 1), 1);
	device_pop(&rig->device, &chain);
	assert_int_equal(chain.links, links);
	device_check(&rig->device, &chain, seed, len);
	give_back(rig, &chain);
	assert_int_equal(txq_done_cleanup(rig->txq, 0), 1);
}

static void
without_headroom_the_header_stands_alone(void **state)
{
	const struct tx_path *row;
	unsigned int nr;
	unsigned int i;

	(void)state;
	FOR_EACH_CASE(row, i, nr) {
		uint16_t headroom;
		struct tx_rig rig;

		tx_rig_open(&rig, row, 64, case_features(i), false);
		for (headroom = 0; headroom < 20; headroom++) {
			struct rte_mbuf *m = packet_make(rig.pool, 3, 80, 100);

			memmove((char *)m->buf_addr + headroom, rte_pktmbuf_mtod(m, void *), 80);
			m->data_off = headroom;
			send_and_check(&rig, m, 3, 80, headroom < VIRTIO_NET_HDR_LEN_V1 ? 2 : 1);
		}
		tx_rig_close(&rig);
	}
}

static void
shared_buffers_are_not_written_to(void **state)
{
	const struct tx_path *row;
	unsigned int nr;
	unsigned int i;

	(void)state;
	FOR_EACH_CASE(row, i, nr) {
		struct rte_mbuf *clone;
		struct rte_mbuf *m;
		struct tx_rig rig;

		tx_rig_open(&rig, row, 64, case_features(i), false);
		m = packet_make(rig.pool, 3, 80, 100);
		memset(rte_pktmbuf_mtod(m, char *) - 12, 0x77, 12);
		rte_mbuf_refcnt_update(m, 1);
		send_and_check(&rig, m, 3, 80, 2);
		clone = rte_pktmbuf_alloc(rig.pool);
		rte_pktmbuf_attach(clone, m);
		send_and_check(&rig, clone, 3, 80, 2);
		assert_int_equal(*(rte_pktmbuf_mtod(m, unsigned char *) - 12), 0x77);
		rte_pktmbuf_free(m);
		tx_rig_close(&rig);
	}
}

static void
mixed_packets_keep_their_order_over_many_laps(void **state)
{
	const struct tx_path *row;
	unsigned int nr;
	unsigned int i;

	(void)state;
	FOR_EACH_CASE(row, i, nr) {
		uint32_t random = 23;
		struct tx_rig rig;
		uint32_t sent = 0;
		uint32_t seen = 0;

		tx_rig_open(&rig, row, 64, case_features(i), i % 2 == 0);
		while (sent < 30000) {
			struct rte_mbuf *pkts[16];
			struct chain chain;
			uint16_t n;
			uint16_t k;

			for (k = 0; k < 16; k++) {
				const uint32_t segments = (sent + k) % 5 == 0 ? 1 + (sent + k) % 23 : 1;

				pkts[k] = packet_make(rig.pool, sent + k, segments * 50, 50);
			}
			n = tx_rig_burst(&rig, pkts, 16);
			rte_pktmbuf_free_bulk(pkts + n, 16 - n);
			sent += n;
			while (device_waiting(&rig.device) > 0 && next_random(&random) % 20 != 0) {
				device_pop(&rig.device, &chain);
				device_check(&rig.device, &chain, seen, (seen % 5 == 0 ? 1 + seen % 23 : 1) * 50);
				device_push(&rig.device, chain.head, 0);
				seen++;
			}
			device_publish(&rig.device);
		}
		assert_int_equal(txq_stats(rig.txq)->broken, 0);
		assert_int_equal(txq_stats(rig.txq)->packets, sent);
		tx_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_arrive_whole_by_table_or_chain),
		cmocka_unit_test(a_frame_of_64_kib_goes_out),
		cmocka_unit_test(what_never_fits_is_freed_and_counted),
		cmocka_unit_test(a_chain_that_does_not_fit_now_leaves_no_half),
		cmocka_unit_test(without_headroom_the_header_stands_alone),
		cmocka_unit_test(shared_buffers_are_not_written_to),
		cmocka_unit_test(mixed_packets_keep_their_order_over_many_laps),
	};

	return cmocka_run_group_tests_name("rxtx/tx_odd", tests, NULL, NULL);
}
