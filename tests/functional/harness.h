/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What all functional tests share: EAL in this process, ports over our driver, peers beside them,
 * numbered traffic between the two, and the three questions asked of every test: how long did it
 * take, what is left behind, what was logged.
 *
 * Everything that a test makes is known here, so that harness_cleanup() takes it down even when an
 * assertion left the test half way.
 */

#ifndef TESTS_FUNCTIONAL_HARNESS_H
#define TESTS_FUNCTIONAL_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "peer.h"
#include "traffic.h"

/** Name of the driver under test: an alias that no other driver answers to. */
#define HARNESS_DRIVER "net_vuser"
/** What a call may take beyond a deadline on a busy machine, ms. */
#define HARNESS_MARGIN 400
/** Packets a burst, unless a flow says otherwise. */
#define HARNESS_BURST 32
/** Most packets a burst. */
#define HARNESS_BURST_MAX 256
/** Most queues of a port under test. */
#define HARNESS_MAX_QUEUES PEER_MAX_PAIRS
/** Mbufs in the pool of all tests, beyond the largest ring. */
#define HARNESS_POOL_SIZE 40959

/** A port under test. */
struct port {
	char name[32];
	char path[64];  /**< of its socket */
	uint16_t id;
	bool is_plugged;
};

/** How a port is configured; zero is a good default everywhere. */
struct port_setup {
	uint16_t rxqs;         /**< 0: 1 */
	uint16_t txqs;         /**< 0: 1 */
	uint16_t rx_size;      /**< descriptors, 0: 256 */
	uint16_t tx_size;      /**< likewise */
	uint16_t mtu;          /**< 0: ethdev's default */
	uint64_t rx_offloads;
	uint64_t tx_offloads;  /**< beside MULTI_SEGS, which FAST_FREE rules out */
	bool lsc;              /**< link events wanted */
	struct rte_mempool *pool; /**< for rx, NULL: the pool of all tests */
};

/** Numbered packets on one queue, there and back. */
struct flow {
	const struct port *port;
	uint16_t queue;
	struct traffic_source source;
	struct traffic_ledger ledger;
	struct rte_mempool *pool; /**< for tx */
	uint16_t burst;           /**< packets a burst, at most HARNESS_BURST_MAX */
	struct rte_mbuf *pending[HARNESS_BURST_MAX]; /**< made, but not accepted yet */
	uint16_t nr_pending;
	uint64_t limit;           /**< numbers below this are sent */
	uint64_t sent;            /**< accepted by the port */
};

/** What must be the same before and after. */
struct footprint {
	unsigned int fds;
	unsigned int mappings; /**< shared ones */
	unsigned int mbufs;    /**< at home in the pool of all tests */
};

extern struct rte_mempool *harness_pool;
/** Reply deadline of ports that are plugged from now on, ms: the driver's default, unless it is set. */
extern uint32_t harness_deadline;

/** Start EAL with the given memory, with ordinary pages. For main(). @return 0 or -errno */
int harness_init(unsigned int megabytes);
/** The same with further EAL options. Without "--no-huge" nothing asks for ordinary pages. */
int harness_init_with(const char *const *options, unsigned int nr);
/** Run a group of tests, each followed by harness_cleanup(), and take EAL down. For main(). */
int harness_run(const char *name, const struct CMUnitTest *tests, size_t nr);
/** Unplug each port, stop each peer. A cmocka teardown. */
int harness_cleanup(void **state);
/** Whether the long runs were asked for (environment: VIRTIO_TEST_FULL=1). */
bool harness_is_full(void);
/** `full` when the long runs were asked for, `short_run` otherwise. */
uint64_t harness_count(uint64_t short_run, uint64_t full);

/* --- peers --- */

/** Start a peer; its path is the socket of `port`. Asserts that it starts. */
struct peer *harness_peer(const struct port *port, const struct peer_config *config);
void harness_peer_stop(struct peer *peer);
/** Assert that the front-end did nothing that it must not do. */
void assert_no_violation(struct peer *peer);

/* --- ports --- */

/** Give a port its name and its socket path. */
void port_name(struct port *port, unsigned int number);
/** Plug it, with path and deadline and further devargs (may be NULL). @return as rte_eal_hotplug_add() */
int port_plug(struct port *port, const char *devargs);
/** Stop it if started, close and remove it. Asserts success. */
void port_unplug(struct port *port);
/** Configure it and set its queues up. @return 0 or the first error */
int port_configure(const struct port *port, const struct port_setup *setup);
/** Configure, start, wait for the link. Asserts all of it. */
void port_bring_up(const struct port *port, const struct port_setup *setup);
/** Link as of now, without waiting. */
bool port_link(const struct port *port);
/** Wait until the link is as wanted. */
bool port_wait_link(const struct port *port, bool up, uint32_t timeout_ms);
/** One extended counter by name, UINT64_MAX when there is none. */
uint64_t port_xstat(const struct port *port, const char *name);

/* --- traffic --- */

/** A flow of frames of these sizes ("64", "64,1518", "mix", "jumbo"); `limit` of them. */
void flow_init(struct flow *flow, const struct port *port, uint16_t queue, const char *sizes,
		uint64_t limit);
void flow_fini(struct flow *flow);
/** Send up to one burst. @return frames accepted */
uint16_t flow_send(struct flow *flow);
/** Receive up to one burst and judge it. @return frames */
uint16_t flow_receive(struct flow *flow);
bool flow_is_complete(const struct flow *flow);
/** Send and receive on all flows until each is complete or nothing moved for `patience_ms`. */
void flows_run(struct flow *flows, unsigned int nr, uint32_t patience_ms);
/** Receive until nothing came for `patience_ms`. */
void flows_drain(struct flow *flows, unsigned int nr, uint32_t patience_ms);
/** Assert that everything sent came back once, in order, unharmed. */
void assert_flow_clean(const struct flow *flow);
/** The whole of it for queue 0: `count` frames there and back, clean. */
void assert_traffic(const struct port *port, const char *sizes, uint64_t count);

/* --- time, remains, log --- */

/** CLOCK_MONOTONIC, ms. */
uint64_t now_ms(void);
/** Assert that no more than a deadline has passed since `start`. */
void assert_in_time(uint64_t start, const char *what);
void footprint_take(struct footprint *print);
void assert_same_footprint(const struct footprint *before);
/** Forget all log lines. */
void log_clear(void);
/** Count the lines with this in them. */
unsigned int log_count(const char *needle);
/** Count the lines that the driver wrote about this port. */
unsigned int port_log_count(const struct port *port);
/** Copy of all lines since log_clear(); valid until the next call. */
const char *log_text(void);

#endif /* TESTS_FUNCTIONAL_HARNESS_H */
