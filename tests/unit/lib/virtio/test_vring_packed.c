/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Packed ring accessors: wrap counters, flag tests in both laps, golden bytes, both roles over
 * one ring. Covers VIRTIO 1.3 2.8.1, 2.8.13, 2.8.14, 2.8.21.1.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtio/vring_packed.h"

#define SIZE 5

static _Alignas(VRING_LINE_SIZE) uint8_t memory[512];
static struct vring_area area;

static int
fresh_ring(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	return vring_layout_place(&area, VRING_PACKED, SIZE, memory, sizeof(memory));
}

static void
assert_pos(struct packed_pos pos, uint16_t idx, bool wrap)
{
	assert_int_equal(pos.idx, idx);
	assert_int_equal(pos.wrap, wrap);
}

static void
areas_are_found_by_type(void **state)
{
	(void)state;
	assert_ptr_equal(packed_desc_ring(&area), area.desc);
	assert_ptr_equal(packed_driver_event(&area), area.driver);
	assert_ptr_equal(packed_device_event(&area), area.device);
}

static void
pos_starts_at_zero_with_the_wrap_counter_set(void **state)
{
	(void)state;
	assert_pos(packed_pos_start(), 0, true);
}

static void
pos_advance_flips_the_wrap_counter_at_the_end_of_the_ring(void **state)
{
	struct packed_pos pos = packed_pos_start();

	(void)state;
	pos = packed_pos_advance(pos, 4, SIZE);
	assert_pos(pos, 4, true);
	pos = packed_pos_advance(pos, 1, SIZE);
	assert_pos(pos, 0, false);
	pos = packed_pos_advance(pos, 3, SIZE);
	assert_pos(pos, 3, false);
	pos = packed_pos_advance(pos, 3, SIZE);
	assert_pos(pos, 1, true);
}

static void
pos_advance_by_nothing_and_by_a_whole_lap(void **state)
{
	const struct packed_pos pos = {3, false};

	(void)state;
	assert_pos(packed_pos_advance(pos, 0, SIZE), 3, false);
	assert_pos(packed_pos_advance(pos, SIZE, SIZE), 3, true);
}

static void
pos_advance_holds_for_the_smallest_and_the_largest_ring(void **state)
{
	const struct packed_pos last = {32767, true};

	(void)state;
	assert_pos(packed_pos_advance(packed_pos_start(), 1, 1), 0, false);
	assert_pos(packed_pos_advance(last, 32768, 32768), 32767, false);
	assert_pos(packed_pos_advance(last, 1, 32768), 0, false);
}

static void
flag_bits_are_those_of_the_specification(void **state)
{
	(void)state;
	assert_int_equal(packed_avail_bits(true), 0x0080);
	assert_int_equal(packed_avail_bits(false), 0x8000);
	assert_int_equal(packed_used_bits(true), 0x8080);
	assert_int_equal(packed_used_bits(false), 0x0000);
}

static void
is_avail_and_is_used_look_at_two_bits_and_the_lap(void **state)
{
	static const struct {
		uint16_t bits;
		bool avail_even, avail_odd, used_even, used_odd;
	} golden[] = {
		/* lap:     wrap 0,  wrap 1,  wrap 0,  wrap 1 */
		{0x0000, false, false, true, false},
		{0x0080, false, true, false, false},
		{0x8000, true, false, false, false},
		{0x8080, false, false, false, true},
	};
	uint32_t other;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++)
		for (other = 0; other <= 0xffff; other++) {
			const uint16_t flags = golden[i].bits | (other & 0x7f7f);

			assert_int_equal(packed_is_avail(flags, false), golden[i].avail_even);
			assert_int_equal(packed_is_avail(flags, true), golden[i].avail_odd);
			assert_int_equal(packed_is_used(flags, false), golden[i].used_even);
			assert_int_equal(packed_is_used(flags, true), golden[i].used_odd);
		}
}

