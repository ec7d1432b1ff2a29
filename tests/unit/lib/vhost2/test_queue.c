/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* queue.c: when a ring can run, what its struct is made from, and where it begins and stops. */

#include "rig.h"

#include "vhost2/queue.h"
#include "virtio/vring_packed.h"
#include "virtio/vring_split.h"

static struct frontend fe;
static struct memory *memory;
static struct queue queue;
static struct queue_env env;
static const struct memory_owner owner = { &(int){ 0 }, -1 };

static int
make(void **state)
{
	const struct memory_region region = { FRONTEND_GPA, FRONTEND_MEMORY, FRONTEND_USER, 0 };

	(void)state;
	frontend_init(&fe);
	queue_init(&queue, 3, NULL);
	if (memory_with(NULL, &region, fe.memory_fd, &owner, &memory) != 0)
		return -1;
	env = (struct queue_env){ .memory = memory, .features = BIT(VIRTIO_F_VERSION_1) };
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	queue_fini(&queue);
	memory_destroy(memory);
	frontend_fini(&fe);
	return 0;
}

static uint64_t
user(const void *at)
{
	return FRONTEND_USER + (uint64_t)((const uint8_t *)at - fe.memory);
}

static struct queue_addr
addr_of_ring(void)
{
	return (struct queue_addr){ .desc = user(fe.rings[0].desc), .driver = user(fe.rings[0].driver),
		.device = user(fe.rings[0].device) };
}

/* All that is said of a ring but its base. */
static void
say(uint32_t size, uint64_t features)
{
	struct queue_addr addr;

	env.features = fe.features = features;
	frontend_lay_ring(&fe, 0, size);
	addr = addr_of_ring();
	assert_int_equal(queue_set_num(&queue, size, 32768), 0);
	assert_int_equal(queue_set_addr(&queue, &addr), 0);
	queue.kick = QUEUE_KICK_POLL;
}

static void
a_ring_is_runnable_when_all_is_said(void **state)
{
	const uint64_t f = BIT(VHOST_USER_F_PROTOCOL_FEATURES);
	struct queue_addr addr = { 0 };

	(void)state;
	assert_false(queue_is_runnable(&queue, 0));
	queue_set_num(&queue, 64, 256);
	assert_false(queue_is_runnable(&queue, 0));
	queue_set_addr(&queue, &addr);
	assert_false(queue_is_runnable(&queue, 0));
	queue.kick = QUEUE_KICK_FD;
	assert_true(queue_is_runnable(&queue, 0));
	assert_false(queue_is_runnable(&queue, f));
	queue.kicked = true;
	assert_true(queue_is_runnable(&queue, f));
	queue.kicked = false;
	queue_set_enabled(&queue, true);
	assert_true(queue_is_runnable(&queue, f));
	queue_set_enabled(&queue, false);
	queue.kick = QUEUE_KICK_POLL;
	assert_true(queue_is_runnable(&queue, f));
	queue.refused = true;
	assert_false(queue_is_runnable(&queue, f));
	queue_set_num(&queue, 0, 256);
	assert_false(queue.refused);
	assert_false(queue_is_runnable(&queue, f));
}

static void
sizes_are_held_against_the_format_when_it_starts(void **state)
{
	static const struct {
		uint32_t size;
		int split, packed;
	} rows[] = { { 1, 0, 0 }, { 2, 0, 0 }, { 3, -EINVAL, 0 }, { 1000, -EINVAL, 0 }, { 1024, 0, 0 } };

	(void)state;
	for (size_t i = 0; i < NR(rows); i++) {
		say(1024, BIT(VIRTIO_F_VERSION_1));
		queue.num = rows[i].size;
		assert_int_equal(queue_build(&queue, &env), rows[i].split);
		env.features |= BIT(VIRTIO_F_RING_PACKED);
		assert_int_equal(queue_build(&queue, &env), rows[i].packed);
	}
	assert_int_equal(queue_set_num(&queue, 32769, 32768), -EINVAL);
	assert_int_equal(queue_set_num(&queue, UINT32_MAX, 32768), -EINVAL);
	assert_int_equal(queue_set_num(&queue, 257, 256), -EINVAL);
}

