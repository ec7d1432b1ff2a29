/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The ledger must see each kind of fault, or every test that relies on it proves nothing.
 * Frames lie in malloc'd mbufs, so that a sanitizer sees each byte out of place.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "traffic.h"

static const struct traffic_id flow_id = {
	.run_id = 0x1234, .epoch = 7, .queue = 3, .flow = 2, .direction = 1,
};

static struct rte_mbuf *
segment_new(uint16_t len)
{
	struct rte_mbuf *seg = calloc(1, sizeof(*seg));

	assert_non_null(seg);
	/* Exactly as long as the data: one byte too far is a heap overflow. */
	seg->buf_addr = malloc(len > 0 ? len : 1);
	assert_non_null(seg->buf_addr);
	seg->buf_len = len;
	seg->data_len = len;
	seg->nb_segs = 1;
	seg->pkt_len = len;
	return seg;
}

static struct rte_mbuf *
frame_new(const uint16_t *lens, unsigned int segs)
{
	struct rte_mbuf *head = segment_new(lens[0]);
	struct rte_mbuf *tail = head;

	for (unsigned int i = 1; i < segs; i++) {
		tail->next = segment_new(lens[i]);
		tail = tail->next;
		head->pkt_len += lens[i];
	}
	head->nb_segs = segs;
	return head;
}

static void
frame_free(struct rte_mbuf *frame)
{
	while (frame != NULL) {
		struct rte_mbuf *next = frame->next;

		free(frame->buf_addr);
		free(frame);
		frame = next;
	}
}

struct fixture {
	struct traffic_source source;
	struct traffic_ledger ledger;
	struct rte_mbuf *frame;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint16_t len = 64;

