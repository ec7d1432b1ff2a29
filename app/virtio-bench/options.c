/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The option table, its reader, and the help printed from it; lists are read in lists.c. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "end.h"
#include "lists.h"
#include "options.h"

enum option_kind {
	OPTION_FLAG,
	OPTION_NUMBER,
	OPTION_RATIO,
	OPTION_TEXT,
	OPTION_LIST,
	OPTION_PAIR,
};

struct option_row {
	const char *name;
	const char *value; /* its name in the help */
	enum option_kind kind;
	size_t field;
	uint32_t min;
	uint32_t max;
	list_parser parse; /* of a list, or of a pair */
	const char *help;
};

#define FIELD(name) offsetof(struct bench_options, name)
#define FLAG(name, field, help) {name, NULL, OPTION_FLAG, FIELD(field), 0, 0, NULL, help}
#define LIST(name, parse, help) {name, "LIST", OPTION_LIST, 0, 0, 0, parse, help}
#define NUMBER(name, field, min, max, help) \
	{name, "N", OPTION_NUMBER, FIELD(field), min, max, NULL, help}

static const struct option_row rows[] = {
	LIST("--mode", list_modes, "ways to measure, see below (single)"),
	LIST("--rows", list_rows, "built-in rows, see below (all)"),
	{"--ab", "A B", OPTION_PAIR, 0, 0, 0, list_pair,
		"compare two front-ends, each NAME or NAME,DEVARG=VALUE,..."},
	{"--front", "A", OPTION_TEXT, 0, 0, 0, list_front, "measure one front-end alone"},
	FLAG("--self", self, "compare the B of each row with itself: what the tool adds"),
	LIST("--frames", list_frames, "sizes in bytes from 64 to 9600, or imix (64)"),
	LIST("--burst", list_bursts, "packets per call, 1 to 256 (32; latency: 1)"),
	NUMBER("--ring", ring, 64, 32768, "descriptors per ring (1024)"),
	NUMBER("--queues", queues, 1, BENCH_MAX_QUEUES, "queue pairs (1)"),
	NUMBER("--placements", placements, 1, 1000,
		"times that both are plugged anew, in the other order (4)"),
	NUMBER("--seconds", seconds, 1, 100000,
		"a comparison that took so long gets no further two placements (never)"),
	NUMBER("--reps", reps, 1, 10000, "samples of each, per placement (25)"),
	NUMBER("--rounds", rounds, 1, 100000000, "single: bursts per sample (200)"),
	NUMBER("--milliseconds", milliseconds, 1, 100000, "throughput: length of a sample (10)"),
	NUMBER("--pings", pings, 100, 10000000, "latency: round trips per sample (4000)"),
	FLAG("--verify", verify, "number and judge each packet"),
	FLAG("--offloads", offloads,
		"ports with checksum offloads; packets ask for one, unless they are verified"),
	{"--max-ratio", "R", OPTION_RATIO, FIELD(max_ratio), 0, 0, NULL,
		"fail if A is worse than R times B: cycles and ns above it, Mpps below 1/R"},
	NUMBER("--callgrind-rounds", callgrind_rounds, 1, 100000000,
		"only move N bursts through A, for an instruction counter"),
	{"--json", "FILE", OPTION_TEXT, FIELD(json), 0, 0, NULL, "write all values to FILE"},
	FLAG("--quiet", quiet, "no progress"),
};

void
options_help(const char *program)
{
	printf("usage: %s EAL-OPTIONS -- OPTIONS\n\n"
		"What a front-end port costs. In this process live, for each of two contenders, a\n"
		"net_vhost back-end and a front-end; both are measured in turn, A B B A ..., and\n"
		"the ratio of neighbours is what counts. doc/performance.md tells what each figure\n"
		"means; devtools/bench.sh runs all of it.\n"
		"  %s --no-huge -m 512 --no-pci --no-telemetry -l 0,1 \\\n"
		"      -d UPSTREAM-PLUGIN -d PLUGIN --force-max-simd-bitwidth=512 -- --verify\n"
		"The plugin named first has the name net_virtio_user, ours always has net_vuser.\n\n",
		program, program);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		char left[40];

		snprintf(left, sizeof(left), "%s %s", rows[i].name,
			rows[i].value != NULL ? rows[i].value : "");
		printf("  %-22s %s\n", left, rows[i].help);
	}
	printf("\nmodes:\n");
	for (uint32_t i = 0; i < mode_count(); i++)
		printf("  %-22s %s\n", mode_at(i)->name, mode_at(i)->help);
	printf("\nrows (or how their names begin, or all):\n");
	for (uint32_t i = 0; i < row_count(); i++)
		printf("  %-22s %s\n  %-22s %s\n", row_at(i)->name, row_at(i)->a, "",
			row_at(i)->b);
	printf("\nexit status: 0 measured; 1 packets missing or damaged, or --max-ratio\n"
		"             violated; 2 wrong usage; 3 a port did not come up or moves nothing.\n"
		"Instructions instead of cycles: devtools/count.sh.\n");
}

