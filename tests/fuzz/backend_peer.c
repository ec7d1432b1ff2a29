/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See backend_peer.h. sendmsg() and ppoll() of everything in the program come here first (the
 * linker's --wrap).
 */

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend_peer.h"
#include "vhost_user/channel.h"

#define MANNERS_MAX 64
#define ANSWER_MAX (2 * (VHOST_USER_HEADER_SIZE + VHOST_USER_MAX_PAYLOAD))

ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);
int __wrap_ppoll(struct pollfd *fds, nfds_t nr, const struct timespec *timeout, const sigset_t *mask);

static struct {
	struct vhost_user_channel channel; /* what the peer hears */
	bool is_open;
	struct vhost_user_negotiated negotiated;
	struct step manners[MANNERS_MAX];
	size_t nr_manners, next_manner;
	/* The answer under way. */
	uint8_t answer[ANSWER_MAX];
	size_t len, sent, piece;
	unsigned int fds;
	unsigned int waits;
} peer;

void
peer_reset(void)
{
	memset(&peer, 0, sizeof(peer));
}

void
peer_add_manner(const struct step *step)
{
	if (peer.nr_manners < MANNERS_MAX)
		peer.manners[peer.nr_manners++] = *step;
}

int
peer_open(void)
{
	int pair[2];

	peer_close();
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	vhost_user_channel_init(&peer.channel, pair[1], VHOST_USER_TO_BACKEND);
	/*
	 * What is acked decides which answers are due; otherwise everything is allowed to be said.
	 */
	peer.negotiated = (struct vhost_user_negotiated){.features_offered = UINT64_MAX, .features_acked = UINT64_MAX,
		.protocol_offered = UINT64_MAX, .max_vrings = UINT32_MAX};
	peer.is_open = true;
	peer.len = peer.sent = 0;
	return pair[0];
}

bool
peer_is_open(void)
{
	return peer.is_open;
}

void
peer_close(void)
{
	if (peer.is_open)
		vhost_user_channel_close(&peer.channel);
	peer.is_open = false;
}

unsigned int
peer_count_waits(void)
{
	const unsigned int waits = peer.waits;

	peer.waits = 0;
	return waits;
}

/* Send up to @p len bytes of the answer, its descriptors with the first. */
static void
answer_send(size_t len)
{
	struct iovec iov = {peer.answer + peer.sent, peer.len - peer.sent};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union {
		struct cmsghdr header;
		char buffer[CMSG_SPACE(FUZZ_FDS_MAX * sizeof(int))];
	} control;
	const size_t fds_len = peer.fds * sizeof(int);
	ssize_t n;

	iov.iov_len = len < iov.iov_len ? len : iov.iov_len;
	if (!peer.is_open || iov.iov_len == 0)
		return;
	if (peer.fds > 0 && peer.sent == 0) {
		memset(&control, 0, sizeof(control));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fds_len);
		memcpy(CMSG_DATA(&control.header), fuzz_fds(), fds_len);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(fds_len);
	}
	n = __real_sendmsg(peer.channel.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		peer.sent += (size_t)n;
}

static void
answer_add(const struct vhost_user_message *message)
{
	const size_t size = message->header.size < VHOST_USER_MAX_PAYLOAD ? message->header.size : VHOST_USER_MAX_PAYLOAD;

	memcpy(peer.answer + peer.len, &message->header, VHOST_USER_HEADER_SIZE);
	memcpy(peer.answer + peer.len + VHOST_USER_HEADER_SIZE, message->payload.bytes, size);
	peer.len += VHOST_USER_HEADER_SIZE + size;
}

/* What an honest peer says; the number is the manner's. */
static void
answer_make(struct vhost_user_message *answer, const struct vhost_user_message *request, uint64_t number, bool is_ack)
{
	const struct vhost_user_message_info *const info =
		vhost_user_message_info(VHOST_USER_TO_BACKEND, request->header.request);

	vhost_user_reply_init(answer, request, sizeof(answer->payload.u64));
	answer->payload.u64 = number;
	if (is_ack || info == NULL)
		return;
	if (info->reply == VHOST_USER_REPLY_STATE)
		answer->payload.state = (struct vhost_user_vring_state){request->payload.state.index, (uint32_t)number};
	if (info->reply == VHOST_USER_REPLY_CONFIG) {
		answer->header.size = request->header.size;
		answer->payload.config = request->payload.config;
		memset(answer->payload.config.data, PEER_CONFIG_BYTE, VHOST_USER_MAX_CONFIG);
	}
}

