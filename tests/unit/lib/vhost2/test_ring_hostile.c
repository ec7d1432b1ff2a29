/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Rings that no honest driver makes: one row each, with its image and the error that breaks the queue. Nothing of a bad
 * chain is handed out, one break is counted, and a broken queue stays so.
 *
 * VIRTIO 1.3 2.7.4.2, 2.7.5.2, 2.7.5.3.1 and 2.8.17, 2.8.19 say what a driver must not do.
 */

#include <string.h>

#include "ring_rig.h"

#define SIZE 8
#define N VRING_DESC_F_NEXT
#define W VRING_DESC_F_WRITE
#define I VRING_DESC_F_INDIRECT
#define A REGION_A
#define TABLE (REGION_C + 0x100)

/* Where an image differs from an honest one beyond its links. */
enum trick {
	PLAIN,
	HEAD_BEYOND,    /* split: the available entry is none of the table's */
	INDEX_JUMPS,    /* split: idx moved by more than the ring */
	INDEX_BACK,     /* split: idx moved back by one */
	NOT_NEGOTIATED, /* indirect was not */
	TAIL_MISSING,   /* packed: the second link is not available */
};

struct row {
	const char *name;
	enum { BOTH, SPLIT, PACKED } format;
	enum trick trick;
	enum rte_vhost2_error error;
	uint32_t n;
	struct link links[SIZE];
	uint32_t table_n;
	struct link table[SIZE + 2];
};

#define DESCRIPTOR RTE_VHOST2_ERR_DESCRIPTOR
#define TRANSLATION RTE_VHOST2_ERR_TRANSLATION
#define INDEX RTE_VHOST2_ERR_INDEX

