/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What only a packed rx ring has: a new peer in the middle of a lap, before and after a packet of several buffers.
 * test_rx_split.c, test_rx_odd.c and test_rx_queue.c hold for rows of both formats.
 * Covers VIRTIO 1.3 2.8.1 (wrap counters), 2.8.4 (used descriptors), 5.1.6.4 (packet receive).
 */

#include <stdlib.h>

#include "support.h"

#define RX_ROWS(row, nr) \
	for (row = rx_paths(&(nr)); row < rx_paths(&(nr)) + (nr); row++) \
		if (row->traits.format == VRING_PACKED && row_can_run(row->name, row->traits.simd))

static void
rx_resync_mends_a_broken_queue_without_losing_a_buffer(void **state)
{
	const struct rx_path *row;
	unsigned int nr;

	(void)state;
	RX_ROWS(row, nr) {
		struct rte_mbuf *m;
		struct rx_rig rig;
		uint32_t base;
		uint32_t i;

		rx_rig_open(&rig, row, 50);
		device_send(&rig.device, 0, 60);
		device_push(&rig.device, 1000, 72);
		device_publish(&rig.device);
		rx_rig_expect(&rig, 0, 60);
		assert_int_equal(rx_rig_burst(&rig, &m, 1), 0);
		assert_int_equal(rxq_stats(rig.rxq)->broken, 1);
		assert_int_equal(rxq_resync(rig.rxq, &base), 0);
		assert_int_equal(base, 0x80018001);
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
	RX_ROWS(row, nr) {
		struct rte_mbuf *pkts[8];
		struct rx_rig rig;
		uint32_t base;

		if (!row->traits.mergeable)
			continue;
		rx_rig_open(&rig, row, 64);
		device_send_merged(&rig.device, 9, 9000);
		/* Its last two buffers were never returned. */
		packed_desc_ring(rxq_area(rig.rxq))[4].flags = 0x80;
		packed_desc_ring(rxq_area(rig.rxq))[5].flags = 0x80;
		assert_int_equal(rx_rig_burst(&rig, pkts, 8), 0);
		assert_int_equal(rxq_resync(rig.rxq, &base), 0);
		assert_int_equal(base, 0x80048004);
		device_start(&rig.device, rxq_area(rig.rxq), base, rig.config.features);
		device_send(&rig.device, 5, 60);
		while (rx_rig_burst(&rig, pkts, 4) == 0)
			;
		packet_check(pkts[0], 5, 60);
		rte_pktmbuf_free(pkts[0]);
		assert_int_equal(rxq_stats(rig.rxq)->bad_chain, 1);
		rx_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rx_resync_mends_a_broken_queue_without_losing_a_buffer),
		cmocka_unit_test(a_packet_that_a_dead_peer_left_half_is_not_continued),
	};

	return cmocka_run_group_tests_name("rxtx/rx_packed", tests, NULL, NULL);
}
