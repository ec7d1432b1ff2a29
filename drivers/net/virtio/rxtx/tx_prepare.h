/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What rte_eth_tx_prepare() does: packets are checked, and their checksum fields filled as a virtio device wants them.
 */

#ifndef VIRTIO_RXTX_TX_PREPARE_H
#define VIRTIO_RXTX_TX_PREPARE_H

#include <rte_mbuf.h>

#include "rxtx/net_hdr.h"

/**
 * Prepare one packet. Its headers are written to, so they must not be shared with a packet of other headers.
 *
 * @param links_max
 *   Descriptors that a packet can have.
 * @return 0; -ENOTSUP: it wants what the queue cannot do; -EINVAL: it contradicts itself, or can never be sent.
 */
int tx_prepare_packet(const struct tx_offload *offload, uint32_t links_max, struct rte_mbuf *m);

/** ethdev's tx_pkt_prepare, of every row. @return packets until the first bad one; then rte_errno says why. */
uint16_t tx_prepare(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts);

#endif /* VIRTIO_RXTX_TX_PREPARE_H */
