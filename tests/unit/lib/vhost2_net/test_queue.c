/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The life of a queue, and its window on the driver's memory.
 */

#include <errno.h>
#include <string.h>

#include "net_rig.h"
#include "vhost2_net/queue.h"

#define W VRING_DESC_F_WRITE

static void
a_stopped_queue_moves_nothing(void **state)
{
	struct rte_mbuf *pkts[1];
	struct net_rig rig;

	(void)state;
	net_rig_open(&rig, true, 1, 0, 0);
	rte_vhost2_net_queue_stop(rig.queue);
	assert_int_equal(rte_vhost2_net_dequeue_burst(rig.queue, pkts, 1), 0);
	assert_int_equal(rte_vhost2_net_enqueue_burst(rig.queue, pkts, 1), 0);
	assert_string_equal(rte_vhost2_net_queue_path(rig.queue), "stopped");
	net_rig_close(&rig);
}

static void
reading_without_a_pool_is_refused(void **state)
{
	const struct rte_vhost2_net_queue_config config = {0};
	struct rte_vhost2_net_queue *queue;
	struct ring_rig ring;

	(void)state;
	ring_rig_open(&ring, false, 8, 0);
	assert_int_equal(rte_vhost2_net_queue_create(&config, &queue), 0);
	ring.vq.index = 1;
	assert_int_equal(rte_vhost2_net_queue_start(queue, &ring.dev, &ring.vq), -EINVAL);
	ring.vq.index = 0;
	assert_int_equal(rte_vhost2_net_queue_start(queue, &ring.dev, &ring.vq), 0);
	assert_string_equal(rte_vhost2_net_queue_path(queue), "enqueue, split");
	rte_vhost2_net_queue_destroy(queue);
	rte_vhost2_net_queue_destroy(NULL);
	ring_rig_close(&ring);
}

static void
a_pool_of_headrooms_is_refused(void **state)
{
	struct rte_mempool *const pool = pool_make(1, RTE_PKTMBUF_HEADROOM);
	const struct rte_vhost2_net_queue_config config = {.pool = pool};
	struct rte_vhost2_net_queue *queue;

	(void)state;
	assert_int_equal(rte_vhost2_net_queue_create(&config, &queue), -EINVAL);
	pool_drop(pool);
}

static void
the_window_follows_the_packets(void **state)
{
	struct net_rig rig;
	uint64_t len;

	(void)state;
	net_rig_open(&rig, false, 1, 0, 0);
	for (len = 1; len < 3; len++) {
		assert_ptr_equal(net_translate(rig.queue, REGION_A + 5, 10, VHOST_ACCESS_RO), rig.ring.region[0] + 5);
		assert_int_equal(rig.queue->window.iova, REGION_A);
		assert_ptr_equal(net_translate(rig.queue, REGION_C, REGION_SIZE, VHOST_ACCESS_RO), rig.ring.region[2]);
		assert_int_equal(rig.queue->window.iova, REGION_C);
	}
	assert_null(net_translate(rig.queue, REGION_B - 5, 10, VHOST_ACCESS_RO));
	assert_null(net_translate(rig.queue, REGION_GAP, 1, VHOST_ACCESS_RO));
	assert_null(net_translate(rig.queue, REGION_C + REGION_SIZE - 1, 2, VHOST_ACCESS_RO));
	assert_null(net_translate(rig.queue, REGION_C, ~0ULL, VHOST_ACCESS_RO));
	rte_vhost2_net_queue_stop(rig.queue);
	assert_int_equal(rig.queue->window.size, 0);
	net_rig_close(&rig);
}

/* Whole mbufs are written by two stores; every header length is understood. */
static void
headers_of_both_lengths_pass(void **state)
{
	static const uint64_t modern[] = {0, VIRTIO_BIT(VIRTIO_F_VERSION_1)};
	const struct link link = {REGION_A, 1536, W, 0};
	struct rte_mbuf *m;
	struct net_rig rig;
	unsigned int i;
	uint16_t id;
	uint32_t len;

	(void)state;
	for (i = 0; i < 2; i++) {
		const uint32_t hdr_len = i == 0 ? 10 : 12;
		uint8_t *at;

		net_rig_open(&rig, false, 0, 0, 0);
		rig.ring.dev.features = modern[i];
		assert_int_equal(rte_vhost2_net_queue_start(rig.queue, &rig.ring.dev, &rig.ring.vq), 0);
		at = ring_rig_at(&rig.ring, REGION_A);
		memset(at, 0xaa, 200);
		ring_rig_offer(&rig.ring, 0, &link, 1, false);
		m = packet_make(rig.pool, 9, 61, 61);
		assert_int_equal(net_rig_enqueue(&rig, m), 1);
		ring_rig_used(&rig.ring, 0, &id, &len);
		assert_int_equal(len, hdr_len + 61);
		assert_int_equal(at[9], 0);
		if (hdr_len == 12)
			assert_int_equal(at[10], 1);
		assert_int_equal(at[hdr_len], packet_byte(9, 0));
		assert_int_equal(at[hdr_len + 60], packet_byte(9, 60));
		assert_int_equal(at[hdr_len + 61], 0xaa);
		rte_pktmbuf_free(m);
		net_rig_close(&rig);
	}
}

