/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Messages over a stream socket, see channel.h. Called by the vhost-user dialect of either half.
 *
 * Theory of operation. A stream has no message borders, so the parser asks the kernel for exactly
 * what the message under way still lacks: first the header, then as much payload as the header
 * says, after a look at that number. Nothing beyond a message is ever read, so no byte has to be
 * kept for the next. Descriptors arrive with any piece of the header; the control buffer has room
 * for those of a legal message and no more, so the kernel itself discards what is too much and says
 * so (MSG_CTRUNC), and what it did install is closed here.
 */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhost_user/channel.h"

/* Control messages are aligned like their header. */
union control {
	struct cmsghdr header;
	char buffer[CMSG_SPACE(VHOST_USER_MAX_FDS * sizeof(int))];
};

void
vhost_user_channel_init(struct vhost_user_channel *channel, int fd,
		enum vhost_user_direction direction)
{
	memset(channel, 0, sizeof(*channel));
	channel->fd = fd;
	channel->direction = direction;
}

void
vhost_user_channel_close(struct vhost_user_channel *channel)
{
	vhost_user_message_close_fds(&channel->partial);
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
	channel->broken = true;
}

/* The first failure is the last: remember it, and hold nothing of the peer's any longer. */
static int
break_channel(struct vhost_user_channel *channel, struct vhost_user_error error)
{
	if (channel->got >= VHOST_USER_HEADER_SIZE) {
		error.request = channel->partial.header.request;
		error.message = vhost_user_message_name(channel->direction, error.request);
	}
	vhost_user_message_close_fds(&channel->partial);
	channel->broken = true;
	channel->error = error;
	return error.code;
}

static int
break_closed(struct vhost_user_channel *channel)
{
	return break_channel(channel, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_CLOSED, .code = -ECONNRESET, .seen = channel->got });
}

static int
break_timeout(struct vhost_user_channel *channel, const char *verb)
{
	return break_channel(channel, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_TIMEOUT, .code = -ETIMEDOUT, .field = verb });
}

static int
break_fds(struct vhost_user_channel *channel, const char *why)
{
	return break_channel(channel, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_FDS, .code = -EPROTO, .field = why });
}

/* A system call failed; -EAGAIN, when nothing is wrong at all. */
static int
break_system(struct vhost_user_channel *channel, const char *call, int code)
{
	if (code == EAGAIN || code == EWOULDBLOCK)
		return -EAGAIN;
	if (code == EPIPE || code == ECONNRESET)
		return break_closed(channel);
	return break_channel(channel, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_SYSTEM, .code = -code, .field = call });
}

static int
wait_for(struct vhost_user_channel *channel, short events, uint64_t deadline, const char *verb)
{
	int rc = vhost_user_wait(channel->fd, events, deadline);

	if (rc == -ETIMEDOUT)
		return break_timeout(channel, verb);
	return rc == 0 ? 0 : break_system(channel, "poll", -rc);
}

/* Append the descriptors of a control message to the message under way; close the surplus. */
static bool
adopt_fds(struct vhost_user_message *message, const struct cmsghdr *cmsg)
{
	size_t nr = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	bool fits = true;

	for (size_t i = 0; i < nr; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
		if (vhost_user_message_add_fd(message, fd) == 0)
			continue;
		close(fd);
		fits = false;
	}
	return fits;
}

/*
 * All descriptors are taken before any is judged, so that none can be lost. vhost-user
 * Communication: "passed in the ancillary data", which is the header's: a peer that attaches
 * descriptors to the payload's bytes has cut its message in pieces of its own making.
 */
static int
take_fds(struct vhost_user_channel *channel, struct msghdr *received)
{
	unsigned int before = channel->partial.nr_fds;
	bool fits = true;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(received); cmsg != NULL;
	     cmsg = CMSG_NXTHDR(received, cmsg))
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
			fits = adopt_fds(&channel->partial, cmsg) && fits;
	if (received->msg_flags & MSG_CTRUNC)
		return break_fds(channel, "are too many for a message or for this process");
	if (!fits)
		return break_fds(channel, "are too many for a message");
	if (channel->partial.nr_fds > before && channel->got >= VHOST_USER_HEADER_SIZE)
		return break_fds(channel, "came with the payload instead of the header");
	return 0;
}

