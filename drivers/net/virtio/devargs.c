/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Parsers of single values, and the walk over the table of devargs.h. A parser returns what is
 * wrong with a value, in words; the walk makes the one log line of it. Called by the probe only.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_kvargs.h>

#include "devargs.h"
#include "log.h"

/** A row of the table. */
struct devarg {
	const char *key;
	/** Parse @p value into @p field. @return NULL, or what is wrong with it. */
	const char *(*parse)(const struct devarg *arg, const char *value, void *field);
	size_t offset;      /**< of the field in struct port_config */
	uint32_t min, max;  /**< of a number */
	const char *form;   /**< what is allowed */
	const char *def;    /**< parsed like a user's value; NULL: none, the field is zero */
	const char *meaning;
};

/** The walk's state; also what goes through rte_kvargs_process(). */
struct devargs_walk {
	const char *port;
	struct port_config *config;
	uint32_t seen; /**< bit i: row i was given */
};

/* Speeds that ethdev has a name for. */
static const uint32_t speeds[] = {
	10, 100, 1000, 2500, 5000, 10000, 20000, 25000, 40000, 50000, 56000, 100000, 200000, 400000,
};

/* Digits and nothing else; no leading zero, which some would read as octal. */
static bool
number_read(const char *value, uint32_t *number)
{
	uint64_t sum = 0;

	if (value[0] == '\0' || (value[0] == '0' && value[1] != '\0'))
		return false;
	for (const char *c = value; *c != '\0'; c++) {
		if (*c < '0' || *c > '9')
			return false;
		sum = sum * 10 + (uint64_t)(*c - '0');
		if (sum > UINT32_MAX)
			sum = UINT32_MAX; /* out of every range */
	}
	*number = (uint32_t)sum;
	return true;
}

static const char *
parse_number(const struct devarg *arg, const char *value, void *field)
{
	uint32_t number;

	if (!number_read(value, &number))
		return "not a whole decimal number";
	if (number < arg->min || number > arg->max)
		return "out of range";
	*(uint32_t *)field = number;
	return NULL;
}

static const char *
parse_flag(const struct devarg *arg, const char *value, void *field)
{
	(void)arg;
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return "not a flag";
	*(uint32_t *)field = (uint32_t)(value[0] - '0');
	return NULL;
}

static const char *
parse_vectorized(const struct devarg *arg, const char *value, void *field)
{
	if (strcmp(value, "auto") != 0)
		return parse_flag(arg, value, field);
	*(uint32_t *)field = DEVARGS_VECTORIZED_AUTO;
	return NULL;
}

static const char *
parse_iface(const struct devarg *arg, const char *value, void *field)
{
	const char *percent = strchr(value, '%');

	(void)arg;
	if (strlen(value) >= IFNAMSIZ)
		return "longer than the 15 characters of an interface name";
	if (strcmp(value, ".") == 0 || strcmp(value, "..") == 0 || strpbrk(value, "/: ,") != NULL)
		return "no name for an interface";
	if (percent != NULL && (percent[1] != 'd' || strchr(percent + 1, '%') != NULL))
		return "a '%' other than one '%d'";
	strcpy(field, value);
	return NULL;
}

static const char *
parse_netns(const struct devarg *arg, const char *value, void *field)
{
	(void)arg;
	if (strlen(value) > DEVARGS_PATH_MAX)
		return "longer than " RTE_STR(DEVARGS_PATH_MAX) " bytes";
	if (strchr(value, ',') != NULL)
		return "a path cannot have a comma";
	if (value[0] != '/' && strchr(value, '/') != NULL)
		return "a path has to begin with '/'";
	strcpy(field, value);
	return NULL;
}

