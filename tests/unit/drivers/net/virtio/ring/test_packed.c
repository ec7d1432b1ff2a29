/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The slow half of a packed virtqueue, with numbers for cookies: what is known of a batch, what is counted, and what
 * is salvaged from a peer that vanished.
 * Covers VIRTIO 1.3 2.8.1 (wrap counters), 2.8.8 (in-order batches), 2.8.10 (event suppression).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ring/verbs.h"

int virtio_user_logtype;

/* Not a power of two. */
#define SIZE 6

struct fixture {
	struct virtqueue vq;
	struct packed_pos used; /* where the device writes */
	uint64_t breaks;
	void *mem;
};

static void
fixture_open(struct fixture *fixture, bool in_order)
{
	const size_t len = vring_layout_bytes(VRING_PACKED, SIZE);
	struct virtqueue_config config = {
		.port = "test0",
		.size = SIZE,
		.shape = {.format = VRING_PACKED, .in_order = in_order},
		.mem_len = len,
		.breaks = &fixture->breaks,
	};

	memset(fixture, 0, sizeof(*fixture));
	assert_int_equal(posix_memalign(&fixture->mem, 64, len), 0);
	config.mem = fixture->mem;
	assert_int_equal(virtqueue_init(&fixture->vq, &config), 0);
	fixture->used = packed_pos_start();
}

static void
fixture_close(struct fixture *fixture)
{
	virtqueue_fini(&fixture->vq);
	free(fixture->mem);
}

/* A buffer of @p links descriptors. */
static void
place(struct fixture *fixture, uintptr_t cookie, uint16_t links)
{
	const struct vq_shape shape = fixture->vq.shape;
	struct vq_cursor at = vq_cursor_begin(&fixture->vq, shape);
	const uint16_t head = vq_next_id(&at, shape);
	uint16_t i;

	for (i = 0; i < links; i++)
		vq_chain_add(&fixture->vq, &at, shape, cookie, 1, i + 1 < links ? VRING_DESC_F_NEXT : 0);
	vq_chain_end(&fixture->vq, &at, shape, head, links, (void *)cookie);
	vq_cursor_end(&fixture->vq, &at, shape);
}

/* The device returns @p id and skips @p slots. */
static void
give_back(struct fixture *fixture, uint16_t id, uint16_t slots)
{
	packed_used_publish(&fixture->vq.packed[fixture->used.idx], 0, id, packed_used_bits(fixture->used.wrap));
	fixture->used = packed_pos_advance(fixture->used, slots, SIZE);
}

static uintptr_t
reclaim_one(struct fixture *fixture)
{
	void *local[SIZE] = {NULL};
	void **done = local;

	assert_true(vq_ready_group(&fixture->vq, fixture->vq.shape, SIZE, true) > 0);
	assert_int_equal(vq_reclaim(&fixture->vq, fixture->vq.shape, &done, 1), 1);
	return (uintptr_t)done[0];
}

