/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the vhost-kernel dialect says to an open vhost-net, verb by verb. Not here: how it is opened
 * (vhost_kernel_session.c), the interface at the other end (tap.c), when a verb is due (start.c).
 *
 * A request is an ioctl: it is done when it returns, so nothing is ever waited for. What vhost-user calls enabling is
 * the file of a tap queue, given to a ring by VHOST_NET_SET_BACKEND: from then on the kernel's thread works on it. It
 * is the last thing a ring is told, and taking it back the first when it stops: a ring that has one refuses to change.
 *
 * Features are shared work: rings are vhost-net's business, offloads the tap's. Each is told its own.
 *
 * Addresses. We have one kind: guest address, user address and ring address are all our virtual address. With
 * VIRTIO_F_ACCESS_PLATFORM vhost-net does not use its memory table; it is told of each region by a message instead.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/vhost.h>

#include "log.h"
#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio-user/backend/vhost_kernel.h"

static struct vhost_kernel *
vhost_kernel_of(struct backend *backend)
{
	return (struct vhost_kernel *)backend;
}

int
vhost_kernel_fail(struct vhost_kernel *vk, const char *request, int rc)
{
	if (vk->failed == request && vk->failed_rc == rc)
		return rc;
	vk->failed = request;
	vk->failed_rc = rc;
	PORT_LOG(ERR, vk->head.port, "%s: %s: %s", vk->path, request, strerror(-rc));
	return rc;
}

int
vhost_kernel_request(struct vhost_kernel *vk, uint16_t pair, unsigned long request, const char *name, void *arg)
{
	int rc = vk->sys->ioctl(vk->pairs[pair].fd, request, arg);

	return rc < 0 ? vhost_kernel_fail(vk, name, rc) : 0;
}

/** A request to each pair's vhost-net, the same for all. */
static int
request_all(struct vhost_kernel *vk, unsigned long request, const char *name, void *arg)
{
	uint16_t pair;
	int rc = 0;

	for (pair = 0; rc == 0 && pair < vk->config.queues; pair++)
		rc = vhost_kernel_request(vk, pair, request, name, arg);
	return rc;
}

/* --- features and memory --- */

int
vhost_kernel_set_features(struct backend *backend, uint64_t features)
{
	struct vhost_kernel *vk = vhost_kernel_of(backend);
	uint64_t ours = features & vk->offered;
	int rc;

	rc = request_all(vk, VHOST_SET_FEATURES, "VHOST_SET_FEATURES", &ours);
	if (rc == -EOPNOTSUPP)
		return -EREMOTEIO;
	if (rc == 0)
		rc = tap_set_features(&vk->tap, features);
	if (rc == 0)
		vk->acked = ours;
	return rc;
}

/** One message about addresses. @p type: VHOST_IOTLB_UPDATE or VHOST_IOTLB_INVALIDATE */
static int
iotlb_tell(struct vhost_kernel *vk, uint16_t pair, uint8_t type, uint64_t va, uint64_t size)
{
	struct vhost_msg_v2 message;
	ssize_t written;

	memset(&message, 0, sizeof(message));
	message.type = VHOST_IOTLB_MSG_V2;
	message.iotlb.type = type;
	message.iotlb.iova = va;
	message.iotlb.size = size;
	message.iotlb.uaddr = va;
	message.iotlb.perm = VHOST_ACCESS_RW;
	written = vk->sys->write(vk->pairs[pair].fd, &message, sizeof(message));
	return written < 0 ? vhost_kernel_fail(vk, "VHOST_IOTLB_MSG_V2", (int)written) : 0;
}

/** Replace all that a vhost-net knows of addresses. */
static int
iotlb_replace(struct vhost_kernel *vk, uint16_t pair, const struct memory_table *table)
{
	uint32_t i;
	int rc;

	rc = iotlb_tell(vk, pair, VHOST_IOTLB_INVALIDATE, 0, UINT64_MAX);
	for (i = 0; rc == 0 && i < table->nr; i++)
		rc = iotlb_tell(vk, pair, VHOST_IOTLB_UPDATE, table->regions[i].va, table->regions[i].size);
	return rc;
}

static int
iotlb_replace_all(struct vhost_kernel *vk, const struct memory_table *table)
{
	uint16_t pair;
	int rc = 0;

	if ((vk->acked & VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM)) == 0)
		return 0;
	for (pair = 0; rc == 0 && pair < vk->config.queues; pair++)
		rc = iotlb_replace(vk, pair, table);
	return rc;
}

