/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The translation of net headers to mbufs, on random packets and against an independent computation; and headers that
 * lie. The way back is test_net_hdr_tx.c's.
 * Covers VIRTIO 1.3 5.1.6.4 (processing of incoming packets).
 */

#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "oracle.h"
#include "rxtx/net_hdr.h"
#include "support.h"

#define PACKETS 100000

#define BIT VIRTIO_BIT
#define RX_ALL (BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6) | \
	BIT(VIRTIO_NET_F_GUEST_ECN) | BIT(VIRTIO_NET_F_GUEST_USO4) | BIT(VIRTIO_NET_F_GUEST_USO6))
#define L4_CKSUMS (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)

/* A header on the heap, exactly as long as it is. */
static void *
header_make(const struct virtio_net_hdr_v1 *hdr)
{
	void *const copy = malloc(sizeof(*hdr));

	memcpy(copy, hdr, sizeof(*hdr));
	return copy;
}

/* What a random packet is sent with. */
struct rx_case {
	struct rx_offload offload;
	uint64_t configured;
	struct virtio_net_hdr_v1 hdr;
	bool is_gso;
	uint64_t flags; /* expected */
	bool is_finished; /* its checksum is to be completed */
};

static uint64_t
random_bits(uint32_t *random, uint64_t mask)
{
	return mask & ((uint64_t)next_random(random) << 40 ^ (uint64_t)next_random(random) << 20 ^ next_random(random));
}

static uint8_t
gso_type_of_packet(const struct oracle_packet *packet)
{
	if (packet->l4_kind == ORACLE_UDP)
		return VIRTIO_NET_HDR_GSO_UDP_L4;
	return (packet->is_ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4) |
		(packet->has_cwr ? VIRTIO_NET_HDR_GSO_ECN : 0);
}

static void
case_make_partial(struct rx_case *c, struct oracle_packet *packet)
{
	const uint64_t asked = packet->l4_kind == ORACLE_TCP ? RTE_ETH_RX_OFFLOAD_TCP_CKSUM
		: RTE_ETH_RX_OFFLOAD_UDP_CKSUM;

	c->hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	c->hdr.csum_start = (uint16_t)(packet->l2_len + packet->l3_len);
	c->hdr.csum_offset = (uint16_t)(packet->csum_at - c->hdr.csum_start);
	c->is_finished = (c->configured & asked) == 0;
	c->flags |= c->is_finished ? RTE_MBUF_F_RX_L4_CKSUM_GOOD : RTE_MBUF_F_RX_L4_CKSUM_NONE;
	oracle_make_partial(packet);
}

static void
case_make_gso(struct rx_case *c, const struct oracle_packet *packet, uint32_t *random)
{
	const uint32_t payload = packet->len - packet->l2_len - packet->l3_len - packet->l4_len;

	c->hdr.gso_type = gso_type_of_packet(packet);
	c->hdr.gso_size = (uint16_t)(1 + next_random(random) % 1500);
	c->hdr.hdr_len = (uint16_t)next_random(random); /* whatever */
	c->is_gso = c->hdr.gso_size < payload;
	if (c->is_gso)
		c->flags |= RTE_MBUF_F_RX_LRO;
}

static void
case_make(struct rx_case *c, struct oracle_packet *packet, uint32_t *random)
{
	const uint32_t kind = next_random(random) % 4;

	memset(c, 0, sizeof(*c));
	c->configured = random_bits(random, L4_CKSUMS | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_VLAN_STRIP);
	rx_offload_set(&c->offload, RX_ALL, c->configured);
	if ((c->configured & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) && packet->l4_kind != ORACLE_NO_IP && !packet->is_ipv6)
		c->flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	if ((c->configured & RTE_ETH_RX_OFFLOAD_VLAN_STRIP) && packet->tags == 1)
		c->flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	if (kind == 1) {
		c->hdr.flags = VIRTIO_NET_HDR_F_DATA_VALID;
		c->flags |= packet->l4_len > 0 ? RTE_MBUF_F_RX_L4_CKSUM_GOOD : 0;
	}
	if (kind >= 2 && packet->l4_len > 0)
		case_make_partial(c, packet);
	if (kind == 3 && packet->l4_len > 0)
		case_make_gso(c, packet, random);
}

