/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* What transports share, see transport.h: who may come in, and when the last one has left. */

#include <errno.h>

#include "vhost2/log.h"
#include "vhost2/transport/transport.h"

static int
take_seat(struct transport_endpoint *endpoint)
{
	int rc = 0;

	pthread_mutex_lock(&endpoint->lock);
	if (endpoint->closing)
		rc = -ESHUTDOWN;
	else if (endpoint->max_devices != 0 && endpoint->nr_sessions >= endpoint->max_devices)
		rc = -ENOSPC;
	else
		endpoint->nr_sessions++;
	pthread_mutex_unlock(&endpoint->lock);
	return rc;
}

static void
give_seat(struct transport_endpoint *endpoint)
{
	pthread_mutex_lock(&endpoint->lock);
	endpoint->nr_sessions--;
	pthread_mutex_unlock(&endpoint->lock);
}

int
transport_enter(struct transport_endpoint *endpoint, struct session_link *link, struct session **session)
{
	struct rte_vhost2_tgt_stats *stats = endpoint->device->stats;
	int rc = take_seat(endpoint);

	if (rc == 0) {
		rc = session_create(endpoint->device, endpoint->loop, link, session);
		if (rc != 0)
			give_seat(endpoint);
	}
	if (rc != 0) {
		__atomic_fetch_add(&stats->refused, 1, __ATOMIC_RELAXED);
		vhost2_log(LOG_WARNING, "%s: front-end refused, error %d (at most %u devices)", endpoint->trid, -rc,
			endpoint->max_devices);
		return rc;
	}
	__atomic_fetch_add(&stats->connections, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&stats->devices, 1, __ATOMIC_RELAXED);
	LIST_INSERT_HEAD(&endpoint->sessions, *session, entry);
	return 0;
}

static void
check_done(struct transport_endpoint *endpoint)
{
	if (endpoint->closed && LIST_EMPTY(&endpoint->sessions))
		loop_post(endpoint->loop, &endpoint->done);
}

void
transport_leave(struct transport_endpoint *endpoint, struct session *session)
{
	LIST_REMOVE(session, entry);
	__atomic_fetch_sub(&endpoint->device->stats->devices, 1, __ATOMIC_RELAXED);
	give_seat(endpoint);
	check_done(endpoint);
}

bool
transport_shut(struct transport_endpoint *endpoint)
{
	bool first;

	pthread_mutex_lock(&endpoint->lock);
	first = !endpoint->closing;
	endpoint->closing = true;
	pthread_mutex_unlock(&endpoint->lock);
	return first;
}

void
transport_close(struct transport_endpoint *endpoint)
{
	struct session *session, *next;

	endpoint->transport->close(endpoint);
	for (session = LIST_FIRST(&endpoint->sessions); session != NULL; session = next) {
		next = LIST_NEXT(session, entry);
		session_end(session);
		session_pump(session);
	}
	endpoint->closed = true;
	check_done(endpoint);
}
