/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Region tables, see memory.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vhost2/memory.h"

static struct memory *
alloc_table(uint32_t nr)
{
	return calloc(1, sizeof(struct memory) + nr * sizeof(struct rte_vhost2_mem_region));
}

static bool
wraps(uint64_t start, uint64_t size)
{
	return start + size < start && start + size != 0;
}

static bool
overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a - b < b_size || b - a < a_size;
}

static int
check_region(const struct memory *memory, const struct memory_region *region)
{
	if (memory->table.nregions >= RTE_VHOST2_MEMORY_MAX_NREGIONS)
		return -ENOSPC;
	if (region->size == 0 || wraps(region->gpa, region->size) || wraps(region->user_addr, region->size))
		return -EINVAL;
	for (uint32_t i = 0; i < memory->table.nregions; i++) {
		const struct rte_vhost2_mem_region *other = &memory->table.regions[i];

		/* Two addresses for one thing are fine; two things at one address are not. */
		if (overlap(region->gpa, region->size, other->guest_phys_addr, other->size) ||
		    overlap(region->user_addr, region->size, other->guest_user_addr, other->size))
			return -EINVAL;
	}
	return 0;
}

/* Put a region where its gpa belongs; the mapping is the table's from now on. */
static void
insert(struct memory *memory, const struct rte_vhost2_mem_region *region, struct mapping *mapping)
{
	uint32_t at = memory->table.nregions++;

	for (; at > 0 && memory->table.regions[at - 1].guest_phys_addr > region->guest_phys_addr; at--) {
		memory->table.regions[at] = memory->table.regions[at - 1];
		memory->mappings[at] = memory->mappings[at - 1];
	}
	memory->table.regions[at] = *region;
	memory->mappings[at] = mapping;
}

static int
add_region(struct memory *memory, const struct memory_region *region, int fd, const struct memory_owner *owner)
{
	struct rte_vhost2_mem_region made = {
		.guest_phys_addr = region->gpa,
		.guest_user_addr = region->user_addr,
		.size = region->size,
		.fd = -1,
	};
	struct mapping *mapping;
	int rc = check_region(memory, region);

	if (rc == 0)
		rc = mapping_create(fd, region->offset, region->size, owner, &mapping);
	if (rc != 0)
		return rc;
	made.host_user_addr = (uint64_t)(uintptr_t)mapping_data(mapping);
	mapping_extent(mapping, &made.mmap_addr, &made.mmap_size);
	insert(memory, &made, mapping);
	return 0;
}

int
memory_create(const struct memory_region *regions, const int *fds, uint32_t nr,
	const struct memory_owner *owner, struct memory **memory)
{
	struct memory *made;
	int rc = 0;

	if (nr > RTE_VHOST2_MEMORY_MAX_NREGIONS)
		return -ENOSPC;
	made = alloc_table(nr);
	if (made == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr && rc == 0; i++)
		rc = add_region(made, &regions[i], fds[i], owner);
	if (rc == 0)
		*memory = made;
	else
		memory_destroy(made);
	return rc;
}

/* Share region @p i of @p old. */
static void
share(struct memory *memory, const struct memory *old, uint32_t i)
{
	mapping_hold(old->mappings[i]);
	insert(memory, &old->table.regions[i], old->mappings[i]);
}

int
memory_with(const struct memory *old, const struct memory_region *region, int fd,
	const struct memory_owner *owner, struct memory **memory)
{
	const uint32_t nr = old != NULL ? old->table.nregions : 0;
	struct memory *made = alloc_table(nr + 1);
	int rc;

	if (made == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr; i++)
		share(made, old, i);
	rc = add_region(made, region, fd, owner);
	if (rc == 0)
		*memory = made;
	else
		memory_destroy(made);
	return rc;
}

static bool
is_region(const struct rte_vhost2_mem_region *a, const struct memory_region *b)
{
	return a->guest_phys_addr == b->gpa && a->guest_user_addr == b->user_addr && a->size == b->size;
}

int
memory_without(const struct memory *old, const struct memory_region *region, struct memory **memory)
{
	const uint32_t nr = old != NULL ? old->table.nregions : 0;
	struct memory *made;
	uint32_t gone = 0;

	while (gone < nr && !is_region(&old->table.regions[gone], region))
		gone++;
	if (gone == nr)
		return -ENOENT;
	made = alloc_table(nr - 1);
	if (made == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr; i++)
		if (i != gone)
			share(made, old, i);
	*memory = made;
	return 0;
}

void
memory_destroy(struct memory *memory)
{
	if (memory == NULL)
		return;
	for (uint32_t i = 0; i < memory->table.nregions; i++)
		mapping_release(memory->mappings[i]);
	free(memory);
}

void *
memory_at_user_some(const struct memory *memory, uint64_t user_addr, uint64_t *len)
{
	for (uint32_t i = 0; memory != NULL && i < memory->table.nregions; i++) {
		const struct rte_vhost2_mem_region *region = &memory->table.regions[i];
		const uint64_t offset = user_addr - region->guest_user_addr;

		if (offset >= region->size)
			continue;
		if (*len > region->size - offset)
			*len = region->size - offset;
		return (void *)(uintptr_t)(region->host_user_addr + offset);
	}
	*len = 0;
	return NULL;
}

void *
memory_at_user(const struct memory *memory, uint64_t user_addr, uint64_t len)
{
	uint64_t some = len;
	void *where = memory_at_user_some(memory, user_addr, &some);

	return some == len ? where : NULL;
}

bool
memory_gpa_of(const struct memory *memory, const void *where, uint64_t *gpa)
{
	for (uint32_t i = 0; memory != NULL && i < memory->table.nregions; i++) {
		const struct rte_vhost2_mem_region *region = &memory->table.regions[i];
		const uint64_t offset = (uint64_t)(uintptr_t)where - region->host_user_addr;

		if (offset >= region->size)
			continue;
		*gpa = region->guest_phys_addr + offset;
		return true;
	}
	return false;
}
