/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* How to measure: what the modes, the contenders and the flows are told. Written by options.c. */

#ifndef VIRTIO_BENCH_PLAN_H
#define VIRTIO_BENCH_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic.h"

/** Most packets in one call. */
#define BENCH_MAX_BURST 256
/**
 * What a receive call asks for at least, whatever the burst: some vector paths return nothing to one
 * that asks for less than they take at a time.
 */
#define BENCH_MIN_ASK 32
/** Most queue pairs. */
#define BENCH_MAX_QUEUES 16

/** What one measurement sends: one size, or a mix by name. */
struct bench_frame {
	char name[12];
	struct traffic_sizes sizes;
};

/** How to measure one comparison. */
struct bench_plan {
	const char *socket_dir;   /**< private directory for the sockets */
	struct bench_frame frame;
	uint16_t ring;            /**< descriptors per ring */
	uint16_t queues;          /**< pairs, at most BENCH_MAX_QUEUES */
	uint16_t burst;           /**< packets offered to each call, at most BENCH_MAX_BURST */
	bool verify;              /**< write and judge each packet */
	bool offloads;            /**< checksum offloads, which each packet asks for unless verified */
	uint32_t rounds;          /**< single thread: bursts per sample */
	uint32_t milliseconds;    /**< two cores: length of a sample */
	uint32_t pings;           /**< latency: round trips per sample */
	uint64_t timer_cycles;    /**< what timing one call costs; from single_timer_cycles() */
};

/** Packets that a receive call asks for. */
static inline uint16_t
plan_ask(const struct bench_plan *plan)
{
	return plan->burst > BENCH_MIN_ASK ? plan->burst : BENCH_MIN_ASK;
}

#endif /* VIRTIO_BENCH_PLAN_H */
