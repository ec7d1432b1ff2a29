/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The control queue. See rte_vhost2_net_device.h.
 *
 * Theory of operation
 *
 * A table names each command's handler; which feature it needs is said by lib/virtio. Handlers read what belongs to
 * the command through a cursor over the driver's memory, each byte once, into locals; only a command that was read to
 * its exact end changes anything. Counts are multiplied in 64 bits and bounded by the bytes that there are.
 */

#include <errno.h>
#include <string.h>

#include "vhost2_net/cursor.h"
#include "vhost2_net/rte_vhost2_net_device.h"
#include "virtio/net.h"

/** Segments of a command: header, data of two tables, answer, and then some. */
#define CTRL_SEGS 64

/** One command being served. */
struct command {
	struct rte_vhost2_net_device *device;
	struct net_cursor data;
	uint64_t left;    /**< bytes of data not read yet */
	uint32_t changes;
	struct virtio_net_ctrl_hdr hdr;
};

static int
data_read(struct command *command, void *to, uint64_t len)
{
	if (len > command->left)
		return -EINVAL;
	command->left -= len;
	return net_cursor_read(&command->data, to, len);
}

static int
data_skip(struct command *command, uint64_t len)
{
	if (len > command->left)
		return -EINVAL;
	command->left -= len;
	return net_cursor_skip(&command->data, len);
}

/** Read the last of the data. */
static int
data_read_all(struct command *command, void *to, uint64_t len)
{
	return command->left == len ? data_read(command, to, len) : -EINVAL;
}

/* --- handlers: 0, or the command is refused, or as net_cursor_read() --- */

static int
rx_mode_set(struct command *command)
{
	struct rte_vhost2_net_filter *const filter = &command->device->filter;
	bool *const modes[] = {
		[VIRTIO_NET_CTRL_RX_PROMISC] = &filter->promisc,
		[VIRTIO_NET_CTRL_RX_ALLMULTI] = &filter->allmulti,
		[VIRTIO_NET_CTRL_RX_ALLUNI] = &filter->alluni,
		[VIRTIO_NET_CTRL_RX_NOMULTI] = &filter->nomulti,
		[VIRTIO_NET_CTRL_RX_NOUNI] = &filter->nouni,
		[VIRTIO_NET_CTRL_RX_NOBCAST] = &filter->nobcast,
	};
	uint8_t on;
	int rc;

	rc = data_read_all(command, &on, sizeof(on));
	if (rc != 0)
		return rc;
	*modes[command->hdr.cmd] = on != 0;
	command->changes = RTE_VHOST2_NET_CHANGED_RX;
	return 0;
}

static int
macs_read(struct command *command, struct rte_vhost2_net_macs *macs)
{
	uint32_t entries;
	uint64_t kept;
	int rc;

	rc = data_read(command, &entries, sizeof(entries));
	if (rc != 0)
		return rc;
	kept = entries < RTE_VHOST2_NET_MACS ? entries : RTE_VHOST2_NET_MACS;
	macs->nr = (uint16_t)kept;
	macs->overflow = entries > kept;
	rc = data_read(command, macs->addr, kept * sizeof(macs->addr[0]));
	return rc != 0 ? rc : data_skip(command, (entries - kept) * sizeof(macs->addr[0]));
}

static int
mac_table_set(struct command *command)
{
	struct rte_vhost2_net_macs unicast;
	struct rte_vhost2_net_macs multicast;
	int rc;

	rc = macs_read(command, &unicast);
	if (rc == 0)
		rc = macs_read(command, &multicast);
	if (rc != 0)
		return rc;
	if (command->left != 0)
		return -EINVAL;
	command->device->filter.unicast = unicast;
	command->device->filter.multicast = multicast;
	command->changes = RTE_VHOST2_NET_CHANGED_MAC_TABLE;
	return 0;
}

static int
mac_set(struct command *command)
{
	struct virtio_net_cmd_mac mac;
	const int rc = data_read_all(command, &mac, sizeof(mac));

	if (rc != 0)
		return rc;
	memcpy(command->device->mac, mac.addr, sizeof(mac.addr));
	command->changes = RTE_VHOST2_NET_CHANGED_MAC;
	return 0;
}

static int
vlan_set(struct command *command)
{
	struct virtio_net_cmd_vlan vlan;
	const int rc = data_read_all(command, &vlan, sizeof(vlan));
	uint64_t bit;

	if (rc != 0)
		return rc;
	if (vlan.id >= 4096)
		return -EINVAL;
	bit = 1ULL << vlan.id % 64;
	if (command->hdr.cmd == VIRTIO_NET_CTRL_VLAN_ADD)
		command->device->filter.vlan[vlan.id / 64] |= bit;
	else
		command->device->filter.vlan[vlan.id / 64] &= ~bit;
	command->changes = RTE_VHOST2_NET_CHANGED_VLAN;
	return 0;
}

