/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The emulated virtio-net device: what a virtio NIC in hardware would be. It knows no ethdev and no mbuf. A driver
 * drives it by the verbs below; a back-end serves its queues. It owns the connection, the eventfds, the memory
 * table, the configuration space and the status register, and a thread that notices when the peer comes or goes.
 *
 * States: who may do what
 *   RESET      no features, no queues. set_features and setup_queue as the status allows.
 *   STOPPED    not DRIVER_OK. The peer (if any) knows nothing of the rings.
 *   WAITING    DRIVER_OK, but nobody there: rings are the driver's, no data thread inside. The device's thread
 *              connects (client: again and again, backing off; server: when somebody comes) and starts the rings.
 *   RUNNING    the peer works on the rings; data threads are let in.
 *   SUSPENDED  DRIVER_OK, rings stopped by the driver, positions kept.
 */

#ifndef VIRTIO_USER_VIRTIO_H
#define VIRTIO_USER_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/vring_layout.h"

struct virtio_user_device;

/**
 * How the device tells the driver. All but link_changed and config_changed are called with a lock of the device held:
 * they must not call back into it. quiesce and release must not allocate or free EAL memory either: a quiesce can come from
 * inside rte_malloc() in any thread, because new memory reaches the peer before a data thread can use it.
 */
struct virtio_user_listener {
	void *ctx;
	/**
	 * RUNNING ends, or pauses until the peer knows new memory: keep data threads out of every ring and wait
	 * until none is inside.
	 */
	void (*quiesce)(void *ctx);
	/**
	 * The peer vanished without giving its positions: make the ring of @p queue fit for a new peer and say where
	 * it shall begin (SET_VRING_BASE format). Called between quiesce and release.
	 */
	int (*resync)(void *ctx, uint16_t queue, uint32_t *base);
	/** RUNNING begins: let data threads in. */
	void (*release)(void *ctx);
	/**
	 * The link went up or down. Called from the device's own thread, in order, no lock held; may do anything,
	 * closing the device included. May come before virtio_user_device_open() returned.
	 */
	void (*link_changed)(void *ctx, bool up);
	/** The peer changed its address or MTU, which the configuration space and get_info show. As link_changed. */
	void (*config_changed)(void *ctx);
};

/** What the user asked for (already validated). Strings are copied. */
struct virtio_user_config {
	const char *name; /**< of the port */
	const char *path;
	const char *iface;         /**< of the kernel's interface, as the next three; or NULL */
	const char *netns;         /**< or NULL */
	bool persist;
	uint32_t sndbuf;           /**< bytes; 0: no limit */
	bool server;
	bool control_queue;        /**< offer VIRTIO_NET_F_CTRL_VQ even with one queue pair */
	uint16_t queue_pairs;      /**< wanted */
	uint16_t queue_size;       /**< largest ring, descriptors */
	uint8_t mac[6];            /**< all zero: the peer's, or a random one */
	uint32_t speed;            /**< Mbit/s, UINT32_MAX: unknown */
	uint64_t features_off;     /**< feature bits never to offer (mrg_rxbuf=0 ...) */
	uint32_t deadline_ms;      /**< for one control operation */
	struct virtio_user_listener listener;
};

/** A snapshot for statistics, telemetry and logs. */
struct virtio_user_info {
	bool connected;
	bool link_up;
	uint64_t connects;     /**< handshakes completed */
	uint64_t disconnects;  /**< peers lost (not let go) */
	uint64_t kicks;        /**< eventfd writes */
	uint32_t regions;      /**< memory regions that the peer has */
	uint32_t region_limit; /**< most that the peer takes */
	uint64_t table_updates; /**< memory tables (or pieces) sent */
	uint64_t features;     /**< negotiated */
	uint64_t offered;      /**< by the device */
	uint64_t protocol;     /**< the back-end dialect's own bits */
	uint64_t peer_missed;  /**< packets that the peer dropped because the driver took none */
	uint64_t peer_refused; /**< packets of the driver's that the peer dropped */
	uint16_t peer_mtu;     /**< what the peer has its own at; 0: it has none */
	uint16_t max_queue_pairs;
	int last_error;        /**< -errno of the last failure of the connection, 0: none */
	const char *backend;   /**< "vhost-user" */
};

/**
 * Make a device and reach its back-end. Client mode: -ENOENT, -ECONNREFUSED, -ETIMEDOUT ... when nobody answers.
 * Server mode never waits: the peer may come later.
 */
int virtio_user_device_open(const struct virtio_user_config *config, struct virtio_user_device **device);
/** Stop everything, end the thread, free. After return the peer holds nothing of ours but memory it mapped. */
void virtio_user_device_close(struct virtio_user_device *device);

/* The verbs of struct virtio_ops, word for word. */
void virtio_user_read_config(struct virtio_user_device *device, size_t offset, void *dst, size_t len);
int virtio_user_write_config(struct virtio_user_device *device, size_t offset, const void *src, size_t len);
int virtio_user_reset(struct virtio_user_device *device);
uint8_t virtio_user_get_status(struct virtio_user_device *device);
int virtio_user_set_status(struct virtio_user_device *device, uint8_t status);
uint64_t virtio_user_get_features(struct virtio_user_device *device);
int virtio_user_set_features(struct virtio_user_device *device, uint64_t features);
uint8_t virtio_user_get_isr(struct virtio_user_device *device);
int virtio_user_set_config_irq(struct virtio_user_device *device, uint16_t vector);
uint16_t virtio_user_get_queue_num(struct virtio_user_device *device, uint16_t queue);
int virtio_user_setup_queue(struct virtio_user_device *device, uint16_t queue, const struct vring_area *area);
void virtio_user_del_queue(struct virtio_user_device *device, uint16_t queue);
void virtio_user_notify_queue(struct virtio_user_device *device, uint16_t queue);
int virtio_user_suspend(struct virtio_user_device *device);
int virtio_user_resume(struct virtio_user_device *device);

/** Link as of now, without waiting and without a lock. */
bool virtio_user_link_is_up(const struct virtio_user_device *device);
/** Wait until the link is up or @p timeout_ms passed. */
bool virtio_user_link_wait(struct virtio_user_device *device, uint32_t timeout_ms);
/** Tell the peer the MTU that the driver uses, where peer and features want to know it. */
int virtio_user_set_mtu(struct virtio_user_device *device, uint16_t mtu);
void virtio_user_get_info(struct virtio_user_device *device, struct virtio_user_info *info);

#endif /* VIRTIO_USER_VIRTIO_H */
