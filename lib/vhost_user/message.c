/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The table of the protocol, see message.h: one row a message, one table a direction; and what
 * needs no more than a row or a message: names, making messages, their descriptors. Checks by row
 * are in validate.c.
 *
 * Theory of operation. A row says everything that can be said without looking into the payload;
 * where the payload or the negotiation has a say, the row names a check_shape function. A row that
 * says nothing about replies is answered by an ack when one was asked for; one that says nothing
 * about sizes has no payload.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>

#include "vhost_user/message.h"

#define PROTOCOL(name) VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_##name)

/* Parts of rows. */
#define SIZE(bytes) .min_size = (bytes), .max_size = (bytes)
#define SIZES(min, max) .min_size = (min), .max_size = (max)
#define PAYLOAD(member) SIZE(sizeof(((union vhost_user_payload *)NULL)->member))
#define FDS(min, max) .min_fds = (min), .max_fds = (max)
#define STATE PAYLOAD(state), .index = VHOST_USER_INDEX_STATE
#define RING_FD PAYLOAD(u64), FDS(0, 1), .index = VHOST_USER_INDEX_U64
#define REPLY(kind) .reply = VHOST_USER_REPLY_##kind
#define REPLY_IF(kind, condition) REPLY(kind), .reply_condition = VHOST_USER_REPLY_##condition
#define OFFERED(mask) .protocol = (mask), .protocol_gate = VHOST_USER_OFFERED
#define ACKED(mask) .protocol = (mask), .protocol_gate = VHOST_USER_ACKED
#define FEATURE_OFFERED(bit) .features = VHOST_USER_BIT(bit), .features_gate = VHOST_USER_OFFERED
#define FEATURE_ACKED(bit) .features = VHOST_USER_BIT(bit), .features_gate = VHOST_USER_ACKED

static int
shape_error(const char *field, uint64_t seen, uint64_t allowed, struct vhost_user_error *error)
{
	return vhost_user_error_set(error, (struct vhost_user_error){
		.kind = VHOST_USER_ERROR_RANGE, .code = -EPROTO,
		.field = field, .seen = seen, .low = allowed, .high = allowed });
}

static int
check_mem_table(const struct vhost_user_message *message,
		const struct vhost_user_negotiated *negotiated, struct vhost_user_error *error)
{
	uint32_t nr = message->payload.mem_table.nr;
	uint64_t size = offsetof(struct vhost_user_mem_table, regions) +
			(uint64_t)nr * sizeof(struct vhost_user_region);

	(void)negotiated;
	if (message->header.size != size)
		return shape_error("payload size for its region count", message->header.size, size,
				error);
	/* vhost-user SET_MEM_TABLE: "size and ordering of the fds matches the number [...] of" */
	if (message->nr_fds != nr)
		return shape_error("file descriptor count for its region count", message->nr_fds,
				nr, error);
	return 0;
}

/*
 * vhost-user SET_LOG_BASE: "the log memory fd is provided in the ancillary data", with LOG_SHMFD.
 * Without it the payload is a u64 by the text, but front-ends in use send the longer form all the
 * same.
 */
static int
check_log_base(const struct vhost_user_message *message,
		const struct vhost_user_negotiated *negotiated, struct vhost_user_error *error)
{
	bool shmfd = (negotiated->protocol_acked & PROTOCOL(LOG_SHMFD)) != 0;
	uint32_t size = message->header.size;

	if (size != sizeof(struct vhost_user_log) && (shmfd || size != sizeof(uint64_t)))
		return shape_error("payload size", size, sizeof(struct vhost_user_log), error);
	if (message->nr_fds != shmfd)
		return shape_error("file descriptor count", message->nr_fds, shmfd, error);
	return 0;
}

static int
check_config(const struct vhost_user_message *message,
		const struct vhost_user_negotiated *negotiated, struct vhost_user_error *error)
{
	uint64_t size = VHOST_USER_CONFIG_HEADER + (uint64_t)message->payload.config.size;

	(void)negotiated;
	if (message->header.size != size)
		return shape_error("payload size for its config size", message->header.size, size,
				error);
	return 0;
}

