/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The tap as its administrator sees it: what we set and what is refused, what events make of it, a deleted and a
 * moved interface.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "virtio-user/backend/tap.h"

static struct tap tap;

static int
setup(void **state)
{
	const struct tap_config config = {.port = "test0", .iface = "tap3", .queues = 1};
	int rc;

	(void)state;
	fake_kernel_init();
	rc = tap_open(&tap, &config, &fake_kernel_sys, 0);
	if (rc < 0)
		return rc;
	fake_kernel_log_clear();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tap_close(&tap);
	return fake_kernel_open_files() == 0 && kernel.bad_closes == 0 ? 0 : -1;
}

static void
settings_are_made_once_and_are_no_news(void **state)
{
	const uint8_t mac[ETH_ALEN] = {2, 1, 2, 3, 4, 5};

	(void)state;
	assert_int_equal(tap_set_mac(&tap, mac), 0);
	assert_int_equal(tap_set_mac(&tap, mac), 0);
	assert_int_equal(tap_set_mtu(&tap, 1500, 0), 0);
	assert_int_equal(tap_set_mtu(&tap, 4000, 0), 0);
	assert_int_equal(tap_set_mtu(&tap, 4000, 0), 0);
	assert_int_equal(tap_set_modes(&tap, 0, IFF_PROMISC, 0), 0);
	assert_int_equal(tap_set_modes(&tap, IFF_PROMISC, IFF_PROMISC, 0), 0);
	assert_int_equal(tap_set_modes(&tap, IFF_ALLMULTI, IFF_ALLMULTI, 0), 0);
	assert_int_equal(tap_set_modes(&tap, 0, IFF_PROMISC, 0), 0);
	assert_string_equal(kernel.log, "SIOCSIFHWADDR(12) SETMTU(4000) SETFLAGS(0x100/0x100) "
			    "SETFLAGS(0x200/0x200) SETFLAGS(0/0x100)");
	fake_kernel_tell_link();
	assert_int_equal(tap_check(&tap, 0), 0);
}

static void
without_permission_the_interface_stays_as_it_is(void **state)
{
	const uint8_t mac[ETH_ALEN] = {2, 1, 2, 3, 4, 5};

	(void)state;
	kernel.mine_only = true;
	assert_int_equal(tap_set_mac(&tap, mac), 0);
	assert_int_equal(tap_set_mtu(&tap, 4000, 0), 0);
	assert_int_equal(tap_set_modes(&tap, IFF_PROMISC, IFF_PROMISC, 0), 0);
	assert_int_equal(tap.link.mtu, 1500);
	assert_int_not_equal(tap.link.mac[1], 1);
	assert_int_equal(tap.passed, 0);
}

static void
a_refusal_is_eremoteio_and_a_silent_kernel_is_not(void **state)
{
	const uint8_t mac[ETH_ALEN] = {2, 1, 2, 3, 4, 5};

	(void)state;
	kernel.link.mtu_max = 3000;
	assert_int_equal(tap_set_mtu(&tap, 4000, 0), -EREMOTEIO);
	fake_kernel_fail(1, -EADDRNOTAVAIL);
	assert_int_equal(tap_set_mac(&tap, mac), -EREMOTEIO);
	fake_kernel_fail(2, -ETIMEDOUT);
	assert_int_equal(tap_set_mtu(&tap, 2000, 0), -ETIMEDOUT);
	assert_int_equal(tap.link.mtu, 1500);
}

static void
what_an_administrator_changes_is_news(void **state)
{
	(void)state;
	assert_int_equal(tap_check(&tap, 0), 0);
	assert_false(tap_is_up(&tap));
	kernel.link.is_up = true;
	fake_kernel_tell_link();
	assert_int_equal(tap_check(&tap, 0), 1);
	assert_true(tap_is_up(&tap));
	fake_kernel_tell_link();
	assert_int_equal(tap_check(&tap, 0), 0);
	kernel.link.mtu = 1400;
	fake_kernel_tell_link();
	assert_int_equal(tap_check(&tap, 0), 1);
	kernel.link.mac[5] = 77;
	fake_kernel_tell_link();
	assert_int_equal(tap_check(&tap, 0), 1);
	assert_int_equal(tap.link.mac[5], 77);
	/* There and back before anybody looked. */
	kernel.link.is_up = false;
	fake_kernel_tell_link();
	kernel.link.is_up = true;
	fake_kernel_tell_link();
	assert_int_equal(tap_check(&tap, 0), 0);
}

static void
lost_events_are_asked_for(void **state)
{
	(void)state;
	fake_kernel_tell_error(-ENOBUFS);
	kernel.link.is_up = true;
	assert_int_equal(tap_check(&tap, 0), 1);
	assert_string_equal(kernel.log, "GETLINK(#7)");
	assert_true(tap_is_up(&tap));
	fake_kernel_tell_error(-ENOBUFS);
	memset(&kernel.link, 0, sizeof(kernel.link));
	assert_int_equal(tap_check(&tap, 0), -ENODEV);
}

static void
a_deleted_interface_is_enodev(void **state)
{
	(void)state;
	fake_kernel_drop_link(false);
	assert_int_equal(tap_check(&tap, 0), -ENODEV);
	assert_string_equal(kernel.log, "TUNGETIFF(12)");
}

static void
a_moved_interface_is_watched_where_it_went(void **state)
{
	(void)state;
	fake_kernel_drop_link(true);
	strcpy(kernel.link.name, "moved");
	kernel.link.is_up = true;
	assert_int_equal(tap_check(&tap, 0), 1);
	assert_string_equal(kernel.log, "TUNGETIFF(12) TUNGETDEVNETNS(12)=13 close(10) close(11) run_in(13) "
			    "netlink(0)=10 netlink(1)=11 close(13) GETLINK(moved)");
	assert_true(tap_is_up(&tap));
	assert_int_equal(tap_event_fd(&tap), 11);
}

static void
one_that_cannot_be_watched_counts_as_up(void **state)
{
	unsigned int at;

	(void)state;
	/* The event, the name, then each call of the way there. */
	for (at = 3; at <= 9; at++) {
		teardown(state);
		if (setup(state) < 0)
			fail();
		fake_kernel_drop_link(true);
		fake_kernel_fail(at, -EPERM);
		assert_int_equal(tap_check(&tap, 0), 1);
		assert_string_not_equal(kernel.failed, "");
		assert_true(tap_is_up(&tap));
		assert_int_equal(tap_event_fd(&tap), -1);
		assert_int_equal(fake_kernel_open_files(), 1);
		assert_int_equal(tap_check(&tap, 0), 0);
		assert_int_equal(tap_set_mtu(&tap, 4000, 0), 0);
		assert_int_equal(tap_set_modes(&tap, IFF_PROMISC, IFF_PROMISC, 0), 0);
	}
}

static void
a_broken_socket_is_an_error(void **state)
{
	(void)state;
	fake_kernel_tell_error(-EIO);
	assert_int_equal(tap_check(&tap, 0), -EIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(settings_are_made_once_and_are_no_news),
		TEST(without_permission_the_interface_stays_as_it_is),
		TEST(a_refusal_is_eremoteio_and_a_silent_kernel_is_not),
		TEST(what_an_administrator_changes_is_news),
		TEST(lost_events_are_asked_for),
		TEST(a_deleted_interface_is_enodev),
		TEST(a_moved_interface_is_watched_where_it_went),
		TEST(one_that_cannot_be_watched_counts_as_up),
		TEST(a_broken_socket_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
