/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* The hostile front-end's bench, see attack.h. */

#include "attack.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <syslog.h>

#define ALL_PROTOCOL UINT64_MAX

uint64_t attack_target_flags;
struct rig rig;

static struct frontend sibling;
static unsigned int lines;
static struct rte_vhost2_tgt_stats before;
static int fds_before, maps_before;
static struct attack now; /* that is being run; no name: none */
static enum attack_state now_in;
static uint8_t sibling_image[FRONTEND_MEMORY / 64];

static void
count_lines(void *arg, int level, const char *line)
{
	(void)arg;
	if (level <= LOG_WARNING && strstr(line, rig.path) != NULL)
		lines++;
	if (getenv("VHOST2_TEST_LOG") != NULL)
		fprintf(stderr, "# %s\n", line);
}

int
attack_setup(void **state)
{
	if (rig_setup(state) != 0)
		return -1;
	rte_vhost2_log_to(count_lines, NULL);
	rig_register(attack_target_flags);
	frontend_init(&sibling);
	sibling.drive = drive;
	for (size_t i = 0; i < FRONTEND_MEMORY; i++)
		sibling.memory[i] = (uint8_t)(i * 31 >> 3);
	if (frontend_connect(&sibling, rig.path) != 0 || frontend_run(&sibling, 2, 64, 0) != 0)
		return -1;
	frontend_kick(&sibling, 0);
	settle();
	for (size_t i = 0; i < sizeof(sibling_image); i++)
		sibling_image[i] = sibling.memory[i * 64];
	return 0;
}

int
attack_teardown(void **state)
{
	if (now.name != NULL)
		fprintf(stderr, "# in \"%s\", state %d\n", now.name, (int)now_in);
	now.name = NULL;
	frontend_fini(&sibling);
	settle();
	return rig_teardown(state);
}

static void
describe_rings(uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		assert_int_equal(frontend_start_ring(&rig.fe, i, 64), 0);
	for (uint32_t i = 0; i < nr; i++)
		frontend_kick(&rig.fe, i);
	settle();
}

void
attack_reach(enum attack_state state, bool ack, uint64_t features)
{
	const uint64_t protocol = ALL_PROTOCOL & ~(ack ? 0 : BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK));

	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &before), 0);
	frontend_close(&rig.fe);
	settle();
	fds_before = count_fds();
	maps_before = count_maps();
	rig.fe.timeout_ms = 1000;
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	if (state >= ATTACK_NEGOTIATED)
		assert_int_equal(frontend_negotiate(&rig.fe, features | BIT(VIRTIO_F_VERSION_1) |
			BIT(VHOST_USER_F_PROTOCOL_FEATURES), protocol), 0);
	if (state >= ATTACK_MEMORY)
		assert_int_equal(frontend_share(&rig.fe), 0);
	if (state == ATTACK_TOLD) {
		frontend_lay_ring(&rig.fe, 0, 64);
		assert_int_equal(frontend_tell_ring(&rig.fe, 0), 0);
	}
	if (state == ATTACK_RUNNING)
		describe_rings(2);
	settle();
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &before), 0);
	lines = 0;
}

int
attack_fd_open(enum attack_fd kind)
{
	int two[2] = { -1, -1 }, fd = -1;
	char path[64];

	switch (kind) {
	case FD_MEMORY:
		return dup(rig.fe.memory_fd);
	case FD_EVENT:
		return eventfd(0, 0);
	case FD_PIPE:
		fd = pipe(two);
		break;
	case FD_SOCKET:
		fd = socketpair(AF_UNIX, SOCK_DGRAM, 0, two);
		break;
	case FD_FULL:
		return open("/dev/full", O_RDWR);
	case FD_DIR:
		return open("/tmp", O_RDONLY);
	case FD_READONLY:
		snprintf(path, sizeof(path), "/proc/self/fd/%d", rig.fe.memory_fd);
		return open(path, O_RDONLY);
	case FD_SHORT:
		fd = memfd_create("short", 0);
		return ftruncate(fd, 1) == 0 ? fd : -1;
	default:
		return -1;
	}
	if (fd == 0)
		close(two[0]);
	return two[1];
}

