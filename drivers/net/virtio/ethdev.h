/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the ethdev glue's files share: a port as its driver sees it. Nothing of the device is in
 * here but a handle and what can be asked of it (virtio_ops.h and the optional abilities below).
 *
 * Theory of operation. The application's calls (configure, queue setup, start, stop, close) come
 * from one thread at a time, as ethdev demands, and own everything here. Beside them the device's
 * thread may close and open the gates of the queues at any moment, even from inside an allocation
 * of EAL memory: it sees the queues through `queues_lock`, a leaf under which nothing is called but
 * the queues themselves, and nothing is allocated.
 *
 * A port's life: negotiated (features agreed on) -> live (DRIVER_OK, the device knows the rings)
 * <-> suspended by stop. A start that finds the rings as the device knows them resumes; any other
 * one begins with a reset and builds the rings whole.
 */

#ifndef VIRTIO_ETHDEV_H
#define VIRTIO_ETHDEV_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <ethdev_driver.h>

#include "compat.h"
#include "devargs.h"
#include "rxtx/path.h"
#include "rxtx/queue.h"
#include "virtio_ops.h"

/** Bytes of a frame beside its payload: header and one VLAN tag. */
#define PORT_FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)
/** Largest frame: 64 KiB, by mergeable buffers or by one large buffer. */
#define PORT_FRAME_MAX 65535
/** Largest packet of several coalesced ones. */
#define PORT_LRO_MAX (65536 + RTE_ETHER_HDR_LEN)

struct virtio_hw;

/** What the port tells about its peer. Counters unless marked as gauge. */
struct port_peer_info {
	uint64_t connects;      /**< handshakes completed */
	uint64_t disconnects;   /**< peers lost (not let go) */
	uint64_t reconnects;    /**< handshakes after the first one */
	uint64_t kicks;
	uint64_t table_updates; /**< memory tables (or pieces) sent */
	uint64_t regions;       /**< gauge: memory regions that the peer has */
	uint64_t region_limit;  /**< gauge: most that it takes */
	uint64_t connected;     /**< gauge: 0 or 1 */
	uint64_t last_error;    /**< gauge: errno of the connection's last failure, 0: none */
	uint64_t features;      /**< gauge: negotiated */
	uint64_t offered;       /**< gauge */
	uint64_t protocol;      /**< gauge: the back-end dialect's own bits */
	uint64_t peer_missed;   /**< packets that the peer dropped because nobody polled in time */
	uint64_t peer_refused;  /**< packets of ours that the peer dropped */
	uint64_t peer_mtu;      /**< gauge: what the peer has its own at; 0: it has none */
	const char *backend;    /**< kind: "vhost-user" */
};

/** What a virtio transport does not show, but an emulated device has. Never NULL. */
struct port_peer_ops {
	/** Without waiting, from any thread. */
	bool (*link_is_up)(const void *device);
	bool (*link_wait)(void *device, uint32_t timeout_ms);
	int (*set_mtu)(void *device, uint16_t mtu);
	void (*get_info)(void *device, struct port_peer_info *info);
	/** End the device and all events of it; hw->device is gone on return. */
	void (*close)(struct virtio_hw *hw);
};

/**
 * One virtqueue of the port, at its virtqueue index: rx even, tx odd. At most one of rxq and txq is
 * set; both are NULL for a queue that the application did not set up. Of a pair in use such a queue
 * gets an idle ring, since a peer wants pairs to be whole.
 */
struct port_queue {
	struct virtio_rxq *rxq; /**< written under queues_lock */
	struct virtio_txq *txq; /**< written under queues_lock */
	void *mem;              /**< EAL memory of the ring, shared with the peer */
	struct vring_area idle; /**< of an idle ring */
	uint32_t size;          /**< descriptors; 0: the application did not set it up */
	unsigned int socket;
	uint16_t free_thresh;
	uint64_t offloads;      /**< of this queue alone */
	struct rte_mempool *pool;
	uint64_t built_features; /**< what it was made for */
	uint64_t built_offloads; /**< likewise, of those that rxtx/ knows about */
	bool built_fast_free;
	struct queue_stats retired;  /**< counts of its predecessors */
	struct queue_stats baseline; /**< what the last reset of the statistics took off */
};

struct control_queue;

/** A port. Ordinary heap: a peer cannot write it. */
struct virtio_hw {
	struct rte_eth_dev *dev;
	char name[RTE_ETH_NAME_MAX_LEN]; /**< of the vdev, for log lines */
	const struct virtio_ops *ops;
	const struct port_peer_ops *peer;
	void *device;              /**< for ops and peer only */
	struct port_config config; /**< devargs */
	struct rte_ether_addr mac; /**< ethdev's mac_addrs points here */
	struct rte_ether_addr device_mac; /**< what the device was told, or told us */
	uint64_t features;         /**< negotiated */
	uint16_t max_pairs;        /**< queue pairs that the device has */
	uint16_t max_mtu;
	bool is_probed;            /**< atomic: `dev` is a port */
	bool is_negotiated;        /**< FEATURES_OK */
	bool is_live;              /**< DRIVER_OK: the device knows the rings */
	bool is_started;           /**< between a start that succeeded and the next stop: there can be a link */
	bool skips_ptypes;         /**< the application wants no packet types */
	bool is_stale;             /**< the rings are no longer those that the device knows */
	uint16_t pairs;            /**< in use */
	uint16_t nr_queues;        /**< of `queues`: twice the devarg */
	struct port_queue *queues;
	pthread_mutex_t queues_lock;
	struct control_queue *cq;  /**< NULL: none */
	void *cq_mem;
	const struct rx_path *rx_path;
	const struct tx_path *tx_path;
	struct port_peer_info peer_baseline;
};

