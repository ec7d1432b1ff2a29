/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * One thread plays both ends of a pair in turn, and each of the four calls is timed by itself.
 * That leaves the cost of a cache line that changes its CPU out of it, on purpose: what is left
 * repeats within a few per cent on any machine.
 */

#ifndef VIRTIO_BENCH_SINGLE_H
#define VIRTIO_BENCH_SINGLE_H

#include "mode.h"

/** The four calls that move a packet there and back. */
enum half {
	HALF_FRONT_TX,
	HALF_BACK_RX,
	HALF_BACK_TX,
	HALF_FRONT_RX,
	NB_HALVES,
};

/** Cycles that an empty timed call takes. */
uint64_t single_timer_cycles(void);

/** mode.sample of the mode "single": cycles per packet of each half, and their sum. */
int single_sample(const struct mode *mode, struct contender *contender,
	const struct bench_plan *plan, double *values);

/** Move rounds bursts and nothing else, for an instruction counter: packets moved by each half. */
void single_move(struct contender *contender, const struct bench_plan *plan, uint32_t rounds,
	uint64_t packets[NB_HALVES]);

#endif /* VIRTIO_BENCH_SINGLE_H */
