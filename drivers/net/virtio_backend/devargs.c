/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The port's table of devargs, and what one value alone does not tell. The walk is ../common's. Called by the probe
 * only.
 */

#include <assert.h>
#include <errno.h>
#include <stddef.h>

#include "devargs.h"
#include "log.h"

#define ROW_TEXT(name, ...) DEVARG_TEXT(struct backend_config, name, __VA_ARGS__)
#define ROW_NUMBER(name, ...) DEVARG_NUMBER(struct backend_config, name, __VA_ARGS__)

static const struct devarg devargs[] = { DEVARGS_TABLE(ROW_TEXT, ROW_NUMBER) };

static_assert(RTE_DIM(devargs) <= DEVARGS_ROWS_MAX, "the walk has a bit for each row");

static const struct devargs_table table = {
	.rows = devargs,
	.nr = RTE_DIM(devargs),
	.config_size = sizeof(struct backend_config),
	.logtype = &virtio_backend_logtype,
};

static int
config_check(const char *port, const struct backend_config *config)
{
	if (config->path[0] == '\0') {
		PORT_LOG(ERR, port, "devarg path is missing; allowed: path=<socket>");
		return -EINVAL;
	}
	if (config->mtu != 0 && config->mtu < DEVARGS_MTU_MIN) {
		PORT_LOG(ERR, port, "devarg mtu=%u: too small; allowed: 0, or %u..%u", config->mtu, DEVARGS_MTU_MIN,
			DEVARGS_MTU_MAX);
		return -EINVAL;
	}
	if (config->tso != 0 && config->csum == 0) {
		PORT_LOG(ERR, port, "devarg tso=1 with csum=0: segments have no checksums; allowed: tso=0, or csum=1");
		return -EINVAL;
	}
	if (config->zero_copy != 0) {
		PORT_LOG(ERR, port, "devarg zero_copy=1: not supported yet; allowed: 0");
		return -ENOTSUP;
	}
	return 0;
}

int
devargs_parse(const char *port, const char *args, struct backend_config *config)
{
	const int ret = devargs_table_parse(&table, port, args, config);

	return ret == 0 ? config_check(port, config) : ret;
}

void
devargs_print_markdown(FILE *out)
{
	fputs("# Device arguments of the device half's port\n\n"
	      "Printed from the table in `drivers/net/virtio_backend/devargs.h`; a test fails when the two differ.\n"
	      "[backend.md](backend.md) tells how to use the port.\n\n"
	      "    --vdev=net_virtio_backend0,path=/tmp/sock,queues=4\n"
	      "    --vdev=net_virtio_backend0,path=/tmp/sock,client=1\n\n"
	      "Each key may be given once. A value that is not allowed fails the probe with one line that says what\n"
	      "was seen and what is allowed.\n\n",
		out);
	devargs_table_print(&table, out);
}
