/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* loopback.c: a session behind another transport, which has neither messages nor sockets. */

#include "rig.h"

#include "vhost2/transport/loopback.h"

static struct loopback *lo;
static bool gone;

static void
is_gone(void *arg)
{
	(void)arg;
	__atomic_store_n(&gone, true, __ATOMIC_RELEASE);
}

static void
register_loopback(uint64_t flags)
{
	assert_int_equal(rte_vhost2_tgt_register("loopback", "here", flags, NULL, &rig.recorder.ops, DEVICE_FEATURES), 0);
	if (rig.recorder.ops.loop != NULL)
		settle();
	while (loopback_connect("here", &lo) == -ENOENT)
		usleep(1000);
}

static void
unregister_loopback(void)
{
	const uint64_t deadline = vhost_user_deadline_after_ms(3000);

	__atomic_store_n(&gone, false, __ATOMIC_RELEASE);
	assert_int_equal(rte_vhost2_tgt_unregister("loopback", "here", is_gone, NULL), 0);
	while (!__atomic_load_n(&gone, __ATOMIC_ACQUIRE) && vhost_user_now() < deadline) {
		rte_vhost2_loop_process(rig.loop);
		usleep(100);
	}
	assert_true(__atomic_load_n(&gone, __ATOMIC_ACQUIRE));
	settle();
}

static void
start_ring(uint32_t index)
{
	struct queue_addr addr;
	const struct vring_area *ring = &rig.fe.rings[index];

	frontend_lay_ring(&rig.fe, index, 64);
	addr = (struct queue_addr){
		.desc = FRONTEND_USER + (uint64_t)((uint8_t *)ring->desc - rig.fe.memory),
		.driver = FRONTEND_USER + (uint64_t)((uint8_t *)ring->driver - rig.fe.memory),
		.device = FRONTEND_USER + (uint64_t)((uint8_t *)ring->device - rig.fe.memory),
	};
	assert_int_equal(loopback_set_vring_num(lo, index, 64), 0);
	assert_int_equal(loopback_set_vring_base(lo, index, 0), 0);
	assert_int_equal(loopback_set_vring_addr(lo, index, &addr), 0);
	assert_int_equal(loopback_set_vring_call(lo, index, rig.fe.call[index]), 0);
	assert_int_equal(loopback_set_vring_err(lo, index, -1), 0);
	assert_int_equal(loopback_set_vring_kick(lo, index, rig.fe.kick[index]), 0);
	assert_int_equal(loopback_set_vring_enable(lo, index, true), 0);
}

static void
run_loopback(uint32_t nr)
{
	const struct memory_region region = { FRONTEND_GPA, FRONTEND_MEMORY, FRONTEND_USER, 0 };
	uint64_t features;

	assert_int_equal(loopback_get_features(lo, &features), 0);
	assert_int_equal(loopback_set_features(lo, BIT(VIRTIO_F_VERSION_1) | BIT(VHOST_USER_F_PROTOCOL_FEATURES)), 0);
	assert_int_equal(loopback_set_mem_table(lo, &region, &rig.fe.memory_fd, 1), 0);
	for (uint32_t i = 0; i < nr; i++)
		start_ring(i);
}

static void
the_same_callbacks_come_in_the_same_order(void **state)
{
	uint32_t base = 7;

	(void)state;
	register_loopback(0);
	run_loopback(2);
	assert_string_equal(rig.recorder.log, "create features init start0 start1");
	frontend_kick(&rig.fe, 1);
	settle();
	assert_int_equal(rig.recorder.kicks[1], 1);
	rte_vhost2_dev_call(rig.recorder.vdev, rig.recorder.vq[0]);
	assert_int_equal(frontend_calls(&rig.fe, 0), 1);
	assert_int_equal(loopback_get_vring_base(lo, 1, &base), 0);
	assert_int_equal(base, 0);
	loopback_close(lo);
	settle();
	assert_true(recorder_ends_with(&rig.recorder, "stop1 stop0 destroy"));
	unregister_loopback();
}

