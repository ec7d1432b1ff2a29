/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The vhost-user protocol as data: what is on the wire, and one table a direction that says of
 * every message how long it is, how many descriptors it carries, which ring it names, what must be
 * negotiated before it and what answers it. Not here: sockets (channel.h) and meaning (the handlers
 * of either half). No EAL, no allocation, no logging.
 *
 * Theory of operation. A message is looked up by direction and id. vhost_user_message_validate()
 * holds a received request against its row before any handler sees it, so a handler checks meaning
 * only; vhost_user_reply_validate() does the same for a reply, which must fit the request that it
 * answers. All numbers are in native byte order. The payload structs have the wire's layout by
 * themselves (every member is naturally aligned, every hole is a named member, every size is
 * asserted), hence no member is ever misaligned in a struct vhost_user_message.
 */

#ifndef VHOST_USER_MESSAGE_H
#define VHOST_USER_MESSAGE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost_user/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Mask of one feature bit, virtio or protocol. */
#define VHOST_USER_BIT(bit) (UINT64_C(1) << (bit))

#define VHOST_USER_NO_FD (-1)         /**< where a descriptor could be and is none; 0 is a legal one */
#define VHOST_USER_MAX_FDS 8        /**< descriptors in one message */
#define VHOST_USER_MAX_REGIONS 8    /**< regions in one SET_MEM_TABLE */
#define VHOST_USER_MAX_CONFIG 256   /**< bytes of device configuration in one message */
#define VHOST_USER_MAX_SHMEM 256    /**< VIRTIO shared memory regions */
#define VHOST_USER_CONFIG_HEADER 12 /**< bytes of struct vhost_user_config before its data */
#define VHOST_USER_HEADER_SIZE 12   /**< bytes of struct vhost_user_header */

/** Header flags. vhost-user Header: "Lower 2 bits are the version (currently 0x01)" */
enum vhost_user_flag {
	VHOST_USER_FLAG_VERSION_MASK = 0x3, /**< the version field */
	VHOST_USER_FLAG_VERSION = 0x1,      /**< its only value */
	VHOST_USER_FLAG_REPLY = 0x4,        /**< this answers a request */
	VHOST_USER_FLAG_NEED_REPLY = 0x8,   /**< an ack is wanted; heeded once REPLY_ACK is acked */
};

/** Who sends the requests that are talked about; their replies go the other way. */
enum vhost_user_direction {
	VHOST_USER_TO_BACKEND,  /**< requests of the front-end, on the main socket */
	VHOST_USER_TO_FRONTEND, /**< requests of the back-end, on SET_BACKEND_REQ_FD's socket */
};

/** Requests of the front-end. */
enum vhost_user_request {
	VHOST_USER_GET_FEATURES = 1,
	VHOST_USER_SET_FEATURES = 2,
	VHOST_USER_SET_OWNER = 3,
	VHOST_USER_RESET_OWNER = 4,
	VHOST_USER_SET_MEM_TABLE = 5,
	VHOST_USER_SET_LOG_BASE = 6,
	VHOST_USER_SET_LOG_FD = 7,
	VHOST_USER_SET_VRING_NUM = 8,
	VHOST_USER_SET_VRING_ADDR = 9,
	VHOST_USER_SET_VRING_BASE = 10,
	VHOST_USER_GET_VRING_BASE = 11,
	VHOST_USER_SET_VRING_KICK = 12,
	VHOST_USER_SET_VRING_CALL = 13,
	VHOST_USER_SET_VRING_ERR = 14,
	VHOST_USER_GET_PROTOCOL_FEATURES = 15,
	VHOST_USER_SET_PROTOCOL_FEATURES = 16,
	VHOST_USER_GET_QUEUE_NUM = 17,
	VHOST_USER_SET_VRING_ENABLE = 18,
	VHOST_USER_SEND_RARP = 19,
	VHOST_USER_NET_SET_MTU = 20,
	VHOST_USER_SET_BACKEND_REQ_FD = 21,
	VHOST_USER_IOTLB_MSG = 22,
	VHOST_USER_SET_VRING_ENDIAN = 23,
	VHOST_USER_GET_CONFIG = 24,
	VHOST_USER_SET_CONFIG = 25,
	VHOST_USER_CREATE_CRYPTO_SESSION = 26,
	VHOST_USER_CLOSE_CRYPTO_SESSION = 27,
	VHOST_USER_POSTCOPY_ADVISE = 28,
	VHOST_USER_POSTCOPY_LISTEN = 29,
	VHOST_USER_POSTCOPY_END = 30,
	VHOST_USER_GET_INFLIGHT_FD = 31,
	VHOST_USER_SET_INFLIGHT_FD = 32,
	VHOST_USER_GPU_SET_SOCKET = 33,
	VHOST_USER_RESET_DEVICE = 34,
	VHOST_USER_VRING_KICK = 35,
	VHOST_USER_GET_MAX_MEM_SLOTS = 36,
	VHOST_USER_ADD_MEM_REG = 37,
	VHOST_USER_REM_MEM_REG = 38,
	VHOST_USER_SET_STATUS = 39,
	VHOST_USER_GET_STATUS = 40,
	VHOST_USER_GET_SHARED_OBJECT = 41,
	VHOST_USER_SET_DEVICE_STATE_FD = 42,
	VHOST_USER_CHECK_DEVICE_STATE = 43,
	VHOST_USER_GET_SHMEM_CONFIG = 44,
	VHOST_USER_GET_VRING_BASE_SKIP_DRAIN = 45,
	VHOST_USER_REQUEST_COUNT = 46, /**< one more than the greatest */
};

