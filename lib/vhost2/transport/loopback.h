/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_TRANSPORT_LOOPBACK_H
#define VHOST2_TRANSPORT_LOOPBACK_H

/*
 * A front-end in this process: the verbs of a session as plain calls, without messages and without sockets. A target is
 * registered as "loopback" with any name, and whoever connects to the name is its front-end. For tests, and for programs
 * that have both halves inside.
 *
 * Each call below is made by the front-end's thread, runs in the loop's, and returns when the verb is done; where the
 * application drives the loop, the call drives it meanwhile. One call at a time on a handle, and none from a callback.
 * Memory still comes by descriptor: it is what a device may map and what can be shared.
 */

#include <stdbool.h>
#include <stdint.h>

#include "vhost2/transport/transport.h"

/** How long a verb may take. A handle on which one took longer is dead. */
#define LOOPBACK_DEADLINE_MS 3000

/** A front-end. */
struct loopback;

/** Connect to a registered name. @return 0; -ENOENT; -ENOMEM; as transport_enter() */
int loopback_connect(const char *trid, struct loopback **loopback);
/** Leave. The handle is gone; an application that drives the loop drives it once more for that. */
void loopback_close(struct loopback *loopback);

/** Whether the session lives. */
bool loopback_is_open(struct loopback *loopback);
/** @return how often the configuration space was said to have changed */
unsigned int loopback_config_changes(struct loopback *loopback);
/** The last translation asked for. @return false: none since the last look */
bool loopback_miss(struct loopback *loopback, uint64_t *iova, uint8_t *perm);

/**
 * @name Verbs
 * All return 0; what the session says; -EINVAL: no such ring; -ENOTCONN: the session is gone; -ETIMEDOUT. Descriptors
 * stay the caller's; -1 is none.
 * @{
 */
int loopback_get_features(struct loopback *loopback, uint64_t *features);
int loopback_set_features(struct loopback *loopback, uint64_t features);
int loopback_set_mem_table(struct loopback *loopback, const struct memory_region *regions, const int *fds, uint32_t nr);
int loopback_add_mem_reg(struct loopback *loopback, const struct memory_region *region, int fd);
int loopback_rem_mem_reg(struct loopback *loopback, const struct memory_region *region);
int loopback_set_vring_num(struct loopback *loopback, uint32_t index, uint32_t num);
int loopback_set_vring_addr(struct loopback *loopback, uint32_t index, const struct queue_addr *addr);
int loopback_set_vring_base(struct loopback *loopback, uint32_t index, uint32_t base);
int loopback_get_vring_base(struct loopback *loopback, uint32_t index, uint32_t *base);
int loopback_set_vring_kick(struct loopback *loopback, uint32_t index, int fd);
int loopback_set_vring_call(struct loopback *loopback, uint32_t index, int fd);
int loopback_set_vring_err(struct loopback *loopback, uint32_t index, int fd);
int loopback_set_vring_enable(struct loopback *loopback, uint32_t index, bool enable);
int loopback_set_status(struct loopback *loopback, uint64_t status);
int loopback_get_status(struct loopback *loopback, uint64_t *status);
int loopback_reset_device(struct loopback *loopback);
int loopback_get_config(struct loopback *loopback, uint32_t offset, uint32_t len, uint8_t *data);
int loopback_set_config(struct loopback *loopback, uint32_t offset, uint32_t len, const uint8_t *data);
int loopback_set_log_base(struct loopback *loopback, int fd, uint64_t offset, uint64_t size);
int loopback_set_inflight(struct loopback *loopback, int fd, uint64_t offset, uint64_t size, uint16_t nr_queues,
	uint16_t queue_size);
int loopback_iotlb_update(struct loopback *loopback, uint64_t iova, uint64_t size, uint64_t user_addr, uint8_t perm);
int loopback_iotlb_invalidate(struct loopback *loopback, uint64_t iova, uint64_t size);
int loopback_custom(struct loopback *loopback, struct rte_vhost2_msg *msg);
/** @} */

#endif /* VHOST2_TRANSPORT_LOOPBACK_H */
