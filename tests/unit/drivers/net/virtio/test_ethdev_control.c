/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Link, MAC address, MTU and filters.
 *
 * Covers VIRTIO 1.3 5.1.6.5.2 (MAC_ADDR_SET), 5.1.6.5.6 (VQ_PAIRS_SET).
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

static struct rte_ether_addr other = { { 0x02, 0, 0, 0, 0, 0x77 } };

static void
port_running(struct fake_port *port, uint64_t missing)
{
	fake_port_make(port, 1);
	port->device.offer &= ~missing;
	assert_int_equal(fake_port_configure(port, 1, 1), 0);
	fake_port_setup(port);
	assert_int_equal(fake_port_start(port), 0);
	fake_log_take();
}

static void
a_new_mac_is_sent_once(void **state)
{
	struct fake_port port;

	(void)state;
	port_running(&port, 0);
	assert_int_equal(port_mac_addr_set(&port.dev, &other), 0);
	assert_string_equal(fake_log_take(), "command=1.1:020000000077");
	assert_int_equal(port_mac_addr_set(&port.dev, &other), 0);
	assert_string_equal(fake_log_take(), "");
	fake_port_drop(&port);
}

static void
a_mac_that_the_device_refuses_is_an_error_and_sent_again(void **state)
{
	struct fake_port port;

	(void)state;
	port_running(&port, 0);
	port.device.fail_command = -EIO;
	assert_int_equal(port_mac_addr_set(&port.dev, &other), -EIO);
	port.device.fail_command = 0;
	fake_log_take();
	assert_int_equal(port_mac_addr_set(&port.dev, &other), 0);
	assert_string_equal(fake_log_take(), "command=1.1:020000000077");
	fake_port_drop(&port);
}

static void
without_the_command_a_new_mac_is_ours_alone(void **state)
{
	struct fake_port port;

	(void)state;
	port_running(&port, VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR));
	assert_int_equal(port_mac_addr_set(&port.dev, &other), 0);
	assert_string_equal(fake_log_take(), "");
	fake_port_drop(&port);
}

static void
start_fails_when_the_device_refuses_the_pairs(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 2);
	assert_int_equal(fake_port_configure(&port, 2, 2), 0);
	fake_port_setup(&port);
	port.device.fail_command = -EIO;
	assert_int_equal(fake_port_start(&port), -EIO);
	fake_port_drop(&port);
}

static void
the_peer_hears_of_a_new_mtu_even_while_running(void **state)
{
	struct fake_port port;

	(void)state;
	port_running(&port, 0);
	assert_int_equal(port_mtu_set(&port.dev, 9000), 0);
	assert_string_equal(fake_log_take(), "mtu=9000");
	fake_port_drop(&port);
}

static void
nothing_is_filtered_and_filters_cannot_be_had(void **state)
{
	struct fake_port port;

	(void)state;
	port_running(&port, 0);
	assert_int_equal(port.data.promiscuous, 1);
	assert_int_equal(port.data.all_multicast, 1);
	assert_int_equal(port_promiscuous_enable(&port.dev), 0);
	assert_int_equal(port_promiscuous_disable(&port.dev), -ENOTSUP);
	assert_int_equal(port_allmulticast_enable(&port.dev), 0);
	assert_int_equal(port_allmulticast_disable(&port.dev), -ENOTSUP);
	fake_port_drop(&port);
}

static void
the_link_is_that_of_a_running_device(void **state)
{
	struct fake_port port;

	(void)state;
	port_running(&port, 0);
	port.hw->config.speed = 25000;
	port_link_update(&port.dev, 0);
	assert_int_equal(port.data.dev_link.link_status, RTE_ETH_LINK_DOWN);
	assert_int_equal(port.data.dev_link.link_speed, RTE_ETH_SPEED_NUM_NONE);
	assert_string_equal(fake_log_take(), "");
	port_link_update(&port.dev, 1);
	assert_string_equal(fake_log_take(), "wait=3000");
	assert_int_equal(port.data.dev_link.link_status, RTE_ETH_LINK_UP);
	assert_int_equal(port.data.dev_link.link_speed, 25000);
	assert_int_equal(fake_port_stop(&port), 0);
	assert_int_equal(port.data.dev_link.link_status, RTE_ETH_LINK_DOWN);
	fake_port_drop(&port);
}

static void
firmware_text_names_back_end_and_features_or_the_room_it_needs(void **state)
{
	struct fake_port port;
	char text[32];

	(void)state;
	port_running(&port, 0);
	port.hw->features = 0xabc;
	assert_int_equal(port_fw_version_get(&port.dev, text, sizeof(text)), 0);
	assert_string_equal(text, "fake 0xabc");
	assert_int_equal(port_fw_version_get(&port.dev, text, 10), 11);
	assert_int_equal(port_fw_version_get(&port.dev, text, 11), 0);
	fake_port_drop(&port);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_mac_is_sent_once),
		cmocka_unit_test(a_mac_that_the_device_refuses_is_an_error_and_sent_again),
		cmocka_unit_test(without_the_command_a_new_mac_is_ours_alone),
		cmocka_unit_test(start_fails_when_the_device_refuses_the_pairs),
		cmocka_unit_test(the_peer_hears_of_a_new_mtu_even_while_running),
		cmocka_unit_test(nothing_is_filtered_and_filters_cannot_be_had),
		cmocka_unit_test(the_link_is_that_of_a_running_device),
		cmocka_unit_test(firmware_text_names_back_end_and_features_or_the_room_it_needs),
	};

	return cmocka_run_group_tests_name("ethdev_control", tests, NULL, NULL);
}
