/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A port's life in the order in which its device sees it.
 *
 * Covers VIRTIO 1.3 3.1.1 (initialization), 5.1.4.1 (limits in the configuration space).
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

#define NEGOTIATION "reset status=1 status=3 features status=11"

static void
configure_follows_the_initialization_order(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 4);
	assert_int_equal(fake_port_configure(&port, 2, 2), 0);
	assert_string_equal(fake_log_take(), NEGOTIATION);
	assert_int_equal(port.device.features, FAKE_OFFER);
	fake_port_drop(&port);
}

static void
configure_again_negotiates_nothing_when_nothing_changed(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 4);
	assert_int_equal(fake_port_configure(&port, 2, 2), 0);
	fake_log_take();
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	assert_string_equal(fake_log_take(), "");
	port.device.offer &= ~VIRTIO_BIT(VIRTIO_F_IN_ORDER);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	assert_string_equal(fake_log_take(), NEGOTIATION);
	fake_port_drop(&port);
}

static void
configure_accepts_only_what_the_driver_knows_and_the_user_allows(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	port.device.offer = UINT64_MAX;
	port.device.config.mtu = 9000;
	port.hw->config.mrg_rxbuf = 0;
	port.hw->config.in_order = 0;
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	assert_int_equal(
		port.device.features &
			(VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) | VIRTIO_BIT(VIRTIO_F_IN_ORDER) |
				VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_NET_F_CSUM) |
				VIRTIO_BIT(VIRTIO_NET_F_RSS)),
		0);
	assert_true(port.device.features & VIRTIO_BIT(VIRTIO_NET_F_MTU));
	fake_port_drop(&port);
}

static void
configure_refuses_a_legacy_device(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	port.device.offer &= ~VIRTIO_BIT(VIRTIO_F_VERSION_1);
	assert_int_equal(fake_port_configure(&port, 1, 1), -ENOTSUP);
	fake_port_drop(&port);
}

static void
configure_fails_when_the_device_takes_features_ok_back(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	port.device.refuses_features = true;
	assert_int_equal(fake_port_configure(&port, 1, 1), -EPROTO);
	fake_port_drop(&port);
}

static void
configure_refuses_more_pairs_than_the_device_has(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 4);
	port.device.config.max_virtqueue_pairs = 2;
	assert_int_equal(fake_port_configure(&port, 1, 3), -EINVAL);
	assert_int_equal(fake_port_configure(&port, 1, 2), 0);
	fake_port_drop(&port);
}

/* --- start and stop --- */

static void
start_hands_rings_over_before_driver_ok_and_pairs_after(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 4);
	assert_int_equal(fake_port_configure(&port, 2, 2), 0);
	fake_port_setup(&port);
	fake_log_take();
	assert_int_equal(fake_port_start(&port), 0);
	assert_string_equal(fake_log_take(),
		"discard0 fill0 discard1 discard2 fill2 discard3 "
		"setup0/64 setup1/64 setup2/64 setup3/64 setup8/16 "
		"status=15 command=4.0:0200 mtu=1500");
	assert_int_equal(port.data.rx_queue_state[1], RTE_ETH_QUEUE_STATE_STARTED);
	assert_ptr_equal(port.data.rx_queues[1], port.hw->queues[2].rxq);
	fake_port_drop(&port);
}

static void
stop_suspends_and_start_resumes_without_touching_a_ring(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	fake_port_setup(&port);
	assert_int_equal(fake_port_start(&port), 0);
	fake_log_take();
	assert_int_equal(fake_port_stop(&port), 0);
	assert_string_equal(fake_log_take(), "suspend");
	assert_int_equal(port.data.rx_queue_state[0], RTE_ETH_QUEUE_STATE_STOPPED);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	assert_int_equal(fake_port_start(&port), 0);
	assert_string_equal(fake_log_take(), "resume mtu=1500");
	fake_port_drop(&port);
}

