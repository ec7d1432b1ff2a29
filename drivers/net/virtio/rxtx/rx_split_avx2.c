/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Instances of the rx burst over a split ring for CPUs with AVX2. Nothing but constants.
 */

#include "rxtx/rx_burst.h"
#include "rxtx/rows.h"

uint16_t
rx_split_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_PLAIN, .simd = 256});
}

uint16_t
rx_split_in_order_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_IN_ORDER, .simd = 256});
}

uint16_t
rx_split_mergeable_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_MERGEABLE, .simd = 256});
}

uint16_t
rx_split_mergeable_in_order_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){SPLIT_MERGEABLE_IN_ORDER, .simd = 256});
}
