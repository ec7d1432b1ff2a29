/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* A test leaves as many descriptors open as it found: setup counts, teardown counts again. */

#ifndef TEST_VHOST_USER_FD_HYGIENE_H
#define TEST_VHOST_USER_FD_HYGIENE_H

#include <dirent.h>

static int fds_before;

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

static inline int
remember_fds(void **state)
{
	(void)state;
	fds_before = count_fds();
	return 0;
}

static inline int
compare_fds(void **state)
{
	(void)state;
	return count_fds() == fds_before ? 0 : -1;
}

#define HYGIENIC(test) cmocka_unit_test_setup_teardown(test, remember_fds, compare_fds)

#endif /* TEST_VHOST_USER_FD_HYGIENE_H */
