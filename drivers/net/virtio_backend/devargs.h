/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The port's devargs: ONE table from which the parser, the defaults, the error lines, the PMD's parameter string and
 * doc/devargs-backend.md come.
 */

#ifndef VIRTIO_BACKEND_DEVARGS_H
#define VIRTIO_BACKEND_DEVARGS_H

#include <stdint.h>
#include <stdio.h>

#include "devargs_table.h"

/** Pairs, of whose rings vhost-user names 256, the control queue being one more where there are fewer. */
#define DEVARGS_PAIRS_MAX 127
/** Ring sizes, in descriptors. */
#define DEVARGS_RING_MIN 4
#define DEVARGS_RING_MAX 32768
/** VIRTIO 1.3 5.1.4.1: "The device MUST NOT ... less than 68": and what a frame of 64 KiB leaves. */
#define DEVARGS_MTU_MIN 68
#define DEVARGS_MTU_MAX 65517

/** What the user asked for. One field for each key, of the key's name; dashes are underscores. */
struct backend_config {
	char path[DEVARGS_PATH_MAX + 1]; /**< socket, never empty */
	uint32_t client;      /**< 1: we connect */
	uint32_t reconnect;   /**< with client: again and again */
	uint32_t queues;      /**< queue pairs */
	uint32_t queue_size;  /**< descriptors at most */
	uint8_t mac[6];       /**< of the port; all zero: none was given */
	uint8_t driver_mac[6]; /**< of the driver; all zero: its own business */
	uint32_t mtu;         /**< that the driver is told; 0: none */
	uint32_t speed;       /**< Mbit/s; UINT32_MAX: unknown */
	uint32_t packed;
	uint32_t in_order;
	uint32_t mrg_rxbuf;
	uint32_t indirect;
	uint32_t event_idx;
	uint32_t csum;
	uint32_t tso;
	uint32_t iommu;
	uint32_t migration;
	uint32_t inflight;
	uint32_t zero_copy;
};

/* The table; see devargs_table.h. TEXT(key, parser, form, default, meaning), NUMBER with min, max and rule. */
#define DEVARGS_TABLE(TEXT, NUMBER) \
	TEXT(path, devarg_path, "<socket>", NULL, \
		"UNIX socket at which front-ends meet the port. Must be given. 1..107 bytes, without ',' and '='. " \
		"No two ports can have the same.") \
	TEXT(client, devarg_flag, "0|1", "0", \
		"0: the port listens on the socket, which it makes. 1: the port connects to a front-end that listens.") \
	TEXT(reconnect, devarg_flag, "0|1", "1", \
		"With client=1: connect again when a connection ended, or could not be made, until it can.") \
	NUMBER(queues, devarg_number, 1, DEVARGS_PAIRS_MAX, "", "1", \
		"Queue pairs that a driver may use. The application has to poll as many.") \
	NUMBER(queue_size, devarg_number, DEVARGS_RING_MIN, DEVARGS_RING_MAX, "", "32768", \
		"Descriptors that a ring may have at most. The driver chooses the size; a larger ring is refused.") \
	TEXT(mac, devarg_mac, "<xx:xx:xx:xx:xx:xx>", NULL, \
		"Unicast MAC address of the port itself. Without it a random one is used.") \
	TEXT(driver_mac, devarg_mac, "<xx:xx:xx:xx:xx:xx>", NULL, \
		"Unicast MAC address that the driver is given (VIRTIO_NET_F_MAC). Without it the front-end chooses.") \
	NUMBER(mtu, devarg_number, 0, DEVARGS_MTU_MAX, ", 0 or at least 68", "0", \
		"MTU that the driver is told (VIRTIO_NET_F_MTU), and the largest that the port can be set to. 0: the " \
		"driver is told none.") \
	TEXT(speed, devarg_speed, DEVARG_SPEED_FORM, "unknown", \
		"Link speed in Mbit/s to tell the application and the driver. It changes nothing of the real speed.") \
	TEXT(packed, devarg_flag, "0|1", "1", "0: do not offer VIRTIO_F_RING_PACKED.") \
	TEXT(in_order, devarg_flag, "0|1", "1", "0: do not offer VIRTIO_F_IN_ORDER.") \
	TEXT(mrg_rxbuf, devarg_flag, "0|1", "1", \
		"0: do not offer VIRTIO_NET_F_MRG_RXBUF; a packet then has to fit into one buffer of the driver.") \
	TEXT(indirect, devarg_flag, "0|1", "1", "0: do not offer VIRTIO_RING_F_INDIRECT_DESC.") \
	TEXT(event_idx, devarg_flag, "0|1", "1", "0: do not offer VIRTIO_RING_F_EVENT_IDX.") \
	TEXT(csum, devarg_flag, "0|1", "1", \
		"0: the driver can neither leave checksums to the port nor take packets without them.") \
	TEXT(tso, devarg_flag, "0|1", "0", \
		"1: the driver may send TCP segments of up to 64 KiB, which the application receives as they are " \
		"(needs csum=1; the port then has RTE_ETH_RX_OFFLOAD_TCP_LRO).") \
	TEXT(iommu, devarg_flag, "0|1", "0", "1: offer VIRTIO_F_ACCESS_PLATFORM: the driver may be behind an IOMMU.") \
	TEXT(migration, devarg_flag, "0|1", "1", \
		"0: do not offer dirty logging (VHOST_F_LOG_ALL): the driver's machine cannot be migrated.") \
	TEXT(inflight, devarg_flag, "0|1", "0", "1: offer a record of buffers in flight, which survives this process.") \
	TEXT(zero_copy, devarg_flag, "0|1", "0", \
		"1: received mbufs are to point into the driver's memory. Not possible yet: allowed is 0.")

/** The PMD's parameter string, a literal. */
#define DEVARGS_PARAM_STRING DEVARGS_TABLE(DEVARG_PARAM_TEXT, DEVARG_PARAM_NUMBER)

/** As devargs_table_parse(). */
int devargs_parse(const char *port, const char *args, struct backend_config *config);

/** Write doc/devargs-backend.md. */
void devargs_print_markdown(FILE *out);

#endif /* VIRTIO_BACKEND_DEVARGS_H */
