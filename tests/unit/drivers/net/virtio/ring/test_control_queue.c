/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Commands to a device that answers at once, late, wrongly or never.
 * Covers VIRTIO 1.3 5.1.6.5 (control virtqueue).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ring/control_queue.h"
#include "virtio/net.h"
#include "virtio/vring_packed.h"
#include "virtio/vring_split.h"

int virtio_user_logtype;

/* Of the test that runs: each runs over both. */
static enum vring_format ring_format;

struct device {
	const struct vring_area *area;
	struct packed_pos pos; /* packed */
	uint16_t avail_idx;
	uint16_t used_idx;
	bool is_mute;     /* takes commands, answers none */
	uint8_t ack;
	uint32_t wrong_id; /* added to each id */
	uint32_t kicks;
	uint8_t seen[2 + CONTROL_DATA_MAX];
	uint32_t nb_seen;
};

struct fixture {
	struct device device;
	struct control_queue *cq;
	void *mem;
};

static void
link_read(struct device *device, uint64_t addr, uint32_t len, bool is_last)
{
	if (is_last) {
		assert_int_equal(len, 1);
		*(uint8_t *)(uintptr_t)addr = device->ack;
	} else {
		memcpy(device->seen + device->nb_seen, (void *)(uintptr_t)addr, len);
		device->nb_seen += len;
	}
}

static void
answer_split(struct device *device)
{
	const uint16_t mask = (uint16_t)(device->area->size - 1);
	const uint16_t head = split_avail_entry_read(split_avail_ring(device->area), device->avail_idx++ & mask);
	struct vring_desc desc = split_desc_read(split_desc_table(device->area), head);

	while ((desc.flags & VRING_DESC_F_NEXT) != 0) {
		assert_int_equal(desc.flags, VRING_DESC_F_NEXT);
		link_read(device, desc.addr, desc.len, false);
		desc = split_desc_read(split_desc_table(device->area), desc.next);
	}
	assert_int_equal(desc.flags, VRING_DESC_F_WRITE);
	link_read(device, desc.addr, desc.len, true);
	split_used_elem_write(split_used_ring(device->area), device->used_idx++ & mask, head + device->wrong_id, 1);
	split_used_publish(split_used_ring(device->area), device->used_idx);
}

static void
answer_packed(struct device *device)
{
	struct vring_packed_desc *const ring = packed_desc_ring(device->area);
	const struct packed_pos first = device->pos;
	struct vring_packed_desc desc;
	bool is_last;

	do {
		assert_true(packed_is_avail(packed_flags_read(&ring[device->pos.idx]), device->pos.wrap));
		desc = packed_desc_read(&ring[device->pos.idx]);
		is_last = (desc.flags & VRING_DESC_F_NEXT) == 0;
		assert_int_equal((desc.flags & VRING_DESC_F_WRITE) != 0, is_last);
		link_read(device, desc.addr, desc.len, is_last);
		device->pos = packed_pos_advance(device->pos, 1, (uint16_t)device->area->size);
	} while (!is_last);
	packed_used_publish(&ring[first.idx], 1, (uint16_t)(desc.id + device->wrong_id),
		packed_used_bits(first.wrap) | VRING_DESC_F_WRITE);
}

static void
answer(struct device *device)
{
	device->nb_seen = 0;
	if (ring_format == VRING_PACKED)
		answer_packed(device);
	else
		answer_split(device);
}

static void
kick(void *arg, uint16_t queue)
{
	struct device *const device = arg;

	assert_int_equal(queue, 2);
	device->kicks++;
	if (!device->is_mute)
		answer(device);
}

static void
fixture_open(struct fixture *fixture, uint32_t size)
{
	const size_t len = control_queue_mem_bytes(ring_format, size);
	struct control_queue_config config = {
		.port = "test0",
		.index = 2,
		.format = ring_format,
		.size = size,
		.mem_len = len,
		.notifier = {kick, &fixture->device},
	};

	memset(fixture, 0, sizeof(*fixture));
	assert_int_equal(posix_memalign(&fixture->mem, 64, len), 0);
	config.mem = fixture->mem;
	assert_int_equal(control_queue_create(&config, &fixture->cq), 0);
	fixture->device.area = control_queue_area(fixture->cq);
	fixture->device.pos = packed_pos_start();
}

static void
fixture_close(struct fixture *fixture)
{
	control_queue_destroy(fixture->cq);
	free(fixture->mem);
}

static void
commands_arrive_whole_and_are_acknowledged(void **state)
{
	static const uint32_t sizes[] = {4, 64, 32768};
	uint8_t data[CONTROL_DATA_MAX];
	struct fixture fixture;
	size_t s;
	uint32_t i;

	(void)state;
	for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		fixture_open(&fixture, sizes[s]);
		/* Beyond the wrap of 16 bits. */
		for (i = 0; i < 66000; i++) {
			const size_t len = i % 97 == 0 ? CONTROL_DATA_MAX : i % 5;

			memset(data, (int)i, sizeof(data));
			assert_int_equal(control_queue_send(fixture.cq, 4, (uint8_t)i, data, len, 1000), 0);
			assert_int_equal(fixture.device.nb_seen, 2 + len);
			assert_int_equal(fixture.device.seen[0], 4);
			assert_int_equal(fixture.device.seen[1], (uint8_t)i);
			assert_memory_equal(fixture.device.seen + 2, data, len);
		}
		assert_int_equal(fixture.device.kicks, 66000);
		fixture_close(&fixture);
	}
}

