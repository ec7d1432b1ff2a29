/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_NET_MBUF_WORDS_H
#define VHOST2_NET_MBUF_WORDS_H

/*
 * A raw mbuf becomes a packet by two 16-byte stores. The names of the unions around these fields differ among DPDK
 * releases, their places do not: offsets are used, and checked.
 */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "virtio/barrier.h"

#define NET_MBUF_REARM offsetof(struct rte_mbuf, data_off)
#define NET_MBUF_LENGTHS offsetof(struct rte_mbuf, packet_type)

static_assert(NET_MBUF_REARM % 16 == 0, "a 16-byte store is aligned");
static_assert(offsetof(struct rte_mbuf, refcnt) == NET_MBUF_REARM + 2, "second of the first word");
static_assert(offsetof(struct rte_mbuf, nb_segs) == NET_MBUF_REARM + 4, "third of it");
static_assert(offsetof(struct rte_mbuf, port) == NET_MBUF_REARM + 6, "fourth of it");
static_assert(offsetof(struct rte_mbuf, ol_flags) == NET_MBUF_REARM + 8, "the second word");
static_assert(NET_MBUF_LENGTHS == NET_MBUF_REARM + 16, "the third word");
static_assert(offsetof(struct rte_mbuf, pkt_len) == NET_MBUF_LENGTHS + 4, "in it");
static_assert(offsetof(struct rte_mbuf, data_len) == NET_MBUF_LENGTHS + 8, "the fourth word");

typedef uint64_t net_mbuf_pair __attribute__((vector_size(16), may_alias));

/** data_off, refcnt, nb_segs and port of a packet of one segment. */
VIRTIO_INLINE uint64_t
net_mbuf_rearm(uint16_t port)
{
	return RTE_PKTMBUF_HEADROOM | 1ULL << 16 | 1ULL << 32 | (uint64_t)port << 48;
}

/** A packet of one segment of @p len bytes; no flags, type, tag or hash. */
VIRTIO_INLINE void
net_mbuf_fill(struct rte_mbuf *m, uint64_t rearm, uint32_t len)
{
	*(net_mbuf_pair *)((char *)m + NET_MBUF_REARM) = (net_mbuf_pair){rearm, 0};
	*(net_mbuf_pair *)((char *)m + NET_MBUF_LENGTHS) = (net_mbuf_pair){(uint64_t)len << 32, (uint16_t)len};
}

#endif /* VHOST2_NET_MBUF_WORDS_H */
