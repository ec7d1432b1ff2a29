/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See tx_odd.h and tx_free.h. In rows with offloads whatever a packet asks for beyond a checksum is done here as well.
 */

#include "ring/verbs.h"
#include "rxtx/net_hdr.h"
#include "rxtx/tx_free.h"
#include "rxtx/tx_odd.h"

/* A packet as it will lie in the ring. */
struct tx_plan {
	struct rte_mbuf *m;
	struct net_hdr_words words;
	bool hdr_in_headroom;
	uint32_t tag_len;     /* of the addresses and tag behind a header that stands alone; 0: no tag is to be put in */
	uint32_t links;       /* header (if it stands alone) and segments that have bytes */
	uint64_t bytes;       /* without header */
};

static bool
has_private_headroom(const struct rte_mbuf *m, uint32_t hdr_len)
{
	return rte_mbuf_refcnt_read(m) == 1 && (m->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)) == 0 &&
		m->data_off >= hdr_len && m->data_len > 0;
}

/* Bytes of the first segment that go out by another way: the addresses, if a tag has to follow them. */
static uint32_t
plan_skip(const struct tx_plan *plan)
{
	return plan->tag_len > 0 ? TAGGED_ADDRS_LEN : 0;
}

/* A tag goes into the frame itself where nobody else can see that; then the packet is one without the wish. */
static void
plan_tag(struct tx_plan *plan, const struct virtio_txq *txq)
{
	struct rte_mbuf *const m = plan->m;

	if (txq->offload.allowed == 0 || (m->ol_flags & RTE_MBUF_F_TX_VLAN) == 0 || m->data_len < RTE_ETHER_HDR_LEN)
		return;
	if (has_private_headroom(m, txq->hdr_len + RTE_VLAN_HLEN))
		tx_insert_tag(m);
	else
		plan->tag_len = TAGGED_ADDRS_LEN + RTE_VLAN_HLEN;
}

static struct tx_plan
plan_make(const struct virtio_txq *txq, struct rte_mbuf *m)
{
	struct tx_plan plan = {.m = m};
	const struct rte_mbuf *segment;

	plan_tag(&plan, txq);
	plan.hdr_in_headroom = plan.tag_len == 0 && has_private_headroom(m, txq->hdr_len);
	plan.links = plan.hdr_in_headroom ? 0 : 1;
	for (segment = m; segment != NULL; segment = segment->next) {
		plan.links += segment->data_len > 0;
		plan.bytes += segment->data_len;
	}
	plan.bytes += plan.tag_len > 0 ? RTE_VLAN_HLEN : 0;
	return plan;
}

/* What is asked for but the tag. @return whether it can be had. */
static bool
plan_offload(struct tx_plan *plan, const struct virtio_txq *txq)
{
	struct rte_mbuf *const m = plan->m;

	if (txq->offload.allowed == 0)
		return true;
	if ((m->ol_flags & RTE_MBUF_F_TX_VLAN) != 0 && plan->tag_len == 0)
		return false;
	return tx_finish_ip(m) &&
		net_hdr_from_mbuf(&txq->offload, m, plan->tag_len > 0 ? RTE_VLAN_HLEN : 0, &plan->words);
}

static bool
can_use_table(const struct virtio_txq *txq, const struct tx_plan *plan)
{
	/* VIRTIO 1.3 2.7.5.3.1: "A driver MUST NOT create a descriptor chain longer than the Queue Size" */
	return txq->indirect && plan->links <= RTE_MIN((uint32_t)TX_TABLE_SIZE, txq->vq.size);
}

static void *
headroom_hdr(const struct virtio_txq *txq, const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, char *) - txq->hdr_len;
}

/* Next address and length of a plan's links. */
struct plan_walk {
	const struct rte_mbuf *segment;
	void *hdr; /* stands alone and comes first, or NULL */
};

struct link {
	uint64_t addr;
	uint32_t len;
};

static struct link
walk_next(struct plan_walk *walk, const struct virtio_txq *txq, const struct tx_plan *plan)
{
	struct link link = {.addr = (uintptr_t)walk->hdr, .len = txq->hdr_len + plan->tag_len};
	int32_t in_front = 0;

	if (walk->hdr != NULL) {
		walk->hdr = NULL;
		return link;
	}
	while (walk->segment->data_len == 0)
		walk->segment = walk->segment->next;
	if (walk->segment == plan->m)
		in_front = (plan->hdr_in_headroom ? (int32_t)txq->hdr_len : 0) - (int32_t)plan_skip(plan);
	link.addr = (uintptr_t)rte_pktmbuf_mtod(walk->segment, char *) - in_front;
	link.len = walk->segment->data_len + in_front;
	walk->segment = walk->segment->next;
	return link;
}

