/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The ring without packets: what init leaves behind, what drain finds, and how a long-held descriptor keeps its place
 * when a peer vanishes. The verbs themselves are walked by the tests of rxtx/.
 * Covers VIRTIO 1.3 2.7.5 (descriptor table), 2.7.6 (available ring).
 */

#include <errno.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ring/verbs.h"

int virtio_user_logtype;

#define SIZE 8

struct fixture {
	struct virtqueue vq;
	uint64_t breaks;
	void *mem;
};

static void
fixture_open(struct fixture *fixture, bool in_order)
{
	const size_t len = vring_layout_bytes(VRING_SPLIT, SIZE);
	struct virtqueue_config config = {
		.port = "test0",
		.size = SIZE,
		.shape = {.format = VRING_SPLIT, .in_order = in_order},
		.mem_len = len,
		.breaks = &fixture->breaks,
	};

	fixture->breaks = 0;
	assert_int_equal(posix_memalign(&fixture->mem, 64, len), 0);
	config.mem = fixture->mem;
	assert_int_equal(virtqueue_init(&fixture->vq, &config), 0);
}

static void
fixture_close(struct fixture *fixture)
{
	virtqueue_fini(&fixture->vq);
	free(fixture->mem);
}

static const struct vq_shape out_of_order = {.format = VRING_SPLIT};

static void
place(struct virtqueue *vq, uintptr_t cookie)
{
	struct vq_cursor at = vq_cursor_begin(vq, out_of_order);

	vq_place(&at, out_of_order, (void *)cookie, cookie, 1, 0);
	vq_cursor_end(vq, &at, out_of_order);
	vq_publish(vq, out_of_order);
}

static void
place_chain(struct virtqueue *vq, uintptr_t cookie, uint16_t links)
{
	struct vq_cursor at = vq_cursor_begin(vq, out_of_order);
	const uint16_t head = vq_next_id(&at, out_of_order);
	uint16_t i;

	for (i = 0; i < links; i++)
		vq_chain_add(vq, &at, out_of_order, 0, 1, i + 1 < links ? VRING_DESC_F_NEXT : 0);
	vq_chain_end(vq, &at, out_of_order, head, links, (void *)cookie);
	vq_cursor_end(vq, &at, out_of_order);
}

static void
give_back(struct virtqueue *vq, uint16_t id)
{
	split_used_elem_write(vq->used, vq->used->idx & vq->mask, id, 0);
	split_used_publish(vq->used, (uint16_t)(vq->used->idx + 1));
}

static uintptr_t
reclaim_one(struct virtqueue *vq)
{
	void *local[1] = {NULL};
	void **done = local;

	assert_int_equal(vq_ready(vq, out_of_order), 1);
	assert_int_equal(vq_reclaim(vq, out_of_order, &done, 1), 1);
	return (uintptr_t)done[0];
}

