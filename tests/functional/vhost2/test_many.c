/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* A thousand front-ends of one target, one of them hostile: how long, how much memory, and that nobody is disturbed. */

#include "rig.h"

#include <sys/resource.h>

#define MANY 1024

static struct frontend many[MANY];

/* Bytes in use by the allocator are not to be had everywhere; resident pages are. */
static long
resident_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * 4;
}

/* Descriptors are what a thousand of both ends need most: rings are polled, and told of nothing. */
static void
run_small(struct frontend *fe)
{
	assert_int_equal(frontend_negotiate(fe, BIT(VIRTIO_F_VERSION_1) | BIT(VHOST_USER_F_PROTOCOL_FEATURES),
		BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK)), 0);
	assert_int_equal(frontend_share(fe), 0);
	for (uint32_t i = 0; i < 2; i++) {
		frontend_lay_ring(fe, i, 64);
		assert_int_equal(frontend_do_state(fe, VHOST_USER_SET_VRING_NUM, i, 64), 0);
		assert_int_equal(frontend_tell_addr(fe, i, 0, 0), 0);
		assert_int_equal(frontend_do_ring_fd(fe, VHOST_USER_SET_VRING_KICK, i, -1), 0);
	}
}

static void
a_thousand_front_ends_connect_and_one_that_is_hostile_hurts_none(void **state)
{
	const struct vhost_user_header half = { VHOST_USER_SET_FEATURES, VHOST_USER_FLAG_VERSION, 8 };
	struct rte_vhost2_tgt_stats stats;
	struct rlimit limit;
	uint64_t begin, features;
	long before, per_device;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 8 * MANY) {
		skip();
	}
	rig_register(0);
	settle();
	/* One memory and one set of eventfds for all: this is about the target. */
	before = resident_kib();
	begin = vhost_user_now();
	for (int i = 0; i < MANY; i++) {
		many[i] = rig.fe;
		many[i].fd = -1;
		assert_int_equal(frontend_connect(&many[i], rig.path), 0);
		run_small(&many[i]);
	}
	per_device = (resident_kib() - before) / MANY;
	print_message("# %d devices in %lu ms, %ld KiB each\n", MANY, (vhost_user_now() - begin) / 1000000, per_device);
	assert_true(vhost_user_now() - begin < UINT64_C(20000000000));
	assert_true(per_device < 256);
	assert_int_equal(frontend_send_raw(&many[500], &half, sizeof(half), NULL, 0), 0);
	begin = vhost_user_now();
	for (int i = 0; i < MANY; i++)
		if (i != 500)
			assert_int_equal(frontend_get_u64(&many[i], VHOST_USER_GET_FEATURES, &features), 0);
	assert_true(frontend_is_closed(&many[500]));
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &stats), 0);
	assert_int_equal(stats.devices, MANY - 1);
	assert_int_equal(stats.errors[RTE_VHOST2_ERR_TIMEOUT], 1);
	for (int i = 0; i < MANY; i++)
		frontend_close(&many[i]);
	settle();
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &stats), 0);
	assert_int_equal(stats.devices, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(a_thousand_front_ends_connect_and_one_that_is_hostile_hurts_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
