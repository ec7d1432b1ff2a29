/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Memory, ports and flows of one contender; see contender.h. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "contender.h"

#define POOL_CACHE 512

/** A frame is one mbuf whatever its size: otherwise rows that are not mergeable could not play. */
static uint16_t
data_room(const struct bench_plan *plan)
{
	uint32_t frame = RTE_ALIGN(traffic_sizes_max(&plan->frame.sizes) + 64, 64);

	return RTE_PKTMBUF_HEADROOM + RTE_MAX(frame, (uint32_t)RTE_MBUF_DEFAULT_DATAROOM);
}

/** Rings filled in both directions, what is in hand at each queue, and the caches. */
static int
pools_create(struct contender *contender, const struct bench_plan *plan, uint32_t index)
{
	uint32_t count = plan->queues * 2 * (plan->ring + plan->burst) + 4 * POOL_CACHE;

	for (enum end_side side = 0; side < NB_SIDES; side++) {
		char name[16];

		snprintf(name, sizeof(name), "%s%u", side == SIDE_FRONT ? "front" : "back", index);
		contender->pools[side] = rte_pktmbuf_pool_create(name, count, POOL_CACHE, 0,
			data_room(plan), rte_socket_id());
		if (contender->pools[side] == NULL) {
			fprintf(stderr, "no memory for %u packets: %s; give EAL more with -m\n",
				count, rte_strerror(rte_errno));
			return -ENOMEM;
		}
	}
	return 0;
}

static int
flows_init(struct contender *contender, const struct bench_plan *plan)
{
	int rc = 0;

	for (enum end_side side = 0; side < NB_SIDES; side++)
		for (uint16_t queue = 0; rc == 0 && queue < plan->queues; queue++)
			rc = flow_init(&contender->flows[side][queue], plan, side, queue);
	return rc;
}

int
contender_open(struct contender *contender, const struct bench_plan *plan, const char *spec,
	uint32_t index)
{
	struct pair_plan pair_plan = {
		.socket_dir = plan->socket_dir, .ring = plan->ring, .queues = plan->queues,
		.max_frame = traffic_sizes_max(&plan->frame.sizes), .offloads = plan->offloads,
	};
	int rc;

	memset(contender, 0, sizeof(*contender));
	contender->pair = (struct pair){.front = RTE_MAX_ETHPORTS, .back = RTE_MAX_ETHPORTS};
	rc = pools_create(contender, plan, index);
	if (rc == 0)
		rc = flows_init(contender, plan);
	pair_plan.front_pool = contender->pools[SIDE_FRONT];
	pair_plan.back_pool = contender->pools[SIDE_BACK];
	if (rc == 0)
		rc = pair_open(&contender->pair, &pair_plan, spec, index);
	if (rc < 0)
		contender_close(contender);
	return rc;
}

void
contender_close(struct contender *contender)
{
	pair_close(&contender->pair);
	for (enum end_side side = 0; side < NB_SIDES; side++) {
		for (uint16_t queue = 0; queue < BENCH_MAX_QUEUES; queue++)
			flow_fini(&contender->flows[side][queue]);
		rte_mempool_free(contender->pools[side]);
		contender->pools[side] = NULL;
	}
}

typedef uint64_t (*flow_count)(const struct flow *flow);

static uint64_t
flows_sum(const struct contender *contender, flow_count count)
{
	uint64_t sum = 0;

	for (enum end_side side = 0; side < NB_SIDES; side++)
		for (uint16_t queue = 0; queue < BENCH_MAX_QUEUES; queue++)
			sum += count(&contender->flows[side][queue]);
	return sum;
}

static uint64_t
flow_missing(const struct flow *flow)
{
	return flow->sent - flow->refused - flow->received;
}

static uint64_t
flow_refused(const struct flow *flow)
{
	return flow->refused;
}

uint64_t
contender_missing(const struct contender *contender)
{
	return flows_sum(contender, flow_missing);
}

uint64_t
contender_refused(const struct contender *contender)
{
	return flows_sum(contender, flow_refused);
}

uint64_t
contender_damaged(const struct contender *contender)
{
	return flows_sum(contender, flow_damaged);
}
