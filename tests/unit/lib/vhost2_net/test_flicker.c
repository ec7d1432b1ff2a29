/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Words that change under the device: a thread rewrites descriptors, available entries and net headers at any moment,
 * while bursts go over them. What was judged must be what is used: no access leaves the regions (a sanitizer looks),
 * packets are whole, mbufs come home, and every call returns. Breaking the queue is the right end; it starts anew then.
 */

#include <pthread.h>
#include <string.h>

#include "net_rig.h"

#define ROUNDS 200000u
#define RING 16
#define SEGMENTS_MAX 300

struct flicker {
	struct net_rig *rig;
	pthread_t thread;
	bool stop;
};

static const uint64_t iovas[] = {REGION_A, REGION_A + 64, REGION_B - 30, REGION_C + REGION_SIZE - 40, REGION_GAP, ~0ULL};
static const uint32_t lens[] = {0, 1, 12, 13, 72, 100, 1000, 0x10000, 0xffffffff};

/* Mostly near the truth, or every ring would break at its first descriptor. */
static void
word_rewrite(struct ring_rig *ring, uint32_t *random)
{
	const uint32_t r = next_random(random);
	const uint16_t slot = (uint16_t)(r % RING);
	const uint16_t flags = (uint16_t)(r >> 8 & 7);
	const uint64_t iova = iovas[r >> 4 & 3];

	if (r % 5 == 0)
		memset(ring->region[0] + (r >> 5 & 7), (int)(r >> 16 & 1), 1);
	else if (ring->vq.is_packed && r % 5 == 1)
		__atomic_store_n(&ring->vq.packed[slot].len, lens[(r >> 12) % 7], __ATOMIC_RELAXED);
	else if (ring->vq.is_packed && r % 5 == 2)
		__atomic_store_n(&ring->vq.packed[slot].addr, iova, __ATOMIC_RELAXED);
	else if (ring->vq.is_packed)
		__atomic_fetch_xor(&ring->vq.packed[slot].flags, r % 64 == 3 ? flags : 0, __ATOMIC_RELAXED);
	else if (r % 5 == 1)
		__atomic_store_n(&ring->vq.desc[slot].len, lens[(r >> 12) % 7], __ATOMIC_RELAXED);
	else if (r % 5 == 2)
		__atomic_store_n(&ring->vq.desc[slot].addr, iova, __ATOMIC_RELAXED);
	else if (r % 5 == 3)
		__atomic_store_n(&ring->vq.desc[slot].flags, r % 64 == 3 ? flags : ring->vq.index % 2 == 0 ? 2 : 0,
			__ATOMIC_RELAXED);
	else
		__atomic_store_n(&ring->vq.avail->ring[slot], (uint16_t)(r >> 8 & 15), __ATOMIC_RELAXED);
}

static void *
flicker_run(void *arg)
{
	struct flicker *const flicker = arg;
	uint32_t random = 7;

	while (!__atomic_load_n(&flicker->stop, __ATOMIC_RELAXED))
		word_rewrite(&flicker->rig->ring, &random);
	return NULL;
}

static void
packet_is_whole(const struct rte_mbuf *m)
{
	const struct rte_mbuf *segment;
	uint32_t len = 0;
	uint32_t n = 0;

	for (segment = m; segment != NULL; segment = segment->next, n++)
		len += segment->data_len;
	assert_int_equal(len, m->pkt_len);
	assert_int_equal(n, m->nb_segs);
	assert_in_range(n, 1, SEGMENTS_MAX);
}

/* A started ring is not changed by its owner: a broken one is started anew where it stood. */
static void
queue_mend(struct net_rig *rig)
{
	if (!rig->ring.vq.broken)
		return;
	rig->ring.vq.broken = false;
	if (rig->ring.vq.is_packed) {
		rig->ring.pos.idx = rig->ring.vq.pos.avail_idx;
		rig->ring.pos.wrap = rig->ring.vq.pos.avail_wrap;
	} else {
		rig->ring.avail_idx = rig->ring.vq.pos.avail_idx;
		split_avail_publish(rig->ring.vq.avail, rig->ring.avail_idx);
	}
}

static void
buffers_offer(struct net_rig *rig, uint32_t round, uint16_t flags)
{
	uint32_t i;

	for (i = 0; i < 8; i++) {
		const struct link link = {iovas[i % 3], 72, flags, 0};

		ring_rig_offer(&rig->ring, (uint16_t)((round * 8 + i) % RING), &link, 1, false);
	}
}

static uint32_t
read_round(struct net_rig *rig, uint32_t round)
{
	struct rte_mbuf *pkts[8];
	uint16_t n;
	uint16_t i;

	buffers_offer(rig, round, 0);
	n = rte_vhost2_net_dequeue_burst(rig->queue, pkts, 8);
	for (i = 0; i < n; i++)
		packet_is_whole(pkts[i]);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

static uint32_t
write_round(struct net_rig *rig, uint32_t round)
{
	struct rte_mbuf *pkts[8];
	uint16_t n;
	uint16_t i;

	buffers_offer(rig, round, VRING_DESC_F_WRITE);
	for (i = 0; i < 8; i++)
		pkts[i] = packet_make(rig->pool, i, 20 + i * (round % 9), 60);
	n = rte_vhost2_net_enqueue_burst(rig->queue, pkts, 8);
	rte_pktmbuf_free_bulk(pkts, 8);
	return n;
}

static void
flicker_over(bool is_packed, uint16_t index)
{
	struct net_rig rig;
	struct flicker flicker = {.rig = &rig};
	uint32_t moved = 0;
	uint32_t round;

	net_rig_open(&rig, is_packed, index, VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) | VIRTIO_BIT(VIRTIO_NET_F_CSUM),
		RTE_VHOST2_NET_FINISH_CSUM);
	assert_int_equal(pthread_create(&flicker.thread, NULL, flicker_run, &flicker), 0);
	for (round = 0; round < ROUNDS; round++) {
		moved += index % 2 == 1 ? read_round(&rig, round) : write_round(&rig, round);
		queue_mend(&rig);
		/* What was left over is forgotten, as by a driver that starts its ring anew. */
		rig.ring.vq.broken = true;
		queue_mend(&rig);
	}
	__atomic_store_n(&flicker.stop, true, __ATOMIC_RELAXED);
	pthread_join(flicker.thread, NULL);
	/* The thread did not just break everything. */
	assert_in_range(moved, ROUNDS / 4, UINT32_MAX);
	net_rig_close(&rig);
}

static void
reading_a_flickering_split_ring_is_safe(void **state)
{
	(void)state;
	flicker_over(false, 1);
}

static void
reading_a_flickering_packed_ring_is_safe(void **state)
{
	(void)state;
	flicker_over(true, 1);
}

static void
writing_a_flickering_split_ring_is_safe(void **state)
{
	(void)state;
	flicker_over(false, 0);
}

static void
writing_a_flickering_packed_ring_is_safe(void **state)
{
	(void)state;
	flicker_over(true, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_a_flickering_split_ring_is_safe),
		cmocka_unit_test(reading_a_flickering_packed_ring_is_safe),
		cmocka_unit_test(writing_a_flickering_split_ring_is_safe),
		cmocka_unit_test(writing_a_flickering_packed_ring_is_safe),
	};

	return cmocka_run_group_tests_name("vhost2_net, words that flicker", tests, NULL, NULL);
}
