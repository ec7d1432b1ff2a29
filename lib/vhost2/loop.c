/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * An event loop over epoll, see loop.h.
 *
 * Theory of operation. Everything that can make the loop go on is a descriptor in one epoll set: the sources, a timerfd
 * for the earliest timer, an eventfd for tasks and one for alarms; so the epoll descriptor itself is what an
 * application polls. Events are fetched in batches. A source that is removed while its event waits in the batch is
 * struck out there, hence its owner may be freed at once. Timers are a sorted list: there are few, and a new one is
 * mostly the latest.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "vhost2/container.h"
#include "vhost2/log.h"
#include "vhost2/loop.h"

#define EVENTS 64

struct rte_vhost2_loop {
	int epoll_fd;
	struct loop_source tasks_source;  /* eventfd: tasks, or time to end */
	struct loop_source timers_source; /* timerfd */
	struct loop_source alarms_source; /* eventfd */
	TAILQ_HEAD(timer_list, loop_timer) timers;
	LIST_HEAD(alarm_list, loop_alarm) alarms;
	struct epoll_event events[EVENTS];
	int nr_events;
	pthread_t thread;
	bool has_thread;
	bool inside;      /* rte_vhost2_loop_process() is at work; atomic */
	pthread_t insider; /* in which thread; atomic */
	bool ending;      /* atomic */
	bool orphan;      /* destroyed from inside: frees itself */
	unsigned int users; /* atomic */
	pthread_mutex_t lock; /* of tasks */
	TAILQ_HEAD(task_list, loop_task) tasks;
};

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static struct rte_vhost2_loop *shared;

int
loop_watch(struct rte_vhost2_loop *loop, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) != 0)
		return -errno;
	source->watched = true;
	return 0;
}

int
loop_rewatch(struct rte_vhost2_loop *loop, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) == 0 ? 0 : -errno;
}

void
loop_unwatch(struct rte_vhost2_loop *loop, struct loop_source *source)
{
	if (!source->watched)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->watched = false;
	for (int i = 0; i < loop->nr_events; i++)
		if (loop->events[i].data.ptr == source)
			loop->events[i].data.ptr = NULL;
}

