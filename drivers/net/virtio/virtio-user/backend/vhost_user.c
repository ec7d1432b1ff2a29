/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the vhost-user dialect says to a connected peer, verb by verb. Not here: how the connection is made
 * (vhost_user_session.c), how a message goes over a socket (lib/vhost_user), when a verb is due (start.c).
 *
 * Round trips. Messages are handled in order, and a peer that cannot do what a message says closes the connection,
 * so most need no answer. An answer is asked for where it decides something:
 *   SET_FEATURES             a refusal is the driver's to hear, and the connection may live on;
 *   SET_MEM_TABLE, *_MEM_REG data threads wait until the memory is mapped;
 *   SET_VRING_ADDR           a ring that the peer cannot reach is better named now than silent later; it comes last
 *                            of a queue's parameters, so one answer covers them.
 * Without REPLY_ACK the first and the last go unanswered, and a GET_FEATURES after the memory table shows that it
 * was handled.
 *
 * Addresses. We have one kind: guest address, user address and ring address are all our virtual address.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "log.h"
#include "virtio/feature.h"
#include "virtio-user/backend/vhost_user.h"

static struct vhost_user_backend *
vhost_user_of(struct backend *backend)
{
	return (struct vhost_user_backend *)backend;
}

bool
vhost_user_has(const struct vhost_user_backend *vu, unsigned int bit)
{
	return (vu->protocol & VHOST_USER_BIT(bit)) != 0;
}

/* --- sending --- */

int
vhost_user_fail(struct vhost_user_backend *vu, int rc)
{
	char text[VHOST_USER_ERROR_TEXT_SIZE];

	/* -ENOTCONN: the channel broke before, and that was logged. */
	if (rc == -ENOTCONN || rc == vu->logged)
		return rc;
	vhost_user_error_text(&vu->channel.error, text, sizeof(text));
	if (strcmp(text, vu->said) == 0)
		return rc;
	memcpy(vu->said, text, sizeof(text));
	PORT_LOG(ERR, vu->head.port, "peer at %s: %s", vu->path, text);
	return rc;
}

int
vhost_user_tell(struct vhost_user_backend *vu, const struct vhost_user_message *message)
{
	int rc = vhost_user_channel_send(&vu->channel, message, vu->head.deadline);

	return rc < 0 ? vhost_user_fail(vu, rc) : 0;
}

/** Send a request and have the peer say that it did it, if it can say that. */
static int
tell_acked(struct vhost_user_backend *vu, struct vhost_user_message *message)
{
	int rc;

	if (!vhost_user_has(vu, VHOST_USER_PROTOCOL_F_REPLY_ACK))
		return vhost_user_tell(vu, message);
	message->header.flags |= VHOST_USER_FLAG_NEED_REPLY;
	rc = vhost_user_channel_request_ack(&vu->channel, message, vu->head.deadline);
	return rc < 0 ? vhost_user_fail(vu, rc) : 0;
}

/** Replies that carry descriptors do not occur here; should one try, they are closed. */
static int
ask(struct vhost_user_backend *vu, const struct vhost_user_message *request,
    struct vhost_user_message *reply)
{
	int rc = vhost_user_channel_request(&vu->channel, request, reply, vu->head.deadline);

	if (rc < 0)
		return vhost_user_fail(vu, rc);
	vhost_user_message_close_fds(reply);
	return 0;
}

int
vhost_user_ask_u64(struct vhost_user_backend *vu, uint32_t request, uint64_t *value)
{
	struct vhost_user_message message, reply;
	int rc;

	vhost_user_message_init(&message, request, 0);
	rc = ask(vu, &message, &reply);
	if (rc == 0)
		*value = reply.payload.u64;
	return rc;
}

/*
 * As tell_acked(), but never returns before the peer did it: without acks, an answered message behind this one says
 * so too. vhost-user SET_VRING_ENABLE: "the back-end must process data without causing any side effects" - a packet
 * that is placed before the peer has enabled the ring is thrown away.
 */
static int
tell_done(struct vhost_user_backend *vu, struct vhost_user_message *message)
{
	uint64_t ignored;
	int rc = tell_acked(vu, message);

	if (rc < 0 || vhost_user_has(vu, VHOST_USER_PROTOCOL_F_REPLY_ACK))
		return rc;
	return vhost_user_ask_u64(vu, VHOST_USER_GET_FEATURES, &ignored);
}

/* --- features and memory --- */

int
vhost_user_set_features(struct backend *backend, uint64_t features)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);
	struct vhost_user_message message;
	int rc;

	vhost_user_message_init(&message, VHOST_USER_SET_FEATURES, sizeof(message.payload.u64));
	/* vhost-user: "negotiated ... is enabled by VHOST_USER_SET_VRING_ENABLE" - and per ring, as we want it. */
	message.payload.u64 = features | (vu->offered & VHOST_USER_BIT(VHOST_USER_F_PROTOCOL_FEATURES));
	rc = tell_acked(vu, &message);
	if (rc == 0)
		vu->acked = message.payload.u64;
	return rc;
}

