/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Offloads on the control side: what is said to be possible, what is agreed on for it, what may change later.
 *
 * Covers VIRTIO 1.3 5.1.3.1 (feature bit requirements), 5.1.6.5.3 (VLAN filtering).
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "virtio/feature.h"
#include "fake_port.h"
#include "rxtx/parse.h"

#define BIT VIRTIO_BIT
#define RX_FEATURES (BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6) | \
	BIT(VIRTIO_NET_F_GUEST_ECN) | BIT(VIRTIO_NET_F_GUEST_USO4) | BIT(VIRTIO_NET_F_GUEST_USO6))
#define TX_FEATURES (BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) | \
	BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_HOST_USO) | BIT(VIRTIO_NET_F_GUEST_HDRLEN))
#define ALL_FEATURES (RX_FEATURES | TX_FEATURES | BIT(VIRTIO_NET_F_CTRL_VLAN))

#define RX_SOFTWARE (RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM)
#define RX_CKSUMS (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)
#define TX_SOFTWARE (RTE_ETH_TX_OFFLOAD_VLAN_INSERT | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | \
	RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE)
#define TX_CKSUMS (RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)

static void
port_make(struct fake_port *port, uint64_t more)
{
	fake_port_make(port, 1);
	port->device.offer |= more;
}

/* Configure these offloads. @return what was agreed on beyond what no offload needs. */
static uint64_t
agreed(struct fake_port *port, uint64_t rx, uint64_t tx)
{
	port->data.dev_conf.rxmode.offloads = rx;
	port->data.dev_conf.txmode.offloads = tx;
	assert_int_equal(fake_port_configure(port, 1, 1), 0);
	return port->hw->features & ALL_FEATURES;
}

static void
capabilities_are_what_the_device_offers_and_what_needs_no_device(void **state)
{
	static const struct {
		uint64_t offer, rx, tx;
	} cases[] = {
		{0, 0, 0},
		{BIT(VIRTIO_NET_F_GUEST_CSUM), RX_CKSUMS, 0},
		{BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4), RX_CKSUMS, 0},
		{RX_FEATURES, RX_CKSUMS | RTE_ETH_RX_OFFLOAD_TCP_LRO, 0},
		{BIT(VIRTIO_NET_F_CSUM), 0, TX_CKSUMS},
		{BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4), 0, TX_CKSUMS},
		{TX_FEATURES, 0, TX_CKSUMS | RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_UDP_TSO},
		/* What another feature is missing for is not there. */
		{TX_FEATURES & ~BIT(VIRTIO_NET_F_CSUM), 0, 0},
		{RX_FEATURES & ~BIT(VIRTIO_NET_F_GUEST_CSUM), 0, 0},
		{BIT(VIRTIO_NET_F_CTRL_VLAN), RTE_ETH_RX_OFFLOAD_VLAN_FILTER, 0},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct rte_eth_dev_info info = {0};
		struct fake_port port;

		port_make(&port, cases[i].offer);
		assert_int_equal(port.dev.dev_ops->dev_infos_get(&port.dev, &info), 0);
		assert_int_equal(info.rx_offload_capa, cases[i].rx | RX_SOFTWARE | RTE_ETH_RX_OFFLOAD_SCATTER);
		assert_int_equal(info.tx_offload_capa, cases[i].tx | TX_SOFTWARE);
		assert_int_equal(info.max_lro_pkt_size, cases[i].rx & RTE_ETH_RX_OFFLOAD_TCP_LRO ? PORT_LRO_MAX : 0);
		/* They do not shrink to what was agreed on. */
		assert_int_equal(agreed(&port, 0, 0), 0);
		assert_int_equal(port.dev.dev_ops->dev_infos_get(&port.dev, &info), 0);
		assert_int_equal(info.rx_offload_capa, cases[i].rx | RX_SOFTWARE | RTE_ETH_RX_OFFLOAD_SCATTER);
		assert_int_equal(info.tx_offload_capa, cases[i].tx | TX_SOFTWARE);
		fake_port_drop(&port);
	}
}

static void
without_merged_buffers_there_is_no_coalescing(void **state)
{
	struct rte_eth_dev_info info = {0};
	struct fake_port port;

	(void)state;
	port_make(&port, ALL_FEATURES);
	port.hw->config.mrg_rxbuf = 0;
	assert_int_equal(port.dev.dev_ops->dev_infos_get(&port.dev, &info), 0);
	assert_int_equal(info.rx_offload_capa & (RTE_ETH_RX_OFFLOAD_TCP_LRO | RTE_ETH_RX_OFFLOAD_SCATTER), 0);
	fake_port_drop(&port);
}

