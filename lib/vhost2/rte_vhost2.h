/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/**
 * @file
 * The device half of virtio, for any type of device: a target listens at (or connects to) an address, a front-end
 * comes, and the library tells the device when there is memory, when which queue may be processed and when it must
 * not be any more. It processes no queue by itself: ring_split.h and ring_packed.h have pop and push for that.
 *
 * Not here: sockets and messages (a transport's), packets (lib/vhost2_net).
 *
 * Theory of operation
 *
 * One device per connected front-end. Its callbacks come one at a time: each, unless it is said to be synchronous, is
 * finished by rte_vhost2_tgt_cb_complete(), in the callback or later and from any thread, and until then no other
 * callback of that device is called and no message of its front-end is looked at. Other devices go on. Callbacks come
 * from the thread that drives the target's loop; no lock is held across them, and every function of this header may
 * be called from every callback.
 *
 * @code
 *   device_create -> device_features_changed -> device_init -> queue_start ... queue_stop -> device_destroy
 *                                                  ^                              |
 *                                                  '---- memory or rings change --'
 * @endcode
 *
 * A peer that breaks the rules loses its connection (device_destroy follows) or its queue, never more, and is counted
 * by cause in struct rte_vhost2_tgt_stats.
 */

#ifndef RTE_VHOST2_H
#define RTE_VHOST2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The legacy helpers in the kernel's header are no C++, and for rings that nobody has here. */
#if defined(__cplusplus) && !defined(VIRTIO_RING_NO_LEGACY)
#define VIRTIO_RING_NO_LEGACY
#endif
#include <linux/vhost_types.h>
#include <linux/virtio_ring.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library is built with hidden visibility: this is all that is seen of it. */
#pragma GCC visibility push(default)

/** Regions that a device's memory may have (vhost-user CONFIGURE_MEM_SLOTS). */
#define RTE_VHOST2_MEMORY_MAX_NREGIONS 512
/** Virtqueues that a device may have. */
#define RTE_VHOST2_MAX_QUEUES 256
/** Descriptors that come with a message. */
#define RTE_VHOST2_MSG_MAX_FDS 8

/** @name Target flags
 * @{
 */
/** vhost-user: connect to the socket instead of listening on it. */
#define RTE_VHOST2_CLIENT (1ULL << 0)
/** With CLIENT: do not connect again after a connection ended; the target stays, and does nothing. */
#define RTE_VHOST2_NO_RECONNECT (1ULL << 1)
/** Offer VIRTIO_F_ACCESS_PLATFORM: the front-end may be an IOMMU that gives translations one by one. */
#define RTE_VHOST2_IOMMU (1ULL << 2)
/** Do not offer dirty logging (VHOST_F_LOG_ALL): no live migration, and no test for it on the data path. */
#define RTE_VHOST2_NO_LOG (1ULL << 3)
/** Offer in-flight tracking, of split rings, in memory that survives the process (vhost-user INFLIGHT_SHMFD). */
#define RTE_VHOST2_INFLIGHT (1ULL << 4)
/** @} */

/** Why a connection was closed or a queue broken; index of rte_vhost2_tgt_stats.errors. */
enum rte_vhost2_error {
	RTE_VHOST2_ERR_HANGUP,      /**< the peer closed the connection: no fault */
	RTE_VHOST2_ERR_MESSAGE,     /**< unknown, misshaped, not negotiated or out of order */
	RTE_VHOST2_ERR_FDS,         /**< wrong number or wrong kind of descriptors */
	RTE_VHOST2_ERR_TIMEOUT,     /**< began a message and did not end it, or reads no replies */
	RTE_VHOST2_ERR_MEMORY,      /**< a memory table, log or in-flight region that cannot be */
	RTE_VHOST2_ERR_RING,        /**< ring addresses or sizes that cannot be */
	RTE_VHOST2_ERR_INDEX,       /**< queue: an index that moved by more than the ring */
	RTE_VHOST2_ERR_DESCRIPTOR,  /**< queue: a chain that loops, is too long or mixes directions */
	RTE_VHOST2_ERR_TRANSLATION, /**< queue: an address that is in no region */
	RTE_VHOST2_ERR_FAULT,       /**< the memory behind a region is gone (a file that was cut) */
	RTE_VHOST2_ERR_CALLBACK,    /**< the device itself refused, by a callback's rc */
	RTE_VHOST2_ERR_COUNT,
};

