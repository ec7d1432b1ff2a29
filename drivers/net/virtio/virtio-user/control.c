/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The device's side of the control virtqueue (VIRTIO 1.3 5.1.6.5): pops a command, does it, pushes the answer. What
 * is offered has a command here; every other command is answered VIRTIO_NET_ERR. Called by the driver's kick.
 *
 * The driver lives in this process and is trusted. Its ring and buffers are not: they lie in memory that peers have
 * mapped, and may have been written by one. So every word is read once, chains are bounded, and an address is used
 * only if it lies in memory that a peer could have written anyway.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdalign.h>
#include <string.h>

#include "log.h"
#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio/status.h"
#include "virtio/vring_packed.h"
#include "virtio/vring_split.h"
#include "virtio-user/control.h"
#include "virtio-user/device.h"
#include "virtio-user/memory.h"
#include "virtio-user/memory_table.h"
#include "virtio-user/reconnect.h"
#include "virtio-user/start.h"

/** Header and the longest data of a command that we know; more is not looked at, but counted. */
#define COMMAND_MAX 32

/** One command, copied out of its chain. */
struct command {
	uint8_t bytes[COMMAND_MAX];
	size_t len;   /**< readable bytes in the chain; those past COMMAND_MAX were not copied */
	uint8_t *ack; /**< where the answer goes; NULL: the chain has no room for one */
};

/** How to walk a chain: the ring's table, or an indirect one. */
struct table {
	const struct vring_desc *descs;
	uint32_t size;
};

/* --- commands --- */

static uint8_t
set_pairs(struct virtio_user_device *device, const uint8_t *data)
{
	struct virtio_net_ctrl_mq mq;
	int rc = 0;

	memcpy(&mq, data, sizeof(mq));
	/* VIRTIO 1.3 5.1.6.5.6.2: "between 1 and max_virtqueue_pairs" */
	if (mq.virtqueue_pairs < 1 || mq.virtqueue_pairs > device_pairs(device))
		return VIRTIO_NET_ERR;
	device->active_pairs = mq.virtqueue_pairs;
	if (device->is_connected && device->state == DEVICE_RUNNING)
		rc = start_enable_pairs(device);
	/* The next peer is told: the driver's choice stands. */
	if (rc < 0)
		reconnect_lose_peer(device, rc);
	return VIRTIO_NET_OK;
}

/** What the peer made of a command: false, it refuses. One that fails is let go, and the next one is told. */
static bool
filter_answer(struct virtio_user_device *device, int rc)
{
	if (rc < 0 && rc != -EREMOTEIO)
		reconnect_lose_peer(device, rc);
	return rc != -EREMOTEIO;
}

static uint8_t
set_mac(struct virtio_user_device *device, const uint8_t *data)
{
	const struct backend *backend = device->backend;

	if ((data[0] & 1) != 0)
		return VIRTIO_NET_ERR;
	if (backend->filter != NULL && device->is_connected &&
	    !filter_answer(device, backend->filter->set_mac(device->backend, data)))
		return VIRTIO_NET_ERR;
	memcpy(device->space.mac, data, ETH_ALEN);
	device->is_mac_chosen = true;
	return VIRTIO_NET_OK;
}

/** VIRTIO 1.3 5.1.6.5.1: "one byte containing 0 (off) or 1 (on)" - and whatever else a driver writes means on. */
static uint8_t
set_promisc(struct virtio_user_device *device, const uint8_t *data)
{
	const struct backend *backend = device->backend;

	if (device->is_connected && !filter_answer(device, backend->filter->set_promisc(device->backend, data[0] != 0)))
		return VIRTIO_NET_ERR;
	device->is_promisc = data[0] != 0;
	return VIRTIO_NET_OK;
}

static uint8_t
set_allmulti(struct virtio_user_device *device, const uint8_t *data)
{
	const struct backend *backend = device->backend;

	if (device->is_connected && !filter_answer(device, backend->filter->set_allmulti(device->backend, data[0] != 0)))
		return VIRTIO_NET_ERR;
	device->is_allmulti = data[0] != 0;
	return VIRTIO_NET_OK;
}

