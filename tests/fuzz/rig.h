/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A queue of one row of the path table, its rings in a heap block of exactly their size, its mbufs
 * from a fuzz pool, a hostile device on the other side; and what must hold after each burst
 * whatever that device did.
 */

#ifndef FUZZ_RIG_H
#define FUZZ_RIG_H

#include "hostile.h"
#include "pool.h"
#include "rxtx/path.h"
#include "rxtx/queue.h"

/** Most packets of one burst here. */
#define RIG_BURST 96
/** Most packets that the application keeps for itself, and most of one queue. */
#define RIG_HELD 256
#define RIG_SIZE_MAX 256

/** How a run begins, from the first step of an input. */
struct rig_start {
	unsigned int row;   /**< of the table, modulo its length */
	unsigned int size;  /**< any; made a legal one */
	unsigned int cap;   /**< mbufs that can be had; 0: all */
	unsigned int flags; /**< enum rig_flag */
};

enum rig_flag {
	RIG_LEGACY = 1,     /**< without VIRTIO_F_VERSION_1 */
	RIG_HASH = 2,       /**< the header with a hash */
	RIG_NEAR_WRAP = 4,  /**< split: indices begin shortly before 65536 */
	RIG_INDIRECT = 8,
	RIG_FAST_FREE = 16,
	RIG_EVENT_IDX = 32,
};

struct rig {
	struct pool *pool;
	struct queue_config config;
	struct hostile hostile;
	void *memory;
	struct rte_mbuf *held[RIG_HELD];
	unsigned int nr_held;
	uint64_t packets, bytes; /**< seen by the application, against the queue's own counters */
	/* One of the two is in use. */
	const struct rx_path *rx;
	struct virtio_rxq *rxq;
	const struct tx_path *tx;
	struct virtio_txq *txq;
};

void rx_rig_open(struct rig *rig, const struct rig_start *start);
/** Everything goes home, or else. */
void rx_rig_close(struct rig *rig);
/**
 * A burst of @p n; what comes is checked and held, or freed if @p keep is false. @return packets
 */
uint16_t rx_rig_burst(struct rig *rig, uint16_t n, bool keep);
/** The peer vanished; another comes. */
void rx_rig_resync(struct rig *rig);
/** The device was reset. */
void rx_rig_discard(struct rig *rig);

void tx_rig_open(struct rig *rig, const struct rig_start *start);
void tx_rig_close(struct rig *rig);
/** Send packets; what the queue does not take is freed. @return taken */
uint16_t tx_rig_burst(struct rig *rig, struct rte_mbuf **pkts, uint16_t n);
void tx_rig_resync(struct rig *rig);
void tx_rig_discard(struct rig *rig);

/** The application frees all that it kept. */
void rig_free_held(struct rig *rig);
/** The queue's counters. */
const struct queue_stats *rig_stats(const struct rig *rig);
bool rig_is_broken(const struct rig *rig);

#endif /* FUZZ_RIG_H */
