/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See fuzz.h.
 */

#include <fcntl.h>
#include <poll.h>
#include <sys/types.h>
#include <unistd.h>

#include <rte_log.h>

#include "fuzz.h"

/* Numbers that are watched; no target opens as many at once. */
#define WATCHED 256

static int fds[FUZZ_FDS_MAX];
static bool was_open[WATCHED];

void
fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* Log lines are made, so that their arguments are looked at, and thrown away. */
static ssize_t
swallow(void *cookie, const char *text, size_t size)
{
	(void)cookie;
	(void)text;
	return (ssize_t)size;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	FILE *const sink = fopencookie(NULL, "w", (cookie_io_functions_t){.write = swallow});
	size_t i;

	(void)argc;
	(void)argv;
	FUZZ_CHECK(sink != NULL);
	rte_openlog_stream(sink);
	rte_log_set_global_level(RTE_LOG_DEBUG);
	for (i = 0; i < FUZZ_FDS_MAX; i++) {
		fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		FUZZ_CHECK(fds[i] >= 0);
	}
	return 0;
}

/* One call tells of all descriptors whether they are open. */
static void
look(bool *is_open)
{
	struct pollfd all[WATCHED];
	int i;

	for (i = 0; i < WATCHED; i++)
		all[i] = (struct pollfd){.fd = i};
	FUZZ_CHECK(poll(all, WATCHED, 0) >= 0);
	for (i = 0; i < WATCHED; i++)
		is_open[i] = (all[i].revents & POLLNVAL) == 0;
}

void
fuzz_fds_begin(void)
{
	look(was_open);
}

void
fuzz_fds_end(void)
{
	bool is_open[WATCHED];

	look(is_open);
	FUZZ_CHECK(memcmp(is_open, was_open, sizeof(is_open)) == 0);
}

const int *
fuzz_fds(void)
{
	return fds;
}
