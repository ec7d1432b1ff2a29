/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Ping-pong with a cache line; see line.h. */

#include <stdlib.h>
#include <time.h>

#include "line.h"

/** Trips timed together, so that reading the clock does not count. */
#define TRIPS_TOGETHER 20

static double
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static void
turn_wait(const struct line *line, uint32_t turn)
{
	while (__atomic_load_n(&line->turn, __ATOMIC_ACQUIRE) != turn)
		;
}

void
line_pong(struct line *line, uint32_t trips)
{
	for (uint32_t i = 0; i < trips; i++) {
		turn_wait(line, 2 * i + 1);
		__atomic_store_n(&line->turn, 2 * i + 2, __ATOMIC_RELEASE);
	}
}

static int
compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
line_ping(struct line *line, uint32_t trips)
{
	double samples[LINE_TRIPS / TRIPS_TOGETHER];
	uint32_t count = 0;
	double start = now_ns();

	for (uint32_t i = 0; i < trips; i++) {
		__atomic_store_n(&line->turn, 2 * i + 1, __ATOMIC_RELEASE);
		turn_wait(line, 2 * i + 2);
		if ((i + 1) % TRIPS_TOGETHER == 0 && count < LINE_TRIPS / TRIPS_TOGETHER) {
			double end = now_ns();

			samples[count++] = (end - start) / TRIPS_TOGETHER / 2;
			start = end;
		}
	}
	if (count == 0)
		return 0;
	qsort(samples, count, sizeof(samples[0]), compare_double);
	return samples[count / 2];
}
