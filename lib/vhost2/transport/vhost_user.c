/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* One vhost-user connection, see vhost_user.h. What each message means is in vhost_user_verbs.c. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "vhost2/container.h"
#include "vhost2/log.h"
#include "vhost2/transport/vhost_user.h"

static struct vhost_user_conn *
conn_of(struct session_link *link)
{
	return vhost2_container_of(link, struct vhost_user_conn, link);
}

/* --- sending --- */

int
vhost_user_outbox_flush(struct vhost_user_outbox *outbox, struct vhost_user_channel *channel)
{
	int rc;

	if (!outbox->busy)
		return 0;
	rc = vhost_user_channel_send_some(channel, &outbox->message, &outbox->sent);
	if (rc == -EAGAIN)
		return 0;
	vhost_user_outbox_drop(outbox);
	return rc == 1 ? 0 : rc;
}

void
vhost_user_outbox_drop(struct vhost_user_outbox *outbox)
{
	if (outbox->busy)
		vhost_user_message_close_fds(&outbox->message);
	outbox->busy = false;
	outbox->sent = 0;
}

/* --- errors --- */

/* A channel that failed, or a message that fits no row: in the words of lib/vhost_user. */
static void
fail(struct vhost_user_conn *conn, const struct vhost_user_error *error)
{
	const bool fds = error->kind == VHOST_USER_ERROR_FDS ||
		(error->field != NULL && strstr(error->field, "file descriptor") != NULL);
	char text[VHOST_USER_ERROR_TEXT_SIZE];

	/* Between two messages everybody may leave. */
	if (error->kind == VHOST_USER_ERROR_CLOSED && error->seen == 0) {
		session_count(conn->session, RTE_VHOST2_ERR_HANGUP);
		session_end(conn->session);
		return;
	}
	vhost_user_error_text(error, text, sizeof(text));
	session_fail(conn->session, fds ? RTE_VHOST2_ERR_FDS : RTE_VHOST2_ERR_MESSAGE, "%s", text);
}

/* The peer has until then for what it is in the middle of. */
static void
set_deadline(struct vhost_user_conn *conn)
{
	const bool owes = conn->reply.busy || conn->channel.got > 0 || conn->channel.partial.nr_fds > 0;

	if (!owes)
		loop_timer_cancel(conn->endpoint->loop, &conn->deadline);
	else if (conn->deadline.at == 0)
		loop_timer_set(conn->endpoint->loop, &conn->deadline, VHOST_USER_CONN_DEADLINE_MS);
}

static void
on_deadline(struct loop_timer *timer)
{
	struct vhost_user_conn *conn = vhost2_container_of(timer, struct vhost_user_conn, deadline);

	session_fail(conn->session, RTE_VHOST2_ERR_TIMEOUT, "%s for %u ms",
		conn->reply.busy ? "read no reply" : "began a message and did not end it", VHOST_USER_CONN_DEADLINE_MS);
	session_pump(conn->session);
}

/* --- requests --- */

static void
begin_verb(struct vhost_user_conn *conn)
{
	const struct vhost_user_verb *verb = vhost_user_verb_of(conn->request.header.request);

	verb->begin(conn, &conn->request);
}

static bool
next(struct session_link *link)
{
	struct vhost_user_conn *conn = conn_of(link);
	struct vhost_user_error error;
	int rc;

	if (conn->reply.busy)
		return false;
	rc = vhost_user_channel_receive_some(&conn->channel, &conn->request);
	if (rc == 1)
		loop_timer_cancel(conn->endpoint->loop, &conn->deadline);
	set_deadline(conn);
	if (rc == -EAGAIN)
		return false;
	if (rc != 1) {
		fail(conn, &conn->channel.error);
		return false;
	}
	if (vhost_user_message_validate(VHOST_USER_TO_BACKEND, &conn->request, &conn->negotiated, &error) != 0) {
		vhost_user_message_close_fds(&conn->request);
		fail(conn, &error);
		return false;
	}
	begin_verb(conn);
	return true;
}

/* --- answers --- */

static void
put_reply(struct vhost_user_conn *conn)
{
	conn->reply.busy = true;
	conn->reply.sent = 0;
	if (vhost_user_outbox_flush(&conn->reply, &conn->channel) != 0)
		fail(conn, &conn->channel.error);
	set_deadline(conn);
}

