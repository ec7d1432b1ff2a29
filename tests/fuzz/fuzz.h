/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What every fuzz target stands on: the entry point, a check that ends the run with a name,
 * programs of steps, and a way to see that no descriptor was left open.
 *
 * Theory of operation. A target is one function over bytes, deterministic, without EAL. Linked with
 * libFuzzer it is searched; linked with replay.c it only runs its seeds, which every build does.
 * Inputs are programs of eight-byte steps where what is tested is a machine with a state (rings, a
 * connection): a mutator (mutate.c) that inserts, drops, moves and bends whole steps keeps the rest
 * of a program meaning what it meant. Every operand is valid; it is the target that takes it modulo
 * something.
 */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** The target. @return 0; -1: not an input worth keeping. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/** Once, before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/** The oracle: says what did not hold, and ends the process so that the input is kept. */
#define FUZZ_CHECK(what) \
	do { \
		if (!(what)) \
			fuzz_fail(__FILE__, __LINE__, #what); \
	} while (0)

_Noreturn void fuzz_fail(const char *file, int line, const char *what);

/** Remember which descriptors are open; then see that the same ones are, and no other. */
void fuzz_fds_begin(void);
void fuzz_fds_end(void);
/** Up to @p n descriptors that may be sent away; they stay open. */
const int *fuzz_fds(void);
#define FUZZ_FDS_MAX 16

/** One step of a program. */
struct step {
	uint8_t op;
	uint8_t a;
	uint16_t b;
	uint32_t c;
};

#define STEP_SIZE 8
_Static_assert(sizeof(struct step) == STEP_SIZE, "steps lie in inputs as they are");

/** What is left of a program. */
struct steps {
	const uint8_t *at;
	size_t left;
};

/** @return false: the program has ended, @p step is all zero */
static inline bool
steps_next(struct steps *steps, struct step *step)
{
	memset(step, 0, sizeof(*step));
	if (steps->left < STEP_SIZE)
		return false;
	memcpy(step, steps->at, STEP_SIZE);
	steps->at += STEP_SIZE;
	steps->left -= STEP_SIZE;
	return true;
}

#endif /* FUZZ_H */