int
vhost_kernel_set_mem_table(struct backend *backend, const struct memory_table *table)
{
	struct vhost_kernel *vk = vhost_kernel_of(backend);
	struct vhost_memory *memory;
	uint32_t i;
	int rc;

	memory = calloc(1, sizeof(*memory) + table->nr * sizeof(memory->regions[0]));
	if (memory == NULL)
		return -ENOMEM;
	memory->nregions = table->nr;
	for (i = 0; i < table->nr; i++) {
		memory->regions[i].guest_phys_addr = table->regions[i].va;
		memory->regions[i].memory_size = table->regions[i].size;
		memory->regions[i].userspace_addr = table->regions[i].va;
	}
	rc = request_all(vk, VHOST_SET_MEM_TABLE, "VHOST_SET_MEM_TABLE", memory);
	free(memory);
	return rc < 0 ? rc : iotlb_replace_all(vk, table);
}

/* --- rings --- */

/** A request about one ring; @p arg begins with the ring's number, which is set here. */
static int
ring_request(struct backend *backend, uint16_t queue, unsigned long request, const char *name, void *arg)
{
	struct vhost_kernel *vk = vhost_kernel_of(backend);
	unsigned int index = queue % 2;

	if (queue / 2 >= vk->config.queues)
		return -EINVAL;
	memcpy(arg, &index, sizeof(index));
	return vhost_kernel_request(vk, queue / 2, request, name, arg);
}

int
vhost_kernel_set_vring_num(struct backend *backend, uint16_t queue, uint32_t num)
{
	struct vhost_vring_state state = {.num = num};

	return ring_request(backend, queue, VHOST_SET_VRING_NUM, "VHOST_SET_VRING_NUM", &state);
}

int
vhost_kernel_set_vring_base(struct backend *backend, uint16_t queue, uint32_t base)
{
	struct vhost_vring_state state = {.num = base};

	return ring_request(backend, queue, VHOST_SET_VRING_BASE, "VHOST_SET_VRING_BASE", &state);
}

int
vhost_kernel_set_vring_addr(struct backend *backend, uint16_t queue, const struct vring_area *area)
{
	struct vhost_vring_addr addr = {
		.desc_user_addr = (uintptr_t)area->desc,
		.avail_user_addr = (uintptr_t)area->driver,
		.used_user_addr = (uintptr_t)area->device,
	};

	return ring_request(backend, queue, VHOST_SET_VRING_ADDR, "VHOST_SET_VRING_ADDR", &addr);
}

int
vhost_kernel_set_vring_call(struct backend *backend, uint16_t queue, int fd)
{
	struct vhost_vring_file file = {.fd = fd};

	return ring_request(backend, queue, VHOST_SET_VRING_CALL, "VHOST_SET_VRING_CALL", &file);
}

int
vhost_kernel_set_vring_kick(struct backend *backend, uint16_t queue, int fd)
{
	struct vhost_vring_file file = {.fd = fd};

	return ring_request(backend, queue, VHOST_SET_VRING_KICK, "VHOST_SET_VRING_KICK", &file);
}

static bool
pair_is_running(const struct vhost_kernel_pair *pair)
{
	return pair->is_running[0] && pair->is_running[1];
}

static bool
pair_is_idle(const struct vhost_kernel_pair *pair)
{
	return !pair->is_running[0] && !pair->is_running[1];
}

/** Give a ring its tap queue (@p fd), or take it back (VHOST_FILE_UNBIND): on return no thread is in the ring. */
static int
ring_set_backend(struct backend *backend, uint16_t queue, int fd)
{
	struct vhost_vring_file file = {.fd = fd};

	return ring_request(backend, queue, VHOST_NET_SET_BACKEND, "VHOST_NET_SET_BACKEND", &file);
}

/** The ring stands still; a pair of which none runs gets no traffic, and without the first pair there is no cable. */
static int
ring_stop(struct backend *backend, uint16_t queue)
{
	struct vhost_kernel *vk = vhost_kernel_of(backend);
	struct vhost_kernel_pair *pair = &vk->pairs[queue / 2];
	int rc = 0;

	if (!pair->is_running[queue % 2])
		return 0;
	/* Before the rings stop: what an administrator sees as plugged in is served. */
	if (queue / 2 == 0)
		rc = tap_set_carrier(&vk->tap, false);
	if (rc == 0)
		rc = ring_set_backend(backend, queue, VHOST_FILE_UNBIND);
	if (rc < 0)
		return rc;
	pair->is_running[queue % 2] = false;
	return pair_is_idle(pair) ? tap_attach(&vk->tap, queue / 2, false) : 0;
}

