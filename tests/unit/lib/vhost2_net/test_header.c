/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Net headers that ask for something, against what was negotiated and how long the packet is; mbuf flags that do.
 *
 * VIRTIO 1.3 5.1.6.2 and 5.1.6.4.
 */

#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "net_rig.h"
#include "vhost2_net/queue.h"

#define CSUM VIRTIO_BIT(VIRTIO_NET_F_CSUM)
#define TSO4 (CSUM | VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4))
#define NEEDS VIRTIO_NET_HDR_F_NEEDS_CSUM
#define LEN 60

/* What a header of a 60-byte packet becomes. */
struct row {
	const char *name;
	uint64_t features;
	struct virtio_net_hdr hdr;
	bool is_good;
	uint64_t ol_flags;
};

#define HDR(f, type, size, start, offset) \
	{.flags = (f), .gso_type = (type), .gso_size = (size), .csum_start = (start), .csum_offset = (offset)}

static const struct row rows[] = {
	{"unknown flags", 0, HDR(0x80, 0, 0, 0, 0), true, 0},
	{"checksum", CSUM, HDR(NEEDS, 0, 0, 34, 16), true, RTE_MBUF_F_RX_L4_CKSUM_NONE},
	{"checksum, not negotiated", 0, HDR(NEEDS, 0, 0, 34, 16), false, 0},
	{"checksum that ends the packet", CSUM, HDR(NEEDS, 0, 0, 34, 24), true, RTE_MBUF_F_RX_L4_CKSUM_NONE},
	{"checksum one byte out", CSUM, HDR(NEEDS, 0, 0, 34, 25), false, 0},
	{"checksum start beyond", CSUM, HDR(NEEDS, 0, 0, 60, 0), false, 0},
	{"checksum sum that wraps 16 bits", CSUM, HDR(NEEDS, 0, 0, 0xffff, 3), false, 0},
	{"checksum offset largest", CSUM, HDR(NEEDS, 0, 0, 0, 0xffff), false, 0},
	{"segments", TSO4, HDR(NEEDS, VIRTIO_NET_HDR_GSO_TCPV4, 1000, 34, 16), true,
		RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO},
	{"segments with ECN", TSO4, HDR(NEEDS, VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN, 1000, 34, 16), true,
		RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO},
	{"segments of 0 bytes", TSO4, HDR(NEEDS, VIRTIO_NET_HDR_GSO_TCPV4, 0, 34, 16), false, 0},
	{"segments without checksum", TSO4, HDR(0, VIRTIO_NET_HDR_GSO_TCPV4, 1000, 34, 16), false, 0},
	{"segments, not negotiated", CSUM, HDR(NEEDS, VIRTIO_NET_HDR_GSO_TCPV4, 1000, 34, 16), false, 0},
	{"segments of the other family", TSO4, HDR(NEEDS, VIRTIO_NET_HDR_GSO_TCPV6, 1000, 34, 16), false, 0},
	{"unknown segments", TSO4, HDR(NEEDS, 0x55, 1000, 34, 16), false, 0},
	{"ECN of nothing", TSO4, HDR(NEEDS, VIRTIO_NET_HDR_GSO_ECN, 1000, 34, 16), false, 0},
};

static void
header_lay(struct net_rig *rig, const struct virtio_net_hdr *hdr, uint32_t len)
{
	uint8_t *const at = ring_rig_at(&rig->ring, REGION_A);
	uint32_t i;

	memset(at, 0, 12);
	memcpy(at, hdr, sizeof(*hdr));
	for (i = 0; i < len; i++)
		at[12 + i] = packet_byte(1, i);
}

static void
headers_are_believed_as_far_as_they_can_be(void **state)
{
	static const struct link links[2] = {{REGION_A, 12 + LEN, 0, 0}};
	struct rte_mbuf *m;
	struct net_rig rig;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(rows); i++) {
		net_rig_open(&rig, i & 1, 1, rows[i].features, 0);
		header_lay(&rig, &rows[i].hdr, LEN);
		ring_rig_offer(&rig.ring, 0, links, 1, false);
		if (net_rig_dequeue(&rig, &m) != rows[i].is_good)
			fail_msg("%s: taken or not", rows[i].name);
		assert_int_equal(net_rig_stats(&rig)->bad_header, !rows[i].is_good);
		if (rows[i].is_good) {
			if (m->ol_flags != rows[i].ol_flags)
				fail_msg("%s: flags %lx", rows[i].name, (unsigned long)m->ol_flags);
			rte_pktmbuf_free(m);
		}
		net_rig_close(&rig);
	}
}

