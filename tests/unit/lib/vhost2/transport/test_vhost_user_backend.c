/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* vhost_user_backend.c: requests of the back-end, sent when they may be, on a socket that may go at any time. */

#include "rig.h"

#include <sys/socket.h>

static struct frontend requests;

static void
open_requests(uint32_t nr_rings)
{
	int sockets[2];

	rig_run(nr_rings);
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SET_PROTOCOL_FEATURES, rig.fe.protocol |
		BIT(VHOST_USER_PROTOCOL_F_BACKEND_REQ) | BIT(VHOST_USER_PROTOCOL_F_CONFIG)), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_SET_BACKEND_REQ_FD, NULL, 0, &sockets[1], 1), 0);
	close(sockets[1]);
	memset(&requests, 0, sizeof(requests));
	requests.fd = -1;
	requests.drive = drive;
	requests.timeout_ms = 50;
	frontend_take(&requests, sockets[0]);
}

static void
a_change_of_configuration_is_told_while_a_ring_runs(void **state)
{
	struct vhost_user_message message;
	uint32_t base;

	(void)state;
	open_requests(1);
	rte_vhost2_dev_cfg_call(rig.recorder.vdev);
	assert_int_equal(frontend_receive(&requests, &message), 0);
	assert_int_equal(message.header.request, VHOST_USER_BACKEND_CONFIG_CHANGE_MSG);
	assert_int_equal(message.header.flags, VHOST_USER_FLAG_VERSION);
	assert_int_equal(message.header.size, 0);
	/* All stopped: it waits for the next start. */
	assert_int_equal(frontend_get_base(&rig.fe, 0, &base), 0);
	rte_vhost2_dev_cfg_call(rig.recorder.vdev);
	rte_vhost2_dev_cfg_call(rig.recorder.vdev);
	assert_int_equal(frontend_receive(&requests, &message), -ETIMEDOUT);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 0, rig.fe.kick[0]), 0);
	assert_int_equal(frontend_receive(&requests, &message), 0);
	assert_int_equal(frontend_receive(&requests, &message), -ETIMEDOUT);
	frontend_close(&requests);
}

static void
a_front_end_that_talks_on_it_loses_it_and_nothing_else(void **state)
{
	uint64_t features;

	(void)state;
	for (int close_it = 0; close_it < 2; close_it++) {
		open_requests(1);
		if (close_it)
			frontend_close(&requests);
		else
			assert_int_equal(frontend_send(&requests, 77, VHOST_USER_FLAG_REPLY, NULL, 0, NULL, 0), 0);
		settle();
		rte_vhost2_dev_cfg_call(rig.recorder.vdev);
		settle();
		if (!close_it)
			assert_true(frontend_is_closed(&requests));
		assert_int_equal(frontend_get_u64(&rig.fe, VHOST_USER_GET_FEATURES, &features), 0);
		frontend_close(&requests);
		frontend_close(&rig.fe);
		rig_unregister();
	}
}

static void
a_front_end_that_does_not_read_holds_up_nothing(void **state)
{
	uint64_t features;

	(void)state;
	open_requests(1);
	for (int i = 0; i < 20000; i++) {
		rte_vhost2_dev_cfg_call(rig.recorder.vdev);
		settle();
	}
	assert_int_equal(frontend_get_u64(&rig.fe, VHOST_USER_GET_FEATURES, &features), 0);
	frontend_close(&requests);
}

static void
only_a_stream_socket_is_taken_and_a_new_one_replaces_it(void **state)
{
	struct vhost_user_message message;
	int sockets[2];

	(void)state;
	open_requests(1);
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_SET_BACKEND_REQ_FD, NULL, 0, &rig.fe.memory_fd, 1), -ENOTSOCK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets), 0);
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_SET_BACKEND_REQ_FD, NULL, 0, &sockets[1], 1), -ENOTSOCK);
	close(sockets[0]);
	close(sockets[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_SET_BACKEND_REQ_FD, NULL, 0, &sockets[1], 1), 0);
	close(sockets[1]);
	assert_true(frontend_is_closed(&requests));
	frontend_take(&requests, sockets[0]);
	rte_vhost2_dev_cfg_call(rig.recorder.vdev);
	assert_int_equal(frontend_receive(&requests, &message), 0);
	frontend_close(&requests);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(a_change_of_configuration_is_told_while_a_ring_runs),
		RIGGED(a_front_end_that_talks_on_it_loses_it_and_nothing_else),
		RIGGED(a_front_end_that_does_not_read_holds_up_nothing),
		RIGGED(only_a_stream_socket_is_taken_and_a_new_one_replaces_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