/** The port of an ethdev. Not by dev->data: that is memory which a peer can write. */
static inline struct virtio_hw *
port_of(const struct rte_eth_dev *dev)
{
	return dev->process_private;
}

/* --- ethdev.c --- */

/** Make @p hw, whose name, config, ops, peer and device are set, the port of @p dev. */
int port_init(struct virtio_hw *hw, struct rte_eth_dev *dev);
/** Undo port_init() and free @p hw with all it has, the device included; by the deadline. */
void port_free(struct virtio_hw *hw);
/** What we would accept of @p offer. */
uint64_t port_wanted_features(const struct virtio_hw *hw, uint64_t offer);

/* --- ethdev_offload.c --- */

/** Feature bits that the configured offloads want; what of them is to be had depends on the device. */
uint64_t offload_wanted_features(const struct virtio_hw *hw);
/** Fill in the capabilities of a device with @p offer. */
void offload_infos_get(const struct virtio_hw *hw, uint64_t offer, struct rte_eth_dev_info *info);
/** Tell of wishes that had to be left out. */
void offload_log_limits(const struct virtio_hw *hw);
/** RTE_ETH_RX_OFFLOAD_* or RTE_ETH_TX_OFFLOAD_* of the queue at @p index. */
uint64_t offload_of_queue(const struct virtio_hw *hw, uint16_t index);
const uint32_t *port_ptypes_get(PTYPES_GET_PARAMS);
int port_ptypes_set(struct rte_eth_dev *dev, uint32_t mask);
int port_vlan_offload_set(struct rte_eth_dev *dev, int mask);

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
int port_tx_done_cleanup(void *txq, uint32_t count);
rx_queue_count_ret_t port_rx_queue_count(void *rxq);
int port_rx_descriptor_status(void *rxq, uint16_t offset);
int port_tx_descriptor_status(void *txq, uint16_t offset);

/** Whether a frame of @p mtu fits into one buffer of each rx queue; if not, it is logged. */
bool queues_hold_mtu(const struct virtio_hw *hw, uint16_t mtu);
/** Whether a queue was made for other features or offloads than those of now. */
bool queues_are_outdated(const struct virtio_hw *hw);
/** Make every queue of the pairs in use fit for a device that was reset: empty rings, rx filled. */
int queues_build(struct virtio_hw *hw);
/** Tell the device where they lie. */
int queues_hand_over(struct virtio_hw *hw);
/** Take all down; counters live on. The device knows no ring any more. */
void queues_destroy(struct virtio_hw *hw);
/** ETHDEV's mark of each queue. */
void queues_mark(struct virtio_hw *hw, uint8_t state);
/** The device's events; from any thread. */
void queues_quiesce(struct virtio_hw *hw);
void queues_release(struct virtio_hw *hw);
/** What rx does beside receiving, as the application wants it now. */
void queues_refresh_rx(struct virtio_hw *hw);
int queues_resync(struct virtio_hw *hw, uint16_t index, uint32_t *base);
/** Zeroed EAL memory for a ring, on @p socket where there is room. */
void *ring_memory_alloc(size_t bytes, unsigned int socket);

/* --- ethdev_control.c --- */

int port_link_update(struct rte_eth_dev *dev, int wait_to_complete);
int port_mac_addr_set(struct rte_eth_dev *dev, struct rte_ether_addr *addr);
int port_mtu_set(struct rte_eth_dev *dev, uint16_t mtu);
int port_vlan_filter_set(struct rte_eth_dev *dev, uint16_t vlan, int on);
int port_promiscuous_enable(struct rte_eth_dev *dev);
int port_promiscuous_disable(struct rte_eth_dev *dev);
int port_allmulticast_enable(struct rte_eth_dev *dev);
int port_allmulticast_disable(struct rte_eth_dev *dev);
int port_fw_version_get(struct rte_eth_dev *dev, char *text, size_t size);

/** Take over the address and the MTU that the peer gave itself. */
void port_follow_peer(struct virtio_hw *hw);
/** Whether the negotiated features have a control queue. */
bool control_is_there(const struct virtio_hw *hw);
/** Whether they have receive modes that the device wants to know. */
bool control_has_modes(const struct virtio_hw *hw);
/** Its virtqueue index. */
uint16_t control_index(const struct virtio_hw *hw);
/** Make the control queue and tell the device where it lies. 0 without one. */
int control_build(struct virtio_hw *hw);
void control_destroy(struct virtio_hw *hw);
/** Tell the device how many pairs are in use. 0 where there is nothing to tell. */
int control_set_pairs(struct virtio_hw *hw);
/** Tell the device the VLANs that the application wants to receive. 0 where there is nothing to tell. */
int control_set_vlans(struct virtio_hw *hw);

/* --- ethdev_stats.c --- */

int port_stats_get(STATS_GET_PARAMS);
int port_stats_reset(struct rte_eth_dev *dev);
int port_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *xstats, unsigned int n);
int port_xstats_get_names(
	struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned int n);
int port_xstats_get_by_id(
	struct rte_eth_dev *dev, const uint64_t *ids, uint64_t *values, unsigned int n);
int port_xstats_get_names_by_id(struct rte_eth_dev *dev, const uint64_t *ids,
	struct rte_eth_xstat_name *names, unsigned int n);
int port_xstats_reset(struct rte_eth_dev *dev);
/** Move a queue's counts to `retired`, before the queue goes. */
void stats_retire(struct port_queue *queue);

/* --- ethdev_telemetry.c --- */

/** Add /net_virtio_user/... to telemetry; once a process. */
void telemetry_setup(void);
int port_priv_dump(struct rte_eth_dev *dev, FILE *out);

#endif /* VIRTIO_ETHDEV_H */
