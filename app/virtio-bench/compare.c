/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Placements, samples in turn, medians; see compare.h. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "compare.h"
#include "end.h"

/** Samples of each contender that do not count, after plugging. */
#define WARM_UP_SAMPLES 2
/** Samples in which nothing moved, one after the other, until it is an error. */
#define MAX_TRIES 20

/** All values of a comparison, in the order in which they were taken. */
struct samples {
	uint32_t per_placement;
	uint32_t placements;
	double *of[NB_CONTENDERS][MAX_COLUMNS];
	double *ratios; /**< one placement's, of one column at a time */
	double *line_ns;
};

static int
compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/** Sorts the values. */
static double
median(double *values, uint32_t count)
{
	qsort(values, count, sizeof(*values), compare_double);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static int
samples_init(struct samples *samples, const struct bench_options *options)
{
	uint32_t all = options->reps * options->placements;
	uint32_t columns = NB_CONTENDERS * MAX_COLUMNS;
	double *values = calloc(columns * all + options->reps + options->placements, sizeof(double));

	if (values == NULL)
		return -ENOMEM;
	samples->per_placement = options->reps;
	samples->placements = options->placements;
	for (uint32_t i = 0; i < columns; i++)
		samples->of[i / MAX_COLUMNS][i % MAX_COLUMNS] = values + i * all;
	samples->ratios = values + columns * all;
	samples->line_ns = samples->ratios + options->reps;
	return 0;
}

static void
samples_fini(struct samples *samples)
{
	free(samples->of[0][0]);
}

static struct bench_plan
plan_make(const struct comparison *comparison, const struct bench_options *options,
	const char *socket_dir)
{
	return (struct bench_plan){
		.socket_dir = socket_dir, .frame = *comparison->frame, .ring = options->ring,
		.queues = options->queues, .burst = comparison->burst, .verify = options->verify,
		.offloads = options->offloads,
		.rounds = options->rounds, .milliseconds = options->milliseconds,
		.pings = options->pings, .timer_cycles = single_timer_cycles(),
	};
}

static void
progress(const struct comparison *comparison, const struct bench_options *options,
	uint32_t placement)
{
	if (options->quiet)
		return;
	fprintf(stderr, "%s%s %s %s, burst %u: placement %u of %u%s", isatty(STDERR_FILENO) ? "\r" : "",
		comparison->progress, comparison->mode->name, comparison->row->name,
		comparison->burst, placement + 1, options->placements,
		isatty(STDERR_FILENO) ? "   " : "\n");
}

/** One sample; one in which nothing moved is taken again. */
static int
sample_take(const struct mode *mode, struct contender *contender, const struct bench_plan *plan,
	double *values)
{
	int rc = -EAGAIN;

	for (uint32_t i = 0; rc == -EAGAIN && i < MAX_TRIES; i++)
		rc = mode->sample(mode, contender, plan, values);
	if (rc == -EAGAIN)
		fprintf(stderr, "%s: %s moves nothing at all\n", mode->name,
			contender->pair.front_name);
	return rc;
}

static int
samples_take(struct samples *samples, const struct comparison *comparison,
	struct contender *contenders, const struct bench_plan *plan, uint32_t placement)
{
	const struct mode *mode = comparison->mode;
	double values[MAX_COLUMNS];
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < WARM_UP_SAMPLES * comparison->nb_contenders; i++)
		rc = sample_take(mode, &contenders[i % comparison->nb_contenders], plan, values);
	for (uint32_t i = 0; rc == 0 && i < samples->per_placement * comparison->nb_contenders; i++) {
		uint32_t rep = i / comparison->nb_contenders;
		uint32_t who = (i + rep) % comparison->nb_contenders;
		uint32_t slot = placement * samples->per_placement + rep;

		rc = sample_take(mode, &contenders[who], plan, values);
		for (uint32_t column = 0; column < mode->nb_columns; column++)
			samples->of[who][column][slot] = values[column];
	}
	return rc;
}

static void
contenders_close(struct comparison *comparison, struct contender *contenders)
{
	for (uint32_t i = 0; i < comparison->nb_contenders; i++) {
		comparison->refused[i] += contender_refused(&contenders[i]);
		comparison->missing += contender_missing(&contenders[i]);
		comparison->damaged += contender_damaged(&contenders[i]);
		contender_close(&contenders[i]);
	}
}

/** A first, or B first. */
static int
contenders_open(struct comparison *comparison, struct contender *contenders,
	const struct bench_plan *plan, bool reverse)
{
	const struct bench_row *row = comparison->row;

	for (uint32_t i = 0; i < comparison->nb_contenders; i++) {
		uint32_t who = reverse ? comparison->nb_contenders - 1 - i : i;
		int rc = contender_open(&contenders[who], plan, who == 0 ? row->a : row->b, i);

		if (rc == 0)
			continue;
		if (i > 0)
			contender_close(&contenders[!who]);
		return rc;
	}
	return 0;
}

