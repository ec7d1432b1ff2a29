/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/**
 * @file
 * What the network device knows beside its packets: configuration space, and what the driver said on the control
 * queue. One struct per device, embedded in the application's; plain data, no locks: the application sees to it that
 * one thread at a time works on it.
 */

#ifndef RTE_VHOST2_NET_DEVICE_H
#define RTE_VHOST2_NET_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost2/rte_vhost2.h"

#ifdef __cplusplus
extern "C" {
#endif

/** MAC addresses of each kind that are kept; a driver that sets more gets all of the kind. */
#define RTE_VHOST2_NET_MACS 64

/** @name What a control command changed
 * @{
 */
#define RTE_VHOST2_NET_CHANGED_RX (1u << 0)        /**< promiscuous and the other modes */
#define RTE_VHOST2_NET_CHANGED_MAC (1u << 1)       /**< the device's own address */
#define RTE_VHOST2_NET_CHANGED_MAC_TABLE (1u << 2)
#define RTE_VHOST2_NET_CHANGED_VLAN (1u << 3)
#define RTE_VHOST2_NET_CHANGED_PAIRS (1u << 4)
#define RTE_VHOST2_NET_CHANGED_ANNOUNCE (1u << 5)  /**< the driver announced itself */
/** @} */

/** A list of addresses that the driver wants to receive. */
struct rte_vhost2_net_macs {
	uint16_t nr;
	bool overflow; /**< there were too many: all of this kind are wanted */
	uint8_t addr[RTE_VHOST2_NET_MACS][6];
};

/** Which packets the driver wants. VIRTIO 1.3 5.1.6.5.1 to 5.1.6.5.3. */
struct rte_vhost2_net_filter {
	bool promisc;
	bool allmulti;
	bool alluni;
	bool nomulti;
	bool nouni;
	bool nobcast;
	struct rte_vhost2_net_macs unicast;
	struct rte_vhost2_net_macs multicast;
	uint64_t vlan[4096 / 64]; /**< a bit for each VLAN identifier; counts only with VIRTIO_NET_F_CTRL_VLAN */
};

struct rte_vhost2_net_device {
	/* The application's, before the device is used. */
	uint16_t max_pairs;
	uint16_t mtu;     /**< with VIRTIO_NET_F_MTU */
	uint32_t speed;   /**< Mbit/s; UINT32_MAX: unknown */
	uint8_t duplex;   /**< 0 half, 1 full, 0xff unknown */
	uint8_t mac[6];   /**< the driver may change it */
	bool link_up;     /**< after a change: rte_vhost2_dev_cfg_call() */
	bool announce;    /**< the driver is asked to announce itself, and takes it back; likewise */
	/* The driver's. */
	uint64_t features;
	uint16_t pairs;   /**< in use */
	struct rte_vhost2_net_filter filter;
	/* Counters. */
	uint64_t commands;
	uint64_t refused; /**< of them: answered VIRTIO_NET_ERR */
};

/** All virtio features that this library knows how to serve, for rte_vhost2_tgt_register(). */
uint64_t rte_vhost2_net_features(void);

/** As after a reset of the device, with @p features negotiated: one pair, all filters as they begin. */
void rte_vhost2_net_device_reset(struct rte_vhost2_net_device *device, uint64_t features);

/** For get_config. 0; -EINVAL: longer than the space. */
int rte_vhost2_net_get_config(const struct rte_vhost2_net_device *device, uint8_t *config, uint32_t len);
/**
 * For set_config. A driver may write its address, if it is a legacy one; a migration restores it.
 *
 * @return 0; -EINVAL: beyond the space; -EACCES: not to be written.
 */
int rte_vhost2_net_set_config(struct rte_vhost2_net_device *device, const uint8_t *config, uint32_t offset,
	uint32_t len, enum rte_vhost2_set_config_type type);

/**
 * Serve what waits on the control queue, at most a ring's worth.
 *
 * Every command is answered: those that are unknown, were not negotiated, or are not of their exact size with
 * VIRTIO_NET_ERR, and nothing is changed by them. That holds for receive-side scaling, hash reports, coalescing and
 * switching offloads: none is offered.
 *
 * @return RTE_VHOST2_NET_CHANGED_*.
 */
uint32_t rte_vhost2_net_ctrl_process(struct rte_vhost2_net_device *device, struct rte_vhost2_dev *vdev,
	struct rte_vhost2_vq *vq);

/** Whether the driver wants a frame, of which @p len contiguous bytes are given: too few to tell is yes. */
bool rte_vhost2_net_accepts(const struct rte_vhost2_net_device *device, const void *frame, size_t len);

#ifdef __cplusplus
}
#endif

#endif /* RTE_VHOST2_NET_DEVICE_H */
