/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* What one core does at one end; see end.h. */

#include <string.h>

#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "end.h"
#include "line.h"

void
end_init(struct end *end, struct contender *contender, const struct bench_plan *plan,
	enum end_side side, uint8_t does)
{
	memset(end, 0, sizeof(*end));
	end->plan = plan;
	end->pool = contender->pools[side];
	end->out = contender->flows[side];
	end->port = side == SIDE_FRONT ? contender->pair.front : contender->pair.back;
	end->does = does;
}

void
ends_link(struct end *front, struct end *back, const enum phase *phase)
{
	front->phase = back->phase = phase;
	front->in = back->does & END_RETURNS ? front->out : back->out;
	back->in = front->does & END_RETURNS ? back->out : front->out;
}

static enum phase
phase_of(const struct end *end)
{
	return __atomic_load_n(end->phase, __ATOMIC_ACQUIRE);
}

/** For counters with one writer: no locked instruction is needed. */
static void
publish(uint64_t *counter, uint64_t count)
{
	__atomic_store_n(counter, *counter + count, __ATOMIC_RELAXED);
}

static uint16_t
held_push(struct end *end, uint16_t queue)
{
	struct held *held = &end->held[queue];
	uint16_t sent = rte_eth_tx_burst(end->port, queue, held->mbufs + held->first, held->count);

	held->first += sent;
	held->count -= sent;
	return sent;
}

static uint16_t
queue_send(struct end *end, uint16_t queue)
{
	struct held *held = &end->held[queue];
	struct flow *flow = &end->out[queue];
	uint16_t sent;

	if (held->count == 0) {
		held->first = 0;
		held->count = flow_make(flow, end->plan, end->pool, held->mbufs);
	}
	sent = held_push(end, queue);
	flow->sent += sent;
	publish(&end->sent, sent);
	return sent;
}

static uint16_t
queue_receive(struct end *end, uint16_t queue)
{
	struct rte_mbuf *mbufs[BENCH_MAX_BURST];
	uint16_t count = rte_eth_rx_burst(end->port, queue, mbufs, plan_ask(end->plan));

	if (count > 0)
		flow_receive(&end->in[queue], end->plan, mbufs, count);
	publish(&end->received, count);
	return count;
}

static uint16_t
queue_return(struct end *end, uint16_t queue)
{
	struct held *held = &end->held[queue];

	if (held->count == 0) {
		held->first = 0;
		held->count = rte_eth_rx_burst(end->port, queue, held->mbufs,
			plan_ask(end->plan));
	}
	return held->count > 0 ? held_push(end, queue) : 0;
}

void
end_round(struct end *end)
{
	bool may_send = phase_of(end) == PHASE_RUN;
	uint32_t moved = 0;

	for (uint16_t queue = 0; queue < end->plan->queues; queue++) {
		if (end->does & END_RETURNS)
			moved += queue_return(end, queue);
		if (end->does & END_RECEIVES)
			moved += queue_receive(end, queue);
		if ((end->does & END_SENDS) && may_send)
			moved += queue_send(end, queue);
	}
	publish(&end->rounds, 1);
	publish(&end->idle, moved == 0);
	publish(&end->drain_rounds, !may_send);
}

void
end_finish(struct end *end)
{
	for (uint16_t queue = 0; queue < end->plan->queues; queue++) {
		struct held *held = &end->held[queue];

		if (end->does & END_SENDS)
			flow_unmake(&end->out[queue], held->mbufs + held->first, held->count);
		else
			rte_pktmbuf_free_bulk(held->mbufs + held->first, held->count);
		held->count = 0;
	}
}

int
end_loop(void *arg)
{
	struct end *end = arg;

	while (phase_of(end) != PHASE_STOP)
		end_round(end);
	end_finish(end);
	return 0;
}

static int
line_loop(void *arg)
{
	line_pong(arg, LINE_TRIPS);
	return 0;
}

double
end_line_ns(unsigned int worker)
{
	struct line line = {0};
	double ns;

	if (rte_eal_remote_launch(line_loop, &line, worker) != 0)
		return 0;
	ns = line_ping(&line, LINE_TRIPS);
	rte_eal_wait_lcore(worker);
	return ns;
}

unsigned int
end_worker(void)
{
	return rte_get_next_lcore(-1, 1, 0);
}
