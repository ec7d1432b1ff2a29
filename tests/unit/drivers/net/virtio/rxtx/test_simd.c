/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Never wider than the user allows or the CPU has.
 */

#include "support.h"
#include "rxtx/simd.h"

static void
never_wider_than_allowed(void **state)
{
	(void)state;
	assert_int_equal(simd_bits(0), 0);
	assert_int_equal(simd_bits(128), 0);
	assert_int_equal(simd_bits(255), 0);
	assert_in_range(simd_bits(256), 0, 256);
	assert_in_range(simd_bits(UINT16_MAX), simd_bits(256), 512);
}

/* The compiler's own way of asking, which knows nothing of DPDK. */
static void
says_what_the_cpu_has(void **state)
{
	(void)state;
#ifdef __x86_64__
	assert_int_equal(simd_bits(256), __builtin_cpu_supports("avx2") ? 256 : 0);
	assert_int_equal(simd_bits(512) == 512, __builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl"));
#else
	assert_int_equal(simd_bits(512), 0);
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_wider_than_allowed),
		cmocka_unit_test(says_what_the_cpu_has),
	};

	return cmocka_run_group_tests_name("rxtx/simd", tests, NULL, NULL);
}
