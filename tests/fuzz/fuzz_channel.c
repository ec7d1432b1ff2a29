/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Target: the parser of lib/vhost_user/channel.c over a socketpair. The input is a program of the
 * peer's: what it writes, in what pieces, with how many descriptors on which of them, when it
 * closes; in between the channel is asked what it has, and says something itself. Beyond the
 * sanitizers there is a model, a plain array of every byte sent and every descriptor attached: each
 * message handed out must be the next bytes of that stream with the descriptors of its header, a
 * refusal must have a reason in the stream, and no descriptor may be left open.
 */

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "vhost_user/channel.h"

#define STREAM_MAX 32768
#define PIECES_MAX 512

enum op {
	OP_HEADER,   /* append a header: flags a, id b, size c */
	OP_PAYLOAD,  /* append c bytes of value a */
	OP_WORD,     /* append the four bytes of c */
	OP_FLUSH,    /* send b bytes (0: all) with a descriptors */
	OP_RECEIVE,
	OP_DRAIN,    /* receive until there is nothing */
	OP_MESSAGE,  /* header, payload of its size, sent in pieces of b bytes, a descriptors on the first */
	OP_CLOSE,
	OP_SEND,     /* a message of ours: id b, c bytes, a descriptors */
	OP_TIMEOUT,  /* receive with a deadline that has passed */
	OP_NR,
};

/* The model. */
struct world {
	struct vhost_user_channel channel;
	int peer;
	uint8_t stream[STREAM_MAX];
	size_t written, sent, parsed;
	struct {
		size_t at;
		unsigned int fds;
	} pieces[PIECES_MAX];
	size_t nr_pieces;
	bool is_closed;
};

static void
append(struct world *world, const void *bytes, size_t len)
{
	len = len < STREAM_MAX - world->written ? len : STREAM_MAX - world->written;
	memcpy(world->stream + world->written, bytes, len);
	world->written += len;
}

static void
append_header(struct world *world, const struct step *step, uint32_t size)
{
	const struct vhost_user_header header = {.request = step->b % 64, .flags = step->a, .size = size};

	append(world, &header, sizeof(header));
}

static void
append_fill(struct world *world, uint8_t value, size_t len)
{
	uint8_t bytes[2100];

	len = len < sizeof(bytes) ? len : sizeof(bytes);
	memset(bytes, value, len);
	append(world, bytes, len);
}

