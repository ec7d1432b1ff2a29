/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Target: the driver's side of the control queue, ring/control_queue.c, against a device that
 * answers inside of the kick, later, never, twice, with other ids, indices and acknowledgements.
 * Steps of the device that follow a command happen in its kick, up to a step that ends it; others
 * happen between commands. Deadlines have passed when they begin, so no time is spent. The first
 * step picks format and size. Beyond the sanitizers: success is reported only for a command whose
 * acknowledgement says so, a broken queue answers at once, and a reset makes an honest device's
 * next command succeed.
 */

#include <errno.h>

#include "hostile.h"
#include "ring/control_queue.h"

enum {
	STEP_COMMAND = HOSTILE_NR, /* class a, command b, c bytes */
	STEP_ANSWER,               /* as a device should: acknowledgement a */
	STEP_RETURN,               /* the kick ends here */
	STEP_RESET,
	STEP_NR,
};

/* Where the acknowledgement lies behind the rings: the second line of the command's block. */
#define ACK_OFFSET 64
#define NAME "fuzz0"

static struct {
	struct control_queue *cq;
	struct hostile hostile;
	struct steps steps;
	uint8_t *ack;
} world;

static void
answer(uint8_t ack)
{
	*world.ack = ack;
	hostile_complete(&world.hostile, 1, 1, 0);
}

static void
device_step(const struct step *step)
{
	if (step->op % STEP_NR == STEP_ANSWER)
		answer(step->a);
	else if (step->op % STEP_NR < HOSTILE_NR)
		hostile_step(&world.hostile, &(const struct step){step->op % STEP_NR, step->a, step->b, step->c});
}

static void
kick(void *device, uint16_t queue)
{
	struct step step;

	(void)device;
	(void)queue;
	while (steps_next(&world.steps, &step) && step.op % STEP_NR != STEP_RETURN)
		device_step(&step);
}

static void
command(const struct step *step)
{
	const size_t len = step->c % (CONTROL_DATA_MAX + 16);
	uint8_t *const data = malloc(len == 0 ? 1 : len);
	int rc;

	FUZZ_CHECK(data != NULL);
	memset(data, step->a, len);
	rc = control_queue_send(world.cq, step->a, (uint8_t)step->b, data, len, 0);
	free(data);
	FUZZ_CHECK(rc == 0 || rc == -EIO || rc == -ETIMEDOUT || (rc == -EINVAL && len > CONTROL_DATA_MAX));
	if (rc == 0)
		FUZZ_CHECK(*world.ack == 0);
}

/* Whatever happened: after this all is well. */
static void
reset(void)
{
	const struct steps rest = world.steps;
	static const uint8_t program[][STEP_SIZE] = {{STEP_ANSWER, 0}};

	control_queue_reset(world.cq);
	hostile_start(&world.hostile, vring_base_start(world.hostile.area->format));
	world.steps = (struct steps){program[0], sizeof(program)};
	FUZZ_CHECK(control_queue_send(world.cq, 1, 0, "\1", 1, 0) == 0);
	world.steps = rest;
}

static void
run_step(const struct step *step)
{
	switch (step->op % STEP_NR) {
	case STEP_COMMAND:
		command(step);
		break;
	case STEP_RESET:
		reset();
		break;
	default:
		device_step(step);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_queue_config config = {.port = NAME, .index = 2, .notifier = {.kick = kick}};
	struct step step;

	world.steps = (struct steps){data, size};
	steps_next(&world.steps, &step);
	config.format = (step.op & 1) != 0 ? VRING_PACKED : VRING_SPLIT;
	config.event_idx = (step.op & 2) != 0;
	config.size = 4u << step.a % 7;
	config.mem_len = control_queue_mem_bytes(config.format, config.size);
	FUZZ_CHECK(posix_memalign(&config.mem, 64, config.mem_len) == 0);
	memset(config.mem, 0xa5, config.mem_len);
	FUZZ_CHECK(control_queue_create(&config, &world.cq) == 0);
	world.ack = (uint8_t *)config.mem + vring_layout_bytes(config.format, config.size) + ACK_OFFSET;
	world.hostile = (struct hostile){
		.area = control_queue_area(world.cq), .memory = config.mem, .memory_len = config.mem_len};
	hostile_start(&world.hostile, vring_base_start(config.format));
	while (steps_next(&world.steps, &step))
		run_step(&step);
	reset();
	control_queue_destroy(world.cq);
	free(config.mem);
	return 0;
}
