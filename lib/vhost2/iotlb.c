/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Translations, see iotlb.h: an array sorted by iova, whose entries do not overlap. */

#include <errno.h>
#include <linux/vhost_types.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "vhost2/iotlb.h"

/* The front-end is asked about pages. */
#define PAGE_MASK (~UINT64_C(0xfff))

/* [iova, last], so that the last address of all can be in one. */
struct entry {
	uint64_t iova;
	uint64_t last;
	uint64_t user_addr;
	uint8_t perm;
	bool used; /* atomic: set under the lock for reading */
};

struct miss {
	uint64_t iova; /* of a page */
	uint8_t perm;
	bool asked;
};

struct iotlb {
	pthread_rwlock_t lock;      /* of entries */
	struct entry *entries;
	size_t nr, room;
	pthread_mutex_t miss_lock;  /* of misses */
	struct miss misses[IOTLB_MISSES];
	unsigned int nr_misses;
};

struct iotlb *
iotlb_create(void)
{
	struct iotlb *iotlb = calloc(1, sizeof(*iotlb));

	if (iotlb == NULL)
		return NULL;
	pthread_rwlock_init(&iotlb->lock, NULL);
	pthread_mutex_init(&iotlb->miss_lock, NULL);
	return iotlb;
}

void
iotlb_destroy(struct iotlb *iotlb)
{
	if (iotlb == NULL)
		return;
	pthread_rwlock_destroy(&iotlb->lock);
	pthread_mutex_destroy(&iotlb->miss_lock);
	free(iotlb->entries);
	free(iotlb);
}

