/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The configuration space: what is read, what may be written. VIRTIO 1.3 5.1.4.
 */

#include <errno.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vhost2_net/rte_vhost2_net_device.h"
#include "virtio/feature.h"
#include "virtio/net.h"

static void
device_make(struct rte_vhost2_net_device *device, uint64_t features)
{
	memset(device, 0, sizeof(*device));
	device->max_pairs = 0x102;
	device->mtu = 1500;
	device->speed = 10000;
	device->duplex = 1;
	device->link_up = true;
	memcpy(device->mac, "\2\3\4\5\6\7", 6);
	rte_vhost2_net_device_reset(device, features);
}

static void
the_space_says_what_the_device_is(void **state)
{
	struct rte_vhost2_net_device device;
	struct virtio_net_config_space space;

	(void)state;
	device_make(&device, 0);
	assert_int_equal(rte_vhost2_net_get_config(&device, (uint8_t *)&space, sizeof(space)), 0);
	assert_memory_equal(space.net.mac, "\2\3\4\5\6\7", 6);
	assert_int_equal(space.net.status, VIRTIO_NET_S_LINK_UP);
	assert_int_equal(space.net.max_virtqueue_pairs, 0x102);
	assert_int_equal(space.net.mtu, 1500);
	assert_int_equal(space.net.speed, 10000);
	assert_int_equal(space.net.duplex, 1);
	assert_int_equal(space.net.rss_max_key_size, 0);
	device.link_up = false;
	device.announce = true;
	assert_int_equal(rte_vhost2_net_get_config(&device, (uint8_t *)&space, 8), 0);
	assert_int_equal(space.net.status, VIRTIO_NET_S_ANNOUNCE);
}

static void
no_byte_is_given_beyond_what_was_asked(void **state)
{
	struct rte_vhost2_net_device device;
	uint8_t bytes[40];
	uint32_t len;

	(void)state;
	device_make(&device, 0);
	for (len = 0; len <= 28; len++) {
		memset(bytes, 0xaa, sizeof(bytes));
		assert_int_equal(rte_vhost2_net_get_config(&device, bytes, len), 0);
		assert_int_equal(bytes[len], 0xaa);
	}
	assert_int_equal(rte_vhost2_net_get_config(&device, bytes, 29), -EINVAL);
	assert_int_equal(rte_vhost2_net_get_config(&device, bytes, UINT32_MAX), -EINVAL);
}

static void
only_a_legacy_driver_writes_its_address(void **state)
{
	struct rte_vhost2_net_device device;
	const uint8_t *const mac = (const uint8_t *)"\x12\x13\x14\x15\x16\x17\x18";

	(void)state;
	device_make(&device, VIRTIO_BIT(VIRTIO_F_VERSION_1));
	assert_int_equal(rte_vhost2_net_set_config(&device, mac, 0, 6, RTE_VHOST2_SET_CONFIG_DRIVER), -EACCES);
	assert_int_equal(device.mac[0], 2);
	device_make(&device, 0);
	assert_int_equal(rte_vhost2_net_set_config(&device, mac, 5, 1, RTE_VHOST2_SET_CONFIG_DRIVER), 0);
	assert_int_equal(device.mac[5], 0x12);
	assert_int_equal(rte_vhost2_net_set_config(&device, mac, 0, 7, RTE_VHOST2_SET_CONFIG_DRIVER), -EACCES);
	assert_int_equal(rte_vhost2_net_set_config(&device, mac, 6, 2, RTE_VHOST2_SET_CONFIG_DRIVER), -EACCES);
	assert_int_equal(device.mac[0], 2);
}

static void
a_migration_restores_the_address_and_nothing_else(void **state)
{
	struct rte_vhost2_net_device device;
	uint8_t space[28];

	(void)state;
	memset(space, 0x21, sizeof(space));
	device_make(&device, VIRTIO_BIT(VIRTIO_F_VERSION_1));
	assert_int_equal(rte_vhost2_net_set_config(&device, space, 0, 28, RTE_VHOST2_SET_CONFIG_MIGRATION), 0);
	assert_int_equal(device.mac[0], 0x21);
	assert_int_equal(device.mtu, 1500);
	assert_int_equal(rte_vhost2_net_set_config(&device, space, 28, 1, RTE_VHOST2_SET_CONFIG_MIGRATION), -EINVAL);
	assert_int_equal(rte_vhost2_net_set_config(&device, space, 1, UINT32_MAX, RTE_VHOST2_SET_CONFIG_MIGRATION),
		-EINVAL);
}

static void
a_reset_begins_anew(void **state)
{
	struct rte_vhost2_net_device device;

	(void)state;
	device_make(&device, VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX));
	assert_false(device.filter.promisc);
	device.pairs = 3;
	device.filter.nobcast = true;
	rte_vhost2_net_device_reset(&device, 0);
	assert_int_equal(device.pairs, 1);
	assert_false(device.filter.nobcast);
	assert_true(device.filter.promisc);
	assert_int_equal(rte_vhost2_net_features() & VIRTIO_BIT(VIRTIO_NET_F_RSS), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_space_says_what_the_device_is),
		cmocka_unit_test(no_byte_is_given_beyond_what_was_asked),
		cmocka_unit_test(only_a_legacy_driver_writes_its_address),
		cmocka_unit_test(a_migration_restores_the_address_and_nothing_else),
		cmocka_unit_test(a_reset_begins_anew),
	};

	return cmocka_run_group_tests_name("vhost2_net/config", tests, NULL, NULL);
}
