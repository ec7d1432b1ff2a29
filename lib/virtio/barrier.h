/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VIRTIO_BARRIER_H
#define VIRTIO_BARRIER_H

/*
 * The only file that knows memory ordering.
 *
 * Theory of operation
 *
 * A ring is a conversation between two CPUs over shared memory. Each of the two directions is
 * the same simple pattern: the writer fills entries and then moves an index (split) or flips
 * a flag (packed); the reader sees the index or flag and then reads the entries. Two rules make
 * that correct on any CPU:
 *
 *  - the writer's index store is a RELEASE: whoever sees it also sees everything that was
 *    written before it;
 *  - the reader's index load is an ACQUIRE: nothing after it is read earlier than it.
 *
 * A release store and an acquire load meet on the same 16-bit word. x86 never reorders two
 * stores or two loads, so both cost nothing there but keep the compiler honest; aarch64 has
 * stlrh and ldarh for them.
 *
 * One pattern is different: "publish, then look whether the other side sleeps", done by both
 * sides at once with the roles swapped. Each stores one word and then loads another; if either
 * load passes its own store, both may conclude that nothing is to be done, and the ring stalls.
 * Acquire and release do not order a store before a later load. That needs a full barrier,
 * virtio_mb(), and it is the one expensive instruction of the data path: call it once a burst,
 * and only when notifications are not known to be off.
 *
 * Tearing. A word that the peer may write meanwhile is loaded exactly once, into a local, by one
 * instruction. A plain C load gives no such promise: the compiler may read it twice and a check
 * and a use then see different values. All loads and stores of shared words below are atomic
 * (or volatile, for wider copies), relaxed where no order is needed.
 *
 * Vectors. A packed ring's descriptor is two 8-byte words: where the buffer lies; and length, id and flags. Whoever sees
 * the flags must see the rest of these 16 bytes, no more: each descriptor is judged by its own flags, and the reader
 * walks from one to the next. A store of 32 or 64 aligned bytes does that although nothing promises that all of it
 * appears at once: Intel and AMD CPUs that have AVX promise that aligned 16-byte vector accesses are atomic, wider ones
 * are made of such pieces or are wider still, and before and after the whole, stores keep their order as all
 * ordinary stores do (never use non-temporal ones here). In which order the pieces of one line appear does not matter.
 * A load of a line is less demanding: 8 bytes of one moment, since length, id and flags are all that is read of a
 * used descriptor; each is judged by itself again, and what lies behind the first that is not used is thrown away.
 *
 * What this is not: barriers for a device on a bus. The peer is another CPU that shares our
 * memory coherently. VIRTIO 1.3 6: "If this feature bit is not negotiated, then the device and
 * driver are assumed to be implemented in software" - a device that insists on
 * VIRTIO_F_ORDER_PLATFORM needs stronger instructions than these on aarch64.
 */

#include <stdint.h>

/** Forced inlining: ring accessors are a few instructions in the hottest loops. */
#define VIRTIO_INLINE static inline __attribute__((always_inline))

/** Keeps the compiler, not the CPU, from moving memory accesses across. */
VIRTIO_INLINE void
virtio_compiler_barrier(void)
{
	__asm__ volatile("" : : : "memory");
}

/** Loads before stay before loads and stores after. Free on x86. */
VIRTIO_INLINE void
virtio_rmb(void)
{
#if defined(__x86_64__) || defined(__i386__)
	virtio_compiler_barrier();
#else
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
#endif
}

/** Loads and stores before stay before stores after. Free on x86. */
VIRTIO_INLINE void
virtio_wmb(void)
{
#if defined(__x86_64__) || defined(__i386__)
	virtio_compiler_barrier();
#else
	__atomic_thread_fence(__ATOMIC_RELEASE);
#endif
}

/**
 * Full barrier: also stores before stay before loads after.
 *
 * On x86 a locked addition of nothing to the stack is about half the price of mfence. It goes
 * below the red zone, away from what a return is about to load.
 */
VIRTIO_INLINE void
virtio_mb(void)
{
#if defined(__x86_64__)
	__asm__ volatile("lock addl $0, -132(%%rsp)" : : : "memory", "cc");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/** Load a shared word once and keep every later access behind it. */
VIRTIO_INLINE uint16_t
virtio_load_acquire16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/** Store a shared word after every earlier access. */
VIRTIO_INLINE void
virtio_store_release16(uint16_t *p, uint16_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

/** Load a shared word once, whole, in no particular order. */
VIRTIO_INLINE uint16_t
virtio_load_relaxed16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/** Store a shared word once, whole, in no particular order. */
VIRTIO_INLINE void
virtio_store_relaxed16(uint16_t *p, uint16_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

/** Eight shared bytes that need only four-byte alignment, of whatever type. */
typedef uint64_t virtio_u64_shared __attribute__((aligned(4), may_alias));

/** Copy eight shared bytes once; ordered, and whole, only by an acquire before it. */
VIRTIO_INLINE uint64_t
virtio_read_once64(const void *p)
{
	return *(const volatile virtio_u64_shared *)p;
}

/** Write eight shared bytes once; visible in order only by a release after it. */
VIRTIO_INLINE void
virtio_write_once64(void *p, uint64_t value)
{
	*(volatile virtio_u64_shared *)p = value;
}

/** Sixteen shared bytes as the CPU's smallest vector, of whatever type. */
typedef uint64_t virtio_u128_shared
	__attribute__((vector_size(16), aligned(8), may_alias));

/** Write sixteen shared bytes by one vector store; visible in order only by a release after. */
VIRTIO_INLINE void
virtio_write_once128(void *p, uint64_t low, uint64_t high)
{
	const virtio_u128_shared value = {low, high};

	*(volatile virtio_u128_shared *)p = value;
}

#ifdef __AVX2__
/** Thirty-two shared bytes, of whatever type. */
typedef long long virtio_u256_shared __attribute__((vector_size(32), aligned(4), may_alias));

/** Copy thirty-two shared bytes once; whole in pieces of eight. */
VIRTIO_INLINE virtio_u256_shared
virtio_read_once256(const void *p)
{
	return *(const volatile virtio_u256_shared *)p;
}

/** Write thirty-two shared bytes, aligned to sixteen, by one store; whole in pieces of sixteen. */
VIRTIO_INLINE void
virtio_write_once256(void *p, virtio_u256_shared value)
{
	*(volatile virtio_u256_shared *)p = value;
}
#endif

#ifdef __AVX512F__
/** Sixty-four shared bytes, of whatever type. */
typedef long long virtio_u512_shared __attribute__((vector_size(64), aligned(4), may_alias));

/** Copy sixty-four shared bytes once; whole in pieces of eight. */
VIRTIO_INLINE virtio_u512_shared
virtio_read_once512(const void *p)
{
	return *(const volatile virtio_u512_shared *)p;
}

/** Write sixty-four shared bytes, aligned to sixteen, by one store; whole in pieces of sixteen. */
VIRTIO_INLINE void
virtio_write_once512(void *p, virtio_u512_shared value)
{
	*(volatile virtio_u512_shared *)p = value;
}
#endif

#endif /* VIRTIO_BARRIER_H */
