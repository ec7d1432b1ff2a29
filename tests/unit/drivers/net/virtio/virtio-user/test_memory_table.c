/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Memory tables: normal form, comparison, who owns which descriptor.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "virtio-user/memory_table.h"

#define PIECE(va_, size_, offset_, ino_) \
	((struct memory_region){.va = va_, .size = size_, .offset = offset_, .dev = 1, .ino = ino_, .fd = 0})

static struct memory_table
table_of(const struct memory_region *pieces, uint32_t nr)
{
	struct memory_table table = {.nr = 0};
	uint32_t i;

	for (i = 0; i < nr; i++)
		assert_int_equal(memory_table_append(&table, &pieces[i]), 0);
	return table;
}

static void
pieces_in_any_order_become_sorted_regions(void **state)
{
	const struct memory_region pieces[] = {
		PIECE(0x9000, 0x1000, 0, 3), PIECE(0x1000, 0x1000, 0, 1), PIECE(0x5000, 0x1000, 0, 2)};
	struct memory_table table = table_of(pieces, 3);

	(void)state;
	assert_int_equal(memory_table_normalise(&table), 0);
	assert_int_equal(table.nr, 3);
	assert_int_equal(table.regions[0].va, 0x1000);
	assert_int_equal(table.regions[2].va, 0x9000);
	memory_table_forget(&table);
}

static void
what_goes_on_in_address_and_file_is_merged(void **state)
{
	const struct memory_region pieces[] = {PIECE(0x3000, 0x1000, 0x2000, 1), PIECE(0x1000, 0x1000, 0, 1),
					       PIECE(0x2000, 0x1000, 0x1000, 1)};
	struct memory_table table = table_of(pieces, 3);

	(void)state;
	assert_int_equal(memory_table_normalise(&table), 0);
	assert_int_equal(table.nr, 1);
	assert_int_equal(table.regions[0].va, 0x1000);
	assert_int_equal(table.regions[0].size, 0x3000);
	memory_table_forget(&table);
}

static void
what_goes_on_in_only_one_of_them_is_not(void **state)
{
	const struct memory_region others[] = {
		PIECE(0x2000, 0x1000, 0x1000, 2), /* another file */
		PIECE(0x2000, 0x1000, 0x2000, 1), /* a gap in the file */
		PIECE(0x3000, 0x1000, 0x1000, 1), /* a gap in memory */
	};
	uint32_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct memory_region pieces[] = {PIECE(0x1000, 0x1000, 0, 1), others[i]};
		struct memory_table table = table_of(pieces, 2);

		assert_int_equal(memory_table_normalise(&table), 0);
		assert_int_equal(table.nr, 2);
		memory_table_forget(&table);
	}
}

static void
an_overlap_is_refused(void **state)
{
	const struct memory_region pieces[] = {PIECE(0x1000, 0x2000, 0, 1), PIECE(0x2000, 0x1000, 0, 2)};
	struct memory_table table = table_of(pieces, 2);

	(void)state;
	assert_int_equal(memory_table_normalise(&table), -EINVAL);
	memory_table_forget(&table);
}

static void
a_page_with_a_new_file_is_another_region(void **state)
{
	const struct memory_region before = PIECE(0x1000, 0x1000, 0, 1), after = PIECE(0x1000, 0x1000, 0, 2);
	struct memory_table table = table_of(&before, 1), other = table_of(&after, 1);

	(void)state;
	assert_true(memory_table_has(&table, &before));
	assert_false(memory_table_has(&table, &after));
	assert_false(memory_table_is_same(&table, &other));
	assert_true(memory_table_is_same(&table, &table));
	memory_table_forget(&table);
	memory_table_forget(&other);
}

static void
covers_is_exact_at_both_ends_and_does_not_wrap(void **state)
{
	const struct memory_region pieces[] = {PIECE(0x1000, 0x1000, 0, 1), PIECE(0x5000, 0x1000, 0, 2)};
	struct memory_table table = table_of(pieces, 2), empty = {.nr = 0};

	(void)state;
	assert_true(memory_table_covers(&table, 0x1000, 0x1000));
	assert_true(memory_table_covers(&table, 0x5fff, 1));
	assert_false(memory_table_covers(&table, 0x0fff, 1));
	assert_false(memory_table_covers(&table, 0x1000, 0x1001));
	assert_false(memory_table_covers(&table, 0x2000, 1));
	assert_false(memory_table_covers(&table, 0x6000, 1));
	assert_false(memory_table_covers(&table, 0x5000, UINT64_MAX));
	assert_false(memory_table_covers(&table, UINT64_MAX, 2));
	assert_false(memory_table_covers(&empty, 0x1000, 1));
	memory_table_forget(&table);
}

static void
a_cut_keeps_known_regions_apart(void **state)
{
	const struct memory_region whole = PIECE(0x1000, 0x6000, 0x100000, 1);
	const struct memory_region parts[] = {
		PIECE(0x2000, 0x1000, 0x101000, 1),  /* inside */
		PIECE(0x3000, 0x1000, 0x109000, 1),  /* another place of the file */
		PIECE(0x5000, 0x2000, 0x104000, 1),  /* up to the end */
		PIECE(0x6000, 0x9000, 0x105000, 1),  /* beyond the end */
	};
	struct memory_table table = table_of(&whole, 1), known = table_of(parts, 4);
	const uint64_t cuts[] = {0x1000, 0x2000, 0x3000, 0x5000};
	uint32_t i;

	(void)state;
	assert_int_equal(memory_table_cut(&table, &known), 0);
	assert_int_equal(table.nr, 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(table.regions[i].va, cuts[i]);
		assert_int_equal(table.regions[i].offset, cuts[i] + 0xff000);
	}
	assert_true(memory_table_has(&table, &parts[0]));
	assert_true(memory_table_has(&table, &parts[2]));
	assert_int_equal(memory_table_normalise(&table), 0);
	assert_int_equal(table.nr, 1);
	assert_true(memory_region_is_same(&table.regions[0], &whole));
	memory_table_forget(&table);
	memory_table_forget(&known);
}

