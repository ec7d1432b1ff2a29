/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The control path's side of the gate. See gate.h.
 */

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gate/gate.h"

/* A burst lasts microseconds; only a preempted thread is waited for longer. */
#define YIELDS 64
#define NAP_NS 50000

bool gate_fence;

static long
membarrier(int command)
{
	return syscall(__NR_membarrier, command, 0, 0);
}

void
gate_setup(void)
{
	if (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0)
		gate_fence = true;
}

void
gate_open(struct gate *gate)
{
	__atomic_store_n(&gate->open, 1, __ATOMIC_RELEASE);
}

static void
nap(void)
{
	const struct timespec time = {.tv_nsec = NAP_NS};

	nanosleep(&time, NULL);
}

/* After this, either we see "busy", or the data thread will see "closed". */
static void
fence_everybody(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (gate_fence || membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0)
		return;
	/*
	 * Not registered (a child of fork, say): a system-wide barrier is slow and needs no registration. Where even
	 * that is refused, no store buffer keeps a word for as long as a sleep takes.
	 */
	if (membarrier(MEMBARRIER_CMD_GLOBAL) != 0)
		nap();
}

void
gate_close(struct gate *gate)
{
	unsigned int tries;

	__atomic_store_n(&gate->open, 0, __ATOMIC_RELAXED);
	fence_everybody();
	for (tries = 0; __atomic_load_n(&gate->busy, __ATOMIC_ACQUIRE) != 0; tries++) {
		if (tries < YIELDS)
			sched_yield();
		else
			nap();
	}
}