/** Requests of the back-end. */
enum vhost_user_backend_request {
	VHOST_USER_BACKEND_IOTLB_MSG = 1,
	VHOST_USER_BACKEND_CONFIG_CHANGE_MSG = 2,
	VHOST_USER_BACKEND_VRING_HOST_NOTIFIER_MSG = 3,
	VHOST_USER_BACKEND_VRING_CALL = 4,
	VHOST_USER_BACKEND_VRING_ERR = 5,
	VHOST_USER_BACKEND_SHARED_OBJECT_ADD = 6,
	VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE = 7,
	VHOST_USER_BACKEND_SHARED_OBJECT_LOOKUP = 8,
	VHOST_USER_BACKEND_SHMEM_MAP = 9,
	VHOST_USER_BACKEND_SHMEM_UNMAP = 10,
	VHOST_USER_BACKEND_REQUEST_COUNT = 11, /**< one more than the greatest */
};

/** The virtio feature bit that announces protocol features. */
#define VHOST_USER_F_PROTOCOL_FEATURES 30

/** Protocol feature bits (numbers, not masks). */
enum vhost_user_protocol_feature {
	VHOST_USER_PROTOCOL_F_MQ = 0,
	VHOST_USER_PROTOCOL_F_LOG_SHMFD = 1,
	VHOST_USER_PROTOCOL_F_RARP = 2,
	VHOST_USER_PROTOCOL_F_REPLY_ACK = 3,
	VHOST_USER_PROTOCOL_F_NET_MTU = 4,
	VHOST_USER_PROTOCOL_F_BACKEND_REQ = 5,
	VHOST_USER_PROTOCOL_F_CROSS_ENDIAN = 6,
	VHOST_USER_PROTOCOL_F_CRYPTO_SESSION = 7,
	VHOST_USER_PROTOCOL_F_PAGEFAULT = 8,
	VHOST_USER_PROTOCOL_F_CONFIG = 9,
	VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD = 10,
	VHOST_USER_PROTOCOL_F_HOST_NOTIFIER = 11,
	VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD = 12,
	VHOST_USER_PROTOCOL_F_RESET_DEVICE = 13,
	VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS = 14,
	VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS = 15,
	VHOST_USER_PROTOCOL_F_STATUS = 16,
	VHOST_USER_PROTOCOL_F_XEN_MMAP = 17,
	VHOST_USER_PROTOCOL_F_SHARED_OBJECT = 18,
	VHOST_USER_PROTOCOL_F_DEVICE_STATE = 19,
	VHOST_USER_PROTOCOL_F_GET_VRING_BASE_INFLIGHT = 20,
	VHOST_USER_PROTOCOL_F_GPA_ADDRESSES = 21,
	VHOST_USER_PROTOCOL_F_SHMEM = 22,
	VHOST_USER_PROTOCOL_F_GET_VRING_BASE_SKIP_DRAIN = 23,
	VHOST_USER_PROTOCOL_F_COUNT = 24, /**< one more than the greatest */
};

/** In the u64 of SET_VRING_KICK/CALL/ERR and of a host notifier. */
#define VHOST_USER_VRING_INDEX_MASK UINT64_C(0xff) /**< the ring */
#define VHOST_USER_VRING_NOFD UINT64_C(0x100)      /**< no descriptor comes with it */

/** On the wire before every payload. */
struct vhost_user_header {
	uint32_t request; /**< enum vhost_user_request or vhost_user_backend_request */
	uint32_t flags;   /**< enum vhost_user_flag */
	uint32_t size;    /**< bytes of payload that follow */
};

/** A ring and a number; what the number is depends on the message. */
struct vhost_user_vring_state {
	uint32_t index;
	uint32_t num;
};

