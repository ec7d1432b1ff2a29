/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* loopback_verbs.c: memory, records, log and translations by plain calls, and that no descriptor is kept. */

#include "rig.h"

#include "vhost2/transport/loopback.h"

static struct loopback *lo;

static void
connect_loopback(uint64_t flags, uint64_t features)
{
	uint64_t offered = 0;

	assert_int_equal(rte_vhost2_tgt_register("loopback", "verbs", flags, NULL, &rig.recorder.ops, DEVICE_FEATURES), 0);
	settle();
	assert_int_equal(loopback_connect("verbs", &lo), 0);
	assert_int_equal(loopback_get_features(lo, &offered), 0);
	assert_int_equal(features & ~offered, 0);
	assert_int_equal(loopback_set_features(lo, features), 0);
}

static void
leave(void)
{
	loopback_close(lo);
	settle();
	assert_int_equal(rte_vhost2_tgt_unregister("loopback", "verbs", NULL, NULL), 0);
	settle();
}

static void
regions_log_and_record_are_the_sessions_own_copies(void **state)
{
	const struct memory_region a = { 0, 4096, 0, 0 }, b = { 4096, 4096, 4096, 4096 };
	int fds;

	(void)state;
	connect_loopback(RTE_VHOST2_INFLIGHT, BIT(VIRTIO_F_VERSION_1) | BIT(VHOST_F_LOG_ALL));
	fds = count_fds();
	assert_int_equal(loopback_set_mem_table(lo, &a, &rig.fe.memory_fd, 1), 0);
	assert_int_equal(loopback_add_mem_reg(lo, &b, rig.fe.memory_fd), 0);
	assert_int_equal(rig.recorder.vdev->mem->nregions, 2);
	assert_int_equal(loopback_rem_mem_reg(lo, &a), 0);
	assert_int_equal(rig.recorder.vdev->mem->nregions, 1);
	assert_int_equal(loopback_set_log_base(lo, rig.fe.memory_fd, 0, 4096), 0);
	assert_int_equal(loopback_set_inflight(lo, rig.fe.memory_fd, 0, 8192, 2, 64), 0);
	assert_int_equal(count_fds(), fds);
	leave();
}

static void
translations_are_asked_for_and_given(void **state)
{
	const struct memory_region a = { 0, FRONTEND_MEMORY, FRONTEND_USER, 0 };
	struct rte_vhost2_vq none = { .index = 0 };
	uint64_t iova = 0, len = 8;
	uint8_t perm = 0;

	(void)state;
	connect_loopback(RTE_VHOST2_IOMMU, BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_ACCESS_PLATFORM));
	assert_int_equal(loopback_set_mem_table(lo, &a, &rig.fe.memory_fd, 1), 0);
	assert_false(loopback_miss(lo, &iova, &perm));
	assert_null(rte_vhost2_iova_to_vva(rig.recorder.vdev, &none, 0x7123, &len, VHOST_ACCESS_RO));
	settle();
	assert_true(loopback_miss(lo, &iova, &perm));
	assert_int_equal(iova, 0x7000);
	assert_int_equal(loopback_iotlb_update(lo, 0x7000, 4096, FRONTEND_USER, VHOST_ACCESS_RO), 0);
	len = 8;
	assert_non_null(rte_vhost2_iova_to_vva(rig.recorder.vdev, &none, 0x7123, &len, VHOST_ACCESS_RO));
	assert_int_equal(loopback_iotlb_invalidate(lo, 0, 0), 0);
	assert_null(rte_vhost2_iova_to_vva(rig.recorder.vdev, &none, 0x7123, &len, VHOST_ACCESS_RO));
	assert_int_equal(loopback_iotlb_update(lo, 0, 0, 0, 0), -EINVAL);
	leave();
}

static void
messages_for_the_device_reach_it(void **state)
{
	struct rte_vhost2_msg msg = { .id = 1000 };

	(void)state;
	connect_loopback(0, BIT(VIRTIO_F_VERSION_1));
	assert_int_equal(loopback_custom(lo, &msg), 0);
	assert_int_equal(rig.recorder.last_custom, 1000);
	leave();
}

/* The rows of the catalogue that are not about messages, without messages. */
static void
what_cannot_be_is_refused_by_number(void **state)
{
	static const struct {
		struct memory_region region;
		int rc;
	} regions[] = {
		{ { 0, 0, 0, 0 }, -EINVAL },
		{ { UINT64_MAX - 9, 4096, 0, 0 }, -EINVAL },
		{ { 0, 4096, UINT64_MAX - 9, 0 }, -EINVAL },
		{ { 0, 4096, 0, UINT64_MAX - 4095 }, -EINVAL },
		{ { 0, FRONTEND_MEMORY, 0, 4096 }, -EFBIG },
		{ { 0, 4096, 0, FRONTEND_MEMORY }, -EFBIG },
	};
	static const uint32_t sizes[] = { 32769, 65535, 65536, 0x80000000, UINT32_MAX };
	static const uint32_t indices[] = { RECORDER_QUEUES, 255, 0x10000, UINT32_MAX };
	uint32_t base;
	int pipes[2];

	(void)state;
	connect_loopback(RTE_VHOST2_INFLIGHT, BIT(VIRTIO_F_VERSION_1));
	assert_int_equal(pipe(pipes), 0);
	for (size_t i = 0; i < NR(regions); i++) {
		assert_int_equal(loopback_set_mem_table(lo, &regions[i].region, &rig.fe.memory_fd, 1), regions[i].rc);
		assert_int_equal(loopback_add_mem_reg(lo, &regions[i].region, rig.fe.memory_fd), regions[i].rc);
		assert_int_equal(loopback_rem_mem_reg(lo, &regions[i].region), -ENOENT);
	}
	for (size_t i = 0; i < NR(sizes); i++) {
		assert_int_equal(loopback_set_vring_num(lo, 0, sizes[i]), -EINVAL);
		if (sizes[i] > UINT16_MAX)
			assert_int_equal(loopback_set_vring_base(lo, 0, sizes[i]), -EINVAL);
	}
	for (size_t i = 0; i < NR(indices); i++) {
		assert_int_equal(loopback_set_vring_num(lo, indices[i], 64), -EINVAL);
		assert_int_equal(loopback_get_vring_base(lo, indices[i], &base), -EINVAL);
		assert_int_equal(loopback_set_vring_kick(lo, indices[i], -1), -EINVAL);
		assert_int_equal(loopback_set_vring_enable(lo, indices[i], true), -EINVAL);
	}
	assert_int_equal(loopback_set_vring_kick(lo, 0, pipes[1]), -EBADF);
	assert_int_equal(loopback_set_vring_call(lo, 0, pipes[1]), -EBADF);
	assert_int_equal(loopback_set_vring_err(lo, 0, rig.fe.memory_fd), -EBADF);
	assert_int_equal(loopback_set_status(lo, 256), -EINVAL);
	assert_int_equal(loopback_set_log_base(lo, rig.fe.memory_fd, UINT64_MAX - 4095, 4096), -EINVAL);
	assert_int_equal(loopback_set_inflight(lo, rig.fe.memory_fd, 0, FRONTEND_MEMORY, 65535, 65535), -EINVAL);
	assert_true(loopback_is_open(lo));
	close(pipes[0]);
	close(pipes[1]);
	leave();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(regions_log_and_record_are_the_sessions_own_copies),
		RIGGED(translations_are_asked_for_and_given),
		RIGGED(messages_for_the_device_reach_it),
		RIGGED(what_cannot_be_is_refused_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
