/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* session_verbs.c: what may be asked when, and what becomes of it. */

#include "rig.h"

static int
protocol(uint64_t more)
{
	return frontend_do_u64(&rig.fe, VHOST_USER_SET_PROTOCOL_FEATURES, rig.fe.protocol | more);
}

static void
only_logging_may_change_while_rings_run(void **state)
{
	(void)state;
	rig_run(1);
	frontend_kick(&rig.fe, 0);
	settle();
	recorder_clear(&rig.recorder);
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SET_FEATURES, rig.fe.features), 0);
	assert_string_equal(rig.recorder.log, "");
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SET_FEATURES,
		rig.fe.features | BIT(VIRTIO_RING_F_EVENT_IDX)), -EBUSY);
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SET_FEATURES, rig.fe.features | BIT(61)), -EINVAL);
	assert_string_equal(rig.recorder.log, "");
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SET_FEATURES, rig.fe.features | BIT(VHOST_F_LOG_ALL)), 0);
	assert_string_equal(rig.recorder.log, "stop0 features start0");
	assert_true(rig.recorder.vdev->logging);
}

static void
a_reset_stops_all_rings_and_keeps_memory(void **state)
{
	static const uint32_t resets[] = { VHOST_USER_RESET_DEVICE, VHOST_USER_SET_STATUS };
	uint64_t status;
	uint32_t base = 1;

	(void)state;
	for (size_t i = 0; i < NR(resets); i++) {
		rig_run(2);
		assert_int_equal(protocol(BIT(VHOST_USER_PROTOCOL_F_STATUS)), 0);
		assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SET_STATUS, 0xf), 0);
		rig.recorder.vq[0]->pos.avail_idx = 5;
		recorder_clear(&rig.recorder);
		if (resets[i] == VHOST_USER_RESET_DEVICE)
			assert_int_equal(frontend_do(&rig.fe, resets[i], NULL, 0, NULL, 0), 0);
		else
			assert_int_equal(frontend_do_u64(&rig.fe, resets[i], 0), 0);
		assert_string_equal(rig.recorder.log, "stop0 stop1");
		assert_int_equal(frontend_get_u64(&rig.fe, VHOST_USER_GET_STATUS, &status), 0);
		assert_int_equal(status, 0);
		assert_int_equal(frontend_get_base(&rig.fe, 0, &base), 0);
		assert_int_equal(base, 0);
		assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 0, rig.fe.kick[0]), 0);
		frontend_kick(&rig.fe, 0);
		settle();
		assert_string_equal(rig.recorder.log, "stop0 stop1");
		assert_int_equal(frontend_start_ring(&rig.fe, 0, 64), 0);
		assert_true(recorder_ends_with(&rig.recorder, "start0"));
		frontend_close(&rig.fe);
		settle();
		rig_unregister();
	}
}

static void
reset_owner_disables_all_rings(void **state)
{
	(void)state;
	rig_run(2);
	recorder_clear(&rig.recorder);
	frontend_kick(&rig.fe, 1);
	settle();
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_RESET_OWNER, NULL, 0, NULL, 0), 0);
	/* One was kicked and is processed without effect, the other one was not yet. */
	assert_string_equal(rig.recorder.log, "stop0 stop1 start1");
	assert_false(rig.recorder.vq[1]->enabled);
}

static void
without_protocol_features_rings_begin_enabled(void **state)
{
	(void)state;
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_negotiate(&rig.fe, BIT(VIRTIO_F_VERSION_1), 0), 0);
	assert_int_equal(frontend_share(&rig.fe), 0);
	frontend_start_ring(&rig.fe, 0, 64);
	for (int i = 0; i < 100 && !recorder_ends_with(&rig.recorder, "start0"); i++)
		frontend_breathe(&rig.fe);
	assert_true(rig.recorder.vq[0]->enabled);
}

static void
configuration_space_is_read_and_written_within_bounds(void **state)
{
	static const struct {
		uint32_t offset, size;
		int set_rc;
		uint32_t reply;
	} rows[] = {
		{ 0, 4, 0, 16 }, { 60, 4, 0, 16 }, { 61, 4, -EINVAL, 0 }, { 0, 65, -EINVAL, 0 },
		{ UINT32_MAX, 4, -EINVAL, 0 }, { UINT32_MAX - 3, 4, -EINVAL, 0 }, { 4094, 2, -EINVAL, 0 },
		{ 0, 0, 0, 12 }, { 64, 0, 0, 12 },
	};
	struct vhost_user_message reply;

	(void)state;
	rig_run(1);
	assert_int_equal(protocol(BIT(VHOST_USER_PROTOCOL_F_CONFIG)), 0);
	for (size_t i = 0; i < NR(rows); i++) {
		struct vhost_user_config config = { rows[i].offset, rows[i].size, 0, { 7, 8, 9 } };
		const uint32_t size = VHOST_USER_CONFIG_HEADER + rows[i].size;

		assert_int_equal(frontend_do(&rig.fe, VHOST_USER_SET_CONFIG, &config, size, NULL, 0), rows[i].set_rc);
		assert_int_equal(frontend_send(&rig.fe, VHOST_USER_GET_CONFIG, 0, &config, size, NULL, 0), 0);
		assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
		assert_int_equal(reply.header.size, rows[i].reply);
		if (rows[i].reply > 14)
			assert_int_equal(reply.payload.config.data[1], 8);
	}
}

