/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See net_hdr.h.
 */

#include <rte_byteorder.h>
#include <rte_ethdev.h>
#include <rte_ip.h>

#include "rxtx/net_hdr.h"
#include "rxtx/parse.h"
#include "virtio/feature.h"

#define TCP_CSUM_OFFSET 16
#define UDP_CSUM_OFFSET 6
#define SCTP_CSUM_OFFSET 8

static bool
has(uint64_t features, unsigned int bit)
{
	return (features & VIRTIO_BIT(bit)) != 0;
}

/* --- rx: what a queue does --- */

#define RX_FEATURES (VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_HASH_REPORT))
#define RX_SOFTWARE (RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM)

bool
rx_offload_is_needed(uint64_t features, uint64_t configured)
{
	return (features & RX_FEATURES) != 0 || (configured & RX_SOFTWARE) != 0;
}

void
rx_offload_set(struct rx_offload *offload, uint64_t features, uint64_t configured)
{
	memset(offload, 0, sizeof(*offload));
	offload->csum = has(features, VIRTIO_NET_F_GUEST_CSUM);
	offload->hash = has(features, VIRTIO_NET_F_HASH_REPORT);
	offload->gso_udp_ipv4 = has(features, VIRTIO_NET_F_GUEST_USO4);
	offload->gso_udp_ipv6 = has(features, VIRTIO_NET_F_GUEST_USO6);
	offload->gso_types = (uint8_t)(has(features, VIRTIO_NET_F_GUEST_TSO4) << VIRTIO_NET_HDR_GSO_TCPV4 |
		has(features, VIRTIO_NET_F_GUEST_TSO6) << VIRTIO_NET_HDR_GSO_TCPV6 |
		(offload->gso_udp_ipv4 || offload->gso_udp_ipv6) << VIRTIO_NET_HDR_GSO_UDP_L4);
	offload->finish_tcp = (configured & RTE_ETH_RX_OFFLOAD_TCP_CKSUM) == 0;
	offload->finish_udp = (configured & RTE_ETH_RX_OFFLOAD_UDP_CKSUM) == 0;
	offload->ip_csum = (configured & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) != 0;
	offload->vlan_strip = (configured & RTE_ETH_RX_OFFLOAD_VLAN_STRIP) != 0;
	rx_offload_set_ptypes(offload, true);
}

static void
busy_refresh(struct rx_offload *offload)
{
	const bool is_busy = offload->hash || offload->ip_csum || offload->ptypes || offload->vlan_strip;

	__atomic_store_n(&offload->is_busy, is_busy, __ATOMIC_RELAXED);
}

void
rx_offload_set_ptypes(struct rx_offload *offload, bool wanted)
{
	__atomic_store_n(&offload->ptypes, wanted, __ATOMIC_RELAXED);
	busy_refresh(offload);
}

void
rx_offload_set_strip(struct rx_offload *offload, bool wanted)
{
	__atomic_store_n(&offload->vlan_strip, wanted, __ATOMIC_RELAXED);
	busy_refresh(offload);
}

/* --- rx: checksums --- */

/* A header's fields, each read once. */
struct rx_header {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
};

static struct rx_header
header_read(const void *hdr)
{
	const uint64_t first = *(const volatile net_hdr_word *)hdr;
	const struct rx_header header = {
		.flags = (uint8_t)first,
		.gso_type = (uint8_t)(first >> 8),
		.gso_size = (uint16_t)(first >> 32),
		.csum_start = (uint16_t)(first >> 48),
		.csum_offset = *(const volatile net_hdr_short *)((const char *)hdr + 8),
	};

	return header;
}

/*
 * Ones' complement sum of the packet from @p offset to its end. Segments may begin at odd places; each is folded before
 * it is swapped, which rte_raw_cksum_mbuf() forgets, so that it loses a carry now and then.
 */
static uint16_t
packet_sum(const struct rte_mbuf *m, uint32_t offset)
{
	uint32_t sum = 0;
	uint32_t done = 0;
	uint16_t part;

	for (; m != NULL; m = m->next) {
		if (offset >= m->data_len) {
			offset -= m->data_len;
			continue;
		}
		part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const void *, offset), m->data_len - offset);
		sum += done % 2 == 0 ? part : rte_bswap16(part);
		done += m->data_len - offset;
		offset = 0;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* The byte at @p offset of a packet that is longer. */
