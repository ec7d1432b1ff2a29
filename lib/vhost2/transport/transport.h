/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_TRANSPORT_H
#define VHOST2_TRANSPORT_H

/*
 * What a transport is: it finds front-ends at an address, makes a session for each, and translates between what they
 * say and the session's verbs. A new one (a PCI device, a character device) is a file with a struct transport and a
 * line in target.c; sessions, queues and memory know nothing of it.
 *
 * Towards a target it is a struct transport; towards a session a struct session_link (session.h). Both are called in
 * the loop's thread, but open().
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "vhost2/session.h"

struct transport;

/** A target, as its transport sees it; outlives all its sessions. */
struct transport_endpoint {
	const struct transport *transport;
	const struct session_device *device;
	struct rte_vhost2_loop *loop;
	const char *trid;
	uint64_t trflags;
	void *trctx;
	void *state;            /**< the transport's */
	uint16_t max_devices;   /**< 0: no limit */
	LIST_HEAD(, session) sessions;
	pthread_mutex_t lock;   /**< of the next two */
	bool closing;
	unsigned int nr_sessions;
	bool closed;            /**< close() was called */
	struct loop_task done;  /**< the target's: posted when closed and without sessions */
};

/** One kind of transport. */
struct transport {
	const char *name;       /**< trtype */
	uint64_t flags;         /**< RTE_VHOST2_* that it knows */
	uint64_t features;      /**< virtio features that are its own to offer */
	/** Find out whether the address can be used. Any thread. @return 0; -errno */
	int (*open)(struct transport_endpoint *endpoint);
	/** Begin to take front-ends; it was opened. */
	void (*begin)(struct transport_endpoint *endpoint);
	/** Take no more, and let go of the address. Its sessions are ended by transport_close(). */
	void (*close)(struct transport_endpoint *endpoint);
};

extern const struct transport transport_vhost_user;
extern const struct transport transport_loopback;

/** Make a session for a front-end that came; begin it by session_pump(). @return 0; -ENOSPC; -ENOMEM; -ESHUTDOWN */
int transport_enter(struct transport_endpoint *endpoint, struct session_link *link, struct session **session);

/** The session is about to be freed (session_link_ops.gone). */
void transport_leave(struct transport_endpoint *endpoint, struct session *session);

/** Let nobody in any more. Any thread. @return false: somebody said so before */
bool transport_shut(struct transport_endpoint *endpoint);

/** Close, and end all sessions; `done` is posted when the last one is gone. */
void transport_close(struct transport_endpoint *endpoint);

#endif /* VHOST2_TRANSPORT_H */
