/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The peer's data path, whatever the format of the rings (peer_split.c, peer_packed.c): each packet
 * of a transmit ring is copied into as many receive buffers as it takes.
 *
 * Nothing is lost for want of buffers: a packet for which there are none stays where it is. What the
 * driver wrote is checked as a device must check it, and a driver's error is a violation.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "virtio/feature.h"
#include "virtio/net.h"

#include "peer_private.h"

/* Packets a round. */
#define BUDGET 64

/** Packets that were sent on and wait to be returned together. */
struct batch {
	struct peer_used used[BUDGET];
	uint32_t nr;
};

bool
peer_has(const struct peer *peer, unsigned int bit)
{
	return peer->negotiated.features_acked & VIRTIO_BIT(bit);
}

int
peer_bad_ring(struct peer *peer, const struct peer_ring *ring, const char *what)
{
	peer_violation(peer, "ring %u: %s", ring->addr.index, what);
	return -EPROTO;
}

/* --- starting --- */

static void
ring_start(struct peer *peer, struct peer_ring *ring)
{
	ring->format = peer_has(peer, VIRTIO_F_RING_PACKED) ? &peer_packed : &peer_split;
	ring->taken.has_spare = false;
	ring->uncalled = 0;
	ring->format->start(peer, ring);
	ring->started = true;
	ring->armed = false;
	if (!peer_has(peer, VHOST_USER_F_PROTOCOL_FEATURES))
		ring->enabled = true;
	ring->format->ask_kick(peer, ring, peer->config.wants_kicks);
}

/*
 * vhost-user SET_VRING_KICK: "start ring upon receiving a kick (that is, detecting that file
 * descriptor is readable)". Without a descriptor it starts at once, to be polled.
 */
void
peer_rings_start(struct peer *peer)
{
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i++) {
		struct peer_ring *ring = &peer->rings[i];
		uint64_t kicks;

		if (!ring->armed || !ring->mapped)
			continue;
		if (ring->kick_fd < 0) {
			ring_start(peer, ring);
		} else if (read(ring->kick_fd, &kicks, sizeof(kicks)) == sizeof(kicks)) {
			peer->info.kicks += kicks;
			ring_start(peer, ring);
		}
	}
}

/* --- chains --- */

void
peer_chain_begin(struct peer_chain *chain)
{
	chain->slots = 0;
	chain->nr = 0;
	chain->bytes = 0;
	chain->descs = 0;
	chain->indirect = false;
}

int
peer_chain_add_desc(struct peer *peer, const struct peer_ring *ring, struct peer_chain *chain,
	const struct vring_desc *desc, bool writable)
{
	if (desc->flags & VRING_DESC_F_INDIRECT)
		return peer_bad_ring(peer, ring, "indirect descriptor in a chain");
	if (!!(desc->flags & VRING_DESC_F_WRITE) != writable)
		return peer_bad_ring(peer, ring, "descriptor of the wrong direction");
	if (desc->len == 0 || peer_chain_add(peer, chain, desc->addr, desc->len) < 0)
		return peer_bad_ring(peer, ring, "buffer empty, or outside of all regions");
	chain->descs++;
	return 0;
}

int
peer_find_table(struct peer *peer, const struct peer_ring *ring, uint64_t addr, uint32_t len,
	const void **table)
{
	static __thread struct peer_chain place;

	if (!peer_has(peer, VIRTIO_RING_F_INDIRECT_DESC))
		return peer_bad_ring(peer, ring, "indirect descriptor without the feature");
	if (len == 0 || len % sizeof(struct vring_desc) != 0)
		return peer_bad_ring(peer, ring, "indirect table of a wrong length");
	peer_chain_begin(&place);
	if (peer_chain_add(peer, &place, addr, len) < 0 || place.nr != 1)
		return peer_bad_ring(peer, ring, "indirect table outside of all regions");
	*table = place.pieces[0].iov_base;
	return (int)(len / sizeof(struct vring_desc));
}

/* Copy between lists of pieces; `from` is skipped in the source. @return bytes copied */
static size_t
copy_pieces(const struct peer_chain *dst, size_t dst_at, const struct peer_chain *src, size_t from)
{
	uint32_t d = 0;
	size_t copied = 0;

	for (uint32_t s = 0; s < src->nr; s++) {
		const uint8_t *bytes = src->pieces[s].iov_base;
		size_t len = src->pieces[s].iov_len;

		if (from >= len) {
			from -= len;
			continue;
		}
		for (bytes += from, len -= from, from = 0; len > 0;) {
			while (d < dst->nr && dst_at >= dst->pieces[d].iov_len)
				dst_at -= dst->pieces[d++].iov_len;
			if (d == dst->nr)
				return copied;
			const size_t room = dst->pieces[d].iov_len - dst_at;
			const size_t step = len < room ? len : room;

			memcpy((uint8_t *)dst->pieces[d].iov_base + dst_at, bytes, step);
			dst_at += step;
			bytes += step;
			len -= step;
			copied += step;
		}
	}
	return copied;
}

