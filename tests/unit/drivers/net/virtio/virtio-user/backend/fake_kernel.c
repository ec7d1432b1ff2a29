/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See fake_kernel.h. Linked into the tests of the vhost-kernel back-end.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <linux/vhost.h>

#include "fake_kernel.h"

#define note fake_kernel_note

int virtio_user_logtype;
struct fake_kernel kernel;

/* --- log, failures, files --- */

void
fake_kernel_note(const char *format, ...)
{
	size_t used = strlen(kernel.log);
	va_list args;

	if (used > 0 && used + 1 < sizeof(kernel.log))
		kernel.log[used++] = ' ';
	va_start(args, format);
	vsnprintf(kernel.log + used, sizeof(kernel.log) - used, format, args);
	va_end(args);
}

/** Begin a call. @return what it has to fail with, or 0 */
static int
call(const char *word)
{
	kernel.calls++;
	if (kernel.fail_at == 0 || kernel.calls != kernel.fail_at)
		return 0;
	snprintf(kernel.failed, sizeof(kernel.failed), "%s", word);
	note("!%s", word);
	return kernel.fail_rc;
}

static int
file_new(enum fake_file kind)
{
	int i;

	for (i = FAKE_KERNEL_FIRST_FD; i < FAKE_KERNEL_FDS; i++) {
		if (kernel.files[i] == FAKE_CLOSED) {
			kernel.files[i] = kind;
			kernel.is_joined[i] = false;
			return i;
		}
	}
	return -EMFILE;
}

unsigned int
fake_kernel_open_files(void)
{
	unsigned int i, count = 0;

	for (i = 0; i < FAKE_KERNEL_FDS; i++)
		count += kernel.files[i] != FAKE_CLOSED;
	return count;
}

static bool
is_of(int fd, enum fake_file kind)
{
	return fd >= 0 && fd < FAKE_KERNEL_FDS && kernel.files[fd] == kind;
}

static int
kind_of_path(const char *path, enum fake_file *kind)
{
	if (strcmp(path, "/dev/vhost-net") == 0) {
		*kind = FAKE_VHOST;
		return kernel.has_vhost ? 0 : -ENOENT;
	}
	if (strcmp(path, "/dev/net/tun") == 0) {
		*kind = FAKE_TUN;
		return kernel.has_tun ? 0 : -ENOENT;
	}
	if (strncmp(path, "/sys/", 5) == 0) {
		*kind = FAKE_TEXT;
		return kernel.regions != NULL ? 0 : -ENOENT;
	}
	*kind = FAKE_NETNS;
	return kernel.has_netns ? 0 : -ENOENT;
}

static int
fake_open(const char *path, int flags)
{
	enum fake_file kind;
	int rc = call(path);

	(void)flags;
	if (rc == 0)
		rc = kind_of_path(path, &kind);
	if (rc == 0)
		rc = file_new(kind);
	if (rc >= 0)
		note("open(%s)=%d", path, rc);
	return rc;
}

/** Whether some process still keeps the interface alive. */
static void
link_end_if_unused(void)
{
	int i;

	if (kernel.is_persistent || kernel.link.is_persistent)
		return;
	for (i = 0; i < FAKE_KERNEL_FDS; i++) {
		if (kernel.is_joined[i])
			return;
	}
	memset(&kernel.link, 0, sizeof(kernel.link));
}

static void
fake_close(int fd)
{
	note("close(%d)", fd);
	if (fd < 0 || fd >= FAKE_KERNEL_FDS || kernel.files[fd] == FAKE_CLOSED) {
		kernel.bad_closes++;
		return;
	}
	kernel.files[fd] = FAKE_CLOSED;
	if (kernel.is_joined[fd]) {
		kernel.is_joined[fd] = false;
		link_end_if_unused();
	}
}

/* --- tun --- */

static int
tun_join(int fd, struct ifreq *request)
{
	note("TUNSETIFF(%d,%s,%#x)", fd, request->ifr_name, (unsigned short)request->ifr_flags);
	if (kernel.link.index == 0) {
		if (kernel.mine_only)
			return -EPERM;
		kernel.link = (struct netlink_link){
			.index = 7, .mtu = 1500, .mtu_max = 65521, .mac = {2, 0, 0, 0, 0, 9},
			.kind = "tun", .is_tap = true};
		snprintf(kernel.link.name, sizeof(kernel.link.name), "%s",
			 request->ifr_name[0] == '\0' ? "tap0" : request->ifr_name);
	}
	memcpy(request->ifr_name, kernel.link.name, IFNAMSIZ);
	kernel.is_joined[fd] = true;
	kernel.has_carrier = true;
	return 0;
}

static int
tun_offload(int fd, uintptr_t offloads)
{
	note("TUNSETOFFLOAD(%d,%#x)", fd, (unsigned int)offloads);
	if ((offloads & ~kernel.tun_offloads) != 0)
		return -EINVAL;
	kernel.offloads = (unsigned int)offloads;
	return 0;
}