/** Every command that we do. */
static const struct {
	uint8_t class;
	uint8_t cmd;
	uint8_t len; /**< of its data */
	unsigned int feature;
	uint8_t (*run)(struct virtio_user_device *device, const uint8_t *data);
} commands[] = {
	{VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 2, VIRTIO_NET_F_MQ, set_pairs},
	{VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, 6, VIRTIO_NET_F_CTRL_MAC_ADDR, set_mac},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, 1, VIRTIO_NET_F_CTRL_RX, set_promisc},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI, 1, VIRTIO_NET_F_CTRL_RX, set_allmulti},
};

static uint8_t
command_run(struct virtio_user_device *device, const struct command *command)
{
	const size_t head = sizeof(struct virtio_net_ctrl_hdr);
	size_t i;

	if (command->len < head)
		return VIRTIO_NET_ERR;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].class != command->bytes[0] || commands[i].cmd != command->bytes[1])
			continue;
		if (command->len != head + commands[i].len ||
		    (device->negotiated & VIRTIO_BIT(commands[i].feature)) == 0)
			return VIRTIO_NET_ERR;
		return commands[i].run(device, command->bytes + head);
	}
	return VIRTIO_NET_ERR;
}

/* --- chains --- */

static int
command_add(struct command *command, const struct memory_table *memory, const struct vring_desc *desc)
{
	size_t room;

	if (desc->len == 0)
		return 0;
	if (!memory_table_covers(memory, desc->addr, desc->len))
		return -EFAULT;
	if ((desc->flags & VRING_DESC_F_WRITE) != 0) {
		if (command->ack == NULL)
			command->ack = (uint8_t *)(uintptr_t)desc->addr;
		return 0;
	}
	/* VIRTIO 1.3 2.7.4.2: "device-writable ... after any device-readable" */
	if (command->ack != NULL)
		return -EINVAL;
	if (command->len < COMMAND_MAX) {
		room = COMMAND_MAX - command->len;
		memcpy(command->bytes + command->len, (const void *)(uintptr_t)desc->addr,
		       desc->len < room ? desc->len : room);
	}
	command->len += desc->len;
	return 0;
}

/** An indirect table is a chain of its own, in place of the rest. */
static int
table_enter(struct table *table, const struct memory_table *memory, const struct vring_desc *desc)
{
	uint32_t size = desc->len / sizeof(struct vring_desc);

	/* VIRTIO 1.3 2.7.5.3.1: "MUST NOT set both VIRTQ_DESC_F_INDIRECT and VIRTQ_DESC_F_NEXT" */
	if ((desc->flags & VRING_DESC_F_NEXT) != 0 || size == 0 || size > VRING_SIZE_MAX ||
	    desc->len % sizeof(struct vring_desc) != 0 || desc->addr % alignof(struct vring_desc) != 0 ||
	    !memory_table_covers(memory, desc->addr, desc->len))
		return -EINVAL;
	table->descs = (const struct vring_desc *)(uintptr_t)desc->addr;
	table->size = size;
	return 0;
}

static int
command_collect(struct command *command, const struct memory_table *memory, struct table table,
		uint16_t head)
{
	uint32_t left = table.size;
	bool is_indirect = false;
	struct vring_desc desc;
	uint16_t slot = head;
	int rc;

	for (;;) {
		if (slot >= table.size || left-- == 0)
			return -EINVAL;
		desc = split_desc_read(table.descs, slot);
		if ((desc.flags & VRING_DESC_F_INDIRECT) != 0) {
			rc = is_indirect ? -EINVAL : table_enter(&table, memory, &desc);
			if (rc < 0)
				return rc;
			is_indirect = true;
			left = table.size;
			slot = 0;
			continue;
		}
		rc = command_add(command, memory, &desc);
		if (rc < 0 || (desc.flags & VRING_DESC_F_NEXT) == 0)
			return rc;
		slot = desc.next;
	}
}

/** @return bytes written into the chain, or -errno: the ring cannot be trusted any more */
static int
answer_one(struct virtio_user_device *device, const struct vring_area *area,
	   const struct memory_table *memory, uint16_t head)
{
	const struct table table = {split_desc_table(area), area->size};
	struct command command = {.len = 0};
	int rc = command_collect(&command, memory, table, head);

	if (rc < 0)
		return rc;
	if (command.ack == NULL)
		return 0;
	*command.ack = command_run(device, &command);
	return 1;
}

/** Copy one command; *count: the slots that it takes, *id: what goes into the answer. */
static int
command_collect_packed(struct command *command, const struct memory_table *memory, const struct vring_area *area,
		       struct packed_pos pos, uint16_t *count, uint16_t *id)
{
	struct vring_packed_desc desc;
	struct vring_desc link;
	struct table table;
	uint32_t i;
	int rc = 0;

