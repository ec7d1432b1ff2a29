/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The vhost-kernel dialect from inside: what its two files share. vhost_kernel.c says things to an open vhost-net,
 * vhost_kernel_session.c opens and closes it. Included by these, by registry.c and by tests.
 */

#ifndef VIRTIO_USER_BACKEND_VHOST_KERNEL_H
#define VIRTIO_USER_BACKEND_VHOST_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio-user/backend/backend.h"
#include "virtio-user/backend/kernel_sys.h"
#include "virtio-user/backend/tap.h"

/** Where the kernel has it, by itself. */
#define VHOST_KERNEL_PATH "/dev/vhost-net"

/** One vhost-net: it serves one pair of rings, with a thread of its own. */
struct vhost_kernel_pair {
	int fd;             /**< -1: not open */
	bool is_running[2]; /**< rx and tx ring: NET_SET_BACKEND gave it the tap */
};

struct vhost_kernel {
	struct backend head; /**< first: a struct backend * is one of these */
	const struct kernel_sys *sys;
	char *path;
	struct tap_config config;  /**< its strings are our own copies but for the port's name */
	char name[IFNAMSIZ];       /**< that the interface got when it was made; it gets it again */
	struct tap tap;
	struct vhost_kernel_pair *pairs; /**< config.queues of them */
	uint64_t offered;          /**< answer to VHOST_GET_FEATURES */
	uint64_t acked;            /**< of the last VHOST_SET_FEATURES */
	uint64_t backend_features; /**< that both have */
	bool is_lost;              /**< the interface was deleted: the next connection makes it anew */
	const char *failed;        /**< the last request that failed, and how: said once until rings ran */
	int failed_rc;
};

/** @p sys: kernel_sys_linux, or a test's. */
int vhost_kernel_backend_open(const struct backend_config *config, const struct kernel_sys *sys,
			      struct backend **backend);

/** One request to the vhost-net of @p pair; @p name for the log line that a failure gets. */
int vhost_kernel_request(struct vhost_kernel *vk, uint16_t pair, unsigned long request, const char *name, void *arg);

/** Log that a request failed, unless it is the one that was logged last. @return rc */
int vhost_kernel_fail(struct vhost_kernel *vk, const char *request, int rc);

extern const struct backend_config_ops vhost_kernel_config_ops;
extern const struct backend_mtu_ops vhost_kernel_mtu_ops;
extern const struct backend_drops_ops vhost_kernel_drops_ops;
extern const struct backend_filter_ops vhost_kernel_filter_ops;
int vhost_kernel_set_features(struct backend *backend, uint64_t features);
int vhost_kernel_set_mem_table(struct backend *backend, const struct memory_table *table);
int vhost_kernel_set_vring_num(struct backend *backend, uint16_t queue, uint32_t num);
int vhost_kernel_set_vring_base(struct backend *backend, uint16_t queue, uint32_t base);
int vhost_kernel_get_vring_base(struct backend *backend, uint16_t queue, uint32_t *base);
int vhost_kernel_set_vring_addr(struct backend *backend, uint16_t queue, const struct vring_area *area);
int vhost_kernel_set_vring_call(struct backend *backend, uint16_t queue, int fd);
int vhost_kernel_set_vring_kick(struct backend *backend, uint16_t queue, int fd);
int vhost_kernel_set_vring_enable(struct backend *backend, uint16_t queue, bool enable);
int vhost_kernel_set_status(struct backend *backend, uint8_t status);
int vhost_kernel_get_status(struct backend *backend, uint8_t *status);

#endif /* VIRTIO_USER_BACKEND_VHOST_KERNEL_H */