static void
every_part_must_lie_in_memory_and_be_aligned(void **state)
{
	struct queue_addr good, bad;
	uint64_t *const parts[] = { &bad.desc, &bad.driver, &bad.device };
	static const size_t bytes[] = { 64 * 16, 6 + 64 * 2, 6 + 64 * 8 };

	(void)state;
	say(64, BIT(VIRTIO_F_VERSION_1));
	good = addr_of_ring();
	assert_int_equal(queue_build(&queue, &env), 0);
	for (size_t i = 0; i < NR(parts); i++) {
		const uint64_t end = FRONTEND_USER + FRONTEND_MEMORY;
		const uint64_t fits = (end - bytes[i]) & ~UINT64_C(15);

		bad = good;
		*parts[i] = fits;
		assert_int_equal(queue_set_addr(&queue, &bad), 0);
		assert_int_equal(queue_build(&queue, &env), 0);
		*parts[i] = fits + 16;
		queue_set_addr(&queue, &bad);
		assert_int_equal(queue_build(&queue, &env), -EFAULT);
		*parts[i] = FRONTEND_USER - 16;
		queue_set_addr(&queue, &bad);
		assert_int_equal(queue_build(&queue, &env), -EFAULT);
		*parts[i] = 0;
		queue_set_addr(&queue, &bad);
		assert_int_equal(queue_build(&queue, &env), -EFAULT);
		*parts[i] = UINT64_MAX - 15;
		queue_set_addr(&queue, &bad);
		assert_int_equal(queue_build(&queue, &env), -EFAULT);
		bad = good;
		*parts[i] += 1;
		queue_set_addr(&queue, &bad);
		assert_int_equal(queue_build(&queue, &env), -EINVAL);
	}
}

static void
a_size_that_grows_after_the_addresses_is_seen(void **state)
{
	struct queue_addr addr;

	(void)state;
	say(64, BIT(VIRTIO_F_VERSION_1));
	addr = addr_of_ring();
	addr.desc = FRONTEND_USER + FRONTEND_MEMORY - 64 * 16;
	queue_set_addr(&queue, &addr);
	assert_int_equal(queue_build(&queue, &env), 0);
	assert_int_equal(queue_set_num(&queue, 128, 32768), 0);
	assert_int_equal(queue_build(&queue, &env), -EFAULT);
}

static void
a_split_ring_begins_at_its_base(void **state)
{
	static const struct {
		uint32_t base;
		uint16_t used, avail_idx, used_idx;
	} rows[] = {
		{ 0, 0, 0, 0 },
		{ 65535, 65535, 65535, 65535 },
		/* Taken and not returned: once more. */
		{ 10, 4, 4, 4 },
		{ 3, 65530, 65530, 65530 },
		{ 64, 0, 0, 0 },
		/* A ring that was not cleared says nothing. */
		{ 65, 0, 65, 65 },
		{ 0, 5, 0, 0 },
	};

	(void)state;
	say(64, BIT(VIRTIO_F_VERSION_1));
	for (size_t i = 0; i < NR(rows); i++) {
		split_used_ring(&fe.rings[0])->idx = rows[i].used;
		assert_int_equal(queue_set_base(&queue, rows[i].base, false), 0);
		assert_int_equal(queue_build(&queue, &env), 0);
		assert_int_equal(queue.vq.pos.avail_idx, rows[i].avail_idx);
		assert_int_equal(queue.vq.pos.used_idx, rows[i].used_idx);
	}
	assert_int_equal(queue_set_base(&queue, 65536, false), -EINVAL);
	assert_int_equal(queue_set_base(&queue, UINT32_MAX, false), -EINVAL);
}

static void
a_packed_ring_begins_at_its_base(void **state)
{
	static const struct {
		uint32_t base;
		uint16_t idx;
		bool wrap;
	} rows[] = {
		{ 0x80008000, 0, true },
		{ 0x80098009, 9, true },
		{ 0x00090009, 9, false },
		/* Front-ends that leave the upper half away. */
		{ 0x8000, 0, true },
		{ 0x0007, 7, false },
		/* Taken and not returned. */
		{ 0x8003800a, 3, true },
	};

	(void)state;
	say(10 * 7, BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_RING_PACKED));
	assert_int_equal(queue_build(&queue, &env), 0);
	assert_true(queue.vq.pos.avail_wrap && queue.vq.pos.used_wrap && queue.vq.pos.avail_idx == 0);
	for (size_t i = 0; i < NR(rows); i++) {
		assert_int_equal(queue_set_base(&queue, rows[i].base, true), 0);
		assert_int_equal(queue_build(&queue, &env), 0);
		assert_int_equal(queue.vq.pos.avail_idx, rows[i].idx);
		assert_int_equal(queue.vq.pos.used_idx, rows[i].idx);
		assert_int_equal(queue.vq.pos.avail_wrap, rows[i].wrap);
		assert_int_equal(queue.vq.pos.used_wrap, rows[i].wrap);
	}
	assert_int_equal(queue_set_base(&queue, 70, true), 0);
	assert_int_equal(queue_build(&queue, &env), -EINVAL);
	assert_int_equal(queue_set_base(&queue, 0x80468046, true), 0);
	assert_int_equal(queue_build(&queue, &env), -EINVAL);
}

