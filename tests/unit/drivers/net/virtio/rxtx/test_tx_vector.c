/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Packets that are out of the ordinary, at every place of a group that a vector row places at once, and every burst size
 * over rings in which groups, laps and lines do not match. Rows without vectors have the same to do, so all are walked.
 * Covers VIRTIO 1.3 2.7.13, 2.8.21 (supplying buffers), 2.8.1 (wrap counters), 5.1.6.2 (packet transmit).
 */

#include <stdlib.h>
#include <string.h>

#include "support.h"

#define FOR_EACH_ROW(row, nr) \
	for (row = tx_paths(&(nr)); row < tx_paths(&(nr)) + (nr); row++) \
		if (row_can_run(row->name, row->traits.simd))

#define PLACES 14

/* What may be odd about a packet of 60 bytes. Its data stay those of its seed. */
struct oddity {
	const char *name;
	struct rte_mbuf *(*make)(struct rte_mempool *pool, uint32_t seed);
	bool is_shared; /* the test holds a reference too */
};

static struct rte_mbuf *
make_segments(struct rte_mempool *pool, uint32_t seed)
{
	return packet_make(pool, seed, 60, 20);
}

static struct rte_mbuf *
make_shared(struct rte_mempool *pool, uint32_t seed)
{
	struct rte_mbuf *const m = packet_make(pool, seed, 60, 60);

	rte_mbuf_refcnt_update(m, 1);
	return m;
}

/* Move the data of a packet so that @p headroom bytes are before it. */
static struct rte_mbuf *
make_at(struct rte_mempool *pool, uint32_t seed, uint16_t headroom)
{
	struct rte_mbuf *const m = packet_make(pool, seed, 60, 60);

	memmove((char *)m->buf_addr + headroom, rte_pktmbuf_mtod(m, char *), 60);
	m->data_off = headroom;
	return m;
}

static struct rte_mbuf *
make_without_headroom(struct rte_mempool *pool, uint32_t seed)
{
	return make_at(pool, seed, 0);
}

static struct rte_mbuf *
make_with_just_headroom(struct rte_mempool *pool, uint32_t seed)
{
	return make_at(pool, seed, VIRTIO_NET_HDR_LEN_V1);
}

static struct rte_mbuf *
make_with_dirty_header(struct rte_mempool *pool, uint32_t seed)
{
	struct rte_mbuf *const m = packet_make(pool, seed, 60, 60);

	memset(m->buf_addr, 0xff, RTE_PKTMBUF_HEADROOM);
	return m;
}

static const struct oddity oddities[] = {
	{"segments", make_segments, false},
	{"shared", make_shared, true},
	{"without headroom", make_without_headroom, false},
	{"with just the headroom", make_with_just_headroom, false},
	{"with a dirty header", make_with_dirty_header, false},
};

/* The device reads and returns everything that waits. */
static void
drain(struct tx_rig *rig, uint32_t seed, uint32_t n)
{
	struct chain chain;
	uint32_t i;

	assert_int_equal(device_waiting(&rig->device), n);
	for (i = 0; i < n; i++) {
		device_pop(&rig->device, &chain);
		device_check(&rig->device, &chain, seed + i, 60);
		device_push(&rig->device, chain.head, 0);
	}
	device_publish(&rig->device);
}

/* Headers of zero, so that a row has nothing to write. */
static void
clean_headers(struct rte_mempool *pool)
{
	void *all[1400];
	const unsigned int n = pool_count(pool);
	unsigned int i;

	assert_int_equal(rte_mempool_get_bulk(pool, all, n), 0);
	for (i = 0; i < n; i++)
		memset(((struct rte_mbuf *)all[i])->buf_addr, 0, RTE_PKTMBUF_HEADROOM);
	rte_mempool_put_bulk(pool, all, n);
}

static void
one_odd(struct tx_rig *rig, const struct oddity *oddity, uint16_t place)
{
	const uint64_t bytes = txq_stats(rig->txq)->bytes;
	struct rte_mbuf *pkts[PLACES];
	uint16_t i;

	clean_headers(rig->pool);
	for (i = 0; i < PLACES; i++)
		pkts[i] = i == place ? oddity->make(rig->pool, i) : packet_make(rig->pool, i, 60, 60);
	assert_int_equal(tx_rig_burst(rig, pkts, PLACES), PLACES);
	drain(rig, 0, PLACES);
	/* What lies before the buffer is not ours. */
	assert_int_equal(((uint8_t *)pkts[place]->buf_addr)[-1], 0xa5);
	assert_int_equal(txq_done_cleanup(rig->txq, 0), PLACES);
	assert_int_equal(pool_count(rig->pool), rig->pool_size - oddity->is_shared);
	if (oddity->is_shared)
		rte_pktmbuf_free(pkts[place]);
	assert_int_equal(txq_stats(rig->txq)->bytes - bytes, 60 * PLACES);
}

