/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The data threads' door: closed at once by new memory, opened only when the peer knows it, idempotent both ways.
 */

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
	if (fake_open(&config) < 0)
		return -1;
	fake_start();
	fake_log_clear();
	return 0;
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
closing_twice_quiesces_once(void **state)
{
	(void)state;
	device_lock(fake.device);
	device_gate_close(fake.device);
	device_gate_close(fake.device);
	device_unlock(fake.device);
	assert_string_equal(fake_log(), "quiesce");
}

static void
opening_an_open_gate_releases_nobody(void **state)
{
	bool peer_lost;

	(void)state;
	device_lock(fake.device);
	assert_int_equal(device_gate_open(fake.device, &peer_lost), 0);
	device_unlock(fake.device);
	assert_string_equal(fake_log(), "");
}

static void
new_memory_closes_before_its_allocation_returns(void **state)
{
	(void)state;
	/* The device's thread is kept out, so what is seen is the allocating thread's doing. */
	device_lock(fake.device);
	fake_memory_add(UINT64_C(0x700000000000), 0x1000, 0, 7);
	assert_string_equal(fake_log(), "quiesce");
	assert_true(device_gate_is_dirty(fake.device));
	device_unlock(fake.device);
	assert_true(fake_wait_log("quiesce table=2 release"));
}

static void
opening_a_dirty_gate_tells_the_peer_first(void **state)
{
	bool peer_lost;

	(void)state;
	device_lock(fake.device);
	fake_memory_add(UINT64_C(0x700000000000), 0x1000, 0, 7);
	assert_int_equal(device_gate_open(fake.device, &peer_lost), 0);
	assert_string_equal(fake_log(), "quiesce table=2 release");
	assert_false(device_gate_is_dirty(fake.device));
	device_unlock(fake.device);
}

static void
a_failure_to_tell_leaves_it_closed(void **state)
{
	bool peer_lost;

	(void)state;
	device_lock(fake.device);
	fake_fail(1, -5);
	fake_memory_add(UINT64_C(0x700000000000), 0x1000, 0, 7);
	assert_int_equal(device_gate_open(fake.device, &peer_lost), -5);
	assert_true(peer_lost);
	assert_null(strstr(fake_log(), "release"));
	device_unlock(fake.device);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(closing_twice_quiesces_once, setup, teardown),
		cmocka_unit_test_setup_teardown(opening_an_open_gate_releases_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(new_memory_closes_before_its_allocation_returns, setup, teardown),
		cmocka_unit_test_setup_teardown(opening_a_dirty_gate_tells_the_peer_first, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failure_to_tell_leaves_it_closed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
