/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See cursor.h.
 */

#include <errno.h>
#include <string.h>

#include "vhost2_net/cursor.h"

/** What of @p len lies in the current segment; steps over the end of one. 0: there is no more. */
static uint64_t
cursor_straight(struct net_cursor *cursor, uint64_t len)
{
	uint32_t here;

	if (cursor->left > 0 && cursor->offset == cursor->segs->len) {
		cursor->segs++;
		cursor->left--;
		cursor->offset = 0;
	}
	if (cursor->left == 0)
		return 0;
	here = cursor->segs->len - cursor->offset;
	return len < here ? len : here;
}

int
net_cursor_skip(struct net_cursor *cursor, uint64_t len)
{
	while (len > 0) {
		const uint64_t piece = cursor_straight(cursor, len);

		if (piece == 0)
			return -EINVAL;
		cursor->offset += (uint32_t)piece;
		len -= piece;
	}
	return 0;
}

/** The next piece that is contiguous in our address space, at most @p len bytes: past it afterwards. */
static int
cursor_next(struct net_cursor *cursor, uint64_t len, uint8_t perm, void **at, uint64_t *piece)
{
	uint64_t iova;

	*piece = cursor_straight(cursor, len);
	if (*piece == 0)
		return -EINVAL;
	iova = cursor->segs->iova + cursor->offset;
	*at = rte_vhost2_iova_to_vva(cursor->vdev, cursor->vq, iova, piece, perm);
	if (*at == NULL || *piece == 0)
		return vhost2_untranslated(cursor->vdev, cursor->vq, iova);
	cursor->offset += (uint32_t)*piece;
	return 0;
}

int
net_cursor_read(struct net_cursor *cursor, void *to, uint64_t len)
{
	char *out = to;

	while (len > 0) {
		uint64_t piece;
		void *at;
		const int rc = cursor_next(cursor, len, VHOST_ACCESS_RO, &at, &piece);

		if (rc != 0)
			return rc;
		memcpy(out, at, piece);
		out += piece;
		len -= piece;
	}
	/* From here on the copy is what is looked at. */
	virtio_compiler_barrier();
	return 0;
}

int
net_cursor_write(struct net_cursor *cursor, const void *from, uint64_t len)
{
	const char *in = from;

	while (len > 0) {
		uint64_t piece;
		void *at;
		const int rc = cursor_next(cursor, len, VHOST_ACCESS_WO, &at, &piece);

		if (rc != 0)
			return rc;
		memcpy(at, in, piece);
		if (cursor->vdev->logging)
			rte_vhost2_log_write(cursor->vdev, cursor->vq, cursor->segs->iova + cursor->offset - piece, piece);
		in += piece;
		len -= piece;
	}
	return 0;
}
