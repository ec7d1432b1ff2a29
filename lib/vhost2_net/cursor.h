/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_NET_CURSOR_H
#define VHOST2_NET_CURSOR_H

/*
 * A place in a run of segments, from which bytes are copied or to which they are, over the ends of segments and of
 * regions. For packets and commands of any shape; each step is bounded by the segments that there are.
 */

#include "vhost2/ring.h"

struct net_cursor {
	struct rte_vhost2_dev *vdev;
	struct rte_vhost2_vq *vq;
	const struct rte_vhost2_seg *segs;
	uint32_t left;   /**< segments from segs on, the current one included */
	uint32_t offset; /**< in the current one */
};

/** The beginning of @p nr segments. */
static inline struct net_cursor
net_cursor_begin(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, const struct rte_vhost2_seg *segs, uint32_t nr)
{
	const struct net_cursor cursor = {.vdev = vdev, .vq = vq, .segs = segs, .left = nr};

	return cursor;
}

/** Go on by @p len bytes. 0; -EINVAL: there are fewer. */
int net_cursor_skip(struct net_cursor *cursor, uint64_t len);
/** Copy out of the segments. 0; -EINVAL; -EFAULT: not mapped; -EAGAIN: a translation is awaited. */
int net_cursor_read(struct net_cursor *cursor, void *to, uint64_t len);
/** Copy into the segments, and log it. As net_cursor_read(). */
int net_cursor_write(struct net_cursor *cursor, const void *from, uint64_t len);

#endif /* VHOST2_NET_CURSOR_H */
