/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* deadline.c: waits end when they should, whatever signals and passed deadlines do. */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "vhost_user/deadline.h"

#define MS UINT64_C(1000000)

static void
on_alarm(int signal)
{
	(void)signal;
}

static void
storm(long period_us)
{
	struct itimerval timer = { { 0, period_us }, { 0, period_us } };
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void
a_deadline_lies_so_many_ms_ahead(void **state)
{
	uint64_t before = vhost_user_now();
	uint64_t deadline = vhost_user_deadline_after_ms(4000000000U);

	(void)state;
	assert_true(deadline >= before + 4000000000U * MS);
	assert_true(deadline <= vhost_user_now() + 4000000000U * MS);
}

static void
wait_ends_at_the_deadline_in_a_storm_of_signals(void **state)
{
	uint64_t start = vhost_user_now();
	int sv[2];
	int rc;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	storm(1000);
	rc = vhost_user_wait(sv[0], POLLIN, start + 60 * MS);
	storm(0);
	assert_int_equal(rc, -ETIMEDOUT);
	assert_true(vhost_user_now() - start >= 59 * MS);
	assert_true(vhost_user_now() - start < 2000 * MS);
	close(sv[0]);
	close(sv[1]);
}

static void
a_passed_deadline_still_looks_once(void **state)
{
	int sv[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(vhost_user_wait(sv[0], POLLIN, 0), -ETIMEDOUT);
	assert_int_equal(write(sv[1], "x", 1), 1);
	assert_int_equal(vhost_user_wait(sv[0], POLLIN, 0), 0);
	close(sv[1]);
	close(sv[0]);
}

static void
pause_is_cut_short_by_the_deadline(void **state)
{
	uint64_t start = vhost_user_now();

	(void)state;
	assert_int_equal(vhost_user_pause(60000, start + 20 * MS), 0);
	assert_true(vhost_user_now() - start >= 20 * MS);
	assert_true(vhost_user_now() - start < 2000 * MS);
	assert_int_equal(vhost_user_pause(1, start + 20 * MS), -ETIMEDOUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deadline_lies_so_many_ms_ahead),
		cmocka_unit_test(wait_ends_at_the_deadline_in_a_storm_of_signals),
		cmocka_unit_test(a_passed_deadline_still_looks_once),
		cmocka_unit_test(pause_is_cut_short_by_the_deadline),
	};

	return cmocka_run_group_tests_name("lib/vhost_user/deadline", tests, NULL, NULL);
}
