/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* loop.c: sources, timers, tasks, alarms, with a thread and without. */

#include "rig.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>

#include "vhost2/container.h"
#include "vhost2/loop.h"

static struct rte_vhost2_loop *loop;
static int events_seen, order[8], nr_order;

struct item {
	struct loop_source source;
	struct loop_timer timer;
	struct loop_task task;
	struct loop_alarm alarm;
	int number;
	struct item *other;
};


static void
on_ready(struct loop_source *source, uint32_t events)
{
	struct item *item = vhost2_container_of(source, struct item, source);
	eventfd_t count;

	(void)events;
	eventfd_read(source->fd, &count);
	events_seen++;
	if (item->other != NULL)
		loop_unwatch(loop, &item->other->source);
}

static void
on_expired(struct loop_timer *timer)
{
	order[nr_order++] = vhost2_container_of(timer, struct item, timer)->number;
}

static void
on_task(struct loop_task *task)
{
	order[nr_order] = vhost2_container_of(task, struct item, task)->number;
	__atomic_fetch_add(&nr_order, 1, __ATOMIC_RELEASE);
}

static void
on_rung(struct loop_alarm *alarm)
{
	order[nr_order++] = vhost2_container_of(alarm, struct item, alarm)->number;
	loop_alarm_remove(alarm);
}

static int
make_loop(void **state)
{
	(void)state;
	loop = rte_vhost2_loop_create(false);
	events_seen = nr_order = 0;
	return loop == NULL;
}

static int
destroy_loop(void **state)
{
	(void)state;
	return rte_vhost2_loop_destroy(loop);
}

static bool
is_readable(void)
{
	struct pollfd pollfd = { rte_vhost2_loop_fd(loop), POLLIN, 0 };

	return poll(&pollfd, 1, 0) == 1;
}

static void
a_source_is_called_when_its_descriptor_is_ready(void **state)
{
	struct item item = { .source = { eventfd(0, EFD_NONBLOCK), false, on_ready } };

	(void)state;
	assert_int_equal(loop_watch(loop, &item.source, EPOLLIN), 0);
	assert_false(is_readable());
	assert_int_equal(rte_vhost2_loop_process(loop), 0);
	eventfd_write(item.source.fd, 1);
	assert_true(is_readable());
	assert_int_equal(rte_vhost2_loop_process(loop), 1);
	assert_int_equal(events_seen, 1);
	assert_int_equal(loop_rewatch(loop, &item.source, 0), 0);
	eventfd_write(item.source.fd, 1);
	assert_int_equal(rte_vhost2_loop_process(loop), 0);
	loop_unwatch(loop, &item.source);
	loop_unwatch(loop, &item.source);
	close(item.source.fd);
	assert_int_equal(loop_watch(loop, &item.source, EPOLLIN), -EBADF);
}

static void
a_source_that_another_removed_is_not_called(void **state)
{
	struct item a = { .source = { eventfd(1, EFD_NONBLOCK), false, on_ready } };
	struct item b = { .source = { eventfd(1, EFD_NONBLOCK), false, on_ready } };

	(void)state;
	a.other = &b;
	b.other = &a;
	loop_watch(loop, &a.source, EPOLLIN);
	loop_watch(loop, &b.source, EPOLLIN);
	rte_vhost2_loop_process(loop);
	rte_vhost2_loop_process(loop);
	assert_int_equal(events_seen, 1);
	loop_unwatch(loop, &a.source);
	loop_unwatch(loop, &b.source);
	close(a.source.fd);
	close(b.source.fd);
}

static void
timers_expire_in_order_and_once(void **state)
{
	static const uint32_t ms[] = { 30, 10, 20, 40 };
	const uint64_t deadline = vhost_user_deadline_after_ms(2000);
	struct item items[NR(ms)] = { 0 };

	(void)state;
	for (size_t i = 0; i < NR(ms); i++) {
		items[i].timer.expired = on_expired;
		items[i].number = (int)ms[i];
		loop_timer_set(loop, &items[i].timer, ms[i]);
	}
	loop_timer_set(loop, &items[3].timer, 1);
	loop_timer_cancel(loop, &items[2].timer);
	loop_timer_cancel(loop, &items[2].timer);
	while (nr_order < 3 && vhost_user_now() < deadline)
		rte_vhost2_loop_process(loop);
	assert_int_equal(nr_order, 3);
	assert_int_equal(order[0], 40);
	assert_int_equal(order[1], 10);
	assert_int_equal(order[2], 30);
	assert_false(is_readable());
}

static void *
post_from_elsewhere(void *arg)
{
	loop_post(loop, &((struct item *)arg)->task);
	return NULL;
}

