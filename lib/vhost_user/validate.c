/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Messages held against the table, see message.h. Syntax only: after a message passed here, its
 * handler may rely on size, descriptor count and ring index, and looks at meaning alone.
 */

#include <errno.h>
#include <string.h>

#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>

#include "vhost_user/message.h"

static int
check_range(const char *field, uint64_t seen, uint64_t low, uint64_t high,
		struct vhost_user_error *error)
{
	if (seen >= low && seen <= high)
		return 0;
	return vhost_user_error_set(error, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_RANGE, .code = -EPROTO,
		.field = field, .seen = seen, .low = low, .high = high });
}

static int
check_bits(const char *field, uint64_t seen, uint64_t allowed, struct vhost_user_error *error)
{
	if (seen == allowed)
		return 0;
	return vhost_user_error_set(error, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_BITS, .code = -EPROTO,
		.field = field, .seen = seen, .low = allowed, .high = allowed });
}

/* Only the bits that gate a message need a name here. */
static const char *
feature_name(unsigned int bit)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {
		{ VIRTIO_NET_F_MTU, "VIRTIO_NET_F_MTU" },
		{ VHOST_F_LOG_ALL, "VHOST_F_LOG_ALL" },
		{ VHOST_USER_F_PROTOCOL_FEATURES, "VHOST_USER_F_PROTOCOL_FEATURES" },
		{ VIRTIO_F_ACCESS_PLATFORM, "VIRTIO_F_ACCESS_PLATFORM" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].bit == bit)
			return names[i].name;
	return "a virtio feature";
}

static int
check_gate(uint64_t missing, enum vhost_user_gate gate, const char *(*name)(unsigned int bit),
		struct vhost_user_error *error)
{
	if (missing == 0)
		return 0;
	return vhost_user_error_set(error, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_GATE, .code = -EACCES,
		.field = name((unsigned int)__builtin_ctzll(missing)),
		.seen = missing, .low = gate == VHOST_USER_ACKED });
}

static int
check_gates(const struct vhost_user_message_info *info, unsigned int nr_fds,
		const struct vhost_user_negotiated *negotiated, struct vhost_user_error *error)
{
	uint64_t features = info->features_gate == VHOST_USER_ACKED ?
			negotiated->features_acked : negotiated->features_offered;
	uint64_t protocol = info->protocol_gate == VHOST_USER_ACKED ?
			negotiated->protocol_acked : negotiated->protocol_offered;
	uint64_t fd_protocol = nr_fds > 0 ? info->fd_protocol : 0;
	int rc;

	rc = check_gate(info->features & ~features, info->features_gate, feature_name, error);
	if (rc == 0)
		rc = check_gate(info->protocol & ~protocol, info->protocol_gate,
				vhost_user_protocol_feature_name, error);
	if (rc == 0)
		rc = check_gate(fd_protocol & ~negotiated->protocol_acked, VHOST_USER_ACKED,
				vhost_user_protocol_feature_name, error);
	return rc;
}

/*
 * vhost-user SET_VRING_KICK: "Bit 8 is the invalid FD flag. This flag is set when there is no file
 * descriptor". Bits without a meaning are refused: a peer that sets them means something that we do
 * not understand.
 */
static int
check_nofd(const struct vhost_user_message *message, struct vhost_user_error *error)
{
	uint64_t value = message->payload.u64;
	uint64_t known = VHOST_USER_VRING_INDEX_MASK | VHOST_USER_VRING_NOFD;
	unsigned int fds = (value & VHOST_USER_VRING_NOFD) == 0;
	int rc = check_bits("ring index and flags", value, value & known, error);

	return rc != 0 ? rc : check_range("file descriptor count for its NOFD flag",
			message->nr_fds, fds, fds, error);
}

static int
check_index(const struct vhost_user_message_info *info, const struct vhost_user_message *message,
		const struct vhost_user_negotiated *negotiated, struct vhost_user_error *error)
{
	uint64_t index = 0;
	int rc = 0;

	switch (info->index) {
	case VHOST_USER_INDEX_NONE:
		return 0;
	case VHOST_USER_INDEX_STATE:
		index = message->payload.state.index;
		break;
	case VHOST_USER_INDEX_ADDR:
		index = message->payload.addr.index;
		break;
	case VHOST_USER_INDEX_U64:
		index = message->payload.u64 & VHOST_USER_VRING_INDEX_MASK;
		rc = check_nofd(message, error);
		break;
	}
	if (rc != 0)
		return rc;
	/* With no ring at all nothing is allowed, which a range cannot say: 0 to 0 is close. */
	if (index < negotiated->max_vrings)
		return 0;
	return vhost_user_error_set(error, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_RANGE, .code = -EPROTO, .field = "ring index",
		.seen = index, .low = 0,
		.high = negotiated->max_vrings > 0 ? negotiated->max_vrings - 1 : 0 });
}

