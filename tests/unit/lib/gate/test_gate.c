/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The gate: after gate_close() no thread is inside, with membarrier and with the data path's own fence.
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <unistd.h>

#include "gate/gate.h"

struct race {
	struct gate gate;
	bool stop;
	/* Plain on purpose: only the gate keeps the two threads apart. */
	uint64_t guarded;
	uint64_t entered;
};

static void *
poll_forever(void *arg)
{
	struct race *const race = arg;

	while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
		if (!gate_enter(&race->gate))
			continue;
		*(volatile uint64_t *)&race->guarded += 1;
		*(volatile uint64_t *)&race->guarded -= 1;
		__atomic_fetch_add(&race->entered, 1, __ATOMIC_RELAXED);
		gate_leave(&race->gate);
	}
	return NULL;
}

/* While the gate is closed, nobody touches what it guards. */
static void
race_once(struct race *race)
{
	volatile uint64_t *const guarded = &race->guarded;
	int i;

	gate_close(&race->gate);
	assert_int_equal(*guarded, 0);
	*guarded = 100;
	for (i = 0; i < 200; i++)
		assert_int_equal(*guarded, 100);
	*guarded = 0;
	gate_open(&race->gate);
}

static void
race_many(void)
{
	struct race race = {0};
	pthread_t thread;
	int i;

	assert_int_equal(pthread_create(&thread, NULL, poll_forever, &race), 0);
	gate_open(&race.gate);
	for (i = 0; i < 10000 || __atomic_load_n(&race.entered, __ATOMIC_RELAXED) < 1000; i++) {
		race_once(&race);
		/* On a busy machine the other thread may not be running at all. */
		if (i % 64 == 63)
			usleep(20);
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

static void
close_keeps_a_racing_thread_out_by_membarrier(void **state)
{
	(void)state;
	gate_setup();
	gate_setup();
	race_many();
}

static void
close_keeps_a_racing_thread_out_by_fence(void **state)
{
	const bool before = gate_fence;

	(void)state;
	gate_fence = true;
	race_many();
	gate_fence = before;
}

static void
a_new_gate_is_closed_and_closing_is_idempotent(void **state)
{
	struct gate gate = {0};

	(void)state;
	assert_false(gate_enter(&gate));
	gate_close(&gate);
	gate_close(&gate);
	assert_false(gate_enter(&gate));
	assert_int_equal(gate.busy, 0);
	gate_open(&gate);
	assert_true(gate_enter(&gate));
	assert_int_equal(gate.busy, 1);
	gate_leave(&gate);
	gate_close(&gate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_gate_is_closed_and_closing_is_idempotent),
		cmocka_unit_test(close_keeps_a_racing_thread_out_by_membarrier),
		cmocka_unit_test(close_keeps_a_racing_thread_out_by_fence),
	};

	return cmocka_run_group_tests_name("lib/gate", tests, NULL, NULL);
}
