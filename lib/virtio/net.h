/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

/*
 * The network device's own structures: packet header, configuration space, control commands.
 *
 * <linux/virtio_net.h> has most of them; this adds what older kernels lack, and the answers
 * that depend on features. Nothing here handles packets or runs commands.
 */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/feature.h"
#include "virtio/net_uapi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- packet header: VIRTIO 1.3 5.1.6 --- */

/** Legacy header without MRG_RXBUF: struct virtio_net_hdr. */
#define VIRTIO_NET_HDR_LEN_LEGACY 10
/** Header with num_buffers: struct virtio_net_hdr_v1. */
#define VIRTIO_NET_HDR_LEN_V1 12
/** Header with num_buffers and hash: struct virtio_net_hdr_v1_hash. */
#define VIRTIO_NET_HDR_LEN_HASH 20

static_assert(sizeof(struct virtio_net_hdr) == VIRTIO_NET_HDR_LEN_LEGACY, "legacy header");
static_assert(sizeof(struct virtio_net_hdr_v1) == VIRTIO_NET_HDR_LEN_V1, "header");
static_assert(sizeof(struct virtio_net_hdr_v1_hash) == VIRTIO_NET_HDR_LEN_HASH, "hash header");

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/** Bytes before each packet, for negotiated features: 10, 12 or 20. */
size_t
virtio_net_hdr_len(uint64_t features);

/* --- queues: VIRTIO 1.3 5.1.2 --- */

/** Virtqueue index of the receive queue of a pair, counted from 0. */
static inline uint32_t
virtio_net_rxq_index(uint32_t pair)
{
	return 2 * pair;
}

/** Virtqueue index of the transmit queue of a pair, counted from 0. */
static inline uint32_t
virtio_net_txq_index(uint32_t pair)
{
	return 2 * pair + 1;
}

/**
 * Virtqueue index of the control queue, which exists with VIRTIO_NET_F_CTRL_VQ only.
 *
 * It follows the last pair that the device has, not the last one in use.
 *
 * @param max_pairs
 *   The configuration space's max_virtqueue_pairs.
 */
uint32_t
virtio_net_ctrlq_index(uint64_t features, uint32_t max_pairs);

/* --- configuration space: VIRTIO 1.3 5.1.4 --- */

/** The whole configuration space; kernels know all of it but the last field. */
struct virtio_net_config_space {
	/** All fields up to supported_hash_types. */
	struct virtio_net_config net;
	/** VIRTIO_NET_HASH_TUNNEL_TYPE_* mask, with VIRTIO_NET_F_HASH_TUNNEL. */
	__le32 supported_tunnel_types;
} __attribute__((packed));

static_assert(sizeof(struct virtio_net_config) == 24, "configuration space");
static_assert(sizeof(struct virtio_net_config_space) == 28, "configuration space");

/** Least maximum MTU. VIRTIO 1.3 5.1.4.1: "The device MUST set mtu to between 68 and 65535" */
#define VIRTIO_NET_MTU_MIN 68
/** Largest maximum MTU. */
#define VIRTIO_NET_MTU_MAX 65535
/** Least number of queue pairs. VIRTIO 1.3 5.1.4.1: "between 1 and 0x8000 inclusive" */
#define VIRTIO_NET_PAIRS_MIN VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN
/** Largest number of queue pairs. */
#define VIRTIO_NET_PAIRS_MAX VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX
/** VIRTIO 1.3 5.1.4: "0 to 0x7fffffff, or 0xffffffff for unknown speed" */
#define VIRTIO_NET_SPEED_MAX 0x7fffffffu
/** The value of speed that says nothing. */
#define VIRTIO_NET_SPEED_UNKNOWN 0xffffffffu
/** VIRTIO 1.3 5.1.4: "0x01 for full duplex, 0x00 for half duplex and 0xff for unknown" */
#define VIRTIO_NET_DUPLEX_HALF 0x00
/** Both directions at once. */
#define VIRTIO_NET_DUPLEX_FULL 0x01
/** The value of duplex that says nothing. */
#define VIRTIO_NET_DUPLEX_UNKNOWN 0xff
/** VIRTIO 1.3 5.1.4.1: "MUST set rss_max_key_size to at least 40" */
#define VIRTIO_NET_RSS_KEY_SIZE_MIN 40
/** VIRTIO 1.3 5.1.4.1: "MUST set rss_max_indirection_table_length to at least 128" */
#define VIRTIO_NET_RSS_TABLE_LENGTH_MIN 128

/** Bytes of configuration space that exist with these features (offered or negotiated). */
size_t
virtio_net_config_len(uint64_t features);

/** Whether a device may state this maximum MTU. */
bool
virtio_net_mtu_is_valid(uint32_t mtu);

/** Whether a device may have, or a driver ask for, this many queue pairs. */
bool
virtio_net_pairs_is_valid(uint32_t pairs);

/* --- control queue: VIRTIO 1.3 5.1.6.5; classes and commands that older headers lack --- */

