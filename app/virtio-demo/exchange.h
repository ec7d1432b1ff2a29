/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The closed loop: one thread polls all queues, sends while fewer than a window of packets are
 * under way, and lets a ledger per queue judge what comes back. It neither prints nor configures.
 */

#ifndef VIRTIO_DEMO_EXCHANGE_H
#define VIRTIO_DEMO_EXCHANGE_H

#include <stdbool.h>

#include "port.h"
#include "traffic.h"

/** One queue pair: what it sends, what it holds, what it got. */
struct exchange_queue {
	struct traffic_source source;
	struct traffic_ledger ledger;
	uint64_t sent;                        /**< packets that the port accepted */
	struct rte_mbuf *pending[DEMO_BURST]; /**< written, not accepted yet; in order */
	uint16_t nb_pending;
};

struct exchange;

/** Called about every 20 ms while packets move. */
typedef void (*exchange_tick)(struct exchange *x, void *arg);

/** Traffic over all queues of a port; outlives any number of stops and starts of it. */
struct exchange {
	struct demo_port *port;
	struct rte_mempool *tx_pool; /**< where frames to send come from; a tick may change it */
	exchange_tick tick;
	void *tick_arg;
	uint64_t busy_cycles;        /**< time spent in exchange_run() */
	uint64_t progress_at;        /**< when a packet last came back */
	uint16_t nb_queues;
	struct exchange_queue *queues;
};

/** When exchange_run() stops sending. */
struct exchange_limit {
	uint64_t packets; /**< sent on each queue since exchange_init(); 0: no limit */
	double seconds;   /**< from this call on, if packets is 0 */
};

/** Ask a running exchange to stop sending and drain; safe in a signal handler. */
void exchange_interrupt(void);

/** True once exchange_interrupt() was called. */
bool exchange_is_interrupted(void);

/** Prepare: 0 or -ENOMEM. Release with exchange_fini(), also after an error. */
int exchange_init(struct exchange *x, struct demo_port *port, const struct demo_options *options);

/** Free the packets held and the ledgers. */
void exchange_fini(struct exchange *x);

/**
 * Send up to the limit, then wait until all came back.
 *
 * @return 0; -ETIMEDOUT if for seconds nothing came back though packets are under way.
 */
int exchange_run(struct exchange *x, const struct exchange_limit *limit);

/** What became of all packets so far. */
struct traffic_verdict exchange_verdict(const struct exchange *x);

#endif /* VIRTIO_DEMO_EXCHANGE_H */
