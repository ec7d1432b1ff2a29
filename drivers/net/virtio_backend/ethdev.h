/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the port's files share: the device half as an ethdev. Directions: what the driver transmits (virtqueues of odd
 * index) the port receives, and the other way round.
 *
 * Theory of operation. Two parties work on a port: the application's control calls, one at a time as ethdev demands,
 * and the callbacks of lib/vhost2, from its loop's thread. What both use is under `lock`, a leaf: nothing that waits
 * for the loop is called with it. A queue carries packets while three things hold: the application made it, the port
 * is started, and the front-end has started the virtqueue of its index. Whoever makes the last of them true binds the
 * two and opens the gate; whoever makes the first of them false closes it, and then no thread is inside of a burst.
 *
 * Events for the application are delivered from EAL's interrupt thread, never from the loop's.
 */

#ifndef VIRTIO_BACKEND_ETHDEV_H
#define VIRTIO_BACKEND_ETHDEV_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <ethdev_driver.h>

#include "compat.h"
#include "devargs.h"
#include "gate/gate.h"
#include "vhost2_net/rte_vhost2_net.h"
#include "vhost2_net/rte_vhost2_net_device.h"

/** Bytes of a frame beside its payload: header and one VLAN tag. */
#define PORT_FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)

/** Room for the port's own extended statistics. */
#define BACKEND_PORT_COUNTERS 24

struct backend_port;

/** One virtqueue of the port, at its virtqueue index: even ones the application transmits on, odd ones it receives on. */
struct port_queue {
	/* Read by each burst. */
	struct gate gate;
	struct rte_vhost2_net_queue *net; /**< NULL: the application did not set it up; changed while the gate is closed */
	bool fast_free;                   /**< tx: all mbufs are whole and of one pool */
	/* Under the port's lock. */
	struct backend_port *port;
	struct rte_vhost2_dev *vdev; /**< NULL: the front-end has not started it */
	struct rte_vhost2_vq *vq;
	bool is_bound;               /**< `net` works on `vq` */
	bool is_told;                /**< what the application was told of it last: whether it runs */
	/* The application's, for those who ask for it. */
	struct rte_vhost2_net_queue_config config; /**< of `net` */
	uint16_t size;
	struct rte_vhost2_net_queue_stats retired;  /**< counts of its predecessors */
	struct rte_vhost2_net_queue_stats baseline; /**< what the last reset of the statistics took off */
} __attribute__((aligned(64)));

/** A port. Ordinary heap: a peer cannot write it. */
struct backend_port {
	struct rte_eth_dev *dev;         /**< NULL until there is one */
	char name[RTE_ETH_NAME_MAX_LEN]; /**< of the vdev, for log lines */
	struct backend_config config;
	struct rte_ether_addr mac;       /**< ethdev's mac_addrs points here */
	uint16_t nr_queues;              /**< of `queues`: twice the devarg */
	struct port_queue *queues;
	bool is_probed;                  /**< atomic: `dev` is a port */

	pthread_mutex_t lock;
	pthread_cond_t gone;             /**< signalled with is_registered */
	bool is_registered;              /**< the target lives */
	bool is_started;                 /**< between start and stop */
	struct rte_vhost2_dev *vdev;     /**< the front-end; NULL: none is there */
	struct rte_vhost2_net_device device;
	uint64_t connects;
	uint64_t baseline[BACKEND_PORT_COUNTERS]; /**< what the last reset took off the port's extended statistics */
};

/** The port of an ethdev. */
static inline struct backend_port *
port_of(const struct rte_eth_dev *dev)
{
	return dev->process_private;
}

/** Whether the application receives on the virtqueue at @p index. */
static inline bool
queue_is_rx(uint16_t index)
{
	return index % 2 != 0;
}

/** The virtqueue of an ethdev queue. */
static inline struct port_queue *
rx_queue_of(struct backend_port *port, uint16_t id)
{
	return &port->queues[2 * id + 1];
}

static inline struct port_queue *
tx_queue_of(struct backend_port *port, uint16_t id)
{
	return &port->queues[2 * id];
}

/* --- ethdev.c --- */

/** Make @p port, of which name and config are set, the port of @p dev. 0 or -errno; port_free() undoes it. */
int port_init(struct backend_port *port, struct rte_eth_dev *dev);
/** End the device, and free the port with all it has. */
void port_free(struct backend_port *port);
/** Bytes of the longest frame that is received at @p mtu. */
uint32_t port_frame_max(const struct backend_port *port, uint16_t mtu);
/** Whether there is a link. Under the lock. */
bool port_has_link(const struct backend_port *port);
int port_link_update(struct rte_eth_dev *dev, int wait_to_complete);

/* --- ethdev_queues.c --- */

int port_rx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t size, unsigned int socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
int port_tx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t size, unsigned int socket,
	const struct rte_eth_txconf *conf);
void port_rx_queue_release(struct rte_eth_dev *dev, uint16_t id);
void port_tx_queue_release(struct rte_eth_dev *dev, uint16_t id);
void port_rxq_info_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_rxq_info *info);
void port_txq_info_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_txq_info *info);
int port_rx_burst_mode_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_burst_mode *mode);
int port_tx_burst_mode_get(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_burst_mode *mode);
uint16_t port_rx_burst(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t port_tx_burst(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts);

/** Bind the queue if all three conditions hold and it is not bound yet. Under the lock. 0 or -errno. */
int queue_bind(struct port_queue *queue);
/**
 * Close its gate and take it off its virtqueue. Under the lock. Idempotent.
 *
 * @return 0; -EINPROGRESS: mbufs still point into the driver's memory, and whoever frees the last one completes what
 *   this is done for.
 */
int queue_unbind(struct port_queue *queue);
/** Free what the application set up; counters live on. */
void queue_drop(struct port_queue *queue);
/** Whether packets go through. Under the lock. */
bool queue_runs(const struct port_queue *queue);
/** Make the receive queues of a stopped port anew for frames of @p frame_max bytes. 0 or -errno. */
int queues_set_frame_max(struct backend_port *port, uint32_t frame_max);

/* --- ethdev_stats.c --- */

int port_stats_get(STATS_GET_PARAMS);
int port_stats_reset(struct rte_eth_dev *dev);
int port_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *xstats, unsigned int n);
int port_xstats_get_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned int n);
int port_xstats_reset(struct rte_eth_dev *dev);
/** Add a queue's counts to `retired`, before the queue goes. */
void stats_retire(struct port_queue *queue);

/* --- loop.c --- */

/** The loop of all ports, in a control thread of its own; made for the first, ended with the last. NULL: errno. */
struct rte_vhost2_loop *control_loop_hold(void);
/** Not from the loop. */
void control_loop_release(void);

/* --- device.c --- */

/** Register the target. 0 or -errno, logged. */
int device_open(struct backend_port *port);
/** End it: no callback comes after this. Waits for the loop. Idempotent. */
void device_close(struct backend_port *port);
/** Tell the driver what changed in the configuration space. Under the lock. */
void device_config_changed(struct backend_port *port);
/** Counters of the target. */
void device_target_stats(const struct backend_port *port, struct rte_vhost2_tgt_stats *stats);
/** Have the application told what changed: link and queues. */
void device_events_raise(struct backend_port *port);

#endif /* VIRTIO_BACKEND_ETHDEV_H */
