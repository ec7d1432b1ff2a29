/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_SESSION_H
#define VHOST2_SESSION_H

/*
 * One connected front-end, as a state machine; the middle between transports, which hand in verbs, and the device,
 * whose callbacks are called. Knows neither messages nor sockets.
 *
 * Theory of operation. A verb says what should be (a ring's size, a memory table, that a ring be stopped); it never
 * calls back. session_pump() then compares what should be with what is, and does the one next thing: stop a ring that
 * must not run, put a change into effect that waited for all rings to stop, tell the device of features or memory,
 * start a ring that can run. A callback that is not completed ends the pump; its completion, which is posted to the
 * loop, resumes it. When nothing is left to be done, the verb is done and the transport is asked for the next. So:
 *
 *   callback != NONE   the device is at work: nothing else is called and no verb is taken
 *   verb               the transport waits for done(); what it asked for is being brought about
 *   neither            next() is asked
 *   ending             no verbs any more: rings are stopped, then the device is destroyed, then the session is freed
 *
 * There is no recursion: a callback that is completed inside of itself is seen when it returns. All of it runs in the
 * loop's thread but session_complete(), which any thread may call.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "vhost2/loop.h"
#include "vhost2/memory.h"
#include "vhost2/queue.h"
#include "vhost2/rte_vhost2.h"

struct session;

/** What all sessions of a target have in common; outlives them. */
struct session_device {
	struct rte_vhost2_tgt_ops ops;
	const char *name;              /**< for log lines: the address */
	uint64_t features;             /**< offered */
	uint64_t flags;                /**< RTE_VHOST2_* */
	struct rte_vhost2_tgt_stats *stats; /**< counted by atomic operations */
};

/** A session's transport. Called from the loop's thread. */
struct session_link {
	const struct session_link_ops *ops;
};

struct session_link_ops {
	/** The session has time: begin the next verb, by one call of session_*() below. @return false: there is none. */
	bool (*next)(struct session_link *link);
	/**
	 * The verb is done with this result. If session->refused, a front-end that is not told so must not be kept.
	 * Do not begin the next one inside.
	 */
	void (*done)(struct session_link *link, int rc);
	/** The session is ending: drop the front-end at once, and call no session_*() any more. */
	void (*hangup)(struct session_link *link);
	/** The session is about to be freed; last call. */
	void (*gone)(struct session_link *link);
	/** Tell the front-end that the configuration space changed. @return false: not now. May be NULL. */
	bool (*config_changed)(struct session_link *link);
	/** Whether iotlb_miss() may be called now: the front-end takes it. May be NULL. */
	bool (*can_ask)(struct session_link *link);
	/** Ask the front-end for a translation. */
	void (*iotlb_miss)(struct session_link *link, uint64_t iova, uint8_t perm);
};

/** Which callback the device is in. */
enum session_callback {
	SESSION_IDLE,
	SESSION_CREATE,
	SESSION_FEATURES,
	SESSION_INIT,
	SESSION_START,
	SESSION_STOP,
	SESSION_CUSTOM,
	SESSION_DESTROY,
};

/** A change that waits until all rings are stopped. */
struct session_change {
	bool memory_due;
	struct memory *memory;
	bool features_due;
	uint64_t features;
	bool log_due;
	struct dirty_log *log;
	bool inflight_due;
	struct inflight *inflight;
};

/** Read by transports; written by session*.c only. */
struct session {
	LIST_ENTRY(session) entry;     /**< the transport's */
	const struct session_device *device;
	struct session_link *link;
	struct rte_vhost2_loop *loop;
	void *block;                   /**< the caller's struct with vdev in it */
	struct rte_vhost2_dev *vdev;
	struct queue *queues;
	uint16_t nr_queues;

	enum session_callback callback;
	struct queue *callback_queue;  /**< of START and STOP */
	bool inside;                   /**< the callback has not returned yet */
	bool completed_inside;
	int waiting;                   /**< 1: a completion is expected; atomic */
	int callback_rc;
	struct loop_task completion;

	bool pumping;
	bool created;
	bool inited;                   /**< device_init was completed since memory changed last */
	bool ending;
	bool freed;                    /**< to be freed when the pump is left */
	int news;                      /**< some kick_due or error_due is set; atomic */
	int error_due;                 /**< as of struct queue, of the session itself */

	const char *verb;              /**< its name; NULL: none is under way */
	int verb_rc;
	struct queue *verb_queue;      /**< the ring that it is about, NULL: none */
	bool verb_starts;              /**< and that it wants to run: if it cannot, the verb failed */
	bool refused;                  /**< by the front-end's fault: without an answer that says so, it has to go */
	enum rte_vhost2_error refused_for;
	char why[128];                 /**< it was refused */
	struct rte_vhost2_msg *custom; /**< of the verb */
	bool custom_due;

