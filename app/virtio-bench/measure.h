/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * One thread plays both ends of a pair in turn, and each of the four calls is timed by itself.
 * That leaves the cost of a cache line that changes its CPU out of it, on purpose: what is left
 * repeats within a few per cent on any machine.
 */

#ifndef VIRTIO_BENCH_MEASURE_H
#define VIRTIO_BENCH_MEASURE_H

#include "pair.h"
#include "traffic.h"

/** Most packets in one call. */
#define BENCH_MAX_BURST 256

/** The four calls that move a packet there and back, and their sum. */
enum half {
	HALF_FRONT_TX,
	HALF_BACK_RX,
	HALF_BACK_TX,
	HALF_FRONT_RX,
	NB_HALVES,
};

/** One contender: its pair and what was counted on it since measure_reset(). */
struct contender {
	struct pair pair;
	struct traffic_source source;
	struct traffic_ledger ledger; /**< used only when verifying */
	uint64_t sent;                /**< accepted by the front-end since it was plugged */
	uint64_t cycles[NB_HALVES];   /**< the timer's own cost still included */
	uint64_t calls;               /**< rounds */
	uint64_t packets[NB_HALVES];
};

/** How to measure. */
struct measure_plan {
	struct rte_mempool *pool;
	uint32_t frame;        /**< bytes */
	uint16_t burst;        /**< packets offered to each call, at most BENCH_MAX_BURST */
	bool verify;           /**< write and judge each packet, outside the timed calls */
	uint64_t timer_cycles; /**< what timing one call costs; from measure_timer_cycles() */
};

/** Cycles that an empty timed call takes. */
uint64_t measure_timer_cycles(void);

/** Forget what was counted. */
void measure_reset(struct contender *contender);

/** Send and reflect one burst. */
void measure_round(struct contender *contender, const struct measure_plan *plan);

/** Turn without sending until the back-end reflected all that is under way: packets missing. */
uint64_t measure_drain(struct contender *contender, const struct measure_plan *plan);

/** Cycles per packet of one call since measure_reset(), or 0 if it moved none. */
double measure_cycles(const struct contender *contender, const struct measure_plan *plan,
	enum half half);

#endif /* VIRTIO_BENCH_MEASURE_H */
