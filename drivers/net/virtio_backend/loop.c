/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The loop in which lib/vhost2 calls the ports: driven by a control thread of EAL's, so that it keeps off the cores
 * that poll. All ports of the process share it.
 */

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ethdev.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int holders;
static struct rte_vhost2_loop *loop;
static control_thread_t thread;
static int end_fd;

static control_thread_ret_t
loop_run(void *arg)
{
	struct pollfd fds[] = {
		{.fd = rte_vhost2_loop_fd(arg), .events = POLLIN},
		{.fd = end_fd, .events = POLLIN},
	};

	while (fds[1].revents == 0) {
		/* The loop's own timers make its descriptor readable: no timeout is needed. */
		if (poll(fds, RTE_DIM(fds), -1) > 0)
			rte_vhost2_loop_process(arg);
	}
	return CONTROL_THREAD_RET;
}

/* The lock is held. */
static int
loop_begin(void)
{
	int rc;

	end_fd = eventfd(0, EFD_CLOEXEC);
	if (end_fd < 0)
		return -errno;
	loop = rte_vhost2_loop_create(false);
	if (loop == NULL) {
		rc = -errno;
		goto close_end;
	}
	rc = control_thread_create(&thread, "virtio-backend", loop_run, loop);
	if (rc != 0)
		goto destroy_loop;
	return 0;

destroy_loop:
	rte_vhost2_loop_destroy(loop);
close_end:
	close(end_fd);
	return rc;
}

struct rte_vhost2_loop *
control_loop_hold(void)
{
	int rc = 0;

	pthread_mutex_lock(&lock);
	if (holders == 0)
		rc = loop_begin();
	holders += rc == 0;
	pthread_mutex_unlock(&lock);
	errno = -rc;
	return rc == 0 ? loop : NULL;
}

void
control_loop_release(void)
{
	pthread_mutex_lock(&lock);
	if (--holders == 0) {
		eventfd_write(end_fd, 1);
		control_thread_join(thread);
		rte_vhost2_loop_destroy(loop);
		close(end_fd);
	}
	pthread_mutex_unlock(&lock);
}
