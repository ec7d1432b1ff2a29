/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Legal status transitions and their names. See status.h.
 */

#include <stdio.h>

#include "virtio/status.h"
#include "virtio/text.h"

#define ALL_STEPS (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | \
	VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK)

/* VIRTIO 1.3 3.1.1: "The driver MUST follow this sequence to initialize a device" */
static const struct step {
	uint8_t bit;
	/* Bits that must be set at the latest in the same write. */
	uint8_t needs_by_now;
	/* Bits that must have been set by an earlier write, since work lies in between. */
	uint8_t needs_before;
	/* Bits that must not have been set before. */
	uint8_t excludes;
} steps[] = {
	{VIRTIO_STATUS_ACKNOWLEDGE, 0, 0, 0},
	{VIRTIO_STATUS_DRIVER, VIRTIO_STATUS_ACKNOWLEDGE, 0, 0},
	/* Step 4 reads and writes features before step 5 ends their negotiation. */
	{VIRTIO_STATUS_FEATURES_OK, 0, VIRTIO_STATUS_DRIVER, VIRTIO_STATUS_DRIVER_OK},
	/* Step 6 re-reads FEATURES_OK, step 7 sets queues up. */
	{VIRTIO_STATUS_DRIVER_OK, 0, VIRTIO_STATUS_DRIVER, 0},
};

static bool
step_is_legal(const struct step *step, uint8_t from, uint8_t to)
{
	return (step->needs_by_now & ~to) == 0 && (step->needs_before & ~from) == 0 &&
		(step->excludes & from) == 0;
}

static bool
steps_are_legal(uint8_t from, uint8_t to)
{
	const uint8_t added = to & ~from;
	size_t i;

	/* Both at once: nobody re-read FEATURES_OK, as step 6 of the sequence has it. */
	if ((added & VIRTIO_STATUS_FEATURES_OK) != 0 && (added & VIRTIO_STATUS_DRIVER_OK) != 0)
		return false;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if ((added & steps[i].bit) != 0 && !step_is_legal(&steps[i], from, to))
			return false;
	/* VIRTIO 1.3 2.1.2: "The device SHOULD set DEVICE_NEEDS_RESET" - no driver adds it. */
	return (added & ~ALL_STEPS) == 0;
}

bool
virtio_status_can_follow(uint8_t from, uint8_t to)
{
	const uint8_t mine = (uint8_t)~VIRTIO_STATUS_NEEDS_RESET;

	if (to == VIRTIO_STATUS_RESET)
		return true;
	/* VIRTIO 1.3 2.1.1: "The driver MUST NOT clear a device status bit." */
	if ((from & ~to & mine) != 0)
		return false;
	/* VIRTIO 1.3 2.1.1: "the driver MUST later reset the device before attempting to
	 * re-initialize" - a device that failed, or lost its state, gets no further step.
	 */
	if ((from & (VIRTIO_STATUS_FAILED | VIRTIO_STATUS_NEEDS_RESET)) != 0)
		return (to & ~from & ~VIRTIO_STATUS_FAILED) == 0;
	return steps_are_legal(from, to & ~VIRTIO_STATUS_FAILED);
}

size_t
virtio_status_text(uint8_t status, char *buf, size_t len)
{
	static const char *const names[] = {"ACKNOWLEDGE", "DRIVER", "DRIVER_OK", "FEATURES_OK",
		"SUSPEND", "0x20", "NEEDS_RESET", "FAILED"};
	struct text text = text_start(buf, len);
	unsigned int bit;

	if (status == VIRTIO_STATUS_RESET)
		text_join(&text, "|", "RESET");
	for (bit = 0; bit < 8; bit++)
		if ((status & 1u << bit) != 0)
			text_join(&text, "|", names[bit]);
	return text.needed;
}
