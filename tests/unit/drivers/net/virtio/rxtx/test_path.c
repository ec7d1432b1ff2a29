/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The table of paths: every combination of negotiated features selects the row that was made for it.
 */

#include <string.h>

#include <rte_ethdev.h>

#include "support.h"

static void
every_feature_set_selects_its_row(void **state)
{
	static const uint16_t widths[] = {0, 128, 256, 512};
	unsigned int i;

	(void)state;
	for (i = 0; i < 128; i++) {
		const struct path_request request = {
			.features = (i & 1 ? VIRTIO_BIT(VIRTIO_F_IN_ORDER) : 0) |
				(i & 2 ? VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) : 0) |
				(i & 8 ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0) |
				(i & 32 ? VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) : 0) |
				(i & 64 ? VIRTIO_BIT(VIRTIO_NET_F_CSUM) : 0),
			.simd = widths[i / 4 % 2 + i / 16 % 2 * 2],
		};

		assert_int_equal(rx_path_select(&request)->traits.in_order, (i & 1) != 0);
		assert_int_equal(rx_path_select(&request)->traits.mergeable, (i & 2) != 0);
		assert_int_equal(tx_path_select(&request)->traits.in_order, (i & 1) != 0);
		assert_int_equal(rx_path_select(&request)->traits.offload, (i & 32) != 0);
		assert_int_equal(tx_path_select(&request)->traits.offload, (i & 64) != 0);
		assert_true(rx_path_select(&request)->traits.simd <= request.simd);
		assert_true(tx_path_select(&request)->traits.simd <= request.simd);
		assert_int_equal(rx_path_select(&request)->traits.format, i & 8 ? VRING_PACKED : VRING_SPLIT);
		assert_int_equal(tx_path_select(&request)->traits.format, i & 8 ? VRING_PACKED : VRING_SPLIT);
	}
}

/* A row is reached by asking for exactly what it needs. */
static void
every_row_can_be_selected(void **state)
{
	const struct rx_path *rx;
	const struct tx_path *tx;
	unsigned int nr;

	(void)state;
	for (rx = rx_paths(&nr); rx < rx_paths(&nr) + nr; rx++) {
		const struct path_request request = {
			.features = rx_row_features(rx),
			.simd = rx->traits.simd,
		};

		assert_ptr_equal(rx_path_select(&request), rx);
	}
	for (tx = tx_paths(&nr); tx < tx_paths(&nr) + nr; tx++) {
		const struct path_request request = {
			.features = tx_row_features(tx),
			.simd = tx->traits.simd,
		};

		assert_ptr_equal(tx_path_select(&request), tx);
	}
}

/* What is done in software needs the row too, whatever was negotiated. */
static void
configured_offloads_select_rows_with_offloads(void **state)
{
	struct path_request request = {.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_STRIP};

	(void)state;
	assert_true(rx_path_select(&request)->traits.offload);
	assert_false(tx_path_select(&request)->traits.offload);
	request = (struct path_request){.rx_offloads = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM};
	assert_true(rx_path_select(&request)->traits.offload);
	request = (struct path_request){.tx_offloads = RTE_ETH_TX_OFFLOAD_VLAN_INSERT};
	assert_true(tx_path_select(&request)->traits.offload);
	assert_false(rx_path_select(&request)->traits.offload);
	request = (struct path_request){.tx_offloads = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM};
	assert_true(tx_path_select(&request)->traits.offload);
	request = (struct path_request){.rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
		.tx_offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE};
	assert_false(rx_path_select(&request)->traits.offload);
	assert_false(tx_path_select(&request)->traits.offload);
}

static void
no_two_rows_share_a_name_or_a_function(void **state)
{
	unsigned int nr;
	const struct rx_path *const rows = rx_paths(&nr);
	unsigned int i;
	unsigned int j;

	(void)state;
	for (i = 0; i < nr; i++) {
		for (j = 0; j < i; j++) {
			assert_string_not_equal(rows[i].name, rows[j].name);
			assert_ptr_not_equal(rows[i].burst, rows[j].burst);
		}
	}
}

static void
names_say_what_the_traits_are(void **state)
{
	const struct rx_path *rx;
	const struct tx_path *tx;
	unsigned int nr;

	(void)state;
	for (rx = rx_paths(&nr); rx < rx_paths(&nr) + nr; rx++) {
		assert_int_equal(strstr(rx->name, "in-order") != NULL, rx->traits.in_order);
		assert_int_equal(strstr(rx->name, "mergeable") != NULL, rx->traits.mergeable);
		assert_int_equal(strstr(rx->name, "offload") != NULL, rx->traits.offload);
		assert_int_equal(strstr(rx->name, "split") != NULL, rx->traits.format == VRING_SPLIT);
		assert_int_equal(strstr(rx->name, "avx2") != NULL, rx->traits.simd == 256);
		assert_int_equal(strstr(rx->name, "avx512") != NULL, rx->traits.simd == 512);
	}
	for (tx = tx_paths(&nr); tx < tx_paths(&nr) + nr; tx++) {
		assert_int_equal(strstr(tx->name, "in-order") != NULL, tx->traits.in_order);
		assert_int_equal(strstr(tx->name, "offload") != NULL, tx->traits.offload);
		assert_int_equal(strstr(tx->name, "split") != NULL, tx->traits.format == VRING_SPLIT);
		assert_int_equal(strstr(tx->name, "avx2") != NULL, tx->traits.simd == 256);
		assert_int_equal(strstr(tx->name, "avx512") != NULL, tx->traits.simd == 512);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_feature_set_selects_its_row),
		cmocka_unit_test(every_row_can_be_selected),
		cmocka_unit_test(configured_offloads_select_rows_with_offloads),
		cmocka_unit_test(no_two_rows_share_a_name_or_a_function),
		cmocka_unit_test(names_say_what_the_traits_are),
	};

	return cmocka_run_group_tests_name("rxtx/path", tests, NULL, NULL);
}
