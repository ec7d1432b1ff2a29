/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Packets that need more than one buffer, or a buffer of several parts; and buffers that cannot be.
 *
 * VIRTIO 1.3 5.1.6.4.1: "the device MUST set num_buffers to indicate the number of buffers the packet (including the
 * header) is spread over."
 */

#include <string.h>

#include "net_rig.h"

#define W VRING_DESC_F_WRITE
#define A REGION_A
#define MERGEABLE VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)

static uint16_t
num_buffers_at(struct net_rig *rig, uint64_t iova)
{
	uint16_t value;

	memcpy(&value, ring_rig_at(&rig->ring, iova + 10), sizeof(value));
	return value;
}

static void
bytes_check(struct net_rig *rig, uint64_t iova, uint32_t seed, uint32_t offset, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		assert_int_equal(*(uint8_t *)ring_rig_at(&rig->ring, iova + i), packet_byte(seed, offset + i));
}

/* 300 bytes behind 12 over buffers of 128: full, full, 56. */
static void
a_packet_fills_merged_buffers(void **state)
{
	struct rte_mbuf *m;
	struct net_rig rig;
	uint32_t len;
	uint16_t id;
	unsigned int i;
	unsigned int j;

	(void)state;
	for (i = 0; i < 2; i++) {
		net_rig_open(&rig, i, 0, MERGEABLE, 0);
		for (j = 0; j < 4; j++) {
			const struct link link = {A + 256 * j, 128, W, 0};

			ring_rig_offer(&rig.ring, (uint16_t)(j + 2), &link, 1, false);
		}
		m = packet_make(rig.pool, 3, 300, 99);
		assert_int_equal(net_rig_enqueue(&rig, m), 1);
		assert_int_equal(num_buffers_at(&rig, A), 3);
		bytes_check(&rig, A + 12, 3, 0, 116);
		bytes_check(&rig, A + 256, 3, 116, 128);
		bytes_check(&rig, A + 512, 3, 244, 56);
		for (j = 0; j < 3; j++) {
			ring_rig_used(&rig.ring, j, &id, &len);
			assert_int_equal(id, j + 2);
			assert_int_equal(len, j < 2 ? 128 : 56);
		}
		/* A second one has one buffer, too few: the buffer stays. */
		assert_int_equal(net_rig_enqueue(&rig, m), 0);
		assert_int_equal(net_rig_stats(&rig)->no_buffer, 1);
		assert_int_equal(rig.ring.vq.pos.avail_idx, 3);
		rte_pktmbuf_free(m);
		net_rig_close(&rig);
	}
}

static void
a_packet_fills_a_chain(void **state)
{
	const struct link links[3] = {{A, 10, W, 0}, {REGION_B - 7, 50, W, 0}, {REGION_C, 300, W, 0}};
	struct rte_mbuf *m;
	struct net_rig rig;
	uint32_t len;
	uint16_t id;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		net_rig_open(&rig, i, 0, 0, 0);
		ring_rig_offer(&rig.ring, 9, links, 3, false);
		m = packet_make(rig.pool, 3, 200, 64);
		assert_int_equal(net_rig_enqueue(&rig, m), 1);
		bytes_check(&rig, REGION_B - 5, 3, 0, 48);
		bytes_check(&rig, REGION_C, 3, 48, 152);
		ring_rig_used(&rig.ring, 0, &id, &len);
		assert_int_equal(id, 9);
		assert_int_equal(len, 212);
		rte_pktmbuf_free(m);
		net_rig_close(&rig);
	}
}

static void
what_can_never_fit_is_dropped(void **state)
{
	static const uint64_t features[] = {0, MERGEABLE};
	const struct link link = {A, 20, W, 0};
	struct rte_mbuf *pkts[2];
	struct net_rig rig;
	unsigned int i;
	unsigned int j;

	(void)state;
	for (i = 0; i < 4; i++) {
		net_rig_open(&rig, i & 1, 0, features[i / 2], 0);
		for (j = 0; j < 16; j++)
			ring_rig_offer(&rig.ring, (uint16_t)j, &link, 1, false);
		pkts[0] = packet_make(rig.pool, 1, 16 * 20 - 11, 200);
		pkts[1] = packet_make(rig.pool, 2, 8, 8);
		assert_int_equal(rte_vhost2_net_enqueue_burst(rig.queue, pkts, 2), 2);
		assert_int_equal(net_rig_stats(&rig)->too_long, 1);
		assert_int_equal(net_rig_stats(&rig)->packets, 1);
		bytes_check(&rig, A + 12, 2, 0, 8);
		rte_pktmbuf_free_bulk(pkts, 2);
		net_rig_close(&rig);
	}
}

