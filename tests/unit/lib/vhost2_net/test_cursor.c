/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Bytes over the ends of segments and of regions.
 */

#include <errno.h>
#include <string.h>

#include "ring_rig.h"
#include "vhost2_net/cursor.h"

/* 10 bytes at the end of A, 20 that lie in both A and B, 3 in C. */
static const struct rte_vhost2_seg segs[] = {
	{REGION_A + 100, 10, 0, 0},
	{REGION_B - 5, 20, 0, 0},
	{REGION_C, 3, 0, 0},
};

static void
bytes_cross_segments_and_regions(void **state)
{
	struct net_cursor cursor;
	struct ring_rig rig;
	char from[33];
	char to[33];
	unsigned int i;

	(void)state;
	ring_rig_open(&rig, false, 8, 0);
	for (i = 0; i < sizeof(from); i++)
		from[i] = (char)(i + 1);
	cursor = net_cursor_begin(&rig.dev, &rig.vq, segs, 3);
	assert_int_equal(net_cursor_write(&cursor, from, 7), 0);
	assert_int_equal(net_cursor_write(&cursor, from + 7, 26), 0);
	assert_int_equal(net_cursor_write(&cursor, from, 1), -EINVAL);
	assert_int_equal(*(char *)ring_rig_at(&rig, REGION_B), 16);
	assert_int_equal(*(char *)ring_rig_at(&rig, REGION_C + 2), 33);
	assert_int_equal(*(char *)ring_rig_at(&rig, REGION_C + 3), 0);
	cursor = net_cursor_begin(&rig.dev, &rig.vq, segs, 3);
	assert_int_equal(net_cursor_read(&cursor, to, 33), 0);
	assert_memory_equal(from, to, 33);
	assert_int_equal(net_cursor_read(&cursor, to, 1), -EINVAL);
	ring_rig_close(&rig);
}

static void
a_skip_ends_where_reading_would(void **state)
{
	struct net_cursor cursor;
	struct ring_rig rig;
	char byte;

	(void)state;
	ring_rig_open(&rig, false, 8, 0);
	*(char *)ring_rig_at(&rig, REGION_C + 1) = 77;
	cursor = net_cursor_begin(&rig.dev, &rig.vq, segs, 3);
	assert_int_equal(net_cursor_skip(&cursor, 31), 0);
	assert_int_equal(net_cursor_read(&cursor, &byte, 1), 0);
	assert_int_equal(byte, 77);
	assert_int_equal(net_cursor_skip(&cursor, 2), -EINVAL);
	ring_rig_close(&rig);
}

static void
what_is_written_is_logged(void **state)
{
	struct net_cursor cursor;
	struct ring_rig rig;
	char bytes[12] = {0};

	(void)state;
	ring_rig_open(&rig, false, 8, 0);
	rig.dev.logging = true;
	cursor = net_cursor_begin(&rig.dev, &rig.vq, segs, 3);
	assert_int_equal(net_cursor_skip(&cursor, 8), 0);
	assert_int_equal(net_cursor_write(&cursor, bytes, 12), 0);
	assert_int_equal(rig.nr_logs, 3);
	assert_int_equal(rig.log[0].at, REGION_A + 108);
	assert_int_equal(rig.log[0].len, 2);
	assert_int_equal(rig.log[1].at, REGION_B - 5);
	assert_int_equal(rig.log[1].len, 5);
	assert_int_equal(rig.log[2].at, REGION_B);
	assert_int_equal(rig.log[2].len, 5);
	ring_rig_close(&rig);
}

static void
an_address_in_no_region_is_a_fault_unless_awaited(void **state)
{
	static const struct rte_vhost2_seg hole = {REGION_GAP - 4, 8, 0, 0};
	struct net_cursor cursor;
	struct ring_rig rig;
	char bytes[8] = {0};

	(void)state;
	ring_rig_open(&rig, false, 8, 0);
	cursor = net_cursor_begin(&rig.dev, &rig.vq, &hole, 1);
	assert_int_equal(net_cursor_read(&cursor, bytes, 8), -EFAULT);
	rig.dev.iommu = true;
	rig.pending = true;
	cursor = net_cursor_begin(&rig.dev, &rig.vq, &hole, 1);
	assert_int_equal(net_cursor_write(&cursor, bytes, 8), -EAGAIN);
	ring_rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_cross_segments_and_regions),
		cmocka_unit_test(a_skip_ends_where_reading_would),
		cmocka_unit_test(what_is_written_is_logged),
		cmocka_unit_test(an_address_in_no_region_is_a_fault_unless_awaited),
	};

	return cmocka_run_group_tests_name("vhost2_net/cursor", tests, NULL, NULL);
}
