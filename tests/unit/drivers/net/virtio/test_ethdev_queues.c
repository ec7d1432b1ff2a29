/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Queue setup, and the device's events on the queues: gates and positions.
 *
 * Covers VIRTIO 1.3 2.7 (sizes of split virtqueues).
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "virtio/feature.h"
#include "fake_port.h"

static void
setup_refuses_sizes_that_are_no_power_of_two(void **state)
{
	static const uint16_t sizes[] = { 12, 100, 255, 257, 32764 };
	const struct rte_eth_rxconf rx = { 0 };
	const struct rte_eth_txconf tx = { 0 };
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		assert_int_equal(
			port_rx_queue_setup(&port.dev, 0, sizes[i], 0, &rx, NULL), -EINVAL);
		assert_int_equal(port_tx_queue_setup(&port.dev, 0, sizes[i], 0, &tx), -EINVAL);
	}
	assert_int_equal(port_tx_queue_setup(&port.dev, 0, 32768, 0, &tx), 0);
	fake_port_drop(&port);
}

static void
setup_refuses_deferred_start(void **state)
{
	const struct rte_eth_rxconf rx = { .rx_deferred_start = 1 };
	const struct rte_eth_txconf tx = { .tx_deferred_start = 1 };
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	assert_int_equal(port_rx_queue_setup(&port.dev, 0, 64, 0, &rx, NULL), -ENOTSUP);
	assert_int_equal(port_tx_queue_setup(&port.dev, 0, 64, 0, &tx), -ENOTSUP);
	fake_port_drop(&port);
}

static void
each_queue_has_the_size_that_was_asked_for(void **state)
{
	const struct rte_eth_txconf tx = { 0 };
	struct rte_eth_txq_info info;
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 2);
	assert_int_equal(fake_port_configure(&port, 2, 2), 0);
	fake_port_setup(&port);
	assert_int_equal(port_tx_queue_setup(&port.dev, 1, 512, 0, &tx), 0);
	memset(&info, 0, sizeof(info));
	port_txq_info_get(&port.dev, 1, &info);
	assert_int_equal(info.nb_desc, 512);
	fake_log_take();
	assert_int_equal(fake_port_start(&port), 0);
	assert_non_null(strstr(fake_log_take(), "setup0/64 setup1/64 setup2/64 setup3/512"));
	fake_port_drop(&port);
}

static void
release_twice_gives_back_once(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	fake_port_setup(&port);
	fake_log_take();
	port_rx_queue_release(&port.dev, 0);
	port_rx_queue_release(&port.dev, 0);
	assert_string_equal(fake_log_take(), "discard0 destroy0");
	assert_null(port.data.rx_queues[0]);
	fake_port_drop(&port);
}

static void
quiesce_closes_every_gate_and_release_opens_every_gate(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 4);
	queues_quiesce(port.hw);
	queues_release(port.hw);
	assert_string_equal(fake_log_take(), "");
	assert_int_equal(fake_port_configure(&port, 2, 1), 0);
	fake_port_setup(&port);
	assert_int_equal(fake_port_start(&port), 0);
	fake_log_take();
	queues_quiesce(port.hw);
	assert_string_equal(fake_log_take(), "close0 close1 close2");
	queues_release(port.hw);
	assert_string_equal(fake_log_take(), "open0 open1 open2");
	fake_port_drop(&port);
}

static void
no_call_of_the_application_opens_a_gate(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	fake_port_setup(&port);
	assert_int_equal(fake_port_start(&port), 0);
	assert_int_equal(fake_port_stop(&port), 0);
	assert_int_equal(fake_port_start(&port), 0);
	assert_null(strstr(fake_log_take(), "open"));
	fake_port_drop(&port);
}

static void
resync_asks_the_queue_of_that_virtqueue(void **state)
{
	struct fake_port port;
	uint32_t base = 7;

	(void)state;
	fake_port_make(&port, 2);
	assert_int_equal(fake_port_configure(&port, 2, 1), 0);
	fake_port_setup(&port);
	assert_int_equal(fake_port_start(&port), 0);
	assert_int_equal(queues_resync(port.hw, 1, &base), 0);
	assert_int_equal(base, 101);
	assert_int_equal(queues_resync(port.hw, 2, &base), 0);
	assert_int_equal(base, 102);
	/* The idle ring of the second pair begins where it always was. */
	assert_int_equal(queues_resync(port.hw, 3, &base), 0);
	assert_int_equal(base, 0);
	assert_int_equal(queues_resync(port.hw, 4, &base), -EINVAL);
	fake_port_drop(&port);
}

static void
fast_free_that_comes_or_goes_makes_a_tx_queue_anew(void **state)
{
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	fake_port_setup(&port);
	assert_false(queues_are_outdated(port.hw));
	port.data.dev_conf.txmode.offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	assert_true(queues_are_outdated(port.hw));
	fake_log_take();
	assert_int_equal(fake_port_start(&port), 0);
	assert_non_null(strstr(fake_log_take(), "discard0 fill0 discard1 destroy1 create1 setup0"));
	fake_port_drop(&port);
}

static void
burst_modes_name_the_path_once_it_is_chosen(void **state)
{
	struct rte_eth_burst_mode mode;
	struct fake_port port;

	(void)state;
	fake_port_make(&port, 1);
	assert_int_equal(port_rx_burst_mode_get(&port.dev, 0, &mode), -EINVAL);
	assert_int_equal(fake_port_configure(&port, 1, 1), 0);
	fake_port_setup(&port);
	assert_int_equal(fake_port_start(&port), 0);
	assert_int_equal(port_rx_burst_mode_get(&port.dev, 0, &mode), 0);
	assert_string_equal(mode.info, "fake rx");
	assert_int_equal(port_tx_burst_mode_get(&port.dev, 0, &mode), 0);
	assert_string_equal(mode.info, "fake tx");
	fake_port_drop(&port);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setup_refuses_sizes_that_are_no_power_of_two),
		cmocka_unit_test(setup_refuses_deferred_start),
		cmocka_unit_test(each_queue_has_the_size_that_was_asked_for),
		cmocka_unit_test(release_twice_gives_back_once),
		cmocka_unit_test(quiesce_closes_every_gate_and_release_opens_every_gate),
		cmocka_unit_test(no_call_of_the_application_opens_a_gate),
		cmocka_unit_test(resync_asks_the_queue_of_that_virtqueue),
		cmocka_unit_test(fast_free_that_comes_or_goes_makes_a_tx_queue_anew),
		cmocka_unit_test(burst_modes_name_the_path_once_it_is_chosen),
	};

	return cmocka_run_group_tests_name("ethdev_queues", tests, NULL, NULL);
}
