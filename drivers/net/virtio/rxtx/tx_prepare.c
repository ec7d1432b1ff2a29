/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See tx_prepare.h.
 *
 * A packet that passes needs nothing any more but its header: the checksum of its IPv4 header is there, and the one of
 * TCP or UDP holds the sum over the pseudo header. Virtio wants the L4 length in that sum for packets that are to be
 * segmented too, where most other devices want none; and unlike what rte_net has for it, extension headers of IPv6 are
 * accounted for.
 */

#include <errno.h>
#include <netinet/in.h>

#include <rte_errno.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "rxtx/tx_prepare.h"
#include "rxtx/tx_queue.h"

#define WANTS_SEG (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG)
#define WANTS_L4 (WANTS_SEG | RTE_MBUF_F_TX_L4_MASK)

/* "Congestion window reduced": what virtio calls the ECN bit. */
#define TCP_CWR 0x80

/* Where headers lie in the packet, as the mbuf says. */
struct layout {
	uint32_t l3;
	uint32_t l4;
	uint32_t end;  /* of the L4 header, as far as it is written to */
	bool is_tcp;
	bool is_ipv6;
};

static struct layout
layout_of(const struct rte_mbuf *m)
{
	const bool is_tunnel = (m->ol_flags & RTE_MBUF_F_TX_TUNNEL_MASK) != 0;
	struct layout layout = {
		.l3 = m->l2_len + (is_tunnel ? m->outer_l2_len + m->outer_l3_len : 0),
		.is_tcp = (m->ol_flags & WANTS_SEG) != 0 ? (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0
			: (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM,
		.is_ipv6 = (m->ol_flags & RTE_MBUF_F_TX_IPV6) != 0,
	};

	layout.l4 = layout.l3 + m->l3_len;
	layout.end = layout.l4 + (layout.is_tcp ? sizeof(struct rte_tcp_hdr) : sizeof(struct rte_udp_hdr));
	return layout;
}

static int
check_size(const struct rte_mbuf *m, uint32_t links_max)
{
	if (m->pkt_len == 0 || m->pkt_len > TX_PACKET_MAX || m->nb_segs > links_max)
		return -EINVAL;
	return 0;
}

/* An IP version must be named, and only one; the headers that are written to lie in the first segment. */
static int
check_l4(const struct rte_mbuf *m, const struct layout *layout)
{
	const uint64_t version = m->ol_flags & (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6);
	const uint32_t l3_min = layout->is_ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);

	if (version != RTE_MBUF_F_TX_IPV4 && version != RTE_MBUF_F_TX_IPV6)
		return -EINVAL;
	if (m->l3_len < l3_min || layout->end > m->pkt_len)
		return -EINVAL;
	return layout->end <= m->data_len ? 0 : -ENOTSUP;
}

static int
check_seg(const struct tx_offload *offload, const struct rte_mbuf *m, const struct layout *layout)
{
	const uint32_t l4_min = layout->end - layout->l4;

	if ((m->ol_flags & WANTS_SEG) == WANTS_SEG)
		return -EINVAL;
	if ((m->ol_flags & RTE_MBUF_F_TX_TUNNEL_MASK) != 0)
		return -ENOTSUP;
	if (layout->is_tcp && !(layout->is_ipv6 ? offload->tso6 : offload->tso4))
		return -ENOTSUP;
	if (m->tso_segsz == 0 || m->l4_len < l4_min || layout->l4 + m->l4_len >= m->pkt_len)
		return -EINVAL;
	/*
	 * VIRTIO 1.3 5.1.6.2.1: "The driver SHOULD NOT send to the device TCP packets requiring segmentation offload which
	 * have the Explicit Congestion Notification bit set, unless the VIRTIO_NET_F_HOST_ECN feature is negotiated"
	 */
	if (layout->is_tcp && !offload->ecn &&
			(rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, layout->l4)->tcp_flags & TCP_CWR) != 0)
		return -ENOTSUP;
	return 0;
}

/* Length of the L4 header and what is behind it. Padding may follow, unless the packet is to be segmented. */
static uint32_t
l4_len_of(const struct rte_mbuf *m, const struct layout *layout)
{
	const void *const l3 = rte_pktmbuf_mtod_offset(m, const void *, layout->l3);
	const struct rte_ipv4_hdr *const ipv4 = l3;
	const struct rte_ipv6_hdr *const ipv6 = l3;

	if ((m->ol_flags & WANTS_SEG) != 0)
		return m->pkt_len - layout->l4;
	if (!layout->is_ipv6)
		return rte_be_to_cpu_16(ipv4->total_length) - m->l3_len;
	return rte_be_to_cpu_16(ipv6->payload_len) + sizeof(*ipv6) - m->l3_len;
}

/* VIRTIO 1.3 5.1.6.2.1: "the driver MUST set the packet checksum stored in the buffer to the TCP/UDP pseudo header" */
static void
pseudo_header_write(struct rte_mbuf *m, const struct layout *layout)
{
	char *const l3 = rte_pktmbuf_mtod_offset(m, char *, layout->l3);
	char *const l4 = rte_pktmbuf_mtod_offset(m, char *, layout->l4);
	/* The addresses are side by side in both versions. */
	const char *const addrs = l3 + (layout->is_ipv6 ? 8 : 12);
	const size_t addrs_len = layout->is_ipv6 ? 32 : 8;
	const uint32_t rest[] = {
		rte_cpu_to_be_32(l4_len_of(m, layout)),
		rte_cpu_to_be_32(layout->is_tcp ? IPPROTO_TCP : IPPROTO_UDP),
	};
	const uint32_t sum = rte_raw_cksum(addrs, addrs_len) + rte_raw_cksum(rest, sizeof(rest));
	const uint16_t folded = (uint16_t)((sum & 0xffff) + (sum >> 16));

	if (layout->is_tcp)
		((struct rte_tcp_hdr *)l4)->cksum = folded;
	else
		((struct rte_udp_hdr *)l4)->dgram_cksum = folded;
}

int
tx_prepare_packet(const struct tx_offload *offload, uint32_t links_max, struct rte_mbuf *m)
{
	const uint64_t wanted = m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK;
	const struct layout layout = layout_of(m);
	int rc = check_size(m, links_max);

	if (rc != 0)
		return rc;
	if ((wanted & offload->unusual & ~offload->allowed) != 0 ||
			(wanted & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_SCTP_CKSUM)
		return -ENOTSUP;
	if ((wanted & RTE_MBUF_F_TX_VLAN) != 0 && m->data_len < RTE_ETHER_HDR_LEN)
		return -EINVAL;
	if ((wanted & WANTS_L4) != 0)
		rc = check_l4(m, &layout);
	if (rc == 0 && (wanted & WANTS_SEG) != 0)
		rc = check_seg(offload, m, &layout);
	if (rc != 0)
		return rc;
	if (!tx_finish_ip(m))
		return -EINVAL;
	if ((wanted & WANTS_L4) != 0)
		pseudo_header_write(m, &layout);
	return 0;
}

uint16_t
tx_prepare(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	const struct virtio_txq *const txq = queue;
	uint16_t i;
	int rc;

	for (i = 0; i < nb_pkts; i++) {
		rc = tx_prepare_packet(&txq->offload, txq->vq.size, pkts[i]);
		if (rc != 0) {
			rte_errno = -rc;
			break;
		}
	}
	return i;
}
