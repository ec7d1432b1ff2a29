/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* A channel over a socketpair whose other end the tests drive by hand. */

#ifndef TEST_VHOST_USER_CHANNEL_PAIR_H
#define TEST_VHOST_USER_CHANNEL_PAIR_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "protocol.h"
#include "vhost_user/channel.h"

#include "fd_hygiene.h"

#define MS UINT64_C(1000000)

static struct vhost_user_channel channel;
static int peer;

static inline void
open_pair(void)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	vhost_user_channel_init(&channel, sv[0], VHOST_USER_TO_BACKEND);
	peer = sv[1];
}

static inline void
close_pair(void)
{
	vhost_user_channel_close(&channel);
	vhost_user_channel_close(&channel);
	if (peer >= 0)
		close(peer);
	peer = -1;
}

/* Put a message on the wire by hand. @return its length */
static inline size_t
wire(uint8_t *bytes, uint32_t request, uint32_t flags, uint32_t size)
{
	struct vhost_user_header header = { request, flags, size };

	memcpy(bytes, &header, 12);
	for (uint32_t i = 0; i < size; i++)
		bytes[12 + i] = (uint8_t)(i * 7 + request);
	return 12 + size;
}

/* Send bytes with nr descriptors, in `groups` control messages. */
static inline void
peer_send(const uint8_t *bytes, size_t len, unsigned int nr, unsigned int groups)
{
	char control[2 * CMSG_SPACE(64 * sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { (void *)(uintptr_t)bytes, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	char *at = control;

	for (unsigned int group = 0; nr > 0 && group < groups; group++) {
		struct cmsghdr *cmsg = (struct cmsghdr *)at;
		int fds[64];

		for (unsigned int i = 0; i < nr; i++)
			fds[i] = STDERR_FILENO; /* not the socket itself: it would stay open */
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nr * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, nr * sizeof(int));
		at += CMSG_SPACE(nr * sizeof(int));
	}
	msg.msg_control = at > control ? control : NULL;
	msg.msg_controllen = (size_t)(at - control);
	assert_int_equal(sendmsg(peer, &msg, 0), (ssize_t)len);
}

static inline void
assert_broken(int error_kind)
{
	struct vhost_user_message message;

	assert_true(channel.broken);
	assert_int_equal(channel.error.kind, error_kind);
	vhost_user_message_init(&message, VHOST_USER_GET_FEATURES, 0);
	assert_int_equal(vhost_user_channel_receive_some(&channel, &message), -ENOTCONN);
	assert_int_equal(vhost_user_channel_receive(&channel, &message, UINT64_MAX), -ENOTCONN);
	assert_int_equal(vhost_user_channel_send(&channel, &message, UINT64_MAX), -ENOTCONN);
	assert_int_equal(vhost_user_channel_request(&channel, &message, &message, UINT64_MAX),
			-ENOTCONN);
}

#endif /* TEST_VHOST_USER_CHANNEL_PAIR_H */