static void
a_zeroed_ring_has_nothing_available_and_nothing_used(void **state)
{
	const struct packed_pos pos = packed_pos_start();
	const uint16_t flags = packed_flags_read(packed_desc_ring(&area));

	(void)state;
	assert_false(packed_is_avail(flags, pos.wrap));
	assert_false(packed_is_used(flags, pos.wrap));
}

static const uint8_t golden_desc[16] = {0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01,
	0x0c, 0x0b, 0x0a, 0x89, 0x0e, 0x0d, 0x10, 0x8f};

static void
desc_writers_fill_exactly_their_sixteen_bytes(void **state)
{
	static const uint8_t nothing[16];
	struct vring_packed_desc *ring = packed_desc_ring(&area);

	(void)state;
	packed_desc_write_whole(ring + 1, UINT64_C(0x0102030405060708), 0x890a0b0c, 0x0d0e, 0x8f10);
	packed_desc_publish(ring + 3, UINT64_C(0x0102030405060708), 0x890a0b0c, 0x0d0e, 0x8f10);
	assert_memory_equal(memory, nothing, 16);
	assert_memory_equal(memory + 16, golden_desc, 16);
	assert_memory_equal(memory + 32, nothing, 16);
	assert_memory_equal(memory + 48, golden_desc, 16);
	assert_memory_equal(memory + 64, nothing, 16);
}

static void
desc_read_returns_every_field(void **state)
{
	struct vring_packed_desc copy;

	(void)state;
	memcpy(memory + 16, golden_desc, 16);
	copy = packed_desc_read(packed_desc_ring(&area) + 1);
	memset(memory, 0xff, 32);
	assert_int_equal(copy.addr, UINT64_C(0x0102030405060708));
	assert_int_equal(copy.len, 0x890a0b0c);
	assert_int_equal(copy.id, 0x0d0e);
	assert_int_equal(copy.flags, 0x8f10);
}

static void
used_publish_leaves_the_address_as_it_is(void **state)
{
	struct vring_packed_desc *desc = packed_desc_ring(&area);

	(void)state;
	memcpy(memory, golden_desc, 16);
	packed_used_publish(desc, 99, 7, packed_used_bits(true) | VRING_DESC_F_WRITE);
	assert_int_equal(desc->addr, UINT64_C(0x0102030405060708));
	assert_int_equal(desc->len, 99);
	assert_int_equal(desc->id, 7);
	assert_int_equal(desc->flags, 0x8082);
}

static void
flags_publish_and_peek_touch_the_flags_alone(void **state)
{
	struct vring_packed_desc *desc = packed_desc_ring(&area);

	(void)state;
	memcpy(memory, golden_desc, 16);
	packed_flags_publish(desc, 0x0080);
	assert_int_equal(packed_flags_peek(desc), 0x0080);
	assert_int_equal(packed_flags_read(desc), 0x0080);
	assert_memory_equal(memory, golden_desc, 14);
}

/* One buffer there and back at a position that both sides share. */
static void
one_round_trip(struct packed_pos pos, uint16_t id)
{
	struct vring_packed_desc *desc = packed_desc_ring(&area) + pos.idx;

	assert_false(packed_is_avail(packed_flags_read(desc), pos.wrap));
	packed_desc_publish(desc, 0x1000u + id, id, id, packed_avail_bits(pos.wrap));
	assert_true(packed_is_avail(packed_flags_read(desc), pos.wrap));
	assert_false(packed_is_used(packed_flags_read(desc), pos.wrap));
	assert_int_equal(packed_desc_read(desc).addr, 0x1000u + id);
	packed_used_publish(desc, id, id, packed_used_bits(pos.wrap));
	assert_true(packed_is_used(packed_flags_read(desc), pos.wrap));
	assert_false(packed_is_avail(packed_flags_read(desc), pos.wrap));
	/* To whoever is a lap ahead, what was used here is neither. */
	assert_false(packed_is_avail(packed_flags_read(desc), !pos.wrap));
	assert_false(packed_is_used(packed_flags_read(desc), !pos.wrap));
}

