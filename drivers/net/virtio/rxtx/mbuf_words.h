/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The mbuf as the data path writes it: two 16-byte stores make a received packet of a raw buffer. The fields have kept
 * their places in every DPDK release while the names of the unions around them changed, so offsets are used, and checked.
 */

#ifndef VIRTIO_RXTX_MBUF_WORDS_H
#define VIRTIO_RXTX_MBUF_WORDS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "virtio/barrier.h"

#define MBUF_REARM offsetof(struct rte_mbuf, data_off)
#define MBUF_RX_FIELDS offsetof(struct rte_mbuf, packet_type)

static_assert(MBUF_REARM % 16 == 0, "a 16-byte store is aligned");
static_assert(offsetof(struct rte_mbuf, refcnt) == MBUF_REARM + 2, "second of the rearm word");
static_assert(offsetof(struct rte_mbuf, nb_segs) == MBUF_REARM + 4, "third of the rearm word");
static_assert(offsetof(struct rte_mbuf, port) == MBUF_REARM + 6, "fourth of the rearm word");
static_assert(offsetof(struct rte_mbuf, ol_flags) == MBUF_REARM + 8, "the rearm word's neighbour");
static_assert(MBUF_RX_FIELDS == MBUF_REARM + 16, "behind the offload flags");
static_assert(offsetof(struct rte_mbuf, pkt_len) == MBUF_RX_FIELDS + 4, "behind the packet type");
static_assert(offsetof(struct rte_mbuf, data_len) == MBUF_RX_FIELDS + 8, "behind the packet length");

typedef uint64_t mbuf_word __attribute__((may_alias));
typedef uint64_t mbuf_two_words __attribute__((vector_size(16), may_alias));

/** data_off, refcnt, nb_segs and port as one word. */
VIRTIO_INLINE uint64_t
mbuf_rearm_word(uint16_t data_off, uint16_t refcnt, uint16_t nb_segs, uint16_t port)
{
	return data_off | (uint64_t)refcnt << 16 | (uint64_t)nb_segs << 32 | (uint64_t)port << 48;
}

/** data_off, refcnt, nb_segs and port of an mbuf by one load. */
VIRTIO_INLINE uint64_t
mbuf_rearm_read(const struct rte_mbuf *m)
{
	return *(const mbuf_word *)((const char *)m + MBUF_REARM);
}

/** What is the same in every packet of a queue. */
struct mbuf_init {
	uint64_t rearm;
	uint64_t ol_flags;
};

/** Make a raw buffer a packet of one segment with @p len bytes; no packet type, tag or hash. */
VIRTIO_INLINE void
mbuf_fill(struct rte_mbuf *m, struct mbuf_init init, uint32_t len)
{
	*(mbuf_two_words *)((char *)m + MBUF_REARM) = (mbuf_two_words){init.rearm, init.ol_flags};
	*(mbuf_two_words *)((char *)m + MBUF_RX_FIELDS) = (mbuf_two_words){(uint64_t)len << 32, (uint16_t)len};
}

#endif /* VIRTIO_RXTX_MBUF_WORDS_H */