	for (*count = 0; rc == 0 && *count < area->size;) {
		desc = packed_desc_read(&packed_desc_ring(area)[pos.idx]);
		link = (struct vring_desc){.addr = desc.addr, .len = desc.len, .flags = desc.flags};
		pos = packed_pos_advance(pos, 1, (uint16_t)area->size);
		*id = desc.id;
		++*count;
		if ((desc.flags & VRING_DESC_F_INDIRECT) == 0) {
			rc = command_add(command, memory, &link);
		} else {
			/* VIRTIO 1.3 2.8.7: "additional indirect descriptors come immediately afterwards" */
			rc = *count > 1 ? -EINVAL : table_enter(&table, memory, &link);
			for (i = 0; rc == 0 && i < table.size; i++) {
				link = split_desc_read(table.descs, (uint16_t)i);
				link.flags = link.next; /* where a packed entry has its flags */
				rc = command_add(command, memory, &link);
			}
		}
		if ((desc.flags & VRING_DESC_F_NEXT) == 0)
			return rc;
	}
	return rc == 0 ? -EINVAL : rc;
}

/** With the lock. */
static int
answer_all_packed(struct virtio_user_device *device, const struct vring_area *area,
		  const struct memory_table *memory)
{
	struct device_control *control = &device->control;
	uint16_t count, id;
	uint32_t budget;
	int rc;

	/* No more than a ring holds: a peer that writes into it shall not keep us here. */
	for (budget = area->size; budget > 0; budget--) {
		struct vring_packed_desc *first = &packed_desc_ring(area)[control->next.idx];
		struct command command = {.len = 0};

		if (!packed_is_avail(packed_flags_read(first), control->next.wrap))
			return 0;
		rc = command_collect_packed(&command, memory, area, control->next, &count, &id);
		if (rc < 0)
			return rc;
		if (command.ack != NULL)
			*command.ack = command_run(device, &command);
		packed_used_publish(first, command.ack != NULL, id,
			packed_used_bits(control->next.wrap) | (command.ack != NULL ? VRING_DESC_F_WRITE : 0));
		control->next = packed_pos_advance(control->next, count, (uint16_t)area->size);
	}
	return 0;
}

/** With the lock. */
static int
answer_all_split(struct virtio_user_device *device, const struct vring_area *area,
		 const struct memory_table *memory)
{
	struct device_control *control = &device->control;
	uint16_t mask = (uint16_t)(area->size - 1), head;
	uint16_t end = split_avail_idx_read(split_avail_ring(area));
	int rc;

	if ((uint16_t)(end - control->next_avail) > area->size)
		return -EINVAL;
	while (control->next_avail != end) {
		head = split_avail_entry_read(split_avail_ring(area), control->next_avail & mask);
		rc = answer_one(device, area, memory, head);
		if (rc < 0)
			return rc;
		control->next_avail++;
		split_used_elem_write(split_used_ring(area), control->next_used++ & mask, head,
				      (uint32_t)rc);
		/* Before the answer, upon which the driver may send the next command: it shall kick for that too. */
		if ((device->negotiated & VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX)) != 0)
			split_avail_event_write(split_used_ring(area), area->size, control->next_avail);
		/* The driver polls for it: nobody sleeps on this ring, so there is no call. */
		split_used_publish(split_used_ring(area), control->next_used);
	}
	return 0;
}

void
control_handle(struct virtio_user_device *device)
{
	const struct device_queue *vq;
	struct memory_table memory;
	int rc;

	device_enter(device);
	if ((device->status & VIRTIO_STATUS_DRIVER_OK) == 0 || device->control_queue < 0 ||
	    device->control.is_broken)
		goto unlock;
	vq = &device->queues[device->control_queue];
	rc = memory_view(device->source, &memory);
	if (rc == 0) {
		if (vq->area.format == VRING_PACKED)
			rc = answer_all_packed(device, &vq->area, &memory);
		else
			rc = answer_all_split(device, &vq->area, &memory);
		memory_table_forget(&memory);
	}
	if (rc < 0) {
		PORT_LOG(ERR, device->name, "control queue is broken until the next reset: %s",
			 strerror(-rc));
		device->control.is_broken = true;
	}
unlock:
	device_unlock(device);
}
