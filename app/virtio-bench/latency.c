/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Round trips one by one; see latency.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_launch.h>

#include "end.h"
#include "latency.h"

/** A packet that takes longer is lost. */
#define LOST_SECONDS 2.0
/** Round trips before the first that counts. */
#define WARM_UP 64

/** Send one burst and wait until as many packets are back; TSC cycles, or 0 if they are not. */
static uint64_t
ping(struct contender *contender, const struct bench_plan *plan, uint16_t queue)
{
	struct flow *flow = &contender->flows[SIDE_FRONT][queue];
	uint16_t port = contender->pair.front;
	struct rte_mbuf *mbufs[2 * BENCH_MAX_BURST]; /* what is asked for may be more than is due */
	uint16_t count = flow_make(flow, plan, contender->pools[SIDE_FRONT], mbufs);
	uint64_t start = rte_rdtsc_precise(), end = start;
	uint64_t deadline = start + LOST_SECONDS * rte_get_tsc_hz();
	uint16_t sent = rte_eth_tx_burst(port, queue, mbufs, count);
	uint16_t back = 0;

	flow->sent += sent;
	flow_unmake(flow, mbufs + sent, count - sent);
	while (back < sent && end < deadline) {
		back += rte_eth_rx_burst(port, queue, mbufs + back, plan_ask(plan));
		end = rte_rdtsc_precise();
	}
	flow_receive(flow, plan, mbufs, back);
	return sent > 0 && back == sent ? end - start : 0;
}

static int
compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int
pings_run(struct contender *contender, const struct bench_plan *plan, uint64_t *cycles)
{
	for (uint32_t i = 0; i < plan->pings + WARM_UP; i++) {
		uint64_t took = ping(contender, plan, i % plan->queues);

		if (took == 0)
			return -ETIMEDOUT;
		if (i >= WARM_UP)
			cycles[i - WARM_UP] = took;
	}
	qsort(cycles, plan->pings, sizeof(*cycles), compare_u64);
	return 0;
}

static double
percentile_ns(const uint64_t *cycles, uint32_t count, double share)
{
	uint32_t index = RTE_MIN((uint32_t)(share * count), count - 1);

	return cycles[index] * 1e9 / rte_get_tsc_hz();
}

int
latency_sample(const struct mode *mode, struct contender *contender, const struct bench_plan *plan,
	double *values)
{
	uint64_t *cycles = calloc(plan->pings, sizeof(*cycles));
	unsigned int worker = end_worker();
	enum phase phase = PHASE_RUN;
	struct end front, back;
	int rc;

	if (cycles == NULL)
		return -ENOMEM;
	end_init(&front, contender, plan, SIDE_FRONT, END_SENDS | END_RECEIVES);
	end_init(&back, contender, plan, SIDE_BACK, END_RETURNS);
	ends_link(&front, &back, &phase);
	rc = rte_eal_remote_launch(end_loop, &back, worker);
	if (rc == 0) {
		rc = pings_run(contender, plan, cycles);
		__atomic_store_n(&phase, PHASE_STOP, __ATOMIC_RELEASE);
		rte_eal_wait_lcore(worker);
	}
	if (rc < 0)
		fprintf(stderr, "%s: a burst did not come back within %.1f s\n", mode->name,
			LOST_SECONDS);
	values[COLUMN_P50] = percentile_ns(cycles, plan->pings, 0.5);
	values[COLUMN_P99] = percentile_ns(cycles, plan->pings, 0.99);
	values[COLUMN_P999] = percentile_ns(cycles, plan->pings, 0.999);
	free(cycles);
	return rc;
}
