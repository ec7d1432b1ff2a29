/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A queue in the device role without a session: memory of three regions of which the first two are neighbours in iova
 * space and nowhere else, a driver's hand that writes descriptors, good or bad, and stand-ins for the functions of
 * rte_vhost2.h that are not inline, which record what they were told.
 */

#ifndef TEST_VHOST2_RING_RIG_H
#define TEST_VHOST2_RING_RIG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vhost2/ring.h"

/** The regions: A and B touch in iova space, C lies behind a gap. */
#define REGION_SIZE 0x10000u
#define REGION_A 0x100000u
#define REGION_B (REGION_A + REGION_SIZE)
#define REGION_C (REGION_B + 2 * REGION_SIZE)
#define REGION_GAP (REGION_B + REGION_SIZE)

#define RIG_LOGS 64

/** One descriptor as a test writes it; packed rings take no notice of next. */
struct link {
	uint64_t iova;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

/** What was logged: offset in the ring, or iova. */
struct logged {
	bool is_ring;
	uint64_t at;
	uint64_t len;
};

struct ring_rig {
	struct rte_vhost2_dev dev;
	struct rte_vhost2_vq vq;
	struct rte_vhost2_memory *mem;
	void *ring;
	struct vring_area area;
	uint8_t *region[3];
	/* The driver's hand. */
	uint16_t avail_idx;
	struct packed_pos pos;
	/* What the stand-ins were told. */
	unsigned int breaks;
	enum rte_vhost2_error error;
	unsigned int calls;
	struct logged log[RIG_LOGS];
	unsigned int nr_logs;
	bool pending; /**< with dev.iommu: what does not translate is being asked for */
};

/** A ring of @p size that begins where @p base (SET_VRING_BASE of the format) says; indirect is on. */
void ring_rig_open(struct ring_rig *rig, bool is_packed, uint32_t size, uint32_t base);
/** Where a new ring of the format begins. */
uint32_t ring_rig_base(bool is_packed);
void ring_rig_close(struct ring_rig *rig);

/** Where @p iova lies; it must be in a region. */
void *ring_rig_at(struct ring_rig *rig, uint64_t iova);

/**
 * Make a chain of @p n links available as a driver does, the packed id being @p id. In a split ring the links are
 * written from descriptor @p id on, next as given if @p raw, else in sequence; flags need no NEXT unless @p raw.
 */
void ring_rig_offer(struct ring_rig *rig, uint16_t id, const struct link *links, uint32_t n, bool raw);
/** Copy links into an indirect table at @p iova, in sequence unless @p raw. */
void ring_rig_table(struct ring_rig *rig, uint64_t iova, const struct link *links, uint32_t n, bool raw);

/** The used entry number @p i (from the start of the rig): id and bytes; fails when it is not there. */
void ring_rig_used(struct ring_rig *rig, uint32_t i, uint16_t *id, uint32_t *len);

#endif /* TEST_VHOST2_RING_RIG_H */
