/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The control queue: commands, and what a hostile peer can do to its ring.
 *
 * VIRTIO 1.3 5.1.6.5: "The device MUST set ack to VIRTIO_NET_OK"
 * VIRTIO 1.3 2.7.5.3.1: "MUST NOT set both"
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_backend.h"
#include "virtio-user/virtio.h"

#include "virtio/vring_split.h"

/** The control queue of a device with 4 pairs. */
#define CONTROL 8
#define NO_ANSWER 0xee

/** What a command is made of. */
struct control_buffers {
	uint8_t readable[64];
	uint8_t ack;
};

static struct control_buffers *buffers;
static uint16_t avail;

static int
setup_started(void **state)
{
	struct virtio_user_config config;

	(void)fake_setup(state);
	config = fake_config();
	config.queue_pairs = 4;
	if (fake_open(&config) < 0)
		return -1;
	fake_start();
	buffers = fake_alloc(sizeof(*buffers));
	avail = 0;
	fake_log_clear();
	return 0;
}

static void
describe(uint16_t slot, const void *addr, uint32_t len, uint16_t flags, uint16_t next)
{
	split_desc_write(&split_desc_table(&fake.areas[CONTROL])[slot], (uintptr_t)addr, len, flags, next);
}

/** Make the chain at @p head available and kick. @return the answer */
static uint8_t
submit(uint16_t head)
{
	struct vring_avail *ring = split_avail_ring(&fake.areas[CONTROL]);

	buffers->ack = NO_ANSWER;
	split_avail_entry_write(ring, avail & (FAKE_QUEUE_SIZE - 1), head);
	split_avail_publish(ring, ++avail);
	virtio_user_notify_queue(fake.device, CONTROL);
	return buffers->ack;
}

static uint8_t
command(uint8_t class, uint8_t cmd, const void *data, uint32_t len)
{
	buffers->readable[0] = class;
	buffers->readable[1] = cmd;
	memcpy(buffers->readable + 2, data, len);
	describe(0, buffers->readable, 2, VRING_DESC_F_NEXT, 1);
	describe(1, buffers->readable + 2, len, VRING_DESC_F_NEXT, 2);
	describe(2, &buffers->ack, 1, VRING_DESC_F_WRITE, 0);
	return submit(0);
}

static uint8_t
set_pairs(uint16_t pairs)
{
	return command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &pairs, 2);
}

static void
pairs_are_enabled_and_disabled_as_told(void **state)
{
	(void)state;
	assert_int_equal(set_pairs(2), VIRTIO_NET_OK);
	assert_string_equal(fake_log(), "enable=2 enable=3");
	fake_log_clear();
	assert_int_equal(set_pairs(1), VIRTIO_NET_OK);
	assert_string_equal(fake_log(), "disable=2 disable=3");
}

static void
pairs_out_of_bounds_are_refused(void **state)
{
	(void)state;
	assert_int_equal(set_pairs(0), VIRTIO_NET_ERR);
	assert_int_equal(set_pairs(5), VIRTIO_NET_ERR);
	assert_int_equal(set_pairs(0xffff), VIRTIO_NET_ERR);
	assert_string_equal(fake_log(), "");
	assert_int_equal(set_pairs(4), VIRTIO_NET_OK);
}

static void
chosen_pairs_are_enabled_for_the_next_peer_too(void **state)
{
	(void)state;
	assert_int_equal(set_pairs(2), VIRTIO_NET_OK);
	fake_vanish();
	assert_true(fake_wait_link(false));
	fake_log_clear();
	fake_arrive();
	assert_true(fake_wait_link(true));
	assert_non_null(strstr(fake_log(), "enable=0 enable=1 enable=2 enable=3 status=15"));
}

static void
a_reset_goes_back_to_one_pair(void **state)
{
	(void)state;
	assert_int_equal(set_pairs(2), VIRTIO_NET_OK);
	fake.memory_used = 0;
	assert_int_equal(virtio_user_reset(fake.device), 0);
	fake_log_clear();
	fake_start();
	assert_non_null(strstr(fake_log(), "enable=0 enable=1 status=15"));
}

