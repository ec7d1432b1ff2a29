/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The fake port's paths: one row with offloads and one without, for each direction; and what rows with offloads can be
 * told while they run. See fake_port.h.
 */

#include "fake_port.h"
#include "rxtx/net_hdr.h"
#include "rxtx/tx_prepare.h"

struct fake_switches fake_switches;

static uint16_t
fake_burst(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	(void)queue;
	(void)pkts;
	(void)nb_pkts;
	return 0;
}

const struct rx_path *
rx_path_select(const struct path_request *request)
{
	static const struct rx_path path = {.name = "fake rx", .burst = fake_burst};
	static const struct rx_path offload = {.name = "fake rx, offload", .traits.offload = true, .burst = fake_burst};

	return rx_offload_is_needed(request->features, request->rx_offloads) ? &offload : &path;
}

const struct tx_path *
tx_path_select(const struct path_request *request)
{
	static const struct tx_path path = {.name = "fake tx", .burst = fake_burst};
	static const struct tx_path offload = {.name = "fake tx, offload", .traits.offload = true, .burst = fake_burst};

	return tx_offload_is_needed(request->features, request->tx_offloads) ? &offload : &path;
}

uint16_t
tx_prepare(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return fake_burst(queue, pkts, nb_pkts);
}

void
rxq_set_ptypes(struct virtio_rxq *rxq, bool wanted)
{
	(void)rxq;
	fake_switches.ptypes = wanted;
}

void
rxq_set_strip(struct virtio_rxq *rxq, bool wanted)
{
	(void)rxq;
	fake_switches.strip = wanted;
}
