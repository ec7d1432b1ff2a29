/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A device that does nothing and says what it is told: one line a callback, until its standard input ends. With it the
 * interop tests see whether a front-end gets as far as running queues.
 *
 * Usage: vhost2_watch PATH [client]
 */

#include <linux/virtio_config.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vhost2/rte_vhost2.h"

#define BIT(n) (UINT64_C(1) << (n))
#define NET_F_MRG_RXBUF 15

static void
say(struct rte_vhost2_dev *vdev, const char *what)
{
	printf("%s features=%llx regions=%u\n", what, (unsigned long long)vdev->features,
		vdev->mem != NULL ? vdev->mem->nregions : 0);
	fflush(stdout);
	rte_vhost2_tgt_cb_complete(vdev, 0);
}

static void
on_create(struct rte_vhost2_dev *vdev)
{
	say(vdev, "device_create");
}

static void
on_features(struct rte_vhost2_dev *vdev, uint64_t features)
{
	(void)features;
	say(vdev, "device_features_changed");
}

static void
on_init(struct rte_vhost2_dev *vdev)
{
	say(vdev, "device_init");
}

static void
on_destroy(struct rte_vhost2_dev *vdev)
{
	say(vdev, "device_destroy");
}

static void
on_queue(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, const char *what)
{
	printf("%s %u size=%u packed=%d enabled=%d polled=%d\n", what, vq->index, vq->size, vq->is_packed, vq->enabled,
		vq->polled);
	fflush(stdout);
	rte_vhost2_tgt_cb_complete(vdev, 0);
}

static void
on_start(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	on_queue(vdev, vq, "queue_start");
}

static void
on_stop(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq)
{
	on_queue(vdev, vq, "queue_stop");
}

static void
unregistered(void *arg)
{
	__atomic_store_n((int *)arg, 1, __ATOMIC_RELEASE);
}

int
main(int argc, char **argv)
{
	const struct rte_vhost2_tgt_ops ops = {
		.device_create = on_create,
		.device_features_changed = on_features,
		.device_init = on_init,
		.queue_start = on_start,
		.queue_stop = on_stop,
		.device_destroy = on_destroy,
		.nr_queues = 8,
		.queue_num = 4,
	};
	const uint64_t features = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_RING_PACKED) | BIT(VIRTIO_F_IN_ORDER) |
		BIT(VIRTIO_RING_F_INDIRECT_DESC) | BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(NET_F_MRG_RXBUF);
	const bool client = argc > 2 && strcmp(argv[2], "client") == 0;
	char byte;
	int done = 0;

	if (argc < 2 || rte_vhost2_tgt_register("vhost-user", argv[1], client ? RTE_VHOST2_CLIENT : 0, NULL, &ops,
			features) != 0)
		return 1;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	if (rte_vhost2_tgt_unregister("vhost-user", argv[1], unregistered, &done) != 0)
		return 1;
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		usleep(1000);
	return 0;
}
