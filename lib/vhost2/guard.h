/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_GUARD_H
#define VHOST2_GUARD_H

/*
 * Memory that a peer can take away. A file that is cut under a mapping turns the next access to it into SIGBUS, which
 * ends the process; here it ends one device. Mappings are entered in a table; the handler that finds the address in it
 * puts anonymous memory there, raises the owner's flag and returns, so that the access succeeds, on memory that means
 * nothing any more. Every other SIGBUS goes to the handler that was there before (EAL has one).
 *
 * Entering and leaving take a lock; the handler takes none and calls nothing but mmap() and write().
 */

#include <stddef.h>

/** One mapping in the table. */
struct guard;

/**
 * Guard [addr, addr + len).
 *
 * @param flag
 *   Becomes 1 when something was found missing; lives until guard_remove().
 * @param alarm_fd
 *   An eventfd that is written to then, likewise.
 * @return NULL: no memory.
 */
struct guard *guard_add(void *addr, size_t len, int *flag, int alarm_fd);

/** The mapping goes: nobody touches it any more. NULL is allowed. */
void guard_remove(struct guard *guard);

#endif /* VHOST2_GUARD_H */
