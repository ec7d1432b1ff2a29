/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Placing the packets that are not one buffer of their own with room for a header in front: several segments, shared
 * or foreign buffers, no headroom, or nothing that can be sent at all.
 *
 * So are, in rows with offloads, packets that ask for more than a checksum: a tag, segmentation, an IPv4 checksum.
 *
 * The net header goes into the headroom if nobody else can see that; otherwise into the queue's own memory. Then the
 * packet is one descriptor, an indirect table, or a chain of descriptors. It is placed whole or not at all.
 */

#ifndef VIRTIO_RXTX_TX_ODD_H
#define VIRTIO_RXTX_TX_ODD_H

#include "ring/virtqueue.h"
#include "rxtx/tx_queue.h"

enum tx_verdict {
	TX_PLACED,  /**< the queue owns it */
	TX_REFUSED, /**< it can never be sent: freed and counted */
	TX_NO_ROOM, /**< not now: untouched */
};

/** Place any packet; publishes nothing. */
enum tx_verdict tx_place_odd(struct virtio_txq *txq, struct rte_mbuf *m, struct vq_shape shape)
	__attribute__((cold, noinline));

#endif /* VIRTIO_RXTX_TX_ODD_H */
