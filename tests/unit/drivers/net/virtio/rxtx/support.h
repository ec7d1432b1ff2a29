/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the data path's tests stand on, without EAL: pools of mbufs in malloc'd buffers (a sanitizer sees each overrun,
 * the pool sees each double free), the device's half of a ring, honest or not, and rigs that join a queue of a
 * path row to such a device. A rig's end checks that every mbuf went home.
 */

#ifndef TEST_RXTX_SUPPORT_H
#define TEST_RXTX_SUPPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rxtx/path.h"
#include "rxtx/queue.h"
#include "support_packed.h"
#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio/vring_split.h"

/* --- pools --- */

/** A pool of @p count mbufs with @p room bytes of data room each. */
struct rte_mempool *pool_make(unsigned int count, uint16_t room);
/** How many mbufs are in the pool. */
unsigned int pool_count(const struct rte_mempool *pool);
/** Every mbuf must be home, in the state in which allocation expects it. */
void pool_drop(struct rte_mempool *pool);
/** A packet of @p len bytes that follow from @p seed, in segments of at most @p segment bytes. */
struct rte_mbuf *packet_make(struct rte_mempool *pool, uint32_t seed, uint32_t len, uint32_t segment);
/** The byte at @p offset of the packet made from @p seed. */
uint8_t packet_byte(uint32_t seed, uint32_t offset);
/** Check all of a packet: bytes, lengths, segment count. */
void packet_check(const struct rte_mbuf *m, uint32_t seed, uint32_t len);

/* --- the device's half of a ring --- */

#define CHAIN_MAX 1100

struct chain {
	uint16_t head;
	uint32_t links;
	bool is_indirect;
	struct vring_desc link[CHAIN_MAX];
};

struct device {
	const struct vring_area *area;
	uint32_t hdr_len;
	uint16_t avail_idx; /**< next to pop */
	uint16_t used_idx;  /**< next to push */
	unsigned int kicks;
	bool event_idx;
	uint16_t called_idx; /**< split: used_idx when it was asked last whether the driver wants a call */
	unsigned int calls;  /**< that the driver wanted */
	struct packed_device packed; /**< instead of both, in a packed ring */
};

/** Begin at @p base, as after SET_VRING_BASE. */
void device_start(struct device *device, const struct vring_area *area, uint32_t base, uint64_t features);
/** Entries that the driver made available and nobody popped. */
uint16_t device_waiting(const struct device *device);
/** Pop a chain, with indirect tables resolved; everything in it must be as the specification wants. */
void device_pop(struct device *device, struct chain *chain);
/** Write a used element and count it, unpublished. */
void device_push(struct device *device, uint32_t id, uint32_t len);
void device_publish(struct device *device);
/** Write the packet of @p seed with its header into a chain or two. @return bytes written to this one. */
uint32_t device_write(const struct device *device, const struct chain *chain, uint16_t num_buffers, uint32_t seed,
	uint32_t len);
/** Pop one buffer, fill it with a packet, push and publish. */
void device_send(struct device *device, uint32_t seed, uint32_t len);
/** Send a packet over as many buffers as it needs. @return buffers. */
uint32_t device_send_merged(struct device *device, uint32_t seed, uint32_t len);
/** A readable chain must hold a zero header and the packet of @p seed. */
void device_check(const struct device *device, const struct chain *chain, uint32_t seed, uint32_t len);
/** Write one used element for @p n buffers, of which the last is @p id; unpublished. */
void device_push_batch(struct device *device, uint32_t id, uint32_t len, uint16_t n);
/** Where a device that vanished had come to, as SET_VRING_BASE has it. */
uint32_t device_base(const struct device *device);
/** Write nonsense over what the driver wrote into a split ring. */
void device_scribble(struct device *device);
/** Ask for kicks, or for none. */
void device_want_kicks(struct device *device, bool wanted);
void device_kick(void *device, uint16_t queue);

/* --- a queue of a row, and its device --- */

struct rx_rig {
	const struct rx_path *row;
	struct rte_mempool *pool;
	unsigned int pool_size;
	struct virtio_rxq *rxq;
	void *mem;
	struct queue_config config;
	struct device device;
};

struct tx_rig {
	const struct tx_path *row;
	struct rte_mempool *pool;
	unsigned int pool_size;
	struct virtio_txq *txq;
	void *mem;
	struct queue_config config;
	struct device device;
};

#define RIG_ROOM (RTE_PKTMBUF_HEADROOM + 1536)
/** Bytes that one rx buffer posts, with the modern header. */
#define RIG_POSTED (1536 + VIRTIO_NET_HDR_LEN_V1)

/** Where a device begins on a new ring. */
uint32_t row_base(enum vring_format format);
uint64_t rx_row_features(const struct rx_path *row);
uint64_t tx_row_features(const struct tx_path *row);

/** Queue of @p size, filled, gate open, device started. */
void rx_rig_open(struct rx_rig *rig, const struct rx_path *row, uint32_t size);
void rx_rig_open_with(struct rx_rig *rig, const struct rx_path *row, uint32_t size, uint64_t more_features);
/** The same with RTE_ETH_RX_OFFLOAD_* configured, and packet types. */
void rx_rig_open_offload(struct rx_rig *rig, const struct rx_path *row, uint32_t size, uint64_t more_features,
	uint64_t offloads);
void rx_rig_close(struct rx_rig *rig);
void tx_rig_open(struct tx_rig *rig, const struct tx_path *row, uint32_t size, uint64_t more_features, bool fast_free);
void tx_rig_close(struct tx_rig *rig);

/** Whether this CPU has what a row needs; says so if it has not. Everything that walks the rows asks. */
bool row_can_run(const char *name, uint16_t simd);

/** Bursts of the row. */
uint16_t rx_rig_burst(struct rx_rig *rig, struct rte_mbuf **pkts, uint16_t n);
uint16_t tx_rig_burst(struct tx_rig *rig, struct rte_mbuf **pkts, uint16_t n);
/** Receive exactly one packet, check it against @p seed, free it. */
void rx_rig_expect(struct rx_rig *rig, uint32_t seed, uint32_t len);

/** A small generator with a seed of its own, so that a failure repeats. */
uint32_t next_random(uint32_t *state);

#endif /* TEST_RXTX_SUPPORT_H */
