/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The order contract: what a peer is told, in which order, on start, stop, restart and after each failure.
 *
 * VIRTIO 1.3 3.1.1: "Re-read device status"
 * vhost-user: "must start ring upon receiving a kick"
 * vhost-user: "must process and discard any TX packets"
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_backend.h"
#include "virtio-user/virtio.h"

#define NEGOTIATE "status=3 call=0 call=1 features status=11 status?"
#define RINGS "num=0:8 base=0:0 addr=0 num=1:8 base=1:0 addr=1 kick=0 kick=1 enable=0 enable=1 status=15"
#define AGAIN "call=0 num=0:8 base=0:5 addr=0 call=1 num=1:8 base=1:6 addr=1 kick=0 kick=1 enable=0 enable=1 " \
	"status=15"
#define STOP "get=0 get=1 disable=0 disable=1"

static void
open_with(const struct virtio_user_config *config)
{
	assert_int_equal(fake_open(config), 0);
}

static void
open_default(void)
{
	struct virtio_user_config config = fake_config();

	open_with(&config);
}

static void
features_ok_gives_calls_then_features_and_reads_the_status_back(void **state)
{
	(void)state;
	open_default();
	fake_log_clear();
	fake_negotiate();
	assert_string_equal(fake_log(), NEGOTIATE);
}

static void
driver_ok_gives_memory_rings_kicks_enables_and_only_then_lets_data_in(void **state)
{
	(void)state;
	open_default();
	fake_negotiate();
	fake_log_clear();
	assert_int_equal(virtio_user_set_status(fake.device, 15), 0);
	assert_string_equal(fake_log(), "table=1 " RINGS " release");
	assert_true(virtio_user_link_is_up(fake.device));
}

static void
a_peer_without_status_hears_of_none(void **state)
{
	(void)state;
	fake.has_status = false;
	open_default();
	fake_log_clear();
	fake_start();
	assert_null(strstr(fake_log(), "status"));
	assert_non_null(strstr(fake_log(), "enable=1 release"));
}

static void
suspend_asks_for_bases_before_it_disables(void **state)
{
	(void)state;
	open_default();
	fake_start();
	fake_log_clear();
	assert_int_equal(virtio_user_suspend(fake.device), 0);
	assert_string_equal(fake_log(), "quiesce " STOP);
	assert_true(virtio_user_link_is_up(fake.device));
}

static void
resume_goes_on_where_the_peer_stopped(void **state)
{
	(void)state;
	open_default();
	fake_start();
	fake.bases[0] = 5;
	fake.bases[1] = 6;
	assert_int_equal(virtio_user_suspend(fake.device), 0);
	fake_log_clear();
	assert_int_equal(virtio_user_resume(fake.device), 0);
	assert_string_equal(fake_log(), AGAIN " release");
}

static void
an_old_kick_is_gone_before_the_peer_gets_the_fd(void **state)
{
	uint64_t count = 0;

	(void)state;
	open_default();
	fake_negotiate();
	virtio_user_notify_queue(fake.device, 0);
	virtio_user_notify_queue(fake.device, 0);
	assert_int_equal(virtio_user_set_status(fake.device, 15), 0);
	assert_int_equal(read(fake.device->queues[0].kick, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
}

static void
a_queue_that_was_not_set_up_is_left_alone(void **state)
{
	(void)state;
	open_default();
	fake_negotiate();
	virtio_user_del_queue(fake.device, 1);
	fake_log_clear();
	assert_int_equal(virtio_user_set_status(fake.device, 15), 0);
	assert_string_equal(fake_log(), "table=1 num=0:8 base=0:0 addr=0 kick=0 enable=0 status=15 release");
}

static void
with_four_pairs_all_rings_are_told_and_one_pair_is_enabled(void **state)
{
	struct virtio_user_config config = fake_config();

	(void)state;
	config.queue_pairs = 4;
	open_with(&config);
	fake_log_clear();
	fake_start();
	assert_non_null(strstr(fake_log(), "call=7 features"));
	assert_null(strstr(fake_log(), "call=8"));
	assert_non_null(strstr(fake_log(), "kick=6 kick=7 enable=0 enable=1 status=15 release"));
}

static void
set_features_carries_only_what_the_peer_offered(void **state)
{
	struct virtio_user_config config = fake_config();

	(void)state;
	config.control_queue = true;
	fake.caps.features |= VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ);
	open_with(&config);
	fake_negotiate();
	assert_true(virtio_user_get_features(fake.device) & VIRTIO_BIT(VIRTIO_NET_F_MAC));
	assert_int_equal(fake.features & ~fake.caps.features, 0);
	/* The control queue is answered here: the peer is not to expect one. */
	assert_int_equal(fake.features & VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ), 0);
}