static int
tun_set_int(int fd, const char *name, int *field, const int *value)
{
	note("%s(%d,%d)", name, fd, *value);
	*field = *value;
	return 0;
}

static int
tun_set_mac(int fd, const struct ifreq *request)
{
	note("SIOCSIFHWADDR(%d)", fd);
	if (kernel.mine_only)
		return -EPERM;
	memcpy(kernel.link.mac, request->ifr_hwaddr.sa_data, ETH_ALEN);
	return 0;
}

static int
tun_name(int fd, struct ifreq *request)
{
	note("TUNGETIFF(%d)", fd);
	if (kernel.link.index == 0)
		return -EBADFD;
	memcpy(request->ifr_name, kernel.link.name, IFNAMSIZ);
	return 0;
}

static int
tun_netns(int fd)
{
	int netns = kernel.has_netns ? file_new(FAKE_NETNS) : -EPERM;

	note("TUNGETDEVNETNS(%d)=%d", fd, netns);
	return netns;
}

static int
tun_ioctl(int fd, unsigned long request, void *arg)
{
	int ignored, carrier, rc;

	switch (request) {
	case TUNGETFEATURES:
		*(unsigned int *)arg = kernel.tun_features;
		return 0;
	case TUNSETIFF:
		return tun_join(fd, arg);
	case TUNSETQUEUE:
		note("TUNSETQUEUE(%d,%s)", fd,
		     ((struct ifreq *)arg)->ifr_flags == IFF_ATTACH_QUEUE ? "attach" : "detach");
		return 0;
	case TUNSETOFFLOAD:
		return tun_offload(fd, (uintptr_t)arg);
	case TUNSETVNETHDRSZ:
		return tun_set_int(fd, "TUNSETVNETHDRSZ", &kernel.hdr_size, arg);
	case TUNSETVNETLE:
		return tun_set_int(fd, "TUNSETVNETLE", &ignored, arg);
	case TUNSETSNDBUF:
		return tun_set_int(fd, "TUNSETSNDBUF", &kernel.sndbuf, arg);
	case TUNSETCARRIER:
		rc = tun_set_int(fd, "TUNSETCARRIER", &carrier, arg);
		kernel.has_carrier = carrier != 0;
		return rc;
	case TUNSETPERSIST:
		note("TUNSETPERSIST(%d)", fd);
		kernel.is_persistent = arg != NULL;
		return 0;
	case SIOCSIFHWADDR:
		return tun_set_mac(fd, arg);
	case TUNGETIFF:
		return tun_name(fd, arg);
	case TUNGETDEVNETNS:
		return tun_netns(fd);
	default:
		return -ENOTTY;
	}
}

/* --- vhost-net --- */

static int
vhost_mem_table(int fd, const struct vhost_memory *memory)
{
	uint32_t i;

	note("VHOST_SET_MEM_TABLE(%d,%u)", fd, memory->nregions);
	kernel.table_nr = memory->nregions;
	for (i = 0; i < memory->nregions && i < 8; i++) {
		kernel.table[i][0] = memory->regions[i].userspace_addr;
		kernel.table[i][1] = memory->regions[i].memory_size;
	}
	return 0;
}

static int
vhost_ring(int fd, const char *name, const void *arg)
{
	const unsigned int *words = arg;

	note("%s(%d,%u,%d)", name, fd, words[0], (int)words[1]);
	return 0;
}

static int
vhost_addr(int fd, const struct vhost_vring_addr *addr)
{
	note("VHOST_SET_VRING_ADDR(%d,%u,%#llx,%#llx,%#llx)", fd, addr->index,
	     (unsigned long long)addr->desc_user_addr, (unsigned long long)addr->avail_user_addr,
	     (unsigned long long)addr->used_user_addr);
	return 0;
}

