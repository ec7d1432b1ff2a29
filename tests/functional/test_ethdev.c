/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the port says of itself against what it does: capabilities, queue states, counters, MTU, MAC
 * address, filters, link, and how many queues there are.
 *
 * Covers: the promises of rte_ethdev.h for each op; VIRTIO 1.3 5.1.4 (configuration space).
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vhost_user/message.h"
#include "virtio/feature.h"

#include "harness.h"

#define PACKETS 1000

static const struct port_setup one_queue = {.rxqs = 1};

/** A port and its peer, up or only plugged. */
struct pair {
	struct port port;
	struct peer *peer;
};

static void
pair_plug(struct pair *pair, const struct peer_config *config, const char *devargs)
{
	port_name(&pair->port, 0);
	pair->peer = harness_peer(&pair->port, config);
	assert_int_equal(port_plug(&pair->port, devargs), 0);
}

static void
pair_bring_up(struct pair *pair, const char *devargs)
{
	const struct peer_config config = {.path = NULL};

	pair_plug(pair, &config, devargs);
	port_bring_up(&pair->port, &one_queue);
}

static void
pair_end(struct pair *pair)
{
	assert_no_violation(pair->peer);
	port_unplug(&pair->port);
	harness_peer_stop(pair->peer);
}

/* Until the peer has dealt with `count` packets. */
static void
wait_reflected(struct peer *peer, uint64_t count)
{
	struct peer_info info = {0};

	for (uint64_t end = now_ms() + 2000; now_ms() < end; usleep(1000)) {
		peer_get_info(peer, &info);
		if (info.reflected >= count)
			return;
	}
	fail_msg("%ju of %ju reflected", (uintmax_t)info.reflected, (uintmax_t)count);
}

/* --- capabilities --- */

static void
as_many_queues_as_said_and_no_more(void **state)
{
	const struct peer_config config = {.queue_pairs = 8};
	const struct port_setup too_many = {.rxqs = 5, .txqs = 5}, many = {.rxqs = 4, .txqs = 4};
	struct rte_eth_dev_info info;
	struct pair pair;

	(void)state;
	pair_plug(&pair, &config, "queues=4");
	assert_int_equal(rte_eth_dev_info_get(pair.port.id, &info), 0);
	assert_int_equal(info.max_rx_queues, 4);
	assert_int_equal(info.max_tx_queues, 4);
	assert_true(port_configure(&pair.port, &too_many) < 0);
	port_bring_up(&pair.port, &many);
	pair_end(&pair);
}

static void
peer_without_multi_queue_bounds_the_port(void **state)
{
	const struct peer_config config = {.queue_pairs = 1,
		.without_protocol = VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_MQ)};
	struct rte_eth_dev_info info;
	struct pair pair;

	(void)state;
	pair_plug(&pair, &config, NULL);
	assert_int_equal(rte_eth_dev_info_get(pair.port.id, &info), 0);
	assert_int_equal(info.max_rx_queues, 1);
	port_bring_up(&pair.port, &one_queue);
	assert_traffic(&pair.port, "mix", PACKETS);
	pair_end(&pair);
}

static void
ring_sizes_within_the_limits_work_and_others_do_not(void **state)
{
	static const uint16_t bad[] = {1, 2, 3, 5, 100, 32767, 40000};
	const struct peer_config config = {.path = NULL};
	struct rte_eth_dev_info info;
	struct pair pair;

	(void)state;
	pair_plug(&pair, &config, NULL);
	assert_int_equal(rte_eth_dev_info_get(pair.port.id, &info), 0);
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		const struct port_setup setup = {.rx_size = bad[i]};

		assert_true(port_configure(&pair.port, &setup) < 0);
	}
	for (uint32_t size = info.rx_desc_lim.nb_min; size <= 4096; size *= 4) {
		const struct port_setup setup = {.rx_size = (uint16_t)size,
			.tx_size = (uint16_t)size};

		port_bring_up(&pair.port, &setup);
		assert_traffic(&pair.port, "mix", PACKETS);
		assert_int_equal(rte_eth_dev_stop(pair.port.id), 0);
	}
	pair_end(&pair);
}

