/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Offloads against the distribution's net_vhost, both ports in this process: packets whose checksums, segmentation and
 * tags are left to the ports, looked at on the far end by computing everything anew. Each shape of the ring, with
 * offloads and without.
 *
 * Covers VIRTIO 1.3 5.1.6.2 (packet transmission), 5.1.6.4 (processing of incoming packets).
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "oracle.h"
#include "rxtx/path.h"

#define PACKETS 3000
#define SECONDS 10
/* Room for the largest packet in one piece, as net_vhost gives it to nobody in several. */
#define ROOM (RTE_PKTMBUF_HEADROOM + 4096)

#define RX_CKSUMS (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)
#define TX_CKSUMS (RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)

/* The oracle's dice. */
uint32_t next_random(uint32_t *state);

struct variant {
	const char *name;
	const char *devargs;
	bool merges;
};

static const struct variant variants[] = {
	{"split", "packed_vq=0,mrg_rxbuf=0,in_order=0", false},
	{"split, in-order", "packed_vq=0,mrg_rxbuf=0,in_order=1", false},
	{"split, mergeable", "packed_vq=0,mrg_rxbuf=1,in_order=0", true},
	{"split, mergeable, in-order", "packed_vq=0,mrg_rxbuf=1,in_order=1", true},
	{"packed", "packed_vq=1,mrg_rxbuf=0,in_order=0", false},
	{"packed, in-order", "packed_vq=1,mrg_rxbuf=0,in_order=1", false},
	{"packed, mergeable", "packed_vq=1,mrg_rxbuf=1,in_order=0", true},
	{"packed, mergeable, in-order", "packed_vq=1,mrg_rxbuf=1,in_order=1", true},
};

/** Two ports and what lies between them. */
struct pair {
	const struct variant *variant;
	bool has_offloads;
	char socket[64];
	char back_name[32], front_name[32];
	uint16_t back, front;
};

static struct rte_mempool *pool;
static uint32_t seed = 1;

/* --- ports --- */

static uint16_t
port_plug(const char *name, const char *args)
{
	uint16_t id;

	assert_int_equal(rte_eal_hotplug_add("vdev", name, args), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(name, &id), 0);
	return id;
}

