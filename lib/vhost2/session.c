/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The machine of a session, see session.h. Verbs are in session_verbs.c, callbacks in session_callbacks.c.
 *
 * Each step looks at the whole state anew, so nothing has to be remembered about how it came to be: a front-end that
 * leaves, or a target that is unregistered, in the middle of anything only changes what the next step is.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "vhost2/container.h"
#include "vhost2/log.h"
#include "vhost2/session.h"
#include "vhost2/session_private.h"

/* Verbs that one session may have in a row before others get their turn. */
#define VERBS_IN_A_ROW 32
/* A cache line: devices lay their structs out by it. */
#define DEVICE_ALIGNMENT 64

/* --- errors --- */

void
session_count(const struct session *session, enum rte_vhost2_error error)
{
	__atomic_fetch_add(&session->device->stats->errors[error], 1, __ATOMIC_RELAXED);
}

void
session_note(struct session *session, int *due, enum rte_vhost2_error error)
{
	__atomic_store_n(due, 1 + (int)error, __ATOMIC_RELAXED);
	__atomic_store_n(&session->news, 1, __ATOMIC_RELEASE);
}

void
session_note_error(struct session *session, struct queue *queue, enum rte_vhost2_error error)
{
	session_count(session, error);
	session_note(session, &queue->error_due, error);
	session_attend(session);
}

void
session_end(struct session *session)
{
	if (session->ending)
		return;
	session->ending = true;
	session->link->ops->hangup(session->link);
}

void
session_fail(struct session *session, enum rte_vhost2_error error, const char *format, ...)
{
	char text[300];
	va_list args;

	if (session->ending)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	vhost2_log(LOG_WARNING, "%s: connection closed: %s", session->device->name, text);
	session_count(session, error);
	session_note(session, &session->error_due, error);
	session_end(session);
}

/* --- one step --- */

bool
session_is_active(const struct session *session)
{
	for (uint16_t i = 0; i < session->nr_queues; i++)
		if (session->queues[i].running)
			return true;
	return false;
}

static bool
change_is_due(const struct session *session)
{
	return session->change.memory_due || session->change.features_due || session->change.log_due ||
		session->change.inflight_due;
}

static bool
must_stop(const struct session *session, const struct queue *queue)
{
	return session->ending || change_is_due(session) || queue->stale ||
		!queue_is_runnable(queue, session->vdev->features);
}

static bool
stop_one(struct session *session)
{
	for (uint16_t i = 0; i < session->nr_queues; i++) {
		struct queue *queue = &session->queues[i];

		if (queue->running && must_stop(session, queue))
			return session_call_device(session, SESSION_STOP, queue);
	}
	return false;
}

/* A ring that could not run may do so in another memory, or with other features. */
static void
forgive_queues(struct session *session)
{
	for (uint16_t i = 0; i < session->nr_queues; i++)
		session->queues[i].refused = session->queues[i].waiting = false;
}

/* Put into effect what waited for all rings to stop. */
static bool
apply_change(struct session *session)
{
	struct session_change *change = &session->change;

	if (!change_is_due(session))
		return false;
	if (change->memory_due) {
		session->vdev->mem = &change->memory->table;
		memory_destroy(session->memory);
		session->memory = change->memory;
		session->inited = false;
	}
	if (change->features_due) {
		session->old_features = session->vdev->features;
		session->old_features_told = session->features_told;
		session_set_negotiated(session, change->features);
		session->has_features = true;
		session->features_told = false;
	}
	if (change->log_due) {
		dirty_log_destroy(session->log);
		session->log = change->log;
	}
	if (change->inflight_due) {
		inflight_destroy(session->inflight);
		session->inflight = change->inflight;
	}
	memset(change, 0, sizeof(*change));
	forgive_queues(session);
	return true;
}

/* Make a ring and hand it out. @return whether something was done */
static bool
start(struct session *session, struct queue *queue)
{
	const struct rte_vhost2_dev *vdev = session->vdev;
	const struct queue_env env = {
		.memory = session->memory,
		.features = vdev->features,
		.iotlb = vdev->iommu ? session->iotlb : NULL,
		.log = vdev->logging ? session->log : NULL,
		.inflight = session->inflight,
	};
	const int rc = queue_build(queue, &env);

	if (rc == 0)
		return session_call_device(session, SESSION_START, queue);
	if (rc == -EAGAIN) {
		queue->waiting = true;
		__atomic_store_n(&session->misses_due, true, __ATOMIC_RELAXED);
		return false;
	}
	session_refuse_queue(session, queue, RTE_VHOST2_ERR_RING, rc,
		rc == -EFAULT ? "ring addresses not in memory" : "ring size, alignment or base cannot be");
	return true;
}

