/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * session.c: what rte_vhost2.h guarantees about callbacks, and the order in which they come.
 */

#include "rig.h"

static void
callbacks_come_in_the_order_of_the_contract(void **state)
{
	(void)state;
	rig_run(2);
	assert_string_equal(rig.recorder.log, "create features init start0 start1");
	rig_unregister();
	assert_true(rig.unregistered);
	assert_string_equal(rig.recorder.log, "create features init start0 start1 stop0 stop1 destroy");
	assert_int_equal(rig.recorder.overlaps, 0);
}

static void
a_device_is_a_part_of_the_callers_struct(void **state)
{
	const struct recorder_device *device;

	(void)state;
	rig_run(1);
	device = (const struct recorder_device *)((char *)rig.recorder.vdev - offsetof(struct recorder_device, vdev));
	assert_int_equal((uintptr_t)device % 64, 0);
	assert_int_equal(device->before, 0);
	assert_ptr_equal(rig.recorder.vdev->ctx, &rig.recorder);
	assert_int_equal(rig.recorder.vdev->nr_queues, RECORDER_QUEUES);
	assert_true(rig.recorder.vdev->features & BIT(VIRTIO_F_VERSION_1));
}

static void
a_vq_is_what_the_front_end_laid_out(void **state)
{
	const struct rte_vhost2_vq *vq;

	(void)state;
	rig_run(2);
	vq = rig.recorder.vq[1];
	assert_int_equal(vq->index, 1);
	assert_int_equal(vq->size, 256);
	assert_false(vq->is_packed);
	assert_true(vq->enabled);
	strcpy((char *)rig.fe.rings[1].desc, "here");
	assert_string_equal((const char *)vq->desc, "here");
	assert_int_equal((uint8_t *)vq->used - (uint8_t *)vq->desc,
		(uint8_t *)rig.fe.rings[1].device - (uint8_t *)rig.fe.rings[1].desc);
}

static void
no_callback_is_called_while_another_is_not_completed(void **state)
{
	static const enum recorder_call calls[] = { RECORDER_CREATE, RECORDER_FEATURES, RECORDER_INIT, RECORDER_START };

	(void)state;
	for (size_t i = 0; i < NR(calls); i++) {
		rig.recorder.hold[calls[i]] = true;
		rig.fe.timeout_ms = 30;
		rig_register(0);
		assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
		assert_int_equal(frontend_run(&rig.fe, 1, 256, 0), -ETIMEDOUT);
		settle();
		assert_int_equal(rig.recorder.pending, 1 + calls[i]);
		frontend_kick(&rig.fe, 0);
		settle();
		assert_int_equal(rig.recorder.kicks[0], 0);
		rig.recorder.hold[calls[i]] = false;
		assert_int_equal(recorder_complete(&rig.recorder, 0), 0);
		settle();
		frontend_close(&rig.fe);
		settle();
		assert_int_equal(rig.recorder.overlaps, 0);
		rig_unregister();
	}
}

static void
messages_wait_until_the_callback_is_completed(void **state)
{
	struct vhost_user_message reply;

	(void)state;
	rig.recorder.hold[RECORDER_CREATE] = true;
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_send(&rig.fe, VHOST_USER_GET_FEATURES, 0, NULL, 0, NULL, 0), 0);
	rig.fe.timeout_ms = 30;
	assert_int_equal(frontend_receive(&rig.fe, &reply), -ETIMEDOUT);
	assert_int_equal(recorder_complete(&rig.recorder, 0), 0);
	rig.fe.timeout_ms = 3000;
	assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
	assert_int_equal(reply.header.request, VHOST_USER_GET_FEATURES);
}

static void
a_vq_is_not_changed_between_queue_start_and_completion_of_queue_stop(void **state)
{
	const struct vhost_user_vring_state get = { 0, 0 };
	struct vhost_user_message reply;

	(void)state;
	rig_run(2);
	frontend_kick(&rig.fe, 0);
	settle();
	/* All that may be said to a running ring. */
	assert_int_equal(frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_NUM, 0, 128), -EBUSY);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_CALL, 0, rig.fe.call[1]), 0);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_ERR, 0, rig.fe.call[1]), 0);
	assert_true(recorder_vqs_are_unchanged(&rig.recorder));
	rig.recorder.hold[RECORDER_STOP] = true;
	assert_int_equal(frontend_send(&rig.fe, VHOST_USER_GET_VRING_BASE, 0, &get, sizeof(get), NULL, 0), 0);
	settle();
	assert_true(recorder_ends_with(&rig.recorder, "stop0"));
	assert_true(recorder_vqs_are_unchanged(&rig.recorder));
	rig.recorder.hold[RECORDER_STOP] = false;
	recorder_complete(&rig.recorder, 0);
	assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
	assert_true(recorder_vqs_are_unchanged(&rig.recorder));
}

static void
a_queue_whose_start_failed_is_not_stopped(void **state)
{
	(void)state;
	rig.recorder.rc[RECORDER_START] = -ENOMEM;
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_run(&rig.fe, 1, 256, 0), -ENOMEM);
	rig_unregister();
	assert_string_equal(rig.recorder.log, "create features init start0 destroy");
}

