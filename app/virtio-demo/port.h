/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The port under the traffic: finding, configuring, starting, describing it. No packets here. */

#ifndef VIRTIO_DEMO_PORT_H
#define VIRTIO_DEMO_PORT_H

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "options.h"

/** Most packets moved in one call. */
#define DEMO_BURST 32

/** A port and what feeds it. */
struct demo_port {
	uint16_t id;
	uint16_t queues;
	uint16_t ring;             /**< descriptors per ring, or a guess if the port won't say */
	uint16_t mtu;
	uint32_t window;           /**< packets that may be under way on each queue */
	struct rte_mempool *pool;  /**< for both directions; made by port_pool_create() */
	struct rte_eth_dev_info info;
};

/**
 * Take the first port there is and plan queues, ring, MTU and window.
 *
 * @return 0 or -errno, after saying what is wrong.
 */
int port_open(struct demo_port *port, const struct demo_options *options);

/** Make the mempool that the plan needs: 0 or -errno. */
int port_pool_create(struct demo_port *port, const struct demo_options *options);

/** Configure the port and its queues: 0 or -errno. */
int port_configure(struct demo_port *port, const struct demo_options *options);

/** Start the port and wait until its link is up: 0 or -errno. */
int port_start(const struct demo_port *port, const struct demo_options *options);

/** Stop the port: 0 or -errno. */
int port_stop(const struct demo_port *port);

/** Print what was negotiated. */
void port_describe(const struct demo_port *port);

/** One counter of the port that tells of a drop or an error. */
struct port_drop {
	char name[RTE_ETH_XSTATS_NAME_SIZE];
	uint64_t value; /**< not zero */
};

/**
 * Collect the port's drop and error counters that are not zero.
 *
 * @return how many there are; at most max are stored
 */
uint32_t port_drops(const struct demo_port *port, struct port_drop *drops, uint32_t max);

#endif /* VIRTIO_DEMO_PORT_H */
