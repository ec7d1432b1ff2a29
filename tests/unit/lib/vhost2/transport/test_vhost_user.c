/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* vhost_user.c: a parser that waits for nobody, replies that wait for nobody, and when there is a reply at all. */

#include "rig.h"

#include <signal.h>
#include <sys/socket.h>

static void
connect_only(void)
{
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	settle();
}

static void
a_message_may_come_byte_by_byte(void **state)
{
	const struct vhost_user_header header = { VHOST_USER_GET_FEATURES, VHOST_USER_FLAG_VERSION, 0 };
	struct vhost_user_message reply;

	(void)state;
	connect_only();
	for (size_t i = 0; i < sizeof(header); i++) {
		assert_int_equal(frontend_send_raw(&rig.fe, (const uint8_t *)&header + i, 1, NULL, 0), 0);
		settle();
	}
	assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
	assert_int_equal(reply.header.flags, VHOST_USER_FLAG_VERSION | VHOST_USER_FLAG_REPLY);
}

static void
half_a_message_has_a_deadline_and_delays_nobody(void **state)
{
	const struct vhost_user_header header = { VHOST_USER_SET_FEATURES, VHOST_USER_FLAG_VERSION, 8 };
	struct frontend second;
	uint64_t begin, features;

	(void)state;
	connect_only();
	begin = vhost_user_now();
	assert_int_equal(frontend_send_raw(&rig.fe, &header, sizeof(header), NULL, 0), 0);
	settle();
	frontend_init(&second);
	second.drive = drive;
	assert_int_equal(frontend_connect(&second, rig.path), 0);
	assert_int_equal(frontend_get_u64(&second, VHOST_USER_GET_FEATURES, &features), 0);
	assert_true(vhost_user_now() - begin < UINT64_C(500000000));
	assert_true(frontend_is_closed(&rig.fe));
	assert_in_range(vhost_user_now() - begin, UINT64_C(900000000), UINT64_C(2500000000));
	assert_int_equal(rig_errors(RTE_VHOST2_ERR_TIMEOUT), 1);
	assert_int_equal(frontend_get_u64(&second, VHOST_USER_GET_FEATURES, &features), 0);
	frontend_fini(&second);
}

