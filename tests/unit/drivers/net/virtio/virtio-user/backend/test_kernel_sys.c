/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The real system calls behind the table: errors are -errno, nothing is inherited by children, a namespace is visited
 * and the thread stays where it is.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "vhost_user/deadline.h"
#include "virtio-user/backend/kernel_sys.h"

static const struct kernel_sys *const sys = &kernel_sys_linux;

static void
a_failed_call_is_its_negative_errno(void **state)
{
	char byte;

	(void)state;
	assert_int_equal(sys->open("/nonexistent/file", O_RDONLY), -ENOENT);
	assert_int_equal(sys->read(-1, &byte, 1), -EBADF);
	assert_int_equal(sys->write(-1, &byte, 1), -EBADF);
	assert_int_equal(sys->ioctl(-1, FIONREAD, &byte), -EBADF);
}

static void
what_is_opened_is_not_inherited(void **state)
{
	int file = sys->open("/dev/null", O_RDWR), socket = sys->netlink(0);

	(void)state;
	assert_true(file >= 0);
	assert_true(socket >= 0);
	assert_int_equal(fcntl(file, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(socket, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	sys->close(file);
	sys->close(socket);
	assert_int_equal(fcntl(file, F_GETFD), -1);
}

static void
a_netlink_socket_without_news_does_not_block(void **state)
{
	int socket = sys->netlink(1);
	char byte;

	(void)state;
	assert_true(socket >= 0);
	assert_int_equal(sys->read(socket, &byte, 1), -EAGAIN);
	assert_int_equal(sys->wait(socket, vhost_user_deadline_after_ms(1)), -ETIMEDOUT);
	sys->close(socket);
}

static int
inode_of_netns(void *arg)
{
	struct stat st;

	if (stat("/proc/thread-self/ns/net", &st) < 0)
		return -errno;
	*(ino_t *)arg = st.st_ino;
	return 42;
}

static void
run_in_none_runs_in_the_own_thread(void **state)
{
	ino_t here = 0;

	(void)state;
	assert_int_equal(sys->run_in(-1, inode_of_netns, &here), 42);
	assert_int_not_equal(here, 0);
}

static void
run_in_returns_what_the_body_returned(void **state)
{
	int netns = sys->open("/proc/self/ns/net", O_RDONLY), rc;
	ino_t here = 0, there = 0;

	(void)state;
	assert_true(netns >= 0);
	rc = sys->run_in(netns, inode_of_netns, &there);
	sys->close(netns);
	if (rc == -EPERM)
		skip();
	assert_int_equal(rc, 42);
	assert_int_equal(inode_of_netns(&here), 42);
	assert_int_equal(here, there);
}

static void
run_in_what_is_no_namespace_never_runs_the_body(void **state)
{
	int file = sys->open("/dev/null", O_RDONLY);
	ino_t there = 0;

	(void)state;
	assert_true(sys->run_in(file, inode_of_netns, &there) < 0);
	assert_int_equal(there, 0);
	sys->close(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_call_is_its_negative_errno),
		cmocka_unit_test(what_is_opened_is_not_inherited),
		cmocka_unit_test(a_netlink_socket_without_news_does_not_block),
		cmocka_unit_test(run_in_none_runs_in_the_own_thread),
		cmocka_unit_test(run_in_returns_what_the_body_returned),
		cmocka_unit_test(run_in_what_is_no_namespace_never_runs_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
