/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Deadlines: absolute CLOCK_MONOTONIC times in nanoseconds, so that one budget can be handed
 * through many calls and neither a signal nor a peer that dribbles bytes can stretch it. No wait in
 * this library is without one.
 */

#ifndef VHOST_USER_DEADLINE_H
#define VHOST_USER_DEADLINE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @return CLOCK_MONOTONIC in nanoseconds. */
uint64_t vhost_user_now(void);

/** @return the time `ms` milliseconds from now, for use as a deadline. */
uint64_t vhost_user_deadline_after_ms(uint32_t ms);

/**
 * Wait until the fd shows one of `events` (poll bits), an error or a hang-up. Signals do not end
 * the wait.
 *
 * A deadline that has passed still looks once, without waiting.
 *
 * @return 0: try again what would have blocked; -ETIMEDOUT; another -errno of poll
 */
int vhost_user_wait(int fd, short events, uint64_t deadline);

/** Sleep for `ms` milliseconds, at most until the deadline. @return 0; -ETIMEDOUT: it has passed */
int vhost_user_pause(uint32_t ms, uint64_t deadline);

#ifdef __cplusplus
}
#endif

#endif /* VHOST_USER_DEADLINE_H */
