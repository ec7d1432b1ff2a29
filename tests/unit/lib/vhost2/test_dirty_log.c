/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* dirty_log.c: which bit stands for which byte, for every offset of the log in its file; and what logs cannot be. */

#include "rig.h"

#include "vhost2/dirty_log.h"

#define BYTES 512 /* of a log: 4096 pages */

static const struct memory_owner owner = { &(int){ 0 }, -1 };

/* By the text: bit (page % 8) of byte (page / 8), page after page. */
static void
mark_slowly(uint8_t *bits, uint64_t gpa, uint64_t len)
{
	for (uint64_t at = gpa; at < gpa + len; at++)
		if (at / 4096 < BYTES * 8)
			bits[at / 4096 / 8] |= (uint8_t)(1 << (at / 4096 % 8));
}

static void
a_bit_is_where_the_text_says_whatever_the_offset(void **state)
{
	static const uint64_t offsets[] = { 0, 8, 4096, 5000, 12280 };
	static uint8_t expected[BYTES], found[BYTES];

	(void)state;
	srandom(1);
	for (size_t i = 0; i < NR(offsets); i++) {
		const int file = memfd_create("log", MFD_CLOEXEC);
		struct dirty_log *log;

		assert_int_equal(ftruncate(file, (off_t)(offsets[i] + BYTES)), 0);
		assert_int_equal(dirty_log_create(file, offsets[i], BYTES, &owner, &log), 0);
		memset(expected, 0, sizeof(expected));
		for (int n = 0; n < 200; n++) {
			const uint64_t gpa = (uint64_t)random() % (BYTES * 8 * UINT64_C(4096) + 100000);
			const uint64_t len = (uint64_t)random() % 9000;

			dirty_log_mark(log, gpa, len);
			mark_slowly(expected, gpa, len);
		}
		assert_int_equal(pread(file, found, BYTES, (off_t)offsets[i]), BYTES);
		assert_memory_equal(found, expected, BYTES);
		dirty_log_destroy(log);
		close(file);
	}
	assert_int_equal(count_maps(), 0);
}

static void
marks_at_the_end_of_all_addresses_touch_nothing_else(void **state)
{
	const int file = memfd_create("log", MFD_CLOEXEC);
	static uint8_t found[4096], none[4096];
	struct dirty_log *log;

	(void)state;
	assert_int_equal(ftruncate(file, 4096), 0);
	assert_int_equal(dirty_log_create(file, 2048, 16, &owner, &log), 0);
	dirty_log_mark(log, 16 * 8 * 4096, 1);
	dirty_log_mark(log, UINT64_MAX, 1);
	dirty_log_mark(log, UINT64_MAX - 10, 100);
	dirty_log_mark(log, UINT64_MAX, UINT64_MAX);
	dirty_log_mark(log, 0, 0);
	dirty_log_mark(NULL, 0, 4096);
	assert_int_equal(pread(file, found, sizeof(found), 0), 4096);
	assert_memory_equal(found, none, 4096);
	dirty_log_mark(log, 16 * 8 * 4096 - 1, UINT64_MAX);
	assert_int_equal(pread(file, found, sizeof(found), 0), 4096);
	assert_int_equal(found[2048 + 15], 0x80);
	assert_int_equal(found[2048 + 16], 0);
	dirty_log_destroy(log);
	dirty_log_destroy(NULL);
	close(file);
}

static void
sizes_and_offsets_that_are_no_log_are_refused(void **state)
{
	static const uint64_t values[] = { 0, 1, 4095, 4096, UINT64_C(1) << 32, UINT64_C(1) << 63, UINT64_MAX };
	const int file = memfd_create("log", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(file, 8192), 0);
	for (size_t i = 0; i < NR(values); i++)
		for (size_t j = 0; j < NR(values); j++) {
			const bool fits = values[i] > 0 && values[i] <= 8192 && values[j] <= 8192 - values[i];
			struct dirty_log *log = NULL;

			assert_int_equal(dirty_log_create(file, values[j], values[i], &owner, &log) == 0, fits);
			if (fits)
				dirty_log_mark(log, 0, UINT64_MAX);
			dirty_log_destroy(log);
		}
	close(file);
	assert_int_equal(count_maps(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bit_is_where_the_text_says_whatever_the_offset),
		cmocka_unit_test(marks_at_the_end_of_all_addresses_touch_nothing_else),
		cmocka_unit_test(sizes_and_offsets_that_are_no_log_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
