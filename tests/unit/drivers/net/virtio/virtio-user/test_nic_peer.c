/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A peer with an interface of its own: what it hears of address, MTU and receive modes, and what its own changes
 * become for the driver.
 *
 * VIRTIO 1.3 5.1.6.5.1: "one byte containing 0 (off) or 1 (on)"
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fake_backend.h"
#include "virtio/feature.h"
#include "virtio/vring_split.h"
#include "virtio-user/virtio.h"

/** The control queue of a device with one pair. */
#define CONTROL 2

static uint8_t *command_bytes;
static uint8_t *ack;
static uint16_t avail;

static int
setup(void **state)
{
	(void)state;
	fake_init();
	fake.has_filter = fake.has_mtu = fake.has_config = true;
	fake.own_mtu = 1500;
	fake.caps.features |= VIRTIO_BIT(VIRTIO_NET_F_MAC) | VIRTIO_BIT(VIRTIO_NET_F_MTU) |
			      VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX);
	fake.space.mtu = 9000;
	memcpy(fake.space.mac, "\2\0\0\0\0\1", 6);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (fake.device != NULL)
		fake_close();
	fake_fini();
	return 0;
}

static void
open_device(const char *mac)
{
	struct virtio_user_config config = fake_config();

	memcpy(config.mac, mac, sizeof(config.mac));
	assert_int_equal(fake_open(&config), 0);
}

static void
start_device(void)
{
	open_device("\0\0\0\0\0\0");
	fake_start();
	command_bytes = fake_alloc(16);
	ack = fake_alloc(1);
	avail = 0;
	fake_log_clear();
}

/** As a driver with EVENT_IDX does: kick only if it is asked for. @return the answer, 0xee: none */
static uint8_t
command(uint8_t class, uint8_t cmd, const void *data, uint32_t len)
{
	const struct vring_area *area = &fake.areas[CONTROL];
	struct vring_desc *descs = split_desc_table(area);

	*ack = 0xee;
	command_bytes[0] = class;
	command_bytes[1] = cmd;
	memcpy(command_bytes + 2, data, len);
	split_desc_write(&descs[0], (uintptr_t)command_bytes, 2 + len, VRING_DESC_F_NEXT, 1);
	split_desc_write(&descs[1], (uintptr_t)ack, 1, VRING_DESC_F_WRITE, 0);
	split_avail_entry_write(split_avail_ring(area), avail & (FAKE_QUEUE_SIZE - 1), 0);
	split_avail_publish(split_avail_ring(area), ++avail);
	if (split_avail_event_read(split_used_ring(area), area->size) == (uint16_t)(avail - 1))
		virtio_user_notify_queue(fake.device, CONTROL);
	return *ack;
}

static uint8_t
set_mode(uint8_t cmd, uint8_t on)
{
	return command(VIRTIO_NET_CTRL_RX, cmd, &on, 1);
}

/** Wait up to 3 s. @return whether the driver heard of @p count changes */
static bool
wait_news(unsigned int count)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int tries;

	for (tries = 0; tries < 3000; tries++) {
		if (__atomic_load_n(&fake.news, __ATOMIC_ACQUIRE) >= count)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static void
a_chosen_address_is_told_and_another_is_taken(void **state)
{
	uint8_t mac[6];

	(void)state;
	open_device("\2\0\0\0\0\7");
	assert_string_equal(fake_log(), "connect mac=07 promisc=0 allmulti=0 config?");
	fake_close();
	fake_log_clear();
	open_device("\0\0\0\0\0\0");
	assert_string_equal(fake_log(), "connect promisc=0 allmulti=0 config?");
	virtio_user_read_config(fake.device, 0, mac, sizeof(mac));
	assert_memory_equal(mac, fake.space.mac, 6);
}

static void
a_control_queue_is_offered_without_being_asked_for(void **state)
{
	const uint64_t bits = VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX) |
			      VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR);

	(void)state;
	open_device("\0\0\0\0\0\0");
	assert_int_equal(virtio_user_get_features(fake.device) & bits, bits);
	fake_close();
	fake.has_filter = false;
	open_device("\0\0\0\0\0\0");
	assert_int_equal(virtio_user_get_features(fake.device) & bits, 0);
}

static void
commands_reach_the_peer_each_with_its_kick(void **state)
{
	(void)state;
	start_device();
	assert_int_equal(set_mode(VIRTIO_NET_CTRL_RX_PROMISC, 1), VIRTIO_NET_OK);
	assert_int_equal(set_mode(VIRTIO_NET_CTRL_RX_ALLMULTI, 1), VIRTIO_NET_OK);
	assert_int_equal(set_mode(VIRTIO_NET_CTRL_RX_PROMISC, 0), VIRTIO_NET_OK);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, "\2\0\0\0\0\5", 6), VIRTIO_NET_OK);
	assert_int_equal(set_mode(VIRTIO_NET_CTRL_RX_ALLUNI, 1), VIRTIO_NET_ERR);
	assert_string_equal(fake_log(), "promisc=1 allmulti=1 promisc=0 mac=05");
}

