/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A front-end port and the back-end port it talks to, both in this process. Nothing is timed here.
 */

#ifndef VIRTIO_BENCH_PAIR_H
#define VIRTIO_BENCH_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_dev.h>
#include <rte_mempool.h>

/** Longest front-end specification: a driver's name and devargs. */
#define SPEC_MAX 256

/** What a pair is made of. */
struct pair_plan {
	const char *socket_dir;         /**< private directory for the sockets */
	struct rte_mempool *front_pool; /**< what the front-end receives into */
	struct rte_mempool *back_pool;  /**< what the back-end receives into */
	uint16_t ring;                  /**< descriptors per ring */
	uint16_t queues;                /**< pairs */
	uint32_t max_frame;             /**< bytes of the largest frame */
	bool offloads;                  /**< ask both ports for checksum offloads */
};

/** Two connected, started ports. */
struct pair {
	uint16_t front; /**< port id; RTE_MAX_ETHPORTS while there is none */
	uint16_t back;
	char front_name[RTE_DEV_NAME_MAX_LEN];
	char back_name[RTE_DEV_NAME_MAX_LEN];
	char socket[108];
};

/**
 * Plug a net_vhost port, then the front-end that spec describes ("NAME" or "NAME,DEVARG=...");
 * index makes names and socket unique.
 *
 * @return 0; -errno after saying what is wrong, with nothing left plugged.
 */
int pair_open(struct pair *pair, const struct pair_plan *plan, const char *spec,
	unsigned int index);

/** Unplug both. */
void pair_close(struct pair *pair);

#endif /* VIRTIO_BENCH_PAIR_H */