static void
start_after_a_queue_was_set_up_anew_begins_with_a_reset(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	port.device.offer &= ~VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	fake_port_setup(&port);
	assert_int_equal(fake_port_start(&port), 0);
	assert_int_equal(fake_port_stop(&port), 0);
	fake_log_take();
	fake_port_setup(&port);
	assert_string_equal(
		fake_log_take(), "del0 discard0 destroy0 create0 del1 discard1 destroy1 create1");
	assert_int_equal(fake_port_start(&port), 0);
	assert_string_equal(fake_log_take(), NEGOTIATION
		" discard0 fill0 discard1 setup0/64 setup1/64 status=15 mtu=1500");
	fake_port_drop(&port);
}

static void
start_makes_queues_anew_when_the_features_changed(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	port.device.offer &= ~VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	fake_port_setup(&port);
	port.device.offer &= ~VIRTIO_BIT(VIRTIO_F_IN_ORDER);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	fake_log_take();
	assert_int_equal(fake_port_start(&port), 0);
	assert_string_equal(fake_log_take(),
		"discard0 destroy0 create0 fill0 discard1 destroy1 create1 "
		"setup0/64 setup1/64 status=15 mtu=1500");
	fake_port_drop(&port);
}

static void
unequal_counts_get_idle_rings_for_the_missing_halves(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 4);
	assert_int_equal(fake_port_configure(&port, 2, 1), 0);
	fake_port_setup(&port);
	fake_log_take();
	assert_int_equal(fake_port_start(&port), 0);
	assert_non_null(
		strstr(fake_log_take(), "setup0/64 setup1/64 setup2/64 setup3/4 setup8/16"));
	assert_int_equal(fake_port_stop(&port), 0);
	assert_int_equal(fake_port_configure(&port, 0, 1), 0);
	assert_int_equal(fake_port_start(&port), 0);
	assert_non_null(
		strstr(fake_log_take(), "setup0/4 setup1/64 setup8/16 status=15 command=4.0:0100"));
	fake_port_drop(&port);
}

static void
start_refuses_a_configured_queue_that_was_not_set_up(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	assert_int_equal(fake_port_start(&port), -EINVAL);
	fake_port_drop(&port);
}

static void
a_failed_start_leaves_a_reset_device_and_the_next_one_negotiates(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	port.device.offer &= ~VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	fake_port_setup(&port);
	port.device.fail_driver_ok = -ETIMEDOUT;
	fake_log_take();
	assert_int_equal(fake_port_start(&port), -ETIMEDOUT);
	assert_string_equal(
		fake_log_take(), "discard0 fill0 discard1 setup0/64 setup1/64 status=15 reset");
	port.device.fail_driver_ok = 0;
	assert_int_equal(fake_port_start(&port), 0);
	assert_string_equal(fake_log_take(), NEGOTIATION
		" discard0 fill0 discard1 setup0/64 setup1/64 status=15 mtu=1500");
	fake_port_drop(&port);
}

static void
stop_succeeds_and_resets_when_the_device_cannot_be_suspended(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	fake_port_setup(&port);
	assert_int_equal(fake_port_start(&port), 0);
	port.device.fail_suspend = -ECONNRESET;
	fake_log_take();
	assert_int_equal(fake_port_stop(&port), 0);
	assert_string_equal(fake_log_take(), "suspend reset");
	assert_int_equal(fake_port_start(&port), 0);
	assert_non_null(strstr(fake_log_take(), NEGOTIATION));
	fake_port_drop(&port);
}

static void
close_ends_the_device_before_its_rings_go(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	fake_port_setup(&port);
	assert_int_equal(fake_port_start(&port), 0);
	assert_int_equal(fake_port_stop(&port), 0);
	fake_log_take();
	assert_int_equal(port.dev.dev_ops->dev_close(&port.dev), 0);
	assert_string_equal(fake_log_take(), "close discard0 destroy0 discard1 destroy1");
}

/* --- what a device states is not believed --- */

static void
infos(struct fake_port *port, struct rte_eth_dev_info *info)
{
	memset(info, 0, sizeof(*info));
	assert_int_equal(port->dev.dev_ops->dev_infos_get(&port->dev, info), 0);
}

