/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the network device's structures look like for given features. See net.h.
 */

#include <errno.h>
#include <stddef.h>

#include "virtio/net.h"

#define CONFIG_END(field) (offsetof(struct virtio_net_config, field) + \
	sizeof(((struct virtio_net_config *)0)->field))

size_t
virtio_net_hdr_len(uint64_t features)
{
	/* VIRTIO 1.3 5.1.6: "hash_value; (Only if VIRTIO_NET_F_HASH_REPORT negotiated)" */
	if ((features & VIRTIO_BIT(VIRTIO_NET_F_HASH_REPORT)) != 0)
		return VIRTIO_NET_HDR_LEN_HASH;
	/*
	 * VIRTIO 1.3 5.1.6.1: "The legacy driver only presented num_buffers in the struct
	 * virtio_net_hdr when VIRTIO_NET_F_MRG_RXBUF was negotiated"
	 */
	if ((features & (VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF))) != 0)
		return VIRTIO_NET_HDR_LEN_V1;
	return VIRTIO_NET_HDR_LEN_LEGACY;
}

uint32_t
virtio_net_ctrlq_index(uint64_t features, uint32_t max_pairs)
{
	const uint64_t many = VIRTIO_BIT(VIRTIO_NET_F_MQ) | VIRTIO_BIT(VIRTIO_NET_F_RSS);

	/* VIRTIO 1.3 5.1.2: "N=1 if neither VIRTIO_NET_F_MQ nor VIRTIO_NET_F_RSS are negotiated" */
	return 2 * ((features & many) != 0 ? max_pairs : 1);
}

/* VIRTIO 1.3 5.1.4: "only exists if" one of these features is set, for each field. */
static const struct config_field {
	uint64_t any;
	size_t end;
} config_fields[] = {
	{VIRTIO_BIT(VIRTIO_NET_F_HASH_TUNNEL), sizeof(struct virtio_net_config_space)},
	{VIRTIO_BIT(VIRTIO_NET_F_RSS) | VIRTIO_BIT(VIRTIO_NET_F_HASH_REPORT),
		CONFIG_END(supported_hash_types)},
	{VIRTIO_BIT(VIRTIO_NET_F_SPEED_DUPLEX), CONFIG_END(duplex)},
	{VIRTIO_BIT(VIRTIO_NET_F_MTU), CONFIG_END(mtu)},
	{VIRTIO_BIT(VIRTIO_NET_F_MQ), CONFIG_END(max_virtqueue_pairs)},
	{VIRTIO_BIT(VIRTIO_NET_F_STATUS), CONFIG_END(status)},
};

size_t
virtio_net_config_len(uint64_t features)
{
	size_t i;

	/* Falling offsets: the first field that exists is the last one of the space. */
	for (i = 0; i < sizeof(config_fields) / sizeof(config_fields[0]); i++)
		if ((features & config_fields[i].any) != 0)
			return config_fields[i].end;
	/* VIRTIO 1.3 5.1.4: "The mac address field always exists" */
	return CONFIG_END(mac);
}

bool
virtio_net_mtu_is_valid(uint32_t mtu)
{
	return mtu >= VIRTIO_NET_MTU_MIN && mtu <= VIRTIO_NET_MTU_MAX;
}

bool
virtio_net_pairs_is_valid(uint32_t pairs)
{
	return pairs >= VIRTIO_NET_PAIRS_MIN && pairs <= VIRTIO_NET_PAIRS_MAX;
}

/* VIRTIO 1.3 5.1.6.5.1 to 5.1.6.5.9, and 5.1.6.4.3 for the tunnel hash. */
static const struct ctrl_command {
	uint8_t cmd_class;
	uint8_t first;
	uint8_t last;
	uint8_t bit;
} ctrl_commands[] = {
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, VIRTIO_NET_CTRL_RX_ALLMULTI,
		VIRTIO_NET_F_CTRL_RX},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLUNI, VIRTIO_NET_CTRL_RX_NOBCAST,
		VIRTIO_NET_F_CTRL_RX_EXTRA},
	{VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, VIRTIO_NET_CTRL_MAC_TABLE_SET,
		VIRTIO_NET_F_CTRL_RX},
	{VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, VIRTIO_NET_CTRL_MAC_ADDR_SET,
		VIRTIO_NET_F_CTRL_MAC_ADDR},
	{VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, VIRTIO_NET_CTRL_VLAN_DEL,
		VIRTIO_NET_F_CTRL_VLAN},
	{VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, VIRTIO_NET_CTRL_ANNOUNCE_ACK,
		VIRTIO_NET_F_GUEST_ANNOUNCE},
	{VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET,
		VIRTIO_NET_F_MQ},
	{VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS_CONFIG, VIRTIO_NET_CTRL_MQ_RSS_CONFIG,
		VIRTIO_NET_F_RSS},
	{VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_HASH_CONFIG, VIRTIO_NET_CTRL_MQ_HASH_CONFIG,
		VIRTIO_NET_F_HASH_REPORT},
	{VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
		VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS},
	{VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_TX_SET,
		VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, VIRTIO_NET_F_NOTF_COAL},
	{VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET,
		VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET, VIRTIO_NET_F_VQ_NOTF_COAL},
	{VIRTIO_NET_CTRL_HASH_TUNNEL, VIRTIO_NET_CTRL_HASH_TUNNEL_SET,
		VIRTIO_NET_CTRL_HASH_TUNNEL_SET, VIRTIO_NET_F_HASH_TUNNEL},
};

int
virtio_net_ctrl_feature(uint8_t cmd_class, uint8_t cmd, unsigned int *bit)
{
	size_t i;

	for (i = 0; i < sizeof(ctrl_commands) / sizeof(ctrl_commands[0]); i++) {
		const struct ctrl_command *row = &ctrl_commands[i];

		if (row->cmd_class == cmd_class && cmd >= row->first && cmd <= row->last) {
			*bit = row->bit;
			return 0;
		}
	}
	return -ENOENT;
}
