/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * channel.c, receiving: every cut of a message, descriptors where they may and may not be, peers
 * that close or stall. Each test also counts this process's descriptors.
 */

#include "channel_pair.h"

static void
check_received(const struct vhost_user_message *message, const uint8_t *bytes, size_t len)
{
	assert_memory_equal(&message->header, bytes, 12);
	assert_memory_equal(message->payload.bytes, bytes + 12, len - 12);
	for (size_t i = len - 12; i < VHOST_USER_MAX_PAYLOAD; i++)
		assert_int_equal(message->payload.bytes[i], 0);
}

static void
a_message_is_put_together_from_any_two_pieces(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 8, 40, 264, 2056 };
	static uint8_t bytes[12 + 2056];
	struct vhost_user_message message;

	(void)state;
	open_pair();
	for (size_t i = 0; i < NR(sizes); i++) {
		size_t len = wire(bytes, 5, 1, sizes[i]);

		for (size_t cut = 1; cut < len; cut++) {
			peer_send(bytes, cut, 2, 1);
			assert_int_equal(vhost_user_channel_receive_some(&channel, &message),
					-EAGAIN);
			peer_send(bytes + cut, len - cut, 0, 0);
			assert_int_equal(vhost_user_channel_receive_some(&channel, &message), 1);
			check_received(&message, bytes, len);
			assert_int_equal(message.nr_fds, 2);
			assert_true(fcntl(message.fds[1], F_GETFD) & FD_CLOEXEC);
			vhost_user_message_close_fds(&message);
		}
	}
	close_pair();
}

static void
messages_that_arrive_together_are_handed_out_one_by_one(void **state)
{
	uint8_t bytes[3 * 64];
	struct vhost_user_message message;
	size_t len = 0;

	(void)state;
	open_pair();
	for (uint32_t id = 8; id <= 10; id++)
		len += wire(bytes + len, id, 1, id);
	peer_send(bytes, len, 0, 0);
	for (uint32_t id = 8; id <= 10; id++) {
		assert_int_equal(vhost_user_channel_receive_some(&channel, &message), 1);
		assert_int_equal(message.header.request, id);
		assert_int_equal(message.header.size, id);
	}
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -EAGAIN);
	close_pair();
}

static void
descriptors_may_come_with_any_piece_of_the_header(void **state)
{
	uint8_t bytes[64];
	size_t len = wire(bytes, 32, 1, 24);
	struct vhost_user_message message;

	(void)state;
	open_pair();
	peer_send(bytes, 5, 1, 1);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -EAGAIN);
	peer_send(bytes + 5, 3, 2, 1);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -EAGAIN);
	peer_send(bytes + 8, len - 8, 1, 1);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), 1);
	assert_int_equal(message.nr_fds, 4);
	vhost_user_message_close_fds(&message);
	close_pair();
}

static void
descriptors_with_the_payload_are_closed_and_refused(void **state)
{
	uint8_t bytes[64];
	size_t len = wire(bytes, 32, 1, 24);
	struct vhost_user_message message;

	(void)state;
	open_pair();
	peer_send(bytes, 12, 1, 1);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -EAGAIN);
	peer_send(bytes + 12, len - 12, 1, 1);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -EPROTO);
	assert_string_equal(channel.error.message, "SET_INFLIGHT_FD");
	assert_broken(VHOST_USER_ERROR_FDS);
	close_pair();
}

static void
up_to_eight_descriptors_pass_and_more_are_closed(void **state)
{
	uint8_t bytes[64];
	size_t len = wire(bytes, 5, 1, 8);
	struct vhost_user_message message;

	(void)state;
	for (unsigned int nr = 0; nr <= 64; nr++) {
		int rc;

		open_pair();
		peer_send(bytes, len, nr, 1);
		rc = vhost_user_channel_receive_some(&channel, &message);
		assert_int_equal(rc, nr <= 8 ? 1 : -EPROTO);
		if (rc == 1) {
			assert_int_equal(message.nr_fds, nr);
			vhost_user_message_close_fds(&message);
		}
		close_pair();
	}
}

static void
surplus_descriptors_over_two_pieces_are_closed(void **state)
{
	uint8_t bytes[64];
	size_t len = wire(bytes, 5, 1, 8);
	struct vhost_user_message message;

	(void)state;
	open_pair();
	peer_send(bytes, 4, 5, 1);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -EAGAIN);
	peer_send(bytes + 4, len - 4, 4, 1);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -EPROTO);
	assert_broken(VHOST_USER_ERROR_FDS);
	close_pair();
}

static void
two_control_messages_are_counted_together(void **state)
{
	uint8_t bytes[64];
	size_t len = wire(bytes, 5, 1, 8);
	struct vhost_user_message message;

	(void)state;
	open_pair();
	peer_send(bytes, len, 4, 2);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), 1);
	assert_int_equal(message.nr_fds, 8);
	vhost_user_message_close_fds(&message);
	peer_send(bytes, len, 5, 2);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -EPROTO);
	assert_broken(VHOST_USER_ERROR_FDS);
	close_pair();
}

