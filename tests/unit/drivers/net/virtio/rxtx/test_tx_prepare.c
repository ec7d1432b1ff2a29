/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Preparing packets for a virtio device: what passes is right once the device has done its part, what cannot be done
 * is told.
 * Covers VIRTIO 1.3 5.1.6.2.1 (driver requirements: packet transmission).
 */

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "oracle.h"
#include "rxtx/tx_prepare.h"
#include "support.h"

#define PACKETS 100000
#define LINKS 256

#define BIT VIRTIO_BIT
#define TX_ALL (BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) | \
	BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_HOST_USO))

static void
ask(const struct oracle_packet *packet, struct rte_mbuf *m, uint32_t *random)
{
	m->l2_len = packet->l2_len;
	m->l3_len = packet->l3_len;
	m->l4_len = packet->l4_len;
	m->ol_flags |= packet->is_ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
	if (!packet->is_ipv6)
		m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
	m->ol_flags |= packet->l4_kind == ORACLE_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	if (next_random(random) % 2 == 0 || packet->is_padded ||
			packet->len == packet->l2_len + packet->l3_len + packet->l4_len)
		return;
	m->ol_flags |= packet->l4_kind == ORACLE_TCP ? RTE_MBUF_F_TX_TCP_SEG : RTE_MBUF_F_TX_UDP_SEG;
	m->tso_segsz = 1 + next_random(random) % 1500;
}

/* Checksum fields hold anything before: both are the driver's and the device's. */
static void
prepared_packets_are_right_once_the_device_has_summed_them_up(void **state)
{
	struct rte_mempool *const pool = pool_make(400, RTE_PKTMBUF_HEADROOM + 4000);
	static uint8_t got[ORACLE_MAX];
	static struct oracle_packet packet, whole;
	struct tx_offload offload;
	uint32_t random = 1;
	uint32_t i = 0;

	(void)state;
	tx_offload_set(&offload, TX_ALL, 0);
	while (i < PACKETS) {
		struct rte_mbuf *m;

		oracle_make(&packet, &random, i % 16 == 0 ? 4000 : 600);
		if (packet.l4_len == 0)
			continue;
		whole = packet;
		oracle_put16(packet.bytes + packet.csum_at, next_random(&random));
		if (!packet.is_ipv6)
			oracle_put16(packet.bytes + packet.l2_len + 10, next_random(&random));
		m = oracle_mbuf(&packet, pool, &random, packet.csum_at + 8, i % 2 == 1);
		ask(&packet, m, &random);
		assert_int_equal(tx_prepare_packet(&offload, LINKS, m), 0);
		assert_int_equal(m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM, 0);
		/* Twice is not once too often. */
		assert_int_equal(tx_prepare_packet(&offload, LINKS, m), 0);
		oracle_gather(m, got);
		assert_int_equal(oracle_get16(got + packet.csum_at), oracle_pseudo_sum(&whole));
		oracle_finish(got, whole.len, whole.l2_len + whole.l3_len,
			whole.csum_at - whole.l2_len - whole.l3_len);
		assert_memory_equal(got, whole.bytes, whole.len);
		rte_pktmbuf_free(m);
		i++;
	}
	pool_drop(pool);
}

static void
packets_that_ask_for_nothing_stay_as_they_are(void **state)
{
	struct rte_mempool *const pool = pool_make(400, RTE_PKTMBUF_HEADROOM + 600);
	static uint8_t got[ORACLE_MAX];
	static struct oracle_packet packet;
	struct tx_offload offload;
	uint32_t random = 2;
	uint32_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		struct rte_mbuf *m;

		tx_offload_set(&offload, i % 2 == 0 ? 0 : TX_ALL, 0);
		oracle_make(&packet, &random, 600);
		m = oracle_mbuf(&packet, pool, &random, 1, true);
		m->ol_flags = i % 3 == 0 ? RTE_MBUF_F_TX_IPV4 : 0;
		assert_int_equal(tx_prepare_packet(&offload, LINKS, m), 0);
		oracle_gather(m, got);
		assert_memory_equal(got, packet.bytes, packet.len);
		rte_pktmbuf_free(m);
	}
	pool_drop(pool);
}

/* What is wrong with a packet that would pass otherwise. */
struct mistake {
	const char *name;
	uint64_t features;
	uint64_t set;      /* flags in addition */
	uint64_t clear;
	int expected;
	uint32_t l2_len, l3_len, l4_len; /* 0: right */
	uint16_t segsz;    /* 0: right */
	uint32_t first;    /* bytes in the first segment, 0: all */
	uint32_t links;    /* allowed, 0: enough */
	bool no_segsz;
	bool is_ipv6;
	bool has_cwr;
};

#define SEG RTE_MBUF_F_TX_TCP_SEG

