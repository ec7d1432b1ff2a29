/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Network device structures. Covers VIRTIO 1.3 5.1.2 (queues), 5.1.4 (configuration space),
 * 5.1.6 and 5.1.6.1 (header), 5.1.6.5 (control commands).
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtio/net.h"

#define BIT VIRTIO_BIT

static void
hdr_len_follows_version_mergeable_and_hash(void **state)
{
	const uint64_t hash = BIT(VIRTIO_NET_F_HASH_REPORT);

	(void)state;
	assert_int_equal(virtio_net_hdr_len(0), 10);
	assert_int_equal(virtio_net_hdr_len(BIT(VIRTIO_NET_F_CSUM)), 10);
	assert_int_equal(virtio_net_hdr_len(BIT(VIRTIO_NET_F_MRG_RXBUF)), 12);
	assert_int_equal(virtio_net_hdr_len(BIT(VIRTIO_F_VERSION_1)), 12);
	assert_int_equal(virtio_net_hdr_len(hash), 20);
	assert_int_equal(virtio_net_hdr_len(hash | BIT(VIRTIO_F_VERSION_1)), 20);
}

static void
queue_indices_interleave_rx_and_tx_and_end_with_control(void **state)
{
	(void)state;
	assert_int_equal(virtio_net_rxq_index(0), 0);
	assert_int_equal(virtio_net_txq_index(0), 1);
	assert_int_equal(virtio_net_rxq_index(3), 6);
	assert_int_equal(virtio_net_txq_index(3), 7);
	assert_int_equal(virtio_net_ctrlq_index(BIT(VIRTIO_NET_F_MQ), 4), 8);
	assert_int_equal(virtio_net_ctrlq_index(BIT(VIRTIO_NET_F_RSS), 4), 8);
	assert_int_equal(virtio_net_ctrlq_index(0, 4), 2);
	assert_int_equal(virtio_net_ctrlq_index(BIT(VIRTIO_NET_F_MQ), 0x8000), 0x10000);
}

static void
config_len_ends_behind_the_last_field_that_exists(void **state)
{
	static const struct {
		unsigned int bit;
		size_t len;
	} golden[] = {
		{VIRTIO_F_VERSION_1, 6}, {VIRTIO_NET_F_MAC, 6}, {VIRTIO_NET_F_STATUS, 8},
		{VIRTIO_NET_F_MQ, 10}, {VIRTIO_NET_F_MTU, 12}, {VIRTIO_NET_F_SPEED_DUPLEX, 17},
		{VIRTIO_NET_F_RSS, 24}, {VIRTIO_NET_F_HASH_REPORT, 24},
		{VIRTIO_NET_F_HASH_TUNNEL, 28},
	};
	uint64_t all = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		all |= BIT(golden[i].bit);
		assert_int_equal(virtio_net_config_len(BIT(golden[i].bit)), golden[i].len);
		assert_int_equal(virtio_net_config_len(all), golden[i].len);
	}
}

static void
mtu_is_valid_from_68_to_65535(void **state)
{
	(void)state;
	assert_false(virtio_net_mtu_is_valid(67));
	assert_true(virtio_net_mtu_is_valid(68));
	assert_true(virtio_net_mtu_is_valid(65535));
	assert_false(virtio_net_mtu_is_valid(65536));
	assert_false(virtio_net_mtu_is_valid(0));
}

static void
pairs_are_valid_from_1_to_0x8000(void **state)
{
	(void)state;
	assert_false(virtio_net_pairs_is_valid(0));
	assert_true(virtio_net_pairs_is_valid(1));
	assert_true(virtio_net_pairs_is_valid(0x8000));
	assert_false(virtio_net_pairs_is_valid(0x8001));
}

static void
ctrl_feature_knows_each_command_of_the_specification(void **state)
{
	static const struct {
		uint8_t cmd_class, cmd, bit;
	} golden[] = {
		{0, 0, 18}, {0, 1, 18}, {0, 2, 20}, {0, 3, 20}, {0, 4, 20}, {0, 5, 20},
		{1, 0, 18}, {1, 1, 23}, {2, 0, 19}, {2, 1, 19}, {3, 0, 21},
		{4, 0, 22}, {4, 1, 60}, {4, 2, 57}, {5, 0, 2},
		{6, 0, 53}, {6, 1, 53}, {6, 2, 52}, {6, 3, 52}, {7, 0, 51},
	};
	unsigned int bit, known = 0, cmd_class, cmd;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		bit = 1000;
		assert_int_equal(virtio_net_ctrl_feature(golden[i].cmd_class, golden[i].cmd,
			&bit), 0);
		assert_int_equal(bit, golden[i].bit);
	}
	for (cmd_class = 0; cmd_class < 256; cmd_class++)
		for (cmd = 0; cmd < 256; cmd++)
			known += virtio_net_ctrl_feature(cmd_class, cmd, &bit) == 0;
	assert_int_equal(known, sizeof(golden) / sizeof(golden[0]));
}

static void
ctrl_feature_leaves_the_bit_alone_for_an_unknown_command(void **state)
{
	unsigned int bit = 1000;

	(void)state;
	assert_int_equal(virtio_net_ctrl_feature(VIRTIO_NET_CTRL_MQ, 9, &bit), -ENOENT);
	assert_int_equal(bit, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hdr_len_follows_version_mergeable_and_hash),
		cmocka_unit_test(queue_indices_interleave_rx_and_tx_and_end_with_control),
		cmocka_unit_test(config_len_ends_behind_the_last_field_that_exists),
		cmocka_unit_test(mtu_is_valid_from_68_to_65535),
		cmocka_unit_test(pairs_are_valid_from_1_to_0x8000),
		cmocka_unit_test(ctrl_feature_knows_each_command_of_the_specification),
		cmocka_unit_test(ctrl_feature_leaves_the_bit_alone_for_an_unknown_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