/* What the message under way still lacks; the header first. */
static size_t
bytes_missing(struct vhost_user_channel *channel, void **where)
{
	struct vhost_user_message *partial = &channel->partial;
	size_t in_payload;

	if (channel->got < VHOST_USER_HEADER_SIZE) {
		*where = (uint8_t *)&partial->header + channel->got;
		return VHOST_USER_HEADER_SIZE - channel->got;
	}
	in_payload = channel->got - VHOST_USER_HEADER_SIZE;
	*where = partial->payload.bytes + in_payload;
	return partial->header.size - in_payload;
}

/* Checked as soon as the header is whole, before a byte of payload is read. */
static int
check_header(struct vhost_user_channel *channel)
{
	uint32_t size = channel->partial.header.size;

	if (size <= VHOST_USER_MAX_PAYLOAD)
		return 0;
	return break_channel(channel, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_RANGE, .code = -EPROTO, .field = "payload size",
		.seen = size, .high = VHOST_USER_MAX_PAYLOAD });
}

static int
receive_piece(struct vhost_user_channel *channel, void *where, size_t missing)
{
	union control control;
	struct iovec iov = { .iov_base = where, .iov_len = missing };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;
	int rc;

	do {
		n = recvmsg(channel->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return break_system(channel, "recvmsg", errno);
	if (n == 0)
		return break_closed(channel);
	rc = take_fds(channel, &msg);
	if (rc != 0)
		return rc;
	channel->got += (size_t)n;
	return channel->got == VHOST_USER_HEADER_SIZE ? check_header(channel) : 0;
}

int
vhost_user_channel_receive_some(struct vhost_user_channel *channel,
		struct vhost_user_message *message)
{
	if (channel->broken)
		return -ENOTCONN;
	for (;;) {
		void *where;
		size_t missing;
		int rc;

		if (channel->got == 0)
			vhost_user_message_init(&channel->partial, 0, 0);
		missing = bytes_missing(channel, &where);
		if (missing == 0)
			break;
		rc = receive_piece(channel, where, missing);
		if (rc != 0)
			return rc;
	}
	*message = channel->partial;
	channel->partial.nr_fds = 0;
	channel->got = 0;
	return 1;
}

int
vhost_user_channel_receive(struct vhost_user_channel *channel, struct vhost_user_message *message,
		uint64_t deadline)
{
	for (;;) {
		int rc = vhost_user_channel_receive_some(channel, message);

		if (rc == 1)
			return 0;
		if (rc == -EAGAIN)
			rc = wait_for(channel, POLLIN, deadline, "send a whole message");
		if (rc != 0)
			return rc;
	}
}

/* Attach the descriptors; the kernel hands them over with the first byte. */
static void
attach_fds(struct msghdr *msg, union control *control, const struct vhost_user_message *message)
{
	struct cmsghdr *cmsg = &control->header;
	size_t size = message->nr_fds * sizeof(int);

	if (message->nr_fds == 0)
		return;
	memset(control, 0, sizeof(*control));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), message->fds, size);
	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(size);
}