static int
complain(const char *name, const char *text, const char *wanted)
{
	fprintf(stderr, "%s %s: must be %s\n", name, text, wanted);
	return -EINVAL;
}

static int
number_parse(const struct option_row *row, const char *text, uint32_t *number)
{
	char wanted[64];

	if (list_number(text, row->min, row->max, number) == 0)
		return 0;
	snprintf(wanted, sizeof(wanted), "a number from %u to %u", row->min, row->max);
	return complain(row->name, text, wanted);
}

static int
list_parse(const struct option_row *row, struct bench_lists *lists, char **text)
{
	const char *wanted = row->parse(lists, text);

	return wanted == NULL ? 0 : complain(row->name, text[0], wanted);
}

static int
value_parse(const struct option_row *row, struct bench_options *options, char **text)
{
	void *field = (char *)options + row->field;
	char *end;

	if (row->parse != NULL)
		return list_parse(row, &options->lists, text);
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_NUMBER:
		return number_parse(row, text[0], field);
	case OPTION_RATIO:
		*(double *)field = strtod(text[0], &end);
		return *end == '\0' && *(double *)field > 0 ? 0 :
			complain(row->name, text[0], "a number above 0");
	case OPTION_TEXT:
		*(const char **)field = text[0];
		return 0;
	case OPTION_LIST:
	case OPTION_PAIR:
		break;
	}
	return -EINVAL;
}

static const struct option_row *
row_find(const char *name)
{
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static int
options_check(const struct bench_options *options)
{
	const struct bench_lists *lists = &options->lists;

	for (uint32_t i = 0; i < lists->nb_bursts; i++) {
		if (lists->bursts[i] <= options->ring / 2)
			continue;
		fprintf(stderr, "--burst %u: must be at most half of --ring %u\n",
			lists->bursts[i], options->ring);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < lists->nb_modes; i++) {
		if (!lists->modes[i]->two_cores || end_worker() < RTE_MAX_LCORE)
			continue;
		fprintf(stderr, "--mode %s: EAL needs two lcores, e.g. -l 0,1\n",
			lists->modes[i]->name);
		return -EINVAL;
	}
	return 0;
}

static int
options_read(struct bench_options *options, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const struct option_row *row = row_find(argv[i]);
		int values, rc;

		if (row == NULL) {
			fprintf(stderr, "%s: no such option; see --help\n", argv[i]);
			return -EINVAL;
		}
		values = row->kind == OPTION_FLAG ? 0 : row->kind == OPTION_PAIR ? 2 : 1;
		if (i + values >= argc) {
			fprintf(stderr, "%s: wants %s\n", row->name, row->value);
			return -EINVAL;
		}
		rc = value_parse(row, options, &argv[i + 1]);
		if (rc < 0)
			return rc;
		i += values;
	}
	return 0;
}

int
options_parse(struct bench_options *options, int argc, char **argv)
{
	int rc;

	*options = (struct bench_options){
		.ring = 1024, .queues = 1, .placements = 4, .reps = 25, .rounds = 200,
		.milliseconds = 10, .pings = 4000,
	};
	rc = options_read(options, argc, argv);
	if (rc < 0)
		return rc;
	lists_complete(&options->lists, options->callgrind_rounds != 0);
	for (uint32_t i = 0; options->self && i < options->lists.nb_rows; i++)
		if (options->lists.rows[i].b != NULL)
			options->lists.rows[i].a = options->lists.rows[i].b;
	return options_check(options);
}
