/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The front door: numbered packets out of a port, each expected back. Read on in exchange.c,
 * whose queue_send() and queue_receive() are all that an application does on its data path.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "exchange.h"
#include "options.h"
#include "port.h"
#include "report.h"
#include "soak.h"

/** What a tick of the exchange looks after. */
struct watch {
	struct report report;
	struct churn churn;
	bool has_churn;
};

static void
on_signal(int number)
{
	(void)number;
	exchange_interrupt();
}

static void
on_tick(struct exchange *x, void *arg)
{
	struct watch *watch = arg;

	report_tick(&watch->report, x);
	if (watch->has_churn)
		churn_tick(&watch->churn, x);
}

/** Half the traffic, a stop and a start with nothing under way, the other half. */
static int
run_restarting(struct exchange *x, const struct demo_options *options,
	const struct exchange_limit *limit)
{
	struct exchange_limit half = {.packets = limit->packets / 2, .seconds = limit->seconds / 2};
	int rc = exchange_run(x, &half);

	if (rc < 0)
		return rc;
	rc = port_stop(x->port);
	if (rc == 0)
		rc = port_start(x->port, options);
	if (rc < 0)
		return rc;
	half.packets = limit->packets;
	return exchange_run(x, &half);
}

static int
run(struct exchange *x, const struct demo_options *options)
{
	struct exchange_limit limit = {.packets = options->packets, .seconds = options->seconds};
	int rc = options->restart_midway ? run_restarting(x, options, &limit) :
		exchange_run(x, &limit);

	if (rc == -ETIMEDOUT)
		fprintf(stderr, "\nport %u: packets are under way and none came back for seconds\n",
			x->port->id);
	return rc;
}

static bool
churn_report(const struct churn *churn, bool is_quiet)
{
	if (!is_quiet)
		printf("memory taken and given back %u times while sending, %u times refused\n",
			churn->rounds, churn->failures);
	return churn->rounds > 0 && churn->failures == 0;
}

static int
judge(struct exchange *x, const struct demo_options *options, const struct watch *watch, int rc)
{
	struct traffic_verdict verdict = exchange_verdict(x);
	bool is_ok = rc == 0 && traffic_is_clean(&verdict);
	struct port_drop drop;

	if (options->expect_no_drops && port_drops(x->port, &drop, 1) > 0)
		is_ok = false;
	if (watch->has_churn && !churn_report(&watch->churn, options->quiet))
		is_ok = false;
	report_table(x, options, is_ok);
	if (report_json(x, options, is_ok) < 0)
		is_ok = false;
	return is_ok ? DEMO_OK : DEMO_TRAFFIC_FAILED;
}

static int
demo_traffic(struct demo_port *port, const struct demo_options *options)
{
	struct watch watch = {.report.quiet = options->quiet, .has_churn = options->hotplug_memory};
	struct exchange x;
	int status = DEMO_PORT_FAILED;

	if (port_configure(port, options) < 0 || port_start(port, options) < 0)
		return DEMO_PORT_FAILED;
	if (!options->quiet)
		port_describe(port);
	if (exchange_init(&x, port, options) == 0) {
		x.tick = on_tick;
		x.tick_arg = &watch;
		status = judge(&x, options, &watch, run(&x, options));
	}
	port_stop(port);
	exchange_fini(&x);
	rte_eth_dev_close(port->id);
	churn_fini(&watch.churn);
	return status;
}

static int
demo(const struct demo_options *options)
{
	struct demo_port port;
	int status;

	if (port_open(&port, options) < 0 || port_pool_create(&port, options) < 0)
		return DEMO_PORT_FAILED;
	if (options->replug != 0)
		status = soak_replug(&port, options);
	else if (options->cycles != 0)
		status = soak_cycles(&port, options);
	else
		status = demo_traffic(&port, options);
	return status;
}

static void
signals_catch(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/** --help is understood on either side of "--", and before EAL takes hold of anything. */
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
	struct demo_options options;
	int eal_args, status;

	if (wants_help(argc, argv)) {
		options_help(argv[0]);
		return DEMO_OK;
	}
	eal_args = rte_eal_init(argc, argv);
	if (eal_args < 0) {
		fprintf(stderr, "EAL does not start: %s\n", rte_strerror(rte_errno));
		return DEMO_PORT_FAILED;
	}
	signals_catch();
	status = options_parse(&options, argc - eal_args, argv + eal_args) == 0 ?
		demo(&options) : DEMO_USAGE;
	rte_eal_cleanup();
	return status;
}