/* Also where the two bytes lie in two mbufs: those of the rig hold 256 bytes. */
static void
checksums_are_finished_if_wanted(void **state)
{
	static const uint32_t places[] = {50, 255, 256, 400};
	struct virtio_net_hdr hdr = HDR(NEEDS, 0, 0, 34, 0);
	const struct link link = {REGION_A, 12 + 500, 0, 0};
	struct rte_mbuf *m;
	struct net_rig rig;
	unsigned int i;
	uint16_t sum;

	(void)state;
	for (i = 0; i < RTE_DIM(places); i++) {
		net_rig_open(&rig, false, 1, CSUM, RTE_VHOST2_NET_FINISH_CSUM);
		hdr.csum_offset = (uint16_t)(places[i] - 34);
		header_lay(&rig, &hdr, 500);
		memset(ring_rig_at(&rig.ring, REGION_A + 12 + places[i]), 0, 2);
		ring_rig_offer(&rig.ring, 0, &link, 1, false);
		assert_int_equal(net_rig_dequeue(&rig, &m), 1);
		assert_int_equal(m->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
		/* Even places only: the sum of all 16-bit words with their checksum is all ones. */
		if (places[i] % 2 == 0) {
			assert_int_equal(rte_raw_cksum_mbuf(m, 34, 500 - 34, &sum), 0);
			assert_int_equal(sum, 0xffff);
		}
		assert_int_equal(net_rig_stats(&rig)->csum_done, 1);
		rte_pktmbuf_free(m);
		net_rig_close(&rig);
	}
}

/* --- to the driver --- */

/* An IPv4 and UDP packet, prepared as rte_eth_tx_prepare() leaves it. */
static struct rte_mbuf *
udp_make(struct net_rig *rig, uint64_t ol_flags)
{
	struct rte_mbuf *const m = packet_make(rig->pool, 1, 100, 100);
	struct rte_ipv4_hdr *const ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);
	struct rte_udp_hdr *const udp = (struct rte_udp_hdr *)(ip + 1);

	memset(ip, 0, sizeof(*ip));
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(86);
	ip->next_proto_id = IPPROTO_UDP;
	ip->src_addr = 1;
	ip->dst_addr = 2;
	m->l2_len = 14;
	m->l3_len = sizeof(*ip);
	m->ol_flags = ol_flags;
	udp->dgram_len = rte_cpu_to_be_16(66);
	udp->dgram_cksum = rte_ipv4_phdr_cksum(ip, 0);
	return m;
}

static void
requests_are_passed_on_to_a_driver_that_takes_them(void **state)
{
	const struct link link = {REGION_A, 1536, VRING_DESC_F_WRITE, 0};
	struct virtio_net_hdr_v1 hdr;
	struct rte_mbuf *m;
	struct net_rig rig;

	(void)state;
	net_rig_open(&rig, false, 0, VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM), 0);
	ring_rig_offer(&rig.ring, 0, &link, 1, false);
	m = udp_make(&rig, RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV4);
	assert_int_equal(net_rig_enqueue(&rig, m), 1);
	memcpy(&hdr, ring_rig_at(&rig.ring, REGION_A), sizeof(hdr));
	assert_int_equal(hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(hdr.csum_start, 34);
	assert_int_equal(hdr.csum_offset, 6);
	assert_int_equal(hdr.num_buffers, 1);
	assert_int_equal(net_rig_stats(&rig)->csum_done, 0);
	rte_pktmbuf_free(m);
	net_rig_close(&rig);
}

