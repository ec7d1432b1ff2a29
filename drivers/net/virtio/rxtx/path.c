/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The table of data paths and the choice among its rows. See path.h.
 */

#include "rxtx/net_hdr.h"
#include "rxtx/path.h"
#include "rxtx/queue_shape.h"
#include "rxtx/rows.h"

static const struct rx_path rx_rows[] = {
	{"split", {SPLIT_PLAIN}, rx_split},
	{"split, in-order", {SPLIT_IN_ORDER}, rx_split_in_order},
	{"split, mergeable", {SPLIT_MERGEABLE}, rx_split_mergeable},
	{"split, mergeable, in-order", {SPLIT_MERGEABLE_IN_ORDER}, rx_split_mergeable_in_order},
	{"packed", {PACKED_PLAIN}, rx_packed},
	{"packed, in-order", {PACKED_IN_ORDER}, rx_packed_in_order},
	{"packed, mergeable", {PACKED_MERGEABLE}, rx_packed_mergeable},
	{"packed, mergeable, in-order", {PACKED_MERGEABLE_IN_ORDER}, rx_packed_mergeable_in_order},
	{"split, offload", {SPLIT_OFFLOAD}, rx_split_offload},
	{"split, in-order, offload", {SPLIT_IN_ORDER_OFFLOAD}, rx_split_in_order_offload},
	{"split, mergeable, offload", {SPLIT_MERGEABLE_OFFLOAD}, rx_split_mergeable_offload},
	{"split, mergeable, in-order, offload", {SPLIT_MERGEABLE_IN_ORDER_OFFLOAD},
		rx_split_mergeable_in_order_offload},
	{"packed, offload", {PACKED_OFFLOAD}, rx_packed_offload},
	{"packed, in-order, offload", {PACKED_IN_ORDER_OFFLOAD}, rx_packed_in_order_offload},
	{"packed, mergeable, offload", {PACKED_MERGEABLE_OFFLOAD}, rx_packed_mergeable_offload},
	{"packed, mergeable, in-order, offload", {PACKED_MERGEABLE_IN_ORDER_OFFLOAD},
		rx_packed_mergeable_in_order_offload},
#ifdef VIRTIO_HAVE_AVX2
	{"split, avx2", {SPLIT_PLAIN, .simd = 256}, rx_split_avx2},
	{"split, in-order, avx2", {SPLIT_IN_ORDER, .simd = 256}, rx_split_in_order_avx2},
	{"split, mergeable, avx2", {SPLIT_MERGEABLE, .simd = 256}, rx_split_mergeable_avx2},
	{"split, mergeable, in-order, avx2", {SPLIT_MERGEABLE_IN_ORDER, .simd = 256}, rx_split_mergeable_in_order_avx2},
	{"packed, avx2", {PACKED_PLAIN, .simd = 256}, rx_packed_avx2},
	{"packed, in-order, avx2", {PACKED_IN_ORDER, .simd = 256}, rx_packed_in_order_avx2},
	{"packed, mergeable, avx2", {PACKED_MERGEABLE, .simd = 256}, rx_packed_mergeable_avx2},
	{"packed, mergeable, in-order, avx2", {PACKED_MERGEABLE_IN_ORDER, .simd = 256}, rx_packed_mergeable_in_order_avx2},
#endif
#ifdef VIRTIO_HAVE_AVX512
	{"split, avx512", {SPLIT_PLAIN, .simd = 512}, rx_split_avx512},
	{"split, in-order, avx512", {SPLIT_IN_ORDER, .simd = 512}, rx_split_in_order_avx512},
	{"split, mergeable, avx512", {SPLIT_MERGEABLE, .simd = 512}, rx_split_mergeable_avx512},
	{"split, mergeable, in-order, avx512", {SPLIT_MERGEABLE_IN_ORDER, .simd = 512},
		rx_split_mergeable_in_order_avx512},
	{"packed, avx512", {PACKED_PLAIN, .simd = 512}, rx_packed_avx512},
	{"packed, in-order, avx512", {PACKED_IN_ORDER, .simd = 512}, rx_packed_in_order_avx512},
	{"packed, mergeable, avx512", {PACKED_MERGEABLE, .simd = 512}, rx_packed_mergeable_avx512},
	{"packed, mergeable, in-order, avx512", {PACKED_MERGEABLE_IN_ORDER, .simd = 512},
		rx_packed_mergeable_in_order_avx512},
#endif
};

