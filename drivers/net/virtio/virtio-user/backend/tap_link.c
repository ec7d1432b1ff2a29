/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The tap as its administrator sees it: address, MTU, up and down, name and namespace, in both directions. See tap.h.
 *
 * Whoever sets something last wins, and both sides show it. What we set ourselves is noted at once, so the event that
 * comes of it is no news.
 */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>

#include "log.h"
#include "virtio-user/backend/tap.h"

/** A namespace's file, from a tap's one. @return fd or -errno */
static int
tap_netns(const struct tap *tap)
{
	return tap->sys->ioctl(tap->queues[0].fd, TUNGETDEVNETNS, NULL);
}

/** What a tap is called now. -EBADFD: the interface was deleted. */
static int
tap_name(struct tap *tap)
{
	struct ifreq request;
	int rc;

	memset(&request, 0, sizeof(request));
	rc = tap->sys->ioctl(tap->queues[0].fd, TUNGETIFF, &request);
	if (rc == 0)
		memcpy(tap->link.name, request.ifr_name, IFNAMSIZ);
	return rc;
}

int
tap_learn(struct tap *tap, uint64_t deadline)
{
	struct netlink_link link;
	int rc = netlink_find(&tap->netlink, tap->link.name, deadline, &link);

	if (rc == 0)
		tap->link = link;
	return rc;
}

int
tap_count(struct tap *tap, uint64_t deadline)
{
	struct netlink_link link;
	int rc;

	if (tap->netlink.requests < 0)
		return -ENODEV;
	rc = netlink_get(&tap->netlink, tap->link.index, deadline, &link);
	if (rc < 0)
		return rc;
	/* The rest is an event's to tell: it would be no news any more. */
	tap->link.rx_dropped = link.rx_dropped;
	tap->link.tx_dropped = link.tx_dropped;
	return 0;
}

/* --- settings --- */

/**
 * What a refusal of a setting means: without the permission the interface stays as its administrator has it, which
 * is said once; other reasons are the caller's to hear.
 */
static int
not_set(struct tap *tap, const char *what, int rc)
{
	if (rc == -EPERM || rc == -EACCES) {
		if (!tap->has_warned)
			PORT_LOG(WARNING, tap->config.port, "interface %s: not allowed to set its %s, which stays as "
				 "it is; that needs CAP_NET_ADMIN", tap->link.name, what);
		tap->has_warned = true;
		return 0;
	}
	PORT_LOG(ERR, tap->config.port, "interface %s: cannot set its %s: %s", tap->link.name, what, strerror(-rc));
	return rc == -ETIMEDOUT ? rc : -EREMOTEIO;
}

int
tap_set_mac(struct tap *tap, const uint8_t *mac)
{
	struct ifreq request;
	int rc;

	if (memcmp(tap->link.mac, mac, ETH_ALEN) == 0)
		return 0;
	memset(&request, 0, sizeof(request));
	request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(request.ifr_hwaddr.sa_data, mac, ETH_ALEN);
	rc = tap->sys->ioctl(tap->queues[0].fd, SIOCSIFHWADDR, &request);
	if (rc < 0)
		return not_set(tap, "MAC address", rc);
	memcpy(tap->link.mac, mac, ETH_ALEN);
	return 0;
}

int
tap_set_mtu(struct tap *tap, uint16_t mtu, uint64_t deadline)
{
	int rc;

	if (tap->link.mtu == mtu || tap->netlink.requests < 0)
		return 0;
	rc = netlink_set_mtu(&tap->netlink, tap->link.index, mtu, deadline);
	if (rc < 0)
		return not_set(tap, "MTU", rc);
	tap->link.mtu = mtu;
	return 0;
}

int
tap_set_modes(struct tap *tap, uint32_t flags, uint32_t mask, uint64_t deadline)
{
	int rc;

	if ((tap->passed & mask) == (flags & mask) || tap->netlink.requests < 0)
		return 0;
	rc = netlink_set_flags(&tap->netlink, tap->link.index, flags, mask, deadline);
	if (rc < 0)
		return not_set(tap, "receive mode", rc);
	tap->passed = (tap->passed & ~mask) | (flags & mask);
	return 0;
}

/* --- events --- */

int
tap_event_fd(const struct tap *tap)
{
	return tap->is_open ? tap->netlink.events : -1;
}

bool
tap_is_up(const struct tap *tap)
{
	return tap->netlink.events < 0 || tap->link.is_up;
}

/** run_in() body. */
static int
netlink_open_inside(void *arg)
{
	struct tap *tap = arg;

	return netlink_open(&tap->netlink, tap->sys);
}

/** The interface lives in another namespace now: look at it there. */
static int
follow(struct tap *tap, uint64_t deadline)
{
	int netns = tap_netns(tap), rc;

	netlink_close(&tap->netlink);
	if (netns < 0)
		return netns;
	rc = tap->sys->run_in(netns, netlink_open_inside, tap);
	tap->sys->close(netns);
	if (rc == 0)
		rc = tap_learn(tap, deadline);
	if (rc < 0)
		netlink_close(&tap->netlink);
	return rc;
}

/** It vanished from where it was. */
static int
find_again(struct tap *tap, uint64_t deadline)
{
	int rc = tap_name(tap);

	if (rc < 0) {
		PORT_LOG(WARNING, tap->config.port, "interface %s was deleted", tap->link.name);
		return -ENODEV;
	}
	rc = follow(tap, deadline);
	if (rc < 0)
		PORT_LOG(WARNING, tap->config.port, "interface %s went to another network namespace, where it cannot be "
			 "watched (%s): the link counts as up", tap->link.name, strerror(-rc));
	else
		PORT_LOG(INFO, tap->config.port, "interface %s went to another network namespace", tap->link.name);
	return 0;
}

/** Events were lost: ask for what they would have said. */
static int
ask_anew(struct tap *tap, uint64_t deadline)
{
	struct netlink_link link;
	int rc = netlink_get(&tap->netlink, tap->link.index, deadline, &link);

	if (rc == 0)
		tap->link = link;
	return rc == -ENODEV ? find_again(tap, deadline) : rc;
}

/** Take over all events that wait. */
static int
hear_all(struct tap *tap, uint64_t deadline)
{
	int rc;

	do {
		rc = netlink_hear(&tap->netlink, &tap->link);
		if (rc == 1 && tap->link.is_gone)
			return find_again(tap, deadline);
		if (rc == -ENOBUFS)
			rc = ask_anew(tap, deadline);
	} while (rc >= 0 && tap->netlink.events >= 0);
	return rc == -EAGAIN || rc >= 0 ? 0 : rc;
}

int
tap_check(struct tap *tap, uint64_t deadline)
{
	struct netlink_link before = tap->link;
	int rc;

	if (tap->netlink.events < 0)
		return 0;
	rc = hear_all(tap, deadline);
	if (rc < 0)
		return rc;
	return before.is_up != tap_is_up(tap) || before.mtu != tap->link.mtu ||
	       memcmp(before.mac, tap->link.mac, ETH_ALEN) != 0;
}
