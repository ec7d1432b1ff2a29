/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A vhost-user peer in a thread, over a real socket: honest by default, and told at which message to do what else.
 */

#ifndef SCRIPTED_PEER_H
#define SCRIPTED_PEER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vhost_user/message.h"
#include "vhost_user/socket.h"

enum misdeed {
	PEER_HONEST,
	PEER_CLOSES,       /**< instead of handling the message */
	PEER_IS_SILENT,    /**< from here on */
	/* The others concern the answer, where there is one. */
	PEER_HALF_HEADER,  /**< and then nothing */
	PEER_HALF_PAYLOAD, /**< and then nothing */
	PEER_WRONG_ID,
	PEER_WRONG_SIZE,
	PEER_HUGE_SIZE,
	PEER_WRONG_FLAGS,
	PEER_SURPLUS_FDS,
	PEER_NACKS,
	PEER_MISDEEDS,
};

struct scripted_peer {
	/* Set before start. */
	const char *path;
	bool connects;        /**< to our server, instead of listening */
	enum misdeed misdeed;
	unsigned int at;      /**< number of the message, 1 is the first */
	uint64_t features;
	uint64_t protocol;
	uint64_t queue_num;
	uint64_t slots;
	uint32_t base;        /**< given back by GET_VRING_BASE */
	uint64_t status;
	/* Inside. */
	struct vhost_user_listener listener;
	pthread_t thread;
	int wake[2];
	/* Read after stop. */
	unsigned int messages;
	unsigned int fds;     /**< received */
	bool was_answer_due;  /**< the message `at` wanted one */
	char log[4096];       /**< names of the messages, separated by spaces */
	uint64_t features_acked, protocol_acked;
};

void peer_start(struct scripted_peer *peer);
void peer_stop(struct scripted_peer *peer);

unsigned int peer_count_fds(void);

#endif /* SCRIPTED_PEER_H */
