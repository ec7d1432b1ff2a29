/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The parser of received packets against packets of which everything is known, whole, in pieces, cut off and spoilt.
 */

#include <stdlib.h>
#include <string.h>

#include "oracle.h"
#include "rxtx/parse.h"
#include "support.h"

#define PACKETS 100000

/* The parser's answer about a packet. */
static struct parsed
parse(const struct rte_mbuf *m, bool *ip_is_good)
{
	struct parse_window window;
	struct parsed parsed;

	parse_window_open(&window, m);
	parsed = packet_parse(&window);
	if (ip_is_good != NULL)
		*ip_is_good = parsed.l3 != 0 && parsed_ip_sum_is_good(&window, &parsed);
	return parsed;
}

static void
random_packets_are_what_they_were_made_to_be(void **state)
{
	struct rte_mempool *const pool = pool_make(400, RTE_PKTMBUF_HEADROOM + 1600);
	static struct oracle_packet packet;
	uint32_t random = 1;
	uint32_t i;

	(void)state;
	for (i = 0; i < PACKETS; i++) {
		struct rte_mbuf *m;
		struct parsed parsed;
		bool ip_is_good;

		oracle_make(&packet, &random, 1500);
		m = oracle_mbuf(&packet, pool, &random, 1, i % 2 == 1);
		parsed = parse(m, &ip_is_good);
		assert_int_equal(parsed.ptype, oracle_ptype(&packet));
		assert_int_equal(parsed.l4, packet.l4_len > 0 ? packet.l2_len + packet.l3_len : 0);
		assert_int_equal(parsed.l3, packet.l4_kind != ORACLE_NO_IP ? packet.l2_len : 0);
		if (parsed.l3 != 0 && !packet.is_ipv6)
			assert_true(ip_is_good);
		rte_pktmbuf_free(m);
	}
	pool_drop(pool);
}

static void
a_changed_ipv4_header_has_a_bad_sum(void **state)
{
	struct rte_mempool *const pool = pool_make(4, RTE_PKTMBUF_HEADROOM + 1600);
	static struct oracle_packet packet;
	uint32_t random = 2;
	uint32_t left = 5000;

	(void)state;
	while (left > 0) {
		struct rte_mbuf *m;
		bool ip_is_good;

		oracle_make(&packet, &random, 1500);
		if (packet.is_ipv6 || packet.l4_kind == ORACLE_NO_IP)
			continue;
		/* Identification, time to live or an address. */
		packet.bytes[packet.l2_len + (left % 2 == 0 ? 4 : 8 + left % 3 * 4)] ^= 1 << left % 8;
		m = oracle_mbuf(&packet, pool, &random, 1, false);
		parse(m, &ip_is_good);
		assert_false(ip_is_good);
		rte_pktmbuf_free(m);
		left--;
	}
	pool_drop(pool);
}

/* The buffer ends where the packet does, so a sanitizer sees each byte too many. */
static void
nothing_behind_a_packet_is_read(void **state)
{
	static struct oracle_packet packet;
	uint32_t random = 3;
	uint32_t i;

	(void)state;
	for (i = 0; i < PACKETS; i++) {
		uint32_t len;
		uint8_t *exact;
		struct rte_mbuf m = {.nb_segs = 1};
		struct parsed parsed;

		oracle_make(&packet, &random, 400);
		len = next_random(&random) % (packet.len + 1);
		exact = malloc(len + 1);
		memcpy(exact + 1, packet.bytes, len);
		/* Half of them spoilt behind the addresses. */
		if (i % 2 == 0 && len > 12)
			exact[1 + 12 + next_random(&random) % (len - 12)] = (uint8_t)next_random(&random);
		m.buf_addr = exact;
		m.data_off = 1;
		m.data_len = (uint16_t)len;
		m.pkt_len = len;
		parsed = parse(&m, NULL);
		assert_true(parsed.l4 == 0 || parsed.l4 + 8u <= len);
		assert_true(parsed.l3 == 0 || (uint32_t)parsed.l3 + parsed.l3_len <= len);
		free(exact);
	}
}

static void
endless_extension_headers_are_given_up(void **state)
{
	uint8_t bytes[2048] = {[12] = 0x86, [13] = 0xdd, [14] = 0x60, [20] = 60};
	struct rte_mbuf m = {.buf_addr = bytes, .data_len = sizeof(bytes), .pkt_len = sizeof(bytes), .nb_segs = 1};
	uint32_t at;

	(void)state;
	for (at = 54; at < sizeof(bytes); at += 8)
		bytes[at] = at < 54 + 8 * 8 ? 60 : 6;
	assert_int_equal(parse(&m, NULL).ptype, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6_EXT);
	bytes[54 + 7 * 8] = 6;
	assert_int_equal(parse(&m, NULL).ptype, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6_EXT | RTE_PTYPE_L4_TCP);
}

static void
a_third_tag_ends_the_walk(void **state)
{
	uint8_t bytes[200] = {[12] = 0x88, [13] = 0xa8, [16] = 0x81, [20] = 0x81, [24] = 0x08, [26] = 0x45};
	struct rte_mbuf m = {.buf_addr = bytes, .data_len = sizeof(bytes), .pkt_len = sizeof(bytes), .nb_segs = 1};

	(void)state;
	assert_int_equal(parse(&m, NULL).ptype, RTE_PTYPE_L2_ETHER_QINQ);
	bytes[20] = 0x08;
	bytes[22] = 0x45;
	assert_int_equal(parse(&m, NULL).ptype, RTE_PTYPE_L2_ETHER_QINQ | RTE_PTYPE_L3_IPV4);
}

static void
every_type_that_is_found_is_in_the_list(void **state)
{
	static struct oracle_packet packet;
	uint32_t random = 4;
	uint32_t i;
	size_t j;

	(void)state;
	assert_int_equal(parse_ptypes[parse_ptypes_count - 1], RTE_PTYPE_UNKNOWN);
	for (i = 0; i < 1000; i++) {
		uint32_t left;

		oracle_make(&packet, &random, 400);
		left = oracle_ptype(&packet);
		for (j = 0; j < parse_ptypes_count; j++) {
			const uint32_t ptype = parse_ptypes[j];

			if (ptype == (left & RTE_PTYPE_L2_MASK) || ptype == (left & RTE_PTYPE_L3_MASK) ||
					ptype == (left & RTE_PTYPE_L4_MASK))
				left &= ~ptype;
		}
		assert_int_equal(left, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_packets_are_what_they_were_made_to_be),
		cmocka_unit_test(a_changed_ipv4_header_has_a_bad_sum),
		cmocka_unit_test(nothing_behind_a_packet_is_read),
		cmocka_unit_test(endless_extension_headers_are_given_up),
		cmocka_unit_test(a_third_tag_ends_the_walk),
		cmocka_unit_test(every_type_that_is_found_is_in_the_list),
	};

	return cmocka_run_group_tests_name("rxtx/parse", tests, NULL, NULL);
}