static struct vhost_user_region
region_to_wire(const struct memory_region *region)
{
	/* Physical and user address are the same to us; see "Addresses" above. */
	return (struct vhost_user_region){region->va, region->size, region->va, region->offset};
}

int
vhost_user_set_mem_table(struct backend *backend, const struct memory_table *table)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);
	struct vhost_user_message message;
	struct vhost_user_mem_table *wire = &message.payload.mem_table;
	uint64_t features;
	uint32_t i;
	int rc;

	if (table->nr > VHOST_USER_MAX_REGIONS)
		return -E2BIG;
	vhost_user_message_init(&message, VHOST_USER_SET_MEM_TABLE,
				(uint32_t)(offsetof(struct vhost_user_mem_table, regions) +
					   table->nr * sizeof(wire->regions[0])));
	wire->nr = table->nr;
	for (i = 0; i < table->nr; i++) {
		wire->regions[i] = region_to_wire(&table->regions[i]);
		vhost_user_message_add_fd(&message, table->regions[i].fd);
	}
	rc = tell_acked(vu, &message);
	if (rc == 0 && !vhost_user_has(vu, VHOST_USER_PROTOCOL_F_REPLY_ACK))
		rc = vhost_user_ask_u64(vu, VHOST_USER_GET_FEATURES, &features);
	return rc;
}

static int
tell_region(struct backend *backend, uint32_t request, const struct memory_region *region, bool with_fd)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);
	struct vhost_user_message message;
	uint64_t features;
	int rc;

	vhost_user_message_init(&message, request, sizeof(message.payload.single_region));
	message.payload.single_region.region = region_to_wire(region);
	if (with_fd)
		vhost_user_message_add_fd(&message, region->fd);
	rc = tell_acked(vu, &message);
	if (rc == 0 && !vhost_user_has(vu, VHOST_USER_PROTOCOL_F_REPLY_ACK))
		rc = vhost_user_ask_u64(vu, VHOST_USER_GET_FEATURES, &features);
	return rc;
}

static int
add_region(struct backend *backend, const struct memory_region *region)
{
	return tell_region(backend, VHOST_USER_ADD_MEM_REG, region, true);
}

static int
remove_region(struct backend *backend, const struct memory_region *region)
{
	return tell_region(backend, VHOST_USER_REM_MEM_REG, region, false);
}

const struct backend_slots_ops vhost_user_slots_ops = {
	.add_region = add_region,
	.remove_region = remove_region,
};

/* --- rings --- */

static void
state_init(struct vhost_user_message *message, uint32_t request, uint16_t queue, uint32_t num)
{
	vhost_user_message_init(message, request, sizeof(message->payload.state));
	message->payload.state.index = queue;
	message->payload.state.num = num;
}

static int
tell_state(struct backend *backend, uint32_t request, uint16_t queue, uint32_t num)
{
	struct vhost_user_message message;

	state_init(&message, request, queue, num);
	return vhost_user_tell(vhost_user_of(backend), &message);
}

int
vhost_user_set_vring_num(struct backend *backend, uint16_t queue, uint32_t num)
{
	return tell_state(backend, VHOST_USER_SET_VRING_NUM, queue, num);
}

int
vhost_user_set_vring_base(struct backend *backend, uint16_t queue, uint32_t base)
{
	return tell_state(backend, VHOST_USER_SET_VRING_BASE, queue, base);
}

int
vhost_user_get_vring_base(struct backend *backend, uint16_t queue, uint32_t *base)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);
	struct vhost_user_message message, reply;
	int rc;

	state_init(&message, VHOST_USER_GET_VRING_BASE, queue, 0);
	rc = ask(vu, &message, &reply);
	if (rc < 0)
		return rc;
	if ((vu->acked & VIRTIO_BIT(VIRTIO_F_RING_PACKED)) == 0 && reply.payload.state.num > UINT16_MAX) {
		PORT_LOG(ERR, backend->port, "peer at %s: GET_VRING_BASE of queue %u answered %" PRIu32
			 ", allowed 0..65535", vu->path, queue, reply.payload.state.num);
		return -EPROTO;
	}
	*base = reply.payload.state.num;
	return 0;
}

int
vhost_user_set_vring_addr(struct backend *backend, uint16_t queue, const struct vring_area *area)
{
	struct vhost_user_message message;

	vhost_user_message_init(&message, VHOST_USER_SET_VRING_ADDR, sizeof(message.payload.addr));
	message.payload.addr.index = queue;
	message.payload.addr.desc = (uintptr_t)area->desc;
	message.payload.addr.avail = (uintptr_t)area->driver;
	message.payload.addr.used = (uintptr_t)area->device;
	return tell_acked(vhost_user_of(backend), &message);
}

static int
tell_fd(struct backend *backend, uint32_t request, uint16_t queue, int fd)
{
	struct vhost_user_message message;

	vhost_user_message_init(&message, request, sizeof(message.payload.u64));
	/* vhost-user SET_VRING_KICK: "Bits (0-7) of the payload contain the vring index" */
	if (queue > VHOST_USER_VRING_INDEX_MASK)
		return -EINVAL;
	message.payload.u64 = queue;
	if (fd >= 0)
		vhost_user_message_add_fd(&message, fd);
	else
		message.payload.u64 |= VHOST_USER_VRING_NOFD;
	return vhost_user_tell(vhost_user_of(backend), &message);
}

