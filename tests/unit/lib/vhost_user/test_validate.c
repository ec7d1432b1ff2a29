/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * validate.c against every message of both directions: sizes, descriptor counts, flags, gates, ring
 * indices; and every reply against its request (vhost-user Header, Communication, REPLY_ACK, and
 * each message's own clause).
 */

#include <errno.h>

#include "protocol.h"

static int
validate(const struct protocol_row *row, const struct vhost_user_message *message)
{
	struct vhost_user_negotiated negotiated = all_negotiated();

	return vhost_user_message_validate(row->direction, message, &negotiated, NULL);
}

static void
a_legal_request_of_every_row_passes(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		struct vhost_user_message message = legal_request(&protocol_rows[i]);

		assert_int_equal(validate(&protocol_rows[i], &message), 0);
	}
}

static void
any_other_payload_size_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		const struct protocol_row *row = &protocol_rows[i];
		struct vhost_user_message message = legal_request(row);

		for (uint32_t size = 0; size <= VHOST_USER_MAX_PAYLOAD + 1; size++) {
			bool legal = size == row->size || (row->size2 && size == row->size2);

			message.header.size = size;
			assert_int_equal(validate(row, &message), legal ? 0 : -EPROTO);
		}
		message.header.size = UINT32_MAX;
		assert_int_equal(validate(row, &message), -EPROTO);
	}
}

static void
any_other_descriptor_count_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		const struct protocol_row *row = &protocol_rows[i];
		struct vhost_user_message message = legal_request(row);

		for (unsigned int nr = 0; nr <= VHOST_USER_MAX_FDS; nr++) {
			bool legal = nr >= row->min_fds && nr <= row->max_fds;

			message.nr_fds = nr;
			assert_int_equal(validate(row, &message), legal ? 0 : -EPROTO);
		}
	}
}

static void
only_version_1_with_or_without_need_reply_is_a_request(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		struct vhost_user_message message = legal_request(&protocol_rows[i]);

		for (uint32_t flags = 0; flags < 64; flags++) {
			bool legal = flags == 1 || flags == 9;

			message.header.flags = flags;
			assert_int_equal(validate(&protocol_rows[i], &message),
					legal ? 0 : -EPROTO);
		}
	}
}

/* Take each bit away by itself: only the bits that the text requires may matter. */
static void
check_gate_words(const struct protocol_row *row, size_t offset, uint64_t required)
{
	struct vhost_user_message message = legal_request(row);

	for (unsigned int bit = 0; bit < 64; bit++) {
		struct vhost_user_negotiated negotiated = all_negotiated();
		struct vhost_user_error error = { .kind = VHOST_USER_ERROR_NONE };
		uint64_t word = ~BIT(bit);
		int rc;

		/* SET_LOG_BASE has another shape without LOG_SHMFD; tested by itself. */
		if (row->direction == TO_B && row->id == 6 && bit == 1)
			continue;
		memcpy((char *)&negotiated + offset, &word, sizeof(word));
		rc = vhost_user_message_validate(row->direction, &message, &negotiated, &error);
		assert_int_equal(rc, (required & BIT(bit)) ? -EACCES : 0);
		if (rc != 0) {
			assert_int_equal(error.kind, VHOST_USER_ERROR_GATE);
			assert_string_equal(error.message, row->name);
		}
	}
}

static void
exactly_the_required_features_gate_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		const struct protocol_row *row = &protocol_rows[i];

		check_gate_words(row, offsetof(struct vhost_user_negotiated, features_offered),
				row->offered);
		check_gate_words(row, offsetof(struct vhost_user_negotiated, features_acked),
				row->acked);
		check_gate_words(row, offsetof(struct vhost_user_negotiated, protocol_offered),
				row->protocol_offered);
		check_gate_words(row, offsetof(struct vhost_user_negotiated, protocol_acked),
				row->protocol_acked);
	}
}

static void
put_index(struct vhost_user_message *message, enum index_place place, uint32_t index)
{
	if (place == IN_U64)
		message->payload.u64 = index;
	else /* state and addr both begin with it */
		message->payload.state.index = index;
}

