/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Options whose value is a list, and what they are when not given. */

#ifndef VIRTIO_BENCH_LISTS_H
#define VIRTIO_BENCH_LISTS_H

#include "options.h"

/** Reads one option's values into lists: NULL, or what they must be instead. */
typedef const char *(*list_parser)(struct bench_lists *lists, char **text);

const char *list_modes(struct bench_lists *lists, char **text);
const char *list_rows(struct bench_lists *lists, char **text);
const char *list_frames(struct bench_lists *lists, char **text);
const char *list_bursts(struct bench_lists *lists, char **text);
const char *list_front(struct bench_lists *lists, char **text);
const char *list_pair(struct bench_lists *lists, char **text);

/** Read a whole number within limits: 0 or -EINVAL. */
int list_number(const char *text, uint32_t min, uint32_t max, uint32_t *number);

/** Fill the lists that were not given; for an instruction counter with one entry each. */
void lists_complete(struct bench_lists *lists, bool one_only);

#endif /* VIRTIO_BENCH_LISTS_H */
