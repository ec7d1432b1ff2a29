/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_CONTAINER_H
#define VHOST2_CONTAINER_H

/* From a member to the struct that it is a part of; C keeps no other record of who embeds what. */

#include <stddef.h>

#define vhost2_container_of(pointer, type, member) \
	((type *)((char *)(pointer) - offsetof(type, member)))

#endif /* VHOST2_CONTAINER_H */
