/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_IOTLB_H
#define VHOST2_IOTLB_H

/*
 * Translations that an IOMMU of the front-end gave, and those that it was asked for. A cache: what does not fit is
 * dropped and asked for again. Translations lead to the front-end's user addresses, which the region table leads on.
 *
 * The threads that process rings look up and note misses; the loop's thread enters, removes, and sends misses. A lock
 * of its own, held for no more than that. A translation that is removed may still be in use by a ring that is running:
 * the session stops such rings before it answers the front-end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Translations that are kept. */
#define IOTLB_ENTRIES 8192
/** Misses that the front-end is asked about at a time. */
#define IOTLB_MISSES 64

struct iotlb;

/** @return NULL: no memory */
struct iotlb *iotlb_create(void);
/** NULL is allowed. */
void iotlb_destroy(struct iotlb *iotlb);

/** Enter a translation; what it overlaps is gone. @return 0; -EINVAL: empty, wraps or allows nothing; -ENOMEM */
int iotlb_update(struct iotlb *iotlb, uint64_t iova, uint64_t size, uint64_t user_addr, uint8_t perm);

/** Remove what is in [iova, + size); size 0 or beyond the end: to the end. @return whether any of it was looked up */
bool iotlb_invalidate(struct iotlb *iotlb, uint64_t iova, uint64_t size);

/** Forget everything, what is asked for too. */
void iotlb_flush(struct iotlb *iotlb);

/**
 * Look a translation up.
 *
 * @param user_addr
 *   Filled on success.
 * @param len
 *   Filled: bytes from there on that the translation holds.
 * @return 0; -EAGAIN: not known (now or before noted as a miss); -EACCES: not with these permissions
 */
int iotlb_find(struct iotlb *iotlb, uint64_t iova, uint8_t perm, uint64_t *user_addr, uint64_t *len);

/** Whether it is going to be asked for, or was and has not been answered. */
bool iotlb_is_pending(struct iotlb *iotlb, uint64_t iova);

/** Take a miss that the front-end has not been asked about. @return false: there is none */
bool iotlb_take_miss(struct iotlb *iotlb, uint64_t *iova, uint8_t *perm);

#endif /* VHOST2_IOTLB_H */
