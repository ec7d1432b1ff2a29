/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Opening and closing: the order, what the back-end can do by what the kernel answers, each call failing in turn with
 * no file and no interface left; the interface outlives a connection, and a deleted one is made anew.
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
#include "virtio-user/backend/vhost_kernel.h"

static struct backend *backend;
static struct backend_config config;

static int
setup(void **state)
{
	(void)state;
	fake_kernel_init();
	backend = NULL;
	config = (struct backend_config){.port = "test0", .path = "/dev/vhost-net", .queue_pairs = 1};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (backend != NULL)
		backend->ops->close(backend);
	return fake_kernel_open_files() == 0 && kernel.bad_closes == 0 && kernel.link.index == 0 ? 0 : -1;
}

static int
open_backend(void)
{
	if (backend != NULL)
		backend->ops->close(backend);
	return vhost_kernel_backend_open(&config, &fake_kernel_sys, &backend);
}

static int
connect_backend(void)
{
	int rc = open_backend();

	return rc < 0 ? rc : backend->ops->connect(backend);
}

static void
vhost_net_is_opened_before_the_interface(void **state)
{
	(void)state;
	config.queue_pairs = 2;
	assert_int_equal(open_backend(), 0);
	assert_string_equal(kernel.log, "");
	assert_int_equal(backend->ops->connect(backend), 0);
	assert_int_equal(strncmp(kernel.log,
		"open(/dev/vhost-net)=10 VHOST_SET_OWNER(10) open(/dev/vhost-net)=11 VHOST_SET_OWNER(11) "
		"VHOST_SET_BACKEND_FEATURES(10,0x2) VHOST_SET_BACKEND_FEATURES(11,0x2) "
		"netlink(0)=12 netlink(1)=13 open(/dev/net/tun)=14 open(/dev/net/tun)=15 TUNSETIFF(14,,0x5152)",
		strlen("open(/dev/vhost-net)=10 VHOST_SET_OWNER(10) open(/dev/vhost-net)=11 VHOST_SET_OWNER(11) "
		       "VHOST_SET_BACKEND_FEATURES(10,0x2) VHOST_SET_BACKEND_FEATURES(11,0x2) "
		       "netlink(0)=12 netlink(1)=13 open(/dev/net/tun)=14 open(/dev/net/tun)=15 "
		       "TUNSETIFF(14,,0x5152)")), 0);
	assert_non_null(strstr(kernel.log, "open(/sys/module/vhost/parameters/max_mem_regions)=16 close(16)"));
	fake_kernel_log_clear();
	backend->ops->close(backend);
	backend = NULL;
	assert_string_equal(kernel.log,
		"close(10) close(11) close(12) close(13) close(14) close(15)");
}

static void
caps_are_what_the_kernel_answers(void **state)
{
	(void)state;
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->caps.max_mem_regions, 64);
	assert_int_equal(backend->caps.max_queue_pairs, 1);
	assert_true(backend->caps.is_by_address);
	assert_int_equal(backend->caps.protocol, 2);
	/* The kernel's own header, and its log of pages, are nothing for a driver. */
	assert_int_equal(backend->caps.features & (VIRTIO_BIT(26) | VIRTIO_BIT(27)), 0);
	assert_int_equal(backend->caps.features & VIRTIO_BIT(VIRTIO_F_RING_PACKED), 0);
	assert_int_not_equal(backend->caps.features & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF), 0);
	assert_int_not_equal(backend->caps.features & VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM), 0);
	assert_int_not_equal(backend->caps.features & VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4), 0);
	assert_non_null(backend->filter);
	assert_non_null(backend->mtu);
	assert_null(backend->slots);
}

static void
an_older_or_newer_kernel_is_believed(void **state)
{
	(void)state;
	kernel.regions = NULL;
	kernel.backend_features = 0;
	kernel.vhost_features |= VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_F_IN_ORDER);
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->caps.max_mem_regions, 64);
	assert_int_not_equal(backend->caps.features & VIRTIO_BIT(VIRTIO_F_RING_PACKED), 0);
	assert_int_not_equal(backend->caps.features & VIRTIO_BIT(VIRTIO_F_IN_ORDER), 0);
	/* Without messages for it. */
	assert_int_equal(backend->caps.features & VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM), 0);
	kernel.regions = "509\n";
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->caps.max_mem_regions, 509);
	kernel.regions = "";
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->caps.max_mem_regions, 64);
}