/** Who changes the configuration space. */
enum rte_vhost2_set_config_type {
	RTE_VHOST2_SET_CONFIG_DRIVER,    /**< the driver wrote it */
	RTE_VHOST2_SET_CONFIG_MIGRATION, /**< restored after a migration */
};

/** A message that the generic part does not know. Its descriptors are closed by the library afterwards. */
struct rte_vhost2_msg {
	uint32_t id;
	uint32_t flags;
	uint32_t size;   /**< bytes at payload */
	void *payload;   /**< may be overwritten by the reply */
	uint32_t reply_size; /**< set by the device: bytes of payload to send back; 0: an ack when one is wanted */
	uint32_t nr_fds;
	int fds[RTE_VHOST2_MSG_MAX_FDS]; /**< the device may take one out and write -1 there */
};

/** A piece of the driver's memory, contiguous in every address space. */
struct rte_vhost2_mem_region {
	uint64_t guest_phys_addr; /**< the iova of the descriptors, without an IOMMU */
	uint64_t guest_user_addr; /**< the front-end's own address */
	uint64_t host_user_addr;  /**< ours */
	uint64_t size;            /**< bytes */
	void *mmap_addr;
	uint64_t mmap_size;
	int fd;                   /**< of the memory, -1 when it was closed after mapping */
};

/** All of it, by rising guest_phys_addr, nothing overlapping. */
struct rte_vhost2_memory {
	uint32_t nregions;
	struct rte_vhost2_mem_region regions[];
};

/**
 * A device. Made by the library when a front-end comes, as a part of the caller's own struct if it asks for that
 * (rte_vhost2_tgt_ops.dev_size). Read-only for the caller but for priv.
 */
struct rte_vhost2_dev {
	/** Changes only while all queues are stopped. Never NULL between device_init and device_destroy. */
	const struct rte_vhost2_memory *mem;
	bool iommu;         /**< VIRTIO_F_ACCESS_PLATFORM was negotiated: descriptors' addresses go through the IOTLB */
	bool logging;       /**< VHOST_F_LOG_ALL was negotiated: every write must be logged */
	uint16_t nr_queues; /**< that the device has */
	uint64_t features;  /**< negotiated */
	void *ctx;          /**< rte_vhost2_tgt_ops.ctx */
	void *priv;         /**< the caller's */
	struct rte_vhost2_session *session; /**< the library's */
};

/** Where a device stands on a ring. Packed indices have their wrap counter beside them. */
struct rte_vhost2_vq_pos {
	uint16_t avail_idx; /**< next available entry (split: running, packed: slot) */
	uint16_t used_idx;  /**< next used entry */
	bool avail_wrap;
	bool used_wrap;
};

/**
 * A virtqueue. From queue_start to the completion of queue_stop the library does not write it; the fields behind
 * "moving" are the processing thread's then.
 */
struct rte_vhost2_vq {
	union {
		struct vring_desc *desc;
		struct vring_packed_desc *packed;
	};
	union {
		struct vring_avail *avail;
		struct vring_packed_desc_event *driver_event;
	};
	union {
		struct vring_used *used;
		struct vring_packed_desc_event *device_event;
	};
	struct rte_vhost2_vq_log *log;           /**< where ring writes are logged; NULL: nothing is */
	struct rte_vhost2_vq_inflight *inflight; /**< record of buffers being worked on; NULL: none is kept */
	uint32_t size;     /**< entries, up to 32768; packed: any number */
	uint16_t index;
	bool is_packed;
	bool in_order;     /**< VIRTIO_F_IN_ORDER */
	bool indirect;     /**< VIRTIO_F_INDIRECT_DESC */
	bool event_idx;    /**< VIRTIO_F_EVENT_IDX */
	/**
	 * vhost-user SET_VRING_ENABLE. A disabled queue is processed without effect: what the driver sends is popped
	 * and discarded, and nothing is pushed to it of the device's own. A change comes as queue_stop and queue_start.
	 */
	bool enabled;
	bool polled;       /**< no kicks will come: the driver expects the device to poll */
	void *priv;        /**< the caller's */