static void
ring_indices_from_the_limit_on_are_refused(void **state)
{
	static const uint32_t bad[] = { RINGS, RINGS + 1, 0xff, 0x10000, 0x10001, 0x80000000,
					UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		const struct protocol_row *row = &protocol_rows[i];
		struct vhost_user_message message = legal_request(row);

		if (row->index == NO_INDEX)
			continue;
		for (uint32_t index = 0; index < RINGS; index++) {
			put_index(&message, row->index, index);
			assert_int_equal(validate(row, &message), 0);
		}
		for (size_t j = 0; j < NR(bad); j++) {
			put_index(&message, row->index, bad[j]);
			assert_int_equal(validate(row, &message), -EPROTO);
		}
	}
}

static void
without_rings_no_index_is_legal(void **state)
{
	struct vhost_user_negotiated negotiated = all_negotiated();
	struct vhost_user_message message;

	(void)state;
	negotiated.max_vrings = 0;
	vhost_user_message_init(&message, VHOST_USER_SET_VRING_NUM, 8);
	assert_int_equal(vhost_user_message_validate(TO_B, &message, &negotiated, NULL), -EPROTO);
}

static void
nofd_and_a_descriptor_exclude_each_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		const struct protocol_row *row = &protocol_rows[i];
		struct vhost_user_message message = legal_request(row);

		if (row->index != IN_U64)
			continue;
		message.payload.u64 = 0x101;
		assert_int_equal(validate(row, &message), -EPROTO);
		message.nr_fds = 0;
		assert_int_equal(validate(row, &message), 0);
		message.payload.u64 = 0x001;
		assert_int_equal(validate(row, &message), -EPROTO);
		message.payload.u64 = 0x301;
		assert_int_equal(validate(row, &message), -EPROTO);
		message.payload.u64 = BIT(63) | 0x101;
		assert_int_equal(validate(row, &message), -EPROTO);
	}
}

static void
a_memory_table_has_as_many_bytes_and_descriptors_as_regions(void **state)
{
	struct vhost_user_negotiated negotiated = all_negotiated();
	struct vhost_user_message message;

	(void)state;
	for (uint32_t nr = 0; nr <= 9; nr++) {
		vhost_user_message_init(&message, VHOST_USER_SET_MEM_TABLE, 8 + nr * 32);
		message.payload.mem_table.nr = nr;
		message.nr_fds = nr;
		assert_int_equal(vhost_user_message_validate(TO_B, &message, &negotiated, NULL),
				nr <= 8 ? 0 : -EPROTO);
	}
	/* A count whose product with 32 wraps to the size that is there. */
	vhost_user_message_init(&message, VHOST_USER_SET_MEM_TABLE, 8);
	message.payload.mem_table.nr = 0x08000000;
	assert_int_equal(vhost_user_message_validate(TO_B, &message, &negotiated, NULL), -EPROTO);
}

static void
a_config_payload_is_as_long_as_it_says(void **state)
{
	struct vhost_user_negotiated negotiated = all_negotiated();
	struct vhost_user_message message;

	(void)state;
	for (uint32_t size = 0; size <= 257; size++) {
		vhost_user_message_init(&message, VHOST_USER_GET_CONFIG, 12 + size);
		message.payload.config.size = size;
		assert_int_equal(vhost_user_message_validate(TO_B, &message, &negotiated, NULL),
				size <= 256 ? 0 : -EPROTO);
	}
	vhost_user_message_init(&message, VHOST_USER_SET_CONFIG, 12);
	message.payload.config.size = UINT32_MAX - 11; /* 12 more is 0, in 32 bits */
	assert_int_equal(vhost_user_message_validate(TO_B, &message, &negotiated, NULL), -EPROTO);
}

static void
without_log_shmfd_a_log_base_has_no_descriptor(void **state)
{
	struct vhost_user_negotiated negotiated = all_negotiated();
	struct vhost_user_message message;

	(void)state;
	negotiated.protocol_acked = ~BIT(VHOST_USER_PROTOCOL_F_LOG_SHMFD);
	for (uint32_t size = 0; size <= 24; size++) {
		vhost_user_message_init(&message, VHOST_USER_SET_LOG_BASE, size);
		assert_int_equal(vhost_user_message_validate(TO_B, &message, &negotiated, NULL),
				size == 8 || size == 16 ? 0 : -EPROTO);
	}
	message.header.size = 8;
	message.nr_fds = 1;
	assert_int_equal(vhost_user_message_validate(TO_B, &message, &negotiated, NULL), -EPROTO);
}

