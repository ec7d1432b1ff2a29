/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VIRTIO_STATUS_H
#define VIRTIO_STATUS_H

/*
 * The device status byte: bits and legal order. VIRTIO 1.3 2.1 defines the bits, 3.1.1 the
 * order in which a driver sets them. Not here: what either side does on a transition.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_config.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who may do what while these bits are set. */
enum virtio_status {
	/** Driver may only write ACKNOWLEDGE; device ignores queues and sends nothing. */
	VIRTIO_STATUS_RESET = 0,
	/** The driver's host has seen the device. Device: as after reset. */
	VIRTIO_STATUS_ACKNOWLEDGE = VIRTIO_CONFIG_S_ACKNOWLEDGE,
	/** A driver owns the device: it may read configuration, read and write features. */
	VIRTIO_STATUS_DRIVER = VIRTIO_CONFIG_S_DRIVER,
	/** Both sides run: driver may notify, device may use buffers and notify. */
	VIRTIO_STATUS_DRIVER_OK = VIRTIO_CONFIG_S_DRIVER_OK,
	/** Features are frozen until reset; the driver may set up queues. */
	VIRTIO_STATUS_FEATURES_OK = VIRTIO_CONFIG_S_FEATURES_OK,
	/** VIRTIO 1.4 only: the driver stopped the device without a reset. */
	VIRTIO_STATUS_SUSPEND = 0x10,
	/** Set by the device alone: it is lost, and the driver may only reset it. */
	VIRTIO_STATUS_NEEDS_RESET = VIRTIO_CONFIG_S_NEEDS_RESET,
	/** Set by the driver alone: it gave up, and may only reset. */
	VIRTIO_STATUS_FAILED = VIRTIO_CONFIG_S_FAILED,
};

/**
 * Whether a driver that knows the status as `from` may write `to`.
 *
 * Legal are: a reset at any time; FAILED at any time; otherwise bits are only added, in the
 * order ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK (the first two may come in one write). A
 * legacy driver goes from DRIVER to DRIVER_OK without FEATURES_OK: whether VERSION_1 forbids
 * that is for the caller, who knows the features. NEEDS_RESET may be written back or left
 * out (it is not the driver's to clear either way), but never added. SUSPEND, which only
 * VIRTIO 1.4 has, is never legal here.
 */
bool
virtio_status_can_follow(uint8_t from, uint8_t to);

/**
 * Write the names of all set bits, by ascending bit, joined by '|': "ACKNOWLEDGE|DRIVER";
 * "RESET" for 0, "0x20" for the one bit without a name.
 *
 * @param buf
 *   Always terminated when len > 0; may be NULL when len is 0.
 * @return the length of the whole text without its terminator, as snprintf() does.
 */
size_t
virtio_status_text(uint8_t status, char *buf, size_t len);

#ifdef __cplusplus
}
#endif

#endif /* VIRTIO_STATUS_H */
