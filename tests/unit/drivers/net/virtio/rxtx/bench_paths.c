/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Cycles per packet of each row, one thread: bursts of 32 packets of 64 bytes over a device that does no more than
 * return used elements. It shows what a change costs or brings; it is no figure for a port, which has a peer that
 * works. Rows are interleaved and the median of many rounds is printed, so that a busy machine disturbs little.
 *
 * Not a test: run it by hand, on an idle core, built with -Dbuildtype=release.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "rxtx/path.h"
#include "rxtx/queue.h"
#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio/vring_packed.h"
#include "virtio/vring_split.h"

int virtio_user_logtype;

#define BURST 32
#define RING 1024
#define MBUFS 65536
#define STEP 2432 /* from mbuf to mbuf, as a pool of the usual 2 KiB buffers has it */
#define BURSTS 2000
#define ROUNDS 41
#define PAYLOAD 60

/* --- a pool with a cache, without EAL --- */

static void *ring_objects[MBUFS];
static unsigned int nb_objects;

static int
pool_enqueue(struct rte_mempool *pool, void *const *objects, unsigned int n)
{
	(void)pool;
	memcpy(&ring_objects[nb_objects], objects, n * sizeof(*objects));
	nb_objects += n;
	return 0;
}

static int
pool_dequeue(struct rte_mempool *pool, void **objects, unsigned int n)
{
	(void)pool;
	if (n > nb_objects)
		return -ENOBUFS;
	nb_objects -= n;
	memcpy(objects, &ring_objects[nb_objects], n * sizeof(*objects));
	return 0;
}

static unsigned int
pool_count(const struct rte_mempool *pool)
{
	(void)pool;
	return nb_objects;
}

static int
pool_alloc(struct rte_mempool *pool)
{
	(void)pool;
	return 0;
}

static const struct rte_mempool_ops pool_ops = {
	.name = "bench",
	.alloc = pool_alloc,
	.enqueue = pool_enqueue,
	.dequeue = pool_dequeue,
	.get_count = pool_count,
};

/* Huge pages where the kernel gives them: users have them, and page walks would hide everything else. */
static void *
memory(size_t len)
{
	const size_t huge = 2u << 20;
	void *p = aligned_alloc(huge, (len + huge - 1) / huge * huge);

	if (p == NULL)
		exit(1);
	madvise(p, (len + huge - 1) / huge * huge, MADV_HUGEPAGE);
	memset(p, 0, len);
	return p;
}

static struct rte_mempool *
pool_make(void)
{
	const size_t header = sizeof(struct rte_mempool) + sizeof(struct rte_mempool_cache) * RTE_MAX_LCORE;
	struct rte_mempool *const pool = memory(header + sizeof(struct rte_pktmbuf_pool_private));
	char *const mbufs = memory((size_t)MBUFS * STEP);
	struct rte_pktmbuf_pool_private *priv;
	unsigned int i;

	pool->size = MBUFS;
	pool->cache_size = 256;
	pool->local_cache = (void *)(pool + 1);
	for (i = 0; i < RTE_MAX_LCORE; i++) {
		pool->local_cache[i].size = 256;
		pool->local_cache[i].flushthresh = 384;
	}
	pool->ops_index = rte_mempool_register_ops(&pool_ops);
	priv = rte_mempool_get_priv(pool);
	priv->mbuf_data_room_size = 2048 + RTE_PKTMBUF_HEADROOM;
	for (i = 0; i < MBUFS; i++) {
		struct rte_mbuf *const m = (struct rte_mbuf *)(mbufs + (size_t)i * STEP + 64);

		m->buf_addr = m + 1;
		m->buf_len = 2048 + RTE_PKTMBUF_HEADROOM;
		m->pool = pool;
		m->refcnt = 1;
		m->nb_segs = 1;
		m->data_off = RTE_PKTMBUF_HEADROOM;
		rte_mempool_put(pool, m);
	}
	return pool;
}

/* --- the device --- */

