/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Repetitions in turn, their medians, and the table. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_random.h>

#include "compare.h"

#define WARM_UP_ROUNDS 2000
#define NB_CONTENDERS 2

static const char *const column_names[NB_COLUMNS] = {
	[HALF_FRONT_TX] = "front tx",
	[HALF_BACK_RX] = "back rx",
	[HALF_BACK_TX] = "back tx",
	[HALF_FRONT_RX] = "front rx",
	[NB_HALVES] = "sum",
};

static const char *const column_keys[NB_COLUMNS] = {
	[HALF_FRONT_TX] = "front_tx",
	[HALF_BACK_RX] = "back_rx",
	[HALF_BACK_TX] = "back_tx",
	[HALF_FRONT_RX] = "front_rx",
	[NB_HALVES] = "sum",
};

static int
compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(const double *values, uint32_t count)
{
	double *sorted = malloc(count * sizeof(*sorted));
	double middle = 0;

	if (sorted == NULL)
		return 0;
	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_double);
	middle = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
	free(sorted);
	return middle;
}

static const char *
spec_of(const struct bench_row *row, uint32_t contender)
{
	return contender == 0 ? row->a : row->b;
}

static int
contender_open(struct contender *contender, const struct comparison *comparison,
	const struct pair_plan *pairs, uint32_t index)
{
	struct traffic_id id = {.run_id = rte_rand(), .queue = index};
	int rc;

	memset(contender, 0, sizeof(*contender));
	contender->source = (struct traffic_source){
		.id = id, .sizes = {1, {comparison->frame}}, .min_segs = 1,
	};
	rc = traffic_ledger_init(&contender->ledger, &id);
	if (rc < 0)
		return rc;
	rc = pair_open(&contender->pair, pairs, spec_of(comparison->row, index), index);
	if (rc < 0)
		traffic_ledger_fini(&contender->ledger);
	return rc;
}

static void
contender_close(struct contender *contender)
{
	pair_close(&contender->pair);
	traffic_ledger_fini(&contender->ledger);
}

