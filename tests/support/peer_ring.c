/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The peer's data path, in the device role of split rings: each packet of a transmit ring is copied
 * into as many receive buffers as it takes.
 *
 * Nothing is lost for want of buffers: a packet for which there are none stays where it is. What the
 * driver wrote is checked as a device must check it, and a driver's error is a violation.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "virtio/net.h"
#include "virtio/vring_split.h"

#include "peer_private.h"

/* Packets a round. */
#define BUDGET 64

/** Used elements that wait to be published together. */
struct batch {
	struct peer_used used[BUDGET];
	uint32_t nr;
};

static void
ring_start(struct peer *peer, struct peer_ring *ring)
{
	/* The used index of a fresh ring is zero; that of a ring which goes on is where it stopped. */
	ring->used = split_used_idx_read(split_used_ring(&ring->area));
	ring->started = true;
	ring->armed = false;
	if (!(peer->negotiated.features_acked & VIRTIO_BIT(VHOST_USER_F_PROTOCOL_FEATURES)))
		ring->enabled = true;
	split_used_flags_set(split_used_ring(&ring->area),
		peer->config.wants_kicks ? 0 : VRING_USED_F_NO_NOTIFY);
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

static uint16_t
available(const struct peer_ring *ring)
{
	return (uint16_t)(split_avail_idx_read(split_avail_ring(&ring->area)) - ring->next);
}

static int
bad_chain(struct peer *peer, const struct peer_ring *ring, const char *what)
{
	peer_violation(peer, "ring %u: %s", ring->addr.index, what);
	return -EPROTO;
}

/* Follow descriptors of a table, of the ring or indirect. */
static int
walk(struct peer *peer, const struct peer_ring *ring, struct peer_chain *chain,
	const struct vring_desc *table, uint32_t size, uint16_t at, bool writable)
{
	struct vring_desc desc;

	for (uint32_t steps = 0; steps < size; steps++) {
		if (at >= size)
			return bad_chain(peer, ring, "next beyond the table");
		desc = split_desc_read(table, at);
		if (desc.flags & VRING_DESC_F_INDIRECT)
			return bad_chain(peer, ring, "indirect descriptor in a chain");
		if (!!(desc.flags & VRING_DESC_F_WRITE) != writable)
			return bad_chain(peer, ring, "descriptor of the wrong direction");
		if (desc.len == 0 || peer_chain_add(peer, chain, desc.addr, desc.len) < 0)
			return bad_chain(peer, ring, "buffer empty, or outside of all regions");
		chain->descs++;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
		at = desc.next;
	}
	return bad_chain(peer, ring, "chain without an end");
}

static int
walk_indirect(struct peer *peer, const struct peer_ring *ring, struct peer_chain *chain,
	const struct vring_desc *desc, bool writable)
{
	const struct vring_desc *table;

	if (!(peer->negotiated.features_acked & VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC)))
		return bad_chain(peer, ring, "indirect descriptor without the feature");
	if (desc->len == 0 || desc->len % sizeof(*desc) != 0)
		return bad_chain(peer, ring, "indirect table of a wrong length");
	if (peer_chain_add(peer, chain, desc->addr, desc->len) < 0 || chain->nr != 1)
		return bad_chain(peer, ring, "indirect table outside of all regions");
	table = chain->pieces[0].iov_base;
	chain->nr = 0;
	chain->bytes = 0;
	chain->indirect = true;
	return walk(peer, ring, chain, table, desc->len / sizeof(*desc), 0, writable);
}

/* Translate the chain at position `at` of the available ring. */
static int
read_chain(struct peer *peer, const struct peer_ring *ring, uint16_t at,
	struct peer_chain *chain, bool writable)
{
	const struct vring_desc *table = ring->area.desc;
	struct vring_desc desc;

