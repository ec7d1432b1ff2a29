/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * EAL memory as the peer sees it: which pieces exist, what the peer knows of them, and how the two are kept equal
 * while memory comes and goes. All EAL-memory calls of the device sit in memory.c behind struct memory_source, so
 * that tests can feed segments.
 */

#ifndef VIRTIO_USER_MEMORY_H
#define VIRTIO_USER_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio-user/backend/backend.h"

struct virtio_user_device;

/** Where memory comes from. */
struct memory_source {
	/**
	 * Hand every piece to @p visit (fd is the source's, -1: it has no file; in any order) and then call
	 * @p done, both while the memory cannot change. A failure of visit or done ends it and is returned.
	 */
	int (*walk)(int (*visit)(void *arg, const struct memory_region *piece),
		    int (*done)(void *arg), void *arg);
	/**
	 * Call @p changed at each change from now on, in whatever thread makes it, before that thread's new
	 * memory is handed out (@p added) or after its old memory fell out of use. 0 also when memory is
	 * static.
	 */
	int (*watch)(void (*changed)(void *arg, bool added), void *arg);
	void (*unwatch)(void (*changed)(void *arg, bool added), void *arg);
};

extern const struct memory_source memory_source_eal;

/**
 * The memory as of now.
 *
 * @param caps
 *   Whether files matter, and most regions that are of use; more: -E2BIG, @p table is empty and @p nr_found says how
 *   many there are.
 * @param known
 *   Regions to keep apart while they exist and the limit allows it; NULL: normal form.
 * @return 0: the table owns its fds, memory_table_release() it.
 */
int memory_snapshot(const struct memory_source *source, const struct backend_caps *caps,
		    const struct memory_table *known, struct memory_table *table, uint32_t *nr_found);

/** The memory as of now, to look up addresses: its fds are not to be used, memory_table_forget() it. */
int memory_view(const struct memory_source *source, struct memory_table *table);

/**
 * Make the connected peer's table equal to the memory, whatever it knew; the rings may run. -E2BIG (logged, the
 * peer is well), -EBUSY (nothing was done: the rings must stop first), -errno of the source (logged, the peer is
 * well), or of the back-end (the connection is unusable).
 *
 * @param peer_lost
 *   Set when the failure is the back-end's.
 */
int memory_share(struct virtio_user_device *device, bool *peer_lost);

/** Forget what the peer knows: the next memory_share() starts from nothing. */
void memory_unshare(struct virtio_user_device *device);

#endif /* VIRTIO_USER_MEMORY_H */
