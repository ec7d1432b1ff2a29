/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The control queue over a packed ring: commands over many laps, a table, and what a hostile peer can do to the ring;
 * and where packed rings begin.
 *
 * VIRTIO 1.3 2.8.1 (wrap counters), 2.8.6 (chains), 2.8.7 (indirect tables), 5.1.6.5 (control queue)
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_backend.h"
#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio/vring_packed.h"
#include "virtio-user/virtio.h"

/** The control queue of a device with 4 pairs. */
#define CONTROL 8
#define NO_ANSWER 0xee

struct control_buffers {
	uint8_t readable[64];
	uint8_t ack;
	struct vring_packed_desc table[2];
};

static struct control_buffers *buffers;
static struct packed_pos next;

static int
setup(void **state)
{
	struct virtio_user_config config;

	(void)state;
	fake_init();
	fake.caps.features |= VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	config = fake_config();
	config.features_off = 0;
	config.queue_pairs = 4;
	if (fake_open(&config) < 0)
		return -1;
	fake_start();
	buffers = fake_alloc(sizeof(*buffers));
	next = packed_pos_start();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fake_close();
	fake_fini();
	return 0;
}

/** Write the next descriptor. @return it */
static struct vring_packed_desc *
describe(const void *addr, uint32_t len, uint16_t id, uint16_t flags)
{
	struct vring_packed_desc *desc = &packed_desc_ring(&fake.areas[CONTROL])[next.idx];

	packed_desc_publish(desc, (uintptr_t)addr, len, id, flags | packed_avail_bits(next.wrap));
	next = packed_pos_advance(next, 1, FAKE_QUEUE_SIZE);
	return desc;
}

static uint8_t
kick(void)
{
	buffers->ack = NO_ANSWER;
	virtio_user_notify_queue(fake.device, CONTROL);
	return buffers->ack;
}

/** Set the number of pairs by a chain of three; the answer must lie in the slot of its first. */
static uint8_t
set_pairs(uint16_t pairs, uint16_t id)
{
	const bool wrap = next.wrap;
	struct vring_packed_desc *first;
	uint8_t ack;

	buffers->readable[0] = VIRTIO_NET_CTRL_MQ;
	buffers->readable[1] = VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET;
	memcpy(buffers->readable + 2, &pairs, sizeof(pairs));
	first = describe(buffers->readable, 2, 0, VRING_DESC_F_NEXT);
	describe(buffers->readable + 2, 2, 0, VRING_DESC_F_NEXT);
	describe(&buffers->ack, 1, id, VRING_DESC_F_WRITE);
	ack = kick();
	if (ack != NO_ANSWER) {
		assert_true(packed_is_used(first->flags, wrap));
		assert_int_equal(first->id, id);
		assert_int_equal(first->len, 1);
		assert_true(first->flags & VRING_DESC_F_WRITE);
	}
	return ack;
}

static void
commands_are_answered_over_many_laps(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 100000; i++)
		assert_int_equal(set_pairs((uint16_t)(i % 6), (uint16_t)i),
			i % 6 >= 1 && i % 6 <= 4 ? VIRTIO_NET_OK : VIRTIO_NET_ERR);
}

static void
a_table_is_a_chain_of_its_own(void **state)
{
	(void)state;
	buffers->readable[0] = VIRTIO_NET_CTRL_MQ;
	buffers->readable[1] = VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET;
	memcpy(buffers->readable + 2, &(uint16_t){3}, 2);
	buffers->table[0] = (struct vring_packed_desc){.addr = (uintptr_t)buffers->readable, .len = 4};
	buffers->table[1] =
		(struct vring_packed_desc){.addr = (uintptr_t)&buffers->ack, .len = 1, .flags = VRING_DESC_F_WRITE};
	describe(buffers->table, sizeof(buffers->table), 5, VRING_DESC_F_INDIRECT);
	assert_int_equal(kick(), VIRTIO_NET_OK);
	assert_int_equal(set_pairs(2, 1), VIRTIO_NET_OK);
}

static void
hostile_chains_break_the_queue_and_nothing_else(void **state)
{
	uint32_t i;

	(void)state;
	/* One that never ends. */
	for (i = 0; i < FAKE_QUEUE_SIZE; i++)
		describe(buffers->readable, 1, 0, VRING_DESC_F_NEXT);
	assert_int_equal(kick(), NO_ANSWER);
	assert_int_equal(set_pairs(2, 1), NO_ANSWER);
	fake.memory_used = 0;
	assert_int_equal(virtio_user_reset(fake.device), 0);
	fake_start();
	buffers = fake_alloc(sizeof(*buffers));
	next = packed_pos_start();
	assert_int_equal(set_pairs(2, 1), VIRTIO_NET_OK);
	/* A table behind another link, then one outside of all memory. */
	describe(buffers->readable, 2, 0, VRING_DESC_F_NEXT);
	describe(buffers->table, sizeof(buffers->table), 0, VRING_DESC_F_INDIRECT);
	assert_int_equal(kick(), NO_ANSWER);
	assert_int_equal(set_pairs(2, 1), NO_ANSWER);
}

static void
rings_of_the_other_format_are_refused(void **state)
{
	struct vring_area other;

	(void)state;
	assert_int_equal(virtio_user_reset(fake.device), 0);
	fake_negotiate();
	other = fake.areas[0];
	other.format = VRING_SPLIT;
	assert_int_equal(virtio_user_setup_queue(fake.device, 0, &other), -EINVAL);
}

static void
a_new_ring_begins_at_slot_zero_of_the_first_lap(void **state)
{
	(void)state;
	/* Both wrap counters are 1. */
	assert_non_null(strstr(fake_log(), "base=0:2147516416"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(commands_are_answered_over_many_laps),
		TEST(a_table_is_a_chain_of_its_own),
		TEST(hostile_chains_break_the_queue_and_nothing_else),
		TEST(rings_of_the_other_format_are_refused),
		TEST(a_new_ring_begins_at_slot_zero_of_the_first_lap),
	};

	return cmocka_run_group_tests_name("virtio-user/control_packed", tests, NULL, NULL);
}
