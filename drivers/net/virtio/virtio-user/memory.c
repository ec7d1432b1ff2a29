/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * EAL memory -> the peer. See memory.h.
 *
 * Theory of operation
 *
 * A table is a snapshot: taken under EAL's memory lock, with duplicates of the files, so that it stays true to itself
 * after the lock is gone. The lock is never held while a peer is waited for: the peer may live in this process and
 * need it (or malloc's heap lock, which the thread that adds memory holds) to answer. For the same reason nothing is
 * sent from EAL's callback. It only closes the gate of the data threads and leaves the rest to the device's thread:
 * what was allocated can be used by everybody at once, but gets into a ring only after the peer knows it. Freed
 * memory is in no ring any more, so the peer hears of it at leisure.
 *
 * What the peer knows is changed region by region if it can do that, otherwise by a whole new table. Rings are not
 * disabled meanwhile. vhost-user: "disabled ... started: process the ring without side effects", so a peer that does
 * as it is told would throw packets away. A whole table replaces the old one in one message, between two looks of the
 * peer at its rings. Region by region, what the peer has stays a region of its own even if it could be merged with
 * what is new; where it must be taken away and given back in another shape, because a part of it was freed, the rings
 * stop meanwhile (-EBUSY, reconnect.c).
 */

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rte_eal_memconfig.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include "log.h"
#include "virtio-user/device.h"
#include "virtio-user/memory.h"
#include "virtio-user/memory_table.h"

/* --- EAL's side --- */

#define EAL_WATCH_NAME "virtio_user_mem"

struct eal_walk {
	int (*visit)(void *arg, const struct memory_region *piece);
	void *arg;
	int rc;
	struct stat st; /**< of st_fd: small pages come by the ten thousand, and share one file */
	int st_fd;      /**< -1: none yet */
};

/** Which file a segment is of, if EAL has one open for it. */
static void
eal_find_file(struct eal_walk *walk, const struct rte_memseg *ms, struct memory_region *piece)
{
	int fd = rte_memseg_get_fd_thread_unsafe(ms);
	size_t offset;

	if (fd < 0 || rte_memseg_get_fd_offset_thread_unsafe(ms, &offset) < 0)
		return;
	if (fd != walk->st_fd && fstat(fd, &walk->st) < 0)
		return;
	walk->st_fd = fd;
	piece->offset = offset;
	piece->dev = walk->st.st_dev;
	piece->ino = walk->st.st_ino;
	piece->fd = fd;
}

/** rte_memseg_walk() callback: -1 ends the walk. */
static int
eal_segment(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *ctx)
{
	struct eal_walk *walk = ctx;
	struct memory_region piece = {.va = ms->addr_64, .size = ms->len, .fd = -1};

	/* External memory has no file that EAL knows of. */
	if (!msl->external)
		eal_find_file(walk, ms, &piece);
	walk->rc = walk->visit(walk->arg, &piece);
	return walk->rc < 0 ? -1 : 0;
}

static int
eal_walk(int (*visit)(void *arg, const struct memory_region *piece), int (*done)(void *arg), void *arg)
{
	struct eal_walk walk = {.visit = visit, .arg = arg, .st_fd = -1};

	rte_mcfg_mem_read_lock();
	rte_memseg_walk_thread_unsafe(eal_segment, &walk);
	if (walk.rc == 0)
		walk.rc = done(arg);
	rte_mcfg_mem_read_unlock();
	return walk.rc;
}

/** EAL tells apart registrations by (name, argument) and hands back one argument: this pairs it with ours. */
struct eal_watch {
	void (*changed)(void *arg, bool added);
	void *arg;
	struct eal_watch *next;
};

static struct eal_watch *eal_watches;
static pthread_mutex_t eal_watches_lock = PTHREAD_MUTEX_INITIALIZER;

static void
eal_event(enum rte_mem_event event, const void *addr, size_t len, void *ctx)
{
	struct eal_watch *watch = ctx;

	(void)addr;
	(void)len;
	watch->changed(watch->arg, event == RTE_MEM_EVENT_ALLOC);
}

static int
eal_watch(void (*changed)(void *arg, bool added), void *arg)
{
	struct eal_watch *watch = malloc(sizeof(*watch));
	int rc;

	if (watch == NULL)
		return -ENOMEM;
	watch->changed = changed;
	watch->arg = arg;
	if (rte_mem_event_callback_register(EAL_WATCH_NAME, eal_event, watch) != 0) {
		rc = -rte_errno;
		free(watch);
		/* --no-huge and --legacy-mem: the memory never changes. */
		return rc == -ENOTSUP ? 0 : rc;
	}
	pthread_mutex_lock(&eal_watches_lock);
	watch->next = eal_watches;
	eal_watches = watch;
	pthread_mutex_unlock(&eal_watches_lock);
	return 0;
}

static void
eal_unwatch(void (*changed)(void *arg, bool added), void *arg)
{
	struct eal_watch **link, *watch;

	pthread_mutex_lock(&eal_watches_lock);
	for (link = &eal_watches; *link != NULL; link = &(*link)->next) {
		if ((*link)->changed == changed && (*link)->arg == arg)
			break;
	}
	watch = *link;
	if (watch != NULL)
		*link = watch->next;
	pthread_mutex_unlock(&eal_watches_lock);
	if (watch == NULL)
		return;
	/* Waits for a callback that is under way. */
	rte_mem_event_callback_unregister(EAL_WATCH_NAME, watch);
	free(watch);
}

const struct memory_source memory_source_eal = {
	.walk = eal_walk,
	.watch = eal_watch,
	.unwatch = eal_unwatch,
};

/* --- the snapshot --- */

struct snapshot {
	struct memory_table *table;
	const struct memory_table *known;
	uint32_t limit;
	uint32_t nr_found;
};

static int
snapshot_visit(void *arg, const struct memory_region *piece)
{
	struct snapshot *snapshot = arg;

	/* Who maps files cannot map what has none. */
	if (piece->fd < 0 && !snapshot->table->is_by_address)
		return 0;
	return memory_table_add(snapshot->table, piece);
}

/** Keep the known regions apart, unless that makes too many. */
static int
snapshot_cut(const struct snapshot *snapshot)
{
	int rc;

	if (snapshot->known == NULL)
		return 0;
	rc = memory_table_cut(snapshot->table, snapshot->known);
	if (rc == 0 && snapshot->table->nr > snapshot->limit)
		rc = memory_table_normalise(snapshot->table);
	return rc;
}

/** Still under the source's lock: the files are the source's to close as soon as it is gone. */
static int
snapshot_done(void *arg)
{
	struct snapshot *snapshot = arg;
	int rc;

	rc = memory_table_normalise(snapshot->table);
	snapshot->nr_found = snapshot->table->nr;
	if (rc < 0)
		return rc;
	if (snapshot->nr_found > snapshot->limit)
		return -E2BIG;
	rc = snapshot_cut(snapshot);
	return rc < 0 ? rc : memory_table_own_fds(snapshot->table);
}

int
memory_snapshot(const struct memory_source *source, const struct backend_caps *caps,
		const struct memory_table *known, struct memory_table *table, uint32_t *nr_found)
{
	struct snapshot snapshot = {.table = table, .known = known, .limit = caps->max_mem_regions};
	int rc;

	*table = (struct memory_table){.is_by_address = caps->is_by_address};
	rc = source->walk(snapshot_visit, snapshot_done, &snapshot);
	*nr_found = snapshot.nr_found;
	if (rc < 0)
		memory_table_forget(table);
	return rc;
}

static int
view_done(void *arg)
{
	struct snapshot *snapshot = arg;

	return memory_table_normalise(snapshot->table);
}

int
memory_view(const struct memory_source *source, struct memory_table *table)
{
	struct snapshot snapshot = {.table = table};
	int rc;

	*table = (struct memory_table){.is_by_address = true};
	rc = source->walk(snapshot_visit, view_done, &snapshot);
	if (rc < 0)
		memory_table_forget(table);
	return rc;
}

/* --- the peer's side --- */

static int
share_whole(struct virtio_user_device *device, const struct memory_table *table)
{
	device->counts.table_updates++;
	return device->backend->ops->set_mem_table(device->backend, table);
}

/** Withdraw first: the peer's limit holds at each moment, and a page may have got a new file in place. */
static int
share_pieces(struct virtio_user_device *device, const struct memory_table *table)
{
	struct backend *backend = device->backend;
	const struct memory_table *known = &device->shared;
	uint32_t i;
	int rc;

	for (i = 0; i < known->nr; i++) {
		if (memory_table_has(table, &known->regions[i]))
			continue;
		rc = backend->slots->remove_region(backend, &known->regions[i]);
		if (rc < 0)
			return rc;
		device->counts.table_updates++;
	}
	for (i = 0; i < table->nr; i++) {
		if (memory_table_has(known, &table->regions[i]))
			continue;
		rc = backend->slots->add_region(backend, &table->regions[i]);
		if (rc < 0)
			return rc;
		device->counts.table_updates++;
	}
	return 0;
}

/** Whether a region that the peer has to give up lies where memory goes on to be used. */
static bool
takes_away(const struct memory_table *known, const struct memory_table *table)
{
	uint32_t i;

	for (i = 0; i < known->nr; i++) {
		if (!memory_table_has(table, &known->regions[i]) &&
		    memory_table_overlaps(table, &known->regions[i]))
			return true;
	}
	return false;
}

static bool
rings_run(const struct virtio_user_device *device)
{
	uint16_t queue;

	for (queue = 0; queue < device->nr_queues; queue++) {
		if (device->queues[queue].is_kicked)
			return true;
	}
	return false;
}

static void
share_explain(const struct virtio_user_device *device, int rc, uint32_t nr_found)
{
	if (rc == -E2BIG)
		PORT_LOG(ERR, device->name,
			 "memory has %" PRIu32 " regions, the peer takes %" PRIu32
			 ": link stays down; start EAL with --single-file-segments, or with "
			 "larger hugepages, or with --no-huge -m <MB>", nr_found,
			 device->backend->caps.max_mem_regions);
	else
		PORT_LOG(ERR, device->name, "cannot tell the peer of the memory: %s", strerror(-rc));
}

/** Take @p table over as what the peer is told. */
static int
share_table(struct virtio_user_device *device, struct memory_table *table)
{
	int rc;

	if (device->backend->slots != NULL)
		rc = share_pieces(device, table);
	else
		rc = share_whole(device, table);
	/* Right or wrong: after a failure the peer goes, and with it what it knew. */
	memory_table_release(&device->shared);
	device->shared = *table;
	device->is_shared = rc == 0;
	return rc;
}

int
memory_share(struct virtio_user_device *device, bool *peer_lost)
{
	const struct backend *backend = device->backend;
	struct memory_table table;
	uint32_t nr_found;
	int rc;

	*peer_lost = false;
	rc = memory_snapshot(device->source, &backend->caps, backend->slots != NULL ? &device->shared : NULL,
			     &table, &nr_found);
	if (rc < 0) {
		/* Said once: every further change of the memory comes through here again. */
		if (rc != device->last_error)
			share_explain(device, rc, nr_found);
		return rc;
	}
	if (device->is_shared && memory_table_is_same(&table, &device->shared)) {
		memory_table_release(&table);
		return 0;
	}
	if (backend->slots != NULL && rings_run(device) && takes_away(&device->shared, &table)) {
		memory_table_release(&table);
		return -EBUSY;
	}
	rc = share_table(device, &table);
	*peer_lost = rc < 0;
	return rc;
}

void
memory_unshare(struct virtio_user_device *device)
{
	memory_table_release(&device->shared);
	device->is_shared = false;
}
