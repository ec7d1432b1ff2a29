/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* iotlb.c: translations come, go and overlap; misses are asked for once, and not without bound. */

#include "rig.h"

#include "vhost2/iotlb.h"

static struct iotlb *iotlb;
static uint64_t user_addr, len;

static int
make(void **state)
{
	(void)state;
	iotlb = iotlb_create();
	return iotlb == NULL;
}

static int
unmake(void **state)
{
	(void)state;
	iotlb_destroy(iotlb);
	iotlb_destroy(NULL);
	return 0;
}

static int
find(uint64_t iova, uint8_t perm)
{
	user_addr = len = 0;
	return iotlb_find(iotlb, iova, perm, &user_addr, &len);
}

static void
what_was_entered_is_found_with_its_permissions(void **state)
{
	(void)state;
	assert_int_equal(iotlb_update(iotlb, 0x10000, 0x2000, 0x7000, VHOST_ACCESS_RO), 0);
	assert_int_equal(iotlb_update(iotlb, 0, 0x1000, 0x5000, VHOST_ACCESS_RW), 0);
	assert_int_equal(find(0x11234, VHOST_ACCESS_RO), 0);
	assert_int_equal(user_addr, 0x8234);
	assert_int_equal(len, 0xdcc);
	assert_int_equal(find(0x11234, VHOST_ACCESS_WO), -EACCES);
	assert_int_equal(find(0x11234, VHOST_ACCESS_RW), -EACCES);
	assert_int_equal(find(0, VHOST_ACCESS_RW), 0);
	assert_int_equal(find(0xfff, VHOST_ACCESS_WO), 0);
	assert_int_equal(find(0x1000, VHOST_ACCESS_RO), -EAGAIN);
	assert_int_equal(find(0x12000, VHOST_ACCESS_RO), -EAGAIN);
}

static void
what_cannot_be_entered_is_refused(void **state)
{
	(void)state;
	assert_int_equal(iotlb_update(iotlb, 0x1000, 0, 0, 3), -EINVAL);
	assert_int_equal(iotlb_update(iotlb, UINT64_MAX, 2, 0, 3), -EINVAL);
	assert_int_equal(iotlb_update(iotlb, 0, 2, UINT64_MAX, 3), -EINVAL);
	assert_int_equal(iotlb_update(iotlb, 0, 4096, 0, 0), -EINVAL);
	assert_int_equal(iotlb_update(iotlb, 0, 4096, 0, 4), -EINVAL);
	assert_int_equal(iotlb_update(iotlb, UINT64_MAX - 4095, 4096, 0, 3), 0);
	assert_int_equal(find(UINT64_MAX, VHOST_ACCESS_RW), 0);
	assert_int_equal(len, 1);
}

static void
a_translation_replaces_what_it_overlaps(void **state)
{
	(void)state;
	assert_int_equal(iotlb_update(iotlb, 0, 0x10000, 0x100000, 3), 0);
	assert_int_equal(iotlb_update(iotlb, 0x4000, 0x2000, 0x900000, 3), 0);
	assert_int_equal(find(0x3fff, 3), 0);
	assert_int_equal(user_addr, 0x103fff);
	assert_int_equal(len, 1);
	assert_int_equal(find(0x5000, 3), 0);
	assert_int_equal(user_addr, 0x901000);
	assert_int_equal(find(0x6000, 3), 0);
	assert_int_equal(user_addr, 0x106000);
	assert_int_equal(len, 0xa000);
}

static void
what_is_invalidated_is_gone_and_it_is_known_if_it_was_used(void **state)
{
	(void)state;
	assert_int_equal(iotlb_update(iotlb, 0, 0x10000, 0, 3), 0);
	assert_int_equal(iotlb_update(iotlb, 0x20000, 0x10000, 0, 3), 0);
	assert_int_equal(find(0x20000, 3), 0);
	assert_false(iotlb_invalidate(iotlb, 0x1000, 0x1000));
	assert_int_equal(find(0x1000, 3), -EAGAIN);
	assert_int_equal(find(0x2000, 3), 0);
	assert_true(iotlb_invalidate(iotlb, 0x2f000, 0x1000));
	assert_false(iotlb_invalidate(iotlb, 0x40000, 0x1000));
	assert_true(iotlb_invalidate(iotlb, 0, UINT64_MAX));
	assert_int_equal(find(0, 3), -EAGAIN);
	assert_int_equal(iotlb_update(iotlb, UINT64_MAX - 10, 1, 0, 3), 0);
	assert_int_equal(find(UINT64_MAX - 10, 3), 0);
	assert_true(iotlb_invalidate(iotlb, 5, UINT64_MAX));
	iotlb_flush(iotlb);
}

