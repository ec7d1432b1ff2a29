/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* What the user asked for; one table reads the command line and prints the help. */

#ifndef VIRTIO_DEMO_OPTIONS_H
#define VIRTIO_DEMO_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic.h"

/** Exit statuses, for scripts. */
enum demo_exit {
	DEMO_OK = 0,             /**< traffic came back and every packet is accounted for */
	DEMO_TRAFFIC_FAILED = 1, /**< lost, repeated, late, damaged, none at all, or a leak */
	DEMO_USAGE = 2,          /**< the command line is wrong */
	DEMO_PORT_FAILED = 3,    /**< no port, or one that cannot be configured or gets no link */
};

/** The command line behind "--". */
struct demo_options {
	uint32_t seconds;       /**< how long to send, unless packets is set */
	uint32_t packets;       /**< packets per queue; 0: by time */
	uint32_t queues;        /**< queue pairs */
	uint32_t window;        /**< packets under way per queue at most; 0: what the ring allows */
	uint32_t ring;          /**< descriptors to ask for; 0: the port's default */
	uint32_t tx_segs;       /**< mbufs per frame sent, at least */
	uint32_t mtu;           /**< 0: from the largest frame */
	uint32_t link_wait;     /**< seconds to wait for the link */
	uint32_t cycles;        /**< times to configure, start and stop; 0: not that test */
	uint32_t replug;        /**< times to plug and unplug; 0: not that test */
	bool quiet;             /**< only errors and the verdict */
	bool restart_midway;    /**< stop and start the port half way */
	bool hotplug_memory;    /**< allocate and free memory while traffic runs */
	bool rx_scatter;        /**< ask for the scatter offload whatever the frame size */
	bool expect_no_drops;   /**< a drop counter of the port is a failure */
	const char *json;       /**< file to write the result to, or NULL */
	const char *size_text;  /**< sizes as given */
	struct traffic_sizes sizes;
};

/**
 * Read the command line that follows EAL's.
 *
 * @return 0, or -EINVAL after saying what is wrong.
 */
int options_parse(struct demo_options *options, int argc, char **argv);

/** The help text. */
void options_help(const char *program);

#endif /* VIRTIO_DEMO_OPTIONS_H */
