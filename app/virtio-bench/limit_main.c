/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * virtio-limit: a cache line's way between two CPUs, and what a bare ring carries between them. The
 * ring is limit.c's, the line line.c's; here are threads, memory and the table.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "limit.h"
#include "line.h"

#define MAX_REPS 99
#define HUGE_PAGE (2u << 20)

/** The command line. */
struct limit_options {
	int cpus[2];
	uint32_t reps;
	uint32_t milliseconds;
	const char *json;
};

static const uint32_t frames[] = {64, 1518};

static int
compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values, uint32_t count)
{
	qsort(values, count, sizeof(*values), compare_double);
	return values[count / 2];
}

static int
cpu_set(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) == 0)
		return 0;
	fprintf(stderr, "CPU %d: %s\n", cpu, strerror(errno));
	return -errno;
}

/** What the other thread is to do. */
struct job {
	int cpu;
	struct line *line;
	struct limit *limit; /**< NULL: the line */
};

static void *
job_run(void *arg)
{
	struct job *job = arg;

	cpu_set(job->cpu);
	if (job->limit != NULL)
		limit_receive(job->limit);
	else
		line_pong(job->line, LINE_TRIPS);
	return NULL;
}

static int
line_measure(const struct limit_options *options, double *ns)
{
	struct line line = {0};
	struct job job = {.cpu = options->cpus[1], .line = &line};
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, job_run, &job);

	if (rc != 0)
		return -rc;
	*ns = line_ping(&line, LINE_TRIPS);
	pthread_join(thread, NULL);
	return 0;
}

/** Ring, payloads and copies in one piece, with huge pages if there are any. */
static uint8_t *
memory_map(size_t *size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
	uint8_t *memory;

	*size = 2 * LIMIT_RING * LIMIT_STRIDE + HUGE_PAGE;
	memory = mmap(NULL, *size, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB, -1, 0);
	if (memory == MAP_FAILED)
		memory = mmap(NULL, *size, PROT_READ | PROT_WRITE, flags, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static int
ring_measure(const struct limit_options *options, const struct limit_variant *variant,
	uint32_t frame, double *mpps)
{
	size_t size;
	uint8_t *memory = memory_map(&size);
	struct limit limit = {
		.variant = variant, .frame = frame, .payload = memory + HUGE_PAGE,
		.ring = (void *)memory, .copies = memory + HUGE_PAGE + LIMIT_RING * LIMIT_STRIDE,
	};
	struct job job = {.cpu = options->cpus[1], .limit = &limit};
	pthread_t thread;
	int rc = memory == NULL ? ENOMEM : pthread_create(&thread, NULL, job_run, &job);

	if (rc == 0) {
		*mpps = limit_send(&limit, options->milliseconds);
		pthread_join(thread, NULL);
	}
	if (memory != NULL)
		munmap(memory, size);
	return -rc;
}

static int
results_print(const struct limit_options *options, FILE *json)
{
	double values[MAX_REPS], lines[MAX_REPS];
	const char *comma = "";
	int rc = 0;

	for (uint32_t rep = 0; rc == 0 && rep < options->reps; rep++)
		rc = line_measure(options, &lines[rep]);
	if (rc < 0)
		return rc;
	printf("a cache line's way from CPU %d to CPU %d: %.0f ns\n", options->cpus[0],
		options->cpus[1], median(lines, options->reps));
	fprintf(json, "{\"line_ns\": %.1f, \"line_low\": %.1f, \"line_high\": %.1f, \"rings\": [",
		lines[options->reps / 2], lines[0], lines[options->reps - 1]);
	for (uint32_t i = 0; i < limit_variant_count() * 2; i++) {
		const struct limit_variant *variant = limit_variant_at(i / 2);
		uint32_t frame = frames[i % 2];

		for (uint32_t rep = 0; rc == 0 && rep < options->reps; rep++)
			rc = ring_measure(options, variant, frame, &values[rep]);
		if (rc < 0)
			return rc;
		printf("bare ring, %-5s %5u B: %6.1f Mpps\n", variant->name, frame,
			median(values, options->reps));
		fprintf(json, "%s\n{\"name\": \"%s\", \"frame\": %u, \"mpps\": %.3f}", comma,
			variant->name, frame, values[options->reps / 2]);
		comma = ",";
	}
	fprintf(json, "\n]}\n");
	return 0;
}

static int
usage(int status)
{
	printf("usage: virtio-limit [CPU CPU [REPS [MILLISECONDS [JSON-FILE]]]]\n"
		"A cache line's way between two CPUs (0 and 1), and what a bare ring of 16-byte\n"
		"descriptors carries between them: the ceiling for two-core figures.\n"
		"  first  first descriptor of a batch published last, and polled\n"
		"  lines  whole lines of descriptors in order, the last one polled\n"
		"  ring   as lines, the payload untouched by the sender\n");
	return status;
}

int
main(int argc, char **argv)
{
	struct limit_options options = {
		.cpus = {argc > 2 ? atoi(argv[1]) : 0, argc > 2 ? atoi(argv[2]) : 1},
		.reps = argc > 3 ? atoi(argv[3]) : 9,
		.milliseconds = argc > 4 ? atoi(argv[4]) : 50,
		.json = argc > 5 ? argv[5] : "/dev/null",
	};
	FILE *json;
	int rc;

	if (argc == 2 || argc > 6)
		return usage(argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2);
	if (options.reps < 1 || options.reps > MAX_REPS || options.milliseconds < 1)
		return usage(2);
	json = fopen(options.json, "w");
	if (json == NULL) {
		fprintf(stderr, "%s: %s\n", options.json, strerror(errno));
		return 1;
	}
	rc = cpu_set(options.cpus[0]);
	if (rc == 0)
		rc = results_print(&options, json);
	fclose(json);
	if (rc < 0)
		fprintf(stderr, "%s\n", strerror(-rc));
	return rc < 0;
}
