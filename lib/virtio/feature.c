/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The feature table and the four questions asked of it. See feature.h.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "virtio/feature.h"
#include "virtio/text.h"

#define BIT VIRTIO_BIT
#define NAME(feature) .bit = feature, .name = #feature

/*
 * VIRTIO 1.3 5.1.3.1: "Some networking feature bits require other networking feature bits"
 * fills needs_all and needs_any. VIRTIO 1.3 5.1.4.2: "A driver SHOULD NOT negotiate
 * VIRTIO_NET_F_HASH_REPORT if it does not negotiate VIRTIO_NET_F_CTRL_VQ", and the same for
 * CTRL_RX_EXTRA, are wants_all; so are the commands that nothing can carry without a control
 * queue, and the packed ring, which no legacy interface knows.
 */
const struct virtio_feature virtio_feature_table[] = {
	{NAME(VIRTIO_NET_F_CSUM)},
	{NAME(VIRTIO_NET_F_GUEST_CSUM)},
	{NAME(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS), .wants_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_MTU)},
	{NAME(VIRTIO_NET_F_MAC)},
	{NAME(VIRTIO_NET_F_GSO)},
	{NAME(VIRTIO_NET_F_GUEST_TSO4), .needs_all = BIT(VIRTIO_NET_F_GUEST_CSUM)},
	{NAME(VIRTIO_NET_F_GUEST_TSO6), .needs_all = BIT(VIRTIO_NET_F_GUEST_CSUM)},
	{NAME(VIRTIO_NET_F_GUEST_ECN),
		.needs_any = BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6)},
	{NAME(VIRTIO_NET_F_GUEST_UFO), .needs_all = BIT(VIRTIO_NET_F_GUEST_CSUM)},
	{NAME(VIRTIO_NET_F_HOST_TSO4), .needs_all = BIT(VIRTIO_NET_F_CSUM)},
	{NAME(VIRTIO_NET_F_HOST_TSO6), .needs_all = BIT(VIRTIO_NET_F_CSUM)},
	{NAME(VIRTIO_NET_F_HOST_ECN),
		.needs_any = BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6)},
	{NAME(VIRTIO_NET_F_HOST_UFO), .needs_all = BIT(VIRTIO_NET_F_CSUM)},
	{NAME(VIRTIO_NET_F_MRG_RXBUF)},
	{NAME(VIRTIO_NET_F_STATUS)},
	{NAME(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_CTRL_RX), .needs_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_CTRL_VLAN), .needs_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_CTRL_RX_EXTRA), .wants_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_GUEST_ANNOUNCE), .needs_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_MQ), .needs_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_CTRL_MAC_ADDR), .needs_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_F_NOTIFY_ON_EMPTY)},
	{NAME(VIRTIO_F_ANY_LAYOUT)},
	{NAME(VIRTIO_RING_F_INDIRECT_DESC)},
	{NAME(VIRTIO_RING_F_EVENT_IDX)},
	{NAME(VIRTIO_F_VERSION_1)},
	{NAME(VIRTIO_F_ACCESS_PLATFORM)},
	{NAME(VIRTIO_F_RING_PACKED), .wants_all = BIT(VIRTIO_F_VERSION_1)},
	{NAME(VIRTIO_F_IN_ORDER)},
	{NAME(VIRTIO_F_ORDER_PLATFORM)},
	{NAME(VIRTIO_F_SR_IOV)},
	{NAME(VIRTIO_F_NOTIFICATION_DATA)},
	{NAME(VIRTIO_F_NOTIF_CONFIG_DATA)},
	{NAME(VIRTIO_F_RING_RESET)},
	{NAME(VIRTIO_F_ADMIN_VQ)},
	{NAME(VIRTIO_F_SUSPEND)},
	{NAME(VIRTIO_NET_F_DEVICE_STATS), .wants_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_HASH_TUNNEL), .needs_all = BIT(VIRTIO_NET_F_CTRL_VQ),
		.needs_any = BIT(VIRTIO_NET_F_RSS) | BIT(VIRTIO_NET_F_HASH_REPORT)},
	{NAME(VIRTIO_NET_F_VQ_NOTF_COAL), .needs_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_NOTF_COAL), .needs_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_GUEST_USO4), .needs_all = BIT(VIRTIO_NET_F_GUEST_CSUM)},
	{NAME(VIRTIO_NET_F_GUEST_USO6), .needs_all = BIT(VIRTIO_NET_F_GUEST_CSUM)},
	{NAME(VIRTIO_NET_F_HOST_USO), .needs_all = BIT(VIRTIO_NET_F_CSUM)},
	{NAME(VIRTIO_NET_F_HASH_REPORT), .wants_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_GUEST_HDRLEN)},
	{NAME(VIRTIO_NET_F_RSS), .needs_all = BIT(VIRTIO_NET_F_CTRL_VQ)},
	{NAME(VIRTIO_NET_F_RSC_EXT),
		.needs_any = BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6)},
	{NAME(VIRTIO_NET_F_STANDBY)},
	{NAME(VIRTIO_NET_F_SPEED_DUPLEX)},
};