static uint8_t *
packet_byte(struct rte_mbuf *m, uint32_t offset)
{
	while (offset >= m->data_len) {
		offset -= m->data_len;
		m = m->next;
	}
	return rte_pktmbuf_mtod_offset(m, uint8_t *, offset);
}

/*
 * VIRTIO 1.3 5.1.6.4.1: "calculating a ones' complement checksum from csum_start up until the end of the packet and
 * storing the result at offset csum_offset from csum_start will result in a fully checksummed packet"
 */
static void
csum_finish(struct rte_mbuf *m, const struct rx_header *header)
{
	const uint32_t start = header->csum_start;
	uint16_t sum = (uint16_t)~packet_sum(m, start);

	/* The two zeros of ones' complement are equal but in UDP, where one of them means "none". */
	if (sum == 0)
		sum = 0xffff;
	*packet_byte(m, start + header->csum_offset) = (uint8_t)sum;
	*packet_byte(m, start + header->csum_offset + 1) = (uint8_t)(sum >> 8);
}

/* Where the checksum of the L4 header that was found lies in it; 0: none was found. */
static uint16_t
csum_offset_of(uint32_t ptype)
{
	switch (ptype & RTE_PTYPE_L4_MASK) {
	case RTE_PTYPE_L4_TCP:
		return TCP_CSUM_OFFSET;
	case RTE_PTYPE_L4_UDP:
		return UDP_CSUM_OFFSET;
	case RTE_PTYPE_L4_SCTP:
		return SCTP_CSUM_OFFSET;
	default:
		return 0;
	}
}

static bool
must_finish(const struct rx_offload *offload, uint32_t ptype)
{
	switch (ptype & RTE_PTYPE_L4_MASK) {
	case RTE_PTYPE_L4_TCP:
		return offload->finish_tcp;
	case RTE_PTYPE_L4_UDP:
		return offload->finish_udp;
	default:
		/* SCTP has a CRC there: no sum of ours would be one. */
		return false;
	}
}

/*
 * VIRTIO 1.3 5.1.6.4: "the packet checksum at offset csum_offset from csum_start and any preceding checksums have been
 * validated. The checksum on the packet is incomplete". That is RTE_MBUF_F_RX_L4_CKSUM_NONE, if it is the checksum of
 * the header that DPDK speaks of. That of another one (in a tunnel, of an unknown protocol) can only be completed.
 */
static enum net_hdr_verdict
csum_is_partial(const struct rx_offload *offload, const struct rx_header *header, const struct parsed *parsed,
	struct rte_mbuf *m)
{
	const bool is_known = parsed->l4 != 0 && header->csum_start == parsed->l4 &&
		header->csum_offset == csum_offset_of(parsed->ptype);

	if ((uint32_t)header->csum_start + header->csum_offset + 2 > m->pkt_len)
		return NET_HDR_BAD_CSUM;
	if (is_known && !must_finish(offload, parsed->ptype)) {
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
		return NET_HDR_GOOD;
	}
	csum_finish(m, header);
	if (is_known)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return NET_HDR_GOOD;
}

static enum net_hdr_verdict
csum_to_mbuf(const struct rx_offload *offload, const struct rx_header *header, const struct parsed *parsed,
	struct rte_mbuf *m)
{
	if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0)
		return csum_is_partial(offload, header, parsed, m);
	/* VIRTIO 1.3 5.1.6.4: "device has validated the packet checksum", the outermost one. */
	if ((header->flags & VIRTIO_NET_HDR_F_DATA_VALID) != 0 && parsed->l4 != 0)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return NET_HDR_GOOD;
}

/* --- rx: segmentation --- */

/* Whether the packet is of the kind that @p type names. */
static bool
gso_type_is_true(const struct rx_offload *offload, uint8_t type, uint32_t ptype)
{
	const bool is_tcp = (ptype & RTE_PTYPE_L4_MASK) == RTE_PTYPE_L4_TCP;
	const bool is_udp = (ptype & RTE_PTYPE_L4_MASK) == RTE_PTYPE_L4_UDP;
	const bool is_ipv4 = RTE_ETH_IS_IPV4_HDR(ptype);
	const bool is_ipv6 = RTE_ETH_IS_IPV6_HDR(ptype);

	switch (type) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN:
		return is_tcp && is_ipv4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
	case VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN:
		return is_tcp && is_ipv6;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return is_udp && (is_ipv4 ? offload->gso_udp_ipv4 : is_ipv6 && offload->gso_udp_ipv6);
	default:
		return false;
	}
}

