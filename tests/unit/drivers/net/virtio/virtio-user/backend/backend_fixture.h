/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * One back-end and the scripted peer at its socket, for each test of the dialect: made by setup, taken down by
 * teardown. In between a test starts the peer, connects, and closes.
 */

#ifndef BACKEND_FIXTURE_H
#define BACKEND_FIXTURE_H

#include "scripted_peer.h"
#include "virtio-user/backend/vhost_user.h"

#define P(name) VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_##name)
#define BIT30 VHOST_USER_BIT(30)
#define DEADLINE_MS 100

extern char path[64];              /**< of the socket */
extern struct scripted_peer peer;  /**< not started yet; a test may change it before */
extern struct backend *backend;    /**< NULL while there is none */

int setup(void **state);
int teardown(void **state);

int open_backend(bool server);
/** Give it as long as DEADLINE_MS from now. */
void set_deadline(void);
/** Open it and connect. @return as connect */
int connect_backend(void);
void close_backend(void);

#endif /* BACKEND_FIXTURE_H */
