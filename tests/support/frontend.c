/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* A scripted front-end, see frontend.h. */

#include <errno.h>
#include <linux/virtio_config.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "frontend.h"
#include "vhost_user/deadline.h"
#include "vhost_user/socket.h"
#include "virtio/vring_packed.h"

#define BIT(n) (UINT64_C(1) << (n))
#define RING_ROOM (FRONTEND_BUFFERS / FRONTEND_RINGS)

void
frontend_init(struct frontend *fe)
{
	memset(fe, 0, sizeof(*fe));
	fe->fd = -1;
	fe->timeout_ms = 3000;
	fe->memory_fd = memfd_create("frontend", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fe->memory_fd < 0 || ftruncate(fe->memory_fd, (off_t)FRONTEND_MEMORY) != 0)
		return;
	fe->memory = mmap(NULL, FRONTEND_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, fe->memory_fd, 0);
	for (int i = 0; i < FRONTEND_RINGS; i++) {
		fe->kick[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		fe->call[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	}
}

void
frontend_fini(struct frontend *fe)
{
	frontend_close(fe);
	munmap(fe->memory, FRONTEND_MEMORY);
	close(fe->memory_fd);
	for (int i = 0; i < FRONTEND_RINGS; i++) {
		close(fe->kick[i]);
		close(fe->call[i]);
	}
}

int
frontend_connect(struct frontend *fe, const char *path)
{
	int fd = vhost_user_socket_connect(path, vhost_user_deadline_after_ms(fe->timeout_ms), NULL);

	if (fd < 0)
		return fd;
	frontend_take(fe, fd);
	return 0;
}

void
frontend_take(struct frontend *fe, int fd)
{
	frontend_close(fe);
	fe->fd = fd;
	fe->features = fe->protocol = 0;
}

void
frontend_close(struct frontend *fe)
{
	if (fe->fd >= 0)
		close(fe->fd);
	fe->fd = -1;
}

void
frontend_breathe(struct frontend *fe)
{
	const struct timespec moment = { 0, 200000 };

	if (fe->drive != NULL)
		fe->drive(fe->drive_arg);
	nanosleep(&moment, NULL);
}

/* --- messages --- */

int
frontend_send_raw(struct frontend *fe, const void *data, size_t len, const int *fds, unsigned int nr_fds)
{
	char control[CMSG_SPACE(64 * sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg = (struct cmsghdr *)control;

	if (nr_fds > 0) {
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, nr_fds * sizeof(int));
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
	}
	return sendmsg(fe->fd, &msg, MSG_NOSIGNAL) == (ssize_t)len ? 0 : errno != 0 ? -errno : -EIO;
}

int
frontend_send(struct frontend *fe, uint32_t request, uint32_t flags, const void *payload, uint32_t size,
	const int *fds, unsigned int nr_fds)
{
	uint8_t bytes[VHOST_USER_HEADER_SIZE + sizeof(union vhost_user_payload)];
	const struct vhost_user_header header = { request, VHOST_USER_FLAG_VERSION ^ flags, size };

	memcpy(bytes, &header, sizeof(header));
	if (size > 0)
		memcpy(bytes + sizeof(header), payload, size);
	return frontend_send_raw(fe, bytes, sizeof(header) + size, fds, nr_fds);
}

/* @return bytes; 0: closed; -EAGAIN: nothing by then */
static ssize_t
receive_by(struct frontend *fe, void *where, size_t len, uint64_t deadline)
{
	ssize_t n;

	do {
		n = recv(fe->fd, where, len, MSG_DONTWAIT);
		if (n >= 0 || errno != EAGAIN)
			return n >= 0 ? n : 0;
		frontend_breathe(fe);
	} while (vhost_user_now() < deadline);
	return -EAGAIN;
}

static int
receive_all(struct frontend *fe, void *where, size_t len, uint64_t deadline)
{
	uint8_t *at = where;

	while (len > 0) {
		ssize_t n = receive_by(fe, at, len, deadline);

		if (n <= 0)
			return n == 0 ? -ECONNRESET : -ETIMEDOUT;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Descriptors come with the first byte of a reply; few messages have one. */
static int
receive_first(struct frontend *fe, struct vhost_user_message *message, uint64_t deadline)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { &message->header, VHOST_USER_HEADER_SIZE };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t n;

	do {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		n = recvmsg(fe->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n >= 0 || errno != EAGAIN)
			break;
		frontend_breathe(fe);
	} while (vhost_user_now() < deadline);
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? -ETIMEDOUT : -ECONNRESET;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg != NULL && cmsg->cmsg_type == SCM_RIGHTS) {
		memcpy(&message->fds[0], CMSG_DATA(cmsg), sizeof(int));
		message->nr_fds = 1;
	}
	return receive_all(fe, (uint8_t *)&message->header + n, VHOST_USER_HEADER_SIZE - (size_t)n, deadline);
}

int
frontend_receive(struct frontend *fe, struct vhost_user_message *message)
{
	const uint64_t deadline = vhost_user_deadline_after_ms(fe->timeout_ms);
	int rc;

	vhost_user_message_init(message, 0, 0);
	rc = receive_first(fe, message, deadline);
	if (rc != 0)
		return rc;
	if (message->header.size > sizeof(message->payload))
		return -EPROTO;
	return receive_all(fe, &message->payload, message->header.size, deadline);
}

bool
frontend_is_closed(struct frontend *fe)
{
	const uint64_t deadline = vhost_user_deadline_after_ms(fe->timeout_ms);
	uint8_t bytes[256];
	ssize_t n;

	do {
		n = receive_by(fe, bytes, sizeof(bytes), deadline);
	} while (n > 0);
	return n == 0;
}

int
frontend_do(struct frontend *fe, uint32_t request, const void *payload, uint32_t size, const int *fds,
	unsigned int nr_fds)
{
	const bool ack = (fe->protocol & BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK)) != 0;
	struct vhost_user_message reply;
	int rc = frontend_send(fe, request, ack ? VHOST_USER_FLAG_NEED_REPLY : 0, payload, size, fds, nr_fds);

	if (rc != 0 || !ack)
		return rc;
	rc = frontend_receive(fe, &reply);
	if (rc != 0)
		return rc;
	if (reply.header.request != request || reply.header.flags != (VHOST_USER_FLAG_VERSION | VHOST_USER_FLAG_REPLY))
		return -EPROTO;
	return -(int)reply.payload.u64;
}

int
frontend_do_u64(struct frontend *fe, uint32_t request, uint64_t value)
{
	return frontend_do(fe, request, &value, sizeof(value), NULL, 0);
}

int
frontend_do_state(struct frontend *fe, uint32_t request, uint32_t index, uint32_t num)
{
	const struct vhost_user_vring_state state = { index, num };

	return frontend_do(fe, request, &state, sizeof(state), NULL, 0);
}

int
frontend_do_ring_fd(struct frontend *fe, uint32_t request, uint32_t index, int fd)
{
	const uint64_t value = index | (fd < 0 ? VHOST_USER_VRING_NOFD : 0);

	return frontend_do(fe, request, &value, sizeof(value), &fd, fd >= 0);
}

int
frontend_get_u64(struct frontend *fe, uint32_t request, uint64_t *value)
{
	struct vhost_user_message reply;
	int rc = frontend_send(fe, request, 0, NULL, 0, NULL, 0);

	if (rc == 0)
		rc = frontend_receive(fe, &reply);
	if (rc == 0 && (reply.header.request != request || reply.header.size != sizeof(*value)))
		rc = -EPROTO;
	if (rc == 0)
		*value = reply.payload.u64;
	return rc;
}

int
frontend_get_base(struct frontend *fe, uint32_t index, uint32_t *base)
{
	const struct vhost_user_vring_state state = { index, 0 };
	struct vhost_user_message reply;
	int rc = frontend_send(fe, VHOST_USER_GET_VRING_BASE, 0, &state, sizeof(state), NULL, 0);

	if (rc == 0)
		rc = frontend_receive(fe, &reply);
	if (rc == 0 && (reply.header.request != VHOST_USER_GET_VRING_BASE || reply.payload.state.index != index))
		rc = -EPROTO;
	if (rc == 0)
		*base = reply.payload.state.num;
	return rc;
}

/* --- life --- */

int
frontend_negotiate(struct frontend *fe, uint64_t features, uint64_t protocol)
{
	uint64_t offered, protocol_offered;
	int rc = frontend_get_u64(fe, VHOST_USER_GET_FEATURES, &offered);

	if (rc != 0)
		return rc;
	features &= offered;
	if ((features & BIT(VHOST_USER_F_PROTOCOL_FEATURES)) != 0) {
		rc = frontend_get_u64(fe, VHOST_USER_GET_PROTOCOL_FEATURES, &protocol_offered);
		if (rc == 0)
			rc = frontend_do_u64(fe, VHOST_USER_SET_PROTOCOL_FEATURES, protocol & protocol_offered);
		if (rc != 0)
			return rc;
		fe->protocol = protocol & protocol_offered;
	}
	rc = frontend_do(fe, VHOST_USER_SET_OWNER, NULL, 0, NULL, 0);
	if (rc == 0)
		rc = frontend_do_u64(fe, VHOST_USER_SET_FEATURES, features);
	if (rc == 0)
		fe->features = features;
	return rc;
}

int
frontend_share(struct frontend *fe)
{
	struct vhost_user_mem_table table = { .nr = 1 };

	table.regions[0] = (struct vhost_user_region){ FRONTEND_GPA, FRONTEND_MEMORY, FRONTEND_USER, 0 };
	return frontend_do(fe, VHOST_USER_SET_MEM_TABLE, &table, 8 + sizeof(table.regions[0]), &fe->memory_fd, 1);
}

static enum vring_format
format_of(const struct frontend *fe)
{
	return fe->features & BIT(VIRTIO_F_RING_PACKED) ? VRING_PACKED : VRING_SPLIT;
}

void
frontend_lay_ring(struct frontend *fe, uint32_t index, uint32_t size)
{
	uint8_t *at = fe->memory + index * RING_ROOM;

	if (vring_layout_place(&fe->rings[index], format_of(fe), size, at, RING_ROOM) == 0)
		vring_area_clear(&fe->rings[index]);
}

static uint64_t
user_address(const struct frontend *fe, const void *at)
{
	return FRONTEND_USER + (uint64_t)((const uint8_t *)at - fe->memory);
}

int
frontend_tell_addr(struct frontend *fe, uint32_t index, uint32_t flags, uint64_t log)
{
	const struct vring_area *ring = &fe->rings[index];
	const struct vhost_user_vring_addr addr = {
		.index = index,
		.flags = flags,
		.desc = user_address(fe, ring->desc),
		.avail = user_address(fe, ring->driver),
		.used = user_address(fe, ring->device),
		.log = log,
	};

	return frontend_do(fe, VHOST_USER_SET_VRING_ADDR, &addr, sizeof(addr), NULL, 0);
}

int
frontend_tell_ring(struct frontend *fe, uint32_t index)
{
	const struct vring_area *ring = &fe->rings[index];
	int rc = frontend_do_state(fe, VHOST_USER_SET_VRING_NUM, index, ring->size);

	if (rc == 0)
		rc = frontend_do_state(fe, VHOST_USER_SET_VRING_BASE, index, vring_base_start(ring->format));
	if (rc == 0)
		rc = frontend_tell_addr(fe, index, 0, 0);
	if (rc == 0)
		rc = frontend_do_ring_fd(fe, VHOST_USER_SET_VRING_CALL, index, fe->call[index]);
	return rc;
}

int
frontend_start_ring(struct frontend *fe, uint32_t index, uint32_t size)
{
	int rc;

	frontend_lay_ring(fe, index, size);
	rc = frontend_tell_ring(fe, index);
	if (rc == 0)
		rc = frontend_do_ring_fd(fe, VHOST_USER_SET_VRING_KICK, index, fe->kick[index]);
	if (rc == 0 && (fe->features & BIT(VHOST_USER_F_PROTOCOL_FEATURES)) != 0)
		rc = frontend_do_state(fe, VHOST_USER_SET_VRING_ENABLE, index, 1);
	return rc;
}

void
frontend_kick(struct frontend *fe, uint32_t index)
{
	eventfd_write(fe->kick[index], 1);
}

uint64_t
frontend_calls(struct frontend *fe, uint32_t index)
{
	eventfd_t count = 0;

	if (eventfd_read(fe->call[index], &count) != 0)
		return 0;
	return count;
}

int
frontend_run(struct frontend *fe, uint32_t nr, uint32_t size, uint64_t features)
{
	int rc = frontend_negotiate(fe, features | BIT(VIRTIO_F_VERSION_1) | BIT(VHOST_USER_F_PROTOCOL_FEATURES),
		BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) | BIT(VHOST_USER_PROTOCOL_F_MQ));

	if (rc == 0)
		rc = frontend_share(fe);
	for (uint32_t i = 0; rc == 0 && i < nr; i++)
		rc = frontend_start_ring(fe, i, size);
	return rc;
}
