/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Sockets by path, see socket.h. Called by the vhost-user dialect of either half when a session
 * begins.
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vhost_user/deadline.h"
#include "vhost_user/socket.h"

/* Connections that wait to be accepted; front-ends come one by one. */
#define BACKLOG 16
/* How long to leave a server alone whose backlog is full. */
#define RETRY_MS 5

static int
path_error(const char *why, int code, struct vhost_user_error *error)
{
	return vhost_user_error_set(error, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_PATH, .code = code, .field = why });
}

static int
system_error(const char *call, int code, struct vhost_user_error *error)
{
	return vhost_user_error_set(error, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_SYSTEM, .code = -code, .field = call });
}

/* A path that is cut short would name another socket. */
static int
fill_addr(struct sockaddr_un *addr, const char *path, struct vhost_user_error *error)
{
	size_t len = strlen(path);

	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	if (len == 0)
		return path_error("is empty", -EINVAL, error);
	if (len >= sizeof(addr->sun_path))
		return path_error("is longer than 107 bytes", -ENAMETOOLONG, error);
	memcpy(addr->sun_path, path, len);
	return 0;
}

static int
open_socket(struct vhost_user_error *error)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 ? fd : system_error("socket", errno, error);
}

/* A UNIX socket is connected at once or not at all, never "in progress". @return 0 or -errno */
static int
try_connect(int fd, const struct sockaddr_un *addr)
{
	int rc;

	do {
		rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

/* EAGAIN: the server's backlog is full; poll() would not tell when it no longer is. */
static int
connect_by(int fd, const struct sockaddr_un *addr, uint64_t deadline,
		struct vhost_user_error *error)
{
	int rc;

	while ((rc = try_connect(fd, addr)) == -EAGAIN)
		if (vhost_user_pause(RETRY_MS, deadline) != 0)
			return vhost_user_error_set(error, (struct vhost_user_error){
				.kind = VHOST_USER_ERROR_TIMEOUT, .code = -ETIMEDOUT,
				.field = "accept the connection" });
	return rc == 0 ? 0 : system_error("connect", -rc, error);
}

int
vhost_user_socket_connect(const char *path, uint64_t deadline, struct vhost_user_error *error)
{
	struct sockaddr_un addr;
	int rc = fill_addr(&addr, path, error);
	int fd;

	if (rc != 0)
		return rc;
	fd = open_socket(error);
	if (fd < 0)
		return fd;
	rc = connect_by(fd, &addr, deadline, error);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

/* @return true when somebody listens there, or when that cannot be ruled out */
static bool
is_live(const struct sockaddr_un *addr)
{
	int fd = open_socket(NULL);
	int rc;

	if (fd < 0)
		return true;
	rc = try_connect(fd, addr);
	close(fd);
	return rc != -ECONNREFUSED && rc != -ENOENT;
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/*
 * Make room at the path, if what is there is a socket file that its server left behind. The file is
 * looked at again right before it goes, lest another process replaced it while we knocked.
 */
static int
remove_stale(const struct sockaddr_un *addr, struct vhost_user_error *error)
{
	struct stat before, after;

	if (lstat(addr->sun_path, &before) != 0)
		return errno == ENOENT ? 0 : system_error("lstat", errno, error);
	if (!S_ISSOCK(before.st_mode))
		return path_error("names something that is not a socket", -EEXIST, error);
	if (is_live(addr))
		return path_error("is in use by another process", -EADDRINUSE, error);
	if (lstat(addr->sun_path, &after) != 0)
		return errno == ENOENT ? 0 : system_error("lstat", errno, error);
	if (!is_same_file(&before, &after))
		return path_error("is in use by another process", -EADDRINUSE, error);
	if (unlink(addr->sun_path) != 0 && errno != ENOENT)
		return system_error("unlink", errno, error);
	return 0;
}

static int
bind_path(int fd, const struct sockaddr_un *addr, struct vhost_user_error *error)
{
	const struct sockaddr *name = (const struct sockaddr *)addr;
	int rc;

	if (bind(fd, name, sizeof(*addr)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return system_error("bind", errno, error);
	rc = remove_stale(addr, error);
	if (rc == 0 && bind(fd, name, sizeof(*addr)) != 0)
		rc = system_error("bind", errno, error);
	return rc;
}

/* Listen first: a bound socket that does not listen looks stale to others. */
static int
start_listening(struct vhost_user_listener *listener, struct vhost_user_error *error)
{
	struct stat made;

	if (listen(listener->fd, BACKLOG) != 0)
		return system_error("listen", errno, error);
	if (lstat(listener->addr.sun_path, &made) != 0)
		return system_error("lstat", errno, error);
	listener->dev = made.st_dev;
	listener->ino = made.st_ino;
	return 0;
}

int
vhost_user_socket_listen(struct vhost_user_listener *listener, const char *path,
		struct vhost_user_error *error)
{
	int rc;

	memset(listener, 0, sizeof(*listener));
	listener->fd = -1;
	rc = fill_addr(&listener->addr, path, error);
	if (rc != 0)
		return rc;
	listener->fd = open_socket(error);
	if (listener->fd < 0)
		return listener->fd;
	rc = bind_path(listener->fd, &listener->addr, error);
	if (rc != 0)
		goto close_fd;
	rc = start_listening(listener, error);
	if (rc != 0)
		goto unlink_path;
	return 0;

unlink_path:
	unlink(listener->addr.sun_path);
close_fd:
	close(listener->fd);
	listener->fd = -1;
	return rc;
}

int
vhost_user_socket_accept(const struct vhost_user_listener *listener)
{
	int fd;

	do {
		fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	return fd >= 0 ? fd : -errno;
}

void
vhost_user_socket_unlisten(struct vhost_user_listener *listener)
{
	struct stat there;

	if (listener->fd < 0)
		return;
	if (lstat(listener->addr.sun_path, &there) == 0 &&
	    there.st_dev == listener->dev && there.st_ino == listener->ino)
		unlink(listener->addr.sun_path);
	close(listener->fd);
	listener->fd = -1;
}