static void
a_new_ring_is_empty_wants_no_calls_and_has_its_entries_written(void **state)
{
	struct fixture fixture;
	unsigned int i;

	(void)state;
	fixture_open(&fixture, true);
	assert_int_equal(fixture.vq.avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
	assert_int_equal(fixture.vq.avail->idx, 0);
	for (i = 0; i < SIZE; i++)
		assert_int_equal(fixture.vq.avail->ring[i], i);
	assert_int_equal(fixture.vq.nb_free, SIZE);
	assert_int_equal(vq_ready(&fixture.vq, out_of_order), 0);
	fixture_close(&fixture);
}

static void
an_entry_that_is_right_already_is_not_written_again(void **state)
{
	struct fixture fixture;
	unsigned int i;

	(void)state;
	fixture_open(&fixture, false);
	for (i = 0; i < SIZE; i++)
		fixture.vq.avail->ring[i] = 0x7777;
	for (i = 0; i < 3 * SIZE; i++) {
		place(&fixture.vq, i + 1);
		give_back(&fixture.vq, (uint16_t)(i % SIZE));
		assert_int_equal(reclaim_one(&fixture.vq), i + 1);
	}
	for (i = 0; i < SIZE; i++)
		assert_int_equal(fixture.vq.avail->ring[i], 0x7777);
	fixture_close(&fixture);
}

static void
salvage_finds_a_long_held_buffer_first(void **state)
{
	struct fixture fixture;
	struct virtqueue *const vq = &fixture.vq;
	void *cookies[SIZE];
	unsigned int i;
	uint32_t n;

	(void)state;
	fixture_open(&fixture, false);
	/* Descriptor 0 stays with the peer while the others go round twice and overwrite its entry. */
	place(vq, 1000);
	for (i = 0; i < 2 * SIZE; i++) {
		place(vq, i + 1);
		give_back(vq, (uint16_t)(1 + i % (SIZE - 1)));
		assert_int_equal(reclaim_one(vq), i + 1);
	}
	place(vq, 1001);
	place(vq, 1002);
	assert_int_equal(virtqueue_salvage(vq, cookies, &n), 2 * SIZE);
	assert_int_equal(virtqueue_base(vq), 2 * SIZE);
	assert_int_equal(vq->avail->idx, 2 * SIZE);
	assert_int_equal(n, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal((uintptr_t)cookies[i], 1000 + i);
	assert_int_equal(vq->nb_free, SIZE);
	assert_int_equal(virtqueue_outstanding(vq), 0);
	fixture_close(&fixture);
}

/* Chains of 3, 1 and 2 descriptors of which the second comes back first, round the end of the table. */
static void
a_ring_of_chains_scatters_into_what_it_was(void **state)
{
	static const uint16_t links[] = {3, 1, 2};
	struct fixture fixture;
	struct virtqueue *const vq = &fixture.vq;
	unsigned int start;
	unsigned int i;

	(void)state;
	for (start = 0; start < SIZE; start++) {
		fixture_open(&fixture, false);
		for (i = 0; i < start; i++) {
			place(vq, i + 1);
			give_back(vq, (uint16_t)i);
			assert_int_equal(reclaim_one(vq), i + 1);
		}
		for (i = 0; i < 3; i++)
			place_chain(vq, 100 + i, links[i]);
		assert_true(vq->is_lined_up);
		give_back(vq, (start + 3) % SIZE);
		assert_int_equal(reclaim_one(vq), 101);
		assert_false(vq->is_lined_up);
		assert_int_equal(vq->nb_free, SIZE - 5);
		give_back(vq, start % SIZE);
		assert_int_equal(reclaim_one(vq), 100);
		give_back(vq, (start + 4) % SIZE);
		assert_int_equal(reclaim_one(vq), 102);
		assert_int_equal(vq->nb_free, SIZE);
		assert_int_equal(fixture.breaks, 0);
		fixture_close(&fixture);
	}
}

static void
one_chain_may_fill_the_table_when_it_scatters(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, false);
	place_chain(&fixture.vq, 7, SIZE);
	virtqueue_scatter(&fixture.vq);
	give_back(&fixture.vq, 0);
	assert_int_equal(reclaim_one(&fixture.vq), 7);
	assert_int_equal(fixture.vq.nb_free, SIZE);
	fixture_close(&fixture);
}

static void
count_cookie(void *ctx, void *cookie)
{
	*(uintptr_t *)ctx += (uintptr_t)cookie;
}

static void
drain_finds_each_outstanding_cookie_once(void **state)
{
	struct fixture fixture;
	uintptr_t sum = 0;

	(void)state;
	fixture_open(&fixture, false);
	place(&fixture.vq, 1);
	place(&fixture.vq, 10);
	place(&fixture.vq, 100);
	give_back(&fixture.vq, 1);
	assert_int_equal(reclaim_one(&fixture.vq), 10);
	virtqueue_drain(&fixture.vq, count_cookie, &sum);
	assert_int_equal(sum, 101);
	fixture_close(&fixture);
}

static void
peek_trusts_no_index(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, false);
	place(&fixture.vq, 1);
	split_used_publish(fixture.vq.used, 1);
	assert_int_equal(virtqueue_peek_ready(&fixture.vq), 1);
	split_used_publish(fixture.vq.used, 2);
	assert_int_equal(virtqueue_peek_ready(&fixture.vq), 0);
	assert_int_equal(fixture.breaks, 0);
	fixture_close(&fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_ring_is_empty_wants_no_calls_and_has_its_entries_written),
		cmocka_unit_test(an_entry_that_is_right_already_is_not_written_again),
		cmocka_unit_test(salvage_finds_a_long_held_buffer_first),
		cmocka_unit_test(a_ring_of_chains_scatters_into_what_it_was),
		cmocka_unit_test(one_chain_may_fill_the_table_when_it_scatters),
		cmocka_unit_test(drain_finds_each_outstanding_cookie_once),
		cmocka_unit_test(peek_trusts_no_index),
	};

	return cmocka_run_group_tests_name("ring/virtqueue", tests, NULL, NULL);
}
