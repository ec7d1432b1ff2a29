/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What went wrong, as data: this library never logs. A function that fails fills a struct
 * vhost_user_error, and the caller, who knows the port and the socket, prints its text once.
 */

#ifndef VHOST_USER_ERROR_H
#define VHOST_USER_ERROR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Room that always holds the text of an error, terminating zero included. */
#define VHOST_USER_ERROR_TEXT_SIZE 256

/** Which sentence describes the error; each names the members that it uses. */
enum vhost_user_error_kind {
	VHOST_USER_ERROR_NONE,    /**< nothing went wrong */
	VHOST_USER_ERROR_RANGE,   /**< `seen` of `field` is outside low..high */
	VHOST_USER_ERROR_BITS,    /**< `seen` of `field` should have been `low` (hexadecimal) */
	VHOST_USER_ERROR_GATE,    /**< feature `field` is not offered (low 0), not acked (low 1) */
	VHOST_USER_ERROR_UNKNOWN, /**< `request` names no message */
	VHOST_USER_ERROR_REFUSED, /**< the peer answered `seen` where 0 means success */
	VHOST_USER_ERROR_CLOSED,  /**< the peer left `seen` bytes into a message (0: between two) */
	VHOST_USER_ERROR_TIMEOUT, /**< the peer did not `field` in time */
	VHOST_USER_ERROR_FDS,     /**< the peer's descriptors cannot be taken; `field` says why */
	VHOST_USER_ERROR_SYSTEM,  /**< system call `field` failed with `code` */
	VHOST_USER_ERROR_PATH,    /**< a socket path cannot be used; `field` says why */
};

/** Description of one failure. The strings are constants, never freed. */
struct vhost_user_error {
	enum vhost_user_error_kind kind;
	int code;            /**< what the function returned: -errno */
	const char *message; /**< name of the message concerned, NULL when there is none */
	uint32_t request;    /**< its id, as seen on the wire */
	const char *field;   /**< see enum vhost_user_error_kind */
	uint64_t seen;       /**< value seen */
	uint64_t low;        /**< least value allowed */
	uint64_t high;       /**< greatest value allowed */
};

/**
 * Store an error.
 *
 * @param error may be NULL
 * @return value.code
 */
int vhost_user_error_set(struct vhost_user_error *error, struct vhost_user_error value);

/**
 * Put the error in words: message, field, value seen, value allowed.
 *
 * @param text at least `size` bytes; always terminated when size > 0
 * @return text
 */
char *vhost_user_error_text(const struct vhost_user_error *error, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* VHOST_USER_ERROR_H */
