/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The timed calls. Each stands in a function of its own that is neither inlined nor renamed, so
 * that callgrind can be told to count in one of them only (see devtools/count.sh).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#ifdef RTE_ARCH_X86
#include <x86intrin.h>
#endif

#include "single.h"

#define TIMER_SAMPLES 1001
#define DRAIN_ROUNDS 1000
/** Untimed laps round the ring before each sample: the other contender just had the caches. */
#define SETTLE_LAPS 2
/** No call takes that long by itself: in between, the CPU was another program's. */
#define INTERRUPTED_CYCLES 1000000

typedef uint16_t (*half_call)(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs,
	uint16_t count);

uint16_t bench_front_tx(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count);
uint16_t bench_back_rx(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count);
uint16_t bench_back_tx(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count);
uint16_t bench_front_rx(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count);

__rte_noinline uint16_t
bench_front_tx(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count)
{
	return rte_eth_tx_burst(port, queue, mbufs, count);
}

__rte_noinline uint16_t
bench_back_rx(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count)
{
	return rte_eth_rx_burst(port, queue, mbufs, count);
}

__rte_noinline uint16_t
bench_back_tx(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count)
{
	return rte_eth_tx_burst(port, queue, mbufs, count);
}

__rte_noinline uint16_t
bench_front_rx(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count)
{
	return rte_eth_rx_burst(port, queue, mbufs, count);
}

/** The counter, read after everything before it and before everything after it. */
static inline uint64_t
timer_read(void)
{
#ifdef RTE_ARCH_X86
	uint64_t now;

	_mm_lfence();
	now = __rdtsc();
	_mm_lfence();
	return now;
#else
	return rte_rdtsc_precise();
#endif
}

static int
compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t
single_timer_cycles(void)
{
	uint64_t samples[TIMER_SAMPLES];

	for (size_t i = 0; i < TIMER_SAMPLES; i++) {
		uint64_t start = timer_read();

		samples[i] = timer_read() - start;
	}
	qsort(samples, TIMER_SAMPLES, sizeof(samples[0]), compare_u64);
	return samples[TIMER_SAMPLES / 2];
}

static const half_call calls[NB_HALVES] = {
	[HALF_FRONT_TX] = bench_front_tx,
	[HALF_BACK_RX] = bench_back_rx,
	[HALF_BACK_TX] = bench_back_tx,
	[HALF_FRONT_RX] = bench_front_rx,
};

/** What was counted in a sample. */
struct tally {
	uint64_t cycles[NB_HALVES]; /**< the timer's own cost still included */
	uint64_t calls[NB_HALVES];   /**< timed: not those that took INTERRUPTED_CYCLES */
	uint64_t timed[NB_HALVES];   /**< packets that these moved */
	uint64_t packets[NB_HALVES]; /**< packets that all calls moved */
};

/** One contender at work on one of its queue pairs. */
struct lane {
	struct contender *contender;
	const struct bench_plan *plan;
	uint16_t queue;
	struct tally *tally;
};

static uint16_t
timed_call(const struct lane *lane, enum half half, struct rte_mbuf **mbufs, uint16_t count)
{
	const struct pair *pair = &lane->contender->pair;
	bool is_front = half == HALF_FRONT_TX || half == HALF_FRONT_RX;
	uint16_t port = is_front ? pair->front : pair->back;
	uint64_t start = timer_read();
	uint16_t moved = calls[half](port, lane->queue, mbufs, count);

	uint64_t took = timer_read() - start;

	lane->tally->packets[half] += moved;
	if (took < INTERRUPTED_CYCLES) {
		lane->tally->cycles[half] += took;
		lane->tally->calls[half]++;
		lane->tally->timed[half] += moved;
	}
	return moved;
}

