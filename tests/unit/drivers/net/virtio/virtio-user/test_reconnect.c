/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The life of the connection: peers that are absent, arrive, vanish in every state, lack features; closing from
 * anywhere. Run under ThreadSanitizer too: everything here has two threads.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_backend.h"
#include "virtio-user/virtio.h"

#include <pthread.h>
#include <unistd.h>

static void
open_as(bool server)
{
	struct virtio_user_config config = fake_config();

	config.server = server;
	assert_int_equal(fake_open(&config), 0);
}

static void
a_client_without_a_peer_does_not_open(void **state)
{
	unsigned int fds = fake_count_fds();
	struct virtio_user_config config = fake_config();

	(void)state;
	fake.is_present = false;
	assert_true(fake_open(&config) < 0);
	assert_int_equal(fake_count_fds(), fds);
	assert_string_equal(fake_log(), "close");
}

static void
more_queues_than_the_peer_has_do_not_open(void **state)
{
	struct virtio_user_config config = fake_config();

	(void)state;
	config.queue_pairs = 5;
	assert_int_equal(fake_open(&config), -EINVAL);
}

static void
a_server_with_a_peer_of_too_few_queues_lets_it_go(void **state)
{
	struct virtio_user_config config = fake_config();
	struct virtio_user_info info;

	(void)state;
	config.queue_pairs = 5;
	config.server = true;
	fake_arrive();
	assert_int_equal(fake_open(&config), 0);
	assert_true(fake_wait_log("connect disconnect"));
	virtio_user_get_info(fake.device, &info);
	assert_int_equal(info.last_error, -EINVAL);
	assert_false(info.connected);
}

static void
a_server_starts_without_a_peer_and_runs_when_it_arrives(void **state)
{
	(void)state;
	fake.is_present = false;
	fake.has_mtu = true;
	fake.caps.features |= VIRTIO_BIT(VIRTIO_NET_F_MTU);
	open_as(true);
	fake_start();
	assert_false(virtio_user_link_is_up(fake.device));
	assert_false(virtio_user_link_wait(fake.device, 20));
	assert_string_equal(fake_log(), "");
	fake_arrive();
	assert_true(virtio_user_link_wait(fake.device, 3000));
	assert_string_equal(fake_log(), "connect status=3 call=0 call=1 features status=11 status? "
			    "table=1 num=0:8 base=0:0 addr=0 num=1:8 base=1:0 addr=1 "
			    "kick=0 kick=1 enable=0 enable=1 status=15 release");
}

static void
a_lost_peer_is_replaced_and_rings_go_on_where_the_driver_says(void **state)
{
	struct virtio_user_info info;

	(void)state;
	open_as(false);
	fake_start();
	fake.resync_base = 42;
	fake_log_clear();
	fake_vanish();
	assert_true(fake_wait_link(false));
	assert_true(fake_wait_log("disconnect"));
	assert_string_equal(fake_log(), "quiesce disconnect");
	fake_arrive();
	assert_true(fake_wait_link(true));
	assert_string_equal(fake_log(), "quiesce disconnect connect status=3 call=0 call=1 features status=11 "
			    "status? table=1 resync=0 num=0:8 base=0:42 addr=0 resync=1 num=1:8 base=1:42 "
			    "addr=1 kick=0 kick=1 enable=0 enable=1 status=15 release");
	virtio_user_get_info(fake.device, &info);
	assert_int_equal(info.connects, 2);
	assert_int_equal(info.disconnects, 1);
	assert_int_equal(info.last_error, 0);
}

/** Take a device to one of the states, lose the peer there, go on to RUNNING, get a peer. */
static void
lose_peer_in(int where, bool server)
{
	fake_arrive();
	open_as(server);
	assert_true(fake_wait_link(true));
	if (where == 1)
		fake_negotiate();
	if (where >= 2)
		fake_start();
	if (where == 3)
		assert_int_equal(virtio_user_suspend(fake.device), 0);
	fake_vanish();
	assert_true(fake_wait_link(false));
	if (where == 0)
		fake_start();
	if (where == 1)
		assert_int_equal(virtio_user_set_status(fake.device, 15), 0);
	if (where == 3)
		assert_int_equal(virtio_user_resume(fake.device), 0);
	assert_false(virtio_user_link_is_up(fake.device));
	fake_arrive();
	assert_true(fake_wait_log("release"));
	assert_true(fake_wait_link(true));
	assert_int_equal(virtio_user_suspend(fake.device), 0);
	fake_close();
	fake_log_clear();
	fake.memory_used = 0;
}

static void
a_peer_may_vanish_in_every_state(void **state)
{
	unsigned int fds = fake_count_fds();
	int where;

	(void)state;
	for (where = 0; where < 4; where++) {
		lose_peer_in(where, true);
		lose_peer_in(where, false);
		assert_int_equal(fake_count_fds(), fds);
	}
}

static void
a_peer_that_vanishes_while_suspended_is_followed_by_one_that_waits(void **state)
{
	(void)state;
	open_as(true);
	fake_arrive();
	assert_true(fake_wait_link(true));
	fake_start();
	assert_int_equal(virtio_user_suspend(fake.device), 0);
	fake_vanish();
	assert_true(fake_wait_link(false));
	fake_log_clear();
	fake_arrive();
	assert_true(fake_wait_link(true));
	assert_string_equal(fake_log(), "connect status=3 call=0 call=1 features status=11 status?");
	assert_int_equal(virtio_user_resume(fake.device), 0);
	/* The first peer had said where it stopped. */
	assert_null(strstr(fake_log(), "resync"));
	assert_non_null(strstr(fake_log(), "release"));
}