static bool
is_alive(struct frontend *fe)
{
	uint64_t features;

	return frontend_get_u64(fe, VHOST_USER_GET_FEATURES, &features) == 0;
}

static uint64_t
sum(const struct rte_vhost2_tgt_stats *stats)
{
	uint64_t all = 0;

	/* Leaving between two messages is no fault. */
	for (int i = RTE_VHOST2_ERR_HANGUP + 1; i < RTE_VHOST2_ERR_COUNT; i++)
		all += stats->errors[i];
	return all;
}

void
attack_check(enum attack_reaction reaction, enum rte_vhost2_error error, bool ack)
{
	const unsigned int counted = reaction != ATTACK_NOTHING;
	struct rte_vhost2_tgt_stats after;
	struct vhost_user_message reply;

	if (reaction == ATTACK_NO) {
		assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
		assert_true(reply.header.size == 0 || reply.payload.u64 != 0);
	}
	if (reaction == ATTACK_REFUSE && ack) {
		assert_int_equal(frontend_receive(&rig.fe, &reply), 0);
		assert_int_not_equal(reply.payload.u64, 0);
	}
	if (reaction == ATTACK_CLOSE || (reaction == ATTACK_REFUSE && !ack))
		assert_true(frontend_is_closed(&rig.fe));
	settle();
	assert_int_equal(rte_vhost2_tgt_stats_get("vhost-user", rig.path, &after), 0);
	assert_int_equal(sum(&after) - sum(&before), counted);
	if (counted)
		assert_int_equal(after.errors[error] - before.errors[error], 1);
	assert_in_range(lines, 0, counted);
}

static void
check_sibling(void)
{
	const uint64_t begin = vhost_user_now();

	assert_true(is_alive(&sibling));
	assert_true(vhost_user_now() - begin < UINT64_C(1000000000));
	assert_int_equal(rig.recorder.changes, 0);
	assert_int_equal(rig.recorder.overlaps, 0);
	for (size_t i = 0; i < sizeof(sibling_image); i++)
		assert_int_equal(sibling_image[i], sibling.memory[i * 64]);
}

void
attack_check_others(void)
{
	frontend_close(&rig.fe);
	settle();
	assert_int_equal(count_fds(), fds_before);
	assert_int_equal(count_maps(), maps_before);
	check_sibling();
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_run(&rig.fe, 2, 64, 0), 0);
	assert_true(recorder_ends_with(&rig.recorder, "start0 start1"));
	frontend_close(&rig.fe);
	settle();
	recorder_clear(&rig.recorder);
}

void
attack_run(const struct attack *attack, enum attack_state state, bool ack, uint64_t features)
{
	const bool has_ack = ack && state >= ATTACK_NEGOTIATED;
	const uint32_t need = has_ack && attack->reaction == ATTACK_REFUSE ? VHOST_USER_FLAG_NEED_REPLY : 0;
	int fds[VHOST_USER_MAX_FDS];
	unsigned int i;

	now = *attack;
	now_in = state;
	attack_reach(state, ack, features);
	for (i = 0; i < attack->nr_fds && i < VHOST_USER_MAX_FDS; i++)
		fds[i] = attack_fd_open(attack->fd);
	/* A peer that is closed while it still sends is as good as one that is closed after. */
	if (frontend_send(&rig.fe, attack->request, attack->flags ^ need, attack->payload, attack->size, fds, i) != 0)
		print_message("%s: not sent\n", attack->name);
	while (i > 0)
		close(fds[--i]);
	attack_check(attack->reaction, attack->error, has_ack);
	attack_check_others();
	now.name = NULL;
}
