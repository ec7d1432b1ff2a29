/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The closed loop; the whole data path of an application is queue_send() and queue_receive(). */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_random.h>

#include "exchange.h"

/* A reflecting peer on a busy machine may be descheduled for long, but not for this long. */
#define STALL_SECONDS 5
#define TICKS_PER_SECOND 50
/* Turns between two looks at the clock, and idle turns before the CPU is offered to the peer. */
#define TURNS_PER_LOOK 64
#define IDLE_TURNS 32

static volatile sig_atomic_t interrupted;

void
exchange_interrupt(void)
{
	interrupted = 1;
}

bool
exchange_is_interrupted(void)
{
	return interrupted != 0;
}

int
exchange_init(struct exchange *x, struct demo_port *port, const struct demo_options *options)
{
	struct traffic_id id = {.run_id = rte_rand(), .epoch = 1};

	*x = (struct exchange){.port = port, .tx_pool = port->pool};
	x->queues = calloc(port->queues, sizeof(*x->queues));
	if (x->queues == NULL)
		return -ENOMEM;
	for (; x->nb_queues < port->queues; x->nb_queues++) {
		struct exchange_queue *queue = &x->queues[x->nb_queues];

		id.queue = x->nb_queues;
		queue->source = (struct traffic_source){
			.id = id, .sizes = options->sizes, .min_segs = options->tx_segs,
		};
		if (traffic_ledger_init(&queue->ledger, &id) < 0)
			return -ENOMEM;
	}
	return 0;
}

void
exchange_fini(struct exchange *x)
{
	for (uint16_t q = 0; q < x->nb_queues; q++) {
		struct exchange_queue *queue = &x->queues[q];

		rte_pktmbuf_free_bulk(queue->pending, queue->nb_pending);
		traffic_ledger_fini(&queue->ledger);
	}
	free(x->queues);
	x->queues = NULL;
	x->nb_queues = 0;
}

static uint64_t
under_way(const struct exchange_queue *queue)
{
	/* A repeated packet makes no room: only first sights count. */
	return queue->sent - RTE_MIN(queue->sent, queue->ledger.unique);
}

static uint16_t
queue_receive(struct exchange *x, uint16_t q)
{
	struct exchange_queue *queue = &x->queues[q];
	struct rte_mbuf *frames[DEMO_BURST];
	uint16_t count = rte_eth_rx_burst(x->port->id, q, frames, DEMO_BURST);

	for (uint16_t i = 0; i < count; i++)
		traffic_receive(&queue->ledger, frames[i]);
	rte_pktmbuf_free_bulk(frames, count);
	return count;
}

static void
queue_send(struct exchange *x, uint16_t q, uint64_t limit)
{
	struct exchange_queue *queue = &x->queues[q];
	uint64_t room = x->port->window - RTE_MIN(x->port->window, under_way(queue));
	uint16_t want, accepted;

	if (limit != 0)
		room = RTE_MIN(room, limit - RTE_MIN(limit, queue->sent));
	want = RTE_MIN(room, (uint64_t)DEMO_BURST);
	if (queue->nb_pending < want)
		queue->nb_pending += traffic_alloc(&queue->source, x->tx_pool,
			&queue->pending[queue->nb_pending], want - queue->nb_pending);
	want = RTE_MIN(want, queue->nb_pending);
	if (want == 0)
		return;
	accepted = rte_eth_tx_burst(x->port->id, q, queue->pending, want);
	queue->sent += accepted;
	queue->nb_pending -= accepted;
	memmove(queue->pending, queue->pending + accepted,
		queue->nb_pending * sizeof(queue->pending[0]));
}

/** One turn over all queues; returns the number of packets received. */
static uint32_t
turn(struct exchange *x, bool sending, uint64_t limit)
{
	uint32_t received = 0;

	for (uint16_t q = 0; q < x->nb_queues; q++) {
		received += queue_receive(x, q);
		if (sending)
			queue_send(x, q, limit);
	}
	return received;
}

static bool
is_drained(const struct exchange *x)
{
	for (uint16_t q = 0; q < x->nb_queues; q++)
		if (under_way(&x->queues[q]) > 0)
			return false;
	return true;
}

static bool
is_sent(const struct exchange *x, uint64_t limit)
{
	for (uint16_t q = 0; q < x->nb_queues; q++)
		if (x->queues[q].sent < limit)
			return false;
	return true;
}

/** Turn until the limit, or until drained if not sending; -ETIMEDOUT on a stall. */
static int
turn_until(struct exchange *x, bool sending, const struct exchange_limit *limit, uint64_t start)
{
	uint64_t hz = rte_get_tsc_hz();
	uint64_t end = start + (uint64_t)(limit->seconds * hz);
	uint64_t next_tick = rte_rdtsc() + hz / TICKS_PER_SECOND;
	uint32_t idle = 0;

	for (uint32_t turns = 0;; turns++) {
		bool came = turn(x, sending, limit->packets) > 0;
		uint64_t now;

		idle = came ? 0 : idle + 1;
		if (came)
			x->progress_at = 0;
		if (idle % IDLE_TURNS == IDLE_TURNS - 1)
			sched_yield();
		if (sending ? limit->packets != 0 && is_sent(x, limit->packets) : is_drained(x))
			return 0;
		if (turns % TURNS_PER_LOOK != 0)
			continue;
		now = rte_rdtsc();
		if (x->progress_at == 0)
			x->progress_at = now;
		if (now - x->progress_at > STALL_SECONDS * hz)
			return -ETIMEDOUT;
		if (sending && (interrupted || (limit->packets == 0 && now >= end)))
			return 0;
		if (now >= next_tick && x->tick != NULL) {
			x->tick(x, x->tick_arg);
			next_tick = now + hz / TICKS_PER_SECOND;
		}
	}
}

int
exchange_run(struct exchange *x, const struct exchange_limit *limit)
{
	uint64_t start = rte_rdtsc();
	int rc;

	x->progress_at = start;
	rc = turn_until(x, true, limit, start);
	if (rc == 0)
		rc = turn_until(x, false, limit, start);
	x->busy_cycles += rte_rdtsc() - start;
	return rc;
}

struct traffic_verdict
exchange_verdict(const struct exchange *x)
{
	struct traffic_verdict verdict = {0};

	for (uint16_t q = 0; q < x->nb_queues; q++)
		traffic_judge(&verdict, &x->queues[q].ledger, x->queues[q].sent);
	return verdict;
}