	bool has_features;
	uint64_t old_features;         /**< while the device is asked about new ones */
	bool old_features_told;
	bool features_told;            /**< the device was asked about those that are negotiated */
	struct memory *memory;
	struct dirty_log *log;
	struct inflight *inflight;
	struct iotlb *iotlb;           /**< NULL: the target offers no IOMMU */
	uint64_t status;
	struct session_change change;
	bool config_due;               /**< atomic */
	bool misses_due;               /**< atomic */

	int fault;                     /**< memory is gone; atomic */
	struct loop_alarm alarm;
	struct loop_task attention;    /**< config_due, or a queue's error_due */
};

/** Make a session and begin with device_create. @return 0; -ENOMEM */
int session_create(const struct session_device *device, struct rte_vhost2_loop *loop, struct session_link *link,
	struct session **session);

/** Go on as far as possible. Call it when something may have come for link->ops->next(). The session may be freed. */
void session_pump(struct session *session);

/** End it: the target goes, or the front-end left, or it was refused and counted before. Pump it afterwards. */
void session_end(struct session *session);

/** End it because of the front-end's fault, counted and logged once. Pump it afterwards. */
void session_fail(struct session *session, enum rte_vhost2_error error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** rte_vhost2_tgt_cb_complete(). Any thread. */
void session_complete(struct session *session, int rc);

/** A ring's error_due was set, see rte_vhost2_vq_break(). Any thread, while the device exists. */
void session_note_error(struct session *session, struct queue *queue, enum rte_vhost2_error error);

/** Have the loop look at config_due and error_due. Any thread, while the device exists. */
void session_attend(struct session *session);

/** Whether a ring is running. */
bool session_is_active(const struct session *session);

/** Count an error of the target. Any thread. */
void session_count(const struct session *session, enum rte_vhost2_error error);

/** Begin a verb. For session_verbs.c, and for transports' own verbs. @p queue: that it is about, or NULL */
void session_begin(struct session *session, const char *name, struct queue *queue);

/** The verb cannot be, by the front-end's fault. */
void session_refuse(struct session *session, enum rte_vhost2_error error, int rc, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** @return what a memory_owner is for the memory of this session */
struct memory_owner session_owner(struct session *session);

/** @name Verbs
 * Each is one verb: it begins by next(), and done() ends it, with this rc if it is not 0. Descriptors become the
 * session's in any case, if not said otherwise. Ring indices are below nr_queues: the transport has seen to that.
 * @{
 */
void session_set_features(struct session *session, uint64_t features);
/** The descriptors stay the transport's. */
void session_set_mem_table(struct session *session, const struct memory_region *regions, const int *fds, uint32_t nr);
void session_add_mem_reg(struct session *session, const struct memory_region *region, int fd);
void session_rem_mem_reg(struct session *session, const struct memory_region *region);
void session_set_vring_num(struct session *session, uint32_t index, uint32_t num);
void session_set_vring_addr(struct session *session, uint32_t index, const struct queue_addr *addr);
void session_set_vring_base(struct session *session, uint32_t index, uint32_t base);
/** Stop the ring; when done, queue_get_base() is the answer. */
void session_get_vring_base(struct session *session, uint32_t index);
/** @p fd -1: the ring is polled. */
void session_set_vring_kick(struct session *session, uint32_t index, int fd);
/** @p fd -1: none. */
void session_set_vring_call(struct session *session, uint32_t index, int fd);
void session_set_vring_err(struct session *session, uint32_t index, int fd);
void session_set_vring_enable(struct session *session, uint32_t index, bool enable);
/** Disable all rings, as RESET_OWNER is best understood. */
void session_disable_all(struct session *session);
/** Stop all rings and forget what was said about them; memory stays. */
void session_reset_device(struct session *session);
void session_set_status(struct session *session, uint64_t status);
/** Fill @p data from the device's configuration space. */
void session_get_config(struct session *session, uint32_t offset, uint32_t len, uint8_t *data);
void session_set_config(struct session *session, uint32_t offset, uint32_t len, uint8_t *data,
	enum rte_vhost2_set_config_type type);
/** Where and how writes are logged; the descriptor stays the transport's. */
void session_set_log_base(struct session *session, int fd, uint64_t offset, uint64_t size);
/** Records of what is being done, see inflight.h; the descriptor stays the transport's. */
void session_set_inflight(struct session *session, int fd, uint64_t offset, uint64_t size, uint16_t nr_queues,
	uint16_t queue_size);
/** Only with an IOMMU negotiated, both. */
void session_iotlb_update(struct session *session, uint64_t iova, uint64_t size, uint64_t user_addr, uint8_t perm);
void session_iotlb_invalidate(struct session *session, uint64_t iova, uint64_t size);
/** A message for the device; @p msg lives until done(). */
void session_custom(struct session *session, struct rte_vhost2_msg *msg);
/** @} */

#endif /* VHOST2_SESSION_H */
