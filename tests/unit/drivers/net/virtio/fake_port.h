/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A port without EAL: a fake device behind struct virtio_ops, fake queues and paths behind rxtx/'s
 * names (fake_paths.c has the paths), fake EAL memory. All of them write into one ordered log, so
 * that a test asserts an order by comparing one string. The glue (ethdev*.c) is the real one.
 */

#ifndef TEST_FAKE_PORT_H
#define TEST_FAKE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/net.h"
#include "ethdev.h"

/** What the fake device offers and how it fails. */
struct fake_device {
	uint64_t offer;
	uint64_t features;
	uint8_t status;
	struct virtio_net_config config;
	int fail_suspend;
	int fail_driver_ok;
	int fail_command;
	bool refuses_features; /**< takes FEATURES_OK back */
	bool link_up;
	struct port_peer_info info;
};

struct fake_port {
	struct rte_eth_dev dev;
	struct rte_eth_dev_data data;
	struct fake_device device;
	struct virtio_hw *hw;
	void *rx_queues[8], *tx_queues[8];
};

/** A port of @p pairs queue pairs, as after probe. */
void fake_port_make(struct fake_port *port, uint32_t pairs);
/** As ethdev's close; fails the test when something was not given back. */
void fake_port_drop(struct fake_port *port);
/** As ethdev's configure, which gives back surplus queues first. */
int fake_port_configure(struct fake_port *port, uint16_t nr_rx, uint16_t nr_tx);
/** Set all configured queues up, with 64 descriptors. */
void fake_port_setup(struct fake_port *port);
int fake_port_start(struct fake_port *port);
int fake_port_stop(struct fake_port *port);

/** The log since the last call, entries joined by blanks; valid until the next call. */
const char *fake_log_take(void);

/** Counters of a fake queue, writable. */
struct queue_stats *fake_rx_stats(struct fake_port *port, uint16_t id);
struct queue_stats *fake_tx_stats(struct fake_port *port, uint16_t id);

/** What was switched last in an rx queue. */
struct fake_switches {
	bool ptypes;
	bool strip;
};

extern struct fake_switches fake_switches;

/** Features of a good back-end. */
#define FAKE_OFFER \
	(VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_IN_ORDER) | \
	 VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) | VIRTIO_BIT(VIRTIO_NET_F_MAC) | \
	 VIRTIO_BIT(VIRTIO_NET_F_STATUS) | VIRTIO_BIT(VIRTIO_NET_F_MQ) | \
	 VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR))

#endif /* TEST_FAKE_PORT_H */
