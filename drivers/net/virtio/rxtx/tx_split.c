/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Instances of the tx burst over a split ring. Nothing but constants.
 */

#include "rxtx/rows.h"
#include "rxtx/tx_burst.h"

#define PLAIN {.format = VRING_SPLIT}
#define IN_ORDER {.format = VRING_SPLIT, .in_order = true}

static uint16_t
tx_split(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return tx_burst(queue, pkts, nb_pkts, (struct tx_traits)PLAIN);
}

static uint16_t
tx_split_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return tx_burst(queue, pkts, nb_pkts, (struct tx_traits)IN_ORDER);
}

const struct tx_path tx_split_rows[TX_SPLIT_ROWS] = {
	{"split", PLAIN, tx_split},
	{"split, in-order", IN_ORDER, tx_split_in_order},
};
