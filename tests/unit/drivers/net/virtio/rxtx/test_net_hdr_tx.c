/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The translation of mbufs to net headers, on random packets and against an independent computation; and requests that
 * cannot be met.
 * Covers VIRTIO 1.3 5.1.6.2 (packet transmission).
 */

#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "oracle.h"
#include "rxtx/net_hdr.h"
#include "support.h"

#define PACKETS 100000

#define BIT VIRTIO_BIT
#define TX_ALL (BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) | \
	BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_HOST_USO))

static uint8_t
gso_type_of_packet(const struct oracle_packet *packet)
{
	if (packet->l4_kind == ORACLE_UDP)
		return VIRTIO_NET_HDR_GSO_UDP_L4;
	return (packet->is_ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4) |
		(packet->has_cwr ? VIRTIO_NET_HDR_GSO_ECN : 0);
}

/* A device emulated: what it makes of a packet and its header must be right on a wire. */
static void
wire_check(const struct oracle_packet *whole, const struct net_hdr_words *words, const struct rte_mbuf *m)
{
	static uint8_t got[ORACLE_MAX];
	struct virtio_net_hdr_v1 hdr;
	uint32_t len = oracle_gather(m, got);

	net_hdr_write(memset(&hdr, 0xa5, sizeof(hdr)), sizeof(hdr), *words);
	assert_int_equal(hdr.num_buffers, 0);
	if (hdr.flags != 0) {
		assert_int_equal(hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(hdr.csum_start, whole->l2_len + whole->l3_len);
		assert_int_equal(hdr.csum_start + hdr.csum_offset, whole->csum_at);
		assert_int_equal(oracle_get16(got + whole->csum_at), oracle_pseudo_sum(whole));
		oracle_finish(got, len, hdr.csum_start, hdr.csum_offset);
	}
	assert_int_equal(len, whole->len);
	assert_memory_equal(got, whole->bytes, len);
}

static uint64_t
l4_flag(const struct oracle_packet *packet)
{
	return packet->l4_kind == ORACLE_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
}

/* Say what the packet is; a partial one asks for its checksum, and now and then for segmentation. */
static void
ask(const struct oracle_packet *packet, struct rte_mbuf *m, bool is_partial, uint32_t *random)
{
	const uint32_t headers = packet->l2_len + packet->l3_len + packet->l4_len;

	m->l2_len = packet->l2_len;
	m->l3_len = packet->l3_len;
	m->l4_len = packet->l4_len;
	if (packet->l4_kind == ORACLE_NO_IP)
		return;
	m->ol_flags |= packet->is_ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
	if (!is_partial)
		return;
	m->ol_flags |= l4_flag(packet);
	if (next_random(random) % 2 == 0 || packet->is_padded || packet->len <= headers)
		return;
	m->ol_flags |= packet->l4_kind == ORACLE_TCP ? RTE_MBUF_F_TX_TCP_SEG : RTE_MBUF_F_TX_UDP_SEG;
	m->tso_segsz = 1 + next_random(random) % 1500;
}

static void
segmentation_check(const struct oracle_packet *packet, const struct net_hdr_words *words, const struct rte_mbuf *m)
{
	struct virtio_net_hdr_v1 hdr;
	const bool is_wanted = (m->ol_flags & (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG)) != 0;

	net_hdr_write(&hdr, sizeof(hdr), *words);
	assert_int_equal(hdr.gso_type, is_wanted ? gso_type_of_packet(packet) : VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(hdr.gso_size, is_wanted ? m->tso_segsz : 0);
	assert_int_equal(hdr.hdr_len, is_wanted ? packet->l2_len + packet->l3_len + packet->l4_len : 0);
	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) != 0)
		assert_int_equal(hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
}

static void
random_sent_packets_get_headers_that_make_them_right(void **state)
{
	struct rte_mempool *const pool = pool_make(400, RTE_PKTMBUF_HEADROOM + 4000);
	static struct oracle_packet packet, whole;
	struct tx_offload offload;
	uint32_t random = 2;
	uint32_t i;

	(void)state;
	tx_offload_set(&offload, TX_ALL, 0);
	for (i = 0; i < PACKETS; i++) {
		struct net_hdr_words words;
		struct rte_mbuf *m;
		bool is_partial;

		oracle_make(&packet, &random, i % 16 == 0 ? 4000 : 600);
		whole = packet;
		is_partial = packet.l4_len > 0 && next_random(&random) % 4 != 0;
		if (is_partial)
			oracle_make_partial(&packet);
		m = oracle_mbuf(&packet, pool, &random, 20, i % 2 == 1);
		ask(&packet, m, is_partial, &random);
		assert_true(net_hdr_from_mbuf(&offload, m, 0, &words));
		segmentation_check(&packet, &words, m);
		wire_check(&whole, &words, m);
		/* The fast path's way to the same header. */
		if (tx_offload_is_usual(&offload, m->ol_flags)) {
			const struct net_hdr_words usual = net_hdr_usual(m);

			assert_int_equal(usual.first, words.first);
			assert_int_equal(usual.second, words.second);
			assert_true(net_hdr_fits(usual, m->pkt_len));
		} else {
			assert_true((m->ol_flags & (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG)) != 0);
		}
		rte_pktmbuf_free(m);
	}
	pool_drop(pool);
}

/* --- requests that cannot be met --- */

static bool
can_send(uint64_t features, uint64_t flags, uint16_t segsz, uint32_t l4_len)
{
	struct rte_mempool *const pool = pool_make(1, RTE_PKTMBUF_HEADROOM + 600);
	struct rte_mbuf *const m = packet_make(pool, 1, 200, 600);
	struct net_hdr_words words;
	struct tx_offload offload;
	bool can;

	tx_offload_set(&offload, features, RTE_ETH_TX_OFFLOAD_VLAN_INSERT);
	m->l2_len = 14;
	m->l3_len = 20;
	m->l4_len = l4_len;
	m->tso_segsz = segsz;
	m->ol_flags = flags;
	can = net_hdr_from_mbuf(&offload, m, 0, &words);
	rte_pktmbuf_free(m);
	pool_drop(pool);
	return can;
}

static void
what_was_not_negotiated_cannot_be_sent(void **state)
{
	const uint64_t csum = BIT(VIRTIO_NET_F_CSUM);
	const uint64_t tso4 = csum | BIT(VIRTIO_NET_F_HOST_TSO4);
	const uint64_t tcp = RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4;
	const uint64_t seg = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4;
	const uint64_t seg6 = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV6;

	(void)state;
	assert_true(can_send(csum, tcp, 0, 20));
	assert_false(can_send(0, tcp, 0, 20));
	assert_false(can_send(csum, seg, 100, 20));
	assert_true(can_send(tso4, seg, 100, 20));
	assert_false(can_send(tso4, seg6, 100, 20));
	assert_true(can_send(tso4 | BIT(VIRTIO_NET_F_HOST_TSO6), seg6, 100, 20));
	assert_false(can_send(tso4, seg, 0, 20));
	assert_false(can_send(tso4, seg, 100, 200));
	assert_false(can_send(tso4, seg | RTE_MBUF_F_TX_TUNNEL_VXLAN, 100, 20));
	assert_false(can_send(TX_ALL, seg | RTE_MBUF_F_TX_UDP_SEG, 100, 20));
	assert_false(can_send(tso4, RTE_MBUF_F_TX_UDP_SEG | RTE_MBUF_F_TX_IPV4, 100, 8));
	assert_true(can_send(TX_ALL, RTE_MBUF_F_TX_UDP_SEG | RTE_MBUF_F_TX_IPV4, 100, 8));
	assert_false(can_send(TX_ALL, RTE_MBUF_F_TX_SCTP_CKSUM | RTE_MBUF_F_TX_IPV4, 0, 12));
	assert_false(can_send(TX_ALL, RTE_MBUF_F_TX_OUTER_IP_CKSUM, 0, 0));
	assert_false(can_send(TX_ALL, RTE_MBUF_F_TX_QINQ, 0, 0));
	assert_false(can_send(TX_ALL, RTE_MBUF_F_TX_SEC_OFFLOAD, 0, 0));
}

static void
a_checksum_behind_the_packet_is_not_asked_for(void **state)
{
	struct rte_mempool *const pool = pool_make(1, RTE_PKTMBUF_HEADROOM + 600);
	struct tx_offload offload;
	struct net_hdr_words words;
	struct rte_mbuf *m;
	uint32_t len;

	(void)state;
	tx_offload_set(&offload, TX_ALL, 0);
	for (len = 40; len < 60; len++) {
		m = packet_make(pool, 1, len, 600);
		m->l2_len = 14;
		m->l3_len = 20;
		m->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4;
		assert_int_equal(net_hdr_from_mbuf(&offload, m, 0, &words), len >= 52);
		assert_int_equal(net_hdr_fits(net_hdr_usual(m), len), len >= 52);
		rte_pktmbuf_free(m);
	}
	pool_drop(pool);
}

static void
headers_of_every_length_are_written_whole(void **state)
{
	static const uint32_t lens[] = {10, 12, 20};
	const struct net_hdr_words words = {.first = 0x0022000000000001, .second = 16};
	size_t i;

	(void)state;
	for (i = 0; i < RTE_DIM(lens); i++) {
		uint8_t *const hdr = malloc(lens[i]);
		uint32_t j;

		memset(hdr, 0xa5, lens[i]);
		net_hdr_write(hdr, lens[i], words);
		assert_memory_equal(hdr, &words.first, 8);
		assert_int_equal(hdr[8], 16);
		for (j = 9; j < lens[i]; j++)
			assert_int_equal(hdr[j], 0);
		free(hdr);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sent_packets_get_headers_that_make_them_right),
		cmocka_unit_test(what_was_not_negotiated_cannot_be_sent),
		cmocka_unit_test(a_checksum_behind_the_packet_is_not_asked_for),
		cmocka_unit_test(headers_of_every_length_are_written_whole),
	};

	return cmocka_run_group_tests_name("rxtx/net_hdr_tx", tests, NULL, NULL);
}
