/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_NET_ROWS_H
#define VHOST2_NET_ROWS_H

/*
 * The table of bursts: one row for each shape of each loop. A row that is not here does not exist; tests walk it.
 */

#include "vhost2_net/queue.h"
#include "vhost2_net/traits.h"

struct net_row {
	const char *name;
	bool is_enqueue;
	bool is_enabled; /**< false: a disabled queue's */
	struct net_traits traits;
	net_burst burst;
};

const struct net_row *net_rows(unsigned int *nr);

/** The row for a virtqueue as it is; never NULL. */
const struct net_row *net_row_select(const struct rte_vhost2_vq *vq);

/** What bursts do while the queue is not started: nothing. */
uint16_t net_burst_stopped(struct rte_vhost2_net_queue *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);

#endif /* VHOST2_NET_ROWS_H */
