/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The life of the connection. Not here: the order of messages (start.c), sockets (backend/).
 *
 * Theory of operation
 *
 * One thread for a device, asleep but for events: its wake eventfd, and the back-end's event fd, which says that the
 * peer left or sent something (connected), or that somebody wants in (a server without a peer). A client without a
 * peer tries again by the clock.
 *
 * Whoever finds the peer unusable, in whatever verb, calls reconnect_lose_peer() and goes on as if nobody had ever
 * been there; the thread then disconnects, so that no fd is closed under another thread's poll, and connects anew.
 * A connection is never mended: a late answer would count for a later question. The handshake of the new one is
 * done without the lock, since a silent peer would keep every verb waiting; what follows holds it, and has what is
 * left of the same deadline.
 *
 * A new peer plays the whole start list. Ring positions that the old one did not give back are the driver's to say
 * (listener.resync). Data threads come in last.
 */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "vhost_user/deadline.h"
#include "virtio/feature.h"
#include "virtio/status.h"
#include "virtio-user/device.h"
#include "virtio-user/reconnect.h"
#include "virtio-user/start.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_LAST_MS 2000

/** poll(2): until something happens. */
#define POLL_FOREVER (-1)

#define NS_PER_MS UINT64_C(1000000)

void
reconnect_wake(struct virtio_user_device *device)
{
	const uint64_t one = 1;
	ssize_t written;

	/* Full means that it is readable already. */
	written = write(device->thread.wake, &one, sizeof(one));
	(void)written;
}

/* --- a peer goes --- */

void
reconnect_lose_peer(struct virtio_user_device *device, int rc)
{
	device_gate_close(device);
	__atomic_store_n(&device->is_connected, false, __ATOMIC_RELEASE);
	device->is_let_go = true;
	device->counts.disconnects++;
	device->last_error = rc;
	start_forget_peer(device);
	if (device->state == DEVICE_RUNNING)
		device->state = DEVICE_WAITING;
	reconnect_wake(device);
}

/* --- a peer comes --- */

/** Which devarg keeps a feature from being negotiated; what is not here is not optional. */
static const struct {
	uint64_t feature;
	const char *devarg;
} feature_devargs[] = {
	{VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF), "mrg_rxbuf=0"},
	{VIRTIO_BIT(VIRTIO_F_IN_ORDER), "in_order=0"},
};

static void
log_missing(const struct virtio_user_device *device, uint64_t missing)
{
	char names[256], devargs[64] = "";
	size_t i;

	virtio_features_text(missing, names, sizeof(names));
	for (i = 0; i < sizeof(feature_devargs) / sizeof(feature_devargs[0]); i++) {
		if ((missing & feature_devargs[i].feature) == 0)
			continue;
		strcat(devargs, devargs[0] == '\0' ? "" : ",");
		strcat(devargs, feature_devargs[i].devarg);
	}
	PORT_LOG(ERR, device->name, "new peer at %s lacks negotiated features (%s): link stays down; "
		 "give the peer these features, or start the port with %s", device->path, names,
		 devargs[0] == '\0' ? "it there first" : devargs);
}

static int
check_offer(struct virtio_user_device *device)
{
	uint64_t missing = device_missing_features(device);

	if (missing == 0)
		return 0;
	if (missing != device->refused)
		log_missing(device, missing);
	device->refused = missing;
	return -ENOTSUP;
}

/** Marks "too few queues" among the refused features: bit 63 is none. */
#define REFUSED_PAIRS (UINT64_C(1) << 63)

static int
check_pairs(struct virtio_user_device *device)
{
	uint32_t has = device->backend->caps.max_queue_pairs;

	if (device->config.queue_pairs <= has)
		return 0;
	if (device->refused != REFUSED_PAIRS)
		PORT_LOG(ERR, device->name, "queues=%u, but the peer at %s has %u queue pairs; "
			 "give the peer more, or the port fewer", device->config.queue_pairs, device->path, has);
	device->refused = REFUSED_PAIRS;
	return -EINVAL;
}

static int
negotiate_again(struct virtio_user_device *device)
{
	int rc;

	if ((device->status & VIRTIO_STATUS_FEATURES_OK) == 0)
		return 0;
	rc = check_offer(device);
	if (rc < 0)
		return rc;
	return start_negotiate(device);
}

