/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* socket.c: connecting and listening in a directory of its own, other files left alone. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "vhost_user/deadline.h"
#include "vhost_user/socket.h"

#include "fd_hygiene.h"

#define MS UINT64_C(1000000)

static char dir[] = "/tmp/test_socket_XXXXXX";
static char path[64];
static char moved[64];

static int
make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(moved, sizeof(moved), "%s/m", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void
a_connection_is_made_and_accepted_close_on_exec_and_non_blocking(void **state)
{
	struct vhost_user_listener listener;
	struct vhost_user_error error;
	int client, server;

	(void)state;
	assert_int_equal(vhost_user_socket_listen(&listener, path, &error), 0);
	assert_int_equal(vhost_user_socket_accept(&listener), -EAGAIN);
	client = vhost_user_socket_connect(path, vhost_user_deadline_after_ms(1000), &error);
	assert_true(client >= 0);
	server = vhost_user_socket_accept(&listener);
	assert_true(server >= 0);
	assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(server, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(listener.fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(client, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(server, F_GETFL) & O_NONBLOCK);
	close(client);
	close(server);
	vhost_user_socket_unlisten(&listener);
	vhost_user_socket_unlisten(&listener);
	assert_int_equal(access(path, F_OK), -1);
}

static void
nobody_there_is_reported_at_once(void **state)
{
	uint64_t start = vhost_user_now();
	struct vhost_user_error error;

	(void)state;
	assert_int_equal(vhost_user_socket_connect(path, UINT64_MAX, &error), -ENOENT);
	assert_int_equal(error.kind, VHOST_USER_ERROR_SYSTEM);
	assert_string_equal(error.field, "connect");
	assert_true(vhost_user_now() - start < 1000 * MS);
}

/* A socket file without a server, as a crash leaves it behind. */
static void
leave_stale(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(addr.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

static void
a_stale_socket_refuses_connections_and_is_replaced(void **state)
{
	struct vhost_user_listener listener;
	int client;

	(void)state;
	leave_stale();
	assert_int_equal(vhost_user_socket_connect(path, UINT64_MAX, NULL), -ECONNREFUSED);
	assert_int_equal(vhost_user_socket_listen(&listener, path, NULL), 0);
	client = vhost_user_socket_connect(path, vhost_user_deadline_after_ms(1000), NULL);
	assert_true(client >= 0);
	close(client);
	vhost_user_socket_unlisten(&listener);
}

static void
a_live_socket_is_never_stolen(void **state)
{
	struct vhost_user_listener first, second;
	struct vhost_user_error error;
	int client;

	(void)state;
	assert_int_equal(vhost_user_socket_listen(&first, path, NULL), 0);
	assert_int_equal(vhost_user_socket_listen(&second, path, &error), -EADDRINUSE);
	assert_int_equal(error.kind, VHOST_USER_ERROR_PATH);
	assert_int_equal(second.fd, -1);
	vhost_user_socket_unlisten(&second);
	client = vhost_user_socket_connect(path, vhost_user_deadline_after_ms(1000), NULL);
	assert_true(client >= 0);
	close(client);
	vhost_user_socket_unlisten(&first);
}

static void
a_file_that_is_no_socket_is_never_removed(void **state)
{
	struct vhost_user_listener listener;
	struct stat file;

	(void)state;
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(vhost_user_socket_listen(&listener, path, NULL), -EEXIST);
	assert_int_equal(lstat(path, &file), 0);
	assert_true(S_ISREG(file.st_mode));
	unlink(path);
	assert_int_equal(symlink("/nonexistent/target", path), 0);
	assert_int_equal(vhost_user_socket_listen(&listener, path, NULL), -EEXIST);
	assert_int_equal(lstat(path, &file), 0);
	assert_true(S_ISLNK(file.st_mode));
	unlink(path);
}

static void
unlisten_leaves_the_file_of_a_successor(void **state)
{
	struct vhost_user_listener first, second;

	(void)state;
	assert_int_equal(vhost_user_socket_listen(&first, path, NULL), 0);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(vhost_user_socket_listen(&second, path, NULL), 0);
	vhost_user_socket_unlisten(&first);
	assert_int_equal(access(path, F_OK), 0);
	vhost_user_socket_unlisten(&second);
	assert_int_equal(access(path, F_OK), -1);
	unlink(moved);
}

static void
a_path_that_would_be_cut_short_is_refused(void **state)
{
	struct vhost_user_listener listener;
	struct vhost_user_error error;
	char longest[109];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[108] = '\0';
	assert_int_equal(vhost_user_socket_connect(longest, 0, &error), -ENAMETOOLONG);
	assert_int_equal(vhost_user_socket_listen(&listener, longest, &error), -ENAMETOOLONG);
	longest[107] = '\0';
	assert_int_equal(vhost_user_socket_connect(longest, 0, &error), -ENOENT);
	assert_int_equal(vhost_user_socket_connect("", 0, &error), -EINVAL);
	assert_int_equal(vhost_user_socket_listen(&listener, "", &error), -EINVAL);
	assert_int_equal(error.kind, VHOST_USER_ERROR_PATH);
}

static void
a_server_that_accepts_nobody_runs_into_the_deadline(void **state)
{
	struct vhost_user_listener listener, second;
	struct vhost_user_error error;
	uint64_t start;
	int clients[64];
	int nr = 0;
	int rc;

	(void)state;
	assert_int_equal(vhost_user_socket_listen(&listener, path, NULL), 0);
	do {
		start = vhost_user_now();
		rc = vhost_user_socket_connect(path, start + 30 * MS, &error);
		if (rc >= 0)
			clients[nr++] = rc;
	} while (rc >= 0 && nr < 64);
	assert_int_equal(rc, -ETIMEDOUT);
	assert_int_equal(error.kind, VHOST_USER_ERROR_TIMEOUT);
	assert_true(vhost_user_now() - start >= 30 * MS);
	assert_true(vhost_user_now() - start < 2000 * MS);
	/* A full backlog is a live server. */
	assert_int_equal(vhost_user_socket_listen(&second, path, NULL), -EADDRINUSE);
	while (nr > 0)
		close(clients[--nr]);
	vhost_user_socket_unlisten(&listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HYGIENIC(a_connection_is_made_and_accepted_close_on_exec_and_non_blocking),
		HYGIENIC(nobody_there_is_reported_at_once),
		HYGIENIC(a_stale_socket_refuses_connections_and_is_replaced),
		HYGIENIC(a_live_socket_is_never_stolen),
		HYGIENIC(a_file_that_is_no_socket_is_never_removed),
		HYGIENIC(unlisten_leaves_the_file_of_a_successor),
		HYGIENIC(a_path_that_would_be_cut_short_is_refused),
		HYGIENIC(a_server_that_accepts_nobody_runs_into_the_deadline),
	};

	return cmocka_run_group_tests_name("lib/vhost_user/socket", tests, make_dir, remove_dir);
}
