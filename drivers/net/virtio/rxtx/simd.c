/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Asks the CPU. See simd.h.
 */

#include <rte_common.h>
#include <rte_cpuflags.h>

#include "rxtx/simd.h"

#ifdef RTE_ARCH_X86

struct simd_level {
	uint16_t bits;
	enum rte_cpu_flag_t flags[4]; /* all of them; the last is repeated */
};

/* The flags are those for which meson.build has the rows compiled. */
static const struct simd_level levels[] = {
	{512, {RTE_CPUFLAG_AVX512F, RTE_CPUFLAG_AVX512BW, RTE_CPUFLAG_AVX512DQ, RTE_CPUFLAG_AVX512VL}},
	{256, {RTE_CPUFLAG_AVX2, RTE_CPUFLAG_AVX2, RTE_CPUFLAG_AVX2, RTE_CPUFLAG_AVX2}},
};

uint16_t
simd_bits(uint16_t allowed)
{
	const struct simd_level *level;
	unsigned int have;
	unsigned int i;

	for (level = levels; level < levels + RTE_DIM(levels); level++) {
		for (have = 0, i = 0; i < RTE_DIM(level->flags); i++)
			have += rte_cpu_get_flag_enabled(level->flags[i]) > 0;
		if (have == RTE_DIM(level->flags) && level->bits <= allowed)
			return level->bits;
	}
	return 0;
}

#else

uint16_t
simd_bits(uint16_t allowed)
{
	(void)allowed;
	return 0;
}

#endif /* RTE_ARCH_X86 */
