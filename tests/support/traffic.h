/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Numbered packets and the ledger that proves what became of them.
 *
 * A sender writes one flow of frames that carry their sequence number, a payload derived from it
 * and a CRC; a ledger at the receiver says of each frame whether it is new, lost, repeated, late,
 * damaged or someone else's. It is not a port and not a loop: the programs under app/ and the
 * functional tests bring those. Only traffic_alloc() needs a mempool, hence EAL.
 *
 * Theory of operation: one flow is one sender, one queue and one order. A frame belongs to a flow
 * when its whole struct traffic_id matches, so that a left-over of an earlier run, of an earlier
 * incarnation of the sender or of another queue counts as foreign and never as progress. The
 * ledger remembers, as bits, which of the last TRAFFIC_WINDOW sequence numbers arrived.
 */

#ifndef TESTS_SUPPORT_TRAFFIC_H
#define TESTS_SUPPORT_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Smallest frame, Ethernet header included, checksum excluded. */
#define TRAFFIC_MIN_LEN 64
/** Largest frame. */
#define TRAFFIC_MAX_LEN 65535
/** Most entries of a list of sizes. */
#define TRAFFIC_MAX_SIZES 16
/** How many sequence numbers back a ledger can tell a late frame from a repeated one. */
#define TRAFFIC_WINDOW (1u << 20)
/** IEEE 802 local experimental ethertype 1, which no stack takes for its own. */
#define TRAFFIC_ETHERTYPE 0x88b5
/** First word of each frame's header. */
#define TRAFFIC_MAGIC 0x56425446u

/** What distinguishes one flow from all others. */
struct traffic_id {
	uint32_t run_id;    /**< one run of one program; drawn at random by the caller */
	uint32_t epoch;     /**< incarnation of the sender within the run */
	uint16_t queue;     /**< queue that the sender used */
	uint16_t flow;      /**< number of the flow on that queue */
	uint8_t direction;  /**< the caller's: which of the two ends sent it */
};

/** A cycle of frame sizes: frame number s is sizes[s % count] bytes long. */
struct traffic_sizes {
	uint32_t count;                    /**< entries used, at least 1 */
	uint32_t sizes[TRAFFIC_MAX_SIZES]; /**< TRAFFIC_MIN_LEN..TRAFFIC_MAX_LEN */
};

/** The sending end of a flow. */
struct traffic_source {
	struct traffic_id id;       /**< stamped on each frame */
	struct traffic_sizes sizes; /**< length of each frame */
	uint16_t min_segs;          /**< mbufs per frame, at least; 0 and 1: as few as fit */
	uint64_t next;              /**< sequence number of the next frame */
};

/** The receiving end of a flow. */
struct traffic_ledger {
	struct traffic_id id; /**< frames of any other flow are foreign */
	uint64_t next;        /**< one above the highest sequence number seen */
	uint64_t received;    /**< frames handed in, whatever they were */
	uint64_t bytes;       /**< their length altogether */
	uint64_t unique;      /**< frames of this flow seen for the first time */
	uint64_t duplicated;  /**< frames of this flow seen again */
	uint64_t reordered;   /**< unique frames that came after one with a higher number */
	uint64_t stale;       /**< further back than the window: late or repeated, none can tell */
	uint64_t corrupt;     /**< length, payload or CRC wrong, or too short to have any */
	uint64_t foreign;     /**< intact or not, no frame of this flow */
	uint64_t *seen;       /**< one bit for each of the last TRAFFIC_WINDOW numbers */
};

/** What became of a flow, or of several added up. */
struct traffic_verdict {
	uint64_t sent;       /**< frames that the port accepted */
	uint64_t received;   /**< frames that came back */
	uint64_t unique;     /**< as in the ledger, as are the following */
	uint64_t lost;       /**< sent and never seen */
	uint64_t duplicated;
	uint64_t reordered;
	uint64_t stale;
	uint64_t corrupt;
	uint64_t foreign;
	uint64_t bytes;
};

/**
 * CRC-32C of len bytes, continuing from crc (0 to begin).
 */
uint32_t traffic_crc32c(uint32_t crc, const void *data, size_t len);

/** The same by table, for a CPU without the instruction; exported to be tested against it. */
uint32_t traffic_crc32c_table(uint32_t crc, const void *data, size_t len);

/**
 * Read a size list: one of the words mix, imix, jumbo, or sizes with commas between ("64,1518").
 *
 * @return 0, or -EINVAL if text is anything else; then sizes is untouched.
 */
int traffic_sizes_parse(struct traffic_sizes *sizes, const char *text);

/** Largest entry of the list. */
uint32_t traffic_sizes_max(const struct traffic_sizes *sizes);

/** Mbufs that a frame of len bytes takes if each holds room bytes and min_segs are wanted. */
uint32_t traffic_segs(uint32_t len, uint32_t room, uint16_t min_segs);

/** Length of the frame that source sends next. */
uint32_t traffic_next_len(const struct traffic_source *source);

/**
 * Write the source's next frame into a chain of mbufs whose data_len, pkt_len and nb_segs are set
 * already; pkt_len says how long the frame is. The source advances by one.
 */
void traffic_write(struct traffic_source *source, struct rte_mbuf *frame);

/**
 * Allocate and write up to count frames.
 *
 * @return frames made; fewer than count when the pool is empty.
 */
uint16_t traffic_alloc(struct traffic_source *source, struct rte_mempool *pool,
	struct rte_mbuf **frames, uint16_t count);

/**
 * Prepare a ledger.
 *
 * @return 0 or -ENOMEM; release with traffic_ledger_fini().
 */
int traffic_ledger_init(struct traffic_ledger *ledger, const struct traffic_id *id);

/** Release what traffic_ledger_init() took. */
void traffic_ledger_fini(struct traffic_ledger *ledger);

/** Judge one received frame; it stays the caller's. */
void traffic_receive(struct traffic_ledger *ledger, const struct rte_mbuf *frame);

/** Add to verdict what ledger says of a flow of which sent frames were accepted. */
void traffic_judge(struct traffic_verdict *verdict, const struct traffic_ledger *ledger,
	uint64_t sent);

/** True if something arrived and nothing was lost, repeated, late, damaged or foreign. */
bool traffic_is_clean(const struct traffic_verdict *verdict);

/**
 * The verdict in one line, without a newline.
 *
 * @return text
 */
const char *traffic_text(const struct traffic_verdict *verdict, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* TESTS_SUPPORT_TRAFFIC_H */
