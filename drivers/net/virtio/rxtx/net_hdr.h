/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The net header in front of each packet, and the one place where it becomes an mbuf's offload fields (rx) or comes of
 * them (tx). Rows without offloads need one field on rx and all zero on tx.
 *
 * Theory of operation
 *
 * Rx: the header is the peer's word. It is read once; what it says about lengths and offsets is compared with the packet
 * before anything is done with it, and what it says about protocols with the packet's own headers. A header that does
 * not fit its packet makes the packet worthless, since nobody knows whether its checksum is to be completed: it is
 * dropped and counted by cause. hdr_len is not looked at.
 *
 * Tx: the mbuf is the application's word, so what is wrong with it is a mistake, not an attack; still no header goes
 * out that a device had to refuse. What the device cannot do (tags, checksums of IP headers) is done here, before.
 */

#ifndef VIRTIO_RXTX_NET_HDR_H
#define VIRTIO_RXTX_NET_HDR_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "virtio/barrier.h"
#include "virtio/net.h"

typedef uint64_t net_hdr_word __attribute__((may_alias, aligned(1)));
typedef uint32_t net_hdr_half __attribute__((may_alias, aligned(1)));
typedef uint16_t net_hdr_short __attribute__((may_alias, aligned(1)));

/** How many buffers the packet fills: the peer's word, read once. */
VIRTIO_INLINE uint16_t
net_hdr_num_buffers(const void *hdr)
{
	const struct virtio_net_hdr_v1 *const v1 = hdr;

	return *(const volatile uint16_t *)&v1->num_buffers;
}

/** Make all of @p len (10, 12 or 20) bytes zero. */
VIRTIO_INLINE void
net_hdr_zero(void *hdr, uint32_t len)
{
	char *const at = hdr;

	*(net_hdr_word *)at = 0;
	*(net_hdr_word *)(at + len - 8) = 0;
	if (unlikely(len > 16))
		*(net_hdr_word *)(at + 8) = 0;
}

/** Whether all of @p len (10, 12 or 20) bytes are zero. */
VIRTIO_INLINE bool
net_hdr_is_zero(const void *hdr, uint32_t len)
{
	const char *const at = hdr;
	uint64_t bits = *(const net_hdr_word *)at | *(const net_hdr_word *)(at + len - 8);

	if (unlikely(len > 16))
		bits |= *(const net_hdr_word *)(at + 8);
	return bits == 0;
}

/**
 * Ask for no offload. Compared before it is written: buffers go round and keep the zero header of the packet before,
 * and a line that is not written stays shared with the peer.
 *
 * VIRTIO 1.3 5.1.6.2.1: "The driver MUST set num_buffers to zero."
 */
VIRTIO_INLINE void
net_hdr_clear(void *hdr, uint32_t len)
{
	if (unlikely(!net_hdr_is_zero(hdr, len)))
		net_hdr_zero(hdr, len);
}

/** A header as its fields lie in memory, up to csum_offset; num_buffers and all behind it are zero on tx. */
struct net_hdr_words {
	uint64_t first;  /**< flags, gso_type, hdr_len, gso_size, csum_start */
	uint16_t second; /**< csum_offset */
};

static_assert(offsetof(struct virtio_net_hdr, csum_start) == 6, "ends the first word");
static_assert(offsetof(struct virtio_net_hdr, csum_offset) == 8, "the second");

/* --- rx --- */

/** What an rx queue does with headers beside the number of buffers; constant but where it says so. */
struct rx_offload {
	bool csum;          /**< VIRTIO_NET_F_GUEST_CSUM: the flags mean something */
	bool hash;          /**< VIRTIO_NET_F_HASH_REPORT */
	bool ip_csum;       /**< check IPv4 headers, in software */
	bool finish_tcp;    /**< a partial TCP checksum is completed: nobody asked to be told of it */
	bool finish_udp;    /**< likewise UDP */
	uint8_t gso_types;  /**< bit n: gso_type n was negotiated */
	bool gso_udp_ipv4;  /**< VIRTIO_NET_F_GUEST_USO4; TCP has types of its own for each version of IP */
	bool gso_udp_ipv6;  /**< VIRTIO_NET_F_GUEST_USO6 */
	bool ptypes;        /**< fill in the packet type; may change while packets come */
	bool vlan_strip;    /**< take the outer tag off; may change while packets come */
	bool is_busy;       /**< each packet is looked at, whatever its header says; follows from the others */
};

/** What became of a received packet's header. */
enum net_hdr_verdict {
	NET_HDR_GOOD,
	NET_HDR_BAD_CSUM, /**< the checksum that it names lies outside of the packet */
	NET_HDR_BAD_GSO,  /**< a type that was not negotiated or is another than the packet's, or no size */
};

/** Set @p offload from what was negotiated and RTE_ETH_RX_OFFLOAD_* bits that were configured. */
void rx_offload_set(struct rx_offload *offload, uint64_t features, uint64_t configured);

/** Change what may change while packets come. */
void rx_offload_set_ptypes(struct rx_offload *offload, bool wanted);
/** Likewise. */
void rx_offload_set_strip(struct rx_offload *offload, bool wanted);

