/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See oracle.h.
 */

#include <string.h>

#include "oracle.h"
#include "support.h"

uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

uint16_t
oracle_get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

void
oracle_put16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

uint32_t
oracle_sum(const uint8_t *bytes, uint32_t len, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < len; i++) {
		sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
		while (sum > 0xffff)
			sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static uint32_t
l4_at(const struct oracle_packet *packet)
{
	return packet->l2_len + packet->l3_len;
}

/* L4 bytes, as IP counts them. */
static uint32_t
l4_bytes(const struct oracle_packet *packet)
{
	const uint8_t *const ip = packet->bytes + packet->l2_len;

	if (packet->is_ipv6)
		return oracle_get16(ip + 4) + 40 - packet->l3_len;
	return oracle_get16(ip + 2) - packet->l3_len;
}

uint16_t
oracle_pseudo_sum(const struct oracle_packet *packet)
{
	const uint8_t *const ip = packet->bytes + packet->l2_len;
	uint8_t tail[4] = {0, packet->l4_kind == ORACLE_TCP ? 6 : 17};
	uint32_t sum = packet->is_ipv6 ? oracle_sum(ip + 8, 32, 0) : oracle_sum(ip + 12, 8, 0);

	oracle_put16(tail + 2, l4_bytes(packet));
	return (uint16_t)oracle_sum(tail, sizeof(tail), sum);
}

bool
oracle_l4_is_good(const struct oracle_packet *packet, const uint8_t *bytes)
{
	return oracle_sum(bytes + l4_at(packet), l4_bytes(packet), oracle_pseudo_sum(packet)) == 0xffff;
}

void
oracle_finish(uint8_t *bytes, uint32_t len, uint32_t start, uint32_t offset)
{
	uint32_t sum = oracle_sum(bytes + start, len - start, 0) ^ 0xffff;

	oracle_put16(bytes + start + offset, sum == 0 ? 0xffff : sum);
}

void
oracle_make_partial(struct oracle_packet *packet)
{
	oracle_put16(packet->bytes + packet->csum_at, oracle_pseudo_sum(packet));
}

/* Tags; the type that follows them is put behind. @return where that is. */
static uint32_t
make_l2(struct oracle_packet *packet, uint32_t *random)
{
	uint32_t at = 12;
	unsigned int i;

	packet->tags = next_random(random) % 4 == 0 ? 1 + next_random(random) % 2 : 0;
	for (i = 0; i < packet->tags; i++, at += 4)
		oracle_put16(packet->bytes + at, packet->tags == 2 && i == 0 ? 0x88a8 : 0x8100);
	packet->l2_len = at + 2;
	return at;
}

static void
make_ipv4(struct oracle_packet *packet, uint32_t *random, uint32_t bytes, uint8_t proto)
{
	uint8_t *const ip = packet->bytes + packet->l2_len;
	const uint32_t words = packet->has_options ? 6 + next_random(random) % 10 : 5;

	packet->l3_len = words * 4;
	ip[0] = (uint8_t)(0x40 | words);
	oracle_put16(ip + 2, packet->l3_len + bytes);
	oracle_put16(ip + 6, packet->l4_kind == ORACLE_FRAGMENT ? 0x2000 : 0x4000);
	ip[9] = proto;
	oracle_put16(ip + 10, 0);
	oracle_put16(ip + 10, oracle_sum(ip, packet->l3_len, 0) ^ 0xffff);
}

static void
make_ipv6(struct oracle_packet *packet, uint32_t *random, uint32_t bytes, uint8_t proto)
{
	static const uint8_t kinds[] = {0, 43, 60};
	uint8_t *const ip = packet->bytes + packet->l2_len;
	uint8_t *next = ip + 6;
	uint32_t at = 40;
	uint32_t n = packet->has_options ? 1 + next_random(random) % 3 : 0;

	ip[0] = 0x60;
	for (; n > 0; n--) {
		*next = kinds[next_random(random) % 3];
		next = ip + at;
		ip[at + 1] = next_random(random) % 3;
		at += 8 + 8 * ip[at + 1];
	}
	if (packet->l4_kind == ORACLE_FRAGMENT) {
		*next = 44;
		next = ip + at;
		oracle_put16(ip + at + 2, 1);
		at += 8;
	}
	*next = proto;
	packet->l3_len = at;
	oracle_put16(ip + 4, at - 40 + bytes);
}

static void
make_l4(struct oracle_packet *packet, uint32_t *random, uint32_t bytes)
{
	uint8_t *const l4 = packet->bytes + l4_at(packet);
	uint32_t sum;

	if (packet->l4_len == 0)
		return;
	packet->csum_at = l4_at(packet) + (packet->l4_kind == ORACLE_TCP ? 16 : 6);
	if (packet->l4_kind == ORACLE_TCP) {
		l4[12] = (uint8_t)(packet->l4_len / 4 << 4);
		packet->has_cwr = next_random(random) % 3 == 0;
		l4[13] = packet->has_cwr ? 0x90 : 0x10;
	} else {
		oracle_put16(l4 + 4, bytes);
	}
	oracle_put16(packet->bytes + packet->csum_at, 0);
	sum = oracle_sum(l4, bytes, oracle_pseudo_sum(packet)) ^ 0xffff;
	oracle_put16(packet->bytes + packet->csum_at, sum == 0 ? 0xffff : sum);
}

void
oracle_make(struct oracle_packet *packet, uint32_t *random, uint32_t len_max)
{
	const uint32_t kind = next_random(random) % 16;
	uint32_t bytes;
	uint32_t at;
	uint8_t proto;
	uint32_t i;

	memset(packet, 0, offsetof(struct oracle_packet, len));
	memset(&packet->len, 0, sizeof(*packet) - offsetof(struct oracle_packet, len));
	for (i = 0; i < len_max; i++)
		packet->bytes[i] = (uint8_t)next_random(random);
	packet->l4_kind = kind < 8 ? ORACLE_TCP : kind < 13 ? ORACLE_UDP : (enum oracle_l4)(kind - 11);
	packet->is_ipv6 = next_random(random) % 2 == 0;
	packet->has_options = next_random(random) % 4 == 0;
	at = make_l2(packet, random);
	packet->len = 60 + next_random(random) % (len_max - 60 + 1);
	if (packet->l4_kind == ORACLE_NO_IP) {
		oracle_put16(packet->bytes + at, 0x88b5);
		return;
	}
	oracle_put16(packet->bytes + at, packet->is_ipv6 ? 0x86dd : 0x0800);
	proto = packet->l4_kind == ORACLE_TCP || packet->l4_kind == ORACLE_FRAGMENT ? 6 :
		packet->l4_kind == ORACLE_UDP ? 17 : packet->is_ipv6 ? 58 : 1;
	if (packet->l4_kind <= ORACLE_UDP)
		packet->l4_len = packet->l4_kind == ORACLE_UDP ? 8 : 20 + next_random(random) % 11 * 4;
	/* Headers take what they take; the rest is payload, down to nothing. */
	bytes = packet->l4_len + next_random(random) % (len_max - 200 + 1);
	if (packet->is_ipv6)
		make_ipv6(packet, random, bytes, proto);
	else
		make_ipv4(packet, random, bytes, proto);
	packet->len = l4_at(packet) + bytes;
	make_l4(packet, random, bytes);
	if (packet->len >= 60)
		return;
	/* Zeros, as on a wire: a partial checksum covers them too. */
	packet->is_padded = true;
	memset(packet->bytes + packet->len, 0, 60 - packet->len);
	packet->len = 60;
}

uint32_t
oracle_ptype(const struct oracle_packet *packet)
{
	static const uint32_t l2[] = {RTE_PTYPE_L2_ETHER, RTE_PTYPE_L2_ETHER_VLAN, RTE_PTYPE_L2_ETHER_QINQ};
	static const uint32_t l4[] = {RTE_PTYPE_L4_TCP, RTE_PTYPE_L4_UDP, 0, RTE_PTYPE_L4_FRAG};
	const bool is_extended = packet->has_options || (packet->is_ipv6 && packet->l4_kind == ORACLE_FRAGMENT);

	if (packet->l4_kind == ORACLE_NO_IP)
		return l2[packet->tags];
	return l2[packet->tags] | l4[packet->l4_kind] |
		(packet->is_ipv6 ? is_extended ? RTE_PTYPE_L3_IPV6_EXT : RTE_PTYPE_L3_IPV6
			: is_extended ? RTE_PTYPE_L3_IPV4_EXT : RTE_PTYPE_L3_IPV4);
}

struct rte_mbuf *
oracle_mbuf(const struct oracle_packet *packet, struct rte_mempool *pool, uint32_t *random, uint32_t first_min,
	bool split)
{
	struct rte_mbuf *head = NULL;
	struct rte_mbuf *tail = NULL;
	uint32_t done;
	uint32_t part;

	for (done = 0; done < packet->len; done += part) {
		struct rte_mbuf *m;

		assert_int_equal(rte_mempool_get(pool, (void **)&m), 0);
		rte_pktmbuf_reset(m);
		part = RTE_MIN(packet->len - done, (uint32_t)rte_pktmbuf_tailroom(m));
		if (split)
			part = RTE_MIN(part, 1 + next_random(random) % 400);
		if (head == NULL)
			part = RTE_MIN(packet->len, RTE_MAX(part, first_min));
		memcpy(rte_pktmbuf_mtod(m, void *), packet->bytes + done, part);
		m->data_len = (uint16_t)part;
		if (head == NULL) {
			head = m;
		} else {
			tail->next = m;
			head->nb_segs++;
		}
		tail = m;
	}
	head->pkt_len = packet->len;
	return head;
}

uint32_t
oracle_gather(const struct rte_mbuf *m, uint8_t *bytes)
{
	const struct rte_mbuf *segment;
	uint32_t len = 0;

	for (segment = m; segment != NULL; segment = segment->next) {
		memcpy(bytes + len, rte_pktmbuf_mtod(segment, const void *), segment->data_len);
		len += segment->data_len;
	}
	assert_int_equal(len, m->pkt_len);
	return len;
}
