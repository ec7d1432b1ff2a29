/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The vdev net_virtio_backend: probe and remove.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_string_fns.h>
#include <bus_vdev_driver.h>
#include <ethdev_driver.h>
#include <ethdev_vdev.h>

#include "ethdev.h"
#include "log.h"

/* Levels of syslog are those of rte_log, but that the latter begin with 1. */
static void
library_log(void *arg, int level, const char *line)
{
	(void)arg;
	rte_log((uint32_t)level + 1, virtio_backend_logtype, "vhost2: %s\n", line);
}

static struct backend_port *
port_alloc(const char *name)
{
	struct backend_port *port = calloc(1, sizeof(*port));

	if (port == NULL)
		return NULL;
	rte_strlcpy(port->name, name, sizeof(port->name));
	pthread_mutex_init(&port->lock, NULL);
	pthread_cond_init(&port->gone, NULL);
	return port;
}

static int
port_probe(struct backend_port *port, struct rte_vdev_device *vdev)
{
	struct rte_eth_dev *dev;
	int ret = devargs_parse(port->name, rte_vdev_device_args(vdev), &port->config);

	if (ret != 0)
		return ret;
	dev = rte_eth_vdev_allocate(vdev, 0);
	if (dev == NULL) {
		PORT_LOG(ERR, port->name, "no ethdev port is free");
		return -ENOMEM;
	}
	ret = port_init(port, dev);
	if (ret != 0) {
		rte_eth_dev_release_port(dev);
		return ret;
	}
	__atomic_store_n(&port->is_probed, true, __ATOMIC_RELEASE);
	rte_eth_dev_probing_finish(dev);
	return 0;
}

static int
virtio_backend_probe(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	struct backend_port *port;
	int ret;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		PORT_LOG(ERR, name, "the port serves its primary process; a secondary one cannot attach it");
		return -ENOTSUP;
	}
	port = port_alloc(name);
	if (port == NULL)
		return -ENOMEM;
	gate_setup();
	rte_vhost2_log_to(library_log, NULL);
	ret = port_probe(port, vdev);
	if (ret != 0)
		port_free(port);
	return ret;
}

static int
virtio_backend_remove(struct rte_vdev_device *vdev)
{
	struct rte_eth_dev *dev = rte_eth_dev_allocated(rte_vdev_device_name(vdev));

	if (dev == NULL || rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0; /* closed before, or never ours */
	rte_eth_dev_stop(dev->data->port_id);
	return rte_eth_dev_close(dev->data->port_id);
}

static struct rte_vdev_driver virtio_backend_driver = {
	.probe = virtio_backend_probe,
	.remove = virtio_backend_remove,
};

RTE_PMD_REGISTER_VDEV(net_virtio_backend, virtio_backend_driver);
RTE_PMD_REGISTER_PARAM_STRING(net_virtio_backend, DEVARGS_PARAM_STRING);

/* What DPDK's own build generates for its drivers: dpdk-pmdinfo.py reads it. */
static const char net_virtio_backend_pmd_info[] __rte_used =
	"PMD_INFO_STRING= {\"name\": \"net_virtio_backend\", \"params\": \"" DEVARGS_PARAM_STRING
	"\", \"pci_ids\": []}";
