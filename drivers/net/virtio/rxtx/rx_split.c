/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Instances of the rx burst over a split ring. Nothing but constants.
 */

#include "rxtx/rx_burst.h"
#include "rxtx/rows.h"

uint16_t
rx_split(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_PLAIN});
}

uint16_t
rx_split_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_IN_ORDER});
}

uint16_t
rx_split_mergeable(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_MERGEABLE});
}

uint16_t
rx_split_mergeable_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_MERGEABLE_IN_ORDER});
}

uint16_t
rx_split_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_OFFLOAD});
}

uint16_t
rx_split_in_order_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_IN_ORDER_OFFLOAD});
}

uint16_t
rx_split_mergeable_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_MERGEABLE_OFFLOAD});
}

uint16_t
rx_split_mergeable_in_order_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_MERGEABLE_IN_ORDER_OFFLOAD});
}
