/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A peer without a process, and the memory and the driver that go with it: the second occupant of the seams struct
 * backend, struct memory_source and struct virtio_user_listener. Everything that the device does to any of them goes
 * into one ordered log, so that an order contract is one assertion.
 *
 * Words of the log: connect disconnect close, status=S features mtu=M table=N add=VA rem=VA, call=Q num=Q:N
 * base=Q:B addr=Q kick=Q enable=Q disable=Q get=Q, mac=XX promisc=0|1 allmulti=0|1, quiesce resync=Q release.
 */

#ifndef FAKE_BACKEND_H
#define FAKE_BACKEND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "virtio-user/device.h"

#define FAKE_LOG_SIZE 16384
#define FAKE_PIECES_MAX 32
#define FAKE_QUEUES_MAX 16
#define FAKE_QUEUE_SIZE 8

/** One world: reset by fake_init(), taken apart by fake_fini(). Set fields before the device is opened. */
struct fake {
	pthread_mutex_t lock;
	char log[FAKE_LOG_SIZE];

	/* What the peer is. */
	bool is_present;     /**< somebody answers connect */
	struct backend_caps caps;
	bool has_status, has_slots, has_mtu, has_config;
	bool has_filter;     /**< wants to hear addresses and receive modes; set before the device is opened */
	bool is_down;        /**< its end of the link */
	bool has_news;       /**< the next check says that something changed */
	struct backend_drops drops; /**< of a peer with has_filter */
	uint16_t own_mtu;    /**< of a peer with has_mtu; 0: it has none of its own */
	bool drops_features_ok; /**< reads the status back without it */
	struct virtio_net_config space;

	/* What goes wrong: call number `fail_at` (1 is the first after connect) returns `fail_rc`, once. */
	unsigned int fail_at;
	int fail_rc;
	unsigned int calls;

	/* What the peer saw. */
	uint64_t features;
	uint32_t bases[FAKE_QUEUES_MAX]; /**< told, and given back */
	struct memory_region table[FAKE_PIECES_MAX];
	uint32_t table_nr;

	/* What else goes wrong while a device is opened: -errno, or 0. */
	int watch_rc, thread_rc;

	/* The memory. */
	struct memory_region pieces[FAKE_PIECES_MAX];
	uint32_t pieces_nr;
	void (*changed)(void *arg, bool added);
	void *changed_arg;

	/* The driver. */
	uint32_t resync_base;
	int resync_rc;
	unsigned int link_ups, link_downs, news;
	void (*on_link)(struct virtio_user_device *device, bool up);
	struct virtio_user_device *device;

	/* Inside. */
	struct backend backend;
	bool is_served; /**< the connected peer is the present one */
	int event;
	int memory_fd;
	uint8_t *memory; /**< what memory_fd holds: rings and buffers lie here */
	size_t memory_used;
	uint8_t peer_status;
	struct vring_area areas[FAKE_QUEUES_MAX];
};

#define FAKE_MEMORY_SIZE (1 << 20)

extern struct fake fake;

/** A peer with everything that the device supports, 4 queue pairs, 8 regions; one piece of memory. */
void fake_init(void);
void fake_fini(void);

/** The configuration that most tests start from: one pair, client mode, 500 ms. */
struct virtio_user_config fake_config(void);

/** Open a device on this world. */
int fake_open(const struct virtio_user_config *config);
void fake_close(void);
/** Take the device to FEATURES_OK with all that it offers, and set all its queues up. */
void fake_negotiate(void);
/** As fake_negotiate(), and on to DRIVER_OK. */
void fake_start(void);

/** fake_init() and, whatever a test left, fake_fini(), for cmocka. */
int fake_setup(void **state);
int fake_teardown(void **state);

/** Append to the log; fake.lock is held. */
__attribute__((format(printf, 1, 2))) void fake_note(const char *format, ...);
/** The registry's place: open the fake peer's back-end. */
int fake_backend_open(const struct backend_config *config, struct backend **backend);

void fake_log_clear(void);
/** A copy of the log as of now; valid until the next call. */
const char *fake_log(void);

/** Call number @p at from now on fails; 0: none does. @return whether the one set before was met */
bool fake_fail(unsigned int at, int rc);

/** The peer changed something of its own: set the field and ring. */
void fake_tell_news(void);
void fake_arrive(void);
void fake_vanish(void);

/** Memory that the peer may see, 64-byte aligned. */
void *fake_alloc(size_t len);
/** A piece of memory appears at @p va; as EAL does, in this thread. */
void fake_memory_add(uint64_t va, uint64_t size, uint64_t offset, uint64_t ino);
void fake_memory_remove(uint64_t va);

/** Wait up to 3 s. @return whether the link is as wanted */
bool fake_wait_link(bool up);
/** Wait up to 3 s until the log has @p word. */
bool fake_wait_log(const char *word);

unsigned int fake_count_fds(void);

#endif /* FAKE_BACKEND_H */