/* @return the first entry that ends at or behind @p iova */
static size_t
lower_bound(const struct iotlb *iotlb, uint64_t iova)
{
	size_t low = 0, high = iotlb->nr;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (iotlb->entries[middle].last < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
remove_at(struct iotlb *iotlb, size_t at, size_t count)
{
	memmove(&iotlb->entries[at], &iotlb->entries[at + count], (iotlb->nr - at - count) * sizeof(struct entry));
	iotlb->nr -= count;
}

/* Room for one more; when all is taken, some other entry goes: which one matters little, it is asked for again. */
static int
make_room(struct iotlb *iotlb)
{
	const size_t room = iotlb->room == 0 ? 64 : iotlb->room * 2;
	struct entry *entries;

	if (iotlb->nr < iotlb->room)
		return 0;
	if (iotlb->nr >= IOTLB_ENTRIES) {
		remove_at(iotlb, (size_t)random() % iotlb->nr, 1);
		return 0;
	}
	entries = realloc(iotlb->entries, room * sizeof(*entries));
	if (entries == NULL)
		return -ENOMEM;
	iotlb->entries = entries;
	iotlb->room = room;
	return 0;
}

static int
insert(struct iotlb *iotlb, const struct entry *entry)
{
	int rc = make_room(iotlb);
	size_t at;

	if (rc != 0)
		return rc;
	at = lower_bound(iotlb, entry->iova);
	memmove(&iotlb->entries[at + 1], &iotlb->entries[at], (iotlb->nr - at) * sizeof(*entry));
	iotlb->entries[at] = *entry;
	iotlb->nr++;
	return 0;
}

/* What is left of an entry behind @p last. A cache may drop it instead, when there is no memory. */
static void
keep_tail(struct iotlb *iotlb, struct entry entry, uint64_t last)
{
	entry.user_addr += last + 1 - entry.iova;
	entry.iova = last + 1;
	if (insert(iotlb, &entry) != 0)
		return;
}

/* The lock is held for writing. */
static bool
cut(struct iotlb *iotlb, uint64_t iova, uint64_t last)
{
	size_t at = lower_bound(iotlb, iova);
	bool used = false;

	while (at < iotlb->nr && iotlb->entries[at].iova <= last) {
		const struct entry entry = iotlb->entries[at];

		used |= entry.used;
		if (entry.iova < iova)
			iotlb->entries[at++].last = iova - 1;
		else
			remove_at(iotlb, at, 1);
		if (entry.last > last) {
			keep_tail(iotlb, entry, last);
			break;
		}
	}
	return used;
}

static void
answer_misses(struct iotlb *iotlb, uint64_t iova, uint64_t last)
{
	unsigned int kept = 0;

	pthread_mutex_lock(&iotlb->miss_lock);
	for (unsigned int i = 0; i < iotlb->nr_misses; i++) {
		const struct miss *miss = &iotlb->misses[i];

		if (miss->iova > last || (miss->iova | ~PAGE_MASK) < iova)
			iotlb->misses[kept++] = *miss;
	}
	iotlb->nr_misses = kept;
	pthread_mutex_unlock(&iotlb->miss_lock);
}

int
iotlb_update(struct iotlb *iotlb, uint64_t iova, uint64_t size, uint64_t user_addr, uint8_t perm)
{
	const struct entry entry = { .iova = iova, .last = iova + (size - 1), .user_addr = user_addr, .perm = perm };
	int rc;

	if (size == 0 || entry.last < iova || user_addr + (size - 1) < user_addr)
		return -EINVAL;
	if (perm == 0 || (perm & ~VHOST_ACCESS_RW) != 0)
		return -EINVAL;
	pthread_rwlock_wrlock(&iotlb->lock);
	cut(iotlb, entry.iova, entry.last);
	rc = insert(iotlb, &entry);
	pthread_rwlock_unlock(&iotlb->lock);
	answer_misses(iotlb, entry.iova, entry.last);
	return rc;
}

bool
iotlb_invalidate(struct iotlb *iotlb, uint64_t iova, uint64_t size)
{
	const uint64_t last = size == 0 || iova + (size - 1) < iova ? UINT64_MAX : iova + (size - 1);
	bool used;

	pthread_rwlock_wrlock(&iotlb->lock);
	used = cut(iotlb, iova, last);
	pthread_rwlock_unlock(&iotlb->lock);
	return used;
}

void
iotlb_flush(struct iotlb *iotlb)
{
	pthread_rwlock_wrlock(&iotlb->lock);
	iotlb->nr = 0;
	pthread_rwlock_unlock(&iotlb->lock);
	answer_misses(iotlb, 0, UINT64_MAX);
}

static void
note_miss(struct iotlb *iotlb, uint64_t iova, uint8_t perm)
{
	unsigned int i = 0;

	iova &= PAGE_MASK;
	pthread_mutex_lock(&iotlb->miss_lock);
	while (i < iotlb->nr_misses && iotlb->misses[i].iova != iova)
		i++;
	/* Too many are asked for already: it is noted when somebody looks again. */
	if (i == iotlb->nr_misses && i < IOTLB_MISSES)
		iotlb->misses[iotlb->nr_misses++] = (struct miss){ .iova = iova, .perm = perm };
	pthread_mutex_unlock(&iotlb->miss_lock);
}

int
iotlb_find(struct iotlb *iotlb, uint64_t iova, uint8_t perm, uint64_t *user_addr, uint64_t *len)
{
	int rc = -EAGAIN;
	size_t at;

	pthread_rwlock_rdlock(&iotlb->lock);
	at = lower_bound(iotlb, iova);
	if (at < iotlb->nr && iotlb->entries[at].iova <= iova) {
		struct entry *entry = &iotlb->entries[at];

		rc = (entry->perm & perm) == perm ? 0 : -EACCES;
		*user_addr = entry->user_addr + (iova - entry->iova);
		*len = entry->last - iova == UINT64_MAX ? UINT64_MAX : entry->last - iova + 1;
		__atomic_store_n(&entry->used, true, __ATOMIC_RELAXED);
	}
	pthread_rwlock_unlock(&iotlb->lock);
	if (rc == -EAGAIN)
		note_miss(iotlb, iova, perm);
	return rc;
}

bool
iotlb_is_pending(struct iotlb *iotlb, uint64_t iova)
{
	bool pending;

	iova &= PAGE_MASK;
	pthread_mutex_lock(&iotlb->miss_lock);
	pending = iotlb->nr_misses == IOTLB_MISSES;
	for (unsigned int i = 0; i < iotlb->nr_misses; i++)
		pending |= iotlb->misses[i].iova == iova;
	pthread_mutex_unlock(&iotlb->miss_lock);
	return pending;
}

bool
iotlb_take_miss(struct iotlb *iotlb, uint64_t *iova, uint8_t *perm)
{
	bool found = false;

	pthread_mutex_lock(&iotlb->miss_lock);
	for (unsigned int i = 0; i < iotlb->nr_misses && !found; i++) {
		struct miss *miss = &iotlb->misses[i];

		found = !miss->asked;
		if (found) {
			miss->asked = true;
			*iova = miss->iova;
			*perm = miss->perm;
		}
	}
	pthread_mutex_unlock(&iotlb->miss_lock);
	return found;
}
