/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Front-ends in this process, see loopback.h.
 *
 * Theory of operation. A handle belongs to two: the caller, and the session while there is one; the last frees it. A
 * call is a small struct on the caller's stack, handed over under the handle's lock; the loop's thread is poked by a
 * task, and the session takes the call when it has time for a verb, as it would take a message from a socket.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vhost2/container.h"
#include "vhost2/transport/loopback.h"
#include "vhost2/transport/loopback_private.h"

struct loopback {
	struct session_link link;
	struct rte_vhost2_loop *loop;
	struct transport_endpoint *endpoint; /* of the session */
	struct session *session;   /* the loop's thread's */
	struct loop_task work;
	struct loop_task free;
	char *trid;                /* while connecting */
	pthread_mutex_t lock;      /* of all below */
	pthread_cond_t changed;
	unsigned int owners;       /* the caller; the session, or the task that is to make one */
	bool connecting;
	bool open;
	bool leaving;
	bool dead;
	struct loopback_call *call;
	bool begun;
	bool done;
	int rc;
	unsigned int config_changes;
	bool missed;
	uint64_t miss_iova;
	uint8_t miss_perm;
};

/* A registered name. */
struct name {
	LIST_ENTRY(name) entry;
	struct transport_endpoint *endpoint;
};

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, name) names = LIST_HEAD_INITIALIZER(names);

/* --- handles --- */

static struct loopback *
loopback_of(struct session_link *link)
{
	return vhost2_container_of(link, struct loopback, link);
}

/* In the loop's thread, and behind every task that was posted before. */
static void
run_free(struct loop_task *task)
{
	struct loopback *loopback = vhost2_container_of(task, struct loopback, free);

	loop_unpost(loopback->loop, &loopback->work);
	loop_release(loopback->loop);
	pthread_cond_destroy(&loopback->changed);
	pthread_mutex_destroy(&loopback->lock);
	free(loopback->trid);
	free(loopback);
}

static void
disown(struct loopback *loopback)
{
	bool last;

	pthread_mutex_lock(&loopback->lock);
	last = --loopback->owners == 0;
	pthread_mutex_unlock(&loopback->lock);
	if (last)
		loop_post(loopback->loop, &loopback->free);
}

/* What the caller waits for is here. The lock is held. */
static void
finish(struct loopback *loopback, int rc)
{
	loopback->done = true;
	loopback->rc = rc;
	pthread_cond_signal(&loopback->changed);
}

/* --- the session's side --- */

static bool
next(struct session_link *link)
{
	struct loopback *loopback = loopback_of(link);
	const struct loopback_call *call = NULL;

	pthread_mutex_lock(&loopback->lock);
	if (!loopback->begun)
		call = loopback->call;
	loopback->begun = true;
	pthread_mutex_unlock(&loopback->lock);
	/* The caller waits, or has marked the handle dead and taken the call back. */
	if (call != NULL)
		call->begin(loopback->session, call);
	return call != NULL;
}

static void
done(struct session_link *link, int rc)
{
	struct loopback *loopback = loopback_of(link);

	pthread_mutex_lock(&loopback->lock);
	if (loopback->call != NULL) {
		if (loopback->call->collect != NULL)
			loopback->call->collect(loopback->session, loopback->call);
		finish(loopback, rc);
	}
	loopback->call = NULL;
	pthread_mutex_unlock(&loopback->lock);
}

static void
hangup(struct session_link *link)
{
	struct loopback *loopback = loopback_of(link);

	pthread_mutex_lock(&loopback->lock);
	loopback->open = false;
	if (loopback->call != NULL)
		finish(loopback, -ENOTCONN);
	loopback->call = NULL;
	pthread_mutex_unlock(&loopback->lock);
}

static void
gone(struct session_link *link)
{
	struct loopback *loopback = loopback_of(link);

	transport_leave(loopback->endpoint, loopback->session);
	loopback->session = NULL;
	disown(loopback);
}

static bool
config_changed(struct session_link *link)
{
	struct loopback *loopback = loopback_of(link);

	pthread_mutex_lock(&loopback->lock);
	loopback->config_changes++;
	pthread_mutex_unlock(&loopback->lock);
	return true;
}

