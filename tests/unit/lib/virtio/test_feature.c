/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Feature table and negotiation rules. Covers VIRTIO 1.3 5.1.3 and 6 (numbers), 5.1.3.1
 * (requirements), 2.2.1 (a driver must not accept what lacks its requirement), 5.1.4.2 (what it
 * should not negotiate without a control queue).
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtio/feature.h"

#define BIT VIRTIO_BIT

static void
table_is_sorted_by_unique_bits_below_64(void **state)
{
	size_t i;

	(void)state;
	assert_true(virtio_feature_count > 40);
	for (i = 0; i < virtio_feature_count; i++) {
		assert_in_range(virtio_feature_table[i].bit, 0, 63);
		if (i > 0)
			assert_true(virtio_feature_table[i - 1].bit < virtio_feature_table[i].bit);
	}
}

static void
every_rule_names_only_known_bits_and_never_the_bit_itself(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < virtio_feature_count; i++) {
		const struct virtio_feature *row = &virtio_feature_table[i];
		const uint64_t rule = row->needs_all | row->needs_any | row->wants_all;
		unsigned int bit;

		assert_int_equal(rule & BIT(row->bit), 0);
		for (bit = 0; bit < 64; bit++)
			if ((rule & BIT(bit)) != 0)
				assert_non_null(virtio_feature_find(bit));
	}
}

static void
shims_have_the_numbers_of_the_specification(void **state)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} golden[] = {
		{0, "VIRTIO_NET_F_CSUM"}, {15, "VIRTIO_NET_F_MRG_RXBUF"},
		{28, "VIRTIO_RING_F_INDIRECT_DESC"}, {29, "VIRTIO_RING_F_EVENT_IDX"},
		{32, "VIRTIO_F_VERSION_1"}, {34, "VIRTIO_F_RING_PACKED"},
		{35, "VIRTIO_F_IN_ORDER"}, {38, "VIRTIO_F_NOTIFICATION_DATA"},
		{39, "VIRTIO_F_NOTIF_CONFIG_DATA"}, {40, "VIRTIO_F_RING_RESET"},
		{41, "VIRTIO_F_ADMIN_VQ"}, {43, "VIRTIO_F_SUSPEND"},
		{50, "VIRTIO_NET_F_DEVICE_STATS"}, {51, "VIRTIO_NET_F_HASH_TUNNEL"},
		{52, "VIRTIO_NET_F_VQ_NOTF_COAL"}, {53, "VIRTIO_NET_F_NOTF_COAL"},
		{54, "VIRTIO_NET_F_GUEST_USO4"}, {55, "VIRTIO_NET_F_GUEST_USO6"},
		{56, "VIRTIO_NET_F_HOST_USO"}, {57, "VIRTIO_NET_F_HASH_REPORT"},
		{59, "VIRTIO_NET_F_GUEST_HDRLEN"}, {60, "VIRTIO_NET_F_RSS"},
		{61, "VIRTIO_NET_F_RSC_EXT"}, {62, "VIRTIO_NET_F_STANDBY"},
		{63, "VIRTIO_NET_F_SPEED_DUPLEX"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++)
		assert_string_equal(virtio_feature_name(golden[i].bit), golden[i].name);
}

static void
find_returns_null_for_bits_the_specification_lacks(void **state)
{
	(void)state;
	assert_null(virtio_feature_find(4));
	assert_null(virtio_feature_find(58));
	assert_null(virtio_feature_find(64));
	assert_null(virtio_feature_find(255));
}

static void
name_is_never_null(void **state)
{
	unsigned int bit;

	(void)state;
	for (bit = 0; bit < 300; bit++)
		assert_non_null(virtio_feature_name(bit));
	assert_string_equal(virtio_feature_name(58), "VIRTIO_F_UNKNOWN");
}

static void
close_keeps_a_set_whose_needs_are_met(void **state)
{
	const uint64_t set = BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO6) |
		BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_CTRL_VQ) | BIT(VIRTIO_NET_F_MQ) |
		BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_RING_PACKED);

	(void)state;
	assert_int_equal(virtio_features_close(set), set);
	assert_int_equal(virtio_features_close(0), 0);
	assert_int_equal(virtio_features_close(UINT64_MAX), UINT64_MAX);
}

static void
close_follows_a_chain_of_needs_to_its_end(void **state)
{
	const uint64_t set = BIT(VIRTIO_NET_F_GUEST_ECN) | BIT(VIRTIO_NET_F_GUEST_TSO4) |
		BIT(VIRTIO_NET_F_MAC);
	const uint64_t tunnel = BIT(VIRTIO_NET_F_HASH_TUNNEL) | BIT(VIRTIO_NET_F_RSS);

	(void)state;
	assert_int_equal(virtio_features_close(set), BIT(VIRTIO_NET_F_MAC));
	assert_int_equal(virtio_features_close(tunnel), 0);
}

