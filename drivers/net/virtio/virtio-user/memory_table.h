/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Arithmetic on struct memory_table: collect pieces, bring them into the one form in which they are compared and
 * sent, see what changed between two tables. No EAL, no peer, no lock.
 */

#ifndef VIRTIO_USER_MEMORY_TABLE_H
#define VIRTIO_USER_MEMORY_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio-user/backend/backend.h"

/** Append a copy of @p region, whose fd stays as it is. 0 or -ENOMEM. */
int memory_table_append(struct memory_table *table, const struct memory_region *region);

/** As memory_table_append(), but what goes on where the last region ends becomes part of it. */
int memory_table_add(struct memory_table *table, const struct memory_region *region);

/**
 * Sort by va; merge what is contiguous in address, file and offset, or in address alone if that is what the table is
 * by. -EINVAL when two pieces overlap.
 */
int memory_table_normalise(struct memory_table *table);

/**
 * Cut normal @p table so that every region of @p known that it contains is a region of its own again: what a peer has
 * need not be taken from it because something grew next to it. 0 or -ENOMEM.
 */
int memory_table_cut(struct memory_table *table, const struct memory_table *known);

/** Replace every fd by a duplicate that the table owns from now on. On failure it owns none. */
int memory_table_own_fds(struct memory_table *table);

/** Close the fds that the table owns, free the rest; the table is empty and can be used again. */
void memory_table_release(struct memory_table *table);
/** The same for a table that owns no fd. */
void memory_table_forget(struct memory_table *table);

/** Whether both describe the same bytes of the same file at the same address (fd numbers may differ). */
bool memory_region_is_same(const struct memory_region *a, const struct memory_region *b);

/** Whether @p table has that region. */
bool memory_table_has(const struct memory_table *table, const struct memory_region *region);

/** Whether both tables hold the same regions. */
bool memory_table_is_same(const struct memory_table *a, const struct memory_table *b);

/** Whether some region of @p table has bytes in common with @p region. */
bool memory_table_overlaps(const struct memory_table *table, const struct memory_region *region);

/** Whether [@p va, @p va + @p len) lies inside one region. */
bool memory_table_covers(const struct memory_table *table, uint64_t va, uint64_t len);

#endif /* VIRTIO_USER_MEMORY_TABLE_H */
