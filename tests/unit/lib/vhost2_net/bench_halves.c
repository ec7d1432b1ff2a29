/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Cycles per packet of all four halves, one thread that plays both ends in turn: the driver's tx burst, the device's
 * dequeue; the device's enqueue, the driver's rx burst. Bursts of 32. Rows are interleaved and medians of many rounds
 * printed, so that a busy machine disturbs little.
 *
 * Not a test: run it by hand, on an idle core, built with -Dbuildtype=release.  bench_halves [BYTES]
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "rxtx/path.h"
#include "rxtx/queue.h"
#include "rxtx/simd.h"
#include "vhost2/ring.h"
#include "vhost2_net/rte_vhost2_net.h"
#include "virtio/feature.h"
#include "virtio/net.h"

int virtio_user_logtype;

#define BURST 32
#define RING 1024
#define MBUFS 40960
#define STEP 2432 /* from mbuf to mbuf, as a pool of the usual 2 KiB buffers has it */
#define BURSTS 500
#define ROUNDS 61

/* --- the device functions that are not inline: nothing of them is called here --- */

void
rte_vhost2_dev_call(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	(void)vdev;
	(void)vq;
}

void
rte_vhost2_vq_break(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, enum rte_vhost2_error error)
{
	(void)vdev;
	fprintf(stderr, "queue %u broke: %d\n", vq->index, error);
	exit(1);
}

void
rte_vhost2_log_write(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, uint64_t len)
{
	(void)vdev;
	(void)vq;
	(void)iova;
	(void)len;
}

void
rte_vhost2_log_ring(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t offset, uint64_t len)
{
	rte_vhost2_log_write(vdev, vq, offset, len);
}

void *
rte_vhost2_iotlb_to_vva(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, uint64_t *len,
	uint8_t perm)
{
	(void)perm;
	rte_vhost2_log_write(vdev, vq, iova, *len);
	return NULL;
}

bool
rte_vhost2_iova_is_pending(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova)
{
	rte_vhost2_log_write(vdev, vq, iova, 0);
	return false;
}

/* --- pools with caches, without EAL --- */

struct stack {
	unsigned int n;
	void *objects[MBUFS];
};

static int
pool_enqueue(struct rte_mempool *pool, void *const *objects, unsigned int n)
{
	struct stack *const stack = pool->pool_data;

	memcpy(&stack->objects[stack->n], objects, n * sizeof(*objects));
	stack->n += n;
	return 0;
}

static int
pool_dequeue(struct rte_mempool *pool, void **objects, unsigned int n)
{
	struct stack *const stack = pool->pool_data;

	if (n > stack->n)
		return -ENOBUFS;
	stack->n -= n;
	memcpy(objects, &stack->objects[stack->n], n * sizeof(*objects));
	return 0;
}

static unsigned int
pool_count(const struct rte_mempool *pool)
{
	return ((const struct stack *)pool->pool_data)->n;
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
	const size_t whole = (len + huge - 1) / huge * huge;
	void *const p = aligned_alloc(huge, whole);

	if (p == NULL)
		exit(1);
	madvise(p, whole, MADV_HUGEPAGE);
	memset(p, 0, len);
	return p;
}

