/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Which back-end serves a path. The only file that lists the kinds; nobody else asks for one. See backend.h.
 */

#include <errno.h>
#include <sys/stat.h>

#include "log.h"
#include "virtio-user/backend/backend.h"
#include "virtio-user/backend/vhost_user.h"

int
backend_open(const struct backend_config *config, struct backend **backend)
{
	struct stat st;

	/* What cannot be looked at (not there yet, no permission) is a socket's path: connecting tells more. */
	if (stat(config->path, &st) < 0 || S_ISSOCK(st.st_mode))
		return vhost_user_backend_open(config, backend);
	if (S_ISCHR(st.st_mode)) {
		PORT_LOG(ERR, config->port, "%s is a character device: the vhost-kernel and vhost-vdpa "
			 "back-ends are not built yet; give the path of a vhost-user socket", config->path);
		return -ENOTSUP;
	}
	PORT_LOG(ERR, config->port, "%s is neither a socket nor a character device", config->path);
	return -EINVAL;
}
