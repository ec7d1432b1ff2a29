/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* mapping.c: a piece of a file, counted, whole pages around it. */

#include "rig.h"

#include "vhost2/mapping.h"

static void
a_mapping_lives_as_long_as_its_last_user(void **state)
{
	const int file = memfd_create("mapping", MFD_CLOEXEC);
	const struct memory_owner owner = { &(int){ 0 }, -1 };
	struct mapping *mapping;
	uint64_t len;
	void *addr;

	(void)state;
	assert_int_equal(ftruncate(file, 8192), 0);
	assert_int_equal(pwrite(file, "here", 5, 5000), 5);
	assert_int_equal(mapping_create(file, 5000, 3192, &owner, &mapping), 0);
	assert_string_equal((char *)mapping_data(mapping), "here");
	mapping_extent(mapping, &addr, &len);
	assert_int_equal((uintptr_t)addr % 4096, 0);
	assert_int_equal(len, 4096);
	mapping_hold(mapping);
	mapping_release(mapping);
	assert_int_equal(count_maps(), 1);
	mapping_release(mapping);
	mapping_release(NULL);
	assert_int_equal(count_maps(), 0);
	close(file);
}

static void
a_file_must_be_as_long_as_what_is_mapped(void **state)
{
	static const struct {
		uint64_t offset, size;
		int rc;
	} rows[] = {
		{ 0, 0, -EINVAL }, { 0, 8193, -EFBIG }, { 8192, 1, -EFBIG }, { 8191, 2, -EFBIG },
		{ UINT64_MAX, 1, -EINVAL }, { UINT64_MAX, 2, -EINVAL }, { 1, UINT64_MAX, -EINVAL },
		{ UINT64_MAX / 2, UINT64_MAX / 2, -EFBIG },
	};
	const int file = memfd_create("mapping", MFD_CLOEXEC);
	const struct memory_owner owner = { &(int){ 0 }, -1 };
	struct mapping *mapping;

	(void)state;
	assert_int_equal(ftruncate(file, 8192), 0);
	for (size_t i = 0; i < NR(rows); i++)
		assert_int_equal(mapping_create(file, rows[i].offset, rows[i].size, &owner, &mapping), rows[i].rc);
	assert_int_equal(count_maps(), 0);
	close(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_lives_as_long_as_its_last_user),
		cmocka_unit_test(a_file_must_be_as_long_as_what_is_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
