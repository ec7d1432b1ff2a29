/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A back-end: whoever serves the emulated device's queues (a vhost-user process, the kernel's vhost-net, vDPA).
 * Neutral verbs here, the dialect in one leaf file each. A back-end returns facts; it never edits its caller and
 * knows neither the device nor ethdev. It logs what went wrong, once, and returns -errno.
 */

#ifndef VIRTIO_USER_BACKEND_H
#define VIRTIO_USER_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/vring_layout.h"

/** A piece of memory that the back-end may touch: [va, va + size) is `fd` from `offset` on. */
struct memory_region {
	uint64_t va;     /**< our virtual address, which is also the address in descriptors */
	uint64_t size;   /**< bytes */
	uint64_t offset; /**< of va in fd, bytes */
	uint64_t dev;    /**< st_dev and st_ino of fd: tell a page file from its successor at the same va */
	uint64_t ino;
	int fd;          /**< the table's own duplicate; a back-end sends it and never closes it; -1: it has none */
};

/** Sorted by va, no two overlap, no two could be merged. */
struct memory_table {
	bool is_by_address; /**< files do not part regions; see struct backend_caps */
	struct memory_region *regions;
	uint32_t nr;
	uint32_t room;
};

/** What a connected back-end can do; filled by connect, constant until disconnect. */
struct backend_caps {
	uint64_t features;        /**< virtio bits that it offers (transport bits such as 30 left out) */
	uint32_t max_queue_pairs; /**< at least 1 */
	uint32_t max_mem_regions; /**< in one memory table */
	uint64_t protocol;        /**< dialect's own negotiated bits, for logs and telemetry only */
	/** It reaches memory by our addresses: regions need no file, and files do not part them. */
	bool is_by_address;
};

struct backend;

/** Mandatory verbs. None is called before connect succeeded; each ends by backend->deadline. */
struct backend_ops {
	const char *name; /**< of the kind: "vhost-user" */
	/**
	 * Reach the peer and learn its caps. -EAGAIN: nobody there yet (a server without a peer).
	 * A failure like the one before it is not logged again.
	 */
	int (*connect)(struct backend *backend);
	/** Let the peer go. Idempotent; the back-end can connect again. */
	void (*disconnect)(struct backend *backend);
	void (*close)(struct backend *backend); /**< disconnect and free */
	/** -EREMOTEIO: the peer is well and refuses them. */
	int (*set_features)(struct backend *backend, uint64_t features);
	/** Replace the whole table; on return the peer has mapped it. */
	int (*set_mem_table)(struct backend *backend, const struct memory_table *table);
	int (*set_vring_num)(struct backend *backend, uint16_t queue, uint32_t num);
	int (*set_vring_base)(struct backend *backend, uint16_t queue, uint32_t base);
	/**
	 * Stop the ring; on return the peer touches nothing of it. It may have forgotten everything about
	 * the ring but its existence: call, num, base, addr, kick and enable are due before it runs again.
	 */
	int (*get_vring_base)(struct backend *backend, uint16_t queue, uint32_t *base);
	int (*set_vring_addr)(struct backend *backend, uint16_t queue, const struct vring_area *area);
	int (*set_vring_call)(struct backend *backend, uint16_t queue, int fd);
	int (*set_vring_kick)(struct backend *backend, uint16_t queue, int fd);
	int (*set_vring_enable)(struct backend *backend, uint16_t queue, bool enable);
	/** -ENOTSUP when the dialect or the peer has no status. */
	int (*set_status)(struct backend *backend, uint8_t status);
	int (*get_status)(struct backend *backend, uint8_t *status);
};

/** Optional: the table is changed piece by piece while the rings run. */
struct backend_slots_ops {
	int (*add_region)(struct backend *backend, const struct memory_region *region);
	int (*remove_region)(struct backend *backend, const struct memory_region *region);
};

/** Optional: the peer has (part of) the configuration space. */
struct backend_config_ops {
	int (*get_config)(struct backend *backend, size_t offset, void *dst, size_t len);
	int (*set_config)(struct backend *backend, size_t offset, const void *src, size_t len);
};

/** Optional: the peer wants to know the MTU that the driver uses. */
struct backend_mtu_ops {
	int (*set_mtu)(struct backend *backend, uint16_t mtu);
	/** What the peer itself has it at; NULL: it has none. */
	uint16_t (*get_mtu)(struct backend *backend);
};

/** What became of packets on the peer's side of the rings. */
struct backend_drops {
	uint64_t missed;  /**< for the driver, who did not take them in time */
	uint64_t refused; /**< from the driver */
};

/** Optional: the peer counts what it drops. */
struct backend_drops_ops {
	int (*get_drops)(struct backend *backend, struct backend_drops *drops);
};

/** Optional: the peer wants to know what the driver would filter by. -EREMOTEIO: it is well and refuses. */
struct backend_filter_ops {
	int (*set_mac)(struct backend *backend, const uint8_t *mac);
	int (*set_promisc)(struct backend *backend, bool on);
	int (*set_allmulti)(struct backend *backend, bool on);
};

/** Optional: something to poll. */
struct backend_link_ops {
	/**
	 * fd that turns readable or hung up when the peer goes away, or that a peer arrived (server);
	 * -1: none. Asked for afresh before each poll.
	 */
	int (*event_fd)(struct backend *backend);
	/**
	 * After event_fd showed something. 0: still there; 1: and its link, configuration space or MTU changed;
	 * -errno: gone or misbehaving (logged).
	 */
	int (*check)(struct backend *backend);
	/** Whether the peer has its end of the link up; NULL: as long as it is connected. */
	bool (*is_up)(struct backend *backend);
};

/** The head of every back-end's own struct. An absent ability is a NULL table. */
struct backend {
	const struct backend_ops *ops;
	const struct backend_slots_ops *slots;   /**< valid while connected */
	const struct backend_config_ops *config; /**< valid while connected */
	const struct backend_mtu_ops *mtu;       /**< valid while connected */
	const struct backend_drops_ops *drops;   /**< valid while connected */
	const struct backend_filter_ops *filter; /**< for the back-end's life */
	const struct backend_link_ops *link;
	struct backend_caps caps;
	const char *port;  /**< name of the port, for log lines; outlives the back-end */
	uint64_t deadline; /**< CLOCK_MONOTONIC ns by which the verb under way must end; set by the caller */
};

/** What the user asked for, as far as a back-end cares. */
struct backend_config {
	const char *port;    /**< name of the port, for log lines */
	const char *path;    /**< socket or character device */
	bool server;         /**< we listen, the peer connects */
	uint16_t queue_pairs; /**< wanted */
	/* Of the kernel's interface; for others none of them must be given. */
	const char *iface;   /**< name, or NULL */
	const char *netns;   /**< namespace, or NULL */
	bool persist;        /**< it stays when the port ends */
	uint32_t sndbuf;     /**< bytes that it may hold of what we sent; 0: no limit */
};

/** Find out from the path which kind of back-end serves it, and open it (not yet connected). registry.c */
int backend_open(const struct backend_config *config, struct backend **backend);

#endif /* VIRTIO_USER_BACKEND_H */