/** Whether such a queue needs a row with offloads. */
bool rx_offload_is_needed(uint64_t features, uint64_t configured);

/** Whether a header says nothing: no flag, no segmentation. */
VIRTIO_INLINE bool
net_hdr_is_plain(const void *hdr)
{
	return *(const volatile net_hdr_short *)hdr == 0;
}

/**
 * Take over into a received packet what its header says: offload flags, packet type, segment size, hash; strip its tag.
 * The packet is to be dropped unless the verdict is NET_HDR_GOOD.
 *
 * @param hdr
 *   Lies in front of the packet, in memory that the peer can write.
 */
enum net_hdr_verdict net_hdr_to_mbuf(const struct rx_offload *offload, const void *hdr, struct rte_mbuf *m);

/* --- tx --- */

/** What a tx queue can have done to packets; constant. */
struct tx_offload {
	uint64_t allowed;  /**< RTE_MBUF_F_TX_* that packets may have; 0: a row without offloads */
	uint64_t unusual;  /**< RTE_MBUF_F_TX_* for which a packet leaves the fast path */
	bool tso4;         /**< VIRTIO_NET_F_HOST_TSO4 */
	bool tso6;         /**< VIRTIO_NET_F_HOST_TSO6 */
	bool ecn;          /**< VIRTIO_NET_F_HOST_ECN */
	bool uso;          /**< VIRTIO_NET_F_HOST_USO */
};

/** Set @p offload from what was negotiated and RTE_ETH_TX_OFFLOAD_* bits that were configured. */
void tx_offload_set(struct tx_offload *offload, uint64_t features, uint64_t configured);

/** Whether such a queue needs a row with offloads. */
bool tx_offload_is_needed(uint64_t features, uint64_t configured);

/** Whether a packet wants nothing but, at most, a checksum of TCP or UDP. */
VIRTIO_INLINE bool
tx_offload_is_usual(const struct tx_offload *offload, uint64_t ol_flags)
{
	return (ol_flags & offload->unusual) == 0 && (ol_flags & RTE_MBUF_F_TX_L4_MASK) != RTE_MBUF_F_TX_SCTP_CKSUM;
}

/** Distance of the checksum from the beginning of a TCP or UDP header. */
VIRTIO_INLINE uint16_t
tx_csum_offset(uint64_t ol_flags)
{
	return (ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM ? 16 : 6;
}

/** The header of a packet that is usual. */
VIRTIO_INLINE struct net_hdr_words
net_hdr_usual(const struct rte_mbuf *m)
{
	struct net_hdr_words words = {.first = 0};

	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) != 0) {
		words.first = VIRTIO_NET_HDR_F_NEEDS_CSUM | (uint64_t)(m->l2_len + m->l3_len) << 48;
		words.second = tx_csum_offset(m->ol_flags);
	}
	return words;
}

/** Whether the checksum that a header names lies in the first @p len bytes. Also true if it names none. */
VIRTIO_INLINE bool
net_hdr_fits(struct net_hdr_words words, uint32_t len)
{
	return (words.first >> 48) + words.second + 2 * (words.first & VIRTIO_NET_HDR_F_NEEDS_CSUM) <= len;
}

/** Write a header of @p len (10, 12 or 20) bytes, unless that is what is there. */
VIRTIO_INLINE void
net_hdr_write(void *hdr, uint32_t len, struct net_hdr_words words)
{
	char *const at = hdr;

	if (*(net_hdr_word *)at != words.first)
		*(net_hdr_word *)at = words.first;
	if (unlikely(len < VIRTIO_NET_HDR_LEN_V1)) {
		*(net_hdr_short *)(at + 8) = words.second;
		return;
	}
	if (*(net_hdr_half *)(at + 8) != words.second)
		*(net_hdr_half *)(at + 8) = words.second;
	if (unlikely(len > VIRTIO_NET_HDR_LEN_V1))
		*(net_hdr_word *)(at + 12) = 0;
}

/**
 * The header of any packet, for a frame that is @p shift bytes longer in front of its L3 header than the mbuf's.
 *
 * @return whether there is one; if not, the packet asks for what its queue cannot do, or for nonsense.
 */
bool net_hdr_from_mbuf(const struct tx_offload *offload, const struct rte_mbuf *m, uint32_t shift,
	struct net_hdr_words *words);

/** Fill in the checksum of the IPv4 header if that is asked for, and forget the request. @return whether it was there. */
bool tx_finish_ip(struct rte_mbuf *m);

/** Bytes of an Ethernet header with a tag. */
#define TAGGED_HDR_LEN (RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)
/** Of these, the addresses in front of the tag. */
#define TAGGED_ADDRS_LEN (2 * RTE_ETHER_ADDR_LEN)

/** Put the tag that is asked for into the frame, and forget the request. There must be room, and nobody else's eyes. */
void tx_insert_tag(struct rte_mbuf *m);

/** Write @p m's addresses and the tag that is asked for to @p to: 16 bytes in place of the frame's first 12. */
void tx_write_tagged(const struct rte_mbuf *m, uint8_t *to);

#endif /* VIRTIO_RXTX_NET_HDR_H */
