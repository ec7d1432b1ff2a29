/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VIRTIO_FEATURE_H
#define VIRTIO_FEATURE_H

/*
 * Feature bits: numbers, names, and which bit needs which other one.
 *
 * One table says it all; negotiation, logs and documentation read it. This file knows the
 * reserved bits and those of the network device (bits 0..63), no other device type, and it
 * does not decide which features a driver or a device wants.
 */

#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include "virtio/ring_uapi.h"
#include "virtio/net_uapi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The mask of feature bit n. */
#define VIRTIO_BIT(n) (UINT64_C(1) << (n))

/*
 * Bits that older kernel headers lack. VIRTIO 1.3 6 and 5.1.3 number all of them but SUSPEND,
 * which VIRTIO 1.4 added.
 */
#ifndef VIRTIO_F_NOTIFICATION_DATA
#define VIRTIO_F_NOTIFICATION_DATA 38
#endif
#ifndef VIRTIO_F_NOTIF_CONFIG_DATA
#define VIRTIO_F_NOTIF_CONFIG_DATA 39
#endif
#ifndef VIRTIO_F_RING_RESET
#define VIRTIO_F_RING_RESET 40
#endif
#ifndef VIRTIO_F_ADMIN_VQ
#define VIRTIO_F_ADMIN_VQ 41
#endif
#ifndef VIRTIO_F_SUSPEND
#define VIRTIO_F_SUSPEND 43
#endif
#ifndef VIRTIO_NET_F_DEVICE_STATS
#define VIRTIO_NET_F_DEVICE_STATS 50
#endif
#ifndef VIRTIO_NET_F_HASH_TUNNEL
#define VIRTIO_NET_F_HASH_TUNNEL 51
#endif
#ifndef VIRTIO_NET_F_VQ_NOTF_COAL
#define VIRTIO_NET_F_VQ_NOTF_COAL 52
#endif
#ifndef VIRTIO_NET_F_NOTF_COAL
#define VIRTIO_NET_F_NOTF_COAL 53
#endif
#ifndef VIRTIO_NET_F_GUEST_USO4
#define VIRTIO_NET_F_GUEST_USO4 54
#endif
#ifndef VIRTIO_NET_F_GUEST_USO6
#define VIRTIO_NET_F_GUEST_USO6 55
#endif
#ifndef VIRTIO_NET_F_HOST_USO
#define VIRTIO_NET_F_HOST_USO 56
#endif
#ifndef VIRTIO_NET_F_GUEST_HDRLEN
#define VIRTIO_NET_F_GUEST_HDRLEN 59
#endif

/** One feature bit, as the specification describes it. */
struct virtio_feature {
	/** Bit number, 0..63. */
	uint8_t bit;
	/** Full name, as in the kernel's headers: "VIRTIO_NET_F_MRG_RXBUF". */
	const char *name;
	/** Mask: the bit is illegal unless every one of these is set too (0: no such rule). */
	uint64_t needs_all;
	/** Mask: the bit is illegal unless at least one of these is set too (0: no such rule). */
	uint64_t needs_any;
	/**
	 * Mask: without every one of these the bit is legal and yet has no effect, so nobody
	 * should negotiate it (0: no such rule).
	 */
	uint64_t wants_all;
};

/** Every known feature, by ascending bit. */
extern const struct virtio_feature virtio_feature_table[];

/** Number of rows in virtio_feature_table. */
extern const size_t virtio_feature_count;

/**
 * Look a feature up by its bit.
 *
 * @return the row, or NULL when the specification has no such bit for a network device.
 */
const struct virtio_feature *
virtio_feature_find(unsigned int bit);

/**
 * Full name of a feature, for logs.
 *
 * @return never NULL; "VIRTIO_F_UNKNOWN" for a bit without a row.
 */
const char *
virtio_feature_name(unsigned int bit);

/**
 * Drop every bit whose dependencies (needs and wants) are unmet, until nothing more falls.
 *
 * What a driver accepts, or a device offers, goes through here. Bits without a row are kept:
 * they have no rule. Whatever comes out passes virtio_features_check().
 */
uint64_t
virtio_features_close(uint64_t features);

/**
 * Check what a peer negotiated against the rules that the specification makes a MUST.
 *
 * @param offender
 *   Set to the lowest offending bit on failure, left alone on success; may be NULL.
 * @return 0, or -EINVAL when a bit lacks one that it requires.
 */
int
virtio_features_check(uint64_t features, unsigned int *offender);

/**
 * Write the short names of all set bits, by ascending bit, joined by one space:
 * "CSUM MRG_RXBUF VERSION_1". A bit without a row is written as "bit58".
 *
 * @param buf
 *   Always terminated when len > 0; may be NULL when len is 0.
 * @return the length of the whole text without its terminator, as snprintf() does: the text
 *   was cut when this is >= len.
 */
size_t
virtio_features_text(uint64_t features, char *buf, size_t len);

#ifdef __cplusplus
}
#endif

#endif /* VIRTIO_FEATURE_H */