/* vhost-user Header: "Lower 2 bits are the version (currently 0x01)"; NEED_REPLY is free. */
static int
check_request_flags(uint32_t flags, struct vhost_user_error *error)
{
	uint32_t need_reply = flags & VHOST_USER_FLAG_NEED_REPLY;

	return check_bits("flags", flags, VHOST_USER_FLAG_VERSION | need_reply, error);
}

static int
check_request(const struct vhost_user_message_info *info, const struct vhost_user_message *message,
		const struct vhost_user_negotiated *negotiated, struct vhost_user_error *error)
{
	int rc = check_request_flags(message->header.flags, error);

	if (rc == 0)
		rc = check_range("payload size", message->header.size, info->min_size,
				info->max_size, error);
	if (rc == 0)
		rc = check_range("file descriptor count", message->nr_fds, info->min_fds,
				info->max_fds, error);
	if (rc == 0)
		rc = check_gates(info, message->nr_fds, negotiated, error);
	if (rc == 0 && info->check_shape != NULL)
		rc = info->check_shape(message, negotiated, error);
	if (rc == 0)
		rc = check_index(info, message, negotiated, error);
	return rc;
}

/* Say which message an error is about. */
static int
name_error(enum vhost_user_direction direction, uint32_t request, struct vhost_user_error *local,
		struct vhost_user_error *error)
{
	local->message = vhost_user_message_name(direction, request);
	local->request = request;
	return vhost_user_error_set(error, *local);
}

int
vhost_user_message_validate(enum vhost_user_direction direction,
		const struct vhost_user_message *message,
		const struct vhost_user_negotiated *negotiated, struct vhost_user_error *error)
{
	uint32_t request = message->header.request;
	const struct vhost_user_message_info *info = vhost_user_message_info(direction, request);
	struct vhost_user_error local;

	if (info == NULL)
		return vhost_user_error_set(error, (struct vhost_user_error){
			.kind = VHOST_USER_ERROR_UNKNOWN, .code = -ENOSYS, .request = request });
	if (check_request(info, message, negotiated, &local) == 0)
		return 0;
	return name_error(direction, request, &local, error);
}

static bool
has_own_reply(const struct vhost_user_message_info *info, bool need_reply,
		const struct vhost_user_negotiated *negotiated)
{
	switch (info->reply_condition) {
	case VHOST_USER_REPLY_WITH_LOG_SHMFD:
		return (negotiated->protocol_acked &
			VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_LOG_SHMFD)) != 0;
	case VHOST_USER_REPLY_IN_POSTCOPY:
		/* vhost-user SET_MEM_TABLE: "NEED_REPLY_MASK is not set in this case" */
		return negotiated->postcopy && !need_reply;
	case VHOST_USER_REPLY_ALWAYS:
		break;
	}
	return info->reply != VHOST_USER_REPLY_NONE;
}

enum vhost_user_answer
vhost_user_message_answer(enum vhost_user_direction direction,
		const struct vhost_user_message *message,
		const struct vhost_user_negotiated *negotiated)
{
	const struct vhost_user_message_info *info =
			vhost_user_message_info(direction, message->header.request);
	bool need_reply = (message->header.flags & VHOST_USER_FLAG_NEED_REPLY) != 0;
	uint64_t reply_ack = VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK);

	/* vhost-user REPLY_ACK: "need_reply bit being set brings no behavioural change" to these */
	if (info != NULL && has_own_reply(info, need_reply, negotiated))
		return VHOST_USER_ANSWER_REPLY;
	if (need_reply && (negotiated->protocol_acked & reply_ack) != 0)
		return VHOST_USER_ANSWER_ACK;
	return VHOST_USER_ANSWER_NONE;
}

/* What a kind of reply looks like: min, min + step, ... max bytes. */
struct reply_shape {
	uint32_t min;
	uint32_t max;
	uint32_t step;
	unsigned int min_fds;
	unsigned int max_fds;
};

static const struct reply_shape reply_shapes[] = {
	[VHOST_USER_REPLY_NONE] = { 8, 8, 8, 0, 0 },
	[VHOST_USER_REPLY_U64] = { 8, 8, 8, 0, 0 },
	[VHOST_USER_REPLY_STATE] = { 8, 8, 8, 0, 0 },
	[VHOST_USER_REPLY_INFLIGHT] = { 20, 24, 4, 0, 1 },
	[VHOST_USER_REPLY_EMPTY] = { 0, 8, 8, 0, 0 },
	[VHOST_USER_REPLY_FD] = { 0, 16, 8, 0, 1 },
	[VHOST_USER_REPLY_U64_FD] = { 8, 8, 8, 0, 1 },
	[VHOST_USER_REPLY_U64_NOFD] = { 8, 8, 8, 0, 1 },
	[VHOST_USER_REPLY_SHMEM] = { sizeof(struct vhost_user_shmem_config),
				     sizeof(struct vhost_user_shmem_config), 8, 0, 0 },
};