static void
a_task_that_is_posted_twice_runs_once(void **state)
{
	struct item a = { .task = { .run = on_task }, .number = 1 }, b = { .task = { .run = on_task }, .number = 2 };
	pthread_t thread;

	(void)state;
	loop_post(loop, &a.task);
	loop_post(loop, &a.task);
	pthread_create(&thread, NULL, post_from_elsewhere, &b);
	pthread_join(thread, NULL);
	rte_vhost2_loop_process(loop);
	rte_vhost2_loop_process(loop);
	assert_int_equal(nr_order, 2);
	assert_int_equal(order[1], 2);
	loop_post(loop, &a.task);
	loop_unpost(loop, &a.task);
	loop_unpost(loop, &a.task);
	rte_vhost2_loop_process(loop);
	assert_int_equal(nr_order, 2);
}

static void
alarms_are_all_rung(void **state)
{
	struct item a = { .alarm = { .rung = on_rung }, .number = 1 }, b = { .alarm = { .rung = on_rung }, .number = 2 };

	(void)state;
	loop_alarm_add(loop, &a.alarm);
	loop_alarm_add(loop, &b.alarm);
	eventfd_write(loop_alarm_fd(loop), 1);
	rte_vhost2_loop_process(loop);
	assert_int_equal(nr_order, 2);
	eventfd_write(loop_alarm_fd(loop), 1);
	rte_vhost2_loop_process(loop);
	assert_int_equal(nr_order, 2);
	loop_alarm_remove(&a.alarm);
}

static void
drive_again(struct loop_task *task)
{
	(void)task;
	assert_true(loop_is_mine(loop));
	assert_int_equal(rte_vhost2_loop_process(loop), 0);
	nr_order++;
}

static void
a_loop_that_is_driven_from_inside_does_nothing(void **state)
{
	struct loop_task task = { .run = drive_again };

	(void)state;
	assert_false(loop_is_mine(loop));
	loop_post(loop, &task);
	rte_vhost2_loop_process(loop);
	assert_int_equal(nr_order, 1);
	assert_int_equal(rte_vhost2_loop_process(NULL), 0);
}

static void
a_loop_that_is_used_is_not_destroyed(void **state)
{
	(void)state;
	loop_hold(loop);
	assert_int_equal(rte_vhost2_loop_destroy(loop), -EBUSY);
	loop_release(loop);
	assert_int_equal(rte_vhost2_loop_destroy(NULL), 0);
}

static void
destroy_inside(struct loop_task *task)
{
	struct item *item = vhost2_container_of(task, struct item, task);

	assert_int_equal(rte_vhost2_loop_destroy(loop), 0);
	__atomic_store_n(&item->number, 1, __ATOMIC_RELEASE);
}

static void
a_loop_may_be_destroyed_from_inside(void **state)
{
	const int fds = count_fds();

	(void)state;
	for (int with_thread = 0; with_thread < 2; with_thread++) {
		const uint64_t deadline = vhost_user_deadline_after_ms(2000);
		struct item item = { .task = { .run = destroy_inside } };

		loop = rte_vhost2_loop_create(with_thread);
		loop_post(loop, &item.task);
		if (!with_thread)
			rte_vhost2_loop_process(loop);
		while ((__atomic_load_n(&item.number, __ATOMIC_ACQUIRE) == 0 || count_fds() != fds) &&
		       vhost_user_now() < deadline)
			usleep(1000);
		assert_int_equal(count_fds(), fds);
	}
}

static void
a_thread_drives_a_loop_by_itself(void **state)
{
	struct rte_vhost2_loop *threaded = rte_vhost2_loop_create(true);
	const uint64_t deadline = vhost_user_deadline_after_ms(2000);
	struct item item = { .task = { .run = on_task }, .number = 7 };

	(void)state;
	loop_post(threaded, &item.task);
	while (__atomic_load_n(&nr_order, __ATOMIC_ACQUIRE) == 0 && vhost_user_now() < deadline)
		usleep(100);
	assert_int_equal(rte_vhost2_loop_process(threaded), 0);
	assert_int_equal(rte_vhost2_loop_destroy(threaded), 0);
	assert_int_equal(order[0], 7);
}

static void
the_shared_loop_goes_with_its_last_user(void **state)
{
	const int fds = count_fds();
	struct rte_vhost2_loop *a = loop_shared_hold(), *b = loop_shared_hold();

	(void)state;
	assert_non_null(a);
	assert_ptr_equal(a, b);
	loop_shared_release(a);
	assert_true(count_fds() > fds);
	loop_shared_release(b);
	assert_int_equal(count_fds(), fds);
}

#define LOOPED(test) cmocka_unit_test_setup_teardown(test, make_loop, destroy_loop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOOPED(a_source_is_called_when_its_descriptor_is_ready),
		LOOPED(a_source_that_another_removed_is_not_called),
		LOOPED(timers_expire_in_order_and_once),
		LOOPED(a_task_that_is_posted_twice_runs_once),
		LOOPED(alarms_are_all_rung),
		LOOPED(a_loop_that_is_driven_from_inside_does_nothing),
		LOOPED(a_loop_that_is_used_is_not_destroyed),
		cmocka_unit_test(a_loop_may_be_destroyed_from_inside),
		LOOPED(a_thread_drives_a_loop_by_itself),
		cmocka_unit_test(the_shared_loop_goes_with_its_last_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
