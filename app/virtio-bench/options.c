/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The option table, its reader, the help printed from it, and the default contenders. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "options.h"

#define OURS "net_vuser"
#define UPSTREAM "net_virtio_user"
#define ROW(args) {OURS "," args, UPSTREAM "," args}

/* Split rings, not vectorised: each row of the other port's that ours must not be dearer than. */
static const struct bench_row default_rows[] = {
	ROW("mrg_rxbuf=0,in_order=0"),
	ROW("mrg_rxbuf=0,in_order=1"),
	ROW("mrg_rxbuf=1,in_order=0"),
	ROW("mrg_rxbuf=1,in_order=1"),
};

enum option_kind {
	OPTION_FLAG,
	OPTION_NUMBER,
	OPTION_RATIO,
	OPTION_TEXT,
	OPTION_FRAMES,
	OPTION_TWO_TEXTS,
};

struct option_row {
	const char *name;
	const char *value; /* its name in the help */
	enum option_kind kind;
	size_t field;
	uint32_t min;
	uint32_t max;
	const char *help;
};

#define FIELD(name) offsetof(struct bench_options, name)

static const struct option_row rows[] = {
	{"--ab", "A B", OPTION_TWO_TEXTS, FIELD(given), 0, 0,
		"compare two front-ends, each NAME or NAME,DEVARG=VALUE,..."},
	{"--front", "A", OPTION_TEXT, FIELD(given.a), 0, 0, "measure one front-end alone"},
	{"--frames", "LIST", OPTION_FRAMES, FIELD(frames), 0, 0,
		"frame sizes in bytes, each measured by itself (64)"},
	{"--ring", "N", OPTION_NUMBER, FIELD(ring), 64, 32768, "descriptors per ring (1024)"},
	{"--burst", "N", OPTION_NUMBER, FIELD(burst), 1, BENCH_MAX_BURST, "packets per call (32)"},
	{"--rounds", "N", OPTION_NUMBER, FIELD(rounds), 1, 100000000,
		"bursts per repetition (2000)"},
	{"--reps", "N", OPTION_NUMBER, FIELD(reps), 1, 10000,
		"repetitions, of which the median counts (51)"},
	{"--verify", NULL, OPTION_FLAG, FIELD(verify), 0, 0,
		"number and judge each packet, outside the timed calls"},
	{"--max-ratio", "R", OPTION_RATIO, FIELD(max_ratio), 0, 0,
		"fail if front tx or front rx of A costs more than R times that of B"},
	{"--callgrind-rounds", "N", OPTION_NUMBER, FIELD(callgrind_rounds), 1, 100000000,
		"only move N bursts through A, for an instruction counter"},
	{"--json", "FILE", OPTION_TEXT, FIELD(json), 0, 0, "write the medians to FILE"},
	{"--quiet", NULL, OPTION_FLAG, FIELD(quiet), 0, 0, "no progress"},
};

void
options_help(const char *program)
{
	printf("usage: %s EAL-OPTIONS -- OPTIONS\n\n"
		"What a front-end port costs, in TSC cycles per packet, single thread: in this\n"
		"process a net_vhost back-end and a front-end per contender; one thread sends a\n"
		"burst on the front-end, receives and sends it on the back-end and receives it on\n"
		"the front-end, and times each of the four calls. Contenders take turns, A B A B.\n"
		"  %s --no-huge -m 256 --no-pci --no-telemetry -l 0 -d PLUGIN -- --verify\n"
		"With no --ab and no --front: " OURS " against " UPSTREAM ", split rings,\n"
		"mergeable or not, in order or not. A plugin that -d names comes before one of\n"
		"the same driver name in the default directory; " OURS " always reaches\n"
		"this project's.\n\n",
		program, program);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		char left[40];

		snprintf(left, sizeof(left), "%s %s", rows[i].name,
			rows[i].value != NULL ? rows[i].value : "");
		printf("  %-22s %s\n", left, rows[i].help);
	}
	printf("\nexit status: 0 measured; 1 packets missing or damaged, or --max-ratio exceeded;\n"
		"             2 wrong usage; 3 a port could not be brought up.\n"
		"Instructions instead of cycles: count-instructions.sh.\n");
}

static int
complain(const struct option_row *row, const char *text, const char *wanted)
{
	fprintf(stderr, "%s %s: must be %s\n", row->name, text, wanted);
	return -EINVAL;
}

static int
number_parse(const struct option_row *row, const char *text, uint32_t *number)
{
	char wanted[64];
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text >= '0' && *text <= '9' && *end == '\0' &&
			value >= row->min && value <= row->max) {
		*number = value;
		return 0;
	}
	snprintf(wanted, sizeof(wanted), "a number from %u to %u", row->min, row->max);
	return complain(row, text, wanted);
}

static int
value_parse(const struct option_row *row, void *field, char **text)
{
	char *end;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_NUMBER:
		return number_parse(row, text[0], field);
	case OPTION_RATIO:
		*(double *)field = strtod(text[0], &end);
		return *end == '\0' && *(double *)field > 0 ? 0 :
			complain(row, text[0], "a number above 0");
	case OPTION_TEXT:
		*(const char **)field = text[0];
		return 0;
	case OPTION_TWO_TEXTS:
		*(struct bench_row *)field = (struct bench_row){text[0], text[1]};
		return 0;
	case OPTION_FRAMES:
		if (traffic_sizes_parse(field, text[0]) == 0 && traffic_sizes_max(field) <= 2000)
			return 0;
		return complain(row, text[0], "sizes from 64 to 2000 with commas between");
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
spec_check(const char *spec)
{
	if (spec == NULL || strlen(spec) < SPEC_MAX)
		return 0;
	fprintf(stderr, "%.32s...: longer than %u characters\n", spec, SPEC_MAX - 1);
	return -EINVAL;
}

static int
rows_choose(struct bench_options *options)
{
	options->rows = default_rows;
	options->nb_rows = options->callgrind_rounds != 0 ? 1 : RTE_DIM(default_rows);
	if (options->given.a != NULL) {
		options->rows = &options->given;
		options->nb_rows = 1;
	}
	if (options->burst > options->ring / 2) {
		fprintf(stderr, "--burst %u: must be at most half of --ring %u\n", options->burst,
			options->ring);
		return -EINVAL;
	}
	return spec_check(options->given.a) | spec_check(options->given.b);
}

int
options_parse(struct bench_options *options, int argc, char **argv)
{
	*options = (struct bench_options){
		.frames = {1, {64}}, .ring = 1024, .burst = 32, .rounds = 2000, .reps = 51,
	};
	for (int i = 1; i < argc; i++) {
		const struct option_row *row = row_find(argv[i]);
		int values, rc;

		if (row == NULL) {
			fprintf(stderr, "%s: no such option; see --help\n", argv[i]);
			return -EINVAL;
		}
		values = row->kind == OPTION_FLAG ? 0 : row->kind == OPTION_TWO_TEXTS ? 2 : 1;
		if (i + values >= argc) {
			fprintf(stderr, "%s: wants %s\n", row->name, row->value);
			return -EINVAL;
		}
		rc = value_parse(row, (char *)options + row->field, &argv[i + 1]);
		if (rc < 0)
			return rc;
		i += values;
	}
	return rows_choose(options);
}