/* The kind that this request was answered with; the two ends agree on the conditions by now. */
static enum vhost_user_reply_kind
reply_kind(const struct vhost_user_message_info *info, const struct vhost_user_message *request)
{
	bool need_reply = (request->header.flags & VHOST_USER_FLAG_NEED_REPLY) != 0;

	if (info->reply_condition == VHOST_USER_REPLY_IN_POSTCOPY && need_reply)
		return VHOST_USER_REPLY_NONE;
	return info->reply;
}

static struct reply_shape
reply_shape(enum vhost_user_reply_kind kind, uint32_t request_size)
{
	/* vhost-user GET_CONFIG: "uses zero length of payload to indicate an error" */
	if (kind == VHOST_USER_REPLY_CONFIG)
		return (struct reply_shape){ 0, request_size, request_size, 0, 0 };
	if (kind == VHOST_USER_REPLY_SAME)
		return (struct reply_shape){ request_size, request_size, request_size, 0, 0 };
	return reply_shapes[kind];
}

static int
check_reply_size(const struct reply_shape *shape, uint32_t size, struct vhost_user_error *error)
{
	int rc = check_range("reply size", size, shape->min, shape->max, error);

	if (rc == 0 && shape->step > 0 && (size - shape->min) % shape->step != 0)
		rc = check_range("reply size", size, shape->max, shape->max, error);
	return rc;
}

/*
 * vhost-user SET_DEVICE_STATE_FD: "must not both indicate an error and return a file descriptor",
 * and bit 8 "is set when there is no file descriptor returned"; a failure may leave it clear.
 */
static unsigned int
fds_by_value(enum vhost_user_reply_kind kind, uint64_t value)
{
	if (kind == VHOST_USER_REPLY_U64_NOFD && (value & VHOST_USER_VRING_NOFD) != 0)
		return 0;
	return value == 0;
}

static int
check_reply_payload(enum vhost_user_reply_kind kind, const struct vhost_user_message *request,
		const struct vhost_user_message *reply, struct vhost_user_error *error)
{
	uint32_t ring = request->payload.state.index;
	unsigned int fds;

	if (kind == VHOST_USER_REPLY_STATE)
		return check_range("ring index of the reply", reply->payload.state.index, ring,
				ring, error);
	if (kind != VHOST_USER_REPLY_U64_FD && kind != VHOST_USER_REPLY_U64_NOFD)
		return 0;
	fds = fds_by_value(kind, reply->payload.u64);
	return check_range("file descriptor count for the value of the reply", reply->nr_fds, fds,
			fds, error);
}

static int
check_reply(const struct vhost_user_message_info *info, const struct vhost_user_message *request,
		const struct vhost_user_message *reply, struct vhost_user_error *error)
{
	enum vhost_user_reply_kind kind = reply_kind(info, request);
	struct reply_shape shape = reply_shape(kind, request->header.size);
	uint32_t id = request->header.request;
	int rc = check_bits("reply flags", reply->header.flags,
			VHOST_USER_FLAG_VERSION | VHOST_USER_FLAG_REPLY, error);

	if (rc == 0)
		rc = check_range("reply to request", reply->header.request, id, id, error);
	if (rc == 0)
		rc = check_reply_size(&shape, reply->header.size, error);
	if (rc == 0)
		rc = check_range("file descriptor count of the reply", reply->nr_fds, shape.min_fds,
				shape.max_fds, error);
	if (rc == 0)
		rc = check_reply_payload(kind, request, reply, error);
	return rc;
}

int
vhost_user_reply_validate(enum vhost_user_direction direction,
		const struct vhost_user_message *request, const struct vhost_user_message *reply,
		struct vhost_user_error *error)
{
	uint32_t id = request->header.request;
	const struct vhost_user_message_info *info = vhost_user_message_info(direction, id);
	struct vhost_user_error local;

	if (info == NULL)
		return vhost_user_error_set(error, (struct vhost_user_error){
			.kind = VHOST_USER_ERROR_UNKNOWN, .code = -EPROTO, .request = id });
	if (check_reply(info, request, reply, &local) == 0)
		return 0;
	return name_error(direction, id, &local, error);
}

int
vhost_user_ack_result(enum vhost_user_direction direction, const struct vhost_user_message *reply,
		struct vhost_user_error *error)
{
	struct vhost_user_error local = {
		.kind = VHOST_USER_ERROR_REFUSED,
		.code = -EREMOTEIO,
		.seen = reply->payload.u64,
	};

	/* vhost-user REPLY_ACK: "set to zero on success or non-zero on failure" */
	if (reply->payload.u64 == 0)
		return 0;
	return name_error(direction, reply->header.request, &local, error);
}
