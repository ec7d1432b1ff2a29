/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Target: the vhost-user dialect of drivers/net/virtio/virtio-user/backend (handshake, verbs, link)
 * against a peer (backend_peer.c) whose answers come from the input. The input's steps are of two
 * kinds, in any order: verbs that the device would call, done one after the other, and manners of
 * the peer, each used up by one request. The peer lives in the same thread: sendmsg() and ppoll()
 * are wrapped by the linker, so it acts exactly when we send or wait, and no time passes. Beyond
 * the sanitizers: everything that we say is a valid request by our own tables; 0 or a negative
 * errno from every verb; capabilities within the bounds that the device relies on; no verb that
 * waits more often than a bound; no descriptor left open.
 */

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend_peer.h"
#include "fuzz.h"
#include "virtio-user/backend/vhost_user.h"

#define REGIONS_MAX 10
#define VERBS_MAX 64
/*
 * Waits that one verb may take: an answer of the largest size, byte by byte, and some more for the
 * next.
 */
#define WAITS_MAX 8192

enum verb {
	VERB_FEATURES,
	VERB_TABLE,
	VERB_NUM,
	VERB_BASE,
	VERB_GET_BASE,
	VERB_ADDR,
	VERB_CALL,
	VERB_KICK,
	VERB_ENABLE,
	VERB_SET_STATUS,
	VERB_GET_STATUS,
	VERB_SLOT,
	VERB_GET_CONFIG,
	VERB_SET_CONFIG,
	VERB_MTU,
	VERB_CHECK,
	VERB_RECONNECT,
	VERB_NR,
};

/* --- in place of lib/vhost_user/socket.c: every connection is one end of a pair --- */

int
vhost_user_socket_connect(const char *path, uint64_t deadline, struct vhost_user_error *error)
{
	(void)path;
	(void)deadline;
	(void)error;
	return peer_open();
}

int
vhost_user_socket_listen(struct vhost_user_listener *listener, const char *path, struct vhost_user_error *error)
{
	(void)path;
	(void)error;
	listener->fd = eventfd(0, EFD_CLOEXEC);
	return listener->fd < 0 ? -errno : 0;
}

int
vhost_user_socket_accept(const struct vhost_user_listener *listener)
{
	(void)listener;
	return peer_is_open() ? -EAGAIN : peer_open();
}

void
vhost_user_socket_unlisten(struct vhost_user_listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
}

/* --- verbs --- */

static void
check_caps(const struct backend *backend)
{
	const struct backend_caps *const caps = &backend->caps;

	FUZZ_CHECK(caps->max_queue_pairs >= 1 && caps->max_queue_pairs <= 128);
	FUZZ_CHECK(caps->max_mem_regions >= 1 && caps->max_mem_regions <= 512);
	FUZZ_CHECK((caps->features & VHOST_USER_BIT(VHOST_USER_F_PROTOCOL_FEATURES)) == 0);
}

static void
try_connect(struct backend *backend)
{
	int rc;

	peer_close();
	rc = backend->ops->connect(backend);
	FUZZ_CHECK(rc <= 0);
	if (rc == 0)
		check_caps(backend);
}

static int
set_table(struct backend *backend, const struct step *step)
{
	struct memory_region regions[REGIONS_MAX];
	struct memory_table table = {.regions = regions, .nr = step->a % (REGIONS_MAX + 1), .room = REGIONS_MAX};
	uint32_t i;

	for (i = 0; i < table.nr; i++)
		regions[i] = (struct memory_region){
			.va = (uint64_t)step->c << 12 | i, .size = step->b, .fd = fuzz_fds()[i]};
	return backend->ops->set_mem_table(backend, &table);
}

static int
get_base(struct backend *backend, const struct step *step)
{
	uint32_t base = 0;
	const int rc = backend->ops->get_vring_base(backend, step->b, &base);
	const struct vhost_user_backend *const vu = (const struct vhost_user_backend *)backend;

	if (rc == 0 && (vu->acked & UINT64_C(1) << 34) == 0)
		FUZZ_CHECK(base <= UINT16_MAX);
	return rc;
}

static int
set_addr(struct backend *backend, const struct step *step)
{
	uint8_t memory[16];
	const struct vring_area area = {.size = 8, .desc = memory, .driver = memory, .device = memory};

	return backend->ops->set_vring_addr(backend, step->b, &area);
}

static int
get_status(struct backend *backend)
{
	uint8_t status;

	return backend->ops->get_status(backend, &status);
}

static int
change_slot(struct backend *backend, const struct step *step)
{
	const struct memory_region region = {.va = step->c, .size = step->b, .fd = fuzz_fds()[0]};

	if (backend->slots == NULL)
		return 0;
	if ((step->a & 1) != 0)
		return backend->slots->add_region(backend, &region);
	return backend->slots->remove_region(backend, &region);
}