static const struct tx_path tx_rows[] = {
	{"split", {SPLIT_PLAIN}, tx_split},
	{"split, in-order", {SPLIT_IN_ORDER}, tx_split_in_order},
	{"packed", {PACKED_PLAIN}, tx_packed},
	{"packed, in-order", {PACKED_IN_ORDER}, tx_packed_in_order},
	{"split, offload", {SPLIT_OFFLOAD}, tx_split_offload},
	{"split, in-order, offload", {SPLIT_IN_ORDER_OFFLOAD}, tx_split_in_order_offload},
	{"packed, offload", {PACKED_OFFLOAD}, tx_packed_offload},
	{"packed, in-order, offload", {PACKED_IN_ORDER_OFFLOAD}, tx_packed_in_order_offload},
#ifdef VIRTIO_HAVE_AVX2
	{"split, avx2", {SPLIT_PLAIN, .simd = 256}, tx_split_avx2},
	{"split, in-order, avx2", {SPLIT_IN_ORDER, .simd = 256}, tx_split_in_order_avx2},
	{"packed, avx2", {PACKED_PLAIN, .simd = 256}, tx_packed_avx2},
#endif
#ifdef VIRTIO_HAVE_AVX512
	{"split, avx512", {SPLIT_PLAIN, .simd = 512}, tx_split_avx512},
	{"split, in-order, avx512", {SPLIT_IN_ORDER, .simd = 512}, tx_split_in_order_avx512},
	{"packed, avx512", {PACKED_PLAIN, .simd = 512}, tx_packed_avx512},
	{"packed, in-order, avx512", {PACKED_IN_ORDER, .simd = 512}, tx_packed_in_order_avx512},
#endif
};

const struct rx_path *
rx_paths(unsigned int *nr)
{
	*nr = RTE_DIM(rx_rows);
	return rx_rows;
}

const struct tx_path *
tx_paths(unsigned int *nr)
{
	*nr = RTE_DIM(tx_rows);
	return tx_rows;
}

static bool
rx_row_fits(struct rx_traits traits, const struct path_request *request)
{
	const bool mergeable = (request->features & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)) != 0;
	const bool offload = rx_offload_is_needed(request->features, request->rx_offloads);
	const struct vq_shape shape = queue_shape(request->features);

	return traits.format == shape.format && traits.in_order == shape.in_order &&
		traits.mergeable == mergeable && traits.offload == offload && traits.simd <= request->simd;
}

static bool
tx_row_fits(struct tx_traits traits, const struct path_request *request)
{
	const bool offload = tx_offload_is_needed(request->features, request->tx_offloads);
	const struct vq_shape shape = queue_shape(request->features);

	return traits.format == shape.format && traits.in_order == shape.in_order && traits.offload == offload &&
		traits.simd <= request->simd;
}

/* Every combination of the other traits has a row without vectors, so there always is one that fits. */
const struct rx_path *
rx_path_select(const struct path_request *request)
{
	const struct rx_path *best = NULL;
	const struct rx_path *row;

	for (row = rx_rows; row < rx_rows + RTE_DIM(rx_rows); row++) {
		if (rx_row_fits(row->traits, request) && (best == NULL || row->traits.simd > best->traits.simd))
			best = row;
	}
	return best;
}

const struct tx_path *
tx_path_select(const struct path_request *request)
{
	const struct tx_path *best = NULL;
	const struct tx_path *row;

	for (row = tx_rows; row < tx_rows + RTE_DIM(tx_rows); row++) {
		if (tx_row_fits(row->traits, request) && (best == NULL || row->traits.simd > best->traits.simd))
			best = row;
	}
	return best;
}
