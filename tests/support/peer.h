/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A vhost-user back-end for tests: honest until told otherwise. It runs in a thread of the test
 * program, reflects each transmit queue into the receive queue of its pair, and can be made to
 * break the protocol or the rings in one exactly described way. It stands on lib/vhost_user and
 * lib/virtio and knows no EAL, no driver and no test framework.
 *
 * It is not a device half to build on: one connection, one thread for everything, no offloads.
 *
 * Theory of operation: the thread looks at the socket and then at the rings, holding the peer's
 * lock for each round; every function below takes the same lock, so what they report is of one
 * moment. A packet for which the driver has posted no buffers stays in the transmit ring, so an
 * honest peer never loses one. Everything that a front-end does against the specification is
 * counted as a violation and described, and tests hold that count at zero.
 */

#ifndef TESTS_SUPPORT_PEER_H
#define TESTS_SUPPORT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most messages of which a peer remembers the order. */
#define PEER_MAX_EVENTS 4096
/** Most queue pairs that a peer can have. */
#define PEER_MAX_PAIRS 8

/** The ways to misbehave; which members of struct peer_fault say more stands at each. */
enum peer_fault_kind {
	PEER_HONEST,
	/* --- connection --- */
	PEER_CLOSE_AFTER,       /**< close once message number `at` of a connection is here */
	PEER_SILENT_FROM,       /**< neither read nor answer from message number `at` on */
	PEER_SILENT_ON,         /**< swallow each `request` */
	/* --- the answer to each `request` --- */
	PEER_REPLY_SIZE,        /**< `value` bytes of payload instead of the right number */
	PEER_REPLY_ID,          /**< another id */
	PEER_REPLY_FLAGS,       /**< flags `value` instead of REPLY and version 1 */
	PEER_REPLY_HALF,        /**< the first `value` bytes of the message, then silence */
	PEER_REPLY_FDS,         /**< `value` descriptors that nobody asked for */
	PEER_REPLY_TRAILING,    /**< followed by `value` bytes that are no message */
	PEER_REPLY_VALUE,       /**< u64 `value` */
	PEER_NACK,              /**< not done, answered by an ack of 1 */
	PEER_CONFIG_WORD,       /**< GET_CONFIG: 16 bits of the space at offset `at` are `value` */
	/* --- the rings; on queue `request`, from its element number `at` on, `times` times --- */
	PEER_USED_ID,           /**< id `value` */
	PEER_USED_ID_OFFSET,    /**< id + `value` modulo the ring's size: not outstanding if few are */
	PEER_USED_TWICE,        /**< each element a second time */
	PEER_USED_LEN,          /**< length `value` */
	PEER_USED_LEN_BEYOND,   /**< `value` bytes more than were posted */
	PEER_USED_JUMP,         /**< split: used->idx is `value` further than it should be */
	PEER_USED_TORN,         /**< split: used->idx in two bytes, the low one (high: `value` 1) first */
	PEER_USED_FLAGS,        /**< packed: a used descriptor's flags are `value` */
	PEER_USED_OTHER_LAP,    /**< packed: a used descriptor has the other lap's flags */
	PEER_USED_AHEAD,        /**< packed: `value` descriptors further on look used, too */
	PEER_NUM_BUFFERS,       /**< num_buffers is `value` */
	PEER_NUM_BUFFERS_MISSING, /**< num_buffers one too high, and no packet after it */
	PEER_SCRIBBLE,          /**< write anything anywhere in all rings, all the time */
};

/** One way to misbehave. */
struct peer_fault {
	enum peer_fault_kind kind;
	uint32_t request; /**< a message, or a queue where the fault is in a ring */
	uint32_t at;      /**< number of a message or element, counted from 0 */
	uint32_t times;   /**< how often; 0: for ever */
	uint64_t value;
};