static void
packed_rings_have_any_size_and_fall_back_to_a_power_of_two(void **state)
{
	static const uint16_t sizes[] = {4, 5, 7, 255, 257, 1021};
	const struct peer_config packed = {.path = NULL};
	const struct peer_config split = {.without = VIRTIO_BIT(VIRTIO_F_RING_PACKED)};
	struct rte_eth_dev_info info;
	struct pair pair;

	(void)state;
	pair_plug(&pair, &packed, "packed_vq=1,queue_size=333");
	assert_int_equal(rte_eth_dev_info_get(pair.port.id, &info), 0);
	assert_int_equal(info.rx_desc_lim.nb_align, 1);
	assert_int_equal(info.default_txportconf.ring_size, 333);
	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		const struct port_setup setup = {.rx_size = sizes[i],
			.tx_size = sizes[RTE_DIM(sizes) - 1 - i]};

		port_bring_up(&pair.port, &setup);
		assert_traffic(&pair.port, "mix", PACKETS);
		assert_int_equal(rte_eth_dev_stop(pair.port.id), 0);
	}
	pair_end(&pair);
	pair_plug(&pair, &split, "packed_vq=1,queue_size=333");
	assert_int_equal(rte_eth_dev_info_get(pair.port.id, &info), 0);
	assert_int_equal(info.rx_desc_lim.nb_align, 4);
	assert_int_equal(info.default_rxportconf.ring_size, 256);
	pair_end(&pair);
}