static bool
can_ask(struct session_link *link)
{
	(void)link;
	return true;
}

static void
iotlb_miss(struct session_link *link, uint64_t iova, uint8_t perm)
{
	struct loopback *loopback = loopback_of(link);

	pthread_mutex_lock(&loopback->lock);
	loopback->missed = true;
	loopback->miss_iova = iova;
	loopback->miss_perm = perm;
	pthread_mutex_unlock(&loopback->lock);
}

static const struct session_link_ops link_ops = {
	.next = next,
	.done = done,
	.hangup = hangup,
	.gone = gone,
	.config_changed = config_changed,
	.can_ask = can_ask,
	.iotlb_miss = iotlb_miss,
};

/* The lock is held. */
static struct name *
find_name(const char *trid)
{
	struct name *name;

	LIST_FOREACH(name, &names, entry)
		if (strcmp(name->endpoint->trid, trid) == 0)
			return name;
	return NULL;
}

/* Names come and go in this thread alone, so what is found stays until this returns. */
static int
enter(struct loopback *loopback)
{
	const struct name *name;

	pthread_mutex_lock(&names_lock);
	name = find_name(loopback->trid);
	pthread_mutex_unlock(&names_lock);
	if (name == NULL)
		return -ENOENT;
	loopback->endpoint = name->endpoint;
	return transport_enter(name->endpoint, &loopback->link, &loopback->session);
}

static void
connect_session(struct loopback *loopback)
{
	const int rc = enter(loopback);

	pthread_mutex_lock(&loopback->lock);
	loopback->open = rc == 0;
	finish(loopback, rc);
	pthread_mutex_unlock(&loopback->lock);
}

static void
run_work(struct loop_task *task)
{
	struct loopback *loopback = vhost2_container_of(task, struct loopback, work);
	bool leaving, connecting;

	pthread_mutex_lock(&loopback->lock);
	leaving = loopback->leaving;
	connecting = loopback->connecting;
	loopback->connecting = false;
	pthread_mutex_unlock(&loopback->lock);
	if (connecting && !leaving)
		connect_session(loopback);
	if (loopback->session == NULL) {
		if (connecting)
			disown(loopback);
		return;
	}
	if (leaving)
		session_end(loopback->session);
	session_pump(loopback->session);
}

/* --- the caller's side --- */

static struct timespec
end_of_wait(void)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += LOOPBACK_DEADLINE_MS / 1000;
	return end;
}

static bool
is_past(const struct timespec *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
}

/* A loop without a thread is driven by who waits for it. The lock is held. */
static void
drive(struct loopback *loopback)
{
	struct pollfd pollfd = { rte_vhost2_loop_fd(loopback->loop), POLLIN, 0 };

	pthread_mutex_unlock(&loopback->lock);
	if (poll(&pollfd, 1, 10) > 0)
		rte_vhost2_loop_process(loopback->loop);
	pthread_mutex_lock(&loopback->lock);
}

/* @return the result; the lock is held */
static int
wait_done(struct loopback *loopback)
{
	const struct timespec end = end_of_wait();
	int rc = 0;

	while (!loopback->done && rc == 0 && !is_past(&end)) {
		if (loop_has_thread(loopback->loop))
			rc = pthread_cond_timedwait(&loopback->changed, &loopback->lock, &end);
		else
			drive(loopback);
	}
	if (loopback->done)
		return loopback->rc;
	loopback->dead = true;
	loopback->call = NULL;
	return -ETIMEDOUT;
}

int
loopback_run(struct loopback *loopback, struct loopback_call *call)
{
	int rc;

	pthread_mutex_lock(&loopback->lock);
	if (!loopback->open || loopback->dead) {
		rc = -ENOTCONN;
	} else if (call->is_indexed && call->index >= loopback->session->nr_queues) {
		rc = -EINVAL;
	} else {
		loopback->call = call;
		loopback->begun = loopback->done = false;
		loop_post(loopback->loop, &loopback->work);
		rc = wait_done(loopback);
	}
	pthread_mutex_unlock(&loopback->lock);
	return rc;
}

