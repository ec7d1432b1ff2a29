/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Front-ends by UNIX sockets: listen and accept, or connect and come back. What is said on a socket is vhost_user.c's.
 *
 * A server that has no descriptor left for a connection leaves it in the backlog and looks again later, instead of
 * being woken for it all the time. A client that finds nobody, or is left, tries again at growing distances.
 */

#include <errno.h>
#include <linux/vhost_types.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "vhost2/container.h"
#include "vhost2/log.h"
#include "vhost2/transport/vhost_user.h"
#include "vhost_user/socket.h"

#define RETRY_FIRST_MS 10
#define RETRY_LAST_MS 1000
/* Connections that one event may bring: others want their turn. */
#define ACCEPTS_IN_A_ROW 16

/* A target at a path. */
struct unix_target {
	struct transport_endpoint *endpoint;
	struct vhost_user_listener listener; /* server; fd -1: client */
	struct loop_source source;           /* of the listener */
	struct loop_timer retry;
	uint32_t retry_ms;
	bool said;                           /* that nobody is there */
};

/* --- server --- */

static void
on_listener(struct loop_source *source, uint32_t events)
{
	struct unix_target *target = vhost2_container_of(source, struct unix_target, source);
	int fd = 0;

	(void)events;
	for (int i = 0; i < ACCEPTS_IN_A_ROW && fd >= 0; i++) {
		fd = vhost_user_socket_accept(&target->listener);
		if (fd >= 0)
			vhost_user_conn_create(target->endpoint, fd, NULL);
	}
	if (fd >= 0 || fd == -EAGAIN)
		return;
	vhost2_log(LOG_WARNING, "%s: cannot accept, error %d; again in %u ms", target->endpoint->trid, -fd, RETRY_LAST_MS);
	__atomic_fetch_add(&target->endpoint->device->stats->refused, 1, __ATOMIC_RELAXED);
	loop_unwatch(target->endpoint->loop, source);
	loop_timer_set(target->endpoint->loop, &target->retry, RETRY_LAST_MS);
}

static void
watch_listener(struct unix_target *target)
{
	if (loop_watch(target->endpoint->loop, &target->source, EPOLLIN) != 0)
		loop_timer_set(target->endpoint->loop, &target->retry, RETRY_LAST_MS);
}

/* --- client --- */

static void
retry_later(struct unix_target *target)
{
	loop_timer_set(target->endpoint->loop, &target->retry, target->retry_ms);
	target->retry_ms = target->retry_ms * 2 < RETRY_LAST_MS ? target->retry_ms * 2 : RETRY_LAST_MS;
}

static void
on_left(struct transport_endpoint *endpoint)
{
	struct unix_target *target = endpoint->state;

	if (target == NULL || (endpoint->trflags & RTE_VHOST2_NO_RECONNECT) != 0)
		return;
	retry_later(target);
}

static void
connect_once(struct unix_target *target)
{
	struct vhost_user_error error;
	char text[VHOST_USER_ERROR_TEXT_SIZE];
	int fd = vhost_user_socket_connect(target->endpoint->trid, 0, &error);

	if (fd >= 0 && vhost_user_conn_create(target->endpoint, fd, on_left) == 0) {
		target->retry_ms = RETRY_FIRST_MS;
		target->said = false;
		return;
	}
	if (fd < 0 && !target->said)
		vhost2_log(LOG_INFO, "%s: not there yet, will go on trying: %s", target->endpoint->trid,
			vhost_user_error_text(&error, text, sizeof(text)));
	target->said = true;
	retry_later(target);
}

static void
on_retry(struct loop_timer *timer)
{
	struct unix_target *target = vhost2_container_of(timer, struct unix_target, retry);

	if (target->listener.fd >= 0)
		watch_listener(target);
	else
		connect_once(target);
}

/* --- life --- */

static int
open_listener(struct unix_target *target)
{
	struct vhost_user_error error;
	char text[VHOST_USER_ERROR_TEXT_SIZE];
	int rc = vhost_user_socket_listen(&target->listener, target->endpoint->trid, &error);

	if (rc != 0)
		vhost2_log(LOG_ERR, "%s: cannot listen: %s", target->endpoint->trid,
			vhost_user_error_text(&error, text, sizeof(text)));
	target->source = (struct loop_source){ .fd = target->listener.fd, .ready = on_listener };
	return rc;
}

static int
open_target(struct transport_endpoint *endpoint)
{
	const uint64_t unknown = endpoint->device->ops.protocol_features & ~vhost_user_protocol_of_devices;
	struct unix_target *target;
	int rc = 0;

	if (unknown != 0 || endpoint->trid[0] == '\0')
		return -EINVAL;
	target = calloc(1, sizeof(*target));
	if (target == NULL)
		return -ENOMEM;
	target->endpoint = endpoint;
	target->retry.expired = on_retry;
	target->retry_ms = RETRY_FIRST_MS;
	target->listener.fd = -1;
	if ((endpoint->trflags & RTE_VHOST2_CLIENT) == 0)
		rc = open_listener(target);
	if (rc == 0)
		endpoint->state = target;
	else
		free(target);
	return rc;
}

static void
begin_target(struct transport_endpoint *endpoint)
{
	on_retry(&((struct unix_target *)endpoint->state)->retry);
}

static void
close_target(struct transport_endpoint *endpoint)
{
	struct unix_target *target = endpoint->state;

	endpoint->state = NULL;
	loop_timer_cancel(endpoint->loop, &target->retry);
	loop_unwatch(endpoint->loop, &target->source);
	vhost_user_socket_unlisten(&target->listener);
	free(target);
}

const struct transport transport_vhost_user = {
	.name = "vhost-user",
	.flags = RTE_VHOST2_CLIENT | RTE_VHOST2_NO_RECONNECT | RTE_VHOST2_IOMMU | RTE_VHOST2_NO_LOG |
		RTE_VHOST2_INFLIGHT,
	.features = VHOST_USER_BIT(VHOST_USER_F_PROTOCOL_FEATURES),
	.open = open_target,
	.begin = begin_target,
	.close = close_target,
};
