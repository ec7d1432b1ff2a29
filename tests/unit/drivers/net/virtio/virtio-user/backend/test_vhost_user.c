/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the dialect says to a peer, and what it makes of answers: wire order, gates, round trips, bad answers of every
 * kind to every message.
 *
 * vhost-user: "the ring starts directly in the enabled state."
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend_fixture.h"
#include "vhost_user/deadline.h"
#include "virtio/feature.h"

static struct vring_desc ring[8];

/** Everything that a peer hears from connect to stop, in one budget. @return the first error */
static int
drive(void)
{
	const struct vring_area area = {VRING_SPLIT, 8, ring, ring, ring};
	struct memory_region region = {.va = 0x10000, .size = 0x1000};
	const struct memory_table table = {.regions = &region, .nr = 1, .room = 1};
	const struct backend_ops *ops = backend->ops;
	struct virtio_net_config space;
	uint8_t status = 0;
	uint32_t base;
	int rc;

	region.fd = peer.wake[0];
	set_deadline();
	rc = ops->connect(backend);
	rc = rc < 0 ? rc : ops->set_status(backend, 3);
	rc = rc < 0 ? rc : ops->set_vring_call(backend, 0, peer.wake[0]);
	rc = rc < 0 ? rc : ops->set_features(backend, VIRTIO_BIT(VIRTIO_F_VERSION_1));
	rc = rc < 0 ? rc : ops->set_status(backend, 11);
	rc = rc < 0 ? rc : ops->get_status(backend, &status);
	rc = rc < 0 ? rc : backend->config->get_config(backend, 0, &space, sizeof(space));
	rc = rc < 0 ? rc : backend->mtu->set_mtu(backend, 1500);
	rc = rc < 0 ? rc : ops->set_mem_table(backend, &table);
	rc = rc < 0 ? rc : ops->set_vring_num(backend, 0, 8);
	rc = rc < 0 ? rc : ops->set_vring_base(backend, 0, 0);
	rc = rc < 0 ? rc : ops->set_vring_addr(backend, 0, &area);
	rc = rc < 0 ? rc : ops->set_vring_kick(backend, 0, peer.wake[0]);
	rc = rc < 0 ? rc : ops->set_vring_enable(backend, 0, true);
	rc = rc < 0 ? rc : ops->get_vring_base(backend, 0, &base);
	return rc;
}

#define DRIVEN "GET_FEATURES GET_PROTOCOL_FEATURES SET_PROTOCOL_FEATURES GET_QUEUE_NUM SET_OWNER " \
	"SET_STATUS SET_VRING_CALL SET_FEATURES SET_STATUS GET_STATUS GET_CONFIG NET_SET_MTU SET_MEM_TABLE " \
	"SET_VRING_NUM SET_VRING_BASE SET_VRING_ADDR SET_VRING_KICK SET_VRING_ENABLE GET_VRING_BASE"
#define DRIVEN_MESSAGES 19

static void
an_honest_peer_hears_every_verb_once(void **state)
{
	(void)state;
	peer_start(&peer);
	assert_int_equal(open_backend(false), 0);
	assert_int_equal(drive(), 0);
	close_backend();
	peer_stop(&peer);
	assert_string_equal(peer.log, DRIVEN);
	assert_int_equal(peer.messages, DRIVEN_MESSAGES);
	assert_int_equal(peer.features_acked, BIT30 | VIRTIO_BIT(VIRTIO_F_VERSION_1));
	assert_int_equal(peer.fds, 3);
}

/** One bad deed at one message. Whatever happens, it ends in time, leaks nothing and leaves a usable back-end. */
static void
suffer(enum misdeed misdeed, unsigned int at)
{
	unsigned int fds;
	uint64_t before;
	int rc;

	memset(peer.log, 0, sizeof(peer.log));
	peer.messages = 0;
	peer.misdeed = misdeed;
	peer.at = at;
	fds = peer_count_fds();
	peer_start(&peer);
	assert_int_equal(open_backend(false), 0);
	before = vhost_user_now();
	rc = drive();
	assert_true(vhost_user_now() - before < (DEADLINE_MS + 400) * UINT64_C(1000000));
	if (rc == 0 && misdeed == PEER_CLOSES) {
		/* It closed after the last message that wanted an answer: seen at the latest by a look. */
		usleep(2000);
		rc = backend->link->check(backend);
	}
	close_backend();
	peer_stop(&peer);
	if (rc == 0 && (peer.was_answer_due || misdeed == PEER_CLOSES))
		fail_msg("misdeed %u at message %u of %s passed", misdeed, at, peer.log);
	assert_int_equal(peer_count_fds(), fds);
}