static void
a_peer_that_fails_to_enable_does_not_fail_the_command(void **state)
{
	(void)state;
	fake_fail(1, -ETIMEDOUT);
	assert_int_equal(set_pairs(2), VIRTIO_NET_OK);
	assert_true(fake_wait_log("enable=3 status=15 release"));
}

static void
mac_is_set_unless_it_is_a_group(void **state)
{
	uint8_t seen[6];

	(void)state;
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, "\2\1\2\3\4\5", 6), VIRTIO_NET_OK);
	virtio_user_read_config(fake.device, 0, seen, 6);
	assert_memory_equal(seen, "\2\1\2\3\4\5", 6);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, "\3\1\2\3\4\5", 6),
			 VIRTIO_NET_ERR);
}

static void
every_other_command_and_length_is_an_error(void **state)
{
	uint8_t zeros[60] = {0};
	uint32_t class, cmd;

	(void)state;
	for (class = 0; class < 256; class++) {
		for (cmd = 0; cmd < 8; cmd++) {
			if ((class == VIRTIO_NET_CTRL_MQ || class == VIRTIO_NET_CTRL_MAC) && cmd < 2)
				continue;
			assert_int_equal(command((uint8_t)class, (uint8_t)cmd, zeros, 4), VIRTIO_NET_ERR);
		}
	}
	assert_int_equal(command(VIRTIO_NET_CTRL_MQ, 0, "\1\0\0", 3), VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MQ, 0, "\1", 1), VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MQ, 0, "", 0), VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MQ, 0, zeros, 60), VIRTIO_NET_ERR);
}

static void
a_command_in_one_piece_or_behind_an_indirect_table_is_the_same(void **state)
{
	struct vring_desc *table = fake_alloc(2 * sizeof(*table));
	const uint8_t bytes[4] = {VIRTIO_NET_CTRL_MQ, 0, 2, 0};

	(void)state;
	memcpy(buffers->readable, bytes, 4);
	describe(3, buffers->readable, 4, VRING_DESC_F_NEXT, 4);
	describe(4, &buffers->ack, 1, VRING_DESC_F_WRITE, 0);
	assert_int_equal(submit(3), VIRTIO_NET_OK);
	split_desc_write(&table[0], (uintptr_t)buffers->readable, 4, VRING_DESC_F_NEXT, 1);
	split_desc_write(&table[1], (uintptr_t)&buffers->ack, 1, VRING_DESC_F_WRITE, 0);
	describe(5, table, 32, VRING_DESC_F_INDIRECT, 0);
	assert_int_equal(submit(5), VIRTIO_NET_OK);
}

static void
a_hundred_thousand_commands_wrap_the_indices(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		assert_int_equal(set_pairs(1 + i % 4), VIRTIO_NET_OK);
	assert_int_equal(split_used_idx_read(split_used_ring(&fake.areas[CONTROL])), (uint16_t)100000);
}

static void
used_length_is_what_was_written(void **state)
{
	struct vring_used_elem elem;

	(void)state;
	assert_int_equal(set_pairs(1), VIRTIO_NET_OK);
	elem = split_used_elem_read(split_used_ring(&fake.areas[CONTROL]), 0);
	assert_int_equal(elem.id, 0);
	assert_int_equal(elem.len, 1);
	describe(6, buffers->readable, 4, 0, 0);
	assert_int_equal(submit(6), NO_ANSWER);
	elem = split_used_elem_read(split_used_ring(&fake.areas[CONTROL]), 1);
	assert_int_equal(elem.id, 6);
	assert_int_equal(elem.len, 0);
}

/** Expect the ring to be given up without a crash, and to work again after a reset. */
static void
expect_broken(uint16_t head)
{
	uint16_t used = split_used_idx_read(split_used_ring(&fake.areas[CONTROL]));

	assert_int_equal(submit(head), NO_ANSWER);
	assert_int_equal(split_used_idx_read(split_used_ring(&fake.areas[CONTROL])), used);
	assert_int_equal(set_pairs(2), NO_ANSWER);
	fake.memory_used = 0;
	assert_int_equal(virtio_user_reset(fake.device), 0);
	fake_start();
	buffers = fake_alloc(sizeof(*buffers));
	avail = 0;
	assert_int_equal(set_pairs(2), VIRTIO_NET_OK);
}

