/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What a device calls while it works, see rte_vhost2.h: notifications, translation, and that a ring is broken. From the
 * threads that process rings; nothing here waits.
 */

#include <errno.h>
#include <linux/vhost_types.h>

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

/* A translation is missing that the loop has to ask for. */
static void
ask(struct session *session)
{
	if (!__atomic_exchange_n(&session->misses_due, true, __ATOMIC_RELEASE))
		session_attend(session);
}

void *
rte_vhost2_iotlb_to_vva(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, uint64_t *len,
	uint8_t perm)
{
	struct session *session = session_of(vdev);
	uint64_t user_addr, some;
	int rc = iotlb_find(session->iotlb, iova, perm, &user_addr, &some);

	(void)vq;
	if (rc == -EAGAIN)
		ask(session);
	if (rc != 0) {
		*len = 0;
		return NULL;
	}
	*len = *len < some ? *len : some;
	return memory_at_user_some(session->memory, user_addr, len);
}

bool
rte_vhost2_iova_is_pending(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova)
{
	(void)vq;
	return vdev->iommu && iotlb_is_pending(session_of(vdev)->iotlb, iova);
}

/* Behind an IOMMU, piece by piece: what was written was translated before, so what is missing now is gone. */
static void
log_iova(struct session *session, struct dirty_log *log, uint64_t iova, uint64_t len)
{
	while (len > 0) {
		uint64_t user_addr, gpa, some;
		void *where = NULL;

		if (iotlb_find(session->iotlb, iova, VHOST_ACCESS_WO, &user_addr, &some) == 0) {
			some = some < len ? some : len;
			where = memory_at_user_some(session->memory, user_addr, &some);
		}
		if (where == NULL || !memory_gpa_of(session->memory, where, &gpa))
			return;
		dirty_log_mark(log, gpa, some);
		iova += some;
		len -= some;
	}
}

void
rte_vhost2_log_write(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, uint64_t len)
{
	if (vq->log == NULL)
		return;
	if (vdev->iommu)
		log_iova(session_of(vdev), vq->log->log, iova, len);
	else
		dirty_log_mark(vq->log->log, iova, len);
}

void
rte_vhost2_log_ring(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t offset, uint64_t len)
{
	(void)vdev;
	if (vq->log != NULL && vq->log->is_ring_logged)
		dirty_log_mark(vq->log->log, vq->log->ring + offset, len);
}