	chain->nr = 0;
	chain->bytes = 0;
	chain->descs = 0;
	chain->indirect = false;
	chain->head = split_avail_entry_read(split_avail_ring(&ring->area),
			at & (uint16_t)(ring->area.size - 1));
	if (chain->head >= ring->area.size)
		return bad_chain(peer, ring, "head beyond the table");
	desc = split_desc_read(table, chain->head);
	if (desc.flags & VRING_DESC_F_INDIRECT)
		return walk_indirect(peer, ring, chain, &desc, writable);
	return walk(peer, ring, chain, table, ring->area.size, chain->head, writable);
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

static void
write_element(struct peer_ring *ring, const struct peer_used *used)
{
	for (uint32_t i = 0; i < used->copies; i++) {
		split_used_elem_write(split_used_ring(&ring->area),
			ring->used & (uint16_t)(ring->area.size - 1), used->id, used->len);
		ring->used++;
	}
}

static void
publish(struct peer *peer, struct peer_ring *ring)
{
	split_used_publish(split_used_ring(&ring->area),
		peer_fault_used_idx(peer, ring, ring->used));
	virtio_mb();
	if (ring->call_fd >= 0 && !(split_avail_flags_read(split_avail_ring(&ring->area)) &
			VRING_AVAIL_F_NO_INTERRUPT)) {
		const uint64_t one = 1;

		if (write(ring->call_fd, &one, sizeof(one)) == sizeof(one))
			peer->info.calls++;
	}
}

static void
push(struct peer *peer, struct peer_ring *ring, uint16_t id, uint32_t len, size_t posted)
{
	struct peer_used used = {.id = id, .len = len, .copies = 1};

	peer_fault_used(peer, ring, (uint32_t)posted, &used);
	write_element(ring, &used);
	ring->elements++;
}

/*
 * Where the n-th receive buffer from now is taken from. Shuffled, neighbours change places once both
 * are there: any order is legal without IN_ORDER.
 */
static bool
find_position(const struct peer *peer, const struct peer_ring *ring, uint16_t n, uint16_t *at)
{
	const uint16_t have = available(ring);

	*at = (uint16_t)(ring->next + n);
	if (n >= have)
		return false;
	if (!peer->config.shuffle)
		return true;
	*at ^= 1;
	return (uint16_t)(*at - ring->next) < have || (*at & 1) == 0;
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
	size_t posted[PEER_MAX_PIECES];
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
	uint16_t at;
	size_t copied;

	if (!find_position(peer, rx, delivery->nr, &at))
		return -EAGAIN;
	if (read_chain(peer, rx, at, buffer, true) < 0)
		return -EPROTO;
	if (delivery->nr == 0) {
		if (buffer->pieces[0].iov_len < hdr)
			return bad_chain(peer, rx, "header split over descriptors");
		delivery->header = buffer->pieces[0].iov_base;
	}
	copied = copy_pieces(buffer, hdr, packet, header_len(peer) + delivery->done);
	delivery->done += copied;
	delivery->posted[delivery->nr] = buffer->bytes;
	delivery->used[delivery->nr].id = buffer->head;
	delivery->used[delivery->nr++].len = (uint32_t)(hdr + copied);
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
deliver(struct peer *peer, struct peer_ring *rx, const struct peer_chain *packet)
{
	static __thread struct delivery delivery;
	const size_t bytes = packet->bytes - header_len(peer);
	const bool mergeable =
		peer->negotiated.features_acked & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF);
	int rc;

	delivery.nr = 0;
	delivery.done = 0;
	do {
		if (delivery.nr == rx->area.size || delivery.nr == PEER_MAX_PIECES ||
				(delivery.nr == 1 && !mergeable))
			return -EMSGSIZE;
		rc = fill_buffer(peer, rx, packet, &delivery);
		if (rc < 0)
			return rc;
	} while (delivery.done < bytes);
	write_header(peer, rx, &delivery);
	for (uint16_t i = 0; i < delivery.nr; i++)
		push(peer, rx, (uint16_t)delivery.used[i].id, delivery.used[i].len,
			delivery.posted[i]);
	rx->next += delivery.nr;
	peer->info.merged += delivery.nr > 1;
	return 0;
}

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

/*
 * VIRTIO 1.3 2.7.9: "only writing out a single used ring entry with the id corresponding to the head
 * entry of the descriptor chain describing the last buffer in the batch"
 */
static void
push_in_order(struct peer *peer, struct peer_ring *tx, const struct batch *batch)
{
	const uint32_t last = batch->used[batch->nr - 1].id;

	push(peer, tx, (uint16_t)last, 0, 0);
	tx->used += (uint16_t)(batch->nr - 1);
	tx->elements += batch->nr - 1;
}

static void
push_batch(struct peer *peer, struct peer_ring *tx, const struct batch *batch)
{
	const bool in_order = peer->negotiated.features_acked & VIRTIO_BIT(VIRTIO_F_IN_ORDER);

	if (batch->nr == 0)
		return;
	if (in_order && peer->config.fault.kind == PEER_HONEST) {
		push_in_order(peer, tx, batch);
	} else {
		for (uint32_t i = 0; i < batch->nr; i++) {
			const uint32_t at = peer->config.shuffle ? batch->nr - 1 - i : i;

			push(peer, tx, (uint16_t)batch->used[at].id, 0, 0);
		}
	}
	publish(peer, tx);
}

/* @return 0: the packet was dealt with; -EAGAIN: it has to wait */
static int
reflect_one(struct peer *peer, struct peer_ring *tx, struct peer_ring *rx)
{
	struct peer_chain *packet = &peer->tx_chain;
	int rc = read_chain(peer, tx, tx->next, packet, false);

	if (rc < 0) {
		tx->started = false;
		return -EAGAIN;
	}
	if (packet->bytes <= header_len(peer))
		rc = bad_chain(peer, tx, "packet without data");
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
	uint16_t have = available(tx);
	struct batch batch = {.nr = 0};

	if (have > tx->area.size) {
		bad_chain(peer, tx, "available index jumped");
		tx->started = false;
		return false;
	}
	while (batch.nr < BUDGET && batch.nr < have && !peer->starving) {
		if (reflect_one(peer, tx, rx) < 0)
			break;
		batch.used[batch.nr++].id = peer->tx_chain.head;
		tx->next++;
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
