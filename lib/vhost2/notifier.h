/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_NOTIFIER_H
#define VHOST2_NOTIFIER_H

/*
 * A peer's eventfd. Which eventfd it is may change while another thread signals it: the notifier keeps one descriptor
 * number for all its life and replaces what is behind it, so that the signalling thread needs no lock and never meets
 * a number that means something else by now.
 *
 * Nothing but an eventfd is taken: a pipe, a socket or a file could block the thread that writes into it for as long as
 * the peer likes. An eventfd is looked at (poll) before it is written to, for it may be full and blocking too;
 * O_NONBLOCK is not set on it, since that would change the peer's own descriptor.
 */

#include <stdbool.h>

/** Zeroed by notifier_init(). */
struct notifier {
	int fd;    /**< the number, -1 until first set; atomic */
	bool set;  /**< there is somebody to signal; atomic */
};

void notifier_init(struct notifier *notifier);

/** Close the number. Nobody signals any more. */
void notifier_fini(struct notifier *notifier);

/**
 * Signal @p fd from now on, which is the notifier's in any case; -1: nobody.
 *
 * @return 0; -EBADF: not an eventfd (the notifier signals nobody then); other -errno
 */
int notifier_set(struct notifier *notifier, int fd);

/** Any thread. Never waits. @return whether there was somebody to tell. */
bool notifier_signal(struct notifier *notifier);

/** Whether @p fd is an eventfd. */
bool notifier_is_eventfd(int fd);

/** Take what an eventfd counted, without waiting whatever its flags are. */
void notifier_drain(int fd);

#endif /* VHOST2_NOTIFIER_H */
