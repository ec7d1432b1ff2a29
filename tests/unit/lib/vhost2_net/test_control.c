/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Control commands, one row each: what was negotiated, bytes, answer, change. Then shapes of buffers that no driver
 * ought to make, with counts that would overflow, and 65,536 commands and more.
 *
 * VIRTIO 1.3 5.1.6.5.
 */

#include <string.h>

#include "ring_rig.h"
#include "vhost2_net/rte_vhost2_net_device.h"
#include "virtio/net.h"

#define W VRING_DESC_F_WRITE
#define COMMAND REGION_A
#define ANSWER REGION_C
#define BIT(name) VIRTIO_BIT(VIRTIO_NET_F_##name)

struct ctrl_rig {
	struct ring_rig ring;
	struct rte_vhost2_net_device device;
	uint16_t id;
};

static void
ctrl_open(struct ctrl_rig *rig, bool is_packed, uint64_t features)
{
	memset(rig, 0, sizeof(*rig));
	ring_rig_open(&rig->ring, is_packed, 16, ring_rig_base(is_packed));
	rig->device.max_pairs = 4;
	rte_vhost2_net_device_reset(&rig->device, features | BIT(CTRL_VQ));
}

/** Send a command over descriptors of at most @p piece bytes. @return changes. */
static uint32_t
ctrl_send(struct ctrl_rig *rig, const void *bytes, uint32_t len, uint32_t piece)
{
	struct link links[16];
	uint32_t n = 0;
	uint32_t at;

	memcpy(ring_rig_at(&rig->ring, COMMAND), bytes, len);
	*(uint8_t *)ring_rig_at(&rig->ring, ANSWER) = 0x77;
	for (at = 0; at < len; at += piece) {
		const uint32_t left = len - at;

		links[n++] = (struct link){COMMAND + at, left < piece ? left : piece, 0, 0};
	}
	links[n++] = (struct link){ANSWER, 1, W, 0};
	ring_rig_offer(&rig->ring, 0, links, n, false);
	return rte_vhost2_net_ctrl_process(&rig->device, &rig->ring.dev, &rig->ring.vq);
}

static uint8_t
ctrl_answer(struct ctrl_rig *rig)
{
	return *(uint8_t *)ring_rig_at(&rig->ring, ANSWER);
}

struct row {
	const char *name;
	uint64_t features;
	uint32_t len;
	uint8_t bytes[40];
	uint8_t answer;
	uint32_t changes;
};

#define OK VIRTIO_NET_OK
#define ERR VIRTIO_NET_ERR

static const struct row rows[] = {
	{"promiscuous", BIT(CTRL_RX), 3, {0, 0, 1}, OK, RTE_VHOST2_NET_CHANGED_RX},
	{"promiscuous, not negotiated", 0, 3, {0, 0, 1}, ERR, 0},
	{"promiscuous without a value", BIT(CTRL_RX), 2, {0, 0}, ERR, 0},
	{"promiscuous with two values", BIT(CTRL_RX), 4, {0, 0, 1, 1}, ERR, 0},
	{"no broadcast", BIT(CTRL_RX_EXTRA), 3, {0, 5, 1}, OK, RTE_VHOST2_NET_CHANGED_RX},
	{"no broadcast, not negotiated", BIT(CTRL_RX), 3, {0, 5, 1}, ERR, 0},
	{"mode that is none", BIT(CTRL_RX) | BIT(CTRL_RX_EXTRA), 3, {0, 6, 1}, ERR, 0},
	{"empty tables", BIT(CTRL_RX), 10, {1, 0}, OK, RTE_VHOST2_NET_CHANGED_MAC_TABLE},
	{"one table", BIT(CTRL_RX), 6, {1, 0}, ERR, 0},
	{"one and one address", BIT(CTRL_RX), 22,
		{1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1}, OK,
		RTE_VHOST2_NET_CHANGED_MAC_TABLE},
	{"address more than there are", BIT(CTRL_RX), 16, {1, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0}, ERR, 0},
	{"4 G addresses", BIT(CTRL_RX), 16, {1, 0, 0xff, 0xff, 0xff, 0xff}, ERR, 0},
	{"addresses whose bytes wrap 32 bits to 6", BIT(CTRL_RX), 16, {1, 0, 0xac, 0xaa, 0xaa, 0x2a}, ERR, 0},
	{"bytes behind the tables", BIT(CTRL_RX), 11, {1, 0}, ERR, 0},
	{"address", BIT(CTRL_MAC_ADDR), 8, {1, 1, 2, 3, 4, 5, 6, 7}, OK, RTE_VHOST2_NET_CHANGED_MAC},
	{"address of 5", BIT(CTRL_MAC_ADDR), 7, {1, 1, 2, 3, 4, 5, 6}, ERR, 0},
	{"VLAN", BIT(CTRL_VLAN), 4, {2, 0, 0xff, 0x0f}, OK, RTE_VHOST2_NET_CHANGED_VLAN},
	{"VLAN 4096", BIT(CTRL_VLAN), 4, {2, 0, 0, 0x10}, ERR, 0},
	{"VLAN removed", BIT(CTRL_VLAN), 4, {2, 1, 5, 0}, OK, RTE_VHOST2_NET_CHANGED_VLAN},
	{"announced", VIRTIO_BIT(VIRTIO_NET_F_GUEST_ANNOUNCE), 2, {3, 0}, OK, RTE_VHOST2_NET_CHANGED_ANNOUNCE},
	{"announced with data", VIRTIO_BIT(VIRTIO_NET_F_GUEST_ANNOUNCE), 3, {3, 0, 0}, ERR, 0},
	{"4 pairs", BIT(MQ), 4, {4, 0, 4, 0}, OK, RTE_VHOST2_NET_CHANGED_PAIRS},
	{"5 pairs", BIT(MQ), 4, {4, 0, 5, 0}, ERR, 0},
	{"no pairs", BIT(MQ), 4, {4, 0, 0, 0}, ERR, 0},
	{"65535 pairs", BIT(MQ), 4, {4, 0, 0xff, 0xff}, ERR, 0},
	{"pairs, not negotiated", 0, 4, {4, 0, 1, 0}, ERR, 0},
	{"receive-side scaling", BIT(MQ), 13, {4, 1}, ERR, 0},
	{"receive-side scaling, were it negotiated", BIT(RSS), 13, {4, 1}, ERR, 0},
	{"offloads", VIRTIO_BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS), 10, {5, 0}, ERR, 0},
	{"coalescing", BIT(NOTF_COAL), 10, {6, 0}, ERR, 0},
	{"class that is none", ~0ULL, 3, {0x99, 0, 0}, ERR, 0},
	{"one byte", ~0ULL, 1, {0}, ERR, 0},
};

