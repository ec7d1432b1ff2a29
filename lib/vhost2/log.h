/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_LOG_H
#define VHOST2_LOG_H

/*
 * Lines of the library. Where they go is the application's to say (rte_vhost2_log_to()); it is stderr until then. A
 * peer must not fill a disk: what it can cause is limited to so many lines a second, and how many were left out is
 * said afterwards.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <syslog.h>

/** Say @p format; @p level is one of syslog's. Warnings and worse are limited. Any thread. */
void vhost2_log(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif /* VHOST2_LOG_H */
