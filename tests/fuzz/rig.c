/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See rig.h.
 */

#include <rte_ethdev.h>

#include "gate/gate.h"
#include "rig.h"
#include "rxtx/rx_queue.h"
#include "rxtx/simd.h"
#include "rxtx/tx_queue.h"
#include "virtio/feature.h"
#include "virtio/net.h"

/* Room for packets of which several make a jumbo, and for those that must fit in one buffer. */
#define ROOM_MERGED (RTE_PKTMBUF_HEADROOM + 256)
#define ROOM_WHOLE (RTE_PKTMBUF_HEADROOM + 1536)

static struct pool *
shared_pool(bool merges)
{
	static struct pool *merged, *whole;
	struct pool **const pool = merges ? &merged : &whole;

	if (*pool == NULL)
		*pool = pool_make(merges ? ROOM_MERGED : ROOM_WHOLE);
	return *pool;
}

static uint64_t
start_features(const struct rig_start *start, enum vring_format format, bool in_order, bool mergeable)
{
	uint64_t features = 0;

	if ((start->flags & RIG_LEGACY) == 0 || format == VRING_PACKED)
		features |= VIRTIO_BIT(VIRTIO_F_VERSION_1);
	if ((start->flags & RIG_HASH) != 0)
		features |= VIRTIO_BIT(VIRTIO_NET_F_HASH_REPORT);
	if ((start->flags & RIG_INDIRECT) != 0)
		features |= VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC);
	if ((start->flags & RIG_EVENT_IDX) != 0)
		features |= VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX);
	if (format == VRING_PACKED)
		features |= VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	if (in_order)
		features |= VIRTIO_BIT(VIRTIO_F_IN_ORDER);
	if (mergeable)
		features |= VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF);
	return features;
}

/* All that rows with offloads can have to do. */
#define RX_OFFLOAD_FEATURES (VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) | \
	VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO4) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO6))
#define RX_OFFLOADS (RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)
#define TX_OFFLOAD_FEATURES (VIRTIO_BIT(VIRTIO_NET_F_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4) | \
	VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO6) | VIRTIO_BIT(VIRTIO_NET_F_HOST_ECN) | VIRTIO_BIT(VIRTIO_NET_F_HOST_USO))

static uint32_t
start_size(const struct rig_start *start, enum vring_format format)
{
	if (format == VRING_PACKED)
		return 1 + start->size % RIG_SIZE_MAX;
	return 1u << start->size % 9;
}

static void
rig_begin(struct rig *rig, const struct rig_start *start, uint64_t features, uint32_t size, size_t len)
{
	/* No slower barrier than needed when gates close. */
	gate_setup();
	pool_begin(rig->pool, start->cap == 0 ? POOL_COUNT : start->cap);
	FUZZ_CHECK(posix_memalign(&rig->memory, 64, len) == 0);
	memset(rig->memory, 0xa5, len);
	rig->config = (struct queue_config){
		.port = "fuzz0",
		.port_id = 7,
		.size = size,
		.features = features,
		.mem = rig->memory,
		.mem_len = len,
		.notifier = {hostile_kick, &rig->hostile},
		.pool = pool_mp(rig->pool),
		.fast_free = (start->flags & RIG_FAST_FREE) != 0,
	};
	rig->hostile.pool = rig->pool;
	rig->hostile.memory = rig->memory;
	rig->hostile.memory_len = len;
	rig->hostile.hdr_len = (uint32_t)virtio_net_hdr_len(features);
}

/*
 * As if the ring had gone round many times: positions are all alike then, and slots where they
 * were.
 */
static uint32_t
start_near_wrap(struct virtqueue *vq, const struct rig_start *start)
{
	const uint16_t base = (uint16_t)(0u - vq->size);

	if ((start->flags & RIG_NEAR_WRAP) == 0 || vq->area.format == VRING_PACKED)
		return vring_base_start(vq->area.format);
	vq->avail_idx = base;
	vq->used_idx = base;
	vq->used_seen = base;
	vq->desc_next = base;
	vq->desc_freed = base;
	split_used_publish(split_used_ring(&vq->area), base);
	return base;
}

void
rig_free_held(struct rig *rig)
{
	while (rig->nr_held > 0)
		rte_pktmbuf_free(rig->held[--rig->nr_held]);
}

const struct queue_stats *
rig_stats(const struct rig *rig)
{
	return rig->rxq != NULL ? rxq_stats(rig->rxq) : txq_stats(rig->txq);
}