static void
descriptors_that_this_process_has_no_room_for_are_an_error(void **state)
{
	struct rlimit old, low;
	uint8_t bytes[64];
	size_t len = wire(bytes, 5, 1, 8);
	struct vhost_user_message message;
	int highest, rc;

	(void)state;
	open_pair();
	peer_send(bytes, len, 4, 1);
	highest = dup(peer);
	close(highest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)highest + 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	rc = vhost_user_channel_receive_some(&channel, &message);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(rc, -EPROTO);
	assert_broken(VHOST_USER_ERROR_FDS);
	close_pair();
}

static void
an_oversized_payload_is_refused_before_it_is_read(void **state)
{
	static const uint32_t sizes[] = { 2057, 65536, 0x80000000, UINT32_MAX - 12, UINT32_MAX };
	uint8_t bytes[64];
	struct vhost_user_message message;

	(void)state;
	for (size_t i = 0; i < NR(sizes); i++) {
		open_pair();
		wire(bytes, 5, 1, 8);
		memcpy(bytes + 8, &sizes[i], 4);
		peer_send(bytes, 12, 3, 1);
		assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -EPROTO);
		assert_int_equal(channel.error.seen, sizes[i]);
		assert_broken(VHOST_USER_ERROR_RANGE);
		close_pair();
	}
}

static void
a_peer_that_closes_is_told_from_one_that_closes_inside_a_message(void **state)
{
	uint8_t bytes[64];
	size_t len = wire(bytes, 8, 1, 8);
	struct vhost_user_message message;

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		open_pair();
		if (cut > 0)
			peer_send(bytes, cut, 1, 1);
		close(peer);
		peer = -1;
		if (cut == len) {
			assert_int_equal(vhost_user_channel_receive(&channel, &message,
					UINT64_MAX), 0);
			vhost_user_message_close_fds(&message);
		}
		assert_int_equal(vhost_user_channel_receive(&channel, &message, UINT64_MAX),
				-ECONNRESET);
		assert_int_equal(channel.error.seen, cut == len ? 0 : cut);
		assert_broken(VHOST_USER_ERROR_CLOSED);
		close_pair();
	}
}

static void
a_silent_peer_runs_into_the_deadline_wherever_it_stops(void **state)
{
	uint8_t bytes[64];
	size_t len = wire(bytes, 8, 1, 8);
	struct vhost_user_message message;

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		uint64_t start = vhost_user_now();

		open_pair();
		if (cut > 0)
			peer_send(bytes, cut, 1, 1);
		assert_int_equal(vhost_user_channel_receive(&channel, &message, start + 5 * MS),
				-ETIMEDOUT);
		assert_true(vhost_user_now() - start >= 5 * MS);
		assert_true(vhost_user_now() - start < 1000 * MS);
		assert_broken(VHOST_USER_ERROR_TIMEOUT);
		close_pair();
	}
}

static void
sending_some_takes_up_where_the_socket_was_full(void **state)
{
	struct vhost_user_message message;
	uint8_t bytes[4096];
	size_t sent = 0, got = 0, total;
	ssize_t n;

	(void)state;
	open_pair();
	vhost_user_message_init(&message, VHOST_USER_GET_SHMEM_CONFIG, 2056);
	total = 12 + 2056;
	/* Whole messages until there is room for a part only, or for none. */
	while (vhost_user_channel_send_some(&channel, &message, &sent) == 1) {
		assert_int_equal(sent, total);
		got += sent;
		sent = 0;
	}
	assert_true(sent < total);
	got += sent;
	while (got > 0) {
		n = recv(peer, bytes, got < sizeof(bytes) ? got : sizeof(bytes), 0);
		assert_true(n > 0);
		got -= (size_t)n;
	}
	assert_int_equal(vhost_user_channel_send_some(&channel, &message, &sent), 1);
	assert_int_equal(sent, total);
	message.header.size = VHOST_USER_MAX_PAYLOAD + 1;
	sent = 0;
	assert_int_equal(vhost_user_channel_send_some(&channel, &message, &sent), -EINVAL);
	close(peer);
	peer = -1;
	message.header.size = 0;
	assert_int_equal(vhost_user_channel_send_some(&channel, &message, &sent), -ECONNRESET);
	assert_broken(VHOST_USER_ERROR_CLOSED);
	close_pair();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HYGIENIC(sending_some_takes_up_where_the_socket_was_full),
		HYGIENIC(a_message_is_put_together_from_any_two_pieces),
		HYGIENIC(messages_that_arrive_together_are_handed_out_one_by_one),
		HYGIENIC(descriptors_may_come_with_any_piece_of_the_header),
		HYGIENIC(descriptors_with_the_payload_are_closed_and_refused),
		HYGIENIC(up_to_eight_descriptors_pass_and_more_are_closed),
		HYGIENIC(surplus_descriptors_over_two_pieces_are_closed),
		HYGIENIC(two_control_messages_are_counted_together),
		HYGIENIC(descriptors_that_this_process_has_no_room_for_are_an_error),
		HYGIENIC(an_oversized_payload_is_refused_before_it_is_read),
		HYGIENIC(a_peer_that_closes_is_told_from_one_that_closes_inside_a_message),
		HYGIENIC(a_silent_peer_runs_into_the_deadline_wherever_it_stops),
	};

	return cmocka_run_group_tests_name("lib/vhost_user/channel", tests, NULL, NULL);
}