static void
buffers_travel_through_many_laps(void **state)
{
	struct packed_pos pos = packed_pos_start();
	uint16_t i;

	(void)state;
	for (i = 0; i < 7 * SIZE; i++) {
		one_round_trip(pos, i);
		pos = packed_pos_advance(pos, 1, SIZE);
	}
	assert_pos(pos, 0, false);
}

static void
event_position_survives_its_encoding(void **state)
{
	const struct packed_pos far = {0x7fff, true}, near = {0, false};

	(void)state;
	assert_int_equal(packed_event_off_wrap(far), 0xffff);
	assert_int_equal(packed_event_off_wrap(packed_pos_start()), 0x8000);
	assert_int_equal(packed_event_off_wrap(near), 0);
	assert_pos(packed_event_pos(0xffff), 0x7fff, true);
	assert_pos(packed_event_pos(0x8000), 0, true);
	assert_pos(packed_event_pos(0x7fff), 0x7fff, false);
}

static void
event_structure_has_its_golden_bytes(void **state)
{
	static const uint8_t golden[4] = {0x03, 0x80, 0x02, 0x00};
	const struct packed_pos pos = {3, true};
	struct packed_event event;

	(void)state;
	packed_event_pos_set(packed_driver_event(&area), pos);
	assert_memory_equal(area.driver, golden, sizeof(golden));
	event = packed_event_read(packed_driver_event(&area));
	assert_int_equal(event.off_wrap, 0x8003);
	assert_int_equal(event.flags, VRING_PACKED_EVENT_FLAG_DESC);
	packed_event_flags_set(packed_driver_event(&area), VRING_PACKED_EVENT_FLAG_DISABLE);
	event = packed_event_read(packed_driver_event(&area));
	assert_int_equal(event.off_wrap, 0x8003);
	assert_int_equal(event.flags, VRING_PACKED_EVENT_FLAG_DISABLE);
	assert_int_equal(packed_event_read(packed_device_event(&area)).flags, 0);
}

static void
base_holds_the_position_twice_and_a_new_ring_begins_in_the_first_lap(void **state)
{
	(void)state;
	assert_int_equal(packed_base((struct packed_pos){.idx = 5, .wrap = false}), 0x00050005);
	assert_int_equal(packed_base((struct packed_pos){.idx = 32767, .wrap = true}), 0xffffffff);
	assert_int_equal(vring_base_start(VRING_PACKED), 0x80008000);
	assert_int_equal(vring_base_start(VRING_SPLIT), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(areas_are_found_by_type, fresh_ring),
		cmocka_unit_test(base_holds_the_position_twice_and_a_new_ring_begins_in_the_first_lap),
		cmocka_unit_test_setup(pos_starts_at_zero_with_the_wrap_counter_set, fresh_ring),
		cmocka_unit_test_setup(pos_advance_flips_the_wrap_counter_at_the_end_of_the_ring,
			fresh_ring),
		cmocka_unit_test_setup(pos_advance_by_nothing_and_by_a_whole_lap, fresh_ring),
		cmocka_unit_test_setup(pos_advance_holds_for_the_smallest_and_the_largest_ring,
			fresh_ring),
		cmocka_unit_test_setup(flag_bits_are_those_of_the_specification, fresh_ring),
		cmocka_unit_test_setup(is_avail_and_is_used_look_at_two_bits_and_the_lap,
			fresh_ring),
		cmocka_unit_test_setup(a_zeroed_ring_has_nothing_available_and_nothing_used,
			fresh_ring),
		cmocka_unit_test_setup(desc_writers_fill_exactly_their_sixteen_bytes, fresh_ring),
		cmocka_unit_test_setup(desc_read_returns_every_field, fresh_ring),
		cmocka_unit_test_setup(used_publish_leaves_the_address_as_it_is, fresh_ring),
		cmocka_unit_test_setup(flags_publish_and_peek_touch_the_flags_alone, fresh_ring),
		cmocka_unit_test_setup(buffers_travel_through_many_laps, fresh_ring),
		cmocka_unit_test_setup(event_position_survives_its_encoding, fresh_ring),
		cmocka_unit_test_setup(event_structure_has_its_golden_bytes, fresh_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
