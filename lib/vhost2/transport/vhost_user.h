/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_TRANSPORT_VHOST_USER_H
#define VHOST2_TRANSPORT_VHOST_USER_H

/*
 * The vhost-user dialect: one connection over a stream socket, whichever end connected. Messages become verbs, what
 * verbs bring becomes replies. Sockets come from af_unix.c.
 *
 * Theory of operation. The socket is watched for edges and read only when the session asks for a verb, message by
 * message, by a parser that never waits; so a session that is busy leaves the rest in the kernel, where the peer's
 * sends end sooner or later. A reply that the socket does not take at once is kept, and nothing is read until it is
 * gone: what a peer can make us hold is one message each way. Half a message, and a reply that is not read, have a
 * deadline.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost2/transport/transport.h"
#include "vhost_user/channel.h"
#include "vhost_user/message.h"

/** How long a peer may take to finish what it began to send, or to read a reply. */
#define VHOST_USER_CONN_DEADLINE_MS 1000

/** A message that is being sent. */
struct vhost_user_outbox {
	bool busy;
	size_t sent;
	struct vhost_user_message message; /**< its descriptors are owned */
};

/** One connection. Made by vhost_user_conn_create(), frees itself when its session is gone. */
struct vhost_user_conn {
	struct session_link link; /**< first */
	struct transport_endpoint *endpoint;
	struct session *session;
	struct loop_source source;
	struct loop_timer deadline;
	struct vhost_user_channel channel;
	struct vhost_user_negotiated negotiated;
	struct vhost_user_message request; /**< the verb that is under way */
	struct vhost_user_outbox reply;
	struct rte_vhost2_msg custom;      /**< request, as the device sees it */
	struct loop_source backend_source;
	struct vhost_user_channel backend; /**< SET_BACKEND_REQ_FD; fd -1: none */
	struct vhost_user_outbox to_frontend;
	void (*left)(struct transport_endpoint *endpoint); /**< may be NULL */
};

/** What is done with a request: how its verb begins, and what its reply has in it. */
struct vhost_user_verb {
	void (*begin)(struct vhost_user_conn *conn, struct vhost_user_message *request);
	/** @p reply is as long as the request; NULL: an ack is all there is. @return 0; -errno: cannot be answered */
	int (*reply)(struct vhost_user_conn *conn, const struct vhost_user_message *request,
		struct vhost_user_message *reply, int rc);
};

/**
 * Take a connected socket, owned from now on, and make a session of it.
 *
 * @param left
 *   Called when all is over, or NULL.
 * @return 0; -errno: the socket is closed
 */
int vhost_user_conn_create(struct transport_endpoint *endpoint, int fd,
	void (*left)(struct transport_endpoint *endpoint));

/** @return what is done with a (valid) request. */
const struct vhost_user_verb *vhost_user_verb_of(uint32_t request);

/** @return the protocol features that a target offers. */
uint64_t vhost_user_protocol_offer(const struct session_device *device);

/** Protocol features that a device may add to the generic ones. */
extern const uint64_t vhost_user_protocol_of_devices;

/** SET_BACKEND_REQ_FD. @return 0; -errno: the descriptor is closed */
int vhost_user_backend_open(struct vhost_user_conn *conn, int fd);
/** Let go of it. Idempotent. */
void vhost_user_backend_close(struct vhost_user_conn *conn);
/** session_link_ops.config_changed, can_ask, iotlb_miss */
bool vhost_user_backend_config_changed(struct session_link *link);
bool vhost_user_backend_can_ask(struct session_link *link);
void vhost_user_backend_iotlb_miss(struct session_link *link, uint64_t iova, uint8_t perm);

/** Put a message out; what the socket does not take stays in the box. @return 0; -errno: the channel is broken */
int vhost_user_outbox_flush(struct vhost_user_outbox *outbox, struct vhost_user_channel *channel);
/** Forget what was not sent. Idempotent. */
void vhost_user_outbox_drop(struct vhost_user_outbox *outbox);

#endif /* VHOST2_TRANSPORT_VHOST_USER_H */