/* The text's description is 20 bytes long, the C structs that are sent are 24. */
static int
check_inflight(const struct vhost_user_message *message,
		const struct vhost_user_negotiated *negotiated, struct vhost_user_error *error)
{
	uint32_t size = message->header.size;

	(void)negotiated;
	if (size != offsetof(struct vhost_user_inflight, padding) &&
	    size != sizeof(struct vhost_user_inflight))
		return shape_error("payload size", size, sizeof(struct vhost_user_inflight), error);
	return 0;
}

#define INFLIGHT \
	SIZES(offsetof(struct vhost_user_inflight, padding), sizeof(struct vhost_user_inflight)), \
	.check_shape = check_inflight
#define CONFIG \
	SIZES(VHOST_USER_CONFIG_HEADER, VHOST_USER_CONFIG_HEADER + VHOST_USER_MAX_CONFIG), \
	.check_shape = check_config
#define ROW(row, ...) [VHOST_USER_##row] = { .id = VHOST_USER_##row, .name = #row, __VA_ARGS__ }

static const struct vhost_user_message_info to_backend[VHOST_USER_REQUEST_COUNT] = {
	ROW(GET_FEATURES, REPLY(U64)),
	ROW(SET_FEATURES, PAYLOAD(u64)),
	ROW(SET_OWNER),
	ROW(RESET_OWNER),
	/* vhost-user SET_MEM_TABLE: "(postcopy only) multiple memory regions description" */
	ROW(SET_MEM_TABLE, SIZES(8, sizeof(struct vhost_user_mem_table)),
		FDS(0, VHOST_USER_MAX_REGIONS), .check_shape = check_mem_table,
		REPLY_IF(SAME, IN_POSTCOPY)),
	ROW(SET_LOG_BASE, SIZES(8, sizeof(struct vhost_user_log)), FDS(0, 1),
		.check_shape = check_log_base, REPLY_IF(EMPTY, WITH_LOG_SHMFD),
		FEATURE_OFFERED(VHOST_F_LOG_ALL)),
	ROW(SET_LOG_FD, FDS(1, 1), FEATURE_OFFERED(VHOST_F_LOG_ALL)),
	ROW(SET_VRING_NUM, STATE),
	ROW(SET_VRING_ADDR, PAYLOAD(addr), .index = VHOST_USER_INDEX_ADDR),
	ROW(SET_VRING_BASE, STATE),
	ROW(GET_VRING_BASE, STATE, REPLY(STATE)),
	ROW(SET_VRING_KICK, RING_FD),
	ROW(SET_VRING_CALL, RING_FD),
	ROW(SET_VRING_ERR, RING_FD),
	/* vhost-user GET_PROTOCOL_FEATURES: "does not need to be acknowledged by SET_FEATURES" */
	ROW(GET_PROTOCOL_FEATURES, REPLY(U64), FEATURE_OFFERED(VHOST_USER_F_PROTOCOL_FEATURES)),
	ROW(SET_PROTOCOL_FEATURES, PAYLOAD(u64), FEATURE_OFFERED(VHOST_USER_F_PROTOCOL_FEATURES)),
	/* vhost-user GET_QUEUE_NUM: "is set in queried protocol features" */
	ROW(GET_QUEUE_NUM, REPLY(U64), OFFERED(PROTOCOL(MQ))),
	/* vhost-user SET_VRING_ENABLE: "sent only when [the feature] has been negotiated" */
	ROW(SET_VRING_ENABLE, STATE, FEATURE_ACKED(VHOST_USER_F_PROTOCOL_FEATURES)),
	ROW(SEND_RARP, PAYLOAD(u64), FEATURE_OFFERED(VHOST_USER_F_PROTOCOL_FEATURES),
		OFFERED(PROTOCOL(RARP))),
	/* Front-ends in use send it before SET_FEATURES: offered is all that can be asked for. */
	ROW(NET_SET_MTU, PAYLOAD(u64), FEATURE_OFFERED(VIRTIO_NET_F_MTU),
		OFFERED(PROTOCOL(NET_MTU))),
	/* vhost-user SET_BACKEND_REQ_FD: "bit is present in GET_PROTOCOL_FEATURES"; sent early */
	ROW(SET_BACKEND_REQ_FD, FDS(1, 1), FEATURE_OFFERED(VHOST_USER_F_PROTOCOL_FEATURES),
		OFFERED(PROTOCOL(BACKEND_REQ))),
	/* vhost-user IOTLB_MSG: "has to acknowledge the request with sending zero as u64" */
	ROW(IOTLB_MSG, PAYLOAD(iotlb), REPLY(U64), FEATURE_ACKED(VIRTIO_F_ACCESS_PLATFORM)),
	ROW(SET_VRING_ENDIAN, STATE, ACKED(PROTOCOL(CROSS_ENDIAN))),
	/* vhost-user GET_CONFIG: "payload size MUST match the front-end's request" */
	ROW(GET_CONFIG, CONFIG, REPLY(CONFIG), ACKED(PROTOCOL(CONFIG))),
	ROW(SET_CONFIG, CONFIG, ACKED(PROTOCOL(CONFIG))),
	ROW(CREATE_CRYPTO_SESSION, SIZES(1, VHOST_USER_MAX_PAYLOAD), REPLY(SAME),
		ACKED(PROTOCOL(CRYPTO_SESSION))),
	ROW(CLOSE_CRYPTO_SESSION, PAYLOAD(u64), ACKED(PROTOCOL(CRYPTO_SESSION))),
	ROW(POSTCOPY_ADVISE, REPLY(FD), ACKED(PROTOCOL(PAGEFAULT))),
	ROW(POSTCOPY_LISTEN, ACKED(PROTOCOL(PAGEFAULT))),
	ROW(POSTCOPY_END, REPLY(U64), ACKED(PROTOCOL(PAGEFAULT))),
	ROW(GET_INFLIGHT_FD, INFLIGHT, REPLY(INFLIGHT), ACKED(PROTOCOL(INFLIGHT_SHMFD))),
	ROW(SET_INFLIGHT_FD, INFLIGHT, FDS(1, 1), ACKED(PROTOCOL(INFLIGHT_SHMFD))),
	ROW(GPU_SET_SOCKET, FDS(1, 1)),
	/* vhost-user RESET_DEVICE: "protocol feature is set by the back-end" */
	ROW(RESET_DEVICE, OFFERED(PROTOCOL(RESET_DEVICE))),
	ROW(VRING_KICK, STATE, ACKED(PROTOCOL(INBAND_NOTIFICATIONS))),
	ROW(GET_MAX_MEM_SLOTS, REPLY(U64), ACKED(PROTOCOL(CONFIGURE_MEM_SLOTS))),
	/* vhost-user ADD_MEM_REG: "Exactly one file descriptor from which the memory is mapped" */
	ROW(ADD_MEM_REG, PAYLOAD(single_region), FDS(1, 1), REPLY_IF(SAME, IN_POSTCOPY),
		ACKED(PROTOCOL(CONFIGURE_MEM_SLOTS))),
	/* vhost-user REM_MEM_REG: "the back-end MAY accept messages with one file descriptor" */
	ROW(REM_MEM_REG, PAYLOAD(single_region), FDS(0, 1), ACKED(PROTOCOL(CONFIGURE_MEM_SLOTS))),
	ROW(SET_STATUS, PAYLOAD(u64), ACKED(PROTOCOL(STATUS))),
	ROW(GET_STATUS, REPLY(U64), ACKED(PROTOCOL(STATUS))),
	/* vhost-user GET_SHARED_OBJECT: "passing the fd when [...] successful, or no fd" */
	ROW(GET_SHARED_OBJECT, PAYLOAD(uuid), REPLY(FD), ACKED(PROTOCOL(SHARED_OBJECT))),
	ROW(SET_DEVICE_STATE_FD, PAYLOAD(device_state), FDS(1, 1), REPLY(U64_NOFD),
		ACKED(PROTOCOL(DEVICE_STATE))),
	ROW(CHECK_DEVICE_STATE, REPLY(U64), ACKED(PROTOCOL(DEVICE_STATE))),
	ROW(GET_SHMEM_CONFIG, REPLY(SHMEM), ACKED(PROTOCOL(SHMEM))),
	ROW(GET_VRING_BASE_SKIP_DRAIN, STATE, REPLY(STATE),
		ACKED(PROTOCOL(GET_VRING_BASE_SKIP_DRAIN))),
};

