/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The system calls of the vhost-kernel back-end, as a table: tests put a recorded fake in its place and make each
 * call fail in turn. No knowledge of vhost, taps or netlink in here. Used by vhost_kernel*.c, tap*.c and netlink.c.
 */

#ifndef VIRTIO_USER_BACKEND_KERNEL_SYS_H
#define VIRTIO_USER_BACKEND_KERNEL_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Results are those of the system call, with -errno in the place of -1 and errno. */
struct kernel_sys {
	/** O_CLOEXEC is added: no child shall keep an interface alive. */
	int (*open)(const char *path, int flags);
	void (*close)(int fd);
	/** @p arg: a pointer, or a number where the request takes one. */
	int (*ioctl)(int fd, unsigned long request, void *arg);
	ssize_t (*read)(int fd, void *buf, size_t len);
	ssize_t (*write)(int fd, const void *buf, size_t len);
	/** Wait until @p fd is readable or @p deadline (CLOCK_MONOTONIC ns) passed: 0 or -ETIMEDOUT. */
	int (*wait)(int fd, uint64_t deadline);
	/** A non-blocking rtnetlink socket that hears the groups of the RTMGRP_* mask @p groups. */
	int (*netlink)(uint32_t groups);
	/**
	 * Run @p body in the network namespace @p netns (-1: in this one). What it opens stays there; the caller's
	 * thread never leaves its own. @return the failure to get there, or what body returned
	 */
	int (*run_in)(int netns, int (*body)(void *arg), void *arg);
};

/** The real ones. */
extern const struct kernel_sys kernel_sys_linux;

#endif /* VIRTIO_USER_BACKEND_KERNEL_SYS_H */
