/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Arithmetic on struct memory_table; see memory_table.h. Called by memory.c and control.c.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "virtio-user/memory_table.h"

int
memory_table_append(struct memory_table *table, const struct memory_region *region)
{
	struct memory_region *grown;
	uint32_t room;

	if (table->nr == table->room) {
		room = table->room == 0 ? 16 : table->room * 2;
		grown = realloc(table->regions, room * sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		table->regions = grown;
		table->room = room;
	}
	table->regions[table->nr++] = *region;
	return 0;
}

static int
region_compare(const void *a, const void *b)
{
	const struct memory_region *left = a;
	const struct memory_region *right = b;

	return (left->va > right->va) - (left->va < right->va);
}

static bool
region_is_same_file(const struct memory_region *a, const struct memory_region *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/** Whether @p next goes on where @p region ends: in memory, and in the file where that matters. */
static bool
region_is_continued_by(const struct memory_table *table, const struct memory_region *region,
		       const struct memory_region *next)
{
	if (region->va + region->size != next->va)
		return false;
	return table->is_by_address ||
	       (region_is_same_file(region, next) && region->offset + region->size == next->offset);
}

int
memory_table_add(struct memory_table *table, const struct memory_region *region)
{
	struct memory_region *last = table->nr == 0 ? NULL : &table->regions[table->nr - 1];

	if (last == NULL || !region_is_continued_by(table, last, region))
		return memory_table_append(table, region);
	last->size += region->size;
	return 0;
}

int
memory_table_normalise(struct memory_table *table)
{
	struct memory_region *last, *next;
	uint32_t i;

	if (table->nr == 0)
		return 0;
	qsort(table->regions, table->nr, sizeof(*table->regions), region_compare);
	last = &table->regions[0];
	for (i = 1; i < table->nr; i++) {
		next = &table->regions[i];
		if (next->va - last->va < last->size)
			return -EINVAL;
		if (region_is_continued_by(table, last, next))
			last->size += next->size;
		else
			*++last = *next;
	}
	table->nr = (uint32_t)(last - table->regions) + 1;
	return 0;
}

/** Whether @p inner is a piece of @p outer: the same bytes of the same file at the same address. */
static bool
region_contains(const struct memory_region *outer, const struct memory_region *inner)
{
	return region_is_same_file(outer, inner) && inner->va >= outer->va &&
	       inner->va - outer->va <= outer->size &&
	       inner->size <= outer->size - (inner->va - outer->va) &&
	       inner->offset - outer->offset == inner->va - outer->va;
}

/** The piece of @p region from @p va on. */
static struct memory_region
region_from(const struct memory_region *region, uint64_t va)
{
	struct memory_region rest = *region;

	rest.va = va;
	rest.offset += va - region->va;
	rest.size -= va - region->va;
	return rest;
}

/** Append @p region in pieces, cut at the ends of those of @p known that it contains. */
static int
append_cut(struct memory_table *table, const struct memory_region *region, const struct memory_table *known)
{
	struct memory_region rest = *region, piece;
	uint32_t i;
	int rc = 0;

	for (i = 0; i < known->nr && rc == 0; i++) {
		if (!region_contains(&rest, &known->regions[i]))
			continue;
		piece = rest;
		piece.size = known->regions[i].va - rest.va;
		if (piece.size > 0)
			rc = memory_table_append(table, &piece);
		piece = region_from(&rest, known->regions[i].va);
		piece.size = known->regions[i].size;
		if (rc == 0)
			rc = memory_table_append(table, &piece);
		rest = region_from(&rest, piece.va + piece.size);
	}
	if (rc == 0 && rest.size > 0)
		rc = memory_table_append(table, &rest);
	return rc;
}

int
memory_table_cut(struct memory_table *table, const struct memory_table *known)
{
	struct memory_table cut = {.nr = 0};
	uint32_t i;
	int rc = 0;

	for (i = 0; i < table->nr && rc == 0; i++)
		rc = append_cut(&cut, &table->regions[i], known);
	if (rc < 0) {
		memory_table_forget(&cut);
		return rc;
	}
	memory_table_forget(table);
	*table = cut;
	return 0;
}

bool
memory_table_overlaps(const struct memory_table *table, const struct memory_region *region)
{
	uint32_t i;

	for (i = 0; i < table->nr; i++) {
		if (table->regions[i].va < region->va + region->size &&
		    region->va < table->regions[i].va + table->regions[i].size)
			return true;
	}
	return false;
}

int
memory_table_own_fds(struct memory_table *table)
{
	uint32_t i;
	int fd, rc;

	for (i = 0; i < table->nr; i++) {
		if (table->regions[i].fd < 0)
			continue;
		fd = fcntl(table->regions[i].fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0) {
			rc = -errno;
			goto close_owned;
		}
		table->regions[i].fd = fd;
	}
	return 0;

close_owned:
	while (i-- > 0) {
		if (table->regions[i].fd >= 0)
			close(table->regions[i].fd);
	}
	return rc;
}

void
memory_table_forget(struct memory_table *table)
{
	free(table->regions);
	memset(table, 0, sizeof(*table));
}

void
memory_table_release(struct memory_table *table)
{
	uint32_t i;

	for (i = 0; i < table->nr; i++) {
		if (table->regions[i].fd >= 0)
			close(table->regions[i].fd);
	}
	memory_table_forget(table);
}

bool
memory_region_is_same(const struct memory_region *a, const struct memory_region *b)
{
	return a->va == b->va && a->size == b->size && a->offset == b->offset &&
	       region_is_same_file(a, b);
}

/** The region with the highest va that is not above @p va; NULL: none. */
static const struct memory_region *
table_find(const struct memory_table *table, uint64_t va)
{
	uint32_t low = 0, high = table->nr, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (table->regions[middle].va <= va)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? NULL : &table->regions[low - 1];
}

bool
memory_table_has(const struct memory_table *table, const struct memory_region *region)
{
	const struct memory_region *found = table_find(table, region->va);

	return found != NULL && memory_region_is_same(found, region);
}

bool
memory_table_is_same(const struct memory_table *a, const struct memory_table *b)
{
	uint32_t i;

	if (a->nr != b->nr)
		return false;
	for (i = 0; i < a->nr; i++) {
		if (!memory_region_is_same(&a->regions[i], &b->regions[i]))
			return false;
	}
	return true;
}

bool
memory_table_covers(const struct memory_table *table, uint64_t va, uint64_t len)
{
	const struct memory_region *region = table_find(table, va);

	return region != NULL && len <= region->size && va - region->va <= region->size - len;
}
