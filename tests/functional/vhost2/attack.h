/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The hostile front-end's bench: one target with a sibling that runs beside the attacker, and the oracle that every
 * attack is held against.
 *
 *   1  the process lives (and its sanitizers are silent)
 *   2  the connection is closed within a second, or the request is refused, or nothing happens: as the row says
 *   3  it is counted under the right cause once, and logged at most once
 *   4  descriptors and mappings are what they were before the attacker came
 *   5  the sibling's rings run undisturbed, its memory is untouched, and it is answered in time
 *   6  an honest front-end comes after it and runs
 */

#ifndef TEST_VHOST2_ATTACK_H
#define TEST_VHOST2_ATTACK_H

#define RIG_IS_ELSEWHERE
#include "rig.h"

/** How far the attacker went before. */
enum attack_state {
	ATTACK_FRESH,      /**< connected */
	ATTACK_NEGOTIATED, /**< features and protocol features acked */
	ATTACK_MEMORY,     /**< and memory shared */
	ATTACK_TOLD,       /**< and ring 0 described, not kicked */
	ATTACK_RUNNING,    /**< and rings 0 and 1 running */
	ATTACK_STATES,
};

/** What must come of it. */
enum attack_reaction {
	ATTACK_CLOSE,   /**< the connection ends */
	ATTACK_REFUSE,  /**< an ack that says no; without acks the connection ends */
	ATTACK_NO,      /**< the message's own reply says no, the connection stays */
	ATTACK_NOTHING, /**< it is legal, or harmless */
};

/** A descriptor to send. */
enum attack_fd {
	FD_NONE,
	FD_MEMORY,
	FD_EVENT,
	FD_PIPE,
	FD_SOCKET,
	FD_FULL, /**< /dev/full */
	FD_DIR,
	FD_READONLY,
	FD_SHORT, /**< a file of one byte */
	FD_KINDS,
};

/** One attack. */
struct attack {
	const char *name;
	enum attack_state from, to; /**< tried in all these states */
	uint32_t request, size;
	uint64_t payload[10];
	unsigned int nr_fds;
	enum attack_fd fd;
	enum attack_reaction reaction;
	enum rte_vhost2_error error;
	uint32_t flags;             /**< XORed to the header's flags */
};

/** Is the target asked for more than it usually is? RTE_VHOST2_* for attack_setup(). */
extern uint64_t attack_target_flags;

/** cmocka setup and teardown: rig, target, sibling. */
int attack_setup(void **state);
int attack_teardown(void **state);

/** Connect the attacker and bring it to a state. @p ack: with REPLY_ACK. @p features: on top of VERSION_1 */
void attack_reach(enum attack_state state, bool ack, uint64_t features);

/** @return a new descriptor of that kind, the caller's */
int attack_fd_open(enum attack_fd kind);

/** Hold the target against points 2 and 3, now that the attack was made. @p ack: an ack can say no */
void attack_check(enum attack_reaction reaction, enum rte_vhost2_error error, bool ack);

/** Points 4 to 6; the attacker is gone afterwards. */
void attack_check_others(void);

/** All of one row in one state. */
void attack_run(const struct attack *attack, enum attack_state state, bool ack, uint64_t features);

#endif /* TEST_VHOST2_ATTACK_H */
