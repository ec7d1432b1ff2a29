/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Net headers that say something: to mbuf flags, and from them, with checksums computed where one side left them to the
 * other and the other has not agreed.
 *
 * VIRTIO 1.3 5.1.6.2: "the packet is partially checksummed" from csum_start on, to be put at csum_offset behind that.
 * What a header says is checked against its packet before anything is done with it.
 */

#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <rte_sctp.h>

#include "vhost2_net/queue.h"

/* --- from the driver --- */

/** Kinds of segmentation, what each wants negotiated when a driver uses it, and when a device does. */
static const struct gso_kind {
	uint8_t type;
	uint8_t driver_sends;  /**< VIRTIO_NET_F_HOST_* */
	uint8_t driver_takes;  /**< VIRTIO_NET_F_GUEST_* */
	uint64_t mbuf_flags;   /**< as RTE_MBUF_F_TX_* ask for it */
} gso_kinds[] = {
	{VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_GUEST_TSO4,
		RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4},
	{VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_GUEST_TSO6,
		RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV6},
	{VIRTIO_NET_HDR_GSO_UDP, VIRTIO_NET_F_HOST_UFO, VIRTIO_NET_F_GUEST_UFO, 0},
};

static bool
is_negotiated(const struct rte_vhost2_net_queue *queue, unsigned int bit)
{
	return (queue->features & VIRTIO_BIT(bit)) != 0;
}

/** Write two bytes of a packet, which may lie in two segments. */
static void
packet_poke(struct rte_mbuf *m, uint32_t at, uint16_t value)
{
	const uint8_t *const bytes = (const uint8_t *)&value;
	unsigned int i;

	for (i = 0; i < sizeof(value); i++, at++) {
		while (at >= m->data_len) {
			at -= m->data_len;
			m = m->next;
		}
		*rte_pktmbuf_mtod_offset(m, uint8_t *, at) = bytes[i];
	}
}

/** The finished sum over a packet from @p start on, with the pseudo header's in its place already. */
static uint16_t
packet_checksum(const struct rte_mbuf *m, uint32_t start)
{
	uint16_t sum = 0;

	(void)rte_raw_cksum_mbuf(m, start, m->pkt_len - start, &sum);
	sum = (uint16_t)~sum;
	/* Zero says "none" in UDP, and is the same number in all others. */
	return sum == 0 ? 0xffff : sum;
}

static bool
csum_take(struct rte_vhost2_net_queue *queue, const struct virtio_net_hdr *hdr, struct rte_mbuf *m)
{
	const uint32_t at = (uint32_t)hdr->csum_start + hdr->csum_offset;

	if (!is_negotiated(queue, VIRTIO_NET_F_CSUM) || at + sizeof(uint16_t) > m->pkt_len)
		return false;
	if ((queue->flags & RTE_VHOST2_NET_FINISH_CSUM) == 0) {
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
		return true;
	}
	packet_poke(m, at, packet_checksum(m, hdr->csum_start));
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	queue->stats.csum_done++;
	return true;
}

