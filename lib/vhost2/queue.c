/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* One ring, see queue.h. */

#include <errno.h>
#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <unistd.h>

#include "vhost2/container.h"
#include "vhost2/queue.h"
#include "virtio/vring_layout.h"
#include "virtio/vring_packed.h"
#include "virtio/vring_split.h"

#define BIT(n) (UINT64_C(1) << (n))
/* The feature bit of vhost transports that makes rings begin disabled. */
#define F_PROTOCOL_FEATURES 30

void
queue_init(struct queue *queue, uint16_t index, void *session)
{
	memset(queue, 0, sizeof(*queue));
	queue->vq.index = index;
	queue->session = session;
	queue->kick_source.fd = -1;
	notifier_init(&queue->call);
	notifier_init(&queue->err);
}

void
queue_fini(struct queue *queue)
{
	queue_drop_kick(queue);
	inflight_detach(&queue->inflight);
	notifier_fini(&queue->call);
	notifier_fini(&queue->err);
}

struct queue *
queue_of_vq(struct rte_vhost2_vq *vq)
{
	return vhost2_container_of(vq, struct queue, vq);
}

/*
 * Whether what defines the ring may still change. A ring that runs without having been kicked runs because we were
 * early: by the protocol it is not started yet.
 */
static bool
is_settled(const struct queue *queue)
{
	return queue->running && queue->kicked;
}

static void
changed(struct queue *queue)
{
	queue->refused = false;
	queue->stale = queue->running;
}

int
queue_set_num(struct queue *queue, uint32_t num, uint32_t max)
{
	/*
	 * Whether a split ring may have that many is known when it starts: the format is negotiated. None at all is what
	 * front-ends in use say of rings that their driver did not set up; such a ring is not runnable.
	 */
	if (num > max)
		return -EINVAL;
	if (num == queue->num)
		return 0;
	if (is_settled(queue))
		return -EBUSY;
	queue->num = num;
	changed(queue);
	return 0;
}

static bool
is_same_place(const struct queue_addr *a, const struct queue_addr *b)
{
	return a->desc == b->desc && a->driver == b->driver && a->device == b->device;
}

int
queue_set_addr(struct queue *queue, const struct queue_addr *addr)
{
	/* A running ring is told its addresses again when logging begins or ends. */
	if (is_settled(queue) && !is_same_place(addr, &queue->addr))
		return -EBUSY;
	if (queue->has_addr && is_same_place(addr, &queue->addr) && addr->log == queue->addr.log &&
	    addr->is_logged == queue->addr.is_logged)
		return 0;
	queue->addr = *addr;
	queue->has_addr = true;
	changed(queue);
	return 0;
}

int
queue_set_base(struct queue *queue, uint32_t base, bool is_packed)
{
	/* The index of a split ring has 16 bits; what the others would mean is not said. */
	if (!is_packed && base > UINT16_MAX)
		return -EINVAL;
	if (is_settled(queue))
		return -EBUSY;
	queue->base = base;
	queue->has_base = true;
	queue->keep_base = queue->running;
	changed(queue);
	return 0;
}

uint32_t
queue_get_base(const struct queue *queue)
{
	return queue->base;
}

void
queue_set_enabled(struct queue *queue, bool enabled)
{
	if (queue->enabled == enabled)
		return;
	queue->enabled = enabled;
	changed(queue);
}

static bool
is_enabled(const struct queue *queue, uint64_t features)
{
	/* vhost-user SET_VRING_ENABLE: "has not been negotiated, the ring starts directly in the enabled state" */
	return (features & BIT(F_PROTOCOL_FEATURES)) == 0 || queue->enabled;
}

bool
queue_is_runnable(const struct queue *queue, uint64_t features)
{
	if (queue->refused || queue->num == 0 || !queue->has_addr || queue->kick == QUEUE_KICK_NONE)
		return false;
	/* vhost-user SET_VRING_KICK: "polling should be used instead of waiting for the kick" */
	return queue->kick == QUEUE_KICK_POLL || queue->kicked || is_enabled(queue, features);
}

/*
 * One part of a ring behind an IOMMU: translation by translation, all of which have to lead on from each other in our
 * memory, for a ring is one piece.
 */
