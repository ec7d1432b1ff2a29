/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A kernel without a kernel, in the place of kernel_sys_linux: vhost-net, /dev/net/tun and rtnetlink for one
 * interface. Every system call goes into one ordered log, each can be made to fail in turn, and the files that are
 * open are counted.
 *
 * Words of the log: open(PATH)=FD close(FD) netlink(GROUPS)=FD run_in(FD), NAME(FD,...) for an ioctl, GETLINK(NAME)
 * GETLINK(#INDEX) SETMTU(N) SETFLAGS(FLAGS/MASK), UPDATE(FD,VA,SIZE) INVALIDATE(FD). Descriptors count from 10.
 */

#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio-user/backend/kernel_sys.h"
#include "virtio-user/backend/netlink.h"

#define FAKE_KERNEL_LOG 16384
#define FAKE_KERNEL_FDS 128
#define FAKE_KERNEL_FIRST_FD 10

/** What a descriptor is of. */
enum fake_file {
	FAKE_CLOSED,
	FAKE_VHOST,
	FAKE_TUN,
	FAKE_TEXT, /**< of /sys */
	FAKE_NETNS,
	FAKE_NETLINK,
};

struct fake_kernel {
	char log[FAKE_KERNEL_LOG];

	/* What the machine is like; set before use. */
	bool has_vhost, has_tun, has_netns;
	uint64_t vhost_features, backend_features;
	unsigned int tun_features;
	unsigned int tun_offloads; /**< that TUNSETOFFLOAD knows */
	const char *regions;       /**< text of max_mem_regions; NULL: no such file */
	struct netlink_link link;  /**< the interface; index 0: there is none */
	bool mine_only;            /**< EPERM for who has no CAP_NET_ADMIN */
	uint32_t base;             /**< answer to VHOST_GET_VRING_BASE */

	/* What goes wrong: call number `fail_at` (from 1) returns `fail_rc`, once. */
	unsigned int fail_at;
	int fail_rc;
	unsigned int calls;
	char failed[64]; /**< the word of the call that failed; "": none did */

	/* What became of it. */
	bool has_carrier, is_persistent;
	unsigned int offloads;
	int hdr_size, sndbuf;
	unsigned int bad_closes; /**< of what was not open */
	uint32_t table_nr;
	uint64_t table[8][2];    /**< address and size */

	/* Inside. */
	enum fake_file files[FAKE_KERNEL_FDS];
	bool is_joined[FAKE_KERNEL_FDS];
	uint32_t answer_len;
	char answer[8192] __attribute__((aligned(8)));
	uint32_t events_nr;
	uint32_t event_len[8];
	int event_rc[8];
	char events[8][1024] __attribute__((aligned(8)));
};

struct nlmsghdr;

extern struct fake_kernel kernel;
extern const struct kernel_sys fake_kernel_sys;

/** All there, nothing open, no interface. */
void fake_kernel_init(void);
unsigned int fake_kernel_open_files(void);
void fake_kernel_log_clear(void);
/** Call number @p at from now on fails; 0: none does. */
void fake_kernel_fail(unsigned int at, int rc);
/** An interface exists: persistent, IFF_TAP, of one queue. */
void fake_kernel_add_tap(const char *name);
/** What an administrator does: change kernel.link, then tell. */
void fake_kernel_tell_link(void);
/** The interface goes: deleted, or (@p moved) to another namespace. */
void fake_kernel_drop_link(bool moved);
/** The next read of events fails with @p rc. */
void fake_kernel_tell_error(int rc);

/* Between the fake's two files: append to the log, and answer a request of rtnetlink. */
__attribute__((format(printf, 1, 2))) void fake_kernel_note(const char *format, ...);
void fake_kernel_answer(const struct nlmsghdr *request);

#endif /* FAKE_KERNEL_H */
