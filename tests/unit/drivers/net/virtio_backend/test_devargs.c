/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The table of the device half's devargs: defaults, and that doc/devargs-backend.md is what the table prints;
 * `test_devargs --print` prints it. What is refused is the functional suite's.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "devargs.h"

static void
defaults_are_what_the_table_says(void **state)
{
	struct backend_config config;

	(void)state;
	assert_int_equal(devargs_parse("net_virtio_backend7", "path=/tmp/sock", &config), 0);
	assert_string_equal(config.path, "/tmp/sock");
	assert_int_equal(config.queues, 1);
	assert_int_equal(config.client, 0);
	assert_int_equal(config.reconnect, 1);
	assert_int_equal(config.queue_size, 32768);
	assert_int_equal(config.packed, 1);
	assert_int_equal(config.tso, 0);
	assert_int_equal(config.migration, 1);
	assert_int_equal(config.speed, UINT32_MAX);
}

static void
values_go_where_they_belong(void **state)
{
	static const uint8_t mac[] = {2, 0, 0, 0, 0, 7};
	struct backend_config config;

	(void)state;
	assert_int_equal(devargs_parse("net_virtio_backend7",
		"path=p,client=1,queues=8,driver_mac=02:00:00:00:00:07,mtu=9000,tso=1,migration=0", &config), 0);
	assert_int_equal(config.client, 1);
	assert_int_equal(config.queues, 8);
	assert_memory_equal(config.driver_mac, mac, sizeof(mac));
	assert_int_equal(config.mtu, 9000);
	assert_int_equal(config.tso, 1);
	assert_int_equal(config.migration, 0);
}

static void
what_fits_not_together_is_refused(void **state)
{
	struct backend_config config;

	(void)state;
	assert_int_equal(devargs_parse("p", NULL, &config), -EINVAL);
	assert_int_equal(devargs_parse("p", "path=p,mtu=67", &config), -EINVAL);
	assert_int_equal(devargs_parse("p", "path=p,tso=1,csum=0", &config), -EINVAL);
	assert_int_equal(devargs_parse("p", "path=p,zero_copy=1", &config), -ENOTSUP);
}

static void
page_is_what_the_table_prints(void **state)
{
	char *text = NULL, page[16384];
	size_t len = 0, read;
	FILE *out = open_memstream(&text, &len);
	FILE *doc = fopen(DEVARGS_DOC, "r");

	(void)state;
	assert_non_null(out);
	assert_non_null(doc);
	devargs_print_markdown(out);
	fclose(out);
	read = fread(page, 1, sizeof(page) - 1, doc);
	page[read] = '\0';
	fclose(doc);
	if (strcmp(page, text) != 0)
		fail_msg("doc/devargs-backend.md is not what the table prints; print it anew by test_devargs --print");
	free(text);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_what_the_table_says),
		cmocka_unit_test(values_go_where_they_belong),
		cmocka_unit_test(what_fits_not_together_is_refused),
		cmocka_unit_test(page_is_what_the_table_prints),
	};

	if (argc == 2 && strcmp(argv[1], "--print") == 0) {
		devargs_print_markdown(stdout);
		return 0;
	}
	return cmocka_run_group_tests_name("virtio_backend/devargs", tests, NULL, NULL);
}
