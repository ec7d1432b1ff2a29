/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The rtnetlink half of fake_kernel.h: what is answered and told of the interface, and what tests do to it.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>

#include "fake_kernel.h"

/** Describe the interface as the kernel does. @return bytes */
static uint32_t
describe(char *buffer, uint16_t type, uint32_t sequence)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtnl_link_stats64 stats = {.rx_dropped = kernel.link.rx_dropped, .tx_dropped = kernel.link.tx_dropped};
	struct ifinfomsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	struct nlattr *info, *data;

	message->nlmsg_type = type;
	message->nlmsg_seq = sequence;
	head->ifi_index = kernel.link.index;
	head->ifi_flags = kernel.link.is_up ? IFF_UP : 0;
	mnl_attr_put_strz(message, IFLA_IFNAME, kernel.link.name);
	mnl_attr_put_u32(message, IFLA_MTU, kernel.link.mtu);
	mnl_attr_put_u32(message, IFLA_MAX_MTU, kernel.link.mtu_max);
	mnl_attr_put(message, IFLA_ADDRESS, ETH_ALEN, kernel.link.mac);
	mnl_attr_put(message, IFLA_STATS64, sizeof(stats), &stats);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, kernel.link.kind);
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	mnl_attr_put_u8(message, IFLA_TUN_TYPE, kernel.link.is_tap ? IFF_TAP : IFF_TUN);
	mnl_attr_put_u8(message, IFLA_TUN_PERSIST, kernel.link.is_persistent);
	mnl_attr_put_u8(message, IFLA_TUN_MULTI_QUEUE, kernel.link.is_multi_queue);
	mnl_attr_put_u32(message, IFLA_TUN_NUM_QUEUES, kernel.link.users);
	mnl_attr_put_u32(message, IFLA_TUN_NUM_DISABLED_QUEUES, 0);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	return message->nlmsg_len;
}

static void
acknowledge(const struct nlmsghdr *request, int rc)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(kernel.answer + kernel.answer_len);
	struct nlmsgerr *error = mnl_nlmsg_put_extra_header(message, sizeof(*error));

	message->nlmsg_type = NLMSG_ERROR;
	message->nlmsg_seq = request->nlmsg_seq;
	error->error = rc;
	kernel.answer_len += message->nlmsg_len;
}

static int
answer_get(const struct nlmsghdr *request)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(request);
	const char *name = NULL;
	const struct nlattr *attr;
	bool is_it;

	mnl_attr_for_each(attr, request, sizeof(*head))
		name = mnl_attr_get_type(attr) == IFLA_IFNAME ? mnl_attr_get_str(attr) : name;
	if (name != NULL)
		fake_kernel_note("GETLINK(%s)", name);
	else
		fake_kernel_note("GETLINK(#%d)", head->ifi_index);
	is_it = kernel.link.index != 0 &&
		(name != NULL ? strcmp(name, kernel.link.name) == 0 : head->ifi_index == kernel.link.index);
	if (!is_it)
		return -ENODEV;
	kernel.answer_len += describe(kernel.answer + kernel.answer_len, RTM_NEWLINK, request->nlmsg_seq);
	return 0;
}

static int
answer_set(const struct nlmsghdr *request)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(request);
	const struct nlattr *attr;

	if (head->ifi_change != 0)
		fake_kernel_note("SETFLAGS(%#x/%#x)", head->ifi_flags, head->ifi_change);
	mnl_attr_for_each(attr, request, sizeof(*head)) {
		if (mnl_attr_get_type(attr) != IFLA_MTU)
			continue;
		fake_kernel_note("SETMTU(%u)", mnl_attr_get_u32(attr));
		if (kernel.mine_only)
			return -EPERM;
		if (mnl_attr_get_u32(attr) > kernel.link.mtu_max)
			return -EINVAL;
		kernel.link.mtu = mnl_attr_get_u32(attr);
	}
	return kernel.mine_only ? -EPERM : 0;
}

void
fake_kernel_answer(const struct nlmsghdr *request)
{
	/* What nobody read yet is still there. */
	acknowledge(request, request->nlmsg_type == RTM_GETLINK ? answer_get(request) : answer_set(request));
}

/* --- what tests do --- */

void
fake_kernel_init(void)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.has_vhost = kernel.has_tun = kernel.has_netns = true;
	/* What Linux 6.12 answers. */
	kernel.vhost_features = 0x1033d008000;
	kernel.backend_features = 0x2;
	kernel.tun_features = 0x7173;
	kernel.tun_offloads = 0x7f;
	kernel.regions = "64\n";
}

void
fake_kernel_log_clear(void)
{
	kernel.log[0] = '\0';
}

void
fake_kernel_fail(unsigned int at, int rc)
{
	kernel.calls = 0;
	kernel.fail_at = at;
	kernel.fail_rc = rc;
	kernel.failed[0] = '\0';
}

void
fake_kernel_add_tap(const char *name)
{
	kernel.link = (struct netlink_link){.index = 5, .mtu = 2000, .mtu_max = 65521, .mac = {2, 0, 0, 0, 0, 5},
					    .kind = "tun", .is_tap = true, .is_persistent = true};
	snprintf(kernel.link.name, sizeof(kernel.link.name), "%s", name);
}

static void
tell(uint16_t type)
{
	uint32_t i = kernel.events_nr++;

	kernel.event_len[i] = describe(kernel.events[i], type, 0);
	kernel.event_rc[i] = 0;
}

void
fake_kernel_tell_link(void)
{
	tell(RTM_NEWLINK);
}

void
fake_kernel_drop_link(bool moved)
{
	tell(RTM_DELLINK);
	if (!moved)
		memset(&kernel.link, 0, sizeof(kernel.link));
}

void
fake_kernel_tell_error(int rc)
{
	kernel.event_len[kernel.events_nr] = 0;
	kernel.event_rc[kernel.events_nr++] = rc;
}
