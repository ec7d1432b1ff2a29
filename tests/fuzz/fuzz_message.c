/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Target: the tables of lib/vhost_user (message.c, validate.c) in both directions. The input is
 * what two ends have negotiated, one request and one reply, as if a channel had received them: ids,
 * flags, sizes, descriptor counts and payloads are all the peer's. Each is one struct at a fixed
 * place, so that bytes keep their meaning under mutation. Beyond the sanitizers: what is accepted
 * is within the bounds that a handler may rely on, what is refused is refused with one of the
 * documented codes and a text, and the answer that we would make of it fits in the eyes of our own
 * other half.
 */

#include <errno.h>

#include "fuzz.h"
#include "vhost_user/message.h"

/* Where things lie in the input; payloads share what follows. */
struct plan {
	uint8_t direction;
	uint8_t request_fds;
	uint8_t reply_fds;
	uint8_t postcopy;
	uint32_t max_vrings;
	uint64_t features_offered, features_acked, protocol_offered, protocol_acked;
	struct vhost_user_header request, reply;
	uint32_t split; /* bytes of the request's payload; the rest is the reply's */
};

static void
message_fill(struct vhost_user_message *message, const struct vhost_user_header *header, uint8_t fds,
	const uint8_t *payload, size_t len)
{
	vhost_user_message_init(message, header->request, header->size);
	message->header = *header;
	message->nr_fds = fds % (VHOST_USER_MAX_FDS + 1);
	memcpy(message->payload.bytes, payload, len < VHOST_USER_MAX_PAYLOAD ? len : VHOST_USER_MAX_PAYLOAD);
	/* The channel's promise, and all that a table may take for granted. */
	message->header.size %= VHOST_USER_MAX_PAYLOAD + 1;
}

static void
check_refusal(int rc, const struct vhost_user_error *error)
{
	char text[VHOST_USER_ERROR_TEXT_SIZE];
	size_t room;

	FUZZ_CHECK(rc == -EPROTO || rc == -EACCES || rc == -ENOSYS || rc == -EREMOTEIO);
	FUZZ_CHECK(error->code == rc && error->kind != VHOST_USER_ERROR_NONE);
	for (room = sizeof(text); room > 0; room /= 2) {
		vhost_user_error_text(error, text, room);
		FUZZ_CHECK(memchr(text, '\0', room) != NULL);
	}
	vhost_user_error_text(error, text, sizeof(text));
	FUZZ_CHECK(text[0] != '\0');
}

static uint64_t
ring_of(const struct vhost_user_message_info *info, const struct vhost_user_message *message)
{
	if (info->index == VHOST_USER_INDEX_STATE)
		return message->payload.state.index;
	if (info->index == VHOST_USER_INDEX_ADDR)
		return message->payload.addr.index;
	if (info->index == VHOST_USER_INDEX_U64)
		return message->payload.u64 & VHOST_USER_VRING_INDEX_MASK;
	return 0;
}

static void
check_accepted(enum vhost_user_direction direction, const struct vhost_user_message *message,
	const struct vhost_user_negotiated *negotiated)
{
	const struct vhost_user_message_info *const info = vhost_user_message_info(direction, message->header.request);
	const uint32_t size = message->header.size;

	FUZZ_CHECK(info != NULL && info->id == message->header.request);
	FUZZ_CHECK(size >= info->min_size && size <= info->max_size);
	FUZZ_CHECK(message->nr_fds >= info->min_fds && message->nr_fds <= info->max_fds);
	FUZZ_CHECK((message->header.flags & VHOST_USER_FLAG_REPLY) == 0);
	if (info->index != VHOST_USER_INDEX_NONE)
		FUZZ_CHECK(ring_of(info, message) < negotiated->max_vrings);
	if (info->protocol_gate == VHOST_USER_ACKED)
		FUZZ_CHECK((info->protocol & ~negotiated->protocol_acked) == 0);
	if (direction == VHOST_USER_TO_FRONTEND || message->header.request != VHOST_USER_SET_MEM_TABLE)
		return;
	FUZZ_CHECK(message->payload.mem_table.nr <= VHOST_USER_MAX_REGIONS);
	FUZZ_CHECK(message->payload.mem_table.nr == message->nr_fds);
}

/* What we answer must be right for a front-end that is like us. */
static void
check_answer(enum vhost_user_direction direction, const struct vhost_user_message *request,
	const struct vhost_user_negotiated *negotiated)
{
	struct vhost_user_message ack;
	struct vhost_user_error error;

	if (vhost_user_message_answer(direction, request, negotiated) != VHOST_USER_ANSWER_ACK)
		return;
	vhost_user_ack_init(&ack, request, 1);
	FUZZ_CHECK(vhost_user_reply_validate(direction, request, &ack, &error) == 0);
	FUZZ_CHECK(vhost_user_ack_result(direction, &ack, &error) == -EREMOTEIO);
	vhost_user_ack_init(&ack, request, 0);
	FUZZ_CHECK(vhost_user_ack_result(direction, &ack, NULL) == 0);
}

static void
run(const struct plan *plan, const struct vhost_user_message *request, const struct vhost_user_message *reply)
{
	const enum vhost_user_direction direction =
		(plan->direction & 1) != 0 ? VHOST_USER_TO_FRONTEND : VHOST_USER_TO_BACKEND;
	const struct vhost_user_negotiated negotiated = {
		.features_offered = plan->features_offered,
		.features_acked = plan->features_acked,
		.protocol_offered = plan->protocol_offered,
		.protocol_acked = plan->protocol_acked,
		.max_vrings = plan->max_vrings,
		.postcopy = (plan->postcopy & 1) != 0,
	};
	struct vhost_user_error error = {.kind = VHOST_USER_ERROR_NONE};
	int rc;

	rc = vhost_user_message_validate(direction, request, &negotiated, &error);
	FUZZ_CHECK(vhost_user_message_validate(direction, request, &negotiated, NULL) == rc);
	if (rc != 0) {
		check_refusal(rc, &error);
	} else {
		check_accepted(direction, request, &negotiated);
		check_answer(direction, request, &negotiated);
	}
	rc = vhost_user_reply_validate(direction, request, reply, &error);
	if (rc != 0)
		check_refusal(rc, &error);
	else
		FUZZ_CHECK(reply->header.request == request->header.request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vhost_user_message *request, *reply;
	struct plan plan;
	size_t split;

	if (size < sizeof(plan))
		return -1;
	memcpy(&plan, data, sizeof(plan));
	data += sizeof(plan);
	size -= sizeof(plan);
	split = plan.split < size ? plan.split : size;
	request = malloc(sizeof(*request));
	reply = malloc(sizeof(*reply));
	FUZZ_CHECK(request != NULL && reply != NULL);
	message_fill(request, &plan.request, plan.request_fds, data, split);
	message_fill(reply, &plan.reply, plan.reply_fds, data + split, size - split);
	run(&plan, request, reply);
	free(request);
	free(reply);
	return 0;
}
