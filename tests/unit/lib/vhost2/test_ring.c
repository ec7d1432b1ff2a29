/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Pop and push in the device role on honest rings of both formats: golden positions around the ends of laps and of
 * 16-bit indices, chains, indirect tables, batches in order, returns out of order, notifications, dirty log.
 *
 * VIRTIO 1.3 2.7.5.3, 2.7.9, 2.7.10, 2.8.1, 2.8.6, 2.8.7, 2.8.8 and 2.8.10.
 */

#include <string.h>

#include "ring_rig.h"

#define SIZE 8
#define W VRING_DESC_F_WRITE
#define I VRING_DESC_F_INDIRECT
#define A REGION_A

static const bool formats[] = {false, true};

/* A row of the loop below; the rig is opened and closed around it. */
#define EACH_FORMAT(rig, i, size, ...) \
	for (unsigned int i = 0; i < 2; i++, ring_rig_close(&(rig))) \
		if (ring_rig_open(&(rig), formats[i], size, ring_rig_base(formats[i])), true)

static bool
pop(struct ring_rig *rig, struct rte_vhost2_chain *chain, struct rte_vhost2_seg *segs, uint32_t max)
{
	const bool popped = rte_vhost2_vq_pop(&rig->dev, &rig->vq, chain, segs, max);

	assert_false(rig->vq.broken);
	return popped;
}

static uint16_t
singles(struct ring_rig *rig, uint16_t direction, struct rte_vhost2_seg *segs, uint16_t n)
{
	return rte_vhost2_vq_pop_singles(&rig->dev, &rig->vq, rig->vq.is_packed, direction, segs, n);
}

static void
push_singles(struct ring_rig *rig, uint16_t direction, const struct rte_vhost2_seg *segs, uint16_t n)
{
	rte_vhost2_vq_push_singles(&rig->dev, &rig->vq, rig->vq.is_packed, rig->vq.in_order, direction, segs, n);
	rte_vhost2_vq_publish(&rig->dev, &rig->vq);
}

static void
an_empty_ring_gives_nothing(void **state)
{
	struct rte_vhost2_chain chain;
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;

	(void)state;
	EACH_FORMAT(rig, i, SIZE) {
		assert_false(pop(&rig, &chain, segs, SIZE));
		assert_int_equal(singles(&rig, W, segs, SIZE), 0);
		assert_false(rte_vhost2_vq_ready(&rig.dev, &rig.vq));
		assert_int_equal(rig.breaks, 0);
	}
}

static void
singles_come_as_they_were_written(void **state)
{
	const struct link link = {A + 0x40, 1500, W, 0};
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;
	uint16_t id;
	uint32_t len;

	(void)state;
	EACH_FORMAT(rig, i, SIZE) {
		ring_rig_offer(&rig, 5, &link, 1, false);
		assert_int_equal(singles(&rig, 0, segs, SIZE), 0);
		assert_int_equal(singles(&rig, W, segs, SIZE), 1);
		assert_int_equal(segs[0].iova, A + 0x40);
		assert_int_equal(segs[0].len, 1500);
		assert_int_equal(segs[0].id, 5);
		assert_int_equal(segs[0].flags, W);
		segs[0].len = 77;
		push_singles(&rig, W, segs, 1);
		ring_rig_used(&rig, 0, &id, &len);
		assert_int_equal(id, 5);
		assert_int_equal(len, 77);
	}
}

/* The rounds go thrice around 16 bits of index, and around a size that is no power of two where that may be. */
static void
laps_and_indices_wrap(void **state)
{
	struct rte_vhost2_seg segs[5];
	struct ring_rig rig;
	uint32_t round;
	uint16_t j;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		ring_rig_open(&rig, formats[i], formats[i] ? 7 : SIZE, formats[i] ? ring_rig_base(true) : 0xfffa);
		for (round = 0; round < 40000; round++) {
			for (j = 0; j < 5; j++) {
				const struct link link = {A + round, 60u + j, 0, 0};

				ring_rig_offer(&rig, (uint16_t)((round * 5 + j) % SIZE), &link, 1, false);
			}
			assert_int_equal(singles(&rig, 0, segs, 5), 5);
			for (j = 0; j < 5; j++) {
				assert_int_equal(segs[j].id, (round * 5 + j) % SIZE);
				assert_int_equal(segs[j].iova, A + round);
				assert_int_equal(segs[j].len, 60 + j);
			}
			push_singles(&rig, 0, segs, 5);
		}
		ring_rig_close(&rig);
	}
}