static struct rte_mempool *
pool_make(void)
{
	static int ops_index = -1;
	const size_t header = sizeof(struct rte_mempool) + sizeof(struct rte_mempool_cache) * RTE_MAX_LCORE;
	struct rte_mempool *const pool = memory(header + sizeof(struct rte_pktmbuf_pool_private));
	char *const mbufs = memory((size_t)MBUFS * STEP);
	struct rte_pktmbuf_pool_private *priv;
	unsigned int i;

	if (ops_index < 0)
		ops_index = rte_mempool_register_ops(&pool_ops);
	pool->pool_data = memory(sizeof(struct stack));
	pool->size = MBUFS;
	pool->cache_size = 256;
	pool->local_cache = (void *)(pool + 1);
	for (i = 0; i < RTE_MAX_LCORE; i++) {
		pool->local_cache[i].size = 256;
		pool->local_cache[i].flushthresh = 384;
	}
	pool->ops_index = ops_index;
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

/* --- a pair of halves --- */

struct end {
	struct rte_vhost2_dev dev;
	struct rte_vhost2_vq vq;
	struct rte_vhost2_net_queue *queue;
};

struct bench {
	const char *name;
	bool is_rx;
	burst_fn burst;
	void *queue;
	struct end end;
	double driver[ROUNDS];
	double device[ROUNDS];
};

static struct rte_mempool *driver_pool;
static struct rte_mempool *device_pool;
static uint32_t payload = 60;

static void
kick(void *device, uint16_t queue)
{
	(void)device;
	(void)queue;
}

static void
end_open(struct end *end, const struct vring_area *area, uint64_t features, uint16_t index)
{
	const struct rte_vhost2_net_queue_config config = {.pool = device_pool};
	struct rte_vhost2_memory *const mem = memory(sizeof(*mem) + sizeof(mem->regions[0]));

	mem->nregions = 1;
	mem->regions[0].size = UINT64_MAX;
	end->dev.mem = mem;
	end->dev.features = features;
	end->vq.desc = area->desc;
	end->vq.avail = area->driver;
	end->vq.used = area->device;
	end->vq.size = area->size;
	end->vq.index = index;
	end->vq.is_packed = area->format == VRING_PACKED;
	end->vq.in_order = (features & VIRTIO_BIT(VIRTIO_F_IN_ORDER)) != 0;
	end->vq.enabled = true;
	end->vq.pos.avail_wrap = end->vq.is_packed;
	end->vq.pos.used_wrap = end->vq.is_packed;
	if (rte_vhost2_net_queue_create(&config, &end->queue) != 0 ||
	    rte_vhost2_net_queue_start(end->queue, &end->dev, &end->vq) != 0)
		exit(2);
	rte_vhost2_vq_want_kicks(&end->dev, &end->vq, false);
}

static struct queue_config
config_make(uint64_t features, size_t len)
{
	const struct queue_config config = {
		.port = "bench",
		.size = RING,
		.features = features,
		.mem = memory(len),
		.mem_len = len,
		.notifier = {kick, NULL},
		.pool = driver_pool,
		.fast_free = true,
	};

	return config;
}

static uint64_t
features_of(enum vring_format format, bool in_order, bool mergeable)
{
	return VIRTIO_BIT(VIRTIO_F_VERSION_1) | (format == VRING_PACKED ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0) |
		(in_order ? VIRTIO_BIT(VIRTIO_F_IN_ORDER) : 0) | (mergeable ? VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) : 0);
}

static void
rx_open(struct bench *bench, const struct rx_path *row)
{
	const uint64_t features = features_of(row->traits.format, row->traits.in_order, row->traits.mergeable);
	const struct queue_config config = config_make(features, rxq_mem_bytes(features, RING));
	struct virtio_rxq *rxq;

	if (rxq_create(&config, &rxq) != 0 || rxq_fill(rxq, RING) != 0)
		exit(3);
	rxq_open(rxq);
	*bench = (struct bench){.name = row->name, .is_rx = true, .burst = row->burst, .queue = rxq};
	end_open(&bench->end, rxq_area(rxq), features, 0);
}

static void
tx_open(struct bench *bench, const struct tx_path *row)
{
	const uint64_t features = features_of(row->traits.format, row->traits.in_order, false);
	const struct queue_config config = config_make(features, txq_mem_bytes(features, RING));
	struct virtio_txq *txq;

	if (txq_create(&config, &txq) != 0)
		exit(4);
	txq_open(txq);
	*bench = (struct bench){.name = row->name, .burst = row->burst, .queue = txq};
	end_open(&bench->end, txq_area(txq), features, 1);
}

