/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Packets that the enqueue loop leaves: of several segments, with work for the driver, over merged or chained buffers.
 *
 * Buffers are gathered first, and written only when there are enough: a packet is in the ring whole or not at all.
 */

#include <string.h>

#include "vhost2_net/cursor.h"
#include "vhost2_net/queue.h"

/** Buffers for one packet. */
struct gathered {
	uint32_t nr_segs;
	uint16_t nr_chains;
	uint64_t room;
};

static enum net_verdict
packet_drop(uint64_t *counter)
{
	(*counter)++;
	return NET_DROPPED;
}

/** One more buffer. @return false: none, now or ever. */
static bool
gather_one(struct rte_vhost2_net_queue *queue, struct gathered *got)
{
	struct rte_vhost2_chain *const chain = &queue->chains[got->nr_chains];

	if (!rte_vhost2_vq_pop(queue->vdev, queue->vq, chain, queue->segs + got->nr_segs, queue->nr_segs - got->nr_segs))
		return false;
	/* A receive buffer is for the device to write, all of it. */
	if (chain->nr_readable != 0) {
		rte_vhost2_vq_break(queue->vdev, queue->vq, RTE_VHOST2_ERR_DESCRIPTOR);
		return false;
	}
	got->nr_segs += chain->nr_segs;
	got->nr_chains++;
	got->room += chain->writable_len;
	return true;
}

/**
 * Buffers for @p needed bytes: several if the driver merges them, one otherwise.
 *
 * @return NET_DROPPED: there is never going to be enough.
 */
static enum net_verdict
gather(struct rte_vhost2_net_queue *queue, uint64_t needed, struct gathered *got)
{
	const bool mergeable = (queue->features & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)) != 0;
	const uint32_t most = mergeable ? queue->vq->size : 1;

	memset(got, 0, sizeof(*got));
	while (got->room < needed) {
		/* The whole ring, or as many segments, hold less than this packet: waiting does not help. */
		if (got->nr_chains >= most || got->nr_segs > queue->vq->size)
			return packet_drop(&queue->stats.too_long);
		if (!gather_one(queue, got))
			return NET_LATER;
	}
	return NET_DONE;
}

/** Write header, data and checksums. 0 or as net_cursor_write(). */
static int
packet_write(struct rte_vhost2_net_queue *queue, const struct rte_mbuf *m, const struct net_plan *plan, uint32_t nr_segs)
{
	const struct net_cursor start = net_cursor_begin(queue->vdev, queue->vq, queue->segs, nr_segs);
	struct net_cursor cursor = start;
	unsigned int i;
	int rc;

	rc = net_cursor_write(&cursor, &plan->hdr, queue->hdr_len);
	for (; m != NULL && rc == 0; m = m->next)
		rc = net_cursor_write(&cursor, rte_pktmbuf_mtod(m, const void *), m->data_len);
	for (i = 0; i < plan->nr_patches && rc == 0; i++) {
		cursor = start;
		rc = net_cursor_skip(&cursor, queue->hdr_len + plan->patch[i].at);
		if (rc == 0)
			rc = net_cursor_write(&cursor, &plan->patch[i].value, sizeof(plan->patch[i].value));
	}
	return rc;
}

/** Share the bytes written among the buffers, and give them to the driver all at once. */
static void
chains_push(struct rte_vhost2_net_queue *queue, uint16_t nr_chains, uint64_t written)
{
	uint16_t i;

	for (i = 0; i < nr_chains; i++) {
		struct rte_vhost2_chain *const chain = &queue->chains[i];

		chain->written = (uint32_t)RTE_MIN(written, (uint64_t)chain->writable_len);
		written -= chain->written;
	}
	/*
	 * VIRTIO 1.3 5.1.6.4.1: "The device MUST use all buffers used by a single receive packet together" - one push;
	 * and "MUST use all buffers but the last (i.e. the first num_buffers - 1 buffers) completely up to the full
	 * length of each buffer supplied by the driver."
	 */
	rte_vhost2_vq_push(queue->vdev, queue->vq, queue->chains, nr_chains);
}

static enum net_verdict
packet_put(struct rte_vhost2_net_queue *queue, const struct rte_mbuf *m, struct net_plan *plan)
{
	const uint64_t needed = (uint64_t)queue->hdr_len + m->pkt_len;
	struct gathered got;
	enum net_verdict verdict = gather(queue, needed, &got);
	int rc;

	if (verdict != NET_DONE)
		return verdict;
	plan->hdr.hdr.num_buffers = got.nr_chains;
	rc = packet_write(queue, m, plan, got.nr_segs);
	if (rc != 0) {
		vhost2_pop_fail(queue->vdev, queue->vq, rc);
		return NET_LATER;
	}
	chains_push(queue, got.nr_chains, needed);
	return NET_DONE;
}

enum net_verdict
net_enqueue_odd(struct rte_vhost2_net_queue *queue, struct rte_mbuf *m)
{
	const struct rte_vhost2_vq_pos before = queue->vq->pos;
	enum net_verdict verdict;
	struct net_plan plan;

	if (!rte_vhost2_vq_ready(queue->vdev, queue->vq))
		return NET_LATER;
	queue->stats.odd++;
	if (m->pkt_len == 0)
		return packet_drop(&queue->stats.bad_length);
	if (!net_plan_make(queue, m, &plan))
		return packet_drop(&queue->stats.unsupported);
	verdict = packet_put(queue, m, &plan);
	if (verdict != NET_DONE) {
		queue->vq->pos = before;
		return verdict;
	}
	queue->stats.packets++;
	queue->stats.bytes += m->pkt_len;
	queue->stats.csum_done += plan.nr_patches > 0;
	return NET_DONE;
}
