/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Instances of the tx burst over a packed ring. Nothing but constants.
 */

#include "rxtx/tx_burst.h"
#include "rxtx/rows.h"

uint16_t
tx_packed(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return tx_burst(queue, pkts, nb_pkts, (struct tx_traits){PACKED_PLAIN});
}

uint16_t
tx_packed_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return tx_burst(queue, pkts, nb_pkts, (struct tx_traits){PACKED_IN_ORDER});
}

uint16_t
tx_packed_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return tx_burst(queue, pkts, nb_pkts, (struct tx_traits){PACKED_OFFLOAD});
}

uint16_t
tx_packed_in_order_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return tx_burst(queue, pkts, nb_pkts, (struct tx_traits){PACKED_IN_ORDER_OFFLOAD});
}
