/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See fake_backend.h. Linked into every test of virtio-user/; the control thread of the device runs through here too,
 * hence the lock.
 */

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_backend.h"
#include "virtio/status.h"
#include "virtio-user/virtio.h"

int virtio_user_logtype;
struct fake fake;

/* --- log --- */

__attribute__((format(printf, 1, 2))) static void
note(const char *format, ...)
{
	size_t used = strlen(fake.log);
	va_list args;

	if (used > 0 && used + 1 < sizeof(fake.log))
		fake.log[used++] = ' ';
	va_start(args, format);
	vsnprintf(fake.log + used, sizeof(fake.log) - used, format, args);
	va_end(args);
}

void
fake_log_clear(void)
{
	pthread_mutex_lock(&fake.lock);
	fake.log[0] = '\0';
	pthread_mutex_unlock(&fake.lock);
}

const char *
fake_log(void)
{
	static char copy[FAKE_LOG_SIZE];

	pthread_mutex_lock(&fake.lock);
	memcpy(copy, fake.log, sizeof(copy));
	pthread_mutex_unlock(&fake.lock);
	return copy;
}

/* --- the peer --- */

/** Begin a verb; what is noted is noted also when it fails. @return what it returns */
static int
verb(void)
{
	fake.calls++;
	if (!fake.is_served)
		return -ECONNRESET;
	if (fake.calls != fake.fail_at)
		return 0;
	fake.fail_at = 0;
	return fake.fail_rc;
}

#define VERB(...) \
	int rc; \
	(void)backend; \
	pthread_mutex_lock(&fake.lock); \
	note(__VA_ARGS__); \
	rc = verb()

#define VERB_END \
	pthread_mutex_unlock(&fake.lock); \
	return rc

static int
fake_set_features(struct backend *backend, uint64_t features)
{
	VERB("features");
	fake.features = features;
	VERB_END;
}

static int
fake_set_mem_table(struct backend *backend, const struct memory_table *table)
{
	VERB("table=%u", table->nr);
	fake.table_nr = table->nr;
	memcpy(fake.table, table->regions, table->nr * sizeof(fake.table[0]));
	VERB_END;
}

static int
fake_set_num(struct backend *backend, uint16_t queue, uint32_t num)
{
	VERB("num=%u:%u", queue, num);
	VERB_END;
}

static int
fake_set_base(struct backend *backend, uint16_t queue, uint32_t base)
{
	VERB("base=%u:%u", queue, base);
	fake.bases[queue] = base;
	VERB_END;
}

static int
fake_get_base(struct backend *backend, uint16_t queue, uint32_t *base)
{
	VERB("get=%u", queue);
	*base = fake.bases[queue];
	VERB_END;
}

static int
fake_set_addr(struct backend *backend, uint16_t queue, const struct vring_area *area)
{
	VERB("addr=%u", queue);
	if (area->desc == NULL)
		rc = -EFAULT;
	VERB_END;
}

static int
fake_set_call(struct backend *backend, uint16_t queue, int fd)
{
	VERB("call=%u", queue);
	if (fd < 0)
		rc = -EBADF;
	VERB_END;
}

static int
fake_set_kick(struct backend *backend, uint16_t queue, int fd)
{
	VERB("kick=%u", queue);
	if (fd < 0)
		rc = -EBADF;
	VERB_END;
}

static int
fake_set_enable(struct backend *backend, uint16_t queue, bool enable)
{
	VERB("%s=%u", enable ? "enable" : "disable", queue);
	VERB_END;
}

static int
fake_set_status(struct backend *backend, uint8_t status)
{
	if (!fake.has_status)
		return -ENOTSUP;
	VERB("status=%u", status);
	fake.peer_status = status;
	VERB_END;
}

static int
fake_get_status(struct backend *backend, uint8_t *status)
{
	if (!fake.has_status)
		return -ENOTSUP;
	VERB("status?");
	*status = fake.peer_status;
	if (fake.drops_features_ok)
		*status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
	VERB_END;
}

