/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What a back-end has to survive first, by name: the control rows. Those of the rings are with the rings, those of a
 * hostile back-end with the driver half.
 */

#include "attack.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "virtio/vring_split.h"

static void
first_01_a_header_and_then_silence(void **state)
{
	const struct vhost_user_header header = { VHOST_USER_SET_FEATURES, VHOST_USER_FLAG_VERSION, 8 };
	const uint64_t begin = vhost_user_now();

	(void)state;
	attack_reach(ATTACK_FRESH, false, 0);
	rig.fe.timeout_ms = 3000;
	assert_int_equal(frontend_send_raw(&rig.fe, &header, sizeof(header), NULL, 0), 0);
	attack_check(ATTACK_CLOSE, RTE_VHOST2_ERR_TIMEOUT, false);
	assert_true(vhost_user_now() - begin < UINT64_C(2000000000));
	attack_check_others();
}

static void
first_02_requests_whose_replies_are_never_read(void **state)
{
	const struct vhost_user_header header = { VHOST_USER_GET_FEATURES, VHOST_USER_FLAG_VERSION, 0 };
	struct rusage before, after;

	(void)state;
	attack_reach(ATTACK_NEGOTIATED, true, 0);
	rig.fe.timeout_ms = 3000;
	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < 20000; i++) {
		if (send(rig.fe.fd, &header, sizeof(header), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
		if (i % 64 == 0)
			settle();
	}
	for (int i = 0; i < 3000 && rig_errors(RTE_VHOST2_ERR_TIMEOUT) == 0; i++) {
		settle();
		usleep(1000);
	}
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 8192);
	attack_check(ATTACK_CLOSE, RTE_VHOST2_ERR_TIMEOUT, true);
	attack_check_others();
}

static int
tell_high_ring(uint32_t size)
{
	const uint64_t end = FRONTEND_USER + FRONTEND_MEMORY;
	const struct vhost_user_vring_addr addr = { .index = 0, .desc = end - 64 * 16, .avail = FRONTEND_USER,
		.used = FRONTEND_USER + 4096 };
	int rc = frontend_do(&rig.fe, VHOST_USER_SET_VRING_ADDR, &addr, sizeof(addr), NULL, 0);

	return rc == 0 ? frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_NUM, 0, size) : rc;
}

static void
first_03_a_ring_that_grows_past_its_region_after_its_addresses(void **state)
{
	const uint64_t kick = 0;

	(void)state;
	for (int ack = 0; ack < 2; ack++) {
		attack_reach(ATTACK_MEMORY, ack, 0);
		assert_int_equal(tell_high_ring(64), 0);
		assert_int_equal(frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_ENABLE, 0, 1), 0);
		assert_int_equal(frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_NUM, 0, 128), 0);
		assert_int_equal(frontend_send(&rig.fe, VHOST_USER_SET_VRING_KICK, ack ? VHOST_USER_FLAG_NEED_REPLY : 0,
			&kick, 8, &rig.fe.kick[0], 1), 0);
		attack_check(ATTACK_REFUSE, RTE_VHOST2_ERR_RING, ack);
		assert_false(recorder_ends_with(&rig.recorder, "start0"));
		attack_check_others();
	}
}

static void
first_03_a_ring_that_is_kicked_before_anything_is_said(void **state)
{
	(void)state;
	attack_reach(ATTACK_NEGOTIATED, true, 0);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 0, rig.fe.kick[0]), 0);
	frontend_kick(&rig.fe, 0);
	settle();
	assert_int_equal(frontend_do_state(&rig.fe, VHOST_USER_SET_VRING_NUM, 0, 64), 0);
	frontend_kick(&rig.fe, 0);
	attack_check(ATTACK_NOTHING, 0, true);
	attack_check_others();
}

