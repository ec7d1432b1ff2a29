/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A network interface as rtnetlink tells of it: ask for one, change its MTU and flags, hear what others change.
 * Messages are put together and taken apart by libmnl; the sockets are this back-end's own. Used by tap*.c; nothing is
 * logged here.
 */

#ifndef VIRTIO_USER_BACKEND_NETLINK_H
#define VIRTIO_USER_BACKEND_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/if.h>
#include <linux/if_ether.h>

#include "virtio-user/backend/kernel_sys.h"

/** An interface as of some message. What a message does not say is zero. */
struct netlink_link {
	int index;
	char name[IFNAMSIZ];
	bool is_gone;         /**< deleted, or moved to another namespace */
	bool is_up;           /**< IFF_UP: the administrator's switch */
	uint32_t mtu;
	uint32_t mtu_max;     /**< 0: not said */
	uint8_t mac[ETH_ALEN];
	char kind[16];        /**< "tun" for taps and tuns; "": a kind without a name */
	bool is_tap;          /**< of kind "tun": IFF_TAP */
	bool is_multi_queue;
	bool is_persistent;
	uint32_t users;       /**< queues that some process has open */
	uint64_t rx_dropped;  /**< counters of the kernel: frames from the application */
	uint64_t tx_dropped;  /**< frames to it */
};

struct netlink {
	const struct kernel_sys *sys;
	int requests;  /**< sockets; -1: not open */
	int events;
	uint32_t sequence;
};

/** Open both sockets, in the caller's namespace. 0 or -errno. */
int netlink_open(struct netlink *netlink, const struct kernel_sys *sys);
/** Idempotent. */
void netlink_close(struct netlink *netlink);

/** What there is under a name. -ENODEV: nothing. */
int netlink_find(struct netlink *netlink, const char *name, uint64_t deadline, struct netlink_link *link);
int netlink_get(struct netlink *netlink, int index, uint64_t deadline, struct netlink_link *link);
int netlink_set_mtu(struct netlink *netlink, int index, uint32_t mtu, uint64_t deadline);
/** Give the IFF_* flags of @p mask the values of @p flags. */
int netlink_set_flags(struct netlink *netlink, int index, uint32_t flags, uint32_t mask, uint64_t deadline);

/**
 * Take one batch of events, without waiting.
 *
 * @return
 *   1: @p link, which the last event described before, was changed by events about it; 0: nothing about it;
 *   -EAGAIN: no more events; -ENOBUFS: the kernel dropped some, ask it; another -errno: the socket is broken.
 */
int netlink_hear(struct netlink *netlink, struct netlink_link *link);

#endif /* VIRTIO_USER_BACKEND_NETLINK_H */
