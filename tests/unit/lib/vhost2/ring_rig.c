/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See ring_rig.h.
 */

#include <stdlib.h>
#include <string.h>

#include "ring_rig.h"
#include "virtio/vring_layout.h"

/* The stand-ins are told of a device, which is the first member of its rig. */
static struct ring_rig *
rig_of(struct rte_vhost2_dev *vdev)
{
	return (struct ring_rig *)vdev;
}

static_assert(offsetof(struct ring_rig, dev) == 0, "rig_of()");

void
rte_vhost2_dev_call(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	vq->calls++;
	rig_of(vdev)->calls++;
}

void
rte_vhost2_vq_break(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, enum rte_vhost2_error error)
{
	struct ring_rig *const rig = rig_of(vdev);

	if (vq->broken)
		return;
	vq->broken = true;
	rig->breaks++;
	rig->error = error;
}

static void
log_add(struct ring_rig *rig, bool is_ring, uint64_t at, uint64_t len)
{
	assert_true(rig->dev.logging);
	assert_in_range(rig->nr_logs, 0, RIG_LOGS - 1);
	rig->log[rig->nr_logs++] = (struct logged){is_ring, at, len};
}

void
rte_vhost2_log_write(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, uint64_t len)
{
	(void)vq;
	log_add(rig_of(vdev), false, iova, len);
}

void
rte_vhost2_log_ring(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t offset, uint64_t len)
{
	(void)vq;
	log_add(rig_of(vdev), true, offset, len);
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
	(void)vq;
	(void)iova;
	return rig_of(vdev)->pending;
}

static void
regions_make(struct ring_rig *rig)
{
	static const uint64_t iovas[] = {REGION_A, REGION_B, REGION_C};
	unsigned int i;

	rig->mem = calloc(1, sizeof(*rig->mem) + 3 * sizeof(rig->mem->regions[0]));
	assert_non_null(rig->mem);
	rig->mem->nregions = 3;
	for (i = 0; i < 3; i++) {
		rig->region[i] = aligned_alloc(64, REGION_SIZE);
		assert_non_null(rig->region[i]);
		memset(rig->region[i], 0, REGION_SIZE);
		rig->mem->regions[i].guest_phys_addr = iovas[i];
		rig->mem->regions[i].host_user_addr = (uintptr_t)rig->region[i];
		rig->mem->regions[i].size = REGION_SIZE;
	}
	rig->dev.mem = rig->mem;
}

static void
queue_start(struct ring_rig *rig, bool is_packed, uint32_t base)
{
	struct rte_vhost2_vq *const vq = &rig->vq;

	vq->desc = rig->area.desc;
	vq->avail = rig->area.driver;
	vq->used = rig->area.device;
	vq->size = rig->area.size;
	vq->is_packed = is_packed;
	vq->indirect = true;
	vq->enabled = true;
	vq->pos.avail_idx = (uint16_t)base & (is_packed ? 0x7fff : 0xffff);
	vq->pos.avail_wrap = (base >> 15 & 1) != 0;
	vq->pos.used_idx = vq->pos.avail_idx;
	vq->pos.used_wrap = vq->pos.avail_wrap;
	rig->avail_idx = (uint16_t)base;
	rig->pos.idx = vq->pos.avail_idx;
	rig->pos.wrap = vq->pos.avail_wrap;
	if (!is_packed) {
		vq->avail->idx = (uint16_t)base;
		vq->used->idx = (uint16_t)base;
	}
}

uint32_t
ring_rig_base(bool is_packed)
{
	return vring_base_start(is_packed ? VRING_PACKED : VRING_SPLIT);
}

void
ring_rig_open(struct ring_rig *rig, bool is_packed, uint32_t size, uint32_t base)
{
	const enum vring_format format = is_packed ? VRING_PACKED : VRING_SPLIT;
	const size_t len = vring_layout_bytes(format, size);

	memset(rig, 0, sizeof(*rig));
	regions_make(rig);
	rig->ring = aligned_alloc(64, len);
	assert_int_equal(vring_layout_place(&rig->area, format, size, rig->ring, len), 0);
	vring_area_clear(&rig->area);
	queue_start(rig, is_packed, base);
}