static void
who_reads_no_replies_is_closed_after_a_deadline(void **state)
{
	const struct vhost_user_header header = { VHOST_USER_GET_FEATURES, VHOST_USER_FLAG_VERSION, 0 };
	const uint64_t deadline = vhost_user_deadline_after_ms(4000);
	uint64_t sent = 0;

	(void)state;
	connect_only();
	while (rig_errors(RTE_VHOST2_ERR_TIMEOUT) == 0 && vhost_user_now() < deadline) {
		if (send(rig.fe.fd, &header, sizeof(header), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			sent++;
		rte_vhost2_loop_process(rig.loop);
	}
	assert_int_equal(rig_errors(RTE_VHOST2_ERR_TIMEOUT), 1);
	assert_true(sent > 100);
}

static void
a_peer_that_is_gone_raises_no_signal(void **state)
{
	const struct vhost_user_header header = { VHOST_USER_GET_FEATURES, VHOST_USER_FLAG_VERSION, 0 };

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	rig_register(0);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
		assert_int_equal(frontend_send_raw(&rig.fe, &header, sizeof(header), NULL, 0), 0);
		frontend_close(&rig.fe);
		settle();
	}
}

/* One reply if it is due, and never a second one. */
static void
check_replies(uint32_t request, const void *payload, uint32_t size, bool need, bool due)
{
	struct vhost_user_message reply;

	assert_int_equal(frontend_send(&rig.fe, request, need ? VHOST_USER_FLAG_NEED_REPLY : 0, payload, size, NULL, 0),
		0);
	settle();
	if (due) {
		assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
		assert_int_equal(reply.header.request, request);
		assert_int_equal(reply.header.flags, VHOST_USER_FLAG_VERSION | VHOST_USER_FLAG_REPLY);
	}
	rig.fe.timeout_ms = 1;
	assert_int_equal(frontend_receive(&rig.fe, &reply), -ETIMEDOUT);
	rig.fe.timeout_ms = 3000;
}

/* Every request that changes nothing much, with and without NEED_REPLY, with and without REPLY_ACK. */
static void
exactly_as_many_replies_come_as_are_due(void **state)
{
	static const struct {
		uint32_t request, size;
		uint8_t payload[12];
		int own;
	} rows[] = {
		{ VHOST_USER_GET_FEATURES, 0, { 0 }, 1 },
		{ VHOST_USER_GET_PROTOCOL_FEATURES, 0, { 0 }, 1 },
		{ VHOST_USER_GET_QUEUE_NUM, 0, { 0 }, 1 },
		{ VHOST_USER_SET_OWNER, 0, { 0 }, 0 },
		{ VHOST_USER_RESET_OWNER, 0, { 0 }, 0 },
		{ VHOST_USER_SET_VRING_NUM, 8, { 0, 0, 0, 0, 64 }, 0 },
		{ VHOST_USER_SET_VRING_BASE, 8, { 0 }, 0 },
		{ VHOST_USER_GET_VRING_BASE, 8, { 0 }, 1 },
		{ VHOST_USER_SET_VRING_ENABLE, 8, { 0 }, 0 },
		{ VHOST_USER_SET_VRING_CALL, 8, { 0, 1 }, 0 },
		{ VHOST_USER_SET_VRING_ERR, 8, { 0, 1 }, 0 },
		{ VHOST_USER_RESET_DEVICE, 0, { 0 }, 0 },
		{ VHOST_USER_GET_MAX_MEM_SLOTS, 0, { 0 }, 1 },
		{ VHOST_USER_SET_STATUS, 8, { 1 }, 0 },
		{ VHOST_USER_GET_STATUS, 0, { 0 }, 1 },
		{ VHOST_USER_GET_CONFIG, 12, { 0 }, 1 },
		{ VHOST_USER_SET_CONFIG, 12, { 0 }, 0 },
	};
	const uint64_t protocol = BIT(VHOST_USER_PROTOCOL_F_MQ) | BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS) |
		BIT(VHOST_USER_PROTOCOL_F_STATUS) | BIT(VHOST_USER_PROTOCOL_F_CONFIG) |
		BIT(VHOST_USER_PROTOCOL_F_RESET_DEVICE);

	(void)state;
	rig_register(0);
	for (int ack = 0; ack < 2; ack++) {
		assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
		assert_int_equal(frontend_negotiate(&rig.fe, BIT(VIRTIO_F_VERSION_1) | BIT(VHOST_USER_F_PROTOCOL_FEATURES),
			protocol | (ack ? BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) : 0)), 0);
		for (size_t i = 0; i < 2 * NR(rows); i++)
			check_replies(rows[i / 2].request, rows[i / 2].payload, rows[i / 2].size, i % 2,
				rows[i / 2].own || (ack && i % 2));
		frontend_close(&rig.fe);
	}
}

static void
what_cannot_be_told_is_closed(void **state)
{
	(void)state;
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_negotiate(&rig.fe, BIT(VIRTIO_F_VERSION_1), 0), 0);
	assert_int_equal(frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_NUM, 0, 65536), 0);
	assert_true(frontend_is_closed(&rig.fe));
	assert_int_equal(rig_errors(RTE_VHOST2_ERR_RING), 1);
}

static void
requests_in_a_row_are_answered_in_order(void **state)
{
	struct vhost_user_message reply;

	(void)state;
	connect_only();
	for (int i = 0; i < 200; i++)
		assert_int_equal(frontend_send(&rig.fe,
			i % 2 ? VHOST_USER_GET_FEATURES : VHOST_USER_GET_PROTOCOL_FEATURES, 0, NULL, 0, NULL, 0), 0);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
		assert_int_equal(reply.header.request, i % 2 ? VHOST_USER_GET_FEATURES : VHOST_USER_GET_PROTOCOL_FEATURES);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(a_message_may_come_byte_by_byte),
		RIGGED(half_a_message_has_a_deadline_and_delays_nobody),
		RIGGED(who_reads_no_replies_is_closed_after_a_deadline),
		RIGGED(a_peer_that_is_gone_raises_no_signal),
		RIGGED(exactly_as_many_replies_come_as_are_due),
		RIGGED(what_cannot_be_told_is_closed),
		RIGGED(requests_in_a_row_are_answered_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