static void
a_host_notifier_without_descriptor_needs_no_send_fd(void **state)
{
	struct vhost_user_negotiated negotiated = all_negotiated();
	struct vhost_user_message message;

	(void)state;
	negotiated.protocol_acked = ~BIT(VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD);
	vhost_user_message_init(&message, VHOST_USER_BACKEND_VRING_HOST_NOTIFIER_MSG, 24);
	message.payload.area.index = VHOST_USER_VRING_NOFD;
	assert_int_equal(vhost_user_message_validate(TO_F, &message, &negotiated, NULL), 0);
}

static void
a_crypto_session_may_have_any_size_that_fits(void **state)
{
	struct vhost_user_negotiated negotiated = all_negotiated();
	struct vhost_user_message message;

	(void)state;
	for (uint32_t size = 0; size <= VHOST_USER_MAX_PAYLOAD + 1; size++) {
		vhost_user_message_init(&message, VHOST_USER_CREATE_CRYPTO_SESSION, size);
		assert_int_equal(vhost_user_message_validate(TO_B, &message, &negotiated, NULL),
				size > 0 && size <= VHOST_USER_MAX_PAYLOAD ? 0 : -EPROTO);
	}
}

static void
an_unknown_request_is_named_by_its_number(void **state)
{
	struct vhost_user_negotiated negotiated = all_negotiated();
	struct vhost_user_error error;
	struct vhost_user_message message;

	(void)state;
	vhost_user_message_init(&message, 46, 0);
	assert_int_equal(vhost_user_message_validate(TO_B, &message, &negotiated, &error), -ENOSYS);
	assert_int_equal(error.request, 46);
	vhost_user_message_init(&message, 11, 8);
	assert_int_equal(vhost_user_message_validate(TO_F, &message, &negotiated, &error), -ENOSYS);
}

/* The reply that the text demands, ready to be bent. */
static struct vhost_user_message
legal_reply(const struct protocol_row *row, const struct vhost_user_message *request)
{
	struct vhost_user_message reply;

	vhost_user_reply_init(&reply, request, row->reply < 0 ? 8 : (uint32_t)row->reply);
	if (row->direction == TO_B && row->id == VHOST_USER_SET_DEVICE_STATE_FD)
		reply.payload.u64 = VHOST_USER_VRING_NOFD;
	if (row->direction == TO_F && row->id == VHOST_USER_BACKEND_SHARED_OBJECT_LOOKUP)
		reply.payload.u64 = 1;
	return reply;
}

static bool
is_reply_size(const struct protocol_row *row, uint32_t size)
{
	if (row->direction == TO_B)
		switch (row->id) {
		case VHOST_USER_SET_LOG_BASE:
		case VHOST_USER_POSTCOPY_ADVISE:
			if (size == 0 || size == 8)
				return true;
			return row->id == VHOST_USER_POSTCOPY_ADVISE && size == 16;
		case VHOST_USER_GET_SHARED_OBJECT:
			return size == 0 || size == 8 || size == 16;
		case VHOST_USER_GET_CONFIG:
			return size == 0 || size == row->size;
		case VHOST_USER_GET_INFLIGHT_FD:
			return size == 20 || size == 24;
		}
	return size == (row->reply < 0 ? 8 : (uint32_t)row->reply);
}

static void
a_reply_of_another_size_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		const struct protocol_row *row = &protocol_rows[i];
		struct vhost_user_message request = legal_request(row);
		struct vhost_user_message reply;

		request.header.flags |= VHOST_USER_FLAG_NEED_REPLY;
		reply = legal_reply(row, &request);
		for (uint32_t size = 0; size <= VHOST_USER_MAX_PAYLOAD; size++) {
			reply.header.size = size;
			assert_int_equal(vhost_user_reply_validate(row->direction, &request, &reply,
					NULL), is_reply_size(row, size) ? 0 : -EPROTO);
		}
	}
}

static void
a_reply_with_other_flags_or_another_id_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		const struct protocol_row *row = &protocol_rows[i];
		struct vhost_user_message request = legal_request(row);
		struct vhost_user_message reply;

		request.header.flags |= VHOST_USER_FLAG_NEED_REPLY;
		reply = legal_reply(row, &request);
		for (uint32_t flags = 0; flags < 64; flags++) {
			reply.header.flags = flags;
			assert_int_equal(vhost_user_reply_validate(row->direction, &request, &reply,
					NULL), flags == 5 ? 0 : -EPROTO);
		}
		reply.header.flags = 5;
		reply.header.request = row->id + 1;
		assert_int_equal(vhost_user_reply_validate(row->direction, &request, &reply, NULL),
				-EPROTO);
	}
}

