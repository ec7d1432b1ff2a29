/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Every way in which the peer leaves the honest course. Each function is asked at one place and
 * does nothing unless the fault of that place is set and due.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "virtio/vring_split.h"

#include "peer_private.h"

/* Long enough for what a healthy front-end reads anyway. */
#define SEND_DEADLINE_MS 1000
/* Random stores into each ring a round. */
#define SCRIBBLES 64
/* For a poller to see half an index. */
#define TORN_US 20000

static void
strike(struct peer *peer)
{
	peer->struck++;
	peer->info.faults++;
}

/* Whether a fault of the given kind is set for `request` and has not struck often enough. */
static bool
is_due(const struct peer *peer, enum peer_fault_kind kind, uint32_t request)
{
	const struct peer_fault *fault = &peer->config.fault;

	return fault->kind == kind && fault->request == request &&
		(fault->times == 0 || peer->struck < fault->times);
}

static bool
is_due_in_ring(const struct peer *peer, enum peer_fault_kind kind, const struct peer_ring *ring)
{
	return is_due(peer, kind, ring->addr.index) && ring->elements >= peer->config.fault.at;
}

bool
peer_fault_on_message(struct peer *peer, const struct vhost_user_message *request)
{
	const struct peer_fault *fault = &peer->config.fault;
	const uint32_t number = peer->message++;

	if (fault->kind == PEER_CLOSE_AFTER && number == fault->at) {
		strike(peer);
		peer_disconnect(peer);
		return true;
	}
	if (fault->kind == PEER_SILENT_FROM && number >= fault->at) {
		strike(peer);
		peer->mute = true;
		return true;
	}
	if (is_due(peer, PEER_SILENT_ON, request->header.request)) {
		strike(peer);
		return true;
	}
	return false;
}

bool
peer_fault_refuses(struct peer *peer, const struct vhost_user_message *request)
{
	if (!is_due(peer, PEER_NACK, request->header.request))
		return false;
	strike(peer);
	return true;
}

/* Send bytes as they are, with descriptors or without. */
static int
send_bytes(struct peer *peer, void *data, size_t len, const int *fds, unsigned int nr_fds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * VHOST_USER_MAX_FDS)];
	} control;
	struct iovec iov = {.iov_base = data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (nr_fds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nr_fds);
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int) * nr_fds);
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, sizeof(int) * nr_fds);
	}
	return sendmsg(peer->channel.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* A reply as bytes, its header changed already; `len` of them, zeros behind its end. */
static int
send_cut(struct peer *peer, const struct vhost_user_message *reply, size_t len)
{
	static uint8_t bytes[VHOST_USER_HEADER_SIZE + VHOST_USER_MAX_PAYLOAD + 256];

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, &reply->header, VHOST_USER_HEADER_SIZE);
	memcpy(bytes + VHOST_USER_HEADER_SIZE, &reply->payload, sizeof(reply->payload));
	return send_bytes(peer, bytes, len < sizeof(bytes) ? len : sizeof(bytes), NULL, 0);
}

static int
reply_with_size(struct peer *peer, struct vhost_user_message *reply)
{
	reply->header.size = (uint32_t)peer->config.fault.value;
	return send_cut(peer, reply, VHOST_USER_HEADER_SIZE + reply->header.size);
}

static int
reply_with_id(struct peer *peer, struct vhost_user_message *reply)
{
	reply->header.request++;
	return send_cut(peer, reply, VHOST_USER_HEADER_SIZE + reply->header.size);
}

static int
reply_with_flags(struct peer *peer, struct vhost_user_message *reply)
{
	reply->header.flags = (uint32_t)peer->config.fault.value;
	return send_cut(peer, reply, VHOST_USER_HEADER_SIZE + reply->header.size);
}

static int
reply_by_half(struct peer *peer, struct vhost_user_message *reply)
{
	peer->mute = true;
	return send_cut(peer, reply, peer->config.fault.value);
}

