/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* transport.c: who may come in, counted, and when a target that closes is done. */

#include "rig.h"

#include "vhost2/transport/transport.h"

static int done, hung_up, gone;

static bool
no_next(struct session_link *link)
{
	(void)link;
	return false;
}

static void
no_done(struct session_link *link, int rc)
{
	(void)link;
	(void)rc;
}

static void
on_hangup(struct session_link *link)
{
	(void)link;
	hung_up++;
}

static struct transport_endpoint endpoint;
static struct session *sessions[3];

static void
on_gone(struct session_link *link)
{
	(void)link;
	transport_leave(&endpoint, sessions[gone++]);
}

static void
on_done(struct loop_task *task)
{
	(void)task;
	done++;
}

static void
no_close(struct transport_endpoint *closing)
{
	(void)closing;
}

static const struct session_link_ops link_ops = {
	.next = no_next, .done = no_done, .hangup = on_hangup, .gone = on_gone
};

static void
seats_are_counted_and_the_last_one_turns_off_the_light(void **state)
{
	const struct transport transport = { .name = "none", .close = no_close };
	struct rte_vhost2_tgt_stats stats = { 0 };
	const struct session_device device = { .ops = { .nr_queues = 1, .queue_size_max = 256 }, .name = "x",
		.stats = &stats };
	struct session_link links[3] = { { &link_ops }, { &link_ops }, { &link_ops } };

	(void)state;
	endpoint = (struct transport_endpoint){ .transport = &transport, .device = &device, .loop = rig.loop,
		.trid = "x", .max_devices = 2, .done = { .run = on_done } };
	pthread_mutex_init(&endpoint.lock, NULL);
	done = hung_up = gone = 0;
	assert_int_equal(transport_enter(&endpoint, &links[0], &sessions[1]), 0);
	assert_int_equal(transport_enter(&endpoint, &links[1], &sessions[0]), 0);
	assert_int_equal(transport_enter(&endpoint, &links[2], &sessions[2]), -ENOSPC);
	assert_int_equal(stats.connections, 2);
	assert_int_equal(stats.devices, 2);
	assert_int_equal(stats.refused, 1);
	assert_true(transport_shut(&endpoint));
	assert_false(transport_shut(&endpoint));
	assert_int_equal(transport_enter(&endpoint, &links[2], &sessions[2]), -ESHUTDOWN);
	transport_close(&endpoint);
	assert_int_equal(hung_up, 2);
	assert_int_equal(gone, 2);
	assert_int_equal(stats.devices, 0);
	assert_int_equal(done, 0);
	settle();
	assert_int_equal(done, 1);
	pthread_mutex_destroy(&endpoint.lock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(seats_are_counted_and_the_last_one_turns_off_the_light),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
