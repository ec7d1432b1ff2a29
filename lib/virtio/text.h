/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VIRTIO_TEXT_H
#define VIRTIO_TEXT_H

/*
 * Words joined into a caller's buffer, cut like snprintf() cuts. Private to lib/virtio: what
 * feature.c and status.c share.
 */

#include <stddef.h>
#include <string.h>

/** A text under construction. */
struct text {
	/** Where it goes; may be NULL when len is 0. */
	char *buf;
	/** Bytes at buf, terminator included. */
	size_t len;
	/** Length of everything joined so far, whether it fitted or not. */
	size_t needed;
};

/** An empty text; terminates the buffer. */
static inline struct text
text_start(char *buf, size_t len)
{
	const struct text text = {buf, len, 0};

	if (len > 0)
		buf[0] = '\0';
	return text;
}

/** Add a word as it is, or as much of it as fits. */
static inline void
text_add(struct text *text, const char *word)
{
	const size_t length = strlen(word);
	size_t room = text->needed < text->len ? text->len - text->needed - 1 : 0;

	if (room > length)
		room = length;
	if (room > 0) {
		memcpy(text->buf + text->needed, word, room);
		text->buf[text->needed + room] = '\0';
	}
	text->needed += length;
}

/** Add a word, behind a separator unless it is the first. */
static inline void
text_join(struct text *text, const char *separator, const char *word)
{
	if (text->needed > 0)
		text_add(text, separator);
	text_add(text, word);
}

#endif /* VIRTIO_TEXT_H */
