/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The rare cases of rx, out of the burst's way: packets that fill several buffers, packets that cannot be, and a pool
 * that runs dry.
 *
 * A packet is taken whole or not at all. Its first buffer says how many there are; those that have not come yet stay
 * due in the queue, over as many bursts as it takes. An error turns the packet into one that is discarded: what was
 * taken goes back to the pool at once, what is still due goes there when it comes, and the packet counts once.
 */

#include <string.h>

#include "rxtx/net_hdr.h"
#include "rxtx/rx_queue.h"

static struct rte_mbuf *
buffer_refuse(struct virtio_rxq *rxq, struct rte_mbuf *m, uint64_t *counter)
{
	(*counter)++;
	rte_mempool_put(rxq->pool, m);
	return NULL;
}

/* The packet is not to be had: free what came of it; what is still due follows. */
static void
pending_fail(struct virtio_rxq *rxq, uint64_t *counter)
{
	(*counter)++;
	rte_pktmbuf_free(rxq->pending.head);
	rxq->pending.head = NULL;
	rxq->pending.tail = NULL;
}

void
rx_pending_discard(struct virtio_rxq *rxq)
{
	if (rxq->pending.head != NULL)
		pending_fail(rxq, &rxq->stats.bad_chain);
	rxq->pending.due = 0;
}

static void
pending_begin(struct virtio_rxq *rxq, struct rte_mbuf *m, uint32_t len, uint16_t num_buffers)
{
	mbuf_fill(m, rxq->init, len - rxq->hdr_len);
	rxq->pending.head = m;
	rxq->pending.tail = m;
	rxq->pending.due = num_buffers - 1;
	if (len == rxq->hdr_len || len > rxq->posted_len)
		pending_fail(rxq, &rxq->stats.bad_length);
}

/* Only the first buffer has a header: the data of the others begins where theirs would be. */
static void
pending_append(struct virtio_rxq *rxq, struct rte_mbuf *m, uint32_t len)
{
	struct mbuf_init init = rxq->init;

	init.rearm -= rxq->hdr_len;
	mbuf_fill(m, init, len);
	rxq->pending.tail->next = m;
	rxq->pending.tail = m;
	rxq->pending.head->nb_segs++;
	rxq->pending.head->pkt_len += len;
}

static struct rte_mbuf *
pending_end(struct virtio_rxq *rxq)
{
	struct rte_mbuf *const packet = rxq->pending.head;

	if (packet->pkt_len + rxq->hdr_len < rxq->min_len) {
		pending_fail(rxq, &rxq->stats.bad_length);
		return NULL;
	}
	rxq->pending.head = NULL;
	rxq->pending.tail = NULL;
	return packet;
}

static struct rte_mbuf *
pending_continue(struct virtio_rxq *rxq, struct rte_mbuf *m, uint32_t len)
{
	rxq->pending.due--;
	if (rxq->pending.head == NULL) {
		rte_mempool_put(rxq->pool, m);
		return NULL;
	}
	if (len == 0 || len > rxq->posted_len || rxq->pending.head->pkt_len + len > RX_PACKET_MAX) {
		rte_mempool_put(rxq->pool, m);
		pending_fail(rxq, &rxq->stats.bad_length);
		return NULL;
	}
	pending_append(rxq, m, len);
	return rxq->pending.due == 0 ? pending_end(rxq) : NULL;
}

struct rte_mbuf *
rx_odd_buffer(struct virtio_rxq *rxq, struct rte_mbuf *m, uint32_t len, uint16_t num_buffers)
{
	if (rxq->pending.due != 0)
		return pending_continue(rxq, m, len);
	if (len < rxq->hdr_len)
		return buffer_refuse(rxq, m, &rxq->stats.bad_length);
	/* With a false number nobody knows where the packet would end: only this buffer is given up. */
	if (num_buffers == 0 || num_buffers > rxq->vq.size)
		return buffer_refuse(rxq, m, &rxq->stats.bad_chain);
	if (num_buffers == 1)
		return buffer_refuse(rxq, m, &rxq->stats.bad_length);
	pending_begin(rxq, m, len, num_buffers);
	return NULL;
}

void
rx_refuse_header(struct virtio_rxq *rxq, struct rte_mbuf *m, enum net_hdr_verdict verdict)
{
	if (verdict == NET_HDR_BAD_CSUM)
		rxq->stats.bad_csum++;
	else
		rxq->stats.bad_gso++;
	rxq->stats.bytes -= m->pkt_len;
	rte_pktmbuf_free(m);
}

uint16_t
rx_clip_at_seam(struct virtio_rxq *rxq, uint16_t ready)
{
	uint16_t left = (uint16_t)(rxq->seams[0] - rxq->vq.used_idx);

	if (left == 0) {
		rx_pending_discard(rxq);
		rxq->nb_seams--;
		rxq->has_seam = rxq->nb_seams > 0;
		memmove(rxq->seams, rxq->seams + 1, rxq->nb_seams * sizeof(rxq->seams[0]));
		left = rxq->has_seam ? (uint16_t)(rxq->seams[0] - rxq->vq.used_idx) : ready;
	}
	return RTE_MIN(ready, left);
}

unsigned int
rx_alloc_some(struct virtio_rxq *rxq, void **buffers, unsigned int n)
{
	unsigned int got = 0;

	while (got < n && rte_mempool_get(rxq->pool, &buffers[got]) == 0)
		got++;
	rxq->stats.no_mbuf += n - got;
	return got;
}
