/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_TRANSPORT_LOOPBACK_PRIVATE_H
#define VHOST2_TRANSPORT_LOOPBACK_PRIVATE_H

/* What loopback_verbs.c has from loopback.c. */

#include "vhost2/transport/loopback.h"

/** A verb on its way, with whatever it needs. */
struct loopback_call {
	void (*begin)(struct session *session, const struct loopback_call *call);
	void (*collect)(struct session *session, const struct loopback_call *call);
	bool is_indexed;
	uint32_t index, number;
	uint64_t iova, size, value;
	uint16_t nr_queues, queue_size;
	uint8_t perm;
	int fd;
	const int *fds;
	const void *in;
	void *out;
	int rc;
};

/** Have the session do it. @return its result; -EINVAL, -ENOTCONN, -ETIMEDOUT as of all verbs */
int loopback_run(struct loopback *loopback, struct loopback_call *call);

#endif /* VHOST2_TRANSPORT_LOOPBACK_PRIVATE_H */
