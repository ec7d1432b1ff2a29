/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Which frames reach the driver under which modes. VIRTIO 1.3 5.1.6.5.1 to 5.1.6.5.3.
 */

#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vhost2_net/rte_vhost2_net_device.h"
#include "virtio/feature.h"
#include "virtio/net.h"

#define MINE "\2\0\0\0\0\1"
#define OTHER "\2\0\0\0\0\2"
#define LISTED "\2\0\0\0\0\3"
#define GROUP "\1\0\x5e\0\0\1"
#define ALL "\xff\xff\xff\xff\xff\xff"

enum mode { NONE, PROMISC, ALLMULTI, ALLUNI, NOMULTI, NOUNI, NOBCAST };

struct row {
	enum mode modes[2];
	const char *to;
	bool is_wanted;
};

static const struct row rows[] = {
	{{NONE, NONE}, MINE, true},
	{{NONE, NONE}, OTHER, false},
	{{NONE, NONE}, LISTED, true},
	{{NONE, NONE}, GROUP, false},
	{{NONE, NONE}, ALL, true},
	{{PROMISC, NONE}, OTHER, true},
	{{PROMISC, NOBCAST}, ALL, true},
	{{ALLMULTI, NONE}, GROUP, true},
	{{ALLMULTI, NONE}, OTHER, false},
	{{ALLMULTI, NOMULTI}, GROUP, false},
	{{ALLUNI, NONE}, OTHER, true},
	{{ALLUNI, NOUNI}, OTHER, false},
	{{NOUNI, NONE}, MINE, false},
	{{NOUNI, NONE}, LISTED, false},
	{{NOMULTI, NONE}, ALL, true},
	{{NOBCAST, ALLMULTI}, ALL, false},
};

static void
device_make(struct rte_vhost2_net_device *device, uint64_t features, const enum mode *modes)
{
	unsigned int i;

	memset(device, 0, sizeof(*device));
	rte_vhost2_net_device_reset(device, features | VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX));
	memcpy(device->mac, MINE, 6);
	device->filter.unicast.nr = 1;
	memcpy(device->filter.unicast.addr[0], LISTED, 6);
	for (i = 0; i < 2; i++) {
		device->filter.promisc |= modes[i] == PROMISC;
		device->filter.allmulti |= modes[i] == ALLMULTI;
		device->filter.alluni |= modes[i] == ALLUNI;
		device->filter.nomulti |= modes[i] == NOMULTI;
		device->filter.nouni |= modes[i] == NOUNI;
		device->filter.nobcast |= modes[i] == NOBCAST;
	}
}

static void
modes_decide_in_their_order(void **state)
{
	struct rte_vhost2_net_device device;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		device_make(&device, 0, rows[i].modes);
		if (rte_vhost2_net_accepts(&device, rows[i].to, 6) != rows[i].is_wanted)
			fail_msg("row %u", i);
	}
}

static void
a_table_that_overflowed_wants_all_of_its_kind(void **state)
{
	static const enum mode none[2];
	struct rte_vhost2_net_device device;

	(void)state;
	device_make(&device, 0, none);
	device.filter.unicast.overflow = true;
	assert_true(rte_vhost2_net_accepts(&device, OTHER, 6));
	assert_false(rte_vhost2_net_accepts(&device, GROUP, 6));
}

static void
tags_count_when_negotiated(void **state)
{
	static const enum mode none[2];
	uint8_t frame[18] = MINE "\2\0\0\0\0\x9\x81\0\xe1\x23";
	struct rte_vhost2_net_device device;

	(void)state;
	device_make(&device, 0, none);
	assert_true(rte_vhost2_net_accepts(&device, frame, sizeof(frame)));
	device_make(&device, VIRTIO_BIT(VIRTIO_NET_F_CTRL_VLAN), none);
	assert_false(rte_vhost2_net_accepts(&device, frame, sizeof(frame)));
	assert_true(rte_vhost2_net_accepts(&device, frame, 15));
	device.filter.vlan[0x123 / 64] |= 1ULL << 0x123 % 64;
	assert_true(rte_vhost2_net_accepts(&device, frame, sizeof(frame)));
	frame[12] = 8;
	frame[15]++;
	assert_true(rte_vhost2_net_accepts(&device, frame, sizeof(frame)));
	assert_true(rte_vhost2_net_accepts(&device, frame, 5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes_decide_in_their_order),
		cmocka_unit_test(a_table_that_overflowed_wants_all_of_its_kind),
		cmocka_unit_test(tags_count_when_negotiated),
	};

	return cmocka_run_group_tests_name("vhost2_net/filter", tests, NULL, NULL);
}