static int
fake_set_mtu(struct backend *backend, uint16_t mtu)
{
	VERB("mtu=%u", mtu);
	VERB_END;
}

static int
fake_get_config(struct backend *backend, size_t offset, void *dst, size_t len)
{
	VERB("config?");
	if (offset + len > sizeof(fake.space))
		rc = -EREMOTEIO;
	else
		memcpy(dst, (uint8_t *)&fake.space + offset, len);
	VERB_END;
}

static int
fake_set_config(struct backend *backend, size_t offset, const void *src, size_t len)
{
	(void)src;
	VERB("config=%zu:%zu", offset, len);
	VERB_END;
}

static int
fake_add_region(struct backend *backend, const struct memory_region *region)
{
	VERB("add=%lx", (unsigned long)region->va);
	VERB_END;
}

static int
fake_remove_region(struct backend *backend, const struct memory_region *region)
{
	VERB("rem=%lx", (unsigned long)region->va);
	VERB_END;
}

static const struct backend_slots_ops fake_slots = {
	.add_region = fake_add_region,
	.remove_region = fake_remove_region,
};
static const struct backend_config_ops fake_config_ops = {
	.get_config = fake_get_config,
	.set_config = fake_set_config,
};
static const struct backend_mtu_ops fake_mtu = {.set_mtu = fake_set_mtu};

static int
fake_connect(struct backend *backend)
{
	int rc = 0;

	pthread_mutex_lock(&fake.lock);
	if (!fake.is_present)
		rc = fake.device == NULL || fake.device->config.server ? -EAGAIN : -ECONNREFUSED;
	if (rc == 0) {
		note("connect");
		fake.is_served = true;
		fake.peer_status = 0;
		fake.calls = 0;
		backend->caps = fake.caps;
		backend->slots = fake.has_slots ? &fake_slots : NULL;
		backend->config = fake.has_config ? &fake_config_ops : NULL;
		backend->mtu = fake.has_mtu ? &fake_mtu : NULL;
	}
	pthread_mutex_unlock(&fake.lock);
	return rc;
}

static void
ring_event(void)
{
	const uint64_t one = 1;
	ssize_t written = write(fake.event, &one, sizeof(one));

	(void)written;
}

static void
fake_disconnect(struct backend *backend)
{
	pthread_mutex_lock(&fake.lock);
	/* Who is let go knocks again. */
	if (fake.is_present)
		ring_event();
	note("disconnect");
	fake.is_served = false;
	memset(&backend->caps, 0, sizeof(backend->caps));
	backend->slots = NULL;
	backend->config = NULL;
	backend->mtu = NULL;
	pthread_mutex_unlock(&fake.lock);
}

static void
fake_close_backend(struct backend *backend)
{
	(void)backend;
	pthread_mutex_lock(&fake.lock);
	note("close");
	fake.is_served = false;
	pthread_mutex_unlock(&fake.lock);
}

static int
fake_event_fd(struct backend *backend)
{
	(void)backend;
	return fake.event;
}

static int
fake_check(struct backend *backend)
{
	uint64_t count;
	ssize_t got;
	int rc;

	(void)backend;
	pthread_mutex_lock(&fake.lock);
	got = read(fake.event, &count, sizeof(count));
	(void)got;
	rc = fake.is_served ? 0 : -ECONNRESET;
	pthread_mutex_unlock(&fake.lock);
	return rc;
}

static const struct backend_link_ops fake_link = {
	.event_fd = fake_event_fd,
	.check = fake_check,
};

static const struct backend_ops fake_ops = {
	.name = "fake",
	.connect = fake_connect,
	.disconnect = fake_disconnect,
	.close = fake_close_backend,
	.set_features = fake_set_features,
	.set_mem_table = fake_set_mem_table,
	.set_vring_num = fake_set_num,
	.set_vring_base = fake_set_base,
	.get_vring_base = fake_get_base,
	.set_vring_addr = fake_set_addr,
	.set_vring_call = fake_set_call,
	.set_vring_kick = fake_set_kick,
	.set_vring_enable = fake_set_enable,
	.set_status = fake_set_status,
	.get_status = fake_get_status,
};

