/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The verbs: status transitions, features, queues, configuration space bounds, information.
 *
 * VIRTIO 1.3 3.1.1: "Set the FEATURES_OK status bit"
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

static int
setup(void **state)
{
	struct virtio_user_config config;

	(void)state;
	fake_init();
	config = fake_config();
	return fake_open(&config);
}

static int
teardown(void **state)
{
	(void)state;
	fake_close();
	fake_fini();
	return 0;
}

static void
status_takes_the_legal_steps_only(void **state)
{
	static const struct {
		uint8_t from, to;
		int rc;
	} steps[] = {
		{0, 1, 0}, {0, 3, 0}, {0, 2, -EINVAL}, {0, 8, -EINVAL}, {0, 15, -EINVAL}, {0, 4, -EINVAL},
		{1, 3, 0}, {1, 9, -EINVAL}, {3, 11, 0}, {3, 7, -EINVAL}, {3, 15, -EINVAL}, {3, 1, -EINVAL},
		{11, 15, 0}, {11, 3, -EINVAL}, {11, 0x8b, 0}, {15, 11, -EINVAL}, {15, 0, 0}, {15, 0x8f, 0},
		{15, 0x1f, -EINVAL}, {15, 0x4f, -EINVAL},
	};
	static const uint8_t path[] = {1, 3, 11, 15};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(virtio_user_set_status(fake.device, 0), 0);
		for (j = 0; j < 4 && path[j] <= steps[i].from; j++)
			assert_int_equal(virtio_user_set_status(fake.device, path[j]), 0);
		if (virtio_user_set_status(fake.device, steps[i].to) != steps[i].rc)
			fail_msg("from 0x%x to 0x%x", steps[i].from, steps[i].to);
		assert_int_equal(virtio_user_get_status(fake.device), steps[i].rc == 0 ? steps[i].to : steps[i].from);
	}
}

static void
features_outside_the_offer_are_refused(void **state)
{
	uint64_t offered = virtio_user_get_features(fake.device);

	(void)state;
	assert_int_equal(virtio_user_set_features(fake.device, offered | VIRTIO_BIT(VIRTIO_F_RING_PACKED)), -EINVAL);
	assert_int_equal(virtio_user_set_features(fake.device, offered), 0);
}

static void
features_are_settled_by_features_ok(void **state)
{
	(void)state;
	fake_negotiate();
	assert_int_equal(virtio_user_set_features(fake.device, 0), -EINVAL);
	assert_int_equal(virtio_user_reset(fake.device), 0);
	assert_int_equal(virtio_user_set_features(fake.device, 0), 0);
}

static void
a_queue_is_set_up_after_features_ok_and_within_bounds(void **state)
{
	struct vring_area good, bad;

	(void)state;
	assert_int_equal(virtio_user_setup_queue(fake.device, 0, &fake.areas[0]), -EINVAL);
	fake_negotiate();
	good = fake.areas[0];
	assert_int_equal(virtio_user_setup_queue(fake.device, 2, &good), -EINVAL);
	assert_int_equal(virtio_user_setup_queue(fake.device, 0xffff, &good), -EINVAL);
	bad = good;
	bad.size = 512;
	assert_int_equal(virtio_user_setup_queue(fake.device, 0, &bad), -EINVAL);
	bad.size = 12;
	assert_int_equal(virtio_user_setup_queue(fake.device, 0, &bad), -EINVAL);
	bad = good;
	bad.format = VRING_PACKED;
	assert_int_equal(virtio_user_setup_queue(fake.device, 0, &bad), -EINVAL);
	bad = good;
	bad.desc = NULL;
	assert_int_equal(virtio_user_setup_queue(fake.device, 0, &bad), -EINVAL);
	assert_int_equal(virtio_user_setup_queue(fake.device, 0, &good), 0);
	assert_int_equal(virtio_user_set_status(fake.device, 15), 0);
	assert_int_equal(virtio_user_setup_queue(fake.device, 0, &good), -EBUSY);
}

static void
get_queue_num_tells_which_queues_exist(void **state)
{
	struct virtio_user_config config = fake_config();

	(void)state;
	assert_int_equal(virtio_user_get_queue_num(fake.device, 1), 256);
	assert_int_equal(virtio_user_get_queue_num(fake.device, 2), 0);
	fake_close();
	config.queue_pairs = 2;
	assert_int_equal(fake_open(&config), 0);
	fake_negotiate();
	assert_int_equal(virtio_user_get_queue_num(fake.device, 4), 256);
	assert_int_equal(virtio_user_get_queue_num(fake.device, 5), 0);
}

static void
config_reads_beyond_the_end_are_zero(void **state)
{
	uint8_t bytes[64], zero[64] = {0};

	(void)state;
	memset(bytes, 0xaa, sizeof(bytes));
	virtio_user_read_config(fake.device, sizeof(struct virtio_net_config) - 4, bytes, sizeof(bytes));
	assert_memory_equal(bytes + 4, zero, 60);
	memset(bytes, 0xaa, sizeof(bytes));
	virtio_user_read_config(fake.device, SIZE_MAX - 3, bytes, sizeof(bytes));
	assert_memory_equal(bytes, zero, sizeof(bytes));
}

