/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The public headers of lib/virtio in C++: each compiles (alone, see meson.build, and together
 * here), links against the C library, and its inline functions give the same answers.
 */

#include "virtio/barrier.h"
#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio/notify.h"
#include "virtio/status.h"
#include "virtio/vring_layout.h"
#include "virtio/vring_packed.h"
#include "virtio/vring_split.h"

#include <cstdio>

static bool
functions_link()
{
	return virtio_feature_find(VIRTIO_F_VERSION_1) != nullptr &&
		virtio_net_hdr_len(VIRTIO_BIT(VIRTIO_F_VERSION_1)) == 12 &&
		virtio_status_can_follow(VIRTIO_STATUS_RESET, VIRTIO_STATUS_ACKNOWLEDGE) &&
		vring_layout_bytes(VRING_SPLIT, 1) == 192;
}

static bool
inlines_answer_as_in_c()
{
	alignas(64) unsigned char memory[192] = {};
	struct vring_area area;

	if (vring_layout_place(&area, VRING_SPLIT, 1, memory, sizeof(memory)) != 0)
		return false;
	split_desc_write(split_desc_table(&area), 0x1000, 64, VRING_DESC_F_WRITE, 0);
	split_avail_publish(split_avail_ring(&area), 1);
	virtio_mb();
	return split_desc_read(split_desc_table(&area), 0).len == 64 &&
		split_avail_idx_read(split_avail_ring(&area)) == 1 &&
		packed_is_avail(packed_avail_bits(true), packed_pos_start().wrap) &&
		virtio_need_event(0, 1, 0);
}

int
main()
{
	const bool linked = functions_link(), inlined = inlines_answer_as_in_c();

	std::printf("1..2\n");
	std::printf("%sok 1 - functions_link_from_cpp\n", linked ? "" : "not ");
	std::printf("%sok 2 - inlines_answer_as_in_c\n", inlined ? "" : "not ");
	return linked && inlined ? 0 : 1;
}