static void
each_command_has_its_answer(void **state)
{
	unsigned int i;
	uint32_t piece;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (piece = 2; piece <= 40; piece += 19) {
			const struct row *const row = &rows[i];
			struct rte_vhost2_net_device before;
			struct ctrl_rig rig;
			uint32_t changes;

			ctrl_open(&rig, piece & 1, row->features);
			before = rig.device;
			changes = ctrl_send(&rig, row->bytes, row->len, piece);
			if (ctrl_answer(&rig) != row->answer || changes != row->changes)
				fail_msg("%s: answer %u, changes %x", row->name, ctrl_answer(&rig), changes);
			assert_int_equal(rig.device.commands, 1);
			assert_int_equal(rig.device.refused, row->answer == ERR);
			rig.device.commands = 0;
			rig.device.refused = 0;
			if (row->answer == ERR && memcmp(&before, &rig.device, sizeof(before)) != 0)
				fail_msg("%s: refused, and changed something", row->name);
			ring_rig_close(&rig.ring);
		}
}

static void
commands_do_what_they_say(void **state)
{
	static const uint8_t tables[] = {1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1};
	struct ctrl_rig rig;

	(void)state;
	ctrl_open(&rig, true, rte_vhost2_net_features());
	rig.device.announce = true;
	ctrl_send(&rig, "\0\1\1", 3, 3);
	assert_true(rig.device.filter.allmulti);
	ctrl_send(&rig, "\0\1\0", 3, 3);
	assert_false(rig.device.filter.allmulti);
	ctrl_send(&rig, tables, sizeof(tables), 5);
	assert_int_equal(rig.device.filter.unicast.nr, 1);
	assert_memory_equal(rig.device.filter.unicast.addr[0], "\2\0\0\0\0\1", 6);
	assert_memory_equal(rig.device.filter.multicast.addr[0], "\1\0\x5e\0\0\1", 6);
	ctrl_send(&rig, "\1\1\2\3\4\5\6\7", 8, 3);
	assert_memory_equal(rig.device.mac, "\2\3\4\5\6\7", 6);
	ctrl_send(&rig, "\2\0\x81\0", 4, 4);
	assert_int_equal(rig.device.filter.vlan[2], 2);
	ctrl_send(&rig, "\2\1\x81\0", 4, 4);
	assert_int_equal(rig.device.filter.vlan[2], 0);
	ctrl_send(&rig, "\3\0", 2, 4);
	assert_false(rig.device.announce);
	ctrl_send(&rig, "\4\0\3\0", 4, 4);
	assert_int_equal(rig.device.pairs, 3);
	assert_int_equal(rig.device.refused, 0);
	ring_rig_close(&rig.ring);
}

static void
too_many_addresses_want_all(void **state)
{
	static uint8_t bytes[2 + 4 + 6 * 100 + 4] = {1, 0, 100};
	struct ctrl_rig rig;

	(void)state;
	ctrl_open(&rig, false, BIT(CTRL_RX));
	assert_int_equal(ctrl_send(&rig, bytes, sizeof(bytes), 500), RTE_VHOST2_NET_CHANGED_MAC_TABLE);
	assert_int_equal(ctrl_answer(&rig), OK);
	assert_int_equal(rig.device.filter.unicast.nr, RTE_VHOST2_NET_MACS);
	assert_true(rig.device.filter.unicast.overflow);
	assert_false(rig.device.filter.multicast.overflow);
	ring_rig_close(&rig.ring);
}