static void
overlap_is_exact_at_both_ends(void **state)
{
	const struct memory_region region = PIECE(0x2000, 0x1000, 0, 1);
	struct memory_table table = table_of(&region, 1);

	(void)state;
	assert_false(memory_table_overlaps(&table, &PIECE(0x1000, 0x1000, 0, 2)));
	assert_true(memory_table_overlaps(&table, &PIECE(0x1000, 0x1001, 0, 2)));
	assert_true(memory_table_overlaps(&table, &PIECE(0x2fff, 0x1, 0, 2)));
	assert_false(memory_table_overlaps(&table, &PIECE(0x3000, 0x1000, 0, 2)));
	memory_table_forget(&table);
}

static void
owned_descriptors_are_duplicates_and_closed_once(void **state)
{
	struct memory_region pieces[] = {PIECE(0x1000, 0x1000, 0, 1), PIECE(0x5000, 0x1000, 0, 2)};
	struct memory_table table = table_of(pieces, 2);
	int fds[2];

	(void)state;
	assert_int_equal(memory_table_own_fds(&table), 0);
	fds[0] = table.regions[0].fd;
	fds[1] = table.regions[1].fd;
	assert_true(fds[0] > 0 && fds[1] > 0 && fds[0] != fds[1]);
	memory_table_release(&table);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
	assert_true(fcntl(0, F_GETFD) >= 0);
	assert_int_equal(table.nr, 0);
}

static void
owning_fails_whole(void **state)
{
	struct memory_region pieces[] = {PIECE(0x1000, 0x1000, 0, 1), PIECE(0x5000, 0x1000, 0, 2)};
	struct memory_table table = table_of(pieces, 2);
	int next = dup(0);

	(void)state;
	close(next);
	table.regions[1].fd = 1 << 30;
	assert_int_equal(memory_table_own_fds(&table), -EBADF);
	assert_int_equal(fcntl(next, F_GETFD), -1);
	memory_table_forget(&table);
}

static void
a_region_without_a_file_has_none_to_own_or_close(void **state)
{
	struct memory_region pieces[] = {PIECE(0x1000, 0x1000, 0, 1), PIECE(0x5000, 0x1000, 0, 2)};
	struct memory_table table = table_of(pieces, 2);
	int next = dup(0);

	(void)state;
	close(next);
	table.regions[0].fd = -1;
	assert_int_equal(memory_table_own_fds(&table), 0);
	assert_int_equal(table.regions[0].fd, -1);
	assert_int_equal(table.regions[1].fd, next);
	memory_table_release(&table);
	assert_int_equal(fcntl(next, F_GETFD), -1);
}

static void
what_comes_in_order_is_merged_as_it_comes(void **state)
{
	struct memory_region pieces[] = {
		PIECE(0x1000, 0x1000, 0, 1),
		PIECE(0x2000, 0x1000, 0x1000, 1),
		PIECE(0x3000, 0x1000, 0x2000, 2), /* another file */
		PIECE(0x9000, 0x1000, 0x3000, 2), /* a gap */
	};
	struct memory_table table = {.nr = 0};
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(memory_table_add(&table, &pieces[i]), 0);
	assert_int_equal(table.nr, 3);
	assert_int_equal(table.regions[0].size, 0x2000);
	assert_int_equal(table.regions[1].size, 0x1000);
	memory_table_forget(&table);
}

static void
a_table_by_address_is_parted_by_gaps_alone(void **state)
{
	struct memory_region pieces[] = {
		PIECE(0x3000, 0x1000, 0x7000, 3), /* another file */
		PIECE(0x1000, 0x2000, 0, 1),
		PIECE(0x4000, 0x1000, 0, 3),      /* another place of it */
		PIECE(0x8000, 0x1000, 0, 4),
	};
	struct memory_table table = table_of(pieces, 4);

	(void)state;
	table.is_by_address = true;
	assert_int_equal(memory_table_normalise(&table), 0);
	assert_int_equal(table.nr, 2);
	assert_int_equal(table.regions[0].va, 0x1000);
	assert_int_equal(table.regions[0].size, 0x4000);
	assert_int_equal(table.regions[1].va, 0x8000);
	memory_table_forget(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_in_any_order_become_sorted_regions),
		cmocka_unit_test(what_goes_on_in_address_and_file_is_merged),
		cmocka_unit_test(what_goes_on_in_only_one_of_them_is_not),
		cmocka_unit_test(an_overlap_is_refused),
		cmocka_unit_test(a_page_with_a_new_file_is_another_region),
		cmocka_unit_test(covers_is_exact_at_both_ends_and_does_not_wrap),
		cmocka_unit_test(a_cut_keeps_known_regions_apart),
		cmocka_unit_test(overlap_is_exact_at_both_ends),
		cmocka_unit_test(owned_descriptors_are_duplicates_and_closed_once),
		cmocka_unit_test(owning_fails_whole),
		cmocka_unit_test(a_region_without_a_file_has_none_to_own_or_close),
		cmocka_unit_test(what_comes_in_order_is_merged_as_it_comes),
		cmocka_unit_test(a_table_by_address_is_parted_by_gaps_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
