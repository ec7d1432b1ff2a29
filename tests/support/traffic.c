/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Numbered packets and the ledger that proves what became of them; see traffic.h.
 *
 * Theory of operation: a frame is a fixed header of 48 bytes and a payload. Payload word i is
 * seed + i * PAYLOAD_STEP with the seed drawn from the sequence number, so that a frame whose
 * payload belongs to another one shows even where a checksum was rewritten on the way. The CRC
 * covers the whole frame, MAC addresses included, with its own field taken as zero: the peer must
 * reflect frames unchanged. All integers are in the CPU's order: both ends are one program.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

#include <rte_byteorder.h>

#include "traffic.h"

/* Odd, so that neighbouring sequence numbers and neighbouring words differ in many bits. */
#define PAYLOAD_SEED 0x9e3779b97f4a7c15ull
#define PAYLOAD_STEP 0xbf58476d1ce4e5b9ull

/* CRC-32C polynomial (Castagnoli), reflected. */
#define CRC32C_POLY 0x82f63b78u

/** First bytes of each frame; the order leaves no padding. */
struct frame_header {
	uint8_t dst[6];
	uint8_t src[6];
	uint16_t ethertype;
	uint8_t direction;
	uint8_t reserved;
	uint32_t crc;
	uint32_t magic;
	uint32_t run_id;
	uint32_t length;
	uint64_t sequence;
	uint32_t epoch;
	uint16_t queue;
	uint16_t flow;
};

_Static_assert(sizeof(struct frame_header) == 48, "header has no padding");
_Static_assert(sizeof(struct frame_header) < TRAFFIC_MIN_LEN, "each frame has a payload");

static const uint8_t frame_dst[6] = {0x02, 0x00, 0x00, 0x00, 0x00, 0x02};
static const uint8_t frame_src[6] = {0x02, 0x00, 0x00, 0x00, 0x00, 0x01};

static uint32_t crc_table[256];

__attribute__((constructor)) static void
crc_table_fill(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) ? CRC32C_POLY : 0);
		crc_table[i] = crc;
	}
}

uint32_t
traffic_crc32c_table(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	crc = ~crc;
	for (; len > 0; len--)
		crc = (crc >> 8) ^ crc_table[(crc ^ *p++) & 0xff];
	return ~crc;
}

uint32_t
traffic_crc32c(uint32_t crc, const void *data, size_t len)
{
#ifdef __SSE4_2__
	const uint8_t *p = data;
	uint64_t state = (uint32_t)~crc;
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		state = _mm_crc32_u64(state, word);
	}
	for (; len > 0; len--)
		state = _mm_crc32_u8((uint32_t)state, *p++);
	return ~(uint32_t)state;
#else
	return traffic_crc32c_table(crc, data, len);
#endif
}

struct named_sizes {
	const char *name;
	struct traffic_sizes list;
};

/* imix: the customary 7:4:1, interleaved. mix and jumbo: each side of the usual limits. */
static const struct named_sizes named_sizes[] = {
	{"mix", {10, {64, 1518, 65, 256, 1500, 127, 512, 1024, 64, 128}}},
	{"imix", {12, {64, 594, 64, 64, 594, 64, 1518, 64, 594, 64, 594, 64}}},
	{"jumbo", {6, {9018, 64, 4096, 1518, 2048, 9000}}},
};

int
traffic_sizes_parse(struct traffic_sizes *sizes, const char *text)
{
	struct traffic_sizes list = {0};

	for (size_t i = 0; i < RTE_DIM(named_sizes); i++) {
		if (strcmp(text, named_sizes[i].name) == 0) {
			*sizes = named_sizes[i].list;
			return 0;
		}
	}
	while (list.count < TRAFFIC_MAX_SIZES && *text >= '0' && *text <= '9') {
		char *end;
		unsigned long size = strtoul(text, &end, 10);

		if (size < TRAFFIC_MIN_LEN || size > TRAFFIC_MAX_LEN)
			return -EINVAL;
		list.sizes[list.count++] = size;
		if (*end == '\0') {
			*sizes = list;
			return 0;
		}
		if (*end != ',')
			return -EINVAL;
		text = end + 1;
	}
	return -EINVAL;
}

uint32_t
traffic_sizes_max(const struct traffic_sizes *sizes)
{
	uint32_t max = 0;

	for (uint32_t i = 0; i < sizes->count; i++)
		max = RTE_MAX(max, sizes->sizes[i]);
	return max;
}

uint32_t
traffic_segs(uint32_t len, uint32_t room, uint16_t min_segs)
{
	uint32_t segs = (len + room - 1) / room;

	return RTE_MAX(segs, (uint32_t)RTE_MAX(min_segs, 1));
}

uint32_t
traffic_next_len(const struct traffic_source *source)
{
	return source->sizes.sizes[source->next % source->sizes.count];
}

static uint64_t
payload_seed(const struct traffic_id *id, uint64_t sequence)
{
	return (sequence + 1) * PAYLOAD_SEED ^ id->run_id;
}

static uint64_t
payload_word(uint64_t seed, uint32_t offset)
{
	return seed + offset / sizeof(uint64_t) * PAYLOAD_STEP;
}

