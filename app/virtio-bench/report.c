/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Tables and JSON; see report.h. */

#include <inttypes.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "report.h"

static void
values_print(const char *label, const char *format, const struct comparison *comparison,
	const double *values)
{
	printf("%-62.62s", label);
	for (uint32_t column = 0; column < comparison->mode->nb_columns; column++)
		printf(format, values[column]);
	printf("\n");
}

static void
ratios_print(const struct comparison *comparison)
{
	const struct mode *mode = comparison->mode;
	const char *label = mode->more_is_better ?
		"A/B, above 1: A is faster" : "A/B, below 1: A is cheaper";

	printf("%-62s", label);
	for (uint32_t column = 0; column < mode->nb_columns; column++) {
		if (mode->columns[column].is_compared && comparison->ratio[column] > 0)
			printf("%12.3f", comparison->ratio[column]);
		else
			printf("%12s", "");
	}
	printf("\n%-62s", "  lowest and highest placement");
	for (uint32_t column = 0; column < mode->nb_columns; column++) {
		if (mode->columns[column].is_compared && comparison->ratio[column] > 0)
			printf(" %5.2f-%5.2f", comparison->ratio_low[column],
				comparison->ratio_high[column]);
		else
			printf("%12s", "");
	}
	printf("\n");
}

static void
head_print(const struct comparison *comparison, const struct bench_options *options)
{
	const struct mode *mode = comparison->mode;

	printf("%s, %s, %s B, burst %u, ring %u, %u queue%s%s%s: %s\n", mode->name,
		comparison->row->name, comparison->frame->name, comparison->burst, options->ring,
		options->queues, options->queues > 1 ? "s" : "",
		options->offloads ? ", checksum offloads" : "", options->verify ? ", verified" : "",
		mode->unit);
	printf("%62s", "");
	for (uint32_t column = 0; column < mode->nb_columns; column++)
		printf("%12s", mode->columns[column].name);
	printf("\n");
}

static void
packets_print(const struct comparison *comparison)
{
	static const char *const names[NB_HALVES] = {
		[HALF_FRONT_TX] = "front_tx",
		[HALF_BACK_RX] = "back_rx",
		[HALF_BACK_TX] = "back_tx",
		[HALF_FRONT_RX] = "front_rx",
	};

	for (enum half half = 0; half < NB_HALVES; half++)
		printf("%s %" PRIu64 "\n", names[half], comparison->packets[half]);
}

static void
body_print(const struct comparison *comparison)
{
	char label[SPEC_MAX + 4];

	for (uint32_t i = 0; i < comparison->nb_contenders; i++) {
		snprintf(label, sizeof(label), "%c %s", "AB"[i],
			i == 0 ? comparison->row->a : comparison->row->b);
		values_print(label, "%12.1f", comparison, comparison->median[i]);
	}
	if (comparison->nb_contenders == NB_CONTENDERS)
		ratios_print(comparison);
	if (comparison->refused[0] + comparison->refused[1] > 0)
		printf("refused on the way back by a full ring: A %" PRIu64 ", B %" PRIu64 "\n",
			comparison->refused[0], comparison->refused[1]);
	if (comparison->mode->two_cores)
		printf("a cache line's way between the cores: %.0f ns (%.0f to %.0f)\n",
			comparison->line_ns, comparison->line_low, comparison->line_high);
	printf("\n");
}

void
report_print(const struct comparison *comparison, const struct bench_options *options)
{
	if (comparison->missing > 0 || comparison->damaged > 0)
		printf("FAILED: %" PRIu64 " packets missing, %" PRIu64 " damaged\n",
			comparison->missing, comparison->damaged);
	if (options->callgrind_rounds != 0) {
		packets_print(comparison);
		return;
	}
	head_print(comparison, options);
	body_print(comparison);
	fflush(stdout);
}

void
report_json_begin(FILE *out, const struct bench_options *options)
{
	fprintf(out, "{\"tsc_hz\": %" PRIu64 ", \"hugepages\": %s, \"ring\": %u, \"queues\": %u, "
		"\"verified\": %s, \"offloads\": %s, \"placements\": %u, \"reps\": %u, \"comparisons\": [",
		rte_get_tsc_hz(), rte_eal_has_hugepages() ? "true" : "false", options->ring,
		options->queues, options->verify ? "true" : "false", options->offloads ? "true" : "false",
		options->placements, options->reps);
}

static void
columns_json(FILE *out, const struct comparison *comparison)
{
	const struct mode *mode = comparison->mode;

	fprintf(out, ", \"columns\": {");
	for (uint32_t i = 0; i < mode->nb_columns; i++) {
		fprintf(out, "%s\"%s\": {\"a\": %.4f", i > 0 ? ", " : "", mode->columns[i].key,
			comparison->median[0][i]);
		if (comparison->nb_contenders == NB_CONTENDERS)
			fprintf(out, ", \"b\": %.4f", comparison->median[1][i]);
		if (comparison->nb_contenders == NB_CONTENDERS && mode->columns[i].is_compared &&
				comparison->ratio[i] > 0)
			fprintf(out, ", \"ratio\": %.4f, \"low\": %.4f, \"high\": %.4f",
				comparison->ratio[i], comparison->ratio_low[i],
				comparison->ratio_high[i]);
		fprintf(out, "}");
	}
	fprintf(out, "}");
}

void
report_json(FILE *out, const struct comparison *comparison, bool is_first)
{
	fprintf(out, "%s\n{\"mode\": \"%s\", \"unit\": \"%s\", \"more_is_better\": %s, "
		"\"row\": \"%s\", \"frame\": \"%s\", \"burst\": %u, \"a\": \"%s\", \"b\": \"%s\"",
		is_first ? "" : ",", comparison->mode->name, comparison->mode->unit,
		comparison->mode->more_is_better ? "true" : "false", comparison->row->name,
		comparison->frame->name, comparison->burst, comparison->row->a,
		comparison->row->b != NULL ? comparison->row->b : "");
	fprintf(out, ", \"missing\": %" PRIu64 ", \"damaged\": %" PRIu64, comparison->missing,
		comparison->damaged);
	fprintf(out, ", \"refused\": [%" PRIu64 ", %" PRIu64 "]", comparison->refused[0],
		comparison->refused[1]);
	if (comparison->mode->two_cores)
		fprintf(out, ", \"line_ns\": %.1f, \"line_low\": %.1f, \"line_high\": %.1f",
			comparison->line_ns, comparison->line_low, comparison->line_high);
	columns_json(out, comparison);
	fprintf(out, "}");
	fflush(out);
}

void
report_json_end(FILE *out)
{
	fprintf(out, "\n]}\n");
}
