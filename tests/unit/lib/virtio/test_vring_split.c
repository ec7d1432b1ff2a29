/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Split ring accessors: golden bytes for each field, both roles over one ring, and the free
 * running indices across 0xffff. Covers VIRTIO 1.3 2.7.5, 2.7.6, 2.7.8, 2.7.13.3.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtio/vring_split.h"

#define SIZE 8

static _Alignas(VRING_LINE_SIZE) uint8_t memory[1024];
static struct vring_area area;

static int
fresh_ring(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	return vring_layout_place(&area, VRING_SPLIT, SIZE, memory, sizeof(memory));
}

static void
areas_are_found_by_type(void **state)
{
	(void)state;
	assert_ptr_equal(split_desc_table(&area), area.desc);
	assert_ptr_equal(split_avail_ring(&area), area.driver);
	assert_ptr_equal(split_used_ring(&area), area.device);
}

static void
desc_write_fills_exactly_its_sixteen_bytes(void **state)
{
	static const uint8_t golden[16] = {0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01,
		0x0c, 0x0b, 0x0a, 0x89, 0x0e, 0x0d, 0x10, 0x0f};
	static const uint8_t nothing[16];

	(void)state;
	split_desc_write(split_desc_table(&area) + 1, UINT64_C(0x0102030405060708), 0x890a0b0c,
		0x0d0e, 0x0f10);
	assert_memory_equal(memory, nothing, 16);
	assert_memory_equal(memory + 16, golden, 16);
	assert_memory_equal(memory + 32, nothing, 16);
}

static void
desc_write_accepts_a_table_that_is_not_sixteen_byte_aligned(void **state)
{
	struct vring_desc *table = (struct vring_desc *)(memory + 8);

	(void)state;
	split_desc_write(table, 1, 2, 3, 4);
	assert_int_equal(table->addr, 1);
	assert_int_equal(table->next, 4);
}

static void
desc_read_returns_what_desc_write_wrote(void **state)
{
	struct vring_desc copy;

	(void)state;
	split_desc_write(split_desc_table(&area) + 7, UINT64_MAX - 1, UINT32_MAX - 2, 0xfffd,
		0xfffc);
	copy = split_desc_read(split_desc_table(&area), 7);
	assert_int_equal(copy.addr, UINT64_MAX - 1);
	assert_int_equal(copy.len, UINT32_MAX - 2);
	assert_int_equal(copy.flags, 0xfffd);
	assert_int_equal(copy.next, 0xfffc);
}

static void
desc_read_is_a_copy_that_later_writes_leave_alone(void **state)
{
	struct vring_desc copy;

	(void)state;
	split_desc_write(split_desc_table(&area), 0x1000, 64, VRING_DESC_F_WRITE, 0);
	copy = split_desc_read(split_desc_table(&area), 0);
	memset(memory, 0xff, 16);
	assert_int_equal(copy.addr, 0x1000);
	assert_int_equal(copy.flags, VRING_DESC_F_WRITE);
}

static void
avail_fields_lie_where_the_specification_puts_them(void **state)
{
	const uint16_t *words = area.driver;

	(void)state;
	split_avail_flags_set(split_avail_ring(&area), VRING_AVAIL_F_NO_INTERRUPT);
	split_avail_publish(split_avail_ring(&area), 0x1234);
	split_avail_entry_write(split_avail_ring(&area), 0, 0x0005);
	split_avail_entry_write(split_avail_ring(&area), SIZE - 1, 0x0006);
	split_used_event_write(split_avail_ring(&area), SIZE, 0x4321);
	assert_int_equal(words[0], VRING_AVAIL_F_NO_INTERRUPT);
	assert_int_equal(words[1], 0x1234);
	assert_int_equal(words[2], 5);
	assert_int_equal(words[2 + SIZE - 1], 6);
	assert_int_equal(words[2 + SIZE], 0x4321);
}

static void
device_reads_what_the_driver_wrote(void **state)
{
	struct vring_avail *avail = split_avail_ring(&area);

	(void)state;
	split_avail_flags_set(avail, 1);
	split_avail_publish(avail, 2);
	split_avail_entry_write(avail, 3, 4);
	split_used_event_write(avail, SIZE, 5);
	assert_int_equal(split_avail_flags_read(avail), 1);
	assert_int_equal(split_avail_idx_read(avail), 2);
	assert_int_equal(split_avail_entry_read(avail, 3), 4);
	assert_int_equal(split_used_event_read(avail, SIZE), 5);
}