/* Bytes in front of the L4 payload, or 0 if they are not all there. */
static uint32_t
l4_payload_offset(const struct parse_window *window, const struct parsed *parsed)
{
	const uint32_t tcp_data_offset = 12;

	if ((parsed->ptype & RTE_PTYPE_L4_MASK) != RTE_PTYPE_L4_TCP)
		return parsed->l4 + 8u;
	return parsed->l4 + (window->bytes[parsed->l4 + tcp_data_offset] >> 4) * 4u;
}

/*
 * VIRTIO 1.3 5.1.6.4: "gso_size field indicates the desired MSS". For us, the payload of the segments of which the
 * packet was made. A packet that is not longer than one is an ordinary one.
 */
static enum net_hdr_verdict
gso_to_mbuf(const struct rx_offload *offload, const struct rx_header *header, const struct parse_window *window,
	const struct parsed *parsed, struct rte_mbuf *m)
{
	const uint8_t type = header->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;

	if (type > VIRTIO_NET_HDR_GSO_UDP_L4 || (offload->gso_types & 1u << type) == 0 || header->gso_size == 0 ||
			!gso_type_is_true(offload, header->gso_type, parsed->ptype))
		return NET_HDR_BAD_GSO;
	if (l4_payload_offset(window, parsed) + header->gso_size >= m->pkt_len)
		return NET_HDR_GOOD;
	m->ol_flags |= RTE_MBUF_F_RX_LRO;
	m->tx_offload = 0;
	m->tso_segsz = header->gso_size;
	return NET_HDR_GOOD;
}

/* --- rx: hash, tag, all together --- */

static void
hash_to_mbuf(const void *hdr, struct rte_mbuf *m)
{
	const uint32_t value = *(const volatile net_hdr_half *)((const char *)hdr + 12);
	const uint16_t report = *(const volatile net_hdr_short *)((const char *)hdr + 16);

	if (report == VIRTIO_NET_HASH_REPORT_NONE || report > VIRTIO_NET_HASH_REPORT_UDPv6_EX)
		return;
	m->hash.rss = value;
	m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
}

static void
tag_strip(struct rte_mbuf *m)
{
	uint8_t *const frame = rte_pktmbuf_mtod(m, uint8_t *);

	if (m->data_len < TAGGED_HDR_LEN ||
			*(const net_hdr_short *)(frame + TAGGED_ADDRS_LEN) != RTE_BE16(RTE_ETHER_TYPE_VLAN))
		return;
	m->vlan_tci = rte_be_to_cpu_16(*(const net_hdr_short *)(frame + RTE_ETHER_HDR_LEN));
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	memmove(frame + RTE_VLAN_HLEN, frame, TAGGED_ADDRS_LEN);
	m->data_off += RTE_VLAN_HLEN;
	m->data_len -= RTE_VLAN_HLEN;
	m->pkt_len -= RTE_VLAN_HLEN;
	if ((m->packet_type & RTE_PTYPE_L2_MASK) == RTE_PTYPE_L2_ETHER_VLAN)
		m->packet_type = (m->packet_type & ~RTE_PTYPE_L2_MASK) | RTE_PTYPE_L2_ETHER;
}

static enum net_hdr_verdict
header_to_mbuf(const struct rx_offload *offload, const struct rx_header *header, struct rte_mbuf *m)
{
	enum net_hdr_verdict verdict = NET_HDR_GOOD;
	struct parse_window window;
	struct parsed parsed;

	parse_window_open(&window, m);
	parsed = packet_parse(&window);
	if (offload->ptypes)
		m->packet_type = parsed.ptype;
	if (offload->ip_csum && RTE_ETH_IS_IPV4_HDR(parsed.ptype))
		m->ol_flags |= parsed_ip_sum_is_good(&window, &parsed) ? RTE_MBUF_F_RX_IP_CKSUM_GOOD
			: RTE_MBUF_F_RX_IP_CKSUM_BAD;
	if (unlikely(header->gso_type != VIRTIO_NET_HDR_GSO_NONE))
		verdict = gso_to_mbuf(offload, header, &window, &parsed, m);
	if (offload->csum && verdict == NET_HDR_GOOD)
		verdict = csum_to_mbuf(offload, header, &parsed, m);
	return verdict;
}