static bool
start_one(struct session *session)
{
	for (uint16_t i = 0; session->inited && i < session->nr_queues; i++) {
		struct queue *queue = &session->queues[i];

		if (queue->running || queue->waiting || !queue_is_runnable(queue, session->vdev->features))
			continue;
		if (start(session, queue))
			return true;
	}
	return false;
}

static bool
tell_device(struct session *session)
{
	if (session->has_features && !session->features_told)
		return session_call_device(session, SESSION_FEATURES, NULL);
	if (session->features_told && session->memory != NULL && !session->inited)
		return session_call_device(session, SESSION_INIT, NULL);
	if (session->custom_due) {
		session->custom_due = false;
		return session_call_device(session, SESSION_CUSTOM, NULL);
	}
	return false;
}

/* All rings are stopped. */
static bool
go_away(struct session *session)
{
	if (session->created)
		return session_call_device(session, SESSION_DESTROY, NULL);
	session->freed = true;
	return false;
}

/* @return whether something was done that may make more possible */
static bool
step(struct session *session)
{
	if (!session->created && !session->ending)
		return session_call_device(session, SESSION_CREATE, NULL);
	if (stop_one(session))
		return true;
	if (session->ending)
		return go_away(session);
	return apply_change(session) || tell_device(session) || start_one(session);
}

/* --- synchronous callbacks: when no other is under way --- */

static void
tell_error(struct session *session, struct queue *queue, int *due)
{
	const int error = __atomic_exchange_n(due, 0, __ATOMIC_RELAXED);

	if (error == 0)
		return;
	if (queue != NULL)
		notifier_signal(&queue->err);
	if (session->device->ops.device_error != NULL && session->created)
		session->device->ops.device_error(session->vdev, queue != NULL ? &queue->vq : NULL,
			(enum rte_vhost2_error)(error - 1));
}

static void
tell_kick(struct session *session, struct queue *queue)
{
	if (!queue->kick_due || !queue->running)
		return;
	queue->kick_due = false;
	if (session->device->ops.queue_kick != NULL)
		session->device->ops.queue_kick(session->vdev, &queue->vq);
}

static void
tell_news(struct session *session)
{
	if (__atomic_exchange_n(&session->news, 0, __ATOMIC_ACQUIRE) == 0)
		return;
	tell_error(session, NULL, &session->error_due);
	for (uint16_t i = 0; i < session->nr_queues; i++) {
		tell_error(session, &session->queues[i], &session->queues[i].error_due);
		tell_kick(session, &session->queues[i]);
	}
}

static void
tell_config(struct session *session)
{
	if (!__atomic_load_n(&session->config_due, __ATOMIC_RELAXED))
		return;
	/* All rings stopped: the front-end may be sent nothing but replies. */
	if (session->link->ops->config_changed == NULL || !session_is_active(session))
		return;
	__atomic_store_n(&session->config_due, false, __ATOMIC_RELAXED);
	if (!session->link->ops->config_changed(session->link))
		__atomic_store_n(&session->config_due, true, __ATOMIC_RELAXED);
}

static void
tell_misses(struct session *session)
{
	const struct session_link_ops *ops = session->link->ops;
	uint64_t iova;
	uint8_t perm;

	if (!__atomic_exchange_n(&session->misses_due, false, __ATOMIC_ACQUIRE) || session->iotlb == NULL ||
	    ops->can_ask == NULL)
		return;
	while (ops->can_ask(session->link))
		if (iotlb_take_miss(session->iotlb, &iova, &perm))
			ops->iotlb_miss(session->link, iova, perm);
		else
			return;
	/* More when the front-end has taken these. */
	__atomic_store_n(&session->misses_due, true, __ATOMIC_RELAXED);
}

/* --- the pump --- */

static void
finish_verb(struct session *session)
{
	const char *verb = session->verb;

	if (session->refused) {
		session_count(session, session->refused_for);
		session_note(session, &session->error_due, session->refused_for);
		vhost2_log(LOG_WARNING, "%s: %s refused: %s (error %d)", session->device->name, verb, session->why,
			-session->verb_rc);
	}
	session->verb = NULL;
	session->verb_queue = NULL;
	session->link->ops->done(session->link, session->verb_rc);
}

/* @return whether it is worth coming again */
static bool
advance(struct session *session, unsigned int *verbs)
{
	if (session->callback != SESSION_IDLE || session->freed)
		return false;
	tell_news(session);
	if (step(session))
		return true;
	if (session->ending)
		return false;
	tell_config(session);
	tell_misses(session);
	if (session->verb != NULL) {
		finish_verb(session);
		return true;
	}
	if ((*verbs)++ < VERBS_IN_A_ROW)
		return session->link->ops->next(session->link) || session->ending;
	session_attend(session);
	return false;
}