static int
ring_start(struct backend *backend, uint16_t queue)
{
	struct vhost_kernel *vk = vhost_kernel_of(backend);
	struct vhost_kernel_pair *pair = &vk->pairs[queue / 2];
	int rc;

	rc = tap_attach(&vk->tap, queue / 2, true);
	if (rc == 0)
		rc = ring_set_backend(backend, queue, vk->tap.queues[queue / 2].fd);
	if (rc < 0)
		return rc;
	pair->is_running[queue % 2] = true;
	vk->failed = NULL;
	return queue / 2 == 0 && pair_is_running(pair) ? tap_set_carrier(&vk->tap, true) : 0;
}

int
vhost_kernel_get_vring_base(struct backend *backend, uint16_t queue, uint32_t *base)
{
	struct vhost_vring_state state = {.num = 0};
	int rc;

	if (queue / 2 >= vhost_kernel_of(backend)->config.queues)
		return -EINVAL;
	rc = ring_stop(backend, queue);
	if (rc == 0)
		rc = ring_request(backend, queue, VHOST_GET_VRING_BASE, "VHOST_GET_VRING_BASE", &state);
	if (rc == 0)
		*base = state.num;
	return rc;
}

int
vhost_kernel_set_vring_enable(struct backend *backend, uint16_t queue, bool enable)
{
	if (queue / 2 >= vhost_kernel_of(backend)->config.queues)
		return -EINVAL;
	return enable ? ring_start(backend, queue) : ring_stop(backend, queue);
}

/* The dialect has no status: a ring runs when it has its tap queue. */

int
vhost_kernel_set_status(struct backend *backend, uint8_t status)
{
	(void)backend;
	(void)status;
	return -ENOTSUP;
}

int
vhost_kernel_get_status(struct backend *backend, uint8_t *status)
{
	(void)backend;
	(void)status;
	return -ENOTSUP;
}

/* --- what the interface knows --- */

/** The interface's address, and the largest MTU that it can have. */
static int
get_config(struct backend *backend, size_t offset, void *dst, size_t len)
{
	const struct netlink_link *link = &vhost_kernel_of(backend)->tap.link;
	struct virtio_net_config space;

	memset(&space, 0, sizeof(space));
	memcpy(space.mac, link->mac, sizeof(space.mac));
	space.mtu = (uint16_t)(link->mtu_max == 0 || link->mtu_max > UINT16_MAX ? UINT16_MAX : link->mtu_max);
	if (offset > sizeof(space) || len > sizeof(space) - offset)
		return -EINVAL;
	memcpy(dst, (const uint8_t *)&space + offset, len);
	return 0;
}

const struct backend_config_ops vhost_kernel_config_ops = {
	.get_config = get_config,
};

static int
set_mtu(struct backend *backend, uint16_t mtu)
{
	return tap_set_mtu(&vhost_kernel_of(backend)->tap, mtu, backend->deadline);
}

static uint16_t
get_mtu(struct backend *backend)
{
	return (uint16_t)vhost_kernel_of(backend)->tap.link.mtu;
}

const struct backend_mtu_ops vhost_kernel_mtu_ops = {
	.set_mtu = set_mtu,
	.get_mtu = get_mtu,
};

/** The interface's receive direction is our sending. */
static int
get_drops(struct backend *backend, struct backend_drops *drops)
{
	struct tap *tap = &vhost_kernel_of(backend)->tap;
	int rc = tap_count(tap, backend->deadline);

	drops->missed = tap->link.tx_dropped;
	drops->refused = tap->link.rx_dropped;
	return rc;
}

const struct backend_drops_ops vhost_kernel_drops_ops = {
	.get_drops = get_drops,
};

static int
set_mac(struct backend *backend, const uint8_t *mac)
{
	return tap_set_mac(&vhost_kernel_of(backend)->tap, mac);
}

static int
set_mode(struct backend *backend, uint32_t mode, bool on)
{
	return tap_set_modes(&vhost_kernel_of(backend)->tap, on ? mode : 0, mode, backend->deadline);
}

static int
set_promisc(struct backend *backend, bool on)
{
	return set_mode(backend, IFF_PROMISC, on);
}

static int
set_allmulti(struct backend *backend, bool on)
{
	return set_mode(backend, IFF_ALLMULTI, on);
}

const struct backend_filter_ops vhost_kernel_filter_ops = {
	.set_mac = set_mac,
	.set_promisc = set_promisc,
	.set_allmulti = set_allmulti,
};
