/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Packets made, counted and judged; see flow.h. */

#include <string.h>
#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_random.h>
#include <rte_udp.h>

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

/* UDP over IPv4: what the headers say is true, but for the checksums, which are the offload's. */
static void
frame_ask_checksum(struct rte_mbuf *m)
{
	struct rte_ether_hdr *const ether = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *const ip = (struct rte_ipv4_hdr *)(ether + 1);
	struct rte_udp_hdr *const udp = (struct rte_udp_hdr *)(ip + 1);
	const uint16_t ip_len = m->data_len - sizeof(*ether);

	memset(ether, 0, sizeof(*ether) + sizeof(*ip) + sizeof(*udp));
	ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16(ip_len);
	ip->next_proto_id = IPPROTO_UDP;
	udp->dgram_len = rte_cpu_to_be_16(ip_len - sizeof(*ip));
	m->l2_len = sizeof(*ether);
	m->l3_len = sizeof(*ip);
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
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
		if (plan->offloads)
			frame_ask_checksum(mbufs[i]);
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
