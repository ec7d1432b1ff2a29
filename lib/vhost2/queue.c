/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* One ring, see queue.h. */

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/vhost_types.h>
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

/* Find the three parts in our memory. */
static int
translate(const struct queue *queue, const struct queue_env *env, struct vring_area *area)
{
	const struct queue_addr *addr = &queue->addr;

	area->desc = memory_at_user(env->memory, addr->desc, vring_desc_bytes(area->format, area->size));
	area->driver = memory_at_user(env->memory, addr->driver, vring_driver_bytes(area->format, area->size));
	area->device = memory_at_user(env->memory, addr->device, vring_device_bytes(area->format, area->size));
	if (area->desc == NULL || area->driver == NULL || area->device == NULL)
		return -EFAULT;
	return vring_area_is_aligned(area) ? 0 : -EINVAL;
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
	queue->vq.pos = pos;
	queue->stale = false;
	return 0;
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