/* Frames around the lengths at which the copy changes its way, and nothing written beyond them. */
static void
frames_of_all_lengths_are_copied_exactly(void **state)
{
	uint32_t len;

	(void)state;
	for (len = 1; len <= 256; len++) {
		const struct link link = {REGION_A + len % 7, len + 12, W, 0};
		struct rte_mbuf *m;
		struct net_rig rig;
		uint8_t *at;
		uint32_t i;

		net_rig_open(&rig, true, 0, 0, 0);
		at = ring_rig_at(&rig.ring, link.iova);
		memset(at, 0xaa, 400);
		ring_rig_offer(&rig.ring, 0, &link, 1, false);
		m = packet_make(rig.pool, len, len, len);
		assert_int_equal(net_rig_enqueue(&rig, m), 1);
		for (i = 0; i < len; i++)
			assert_int_equal(at[12 + i], packet_byte(len, i));
		for (; i < 300; i++)
			assert_int_equal(at[12 + i], 0xaa);
		rte_pktmbuf_free(m);
		net_rig_close(&rig);
	}
}

static void
a_call_follows_when_the_driver_wants_it(void **state)
{
	const struct link link = {REGION_A, 72, 0, 0};
	struct rte_mbuf *m;
	struct net_rig rig;

	(void)state;
	net_rig_open(&rig, false, 1, 0, 0);
	ring_rig_offer(&rig.ring, 0, &link, 1, false);
	assert_int_equal(net_rig_dequeue(&rig, &m), 1);
	rte_pktmbuf_free(m);
	assert_int_equal(rig.ring.calls, 1);
	split_avail_flags_set(rig.ring.vq.avail, VRING_AVAIL_F_NO_INTERRUPT);
	ring_rig_offer(&rig.ring, 0, &link, 1, false);
	assert_int_equal(net_rig_dequeue(&rig, &m), 1);
	rte_pktmbuf_free(m);
	assert_int_equal(net_rig_dequeue(&rig, &m), 0);
	assert_int_equal(rig.ring.calls, 1);
	assert_int_equal(rig.ring.vq.calls_suppressed, 1);
	net_rig_close(&rig);
}

static void
writes_are_logged_while_logging(void **state)
{
	const struct link link = {REGION_A + 8, 1536, W, 0};
	struct rte_mbuf *m;
	struct net_rig rig;

	(void)state;
	net_rig_open(&rig, false, 0, 0, 0);
	rig.ring.dev.logging = true;
	ring_rig_offer(&rig.ring, 0, &link, 1, false);
	m = packet_make(rig.pool, 9, 61, 61);
	assert_int_equal(net_rig_enqueue(&rig, m), 1);
	assert_int_equal(rig.ring.nr_logs, 3);
	assert_false(rig.ring.log[0].is_ring);
	assert_int_equal(rig.ring.log[0].at, REGION_A + 8);
	assert_int_equal(rig.ring.log[0].len, 73);
	assert_true(rig.ring.log[1].is_ring);
	rte_pktmbuf_free(m);
	net_rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stopped_queue_moves_nothing),
		cmocka_unit_test(reading_without_a_pool_is_refused),
		cmocka_unit_test(a_pool_of_headrooms_is_refused),
		cmocka_unit_test(the_window_follows_the_packets),
		cmocka_unit_test(headers_of_both_lengths_pass),
		cmocka_unit_test(frames_of_all_lengths_are_copied_exactly),
		cmocka_unit_test(a_call_follows_when_the_driver_wants_it),
		cmocka_unit_test(writes_are_logged_while_logging),
	};

	return cmocka_run_group_tests_name("vhost2_net/queue", tests, NULL, NULL);
}
