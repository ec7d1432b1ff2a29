/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VIRTIO_NET_UAPI_H
#define VIRTIO_NET_UAPI_H

/*
 * <linux/virtio_net.h>, made digestible for C++: struct virtio_net_ctrl_hdr has a member
 * called "class", which is a keyword there. C++ code sees it as "class_". The headers that it
 * includes come first, so that only this one is read under the macro.
 */

#include <linux/if_ether.h>
#include <linux/types.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_types.h>

#ifdef __cplusplus
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wkeyword-macro"
#endif
#define class class_
#endif
#include <linux/virtio_net.h>
#ifdef __cplusplus
#undef class
#ifdef __clang__
#pragma clang diagnostic pop
#endif
#endif

#endif /* VIRTIO_NET_UAPI_H */
