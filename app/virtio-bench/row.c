/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The table of rows; see row.h. */

#include <string.h>

#include <rte_common.h>

#include "row.h"

#define OURS "net_vuser"
#define OTHER "net_virtio_user"

/*
 * DPDK's driver takes its vector paths only if asked to; where the features do not allow one it
 * takes the path that it would have taken anyway. So all rows ask.
 */
#define ROW(name, args) {name, OURS "," args, OTHER "," args ",vectorized=1"}

static const struct bench_row rows[] = {
	ROW("split-plain", "packed_vq=0,mrg_rxbuf=0,in_order=0"),
	ROW("split-inorder", "packed_vq=0,mrg_rxbuf=0,in_order=1"),
	ROW("split-mrg", "packed_vq=0,mrg_rxbuf=1,in_order=0"),
	ROW("split-mrg-inorder", "packed_vq=0,mrg_rxbuf=1,in_order=1"),
	ROW("packed-plain", "packed_vq=1,mrg_rxbuf=0,in_order=0"),
	ROW("packed-inorder", "packed_vq=1,mrg_rxbuf=0,in_order=1"),
	ROW("packed-mrg", "packed_vq=1,mrg_rxbuf=1,in_order=0"),
	ROW("packed-mrg-inorder", "packed_vq=1,mrg_rxbuf=1,in_order=1"),
};

uint32_t
row_count(void)
{
	return RTE_DIM(rows);
}

const struct bench_row *
row_at(uint32_t i)
{
	return &rows[i];
}

static bool
is_name(const char *word)
{
	for (uint32_t i = 0; i < RTE_DIM(rows); i++)
		if (strcmp(rows[i].name, word) == 0)
			return true;
	return false;
}

bool
row_matches(const struct bench_row *row, const char *word)
{
	if (strcmp(word, "all") == 0 || strcmp(row->name, word) == 0)
		return true;
	return !is_name(word) && strncmp(row->name, word, strlen(word)) == 0;
}
