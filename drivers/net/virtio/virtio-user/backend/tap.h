/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The kernel's network interface at the other end of a vhost-kernel port: a tap, of which we hold one file for each
 * queue pair. tap.c makes it and ends it, tap_link.c reads and sets what an administrator sees of it. Nothing of
 * vhost is in here, and no packet: vhost-net moves those between our rings and the files. Used by vhost_kernel*.c.
 *
 * Life of the interface. Without `persist` it lives as long as some file of it is open, so it is gone after close,
 * crash or kill; with it, or where an administrator made it persistent, it stays. It outlives a lost vhost-net.
 *
 * The interface and the port are one NIC, seen from its two sides: they share the MAC address, the MTU, and the cable.
 * The port's start plugs the cable in (carrier); the port has link while the administrator has the interface up.
 */

#ifndef VIRTIO_USER_BACKEND_TAP_H
#define VIRTIO_USER_BACKEND_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio-user/backend/kernel_sys.h"
#include "virtio-user/backend/netlink.h"

/** What the user asked for. Strings outlive the tap. */
struct tap_config {
	const char *port;  /**< for log lines */
	const char *iface; /**< name, may have one %d; NULL: the kernel chooses */
	const char *netns; /**< name as in "ip netns", or absolute path of a namespace file; NULL: ours */
	bool persist;      /**< leave it when we end */
	uint32_t sndbuf;   /**< bytes of frames from us that the kernel may hold; 0: no limit */
	uint16_t queues;
	int said;          /**< how the last attempt failed, which was logged; 0: it did not */
};

struct tap_queue {
	int fd;           /**< of /dev/net/tun; -1: not open */
	bool is_attached; /**< takes part in the interface's traffic */
};

struct tap {
	const struct kernel_sys *sys;
	struct tap_config config;
	struct tap_queue *queues; /**< config.queues of them */
	int netns;                /**< namespace to open things in; -1: ours */
	uint16_t flags;           /**< IFF_* that TUNSETIFF is told */
	bool is_open;
	bool has_carrier;         /**< what we said last */
	uint64_t features;        /**< virtio feature bits that it adds to vhost-net's */
	struct netlink netlink;
	struct netlink_link link; /**< as of the last event or our own change */
	uint32_t passed;          /**< IFF_PROMISC and IFF_ALLMULTI as we set them */
	bool has_warned;          /**< that it lacks a permission */
};

/* --- tap.c --- */

/**
 * Make the interface, or join it where it exists. Its name and facts are in tap->link then. Carrier is off and only
 * queue 0 attached. Failures are logged and leave nothing behind.
 *
 * @param deadline
 *   CLOCK_MONOTONIC ns, for the answers of rtnetlink.
 */
int tap_open(struct tap *tap, const struct tap_config *config, const struct kernel_sys *sys, uint64_t deadline);
/** Idempotent. */
void tap_close(struct tap *tap);

/** Let queue @p queue take part in the traffic, or not. Queue 0 always does. */
int tap_attach(struct tap *tap, uint16_t queue, bool attach);
/** Header size and offloads as the negotiated virtio features want them. */
int tap_set_features(struct tap *tap, uint64_t features);
/** Plug the cable in, or out. */
int tap_set_carrier(struct tap *tap, bool on);

/* --- tap_link.c --- */

/** Read what there is to know of the interface called tap->link.name. Logs nothing. */
int tap_learn(struct tap *tap, uint64_t deadline);

/** Ask for the interface's counters, in tap->link. */
int tap_count(struct tap *tap, uint64_t deadline);

/* Settings. What the system refuses for lack of permission is said once, in the log, and no error. */
int tap_set_mac(struct tap *tap, const uint8_t *mac);
int tap_set_mtu(struct tap *tap, uint16_t mtu, uint64_t deadline);
/** Show the port's receive modes: IFF_PROMISC and IFF_ALLMULTI of @p mask. */
int tap_set_modes(struct tap *tap, uint32_t flags, uint32_t mask, uint64_t deadline);

/** fd that is readable when something happened to the interface; -1: it is out of sight. */
int tap_event_fd(const struct tap *tap);
/** See what happened. 0: nothing of interest; 1: MAC, MTU or the administrator's switch changed; -ENODEV: deleted. */
int tap_check(struct tap *tap, uint64_t deadline);
/** The administrator has it up, or nobody can tell. */
bool tap_is_up(const struct tap *tap);

#endif /* VIRTIO_USER_BACKEND_TAP_H */