static int
fake_backend_open(const struct backend_config *config, struct backend **backend)
{
	memset(&fake.backend, 0, sizeof(fake.backend));
	fake.backend.ops = &fake_ops;
	fake.backend.link = &fake_link;
	fake.backend.port = config->port;
	*backend = &fake.backend;
	return 0;
}

bool
fake_fail(unsigned int at, int rc)
{
	bool was_met;

	pthread_mutex_lock(&fake.lock);
	was_met = fake.fail_at == 0;
	fake.calls = 0;
	fake.fail_at = at;
	fake.fail_rc = rc;
	pthread_mutex_unlock(&fake.lock);
	return was_met;
}

void
fake_arrive(void)
{
	pthread_mutex_lock(&fake.lock);
	fake.is_present = true;
	pthread_mutex_unlock(&fake.lock);
	ring_event();
}

void
fake_vanish(void)
{
	pthread_mutex_lock(&fake.lock);
	fake.is_present = false;
	fake.is_served = false;
	pthread_mutex_unlock(&fake.lock);
	ring_event();
}

/* --- the memory --- */

static int
fake_walk(int (*visit)(void *arg, const struct memory_region *piece), int (*done)(void *arg), void *arg)
{
	uint32_t i;
	int rc = 0;

	pthread_mutex_lock(&fake.lock);
	for (i = 0; i < fake.pieces_nr && rc == 0; i++)
		rc = visit(arg, &fake.pieces[i]);
	if (rc == 0)
		rc = done(arg);
	pthread_mutex_unlock(&fake.lock);
	return rc;
}

static int
fake_watch(void (*changed)(void *arg, bool added), void *arg)
{
	fake.changed = changed;
	fake.changed_arg = arg;
	return 0;
}

static void
fake_unwatch(void (*changed)(void *arg, bool added), void *arg)
{
	(void)changed;
	(void)arg;
	fake.changed = NULL;
}

static const struct memory_source fake_source = {
	.walk = fake_walk,
	.watch = fake_watch,
	.unwatch = fake_unwatch,
};

void *
fake_alloc(size_t len)
{
	void *mem = fake.memory + fake.memory_used;

	fake.memory_used += (len + 63) / 64 * 64;
	if (fake.memory_used > FAKE_MEMORY_SIZE)
		abort();
	return mem;
}

void
fake_memory_add(uint64_t va, uint64_t size, uint64_t offset, uint64_t ino)
{
	pthread_mutex_lock(&fake.lock);
	fake.pieces[fake.pieces_nr++] = (struct memory_region){
		.va = va, .size = size, .offset = offset, .dev = 1, .ino = ino, .fd = fake.memory_fd};
	pthread_mutex_unlock(&fake.lock);
	if (fake.changed != NULL)
		fake.changed(fake.changed_arg, true);
}

void
fake_memory_remove(uint64_t va)
{
	uint32_t i;

	pthread_mutex_lock(&fake.lock);
	for (i = 0; i < fake.pieces_nr; i++) {
		if (fake.pieces[i].va == va)
			fake.pieces[i] = fake.pieces[--fake.pieces_nr];
	}
	pthread_mutex_unlock(&fake.lock);
	if (fake.changed != NULL)
		fake.changed(fake.changed_arg, false);
}

/* --- the driver --- */

static void
fake_quiesce(void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&fake.lock);
	note("quiesce");
	pthread_mutex_unlock(&fake.lock);
}

static void
fake_release(void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&fake.lock);
	note("release");
	pthread_mutex_unlock(&fake.lock);
}

static int
fake_resync(void *ctx, uint16_t queue, uint32_t *base)
{
	int rc;

	(void)ctx;
	pthread_mutex_lock(&fake.lock);
	note("resync=%u", queue);
	*base = fake.resync_base;
	rc = fake.resync_rc;
	pthread_mutex_unlock(&fake.lock);
	return rc;
}

