/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Target: the tx burst of every row of the path table, and the queue's control side, under a
 * hostile used side. As fuzz_rx.c, but the steps of the application send packets of every shape:
 * one buffer or many, with and without headroom, shared, empty, longer than a ring or a packet may
 * be. Beyond the sanitizers: what the queue does not take is untouched and the caller's, counters
 * agree, a broken queue takes nothing, and at the end every mbuf is in the pool, freed once,
 * however the device returned it.
 */

#include <rte_ethdev.h>

#include "rig.h"

enum {
	STEP_SEND = HOSTILE_NR, /* b packets of shape a, c bytes or segments */
	STEP_FREE,              /* what the application still shares */
	STEP_RESYNC,
	STEP_DISCARD,
	STEP_CLOSED,
	STEP_CLEANUP,           /* b packets */
	STEP_LOOK,
	STEP_NR,
};

enum shape {
	SHAPE_PLAIN,
	SHAPE_SEGMENTS,    /* c of them */
	SHAPE_HOLES,       /* segments, every other one empty */
	SHAPE_NO_HEADROOM,
	SHAPE_SHARED,      /* the application keeps a reference */
	SHAPE_EMPTY,
	SHAPE_NR,
};

/* A promise of fast_free: nobody else holds the packets. */
static enum shape
allowed_shape(const struct rig *rig, uint8_t a)
{
	const enum shape shape = a % SHAPE_NR;

	return rig->config.fast_free && shape == SHAPE_SHARED ? SHAPE_PLAIN : shape;
}

/* Segments of a quarter of their room, so that few of them make a jumbo too long. */
static void
add_segments(struct rig *rig, struct rte_mbuf *head, uint32_t count, bool with_holes)
{
	struct rte_mbuf *tail = head;

	for (; count > 0; count--) {
		struct rte_mbuf *const m = pool_get(rig->pool);

		if (m == NULL)
			return;
		m->data_len = with_holes && (count & 1) != 0 ? 0 : rte_pktmbuf_tailroom(m);
		tail->next = m;
		tail = m;
		head->nb_segs++;
		head->pkt_len += m->data_len;
	}
}

/* Requests that make sense and others, of headers that are there and others. */
static void
ask(struct rte_mbuf *m, uint32_t c)
{
	static const uint64_t wishes[] = {
		0,
		RTE_MBUF_F_TX_VLAN,
		RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4,
		RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_VLAN,
		RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM,
		RTE_MBUF_F_TX_UDP_SEG | RTE_MBUF_F_TX_IPV6,
		RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TUNNEL_VXLAN,
		RTE_MBUF_F_TX_OFFLOAD_MASK,
	};

	m->ol_flags |= wishes[c % RTE_DIM(wishes)];
	m->l2_len = c & 0x7f;
	m->l3_len = c >> 3 & 0x1ff;
	m->l4_len = c >> 5 & 0xff;
	m->tso_segsz = c >> 2;
	m->outer_l2_len = c >> 6;
	m->outer_l3_len = c >> 4;
}

static struct rte_mbuf *
make_packet(struct rig *rig, enum shape shape, uint32_t c)
{
	struct rte_mbuf *const m = pool_get(rig->pool);

	if (m == NULL)
		return NULL;
	m->data_len = shape == SHAPE_EMPTY ? 0 : (uint16_t)(1 + c % 256);
	m->pkt_len = m->data_len;
	if (shape == SHAPE_NO_HEADROOM)
		m->data_off = (uint16_t)(c % 24);
	if (rig->tx->traits.offload)
		ask(m, c);
	if (shape == SHAPE_SEGMENTS || shape == SHAPE_HOLES)
		add_segments(rig, m, c % 300, shape == SHAPE_HOLES);
	if (shape == SHAPE_SHARED && rig->nr_held < RIG_HELD) {
		rte_mbuf_refcnt_update(m, 1);
		rig->held[rig->nr_held++] = m;
	}
	return m;
}

static uint16_t
send_packets(struct rig *rig, const struct step *step)
{
	const enum shape shape = allowed_shape(rig, step->a);
	struct rte_mbuf *pkts[RIG_BURST];
	uint16_t n = 0;

	while (n < RIG_BURST && n < step->b) {
		pkts[n] = make_packet(rig, shape, step->c);
		if (pkts[n] == NULL)
			break;
		n++;
	}
	return tx_rig_burst(rig, pkts, n);
}

static void
look(const struct rig *rig, uint16_t offset)
{
	const int status = txq_descriptor_status(rig->txq, offset);

	if (offset >= rig->config.size)
		FUZZ_CHECK(status < 0);
	else
		FUZZ_CHECK(status == RTE_ETH_TX_DESC_DONE || status == RTE_ETH_TX_DESC_FULL);
}

static void
send_while_closed(struct rig *rig, const struct step *step)
{
	txq_close(rig->txq);
	FUZZ_CHECK(send_packets(rig, step) == 0);
	FUZZ_CHECK(txq_done_cleanup(rig->txq, step->b) == 0);
	txq_open(rig->txq);
}

static void
run_step(struct rig *rig, const struct step *step)
{
	switch (step->op % STEP_NR) {
	case STEP_SEND:
		send_packets(rig, step);
		break;
	case STEP_FREE:
		rig_free_held(rig);
		break;
	case STEP_RESYNC:
		tx_rig_resync(rig);
		break;
	case STEP_DISCARD:
		tx_rig_discard(rig);
		break;
	case STEP_CLOSED:
		send_while_closed(rig, step);
		break;
	case STEP_CLEANUP:
		FUZZ_CHECK(txq_done_cleanup(rig->txq, step->b) <= (int)rig->config.size);
		break;
	case STEP_LOOK:
		look(rig, step->b);
		break;
	default:
		hostile_step(&rig->hostile, &(const struct step){step->op % STEP_NR, step->a, step->b, step->c});
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct steps steps = {data, size};
	struct step step;
	struct rig rig;

	if (!steps_next(&steps, &step))
		return -1;
	tx_rig_open(&rig, &(const struct rig_start){.row = step.op, .size = step.a, .cap = step.b, .flags = step.c});
	while (steps_next(&steps, &step))
		run_step(&rig, &step);
	tx_rig_close(&rig);
	return 0;
}