	/* Moving. */
	struct rte_vhost2_vq_pos pos __attribute__((aligned(64)));
	uint32_t nr_uncalled; /**< pushed since the driver was called last */
	uint16_t signalled;   /**< split, EVENT_IDX: used index at the last call */
	bool signalled_valid;
	bool broken;          /**< by rte_vhost2_vq_break(): pop and push find nothing any more */
	uint64_t calls;       /**< sent */
	uint64_t calls_suppressed; /**< that the driver did not want */
};

/**
 * What a device is told, and what it is. All callbacks may be NULL: an asynchronous one is then complete with 0.
 * Arguments are never NULL.
 */
struct rte_vhost2_tgt_ops {
	/** A front-end connected. Completed with an error, the connection is closed and nothing else is called. */
	void (*device_create)(struct rte_vhost2_dev *vdev);
	/**
	 * Features and memory are as the front-end wants them: when first complete, and after each change of memory. All
	 * queues are stopped. Completed with an error, the connection is closed.
	 */
	void (*device_init)(struct rte_vhost2_dev *vdev);
	/**
	 * The driver chose its features. Called before the first device_init and whenever they change, with
	 * vdev->features already new. Queues that were running when VHOST_F_LOG_ALL changed are stopped before and
	 * started again after, lest a write escape the log. An error is answered to the front-end; the features stay as
	 * they were.
	 */
	void (*device_features_changed)(struct rte_vhost2_dev *vdev, uint64_t features);
	/**
	 * Process @p vq from now on. It is not modified before queue_stop is completed. Completed with an error, the
	 * queue is as if never started: queue_stop is not called for it.
	 */
	void (*queue_start)(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq);
	/**
	 * Stop processing @p vq. When this is completed the device has no pointer into its rings or buffers any more,
	 * and vq->pos says where it stopped. An rc other than 0 is logged and otherwise ignored.
	 */
	void (*queue_stop)(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq);
	/** The front-end is gone. All queues are stopped. After the completion vdev is freed. */
	void (*device_destroy)(struct rte_vhost2_dev *vdev);
	/**
	 * A message for the type of device, whose shape and gates were checked against the protocol. @p msg lives until
	 * completion; rc -ENOTSUP says that the device does not know it either: the front-end is told so if it asked for an
	 * ack, and loses its connection otherwise.
	 */
	void (*custom_msg)(struct rte_vhost2_dev *vdev, struct rte_vhost2_msg *msg);

	/** Synchronous. The driver kicked. Only for queues that are started, only if not NULL. */
	void (*queue_kick)(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq);
	/** Synchronous. Fill the first @p len bytes of the configuration space. 0 or -errno. */
	int (*get_config)(struct rte_vhost2_dev *vdev, uint8_t *config, uint32_t len);
	/** Synchronous. @p len bytes at @p offset were written. 0 or -errno, which the front-end is told. */
	int (*set_config)(struct rte_vhost2_dev *vdev, uint8_t *config, uint32_t offset, uint32_t len,
		enum rte_vhost2_set_config_type type);
	/** Synchronous. Something was counted in the target's errors; @p vq is NULL if it concerns no queue. */
	void (*device_error)(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, enum rte_vhost2_error error);

