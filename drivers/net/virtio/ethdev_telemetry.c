/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A port as a human or a monitor asks for it: telemetry's /net_virtio_user/... and ethdev's private
 * dump.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_telemetry.h>

#include "virtio/feature.h"

#include "ethdev.h"
#include "log.h"

/* Longest text of features that telemetry takes in one string. */
#define FEATURES_TEXT RTE_TEL_MAX_STRING_LEN

/* Told by the ops: a name may be the driver's own, its alias, or DPDK's own driver's. */
static bool
port_is_ours(uint16_t port_id)
{
	const struct rte_eth_dev *dev = &rte_eth_devices[port_id];

	return rte_eth_dev_is_valid_port(port_id) && dev->dev_ops != NULL &&
		dev->dev_ops->eth_dev_priv_dump == port_priv_dump;
}

static void
add_features(struct rte_tel_data *dict, const char *name, uint64_t features)
{
	char text[FEATURES_TEXT];

	virtio_features_text(features, text, sizeof(text));
	rte_tel_data_add_dict_string(dict, name, text);
}

static void
add_port(struct rte_tel_data *dict, struct virtio_hw *hw)
{
	struct port_peer_info info;

	hw->peer->get_info(hw->device, &info);
	rte_tel_data_add_dict_string(dict, "name", hw->name);
	rte_tel_data_add_dict_string(dict, "backend", info.backend);
	rte_tel_data_add_dict_string(dict, "path", hw->config.path);
	rte_tel_data_add_dict_string(dict, "role", hw->config.server ? "server" : "client");
	telemetry_add_uint(dict, "connected", info.connected);
	telemetry_add_uint(dict, "link_up", hw->peer->link_is_up(hw->device));
	rte_tel_data_add_dict_string(
		dict, "last_error", info.last_error == 0 ? "none" : strerror((int)info.last_error));
	telemetry_add_uint(dict, "connects", info.connects);
	telemetry_add_uint(dict, "disconnects", info.disconnects);
	telemetry_add_uint(dict, "regions", info.regions);
	telemetry_add_uint(dict, "region_limit", info.region_limit);
	telemetry_add_uint(dict, "table_updates", info.table_updates);
	telemetry_add_uint(dict, "queue_pairs", hw->pairs);
	telemetry_add_uint(dict, "max_queue_pairs", hw->max_pairs);
	rte_tel_data_add_dict_string(
		dict, "rx_path", hw->rx_path == NULL ? "none" : hw->rx_path->name);
	rte_tel_data_add_dict_string(
		dict, "tx_path", hw->tx_path == NULL ? "none" : hw->tx_path->name);
	add_features(dict, "negotiated", info.features);
	add_features(dict, "offered", info.offered);
	telemetry_add_uint(dict, "protocol_features", info.protocol);
}

static int
handle_list(const char *cmd, const char *params, struct rte_tel_data *data)
{
	(void)cmd;
	(void)params;
	rte_tel_data_start_array(data, RTE_TEL_INT_VAL);
	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		if (port_is_ours(id))
			rte_tel_data_add_array_int(data, id);
	}
	return 0;
}

static int
handle_info(const char *cmd, const char *params, struct rte_tel_data *data)
{
	unsigned long id;
	char *end;

	(void)cmd;
	if (params == NULL || params[0] < '0' || params[0] > '9')
		return -EINVAL;
	id = strtoul(params, &end, 10);
	if (*end != '\0' || id >= RTE_MAX_ETHPORTS || !port_is_ours((uint16_t)id))
		return -EINVAL;
	rte_tel_data_start_dict(data);
	add_port(data, port_of(&rte_eth_devices[id]));
	return 0;
}

void
telemetry_setup(void)
{
	static bool is_done;

	if (is_done)
		return;
	is_done = true;
	rte_telemetry_register_cmd("/net_virtio_user/list", handle_list,
		"Ports of this driver. Takes no parameters");
	rte_telemetry_register_cmd("/net_virtio_user/info", handle_info,
		"Back-end, link, features and memory of a port. Parameters: int port_id");
}

int
port_priv_dump(struct rte_eth_dev *dev, FILE *out)
{
	struct virtio_hw *hw = port_of(dev);
	struct port_peer_info info;
	char text[FEATURES_TEXT];

	hw->peer->get_info(hw->device, &info);
	fprintf(out, "back-end: %s, %s %s, %s\n", info.backend,
		hw->config.server ? "listens on" : "connects to", hw->config.path,
		info.connected ? "connected" : "not connected");
	virtio_features_text(info.features, text, sizeof(text));
	fprintf(out, "negotiated: %s\n", text);
	virtio_features_text(info.offered, text, sizeof(text));
	fprintf(out, "offered: %s\n", text);
	fprintf(out, "queue pairs: %u in use, %u possible\n", hw->pairs, hw->max_pairs);
	fprintf(out, "paths: rx %s, tx %s\n", hw->rx_path == NULL ? "none" : hw->rx_path->name,
		hw->tx_path == NULL ? "none" : hw->tx_path->name);
	fprintf(out, "memory: %" PRIu64 " regions of %" PRIu64 ", %" PRIu64 " updates\n",
		info.regions, info.region_limit, info.table_updates);
	fprintf(out, "last error: %s\n",
		info.last_error == 0 ? "none" : strerror((int)info.last_error));
	return 0;
}
