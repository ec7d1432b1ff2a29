/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* vhost_user_verbs.c: what is offered, what the replies say, and what is the device's to answer. */

#include "rig.h"

static uint64_t
ask(uint32_t request)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(frontend_get_u64(&rig.fe, request, &value), 0);
	return value;
}

static void
connect_with(uint64_t flags, uint64_t protocol)
{
	rig_register(flags);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_negotiate(&rig.fe, BIT(VIRTIO_F_VERSION_1) | BIT(VHOST_USER_F_PROTOCOL_FEATURES),
		BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) | protocol), 0);
}

static void
what_is_offered_follows_from_the_target(void **state)
{
	(void)state;
	connect_with(0, 0);
	assert_true(ask(VHOST_USER_GET_FEATURES) & BIT(VHOST_F_LOG_ALL));
	assert_int_equal(ask(VHOST_USER_GET_PROTOCOL_FEATURES), BIT(0) | BIT(1) | BIT(3) | BIT(5) | BIT(9) | BIT(13) |
		BIT(15) | BIT(16));
	frontend_close(&rig.fe);
	rig_unregister();
	rig.recorder.ops.get_config = NULL;
	rig.recorder.ops.protocol_features = BIT(VHOST_USER_PROTOCOL_F_RARP) | BIT(VHOST_USER_PROTOCOL_F_NET_MTU);
	connect_with(RTE_VHOST2_NO_LOG | RTE_VHOST2_INFLIGHT | RTE_VHOST2_IOMMU, 0);
	assert_false(ask(VHOST_USER_GET_FEATURES) & BIT(VHOST_F_LOG_ALL));
	assert_true(ask(VHOST_USER_GET_FEATURES) & BIT(VIRTIO_F_ACCESS_PLATFORM));
	assert_int_equal(ask(VHOST_USER_GET_PROTOCOL_FEATURES), BIT(0) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(12) |
		BIT(13) | BIT(15) | BIT(16));
}

static void
numbers_are_those_of_the_target(void **state)
{
	(void)state;
	connect_with(0, BIT(VHOST_USER_PROTOCOL_F_MQ) | BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS));
	assert_int_equal(ask(VHOST_USER_GET_QUEUE_NUM), RECORDER_QUEUES);
	assert_int_equal(ask(VHOST_USER_GET_MAX_MEM_SLOTS), 512);
	frontend_close(&rig.fe);
	rig_unregister();
	rig.recorder.ops.queue_num = 4;
	connect_with(0, BIT(VHOST_USER_PROTOCOL_F_MQ));
	assert_int_equal(ask(VHOST_USER_GET_QUEUE_NUM), 4);
}

static void
messages_of_a_device_type_are_the_devices(void **state)
{
	(void)state;
	rig.recorder.ops.protocol_features = BIT(VHOST_USER_PROTOCOL_F_RARP);
	connect_with(0, BIT(VHOST_USER_PROTOCOL_F_RARP));
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SEND_RARP, 0x112233445566), 0);
	assert_int_equal(rig.recorder.last_custom, VHOST_USER_SEND_RARP);
	rig.recorder.rc[RECORDER_CUSTOM] = -EIO;
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SEND_RARP, 1), -EIO);
	rig.recorder.rc[RECORDER_CUSTOM] = -ENOTSUP;
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SEND_RARP, 1), -ENOTSUP);
	assert_int_equal(rig_errors(RTE_VHOST2_ERR_MESSAGE), 1);
}

static void
records_are_made_within_limits(void **state)
{
	static const struct {
		uint16_t queues, size;
		bool made;
	} rows[] = { { 1, 1, true }, { 8, 32768, true }, { 9, 64, false }, { 65535, 65535, false }, { 0, 64, false },
		{ 2, 0, false }, { 2, 32769, false } };
	const int fds = count_fds();

	(void)state;
	connect_with(RTE_VHOST2_INFLIGHT, BIT(VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD));
	for (size_t i = 0; i < NR(rows); i++) {
		const struct vhost_user_inflight asked = { 0, 0, rows[i].queues, rows[i].size, 0 };
		struct vhost_user_message reply;

		assert_int_equal(frontend_send(&rig.fe, VHOST_USER_GET_INFLIGHT_FD, 0, &asked, sizeof(asked), NULL, 0), 0);
		assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
		assert_int_equal(reply.nr_fds, rows[i].made);
		assert_int_equal(reply.payload.inflight.mmap_size > 0, rows[i].made);
		vhost_user_message_close_fds(&reply);
	}
	/* The target's and the front-end's socket; no record is kept by asking for one. */
	assert_int_equal(count_fds(), fds + 3);
}

static void
only_what_was_offered_can_be_acked(void **state)
{
	(void)state;
	connect_with(0, 0);
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SET_PROTOCOL_FEATURES,
		BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) | BIT(VHOST_USER_PROTOCOL_F_PAGEFAULT)), -EINVAL);
	assert_int_equal(frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_ENABLE, 0, 2), -EINVAL);
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SET_FEATURES, BIT(VIRTIO_F_ACCESS_PLATFORM)), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(what_is_offered_follows_from_the_target),
		RIGGED(numbers_are_those_of_the_target),
		RIGGED(messages_of_a_device_type_are_the_devices),
		RIGGED(records_are_made_within_limits),
		RIGGED(only_what_was_offered_can_be_acked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
