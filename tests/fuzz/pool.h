/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A pool of mbufs on the ordinary heap that knows where each of them is: at home or out. While one
 * is at home, a sanitizer reports every access to it, so use after free shows as it would with
 * malloc; what comes home must be in the state in which allocation expects it, and must not be
 * there already. Made once; pool_begin() makes every run alike.
 */

#ifndef FUZZ_POOL_H
#define FUZZ_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

/** Mbufs in the pool. */
#define POOL_COUNT 640

struct pool;

/** @param room data room of each mbuf, headroom included */
struct pool *pool_make(uint16_t room);

/**
 * Everything home, in the same order and with the same bytes as ever; only @p cap mbufs can be had.
 */
void pool_begin(struct pool *pool, unsigned int cap);
/** Everything must be home. */
void pool_end(struct pool *pool);

struct rte_mempool *pool_mp(struct pool *pool);
/** A fresh mbuf, or NULL. */
struct rte_mbuf *pool_get(struct pool *pool);
/** Mbuf number @p i, wherever it is. */
struct rte_mbuf *pool_at(struct pool *pool, unsigned int i);
/** Whether [@p addr, @p addr + @p len) lies in the buffer of one mbuf that is out. */
bool pool_has(struct pool *pool, uint64_t addr, uint64_t len);

/** Gets and puts since the last call. */
unsigned int pool_count_moves(struct pool *pool);
/** Mbufs that came home since the last call. */
unsigned int pool_count_puts(struct pool *pool);

/** Write into a buffer whoever has it, as one who has mapped it can: no sanitizer looks on. */
void pool_poke(struct pool *pool, unsigned int i, uint32_t offset, uint32_t value);
/** A word of a buffer, for who looks after the sanitizer and the next run himself. @p offset: a multiple of 4. */
volatile uint32_t *pool_word(struct pool *pool, unsigned int i, uint32_t offset);
/** The same at an address; nothing happens unless pool_has() all of it. */
void pool_write(struct pool *pool, uint64_t addr, const void *bytes, uint32_t len);

/**
 * What a packet that a burst handed out must be like. The mbufs count as the application's until
 * they come home.
 */
void pool_check_packet(struct pool *pool, const struct rte_mbuf *m);

#endif /* FUZZ_POOL_H */
