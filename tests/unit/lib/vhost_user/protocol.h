/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The protocol once more, written from the text and not from the library's table, so that the two
 * can be held against each other. A row describes one legal request; tests bend it and see it
 * refused.
 */

#ifndef TEST_VHOST_USER_PROTOCOL_H
#define TEST_VHOST_USER_PROTOCOL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vhost_user/message.h"

#define RINGS 4
#define BIT(n) (UINT64_C(1) << (n))
#define NR(array) (sizeof(array) / sizeof((array)[0]))

enum index_place { NO_INDEX, IN_STATE, IN_ADDR, IN_U64 };

struct protocol_row {
	enum vhost_user_direction direction;
	uint32_t id;
	const char *name;
	uint32_t size;    /* of the legal sample */
	uint32_t size2;   /* another legal size, 0: none */
	unsigned int min_fds, max_fds;
	enum index_place index;
	int reply;        /* bytes of its own reply, -1: none */
	uint64_t offered, acked;                   /* virtio bits required */
	uint64_t protocol_offered, protocol_acked; /* protocol bits required */
};

#define TO_B VHOST_USER_TO_BACKEND
#define TO_F VHOST_USER_TO_FRONTEND
#define BACK BIT(5)

static const struct protocol_row protocol_rows[] = {
	{ TO_B, 1, "GET_FEATURES", 0, 0, 0, 0, NO_INDEX, 8, 0, 0, 0, 0 },
	{ TO_B, 2, "SET_FEATURES", 8, 0, 0, 0, NO_INDEX, -1, 0, 0, 0, 0 },
	{ TO_B, 3, "SET_OWNER", 0, 0, 0, 0, NO_INDEX, -1, 0, 0, 0, 0 },
	{ TO_B, 4, "RESET_OWNER", 0, 0, 0, 0, NO_INDEX, -1, 0, 0, 0, 0 },
	{ TO_B, 5, "SET_MEM_TABLE", 72, 0, 2, 2, NO_INDEX, -1, 0, 0, 0, 0 },
	{ TO_B, 6, "SET_LOG_BASE", 16, 0, 1, 1, NO_INDEX, 0, BIT(26), 0, 0, 0 },
	{ TO_B, 7, "SET_LOG_FD", 0, 0, 1, 1, NO_INDEX, -1, BIT(26), 0, 0, 0 },
	{ TO_B, 8, "SET_VRING_NUM", 8, 0, 0, 0, IN_STATE, -1, 0, 0, 0, 0 },
	{ TO_B, 9, "SET_VRING_ADDR", 40, 0, 0, 0, IN_ADDR, -1, 0, 0, 0, 0 },
	{ TO_B, 10, "SET_VRING_BASE", 8, 0, 0, 0, IN_STATE, -1, 0, 0, 0, 0 },
	{ TO_B, 11, "GET_VRING_BASE", 8, 0, 0, 0, IN_STATE, 8, 0, 0, 0, 0 },
	{ TO_B, 12, "SET_VRING_KICK", 8, 0, 1, 1, IN_U64, -1, 0, 0, 0, 0 },
	{ TO_B, 13, "SET_VRING_CALL", 8, 0, 1, 1, IN_U64, -1, 0, 0, 0, 0 },
	{ TO_B, 14, "SET_VRING_ERR", 8, 0, 1, 1, IN_U64, -1, 0, 0, 0, 0 },
	{ TO_B, 15, "GET_PROTOCOL_FEATURES", 0, 0, 0, 0, NO_INDEX, 8, BIT(30), 0, 0, 0 },
	{ TO_B, 16, "SET_PROTOCOL_FEATURES", 8, 0, 0, 0, NO_INDEX, -1, BIT(30), 0, 0, 0 },
	{ TO_B, 17, "GET_QUEUE_NUM", 0, 0, 0, 0, NO_INDEX, 8, 0, 0, BIT(0), 0 },
	{ TO_B, 18, "SET_VRING_ENABLE", 8, 0, 0, 0, IN_STATE, -1, 0, BIT(30), 0, 0 },
	{ TO_B, 19, "SEND_RARP", 8, 0, 0, 0, NO_INDEX, -1, BIT(30), 0, BIT(2), 0 },
	{ TO_B, 20, "NET_SET_MTU", 8, 0, 0, 0, NO_INDEX, -1, BIT(3), 0, BIT(4), 0 },
	{ TO_B, 21, "SET_BACKEND_REQ_FD", 0, 0, 1, 1, NO_INDEX, -1, BIT(30), 0, BIT(5), 0 },
	{ TO_B, 22, "IOTLB_MSG", 32, 0, 0, 0, NO_INDEX, 8, 0, BIT(33), 0, 0 },
	{ TO_B, 23, "SET_VRING_ENDIAN", 8, 0, 0, 0, IN_STATE, -1, 0, 0, 0, BIT(6) },
	{ TO_B, 24, "GET_CONFIG", 20, 0, 0, 0, NO_INDEX, 20, 0, 0, 0, BIT(9) },
	{ TO_B, 25, "SET_CONFIG", 20, 0, 0, 0, NO_INDEX, -1, 0, 0, 0, BIT(9) },
	{ TO_B, 27, "CLOSE_CRYPTO_SESSION", 8, 0, 0, 0, NO_INDEX, -1, 0, 0, 0, BIT(7) },
	{ TO_B, 28, "POSTCOPY_ADVISE", 0, 0, 0, 0, NO_INDEX, 0, 0, 0, 0, BIT(8) },
	{ TO_B, 29, "POSTCOPY_LISTEN", 0, 0, 0, 0, NO_INDEX, -1, 0, 0, 0, BIT(8) },
	{ TO_B, 30, "POSTCOPY_END", 0, 0, 0, 0, NO_INDEX, 8, 0, 0, 0, BIT(8) },
	{ TO_B, 31, "GET_INFLIGHT_FD", 24, 20, 0, 0, NO_INDEX, 24, 0, 0, 0, BIT(12) },
	{ TO_B, 32, "SET_INFLIGHT_FD", 24, 20, 1, 1, NO_INDEX, -1, 0, 0, 0, BIT(12) },
	{ TO_B, 33, "GPU_SET_SOCKET", 0, 0, 1, 1, NO_INDEX, -1, 0, 0, 0, 0 },
	{ TO_B, 34, "RESET_DEVICE", 0, 0, 0, 0, NO_INDEX, -1, 0, 0, BIT(13), 0 },
	{ TO_B, 35, "VRING_KICK", 8, 0, 0, 0, IN_STATE, -1, 0, 0, 0, BIT(14) },
	{ TO_B, 36, "GET_MAX_MEM_SLOTS", 0, 0, 0, 0, NO_INDEX, 8, 0, 0, 0, BIT(15) },
	{ TO_B, 37, "ADD_MEM_REG", 40, 0, 1, 1, NO_INDEX, -1, 0, 0, 0, BIT(15) },
	{ TO_B, 38, "REM_MEM_REG", 40, 0, 0, 1, NO_INDEX, -1, 0, 0, 0, BIT(15) },
	{ TO_B, 39, "SET_STATUS", 8, 0, 0, 0, NO_INDEX, -1, 0, 0, 0, BIT(16) },
	{ TO_B, 40, "GET_STATUS", 0, 0, 0, 0, NO_INDEX, 8, 0, 0, 0, BIT(16) },
	{ TO_B, 41, "GET_SHARED_OBJECT", 16, 0, 0, 0, NO_INDEX, 16, 0, 0, 0, BIT(18) },
	{ TO_B, 42, "SET_DEVICE_STATE_FD", 8, 0, 1, 1, NO_INDEX, 8, 0, 0, 0, BIT(19) },
	{ TO_B, 43, "CHECK_DEVICE_STATE", 0, 0, 0, 0, NO_INDEX, 8, 0, 0, 0, BIT(19) },
	{ TO_B, 44, "GET_SHMEM_CONFIG", 0, 0, 0, 0, NO_INDEX, 2056, 0, 0, 0, BIT(22) },
	{ TO_B, 45, "GET_VRING_BASE_SKIP_DRAIN", 8, 0, 0, 0, IN_STATE, 8, 0, 0, 0, BIT(23) },
	{ TO_F, 1, "IOTLB_MSG", 32, 0, 0, 0, NO_INDEX, -1, 0, BIT(33), 0, BACK },
	{ TO_F, 2, "CONFIG_CHANGE_MSG", 0, 0, 0, 0, NO_INDEX, -1, 0, 0, 0, BACK | BIT(9) },
	{ TO_F, 3, "VRING_HOST_NOTIFIER_MSG", 24, 0, 1, 1, IN_U64, -1, 0, 0, 0,
		BACK | BIT(11) | BIT(10) },
	{ TO_F, 4, "VRING_CALL", 8, 0, 0, 0, IN_STATE, -1, 0, 0, 0, BACK | BIT(14) },
	{ TO_F, 5, "VRING_ERR", 8, 0, 0, 0, IN_STATE, -1, 0, 0, 0, BACK | BIT(14) },
	{ TO_F, 6, "SHARED_OBJECT_ADD", 16, 0, 0, 0, NO_INDEX, -1, 0, 0, 0, BACK | BIT(18) },
	{ TO_F, 7, "SHARED_OBJECT_REMOVE", 16, 0, 0, 0, NO_INDEX, -1, 0, 0, 0, BACK | BIT(18) },
	{ TO_F, 8, "SHARED_OBJECT_LOOKUP", 16, 0, 0, 0, NO_INDEX, 8, 0, 0, 0, BACK | BIT(18) },
	{ TO_F, 9, "SHMEM_MAP", 40, 0, 1, 1, NO_INDEX, -1, 0, 0, 0, BACK | BIT(22) | BIT(10) },
	{ TO_F, 10, "SHMEM_UNMAP", 40, 0, 0, 0, NO_INDEX, -1, 0, 0, 0, BACK | BIT(22) },
};

/* Everything is offered and acknowledged. */
static inline struct vhost_user_negotiated
all_negotiated(void)
{
	return (struct vhost_user_negotiated){ ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0),
		~UINT64_C(0), RINGS, false };
}

/* A legal request of that row; its descriptors are numbers only. */
static inline struct vhost_user_message
legal_request(const struct protocol_row *row)
{
	struct vhost_user_message message;

	vhost_user_message_init(&message, row->id, row->size);
	for (unsigned int i = 0; i < row->min_fds; i++)
		assert_int_equal(vhost_user_message_add_fd(&message, 1000 + (int)i), 0);
	if (row->direction == TO_B && row->id == 5)
		message.payload.mem_table.nr = 2;
	if (row->direction == TO_B && (row->id == 24 || row->id == 25))
		message.payload.config.size = row->size - 12;
	return message;
}

#endif /* TEST_VHOST_USER_PROTOCOL_H */