/* Send what is left of a message after its first `sent` bytes. */
static ssize_t
send_piece(int fd, const struct vhost_user_message *message, size_t sent)
{
	size_t in_header = sent < VHOST_USER_HEADER_SIZE ? sent : VHOST_USER_HEADER_SIZE;
	size_t in_payload = sent - in_header;
	struct iovec iov[] = {
		{ (uint8_t *)(uintptr_t)&message->header + in_header,
		  VHOST_USER_HEADER_SIZE - in_header },
		{ (uint8_t *)(uintptr_t)&message->payload + in_payload,
		  message->header.size - in_payload },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	union control control;

	if (sent == 0)
		attach_fds(&msg, &control, message);
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Ours to get right, so the channel survives it. */
static int
check_sendable(struct vhost_user_channel *channel, const struct vhost_user_message *message)
{
	struct vhost_user_error error = {
		.kind = VHOST_USER_ERROR_RANGE,
		.code = -EINVAL,
		.message = vhost_user_message_name(channel->direction, message->header.request),
		.request = message->header.request,
	};

	if (message->header.size > VHOST_USER_MAX_PAYLOAD) {
		error.field = "payload size";
		error.seen = message->header.size;
		error.high = VHOST_USER_MAX_PAYLOAD;
		return vhost_user_error_set(&channel->error, error);
	}
	if (message->nr_fds > VHOST_USER_MAX_FDS) {
		error.field = "file descriptor count";
		error.seen = message->nr_fds;
		error.high = VHOST_USER_MAX_FDS;
		return vhost_user_error_set(&channel->error, error);
	}
	return 0;
}

int
vhost_user_channel_send_some(struct vhost_user_channel *channel,
		const struct vhost_user_message *message, size_t *sent)
{
	size_t total = VHOST_USER_HEADER_SIZE + (size_t)message->header.size;
	int rc = channel->broken ? -ENOTCONN : check_sendable(channel, message);

	while (rc == 0 && *sent < total) {
		ssize_t n = send_piece(channel->fd, message, *sent);

		if (n >= 0)
			*sent += (size_t)n;
		else if (errno != EINTR)
			rc = break_system(channel, "sendmsg", errno);
	}
	return rc == 0 ? 1 : rc;
}

int
vhost_user_channel_send(struct vhost_user_channel *channel,
		const struct vhost_user_message *message, uint64_t deadline)
{
	size_t sent = 0;

	for (;;) {
		int rc = vhost_user_channel_send_some(channel, message, &sent);

		if (rc == 1)
			return 0;
		if (rc == -EAGAIN)
			rc = wait_for(channel, POLLOUT, deadline, "read what we sent");
		if (rc != 0)
			return rc;
	}
}

/*
 * Bytes that are there before a request was sent answer nothing that we asked: taken for the reply,
 * they would put every later reply one request behind.
 */
static int
check_quiet(struct vhost_user_channel *channel)
{
	uint8_t byte;
	ssize_t n;

	if (channel->got == 0) {
		n = recv(channel->fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);
		if (n < 0)
			/* Nothing there is what is wanted; anything else shows when sending. */
			return 0;
		if (n == 0)
			return break_closed(channel);
	}
	return break_channel(channel, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_RANGE, .code = -EPROTO,
		.field = "bytes that nobody asked for: at least", .seen = 1 });
}

/* A request that is not answered would only run into its deadline: a mistake of ours. */
static int
check_answered(struct vhost_user_channel *channel, const struct vhost_user_message *request)
{
	uint32_t id = request->header.request;
	const struct vhost_user_message_info *info =
			vhost_user_message_info(channel->direction, id);

	if (info != NULL && (info->reply != VHOST_USER_REPLY_NONE ||
			     (request->header.flags & VHOST_USER_FLAG_NEED_REPLY) != 0))
		return 0;
	return vhost_user_error_set(&channel->error, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_BITS, .code = -EINVAL,
		.message = vhost_user_message_name(channel->direction, id), .request = id,
		.field = "flags of a request to be answered", .seen = request->header.flags,
		.low = VHOST_USER_FLAG_VERSION | VHOST_USER_FLAG_NEED_REPLY });
}

int
vhost_user_channel_request(struct vhost_user_channel *channel,
		const struct vhost_user_message *request, struct vhost_user_message *reply,
		uint64_t deadline)
{
	struct vhost_user_error error;
	int rc = channel->broken ? -ENOTCONN : check_answered(channel, request);

	reply->nr_fds = 0;
	if (rc == 0)
		rc = check_quiet(channel);
	if (rc == 0)
		rc = vhost_user_channel_send(channel, request, deadline);
	if (rc == 0)
		rc = vhost_user_channel_receive(channel, reply, deadline);
	if (rc != 0) {
		/* What came (or did not) has no name of its own, or not all of one: it is what was asked for. */
		if (channel->broken && channel->error.message == NULL)
			channel->error.message = vhost_user_message_name(channel->direction,
					request->header.request);
		return rc;
	}
	if (vhost_user_reply_validate(channel->direction, request, reply, &error) == 0)
		return 0;
	vhost_user_message_close_fds(reply);
	return break_channel(channel, error);
}

int
vhost_user_channel_request_ack(struct vhost_user_channel *channel,
		const struct vhost_user_message *request, uint64_t deadline)
{
	struct vhost_user_message reply;
	int rc = vhost_user_channel_request(channel, request, &reply, deadline);

	if (rc != 0)
		return rc;
	vhost_user_message_close_fds(&reply);
	return vhost_user_ack_result(channel->direction, &reply, &channel->error);
}
