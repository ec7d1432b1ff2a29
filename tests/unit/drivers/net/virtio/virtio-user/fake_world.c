/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The rest of the world of fake_backend.h: the memory, the driver that listens, and what a test does to all of them.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_backend.h"
#include "virtio-user/virtio.h"

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
	if (fake.watch_rc < 0)
		return fake.watch_rc;
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
	fake_note("quiesce");
	pthread_mutex_unlock(&fake.lock);
}

static void
fake_release(void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&fake.lock);
	fake_note("release");
	pthread_mutex_unlock(&fake.lock);
}

static int
fake_resync(void *ctx, uint16_t queue, uint32_t *base)
{
	int rc;

	(void)ctx;
	pthread_mutex_lock(&fake.lock);
	fake_note("resync=%u", queue);
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

static void
fake_config_changed(void *ctx)
{
	(void)ctx;
	__atomic_fetch_add(&fake.news, 1, __ATOMIC_RELEASE);
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
		.features_off = VIRTIO_BIT(VIRTIO_F_RING_PACKED),
		.deadline_ms = 500,
		.listener = {
			.quiesce = fake_quiesce,
			.resync = fake_resync,
			.release = fake_release,
			.link_changed = fake_link_changed,
			.config_changed = fake_config_changed,
		},
	};
}

static int
fake_thread_create(control_thread_t *thread, const char *name, control_thread_ret_t (*body)(void *arg), void *arg)
{
	return fake.thread_rc < 0 ? fake.thread_rc : plain_thread_create(thread, name, body, arg);
}

int
fake_open(const struct virtio_user_config *config)
{
	static const struct device_parts parts = {
		.source = &fake_source,
		.open = fake_backend_open,
		.thread_create = fake_thread_create,
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
	enum vring_format format;
	uint16_t queue;
	size_t len;

	must(virtio_user_set_status(device, 1));
	must(virtio_user_set_status(device, 3));
	must(virtio_user_set_features(device, virtio_user_get_features(device)));
	must(virtio_user_set_status(device, 11));
	format = (virtio_user_get_features(device) & VIRTIO_BIT(VIRTIO_F_RING_PACKED)) ? VRING_PACKED : VRING_SPLIT;
	len = vring_layout_bytes(format, FAKE_QUEUE_SIZE);
	for (queue = 0; virtio_user_get_queue_num(device, queue) > 0; queue++) {
		must(vring_layout_place(&fake.areas[queue], format, FAKE_QUEUE_SIZE, fake_alloc(len), len));
		vring_area_clear(&fake.areas[queue]);
		must(virtio_user_setup_queue(device, queue, &fake.areas[queue]));
	}
}

int
fake_setup(void **state)
{
	(void)state;
	fake_init();
	return 0;
}

int
fake_teardown(void **state)
{
	(void)state;
	if (fake.device != NULL)
		fake_close();
	fake_fini();
	return 0;
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
