/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A burst goes out of the front-end, the back-end's core sends it back at once, and only then goes
 * the next: the time of each round trip, and what most and nearly all of them stay below.
 */

#ifndef VIRTIO_BENCH_LATENCY_H
#define VIRTIO_BENCH_LATENCY_H

#include "mode.h"

/** What the columns are, all in nanoseconds there and back. */
enum latency_column {
	COLUMN_P50,
	COLUMN_P99,
	COLUMN_P999,
	NB_LATENCY_COLUMNS,
};

/** mode.sample of the mode "latency". */
int latency_sample(const struct mode *mode, struct contender *contender,
	const struct bench_plan *plan, double *values);

#endif /* VIRTIO_BENCH_LATENCY_H */
