/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The tap's life: the order of its making, who may join what, each call failing in turn with nothing left behind;
 * queues, offloads by feature, carrier.
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
#include "virtio-user/backend/tap.h"

static struct tap tap;
static struct tap_config config;

static int
setup(void **state)
{
	(void)state;
	fake_kernel_init();
	memset(&tap, 0, sizeof(tap));
	config = (struct tap_config){.port = "test0", .iface = "tap3", .queues = 1};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tap_close(&tap);
	tap_close(&tap);
	return fake_kernel_open_files() == 0 && kernel.bad_closes == 0 ? 0 : -1;
}

static int
open_tap(void)
{
	return tap_open(&tap, &config, &fake_kernel_sys, 0);
}

static void
a_tap_is_made_in_one_order(void **state)
{
	(void)state;
	assert_int_equal(open_tap(), 0);
	assert_string_equal(kernel.log,
		"netlink(0)=10 netlink(1)=11 open(/dev/net/tun)=12 GETLINK(tap3) TUNSETIFF(12,tap3,0x5052) "
		"GETLINK(tap3) TUNSETOFFLOAD(12,0x6f) TUNSETOFFLOAD(12,0) TUNSETSNDBUF(12,2147483647) "
		"TUNSETCARRIER(12,0)");
	assert_false(kernel.has_carrier);
	assert_int_equal(tap.link.index, 7);
	fake_kernel_log_clear();
	tap_close(&tap);
	assert_string_equal(kernel.log, "close(10) close(11) close(12)");
	assert_int_equal(kernel.link.index, 0);
}

static void
queues_join_one_by_one_and_only_the_first_stays_attached(void **state)
{
	(void)state;
	config.queues = 3;
	config.iface = NULL;
	config.persist = true;
	config.sndbuf = 100000;
	assert_int_equal(open_tap(), 0);
	assert_string_equal(kernel.log,
		"netlink(0)=10 netlink(1)=11 open(/dev/net/tun)=12 open(/dev/net/tun)=13 open(/dev/net/tun)=14 "
		"TUNSETIFF(12,,0x5152) TUNSETIFF(13,tap0,0x5152) TUNSETQUEUE(13,detach) "
		"TUNSETIFF(14,tap0,0x5152) TUNSETQUEUE(14,detach) GETLINK(tap0) "
		"TUNSETOFFLOAD(12,0x6f) TUNSETOFFLOAD(12,0) TUNSETSNDBUF(12,100000) TUNSETCARRIER(12,0) "
		"TUNSETPERSIST(12)");
	assert_string_equal(tap.link.name, "tap0");
	tap_close(&tap);
	assert_int_equal(kernel.link.index, 7);
}

static void
everything_is_opened_in_the_namespace(void **state)
{
	(void)state;
	config.netns = "blue";
	assert_int_equal(open_tap(), 0);
	assert_non_null(strstr(kernel.log, "open(/run/netns/blue)=10 run_in(10) netlink(0)=11 netlink(1)=12 "
			       "open(/dev/net/tun)=13"));
	tap_close(&tap);
	fake_kernel_log_clear();
	config.netns = "/proc/1/ns/net";
	assert_int_equal(open_tap(), 0);
	assert_non_null(strstr(kernel.log, "open(/proc/1/ns/net)=10 run_in(10)"));
}

static void
a_namespace_that_is_not_there_is_enoent(void **state)
{
	(void)state;
	config.netns = "blue";
	kernel.has_netns = false;
	assert_int_equal(open_tap(), -ENOENT);
}

static void
a_persistent_tap_is_joined_and_stays(void **state)
{
	(void)state;
	fake_kernel_add_tap("tap3");
	assert_int_equal(open_tap(), 0);
	assert_int_equal(tap.link.mtu, 2000);
	tap_close(&tap);
	assert_int_equal(kernel.link.index, 5);
}

static void
one_with_several_queues_is_joined_as_such(void **state)
{
	(void)state;
	fake_kernel_add_tap("tap3");
	kernel.link.is_multi_queue = true;
	assert_int_equal(open_tap(), 0);
	assert_non_null(strstr(kernel.log, "TUNSETIFF(12,tap3,0x5152)"));
}

static void
what_cannot_be_joined_is_refused_before_it_is_touched(void **state)
{
	(void)state;
	fake_kernel_add_tap("tap3");
	kernel.link.users = 1;
	assert_int_equal(open_tap(), -EBUSY);
	kernel.link.users = 0;
	config.queues = 2;
	assert_int_equal(open_tap(), -EINVAL);
	config.queues = 1;
	kernel.link.is_tap = false;
	assert_int_equal(open_tap(), -EEXIST);
	strcpy(kernel.link.kind, "veth");
	kernel.link.is_tap = true; /* what veth's data would look like to who does not look at the kind */
	assert_int_equal(open_tap(), -EEXIST);
	assert_null(strstr(kernel.log, "TUNSETIFF"));
}

static void
a_kernel_without_headers_or_queues_is_refused(void **state)
{
	(void)state;
	kernel.tun_features &= ~0x4000u;
	assert_int_equal(open_tap(), -ENOTSUP);
	kernel.tun_features = 0x5002;
	config.queues = 2;
	assert_int_equal(open_tap(), -ENOTSUP);
	config.queues = 1;
	assert_int_equal(open_tap(), 0);
	assert_non_null(strstr(kernel.log, "TUNSETIFF(12,tap3,0x5002)"));
}

