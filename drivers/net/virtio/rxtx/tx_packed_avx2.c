/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Instances of the tx burst over a packed ring for CPUs with AVX2. Nothing but constants. In order, where ids are slots and
 * cookies lie side by side anyway, AVX2 gains nothing over plain C: doc/performance.md has the figures.
 */

#include "rxtx/tx_burst.h"
#include "rxtx/rows.h"

uint16_t
tx_packed_avx2(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	return tx_burst(queue, pkts, nb_pkts, (struct tx_traits){PACKED_PLAIN, .simd = 256});
}
