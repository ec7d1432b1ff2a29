/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Ring layout. Covers VIRTIO 1.3 2.7 and 2.8.10.1 (sizes, alignments, queue size), 2.7.10.1
 * and 2.8.13 (initial zeroes).
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtio/vring_layout.h"

static void *
line_aligned(size_t len)
{
	void *mem = aligned_alloc(VRING_LINE_SIZE, len);

	assert_non_null(mem);
	memset(mem, 0xa5, len);
	return mem;
}

static void
split_size_is_a_power_of_two_up_to_32768(void **state)
{
	unsigned int valid = 0;
	uint32_t size;

	(void)state;
	for (size = 0; size < 140000; size++)
		valid += vring_size_is_valid(VRING_SPLIT, size);
	assert_int_equal(valid, 16);
	assert_true(vring_size_is_valid(VRING_SPLIT, 1));
	assert_true(vring_size_is_valid(VRING_SPLIT, 32768));
	assert_false(vring_size_is_valid(VRING_SPLIT, 65536));
	assert_false(vring_size_is_valid(VRING_SPLIT, UINT32_MAX));
}

static void
packed_size_is_anything_from_1_to_32768(void **state)
{
	(void)state;
	assert_false(vring_size_is_valid(VRING_PACKED, 0));
	assert_true(vring_size_is_valid(VRING_PACKED, 1));
	assert_true(vring_size_is_valid(VRING_PACKED, 1000));
	assert_true(vring_size_is_valid(VRING_PACKED, 32768));
	assert_false(vring_size_is_valid(VRING_PACKED, 32769));
}

static void
area_bytes_are_those_of_the_specification(void **state)
{
	(void)state;
	assert_int_equal(vring_desc_bytes(VRING_SPLIT, 256), 4096);
	assert_int_equal(vring_driver_bytes(VRING_SPLIT, 256), 6 + 2 * 256);
	assert_int_equal(vring_device_bytes(VRING_SPLIT, 256), 6 + 8 * 256);
	assert_int_equal(vring_desc_bytes(VRING_PACKED, 1000), 16000);
	assert_int_equal(vring_driver_bytes(VRING_PACKED, 1000), 4);
	assert_int_equal(vring_device_bytes(VRING_PACKED, 1000), 4);
}

static void
layout_bytes_are_golden(void **state)
{
	(void)state;
	assert_int_equal(vring_layout_bytes(VRING_SPLIT, 1), 3 * 64);
	assert_int_equal(vring_layout_bytes(VRING_SPLIT, 256), 4096 + 576 + 2112);
	assert_int_equal(vring_layout_bytes(VRING_SPLIT, 32768), 524288 + 65600 + 262208);
	assert_int_equal(vring_layout_bytes(VRING_PACKED, 3), 64 + 64 + 64);
	assert_int_equal(vring_layout_bytes(VRING_PACKED, 256), 4096 + 128);
	assert_int_equal(vring_layout_bytes(VRING_SPLIT, 3), 0);
	assert_int_equal(vring_layout_bytes(VRING_PACKED, 0), 0);
}

static void
check_place(enum vring_format format, uint32_t size)
{
	const size_t len = vring_layout_bytes(format, size);
	uint8_t *mem = line_aligned(len);
	struct vring_area area;

	assert_int_equal(vring_layout_place(&area, format, size, mem, len), 0);
	assert_int_equal(area.format, format);
	assert_int_equal(area.size, size);
	assert_ptr_equal(area.desc, mem);
	assert_true(vring_area_is_aligned(&area));
	assert_int_equal((uintptr_t)area.driver % VRING_LINE_SIZE, 0);
	assert_int_equal((uintptr_t)area.device % VRING_LINE_SIZE, 0);
	assert_true((uint8_t *)area.driver >= mem + vring_desc_bytes(format, size));
	assert_true((uint8_t *)area.device >=
		(uint8_t *)area.driver + vring_driver_bytes(format, size));
	assert_true(mem + len >= (uint8_t *)area.device + vring_device_bytes(format, size));
	free(mem);
}

static void
place_gives_each_area_lines_of_its_own(void **state)
{
	uint32_t size;

	(void)state;
	for (size = 1; size <= VRING_SIZE_MAX; size *= 2) {
		check_place(VRING_SPLIT, size);
		check_place(VRING_PACKED, size);
		check_place(VRING_PACKED, size - size / 3);
	}
}

static void
place_refuses_bad_arguments_and_leaves_the_area_alone(void **state)
{
	const size_t len = vring_layout_bytes(VRING_SPLIT, 8);
	uint8_t *mem = line_aligned(len + VRING_LINE_SIZE);
	struct vring_area area, before;

	(void)state;
	memset(&area, 0x5a, sizeof(area));
	before = area;
	assert_int_equal(vring_layout_place(&area, VRING_SPLIT, 7, mem, len), -EINVAL);
	assert_int_equal(vring_layout_place(&area, VRING_SPLIT, 8, NULL, len), -EINVAL);
	assert_int_equal(vring_layout_place(&area, VRING_SPLIT, 8, mem + 16, len), -EINVAL);
	assert_int_equal(vring_layout_place(&area, VRING_SPLIT, 8, mem, len - 1), -ENOSPC);
	assert_memory_equal(&area, &before, sizeof(area));
	free(mem);
}

static void
area_is_aligned_asks_what_the_specification_asks(void **state)
{
	uint8_t *mem = line_aligned(512);
	struct vring_area area = {VRING_SPLIT, 4, mem, mem + 66, mem + 132};

	(void)state;
	assert_true(vring_area_is_aligned(&area));
	area.format = VRING_PACKED;
	assert_false(vring_area_is_aligned(&area));
	area.driver = mem + 68;
	assert_true(vring_area_is_aligned(&area));
	area.desc = mem + 8;
	assert_false(vring_area_is_aligned(&area));
	area.desc = NULL;
	assert_false(vring_area_is_aligned(&area));
	area.desc = mem;
	area.device = mem + 130;
	assert_false(vring_area_is_aligned(&area));
	free(mem);
}

static void
check_clear(enum vring_format format)
{
	uint8_t *mem = line_aligned(1024);
	struct vring_area area = {format, 4, mem, mem + 128, mem + 256};
	size_t i, zeroes = 0;

	vring_area_clear(&area);
	for (i = 0; i < 1024; i++)
		zeroes += mem[i] == 0;
	assert_int_equal(mem[0], 0);
	assert_int_equal(mem[128], 0);
	assert_int_equal(mem[256], 0);
	assert_int_equal(zeroes, vring_desc_bytes(format, 4) + vring_driver_bytes(format, 4) +
		vring_device_bytes(format, 4));
	free(mem);
}

static void
clear_zeroes_the_areas_and_nothing_else(void **state)
{
	(void)state;
	check_clear(VRING_SPLIT);
	check_clear(VRING_PACKED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_size_is_a_power_of_two_up_to_32768),
		cmocka_unit_test(packed_size_is_anything_from_1_to_32768),
		cmocka_unit_test(area_bytes_are_those_of_the_specification),
		cmocka_unit_test(layout_bytes_are_golden),
		cmocka_unit_test(place_gives_each_area_lines_of_its_own),
		cmocka_unit_test(place_refuses_bad_arguments_and_leaves_the_area_alone),
		cmocka_unit_test(area_is_aligned_asks_what_the_specification_asks),
		cmocka_unit_test(clear_zeroes_the_areas_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