static void
close_drops_what_has_no_effect_without_a_control_queue(void **state)
{
	const uint64_t set = BIT(VIRTIO_NET_F_HASH_REPORT) | BIT(VIRTIO_NET_F_CTRL_RX_EXTRA) |
		BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) | BIT(VIRTIO_NET_F_DEVICE_STATS);

	(void)state;
	assert_int_equal(virtio_features_close(set), 0);
	assert_int_equal(virtio_features_close(set | BIT(VIRTIO_NET_F_CTRL_VQ)),
		set | BIT(VIRTIO_NET_F_CTRL_VQ));
	assert_int_equal(virtio_features_check(set, NULL), 0);
}

static void
close_keeps_bits_without_a_row(void **state)
{
	(void)state;
	assert_int_equal(virtio_features_close(BIT(30) | BIT(58)), BIT(30) | BIT(58));
}

static void
check_accepts_whatever_close_returns(void **state)
{
	uint64_t set = 1;
	unsigned int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		const uint64_t closed = virtio_features_close(set);

		assert_int_equal(closed & ~set, 0);
		assert_int_equal(virtio_features_close(closed), closed);
		assert_int_equal(virtio_features_check(closed, NULL), 0);
		/* Knuth's MMIX generator: every pattern of the high bits, none of them special. */
		set = set * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	}
}

static void
check_names_the_lowest_offender(void **state)
{
	unsigned int offender = 1000;

	(void)state;
	assert_int_equal(virtio_features_check(BIT(VIRTIO_NET_F_MQ) | BIT(VIRTIO_NET_F_RSS),
		&offender), -EINVAL);
	assert_int_equal(offender, VIRTIO_NET_F_MQ);
	assert_int_equal(virtio_features_check(BIT(VIRTIO_NET_F_HOST_ECN), NULL), -EINVAL);
}

static void
check_leaves_the_offender_alone_on_success(void **state)
{
	unsigned int offender = 1000;

	(void)state;
	assert_int_equal(virtio_features_check(BIT(VIRTIO_F_VERSION_1), &offender), 0);
	assert_int_equal(offender, 1000);
}

static void
check_refuses_every_bit_that_needs_another_one_alone(void **state)
{
	/* VIRTIO 1.3 5.1.3.1, every line of it. */
	static const uint8_t needy[] = {7, 8, 9, 10, 11, 12, 13, 14, 18, 19, 21, 22, 23, 51, 52, 53,
		54, 55, 56, 60, 61};
	uint64_t expected = 0, refused = 0;
	unsigned int bit;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(needy); i++)
		expected |= BIT(needy[i]);
	for (bit = 0; bit < 64; bit++)
		if (virtio_features_check(BIT(bit), NULL) != 0)
			refused |= BIT(bit);
	assert_int_equal(refused, expected);
}

static void
text_joins_short_names_by_ascending_bit(void **state)
{
	const char *want = "CSUM MRG_RXBUF EVENT_IDX VERSION_1 bit58";
	char buf[64];

	(void)state;
	assert_int_equal(virtio_features_text(BIT(58) | BIT(32) | BIT(29) | BIT(15) | BIT(0), buf,
		sizeof(buf)), strlen(want));
	assert_string_equal(buf, want);
}

static void
text_is_empty_for_no_features(void **state)
{
	char buf[4] = "xyz";

	(void)state;
	assert_int_equal(virtio_features_text(0, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
}

static void
text_is_cut_but_terminated_at_every_length(void **state)
{
	const uint64_t set = UINT64_MAX;
	const size_t needed = virtio_features_text(set, NULL, 0);
	char *whole = malloc(needed + 1);
	size_t len;

	(void)state;
	assert_non_null(whole);
	assert_int_equal(virtio_features_text(set, whole, needed + 1), needed);
	assert_int_equal(strlen(whole), needed);
	for (len = 1; len <= needed + 1; len++) {
		char *cut = malloc(len);

		assert_non_null(cut);
		memset(cut, 'x', len);
		assert_int_equal(virtio_features_text(set, cut, len), needed);
		assert_int_equal(strlen(cut), len - 1);
		assert_memory_equal(cut, whole, len - 1);
		free(cut);
	}
	free(whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_sorted_by_unique_bits_below_64),
		cmocka_unit_test(every_rule_names_only_known_bits_and_never_the_bit_itself),
		cmocka_unit_test(shims_have_the_numbers_of_the_specification),
		cmocka_unit_test(find_returns_null_for_bits_the_specification_lacks),
		cmocka_unit_test(name_is_never_null),
		cmocka_unit_test(close_keeps_a_set_whose_needs_are_met),
		cmocka_unit_test(close_follows_a_chain_of_needs_to_its_end),
		cmocka_unit_test(close_drops_what_has_no_effect_without_a_control_queue),
		cmocka_unit_test(close_keeps_bits_without_a_row),
		cmocka_unit_test(check_accepts_whatever_close_returns),
		cmocka_unit_test(check_names_the_lowest_offender),
		cmocka_unit_test(check_leaves_the_offender_alone_on_success),
		cmocka_unit_test(check_refuses_every_bit_that_needs_another_one_alone),
		cmocka_unit_test(text_joins_short_names_by_ascending_bit),
		cmocka_unit_test(text_is_empty_for_no_features),
		cmocka_unit_test(text_is_cut_but_terminated_at_every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