static void
config_is_read_only_for_a_modern_driver(void **state)
{
	const uint8_t mac[6] = {2, 2, 2, 2, 2, 2};
	uint8_t seen[6];

	(void)state;
	assert_int_equal(virtio_user_write_config(fake.device, 0, mac, 6), -EPERM);
	fake_negotiate();
	assert_int_equal(virtio_user_write_config(fake.device, 0, mac, 6), -EPERM);
	assert_int_equal(virtio_user_reset(fake.device), 0);
	assert_int_equal(virtio_user_set_status(fake.device, 3), 0);
	assert_int_equal(virtio_user_write_config(fake.device, 2, mac, 6), -EPERM);
	assert_int_equal(virtio_user_write_config(fake.device, SIZE_MAX, mac, 6), -EPERM);
	assert_int_equal(virtio_user_write_config(fake.device, 0, mac, 6), 0);
	virtio_user_read_config(fake.device, 0, seen, 6);
	assert_memory_equal(seen, mac, 6);
}

static void
reset_stops_the_rings_and_forgets_the_driver(void **state)
{
	struct virtio_user_info info;

	(void)state;
	fake_start();
	fake_log_clear();
	assert_int_equal(virtio_user_reset(fake.device), 0);
	assert_string_equal(fake_log(), "quiesce get=0 get=1 disable=0 disable=1 status=0");
	virtio_user_get_info(fake.device, &info);
	assert_int_equal(info.features, 0);
	assert_int_equal(virtio_user_get_status(fake.device), 0);
	fake_log_clear();
	fake_start();
	assert_non_null(strstr(fake_log(), "call=0 call=1 features"));
	assert_non_null(strstr(fake_log(), "base=0:0"));
}

static void
failed_stops_the_rings(void **state)
{
	(void)state;
	fake_start();
	fake_log_clear();
	assert_int_equal(virtio_user_set_status(fake.device, 15 | 0x80), 0);
	assert_string_equal(fake_log(), "quiesce get=0 get=1 disable=0 disable=1");
	assert_int_equal(virtio_user_resume(fake.device), -EINVAL);
}

static void
suspend_and_resume_want_a_started_device(void **state)
{
	(void)state;
	assert_int_equal(virtio_user_suspend(fake.device), -EINVAL);
	assert_int_equal(virtio_user_resume(fake.device), -EINVAL);
	fake_start();
	assert_int_equal(virtio_user_resume(fake.device), 0);
	assert_int_equal(virtio_user_suspend(fake.device), 0);
	fake_log_clear();
	assert_int_equal(virtio_user_suspend(fake.device), 0);
	assert_string_equal(fake_log(), "");
}

static void
deleting_a_running_queue_stops_it_alone(void **state)
{
	(void)state;
	fake_start();
	fake_log_clear();
	virtio_user_del_queue(fake.device, 1);
	virtio_user_del_queue(fake.device, 77);
	assert_string_equal(fake_log(), "get=1 disable=1");
}

static void
mtu_is_bounded_and_untold_without_the_feature(void **state)
{
	(void)state;
	fake_start();
	fake_log_clear();
	assert_int_equal(virtio_user_set_mtu(fake.device, 67), -EINVAL);
	assert_int_equal(virtio_user_set_mtu(fake.device, 1500), 0);
	assert_string_equal(fake_log(), "");
}

static void
link_changes_raise_the_isr_when_asked_to(void **state)
{
	(void)state;
	assert_int_equal(virtio_user_set_config_irq(fake.device, 5), -EINVAL);
	assert_int_equal(virtio_user_set_config_irq(fake.device, 0), 0);
	(void)virtio_user_get_isr(fake.device);
	fake_vanish();
	assert_true(fake_wait_link(false));
	assert_int_equal(virtio_user_get_isr(fake.device) & 2, 2);
	assert_int_equal(virtio_user_get_isr(fake.device), 0);
}

static void
info_counts_kicks_connections_and_regions(void **state)
{
	struct virtio_user_info info;

	(void)state;
	fake_start();
	virtio_user_notify_queue(fake.device, 0);
	virtio_user_notify_queue(fake.device, 1);
	virtio_user_notify_queue(fake.device, 99);
	virtio_user_get_info(fake.device, &info);
	assert_int_equal(info.kicks, 4);
	assert_int_equal(info.connects, 1);
	assert_int_equal(info.disconnects, 0);
	assert_int_equal(info.regions, 1);
	assert_int_equal(info.region_limit, 8);
	assert_int_equal(info.table_updates, 1);
	assert_true(info.connected && info.link_up);
	assert_string_equal(info.backend, "fake");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(status_takes_the_legal_steps_only, setup, teardown),
		cmocka_unit_test_setup_teardown(features_outside_the_offer_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(features_are_settled_by_features_ok, setup, teardown),
		cmocka_unit_test_setup_teardown(a_queue_is_set_up_after_features_ok_and_within_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(get_queue_num_tells_which_queues_exist, setup, teardown),
		cmocka_unit_test_setup_teardown(config_reads_beyond_the_end_are_zero, setup, teardown),
		cmocka_unit_test_setup_teardown(config_is_read_only_for_a_modern_driver, setup, teardown),
		cmocka_unit_test_setup_teardown(reset_stops_the_rings_and_forgets_the_driver, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_stops_the_rings, setup, teardown),
		cmocka_unit_test_setup_teardown(suspend_and_resume_want_a_started_device, setup, teardown),
		cmocka_unit_test_setup_teardown(deleting_a_running_queue_stops_it_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(mtu_is_bounded_and_untold_without_the_feature, setup, teardown),
		cmocka_unit_test_setup_teardown(link_changes_raise_the_isr_when_asked_to, setup, teardown),
		cmocka_unit_test_setup_teardown(info_counts_kicks_connections_and_regions, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
