/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The choice among the rows, and what a disabled queue does.
 */

#include <string.h>

#include "net_rig.h"
#include "vhost2_net/rows.h"

static void
each_shape_of_queue_has_its_row(void **state)
{
	unsigned int bits;

	(void)state;
	for (bits = 0; bits < 16; bits++) {
		const struct rte_vhost2_vq vq = {
			.index = 6 + (bits & 1),
			.is_packed = (bits & 2) != 0,
			.in_order = (bits & 4) != 0,
			.enabled = (bits & 8) != 0,
		};
		const struct net_row *const row = net_row_select(&vq);

		assert_int_equal(row->is_enqueue, (bits & 1) == 0);
		assert_int_equal(row->is_enabled, vq.enabled);
		if (!vq.enabled)
			continue;
		assert_int_equal(row->traits.is_packed, vq.is_packed);
		assert_int_equal(row->traits.in_order, vq.in_order && !row->is_enqueue);
	}
}

static void
each_row_is_chosen_for_something(void **state)
{
	const struct net_row *rows;
	unsigned int nr;
	unsigned int i;

	(void)state;
	rows = net_rows(&nr);
	for (i = 0; i < nr; i++) {
		const struct rte_vhost2_vq vq = {
			.index = rows[i].is_enqueue ? 0 : 1,
			.is_packed = rows[i].traits.is_packed,
			.in_order = rows[i].traits.in_order,
			.enabled = rows[i].is_enabled,
		};

		assert_ptr_equal(net_row_select(&vq), &rows[i]);
	}
}

static void
a_disabled_queue_discards_what_the_driver_sends(void **state)
{
	static const struct link links[2] = {{REGION_A, 12, 0, 0}, {REGION_A + 64, 60, 0, 0}};
	struct rte_mbuf *pkts[4];
	struct net_rig rig;
	unsigned int i;
	uint32_t len;
	uint16_t id;

	(void)state;
	for (i = 0; i < 2; i++) {
		net_rig_open(&rig, i, 1, 0, 0);
		rte_vhost2_net_queue_stop(rig.queue);
		rig.ring.vq.enabled = false;
		assert_int_equal(rte_vhost2_net_queue_start(rig.queue, &rig.ring.dev, &rig.ring.vq), 0);
		ring_rig_offer(&rig.ring, 3, links, 2, false);
		ring_rig_offer(&rig.ring, 5, links, 1, false);
		assert_int_equal(rte_vhost2_net_dequeue_burst(rig.queue, pkts, 4), 0);
		assert_int_equal(net_rig_stats(&rig)->discarded, 2);
		ring_rig_used(&rig.ring, 0, &id, &len);
		assert_int_equal(id, 3);
		ring_rig_used(&rig.ring, i ? 2 : 1, &id, &len);
		assert_int_equal(id, 5);
		net_rig_close(&rig);
	}
}

static void
a_disabled_queue_discards_what_the_device_sends(void **state)
{
	static const struct link link = {REGION_A, 1526, VRING_DESC_F_WRITE, 0};
	struct rte_mbuf *m;
	struct net_rig rig;

	(void)state;
	net_rig_open(&rig, false, 0, 0, 0);
	rte_vhost2_net_queue_stop(rig.queue);
	rig.ring.vq.enabled = false;
	assert_int_equal(rte_vhost2_net_queue_start(rig.queue, &rig.ring.dev, &rig.ring.vq), 0);
	ring_rig_offer(&rig.ring, 0, &link, 1, false);
	m = packet_make(rig.pool, 1, 60, 60);
	assert_int_equal(net_rig_enqueue(&rig, m), 1);
	assert_int_equal(net_rig_stats(&rig)->discarded, 1);
	assert_int_equal(rig.ring.vq.used->idx, 0);
	rte_pktmbuf_free(m);
	net_rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_of_queue_has_its_row),
		cmocka_unit_test(each_row_is_chosen_for_something),
		cmocka_unit_test(a_disabled_queue_discards_what_the_driver_sends),
		cmocka_unit_test(a_disabled_queue_discards_what_the_device_sends),
	};

	return cmocka_run_group_tests_name("vhost2_net/rows", tests, NULL, NULL);
}
