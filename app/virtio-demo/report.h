/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* What the user sees: the live line, the table at the end, the JSON file. */

#ifndef VIRTIO_DEMO_REPORT_H
#define VIRTIO_DEMO_REPORT_H

#include "exchange.h"

/** The live line's memory. */
struct report {
	bool quiet;
	uint64_t begin;    /**< TSC at the first tick */
	uint64_t shown_at; /**< TSC at the last line */
	uint64_t sent;     /**< counts at the last line */
	uint64_t unique;
};

/** Print the live line if a second has passed: rewritten on a terminal, appended elsewhere. */
void report_tick(struct report *report, const struct exchange *x);

/** Print the final table and what to try next. */
void report_table(const struct exchange *x, const struct demo_options *options, bool is_ok);

/** Write the result to options->json, if any: 0 or -errno, after saying what is wrong. */
int report_json(const struct exchange *x, const struct demo_options *options, bool is_ok);

#endif /* VIRTIO_DEMO_REPORT_H */
