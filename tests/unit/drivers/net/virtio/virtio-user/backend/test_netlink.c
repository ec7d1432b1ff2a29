/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Requests and events of rtnetlink: what is read of an interface, whose answers and events count, every call failing
 * in turn; and the real kernel's word on its loopback interface.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "vhost_user/deadline.h"

static struct netlink netlink;

static int
setup(void **state)
{
	(void)state;
	fake_kernel_init();
	fake_kernel_add_tap("tap3");
	return netlink_open(&netlink, &fake_kernel_sys);
}

static int
teardown(void **state)
{
	(void)state;
	netlink_close(&netlink);
	netlink_close(&netlink);
	return fake_kernel_open_files() == 0 && kernel.bad_closes == 0 ? 0 : -1;
}

static void
an_interface_is_read_whole(void **state)
{
	struct netlink_link link;

	(void)state;
	kernel.link.is_up = true;
	kernel.link.users = 2;
	kernel.link.is_multi_queue = true;
	kernel.link.rx_dropped = 11;
	kernel.link.tx_dropped = 12;
	assert_int_equal(netlink_find(&netlink, "tap3", 0, &link), 0);
	assert_memory_equal(&link, &kernel.link, sizeof(link));
	assert_int_equal(netlink_get(&netlink, 5, 0, &link), 0);
	assert_memory_equal(&link, &kernel.link, sizeof(link));
}

static void
a_name_that_nobody_has_is_enodev(void **state)
{
	struct netlink_link link;

	(void)state;
	assert_int_equal(netlink_find(&netlink, "tap4", 0, &link), -ENODEV);
	assert_int_equal(netlink_get(&netlink, 6, 0, &link), -ENODEV);
}

static void
settings_name_the_interface_and_only_what_they_change(void **state)
{
	(void)state;
	fake_kernel_log_clear();
	assert_int_equal(netlink_set_mtu(&netlink, 5, 9000, 0), 0);
	assert_int_equal(netlink_set_flags(&netlink, 5, IFF_PROMISC, IFF_PROMISC, 0), 0);
	assert_int_equal(netlink_set_flags(&netlink, 5, 0, IFF_ALLMULTI, 0), 0);
	assert_string_equal(kernel.log, "SETMTU(9000) SETFLAGS(0x100/0x100) SETFLAGS(0/0x200)");
	assert_int_equal(netlink_set_mtu(&netlink, 5, 70000, 0), -EINVAL);
}

static void
events_about_others_are_no_news(void **state)
{
	struct netlink_link link = {.index = 6};

	(void)state;
	fake_kernel_tell_link();
	assert_int_equal(netlink_hear(&netlink, &link), 0);
	assert_int_equal(netlink_hear(&netlink, &link), -EAGAIN);
	assert_int_equal(link.mtu, 0);
}

static void
an_event_changes_what_it_says(void **state)
{
	struct netlink_link link = kernel.link;

	(void)state;
	kernel.link.is_up = true;
	kernel.link.mtu = 3000;
	strcpy(kernel.link.name, "other");
	fake_kernel_tell_link();
	assert_int_equal(netlink_hear(&netlink, &link), 1);
	assert_memory_equal(&link, &kernel.link, sizeof(link));
	fake_kernel_drop_link(false);
	assert_int_equal(netlink_hear(&netlink, &link), 1);
	assert_true(link.is_gone);
}

static void
lost_events_are_told_and_a_signal_is_not(void **state)
{
	struct netlink_link link = kernel.link;

	(void)state;
	fake_kernel_tell_error(-ENOBUFS);
	fake_kernel_tell_error(-EINTR);
	fake_kernel_tell_error(-EIO);
	assert_int_equal(netlink_hear(&netlink, &link), -ENOBUFS);
	assert_int_equal(netlink_hear(&netlink, &link), 0);
	assert_int_equal(netlink_hear(&netlink, &link), -EIO);
}

static void
each_call_of_a_request_may_fail(void **state)
{
	struct netlink_link link;
	unsigned int at;

	(void)state;
	for (at = 1; at <= 3; at++) {
		fake_kernel_fail(at, -EIO);
		assert_int_equal(netlink_find(&netlink, "tap3", 0, &link), -EIO);
		assert_string_not_equal(kernel.failed, "");
		fake_kernel_fail(0, 0);
		assert_int_equal(netlink_find(&netlink, "tap3", 0, &link), 0);
	}
}

static void
a_silent_kernel_ends_by_the_deadline(void **state)
{
	struct netlink_link link;

	(void)state;
	fake_kernel_fail(2, -ETIMEDOUT);
	assert_int_equal(netlink_find(&netlink, "nobody", 0, &link), -ETIMEDOUT);
	/* Its late answer counts for nobody. */
	assert_int_equal(netlink_find(&netlink, "tap3", 0, &link), 0);
	assert_int_equal(link.index, 5);
}

static void
an_open_that_fails_leaves_nothing(void **state)
{
	struct netlink failing;
	unsigned int before = fake_kernel_open_files(), at;

	(void)state;
	for (at = 1; at <= 2; at++) {
		fake_kernel_fail(at, -EMFILE);
		assert_int_equal(netlink_open(&failing, &fake_kernel_sys), -EMFILE);
		assert_int_equal(fake_kernel_open_files(), before);
		netlink_close(&failing);
		assert_int_equal(kernel.bad_closes, 0);
	}
}

static void
the_real_kernel_tells_of_its_loopback(void **state)
{
	struct netlink real;
	struct netlink_link link;

	(void)state;
	assert_int_equal(netlink_open(&real, &kernel_sys_linux), 0);
	assert_int_equal(netlink_find(&real, "lo", vhost_user_deadline_after_ms(1000), &link), 0);
	assert_string_equal(link.name, "lo");
	assert_true(link.mtu >= 1500);
	assert_false(link.is_tap);
	assert_int_equal(netlink_get(&real, link.index, vhost_user_deadline_after_ms(1000), &link), 0);
	assert_int_equal(netlink_find(&real, "no-such-name", vhost_user_deadline_after_ms(1000), &link), -ENODEV);
	assert_int_equal(netlink_hear(&real, &link), -EAGAIN);
	netlink_close(&real);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_interface_is_read_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_that_nobody_has_is_enodev, setup, teardown),
		cmocka_unit_test_setup_teardown(settings_name_the_interface_and_only_what_they_change, setup, teardown),
		cmocka_unit_test_setup_teardown(events_about_others_are_no_news, setup, teardown),
		cmocka_unit_test_setup_teardown(an_event_changes_what_it_says, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_events_are_told_and_a_signal_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(each_call_of_a_request_may_fail, setup, teardown),
		cmocka_unit_test_setup_teardown(a_silent_kernel_ends_by_the_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(an_open_that_fails_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(the_real_kernel_tells_of_its_loopback, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
