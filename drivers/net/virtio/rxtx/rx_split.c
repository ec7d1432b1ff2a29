/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Instances of the rx burst over a split ring. Nothing but constants.
 */

#include "rxtx/rows.h"
#include "rxtx/rx_burst.h"

#define PLAIN {.format = VRING_SPLIT}
#define IN_ORDER {.format = VRING_SPLIT, .in_order = true}
#define MERGEABLE {.format = VRING_SPLIT, .mergeable = true}
#define MERGEABLE_IN_ORDER {.format = VRING_SPLIT, .in_order = true, .mergeable = true}

static uint16_t
rx_split(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits)PLAIN);
}

static uint16_t
rx_split_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits)IN_ORDER);
}

static uint16_t
rx_split_mergeable(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits)MERGEABLE);
}

static uint16_t
rx_split_mergeable_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return rx_burst(queue, pkts, nb_pkts, (struct rx_traits)MERGEABLE_IN_ORDER);
}

const struct rx_path rx_split_rows[RX_SPLIT_ROWS] = {
	{"split", PLAIN, rx_split},
	{"split, in-order", IN_ORDER, rx_split_in_order},
	{"split, mergeable", MERGEABLE, rx_split_mergeable},
	{"split, mergeable, in-order", MERGEABLE_IN_ORDER, rx_split_mergeable_in_order},
};