static void
checksums_are_computed_for_a_driver_that_takes_none(void **state)
{
	const struct link link = {REGION_A, 1536, VRING_DESC_F_WRITE, 0};
	const struct rte_ipv4_hdr *ip;
	struct rte_mbuf *m;
	struct net_rig rig;

	(void)state;
	net_rig_open(&rig, true, 0, 0, 0);
	ring_rig_offer(&rig.ring, 0, &link, 1, false);
	m = udp_make(&rig, RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4);
	assert_int_equal(net_rig_enqueue(&rig, m), 1);
	assert_int_equal(*(uint8_t *)ring_rig_at(&rig.ring, REGION_A), 0);
	ip = ring_rig_at(&rig.ring, REGION_A + 12 + 14);
	assert_int_equal(rte_ipv4_udptcp_cksum_verify(ip, ip + 1), 0);
	assert_int_equal(rte_raw_cksum(ip, sizeof(*ip)), 0xffff);
	assert_int_equal(net_rig_stats(&rig)->csum_done, 1);
	/* The mbuf itself is as it was. */
	assert_int_equal(rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14)->hdr_checksum, 0);
	rte_pktmbuf_free(m);
	net_rig_close(&rig);
}

static void
segmentation_needs_a_driver_that_takes_it(void **state)
{
	static const uint64_t takes[] = {
		VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM),
		VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4),
	};
	const struct link link = {REGION_A, 1536, VRING_DESC_F_WRITE, 0};
	struct virtio_net_hdr_v1 hdr;
	struct rte_mbuf *m;
	struct net_rig rig;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		net_rig_open(&rig, false, 0, takes[i], 0);
		ring_rig_offer(&rig.ring, 0, &link, 1, false);
		m = udp_make(&rig, RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4);
		m->l4_len = 20;
		m->tso_segsz = 30;
		assert_int_equal(net_rig_enqueue(&rig, m), 1);
		assert_int_equal(net_rig_stats(&rig)->unsupported, i == 0);
		assert_int_equal(net_rig_stats(&rig)->packets, i);
		memcpy(&hdr, ring_rig_at(&rig.ring, REGION_A), sizeof(hdr));
		assert_int_equal(hdr.gso_type, i == 0 ? 0 : VIRTIO_NET_HDR_GSO_TCPV4);
		assert_int_equal(hdr.gso_size, i == 0 ? 0 : 30);
		assert_int_equal(hdr.hdr_len, i == 0 ? 0 : 54);
		rte_pktmbuf_free(m);
		net_rig_close(&rig);
	}
}

static void
requests_that_cannot_be_met_drop_the_packet(void **state)
{
	static const uint64_t requests[] = {
		RTE_MBUF_F_TX_VLAN,
		RTE_MBUF_F_TX_SCTP_CKSUM,
		RTE_MBUF_F_TX_TUNNEL_VXLAN,
		RTE_MBUF_F_TX_UDP_SEG,
		RTE_MBUF_F_TX_TCP_SEG,
	};
	const struct link link = {REGION_A, 1536, VRING_DESC_F_WRITE, 0};
	struct rte_mbuf *m;
	struct net_rig rig;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(requests) + 2; i++) {
		net_rig_open(&rig, false, 0, 0, 0);
		ring_rig_offer(&rig.ring, 0, &link, 1, false);
		m = udp_make(&rig, i < RTE_DIM(requests) ? requests[i] : RTE_MBUF_F_TX_UDP_CKSUM);
		/* Lengths that an application got wrong. */
		if (i == RTE_DIM(requests))
			m->l3_len = 100;
		if (i == RTE_DIM(requests) + 1) {
			m->ol_flags = RTE_MBUF_F_TX_IP_CKSUM;
			m->l3_len = 90;
		}
		assert_int_equal(net_rig_enqueue(&rig, m), 1);
		assert_int_equal(net_rig_stats(&rig)->unsupported, 1);
		assert_int_equal(rig.ring.vq.used->idx, 0);
		rte_pktmbuf_free(m);
		net_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_believed_as_far_as_they_can_be),
		cmocka_unit_test(checksums_are_finished_if_wanted),
		cmocka_unit_test(requests_are_passed_on_to_a_driver_that_takes_them),
		cmocka_unit_test(checksums_are_computed_for_a_driver_that_takes_none),
		cmocka_unit_test(segmentation_needs_a_driver_that_takes_it),
		cmocka_unit_test(requests_that_cannot_be_met_drop_the_packet),
	};

	return cmocka_run_group_tests_name("vhost2_net/header", tests, NULL, NULL);
}