static int
translate_iova(const struct queue_env *env, uint64_t iova, uint64_t len, void **where)
{
	uint8_t *begin = NULL;
	uint64_t done = 0;

	while (done < len) {
		uint64_t user_addr, some = 0;
		uint8_t *piece;
		int rc = iotlb_find(env->iotlb, iova + done, VHOST_ACCESS_RW, &user_addr, &some);

		if (rc != 0)
			return rc == -EAGAIN ? rc : -EFAULT;
		some = some < len - done ? some : len - done;
		piece = memory_at_user(env->memory, user_addr, some);
		if (piece == NULL || (done > 0 && piece != begin + done))
			return -EFAULT;
		begin = done == 0 ? piece : begin;
		done += some;
	}
	*where = begin;
	return 0;
}

static int
translate_part(const struct queue_env *env, uint64_t addr, uint64_t len, void **where)
{
	/* vhost-user SET_VRING_ADDR: "uses I/O virtual addresses" once the IOMMU feature is negotiated */
	if (env->iotlb != NULL)
		return translate_iova(env, addr, len, where);
	*where = memory_at_user(env->memory, addr, len);
	return *where != NULL ? 0 : -EFAULT;
}

/* Find the three parts in our memory. */
static int
translate(const struct queue *queue, const struct queue_env *env, struct vring_area *area)
{
	const struct queue_addr *addr = &queue->addr;
	int rc = translate_part(env, addr->desc, vring_desc_bytes(area->format, area->size), &area->desc);

	if (rc == 0)
		rc = translate_part(env, addr->driver, vring_driver_bytes(area->format, area->size), &area->driver);
	if (rc == 0)
		rc = translate_part(env, addr->device, vring_device_bytes(area->format, area->size), &area->device);
	if (rc != 0)
		return rc;
	return vring_area_is_aligned(area) ? 0 : -EINVAL;
}

/*
 * What the front-end names is the used ring. A packed ring writes what it used into its descriptors, of which only we
 * know where they are.
 */
static void
fill_log(struct queue *queue, const struct queue_env *env, const struct vring_area *area)
{
	queue->log.log = env->log;
	queue->log.is_ring_logged = queue->addr.is_logged;
	queue->log.ring = queue->addr.log;
	if (area->format == VRING_PACKED)
		queue->log.is_ring_logged &= memory_gpa_of(env->memory, area->desc, &queue->log.ring);
	queue->vq.log = env->log != NULL ? &queue->log : NULL;
}

/*
 * A split base says what is taken next; what was returned, the ring knows itself. If buffers were taken and not
 * returned, by a back-end that is no more, they are taken again. A ring that knows nothing of the kind was not cleared
 * by its driver, and the base is all there is.
 */
static struct rte_vhost2_vq_pos
split_pos(const struct vring_area *area, uint32_t base)
{
	const uint16_t used = virtio_load_acquire16(&split_used_ring(area)->idx);
	const uint16_t taken = (uint16_t)((uint16_t)base - used);
	struct rte_vhost2_vq_pos pos = { .avail_idx = (uint16_t)base, .used_idx = (uint16_t)base };

	if (taken > 0 && taken <= area->size)
		pos.avail_idx = pos.used_idx = used;
	return pos;
}

/*
 * A packed base has the next available descriptor in bits 0-14 and its wrap counter in bit 15; bits 16-31 say the same
 * of the next used one. Front-ends older than the upper half leave it zero, which no ring at rest can mean, since both
 * places are the same then. If they are not, what was taken and not returned is taken again.
 */
static int
packed_pos_of_base(uint32_t base, uint32_t size, struct rte_vhost2_vq_pos *pos)
{
	const uint16_t half = (uint16_t)(base >> 16 != 0 ? base >> 16 : base);
	const struct packed_pos place = packed_event_pos(half);

	if (place.idx >= size)
		return -EINVAL;
	pos->avail_idx = pos->used_idx = place.idx;
	pos->avail_wrap = pos->used_wrap = place.wrap;
	return 0;
}

