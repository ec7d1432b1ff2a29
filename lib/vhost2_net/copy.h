/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_NET_COPY_H
#define VHOST2_NET_COPY_H

/*
 * Copies of packets. Most are of 60 to 64 bytes: four vectors that overlap in the middle, loaded before the first is
 * stored, and no branch but one. Nothing beyond the length is read or written.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "virtio/barrier.h"

typedef uint64_t net_vector __attribute__((vector_size(16), aligned(1), may_alias));

VIRTIO_INLINE void
net_copy(void *to, const void *from, size_t len)
{
	char *const out = (char *)to;
	const char *const in = (const char *)from;
	net_vector a, b, c, d;

	if (__builtin_expect(len - 32 > 32, 0)) {
		memcpy(to, from, len);
		return;
	}
	a = *(const net_vector *)in;
	b = *(const net_vector *)(in + 16);
	c = *(const net_vector *)(in + len - 32);
	d = *(const net_vector *)(in + len - 16);
	*(net_vector *)out = a;
	*(net_vector *)(out + 16) = b;
	*(net_vector *)(out + len - 32) = c;
	*(net_vector *)(out + len - 16) = d;
}

#endif /* VHOST2_NET_COPY_H */
