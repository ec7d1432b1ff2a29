/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the dialect says to vhost-net and the tap from features to stop: the order, who is told which feature, every
 * call failing in turn.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio-user/backend/vhost_kernel.h"

#define VERSION_1 VIRTIO_BIT(VIRTIO_F_VERSION_1)

static struct backend *backend;
static struct memory_region regions[] = {
	{.va = 0x10000, .size = 0x1000, .fd = -1},
	{.va = 0x20000, .size = 0x3000, .fd = -1},
};
static const struct memory_table table = {.regions = regions, .nr = 2, .room = 2};

static int
open_pairs(uint16_t pairs)
{
	const struct backend_config config = {
		.port = "test0", .path = "/dev/vhost-net", .iface = "tap3", .queue_pairs = pairs};

	fake_kernel_init();
	if (vhost_kernel_backend_open(&config, &fake_kernel_sys, &backend) < 0)
		return -1;
	return backend->ops->connect(backend);
}

static int
setup(void **state)
{
	(void)state;
	return open_pairs(1);
}

static int
setup_two(void **state)
{
	(void)state;
	return open_pairs(2);
}

static int
teardown(void **state)
{
	(void)state;
	backend->ops->close(backend);
	return fake_kernel_open_files() == 0 && kernel.bad_closes == 0 && kernel.link.index == 0 ? 0 : -1;
}

static int
start_ring(uint16_t queue)
{
	const struct vring_area area = {VRING_SPLIT, 8, (void *)0x1000, (void *)0x2000, (void *)0x3000};
	const struct backend_ops *ops = backend->ops;
	int rc;

	rc = ops->set_vring_call(backend, queue, 100 + queue);
	rc = rc < 0 ? rc : ops->set_vring_num(backend, queue, 8);
	rc = rc < 0 ? rc : ops->set_vring_base(backend, queue, 5);
	rc = rc < 0 ? rc : ops->set_vring_addr(backend, queue, &area);
	rc = rc < 0 ? rc : ops->set_vring_kick(backend, queue, 200 + queue);
	return rc < 0 ? rc : ops->set_vring_enable(backend, queue, true);
}

static int
stop_ring(uint16_t queue)
{
	uint32_t base;
	int rc = backend->ops->get_vring_base(backend, queue, &base);

	return rc < 0 ? rc : backend->ops->set_vring_enable(backend, queue, false);
}

/** Everything from features to stop, with @p pairs pairs. @return the first error */
static int
drive(uint16_t pairs)
{
	uint16_t queue;
	int rc;

	rc = backend->ops->set_features(backend, VERSION_1 | VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM));
	rc = rc < 0 ? rc : backend->mtu->set_mtu(backend, 4000);
	rc = rc < 0 ? rc : backend->filter->set_promisc(backend, true);
	rc = rc < 0 ? rc : backend->ops->set_mem_table(backend, &table);
	for (queue = 0; rc == 0 && queue < 2 * pairs; queue++)
		rc = start_ring(queue);
	for (queue = 0; rc == 0 && queue < 2 * pairs; queue++)
		rc = stop_ring(queue);
	return rc;
}

static void
a_pair_starts_and_stops_in_one_order(void **state)
{
	uint32_t base = 0;

	(void)state;
	fake_kernel_log_clear();
	assert_int_equal(start_ring(0), 0);
	assert_string_equal(kernel.log,
		"VHOST_SET_VRING_CALL(10,0,100) VHOST_SET_VRING_NUM(10,0,8) VHOST_SET_VRING_BASE(10,0,5) "
		"VHOST_SET_VRING_ADDR(10,0,0x1000,0x2000,0x3000) VHOST_SET_VRING_KICK(10,0,200) "
		"VHOST_NET_SET_BACKEND(10,0,13)");
	assert_false(kernel.has_carrier);
	assert_int_equal(start_ring(1), 0);
	assert_non_null(strstr(kernel.log, "VHOST_NET_SET_BACKEND(10,1,13) TUNSETCARRIER(13,1)"));
	assert_true(kernel.has_carrier);

	fake_kernel_log_clear();
	kernel.base = 77;
	assert_int_equal(backend->ops->get_vring_base(backend, 0, &base), 0);
	assert_int_equal(base, 77);
	assert_int_equal(backend->ops->get_vring_base(backend, 1, &base), 0);
	assert_int_equal(backend->ops->set_vring_enable(backend, 0, false), 0);
	assert_int_equal(backend->ops->set_vring_enable(backend, 1, false), 0);
	assert_string_equal(kernel.log,
		"TUNSETCARRIER(13,0) VHOST_NET_SET_BACKEND(10,0,-1) VHOST_GET_VRING_BASE(10,0,77) "
		"VHOST_NET_SET_BACKEND(10,1,-1) VHOST_GET_VRING_BASE(10,1,77)");
}