static void
only_replies_that_bring_a_descriptor_may_have_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		const struct protocol_row *row = &protocol_rows[i];
		struct vhost_user_message request = legal_request(row);
		struct vhost_user_message reply;
		bool brings = row->direction == TO_B ?
			(row->id == 28 || row->id == 31 || row->id == 41) : false;

		request.header.flags |= VHOST_USER_FLAG_NEED_REPLY;
		reply = legal_reply(row, &request);
		for (unsigned int nr = 0; nr <= VHOST_USER_MAX_FDS; nr++) {
			reply.nr_fds = nr;
			assert_int_equal(vhost_user_reply_validate(row->direction, &request, &reply,
					NULL), nr == 0 || (nr == 1 && brings) ? 0 : -EPROTO);
		}
	}
}

static void
value_and_descriptor_of_a_reply_agree(void **state)
{
	static const struct {
		enum vhost_user_direction direction;
		uint32_t id, size;
		uint64_t value;
		unsigned int fds;
	} legal[] = {
		{ TO_B, VHOST_USER_SET_DEVICE_STATE_FD, 8, 0, 1 },
		{ TO_B, VHOST_USER_SET_DEVICE_STATE_FD, 8, 0x100, 0 },
		{ TO_B, VHOST_USER_SET_DEVICE_STATE_FD, 8, 0x101, 0 },
		{ TO_B, VHOST_USER_SET_DEVICE_STATE_FD, 8, 0x001, 0 },
		{ TO_F, VHOST_USER_BACKEND_SHARED_OBJECT_LOOKUP, 16, 0, 1 },
		{ TO_F, VHOST_USER_BACKEND_SHARED_OBJECT_LOOKUP, 16, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NR(legal); i++) {
		struct vhost_user_message request, reply;

		vhost_user_message_init(&request, legal[i].id, legal[i].size);
		vhost_user_reply_init(&reply, &request, 8);
		reply.payload.u64 = legal[i].value;
		reply.nr_fds = legal[i].fds;
		assert_int_equal(vhost_user_reply_validate(legal[i].direction, &request, &reply,
				NULL), 0);
		reply.nr_fds = !legal[i].fds;
		assert_int_equal(vhost_user_reply_validate(legal[i].direction, &request, &reply,
				NULL), -EPROTO);
	}
}

static void
the_base_of_another_ring_is_no_reply(void **state)
{
	struct vhost_user_message request, reply;

	(void)state;
	vhost_user_message_init(&request, VHOST_USER_GET_VRING_BASE, 8);
	request.payload.state.index = 2;
	vhost_user_reply_init(&reply, &request, 8);
	reply.payload.state.index = 3;
	assert_int_equal(vhost_user_reply_validate(TO_B, &request, &reply, NULL), -EPROTO);
	reply.payload.state.index = 2;
	assert_int_equal(vhost_user_reply_validate(TO_B, &request, &reply, NULL), 0);
}

static void
in_postcopy_a_table_is_answered_by_a_table(void **state)
{
	struct vhost_user_negotiated negotiated = all_negotiated();
	struct vhost_user_message request, reply;

	(void)state;
	vhost_user_message_init(&request, VHOST_USER_SET_MEM_TABLE, 40);
	assert_int_equal(vhost_user_message_answer(TO_B, &request, &negotiated),
			VHOST_USER_ANSWER_NONE);
	negotiated.postcopy = true;
	assert_int_equal(vhost_user_message_answer(TO_B, &request, &negotiated),
			VHOST_USER_ANSWER_REPLY);
	vhost_user_reply_init(&reply, &request, 40);
	assert_int_equal(vhost_user_reply_validate(TO_B, &request, &reply, NULL), 0);
	reply.header.size = 8;
	assert_int_equal(vhost_user_reply_validate(TO_B, &request, &reply, NULL), -EPROTO);
	request.header.flags |= VHOST_USER_FLAG_NEED_REPLY;
	assert_int_equal(vhost_user_message_answer(TO_B, &request, &negotiated),
			VHOST_USER_ANSWER_ACK);
}

static void
need_reply_is_heeded_only_with_reply_ack_and_without_an_own_reply(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(protocol_rows); i++) {
		const struct protocol_row *row = &protocol_rows[i];
		struct vhost_user_negotiated negotiated = all_negotiated();
		struct vhost_user_message message = legal_request(row);
		bool own = row->reply >= 0;

		assert_int_equal(vhost_user_message_answer(row->direction, &message, &negotiated),
				own ? VHOST_USER_ANSWER_REPLY : VHOST_USER_ANSWER_NONE);
		message.header.flags |= VHOST_USER_FLAG_NEED_REPLY;
		assert_int_equal(vhost_user_message_answer(row->direction, &message, &negotiated),
				own ? VHOST_USER_ANSWER_REPLY : VHOST_USER_ANSWER_ACK);
		negotiated.protocol_acked &= ~BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK);
		assert_int_equal(vhost_user_message_answer(row->direction, &message, &negotiated),
				own ? VHOST_USER_ANSWER_REPLY : VHOST_USER_ANSWER_NONE);
	}
}

