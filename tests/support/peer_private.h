/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the parts of the peer share: peer.c (thread, connection, interface), peer_messages.c (one
 * handler a message), peer_memory.c (the mapped table), peer_ring.c (packets), peer_split.c and
 * peer_packed.c (the two formats of a ring), peer_fault.c (every departure from the honest course).
 */

#ifndef TESTS_SUPPORT_PEER_PRIVATE_H
#define TESTS_SUPPORT_PEER_PRIVATE_H

#include <pthread.h>
#include <sys/uio.h>

#include "vhost_user/channel.h"
#include "vhost_user/message.h"
#include "vhost_user/socket.h"
#include "virtio/vring_packed.h"

#include "peer.h"

/** Two rings a pair. */
#define PEER_MAX_RINGS (2 * PEER_MAX_PAIRS)
/** Most regions that a peer maps. */
#define PEER_MAX_REGIONS 512
/** Most pieces of one chain. */
#define PEER_MAX_PIECES 512

/** A mapped region. */
struct peer_region {
	struct vhost_user_region told; /**< as the front-end described it */
	void *map;                     /**< its file from offset 0 on */
	size_t map_len;
};

/** A chain, translated. */
struct peer_chain {
	uint16_t id;     /**< by which it is returned */
	uint16_t slots;  /**< packed: descriptors that it takes in the ring */
	bool indirect;
	uint32_t descs;  /**< descriptors with data */
	uint32_t nr;     /**< pieces */
	size_t bytes;    /**< of all pieces */
	struct iovec pieces[PEER_MAX_PIECES];
};

/** How far a ring's chains were taken. To put it back is to have taken none. */
struct peer_taken {
	uint16_t next;          /**< split: available index of the next chain */
	struct packed_pos pos;  /**< packed: where the next chain begins */
	bool has_spare;
	struct peer_chain spare; /**< taken out of turn, to be used later (config.shuffle) */
};

/** A used element as it will be written. */
struct peer_used {
	uint32_t id;
	uint32_t len;
	uint16_t flags;    /**< packed: VRING_DESC_F_WRITE or none; AVAIL and USED are added */
	uint16_t buffers;  /**< for how many it stands: 1, or those of a batch (IN_ORDER) */
	uint16_t slots;    /**< packed: descriptors of all of these */
	size_t posted;     /**< bytes of the buffer */
	uint32_t copies;   /**< 1, unless a fault says otherwise */
};

struct peer_ring;

/** The device role in one ring format. The ring is started and mapped in each call but start(). */
struct peer_format {
	/** Begin at ring->base. */
	void (*start)(struct peer *peer, struct peer_ring *ring);
	/** Take the next chain. @return 0; -EAGAIN: there is none; -EPROTO: a violation was counted */
	int (*take)(struct peer *peer, struct peer_ring *ring, struct peer_chain *chain, bool writable);
	/** Write a used element. */
	void (*push)(struct peer *peer, struct peer_ring *ring, const struct peer_used *used);
	/** Hand over what was pushed. @return whether the driver wants to be called */
	bool (*publish)(struct peer *peer, struct peer_ring *ring);
	/** Ask to be kicked for the next chain, or not to be. @return whether it is there already */
	bool (*ask_kick)(struct peer *peer, struct peer_ring *ring, bool wanted);
	/** As GET_VRING_BASE answers. */
	uint32_t (*base)(const struct peer_ring *ring);
};

extern const struct peer_format peer_split;
extern const struct peer_format peer_packed;

/** A ring, and what was told of it. */
struct peer_ring {
	const struct peer_format *format; /**< valid while started */
	struct vring_area area;           /**< valid while told_addr and mapped */
	struct vhost_user_vring_addr addr; /**< front-end's addresses */
	bool told_addr;
	bool mapped;   /**< area points into the present memory table */
	bool armed;    /**< starts at its next kick */
	bool started;
	bool enabled;
	uint32_t base; /**< as SET_VRING_BASE told it */
	struct peer_taken taken;
	uint16_t used; /**< split: used index to be published next */
	uint16_t published;          /**< split: used index that was published last */
	struct packed_pos used_pos;  /**< packed: where the next used descriptor goes */
	uint16_t uncalled;           /**< packed: descriptors used since the driver's wish was read */
	int kick_fd;   /**< -1: none */
	int call_fd;   /**< -1: none */
	uint64_t elements; /**< buffers ever returned, for faults */
	uint64_t wraps;    /**< times that the used index passed its end, or the used position a lap */
};

