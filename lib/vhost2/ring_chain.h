/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_RING_CHAIN_H
#define VHOST2_RING_CHAIN_H

/*
 * What pop hands out, and how a chain is collected whatever the ring's format: segments, indirect tables, and the
 * checks that a chain must pass. Included by ring_split.h and ring_packed.h; programs include ring.h.
 *
 * Theory of operation
 *
 * Each descriptor is copied once from memory that the driver can write at any time, and only the copy is looked at. A
 * chain passes or its queue is broken: no prefix of a bad chain is ever handed out. The work on a chain is bounded by
 * the size of its ring, whatever its links say, for no legal chain is longer:
 * VIRTIO 1.3 2.7.5.3.1: "A driver MUST NOT create a descriptor chain longer than the Queue Size of the device."
 *
 * Functions with the prefix vhost2_ are this library's own, inline only for speed. They return 0, or the -errno that
 * vhost2_pop_fail() makes a fault of the queue of.
 */

#include <errno.h>
#include <string.h>

/* Before all others: it makes the kernel's header fit for C++. */
#include "virtio/ring_uapi.h"

#include "vhost2/rte_vhost2.h"
#include "virtio/barrier.h"
#include "virtio/vring_packed.h"
#include "virtio/vring_split.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A piece of a buffer as the driver described it: our copy. */
struct rte_vhost2_seg {
	uint64_t iova;
	uint32_t len;   /**< never 0 when popped; before a push: bytes written */
	uint16_t id;    /**< of a buffer that is this piece alone: what a push needs */
	uint16_t flags; /**< VRING_DESC_F_WRITE or 0 */
};

/** A buffer of any number of segments; the readable ones come first. */
struct rte_vhost2_chain {
	uint16_t id;           /**< what a push needs */
	uint16_t nr_descs;     /**< slots of a packed ring that it takes */
	uint32_t nr_segs;
	uint32_t nr_readable;  /**< of the segments */
	uint32_t readable_len; /**< bytes in them */
	uint32_t writable_len; /**< bytes in the others */
	uint32_t written;      /**< 0 when popped; set before a push: bytes written, from the first writable one on */
};

static_assert(sizeof(struct rte_vhost2_seg) == 16, "as large as a descriptor");

/** Where descriptors are read: the ring, or an indirect table. */
struct vhost2_table {
	const void *at;     /**< contiguous in our address space; NULL: read it piece by piece */
	uint64_t iova;
	uint32_t count;     /**< descriptors */
	bool is_indirect;
};

/** The ring makes no sense, or a translation is awaited (-EAGAIN: no fault). */
static inline void
vhost2_pop_fail(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, int rc)
{
	if (rc == -EAGAIN)
		return;
	if (rc == -EFAULT)
		rte_vhost2_vq_break(vdev, vq, RTE_VHOST2_ERR_TRANSLATION);
	else if (rc == -ERANGE)
		rte_vhost2_vq_break(vdev, vq, RTE_VHOST2_ERR_INDEX);
	else
		rte_vhost2_vq_break(vdev, vq, RTE_VHOST2_ERR_DESCRIPTOR);
}

/** Why an address did not translate. */
static inline int
vhost2_untranslated(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova)
{
	return vdev->iommu && rte_vhost2_iova_is_pending(vdev, vq, iova) ? -EAGAIN : -EFAULT;
}

/** Copy @p len bytes that may lie in several regions. */
static inline int
vhost2_read(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, void *to, uint64_t len)
{
	uint8_t *at = (uint8_t *)to;

	while (len > 0) {
		uint64_t piece = len;
		const void *const from = rte_vhost2_iova_to_vva(vdev, vq, iova, &piece, VHOST_ACCESS_RO);

		if (from == NULL || piece == 0)
			return vhost2_untranslated(vdev, vq, iova);
		memcpy(at, from, piece);
		at += piece;
		iova += piece;
		len -= piece;
	}
	/* The copy is what is looked at from here on, and the compiler must not think that it may read again. */
	virtio_compiler_barrier();
	return 0;
}

/** Copy descriptor @p i, below count; 16 bytes of either format. */
static inline int
vhost2_table_read(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, const struct vhost2_table *table, uint32_t i,
	struct vring_desc *desc)
{
	if (__builtin_expect(table->at == NULL, 0))
		return vhost2_read(vdev, vq, table->iova + i * sizeof(*desc), desc, sizeof(*desc));
	*desc = split_desc_read((const struct vring_desc *)table->at, (uint16_t)i);
	return 0;
}

/** Go into the indirect table that a descriptor of the ring names. */
static inline int
vhost2_table_open(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, uint32_t len,
	struct vhost2_table *table)
{
	uint64_t piece = len;
	const void *at;

	/*
	 * VIRTIO 1.3 2.7.5.3.1: "The driver MUST NOT set the VIRTQ_DESC_F_INDIRECT flag unless the
	 * VIRTIO_F_INDIRECT_DESC feature was negotiated", nor "within an indirect descriptor".
	 */
	if (!vq->indirect || table->is_indirect)
		return -EINVAL;
	if (len == 0 || len % sizeof(struct vring_desc) != 0 || len / sizeof(struct vring_desc) > vq->size)
		return -EINVAL;
	at = rte_vhost2_iova_to_vva(vdev, vq, iova, &piece, VHOST_ACCESS_RO);
	if (at == NULL || piece == 0)
		return vhost2_untranslated(vdev, vq, iova);
	table->at = piece == len && (uintptr_t)at % sizeof(uint64_t) == 0 ? at : NULL;
	table->iova = iova;
	table->count = len / (uint32_t)sizeof(struct vring_desc);
	table->is_indirect = true;
	return 0;
}

/** Begin an empty chain. */
static inline void
vhost2_chain_begin(struct rte_vhost2_chain *chain)
{
	memset(chain, 0, sizeof(*chain));
}

static inline int
vhost2_length_add(uint32_t *sum, uint32_t len)
{
	/* VIRTIO 1.3 2.7.5.2: "Drivers MUST NOT add a descriptor chain longer than 2^32 bytes in total" */
	return __builtin_add_overflow(*sum, len, sum) ? -EINVAL : 0;
}

/** Append a segment; @p max: for how many there is room. */
static inline int
vhost2_chain_add(struct rte_vhost2_chain *chain, struct rte_vhost2_seg *segs, uint32_t max, uint64_t iova, uint32_t len,
	uint16_t flags)
{
	struct rte_vhost2_seg *const seg = &segs[chain->nr_segs];

	if (len == 0 || chain->nr_segs >= max)
		return -EINVAL;
	seg->iova = iova;
	seg->len = len;
	seg->id = 0;
	seg->flags = flags & VRING_DESC_F_WRITE;
	chain->nr_segs++;
	if ((flags & VRING_DESC_F_WRITE) != 0)
		return vhost2_length_add(&chain->writable_len, len);
	/*
	 * VIRTIO 1.3 2.7.4.2: "The driver MUST place any device-writable descriptor elements after any device-readable
	 * descriptor elements."
	 */
	if (chain->nr_readable + 1 != chain->nr_segs)
		return -EINVAL;
	chain->nr_readable++;
	return vhost2_length_add(&chain->readable_len, len);
}

#ifdef __cplusplus
}
#endif

#endif /* VHOST2_RING_CHAIN_H */