struct bench {
	const char *name;
	bool is_rx;
	bool fast_free;
	burst_fn burst;
	void *queue;
	const struct vring_area *area;
	struct rte_mempool *pool;
	uint16_t used_idx;
	struct packed_pos pos;
	double cycles[ROUNDS];
};

static void
kick(void *device, uint16_t queue)
{
	(void)device;
	(void)queue;
}

static void
header_write(const struct bench *bench, uint64_t addr)
{
	struct virtio_net_hdr_v1 *const hdr = (void *)(uintptr_t)addr;

	if (bench->is_rx)
		hdr->num_buffers = 1;
}

/* Each buffer by itself, in its own slot. */
static void
packed_return(struct bench *bench, uint32_t len, uint16_t most)
{
	struct packed_pos pos = bench->pos;

	while (most-- > 0) {
		struct vring_packed_desc *const desc = &packed_desc_ring(bench->area)[pos.idx];

		if (!packed_is_avail(packed_flags_read(desc), pos.wrap))
			break;
		header_write(bench, desc->addr);
		packed_used_publish(desc, len, desc->id, packed_used_bits(pos.wrap));
		pos = packed_pos_advance(pos, 1, RING);
	}
	bench->pos = pos;
}

/* Return what was made available, whole lines of used elements at once, outside of what is measured. */
static void
split_return(struct bench *bench, uint32_t len, uint16_t most)
{
	struct vring_avail *const avail = split_avail_ring(bench->area);
	struct vring_used *const used = split_used_ring(bench->area);
	const uint16_t idx = split_avail_idx_read(avail);
	const uint16_t mask = (uint16_t)(bench->area->size - 1);

	while (bench->used_idx != idx && most-- > 0) {
		const uint16_t head = split_avail_entry_read(avail, bench->used_idx & mask);

		header_write(bench, split_desc_table(bench->area)[head].addr);
		split_used_elem_write(used, bench->used_idx & mask, head, len);
		bench->used_idx++;
	}
	split_used_publish(used, bench->used_idx);
}

static void
device_return(struct bench *bench, uint32_t len, uint16_t most)
{
	if (bench->area->format == VRING_PACKED)
		packed_return(bench, len, most);
	else
		split_return(bench, len, most);
}

static void
device_start(struct bench *bench)
{
	bench->pos = packed_pos_start();
	if (bench->area->format == VRING_PACKED)
		packed_event_flags_set(packed_device_event(bench->area), VRING_PACKED_EVENT_FLAG_DISABLE);
	else
		split_used_flags_set(split_used_ring(bench->area), VRING_USED_F_NO_NOTIFY);
}

static uint64_t
rx_once(struct bench *bench)
{
	struct rte_mbuf *pkts[BURST];
	uint64_t begin;
	uint64_t end;
	uint16_t n;

	device_return(bench, VIRTIO_NET_HDR_LEN_V1 + PAYLOAD, BURST);
	begin = rte_rdtsc_precise();
	n = bench->burst(bench->queue, pkts, BURST);
	end = rte_rdtsc_precise();
	if (n != BURST)
		exit(2);
	rte_mempool_put_bulk(bench->pool, (void **)pkts, n);
	return end - begin;
}

