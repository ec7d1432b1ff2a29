/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The port's devargs: ONE table from which the parser, the defaults, the error lines, the PMD's
 * parameter string and doc/devargs.md come. Syntax and ranges are decided here; whether a back-end
 * can do what was asked is not.
 */

#ifndef VIRTIO_DEVARGS_H
#define VIRTIO_DEVARGS_H

#include <stdint.h>
#include <stdio.h>

#include <linux/if.h>

#include <rte_common.h>

#include "devargs_table.h"

/** vhost-user names a ring by 8 bits in its kick and call messages: 128 pairs are rings 0..255. */
#define DEVARGS_PAIRS_MAX 128
/** Ring sizes, in descriptors. */
#define DEVARGS_RING_MIN 4
#define DEVARGS_RING_MAX 32768
/** Bytes in the kernel. */
#define DEVARGS_SNDBUF_MAX 2147483647
/** Reply deadline in ms. */
#define DEVARGS_DEADLINE_MIN 10
#define DEVARGS_DEADLINE_MAX 60000

/** Which paths may be taken. */
enum devargs_vectorized {
	DEVARGS_VECTORIZED_NO,
	DEVARGS_VECTORIZED_YES,
	DEVARGS_VECTORIZED_AUTO,
};

/**
 * What the user asked for. One field for each key, of the key's name.
 */
struct port_config {
	char path[DEVARGS_PATH_MAX + 1]; /**< socket, never empty */
	uint8_t mac[6];                  /**< all zero: none was given */
	uint32_t queues;                 /**< queue pairs */
	uint32_t queue_size;             /**< descriptors, where the application names none */
	uint32_t server;                 /**< 1: we listen */
	uint32_t mrg_rxbuf;              /**< 0: never negotiate mergeable buffers */
	uint32_t in_order;               /**< 0: never negotiate in-order use */
	uint32_t packed_vq;              /**< 1: packed rings */
	uint32_t cq;                     /**< 1: a control queue even for one pair */
	char iface[IFNAMSIZ];            /**< of the kernel; empty: not given */
	char netns[DEVARGS_PATH_MAX + 1]; /**< empty: not given */
	uint32_t persist;                /**< 1: the kernel's interface stays */
	uint32_t sndbuf;                 /**< bytes; 0: no limit */
	uint32_t speed;                  /**< Mbit/s; UINT32_MAX: unknown */
	uint32_t vectorized;             /**< enum devargs_vectorized */
	uint32_t deadline;               /**< ms that one request to the peer may take */
};

/*
 * The table. TEXT(key, parser, form, default, meaning) and NUMBER(key, parser, min, max, rule,
 * default, meaning); a NULL default is "none". The form is what the user reads as "allowed".
 */
#define DEVARGS_TABLE(TEXT, NUMBER) \
	TEXT(path, devarg_path, "<socket>|/dev/vhost-net", NULL, \
		"UNIX socket of a vhost-user back-end, or the kernel's vhost-net device: what lies " \
		"there decides. Must be given. 1..107 bytes, without ',' and '='.") \
	TEXT(mac, devarg_mac, "<xx:xx:xx:xx:xx:xx>", NULL, \
		"Unicast MAC address. Without it the back-end's address is used, or else a " \
		"random one.") \
	NUMBER(queues, devarg_number, 1, DEVARGS_PAIRS_MAX, "", "1", \
		"Queue pairs that the port can use. The back-end may have fewer; then its " \
		"number counts.") \
	NUMBER(queue_size, devarg_number, DEVARGS_RING_MIN, DEVARGS_RING_MAX, \
		", a power of two unless packed_vq=1", "256", \
		"Descriptors of a queue for which the application leaves the size to the port " \
		"(0 descriptors). An application that names sizes gets them, queue by queue, " \
		"within the same limits. Where packed rings were wanted but turned down, the next " \
		"lower power of two is used.") \
	TEXT(server, devarg_flag, "0|1", "0", \
		"1: the port listens on the socket and the back-end connects. The port comes up " \
		"at once, with the link down until the back-end is there.") \
	TEXT(mrg_rxbuf, devarg_flag, "0|1", "1", \
		"0: do not negotiate VIRTIO_NET_F_MRG_RXBUF; a packet then has to fit into one " \
		"mbuf. With 1, packets that are larger than one mbuf arrive as a chain.") \
	TEXT(in_order, devarg_flag, "0|1", "1", \
		"0: do not negotiate VIRTIO_F_IN_ORDER.") \
	TEXT(packed_vq, devarg_flag, "0|1", "0", \
		"1: negotiate VIRTIO_F_RING_PACKED if the back-end has it; rings may then have any " \
		"number of descriptors.") \
	TEXT(cq, devarg_flag, "0|1", "0", \
		"1: a control queue even for a single queue pair. With several pairs there " \
		"always is one.") \
	TEXT(iface, parse_iface, "<name of 1..15 characters>", NULL, \
		"vhost-net: name of the kernel's network interface. A tap of this name that " \
		"exists already (persistent) is joined, otherwise one is made. With %d in it, and " \
		"without this key, the kernel finds a free number.") \
	TEXT(netns, parse_netns, "<name>|</path>", NULL, \
		"vhost-net: network namespace in which the interface is, by its name in " \
		"'ip netns' or the path of its file.") \
	TEXT(persist, devarg_flag, "0|1", "0", \
		"vhost-net: 1: the interface stays when the port is closed or the application " \
		"dies. With 0 it is gone then, unless it was persistent before.") \
	NUMBER(sndbuf, devarg_number, 0, DEVARGS_SNDBUF_MAX, "", "0", \
		"vhost-net: bytes of sent packets that may be under way in the kernel at a time; " \
		"more wait in the tx queue. 0: no limit, which lets vhost-net hand them over " \
		"in batches and is faster.") \
	TEXT(speed, devarg_speed, DEVARG_SPEED_FORM, "unknown", \
		"Link speed in Mbit/s to tell the application. It changes nothing of the real " \
		"speed.") \
	TEXT(vectorized, parse_vectorized, "auto|0|1", "auto", \
		"0: no vector path. auto: the fastest path that fits what was negotiated, the CPU and " \
		"`--force-max-simd-bitwidth`. 1: the same, and the log tells when it is none of " \
		"the vector paths.") \
	NUMBER(deadline, devarg_number, DEVARGS_DEADLINE_MIN, DEVARGS_DEADLINE_MAX, "", "3000", \
		"Milliseconds that the back-end may take for one control operation. One that " \
		"takes longer is given up: the call returns an error and the application goes " \
		"on.")

/** The PMD's parameter string, a literal: "path=<socket> mac=... ". */
#define DEVARGS_PARAM_STRING DEVARGS_TABLE(DEVARG_PARAM_TEXT, DEVARG_PARAM_NUMBER)

/**
 * Parse devargs.
 *
 * @param port
 *   Name, for the log line.
 * @param args
 *   "key=value,..."; NULL is read as "".
 * @param config
 *   Whole on success, undefined on failure.
 * @return 0; -EINVAL (one line was logged: key, value seen, what is allowed); -ENOMEM.
 */
int devargs_parse(const char *port, const char *args, struct port_config *config);

/** Write doc/devargs.md. */
void devargs_print_markdown(FILE *out);

#endif /* VIRTIO_DEVARGS_H */
