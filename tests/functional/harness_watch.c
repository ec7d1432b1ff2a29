/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What a test leaves behind, how long it took and what was logged meanwhile; see harness.h.
 */

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_log.h>

#include "harness.h"
#include "harness_private.h"

#define LOG_SIZE 65536

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_lines[LOG_SIZE];
static size_t log_used;
static FILE *log_stream;

/* --- log --- */

static ssize_t
log_take(void *cookie, const char *text, size_t len)
{
	size_t room;

	(void)cookie;
	pthread_mutex_lock(&log_lock);
	room = LOG_SIZE - 1 - log_used;
	memcpy(log_lines + log_used, text, len < room ? len : room);
	log_used += len < room ? len : room;
	log_lines[log_used] = '\0';
	pthread_mutex_unlock(&log_lock);
	if (getenv("VIRTIO_TEST_VERBOSE") != NULL)
		fwrite(text, 1, len, stderr);
	return (ssize_t)len;
}

void
harness_log_open(void)
{
	const cookie_io_functions_t functions = {.write = log_take};

	log_stream = fopencookie(NULL, "w", functions);
	if (log_stream == NULL)
		return;
	setvbuf(log_stream, NULL, _IOLBF, 0);
	rte_openlog_stream(log_stream);
}

void
harness_log_close(void)
{
	rte_openlog_stream(NULL);
	if (log_stream != NULL)
		fclose(log_stream);
	log_stream = NULL;
}

void
log_clear(void)
{
	pthread_mutex_lock(&log_lock);
	log_used = 0;
	log_lines[0] = '\0';
	pthread_mutex_unlock(&log_lock);
}

const char *
log_text(void)
{
	static char copy[LOG_SIZE];

	pthread_mutex_lock(&log_lock);
	memcpy(copy, log_lines, log_used + 1);
	pthread_mutex_unlock(&log_lock);
	return copy;
}

unsigned int
log_count(const char *needle)
{
	unsigned int count = 0;
	const char *line = log_text();

	for (; *line != '\0'; line += strcspn(line, "\n"), line += *line != '\0') {
		const char *found = strstr(line, needle);

		count += found != NULL && found < line + strcspn(line, "\n");
	}
	return count;
}

unsigned int
port_log_count(const struct port *port)
{
	unsigned int count = 0;
	char start[48];
	const char *line = log_text();

	snprintf(start, sizeof(start), "%s: ", port->name);
	for (; *line != '\0'; line += strcspn(line, "\n"), line += *line != '\0')
		count += strncmp(line, start, strlen(start)) == 0;
	return count;
}

/* --- time --- */

uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
assert_in_time(uint64_t start, const char *what)
{
	/* The call's own request may have to wait for one of a reconnection that is under way: a deadline each. */
	const uint64_t limit = 2 * (uint64_t)harness_deadline + HARNESS_MARGIN;
	const uint64_t took = now_ms() - start;

	if (took > limit)
		fail_msg("%s took %ju ms of %ju", what, (uintmax_t)took, (uintmax_t)limit);
}

/* --- remains --- */

static unsigned int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* Private mappings are the heap's and the threads' business; memory shared with a peer is not. */
static unsigned int
count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], access[8];
	unsigned int count = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%*s %7s", access) == 1 && access[3] == 's')
			count++;
	fclose(maps);
	return count;
}

void
footprint_take(struct footprint *print)
{
	print->fds = count_fds();
	print->mappings = count_mappings();
	print->mbufs = rte_mempool_avail_count(harness_pool);
}

void
assert_same_footprint(const struct footprint *before)
{
	struct footprint after;

	footprint_take(&after);
	if (memcmp(before, &after, sizeof(after)) != 0)
		fail_msg("fds %u -> %u, shared mappings %u -> %u, mbufs %u -> %u", before->fds,
			after.fds, before->mappings, after.mappings, before->mbufs, after.mbufs);
}
