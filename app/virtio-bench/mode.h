/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A way of measuring: a row of the table in mode.c. compare.c calls sample() on one contender after
 * the other and knows nothing else of it.
 */

#ifndef VIRTIO_BENCH_MODE_H
#define VIRTIO_BENCH_MODE_H

#include <stdbool.h>

#include "contender.h"
#include "plan.h"

/** Most values that a sample consists of. */
#define MAX_COLUMNS 5

/** One of the values. */
struct column {
	const char *name; /**< in the table */
	const char *key;  /**< in JSON */
	bool is_compared; /**< A/B means something */
	bool is_judged;   /**< --max-ratio is about it */
};

/** One way of measuring. */
struct mode {
	const char *name;
	const char *unit;
	const char *help;
	bool more_is_better;
	bool two_cores;         /**< wants a second lcore */
	uint16_t default_burst;
	uint32_t nb_columns;
	struct column columns[MAX_COLUMNS];
	/**
	 * Take one sample and leave nothing under way.
	 *
	 * @return 0; -EAGAIN if nothing moved, which happens where other programs have the CPU;
	 * another -errno after saying what is wrong.
	 */
	int (*sample)(const struct mode *mode, struct contender *contender,
		const struct bench_plan *plan, double *values);
	uint8_t does[NB_SIDES]; /**< throughput only: what each end does, END_* of end.h */
};

/** Number of modes, and mode i. */
uint32_t mode_count(void);
const struct mode *mode_at(uint32_t i);

/** The mode of that name, or NULL. */
const struct mode *mode_find(const char *name);

#endif /* VIRTIO_BENCH_MODE_H */
