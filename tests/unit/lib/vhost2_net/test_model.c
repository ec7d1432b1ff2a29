/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The driver half against the device half, in one process, over each row of both tables: random bursts of numbered
 * packets, of which every byte follows from the number. Exactly the packets that were sent arrive, in order.
 */

#include <string.h>

#include "net_rig.h"
#include "rxtx/simd.h"

#define PACKETS 100000u
#define RING 64

static const uint64_t extras[] = {
	0,
	VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX),
	VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC),
};

/* Mostly what fits one vector copy, sometimes what fills many segments. */
static uint32_t
length_of(uint32_t number, uint32_t longest)
{
	const uint32_t r = number * 2654435761u >> 8;

	if (r % 8 != 0)
		return 60 + r % 5;
	return 14 + r / 64 % (r % 64 == 0 ? longest - 13 : 1487);
}

struct flow {
	uint32_t sent;
	uint32_t got;
	uint32_t random;
	uint32_t longest;
	unsigned int idle;
};

static uint16_t
burst_of(struct flow *flow)
{
	return (uint16_t)(1 + next_random(&flow->random) % 48);
}

static void
progress_check(struct flow *flow, uint32_t moved, const char *row)
{
	flow->idle = moved > 0 ? 0 : flow->idle + 1;
	if (flow->idle > 10000)
		fail_msg("%s: stuck after %u sent, %u received", row, flow->sent, flow->got);
}

static void
receive_check(struct flow *flow, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n; i++, flow->got++)
		packet_check(pkts[i], flow->got, length_of(flow->got, flow->longest));
	for (i = 0; i < n; i++)
		rte_pktmbuf_free(pkts[i]);
}

static uint16_t
packets_make(struct flow *flow, struct rte_mempool *pool, struct rte_mbuf **pkts, uint32_t segment)
{
	const uint16_t n = (uint16_t)RTE_MIN((uint32_t)burst_of(flow), PACKETS - flow->sent);
	uint16_t i;

	for (i = 0; i < n; i++)
		pkts[i] = packet_make(pool, flow->sent + i, length_of(flow->sent + i, flow->longest), segment);
	return n;
}

static void
device_to_driver(const struct rx_path *row, uint64_t extra)
{
	struct flow flow = {.random = 1, .longest = row->traits.mergeable ? 9000 : 1500};
	struct rte_mempool *const pool = pool_make(1024, RIG_ROOM);
	struct rte_mbuf *pkts[64];
	struct peer_rig peer;
	struct rx_rig driver;
	uint16_t done;
	uint16_t n;

	rx_rig_open_with(&driver, row, RING, extra);
	peer_rig_open(&peer, rxq_area(driver.rxq), driver.config.features, 0, pool);
	while (flow.got < PACKETS) {
		n = packets_make(&flow, pool, pkts, next_random(&flow.random) % 4 == 0 ? 200 : 1500);
		done = rte_vhost2_net_enqueue_burst(peer.queue, pkts, n);
		flow.sent += done;
		rte_pktmbuf_free_bulk(pkts, n);
		n = rx_rig_burst(&driver, pkts, burst_of(&flow));
		receive_check(&flow, pkts, n);
		progress_check(&flow, done + n, row->name);
	}
	assert_int_equal(rte_vhost2_net_queue_stats(peer.queue)->packets, PACKETS);
	assert_int_equal(peer.ring.breaks, 0);
	peer_rig_close(&peer);
	rx_rig_close(&driver);
	pool_drop(pool);
}

static void
driver_to_device(const struct tx_path *row, uint64_t extra)
{
	struct flow flow = {.random = 2, .longest = 9000};
	struct rte_mempool *const pool = pool_make(1024, RIG_ROOM);
	struct rte_mbuf *pkts[64];
	struct peer_rig peer;
	struct tx_rig driver;
	uint16_t done;
	uint16_t n;

	tx_rig_open(&driver, row, RING, extra, false);
	peer_rig_open(&peer, txq_area(driver.txq), driver.config.features, 1, pool);
	while (flow.got < PACKETS) {
		n = packets_make(&flow, driver.pool, pkts, next_random(&flow.random) % 4 == 0 ? 700 : 1500);
		done = tx_rig_burst(&driver, pkts, n);
		flow.sent += done;
		rte_pktmbuf_free_bulk(pkts + done, n - done);
		n = rte_vhost2_net_dequeue_burst(peer.queue, pkts, burst_of(&flow));
		receive_check(&flow, pkts, n);
		progress_check(&flow, done + n, row->name);
	}
	assert_int_equal(rte_vhost2_net_queue_stats(peer.queue)->packets, PACKETS);
	assert_int_equal(peer.ring.breaks, 0);
	peer_rig_close(&peer);
	tx_rig_close(&driver);
	pool_drop(pool);
}

static void
packets_reach_the_driver_on_each_row(void **state)
{
	unsigned int nr;
	unsigned int i;
	unsigned int j;

	(void)state;
	for (j = 0; j < 2; j++)
		for (i = 0; rx_paths(&nr), i < nr; i++)
			if (rx_paths(&nr)[i].traits.simd <= simd_bits(512))
				device_to_driver(&rx_paths(&nr)[i], extras[j]);
}

static void
packets_reach_the_device_on_each_row(void **state)
{
	unsigned int nr;
	unsigned int i;
	unsigned int j;

	(void)state;
	for (j = 0; j < RTE_DIM(extras); j++)
		for (i = 0; tx_paths(&nr), i < nr; i++)
			if (tx_paths(&nr)[i].traits.simd <= simd_bits(512))
				driver_to_device(&tx_paths(&nr)[i], extras[j]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_reach_the_driver_on_each_row),
		cmocka_unit_test(packets_reach_the_device_on_each_row),
	};

	return cmocka_run_group_tests_name("vhost2_net, both halves", tests, NULL, NULL);
}