static void
first_04_a_memory_table_with_a_bad_descriptor_under_running_rings(void **state)
{
	struct vhost_user_mem_table table = { .nr = 2 };
	int fds[2];

	(void)state;
	for (int ack = 0; ack < 2; ack++) {
		attack_reach(ATTACK_RUNNING, ack, 0);
		recorder_clear(&rig.recorder);
		table.regions[0] = (struct vhost_user_region){ FRONTEND_GPA, FRONTEND_MEMORY, FRONTEND_USER, 0 };
		table.regions[1] = (struct vhost_user_region){ FRONTEND_GPA * 2, 4096, FRONTEND_USER * 2, 0 };
		fds[0] = rig.fe.memory_fd;
		fds[1] = attack_fd_open(FD_PIPE);
		assert_int_equal(frontend_send(&rig.fe, VHOST_USER_SET_MEM_TABLE, ack ? VHOST_USER_FLAG_NEED_REPLY : 0,
			&table, 72, fds, 2), 0);
		close(fds[1]);
		attack_check(ATTACK_REFUSE, RTE_VHOST2_ERR_MEMORY, ack);
		/* With an ack that says no, the old memory is what the rings go on with. */
		assert_string_equal(rig.recorder.log, ack ? "" : "stop0 stop1 destroy");
		attack_check_others();
	}
}

static void
first_05_a_record_smaller_than_its_queues(void **state)
{
	static const struct vhost_user_inflight told[] = {
		{ 4096, 0, 8, 32768, 0 }, { FRONTEND_MEMORY, 0, 65535, 65535, 0 }, { FRONTEND_MEMORY, 0, 9, 64, 0 },
		{ 4096, FRONTEND_MEMORY, 1, 64, 0 }, { UINT64_MAX, 0, 8, 64, 0 }, { 0, 0, 0, 0, 0 },
		{ 4096, UINT64_MAX - 7, 1, 64, 0 }, { 65536, 1, 1, 64, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NR(told); i++) {
		struct attack row = { "SET_INFLIGHT_FD", ATTACK_NEGOTIATED, ATTACK_RUNNING, VHOST_USER_SET_INFLIGHT_FD, 24,
			{ 0 }, 1, FD_MEMORY, ATTACK_REFUSE, RTE_VHOST2_ERR_MEMORY, 0 };

		memcpy(row.payload, &told[i], sizeof(told[i]));
		for (int at = (int)row.from; at <= (int)row.to; at++)
			attack_run(&row, (enum attack_state)at, i % 2, 0);
	}
}

static void *
write_everywhere(void *arg)
{
	struct rte_vhost2_vq *vq = arg;

	/* As a device does that works on the ring, from another thread. */
	for (int i = 0; i < 1000; i++) {
		virtio_store_release16(&vq->used->idx, (uint16_t)i);
		for (uint64_t at = 0; at < FRONTEND_MEMORY; at += 65536)
			*(volatile uint8_t *)((uint8_t *)vq->desc + at) += 1;
	}
	return NULL;
}

static void
first_06_memory_that_is_cut_while_it_is_used(void **state)
{
	pthread_t thread;
	int again;

	(void)state;
	attack_reach(ATTACK_RUNNING, true, 0);
	rig.fe.timeout_ms = 3000;
	pthread_create(&thread, NULL, write_everywhere, rig.recorder.vq[0]);
	assert_int_equal(ftruncate(rig.fe.memory_fd, 0), 0);
	pthread_join(thread, NULL);
	attack_check(ATTACK_CLOSE, RTE_VHOST2_ERR_FAULT, true);
	again = ftruncate(rig.fe.memory_fd, (off_t)FRONTEND_MEMORY);
	assert_int_equal(again, 0);
	attack_check_others();
}

static void
first_08_a_call_descriptor_that_is_full_and_blocking(void **state)
{
	const uint64_t begin = vhost_user_now();
	int full;

	(void)state;
	attack_reach(ATTACK_RUNNING, true, 0);
	full = eventfd(0, 0);
	assert_int_equal(eventfd_write(full, UINT64_MAX - 1), 0);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_CALL, 0, full), 0);
	for (int i = 0; i < 100000; i++)
		rte_vhost2_dev_call(rig.recorder.vdev, rig.recorder.vq[0]);
	assert_true(vhost_user_now() - begin < UINT64_C(5000000000));
	attack_check(ATTACK_NOTHING, 0, true);
	close(full);
	attack_check_others();
}

static void
first_09_a_record_asked_for_again_and_again(void **state)
{
	const struct vhost_user_inflight asked = { 0, 0, 8, 1024, 0 };

	(void)state;
	attack_reach(ATTACK_NEGOTIATED, true, 0);
	for (int i = 0; i < 2000; i++) {
		struct vhost_user_message reply;

		assert_int_equal(frontend_send(&rig.fe, VHOST_USER_GET_INFLIGHT_FD, 0, &asked, sizeof(asked), NULL, 0), 0);
		assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
		vhost_user_message_close_fds(&reply);
	}
	attack_check(ATTACK_NOTHING, 0, true);
	attack_check_others();
}

