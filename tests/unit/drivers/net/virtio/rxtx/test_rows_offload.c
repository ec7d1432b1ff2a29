/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Every row with offloads over a device that knows what it wants to see: headers and frames on the ring, mbufs above it,
 * packets that lie in one buffer or many, shared ones, tags and checksums that are put in on the way.
 * Covers VIRTIO 1.3 5.1.6.2 (packet transmission), 5.1.6.4 (processing of incoming packets).
 */

#include <string.h>

#include <rte_ethdev.h>

#include "oracle.h"
#include "rxtx/tx_prepare.h"
#include "support.h"

#define PACKETS 10000

#define BIT VIRTIO_BIT
#define TSO (BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) | BIT(VIRTIO_NET_F_HOST_ECN) | \
	BIT(VIRTIO_NET_F_HOST_USO))
#define LRO (BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6))
#define L4_CKSUMS (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)

#define FOR_EACH_RX_ROW(row, nr) \
	for (row = rx_paths(&(nr)); row < rx_paths(&(nr)) + (nr); row++) \
		if (row->traits.offload)
#define FOR_EACH_TX_ROW(row, nr) \
	for (row = tx_paths(&(nr)); row < tx_paths(&(nr)) + (nr); row++) \
		if (row->traits.offload)

/* --- tx --- */

/* What one packet is to become on the wire. */
struct wish {
	struct oracle_packet packet; /**< as the application hands it over */
	uint8_t wire[ORACLE_MAX];    /**< as it is to arrive, checksums right */
	uint32_t wire_len;
	bool has_tag;
	bool is_shared;
	bool is_seg;
};

static void
wish_tag(struct wish *wish, struct rte_mbuf *m, uint32_t *random)
{
	wish->has_tag = next_random(random) % 3 == 0;
	memcpy(wish->wire, wish->packet.bytes, wish->packet.len);
	wish->wire_len = wish->packet.len;
	if (!wish->has_tag)
		return;
	m->ol_flags |= RTE_MBUF_F_TX_VLAN;
	m->vlan_tci = (uint16_t)next_random(random);
	memmove(wish->wire + 16, wish->wire + 12, wish->packet.len - 12);
	oracle_put16(wish->wire + 12, 0x8100);
	oracle_put16(wish->wire + 14, m->vlan_tci);
	wish->wire_len += 4;
}

static void
wish_l4(struct wish *wish, struct rte_mbuf *m, uint32_t *random)
{
	const struct oracle_packet *const packet = &wish->packet;

	m->l2_len = packet->l2_len;
	m->l3_len = packet->l3_len;
	m->l4_len = packet->l4_len;
	if (packet->l4_len == 0)
		return;
	m->ol_flags |= packet->is_ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	if (next_random(random) % 4 == 0)
		return;
	m->ol_flags |= packet->l4_kind == ORACLE_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	wish->is_seg = next_random(random) % 2 == 0 && !packet->is_padded &&
		packet->len > packet->l2_len + packet->l3_len + packet->l4_len;
	if (!wish->is_seg)
		return;
	m->ol_flags |= packet->l4_kind == ORACLE_TCP ? RTE_MBUF_F_TX_TCP_SEG : RTE_MBUF_F_TX_UDP_SEG;
	m->tso_segsz = 100;
}

static struct rte_mbuf *
wish_make(struct wish *wish, struct rte_mempool *pool, uint32_t *random)
{
	struct rte_mbuf *m;

	memset(&wish->wire_len, 0, sizeof(*wish) - offsetof(struct wish, wire_len));
	oracle_make(&wish->packet, random, next_random(random) % 16 == 0 ? 4000 : 600);
	m = oracle_mbuf(&wish->packet, pool, random, 200, next_random(random) % 2 == 0);
	wish_tag(wish, m, random);
	wish_l4(wish, m, random);
	/* What is to be filled in holds anything before. */
	if (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM)
		oracle_put16(rte_pktmbuf_mtod_offset(m, uint8_t *, wish->packet.l2_len + 10), next_random(random));
	if (m->ol_flags & RTE_MBUF_F_TX_L4_MASK)
		oracle_put16(rte_pktmbuf_mtod_offset(m, uint8_t *, wish->packet.csum_at), next_random(random));
	wish->is_shared = next_random(random) % 5 == 0;
	if (wish->is_shared)
		rte_pktmbuf_refcnt_update(m, 1);
	return m;
}

