/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What a cache line costs that changes its CPU, by sending one to and fro. On a virtual machine it
 * changes within minutes, and every two-core figure with it: so it is measured beside each of them.
 * Needs no EAL.
 */

#ifndef VIRTIO_BENCH_LINE_H
#define VIRTIO_BENCH_LINE_H

#include <stdint.h>

/** The line, alone in its pair of lines because CPUs fetch pairs. */
struct line {
	uint32_t turn __attribute__((aligned(128)));
	uint32_t pad[31];
};

/** Round trips that make a good median in a few milliseconds. */
#define LINE_TRIPS 4000

/** Send back what line_ping() sends; to run on the other CPU, on a line that is all zero. */
void line_pong(struct line *line, uint32_t trips);

/** Send trips times and wait for each: nanoseconds one way, the median. */
double line_ping(struct line *line, uint32_t trips);

#endif /* VIRTIO_BENCH_LINE_H */
