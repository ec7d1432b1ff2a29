/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What each vhost-user message means: one row a message, a verb of the session and what its reply carries. Syntax was
 * checked before (vhost_user_message_validate()). Messages without a row here are the device's (custom_msg).
 */

#include <errno.h>
#include <linux/virtio_config.h>
#include <string.h>

#include "vhost2/transport/vhost_user.h"

#define PROTOCOL(name) VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_##name)

const uint64_t vhost_user_protocol_of_devices = PROTOCOL(RARP) | PROTOCOL(NET_MTU) | PROTOCOL(CRYPTO_SESSION);

uint64_t
vhost_user_protocol_offer(const struct session_device *device)
{
	uint64_t offer = PROTOCOL(MQ) | PROTOCOL(REPLY_ACK) | PROTOCOL(BACKEND_REQ) | PROTOCOL(RESET_DEVICE) |
		PROTOCOL(CONFIGURE_MEM_SLOTS) | PROTOCOL(STATUS);

	if (device->ops.get_config != NULL)
		offer |= PROTOCOL(CONFIG);
	if ((device->flags & RTE_VHOST2_NO_LOG) == 0)
		offer |= PROTOCOL(LOG_SHMFD);
	if ((device->flags & RTE_VHOST2_INFLIGHT) != 0)
		offer |= PROTOCOL(INFLIGHT_SHMFD);
	return offer | (device->ops.protocol_features & vhost_user_protocol_of_devices);
}

/* The descriptor of SET_VRING_KICK, CALL, ERR; validated: there is one, or the flag says that there is none. */
static int
ring_fd(struct vhost_user_message *request)
{
	return vhost_user_message_take_fd(request, 0);
}

static uint32_t
ring_index(const struct vhost_user_message *request)
{
	return (uint32_t)(request->payload.u64 & VHOST_USER_VRING_INDEX_MASK);
}

static struct memory_region
region_of(const struct vhost_user_region *region)
{
	return (struct memory_region){ .gpa = region->gpa, .size = region->size, .user_addr = region->user_addr,
		.offset = region->mmap_offset };
}

/* --- verbs --- */

/* Nothing happens: the answer, or that it was heard, is all. */
static void
heard(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	session_begin(conn->session, vhost_user_message_name(VHOST_USER_TO_BACKEND, request->header.request), NULL);
}

static void
set_features(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	session_set_features(conn->session, request->payload.u64);
}

static void
set_protocol_features(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	const uint64_t surplus = request->payload.u64 & ~conn->negotiated.protocol_offered;

	heard(conn, request);
	if (surplus == 0)
		conn->negotiated.protocol_acked = request->payload.u64;
	else
		session_refuse(conn->session, RTE_VHOST2_ERR_MESSAGE, -EINVAL, "0x%llx was not offered",
			(unsigned long long)surplus);
}

static void
reset_owner(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	(void)request;
	session_disable_all(conn->session);
}

static void
reset_device(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	(void)request;
	session_reset_device(conn->session);
}

static void
set_mem_table(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	struct memory_region regions[VHOST_USER_MAX_REGIONS];
	const uint32_t nr = request->payload.mem_table.nr;

	for (uint32_t i = 0; i < nr; i++)
		regions[i] = region_of(&request->payload.mem_table.regions[i]);
	session_set_mem_table(conn->session, regions, request->fds, nr);
}

static void
add_mem_reg(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	const struct memory_region region = region_of(&request->payload.single_region.region);

	session_add_mem_reg(conn->session, &region, vhost_user_message_take_fd(request, 0));
}

static void
rem_mem_reg(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	const struct memory_region region = region_of(&request->payload.single_region.region);

	session_rem_mem_reg(conn->session, &region);
}

static void
set_vring_num(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	session_set_vring_num(conn->session, request->payload.state.index, request->payload.state.num);
}

static void
set_vring_addr(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	const struct vhost_user_vring_addr *told = &request->payload.addr;
	const struct queue_addr addr = {
		.desc = told->desc,
		.driver = told->avail,
		.device = told->used,
		.log = told->log,
		.is_logged = (told->flags & 1) != 0,
	};

	session_set_vring_addr(conn->session, told->index, &addr);
}

static void
set_vring_base(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	session_set_vring_base(conn->session, request->payload.state.index, request->payload.state.num);
}

static void
get_vring_base(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	session_get_vring_base(conn->session, request->payload.state.index);
}

static void
set_vring_kick(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	session_set_vring_kick(conn->session, ring_index(request), ring_fd(request));
}

static void
set_vring_call(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	session_set_vring_call(conn->session, ring_index(request), ring_fd(request));
}

static void
set_vring_err(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	session_set_vring_err(conn->session, ring_index(request), ring_fd(request));
}

static void
set_vring_enable(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	const uint32_t enable = request->payload.state.num;

	session_set_vring_enable(conn->session, request->payload.state.index, enable == 1);
	if (enable > 1)
		session_refuse(conn->session, RTE_VHOST2_ERR_MESSAGE, -EINVAL, "%u is neither 0 nor 1", enable);
}

