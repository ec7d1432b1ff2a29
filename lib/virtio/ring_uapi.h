/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VIRTIO_RING_UAPI_H
#define VIRTIO_RING_UAPI_H

/*
 * <linux/virtio_ring.h>, made digestible for C++: the legacy helpers in it convert void
 * pointers silently. Nothing here uses them, since the legacy layout (one block, used ring on
 * a page boundary) is not what this library builds.
 */

#if defined(__cplusplus) && !defined(VIRTIO_RING_NO_LEGACY)
#define VIRTIO_RING_NO_LEGACY
#endif
#include <linux/virtio_ring.h>

#endif /* VIRTIO_RING_UAPI_H */