/* --- returning --- */

static void
publish(struct peer *peer, struct peer_ring *ring)
{
	const uint64_t one = 1;

	if (ring->format->publish(peer, ring) && ring->call_fd >= 0 &&
			write(ring->call_fd, &one, sizeof(one)) == sizeof(one))
		peer->info.calls++;
	/* Of the two formats' wishes one is an index, and indices come round. */
	if (!peer->config.wants_kicks)
		ring->format->ask_kick(peer, ring, false);
}

static void
push(struct peer *peer, struct peer_ring *ring, const struct peer_used *wanted)
{
	struct peer_used used = *wanted;

	used.copies = 1;
	peer_fault_used(peer, ring, &used);
	ring->format->push(peer, ring, &used);
	ring->elements += used.buffers;
}

/*
 * VIRTIO 1.3 2.7.9: "only writing out a single used ring entry with the id corresponding to the head
 * entry of the descriptor chain describing the last buffer in the batch"
 */
static void
push_as_one(struct peer *peer, struct peer_ring *ring, const struct peer_used *used, uint32_t nr)
{
	struct peer_used last = used[nr - 1];

	for (uint32_t i = 0; i + 1 < nr; i++) {
		last.buffers += used[i].buffers;
		last.slots += used[i].slots;
	}
	push(peer, ring, &last);
}

/* Faults say of single elements how they are to be spoilt. */
static bool
may_batch(const struct peer *peer)
{
	return peer_has(peer, VIRTIO_F_IN_ORDER) && !peer->config.one_by_one &&
		peer->config.fault.kind == PEER_HONEST;
}

/* --- receive buffers --- */

/* Shuffled, neighbours change places once both are there: any order is legal without IN_ORDER. */
static int
take_buffer(struct peer *peer, struct peer_ring *rx, struct peer_chain *buffer)
{
	struct peer_taken *taken = &rx->taken;
	const uint16_t next = taken->next;
	const struct packed_pos pos = taken->pos;
	int rc;

	if (!peer->config.shuffle)
		return rx->format->take(peer, rx, buffer, true);
	if (taken->has_spare) {
		*buffer = taken->spare;
		taken->has_spare = false;
		return 0;
	}
	rc = rx->format->take(peer, rx, &taken->spare, true);
	if (rc == 0)
		rc = rx->format->take(peer, rx, buffer, true);
	taken->has_spare = rc == 0;
	if (rc < 0) {
		taken->next = next;
		taken->pos = pos;
	}
	return rc;
}

static size_t
header_len(const struct peer *peer)
{
	return virtio_net_hdr_len(peer->negotiated.features_acked);
}

/** A packet on its way into a receive ring. */
struct delivery {
	struct peer_used used[PEER_MAX_PIECES];
	uint16_t nr;
	size_t done;      /**< bytes of the packet copied */
	struct virtio_net_hdr_v1 *header;
};

/* Copy what fits into the next buffer. @return 0; -EAGAIN: no buffer there; -EPROTO */
static int
fill_buffer(struct peer *peer, struct peer_ring *rx, const struct peer_chain *packet,
	struct delivery *delivery)
{
	const size_t hdr = delivery->nr == 0 ? header_len(peer) : 0;
	struct peer_chain *buffer = &peer->rx_chain;
	size_t copied;
	int rc;

	rc = take_buffer(peer, rx, buffer);
	if (rc < 0)
		return rc;
	if (delivery->nr == 0) {
		if (buffer->pieces[0].iov_len < hdr)
			return peer_bad_ring(peer, rx, "header split over descriptors");
		delivery->header = buffer->pieces[0].iov_base;
	}
	copied = copy_pieces(buffer, hdr, packet, header_len(peer) + delivery->done);
	delivery->done += copied;
	delivery->used[delivery->nr++] = (struct peer_used){.id = buffer->id,
		.len = (uint32_t)(hdr + copied), .flags = VRING_DESC_F_WRITE, .buffers = 1,
		.slots = buffer->slots, .posted = buffer->bytes};
	return 0;
}

static void
write_header(struct peer *peer, const struct peer_ring *rx, struct delivery *delivery)
{
	struct virtio_net_hdr_v1 header = {0};

	header.num_buffers = peer_fault_num_buffers(peer, rx, delivery->nr);
	memcpy(delivery->header, &header, header_len(peer));
}