static void
set_status(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	session_set_status(conn->session, request->payload.u64);
}

static void
get_config(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	struct vhost_user_config *config = &request->payload.config;

	session_get_config(conn->session, config->offset, config->size, config->data);
}

static void
set_config(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	struct vhost_user_config *config = &request->payload.config;

	/* vhost-user SET_CONFIG: "0: Writeable fields; 1: Live migration" */
	session_set_config(conn->session, config->offset, config->size, config->data,
		config->flags & 1 ? RTE_VHOST2_SET_CONFIG_MIGRATION : RTE_VHOST2_SET_CONFIG_DRIVER);
}

static void
set_backend_req_fd(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	int rc;

	heard(conn, request);
	rc = vhost_user_backend_open(conn, vhost_user_message_take_fd(request, 0));
	if (rc != 0)
		session_refuse(conn->session, RTE_VHOST2_ERR_FDS, rc, "the descriptor is no stream socket");
}

static void
set_log_base(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	const struct vhost_user_log *log = &request->payload.log;

	/* Without LOG_SHMFD there is no descriptor, and no way to have the log. */
	session_set_log_base(conn->session, request->nr_fds > 0 ? request->fds[0] : VHOST_USER_NO_FD, log->offset,
		log->size);
}

static void
iotlb_msg(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	const struct vhost_user_iotlb *iotlb = &request->payload.iotlb;

	switch (iotlb->type) {
	case VHOST_USER_IOTLB_UPDATE:
		session_iotlb_update(conn->session, iotlb->iova, iotlb->size, iotlb->user_addr, iotlb->permissions);
		break;
	case VHOST_USER_IOTLB_INVALIDATE:
		session_iotlb_invalidate(conn->session, iotlb->iova, iotlb->size);
		break;
	default:
		heard(conn, request);
		session_refuse(conn->session, RTE_VHOST2_ERR_MESSAGE, -EINVAL, "type %u is neither update nor invalidate",
			iotlb->type);
	}
}

static void
set_inflight_fd(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	const struct vhost_user_inflight *told = &request->payload.inflight;

	session_set_inflight(conn->session, request->fds[0], told->mmap_offset, told->mmap_size, told->num_queues,
		told->queue_size);
}

static void
custom(struct vhost_user_conn *conn, struct vhost_user_message *request)
{
	conn->custom = (struct rte_vhost2_msg){
		.id = request->header.request,
		.flags = request->header.flags,
		.size = request->header.size,
		.payload = &request->payload,
		.nr_fds = request->nr_fds,
	};
	memcpy(conn->custom.fds, request->fds, sizeof(conn->custom.fds));
	session_custom(conn->session, &conn->custom);
}

/* --- replies --- */

static int
reply_u64(struct vhost_user_message *reply, uint64_t value)
{
	reply->header.size = sizeof(reply->payload.u64);
	reply->payload.u64 = value;
	return 0;
}

/* The reply functions have one shape; few of them need all of it. */
#define UNUSED_REPLY_ARGS() ((void)conn, (void)request, (void)rc)

static int
features(struct vhost_user_conn *conn, const struct vhost_user_message *request, struct vhost_user_message *reply, int rc)
{
	UNUSED_REPLY_ARGS();
	return reply_u64(reply, conn->negotiated.features_offered);
}

static int
protocol_features(struct vhost_user_conn *conn, const struct vhost_user_message *request,
	struct vhost_user_message *reply, int rc)
{
	UNUSED_REPLY_ARGS();
	return reply_u64(reply, conn->negotiated.protocol_offered);
}

static int
queue_num(struct vhost_user_conn *conn, const struct vhost_user_message *request, struct vhost_user_message *reply,
	int rc)
{
	const struct rte_vhost2_tgt_ops *ops = &conn->endpoint->device->ops;

	UNUSED_REPLY_ARGS();
	return reply_u64(reply, ops->queue_num != 0 ? ops->queue_num : ops->nr_queues);
}

static int
mem_slots(struct vhost_user_conn *conn, const struct vhost_user_message *request, struct vhost_user_message *reply,
	int rc)
{
	UNUSED_REPLY_ARGS();
	return reply_u64(reply, RTE_VHOST2_MEMORY_MAX_NREGIONS);
}

static int
status(struct vhost_user_conn *conn, const struct vhost_user_message *request, struct vhost_user_message *reply, int rc)
{
	UNUSED_REPLY_ARGS();
	return reply_u64(reply, conn->session->status);
}

static int
vring_base(struct vhost_user_conn *conn, const struct vhost_user_message *request, struct vhost_user_message *reply,
	int rc)
{
	const uint32_t index = request->payload.state.index;

	UNUSED_REPLY_ARGS();
	reply->payload.state.index = index;
	reply->payload.state.num = queue_get_base(&conn->session->queues[index]);
	return 0;
}

