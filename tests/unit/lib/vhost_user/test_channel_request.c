/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * channel.c, sending and requests: short writes, full sockets, signals, peers that close, never
 * read or answer wrongly. Each test also counts this process's descriptors.
 */

#include "channel_pair.h"

static size_t send_limit; /* bytes that one sendmsg takes, 0: as many as the kernel does */

ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);

/* A UNIX socket takes messages of our sizes whole or not at all; here it can take a part. */
ssize_t
__wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct msghdr part = *msg;
	struct iovec iov = msg->msg_iov[0];

	if (send_limit == 0)
		return __real_sendmsg(fd, msg, flags);
	if (iov.iov_len == 0)
		iov = msg->msg_iov[1];
	if (iov.iov_len > send_limit)
		iov.iov_len = send_limit;
	part.msg_iov = &iov;
	part.msg_iovlen = 1;
	return __real_sendmsg(fd, &part, flags);
}

static void
on_alarm(int signal)
{
	(void)signal;
}

static void
storm(long period_us)
{
	struct itimerval timer = { { 0, period_us }, { 0, period_us } };
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Answers every request with an ack, but only after 20 ms. */
static void *
slow_peer(void *arg)
{
	struct vhost_user_channel other;
	struct vhost_user_message message;

	vhost_user_channel_init(&other, dup(peer), VHOST_USER_TO_BACKEND);
	for (int i = 0; i < *(int *)arg; i++) {
		uint64_t deadline = vhost_user_deadline_after_ms(5000);

		if (vhost_user_channel_receive(&other, &message, deadline) != 0)
			break;
		vhost_user_message_close_fds(&message);
		vhost_user_pause(20, deadline);
		vhost_user_ack_init(&message, &message, (uint64_t)i);
		if (vhost_user_channel_send(&other, &message, deadline) != 0)
			break;
	}
	vhost_user_channel_close(&other);
	return NULL;
}

static void
requests_survive_a_storm_of_signals(void **state)
{
	struct vhost_user_message message;
	pthread_t thread;
	int answers = 5;

	(void)state;
	open_pair();
	assert_int_equal(pthread_create(&thread, NULL, slow_peer, &answers), 0);
	storm(1000);
	for (int i = 0; i < answers; i++) {
		vhost_user_message_init(&message, VHOST_USER_SET_STATUS, 8);
		message.header.flags |= VHOST_USER_FLAG_NEED_REPLY;
		assert_int_equal(vhost_user_channel_request_ack(&channel, &message,
				vhost_user_deadline_after_ms(5000)), i == 0 ? 0 : -EREMOTEIO);
		assert_false(channel.broken);
	}
	storm(0);
	pthread_join(thread, NULL);
	close_pair();
}

static void
sending_to_a_closed_peer_is_an_error_and_no_sigpipe(void **state)
{
	struct vhost_user_message message;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	open_pair();
	close(peer);
	peer = -1;
	vhost_user_message_init(&message, VHOST_USER_SET_OWNER, 0);
	assert_int_equal(vhost_user_channel_send(&channel, &message, UINT64_MAX), -ECONNRESET);
	assert_broken(VHOST_USER_ERROR_CLOSED);
	close_pair();
}

static void
what_is_sent_is_what_the_peer_receives(size_t limit)
{
	struct vhost_user_message sent, seen;
	struct vhost_user_channel other;

	open_pair();
	vhost_user_channel_init(&other, dup(peer), VHOST_USER_TO_BACKEND);
	vhost_user_message_init(&sent, VHOST_USER_SET_MEM_TABLE, 8 + 8 * 32);
	for (size_t i = 0; i < sent.header.size; i++)
		sent.payload.bytes[i] = (uint8_t)i;
	for (int i = 0; i < 8; i++)
		assert_int_equal(vhost_user_message_add_fd(&sent, STDERR_FILENO), 0);
	send_limit = limit;
	assert_int_equal(vhost_user_channel_send(&channel, &sent, UINT64_MAX), 0);
	send_limit = 0;
	assert_int_equal(vhost_user_channel_receive_some(&other, &seen), 1);
	assert_memory_equal(&seen.header, &sent.header, sizeof(sent.header));
	assert_memory_equal(&seen.payload, &sent.payload, sizeof(sent.payload));
	assert_int_equal(seen.nr_fds, 8);
	vhost_user_message_close_fds(&seen);
	vhost_user_channel_close(&other);
	close_pair();
}

static void
a_message_arrives_as_it_was_sent(void **state)
{
	(void)state;
	what_is_sent_is_what_the_peer_receives(0);
}

static void
partial_writes_are_continued_without_sending_descriptors_again(void **state)
{
	(void)state;
	for (size_t limit = 1; limit < 40; limit++)
		what_is_sent_is_what_the_peer_receives(limit);
}

/* Reads with pauses so that the sender's buffer stays full. */
static void *
reading_peer(void *arg)
{
	struct vhost_user_channel other;
	struct vhost_user_message message;

	vhost_user_channel_init(&other, dup(peer), VHOST_USER_TO_BACKEND);
	vhost_user_pause(30, UINT64_MAX);
	while (vhost_user_channel_receive(&other, &message,
			vhost_user_deadline_after_ms(2000)) == 0) {
		unsigned int nr = message.nr_fds;

		vhost_user_message_close_fds(&message);
		if (message.header.request == VHOST_USER_SET_OWNER)
			break;
		if (nr == 1 && message.header.size == 2056 && message.payload.bytes[2055] == 0x5a)
			++*(int *)arg;
	}
	vhost_user_channel_close(&other);
	return NULL;
}

static void
a_full_socket_is_waited_for(void **state)
{
	struct vhost_user_message message;
	pthread_t thread;
	int room = 4096;
	int whole = 0;

	(void)state;
	open_pair();
	assert_int_equal(setsockopt(channel.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	assert_int_equal(pthread_create(&thread, NULL, reading_peer, &whole), 0);
	vhost_user_message_init(&message, VHOST_USER_CREATE_CRYPTO_SESSION, 2056);
	message.payload.bytes[2055] = 0x5a;
	assert_int_equal(vhost_user_message_add_fd(&message, STDERR_FILENO), 0);
	for (int i = 0; i < 200; i++)
		assert_int_equal(vhost_user_channel_send(&channel, &message,
				vhost_user_deadline_after_ms(5000)), 0);
	vhost_user_message_init(&message, VHOST_USER_SET_OWNER, 0);
	assert_int_equal(vhost_user_channel_send(&channel, &message,
			vhost_user_deadline_after_ms(5000)), 0);
	pthread_join(thread, NULL);
	assert_int_equal(whole, 200);
	close_pair();
}

static void
a_peer_that_never_reads_runs_into_the_deadline(void **state)
{
	struct vhost_user_message message;
	uint64_t start = vhost_user_now();
	int rc = 0;

	(void)state;
	open_pair();
	vhost_user_message_init(&message, VHOST_USER_CREATE_CRYPTO_SESSION, 2056);
	for (int i = 0; rc == 0 && i < 10000; i++)
		rc = vhost_user_channel_send(&channel, &message, start + 100 * MS);
	assert_int_equal(rc, -ETIMEDOUT);
	assert_true(vhost_user_now() - start < 2000 * MS);
	assert_broken(VHOST_USER_ERROR_TIMEOUT);
	close_pair();
}

static void
what_cannot_be_sent_leaves_the_channel_sound(void **state)
{
	struct vhost_user_message message;

	(void)state;
	open_pair();
	vhost_user_message_init(&message, VHOST_USER_SET_OWNER, 2057);
	assert_int_equal(vhost_user_channel_send(&channel, &message, 0), -EINVAL);
	vhost_user_message_init(&message, VHOST_USER_SET_OWNER, 0);
	message.nr_fds = 9;
	assert_int_equal(vhost_user_channel_send(&channel, &message, 0), -EINVAL);
	message.nr_fds = 0;
	assert_int_equal(vhost_user_channel_request_ack(&channel, &message, 0), -EINVAL);
	assert_false(channel.broken);
	assert_int_equal(vhost_user_channel_send(&channel, &message, 0), 0);
	close_pair();
}

static void
bytes_that_nobody_asked_for_are_no_reply(void **state)
{
	uint8_t bytes[64];
	size_t len = wire(bytes, VHOST_USER_GET_FEATURES, 5, 8);
	struct vhost_user_message request, reply;

	(void)state;
	open_pair();
	/* The answer is there before the request is made. */
	peer_send(bytes, len, 0, 0);
	vhost_user_message_init(&request, VHOST_USER_GET_FEATURES, 0);
	assert_int_equal(vhost_user_channel_request(&channel, &request, &reply, UINT64_MAX),
			-EPROTO);
	assert_broken(VHOST_USER_ERROR_RANGE);
	close_pair();
}

/* Answers one request with a descriptor that nobody wants. */
static void *
lavish_peer(void *arg)
{
	struct vhost_user_message message;
	struct vhost_user_channel other;

	(void)arg;
	vhost_user_channel_init(&other, dup(peer), VHOST_USER_TO_BACKEND);
	if (vhost_user_channel_receive(&other, &message, vhost_user_deadline_after_ms(2000)) == 0) {
		vhost_user_ack_init(&message, &message, 0);
		vhost_user_message_add_fd(&message, STDERR_FILENO);
		vhost_user_channel_send(&other, &message, vhost_user_deadline_after_ms(2000));
	}
	vhost_user_channel_close(&other);
	return NULL;
}

static void
descriptors_of_a_wrong_reply_are_closed(void **state)
{
	struct vhost_user_message request, reply;
	pthread_t thread;

	(void)state;
	open_pair();
	assert_int_equal(pthread_create(&thread, NULL, lavish_peer, NULL), 0);
	vhost_user_message_init(&request, VHOST_USER_GET_FEATURES, 0);
	assert_int_equal(vhost_user_channel_request(&channel, &request, &reply,
			vhost_user_deadline_after_ms(2000)), -EPROTO);
	pthread_join(thread, NULL);
	assert_int_equal(reply.nr_fds, 0);
	assert_string_equal(channel.error.message, "GET_FEATURES");
	assert_broken(VHOST_USER_ERROR_RANGE);
	close_pair();
}

static void
a_late_reply_never_answers_a_later_request(void **state)
{
	uint8_t bytes[64];
	size_t len = wire(bytes, VHOST_USER_GET_FEATURES, 5, 8);
	struct vhost_user_message request, reply;

	(void)state;
	open_pair();
	vhost_user_message_init(&request, VHOST_USER_GET_FEATURES, 0);
	assert_int_equal(vhost_user_channel_request(&channel, &request, &reply,
			vhost_user_deadline_after_ms(5)), -ETIMEDOUT);
	peer_send(bytes, len, 0, 0);
	assert_int_equal(vhost_user_channel_request(&channel, &request, &reply, UINT64_MAX),
			-ENOTCONN);
	assert_broken(VHOST_USER_ERROR_TIMEOUT);
	close_pair();
}

static void
closing_with_half_a_message_closes_its_descriptors(void **state)
{
	uint8_t bytes[64];
	struct vhost_user_message message;

	(void)state;
	open_pair();
	wire(bytes, 5, 1, 40);
	peer_send(bytes, 20, 8, 1);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -EAGAIN);
	close_pair();
	assert_int_equal(channel.fd, -1);
}

static void
the_sockets_own_blocking_mode_is_left_alone(void **state)
{
	struct vhost_user_message message;
	int before;

	(void)state;
	open_pair();
	before = fcntl(channel.fd, F_GETFL);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -EAGAIN);
	vhost_user_message_init(&message, VHOST_USER_SET_OWNER, 0);
	assert_int_equal(vhost_user_channel_send(&channel, &message, 0), 0);
	assert_int_equal(fcntl(channel.fd, F_GETFL), before);
	close_pair();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HYGIENIC(requests_survive_a_storm_of_signals),
		HYGIENIC(sending_to_a_closed_peer_is_an_error_and_no_sigpipe),
		HYGIENIC(a_message_arrives_as_it_was_sent),
		HYGIENIC(partial_writes_are_continued_without_sending_descriptors_again),
		HYGIENIC(a_full_socket_is_waited_for),
		HYGIENIC(a_peer_that_never_reads_runs_into_the_deadline),
		HYGIENIC(what_cannot_be_sent_leaves_the_channel_sound),
		HYGIENIC(bytes_that_nobody_asked_for_are_no_reply),
		HYGIENIC(descriptors_of_a_wrong_reply_are_closed),
		HYGIENIC(a_late_reply_never_answers_a_later_request),
		HYGIENIC(closing_with_half_a_message_closes_its_descriptors),
		HYGIENIC(the_sockets_own_blocking_mode_is_left_alone),
	};

	return cmocka_run_group_tests_name("lib/vhost_user/channel_request", tests, NULL, NULL);
}
