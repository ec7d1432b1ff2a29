/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Packets made, counted and judged; see flow.h. */

#include <rte_mbuf.h>
#include <rte_random.h>

#include "flow.h"

int
flow_init(struct flow *flow, const struct bench_plan *plan, uint8_t direction, uint16_t queue)
{
	struct traffic_id id = {
		.run_id = rte_rand(), .queue = queue, .direction = direction,
	};

	*flow = (struct flow){
		.source = {.id = id, .sizes = plan->frame.sizes, .min_segs = 1},
	};
	return plan->verify ? traffic_ledger_init(&flow->ledger, &id) : 0;
}

void
flow_fini(struct flow *flow)
{
	traffic_ledger_fini(&flow->ledger);
}

uint16_t
flow_make(struct flow *flow, const struct bench_plan *plan, struct rte_mempool *pool,
	struct rte_mbuf **mbufs)
{
	struct traffic_source *source = &flow->source;
	uint32_t next;

	if (plan->verify)
		return traffic_alloc(source, pool, mbufs, plan->burst);
	if (rte_pktmbuf_alloc_bulk(pool, mbufs, plan->burst) != 0)
		return 0;
	next = source->next % source->sizes.count;
	for (uint16_t i = 0; i < plan->burst; i++) {
		mbufs[i]->data_len = mbufs[i]->pkt_len = source->sizes.sizes[next];
		next = next + 1 == source->sizes.count ? 0 : next + 1;
	}
	source->next += plan->burst;
	return plan->burst;
}

void
flow_unmake(struct flow *flow, struct rte_mbuf **mbufs, uint16_t count)
{
	flow->source.next -= count;
	rte_pktmbuf_free_bulk(mbufs, count);
}

void
flow_receive(struct flow *flow, const struct bench_plan *plan, struct rte_mbuf **mbufs,
	uint16_t count)
{
	if (plan->verify)
		for (uint16_t i = 0; i < count; i++)
			traffic_receive(&flow->ledger, mbufs[i]);
	flow->received += count;
	rte_pktmbuf_free_bulk(mbufs, count);
}

uint64_t
flow_damaged(const struct flow *flow)
{
	const struct traffic_ledger *ledger = &flow->ledger;

	return ledger->duplicated + ledger->reordered + ledger->stale + ledger->corrupt +
		ledger->foreign;
}