bool
rig_is_broken(const struct rig *rig)
{
	return rig->rxq != NULL ? rig->rxq->vq.broken : rig->txq->vq.broken;
}

static void
rig_end(struct rig *rig)
{
	rig_free_held(rig);
	free(rig->memory);
	pool_end(rig->pool);
}

/* --- rx --- */

void
rx_rig_open(struct rig *rig, const struct rig_start *start)
{
	const struct rx_path *rows;
	uint64_t features;
	unsigned int nr;
	uint32_t size, base;

	memset(rig, 0, sizeof(*rig));
	rows = rx_paths(&nr);
	rig->rx = &rows[start->row % nr];
	/* Rows without vectors come first. */
	while (rig->rx->traits.simd > simd_bits(UINT16_MAX))
		rig->rx--;
	features = start_features(start, rig->rx->traits.format, rig->rx->traits.in_order, rig->rx->traits.mergeable);
	if (rig->rx->traits.offload)
		features |= RX_OFFLOAD_FEATURES;
	size = start_size(start, rig->rx->traits.format);
	rig->pool = shared_pool(rig->rx->traits.mergeable);
	rig_begin(rig, start, features, size, rxq_mem_bytes(features, size));
	rig->config.offloads = rig->rx->traits.offload ? RX_OFFLOADS : 0;
	FUZZ_CHECK(rxq_create(&rig->config, &rig->rxq) == 0);
	rig->hostile.area = rxq_area(rig->rxq);
	base = start_near_wrap(&rig->rxq->vq, start);
	rxq_fill(rig->rxq, 0);
	hostile_start(&rig->hostile, base);
	rxq_open(rig->rxq);
}

void
rx_rig_close(struct rig *rig)
{
	rxq_close(rig->rxq);
	rxq_destroy(rig->rxq);
	rig_end(rig);
}