static void
where_it_stops_is_told_in_the_rings_format(void **state)
{
	(void)state;
	say(64, BIT(VIRTIO_F_VERSION_1));
	assert_int_equal(queue_build(&queue, &env), 0);
	queue.running = true;
	queue.vq.pos.avail_idx = queue.vq.pos.used_idx = 65000;
	queue_stopped(&queue);
	assert_int_equal(queue_get_base(&queue), 65000);
	say(64, BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_RING_PACKED));
	queue_set_base(&queue, 0x80008000, true);
	assert_int_equal(queue_build(&queue, &env), 0);
	queue.running = true;
	queue.vq.pos = (struct rte_vhost2_vq_pos){ 5, 3, false, true };
	queue_stopped(&queue);
	assert_int_equal(queue_get_base(&queue), 0x80030005);
}

static void
what_defines_a_kicked_ring_does_not_change_while_it_runs(void **state)
{
	struct queue_addr addr;

	(void)state;
	say(64, BIT(VIRTIO_F_VERSION_1));
	addr = addr_of_ring();
	queue.running = queue.kicked = true;
	assert_int_equal(queue_set_num(&queue, 64, 256), 0);
	assert_int_equal(queue_set_num(&queue, 32, 256), -EBUSY);
	assert_int_equal(queue_set_base(&queue, 0, false), -EBUSY);
	assert_int_equal(queue_set_addr(&queue, &addr), 0);
	assert_false(queue.stale);
	addr.is_logged = true;
	assert_int_equal(queue_set_addr(&queue, &addr), 0);
	assert_true(queue.stale);
	addr.desc += 16;
	assert_int_equal(queue_set_addr(&queue, &addr), -EBUSY);
	queue.kicked = false;
	assert_int_equal(queue_set_addr(&queue, &addr), 0);
	queue.running = false;
}

static void
a_base_that_is_told_while_it_runs_unkicked_holds(void **state)
{
	(void)state;
	say(64, BIT(VIRTIO_F_VERSION_1));
	queue.kick = QUEUE_KICK_FD;
	assert_int_equal(queue_build(&queue, &env), 0);
	queue.running = true;
	assert_int_equal(queue_set_base(&queue, 17, false), 0);
	assert_true(queue.stale);
	queue_stopped(&queue);
	assert_int_equal(queue_get_base(&queue), 17);
	queue.running = true;
	queue.vq.pos.avail_idx = 20;
	queue_reset(&queue);
	queue_stopped(&queue);
	assert_int_equal(queue_get_base(&queue), 0);
	assert_false(queue_is_runnable(&queue, 0));
}

static void
behind_an_iommu_addresses_are_translated_piece_by_piece(void **state)
{
	const uint64_t iova = UINT64_C(0x5000000000);
	struct queue_addr addr;
	uint64_t asked;
	uint8_t perm;

	(void)state;
	env.iotlb = iotlb_create();
	say(1024, BIT(VIRTIO_F_VERSION_1));
	addr = addr_of_ring();
	addr.desc += iova - FRONTEND_USER;
	addr.driver += iova - FRONTEND_USER;
	addr.device += iova - FRONTEND_USER;
	queue_set_addr(&queue, &addr);
	assert_int_equal(queue_build(&queue, &env), -EAGAIN);
	assert_true(iotlb_take_miss(env.iotlb, &asked, &perm));
	assert_int_equal(asked, iova);
	for (uint64_t at = 0; at < FRONTEND_BUFFERS; at += 4096)
		assert_int_equal(iotlb_update(env.iotlb, iova + at, 4096, FRONTEND_USER + at, 3), 0);
	assert_int_equal(queue_build(&queue, &env), 0);
	queue.vq.desc[1023].len = 77;
	assert_int_equal(split_desc_table(&fe.rings[0])[1023].len, 77);
	/* A page that leads elsewhere makes a ring of two pieces; one that may not be written makes none. */
	assert_int_equal(iotlb_update(env.iotlb, iova + 4096, 4096, FRONTEND_USER, 3), 0);
	assert_int_equal(queue_build(&queue, &env), -EFAULT);
	assert_int_equal(iotlb_update(env.iotlb, iova + 4096, 4096, FRONTEND_USER + 4096, VHOST_ACCESS_RO), 0);
	assert_int_equal(queue_build(&queue, &env), -EFAULT);
	assert_int_equal(iotlb_update(env.iotlb, iova + 4096, 4096, 12345, 3), 0);
	assert_int_equal(queue_build(&queue, &env), -EFAULT);
	iotlb_destroy(env.iotlb);
}

#define MADE(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MADE(a_ring_is_runnable_when_all_is_said),
		MADE(sizes_are_held_against_the_format_when_it_starts),
		MADE(every_part_must_lie_in_memory_and_be_aligned),
		MADE(a_size_that_grows_after_the_addresses_is_seen),
		MADE(a_split_ring_begins_at_its_base),
		MADE(a_packed_ring_begins_at_its_base),
		MADE(where_it_stops_is_told_in_the_rings_format),
		MADE(what_defines_a_kicked_ring_does_not_change_while_it_runs),
		MADE(a_base_that_is_told_while_it_runs_unkicked_holds),
		MADE(behind_an_iommu_addresses_are_translated_piece_by_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
