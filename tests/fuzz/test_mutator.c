/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Every row of the path table against a peer in a thread of its own that rewrites used elements,
 * lengths, headers, descriptors and flags while bursts poll. What a search over inputs (fuzz_rx.c,
 * fuzz_tx.c) cannot reach is the word that changes between two reads; here it does, all the time.
 * The peer is honest about half of the time, so that there is traffic to disturb. A queue that
 * broke is mended, by resync and by reset in turn. What must hold after each burst is the rig's
 * (rig.c); rings and buffers lie in heap of exactly their size, for AddressSanitizer to see.
 *
 * VIRTIO_TEST_SEED=N draws other numbers; the threads' pace against each other is never the same.
 *
 * Covers VIRTIO 1.3 2.7.8 (used ring) and 2.8 (packed virtqueues) where a device does not keep to
 * them.
 */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "rig.h"
#include "rxtx/simd.h"

#define ROWS_MAX 64
#define ROW_MS 300
#define FULL_MS 60000 /* all rows together */
#define SEED 0x9e3779b9
/*
 * On one CPU the two take turns: neither uses up its time on a ring that the other would have to
 * move first.
 */
#define PATIENCE 64
#define FLICKERS 64
#define PATIENCE_MS 20000

struct adversary {
	struct rig *rig;
	bool must_stop;    /* atomic */
	unsigned int epoch; /* atomic; moves when the device's place in the ring is another */
	uint64_t bursts;   /* atomic; of the driver */
	uint64_t turns;
	uint32_t random;
};

/* Rings that are seldom and often full, and what else changes the loop's way. */
static const struct {
	unsigned int size_log2; /* packed: less one, which no power of two helps with */
	unsigned int rx_flags, tx_flags;
} variants[] = {
	{6, RIG_EVENT_IDX, RIG_INDIRECT},
	{3, RIG_NEAR_WRAP | RIG_HASH, RIG_NEAR_WRAP | RIG_EVENT_IDX},
	{8, RIG_LEGACY, RIG_FAST_FREE},
};

#define NR_VARIANTS (sizeof(variants) / sizeof(variants[0]))

static unsigned int nr_rows;
static uint32_t seed = SEED;

