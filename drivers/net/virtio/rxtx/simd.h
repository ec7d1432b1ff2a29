/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Which vectors this CPU has. The rows of path.c that need them are compiled for instruction sets that the rest of
 * the driver does not assume, so nothing of them may run before this was asked.
 */

#ifndef VIRTIO_RXTX_SIMD_H
#define VIRTIO_RXTX_SIMD_H

#include <stdint.h>

/**
 * The widest vectors that a row may need.
 *
 * @param allowed
 *   What the user allows, in bits (--force-max-simd-bitwidth).
 * @return 512 (AVX-512 F, BW, DQ and VL), 256 (AVX2) or 0.
 */
uint16_t simd_bits(uint16_t allowed);

#endif /* VIRTIO_RXTX_SIMD_H */