static void
used_fields_lie_where_the_specification_puts_them(void **state)
{
	const uint16_t *words = area.device;
	uint32_t elem[2];

	(void)state;
	split_used_flags_set(split_used_ring(&area), VRING_USED_F_NO_NOTIFY);
	split_used_publish(split_used_ring(&area), 0x1234);
	split_used_elem_write(split_used_ring(&area), SIZE - 1, 0x01020304, 0x85060708);
	split_avail_event_write(split_used_ring(&area), SIZE, 0x4321);
	assert_int_equal(words[0], VRING_USED_F_NO_NOTIFY);
	assert_int_equal(words[1], 0x1234);
	assert_int_equal(words[2], 0);
	memcpy(elem, &words[2 + 4 * (SIZE - 1)], sizeof(elem));
	assert_int_equal(elem[0], 0x01020304);
	assert_int_equal(elem[1], 0x85060708);
	assert_int_equal(words[2 + 4 * SIZE], 0x4321);
}

static void
driver_reads_what_the_device_wrote(void **state)
{
	struct vring_used *used = split_used_ring(&area);
	struct vring_used_elem elem;

	(void)state;
	split_used_flags_set(used, 1);
	split_used_publish(used, 2);
	split_used_elem_write(used, 3, 4, UINT32_MAX);
	split_avail_event_write(used, SIZE, 5);
	elem = split_used_elem_read(used, 3);
	assert_int_equal(split_used_flags_read(used), 1);
	assert_int_equal(split_used_idx_read(used), 2);
	assert_int_equal(elem.id, 4);
	assert_int_equal(elem.len, UINT32_MAX);
	assert_int_equal(split_avail_event_read(used, SIZE), 5);
}

/* One buffer there and back; the head is told apart by the index that carried it. */
static void
one_round_trip(uint16_t idx)
{
	const uint16_t slot = idx & (SIZE - 1);
	struct vring_used_elem elem;
	uint16_t head;

	split_desc_write(split_desc_table(&area) + slot, 0x1000u + idx, idx, 0, 0);
	split_avail_entry_write(split_avail_ring(&area), slot, slot);
	split_avail_publish(split_avail_ring(&area), (uint16_t)(idx + 1));

	assert_int_equal((uint16_t)(split_avail_idx_read(split_avail_ring(&area)) - idx), 1);
	head = split_avail_entry_read(split_avail_ring(&area), slot);
	assert_int_equal(split_desc_read(split_desc_table(&area), head).addr, 0x1000u + idx);
	split_used_elem_write(split_used_ring(&area), slot, head, idx);
	split_used_publish(split_used_ring(&area), (uint16_t)(idx + 1));

	assert_int_equal((uint16_t)(split_used_idx_read(split_used_ring(&area)) - idx), 1);
	elem = split_used_elem_read(split_used_ring(&area), slot);
	assert_int_equal(elem.id, slot);
	assert_int_equal(elem.len, idx);
}

static void
indices_run_across_0xffff_without_a_gap(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0xffff - 3 * SIZE; i <= 0x10000 + 3 * SIZE; i++)
		one_round_trip((uint16_t)i);
	assert_int_equal(split_avail_idx_read(split_avail_ring(&area)), 3 * SIZE + 1);
	assert_int_equal(split_used_idx_read(split_used_ring(&area)), 3 * SIZE + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(areas_are_found_by_type, fresh_ring),
		cmocka_unit_test_setup(desc_write_fills_exactly_its_sixteen_bytes, fresh_ring),
		cmocka_unit_test_setup(desc_write_accepts_a_table_that_is_not_sixteen_byte_aligned,
			fresh_ring),
		cmocka_unit_test_setup(desc_read_returns_what_desc_write_wrote, fresh_ring),
		cmocka_unit_test_setup(desc_read_is_a_copy_that_later_writes_leave_alone,
			fresh_ring),
		cmocka_unit_test_setup(avail_fields_lie_where_the_specification_puts_them,
			fresh_ring),
		cmocka_unit_test_setup(device_reads_what_the_driver_wrote, fresh_ring),
		cmocka_unit_test_setup(used_fields_lie_where_the_specification_puts_them,
			fresh_ring),
		cmocka_unit_test_setup(driver_reads_what_the_device_wrote, fresh_ring),
		cmocka_unit_test_setup(indices_run_across_0xffff_without_a_gap, fresh_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