enum net_hdr_verdict
net_hdr_to_mbuf(const struct rx_offload *offload, const void *hdr, struct rte_mbuf *m)
{
	const struct rx_header header = header_read(hdr);
	enum net_hdr_verdict verdict = NET_HDR_GOOD;

	if ((header.flags | header.gso_type) != 0 || offload->ptypes || offload->ip_csum)
		verdict = header_to_mbuf(offload, &header, m);
	if (verdict != NET_HDR_GOOD)
		return verdict;
	if (offload->hash)
		hash_to_mbuf(hdr, m);
	if (offload->vlan_strip)
		tag_strip(m);
	return NET_HDR_GOOD;
}

/* --- tx: what a queue does --- */

#define TX_SOFTWARE (RTE_ETH_TX_OFFLOAD_VLAN_INSERT | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM)
/* Say what the packet is, ask for nothing. */
#define TX_HINTS (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_OUTER_IPV4 | RTE_MBUF_F_TX_OUTER_IPV6)

bool
tx_offload_is_needed(uint64_t features, uint64_t configured)
{
	return has(features, VIRTIO_NET_F_CSUM) || (configured & TX_SOFTWARE) != 0;
}

void
tx_offload_set(struct tx_offload *offload, uint64_t features, uint64_t configured)
{
	memset(offload, 0, sizeof(*offload));
	offload->unusual = RTE_MBUF_F_TX_OFFLOAD_MASK & ~TX_HINTS;
	if (!tx_offload_is_needed(features, configured))
		return;
	offload->tso4 = has(features, VIRTIO_NET_F_HOST_TSO4);
	offload->tso6 = has(features, VIRTIO_NET_F_HOST_TSO6);
	offload->ecn = has(features, VIRTIO_NET_F_HOST_ECN);
	offload->uso = has(features, VIRTIO_NET_F_HOST_USO);
	offload->allowed = TX_HINTS | RTE_MBUF_F_TX_VLAN | RTE_MBUF_F_TX_IP_CKSUM;
	if (has(features, VIRTIO_NET_F_CSUM)) {
		/* In a tunnel too: a checksum can begin anywhere. */
		offload->allowed |= RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TUNNEL_MASK;
		offload->unusual &= ~RTE_MBUF_F_TX_L4_MASK;
	}
	if (offload->tso4 || offload->tso6)
		offload->allowed |= RTE_MBUF_F_TX_TCP_SEG;
	if (offload->uso)
		offload->allowed |= RTE_MBUF_F_TX_UDP_SEG;
}

/* --- tx: the header --- */

static uint32_t
l3_offset(const struct rte_mbuf *m)
{
	const bool is_tunnel = (m->ol_flags & RTE_MBUF_F_TX_TUNNEL_MASK) != 0;

	return m->l2_len + (is_tunnel ? m->outer_l2_len + m->outer_l3_len : 0);
}

/* VIRTIO 1.3 5.1.6.2: "the VIRTIO_NET_HDR_GSO_ECN bit in gso_type indicates that the TCP packet has the ECN bit set." */
static bool
tcp_has_cwr(const struct rte_mbuf *m, uint32_t l4)
{
	const uint32_t flags_offset = 13;
	const uint8_t cwr = 0x80;
	uint8_t local;
	const uint8_t *const flags = rte_pktmbuf_read(m, l4 + flags_offset, 1, &local);

	return flags != NULL && (*flags & cwr) != 0;
}

/* The type of segmentation that a packet asks for; GSO_NONE: one that cannot be. */
static uint8_t
gso_type_of(const struct tx_offload *offload, const struct rte_mbuf *m, uint32_t l4)
{
	const bool is_ipv6 = (m->ol_flags & RTE_MBUF_F_TX_IPV6) != 0;
	uint8_t ecn;

	if ((m->ol_flags & RTE_MBUF_F_TX_TUNNEL_MASK) != 0)
		return VIRTIO_NET_HDR_GSO_NONE;
	if ((m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) == 0)
		return VIRTIO_NET_HDR_GSO_UDP_L4;
	if ((m->ol_flags & RTE_MBUF_F_TX_UDP_SEG) != 0 || !(is_ipv6 ? offload->tso6 : offload->tso4))
		return VIRTIO_NET_HDR_GSO_NONE;
	ecn = offload->ecn && tcp_has_cwr(m, l4) ? VIRTIO_NET_HDR_GSO_ECN : 0;
	return ecn | (is_ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4);
}

