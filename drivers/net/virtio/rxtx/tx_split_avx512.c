/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Instances of the tx burst over a split ring for CPUs with AVX-512. Nothing but constants.
 */

#include "rxtx/tx_burst.h"
#include "rxtx/rows.h"

uint16_t
tx_split_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return tx_burst(queue, pkts, nb_pkts, (struct tx_traits){SPLIT_PLAIN, .simd = 512});
}

uint16_t
tx_split_in_order_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return tx_burst(queue, pkts, nb_pkts, (struct tx_traits){SPLIT_IN_ORDER, .simd = 512});
}
