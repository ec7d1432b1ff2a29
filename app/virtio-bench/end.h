/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * One end of a pair as one core drives it: it sends, receives, sends back, or several of these, until
 * told to stop. Two of them make a two-core measurement.
 *
 * Theory of operation: both ends go through the same phases, which the main core sets. RUN: all at
 * work. DRAIN: nobody sends anything new, everything else goes on until all that was sent has
 * arrived. STOP: the loops return. Counters have one writer each and are read by the other core while
 * they change, hence the atomics; each end's lie on lines of their own.
 */

#ifndef VIRTIO_BENCH_END_H
#define VIRTIO_BENCH_END_H

#include <rte_mbuf.h>

#include "contender.h"

/** What an end does. */
#define END_SENDS 1u
#define END_RECEIVES 2u
#define END_RETURNS 4u /**< sends back what it receives; excludes the other two */

/** See above. */
enum phase {
	PHASE_RUN,
	PHASE_DRAIN,
	PHASE_STOP,
};

/** Packets that a port has not taken yet; they are offered again, not made again. */
struct held {
	uint16_t first;
	uint16_t count;
	struct rte_mbuf *mbufs[BENCH_MAX_BURST];
};

/** One end; built by end_init() and ends_link() for each sample. */
struct end {
	const struct bench_plan *plan;
	const enum phase *phase;
	struct rte_mempool *pool;
	struct flow *out; /**< one per queue: what it sends */
	struct flow *in;  /**< one per queue: what it receives */
	uint16_t port;
	uint8_t does;
	struct held held[BENCH_MAX_QUEUES];
	uint64_t sent __rte_cache_aligned; /**< published; sent back does not count */
	uint64_t received;                 /**< published; what is sent back does not count */
	uint64_t rounds;
	uint64_t idle;                     /**< rounds in which no packet moved */
	uint64_t drain_rounds;             /**< above 0: sent changes no more */
};

/** Prepare one side of a contender. */
void end_init(struct end *end, struct contender *contender, const struct bench_plan *plan,
	enum end_side side, uint8_t does);

/** Tell two ends of each other: what each receives, and the phase that both look at. */
void ends_link(struct end *front, struct end *back, const enum phase *phase);

/** One visit to each queue. */
void end_round(struct end *end);

/** Free what no port took. */
void end_finish(struct end *end);

/** lcore function of the other core: end_round() until PHASE_STOP, then end_finish(). */
int end_loop(void *arg);

/** Run the line's ping-pong between this lcore and worker: nanoseconds one way. */
double end_line_ns(unsigned int worker);

/** The lcore that drives the other end, or RTE_MAX_LCORE if EAL was given one only. */
unsigned int end_worker(void);

#endif /* VIRTIO_BENCH_END_H */
