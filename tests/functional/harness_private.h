/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the parts of the harness owe each other.
 */

#ifndef TESTS_FUNCTIONAL_HARNESS_PRIVATE_H
#define TESTS_FUNCTIONAL_HARNESS_PRIVATE_H

/** Take DPDK's log lines in; before rte_eal_init(). */
void harness_log_open(void);
void harness_log_close(void);

/** Release the flows that a failed test left. */
void harness_flows_cleanup(void);

#endif /* TESTS_FUNCTIONAL_HARNESS_PRIVATE_H */
