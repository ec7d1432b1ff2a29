/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The rows that each instance file contributes to the table of path.h.
 */

#ifndef VIRTIO_RXTX_ROWS_H
#define VIRTIO_RXTX_ROWS_H

#include "rxtx/path.h"

#define RX_SPLIT_ROWS 4
#define TX_SPLIT_ROWS 2

extern const struct rx_path rx_split_rows[RX_SPLIT_ROWS];
extern const struct tx_path tx_split_rows[TX_SPLIT_ROWS];

#endif /* VIRTIO_RXTX_ROWS_H */