/** One byte, for the ends of a segment that is not a whole number of words. */
static uint8_t
payload_byte(uint64_t seed, uint32_t offset)
{
	return payload_word(seed, offset) >> (offset % sizeof(uint64_t) * 8);
}

static void
payload_fill(uint8_t *p, uint64_t seed, uint32_t offset, uint32_t len)
{
	for (; len > 0 && offset % sizeof(uint64_t) != 0; len--)
		*p++ = payload_byte(seed, offset++);
	for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t)) {
		uint64_t word = payload_word(seed, offset);

		memcpy(p, &word, sizeof(word));
		p += sizeof(word);
		offset += sizeof(word);
	}
	for (; len > 0; len--)
		*p++ = payload_byte(seed, offset++);
}

static bool
payload_is_right(const uint8_t *p, uint64_t seed, uint32_t offset, uint32_t len)
{
	uint64_t wrong = 0;

	for (; len > 0 && offset % sizeof(uint64_t) != 0; len--)
		wrong |= *p++ ^ payload_byte(seed, offset++);
	for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, p, sizeof(word));
		wrong |= word ^ payload_word(seed, offset);
		p += sizeof(word);
		offset += sizeof(word);
	}
	for (; len > 0; len--)
		wrong |= *p++ ^ payload_byte(seed, offset++);
	return wrong == 0;
}

/** The payload bytes of one segment. */
struct part {
	uint8_t *data;
	uint32_t offset; /**< in the payload */
	uint32_t len;
};

static struct part
segment_part(const struct rte_mbuf *seg, uint32_t seg_offset)
{
	uint32_t header = sizeof(struct frame_header);
	uint32_t skip = seg_offset < header ? RTE_MIN(header - seg_offset, seg->data_len) : 0;

	return (struct part){
		.data = rte_pktmbuf_mtod_offset(seg, uint8_t *, skip),
		.offset = seg_offset + skip - header,
		.len = seg->data_len - skip,
	};
}

static uint32_t
header_crc(const struct frame_header *header)
{
	struct frame_header copy = *header;

	copy.crc = 0;
	return traffic_crc32c(0, &copy, sizeof(copy));
}

void
traffic_write(struct traffic_source *source, struct rte_mbuf *frame)
{
	const struct traffic_id *id = &source->id;
	uint64_t seed = payload_seed(id, source->next);
	struct frame_header header = {
		.ethertype = RTE_BE16(TRAFFIC_ETHERTYPE),
		.direction = id->direction,
		.magic = TRAFFIC_MAGIC,
		.run_id = id->run_id,
		.length = frame->pkt_len,
		.sequence = source->next,
		.epoch = id->epoch,
		.queue = id->queue,
		.flow = id->flow,
	};
	uint32_t offset = 0;

	memcpy(header.dst, frame_dst, sizeof(header.dst));
	memcpy(header.src, frame_src, sizeof(header.src));
	header.crc = header_crc(&header);
	for (struct rte_mbuf *seg = frame; seg != NULL; offset += seg->data_len, seg = seg->next) {
		struct part part = segment_part(seg, offset);

		payload_fill(part.data, seed, part.offset, part.len);
		header.crc = traffic_crc32c(header.crc, part.data, part.len);
	}
	memcpy(rte_pktmbuf_mtod(frame, void *), &header, sizeof(header));
	source->next++;
}

/**
 * Lengths of a chain: each mbuf as equal a share as possible, the header whole in the first.
 * Shares are equal so that a receiver sees many different ends, not only full mbufs.
 */
static void
chain_shape(struct rte_mbuf *frame, uint32_t len, uint32_t segs)
{
	uint32_t header = sizeof(struct frame_header);
	uint32_t share = (len + segs - 1) / segs;
	uint32_t left = len;

	frame->nb_segs = segs;
	frame->pkt_len = len;
	for (struct rte_mbuf *seg = frame; seg != NULL; seg = seg->next) {
		seg->data_len = RTE_MIN(seg == frame ? RTE_MAX(share, header) : share, left);
		left -= seg->data_len;
	}
}

/** Link the mbufs; they come from the pool with next cleared. */
static struct rte_mbuf *
chain_alloc(struct rte_mempool *pool, uint32_t segs)
{
	struct rte_mbuf *mbufs[TRAFFIC_MAX_LEN / TRAFFIC_MIN_LEN];

	if (segs > RTE_DIM(mbufs) || rte_pktmbuf_alloc_bulk(pool, mbufs, segs) != 0)
		return NULL;
	for (uint32_t i = 0; i + 1 < segs; i++)
		mbufs[i]->next = mbufs[i + 1];
	return mbufs[0];
}

uint16_t
traffic_alloc(struct traffic_source *source, struct rte_mempool *pool, struct rte_mbuf **frames,
	uint16_t count)
{
	uint32_t room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
	uint16_t made;

	for (made = 0; made < count; made++) {
		uint32_t len = traffic_next_len(source);
		uint32_t segs = traffic_segs(len, room, source->min_segs);

		frames[made] = chain_alloc(pool, segs);
		if (frames[made] == NULL)
			break;
		chain_shape(frames[made], len, segs);
		traffic_write(source, frames[made]);
	}
	return made;
}

