/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_QUEUE_H
#define VHOST2_QUEUE_H

/*
 * One ring of a device: what the front-end said about it, and, while it runs, the struct rte_vhost2_vq that the device
 * works on. Here is decided whether a ring can run and what its struct looks like; when it runs is the session's.
 *
 * Theory of operation. vhost-user gives a ring two states, {stopped, started} and {disabled, enabled}. Here:
 *
 *   not runnable   size or addresses are missing, or nobody will kick it: nothing can be done
 *   runnable       all is there, and the ring was kicked, will be polled, or is enabled. The session makes it run
 *   running        the device has it: queue_start was completed, and queue_stop was not. `vq` is the device's
 *   refused        the front-end's fault or the device's choice: not runnable until the front-end changes something
 *
 * A ring that is disabled runs once it was kicked (vq.enabled tells the device to discard); one that is enabled runs
 * as soon as it could be kicked, since an earlier back-end may have left notifications turned off in the ring and then
 * no kick would ever come. Whatever the front-end changes about a running ring makes it `stale`: the session stops it,
 * makes it anew and starts it where it was.
 */

#include <stdbool.h>
#include <stdint.h>

#include "vhost2/dirty_log.h"
#include "vhost2/inflight.h"
#include "vhost2/iotlb.h"
#include "vhost2/loop.h"
#include "vhost2/memory.h"
#include "vhost2/notifier.h"
#include "vhost2/rte_vhost2.h"

/** SET_VRING_ADDR: where the parts of a ring are, in the front-end's terms. */
struct queue_addr {
	uint64_t desc;
	uint64_t driver; /**< available ring or driver event */
	uint64_t device; /**< used ring or device event */
	uint64_t log;    /**< gpa of the used ring */
	bool is_logged;
};

/** Who kicks. */
enum queue_kick {
	QUEUE_KICK_NONE, /**< not said: the ring cannot run */
	QUEUE_KICK_FD,
	QUEUE_KICK_POLL, /**< nobody: it is polled */
};

/** What a ring is made from besides what is said about it. */
struct queue_env {
	const struct memory *memory;
	uint64_t features; /**< negotiated */
	struct iotlb *iotlb; /**< ring addresses go through it; NULL: they do not */
	struct dirty_log *log; /**< NULL: nothing is logged */
	struct inflight *inflight; /**< NULL: nothing is recorded */
};

/** A ring. */
struct queue {
	struct rte_vhost2_vq vq; /**< first: the device knows this part only */
	void *session;           /**< whose it is */

	/* Said by the front-end. */
	uint32_t num;            /**< entries, 0: not said */
	bool has_addr;
	struct queue_addr addr;
	bool has_base;
	bool keep_base;          /**< said while it was running: holds against where it stops */
	uint32_t base;           /**< where to begin, as vhost transports carry it */
	bool enabled;            /**< SET_VRING_ENABLE */
	enum queue_kick kick;
	struct loop_source kick_source;
	struct notifier call;
	struct notifier err;

	/* State. */
	bool kicked;             /**< since the kick descriptor came */
	bool kick_due;           /**< the device is to be told */
	bool running;
	bool stale;              /**< running with what is no longer so */
	bool refused;
	bool waiting;            /**< for translations of its addresses */
	struct rte_vhost2_vq_log log;
	struct rte_vhost2_vq_inflight inflight;
	int error_due;           /**< 1 + an enum rte_vhost2_error that the device is to be told; atomic */
};

void queue_init(struct queue *queue, uint16_t index, void *session);

/** Let go of all descriptors. It does not run, and its kick descriptor is not watched. */
void queue_fini(struct queue *queue);

/** @return the ring whose @p vq this is. */
struct queue *queue_of_vq(struct rte_vhost2_vq *vq);

/** SET_VRING_NUM. @return 0; -EINVAL: no ring has that many; -EBUSY: it runs with another size */
int queue_set_num(struct queue *queue, uint32_t num, uint32_t max);

/** SET_VRING_ADDR. @return 0; -EBUSY: it was kicked and runs elsewhere */
int queue_set_addr(struct queue *queue, const struct queue_addr *addr);

/** SET_VRING_BASE, in the format of the ring. @return 0; -EINVAL: no such place; -EBUSY: it runs */
int queue_set_base(struct queue *queue, uint32_t base, bool is_packed);

/** @return the place to go on from, as vhost transports carry it; it does not run */
uint32_t queue_get_base(const struct queue *queue);

void queue_set_enabled(struct queue *queue, bool enabled);

/** Whether all is there that it takes to run, and the front-end wants it to. @p features: negotiated */
bool queue_is_runnable(const struct queue *queue, uint64_t features);

/**
 * Make `vq` for the device: translate, check all parts together, find the place.
 *
 * @return 0; -EINVAL: size, alignment or place cannot be; -EFAULT: a part is not in memory; -EAGAIN: a translation is
 *   not known yet
 */
int queue_build(struct queue *queue, const struct queue_env *env);

/** The device has let go of it: where it stopped is where it goes on. */
void queue_stopped(struct queue *queue);

/** GET_VRING_BASE was answered: nothing starts it but a new kick descriptor. Watch it no longer before. */
void queue_drop_kick(struct queue *queue);

/** Back to how it was made, but for the notifiers; one that runs is to be stopped. Watch its kicks no longer before. */
void queue_reset(struct queue *queue);

#endif /* VHOST2_QUEUE_H */