static const char *
parse_speed(const struct devarg *arg, const char *value, void *field)
{
	uint32_t number;

	(void)arg;
	if (strcmp(value, "unknown") == 0) {
		*(uint32_t *)field = UINT32_MAX;
		return NULL;
	}
	if (!number_read(value, &number))
		return "not a speed in Mbit/s";
	for (size_t i = 0; i < RTE_DIM(speeds); i++) {
		if (speeds[i] == number) {
			*(uint32_t *)field = number;
			return NULL;
		}
	}
	return "no speed that ethdev knows";
}

static const char *
parse_path(const struct devarg *arg, const char *value, void *field)
{
	(void)arg;
	if (strlen(value) > DEVARGS_PATH_MAX)
		return "longer than the " RTE_STR(DEVARGS_PATH_MAX) " bytes of a socket address";
	/* A bracket that is never closed makes one value of all that follows. */
	if (strchr(value, ',') != NULL)
		return "a path cannot have a comma";
	strcpy(field, value);
	return NULL;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *
parse_mac(const struct devarg *arg, const char *value, void *field)
{
	struct rte_ether_addr addr;

	(void)arg;
	if (strlen(value) != RTE_ETHER_ADDR_FMT_SIZE - 1)
		return "not six two-digit hex numbers";
	for (unsigned int i = 0; i < RTE_ETHER_ADDR_LEN; i++, value += 3) {
		int high = hex_digit(value[0]), low = hex_digit(value[1]);
		bool last = i == RTE_ETHER_ADDR_LEN - 1;

		if (high < 0 || low < 0 || value[2] != (last ? '\0' : ':'))
			return "not six two-digit hex numbers";
		addr.addr_bytes[i] = (uint8_t)(high << 4 | low);
	}
	if (rte_is_zero_ether_addr(&addr))
		return "all zero is no address";
	if (rte_is_multicast_ether_addr(&addr))
		return "a port's own address cannot be multicast";
	memcpy(field, &addr, sizeof(addr));
	return NULL;
}

#define DEVARG_TEXT(name, parser, what, value, text) \
	{ .key = RTE_STR(name), .parse = parser, .offset = offsetof(struct port_config, name), \
	  .form = what, .def = value, .meaning = text },
#define DEVARG_NUMBER(name, parser, low, high, rule, value, text) \
	{ .key = RTE_STR(name), .parse = parser, .offset = offsetof(struct port_config, name), \
	  .min = low, .max = high, .form = RTE_STR(low) ".." RTE_STR(high) rule, \
	  .def = value, .meaning = text },

static const struct devarg devargs[] = { DEVARGS_TABLE(DEVARG_TEXT, DEVARG_NUMBER) };

static_assert(RTE_DIM(devargs) <= 32, "struct devargs_walk has a bit for each row");

static int
defaults_set(struct port_config *config)
{
	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < RTE_DIM(devargs); i++) {
		const struct devarg *arg = &devargs[i];
		void *field = (char *)config + arg->offset;

		/* A row that refuses its own default: the unit test goes red. */
		if (arg->def != NULL && arg->parse(arg, arg->def, field) != NULL)
			return -EINVAL;
	}
	return 0;
}

static int
unknown_key(const struct devargs_walk *walk, const char *key, const char *value)
{
	char known[256];
	size_t used = 0;

	known[0] = '\0';
	for (size_t i = 0; i < RTE_DIM(devargs) && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, " %s", devargs[i].key);
	PORT_LOG(ERR, walk->port, "devarg %s=%s: unknown key; allowed:%s", key, value, known);
	return -EINVAL;
}

/* rte_kvargs' callback for each pair. A key without "=" comes with a NULL value. */
static int
pair_parse(const char *key, const char *value, void *ctx)
{
	struct devargs_walk *walk = ctx;
	const char *wrong;
	size_t i = 0;

	while (i < RTE_DIM(devargs) && strcmp(devargs[i].key, key) != 0)
		i++;
	if (i == RTE_DIM(devargs))
		return unknown_key(walk, key, value == NULL ? "" : value);

	if (value == NULL || value[0] == '\0') {
		value = "";
		wrong = "no value";
	} else if (walk->seen & RTE_BIT32(i)) {
		wrong = "given twice";
	} else {
		wrong = devargs[i].parse(
			&devargs[i], value, (char *)walk->config + devargs[i].offset);
	}
	walk->seen |= RTE_BIT32(i);
	if (wrong == NULL)
		return 0;
	PORT_LOG(ERR, walk->port, "devarg %s=%s: %s; allowed: %s", key, value, wrong,
		devargs[i].form);
	return -EINVAL;
}