static uint64_t
tx_once(struct bench *bench)
{
	struct rte_mbuf *pkts[BURST];
	uint64_t begin;
	uint64_t end;
	uint16_t n;
	uint16_t i;

	if (rte_mempool_get_bulk(bench->pool, (void **)pkts, BURST) != 0)
		exit(3);
	for (i = 0; i < BURST; i++) {
		pkts[i]->data_off = RTE_PKTMBUF_HEADROOM;
		pkts[i]->ol_flags = 0;
		pkts[i]->data_len = PAYLOAD;
		pkts[i]->pkt_len = PAYLOAD;
		*rte_pktmbuf_mtod(pkts[i], volatile uint64_t *) = i;
	}
	begin = rte_rdtsc_precise();
	n = bench->burst(bench->queue, pkts, BURST);
	end = rte_rdtsc_precise();
	if (n != BURST)
		exit(4);
	device_return(bench, 0, UINT16_MAX);
	return end - begin;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
round_run(struct bench *bench, unsigned int round, double overhead)
{
	uint64_t cycles = 0;
	unsigned int i;

	for (i = 0; i < BURSTS; i++)
		cycles += bench->is_rx ? rx_once(bench) : tx_once(bench);
	bench->cycles[round] = ((double)cycles / BURSTS - overhead) / BURST;
}

static struct queue_config
config_make(struct rte_mempool *pool, uint64_t features, size_t len, bool fast_free)
{
	const struct queue_config config = {
		.port = "bench",
		.size = RING,
		.features = features | VIRTIO_BIT(VIRTIO_F_VERSION_1),
		.mem = memory(len),
		.mem_len = len,
		.notifier = {kick, NULL},
		.pool = pool,
		.fast_free = fast_free,
	};

	return config;
}

static uint64_t
format_features(enum vring_format format)
{
	return format == VRING_PACKED ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0;
}

static struct bench
rx_open(const struct rx_path *row, struct rte_mempool *pool)
{
	const uint64_t features = format_features(row->traits.format) |
		(row->traits.in_order ? VIRTIO_BIT(VIRTIO_F_IN_ORDER) : 0) |
		(row->traits.mergeable ? VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) : 0);
	const struct queue_config config = config_make(pool, features, rxq_mem_bytes(features, RING), false);
	struct virtio_rxq *rxq;

	if (rxq_create(&config, &rxq) != 0 || rxq_fill(rxq, RING) != 0)
		exit(5);
	rxq_open(rxq);
	return (struct bench){.name = row->name, .is_rx = true, .burst = row->burst, .queue = rxq, .area = rxq_area(rxq),
		.pool = pool};
}

static struct bench
tx_open(const struct tx_path *row, struct rte_mempool *pool, bool fast_free)
{
	const uint64_t features =
		format_features(row->traits.format) | (row->traits.in_order ? VIRTIO_BIT(VIRTIO_F_IN_ORDER) : 0);
	const struct queue_config config = config_make(pool, features, txq_mem_bytes(features, RING), fast_free);
	struct virtio_txq *txq;

	if (txq_create(&config, &txq) != 0)
		exit(6);
	txq_open(txq);
	return (struct bench){.name = row->name, .burst = row->burst, .queue = txq, .area = txq_area(txq), .pool = pool,
		.fast_free = fast_free};
}

static double
clock_overhead(void)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < 100000; i++) {
		const uint64_t begin = rte_rdtsc_precise();

		sum += rte_rdtsc_precise() - begin;
	}
	return (double)sum / 100000;
}

int
main(void)
{
	struct rte_mempool *pool;
	struct bench benches[64];
	unsigned int nb = 0;
	unsigned int nr;
	unsigned int i;
	unsigned int round;
	double overhead;

	RTE_PER_LCORE(_lcore_id) = 0;
	pool = pool_make();
	for (i = 0; rx_paths(&nr), i < nr; i++)
		benches[nb++] = rx_open(&rx_paths(&nr)[i], pool);
	for (i = 0; tx_paths(&nr), i < 2 * nr; i++)
		benches[nb++] = tx_open(&tx_paths(&nr)[i / 2], pool, i % 2 == 1);
	for (i = 0; i < nb; i++)
		device_start(&benches[i]);
	overhead = clock_overhead();
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < nb; i++)
			round_run(&benches[i], round, overhead);
	for (i = 0; i < nb; i++) {
		qsort(benches[i].cycles, ROUNDS, sizeof(double), compare);
		printf("%s %-28s %-10s %6.1f cycles/packet (best %.1f)\n", benches[i].is_rx ? "rx" : "tx",
			benches[i].name, benches[i].fast_free ? "fast free" : "",
			benches[i].cycles[ROUNDS / 2], benches[i].cycles[0]);
	}
	return 0;
}
