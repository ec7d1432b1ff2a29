/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The back-end's own requests, on the socket that SET_BACKEND_REQ_FD brought. None of them asks for a reply, so both
 * ends can never wait for each other; what a front-end sends on this socket all the same ends the socket, not the
 * session: without it the front-end only hears less.
 */

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhost2/container.h"
#include "vhost2/log.h"
#include "vhost2/transport/vhost_user.h"

static void
lose(struct vhost_user_conn *conn, const char *why)
{
	vhost2_log(LOG_WARNING, "%s: back-end request socket closed: %s", conn->endpoint->trid, why);
	vhost_user_backend_close(conn);
}

static void
flush(struct vhost_user_conn *conn)
{
	if (vhost_user_outbox_flush(&conn->to_frontend, &conn->backend) != 0)
		lose(conn, "cannot be written to");
}

static void
on_backend_socket(struct loop_source *source, uint32_t events)
{
	struct vhost_user_conn *conn = vhost2_container_of(source, struct vhost_user_conn, backend_source);

	if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
		lose(conn, "the front-end left it");
		return;
	}
	if (events & EPOLLIN) {
		lose(conn, "the front-end answers what was not asked");
		return;
	}
	flush(conn);
	session_pump(conn->session);
}

static bool
is_stream_socket(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

int
vhost_user_backend_open(struct vhost_user_conn *conn, int fd)
{
	int rc;

	if (!is_stream_socket(fd)) {
		close(fd);
		return -ENOTSOCK;
	}
	vhost_user_backend_close(conn);
	conn->backend_source = (struct loop_source){ .fd = fd, .ready = on_backend_socket };
	rc = loop_watch(conn->endpoint->loop, &conn->backend_source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	if (rc != 0) {
		close(fd);
		return rc;
	}
	vhost_user_channel_init(&conn->backend, fd, VHOST_USER_TO_FRONTEND);
	return 0;
}

void
vhost_user_backend_close(struct vhost_user_conn *conn)
{
	loop_unwatch(conn->endpoint->loop, &conn->backend_source);
	vhost_user_channel_close(&conn->backend);
	vhost_user_outbox_drop(&conn->to_frontend);
	conn->backend_source.fd = -1;
}

static struct vhost_user_conn *
conn_of(struct session_link *link)
{
	return vhost2_container_of(link, struct vhost_user_conn, link);
}

/* Send what is in the box, if the front-end agreed to such requests. */
static void
send_request(struct vhost_user_conn *conn)
{
	struct vhost_user_error error;

	if (vhost_user_message_validate(VHOST_USER_TO_FRONTEND, &conn->to_frontend.message, &conn->negotiated,
			&error) != 0)
		return;
	conn->to_frontend.busy = true;
	conn->to_frontend.sent = 0;
	flush(conn);
}

bool
vhost_user_backend_can_ask(struct session_link *link)
{
	const struct vhost_user_conn *conn = conn_of(link);

	return conn->backend.fd >= 0 && !conn->to_frontend.busy;
}

bool
vhost_user_backend_config_changed(struct session_link *link)
{
	struct vhost_user_conn *conn = conn_of(link);

	if (conn->to_frontend.busy)
		return false;
	/* Without the socket there is nobody to hear it, later neither. */
	if (conn->backend.fd < 0)
		return true;
	vhost_user_message_init(&conn->to_frontend.message, VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, 0);
	send_request(conn);
	return true;
}

void
vhost_user_backend_iotlb_miss(struct session_link *link, uint64_t iova, uint8_t perm)
{
	struct vhost_user_conn *conn = conn_of(link);
	struct vhost_user_message *message = &conn->to_frontend.message;

	vhost_user_message_init(message, VHOST_USER_BACKEND_IOTLB_MSG, sizeof(message->payload.iotlb));
	message->payload.iotlb = (struct vhost_user_iotlb){ .iova = iova, .permissions = perm,
		.type = VHOST_USER_IOTLB_MISS };
	send_request(conn);
}
