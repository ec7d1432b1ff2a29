/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Errors in words, see error.h. Each kind has one sentence; who logs puts the port and the socket
 * before it.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "vhost_user/error.h"

int
vhost_user_error_set(struct vhost_user_error *error, struct vhost_user_error value)
{
	if (error != NULL)
		*error = value;
	return value.code;
}

static int
print_range(const struct vhost_user_error *error, char *text, size_t size)
{
	if (error->low == error->high)
		return snprintf(text, size, "%s %" PRIu64 ", allowed %" PRIu64,
				error->field, error->seen, error->low);
	return snprintf(text, size, "%s %" PRIu64 ", allowed %" PRIu64 " to %" PRIu64,
			error->field, error->seen, error->low, error->high);
}

static int
print_bits(const struct vhost_user_error *error, char *text, size_t size)
{
	return snprintf(text, size, "%s 0x%" PRIx64 ", allowed 0x%" PRIx64,
			error->field, error->seen, error->low);
}

static int
print_gate(const struct vhost_user_error *error, char *text, size_t size)
{
	return snprintf(text, size, "sent although %s was not %s", error->field,
			error->low == 0 ? "offered" : "acknowledged");
}

static int
print_unknown(const struct vhost_user_error *error, char *text, size_t size)
{
	return snprintf(text, size, "request %" PRIu32 " does not exist", error->request);
}

static int
print_refused(const struct vhost_user_error *error, char *text, size_t size)
{
	return snprintf(text, size, "the peer could not do it and answered %" PRIu64
			" instead of 0", error->seen);
}

static int
print_closed(const struct vhost_user_error *error, char *text, size_t size)
{
	if (error->seen == 0)
		return snprintf(text, size, "the peer closed the connection");
	return snprintf(text, size, "the peer closed the connection %" PRIu64
			" bytes into a message", error->seen);
}

static int
print_timeout(const struct vhost_user_error *error, char *text, size_t size)
{
	return snprintf(text, size, "the peer did not %s in time", error->field);
}

static int
print_fds(const struct vhost_user_error *error, char *text, size_t size)
{
	return snprintf(text, size, "file descriptors %s", error->field);
}

static int
print_system(const struct vhost_user_error *error, char *text, size_t size)
{
	errno = -error->code;
	return snprintf(text, size, "%s: %m", error->field);
}

static int
print_path(const struct vhost_user_error *error, char *text, size_t size)
{
	return snprintf(text, size, "socket path %s", error->field);
}

static int
print_none(const struct vhost_user_error *error, char *text, size_t size)
{
	(void)error;
	return snprintf(text, size, "no error");
}

typedef int (*print_fn)(const struct vhost_user_error *error, char *text, size_t size);

static const print_fn printers[] = {
	[VHOST_USER_ERROR_NONE] = print_none,
	[VHOST_USER_ERROR_RANGE] = print_range,
	[VHOST_USER_ERROR_BITS] = print_bits,
	[VHOST_USER_ERROR_GATE] = print_gate,
	[VHOST_USER_ERROR_UNKNOWN] = print_unknown,
	[VHOST_USER_ERROR_REFUSED] = print_refused,
	[VHOST_USER_ERROR_CLOSED] = print_closed,
	[VHOST_USER_ERROR_TIMEOUT] = print_timeout,
	[VHOST_USER_ERROR_FDS] = print_fds,
	[VHOST_USER_ERROR_SYSTEM] = print_system,
	[VHOST_USER_ERROR_PATH] = print_path,
};

char *
vhost_user_error_text(const struct vhost_user_error *error, char *text, size_t size)
{
	int saved = errno;
	int len = 0;

	if (size == 0)
		return text;
	if (error->message != NULL)
		len = snprintf(text, size, "%s: ", error->message);
	if (len >= 0 && (size_t)len < size)
		printers[error->kind](error, text + len, size - (size_t)len);
	errno = saved;
	return text;
}
