/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* log.c: lines go where they are wanted, and a peer cannot make endlessly many. */

#include "rig.h"

#include <syslog.h>

#include "vhost2/log.h"

static int lines;
static char last[512];

static void
note_line(void *arg, int level, const char *line)
{
	(void)level;
	assert_ptr_equal(arg, &lines);
	lines++;
	snprintf(last, sizeof(last), "%s", line);
}

static void
a_line_goes_where_it_is_wanted(void **state)
{
	char longer[1000];

	(void)state;
	rte_vhost2_log_to(note_line, &lines);
	lines = 0;
	vhost2_log(LOG_INFO, "queue %u", 7);
	assert_int_equal(lines, 1);
	assert_string_equal(last, "queue 7");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[999] = '\0';
	vhost2_log(LOG_DEBUG, "%s", longer);
	assert_int_equal(strlen(last), 511);
}

static void
warnings_are_limited_and_what_was_left_out_is_said(void **state)
{
	(void)state;
	rte_vhost2_log_to(note_line, &lines);
	lines = 0;
	for (int i = 0; i < 10000; i++)
		vhost2_log(LOG_WARNING, "line %d", i);
	assert_in_range(lines, 1, 60);
	usleep(1100000);
	lines = 0;
	vhost2_log(LOG_WARNING, "later");
	assert_int_equal(lines, 2);
	assert_string_equal(last, "later");
	rte_vhost2_log_to(NULL, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_goes_where_it_is_wanted),
		cmocka_unit_test(warnings_are_limited_and_what_was_left_out_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