/* @return 0; -EAGAIN: not enough buffers yet; -EMSGSIZE: never enough; -EPROTO */
static int
fill_buffers(struct peer *peer, struct peer_ring *rx, const struct peer_chain *packet,
	struct delivery *delivery)
{
	const size_t bytes = packet->bytes - header_len(peer);
	int rc;

	delivery->nr = 0;
	delivery->done = 0;
	do {
		if (delivery->nr == rx->area.size || delivery->nr == PEER_MAX_PIECES ||
				(delivery->nr == 1 && !peer_has(peer, VIRTIO_NET_F_MRG_RXBUF)))
			return -EMSGSIZE;
		rc = fill_buffer(peer, rx, packet, delivery);
		if (rc < 0)
			return rc;
	} while (delivery->done < bytes);
	return 0;
}

/* @return as fill_buffers(); where that is not 0, no buffer was taken */
static int
deliver(struct peer *peer, struct peer_ring *rx, const struct peer_chain *packet)
{
	static __thread struct delivery delivery;
	const struct peer_taken before = rx->taken;
	int rc = fill_buffers(peer, rx, packet, &delivery);

	if (rc < 0) {
		rx->taken = before;
		return rc;
	}
	write_header(peer, rx, &delivery);
	if (may_batch(peer))
		push_as_one(peer, rx, delivery.used, delivery.nr);
	else
		for (uint16_t i = 0; i < delivery.nr; i++)
			push(peer, rx, &delivery.used[i]);
	peer->info.merged += delivery.nr > 1;
	return 0;
}

/* --- packets --- */

static void
count_packet(struct peer *peer, const struct peer_chain *packet, int rc)
{
	if (rc == 0)
		peer->info.reflected++;
	else
		peer->info.discarded++;
	peer->info.indirect += packet->indirect;
	peer->info.segments += packet->descs;
}

static void
push_batch(struct peer *peer, struct peer_ring *tx, const struct batch *batch)
{
	if (batch->nr == 0)
		return;
	if (may_batch(peer))
		push_as_one(peer, tx, batch->used, batch->nr);
	else
		for (uint32_t i = 0; i < batch->nr; i++)
			push(peer, tx, &batch->used[peer->config.shuffle ? batch->nr - 1 - i : i]);
	publish(peer, tx);
}

/* @return 0: the packet was dealt with; -EAGAIN: there is none, or it has to wait; -EPROTO */
static int
reflect_one(struct peer *peer, struct peer_ring *tx, struct peer_ring *rx)
{
	struct peer_chain *packet = &peer->tx_chain;
	int rc = tx->format->take(peer, tx, packet, false);

	if (rc < 0)
		return rc;
	if (packet->bytes <= header_len(peer))
		rc = peer_bad_ring(peer, tx, "packet without data");
	else if (!tx->enabled)
		rc = -ENETDOWN; /* as the protocol wants it */
	else
		rc = rx->started && rx->enabled ? deliver(peer, rx, packet) : -EAGAIN;
	if (rc == -EAGAIN)
		return rc;
	count_packet(peer, packet, rc);
	return 0;
}

static bool
reflect(struct peer *peer, struct peer_ring *tx, struct peer_ring *rx)
{
	const uint64_t delivered = rx->elements;
	static __thread struct batch batch;

	batch.nr = 0;
	while (batch.nr < BUDGET && !peer->starving) {
		const uint16_t next = tx->taken.next;
		const struct packed_pos pos = tx->taken.pos;
		const int rc = reflect_one(peer, tx, rx);

		if (rc < 0) {
			tx->taken.next = next;
			tx->taken.pos = pos;
			tx->started = rc == -EAGAIN;
			break;
		}
		batch.used[batch.nr++] = (struct peer_used){.id = peer->tx_chain.id, .buffers = 1,
			.slots = peer->tx_chain.slots};
	}
	if (rx->elements != delivered)
		publish(peer, rx);
	push_batch(peer, tx, &batch);
	return batch.nr > 0;
}

bool
peer_rings_poll(struct peer *peer)
{
	bool busy = false;

	if (peer->config.fault.kind == PEER_SCRIBBLE) {
		peer_fault_scribble(peer);
		return false;
	}
	for (unsigned int i = 0; i < PEER_MAX_RINGS; i += 2) {
		struct peer_ring *rx = &peer->rings[i];
		struct peer_ring *tx = &peer->rings[i + 1];

		if (tx->started && tx->mapped)
			busy |= reflect(peer, tx, rx);
	}
	return busy;
}

bool
peer_rings_ask_kicks(struct peer *peer)
{
	bool busy = false;

	for (unsigned int i = 1; i < PEER_MAX_RINGS && !peer->held; i += 2) {
		struct peer_ring *tx = &peer->rings[i];

		if (tx->started && tx->mapped)
			busy |= tx->format->ask_kick(peer, tx, true);
	}
	return busy;
}
