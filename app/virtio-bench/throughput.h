/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Two cores: one drives the front-end, the other the back-end, as fast as they can. Which of them
 * sends, receives or sends back is the mode's.
 */

#ifndef VIRTIO_BENCH_THROUGHPUT_H
#define VIRTIO_BENCH_THROUGHPUT_H

#include "mode.h"

/** What the columns of a throughput mode are. */
enum throughput_column {
	COLUMN_TO_BACK,    /**< million packets per second that arrive at the back-end's core */
	COLUMN_TO_FRONT,   /**< the same at the front-end's */
	COLUMN_BOTH,       /**< their sum */
	COLUMN_FRONT_IDLE, /**< per cent of the front-end core's rounds in which nothing moved */
	NB_THROUGHPUT_COLUMNS,
};

/** mode.sample of the two-core modes. */
int throughput_sample(const struct mode *mode, struct contender *contender,
	const struct bench_plan *plan, double *values);

#endif /* VIRTIO_BENCH_THROUGHPUT_H */