/* vhost-user SET_LOG_BASE: front-ends want to hear of it and look for nothing in the reply. */
static int
log_base(struct vhost_user_conn *conn, const struct vhost_user_message *request, struct vhost_user_message *reply,
	int rc)
{
	(void)conn;
	(void)request;
	reply->header.size = 0;
	return rc;
}

/* vhost-user IOTLB_MSG: "has to acknowledge the request with sending zero as u64" */
static int
iotlb_result(struct vhost_user_conn *conn, const struct vhost_user_message *request, struct vhost_user_message *reply,
	int rc)
{
	(void)conn;
	(void)request;
	return reply_u64(reply, rc == 0 ? 0 : 1);
}

/*
 * What cannot be had is answered by a size of 0 and no descriptor, upon which front-ends do without: more than there
 * is, and packed rings.
 */
static int
inflight_fd(struct vhost_user_conn *conn, const struct vhost_user_message *request, struct vhost_user_message *reply,
	int rc)
{
	const struct rte_vhost2_tgt_ops *ops = &conn->endpoint->device->ops;
	const struct vhost_user_inflight *asked = &request->payload.inflight;
	int fd = -EINVAL;

	(void)rc;
	reply->payload.inflight = (struct vhost_user_inflight){ .num_queues = asked->num_queues,
		.queue_size = asked->queue_size };
	if (asked->num_queues <= ops->nr_queues && asked->queue_size <= ops->queue_size_max &&
	    (conn->session->vdev->features & VHOST_USER_BIT(VIRTIO_F_RING_PACKED)) == 0)
		fd = inflight_make(asked->num_queues, asked->queue_size, &reply->payload.inflight.mmap_size);
	if (fd >= 0)
		vhost_user_message_add_fd(reply, fd);
	return 0;
}

static int
config(struct vhost_user_conn *conn, const struct vhost_user_message *request, struct vhost_user_message *reply, int rc)
{
	UNUSED_REPLY_ARGS();
	reply->payload.config = request->payload.config;
	/* vhost-user GET_CONFIG: "uses zero length of payload to indicate an error" */
	if (rc != 0)
		reply->header.size = 0;
	return 0;
}

static int
custom_reply(struct vhost_user_conn *conn, const struct vhost_user_message *request, struct vhost_user_message *reply,
	int rc)
{
	const uint32_t size = conn->custom.reply_size;

	if (rc != 0)
		return rc;
	if (size > sizeof(reply->payload))
		return -EMSGSIZE;
	reply->header.size = size;
	memcpy(&reply->payload, &request->payload, size);
	return 0;
}

#define VERB(request, ...) [VHOST_USER_##request] = { __VA_ARGS__ }

static const struct vhost_user_verb verbs[VHOST_USER_REQUEST_COUNT] = {
	VERB(GET_FEATURES, heard, features),
	VERB(SET_FEATURES, set_features, NULL),
	VERB(SET_OWNER, heard, NULL),
	VERB(RESET_OWNER, reset_owner, NULL),
	VERB(SET_MEM_TABLE, set_mem_table, NULL),
	VERB(SET_LOG_BASE, set_log_base, log_base),
	VERB(SET_LOG_FD, heard, NULL),
	VERB(SET_VRING_NUM, set_vring_num, NULL),
	VERB(SET_VRING_ADDR, set_vring_addr, NULL),
	VERB(SET_VRING_BASE, set_vring_base, NULL),
	VERB(GET_VRING_BASE, get_vring_base, vring_base),
	VERB(SET_VRING_KICK, set_vring_kick, NULL),
	VERB(SET_VRING_CALL, set_vring_call, NULL),
	VERB(SET_VRING_ERR, set_vring_err, NULL),
	VERB(GET_PROTOCOL_FEATURES, heard, protocol_features),
	VERB(SET_PROTOCOL_FEATURES, set_protocol_features, NULL),
	VERB(GET_QUEUE_NUM, heard, queue_num),
	VERB(SET_VRING_ENABLE, set_vring_enable, NULL),
	VERB(SET_BACKEND_REQ_FD, set_backend_req_fd, NULL),
	VERB(IOTLB_MSG, iotlb_msg, iotlb_result),
	VERB(GET_CONFIG, get_config, config),
	VERB(SET_CONFIG, set_config, NULL),
	VERB(GET_INFLIGHT_FD, heard, inflight_fd),
	VERB(SET_INFLIGHT_FD, set_inflight_fd, NULL),
	VERB(RESET_DEVICE, reset_device, NULL),
	VERB(GET_MAX_MEM_SLOTS, heard, mem_slots),
	VERB(ADD_MEM_REG, add_mem_reg, NULL),
	VERB(REM_MEM_REG, rem_mem_reg, NULL),
	VERB(SET_STATUS, set_status, NULL),
	VERB(GET_STATUS, heard, status),
};

static const struct vhost_user_verb custom_verb = { custom, custom_reply };

const struct vhost_user_verb *
vhost_user_verb_of(uint32_t request)
{
	if (request >= VHOST_USER_REQUEST_COUNT || verbs[request].begin == NULL)
		return &custom_verb;
	return &verbs[request];
}