/* 64 addresses that are there, and 0x2aaaaaab that are not, whose bytes are 2 in 32 bits: as many as follow. */
static void
addresses_are_counted_beyond_32_bits(void **state)
{
	static uint8_t bytes[2 + 4 + 6 * 64 + 2 + 4] = {1, 0, 0xeb, 0xaa, 0xaa, 0x2a};
	struct ctrl_rig rig;

	(void)state;
	ctrl_open(&rig, true, BIT(CTRL_RX));
	assert_int_equal(ctrl_send(&rig, bytes, sizeof(bytes), 500), 0);
	assert_int_equal(ctrl_answer(&rig), ERR);
	assert_int_equal(rig.device.filter.unicast.nr, 0);
	ring_rig_close(&rig.ring);
}

struct shape {
	const char *name;
	enum rte_vhost2_error error;
	uint32_t n;
	struct link links[3];
};

static const struct shape shapes[] = {
	{"no room for an answer", RTE_VHOST2_ERR_DESCRIPTOR, 1, {{COMMAND, 3, 0, 0}}},
	{"answer before command", RTE_VHOST2_ERR_DESCRIPTOR, 2, {{ANSWER, 1, W, 0}, {COMMAND, 3, 0, 0}}},
	{"command nowhere", RTE_VHOST2_ERR_TRANSLATION, 2, {{REGION_GAP, 3, 0, 0}, {ANSWER, 1, W, 0}}},
	{"command that leaves its region", RTE_VHOST2_ERR_TRANSLATION, 2, {{REGION_GAP - 1, 3, 0, 0}, {ANSWER, 1, W, 0}}},
	{"answer nowhere", RTE_VHOST2_ERR_TRANSLATION, 2, {{COMMAND, 3, 0, 0}, {REGION_GAP, 1, W, 0}}},
	{"zero-length answer", RTE_VHOST2_ERR_DESCRIPTOR, 2, {{COMMAND, 3, 0, 0}, {ANSWER, 0, W, 0}}},
};

static void
bad_buffers_break_the_queue(void **state)
{
	struct ctrl_rig rig;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2 * sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *const shape = &shapes[i / 2];

		ctrl_open(&rig, i & 1, BIT(CTRL_RX));
		ring_rig_offer(&rig.ring, 0, shape->links, shape->n, false);
		rte_vhost2_net_ctrl_process(&rig.device, &rig.ring.dev, &rig.ring.vq);
		if (rig.ring.breaks != 1 || rig.ring.error != shape->error)
			fail_msg("%s: %u breaks, error %d", shape->name, rig.ring.breaks, rig.ring.error);
		ring_rig_close(&rig.ring);
	}
}

/* A command without a byte: answered, as its buffer is fine. */
static void
an_empty_command_is_refused(void **state)
{
	static const struct link link = {ANSWER, 1, W, 0};
	struct ctrl_rig rig;

	(void)state;
	ctrl_open(&rig, true, ~0ULL);
	ring_rig_offer(&rig.ring, 0, &link, 1, false);
	assert_int_equal(rte_vhost2_net_ctrl_process(&rig.device, &rig.ring.dev, &rig.ring.vq), 0);
	assert_int_equal(ctrl_answer(&rig), ERR);
	ring_rig_close(&rig.ring);
}

static void
commands_go_on_past_65536(void **state)
{
	struct ctrl_rig rig;
	uint32_t len;
	uint16_t id;
	unsigned int i;
	unsigned int j;

	(void)state;
	for (i = 0; i < 2; i++) {
		ctrl_open(&rig, i, BIT(MQ));
		for (j = 0; j < 70000; j++) {
			assert_int_equal(ctrl_send(&rig, "\4\0\2\0", 4, 4), RTE_VHOST2_NET_CHANGED_PAIRS);
			assert_int_equal(ctrl_answer(&rig), OK);
		}
		ring_rig_used(&rig.ring, i == 0 ? j - 1 : 2 * (j - 1), &id, &len);
		assert_int_equal(len, 1);
		ring_rig_close(&rig.ring);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_command_has_its_answer),
		cmocka_unit_test(commands_do_what_they_say),
		cmocka_unit_test(too_many_addresses_want_all),
		cmocka_unit_test(addresses_are_counted_beyond_32_bits),
		cmocka_unit_test(bad_buffers_break_the_queue),
		cmocka_unit_test(an_empty_command_is_refused),
		cmocka_unit_test(commands_go_on_past_65536),
	};

	return cmocka_run_group_tests_name("vhost2_net/control", tests, NULL, NULL);
}
