/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* inflight.c: a record survives its writer, at each point of a batch, and is not believed when it lies. */

#include "rig.h"

#include "vhost2/inflight.h"

#define SIZE 16

static const struct memory_owner owner = { &(int){ 0 }, -1 };
static int file;
static uint64_t bytes;
static struct inflight *inflight;
static struct rte_vhost2_vq_inflight record;
static struct rte_vhost2_vq vq;

static int
make(void **state)
{
	(void)state;
	memset(&record, 0, sizeof(record));
	vq = (struct rte_vhost2_vq){ .inflight = &record };
	file = inflight_make(2, SIZE, &bytes);
	return file < 0 || inflight_create(file, 0, bytes, 2, SIZE, &owner, &inflight) != 0;
}

static int
unmake(void **state)
{
	(void)state;
	inflight_detach(&record);
	inflight_destroy(inflight);
	inflight_destroy(NULL);
	close(file);
	return count_maps();
}

/* The writer is gone, another comes. @return how many are to be done again, the heads in `heads` */
static int
come_back(uint16_t used_idx, uint16_t *heads)
{
	int nr = 0;

	inflight_detach(&record);
	assert_int_equal(inflight_attach(inflight, &record, 1, SIZE, used_idx), 0);
	while (rte_vhost2_inflight_next(&vq, &heads[nr]))
		nr++;
	return nr;
}

static void
what_was_taken_is_done_again_in_its_order(void **state)
{
	uint16_t heads[SIZE];

	(void)state;
	assert_int_equal(come_back(0, heads), 0);
	rte_vhost2_inflight_take(&vq, 9);
	rte_vhost2_inflight_take(&vq, 2);
	rte_vhost2_inflight_take(&vq, 5);
	assert_int_equal(come_back(0, heads), 3);
	assert_int_equal(heads[0], 9);
	assert_int_equal(heads[1], 2);
	assert_int_equal(heads[2], 5);
	rte_vhost2_inflight_take(&vq, 1);
	assert_int_equal(come_back(0, heads), 4);
	assert_int_equal(heads[3], 1);
}

static void
a_crash_in_a_batch_loses_nothing_and_repeats_nothing_published(void **state)
{
	uint16_t heads[SIZE];

	(void)state;
	come_back(100, heads);
	for (uint16_t head = 0; head < 4; head++)
		rte_vhost2_inflight_take(&vq, head);
	rte_vhost2_inflight_put(&vq, 1);
	rte_vhost2_inflight_put(&vq, 3);
	/* Before used->idx was published: all. */
	assert_int_equal(come_back(100, heads), 4);
	/* After it was: those of the batch are done. */
	assert_int_equal(come_back(102, heads), 2);
	assert_int_equal(heads[0], 0);
	assert_int_equal(heads[1], 2);
	/* And after commit nothing changes by coming back. */
	rte_vhost2_inflight_put(&vq, 0);
	rte_vhost2_inflight_commit(&vq, 103);
	assert_int_equal(come_back(103, heads), 1);
	assert_int_equal(heads[0], 2);
}

static void
a_record_that_lies_is_refused(void **state)
{
	static const struct {
		unsigned int offset;
		uint16_t value;
	} rows[] = {
		{ 8, 2 },          /* version */
		{ 10, SIZE + 1 },  /* desc_num */
		{ 10, 0 },
		{ 12, SIZE },      /* last_batch_head, with something published */
		{ 12, 0xffff },
		{ 14, 0x8000 },    /* used_idx */
		{ 16 + 6, 0xffff } /* next of buffer 0 */
	};
	const off_t at = (off_t)(bytes / 2);
	uint16_t heads[SIZE];

	(void)state;
	for (size_t i = 0; i < NR(rows); i++) {
		assert_int_equal(ftruncate(file, at), 0);
		assert_int_equal(ftruncate(file, (off_t)bytes), 0);
		come_back(0, heads);
		rte_vhost2_inflight_take(&vq, 0);
		rte_vhost2_inflight_put(&vq, 0);
		inflight_detach(&record);
		assert_int_equal(pwrite(file, &rows[i].value, 2, at + rows[i].offset), 2);
		assert_int_equal(inflight_attach(inflight, &record, 1, SIZE, 2), -EINVAL);
		assert_false(rte_vhost2_inflight_next(&vq, heads));
	}
}

static void
a_batch_that_leads_in_circles_ends(void **state)
{
	const uint16_t self = 3;
	uint16_t heads[SIZE];

	(void)state;
	come_back(0, heads);
	rte_vhost2_inflight_take(&vq, 3);
	rte_vhost2_inflight_put(&vq, 3);
	assert_int_equal(pwrite(file, &self, 2, (off_t)(bytes / 2) + 16 + 3 * 16 + 6), 2);
	for (int i = 0; i < 100; i++)
		record.batch++;
	rte_vhost2_inflight_commit(&vq, 1);
	assert_int_equal(come_back(SIZE, heads), 0);
}

static void
regions_too_small_for_what_they_say_are_refused(void **state)
{
	struct inflight *other;
	uint64_t more;

	(void)state;
	assert_int_equal(inflight_create(file, 0, bytes - 1, 2, SIZE, &owner, &other), -EINVAL);
	assert_int_equal(inflight_create(file, 0, bytes, 3, SIZE, &owner, &other), -EINVAL);
	assert_int_equal(inflight_create(file, 0, bytes, 2, SIZE * 2, &owner, &other), -EINVAL);
	assert_int_equal(inflight_create(file, 0, UINT64_MAX, 65535, 65535, &owner, &other), -EFBIG);
	assert_int_equal(inflight_create(file, 0, 0, 0, SIZE, &owner, &other), -EINVAL);
	assert_int_equal(inflight_create(file, 4, bytes, 2, SIZE, &owner, &other), -EINVAL);
	assert_int_equal(inflight_create(file, 8, bytes, 2, SIZE, &owner, &other), -EFBIG);
	assert_int_equal(inflight_make(0, 1, &more), -EINVAL);
	assert_int_equal(inflight_make(1, 0, &more), -EINVAL);
	assert_int_equal(inflight_attach(inflight, &record, 2, SIZE, 0), -ENOENT);
	assert_int_equal(inflight_attach(inflight, &record, 0, SIZE + 1, 0), -ENOENT);
}

static void
a_ring_without_a_record_notes_nothing(void **state)
{
	struct rte_vhost2_vq plain = { .inflight = NULL };
	uint16_t head;

	(void)state;
	rte_vhost2_inflight_take(&plain, 1);
	rte_vhost2_inflight_put(&plain, 1);
	rte_vhost2_inflight_commit(&plain, 1);
	assert_false(rte_vhost2_inflight_next(&plain, &head));
	come_back(0, &head);
	rte_vhost2_inflight_take(&vq, SIZE);
	rte_vhost2_inflight_put(&vq, 0xffff);
}

#define MADE(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MADE(what_was_taken_is_done_again_in_its_order),
		MADE(a_crash_in_a_batch_loses_nothing_and_repeats_nothing_published),
		MADE(a_record_that_lies_is_refused),
		MADE(a_batch_that_leads_in_circles_ends),
		MADE(regions_too_small_for_what_they_say_are_refused),
		MADE(a_ring_without_a_record_notes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