static void
used_indices_pass_65535(void **state)
{
	const struct link link = {A, 64, 0, 0};
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;
	unsigned int j;

	(void)state;
	ring_rig_open(&rig, false, SIZE, 0xfffe);
	for (j = 0; j < 4; j++)
		ring_rig_offer(&rig, (uint16_t)(7 - j), &link, 1, false);
	assert_int_equal(singles(&rig, 0, segs, SIZE), 4);
	push_singles(&rig, 0, segs, 4);
	assert_int_equal(rig.vq.used->idx, 2);
	assert_int_equal(rig.vq.used->ring[6].id, 7);
	assert_int_equal(rig.vq.used->ring[7].id, 6);
	assert_int_equal(rig.vq.used->ring[0].id, 5);
	assert_int_equal(rig.vq.used->ring[1].id, 4);
	assert_int_equal(rig.vq.pos.avail_idx, 2);
	ring_rig_close(&rig);
}

static void
packed_flags_flip_with_the_lap(void **state)
{
	static const uint16_t both = PACKED_DESC_AVAIL | PACKED_DESC_USED;
	const struct link link = {A, 64, 0, 0};
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;
	unsigned int j;

	(void)state;
	ring_rig_open(&rig, true, 5, ring_rig_base(true));
	for (j = 0; j < 3; j++)
		ring_rig_offer(&rig, 0, &link, 1, false);
	assert_int_equal(singles(&rig, 0, segs, SIZE), 3);
	push_singles(&rig, 0, segs, 3);
	for (j = 0; j < 4; j++)
		ring_rig_offer(&rig, 0, &link, 1, false);
	assert_int_equal(singles(&rig, 0, segs, SIZE), 4);
	assert_int_equal(rig.vq.pos.avail_idx, 2);
	assert_false(rig.vq.pos.avail_wrap);
	push_singles(&rig, 0, segs, 4);
	assert_int_equal(rig.vq.pos.used_idx, 2);
	assert_false(rig.vq.pos.used_wrap);
	for (j = 0; j < 5; j++)
		assert_int_equal(rig.vq.packed[j].flags & both, j < 2 ? 0 : both);
	ring_rig_close(&rig);
}

static void
unpopped_singles_are_found_again(void **state)
{
	const struct link link = {A, 64, 0, 0};
	struct rte_vhost2_seg segs[SIZE];
	struct rte_vhost2_vq_pos before;
	struct ring_rig rig;
	unsigned int j;

	(void)state;
	EACH_FORMAT(rig, i, SIZE) {
		for (j = 0; j < SIZE; j++)
			ring_rig_offer(&rig, (uint16_t)j, &link, 1, false);
		assert_int_equal(singles(&rig, 0, segs, 6), 6);
		push_singles(&rig, 0, segs, 6);
		for (j = 0; j < 4; j++)
			ring_rig_offer(&rig, (uint16_t)j, &link, 1, false);
		before = rig.vq.pos;
		assert_int_equal(singles(&rig, 0, segs, SIZE), 6);
		rte_vhost2_vq_unpop_singles(&rig.vq, formats[i], 6);
		assert_memory_equal(&before, &rig.vq.pos, sizeof(before));
		assert_int_equal(singles(&rig, 0, segs, SIZE), 6);
		assert_int_equal(segs[0].id, 6);
		assert_int_equal(segs[5].id, 3);
	}
}