/** SET_VRING_ADDR. The front-end's user addresses; IOVAs with VIRTIO_F_ACCESS_PLATFORM. */
struct vhost_user_vring_addr {
	uint32_t index;
	uint32_t flags; /**< bit 0 (VHOST_VRING_F_LOG): log writes to the used ring */
	uint64_t desc;
	uint64_t used;
	uint64_t avail;
	uint64_t log; /**< guest address at which the used ring is logged */
};

/** A piece of shared memory. */
struct vhost_user_region {
	uint64_t gpa; /**< the address that descriptors use, if it is not user_addr */
	uint64_t size;
	uint64_t user_addr;
	uint64_t mmap_offset; /**< of the region in the mapped file */
};

/** SET_MEM_TABLE: only the first `nr` regions are on the wire. */
struct vhost_user_mem_table {
	uint32_t nr;
	uint32_t padding;
	struct vhost_user_region regions[VHOST_USER_MAX_REGIONS];
};

/** ADD_MEM_REG, REM_MEM_REG. */
struct vhost_user_single_region {
	uint64_t padding;
	struct vhost_user_region region;
};

/** SET_LOG_BASE. */
struct vhost_user_log {
	uint64_t size;
	uint64_t offset;
};

/** Kinds of an IOTLB message. */
enum vhost_user_iotlb_type {
	VHOST_USER_IOTLB_MISS = 1,
	VHOST_USER_IOTLB_UPDATE = 2,
	VHOST_USER_IOTLB_INVALIDATE = 3,
	VHOST_USER_IOTLB_ACCESS_FAIL = 4,
};

/** IOTLB_MSG in both directions: the kernel's struct vhost_iotlb_msg, hole at the end included. */
struct vhost_user_iotlb {
	uint64_t iova;
	uint64_t size;
	uint64_t user_addr;
	uint8_t permissions; /**< bit 0 read, bit 1 write */
	uint8_t type;        /**< enum vhost_user_iotlb_type */
	uint8_t padding[6];
};

/** GET_CONFIG, SET_CONFIG: only the first `size` bytes of data are on the wire. */
struct vhost_user_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags; /**< 0: writable fields, 1: live migration */
	uint8_t data[VHOST_USER_MAX_CONFIG];
};

/** BACKEND_VRING_HOST_NOTIFIER_MSG. */
struct vhost_user_vring_area {
	uint64_t index; /**< VHOST_USER_VRING_INDEX_MASK, VHOST_USER_VRING_NOFD */
	uint64_t size;
	uint64_t offset;
};

/** GET_INFLIGHT_FD, SET_INFLIGHT_FD. */
struct vhost_user_inflight {
	uint64_t mmap_size;
	uint64_t mmap_offset;
	uint16_t num_queues;
	uint16_t queue_size;
	uint32_t padding; /**< not in the text, but sent by all who send a C struct */
};

/** SET_DEVICE_STATE_FD. */
struct vhost_user_device_state {
	uint32_t direction; /**< 0: save, 1: load */
	uint32_t phase;     /**< 0: stopped */
};

/** GET_SHMEM_CONFIG's reply. */
struct vhost_user_shmem_config {
	uint32_t nr;
	uint32_t padding;
	uint64_t sizes[VHOST_USER_MAX_SHMEM]; /**< bytes, by shared memory id */
};

/** BACKEND_SHMEM_MAP, BACKEND_SHMEM_UNMAP. */
struct vhost_user_shmem_map {
	uint8_t shmid;
	uint8_t padding[7];
	uint64_t fd_offset;
	uint64_t shm_offset;
	uint64_t len;
	uint64_t flags; /**< bit 0: read-write */
};

/** Any payload. */
union vhost_user_payload {
	uint64_t u64;
	struct vhost_user_vring_state state;
	struct vhost_user_vring_addr addr;
	struct vhost_user_mem_table mem_table;
	struct vhost_user_single_region single_region;
	struct vhost_user_log log;
	struct vhost_user_iotlb iotlb;
	struct vhost_user_config config;
	struct vhost_user_vring_area area;
	struct vhost_user_inflight inflight;
	struct vhost_user_device_state device_state;
	struct vhost_user_shmem_config shmem_config;
	struct vhost_user_shmem_map shmem_map;
	uint8_t uuid[16]; /**< of a shared object */
	uint8_t bytes[8 + 8 * VHOST_USER_MAX_SHMEM]; /**< device-specific (crypto sessions) */
};

/** Greatest payload of any message; more is refused before any of it is read. */
#define VHOST_USER_MAX_PAYLOAD sizeof(union vhost_user_payload)

