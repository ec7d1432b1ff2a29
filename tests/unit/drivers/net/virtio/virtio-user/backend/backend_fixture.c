/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See backend_fixture.h.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend_fixture.h"
#include "vhost_user/deadline.h"
#include "virtio/feature.h"

static char dir[] = "/tmp/virtio-user-XXXXXX";
char path[64];
struct scripted_peer peer;
struct backend *backend;

int
setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/virtio-user-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -errno;
	snprintf(path, sizeof(path), "%s/s", dir);
	memset(&peer, 0, sizeof(peer));
	peer.path = path;
	peer.features = BIT30 | VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_NET_F_MTU);
	peer.protocol = P(MQ) | P(REPLY_ACK) | P(STATUS) | P(CONFIG) | P(NET_MTU) | P(BACKEND_REQ) | P(LOG_SHMFD);
	peer.queue_num = 4;
	backend = NULL;
	return 0;
}

int
teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int
open_backend(bool server)
{
	const struct backend_config config = {
		.port = "test0", .path = path, .server = server, .queue_pairs = 1};

	return backend_open(&config, &backend);
}

void
set_deadline(void)
{
	backend->deadline = vhost_user_deadline_after_ms(DEADLINE_MS);
}

int
connect_backend(void)
{
	if (open_backend(false) < 0)
		abort();
	set_deadline();
	return backend->ops->connect(backend);
}

void
close_backend(void)
{
	if (backend != NULL)
		backend->ops->close(backend);
	backend = NULL;
}