static void
queues_have_the_sizes_that_were_asked_for_each(void **state)
{
	const struct peer_config config = {.queue_pairs = 2};
	struct rte_eth_conf conf = {0};
	struct rte_eth_rxq_info rx;
	struct rte_eth_txq_info tx;
	struct pair pair;

	(void)state;
	pair_plug(&pair, &config, "queues=2,queue_size=512");
	assert_int_equal(rte_eth_dev_configure(pair.port.id, 2, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(pair.port.id, 0, 64, 0, NULL, harness_pool), 0);
	assert_int_equal(rte_eth_rx_queue_setup(pair.port.id, 1, 0, 0, NULL, harness_pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(pair.port.id, 0, 1024, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(pair.port.id), 0);
	assert_true(port_wait_link(&pair.port, true, 1000));
	assert_int_equal(rte_eth_rx_queue_info_get(pair.port.id, 0, &rx), 0);
	assert_int_equal(rx.nb_desc, 64);
	assert_ptr_equal(rx.mp, harness_pool);
	assert_int_equal(rte_eth_rx_queue_info_get(pair.port.id, 1, &rx), 0);
	assert_int_equal(rx.nb_desc, 512);
	assert_int_equal(rte_eth_tx_queue_info_get(pair.port.id, 0, &tx), 0);
	assert_int_equal(tx.nb_desc, 1024);
	assert_traffic(&pair.port, "mix", PACKETS);
	pair_end(&pair);
}

/* --- states of descriptors --- */

static void
rx_count_and_status_tell_what_waits(void **state)
{
	struct pair pair;
	struct flow flow;

	(void)state;
	pair_bring_up(&pair, NULL);
	flow_init(&flow, &pair.port, 0, "64", 10);
	assert_int_equal(rte_eth_rx_queue_count(pair.port.id, 0), 0);
	assert_int_equal(flow_send(&flow), 10);
	wait_reflected(pair.peer, 10);
	assert_int_equal(rte_eth_rx_queue_count(pair.port.id, 0), 10);
	assert_int_equal(rte_eth_rx_descriptor_status(pair.port.id, 0, 0), RTE_ETH_RX_DESC_DONE);
	assert_int_equal(rte_eth_rx_descriptor_status(pair.port.id, 0, 9), RTE_ETH_RX_DESC_DONE);
	assert_int_equal(rte_eth_rx_descriptor_status(pair.port.id, 0, 10),
		RTE_ETH_RX_DESC_AVAIL);
	assert_true(rte_eth_rx_descriptor_status(pair.port.id, 0, 256) < 0);
	assert_int_equal(flow_receive(&flow), 10);
	assert_int_equal(rte_eth_rx_queue_count(pair.port.id, 0), 0);
	flow_fini(&flow);
	pair_end(&pair);
}

static void
tx_status_and_cleanup_tell_what_is_with_the_peer(void **state)
{
	struct footprint before;
	struct pair pair;
	struct flow flow;

	(void)state;
	footprint_take(&before);
	pair_bring_up(&pair, NULL);
	peer_hold(pair.peer, true);
	flow_init(&flow, &pair.port, 0, "64", 20);
	assert_int_equal(flow_send(&flow), 20);
	/* Counted from where the next packet goes, so that the oldest of 20 is 20 before the end. */
	assert_int_equal(rte_eth_tx_descriptor_status(pair.port.id, 0, 0), RTE_ETH_TX_DESC_DONE);
	assert_int_equal(rte_eth_tx_descriptor_status(pair.port.id, 0, 235),
		RTE_ETH_TX_DESC_DONE);
	assert_int_equal(rte_eth_tx_descriptor_status(pair.port.id, 0, 236),
		RTE_ETH_TX_DESC_FULL);
	assert_int_equal(rte_eth_tx_descriptor_status(pair.port.id, 0, 255),
		RTE_ETH_TX_DESC_FULL);
	assert_true(rte_eth_tx_descriptor_status(pair.port.id, 0, 256) < 0);
	assert_int_equal(rte_eth_tx_done_cleanup(pair.port.id, 0, 0), 0);
	peer_hold(pair.peer, false);
	wait_reflected(pair.peer, 20);
	usleep(10000);
	assert_int_equal(rte_eth_tx_descriptor_status(pair.port.id, 0, 255),
		RTE_ETH_TX_DESC_DONE);
	assert_int_equal(rte_eth_tx_done_cleanup(pair.port.id, 0, 5), 5);
	assert_int_equal(rte_eth_tx_done_cleanup(pair.port.id, 0, 0), 15);
	assert_int_equal(rte_eth_tx_done_cleanup(pair.port.id, 0, 0), 0);
	flow_fini(&flow);
	pair_end(&pair);
	assert_same_footprint(&before);
}

/* --- counters --- */

static void
statistics_count_packets_and_bytes(void **state)
{
	struct rte_eth_stats stats;
	struct pair pair;

	(void)state;
	pair_bring_up(&pair, NULL);
	assert_traffic(&pair.port, "64,1518", PACKETS);
	assert_int_equal(rte_eth_stats_get(pair.port.id, &stats), 0);
	assert_int_equal(stats.ipackets, PACKETS);
	assert_int_equal(stats.opackets, PACKETS);
	assert_int_equal(stats.ibytes, PACKETS / 2 * (64 + 1518));
	assert_int_equal(stats.obytes, PACKETS / 2 * (64 + 1518));
	assert_int_equal(stats.ierrors + stats.oerrors + stats.imissed + stats.rx_nombuf, 0);
	assert_int_equal(rte_eth_stats_reset(pair.port.id), 0);
	assert_int_equal(rte_eth_stats_get(pair.port.id, &stats), 0);
	assert_int_equal(stats.ipackets + stats.opackets + stats.ibytes + stats.obytes, 0);
	pair_end(&pair);
}

static void
xstats_have_names_ids_and_a_reset(void **state)
{
	static struct rte_eth_xstat_name names[1024];
	static struct rte_eth_xstat values[1024];
	struct pair pair;
	int nr;

	(void)state;
	pair_bring_up(&pair, NULL);
	assert_traffic(&pair.port, "64", PACKETS);
	nr = rte_eth_xstats_get_names(pair.port.id, NULL, 0);
	assert_in_range(nr, 10, RTE_DIM(names));
	assert_int_equal(rte_eth_xstats_get_names(pair.port.id, names, (unsigned int)nr), nr);
	assert_int_equal(rte_eth_xstats_get(pair.port.id, values, (unsigned int)nr), nr);
	for (int i = 0; i < nr; i++) {
		uint64_t id;

		assert_int_equal(rte_eth_xstats_get_id_by_name(pair.port.id, names[i].name, &id), 0);
		/* A name that is there twice would have the id of the first. */
		if (id != (uint64_t)i)
			fail_msg("%s has id %d and %ju", names[i].name, i, (uintmax_t)id);
		assert_true(values[i].id == id);
	}
	assert_int_equal(port_xstat(&pair.port, "rx_q0_packets"), PACKETS);
	assert_int_equal(port_xstat(&pair.port, "tx_q0_packets"), PACKETS);
	assert_true(port_xstat(&pair.port, "tx_q0_kicks_suppressed") > 0);
	assert_int_equal(port_xstat(&pair.port, "connects"), 1);
	assert_int_equal(rte_eth_xstats_reset(pair.port.id), 0);
	assert_int_equal(port_xstat(&pair.port, "rx_q0_packets"), 0);
	assert_int_equal(port_xstat(&pair.port, "connects"), 0);
	assert_int_equal(port_xstat(&pair.port, "regions"), 1);
	pair_end(&pair);
}

static void
counters_survive_a_restart(void **state)
{
	struct pair pair;

	(void)state;
	pair_bring_up(&pair, NULL);
	assert_traffic(&pair.port, "64", PACKETS);
	assert_int_equal(rte_eth_dev_stop(pair.port.id), 0);
	port_bring_up(&pair.port, &one_queue);
	assert_traffic(&pair.port, "64", PACKETS);
	assert_int_equal(port_xstat(&pair.port, "rx_q0_packets"), 2 * PACKETS);
	pair_end(&pair);
}

/* --- MTU, MAC address, filters --- */

static void
mtu_is_held_within_what_peer_and_buffers_allow(void **state)
{
	const struct peer_config config = {.mtu = 1400};
	struct rte_eth_dev_info info;
	struct peer_info seen;
	struct pair pair;

	(void)state;
	pair_plug(&pair, &config, NULL);
	assert_int_equal(rte_eth_dev_info_get(pair.port.id, &info), 0);
	assert_int_equal(info.max_mtu, 1400);
	assert_true(rte_eth_dev_set_mtu(pair.port.id, 1401) < 0);
	{
		const struct port_setup setup = {.mtu = 1300};

		port_bring_up(&pair.port, &setup);
	}
	peer_get_info(pair.peer, &seen);
	assert_int_equal(seen.mtu, 1300);
	assert_int_equal(rte_eth_dev_set_mtu(pair.port.id, 1400), 0);
	peer_get_info(pair.peer, &seen);
	assert_int_equal(seen.mtu, 1400);
	pair_end(&pair);
}

static void
mtu_beyond_one_mbuf_needs_mergeable_buffers(void **state)
{
	const struct port_setup jumbo = {.mtu = 9000};
	struct pair pair;

	(void)state;
	pair_bring_up(&pair, "mrg_rxbuf=0");
	assert_true(rte_eth_dev_set_mtu(pair.port.id, 9000) < 0);
	assert_int_equal(rte_eth_dev_stop(pair.port.id), 0);
	assert_true(port_configure(&pair.port, &jumbo) < 0 ||
		rte_eth_dev_start(pair.port.id) < 0);
	pair_end(&pair);
}

static void
mac_address_is_the_devargs_or_the_peers(void **state)
{
	const struct peer_config config = {.mac = {2, 1, 2, 3, 4, 5}};
	const struct rte_ether_addr own = {{2, 0, 0, 0, 0, 7}}, other = {{2, 0, 0, 0, 0, 8}};
	struct rte_ether_addr addr;
	struct pair pair;

	(void)state;
	pair_plug(&pair, &config, "mac=02:00:00:00:00:07");
	assert_int_equal(rte_eth_macaddr_get(pair.port.id, &addr), 0);
	assert_memory_equal(&addr, &own, sizeof(addr));
	pair_end(&pair);
	pair_plug(&pair, &config, NULL);
	assert_int_equal(rte_eth_macaddr_get(pair.port.id, &addr), 0);
	assert_memory_equal(&addr, config.mac, sizeof(addr));
	port_bring_up(&pair.port, &one_queue);
	addr = other;
	assert_int_equal(rte_eth_dev_default_mac_addr_set(pair.port.id, &addr), 0);
	assert_int_equal(rte_eth_macaddr_get(pair.port.id, &addr), 0);
	assert_memory_equal(&addr, &other, sizeof(addr));
	assert_traffic(&pair.port, "mix", PACKETS);
	pair_end(&pair);
}

static void
port_says_that_it_receives_everything_and_does(void **state)
{
	struct pair pair;

	(void)state;
	pair_bring_up(&pair, NULL);
	assert_int_equal(rte_eth_promiscuous_get(pair.port.id), 1);
	assert_int_equal(rte_eth_allmulticast_get(pair.port.id), 1);
	assert_int_equal(rte_eth_promiscuous_enable(pair.port.id), 0);
	assert_int_equal(rte_eth_promiscuous_disable(pair.port.id), -ENOTSUP);
	assert_int_equal(rte_eth_promiscuous_get(pair.port.id), 1);
	/* These frames go to no address of the port. */
	assert_traffic(&pair.port, "64", PACKETS);
	pair_end(&pair);
}

/* --- link --- */

static void
link_is_up_only_between_start_and_stop(void **state)
{
	const struct peer_config config = {.path = NULL};
	struct rte_eth_link link;
	struct pair pair;

	(void)state;
	pair_plug(&pair, &config, "speed=25000");
	assert_false(port_link(&pair.port));
	port_bring_up(&pair.port, &one_queue);
	assert_int_equal(rte_eth_link_get(pair.port.id, &link), 0);
	assert_int_equal(link.link_status, RTE_ETH_LINK_UP);
	assert_int_equal(link.link_speed, 25000);
	assert_int_equal(link.link_duplex, RTE_ETH_LINK_FULL_DUPLEX);
	assert_int_equal(rte_eth_dev_stop(pair.port.id), 0);
	assert_false(port_link(&pair.port));
	assert_int_equal(rte_eth_dev_start(pair.port.id), 0);
	assert_true(port_wait_link(&pair.port, true, 1000));
	pair_end(&pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_queues_as_said_and_no_more),
		cmocka_unit_test(peer_without_multi_queue_bounds_the_port),
		cmocka_unit_test(ring_sizes_within_the_limits_work_and_others_do_not),
		cmocka_unit_test(packed_rings_have_any_size_and_fall_back_to_a_power_of_two),
		cmocka_unit_test(queues_have_the_sizes_that_were_asked_for_each),
		cmocka_unit_test(rx_count_and_status_tell_what_waits),
		cmocka_unit_test(tx_status_and_cleanup_tell_what_is_with_the_peer),
		cmocka_unit_test(statistics_count_packets_and_bytes),
		cmocka_unit_test(xstats_have_names_ids_and_a_reset),
		cmocka_unit_test(counters_survive_a_restart),
		cmocka_unit_test(mtu_is_held_within_what_peer_and_buffers_allow),
		cmocka_unit_test(mtu_beyond_one_mbuf_needs_mergeable_buffers),
		cmocka_unit_test(mac_address_is_the_devargs_or_the_peers),
		cmocka_unit_test(port_says_that_it_receives_everything_and_does),
		cmocka_unit_test(link_is_up_only_between_start_and_stop),
	};

	if (harness_init(256) < 0)
		return 1;
	return harness_run("ethdev", tests, RTE_DIM(tests));
}