static struct loopback *
alloc_loopback(const char *trid)
{
	struct loopback *loopback = calloc(1, sizeof(*loopback));
	pthread_condattr_t monotonic;

	if (loopback == NULL)
		return NULL;
	loopback->trid = strdup(trid);
	if (loopback->trid == NULL) {
		free(loopback);
		return NULL;
	}
	loopback->link.ops = &link_ops;
	loopback->work.run = run_work;
	loopback->free.run = run_free;
	loopback->owners = 2;
	loopback->connecting = true;
	pthread_mutex_init(&loopback->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&loopback->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return loopback;
}

/* Find the name's loop and hold it. @return NULL: there is no such name */
static struct rte_vhost2_loop *
hold_loop(const char *trid)
{
	struct rte_vhost2_loop *loop = NULL;
	const struct name *name;

	pthread_mutex_lock(&names_lock);
	name = find_name(trid);
	if (name != NULL) {
		loop = name->endpoint->loop;
		loop_hold(loop);
	}
	pthread_mutex_unlock(&names_lock);
	return loop;
}

int
loopback_connect(const char *trid, struct loopback **result)
{
	struct rte_vhost2_loop *loop = hold_loop(trid);
	struct loopback *loopback;
	int rc;

	if (loop == NULL)
		return -ENOENT;
	loopback = alloc_loopback(trid);
	if (loopback == NULL) {
		loop_release(loop);
		return -ENOMEM;
	}
	loopback->loop = loop;
	pthread_mutex_lock(&loopback->lock);
	loop_post(loop, &loopback->work);
	rc = wait_done(loopback);
	pthread_mutex_unlock(&loopback->lock);
	if (rc == 0)
		*result = loopback;
	else
		loopback_close(loopback);
	return rc;
}

void
loopback_close(struct loopback *loopback)
{
	pthread_mutex_lock(&loopback->lock);
	loopback->leaving = true;
	/* Without a session the task finds nothing to end. */
	if (loopback->owners > 1)
		loop_post(loopback->loop, &loopback->work);
	pthread_mutex_unlock(&loopback->lock);
	disown(loopback);
}

bool
loopback_is_open(struct loopback *loopback)
{
	bool open;

	pthread_mutex_lock(&loopback->lock);
	open = loopback->open;
	pthread_mutex_unlock(&loopback->lock);
	return open;
}

unsigned int
loopback_config_changes(struct loopback *loopback)
{
	unsigned int changes;

	pthread_mutex_lock(&loopback->lock);
	changes = loopback->config_changes;
	pthread_mutex_unlock(&loopback->lock);
	return changes;
}

bool
loopback_miss(struct loopback *loopback, uint64_t *iova, uint8_t *perm)
{
	bool missed;

	pthread_mutex_lock(&loopback->lock);
	missed = loopback->missed;
	loopback->missed = false;
	*iova = loopback->miss_iova;
	*perm = loopback->miss_perm;
	pthread_mutex_unlock(&loopback->lock);
	return missed;
}

/* --- the transport --- */

static int
open_name(struct transport_endpoint *endpoint)
{
	struct name *name = calloc(1, sizeof(*name));

	if (name == NULL)
		return -ENOMEM;
	name->endpoint = endpoint;
	endpoint->state = name;
	return 0;
}

static void
begin_name(struct transport_endpoint *endpoint)
{
	pthread_mutex_lock(&names_lock);
	LIST_INSERT_HEAD(&names, (struct name *)endpoint->state, entry);
	pthread_mutex_unlock(&names_lock);
}

static void
close_name(struct transport_endpoint *endpoint)
{
	struct name *name = endpoint->state;

	pthread_mutex_lock(&names_lock);
	LIST_REMOVE(name, entry);
	pthread_mutex_unlock(&names_lock);
	free(name);
}

const struct transport transport_loopback = {
	.name = "loopback",
	.flags = RTE_VHOST2_IOMMU | RTE_VHOST2_NO_LOG | RTE_VHOST2_INFLIGHT,
	/* Rings begin disabled, as they do behind a socket. */
	.features = UINT64_C(1) << 30,
	.open = open_name,
	.begin = begin_name,
	.close = close_name,
};