static bool
gso_take(struct rte_vhost2_net_queue *queue, const struct virtio_net_hdr *hdr, struct rte_mbuf *m)
{
	const uint8_t type = hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN;
	unsigned int i;

	/* VIRTIO 1.3 5.1.6.2.1: "the driver MUST also set the VIRTIO_NET_HDR_F_NEEDS_CSUM bit in flags" */
	if ((hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0 || hdr->gso_size == 0)
		return false;
	for (i = 0; i < RTE_DIM(gso_kinds); i++) {
		if (gso_kinds[i].type != type)
			continue;
		if (!is_negotiated(queue, gso_kinds[i].driver_sends))
			return false;
		m->ol_flags |= RTE_MBUF_F_RX_LRO;
		m->tso_segsz = hdr->gso_size;
		return true;
	}
	return false;
}

bool
net_header_to_mbuf(struct rte_vhost2_net_queue *queue, const struct virtio_net_hdr *hdr, struct rte_mbuf *m)
{
	if (hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE && !gso_take(queue, hdr, m))
		return false;
	/* VIRTIO 1.3 5.1.6.2.2: "The device MUST ignore flag bits that it does not recognize." */
	if ((hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0)
		return csum_take(queue, hdr, m);
	return true;
}

/* --- to the driver --- */

/** Where the checksum of a layer 4 protocol lies in its header; -1: it is none that is summed so. */
static int
csum_offset(const struct rte_mbuf *m)
{
	const uint64_t l4 = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;

	if (l4 == RTE_MBUF_F_TX_TCP_CKSUM || (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0)
		return offsetof(struct rte_tcp_hdr, cksum);
	return l4 == RTE_MBUF_F_TX_UDP_CKSUM ? (int)offsetof(struct rte_udp_hdr, dgram_cksum) : -EINVAL;
}

static void
plan_patch(struct net_plan *plan, uint32_t at, uint16_t value)
{
	plan->patch[plan->nr_patches].at = at;
	plan->patch[plan->nr_patches].value = value;
	plan->nr_patches++;
}

/** No driver checks the sum over an IPv4 header for us. */
static bool
plan_ip(const struct rte_mbuf *m, struct net_plan *plan)
{
	const uint32_t at = m->l2_len;

	if (m->l3_len < sizeof(struct rte_ipv4_hdr) || at + m->l3_len > m->data_len)
		return false;
	plan_patch(plan, at + offsetof(struct rte_ipv4_hdr, hdr_checksum),
		(uint16_t)~rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const char *, at), m->l3_len));
	return true;
}

static bool
plan_l4(const struct rte_vhost2_net_queue *queue, const struct rte_mbuf *m, struct net_plan *plan)
{
	const uint32_t start = m->l2_len + m->l3_len;
	const int offset = csum_offset(m);

	if (offset < 0 || start + (uint32_t)offset + sizeof(uint16_t) > m->pkt_len)
		return false;
	if (!is_negotiated(queue, VIRTIO_NET_F_GUEST_CSUM)) {
		plan_patch(plan, start + (uint32_t)offset, packet_checksum(m, start));
		return true;
	}
	plan->hdr.hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	plan->hdr.hdr.csum_start = (uint16_t)start;
	plan->hdr.hdr.csum_offset = (uint16_t)offset;
	return true;
}

/** Segmentation has no substitute here: a driver that cannot take long packets gets none. */
static bool
plan_gso(const struct rte_vhost2_net_queue *queue, const struct rte_mbuf *m, struct net_plan *plan)
{
	const uint64_t wanted = m->ol_flags & (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6);
	unsigned int i;

	for (i = 0; i < RTE_DIM(gso_kinds); i++) {
		if (gso_kinds[i].mbuf_flags == 0 || wanted != gso_kinds[i].mbuf_flags)
			continue;
		if (!is_negotiated(queue, gso_kinds[i].driver_takes) || m->tso_segsz == 0)
			return false;
		plan->hdr.hdr.gso_type = gso_kinds[i].type;
		plan->hdr.hdr.gso_size = m->tso_segsz;
		plan->hdr.hdr.hdr_len = (uint16_t)(m->l2_len + m->l3_len + m->l4_len);
		return true;
	}
	return false;
}

/** Requests that nobody here can meet: tunnels, inserted tags, security, and all other kinds of segmentation. */
#define CANNOT (RTE_MBUF_F_TX_OFFLOAD_MASK & ~(RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IP_CKSUM | \
	RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6))

bool
net_plan_make(const struct rte_vhost2_net_queue *queue, const struct rte_mbuf *m, struct net_plan *plan)
{
	const uint64_t wanted = m->ol_flags;

	memset(plan, 0, sizeof(*plan));
	if ((wanted & CANNOT) != 0)
		return false;
	if ((wanted & RTE_MBUF_F_TX_IP_CKSUM) != 0 && !plan_ip(m, plan))
		return false;
	if ((wanted & RTE_MBUF_F_TX_TCP_SEG) != 0 && !plan_gso(queue, m, plan))
		return false;
	if ((wanted & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG)) != 0)
		return plan_l4(queue, m, plan);
	return true;
}