static int
reply_with_fds(struct peer *peer, struct vhost_user_message *reply)
{
	const unsigned int nr = (unsigned int)peer->config.fault.value;
	int fds[VHOST_USER_MAX_FDS];

	for (unsigned int i = 0; i < nr && i < VHOST_USER_MAX_FDS; i++)
		fds[i] = peer->channel.fd;
	return send_bytes(peer, &reply->header, VHOST_USER_HEADER_SIZE, fds, nr) < 0 ? -errno :
		send_bytes(peer, &reply->payload, reply->header.size, NULL, 0);
}

static int
reply_with_trailing(struct peer *peer, struct vhost_user_message *reply)
{
	return send_cut(peer, reply, VHOST_USER_HEADER_SIZE + reply->header.size +
			peer->config.fault.value);
}

static int
reply_with_value(struct peer *peer, struct vhost_user_message *reply)
{
	reply->payload.u64 = peer->config.fault.value;
	return send_cut(peer, reply, VHOST_USER_HEADER_SIZE + reply->header.size);
}

static int (*const spoilers[])(struct peer *peer, struct vhost_user_message *reply) = {
	[PEER_REPLY_SIZE] = reply_with_size,
	[PEER_REPLY_ID] = reply_with_id,
	[PEER_REPLY_FLAGS] = reply_with_flags,
	[PEER_REPLY_HALF] = reply_by_half,
	[PEER_REPLY_FDS] = reply_with_fds,
	[PEER_REPLY_TRAILING] = reply_with_trailing,
	[PEER_REPLY_VALUE] = reply_with_value,
};

int
peer_fault_reply(struct peer *peer, const struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	const enum peer_fault_kind kind = peer->config.fault.kind;

	if (kind < sizeof(spoilers) / sizeof(spoilers[0]) && spoilers[kind] != NULL &&
			is_due(peer, kind, request->header.request)) {
		strike(peer);
		return spoilers[kind](peer, reply);
	}
	return vhost_user_channel_send(&peer->channel, reply,
			vhost_user_deadline_after_ms(SEND_DEADLINE_MS));
}

void
peer_fault_config(struct peer *peer, void *space)
{
	const uint16_t value = (uint16_t)peer->config.fault.value;

	if (peer->config.fault.kind != PEER_CONFIG_WORD)
		return;
	strike(peer);
	memcpy((uint8_t *)space + peer->config.fault.at, &value, sizeof(value));
}

void
peer_fault_used(struct peer *peer, const struct peer_ring *ring, struct peer_used *used)
{
	const struct peer_fault *fault = &peer->config.fault;

	if (!is_due_in_ring(peer, fault->kind, ring))
		return;
	switch (fault->kind) {
	case PEER_USED_ID:
		used->id = (uint32_t)fault->value;
		break;
	case PEER_USED_ID_OFFSET:
		used->id = (used->id + (uint32_t)fault->value) % ring->area.size;
		break;
	case PEER_USED_TWICE:
		used->copies = 2;
		break;
	case PEER_USED_LEN:
		used->len = (uint32_t)fault->value;
		break;
	case PEER_USED_LEN_BEYOND:
		used->len = (uint32_t)(used->posted + fault->value);
		break;
	default:
		return;
	}
	strike(peer);
}

uint16_t
peer_fault_used_idx(struct peer *peer, const struct peer_ring *ring, uint16_t idx)
{
	if (!is_due_in_ring(peer, PEER_USED_JUMP, ring))
		return idx;
	strike(peer);
	return (uint16_t)(idx + peer->config.fault.value);
}

bool
peer_fault_torn_idx(struct peer *peer, const struct peer_ring *ring, uint16_t idx)
{
	volatile uint8_t *bytes = (volatile uint8_t *)&split_used_ring(&ring->area)->idx;
	const unsigned int first = peer->config.fault.value != 0;
	const uint8_t halves[2] = {(uint8_t)idx, (uint8_t)(idx >> 8)};

	if (!is_due_in_ring(peer, PEER_USED_TORN, ring) || bytes[1] == halves[1])
		return false;
	strike(peer);
	bytes[first] = halves[first];
	usleep(TORN_US);
	bytes[!first] = halves[!first];
	return true;
}

