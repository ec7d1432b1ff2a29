/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* af_unix.c: socket files and who owns them, clients that come back, descriptors that run out. */

#include "rig.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "vhost_user/socket.h"

static struct vhost_user_listener listener;

/* The other way round: the front-end listens. */
static void
listen_as_front_end(void)
{
	assert_int_equal(vhost_user_socket_listen(&listener, rig.path, NULL), 0);
}

static bool
accept_back_end(uint32_t ms)
{
	const uint64_t deadline = vhost_user_deadline_after_ms(ms);
	int fd;

	do {
		frontend_breathe(&rig.fe);
		fd = vhost_user_socket_accept(&listener);
	} while (fd < 0 && vhost_user_now() < deadline);
	if (fd >= 0)
		frontend_take(&rig.fe, fd);
	return fd >= 0;
}

static void
a_client_comes_when_there_is_a_server_and_comes_back(void **state)
{
	(void)state;
	rig_register(RTE_VHOST2_CLIENT);
	settle();
	usleep(30000);
	settle();
	listen_as_front_end();
	for (int i = 0; i < 3; i++) {
		assert_true(accept_back_end(2000));
		assert_int_equal(frontend_run(&rig.fe, 1, 64, 0), 0);
		frontend_close(&rig.fe);
	}
	assert_true(accept_back_end(2000));
	vhost_user_socket_unlisten(&listener);
}

static void
a_client_that_shall_not_come_back_does_not(void **state)
{
	(void)state;
	listen_as_front_end();
	rig_register(RTE_VHOST2_CLIENT | RTE_VHOST2_NO_RECONNECT);
	assert_true(accept_back_end(2000));
	assert_int_equal(frontend_run(&rig.fe, 1, 64, 0), 0);
	frontend_close(&rig.fe);
	settle();
	assert_false(accept_back_end(100));
	vhost_user_socket_unlisten(&listener);
}

static void
a_client_may_be_unregistered_while_it_waits(void **state)
{
	(void)state;
	rig_register(RTE_VHOST2_CLIENT);
	settle();
	rig_unregister();
	assert_true(rig.unregistered);
}

static void
the_socket_file_goes_with_its_target(void **state)
{
	(void)state;
	rig_register(0);
	assert_int_equal(access(rig.path, F_OK), 0);
	rig_unregister();
	assert_int_not_equal(access(rig.path, F_OK), 0);
}

static void
files_of_others_are_neither_taken_nor_removed(void **state)
{
	int fd;

	(void)state;
	fd = open(rig.path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, &rig.recorder.ops, 0), -EEXIST);
	assert_int_equal(access(rig.path, F_OK), 0);
	unlink(rig.path);
	listen_as_front_end();
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, 0, NULL, &rig.recorder.ops, 0), -EADDRINUSE);
	close(listener.fd);
	/* Left behind: replaced. And what came in its place later is left alone. */
	rig_register(0);
	unlink(rig.path);
	assert_int_equal(mkdir(rig.path, 0700), 0);
	rig_unregister();
	assert_int_equal(rmdir(rig.path), 0);
}

static void
a_listener_without_descriptors_waits_and_goes_on(void **state)
{
	struct rlimit before, none;

	(void)state;
	rig_register(0);
	settle();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	/* Once, and then it is not woken for it again. */
	assert_true(rte_vhost2_loop_process(rig.loop) > 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(rte_vhost2_loop_process(rig.loop), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(frontend_run(&rig.fe, 1, 64, 0), 0);
}

static void
many_front_ends_are_served_by_one_target(void **state)
{
	static struct frontend many[40];
	struct rte_vhost2_tgt_stats stats;

	(void)state;
	rig_register(0);
	for (size_t i = 0; i < NR(many); i++) {
		frontend_init(&many[i]);
		many[i].drive = drive;
		assert_int_equal(frontend_connect(&many[i], rig.path), 0);
		assert_int_equal(frontend_run(&many[i], 2, 64, 0), 0);
	}
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &stats), 0);
	assert_int_equal(stats.devices, NR(many));
	for (size_t i = 0; i < NR(many); i++)
		frontend_fini(&many[i]);
	settle();
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &stats), 0);
	assert_int_equal(stats.devices, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(a_client_comes_when_there_is_a_server_and_comes_back),
		RIGGED(a_client_that_shall_not_come_back_does_not),
		RIGGED(a_client_may_be_unregistered_while_it_waits),
		RIGGED(the_socket_file_goes_with_its_target),
		RIGGED(files_of_others_are_neither_taken_nor_removed),
		RIGGED(a_listener_without_descriptors_waits_and_goes_on),
		RIGGED(many_front_ends_are_served_by_one_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
