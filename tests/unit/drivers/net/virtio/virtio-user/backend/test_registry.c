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
the_kernels_device_is_known_by_name_where_it_is_missing(void **state)
{
	const struct backend_config config = {.port = "test0", .path = "/dev/vhost-net", .queue_pairs = 1};
	struct backend *backend = NULL;

	(void)state;
	assert_int_equal(backend_open(&config, &backend), 0);
	assert_string_equal(backend->ops->name, "vhost-kernel");
	backend->ops->close(backend);
	assert_int_equal(open_path("/dev/vhost-net", true), -EINVAL);
}

static void
another_character_device_is_invalid(void **state)
{
	(void)state;
	assert_int_equal(open_path("/dev/null", false), -EINVAL);
	assert_int_equal(open_path("/dev/null", true), -EINVAL);
}

static void
what_is_the_kernels_interface_alone_is_refused_for_a_socket(void **state)
{
	const struct backend_config socket = {.port = "test0", .path = "/tmp/virtio-user-nothing-here", .queue_pairs = 1};
	struct backend_config configs[4] = {socket, socket, socket, socket};
	struct backend *backend = NULL;
	unsigned int i;

	(void)state;
	configs[0].iface = "tap0";
	configs[1].netns = "blue";
	configs[2].persist = true;
	configs[3].sndbuf = 1;
	for (i = 0; i < 4; i++)
		assert_int_equal(backend_open(&configs[i], &backend), -EINVAL);
	assert_null(backend);
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
		cmocka_unit_test(the_kernels_device_is_known_by_name_where_it_is_missing),
		cmocka_unit_test(another_character_device_is_invalid),
		cmocka_unit_test(what_is_the_kernels_interface_alone_is_refused_for_a_socket),
		cmocka_unit_test(a_file_or_directory_is_invalid),
		cmocka_unit_test(a_server_cannot_listen_where_it_has_no_business),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
