/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_NET_TRAITS_H
#define VHOST2_NET_TRAITS_H

/*
 * What changes the shape of a burst's loop, passed by value with constant fields, so that the compiler folds every
 * question about it. Merged receive buffers are no trait: a packet that fits its first buffer goes the same way with
 * and without them, and the others leave the loop.
 */

#include <stdbool.h>

struct net_traits {
	bool is_packed;
	bool in_order; /**< VIRTIO_F_IN_ORDER: what was read goes back as one batch */
};

#endif /* VHOST2_NET_TRAITS_H */
