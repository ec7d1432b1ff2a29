/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What is offered and shown: the features' truth table, the configuration space, the peer's share in both.
 *
 * VIRTIO 1.3 5.1.4.1: "The device MUST set mtu to between 68 and 65535"
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_backend.h"
#include "virtio-user/virtio.h"

#define BIT(name) VIRTIO_BIT(VIRTIO_##name)
#define RING (BIT(F_VERSION_1) | BIT(F_IN_ORDER) | BIT(RING_F_INDIRECT_DESC) | BIT(NET_F_MRG_RXBUF))
#define EVENTS BIT(RING_F_EVENT_IDX)
#define PACKED BIT(F_RING_PACKED)
#define OFFLOAD (BIT(NET_F_CSUM) | BIT(NET_F_HOST_TSO4) | BIT(NET_F_HOST_TSO6) | BIT(NET_F_HOST_ECN) | \
	BIT(NET_F_HOST_USO) | BIT(NET_F_GUEST_CSUM) | BIT(NET_F_GUEST_TSO4) | BIT(NET_F_GUEST_TSO6) | \
	BIT(NET_F_GUEST_ECN) | BIT(NET_F_GUEST_USO4) | BIT(NET_F_GUEST_USO6) | BIT(NET_F_GUEST_HDRLEN))
#define FRONT (BIT(NET_F_MAC) | BIT(NET_F_STATUS))
#define CONTROL (BIT(NET_F_CTRL_VQ) | BIT(NET_F_CTRL_MAC_ADDR))

struct row {
	const char *what;
	uint64_t peer;
	uint64_t off;
	uint16_t pairs;
	bool control;
	bool mtu;
	uint32_t speed;
	uint64_t offered;
};

static const struct row rows[] = {
	{"the plain peer", RING, 0, 1, false, false, UINT32_MAX, RING | FRONT},
	{"a peer with nothing", 0, 0, 1, false, false, UINT32_MAX, FRONT},
	{"a peer with everything", UINT64_MAX, PACKED, 1, false, false, UINT32_MAX, RING | EVENTS | OFFLOAD | FRONT},
	{"packed_vq=1", UINT64_MAX, 0, 1, false, false, UINT32_MAX, RING | EVENTS | PACKED | OFFLOAD | FRONT},
	{"segmentation without checksums", RING | BIT(NET_F_HOST_TSO4) | BIT(NET_F_GUEST_TSO4), 0, 1, false, false,
	 UINT32_MAX, RING | FRONT},
	{"packed_vq=1, a peer without", RING, 0, 1, false, false, UINT32_MAX, RING | FRONT},
	{"mrg_rxbuf=0", RING, BIT(NET_F_MRG_RXBUF), 1, false, false, UINT32_MAX,
	 (RING & ~BIT(NET_F_MRG_RXBUF)) | FRONT},
	{"cq=1", RING, 0, 1, true, false, UINT32_MAX, RING | FRONT | CONTROL},
	{"queues=2", RING, 0, 2, false, false, UINT32_MAX, RING | FRONT | CONTROL | BIT(NET_F_MQ)},
	{"queues=2 without a control queue", RING, BIT(NET_F_CTRL_VQ), 2, false, false, UINT32_MAX, RING | FRONT},
	{"the peer takes an MTU", RING | BIT(NET_F_MTU), 0, 1, false, true, UINT32_MAX, RING | FRONT | BIT(NET_F_MTU)},
	{"a speed", RING, 0, 1, false, false, 10000, RING | FRONT | BIT(NET_F_SPEED_DUPLEX)},
	{"a speed without STATUS", RING, BIT(NET_F_STATUS), 1, false, false, 10000, RING | BIT(NET_F_MAC) |
	 BIT(NET_F_SPEED_DUPLEX)},
};

static void
open_row(const struct row *row)
{
	struct virtio_user_config config = fake_config();

	fake.caps.features = row->peer;
	fake.has_mtu = row->mtu;
	config.features_off = row->off;
	config.queue_pairs = row->pairs;
	config.control_queue = row->control;
	config.speed = row->speed;
	assert_int_equal(fake_open(&config), 0);
}

static void
the_offer_follows_the_truth_table(void **state)
{
	uint64_t expected;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_row(&rows[i]);
		expected = virtio_features_close(rows[i].offered);
		if (virtio_user_get_features(fake.device) != expected)
			fail_msg("%s: 0x%lx, expected 0x%lx", rows[i].what,
				 (unsigned long)virtio_user_get_features(fake.device), (unsigned long)expected);
		fake_close();
	}
}

static void
what_has_no_implementation_is_never_offered(void **state)
{
	const uint64_t never = BIT(NET_F_CTRL_RX) |
			       BIT(NET_F_CTRL_VLAN) | BIT(NET_F_GUEST_ANNOUNCE) | BIT(NET_F_HOST_UFO) |
			       BIT(NET_F_GUEST_UFO) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) | BIT(NET_F_RSS) |
			       BIT(NET_F_HASH_REPORT);
	const struct row all = {"all", UINT64_MAX, 0, 4, true, true, 1, 0};

	(void)state;
	open_row(&all);
	assert_int_equal(virtio_user_get_features(fake.device) & never, 0);
}