static void
hostile_chains_break_the_queue_and_nothing_else(void **state)
{
	const uint16_t indirect = VRING_DESC_F_INDIRECT, next = VRING_DESC_F_NEXT, writable = VRING_DESC_F_WRITE;

	(void)state;
	expect_broken(FAKE_QUEUE_SIZE);
	expect_broken(0xffff);
	describe(0, buffers->readable, 4, next, 0); /* a loop */
	expect_broken(0);
	describe(0, buffers->readable, 0, next, 0); /* a loop of nothing */
	expect_broken(0);
	describe(0, buffers->readable, 4, next, FAKE_QUEUE_SIZE);
	expect_broken(0);
	describe(0, (void *)(uintptr_t)1, 4, 0, 0); /* not our memory */
	expect_broken(0);
	describe(0, &avail, 2, writable, 0); /* ours, but never shared */
	expect_broken(0);
	describe(0, fake.memory + FAKE_MEMORY_SIZE - 1, 2, writable, 0); /* one byte too far */
	expect_broken(0);
	describe(0, buffers->readable, 0xffffffff, 0, 0);
	expect_broken(0);
	describe(0, &buffers->ack, 1, writable | next, 1); /* readable behind writable */
	describe(1, buffers->readable, 4, 0, 0);
	expect_broken(0);
	describe(0, buffers->readable, 32, indirect | next, 1);
	expect_broken(0);
	describe(0, buffers->readable, 0, indirect, 0);
	expect_broken(0);
	describe(0, buffers->readable, 17, indirect, 0);
	expect_broken(0);
	describe(0, (void *)(uintptr_t)4096, 32, indirect, 0);
	expect_broken(0);
	/* Eight bytes of a descriptor are read at a time: the sanitizers see a table that does not allow it. */
	describe(0, buffers->readable + 4, 32, indirect, 0);
	expect_broken(0);
}

static void
indirect_inside_indirect_breaks_the_queue(void **state)
{
	struct vring_desc *table = fake_alloc(sizeof(*table));

	(void)state;
	split_desc_write(table, (uintptr_t)table, sizeof(*table), VRING_DESC_F_INDIRECT, 0);
	describe(0, table, sizeof(*table), VRING_DESC_F_INDIRECT, 0);
	expect_broken(0);
}

static void
an_index_that_runs_ahead_of_the_ring_breaks_the_queue(void **state)
{
	(void)state;
	avail = FAKE_QUEUE_SIZE;
	expect_broken(0);
}

static void
nothing_is_answered_before_driver_ok(void **state)
{
	(void)state;
	assert_int_equal(virtio_user_reset(fake.device), 0);
	fake_negotiate();
	avail = 0;
	assert_int_equal(set_pairs(2), NO_ANSWER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_started, fake_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pairs_are_enabled_and_disabled_as_told),
		TEST(pairs_out_of_bounds_are_refused),
		TEST(chosen_pairs_are_enabled_for_the_next_peer_too),
		TEST(a_reset_goes_back_to_one_pair),
		TEST(a_peer_that_fails_to_enable_does_not_fail_the_command),
		TEST(mac_is_set_unless_it_is_a_group),
		TEST(every_other_command_and_length_is_an_error),
		TEST(a_command_in_one_piece_or_behind_an_indirect_table_is_the_same),
		TEST(a_hundred_thousand_commands_wrap_the_indices),
		TEST(used_length_is_what_was_written),
		TEST(hostile_chains_break_the_queue_and_nothing_else),
		TEST(indirect_inside_indirect_breaks_the_queue),
		TEST(an_index_that_runs_ahead_of_the_ring_breaks_the_queue),
		TEST(nothing_is_answered_before_driver_ok),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
