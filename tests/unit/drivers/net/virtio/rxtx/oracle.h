/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Random packets of which everything is known because it was put there, byte by byte, and checksums summed up in the
 * plainest way there is. Shares no code with the driver, nor with DPDK but the mbuf.
 */

#ifndef TEST_RXTX_ORACLE_H
#define TEST_RXTX_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#define ORACLE_MAX 9000

enum oracle_l4 {
	ORACLE_TCP,
	ORACLE_UDP,
	ORACLE_ICMP, /**< a protocol that nobody looks into */
	ORACLE_FRAGMENT,
	ORACLE_NO_IP,
};

/** A packet with all of its checksums right. */
struct oracle_packet {
	uint8_t bytes[ORACLE_MAX];
	uint32_t len;
	unsigned int tags;
	bool is_ipv6;
	bool has_options; /**< of IPv4, or extension headers of IPv6 */
	bool has_cwr;     /**< TCP */
	bool is_padded;   /**< bytes behind what IP counts */
	enum oracle_l4 l4_kind;
	uint32_t l2_len;  /**< with tags */
	uint32_t l3_len;  /**< with options and extension headers */
	uint32_t l4_len;  /**< 0: not TCP or UDP */
	uint32_t csum_at; /**< of the TCP or UDP checksum; 0: none */
};

/** Make a random packet; @p len_max: at most that long, 200 or more. */
void oracle_make(struct oracle_packet *packet, uint32_t *random, uint32_t len_max);

/** Big-endian ones' complement sum of @p len bytes, folded, added to @p sum. */
uint32_t oracle_sum(const uint8_t *bytes, uint32_t len, uint32_t sum);
/** The pseudo header's sum of a TCP or UDP packet, without complement. */
uint16_t oracle_pseudo_sum(const struct oracle_packet *packet);
/** What the L4 checksum is to be, as sum over all the header covers. Padding is not covered. */
bool oracle_l4_is_good(const struct oracle_packet *packet, const uint8_t *bytes);
/** Finish a partial checksum as a virtio header has it. */
void oracle_finish(uint8_t *bytes, uint32_t len, uint32_t start, uint32_t offset);
/** Put the checksum field to the pseudo header's sum. */
void oracle_make_partial(struct oracle_packet *packet);

uint16_t oracle_get16(const uint8_t *bytes);
void oracle_put16(uint8_t *bytes, uint32_t value);

/** RTE_PTYPE_* of the packet. */
uint32_t oracle_ptype(const struct oracle_packet *packet);
/** Fill an empty mbuf of @p pool chain with the packet, in random segments of at least @p first_min in the first. */
struct rte_mbuf *oracle_mbuf(const struct oracle_packet *packet, struct rte_mempool *pool, uint32_t *random,
	uint32_t first_min, bool split);
/** Copy a packet's bytes out of its segments. @return pkt_len. */
uint32_t oracle_gather(const struct rte_mbuf *m, uint8_t *bytes);

#endif /* TEST_RXTX_ORACLE_H */
