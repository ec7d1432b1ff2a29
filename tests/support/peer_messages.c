/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the peer does on each message: a table of handlers. Form was checked by lib/vhost_user before
 * a handler runs; a handler checks meaning, and what makes none is a violation. A handler that fails
 * is answered by an ack that says so, if one was asked for.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "virtio/net.h"

#include "peer_private.h"

/** Does what the request asks; fills the payload of `reply` if the message has one of its own. */
typedef int (*message_handler)(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply);

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
peer_ring_reset(struct peer_ring *ring)
{
	close_fd(&ring->kick_fd);
	close_fd(&ring->call_fd);
	memset(ring, 0, sizeof(*ring));
	ring->kick_fd = -1;
	ring->call_fd = -1;
}

static struct peer_ring *
stopped_ring(struct peer *peer, uint32_t index, const char *what)
{
	struct peer_ring *ring = &peer->rings[index];

	if (!ring->started)
		return ring;
	peer_violation(peer, "%s of ring %u while it runs", what, index);
	return NULL;
}

static int
get_features(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	(void)request;
	reply->payload.u64 = peer->config.features;
	peer->negotiated.features_offered = peer->config.features;
	return 0;
}

static int
set_features(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	const uint64_t features = request->payload.u64;
	unsigned int bit;

	(void)reply;
	if (features & ~peer->config.features) {
		peer_violation(peer, "features %#llx were not offered",
			(unsigned long long)(features & ~peer->config.features));
		return -EINVAL;
	}
	/* The control queue may live in the front-end, which then keeps its feature to itself. */
	if (virtio_features_check(features | VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ), &bit) < 0) {
		peer_violation(peer, "%s lacks what it depends on", virtio_feature_name(bit));
		return -EINVAL;
	}
	peer->negotiated.features_acked = features;
	peer->info.features = features;
	return 0;
}

static int
nothing_to_do(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	(void)peer;
	(void)request;
	(void)reply;
	return 0;
}

static int
reset_owner(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	(void)request;
	(void)reply;
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++)
		peer->rings[i].started = peer->rings[i].armed = false;
	return 0;
}

static int
set_mem_table(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	const struct vhost_user_mem_table *table = &request->payload.mem_table;
	int rc = 0;

	(void)reply;
	peer_regions_clear(peer);
	for (uint32_t i = 0; i < table->nr && rc == 0; i++)
		rc = peer_region_add(peer, &table->regions[i], request->fds[i]);
	peer_rings_remap(peer);
	return rc;
}

static int
get_max_mem_slots(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	(void)request;
	reply->payload.u64 = peer->config.mem_slots;
	return 0;
}

static int
add_mem_reg(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	int rc;

	(void)reply;
	if (peer->nr_regions >= peer->config.mem_slots) {
		peer_violation(peer, "more regions than the %llu slots",
			(unsigned long long)peer->config.mem_slots);
		return -ENOSPC;
	}
	rc = peer_region_add(peer, &request->payload.single_region.region, request->fds[0]);
	peer_rings_remap(peer);
	return rc;
}

static int
rem_mem_reg(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	int rc = peer_region_remove(peer, &request->payload.single_region.region);

	(void)reply;
	peer_rings_remap(peer);
	return rc;
}

static int
set_vring_num(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	const struct vhost_user_vring_state *state = &request->payload.state;
	struct peer_ring *ring = stopped_ring(peer, state->index, "size");
	const enum vring_format format = peer_has(peer, VIRTIO_F_RING_PACKED) ? VRING_PACKED :
		VRING_SPLIT;

	(void)reply;
	if (ring == NULL)
		return -EBUSY;
	if (!vring_size_is_valid(format, state->num)) {
		peer_violation(peer, "ring %u cannot have %u entries", state->index, state->num);
		return -EINVAL;
	}
	ring->area.format = format;
	ring->area.size = state->num;
	return 0;
}

static int
set_vring_base(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	const struct vhost_user_vring_state *state = &request->payload.state;
	struct peer_ring *ring = stopped_ring(peer, state->index, "base");

	(void)reply;
	if (ring == NULL)
		return -EBUSY;
	if (!peer_has(peer, VIRTIO_F_RING_PACKED) && state->num > UINT16_MAX) {
		peer_violation(peer, "ring %u begins at %u", state->index, state->num);
		return -EINVAL;
	}
	ring->base = state->num;
	return 0;
}