/** What a peer is like. */
struct peer_config {
	const char *path;    /**< of the socket; copied */
	bool connects;       /**< the front-end listens, the peer connects */
	uint64_t features;   /**< offered virtio features, 0: PEER_FEATURES */
	uint64_t without;    /**< taken away from these */
	uint64_t protocol;   /**< offered protocol features, 0: PEER_PROTOCOL */
	uint64_t without_protocol; /**< taken away from these */
	uint16_t queue_pairs; /**< 0: 1 */
	uint64_t mem_slots;  /**< answer to GET_MAX_MEM_SLOTS, 0: 32 */
	uint16_t mtu;        /**< in the configuration space, 0: VIRTIO_NET_F_MTU is not offered */
	uint8_t mac[6];      /**< in the configuration space, zero: VIRTIO_NET_F_MAC is not offered */
	bool wants_kicks;    /**< sleep until kicked, and for nothing else, instead of polling */
	bool one_by_one;     /**< with IN_ORDER: a used element for each buffer, never for a batch */
	bool shuffle;        /**< return buffers in another order (never with IN_ORDER) */
	struct peer_fault fault;
};

/** One message that arrived. */
struct peer_event {
	uint32_t request;
	uint32_t connection; /**< number of the connection, from 0 */
	uint64_t time;       /**< CLOCK_MONOTONIC ns */
	uint64_t value;      /**< first eight bytes of the payload, zero where there are none */
};

/** A snapshot. */
struct peer_info {
	bool connected;
	uint32_t connections;   /**< ever made */
	uint32_t events;        /**< messages that arrived on all connections */
	uint64_t features;      /**< acked on this connection */
	uint64_t protocol;      /**< likewise */
	uint32_t regions;       /**< mapped now */
	uint32_t rings_started; /**< rings that are started now */
	uint32_t rings_enabled; /**< of these, enabled */
	uint64_t status;        /**< last SET_STATUS */
	uint64_t mtu;           /**< last NET_SET_MTU, 0: none */
	uint64_t reflected;     /**< packets */
	uint64_t indirect;      /**< of these, read through an indirect table */
	uint64_t segments;      /**< descriptors with packet data, over all packets */
	uint64_t merged;        /**< packets that took more than one receive buffer */
	uint64_t discarded;     /**< packets from disabled rings or that fit no buffer */
	uint64_t kicks;         /**< taken from kick descriptors */
	uint64_t calls;         /**< written to call descriptors */
	uint64_t wraps[2 * PEER_MAX_PAIRS]; /**< by ring: laps, or the used index's ways through 65,535 */
	uint32_t faults;        /**< times the fault struck */
	uint32_t violations;    /**< things that a front-end must not do */
	char violation[160];    /**< the first of them in words */
};

struct peer;

/** What peers offer by default: enough for each path. Not VIRTIO_RING_F_EVENT_IDX. */
extern const uint64_t PEER_FEATURES;
/** Protocol features by default. */
extern const uint64_t PEER_PROTOCOL;

/** Start a peer. @return 0; -errno, as vhost_user_socket_listen() where it listens */
int peer_start(const struct peer_config *config, struct peer **peer);

/** Let go of everything, the socket's path included. NULL is allowed. */
void peer_stop(struct peer *peer);

/** Close the connection at once, as a process that dies does, and stay away. */
void peer_leave(struct peer *peer);

/** Undo peer_leave(). */
void peer_come_back(struct peer *peer);

/** Replace the fault; its counts begin anew. */
void peer_set_fault(struct peer *peer, const struct peer_fault *fault);

/** Stop or go on looking at rings; messages are answered all the same. */
void peer_hold(struct peer *peer, bool hold);

/** Write bytes that are not asked for into the connection. @return 0 or -ENOTCONN */
int peer_send_raw(struct peer *peer, const void *data, size_t len);

void peer_get_info(struct peer *peer, struct peer_info *info);

/** Copy messages, the oldest first. @return how many there are (at most PEER_MAX_EVENTS) */
uint32_t peer_get_events(struct peer *peer, struct peer_event *events, uint32_t room);

/** A hash over all memory of all rings that the peer was told of. */
uint64_t peer_hash_rings(struct peer *peer);

/** Wait until `count` rings are started. @return 0 or -ETIMEDOUT */
int peer_wait_started(struct peer *peer, uint32_t count, uint32_t timeout_ms);

/** Wait until the peer is (not) connected. @return 0 or -ETIMEDOUT */
int peer_wait_connected(struct peer *peer, bool connected, uint32_t timeout_ms);

#ifdef __cplusplus
}
#endif

#endif /* TESTS_SUPPORT_PEER_H */