uint16_t
peer_fault_used_flags(struct peer *peer, const struct peer_ring *ring, uint16_t flags)
{
	if (is_due_in_ring(peer, PEER_USED_OTHER_LAP, ring))
		flags ^= PACKED_DESC_AVAIL | PACKED_DESC_USED;
	else if (is_due_in_ring(peer, PEER_USED_FLAGS, ring))
		flags = (uint16_t)peer->config.fault.value;
	else
		return flags;
	strike(peer);
	return flags;
}

void
peer_fault_used_ahead(struct peer *peer, const struct peer_ring *ring, struct packed_pos pos)
{
	struct vring_packed_desc *descs = packed_desc_ring(&ring->area);

	if (!is_due_in_ring(peer, PEER_USED_AHEAD, ring))
		return;
	strike(peer);
	for (uint64_t i = 0; i < peer->config.fault.value; i++) {
		packed_flags_publish(&descs[pos.idx], packed_used_bits(pos.wrap));
		pos = packed_pos_advance(pos, 1, (uint16_t)ring->area.size);
	}
}

uint16_t
peer_fault_num_buffers(struct peer *peer, const struct peer_ring *ring, uint16_t nr)
{
	if (is_due_in_ring(peer, PEER_NUM_BUFFERS_MISSING, ring)) {
		strike(peer);
		peer->starving = true;
		return (uint16_t)(nr + 1);
	}
	if (!is_due_in_ring(peer, PEER_NUM_BUFFERS, ring))
		return nr;
	strike(peer);
	return (uint16_t)peer->config.fault.value;
}

/* xorshift64: the same nonsense in every run. */
static uint64_t
next_random(struct peer *peer)
{
	uint64_t x = peer->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	peer->random = x;
	return x;
}

static void
scribble_on_split(const struct vring_area *area, uint64_t random)
{
	const uint16_t slot = (uint16_t)(random >> 16) & (uint16_t)(area->size - 1);
	const uint32_t id = (uint32_t)(random >> 32) & (2 * area->size - 1);

	split_used_elem_write(split_used_ring(area), slot, id, (uint32_t)random & 0xfff);
	split_used_publish(split_used_ring(area), (uint16_t)(random >> 48));
	split_avail_entry_write(split_avail_ring(area), slot, (uint16_t)random);
	split_desc_write(split_desc_table(area) + slot, random, (uint32_t)random,
		(uint16_t)(random >> 8), (uint16_t)(random >> 24));
}

static void
scribble_on_packed(const struct vring_area *area, uint64_t random)
{
	const uint16_t slot = (uint16_t)((random >> 16 & UINT16_MAX) % area->size);
	const uint16_t id = (uint16_t)((random >> 32 & UINT16_MAX) % (area->size + 2));

	packed_desc_write_whole(packed_desc_ring(area) + slot, random, (uint32_t)random & 0xfff, id,
		(uint16_t)(random >> 48));
	packed_event_flags_set(packed_driver_event(area), (uint16_t)random);
	packed_event_flags_set(packed_device_event(area), (uint16_t)(random >> 8));
}

static void
scribble_on(struct peer *peer, const struct vring_area *area)
{
	for (unsigned int i = 0; i < SCRIBBLES; i++) {
		if (area->format == VRING_PACKED)
			scribble_on_packed(area, next_random(peer));
		else
			scribble_on_split(area, next_random(peer));
	}
}

void
peer_fault_scribble(struct peer *peer)
{
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++) {
		if (peer->rings[i].started && peer->rings[i].mapped) {
			strike(peer);
			scribble_on(peer, &peer->rings[i].area);
		}
	}
}