static void
a_chain_of_twelve_links_is_one_buffer(void **state)
{
	struct rte_vhost2_chain chain;
	struct rte_vhost2_seg segs[16];
	struct link links[13];
	struct ring_rig rig;
	uint16_t id;
	uint32_t len;
	unsigned int j;

	(void)state;
	for (j = 0; j < 13; j++)
		links[j] = (struct link){A + 16 * j, j + 1, j < 12 ? 0 : W, 0};
	EACH_FORMAT(rig, i, 16) {
		ring_rig_offer(&rig, 2, links, 13, false);
		assert_int_equal(singles(&rig, 0, segs, 16), 0);
		assert_true(pop(&rig, &chain, segs, 16));
		assert_int_equal(chain.nr_segs, 13);
		assert_int_equal(chain.nr_readable, 12);
		assert_int_equal(chain.readable_len, 78);
		assert_int_equal(chain.writable_len, 13);
		assert_int_equal(chain.nr_descs, formats[i] ? 13 : 1);
		for (j = 0; j < 13; j++) {
			assert_int_equal(segs[j].iova, A + 16 * j);
			assert_int_equal(segs[j].len, j + 1);
			assert_int_equal(segs[j].flags, j < 12 ? 0 : W);
		}
		chain.written = 9;
		rte_vhost2_vq_push(&rig.dev, &rig.vq, &chain, 1);
		rte_vhost2_vq_publish(&rig.dev, &rig.vq);
		ring_rig_used(&rig, 0, &id, &len);
		assert_int_equal(id, 2);
		assert_int_equal(len, 9);
		assert_int_equal(rig.vq.pos.used_idx, formats[i] ? 13 : 1);
	}
}

/* At the very end of A, across to B, and with entries that lie in both. */
static void
an_indirect_table_may_span_regions(void **state)
{
	static const uint32_t before[] = {0, 16, 8, 40, 13};
	struct link table[4];
	struct rte_vhost2_chain chain;
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;
	unsigned int j;
	unsigned int k;

	(void)state;
	for (j = 0; j < 4; j++)
		table[j] = (struct link){A + 64 * j, 10 + j, j == 3 ? W : 0, 0};
	for (k = 0; k < sizeof(before) / sizeof(before[0]); k++) {
		const struct link link = {REGION_B - before[k], sizeof(struct vring_desc) * 4, I | W, 0};

		EACH_FORMAT(rig, i, SIZE) {
			ring_rig_table(&rig, link.iova, table, 4, false);
			ring_rig_offer(&rig, 3, &link, 1, true);
			assert_true(pop(&rig, &chain, segs, SIZE));
			assert_int_equal(chain.id, 3);
			assert_int_equal(chain.nr_descs, 1);
			assert_int_equal(chain.nr_segs, 4);
			assert_int_equal(chain.nr_readable, 3);
			for (j = 0; j < 4; j++) {
				assert_int_equal(segs[j].iova, A + 64 * j);
				assert_int_equal(segs[j].len, 10 + j);
			}
		}
	}
}

static void
a_split_chain_may_end_in_a_table(void **state)
{
	const struct link links[2] = {{A, 12, VRING_DESC_F_NEXT, 1}, {REGION_C, 32, I, 0}};
	const struct link table[2] = {{A + 64, 60, 0, 0}, {A + 128, 1, W, 0}};
	struct rte_vhost2_chain chain;
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;

	(void)state;
	ring_rig_open(&rig, false, SIZE, 0);
	ring_rig_table(&rig, REGION_C, table, 2, false);
	ring_rig_offer(&rig, 0, links, 2, true);
	assert_true(pop(&rig, &chain, segs, SIZE));
	assert_int_equal(chain.nr_segs, 3);
	assert_int_equal(chain.readable_len, 72);
	assert_int_equal(chain.writable_len, 1);
	ring_rig_close(&rig);
}

/* VIRTIO 1.3 2.8.7: "Others are reserved and are ignored by the device." */
static void
a_packed_table_has_no_flags_but_write(void **state)
{
	const struct link link = {REGION_C, 32, I, 0};
	const struct link table[2] = {{A + 64, 60, I | VRING_DESC_F_NEXT, 0}, {A + 128, 1, W | VRING_DESC_F_NEXT, 0}};
	struct rte_vhost2_chain chain;
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;

	(void)state;
	ring_rig_open(&rig, true, SIZE, ring_rig_base(true));
	ring_rig_table(&rig, REGION_C, table, 2, true);
	ring_rig_offer(&rig, 0, &link, 1, true);
	assert_true(pop(&rig, &chain, segs, SIZE));
	assert_int_equal(chain.nr_segs, 2);
	assert_int_equal(segs[0].flags, 0);
	assert_int_equal(segs[1].flags, W);
	ring_rig_close(&rig);
}