static void
a_server_without_a_peer_offers_all_that_it_supports(void **state)
{
	struct virtio_user_config config = fake_config();

	(void)state;
	fake.is_present = false;
	config.server = true;
	assert_int_equal(fake_open(&config), 0);
	assert_int_equal(virtio_user_get_features(fake.device), RING | FRONT | BIT(NET_F_MTU));
	assert_false(virtio_user_link_is_up(fake.device));
}

static void
a_server_offers_what_its_peer_has_while_reset(void **state)
{
	struct virtio_user_config config = fake_config();

	(void)state;
	fake.is_present = false;
	fake.caps.features = BIT(F_VERSION_1);
	config.server = true;
	assert_int_equal(fake_open(&config), 0);
	fake_arrive();
	assert_true(fake_wait_link(true));
	assert_int_equal(virtio_user_get_features(fake.device), BIT(F_VERSION_1) | FRONT);
}

static struct virtio_net_config
read_space(void)
{
	struct virtio_net_config space;

	virtio_user_read_config(fake.device, 0, &space, sizeof(space));
	return space;
}

static void
a_mac_of_the_user_stands(void **state)
{
	const uint8_t mac[6] = {2, 1, 2, 3, 4, 5};
	struct virtio_user_config config = fake_config();

	(void)state;
	memcpy(config.mac, mac, 6);
	fake.has_config = true;
	fake.caps.features |= BIT(NET_F_MAC);
	memcpy(fake.space.mac, "\x52\x54\x00\x01\x02\x03", 6);
	assert_int_equal(fake_open(&config), 0);
	assert_memory_equal(read_space().mac, mac, 6);
}

static void
without_one_the_peers_mac_is_taken_if_it_is_one(void **state)
{
	struct virtio_user_config config = fake_config();

	(void)state;
	fake.has_config = true;
	fake.caps.features |= BIT(NET_F_MAC);
	memcpy(fake.space.mac, "\x52\x54\x00\x01\x02\x03", 6);
	assert_int_equal(fake_open(&config), 0);
	assert_memory_equal(read_space().mac, "\x52\x54\x00\x01\x02\x03", 6);
	fake_close();
	memcpy(fake.space.mac, "\x01\x54\x00\x01\x02\x03", 6);
	assert_int_equal(fake_open(&config), 0);
	assert_memory_not_equal(read_space().mac, "\x01\x54\x00\x01\x02\x03", 6);
}

static void
without_either_it_is_random_local_and_unicast(void **state)
{
	struct virtio_user_config config = fake_config();
	struct virtio_net_config first;

	(void)state;
	assert_int_equal(fake_open(&config), 0);
	first = read_space();
	assert_int_equal(first.mac[0] & 3, 2);
	fake_close();
	assert_int_equal(fake_open(&config), 0);
	assert_memory_not_equal(read_space().mac, first.mac, 6);
}

static void
the_peers_mtu_is_shown_only_if_valid(void **state)
{
	const uint16_t mtus[][2] = {{0, 65535}, {67, 65535}, {68, 68}, {1500, 1500}, {65535, 65535}};
	struct virtio_user_config config = fake_config();
	size_t i;

	(void)state;
	fake.has_config = true;
	fake.caps.features |= BIT(NET_F_MTU);
	for (i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		fake.space.mtu = mtus[i][0];
		assert_int_equal(fake_open(&config), 0);
		assert_int_equal(read_space().mtu, mtus[i][1]);
		fake_close();
	}
}

static void
the_space_shows_pairs_speed_and_link(void **state)
{
	struct virtio_user_config config = fake_config();

	(void)state;
	config.queue_pairs = 3;
	config.speed = 25000;
	assert_int_equal(fake_open(&config), 0);
	assert_int_equal(read_space().max_virtqueue_pairs, 3);
	assert_int_equal(read_space().speed, 25000);
	assert_int_equal(read_space().duplex, 1);
	assert_int_equal(read_space().status, VIRTIO_NET_S_LINK_UP);
	fake_vanish();
	assert_true(fake_wait_link(false));
	assert_int_equal(read_space().status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_offer_follows_the_truth_table),
		TEST(what_has_no_implementation_is_never_offered),
		TEST(a_server_without_a_peer_offers_all_that_it_supports),
		TEST(a_server_offers_what_its_peer_has_while_reset),
		TEST(a_mac_of_the_user_stands),
		TEST(without_one_the_peers_mac_is_taken_if_it_is_one),
		TEST(without_either_it_is_random_local_and_unicast),
		TEST(the_peers_mtu_is_shown_only_if_valid),
		TEST(the_space_shows_pairs_speed_and_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
