/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The table of modes. */

#include <string.h>

#include <rte_common.h>

#include "end.h"
#include "latency.h"
#include "mode.h"
#include "single.h"
#include "throughput.h"

#define THROUGHPUT_COLUMNS \
	.default_burst = 32, \
	.nb_columns = NB_THROUGHPUT_COLUMNS, \
	.columns = { \
		[COLUMN_TO_BACK] = {"to back", "to_back", true, true}, \
		[COLUMN_TO_FRONT] = {"to front", "to_front", true, true}, \
		[COLUMN_BOTH] = {"both", "both", true, false}, \
		[COLUMN_FRONT_IDLE] = {"front idle%", "front_idle", false, false}, \
	}

static const struct mode modes[] = {
	{
		.name = "single", .unit = "cycles per packet", .default_burst = 32,
		.help = "one thread plays both ends in turn; each of the four calls is timed",
		.nb_columns = NB_HALVES + 1,
		.columns = {
			[HALF_FRONT_TX] = {"front tx", "front_tx", true, true},
			[HALF_BACK_RX] = {"back rx", "back_rx", true, false},
			[HALF_BACK_TX] = {"back tx", "back_tx", true, false},
			[HALF_FRONT_RX] = {"front rx", "front_rx", true, true},
			[NB_HALVES] = {"sum", "sum", true, false},
		},
		.sample = single_sample,
	}, {
		.name = "tx", .unit = "Mpps", .more_is_better = true, .two_cores = true,
		.help = "two cores: the front-end sends, the back-end receives",
		THROUGHPUT_COLUMNS,
		.sample = throughput_sample, .does = {END_SENDS, END_RECEIVES},
	}, {
		.name = "rx", .unit = "Mpps", .more_is_better = true, .two_cores = true,
		.help = "two cores: the back-end sends, the front-end receives",
		THROUGHPUT_COLUMNS,
		.sample = throughput_sample, .does = {END_RECEIVES, END_SENDS},
	}, {
		.name = "bidirectional", .unit = "Mpps", .more_is_better = true, .two_cores = true,
		.help = "two cores: both send and receive",
		THROUGHPUT_COLUMNS,
		.sample = throughput_sample,
		.does = {END_SENDS | END_RECEIVES, END_SENDS | END_RECEIVES},
	}, {
		.name = "forward", .unit = "Mpps", .more_is_better = true, .two_cores = true,
		.help = "two cores: the front-end sends back what the back-end sends",
		THROUGHPUT_COLUMNS,
		.sample = throughput_sample, .does = {END_RETURNS, END_SENDS | END_RECEIVES},
	}, {
		.name = "latency", .unit = "ns there and back", .two_cores = true, .default_burst = 1,
		.help = "two cores: a burst out of the front-end and back, one at a time",
		.nb_columns = NB_LATENCY_COLUMNS,
		.columns = {
			[COLUMN_P50] = {"p50", "p50", true, true},
			[COLUMN_P99] = {"p99", "p99", true, false},
			[COLUMN_P999] = {"p99.9", "p999", true, false},
		},
		.sample = latency_sample,
	},
};

uint32_t
mode_count(void)
{
	return RTE_DIM(modes);
}

const struct mode *
mode_at(uint32_t i)
{
	return &modes[i];
}

const struct mode *
mode_find(const char *name)
{
	for (uint32_t i = 0; i < RTE_DIM(modes); i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	return NULL;
}
