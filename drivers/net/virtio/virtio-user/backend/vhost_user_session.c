/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Connections of the vhost-user dialect: reach a peer as client or server, shake hands, notice that it left. Called
 * through struct backend by the device; what is said after the handshake is in vhost_user.c.
 *
 * The handshake asks before it tells, and tells only what was asked:
 *   GET_FEATURES; with bit 30 GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES; with MQ GET_QUEUE_NUM; with
 *   CONFIGURE_MEM_SLOTS GET_MAX_MEM_SLOTS; SET_OWNER.
 *
 * A server listens for as long as it lives and serves one peer at a time; who comes meanwhile is shown the door.
 * Between a verb and its answer nothing else may come from a peer: we gave it no channel for requests of its own.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "log.h"
#include "virtio/feature.h"
#include "virtio-user/backend/vhost_user.h"

/** What we can make use of. BACKEND_REQ is not among it: there is nothing that we want to be asked. */
#define PROTOCOL_WANTED (VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_MQ) | \
	VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) | \
	VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_NET_MTU) | \
	VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_CONFIG) | \
	VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS) | \
	VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_STATUS))

/** Bits of GET_FEATURES that are vhost-user's or vhost's own business, not virtio's. */
#define TRANSPORT_BITS (VHOST_USER_BIT(VHOST_USER_F_PROTOCOL_FEATURES) | VHOST_USER_BIT(26))

/** More slots than this would be more open files than a process has by default. */
#define SLOTS_MAX 512

/** A ring is named by 8 bits in SET_VRING_KICK. */
#define PAIRS_MAX 128

static struct vhost_user_backend *
vhost_user_of(struct backend *backend)
{
	return (struct vhost_user_backend *)backend;
}

/* --- handshake --- */

static int
shake_protocol(struct vhost_user_backend *vu)
{
	struct vhost_user_message message;
	uint64_t offered;
	int rc;

	vu->protocol = 0;
	if ((vu->offered & VHOST_USER_BIT(VHOST_USER_F_PROTOCOL_FEATURES)) == 0)
		return 0;
	rc = vhost_user_ask_u64(vu, VHOST_USER_GET_PROTOCOL_FEATURES, &offered);
	if (rc < 0)
		return rc;
	vhost_user_message_init(&message, VHOST_USER_SET_PROTOCOL_FEATURES, sizeof(message.payload.u64));
	message.payload.u64 = offered & PROTOCOL_WANTED;
	rc = vhost_user_tell(vu, &message);
	if (rc == 0)
		vu->protocol = message.payload.u64;
	return rc;
}

static int
shake_queues(struct vhost_user_backend *vu)
{
	uint64_t pairs = 1;
	int rc = 0;

	if (vhost_user_has(vu, VHOST_USER_PROTOCOL_F_MQ))
		rc = vhost_user_ask_u64(vu, VHOST_USER_GET_QUEUE_NUM, &pairs);
	if (rc == 0 && pairs == 0) {
		rc = -EPROTO;
		if (rc != vu->logged)
			PORT_LOG(ERR, vu->head.port, "peer at %s: GET_QUEUE_NUM answered 0, allowed 1 and more",
				 vu->path);
		return rc;
	}
	vu->head.caps.max_queue_pairs = pairs > PAIRS_MAX ? PAIRS_MAX : (uint32_t)pairs;
	return rc;
}

static int
shake_memory(struct vhost_user_backend *vu)
{
	uint64_t slots = 0;
	int rc = 0;

	if (vhost_user_has(vu, VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS))
		rc = vhost_user_ask_u64(vu, VHOST_USER_GET_MAX_MEM_SLOTS, &slots);
	if (slots > SLOTS_MAX)
		slots = SLOTS_MAX;
	/* A peer with no slot at all still takes a whole table. */
	vu->head.slots = slots > 0 ? &vhost_user_slots_ops : NULL;
	vu->head.caps.max_mem_regions = slots > 0 ? (uint32_t)slots : VHOST_USER_MAX_REGIONS;
	return rc;
}

