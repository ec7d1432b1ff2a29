/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The table of devargs.h: what is accepted, what is refused, and that a refusal is -EINVAL with
 * exactly one line that shows what was seen. Also that doc/devargs.md is what the table prints;
 * `test_devargs --print` prints it.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_log.h>

#include "devargs.h"

#define S10 "0123456789"
#define S100 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10

/* What EAL would have done before a probe: lines go to a buffer. */
struct captured {
	char *text;
	size_t len;
	FILE *stream;
};

static void
capture_begin(struct captured *log)
{
	log->stream = open_memstream(&log->text, &log->len);
	assert_non_null(log->stream);
	assert_int_equal(rte_openlog_stream(log->stream), 0);
}

static void
capture_end(struct captured *log)
{
	rte_openlog_stream(NULL);
	fclose(log->stream);
}

static int
parse(const char *args, struct port_config *config, struct captured *log)
{
	int ret;

	capture_begin(log);
	ret = devargs_parse("net_virtio_user7", args, config);
	capture_end(log);
	return ret;
}

static unsigned int
lines_in(const char *text)
{
	unsigned int lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

/* --- refused --- */

/** What the line must show: the offending part of the args. */
static const struct {
	const char *args;
	const char *shown;
} refused[] = {
	/* path */
	{ "", "path is missing" },
	{ NULL, "path is missing" },
	{ ",", "path is missing" },
	{ "queues=2", "queues=2" },
	{ "path", "path=" },
	{ "path=", "path=" },
	{ "path=/" S100 "1234567", S100 "1234567" },
	{ "path=/" S100 S100, S100 S100 },
	{ "path=/tmp/[a,server=1", "/tmp/[a,server=1" },
	{ "path=[/a,/b]", "[/a,/b]" },
	{ "path=/a,path=/b", "path=/b" },
	{ "path=/a,path=/a", "path=/a" },
	{ "path=/a=b", "/a=b" },
	{ "path=/a\nb", "control character" },
	{ "path=/a\tb", "control character" },
	{ "path=/a\033[1m", "control character" },
	/* keys */
	{ "path=/a,foo=1", "foo=1" },
	{ "path=/a,foo", "foo" },
	{ "foo=bar,path=/a", "foo=bar" },
	{ "path=/a,Queues=1", "Queues=1" },
	{ "path=/a,queue=1", "queue=1" },
	{ "path=/a,queuess=1", "queuess=1" },
	{ "path=/a, queues=1", " queues=1" },
	{ "path=/a,=1", "=1" },
	{ "path=/a,vdpa=1", "vdpa=1" },
	{ "path=/a,queues=1=1", "1=1" },
	/* queues */
	{ "path=/a,queues", "queues=" },
	{ "path=/a,queues=", "queues=" },
	{ "path=/a,queues=0", "queues=0" },
	{ "path=/a,queues=129", "queues=129" },
	{ "path=/a,queues=65537", "queues=65537" },
	{ "path=/a,queues=4294967297", "queues=4294967297" },
	{ "path=/a,queues=18446744073709551617", "queues=18446744073709551617" },
	{ "path=/a,queues=-1", "queues=-1" },
	{ "path=/a,queues=+1", "queues=+1" },
	{ "path=/a,queues= 1", "queues= 1" },
	{ "path=/a,queues=1 ", "queues=1 " },
	{ "path=/a,queues=1x", "queues=1x" },
	{ "path=/a,queues=0x4", "queues=0x4" },
	{ "path=/a,queues=04", "queues=04" },
	{ "path=/a,queues=abc", "queues=abc" },
	{ "path=/a,queues=1.5", "queues=1.5" },
	{ "path=/a,queues=1e2", "queues=1e2" },
	{ "path=/a,queues=[1-2]", "queues=[1-2]" },
	{ "path=/a,queues=2,queues=2", "queues=2: given twice" },
	{ "path=/a,queues=2,queues=4", "queues=4: given twice" },
	/* queue_size */
	{ "path=/a,queue_size=", "queue_size=" },
	{ "path=/a,queue_size=0", "queue_size=0" },
	{ "path=/a,queue_size=1", "queue_size=1" },
	{ "path=/a,queue_size=2", "queue_size=2" },
	{ "path=/a,queue_size=3", "queue_size=3" },
	{ "path=/a,queue_size=5", "queue_size=5" },
	{ "path=/a,queue_size=100", "queue_size=100: not a power of two" },
	{ "path=/a,queue_size=255", "queue_size=255: not a power of two" },
	{ "path=/a,queue_size=32767", "queue_size=32767" },
	{ "path=/a,packed_vq=0,queue_size=1000", "queue_size=1000: not a power of two" },
	{ "path=/a,packed_vq=1,queue_size=3", "queue_size=3: out of range" },
	{ "path=/a,packed_vq=1,queue_size=32769", "queue_size=32769: out of range" },
	{ "path=/a,queue_size=32769", "queue_size=32769" },
	{ "path=/a,queue_size=65536", "queue_size=65536" },
	{ "path=/a,queue_size=4294967552", "queue_size=4294967552" },
	{ "path=/a,queue_size=256k", "queue_size=256k" },
	/* mac */
	{ "path=/a,mac=", "mac=" },
	{ "path=/a,mac=00:00:00:00:00:00", "mac=00:00:00:00:00:00" },
	{ "path=/a,mac=01:00:5e:00:00:01", "mac=01:00:5e:00:00:01" },
	{ "path=/a,mac=ff:ff:ff:ff:ff:ff", "mac=ff:ff:ff:ff:ff:ff" },
	{ "path=/a,mac=02:00:00:00:00", "mac=02:00:00:00:00" },
	{ "path=/a,mac=02:00:00:00:00:01:02", "mac=02:00:00:00:00:01:02" },
	{ "path=/a,mac=02:00:00:00:00:0g", "mac=02:00:00:00:00:0g" },
	{ "path=/a,mac=02:00:00:00:00:1", "mac=02:00:00:00:00:1" },
	{ "path=/a,mac=2:0:0:0:0:1", "mac=2:0:0:0:0:1" },
	{ "path=/a,mac=02-00-00-00-00-01", "mac=02-00-00-00-00-01" },
	{ "path=/a,mac=0200.0000.0001", "mac=0200.0000.0001" },
	{ "path=/a,mac=02:00:00:00:00:01x", "mac=02:00:00:00:00:01x" },
	{ "path=/a,mac=02:00:00:00:00:01:", "mac=02:00:00:00:00:01:" },
	{ "path=/a,mac=:02:00:00:00:00:01", "mac=:02:00:00:00:00:01" },
	{ "path=/a,mac=02:00:00:00:000:1", "mac=02:00:00:00:000:1" },
	{ "path=/a,mac=random", "mac=random" },
	/* flags */
	{ "path=/a,server=2", "server=2" },
	{ "path=/a,server=yes", "server=yes" },
	{ "path=/a,server=true", "server=true" },
	{ "path=/a,server=00", "server=00" },
	{ "path=/a,server=-1", "server=-1" },
	{ "path=/a,server", "server=" },
	{ "path=/a,server=1x", "server=1x" },
	{ "path=/a,mrg_rxbuf=on", "mrg_rxbuf=on" },
	{ "path=/a,mrg_rxbuf=", "mrg_rxbuf=" },
	{ "path=/a,in_order=01", "in_order=01" },
	{ "path=/a,in_order=256", "in_order=256" },
	{ "path=/a,cq=3", "cq=3" },
	{ "path=/a,cq=1 ", "cq=1 " },
	{ "path=/a,vectorized=2", "vectorized=2" },
	{ "path=/a,vectorized=avx2", "vectorized=avx2" },
	{ "path=/a,packed_vq=2", "packed_vq=2" },
	/* the kernel's interface */
	{ "path=/a,iface=0123456789abcdef", "iface=0123456789abcdef" },
	{ "path=/a,iface=a/b", "iface=a/b" },
	{ "path=/a,iface=a:b", "iface=a:b" },
	{ "path=/a,iface=a b", "iface=a b" },
	{ "path=/a,iface=..", "iface=.." },
	{ "path=/a,iface=.", "iface=." },
	{ "path=/a,iface=tap%s", "iface=tap%s" },
	{ "path=/a,iface=tap%", "iface=tap%" },
	{ "path=/a,iface=t%d%d", "iface=t%d%d" },
	{ "path=/a,netns=", "netns=" },
	{ "path=/a,netns=a/b", "netns=a/b" },
	{ "path=/a,netns=" S100 S10, "netns=" S100 S10 },
	{ "path=/a,persist=yes", "persist=yes" },
	{ "path=/a,sndbuf=-1", "sndbuf=-1" },
	{ "path=/a,sndbuf=1M", "sndbuf=1M" },
	{ "path=/a,sndbuf=2147483648", "sndbuf=2147483648" },
	{ "path=/a,iface=", "iface=" },
	/* speed */
	{ "path=/a,speed=", "speed=" },
	{ "path=/a,speed=0", "speed=0" },
	{ "path=/a,speed=1", "speed=1" },
	{ "path=/a,speed=9999", "speed=9999" },
	{ "path=/a,speed=10G", "speed=10G" },
	{ "path=/a,speed=4294967295", "speed=4294967295" },
	{ "path=/a,speed=Unknown", "speed=Unknown" },
	{ "path=/a,speed=-10", "speed=-10" },
	/* deadline */
	{ "path=/a,deadline=0", "deadline=0" },
	{ "path=/a,deadline=9", "deadline=9" },
	{ "path=/a,deadline=60001", "deadline=60001" },
	{ "path=/a,deadline=3s", "deadline=3s" },
	{ "path=/a,deadline=never", "deadline=never" },
	/* more pairs than rte_kvargs takes */
	{ "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", "a,a,a,a" },
};

static void
a_bad_string_is_einval_with_one_line_that_shows_it(void **state)
{
	(void)state;
	assert_true(RTE_DIM(refused) >= 80);
	for (size_t i = 0; i < RTE_DIM(refused); i++) {
		struct port_config config;
		struct captured log;
		int ret = parse(refused[i].args, &config, &log);

		if (ret != -EINVAL || lines_in(log.text) != 1 ||
			strstr(log.text, refused[i].shown) == NULL ||
			strstr(log.text, "net_virtio_user7: ") == NULL ||
			strstr(log.text, "allowed: ") == NULL)
			fail_msg("'%s' gave %d and '%s'", refused[i].args, ret, log.text);
		free(log.text);
	}
}

/* --- accepted --- */

/** The field that the args set, as a number. */
static const struct {
	const char *args;
	size_t field;
	uint32_t value;
} accepted[] = {
#define FIELD(name) offsetof(struct port_config, name)
	{ "path=/a", FIELD(queues), 1 },
	{ "path=/a", FIELD(queue_size), 256 },
	{ "path=/a", FIELD(server), 0 },
	{ "path=/a", FIELD(mrg_rxbuf), 1 },
	{ "path=/a", FIELD(in_order), 1 },
	{ "path=/a", FIELD(packed_vq), 0 },
	{ "path=/a", FIELD(cq), 0 },
	{ "path=/a", FIELD(speed), UINT32_MAX },
	{ "path=/a", FIELD(vectorized), DEVARGS_VECTORIZED_AUTO },
	{ "path=/a,vectorized=auto", FIELD(vectorized), DEVARGS_VECTORIZED_AUTO },
	{ "path=/a,vectorized=0", FIELD(vectorized), DEVARGS_VECTORIZED_NO },
	{ "path=/a", FIELD(deadline), 3000 },
	{ "path=/a,queues=1", FIELD(queues), 1 },
	{ "path=/a,queues=4", FIELD(queues), 4 },
	{ "queues=128,path=/a", FIELD(queues), 128 },
	{ "path=/a,,queues=2", FIELD(queues), 2 },
	{ "path=/a,queues=2,", FIELD(queues), 2 },
	{ "path=/a,queue_size=4", FIELD(queue_size), 4 },
	{ "path=/a,queue_size=1024", FIELD(queue_size), 1024 },
	{ "path=/a,queue_size=32768", FIELD(queue_size), 32768 },
	{ "path=/a,queue_size=1001,packed_vq=1", FIELD(queue_size), 1001 },
	{ "path=/a,packed_vq=1,queue_size=32767", FIELD(queue_size), 32767 },
	{ "path=/a,server=0", FIELD(server), 0 },
	{ "path=/a,server=1", FIELD(server), 1 },
	{ "path=/a,mrg_rxbuf=0", FIELD(mrg_rxbuf), 0 },
	{ "path=/a,mrg_rxbuf=1", FIELD(mrg_rxbuf), 1 },
	{ "path=/a,in_order=0", FIELD(in_order), 0 },
	{ "path=/a,packed_vq=0", FIELD(packed_vq), 0 },
	{ "path=/a,packed_vq=1", FIELD(packed_vq), 1 },
	{ "path=/a,cq=1", FIELD(cq), 1 },
	{ "path=/a,vectorized=1", FIELD(vectorized), 1 },
	{ "path=/a,speed=10", FIELD(speed), 10 },
	{ "path=/a,speed=2500", FIELD(speed), 2500 },
	{ "path=/a,speed=100000", FIELD(speed), 100000 },
	{ "path=/a,speed=400000", FIELD(speed), 400000 },
	{ "path=/a,speed=unknown", FIELD(speed), UINT32_MAX },
	{ "path=/a,persist=1", FIELD(persist), 1 },
	{ "path=/a,sndbuf=0", FIELD(sndbuf), 0 },
	{ "path=/a,sndbuf=2147483647", FIELD(sndbuf), 2147483647 },
	{ "path=/a,iface=tap0,netns=blue", FIELD(sndbuf), 0 },
	{ "path=/a,deadline=10", FIELD(deadline), 10 },
	{ "path=/a,deadline=60000", FIELD(deadline), 60000 },
	{ "path=/a,queues=2,queue_size=512,server=1,cq=1,speed=25000", FIELD(speed), 25000 },
#undef FIELD
};

static void
a_good_string_sets_its_field_without_a_line(void **state)
{
	(void)state;
	assert_true(RTE_DIM(accepted) >= 30);
	for (size_t i = 0; i < RTE_DIM(accepted); i++) {
		struct port_config config;
		struct captured log;
		int ret = parse(accepted[i].args, &config, &log);
		const uint32_t *field =
			(const uint32_t *)((const char *)&config + accepted[i].field);

		if (ret != 0 || log.len != 0 || *field != accepted[i].value ||
			strcmp(config.path, "/a") != 0)
			fail_msg("'%s' gave %d, %u and '%s'", accepted[i].args, ret, *field,
				log.text);
		free(log.text);
	}
}

static void
names_of_interface_and_namespace_are_kept_whole(void **state)
{
	static const char *const names[] = { "t", "tap%d", "%d", "0123456789abcde", "..." };
	struct port_config config;
	struct captured log;
	char args[64];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(names); i++) {
		snprintf(args, sizeof(args), "path=/a,iface=%s,netns=/proc/%s", names[i], names[i]);
		assert_int_equal(parse(args, &config, &log), 0);
		assert_string_equal(config.iface, names[i]);
		assert_string_equal(config.netns + strlen("/proc/"), names[i]);
		free(log.text);
	}
	assert_int_equal(parse("path=/a", &config, &log), 0);
	assert_string_equal(config.iface, "");
	assert_string_equal(config.netns, "");
	free(log.text);
}