int
reconnect_adopt(struct virtio_user_device *device)
{
	int rc;

	__atomic_store_n(&device->is_connected, true, __ATOMIC_RELEASE);
	rc = check_pairs(device);
	if (rc == 0)
		rc = start_tell_filter(device);
	if (rc == 0)
		rc = device->status == 0 ? device_refresh_offer(device) : negotiate_again(device);
	if (rc < 0) {
		__atomic_store_n(&device->is_connected, false, __ATOMIC_RELEASE);
		start_forget_peer(device);
		device->last_error = rc;
		return rc;
	}
	device->counts.connects++;
	device->last_error = 0;
	device->refused = 0;
	return 0;
}

void
reconnect_run(struct virtio_user_device *device)
{
	bool peer_lost, has_started;
	int rc;

	device->state = DEVICE_WAITING;
	rc = start_rings(device, &peer_lost);
	has_started = rc == 0;
	if (rc == 0)
		rc = device_gate_open(device, &peer_lost);
	if (rc == 0) {
		device->state = DEVICE_RUNNING;
		device->last_error = 0;
		return;
	}
	device->last_error = rc;
	/* Memory changed once more, in a way that wants the rings stopped: they are now, so again. */
	if (rc == -EBUSY)
		device_gate_memory_changed(device, false);
	if (!peer_lost && has_started) {
		rc = stop_rings(device);
		peer_lost = rc < 0;
	}
	if (peer_lost)
		reconnect_lose_peer(device, rc);
}

/** Without the lock; see "Theory of operation". */
static int
connect_peer(struct virtio_user_device *device)
{
	int rc;

	device_set_deadline(device);
	rc = device->backend->ops->connect(device->backend);
	if (rc < 0)
		return rc;
	device_lock(device);
	rc = reconnect_adopt(device);
	if (rc == 0) {
		PORT_LOG(INFO, device->name, "peer at %s connected", device->path);
		if (device->state == DEVICE_WAITING)
			reconnect_run(device);
	}
	device_unlock(device);
	if (rc < 0)
		device->backend->ops->disconnect(device->backend);
	return rc;
}

static void
back_off(struct virtio_user_device *device)
{
	/* A server is woken by whoever comes; the pause only keeps a bad guest from taking a core. */
	uint32_t last = device->config.server ? BACKOFF_FIRST_MS : BACKOFF_LAST_MS;

	device->thread.next_try = vhost_user_now() + device->thread.backoff_ms * NS_PER_MS;
	device->thread.backoff_ms *= 2;
	if (device->thread.backoff_ms > last)
		device->thread.backoff_ms = last;
}

static void
try_connect(struct virtio_user_device *device)
{
	int rc;

	if (device->is_let_go) {
		device->backend->ops->disconnect(device->backend);
		device->is_let_go = false;
	}
	if (vhost_user_now() < device->thread.next_try)
		return;
	rc = connect_peer(device);
	/* A peer that shakes hands and then cannot be started is lost again by now. */
	if (rc == 0 && __atomic_load_n(&device->is_connected, __ATOMIC_ACQUIRE)) {
		device->thread.backoff_ms = BACKOFF_FIRST_MS;
		device->thread.next_try = 0;
	} else if (rc != -EAGAIN || !device->config.server) {
		back_off(device);
	}
}

/* --- the thread --- */

static int
event_fd(const struct virtio_user_device *device)
{
	const struct backend_link_ops *link = device->backend->link;

	return link == NULL ? -1 : link->event_fd(device->backend);
}

/** When to look again if nothing happens. @return poll's milliseconds */
static int
poll_timeout(const struct virtio_user_device *device, bool is_connected)
{
	uint64_t now = vhost_user_now();

	if (is_connected)
		return POLL_FOREVER;
	if (device->thread.next_try > now)
		return (int)((device->thread.next_try - now) / NS_PER_MS) + 1;
	return device->config.server ? POLL_FOREVER : 0;
}

/** Sleep until there is something to do. @return whether the back-end's event fd showed anything */
static bool
wait_event(struct virtio_user_device *device)
{
	bool is_connected = __atomic_load_n(&device->is_connected, __ATOMIC_ACQUIRE);
	int timeout = poll_timeout(device, is_connected);
	struct pollfd fds[2] = {
		{.fd = device->thread.wake, .events = POLLIN},
		{.fd = -1, .events = POLLIN},
	};
	uint64_t count;
	ssize_t got;

	/* While a server backs off, whoever waits at its door would end every sleep at once. */
	if (is_connected || timeout == POLL_FOREVER)
		fds[1].fd = event_fd(device);
	if (poll(fds, 2, timeout) < 0)
		return false;
	got = read(device->thread.wake, &count, sizeof(count));
	(void)got;
	return fds[1].revents != 0;
}