static int
shake_owner(struct vhost_user_backend *vu)
{
	struct vhost_user_message message;

	vhost_user_message_init(&message, VHOST_USER_SET_OWNER, 0);
	return vhost_user_tell(vu, &message);
}

static void
fill_caps(struct vhost_user_backend *vu)
{
	struct backend *head = &vu->head;

	head->caps.features = vu->offered & ~TRANSPORT_BITS;
	head->caps.protocol = vu->protocol;
	head->config = vhost_user_has(vu, VHOST_USER_PROTOCOL_F_CONFIG) ? &vhost_user_config_ops : NULL;
	head->mtu = NULL;
	/* vhost-user NET_SET_MTU: "only when VIRTIO_NET_F_MTU feature has been successfully negotiated" */
	if (vhost_user_has(vu, VHOST_USER_PROTOCOL_F_NET_MTU) &&
	    (vu->offered & VIRTIO_BIT(VIRTIO_NET_F_MTU)) != 0)
		head->mtu = &vhost_user_mtu_ops;
}

static int
shake_hands(struct vhost_user_backend *vu)
{
	int rc;

	vu->acked = 0;
	rc = vhost_user_ask_u64(vu, VHOST_USER_GET_FEATURES, &vu->offered);
	if (rc == 0)
		rc = shake_protocol(vu);
	if (rc == 0)
		rc = shake_queues(vu);
	if (rc == 0)
		rc = shake_memory(vu);
	if (rc == 0)
		rc = shake_owner(vu);
	if (rc == 0)
		fill_caps(vu);
	return rc;
}

/* --- connect --- */

/** What the user can do about an attempt that failed. */
static const char *
advice(const struct vhost_user_backend *vu, int rc)
{
	if (rc == -EACCES || rc == -EPERM)
		return "; check the permissions of the socket and its directory";
	if (rc == -EADDRINUSE)
		return "; stop the other one, or use another path";
	if (!vu->is_server && (rc == -ENOENT || rc == -ECONNREFUSED))
		return "; start the back-end first, or use server=1";
	return "";
}

/** Log why nobody was reached, once in a row of equal failures. @return rc */
static int
reach_failed(struct vhost_user_backend *vu, const struct vhost_user_error *error, int rc)
{
	char text[VHOST_USER_ERROR_TEXT_SIZE];

	if (rc != vu->logged)
		PORT_LOG(ERR, vu->head.port, "cannot %s %s: %s%s", vu->is_server ? "listen on" : "connect to",
			 vu->path, vhost_user_error_text(error, text, sizeof(text)), advice(vu, rc));
	return rc;
}

static int
reach_client(struct vhost_user_backend *vu)
{
	struct vhost_user_error error = {.kind = VHOST_USER_ERROR_NONE};
	int fd = vhost_user_socket_connect(vu->path, vu->head.deadline, &error);

	return fd < 0 ? reach_failed(vu, &error, fd) : fd;
}

static int
reach_server(struct vhost_user_backend *vu)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd, rc;

	fd = vhost_user_socket_accept(&vu->listener);
	if (fd == -EAGAIN)
		return fd;
	rc = fd;
	if (fd >= 0 && epoll_ctl(vu->events, EPOLL_CTL_ADD, fd, &event) < 0) {
		rc = -errno;
		close(fd);
	}
	if (rc < 0 && rc != vu->logged)
		PORT_LOG(ERR, vu->head.port, "cannot take a peer at %s: %s", vu->path, strerror(-rc));
	return rc;
}

static void
vu_disconnect(struct backend *backend)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);

	vhost_user_channel_close(&vu->channel);
	vu->is_connected = false;
	vu->acked = 0;
	backend->slots = NULL;
	backend->config = NULL;
	backend->mtu = NULL;
	memset(&backend->caps, 0, sizeof(backend->caps));
}

