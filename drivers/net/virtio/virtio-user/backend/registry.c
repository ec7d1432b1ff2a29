/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Which back-end serves a path. The only file that lists the kinds; nobody else asks for one. See backend.h.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "log.h"
#include "virtio-user/backend/backend.h"
#include "virtio-user/backend/vhost_kernel.h"
#include "virtio-user/backend/vhost_user.h"

/** The number of the vhost-net device, the same on every Linux: misc, VHOST_NET_MINOR. */
#define MISC_MAJOR 10
#define VHOST_NET_MINOR 238

enum kind {
	KIND_VHOST_USER,
	KIND_VHOST_KERNEL,
	KIND_NONE,
};

static enum kind
kind_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		/*
		 * What cannot be looked at (not there yet, no permission) is a socket's path: connecting tells more.
		 * But nobody ever had a socket by the name that the kernel gives its device.
		 */
		return strcmp(path, VHOST_KERNEL_PATH) == 0 ? KIND_VHOST_KERNEL : KIND_VHOST_USER;
	}
	if (S_ISSOCK(st.st_mode))
		return KIND_VHOST_USER;
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(MISC_MAJOR, VHOST_NET_MINOR))
		return KIND_VHOST_KERNEL;
	return KIND_NONE;
}

/** The first devarg given that only the kernel's interface has; NULL: none. */
static const char *
interface_devarg(const struct backend_config *config)
{
	if (config->iface != NULL)
		return "iface";
	if (config->netns != NULL)
		return "netns";
	if (config->persist)
		return "persist";
	return config->sndbuf != 0 ? "sndbuf" : NULL;
}

static int
open_vhost_user(const struct backend_config *config, struct backend **backend)
{
	const char *devarg = interface_devarg(config);

	if (devarg == NULL)
		return vhost_user_backend_open(config, backend);
	PORT_LOG(ERR, config->port, "devarg %s is for the kernel's interface, and %s is the path of a socket; "
		 "leave it out, or use path=" VHOST_KERNEL_PATH, devarg, config->path);
	return -EINVAL;
}

static int
open_vhost_kernel(const struct backend_config *config, struct backend **backend)
{
	if (!config->server)
		return vhost_kernel_backend_open(config, &kernel_sys_linux, backend);
	PORT_LOG(ERR, config->port, "server=1 is for sockets, and %s is the kernel's device; leave it out",
		 config->path);
	return -EINVAL;
}

int
backend_open(const struct backend_config *config, struct backend **backend)
{
	switch (kind_of(config->path)) {
	case KIND_VHOST_USER:
		return open_vhost_user(config, backend);
	case KIND_VHOST_KERNEL:
		return open_vhost_kernel(config, backend);
	default:
		PORT_LOG(ERR, config->port, "%s is neither a socket nor the vhost-net device (character device %u:%u); "
			 "give the path of a vhost-user socket, or " VHOST_KERNEL_PATH, config->path, MISC_MAJOR,
			 VHOST_NET_MINOR);
		return -EINVAL;
	}
}
