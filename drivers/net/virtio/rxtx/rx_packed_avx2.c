/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Instances of the rx burst over a packed ring for CPUs with AVX2. Nothing but constants.
 */

#include "rxtx/rx_burst.h"
#include "rxtx/rows.h"

uint16_t
rx_packed_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){PACKED_PLAIN, .simd = 256});
}

uint16_t
rx_packed_in_order_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){PACKED_IN_ORDER, .simd = 256});
}

uint16_t
rx_packed_mergeable_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){PACKED_MERGEABLE, .simd = 256});
}

uint16_t
rx_packed_mergeable_in_order_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits){PACKED_MERGEABLE_IN_ORDER, .simd = 256});
}
