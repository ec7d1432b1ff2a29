/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The table of data paths: one row for each shape of the loop, one select() for each direction. A row that is not
 * in the table does not exist; the tests walk the same table.
 */

#ifndef VIRTIO_RXTX_PATH_H
#define VIRTIO_RXTX_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "rxtx/traits.h"

typedef uint16_t (*burst_fn)(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);

struct rx_path {
	const char *name;  /**< burst-mode text: "split, mergeable, in-order" */
	struct rx_traits traits;
	burst_fn burst;
};

struct tx_path {
	const char *name;
	struct tx_traits traits;
	burst_fn burst;
};

/** What decides. */
struct path_request {
	uint64_t features; /**< negotiated */
	uint64_t rx_offloads; /**< RTE_ETH_RX_OFFLOAD_* that were configured */
	uint64_t tx_offloads; /**< RTE_ETH_TX_OFFLOAD_* likewise */
	uint16_t simd;     /**< widest vectors that may be used, in bits, of simd_bits(); 0: none */
};

/** All rows, for tests and docs. */
const struct rx_path *rx_paths(unsigned int *nr);
const struct tx_path *tx_paths(unsigned int *nr);

/** The best row for the request: the widest of those that fit; never NULL. */
const struct rx_path *rx_path_select(const struct path_request *request);
const struct tx_path *tx_path_select(const struct path_request *request);

#endif /* VIRTIO_RXTX_PATH_H */
