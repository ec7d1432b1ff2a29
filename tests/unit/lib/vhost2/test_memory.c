/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* memory.c: tables of regions, what cannot be one, what a changed table shares with the old one. */

#include "rig.h"

#include <fcntl.h>

#include "vhost2/memory.h"

#define MB (UINT64_C(1) << 20)

static int flag, alarm_fd;
static const struct memory_owner owner = { &flag, 0 };
static int file;

static int
make_file(void **state)
{
	(void)state;
	alarm_fd = eventfd(0, EFD_NONBLOCK);
	file = memfd_create("memory", MFD_CLOEXEC);
	return ftruncate(file, 16 * (off_t)MB);
}

static int
close_file(void **state)
{
	(void)state;
	close(file);
	close(alarm_fd);
	return count_maps();
}

static void
regions_are_sorted_and_found(void **state)
{
	const struct memory_region regions[] = {
		{ 8 * MB, MB, 64 * MB, 2 * MB },
		{ 0, MB, 32 * MB, 0 },
		{ MB, MB, 48 * MB, MB },
	};
	const int fds[] = { file, file, file };
	struct memory *memory;
	uint64_t gpa = 0, some = 2 * MB;
	uint8_t *at;

	(void)state;
	assert_int_equal(memory_create(regions, fds, 3, &owner, &memory), 0);
	assert_int_equal(memory->table.nregions, 3);
	assert_int_equal(memory->table.regions[0].guest_phys_addr, 0);
	assert_int_equal(memory->table.regions[1].guest_phys_addr, MB);
	assert_int_equal(memory->table.regions[2].guest_user_addr, 64 * MB);
	assert_int_equal(memory->table.regions[2].fd, -1);
	at = memory_at_user(memory, 64 * MB + 5, 10);
	pwrite(file, "x", 1, 2 * (off_t)MB + 5);
	assert_int_equal(*at, 'x');
	assert_true(memory_gpa_of(memory, at, &gpa));
	assert_int_equal(gpa, 8 * MB + 5);
	assert_false(memory_gpa_of(memory, &gpa, &gpa));
	assert_null(memory_at_user(memory, 65 * MB - 5, 6));
	assert_non_null(memory_at_user(memory, 65 * MB - 5, 5));
	assert_non_null(memory_at_user_some(memory, 64 * MB + 6, &some));
	assert_int_equal(some, MB - 6);
	some = 1;
	assert_null(memory_at_user_some(memory, 65 * MB, &some));
	assert_int_equal(some, 0);
	assert_null(memory_at_user(memory, UINT64_MAX, 2));
	memory_destroy(memory);
	memory_destroy(NULL);
	assert_null(memory_at_user(NULL, 0, 1));
}

static void
what_cannot_be_a_table_is_refused_whole(void **state)
{
	static const struct {
		struct memory_region a, b;
		int rc;
	} rows[] = {
		{ { 0, MB, 0, 0 }, { MB, 0, MB, 0 }, -EINVAL },
		{ { 0, MB, 0, 0 }, { MB - 1, MB, MB, 0 }, -EINVAL },
		{ { 0, MB, 0, 0 }, { MB, MB, MB - 1, 0 }, -EINVAL },
		{ { MB, MB, MB, 0 }, { 0, 4 * MB, 8 * MB, 0 }, -EINVAL },
		{ { MB, MB, MB, 0 }, { MB, MB, 8 * MB, 0 }, -EINVAL },
		{ { 0, MB, 0, 0 }, { UINT64_MAX - 1, MB, MB, 0 }, -EINVAL },
		{ { 0, MB, 0, 0 }, { MB, MB, UINT64_MAX - MB + 2, 0 }, -EINVAL },
		{ { 0, MB, 0, 0 }, { MB, MB, MB, 16 * MB }, -EFBIG },
		{ { 0, MB, 0, 0 }, { MB, MB, MB, 15 * MB + 1 }, -EFBIG },
		{ { 0, MB, 0, 0 }, { MB, MB, MB, UINT64_MAX - 100 }, -EINVAL },
	};
	const int fds[] = { file, file };
	struct memory *memory;

	(void)state;
	for (size_t i = 0; i < NR(rows); i++) {
		const struct memory_region regions[] = { rows[i].a, rows[i].b };

		assert_int_equal(memory_create(regions, fds, 2, &owner, &memory), rows[i].rc);
		assert_int_equal(count_maps(), 0);
	}
}

