/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What drivers send that is not one plain buffer: headers over twelve descriptors, packets over regions and mbufs,
 * lengths that cannot be (dropped, the queue goes on), rings that cannot be (broken), pools that run dry.
 */

#include <string.h>

#include "net_rig.h"

#define N VRING_DESC_F_NEXT
#define W VRING_DESC_F_WRITE
#define A REGION_A

/* A packet with its header, all zero, at @p iova. */
static void
packet_lay(struct net_rig *rig, uint64_t iova, uint32_t seed, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len + 12; i++)
		*(uint8_t *)ring_rig_at(&rig->ring, iova + i) = i < 12 ? 0 : packet_byte(seed, i - 12);
}

static void
packet_expect(struct net_rig *rig, uint32_t seed, uint32_t len)
{
	struct rte_mbuf *m;

	assert_int_equal(net_rig_dequeue(rig, &m), 1);
	packet_check(m, seed, len);
	assert_int_equal(m->port, 7);
	rte_pktmbuf_free(m);
}

static void
a_header_over_twelve_descriptors_is_read(void **state)
{
	struct link links[13];
	struct net_rig rig;
	unsigned int i;
	unsigned int j;

	(void)state;
	for (i = 0; i < 2; i++) {
		net_rig_open(&rig, i, 1, 0, 0);
		packet_lay(&rig, A, 5, 60);
		for (j = 0; j < 13; j++)
			links[j] = (struct link){A + j, j < 12 ? 1 : 60, 0, 0};
		ring_rig_offer(&rig.ring, 0, links, 13, false);
		packet_expect(&rig, 5, 60);
		net_rig_close(&rig);
	}
}

static void
packets_may_span_regions_and_mbufs(void **state)
{
	const struct link link = {REGION_B - 700, 1512, 0, 0};
	struct net_rig rig;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		net_rig_open(&rig, i, 1, 0, 0);
		packet_lay(&rig, link.iova, 6, 1500);
		ring_rig_offer(&rig.ring, 0, &link, 1, false);
		packet_expect(&rig, 6, 1500);
		net_rig_close(&rig);
	}
}

/* One row: a bad buffer between two good ones. */
struct row {
	const char *name;
	enum rte_vhost2_error error; /* COUNT: dropped */
	uint32_t n;
	struct link links[3];
};

static const struct row rows[] = {
	{"1 byte", RTE_VHOST2_ERR_COUNT, 1, {{A, 1, 0, 0}}},
	{"header but one byte", RTE_VHOST2_ERR_COUNT, 1, {{A, 11, 0, 0}}},
	{"header alone", RTE_VHOST2_ERR_COUNT, 1, {{A, 12, 0, 0}}},
	{"header alone in two", RTE_VHOST2_ERR_COUNT, 2, {{A, 6, 0, 0}, {A, 6, 0, 0}}},
	{"longer than any packet", RTE_VHOST2_ERR_COUNT, 2, {{A, 12, 0, 0}, {A, 65550, 0, 0}}},
	{"4 GiB", RTE_VHOST2_ERR_COUNT, 1, {{A, 0xffffffff, 0, 0}}},
	{"writable", RTE_VHOST2_ERR_DESCRIPTOR, 1, {{A, 100, W, 0}}},
	{"writable tail", RTE_VHOST2_ERR_DESCRIPTOR, 2, {{A, 100, 0, 0}, {A, 100, W, 0}}},
	{"no region", RTE_VHOST2_ERR_TRANSLATION, 1, {{REGION_GAP, 100, 0, 0}}},
	{"end in no region", RTE_VHOST2_ERR_TRANSLATION, 1, {{REGION_GAP - 50, 100, 0, 0}}},
	{"end in no region, second link", RTE_VHOST2_ERR_TRANSLATION, 2, {{A, 12, 0, 0}, {REGION_GAP - 1, 2, 0, 0}}},
	{"address that wraps", RTE_VHOST2_ERR_TRANSLATION, 1, {{~0ULL - 10, 100, 0, 0}}},
};