static_assert(sizeof(struct vhost_user_header) == VHOST_USER_HEADER_SIZE, "wire layout");
static_assert(sizeof(struct vhost_user_vring_state) == 8, "wire layout");
static_assert(sizeof(struct vhost_user_vring_addr) == 40, "wire layout");
static_assert(sizeof(struct vhost_user_region) == 32, "wire layout");
static_assert(offsetof(struct vhost_user_mem_table, regions) == 8, "wire layout");
static_assert(sizeof(struct vhost_user_single_region) == 40, "wire layout");
static_assert(sizeof(struct vhost_user_log) == 16, "wire layout");
static_assert(sizeof(struct vhost_user_iotlb) == 32, "wire layout");
static_assert(offsetof(struct vhost_user_config, data) == VHOST_USER_CONFIG_HEADER, "wire layout");
static_assert(sizeof(struct vhost_user_vring_area) == 24, "wire layout");
static_assert(sizeof(struct vhost_user_inflight) == 24, "wire layout");
static_assert(sizeof(struct vhost_user_device_state) == 8, "wire layout");
static_assert(sizeof(struct vhost_user_shmem_config) == 2056, "wire layout");
static_assert(sizeof(struct vhost_user_shmem_map) == 40, "wire layout");
static_assert(sizeof(union vhost_user_payload) == 2056, "all that a peer can make us hold");

/**
 * One message with its descriptors. Who holds the struct owns fds[0..nr_fds) after a receive, until
 * it closes them (vhost_user_message_close_fds) or takes them out (and writes -1 there). Sending
 * does not close them.
 */
struct vhost_user_message {
	struct vhost_user_header header;
	unsigned int nr_fds;
	int fds[VHOST_USER_MAX_FDS]; /**< 0, 1 and 2 are descriptors like any other; -1 is none */
	union vhost_user_payload payload;
};

/** How a message is answered when no ack was asked for. */
enum vhost_user_reply_kind {
	VHOST_USER_REPLY_NONE,       /**< not at all; an ack (u64, 0 is success) when asked for */
	VHOST_USER_REPLY_U64,        /**< always with a u64 */
	VHOST_USER_REPLY_STATE,      /**< always with a ring state of the same ring */
	VHOST_USER_REPLY_SAME,       /**< always with a payload as long as the request's */
	VHOST_USER_REPLY_INFLIGHT,   /**< always with an inflight description, and its descriptor */
	VHOST_USER_REPLY_CONFIG,     /**< like SAME; an empty payload means failure */
	VHOST_USER_REPLY_EMPTY,      /**< always, without meaning (0 or 8 bytes are in use) */
	VHOST_USER_REPLY_FD,         /**< always with a descriptor, none on failure */
	VHOST_USER_REPLY_U64_FD,     /**< u64: 0 with a descriptor, non-zero without one */
	VHOST_USER_REPLY_U64_NOFD,   /**< u64: bits 0-7 zero is success, bit 8 no descriptor */
	VHOST_USER_REPLY_SHMEM,      /**< always with struct vhost_user_shmem_config */
};

/** When enum vhost_user_reply_kind holds; otherwise the message is answered like REPLY_NONE. */
enum vhost_user_reply_condition {
	VHOST_USER_REPLY_ALWAYS,
	VHOST_USER_REPLY_WITH_LOG_SHMFD, /**< once LOG_SHMFD is acknowledged */
	VHOST_USER_REPLY_IN_POSTCOPY,    /**< after POSTCOPY_LISTEN, without NEED_REPLY */
};

/** Where a message names its ring. */
enum vhost_user_index_field {
	VHOST_USER_INDEX_NONE,
	VHOST_USER_INDEX_STATE, /**< payload.state.index */
	VHOST_USER_INDEX_ADDR,  /**< payload.addr.index */
	VHOST_USER_INDEX_U64,   /**< payload.u64 or area.index: bits 0-7; bit 8: no descriptor */
};

/** What a feature must be before a message is legal. */
enum vhost_user_gate {
	VHOST_USER_OFFERED, /**< in the answer to GET_FEATURES / GET_PROTOCOL_FEATURES */
	VHOST_USER_ACKED,   /**< in SET_FEATURES / SET_PROTOCOL_FEATURES */
};

struct vhost_user_negotiated;

