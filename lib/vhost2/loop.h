/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_LOOP_H
#define VHOST2_LOOP_H

/*
 * An event loop: descriptors, timers, and tasks from other threads. Whoever drives it (its own thread, or the
 * application by rte_vhost2_loop_process()) is "the loop's thread" below; at any moment there is one. Knows nothing of
 * sessions.
 *
 * Sources and timers belong to the loop's thread. Only loop_post() may be called from any thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "vhost2/rte_vhost2.h"

/** A descriptor that is watched; part of its owner's struct. */
struct loop_source {
	int fd;         /**< the owner's */
	bool watched;   /**< by a loop now */
	/** @p events are epoll's. The source may be removed, and its owner freed, inside. */
	void (*ready)(struct loop_source *source, uint32_t events);
};

/** Something to be done at a time, once; part of its owner's struct. */
struct loop_timer {
	TAILQ_ENTRY(loop_timer) link;
	uint64_t at;    /**< CLOCK_MONOTONIC ns, 0: not set */
	void (*expired)(struct loop_timer *timer);
};

/** Something to be done by the loop's thread soon; part of its owner's struct. */
struct loop_task {
	TAILQ_ENTRY(loop_task) link;
	bool posted;    /**< under the loop's lock */
	void (*run)(struct loop_task *task);
};

/** Watch @p source for epoll's @p events. @return 0; -errno */
int loop_watch(struct rte_vhost2_loop *loop, struct loop_source *source, uint32_t events);

/** Watch for other events. @return 0; -errno */
int loop_rewatch(struct rte_vhost2_loop *loop, struct loop_source *source, uint32_t events);

/** Watch no longer; events already fetched are forgotten. Before the fd is closed. Idempotent. */
void loop_unwatch(struct rte_vhost2_loop *loop, struct loop_source *source);

/** (Re)set a timer to @p ms from now. */
void loop_timer_set(struct rte_vhost2_loop *loop, struct loop_timer *timer, uint32_t ms);

/** Idempotent. */
void loop_timer_cancel(struct rte_vhost2_loop *loop, struct loop_timer *timer);

/** Have @p task run by the loop's thread; once, however often it was posted before. Any thread. */
void loop_post(struct rte_vhost2_loop *loop, struct loop_task *task);

/** Take a task back. From the loop's thread. Idempotent. */
void loop_unpost(struct rte_vhost2_loop *loop, struct loop_task *task);

/** Whether the calling thread is the one that is inside of the loop now. */
bool loop_is_mine(const struct rte_vhost2_loop *loop);

/** Whether it has a thread of its own. */
bool loop_has_thread(const struct rte_vhost2_loop *loop);

/** Who wants to know that something signalled loop_alarm_fd(); part of its owner's struct. */
struct loop_alarm {
	LIST_ENTRY(loop_alarm) link;
	bool watched;
	/** May remove this alarm (and no other). */
	void (*rung)(struct loop_alarm *alarm);
};

/** An eventfd that rings all alarms: to be written to where no lock may be taken, as in a signal handler. */
int loop_alarm_fd(const struct rte_vhost2_loop *loop);
void loop_alarm_add(struct rte_vhost2_loop *loop, struct loop_alarm *alarm);
/** Idempotent. */
void loop_alarm_remove(struct loop_alarm *alarm);

/** One more, or one less, who needs the loop; rte_vhost2_loop_destroy() refuses while there is one. */
void loop_hold(struct rte_vhost2_loop *loop);
void loop_release(struct rte_vhost2_loop *loop);

/** The loop of those who brought none: made for the first, held for each. @return NULL: errno says why */
struct rte_vhost2_loop *loop_shared_hold(void);
/** Let go of a loop, shared or not; the shared one goes with the last. */
void loop_shared_release(struct rte_vhost2_loop *loop);

#endif /* VHOST2_LOOP_H */