/** Memory changed: tell the peer, then open the gate that the change closed. */
static void
follow_memory(struct virtio_user_device *device)
{
	bool peer_lost, must_stop;
	int rc;

	if (!device->is_connected || !device_gate_is_dirty(device))
		return;
	if (device->state == DEVICE_WAITING) {
		reconnect_run(device);
		return;
	}
	if (device->state != DEVICE_RUNNING)
		return;
	rc = device_gate_open(device, &peer_lost);
	if (rc == 0)
		return;
	device->last_error = rc;
	must_stop = rc == -EBUSY;
	if (!peer_lost) {
		device->state = DEVICE_WAITING;
		rc = stop_rings(device);
		peer_lost = rc < 0;
	}
	if (peer_lost)
		reconnect_lose_peer(device, rc);
	else if (must_stop)
		reconnect_run(device);
}

static void
check_peer(struct virtio_user_device *device)
{
	int rc;

	if (!device->is_connected || device->backend->link == NULL)
		return;
	rc = device->backend->link->check(device->backend);
	if (rc < 0) {
		reconnect_lose_peer(device, rc);
	} else if (rc > 0) {
		device_follow_peer(device);
		device->thread.is_config_news = true;
	}
}

static void
turn(struct virtio_user_device *device, bool has_event)
{
	device_enter(device);
	if (has_event)
		check_peer(device);
	follow_memory(device);
	device_unlock(device);
	if (!__atomic_load_n(&device->is_connected, __ATOMIC_ACQUIRE))
		try_connect(device);
}

static void
tell_link(struct virtio_user_device *device)
{
	const struct virtio_user_listener *listener = &device->config.listener;
	bool is_up = virtio_user_link_is_up(device);

	if (is_up == device->thread.is_link_told)
		return;
	device->thread.is_link_told = is_up;
	if (listener->link_changed != NULL)
		listener->link_changed(listener->ctx, is_up);
}

static void
tell_config(struct virtio_user_device *device)
{
	const struct virtio_user_listener *listener = &device->config.listener;

	if (!device->thread.is_config_news)
		return;
	device->thread.is_config_news = false;
	if (listener->config_changed != NULL)
		listener->config_changed(listener->ctx);
}

static bool
must_stop(struct virtio_user_device *device)
{
	return __atomic_load_n(&device->thread.must_stop, __ATOMIC_ACQUIRE);
}

static control_thread_ret_t
thread_main(void *arg)
{
	struct virtio_user_device *device = arg;
	bool has_event;

	device->thread.self = pthread_self();
	__atomic_store_n(&device->thread.is_running, true, __ATOMIC_RELEASE);
	tell_link(device);
	while (!must_stop(device)) {
		has_event = wait_event(device);
		if (must_stop(device))
			break;
		turn(device, has_event);
		tell_config(device);
		if (!must_stop(device))
			tell_link(device);
	}
	if (device->thread.must_free)
		device_free(device);
	return CONTROL_THREAD_RET;
}

int
reconnect_start(struct virtio_user_device *device, const struct device_parts *parts)
{
	int rc;

	device->thread.backoff_ms = BACKOFF_FIRST_MS;
	rc = parts->thread_create(&device->thread.id, "virtio-user", thread_main, device);
	if (rc != 0) {
		PORT_LOG(ERR, device->name, "cannot create the control thread: %s", strerror(abs(rc)));
		return -abs(rc);
	}
	device->thread.is_created = true;
	return 0;
}

bool
reconnect_stop(struct virtio_user_device *device)
{
	if (!device->thread.is_created)
		return true;
	__atomic_store_n(&device->thread.must_stop, true, __ATOMIC_RELEASE);
	if (__atomic_load_n(&device->thread.is_running, __ATOMIC_ACQUIRE) &&
	    pthread_equal(device->thread.self, pthread_self())) {
		device->thread.must_free = true;
		pthread_detach(pthread_self());
		return false;
	}
	reconnect_wake(device);
	control_thread_join(device->thread.id);
	device->thread.is_created = false;
	return true;
}