static int
placement_run(struct comparison *comparison, struct samples *samples,
	struct contender *contenders, const struct bench_plan *plan, uint32_t placement)
{
	int rc = contenders_open(comparison, contenders, plan, placement % 2);

	if (rc < 0)
		return rc;
	if (comparison->mode->two_cores)
		samples->line_ns[placement] = end_line_ns(end_worker());
	rc = samples_take(samples, comparison, contenders, plan, placement);
	contenders_close(comparison, contenders);
	return rc;
}

static void
ratio_summarise(struct comparison *comparison, const struct samples *samples, uint32_t column)
{
	double log_sum = 0;

	for (uint32_t placement = 0; placement < samples->placements; placement++) {
		uint32_t first = placement * samples->per_placement;
		const double *a = samples->of[0][column] + first;
		const double *b = samples->of[1][column] + first;
		double ratio;

		for (uint32_t i = 0; i < samples->per_placement; i++)
			samples->ratios[i] = b[i] > 0 ? a[i] / b[i] : 0;
		ratio = median(samples->ratios, samples->per_placement);
		if (placement == 0 || ratio < comparison->ratio_low[column])
			comparison->ratio_low[column] = ratio;
		if (ratio > comparison->ratio_high[column])
			comparison->ratio_high[column] = ratio;
		log_sum += log(ratio);
	}
	comparison->ratio[column] = exp(log_sum / samples->placements);
}

static void
summarise(struct comparison *comparison, struct samples *samples)
{
	uint32_t all = samples->per_placement * samples->placements;

	for (uint32_t column = 0; column < comparison->mode->nb_columns; column++) {
		if (comparison->nb_contenders == NB_CONTENDERS)
			ratio_summarise(comparison, samples, column);
		for (uint32_t i = 0; i < comparison->nb_contenders; i++)
			comparison->median[i][column] = median(samples->of[i][column], all);
	}
	comparison->line_ns = median(samples->line_ns, samples->placements);
	comparison->line_low = samples->line_ns[0];
	comparison->line_high = samples->line_ns[samples->placements - 1];
}

static int
placements_run(struct comparison *comparison, const struct bench_options *options,
	struct contender *contenders, const struct bench_plan *plan)
{
	uint64_t patience = options->seconds * rte_get_timer_hz();
	uint64_t start = rte_get_timer_cycles();
	struct samples samples;
	int rc = samples_init(&samples, options);

	if (rc < 0)
		return rc;
	for (uint32_t placement = 0; rc == 0 && placement < options->placements; placement++) {
		bool is_late = patience > 0 && rte_get_timer_cycles() - start > patience;

		/* Two at a time: one with A first, one with B first. */
		if (is_late && placement > 0 && placement % 2 == 0) {
			samples.placements = placement;
			break;
		}
		progress(comparison, options, placement);
		rc = placement_run(comparison, &samples, contenders, plan, placement);
	}
	if (rc == 0)
		summarise(comparison, &samples);
	samples_fini(&samples);
	return rc;
}

static int
callgrind_run(struct comparison *comparison, const struct bench_options *options,
	struct contender *contender, const struct bench_plan *plan)
{
	int rc = contenders_open(comparison, contender, plan, false);

	if (rc < 0)
		return rc;
	single_move(contender, plan, options->callgrind_rounds, comparison->packets);
	contenders_close(comparison, contender);
	return 0;
}

int
compare_run(struct comparison *comparison, const struct bench_options *options,
	const char *socket_dir)
{
	struct bench_plan plan = plan_make(comparison, options, socket_dir);
	bool is_pair = comparison->row->b != NULL && options->callgrind_rounds == 0;
	struct contender *contenders =
		aligned_alloc(RTE_CACHE_LINE_SIZE, NB_CONTENDERS * sizeof(*contenders));
	int rc;

	if (contenders == NULL)
		return -ENOMEM;
	comparison->nb_contenders = is_pair ? NB_CONTENDERS : 1;
	if (options->callgrind_rounds != 0)
		rc = callgrind_run(comparison, options, contenders, &plan);
	else
		rc = placements_run(comparison, options, contenders, &plan);
	free(contenders);
	return rc;
}

bool
compare_is_ok(const struct comparison *comparison, const struct bench_options *options)
{
	if (comparison->missing > 0 || comparison->damaged > 0)
		return false;
	if (options->max_ratio == 0 || comparison->nb_contenders < NB_CONTENDERS)
		return true;
	for (uint32_t column = 0; column < comparison->mode->nb_columns; column++) {
		double ratio = comparison->ratio[column];

		if (comparison->mode->more_is_better)
			ratio = ratio > 0 ? 1 / ratio : 0;
		if (comparison->mode->columns[column].is_judged && ratio > options->max_ratio)
			return false;
	}
	return true;
}