/* @return whether the packet can be segmented. */
static bool
gso_from_mbuf(const struct tx_offload *offload, const struct rte_mbuf *m, uint32_t shift, struct net_hdr_words *words)
{
	const uint32_t l4 = l3_offset(m) + m->l3_len;
	const uint32_t headers = l4 + m->l4_len;
	const uint8_t type = gso_type_of(offload, m, l4);
	const bool is_tcp = type != VIRTIO_NET_HDR_GSO_UDP_L4;

	if (type == VIRTIO_NET_HDR_GSO_NONE || m->tso_segsz == 0 || headers >= m->pkt_len)
		return false;
	words->first = VIRTIO_NET_HDR_F_NEEDS_CSUM | (uint64_t)type << 8 | (uint64_t)(headers + shift) << 16 |
		(uint64_t)m->tso_segsz << 32 | (uint64_t)(l4 + shift) << 48;
	words->second = is_tcp ? TCP_CSUM_OFFSET : UDP_CSUM_OFFSET;
	return net_hdr_fits(*words, m->pkt_len + shift);
}

bool
net_hdr_from_mbuf(const struct tx_offload *offload, const struct rte_mbuf *m, uint32_t shift,
	struct net_hdr_words *words)
{
	const uint64_t wanted = m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK;
	const uint64_t l4 = wanted & RTE_MBUF_F_TX_L4_MASK;

	memset(words, 0, sizeof(*words));
	if (offload->allowed == 0)
		return true;
	if ((wanted & ~offload->allowed) != 0 || l4 == RTE_MBUF_F_TX_SCTP_CKSUM)
		return false;
	if ((wanted & (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG)) != 0)
		return gso_from_mbuf(offload, m, shift, words);
	if (l4 == RTE_MBUF_F_TX_L4_NO_CKSUM)
		return true;
	words->first = VIRTIO_NET_HDR_F_NEEDS_CSUM | (uint64_t)(l3_offset(m) + m->l3_len + shift) << 48;
	words->second = tx_csum_offset(wanted);
	return net_hdr_fits(*words, m->pkt_len + shift);
}

/* --- tx: what no virtio device does --- */

bool
tx_finish_ip(struct rte_mbuf *m)
{
	const uint32_t offset = l3_offset(m);
	struct rte_ipv4_hdr *ip;

	if ((m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) == 0)
		return true;
	if ((m->ol_flags & RTE_MBUF_F_TX_IPV4) == 0 || m->l3_len < sizeof(*ip) || m->l3_len % 4 != 0 ||
			offset + m->l3_len > m->data_len)
		return false;
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, offset);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, m->l3_len);
	m->ol_flags &= ~RTE_MBUF_F_TX_IP_CKSUM;
	return true;
}

static void
tag_write(const struct rte_mbuf *m, uint8_t *to)
{
	*(net_hdr_short *)to = RTE_BE16(RTE_ETHER_TYPE_VLAN);
	*(net_hdr_short *)(to + 2) = rte_cpu_to_be_16(m->vlan_tci);
}

void
tx_insert_tag(struct rte_mbuf *m)
{
	uint8_t *const frame = rte_pktmbuf_mtod(m, uint8_t *) - RTE_VLAN_HLEN;

	m->data_off -= RTE_VLAN_HLEN;
	m->data_len += RTE_VLAN_HLEN;
	m->pkt_len += RTE_VLAN_HLEN;
	memmove(frame, frame + RTE_VLAN_HLEN, TAGGED_ADDRS_LEN);
	tag_write(m, frame + TAGGED_ADDRS_LEN);
	if ((m->ol_flags & RTE_MBUF_F_TX_TUNNEL_MASK) != 0)
		m->outer_l2_len += RTE_VLAN_HLEN;
	else
		m->l2_len += RTE_VLAN_HLEN;
	m->ol_flags &= ~RTE_MBUF_F_TX_VLAN;
}

void
tx_write_tagged(const struct rte_mbuf *m, uint8_t *to)
{
	memcpy(to, rte_pktmbuf_mtod(m, const void *), TAGGED_ADDRS_LEN);
	tag_write(m, to + TAGGED_ADDRS_LEN);
}
