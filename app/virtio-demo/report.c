/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Text only: every number comes from the exchange and the port. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "report.h"

#define MAX_DROPS 32

static double
seconds_of(uint64_t cycles)
{
	return (double)cycles / rte_get_tsc_hz();
}

static double
mpps(uint64_t packets, double seconds)
{
	return seconds > 0 ? packets / seconds / 1e6 : 0;
}

void
report_tick(struct report *report, const struct exchange *x)
{
	uint64_t now = rte_rdtsc();
	struct traffic_verdict v;
	double seconds;
	bool is_tty;

	if (report->begin == 0)
		report->begin = report->shown_at = now;
	seconds = seconds_of(now - report->shown_at);
	if (report->quiet || seconds < 1.0)
		return;
	v = exchange_verdict(x);
	is_tty = isatty(STDOUT_FILENO);
	/* What is under way is not lost yet, hence no such figure here. */
	printf("%s%5.0f s  out %7.3f Mpps  in %7.3f Mpps  %" PRIu64 " duplicated, %" PRIu64
		" reordered, %" PRIu64 " corrupt%s", is_tty ? "\r" : "",
		seconds_of(now - report->begin), mpps(v.sent - report->sent, seconds),
		mpps(v.unique - report->unique, seconds), v.duplicated, v.reordered + v.stale,
		v.corrupt + v.foreign, is_tty ? " " : "\n");
	fflush(stdout);
	report->shown_at = now;
	report->sent = v.sent;
	report->unique = v.unique;
}

struct report_row {
	const char *name;
	uint64_t value;
	bool has_rate;
};

/** One list for the table and the JSON file. */
static uint32_t
rows_fill(struct report_row *rows, const struct traffic_verdict *v)
{
	const struct report_row list[] = {
		{"sent", v->sent, true},
		{"received", v->received, true},
		{"lost", v->lost, false},
		{"duplicated", v->duplicated, false},
		{"reordered", v->reordered + v->stale, false},
		{"corrupt", v->corrupt, false},
		{"foreign", v->foreign, false},
	};

	memcpy(rows, list, sizeof(list));
	return RTE_DIM(list);
}

static const char *
next_step(const struct exchange *x, const struct demo_options *options, bool is_ok)
{
	if (!is_ok && exchange_verdict(x).unique == 0)
		return "does the peer reflect? (testpmd: --port-topology=loop, and started)";
	if (!is_ok)
		return "look at the peer's own counters: does it forward frames unchanged?";
	if (strcmp(options->size_text, "64") == 0)
		return "--size mix, or --size jumbo";
	if (options->queues == 1 && x->port->info.max_rx_queues > 1)
		return "--queues 2";
	if (!options->restart_midway)
		return "--restart-midway, --cycles 100 or --replug 20";
	return "your own application: the same --vdev works in any DPDK program";
}

void
report_table(const struct exchange *x, const struct demo_options *options, bool is_ok)
{
	struct traffic_verdict v = exchange_verdict(x);
	double seconds = seconds_of(x->busy_cycles);
	struct port_drop drops[MAX_DROPS];
	struct report_row rows[8];
	uint32_t count = rows_fill(rows, &v), nb_drops = port_drops(x->port, drops, MAX_DROPS);
	char text[192];

	if (options->quiet) {
		printf("%s: %s\n", is_ok ? "ok" : "FAILED", traffic_text(&v, text, sizeof(text)));
		return;
	}
	printf("%s\n", isatty(STDOUT_FILENO) ? "\n" : "");
	for (uint32_t i = 0; i < count; i++) {
		printf("  %-12s %14" PRIu64, rows[i].name, rows[i].value);
		if (rows[i].has_rate)
			printf("  %8.3f Mpps", mpps(rows[i].value, seconds));
		printf("\n");
	}
	printf("  %-12s %14.3f s\n", "elapsed", seconds);
	for (uint32_t i = 0; i < nb_drops; i++)
		printf("  port counter %s: %" PRIu64 "\n", drops[i].name, drops[i].value);
	printf("\n%s\n", is_ok ? "ok: every packet came back once, in order and unharmed" :
		"FAILED: not every packet came back once, in order and unharmed");
	printf("next: %s\n", next_step(x, options, is_ok));
	fflush(stdout);
}

int
report_json(const struct exchange *x, const struct demo_options *options, bool is_ok)
{
	struct traffic_verdict v = exchange_verdict(x);
	double seconds = seconds_of(x->busy_cycles);
	struct port_drop drops[MAX_DROPS];
	struct report_row rows[8];
	uint32_t count = rows_fill(rows, &v), nb_drops = port_drops(x->port, drops, MAX_DROPS);
	FILE *out;

	if (options->json == NULL)
		return 0;
	out = fopen(options->json, "w");
	if (out == NULL) {
		int rc = -errno;

		fprintf(stderr, "--json %s: %s\n", options->json, strerror(-rc));
		return rc;
	}
	fprintf(out, "{\"ok\": %s, \"driver\": \"%s\", \"queues\": %u, \"window\": %u",
		is_ok ? "true" : "false", x->port->info.driver_name, x->nb_queues, x->port->window);
	for (uint32_t i = 0; i < count; i++)
		fprintf(out, ", \"%s\": %" PRIu64, rows[i].name, rows[i].value);
	fprintf(out, ", \"seconds\": %.6f, \"mpps_out\": %.6f, \"mpps_in\": %.6f, \"drops\": {",
		seconds, mpps(v.sent, seconds), mpps(v.received, seconds));
	for (uint32_t i = 0; i < nb_drops; i++)
		fprintf(out, "%s\"%s\": %" PRIu64, i > 0 ? ", " : "", drops[i].name,
			drops[i].value);
	fprintf(out, "}}\n");
	if (fclose(out) != 0) {
		fprintf(stderr, "--json %s: %s\n", options->json, strerror(errno));
		return -EIO;
	}
	return 0;
}
