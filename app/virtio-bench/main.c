/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Rows times frame sizes, one after the other; the timed loop is measure.c's. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "compare.h"
#include "options.h"

#define POOL_CACHE 512
#define NB_CONTENDERS 2

/** Rings of two pairs filled in both directions, and what is in our hands. */
static struct rte_mempool *
pool_create(const struct bench_options *options)
{
	uint32_t count = 2 * NB_CONTENDERS * (options->ring + 2 * options->burst) + 2 * POOL_CACHE;
	struct rte_mempool *pool = rte_pktmbuf_pool_create("bench", count, POOL_CACHE, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, rte_socket_id());

	if (pool == NULL)
		fprintf(stderr, "no memory for %u packets: %s; give EAL more with -m\n", count,
			rte_strerror(rte_errno));
	return pool;
}

static FILE *
json_open(const struct bench_options *options)
{
	FILE *json = fopen(options->json, "w");

	if (json == NULL)
		fprintf(stderr, "--json %s: %s\n", options->json, strerror(errno));
	else
		fprintf(json, "{\"ring\": %u, \"burst\": %u, \"rounds\": %u, \"reps\": %u, "
			"\"rows\": [", options->ring, options->burst, options->rounds,
			options->reps);
	return json;
}

static int
rows_run(const struct bench_options *options, const struct pair_plan *pairs, FILE *json)
{
	uint32_t count = options->nb_rows * options->frames.count;
	int status = BENCH_OK;

	for (uint32_t i = 0; i < count; i++) {
		struct comparison comparison = {
			.row = &options->rows[i / options->frames.count],
			.frame = options->frames.sizes[i % options->frames.count],
		};

		if (compare_run(&comparison, options, pairs) < 0)
			return BENCH_PORT_FAILED;
		if (!compare_is_ok(&comparison, options))
			status = BENCH_FAILED;
		compare_print(&comparison, options);
		if (json == NULL)
			continue;
		fprintf(json, "%s\n", i > 0 ? "," : "");
		compare_json(&comparison, json);
	}
	return status;
}

static int
bench(const struct bench_options *options, const char *socket_dir)
{
	struct pair_plan pairs = {.socket_dir = socket_dir, .ring = options->ring};
	FILE *json = NULL;
	int status;

	if (options->json != NULL) {
		json = json_open(options);
		if (json == NULL)
			return BENCH_USAGE;
	}
	pairs.pool = pool_create(options);
	status = pairs.pool == NULL ? BENCH_PORT_FAILED : rows_run(options, &pairs, json);
	rte_mempool_free(pairs.pool);
	if (json != NULL) {
		fprintf(json, "\n]}\n");
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
