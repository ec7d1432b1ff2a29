/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* target.c: registering, refusing to, unregistering in any state, statistics. */

#include "rig.h"

#include <pthread.h>

static void
what_cannot_be_registered_is_refused(void **state)
{
	struct rte_vhost2_tgt_ops ops = rig.recorder.ops;

	(void)state;
	assert_int_equal(rte_vhost2_tgt_register("carrier-pigeon", rig.path, 0, NULL, &ops, 0), -EPROTONOSUPPORT);
	assert_int_equal(rte_vhost2_tgt_register(NULL, rig.path, 0, NULL, &ops, 0), -EINVAL);
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", NULL, 0, NULL, &ops, 0), -EINVAL);
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, NULL, 0), -EINVAL);
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", "", 0, NULL, &ops, 0), -EINVAL);
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, BIT(60), NULL, &ops, 0), -EINVAL);
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", "/nowhere/at/all", 0, NULL, &ops, 0), -ENOENT);
	ops.nr_queues = 0;
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, &ops, 0), -EINVAL);
	ops.nr_queues = RTE_VHOST2_MAX_QUEUES + 1;
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, &ops, 0), -EINVAL);
	ops = rig.recorder.ops;
	ops.dev_size = ops.dev_offset;
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, &ops, 0), -EINVAL);
	ops = rig.recorder.ops;
	ops.dev_offset = 1;
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, &ops, 0), -EINVAL);
	ops = rig.recorder.ops;
	ops.queue_size_max = 32769;
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, &ops, 0), -EINVAL);
	ops = rig.recorder.ops;
	ops.protocol_features = BIT(VHOST_USER_PROTOCOL_F_PAGEFAULT);
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, &ops, 0), -EINVAL);
	assert_int_not_equal(access(rig.path, F_OK), 0);
}

static void
an_address_is_registered_once(void **state)
{
	(void)state;
	rig_register(0);
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, &rig.recorder.ops, 0), -EEXIST);
	rig_unregister();
	rig_register(0);
}

static void
what_is_not_registered_is_not_found(void **state)
{
	struct rte_vhost2_tgt_stats stats;

	(void)state;
	assert_int_equal(rte_vhost2_tgt_unregister("vhost-user", rig.path, NULL, NULL), -ENOENT);
	assert_int_equal(rte_vhost2_tgt_unregister(NULL, rig.path, NULL, NULL), -EINVAL);
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &stats), -ENOENT);
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, NULL), -EINVAL);
}

static struct rte_vhost2_dev *asked[8];
static int nr_asked;

static void
remember_stop(struct recorder *recorder, struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	if (recorder->pending == 1 + RECORDER_STOP && vq != NULL)
		asked[nr_asked++] = vdev;
	recorder->pending = 0;
}

static void
unregistering_destroys_every_device_first(void **state)
{
	struct frontend second;

	(void)state;
	rig_run(2);
	frontend_init(&second);
	second.drive = drive;
	assert_int_equal(frontend_connect(&second, rig.path), 0);
	assert_int_equal(frontend_run(&second, 1, 64, 0), 0);
	recorder_clear(&rig.recorder);
	rig.recorder.hold[RECORDER_STOP] = true;
	rig.recorder.inside = remember_stop;
	nr_asked = 0;
	assert_int_equal(rte_vhost2_tgt_unregister("vhost-user", rig.path, on_unregistered, &rig), 0);
	assert_int_equal(rte_vhost2_tgt_unregister("vhost-user", rig.path, on_unregistered, &rig), -EALREADY);
	settle();
	assert_false(rig.unregistered);
	assert_true(frontend_is_closed(&rig.fe));
	assert_true(frontend_is_closed(&second));
	/* Both devices are asked at the same time, each for one queue at a time. */
	assert_int_equal(nr_asked, 2);
	while (nr_asked > 0) {
		rte_vhost2_tgt_cb_complete(asked[--nr_asked], 0);
		settle();
	}
	assert_true(rig.unregistered);
	assert_true(recorder_ends_with(&rig.recorder, "destroy"));
	frontend_fini(&second);
}

static void
nobody_is_accepted_after_unregistering_began(void **state)
{
	int fd;

	(void)state;
	rig_register(0);
	settle();
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(rte_vhost2_tgt_unregister("vhost-user", rig.path, on_unregistered, &rig), 0);
	settle();
	assert_true(rig.unregistered);
	assert_string_equal(rig.recorder.log, "");
	fd = frontend_connect(&rig.fe, rig.path);
	assert_int_equal(fd, -ENOENT);
}

