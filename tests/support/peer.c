/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The peer's thread, its connection, and the interface; see peer.h.
 */

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "virtio/net.h"

#include "peer_private.h"

/* Empty rounds before the thread sleeps, and how long it does. */
#define IDLE_ROUNDS 200
#define IDLE_NS 50000
/* After a message the next one is due soon: a thread that sleeps for it gets a CPU at once. */
#define NEXT_MESSAGE_NS 1000000
/* Between two attempts to connect. */
#define RETRY_MS 20
/* Longest sleep of a peer that waits for kicks: longer than any test, so that it fails if one never comes. */
#define NAP_MS 20000

const uint64_t PEER_FEATURES = VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_IN_ORDER) |
	VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC) |
	VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) | VIRTIO_BIT(VIRTIO_NET_F_MQ) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ) |
	VIRTIO_BIT(VIRTIO_NET_F_STATUS) | VIRTIO_BIT(VHOST_USER_F_PROTOCOL_FEATURES);

const uint64_t PEER_PROTOCOL = VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_MQ) |
	VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) |
	VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_STATUS) |
	VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_NET_MTU) |
	VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS);

void
peer_violation(struct peer *peer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (peer->info.violations++ == 0)
		vsnprintf(peer->info.violation, sizeof(peer->info.violation), format, args);
	va_end(args);
}

void
peer_disconnect(struct peer *peer)
{
	vhost_user_channel_close(&peer->channel);
	peer_regions_clear(peer);
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++)
		peer_ring_reset(&peer->rings[i]);
	memset(&peer->negotiated, 0, sizeof(peer->negotiated));
	peer->mute = false;
	peer->starving = false;
	peer->info.features = 0;
	peer->info.protocol = 0;
	peer->info.status = 0;
	peer->info.mtu = 0;
}

/** What a round of the thread found. */
struct round {
	bool is_connected;
	bool had_message;
	bool had_packets;
	int fd; /**< of the connection, for waiting alone */
};

static bool
is_connected(const struct peer *peer)
{
	return peer->channel.fd >= 0;
}

static void
take_connection(struct peer *peer, int fd)
{
	vhost_user_channel_init(&peer->channel, fd, VHOST_USER_TO_BACKEND);
	peer->negotiated.max_vrings = 2u * peer->config.queue_pairs;
	peer->message = 0;
	peer->info.connections++;
}

static void
look_for_front_end(struct peer *peer)
{
	int fd;

	if (peer->away)
		return;
	if (peer->config.connects)
		fd = vhost_user_socket_connect(peer->path, vhost_user_now(), NULL);
	else
		fd = vhost_user_socket_accept(&peer->listener);
	if (fd >= 0)
		take_connection(peer, fd);
}

/* @return true: there was a message */
static bool
look_at_socket(struct peer *peer)
{
	struct vhost_user_message message;
	int rc;

	if (peer->mute)
		return false;
	rc = vhost_user_channel_receive_some(&peer->channel, &message);
	if (rc == -EAGAIN)
		return false;
	if (rc == 1)
		rc = peer_handle(peer, &message);
	if (rc < 0)
		peer_disconnect(peer);
	return true;
}

/* A front-end that left shows only when the socket is read, which a mute peer does not do. */
static void
look_for_hang_up(struct peer *peer)
{
	struct pollfd pfd = {.fd = peer->channel.fd, .events = POLLRDHUP};

	if (peer->mute && poll(&pfd, 1, 0) == 1 && (pfd.revents & (POLLHUP | POLLRDHUP)))
		peer_disconnect(peer);
}

static void
round_of(struct peer *peer, struct round *round)
{
	round->is_connected = is_connected(peer);
	round->had_message = round->had_packets = false;
	if (!is_connected(peer)) {
		look_for_front_end(peer);
		return;
	}
	round->had_message = look_at_socket(peer);
	if (is_connected(peer))
		look_for_hang_up(peer);
	if (is_connected(peer) && !peer->mute)
		peer_rings_start(peer);
	if (is_connected(peer) && !peer->held)
		round->had_packets = peer_rings_poll(peer);
	round->fd = peer->channel.fd;
}

/* What the thread sleeps for may have changed. */
static void
wake(struct peer *peer)
{
	const uint64_t one = 1;

	(void)!write(peer->wake_fd, &one, sizeof(one));
}

/* With the lock: without it a descriptor number may be another file's already. */
static void
take_kicks(struct peer *peer)
{
	uint64_t count;

	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++) {
		struct pollfd pfd = {.fd = peer->rings[i].kick_fd, .events = POLLIN};

		if (peer->rings[i].started && pfd.fd >= 0 && poll(&pfd, 1, 0) == 1 &&
				read(pfd.fd, &count, sizeof(count)) == sizeof(count))
			peer->info.kicks += count;
	}
}

