/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The port's log type and nothing else, so that a test can link it (or its own) beside any one file.
 */

#include <rte_log.h>

#include "log.h"

RTE_LOG_REGISTER(virtio_backend_logtype, pmd.net.virtio_backend, NOTICE);