static const struct mistake mistakes[] = {
	{"none", TX_ALL, 0, 0, 0},
	{"none, segmented", TX_ALL, SEG, 0, 0},
	{"none, a tag", TX_ALL, RTE_MBUF_F_TX_VLAN, 0, 0},
	{"none, in a tunnel", TX_ALL, RTE_MBUF_F_TX_TUNNEL_VXLAN, 0, 0},
	{"checksum without the feature", 0, 0, 0, -ENOTSUP},
	{"segmentation without the feature", BIT(VIRTIO_NET_F_CSUM), SEG, 0, -ENOTSUP},
	{"segmentation of the other version", TX_ALL & ~BIT(VIRTIO_NET_F_HOST_TSO4), SEG, 0, -ENOTSUP},
	{"segmentation of version 6", TX_ALL & ~BIT(VIRTIO_NET_F_HOST_TSO6), SEG, 0, -ENOTSUP, .is_ipv6 = true},
	{"a congestion window reduced", TX_ALL & ~BIT(VIRTIO_NET_F_HOST_ECN), SEG, 0, -ENOTSUP, .has_cwr = true},
	{"SCTP", TX_ALL, RTE_MBUF_F_TX_SCTP_CKSUM, RTE_MBUF_F_TX_L4_MASK, -ENOTSUP},
	{"two tags", TX_ALL, RTE_MBUF_F_TX_QINQ, 0, -ENOTSUP},
	{"outer checksum", TX_ALL, RTE_MBUF_F_TX_OUTER_IP_CKSUM, 0, -ENOTSUP},
	{"outer UDP checksum", TX_ALL, RTE_MBUF_F_TX_OUTER_UDP_CKSUM, 0, -ENOTSUP},
	{"segmentation in a tunnel", TX_ALL, SEG | RTE_MBUF_F_TX_TUNNEL_VXLAN, 0, -ENOTSUP},
	{"both segmentations", TX_ALL, SEG | RTE_MBUF_F_TX_UDP_SEG, 0, -EINVAL},
	{"no version", TX_ALL, 0, RTE_MBUF_F_TX_IPV4, -EINVAL},
	{"both versions", TX_ALL, RTE_MBUF_F_TX_IPV6, 0, -EINVAL},
	{"IPv4 checksum of version 6", TX_ALL, RTE_MBUF_F_TX_IP_CKSUM, 0, -EINVAL, .is_ipv6 = true},
	{"no L3 length", TX_ALL, 0, 0, -EINVAL, .l3_len = 8},
	{"no L4 length", TX_ALL, SEG, 0, -EINVAL, .l4_len = 8},
	{"no segment size", TX_ALL, SEG, 0, -EINVAL, .no_segsz = true},
	{"headers beyond the packet", TX_ALL, 0, 0, -EINVAL, .l3_len = 400},
	{"nothing to segment", TX_ALL, SEG, 0, -EINVAL, .l4_len = 250},
	{"headers in two segments", TX_ALL, 0, 0, -ENOTSUP, .first = 40},
	{"more segments than a ring", TX_ALL, 0, 0, -EINVAL, .first = 100, .links = 1},
};

static int
outcome(const struct mistake *mistake)
{
	struct rte_mempool *const pool = pool_make(400, RTE_PKTMBUF_HEADROOM + 600);
	static struct oracle_packet packet;
	struct tx_offload offload;
	uint32_t random = 3;
	struct rte_mbuf *m;
	int rc;

	do {
		oracle_make(&packet, &random, 400);
	} while (packet.l4_kind != ORACLE_TCP || packet.is_ipv6 != mistake->is_ipv6 || packet.len < 200 ||
		packet.tags != 0 || packet.has_options || packet.len > 260 || packet.has_cwr != mistake->has_cwr);
	tx_offload_set(&offload, mistake->features, RTE_ETH_TX_OFFLOAD_VLAN_INSERT);
	m = oracle_mbuf(&packet, pool, &random, mistake->first != 0 ? mistake->first : 260, mistake->first != 0);
	if (mistake->first != 0) {
		/* As long as that, and no longer. */
		rte_pktmbuf_free(m);
		m = packet_make(pool, 1, 200, mistake->first);
	}
	m->l2_len = mistake->l2_len != 0 ? mistake->l2_len : 14;
	m->l3_len = mistake->l3_len != 0 ? mistake->l3_len : packet.l3_len;
	m->l4_len = mistake->l4_len != 0 ? mistake->l4_len : packet.l4_len;
	m->tso_segsz = mistake->no_segsz ? 0 : 10;
	m->ol_flags = ((mistake->is_ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4) | RTE_MBUF_F_TX_TCP_CKSUM);
	m->ol_flags = (m->ol_flags & ~mistake->clear) | mistake->set;
	rc = tx_prepare_packet(&offload, mistake->links != 0 ? mistake->links : LINKS, m);
	rte_pktmbuf_free(m);
	pool_drop(pool);
	return rc;
}

static void
each_mistake_has_its_answer(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < RTE_DIM(mistakes); i++) {
		const int rc = outcome(&mistakes[i]);

		if (rc != mistakes[i].expected)
			fail_msg("%s: %d", mistakes[i].name, rc);
	}
}

static void
bursts_end_at_the_first_bad_packet(void **state)
{
	const struct tx_path *row;
	unsigned int nr;
	unsigned int i;

	(void)state;
	for (row = tx_paths(&nr); row < tx_paths(&nr) + nr; row++) {
		struct rte_mbuf *pkts[4];
		struct tx_rig rig;

		tx_rig_open(&rig, row, 64, 0, false);
		for (i = 0; i < 4; i++)
			pkts[i] = packet_make(rig.pool, i, 100, 100);
		assert_int_equal(tx_prepare(rig.txq, pkts, 4), 4);
		pkts[2]->ol_flags = RTE_MBUF_F_TX_QINQ;
		rte_errno = 0;
		assert_int_equal(tx_prepare(rig.txq, pkts, 4), 2);
		assert_int_equal(rte_errno, ENOTSUP);
		/* In a row without offloads nothing can be asked for. */
		pkts[2]->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4;
		pkts[2]->l2_len = 14;
		pkts[2]->l3_len = 20;
		assert_int_equal(tx_prepare(rig.txq, pkts, 4), row->traits.offload ? 4 : 2);
		rte_pktmbuf_free_bulk(pkts, 4);
		tx_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prepared_packets_are_right_once_the_device_has_summed_them_up),
		cmocka_unit_test(packets_that_ask_for_nothing_stay_as_they_are),
		cmocka_unit_test(each_mistake_has_its_answer),
		cmocka_unit_test(bursts_end_at_the_first_bad_packet),
	};

	return cmocka_run_group_tests_name("rxtx/tx_prepare", tests, NULL, NULL);
}