static void
readable_buffers_in_order_go_back_as_one_batch(void **state)
{
	const struct link link = {A, 64, 0, 0};
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;
	uint16_t id;
	uint32_t len;
	uint16_t j;

	(void)state;
	EACH_FORMAT(rig, i, SIZE) {
		rig.vq.in_order = true;
		for (j = 0; j < 6; j++)
			ring_rig_offer(&rig, j, &link, 1, false);
		assert_int_equal(singles(&rig, 0, segs, SIZE), 6);
		push_singles(&rig, 0, segs, 6);
		ring_rig_used(&rig, 0, &id, &len);
		assert_int_equal(id, 5);
		assert_int_equal(len, 0);
		assert_int_equal(rig.vq.pos.used_idx, 6);
		if (formats[i])
			assert_true(packed_is_avail(rig.vq.packed[1].flags, true));
		else
			assert_int_equal(rig.vq.used->idx, 6);
	}
}

static void
buffers_go_back_in_any_order(void **state)
{
	const struct link two[2] = {{A, 64, 0, 0}, {A, 64, W, 0}};
	struct rte_vhost2_chain chains[3];
	struct rte_vhost2_chain back[3];
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;
	uint16_t id;
	uint32_t len;
	uint16_t j;

	(void)state;
	EACH_FORMAT(rig, i, SIZE) {
		const uint32_t step = formats[i] ? 2 : 1;

		for (j = 0; j < 3; j++)
			ring_rig_offer(&rig, (uint16_t)(2 * j), two, 2, false);
		for (j = 0; j < 3; j++) {
			assert_true(pop(&rig, &chains[j], segs, SIZE));
			chains[j].written = 40u + j;
			back[2 - j] = chains[j];
		}
		rte_vhost2_vq_push(&rig.dev, &rig.vq, back, 3);
		rte_vhost2_vq_publish(&rig.dev, &rig.vq);
		for (j = 0; j < 3; j++) {
			ring_rig_used(&rig, j * step, &id, &len);
			assert_int_equal(id, 4 - 2 * j);
			assert_int_equal(len, 42 - j);
		}
	}
}

static void
calls_follow_the_flags_without_event_idx(void **state)
{
	struct ring_rig rig;

	(void)state;
	EACH_FORMAT(rig, i, SIZE) {
		assert_true(rte_vhost2_vq_wants_call(&rig.vq));
		if (formats[i])
			packed_event_flags_set(rig.vq.driver_event, VRING_PACKED_EVENT_FLAG_DISABLE);
		else
			split_avail_flags_set(rig.vq.avail, VRING_AVAIL_F_NO_INTERRUPT);
		assert_false(rte_vhost2_vq_wants_call(&rig.vq));
		assert_int_equal(rig.vq.calls_suppressed, 1);
	}
}

/* The driver waits for the fourth of six: one call, after it was pushed. */
static void
calls_come_once_at_the_event(void **state)
{
	const struct link link = {A, 64, 0, 0};
	struct packed_pos third = {3, true};
	struct rte_vhost2_seg seg;
	struct ring_rig rig;
	unsigned int called = 0;
	uint16_t j;

	(void)state;
	EACH_FORMAT(rig, i, SIZE) {
		rig.vq.event_idx = true;
		rig.vq.signalled_valid = true;
		if (formats[i])
			packed_event_pos_set(rig.vq.driver_event, third);
		else
			split_used_event_write(rig.vq.avail, SIZE, 3);
		for (called = 0, j = 0; j < 6; j++) {
			ring_rig_offer(&rig, j, &link, 1, false);
			assert_int_equal(singles(&rig, 0, &seg, 1), 1);
			push_singles(&rig, 0, &seg, 1);
			if (rte_vhost2_vq_wants_call(&rig.vq)) {
				assert_int_equal(j, 3);
				called++;
			}
		}
		assert_int_equal(called, 1);
	}
}

