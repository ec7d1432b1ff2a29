/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A vhost-user front-end for tests: it does what it is told, message by message, right or wrong, and judges nothing. It
 * shares a memfd in which rings and buffers lie. It stands on lib/vhost_user and lib/virtio and knows no device half;
 * where that one's loop is driven by the test, `drive` is called while something is waited for.
 */

#ifndef TESTS_SUPPORT_FRONTEND_H
#define TESTS_SUPPORT_FRONTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost_user/message.h"
#include "virtio/vring_layout.h"

#define FRONTEND_RINGS 8
/** Bytes of the memory that it shares. */
#define FRONTEND_MEMORY (UINT64_C(4) << 20)
/** What descriptors and ring addresses call the memory; apart from each other and from ours. */
#define FRONTEND_GPA UINT64_C(0x100000000)
#define FRONTEND_USER UINT64_C(0x7f0000000000)
/** From here on the memory is not rings. */
#define FRONTEND_BUFFERS (UINT64_C(2) << 20)

struct frontend {
	int fd;                      /**< of the connection, -1: none */
	int memory_fd;
	uint8_t *memory;
	uint64_t features;           /**< acked */
	uint64_t protocol;
	struct vring_area rings[FRONTEND_RINGS];
	int kick[FRONTEND_RINGS];
	int call[FRONTEND_RINGS];
	void (*drive)(void *arg);    /**< NULL: the other end has a thread */
	void *drive_arg;
	uint32_t timeout_ms;         /**< of each wait */
};

/** Make memory and eventfds; not connected. */
void frontend_init(struct frontend *fe);
void frontend_fini(struct frontend *fe);

/** Connect to a path. @return 0; -errno */
int frontend_connect(struct frontend *fe, const char *path);
/** Take a connected socket. */
void frontend_take(struct frontend *fe, int fd);
void frontend_close(struct frontend *fe);

/** Let the other end work: `drive` once, or a moment's sleep. */
void frontend_breathe(struct frontend *fe);

/** Send bytes as they are. @return 0; -errno */
int frontend_send_raw(struct frontend *fe, const void *data, size_t len, const int *fds, unsigned int nr_fds);

/** Send a request; @p flags are XORed to the version. @return 0; -errno */
int frontend_send(struct frontend *fe, uint32_t request, uint32_t flags, const void *payload, uint32_t size,
	const int *fds, unsigned int nr_fds);

/** Receive a message. @return 0; -ECONNRESET: closed; -ETIMEDOUT */
int frontend_receive(struct frontend *fe, struct vhost_user_message *message);

/** Whether the other end closes the connection before the timeout; what it sends is dropped. */
bool frontend_is_closed(struct frontend *fe);

/** Send a request, with need_reply if REPLY_ACK was acked, and wait for the ack. @return 0; the ack's value as -errno */
int frontend_do(struct frontend *fe, uint32_t request, const void *payload, uint32_t size, const int *fds,
	unsigned int nr_fds);

/** Requests by their payload; as frontend_do(). */
int frontend_do_u64(struct frontend *fe, uint32_t request, uint64_t value);
int frontend_do_state(struct frontend *fe, uint32_t request, uint32_t index, uint32_t num);
/** SET_VRING_KICK, CALL, ERR; @p fd -1: NOFD. */
int frontend_do_ring_fd(struct frontend *fe, uint32_t request, uint32_t index, int fd);

/** Ask for a u64. @return 0; -errno */
int frontend_get_u64(struct frontend *fe, uint32_t request, uint64_t *value);
/** GET_VRING_BASE. @return 0; -errno */
int frontend_get_base(struct frontend *fe, uint32_t index, uint32_t *base);

/**
 * The handshake: features (these, of what is offered), protocol features, owner, and a BACKEND_REQ socket never.
 *
 * @return 0; -errno
 */
int frontend_negotiate(struct frontend *fe, uint64_t features, uint64_t protocol);

/** SET_MEM_TABLE with all the memory as one region. */
int frontend_share(struct frontend *fe);

/** Lay ring @p index out and clear it; @p size entries in the format of the acked features. */
void frontend_lay_ring(struct frontend *fe, uint32_t index, uint32_t size);
/** NUM, BASE (that of a new ring), ADDR, CALL. */
int frontend_tell_ring(struct frontend *fe, uint32_t index);
/** SET_VRING_ADDR of a ring as it was laid out; with VHOST_VRING_F_LOG in @p flags at @p log. */
int frontend_tell_addr(struct frontend *fe, uint32_t index, uint32_t flags, uint64_t log);
/** All of it: lay out, tell, KICK, ENABLE if that is negotiated. */
int frontend_start_ring(struct frontend *fe, uint32_t index, uint32_t size);

/** Write to a ring's kick eventfd. */
void frontend_kick(struct frontend *fe, uint32_t index);
/** @return how often a ring's call eventfd was signalled since it was asked last */
uint64_t frontend_calls(struct frontend *fe, uint32_t index);

/** negotiate (VERSION_1, REPLY_ACK, MQ), share, and start the first @p nr rings of @p size. @return 0; -errno */
int frontend_run(struct frontend *fe, uint32_t nr, uint32_t size, uint64_t features);

#endif /* TESTS_SUPPORT_FRONTEND_H */
