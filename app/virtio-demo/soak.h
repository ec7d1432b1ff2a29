/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Tests by repetition: what a port takes when it starts, it must give back when it stops.
 * A user who only wants to see packets need not read this.
 */

#ifndef VIRTIO_DEMO_SOAK_H
#define VIRTIO_DEMO_SOAK_H

#include "exchange.h"

/** Configure, start, exchange and stop options->cycles times; an exit status. The port is closed after. */
int soak_cycles(struct demo_port *port, const struct demo_options *options);

/** Plug, exchange and unplug options->replug times; an exit status. The port is gone after. */
int soak_replug(struct demo_port *port, const struct demo_options *options);

/** Memory that comes and goes under running traffic. */
struct churn {
	enum {
		CHURN_IDLE,   /**< nothing taken; the next step takes */
		CHURN_IN_USE, /**< the exchange sends from pool */
		CHURN_EMPTY,  /**< no longer sent from; freed once all its packets are back */
	} state;
	struct rte_mempool *pool;
	void *block;
	uint32_t rounds;   /**< times taken and given back */
	uint32_t failures; /**< times there was no memory */
	uint32_t ticks;    /**< since the last step */
};

/** One step, every few ticks of the exchange. */
void churn_tick(struct churn *churn, struct exchange *x);

/** Give back what is taken, once the port is stopped and closed. */
void churn_fini(struct churn *churn);

#endif /* VIRTIO_DEMO_SOAK_H */