static const struct row rows[] = {
	{"index jumps beyond the ring", SPLIT, INDEX_JUMPS, INDEX, 1, {{A, 64, 0, 0}}},
	{"index moves back", SPLIT, INDEX_BACK, INDEX, 1, {{A, 64, 0, 0}}},
	{"head beyond the table", SPLIT, HEAD_BEYOND, DESCRIPTOR, 1, {{A, 64, 0, 0}}},
	{"next is size", SPLIT, PLAIN, DESCRIPTOR, 1, {{A, 64, N, SIZE}}},
	{"next is 0xffff", SPLIT, PLAIN, DESCRIPTOR, 1, {{A, 64, N, 0xffff}}},
	{"descriptor links itself", SPLIT, PLAIN, DESCRIPTOR, 1, {{A, 64, N, 0}}},
	{"loop of two", SPLIT, PLAIN, DESCRIPTOR, 2, {{A, 64, N, 1}, {A, 64, N, 0}}},
	{"loop of size - 1", SPLIT, PLAIN, DESCRIPTOR, 7,
		{{A, 1, N, 1}, {A, 1, N, 2}, {A, 1, N, 3}, {A, 1, N, 4}, {A, 1, N, 5}, {A, 1, N, 6}, {A, 1, N, 0}}},
	{"chain that never ends", PACKED, PLAIN, DESCRIPTOR, 8,
		{{A, 1, N, 0}, {A, 1, N, 0}, {A, 1, N, 0}, {A, 1, N, 0}, {A, 1, N, 0}, {A, 1, N, 0}, {A, 1, N, 0},
			{A, 1, N, 0}}},
	{"zero-length loop", SPLIT, PLAIN, DESCRIPTOR, 1, {{A, 0, N, 0}}},
	{"link that is not available", PACKED, TAIL_MISSING, DESCRIPTOR, 2, {{A, 64, N, 0}, {A, 64, 0, 0}}},
	{"zero length alone", BOTH, PLAIN, DESCRIPTOR, 1, {{A, 0, 0, 0}}},
	{"zero length at nowhere", BOTH, PLAIN, DESCRIPTOR, 1, {{~0ULL, 0, W, 0}}},
	{"zero length first", BOTH, PLAIN, DESCRIPTOR, 2, {{A, 0, N, 1}, {A, 64, 0, 0}}},
	{"zero length last", BOTH, PLAIN, DESCRIPTOR, 2, {{A, 64, N, 1}, {0, 0, 0, 0}}},
	{"readable behind writable", BOTH, PLAIN, DESCRIPTOR, 2, {{A, 64, N | W, 1}, {A, 64, 0, 0}}},
	{"4 GiB and more readable", BOTH, PLAIN, DESCRIPTOR, 2, {{A, 0xffffffff, N, 1}, {A, 1, 0, 0}}},
	{"4 GiB and more writable", BOTH, PLAIN, DESCRIPTOR, 2, {{A, 0x80000000, N | W, 1}, {A, 0x80000000, W, 0}}},
	{"table that was not negotiated", BOTH, NOT_NEGOTIATED, DESCRIPTOR, 1, {{TABLE, 16, I, 0}}, 1, {{A, 64, 0, 0}}},
	{"empty table", BOTH, PLAIN, DESCRIPTOR, 1, {{TABLE, 0, I, 0}}, 1, {{A, 64, 0, 0}}},
	{"table of 17 bytes", BOTH, PLAIN, DESCRIPTOR, 1, {{TABLE, 17, I, 0}}, 1, {{A, 64, 0, 0}}},
	{"table of 15 bytes", BOTH, PLAIN, DESCRIPTOR, 1, {{TABLE, 15, I, 0}}, 1, {{A, 64, 0, 0}}},
	{"table of 4 GiB", BOTH, PLAIN, DESCRIPTOR, 1, {{TABLE, 0xfffffff0, I, 0}}, 1, {{A, 64, 0, 0}}},
	{"table of size + 1", BOTH, PLAIN, DESCRIPTOR, 1, {{TABLE, 16 * (SIZE + 1), I, 0}}, 1, {{A, 64, 0, 0}}},
	{"table and next", BOTH, PLAIN, DESCRIPTOR, 2, {{TABLE, 16, I | N, 1}, {A, 64, 0, 0}}, 1, {{A, 64, 0, 0}}},
	{"table at the end of a list", PACKED, PLAIN, DESCRIPTOR, 2, {{A, 64, N, 1}, {TABLE, 16, I, 0}}, 1,
		{{A, 64, 0, 0}}},
	{"table in a table", SPLIT, PLAIN, DESCRIPTOR, 1, {{TABLE, 16, I, 0}}, 1, {{TABLE, 16, I, 0}}},
	{"loop in a table", SPLIT, PLAIN, DESCRIPTOR, 1, {{TABLE, 32, I, 0}}, 2, {{A, 64, N, 1}, {A, 64, N, 0}}},
	{"next beyond its table", SPLIT, PLAIN, DESCRIPTOR, 1, {{TABLE, 32, I, 0}}, 3,
		{{A, 64, N, 2}, {A, 64, 0, 0}, {A, 64, 0, 0}}},
	{"zero length in a table", BOTH, PLAIN, DESCRIPTOR, 1, {{TABLE, 16, I, 0}}, 1, {{A, 0, 0, 0}}},
	{"mixed directions in a table", BOTH, PLAIN, DESCRIPTOR, 1, {{TABLE, 32, I, 0}}, 2,
		{{A, 64, N | W, 1}, {A, 64, 0, 0}}},
	{"links before a table, too many in all", SPLIT, PLAIN, DESCRIPTOR, 2, {{A, 1, N, 1}, {TABLE, 16 * SIZE, I, 0}},
		SIZE, {{A, 1, N, 1}, {A, 1, N, 2}, {A, 1, N, 3}, {A, 1, N, 4}, {A, 1, N, 5}, {A, 1, N, 6}, {A, 1, N, 7},
			{A, 1, 0, 0}}},
	{"table in no region", BOTH, PLAIN, TRANSLATION, 1, {{REGION_GAP, 16, I, 0}}},
	{"table at nowhere", BOTH, PLAIN, TRANSLATION, 1, {{~0ULL - 15, 16, I, 0}}},
	{"table that leaves its region", BOTH, PLAIN, TRANSLATION, 1, {{REGION_GAP - 16, 32, I, 0}}, 1, {{A, 64, N, 1}}},
	{"table entry that leaves its region", BOTH, PLAIN, TRANSLATION, 1, {{REGION_GAP - 8, 16, I, 0}}},
};

static void
trick_before(struct ring_rig *rig, enum trick trick)
{
	if (trick == NOT_NEGOTIATED)
		rig->vq.indirect = false;
}

static void
trick_after(struct ring_rig *rig, enum trick trick)
{
	if (trick == HEAD_BEYOND)
		rig->vq.avail->ring[0] = SIZE;
	else if (trick == INDEX_JUMPS)
		rig->vq.avail->idx = SIZE + 1;
	else if (trick == INDEX_BACK)
		rig->vq.avail->idx = 0xffff;
	else if (trick == TAIL_MISSING)
		rig->vq.packed[1].flags = 0;
}

static uint64_t
table_iova(const struct row *row)
{
	uint32_t i = 0;

	while ((row->links[i].flags & I) == 0)
		i++;
	return row->links[i].iova;
}

