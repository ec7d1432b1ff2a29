/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The tap's life and its queues; see tap.h. Not here: what an administrator sees and changes (tap_link.c).
 *
 * Which namespace a tap is in, its files say: each remembers the one in which /dev/net/tun was opened. So opening is
 * all that is done over there, by a thread that ends there.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/if_tun.h>

#include "log.h"
#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio-user/backend/tap.h"

#define TUN_PATH "/dev/net/tun"

/** Where "ip netns" keeps its names. */
#define NETNS_DIR "/run/netns/"

/* Linux 6.2. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
/* Linux 6.3. */
#ifndef IFF_NO_CARRIER
#define IFF_NO_CARRIER 0x0040
#endif

#define OFFLOADS_OLD (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#define OFFLOADS_USO (TUN_F_USO4 | TUN_F_USO6)

/** What a tap with virtio headers does, whatever the kernel. */
#define FEATURES_OLD (VIRTIO_BIT(VIRTIO_NET_F_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4) | \
	VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO6) | VIRTIO_BIT(VIRTIO_NET_F_HOST_ECN) | \
	VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) | \
	VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_ECN) | \
	VIRTIO_BIT(VIRTIO_NET_F_MAC) | VIRTIO_BIT(VIRTIO_NET_F_MTU))
#define FEATURES_USO (VIRTIO_BIT(VIRTIO_NET_F_HOST_USO) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO4) | \
	VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO6))

/** Which offload of the kernel's side needs which features negotiated: all of them. */
static const struct {
	uint64_t features;
	unsigned int offloads;
} offload_table[] = {
	{VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM), TUN_F_CSUM},
	{VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4), TUN_F_TSO4},
	{VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6), TUN_F_TSO6},
	{VIRTIO_BIT(VIRTIO_NET_F_GUEST_ECN), TUN_F_TSO_ECN},
	/* The kernel takes both or none. */
	{VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO4) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO6), OFFLOADS_USO},
};

/** One request to the interface, by the file of a queue. */
static int
tap_ioctl(const struct tap *tap, uint16_t queue, unsigned long request, void *arg)
{
	return tap->sys->ioctl(tap->queues[queue].fd, request, arg);
}

/** A request that takes a pointer to int. */
static int
tap_ioctl_int(const struct tap *tap, unsigned long request, int value)
{
	return tap_ioctl(tap, 0, request, &value);
}

/** One line for a failure, unless the attempt before failed in the same way. */
#define TAP_LOG(tap, rc, ...) do { \
		if ((rc) != (tap)->config.said) \
			PORT_LOG(ERR, (tap)->config.port, __VA_ARGS__); \
	} while (0)

/** Log a request that the interface refused. @return rc */
static int
refused(const struct tap *tap, const char *request, int rc)
{
	TAP_LOG(tap, rc, "interface %s: %s: %s", tap->link.name, request, strerror(-rc));
	return rc;
}

/* --- opening files in a namespace --- */

static int
netns_open(struct tap *tap)
{
	const char *netns = tap->config.netns;
	char path[256];
	int rc;

	if (netns == NULL)
		return 0;
	snprintf(path, sizeof(path), "%s%s", netns[0] == '/' ? "" : NETNS_DIR, netns);
	rc = tap->sys->open(path, O_RDONLY);
	if (rc >= 0) {
		tap->netns = rc;
		return 0;
	}
	TAP_LOG(tap, rc, "netns=%s: cannot open %s: %s%s", netns, path, strerror(-rc),
		 rc == -ENOENT ? "; 'ip netns add' makes a namespace" : "");
	return rc;
}

/** run_in() body: the files and sockets that belong to the namespace. */
static int
open_inside(void *arg)
{
	struct tap *tap = arg;
	uint16_t i;
	int rc;

	rc = netlink_open(&tap->netlink, tap->sys);
	for (i = 0; rc >= 0 && i < tap->config.queues; i++) {
		rc = tap->sys->open(TUN_PATH, O_RDWR | O_NONBLOCK);
		tap->queues[i].fd = rc < 0 ? -1 : rc;
	}
	return rc < 0 ? rc : 0;
}

static const char *
open_advice(const struct tap *tap, int rc)
{
	if (tap->queues[0].fd < 0 && (rc == -ENOENT || rc == -ENODEV || rc == -ENXIO))
		return "; 'modprobe tun' loads the module";
	if (rc == -EPERM && tap->config.netns != NULL)
		return "; entering a namespace needs CAP_SYS_ADMIN";
	if (rc == -EACCES || rc == -EPERM)
		return "; check the permissions of " TUN_PATH;
	if (rc == -EMFILE)
		return "; 'ulimit -n' allows too few open files";
	return "";
}

static int
files_open(struct tap *tap)
{
	int rc = netns_open(tap);

	if (rc < 0)
		return rc;
	rc = tap->sys->run_in(tap->netns, open_inside, tap);
	if (rc < 0)
		TAP_LOG(tap, rc, "cannot open " TUN_PATH "%s%s: %s%s",
			 tap->config.netns == NULL ? "" : " in netns=",
			 tap->config.netns == NULL ? "" : tap->config.netns, strerror(-rc), open_advice(tap, rc));
	return rc;
}

