/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A session calls its device, see session.h: which callback, whether it is completed, and what that means. A callback
 * that is completed before it returns is seen by session_call_device() itself; any other completion comes by the loop.
 */

#include <errno.h>
#include <linux/vhost_types.h>
#include <linux/virtio_config.h>

#include "vhost2/container.h"
#include "vhost2/log.h"
#include "vhost2/session.h"
#include "vhost2/session_private.h"

#define BIT(n) (UINT64_C(1) << (n))

/* A ring that cannot run, or a device that does not want it: it stays as it is until the front-end changes it. */
void
session_refuse_queue(struct session *session, struct queue *queue, enum rte_vhost2_error error, int rc,
	const char *why)
{
	const bool is_verbs = session->verb_starts && session->verb_queue == queue;

	queue->refused = true;
	session_note(session, &queue->error_due, error);
	if (is_verbs && error != RTE_VHOST2_ERR_CALLBACK) {
		session_refuse(session, error, rc, "queue %u: %s", queue->vq.index, why);
		return;
	}
	if (is_verbs)
		session->verb_rc = rc;
	session_count(session, error);
	vhost2_log(LOG_WARNING, "%s: queue %u not started: %s (error %d)", session->device->name, queue->vq.index,
		why, -rc);
}

/* --- what was completed --- */

static void
created(struct session *session, int rc)
{
	session->created = rc == 0;
	if (rc != 0)
		session_fail(session, RTE_VHOST2_ERR_CALLBACK, "device_create failed, error %d", -rc);
}

void
session_set_negotiated(struct session *session, uint64_t features)
{
	session->vdev->features = features;
	session->vdev->iommu = (features & BIT(VIRTIO_F_ACCESS_PLATFORM)) != 0;
	session->vdev->logging = (features & BIT(VHOST_F_LOG_ALL)) != 0;
}

static void
features_told(struct session *session, int rc)
{
	session->features_told = true;
	if (rc == 0)
		return;
	vhost2_log(LOG_WARNING, "%s: the device refused features 0x%llx, error %d", session->device->name,
		(unsigned long long)session->vdev->features, -rc);
	session_count(session, RTE_VHOST2_ERR_CALLBACK);
	session->verb_rc = rc;
	session_set_negotiated(session, session->old_features);
	session->has_features = session->old_features_told;
	session->features_told = session->old_features_told;
}

static void
inited(struct session *session, int rc)
{
	session->inited = rc == 0;
	if (rc != 0)
		session_fail(session, RTE_VHOST2_ERR_CALLBACK, "device_init failed, error %d", -rc);
}

static void
started(struct session *session, int rc)
{
	struct queue *queue = session->callback_queue;

	queue->running = rc == 0;
	if (queue->kick_due)
		__atomic_store_n(&session->news, 1, __ATOMIC_RELEASE);
	if (rc != 0)
		session_refuse_queue(session, queue, RTE_VHOST2_ERR_CALLBACK, rc, "queue_start failed");
}

static void
stopped(struct session *session, int rc)
{
	struct queue *queue = session->callback_queue;

	if (rc != 0)
		vhost2_log(LOG_WARNING, "%s: queue %u stopped with error %d", session->device->name, queue->vq.index, -rc);
	queue_stopped(queue);
}

static void
custom_handled(struct session *session, int rc)
{
	if (rc == -ENOTSUP)
		session_refuse(session, RTE_VHOST2_ERR_MESSAGE, rc, "message %u is not known", session->custom->id);
	else
		session->verb_rc = rc;
}

static void
destroyed(struct session *session, int rc)
{
	session->created = false;
	if (rc != 0)
		vhost2_log(LOG_WARNING, "%s: device_destroy ended with error %d", session->device->name, -rc);
}

static void
callback_done(struct session *session)
{
	static void (*const handlers[])(struct session *session, int rc) = {
		[SESSION_CREATE] = created,
		[SESSION_FEATURES] = features_told,
		[SESSION_INIT] = inited,
		[SESSION_START] = started,
		[SESSION_STOP] = stopped,
		[SESSION_CUSTOM] = custom_handled,
		[SESSION_DESTROY] = destroyed,
	};
	const enum session_callback done = session->callback;

	session->callback = SESSION_IDLE;
	handlers[done](session, session->callback_rc);
}

/* --- calling the device --- */

/* @return false: the device has no such callback */
static bool
invoke(struct session *session)
{
	const struct rte_vhost2_tgt_ops *ops = &session->device->ops;
	struct rte_vhost2_dev *vdev = session->vdev;
	struct queue *queue = session->callback_queue;

	switch (session->callback) {
	case SESSION_CREATE:
		return ops->device_create != NULL && (ops->device_create(vdev), true);
	case SESSION_FEATURES:
		return ops->device_features_changed != NULL &&
			(ops->device_features_changed(vdev, vdev->features), true);
	case SESSION_INIT:
		return ops->device_init != NULL && (ops->device_init(vdev), true);
	case SESSION_START:
		return ops->queue_start != NULL && (ops->queue_start(vdev, &queue->vq), true);
	case SESSION_STOP:
		return ops->queue_stop != NULL && (ops->queue_stop(vdev, &queue->vq), true);
	case SESSION_CUSTOM:
		return ops->custom_msg != NULL && (ops->custom_msg(vdev, session->custom), true);
	case SESSION_DESTROY:
		return ops->device_destroy != NULL && (ops->device_destroy(vdev), true);
	case SESSION_IDLE:
		break;
	}
	return false;
}

bool
session_call_device(struct session *session, enum session_callback callback, struct queue *queue)
{
	session->callback = callback;
	session->callback_queue = queue;
	session->callback_rc = callback == SESSION_CUSTOM ? -ENOTSUP : 0;
	session->completed_inside = false;
	session->inside = true;
	__atomic_store_n(&session->waiting, 1, __ATOMIC_RELEASE);
	if (!invoke(session)) {
		__atomic_store_n(&session->waiting, 0, __ATOMIC_RELAXED);
		session->completed_inside = true;
	}
	session->inside = false;
	if (session->completed_inside)
		callback_done(session);
	return true;
}

void
session_complete(struct session *session, int rc)
{
	int expected = 1;

	if (!__atomic_compare_exchange_n(&session->waiting, &expected, 2, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
		vhost2_log(LOG_ERR, "%s: a callback was completed while none was under way", session->device->name);
		return;
	}
	session->callback_rc = rc;
	__atomic_store_n(&session->waiting, 0, __ATOMIC_RELEASE);
	if (loop_is_mine(session->loop) && session->inside)
		session->completed_inside = true;
	else
		loop_post(session->loop, &session->completion);
}

void
session_run_completion(struct loop_task *task)
{
	struct session *session = vhost2_container_of(task, struct session, completion);

	callback_done(session);
	session_pump(session);
}