static void
a_second_pair_is_attached_while_it_runs(void **state)
{
	(void)state;
	assert_int_equal(start_ring(0), 0);
	assert_int_equal(start_ring(1), 0);
	fake_kernel_log_clear();
	assert_int_equal(start_ring(2), 0);
	assert_int_equal(start_ring(3), 0);
	assert_non_null(strstr(kernel.log, "VHOST_SET_VRING_KICK(11,0,202) TUNSETQUEUE(15,attach) "
			       "VHOST_NET_SET_BACKEND(11,0,15)"));
	assert_non_null(strstr(kernel.log, "VHOST_NET_SET_BACKEND(11,1,15)"));
	fake_kernel_log_clear();
	assert_int_equal(backend->ops->set_vring_enable(backend, 2, false), 0);
	assert_int_equal(backend->ops->set_vring_enable(backend, 3, false), 0);
	assert_string_equal(kernel.log, "VHOST_NET_SET_BACKEND(11,0,-1) VHOST_NET_SET_BACKEND(11,1,-1) "
			    "TUNSETQUEUE(15,detach)");
	assert_true(kernel.has_carrier);
}

static void
each_is_told_its_own_features(void **state)
{
	const uint64_t tso = VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4);

	(void)state;
	fake_kernel_log_clear();
	assert_int_equal(backend->ops->set_features(backend, VERSION_1 | tso | VIRTIO_BIT(VIRTIO_NET_F_MAC)), 0);
	assert_string_equal(kernel.log, "VHOST_SET_FEATURES(10,0x100000000) VHOST_SET_FEATURES(11,0x100000000) "
			    "TUNSETVNETHDRSZ(14,12) TUNSETVNETLE(14,1) TUNSETOFFLOAD(14,0x3)");
	fake_kernel_fail(1, -EOPNOTSUPP);
	assert_int_equal(backend->ops->set_features(backend, VERSION_1), -EREMOTEIO);
}

static void
every_pair_is_told_the_memory(void **state)
{
	(void)state;
	assert_int_equal(backend->ops->set_features(backend, VERSION_1), 0);
	fake_kernel_log_clear();
	assert_int_equal(backend->ops->set_mem_table(backend, &table), 0);
	assert_string_equal(kernel.log, "VHOST_SET_MEM_TABLE(10,2) VHOST_SET_MEM_TABLE(11,2)");
	assert_int_equal(kernel.table[1][0], 0x20000);
	assert_int_equal(kernel.table[1][1], 0x3000);
}

static void
with_access_platform_addresses_are_told_by_messages(void **state)
{
	(void)state;
	assert_int_equal(backend->ops->set_features(backend, VERSION_1 | VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM)), 0);
	fake_kernel_log_clear();
	assert_int_equal(backend->ops->set_mem_table(backend, &table), 0);
	assert_string_equal(kernel.log,
		"VHOST_SET_MEM_TABLE(10,2) VHOST_SET_MEM_TABLE(11,2) "
		"INVALIDATE(10) UPDATE(10,0x10000,0x1000) UPDATE(10,0x20000,0x3000) "
		"INVALIDATE(11) UPDATE(11,0x10000,0x1000) UPDATE(11,0x20000,0x3000)");
}

static void
a_ring_that_does_not_exist_is_einval(void **state)
{
	uint32_t base;

	(void)state;
	assert_int_equal(backend->ops->set_vring_num(backend, 2, 8), -EINVAL);
	assert_int_equal(backend->ops->get_vring_base(backend, 2, &base), -EINVAL);
	assert_int_equal(backend->ops->set_vring_enable(backend, 2, true), -EINVAL);
	assert_int_equal(backend->ops->set_vring_enable(backend, 65535, false), -EINVAL);
}

