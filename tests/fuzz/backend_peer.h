/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A vhost-user back-end without a thread, for fuzz_backend.c: it reads when we send and goes on
 * when we wait. Each request that it gets uses up one manner of the input's; with none left it is
 * honest and offers everything.
 */

#ifndef BACKEND_PEER_H
#define BACKEND_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz.h"

/** Steps from here on are manners; what is beyond the last wraps around. */
#define PEER_OP_FIRST 128

/** How the peer treats one request; operands of the step are a, b, c. */
enum peer_manner {
	PEER_HONEST,  /**< answer if an answer is due, its number being c << a */
	PEER_ONES,    /**< the same with all bits set */
	PEER_HEADER,  /**< the answer's id differs by a, its flags by b, its size by c */
	PEER_SIZE,    /**< c bytes of payload, announced and sent */
	PEER_FDS,     /**< a descriptors come along */
	PEER_PIECES,  /**< first a bytes, the rest b bytes at each wait */
	PEER_PART,    /**< first a bytes, then nothing */
	PEER_TWICE,   /**< the answer twice */
	PEER_SILENT,
	PEER_CLOSE,   /**< first a bytes of the answer, then the end */
	PEER_RAW,     /**< eight bytes of the step's own */
	PEER_TALK,    /**< an answer although none is due */
	PEER_INDEX,   /**< a ring state of ring b, number c */
	PEER_NR,
};

/** All of this peer's configuration space. */
#define PEER_CONFIG_BYTE 0xc3

void peer_reset(void);
void peer_add_manner(const struct step *step);
/** @return our end of a new connection, the caller's to close */
int peer_open(void);
bool peer_is_open(void);
/** The peer's end goes away. */
void peer_close(void);
/** Waits since the last call. */
unsigned int peer_count_waits(void);

#endif /* BACKEND_PEER_H */
