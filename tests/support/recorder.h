/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A device for tests: it notes each callback, in order and in words, and completes it as it is told: at once, later, or
 * not at all. It holds each vq against a copy of its time of queue_start, so that a change behind the device's back is
 * seen.
 */

#ifndef TESTS_SUPPORT_RECORDER_H
#define TESTS_SUPPORT_RECORDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost2/rte_vhost2.h"

#define RECORDER_QUEUES 8

/** The asynchronous callbacks. */
enum recorder_call {
	RECORDER_CREATE,
	RECORDER_FEATURES,
	RECORDER_INIT,
	RECORDER_START,
	RECORDER_STOP,
	RECORDER_CUSTOM,
	RECORDER_DESTROY,
	RECORDER_CALLS,
};

/** One device, the library's part embedded behind something else. */
struct recorder_device {
	uint64_t before;
	struct rte_vhost2_dev vdev;
};

struct recorder {
	struct rte_vhost2_tgt_ops ops;
	bool hold[RECORDER_CALLS];   /**< do not complete: recorder_complete() will */
	int rc[RECORDER_CALLS];      /**< with which they are completed */
	/** Called inside of each callback, before it is completed; NULL: nothing is. */
	void (*inside)(struct recorder *recorder, struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq);

	/* Results; under `lock`, which is not held while `inside` runs. */
	pthread_mutex_t lock;
	char log[4096];              /**< "create features init start0 stop0 destroy ..." */
	struct rte_vhost2_dev *vdev; /**< the last that was created, NULL after its destroy */
	struct rte_vhost2_vq *vq[RECORDER_QUEUES];   /**< running */
	struct rte_vhost2_dev *owner[RECORDER_QUEUES]; /**< whose they are */
	struct rte_vhost2_vq copy[RECORDER_QUEUES];  /**< as they were started */
	int pending;                 /**< enum recorder_call + 1 of the callback that is held, 0: none */
	struct rte_vhost2_dev *pending_vdev;
	struct rte_vhost2_vq *pending_vq;
	unsigned int overlaps;       /**< callbacks while another one was not completed */
	unsigned int changes;        /**< vqs that were changed while they ran */
	uint32_t kicks[RECORDER_QUEUES];
	uint32_t errors[RTE_VHOST2_ERR_COUNT];
	uint8_t config[64];
	uint32_t last_custom;
};

void recorder_init(struct recorder *recorder);

/** Finish the callback that is held. @return 0; -EAGAIN: none is */
int recorder_complete(struct recorder *recorder, int rc);

/** Forget the log so far. */
void recorder_clear(struct recorder *recorder);

/** Whether the log ends in these words. */
bool recorder_ends_with(struct recorder *recorder, const char *words);

/** Whether the running vqs are what they were when they were started. */
bool recorder_vqs_are_unchanged(struct recorder *recorder);

#endif /* TESTS_SUPPORT_RECORDER_H */