static void
a_queue_whose_start_failed_is_tried_again_when_the_front_end_changes_it(void **state)
{
	(void)state;
	rig.recorder.rc[RECORDER_START] = -ENOMEM;
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_run(&rig.fe, 1, 256, 0), -ENOMEM);
	rig.recorder.rc[RECORDER_START] = 0;
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 0, rig.fe.kick[0]), 0);
	assert_true(recorder_ends_with(&rig.recorder, "start0 start0"));
}

static void
a_device_that_refuses_to_be_created_closes_the_connection(void **state)
{
	(void)state;
	rig.recorder.rc[RECORDER_CREATE] = -ENODEV;
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_true(frontend_is_closed(&rig.fe));
	assert_string_equal(rig.recorder.log, "create");
	assert_int_equal(rig_errors(RTE_VHOST2_ERR_CALLBACK), 1);
}

static void
a_device_that_refuses_its_memory_closes_the_connection(void **state)
{
	(void)state;
	rig.recorder.rc[RECORDER_INIT] = -ENOMEM;
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_run(&rig.fe, 1, 256, 0), -ECONNRESET);
	settle();
	assert_string_equal(rig.recorder.log, "create features init destroy");
}

static void
features_that_the_device_refuses_are_refused_to_the_front_end(void **state)
{
	(void)state;
	rig.recorder.rc[RECORDER_FEATURES] = -EINVAL;
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_run(&rig.fe, 1, 256, 0), -EINVAL);
	assert_int_equal(rig.recorder.vdev->features, 0);
	rig.recorder.rc[RECORDER_FEATURES] = 0;
	assert_int_equal(frontend_run(&rig.fe, 1, 256, 0), 0);
}

static void
new_memory_comes_while_all_queues_are_stopped(void **state)
{
	(void)state;
	rig_run(3);
	recorder_clear(&rig.recorder);
	assert_int_equal(frontend_share(&rig.fe), 0);
	assert_string_equal(rig.recorder.log, "stop0 stop1 stop2 init start0 start1 start2");
	assert_true(recorder_vqs_are_unchanged(&rig.recorder));
}

static void
memory_that_cannot_be_leaves_queues_running(void **state)
{
	struct vhost_user_mem_table table = { .nr = 1 };
	int pipes[2];

	(void)state;
	rig_run(1);
	recorder_clear(&rig.recorder);
	table.regions[0] = (struct vhost_user_region){ FRONTEND_GPA, FRONTEND_MEMORY, FRONTEND_USER, 0 };
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_SET_MEM_TABLE, &table, 40, pipes, 1), -EBADF);
	close(pipes[0]);
	close(pipes[1]);
	assert_string_equal(rig.recorder.log, "");
	assert_int_equal(rig_errors(RTE_VHOST2_ERR_MEMORY), 1);
}

static void
a_ring_that_is_enabled_or_disabled_is_started_anew(void **state)
{
	(void)state;
	rig_run(1);
	frontend_kick(&rig.fe, 0);
	settle();
	recorder_clear(&rig.recorder);
	assert_int_equal(frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_ENABLE, 0, 0), 0);
	assert_string_equal(rig.recorder.log, "stop0 start0");
	assert_false(rig.recorder.vq[0]->enabled);
	assert_int_equal(frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_ENABLE, 0, 0), 0);
	assert_string_equal(rig.recorder.log, "stop0 start0");
	assert_int_equal(frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_ENABLE, 0, 1), 0);
	assert_true(rig.recorder.vq[0]->enabled);
}

static void
a_disabled_ring_runs_once_it_is_kicked(void **state)
{
	(void)state;
	rig_run(0);
	frontend_lay_ring(&rig.fe, 1, 64);
	assert_int_equal(frontend_tell_ring(&rig.fe, 1), 0);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 1, rig.fe.kick[1]), 0);
	settle();
	assert_true(recorder_ends_with(&rig.recorder, "init"));
	frontend_kick(&rig.fe, 1);
	settle();
	assert_true(recorder_ends_with(&rig.recorder, "init start1"));
	assert_false(rig.recorder.vq[1]->enabled);
}

static void
kicks_reach_the_device_only_while_the_queue_runs(void **state)
{
	uint32_t base;

	(void)state;
	rig_run(2);
	frontend_kick(&rig.fe, 1);
	settle();
	assert_int_equal(rig.recorder.kicks[0], 0);
	assert_int_equal(rig.recorder.kicks[1], 1);
	assert_int_equal(frontend_get_base(&rig.fe, 1, &base), 0);
	frontend_kick(&rig.fe, 1);
	settle();
	assert_int_equal(rig.recorder.kicks[1], 1);
}