static int
find_pos(const struct queue *queue, const struct vring_area *area, struct rte_vhost2_vq_pos *pos)
{
	const uint32_t base = queue->has_base ? queue->base : vring_base_start(area->format);

	if (area->format == VRING_PACKED)
		return packed_pos_of_base(base, area->size, pos);
	*pos = split_pos(area, base);
	return 0;
}

/* All that does not come from the front-end's words about this ring. */
static void
fill_vq(struct queue *queue, const struct vring_area *area, uint64_t features)
{
	struct rte_vhost2_vq *vq = &queue->vq;

	vq->desc = area->desc;
	vq->avail = area->driver;
	vq->used = area->device;
	vq->size = area->size;
	vq->is_packed = area->format == VRING_PACKED;
	vq->in_order = (features & BIT(VIRTIO_F_IN_ORDER)) != 0;
	vq->indirect = (features & BIT(VIRTIO_RING_F_INDIRECT_DESC)) != 0;
	vq->event_idx = (features & BIT(VIRTIO_RING_F_EVENT_IDX)) != 0;
	vq->enabled = is_enabled(queue, features);
	vq->polled = queue->kick == QUEUE_KICK_POLL;
	vq->nr_uncalled = 0;
	vq->signalled = 0;
	vq->signalled_valid = false;
	vq->broken = false;
}

/*
 * With a record of what was being done, nothing has to be guessed: behind the last returned buffer come those that are
 * done again, whatever their order was, and behind them the ones that were never taken.
 */
static int
attach_record(struct queue *queue, const struct queue_env *env)
{
	struct rte_vhost2_vq *vq = &queue->vq;
	uint16_t used;
	int rc;

	inflight_detach(&queue->inflight);
	vq->inflight = NULL;
	if (env->inflight == NULL || vq->is_packed)
		return 0;
	used = virtio_load_acquire16(&vq->used->idx);
	rc = inflight_attach(env->inflight, &queue->inflight, vq->index, (uint16_t)vq->size, used);
	if (rc != 0)
		return rc == -ENOENT ? 0 : rc;
	vq->inflight = &queue->inflight;
	vq->pos.used_idx = used;
	vq->pos.avail_idx = (uint16_t)(used + queue->inflight.nr_again);
	return 0;
}

int
queue_build(struct queue *queue, const struct queue_env *env)
{
	const bool is_packed = (env->features & BIT(VIRTIO_F_RING_PACKED)) != 0;
	struct vring_area area = { .format = is_packed ? VRING_PACKED : VRING_SPLIT, .size = queue->num };
	struct rte_vhost2_vq_pos pos = { .avail_idx = 0 };
	int rc = vring_size_is_valid(area.format, area.size) ? 0 : -EINVAL;

	if (rc == 0)
		rc = translate(queue, env, &area);
	if (rc == 0)
		rc = find_pos(queue, &area, &pos);
	if (rc != 0)
		return rc;
	fill_vq(queue, &area, env->features);
	fill_log(queue, env, &area);
	queue->vq.pos = pos;
	queue->stale = false;
	return attach_record(queue, env);
}

static uint32_t
half_base(uint16_t idx, bool wrap)
{
	return packed_event_off_wrap((struct packed_pos){ .idx = idx, .wrap = wrap });
}

void
queue_stopped(struct queue *queue)
{
	const struct rte_vhost2_vq_pos *pos = &queue->vq.pos;

	queue->running = false;
	queue->stale = false;
	if (queue->keep_base) {
		queue->keep_base = false;
		return;
	}
	queue->has_base = true;
	if (queue->vq.is_packed)
		queue->base = half_base(pos->avail_idx, pos->avail_wrap) | half_base(pos->used_idx, pos->used_wrap) << 16;
	else
		queue->base = pos->avail_idx;
}

void
queue_drop_kick(struct queue *queue)
{
	if (queue->kick_source.fd >= 0)
		close(queue->kick_source.fd);
	queue->kick_source.fd = -1;
	queue->kick = QUEUE_KICK_NONE;
	queue->kicked = false;
	queue->kick_due = false;
}

void
queue_reset(struct queue *queue)
{
	queue_drop_kick(queue);
	queue->num = 0;
	queue->has_addr = false;
	queue->has_base = false;
	queue->keep_base = queue->running;
	queue->base = 0;
	queue->enabled = false;
	queue->refused = false;
}
