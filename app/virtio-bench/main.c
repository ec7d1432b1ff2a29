/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Modes times rows times frames times bursts, one after the other. Read on in compare.c; what is
 * measured is in single.c, throughput.c and latency.c.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "compare.h"
#include "options.h"
#include "report.h"

static FILE *
json_open(const struct bench_options *options)
{
	FILE *json = fopen(options->json, "w");

	if (json == NULL)
		fprintf(stderr, "--json %s: %s\n", options->json, strerror(errno));
	else
		report_json_begin(json, options);
	return json;
}

/** Comparison number i: modes slowest, bursts fastest. */
static struct comparison
comparison_at(const struct bench_lists *lists, uint32_t i)
{
	struct comparison comparison = {0};
	uint32_t burst = lists->bursts[i % lists->nb_bursts];

	i /= lists->nb_bursts;
	comparison.frame = &lists->frames[i % lists->nb_frames];
	i /= lists->nb_frames;
	comparison.row = &lists->rows[i % lists->nb_rows];
	comparison.mode = lists->modes[i / lists->nb_rows];
	comparison.burst = burst != 0 ? burst : comparison.mode->default_burst;
	return comparison;
}

static int
comparisons_run(const struct bench_options *options, const char *socket_dir, FILE *json)
{
	const struct bench_lists *lists = &options->lists;
	uint32_t count = lists->nb_modes * lists->nb_rows * lists->nb_frames * lists->nb_bursts;
	int status = BENCH_OK;

	for (uint32_t i = 0; i < count; i++) {
		struct comparison comparison = comparison_at(lists, i);
		char progress[32];

		snprintf(progress, sizeof(progress), "%u of %u:", i + 1, count);
		comparison.progress = progress;
		if (compare_run(&comparison, options, socket_dir) < 0)
			return BENCH_PORT_FAILED;
		if (!options->quiet && isatty(STDERR_FILENO))
			fprintf(stderr, "\r%78s\r", "");
		if (!compare_is_ok(&comparison, options))
			status = BENCH_FAILED;
		report_print(&comparison, options);
		if (json != NULL)
			report_json(json, &comparison, i == 0);
	}
	return status;
}

static int
bench(const struct bench_options *options, const char *socket_dir)
{
	FILE *json = NULL;
	int status;

	if (options->json != NULL) {
		json = json_open(options);
		if (json == NULL)
			return BENCH_USAGE;
	}
	status = comparisons_run(options, socket_dir, json);
	if (json != NULL) {
		report_json_end(json);
		fclose(json);
	}
	return status;
}

/** A directory that only we can enter, so that nobody else answers on our sockets. */
static int
bench_in_private_dir(const struct bench_options *options)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char dir[80];
	int status;

	snprintf(dir, sizeof(dir), "%s/virtio-bench.XXXXXX",
		runtime != NULL && strlen(runtime) < 50 ? runtime : "/tmp");
	if (mkdtemp(dir) == NULL) {
		fprintf(stderr, "%s: %s\n", dir, strerror(errno));
		return BENCH_PORT_FAILED;
	}
	status = bench(options, dir);
	rmdir(dir);
	return status;
}

static bool
wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	struct bench_options options;
	int eal_args, status = BENCH_USAGE;

	if (wants_help(argc, argv)) {
		options_help(argv[0]);
		return BENCH_OK;
	}
	eal_args = rte_eal_init(argc, argv);
	if (eal_args < 0) {
		fprintf(stderr, "EAL does not start: %s\n", rte_strerror(rte_errno));
		return BENCH_PORT_FAILED;
	}
	if (options_parse(&options, argc - eal_args, argv + eal_args) == 0)
		status = bench_in_private_dir(&options);
	rte_eal_cleanup();
	return status;
}
