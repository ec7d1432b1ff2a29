/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A bare ring between two threads: what the two cores can do with 16-byte descriptors and a payload,
 * with nothing of mbufs, ports or protocol in the way. It is the ceiling that a packed virtqueue is
 * measured against, in the same minute on the same cores. Needs no EAL.
 *
 * Theory of operation: one ring, written by both sides as a packed virtqueue is. The sender makes a
 * batch of descriptors available, the receiver copies the payloads out and gives the batch back as
 * used; a flag with the lap's parity tells whose a descriptor is. What differs is the order of
 * stores and where the receiver looks:
 *   first: the batch is filled from its second descriptor on and its first descriptor's flag is
 *          stored last, where the receiver looks. That line is then written twice while the other
 *          side polls it.
 *   lines: descriptors are written in order, whole lines of four, and the receiver looks at the
 *          last of the batch. Each line travels once each way.
 *   ring:  as lines, with payloads that the sender does not touch: the ring's own cost.
 */

#ifndef VIRTIO_BENCH_LIMIT_H
#define VIRTIO_BENCH_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/** Descriptors in the ring, and in a batch. */
#define LIMIT_RING 1024
#define LIMIT_BATCH 32
/** Bytes from one payload to the next. */
#define LIMIT_STRIDE 2048

/** Stored and loaded whole: it fits a vector register. */
typedef uint64_t limit_desc __attribute__((vector_size(16)));

/** One way to run the ring. */
struct limit_variant {
	const char *name;
	bool is_first_last;   /**< see above: "first" */
	bool touches_payload;
};

/** What both threads share; all zero at the beginning. */
struct limit {
	const struct limit_variant *variant;
	limit_desc *ring;     /**< LIMIT_RING, aligned to a line */
	uint8_t *payload;     /**< LIMIT_RING * LIMIT_STRIDE bytes */
	uint8_t *copies;      /**< as many, the receiver's */
	uint32_t frame;       /**< bytes that the receiver copies, at most LIMIT_STRIDE */
	int stop;             /**< set by limit_send() at its end */
};

/** The variants. */
uint32_t limit_variant_count(void);
const struct limit_variant *limit_variant_at(uint32_t i);

/** Receive until the sender stops. */
void limit_receive(struct limit *limit);

/** Send for so many milliseconds: million descriptors per second that came back used. */
double limit_send(struct limit *limit, uint32_t milliseconds);

#endif /* VIRTIO_BENCH_LIMIT_H */