static void
row_run(const struct row *row, bool is_packed)
{
	static const struct link good = {A + 4096, 72, 0, 0};
	const bool is_dropped = row->error == RTE_VHOST2_ERR_COUNT;
	struct rte_mbuf *pkts[4];
	struct net_rig rig;
	uint16_t n;

	net_rig_open(&rig, is_packed, 1, 0, 0);
	packet_lay(&rig, A + 4096, 1, 60);
	ring_rig_offer(&rig.ring, 0, &good, 1, false);
	ring_rig_offer(&rig.ring, 1, row->links, row->n, false);
	ring_rig_offer(&rig.ring, 5, &good, 1, false);
	n = rte_vhost2_net_dequeue_burst(rig.queue, pkts, 4);
	if (n != (is_dropped ? 2 : 1) || rig.ring.breaks != !is_dropped || (!is_dropped && rig.ring.error != row->error))
		fail_msg("%s: %u packets, %u breaks, error %d", row->name, n, rig.ring.breaks, rig.ring.error);
	assert_int_equal(net_rig_stats(&rig)->bad_length, is_dropped);
	rte_pktmbuf_free_bulk(pkts, n);
	assert_int_equal(rte_vhost2_net_dequeue_burst(rig.queue, pkts, 4), 0);
	net_rig_close(&rig);
}

static void
bad_buffers_cost_no_other_packet(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 2 * RTE_DIM(rows); i++)
		row_run(&rows[i / 2], i % 2 == 1);
}

static void
a_dry_pool_leaves_packets_in_the_ring(void **state)
{
	const struct link link = {A, 72, 0, 0};
	struct rte_mbuf *held[NET_RIG_POOL];
	struct rte_mbuf *pkts[4];
	struct net_rig rig;
	unsigned int i;

	(void)state;
	net_rig_open(&rig, true, 1, 0, 0);
	packet_lay(&rig, A, 1, 60);
	for (i = 0; i < NET_RIG_POOL; i++)
		held[i] = packet_make(rig.pool, 1, 1, 1);
	for (i = 0; i < 4; i++)
		ring_rig_offer(&rig.ring, (uint16_t)i, &link, 1, false);
	assert_int_equal(rte_vhost2_net_dequeue_burst(rig.queue, pkts, 4), 0);
	assert_int_equal(net_rig_stats(&rig)->no_mbuf, 1);
	rte_pktmbuf_free(held[0]);
	rte_pktmbuf_free(held[1]);
	assert_int_equal(rte_vhost2_net_dequeue_burst(rig.queue, pkts, 4), 2);
	rte_pktmbuf_free_bulk(held + 2, NET_RIG_POOL - 2);
	assert_int_equal(rte_vhost2_net_dequeue_burst(rig.queue, pkts + 2, 4), 2);
	rte_pktmbuf_free_bulk(pkts, 4);
	net_rig_close(&rig);
}

/* Nothing in the ring but what is dropped, by its length or by its header: the burst comes back before it is empty. */
static void
a_burst_of_bad_buffers_is_bounded(void **state)
{
	struct rte_mbuf *pkts[4];
	struct net_rig rig;
	unsigned int i;
	unsigned int j;

	(void)state;
	for (i = 0; i < 4; i++) {
		const struct link link = {A, i / 2 == 0 ? 5 : 72, 0, 0};
		uint64_t dropped;

		net_rig_open_sized(&rig, i & 1, 1, 0, 0, 256);
		*(uint8_t *)ring_rig_at(&rig.ring, A) = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		for (j = 0; j < 256; j++)
			ring_rig_offer(&rig.ring, (uint16_t)j, &link, 1, false);
		assert_int_equal(rte_vhost2_net_dequeue_burst(rig.queue, pkts, 4), 0);
		dropped = net_rig_stats(&rig)->bad_length + net_rig_stats(&rig)->bad_header;
		assert_in_range(dropped, 4, 100);
		net_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_over_twelve_descriptors_is_read),
		cmocka_unit_test(packets_may_span_regions_and_mbufs),
		cmocka_unit_test(bad_buffers_cost_no_other_packet),
		cmocka_unit_test(a_dry_pool_leaves_packets_in_the_ring),
		cmocka_unit_test(a_burst_of_bad_buffers_is_bounded),
	};

	return cmocka_run_group_tests_name("vhost2_net/dequeue_odd", tests, NULL, NULL);
}