/* VIRTIO 1.3 5.1.6.5.4: "the device MUST clear the VIRTIO_NET_S_ANNOUNCE bit in status upon receipt" */
static int
announce_ack(struct command *command)
{
	if (command->left != 0)
		return -EINVAL;
	command->device->announce = false;
	command->changes = RTE_VHOST2_NET_CHANGED_ANNOUNCE;
	return 0;
}

static int
pairs_set(struct command *command)
{
	struct virtio_net_ctrl_mq mq;
	const int rc = data_read_all(command, &mq, sizeof(mq));

	if (rc != 0)
		return rc;
	if (!virtio_net_pairs_is_valid(mq.virtqueue_pairs) || mq.virtqueue_pairs > command->device->max_pairs)
		return -EINVAL;
	command->device->pairs = mq.virtqueue_pairs;
	command->changes = RTE_VHOST2_NET_CHANGED_PAIRS;
	return 0;
}

static const struct handler {
	uint8_t cmd_class;
	uint8_t first;
	uint8_t last;
	int (*run)(struct command *command);
} handlers[] = {
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, VIRTIO_NET_CTRL_RX_NOBCAST, rx_mode_set},
	{VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, VIRTIO_NET_CTRL_MAC_TABLE_SET, mac_table_set},
	{VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac_set},
	{VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, VIRTIO_NET_CTRL_VLAN_DEL, vlan_set},
	{VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, VIRTIO_NET_CTRL_ANNOUNCE_ACK, announce_ack},
	{VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, pairs_set},
};

/* --- the queue --- */

static int
command_run(struct command *command)
{
	const struct handler *handler;
	unsigned int bit;
	int rc;

	rc = data_read(command, &command->hdr, sizeof(command->hdr));
	if (rc != 0)
		return rc;
	if (virtio_net_ctrl_feature(command->hdr.class, command->hdr.cmd, &bit) != 0)
		return -ENOENT;
	if ((command->device->features & VIRTIO_BIT(bit)) == 0)
		return -EPERM;
	for (handler = handlers; handler < handlers + sizeof(handlers) / sizeof(handlers[0]); handler++)
		if (handler->cmd_class == command->hdr.class && command->hdr.cmd >= handler->first &&
		    command->hdr.cmd <= handler->last)
			return handler->run(command);
	return -ENOENT;
}

/** Write the one byte of the answer. 0; -EFAULT, -EAGAIN; -EINVAL: there is no room for it. */
static int
answer_write(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, const struct rte_vhost2_chain *chain,
	const struct rte_vhost2_seg *segs, virtio_net_ctrl_ack ack)
{
	struct net_cursor cursor =
		net_cursor_begin(vdev, vq, segs + chain->nr_readable, chain->nr_segs - chain->nr_readable);

	return net_cursor_write(&cursor, &ack, sizeof(ack));
}

/** Serve one command. 0; else the queue is to be broken, or (-EAGAIN) the command to be looked at later. */
static int
chain_serve(struct rte_vhost2_net_device *device, struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq,
	const struct rte_vhost2_chain *chain, const struct rte_vhost2_seg *segs, uint32_t *changes)
{
	struct command command = {
		.device = device,
		.data = net_cursor_begin(vdev, vq, segs, chain->nr_readable),
		.left = chain->readable_len,
	};
	int rc;

	if (chain->writable_len == 0)
		return -EINVAL;
	rc = command_run(&command);
	if (rc == -EFAULT || rc == -EAGAIN)
		return rc;
	device->commands++;
	device->refused += rc != 0;
	*changes |= command.changes;
	return answer_write(vdev, vq, chain, segs, rc == 0 ? VIRTIO_NET_OK : VIRTIO_NET_ERR);
}

uint32_t
rte_vhost2_net_ctrl_process(struct rte_vhost2_net_device *device, struct rte_vhost2_dev *vdev,
	struct rte_vhost2_vq *vq)
{
	struct rte_vhost2_seg segs[CTRL_SEGS];
	struct rte_vhost2_chain chain;
	uint32_t changes = 0;
	uint32_t n;
	int rc;

	for (n = 0; n < vq->size; n++) {
		const struct rte_vhost2_vq_pos before = vq->pos;

		if (!rte_vhost2_vq_pop(vdev, vq, &chain, segs, CTRL_SEGS))
			break;
		rc = chain_serve(device, vdev, vq, &chain, segs, &changes);
		if (rc != 0) {
			vhost2_pop_fail(vdev, vq, rc);
			vq->pos = before;
			break;
		}
		chain.written = sizeof(virtio_net_ctrl_ack);
		rte_vhost2_vq_push(vdev, vq, &chain, 1);
	}
	if (n > 0) {
		rte_vhost2_vq_publish(vdev, vq);
		if (rte_vhost2_vq_wants_call(vq))
			rte_vhost2_dev_call(vdev, vq);
	}
	return changes;
}
