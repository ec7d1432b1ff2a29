/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See scripted_peer.h. It stands on lib/vhost_user like the code under test, but answers by hand.
 */

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scripted_peer.h"
#include "vhost_user/channel.h"

int virtio_user_logtype;

/** Own socket calls: misdeeds are below what a channel would send. */
struct session {
	struct scripted_peer *peer;
	struct vhost_user_channel channel;
	struct vhost_user_negotiated negotiated;
	uint64_t status;
};

/** Wait for the socket or for the end; what was sent before the end is still read. @return false: end */
static bool
wait_readable(struct scripted_peer *peer, int fd)
{
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = peer->wake[0], .events = POLLIN}};

	if (poll(fds, 2, 5000) <= 0)
		return false;
	return fds[0].revents != 0;
}

static void
answer_fill(struct session *session, const struct vhost_user_message *request, struct vhost_user_message *reply)
{
	struct scripted_peer *peer = session->peer;

	vhost_user_reply_init(reply, request, sizeof(reply->payload.u64));
	switch (request->header.request) {
	case VHOST_USER_GET_FEATURES:
		reply->payload.u64 = peer->features;
		break;
	case VHOST_USER_GET_PROTOCOL_FEATURES:
		reply->payload.u64 = peer->protocol;
		break;
	case VHOST_USER_GET_QUEUE_NUM:
		reply->payload.u64 = peer->queue_num;
		break;
	case VHOST_USER_GET_MAX_MEM_SLOTS:
		reply->payload.u64 = peer->slots;
		break;
	case VHOST_USER_GET_STATUS:
		reply->payload.u64 = session->status;
		break;
	case VHOST_USER_GET_VRING_BASE:
		reply->payload.state.index = request->payload.state.index;
		reply->payload.state.num = peer->base;
		break;
	case VHOST_USER_GET_CONFIG:
		reply->header.size = request->header.size;
		reply->payload.config = request->payload.config;
		memset(reply->payload.config.data, 0x42, sizeof(reply->payload.config.data));
		break;
	default:
		break;
	}
}

static void
take_in(struct session *session, const struct vhost_user_message *request)
{
	struct scripted_peer *peer = session->peer;
	const char *name = vhost_user_message_name(VHOST_USER_TO_BACKEND, request->header.request);
	size_t used = strlen(peer->log);

	if (used + strlen(name) + 2 < sizeof(peer->log)) {
		if (used > 0)
			strcat(peer->log, " ");
		strcat(peer->log, name);
	}
	peer->fds += request->nr_fds;
	switch (request->header.request) {
	case VHOST_USER_SET_FEATURES:
		peer->features_acked = session->negotiated.features_acked = request->payload.u64;
		break;
	case VHOST_USER_SET_PROTOCOL_FEATURES:
		peer->protocol_acked = session->negotiated.protocol_acked = request->payload.u64;
		break;
	case VHOST_USER_SET_STATUS:
		session->status = request->payload.u64;
		break;
	default:
		break;
	}
}

/** Send the answer, or what the script has in its place. @return false: the session is over */
static bool
answer(struct session *session, struct vhost_user_message *reply, enum misdeed misdeed)
{
	size_t bytes = VHOST_USER_HEADER_SIZE + 4;

	switch (misdeed) {
	case PEER_HALF_HEADER:
		bytes = 6;
		/* fallthrough */
	case PEER_HALF_PAYLOAD:
		(void)send(session->channel.fd, reply, bytes > 12 ? 12 : bytes, MSG_NOSIGNAL);
		if (bytes > 12)
			(void)send(session->channel.fd, &reply->payload, 4, MSG_NOSIGNAL);
		return wait_readable(session->peer, -1);
	case PEER_WRONG_ID:
		reply->header.request++;
		break;
	case PEER_WRONG_SIZE:
		reply->header.size = 4;
		break;
	case PEER_HUGE_SIZE:
		reply->header.size = 0xfffffff0;
		(void)send(session->channel.fd, &reply->header, VHOST_USER_HEADER_SIZE, MSG_NOSIGNAL);
		return true;
	case PEER_WRONG_FLAGS:
		reply->header.flags = VHOST_USER_FLAG_VERSION;
		break;
	case PEER_SURPLUS_FDS:
		vhost_user_message_add_fd(reply, session->peer->wake[0]);
		vhost_user_message_add_fd(reply, session->peer->wake[0]);
		break;
	case PEER_NACKS:
		reply->payload.u64 = 1;
		break;
	default:
		break;
	}
	return vhost_user_channel_send(&session->channel, reply, vhost_user_deadline_after_ms(1000)) == 0;
}

/** @return false: the session is over */
static bool
handle(struct session *session, struct vhost_user_message *request)
{
	struct scripted_peer *peer = session->peer;
	enum misdeed misdeed = PEER_HONEST;
	struct vhost_user_message reply;
	bool is_due;

	peer->messages++;
	take_in(session, request);
	is_due = vhost_user_message_answer(VHOST_USER_TO_BACKEND, request, &session->negotiated) !=
		 VHOST_USER_ANSWER_NONE;
	if (peer->messages == peer->at) {
		misdeed = peer->misdeed;
		peer->was_answer_due = is_due;
	}
	vhost_user_message_close_fds(request);
	if (misdeed == PEER_CLOSES)
		return false;
	if (peer->misdeed == PEER_IS_SILENT && peer->at != 0 && peer->messages >= peer->at)
		return true;
	if (!is_due)
		return true;
	answer_fill(session, request, &reply);
	return answer(session, &reply, misdeed);
}

static void
serve(struct scripted_peer *peer, int fd)
{
	struct session session = {.peer = peer};
	struct vhost_user_message request;
	int rc;

	vhost_user_channel_init(&session.channel, fd, VHOST_USER_TO_BACKEND);
	session.negotiated.features_offered = peer->features;
	session.negotiated.protocol_offered = peer->protocol;
	while (wait_readable(peer, fd)) {
		while ((rc = vhost_user_channel_receive_some(&session.channel, &request)) == 1) {
			if (!handle(&session, &request))
				goto close_channel;
		}
		if (rc != -EAGAIN)
			break;
	}
close_channel:
	vhost_user_channel_close(&session.channel);
}

static void *
peer_main(void *arg)
{
	struct scripted_peer *peer = arg;
	int fd;

	if (peer->connects) {
		fd = vhost_user_socket_connect(peer->path, vhost_user_deadline_after_ms(1000), NULL);
		if (fd >= 0)
			serve(peer, fd);
		return NULL;
	}
	while (wait_readable(peer, peer->listener.fd)) {
		fd = vhost_user_socket_accept(&peer->listener);
		if (fd >= 0)
			serve(peer, fd);
	}
	return NULL;
}

void
peer_start(struct scripted_peer *peer)
{
	peer->listener.fd = -1;
	if (pipe(peer->wake) < 0 ||
	    (!peer->connects && vhost_user_socket_listen(&peer->listener, peer->path, NULL) < 0) ||
	    pthread_create(&peer->thread, NULL, peer_main, peer) != 0)
		abort();
}

void
peer_stop(struct scripted_peer *peer)
{
	close(peer->wake[1]);
	pthread_join(peer->thread, NULL);
	close(peer->wake[0]);
	if (!peer->connects)
		vhost_user_socket_unlisten(&peer->listener);
}

unsigned int
peer_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	if (dir == NULL)
		abort();
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}
