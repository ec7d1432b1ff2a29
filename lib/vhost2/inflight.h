/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_INFLIGHT_H
#define VHOST2_INFLIGHT_H

/*
 * Which buffers of split rings are being worked on, written down in memory that outlives us: a back-end that comes
 * after a crash finds there what has to be done again. vhost-user "Inflight I/O tracking" gives the layout. A front-end
 * keeps that memory and can write to it: what is read back is copied once, checked, and then used.
 *
 * Packed rings have no record: one is resumed where its last used buffer was, and all behind it is done again.
 */

#include <stdint.h>

#include "vhost2/mapping.h"
#include "vhost2/rte_vhost2.h"

/** Records of some rings. */
struct inflight;
/** Record of one ring, in shared memory. */
struct inflight_split;

/** One ring's record, and what was found in it; part of its struct queue. */
struct rte_vhost2_vq_inflight {
	struct inflight_split *split;
	uint16_t size;
	uint64_t counter;    /**< of the next buffer that is taken */
	uint16_t batch;      /**< buffers that were put and not committed */
	uint16_t *again;     /**< heads to be done again, oldest first */
	uint16_t nr_again;
	uint16_t next_again;
};

/** Make memory for records. @return its descriptor; -EINVAL; other -errno */
int inflight_make(uint16_t nr_queues, uint16_t queue_size, uint64_t *bytes);

/** Map records. The descriptor stays the caller's. @return 0; -EINVAL: too small for what it says; as mapping_create() */
int inflight_create(int fd, uint64_t offset, uint64_t bytes, uint16_t nr_queues, uint16_t queue_size,
	const struct memory_owner *owner, struct inflight **inflight);

/** NULL is allowed. */
void inflight_destroy(struct inflight *inflight);

/**
 * Take up the record of a ring: finish the batch that was being published, and find what is to be done again.
 *
 * @param used_idx
 *   Of the ring now.
 * @return 0; -ENOENT: no record for such a ring; -EINVAL: what is written there cannot be; -ENOMEM
 */
int inflight_attach(struct inflight *inflight, struct rte_vhost2_vq_inflight *vq, uint16_t index, uint16_t size,
	uint16_t used_idx);

/** Let go of the record. Idempotent. */
void inflight_detach(struct rte_vhost2_vq_inflight *vq);

#endif /* VHOST2_INFLIGHT_H */
