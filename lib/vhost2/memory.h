/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_MEMORY_H
#define VHOST2_MEMORY_H

/*
 * The driver's memory: tables of regions. A table never changes once it is made; a change is a new table, which shares
 * the mappings that stay. So a change that fails part way leaves what was there, and a table that devices look at is
 * swapped for another by one store, while all queues are stopped. From the loop's thread only. Knows no queue.
 */

#include <stdbool.h>
#include <stdint.h>

#include "vhost2/mapping.h"
#include "vhost2/rte_vhost2.h"

/** A region as a front-end describes it. */
struct memory_region {
	uint64_t gpa;       /**< what descriptors call it */
	uint64_t size;
	uint64_t user_addr; /**< what ring addresses call it */
	uint64_t offset;    /**< in the file */
};

/** A table, and the mappings of its regions beside it. */
struct memory {
	struct mapping *mappings[RTE_VHOST2_MEMORY_MAX_NREGIONS];
	struct rte_vhost2_memory table;
};

/**
 * Make a table of @p nr regions, of which each comes with its file. The descriptors stay the caller's.
 *
 * @return 0; -EINVAL: no such regions can be (size, overflow, overlap, alignment); -EBADF: not a file with memory;
 *   -EFBIG: the file is shorter than the region; -ENOSPC: too many; -ENOMEM; other -errno of mmap
 */
int memory_create(const struct memory_region *regions, const int *fds, uint32_t nr,
	const struct memory_owner *owner, struct memory **memory);

/** Make a table of all regions of @p old (may be NULL) and another one. Errors as memory_create(). */
int memory_with(const struct memory *old, const struct memory_region *region, int fd,
	const struct memory_owner *owner, struct memory **memory);

/** Make a table without the region that has this gpa, size and user address. @return 0; -ENOENT; -ENOMEM */
int memory_without(const struct memory *old, const struct memory_region *region, struct memory **memory);

/** Let go of a table, and of the mappings that no other one has. NULL is allowed. */
void memory_destroy(struct memory *memory);

/** @return where [@p user_addr, + @p len) of the front-end's address space is; NULL: not in one region */
void *memory_at_user(const struct memory *memory, uint64_t user_addr, uint64_t len);

/** As memory_at_user(), for as many of *len bytes as there are in one piece; *len becomes that. */
void *memory_at_user_some(const struct memory *memory, uint64_t user_addr, uint64_t *len);

/** @return whether @p where, in our address space, is in a region; *gpa: what descriptors call it */
bool memory_gpa_of(const struct memory *memory, const void *where, uint64_t *gpa);

#endif /* VHOST2_MEMORY_H */