static void
only_files_of_memory_are_mapped(void **state)
{
	const struct memory_region region = { 0, 4096, 0, 0 };
	int pipes[2], zero = open("/dev/zero", O_RDWR), dir = open("/tmp", O_RDONLY), readonly, sealed;
	struct memory *memory;
	char path[64];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	readonly = open(path, O_RDONLY);
	sealed = memfd_create("sealed", MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(sealed, 4096), 0);
	assert_int_equal(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE), 0);
	assert_int_equal(memory_with(NULL, &region, pipes[0], &owner, &memory), -EBADF);
	assert_int_equal(memory_with(NULL, &region, zero, &owner, &memory), -EBADF);
	assert_int_equal(memory_with(NULL, &region, dir, &owner, &memory), -EBADF);
	assert_int_equal(memory_with(NULL, &region, 9999, &owner, &memory), -EBADF);
	assert_int_equal(memory_with(NULL, &region, readonly, &owner, &memory), -EACCES);
	assert_int_equal(memory_with(NULL, &region, sealed, &owner, &memory), -EPERM);
	close(pipes[0]);
	close(pipes[1]);
	close(zero);
	close(dir);
	close(readonly);
	close(sealed);
}

static void
a_changed_table_shares_what_stays(void **state)
{
	const struct memory_region a = { 0, MB, 0, 0 }, b = { MB, MB, MB, MB };
	struct memory *one, *two, *three;

	(void)state;
	assert_int_equal(memory_with(NULL, &a, file, &owner, &one), 0);
	assert_int_equal(memory_with(one, &b, file, &owner, &two), 0);
	assert_int_equal(count_maps(), 2);
	assert_ptr_equal(memory_at_user(one, 0, 1), memory_at_user(two, 0, 1));
	memory_destroy(one);
	assert_int_equal(count_maps(), 2);
	assert_int_equal(memory_without(two, &a, &three), 0);
	memory_destroy(two);
	assert_int_equal(count_maps(), 1);
	assert_int_equal(memory_without(three, &a, &two), -ENOENT);
	assert_int_equal(memory_without(NULL, &a, &two), -ENOENT);
	assert_int_equal(memory_with(three, &b, file, &owner, &two), -EINVAL);
	memory_destroy(three);
}

static void
there_is_room_for_512_regions_and_no_more(void **state)
{
	struct memory *memory = NULL, *next;
	struct memory_region region = { 0, 4096, 0, 0 };

	(void)state;
	for (uint32_t i = 0; i < RTE_VHOST2_MEMORY_MAX_NREGIONS; i++) {
		region = (struct memory_region){ (511 - i) * 4096, 4096, i * 4096, i * 4096 };
		assert_int_equal(memory_with(memory, &region, file, &owner, &next), 0);
		memory_destroy(memory);
		memory = next;
	}
	for (uint32_t i = 0; i < 512; i++)
		assert_int_equal(memory->table.regions[i].guest_phys_addr, i * 4096);
	region = (struct memory_region){ 16 * MB, 4096, 16 * MB, 0 };
	assert_int_equal(memory_with(memory, &region, file, &owner, &next), -ENOSPC);
	memory_destroy(memory);
}

#define FILED(test) cmocka_unit_test_setup_teardown(test, make_file, close_file)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FILED(regions_are_sorted_and_found),
		FILED(what_cannot_be_a_table_is_refused_whole),
		FILED(only_files_of_memory_are_mapped),
		FILED(a_changed_table_shares_what_stays),
		FILED(there_is_room_for_512_regions_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
