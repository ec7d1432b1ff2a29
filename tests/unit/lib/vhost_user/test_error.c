/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* error.c: every kind of error has its words: message, field, value seen and value allowed. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vhost_user/error.h"

static const struct {
	struct vhost_user_error error;
	const char *text;
} sentences[] = {
	{ { .kind = VHOST_USER_ERROR_NONE }, "no error" },
	{ { .kind = VHOST_USER_ERROR_RANGE, .message = "SET_VRING_NUM", .field = "ring index",
	    .seen = 9, .low = 0, .high = 3 }, "SET_VRING_NUM: ring index 9, allowed 0 to 3" },
	{ { .kind = VHOST_USER_ERROR_RANGE, .message = "SET_FEATURES", .field = "payload size",
	    .seen = 7, .low = 8, .high = 8 }, "SET_FEATURES: payload size 7, allowed 8" },
	{ { .kind = VHOST_USER_ERROR_BITS, .message = "SET_OWNER", .field = "flags",
	    .seen = 0x82, .low = 1 }, "SET_OWNER: flags 0x82, allowed 0x1" },
	{ { .kind = VHOST_USER_ERROR_GATE, .message = "GET_STATUS", .field = "STATUS", .low = 1 },
	  "GET_STATUS: sent although STATUS was not acknowledged" },
	{ { .kind = VHOST_USER_ERROR_GATE, .message = "GET_QUEUE_NUM", .field = "MQ" },
	  "GET_QUEUE_NUM: sent although MQ was not offered" },
	{ { .kind = VHOST_USER_ERROR_UNKNOWN, .request = 4711 }, "request 4711 does not exist" },
	{ { .kind = VHOST_USER_ERROR_REFUSED, .message = "SET_MEM_TABLE", .seen = 1 },
	  "SET_MEM_TABLE: the peer could not do it and answered 1 instead of 0" },
	{ { .kind = VHOST_USER_ERROR_CLOSED }, "the peer closed the connection" },
	{ { .kind = VHOST_USER_ERROR_CLOSED, .seen = 5 },
	  "the peer closed the connection 5 bytes into a message" },
	{ { .kind = VHOST_USER_ERROR_TIMEOUT, .field = "send a whole message" },
	  "the peer did not send a whole message in time" },
	{ { .kind = VHOST_USER_ERROR_FDS, .field = "are too many" },
	  "file descriptors are too many" },
	{ { .kind = VHOST_USER_ERROR_SYSTEM, .code = -ENOENT, .field = "connect" },
	  "connect: No such file or directory" },
	{ { .kind = VHOST_USER_ERROR_PATH, .field = "is empty" }, "socket path is empty" },
};

static void
every_kind_has_its_sentence(void **state)
{
	char text[VHOST_USER_ERROR_TEXT_SIZE];

	(void)state;
	errno = EXDEV;
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		assert_string_equal(vhost_user_error_text(&sentences[i].error, text, sizeof(text)),
				sentences[i].text);
	assert_int_equal(errno, EXDEV);
}

static void
text_is_cut_to_the_room_there_is(void **state)
{
	char text[64];

	(void)state;
	for (size_t size = 0; size < sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		vhost_user_error_text(&sentences[1].error, text, size);
		if (size > 0)
			assert_true(strnlen(text, size) < size);
		assert_int_equal(text[size], '#');
	}
}

static void
set_stores_and_returns_the_code(void **state)
{
	struct vhost_user_error error;

	(void)state;
	assert_int_equal(vhost_user_error_set(&error, sentences[12].error), -ENOENT);
	assert_int_equal(error.kind, VHOST_USER_ERROR_SYSTEM);
	assert_int_equal(vhost_user_error_set(NULL, sentences[12].error), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_its_sentence),
		cmocka_unit_test(text_is_cut_to_the_room_there_is),
		cmocka_unit_test(set_stores_and_returns_the_code),
	};

	return cmocka_run_group_tests_name("lib/vhost_user/error", tests, NULL, NULL);
}
