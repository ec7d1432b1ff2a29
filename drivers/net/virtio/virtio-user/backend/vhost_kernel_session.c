/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Opening and closing of the vhost-kernel dialect: one vhost-net for each queue pair, and the tap that they serve.
 * Called through struct backend by the device; what is said afterwards is in vhost_kernel.c.
 *
 * vhost-net comes first, the tap second: a port that cannot be served leaves no interface. A lost connection closes
 * vhost-net alone. The interface stays, with all that an administrator gave it, and the next connection takes it up
 * again; only one that was deleted is made anew, by its old name.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/vhost.h>

#include "log.h"
#include "virtio/feature.h"
#include "virtio-user/backend/vhost_kernel.h"

/** Where the module tells how many regions it takes, and what it takes where nobody can read that. */
#define REGIONS_PATH "/sys/module/vhost/parameters/max_mem_regions"
#define REGIONS_DEFAULT 64

/** Bit 27: the kernel's side adds a header that the tap does not have; ours has it. 26: log of written pages. */
#define VHOST_BITS (VIRTIO_BIT(VHOST_NET_F_VIRTIO_NET_HDR) | VIRTIO_BIT(VHOST_F_LOG_ALL))

/** What we can make use of. */
#define BACKEND_FEATURES_WANTED VIRTIO_BIT(VHOST_BACKEND_F_IOTLB_MSG_V2)

static struct vhost_kernel *
vhost_kernel_of(struct backend *backend)
{
	return (struct vhost_kernel *)backend;
}

/* --- vhost-net --- */

static const char *
open_advice(int rc)
{
	if (rc == -ENOENT || rc == -ENODEV || rc == -ENXIO)
		return "; 'modprobe vhost_net' loads the module, and a container needs the device";
	if (rc == -EACCES || rc == -EPERM)
		return "; run as root or in the group that 'ls -l' shows for it";
	if (rc == -EMFILE)
		return "; 'ulimit -n' allows too few open files";
	return "";
}

static int
pair_open(struct vhost_kernel *vk, uint16_t pair)
{
	int rc = vk->sys->open(vk->path, O_RDWR);

	if (rc < 0) {
		if (vk->failed_rc != rc)
			PORT_LOG(ERR, vk->head.port, "cannot open %s (queue pair %u of %u): %s%s", vk->path, pair,
				 vk->config.queues, strerror(-rc), open_advice(rc));
		vk->failed_rc = rc;
		return rc;
	}
	vk->pairs[pair].fd = rc;
	return vhost_kernel_request(vk, pair, VHOST_SET_OWNER, "VHOST_SET_OWNER", NULL);
}

/** One number in a file of the system; 0: none to be had. */
static uint32_t
read_number(const struct kernel_sys *sys, const char *path)
{
	char text[16] = "";
	int fd = sys->open(path, O_RDONLY);
	ssize_t len;

	if (fd < 0)
		return 0;
	len = sys->read(fd, text, sizeof(text) - 1);
	sys->close(fd);
	return len <= 0 ? 0 : (uint32_t)strtoul(text, NULL, 10);
}

/** Extras of the dialect itself; kernels before 4.20 have none, and do not know the question. */
static int
agree_backend_features(struct vhost_kernel *vk)
{
	uint64_t features = 0;
	uint16_t pair;
	int rc = 0;

	vk->backend_features = 0;
	if (vk->sys->ioctl(vk->pairs[0].fd, VHOST_GET_BACKEND_FEATURES, &features) < 0)
		return 0;
	features &= BACKEND_FEATURES_WANTED;
	for (pair = 0; rc == 0 && pair < vk->config.queues; pair++)
		rc = vhost_kernel_request(vk, pair, VHOST_SET_BACKEND_FEATURES, "VHOST_SET_BACKEND_FEATURES", &features);
	if (rc == 0)
		vk->backend_features = features;
	return rc;
}

static int
vhost_open(struct vhost_kernel *vk)
{
	uint16_t pair;
	int rc = 0;

	for (pair = 0; rc == 0 && pair < vk->config.queues; pair++)
		rc = pair_open(vk, pair);
	if (rc == 0)
		rc = vhost_kernel_request(vk, 0, VHOST_GET_FEATURES, "VHOST_GET_FEATURES", &vk->offered);
	return rc < 0 ? rc : agree_backend_features(vk);
}

static void
vhost_close(struct vhost_kernel *vk)
{
	uint16_t pair;

	for (pair = 0; pair < vk->config.queues; pair++) {
		if (vk->pairs[pair].fd >= 0)
			vk->sys->close(vk->pairs[pair].fd);
		vk->pairs[pair] = (struct vhost_kernel_pair){.fd = -1};
	}
}

/* --- the interface --- */

static int
interface_open(struct vhost_kernel *vk)
{
	struct tap_config config = vk->config;
	int rc;

	if (vk->tap.is_open && !vk->is_lost)
		return 0;
	tap_close(&vk->tap);
	if (vk->name[0] != '\0')
		config.iface = vk->name;
	rc = tap_open(&vk->tap, &config, vk->sys, vk->head.deadline);
	vk->config.said = rc;
	if (rc < 0)
		return rc;
	vk->is_lost = false;
	memcpy(vk->name, vk->tap.link.name, sizeof(vk->name));
	PORT_LOG(NOTICE, vk->head.port, "kernel interface %s (index %d), MTU %u", vk->name, vk->tap.link.index,
		 vk->tap.link.mtu);
	return 0;
}