static void
kicks_are_asked_for_and_refused(void **state)
{
	const struct link link = {A, 64, 0, 0};
	struct ring_rig rig;
	unsigned int event;

	(void)state;
	for (event = 0; event < 2; event++) {
		EACH_FORMAT(rig, i, SIZE) {
			rig.vq.event_idx = event;
			assert_false(rte_vhost2_vq_want_kicks(&rig.dev, &rig.vq, false));
			if (formats[i])
				assert_int_equal(rig.vq.device_event->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
			else if (event)
				assert_false(virtio_need_event(split_avail_event_read(rig.vq.used, SIZE), 8, 0));
			else
				assert_int_equal(rig.vq.used->flags, VRING_USED_F_NO_NOTIFY);
			assert_false(rte_vhost2_vq_want_kicks(&rig.dev, &rig.vq, true));
			if (!formats[i] && event)
				assert_true(virtio_need_event(split_avail_event_read(rig.vq.used, SIZE), 1, 0));
			if (formats[i])
				assert_true(packed_need_event(packed_event_read(rig.vq.device_event),
					(struct packed_pos){1, true}, 1, SIZE));
			ring_rig_offer(&rig, 0, &link, 1, false);
			assert_true(rte_vhost2_vq_want_kicks(&rig.dev, &rig.vq, true));
		}
	}
}

/* Each byte of the ring that a push changes is logged, also around the end. */
static void
pushes_are_logged_while_logging(void **state)
{
	const struct link link = {A, 64, 0, 0};
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;
	uint16_t j;

	(void)state;
	EACH_FORMAT(rig, i, SIZE) {
		const uint64_t entry = formats[i] ? 16 : 8;
		const uint64_t ring = formats[i] ? 0 : 4;

		for (j = 0; j < 6; j++)
			ring_rig_offer(&rig, j, &link, 1, false);
		assert_int_equal(singles(&rig, 0, segs, 6), 6);
		push_singles(&rig, 0, segs, 6);
		assert_int_equal(rig.nr_logs, 0);
		rig.dev.logging = true;
		for (j = 0; j < 4; j++)
			ring_rig_offer(&rig, j, &link, 1, false);
		assert_int_equal(singles(&rig, 0, segs, 4), 4);
		push_singles(&rig, 0, segs, 4);
		assert_int_equal(rig.nr_logs, formats[i] ? 2 : 3);
		assert_int_equal(rig.log[0].at, ring + 6 * entry);
		assert_int_equal(rig.log[0].len, 2 * entry);
		assert_int_equal(rig.log[1].at, ring);
		assert_int_equal(rig.log[1].len, 2 * entry);
		if (!formats[i])
			assert_int_equal(rig.log[2].at, 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_ring_gives_nothing),
		cmocka_unit_test(singles_come_as_they_were_written),
		cmocka_unit_test(laps_and_indices_wrap),
		cmocka_unit_test(used_indices_pass_65535),
		cmocka_unit_test(packed_flags_flip_with_the_lap),
		cmocka_unit_test(unpopped_singles_are_found_again),
		cmocka_unit_test(a_chain_of_twelve_links_is_one_buffer),
		cmocka_unit_test(an_indirect_table_may_span_regions),
		cmocka_unit_test(a_split_chain_may_end_in_a_table),
		cmocka_unit_test(a_packed_table_has_no_flags_but_write),
		cmocka_unit_test(readable_buffers_in_order_go_back_as_one_batch),
		cmocka_unit_test(buffers_go_back_in_any_order),
		cmocka_unit_test(calls_follow_the_flags_without_event_idx),
		cmocka_unit_test(calls_come_once_at_the_event),
		cmocka_unit_test(kicks_are_asked_for_and_refused),
		cmocka_unit_test(pushes_are_logged_while_logging),
	};

	return cmocka_run_group_tests_name("vhost2/ring", tests, NULL, NULL);
}
