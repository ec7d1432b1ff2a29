/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Log lines of the device half's port. A line names the port, what was seen, what is allowed and what the user can do;
 * it is written once, by the function that knows. The data path logs nothing.
 */

#ifndef VIRTIO_BACKEND_LOG_H
#define VIRTIO_BACKEND_LOG_H

#include <rte_log.h>

/** Log type "pmd.net.virtio_backend"; the lines of lib/vhost2 go there too. */
extern int virtio_backend_logtype;

/** `port` is the name of the vdev, such as "net_virtio_backend0". */
#define PORT_LOG(level, port, fmt, ...) \
	rte_log(RTE_LOG_##level, virtio_backend_logtype, "%s: " fmt "\n", (port), ##__VA_ARGS__)

#endif /* VIRTIO_BACKEND_LOG_H */
