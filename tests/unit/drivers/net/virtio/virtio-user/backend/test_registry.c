/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Which path is served by which back-end, and what is said of the others.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "virtio-user/backend/backend.h"

static int
open_path(const char *path, bool server)
{
	const struct backend_config config = {.port = "test0", .path = path, .server = server, .queue_pairs = 1};
	struct backend *backend = NULL;
	int rc = backend_open(&config, &backend);

	if (rc == 0) {
		assert_string_equal(backend->ops->name, "vhost-user");
		backend->ops->close(backend);
	}
	return rc;
}

static void
a_path_that_is_not_there_yet_is_a_socket(void **state)
{
	(void)state;
	assert_int_equal(open_path("/tmp/virtio-user-nothing-here", false), 0);
}

static void
a_character_device_is_not_supported_yet(void **state)
{
	(void)state;
	assert_int_equal(open_path("/dev/null", false), -ENOTSUP);
	assert_int_equal(open_path("/dev/null", true), -ENOTSUP);
}

static void
a_file_or_directory_is_invalid(void **state)
{
	(void)state;
	assert_int_equal(open_path("/etc/passwd", false), -EINVAL);
	assert_int_equal(open_path("/etc/passwd", true), -EINVAL);
	assert_int_equal(open_path("/", false), -EINVAL);
}

static void
a_server_cannot_listen_where_it_has_no_business(void **state)
{
	char path[256];

	(void)state;
	memset(path, 'x', sizeof(path));
	memcpy(path, "/tmp/", 5);
	path[200] = '\0';
	assert_int_equal(open_path(path, true), -ENAMETOOLONG);
	assert_int_equal(open_path("", true), -EINVAL);
	assert_int_equal(open_path("/nonexistent/directory/s", true), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_that_is_not_there_yet_is_a_socket),
		cmocka_unit_test(a_character_device_is_not_supported_yet),
		cmocka_unit_test(a_file_or_directory_is_invalid),
		cmocka_unit_test(a_server_cannot_listen_where_it_has_no_business),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
