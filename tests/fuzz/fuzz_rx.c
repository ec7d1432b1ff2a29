/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Target: the rx burst of every row of the path table, and the queue's control side, under a
 * hostile used side. The first step picks row, ring size, features and how many mbufs there are;
 * each further step is something that the device does to rings and buffers (hostile.c), or a burst,
 * a gate, a resync, a discard, a look. Rings and buffers are heap blocks of exactly their size, and
 * mbufs at home are poisoned, so a sanitizer sees whoever follows a word of the device's too far.
 * Beyond that: packets are whole, within their buffers and handed out once; counters agree; a
 * broken queue gives nothing; work is bounded; and at the end every mbuf is in the pool.
 */

#include <rte_ethdev.h>

#include "rig.h"

enum {
	STEP_BURST = HOSTILE_NR, /* b packets, kept if a is odd */
	STEP_FREE,
	STEP_RESYNC,
	STEP_DISCARD,
	STEP_CLOSED, /* a burst of b while the gate is closed */
	STEP_FILL,
	STEP_LOOK,   /* at descriptor b */
	STEP_NR,
};

static void
look(const struct rig *rig, uint16_t offset)
{
	const int status = rxq_descriptor_status(rig->rxq, offset);

	FUZZ_CHECK(rxq_count(rig->rxq) <= rig->config.size);
	if (offset >= rig->config.size)
		FUZZ_CHECK(status < 0);
	else
		FUZZ_CHECK(status == RTE_ETH_RX_DESC_AVAIL || status == RTE_ETH_RX_DESC_DONE ||
			status == RTE_ETH_RX_DESC_UNAVAIL);
}

static void
burst_while_closed(struct rig *rig, uint16_t n)
{
	rxq_close(rig->rxq);
	FUZZ_CHECK(rx_rig_burst(rig, n, false) == 0);
	rxq_open(rig->rxq);
}

static void
run_step(struct rig *rig, const struct step *step)
{
	switch (step->op % STEP_NR) {
	case STEP_BURST:
		rx_rig_burst(rig, step->b, (step->a & 1) != 0);
		break;
	case STEP_FREE:
		rig_free_held(rig);
		break;
	case STEP_RESYNC:
		rx_rig_resync(rig);
		break;
	case STEP_DISCARD:
		rx_rig_discard(rig);
		break;
	case STEP_CLOSED:
		burst_while_closed(rig, step->b);
		break;
	case STEP_FILL:
		rxq_fill(rig->rxq, 0);
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
	rx_rig_open(&rig, &(const struct rig_start){.row = step.op, .size = step.a, .cap = step.b, .flags = step.c});
	while (steps_next(&steps, &step))
		run_step(&rig, &step);
	rx_rig_close(&rig);
	return 0;
}
