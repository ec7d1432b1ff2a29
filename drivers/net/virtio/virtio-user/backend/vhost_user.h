/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The vhost-user dialect from inside: what its two files share. vhost_user.c says things to a connected peer,
 * vhost_user_session.c makes and ends connections. Included by these, by registry.c and by tests.
 */

#ifndef VIRTIO_USER_BACKEND_VHOST_USER_H
#define VIRTIO_USER_BACKEND_VHOST_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "vhost_user/channel.h"
#include "vhost_user/message.h"
#include "vhost_user/socket.h"
#include "virtio-user/backend/backend.h"

/** vhost-user: "a feature bit was dedicated for this purpose" - protocol features exist. */
#define VHOST_USER_F_PROTOCOL_FEATURES 30

struct vhost_user_backend {
	struct backend head; /**< first: a struct backend * is one of these */
	char *path;
	bool is_server;
	bool is_connected;
	struct vhost_user_listener listener; /**< server */
	int events;        /**< server: epoll of the listening and the connected socket; else -1 */
	struct vhost_user_channel channel;
	uint64_t offered;  /**< answer to GET_FEATURES, bit 30 included */
	uint64_t acked;    /**< of the last SET_FEATURES; 0: none yet */
	uint64_t protocol; /**< bits that both have */
	int logged;        /**< why the last attempt to connect failed: said once; 0: it did not */
	/** The last complaint about a peer, which is not repeated until one got as far as an enabled ring. */
	char said[VHOST_USER_ERROR_TEXT_SIZE];
};

int vhost_user_backend_open(const struct backend_config *config, struct backend **backend);

/** The verbs for a connected peer; connect, disconnect and close are the session's. */
extern const struct backend_slots_ops vhost_user_slots_ops;
extern const struct backend_config_ops vhost_user_config_ops;
extern const struct backend_mtu_ops vhost_user_mtu_ops;
int vhost_user_set_features(struct backend *backend, uint64_t features);
int vhost_user_set_mem_table(struct backend *backend, const struct memory_table *table);
int vhost_user_set_vring_num(struct backend *backend, uint16_t queue, uint32_t num);
int vhost_user_set_vring_base(struct backend *backend, uint16_t queue, uint32_t base);
int vhost_user_get_vring_base(struct backend *backend, uint16_t queue, uint32_t *base);
int vhost_user_set_vring_addr(struct backend *backend, uint16_t queue, const struct vring_area *area);
int vhost_user_set_vring_call(struct backend *backend, uint16_t queue, int fd);
int vhost_user_set_vring_kick(struct backend *backend, uint16_t queue, int fd);
int vhost_user_set_vring_enable(struct backend *backend, uint16_t queue, bool enable);
int vhost_user_set_status(struct backend *backend, uint8_t status);
int vhost_user_get_status(struct backend *backend, uint8_t *status);

/** Whether a protocol feature (number) is negotiated. */
bool vhost_user_has(const struct vhost_user_backend *vu, unsigned int bit);

/** Log the channel's error, unless it is an old one. @return rc */
int vhost_user_fail(struct vhost_user_backend *vu, int rc);

/** Send a request that is not answered. Errors are logged. */
int vhost_user_tell(struct vhost_user_backend *vu, const struct vhost_user_message *message);

/** Ask for a u64. Errors are logged. */
int vhost_user_ask_u64(struct vhost_user_backend *vu, uint32_t request, uint64_t *value);

#endif /* VIRTIO_USER_BACKEND_VHOST_USER_H */