static void
free_session(struct session *session)
{
	session->link->ops->gone(session->link);
	loop_alarm_remove(&session->alarm);
	loop_unpost(session->loop, &session->completion);
	loop_unpost(session->loop, &session->attention);
	for (uint16_t i = 0; i < session->nr_queues; i++) {
		loop_unwatch(session->loop, &session->queues[i].kick_source);
		queue_fini(&session->queues[i]);
	}
	inflight_destroy(session->change.inflight);
	inflight_destroy(session->inflight);
	dirty_log_destroy(session->change.log);
	dirty_log_destroy(session->log);
	iotlb_destroy(session->iotlb);
	memory_destroy(session->change.memory);
	memory_destroy(session->memory);
	free(session->queues);
	free(session->block);
	free(session);
}

void
session_pump(struct session *session)
{
	unsigned int verbs = 0;

	if (session->pumping)
		return;
	session->pumping = true;
	while (advance(session, &verbs))
		;
	session->pumping = false;
	if (session->freed)
		free_session(session);
}

/* --- news --- */

void
session_attend(struct session *session)
{
	loop_post(session->loop, &session->attention);
}

static void
run_attention(struct loop_task *task)
{
	session_pump(vhost2_container_of(task, struct session, attention));
}

static void
on_alarm(struct loop_alarm *alarm)
{
	struct session *session = vhost2_container_of(alarm, struct session, alarm);

	if (__atomic_exchange_n(&session->fault, 0, __ATOMIC_ACQUIRE) == 0)
		return;
	session_fail(session, RTE_VHOST2_ERR_FAULT, "the file behind its memory was cut");
	session_pump(session);
}

static void
on_kick(struct loop_source *source, uint32_t events)
{
	struct queue *queue = vhost2_container_of(source, struct queue, kick_source);
	struct session *session = queue->session;

	(void)events;
	notifier_drain(source->fd);
	queue->kicked = true;
	queue->kick_due = true;
	__atomic_store_n(&session->news, 1, __ATOMIC_RELEASE);
	/* Nobody wants to hear of more of them: they shall not wake us. */
	if (session->device->ops.queue_kick == NULL)
		loop_unwatch(session->loop, source);
	session_pump(session);
}

/* --- life --- */

struct memory_owner
session_owner(struct session *session)
{
	return (struct memory_owner){ .flag = &session->fault, .alarm_fd = loop_alarm_fd(session->loop) };
}

static int
alloc_parts(struct session *session)
{
	const struct rte_vhost2_tgt_ops *ops = &session->device->ops;
	const size_t size = ops->dev_size != 0 ? ops->dev_size : sizeof(struct rte_vhost2_dev);
	void *queues = NULL;

	if (posix_memalign(&session->block, DEVICE_ALIGNMENT, size) != 0)
		return -ENOMEM;
	memset(session->block, 0, size);
	if (session->device->flags & RTE_VHOST2_IOMMU)
		session->iotlb = iotlb_create();
	if (session->device->flags & RTE_VHOST2_IOMMU && session->iotlb == NULL)
		return -ENOMEM;
	if (posix_memalign(&queues, DEVICE_ALIGNMENT, ops->nr_queues * sizeof(struct queue)) != 0)
		return -ENOMEM;
	session->queues = queues;
	session->nr_queues = ops->nr_queues;
	for (uint16_t i = 0; i < ops->nr_queues; i++) {
		queue_init(&session->queues[i], i, session);
		session->queues[i].kick_source.ready = on_kick;
	}
	return 0;
}

static void
fill_device(struct session *session)
{
	const struct rte_vhost2_tgt_ops *ops = &session->device->ops;
	const size_t offset = ops->dev_size != 0 ? ops->dev_offset : 0;

	session->vdev = (struct rte_vhost2_dev *)((char *)session->block + offset);
	session->vdev->nr_queues = ops->nr_queues;
	session->vdev->ctx = ops->ctx;
	session->vdev->session = (struct rte_vhost2_session *)session;
}

int
session_create(const struct session_device *device, struct rte_vhost2_loop *loop, struct session_link *link,
	struct session **session)
{
	struct session *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return -ENOMEM;
	made->device = device;
	made->loop = loop;
	made->link = link;
	if (alloc_parts(made) != 0) {
		iotlb_destroy(made->iotlb);
		free(made->block);
		free(made);
		return -ENOMEM;
	}
	fill_device(made);
	made->completion.run = session_run_completion;
	made->attention.run = run_attention;
	made->alarm.rung = on_alarm;
	loop_alarm_add(loop, &made->alarm);
	*session = made;
	return 0;
}
