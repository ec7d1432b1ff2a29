/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The bursts that the instance files contribute to the table of path.c, and the traits of each: one definition for the
 * loop and for the table, to which vector rows add their width.
 */

#ifndef VIRTIO_RXTX_ROWS_H
#define VIRTIO_RXTX_ROWS_H

#include "rxtx/path.h"

#define SPLIT_PLAIN .format = VRING_SPLIT
#define SPLIT_IN_ORDER .format = VRING_SPLIT, .in_order = true
#define SPLIT_MERGEABLE .format = VRING_SPLIT, .mergeable = true
#define SPLIT_MERGEABLE_IN_ORDER .format = VRING_SPLIT, .in_order = true, .mergeable = true
#define PACKED_PLAIN .format = VRING_PACKED
#define PACKED_IN_ORDER .format = VRING_PACKED, .in_order = true
#define PACKED_MERGEABLE .format = VRING_PACKED, .mergeable = true
#define PACKED_MERGEABLE_IN_ORDER .format = VRING_PACKED, .in_order = true, .mergeable = true
#define SPLIT_OFFLOAD .format = VRING_SPLIT, .offload = true
#define SPLIT_IN_ORDER_OFFLOAD .format = VRING_SPLIT, .in_order = true, .offload = true
#define SPLIT_MERGEABLE_OFFLOAD .format = VRING_SPLIT, .mergeable = true, .offload = true
#define SPLIT_MERGEABLE_IN_ORDER_OFFLOAD .format = VRING_SPLIT, .in_order = true, .mergeable = true, .offload = true
#define PACKED_OFFLOAD .format = VRING_PACKED, .offload = true
#define PACKED_IN_ORDER_OFFLOAD .format = VRING_PACKED, .in_order = true, .offload = true
#define PACKED_MERGEABLE_OFFLOAD .format = VRING_PACKED, .mergeable = true, .offload = true
#define PACKED_MERGEABLE_IN_ORDER_OFFLOAD .format = VRING_PACKED, .in_order = true, .mergeable = true, .offload = true

uint16_t rx_split(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_mergeable(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_mergeable_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_in_order_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_mergeable_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_mergeable_in_order_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_mergeable(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_mergeable_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_in_order_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_mergeable_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_mergeable_in_order_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_split(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_split_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_split_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_split_in_order_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_packed(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_packed_in_order(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_packed_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_packed_in_order_offload(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);

/* Only where meson.build has them compiled; path.c knows by VIRTIO_HAVE_AVX2 and VIRTIO_HAVE_AVX512. */
uint16_t rx_split_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_in_order_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_mergeable_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_mergeable_in_order_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_in_order_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_mergeable_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_mergeable_in_order_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_split_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_split_in_order_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_packed_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_in_order_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_mergeable_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_split_mergeable_in_order_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_in_order_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_mergeable_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t rx_packed_mergeable_in_order_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_split_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_split_in_order_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_packed_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t tx_packed_in_order_avx512(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);

#endif /* VIRTIO_RXTX_ROWS_H */