	assert_non_null(f);
	f->source.id = flow_id;
	f->source.sizes = (struct traffic_sizes){1, {64}};
	f->frame = frame_new(&len, 1);
	assert_int_equal(traffic_ledger_init(&f->ledger, &flow_id), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	traffic_ledger_fini(&f->ledger);
	frame_free(f->frame);
	free(f);
	return 0;
}

/** Send frame number sequence straight to the ledger. */
static void
deliver(struct fixture *f, uint64_t sequence)
{
	f->source.next = sequence;
	traffic_write(&f->source, f->frame);
	traffic_receive(&f->ledger, f->frame);
}

static struct traffic_verdict
judge(struct fixture *f, uint64_t sent)
{
	struct traffic_verdict verdict = {0};

	traffic_judge(&verdict, &f->ledger, sent);
	return verdict;
}

static void
frames_in_order_are_clean(void **state)
{
	struct fixture *f = *state;
	struct traffic_verdict v;

	for (uint64_t s = 0; s < 1000; s++)
		deliver(f, s);
	v = judge(f, 1000);
	assert_true(traffic_is_clean(&v));
	assert_int_equal(v.unique, 1000);
	assert_int_equal(v.bytes, 64000);
}

static void
nothing_received_is_not_clean(void **state)
{
	struct traffic_verdict v = judge(*state, 0);

	assert_false(traffic_is_clean(&v));
}

static void
frame_that_never_came_is_lost(void **state)
{
	struct fixture *f = *state;
	struct traffic_verdict v;

	deliver(f, 0);
	deliver(f, 2);
	v = judge(f, 5);
	assert_int_equal(v.lost, 3);
	assert_int_equal(v.reordered, 0);
	assert_false(traffic_is_clean(&v));
}

static void
second_copy_is_duplicated(void **state)
{
	struct fixture *f = *state;
	struct traffic_verdict v;

	deliver(f, 0);
	deliver(f, 1);
	deliver(f, 0);
	deliver(f, 1);
	v = judge(f, 2);
	assert_int_equal(v.duplicated, 2);
	assert_int_equal(v.lost, 0);
	assert_false(traffic_is_clean(&v));
}

static void
late_frame_is_reordered_and_not_lost(void **state)
{
	struct fixture *f = *state;
	struct traffic_verdict v;

	deliver(f, 1);
	deliver(f, 0);
	deliver(f, 2);
	v = judge(f, 3);
	assert_int_equal(v.reordered, 1);
	assert_int_equal(v.lost, 0);
	assert_false(traffic_is_clean(&v));
}

static void
late_frame_twice_is_reordered_once_and_duplicated_once(void **state)
{
	struct fixture *f = *state;

	deliver(f, 1);
	deliver(f, 0);
	deliver(f, 0);
	assert_int_equal(f->ledger.reordered, 1);
	assert_int_equal(f->ledger.duplicated, 1);
}

static void
window_edge_is_remembered_and_one_beyond_is_stale(void **state)
{
	struct fixture *f = *state;

	deliver(f, 0);
	deliver(f, 1);
	deliver(f, TRAFFIC_WINDOW);
	deliver(f, 1);
	assert_int_equal(f->ledger.duplicated, 1);
	deliver(f, 0);
	assert_int_equal(f->ledger.stale, 1);
}

static void
gap_forgets_bits_of_the_previous_lap(void **state)
{
	struct fixture *f = *state;

	for (uint64_t s = 0; s < 200; s++)
		deliver(f, s);
	deliver(f, TRAFFIC_WINDOW + 100);
	/* The slot of number 50 one lap later: never seen, though its bit was set once. */
	deliver(f, TRAFFIC_WINDOW + 50);
	assert_int_equal(f->ledger.reordered, 1);
	assert_int_equal(f->ledger.duplicated, 0);
}

static void
gap_longer_than_the_window_forgets_everything(void **state)
{
	struct fixture *f = *state;

	for (uint64_t s = 0; s < 200; s++)
		deliver(f, s);
	deliver(f, 5ull * TRAFFIC_WINDOW + 100);
	deliver(f, 5ull * TRAFFIC_WINDOW + 50);
	assert_int_equal(f->ledger.reordered, 1);
	assert_int_equal(f->ledger.duplicated, 0);
}

static void
any_flipped_bit_is_corrupt_or_foreign(void **state)
{
	struct fixture *f = *state;
	uint8_t *byte = f->frame->buf_addr;

	for (unsigned int bit = 0; bit < 64 * 8; bit++) {
		f->source.next = bit;
		traffic_write(&f->source, f->frame);
		byte[bit / 8] ^= 1u << bit % 8;
		traffic_receive(&f->ledger, f->frame);
	}
	assert_int_equal(f->ledger.unique, 0);
	assert_int_equal(f->ledger.corrupt + f->ledger.foreign, 64 * 8);
	/* Only what says whose frame it is may make it foreign: ethertype and magic. */
	assert_int_equal(f->ledger.foreign, 16 + 32);
}

static void
payload_of_another_frame_with_a_right_crc_is_corrupt(void **state)
{
	struct fixture *f = *state;
	uint8_t *byte = f->frame->buf_addr;
	uint8_t other[16];
	uint32_t crc = 0;

	f->source.next = 9;
	traffic_write(&f->source, f->frame);
	memcpy(other, byte + 48, sizeof(other));
	f->source.next = 10;
	traffic_write(&f->source, f->frame);
	memcpy(byte + 48, other, sizeof(other));
	memcpy(byte + 16, &crc, sizeof(crc));
	crc = traffic_crc32c(0, byte, 64);
	memcpy(byte + 16, &crc, sizeof(crc));
	traffic_receive(&f->ledger, f->frame);
	assert_int_equal(f->ledger.corrupt, 1);
}

static void
truncated_and_padded_frames_are_corrupt(void **state)
{
	struct fixture *f = *state;
	uint16_t lens[] = {64, 1};
	struct rte_mbuf *longer = frame_new(lens, 2);

	traffic_write(&f->source, f->frame);
	memcpy(longer->buf_addr, f->frame->buf_addr, 64);
	memset(longer->next->buf_addr, 0, 1);
	traffic_receive(&f->ledger, longer);
	f->frame->data_len = f->frame->pkt_len = 63;
	traffic_receive(&f->ledger, f->frame);
	f->frame->data_len = f->frame->pkt_len = 20;
	traffic_receive(&f->ledger, f->frame);
	assert_int_equal(f->ledger.corrupt, 3);
	frame_free(longer);
}

static void
frame_of_any_other_flow_is_foreign(void **state)
{
	struct fixture *f = *state;

	f->source.id.run_id++;
	deliver(f, 0);
	f->source.id = flow_id;
	f->source.id.epoch++;
	deliver(f, 0);
	f->source.id = flow_id;
	f->source.id.queue++;
	deliver(f, 0);
	f->source.id = flow_id;
	f->source.id.flow++;
	deliver(f, 0);
	f->source.id = flow_id;
	f->source.id.direction++;
	deliver(f, 0);
	assert_int_equal(f->ledger.foreign, 5);
	assert_int_equal(f->ledger.unique, 0);
}

static void
frame_that_was_never_sent_is_foreign(void **state)
{
	struct fixture *f = *state;
	struct traffic_verdict v;

	deliver(f, 0);
	deliver(f, 1);
	v = judge(f, 1);
	assert_int_equal(v.foreign, 1);
	assert_false(traffic_is_clean(&v));
}

static void
chains_survive_being_cut_elsewhere(void **state)
{
	struct fixture *f = *state;
	static const uint16_t cuts[][4] = {
		{48, 1, 7, 65535 - 56}, {49, 3, 13, 1000}, {64, 0, 64, 9}, {1500, 17, 1, 1},
	};
	static const uint16_t odd[] = {1, 46, 5, 0};

	for (size_t i = 0; i < RTE_DIM(cuts); i++) {
		struct rte_mbuf *sent = frame_new(cuts[i], 4);
		uint16_t lens[4] = {odd[0], odd[1], odd[2], sent->pkt_len - 52};
		struct rte_mbuf *got = frame_new(lens, 4);
		uint8_t *flat = malloc(sent->pkt_len);
		uint32_t at = 0;

		traffic_write(&f->source, sent);
		for (struct rte_mbuf *s = sent; s != NULL; at += s->data_len, s = s->next)
			memcpy(flat + at, s->buf_addr, s->data_len);
		at = 0;
		for (struct rte_mbuf *s = got; s != NULL; at += s->data_len, s = s->next)
			memcpy(s->buf_addr, flat + at, s->data_len);
		traffic_receive(&f->ledger, got);
		assert_int_equal(f->ledger.unique, i + 1);
		free(flat);
		frame_free(got);
		frame_free(sent);
	}
	assert_int_equal(f->ledger.corrupt, 0);
}

static void
crc_is_castagnoli_by_instruction_and_by_table(void **state)
{
	uint8_t bytes[300];

	(void)state;
	/* RFC 3720 B.4 and the customary check value. */
	assert_int_equal(traffic_crc32c(0, "123456789", 9), 0xe3069283);
	memset(bytes, 0, 32);
	assert_int_equal(traffic_crc32c(0, bytes, 32), 0x8a9136aa);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 37 + (i >> 3);
	for (size_t len = 0; len < 290; len++)
		assert_int_equal(traffic_crc32c(5, bytes + len % 9, len),
			traffic_crc32c_table(5, bytes + len % 9, len));
}

static void
size_lists_are_read_strictly(void **state)
{
	static const char *const bad[] = {
		"", "63", "65536", "64,", ",64", "64 ", "64,,65", "-64", "0x40", "huge", "mix,64",
		"99999999999999999999",
		"64,64,64,64,64,64,64,64,64,64,64,64,64,64,64,64,64",
	};
	struct traffic_sizes sizes = {.count = 99};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(bad); i++)
		assert_int_equal(traffic_sizes_parse(&sizes, bad[i]), -EINVAL);
	assert_int_equal(sizes.count, 99);
	assert_int_equal(traffic_sizes_parse(&sizes, "64,65535,1518"), 0);
	assert_int_equal(sizes.count, 3);
	assert_int_equal(traffic_sizes_max(&sizes), 65535);
	assert_int_equal(traffic_sizes_parse(&sizes, "jumbo"), 0);
	assert_int_equal(traffic_sizes_max(&sizes), 9018);
	assert_int_equal(traffic_sizes_parse(&sizes, "imix"), 0);
	assert_int_equal(traffic_sizes_max(&sizes), 1518);
}