static void
a_machine_without_vhost_net_or_tun_is_enoent(void **state)
{
	(void)state;
	kernel.has_vhost = false;
	assert_int_equal(connect_backend(), -ENOENT);
	kernel.has_vhost = true;
	kernel.has_tun = false;
	assert_int_equal(connect_backend(), -ENOENT);
	assert_int_equal(fake_kernel_open_files(), 0);
}

/** Failures that a connection lives with: questions that older kernels do not know. */
static bool
is_tolerated(void)
{
	static const char *const words[] = {
		"ioctl 0xaf26", /* VHOST_GET_BACKEND_FEATURES */
		"ioctl 0x54d0", /* TUNSETOFFLOAD, tried out */
		"/sys/module/vhost/parameters/max_mem_regions",
		"read", /* of it: all other reads are rtnetlink's */
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(kernel.failed, words[i]) == 0)
			return true;
	}
	return false;
}

static void
whichever_call_fails_nothing_is_left(void **state)
{
	unsigned int at;
	int rc;

	(void)state;
	config.queue_pairs = 2;
	config.iface = "tap3";
	config.netns = "blue";
	for (at = 1;; at++) {
		if (open_backend() < 0)
			fail();
		fake_kernel_fail(at, -EIO);
		rc = backend->ops->connect(backend);
		if (kernel.failed[0] == '\0')
			break;
		assert_true(rc == -EIO || (rc == 0 && is_tolerated()));
		if (rc == 0)
			backend->ops->disconnect(backend);
		assert_int_equal(fake_kernel_open_files(), rc == 0 ? 5 : 0);
		backend->ops->close(backend);
		backend = NULL;
		assert_int_equal(fake_kernel_open_files(), 0);
		assert_int_equal(kernel.bad_closes, 0);
		assert_int_equal(kernel.link.index, 0);
	}
	assert_int_equal(rc, 0);
	assert_true(at > 30);
}

static void
the_interface_outlives_a_connection(void **state)
{
	(void)state;
	config.iface = "tap%d";
	assert_int_equal(connect_backend(), 0);
	backend->ops->disconnect(backend);
	backend->ops->disconnect(backend);
	assert_int_not_equal(kernel.link.index, 0);
	assert_null(backend->config);
	assert_int_equal(backend->caps.features, 0);
	fake_kernel_log_clear();
	assert_int_equal(backend->ops->connect(backend), 0);
	assert_null(strstr(kernel.log, "TUNSETIFF"));
	assert_non_null(strstr(kernel.log, "VHOST_SET_OWNER(10)"));
}

static void
a_deleted_interface_is_made_anew_by_its_name(void **state)
{
	(void)state;
	assert_int_equal(connect_backend(), 0);
	fake_kernel_drop_link(false);
	assert_int_equal(backend->link->check(backend), -ENODEV);
	backend->ops->disconnect(backend);
	fake_kernel_log_clear();
	assert_int_equal(backend->ops->connect(backend), 0);
	assert_non_null(strstr(kernel.log, "GETLINK(tap0) TUNSETIFF("));
	assert_non_null(strstr(kernel.log, ",tap0,"));
	assert_int_equal(fake_kernel_open_files(), 4);
}

static void
the_link_is_the_administrators(void **state)
{
	(void)state;
	assert_int_equal(open_backend(), 0);
	assert_int_equal(backend->link->event_fd(backend), -1);
	assert_int_equal(backend->ops->connect(backend), 0);
	assert_int_equal(backend->link->event_fd(backend), 12);
	assert_false(backend->link->is_up(backend));
	assert_int_equal(backend->link->check(backend), 0);
	kernel.link.is_up = true;
	fake_kernel_tell_link();
	assert_int_equal(backend->link->check(backend), 1);
	assert_true(backend->link->is_up(backend));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vhost_net_is_opened_before_the_interface),
		TEST(caps_are_what_the_kernel_answers),
		TEST(an_older_or_newer_kernel_is_believed),
		TEST(a_machine_without_vhost_net_or_tun_is_enoent),
		TEST(whichever_call_fails_nothing_is_left),
		TEST(the_interface_outlives_a_connection),
		TEST(a_deleted_interface_is_made_anew_by_its_name),
		TEST(the_link_is_the_administrators),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
