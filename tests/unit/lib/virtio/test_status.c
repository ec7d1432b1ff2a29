/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Device status: the order of VIRTIO 1.3 3.1.1, the prohibitions of 2.1.1, the legacy order
 * of 3.1.2.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtio/status.h"

enum {
	ACK = VIRTIO_STATUS_ACKNOWLEDGE,
	DRIVER = VIRTIO_STATUS_DRIVER,
	OK = VIRTIO_STATUS_DRIVER_OK,
	FEATURES = VIRTIO_STATUS_FEATURES_OK,
	NEEDS_RESET = VIRTIO_STATUS_NEEDS_RESET,
	FAILED = VIRTIO_STATUS_FAILED,
	READY = ACK | DRIVER | FEATURES,
	LIVE = READY | OK,
};

static void
can_follow_accepts_the_sequence_step_by_step(void **state)
{
	(void)state;
	assert_true(virtio_status_can_follow(0, ACK));
	assert_true(virtio_status_can_follow(ACK, ACK | DRIVER));
	assert_true(virtio_status_can_follow(ACK | DRIVER, READY));
	assert_true(virtio_status_can_follow(READY, LIVE));
	assert_true(virtio_status_can_follow(0, ACK | DRIVER));
}

static void
can_follow_accepts_the_legacy_sequence(void **state)
{
	(void)state;
	assert_true(virtio_status_can_follow(ACK | DRIVER, ACK | DRIVER | OK));
}

static void
can_follow_refuses_skipped_steps(void **state)
{
	(void)state;
	assert_false(virtio_status_can_follow(0, DRIVER));
	assert_false(virtio_status_can_follow(0, FEATURES));
	assert_false(virtio_status_can_follow(ACK, ACK | FEATURES));
	assert_false(virtio_status_can_follow(ACK, READY));
	assert_false(virtio_status_can_follow(ACK, ACK | DRIVER | OK));
	assert_false(virtio_status_can_follow(0, LIVE));
}

static void
can_follow_refuses_features_ok_together_with_or_after_driver_ok(void **state)
{
	(void)state;
	assert_false(virtio_status_can_follow(ACK | DRIVER, LIVE));
	assert_false(virtio_status_can_follow(ACK | DRIVER | OK, LIVE));
}

static void
can_follow_accepts_reset_and_repetition_from_everywhere(void **state)
{
	unsigned int from;

	(void)state;
	for (from = 0; from < 256; from++) {
		assert_true(virtio_status_can_follow(from, 0));
		assert_true(virtio_status_can_follow(from, from));
	}
}

static void
can_follow_refuses_to_clear_a_bit(void **state)
{
	(void)state;
	assert_false(virtio_status_can_follow(LIVE, READY));
	assert_false(virtio_status_can_follow(READY, ACK | DRIVER));
	assert_false(virtio_status_can_follow(ACK | FAILED, ACK));
}

static void
can_follow_accepts_failed_at_any_time_and_then_only_reset(void **state)
{
	(void)state;
	assert_true(virtio_status_can_follow(0, FAILED));
	assert_true(virtio_status_can_follow(ACK, ACK | FAILED));
	assert_true(virtio_status_can_follow(LIVE, LIVE | FAILED));
	assert_false(virtio_status_can_follow(ACK | FAILED, ACK | DRIVER | FAILED));
	assert_false(virtio_status_can_follow(0, DRIVER | FAILED));
}

static void
can_follow_leaves_needs_reset_to_the_device(void **state)
{
	(void)state;
	assert_false(virtio_status_can_follow(LIVE, LIVE | NEEDS_RESET));
	assert_true(virtio_status_can_follow(LIVE | NEEDS_RESET, LIVE));
	assert_true(virtio_status_can_follow(LIVE | NEEDS_RESET, LIVE | NEEDS_RESET | FAILED));
	assert_false(virtio_status_can_follow(READY | NEEDS_RESET, LIVE | NEEDS_RESET));
	assert_false(virtio_status_can_follow(READY | NEEDS_RESET, LIVE));
}

static void
can_follow_refuses_bits_without_a_meaning(void **state)
{
	(void)state;
	assert_false(virtio_status_can_follow(LIVE, LIVE | 0x20));
	assert_false(virtio_status_can_follow(LIVE, LIVE | VIRTIO_STATUS_SUSPEND));
}

static void
text_names_every_bit(void **state)
{
	const char *want =
		"ACKNOWLEDGE|DRIVER|DRIVER_OK|FEATURES_OK|SUSPEND|0x20|NEEDS_RESET|FAILED";
	char buf[80];

	(void)state;
	assert_int_equal(virtio_status_text(0xff, buf, sizeof(buf)), strlen(want));
	assert_string_equal(buf, want);
	assert_int_equal(virtio_status_text(0, buf, sizeof(buf)), strlen("RESET"));
	assert_string_equal(buf, "RESET");
}

static void
text_is_cut_but_terminated(void **state)
{
	char buf[6] = "xxxxx";

	(void)state;
	assert_int_equal(virtio_status_text(LIVE, buf, 0), virtio_status_text(LIVE, NULL, 0));
	assert_string_equal(buf, "xxxxx");
	assert_int_equal(virtio_status_text(DRIVER | FAILED, buf, sizeof(buf)),
		strlen("DRIVER|FAILED"));
	assert_string_equal(buf, "DRIVE");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(can_follow_accepts_the_sequence_step_by_step),
		cmocka_unit_test(can_follow_accepts_the_legacy_sequence),
		cmocka_unit_test(can_follow_refuses_skipped_steps),
		cmocka_unit_test(can_follow_refuses_features_ok_together_with_or_after_driver_ok),
		cmocka_unit_test(can_follow_accepts_reset_and_repetition_from_everywhere),
		cmocka_unit_test(can_follow_refuses_to_clear_a_bit),
		cmocka_unit_test(can_follow_accepts_failed_at_any_time_and_then_only_reset),
		cmocka_unit_test(can_follow_leaves_needs_reset_to_the_device),
		cmocka_unit_test(can_follow_refuses_bits_without_a_meaning),
		cmocka_unit_test(text_names_every_bit),
		cmocka_unit_test(text_is_cut_but_terminated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