static void
segments_cover_the_frame(void **state)
{
	(void)state;
	assert_int_equal(traffic_segs(64, 2048, 0), 1);
	assert_int_equal(traffic_segs(64, 2048, 3), 3);
	assert_int_equal(traffic_segs(2049, 2048, 1), 2);
	assert_int_equal(traffic_segs(65535, 2048, 1), 32);
}

static void
verdict_line_names_each_count(void **state)
{
	struct traffic_verdict v = {
		.sent = 10, .received = 11, .lost = 1, .duplicated = 2, .reordered = 3, .stale = 1,
		.corrupt = 5, .foreign = 6,
	};
	char text[160];

	(void)state;
	assert_string_equal(traffic_text(&v, text, sizeof(text)),
		"10 sent, 11 received, 1 lost, 2 duplicated, 4 reordered, 5 corrupt, 6 foreign");
}

/** Not a judgement on the machine: an accident such as a byte-wise CRC would be ten times under. */
static void
two_million_small_frames_take_less_than_ten_seconds(void **state)
{
	struct fixture *f = *state;
	struct timespec from, to;
	double seconds;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	for (uint64_t s = 0; s < 2000000; s++)
		deliver(f, s);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	seconds = to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) * 1e-9;
	print_message("# %.1f million frames a second, written and judged\n", 2.0 / seconds);
	assert_true(seconds < 10.0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(frames_in_order_are_clean),
		TEST(nothing_received_is_not_clean),
		TEST(frame_that_never_came_is_lost),
		TEST(second_copy_is_duplicated),
		TEST(late_frame_is_reordered_and_not_lost),
		TEST(late_frame_twice_is_reordered_once_and_duplicated_once),
		TEST(window_edge_is_remembered_and_one_beyond_is_stale),
		TEST(gap_forgets_bits_of_the_previous_lap),
		TEST(gap_longer_than_the_window_forgets_everything),
		TEST(any_flipped_bit_is_corrupt_or_foreign),
		TEST(payload_of_another_frame_with_a_right_crc_is_corrupt),
		TEST(truncated_and_padded_frames_are_corrupt),
		TEST(frame_of_any_other_flow_is_foreign),
		TEST(frame_that_was_never_sent_is_foreign),
		TEST(chains_survive_being_cut_elsewhere),
		TEST(crc_is_castagnoli_by_instruction_and_by_table),
		TEST(size_lists_are_read_strictly),
		TEST(segments_cover_the_frame),
		TEST(verdict_line_names_each_count),
		TEST(two_million_small_frames_take_less_than_ten_seconds),
	};

	return cmocka_run_group_tests_name("traffic", tests, NULL, NULL);
}
