/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * session_callbacks.c: completion from anywhere, no lock across a callback, and every public function called from
 * every callback.
 */

#include "rig.h"

#include <pthread.h>

static struct recorder *held_recorder;

static void *
complete_soon(void *arg)
{
	(void)arg;
	usleep(2000);
	recorder_complete(held_recorder, 0);
	return NULL;
}

static void
complete_from_a_thread(struct recorder *recorder, struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	pthread_t thread;

	(void)vdev;
	(void)vq;
	if (recorder->pending == 0)
		return;
	held_recorder = recorder;
	pthread_create(&thread, NULL, complete_soon, NULL);
	pthread_detach(thread);
}

static void
callbacks_may_be_completed_from_any_thread(void **state)
{
	(void)state;
	memset(rig.recorder.hold, 1, sizeof(rig.recorder.hold));
	rig.recorder.inside = complete_from_a_thread;
	rig_run(3);
	assert_string_equal(rig.recorder.log, "create features init start0 start1 start2");
	frontend_close(&rig.fe);
	for (int i = 0; i < 1000 && !recorder_ends_with(&rig.recorder, "destroy"); i++) {
		settle();
		usleep(500);
	}
	assert_true(recorder_ends_with(&rig.recorder, "stop0 stop1 stop2 destroy"));
	assert_int_equal(rig.recorder.overlaps, 0);
	usleep(5000);
	settle();
}

static int called;

/* Whatever can be called, with what is at hand. None may hang; none may call back. */
static void
call_everything(struct recorder *recorder, struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	void (*const inside)(struct recorder *, struct rte_vhost2_dev *, struct rte_vhost2_vq *) = recorder->inside;
	struct rte_vhost2_tgt_stats stats;
	struct rte_vhost2_loop *loop;
	char other[96];
	uint64_t len = 8;

	recorder->inside = NULL;
	called++;
	snprintf(other, sizeof(other), "%s-%d", rig.path, called);
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, &recorder->ops, 0), -EEXIST);
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", other, 0, NULL, &recorder->ops, 0), 0);
	assert_int_equal(rte_vhost2_tgt_unregister("vhost-user", other, NULL, NULL), 0);
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &stats), 0);
	loop = rte_vhost2_loop_create(true);
	assert_non_null(loop);
	assert_int_equal(rte_vhost2_loop_process(loop), 0);
	assert_int_equal(rte_vhost2_loop_destroy(loop), 0);
	assert_int_equal(rte_vhost2_loop_destroy(rig.loop), -EBUSY);
	assert_int_equal(rte_vhost2_loop_process(rig.loop), 0);
	assert_true(rte_vhost2_loop_fd(rig.loop) >= 0);
	rte_vhost2_log_to(swallow_log, NULL);
	rte_vhost2_dev_cfg_call(vdev);
	if (vq != NULL && vdev->mem != NULL) {
		rte_vhost2_dev_call(vdev, vq);
		rte_vhost2_iova_to_vva(vdev, vq, FRONTEND_GPA, &len, VHOST_ACCESS_RO);
		rte_vhost2_iova_is_pending(vdev, vq, FRONTEND_GPA);
		rte_vhost2_log_write(vdev, vq, FRONTEND_GPA, 1);
		rte_vhost2_log_ring(vdev, vq, 0, 1);
		rte_vhost2_inflight_commit(vq, 0);
	}
	recorder->inside = inside;
}

static void
every_public_function_may_be_called_from_every_callback(void **state)
{
	const struct {
		uint32_t offset, size, flags;
		uint8_t data[4];
	} config = { 0, 4, 0, { 1, 2, 3, 4 } };
	struct vhost_user_message reply;
	const uint64_t mac = 1;

	(void)state;
	called = 0;
	rig.recorder.ops.protocol_features = BIT(VHOST_USER_PROTOCOL_F_RARP);
	rig.recorder.inside = call_everything;
	rig_run(2);
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SET_PROTOCOL_FEATURES,
		BIT(VHOST_USER_PROTOCOL_F_CONFIG) | BIT(VHOST_USER_PROTOCOL_F_RARP) | rig.fe.protocol), 0);
	frontend_kick(&rig.fe, 0);
	settle();
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_SET_CONFIG, &config, sizeof(config), NULL, 0), 0);
	assert_int_equal(frontend_send(&rig.fe, VHOST_USER_GET_CONFIG, 0, &config, sizeof(config), NULL, 0), 0);
	assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SEND_RARP, mac), 0);
	rte_vhost2_vq_break(rig.recorder.vdev, rig.recorder.vq[1], RTE_VHOST2_ERR_DESCRIPTOR);
	settle();
	frontend_close(&rig.fe);
	settle();
	/* create features init start0 start1, kick, set and get config, custom, error, stop0 stop1 destroy */
	assert_int_equal(called, 13);
	assert_int_equal(rig.recorder.overlaps, 0);
}

