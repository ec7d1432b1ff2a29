/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* Lists with commas between their words; see lists.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "lists.h"
#include "pair.h"

#define MAX_FRAME 9600

/** Takes one word: true if it means something. */
typedef bool (*word_taker)(struct bench_lists *lists, const char *word);

static bool
words_take(struct bench_lists *lists, const char *text, word_taker take)
{
	char copy[256], *rest = copy, *word;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	while ((word = strsep(&rest, ",")) != NULL)
		if (!take(lists, word))
			return false;
	return true;
}

int
list_number(const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value < min || value > max)
		return -EINVAL;
	*number = value;
	return 0;
}

static bool
mode_take(struct bench_lists *lists, const char *word)
{
	const struct mode *mode = mode_find(word);

	if (mode == NULL || lists->nb_modes == MAX_LIST)
		return false;
	lists->modes[lists->nb_modes++] = mode;
	return true;
}

static bool
row_take(struct bench_lists *lists, const char *word)
{
	uint32_t before = lists->nb_rows;

	for (uint32_t i = 0; i < row_count() && lists->nb_rows < MAX_LIST; i++)
		if (row_matches(row_at(i), word))
			lists->rows[lists->nb_rows++] = *row_at(i);
	return lists->nb_rows > before;
}

static bool
frame_take(struct bench_lists *lists, const char *word)
{
	struct bench_frame *frame = &lists->frames[lists->nb_frames];
	uint32_t size;

	if (lists->nb_frames == MAX_LIST)
		return false;
	if (strcmp(word, "imix") != 0 &&
			list_number(word, TRAFFIC_MIN_LEN, MAX_FRAME, &size) < 0)
		return false;
	snprintf(frame->name, sizeof(frame->name), "%s", word);
	lists->nb_frames++;
	return traffic_sizes_parse(&frame->sizes, word) == 0;
}

static bool
burst_take(struct bench_lists *lists, const char *word)
{
	return lists->nb_bursts < MAX_LIST &&
		list_number(word, 1, BENCH_MAX_BURST, &lists->bursts[lists->nb_bursts++]) == 0;
}

const char *
list_modes(struct bench_lists *lists, char **text)
{
	return words_take(lists, text[0], mode_take) ? NULL : "modes with commas between";
}

const char *
list_rows(struct bench_lists *lists, char **text)
{
	return words_take(lists, text[0], row_take) ? NULL : "rows with commas between";
}

const char *
list_frames(struct bench_lists *lists, char **text)
{
	return words_take(lists, text[0], frame_take) ? NULL :
		"sizes from 64 to 9600, or imix, with commas between";
}

const char *
list_bursts(struct bench_lists *lists, char **text)
{
	return words_take(lists, text[0], burst_take) ? NULL :
		"numbers from 1 to 256 with commas between";
}

static const char *
row_given(struct bench_lists *lists, const char *a, const char *b)
{
	if (strlen(a) >= SPEC_MAX || (b != NULL && strlen(b) >= SPEC_MAX))
		return "shorter";
	lists->rows[0] = (struct bench_row){.name = "given", .a = a, .b = b};
	lists->nb_rows = 1;
	return NULL;
}

const char *
list_front(struct bench_lists *lists, char **text)
{
	return row_given(lists, text[0], NULL);
}

const char *
list_pair(struct bench_lists *lists, char **text)
{
	return row_given(lists, text[0], text[1]);
}

void
lists_complete(struct bench_lists *lists, bool one_only)
{
	if (lists->nb_modes == 0)
		mode_take(lists, "single");
	if (lists->nb_rows == 0)
		row_take(lists, "all");
	if (lists->nb_frames == 0)
		frame_take(lists, "64");
	if (lists->nb_bursts == 0)
		lists->nb_bursts = 1;
	if (!one_only)
		return;
	lists->nb_modes = lists->nb_rows = lists->nb_frames = lists->nb_bursts = 1;
}
