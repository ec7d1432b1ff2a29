/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What a row needs: of the peer and of the CPU. See support.h.
 */

#include "rxtx/simd.h"
#include "support.h"

uint64_t
rx_row_features(const struct rx_path *row)
{
	return VIRTIO_BIT(VIRTIO_F_VERSION_1) |
		(row->traits.format == VRING_PACKED ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0) |
		(row->traits.in_order ? VIRTIO_BIT(VIRTIO_F_IN_ORDER) : 0) |
		(row->traits.mergeable ? VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) : 0) |
		(row->traits.offload ? VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) : 0);
}

uint64_t
tx_row_features(const struct tx_path *row)
{
	return VIRTIO_BIT(VIRTIO_F_VERSION_1) |
		(row->traits.format == VRING_PACKED ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0) |
		(row->traits.in_order ? VIRTIO_BIT(VIRTIO_F_IN_ORDER) : 0) |
		(row->traits.offload ? VIRTIO_BIT(VIRTIO_NET_F_CSUM) : 0);
}

uint32_t
row_base(enum vring_format format)
{
	return vring_base_start(format);
}

bool
row_can_run(const char *name, uint16_t simd)
{
	if (simd_bits(UINT16_MAX) >= simd)
		return true;
	print_message("# no test of the row '%s': this CPU has no vectors of %u bits\n", name, simd);
	return false;
}
