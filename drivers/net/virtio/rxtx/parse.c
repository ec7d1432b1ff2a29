/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See parse.h. The walk goes down one layer at a time; whatever is cut off, unknown or wrong ends it, and what was found
 * until then stands.
 */

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "rxtx/parse.h"
#include "virtio/barrier.h"

/* IPv6 extension headers that are followed at most: a packet must not keep us long. */
#define EXTENSIONS_MAX 8
#define TAGS_MAX 2

#define IPV4_LEN_MIN 20
#define IPV4_FRAGMENT 0x3fff /* offset, or more fragments */
#define IPV6_LEN 40
#define IPV6_FRAGMENT 0xfff9
#define TCP_LEN_MIN 20
#define UDP_LEN 8
#define SCTP_LEN 12

const uint32_t parse_ptypes[] = {
	RTE_PTYPE_L2_ETHER,
	RTE_PTYPE_L2_ETHER_VLAN,
	RTE_PTYPE_L2_ETHER_QINQ,
	RTE_PTYPE_L3_IPV4,
	RTE_PTYPE_L3_IPV4_EXT,
	RTE_PTYPE_L3_IPV6,
	RTE_PTYPE_L3_IPV6_EXT,
	RTE_PTYPE_L4_FRAG,
	RTE_PTYPE_L4_SCTP,
	RTE_PTYPE_L4_TCP,
	RTE_PTYPE_L4_UDP,
	RTE_PTYPE_UNKNOWN,
};
const size_t parse_ptypes_count = RTE_DIM(parse_ptypes);

typedef volatile uint16_t window_be16 __attribute__((may_alias, aligned(1)));

void
parse_window_open(struct parse_window *window, const struct rte_mbuf *m)
{
	uint32_t part;

	window->bytes = rte_pktmbuf_mtod(m, const uint8_t *);
	window->len = m->data_len;
	if (likely(m->next == NULL || m->data_len >= PARSE_REACH))
		return;
	for (window->len = 0; m != NULL && window->len < PARSE_REACH; m = m->next) {
		part = RTE_MIN(m->data_len, PARSE_REACH - window->len);
		memcpy(window->copy + window->len, rte_pktmbuf_mtod(m, const void *), part);
		window->len += part;
	}
	window->bytes = window->copy;
}

VIRTIO_INLINE uint8_t
window_byte(const struct parse_window *window, uint32_t at)
{
	return *(const volatile uint8_t *)(window->bytes + at);
}

VIRTIO_INLINE uint16_t
window_word(const struct parse_window *window, uint32_t at)
{
	return rte_be_to_cpu_16(*(const window_be16 *)(window->bytes + at));
}

VIRTIO_INLINE bool
window_has(const struct parse_window *window, uint32_t at, uint32_t len)
{
	return at + len <= window->len;
}

static void
parse_l4(const struct parse_window *window, struct parsed *parsed, uint32_t at, uint8_t proto)
{
	uint32_t ptype = 0;
	uint32_t len = 0;

	if (proto == IPPROTO_TCP) {
		ptype = RTE_PTYPE_L4_TCP;
		len = TCP_LEN_MIN;
	} else if (proto == IPPROTO_UDP) {
		ptype = RTE_PTYPE_L4_UDP;
		len = UDP_LEN;
	} else if (proto == IPPROTO_SCTP) {
		ptype = RTE_PTYPE_L4_SCTP;
		len = SCTP_LEN;
	}
	if (ptype == 0 || !window_has(window, at, len))
		return;
	parsed->ptype |= ptype;
	parsed->l4 = (uint16_t)at;
}

static void
parse_ipv4(const struct parse_window *window, struct parsed *parsed, uint32_t at)
{
	uint8_t version_ihl;
	uint16_t len;

	if (!window_has(window, at, IPV4_LEN_MIN))
		return;
	version_ihl = window_byte(window, at);
	len = (version_ihl & 0xf) * 4;
	if (version_ihl >> 4 != 4 || len < IPV4_LEN_MIN || !window_has(window, at, len))
		return;
	parsed->ptype |= len == IPV4_LEN_MIN ? RTE_PTYPE_L3_IPV4 : RTE_PTYPE_L3_IPV4_EXT;
	parsed->l3 = (uint16_t)at;
	parsed->l3_len = len;
	if ((window_word(window, at + 6) & IPV4_FRAGMENT) != 0)
		parsed->ptype |= RTE_PTYPE_L4_FRAG;
	else
		parse_l4(window, parsed, at + len, window_byte(window, at + 9));
}

static bool
is_extension(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS ||
		proto == IPPROTO_FRAGMENT || proto == IPPROTO_AH;
}

/* Bytes of the extension header at @p at, which has eight at least. */
static uint32_t
extension_len(const struct parse_window *window, uint32_t at, uint8_t proto)
{
	const uint32_t units = window_byte(window, at + 1);

	if (proto == IPPROTO_FRAGMENT)
		return 8;
	return proto == IPPROTO_AH ? (units + 2) * 4 : (units + 1) * 8;
}

static void
parse_ipv6(const struct parse_window *window, struct parsed *parsed, uint32_t at)
{
	uint8_t next;
	uint8_t proto;
	uint32_t i;

	if (!window_has(window, at, IPV6_LEN) || window_byte(window, at) >> 4 != 6)
		return;
	proto = window_byte(window, at + 6);
	parsed->ptype |= is_extension(proto) ? RTE_PTYPE_L3_IPV6_EXT : RTE_PTYPE_L3_IPV6;
	parsed->l3 = (uint16_t)at;
	parsed->l3_len = IPV6_LEN;
	at += IPV6_LEN;
	for (i = 0; is_extension(proto); i++) {
		if (i == EXTENSIONS_MAX || !window_has(window, at, 8))
			return;
		if (proto == IPPROTO_FRAGMENT && (window_word(window, at + 2) & IPV6_FRAGMENT) != 0) {
			parsed->ptype |= RTE_PTYPE_L4_FRAG;
			return;
		}
		next = window_byte(window, at);
		at += extension_len(window, at, proto);
		proto = next;
	}
	parse_l4(window, parsed, at, proto);
}

struct parsed
packet_parse(const struct parse_window *window)
{
	struct parsed parsed = {.ptype = 0};
	uint32_t at = RTE_ETHER_HDR_LEN;
	uint16_t type;
	uint32_t tags;

	if (!window_has(window, 0, at))
		return parsed;
	type = window_word(window, at - 2);
	parsed.ptype = RTE_PTYPE_L2_ETHER;
	for (tags = 0; unlikely(type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ); tags++) {
		if (tags == 0)
			parsed.ptype = type == RTE_ETHER_TYPE_QINQ ? RTE_PTYPE_L2_ETHER_QINQ : RTE_PTYPE_L2_ETHER_VLAN;
		if (tags == TAGS_MAX || !window_has(window, at, RTE_VLAN_HLEN))
			return parsed;
		at += RTE_VLAN_HLEN;
		type = window_word(window, at - 2);
	}
	if (likely(type == RTE_ETHER_TYPE_IPV4))
		parse_ipv4(window, &parsed, at);
	else if (type == RTE_ETHER_TYPE_IPV6)
		parse_ipv6(window, &parsed, at);
	return parsed;
}

bool
parsed_ip_sum_is_good(const struct parse_window *window, const struct parsed *parsed)
{
	uint32_t sum = 0;
	uint32_t i;

	for (i = 0; i < parsed->l3_len; i += 2)
		sum += window_word(window, parsed->l3 + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}