static void
a_mac_is_read_in_either_case_and_absent_is_zero(void **state)
{
	static const uint8_t mac[] = { 0x02, 0xab, 0xcd, 0xef, 0x00, 0x9f }, none[6] = { 0 };
	struct port_config config;
	struct captured log;

	(void)state;
	assert_int_equal(parse("path=/a,mac=02:Ab:cD:ef:00:9F", &config, &log), 0);
	assert_memory_equal(config.mac, mac, sizeof(mac));
	free(log.text);
	assert_int_equal(parse("path=/a", &config, &log), 0);
	assert_memory_equal(config.mac, none, sizeof(none));
	free(log.text);
}

static void
the_longest_path_fits_whole(void **state)
{
	struct port_config config;
	struct captured log;

	(void)state;
	assert_int_equal(parse("path=/" S100 "123456", &config, &log), 0);
	assert_int_equal(strlen(config.path), DEVARGS_PATH_MAX);
	assert_string_equal(config.path, "/" S100 "123456");
	free(log.text);
}

/* --- what else the table makes --- */

static void
the_parameter_string_has_no_quote_that_would_end_its_json(void **state)
{
	(void)state;
	assert_non_null(strstr(DEVARGS_PARAM_STRING, "path=<socket>"));
	assert_non_null(strstr(DEVARGS_PARAM_STRING, "queues=<1..128>"));
	assert_null(strchr(DEVARGS_PARAM_STRING, '"'));
	assert_null(strchr(DEVARGS_PARAM_STRING, '\\'));
}

