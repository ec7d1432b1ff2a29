/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* A comparison as a table for people and as JSON for programs. */

#ifndef VIRTIO_BENCH_REPORT_H
#define VIRTIO_BENCH_REPORT_H

#include <stdio.h>

#include "compare.h"

/** Print the table of a comparison. */
void report_print(const struct comparison *comparison, const struct bench_options *options);

/** Begin, continue and end the JSON document. */
void report_json_begin(FILE *out, const struct bench_options *options);
void report_json(FILE *out, const struct comparison *comparison, bool is_first);
void report_json_end(FILE *out);

#endif /* VIRTIO_BENCH_REPORT_H */
