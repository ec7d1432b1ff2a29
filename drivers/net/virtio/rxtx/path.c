/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The table of data paths and the choice among its rows. See path.h.
 */

#include "rxtx/path.h"
#include "rxtx/rows.h"
#include "virtio/feature.h"

const struct rx_path *
rx_paths(unsigned int *nr)
{
	*nr = RX_SPLIT_ROWS;
	return rx_split_rows;
}

const struct tx_path *
tx_paths(unsigned int *nr)
{
	*nr = TX_SPLIT_ROWS;
	return tx_split_rows;
}

static bool
has(const struct path_request *request, unsigned int bit)
{
	return (request->features & VIRTIO_BIT(bit)) != 0;
}

/* Every combination of traits has a row, so the last one tried always fits. */
const struct rx_path *
rx_path_select(const struct path_request *request)
{
	const bool in_order = has(request, VIRTIO_F_IN_ORDER);
	const bool mergeable = has(request, VIRTIO_NET_F_MRG_RXBUF);
	const struct rx_path *row = rx_split_rows;

	while (row->traits.in_order != in_order || row->traits.mergeable != mergeable)
		row++;
	return row;
}

const struct tx_path *
tx_path_select(const struct path_request *request)
{
	const bool in_order = has(request, VIRTIO_F_IN_ORDER);
	const struct tx_path *row = tx_split_rows;

	while (row->traits.in_order != in_order)
		row++;
	return row;
}
