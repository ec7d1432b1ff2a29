/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * How the socket under a channel comes to be: connect to a path, or listen on one and accept.
 * vhost-user leaves it open which end is the server. All sockets are close-on-exec and non-blocking
 * from birth.
 */

#ifndef VHOST_USER_SOCKET_H
#define VHOST_USER_SOCKET_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "vhost_user/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A socket that listens on a path. */
struct vhost_user_listener {
	int fd;                  /**< owned; readable when somebody wants in; -1 when closed */
	struct sockaddr_un addr; /**< where */
	dev_t dev;               /**< of the file that we made; only that one is unlinked */
	ino_t ino;
};

/**
 * Connect to whoever listens on `path`.
 *
 * A server whose backlog is full is tried again until the deadline. Nobody there (-ENOENT: no such
 * path;
 * -ECONNREFUSED: nobody listens) is reported at once: whether to come back later is the caller's
 * business.
 *
 * @param error filled on failure, may be NULL
 * @return a connected fd; -ENAMETOOLONG, -EINVAL (empty path), -ETIMEDOUT, other -errno
 */
int vhost_user_socket_connect(const char *path, uint64_t deadline, struct vhost_user_error *error);

/**
 * Listen on `path`. A socket file that nobody listens on any more is replaced. A live one is never
 * stolen and a file that is not a socket is never removed.
 *
 * @param error filled on failure, may be NULL
 * @return 0; -EADDRINUSE: somebody listens there; -EEXIST: something that is not a socket is there;
 *         -ENAMETOOLONG, -EINVAL (empty path), other -errno
 */
int vhost_user_socket_listen(struct vhost_user_listener *listener, const char *path,
		struct vhost_user_error *error);

/** Take one connection, without waiting. @return its fd; -EAGAIN: nobody waits; other -errno */
int vhost_user_socket_accept(const struct vhost_user_listener *listener);

/** Close, and unlink the path if the file there is still ours. Idempotent. */
void vhost_user_socket_unlisten(struct vhost_user_listener *listener);

#ifdef __cplusplus
}
#endif

#endif /* VHOST_USER_SOCKET_H */
