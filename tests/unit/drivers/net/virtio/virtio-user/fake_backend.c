/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See fake_backend.h. Linked into every test of virtio-user/; the control thread of the device runs through here too,
 * hence the lock.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake_backend.h"
#include "virtio/status.h"

int virtio_user_logtype;
struct fake fake;

/* --- log --- */

void
fake_note(const char *format, ...)
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
	fake_note(__VA_ARGS__); \
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

static uint16_t
fake_get_mtu(struct backend *backend)
{
	(void)backend;
	return fake.own_mtu;
}

static const struct backend_mtu_ops fake_own_mtu = {.set_mtu = fake_set_mtu, .get_mtu = fake_get_mtu};

static int
fake_get_drops(struct backend *backend, struct backend_drops *drops)
{
	(void)backend;
	*drops = fake.drops;
	return fake.drops.missed == UINT64_MAX ? -EIO : 0;
}

static const struct backend_drops_ops fake_drops = {.get_drops = fake_get_drops};

static int
fake_set_mac(struct backend *backend, const uint8_t *mac)
{
	VERB("mac=%02x", mac[5]);
	VERB_END;
}

static int
fake_set_promisc(struct backend *backend, bool on)
{
	VERB("promisc=%d", on);
	VERB_END;
}

static int
fake_set_allmulti(struct backend *backend, bool on)
{
	VERB("allmulti=%d", on);
	VERB_END;
}

static const struct backend_filter_ops fake_filter = {
	.set_mac = fake_set_mac,
	.set_promisc = fake_set_promisc,
	.set_allmulti = fake_set_allmulti,
};

static int
fake_connect(struct backend *backend)
{
	int rc = 0;

	pthread_mutex_lock(&fake.lock);
	if (!fake.is_present)
		rc = fake.device == NULL || fake.device->config.server ? -EAGAIN : -ECONNREFUSED;
	if (rc == 0) {
		fake_note("connect");
		fake.is_served = true;
		fake.peer_status = 0;
		fake.calls = 0;
		backend->caps = fake.caps;
		backend->slots = fake.has_slots ? &fake_slots : NULL;
		backend->config = fake.has_config ? &fake_config_ops : NULL;
		backend->drops = fake.has_filter ? &fake_drops : NULL;
		backend->mtu = !fake.has_mtu ? NULL : fake.own_mtu != 0 ? &fake_own_mtu : &fake_mtu;
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
	fake_note("disconnect");
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
	fake_note("close");
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
	rc = fake.is_served ? fake.has_news : -ECONNRESET;
	fake.has_news = false;
	pthread_mutex_unlock(&fake.lock);
	return rc;
}

static bool
fake_is_up(struct backend *backend)
{
	(void)backend;
	return !__atomic_load_n(&fake.is_down, __ATOMIC_RELAXED);
}

static const struct backend_link_ops fake_link = {
	.event_fd = fake_event_fd,
	.check = fake_check,
	.is_up = fake_is_up,
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

int
fake_backend_open(const struct backend_config *config, struct backend **backend)
{
	memset(&fake.backend, 0, sizeof(fake.backend));
	fake.backend.ops = &fake_ops;
	fake.backend.link = &fake_link;
	fake.backend.filter = fake.has_filter ? &fake_filter : NULL;
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
fake_tell_news(void)
{
	pthread_mutex_lock(&fake.lock);
	fake.has_news = true;
	pthread_mutex_unlock(&fake.lock);
	ring_event();
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
