/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A device's life: opening undoes what it did when a later step fails, closing leaves nothing behind.
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

static void
strings_are_copied(void **state)
{
	char name[] = "fake7", path[] = "/some/where";
	struct virtio_user_config config = fake_config();

	(void)state;
	config.name = name;
	config.path = path;
	config.iface = path;
	assert_int_equal(fake_open(&config), 0);
	memset(name, 'x', 5);
	memset(path, 'x', 5);
	assert_string_equal(fake.device->name, "fake7");
	assert_string_equal(fake.device->config.path, "/some/where");
	assert_string_equal(fake.device->config.iface, "/some/where");
}

static void
a_failing_step_of_open_undoes_the_ones_before(void **state)
{
	struct virtio_user_config config = fake_config();
	unsigned int fds = fake_count_fds();

	(void)state;
	fake.watch_rc = -ENOMEM;
	assert_int_equal(fake_open(&config), -ENOMEM);
	assert_int_equal(fake_count_fds(), fds);
	assert_string_equal(fake_log(), "connect close");
	fake.watch_rc = 0;
	fake.thread_rc = -EAGAIN;
	assert_int_equal(fake_open(&config), -EAGAIN);
	assert_int_equal(fake_count_fds(), fds);
	assert_null(fake.changed);
	fake.thread_rc = 0;
	fake.is_present = false;
	assert_true(fake_open(&config) < 0);
	assert_int_equal(fake_count_fds(), fds);
}

static void
closing_a_running_device_stops_its_rings_first(void **state)
{
	struct virtio_user_config config = fake_config();

	(void)state;
	assert_int_equal(fake_open(&config), 0);
	fake_start();
	fake_log_clear();
	fake_close();
	assert_string_equal(fake_log(), "quiesce get=0 get=1 disable=0 disable=1 status=0 close");
	assert_null(fake.changed);
}

static void
closing_nothing_is_nothing(void **state)
{
	(void)state;
	virtio_user_device_close(NULL);
	assert_string_equal(fake_log(), "");
}

static void
two_hundred_lives_leak_nothing(void **state)
{
	struct virtio_user_config config = fake_config();
	unsigned int fds = fake_count_fds(), i;

	(void)state;
	for (i = 0; i < 200; i++) {
		assert_int_equal(fake_open(&config), 0);
		fake_start();
		fake_close();
		fake_log_clear();
		fake.memory_used = 0;
	}
	assert_int_equal(fake_count_fds(), fds);
}

static void
waiting_for_the_link_ends_when_it_comes_or_the_time_is_over(void **state)
{
	struct virtio_user_config config = fake_config();

	(void)state;
	config.server = true;
	fake.is_present = false;
	assert_int_equal(fake_open(&config), 0);
	assert_false(virtio_user_link_wait(fake.device, 0));
	assert_false(virtio_user_link_wait(fake.device, 10));
	fake_arrive();
	assert_true(virtio_user_link_wait(fake.device, 3000));
	assert_true(virtio_user_link_is_up(fake.device));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(strings_are_copied, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_failing_step_of_open_undoes_the_ones_before, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(closing_a_running_device_stops_its_rings_first, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(closing_nothing_is_nothing, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(two_hundred_lives_leak_nothing, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(waiting_for_the_link_ends_when_it_comes_or_the_time_is_over, fake_setup,
						fake_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