static void
features_are_agreed_on_only_for_what_was_configured(void **state)
{
	const uint64_t rx_csum = BIT(VIRTIO_NET_F_GUEST_CSUM);
	const uint64_t csum = BIT(VIRTIO_NET_F_CSUM);
	const uint64_t lro = rx_csum | BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6) |
		BIT(VIRTIO_NET_F_GUEST_ECN);
	const uint64_t tso = csum | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) |
		BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_GUEST_HDRLEN);
	const uint64_t uso = csum | BIT(VIRTIO_NET_F_HOST_USO) | BIT(VIRTIO_NET_F_GUEST_HDRLEN);
	struct fake_port port;

	(void)state;
	port_make(&port, ALL_FEATURES);
	assert_int_equal(agreed(&port, 0, 0), 0);
	assert_int_equal(agreed(&port, RX_SOFTWARE | RTE_ETH_RX_OFFLOAD_SCATTER, TX_SOFTWARE), 0);
	assert_int_equal(agreed(&port, RTE_ETH_RX_OFFLOAD_TCP_CKSUM, 0), rx_csum);
	assert_int_equal(agreed(&port, RTE_ETH_RX_OFFLOAD_UDP_CKSUM, 0), rx_csum);
	assert_int_equal(agreed(&port, RTE_ETH_RX_OFFLOAD_TCP_LRO, 0), lro);
	assert_int_equal(agreed(&port, 0, RTE_ETH_TX_OFFLOAD_TCP_CKSUM), csum);
	assert_int_equal(agreed(&port, 0, RTE_ETH_TX_OFFLOAD_TCP_TSO), tso);
	assert_int_equal(agreed(&port, 0, RTE_ETH_TX_OFFLOAD_UDP_TSO), uso);
	assert_int_equal(agreed(&port, RTE_ETH_RX_OFFLOAD_TCP_LRO, RTE_ETH_TX_OFFLOAD_UDP_TSO),
		lro | uso | BIT(VIRTIO_NET_F_GUEST_USO4) | BIT(VIRTIO_NET_F_GUEST_USO6));
	assert_int_equal(agreed(&port, RTE_ETH_RX_OFFLOAD_VLAN_FILTER, 0), BIT(VIRTIO_NET_F_CTRL_VLAN));
	/* And are given back. */
	assert_int_equal(agreed(&port, 0, 0), 0);
	fake_port_drop(&port);
}

static void
a_limit_of_coalesced_packets_that_no_device_knows_ends_coalescing(void **state)
{
	static const struct {
		uint32_t limit;
		bool coalesces;
	} cases[] = {
		{0, true},
		{1500 + PORT_FRAME_OVERHEAD, true}, /* what ethdev puts in when nobody said anything */
		{9000, false},
		{PORT_LRO_MAX - 1, false},
		{PORT_LRO_MAX, true},
	};
	struct fake_port port;

	(void)state;
	port_make(&port, ALL_FEATURES);
	port.data.dev_conf.rxmode.mtu = 1500;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		port.data.dev_conf.rxmode.max_lro_pkt_size = cases[i].limit;
		assert_int_equal((agreed(&port, RTE_ETH_RX_OFFLOAD_TCP_LRO, 0) & BIT(VIRTIO_NET_F_GUEST_TSO4)) != 0,
			cases[i].coalesces);
	}
	fake_port_drop(&port);
}

static void
a_port_that_runs_with_other_offloads_gets_new_queues(void **state)
{
	struct fake_port port;

	(void)state;
	port_make(&port, ALL_FEATURES);
	agreed(&port, 0, 0);
	fake_port_setup(&port);
	assert_int_equal(fake_port_start(&port), 0);
	assert_string_equal(port.hw->rx_path->name, "fake rx");
	assert_int_equal(fake_port_stop(&port), 0);
	fake_log_take();
	assert_int_equal(fake_port_start(&port), 0);
	assert_null(strstr(fake_log_take(), "create"));
	assert_int_equal(fake_port_stop(&port), 0);
	agreed(&port, RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, 0);
	fake_log_take();
	assert_int_equal(fake_port_start(&port), 0);
	assert_non_null(strstr(fake_log_take(), "create0"));
	assert_string_equal(port.hw->rx_path->name, "fake rx, offload");
	assert_string_equal(port.hw->tx_path->name, "fake tx");
	assert_non_null(port.dev.tx_pkt_prepare);
	fake_port_drop(&port);
}

static void
packet_types_are_told_where_packets_are_looked_into(void **state)
{
	size_t nr __rte_unused = 0;
	struct fake_port port;

	(void)state;
	port_make(&port, ALL_FEATURES);
	agreed(&port, 0, TX_CKSUMS);
	assert_null(port_ptypes_get(PTYPES_GET_ARGS(&port.dev, &nr)));
	agreed(&port, RX_CKSUMS, 0);
	assert_ptr_equal(port_ptypes_get(PTYPES_GET_ARGS(&port.dev, &nr)), parse_ptypes);
	fake_port_setup(&port);
	assert_true(fake_switches.ptypes);
	assert_int_equal(port_ptypes_set(&port.dev, 0), 0);
	assert_false(fake_switches.ptypes);
	/* A queue that is made later knows. */
	fake_switches.ptypes = true;
	fake_port_setup(&port);
	assert_false(fake_switches.ptypes);
	assert_int_equal(port_ptypes_set(&port.dev, RTE_PTYPE_L4_MASK), 0);
	assert_true(fake_switches.ptypes);
	fake_port_drop(&port);
}