static int
set_vring_addr(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	struct peer_ring *ring = stopped_ring(peer, request->payload.addr.index, "address");

	(void)reply;
	if (ring == NULL)
		return -EBUSY;
	if (ring->area.size == 0) {
		peer_violation(peer, "ring %u has an address but no size",
			request->payload.addr.index);
		return -EINVAL;
	}
	ring->addr = request->payload.addr;
	ring->told_addr = true;
	peer_rings_remap(peer);
	if (!ring->mapped || !vring_area_is_aligned(&ring->area)) {
		peer_violation(peer, "ring %u does not lie in a region, or is not aligned",
			ring->addr.index);
		return -EFAULT;
	}
	return 0;
}

static int
set_vring_kick(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	const uint32_t index = request->payload.u64 & VHOST_USER_VRING_INDEX_MASK;
	struct peer_ring *ring = &peer->rings[index];

	(void)reply;
	close_fd(&ring->kick_fd);
	if (request->nr_fds > 0)
		ring->kick_fd = vhost_user_message_take_fd(request, 0);
	if (!ring->mapped) {
		peer_violation(peer, "kick of ring %u before its address", index);
		return -EINVAL;
	}
	ring->armed = !ring->started;
	return 0;
}

static int
set_vring_call(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	struct peer_ring *ring =
		&peer->rings[request->payload.u64 & VHOST_USER_VRING_INDEX_MASK];

	(void)reply;
	close_fd(&ring->call_fd);
	if (request->nr_fds > 0)
		ring->call_fd = vhost_user_message_take_fd(request, 0);
	return 0;
}

static int
get_vring_base(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	struct peer_ring *ring = &peer->rings[request->payload.state.index];

	reply->payload.state.index = request->payload.state.index;
	reply->payload.state.num = ring->started ? ring->format->base(ring) : ring->base;
	/* What comes next begins where this ended, unless it is told otherwise. */
	ring->base = reply->payload.state.num;
	ring->started = false;
	ring->armed = false;
	return 0;
}

static int
set_vring_enable(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	(void)reply;
	if (request->payload.state.num > 1) {
		peer_violation(peer, "ring %u enabled by %u", request->payload.state.index,
			request->payload.state.num);
		return -EINVAL;
	}
	peer->rings[request->payload.state.index].enabled = request->payload.state.num == 1;
	return 0;
}

static int
get_protocol_features(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	(void)request;
	reply->payload.u64 = peer->config.protocol;
	peer->negotiated.protocol_offered = peer->config.protocol;
	return 0;
}

static int
set_protocol_features(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	(void)reply;
	if (request->payload.u64 & ~peer->config.protocol) {
		peer_violation(peer, "protocol features %#llx were not offered",
			(unsigned long long)(request->payload.u64 & ~peer->config.protocol));
		return -EINVAL;
	}
	peer->negotiated.protocol_acked = request->payload.u64;
	peer->info.protocol = request->payload.u64;
	return 0;
}

static int
get_queue_num(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	(void)request;
	reply->payload.u64 = peer->config.queue_pairs;
	return 0;
}

static int
net_set_mtu(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	(void)reply;
	peer->info.mtu = request->payload.u64;
	return virtio_net_mtu_is_valid((uint32_t)request->payload.u64) ? 0 : -EINVAL;
}

static int
get_config(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	const struct vhost_user_config *asked = &request->payload.config;
	struct virtio_net_config_space space = {0};
	uint8_t *at = (uint8_t *)&space;

	memcpy(space.net.mac, peer->config.mac, sizeof(space.net.mac));
	space.net.status = VIRTIO_NET_S_LINK_UP;
	space.net.max_virtqueue_pairs = peer->config.queue_pairs;
	space.net.mtu = peer->config.mtu;
	peer_fault_config(peer, &space);
	reply->payload.config = *asked;
	memset(reply->payload.config.data, 0, sizeof(reply->payload.config.data));
	if (asked->offset < sizeof(space)) {
		const size_t rest = sizeof(space) - asked->offset;

		memcpy(reply->payload.config.data, at + asked->offset,
			asked->size < rest ? asked->size : rest);
	}
	return 0;
}

static int
set_status(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	(void)reply;
	peer->info.status = request->payload.u64;
	return 0;
}