static void
verbs_are_refused_as_behind_a_socket(void **state)
{
	const struct memory_region bad = { FRONTEND_GPA, 0, FRONTEND_USER, 0 };
	uint8_t bytes[2] = { 0 };
	uint32_t base;

	(void)state;
	register_loopback(0);
	assert_int_equal(loopback_set_features(lo, BIT(63)), -EINVAL);
	run_loopback(1);
	frontend_kick(&rig.fe, 0);
	settle();
	assert_int_equal(loopback_set_vring_num(lo, 0, 128), -EBUSY);
	assert_int_equal(loopback_set_vring_num(lo, RECORDER_QUEUES, 128), -EINVAL);
	assert_int_equal(loopback_get_vring_base(lo, 0xffffffff, &base), -EINVAL);
	assert_int_equal(loopback_set_vring_call(lo, 0, rig.fe.memory_fd), -EBADF);
	assert_int_equal(loopback_add_mem_reg(lo, &bad, rig.fe.memory_fd), -EINVAL);
	assert_int_equal(loopback_rem_mem_reg(lo, &bad), -ENOENT);
	assert_int_equal(loopback_set_config(lo, 0xffffffff, 2, bytes), -EINVAL);
	assert_int_equal(loopback_iotlb_update(lo, 0, 4096, 0, 3), -EACCES);
	assert_int_equal(loopback_iotlb_invalidate(lo, 0, 4096), -EACCES);
	assert_int_equal(loopback_set_log_base(lo, -1, 0, 4096), -EBADF);
	assert_int_equal(loopback_set_inflight(lo, rig.fe.memory_fd, 0, 16, 2, 64), -EINVAL);
	assert_true(loopback_is_open(lo));
	loopback_close(lo);
	settle();
	unregister_loopback();
}

static void
config_status_and_reset_work(void **state)
{
	uint8_t config[4] = { 1, 2, 3, 4 }, read_back[4] = { 0 };
	uint64_t status = 1;

	(void)state;
	register_loopback(0);
	run_loopback(1);
	assert_int_equal(loopback_set_config(lo, 4, 4, config), 0);
	assert_int_equal(loopback_get_config(lo, 4, 4, read_back), 0);
	assert_memory_equal(config, read_back, 4);
	assert_int_equal(loopback_set_status(lo, 0xf), 0);
	assert_int_equal(loopback_get_status(lo, &status), 0);
	assert_int_equal(status, 0xf);
	rte_vhost2_dev_cfg_call(rig.recorder.vdev);
	settle();
	assert_int_equal(loopback_config_changes(lo), 1);
	assert_int_equal(loopback_reset_device(lo), 0);
	assert_true(recorder_ends_with(&rig.recorder, "start0 stop0"));
	loopback_close(lo);
	settle();
	unregister_loopback();
}

static void
unregistering_ends_the_front_end(void **state)
{
	(void)state;
	register_loopback(0);
	run_loopback(1);
	unregister_loopback();
	assert_false(loopback_is_open(lo));
	assert_int_equal(loopback_set_status(lo, 1), -ENOTCONN);
	loopback_close(lo);
	settle();
	assert_int_equal(loopback_connect("here", &lo), -ENOENT);
}

static void
a_loop_with_a_thread_serves_it_too(void **state)
{
	(void)state;
	rig.recorder.ops.loop = NULL;
	register_loopback(0);
	run_loopback(2);
	assert_string_equal(rig.recorder.log, "create features init start0 start1");
	loopback_close(lo);
	unregister_loopback();
	for (int i = 0; i < 2000 && count_fds() > rig.fds + 30; i++)
		usleep(1000);
	usleep(10000);
}

static void
a_device_that_refuses_is_not_connected_to(void **state)
{
	(void)state;
	rig.recorder.rc[RECORDER_CREATE] = -ENODEV;
	register_loopback(0);
	assert_false(loopback_is_open(lo));
	loopback_close(lo);
	settle();
	unregister_loopback();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(the_same_callbacks_come_in_the_same_order),
		RIGGED(verbs_are_refused_as_behind_a_socket),
		RIGGED(config_status_and_reset_work),
		RIGGED(unregistering_ends_the_front_end),
		RIGGED(a_loop_with_a_thread_serves_it_too),
		RIGGED(a_device_that_refuses_is_not_connected_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