	/**
	 * Bytes of the caller's struct for a device, in which struct rte_vhost2_dev lies at dev_offset; 0: just the
	 * latter. The library allocates it zeroed, 64-byte aligned, before device_create, and frees it after
	 * device_destroy.
	 */
	size_t dev_size;
	size_t dev_offset;
	void *ctx;                        /**< becomes vdev->ctx */
	struct rte_vhost2_loop *loop;     /**< who calls; NULL: a thread of the library's own that all such targets share */
	uint16_t nr_queues;               /**< virtqueues of each device, 1..RTE_VHOST2_MAX_QUEUES */
	uint16_t max_devices;             /**< front-ends at a time; 0: no limit but memory and descriptors */
	uint32_t queue_size_max;          /**< 0: 32768 */
	uint16_t queue_num;               /**< answer to vhost-user GET_QUEUE_NUM, pairs for a net device; 0: nr_queues */
	uint64_t protocol_features;       /**< of vhost-user, on top of the generic ones: RARP, NET_MTU, CRYPTO_SESSION */
	void *reserved[8];
};

/**
 * Where log lines go: @p fn, from any thread, @p level as of syslog(). NULL: stderr, where it began, from LOG_NOTICE on.
 */
void rte_vhost2_log_to(void (*fn)(void *arg, int level, const char *line), void *arg);

/**
 * Register a target.
 *
 * @param trtype
 *   Transport: "vhost-user" (AF_UNIX), "loopback" (in this process).
 * @param trid
 *   Address: for vhost-user the path of the socket.
 * @param trflags
 *   RTE_VHOST2_*.
 * @param trctx
 *   For the transport; NULL for vhost-user.
 * @param ops
 *   Copied.
 * @param features
 *   Virtio features of the device type. The library adds VIRTIO_F_VERSION_1, VIRTIO_F_RING_PACKED,
 *   VIRTIO_F_IN_ORDER, VIRTIO_RING_F_INDIRECT_DESC and VIRTIO_RING_F_EVENT_IDX if they are in here, and by itself
 *   the bits of the transport (VHOST_USER_F_PROTOCOL_FEATURES, VHOST_F_LOG_ALL, VIRTIO_F_ACCESS_PLATFORM).
 * @return 0; -EINVAL; -EEXIST: there is such a target; -EPROTONOSUPPORT: no such transport; -errno of the address.
 */
int rte_vhost2_tgt_register(const char *trtype, const char *trid, uint64_t trflags, void *trctx,
	const struct rte_vhost2_tgt_ops *ops, uint64_t features);

/**
 * Unregister a target: its queues are stopped, its devices destroyed, then @p cb_fn is called from the thread that
 * calls the target's callbacks. No new front-end is accepted after the return.
 *
 * @return 0; -ENOENT; -EALREADY: it is being done. @p cb_fn is called only after 0. It may be NULL.
 */
int rte_vhost2_tgt_unregister(const char *trtype, const char *trid, void (*cb_fn)(void *arg), void *cb_arg);

/** Finish the callback that the device is in. Ignored, and logged, when there is none. */
void rte_vhost2_tgt_cb_complete(struct rte_vhost2_dev *vdev, int rc);

/** Counters of a target, over all its devices. */
struct rte_vhost2_tgt_stats {
	uint64_t connections; /**< so far */
	uint64_t devices;     /**< now */
	uint64_t refused;     /**< because of max_devices or for want of descriptors or memory */
	uint64_t errors[RTE_VHOST2_ERR_COUNT];
};

/** 0, -ENOENT. */
int rte_vhost2_tgt_stats_get(const char *trtype, const char *trid, struct rte_vhost2_tgt_stats *stats);

/** @name Loops
 * Who calls the callbacks. A loop with a thread runs by itself; one without is driven by the application, which
 * waits for its descriptor and calls rte_vhost2_loop_process().
 * @{
 */
struct rte_vhost2_loop;

/** @return NULL: errno says why. */
struct rte_vhost2_loop *rte_vhost2_loop_create(bool with_thread);
/**
 * Free a loop; NULL is allowed. Called from inside of it, as from the cb_fn of rte_vhost2_tgt_unregister(), it goes when
 * the call into it returns.
 *
 * @return 0; -EBUSY: targets use it.
 */