/* --- the interface --- */

/** Log why an interface that exists is none to join. @return rc */
static int
cannot_join(const struct tap *tap, const char *why, int rc)
{
	TAP_LOG(tap, rc, "iface=%s: %s", tap->config.iface, why);
	return rc;
}

/** Look at what there is under the wanted name, and find the flags with which to join it. */
static int
look_before_join(struct tap *tap, uint64_t deadline)
{
	struct netlink_link link;
	int rc;

	if (tap->config.iface == NULL || strchr(tap->config.iface, '%') != NULL)
		return 0;
	rc = netlink_find(&tap->netlink, tap->config.iface, deadline, &link);
	if (rc == -ENODEV)
		return 0;
	if (rc < 0)
		return cannot_join(tap, strerror(-rc), rc);
	if (!link.is_tap)
		return cannot_join(tap, "the name is taken by an interface that is no tap; use another name", -EEXIST);
	if (link.users > 0)
		return cannot_join(tap, "the tap is in use by another program; end it, or use another name", -EBUSY);
	if (!link.is_multi_queue && tap->config.queues > 1)
		return cannot_join(tap, "the tap has a single queue; use queues=1, or make it anew by "
				   "'ip tuntap add mode tap multi_queue'", -EINVAL);
	if (link.is_multi_queue)
		tap->flags |= IFF_MULTI_QUEUE;
	return 0;
}

/** What the kernel's taps can do. */
static int
choose_flags(struct tap *tap)
{
	unsigned int able = 0;
	int rc = tap_ioctl(tap, 0, TUNGETFEATURES, &able);

	if (rc < 0)
		return refused(tap, "TUNGETFEATURES", rc);
	if ((able & IFF_VNET_HDR) == 0 || (tap->config.queues > 1 && (able & IFF_MULTI_QUEUE) == 0)) {
		TAP_LOG(tap, -ENOTSUP, "this kernel's taps lack virtio headers or several queues "
			 "(TUNGETFEATURES 0x%x); Linux 3.8 and later have them", able);
		return -ENOTSUP;
	}
	tap->flags |= (uint16_t)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (able & (IFF_NAPI | IFF_NO_CARRIER)));
	if (tap->config.queues > 1)
		tap->flags |= IFF_MULTI_QUEUE;
	return 0;
}

static int
join_failed(const struct tap *tap, uint16_t queue, int rc)
{
	const char *advice = "";

	if (rc == -EPERM)
		advice = "; it needs CAP_NET_ADMIN, or a tap that 'ip tuntap add mode tap user' made for you";
	else if (rc == -EBUSY)
		advice = "; the tap is in use by another program";
	else if (rc == -EINVAL)
		advice = "; the name is bad, or taken by another kind of interface";
	else if (rc == -E2BIG)
		advice = "; the tap has no more queues, use a smaller queues=";
	TAP_LOG(tap, rc, "cannot make or join interface %s (queue pair %u of %u): %s%s",
		 tap->link.name[0] == '\0' ? "of a name chosen by the kernel" : tap->link.name, queue,
		 tap->config.queues, strerror(-rc), advice);
	return rc;
}

/** Make queue @p queue's file one of the interface. The first makes or joins it, and learns its name. */
static int
queue_join(struct tap *tap, uint16_t queue)
{
	struct ifreq request;
	int rc;

	memset(&request, 0, sizeof(request));
	memcpy(request.ifr_name, tap->link.name, IFNAMSIZ);
	request.ifr_flags = (short)tap->flags;
	rc = tap_ioctl(tap, queue, TUNSETIFF, &request);
	if (rc < 0)
		return join_failed(tap, queue, rc);
	memcpy(tap->link.name, request.ifr_name, IFNAMSIZ);
	tap->queues[queue].is_attached = true;
	return queue == 0 ? 0 : tap_attach(tap, queue, false);
}

/** Try out what the kernel can leave to us: it refuses what it does not know. */
static int
find_offloads(struct tap *tap)
{
	int rc = tap_ioctl(tap, 0, TUNSETOFFLOAD, (void *)(uintptr_t)(OFFLOADS_OLD | OFFLOADS_USO));

	tap->features = FEATURES_OLD;
	if (rc == 0)
		tap->features |= FEATURES_USO;
	rc = tap_ioctl(tap, 0, TUNSETOFFLOAD, NULL);
	return rc < 0 ? refused(tap, "TUNSETOFFLOAD", rc) : 0;
}

static int
set_sndbuf(struct tap *tap)
{
	int rc;

	rc = tap_ioctl_int(tap, TUNSETSNDBUF, tap->config.sndbuf == 0 ? INT32_MAX : (int)tap->config.sndbuf);
	return rc < 0 ? refused(tap, "TUNSETSNDBUF", rc) : 0;
}

