/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* notifier.c: eventfds of a peer, and everything that is none. */

#include "rig.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "vhost2/notifier.h"

static void
only_eventfds_are_taken(void **state)
{
	struct notifier notifier;
	int pipes[2], sockets[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	notifier_init(&notifier);
	assert_int_equal(notifier_set(&notifier, pipes[1]), -EBADF);
	assert_int_equal(notifier_set(&notifier, sockets[0]), -EBADF);
	assert_int_equal(notifier_set(&notifier, memfd_create("x", 0)), -EBADF);
	assert_int_equal(notifier_set(&notifier, open("/dev/full", O_RDWR)), -EBADF);
	assert_int_equal(notifier_set(&notifier, open("/tmp", O_RDONLY)), -EBADF);
	assert_false(notifier_signal(&notifier));
	assert_int_equal(notifier_set(&notifier, eventfd(0, 0)), 0);
	assert_true(notifier_signal(&notifier));
	notifier_fini(&notifier);
	close(pipes[0]);
	close(sockets[1]);
	assert_false(notifier_is_eventfd(-1));
	assert_false(notifier_is_eventfd(9999));
}

static void
a_full_blocking_eventfd_blocks_nobody(void **state)
{
	const int fd = eventfd(0, 0);
	const uint64_t begin = vhost_user_now();
	struct notifier notifier;

	(void)state;
	notifier_init(&notifier);
	assert_int_equal(notifier_set(&notifier, dup(fd)), 0);
	assert_int_equal(eventfd_write(fd, UINT64_MAX - 1), 0);
	for (int i = 0; i < 1000; i++)
		assert_true(notifier_signal(&notifier));
	assert_true(vhost_user_now() - begin < UINT64_C(1000000000));
	notifier_fini(&notifier);
	close(fd);
}

static void
replacing_keeps_the_number_and_loses_nothing(void **state)
{
	const int a = eventfd(0, EFD_NONBLOCK), b = eventfd(0, EFD_NONBLOCK);
	struct notifier notifier;
	eventfd_t count;
	int number;

	(void)state;
	notifier_init(&notifier);
	assert_int_equal(notifier_set(&notifier, dup(a)), 0);
	number = notifier.fd;
	notifier_signal(&notifier);
	assert_int_equal(notifier_set(&notifier, dup(b)), 0);
	assert_int_equal(notifier.fd, number);
	notifier_signal(&notifier);
	assert_int_equal(notifier_set(&notifier, -1), 0);
	assert_false(notifier_signal(&notifier));
	assert_int_equal(eventfd_read(a, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(eventfd_read(b, &count), 0);
	assert_int_equal(count, 1);
	notifier_fini(&notifier);
	notifier_fini(&notifier);
	close(a);
	close(b);
}

static bool stop;

static void *
signal_all_the_time(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		notifier_signal(arg);
	return NULL;
}

static void
replacing_while_another_thread_signals_hits_no_other_descriptor(void **state)
{
	const int a = eventfd(0, EFD_NONBLOCK), innocent = eventfd(0, EFD_NONBLOCK);
	struct notifier notifier;
	eventfd_t count;
	pthread_t thread;

	(void)state;
	notifier_init(&notifier);
	assert_int_equal(notifier_set(&notifier, dup(a)), 0);
	stop = false;
	pthread_create(&thread, NULL, signal_all_the_time, &notifier);
	for (int i = 0; i < 2000; i++) {
		const int other = dup(innocent);

		assert_int_equal(notifier_set(&notifier, i % 7 == 0 ? -1 : dup(a)), 0);
		close(other);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(eventfd_read(innocent, &count), -1);
	notifier_fini(&notifier);
	close(a);
	close(innocent);
}

static void
draining_never_waits(void **state)
{
	const int fd = eventfd(3, 0);

	(void)state;
	notifier_drain(fd);
	notifier_drain(fd);
	notifier_drain(-1);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_eventfds_are_taken),
		cmocka_unit_test(a_full_blocking_eventfd_blocks_nobody),
		cmocka_unit_test(replacing_keeps_the_number_and_loses_nothing),
		cmocka_unit_test(replacing_while_another_thread_signals_hits_no_other_descriptor),
		cmocka_unit_test(draining_never_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