#ifndef VIRTIO_NET_CTRL_NOTF_COAL
#define VIRTIO_NET_CTRL_NOTF_COAL 6
#define VIRTIO_NET_CTRL_NOTF_COAL_TX_SET 0
#define VIRTIO_NET_CTRL_NOTF_COAL_RX_SET 1
#endif
#ifndef VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET 2
#endif
#ifndef VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET 3
#endif
#ifndef VIRTIO_NET_CTRL_HASH_TUNNEL
#define VIRTIO_NET_CTRL_HASH_TUNNEL 7
#define VIRTIO_NET_CTRL_HASH_TUNNEL_SET 0
#endif

/** NOTF_COAL_TX_SET and NOTF_COAL_RX_SET. VIRTIO 1.3 5.1.6.5.9. */
struct virtio_net_cmd_coal {
	/** Packets to pass before a notification; 0: one for each. */
	__le32 max_packets;
	/** Microseconds to delay a notification at most. */
	__le32 max_usecs;
} __attribute__((packed));

/** NOTF_COAL_VQ_SET and NOTF_COAL_VQ_GET. VIRTIO 1.3 5.1.6.5.9. */
struct virtio_net_cmd_coal_vq {
	/** The virtqueue. */
	__le16 vq_index;
	/** Zero. */
	__le16 reserved;
	/** Set by the driver (SET) or the device (GET). */
	struct virtio_net_cmd_coal coal;
} __attribute__((packed));

/** HASH_TUNNEL_SET. VIRTIO 1.3 5.1.6.4.3. */
struct virtio_net_cmd_hash_tunnel {
	/** Mask of the encapsulations whose inner header is hashed. */
	__le32 enabled_tunnel_types;
} __attribute__((packed));

/** MAC_ADDR_SET. VIRTIO 1.3 5.1.6.5.2. */
struct virtio_net_cmd_mac {
	/** The new address. */
	uint8_t addr[ETH_ALEN];
} __attribute__((packed));

/** VLAN_ADD and VLAN_DEL. VIRTIO 1.3 5.1.6.5.3. */
struct virtio_net_cmd_vlan {
	/** VLAN identifier. */
	__le16 id;
} __attribute__((packed));

/** GUEST_OFFLOADS_SET. VIRTIO 1.3 5.1.6.5.8. */
struct virtio_net_cmd_offloads {
	/** Mask of VIRTIO_NET_F_GUEST_* feature bits to keep on. */
	__le64 offloads;
} __attribute__((packed));

/**
 * The fixed part before the indirection table of MQ_RSS_CONFIG. VIRTIO 1.3 5.1.6.5.7.1.
 *
 * The kernel's struct virtio_net_rss_config has the table as one entry, which no code can use;
 * here the command is this head, 2 * (mask + 1) bytes of table, the tail, and the key.
 */
struct virtio_net_cmd_rss_head {
	/** VIRTIO_NET_RSS_HASH_TYPE_* mask. */
	__le32 hash_types;
	/** Entries of the table minus 1; a power of two minus 1. */
	__le16 indirection_table_mask;
	/** Receive queue (pair, from 0) of packets without a hash. */
	__le16 unclassified_queue;
} __attribute__((packed));

/** The fixed part after the indirection table of MQ_RSS_CONFIG. VIRTIO 1.3 5.1.6.5.7.1. */
struct virtio_net_cmd_rss_tail {
	/** How many transmit queues the driver uses. */
	__le16 max_tx_vq;
	/** Bytes of key behind this struct. */
	uint8_t hash_key_length;
} __attribute__((packed));

/** The fixed part of MQ_HASH_CONFIG, before the key. VIRTIO 1.3 5.1.6.5.6.4. */
struct virtio_net_cmd_hash_head {
	/** VIRTIO_NET_RSS_HASH_TYPE_* mask. */
	__le32 hash_types;
	/** Zero. */
	__le16 reserved[4];
	/** Bytes of key behind this struct. */
	uint8_t hash_key_length;
} __attribute__((packed));

static_assert(sizeof(struct virtio_net_ctrl_hdr) == 2, "command header");
static_assert(sizeof(struct virtio_net_cmd_coal_vq) == 12, "coalescing command");
static_assert(sizeof(struct virtio_net_cmd_rss_head) == 8, "RSS command head");
static_assert(sizeof(struct virtio_net_cmd_rss_tail) == 3, "RSS command tail");
static_assert(sizeof(struct virtio_net_cmd_hash_head) == 13, "hash command head");

/**
 * The feature that a control command needs besides VIRTIO_NET_F_CTRL_VQ.
 *
 * A device answers VIRTIO_NET_ERR to a command whose feature was not negotiated.
 *
 * @param bit
 *   Set on success.
 * @return 0, or -ENOENT when the specification has no such command.
 */
int
virtio_net_ctrl_feature(uint8_t cmd_class, uint8_t cmd, unsigned int *bit);

#ifdef __cplusplus
}
#endif

#endif /* VIRTIO_NET_H */
