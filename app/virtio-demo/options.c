/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The option table, its reader and the help that is printed from it. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

enum option_kind {
	OPTION_FLAG,
	OPTION_NUMBER,
	OPTION_TEXT,
	OPTION_SIZES,
	OPTION_NEVER, /* a word that has one legal value so far */
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

#define FIELD(name) offsetof(struct demo_options, name)

static const struct option_row rows[] = {
	{"--seconds", "S", OPTION_NUMBER, FIELD(seconds), 1, 1000000, "send for S seconds (5)"},
	{"--packets", "N", OPTION_NUMBER, FIELD(packets), 1, UINT32_MAX,
		"send N packets on each queue instead"},
	{"--size", "LIST", OPTION_SIZES, 0, 0, 0,
		"bytes per frame: 64, 64,1518, ... up to 65535, or mix, imix, jumbo (64)"},
	{"--queues", "Q", OPTION_NUMBER, FIELD(queues), 1, 256, "queue pairs to use (1)"},
	{"--window", "W", OPTION_NUMBER, FIELD(window), 1, 16384,
		"packets under way on each queue at most (what half a ring holds)"},
	{"--ring", "N", OPTION_NUMBER, FIELD(ring), 2, 32768, "descriptors per ring to ask for"},
	{"--tx-segs", "N", OPTION_NUMBER, FIELD(tx_segs), 1, 64,
		"mbufs per frame sent, at least (1)"},
	{"--mtu", "N", OPTION_NUMBER, FIELD(mtu), 68, 65535, "MTU to set (from the largest frame)"},
	{"--rx-offload-scatter", NULL, OPTION_FLAG, FIELD(rx_scatter), 0, 0,
		"receive into several mbufs even if one would do"},
	{"--link-wait", "S", OPTION_NUMBER, FIELD(link_wait), 1, 3600,
		"seconds to wait for the link (10)"},
	{"--expect-drops", "never", OPTION_NEVER, FIELD(expect_no_drops), 0, 0,
		"fail if the port counted any drop or error"},
	{"--json", "FILE", OPTION_TEXT, FIELD(json), 0, 0, "write the result to FILE"},
	{"--quiet", NULL, OPTION_FLAG, FIELD(quiet), 0, 0, "print errors and the verdict only"},
	{"--cycles", "N", OPTION_NUMBER, FIELD(cycles), 1, 10000000,
		"test: configure, start, send and stop N times; nothing may leak"},
	{"--replug", "N", OPTION_NUMBER, FIELD(replug), 1, 10000000,
		"test: plug, send and unplug N times; nothing may leak"},
	{"--restart-midway", NULL, OPTION_FLAG, FIELD(restart_midway), 0, 0,
		"test: stop and start the port half way, with no packet under way"},
	{"--hotplug-memory", NULL, OPTION_FLAG, FIELD(hotplug_memory), 0, 0,
		"test: allocate and free memory, and send from it, all the while"},
};

void
options_help(const char *program)
{
	printf("usage: %s EAL-OPTIONS -- OPTIONS\n\n"
		"Sends numbered packets through the first port and expects each of them back,\n"
		"once, in order and unharmed. The peer must reflect frames unchanged, such as\n"
		"  dpdk-testpmd --no-huge -m 512 --no-pci --file-prefix=peer \\\n"
		"    --vdev=net_vhost0,iface=SOCKET -- \\\n"
		"    --port-topology=loop --forward-mode=io -a -i\n"
		"and this program then is\n"
		"  %s --no-huge -m 256 --no-pci --file-prefix=demo -l 0 \\\n"
		"    -d PLUGIN --vdev=net_virtio_user0,path=SOCKET --\n\n", program, program);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		char left[40];

		snprintf(left, sizeof(left), "%s %s", rows[i].name,
			rows[i].value != NULL ? rows[i].value : "");
		printf("  %-22s %s\n", left, rows[i].help);
	}
	printf("\nNever more than a window of packets is under way, so nothing can be dropped for\n"
		"want of room: a loss is a fault.\n"
		"exit status: 0 all packets came back; 1 some did not, or a test found a leak;\n"
		"             2 wrong usage; 3 the port could not be brought up.\n");
}

static int
number_parse(const struct option_row *row, const char *text, uint32_t *number)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value < row->min || value > row->max) {
		fprintf(stderr, "%s %s: must be a number from %u to %u\n", row->name, text,
			row->min, row->max);
		return -EINVAL;
	}
	*number = value;
	return 0;
}

static int
value_parse(struct demo_options *options, const struct option_row *row, const char *text)
{
	void *field = (char *)options + row->field;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_NUMBER:
		return number_parse(row, text, field);
	case OPTION_TEXT:
		*(const char **)field = text;
		return 0;
	case OPTION_NEVER:
		*(bool *)field = true;
		if (strcmp(text, row->value) == 0)
			return 0;
		fprintf(stderr, "%s %s: only '%s' is known\n", row->name, text, row->value);
		return -EINVAL;
	case OPTION_SIZES:
		options->size_text = text;
		if (traffic_sizes_parse(&options->sizes, text) == 0)
			return 0;
		fprintf(stderr, "%s %s: must be sizes from %u to %u with commas between, or one of "
			"mix, imix, jumbo\n", row->name, text, TRAFFIC_MIN_LEN, TRAFFIC_MAX_LEN);
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
combination_check(const struct demo_options *options)
{
	if ((options->cycles != 0) + (options->replug != 0) + options->restart_midway > 1) {
		fprintf(stderr, "--cycles, --replug and --restart-midway exclude one another\n");
		return -EINVAL;
	}
	return 0;
}

int
options_parse(struct demo_options *options, int argc, char **argv)
{
	*options = (struct demo_options){
		.seconds = 5, .queues = 1, .tx_segs = 1, .link_wait = 10,
		.size_text = "64", .sizes = {1, {64}},
	};
	for (int i = 1; i < argc; i++) {
		const struct option_row *row = row_find(argv[i]);
		int rc;

		if (row == NULL) {
			fprintf(stderr, "%s: no such option; see --help\n", argv[i]);
			return -EINVAL;
		}
		if (row->value != NULL && i + 1 == argc) {
			fprintf(stderr, "%s: wants a value: %s\n", row->name, row->value);
			return -EINVAL;
		}
		rc = value_parse(options, row, row->value != NULL ? argv[++i] : NULL);
		if (rc < 0)
			return rc;
	}
	return combination_check(options);
}