static void
rx_check_packet(struct rig *rig, const struct rte_mbuf *m)
{
	const uint32_t stripped = (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0 ? RTE_VLAN_HLEN : 0;
	const uint32_t len = m->pkt_len + stripped;

	pool_check_packet(rig->pool, m);
	FUZZ_CHECK(len >= RTE_ETHER_HDR_LEN && len <= RX_PACKET_MAX);
	FUZZ_CHECK(rig->rx->traits.offload || m->ol_flags == 0);
	FUZZ_CHECK((m->ol_flags & RTE_MBUF_F_RX_LRO) == 0 || m->tso_segsz > 0);
	FUZZ_CHECK(m->nb_segs <= (rig->rx->traits.mergeable ? rig->config.size : 1));
	FUZZ_CHECK(m->port == rig->config.port_id);
	rig->packets++;
	rig->bytes += len;
}

/* Packets that were dropped. */
static uint64_t
rx_drops(const struct rig *rig)
{
	return rig_stats(rig)->bad_length + rig_stats(rig)->bad_chain + rig_stats(rig)->bad_csum +
		rig_stats(rig)->bad_gso;
}

/*
 * No buffer goes back to the pool without a counter that tells why, and none of these counts alone. Of a packet that
 * was counted before, the rest follows without one.
 */
static void
rx_check_drops(struct rig *rig, uint64_t drops, bool was_failing)
{
	const unsigned int puts = pool_count_puts(rig->pool);

	FUZZ_CHECK(puts == 0 || was_failing || rx_drops(rig) > drops);
	FUZZ_CHECK(rx_drops(rig) - drops <= puts);
}

uint16_t
rx_rig_burst(struct rig *rig, uint16_t n, bool keep)
{
	const bool was_failing = rig->rxq->pending.due > 0 && rig->rxq->pending.head == NULL;
	const bool was_broken = rig_is_broken(rig);
	const uint64_t drops = rx_drops(rig);
	const unsigned int kicks = rig->hostile.kicks;
	struct rte_mbuf *pkts[RIG_BURST];
	uint16_t got, i;

	n = n <= RIG_BURST ? n : RIG_BURST;
	pool_count_moves(rig->pool);
	pool_count_puts(rig->pool);
	got = rig->rx->burst(rig->rxq, pkts, n);
	FUZZ_CHECK(got <= n);
	FUZZ_CHECK(!was_broken || got == 0);
	/*
	 * No more work than there are buffers: each goes home and comes out at most once, and some
	 * in bulk.
	 */
	FUZZ_CHECK(pool_count_moves(rig->pool) <= 3 * rig->config.size + 8);
	FUZZ_CHECK(rig->hostile.kicks - kicks <= 1);
	rx_check_drops(rig, drops, was_failing);
	for (i = 0; i < got; i++) {
		rx_check_packet(rig, pkts[i]);
		if (keep && rig->nr_held < RIG_HELD)
			rig->held[rig->nr_held++] = pkts[i];
		else
			rte_pktmbuf_free(pkts[i]);
	}
	FUZZ_CHECK(rig_stats(rig)->packets == rig->packets && rig_stats(rig)->bytes == rig->bytes);
	return got;
}

void
rx_rig_resync(struct rig *rig)
{
	uint32_t base = 0;

	rxq_close(rig->rxq);
	if (rxq_resync(rig->rxq, &base) == 0) {
		FUZZ_CHECK(!rig_is_broken(rig));
		hostile_start(&rig->hostile, base);
	}
	rxq_open(rig->rxq);
}

void
rx_rig_discard(struct rig *rig)
{
	rxq_close(rig->rxq);
	rxq_discard(rig->rxq);
	FUZZ_CHECK(!rig_is_broken(rig));
	rxq_fill(rig->rxq, 0);
	hostile_start(&rig->hostile, vring_base_start(rig->hostile.area->format));
	rxq_open(rig->rxq);
}

/* --- tx --- */

void
tx_rig_open(struct rig *rig, const struct rig_start *start)
{
	const struct tx_path *rows;
	uint64_t features;
	unsigned int nr;
	uint32_t size, base;

	memset(rig, 0, sizeof(*rig));
	rows = tx_paths(&nr);
	rig->tx = &rows[start->row % nr];
	while (rig->tx->traits.simd > simd_bits(UINT16_MAX))
		rig->tx--;
	features = start_features(start, rig->tx->traits.format, rig->tx->traits.in_order, false);
	if (rig->tx->traits.offload)
		features |= TX_OFFLOAD_FEATURES;
	size = start_size(start, rig->tx->traits.format);
	rig->pool = shared_pool(true);
	rig_begin(rig, start, features, size, txq_mem_bytes(features, size));
	FUZZ_CHECK(txq_create(&rig->config, &rig->txq) == 0);
	rig->hostile.area = txq_area(rig->txq);
	base = start_near_wrap(&rig->txq->vq, start);
	hostile_start(&rig->hostile, base);
	txq_open(rig->txq);
}

void
tx_rig_close(struct rig *rig)
{
	txq_close(rig->txq);
	txq_destroy(rig->txq);
	rig_end(rig);
}

uint16_t
tx_rig_burst(struct rig *rig, struct rte_mbuf **pkts, uint16_t n)
{
	const bool was_broken = rig_is_broken(rig);
	const unsigned int kicks = rig->hostile.kicks;
	uint16_t taken, i;

	taken = rig->tx->burst(rig->txq, pkts, n);
	FUZZ_CHECK(taken <= n);
	FUZZ_CHECK(!was_broken || taken == 0);
	FUZZ_CHECK(rig->hostile.kicks - kicks <= 1);
	for (i = taken; i < n; i++)
		rte_pktmbuf_free(pkts[i]);
	rig->packets += taken;
	FUZZ_CHECK(rig_stats(rig)->packets + rig_stats(rig)->too_long + rig_stats(rig)->bad_offload == rig->packets);
	FUZZ_CHECK(txq_in_flight(rig->txq) <= rig->config.size);
	return taken;
}

void
tx_rig_resync(struct rig *rig)
{
	uint32_t base = 0;

	txq_close(rig->txq);
	if (txq_resync(rig->txq, &base) == 0) {
		FUZZ_CHECK(!rig_is_broken(rig));
		hostile_start(&rig->hostile, base);
	}
	txq_open(rig->txq);
}

void
tx_rig_discard(struct rig *rig)
{
	/* What the device had returned, and what of that could be believed, nobody knows out here. */
	const uint64_t most = rig_stats(rig)->dropped + virtqueue_outstanding(&rig->txq->vq);

	txq_close(rig->txq);
	txq_discard(rig->txq);
	FUZZ_CHECK(rig_stats(rig)->dropped <= most);
	FUZZ_CHECK(!rig_is_broken(rig));
	FUZZ_CHECK(txq_in_flight(rig->txq) == 0);
	hostile_start(&rig->hostile, vring_base_start(rig->hostile.area->format));
	txq_open(rig->txq);
}
