/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* A device that notes what happens to it, see recorder.h. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "recorder.h"

static struct recorder *
recorder_of(const struct rte_vhost2_dev *vdev)
{
	return vdev->ctx;
}

static void
note(struct recorder *recorder, const char *word, int number)
{
	const size_t len = strlen(recorder->log);
	char digits[12] = "";

	if (number >= 0)
		snprintf(digits, sizeof(digits), "%d", number);
	snprintf(recorder->log + len, sizeof(recorder->log) - len, "%s%s%s", len > 0 ? " " : "", word, digits);
}

/* What of a vq must stay: everything before "moving". */
static bool
is_same(const struct rte_vhost2_vq *a, const struct rte_vhost2_vq *b)
{
	return memcmp(a, b, offsetof(struct rte_vhost2_vq, pos)) == 0;
}

static void
check_vqs(struct recorder *recorder)
{
	for (int i = 0; i < RECORDER_QUEUES; i++)
		if (recorder->vq[i] != NULL && !is_same(recorder->vq[i], &recorder->copy[i]))
			recorder->changes++;
}

static void
handle(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, enum recorder_call call, const char *word)
{
	struct recorder *recorder = recorder_of(vdev);
	bool hold;

	pthread_mutex_lock(&recorder->lock);
	note(recorder, word, vq != NULL ? vq->index : -1);
	recorder->overlaps += recorder->pending != 0 && recorder->pending_vdev == vdev;
	check_vqs(recorder);
	hold = recorder->hold[call];
	if (hold) {
		recorder->pending = 1 + (int)call;
		recorder->pending_vdev = vdev;
		recorder->pending_vq = vq;
	}
	pthread_mutex_unlock(&recorder->lock);
	if (recorder->inside != NULL)
		recorder->inside(recorder, vdev, vq);
	if (!hold)
		rte_vhost2_tgt_cb_complete(vdev, recorder->rc[call]);
}

static void
on_create(struct rte_vhost2_dev *vdev)
{
	recorder_of(vdev)->vdev = vdev;
	handle(vdev, NULL, RECORDER_CREATE, "create");
}

static void
on_features(struct rte_vhost2_dev *vdev, uint64_t features)
{
	(void)features;
	handle(vdev, NULL, RECORDER_FEATURES, "features");
}

static void
on_init(struct rte_vhost2_dev *vdev)
{
	handle(vdev, NULL, RECORDER_INIT, "init");
}

static void
on_start(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	struct recorder *recorder = recorder_of(vdev);

	if (vq->index < RECORDER_QUEUES && recorder->rc[RECORDER_START] == 0) {
		pthread_mutex_lock(&recorder->lock);
		recorder->vq[vq->index] = vq;
		recorder->owner[vq->index] = vdev;
		recorder->copy[vq->index] = *vq;
		pthread_mutex_unlock(&recorder->lock);
	}
	handle(vdev, vq, RECORDER_START, "start");
}

static void
on_stop(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	handle(vdev, vq, RECORDER_STOP, "stop");
	if (vq->index < RECORDER_QUEUES && !recorder_of(vdev)->hold[RECORDER_STOP])
		recorder_of(vdev)->vq[vq->index] = NULL;
}

static void
on_destroy(struct rte_vhost2_dev *vdev)
{
	struct recorder *recorder = recorder_of(vdev);

	pthread_mutex_lock(&recorder->lock);
	for (int i = 0; i < RECORDER_QUEUES; i++)
		if (recorder->owner[i] == vdev)
			recorder->vq[i] = NULL;
	if (recorder->vdev == vdev)
		recorder->vdev = NULL;
	pthread_mutex_unlock(&recorder->lock);
	handle(vdev, NULL, RECORDER_DESTROY, "destroy");
}

static void
on_custom(struct rte_vhost2_dev *vdev, struct rte_vhost2_msg *msg)
{
	recorder_of(vdev)->last_custom = msg->id;
	handle(vdev, NULL, RECORDER_CUSTOM, "custom");
}

