/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The built-in rows: each set of negotiated features that the data path distinguishes, with this
 * project's front-end as A and, as B, the best that DPDK's own driver has for the same features.
 */

#ifndef VIRTIO_BENCH_ROW_H
#define VIRTIO_BENCH_ROW_H

#include <stdbool.h>
#include <stdint.h>

/** One comparison; b is NULL when a stands alone. */
struct bench_row {
	const char *name;
	const char *a;
	const char *b;
};

/** Number of built-in rows, and row i. */
uint32_t row_count(void);
const struct bench_row *row_at(uint32_t i);

/**
 * True if word selects the row: "all", its name, or the beginning of its name ("split", "packed")
 * unless another row has that very name.
 */
bool row_matches(const struct bench_row *row, const char *word);

#endif /* VIRTIO_BENCH_ROW_H */
