/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Messages of hostile front-ends, one row each, in every state in which they can be sent, with acks and without, on
 * split and packed rings. The oracle is in attack.h.
 */

#include "attack.h"

#define SIZEOF(member) sizeof(((union vhost_user_payload *)NULL)->member)
#define ANY ATTACK_FRESH, ATTACK_RUNNING
#define AGREED ATTACK_NEGOTIATED, ATTACK_RUNNING
#define MESSAGE RTE_VHOST2_ERR_MESSAGE
#define FDS RTE_VHOST2_ERR_FDS
#define MEMORY RTE_VHOST2_ERR_MEMORY
#define RING RTE_VHOST2_ERR_RING
#define U64(name) VHOST_USER_##name, 8
#define STATE(name, index, num) VHOST_USER_##name, 8, { (index) | (uint64_t)(num) << 32 }
#define REGION(gpa, size, user, offset) (gpa), (size), (user), (offset)
#define G FRONTEND_GPA
#define M FRONTEND_MEMORY
#define U FRONTEND_USER

static const struct attack rows[] = {
	/* Not messages at all. */
	{ "request 0", ANY, 0, 0, { 0 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "request 46", ANY, 46, 0, { 0 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "request 2^32-1", ANY, UINT32_MAX, 8, { 0 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "version 0", ANY, VHOST_USER_GET_FEATURES, 0, { 0 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 1 },
	{ "version 2", ANY, VHOST_USER_GET_FEATURES, 0, { 0 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 3 },
	{ "a reply", ANY, VHOST_USER_GET_FEATURES, 8, { 0 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 4 },
	{ "an unknown flag", ANY, VHOST_USER_GET_FEATURES, 0, { 0 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 1u << 31 },
	/* Not offered, not acked. */
	{ "postcopy", ANY, VHOST_USER_POSTCOPY_ADVISE, 0, { 0 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "postcopy end", ANY, VHOST_USER_POSTCOPY_END, 0, { 0 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "endianness", ANY, STATE(SET_VRING_ENDIAN, 0, 0), 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "a kick in band", ANY, STATE(VRING_KICK, 0, 0), 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "rarp", ANY, U64(SEND_RARP), { 0 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "mtu", ANY, U64(NET_SET_MTU), { 9000 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "a record that is not offered", ANY, VHOST_USER_GET_INFLIGHT_FD, 24, { 0 }, 0, FD_NONE, ATTACK_CLOSE,
		MESSAGE, 0 },
	{ "a translation without IOMMU", ANY, VHOST_USER_IOTLB_MSG, 32, { 0, 4096, 0, 0x203 }, 0, FD_NONE, ATTACK_CLOSE,
		MESSAGE, 0 },
	{ "enable before it is acked", ATTACK_FRESH, ATTACK_FRESH, STATE(SET_VRING_ENABLE, 0, 1), 0, FD_NONE,
		ATTACK_CLOSE, MESSAGE, 0 },
	{ "slots before they are acked", ATTACK_FRESH, ATTACK_FRESH, VHOST_USER_GET_MAX_MEM_SLOTS, 0, { 0 }, 0, FD_NONE,
		ATTACK_CLOSE, MESSAGE, 0 },
	{ "status before it is acked", ATTACK_FRESH, ATTACK_FRESH, U64(SET_STATUS), { 1 }, 0, FD_NONE, ATTACK_CLOSE,
		MESSAGE, 0 },
	{ "save the device", ANY, VHOST_USER_SET_DEVICE_STATE_FD, 8, { 0 }, 1, FD_PIPE, ATTACK_CLOSE, MESSAGE, 0 },
	/* Features. */
	{ "a feature that was not offered", ANY, U64(SET_FEATURES), { BIT(63) }, 0, FD_NONE, ATTACK_REFUSE, MESSAGE, 0 },
	{ "all features", ANY, U64(SET_FEATURES), { UINT64_MAX }, 0, FD_NONE, ATTACK_REFUSE, MESSAGE, 0 },
	{ "other features while rings run", ATTACK_RUNNING, ATTACK_RUNNING, U64(SET_FEATURES), { 0 }, 0, FD_NONE,
		ATTACK_REFUSE, MESSAGE, 0 },
	{ "a status of nine bits", AGREED, U64(SET_STATUS), { 256 }, 0, FD_NONE, ATTACK_REFUSE, MESSAGE, 0 },
	{ "neither enabled nor disabled", AGREED, STATE(SET_VRING_ENABLE, 0, 2), 0, FD_NONE, ATTACK_REFUSE, MESSAGE, 0 },
	/* Ring indices. */
	{ "num of ring 8", ANY, STATE(SET_VRING_NUM, 8, 64), 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "num of ring 65536", ANY, STATE(SET_VRING_NUM, 0x10000, 64), 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "base of ring 65537", ANY, STATE(SET_VRING_BASE, 0x10001, 0), 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "base asked of ring 8", ANY, STATE(GET_VRING_BASE, 8, 0), 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "base asked of ring 2^32-1", ANY, STATE(GET_VRING_BASE, UINT32_MAX, 0), 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "addresses of ring 8", ANY, VHOST_USER_SET_VRING_ADDR, 40, { 8 }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "enable ring 256", AGREED, STATE(SET_VRING_ENABLE, 256, 1), 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	{ "kick of ring 255", ANY, U64(SET_VRING_KICK), { 0xff }, 1, FD_EVENT, ATTACK_CLOSE, MESSAGE, 0 },
	{ "call of ring 8", ANY, U64(SET_VRING_CALL), { 8 }, 1, FD_EVENT, ATTACK_CLOSE, MESSAGE, 0 },
	{ "err of ring 255, no descriptor", ANY, U64(SET_VRING_ERR), { 0x1ff }, 0, FD_NONE, ATTACK_CLOSE, MESSAGE, 0 },
	/* Ring sizes and bases. */
	{ "size 32769", ANY, STATE(SET_VRING_NUM, 0, 32769), 0, FD_NONE, ATTACK_REFUSE, RING, 0 },
	{ "size 65535", ANY, STATE(SET_VRING_NUM, 0, 65535), 0, FD_NONE, ATTACK_REFUSE, RING, 0 },
	{ "size 65536", ANY, STATE(SET_VRING_NUM, 0, 65536), 0, FD_NONE, ATTACK_REFUSE, RING, 0 },
	{ "size 2^31", ANY, STATE(SET_VRING_NUM, 0, 0x80000000), 0, FD_NONE, ATTACK_REFUSE, RING, 0 },
	{ "size 32 while it runs with 64", ATTACK_RUNNING, ATTACK_RUNNING, STATE(SET_VRING_NUM, 0, 32), 0, FD_NONE,
		ATTACK_REFUSE, RING, 0 },
	{ "size 0 while it runs with 64", ATTACK_RUNNING, ATTACK_RUNNING, STATE(SET_VRING_NUM, 0, 0), 0, FD_NONE,
		ATTACK_REFUSE, RING, 0 },
	{ "a base while it runs", ATTACK_RUNNING, ATTACK_RUNNING, STATE(SET_VRING_BASE, 1, 0), 0, FD_NONE, ATTACK_REFUSE,
		RING, 0 },
	{ "other addresses while it runs", ATTACK_RUNNING, ATTACK_RUNNING, VHOST_USER_SET_VRING_ADDR, 40, { 0, U, U, U },
		0, FD_NONE, ATTACK_REFUSE, RING, 0 },
	{ "addresses that are none, not kicked", ATTACK_FRESH, ATTACK_TOLD, VHOST_USER_SET_VRING_ADDR, 40,
		{ 0, UINT64_MAX, UINT64_MAX, UINT64_MAX }, 0, FD_NONE, ATTACK_NOTHING, 0, 0 },
	/* Descriptors of rings. */
	{ "a kick that is a pipe", ANY, U64(SET_VRING_KICK), { 0 }, 1, FD_PIPE, ATTACK_REFUSE, FDS, 0 },
	{ "a kick that is memory", ANY, U64(SET_VRING_KICK), { 0 }, 1, FD_MEMORY, ATTACK_REFUSE, FDS, 0 },
	{ "a call that is a pipe", ANY, U64(SET_VRING_CALL), { 0 }, 1, FD_PIPE, ATTACK_REFUSE, FDS, 0 },
	{ "a call that is a socket", ANY, U64(SET_VRING_CALL), { 0 }, 1, FD_SOCKET, ATTACK_REFUSE, FDS, 0 },
	{ "a call that is /dev/full", ANY, U64(SET_VRING_CALL), { 1 }, 1, FD_FULL, ATTACK_REFUSE, FDS, 0 },
	{ "a call that is a file", ANY, U64(SET_VRING_CALL), { 1 }, 1, FD_MEMORY, ATTACK_REFUSE, FDS, 0 },
	{ "an err that is a directory", ANY, U64(SET_VRING_ERR), { 1 }, 1, FD_DIR, ATTACK_REFUSE, FDS, 0 },
	{ "a descriptor and none", ANY, U64(SET_VRING_CALL), { 0x100 }, 1, FD_EVENT, ATTACK_CLOSE, FDS, 0 },
	{ "no descriptor and none said", ANY, U64(SET_VRING_CALL), { 0 }, 0, FD_NONE, ATTACK_CLOSE, FDS, 0 },
	{ "two descriptors", ANY, U64(SET_VRING_KICK), { 0 }, 2, FD_EVENT, ATTACK_CLOSE, FDS, 0 },
	{ "an unknown bit beside the index", ANY, U64(SET_VRING_KICK), { 0x200 }, 1, FD_EVENT, ATTACK_CLOSE, MESSAGE, 0 },
	/* Memory. */
	{ "no regions", ATTACK_FRESH, ATTACK_TOLD, VHOST_USER_SET_MEM_TABLE, 8, { 0 }, 0, FD_NONE, ATTACK_NOTHING, 0, 0 },
	{ "2^32-1 regions", ANY, VHOST_USER_SET_MEM_TABLE, 40, { UINT32_MAX, REGION(G, M, U, 0) }, 1, FD_MEMORY,
		ATTACK_CLOSE, MESSAGE, 0 },
	{ "two regions said, one sent", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 2, REGION(G, M, U, 0) }, 2, FD_MEMORY,
		ATTACK_CLOSE, MESSAGE, 0 },
	{ "a region without descriptor", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 1, REGION(G, M, U, 0) }, 0, FD_NONE,
		ATTACK_CLOSE, FDS, 0 },
	{ "a region with two descriptors", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 1, REGION(G, M, U, 0) }, 2, FD_MEMORY,
		ATTACK_CLOSE, FDS, 0 },
	{ "an empty region", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 1, REGION(G, 0, U, 0) }, 1, FD_MEMORY, ATTACK_REFUSE,
		MEMORY, 0 },
	{ "a region round the end of gpa", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 1, REGION(UINT64_MAX - 9, M, U, 0) }, 1,
		FD_MEMORY, ATTACK_REFUSE, MEMORY, 0 },
	{ "a region round the end of user addresses", ANY, VHOST_USER_SET_MEM_TABLE, 40,
		{ 1, REGION(G, M, UINT64_MAX - 9, 0) }, 1, FD_MEMORY, ATTACK_REFUSE, MEMORY, 0 },
	{ "a region whose offset wraps", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 1, REGION(G, M, U, UINT64_MAX - 4095) }, 1,
		FD_MEMORY, ATTACK_REFUSE, MEMORY, 0 },
	{ "a region past its file", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 1, REGION(G, M, U, 4096) }, 1, FD_MEMORY,
		ATTACK_REFUSE, MEMORY, 0 },
	{ "a region in a file of one byte", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 1, REGION(G, 4096, U, 0) }, 1, FD_SHORT,
		ATTACK_REFUSE, MEMORY, 0 },
	{ "a region in a pipe", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 1, REGION(G, 4096, U, 0) }, 1, FD_PIPE,
		ATTACK_REFUSE, MEMORY, 0 },
	{ "a region in /dev/full", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 1, REGION(G, 4096, U, 0) }, 1, FD_FULL,
		ATTACK_REFUSE, MEMORY, 0 },
	{ "a region in a directory", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 1, REGION(G, 4096, U, 0) }, 1, FD_DIR,
		ATTACK_REFUSE, MEMORY, 0 },
	{ "a region that cannot be written", ANY, VHOST_USER_SET_MEM_TABLE, 40, { 1, REGION(G, 4096, U, 0) }, 1,
		FD_READONLY, ATTACK_REFUSE, MEMORY, 0 },
	{ "regions that overlap in gpa", ANY, VHOST_USER_SET_MEM_TABLE, 72,
		{ 2, REGION(G, 8192, U, 0), REGION(G + 4096, 8192, U + M, 0) }, 2, FD_MEMORY, ATTACK_REFUSE, MEMORY, 0 },
	{ "regions that overlap in user addresses", ANY, VHOST_USER_SET_MEM_TABLE, 72,
		{ 2, REGION(G, 8192, U, 0), REGION(G + M, 8192, U + 8191, 0) }, 2, FD_MEMORY, ATTACK_REFUSE, MEMORY, 0 },
	{ "the second region is bad", ANY, VHOST_USER_SET_MEM_TABLE, 72,
		{ 2, REGION(G, 8192, U, 0), REGION(G + M, 8192, U + M, M) }, 2, FD_MEMORY, ATTACK_REFUSE, MEMORY, 0 },
	{ "a slot that is taken", ATTACK_MEMORY, ATTACK_RUNNING, VHOST_USER_ADD_MEM_REG, 40, { 0, REGION(G, 4096, 0, 0) },
		1, FD_MEMORY, ATTACK_REFUSE, MEMORY, 0 },
	{ "an empty slot", AGREED, VHOST_USER_ADD_MEM_REG, 40, { 0, REGION(G * 2, 0, 0, 0) }, 1, FD_MEMORY,
		ATTACK_REFUSE, MEMORY, 0 },
	{ "a slot in a socket", AGREED, VHOST_USER_ADD_MEM_REG, 40, { 0, REGION(G * 2, 4096, 0, 0) }, 1, FD_SOCKET,
		ATTACK_REFUSE, MEMORY, 0 },
	{ "a slot without descriptor", AGREED, VHOST_USER_ADD_MEM_REG, 40, { 0, REGION(G * 2, 4096, 0, 0) }, 0, FD_NONE,
		ATTACK_CLOSE, FDS, 0 },
	{ "remove what is not there", AGREED, VHOST_USER_REM_MEM_REG, 40, { 0, REGION(G * 2, 4096, 0, 0) }, 1, FD_MEMORY,
		ATTACK_REFUSE, MEMORY, 0 },
	{ "a slot of 39 bytes", AGREED, VHOST_USER_ADD_MEM_REG, 39, { 0, REGION(G * 2, 4096, 0, 0) }, 1, FD_MEMORY,
		ATTACK_CLOSE, MESSAGE, 0 },
	/* The log. */
	{ "a log of nothing", AGREED, VHOST_USER_SET_LOG_BASE, 16, { 0, 0 }, 1, FD_MEMORY, ATTACK_CLOSE, MEMORY, 0 },
	{ "a log whose end wraps", AGREED, VHOST_USER_SET_LOG_BASE, 16, { 4096, UINT64_MAX - 4095 }, 1, FD_MEMORY,
		ATTACK_CLOSE, MEMORY, 0 },
	{ "a log of all addresses", AGREED, VHOST_USER_SET_LOG_BASE, 16, { UINT64_MAX, 0 }, 1, FD_MEMORY, ATTACK_CLOSE,
		MEMORY, 0 },
	{ "a log past its file", AGREED, VHOST_USER_SET_LOG_BASE, 16, { M, 1 }, 1, FD_MEMORY, ATTACK_CLOSE, MEMORY, 0 },
	{ "a log in a pipe", AGREED, VHOST_USER_SET_LOG_BASE, 16, { 4096, 0 }, 1, FD_PIPE, ATTACK_CLOSE, MEMORY, 0 },
	{ "a log without descriptor", AGREED, VHOST_USER_SET_LOG_BASE, 16, { 4096, 0 }, 0, FD_NONE, ATTACK_CLOSE, FDS, 0 },
	/* Configuration space. */
	{ "config shorter than it says", AGREED, VHOST_USER_GET_CONFIG, 16, { (uint64_t)8 << 32 }, 0, FD_NONE,
		ATTACK_CLOSE, MESSAGE, 0 },
	{ "config of 2^32-1 bytes", AGREED, VHOST_USER_SET_CONFIG, 16, { (uint64_t)UINT32_MAX << 32 }, 0, FD_NONE,
		ATTACK_CLOSE, MESSAGE, 0 },
	{ "config at 2^32-1", AGREED, VHOST_USER_GET_CONFIG, 16, { UINT32_MAX | (uint64_t)4 << 32 }, 0, FD_NONE,
		ATTACK_NO, MESSAGE, 0 },
	{ "config written at 2^32-4", AGREED, VHOST_USER_SET_CONFIG, 16, { (UINT32_MAX - 3) | (uint64_t)4 << 32 }, 0,
		FD_NONE, ATTACK_REFUSE, MESSAGE, 0 },
	/* Requests of the back-end. */
	{ "a request socket that is memory", ANY, VHOST_USER_SET_BACKEND_REQ_FD, 0, { 0 }, 1, FD_MEMORY, ATTACK_REFUSE,
		FDS, 0 },
	{ "a request socket of datagrams", ANY, VHOST_USER_SET_BACKEND_REQ_FD, 0, { 0 }, 1, FD_SOCKET, ATTACK_REFUSE,
		FDS, 0 },
};

static void
every_row_in_every_state_has_its_reaction(void **state)
{
	static const uint64_t features[] = { 0, BIT(VIRTIO_F_RING_PACKED) };
	unsigned int cases = 0;

	(void)state;
	for (size_t i = 0; i < NR(rows); i++)
		for (int at = (int)rows[i].from; at <= (int)rows[i].to; at++)
			for (int with = 0; with < 4; with++) {
				attack_run(&rows[i], (enum attack_state)at, with & 1, features[with >> 1]);
				cases++;
			}
	print_message("# %zu rows, %u cases\n", NR(rows), cases);
}

/* A base of more than 16 bits is one for packed rings only. */
static void
a_split_base_has_sixteen_bits(void **state)
{
	const struct attack row = { "base 65536", ATTACK_NEGOTIATED, ATTACK_TOLD, STATE(SET_VRING_BASE, 0, 65536), 0,
		FD_NONE, ATTACK_REFUSE, RING, 0 };

	(void)state;
	for (int at = (int)row.from; at <= (int)row.to; at++)
		attack_run(&row, (enum attack_state)at, true, 0);
}

/* What the table allows, and the byte counts and descriptor counts around it. */
static void
every_message_with_every_other_length_closes(void **state)
{
	static const int around[] = { -1, 1, 8, 64 };

	(void)state;
	for (uint32_t id = 1; id < VHOST_USER_REQUEST_COUNT; id++) {
		const struct vhost_user_message_info *info = vhost_user_message_info(VHOST_USER_TO_BACKEND, id);

		for (size_t i = 0; i < 2 * NR(around); i++) {
			const int64_t size = (int64_t)(i % 2 ? info->max_size : info->min_size) + around[i / 2];
			struct attack row = { info->name, ANY, id, (uint32_t)size, { 0 }, info->min_fds, FD_MEMORY,
				ATTACK_CLOSE, MESSAGE, 0 };

			if (size < 0 || size > 80 || (size >= info->min_size && size <= info->max_size))
				continue;
			attack_run(&row, ATTACK_NEGOTIATED, true, 0);
		}
	}
}

static void
every_message_with_other_descriptors_closes_and_leaves_none(void **state)
{
	(void)state;
	for (uint32_t id = 1; id < VHOST_USER_REQUEST_COUNT; id++) {
		const struct vhost_user_message_info *info = vhost_user_message_info(VHOST_USER_TO_BACKEND, id);
		const uint32_t size = info->min_size;
		struct attack row = { info->name, ANY, id, size, { 0 }, 0, FD_EVENT, ATTACK_CLOSE, FDS, 0 };

		if (size > 80)
			continue;
		for (row.nr_fds = (unsigned int)info->max_fds + 1; row.nr_fds <= VHOST_USER_MAX_FDS; row.nr_fds++)
			attack_run(&row, ATTACK_NEGOTIATED, true, 0);
	}
}

/* Bytes that are drawn: whatever comes of them, the others do not notice. */
static void
random_messages_hurt_nobody_else(void **state)
{
	(void)state;
	srandom(4711);
	for (int round = 0; round < 300; round++) {
		attack_reach((enum attack_state)(random() % ATTACK_STATES), random() % 2, 0);
		for (int message = 0; message < 20; message++) {
			uint64_t payload[10];
			const uint32_t id = (uint32_t)random() % 47;
			const struct vhost_user_message_info *info = vhost_user_message_info(VHOST_USER_TO_BACKEND, id);
			const uint32_t drawn = (uint32_t)random() % 80;
			const uint32_t size = info != NULL && info->min_size <= 80 ? info->min_size : drawn;
			const int fd = attack_fd_open((enum attack_fd)(random() % FD_KINDS));

			for (size_t i = 0; i < NR(payload); i++)
				payload[i] = random() % 3 ? (uint64_t)random() % 9 : (uint64_t)random() << (random() % 60);
			if (frontend_send(&rig.fe, id, random() % 2 ? VHOST_USER_FLAG_NEED_REPLY : 0, payload, size, &fd,
					fd >= 0 && random() % 2) != 0)
				message = 20;
			if (fd >= 0)
				close(fd);
			settle();
		}
		attack_check_others();
	}
}

#define ATTACK(test) cmocka_unit_test_setup_teardown(test, attack_setup, attack_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ATTACK(every_row_in_every_state_has_its_reaction),
		ATTACK(a_split_base_has_sixteen_bits),
		ATTACK(every_message_with_every_other_length_closes),
		ATTACK(every_message_with_other_descriptors_closes_and_leaves_none),
		ATTACK(random_messages_hurt_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
