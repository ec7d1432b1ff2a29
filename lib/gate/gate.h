/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A gate at the door of a queue's data path, in either half: the control path closes it and then knows that no thread
 * is inside a burst and none will enter, without a fence or an atomic read-modify-write on the data path.
 *
 * Theory of operation. The data thread says "busy" (plain store) and then looks whether the gate is open (plain
 * load); the control thread says "closed" and then looks whether somebody is busy. One of the two must see the
 * other, which wants a full barrier between store and load on both sides. The data thread pays for none: the
 * control thread makes every other thread of the process execute one by membarrier(PRIVATE_EXPEDITED).
 * Where the kernel has no membarrier, gate_fence is set at start-up and the data path fences for itself.
 *
 * A thread that polls a closed gate must not say "busy" again and again: its "not busy" would leave the store
 * buffer together with the next "busy", and the control thread might never see one. So it looks before it says.
 */

#ifndef GATE_GATE_H
#define GATE_GATE_H

#include <stdbool.h>
#include <stdint.h>

/** One per queue. A queue is polled by one thread at a time, as ethdev demands. */
struct gate {
	uint32_t open; /**< written by the control path alone */
	uint32_t busy; /**< written by the polling thread alone */
};

/** True when the data path must fence for itself; constant after gate_setup(). */
extern bool gate_fence;

/** Register the process for membarrier. Called once per port; idempotent. */
void gate_setup(void);

/** Let bursts in. What the control path wrote before is seen by the next burst. */
void gate_open(struct gate *gate);

/** Keep bursts out and wait until none is inside. Idempotent. */
void gate_close(struct gate *gate);

/** @return true: the caller is inside and must call gate_leave(). */
static inline bool
gate_enter(struct gate *gate)
{
	if (__builtin_expect(__atomic_load_n(&gate->open, __ATOMIC_RELAXED) == 0, 0))
		return false;
	__atomic_store_n(&gate->busy, 1, __ATOMIC_RELAXED);
	if (__builtin_expect(gate_fence, 0))
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	else
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (__builtin_expect(__atomic_load_n(&gate->open, __ATOMIC_ACQUIRE), 1))
		return true;
	__atomic_store_n(&gate->busy, 0, __ATOMIC_RELEASE);
	return false;
}

static inline void
gate_leave(struct gate *gate)
{
	__atomic_store_n(&gate->busy, 0, __ATOMIC_RELEASE);
}

#endif /* GATE_GATE_H */