/* Send up to @p len of the bytes that wait, with @p fds descriptors on the first of them. */
static void
flush(struct world *world, size_t len, unsigned int fds)
{
	union {
		struct cmsghdr header;
		char buffer[CMSG_SPACE(FUZZ_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = {world->stream + world->sent, world->written - world->sent};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (len > 0 && len < iov.iov_len)
		iov.iov_len = len;
	if (iov.iov_len == 0 || world->is_closed || world->nr_pieces == PIECES_MAX)
		return;
	fds %= FUZZ_FDS_MAX + 1;
	if (fds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fuzz_fds(), fds * sizeof(int));
	}
	n = sendmsg(world->peer, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n <= 0)
		return;
	world->pieces[world->nr_pieces].at = world->sent;
	world->pieces[world->nr_pieces++].fds = fds;
	world->sent += (size_t)n;
}

/* Descriptors attached to bytes of [from, to). */
static unsigned int
fds_in(const struct world *world, size_t from, size_t to)
{
	unsigned int sum = 0;
	size_t i;

	for (i = 0; i < world->nr_pieces; i++)
		if (world->pieces[i].at >= from && world->pieces[i].at < to)
			sum += world->pieces[i].fds;
	return sum;
}

static void
check_message(struct world *world, struct vhost_user_message *message)
{
	const size_t start = world->parsed;
	const size_t body = start + VHOST_USER_HEADER_SIZE;
	const size_t end = body + message->header.size;

	FUZZ_CHECK(message->header.size <= VHOST_USER_MAX_PAYLOAD && end <= world->sent);
	FUZZ_CHECK(memcmp(&message->header, world->stream + start, VHOST_USER_HEADER_SIZE) == 0);
	FUZZ_CHECK(memcmp(message->payload.bytes, world->stream + body, message->header.size) == 0);
	FUZZ_CHECK(message->nr_fds == fds_in(world, start, body));
	FUZZ_CHECK(fds_in(world, body, end) == 0);
	vhost_user_message_close_fds(message);
	world->parsed = end;
}

/* -EPROTO: too long, too many descriptors, or some on the payload. */
static bool
is_at_fault(const struct world *world)
{
	const size_t start = world->parsed;
	const size_t body = start + VHOST_USER_HEADER_SIZE;
	struct vhost_user_header header;

	if (fds_in(world, start, body) > VHOST_USER_MAX_FDS)
		return true;
	if (world->sent < body)
		return false;
	memcpy(&header, world->stream + start, sizeof(header));
	return header.size > VHOST_USER_MAX_PAYLOAD || fds_in(world, body, body + header.size) > 0;
}

static void
check_failure(const struct world *world, int rc, bool was_broken)
{
	char text[VHOST_USER_ERROR_TEXT_SIZE];

	if (rc == -EAGAIN) {
		FUZZ_CHECK(!world->is_closed && !world->channel.broken && !is_at_fault(world));
		return;
	}
	FUZZ_CHECK(world->channel.broken);
	FUZZ_CHECK(was_broken == (rc == -ENOTCONN));
	if (rc == -EPROTO)
		FUZZ_CHECK(is_at_fault(world));
	else if (rc == -ECONNRESET)
		FUZZ_CHECK(world->is_closed);
	else
		FUZZ_CHECK(rc == -ENOTCONN || rc == -ETIMEDOUT);
	FUZZ_CHECK(strlen(vhost_user_error_text(&world->channel.error, text, sizeof(text))) > 0);
}

static int
receive(struct world *world, bool with_deadline)
{
	const bool was_broken = world->channel.broken;
	struct vhost_user_message message;
	int rc;

	if (with_deadline)
		rc = vhost_user_channel_receive(&world->channel, &message, 0);
	else
		rc = vhost_user_channel_receive_some(&world->channel, &message);
	if (rc == (with_deadline ? 0 : 1))
		check_message(world, &message);
	else
		check_failure(world, rc, was_broken);
	return rc;
}

/* The peer reads nothing: at the end of its patience the channel says so, and is broken. */
static void
send_ours(struct world *world, const struct step *step)
{
	const bool was_broken = world->channel.broken;
	struct vhost_user_message message;
	unsigned int i;
	int rc;

	vhost_user_message_init(&message, step->b, step->c % (VHOST_USER_MAX_PAYLOAD + 2));
	for (i = 0; i < step->a % (VHOST_USER_MAX_FDS + 1u); i++)
		vhost_user_message_add_fd(&message, fuzz_fds()[i]);
	rc = vhost_user_channel_send(&world->channel, &message, 0);
	FUZZ_CHECK(rc == 0 || rc == -EINVAL || rc == -ETIMEDOUT || rc == -ECONNRESET || rc == -ENOTCONN);
	if (was_broken)
		FUZZ_CHECK(rc == -ENOTCONN);
	if (rc == -EINVAL)
		FUZZ_CHECK(message.header.size > VHOST_USER_MAX_PAYLOAD && !world->channel.broken);
}

static void
send_message(struct world *world, const struct step *step)
{
	const uint32_t size = step->c % (VHOST_USER_MAX_PAYLOAD + 1);
	const size_t piece = step->b % 4096;
	unsigned int fds = step->a % 10;

	append_header(world, step, size);
	append_fill(world, step->a, size);
	while (world->sent < world->written && world->nr_pieces < PIECES_MAX) {
		const size_t before = world->sent;

		flush(world, piece, fds);
		if (world->sent == before)
			break;
		fds = 0;
	}
}

static void
run_step(struct world *world, const struct step *step)
{
	switch (step->op % OP_NR) {
	case OP_HEADER:
		append_header(world, step, step->c);
		break;
	case OP_PAYLOAD:
		append_fill(world, step->a, step->c % 2100);
		break;
	case OP_WORD:
		append(world, &step->c, sizeof(step->c));
		break;
	case OP_FLUSH:
		flush(world, step->b, step->a);
		break;
	case OP_RECEIVE:
		receive(world, false);
		break;
	case OP_DRAIN:
		while (receive(world, false) == 1)
			continue;
		break;
	case OP_MESSAGE:
		send_message(world, step);
		break;
	case OP_CLOSE:
		if (!world->is_closed)
			close(world->peer);
		world->is_closed = true;
		break;
	case OP_SEND:
		send_ours(world, step);
		break;
	default:
		receive(world, true);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world world;
	struct steps steps = {data, size};
	struct step step;
	int pair[2];

	world.written = world.sent = world.parsed = world.nr_pieces = 0;
	world.is_closed = false;
	fuzz_fds_begin();
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	vhost_user_channel_init(&world.channel, pair[0], VHOST_USER_TO_BACKEND);
	world.peer = pair[1];
	while (steps_next(&steps, &step))
		run_step(&world, &step);
	if (!world.is_closed)
		close(world.peer);
	vhost_user_channel_close(&world.channel);
	fuzz_fds_end();
	return 0;
}