static void
an_odd_packet_may_come_at_every_place(void **state)
{
	const struct tx_path *row;
	unsigned int nr;
	uint16_t place;
	size_t i;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (i = 0; i < 2 * RTE_DIM(oddities); i++) {
			struct tx_rig rig;

			tx_rig_open(&rig, row, 64, i % 2 == 0 ? 0 : VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC), false);
			for (place = 0; place < PLACES; place++)
				one_odd(&rig, &oddities[i / 2], place);
			tx_rig_close(&rig);
		}
	}
}

static void
an_empty_packet_is_refused_at_every_place(void **state)
{
	const struct tx_path *row;
	unsigned int nr;
	uint16_t place;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		struct tx_rig rig;

		tx_rig_open(&rig, row, 64, 0, false);
		for (place = 0; place < PLACES; place++) {
			struct rte_mbuf *pkts[PLACES];
			uint16_t i;

			for (i = 0; i < PLACES; i++)
				pkts[i] = packet_make(rig.pool, i - (i > place), i == place ? 0 : 60, 60);
			assert_int_equal(tx_rig_burst(&rig, pkts, PLACES), PLACES);
			assert_int_equal(txq_stats(rig.txq)->too_long, place + 1);
			drain(&rig, 0, PLACES - 1);
		}
		tx_rig_close(&rig);
	}
}

/* Which of two pools a packet is of follows a pattern of bits. */
static void
packets_of_two_pools(const struct tx_path *row, uint32_t pattern)
{
	struct rte_mempool *const other = pool_make(200, RIG_ROOM);
	struct tx_rig rig;
	uint32_t seed = 0;
	uint32_t round;

	tx_rig_open(&rig, row, 64, 0, false);
	for (round = 0; round < 100; round++) {
		struct rte_mbuf *pkts[16];
		uint16_t i;

		/* For a while one pool alone, so that the queue may change its mind. */
		for (i = 0; i < 16; i++) {
			const bool is_other = round / 10 % 3 == 0 ? pattern >> i & 1 : round / 10 % 3 == 1;

			pkts[i] = packet_make(is_other ? other : rig.pool, seed + i, 60, 60);
		}
		assert_int_equal(tx_rig_burst(&rig, pkts, 16), 16);
		drain(&rig, seed, 16);
		seed += 16;
	}
	assert_true(txq_done_cleanup(rig.txq, 0) > 0);
	assert_int_equal(pool_count(rig.pool), rig.pool_size);
	pool_drop(other);
	tx_rig_close(&rig);
}

static void
packets_go_home_to_the_pool_that_they_came_from(void **state)
{
	static const uint32_t patterns[] = {0x5555, 0x00ff, 0xff00, 0x0001, 0x8000, 0x0ff0, 0x1000, 0xf7ff};
	const struct tx_path *row;
	unsigned int nr;
	size_t i;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (i = 0; i < RTE_DIM(patterns); i++)
			packets_of_two_pools(row, patterns[i]);
	}
}

/* Bursts of the same size, over and over, through a ring of some other size. */
static void
carry(struct tx_rig *rig, uint16_t burst)
{
	struct rte_mbuf *pkts[64];
	uint32_t seed = 0;

	while (seed < 2 * rig->config.size + 20) {
		uint16_t n;
		uint16_t i;

		for (i = 0; i < burst; i++)
			pkts[i] = packet_make(rig->pool, seed + i, 60, 60);
		n = tx_rig_burst(rig, pkts, burst);
		assert_int_equal(n, RTE_MIN(burst, rig->config.size));
		rte_pktmbuf_free_bulk(pkts + n, burst - n);
		drain(rig, seed, n);
		seed += n;
	}
	assert_int_equal(txq_stats(rig->txq)->broken, 0);
}

static void
every_burst_size_goes_round_every_small_ring(void **state)
{
	const struct tx_path *row;
	unsigned int nr;
	uint32_t size;
	uint16_t burst;

	(void)state;
	FOR_EACH_ROW(row, nr) {
		for (size = 1; size <= 24; size += 1 + size / 12) {
			struct tx_rig rig;

			if (!vring_size_is_valid(row->traits.format, size))
				continue;
			tx_rig_open(&rig, row, size, 0, false);
			for (burst = 1; burst <= 21; burst++)
				carry(&rig, burst);
			tx_rig_close(&rig);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_odd_packet_may_come_at_every_place),
		cmocka_unit_test(an_empty_packet_is_refused_at_every_place),
		cmocka_unit_test(packets_go_home_to_the_pool_that_they_came_from),
		cmocka_unit_test(every_burst_size_goes_round_every_small_ring),
	};

	return cmocka_run_group_tests_name("rxtx/tx_vector", tests, NULL, NULL);
}
