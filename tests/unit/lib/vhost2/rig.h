/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A target with a recorder behind it and a front-end before it, all in one thread: the loop is driven whenever the
 * front-end waits. Every test leaves as many descriptors and mappings as it found.
 */

#ifndef TEST_VHOST2_RIG_H
#define TEST_VHOST2_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frontend.h"
#include "recorder.h"
#include "vhost2/rte_vhost2.h"
#include "vhost_user/deadline.h"

#define BIT(n) (UINT64_C(1) << (n))
#define NR(array) (sizeof(array) / sizeof((array)[0]))
#define DEVICE_FEATURES (BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_RING_PACKED) | BIT(VIRTIO_RING_F_EVENT_IDX) | \
	BIT(VIRTIO_RING_F_INDIRECT_DESC) | BIT(VIRTIO_F_IN_ORDER))

struct rig {
	char dir[32];
	char path[64];
	struct rte_vhost2_loop *loop;
	struct recorder recorder;
	struct frontend fe;
	bool registered;
	bool unregistered;
	int fds;
	int maps;
};

/* A program of more than one file has its rig in one of them. */
#ifdef RIG_IS_ELSEWHERE
extern struct rig rig;
#else
static struct rig rig;
#endif

static inline int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int nr = 0;

	while (readdir(dir) != NULL)
		nr++;
	closedir(dir);
	return nr;
}

/* Mappings of memfds: all that a front-end can make us have. */
static inline int
count_maps(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[512];
	int nr = 0;

	while (fgets(line, sizeof(line), file) != NULL)
		nr += strstr(line, "/memfd:") != NULL;
	fclose(file);
	return nr;
}

/* Lines of the library are not the test's output. */
static inline void
swallow_log(void *arg, int level, const char *line)
{
	(void)arg;
	(void)level;
	if (getenv("VHOST2_TEST_LOG") != NULL)
		fprintf(stderr, "# %s\n", line);
}

static inline void
drive(void *arg)
{
	(void)arg;
	rte_vhost2_loop_process(rig.loop);
}

/* Until nothing happens any more. */
static inline void
settle(void)
{
	while (rte_vhost2_loop_process(rig.loop) > 0)
		;
}

static inline void
on_unregistered(void *arg)
{
	__atomic_store_n(&((struct rig *)arg)->unregistered, true, __ATOMIC_RELEASE);
}

static inline int
rig_setup(void **state)
{
	(void)state;
	memset(&rig, 0, sizeof(rig));
	rte_vhost2_log_to(swallow_log, NULL);
	rig.fds = count_fds();
	rig.maps = count_maps();
	strcpy(rig.dir, "/tmp/vhost2-XXXXXX");
	if (mkdtemp(rig.dir) == NULL)
		return -1;
	snprintf(rig.path, sizeof(rig.path), "%s/socket", rig.dir);
	rig.loop = rte_vhost2_loop_create(false);
	recorder_init(&rig.recorder);
	rig.recorder.ops.loop = rig.loop;
	frontend_init(&rig.fe);
	rig.fe.drive = drive;
	return 0;
}

static inline void
rig_unregister(void)
{
	const uint64_t deadline = vhost_user_deadline_after_ms(3000);

	rig.unregistered = false;
	if (rte_vhost2_tgt_unregister("vhost-user", rig.path, on_unregistered, &rig) != 0)
		return;
	while (!rig.unregistered && vhost_user_now() < deadline) {
		recorder_complete(&rig.recorder, 0);
		rte_vhost2_loop_process(rig.loop);
	}
}

static inline int
rig_teardown(void **state)
{
	(void)state;
	rig.recorder.inside = NULL;
	memset(rig.recorder.hold, 0, sizeof(rig.recorder.hold));
	rig_unregister();
	frontend_fini(&rig.fe);
	if (rte_vhost2_loop_destroy(rig.loop) != 0)
		return -1;
	unlink(rig.path);
	rmdir(rig.dir);
	if (count_fds() != rig.fds || count_maps() != rig.maps) {
		fprintf(stderr, "# left: %d descriptors, %d mappings\n", count_fds() - rig.fds, count_maps() - rig.maps);
		return -1;
	}
	return 0;
}

static inline void
rig_register(uint64_t flags)
{
	assert_int_equal(rte_vhost2_tgt_register("vhost-user", rig.path, flags, NULL, &rig.recorder.ops,
		DEVICE_FEATURES), 0);
}

/* A registered target and a front-end with @p nr running rings. */
static inline void
rig_run(uint32_t nr)
{
	rig_register(0);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_run(&rig.fe, nr, 256, 0), 0);
}

static inline uint64_t
rig_errors(enum rte_vhost2_error error)
{
	struct rte_vhost2_tgt_stats stats;

	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &stats), 0);
	return stats.errors[error];
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

#endif /* TEST_VHOST2_RIG_H */