/* Twice: the second pop must find a queue that stays broken, and not count it again. */
static void
row_check(struct ring_rig *rig, const struct row *row, bool is_packed)
{
	struct rte_vhost2_vq_pos before;
	struct rte_vhost2_chain chain;
	struct rte_vhost2_seg segs[SIZE];
	unsigned int i;

	ring_rig_open(rig, is_packed, SIZE, ring_rig_base(is_packed));
	trick_before(rig, row->trick);
	if (row->table_n > 0)
		ring_rig_table(rig, table_iova(row), row->table, row->table_n, true);
	ring_rig_offer(rig, 0, row->links, row->n, true);
	trick_after(rig, row->trick);
	before = rig->vq.pos;
	assert_int_equal(rte_vhost2_vq_pop_singles(&rig->dev, &rig->vq, is_packed, 0, segs, SIZE), 0);
	for (i = 0; i < 2; i++) {
		if (rte_vhost2_vq_pop(&rig->dev, &rig->vq, &chain, segs, SIZE))
			fail_msg("%s, %s: popped", row->name, is_packed ? "packed" : "split");
		if (rig->breaks != 1 || rig->error != row->error)
			fail_msg("%s, %s: %u breaks, error %u", row->name, is_packed ? "packed" : "split", rig->breaks,
				rig->error);
	}
	assert_int_equal(rte_vhost2_vq_pop_singles(&rig->dev, &rig->vq, is_packed, 0, segs, SIZE), 0);
	assert_memory_equal(&before, &rig->vq.pos, sizeof(before));
	ring_rig_close(rig);
}

static void
each_bad_split_ring_breaks_its_queue(void **state)
{
	struct ring_rig rig;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].format != PACKED)
			row_check(&rig, &rows[i], false);
}

static void
each_bad_packed_ring_breaks_its_queue(void **state)
{
	struct ring_rig rig;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].format != SPLIT)
			row_check(&rig, &rows[i], true);
}

/* A good buffer in front of a bad one is popped, and nothing behind it. */
static void
singles_stop_before_a_bad_buffer(void **state)
{
	static const struct link good = {A, 64, 0, 0};
	static const struct link bad = {A, 0, 0, 0};
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;
	unsigned int packed;

	(void)state;
	for (packed = 0; packed < 2; packed++) {
		ring_rig_open(&rig, packed, SIZE, ring_rig_base(packed));
		ring_rig_offer(&rig, 0, &good, 1, false);
		ring_rig_offer(&rig, 1, &bad, 1, false);
		ring_rig_offer(&rig, 2, &good, 1, false);
		assert_int_equal(rte_vhost2_vq_pop_singles(&rig.dev, &rig.vq, packed, 0, segs, SIZE), 1);
		assert_int_equal(rte_vhost2_vq_pop_singles(&rig.dev, &rig.vq, packed, 0, segs, SIZE), 0);
		assert_false(rig.vq.broken);
		ring_rig_close(&rig);
	}
}

/* A chain may be too long for the device rather than for the ring. */
static void
a_chain_beyond_the_devices_room_breaks_the_queue(void **state)
{
	static const struct link links[4] = {{A, 1, 0, 0}, {A, 1, 0, 0}, {A, 1, 0, 0}, {A, 1, 0, 0}};
	struct rte_vhost2_chain chain;
	struct rte_vhost2_seg segs[3];
	struct ring_rig rig;
	unsigned int packed;

	(void)state;
	for (packed = 0; packed < 2; packed++) {
		ring_rig_open(&rig, packed, SIZE, ring_rig_base(packed));
		ring_rig_offer(&rig, 0, links, 4, false);
		assert_false(rte_vhost2_vq_pop(&rig.dev, &rig.vq, &chain, segs, 3));
		assert_int_equal(rig.error, RTE_VHOST2_ERR_DESCRIPTOR);
		ring_rig_close(&rig);
	}
}

/* What an IOMMU has not said yet is no fault: the buffer is found again. */
static void
a_table_whose_translation_is_awaited_is_left_in_the_ring(void **state)
{
	static const struct link link = {TABLE, 16, I, 0};
	struct rte_vhost2_chain chain;
	struct rte_vhost2_seg segs[SIZE];
	struct ring_rig rig;
	unsigned int packed;

	(void)state;
	for (packed = 0; packed < 2; packed++) {
		const struct link entry = {A, 64, 0, 0};

		ring_rig_open(&rig, packed, SIZE, ring_rig_base(packed));
		ring_rig_table(&rig, TABLE, &entry, 1, false);
		ring_rig_offer(&rig, 0, &link, 1, true);
		rig.dev.iommu = true;
		rig.pending = true;
		assert_false(rte_vhost2_vq_pop(&rig.dev, &rig.vq, &chain, segs, SIZE));
		assert_int_equal(rig.breaks, 0);
		rig.dev.iommu = false;
		assert_true(rte_vhost2_vq_pop(&rig.dev, &rig.vq, &chain, segs, SIZE));
		assert_int_equal(chain.nr_segs, 1);
		ring_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bad_split_ring_breaks_its_queue),
		cmocka_unit_test(each_bad_packed_ring_breaks_its_queue),
		cmocka_unit_test(singles_stop_before_a_bad_buffer),
		cmocka_unit_test(a_chain_beyond_the_devices_room_breaks_the_queue),
		cmocka_unit_test(a_table_whose_translation_is_awaited_is_left_in_the_ring),
	};

	return cmocka_run_group_tests_name("vhost2/ring, hostile", tests, NULL, NULL);
}