static void
take_wakes(struct peer *peer)
{
	uint64_t count;

	pthread_mutex_lock(&peer->lock);
	(void)!read(peer->wake_fd, &count, sizeof(count));
	take_kicks(peer);
	pthread_mutex_unlock(&peer->lock);
}

/* Sleep until the socket or a kick wakes us. */
static void
nap_until_kicked(struct peer *peer)
{
	struct pollfd pfds[2 + PEER_MAX_RINGS];
	bool is_busy;
	nfds_t nr = 0;

	pthread_mutex_lock(&peer->lock);
	is_busy = is_connected(peer) && peer_rings_ask_kicks(peer);
	pfds[nr++] = (struct pollfd){.fd = peer->wake_fd, .events = POLLIN};
	pfds[nr++] = (struct pollfd){.fd = peer->channel.fd, .events = POLLIN};
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++)
		if (peer->rings[i].kick_fd >= 0)
			pfds[nr++] = (struct pollfd){.fd = peer->rings[i].kick_fd,
				.events = POLLIN};
	pthread_mutex_unlock(&peer->lock);
	if (poll(pfds, nr, is_busy ? 0 : NAP_MS) > 0)
		take_wakes(peer);
}

static void
nap_until_message(int fd, long ns)
{
	const struct timespec time = {.tv_nsec = ns};
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	ppoll(&pfd, 1, &time, NULL);
}

static void
rest(struct peer *peer, const struct round *round, unsigned int idle)
{
	if (!round->is_connected && peer->config.connects)
		usleep(RETRY_MS * 1000);
	else if (!round->is_connected)
		nap_until_message(peer->listener.fd, NEXT_MESSAGE_NS);
	else if (round->had_message)
		nap_until_message(round->fd, NEXT_MESSAGE_NS);
	else if (peer->config.wants_kicks)
		nap_until_kicked(peer);
	else if (idle > IDLE_ROUNDS)
		/* What a mute peer does not read must not keep it awake. */
		nap_until_message(peer->mute ? -1 : round->fd, IDLE_NS);
	else
		sched_yield();
}

static void *
run(void *arg)
{
	struct peer *peer = arg;
	struct round round = {.fd = -1};
	unsigned int idle = 0;
	bool ending;

	do {
		pthread_mutex_lock(&peer->lock);
		round_of(peer, &round);
		ending = peer->ending;
		pthread_mutex_unlock(&peer->lock);
		idle = round.had_packets ? 0 : idle + 1;
		rest(peer, &round, idle);
	} while (!ending);
	return NULL;
}

static void
set_defaults(struct peer_config *config)
{
	static const uint8_t no_mac[6];

	if (config->features == 0)
		config->features = PEER_FEATURES;
	if (config->mtu != 0)
		config->features |= VIRTIO_BIT(VIRTIO_NET_F_MTU);
	if (memcmp(config->mac, no_mac, sizeof(no_mac)) != 0)
		config->features |= VIRTIO_BIT(VIRTIO_NET_F_MAC);
	config->features &= ~config->without;
	if (config->protocol == 0)
		config->protocol = PEER_PROTOCOL;
	if (config->mtu != 0 || (config->features & VIRTIO_BIT(VIRTIO_NET_F_MAC)))
		config->protocol |= VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_CONFIG);
	config->protocol &= ~config->without_protocol;
	if (config->queue_pairs == 0)
		config->queue_pairs = 1;
	if (config->mem_slots == 0)
		config->mem_slots = 32;
}

int
peer_start(const struct peer_config *config, struct peer **out)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int rc = 0;

	if (peer == NULL)
		return -ENOMEM;
	peer->config = *config;
	set_defaults(&peer->config);
	snprintf(peer->path, sizeof(peer->path), "%s", config->path);
	pthread_mutex_init(&peer->lock, NULL);
	peer->channel.fd = -1;
	peer->listener.fd = -1;
	peer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	peer->random = UINT64_C(0x9e3779b97f4a7c15);
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++)
		peer->rings[i].kick_fd = peer->rings[i].call_fd = -1;
	if (peer->wake_fd < 0)
		rc = -errno;
	if (rc == 0 && !config->connects)
		rc = vhost_user_socket_listen(&peer->listener, peer->path, NULL);
	if (rc == 0)
		rc = -pthread_create(&peer->thread, NULL, run, peer);
	if (rc < 0) {
		vhost_user_socket_unlisten(&peer->listener);
		if (peer->wake_fd >= 0)
			close(peer->wake_fd);
		free(peer);
		return rc;
	}
	*out = peer;
	return 0;
}

