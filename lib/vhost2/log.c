/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Lines of the library, see log.h. */

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "vhost2/log.h"
#include "vhost2/rte_vhost2.h"

/* Lines that peers may cause in a second. */
#define LINES_PER_SECOND 20

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*sink)(void *arg, int level, const char *line);
static void *sink_arg;
static time_t second;
static unsigned int lines, left_out;

void
rte_vhost2_log_to(void (*fn)(void *arg, int level, const char *line), void *arg)
{
	pthread_mutex_lock(&lock);
	sink = fn;
	sink_arg = arg;
	pthread_mutex_unlock(&lock);
}

static void
to_stderr(void *arg, int level, const char *line)
{
	(void)arg;
	if (level <= LOG_NOTICE)
		fprintf(stderr, "vhost2: %s\n", line);
}

/* @return false: too many this second; *owed: lines of an earlier second that nobody saw */
static bool
may_say(unsigned int *owed)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	*owed = 0;
	if (now.tv_sec != second) {
		second = now.tv_sec;
		lines = 0;
		*owed = left_out;
		left_out = 0;
	}
	if (lines < LINES_PER_SECOND) {
		lines++;
		return true;
	}
	left_out++;
	return false;
}

void
vhost2_log(int level, const char *format, ...)
{
	void (*fn)(void *arg, int level, const char *line);
	char line[512], more[64];
	unsigned int owed = 0;
	void *arg;
	va_list args;
	bool say;

	/* The sink is called without the lock: it may be anybody's code. */
	pthread_mutex_lock(&lock);
	say = level > LOG_WARNING || may_say(&owed);
	fn = sink != NULL ? sink : to_stderr;
	arg = sink_arg;
	pthread_mutex_unlock(&lock);
	if (!say)
		return;
	if (owed > 0) {
		snprintf(more, sizeof(more), "%u lines were left out", owed);
		fn(arg, LOG_WARNING, more);
	}
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fn(arg, level, line);
}
