/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * One row of the benchmark: one or two contenders, repetitions in turn, medians. On a machine
 * whose speed wanders, the ratio of each A with the B right after it is steadier than the ratio
 * of their medians: that is the one reported.
 */

#ifndef VIRTIO_BENCH_COMPARE_H
#define VIRTIO_BENCH_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "measure.h"
#include "options.h"

/** The four halves and, behind them, their sum. */
#define NB_COLUMNS (NB_HALVES + 1)

/** What came out of a row at one frame size. */
struct comparison {
	const struct bench_row *row;
	uint32_t frame;
	uint32_t nb_contenders;
	double median[2][NB_COLUMNS]; /**< cycles per packet */
	double ratio[NB_COLUMNS];     /**< median of A / B, if there are two */
	uint64_t packets[2][NB_HALVES]; /**< moved by each call, when not timed */
	uint64_t missing;             /**< packets that never came back */
	uint64_t damaged;             /**< packets that the ledgers object to */
};

/**
 * Plug the contenders, measure, unplug.
 *
 * @return 0, or -errno after saying what is wrong.
 */
int compare_run(struct comparison *comparison, const struct bench_options *options,
	const struct pair_plan *pairs);

/** True if nothing is missing or damaged and A is no dearer than options->max_ratio. */
bool compare_is_ok(const struct comparison *comparison, const struct bench_options *options);

/** Print the table of a row. */
void compare_print(const struct comparison *comparison, const struct bench_options *options);

/** Append a row as a JSON object. */
void compare_json(const struct comparison *comparison, FILE *out);

#endif /* VIRTIO_BENCH_COMPARE_H */
