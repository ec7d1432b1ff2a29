/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The timed calls. Each stands in a function of its own that is neither inlined nor renamed, so
 * that callgrind can be told to count in one of them only (see count-instructions.sh).
 */

#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#ifdef RTE_ARCH_X86
#include <x86intrin.h>
#endif

#include "measure.h"

#define TIMER_SAMPLES 1001
#define DRAIN_ROUNDS 1000

typedef uint16_t (*half_call)(const struct pair *pair, struct rte_mbuf **mbufs, uint16_t count);

uint16_t bench_front_tx(const struct pair *pair, struct rte_mbuf **mbufs, uint16_t count);
uint16_t bench_back_rx(const struct pair *pair, struct rte_mbuf **mbufs, uint16_t count);
uint16_t bench_back_tx(const struct pair *pair, struct rte_mbuf **mbufs, uint16_t count);
uint16_t bench_front_rx(const struct pair *pair, struct rte_mbuf **mbufs, uint16_t count);

__rte_noinline uint16_t
bench_front_tx(const struct pair *pair, struct rte_mbuf **mbufs, uint16_t count)
{
	return rte_eth_tx_burst(pair->front, 0, mbufs, count);
}

__rte_noinline uint16_t
bench_back_rx(const struct pair *pair, struct rte_mbuf **mbufs, uint16_t count)
{
	return rte_eth_rx_burst(pair->back, 0, mbufs, count);
}

__rte_noinline uint16_t
bench_back_tx(const struct pair *pair, struct rte_mbuf **mbufs, uint16_t count)
{
	return rte_eth_tx_burst(pair->back, 0, mbufs, count);
}

__rte_noinline uint16_t
bench_front_rx(const struct pair *pair, struct rte_mbuf **mbufs, uint16_t count)
{
	return rte_eth_rx_burst(pair->front, 0, mbufs, count);
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
measure_timer_cycles(void)
{
	uint64_t samples[TIMER_SAMPLES];

	for (size_t i = 0; i < TIMER_SAMPLES; i++) {
		uint64_t start = timer_read();

		samples[i] = timer_read() - start;
	}
	qsort(samples, TIMER_SAMPLES, sizeof(samples[0]), compare_u64);
	return samples[TIMER_SAMPLES / 2];
}

void
measure_reset(struct contender *contender)
{
	memset(contender->cycles, 0, sizeof(contender->cycles));
	memset(contender->packets, 0, sizeof(contender->packets));
	contender->calls = 0;
}

static uint16_t
timed_call(struct contender *contender, enum half half, struct rte_mbuf **mbufs, uint16_t count)
{
	static const half_call calls[NB_HALVES] = {
		[HALF_FRONT_TX] = bench_front_tx,
		[HALF_BACK_RX] = bench_back_rx,
		[HALF_BACK_TX] = bench_back_tx,
		[HALF_FRONT_RX] = bench_front_rx,
	};
	uint64_t start = timer_read();
	uint16_t moved = calls[half](&contender->pair, mbufs, count);

	contender->cycles[half] += timer_read() - start;
	contender->packets[half] += moved;
	return moved;
}

/** Frames to send; without verifying, only their length is written. */
static uint16_t
frames_prepare(struct contender *contender, const struct measure_plan *plan,
	struct rte_mbuf **mbufs)
{
	if (plan->verify)
		return traffic_alloc(&contender->source, plan->pool, mbufs, plan->burst);
	if (rte_pktmbuf_alloc_bulk(plan->pool, mbufs, plan->burst) != 0)
		return 0;
	for (uint16_t i = 0; i < plan->burst; i++)
		mbufs[i]->data_len = mbufs[i]->pkt_len = plan->frame;
	return plan->burst;
}

/** The way back, from the back-end's receive call on. */
static void
reflect(struct contender *contender, const struct measure_plan *plan)
{
	struct rte_mbuf *mbufs[BENCH_MAX_BURST];
	uint16_t count = timed_call(contender, HALF_BACK_RX, mbufs, plan->burst);
	uint16_t pushed = timed_call(contender, HALF_BACK_TX, mbufs, count);

	rte_pktmbuf_free_bulk(mbufs + pushed, count - pushed);
	count = timed_call(contender, HALF_FRONT_RX, mbufs, plan->burst);
	if (plan->verify)
		for (uint16_t i = 0; i < count; i++)
			traffic_receive(&contender->ledger, mbufs[i]);
	else
		contender->ledger.unique += count;
	rte_pktmbuf_free_bulk(mbufs, count);
	contender->calls++;
}

void
measure_round(struct contender *contender, const struct measure_plan *plan)
{
	struct rte_mbuf *mbufs[BENCH_MAX_BURST];
	uint16_t count = frames_prepare(contender, plan, mbufs);
	uint16_t accepted = timed_call(contender, HALF_FRONT_TX, mbufs, count);

	contender->sent += accepted;
	/* A number that was not sent is written again: the ledger knows no gaps of our making. */
	contender->source.next -= plan->verify ? count - accepted : 0;
	rte_pktmbuf_free_bulk(mbufs + accepted, count - accepted);
	reflect(contender, plan);
}

uint64_t
measure_drain(struct contender *contender, const struct measure_plan *plan)
{
	for (uint32_t i = 0; i < DRAIN_ROUNDS && contender->ledger.unique < contender->sent; i++)
		reflect(contender, plan);
	return contender->sent - RTE_MIN(contender->sent, contender->ledger.unique);
}

double
measure_cycles(const struct contender *contender, const struct measure_plan *plan, enum half half)
{
	uint64_t timer = contender->calls * plan->timer_cycles;
	uint64_t cycles = contender->cycles[half] - RTE_MIN(contender->cycles[half], timer);

	return contender->packets[half] == 0 ? 0 : (double)cycles / contender->packets[half];
}