/* @p whole: the packet with its checksum right. */
static void
case_check(const struct rx_case *c, const struct oracle_packet *packet, const struct oracle_packet *whole,
	const struct rte_mbuf *m)
{
	static uint8_t got[ORACLE_MAX];
	const bool is_stripped = (c->flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
	const uint32_t gap = is_stripped ? 4 : 0;
	const uint32_t len = oracle_gather(m, got + gap);

	assert_int_equal(m->ol_flags, c->flags);
	assert_int_equal(len + gap, packet->len);
	if (is_stripped) {
		assert_int_equal(m->vlan_tci, oracle_get16(packet->bytes + 14));
		memmove(got, got + 4, 12);
		memcpy(got + 12, packet->bytes + 12, 4);
		assert_int_equal(m->packet_type & RTE_PTYPE_L2_MASK, RTE_PTYPE_L2_ETHER);
	} else {
		assert_int_equal(m->packet_type, oracle_ptype(packet));
	}
	if (c->is_finished)
		assert_memory_equal(got, whole->bytes, packet->len);
	else
		assert_memory_equal(got, packet->bytes, packet->len);
	if (c->is_finished)
		assert_true(oracle_l4_is_good(packet, got));
	if (c->is_gso)
		assert_int_equal(m->tso_segsz, c->hdr.gso_size);
}

static void
random_received_packets_get_the_flags_and_bytes_that_they_should(void **state)
{
	struct rte_mempool *const pool = pool_make(400, RTE_PKTMBUF_HEADROOM + 4000);
	static struct oracle_packet packet, whole;
	uint32_t random = 1;
	uint32_t i;

	(void)state;
	for (i = 0; i < PACKETS; i++) {
		struct rx_case c;
		struct rte_mbuf *m;
		void *hdr;

		oracle_make(&packet, &random, i % 16 == 0 ? 4000 : 600);
		whole = packet;
		case_make(&c, &packet, &random);
		m = oracle_mbuf(&packet, pool, &random, TAGGED_HDR_LEN, i % 2 == 1);
		hdr = header_make(&c.hdr);
		assert_int_equal(net_hdr_to_mbuf(&c.offload, hdr, m), NET_HDR_GOOD);
		case_check(&c, &packet, &whole, m);
		free(hdr);
		rte_pktmbuf_free(m);
	}
	pool_drop(pool);
}

/* --- headers that lie --- */

/* Flags that nothing but what they mean may have set. */
static void
flags_check(const struct oracle_packet *packet, const struct virtio_net_hdr_v1 *hdr, const struct rte_mbuf *m)
{
	const uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	const uint32_t start = packet->l2_len + packet->l3_len;

	assert_int_equal(m->ol_flags & ~(RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_LRO), 0);
	assert_int_not_equal(l4, RTE_MBUF_F_RX_L4_CKSUM_BAD);
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE) {
		assert_true(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(hdr->csum_start, start);
		assert_int_equal(hdr->csum_start + hdr->csum_offset, packet->csum_at);
	}
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		assert_true((hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID) && packet->l4_len > 0);
	if ((m->ol_flags & RTE_MBUF_F_RX_LRO) != 0) {
		const uint8_t ecn = packet->l4_kind == ORACLE_TCP ? VIRTIO_NET_HDR_GSO_ECN : 0;

		assert_int_equal(hdr->gso_type | ecn, gso_type_of_packet(packet) | ecn);
		assert_int_equal(m->tso_segsz, hdr->gso_size);
		assert_in_range(hdr->gso_size, 1, packet->len - 1);
	}
}

/* Random, but near enough to sense that each check has its turn. */
static void
lie_make(struct virtio_net_hdr_v1 *hdr, const struct oracle_packet *packet, uint32_t *random)
{
	const uint32_t r = next_random(random);

	*hdr = (struct virtio_net_hdr_v1){
		.flags = (uint8_t)(r % 4 == 0 ? next_random(random) : next_random(random) % 4),
		.gso_type = (uint8_t)(r % 3 == 0 ? next_random(random) : 0),
		.gso_size = (uint16_t)(r % 5 == 0 ? 0 : next_random(random) % (r % 7 == 0 ? 65536 : 600)),
		.hdr_len = (uint16_t)next_random(random),
		.csum_start = (uint16_t)(r % 2 == 0 ? packet->l2_len + packet->l3_len : next_random(random) % 700),
		.csum_offset = (uint16_t)(r % 11 == 0 ? next_random(random) : r % 6 == 0 ? 16 : next_random(random) % 30),
		.num_buffers = (uint16_t)next_random(random),
	};
	if (r % 9 == 0 && packet->l4_len > 0)
		hdr->gso_type = gso_type_of_packet(packet);
}

static void
headers_that_lie_never_lead_out_of_the_packet_or_to_false_flags(void **state)
{
	struct rte_mempool *const pool = pool_make(400, RTE_PKTMBUF_HEADROOM + 600);
	uint32_t seen[3] = {0};
	uint32_t lro = 0;
	static struct oracle_packet packet;
	struct rx_offload offload;
	uint32_t random = 3;
	uint32_t i;

	(void)state;
	rx_offload_set(&offload, RX_ALL, L4_CKSUMS);
	for (i = 0; i < PACKETS; i++) {
		struct virtio_net_hdr_v1 lie;
		enum net_hdr_verdict verdict;
		struct rte_mbuf *m;
		void *hdr;

		oracle_make(&packet, &random, 600);
		lie_make(&lie, &packet, &random);
		m = oracle_mbuf(&packet, pool, &random, 1, i % 2 == 1);
		hdr = header_make(&lie);
		verdict = net_hdr_to_mbuf(&offload, hdr, m);
		seen[verdict]++;
		if (verdict == NET_HDR_GOOD) {
			flags_check(&packet, &lie, m);
			lro += (m->ol_flags & RTE_MBUF_F_RX_LRO) != 0;
			assert_int_equal(m->pkt_len, packet.len);
		}
		free(hdr);
		rte_pktmbuf_free(m);
	}
	/* Each of them had its turn. */
	for (i = 0; i < 3; i++)
		assert_in_range(seen[i], PACKETS / 50, PACKETS);
	assert_in_range(lro, PACKETS / 1000, PACKETS);
	pool_drop(pool);
}

/* One TCP packet over IPv4 of 100 bytes behind its headers. */
static void
tcp_packet_make(struct oracle_packet *packet, bool is_ipv6)
{
	uint32_t random = 5;

	do {
		oracle_make(packet, &random, 400);
	} while (packet->l4_kind != ORACLE_TCP || packet->is_ipv6 != is_ipv6 || packet->len < 200 || packet->tags != 0);
}

static enum net_hdr_verdict
verdict_of(uint64_t features, const struct virtio_net_hdr_v1 *hdr, bool is_ipv6, uint64_t *flags)
{
	struct rte_mempool *const pool = pool_make(1, RTE_PKTMBUF_HEADROOM + 600);
	static struct oracle_packet packet;
	enum net_hdr_verdict verdict;
	struct rx_offload offload;
	uint32_t random = 6;
	struct rte_mbuf *m;

	tcp_packet_make(&packet, is_ipv6);
	rx_offload_set(&offload, features, L4_CKSUMS);
	m = oracle_mbuf(&packet, pool, &random, 1, false);
	verdict = net_hdr_to_mbuf(&offload, hdr, m);
	*flags = m->ol_flags;
	rte_pktmbuf_free(m);
	pool_drop(pool);
	return verdict;
}

static void
segmentation_that_was_not_negotiated_or_is_not_the_packets_is_refused(void **state)
{
	struct virtio_net_hdr_v1 hdr = {.gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 10};
	const uint64_t csum = BIT(VIRTIO_NET_F_GUEST_CSUM);
	const uint64_t tso4 = csum | BIT(VIRTIO_NET_F_GUEST_TSO4);
	const uint64_t tso6 = csum | BIT(VIRTIO_NET_F_GUEST_TSO6);
	uint64_t flags;

	(void)state;
	assert_int_equal(verdict_of(tso4, &hdr, false, &flags), NET_HDR_GOOD);
	assert_int_equal(flags, RTE_MBUF_F_RX_LRO);
	assert_int_equal(verdict_of(tso6, &hdr, false, &flags), NET_HDR_BAD_GSO);
	assert_int_equal(verdict_of(tso4, &hdr, true, &flags), NET_HDR_BAD_GSO);
	assert_int_equal(verdict_of(csum, &hdr, false, &flags), NET_HDR_BAD_GSO);
	hdr.gso_size = 0;
	assert_int_equal(verdict_of(tso4, &hdr, false, &flags), NET_HDR_BAD_GSO);
	hdr.gso_size = 10;
	hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN;
	assert_int_equal(verdict_of(tso6, &hdr, true, &flags), NET_HDR_GOOD);
	hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
	assert_int_equal(verdict_of(RX_ALL, &hdr, false, &flags), NET_HDR_BAD_GSO);
	hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	assert_int_equal(verdict_of(UINT64_MAX, &hdr, false, &flags), NET_HDR_BAD_GSO);
	/* Longer than the packet: one segment, so nothing was put together. */
	hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	hdr.gso_size = 5000;
	assert_int_equal(verdict_of(tso4, &hdr, false, &flags), NET_HDR_GOOD);
	assert_int_equal(flags, 0);
}

static void
flags_mean_nothing_unless_checksums_were_negotiated(void **state)
{
	const struct virtio_net_hdr_v1 hdr = {.flags = 0xff, .csum_start = 0xffff, .csum_offset = 0xffff};
	uint64_t flags;

	(void)state;
	assert_int_equal(verdict_of(0, &hdr, false, &flags), NET_HDR_GOOD);
	assert_int_equal(flags, 0);
	assert_int_equal(verdict_of(BIT(VIRTIO_NET_F_GUEST_CSUM), &hdr, false, &flags), NET_HDR_BAD_CSUM);
}

/* A checksum inside of a tunnel: the outer header's is not what was told of. */
static void
a_partial_checksum_of_another_header_is_completed(void **state)
{
	struct rte_mempool *const pool = pool_make(8, RTE_PKTMBUF_HEADROOM + 64);
	static uint8_t got[ORACLE_MAX];
	static struct oracle_packet packet;
	struct rx_offload offload;
	uint32_t random = 8;
	uint32_t offset;

	(void)state;
	rx_offload_set(&offload, BIT(VIRTIO_NET_F_GUEST_CSUM), L4_CKSUMS);
	tcp_packet_make(&packet, false);
	packet.len = 200;
	/* At each place, over the edges of segments and up to the last byte. */
	for (offset = 0; offset <= packet.len - 100 - 2; offset++) {
		const struct virtio_net_hdr_v1 hdr = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 100,
			.csum_offset = (uint16_t)offset};
		struct rte_mbuf *const m = oracle_mbuf(&packet, pool, &random, 1, false);

		assert_int_equal(net_hdr_to_mbuf(&offload, &hdr, m), NET_HDR_GOOD);
		assert_int_equal(m->ol_flags, 0);
		oracle_gather(m, got);
		oracle_finish(packet.bytes, packet.len, 100, offset);
		assert_memory_equal(got, packet.bytes, packet.len);
		rte_pktmbuf_free(m);
	}
	pool_drop(pool);
}

