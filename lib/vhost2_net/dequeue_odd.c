/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Buffers that the dequeue loop leaves: chains, tables, pieces in several regions, lengths that cannot be, packets
 * longer than an mbuf. And everything, one by one, when the pool runs dry.
 */

#include <string.h>

#include "vhost2_net/cursor.h"
#include "vhost2_net/mbuf_words.h"
#include "vhost2_net/queue.h"

/** As many mbufs as @p len needs, chained, or NULL. */
static struct rte_mbuf *
mbufs_get(struct rte_vhost2_net_queue *queue, uint32_t len)
{
	struct rte_mbuf *head = NULL;
	struct rte_mbuf *tail = NULL;
	uint32_t left;

	for (left = len; left > 0; left -= tail->data_len) {
		void *object;

		if (rte_mempool_get(queue->pool, &object) != 0) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		net_mbuf_fill(object, queue->rearm, RTE_MIN(left, queue->room));
		if (head == NULL) {
			head = object;
		} else {
			tail->next = object;
			head->nb_segs++;
		}
		tail = object;
	}
	head->pkt_len = len;
	return head;
}

static int
mbufs_fill(struct net_cursor *cursor, struct rte_mbuf *m)
{
	int rc = 0;

	for (; m != NULL && rc == 0; m = m->next)
		rc = net_cursor_read(cursor, rte_pktmbuf_mtod(m, void *), m->data_len);
	return rc;
}

/** Copy a chain of good length. @p m: set on NET_DONE. */
static enum net_verdict
chain_take(struct rte_vhost2_net_queue *queue, const struct rte_vhost2_chain *chain, struct rte_mbuf **m)
{
	struct net_cursor cursor = net_cursor_begin(queue->vdev, queue->vq, queue->segs, chain->nr_segs);
	struct virtio_net_hdr_v1_hash hdr;
	struct rte_mbuf *packet;
	int rc;

	packet = mbufs_get(queue, chain->readable_len - queue->hdr_len);
	if (packet == NULL) {
		queue->stats.no_mbuf++;
		return NET_LATER;
	}
	rc = net_cursor_read(&cursor, &hdr, queue->hdr_len);
	if (rc == 0)
		rc = mbufs_fill(&cursor, packet);
	if (rc != 0) {
		vhost2_pop_fail(queue->vdev, queue->vq, rc);
		rte_pktmbuf_free(packet);
		return NET_LATER;
	}
	if (!net_header_to_mbuf(queue, (const struct virtio_net_hdr *)&hdr, packet)) {
		queue->stats.bad_header++;
		rte_pktmbuf_free(packet);
		return NET_DROPPED;
	}
	*m = packet;
	return NET_DONE;
}

static enum net_verdict
chain_judge(struct rte_vhost2_net_queue *queue, const struct rte_vhost2_chain *chain, struct rte_mbuf **m)
{
	const uint32_t hdr_len = queue->hdr_len;

	/* VIRTIO 1.3 5.1.6.2: "The header and packet are added as one output descriptor to the transmitq" */
	if (chain->nr_readable != chain->nr_segs) {
		rte_vhost2_vq_break(queue->vdev, queue->vq, RTE_VHOST2_ERR_DESCRIPTOR);
		return NET_LATER;
	}
	if (chain->readable_len <= hdr_len || chain->readable_len - hdr_len > queue->max_packet) {
		queue->stats.bad_length++;
		return NET_DROPPED;
	}
	return chain_take(queue, chain, m);
}

enum net_verdict
net_dequeue_odd(struct rte_vhost2_net_queue *queue, struct rte_mbuf **m)
{
	const struct rte_vhost2_vq_pos before = queue->vq->pos;
	struct rte_vhost2_chain chain;
	enum net_verdict verdict;

	if (!rte_vhost2_vq_pop(queue->vdev, queue->vq, &chain, queue->segs, queue->vq->size))
		return NET_LATER;
	queue->stats.odd++;
	verdict = chain_judge(queue, &chain, m);
	if (verdict == NET_LATER) {
		queue->vq->pos = before;
		return NET_LATER;
	}
	rte_vhost2_vq_push(queue->vdev, queue->vq, &chain, 1);
	if (verdict == NET_DONE) {
		queue->stats.packets++;
		queue->stats.bytes += (*m)->pkt_len;
	}
	return verdict;
}
