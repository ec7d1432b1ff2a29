/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Records of buffers being worked on, see inflight.h.
 *
 * Theory of operation. Taking a buffer sets its flag and gives it a number, so that the order is known. Returning one
 * takes three steps: put links it to those of the same batch, then the ring publishes used->idx, then commit clears the
 * flags and writes that index down. A crash before the index was published leaves the flags: everything is done again.
 * A crash after it, and before the flags were cleared, shows in an index that differs from the ring's: then the batch,
 * which is a list from last_batch_head on, is cleared first.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vhost2/inflight.h"

/* Records of rings do not share lines. */
#define RECORD_ALIGNMENT 64
#define VERSION 1

/** One buffer, by its head: the layout of vhost-user. */
struct inflight_desc {
	uint8_t inflight;
	uint8_t padding[5];
	uint16_t next;    /* in the batch */
	uint64_t counter;
};

struct inflight_split {
	uint64_t features;
	uint16_t version;
	uint16_t desc_num;
	uint16_t last_batch_head;
	uint16_t used_idx;
	struct inflight_desc desc[];
};

_Static_assert(sizeof(struct inflight_desc) == 16, "shared layout");
_Static_assert(sizeof(struct inflight_split) == 16, "shared layout");

struct inflight {
	struct mapping *mapping;
	uint16_t nr_queues;
	uint16_t queue_size;
};

static uint64_t
record_bytes(uint16_t queue_size)
{
	const uint64_t bytes = sizeof(struct inflight_split) + (uint64_t)queue_size * sizeof(struct inflight_desc);

	return (bytes + RECORD_ALIGNMENT - 1) & ~(uint64_t)(RECORD_ALIGNMENT - 1);
}

