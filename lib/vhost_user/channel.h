/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Messages over one connected UNIX stream socket. Not here: how the socket came to be (socket.h),
 * what a message means, and whether a request is legal now (message.h).
 *
 * Theory of operation. There is one parser, and it never waits: vhost_user_channel_receive_some()
 * takes what the socket has, keeps an unfinished message in the channel, and hands out one that is
 * whole; an event loop calls it when the socket is readable. The deadline versions wait around that
 * parser. Nothing toggles O_NONBLOCK, which both ends of a socketpair share: every call says
 * MSG_DONTWAIT for itself, and MSG_NOSIGNAL, so that a peer that closed is an error code and never
 * SIGPIPE.
 *
 * A channel that failed is broken and stays so: a reply that comes late must never be taken for the
 * answer to a later request, and half a message cannot be resumed. Every later call returns
 * -ENOTCONN at once; `error` keeps the first reason. The owner closes the channel and connects
 * anew.
 */

#ifndef VHOST_USER_CHANNEL_H
#define VHOST_USER_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost_user/deadline.h"
#include "vhost_user/error.h"
#include "vhost_user/message.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One connection. Not for two threads at once. */
struct vhost_user_channel {
	int fd;                              /**< owned; -1 when closed */
	enum vhost_user_direction direction; /**< of the requests on it; names messages in errors */
	bool broken;                         /**< failed once: nothing goes through any more */
	size_t got;                          /**< bytes of `partial` that are here */
	struct vhost_user_message partial;   /**< the message under way; its fds are owned */
	struct vhost_user_error error;       /**< of the last call that failed */
};

/**
 * Take a connected stream socket.
 *
 * @param fd owned by the channel from now on
 */
void vhost_user_channel_init(struct vhost_user_channel *channel, int fd,
		enum vhost_user_direction direction);

/** Close the socket and what an unfinished message holds. Idempotent. `error` stays readable. */
void vhost_user_channel_close(struct vhost_user_channel *channel);

/**
 * Take in what is there, without waiting.
 *
 * @param message written only when 1 is returned; its descriptors are then the caller's
 * @return 1: a message is complete (there may be more); -EAGAIN: nothing more now, not an error;
 *         -ECONNRESET: the peer closed; -EPROTO: not a message; -ENOTCONN: broken before; other
 *         -errno
 */
int vhost_user_channel_receive_some(struct vhost_user_channel *channel,
		struct vhost_user_message *message);

/**
 * Receive one message.
 *
 * @param deadline as of vhost_user_deadline_after_ms()
 * @return 0, -ETIMEDOUT (the channel is broken then), or as vhost_user_channel_receive_some()
 */
int vhost_user_channel_receive(struct vhost_user_channel *channel,
		struct vhost_user_message *message, uint64_t deadline);

/**
 * Send one message; its descriptors stay open and stay the caller's.
 *
 * @return 0; -EINVAL: size or descriptors out of bounds, nothing was sent and the channel is sound;
 *         -ETIMEDOUT; -ECONNRESET: the peer closed; -ENOTCONN: broken before; other -errno
 */
int vhost_user_channel_send(struct vhost_user_channel *channel,
		const struct vhost_user_message *message, uint64_t deadline);

/**
 * Send what the socket takes now of one message, without waiting; its descriptors stay the caller's.
 *
 * @param sent how many bytes of it are sent; 0 before the first call for a message
 * @return 1: all of it is sent; -EAGAIN: call again when the socket is writable; else as
 *         vhost_user_channel_send()
 */
int vhost_user_channel_send_some(struct vhost_user_channel *channel,
		const struct vhost_user_message *message, size_t *sent);

/**
 * Send a request and receive its reply, all of it by the deadline. The request must be one that is
 * answered: of those with REPLY_NONE only when it says NEED_REPLY and REPLY_ACK was negotiated.
 *
 * @param reply holds descriptors only when 0 is returned
 * @return 0: the reply fits the request; -EPROTO: it does not (the channel is broken then); else as
 *         send and receive
 */
int vhost_user_channel_request(struct vhost_user_channel *channel,
		const struct vhost_user_message *request, struct vhost_user_message *reply,
		uint64_t deadline);

/**
 * As vhost_user_channel_request(), for a request that is answered by an ack.
 *
 * @return 0; -EREMOTEIO: the peer says no, the channel is sound; or as vhost_user_channel_request()
 */
int vhost_user_channel_request_ack(struct vhost_user_channel *channel,
		const struct vhost_user_message *request, uint64_t deadline);

#ifdef __cplusplus
}
#endif

#endif /* VHOST_USER_CHANNEL_H */