static void
fake_link_changed(void *ctx, bool up)
{
	void (*on_link)(struct virtio_user_device *device, bool up);

	(void)ctx;
	pthread_mutex_lock(&fake.lock);
	fake.link_ups += up;
	fake.link_downs += !up;
	on_link = fake.on_link;
	pthread_mutex_unlock(&fake.lock);
	if (on_link != NULL)
		on_link(fake.device, up);
}

/* --- the world --- */

void
fake_init(void)
{
	memset(&fake, 0, sizeof(fake));
	pthread_mutex_init(&fake.lock, NULL);
	fake.event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fake.memory_fd = memfd_create("fake", MFD_CLOEXEC);
	if (fake.event < 0 || fake.memory_fd < 0 || ftruncate(fake.memory_fd, FAKE_MEMORY_SIZE) < 0)
		abort();
	fake.memory = mmap(NULL, FAKE_MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fake.memory_fd, 0);
	if (fake.memory == MAP_FAILED)
		abort();
	fake_memory_add((uintptr_t)fake.memory, FAKE_MEMORY_SIZE, 0, 1);
	fake.is_present = true;
	fake.has_status = true;
	fake.caps.features = VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) |
			     VIRTIO_BIT(VIRTIO_F_IN_ORDER) | VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC);
	fake.caps.max_queue_pairs = 4;
	fake.caps.max_mem_regions = 8;
	fake.fail_rc = -ECONNRESET;
}

void
fake_fini(void)
{
	munmap(fake.memory, FAKE_MEMORY_SIZE);
	close(fake.memory_fd);
	close(fake.event);
	pthread_mutex_destroy(&fake.lock);
}

struct virtio_user_config
fake_config(void)
{
	return (struct virtio_user_config){
		.name = "fake0",
		.path = "/fake",
		.queue_pairs = 1,
		.queue_size = 256,
		.speed = UINT32_MAX,
		.deadline_ms = 500,
		.listener = {
			.quiesce = fake_quiesce,
			.resync = fake_resync,
			.release = fake_release,
			.link_changed = fake_link_changed,
		},
	};
}

int
fake_open(const struct virtio_user_config *config)
{
	static const struct device_parts parts = {
		.source = &fake_source,
		.open = fake_backend_open,
		.thread_create = plain_thread_create,
	};

	return device_open(config, &parts, &fake.device);
}

void
fake_close(void)
{
	virtio_user_device_close(fake.device);
	fake.device = NULL;
}

static void
must(int rc)
{
	if (rc == 0)
		return;
	fprintf(stderr, "fake: a verb returned %d\n", rc);
	abort();
}

void
fake_negotiate(void)
{
	struct virtio_user_device *device = fake.device;
	size_t len = vring_layout_bytes(VRING_SPLIT, FAKE_QUEUE_SIZE);
	uint16_t queue;

	must(virtio_user_set_status(device, 1));
	must(virtio_user_set_status(device, 3));
	must(virtio_user_set_features(device, virtio_user_get_features(device)));
	must(virtio_user_set_status(device, 11));
	for (queue = 0; virtio_user_get_queue_num(device, queue) > 0; queue++) {
		must(vring_layout_place(&fake.areas[queue], VRING_SPLIT, FAKE_QUEUE_SIZE, fake_alloc(len), len));
		vring_area_clear(&fake.areas[queue]);
		must(virtio_user_setup_queue(device, queue, &fake.areas[queue]));
	}
}

void
fake_start(void)
{
	fake_negotiate();
	must(virtio_user_set_status(fake.device, 15));
}

static bool
wait_for(bool (*is_so)(const void *what), const void *what)
{
	int i;

	for (i = 0; i < 3000; i++) {
		if (is_so(what))
			return true;
		usleep(1000);
	}
	return false;
}

static bool
log_has(const void *word)
{
	return strstr(fake_log(), word) != NULL;
}

static bool
link_is(const void *up)
{
	return virtio_user_link_is_up(fake.device) == *(const bool *)up;
}

bool
fake_wait_link(bool up)
{
	return wait_for(link_is, &up);
}

bool
fake_wait_log(const char *word)
{
	return wait_for(log_has, word);
}

unsigned int
fake_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	if (dir == NULL)
		abort();
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}