static void
first_11_a_record_that_is_scribbled_over(void **state)
{
	uint8_t noise[4096];

	(void)state;
	srandom(3);
	for (int round = 0; round < 200; round++) {
		const struct vhost_user_inflight told = { 4096, FRONTEND_BUFFERS, 1, 64, 0 };

		attack_reach(ATTACK_MEMORY, true, 0);
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = random() % 4 ? 0 : (uint8_t)random();
		/* Plausible at its head, so that what follows is looked at. */
		if (round % 2 == 0)
			memcpy(noise, (const uint16_t[]){ 0, 0, 0, 0, 1, 64 }, 12);
		memcpy(rig.fe.memory + FRONTEND_BUFFERS, noise, sizeof(noise));
		assert_int_equal(frontend_do(&rig.fe, VHOST_USER_SET_INFLIGHT_FD, &told, sizeof(told), &rig.fe.memory_fd,
			1), 0);
		if (frontend_start_ring(&rig.fe, 0, 64) == 0 && rig.recorder.vq[0] != NULL) {
			uint16_t head;

			while (rte_vhost2_inflight_next(rig.recorder.vq[0], &head))
				assert_in_range(head, 0, 63);
		}
		attack_check_others();
	}
}

static void
a_callback_that_is_never_completed_costs_the_others_nothing(void **state)
{
	struct rte_vhost2_dev *stuck;

	(void)state;
	attack_reach(ATTACK_MEMORY, true, 0);
	rig.recorder.hold[RECORDER_START] = true;
	rig.fe.timeout_ms = 30;
	assert_int_equal(frontend_start_ring(&rig.fe, 0, 64), -ETIMEDOUT);
	frontend_close(&rig.fe);
	settle();
	rig.recorder.hold[RECORDER_START] = false;
	/* It left, and its device is still in the callback: another one comes and runs. */
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	rig.fe.timeout_ms = 3000;
	stuck = rig.recorder.pending_vdev;
	rig.recorder.pending = 0;
	rig.recorder.vq[0] = NULL;
	assert_int_equal(frontend_run(&rig.fe, 2, 64, 0), 0);
	assert_true(recorder_ends_with(&rig.recorder, "start0 start1"));
	rte_vhost2_tgt_cb_complete(stuck, 0);
	settle();
	assert_true(recorder_ends_with(&rig.recorder, "stop0 destroy"));
}

static void
rings_start_and_stop_alone_and_often(void **state)
{
	uint32_t base;

	(void)state;
	attack_reach(ATTACK_RUNNING, true, 0);
	for (int i = 0; i < 1000; i++) {
		recorder_clear(&rig.recorder);
		rig.recorder.vq[1]->pos.avail_idx++;
		rig.recorder.vq[1]->pos.used_idx++;
		split_used_ring(&rig.fe.rings[1])->idx++;
		assert_int_equal(frontend_get_base(&rig.fe, 1, &base), 0);
		assert_int_equal(base, i + 1);
		assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 1, rig.fe.kick[1]), 0);
		assert_non_null(rig.recorder.vq[0]);
	}
	assert_int_equal(rig.recorder.changes, 0);
	attack_check(ATTACK_NOTHING, 0, true);
	attack_check_others();
}

static int
setup_with_record(void **state)
{
	attack_target_flags = RTE_VHOST2_INFLIGHT;
	return attack_setup(state);
}

#define FIRST(test) cmocka_unit_test_setup_teardown(test, setup_with_record, attack_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIRST(first_01_a_header_and_then_silence),
		FIRST(first_02_requests_whose_replies_are_never_read),
		FIRST(first_03_a_ring_that_grows_past_its_region_after_its_addresses),
		FIRST(first_03_a_ring_that_is_kicked_before_anything_is_said),
		FIRST(first_04_a_memory_table_with_a_bad_descriptor_under_running_rings),
		FIRST(first_05_a_record_smaller_than_its_queues),
		FIRST(first_06_memory_that_is_cut_while_it_is_used),
		FIRST(first_08_a_call_descriptor_that_is_full_and_blocking),
		FIRST(first_09_a_record_asked_for_again_and_again),
		FIRST(first_11_a_record_that_is_scribbled_over),
		FIRST(a_callback_that_is_never_completed_costs_the_others_nothing),
		FIRST(rings_start_and_stop_alone_and_often),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