static void
a_refused_command_is_an_error_and_changes_nothing(void **state)
{
	uint8_t mac[6];

	(void)state;
	start_device();
	fake_fail(1, -EREMOTEIO);
	assert_int_equal(set_mode(VIRTIO_NET_CTRL_RX_PROMISC, 1), VIRTIO_NET_ERR);
	assert_false(fake.device->is_promisc);
	fake_fail(1, -EREMOTEIO);
	assert_int_equal(set_mode(VIRTIO_NET_CTRL_RX_ALLMULTI, 1), VIRTIO_NET_ERR);
	fake_fail(1, -EREMOTEIO);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, "\2\0\0\0\0\5", 6), VIRTIO_NET_ERR);
	virtio_user_read_config(fake.device, 0, mac, sizeof(mac));
	assert_memory_equal(mac, fake.space.mac, 6);
	assert_true(fake.device->is_connected);
}

static void
the_next_peer_hears_what_the_last_one_was_told(void **state)
{
	(void)state;
	start_device();
	assert_int_equal(set_mode(VIRTIO_NET_CTRL_RX_PROMISC, 1), VIRTIO_NET_OK);
	fake_log_clear();
	fake_vanish();
	assert_true(fake_wait_link(false));
	assert_int_equal(set_mode(VIRTIO_NET_CTRL_RX_ALLMULTI, 1), VIRTIO_NET_OK);
	fake_arrive();
	assert_true(fake_wait_link(true));
	/* The address too, though nobody chose it: the port keeps the one that it showed. */
	assert_non_null(strstr(fake_log(), "connect mac=01 promisc=1 allmulti=1"));
}

static void
a_peer_that_fails_a_command_is_let_go_and_told_later(void **state)
{
	(void)state;
	start_device();
	fake_fail(1, -EIO);
	assert_int_equal(set_mode(VIRTIO_NET_CTRL_RX_PROMISC, 1), VIRTIO_NET_OK);
	assert_true(fake_wait_log("promisc=1 allmulti=0"));
	assert_true(fake_wait_link(true));
}

static void
the_link_is_down_while_the_peer_has_its_end_down(void **state)
{
	(void)state;
	fake.is_down = true;
	start_device();
	assert_false(virtio_user_link_is_up(fake.device));
	__atomic_store_n(&fake.is_down, false, __ATOMIC_RELAXED);
	fake_tell_news();
	assert_true(fake_wait_link(true));
	__atomic_store_n(&fake.is_down, true, __ATOMIC_RELAXED);
	fake_tell_news();
	assert_true(fake_wait_link(false));
	/* Its rings run all the same: nothing was told. */
	assert_null(strstr(fake_log(), "get="));
}

static void
what_the_peer_drops_is_told(void **state)
{
	struct virtio_user_info info;

	(void)state;
	start_device();
	fake.drops = (struct backend_drops){.missed = 5, .refused = 6};
	virtio_user_get_info(fake.device, &info);
	assert_int_equal(info.peer_missed, 5);
	assert_int_equal(info.peer_refused, 6);
	fake.drops.missed = UINT64_MAX;
	virtio_user_get_info(fake.device, &info);
	assert_int_equal(info.peer_missed, 0);
	assert_int_equal(info.peer_refused, 0);
}

static void
what_the_peer_changes_is_taken_over_and_told(void **state)
{
	struct virtio_user_info info;
	uint8_t mac[6];

	(void)state;
	start_device();
	pthread_mutex_lock(&fake.lock);
	fake.own_mtu = 4000;
	fake.space.mac[5] = 0x99;
	pthread_mutex_unlock(&fake.lock);
	fake_tell_news();
	assert_true(wait_news(1));
	virtio_user_read_config(fake.device, 0, mac, sizeof(mac));
	assert_int_equal(mac[5], 0x99);
	virtio_user_get_info(fake.device, &info);
	assert_int_equal(info.peer_mtu, 4000);
	fake_log_clear();
	fake_vanish();
	assert_true(fake_wait_link(false));
	fake_arrive();
	assert_true(fake_wait_link(true));
	assert_non_null(strstr(fake_log(), "mac=99"));
	assert_non_null(strstr(fake_log(), "mtu=4000"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_chosen_address_is_told_and_another_is_taken),
		TEST(a_control_queue_is_offered_without_being_asked_for),
		TEST(commands_reach_the_peer_each_with_its_kick),
		TEST(a_refused_command_is_an_error_and_changes_nothing),
		TEST(the_next_peer_hears_what_the_last_one_was_told),
		TEST(a_peer_that_fails_a_command_is_let_go_and_told_later),
		TEST(the_link_is_down_while_the_peer_has_its_end_down),
		TEST(what_the_peer_drops_is_told),
		TEST(what_the_peer_changes_is_taken_over_and_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