/* vhost-user BACKEND_SEND_FD: "If [...] negotiated, back-end can send file descriptors" */
#define BACKEND_FDS(min, max) FDS(min, max), .fd_protocol = PROTOCOL(BACKEND_SEND_FD)
#define BACKEND_ACKED(mask) ACKED(PROTOCOL(BACKEND_REQ) | (mask))
#define BACKEND_ROW(row, ...) \
	[VHOST_USER_BACKEND_##row] = { .id = VHOST_USER_BACKEND_##row, .name = #row, __VA_ARGS__ }

static const struct vhost_user_message_info to_frontend[VHOST_USER_BACKEND_REQUEST_COUNT] = {
	BACKEND_ROW(IOTLB_MSG, PAYLOAD(iotlb), FEATURE_ACKED(VIRTIO_F_ACCESS_PLATFORM),
		BACKEND_ACKED(0)),
	BACKEND_ROW(CONFIG_CHANGE_MSG, BACKEND_ACKED(PROTOCOL(CONFIG))),
	BACKEND_ROW(VRING_HOST_NOTIFIER_MSG, PAYLOAD(area), BACKEND_FDS(0, 1),
		.index = VHOST_USER_INDEX_U64, BACKEND_ACKED(PROTOCOL(HOST_NOTIFIER))),
	BACKEND_ROW(VRING_CALL, STATE, BACKEND_ACKED(PROTOCOL(INBAND_NOTIFICATIONS))),
	BACKEND_ROW(VRING_ERR, STATE, BACKEND_ACKED(PROTOCOL(INBAND_NOTIFICATIONS))),
	BACKEND_ROW(SHARED_OBJECT_ADD, PAYLOAD(uuid), BACKEND_ACKED(PROTOCOL(SHARED_OBJECT))),
	BACKEND_ROW(SHARED_OBJECT_REMOVE, PAYLOAD(uuid), BACKEND_ACKED(PROTOCOL(SHARED_OBJECT))),
	/* vhost-user SHARED_OBJECT_LOOKUP: "if the operation fails, no fd is sent" */
	BACKEND_ROW(SHARED_OBJECT_LOOKUP, PAYLOAD(uuid), REPLY(U64_FD),
		BACKEND_ACKED(PROTOCOL(SHARED_OBJECT))),
	BACKEND_ROW(SHMEM_MAP, PAYLOAD(shmem_map), BACKEND_FDS(1, 1),
		BACKEND_ACKED(PROTOCOL(SHMEM))),
	BACKEND_ROW(SHMEM_UNMAP, PAYLOAD(shmem_map), BACKEND_ACKED(PROTOCOL(SHMEM))),
};

static const struct {
	const struct vhost_user_message_info *rows;
	uint32_t nr;
} tables[] = {
	[VHOST_USER_TO_BACKEND] = { to_backend, VHOST_USER_REQUEST_COUNT },
	[VHOST_USER_TO_FRONTEND] = { to_frontend, VHOST_USER_BACKEND_REQUEST_COUNT },
};

#define FEATURE_NAME(feature) [VHOST_USER_PROTOCOL_F_##feature] = #feature

static const char *const protocol_feature_names[VHOST_USER_PROTOCOL_F_COUNT] = {
	FEATURE_NAME(MQ),
	FEATURE_NAME(LOG_SHMFD),
	FEATURE_NAME(RARP),
	FEATURE_NAME(REPLY_ACK),
	FEATURE_NAME(NET_MTU),
	FEATURE_NAME(BACKEND_REQ),
	FEATURE_NAME(CROSS_ENDIAN),
	FEATURE_NAME(CRYPTO_SESSION),
	FEATURE_NAME(PAGEFAULT),
	FEATURE_NAME(CONFIG),
	FEATURE_NAME(BACKEND_SEND_FD),
	FEATURE_NAME(HOST_NOTIFIER),
	FEATURE_NAME(INFLIGHT_SHMFD),
	FEATURE_NAME(RESET_DEVICE),
	FEATURE_NAME(INBAND_NOTIFICATIONS),
	FEATURE_NAME(CONFIGURE_MEM_SLOTS),
	FEATURE_NAME(STATUS),
	FEATURE_NAME(XEN_MMAP),
	FEATURE_NAME(SHARED_OBJECT),
	FEATURE_NAME(DEVICE_STATE),
	FEATURE_NAME(GET_VRING_BASE_INFLIGHT),
	FEATURE_NAME(GPA_ADDRESSES),
	FEATURE_NAME(SHMEM),
	FEATURE_NAME(GET_VRING_BASE_SKIP_DRAIN),
};

const struct vhost_user_message_info *
vhost_user_message_info(enum vhost_user_direction direction, uint32_t id)
{
	if (id >= tables[direction].nr || tables[direction].rows[id].name == NULL)
		return NULL;
	return &tables[direction].rows[id];
}

const char *
vhost_user_message_name(enum vhost_user_direction direction, uint32_t id)
{
	const struct vhost_user_message_info *info = vhost_user_message_info(direction, id);

	return info != NULL ? info->name : "unknown";
}

const char *
vhost_user_protocol_feature_name(unsigned int bit)
{
	return bit < VHOST_USER_PROTOCOL_F_COUNT ? protocol_feature_names[bit] : "unknown";
}

void
vhost_user_message_init(struct vhost_user_message *message, uint32_t request, uint32_t size)
{
	memset(message, 0, sizeof(*message));
	memset(message->fds, 0xff, sizeof(message->fds));
	message->header.request = request;
	message->header.flags = VHOST_USER_FLAG_VERSION;
	message->header.size = size;
}

void
vhost_user_reply_init(struct vhost_user_message *reply, const struct vhost_user_message *request,
		uint32_t size)
{
	uint32_t id = request->header.request;

	vhost_user_message_init(reply, id, size);
	/* vhost-user Header: "the reply flag - needs to be sent on each reply from the back-end" */
	reply->header.flags |= VHOST_USER_FLAG_REPLY;
}

void
vhost_user_ack_init(struct vhost_user_message *reply, const struct vhost_user_message *request,
		uint64_t code)
{
	vhost_user_reply_init(reply, request, sizeof(reply->payload.u64));
	reply->payload.u64 = code;
}

int
vhost_user_message_add_fd(struct vhost_user_message *message, int fd)
{
	if (message->nr_fds >= VHOST_USER_MAX_FDS)
		return -ENOSPC;
	message->fds[message->nr_fds++] = fd;
	return 0;
}

void
vhost_user_message_close_fds(struct vhost_user_message *message)
{
	for (unsigned int i = 0; i < message->nr_fds; i++) {
		if (message->fds[i] >= 0)
			close(message->fds[i]);
		message->fds[i] = -1;
	}
	message->nr_fds = 0;
}

int
vhost_user_message_take_fd(struct vhost_user_message *message, unsigned int i)
{
	int fd;

	if (i >= message->nr_fds)
		return -1;
	fd = message->fds[i];
	message->fds[i] = -1;
	return fd;
}