static void
a_refusal_is_an_error_and_the_next_command_works(void **state)
{
	static const uint8_t acks[] = {VIRTIO_NET_ERR, 2, 0x7f, 0xff};
	struct fixture fixture;
	size_t i;

	(void)state;
	fixture_open(&fixture, 64);
	for (i = 0; i < sizeof(acks); i++) {
		fixture.device.ack = acks[i];
		assert_int_equal(control_queue_send(fixture.cq, 1, 1, NULL, 0, 1000), -EIO);
		fixture.device.ack = VIRTIO_NET_OK;
		assert_int_equal(control_queue_send(fixture.cq, 1, 1, NULL, 0, 1000), 0);
	}
	fixture_close(&fixture);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
silence_ends_at_the_deadline_and_a_late_answer_is_not_taken_for_another(void **state)
{
	const uint64_t begin = now_ms();
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, 64);
	fixture.device.is_mute = true;
	assert_int_equal(control_queue_send(fixture.cq, 1, 1, NULL, 0, 50), -ETIMEDOUT);
	assert_int_equal(control_queue_send(fixture.cq, 1, 2, NULL, 0, 50), -ETIMEDOUT);
	assert_in_range(now_ms() - begin, 100, 1000);
	assert_int_equal(fixture.device.kicks, 1);
	/* The late answer says no; it belongs to the first command, not to this one. */
	fixture.device.ack = VIRTIO_NET_ERR;
	answer(&fixture.device);
	fixture.device.is_mute = false;
	fixture.device.ack = VIRTIO_NET_OK;
	assert_int_equal(control_queue_send(fixture.cq, 1, 3, NULL, 0, 1000), 0);
	assert_int_equal(fixture.device.seen[1], 3);
	fixture_close(&fixture);
}

static void
a_false_id_or_index_breaks_the_queue_until_reset(void **state)
{
	struct fixture fixture;
	int i;

	(void)state;
	fixture_open(&fixture, 64);
	/* A packed ring has no index to lie about. */
	for (i = 0; i < (ring_format == VRING_SPLIT ? 2 : 1); i++) {
		if (i == 0)
			fixture.device.wrong_id = 1;
		else
			fixture.device.used_idx = 7;
		assert_int_equal(control_queue_send(fixture.cq, 1, 1, NULL, 0, 1000), -EIO);
		assert_int_equal(control_queue_send(fixture.cq, 1, 1, NULL, 0, 1000), -EIO);
		control_queue_reset(fixture.cq);
		fixture.device = (struct device){.area = fixture.device.area, .pos = packed_pos_start()};
		assert_int_equal(control_queue_send(fixture.cq, 1, 1, NULL, 0, 1000), 0);
	}
	fixture_close(&fixture);
}

static void
sizes_and_lengths_that_do_not_fit_are_refused(void **state)
{
	static const uint32_t sizes[] = {0, 1, 2, 3, 65536, 5};
	struct control_queue_config config = {.port = "test0", .format = ring_format, .mem_len = SIZE_MAX};
	struct control_queue *cq;
	struct fixture fixture;
	size_t i;

	(void)state;
	fixture_open(&fixture, 64);
	config.mem = fixture.mem;
	/* Five is a packed size. */
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]) - (ring_format == VRING_PACKED); i++) {
		config.size = sizes[i];
		assert_int_equal(control_queue_mem_bytes(ring_format, sizes[i]), 0);
		assert_int_equal(control_queue_create(&config, &cq), -EINVAL);
	}
	config.size = 64;
	config.mem_len = control_queue_mem_bytes(ring_format, 64) - 1;
	assert_int_equal(control_queue_create(&config, &cq), -EINVAL);
	assert_int_equal(control_queue_send(fixture.cq, 1, 1, &config, CONTROL_DATA_MAX + 1, 1000), -EINVAL);
	assert_int_equal(fixture.device.kicks, 0);
	fixture_close(&fixture);
}

static int
over_split(void **state)
{
	(void)state;
	ring_format = VRING_SPLIT;
	return 0;
}

static int
over_packed(void **state)
{
	(void)state;
	ring_format = VRING_PACKED;
	return 0;
}

#define OVER_BOTH(test) {#test, test, over_split, NULL, NULL}, {#test "_packed", test, over_packed, NULL, NULL}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OVER_BOTH(commands_arrive_whole_and_are_acknowledged),
		OVER_BOTH(a_refusal_is_an_error_and_the_next_command_works),
		OVER_BOTH(silence_ends_at_the_deadline_and_a_late_answer_is_not_taken_for_another),
		OVER_BOTH(a_false_id_or_index_breaks_the_queue_until_reset),
		OVER_BOTH(sizes_and_lengths_that_do_not_fit_are_refused),
	};

	return cmocka_run_group_tests_name("ring/control_queue", tests, NULL, NULL);
}
