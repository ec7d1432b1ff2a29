/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The phases of a two-core sample, as the main core goes through them; see end.h. */

#include <errno.h>

#include <rte_cycles.h>
#include <rte_launch.h>

#include "end.h"
#include "throughput.h"

/** The first part of a sample does not count: rings fill, caches get warm. */
#define SETTLE_SHARE 4
/** How long everything must stand still until what is missing counts as lost. */
#define STILL_SECONDS 0.05

/** Counters at one moment. */
struct moment {
	uint64_t tsc;
	uint64_t received[NB_SIDES];
	uint64_t front_rounds;
	uint64_t front_idle;
};

static uint64_t
look(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static struct moment
moment_take(const struct end *front, const struct end *back)
{
	return (struct moment){
		.tsc = rte_rdtsc(),
		.received = {look(&front->received), look(&back->received)},
		.front_rounds = look(&front->rounds),
		.front_idle = look(&front->idle),
	};
}

static void
rounds_until(struct end *end, uint64_t tsc)
{
	while (rte_rdtsc() < tsc)
		end_round(end);
}

/** Until all that was sent has arrived, or nothing moves any more. */
static void
drain(struct end *front, const struct end *back)
{
	uint64_t patience = STILL_SECONDS * rte_get_tsc_hz();
	uint64_t deadline = rte_rdtsc() + patience;
	uint64_t before = 0;

	while (rte_rdtsc() < deadline) {
		bool is_final = look(&back->drain_rounds) > 0;
		uint64_t received;

		end_round(front);
		received = look(&front->received) + look(&back->received);
		if (is_final && received == look(&front->sent) + look(&back->sent))
			return;
		if (received != before)
			deadline = rte_rdtsc() + patience;
		before = received;
	}
}

static void
rates(const struct moment *start, const struct moment *end, double *values)
{
	double microseconds = (end->tsc - start->tsc) * 1e6 / rte_get_tsc_hz();
	uint64_t rounds = end->front_rounds - start->front_rounds;

	values[COLUMN_TO_BACK] =
		(end->received[SIDE_BACK] - start->received[SIDE_BACK]) / microseconds;
	values[COLUMN_TO_FRONT] =
		(end->received[SIDE_FRONT] - start->received[SIDE_FRONT]) / microseconds;
	values[COLUMN_BOTH] = values[COLUMN_TO_BACK] + values[COLUMN_TO_FRONT];
	values[COLUMN_FRONT_IDLE] = rounds == 0 ? 0 :
		100.0 * (end->front_idle - start->front_idle) / rounds;
}

int
throughput_sample(const struct mode *mode, struct contender *contender,
	const struct bench_plan *plan, double *values)
{
	uint64_t length = plan->milliseconds * rte_get_tsc_hz() / 1000;
	unsigned int worker = end_worker();
	enum phase phase = PHASE_RUN;
	struct end front, back;
	struct moment start, end;
	uint64_t now;

	end_init(&front, contender, plan, SIDE_FRONT, mode->does[SIDE_FRONT]);
	end_init(&back, contender, plan, SIDE_BACK, mode->does[SIDE_BACK]);
	ends_link(&front, &back, &phase);
	if (rte_eal_remote_launch(end_loop, &back, worker) != 0)
		return -EBUSY;
	now = rte_rdtsc();
	rounds_until(&front, now + length / SETTLE_SHARE);
	start = moment_take(&front, &back);
	rounds_until(&front, start.tsc + length);
	end = moment_take(&front, &back);
	__atomic_store_n(&phase, PHASE_DRAIN, __ATOMIC_RELEASE);
	drain(&front, &back);
	__atomic_store_n(&phase, PHASE_STOP, __ATOMIC_RELEASE);
	rte_eal_wait_lcore(worker);
	end_finish(&front);
	rates(&start, &end, values);
	return values[COLUMN_BOTH] > 0 ? 0 : -EAGAIN;
}