static void
stop_and_close_succeed_without_a_peer(void **state)
{
	(void)state;
	open_as(false);
	fake_start();
	fake_vanish();
	assert_true(fake_wait_link(false));
	assert_int_equal(virtio_user_suspend(fake.device), 0);
	assert_int_equal(virtio_user_resume(fake.device), 0);
	assert_int_equal(virtio_user_reset(fake.device), 0);
	fake_close();
}

static void
a_new_peer_without_a_negotiated_feature_is_let_go(void **state)
{
	struct virtio_user_info info;

	(void)state;
	open_as(true);
	fake_arrive();
	assert_true(fake_wait_link(true));
	fake_start();
	fake_vanish();
	assert_true(fake_wait_link(false));
	assert_true(fake_wait_log("disconnect"));
	pthread_mutex_lock(&fake.lock);
	fake.caps.features &= ~VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF);
	pthread_mutex_unlock(&fake.lock);
	fake_log_clear();
	fake_arrive();
	assert_true(fake_wait_log("connect disconnect"));
	assert_null(strstr(fake_log(), "features"));
	virtio_user_get_info(fake.device, &info);
	assert_int_equal(info.last_error, -ENOTSUP);
	assert_false(virtio_user_link_is_up(fake.device));
	pthread_mutex_lock(&fake.lock);
	fake.caps.features |= VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF);
	pthread_mutex_unlock(&fake.lock);
	assert_true(fake_wait_link(true));
}

static void
a_ring_that_cannot_be_mended_keeps_data_threads_out(void **state)
{
	(void)state;
	open_as(false);
	fake_start();
	fake.resync_rc = -EIO;
	fake_log_clear();
	fake_vanish();
	assert_true(fake_wait_link(false));
	fake_arrive();
	assert_true(fake_wait_log("resync=0"));
	assert_null(strstr(fake_log(), "release"));
}

static void
the_listener_hears_of_the_link_in_order(void **state)
{
	int i;

	(void)state;
	open_as(true);
	for (i = 0; i < 5; i++) {
		fake_arrive();
		assert_true(fake_wait_link(true));
		fake_vanish();
		assert_true(fake_wait_link(false));
	}
	usleep(20000);
	pthread_mutex_lock(&fake.lock);
	assert_int_equal(fake.link_ups, fake.link_downs);
	assert_in_range(fake.link_ups, 1, 5);
	pthread_mutex_unlock(&fake.lock);
}

/** Set when the device was closed by its own thread. */
static bool was_closed;

static void
close_it(struct virtio_user_device *device, bool up)
{
	(void)up;
	virtio_user_device_close(device);
	__atomic_store_n(&was_closed, true, __ATOMIC_RELEASE);
}

static void
the_listener_may_close_the_device(void **state)
{
	unsigned int fds = fake_count_fds();
	int i;

	(void)state;
	open_as(true);
	fake_start();
	pthread_mutex_lock(&fake.lock);
	fake.on_link = close_it;
	pthread_mutex_unlock(&fake.lock);
	fake_arrive();
	for (i = 0; i < 3000 && !__atomic_load_n(&was_closed, __ATOMIC_ACQUIRE); i++)
		usleep(1000);
	fake.device = NULL;
	assert_true(was_closed);
	for (i = 0; i < 3000 && fake_count_fds() != fds; i++)
		usleep(1000);
	assert_int_equal(fake_count_fds(), fds);
}

static void *
hammer(void *arg)
{
	struct virtio_user_info info;
	int i;

	(void)arg;
	for (i = 0; i < 300; i++) {
		virtio_user_suspend(fake.device);
		virtio_user_notify_queue(fake.device, 0);
		virtio_user_resume(fake.device);
		virtio_user_get_info(fake.device, &info);
		(void)virtio_user_link_wait(fake.device, 1);
	}
	return NULL;
}

static void
peers_memory_and_verbs_may_all_change_at_once(void **state)
{
	pthread_t thread;
	int i;

	(void)state;
	open_as(true);
	fake_arrive();
	fake_start();
	assert_int_equal(pthread_create(&thread, NULL, hammer, NULL), 0);
	for (i = 0; i < 50; i++) {
		fake_vanish();
		fake_memory_add(UINT64_C(0x700000000000), 0x1000, 0, 7 + i);
		usleep(500);
		fake_arrive();
		fake_memory_remove(UINT64_C(0x700000000000));
		usleep(500);
		fake_log_clear();
	}
	pthread_join(thread, NULL);
	fake_arrive();
	assert_true(fake_wait_link(true));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_without_a_peer_does_not_open),
		TEST(more_queues_than_the_peer_has_do_not_open),
		TEST(a_server_with_a_peer_of_too_few_queues_lets_it_go),
		TEST(a_server_starts_without_a_peer_and_runs_when_it_arrives),
		TEST(a_lost_peer_is_replaced_and_rings_go_on_where_the_driver_says),
		TEST(a_peer_may_vanish_in_every_state),
		TEST(a_peer_that_vanishes_while_suspended_is_followed_by_one_that_waits),
		TEST(stop_and_close_succeed_without_a_peer),
		TEST(a_new_peer_without_a_negotiated_feature_is_let_go),
		TEST(a_ring_that_cannot_be_mended_keeps_data_threads_out),
		TEST(the_listener_hears_of_the_link_in_order),
		TEST(the_listener_may_close_the_device),
		TEST(peers_memory_and_verbs_may_all_change_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
