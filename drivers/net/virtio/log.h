/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Log lines of the driver half. A line names the port, what was seen, what is allowed and what the
 * user can do; it is written once, by the function that knows. The data path logs nothing but a
 * queue that broke.
 */

#ifndef VIRTIO_LOG_H
#define VIRTIO_LOG_H

#include <rte_log.h>

/** Log type "pmd.net.virtio_user", so --log-level=pmd.net.virtio_user:debug shows more. */
extern int virtio_user_logtype;

/** `port` is the name of the vdev, such as "net_virtio_user0". */
#define PORT_LOG(level, port, fmt, ...) \
	rte_log(RTE_LOG_##level, virtio_user_logtype, "%s: " fmt "\n", (port), ##__VA_ARGS__)

#endif /* VIRTIO_LOG_H */