int
vhost_user_set_vring_call(struct backend *backend, uint16_t queue, int fd)
{
	return tell_fd(backend, VHOST_USER_SET_VRING_CALL, queue, fd);
}

int
vhost_user_set_vring_kick(struct backend *backend, uint16_t queue, int fd)
{
	return tell_fd(backend, VHOST_USER_SET_VRING_KICK, queue, fd);
}

int
vhost_user_set_vring_enable(struct backend *backend, uint16_t queue, bool enable)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);
	struct vhost_user_message message;
	int rc;

	/*
	 * vhost-user: "If VHOST_USER_F_PROTOCOL_FEATURES has not been negotiated, the ring starts directly in the
	 * enabled state." - and there is no message to change that.
	 */
	if ((vu->acked & VHOST_USER_BIT(VHOST_USER_F_PROTOCOL_FEATURES)) == 0)
		return 0;
	vhost_user_message_init(&message, VHOST_USER_SET_VRING_ENABLE, sizeof(message.payload.state));
	message.payload.state.index = queue;
	message.payload.state.num = enable;
	if (!enable)
		return vhost_user_tell(vu, &message);
	rc = tell_done(vu, &message);
	if (rc == 0)
		vu->said[0] = '\0';
	return rc;
}

/* --- status, configuration, MTU --- */

int
vhost_user_set_status(struct backend *backend, uint8_t status)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);
	struct vhost_user_message message;

	if (!vhost_user_has(vu, VHOST_USER_PROTOCOL_F_STATUS))
		return -ENOTSUP;
	vhost_user_message_init(&message, VHOST_USER_SET_STATUS, sizeof(message.payload.u64));
	message.payload.u64 = status;
	return vhost_user_tell(vu, &message);
}

int
vhost_user_get_status(struct backend *backend, uint8_t *status)
{
	struct vhost_user_backend *vu = vhost_user_of(backend);
	uint64_t value;
	int rc;

	if (!vhost_user_has(vu, VHOST_USER_PROTOCOL_F_STATUS))
		return -ENOTSUP;
	rc = vhost_user_ask_u64(vu, VHOST_USER_GET_STATUS, &value);
	if (rc == 0)
		*status = (uint8_t)value;
	return rc;
}

static void
config_init(struct vhost_user_message *message, uint32_t request, size_t offset, size_t len)
{
	vhost_user_message_init(message, request, (uint32_t)(VHOST_USER_CONFIG_HEADER + len));
	message->payload.config.offset = (uint32_t)offset;
	message->payload.config.size = (uint32_t)len;
}

/** Whether it fits one message: a configuration space is no longer than that. */
static bool
config_fits(size_t offset, size_t len)
{
	return len > 0 && len <= VHOST_USER_MAX_CONFIG && offset <= VHOST_USER_MAX_CONFIG - len;
}

static int
get_config(struct backend *backend, size_t offset, void *dst, size_t len)
{
	const struct vhost_user_backend *vu = vhost_user_of(backend);
	struct vhost_user_message message, reply;
	int rc;

	if (!config_fits(offset, len))
		return -EINVAL;
	config_init(&message, VHOST_USER_GET_CONFIG, offset, len);
	rc = ask(vhost_user_of(backend), &message, &reply);
	if (rc < 0)
		return rc;
	/* vhost-user GET_CONFIG: "a zero length payload ... to indicate an error" */
	if (reply.header.size != message.header.size)
		return -EREMOTEIO;
	/* vhost-user GET_CONFIG: "payload size MUST match the front-end's request", and so must what it is about. */
	if (reply.payload.config.offset != offset || reply.payload.config.size != len) {
		PORT_LOG(ERR, backend->port, "peer at %s: GET_CONFIG of %zu bytes at %zu answered with %" PRIu32
			 " bytes at %" PRIu32, vu->path, len, offset, reply.payload.config.size,
			 reply.payload.config.offset);
		return -EPROTO;
	}
	memcpy(dst, reply.payload.config.data, len);
	return 0;
}

static int
set_config(struct backend *backend, size_t offset, const void *src, size_t len)
{
	struct vhost_user_message message;

	if (!config_fits(offset, len))
		return -EINVAL;
	config_init(&message, VHOST_USER_SET_CONFIG, offset, len);
	memcpy(message.payload.config.data, src, len);
	return tell_acked(vhost_user_of(backend), &message);
}

const struct backend_config_ops vhost_user_config_ops = {
	.get_config = get_config,
	.set_config = set_config,
};

static int
set_mtu(struct backend *backend, uint16_t mtu)
{
	struct vhost_user_message message;

	vhost_user_message_init(&message, VHOST_USER_NET_SET_MTU, sizeof(message.payload.u64));
	message.payload.u64 = mtu;
	return tell_acked(vhost_user_of(backend), &message);
}

const struct backend_mtu_ops vhost_user_mtu_ops = {
	.set_mtu = set_mtu,
};
