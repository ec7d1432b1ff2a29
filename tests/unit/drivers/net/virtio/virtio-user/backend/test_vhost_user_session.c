/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Connections: the handshake's facts, client and server mode, peers that leave or talk out of turn.
 *
 * vhost-user: "a feature bit was dedicated for this purpose"
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend_fixture.h"
#include "vhost_user/deadline.h"
#include "virtio/feature.h"

static void
the_handshake_learns_what_the_peer_can(void **state)
{
	(void)state;
	peer.features |= VHOST_USER_BIT(26);
	peer_start(&peer);
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->caps.features, VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_NET_F_MTU));
	assert_int_equal(backend->caps.max_queue_pairs, 4);
	assert_int_equal(backend->caps.max_mem_regions, 8);
	assert_null(backend->slots);
	assert_non_null(backend->config);
	assert_non_null(backend->mtu);
	assert_string_equal(backend->ops->name, "vhost-user");
	close_backend();
	peer_stop(&peer);
	assert_int_equal(peer.protocol_acked, P(MQ) | P(REPLY_ACK) | P(STATUS) | P(CONFIG) | P(NET_MTU));
}

static void
a_peer_without_protocol_features_is_asked_for_none(void **state)
{
	(void)state;
	peer.features = 0;
	peer_start(&peer);
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->caps.max_queue_pairs, 1);
	assert_null(backend->config);
	assert_null(backend->mtu);
	close_backend();
	peer_stop(&peer);
	assert_string_equal(peer.log, "GET_FEATURES SET_OWNER");
}

static void
absurd_numbers_are_cut_or_refused(void **state)
{
	(void)state;
	peer.protocol |= P(CONFIGURE_MEM_SLOTS);
	peer.queue_num = UINT64_MAX;
	peer.slots = UINT64_C(1) << 63;
	peer_start(&peer);
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->caps.max_queue_pairs, 128);
	assert_int_equal(backend->caps.max_mem_regions, 512);
	assert_non_null(backend->slots);
	close_backend();
	peer_stop(&peer);
	peer.slots = 0;
	peer_start(&peer);
	assert_int_equal(connect_backend(), 0);
	assert_null(backend->slots);
	assert_int_equal(backend->caps.max_mem_regions, 8);
	close_backend();
	peer_stop(&peer);
	peer.queue_num = 0;
	peer_start(&peer);
	assert_int_equal(connect_backend(), -EPROTO);
	close_backend();
	peer_stop(&peer);
}

static void
a_client_says_why_it_reached_nobody(void **state)
{
	struct vhost_user_listener stale;

	(void)state;
	assert_int_equal(connect_backend(), -ENOENT);
	close_backend();
	assert_int_equal(vhost_user_socket_listen(&stale, path, NULL), 0);
	close(stale.fd);
	assert_int_equal(connect_backend(), -ECONNREFUSED);
	close_backend();
}

static void
a_silent_peer_is_given_up_at_the_deadline(void **state)
{
	struct vhost_user_listener listener;
	uint64_t before = vhost_user_now();

	(void)state;
	assert_int_equal(vhost_user_socket_listen(&listener, path, NULL), 0);
	assert_int_equal(connect_backend(), -ETIMEDOUT);
	assert_in_range(vhost_user_now() - before, DEADLINE_MS * 1000000, (DEADLINE_MS + 300) * 1000000);
	close_backend();
	vhost_user_socket_unlisten(&listener);
}

static void
a_server_waits_for_nobody_and_takes_who_comes(void **state)
{
	int i, rc;

	(void)state;
	assert_int_equal(open_backend(true), 0);
	set_deadline();
	assert_int_equal(backend->ops->connect(backend), -EAGAIN);
	peer.connects = true;
	peer_start(&peer);
	for (i = 0, rc = -EAGAIN; i < 1000 && rc == -EAGAIN; i++) {
		usleep(1000);
		set_deadline();
		rc = backend->ops->connect(backend);
	}
	assert_int_equal(rc, 0);
	assert_int_equal(backend->link->check(backend), 0);
	close_backend();
	peer_stop(&peer);
	assert_int_equal(access(path, F_OK), -1);
}

static void
a_second_peer_is_shown_the_door(void **state)
{
	struct scripted_peer second;
	char byte;
	int fd;

	(void)state;
	assert_int_equal(open_backend(true), 0);
	peer.connects = true;
	second = peer;
	peer_start(&peer);
	do {
		usleep(1000);
		set_deadline();
	} while (backend->ops->connect(backend) == -EAGAIN);
	fd = vhost_user_socket_connect(second.path, vhost_user_deadline_after_ms(100), NULL);
	assert_true(fd >= 0);
	assert_int_equal(backend->link->check(backend), 0);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
	close_backend();
	peer_stop(&peer);
}

static void
a_live_socket_is_not_stolen_and_a_stale_one_is_replaced(void **state)
{
	struct vhost_user_listener listener;

	(void)state;
	assert_int_equal(vhost_user_socket_listen(&listener, path, NULL), 0);
	assert_int_equal(open_backend(true), -EADDRINUSE);
	close(listener.fd);
	assert_int_equal(open_backend(true), 0);
	close_backend();
}

static void
a_peer_that_leaves_or_talks_out_of_turn_is_noticed(void **state)
{
	struct vhost_user_listener listener;
	int fd, i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct vhost_user_backend *vu;

		assert_int_equal(vhost_user_socket_listen(&listener, path, NULL), 0);
		assert_int_equal(open_backend(false), 0);
		vu = (struct vhost_user_backend *)backend;
		fd = vhost_user_socket_connect(path, vhost_user_deadline_after_ms(100), NULL);
		vhost_user_channel_init(&vu->channel, fd, VHOST_USER_TO_BACKEND);
		fd = vhost_user_socket_accept(&listener);
		assert_int_equal(backend->link->check(backend), 0);
		if (i == 0)
			close(fd);
		else
			assert_true(write(fd, "xxxxxxxxxxxxxxxxxxxxxxxx", i == 1 ? 5 : 24) > 0);
		assert_true(backend->link->check(backend) < 0);
		close_backend();
		if (i > 0)
			close(fd);
		vhost_user_socket_unlisten(&listener);
	}
}

static void
connecting_again_works_after_every_kind_of_end(void **state)
{
	unsigned int fds = peer_count_fds();
	int i;

	(void)state;
	peer_start(&peer);
	assert_int_equal(open_backend(false), 0);
	for (i = 0; i < 20; i++) {
		set_deadline();
		assert_int_equal(backend->ops->connect(backend), 0);
		if (i % 2 == 0)
			backend->ops->disconnect(backend);
		backend->ops->disconnect(backend);
	}
	close_backend();
	peer_stop(&peer);
	assert_int_equal(peer_count_fds(), fds);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_handshake_learns_what_the_peer_can),
		TEST(a_peer_without_protocol_features_is_asked_for_none),
		TEST(absurd_numbers_are_cut_or_refused),
		TEST(a_client_says_why_it_reached_nobody),
		TEST(a_silent_peer_is_given_up_at_the_deadline),
		TEST(a_server_waits_for_nobody_and_takes_who_comes),
		TEST(a_second_peer_is_shown_the_door),
		TEST(a_live_socket_is_not_stolen_and_a_stale_one_is_replaced),
		TEST(a_peer_that_leaves_or_talks_out_of_turn_is_noticed),
		TEST(connecting_again_works_after_every_kind_of_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