static int
vhost_ioctl(int fd, unsigned long request, void *arg)
{
	switch (request) {
	case VHOST_SET_OWNER:
		note("VHOST_SET_OWNER(%d)", fd);
		return 0;
	case VHOST_GET_FEATURES:
		*(uint64_t *)arg = kernel.vhost_features;
		return 0;
	case VHOST_SET_FEATURES:
		note("VHOST_SET_FEATURES(%d,%#llx)", fd, *(unsigned long long *)arg);
		return (*(uint64_t *)arg & ~kernel.vhost_features) != 0 ? -EOPNOTSUPP : 0;
	case VHOST_GET_BACKEND_FEATURES:
		*(uint64_t *)arg = kernel.backend_features;
		return 0;
	case VHOST_SET_BACKEND_FEATURES:
		note("VHOST_SET_BACKEND_FEATURES(%d,%#llx)", fd, *(unsigned long long *)arg);
		return 0;
	case VHOST_SET_MEM_TABLE:
		return vhost_mem_table(fd, arg);
	case VHOST_SET_VRING_NUM:
		return vhost_ring(fd, "VHOST_SET_VRING_NUM", arg);
	case VHOST_SET_VRING_BASE:
		return vhost_ring(fd, "VHOST_SET_VRING_BASE", arg);
	case VHOST_GET_VRING_BASE:
		((struct vhost_vring_state *)arg)->num = kernel.base;
		return vhost_ring(fd, "VHOST_GET_VRING_BASE", arg);
	case VHOST_SET_VRING_CALL:
		return vhost_ring(fd, "VHOST_SET_VRING_CALL", arg);
	case VHOST_SET_VRING_KICK:
		return vhost_ring(fd, "VHOST_SET_VRING_KICK", arg);
	case VHOST_NET_SET_BACKEND:
		return vhost_ring(fd, "VHOST_NET_SET_BACKEND", arg);
	case VHOST_SET_VRING_ADDR:
		return vhost_addr(fd, arg);
	default:
		return -ENOTTY;
	}
}

static int
fake_ioctl(int fd, unsigned long request, void *arg)
{
	char word[32];
	int rc;

	snprintf(word, sizeof(word), "ioctl %#lx", request & 0xffff);
	rc = call(word);
	if (rc < 0)
		return rc;
	if (is_of(fd, FAKE_VHOST))
		return vhost_ioctl(fd, request, arg);
	return is_of(fd, FAKE_TUN) ? tun_ioctl(fd, request, arg) : -EBADF;
}

/* --- messages --- */

static ssize_t
iotlb_write(int fd, const struct vhost_msg_v2 *message)
{
	if (message->iotlb.type == VHOST_IOTLB_UPDATE)
		note("UPDATE(%d,%#llx,%#llx)", fd, (unsigned long long)message->iotlb.iova,
		     (unsigned long long)message->iotlb.size);
	else
		note("INVALIDATE(%d)", fd);
	return sizeof(*message);
}

static ssize_t
fake_write(int fd, const void *buf, size_t len)
{
	int rc = call("write");

	if (rc < 0)
		return rc;
	if (is_of(fd, FAKE_VHOST))
		return iotlb_write(fd, buf);
	if (!is_of(fd, FAKE_NETLINK))
		return -EBADF;
	fake_kernel_answer(buf);
	return (ssize_t)len;
}

static ssize_t
read_event(void *buf)
{
	uint32_t len = kernel.event_len[0];
	int rc = kernel.event_rc[0];

	if (kernel.events_nr == 0)
		return -EAGAIN;
	memcpy(buf, kernel.events[0], len);
	kernel.events_nr--;
	memmove(kernel.events, kernel.events + 1, sizeof(kernel.events) - sizeof(kernel.events[0]));
	memmove(kernel.event_len, kernel.event_len + 1, sizeof(kernel.event_len) - sizeof(kernel.event_len[0]));
	memmove(kernel.event_rc, kernel.event_rc + 1, sizeof(kernel.event_rc) - sizeof(kernel.event_rc[0]));
	return rc < 0 ? rc : (ssize_t)len;
}

static ssize_t
fake_read(int fd, void *buf, size_t len)
{
	uint32_t got = kernel.answer_len;
	int rc = call("read");

	if (rc < 0)
		return rc;
	if (is_of(fd, FAKE_TEXT)) {
		snprintf(buf, len, "%s", kernel.regions);
		return (ssize_t)strlen(buf);
	}
	if (!is_of(fd, FAKE_NETLINK))
		return -EBADF;
	/* A request is answered at once: whoever reads without one reads events. */
	if (got == 0)
		return read_event(buf);
	memcpy(buf, kernel.answer, got);
	kernel.answer_len = 0;
	return got;
}

static int
fake_wait(int fd, uint64_t deadline)
{
	(void)deadline;
	if (!is_of(fd, FAKE_NETLINK))
		return -EBADF;
	return call("wait");
}

static int
fake_netlink(uint32_t groups)
{
	int rc = call("netlink");

	if (rc == 0)
		rc = file_new(FAKE_NETLINK);
	if (rc >= 0)
		note("netlink(%u)=%d", groups, rc);
	return rc;
}

static int
fake_run_in(int netns, int (*body)(void *arg), void *arg)
{
	int rc = call("run_in");

	if (rc < 0)
		return rc;
	if (netns >= 0)
		note("run_in(%d)", netns);
	return body(arg);
}

const struct kernel_sys fake_kernel_sys = {
	.open = fake_open,
	.close = fake_close,
	.ioctl = fake_ioctl,
	.read = fake_read,
	.write = fake_write,
	.wait = fake_wait,
	.netlink = fake_netlink,
	.run_in = fake_run_in,
};
