/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* rte_vhost2.h in C++, alone and with warnings on: it compiles, links, and its inline function answers. */

#include "vhost2/rte_vhost2.h"

#include <cstdio>
#include <cstring>

static bool
it_links()
{
	struct rte_vhost2_tgt_ops ops;

	std::memset(static_cast<void *>(&ops), 0, sizeof(ops));
	ops.nr_queues = 1;
	return rte_vhost2_tgt_register("none", "x", 0, nullptr, &ops, 0) == -93 &&
		rte_vhost2_tgt_unregister("vhost-user", "x", nullptr, nullptr) == -2;
}

static bool
it_translates()
{
	alignas(8) unsigned char table[sizeof(struct rte_vhost2_memory) + sizeof(struct rte_vhost2_mem_region)] = {};
	struct rte_vhost2_memory *memory = reinterpret_cast<struct rte_vhost2_memory *>(table);
	struct rte_vhost2_dev vdev = rte_vhost2_dev();
	struct rte_vhost2_vq vq = rte_vhost2_vq();
	uint64_t len = 100;
	char target[64];

	memory->nregions = 1;
	memory->regions[0].guest_phys_addr = 4096;
	memory->regions[0].size = sizeof(target);
	memory->regions[0].host_user_addr = reinterpret_cast<uintptr_t>(target);
	vdev.mem = memory;
	return rte_vhost2_iova_to_vva(&vdev, &vq, 4100, &len, VHOST_ACCESS_RO) == target + 4 && len == 60 &&
		rte_vhost2_iova_to_vva(&vdev, &vq, 5000, &len, VHOST_ACCESS_RO) == nullptr;
}

int
main()
{
	const bool links = it_links(), translates = it_translates();

	std::printf("1..2\n");
	std::printf("%sok 1 - it_links_from_cpp\n", links ? "" : "not ");
	std::printf("%sok 2 - it_translates_from_cpp\n", translates ? "" : "not ");
	return links && translates ? 0 : 1;
}