static void
features_ok_is_refused_when_the_peer_refuses(void **state)
{
	(void)state;
	open_default();
	virtio_user_set_status(fake.device, 3);
	/* status=3, two calls, then the features. */
	fake_fail(4, -EREMOTEIO);
	assert_int_equal(virtio_user_set_features(fake.device, virtio_user_get_features(fake.device)), 0);
	assert_int_equal(virtio_user_set_status(fake.device, 11), -EREMOTEIO);
	assert_int_equal(virtio_user_get_status(fake.device), 3);
	assert_true(virtio_user_link_is_up(fake.device));
}

static void
features_ok_is_refused_when_the_status_reads_back_without_it(void **state)
{
	(void)state;
	fake.drops_features_ok = true;
	open_default();
	virtio_user_set_status(fake.device, 3);
	assert_int_equal(virtio_user_set_features(fake.device, virtio_user_get_features(fake.device)), 0);
	assert_int_equal(virtio_user_set_status(fake.device, 11), -EREMOTEIO);
	assert_int_equal(virtio_user_get_status(fake.device), 3);
}

static void
mtu_is_told_when_the_peer_takes_it_and_again_to_the_next_peer(void **state)
{
	(void)state;
	fake.has_mtu = true;
	fake.caps.features |= VIRTIO_BIT(VIRTIO_NET_F_MTU);
	open_default();
	fake_start();
	fake_log_clear();
	assert_int_equal(virtio_user_set_mtu(fake.device, 9000), 0);
	assert_string_equal(fake_log(), "mtu=9000");
	fake_log_clear();
	fake_vanish();
	fake_arrive();
	assert_true(fake_wait_log("mtu=9000"));
}

/** Start, suspend, resume and reset while call @p at of the first connection fails. */
static bool
survive_failure(unsigned int at, int rc)
{
	struct virtio_user_config config = fake_config();
	bool has_failed;

	config.server = true;
	fake_arrive();
	open_with(&config);
	assert_true(fake_wait_link(true));
	fake_fail(at, rc);
	fake_start();
	assert_int_equal(virtio_user_suspend(fake.device), 0);
	assert_int_equal(virtio_user_resume(fake.device), 0);
	has_failed = fake_fail(0, 0);
	/* The connection was made anew, and in the end all is as if nothing had been. */
	assert_true(fake_wait_link(true));
	assert_int_equal(virtio_user_suspend(fake.device), 0);
	fake_log_clear();
	assert_int_equal(virtio_user_resume(fake.device), 0);
	assert_non_null(strstr(fake_log(), "kick=0 kick=1 enable=0 enable=1 status=15 release"));
	assert_int_equal(virtio_user_reset(fake.device), 0);
	fake_close();
	return has_failed;
}

static void
every_call_may_fail_and_nothing_leaks(void **state)
{
	unsigned int fds = fake_count_fds(), at;

	(void)state;
	for (at = 1; survive_failure(at, -ETIMEDOUT); at++) {
		assert_int_equal(fake_count_fds(), fds);
		fake.memory_used = 0;
	}
	/* Negotiation 6, rings 12, stop 4, rings again 12 or so: all of them were met. */
	assert_true(at > 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			features_ok_gives_calls_then_features_and_reads_the_status_back, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(
			driver_ok_gives_memory_rings_kicks_enables_and_only_then_lets_data_in, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_peer_without_status_hears_of_none, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(suspend_asks_for_bases_before_it_disables, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(resume_goes_on_where_the_peer_stopped, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(an_old_kick_is_gone_before_the_peer_gets_the_fd, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_queue_that_was_not_set_up_is_left_alone, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(
			with_four_pairs_all_rings_are_told_and_one_pair_is_enabled, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(set_features_carries_only_what_the_peer_offered, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(features_ok_is_refused_when_the_peer_refuses, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(
			features_ok_is_refused_when_the_status_reads_back_without_it, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(
			mtu_is_told_when_the_peer_takes_it_and_again_to_the_next_peer, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(every_call_may_fail_and_nothing_leaks, fake_setup, fake_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
