/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Where the headers of a received packet lie, and what they are: Ethernet with up to two tags, IPv4 with options, IPv6
 * with extension headers, TCP, UDP, SCTP. Of a tunnel only the outer headers are seen.
 *
 * The packet may lie in memory that a peer still writes to: each byte is read once, and an offset that came out of
 * the packet is checked before it is used.
 */

#ifndef VIRTIO_RXTX_PARSE_H
#define VIRTIO_RXTX_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

/** How far into a packet headers are looked for, if its first segment is short. */
#define PARSE_REACH 256

/** The bytes that are looked at: the first segment's own, or a copy of the first few segments. */
struct parse_window {
	const uint8_t *bytes;
	uint32_t len;
	uint8_t copy[PARSE_REACH];
};

/** What was found; an offset of 0 is "no such header". */
struct parsed {
	uint32_t ptype;  /**< RTE_PTYPE_L2_* | RTE_PTYPE_L3_* | RTE_PTYPE_L4_* */
	uint16_t l3;     /**< offset of the IP header */
	uint16_t l3_len; /**< with options, without IPv6 extension headers */
	uint16_t l4;     /**< offset of a TCP, UDP or SCTP header that is all there */
};

/** Packet types that packet_parse() can report, RTE_PTYPE_UNKNOWN last. */
extern const uint32_t parse_ptypes[];
/** Entries of parse_ptypes, the last one included. */
extern const size_t parse_ptypes_count;

/** Look at the beginning of @p m; the window is valid as long as the mbuf is. */
void parse_window_open(struct parse_window *window, const struct rte_mbuf *m);

/** Find the headers. */
struct parsed packet_parse(const struct parse_window *window);

/** Whether the checksum of the IPv4 header that was found is right. */
bool parsed_ip_sum_is_good(const struct parse_window *window, const struct parsed *parsed);

#endif /* VIRTIO_RXTX_PARSE_H */