static int
strip_set(struct fake_port *port, bool on)
{
	uint64_t *offloads = &port->data.dev_conf.rxmode.offloads;

	*offloads = on ? *offloads | RTE_ETH_RX_OFFLOAD_VLAN_STRIP : *offloads & ~RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	return port_vlan_offload_set(&port->dev, RTE_ETH_VLAN_STRIP_MASK);
}

static void
stripping_is_switched_where_the_row_can(void **state)
{
	struct fake_port port;

	(void)state;
	port_make(&port, ALL_FEATURES);
	agreed(&port, RX_CKSUMS, 0);
	fake_port_setup(&port);
	assert_int_equal(fake_port_start(&port), 0);
	assert_false(fake_switches.strip);
	assert_int_equal(strip_set(&port, true), 0);
	assert_true(fake_switches.strip);
	assert_int_equal(strip_set(&port, false), 0);
	assert_false(fake_switches.strip);
	/* Which is no reason to make the queues anew. */
	assert_int_equal(strip_set(&port, true), 0);
	assert_int_equal(fake_port_stop(&port), 0);
	fake_log_take();
	assert_int_equal(fake_port_start(&port), 0);
	assert_null(strstr(fake_log_take(), "create"));
	fake_port_drop(&port);
}

static void
a_row_without_offloads_refuses_to_strip_while_it_runs(void **state)
{
	struct fake_port port;

	(void)state;
	port_make(&port, ALL_FEATURES);
	agreed(&port, 0, 0);
	fake_port_setup(&port);
	assert_int_equal(fake_port_start(&port), 0);
	assert_int_equal(strip_set(&port, true), -EBUSY);
	assert_int_equal(strip_set(&port, false), 0);
	assert_int_equal(fake_port_stop(&port), 0);
	assert_int_equal(strip_set(&port, true), 0);
	assert_int_equal(fake_port_start(&port), 0);
	assert_true(port.hw->rx_path->traits.offload);
	assert_true(fake_switches.strip);
	fake_port_drop(&port);
}

static void
vlan_filters_are_sent_and_sent_again_after_a_reset(void **state)
{
	struct fake_port port;

	(void)state;
	port_make(&port, ALL_FEATURES);
	agreed(&port, RTE_ETH_RX_OFFLOAD_VLAN_FILTER, 0);
	fake_port_setup(&port);
	assert_int_equal(port_vlan_filter_set(&port.dev, 5, 1), 0);
	port.data.vlan_filter_conf.ids[0] = UINT64_C(1) << 5;
	assert_null(strstr(fake_log_take(), "command"));
	assert_int_equal(fake_port_start(&port), 0);
	assert_non_null(strstr(fake_log_take(), "command=2.0:0500"));
	assert_int_equal(port_vlan_filter_set(&port.dev, 0x123, 1), 0);
	assert_string_equal(fake_log_take(), "command=2.0:2301");
	assert_int_equal(port_vlan_filter_set(&port.dev, 5, 0), 0);
	assert_string_equal(fake_log_take(), "command=2.1:0500");
	port.device.fail_command = -EIO;
	assert_int_equal(port_vlan_filter_set(&port.dev, 6, 1), -EIO);
	port.device.fail_command = 0;
	fake_port_drop(&port);
}

static void
without_the_feature_there_is_no_vlan_filter(void **state)
{
	struct fake_port port;

	(void)state;
	port_make(&port, 0);
	agreed(&port, 0, 0);
	assert_int_equal(port_vlan_filter_set(&port.dev, 5, 1), -ENOTSUP);
	port.data.dev_conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
	assert_int_equal(port_vlan_offload_set(&port.dev, RTE_ETH_VLAN_FILTER_MASK), -ENOTSUP);
	fake_port_drop(&port);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_are_what_the_device_offers_and_what_needs_no_device),
		cmocka_unit_test(without_merged_buffers_there_is_no_coalescing),
		cmocka_unit_test(features_are_agreed_on_only_for_what_was_configured),
		cmocka_unit_test(a_limit_of_coalesced_packets_that_no_device_knows_ends_coalescing),
		cmocka_unit_test(a_port_that_runs_with_other_offloads_gets_new_queues),
		cmocka_unit_test(packet_types_are_told_where_packets_are_looked_into),
		cmocka_unit_test(stripping_is_switched_where_the_row_can),
		cmocka_unit_test(a_row_without_offloads_refuses_to_strip_while_it_runs),
		cmocka_unit_test(vlan_filters_are_sent_and_sent_again_after_a_reset),
		cmocka_unit_test(without_the_feature_there_is_no_vlan_filter),
	};

	return cmocka_run_group_tests_name("ethdev_offload", tests, NULL, NULL);
}
