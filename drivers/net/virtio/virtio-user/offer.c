/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * What the device offers and shows: the feature bits and the configuration space, computed from what the user asked
 * for and from the peer (or, before a first peer came to a server, from what we could support). See device.h.
 */

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"
#include "virtio/feature.h"
#include "virtio/net.h"
#include "virtio-user/device.h"

/** Everything that has an implementation; what is offered is true. */
#define FEATURES_SUPPORTED (VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_IN_ORDER) | \
	VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX) | \
	VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC) | VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) | FEATURES_OFFLOAD | \
	FEATURES_OURS)

/** What is between driver and peer alone: the peer computes, or leaves to the driver, what headers say. */
#define FEATURES_OFFLOAD (VIRTIO_BIT(VIRTIO_NET_F_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4) | \
	VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO6) | VIRTIO_BIT(VIRTIO_NET_F_HOST_ECN) | \
	VIRTIO_BIT(VIRTIO_NET_F_HOST_USO) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) | \
	VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6) | \
	VIRTIO_BIT(VIRTIO_NET_F_GUEST_ECN) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO4) | \
	VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO6) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_HDRLEN))

/** Those that this device provides by itself, in front of the peer. */
#define FEATURES_OURS (VIRTIO_BIT(VIRTIO_NET_F_MAC) | VIRTIO_BIT(VIRTIO_NET_F_STATUS) | \
	VIRTIO_BIT(VIRTIO_NET_F_MTU) | VIRTIO_BIT(VIRTIO_NET_F_SPEED_DUPLEX) | \
	VIRTIO_BIT(VIRTIO_NET_F_MQ) | FEATURES_CONTROL)

/** Those whose commands control.c answers; the peer has no control queue, so it never hears of them. */
#define FEATURES_CONTROL (VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR) | \
	VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX))

/** What this configuration rules out. */
static uint64_t
features_absent(const struct virtio_user_device *device)
{
	const struct virtio_user_config *config = &device->config;
	uint64_t absent = config->features_off;

	if (!device->has_control)
		absent |= FEATURES_CONTROL;
	/* Who filters nothing must not seem to. */
	if (device->backend->filter == NULL)
		absent |= VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX);
	if (config->queue_pairs < 2)
		absent |= VIRTIO_BIT(VIRTIO_NET_F_MQ);
	if (config->speed == VIRTIO_NET_SPEED_UNKNOWN)
		absent |= VIRTIO_BIT(VIRTIO_NET_F_SPEED_DUPLEX);
	if (device->is_connected && device->backend->mtu == NULL)
		absent |= VIRTIO_BIT(VIRTIO_NET_F_MTU);
	return absent;
}

static bool
mac_is_usable(const uint8_t *mac)
{
	static const uint8_t zero[ETH_ALEN];

	return (mac[0] & 1) == 0 && memcmp(mac, zero, ETH_ALEN) != 0;
}

/** A random address, locally administered and unicast. */
static void
mac_draw(uint8_t *mac)
{
	/* Cannot fail for so few bytes once the system is up; if it does, zeros with the bit set still work. */
	if (getrandom(mac, ETH_ALEN, GRND_NONBLOCK) != ETH_ALEN)
		memset(mac, 0, ETH_ALEN);
	mac[0] = (uint8_t)((mac[0] & ~1u) | 2u);
}

/** Take over what the peer's configuration space says, where it makes sense. */
static int
read_peer_space(struct virtio_user_device *device)
{
	struct backend *backend = device->backend;
	struct virtio_net_config peer;
	int rc;

	if (!device->is_connected || backend->config == NULL)
		return 0;
	memset(&peer, 0, sizeof(peer));
	rc = backend->config->get_config(backend, 0, &peer, sizeof(peer));
	if (rc < 0)
		return rc == -EREMOTEIO ? 0 : rc;
	if (!device->is_mac_chosen && mac_is_usable(peer.mac) &&
	    (backend->caps.features & VIRTIO_BIT(VIRTIO_NET_F_MAC)) != 0) {
		memcpy(device->space.mac, peer.mac, ETH_ALEN);
		/* One that can be told its address keeps it, whatever becomes of the connection. */
		device->is_mac_chosen = backend->filter != NULL;
	}
	if (virtio_net_mtu_is_valid(peer.mtu) &&
	    (backend->caps.features & VIRTIO_BIT(VIRTIO_NET_F_MTU)) != 0)
		device->space.mtu = peer.mtu;
	return 0;
}

void
device_follow_peer(struct virtio_user_device *device)
{
	struct backend *backend = device->backend;
	uint8_t mac[ETH_ALEN];

	if (backend->config != NULL &&
	    (backend->caps.features & VIRTIO_BIT(VIRTIO_NET_F_MAC)) != 0 &&
	    backend->config->get_config(backend, offsetof(struct virtio_net_config, mac), mac, sizeof(mac)) == 0 &&
	    mac_is_usable(mac))
		memcpy(device->space.mac, mac, ETH_ALEN);
	if (backend->mtu != NULL && backend->mtu->get_mtu != NULL)
		device->mtu = backend->mtu->get_mtu(backend);
}

void
device_init_space(struct virtio_user_device *device)
{
	const struct virtio_user_config *config = &device->config;
	struct virtio_net_config *space = &device->space;

	device->is_mac_chosen = mac_is_usable(config->mac);
	if (device->is_mac_chosen)
		memcpy(space->mac, config->mac, ETH_ALEN);
	else
		mac_draw(space->mac);
	space->max_virtqueue_pairs = config->queue_pairs;
	space->mtu = VIRTIO_NET_MTU_MAX;
	space->speed = config->speed;
	space->duplex = config->speed == VIRTIO_NET_SPEED_UNKNOWN ? VIRTIO_NET_DUPLEX_UNKNOWN :
								    VIRTIO_NET_DUPLEX_FULL;
}

int
device_refresh_offer(struct virtio_user_device *device)
{
	/*
	 * A first peer that lacks what the driver accepted before would have to be turned away. Little is lost without
	 * EVENT_IDX; and applications that ask for every offload there is would find no peer that has them all.
	 */
	uint64_t provided = FEATURES_SUPPORTED & ~VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX) & ~FEATURES_OFFLOAD;

	if (device->is_connected)
		provided = device->backend->caps.features | FEATURES_OURS;
	device->offered = virtio_features_close(provided & FEATURES_SUPPORTED &
						~features_absent(device));
	return read_peer_space(device);
}

uint16_t
device_pairs(const struct virtio_user_device *device)
{
	if ((device->negotiated & VIRTIO_BIT(VIRTIO_NET_F_MQ)) == 0)
		return 1;
	return device->config.queue_pairs;
}

bool
device_is_control(const struct virtio_user_device *device, uint16_t queue)
{
	return (device->negotiated & VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ)) != 0 &&
	       queue == virtio_net_ctrlq_index(device->negotiated, device->config.queue_pairs);
}

uint64_t
device_peer_features(const struct virtio_user_device *device)
{
	return device->negotiated & device->backend->caps.features & ~FEATURES_CONTROL;
}

uint64_t
device_missing_features(const struct virtio_user_device *device)
{
	return device->negotiated & ~FEATURES_OURS & ~device->backend->caps.features;
}
