/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Numbered traffic over a port's queues; see harness.h.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "harness.h"
#include "harness_private.h"

#define MAX_FLOWS 32

static struct flow *live_flows[MAX_FLOWS];
static uint32_t epochs;

void
flow_init(struct flow *flow, const struct port *port, uint16_t queue, const char *sizes,
	uint64_t limit)
{
	const struct traffic_id id = {.run_id = (uint32_t)getpid(), .epoch = epochs++,
		.queue = queue};
	unsigned int slot = 0;

	memset(flow, 0, sizeof(*flow));
	flow->port = port;
	flow->queue = queue;
	flow->pool = harness_pool;
	flow->limit = limit;
	flow->burst = HARNESS_BURST;
	flow->source.id = id;
	assert_int_equal(traffic_sizes_parse(&flow->source.sizes, sizes), 0);
	assert_int_equal(traffic_ledger_init(&flow->ledger, &id), 0);
	while (slot < MAX_FLOWS && live_flows[slot] != NULL)
		slot++;
	assert_in_range(slot, 0, MAX_FLOWS - 1);
	live_flows[slot] = flow;
}

void
flow_fini(struct flow *flow)
{
	rte_pktmbuf_free_bulk(flow->pending, flow->nr_pending);
	flow->nr_pending = 0;
	traffic_ledger_fini(&flow->ledger);
	for (unsigned int i = 0; i < MAX_FLOWS; i++)
		if (live_flows[i] == flow)
			live_flows[i] = NULL;
}

/* A failed test's flows lie on a stack that is gone: their mbufs are lost, which is the least of it. */
void
harness_flows_cleanup(void)
{
	memset(live_flows, 0, sizeof(live_flows));
}

uint16_t
flow_send(struct flow *flow)
{
	const uint64_t left = flow->limit - flow->sent - flow->nr_pending;
	const uint64_t room = (uint64_t)(flow->burst - flow->nr_pending);
	uint16_t accepted;

	flow->nr_pending += traffic_alloc(&flow->source, flow->pool,
			flow->pending + flow->nr_pending, (uint16_t)RTE_MIN(left, room));
	if (flow->nr_pending == 0)
		return 0;
	accepted = rte_eth_tx_burst(flow->port->id, flow->queue, flow->pending, flow->nr_pending);
	flow->sent += accepted;
	flow->nr_pending -= accepted;
	memmove(flow->pending, flow->pending + accepted,
		flow->nr_pending * sizeof(flow->pending[0]));
	return accepted;
}

uint16_t
flow_receive(struct flow *flow)
{
	struct rte_mbuf *frames[HARNESS_BURST_MAX];
	const uint16_t nr = rte_eth_rx_burst(flow->port->id, flow->queue, frames, flow->burst);

	for (uint16_t i = 0; i < nr; i++)
		traffic_receive(&flow->ledger, frames[i]);
	rte_pktmbuf_free_bulk(frames, nr);
	return nr;
}

bool
flow_is_complete(const struct flow *flow)
{
	return flow->sent == flow->limit && flow->ledger.received >= flow->sent;
}

void
flows_run(struct flow *flows, unsigned int nr, uint32_t patience_ms)
{
	uint64_t last = now_ms();
	bool is_complete = false;

	while (!is_complete && now_ms() - last < patience_ms) {
		uint32_t moved = 0;

		is_complete = true;
		for (unsigned int i = 0; i < nr; i++) {
			moved += flow_send(&flows[i]);
			moved += flow_receive(&flows[i]);
			is_complete &= flow_is_complete(&flows[i]);
		}
		if (moved > 0)
			last = now_ms();
	}
}

void
flows_drain(struct flow *flows, unsigned int nr, uint32_t patience_ms)
{
	uint64_t last = now_ms();

	while (now_ms() - last < patience_ms)
		for (unsigned int i = 0; i < nr; i++)
			if (flow_receive(&flows[i]) > 0)
				last = now_ms();
}

void
assert_flow_clean(const struct flow *flow)
{
	struct traffic_verdict verdict = {0};
	char text[512];

	traffic_judge(&verdict, &flow->ledger, flow->sent);
	if (flow->sent != flow->limit || !traffic_is_clean(&verdict))
		fail_msg("%s queue %u, %ju of %ju sent: %s", flow->port->name, flow->queue,
			(uintmax_t)flow->sent, (uintmax_t)flow->limit,
			traffic_text(&verdict, text, sizeof(text)));
}

void
assert_traffic(const struct port *port, const char *sizes, uint64_t count)
{
	struct flow flow;

	flow_init(&flow, port, 0, sizes, count);
	flows_run(&flow, 1, 2000);
	assert_flow_clean(&flow);
	flow_fini(&flow);
}