static void
packets_get(struct rte_mempool *pool, struct rte_mbuf **pkts)
{
	unsigned int i;

	if (rte_mempool_get_bulk(pool, (void **)pkts, BURST) != 0)
		exit(5);
	for (i = 0; i < BURST; i++) {
		pkts[i]->data_off = RTE_PKTMBUF_HEADROOM;
		pkts[i]->nb_segs = 1;
		pkts[i]->ol_flags = 0;
		pkts[i]->data_len = (uint16_t)payload;
		pkts[i]->pkt_len = payload;
		*rte_pktmbuf_mtod(pkts[i], volatile uint64_t *) = i;
	}
}

/* Packets one way; adds the cycles of both halves. */
static void
burst_run(struct bench *bench, uint64_t *driver, uint64_t *device)
{
	struct rte_mbuf *in[BURST];
	struct rte_mbuf *out[BURST];
	uint64_t begin;
	uint64_t middle;
	uint64_t end;
	uint16_t n;

	packets_get(bench->is_rx ? device_pool : driver_pool, in);
	begin = rte_rdtsc_precise();
	n = bench->is_rx ? rte_vhost2_net_enqueue_burst(bench->end.queue, in, BURST) :
		bench->burst(bench->queue, in, BURST);
	middle = rte_rdtsc_precise();
	n += bench->is_rx ? bench->burst(bench->queue, out, BURST) :
		rte_vhost2_net_dequeue_burst(bench->end.queue, out, BURST);
	end = rte_rdtsc_precise();
	if (n != 2 * BURST)
		exit(6);
	*driver += bench->is_rx ? end - middle : middle - begin;
	*device += bench->is_rx ? middle - begin : end - middle;
	if (bench->is_rx)
		rte_mempool_put_bulk(device_pool, (void **)in, BURST);
	rte_mempool_put_bulk(bench->is_rx ? driver_pool : device_pool, (void **)out, BURST);
}

static void
round_run(struct bench *bench, unsigned int round, double overhead)
{
	uint64_t driver = 0;
	uint64_t device = 0;
	unsigned int i;

	for (i = 0; i < BURSTS; i++)
		burst_run(bench, &driver, &device);
	bench->driver[round] = ((double)driver / BURSTS - overhead) / BURST;
	bench->device[round] = ((double)device / BURSTS - overhead) / BURST;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
clock_overhead(void)
{
	static double samples[100001];
	const size_t n = RTE_DIM(samples);
	size_t i;

	for (i = 0; i < n; i++) {
		const uint64_t begin = rte_rdtsc_precise();

		samples[i] = (double)(rte_rdtsc_precise() - begin);
	}
	qsort(samples, n, sizeof(double), compare);
	return samples[n / 2];
}

static void
report(struct bench *bench)
{
	qsort(bench->driver, ROUNDS, sizeof(double), compare);
	qsort(bench->device, ROUNDS, sizeof(double), compare);
	printf("%-40s driver %s %6.1f (best %.1f)   device %s %6.1f (best %.1f)\n", bench->name, bench->is_rx ? "rx" : "tx",
		bench->driver[ROUNDS / 2], bench->driver[0], bench->is_rx ? "enqueue" : "dequeue",
		bench->device[ROUNDS / 2], bench->device[0]);
}

int
main(int argc, char **argv)
{
	static struct bench benches[64];
	unsigned int nb = 0;
	unsigned int nr;
	unsigned int i;
	unsigned int round;
	double overhead;

	if (argc > 1)
		payload = (uint32_t)strtoul(argv[1], NULL, 10);
	RTE_PER_LCORE(_lcore_id) = 0;
	driver_pool = pool_make();
	device_pool = pool_make();
	for (i = 0; tx_paths(&nr), i < nr; i++)
		if (tx_paths(&nr)[i].traits.simd <= simd_bits(512))
			tx_open(&benches[nb++], &tx_paths(&nr)[i]);
	for (i = 0; rx_paths(&nr), i < nr; i++)
		if (rx_paths(&nr)[i].traits.simd <= simd_bits(512))
			rx_open(&benches[nb++], &rx_paths(&nr)[i]);
	overhead = clock_overhead();
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < nb; i++)
			round_run(&benches[i], round, overhead);
	for (i = 0; i < nb; i++)
		report(&benches[i]);
	return 0;
}