/** Receive what is due: some paths return fewer than asked for although more are there. */
static uint16_t
timed_take(const struct lane *lane, enum half half, struct rte_mbuf **mbufs)
{
	const struct flow *flow = &lane->contender->flows[SIDE_FRONT][lane->queue];
	uint64_t due = RTE_MIN(flow->sent - flow->refused - flow->received,
		(uint64_t)BENCH_MAX_BURST);
	uint16_t count = 0, got;

	do {
		got = timed_call(lane, half, mbufs + count, plan_ask(lane->plan));
		count += got;
	} while (got > 0 && count < due);
	return count;
}

/** The way back, from the back-end's receive call on. */
static void
reflect(const struct lane *lane)
{
	struct flow *flow = &lane->contender->flows[SIDE_FRONT][lane->queue];
	struct rte_mbuf *mbufs[2 * BENCH_MAX_BURST];
	uint16_t count = timed_take(lane, HALF_BACK_RX, mbufs);
	uint16_t pushed = timed_call(lane, HALF_BACK_TX, mbufs, count);

	flow->refused += count - pushed;
	rte_pktmbuf_free_bulk(mbufs + pushed, count - pushed);
	count = timed_take(lane, HALF_FRONT_RX, mbufs);
	flow_receive(flow, lane->plan, mbufs, count);
}

static void
send_and_reflect(const struct lane *lane)
{
	struct flow *flow = &lane->contender->flows[SIDE_FRONT][lane->queue];
	struct rte_mempool *pool = lane->contender->pools[SIDE_FRONT];
	struct rte_mbuf *mbufs[BENCH_MAX_BURST];
	uint16_t count = flow_make(flow, lane->plan, pool, mbufs);
	uint16_t accepted = timed_call(lane, HALF_FRONT_TX, mbufs, count);

	flow->sent += accepted;
	flow_unmake(flow, mbufs + accepted, count - accepted);
	reflect(lane);
}

/** Bursts on each queue in turn. */
static void
rounds_run(struct contender *contender, const struct bench_plan *plan, uint32_t rounds,
	struct tally *tally)
{
	struct lane lane = {.contender = contender, .plan = plan, .tally = tally};

	for (uint32_t round = 0; round < rounds; round++) {
		send_and_reflect(&lane);
		lane.queue = lane.queue + 1 == plan->queues ? 0 : lane.queue + 1;
	}
}

/** Turn without sending until everything under way is back. */
static void
drain(struct contender *contender, const struct bench_plan *plan)
{
	struct tally ignored;
	struct lane lane = {.contender = contender, .plan = plan, .tally = &ignored};

	memset(&ignored, 0, sizeof(ignored));
	for (uint32_t i = 0; i < DRAIN_ROUNDS && contender_missing(contender) > 0; i++)
		for (lane.queue = 0; lane.queue < plan->queues; lane.queue++)
			reflect(&lane);
}

void
single_move(struct contender *contender, const struct bench_plan *plan, uint32_t rounds,
	uint64_t packets[NB_HALVES])
{
	struct tally tally;

	memset(&tally, 0, sizeof(tally));
	rounds_run(contender, plan, rounds, &tally);
	memcpy(packets, tally.packets, sizeof(tally.packets));
}

int
single_sample(const struct mode *mode, struct contender *contender, const struct bench_plan *plan,
	double *values)
{
	struct tally tally;

	memset(&tally, 0, sizeof(tally));
	rounds_run(contender, plan, SETTLE_LAPS * plan->queues * plan->ring / plan->burst, &tally);
	memset(&tally, 0, sizeof(tally));
	rounds_run(contender, plan, plan->rounds, &tally);
	drain(contender, plan);
	values[NB_HALVES] = 0;
	for (enum half half = 0; half < NB_HALVES; half++) {
		uint64_t timer = tally.calls[half] * plan->timer_cycles;
		uint64_t cycles = tally.cycles[half] - RTE_MIN(tally.cycles[half], timer);

		values[half] = tally.timed[half] > 0 ? (double)cycles / tally.timed[half] : 0;
		values[NB_HALVES] += values[half];
	}
	(void)mode;
	return tally.timed[HALF_FRONT_RX] > 0 ? 0 : -EAGAIN;
}