/** Last of all: what fails before it leaves no interface. */
static int
set_persist(struct tap *tap)
{
	int rc;

	if (!tap->config.persist)
		return 0;
	rc = tap_ioctl(tap, 0, TUNSETPERSIST, (void *)(uintptr_t)1);
	return rc < 0 ? refused(tap, "TUNSETPERSIST", rc) : 0;
}

static int
learn(struct tap *tap, uint64_t deadline)
{
	int rc = tap_learn(tap, deadline);

	return rc < 0 ? refused(tap, "RTM_GETLINK", rc) : 0;
}

static int
interface_open(struct tap *tap, uint64_t deadline)
{
	uint16_t i;
	int rc;

	rc = choose_flags(tap);
	if (rc == 0)
		rc = look_before_join(tap, deadline);
	for (i = 0; rc == 0 && i < tap->config.queues; i++)
		rc = queue_join(tap, i);
	if (rc == 0)
		rc = learn(tap, deadline);
	if (rc == 0)
		rc = find_offloads(tap);
	if (rc == 0)
		rc = set_sndbuf(tap);
	/* Joining switches it on, so it goes off after the last one did. */
	tap->has_carrier = true;
	if (rc == 0)
		rc = tap_set_carrier(tap, false);
	if (rc == 0)
		rc = set_persist(tap);
	return rc;
}

int
tap_open(struct tap *tap, const struct tap_config *config, const struct kernel_sys *sys, uint64_t deadline)
{
	uint16_t i;
	int rc;

	memset(tap, 0, sizeof(*tap));
	tap->sys = sys;
	tap->config = *config;
	tap->netns = tap->netlink.requests = tap->netlink.events = -1;
	tap->is_open = true;
	if (config->iface != NULL)
		snprintf(tap->link.name, sizeof(tap->link.name), "%s", config->iface);
	tap->queues = calloc(config->queues, sizeof(*tap->queues));
	if (tap->queues == NULL) {
		tap->is_open = false;
		return -ENOMEM;
	}
	for (i = 0; i < config->queues; i++)
		tap->queues[i].fd = -1;
	rc = files_open(tap);
	if (rc == 0)
		rc = interface_open(tap, deadline);
	tap->config.said = 0;
	if (rc < 0)
		tap_close(tap);
	return rc;
}

void
tap_close(struct tap *tap)
{
	uint16_t i;

	if (!tap->is_open)
		return;
	tap->is_open = false;
	netlink_close(&tap->netlink);
	for (i = 0; i < tap->config.queues; i++) {
		if (tap->queues[i].fd >= 0)
			tap->sys->close(tap->queues[i].fd);
	}
	free(tap->queues);
	tap->queues = NULL;
	if (tap->netns >= 0)
		tap->sys->close(tap->netns);
	tap->netns = -1;
}

/* --- queues, offloads, carrier --- */

int
tap_attach(struct tap *tap, uint16_t queue, bool attach)
{
	struct ifreq request;
	int rc;

	/* Requests to the interface go through queue 0, so that one stays. */
	if (queue == 0 || tap->queues[queue].is_attached == attach)
		return 0;
	memset(&request, 0, sizeof(request));
	request.ifr_flags = attach ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE;
	rc = tap_ioctl(tap, queue, TUNSETQUEUE, &request);
	if (rc < 0)
		return refused(tap, "TUNSETQUEUE", rc);
	tap->queues[queue].is_attached = attach;
	return 0;
}

int
tap_set_features(struct tap *tap, uint64_t features)
{
	unsigned int offloads = 0;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(offload_table) / sizeof(offload_table[0]); i++) {
		if ((features & offload_table[i].features) == offload_table[i].features)
			offloads |= offload_table[i].offloads;
	}
	rc = tap_ioctl_int(tap, TUNSETVNETHDRSZ, (int)virtio_net_hdr_len(features));
	if (rc < 0)
		return refused(tap, "TUNSETVNETHDRSZ", rc);
	/* From VERSION_1 on, header fields are little-endian whatever the machine is. */
	rc = tap_ioctl_int(tap, TUNSETVNETLE, (features & VIRTIO_BIT(VIRTIO_F_VERSION_1)) != 0);
	if (rc < 0)
		return refused(tap, "TUNSETVNETLE", rc);
	rc = tap_ioctl(tap, 0, TUNSETOFFLOAD, (void *)(uintptr_t)offloads);
	return rc < 0 ? refused(tap, "TUNSETOFFLOAD", rc) : 0;
}

int
tap_set_carrier(struct tap *tap, bool on)
{
	int rc;

	if (tap->has_carrier == on)
		return 0;
	rc = tap_ioctl_int(tap, TUNSETCARRIER, on);
	/* Linux 5.0 was the first to have it: before, the interface shows a carrier all the time. */
	if (rc < 0 && rc != -EINVAL)
		return refused(tap, "TUNSETCARRIER", rc);
	tap->has_carrier = on;
	return 0;
}