int
inflight_make(uint16_t nr_queues, uint16_t queue_size, uint64_t *bytes)
{
	int fd, rc;

	if (nr_queues == 0 || queue_size == 0)
		return -EINVAL;
	fd = memfd_create("vhost2-inflight", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	*bytes = nr_queues * record_bytes(queue_size);
	/* Zero is a record in which nothing is written down yet. */
	if (ftruncate(fd, (off_t)*bytes) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int
inflight_create(int fd, uint64_t offset, uint64_t bytes, uint16_t nr_queues, uint16_t queue_size,
	const struct memory_owner *owner, struct inflight **inflight)
{
	struct inflight *made;
	int rc;

	if (nr_queues == 0 || queue_size == 0 || bytes < nr_queues * record_bytes(queue_size) ||
	    offset % sizeof(uint64_t) != 0)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return -ENOMEM;
	rc = mapping_create(fd, offset, bytes, owner, &made->mapping);
	if (rc != 0) {
		free(made);
		return rc;
	}
	made->nr_queues = nr_queues;
	made->queue_size = queue_size;
	*inflight = made;
	return 0;
}

void
inflight_destroy(struct inflight *inflight)
{
	if (inflight == NULL)
		return;
	mapping_release(inflight->mapping);
	free(inflight);
}

/* --- recovery: from a copy that nobody else can write to --- */

/* Clear what was published already. A list longer than the ring, or one that leaves it, is no list. */
static int
finish_batch(struct inflight_split *copy, uint16_t size, uint16_t used_idx)
{
	uint16_t published = (uint16_t)(used_idx - copy->used_idx);
	uint16_t head = copy->last_batch_head;

	if (published > size)
		return -EINVAL;
	for (; published > 0; published--) {
		if (head >= size)
			return -EINVAL;
		copy->desc[head].inflight = 0;
		head = copy->desc[head].next;
	}
	copy->used_idx = used_idx;
	return 0;
}

static int
by_counter(const void *a, const void *b, void *arg)
{
	const struct inflight_desc *desc = arg;
	const uint64_t x = desc[*(const uint16_t *)a].counter, y = desc[*(const uint16_t *)b].counter;

	return x < y ? -1 : x > y;
}

static int
find_again(struct rte_vhost2_vq_inflight *vq, struct inflight_split *copy)
{
	vq->again = calloc(vq->size, sizeof(*vq->again));
	if (vq->again == NULL)
		return -ENOMEM;
	for (uint16_t head = 0; head < vq->size; head++) {
		if (copy->desc[head].inflight != 1)
			continue;
		vq->again[vq->nr_again++] = head;
		if (copy->desc[head].counter >= vq->counter)
			vq->counter = copy->desc[head].counter + 1;
	}
	qsort_r(vq->again, vq->nr_again, sizeof(*vq->again), by_counter, copy->desc);
	return 0;
}

static int
recover(struct rte_vhost2_vq_inflight *vq, uint16_t used_idx)
{
	const size_t bytes = record_bytes(vq->size);
	struct inflight_split *copy = malloc(bytes);
	int rc;

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, vq->split, sizeof(*copy) + vq->size * sizeof(struct inflight_desc));
	if (copy->version == 0) {
		memset(copy, 0, bytes);
		copy->version = VERSION;
		copy->desc_num = vq->size;
		copy->used_idx = used_idx;
	}
	rc = copy->version == VERSION && copy->desc_num == vq->size ? 0 : -EINVAL;
	if (rc == 0)
		rc = finish_batch(copy, vq->size, used_idx);
	if (rc == 0)
		rc = find_again(vq, copy);
	if (rc == 0)
		memcpy(vq->split, copy, sizeof(*copy) + vq->size * sizeof(struct inflight_desc));
	free(copy);
	return rc;
}

int
inflight_attach(struct inflight *inflight, struct rte_vhost2_vq_inflight *vq, uint16_t index, uint16_t size,
	uint16_t used_idx)
{
	int rc;

	memset(vq, 0, sizeof(*vq));
	if (index >= inflight->nr_queues || size > inflight->queue_size)
		return -ENOENT;
	vq->split = (struct inflight_split *)(void *)(mapping_data(inflight->mapping) +
		index * record_bytes(inflight->queue_size));
	vq->size = size;
	rc = recover(vq, used_idx);
	if (rc != 0)
		inflight_detach(vq);
	return rc;
}

void
inflight_detach(struct rte_vhost2_vq_inflight *vq)
{
	free(vq->again);
	memset(vq, 0, sizeof(*vq));
}

/* --- from the thread that processes the ring --- */

bool
rte_vhost2_inflight_next(struct rte_vhost2_vq *vq, uint16_t *head)
{
	struct rte_vhost2_vq_inflight *inflight = vq->inflight;

	if (inflight == NULL || inflight->next_again >= inflight->nr_again)
		return false;
	*head = inflight->again[inflight->next_again++];
	return true;
}

void
rte_vhost2_inflight_take(struct rte_vhost2_vq *vq, uint16_t head)
{
	struct rte_vhost2_vq_inflight *inflight = vq->inflight;

	if (inflight == NULL || head >= inflight->size)
		return;
	inflight->split->desc[head].counter = inflight->counter++;
	__atomic_store_n(&inflight->split->desc[head].inflight, 1, __ATOMIC_RELEASE);
}

void
rte_vhost2_inflight_put(struct rte_vhost2_vq *vq, uint16_t head)
{
	struct rte_vhost2_vq_inflight *inflight = vq->inflight;

	if (inflight == NULL || head >= inflight->size)
		return;
	inflight->split->desc[head].next = inflight->split->last_batch_head;
	__atomic_store_n(&inflight->split->last_batch_head, head, __ATOMIC_RELEASE);
	inflight->batch++;
}

void
rte_vhost2_inflight_commit(struct rte_vhost2_vq *vq, uint16_t used_idx)
{
	struct rte_vhost2_vq_inflight *inflight = vq->inflight;
	uint16_t head;

	if (inflight == NULL)
		return;
	head = inflight->split->last_batch_head;
	/* The list is in the front-end's memory: it leads nowhere but into the record. */
	for (; inflight->batch > 0 && head < inflight->size; inflight->batch--) {
		inflight->split->desc[head].inflight = 0;
		head = inflight->split->desc[head].next;
	}
	inflight->batch = 0;
	__atomic_store_n(&inflight->split->used_idx, used_idx, __ATOMIC_RELEASE);
}