/** One row of the protocol. */
struct vhost_user_message_info {
	uint32_t id;
	const char *name;          /**< as in the text, without VHOST_USER_ */
	uint16_t min_size;         /**< of the payload, bytes */
	uint16_t max_size;
	uint8_t min_fds;
	uint8_t max_fds;
	/** For what the payload or the negotiation decides; min..max are checked before. */
	int (*check_shape)(const struct vhost_user_message *message,
			const struct vhost_user_negotiated *negotiated,
			struct vhost_user_error *error);
	enum vhost_user_index_field index;
	enum vhost_user_reply_kind reply;
	enum vhost_user_reply_condition reply_condition;
	uint64_t features;         /**< virtio feature bits required */
	enum vhost_user_gate features_gate;
	uint64_t protocol;         /**< protocol feature bits required */
	enum vhost_user_gate protocol_gate;
	uint64_t fd_protocol;      /**< protocol bits that must be acked for descriptors */
};

/** What the two ends agreed on so far; the gates of the table are held against it. */
struct vhost_user_negotiated {
	uint64_t features_offered; /**< answer to GET_FEATURES */
	uint64_t features_acked;   /**< of SET_FEATURES, 0 before */
	uint64_t protocol_offered; /**< answer to GET_PROTOCOL_FEATURES, 0 when never asked */
	uint64_t protocol_acked;   /**< of SET_PROTOCOL_FEATURES, 0 before */
	uint32_t max_vrings;       /**< ring indices below this are legal */
	bool postcopy;             /**< POSTCOPY_LISTEN was seen */
};

/** What the sender of a request may wait for. */
enum vhost_user_answer {
	VHOST_USER_ANSWER_NONE,  /**< nothing will come */
	VHOST_USER_ANSWER_ACK,   /**< a u64, 0 is success */
	VHOST_USER_ANSWER_REPLY, /**< the message's own reply */
};

/** @return the row of a message, NULL when there is none. */
const struct vhost_user_message_info *vhost_user_message_info(enum vhost_user_direction direction,
		uint32_t id);

/** @return the name of a message, "unknown" when it has none; never NULL. */
const char *vhost_user_message_name(enum vhost_user_direction direction, uint32_t id);

/** @return the name of a protocol feature bit (number), "unknown" when it has none; never NULL. */
const char *vhost_user_protocol_feature_name(unsigned int bit);

/** Make a request without payload data: version, id, size; everything else zero, no descriptors. */
void vhost_user_message_init(struct vhost_user_message *message, uint32_t request, uint32_t size);

/** Make a reply to `request` without payload data. */
void vhost_user_reply_init(struct vhost_user_message *reply,
		const struct vhost_user_message *request, uint32_t size);

/** Make an ack of `request`: success is 0, anything else failure. */
void vhost_user_ack_init(struct vhost_user_message *reply, const struct vhost_user_message *request,
		uint64_t code);

/** Append a descriptor, which stays the caller's. @return 0; -ENOSPC: no room for one more */
int vhost_user_message_add_fd(struct vhost_user_message *message, int fd);

/** Close every descriptor that is still there (not -1) and forget them all. Idempotent. */
void vhost_user_message_close_fds(struct vhost_user_message *message);

/** Take descriptor `i` out. @return it, now the caller's, or -1 when there is none. */
int vhost_user_message_take_fd(struct vhost_user_message *message, unsigned int i);

/**
 * Hold a request against its row: flags, size, descriptors, gate, ring index. Meaning is the
 * handler's.
 *
 * The descriptors stay in the message in any case: after a refusal the caller closes them.
 *
 * @param error filled on failure, may be NULL
 * @return 0; -EPROTO: not such a message; -EACCES: its features are not negotiated; -ENOSYS:
 *         unknown request
 */
int vhost_user_message_validate(enum vhost_user_direction direction,
		const struct vhost_user_message *message,
		const struct vhost_user_negotiated *negotiated, struct vhost_user_error *error);

/** @return what the receiver of a (valid) request has to send back. */
enum vhost_user_answer vhost_user_message_answer(enum vhost_user_direction direction,
		const struct vhost_user_message *message,
		const struct vhost_user_negotiated *negotiated);

/**
 * Hold a reply against the request that it answers: flags, id, size, descriptors, ring index.
 *
 * @param error filled on failure, may be NULL
 * @return 0 or -EPROTO
 */
int vhost_user_reply_validate(enum vhost_user_direction direction,
		const struct vhost_user_message *request, const struct vhost_user_message *reply,
		struct vhost_user_error *error);

/**
 * Read an ack (a valid reply).
 *
 * @param error filled on failure, may be NULL
 * @return 0, or -EREMOTEIO when the peer could not do it; the channel is sound in both cases
 */
int vhost_user_ack_result(enum vhost_user_direction direction,
		const struct vhost_user_message *reply, struct vhost_user_error *error);

#ifdef __cplusplus
}
#endif

#endif /* VHOST_USER_MESSAGE_H */
