/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What a device calls while it works, see rte_vhost2.h: notifications, translation, and that a ring is broken. From the
 * threads that process rings; nothing here waits.
 */

#include <errno.h>

#include "vhost2/log.h"
#include "vhost2/session.h"

static struct session *
session_of(struct rte_vhost2_dev *vdev)
{
	return (struct session *)vdev->session;
}

void
rte_vhost2_tgt_cb_complete(struct rte_vhost2_dev *vdev, int rc)
{
	if (vdev != NULL && vdev->session != NULL)
		session_complete(session_of(vdev), rc);
}

void
rte_vhost2_dev_call(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	(void)vdev;
	vq->nr_uncalled = 0;
	if (notifier_signal(&queue_of_vq(vq)->call))
		vq->calls++;
}

void
rte_vhost2_dev_cfg_call(struct rte_vhost2_dev *vdev)
{
	struct session *session = session_of(vdev);

	__atomic_store_n(&session->config_due, true, __ATOMIC_RELAXED);
	session_attend(session);
}

void
rte_vhost2_vq_break(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, enum rte_vhost2_error error)
{
	struct session *session = session_of(vdev);

	if (vq->broken || (unsigned int)error >= RTE_VHOST2_ERR_COUNT)
		return;
	vq->broken = true;
	vhost2_log(LOG_WARNING, "%s: queue %u is broken, error %u: nothing is done with it until it is started anew",
		session->device->name, vq->index, error);
	session_note_error(session, queue_of_vq(vq), error);
}

void *
rte_vhost2_iotlb_to_vva(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, uint64_t *len,
	uint8_t perm)
{
	(void)vdev;
	(void)vq;
	(void)iova;
	(void)perm;
	*len = 0;
	return NULL;
}

bool
rte_vhost2_iova_is_pending(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova)
{
	(void)vdev;
	(void)vq;
	(void)iova;
	return false;
}

void
rte_vhost2_log_write(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, uint64_t len)
{
	(void)vdev;
	(void)vq;
	(void)iova;
	(void)len;
}

void
rte_vhost2_log_ring(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t offset, uint64_t len)
{
	(void)vdev;
	(void)vq;
	(void)offset;
	(void)len;
}
