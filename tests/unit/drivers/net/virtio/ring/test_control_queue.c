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
#include "virtio/vring_split.h"

int virtio_user_logtype;

struct device {
	const struct vring_area *area;
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
answer(struct device *device)
{
	const uint16_t mask = (uint16_t)(device->area->size - 1);
	const uint16_t head = split_avail_entry_read(split_avail_ring(device->area), device->avail_idx++ & mask);
	struct vring_desc desc = split_desc_read(split_desc_table(device->area), head);

	device->nb_seen = 0;
	while ((desc.flags & VRING_DESC_F_NEXT) != 0) {
		assert_int_equal(desc.flags, VRING_DESC_F_NEXT);
		memcpy(device->seen + device->nb_seen, (void *)(uintptr_t)desc.addr, desc.len);
		device->nb_seen += desc.len;
		desc = split_desc_read(split_desc_table(device->area), desc.next);
	}
	assert_int_equal(desc.flags, VRING_DESC_F_WRITE);
	assert_int_equal(desc.len, 1);
	*(uint8_t *)(uintptr_t)desc.addr = device->ack;
	split_used_elem_write(split_used_ring(device->area), device->used_idx++ & mask, head + device->wrong_id, 1);
	split_used_publish(split_used_ring(device->area), device->used_idx);
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
	const size_t len = control_queue_mem_bytes(size);
	struct control_queue_config config = {
		.port = "test0",
		.index = 2,
		.size = size,
		.mem_len = len,
		.notifier = {kick, &fixture->device},
	};

	memset(fixture, 0, sizeof(*fixture));
	assert_int_equal(posix_memalign(&fixture->mem, 64, len), 0);
	config.mem = fixture->mem;
	assert_int_equal(control_queue_create(&config, &fixture->cq), 0);
	fixture->device.area = control_queue_area(fixture->cq);
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
	for (i = 0; i < 2; i++) {
		if (i == 0)
			fixture.device.wrong_id = 1;
		else
			fixture.device.used_idx = 7;
		assert_int_equal(control_queue_send(fixture.cq, 1, 1, NULL, 0, 1000), -EIO);
		assert_int_equal(control_queue_send(fixture.cq, 1, 1, NULL, 0, 1000), -EIO);
		control_queue_reset(fixture.cq);
		fixture.device = (struct device){.area = fixture.device.area};
		assert_int_equal(control_queue_send(fixture.cq, 1, 1, NULL, 0, 1000), 0);
	}
	fixture_close(&fixture);
}

static void
sizes_and_lengths_that_do_not_fit_are_refused(void **state)
{
	static const uint32_t sizes[] = {0, 1, 2, 3, 5, 65536};
	struct control_queue_config config = {.port = "test0", .mem_len = SIZE_MAX};
	struct control_queue *cq;
	struct fixture fixture;
	size_t i;

	(void)state;
	fixture_open(&fixture, 64);
	config.mem = fixture.mem;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		config.size = sizes[i];
		assert_int_equal(control_queue_mem_bytes(sizes[i]), 0);
		assert_int_equal(control_queue_create(&config, &cq), -EINVAL);
	}
	config.size = 64;
	config.mem_len = control_queue_mem_bytes(64) - 1;
	assert_int_equal(control_queue_create(&config, &cq), -EINVAL);
	assert_int_equal(control_queue_send(fixture.cq, 1, 1, &config, CONTROL_DATA_MAX + 1, 1000), -EINVAL);
	assert_int_equal(fixture.device.kicks, 0);
	fixture_close(&fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_arrive_whole_and_are_acknowledged),
		cmocka_unit_test(a_refusal_is_an_error_and_the_next_command_works),
		cmocka_unit_test(silence_ends_at_the_deadline_and_a_late_answer_is_not_taken_for_another),
		cmocka_unit_test(a_false_id_or_index_breaks_the_queue_until_reset),
		cmocka_unit_test(sizes_and_lengths_that_do_not_fit_are_refused),
	};

	return cmocka_run_group_tests_name("ring/control_queue", tests, NULL, NULL);
}