static struct tx_extra *
extra_of(const struct virtio_txq *txq, uint16_t head)
{
	return (struct tx_extra *)(txq->extra + (size_t)head * txq->extra_step);
}

static struct plan_walk
walk_begin(const struct virtio_txq *txq, const struct tx_plan *plan, uint16_t head)
{
	struct plan_walk walk = {.segment = plan->m};

	if (plan->hdr_in_headroom) {
		net_hdr_write(headroom_hdr(txq, plan->m), txq->hdr_len, plan->words);
		return walk;
	}
	walk.hdr = extra_of(txq, head)->hdr;
	net_hdr_write(walk.hdr, txq->hdr_len, plan->words);
	if (plan->tag_len > 0)
		tx_write_tagged(plan->m, (uint8_t *)walk.hdr + txq->hdr_len);
	return walk;
}

static void
place_by_table(struct virtio_txq *txq, const struct tx_plan *plan, struct vq_shape shape)
{
	struct vq_cursor at = vq_cursor_begin(&txq->vq, shape);
	const uint16_t head = vq_next_id(&at, shape);
	struct vring_desc *const table = extra_of(txq, head)->table;
	struct plan_walk walk = walk_begin(txq, plan, head);
	uint32_t i;

	for (i = 0; i < plan->links; i++) {
		const struct link link = walk_next(&walk, txq, plan);

		vq_table_write(table, shape, i, plan->links, link.addr, link.len);
	}
	vq_place(&at, shape, tx_cookie_marked(txq, plan->m), (uintptr_t)table, plan->links * sizeof(*table),
		VRING_DESC_F_INDIRECT);
	vq_cursor_end(&txq->vq, &at, shape);
}

static void
place_by_chain(struct virtio_txq *txq, const struct tx_plan *plan, struct vq_shape shape)
{
	struct vq_cursor at = vq_cursor_begin(&txq->vq, shape);
	const uint16_t head = vq_next_id(&at, shape);
	struct plan_walk walk = walk_begin(txq, plan, head);
	uint32_t i;

	for (i = 0; i < plan->links; i++) {
		const struct link link = walk_next(&walk, txq, plan);

		vq_chain_add(&txq->vq, &at, shape, link.addr, link.len,
			i + 1 == plan->links ? 0 : VRING_DESC_F_NEXT);
	}
	vq_chain_end(&txq->vq, &at, shape, head, (uint16_t)plan->links,
		tx_cookie_marked(txq, plan->m));
	vq_cursor_end(&txq->vq, &at, shape);
}

enum tx_verdict
tx_place_odd(struct virtio_txq *txq, struct rte_mbuf *m, struct vq_shape shape)
{
	struct tx_plan plan = plan_make(txq, m);
	const bool by_table = plan.links > 1 && can_use_table(txq, &plan);
	const uint32_t wanted = by_table ? 1 : plan.links;

	if (plan.bytes == 0 || plan.bytes > TX_PACKET_MAX || wanted > txq->vq.size) {
		txq->stats.too_long++;
		rte_pktmbuf_free(m);
		return TX_REFUSED;
	}
	if (unlikely(!plan_offload(&plan, txq))) {
		txq->stats.bad_offload++;
		rte_pktmbuf_free(m);
		return TX_REFUSED;
	}
	if (wanted > txq->vq.nb_free)
		return TX_NO_ROOM;
	if (by_table)
		place_by_table(txq, &plan, shape);
	else
		place_by_chain(txq, &plan, shape);
	txq->stats.bytes += plan.bytes;
	return TX_PLACED;
}

/* Where a packet goes back to by bulk; NULL: it does not. */
static struct rte_mempool *
pool_of(struct virtio_txq *txq, const void *cookie, const struct rte_mbuf *m)
{
	if (!tx_is_marked(cookie))
		return txq->pool;
	txq->nb_marked--;
	return tx_is_simple(mbuf_rearm_read(m), m->ol_flags) ? m->pool : NULL;
}

static void
run_free(struct rte_mempool *pool, void **run, void **end)
{
	if (end == run)
		return;
	if (pool != NULL)
		rte_mempool_put_bulk(pool, run, (unsigned int)(end - run));
	else
		rte_pktmbuf_free_bulk((struct rte_mbuf **)run, (unsigned int)(end - run));
}

void
tx_free_looking(struct virtio_txq *txq, void **cookies, uint16_t n)
{
	struct rte_mempool *pool = NULL;
	void **run = cookies;
	uint16_t i;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *const m = tx_cookie_packet(cookies[i]);
		struct rte_mempool *const next = pool_of(txq, cookies[i], m);

		cookies[i] = m;
		if (next == pool)
			continue;
		run_free(pool, run, &cookies[i]);
		run = &cookies[i];
		pool = next;
	}
	run_free(pool, run, &cookies[n]);
}
