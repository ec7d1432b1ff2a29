/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The emulated device from inside: what virtio.c (the verbs), start.c (the order), control.c, memory.c and
 * reconnect.c (the device's thread) share. Nobody outside of this folder and its tests includes it.
 *
 * Locks, in the order in which they are taken:
 *   device->lock       every verb and the device's thread; held while a connected peer is waited for, at most until
 *                      the operation's deadline.
 *   EAL's memory lock  only around a snapshot (memory.c), never while a peer is waited for.
 *   device->gate.lock  the data threads' door, and whether memory changed since the peer was last told. It is all
 *                      that EAL's memory callback takes. Nothing is waited for under it but data threads that
 *                      leave a burst.
 *   device->link.lock  a leaf, for link_wait.
 *
 * The back-end is touched by whoever holds device->lock while is_connected, and by the device's thread alone
 * (without a lock, so that nobody waits for a handshake) while not.
 */

#ifndef VIRTIO_USER_DEVICE_H
#define VIRTIO_USER_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "virtio/net.h"
#include "virtio/vring_packed.h"
#include "compat.h"
#include "virtio-user/backend/backend.h"
#include "virtio-user/memory.h"
#include "virtio-user/virtio.h"

/** No configuration-change notifications (VIRTIO_MSI_NO_VECTOR). */
#define DEVICE_NO_VECTOR 0xffff

/** See virtio.h for who may do what; RESET is STOPPED with status 0. */
enum device_state {
	DEVICE_STOPPED,
	DEVICE_WAITING,
	DEVICE_RUNNING,
	DEVICE_SUSPENDED,
};

/** A virtqueue as the device sees it. */
struct device_queue {
	struct vring_area area;
	bool is_set;      /**< the driver said where it lies */
	bool is_base_known; /**< `base` is where the ring goes on; otherwise the driver must say */
	bool is_call_given; /**< the connected peer has our call fd */
	bool is_kicked;   /**< the connected peer has our kick fd: it runs the ring */
	bool is_enabled;  /**< the connected peer was told to */
	uint32_t base;
	int call;         /**< eventfds, the same for the device's life; -1: the control queue */
	int kick;
	uint64_t kicks;   /**< atomic */
};

/** The door of the data threads. */
struct device_gate {
	pthread_mutex_t lock;
	bool is_open;
	bool is_dirty; /**< memory changed since the peer was last told */
};

/** What the control queue is at; only its ring lies in memory that a peer could write. */
struct device_control {
	uint16_t next_avail;    /**< split */
	uint16_t next_used;     /**< split */
	struct packed_pos next; /**< packed: of the next command, and of its answer */
	bool is_broken; /**< it held something that no driver of ours wrote; until reset */
};

struct device_counts {
	uint64_t connects;
	uint64_t disconnects;
	uint64_t table_updates;
};

struct virtio_user_device {
	/* What the user asked for; constant. */
	char *name;
	char *path;
	char *iface;
	char *netns;
	struct virtio_user_config config; /**< its strings point to the four above */
	const struct memory_source *source;
	uint16_t nr_queues; /**< entries of `queues`: all pairs and one for control */
	bool has_control;

	pthread_mutex_t lock;
	struct backend *backend;
	bool is_connected; /**< atomic for readers without the lock; a handshake was completed */
	bool is_let_go;    /**< not connected, but the device's thread still has to disconnect */
	enum device_state state;
	uint8_t status;
	uint64_t offered;    /**< constant while status is not 0 */
	uint64_t negotiated; /**< what the driver accepted */
	uint16_t active_pairs;
	struct device_queue *queues;
	int control_queue;   /**< atomic for readers without the lock; its index while set up, or -1 */
	struct device_control control;
	struct virtio_net_config space; /**< all but `status`, which follows the link */
	bool is_mac_chosen; /**< by the user or the driver: a peer's does not count */
	uint8_t isr;        /**< atomic */
	uint16_t config_vector;
	uint16_t mtu;       /**< told by the driver, or its peer's since; 0: not yet */
	bool is_promisc;    /**< told by the driver */
	bool is_allmulti;   /**< told by the driver */
	struct memory_table shared; /**< what the peer knows */
	bool is_shared;
	struct device_counts counts;
	int last_error;
	uint64_t refused; /**< features for whose lack the last peer was let go: logged once */

	struct device_gate gate;

	struct {
		pthread_mutex_t lock;
		pthread_cond_t changed;
		bool is_up; /**< atomic for readers without the lock */
	} link;

	struct {
		control_thread_t id;
		pthread_t self;     /**< valid once is_running */
		bool is_created;
		bool is_running;    /**< atomic */
		bool must_stop;     /**< atomic */
		bool must_free;     /**< closed from its own callback: frees the device when it ends */
		bool is_link_told;  /**< what the listener heard last */
		bool is_config_news; /**< the listener has still to hear that the peer changed something */
		int wake;           /**< eventfd */
		uint32_t backoff_ms;
		uint64_t next_try;  /**< client: when to connect again, ns */
	} thread;
};

/** What tests put in the place of EAL and the registry. */
struct device_parts {
	const struct memory_source *source;
	int (*open)(const struct backend_config *config, struct backend **backend);
	int (*thread_create)(control_thread_t *thread, const char *name,
			     control_thread_ret_t (*body)(void *arg), void *arg);
};

int device_open(const struct virtio_user_config *config, const struct device_parts *parts,
		struct virtio_user_device **device);

/** Free what device_open() made but the connection and the thread. */
void device_free(struct virtio_user_device *device);

/** One budget for all that will be waited for. By whoever may touch the back-end. */
void device_set_deadline(struct virtio_user_device *device);

void device_lock(struct virtio_user_device *device);
/** Lock, and begin an operation with a deadline of its own. */
void device_enter(struct virtio_user_device *device);
/** Unlock and, where it changed, tell everybody of the link. */
void device_unlock(struct virtio_user_device *device);

/** What the configuration space shows before any peer. */
void device_init_space(struct virtio_user_device *device);

/**
 * Recompute the offer and the configuration space from what is connected now; status is 0. A failure means that the
 * peer is lost.
 */
int device_refresh_offer(struct virtio_user_device *device);

/** Take over the address and the MTU that the connected peer gave itself: whoever sets them last wins. */
void device_follow_peer(struct virtio_user_device *device);

/** Pairs that the negotiated features leave. */
uint16_t device_pairs(const struct virtio_user_device *device);

/** Whether @p queue is the control queue under the negotiated features. */
bool device_is_control(const struct virtio_user_device *device, uint16_t queue);

/** What the connected peer hears in SET_FEATURES: no more than it offered, nothing that we do for it. */
uint64_t device_peer_features(const struct virtio_user_device *device);

/** Negotiated features that are the peer's to provide, but which it does not offer. */
uint64_t device_missing_features(const struct virtio_user_device *device);

/* --- gate --- */

/** Keep data threads out. Idempotent. */
void device_gate_close(struct virtio_user_device *device);

/**
 * Bring the peer's memory table up to date, then let data threads in: never with a table that misses something. A
 * failure leaves the gate closed; as memory_share().
 */
int device_gate_open(struct virtio_user_device *device, bool *peer_lost);

bool device_gate_is_dirty(struct virtio_user_device *device);

/** The caller is about to take a snapshot: only what changes from now on counts. */
void device_gate_take_dirt(struct virtio_user_device *device);

/** The memory source's callback: takes gate.lock only. */
void device_gate_memory_changed(void *device, bool added);

#endif /* VIRTIO_USER_DEVICE_H */