void
peer_stop(struct peer *peer)
{
	if (peer == NULL)
		return;
	pthread_mutex_lock(&peer->lock);
	peer->ending = true;
	wake(peer);
	pthread_mutex_unlock(&peer->lock);
	pthread_join(peer->thread, NULL);
	peer_disconnect(peer);
	close(peer->wake_fd);
	vhost_user_socket_unlisten(&peer->listener);
	pthread_mutex_destroy(&peer->lock);
	free(peer);
}

void
peer_leave(struct peer *peer)
{
	pthread_mutex_lock(&peer->lock);
	peer->away = true;
	peer_disconnect(peer);
	vhost_user_socket_unlisten(&peer->listener);
	wake(peer);
	pthread_mutex_unlock(&peer->lock);
}

void
peer_come_back(struct peer *peer)
{
	pthread_mutex_lock(&peer->lock);
	if (peer->away && !peer->config.connects)
		vhost_user_socket_listen(&peer->listener, peer->path, NULL);
	peer->away = false;
	pthread_mutex_unlock(&peer->lock);
}

void
peer_set_fault(struct peer *peer, const struct peer_fault *fault)
{
	pthread_mutex_lock(&peer->lock);
	peer->config.fault = *fault;
	peer->struck = 0;
	peer->starving = false;
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++)
		peer->rings[i].elements = 0;
	wake(peer);
	pthread_mutex_unlock(&peer->lock);
}

void
peer_hold(struct peer *peer, bool hold)
{
	pthread_mutex_lock(&peer->lock);
	peer->held = hold;
	wake(peer);
	pthread_mutex_unlock(&peer->lock);
}

int
peer_send_raw(struct peer *peer, const void *data, size_t len)
{
	int rc = -ENOTCONN;

	pthread_mutex_lock(&peer->lock);
	if (is_connected(peer) && send(peer->channel.fd, data, len, MSG_NOSIGNAL) == (ssize_t)len)
		rc = 0;
	pthread_mutex_unlock(&peer->lock);
	return rc;
}

void
peer_get_info(struct peer *peer, struct peer_info *info)
{
	pthread_mutex_lock(&peer->lock);
	take_kicks(peer);
	*info = peer->info;
	info->connected = is_connected(peer);
	info->regions = peer->nr_regions;
	info->rings_started = 0;
	info->rings_enabled = 0;
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++) {
		info->rings_started += peer->rings[i].started;
		info->rings_enabled += peer->rings[i].started && peer->rings[i].enabled;
		info->wraps[i] = peer->rings[i].wraps;
	}
	pthread_mutex_unlock(&peer->lock);
}

uint32_t
peer_get_events(struct peer *peer, struct peer_event *events, uint32_t room)
{
	uint32_t nr;

	pthread_mutex_lock(&peer->lock);
	nr = peer->info.events < PEER_MAX_EVENTS ? peer->info.events : PEER_MAX_EVENTS;
	if (events != NULL)
		memcpy(events, peer->events, sizeof(*events) * (nr < room ? nr : room));
	pthread_mutex_unlock(&peer->lock);
	return nr;
}

/* FNV-1a */
static uint64_t
hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

uint64_t
peer_hash_rings(struct peer *peer)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	pthread_mutex_lock(&peer->lock);
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++) {
		const struct vring_area *area = &peer->rings[i].area;

		if (!peer->rings[i].mapped)
			continue;
		hash = hash_bytes(hash, area->desc, vring_desc_bytes(area->format, area->size));
		hash = hash_bytes(hash, area->driver, vring_driver_bytes(area->format, area->size));
		hash = hash_bytes(hash, area->device, vring_device_bytes(area->format, area->size));
	}
	pthread_mutex_unlock(&peer->lock);
	return hash;
}

int
peer_wait_started(struct peer *peer, uint32_t count, uint32_t timeout_ms)
{
	const uint64_t deadline = vhost_user_deadline_after_ms(timeout_ms);
	struct peer_info info;

	for (;;) {
		peer_get_info(peer, &info);
		if (info.rings_started == count)
			return 0;
		if (vhost_user_pause(1, deadline) < 0)
			return -ETIMEDOUT;
	}
}

int
peer_wait_connected(struct peer *peer, bool connected, uint32_t timeout_ms)
{
	const uint64_t deadline = vhost_user_deadline_after_ms(timeout_ms);
	struct peer_info info;

	for (;;) {
		peer_get_info(peer, &info);
		if (info.connected == connected)
			return 0;
		if (vhost_user_pause(1, deadline) < 0)
			return -ETIMEDOUT;
	}
}