static void
answer_bend(struct vhost_user_message *answer, const struct step *manner)
{
	switch (manner->op) {
	case PEER_HEADER:
		answer->header.request ^= manner->a;
		answer->header.flags ^= manner->b;
		answer->header.size += manner->c;
		break;
	case PEER_SIZE:
		answer->header.size = manner->c;
		break;
	case PEER_FDS:
		peer.fds = manner->a % (FUZZ_FDS_MAX + 1);
		break;
	case PEER_INDEX:
		answer->payload.state = (struct vhost_user_vring_state){manner->b, manner->c};
		break;
	default:
		break;
	}
}

static void
answer_give(const struct step *manner)
{
	switch (manner->op) {
	case PEER_SILENT:
		peer.len = 0;
		break;
	case PEER_PIECES:
		answer_send(manner->a);
		peer.piece = manner->b % 64 + 1u;
		break;
	case PEER_PART:
		answer_send(manner->a);
		peer.len = peer.sent;
		break;
	case PEER_CLOSE:
		answer_send(manner->a);
		peer_close();
		break;
	default:
		answer_send(peer.len);
		break;
	}
}

/* The other half of what we are must agree with what we say. */
static void
check_request(const struct vhost_user_message *request)
{
	struct vhost_user_error error;
	char text[VHOST_USER_ERROR_TEXT_SIZE];

	if (vhost_user_message_validate(VHOST_USER_TO_BACKEND, request, &peer.negotiated, &error) == 0)
		return;
	fprintf(stderr, "%s\n", vhost_user_error_text(&error, text, sizeof(text)));
	FUZZ_CHECK(!"every request of ours is a valid one");
}

static void
note_negotiation(const struct vhost_user_message *request)
{
	if (request->header.request == VHOST_USER_SET_PROTOCOL_FEATURES)
		peer.negotiated.protocol_acked = request->payload.u64;
}

/*
 * Without a manner of its own: features and counts as large as can be, acks of success, rings at 0.
 */
static struct step
next_manner(bool is_number)
{
	struct step manner = {.op = is_number ? PEER_ONES : PEER_HONEST};

	if (peer.next_manner < peer.nr_manners) {
		manner = peer.manners[peer.next_manner++];
		manner.op = (manner.op - PEER_OP_FIRST) % PEER_NR;
	}
	return manner;
}

static void
serve(const struct vhost_user_message *request)
{
	const enum vhost_user_answer due =
		vhost_user_message_answer(VHOST_USER_TO_BACKEND, request, &peer.negotiated);
	const bool is_number = due == VHOST_USER_ANSWER_REPLY && request->header.request != VHOST_USER_GET_VRING_BASE;
	const struct step manner = next_manner(is_number);
	const uint64_t number = manner.op == PEER_ONES ? UINT64_MAX : (uint64_t)manner.c << manner.a % 64;
	struct vhost_user_message answer;

	note_negotiation(request);
	answer_make(&answer, request, number, due == VHOST_USER_ANSWER_ACK);
	answer_bend(&answer, &manner);
	peer.len = peer.sent = peer.piece = 0;
	if (manner.op == PEER_RAW)
		memcpy(peer.answer, &manner, peer.len = sizeof(manner));
	else if (due != VHOST_USER_ANSWER_NONE || manner.op == PEER_TALK)
		answer_add(&answer);
	if (manner.op == PEER_TWICE && peer.len > 0)
		answer_add(&answer);
	answer_give(&manner);
	peer.fds = 0;
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const ssize_t n = __real_sendmsg(fd, msg, flags);
	struct vhost_user_message request;

	while (n > 0 && peer.is_open && vhost_user_channel_receive_some(&peer.channel, &request) == 1) {
		check_request(&request);
		vhost_user_message_close_fds(&request);
		serve(&request);
	}
	return n;
}

/* The next piece comes, or time is up. */
int
__wrap_ppoll(struct pollfd *fds, nfds_t nr, const struct timespec *timeout, const sigset_t *mask)
{
	(void)timeout;
	(void)mask;
	peer.waits++;
	if (peer.piece > 0)
		answer_send(peer.piece);
	return poll(fds, nr, 0);
}
