/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The memory that the peer was told of: mapped files, and the two translations, from the front-end's
 * user addresses (rings) and from its guest addresses (descriptors).
 */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "peer_private.h"

/* A huge page can be mapped and unmapped only whole. */
static int
map_len_of(const struct vhost_user_region *told, int fd, size_t *len)
{
	uint64_t end;
	struct stat st;

	if (__builtin_add_overflow(told->mmap_offset, told->size, &end) || told->size == 0)
		return -EINVAL;
	if (fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < end)
		return -ERANGE;
	*len = (end + (uint64_t)st.st_blksize - 1) / (uint64_t)st.st_blksize *
		(uint64_t)st.st_blksize;
	return 0;
}

static bool
overlaps_known(const struct peer *peer, const struct vhost_user_region *told)
{
	for (uint32_t i = 0; i < peer->nr_regions; i++) {
		const struct vhost_user_region *known = &peer->regions[i].told;

		if (told->gpa < known->gpa + known->size &&
				known->gpa < told->gpa + told->size)
			return true;
	}
	return false;
}

int
peer_region_add(struct peer *peer, const struct vhost_user_region *told, int fd)
{
	struct peer_region *region = &peer->regions[peer->nr_regions];
	int rc;

	if (peer->nr_regions >= PEER_MAX_REGIONS)
		return -ENOSPC;
	if (overlaps_known(peer, told)) {
		peer_violation(peer, "region at %#llx overlaps another one",
			(unsigned long long)told->gpa);
		return -EINVAL;
	}
	rc = map_len_of(told, fd, &region->map_len);
	if (rc < 0) {
		peer_violation(peer, "region at %#llx, %#llx bytes, does not lie in its file",
			(unsigned long long)told->gpa, (unsigned long long)told->size);
		return rc;
	}
	region->map = mmap(NULL, region->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (region->map == MAP_FAILED)
		return -errno;
	region->told = *told;
	peer->nr_regions++;
	return 0;
}

int
peer_region_remove(struct peer *peer, const struct vhost_user_region *told)
{
	for (uint32_t i = 0; i < peer->nr_regions; i++) {
		struct peer_region *region = &peer->regions[i];

		if (region->told.gpa != told->gpa ||
				region->told.user_addr != told->user_addr ||
				region->told.size != told->size)
			continue;
		munmap(region->map, region->map_len);
		*region = peer->regions[--peer->nr_regions];
		return 0;
	}
	peer_violation(peer, "region at %#llx is removed, but was never there",
		(unsigned long long)told->gpa);
	return -ENOENT;
}

void
peer_regions_clear(struct peer *peer)
{
	while (peer->nr_regions > 0) {
		struct peer_region *region = &peer->regions[--peer->nr_regions];

		munmap(region->map, region->map_len);
	}
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++)
		peer->rings[i].mapped = false;
}

static void *
region_at(const struct peer_region *region, uint64_t offset)
{
	return (uint8_t *)region->map + region->told.mmap_offset + offset;
}

/* A ring area lies in one region, as the front-end allocated it in one piece. */
static void *
find_user(const struct peer *peer, uint64_t addr, size_t len)
{
	for (uint32_t i = 0; i < peer->nr_regions; i++) {
		const struct peer_region *region = &peer->regions[i];
		const uint64_t offset = addr - region->told.user_addr;

		if (addr >= region->told.user_addr && offset < region->told.size &&
				len <= region->told.size - offset)
			return region_at(region, offset);
	}
	return NULL;
}

static void
ring_remap(struct peer *peer, struct peer_ring *ring)
{
	struct vring_area *area = &ring->area;

	area->desc = find_user(peer, ring->addr.desc, vring_desc_bytes(area->format, area->size));
	area->driver = find_user(peer, ring->addr.avail,
			vring_driver_bytes(area->format, area->size));
	area->device = find_user(peer, ring->addr.used, vring_device_bytes(area->format, area->size));
	ring->mapped = area->desc != NULL && area->driver != NULL && area->device != NULL;
	if (ring->started && !ring->mapped) {
		peer_violation(peer, "ring %u runs outside of all regions", ring->addr.index);
		ring->started = false;
	}
}

void
peer_rings_remap(struct peer *peer)
{
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++) {
		struct peer_ring *ring = &peer->rings[i];

		if (ring->told_addr && vring_size_is_valid(ring->area.format, ring->area.size))
			ring_remap(peer, ring);
	}
}

int
peer_chain_add(struct peer *peer, struct peer_chain *chain, uint64_t addr, uint64_t len)
{
	chain->bytes += len;
	while (len > 0) {
		const struct peer_region *region = NULL;
		uint64_t offset = 0;
		uint64_t piece;

		for (uint32_t i = 0; i < peer->nr_regions && region == NULL; i++) {
			offset = addr - peer->regions[i].told.gpa;
			if (addr >= peer->regions[i].told.gpa &&
					offset < peer->regions[i].told.size)
				region = &peer->regions[i];
		}
		if (region == NULL || chain->nr == PEER_MAX_PIECES)
			return -EFAULT;
		piece = region->told.size - offset < len ? region->told.size - offset : len;
		chain->pieces[chain->nr].iov_base = region_at(region, offset);
		chain->pieces[chain->nr++].iov_len = piece;
		addr += piece;
		len -= piece;
	}
	return 0;
}
