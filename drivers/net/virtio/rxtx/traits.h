/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What changes the shape of a burst's loop. A traits struct is passed by value with constant fields, so the
 * compiler folds every question about it; a trait exists only if it changes the loop.
 */

#ifndef VIRTIO_RXTX_TRAITS_H
#define VIRTIO_RXTX_TRAITS_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/vring_layout.h"

struct rx_traits {
	enum vring_format format;
	bool in_order;  /**< VIRTIO_F_IN_ORDER: buffers come back in the order in which they were posted */
	bool mergeable; /**< VIRTIO_NET_F_MRG_RXBUF: a packet may fill several buffers */
	bool offload;   /**< headers become offload flags, tags are stripped, packets get types */
	uint16_t simd;  /**< width of the vectors that the loop needs, in bits; 0: none, plain C */
};

struct tx_traits {
	enum vring_format format;
	bool in_order;
	bool offload;   /**< packets may ask for offloads */
	uint16_t simd;
};

#endif /* VIRTIO_RXTX_TRAITS_H */
