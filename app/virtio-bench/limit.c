/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Both threads of the bare ring; see limit.h. */

#include <string.h>
#include <time.h>

#include "limit.h"

/** Batches between two looks at the clock. */
#define BATCHES_PER_LOOK 64

/** A descriptor's second word: length, and whose it is in which lap. */
#define WORD_AVAIL(lap) (1ull << 32 | (uint64_t)((lap) & 1) << 33)
#define WORD_USED(lap) (2ull << 34 | (uint64_t)((lap) & 1) << 33)
#define WORD_OWNER (~0ull << 32)

static const struct limit_variant variants[] = {
	{"first", true, true},
	{"lines", false, true},
	{"ring", false, false},
};

uint32_t
limit_variant_count(void)
{
	return sizeof(variants) / sizeof(variants[0]);
}

const struct limit_variant *
limit_variant_at(uint32_t i)
{
	return &variants[i];
}

/** The word that changes hands; what it publishes is read after it. */
static uint64_t
owner(const limit_desc *desc)
{
	return __atomic_load_n((const uint64_t *)desc + 1, __ATOMIC_ACQUIRE) & WORD_OWNER;
}

/** Volatile, so that stores are whole and stay in order; on weakly ordered CPUs see publish(). */
static void
store(limit_desc *desc, uint64_t address, uint64_t word)
{
	*(volatile limit_desc *)desc = (limit_desc){address, word};
}

/** The store that the other side looks at, after everything before it. */
static void
publish(limit_desc *desc, uint64_t address, uint64_t word)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	store(desc, address, word);
}

/** Write one batch, the descriptor that the other side looks at last. */
static void
batch_write(const struct limit *limit, uint32_t first, uint64_t word)
{
	uint32_t last = first + LIMIT_BATCH - 1;

	if (limit->variant->is_first_last) {
		for (uint32_t i = first + 1; i <= last; i++)
			store(&limit->ring[i], i, word);
		publish(&limit->ring[first], first, word);
		return;
	}
	for (uint32_t i = first; i < last; i++)
		store(&limit->ring[i], i, word);
	publish(&limit->ring[last], last, word);
}

static limit_desc *
watched(const struct limit *limit, uint32_t first)
{
	return &limit->ring[limit->variant->is_first_last ? first : first + LIMIT_BATCH - 1];
}

static void
payloads_touch(const struct limit *limit, uint32_t first, uint64_t value)
{
	for (uint32_t i = first; i < first + LIMIT_BATCH; i++) {
		limit_desc *line = (limit_desc *)(limit->payload + (uint64_t)i * LIMIT_STRIDE);

		for (uint32_t part = 0; part < 4; part++)
			*(volatile limit_desc *)&line[part] = (limit_desc){value, i};
	}
}

static void
payloads_copy(const struct limit *limit, uint32_t first)
{
	for (uint32_t i = first; i < first + LIMIT_BATCH; i++) {
		uint64_t index = ((const volatile uint64_t *)&limit->ring[i])[0];
		uint64_t offset = index % LIMIT_RING * LIMIT_STRIDE;

		memcpy(limit->copies + offset, limit->payload + offset, limit->frame);
	}
}

void
limit_receive(struct limit *limit)
{
	for (uint32_t batch = 0;; batch++) {
		uint32_t first = batch * LIMIT_BATCH % LIMIT_RING;
		uint32_t lap = batch * LIMIT_BATCH / LIMIT_RING;

		while (owner(watched(limit, first)) != WORD_AVAIL(lap))
			if (__atomic_load_n(&limit->stop, __ATOMIC_RELAXED))
				return;
		payloads_copy(limit, first);
		batch_write(limit, first, WORD_USED(lap));
	}
}

static double
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void
batch_send(const struct limit *limit, uint32_t batch)
{
	uint32_t first = batch * LIMIT_BATCH % LIMIT_RING;
	uint32_t lap = batch * LIMIT_BATCH / LIMIT_RING;

	if (lap > 0)
		while (owner(watched(limit, first)) != WORD_USED(lap - 1))
			;
	if (limit->variant->touches_payload)
		payloads_touch(limit, first, batch);
	batch_write(limit, first, WORD_AVAIL(lap) | limit->frame);
}

double
limit_send(struct limit *limit, uint32_t milliseconds)
{
	uint32_t batch = 0, counted_from;
	double start, now;

	/* Two laps until the receiver surely runs and the lines are where they will be. */
	while (batch < 2 * LIMIT_RING / LIMIT_BATCH)
		batch_send(limit, batch++);
	counted_from = batch;
	start = now_us();
	do {
		for (uint32_t i = 0; i < BATCHES_PER_LOOK; i++)
			batch_send(limit, batch++);
		now = now_us();
	} while (now - start < milliseconds * 1e3);
	__atomic_store_n(&limit->stop, 1, __ATOMIC_RELAXED);
	return (double)(batch - counted_from) * LIMIT_BATCH / (now - start);
}