static void
progress(const struct bench_options *options, const struct comparison *comparison, uint32_t rep)
{
	if (options->quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%u B: %u of %u ", comparison->frame, rep + 1, options->reps);
	if (rep + 1 == options->reps)
		fprintf(stderr, "\r%40s\r", "");
}

/** Values of all repetitions: [contender][column][repetition]. */
struct samples {
	double *of[NB_CONTENDERS][NB_COLUMNS];
};

static void
sample_take(struct samples *samples, struct contender *contender, const struct measure_plan *plan,
	uint32_t index, uint32_t rep)
{
	double sum = 0;

	for (enum half half = 0; half < NB_HALVES; half++) {
		double cycles = measure_cycles(contender, plan, half);

		samples->of[index][half][rep] = cycles;
		sum += cycles;
	}
	samples->of[index][NB_HALVES][rep] = sum;
}

static void
repetitions_run(struct samples *samples, struct comparison *comparison,
	struct contender *contenders, const struct measure_plan *plan,
	const struct bench_options *options)
{
	for (uint32_t i = 0; i < comparison->nb_contenders; i++)
		for (uint32_t round = 0; round < WARM_UP_ROUNDS; round++)
			measure_round(&contenders[i], plan);
	for (uint32_t rep = 0; rep < options->reps; rep++) {
		for (uint32_t i = 0; i < comparison->nb_contenders; i++) {
			measure_reset(&contenders[i]);
			for (uint32_t round = 0; round < options->rounds; round++)
				measure_round(&contenders[i], plan);
			sample_take(samples, &contenders[i], plan, i, rep);
		}
		progress(options, comparison, rep);
	}
}

static void
summarise(struct comparison *comparison, const struct samples *samples, uint32_t reps)
{
	for (uint32_t column = 0; column < NB_COLUMNS; column++) {
		double *a = samples->of[0][column], *b = samples->of[1][column];

		comparison->median[0][column] = median(a, reps);
		if (comparison->nb_contenders < NB_CONTENDERS)
			continue;
		comparison->median[1][column] = median(b, reps);
		for (uint32_t rep = 0; rep < reps; rep++)
			a[rep] = b[rep] > 0 ? a[rep] / b[rep] : 0;
		comparison->ratio[column] = median(a, reps);
	}
}

static void
contenders_check(struct comparison *comparison, struct contender *contenders,
	const struct measure_plan *plan)
{
	for (uint32_t i = 0; i < comparison->nb_contenders; i++) {
		struct contender *contender = &contenders[i];
		struct traffic_verdict verdict = {0};

		memcpy(comparison->packets[i], contender->packets, sizeof(contender->packets));
		comparison->missing += measure_drain(contender, plan);
		if (contender->sent == 0)
			comparison->missing++;
		if (!plan->verify)
			continue;
		traffic_judge(&verdict, &contender->ledger, contender->sent);
		comparison->damaged += verdict.duplicated + verdict.reordered + verdict.stale +
			verdict.corrupt + verdict.foreign;
	}
}

static int
contenders_measure(struct comparison *comparison, struct contender *contenders,
	const struct bench_options *options, const struct pair_plan *pairs)
{
	struct measure_plan plan = {
		.pool = pairs->pool, .frame = comparison->frame, .burst = options->burst,
		.verify = options->verify, .timer_cycles = measure_timer_cycles(),
	};
	struct samples samples;
	double *values;

	if (options->callgrind_rounds != 0) {
		for (uint32_t round = 0; round < options->callgrind_rounds; round++)
			measure_round(&contenders[0], &plan);
		contenders_check(comparison, contenders, &plan);
		return 0;
	}
	values = calloc(NB_CONTENDERS * NB_COLUMNS * options->reps, sizeof(*values));
	if (values == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < NB_CONTENDERS * NB_COLUMNS; i++)
		samples.of[i / NB_COLUMNS][i % NB_COLUMNS] = values + i * options->reps;
	repetitions_run(&samples, comparison, contenders, &plan, options);
	summarise(comparison, &samples, options->reps);
	contenders_check(comparison, contenders, &plan);
	free(values);
	return 0;
}

int
compare_run(struct comparison *comparison, const struct bench_options *options,
	const struct pair_plan *pairs)
{
	struct contender contenders[NB_CONTENDERS];
	uint32_t opened = 0;
	int rc = 0;

	comparison->nb_contenders = 1;
	if (comparison->row->b != NULL && options->callgrind_rounds == 0)
		comparison->nb_contenders = 2;
	while (rc == 0 && opened < comparison->nb_contenders) {
		rc = contender_open(&contenders[opened], comparison, pairs, opened);
		opened += rc == 0;
	}
	if (rc == 0)
		rc = contenders_measure(comparison, contenders, options, pairs);
	while (opened > 0)
		contender_close(&contenders[--opened]);
	return rc;
}

bool
compare_is_ok(const struct comparison *comparison, const struct bench_options *options)
{
	double worst = RTE_MAX(comparison->ratio[HALF_FRONT_TX], comparison->ratio[HALF_FRONT_RX]);

	if (comparison->missing > 0 || comparison->damaged > 0)
		return false;
	return options->max_ratio == 0 || comparison->nb_contenders < 2 ||
		worst <= options->max_ratio;
}

static void
values_print(const char *label, const char *format, const double *values)
{
	printf("%-44.44s", label);
	for (uint32_t column = 0; column < NB_COLUMNS; column++)
		printf(format, values[column]);
	printf("\n");
}

static void
packets_print(const struct comparison *comparison)
{
	for (enum half half = 0; half < NB_HALVES; half++)
		printf("%s %" PRIu64 "\n", column_keys[half], comparison->packets[0][half]);
}

void
compare_print(const struct comparison *comparison, const struct bench_options *options)
{
	char label[SPEC_MAX + 4];

	if (comparison->missing > 0 || comparison->damaged > 0)
		printf("FAILED: %" PRIu64 " packets missing, %" PRIu64 " damaged\n",
			comparison->missing, comparison->damaged);
	if (options->callgrind_rounds != 0) {
		packets_print(comparison);
		return;
	}
	printf("%u B, ring %u, burst %u: cycles per packet, medians of %u\n%44s",
		comparison->frame, options->ring, options->burst, options->reps, "");
	for (uint32_t column = 0; column < NB_COLUMNS; column++)
		printf("%10s", column_names[column]);
	printf("\n");
	for (uint32_t i = 0; i < comparison->nb_contenders; i++) {
		snprintf(label, sizeof(label), "%c %s", "AB"[i], spec_of(comparison->row, i));
		values_print(label, "%10.1f", comparison->median[i]);
	}
	if (comparison->nb_contenders == 2)
		values_print("A/B, below 1: A is cheaper", "%10.3f", comparison->ratio);
	printf("\n");
	fflush(stdout);
}

static void
values_json(FILE *out, const char *name, const double *values)
{
	fprintf(out, ", \"%s\": {", name);
	for (uint32_t column = 0; column < NB_COLUMNS; column++)
		fprintf(out, "%s\"%s\": %.4f", column > 0 ? ", " : "", column_keys[column],
			values[column]);
	fprintf(out, "}");
}

void
compare_json(const struct comparison *comparison, FILE *out)
{
	fprintf(out, "{\"frame\": %u, \"missing\": %" PRIu64 ", \"damaged\": %" PRIu64
		", \"a\": \"%s\"", comparison->frame, comparison->missing, comparison->damaged,
		comparison->row->a);
	values_json(out, "a_cycles", comparison->median[0]);
	if (comparison->nb_contenders == 2) {
		fprintf(out, ", \"b\": \"%s\"", comparison->row->b);
		values_json(out, "b_cycles", comparison->median[1]);
		values_json(out, "ratio", comparison->ratio);
	}
	fprintf(out, "}");
}
