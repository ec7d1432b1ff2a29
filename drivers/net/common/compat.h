/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * The only file that knows DPDK versions. Everything else is written against the newest API and its names here.
 */

#ifndef COMMON_COMPAT_H
#define COMMON_COMPAT_H

#include <rte_version.h>
#include <rte_lcore.h>
#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
#include <rte_thread.h>
#endif

#include <pthread.h>

/* Control threads: off the data cores, signals blocked, named. `name` has at most 15 characters. */
#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
typedef rte_thread_t control_thread_t;
typedef uint32_t control_thread_ret_t;
#define CONTROL_THREAD_RET 0
static inline int
control_thread_create(control_thread_t *thread, const char *name, rte_thread_func body, void *arg)
{
	return -rte_thread_create_control(thread, name, body, arg);
}
/* Without EAL running: where it would ask for the control cores. */
static inline int
plain_thread_create(control_thread_t *thread, const char *name, rte_thread_func body, void *arg)
{
	(void)name;
	return -rte_thread_create(thread, NULL, body, arg);
}
static inline void
control_thread_join(control_thread_t thread)
{
	rte_thread_join(thread, NULL);
}
#else
typedef pthread_t control_thread_t;
typedef void *control_thread_ret_t;
#define CONTROL_THREAD_RET NULL
static inline int
control_thread_create(control_thread_t *thread, const char *name, void *(*body)(void *), void *arg)
{
	return rte_ctrl_thread_create(thread, name, NULL, body, arg);
}
static inline int
plain_thread_create(control_thread_t *thread, const char *name, void *(*body)(void *), void *arg)
{
	(void)name;
	return -pthread_create(thread, NULL, body, arg);
}
static inline void
control_thread_join(control_thread_t thread)
{
	pthread_join(thread, NULL);
}
#endif

/* The ethdev ops whose shape changed. The names are macros, so nothing here needs ethdev's headers by itself. */
#if RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0)
typedef int rx_queue_count_ret_t;
#define STATS_GET_PARAMS struct rte_eth_dev *dev, struct rte_eth_stats *stats, struct eth_queue_stats *queue_stats
#define STATS_GET_QUEUES queue_stats
#define STATS_GET_ARGS(dev, stats) (dev), (stats), NULL
#define STATS_QUEUES_STRUCT struct eth_queue_stats
#else
typedef uint32_t rx_queue_count_ret_t;
#define STATS_GET_PARAMS struct rte_eth_dev *dev, struct rte_eth_stats *stats
#define STATS_GET_QUEUES stats
#define STATS_GET_ARGS(dev, stats) (dev), (stats)
#define STATS_QUEUES_STRUCT struct rte_eth_stats
#endif
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
#define PTYPES_GET_PARAMS struct rte_eth_dev *dev, size_t *nr
#define PTYPES_GET_ARGS(dev, nr) (dev), (nr)
#define PTYPES_SET_COUNT(count) (*nr = (count))
#else
#define PTYPES_GET_PARAMS struct rte_eth_dev *dev
#define PTYPES_GET_ARGS(dev, nr) (dev)
#define PTYPES_SET_COUNT(count) ((void)(count))
#endif

#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
#define telemetry_add_uint rte_tel_data_add_dict_uint
#else
#define telemetry_add_uint rte_tel_data_add_dict_u64
#endif

#endif /* COMMON_COMPAT_H */