static void
a_miss_is_asked_for_once_until_it_is_answered(void **state)
{
	uint64_t iova = 0;
	uint8_t perm = 0;

	(void)state;
	assert_false(iotlb_take_miss(iotlb, &iova, &perm));
	assert_int_equal(find(0x5123, VHOST_ACCESS_WO), -EAGAIN);
	assert_int_equal(find(0x5fff, VHOST_ACCESS_WO), -EAGAIN);
	assert_true(iotlb_is_pending(iotlb, 0x5000));
	assert_false(iotlb_is_pending(iotlb, 0x6000));
	assert_true(iotlb_take_miss(iotlb, &iova, &perm));
	assert_int_equal(iova, 0x5000);
	assert_int_equal(perm, VHOST_ACCESS_WO);
	assert_false(iotlb_take_miss(iotlb, &iova, &perm));
	assert_true(iotlb_is_pending(iotlb, 0x5800));
	assert_int_equal(iotlb_update(iotlb, 0x5000, 0x1000, 0, 3), 0);
	assert_false(iotlb_is_pending(iotlb, 0x5000));
}

static void
misses_and_translations_are_bounded(void **state)
{
	uint64_t iova;
	uint8_t perm;
	int asked = 0;

	(void)state;
	for (uint64_t page = 0; page < 3 * IOTLB_ENTRIES; page++) {
		find(page << 12, 3);
		assert_int_equal(iotlb_update(iotlb, UINT64_MAX / 2 + (page << 13), 4096, 0, 3), 0);
	}
	while (iotlb_take_miss(iotlb, &iova, &perm))
		asked++;
	assert_int_equal(asked, IOTLB_MISSES);
	assert_true(iotlb_is_pending(iotlb, 0x123456789000));
	/* The last one that came is there. */
	assert_int_equal(find(UINT64_MAX / 2 + ((3 * IOTLB_ENTRIES - 1) << 13), 3), 0);
}

static void
any_order_of_updates_gives_what_a_plain_map_gives(void **state)
{
	static uint64_t map[64];

	(void)state;
	srandom(7);
	for (int step = 0; step < 20000; step++) {
		const uint64_t at = (uint64_t)random() % 64, nr = 1 + (uint64_t)random() % (64 - at);
		const uint64_t to = (uint64_t)(random() % 1000 + 1) << 20;

		if (random() % 3 == 0) {
			iotlb_invalidate(iotlb, at << 12, nr << 12);
			memset(&map[at], 0, nr * sizeof(map[0]));
		} else {
			assert_int_equal(iotlb_update(iotlb, at << 12, nr << 12, to, 3), 0);
			for (uint64_t i = 0; i < nr; i++)
				map[at + i] = to + (i << 12);
		}
		for (uint64_t page = 0; page < 64; page += 7) {
			const int rc = find((page << 12) + 5, 3);

			assert_int_equal(rc, map[page] != 0 ? 0 : -EAGAIN);
			if (rc == 0)
				assert_int_equal(user_addr, map[page] + 5);
		}
	}
}

#define MADE(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MADE(what_was_entered_is_found_with_its_permissions),
		MADE(what_cannot_be_entered_is_refused),
		MADE(a_translation_replaces_what_it_overlaps),
		MADE(what_is_invalidated_is_gone_and_it_is_known_if_it_was_used),
		MADE(a_miss_is_asked_for_once_until_it_is_answered),
		MADE(misses_and_translations_are_bounded),
		MADE(any_order_of_updates_gives_what_a_plain_map_gives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