/* Such a byte would also break the log line in two. */
static bool
has_control_character(const char *args)
{
	for (; *args != '\0'; args++) {
		if ((unsigned char)*args < ' ' || *args == 0x7f)
			return true;
	}
	return false;
}

/* What one value alone does not tell. */
static int
config_check(const char *port, const char *args, const struct port_config *config)
{
	if (config->path[0] == '\0') {
		PORT_LOG(ERR, port,
			"devargs '%s': path is missing; allowed: path=<socket of the back-end, or /dev/vhost-net>",
			args);
		return -EINVAL;
	}
	/* VIRTIO 1.3 2.7: "Queue Size value is always a power of 2." */
	if (config->packed_vq == 0 && !rte_is_power_of_2(config->queue_size)) {
		PORT_LOG(ERR, port,
			"devarg queue_size=%u: not a power of two; allowed: a power of two, or packed_vq=1 as well",
			config->queue_size);
		return -EINVAL;
	}
	return 0;
}

int
devargs_parse(const char *port, const char *args, struct port_config *config)
{
	struct devargs_walk walk = { .port = port, .config = config };
	struct rte_kvargs *pairs;
	int ret = defaults_set(config);

	if (ret != 0)
		return ret;
	if (args == NULL)
		args = "";
	if (has_control_character(args)) {
		PORT_LOG(ERR, port,
			"devargs have a control character; allowed: printable key=value,...");
		return -EINVAL;
	}
	pairs = rte_kvargs_parse(args, NULL);
	if (pairs == NULL) {
		PORT_LOG(ERR, port,
			"devargs '%s' cannot be split; allowed: at most %u pairs of key=value",
			args, RTE_KVARGS_MAX);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < pairs->count && ret == 0; i++)
		ret = pair_parse(pairs->pairs[i].key, pairs->pairs[i].value, &walk);
	rte_kvargs_free(pairs);
	return ret == 0 ? config_check(port, args, config) : ret;
}

/* Markdown ends a cell at "|", even in code. */
static void
print_cell(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

void
devargs_print_markdown(FILE *out)
{
	fputs("# Device arguments\n\n"
	      "Printed from the table in `drivers/net/virtio/devargs.h`; a test fails when the two "
	      "differ.\n\n"
	      "    --vdev=net_virtio_user0,path=/tmp/sock,queues=4\n"
	      "    --vdev=net_vuser0,path=/tmp/sock,server=1,mrg_rxbuf=0\n"
	      "    --vdev=net_virtio_user0,path=/dev/vhost-net,iface=tap0,queues=4,queue_size=1024\n\n"
	      "Both names reach this driver; `net_vuser` does so even where DPDK's own virtio "
	      "driver is loaded too.\n"
	      "Each key may be given once. A value that is not allowed fails the probe with one "
	      "line that says what\n"
	      "was seen and what is allowed.\n\n"
	      "| key | allowed | default | meaning |\n"
	      "|---|---|---|---|\n",
		out);
	for (size_t i = 0; i < RTE_DIM(devargs); i++) {
		fprintf(out, "| `%s` | `", devargs[i].key);
		print_cell(out, devargs[i].form);
		fputs("` | ", out);
		print_cell(out, devargs[i].def == NULL ? "none" : devargs[i].def);
		fputs(" | ", out);
		print_cell(out, devargs[i].meaning);
		fputs(" |\n", out);
	}
}
