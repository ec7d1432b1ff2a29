/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The inside of a tx queue, shared by the burst template (tx_burst.h), its rare cases (tx_odd.h) and the control side
 * (tx_queue.c). The ethdev glue sees queue.h only.
 */

#ifndef VIRTIO_RXTX_TX_QUEUE_H
#define VIRTIO_RXTX_TX_QUEUE_H

#include <rte_ether.h>

#include "gate/gate.h"
#include "ring/virtqueue.h"
#include "rxtx/net_hdr.h"
#include "rxtx/queue.h"

/** Largest packet: 64 KiB behind an Ethernet header. */
#define TX_PACKET_MAX (65536 + RTE_ETHER_HDR_LEN)

/** Links of an indirect table: a header, and 64 KiB in pages. */
#define TX_TABLE_SIZE 17

/**
 * What a packet may need besides its own memory, one for each descriptor with which a packet can begin. Lies with the
 * rings, in memory that the peer sees; written by us, never read back.
 */
struct tx_extra {
	uint8_t hdr[48]; /**< net header; behind it, addresses and a tag in place of the frame's addresses */
	struct vring_desc table[TX_TABLE_SIZE];
};

static_assert(sizeof(struct tx_extra) == 5 * 64, "whole lines");
static_assert(sizeof(((struct tx_extra *)0)->hdr) >= VIRTIO_NET_HDR_LEN_HASH + TAGGED_ADDRS_LEN + RTE_VLAN_HLEN,
	"a header and a tag");

/** Bytes of each tx_extra without indirect tables. */
#define TX_EXTRA_SHORT offsetof(struct tx_extra, table)

struct virtio_txq {
	/* Line 0: constant but for the gate. */
	struct gate gate;
	uint8_t *extra;          /**< struct tx_extra, extra_step apart */
	uint32_t extra_step;
	uint32_t hdr_len;
	uint16_t reclaim_group;  /**< packets to take back at once */
	bool indirect;           /**< VIRTIO_F_INDIRECT_DESC */
	uint32_t nb_marked;      /**< packets in the ring that want a look when they come back */
	struct rte_mempool *pool; /**< of all others in the ring */

	struct virtqueue vq __attribute__((aligned(64)));

	/* What a burst writes. */
	struct queue_stats stats;
	struct tx_offload offload; /**< of rows with offloads; constant */
};

static_assert(offsetof(struct virtio_txq, vq) == 64, "one line of constants");

#endif /* VIRTIO_RXTX_TX_QUEUE_H */
