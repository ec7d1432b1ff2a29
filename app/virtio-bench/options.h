/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* What the user wants compared. */

#ifndef VIRTIO_BENCH_OPTIONS_H
#define VIRTIO_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "mode.h"
#include "plan.h"
#include "row.h"

/** Most entries of a list. */
#define MAX_LIST 16

/** Exit statuses, for scripts. */
enum bench_exit {
	BENCH_OK = 0,
	BENCH_FAILED = 1,      /**< packets missing or damaged, or A worse than allowed */
	BENCH_USAGE = 2,       /**< the command line is wrong */
	BENCH_PORT_FAILED = 3, /**< a contender cannot be brought up, or moves nothing */
};

/** Lists; each combination of their entries is one comparison. */
struct bench_lists {
	const struct mode *modes[MAX_LIST];
	uint32_t nb_modes;
	struct bench_row rows[MAX_LIST];
	uint32_t nb_rows;
	struct bench_frame frames[MAX_LIST];
	uint32_t nb_frames;
	uint32_t bursts[MAX_LIST]; /**< 0: the mode's */
	uint32_t nb_bursts;
};

/** The command line behind "--". */
struct bench_options {
	struct bench_lists lists;
	uint32_t ring;
	uint32_t queues;
	uint32_t rounds;           /**< single thread: bursts per sample */
	uint32_t milliseconds;     /**< two cores: length of a sample */
	uint32_t pings;            /**< latency: round trips per sample */
	uint32_t reps;             /**< samples of each contender, per placement */
	uint32_t placements;       /**< times that both are opened anew, in the other order */
	uint32_t seconds;          /**< after that, a comparison gets no more placements; 0: never */
	uint32_t callgrind_rounds; /**< 0: measure cycles */
	bool verify;
	bool quiet;
	bool self;                 /**< compare each B with itself */
	bool offloads;
	double max_ratio;          /**< 0: none */
	const char *json;          /**< file, or NULL */
};

/** Read the command line that follows EAL's: 0, or -EINVAL after saying what is wrong. */
int options_parse(struct bench_options *options, int argc, char **argv);

/** Print the help. */
void options_help(const char *program);

#endif /* VIRTIO_BENCH_OPTIONS_H */