static void
every_misdeed_at_every_message_is_an_error_in_time(void **state)
{
	unsigned int misdeed, at;

	(void)state;
	for (misdeed = PEER_HONEST + 1; misdeed < PEER_MISDEEDS; misdeed++) {
		for (at = 1; at <= DRIVEN_MESSAGES; at++) {
			/* A number that is not 0 is a refusal in an ack alone; elsewhere it is an answer. */
			if (misdeed == PEER_NACKS)
				continue;
			suffer(misdeed, at);
		}
	}
}

static void
a_refusal_leaves_the_connection_sound(void **state)
{
	uint8_t status;

	(void)state;
	peer.misdeed = PEER_NACKS;
	peer.at = 6;
	peer_start(&peer);
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->ops->set_features(backend, 0), -EREMOTEIO);
	assert_int_equal(backend->ops->get_status(backend, &status), 0);
	close_backend();
	peer_stop(&peer);
}

static void
an_old_peer_gets_no_enable_and_a_question_behind_its_memory_table(void **state)
{
	struct memory_region region = {.va = 0x10000, .size = 0x1000};
	const struct memory_table table = {.regions = &region, .nr = 1, .room = 1};
	uint8_t status;

	(void)state;
	peer.features = VIRTIO_BIT(VIRTIO_F_VERSION_1);
	peer_start(&peer);
	region.fd = peer.wake[0];
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->ops->set_features(backend, VIRTIO_BIT(VIRTIO_F_VERSION_1)), 0);
	assert_int_equal(backend->ops->set_mem_table(backend, &table), 0);
	assert_int_equal(backend->ops->set_vring_enable(backend, 0, true), 0);
	assert_int_equal(backend->ops->set_status(backend, 1), -ENOTSUP);
	assert_int_equal(backend->ops->get_status(backend, &status), -ENOTSUP);
	close_backend();
	peer_stop(&peer);
	assert_string_equal(peer.log, "GET_FEATURES SET_OWNER SET_FEATURES SET_MEM_TABLE GET_FEATURES");
	assert_int_equal(peer.features_acked, VIRTIO_BIT(VIRTIO_F_VERSION_1));
}

static void
a_ring_position_beyond_16_bits_is_refused(void **state)
{
	uint32_t base;

	(void)state;
	peer.base = 0x10000;
	peer_start(&peer);
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->ops->get_vring_base(backend, 0, &base), -EPROTO);
	close_backend();
	peer_stop(&peer);
}

static void
more_regions_than_a_message_holds_are_not_sent(void **state)
{
	struct memory_region regions[9];
	const struct memory_table table = {.regions = regions, .nr = 9, .room = 9};

	(void)state;
	memset(regions, 0, sizeof(regions));
	peer_start(&peer);
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->ops->set_mem_table(backend, &table), -E2BIG);
	close_backend();
	peer_stop(&peer);
	assert_null(strstr(peer.log, "SET_MEM_TABLE"));
}

static void
slots_are_filled_and_emptied_one_by_one(void **state)
{
	struct memory_region region = {.va = 0x10000, .size = 0x1000};

	(void)state;
	peer.protocol |= P(CONFIGURE_MEM_SLOTS);
	peer.slots = 32;
	peer_start(&peer);
	region.fd = peer.wake[0];
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->slots->add_region(backend, &region), 0);
	assert_int_equal(backend->slots->remove_region(backend, &region), 0);
	close_backend();
	peer_stop(&peer);
	assert_non_null(strstr(peer.log, "SET_OWNER ADD_MEM_REG REM_MEM_REG"));
	assert_int_equal(peer.fds, 1);
}

static void
configuration_is_read_within_one_message(void **state)
{
	uint8_t bytes[VHOST_USER_MAX_CONFIG + 1];

	(void)state;
	peer_start(&peer);
	assert_int_equal(connect_backend(), 0);
	assert_int_equal(backend->config->get_config(backend, 0, bytes, sizeof(bytes)), -EINVAL);
	assert_int_equal(backend->config->get_config(backend, 250, bytes, 7), -EINVAL);
	assert_int_equal(backend->config->get_config(backend, 0, bytes, 0), -EINVAL);
	assert_int_equal(backend->config->get_config(backend, 6, bytes, 2), 0);
	assert_int_equal(bytes[0], 0x42);
	assert_int_equal(backend->config->set_config(backend, 0, bytes, 6), 0);
	close_backend();
	peer_stop(&peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_honest_peer_hears_every_verb_once),
		TEST(every_misdeed_at_every_message_is_an_error_in_time),
		TEST(a_refusal_leaves_the_connection_sound),
		TEST(an_old_peer_gets_no_enable_and_a_question_behind_its_memory_table),
		TEST(a_ring_position_beyond_16_bits_is_refused),
		TEST(more_regions_than_a_message_holds_are_not_sent),
		TEST(slots_are_filled_and_emptied_one_by_one),
		TEST(configuration_is_read_within_one_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
