/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The option table, its reader and the help that is printed from it. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "options.h"

#define FIELD(name) offsetof(struct options, name)

/* Every option is a number. */
static const struct {
	const char *name;
	const char *value;
	size_t field;
	uint32_t min, max, def;
	const char *help;
} rows[] = {
	{"--nic", "PORT", FIELD(nic), 0, RTE_MAX_ETHPORTS - 1, 0, "port of the network (0)"},
	{"--kernel", "PORT", FIELD(kernel), 0, RTE_MAX_ETHPORTS - 1, 1, "port of the kernel's interface (1)"},
	{"--queues", "Q", FIELD(queues), 1, QUEUES_MAX, 1, "queue pairs of each, shared out among the workers (1)"},
	{"--mtu", "N", FIELD(mtu), 68, 65535, 0, "MTU of both ports (what they have)"},
	{"--stats", "S", FIELD(stats), 0, 3600, 1, "seconds between two lines of counters; 0: only the last (1)"},
};

void
options_help(const char *program)
{
	printf("usage: %s EAL-OPTIONS -- OPTIONS\n\n"
		"Bridges a port of any driver and an interface of the kernel: each packet that one\n"
		"receives, the other one sends. The interface gets the port's MAC address, so that the\n"
		"kernel's network stack can be used on it as on any other NIC:\n"
		"  %s -l 0,1 -d PLUGIN -a 0000:01:00.0 \\\n"
		"    --vdev=net_virtio_user0,path=/dev/vhost-net,iface=exc0 --\n"
		"  ip address add 192.0.2.1/24 dev exc0; ip link set exc0 up\n\n"
		"Every lcore but the main one is a worker; with a single lcore it is the main one.\n\n",
		program, program);
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		printf("  %-10s %-6s %s\n", rows[i].name, rows[i].value, rows[i].help);
	printf("\nSIGINT and SIGTERM end it.\n"
		"exit status: 0 ended by a signal; 2 wrong usage; 3 a port could not be brought up.\n");
}

static int
number_parse(size_t row, const char *text, struct options *options)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value < rows[row].min || value > rows[row].max) {
		fprintf(stderr, "%s %s: must be a number from %u to %u\n", rows[row].name, text, rows[row].min,
			rows[row].max);
		return -EINVAL;
	}
	*(uint32_t *)((char *)options + rows[row].field) = (uint32_t)value;
	return 0;
}

int
options_parse(struct options *options, int argc, char **argv)
{
	size_t row;
	int i;

	for (row = 0; row < RTE_DIM(rows); row++)
		*(uint32_t *)((char *)options + rows[row].field) = rows[row].def;
	for (i = 1; i < argc; i += 2) {
		for (row = 0; row < RTE_DIM(rows) && strcmp(argv[i], rows[row].name) != 0; row++)
			;
		if (row == RTE_DIM(rows) || i + 1 == argc) {
			fprintf(stderr, "%s: %s; see --help\n", argv[i],
				row == RTE_DIM(rows) ? "no such option" : "needs a value");
			return -EINVAL;
		}
		if (number_parse(row, argv[i + 1], options) != 0)
			return -EINVAL;
	}
	if (options->nic != options->kernel)
		return 0;
	fprintf(stderr, "--nic and --kernel are both %u: two ports are needed\n", options->nic);
	return -EINVAL;
}
