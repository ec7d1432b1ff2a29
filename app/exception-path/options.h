/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* What the user of exception-path asked for, behind EAL's "--". */

#ifndef EXCEPTION_PATH_OPTIONS_H
#define EXCEPTION_PATH_OPTIONS_H

#include <stdint.h>

/** Most queue pairs that the program serves. */
#define QUEUES_MAX 64

struct options {
	uint32_t nic;    /**< port number */
	uint32_t kernel; /**< port number */
	uint32_t queues;
	uint32_t mtu;    /**< 0: leave it */
	uint32_t stats;  /**< seconds between two lines; 0: none but the last */
};

void options_help(const char *program);

/** @return 0; -EINVAL (one line was printed) */
int options_parse(struct options *options, int argc, char **argv);

#endif /* EXCEPTION_PATH_OPTIONS_H */