/* --- timers --- */

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Have the timerfd go off with the first timer, or never. */
static void
arm(struct rte_vhost2_loop *loop)
{
	const struct loop_timer *first = TAILQ_FIRST(&loop->timers);
	struct itimerspec spec = { .it_value = { 0, 0 } };

	if (first != NULL) {
		spec.it_value.tv_sec = (time_t)(first->at / 1000000000);
		spec.it_value.tv_nsec = (long)(first->at % 1000000000);
	}
	timerfd_settime(loop->timers_source.fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

void
loop_timer_cancel(struct rte_vhost2_loop *loop, struct loop_timer *timer)
{
	bool was_first = timer == TAILQ_FIRST(&loop->timers);

	if (timer->at == 0)
		return;
	TAILQ_REMOVE(&loop->timers, timer, link);
	timer->at = 0;
	if (was_first)
		arm(loop);
}

void
loop_timer_set(struct rte_vhost2_loop *loop, struct loop_timer *timer, uint32_t ms)
{
	struct loop_timer *before;

	loop_timer_cancel(loop, timer);
	timer->at = now_ns() + (uint64_t)ms * 1000000;
	before = TAILQ_LAST(&loop->timers, timer_list);
	while (before != NULL && before->at > timer->at)
		before = TAILQ_PREV(before, timer_list, link);
	if (before != NULL) {
		TAILQ_INSERT_AFTER(&loop->timers, before, timer, link);
		return;
	}
	TAILQ_INSERT_HEAD(&loop->timers, timer, link);
	arm(loop);
}

/* Take what an eventfd or timerfd counted; all of them are ours and non-blocking. */
static void
drain(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

static void
run_timers(struct loop_source *source, uint32_t events)
{
	struct rte_vhost2_loop *loop = vhost2_container_of(source, struct rte_vhost2_loop, timers_source);
	const uint64_t now = now_ns();
	struct loop_timer *timer;

	(void)events;
	drain(source->fd);
	while ((timer = TAILQ_FIRST(&loop->timers)) != NULL && timer->at <= now) {
		loop_timer_cancel(loop, timer);
		timer->expired(timer);
	}
	arm(loop);
}

/* --- alarms --- */

int
loop_alarm_fd(const struct rte_vhost2_loop *loop)
{
	return loop->alarms_source.fd;
}

void
loop_alarm_add(struct rte_vhost2_loop *loop, struct loop_alarm *alarm)
{
	LIST_INSERT_HEAD(&loop->alarms, alarm, link);
	alarm->watched = true;
}

void
loop_alarm_remove(struct loop_alarm *alarm)
{
	if (alarm->watched)
		LIST_REMOVE(alarm, link);
	alarm->watched = false;
}

static void
ring_alarms(struct loop_source *source, uint32_t events)
{
	struct rte_vhost2_loop *loop = vhost2_container_of(source, struct rte_vhost2_loop, alarms_source);
	struct loop_alarm *alarm, *next;

	(void)events;
	drain(source->fd);
	for (alarm = LIST_FIRST(&loop->alarms); alarm != NULL; alarm = next) {
		next = LIST_NEXT(alarm, link);
		alarm->rung(alarm);
	}
}

/* --- tasks --- */

static void
signal_tasks(struct rte_vhost2_loop *loop)
{
	const uint64_t one = 1;

	/* EAGAIN: the loop was told more often than it can count. */
	if (write(loop->tasks_source.fd, &one, sizeof(one)) < 0)
		return;
}

void
loop_post(struct rte_vhost2_loop *loop, struct loop_task *task)
{
	/* Signalled under the lock: once it is free, the loop's thread may run the task, and free loop and poster. */
	pthread_mutex_lock(&loop->lock);
	if (!task->posted) {
		task->posted = true;
		TAILQ_INSERT_TAIL(&loop->tasks, task, link);
		signal_tasks(loop);
	}
	pthread_mutex_unlock(&loop->lock);
}

void
loop_unpost(struct rte_vhost2_loop *loop, struct loop_task *task)
{
	pthread_mutex_lock(&loop->lock);
	if (task->posted)
		TAILQ_REMOVE(&loop->tasks, task, link);
	task->posted = false;
	pthread_mutex_unlock(&loop->lock);
}

static struct loop_task *
take_task(struct rte_vhost2_loop *loop)
{
	struct loop_task *task;

	pthread_mutex_lock(&loop->lock);
	task = TAILQ_FIRST(&loop->tasks);
	if (task != NULL) {
		TAILQ_REMOVE(&loop->tasks, task, link);
		task->posted = false;
	}
	pthread_mutex_unlock(&loop->lock);
	return task;
}

static void
run_tasks(struct loop_source *source, uint32_t events)
{
	struct rte_vhost2_loop *loop = vhost2_container_of(source, struct rte_vhost2_loop, tasks_source);
	struct loop_task *task;

	(void)events;
	drain(source->fd);
	/* As many as one event may take; a task that posts itself again must not keep the others waiting. */
	for (int i = 0; i < EVENTS && (task = take_task(loop)) != NULL; i++)
		task->run(task);
	pthread_mutex_lock(&loop->lock);
	if (!TAILQ_EMPTY(&loop->tasks))
		signal_tasks(loop);
	pthread_mutex_unlock(&loop->lock);
}

/* --- driving --- */

bool
loop_is_mine(const struct rte_vhost2_loop *loop)
{
	return __atomic_load_n(&loop->inside, __ATOMIC_ACQUIRE) &&
		pthread_equal(__atomic_load_n(&loop->insider, __ATOMIC_RELAXED), pthread_self());
}

bool
loop_has_thread(const struct rte_vhost2_loop *loop)
{
	return loop->has_thread;
}

static void
free_loop(struct rte_vhost2_loop *loop)
{
	close(loop->epoll_fd);
	close(loop->tasks_source.fd);
	close(loop->timers_source.fd);
	close(loop->alarms_source.fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

static unsigned int
handle_events(struct rte_vhost2_loop *loop)
{
	unsigned int handled = 0;

	__atomic_store_n(&loop->insider, pthread_self(), __ATOMIC_RELAXED);
	__atomic_store_n(&loop->inside, true, __ATOMIC_RELEASE);
	for (int i = 0; i < loop->nr_events; i++) {
		struct loop_source *source = loop->events[i].data.ptr;

		if (source == NULL)
			continue;
		handled++;
		source->ready(source, loop->events[i].events);
	}
	loop->nr_events = 0;
	__atomic_store_n(&loop->inside, false, __ATOMIC_RELEASE);
	return handled;
}

static unsigned int
process(struct rte_vhost2_loop *loop, int timeout_ms)
{
	unsigned int handled = 0;
	int nr;

	/* A callback that drives the loop that it was called from: what is to be done is being done. */
	if (__atomic_load_n(&loop->inside, __ATOMIC_ACQUIRE))
		return 0;
	nr = epoll_wait(loop->epoll_fd, loop->events, EVENTS, timeout_ms);
	if (nr > 0) {
		loop->nr_events = nr;
		handled = handle_events(loop);
	}
	if (loop->orphan && !loop->has_thread)
		free_loop(loop);
	return handled;
}

unsigned int
rte_vhost2_loop_process(struct rte_vhost2_loop *loop)
{
	if (loop == NULL || loop->has_thread)
		return 0;
	return process(loop, 0);
}

static void *
run_loop(void *arg)
{
	struct rte_vhost2_loop *loop = arg;

	pthread_setname_np(pthread_self(), "vhost2");
	while (!__atomic_load_n(&loop->ending, __ATOMIC_ACQUIRE))
		process(loop, -1);
	if (loop->orphan)
		free_loop(loop);
	return NULL;
}

/* --- life --- */

/* All signals are for the application's threads, but those that a thread causes itself. */
static int
start_thread(struct rte_vhost2_loop *loop)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	loop->has_thread = true;
	rc = pthread_create(&loop->thread, NULL, run_loop, loop);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -rc;
}

static int
watch_own(struct rte_vhost2_loop *loop)
{
	int rc;

	if (loop->epoll_fd < 0 || loop->tasks_source.fd < 0 || loop->timers_source.fd < 0 ||
	    loop->alarms_source.fd < 0)
		return -EMFILE;
	loop->tasks_source.ready = run_tasks;
	loop->timers_source.ready = run_timers;
	loop->alarms_source.ready = ring_alarms;
	rc = loop_watch(loop, &loop->tasks_source, EPOLLIN);
	if (rc == 0)
		rc = loop_watch(loop, &loop->timers_source, EPOLLIN);
	if (rc == 0)
		rc = loop_watch(loop, &loop->alarms_source, EPOLLIN);
	return rc;
}

static void
close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

struct rte_vhost2_loop *
rte_vhost2_loop_create(bool with_thread)
{
	struct rte_vhost2_loop *loop = calloc(1, sizeof(*loop));
	int rc;

	if (loop == NULL)
		return NULL;
	TAILQ_INIT(&loop->timers);
	TAILQ_INIT(&loop->tasks);
	LIST_INIT(&loop->alarms);
	pthread_mutex_init(&loop->lock, NULL);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->tasks_source.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	loop->timers_source.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	loop->alarms_source.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rc = watch_own(loop);
	if (rc == 0 && with_thread)
		rc = start_thread(loop);
	if (rc == 0)
		return loop;
	vhost2_log(LOG_ERR, "cannot make an event loop: error %d", -rc);
	close_if_open(loop->epoll_fd);
	close_if_open(loop->tasks_source.fd);
	close_if_open(loop->timers_source.fd);
	close_if_open(loop->alarms_source.fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
	errno = -rc;
	return NULL;
}

int
rte_vhost2_loop_destroy(struct rte_vhost2_loop *loop)
{
	if (loop == NULL)
		return 0;
	if (__atomic_load_n(&loop->users, __ATOMIC_ACQUIRE) > 0)
		return -EBUSY;
	/* From inside of it, as from rte_vhost2_tgt_unregister()'s cb_fn: it goes when its thread comes out. */
	if (loop_is_mine(loop)) {
		loop->orphan = !loop->has_thread || pthread_detach(loop->thread) == 0;
		__atomic_store_n(&loop->ending, true, __ATOMIC_RELEASE);
		return 0;
	}
	if (loop->has_thread) {
		__atomic_store_n(&loop->ending, true, __ATOMIC_RELEASE);
		signal_tasks(loop);
		pthread_join(loop->thread, NULL);
	}
	free_loop(loop);
	return 0;
}

int
rte_vhost2_loop_fd(const struct rte_vhost2_loop *loop)
{
	return loop->epoll_fd;
}

void
loop_hold(struct rte_vhost2_loop *loop)
{
	__atomic_fetch_add(&loop->users, 1, __ATOMIC_RELAXED);
}

void
loop_release(struct rte_vhost2_loop *loop)
{
	__atomic_fetch_sub(&loop->users, 1, __ATOMIC_RELEASE);
}

struct rte_vhost2_loop *
loop_shared_hold(void)
{
	pthread_mutex_lock(&shared_lock);
	if (shared == NULL)
		shared = rte_vhost2_loop_create(true);
	if (shared != NULL)
		loop_hold(shared);
	pthread_mutex_unlock(&shared_lock);
	return shared;
}

void
loop_shared_release(struct rte_vhost2_loop *loop)
{
	bool last;

	/* The last one is found under the lock; ending a thread, which may want the lock, is done without. */
	pthread_mutex_lock(&shared_lock);
	loop_release(loop);
	last = loop == shared && __atomic_load_n(&loop->users, __ATOMIC_ACQUIRE) == 0;
	if (last)
		shared = NULL;
	pthread_mutex_unlock(&shared_lock);
	if (last)
		rte_vhost2_loop_destroy(loop);
}