static int
get_status(struct peer *peer, struct vhost_user_message *request,
	struct vhost_user_message *reply)
{
	(void)request;
	reply->payload.u64 = peer->info.status;
	return 0;
}

static const message_handler handlers[VHOST_USER_REQUEST_COUNT] = {
	[VHOST_USER_GET_FEATURES] = get_features,
	[VHOST_USER_SET_FEATURES] = set_features,
	[VHOST_USER_SET_OWNER] = nothing_to_do,
	[VHOST_USER_RESET_OWNER] = reset_owner,
	[VHOST_USER_SET_MEM_TABLE] = set_mem_table,
	[VHOST_USER_SET_VRING_NUM] = set_vring_num,
	[VHOST_USER_SET_VRING_ADDR] = set_vring_addr,
	[VHOST_USER_SET_VRING_BASE] = set_vring_base,
	[VHOST_USER_GET_VRING_BASE] = get_vring_base,
	[VHOST_USER_SET_VRING_KICK] = set_vring_kick,
	[VHOST_USER_SET_VRING_CALL] = set_vring_call,
	[VHOST_USER_SET_VRING_ERR] = nothing_to_do,
	[VHOST_USER_GET_PROTOCOL_FEATURES] = get_protocol_features,
	[VHOST_USER_SET_PROTOCOL_FEATURES] = set_protocol_features,
	[VHOST_USER_GET_QUEUE_NUM] = get_queue_num,
	[VHOST_USER_SET_VRING_ENABLE] = set_vring_enable,
	[VHOST_USER_NET_SET_MTU] = net_set_mtu,
	[VHOST_USER_GET_CONFIG] = get_config,
	[VHOST_USER_GET_MAX_MEM_SLOTS] = get_max_mem_slots,
	[VHOST_USER_ADD_MEM_REG] = add_mem_reg,
	[VHOST_USER_REM_MEM_REG] = rem_mem_reg,
	[VHOST_USER_SET_STATUS] = set_status,
	[VHOST_USER_GET_STATUS] = get_status,
};

static void
remember(struct peer *peer, const struct vhost_user_message *request)
{
	struct peer_event *event = &peer->events[peer->info.events % PEER_MAX_EVENTS];

	event->request = request->header.request;
	event->connection = peer->info.connections - 1;
	event->time = vhost_user_now();
	event->value = request->header.size >= sizeof(uint64_t) ? request->payload.u64 : 0;
	peer->info.events++;
}

/* A refused message is a violation, and an honest back-end answers it by closing. */
static int
check_form(struct peer *peer, const struct vhost_user_message *request)
{
	struct vhost_user_error error;
	char text[VHOST_USER_ERROR_TEXT_SIZE];
	int rc = vhost_user_message_validate(VHOST_USER_TO_BACKEND, request, &peer->negotiated,
			&error);

	if (rc < 0)
		peer_violation(peer, "%s", vhost_user_error_text(&error, text, sizeof(text)));
	else if (handlers[request->header.request] == NULL)
		rc = -ENOTSUP;
	return rc;
}

static int
handle_and_answer(struct peer *peer, struct vhost_user_message *request)
{
	struct vhost_user_message reply;
	enum vhost_user_answer answer = vhost_user_message_answer(VHOST_USER_TO_BACKEND, request,
			&peer->negotiated);
	int rc;

	vhost_user_reply_init(&reply, request, sizeof(uint64_t));
	if (request->header.request == VHOST_USER_GET_CONFIG)
		reply.header.size = request->header.size;
	rc = peer_fault_refuses(peer, request) ? -EPERM :
		handlers[request->header.request](peer, request, &reply);
	if (answer == VHOST_USER_ANSWER_NONE)
		return 0;
	if (answer == VHOST_USER_ANSWER_ACK)
		vhost_user_ack_init(&reply, request, rc < 0);
	return peer_fault_reply(peer, request, &reply);
}

int
peer_handle(struct peer *peer, struct vhost_user_message *request)
{
	int rc = 0;

	remember(peer, request);
	if (!peer_fault_on_message(peer, request)) {
		rc = check_form(peer, request);
		if (rc == 0)
			rc = handle_and_answer(peer, request);
	}
	vhost_user_message_close_fds(request);
	return rc;
}
