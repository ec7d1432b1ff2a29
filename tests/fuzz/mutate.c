/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Mutations of programs of steps, for libFuzzer alone: whole steps come, go, move and are repeated,
 * operands take the values at which things break, and only one step at a time is left to
 * libFuzzer's own mutations, dictionary included.
 */

#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_size, const uint8_t *second, size_t second_size,
	uint8_t *out, size_t max_size, unsigned int seed);

/* Operands that sit on borders: of rings, of lengths, of 16 and 32 bits. */
static const uint32_t borders[] = {
	0, 1, 2, 3, 7, 8, 9, 11, 12, 13, 25, 26, 27, 63, 64, 65, 127, 128, 255, 256, 257, 1535, 1536, 1548, 1549, 0x7fff,
	0x8000, 0xfffe, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
};

static uint32_t
draw(uint32_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return below == 0 ? 0 : *state % below;
}

static void
bend(uint8_t *where, uint32_t *state)
{
	const uint32_t border = borders[draw(state, sizeof(borders) / sizeof(borders[0]))];
	struct step step;

	memcpy(&step, where, STEP_SIZE);
	switch (draw(state, 5)) {
	case 0:
		step.op = (uint8_t)draw(state, 32);
		break;
	case 1:
		step.a = (uint8_t)draw(state, 256);
		break;
	case 2:
		step.b = (uint16_t)border;
		break;
	case 3:
		step.c = border;
		break;
	default:
		step.c += draw(state, 9) - 4;
		break;
	}
	memcpy(where, &step, STEP_SIZE);
}

/* One step by libFuzzer's own means; what it shortened keeps its old end. */
static void
hand_over(uint8_t *where)
{
	uint8_t copy[STEP_SIZE];
	size_t size;

	memcpy(copy, where, STEP_SIZE);
	size = LLVMFuzzerMutate(copy, STEP_SIZE, STEP_SIZE);
	memcpy(where, copy, size < STEP_SIZE ? size : STEP_SIZE);
}

/* Copy @p n steps from one place to another, moving up what was there. @return steps now */
static size_t
repeat(uint8_t *data, size_t steps, size_t room, uint32_t *state)
{
	const size_t from = draw(state, (uint32_t)steps);
	const size_t to = draw(state, (uint32_t)steps + 1);
	uint8_t run[8 * STEP_SIZE];
	size_t n = 1 + draw(state, 8);

	n = n < steps - from ? n : steps - from;
	n = n < room - steps ? n : room - steps;
	memcpy(run, data + from * STEP_SIZE, n * STEP_SIZE);
	memmove(data + (to + n) * STEP_SIZE, data + to * STEP_SIZE, (steps - to) * STEP_SIZE);
	memcpy(data + to * STEP_SIZE, run, n * STEP_SIZE);
	return steps + n;
}

static size_t
drop(uint8_t *data, size_t steps, uint32_t *state)
{
	const size_t at = draw(state, (uint32_t)steps);
	size_t n = 1 + draw(state, 4);

	n = n < steps - at ? n : steps - at;
	memmove(data + at * STEP_SIZE, data + (at + n) * STEP_SIZE, (steps - at - n) * STEP_SIZE);
	return steps - n;
}

static void
swap(uint8_t *data, size_t steps, uint32_t *state)
{
	uint8_t *const one = data + draw(state, (uint32_t)steps) * STEP_SIZE;
	uint8_t *const other = data + draw(state, (uint32_t)steps) * STEP_SIZE;
	uint8_t copy[STEP_SIZE];

	memcpy(copy, one, STEP_SIZE);
	memmove(one, other, STEP_SIZE);
	memcpy(other, copy, STEP_SIZE);
}

static size_t
append(uint8_t *data, size_t steps, uint32_t *state)
{
	struct step step = {
		.op = (uint8_t)draw(state, 32),
		.a = (uint8_t)draw(state, 256),
		.b = (uint16_t)draw(state, 0x10000),
		.c = draw(state, 0x10000),
	};

	memcpy(data + steps * STEP_SIZE, &step, STEP_SIZE);
	return steps + 1;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint32_t state = seed * 2654435761u + 1;
	const size_t room = max_size / STEP_SIZE;
	size_t steps = size / STEP_SIZE;
	uint32_t times;

	for (times = 1 + draw(&state, 4); times > 0; times--) {
		const uint32_t what = draw(&state, 10);

		if (steps == 0 || (what == 0 && steps < room))
			steps = append(data, steps, &state);
		else if (what <= 2 && steps < room)
			steps = repeat(data, steps, room, &state);
		else if (what == 3 && steps > 1)
			steps = drop(data, steps, &state);
		else if (what == 4)
			swap(data, steps, &state);
		else if (what <= 6)
			hand_over(data + draw(&state, (uint32_t)steps) * STEP_SIZE);
		else
			bend(data + draw(&state, (uint32_t)steps) * STEP_SIZE, &state);
	}
	return steps * STEP_SIZE;
}

/* The beginning of one program and the end of another, cut between steps. */
size_t
LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_size, const uint8_t *second, size_t second_size,
	uint8_t *out, size_t max_size, unsigned int seed)
{
	uint32_t state = seed * 2654435761u + 1;
	size_t head = draw(&state, (uint32_t)(first_size / STEP_SIZE) + 1) * STEP_SIZE;
	const size_t skip = draw(&state, (uint32_t)(second_size / STEP_SIZE) + 1) * STEP_SIZE;
	size_t tail = (second_size - skip) / STEP_SIZE * STEP_SIZE;

	head = head < max_size ? head : max_size / STEP_SIZE * STEP_SIZE;
	tail = tail < max_size - head ? tail : (max_size - head) / STEP_SIZE * STEP_SIZE;
	memcpy(out, first, head);
	if (tail > 0)
		memcpy(out + head, second + skip, tail);
	return head + tail;
}