int rte_vhost2_loop_destroy(struct rte_vhost2_loop *loop);
/** Readable when rte_vhost2_loop_process() has something to do. */
int rte_vhost2_loop_fd(const struct rte_vhost2_loop *loop);
/** Do what can be done without waiting. @return events handled. */
unsigned int rte_vhost2_loop_process(struct rte_vhost2_loop *loop);
/** @} */

/** For rte_vhost2_iova_to_vva(): where regions do not decide. */
void *rte_vhost2_iotlb_to_vva(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, uint64_t *len,
	uint8_t perm);

/**
 * Translate an address of a descriptor.
 *
 * With an IOMMU a translation that is not known yet is asked for, and NULL returned: the buffer is to be looked at
 * again later (rte_vhost2_iova_is_pending()).
 *
 * @param vq
 *   Started.
 * @param len
 *   In: bytes wanted. Out: as many of them as are contiguous in our address space; call again for the rest. 0: none.
 * @param perm
 *   VHOST_ACCESS_RO, VHOST_ACCESS_WO or VHOST_ACCESS_RW: what is going to be done.
 * @return NULL: not mapped, or not with such permissions.
 */
static inline void *
rte_vhost2_iova_to_vva(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, uint64_t *len, uint8_t perm)
{
	const struct rte_vhost2_mem_region *region = vdev->mem->regions;
	const struct rte_vhost2_mem_region *const end = region + vdev->mem->nregions;
	uint64_t offset;

	if (__builtin_expect(vdev->iommu, 0))
		return rte_vhost2_iotlb_to_vva(vdev, vq, iova, len, perm);
	for (; region < end; region++) {
		offset = iova - region->guest_phys_addr;
		if (offset >= region->size)
			continue;
		if (__builtin_expect(*len > region->size - offset, 0))
			*len = region->size - offset;
		return (void *)(uintptr_t)(region->host_user_addr + offset);
	}
	*len = 0;
	return NULL;
}

/** Whether an address that could not be translated is being asked for. */
bool rte_vhost2_iova_is_pending(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova);

/** Note that @p len bytes at @p iova were written; only while vdev->logging. */
void rte_vhost2_log_write(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t iova, uint64_t len);

/** Note that @p len bytes at @p offset of the used ring (packed: of the descriptor ring) were written. */
void rte_vhost2_log_ring(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, uint64_t offset, uint64_t len);

/**
 * @name In-flight record
 * For split rings of a front-end that keeps one (vq->inflight is not NULL then; without, all of these do nothing).
 * Around each buffer: take when it was popped, before anything is done with it; put before, and commit after, used->idx
 * is published. At queue_start a device first does again what next() names.
 * @{
 */
/** @return false: there is nothing more to be done again; else *head is the first descriptor of a buffer */
bool rte_vhost2_inflight_next(struct rte_vhost2_vq *vq, uint16_t *head);
/** A buffer was popped. */
void rte_vhost2_inflight_take(struct rte_vhost2_vq *vq, uint16_t head);
/** A buffer is about to be returned. */
void rte_vhost2_inflight_put(struct rte_vhost2_vq *vq, uint16_t head);
/** All that were put are returned: used->idx is @p used_idx now. */
void rte_vhost2_inflight_commit(struct rte_vhost2_vq *vq, uint16_t used_idx);
/** @} */

/**
 * Tell the driver that something was pushed, whatever it asked for: rings' suppression is the caller's to look at
 * (vq_wants_call of ring.h). Never blocks.
 */
void rte_vhost2_dev_call(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq);

/** Tell the driver that the configuration space changed; get_config will be called. */
void rte_vhost2_dev_cfg_call(struct rte_vhost2_dev *vdev);

/**
 * The driver's ring makes no sense: pop and push find nothing any more until the driver starts it anew. Counted,
 * logged once, and the driver is told by the queue's error descriptor. From the processing thread.
 */
void rte_vhost2_vq_break(struct rte_vhost2_dev *vdev, struct rte_vhost2_vq *vq, enum rte_vhost2_error error);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* RTE_VHOST2_H */
