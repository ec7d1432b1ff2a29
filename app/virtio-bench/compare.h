/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * One comparison: a mode, a row, a frame size, a burst size; one or two contenders.
 *
 * Theory of operation: the machine's speed wanders, so neighbouring samples of A and B are made into
 * one ratio, and the median of these ratios counts, not the ratio of medians. Who goes first changes
 * from pair to pair (A B B A ...), because the first of two finds other caches. And whoever is
 * plugged first gets other memory: its rings and packets lie at other addresses for as long as the
 * port lives, which repeats from sample to sample and can make several per cent. So both are
 * plugged anew several times (a placement), each time in the other order, and the geometric mean of
 * the placements' medians is reported: what favours the first cancels out.
 */

#ifndef VIRTIO_BENCH_COMPARE_H
#define VIRTIO_BENCH_COMPARE_H

#include <stdbool.h>

#include "mode.h"
#include "options.h"
#include "single.h"

#define NB_CONTENDERS 2

/** What is compared, and what came out. */
struct comparison {
	const struct mode *mode;
	const struct bench_row *row;
	const struct bench_frame *frame;
	uint16_t burst;
	const char *progress;          /**< how far the whole run is, for who watches */
	uint32_t nb_contenders;
	double median[NB_CONTENDERS][MAX_COLUMNS];
	double ratio[MAX_COLUMNS];     /**< A / B, if there are two */
	double ratio_low[MAX_COLUMNS]; /**< the placement with the lowest */
	double ratio_high[MAX_COLUMNS];
	double line_ns;                /**< two cores: a cache line's way, median over placements */
	double line_low;
	double line_high;
	uint64_t packets[NB_HALVES];   /**< moved by each call of A, when not timed */
	uint64_t refused[NB_CONTENDERS]; /**< by a full ring on their way back */
	uint64_t missing;              /**< packets that never arrived */
	uint64_t damaged;              /**< packets that the ledgers object to */
};

/**
 * Plug the contenders, measure, unplug.
 *
 * @return 0, or -errno after saying what is wrong.
 */
int compare_run(struct comparison *comparison, const struct bench_options *options,
	const char *socket_dir);

/** True if nothing is missing or damaged and A is no worse than options allow. */
bool compare_is_ok(const struct comparison *comparison, const struct bench_options *options);

#endif /* VIRTIO_BENCH_COMPARE_H */