static void
there_is_no_status(void **state)
{
	uint8_t status;

	(void)state;
	assert_int_equal(backend->ops->set_status(backend, 1), -ENOTSUP);
	assert_int_equal(backend->ops->get_status(backend, &status), -ENOTSUP);
}

static void
the_interface_shows_in_the_configuration_space(void **state)
{
	struct virtio_net_config space;
	uint8_t mac[ETH_ALEN];

	(void)state;
	assert_int_equal(backend->config->get_config(backend, 0, &space, sizeof(space)), 0);
	assert_memory_equal(space.mac, kernel.link.mac, ETH_ALEN);
	assert_int_equal(space.mtu, 65521);
	assert_int_equal(backend->config->get_config(backend, 0, mac, sizeof(mac)), 0);
	assert_memory_equal(mac, kernel.link.mac, ETH_ALEN);
	assert_int_equal(backend->config->get_config(backend, sizeof(space), mac, 1), -EINVAL);
	assert_int_equal(backend->mtu->get_mtu(backend), 1500);
}

static void
what_the_interface_drops_is_counted_from_our_side(void **state)
{
	struct backend_drops drops;

	(void)state;
	kernel.link.rx_dropped = 3;
	kernel.link.tx_dropped = 4;
	kernel.link.mtu = 1400;
	assert_int_equal(backend->drops->get_drops(backend, &drops), 0);
	assert_int_equal(drops.refused, 3);
	assert_int_equal(drops.missed, 4);
	/* A change of the MTU is still news. */
	fake_kernel_tell_link();
	assert_int_equal(backend->link->check(backend), 1);
	fake_kernel_fail(1, -EIO);
	assert_int_equal(backend->drops->get_drops(backend, &drops), -EIO);
}

static void
settings_reach_the_interface(void **state)
{
	const uint8_t mac[ETH_ALEN] = {2, 1, 2, 3, 4, 5};

	(void)state;
	fake_kernel_log_clear();
	assert_int_equal(backend->filter->set_mac(backend, mac), 0);
	assert_int_equal(backend->filter->set_promisc(backend, true), 0);
	assert_int_equal(backend->filter->set_allmulti(backend, true), 0);
	assert_int_equal(backend->mtu->set_mtu(backend, 9000), 0);
	assert_string_equal(kernel.log, "SIOCSIFHWADDR(13) SETFLAGS(0x100/0x100) SETFLAGS(0x200/0x200) SETMTU(9000)");
	assert_memory_equal(kernel.link.mac, mac, ETH_ALEN);
	assert_int_equal(backend->mtu->get_mtu(backend), 9000);
}

static void
whichever_call_fails_is_told_and_undone(void **state)
{
	unsigned int at;
	int rc;

	for (at = 1;; at++) {
		fake_kernel_fail(at, -EIO);
		rc = drive(2);
		if (kernel.failed[0] == '\0')
			break;
		/* A refused setting of the interface is -EREMOTEIO: the connection lives on. */
		assert_true(rc == -EIO || rc == -EREMOTEIO);
		backend->ops->disconnect(backend);
		assert_false(kernel.has_carrier);
		/* The interface: two sockets and two queues. */
		assert_int_equal(fake_kernel_open_files(), 4);
		teardown(state);
		assert_int_equal(fake_kernel_open_files(), 0);
		assert_int_equal(kernel.bad_closes, 0);
		if (setup_two(state) < 0)
			fail();
	}
	assert_int_equal(rc, 0);
	assert_true(at > 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_TWO(name) cmocka_unit_test_setup_teardown(name, setup_two, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pair_starts_and_stops_in_one_order),
		TEST_TWO(a_second_pair_is_attached_while_it_runs),
		TEST_TWO(each_is_told_its_own_features),
		TEST_TWO(every_pair_is_told_the_memory),
		TEST_TWO(with_access_platform_addresses_are_told_by_messages),
		TEST(a_ring_that_does_not_exist_is_einval),
		TEST(there_is_no_status),
		TEST(the_interface_shows_in_the_configuration_space),
		TEST(what_the_interface_drops_is_counted_from_our_side),
		TEST(settings_reach_the_interface),
		TEST_TWO(whichever_call_fails_is_told_and_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
