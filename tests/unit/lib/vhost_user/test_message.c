/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * message.c: every message has its row and name, requests and replies are made as the header
 * demands (vhost-user Header), and descriptors are closed exactly once.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "protocol.h"

static void
every_message_of_the_text_has_a_row_with_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		const struct protocol_row *row = &protocol_rows[i];
		const struct vhost_user_message_info *info =
				vhost_user_message_info(row->direction, row->id);

		assert_non_null(info);
		assert_int_equal(info->id, row->id);
		assert_string_equal(info->name, row->name);
		assert_string_equal(vhost_user_message_name(row->direction, row->id), row->name);
	}
}

static void
ids_run_without_gaps_and_end_where_the_text_ends(void **state)
{
	static const uint32_t last[] = { [TO_B] = 45, [TO_F] = 10 };

	(void)state;
	for (int direction = TO_B; direction <= TO_F; direction++) {
		for (uint32_t id = 1; id <= last[direction]; id++)
			assert_non_null(vhost_user_message_info(direction, id));
		assert_null(vhost_user_message_info(direction, 0));
		assert_null(vhost_user_message_info(direction, last[direction] + 1));
		assert_null(vhost_user_message_info(direction, UINT32_MAX));
	}
	assert_string_equal(vhost_user_message_name(TO_B, 46), "unknown");
	assert_string_equal(vhost_user_message_name(TO_F, 0), "unknown");
}

static void
every_protocol_feature_bit_has_a_name(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit <= 23; bit++)
		assert_string_not_equal(vhost_user_protocol_feature_name(bit), "unknown");
	assert_string_equal(vhost_user_protocol_feature_name(3), "REPLY_ACK");
	assert_string_equal(vhost_user_protocol_feature_name(16), "STATUS");
	assert_string_equal(vhost_user_protocol_feature_name(23), "GET_VRING_BASE_SKIP_DRAIN");
	assert_string_equal(vhost_user_protocol_feature_name(24), "unknown");
	assert_string_equal(vhost_user_protocol_feature_name(UINT32_MAX), "unknown");
}

static void
init_says_version_1_and_holds_nothing(void **state)
{
	struct vhost_user_message message;

	(void)state;
	memset(&message, 0xa5, sizeof(message));
	vhost_user_message_init(&message, 8, 8);
	assert_int_equal(message.header.request, 8);
	assert_int_equal(message.header.flags, 1);
	assert_int_equal(message.header.size, 8);
	assert_int_equal(message.nr_fds, 0);
	assert_int_equal(message.fds[0], -1);
	for (size_t i = 0; i < sizeof(message.payload.bytes); i++)
		assert_int_equal(message.payload.bytes[i], 0);
}

static void
reply_and_ack_carry_the_reply_flag_and_the_id(void **state)
{
	struct vhost_user_message request, reply;

	(void)state;
	vhost_user_message_init(&request, 11, 8);
	request.header.flags |= VHOST_USER_FLAG_NEED_REPLY;
	vhost_user_reply_init(&reply, &request, 8);
	assert_int_equal(reply.header.request, 11);
	assert_int_equal(reply.header.flags, 5);
	vhost_user_ack_init(&reply, &request, 7);
	assert_int_equal(reply.header.flags, 5);
	assert_int_equal(reply.header.size, 8);
	assert_int_equal(reply.payload.u64, 7);
}

static void
a_message_can_be_answered_in_place(void **state)
{
	struct vhost_user_message message;

	(void)state;
	vhost_user_message_init(&message, 39, 8);
	vhost_user_ack_init(&message, &message, 1);
	assert_int_equal(message.header.request, 39);
	assert_int_equal(message.payload.u64, 1);
}

static void
eight_descriptors_fit_and_a_ninth_does_not(void **state)
{
	struct vhost_user_message message;

	(void)state;
	vhost_user_message_init(&message, 5, 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(vhost_user_message_add_fd(&message, 100 + i), 0);
	assert_int_equal(vhost_user_message_add_fd(&message, 108), -ENOSPC);
	assert_int_equal(message.nr_fds, 8);
	assert_int_equal(message.fds[7], 107);
}

static void
close_fds_closes_all_but_those_taken_out(void **state)
{
	struct vhost_user_message message;
	int fds[3];
	int taken;

	(void)state;
	vhost_user_message_init(&message, 5, 0);
	for (int i = 0; i < 3; i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_int_equal(vhost_user_message_add_fd(&message, fds[i]), 0);
	}
	taken = vhost_user_message_take_fd(&message, 1);
	assert_int_equal(taken, fds[1]);
	assert_int_equal(vhost_user_message_take_fd(&message, 1), -1);
	assert_int_equal(vhost_user_message_take_fd(&message, 3), -1);
	vhost_user_message_close_fds(&message);
	vhost_user_message_close_fds(&message);
	assert_int_equal(message.nr_fds, 0);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
	assert_int_not_equal(fcntl(taken, F_GETFD), -1);
	assert_int_equal(fcntl(fds[2], F_GETFD), -1);
	close(taken);
}

static void
descriptor_zero_is_closed_like_any_other(void **state)
{
	struct vhost_user_message message;
	int saved = dup(0);

	(void)state;
	assert_int_not_equal(dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0), -1);
	vhost_user_message_init(&message, 7, 0);
	assert_int_equal(vhost_user_message_add_fd(&message, 0), 0);
	vhost_user_message_close_fds(&message);
	assert_int_equal(fcntl(0, F_GETFD), -1);
	if (saved >= 0) {
		dup2(saved, 0);
		close(saved);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_of_the_text_has_a_row_with_its_name),
		cmocka_unit_test(ids_run_without_gaps_and_end_where_the_text_ends),
		cmocka_unit_test(every_protocol_feature_bit_has_a_name),
		cmocka_unit_test(init_says_version_1_and_holds_nothing),
		cmocka_unit_test(reply_and_ack_carry_the_reply_flag_and_the_id),
		cmocka_unit_test(a_message_can_be_answered_in_place),
		cmocka_unit_test(eight_descriptors_fit_and_a_ninth_does_not),
		cmocka_unit_test(close_fds_closes_all_but_those_taken_out),
		cmocka_unit_test(descriptor_zero_is_closed_like_any_other),
	};

	return cmocka_run_group_tests_name("lib/vhost_user/message", tests, NULL, NULL);
}
