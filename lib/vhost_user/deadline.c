/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Waiting with an end, see deadline.h. Called by channel.c and socket.c, and by those who set the
 * deadlines.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "vhost_user/deadline.h"

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

uint64_t
vhost_user_now(void)
{
	struct timespec now;

	/* Cannot fail: the clock exists on every Linux and the pointer is good. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t
vhost_user_deadline_after_ms(uint32_t ms)
{
	return vhost_user_now() + ms * NS_PER_MS;
}

/* What is left until the deadline, never negative. */
static struct timespec
time_left(uint64_t deadline)
{
	uint64_t now = vhost_user_now();
	uint64_t left = deadline > now ? deadline - now : 0;
	struct timespec ts = {
		.tv_sec = (time_t)(left / NS_PER_S),
		.tv_nsec = (long)(left % NS_PER_S),
	};

	return ts;
}

int
vhost_user_wait(int fd, short events, uint64_t deadline)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	for (;;) {
		struct timespec left = time_left(deadline);
		int ready = ppoll(&pollfd, 1, &left, NULL);

		if (ready > 0)
			return 0;
		if (ready == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
		/* A signal before each poll must not keep a wait alive for ever. */
		if (vhost_user_now() >= deadline)
			return -ETIMEDOUT;
	}
}

int
vhost_user_pause(uint32_t ms, uint64_t deadline)
{
	uint64_t until = vhost_user_deadline_after_ms(ms);
	struct timespec left;

	if (vhost_user_now() >= deadline)
		return -ETIMEDOUT;
	if (until > deadline)
		until = deadline;
	do {
		left = time_left(until);
	} while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, NULL) == EINTR);
	return 0;
}