static void
fill_caps(struct vhost_kernel *vk)
{
	struct backend *head = &vk->head;
	uint32_t regions = read_number(vk->sys, REGIONS_PATH);
	uint64_t offered = vk->offered & ~VHOST_BITS;

	/* Addresses are told by messages of the second version only. */
	if (vk->backend_features == 0)
		offered &= ~VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM);
	head->caps = (struct backend_caps){
		.features = offered | vk->tap.features,
		.max_queue_pairs = vk->config.queues,
		.max_mem_regions = regions == 0 ? REGIONS_DEFAULT : regions,
		.protocol = vk->backend_features,
		.is_by_address = true,
	};
	head->config = &vhost_kernel_config_ops;
	head->mtu = &vhost_kernel_mtu_ops;
	head->drops = &vhost_kernel_drops_ops;
}

/* --- connect and disconnect --- */

static void
vk_disconnect(struct backend *backend)
{
	struct vhost_kernel *vk = vhost_kernel_of(backend);

	/* Closing vhost-net takes the rings from it, so the cable comes out first. */
	if (vk->tap.is_open && !vk->is_lost)
		(void)tap_set_carrier(&vk->tap, false);
	vhost_close(vk);
	vk->acked = 0;
	backend->config = NULL;
	backend->mtu = NULL;
	backend->drops = NULL;
	memset(&backend->caps, 0, sizeof(backend->caps));
}

static int
vk_connect(struct backend *backend)
{
	struct vhost_kernel *vk = vhost_kernel_of(backend);
	int rc;

	vk_disconnect(backend);
	rc = vhost_open(vk);
	if (rc == 0)
		rc = interface_open(vk);
	if (rc < 0) {
		vk_disconnect(backend);
		return rc;
	}
	fill_caps(vk);
	return 0;
}

/* --- events --- */

static int
vk_event_fd(struct backend *backend)
{
	return tap_event_fd(&vhost_kernel_of(backend)->tap);
}

static int
vk_check(struct backend *backend)
{
	struct vhost_kernel *vk = vhost_kernel_of(backend);
	int rc = tap_check(&vk->tap, backend->deadline);

	vk->is_lost |= rc == -ENODEV;
	return rc;
}

static bool
vk_is_up(struct backend *backend)
{
	return tap_is_up(&vhost_kernel_of(backend)->tap);
}

static const struct backend_link_ops vhost_kernel_link_ops = {
	.event_fd = vk_event_fd,
	.check = vk_check,
	.is_up = vk_is_up,
};

/* --- open and close --- */

static void
vk_close(struct backend *backend)
{
	struct vhost_kernel *vk = vhost_kernel_of(backend);

	if (vk->pairs != NULL)
		vk_disconnect(backend);
	tap_close(&vk->tap);
	free(vk->pairs);
	free((char *)(uintptr_t)vk->config.netns);
	free((char *)(uintptr_t)vk->config.iface);
	free(vk->path);
	free(vk);
}

static const struct backend_ops vhost_kernel_ops = {
	.name = "vhost-kernel",
	.connect = vk_connect,
	.disconnect = vk_disconnect,
	.close = vk_close,
	.set_features = vhost_kernel_set_features,
	.set_mem_table = vhost_kernel_set_mem_table,
	.set_vring_num = vhost_kernel_set_vring_num,
	.set_vring_base = vhost_kernel_set_vring_base,
	.get_vring_base = vhost_kernel_get_vring_base,
	.set_vring_addr = vhost_kernel_set_vring_addr,
	.set_vring_call = vhost_kernel_set_vring_call,
	.set_vring_kick = vhost_kernel_set_vring_kick,
	.set_vring_enable = vhost_kernel_set_vring_enable,
	.set_status = vhost_kernel_set_status,
	.get_status = vhost_kernel_get_status,
};

/** A copy of a string that may be absent. @return whether there was memory for it */
static bool
copy_text(const char **copy, const char *text)
{
	*copy = text == NULL ? NULL : strdup(text);
	return text == NULL || *copy != NULL;
}

static int
copy_config(struct vhost_kernel *vk, const struct backend_config *config)
{
	uint16_t pair;

	vk->config = (struct tap_config){
		.port = config->port,
		.persist = config->persist,
		.sndbuf = config->sndbuf,
		.queues = config->queue_pairs,
	};
	vk->path = strdup(config->path);
	vk->pairs = calloc(config->queue_pairs, sizeof(*vk->pairs));
	if (vk->path == NULL || vk->pairs == NULL || !copy_text(&vk->config.iface, config->iface) ||
	    !copy_text(&vk->config.netns, config->netns)) {
		free(vk->pairs);
		vk->pairs = NULL;
		return -ENOMEM;
	}
	for (pair = 0; pair < config->queue_pairs; pair++)
		vk->pairs[pair].fd = -1;
	return 0;
}

int
vhost_kernel_backend_open(const struct backend_config *config, const struct kernel_sys *sys,
			  struct backend **backend)
{
	struct vhost_kernel *vk = calloc(1, sizeof(*vk));
	int rc;

	if (vk == NULL)
		return -ENOMEM;
	vk->sys = sys;
	vk->head.ops = &vhost_kernel_ops;
	vk->head.link = &vhost_kernel_link_ops;
	vk->head.filter = &vhost_kernel_filter_ops;
	vk->head.port = config->port;
	rc = copy_config(vk, config);
	if (rc < 0) {
		vk_close(&vk->head);
		return rc;
	}
	*backend = &vk->head;
	return 0;
}