/* The message's own reply. */
static void
answer(struct vhost_user_conn *conn, int rc)
{
	const struct vhost_user_verb *verb = vhost_user_verb_of(conn->request.header.request);
	struct vhost_user_message *reply = &conn->reply.message;

	vhost_user_reply_init(reply, &conn->request, conn->request.header.size);
	if (verb->reply != NULL)
		rc = verb->reply(conn, &conn->request, reply, rc);
	if (rc == 0) {
		put_reply(conn);
		return;
	}
	vhost_user_message_close_fds(reply);
	/* It was said why. */
	if (conn->session->refused)
		session_end(conn->session);
	session_fail(conn->session, RTE_VHOST2_ERR_CALLBACK, "%s cannot be answered, error %d",
		vhost_user_message_name(VHOST_USER_TO_BACKEND, conn->request.header.request), -rc);
}

static void
done(struct session_link *link, int rc)
{
	struct vhost_user_conn *conn = conn_of(link);

	conn->negotiated.features_acked = conn->session->vdev->features;
	switch (vhost_user_message_answer(VHOST_USER_TO_BACKEND, &conn->request, &conn->negotiated)) {
	case VHOST_USER_ANSWER_REPLY:
		answer(conn, rc);
		break;
	case VHOST_USER_ANSWER_ACK:
		/* vhost-user REPLY_ACK: "zero on success or non-zero on failure" */
		vhost_user_ack_init(&conn->reply.message, &conn->request, rc == 0 ? 0 : (uint64_t)-(int64_t)rc);
		put_reply(conn);
		break;
	case VHOST_USER_ANSWER_NONE:
		/* It would go on in the belief that all is well. */
		if (conn->session->refused)
			session_end(conn->session);
		break;
	}
	vhost_user_message_close_fds(&conn->request);
}

/* --- life --- */

static void
on_socket(struct loop_source *source, uint32_t events)
{
	struct vhost_user_conn *conn = vhost2_container_of(source, struct vhost_user_conn, source);

	(void)events;
	if (vhost_user_outbox_flush(&conn->reply, &conn->channel) != 0)
		fail(conn, &conn->channel.error);
	set_deadline(conn);
	session_pump(conn->session);
}

static void
hangup(struct session_link *link)
{
	struct vhost_user_conn *conn = conn_of(link);

	loop_timer_cancel(conn->endpoint->loop, &conn->deadline);
	loop_unwatch(conn->endpoint->loop, &conn->source);
	vhost_user_channel_close(&conn->channel);
	vhost_user_outbox_drop(&conn->reply);
	vhost_user_backend_close(conn);
}

static void
gone(struct session_link *link)
{
	struct vhost_user_conn *conn = conn_of(link);
	struct transport_endpoint *endpoint = conn->endpoint;
	void (*const left)(struct transport_endpoint *) = conn->left;

	vhost_user_message_close_fds(&conn->request);
	transport_leave(endpoint, conn->session);
	free(conn);
	if (left != NULL)
		left(endpoint);
}

static const struct session_link_ops link_ops = {
	.next = next,
	.done = done,
	.hangup = hangup,
	.gone = gone,
	.config_changed = vhost_user_backend_config_changed,
	.can_ask = vhost_user_backend_can_ask,
	.iotlb_miss = vhost_user_backend_iotlb_miss,
};

static struct vhost_user_conn *
alloc_conn(struct transport_endpoint *endpoint, int fd)
{
	struct vhost_user_conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->link.ops = &link_ops;
	conn->endpoint = endpoint;
	conn->source = (struct loop_source){ .fd = fd, .ready = on_socket };
	conn->deadline.expired = on_deadline;
	conn->backend_source.fd = -1;
	vhost_user_channel_init(&conn->channel, fd, VHOST_USER_TO_BACKEND);
	vhost_user_channel_init(&conn->backend, -1, VHOST_USER_TO_FRONTEND);
	conn->negotiated.features_offered = endpoint->device->features;
	conn->negotiated.protocol_offered = vhost_user_protocol_offer(endpoint->device);
	conn->negotiated.max_vrings = endpoint->device->ops.nr_queues;
	return conn;
}

int
vhost_user_conn_create(struct transport_endpoint *endpoint, int fd, void (*left)(struct transport_endpoint *endpoint))
{
	struct vhost_user_conn *conn = alloc_conn(endpoint, fd);
	int rc;

	if (conn == NULL) {
		close(fd);
		return -ENOMEM;
	}
	rc = transport_enter(endpoint, &conn->link, &conn->session);
	if (rc != 0)
		goto free_conn;
	conn->left = left;
	rc = loop_watch(endpoint->loop, &conn->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	if (rc != 0)
		session_end(conn->session);
	session_pump(conn->session);
	return rc;

free_conn:
	vhost_user_channel_close(&conn->channel);
	free(conn);
	return rc;
}