static void
a_queue_may_be_stopped_alone_and_goes_on_where_it_was(void **state)
{
	uint32_t base = 0;

	(void)state;
	rig_run(2);
	recorder_clear(&rig.recorder);
	rig.recorder.vq[1]->pos.avail_idx = rig.recorder.vq[1]->pos.used_idx = 300;
	assert_int_equal(frontend_get_base(&rig.fe, 1, &base), 0);
	assert_int_equal(base, 300);
	assert_string_equal(rig.recorder.log, "stop1");
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 1, rig.fe.kick[1]), 0);
	assert_string_equal(rig.recorder.log, "stop1 start1");
	assert_int_equal(rig.recorder.vq[1]->pos.avail_idx, 300);
}

static void
a_front_end_that_leaves_takes_all_with_it(void **state)
{
	struct rte_vhost2_tgt_stats stats;

	(void)state;
	rig_run(2);
	frontend_close(&rig.fe);
	settle();
	assert_true(recorder_ends_with(&rig.recorder, "stop0 stop1 destroy"));
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &stats), 0);
	assert_int_equal(stats.devices, 0);
	assert_int_equal(stats.connections, 1);
	assert_int_equal(stats.errors[RTE_VHOST2_ERR_HANGUP], 1);
}

static void
a_front_end_may_leave_in_any_callback(void **state)
{
	static const enum recorder_call calls[] = { RECORDER_CREATE, RECORDER_FEATURES, RECORDER_INIT, RECORDER_START };

	(void)state;
	rig_register(0);
	for (size_t i = 0; i < NR(calls); i++) {
		rig.recorder.hold[calls[i]] = true;
		rig.fe.timeout_ms = 30;
		assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
		assert_int_equal(frontend_run(&rig.fe, 2, 256, 0), -ETIMEDOUT);
		frontend_close(&rig.fe);
		settle();
		rig.recorder.hold[calls[i]] = false;
		assert_int_equal(recorder_complete(&rig.recorder, 0), 0);
		settle();
		assert_true(recorder_ends_with(&rig.recorder, "destroy"));
	}
	assert_int_equal(rig.recorder.overlaps, 0);
}

static void
a_kick_of_a_ring_that_cannot_be_costs_the_ring_only(void **state)
{
	const struct vhost_user_vring_addr addr = { .index = 1, .desc = 4096, .avail = 8192, .used = 12288 };
	uint64_t features;

	(void)state;
	rig_run(1);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 1, rig.fe.kick[1]), 0);
	assert_int_equal(frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_NUM, 1, 64), 0);
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_SET_VRING_ADDR, &addr, sizeof(addr), NULL, 0), 0);
	frontend_kick(&rig.fe, 1);
	settle();
	assert_int_equal(rig_errors(RTE_VHOST2_ERR_RING), 1);
	assert_int_equal(rig.recorder.errors[RTE_VHOST2_ERR_RING], 1);
	frontend_kick(&rig.fe, 1);
	settle();
	assert_int_equal(rig_errors(RTE_VHOST2_ERR_RING), 1);
	assert_int_equal(frontend_get_u64(&rig.fe, VHOST_USER_GET_FEATURES, &features), 0);
	assert_true(recorder_ends_with(&rig.recorder, "start0"));
	/* Told right, it runs. */
	assert_int_equal(frontend_start_ring(&rig.fe, 1, 64), 0);
	assert_true(recorder_ends_with(&rig.recorder, "start1"));
}

static void
a_completion_too_many_is_ignored(void **state)
{
	(void)state;
	rig_run(1);
	rte_vhost2_tgt_cb_complete(rig.recorder.vdev, -EIO);
	rte_vhost2_tgt_cb_complete(NULL, 0);
	settle();
	assert_true(recorder_ends_with(&rig.recorder, "start0"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(callbacks_come_in_the_order_of_the_contract),
		RIGGED(a_device_is_a_part_of_the_callers_struct),
		RIGGED(a_vq_is_what_the_front_end_laid_out),
		RIGGED(no_callback_is_called_while_another_is_not_completed),
		RIGGED(messages_wait_until_the_callback_is_completed),
		RIGGED(a_vq_is_not_changed_between_queue_start_and_completion_of_queue_stop),
		RIGGED(a_queue_whose_start_failed_is_not_stopped),
		RIGGED(a_queue_whose_start_failed_is_tried_again_when_the_front_end_changes_it),
		RIGGED(a_device_that_refuses_to_be_created_closes_the_connection),
		RIGGED(a_device_that_refuses_its_memory_closes_the_connection),
		RIGGED(features_that_the_device_refuses_are_refused_to_the_front_end),
		RIGGED(new_memory_comes_while_all_queues_are_stopped),
		RIGGED(memory_that_cannot_be_leaves_queues_running),
		RIGGED(a_ring_that_is_enabled_or_disabled_is_started_anew),
		RIGGED(a_disabled_ring_runs_once_it_is_kicked),
		RIGGED(kicks_reach_the_device_only_while_the_queue_runs),
		RIGGED(a_queue_may_be_stopped_alone_and_goes_on_where_it_was),
		RIGGED(a_front_end_that_leaves_takes_all_with_it),
		RIGGED(a_front_end_may_leave_in_any_callback),
		RIGGED(a_kick_of_a_ring_that_cannot_be_costs_the_ring_only),
		RIGGED(a_completion_too_many_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
