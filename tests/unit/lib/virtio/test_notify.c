/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * When to notify, and notification data. Covers VIRTIO 1.3 2.7.7.2, 2.7.10.1 (event indices),
 * 2.8.10, 2.8.14 (event suppression), 2.9 (notification data).
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtio/notify.h"

/* What the clause says, entry by entry, to hold the arithmetic against. */
static bool
was_written(uint16_t event, uint16_t new_idx, uint16_t old_idx)
{
	uint16_t i;

	for (i = old_idx; i != new_idx; i++)
		if (i == event)
			return true;
	return false;
}

static void
need_event_is_true_exactly_when_the_entry_was_written(void **state)
{
	uint32_t base, old, moved, event;

	(void)state;
	for (base = 0xfff8; base <= 0xfff8 + 8; base += 8)
		for (old = base; old < base + 8; old++)
			for (moved = 0; moved < 12; moved++)
				for (event = base - 8; event < base + 24; event++)
					assert_int_equal(virtio_need_event(event, old + moved, old),
						was_written(event, old + moved, old));
}

static void
need_event_holds_across_0xffff(void **state)
{
	(void)state;
	assert_true(virtio_need_event(0xffff, 0, 0xffff));
	assert_false(virtio_need_event(0, 0, 0xffff));
	assert_true(virtio_need_event(0, 1, 0xfffe));
	assert_false(virtio_need_event(0xfffd, 1, 0xfffe));
	assert_false(virtio_need_event(7, 7, 7));
}

static struct packed_event
event_at(uint16_t idx, bool wrap)
{
	const struct packed_pos pos = {idx, wrap};
	const struct packed_event event = {packed_event_off_wrap(pos),
		VRING_PACKED_EVENT_FLAG_DESC};

	return event;
}

static void
packed_need_event_obeys_enable_and_disable(void **state)
{
	const struct packed_event enable = {0x8001, VRING_PACKED_EVENT_FLAG_ENABLE};
	const struct packed_event disable = {0x8001, VRING_PACKED_EVENT_FLAG_DISABLE};
	const struct packed_pos pos = {3, true};

	(void)state;
	assert_true(packed_need_event(enable, pos, 1, 8));
	assert_false(packed_need_event(disable, pos, 3, 8));
}

static void
packed_need_event_ignores_reserved_flag_bits(void **state)
{
	const struct packed_event enable = {0, 0xfffc}, disable = {0, 0xfffd};
	const struct packed_pos pos = {3, true};

	(void)state;
	assert_true(packed_need_event(enable, pos, 1, 8));
	assert_false(packed_need_event(disable, pos, 1, 8));
}

static void
packed_need_event_notifies_rather_too_often_for_the_reserved_value(void **state)
{
	const struct packed_event reserved = {0, 0x3};
	const struct packed_pos pos = {3, true};

	(void)state;
	assert_true(packed_need_event(reserved, pos, 1, 8));
}

/* The clause again: some written descriptor has the wanted offset in the wanted lap. */
static bool
was_passed(struct packed_pos wanted, struct packed_pos from, uint16_t count, uint16_t size)
{
	for (; count > 0; count--) {
		if (from.idx == wanted.idx && from.wrap == wanted.wrap)
			return true;
		from = packed_pos_advance(from, 1, size);
	}
	return false;
}

static void
packed_need_event_is_true_exactly_when_the_descriptor_was_written(void **state)
{
	const uint16_t sizes[] = {1, 2, 5, 8};
	uint16_t s, start, count, at;

	(void)state;
	for (s = 0; s < 4; s++)
		for (start = 0; start < 2 * sizes[s]; start++)
			for (count = 0; count <= sizes[s]; count++)
				for (at = 0; at < 2 * sizes[s]; at++) {
					const uint16_t size = sizes[s];
					const struct packed_pos from = {start % size, start / size};
					const struct packed_pos wanted = {at % size, at / size};

					assert_int_equal(packed_need_event(
						event_at(wanted.idx, wanted.wrap),
						packed_pos_advance(from, count, size), count, size),
						was_passed(wanted, from, count, size));
				}
}

static void
packed_need_event_holds_for_the_largest_ring(void **state)
{
	const struct packed_pos pos = {0, false}, next = {1, false};

	(void)state;
	assert_true(packed_need_event(event_at(32767, true), pos, 1, 32768));
	assert_false(packed_need_event(event_at(32766, true), pos, 1, 32768));
	assert_true(packed_need_event(event_at(0, false), next, 1, 32768));
	assert_false(packed_need_event(event_at(0, true), next, 1, 32768));
}

static void
notify_data_survives_its_encoding(void **state)
{
	const struct virtio_notify_data data = {0x1234, 0x7ffe, true};
	const struct virtio_notify_data other = {0xffff, 0, false};
	struct virtio_notify_data copy;

	(void)state;
	assert_int_equal(virtio_notify_encode(data), 0xfffe1234);
	copy = virtio_notify_decode(0xfffe1234);
	assert_int_equal(copy.vq, 0x1234);
	assert_int_equal(copy.next_off, 0x7ffe);
	assert_true(copy.next_wrap);
	assert_int_equal(virtio_notify_encode(other), 0x0000ffff);
	assert_false(virtio_notify_decode(0x7fffffff).next_wrap);
}

static void
notify_encode_keeps_an_offset_of_sixteen_bits_out_of_the_wrap_bit(void **state)
{
	const struct virtio_notify_data data = {0, 0x8001, false};

	(void)state;
	assert_int_equal(virtio_notify_encode(data), 0x00010000);
}

static void
split_notify_carries_the_whole_available_index(void **state)
{
	(void)state;
	assert_int_equal(split_notify_encode(3, 0x8005), 0x80050003);
	assert_true(virtio_notify_decode(0x80050003).next_wrap);
	assert_int_equal(split_notify_avail_idx(virtio_notify_decode(0x80050003)), 0x8005);
	assert_int_equal(split_notify_avail_idx(virtio_notify_decode(0x7fff0003)), 0x7fff);
}

static void
packed_notify_carries_offset_and_wrap_counter(void **state)
{
	const struct packed_pos pos = {6, true};
	struct packed_pos copy;

	(void)state;
	assert_int_equal(packed_notify_encode(2, pos), 0x80060002);
	copy = packed_notify_pos(virtio_notify_decode(0x80060002));
	assert_int_equal(copy.idx, 6);
	assert_true(copy.wrap);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(need_event_is_true_exactly_when_the_entry_was_written),
		cmocka_unit_test(need_event_holds_across_0xffff),
		cmocka_unit_test(packed_need_event_obeys_enable_and_disable),
		cmocka_unit_test(packed_need_event_ignores_reserved_flag_bits),
		cmocka_unit_test(
			packed_need_event_notifies_rather_too_often_for_the_reserved_value),
		cmocka_unit_test(packed_need_event_is_true_exactly_when_the_descriptor_was_written),
		cmocka_unit_test(packed_need_event_holds_for_the_largest_ring),
		cmocka_unit_test(notify_data_survives_its_encoding),
		cmocka_unit_test(notify_encode_keeps_an_offset_of_sixteen_bits_out_of_the_wrap_bit),
		cmocka_unit_test(split_notify_carries_the_whole_available_index),
		cmocka_unit_test(packed_notify_carries_offset_and_wrap_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