void
ring_rig_close(struct ring_rig *rig)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		free(rig->region[i]);
	free(rig->mem);
	free(rig->ring);
}

void *
ring_rig_at(struct ring_rig *rig, uint64_t iova)
{
	uint64_t len = 1;
	void *const at = rte_vhost2_iova_to_vva(&rig->dev, &rig->vq, iova, &len, VHOST_ACCESS_RW);

	assert_non_null(at);
	return at;
}

static void
split_offer(struct ring_rig *rig, uint16_t id, const struct link *links, uint32_t n, bool raw)
{
	const uint16_t mask = (uint16_t)(rig->vq.size - 1);
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct vring_desc *const desc = &rig->vq.desc[(id + i) & mask];
		const bool has_next = !raw && i + 1 < n;

		desc->addr = links[i].iova;
		desc->len = links[i].len;
		desc->flags = links[i].flags | (has_next ? VRING_DESC_F_NEXT : 0);
		desc->next = raw ? links[i].next : (uint16_t)((id + i + 1) & mask);
	}
	split_avail_entry_write(rig->vq.avail, rig->avail_idx & mask, id);
	split_avail_publish(rig->vq.avail, ++rig->avail_idx);
}

static void
packed_offer(struct ring_rig *rig, uint16_t id, const struct link *links, uint32_t n, bool raw)
{
	const uint16_t size = (uint16_t)rig->vq.size;
	struct packed_pos pos = rig->pos;
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct vring_packed_desc *const desc = &rig->vq.packed[pos.idx];
		const bool has_next = !raw && i + 1 < n;

		packed_desc_publish(desc, links[i].iova, links[i].len, id,
			links[i].flags | packed_avail_bits(pos.wrap) | (has_next ? VRING_DESC_F_NEXT : 0));
		pos = packed_pos_advance(pos, 1, size);
	}
	rig->pos = pos;
}

void
ring_rig_offer(struct ring_rig *rig, uint16_t id, const struct link *links, uint32_t n, bool raw)
{
	if (rig->vq.is_packed)
		packed_offer(rig, id, links, n, raw);
	else
		split_offer(rig, id, links, n, raw);
}

void
ring_rig_table(struct ring_rig *rig, uint64_t iova, const struct link *links, uint32_t n, bool raw)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		const bool has_next = !raw && !rig->vq.is_packed && i + 1 < n;
		const uint16_t next = raw ? links[i].next : (uint16_t)(i + 1);
		struct vring_desc desc = {links[i].iova, links[i].len, links[i].flags, next};
		const uint8_t *const from = (const uint8_t *)&desc;
		size_t j;

		if (has_next)
			desc.flags |= VRING_DESC_F_NEXT;
		if (rig->vq.is_packed) {
			/* In a packed ring's table the id comes before the flags. */
			desc.flags = 0x5a5a;
			desc.next = links[i].flags;
		}
		for (j = 0; j < sizeof(desc); j++)
			*(uint8_t *)ring_rig_at(rig, iova + i * sizeof(desc) + j) = from[j];
	}
}

void
ring_rig_used(struct ring_rig *rig, uint32_t i, uint16_t *id, uint32_t *len)
{
	if (rig->vq.is_packed) {
		struct vring_packed_desc *const desc = &rig->vq.packed[i % rig->vq.size];
		const bool wrap = (i / rig->vq.size) % 2 == 0;

		assert_true(packed_is_used(desc->flags, wrap));
		*id = desc->id;
		*len = (desc->flags & VRING_DESC_F_WRITE) != 0 ? desc->len : 0;
		return;
	}
	*id = (uint16_t)rig->vq.used->ring[i % rig->vq.size].id;
	*len = rig->vq.used->ring[i % rig->vq.size].len;
}