static void
port_start(uint16_t id, uint64_t rx, uint64_t tx)
{
	const struct rte_eth_conf conf = {.rxmode.offloads = rx, .txmode.offloads = tx};

	assert_int_equal(rte_eth_dev_configure(id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(id, 0, 256, 0, NULL, pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(id, 0, 256, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(id), 0);
}

static void
link_wait(uint16_t id)
{
	const uint64_t deadline = rte_get_timer_cycles() + SECONDS * rte_get_timer_hz();
	struct rte_eth_link link = {0};

	while (link.link_status != RTE_ETH_LINK_UP) {
		assert_true(rte_get_timer_cycles() < deadline);
		assert_int_equal(rte_eth_link_get_nowait(id, &link), 0);
		rte_delay_us_sleep(1000);
	}
}

/* @return the packet that @p m became at @p to. */
static struct rte_mbuf *
pass(uint16_t from, uint16_t to, struct rte_mbuf *m)
{
	const uint64_t deadline = rte_get_timer_cycles() + SECONDS * rte_get_timer_hz();
	struct rte_mbuf *arrived;

	assert_int_equal(rte_eth_tx_prepare(from, 0, &m, 1), 1);
	while (rte_eth_tx_burst(from, 0, &m, 1) == 0)
		assert_true(rte_get_timer_cycles() < deadline);
	while (rte_eth_rx_burst(to, 0, &arrived, 1) == 0)
		assert_true(rte_get_timer_cycles() < deadline);
	return arrived;
}

/* A link that is up says nothing of the queues: net_vhost lets packets pass a moment later. */
static void
queue_wait(uint16_t from, uint16_t to)
{
	const uint64_t deadline = rte_get_timer_cycles() + SECONDS * rte_get_timer_hz();
	struct rte_mbuf *got[4];
	uint16_t n = 0;

	while (n == 0) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		assert_true(rte_get_timer_cycles() < deadline);
		memset(rte_pktmbuf_append(m, 60), 0, 60);
		if (rte_eth_tx_burst(from, 0, &m, 1) == 0)
			rte_pktmbuf_free(m);
		rte_delay_us_sleep(1000);
		n = rte_eth_rx_burst(to, 0, got, 4);
	}
	while (n > 0) {
		rte_pktmbuf_free_bulk(got, n);
		rte_delay_us_sleep(1000);
		n = rte_eth_rx_burst(to, 0, got, 4);
	}
}

static int
pair_open(void **state)
{
	struct pair *pair = *state;
	const uint64_t lro = pair->variant->merges ? RTE_ETH_RX_OFFLOAD_TCP_LRO : 0;
	char args[160];

	snprintf(args, sizeof(args), "iface=%s,tso=1", pair->socket);
	pair->back = port_plug(pair->back_name, args);
	port_start(pair->back, RX_CKSUMS, TX_CKSUMS | RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
	snprintf(args, sizeof(args), "path=%s,%s", pair->socket, pair->variant->devargs);
	pair->front = port_plug(pair->front_name, args);
	if (pair->has_offloads)
		port_start(pair->front, RX_CKSUMS | lro | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_VLAN_STRIP,
			TX_CKSUMS | RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS |
			RTE_ETH_TX_OFFLOAD_VLAN_INSERT | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM);
	else
		port_start(pair->front, 0, RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
	link_wait(pair->front);
	link_wait(pair->back);
	queue_wait(pair->front, pair->back);
	queue_wait(pair->back, pair->front);
	return 0;
}

static int
pair_close(void **state)
{
	struct pair *pair = *state;

	rte_eth_dev_stop(pair->front);
	rte_eth_dev_close(pair->front);
	rte_eth_dev_stop(pair->back);
	rte_eth_dev_close(pair->back);
	unlink(pair->socket);
	return 0;
}

/* --- packets --- */

/* One whose checksums are right; never with a tag, which net_vhost strips or keeps by its own rules. */
static void
packet_make(struct oracle_packet *packet, uint32_t len_max)
{
	do {
		oracle_make(packet, &seed, len_max);
	} while (packet->l4_len == 0 || packet->tags != 0);
}

static struct rte_mbuf *
mbuf_make(const struct oracle_packet *packet, bool spoil)
{
	struct rte_mbuf *m = oracle_mbuf(packet, pool, &seed, 200, next_random(&seed) % 2 == 0);

	m->l2_len = packet->l2_len;
	m->l3_len = packet->l3_len;
	m->l4_len = packet->l4_len;
	if (!spoil)
		return m;
	/* The port's to fill in. */
	oracle_put16(rte_pktmbuf_mtod_offset(m, uint8_t *, packet->csum_at), 0x1234);
	m->ol_flags = packet->is_ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
	m->ol_flags |= packet->l4_kind == ORACLE_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	if (packet->is_ipv6)
		return m;
	oracle_put16(rte_pktmbuf_mtod_offset(m, uint8_t *, packet->l2_len + 10), 0x4321);
	m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
	return m;
}

/* Bytes of a packet as they would be on a wire, with what its flags leave open done. */
static uint32_t
arrived_bytes(const struct oracle_packet *packet, const struct rte_mbuf *m, uint32_t shift, uint8_t *bytes)
{
	const uint32_t start = packet->l2_len + packet->l3_len;
	const uint32_t len = oracle_gather(m, bytes);

	if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		oracle_finish(bytes, len, start + shift, packet->csum_at - start);
	return len;
}

static bool
can_be_segmented(const struct pair *pair, const struct oracle_packet *packet)
{
	return pair->has_offloads && packet->l4_kind == ORACLE_TCP && !packet->has_options &&
		packet->len > packet->l2_len + packet->l3_len + packet->l4_len + 100;
}

static void
front_to_back(void **state)
{
	const struct pair *const pair = *state;
	static struct oracle_packet packet;
	static uint8_t got[ORACLE_MAX];
	unsigned int i;

	for (i = 0; i < PACKETS; i++) {
		const bool has_tag = pair->has_offloads && i % 5 == 0;
		const uint32_t shift = has_tag ? 4 : 0;
		struct rte_mbuf *m;
		bool is_seg;
		uint32_t len;

		packet_make(&packet, 3800);
		is_seg = i % 3 == 0 && can_be_segmented(pair, &packet);
		m = mbuf_make(&packet, pair->has_offloads);
		if (is_seg) {
			m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
			m->tso_segsz = 100;
		}
		if (has_tag) {
			m->ol_flags |= RTE_MBUF_F_TX_VLAN;
			m->vlan_tci = (uint16_t)i & 0xfff;
		}
		m = pass(pair->front, pair->back, m);
		assert_int_equal((m->ol_flags & RTE_MBUF_F_RX_LRO) != 0, is_seg);
		if (is_seg)
			assert_int_equal(m->tso_segsz, 100);
		len = arrived_bytes(&packet, m, shift, got);
		assert_int_equal(len, packet.len + shift);
		if (has_tag) {
			assert_int_equal(oracle_get16(got + 12), 0x8100);
			assert_int_equal(oracle_get16(got + 14), i & 0xfff);
		}
		assert_memory_equal(got, packet.bytes, 12);
		assert_memory_equal(got + 12 + shift, packet.bytes + 12, packet.len - 12);
		rte_pktmbuf_free(m);
	}
}

/*
 * The other way. What net_vhost asks to be segmented has a pseudo header's sum without a length, so of such a packet
 * the checksum is not compared. Without offloads it would sum up itself, wrongly where segments begin at odd places.
 */
static void
back_to_front(void **state)
{
	const struct pair *const pair = *state;
	static struct oracle_packet packet;
	static uint8_t got[ORACLE_MAX];
	unsigned int i;

	for (i = 0; i < PACKETS; i++) {
		uint64_t flags;
		struct rte_mbuf *m;
		bool is_seg;

		packet_make(&packet, pair->variant->merges ? 3800 : 1500);
		/* Without extension headers, which the stock code sums up wrongly. */
		if (packet.is_ipv6 && packet.has_options)
			continue;
		is_seg = i % 3 == 0 && pair->variant->merges && can_be_segmented(pair, &packet);
		m = mbuf_make(&packet, pair->has_offloads);
		if (is_seg) {
			m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
			m->tso_segsz = 100;
		}
		m = pass(pair->back, pair->front, m);
		flags = !pair->has_offloads ? 0 : RTE_MBUF_F_RX_L4_CKSUM_NONE |
			(packet.is_ipv6 ? 0 : RTE_MBUF_F_RX_IP_CKSUM_GOOD) | (is_seg ? RTE_MBUF_F_RX_LRO : 0);
		assert_int_equal(m->ol_flags, flags);
		if (pair->has_offloads)
			assert_int_equal(m->packet_type, oracle_ptype(&packet));
		if (is_seg)
			assert_int_equal(m->tso_segsz, 100);
		assert_int_equal(arrived_bytes(&packet, m, 0, got), packet.len);
		if (is_seg)
			memcpy(got + packet.csum_at, packet.bytes + packet.csum_at, 2);
		assert_memory_equal(got, packet.bytes, packet.len);
		rte_pktmbuf_free(m);
	}
}

/* Rows that ports ran on, to be held against the table. */
static char rows_seen[2048];

static bool
is_seen(const char *direction, const char *name)
{
	char wanted[96];

	snprintf(wanted, sizeof(wanted), "|%s %.80s|", direction, name);
	return strstr(rows_seen, wanted) != NULL;
}

static void
note_row(const char *direction, const char *name)
{
	const size_t len = strlen(rows_seen);

	if (!is_seen(direction, name))
		snprintf(rows_seen + len, sizeof(rows_seen) - len, "|%s %.80s|", direction, name);
}

/* A row with offloads that none of the ports above took would be one without a test. */
static void
every_row_with_offloads_was_taken(void **state)
{
	const struct rx_path *rx;
	const struct tx_path *tx;
	unsigned int nr;

	(void)state;
	for (rx = rx_paths(&nr); rx < rx_paths(&nr) + nr; rx++) {
		if (rx->traits.offload && rx->traits.simd == 0 && !is_seen("rx", rx->name))
			fail_msg("rx row '%s'", rx->name);
	}
	for (tx = tx_paths(&nr); tx < tx_paths(&nr) + nr; tx++) {
		if (tx->traits.offload && tx->traits.simd == 0 && !is_seen("tx", tx->name))
			fail_msg("tx row '%s'", tx->name);
	}
}

static void
the_row_is_the_one_with_offloads(void **state)
{
	const struct pair *const pair = *state;
	struct rte_eth_burst_mode mode;

	assert_int_equal(rte_eth_rx_burst_mode_get(pair->front, 0, &mode), 0);
	assert_int_equal(strstr(mode.info, "offload") != NULL, pair->has_offloads);
	note_row("rx", mode.info);
	assert_int_equal(rte_eth_tx_burst_mode_get(pair->front, 0, &mode), 0);
	note_row("tx", mode.info);
	assert_int_equal(strstr(mode.info, "offload") != NULL, pair->has_offloads);
}

static void
each_pair_carries(void **state)
{
	the_row_is_the_one_with_offloads(state);
	front_to_back(state);
	back_to_front(state);
}

int
main(int argc, char **argv)
{
	static const char *const eal[] = {"test_offload", "-l", "0", "--no-huge", "-m", "256", "--no-pci",
		"--no-telemetry", "--log-level=error", "--file-prefix=offload"};
	static char texts[RTE_DIM(eal)][32];
	char *options[RTE_DIM(eal)]; /* EAL moves them about */
	static struct pair pairs[2 * RTE_DIM(variants)];
	static char names[2 * RTE_DIM(variants)][64];
	struct CMUnitTest tests[2 * RTE_DIM(variants) + 1];
	char directory[] = "/tmp/virtio-off-XXXXXX";
	int failed;
	size_t i;

	(void)argc;
	(void)argv;
	if (mkdtemp(directory) == NULL)
		return 1;
	setenv("XDG_RUNTIME_DIR", directory, geteuid() != 0);
	for (i = 0; i < RTE_DIM(eal); i++)
		options[i] = strcpy(texts[i], eal[i]);
	if (rte_eal_init(RTE_DIM(eal), options) < 0)
		return 1;
	pool = rte_pktmbuf_pool_create("offload", 4095, 0, 0, ROOM, 0);
	for (i = 0; i + 1 < RTE_DIM(tests); i++) {
		struct pair *const pair = &pairs[i];

		pair->variant = &variants[i / 2];
		pair->has_offloads = i % 2 == 0;
		snprintf(pair->socket, sizeof(pair->socket), "%s/%zu", directory, i);
		snprintf(pair->back_name, sizeof(pair->back_name), "net_vhost%zu", i);
		snprintf(pair->front_name, sizeof(pair->front_name), "net_vuser%zu", i);
		snprintf(names[i], sizeof(names[i]), "%s, %s offloads", pair->variant->name,
			pair->has_offloads ? "with" : "without");
		tests[i] = (struct CMUnitTest){names[i], each_pair_carries, pair_open, pair_close, pair};
	}
	tests[i] = (struct CMUnitTest)cmocka_unit_test(every_row_with_offloads_was_taken);
	failed = pool == NULL ? 1 : cmocka_run_group_tests_name("interop/offload", tests, NULL, NULL);
	if (rte_mempool_avail_count(pool) != pool->size) {
		printf("# %u mbufs are missing\n", pool->size - rte_mempool_avail_count(pool));
		failed++;
	}
	rte_eal_cleanup();
	rmdir(directory);
	return failed;
}
