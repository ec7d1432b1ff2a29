/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Target: the device's side of the control queue, virtio-user/control.c, in both ring formats. Its
 * ring lies in memory that a peer has mapped, so the input is a program that writes descriptors,
 * indirect tables, entries, indices and buffers as it likes and makes the device look. One device
 * on a fake back-end lives through all runs; its control queue is set back before each. What the
 * device may touch are three heap blocks with nothing around them. Beyond the sanitizers: no more
 * answers than the ring has room for, a broken queue stays silent, and what a command may set stays
 * within bounds.
 */

#include "fake_backend.h"
#include "fuzz.h"
#include "virtio-user/control.h"
#include "virtio/vring_packed.h"
#include "virtio/vring_split.h"

/* The control queue of a device with 4 pairs. */
#define CONTROL 8
#define PAIRS 4
#define SIZE FAKE_QUEUE_SIZE
#define BLOCK 4096
#define TABLE_AT 2048 /* of an indirect table, in the second block */
#define TABLE_SIZE 64

enum {
	STEP_DESC,    /* descriptor a: c bytes at place b */
	STEP_LINK,    /* descriptor a: flags b, next c; packed: id b, flags c */
	STEP_WILD,    /* descriptor a: address c << b % 64 */
	STEP_TDESC,   /* the same three in the indirect table */
	STEP_TLINK,
	STEP_TWILD,
	STEP_BYTES,   /* write c at place b */
	STEP_ENTRY,   /* available entry a is b; packed: the next descriptor but a is available, with flags b */
	STEP_PUBLISH, /* the available index moves by b */
	STEP_KICK,
	STEP_COMMAND, /* as a driver should: class a, command b, data c, and kick */
	STEP_RESET,
	STEP_FORMAT,  /* the same in the other format */
	STEP_NR,
};

static struct {
	struct virtio_user_device *device;
	struct vring_area *area;
	uint8_t *block[3]; /* rings, tables, buffers */
} world;

static struct virtio_net_config *
space(void)
{
	return &world.device->space;
}

static bool
is_packed(void)
{
	return world.area->format == VRING_PACKED;
}

static void
reset(enum vring_format format)
{
	FUZZ_CHECK(vring_layout_place(world.area, format, SIZE, world.block[0], BLOCK) == 0);
	vring_area_clear(world.area);
	memset(&world.device->control, 0, sizeof(world.device->control));
	world.device->control.next = packed_pos_start();
}

/* Once: a started device whose control ring and whose memory are our blocks. */
static void
world_make(void)
{
	struct virtio_user_config config;
	int i;

	fake_init();
	config = fake_config();
	config.queue_pairs = PAIRS;
	FUZZ_CHECK(fake_open(&config) == 0);
	fake_start();
	world.device = fake.device;
	world.area = &world.device->queues[CONTROL].area;
	fake.pieces_nr = 3;
	for (i = 0; i < 3; i++) {
		FUZZ_CHECK(posix_memalign((void **)&world.block[i], 64, BLOCK) == 0);
		memset(world.block[i], 0, BLOCK);
		fake.pieces[i] = (struct memory_region){.va = (uintptr_t)world.block[i], .size = BLOCK, .dev = 1,
			.ino = (uint64_t)i + 1, .fd = fake.memory_fd};
	}
}

/* A place: two bits choose a block, the rest is an offset that may lie a little outside. */
static uint64_t
place(uint16_t b)
{
	return (uintptr_t)world.block[(b >> 14) % 3] + (b & 0x3fff) % (BLOCK + 64) - 32;
}

static struct vring_desc *
table(bool is_indirect)
{
	/* Address and length lie in the same places in both formats. */
	return is_indirect ? (struct vring_desc *)(world.block[1] + TABLE_AT) : world.area->desc;
}

static void
write_desc(const struct step *step, unsigned int what, bool is_indirect)
{
	struct vring_desc *const desc = &table(is_indirect)[step->a % (is_indirect ? TABLE_SIZE : SIZE)];

	switch (what) {
	case STEP_DESC:
		desc->addr = place(step->b);
		desc->len = step->c;
		break;
	case STEP_LINK:
		desc->flags = step->b;
		desc->next = (uint16_t)step->c;
		break;
	default:
		desc->addr = (uint64_t)step->c << step->b % 64;
		break;
	}
}

static void
write_bytes(const struct step *step)
{
	memcpy(world.block[(step->b >> 14) % 3] + (step->b & 0x3fff) % (BLOCK - 3), &step->c, sizeof(step->c));
}