/* What was read is what the peer has, all of it. */
static void
check_config(const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		FUZZ_CHECK(bytes[i] == PEER_CONFIG_BYTE);
}

/* The destination is exactly as long as what was asked for. */
static int
use_config(struct backend *backend, const struct step *step, bool is_write)
{
	const size_t len = step->b % 300;
	uint8_t *const bytes = calloc(1, len == 0 ? 1 : len);
	int rc = 0;

	FUZZ_CHECK(bytes != NULL);
	if (backend->config != NULL && is_write)
		rc = backend->config->set_config(backend, step->a, bytes, len);
	else if (backend->config != NULL)
		rc = backend->config->get_config(backend, step->a, bytes, len);
	if (backend->config != NULL && !is_write && rc == 0)
		check_config(bytes, len);
	free(bytes);
	return rc;
}

static int
use_link(struct backend *backend)
{
	FUZZ_CHECK(backend->link->event_fd(backend) >= 0);
	return backend->link->check(backend);
}

static int
run_simple_verb(struct backend *backend, const struct step *step)
{
	const struct backend_ops *const ops = backend->ops;
	const int fd = (step->a & 1) != 0 ? fuzz_fds()[0] : -1;

	switch (step->op % VERB_NR) {
	case VERB_FEATURES:
		return ops->set_features(backend, (uint64_t)step->c << step->a % 33);
	case VERB_NUM:
		return ops->set_vring_num(backend, step->b, step->c);
	case VERB_BASE:
		return ops->set_vring_base(backend, step->b, step->c);
	case VERB_CALL:
		return ops->set_vring_call(backend, step->b, fd);
	case VERB_KICK:
		return ops->set_vring_kick(backend, step->b, fd);
	case VERB_ENABLE:
		return ops->set_vring_enable(backend, step->b, (step->a & 1) != 0);
	case VERB_SET_STATUS:
		return ops->set_status(backend, step->a);
	case VERB_GET_STATUS:
		return get_status(backend);
	default:
		return backend->mtu == NULL ? 0 : backend->mtu->set_mtu(backend, step->b);
	}
}

static int
run_verb(struct backend *backend, const struct step *step)
{
	switch (step->op % VERB_NR) {
	case VERB_TABLE:
		return set_table(backend, step);
	case VERB_GET_BASE:
		return get_base(backend, step);
	case VERB_ADDR:
		return set_addr(backend, step);
	case VERB_SLOT:
		return change_slot(backend, step);
	case VERB_GET_CONFIG:
		return use_config(backend, step, false);
	case VERB_SET_CONFIG:
		return use_config(backend, step, true);
	case VERB_CHECK:
		return use_link(backend);
	default:
		return run_simple_verb(backend, step);
	}
}

/* As the device does: who misbehaved is let go, then tried again. */
static void
run_verbs(struct backend *backend, const struct step *verbs, size_t nr)
{
	const struct vhost_user_backend *const vu = (const struct vhost_user_backend *)backend;
	size_t i;
	int rc;

	for (i = 0; i < nr; i++) {
		peer_count_waits();
		if (verbs[i].op % VERB_NR == VERB_RECONNECT || !vu->is_connected) {
			try_connect(backend);
			continue;
		}
		rc = run_verb(backend, &verbs[i]);
		FUZZ_CHECK(rc <= 0 && rc > -4096);
		FUZZ_CHECK(peer_count_waits() <= WAITS_MAX);
		if (rc == -ECONNRESET || rc == -EPROTO || rc == -ETIMEDOUT)
			backend->ops->disconnect(backend);
	}
}

/* Verbs are below 128, manners of the peer above. @return verbs */
static size_t
sort_steps(const uint8_t *data, size_t size, struct step *verbs)
{
	struct steps steps = {data, size};
	struct step step;
	size_t nr = 0;

	while (steps_next(&steps, &step)) {
		if (step.op >= PEER_OP_FIRST)
			peer_add_manner(&step);
		else if (nr < VERBS_MAX)
			verbs[nr++] = step;
	}
	return nr;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct backend_config config = {
		.port = "fuzz0", .path = "/fuzz", .server = size > 0 && (data[size - 1] & 1) != 0, .queue_pairs = 1};
	struct step verbs[VERBS_MAX];
	struct backend *backend;
	size_t nr;

	fuzz_fds_begin();
	peer_reset();
	nr = sort_steps(data, size, verbs);
	FUZZ_CHECK(vhost_user_backend_open(&config, &backend) == 0);
	try_connect(backend);
	run_verbs(backend, verbs, nr);
	backend->ops->close(backend);
	peer_close();
	fuzz_fds_end();
	return 0;
}
