/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See netlink.h. Two sockets: answers are not lost among events, and events are not waited for.
 */

#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>

#include "virtio-user/backend/netlink.h"

/** Larger than any answer about one interface; an interface with many virtual functions has long ones. */
#define BUFFER_SIZE 32768

int
netlink_open(struct netlink *netlink, const struct kernel_sys *sys)
{
	int fd;

	netlink->sys = sys;
	netlink->sequence = 0;
	netlink->events = -1;
	fd = sys->netlink(0);
	netlink->requests = fd;
	if (fd < 0)
		goto none;
	fd = sys->netlink(RTMGRP_LINK);
	if (fd < 0)
		goto close_requests;
	netlink->events = fd;
	return 0;

close_requests:
	sys->close(netlink->requests);
none:
	netlink->requests = -1;
	return fd;
}

void
netlink_close(struct netlink *netlink)
{
	if (netlink->requests >= 0)
		netlink->sys->close(netlink->requests);
	if (netlink->events >= 0)
		netlink->sys->close(netlink->events);
	netlink->requests = -1;
	netlink->events = -1;
}

/* --- taking messages apart --- */

/** An attribute's number, if it has the size of one. */
static uint32_t
attr_u32(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) < sizeof(uint32_t) ? 0 : mnl_attr_get_u32(attr);
}

static bool
attr_flag(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) >= 1 && mnl_attr_get_u8(attr) != 0;
}

static void
attr_text(const struct nlattr *attr, char *text, size_t size)
{
	size_t len = mnl_attr_get_payload_len(attr);

	len = len < size ? len : size - 1;
	memcpy(text, mnl_attr_get_payload(attr), len);
	text[len] = '\0';
}

static void
read_tun(const struct nlattr *data, struct netlink_link *link)
{
	const struct nlattr *attr;

	link->users = 0;
	mnl_attr_for_each_nested(attr, data) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_TUN_TYPE:
			link->is_tap = mnl_attr_get_payload_len(attr) >= 1 && mnl_attr_get_u8(attr) == IFF_TAP;
			break;
		case IFLA_TUN_PERSIST:
			link->is_persistent = attr_flag(attr);
			break;
		case IFLA_TUN_MULTI_QUEUE:
			link->is_multi_queue = attr_flag(attr);
			break;
		case IFLA_TUN_NUM_QUEUES:
		case IFLA_TUN_NUM_DISABLED_QUEUES:
			link->users += attr_u32(attr);
			break;
		default:
			break;
		}
	}
}

static void
read_info(const struct nlattr *info, struct netlink_link *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			attr_text(attr, link->kind, sizeof(link->kind));
		/* The kernel says the kind first, without which the data mean nothing. */
		else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA && strcmp(link->kind, "tun") == 0)
			read_tun(attr, link);
	}
}

static void
read_stats(const struct nlattr *attr, struct netlink_link *link)
{
	struct rtnl_link_stats64 stats;
	size_t len = mnl_attr_get_payload_len(attr);

	memset(&stats, 0, sizeof(stats));
	memcpy(&stats, mnl_attr_get_payload(attr), len < sizeof(stats) ? len : sizeof(stats));
	link->rx_dropped = stats.rx_dropped;
	link->tx_dropped = stats.tx_dropped;
}

static void
read_attr(const struct nlattr *attr, struct netlink_link *link)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		attr_text(attr, link->name, sizeof(link->name));
		break;
	case IFLA_MTU:
		link->mtu = attr_u32(attr);
		break;
	case IFLA_MAX_MTU:
		link->mtu_max = attr_u32(attr);
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) == ETH_ALEN)
			memcpy(link->mac, mnl_attr_get_payload(attr), ETH_ALEN);
		break;
	case IFLA_LINKINFO:
		read_info(attr, link);
		break;
	case IFLA_STATS64:
		read_stats(attr, link);
		break;
	default:
		break;
	}
}

/** Take over what a message says of its interface. */
static void
read_link(const struct nlmsghdr *message, struct netlink_link *link)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;

	link->index = head->ifi_index;
	link->is_up = (head->ifi_flags & IFF_UP) != 0;
	link->is_gone = message->nlmsg_type == RTM_DELLINK;
	mnl_attr_for_each(attr, message, sizeof(*head))
		read_attr(attr, link);
}

