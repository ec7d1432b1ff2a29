/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* What the user wants compared. */

#ifndef VIRTIO_BENCH_OPTIONS_H
#define VIRTIO_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic.h"

/** Exit statuses, for scripts. */
enum bench_exit {
	BENCH_OK = 0,
	BENCH_FAILED = 1,      /**< packets missing or damaged, or A dearer than allowed */
	BENCH_USAGE = 2,       /**< the command line is wrong */
	BENCH_PORT_FAILED = 3, /**< a contender cannot be brought up */
};

/** One comparison; b is NULL when a stands alone. */
struct bench_row {
	const char *a;
	const char *b;
};

/** The command line behind "--". */
struct bench_options {
	struct traffic_sizes frames; /**< each measured by itself */
	uint32_t ring;
	uint32_t burst;
	uint32_t rounds;           /**< bursts per repetition */
	uint32_t reps;
	uint32_t callgrind_rounds; /**< 0: measure cycles */
	bool verify;
	bool quiet;
	double max_ratio;          /**< 0: none */
	const char *json;          /**< file, or NULL */
	const struct bench_row *rows;
	uint32_t nb_rows;
	struct bench_row given;    /**< what --ab or --front said */
};

/** Read the command line that follows EAL's: 0, or -EINVAL after saying what is wrong. */
int options_parse(struct bench_options *options, int argc, char **argv);

/** Print the help. */
void options_help(const char *program);

#endif /* VIRTIO_BENCH_OPTIONS_H */