/* Read a chain as a device does. @return bytes behind the header. */
static uint32_t
chain_read(const struct device *device, const struct chain *chain, struct virtio_net_hdr_v1 *hdr, uint8_t *frame)
{
	static uint8_t all[ORACLE_MAX + 64];
	uint32_t len = 0;
	uint32_t i;

	for (i = 0; i < chain->links; i++) {
		assert_int_equal(chain->link[i].flags & ~VRING_DESC_F_NEXT, 0);
		memcpy(all + len, (const void *)(uintptr_t)chain->link[i].addr, chain->link[i].len);
		len += chain->link[i].len;
	}
	memcpy(hdr, all, device->hdr_len);
	memcpy(frame, all + device->hdr_len, len - device->hdr_len);
	return len - device->hdr_len;
}

static void
wish_check(const struct wish *wish, const struct device *device, const struct chain *chain)
{
	static uint8_t frame[ORACLE_MAX];
	struct virtio_net_hdr_v1 hdr;
	const uint32_t len = chain_read(device, chain, &hdr, frame);

	assert_int_equal(len, wish->wire_len);
	assert_int_equal(hdr.num_buffers, 0);
	assert_int_equal(hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE, wish->is_seg);
	assert_int_equal(hdr.gso_size, wish->is_seg ? 100 : 0);
	if (hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		oracle_finish(frame, len, hdr.csum_start, hdr.csum_offset);
	assert_memory_equal(frame, wish->wire, len);
}

static void
carry(struct tx_rig *rig, uint32_t *random)
{
	static struct wish wish;
	struct chain chain;
	struct rte_mbuf *m;
	uint32_t i;

	for (i = 0; i < PACKETS; i++) {
		const struct rte_mbuf *kept;
		uint16_t data_off;

		m = wish_make(&wish, rig->pool, random);
		kept = m;
		data_off = m->data_off;
		assert_int_equal(tx_prepare(rig->txq, &m, 1), 1);
		assert_int_equal(tx_rig_burst(rig, &m, 1), 1);
		device_pop(&rig->device, &chain);
		wish_check(&wish, &rig->device, &chain);
		device_push(&rig->device, chain.head, 0);
		device_publish(&rig->device);
		txq_done_cleanup(rig->txq, 0);
		if (!wish.is_shared)
			continue;
		/* Whoever holds it too still has the frame that it had. */
		assert_int_equal(kept->data_off, data_off);
		assert_int_equal(kept->pkt_len, wish.packet.len);
		assert_memory_equal(rte_pktmbuf_mtod(kept, const uint8_t *), wish.packet.bytes, 14);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(txq_stats(rig->txq)->packets, PACKETS);
	assert_int_equal(txq_stats(rig->txq)->bad_offload, 0);
}

static void
sent_packets_arrive_with_all_that_was_asked_for(void **state)
{
	const struct tx_path *row;
	uint32_t random = 1;
	unsigned int nr;
	unsigned int i;

	(void)state;
	FOR_EACH_TX_ROW(row, nr) {
		for (i = 0; i < 2; i++) {
			struct tx_rig rig;

			tx_rig_open(&rig, row, 128, TSO | (i == 0 ? 0 : BIT(VIRTIO_RING_F_INDIRECT_DESC)), false);
			carry(&rig, &random);
			tx_rig_close(&rig);
		}
	}
}

static void
fill(struct tx_rig *rig)
{
	struct rte_mbuf *filler;

	do {
		filler = packet_make(rig->pool, 0, 60, 60);
	} while (tx_rig_burst(rig, &filler, 1) == 1);
	rte_pktmbuf_free(filler);
}

/* The tag is put in by the burst, once: a packet that finds no room keeps it, or the wish for it. */
static void
a_packet_that_found_no_room_goes_out_right_the_next_time(void **state)
{
	const struct tx_path *row;
	uint32_t random = 2;
	unsigned int nr;
	unsigned int i;

	(void)state;
	FOR_EACH_TX_ROW(row, nr) {
		for (i = 0; i < 200; i++) {
			static struct wish first, second;
			struct rte_mbuf *pkts[2];
			struct chain chain;
			struct tx_rig rig;

			tx_rig_open(&rig, row, 64, TSO, false);
			pkts[0] = wish_make(&first, rig.pool, &random);
			pkts[1] = wish_make(&second, rig.pool, &random);
			assert_int_equal(tx_prepare(rig.txq, pkts, 2), 2);
			assert_int_equal(tx_rig_burst(&rig, pkts, 1), 1);
			fill(&rig);
			assert_int_equal(tx_rig_burst(&rig, pkts + 1, 1), 0);
			while (device_waiting(&rig.device) > 0) {
				device_pop(&rig.device, &chain);
				device_push(&rig.device, chain.head, 0);
			}
			device_publish(&rig.device);
			assert_int_equal(tx_rig_burst(&rig, pkts + 1, 1), 1);
			device_pop(&rig.device, &chain);
			wish_check(&second, &rig.device, &chain);
			device_push(&rig.device, chain.head, 0);
			device_publish(&rig.device);
			txq_done_cleanup(rig.txq, 0);
			if (first.is_shared)
				rte_pktmbuf_free(pkts[0]);
			if (second.is_shared)
				rte_pktmbuf_free(pkts[1]);
			tx_rig_close(&rig);
		}
	}
}

static void
requests_that_cannot_be_met_are_freed_and_counted(void **state)
{
	static const uint64_t wishes[] = {
		RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4,
		RTE_MBUF_F_TX_QINQ,
		RTE_MBUF_F_TX_SCTP_CKSUM | RTE_MBUF_F_TX_IPV4,
		RTE_MBUF_F_TX_OUTER_IP_CKSUM,
		RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV6,
		RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4, /* of a header that is not there */
		RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4,
	};
	const struct tx_path *row;
	unsigned int nr;
	unsigned int i;

	(void)state;
	FOR_EACH_TX_ROW(row, nr) {
		struct chain chain;
		struct rte_mbuf *m;
		struct tx_rig rig;

		tx_rig_open(&rig, row, 64, 0, false);
		for (i = 0; i < RTE_DIM(wishes); i++) {
			m = packet_make(rig.pool, i, 40, 40);
			m->ol_flags = wishes[i];
			m->l2_len = 14;
			m->l3_len = 40;
			m->tso_segsz = 10;
			assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
			assert_int_equal(device_waiting(&rig.device), 0);
		}
		assert_int_equal(txq_stats(rig.txq)->bad_offload, RTE_DIM(wishes));
		assert_int_equal(txq_stats(rig.txq)->packets, 0);
		/* Life goes on. */
		m = packet_make(rig.pool, 3, 60, 60);
		assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
		device_pop(&rig.device, &chain);
		device_check(&rig.device, &chain, 3, 60);
		tx_rig_close(&rig);
	}
}

/* After its peer vanished a tagged packet is placed again: with one tag. */
static void
packets_that_are_placed_again_look_as_they_did(void **state)
{
	const struct tx_path *row;
	uint32_t random = 4;
	unsigned int nr;
	unsigned int i;

	(void)state;
	FOR_EACH_TX_ROW(row, nr) {
		for (i = 0; i < 200; i++) {
			static struct wish wish;
			struct chain chain;
			struct rte_mbuf *m;
			struct tx_rig rig;
			uint32_t base;

			tx_rig_open(&rig, row, 64, TSO, false);
			m = wish_make(&wish, rig.pool, &random);
			assert_int_equal(tx_prepare(rig.txq, &m, 1), 1);
			assert_int_equal(tx_rig_burst(&rig, &m, 1), 1);
			txq_close(rig.txq);
			assert_int_equal(txq_resync(rig.txq, &base), 0);
			device_start(&rig.device, txq_area(rig.txq), base, rig.config.features);
			txq_open(rig.txq);
			assert_int_equal(device_waiting(&rig.device) > 0, 1);
			device_pop(&rig.device, &chain);
			wish_check(&wish, &rig.device, &chain);
			device_push(&rig.device, chain.head, 0);
			device_publish(&rig.device);
			txq_done_cleanup(rig.txq, 0);
			if (wish.is_shared)
				rte_pktmbuf_free(m);
			tx_rig_close(&rig);
		}
	}
}

/* --- rx --- */

static void
send_bytes(struct device *device, const uint8_t *bytes, uint32_t len)
{
	struct chain chain;

	device_pop(device, &chain);
	assert_int_equal(chain.links, 1);
	assert_in_range(len, 1, chain.link[0].len);
	memcpy((void *)(uintptr_t)chain.link[0].addr, bytes, len);
	device_push(device, chain.head, len);
	device_publish(device);
}

/* Send a packet behind @p hdr over as many buffers as it takes. */
static void
send_packet(struct rx_rig *rig, const struct oracle_packet *packet, const struct virtio_net_hdr_v1 *hdr)
{
	static uint8_t all[ORACLE_MAX + 64];
	const uint32_t total = rig->device.hdr_len + packet->len;
	const uint32_t buffers = (total + RIG_POSTED - 1) / RIG_POSTED;
	struct virtio_net_hdr_v1 with_count = *hdr;
	uint32_t at;

	with_count.num_buffers = (uint16_t)buffers;
	memcpy(all, &with_count, rig->device.hdr_len);
	memcpy(all + rig->device.hdr_len, packet->bytes, packet->len);
	for (at = 0; at < total; at += RIG_POSTED)
		send_bytes(&rig->device, all + at, RTE_MIN((uint32_t)RIG_POSTED, total - at));
}

static void
received_packets_carry_what_their_headers_say(void **state)
{
	const struct rx_path *row;
	uint32_t random = 5;
	unsigned int nr;
	unsigned int i;

	(void)state;
	FOR_EACH_RX_ROW(row, nr) {
		static uint8_t got[ORACLE_MAX];
		static struct oracle_packet packet;
		uint64_t bytes = 0;
		struct rx_rig rig;

		rx_rig_open_offload(&rig, row, 64, LRO, L4_CKSUMS | RTE_ETH_RX_OFFLOAD_VLAN_STRIP);
		for (i = 0; i < PACKETS; i++) {
			struct virtio_net_hdr_v1 hdr = {.flags = i % 3 == 0 ? VIRTIO_NET_HDR_F_DATA_VALID : 0};
			uint64_t flags = 0;
			struct rte_mbuf *m;
			uint32_t gap;

			oracle_make(&packet, &random, row->traits.mergeable && i % 7 == 0 ? 4500 : 1400);
			if (packet.l4_len > 0 && i % 3 == 0)
				flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
			if (packet.l4_len > 0 && i % 3 == 1) {
				hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
				hdr.csum_start = (uint16_t)(packet.l2_len + packet.l3_len);
				hdr.csum_offset = (uint16_t)(packet.csum_at - hdr.csum_start);
				flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
			}
			gap = packet.tags == 1 ? 4 : 0;
			if (gap > 0)
				flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
			send_packet(&rig, &packet, &hdr);
			assert_int_equal(rx_rig_burst(&rig, &m, 1), 1);
			assert_int_equal(m->ol_flags, flags);
			if (gap == 0)
				assert_int_equal(m->packet_type, oracle_ptype(&packet));
			assert_int_equal(oracle_gather(m, got) + gap, packet.len);
			assert_memory_equal(got, packet.bytes, 12);
			assert_memory_equal(got + 12, packet.bytes + 12 + gap, packet.len - 12 - gap);
			rte_pktmbuf_free(m);
			bytes += packet.len;
		}
		assert_int_equal(rxq_stats(rig.rxq)->packets, PACKETS);
		assert_int_equal(rxq_stats(rig.rxq)->bytes, bytes);
		rx_rig_close(&rig);
	}
}

static void
bad_headers_cost_their_packet_and_are_counted_by_cause(void **state)
{
	const struct rx_path *row;
	unsigned int nr;
	unsigned int i;

	(void)state;
	FOR_EACH_RX_ROW(row, nr) {
		static struct oracle_packet packet = {.len = 100};
		const struct virtio_net_hdr_v1 bad_csum = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 90,
			.csum_offset = 9};
		const struct virtio_net_hdr_v1 bad_gso = {.gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 10};
		const struct virtio_net_hdr_v1 good = {.flags = 0};
		struct rte_mbuf *pkts[32];
		struct rx_rig rig;

		rx_rig_open_offload(&rig, row, 64, LRO, L4_CKSUMS);
		for (i = 0; i < 16; i++)
			send_packet(&rig, &packet, i % 4 == 1 ? &bad_csum : i % 4 == 3 ? &bad_gso : &good);
		assert_int_equal(rx_rig_burst(&rig, pkts, 32), 8);
		assert_int_equal(rxq_stats(rig.rxq)->bad_csum, 4);
		assert_int_equal(rxq_stats(rig.rxq)->bad_gso, 4);
		assert_int_equal(rxq_stats(rig.rxq)->packets, 8);
		assert_int_equal(rxq_stats(rig.rxq)->bytes, 800);
		rte_pktmbuf_free_bulk(pkts, 8);
		rx_rig_close(&rig);
	}
}

static void
coalesced_packets_of_many_buffers_say_of_what_they_were_made(void **state)
{
	const struct rx_path *row;
	uint32_t random = 7;
	unsigned int nr;

	(void)state;
	FOR_EACH_RX_ROW(row, nr) {
		static struct oracle_packet packet;
		struct virtio_net_hdr_v1 hdr = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_size = 1000,
			.csum_offset = 16};
		struct rte_mbuf *m;
		struct rx_rig rig;

		if (!row->traits.mergeable)
			continue;
		rx_rig_open_offload(&rig, row, 64, LRO, RTE_ETH_RX_OFFLOAD_TCP_LRO | L4_CKSUMS);
		do {
			oracle_make(&packet, &random, 8000);
		} while (packet.l4_kind != ORACLE_TCP || packet.len < 4000);
		hdr.gso_type = packet.is_ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
		hdr.csum_start = (uint16_t)(packet.l2_len + packet.l3_len);
		send_packet(&rig, &packet, &hdr);
		assert_int_equal(rx_rig_burst(&rig, &m, 1), 1);
		assert_int_equal(m->ol_flags, RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_NONE);
		assert_int_equal(m->tso_segsz, 1000);
		assert_true(m->nb_segs > 2);
		rte_pktmbuf_free(m);
		rx_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sent_packets_arrive_with_all_that_was_asked_for),
		cmocka_unit_test(a_packet_that_found_no_room_goes_out_right_the_next_time),
		cmocka_unit_test(requests_that_cannot_be_met_are_freed_and_counted),
		cmocka_unit_test(packets_that_are_placed_again_look_as_they_did),
		cmocka_unit_test(received_packets_carry_what_their_headers_say),
		cmocka_unit_test(bad_headers_cost_their_packet_and_are_counted_by_cause),
		cmocka_unit_test(coalesced_packets_of_many_buffers_say_of_what_they_were_made),
	};

	return cmocka_run_group_tests_name("rxtx/rows_offload", tests, NULL, NULL);
}