static void
on_kick(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	struct recorder *recorder = recorder_of(vdev);

	pthread_mutex_lock(&recorder->lock);
	recorder->overlaps += recorder->pending != 0 && recorder->pending_vdev == vdev;
	if (vq->index < RECORDER_QUEUES)
		recorder->kicks[vq->index]++;
	pthread_mutex_unlock(&recorder->lock);
	if (recorder->inside != NULL)
		recorder->inside(recorder, vdev, vq);
}

static int
on_get_config(struct rte_vhost2_dev *vdev, uint8_t *config, uint32_t len)
{
	struct recorder *recorder = recorder_of(vdev);

	if (len > sizeof(recorder->config))
		return -EINVAL;
	memcpy(config, recorder->config, len);
	if (recorder->inside != NULL)
		recorder->inside(recorder, vdev, NULL);
	return 0;
}

static int
on_set_config(struct rte_vhost2_dev *vdev, uint8_t *config, uint32_t offset, uint32_t len,
	enum rte_vhost2_set_config_type type)
{
	struct recorder *recorder = recorder_of(vdev);

	(void)type;
	if (offset > sizeof(recorder->config) || len > sizeof(recorder->config) - offset)
		return -EINVAL;
	memcpy(recorder->config + offset, config, len);
	if (recorder->inside != NULL)
		recorder->inside(recorder, vdev, NULL);
	return 0;
}

static void
on_error(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, enum rte_vhost2_error error)
{
	struct recorder *recorder = recorder_of(vdev);

	pthread_mutex_lock(&recorder->lock);
	recorder->overlaps += recorder->pending != 0 && recorder->pending_vdev == vdev;
	recorder->errors[error]++;
	pthread_mutex_unlock(&recorder->lock);
	if (recorder->inside != NULL)
		recorder->inside(recorder, vdev, vq);
}

void
recorder_init(struct recorder *recorder)
{
	memset(recorder, 0, sizeof(*recorder));
	pthread_mutex_init(&recorder->lock, NULL);
	recorder->ops = (struct rte_vhost2_tgt_ops){
		.device_create = on_create,
		.device_init = on_init,
		.device_features_changed = on_features,
		.queue_start = on_start,
		.queue_stop = on_stop,
		.device_destroy = on_destroy,
		.custom_msg = on_custom,
		.queue_kick = on_kick,
		.get_config = on_get_config,
		.set_config = on_set_config,
		.device_error = on_error,
		.dev_size = sizeof(struct recorder_device),
		.dev_offset = offsetof(struct recorder_device, vdev),
		.ctx = recorder,
		.nr_queues = RECORDER_QUEUES,
	};
}

int
recorder_complete(struct recorder *recorder, int rc)
{
	struct rte_vhost2_dev *vdev;
	int pending;

	pthread_mutex_lock(&recorder->lock);
	pending = recorder->pending;
	vdev = recorder->pending_vdev;
	recorder->pending = 0;
	if (pending == 1 + RECORDER_STOP) {
		check_vqs(recorder);
		recorder->vq[recorder->pending_vq->index] = NULL;
	}
	pthread_mutex_unlock(&recorder->lock);
	if (pending == 0)
		return -EAGAIN;
	rte_vhost2_tgt_cb_complete(vdev, rc);
	return 0;
}

void
recorder_clear(struct recorder *recorder)
{
	pthread_mutex_lock(&recorder->lock);
	recorder->log[0] = '\0';
	pthread_mutex_unlock(&recorder->lock);
}

bool
recorder_ends_with(struct recorder *recorder, const char *words)
{
	const size_t len = strlen(words);
	size_t total;
	bool ends;

	pthread_mutex_lock(&recorder->lock);
	total = strlen(recorder->log);
	ends = total >= len && strcmp(recorder->log + total - len, words) == 0;
	pthread_mutex_unlock(&recorder->lock);
	return ends;
}

bool
recorder_vqs_are_unchanged(struct recorder *recorder)
{
	bool unchanged;

	pthread_mutex_lock(&recorder->lock);
	check_vqs(recorder);
	unchanged = recorder->changes == 0;
	pthread_mutex_unlock(&recorder->lock);
	return unchanged;
}