static void
the_documentation_is_what_the_table_prints(void **state)
{
	FILE *file = fopen(DEVARGS_DOC, "r");
	char *printed, *stored;
	size_t printed_len, stored_len;
	FILE *out = open_memstream(&printed, &printed_len);

	(void)state;
	assert_non_null(file);
	assert_non_null(out);
	devargs_print_markdown(out);
	fclose(out);
	stored = malloc(printed_len + 2);
	assert_non_null(stored);
	stored_len = fread(stored, 1, printed_len + 1, file);
	stored[stored_len] = '\0';
	fclose(file);
	if (strcmp(stored, printed) != 0)
		fail_msg("doc/devargs.md is not what the table prints; print it anew by: "
			"test_devargs --print");
	free(stored);
	free(printed);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_string_is_einval_with_one_line_that_shows_it),
		cmocka_unit_test(a_good_string_sets_its_field_without_a_line),
		cmocka_unit_test(names_of_interface_and_namespace_are_kept_whole),
		cmocka_unit_test(a_mac_is_read_in_either_case_and_absent_is_zero),
		cmocka_unit_test(the_longest_path_fits_whole),
		cmocka_unit_test(the_parameter_string_has_no_quote_that_would_end_its_json),
		cmocka_unit_test(the_documentation_is_what_the_table_prints),
	};

	if (argc == 2 && strcmp(argv[1], "--print") == 0) {
		devargs_print_markdown(stdout);
		return 0;
	}
	return cmocka_run_group_tests_name("devargs", tests, NULL, NULL);
}
