/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Files of a peer in our address space, see memory.h. What the peer hands over is looked at before it is mapped: the
 * kind of file, its length, its page size; after that the guard catches what it does to the file later.
 */

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "vhost2/guard.h"
#include "vhost2/mapping.h"

struct mapping {
	unsigned int users;
	void *addr;
	size_t len;
	uint8_t *data;
	struct guard *guard;
};

/* The unit in which the file can be mapped. */
static uint64_t
page_size(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC && fs.f_bsize > 0)
		return (uint64_t)fs.f_bsize;
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Only a file of memory will do: a device or a pipe has other ideas of what mmap() and its length mean. */
static int
check_file(int fd, uint64_t offset, uint64_t size)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADF;
	if (size == 0 || offset + size < size)
		return -EINVAL;
	return offset + size <= (uint64_t)st.st_size ? 0 : -EFBIG;
}

int
mapping_create(int fd, uint64_t offset, uint64_t size, const struct memory_owner *owner, struct mapping **mapping)
{
	const uint64_t page = page_size(fd), start = offset & ~(page - 1);
	const uint64_t len = (offset - start + size + page - 1) & ~(page - 1);
	struct mapping *made;
	int rc = check_file(fd, offset, size);

	if (rc != 0)
		return rc;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return -ENOMEM;
	made->users = 1;
	made->len = len;
	/* Not populated: how much of the file there really is, is the peer's to decide. */
	made->addr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, (off_t)start);
	if (made->addr == MAP_FAILED) {
		rc = -errno;
		goto free_mapping;
	}
	made->data = (uint8_t *)made->addr + (offset - start);
	made->guard = guard_add(made->addr, len, owner->flag, owner->alarm_fd);
	if (made->guard == NULL) {
		rc = -ENOMEM;
		goto unmap;
	}
	/* The driver's memory has no place in a core dump of ours. */
	madvise(made->addr, len, MADV_DONTDUMP);
	*mapping = made;
	return 0;

unmap:
	munmap(made->addr, len);
free_mapping:
	free(made);
	return rc;
}

void
mapping_hold(struct mapping *mapping)
{
	mapping->users++;
}

void
mapping_release(struct mapping *mapping)
{
	if (mapping == NULL || --mapping->users > 0)
		return;
	guard_remove(mapping->guard);
	munmap(mapping->addr, mapping->len);
	free(mapping);
}

uint8_t *
mapping_data(const struct mapping *mapping)
{
	return mapping->data;
}

void
mapping_extent(const struct mapping *mapping, void **addr, uint64_t *len)
{
	*addr = mapping->addr;
	*len = mapping->len;
}