static void
hashes_are_reported_when_they_were_computed(void **state)
{
	struct rte_mempool *const pool = pool_make(1, RTE_PKTMBUF_HEADROOM + 600);
	struct rte_mbuf *const m = packet_make(pool, 1, 60, 60);
	uint8_t hdr[VIRTIO_NET_HDR_LEN_HASH] = {[12] = 0x78, [13] = 0x56, [14] = 0x34, [15] = 0x12};
	struct rx_offload offload;
	unsigned int report;

	(void)state;
	rx_offload_set(&offload, BIT(VIRTIO_NET_F_HASH_REPORT), 0);
	for (report = 0; report < 256; report++) {
		const bool is_known = report >= 1 && report <= 9;

		m->ol_flags = 0;
		m->hash.rss = 0;
		hdr[16] = (uint8_t)report;
		assert_int_equal(net_hdr_to_mbuf(&offload, hdr, m), NET_HDR_GOOD);
		assert_int_equal(m->ol_flags, is_known ? RTE_MBUF_F_RX_RSS_HASH : 0);
		assert_int_equal(m->hash.rss, is_known ? 0x12345678 : 0);
	}
	rte_pktmbuf_free(m);
	pool_drop(pool);
}

static void
types_and_stripping_can_be_switched(void **state)
{
	struct rx_offload offload;

	(void)state;
	rx_offload_set(&offload, 0, 0);
	assert_true(offload.is_busy && offload.ptypes);
	rx_offload_set_ptypes(&offload, false);
	assert_false(offload.is_busy);
	rx_offload_set_strip(&offload, true);
	assert_true(offload.is_busy && offload.vlan_strip);
	rx_offload_set_strip(&offload, false);
	assert_false(offload.is_busy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_received_packets_get_the_flags_and_bytes_that_they_should),
		cmocka_unit_test(headers_that_lie_never_lead_out_of_the_packet_or_to_false_flags),
		cmocka_unit_test(segmentation_that_was_not_negotiated_or_is_not_the_packets_is_refused),
		cmocka_unit_test(flags_mean_nothing_unless_checksums_were_negotiated),
		cmocka_unit_test(a_partial_checksum_of_another_header_is_completed),
		cmocka_unit_test(hashes_are_reported_when_they_were_computed),
		cmocka_unit_test(types_and_stripping_can_be_switched),
	};

	return cmocka_run_group_tests_name("rxtx/net_hdr", tests, NULL, NULL);
}