static void
unregister_inside(struct recorder *recorder, struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	(void)vdev;
	(void)vq;
	recorder->inside = NULL;
	assert_int_equal(rte_vhost2_tgt_unregister("vhost-user", rig.path, on_unregistered, &rig), 0);
}

static void
a_target_may_be_unregistered_from_its_own_callback(void **state)
{
	(void)state;
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	rig.recorder.inside = unregister_inside;
	assert_int_not_equal(frontend_run(&rig.fe, 1, 64, 0), 0);
	settle();
	assert_true(rig.unregistered);
	assert_string_equal(rig.recorder.log, "create destroy");
}

static struct rte_vhost2_dev *waiting;

static void
complete_the_other(struct recorder *recorder, struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	(void)recorder;
	(void)vq;
	if (waiting != NULL && waiting != vdev)
		rte_vhost2_tgt_cb_complete(waiting, 0);
	waiting = NULL;
}

static void
a_callback_may_be_completed_from_that_of_another_device(void **state)
{
	struct frontend second;

	(void)state;
	rig.recorder.hold[RECORDER_START] = true;
	rig.fe.timeout_ms = 20;
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_run(&rig.fe, 1, 64, 0), -ETIMEDOUT);
	rig.recorder.hold[RECORDER_START] = false;
	waiting = rig.recorder.pending_vdev;
	rig.recorder.pending = 0;
	rig.recorder.inside = complete_the_other;
	recorder_clear(&rig.recorder);
	frontend_init(&second);
	second.drive = drive;
	assert_int_equal(frontend_connect(&second, rig.path), 0);
	settle();
	assert_string_equal(rig.recorder.log, "create");
	frontend_close(&rig.fe);
	settle();
	assert_string_equal(rig.recorder.log, "create stop0 destroy");
	frontend_fini(&second);
}

static struct rte_vhost2_dev *create_then_complete;

static void
complete_twice(struct recorder *recorder, struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	(void)recorder;
	(void)vq;
	create_then_complete = vdev;
	rte_vhost2_tgt_cb_complete(vdev, 0);
}

static void
a_callback_that_is_completed_twice_is_completed_once(void **state)
{
	(void)state;
	rig.recorder.inside = complete_twice;
	rig_run(1);
	assert_string_equal(rig.recorder.log, "create features init start0");
	rig.recorder.inside = NULL;
}

static void
a_device_without_callbacks_runs(void **state)
{
	const struct rte_vhost2_tgt_ops ops = { .loop = rig.loop, .nr_queues = RECORDER_QUEUES };
	struct rte_vhost2_tgt_stats stats;
	uint32_t base = 1;

	(void)state;
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, &ops, DEVICE_FEATURES), 0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_run(&rig.fe, 2, 64, 0), 0);
	frontend_kick(&rig.fe, 0);
	settle();
	assert_int_equal(frontend_get_base(&rig.fe, 0, &base), 0);
	assert_int_equal(base, 0);
	frontend_close(&rig.fe);
	settle();
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &stats), 0);
	assert_int_equal(stats.devices, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(callbacks_may_be_completed_from_any_thread),
		RIGGED(every_public_function_may_be_called_from_every_callback),
		RIGGED(a_target_may_be_unregistered_from_its_own_callback),
		RIGGED(a_callback_may_be_completed_from_that_of_another_device),
		RIGGED(a_callback_that_is_completed_twice_is_completed_once),
		RIGGED(a_device_without_callbacks_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