static void
regions_come_and_go_under_running_rings(void **state)
{
	struct vhost_user_single_region more = { 0, { FRONTEND_GPA * 2, 8192, FRONTEND_USER * 2, 4096 } };
	const int file = memfd_create("more", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(file, 12288), 0);
	rig_run(1);
	assert_int_equal(protocol(BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS)), 0);
	recorder_clear(&rig.recorder);
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_ADD_MEM_REG, &more, sizeof(more), &file, 1), 0);
	assert_string_equal(rig.recorder.log, "stop0 init start0");
	assert_int_equal(rig.recorder.vdev->mem->nregions, 2);
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_ADD_MEM_REG, &more, sizeof(more), &file, 1), -EINVAL);
	more.region.size++;
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_REM_MEM_REG, &more, sizeof(more), &file, 1), -ENOENT);
	more.region.size--;
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_REM_MEM_REG, &more, sizeof(more), &file, 1), 0);
	assert_int_equal(rig.recorder.vdev->mem->nregions, 1);
	/* The region with the ring in it: the ring does not come back, the session lives. */
	more.region = (struct vhost_user_region){ FRONTEND_GPA, FRONTEND_MEMORY, FRONTEND_USER, 0 };
	recorder_clear(&rig.recorder);
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_REM_MEM_REG, &more, sizeof(more), NULL, 0), 0);
	assert_string_equal(rig.recorder.log, "stop0 init");
	assert_int_equal(rig_errors(RTE_VHOST2_ERR_RING), 1);
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_ADD_MEM_REG, &more, sizeof(more), &rig.fe.memory_fd, 1), 0);
	assert_true(recorder_ends_with(&rig.recorder, "init start0"));
	close(file);
}

static void
a_ring_that_is_polled_has_no_kick(void **state)
{
	(void)state;
	rig_run(0);
	frontend_lay_ring(&rig.fe, 0, 64);
	assert_int_equal(frontend_tell_ring(&rig.fe, 0), 0);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 0, -1), 0);
	assert_true(recorder_ends_with(&rig.recorder, "start0"));
	assert_true(rig.recorder.vq[0]->polled);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 0, rig.fe.kick[0]), 0);
	assert_int_equal(frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_ENABLE, 0, 1), 0);
	assert_false(rig.recorder.vq[0]->polled);
}

static void
a_kick_before_the_ring_is_told_starts_it_later(void **state)
{
	(void)state;
	rig_run(0);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 2, rig.fe.kick[2]), 0);
	frontend_kick(&rig.fe, 2);
	settle();
	assert_true(recorder_ends_with(&rig.recorder, "init"));
	frontend_lay_ring(&rig.fe, 2, 64);
	assert_int_equal(frontend_tell_ring(&rig.fe, 2), 0);
	assert_true(recorder_ends_with(&rig.recorder, "start2"));
}

static void
records_of_a_crashed_back_end_are_taken_up(void **state)
{
	const struct vhost_user_inflight asked = { 0, 0, 2, 64, 0 };
	struct vhost_user_message reply;
	uint16_t head = 0;
	uint64_t size;
	int file;

	(void)state;
	rig_register(RTE_VHOST2_INFLIGHT);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_run(&rig.fe, 0, 64, 0), 0);
	assert_int_equal(protocol(BIT(VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD)), 0);
	assert_int_equal(frontend_send(&rig.fe, VHOST_USER_GET_INFLIGHT_FD, 0, &asked, sizeof(asked), NULL, 0), 0);
	assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
	assert_int_equal(reply.nr_fds, 1);
	size = reply.payload.inflight.mmap_size;
	file = reply.fds[0];
	assert_true(size >= 2 * 64 * 16);
	for (int life = 0; life < 2; life++) {
		assert_int_equal(frontend_do(&rig.fe, VHOST_USER_SET_INFLIGHT_FD, &reply.payload, sizeof(asked), &file, 1),
			0);
		assert_int_equal(frontend_start_ring(&rig.fe, 0, 64), 0);
		assert_non_null(rig.recorder.vq[0]->inflight);
		assert_int_equal(rte_vhost2_inflight_next(rig.recorder.vq[0], &head), life);
		assert_int_equal(rig.recorder.vq[0]->pos.avail_idx, life);
		if (life == 1)
			break;
		rte_vhost2_inflight_take(rig.recorder.vq[0], 33);
		frontend_close(&rig.fe);
		settle();
		assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
		assert_int_equal(frontend_run(&rig.fe, 0, 64, 0), 0);
		assert_int_equal(protocol(BIT(VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD)), 0);
	}
	assert_int_equal(head, 33);
	close(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(only_logging_may_change_while_rings_run),
		RIGGED(a_reset_stops_all_rings_and_keeps_memory),
		RIGGED(reset_owner_disables_all_rings),
		RIGGED(without_protocol_features_rings_begin_enabled),
		RIGGED(configuration_space_is_read_and_written_within_bounds),
		RIGGED(regions_come_and_go_under_running_rings),
		RIGGED(a_ring_that_is_polled_has_no_kick),
		RIGGED(a_kick_before_the_ring_is_told_starts_it_later),
		RIGGED(records_of_a_crashed_back_end_are_taken_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