const size_t virtio_feature_count =
	sizeof(virtio_feature_table) / sizeof(virtio_feature_table[0]);

const struct virtio_feature *
virtio_feature_find(unsigned int bit)
{
	size_t i;

	for (i = 0; i < virtio_feature_count; i++)
		if (virtio_feature_table[i].bit == bit)
			return &virtio_feature_table[i];
	return NULL;
}

const char *
virtio_feature_name(unsigned int bit)
{
	const struct virtio_feature *feature = virtio_feature_find(bit);

	return feature != NULL ? feature->name : "VIRTIO_F_UNKNOWN";
}

static bool
needs_are_met(const struct virtio_feature *feature, uint64_t features)
{
	return (feature->needs_all & ~features) == 0 &&
		(feature->needs_any == 0 || (feature->needs_any & features) != 0);
}

static uint64_t
close_once(uint64_t features)
{
	uint64_t kept = features;
	size_t i;

	for (i = 0; i < virtio_feature_count; i++) {
		const struct virtio_feature *feature = &virtio_feature_table[i];

		if (!needs_are_met(feature, features) || (feature->wants_all & ~features) != 0)
			kept &= ~BIT(feature->bit);
	}
	return kept;
}

uint64_t
virtio_features_close(uint64_t features)
{
	uint64_t before;

	/* A bit that falls may have been what another one stood on: GUEST_ECN, TSO4, CSUM. */
	do {
		before = features;
		features = close_once(before);
	} while (features != before);
	return features;
}

int
virtio_features_check(uint64_t features, unsigned int *offender)
{
	size_t i;

	for (i = 0; i < virtio_feature_count; i++) {
		const struct virtio_feature *feature = &virtio_feature_table[i];

		/*
		 * VIRTIO 1.3 2.2.1: "MUST NOT accept a feature which requires another feature which
		 * was not accepted"
		 */
		if ((features & BIT(feature->bit)) != 0 && !needs_are_met(feature, features)) {
			if (offender != NULL)
				*offender = feature->bit;
			return -EINVAL;
		}
	}
	return 0;
}

/* "VIRTIO_NET_F_CSUM", "VIRTIO_RING_F_EVENT_IDX", "VIRTIO_F_IN_ORDER": what follows the F_. */
static const char *
short_name(const char *name)
{
	return strstr(name, "F_") + strlen("F_");
}

size_t
virtio_features_text(uint64_t features, char *buf, size_t len)
{
	struct text text = text_start(buf, len);
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		const struct virtio_feature *feature = virtio_feature_find(bit);
		char unknown[sizeof("bit63")];

		if ((features & BIT(bit)) == 0)
			continue;
		snprintf(unknown, sizeof(unknown), "bit%u", bit % 64);
		text_join(&text, " ", feature != NULL ? short_name(feature->name) : unknown);
	}
	return text.needed;
}