static uint32_t
draw(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t
duel_ms(void)
{
	return (getenv("VIRTIO_TEST_FULL") != NULL ? FULL_MS / nr_rows : ROW_MS) / NR_VARIANTS;
}

/* --- the peer --- */

static void
tell_the_truth(struct hostile *hostile, uint32_t *random)
{
	const uint32_t posted = hostile->area->size;
	const uint16_t merged = draw(random) % 8 == 0 ? (uint16_t)(draw(random) % 4) : 1;

	hostile_complete(hostile, 1 + draw(random) % (posted < 16 ? posted : 16), 40 + draw(random) % 200, merged);
}

/* Most lies are small: a queue that breaks at once is not disturbed any more. */
static void
tell_a_lie(struct hostile *hostile, uint32_t *random)
{
	struct step step = {.op = (uint8_t)(draw(random) % HOSTILE_NR), .a = (uint8_t)draw(random),
		.b = (uint16_t)draw(random), .c = draw(random)};

	switch (step.op) {
	case HOSTILE_COMPLETE:
	case HOSTILE_BATCH:
		step.a %= 8;
		step.b %= 5;
		step.c %= 400;
		break;
	case HOSTILE_ELEMENT:
		step.a = (uint8_t)(0u - step.a % 16); /* those behind the index: they may be read just now */
		step.b %= 2 * hostile->area->size;
		break;
	case HOSTILE_INDEX:
		if (draw(random) % 256 != 0)
			return;
		step.b = (uint16_t)(draw(random) % 5 - 1);
		break;
	case HOSTILE_BUFFER:
		step.b = (uint16_t)(100 + draw(random) % 40); /* where headers lie */
		break;
	default:
		break;
	}
	hostile_step(hostile, &step);
}

/* What the driver may be reading just now: an element behind the index. */
static volatile uint32_t *
recent_word(const struct hostile *hostile, uint32_t *random)
{
	const uint32_t size = hostile->area->size;
	const uint32_t behind = 1 + draw(random) % (size < 32 ? size : 32);
	uint32_t *words;

	if (hostile->area->format == VRING_PACKED) {
		words = (uint32_t *)&packed_desc_ring(hostile->area)[(hostile->used_pos.idx + size - behind) % size];
		return &words[2 + draw(random) % 2]; /* length, or id and flags */
	}
	words = (uint32_t *)&split_used_ring(hostile->area)->ring[(hostile->used_idx - behind) & (size - 1)];
	return &words[draw(random) % 2];
}

/*
 * True, false, true, as fast as can be: who looks twice sees both, and who looks once mostly what leaves the queue
 * whole.
 */
__attribute__((no_sanitize("address"))) static void
flicker(const struct adversary *adversary, struct hostile *hostile, uint32_t *random)
{
	const bool is_header = draw(random) % 4 == 0;
	const uint32_t bit = 1u << draw(random) % 32;
	volatile uint32_t *const word = is_header ?
		pool_word(adversary->rig->pool, draw(random), RTE_PKTMBUF_HEADROOM - 4 * (1 + draw(random) % 5)) :
		recent_word(hostile, random);
	const uint32_t truth = *word;
	unsigned int i;

	for (i = 0; i < FLICKERS; i++) {
		*word = truth ^ bit;
		*word = truth;
	}
}

static void *
rewrite(void *arg)
{
	struct adversary *const adversary = arg;
	struct hostile hostile = adversary->rig->hostile;
	unsigned int epoch = 0;
	uint64_t seen = 0;

	while (!__atomic_load_n(&adversary->must_stop, __ATOMIC_RELAXED)) {
		const unsigned int now = __atomic_load_n(&adversary->epoch, __ATOMIC_ACQUIRE);

		if (now != epoch)
			hostile = adversary->rig->hostile;
		epoch = now;
		if (draw(&adversary->random) % 2 == 0)
			tell_the_truth(&hostile, &adversary->random);
		else if (draw(&adversary->random) % 4 == 0)
			flicker(adversary, &hostile, &adversary->random);
		else
			tell_a_lie(&hostile, &adversary->random);
		if (++adversary->turns % PATIENCE != 0)
			continue;
		if (__atomic_load_n(&adversary->bursts, __ATOMIC_RELAXED) == seen)
			sched_yield();
		seen = __atomic_load_n(&adversary->bursts, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* --- the driver --- */

static void
mend(struct adversary *adversary, void (*resync)(struct rig *rig), void (*discard)(struct rig *rig))
{
	if (adversary->epoch % 2 == 0)
		resync(adversary->rig);
	else
		discard(adversary->rig);
	__atomic_store_n(&adversary->epoch, adversary->epoch + 1, __ATOMIC_RELEASE);
}

static void
receive(struct adversary *adversary, uint32_t *random)
{
	struct rig *const rig = adversary->rig;

	rx_rig_burst(rig, (uint16_t)(1 + draw(random) % 64), draw(random) % 4 == 0);
	if (draw(random) % 8 == 0)
		rig_free_held(rig);
	/*
	 * What is pending or lost would rest for ever: now and then another peer comes in any case.
	 */
	if (rig_is_broken(rig) || draw(random) % 512 == 0)
		mend(adversary, rx_rig_resync, rx_rig_discard);
}

static struct rte_mbuf *
packet(struct rig *rig, uint32_t segments)
{
	struct rte_mbuf *const head = pool_get(rig->pool);
	struct rte_mbuf *tail = head;

	for (; head != NULL; segments--) {
		tail->data_len = 60;
		head->pkt_len += 60;
		if (segments == 0)
			break;
		tail->next = pool_get(rig->pool);
		if (tail->next == NULL)
			break;
		tail = tail->next;
		head->nb_segs++;
	}
	return head;
}

static void
transmit(struct adversary *adversary, uint32_t *random)
{
	struct rig *const rig = adversary->rig;
	const uint16_t wanted = (uint16_t)(1 + draw(random) % 64);
	struct rte_mbuf *pkts[64];
	uint16_t n;

	for (n = 0; n < wanted; n++) {
		pkts[n] = packet(rig, draw(random) % 8 == 0 ? draw(random) % 4 : 0);
		if (pkts[n] == NULL)
			break;
	}
	tx_rig_burst(rig, pkts, n);
	if (draw(random) % 16 == 0)
		txq_done_cleanup(rig->txq, 0);
	if (rig_is_broken(rig) || draw(random) % 512 == 0)
		mend(adversary, tx_rig_resync, tx_rig_discard);
}

/* Traffic in spite of the peer, and a queue mended in both ways; of rx, also packets dropped and counted. */
static bool
has_seen_enough(const struct rig *rig)
{
	const struct queue_stats *const stats = rig_stats(rig);

	return rig->packets > 100 && stats->broken >= 2 && (rig->rxq == NULL || stats->bad_length > 0);
}

static void
duel(struct rig *rig, void (*burst)(struct adversary *adversary, uint32_t *random))
{
	struct adversary adversary = {.rig = rig, .random = seed};
	const uint64_t end = now_ms() + duel_ms();
	uint32_t random = ~seed | 1;
	uint64_t before = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, rewrite, &adversary), 0);
	/*
	 * By time and by what was seen, so that a machine with much to do does not pass without a
	 * duel.
	 */
	while (now_ms() < end || (!has_seen_enough(rig) && now_ms() < end + PATIENCE_MS)) {
		burst(&adversary, &random);
		__atomic_store_n(&adversary.bursts, adversary.bursts + 1, __ATOMIC_RELAXED);
		if (adversary.bursts % PATIENCE != 0)
			continue;
		if (rig->packets == before)
			sched_yield();
		before = rig->packets;
	}
	__atomic_store_n(&adversary.must_stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	print_message("# seed %u, size %u: %lu bursts, %lu packets, %lu lies and truths; ", seed, rig->config.size,
		adversary.bursts, rig->packets, adversary.turns);
	print_message("broken %lu, bad length %lu, bad chain %lu\n", rig_stats(rig)->broken,
		rig_stats(rig)->bad_length, rig_stats(rig)->bad_chain);
	assert_true(has_seen_enough(rig));
}

static struct rig_start
start_of(unsigned int row, enum vring_format format, unsigned int variant, unsigned int flags)
{
	const unsigned int log2 = variants[variant].size_log2;

	/* The rig's way of saying 2^n, or 2^n - 1. */
	return (struct rig_start){
		.row = row, .size = format == VRING_PACKED ? (1u << log2) - 2 : log2, .flags = flags};
}

static void
skip_without(uint16_t simd)
{
	if (simd <= simd_bits(UINT16_MAX))
		return;
	print_message("# this CPU lacks vectors of %u bits\n", simd);
	skip();
}

/* The rig checks each burst; its end, that every mbuf went home. */
static void
rx_row(void **state)
{
	const unsigned int number = *(unsigned int *)*state;
	struct rig_start start;
	unsigned int nr, i;
	struct rig rig;

	skip_without(rx_paths(&nr)[number].traits.simd);
	for (i = 0; i < NR_VARIANTS; i++) {
		start = start_of(number, rx_paths(&nr)[number].traits.format, i, variants[i].rx_flags);
		rx_rig_open(&rig, &start);
		duel(&rig, receive);
		rx_rig_close(&rig);
	}
}

static void
tx_row(void **state)
{
	const unsigned int number = *(unsigned int *)*state;
	struct rig_start start;
	unsigned int nr, i;
	struct rig rig;

	skip_without(tx_paths(&nr)[number].traits.simd);
	for (i = 0; i < NR_VARIANTS; i++) {
		start = start_of(number, tx_paths(&nr)[number].traits.format, i, variants[i].tx_flags);
		tx_rig_open(&rig, &start);
		duel(&rig, transmit);
		tx_rig_close(&rig);
	}
}

/* --- one point for each row --- */

static struct CMUnitTest tests[ROWS_MAX];
static unsigned int numbers[ROWS_MAX];
static char names[ROWS_MAX][128];

static void
add(const char *direction, const char *row, unsigned int number, CMUnitTestFunction run)
{
	const unsigned int at = nr_rows++;

	snprintf(names[at], sizeof(names[at]), "%s row '%s' survives a peer that rewrites everything", direction, row);
	numbers[at] = number;
	tests[at] = (struct CMUnitTest){.name = names[at], .test_func = run, .initial_state = &numbers[at]};
}

int
main(int argc, char **argv)
{
	const struct rx_path *rx;
	const struct tx_path *tx;
	unsigned int nr_rx, nr_tx, i;

	LLVMFuzzerInitialize(&argc, &argv);
	if (getenv("VIRTIO_TEST_SEED") != NULL)
		seed = (uint32_t)strtoul(getenv("VIRTIO_TEST_SEED"), NULL, 0);
	if (seed == 0)
		seed = SEED; /* draws nothing but zeros */
	rx = rx_paths(&nr_rx);
	tx = tx_paths(&nr_tx);
	FUZZ_CHECK(nr_rx + nr_tx <= ROWS_MAX);
	for (i = 0; i < nr_rx; i++)
		add("rx", rx[i].name, i, rx_row);
	for (i = 0; i < nr_tx; i++)
		add("tx", tx[i].name, i, tx_row);
	return _cmocka_run_group_tests("mutator", tests, nr_rows, NULL, NULL);
}
