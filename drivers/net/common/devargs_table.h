/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Devargs as a table, for the ports of both halves: a row names a key, the parser of its value, its field, what is
 * allowed, the default and the meaning. The walk, the error lines and the page in doc/ come from it. What the keys
 * are is the port's business.
 */

#ifndef COMMON_DEVARGS_TABLE_H
#define COMMON_DEVARGS_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_common.h>

/** Longest socket path, without its terminator: what fits into struct sockaddr_un. */
#define DEVARGS_PATH_MAX 107
/** Rows of a table. */
#define DEVARGS_ROWS_MAX 32
/** What devarg_speed() takes. */
#define DEVARG_SPEED_FORM "unknown|10|100|1000|2500|5000|10000|20000|25000|40000|50000|56000|100000|200000|400000"

/** A row. */
struct devarg {
	const char *key;
	/** Parse @p value into @p field. @return NULL, or what is wrong with it. */
	const char *(*parse)(const struct devarg *arg, const char *value, void *field);
	size_t offset;      /**< of the field in the port's struct */
	uint32_t min, max;  /**< of a number */
	const char *form;   /**< what is allowed */
	const char *def;    /**< parsed like a user's value; NULL: none, the field is zero */
	const char *meaning;
};

struct devargs_table {
	const struct devarg *rows;
	size_t nr;          /**< at most DEVARGS_ROWS_MAX */
	size_t config_size; /**< of the port's struct */
	const int *logtype;
};

/** Rows as initializers; @p type is the port's struct, which has a field of each key's name. */
#define DEVARG_TEXT(type, name, parser, what, value, text) \
	{ .key = RTE_STR(name), .parse = parser, .offset = offsetof(type, name), \
	  .form = what, .def = value, .meaning = text },
#define DEVARG_NUMBER(type, name, parser, low, high, rule, value, text) \
	{ .key = RTE_STR(name), .parse = parser, .offset = offsetof(type, name), \
	  .min = low, .max = high, .form = RTE_STR(low) ".." RTE_STR(high) rule, \
	  .def = value, .meaning = text },

/** Rows as pieces of a PMD's parameter string, a literal: "path=<socket> mac=... ". */
#define DEVARG_PARAM_TEXT(key, parser, form, def, meaning) RTE_STR(key) "=" form " "
#define DEVARG_PARAM_NUMBER(key, parser, min, max, rule, def, meaning) \
	RTE_STR(key) "=<" RTE_STR(min) ".." RTE_STR(max) "> "

/** @name Parsers
 * As devarg.parse.
 * @{
 */
/** A decimal number from min to max; the field is a uint32_t. */
const char *devarg_number(const struct devarg *arg, const char *value, void *field);
/** 0 or 1; the field is a uint32_t. */
const char *devarg_flag(const struct devarg *arg, const char *value, void *field);
/** A speed that ethdev has a name for, in Mbit/s, or UINT32_MAX for "unknown". */
const char *devarg_speed(const struct devarg *arg, const char *value, void *field);
/** The field has DEVARGS_PATH_MAX + 1 bytes. */
const char *devarg_path(const struct devarg *arg, const char *value, void *field);
/** A unicast address; the field has six bytes. */
const char *devarg_mac(const struct devarg *arg, const char *value, void *field);
/** @} */

/**
 * Parse devargs.
 *
 * @param port
 *   Name, for the log line.
 * @param args
 *   "key=value,..."; NULL is read as "".
 * @param config
 *   The port's struct: whole on success, undefined on failure.
 * @return 0; -EINVAL (one line was logged: key, value seen, what is allowed); -ENOMEM.
 */
int devargs_table_parse(const struct devargs_table *table, const char *port, const char *args, void *config);

/** Write the table as Markdown. */
void devargs_table_print(const struct devargs_table *table, FILE *out);

#endif /* COMMON_DEVARGS_TABLE_H */
