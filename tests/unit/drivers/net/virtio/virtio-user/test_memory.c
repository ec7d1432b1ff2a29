/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Memory while it changes: what the peer is told, in pieces or as a whole, and that no data thread is inside before
 * the peer knows. The gate (gate.c) is the other half of the same contract, so it is tested here too.
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

#define FAR UINT64_C(0x700000000000)

static void
start_with(bool has_slots)
{
	struct virtio_user_config config = fake_config();

	fake.has_slots = has_slots;
	assert_int_equal(fake_open(&config), 0);
	fake_start();
	fake_log_clear();
}

static void
new_memory_is_told_before_data_threads_come_back(void **state)
{
	(void)state;
	start_with(false);
	fake_memory_add(FAR, 0x1000, 0, 7);
	assert_true(fake_wait_log("release"));
	assert_string_equal(fake_log(), "quiesce table=2 release");
	assert_true(virtio_user_link_is_up(fake.device));
}

static void
freed_memory_is_withdrawn_without_stopping_anybody(void **state)
{
	(void)state;
	start_with(false);
	fake_memory_add(FAR, 0x1000, 0, 7);
	assert_true(fake_wait_log("release"));
	fake_log_clear();
	fake_memory_remove(FAR);
	assert_true(fake_wait_log("table=1"));
	assert_string_equal(fake_log(), "table=1");
}

static void
with_slots_only_the_difference_is_told(void **state)
{
	(void)state;
	start_with(true);
	fake_memory_add(FAR, 0x1000, 0, 7);
	assert_true(fake_wait_log("release"));
	assert_string_equal(fake_log(), "quiesce add=700000000000 release");
	fake_log_clear();
	fake_memory_remove(FAR);
	assert_true(fake_wait_log("rem=700000000000"));
}

static void
with_slots_what_grows_stays_and_gets_a_neighbour(void **state)
{
	(void)state;
	start_with(true);
	fake_memory_add(FAR, 0x1000, 0, 7);
	assert_true(fake_wait_log("release"));
	fake_log_clear();
	fake_memory_add(FAR + 0x1000, 0x1000, 0x1000, 7);
	assert_true(fake_wait_log("release"));
	assert_string_equal(fake_log(), "quiesce add=700000001000 release");
}

static void
with_slots_what_shrinks_is_replaced_while_the_rings_stand_still(void **state)
{
	(void)state;
	fake.has_slots = true;
	fake_memory_add(FAR, 0x1000, 0, 7);
	fake_memory_add(FAR + 0x1000, 0x1000, 0x1000, 7);
	start_with(true);
	fake_memory_remove(FAR + 0x1000);
	assert_true(fake_wait_log("release"));
	assert_string_equal(fake_log(), "quiesce get=0 get=1 disable=0 disable=1 rem=700000000000 "
			    "add=700000000000 call=0 num=0:8 base=0:0 addr=0 call=1 num=1:8 base=1:0 addr=1 "
			    "kick=0 kick=1 enable=0 enable=1 status=15 release");
	assert_int_equal(fake.link_downs, 0);
}

static void
memory_that_changes_while_stopped_is_told_at_the_start(void **state)
{
	struct virtio_user_config config = fake_config();

	(void)state;
	assert_int_equal(fake_open(&config), 0);
	fake_negotiate();
	fake_log_clear();
	fake_memory_add(FAR, 0x1000, 0, 7);
	assert_string_equal(fake_log(), "");
	assert_int_equal(virtio_user_set_status(fake.device, 15), 0);
	assert_non_null(strstr(fake_log(), "table=2 num=0"));
}

static void
memory_that_changes_while_suspended_is_told_at_the_resume(void **state)
{
	(void)state;
	start_with(false);
	assert_int_equal(virtio_user_suspend(fake.device), 0);
	fake_memory_add(FAR, 0x1000, 0, 7);
	fake_log_clear();
	assert_int_equal(virtio_user_resume(fake.device), 0);
	assert_non_null(strstr(fake_log(), "table=2 call=0"));
}

static void
too_many_regions_leave_the_link_down_and_the_peer_connected(void **state)
{
	struct virtio_user_config config = fake_config();
	struct virtio_user_info info;
	uint32_t i;

	(void)state;
	fake.caps.max_mem_regions = 3;
	for (i = 0; i < 3; i++)
		fake_memory_add(FAR + i * 0x10000, 0x1000, 0, 7 + i);
	assert_int_equal(fake_open(&config), 0);
	fake_negotiate();
	fake_log_clear();
	assert_int_equal(virtio_user_set_status(fake.device, 15), 0);
	assert_string_equal(fake_log(), "");
	virtio_user_get_info(fake.device, &info);
	assert_true(info.connected);
	assert_false(info.link_up);
	assert_int_equal(info.last_error, -E2BIG);
	/* One less, and it runs. */
	fake_memory_remove(FAR);
	assert_true(fake_wait_link(true));
	assert_non_null(strstr(fake_log(), "table=3 num=0"));
}

static void
growing_past_the_limit_stops_the_rings_and_shrinking_starts_them(void **state)
{
	(void)state;
	fake.caps.max_mem_regions = 1;
	start_with(false);
	fake.bases[1] = 9;
	fake_memory_add(FAR, 0x1000, 0, 7);
	assert_true(fake_wait_link(false));
	assert_string_equal(fake_log(), "quiesce get=0 get=1 disable=0 disable=1");
	fake_log_clear();
	fake_memory_remove(FAR);
	assert_true(fake_wait_link(true));
	assert_non_null(strstr(fake_log(), "base=1:9"));
	assert_null(strstr(fake_log(), "resync"));
}

static void
a_peer_that_fails_the_new_table_is_replaced(void **state)
{
	(void)state;
	start_with(false);
	fake_fail(1, -ETIMEDOUT);
	fake_memory_add(FAR, 0x1000, 0, 7);
	assert_true(fake_wait_log("release"));
	assert_non_null(strstr(fake_log(), "quiesce table=2 disconnect connect"));
	assert_non_null(strstr(fake_log(), "resync=0"));
}

static void
no_descriptor_of_a_table_outlives_it(void **state)
{
	unsigned int before = fake_count_fds(), i;

	(void)state;
	start_with(false);
	for (i = 0; i < 20; i++) {
		fake_log_clear();
		fake_memory_add(FAR, 0x1000, 0, 7 + i);
		assert_true(fake_wait_log("release"));
		fake_memory_remove(FAR);
		assert_true(fake_wait_log("table=1"));
	}
	fake_close();
	assert_int_equal(fake_count_fds(), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_memory_is_told_before_data_threads_come_back),
		TEST(freed_memory_is_withdrawn_without_stopping_anybody),
		TEST(with_slots_only_the_difference_is_told),
		TEST(with_slots_what_grows_stays_and_gets_a_neighbour),
		TEST(with_slots_what_shrinks_is_replaced_while_the_rings_stand_still),
		TEST(memory_that_changes_while_stopped_is_told_at_the_start),
		TEST(memory_that_changes_while_suspended_is_told_at_the_resume),
		TEST(too_many_regions_leave_the_link_down_and_the_peer_connected),
		TEST(growing_past_the_limit_stops_the_rings_and_shrinking_starts_them),
		TEST(a_peer_that_fails_the_new_table_is_replaced),
		TEST(no_descriptor_of_a_table_outlives_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