static void
a_new_ring_is_empty_and_wants_no_calls(void **state)
{
	struct fixture fixture;
	int i;

	(void)state;
	fixture_open(&fixture, true);
	assert_int_equal(fixture.vq.driver_event->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
	for (i = 0; i < SIZE; i++)
		assert_int_equal(fixture.vq.packed[i].flags, 0);
	assert_int_equal(fixture.vq.nb_free, SIZE);
	assert_int_equal(vq_ready(&fixture.vq, fixture.vq.shape), 0);
	assert_int_equal(virtqueue_peek_ready(&fixture.vq), 0);
	fixture_close(&fixture);
}

static void
peek_counts_buffers_not_descriptors(void **state)
{
	struct fixture fixture;
	int in_order;

	(void)state;
	for (in_order = 0; in_order < 2; in_order++) {
		fixture_open(&fixture, in_order == 1);
		place(&fixture, 1, 3);
		place(&fixture, 2, 1);
		place(&fixture, 3, 2);
		give_back(&fixture, in_order ? 2 : 0, 3);
		give_back(&fixture, in_order ? 3 : 1, 1);
		assert_int_equal(virtqueue_peek_ready(&fixture.vq), 2);
		assert_int_equal(reclaim_one(&fixture), 1);
		assert_int_equal(fixture.vq.nb_free, 3);
		assert_int_equal(virtqueue_peek_ready(&fixture.vq), 1);
		assert_int_equal(reclaim_one(&fixture), 2);
		assert_int_equal(fixture.vq.nb_free, 4);
		fixture_close(&fixture);
	}
}

static void
a_group_is_known_by_its_last_descriptor_alone(void **state)
{
	struct fixture fixture;
	uint16_t i;

	(void)state;
	fixture_open(&fixture, true);
	for (i = 0; i < 4; i++)
		place(&fixture, i + 1u, 1);
	/* The first three are not looked at, so they need not be there. */
	fixture.used.idx = 3;
	give_back(&fixture, 3, 1);
	assert_int_equal(vq_ready_group(&fixture.vq, fixture.vq.shape, 4, false), 4);
	assert_int_equal(reclaim_one(&fixture), 1);
	fixture_close(&fixture);
}

static void
a_batch_is_known_by_its_first_descriptor(void **state)
{
	struct fixture fixture;
	uint16_t i;

	(void)state;
	fixture_open(&fixture, true);
	for (i = 0; i < 5; i++)
		place(&fixture, i + 1u, 1);
	give_back(&fixture, 2, 3);
	assert_int_equal(vq_ready_group(&fixture.vq, fixture.vq.shape, 4, false), 0);
	assert_int_equal(vq_ready_group(&fixture.vq, fixture.vq.shape, 3, false), 3);
	give_back(&fixture, 4, 2);
	assert_int_equal(vq_ready_group(&fixture.vq, fixture.vq.shape, SIZE, true), 5);
	fixture_close(&fixture);
}

static void
salvage_keeps_the_order_of_posting_out_of_order(void **state)
{
	void *cookies[SIZE];
	struct fixture fixture;
	uint32_t n;

	(void)state;
	fixture_open(&fixture, false);
	place(&fixture, 1, 1);
	place(&fixture, 2, 1);
	place(&fixture, 3, 2);
	place(&fixture, 4, 1);
	/* Id 1 goes round and is the newest then. */
	give_back(&fixture, 1, 1);
	assert_int_equal(reclaim_one(&fixture), 2);
	place(&fixture, 5, 1);
	place(&fixture, 6, 1);
	/* Returned, but not taken: stays. */
	give_back(&fixture, 3, 1);
	assert_int_equal(packed_salvage(&fixture.vq, cookies, &n), 2);
	assert_int_equal(n, 4);
	assert_int_equal((uintptr_t)cookies[0], 1);
	assert_int_equal((uintptr_t)cookies[1], 3);
	assert_int_equal((uintptr_t)cookies[2], 5);
	assert_int_equal((uintptr_t)cookies[3], 6);
	assert_int_equal(fixture.vq.avail_pos.idx, 2);
	assert_int_equal(fixture.vq.nb_free, SIZE - 1);
	assert_int_equal(reclaim_one(&fixture), 4);
	assert_int_equal(fixture.vq.nb_free, SIZE);
	assert_int_equal(fixture.vq.nb_long, 0);
	fixture_close(&fixture);
}

static void
salvage_stops_at_what_cannot_be(void **state)
{
	void *cookies[SIZE];
	struct fixture fixture;
	int in_order;
	uint32_t n;

	(void)state;
	for (in_order = 0; in_order < 2; in_order++) {
		fixture_open(&fixture, in_order == 1);
		place(&fixture, 1, 1);
		place(&fixture, 2, 1);
		place(&fixture, 3, 1);
		give_back(&fixture, 0, 1);
		give_back(&fixture, 0, 1);
		give_back(&fixture, 2, 1);
		assert_int_equal(packed_salvage(&fixture.vq, cookies, &n), 1);
		assert_int_equal(n, 2);
		assert_int_equal((uintptr_t)cookies[0], 2);
		assert_int_equal((uintptr_t)cookies[1], 3);
		assert_int_equal(reclaim_one(&fixture), 1);
		fixture_close(&fixture);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_ring_is_empty_and_wants_no_calls),
		cmocka_unit_test(peek_counts_buffers_not_descriptors),
		cmocka_unit_test(a_group_is_known_by_its_last_descriptor_alone),
		cmocka_unit_test(a_batch_is_known_by_its_first_descriptor),
		cmocka_unit_test(salvage_keeps_the_order_of_posting_out_of_order),
		cmocka_unit_test(salvage_stops_at_what_cannot_be),
	};

	return cmocka_run_group_tests_name("ring/packed", tests, NULL, NULL);
}