static void
write_entry(uint8_t a, uint16_t b)
{
	const struct device_control *const control = &world.device->control;
	const struct packed_pos pos = packed_pos_advance(control->next, a % SIZE, SIZE);
	const uint16_t lap = PACKED_DESC_AVAIL | PACKED_DESC_USED;

	if (is_packed())
		packed_flags_publish(&packed_desc_ring(world.area)[pos.idx],
			(uint16_t)((b & ~lap) | packed_avail_bits(pos.wrap)));
	else
		split_avail_entry_write(split_avail_ring(world.area), a % SIZE, b);
}

/* Of a packed ring this is a word like any other. */
static void
publish(uint16_t count)
{
	struct vring_avail *const avail = split_avail_ring(world.area);

	split_avail_publish(avail, split_avail_idx_read(avail) + count);
}

static void
kick(void)
{
	const struct device_control *const control = &world.device->control;
	const struct device_control before = *control;
	uint8_t rings[BLOCK];

	memcpy(rings, world.block[0], BLOCK);
	control_handle(world.device);
	FUZZ_CHECK((uint16_t)(control->next_used - before.next_used) <= SIZE && control->next.idx < SIZE);
	FUZZ_CHECK(!before.is_broken || memcmp(rings, world.block[0], BLOCK) == 0);
	FUZZ_CHECK(world.device->active_pairs >= 1 && world.device->active_pairs <= PAIRS);
	FUZZ_CHECK((space()->mac[0] & 1) == 0);
}

static void
command_packed(uint8_t *bytes, uint32_t len)
{
	struct vring_packed_desc *const ring = packed_desc_ring(world.area);
	struct packed_pos pos = world.device->control.next;
	const struct vring_desc links[] = {
		{(uintptr_t)bytes, 2, VRING_DESC_F_NEXT, 0},
		{(uintptr_t)bytes + 2, len, VRING_DESC_F_NEXT, 0},
		{(uintptr_t)bytes + 64, 1, VRING_DESC_F_WRITE, 0},
	};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		packed_desc_write_whole(&ring[pos.idx], links[i].addr, links[i].len, (uint16_t)i,
			(uint16_t)(links[i].flags | packed_avail_bits(pos.wrap)));
		pos = packed_pos_advance(pos, 1, SIZE);
	}
	kick();
}

static void
command(const struct step *step)
{
	const uint16_t slot = world.device->control.next_avail % SIZE;
	uint8_t *const bytes = world.block[2];
	struct vring_desc *const descs = table(false);

	bytes[0] = step->a;
	bytes[1] = (uint8_t)step->b;
	memcpy(bytes + 2, &step->c, sizeof(step->c));
	if (is_packed()) {
		command_packed(bytes, step->b >> 8);
		return;
	}
	split_desc_write(&descs[0], (uintptr_t)bytes, 2, VRING_DESC_F_NEXT, 1);
	split_desc_write(&descs[1], (uintptr_t)bytes + 2, step->b >> 8, VRING_DESC_F_NEXT, 2);
	split_desc_write(&descs[2], (uintptr_t)bytes + 64, 1, VRING_DESC_F_WRITE, 0);
	split_avail_entry_write(split_avail_ring(world.area), slot, 0);
	split_avail_publish(split_avail_ring(world.area), world.device->control.next_avail + 1);
	kick();
}

static void
run_step(const struct step *step)
{
	const unsigned int op = step->op % STEP_NR;

	switch (op) {
	case STEP_BYTES:
		write_bytes(step);
		break;
	case STEP_ENTRY:
		write_entry(step->a, step->b);
		break;
	case STEP_PUBLISH:
		publish(step->b);
		break;
	case STEP_KICK:
		kick();
		break;
	case STEP_COMMAND:
		command(step);
		break;
	case STEP_RESET:
		reset(world.area->format);
		break;
	case STEP_FORMAT:
		reset(is_packed() ? VRING_SPLIT : VRING_PACKED);
		break;
	default:
		write_desc(step, op % STEP_TDESC, op >= STEP_TDESC);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct steps steps = {data, size};
	struct step step;
	int i;

	if (world.device == NULL)
		world_make();
	for (i = 0; i < 3; i++)
		memset(world.block[i], 0, BLOCK);
	world.device->active_pairs = 1;
	memset(space()->mac, 2, sizeof(space()->mac));
	reset(VRING_SPLIT);
	fake_log_clear();
	while (steps_next(&steps, &step))
		run_step(&step);
	return 0;
}
