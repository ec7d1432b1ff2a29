/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The net header in front of each packet, as the data path needs it: one field on rx, all zero on tx.
 */

#ifndef VIRTIO_RXTX_NET_HDR_H
#define VIRTIO_RXTX_NET_HDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "virtio/barrier.h"
#include "virtio/net.h"

typedef uint64_t net_hdr_word __attribute__((may_alias, aligned(1)));

/** How many buffers the packet fills: the peer's word, read once. */
VIRTIO_INLINE uint16_t
net_hdr_num_buffers(const void *hdr)
{
	const struct virtio_net_hdr_v1 *const v1 = hdr;

	return *(const volatile uint16_t *)&v1->num_buffers;
}

/** Make all of @p len (10, 12 or 20) bytes zero. */
VIRTIO_INLINE void
net_hdr_zero(void *hdr, uint32_t len)
{
	char *const at = hdr;

	*(net_hdr_word *)at = 0;
	*(net_hdr_word *)(at + len - 8) = 0;
	if (unlikely(len > 16))
		*(net_hdr_word *)(at + 8) = 0;
}

/** Whether all of @p len (10, 12 or 20) bytes are zero. */
VIRTIO_INLINE bool
net_hdr_is_zero(const void *hdr, uint32_t len)
{
	const char *const at = hdr;
	uint64_t bits = *(const net_hdr_word *)at | *(const net_hdr_word *)(at + len - 8);

	if (unlikely(len > 16))
		bits |= *(const net_hdr_word *)(at + 8);
	return bits == 0;
}

/**
 * Ask for no offload. Compared before it is written: buffers go round and keep the zero header of the packet before,
 * and a line that is not written stays shared with the peer.
 *
 * VIRTIO 1.3 5.1.6.2.1: "The driver MUST set num_buffers to zero."
 */
VIRTIO_INLINE void
net_hdr_clear(void *hdr, uint32_t len)
{
	if (unlikely(!net_hdr_is_zero(hdr, len)))
		net_hdr_zero(hdr, len);
}

#endif /* VIRTIO_RXTX_NET_HDR_H */
