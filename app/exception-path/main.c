/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * exception-path: the network to the kernel and back. What KNI was used for, with vhost-net in its place: a DPDK
 * port of any driver on one side, an interface of the kernel on the other (net_virtio_user on /dev/vhost-net). A real
 * program would look at packets in between, and give the kernel only those that it does not handle itself.
 */

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "bridge.h"
#include "options.h"

enum exit_status {
	EXIT_ENDED = 0,
	EXIT_USAGE = 2,
	EXIT_PORT = 3,
};

static volatile sig_atomic_t is_over;
static struct bridge bridge;

static void
on_signal(int number)
{
	(void)number;
	is_over = 1;
}

static void
counters_print(void)
{
	struct counters sum = bridge_counters(&bridge);

	printf("to kernel %" PRIu64 " (dropped %" PRIu64 "), to network %" PRIu64 " (dropped %" PRIu64 ")\n",
	       sum.forwarded[SIDE_NIC], sum.dropped[SIDE_NIC], sum.forwarded[SIDE_KERNEL],
	       sum.dropped[SIDE_KERNEL]);
	fflush(stdout);
}

/** Until a signal: the main lcore prints, and polls if nobody else does. */
static void
serve(const struct options *options)
{
	const uint64_t period = rte_get_timer_hz() * options->stats;
	uint64_t next = rte_get_timer_cycles() + period;
	bool is_alone = rte_lcore_count() == 1;

	while (!is_over) {
		if (is_alone)
			bridge_poll(&bridge, 0);
		else
			rte_delay_us_sleep(10000);
		if (period != 0 && rte_get_timer_cycles() >= next) {
			counters_print();
			next += period;
		}
	}
}

static int
run(const struct options *options)
{
	if (bridge_open(&bridge, options) != 0)
		return EXIT_PORT;
	printf("bridging ports %u and %u: %u queue pairs, %u workers\n", options->nic, options->kernel,
	       bridge.queues, bridge.workers);
	fflush(stdout);
	if (bridge_start(&bridge) == 0)
		serve(options);
	bridge_stop(&bridge);
	counters_print();
	bridge_close(&bridge);
	return EXIT_ENDED;
}

/** --help is understood on either side of "--", and before EAL takes hold of anything. */
static bool
wants_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

int
main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct options options;
	int eal_args, status = EXIT_USAGE;

	if (wants_help(argc, argv)) {
		options_help(argv[0]);
		return EXIT_ENDED;
	}
	eal_args = rte_eal_init(argc, argv);
	if (eal_args < 0) {
		fprintf(stderr, "EAL does not start: %s\n", rte_strerror(rte_errno));
		return EXIT_PORT;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (options_parse(&options, argc - eal_args, argv + eal_args) == 0)
		status = run(&options);
	rte_eal_cleanup();
	return status;
}