struct peer {
	struct peer_config config;
	char path[108];
	pthread_t thread;
	pthread_mutex_t lock; /**< over all that follows */
	bool ending;
	bool away;  /**< after peer_leave() */
	bool held;  /**< after peer_hold() */
	bool mute;  /**< a fault ended the conversation, the socket stays open */
	struct vhost_user_listener listener;
	struct vhost_user_channel channel; /**< fd -1: not connected */
	struct vhost_user_negotiated negotiated;
	uint32_t message;   /**< number of the next message on this connection */
	uint32_t struck;    /**< times that the fault struck */
	bool starving;      /**< PEER_NUM_BUFFERS_MISSING struck: nothing is delivered any more */
	uint64_t random;    /**< state of the scribbler */
	struct peer_region regions[PEER_MAX_REGIONS];
	uint32_t nr_regions;
	struct peer_ring rings[PEER_MAX_RINGS];
	struct peer_chain tx_chain; /**< scratch */
	struct peer_chain rx_chain; /**< scratch */
	int wake_fd; /**< readable: what the thread sleeps for may have changed */
	struct peer_info info;
	struct peer_event events[PEER_MAX_EVENTS];
};

/* --- peer.c --- */

/** Count a violation; the first one's text is kept. */
void peer_violation(struct peer *peer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Close the connection and forget all that was told over it. */
void peer_disconnect(struct peer *peer);

/* --- peer_messages.c --- */

/** Handle one message; its descriptors are taken or closed. @return 0; -errno: close the connection */
int peer_handle(struct peer *peer, struct vhost_user_message *request);

/** Forget a ring, its descriptors included. */
void peer_ring_reset(struct peer_ring *ring);

/* --- peer_memory.c --- */

/** Map one region; the fd stays the caller's. @return 0 or -errno */
int peer_region_add(struct peer *peer, const struct vhost_user_region *told, int fd);
/** @return 0 or -ENOENT */
int peer_region_remove(struct peer *peer, const struct vhost_user_region *told);
void peer_regions_clear(struct peer *peer);
/** Find each ring's memory again after the table changed. A running ring must not lose its own. */
void peer_rings_remap(struct peer *peer);
/** Add [addr, addr + len) of the driver's addresses to a chain. @return 0 or -EFAULT */
int peer_chain_add(struct peer *peer, struct peer_chain *chain, uint64_t addr, uint64_t len);

/* --- peer_ring.c --- */

/** Whether the front-end acked feature `bit`. */
bool peer_has(const struct peer *peer, unsigned int bit);
/** Count a violation that lies in a ring. @return -EPROTO */
int peer_bad_ring(struct peer *peer, const struct peer_ring *ring, const char *what);
/**
 * Add a descriptor's buffer to a chain.
 *
 * @return 0; -EPROTO: a violation was counted
 */
int peer_chain_add_desc(struct peer *peer, const struct peer_ring *ring, struct peer_chain *chain,
		const struct vring_desc *desc, bool writable);
/** Find an indirect table of either format. @return entries; -EPROTO: a violation was counted */
int peer_find_table(struct peer *peer, const struct peer_ring *ring, uint64_t addr, uint32_t len,
		const void **table);
/** Begin an empty chain. */
void peer_chain_begin(struct peer_chain *chain);
/** Go to sleep: ask for kicks. @return whether there is something to do already */
bool peer_rings_ask_kicks(struct peer *peer);

/** Reflect what there is. @return true: there was something to do */
bool peer_rings_poll(struct peer *peer);
/** Start the rings that were kicked for the first time, or are to start without. */
void peer_rings_start(struct peer *peer);

/* --- peer_fault.c --- */

/** @return true: the fault wants the message swallowed; the connection may be closed or mute then. */
bool peer_fault_on_message(struct peer *peer, const struct vhost_user_message *request);
/** @return true: the request is to be refused. */
bool peer_fault_refuses(struct peer *peer, const struct vhost_user_message *request);
/** Send a reply, spoiled if the fault wants it. @return 0 or -errno */
int peer_fault_reply(struct peer *peer, const struct vhost_user_message *request,
		struct vhost_user_message *reply);
/** Spoil a configuration space. */
void peer_fault_config(struct peer *peer, void *space);
/** Spoil an element. */
void peer_fault_used(struct peer *peer, const struct peer_ring *ring, struct peer_used *used);
/** Spoil a used index. */
uint16_t peer_fault_used_idx(struct peer *peer, const struct peer_ring *ring, uint16_t idx);
/** Write a used index as two bytes with a while between. @return false: the fault is not set */
bool peer_fault_torn_idx(struct peer *peer, const struct peer_ring *ring, uint16_t idx);
/** Spoil the flags of a used descriptor. */
uint16_t peer_fault_used_flags(struct peer *peer, const struct peer_ring *ring, uint16_t flags);
/** After `pos`, mark descriptors as used that are not. */
void peer_fault_used_ahead(struct peer *peer, const struct peer_ring *ring, struct packed_pos pos);
/** Spoil a number of merged buffers. */
uint16_t peer_fault_num_buffers(struct peer *peer, const struct peer_ring *ring, uint16_t nr);
/** Write nonsense into every ring that is started. */
void peer_fault_scribble(struct peer *peer);

#endif /* TESTS_SUPPORT_PEER_PRIVATE_H */
