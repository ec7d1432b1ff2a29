/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Parsers of single values, and the walk over a table of devargs_table.h. A parser returns what is
 * wrong with a value, in words; the walk makes the one log line of it. Called by probes only.
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_kvargs.h>
#include <rte_log.h>

#include "devargs_table.h"

/** The walk's state. */
struct devargs_walk {
	const struct devargs_table *table;
	const char *port;
	char *config;
	uint32_t seen; /**< bit i: row i was given */
};

#define WALK_LOG(walk, fmt, ...) \
	rte_log(RTE_LOG_ERR, *(walk)->table->logtype, "%s: " fmt "\n", (walk)->port, ##__VA_ARGS__)

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

const char *
devarg_number(const struct devarg *arg, const char *value, void *field)
{
	uint32_t number;

	if (!number_read(value, &number))
		return "not a whole decimal number";
	if (number < arg->min || number > arg->max)
		return "out of range";
	*(uint32_t *)field = number;
	return NULL;
}

const char *
devarg_flag(const struct devarg *arg, const char *value, void *field)
{
	(void)arg;
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return "not a flag";
	*(uint32_t *)field = (uint32_t)(value[0] - '0');
	return NULL;
}

const char *
devarg_speed(const struct devarg *arg, const char *value, void *field)
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

const char *
devarg_path(const struct devarg *arg, const char *value, void *field)
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

const char *
devarg_mac(const struct devarg *arg, const char *value, void *field)
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

static int
defaults_set(const struct devargs_walk *walk)
{
	const struct devargs_table *table = walk->table;

	memset(walk->config, 0, table->config_size);
	for (size_t i = 0; i < table->nr; i++) {
		const struct devarg *arg = &table->rows[i];

		/* A row that refuses its own default: the unit test goes red. */
		if (arg->def != NULL && arg->parse(arg, arg->def, walk->config + arg->offset) != NULL)
			return -EINVAL;
	}
	return 0;
}

static int
unknown_key(const struct devargs_walk *walk, const char *key, const char *value)
{
	char known[512];
	size_t used = 0;

	known[0] = '\0';
	for (size_t i = 0; i < walk->table->nr && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, " %s", walk->table->rows[i].key);
	WALK_LOG(walk, "devarg %s=%s: unknown key; allowed:%s", key, value, known);
	return -EINVAL;
}

/* A key without "=" comes with a NULL value. */
static int
pair_parse(struct devargs_walk *walk, const char *key, const char *value)
{
	const struct devarg *const rows = walk->table->rows;
	const char *wrong;
	size_t i = 0;

	while (i < walk->table->nr && strcmp(rows[i].key, key) != 0)
		i++;
	if (i == walk->table->nr)
		return unknown_key(walk, key, value == NULL ? "" : value);

	if (value == NULL || value[0] == '\0') {
		value = "";
		wrong = "no value";
	} else if (walk->seen & RTE_BIT32(i)) {
		wrong = "given twice";
	} else {
		wrong = rows[i].parse(&rows[i], value, walk->config + rows[i].offset);
	}
	walk->seen |= RTE_BIT32(i);
	if (wrong == NULL)
		return 0;
	WALK_LOG(walk, "devarg %s=%s: %s; allowed: %s", key, value, wrong, rows[i].form);
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

int
devargs_table_parse(const struct devargs_table *table, const char *port, const char *args, void *config)
{
	struct devargs_walk walk = { .table = table, .port = port, .config = config };
	struct rte_kvargs *pairs;
	int ret = defaults_set(&walk);

	if (ret != 0)
		return ret;
	if (args == NULL)
		args = "";
	if (has_control_character(args)) {
		WALK_LOG(&walk, "devargs have a control character; allowed: printable key=value,...");
		return -EINVAL;
	}
	pairs = rte_kvargs_parse(args, NULL);
	if (pairs == NULL) {
		WALK_LOG(&walk, "devargs '%s' cannot be split; allowed: at most %u pairs of key=value",
			args, RTE_KVARGS_MAX);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < pairs->count && ret == 0; i++)
		ret = pair_parse(&walk, pairs->pairs[i].key, pairs->pairs[i].value);
	rte_kvargs_free(pairs);
	return ret;
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
devargs_table_print(const struct devargs_table *table, FILE *out)
{
	fputs("| key | allowed | default | meaning |\n"
	      "|---|---|---|---|\n", out);
	for (size_t i = 0; i < table->nr; i++) {
		const struct devarg *arg = &table->rows[i];

		fprintf(out, "| `%s` | `", arg->key);
		print_cell(out, arg->form);
		fputs("` | ", out);
		print_cell(out, arg->def == NULL ? "none" : arg->def);
		fputs(" | ", out);
		print_cell(out, arg->meaning);
		fputs(" |\n", out);
	}
}
