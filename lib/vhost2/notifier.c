/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* A peer's eventfd, see notifier.h. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vhost2/notifier.h"

void
notifier_init(struct notifier *notifier)
{
	notifier->fd = -1;
	notifier->set = false;
}

void
notifier_fini(struct notifier *notifier)
{
	if (notifier->fd >= 0)
		close(notifier->fd);
	notifier_init(notifier);
}

bool
notifier_is_eventfd(int fd)
{
	char path[40], name[32];
	struct stat st;
	ssize_t n;

	/* Anonymous inodes have no file type, which leaves few; /proc tells them apart where there is one. */
	if (fstat(fd, &st) != 0 || (st.st_mode & S_IFMT) != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name) - 1);
	if (n < 0)
		return errno == ENOENT;
	name[n] = '\0';
	return strcmp(name, "anon_inode:[eventfd]") == 0;
}

int
notifier_set(struct notifier *notifier, int fd)
{
	int rc = 0;

	__atomic_store_n(&notifier->set, false, __ATOMIC_RELEASE);
	if (fd < 0)
		return 0;
	if (!notifier_is_eventfd(fd)) {
		close(fd);
		return -EBADF;
	}
	if (notifier->fd < 0) {
		__atomic_store_n(&notifier->fd, fd, __ATOMIC_RELEASE);
	} else {
		if (dup3(fd, notifier->fd, O_CLOEXEC) < 0)
			rc = -errno;
		close(fd);
	}
	if (rc == 0)
		__atomic_store_n(&notifier->set, true, __ATOMIC_RELEASE);
	return rc;
}

bool
notifier_signal(struct notifier *notifier)
{
	const uint64_t one = 1;
	struct pollfd pollfd;

	if (!__atomic_load_n(&notifier->set, __ATOMIC_ACQUIRE))
		return false;
	pollfd.fd = __atomic_load_n(&notifier->fd, __ATOMIC_RELAXED);
	pollfd.events = POLLOUT;
	/* Full: the peer was told more often than it can count, and has not looked yet. */
	if (poll(&pollfd, 1, 0) != 1 || (pollfd.revents & POLLOUT) == 0)
		return true;
	return write(pollfd.fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN;
}

void
notifier_drain(int fd)
{
	uint64_t count;
	struct iovec iov = { &count, sizeof(count) };

	/* A kernel that cannot: the count stays, and the next kick is seen all the same (edges are watched). */
	if (preadv2(fd, &iov, 1, -1, RWF_NOWAIT) < 0)
		return;
}
