/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Parsers of the values that only this port has, and what one value alone does not tell. The walk over the table is
 * ../common's. Called by the probe only.
 */

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "devargs.h"
#include "devargs_table.h"
#include "log.h"

static const char *
parse_vectorized(const struct devarg *arg, const char *value, void *field)
{
	if (strcmp(value, "auto") != 0)
		return devarg_flag(arg, value, field);
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

#define ROW_TEXT(name, ...) DEVARG_TEXT(struct port_config, name, __VA_ARGS__)
#define ROW_NUMBER(name, ...) DEVARG_NUMBER(struct port_config, name, __VA_ARGS__)

static const struct devarg devargs[] = { DEVARGS_TABLE(ROW_TEXT, ROW_NUMBER) };

static_assert(RTE_DIM(devargs) <= DEVARGS_ROWS_MAX, "the walk has a bit for each row");

static const struct devargs_table table = {
	.rows = devargs,
	.nr = RTE_DIM(devargs),
	.config_size = sizeof(struct port_config),
	.logtype = &virtio_user_logtype,
};

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
	int ret = devargs_table_parse(&table, port, args, config);

	return ret == 0 ? config_check(port, args == NULL ? "" : args, config) : ret;
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
	      "was seen and what is allowed.\n\n",
		out);
	devargs_table_print(&table, out);
}