static bool
is_link_message(const struct nlmsghdr *message)
{
	return (message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK) &&
	       mnl_nlmsg_get_payload_len(message) >= sizeof(struct ifinfomsg);
}

/* --- requests --- */

/** Begin a request about interface @p index, 0: named by an attribute. */
static struct nlmsghdr *
request_begin(struct netlink *netlink, void *buffer, uint16_t type, int index)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *head;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	message->nlmsg_seq = ++netlink->sequence;
	head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->ifi_family = AF_UNSPEC;
	head->ifi_index = index;
	return message;
}

/** The acknowledgement's errno. */
static int
read_error(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	return mnl_nlmsg_get_payload_len(message) < sizeof(*error) ? -EPROTO : error->error;
}

/** Go through one datagram. @return 1: the acknowledgement is still to come; 0 or -errno: it */
static int
read_answer(const struct netlink *netlink, const void *buffer, ssize_t len, struct netlink_link *link)
{
	const struct nlmsghdr *message = buffer;
	int left = (int)len;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		/* A late answer to a request that was given up. */
		if (message->nlmsg_seq != netlink->sequence)
			continue;
		if (message->nlmsg_type == NLMSG_ERROR)
			return read_error(message);
		if (link != NULL && is_link_message(message))
			read_link(message, link);
	}
	return 1;
}

static int
request(struct netlink *netlink, const struct nlmsghdr *message, uint64_t deadline, struct netlink_link *link)
{
	char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t len = netlink->sys->write(netlink->requests, message, message->nlmsg_len);
	int rc = 1;

	if (len < 0)
		return (int)len;
	while (rc > 0) {
		rc = netlink->sys->wait(netlink->requests, deadline);
		if (rc < 0)
			return rc;
		len = netlink->sys->read(netlink->requests, buffer, sizeof(buffer));
		if (len < 0 && len != -EAGAIN && len != -EINTR)
			return (int)len;
		rc = len < 0 ? 1 : read_answer(netlink, buffer, len, link);
	}
	return rc;
}

int
netlink_find(struct netlink *netlink, const char *name, uint64_t deadline, struct netlink_link *link)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *message = request_begin(netlink, buffer, RTM_GETLINK, 0);

	memset(link, 0, sizeof(*link));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	return request(netlink, message, deadline, link);
}

int
netlink_get(struct netlink *netlink, int index, uint64_t deadline, struct netlink_link *link)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *message = request_begin(netlink, buffer, RTM_GETLINK, index);

	memset(link, 0, sizeof(*link));
	return request(netlink, message, deadline, link);
}

int
netlink_set_mtu(struct netlink *netlink, int index, uint32_t mtu, uint64_t deadline)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *message = request_begin(netlink, buffer, RTM_NEWLINK, index);

	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	return request(netlink, message, deadline, NULL);
}

int
netlink_set_flags(struct netlink *netlink, int index, uint32_t flags, uint32_t mask, uint64_t deadline)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *message = request_begin(netlink, buffer, RTM_NEWLINK, index);
	struct ifinfomsg *head = mnl_nlmsg_get_payload(message);

	head->ifi_flags = flags;
	head->ifi_change = mask;
	return request(netlink, message, deadline, NULL);
}

/* --- events --- */

int
netlink_hear(struct netlink *netlink, struct netlink_link *link)
{
	char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t len = netlink->sys->read(netlink->events, buffer, sizeof(buffer));
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	const struct ifinfomsg *head;
	bool is_ours = false;
	int left = (int)len;

	if (len < 0)
		return len == -EINTR ? 0 : (int)len;
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (!is_link_message(message))
			continue;
		head = mnl_nlmsg_get_payload(message);
		/* An event of a bridge about its port tells nothing of the interface itself. */
		if (head->ifi_index != link->index || head->ifi_family != AF_UNSPEC)
			continue;
		read_link(message, link);
		is_ours = true;
	}
	return is_ours;
}