static void
infos_follow_the_configuration_space(void **state)
{
	struct rte_eth_dev_info info;
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 8);
	port.device.offer |= VIRTIO_BIT(VIRTIO_NET_F_MTU);
	port.device.config.mtu = 2000;
	port.device.config.max_virtqueue_pairs = 3;
	infos(&port, &info);
	assert_int_equal(info.max_rx_queues, 3);
	assert_int_equal(info.max_tx_queues, 3);
	assert_int_equal(info.max_mtu, 2000);
	assert_int_equal(info.max_rx_pktlen, 2018);
	assert_true(info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER);
	assert_int_equal(info.default_rxportconf.ring_size, 256);
	port.device.offer &= ~(VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) | VIRTIO_BIT(VIRTIO_NET_F_MQ));
	infos(&port, &info);
	assert_int_equal(info.max_rx_queues, 1);
	assert_false(info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER);
	fake_port_drop(&port);
}

static void
impossible_limits_of_a_device_do_not_count(void **state)
{
	static const struct {
		uint16_t pairs, mtu, max_queues, max_mtu;
	} rows[] = {
		{0, 0, 1, 65517},
		{0x8001, 67, 1, 65517},
		{0x8000, 68, 8, 68},
		{65535, 65535, 1, 65517},
	};
	struct rte_eth_dev_info info;
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 8);
	port.device.offer |= VIRTIO_BIT(VIRTIO_NET_F_MTU);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		port.device.config.max_virtqueue_pairs = rows[i].pairs;
		port.device.config.mtu = rows[i].mtu;
		infos(&port, &info);
		assert_int_equal(info.max_rx_queues, rows[i].max_queues);
		assert_int_equal(info.max_mtu, rows[i].max_mtu);
	}
	fake_port_drop(&port);
}

static void
a_mac_that_no_port_can_have_is_replaced(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	assert_int_equal(port.data.mac_addrs[0].addr_bytes[5], 0x42);
	memset(port.device.config.mac, 0xff, sizeof(port.device.config.mac));
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	assert_true(rte_is_valid_assigned_ether_addr(&port.hw->device_mac));
	fake_port_drop(&port);
}

static void
configure_refuses_modes_that_are_not_there(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	port.data.dev_conf.rxmode.mq_mode = RTE_ETH_MQ_RX_DCB;
	assert_int_equal(fake_port_configure(&port, 1, 1), -ENOTSUP);
	port.data.dev_conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	port.data.dev_conf.txmode.mq_mode = RTE_ETH_MQ_TX_DCB;
	assert_int_equal(fake_port_configure(&port, 1, 1), -ENOTSUP);
	port.data.dev_conf.txmode.mq_mode = RTE_ETH_MQ_TX_NONE;
	port.data.dev_conf.lpbk_mode = 1;
	assert_int_equal(fake_port_configure(&port, 1, 1), -ENOTSUP);
	fake_port_drop(&port);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configure_follows_the_initialization_order),
		cmocka_unit_test(configure_again_negotiates_nothing_when_nothing_changed),
		cmocka_unit_test(configure_accepts_only_what_the_driver_knows_and_the_user_allows),
		cmocka_unit_test(configure_refuses_a_legacy_device),
		cmocka_unit_test(configure_fails_when_the_device_takes_features_ok_back),
		cmocka_unit_test(configure_refuses_more_pairs_than_the_device_has),
		cmocka_unit_test(start_hands_rings_over_before_driver_ok_and_pairs_after),
		cmocka_unit_test(stop_suspends_and_start_resumes_without_touching_a_ring),
		cmocka_unit_test(start_after_a_queue_was_set_up_anew_begins_with_a_reset),
		cmocka_unit_test(start_makes_queues_anew_when_the_features_changed),
		cmocka_unit_test(unequal_counts_get_idle_rings_for_the_missing_halves),
		cmocka_unit_test(start_refuses_a_configured_queue_that_was_not_set_up),
		cmocka_unit_test(a_failed_start_leaves_a_reset_device_and_the_next_one_negotiates),
		cmocka_unit_test(stop_succeeds_and_resets_when_the_device_cannot_be_suspended),
		cmocka_unit_test(close_ends_the_device_before_its_rings_go),
		cmocka_unit_test(infos_follow_the_configuration_space),
		cmocka_unit_test(impossible_limits_of_a_device_do_not_count),
		cmocka_unit_test(a_mac_that_no_port_can_have_is_replaced),
		cmocka_unit_test(configure_refuses_modes_that_are_not_there),
	};

	return cmocka_run_group_tests_name("ethdev", tests, NULL, NULL);
}