static int
vu_connect(struct backend *backend)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);
	int rc;

	vu_disconnect(backend);
	rc = vu->is_server ? reach_server(vu) : reach_client(vu);
	if (rc == -EAGAIN)
		return rc;
	if (rc >= 0) {
		vhost_user_channel_init(&vu->channel, rc, VHOST_USER_TO_BACKEND);
		rc = shake_hands(vu);
	}
	vu->logged = rc;
	if (rc < 0)
		vu_disconnect(backend);
	vu->is_connected = rc == 0;
	return rc;
}

/* --- events --- */

static int
vu_event_fd(struct backend *backend)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);

	return vu->is_server ? vu->events : vu->channel.fd;
}

/** One peer at a time. */
static void
refuse_others(struct vhost_user_backend *vu)
{
	int fd;

	while ((fd = vhost_user_socket_accept(&vu->listener)) >= 0) {
		PORT_LOG(WARNING, vu->head.port, "second peer at %s refused: one is being served", vu->path);
		close(fd);
	}
}

static int
vu_check(struct backend *backend)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);
	struct vhost_user_message message;
	int rc;

	if (vu->is_server)
		refuse_others(vu);
	rc = vhost_user_channel_receive_some(&vu->channel, &message);
	if (rc == 1)
		vhost_user_message_close_fds(&message);
	if (rc == 1 || (rc == -EAGAIN && vu->channel.got > 0)) {
		PORT_LOG(ERR, backend->port, "peer at %s sent something that nobody asked for", vu->path);
		return -EPROTO;
	}
	return rc == -EAGAIN ? 0 : vhost_user_fail(vu, rc);
}

static const struct backend_link_ops vhost_user_link_ops = {
	.event_fd = vu_event_fd,
	.check = vu_check,
};

/* --- open and close --- */

static void
vu_close(struct backend *backend)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);

	vu_disconnect(backend);
	if (vu->is_server)
		vhost_user_socket_unlisten(&vu->listener);
	if (vu->events >= 0)
		close(vu->events);
	free(vu->path);
	free(vu);
}

static const struct backend_ops vhost_user_ops = {
	.name = "vhost-user",
	.connect = vu_connect,
	.disconnect = vu_disconnect,
	.close = vu_close,
	.set_features = vhost_user_set_features,
	.set_mem_table = vhost_user_set_mem_table,
	.set_vring_num = vhost_user_set_vring_num,
	.set_vring_base = vhost_user_set_vring_base,
	.get_vring_base = vhost_user_get_vring_base,
	.set_vring_addr = vhost_user_set_vring_addr,
	.set_vring_call = vhost_user_set_vring_call,
	.set_vring_kick = vhost_user_set_vring_kick,
	.set_vring_enable = vhost_user_set_vring_enable,
	.set_status = vhost_user_set_status,
	.get_status = vhost_user_get_status,
};

static int
listen_at(struct vhost_user_backend *vu)
{
	struct vhost_user_error error = {.kind = VHOST_USER_ERROR_NONE};
	struct epoll_event event = {.events = EPOLLIN};
	int rc;

	vu->events = epoll_create1(EPOLL_CLOEXEC);
	if (vu->events < 0)
		return -errno;
	rc = vhost_user_socket_listen(&vu->listener, vu->path, &error);
	if (rc < 0)
		return reach_failed(vu, &error, rc);
	if (epoll_ctl(vu->events, EPOLL_CTL_ADD, vu->listener.fd, &event) < 0)
		return -errno;
	return 0;
}

int
vhost_user_backend_open(const struct backend_config *config, struct backend **backend)
{
	struct vhost_user_backend *vu = calloc(1, sizeof(*vu));
	int rc = 0;

	if (vu == NULL)
		return -ENOMEM;
	vu->head.ops = &vhost_user_ops;
	vu->head.link = &vhost_user_link_ops;
	vu->head.port = config->port;
	vu->is_server = config->server;
	vu->events = -1;
	vu->listener.fd = -1;
	vu->channel.fd = -1;
	vu->path = strdup(config->path);
	if (vu->path == NULL)
		rc = -ENOMEM;
	else if (vu->is_server)
		rc = listen_at(vu);
	if (rc < 0) {
		vu_close(&vu->head);
		return rc;
	}
	*backend = &vu->head;
	return 0;
}
