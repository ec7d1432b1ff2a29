/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The dirty log, see dirty_log.h. */

#include <errno.h>
#include <stdlib.h>

#include "vhost2/dirty_log.h"

struct dirty_log {
	struct mapping *mapping;
	uint8_t *bits;
	uint64_t nr_pages;
};

int
dirty_log_create(int fd, uint64_t offset, uint64_t size, const struct memory_owner *owner, struct dirty_log **log)
{
	struct dirty_log *made;
	int rc;

	/* As many pages as there are addresses: more is no log, and the product below must not wrap. */
	if (size > UINT64_MAX / 8 / DIRTY_LOG_PAGE)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return -ENOMEM;
	rc = mapping_create(fd, offset, size, owner, &made->mapping);
	if (rc != 0) {
		free(made);
		return rc;
	}
	made->bits = mapping_data(made->mapping);
	made->nr_pages = size * 8;
	*log = made;
	return 0;
}

void
dirty_log_destroy(struct dirty_log *log)
{
	if (log == NULL)
		return;
	mapping_release(log->mapping);
	free(log);
}

void
dirty_log_mark(struct dirty_log *log, uint64_t gpa, uint64_t len)
{
	uint64_t page = gpa / DIRTY_LOG_PAGE, last;

	if (log == NULL || len == 0)
		return;
	last = gpa + (len - 1) < gpa ? log->nr_pages : (gpa + (len - 1)) / DIRTY_LOG_PAGE;
	for (; page <= last && page < log->nr_pages; page++)
		__atomic_fetch_or(&log->bits[page / 8], (uint8_t)(1u << (page % 8)), __ATOMIC_SEQ_CST);
}