static void
front_ends_beyond_the_limit_are_refused_and_counted(void **state)
{
	struct rte_vhost2_tgt_stats stats;
	struct frontend second;

	(void)state;
	rig.recorder.ops.max_devices = 1;
	rig_run(1);
	frontend_init(&second);
	second.drive = drive;
	assert_int_equal(frontend_connect(&second, rig.path), 0);
	assert_true(frontend_is_closed(&second));
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &stats), 0);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(stats.devices, 1);
	frontend_close(&rig.fe);
	settle();
	assert_int_equal(frontend_connect(&second, rig.path), 0);
	assert_int_equal(frontend_run(&second, 1, 64, 0), 0);
	frontend_fini(&second);
}

static void
register_again(void *arg)
{
	rig_register(0);
	on_unregistered(arg);
}

static void
an_address_may_be_registered_again_when_it_is_said_to_be_free(void **state)
{
	(void)state;
	rig_register(0);
	assert_int_equal(rte_vhost2_tgt_unregister("vhost-user", rig.path, register_again, &rig), 0);
	settle();
	assert_true(rig.unregistered);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_run(&rig.fe, 1, 64, 0), 0);
}

static void
wait_flag(const bool *flag)
{
	const uint64_t deadline = vhost_user_deadline_after_ms(3000);

	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE) && vhost_user_now() < deadline)
		usleep(200);
	assert_true(__atomic_load_n(flag, __ATOMIC_ACQUIRE));
}

static void
targets_without_a_loop_share_a_thread(void **state)
{
	const int fds = count_fds();

	(void)state;
	rig.recorder.ops.loop = NULL;
	rig.fe.drive = NULL;
	rig_run(2);
	assert_string_equal(rig.recorder.log, "create features init start0 start1");
	assert_int_equal(rte_vhost2_tgt_unregister("vhost-user", rig.path, on_unregistered, &rig), 0);
	wait_flag(&rig.unregistered);
	frontend_close(&rig.fe);
	for (int i = 0; i < 1000 && count_fds() != fds; i++)
		usleep(1000);
	assert_int_equal(count_fds(), fds);
}

static bool storm_over;

/* Comes whenever there is a target, and leaves in the middle of anything. */
static void *
come_and_go(void *arg)
{
	struct frontend fe;
	unsigned int round = 0;

	(void)arg;
	frontend_init(&fe);
	fe.timeout_ms = 500;
	while (!__atomic_load_n(&storm_over, __ATOMIC_ACQUIRE)) {
		if (frontend_connect(&fe, rig.path) != 0)
			continue;
		if (round++ % 3 != 0)
			frontend_run(&fe, round % 3, 64, 0);
		frontend_close(&fe);
	}
	frontend_fini(&fe);
	return NULL;
}

static void
targets_come_and_go_under_front_ends_that_connect(void **state)
{
	pthread_t threads[3];

	(void)state;
	rig.recorder.ops.loop = NULL;
	__atomic_store_n(&storm_over, false, __ATOMIC_RELEASE);
	for (size_t i = 0; i < NR(threads); i++)
		pthread_create(&threads[i], NULL, come_and_go, NULL);
	for (int i = 0; i < 200; i++) {
		__atomic_store_n(&rig.unregistered, false, __ATOMIC_RELEASE);
		rig_register(0);
		usleep((useconds_t)(i % 20) * 100);
		assert_int_equal(rte_vhost2_tgt_unregister("vhost-user", rig.path, on_unregistered, &rig), 0);
		wait_flag(&rig.unregistered);
		recorder_clear(&rig.recorder);
	}
	__atomic_store_n(&storm_over, true, __ATOMIC_RELEASE);
	for (size_t i = 0; i < NR(threads); i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 1000 && count_fds() > rig.fds + 30; i++)
		usleep(1000);
	usleep(20000);
	assert_int_equal(rig.recorder.overlaps, 0);
}

static void
offered_features_are_the_device_types_and_the_transports(void **state)
{
	uint64_t features = 0;

	(void)state;
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_get_u64(&rig.fe, VHOST_USER_GET_FEATURES, &features), 0);
	assert_int_equal(features & DEVICE_FEATURES, DEVICE_FEATURES);
	assert_true(features & BIT(VHOST_USER_F_PROTOCOL_FEATURES));
	assert_false(features & BIT(VIRTIO_F_ACCESS_PLATFORM));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(what_cannot_be_registered_is_refused),
		RIGGED(an_address_is_registered_once),
		RIGGED(what_is_not_registered_is_not_found),
		RIGGED(unregistering_destroys_every_device_first),
		RIGGED(nobody_is_accepted_after_unregistering_began),
		RIGGED(front_ends_beyond_the_limit_are_refused_and_counted),
		RIGGED(an_address_may_be_registered_again_when_it_is_said_to_be_free),
		RIGGED(targets_without_a_loop_share_a_thread),
		RIGGED(targets_come_and_go_under_front_ends_that_connect),
		RIGGED(offered_features_are_the_device_types_and_the_transports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