struct row {
	const char *name;
	enum rte_vhost2_error error;
	uint32_t n;
	struct link links[2];
};

static const struct row rows[] = {
	{"readable", RTE_VHOST2_ERR_DESCRIPTOR, 1, {{A, 1536, 0, 0}}},
	{"readable head", RTE_VHOST2_ERR_DESCRIPTOR, 2, {{A, 12, 0, 0}, {A, 1536, W, 0}}},
	{"no region", RTE_VHOST2_ERR_TRANSLATION, 1, {{REGION_GAP, 1536, W, 0}}},
	{"end in no region", RTE_VHOST2_ERR_TRANSLATION, 1, {{REGION_GAP - 40, 1536, W, 0}}},
	{"address that wraps", RTE_VHOST2_ERR_TRANSLATION, 1, {{~0ULL - 40, 1536, W, 0}}},
};

static void
bad_buffers_break_the_queue(void **state)
{
	struct rte_mbuf *m;
	struct net_rig rig;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2 * RTE_DIM(rows); i++) {
		const struct row *const row = &rows[i / 2];

		net_rig_open(&rig, i & 1, 0, MERGEABLE, 0);
		ring_rig_offer(&rig.ring, 0, row->links, row->n, false);
		m = packet_make(rig.pool, 1, 60, 60);
		if (net_rig_enqueue(&rig, m) != 0 || rig.ring.breaks != 1 || rig.ring.error != row->error)
			fail_msg("%s: %u breaks, error %d", row->name, rig.ring.breaks, rig.ring.error);
		assert_int_equal(net_rig_enqueue(&rig, m), 0);
		rte_pktmbuf_free(m);
		net_rig_close(&rig);
	}
}

/* One byte decides, at the length at which the loop would take it. */
static void
a_buffer_one_byte_short_holds_no_packet(void **state)
{
	struct rte_mbuf *m;
	struct net_rig rig;
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		const struct link link = {A, 72 - i / 2, W, 0};

		net_rig_open(&rig, i & 1, 0, 0, 0);
		ring_rig_offer(&rig.ring, 0, &link, 1, false);
		m = packet_make(rig.pool, 1, 60, 60);
		assert_int_equal(net_rig_enqueue(&rig, m), 1);
		assert_int_equal(net_rig_stats(&rig)->too_long, i / 2);
		assert_int_equal(net_rig_stats(&rig)->packets, 1 - i / 2);
		rte_pktmbuf_free(m);
		net_rig_close(&rig);
	}
}

static void
an_empty_packet_is_dropped(void **state)
{
	const struct link link = {A, 1536, W, 0};
	struct rte_mbuf *m;
	struct net_rig rig;

	(void)state;
	net_rig_open(&rig, false, 0, 0, 0);
	ring_rig_offer(&rig.ring, 0, &link, 1, false);
	m = packet_make(rig.pool, 1, 0, 60);
	assert_int_equal(net_rig_enqueue(&rig, m), 1);
	assert_int_equal(net_rig_stats(&rig)->bad_length, 1);
	assert_int_equal(rig.ring.vq.used->idx, 0);
	rte_pktmbuf_free(m);
	net_rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_fills_merged_buffers),
		cmocka_unit_test(a_packet_fills_a_chain),
		cmocka_unit_test(what_can_never_fit_is_dropped),
		cmocka_unit_test(bad_buffers_break_the_queue),
		cmocka_unit_test(a_buffer_one_byte_short_holds_no_packet),
		cmocka_unit_test(an_empty_packet_is_dropped),
	};

	return cmocka_run_group_tests_name("vhost2_net/enqueue_odd", tests, NULL, NULL);
}