static void
offloads_that_the_kernel_lacks_are_not_offered(void **state)
{
	const uint64_t uso = VIRTIO_BIT(VIRTIO_NET_F_HOST_USO) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO4) |
			     VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO6);

	(void)state;
	assert_int_equal(open_tap(), 0);
	assert_int_equal(tap.features & uso, uso);
	assert_int_equal(kernel.offloads, 0);
	tap_close(&tap);
	kernel.tun_offloads = 0x1f;
	assert_int_equal(open_tap(), 0);
	assert_int_equal(tap.features & uso, 0);
	assert_int_not_equal(tap.features & VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4), 0);
	assert_int_not_equal(tap.features & VIRTIO_BIT(VIRTIO_NET_F_CSUM), 0);
}

/** Failures that a tap lives with. */
static bool
is_tolerated(void)
{
	return strcmp(kernel.failed, "ioctl 0x54d0") == 0; /* TUNSETOFFLOAD, tried out */
}

static void
open_with_each_call_failing(int rc_of_call)
{
	unsigned int at;
	int rc;

	for (at = 1;; at++) {
		kernel.is_persistent = false;
		fake_kernel_fail(at, rc_of_call);
		rc = open_tap();
		if (kernel.failed[0] == '\0')
			break;
		assert_true(rc == rc_of_call || (rc == 0 && is_tolerated()));
		kernel.is_persistent = rc == 0 ? false : kernel.is_persistent;
		tap_close(&tap);
		assert_int_equal(fake_kernel_open_files(), 0);
		assert_int_equal(kernel.bad_closes, 0);
		assert_int_equal(kernel.link.index, 0);
	}
	assert_int_equal(rc, 0);
	assert_true(at > 20);
}

static void
whichever_call_fails_nothing_is_left(void **state)
{
	(void)state;
	config.queues = 3;
	config.netns = "blue";
	config.persist = true;
	open_with_each_call_failing(-EIO);
	tap_close(&tap);
	memset(&kernel.link, 0, sizeof(kernel.link));
	open_with_each_call_failing(-EPERM);
}

static void
a_kernel_that_cannot_set_carrier_is_lived_with(void **state)
{
	(void)state;
	assert_int_equal(open_tap(), 0);
	fake_kernel_fail(1, -EINVAL);
	assert_int_equal(tap_set_carrier(&tap, true), 0);
	fake_kernel_fail(1, -EIO);
	assert_int_equal(tap_set_carrier(&tap, false), -EIO);
	fake_kernel_fail(0, 0);
	assert_int_equal(tap_set_carrier(&tap, false), 0);
	assert_false(kernel.has_carrier);
	fake_kernel_log_clear();
	assert_int_equal(tap_set_carrier(&tap, false), 0);
	assert_string_equal(kernel.log, "");
}

static void
queues_are_attached_and_detached_once(void **state)
{
	(void)state;
	config.queues = 2;
	assert_int_equal(open_tap(), 0);
	fake_kernel_log_clear();
	assert_int_equal(tap_attach(&tap, 0, false), 0);
	assert_int_equal(tap_attach(&tap, 1, false), 0);
	assert_int_equal(tap_attach(&tap, 1, true), 0);
	assert_int_equal(tap_attach(&tap, 1, true), 0);
	fake_kernel_fail(1, -EIO);
	assert_int_equal(tap_attach(&tap, 1, false), -EIO);
	assert_true(tap.queues[1].is_attached);
	fake_kernel_fail(0, 0);
	assert_int_equal(tap_attach(&tap, 1, false), 0);
	assert_string_equal(kernel.log, "TUNSETQUEUE(13,attach) !ioctl 0x54d9 TUNSETQUEUE(13,detach)");
}

static void
offloads_follow_the_features(void **state)
{
	static const struct {
		uint64_t features;
		unsigned int offloads;
		int hdr_size;
	} rows[] = {
		{0, 0, 10},
		{VIRTIO_BIT(VIRTIO_F_VERSION_1), 0, 12},
		{VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF), 0, 12},
		{VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM), 0x01, 10},
		{VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4), 0x02, 10},
		{VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6), 0x04, 10},
		{VIRTIO_BIT(VIRTIO_NET_F_GUEST_ECN), 0x08, 10},
		{VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO4), 0, 10},
		{VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO4) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO6), 0x60, 10},
		/* What the application may send needs no permission here. */
		{VIRTIO_BIT(VIRTIO_NET_F_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4), 0, 10},
	};
	size_t i;

	(void)state;
	assert_int_equal(open_tap(), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(tap_set_features(&tap, rows[i].features), 0);
		assert_int_equal(kernel.offloads, rows[i].offloads);
		assert_int_equal(kernel.hdr_size, rows[i].hdr_size);
	}
	for (i = 1; i <= 3; i++) {
		fake_kernel_fail((unsigned int)i, -EIO);
		assert_int_equal(tap_set_features(&tap, 0), -EIO);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tap_is_made_in_one_order),
		TEST(queues_join_one_by_one_and_only_the_first_stays_attached),
		TEST(everything_is_opened_in_the_namespace),
		TEST(a_namespace_that_is_not_there_is_enoent),
		TEST(a_persistent_tap_is_joined_and_stays),
		TEST(one_with_several_queues_is_joined_as_such),
		TEST(what_cannot_be_joined_is_refused_before_it_is_touched),
		TEST(a_kernel_without_headers_or_queues_is_refused),
		TEST(offloads_that_the_kernel_lacks_are_not_offered),
		TEST(whichever_call_fails_nothing_is_left),
		TEST(a_kernel_that_cannot_set_carrier_is_lived_with),
		TEST(queues_are_attached_and_detached_once),
		TEST(offloads_follow_the_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