static void
a_log_base_is_answered_by_itself_only_with_log_shmfd(void **state)
{
	struct vhost_user_negotiated negotiated = all_negotiated();
	struct vhost_user_message message;

	(void)state;
	vhost_user_message_init(&message, VHOST_USER_SET_LOG_BASE, 16);
	assert_int_equal(vhost_user_message_answer(TO_B, &message, &negotiated),
			VHOST_USER_ANSWER_REPLY);
	negotiated.protocol_acked &= ~BIT(VHOST_USER_PROTOCOL_F_LOG_SHMFD);
	assert_int_equal(vhost_user_message_answer(TO_B, &message, &negotiated),
			VHOST_USER_ANSWER_NONE);
}

static void
an_ack_of_anything_but_zero_is_a_refusal(void **state)
{
	struct vhost_user_message request, reply;
	struct vhost_user_error error;

	(void)state;
	vhost_user_message_init(&request, VHOST_USER_SET_MEM_TABLE, 8);
	vhost_user_ack_init(&reply, &request, 0);
	assert_int_equal(vhost_user_ack_result(TO_B, &reply, &error), 0);
	vhost_user_ack_init(&reply, &request, BIT(40));
	assert_int_equal(vhost_user_ack_result(TO_B, &reply, &error), -EREMOTEIO);
	assert_string_equal(error.message, "SET_MEM_TABLE");
	assert_int_equal(error.seen, BIT(40));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_legal_request_of_every_row_passes),
		cmocka_unit_test(any_other_payload_size_is_refused),
		cmocka_unit_test(any_other_descriptor_count_is_refused),
		cmocka_unit_test(only_version_1_with_or_without_need_reply_is_a_request),
		cmocka_unit_test(exactly_the_required_features_gate_every_row),
		cmocka_unit_test(ring_indices_from_the_limit_on_are_refused),
		cmocka_unit_test(without_rings_no_index_is_legal),
		cmocka_unit_test(nofd_and_a_descriptor_exclude_each_other),
		cmocka_unit_test(a_memory_table_has_as_many_bytes_and_descriptors_as_regions),
		cmocka_unit_test(a_config_payload_is_as_long_as_it_says),
		cmocka_unit_test(without_log_shmfd_a_log_base_has_no_descriptor),
		cmocka_unit_test(a_host_notifier_without_descriptor_needs_no_send_fd),
		cmocka_unit_test(a_crypto_session_may_have_any_size_that_fits),
		cmocka_unit_test(an_unknown_request_is_named_by_its_number),
		cmocka_unit_test(a_reply_of_another_size_is_refused),
		cmocka_unit_test(a_reply_with_other_flags_or_another_id_is_refused),
		cmocka_unit_test(only_replies_that_bring_a_descriptor_may_have_one),
		cmocka_unit_test(value_and_descriptor_of_a_reply_agree),
		cmocka_unit_test(the_base_of_another_ring_is_no_reply),
		cmocka_unit_test(in_postcopy_a_table_is_answered_by_a_table),
		cmocka_unit_test(need_reply_is_heeded_only_with_reply_ack_and_without_an_own_reply),
		cmocka_unit_test(a_log_base_is_answered_by_itself_only_with_log_shmfd),
		cmocka_unit_test(an_ack_of_anything_but_zero_is_a_refusal),
	};

	return cmocka_run_group_tests_name("lib/vhost_user/validate", tests, NULL, NULL);
}
