/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See kernel_sys.h. Nothing is decided here.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "vhost_user/deadline.h"
#include "virtio-user/backend/kernel_sys.h"

/** What came of a system call, as one number. */
static long
result_of(long rc)
{
	return rc < 0 ? -errno : rc;
}

static int
sys_open(const char *path, int flags)
{
	return (int)result_of(open(path, flags | O_CLOEXEC));
}

static void
sys_close(int fd)
{
	close(fd);
}

static int
sys_ioctl(int fd, unsigned long request, void *arg)
{
	return (int)result_of(ioctl(fd, request, arg));
}

static ssize_t
sys_read(int fd, void *buf, size_t len)
{
	return result_of(read(fd, buf, len));
}

static ssize_t
sys_write(int fd, const void *buf, size_t len)
{
	return result_of(write(fd, buf, len));
}

static int
sys_wait(int fd, uint64_t deadline)
{
	return vhost_user_wait(fd, POLLIN, deadline);
}

static int
sys_netlink(uint32_t groups)
{
	const struct sockaddr_nl local = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int rc;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&local, sizeof(local)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/** What the thread of run_in() is to do, and what came of it. */
struct visit {
	int netns;
	int (*body)(void *arg);
	void *arg;
	int rc;
};

static void *
visit_main(void *arg)
{
	struct visit *visit = arg;

	/* A namespace belongs to a thread: this one ends in it, and there is no way back that could fail. */
	if (setns(visit->netns, CLONE_NEWNET) < 0)
		visit->rc = -errno;
	else
		visit->rc = visit->body(visit->arg);
	return NULL;
}

static int
sys_run_in(int netns, int (*body)(void *arg), void *arg)
{
	struct visit visit = {.netns = netns, .body = body, .arg = arg};
	pthread_t thread;
	int rc;

	if (netns < 0)
		return body(arg);
	rc = pthread_create(&thread, NULL, visit_main, &visit);
	if (rc != 0)
		return -rc;
	pthread_join(thread, NULL);
	return visit.rc;
}

const struct kernel_sys kernel_sys_linux = {
	.open = sys_open,
	.close = sys_close,
	.ioctl = sys_ioctl,
	.read = sys_read,
	.write = sys_write,
	.wait = sys_wait,
	.netlink = sys_netlink,
	.run_in = sys_run_in,
};