int
traffic_ledger_init(struct traffic_ledger *ledger, const struct traffic_id *id)
{
	*ledger = (struct traffic_ledger){
		.id = *id,
		.seen = calloc(TRAFFIC_WINDOW / 64, sizeof(uint64_t)),
	};
	return ledger->seen == NULL ? -ENOMEM : 0;
}

void
traffic_ledger_fini(struct traffic_ledger *ledger)
{
	free(ledger->seen);
	ledger->seen = NULL;
}

static uint64_t *
seen_word(struct traffic_ledger *ledger, uint64_t sequence)
{
	return &ledger->seen[sequence % TRAFFIC_WINDOW / 64];
}

/** Everything from ledger->next up to sequence is missing, until it turns up late. */
static void
mark_gap(struct traffic_ledger *ledger, uint64_t sequence)
{
	if (sequence - ledger->next >= TRAFFIC_WINDOW) {
		memset(ledger->seen, 0, TRAFFIC_WINDOW / 8);
		return;
	}
	for (uint64_t s = ledger->next; s < sequence; s++)
		*seen_word(ledger, s) &= ~(1ull << s % 64);
}

static void
count_sequence(struct traffic_ledger *ledger, uint64_t sequence)
{
	uint64_t *word = seen_word(ledger, sequence);
	uint64_t bit = 1ull << sequence % 64;

	if (sequence >= ledger->next) {
		mark_gap(ledger, sequence);
		ledger->next = sequence + 1;
		ledger->unique++;
	} else if (ledger->next - sequence > TRAFFIC_WINDOW) {
		ledger->stale++;
		return;
	} else if (*word & bit) {
		ledger->duplicated++;
	} else {
		ledger->unique++;
		ledger->reordered++;
	}
	*word |= bit;
}

static bool
header_is_of_flow(const struct frame_header *header, const struct traffic_id *id)
{
	return header->run_id == id->run_id && header->epoch == id->epoch &&
		header->queue == id->queue && header->flow == id->flow &&
		header->direction == id->direction;
}

static bool
frame_is_intact(const struct frame_header *header, const struct rte_mbuf *frame)
{
	struct traffic_id id = {.run_id = header->run_id};
	uint64_t seed = payload_seed(&id, header->sequence);
	uint32_t crc = header_crc(header);
	uint32_t offset = 0;
	bool right = header->length == frame->pkt_len;

	for (; frame != NULL; offset += frame->data_len, frame = frame->next) {
		struct part part = segment_part(frame, offset);

		right &= payload_is_right(part.data, seed, part.offset, part.len);
		crc = traffic_crc32c(crc, part.data, part.len);
	}
	return right && crc == header->crc;
}

void
traffic_receive(struct traffic_ledger *ledger, const struct rte_mbuf *frame)
{
	struct frame_header copy;
	const struct frame_header *header;

	ledger->received++;
	ledger->bytes += frame->pkt_len;
	header = rte_pktmbuf_read(frame, 0, sizeof(copy), &copy);
	if (header == NULL)
		ledger->corrupt++;
	else if (header->ethertype != RTE_BE16(TRAFFIC_ETHERTYPE) || header->magic != TRAFFIC_MAGIC)
		ledger->foreign++;
	else if (!frame_is_intact(header, frame))
		ledger->corrupt++;
	else if (!header_is_of_flow(header, &ledger->id))
		ledger->foreign++;
	else
		count_sequence(ledger, header->sequence);
}

void
traffic_judge(struct traffic_verdict *verdict, const struct traffic_ledger *ledger, uint64_t sent)
{
	/* An intact frame of our flow that we never sent is someone else's. */
	uint64_t unsent = ledger->next > sent ? ledger->next - sent : 0;

	verdict->sent += sent;
	verdict->received += ledger->received;
	verdict->bytes += ledger->bytes;
	verdict->unique += ledger->unique;
	verdict->lost += sent > ledger->unique ? sent - ledger->unique : 0;
	verdict->duplicated += ledger->duplicated;
	verdict->reordered += ledger->reordered;
	verdict->stale += ledger->stale;
	verdict->corrupt += ledger->corrupt;
	verdict->foreign += ledger->foreign + unsent;
}

bool
traffic_is_clean(const struct traffic_verdict *verdict)
{
	return verdict->unique > 0 && verdict->lost + verdict->duplicated + verdict->reordered +
		verdict->stale + verdict->corrupt + verdict->foreign == 0;
}

const char *
traffic_text(const struct traffic_verdict *v, char *text, size_t size)
{
	snprintf(text, size, "%" PRIu64 " sent, %" PRIu64 " received, %" PRIu64 " lost, %" PRIu64
		" duplicated, %" PRIu64 " reordered, %" PRIu64 " corrupt, %" PRIu64 " foreign",
		v->sent, v->received, v->lost, v->duplicated, v->reordered + v->stale, v->corrupt,
		v->foreign);
	return text;
}
