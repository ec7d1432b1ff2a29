/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See support.h.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "support.h"
#include "virtio/notify.h"

int virtio_user_logtype;

/* --- pools --- */

struct pool {
	struct rte_mempool mp;
	struct rte_pktmbuf_pool_private priv;
	struct rte_mbuf **all;
	bool *is_home; /* by the mbuf's number */
	void **home;
	unsigned int nb_home;
};

/* What a pool keeps in front; mbuf; its number as private data; its buffer, up to the end of what was allocated. */
struct numbered {
	struct rte_mempool_objhdr front;
	struct rte_mbuf m;
	unsigned int number;
	uint8_t buffer[] __attribute__((aligned(64)));
};

#define PRIV_SIZE (offsetof(struct numbered, buffer) - offsetof(struct numbered, number))

static struct numbered *
numbered_of(void *m)
{
	return (struct numbered *)((char *)m - offsetof(struct numbered, m));
}

static int
pool_nothing(struct rte_mempool *mp)
{
	(void)mp;
	return 0;
}

static void
pool_nothing_free(struct rte_mempool *mp)
{
	(void)mp;
}

static int
pool_enqueue(struct rte_mempool *mp, void *const *objects, unsigned int n)
{
	struct pool *const pool = (struct pool *)mp;
	unsigned int i;

	for (i = 0; i < n; i++) {
		const unsigned int number = numbered_of(objects[i])->number;

		assert_in_range(number, 0, mp->size - 1);
		assert_ptr_equal(pool->all[number], objects[i]);
		assert_false(pool->is_home[number]);
		pool->is_home[number] = true;
		pool->home[pool->nb_home++] = objects[i];
	}
	return 0;
}

static int
pool_dequeue(struct rte_mempool *mp, void **objects, unsigned int n)
{
	struct pool *const pool = (struct pool *)mp;
	unsigned int i;

	if (n > pool->nb_home)
		return -ENOBUFS;
	for (i = 0; i < n; i++) {
		objects[i] = pool->home[--pool->nb_home];
		pool->is_home[numbered_of(objects[i])->number] = false;
	}
	return 0;
}

static unsigned int
pool_get_count(const struct rte_mempool *mp)
{
	return ((const struct pool *)mp)->nb_home;
}

static const struct rte_mempool_ops pool_ops = {
	.name = "test_heap",
	.alloc = pool_nothing,
	.free = pool_nothing_free,
	.enqueue = pool_enqueue,
	.dequeue = pool_dequeue,
	.get_count = pool_get_count,
};

static struct rte_mbuf *
mbuf_make(struct pool *pool, unsigned int number, uint16_t room)
{
	const size_t len = offsetof(struct numbered, buffer) + room;
	struct numbered *object;
	void *p = NULL;

	if (posix_memalign(&p, 64, len) != 0) {
		fail_msg("no memory");
		return NULL;
	}
	object = p;
	/* What is never written shows. */
	memset(p, 0xa5, len);
	memset(&object->m, 0, sizeof(object->m));
	object->number = number;
	object->m.buf_addr = object->buffer;
	object->m.priv_size = PRIV_SIZE;
	object->m.buf_len = room;
	object->m.pool = &pool->mp;
	object->m.refcnt = 1;
	object->m.nb_segs = 1;
	object->m.data_off = RTE_PKTMBUF_HEADROOM;
	return &object->m;
}

/* rte_mempool_obj_iter() follows these. */
static struct rte_mempool_objhdr *
object_header(struct rte_mbuf *m)
{
	static_assert(offsetof(struct numbered, m) >= sizeof(struct rte_mempool_objhdr), "room in front");
	return RTE_PTR_SUB(m, sizeof(struct rte_mempool_objhdr));
}

struct rte_mempool *
pool_make(unsigned int count, uint16_t room)
{
	static int ops_index = -1;
	struct pool *const pool = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*pool), 64));
	unsigned int i;

	if (ops_index < 0)
		ops_index = rte_mempool_register_ops(&pool_ops);
	assert_true(ops_index >= 0);
	assert_non_null(pool);
	memset(pool, 0, sizeof(*pool));
	strcpy(pool->mp.name, "test");
	pool->mp.size = count;
	pool->mp.ops_index = ops_index;
	pool->mp.private_data_size = sizeof(pool->priv);
	assert_ptr_equal(rte_mempool_get_priv(&pool->mp), &pool->priv);
	pool->priv.mbuf_data_room_size = room;
	pool->priv.mbuf_priv_size = PRIV_SIZE;
	pool->all = calloc(count, sizeof(*pool->all));
	pool->is_home = calloc(count, sizeof(*pool->is_home));
	pool->home = calloc(count, sizeof(*pool->home));
	STAILQ_INIT(&pool->mp.elt_list);
	for (i = 0; i < count; i++) {
		pool->all[i] = mbuf_make(pool, i, room);
		STAILQ_INSERT_TAIL(&pool->mp.elt_list, object_header(pool->all[i]), next);
	}
	pool_enqueue(&pool->mp, (void **)pool->all, count);
	return &pool->mp;
}

unsigned int
pool_count(const struct rte_mempool *mp)
{
	return pool_get_count(mp);
}

void
pool_drop(struct rte_mempool *mp)
{
	struct pool *const pool = (struct pool *)mp;
	unsigned int i;

	assert_int_equal(pool->nb_home, mp->size);
	for (i = 0; i < mp->size; i++) {
		struct rte_mbuf *const m = pool->all[i];

		assert_int_equal(m->refcnt, 1);
		assert_int_equal(m->nb_segs, 1);
		assert_null(m->next);
		free(numbered_of(m));
	}
	free(pool->all);
	free(pool->is_home);
	free(pool->home);
	free(pool);
}

uint8_t
packet_byte(uint32_t seed, uint32_t offset)
{
	return (uint8_t)(seed * 31 + offset * 7 + (offset >> 8));
}

static struct rte_mbuf *
segment_make(struct rte_mempool *pool, uint32_t seed, uint32_t offset, uint32_t len)
{
	struct rte_mbuf *m;
	uint32_t i;

	assert_int_equal(rte_mempool_get(pool, (void **)&m), 0);
	rte_pktmbuf_reset(m);
	for (i = 0; i < len; i++)
		rte_pktmbuf_mtod(m, uint8_t *)[i] = packet_byte(seed, offset + i);
	m->data_len = (uint16_t)len;
	return m;
}

struct rte_mbuf *
packet_make(struct rte_mempool *pool, uint32_t seed, uint32_t len, uint32_t segment)
{
	struct rte_mbuf *const head = segment_make(pool, seed, 0, RTE_MIN(len, segment));
	struct rte_mbuf *tail = head;
	uint32_t offset;

	for (offset = tail->data_len; offset < len; offset += tail->data_len) {
		tail->next = segment_make(pool, seed, offset, RTE_MIN(len - offset, segment));
		tail = tail->next;
		head->nb_segs++;
	}
	head->pkt_len = len;
	return head;
}

void
packet_check(const struct rte_mbuf *m, uint32_t seed, uint32_t len)
{
	const struct rte_mbuf *segment;
	uint32_t offset = 0;
	uint32_t segments = 0;
	uint32_t i;

	assert_int_equal(m->pkt_len, len);
	assert_int_equal(m->ol_flags, 0);
	assert_int_equal(m->packet_type, 0);
	for (segment = m; segment != NULL; segment = segment->next, segments++) {
		assert_int_equal(segment->refcnt, 1);
		for (i = 0; i < segment->data_len; i++)
			if (rte_pktmbuf_mtod(segment, uint8_t *)[i] != packet_byte(seed, offset + i))
				fail_msg("packet %u differs at byte %u", seed, offset + i);
		offset += segment->data_len;
	}
	assert_int_equal(offset, len);
	assert_int_equal(m->nb_segs, segments);
}

/* --- the device's half of a ring --- */

static bool
is_packed(const struct device *device)
{
	return device->area->format == VRING_PACKED;
}

void
device_start(struct device *device, const struct vring_area *area, uint32_t base, uint64_t features)
{
	device->area = area;
	device->hdr_len = (uint32_t)virtio_net_hdr_len(features);
	device->event_idx = (features & VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX)) != 0;
	device->called_idx = (uint16_t)base;
	if (is_packed(device)) {
		packed_device_start(device, base);
		return;
	}
	device->avail_idx = (uint16_t)base;
	device->used_idx = (uint16_t)base;
	assert_int_equal(split_used_ring(area)->idx, (uint16_t)base);
}

uint16_t
device_waiting(const struct device *device)
{
	uint16_t waiting;

	if (is_packed(device))
		return packed_device_waiting(device);
	waiting = (uint16_t)(split_avail_idx_read(split_avail_ring(device->area)) - device->avail_idx);
	assert_in_range(waiting, 0, device->area->size);
	return waiting;
}

static void
collect(struct chain *chain, const struct vring_desc *table, uint32_t size, uint16_t id)
{
	struct vring_desc desc;

	do {
		assert_in_range(id, 0, size - 1);
		desc = split_desc_read(table, id);
		assert_in_range(chain->links, 0, CHAIN_MAX - 1);
		assert_int_not_equal(desc.len, 0);
		chain->link[chain->links++] = desc;
		id = desc.next;
	} while ((desc.flags & VRING_DESC_F_NEXT) != 0);
	assert_in_range(chain->links, 1, size);
}

void
device_pop(struct device *device, struct chain *chain)
{
	const struct vring_area *const area = device->area;
	const uint16_t mask = (uint16_t)(area->size - 1);
	struct vring_desc first;

	if (is_packed(device)) {
		packed_device_pop(device, chain);
		return;
	}
	assert_true(device_waiting(device) > 0);
	assert_int_equal(split_avail_ring(area)->flags, device->event_idx ? 0 : VRING_AVAIL_F_NO_INTERRUPT);
	chain->head = split_avail_entry_read(split_avail_ring(area), device->avail_idx++ & mask);
	chain->links = 0;
	assert_in_range(chain->head, 0, area->size - 1);
	first = split_desc_read(split_desc_table(area), chain->head);
	chain->is_indirect = (first.flags & VRING_DESC_F_INDIRECT) != 0;
	if (chain->is_indirect) {
		assert_int_equal(first.flags, VRING_DESC_F_INDIRECT);
		collect(chain, (void *)(uintptr_t)first.addr, first.len / sizeof(first), 0);
		assert_int_equal(first.len, chain->links * sizeof(first));
		assert_in_range(chain->links, 1, area->size);
	} else {
		collect(chain, split_desc_table(area), area->size, chain->head);
	}
}

void
device_push(struct device *device, uint32_t id, uint32_t len)
{
	uint16_t slot;

	if (is_packed(device)) {
		packed_device_push(device, id, len);
		return;
	}
	slot = device->used_idx++ & (device->area->size - 1);
	split_used_elem_write(split_used_ring(device->area), slot, id, len);
}

void
device_publish(struct device *device)
{
	uint16_t event;

	if (is_packed(device)) {
		packed_device_publish(device);
		return;
	}
	split_used_publish(split_used_ring(device->area), device->used_idx);
	if (!device->event_idx)
		return;
	event = split_used_event_read(split_avail_ring(device->area), device->area->size);
	device->calls += virtio_need_event(event, device->used_idx, device->called_idx);
	device->called_idx = device->used_idx;
}

void
device_push_batch(struct device *device, uint32_t id, uint32_t len, uint16_t n)
{
	device->packed.batched = n - 1;
	device_push(device, id, len);
	device->used_idx += n - 1;
}

uint32_t
device_base(const struct device *device)
{
	return is_packed(device) ? packed_base(device->packed.used) : device->used_idx;
}

void
device_scribble(struct device *device)
{
	const uint32_t size = device->area->size;

	memset(device->area->desc, 0x5a, vring_desc_bytes(VRING_SPLIT, size));
	memset(device->area->driver, 0x5a, vring_driver_bytes(VRING_SPLIT, size));
}

void
device_want_kicks(struct device *device, bool wanted)
{
	if (is_packed(device))
		packed_event_flags_set(packed_device_event(device->area),
			wanted ? VRING_PACKED_EVENT_FLAG_ENABLE : VRING_PACKED_EVENT_FLAG_DISABLE);
	else
		split_used_flags_set(split_used_ring(device->area), wanted ? 0 : VRING_USED_F_NO_NOTIFY);
}

uint32_t
device_write(const struct device *device, const struct chain *chain, uint16_t num_buffers, uint32_t seed, uint32_t len)
{
	uint8_t *const to = (uint8_t *)(uintptr_t)chain->link[0].addr;
	struct virtio_net_hdr_v1 hdr = {.num_buffers = num_buffers};
	uint32_t i;

	assert_int_equal(chain->links, 1);
	assert_int_equal(chain->link[0].flags, VRING_DESC_F_WRITE);
	assert_in_range(device->hdr_len + len, 0, chain->link[0].len);
	memcpy(to, &hdr, device->hdr_len);
	for (i = 0; i < len; i++)
		to[device->hdr_len + i] = packet_byte(seed, i);
	return device->hdr_len + len;
}

void
device_send(struct device *device, uint32_t seed, uint32_t len)
{
	struct chain chain;

	device_pop(device, &chain);
	device_push(device, chain.head, device_write(device, &chain, 1, seed, len));
	device_publish(device);
}

uint32_t
device_send_merged(struct device *device, uint32_t seed, uint32_t len)
{
	const uint32_t total = len + device->hdr_len;
	const uint32_t posted = RIG_POSTED;
	const uint32_t buffers = (total + posted - 1) / posted;
	uint32_t offset = 0;
	uint32_t i;

	for (i = 0; i < buffers; i++) {
		struct chain chain;
		uint32_t part = RTE_MIN(posted, total - i * posted);
		uint32_t at = 0;
		uint32_t j;

		device_pop(device, &chain);
		if (i == 0)
			at = device_write(device, &chain, (uint16_t)buffers, seed, 0);
		for (j = at; j < part; j++)
			((uint8_t *)(uintptr_t)chain.link[0].addr)[j] = packet_byte(seed, offset++);
		device_push(device, chain.head, part);
	}
	device_publish(device);
	return buffers;
}

void
device_check(const struct device *device, const struct chain *chain, uint32_t seed, uint32_t len)
{
	uint32_t offset = 0;
	uint32_t i;
	uint32_t j;

	for (i = 0; i < chain->links; i++) {
		const uint8_t *const from = (const uint8_t *)(uintptr_t)chain->link[i].addr;

		assert_int_equal(chain->link[i].flags & ~VRING_DESC_F_NEXT, 0);
		for (j = 0; j < chain->link[i].len; j++, offset++) {
			const uint8_t wanted = offset < device->hdr_len ? 0 : packet_byte(seed, offset - device->hdr_len);

			if (from[j] != wanted)
				fail_msg("packet %u differs at byte %u", seed, offset);
		}
	}
	assert_int_equal(offset, device->hdr_len + len);
}

void
device_kick(void *device, uint16_t queue)
{
	(void)queue;
	((struct device *)device)->kicks++;
}

/* --- rigs --- */

static void
config_fill(struct queue_config *config, uint32_t size, uint64_t features, size_t mem_len, void **mem)
{
	assert_int_equal(posix_memalign(mem, 64, mem_len), 0);
	config->port = "test0";
	config->port_id = 7;
	config->index = 3;
	config->size = size;
	config->features = features;
	config->mem = *mem;
	config->mem_len = mem_len;
}

void
rx_rig_open(struct rx_rig *rig, const struct rx_path *row, uint32_t size)
{
	rx_rig_open_with(rig, row, size, 0);
}

void
rx_rig_open_with(struct rx_rig *rig, const struct rx_path *row, uint32_t size, uint64_t more_features)
{
	rx_rig_open_offload(rig, row, size, more_features, 0);
	/* The same mbufs from every row. */
	rxq_set_ptypes(rig->rxq, false);
}

void
rx_rig_open_offload(struct rx_rig *rig, const struct rx_path *row, uint32_t size, uint64_t more_features,
	uint64_t offloads)
{
	const uint64_t features = rx_row_features(row) | more_features;

	memset(rig, 0, sizeof(*rig));
	rig->row = row;
	rig->pool_size = size + 256;
	rig->pool = pool_make(rig->pool_size, RIG_ROOM);
	config_fill(&rig->config, size, features, rxq_mem_bytes(features, size), &rig->mem);
	rig->config.notifier = (struct vring_notifier){device_kick, &rig->device};
	rig->config.pool = rig->pool;
	rig->config.offloads = offloads;
	assert_int_equal(rxq_create(&rig->config, &rig->rxq), 0);
	assert_int_equal(rxq_fill(rig->rxq, size), 0);
	device_start(&rig->device, rxq_area(rig->rxq), row_base(row->traits.format), features);
	rxq_open(rig->rxq);
}

void
rx_rig_close(struct rx_rig *rig)
{
	rxq_close(rig->rxq);
	rxq_destroy(rig->rxq);
	free(rig->mem);
	pool_drop(rig->pool);
}

void
tx_rig_open(struct tx_rig *rig, const struct tx_path *row, uint32_t size, uint64_t more_features, bool fast_free)
{
	const uint64_t features = tx_row_features(row) | more_features;

	memset(rig, 0, sizeof(*rig));
	rig->row = row;
	rig->pool_size = 2 * size + 1200;
	rig->pool = pool_make(rig->pool_size, RIG_ROOM);
	config_fill(&rig->config, size, features, txq_mem_bytes(features, size), &rig->mem);
	rig->config.notifier = (struct vring_notifier){device_kick, &rig->device};
	rig->config.fast_free = fast_free;
	assert_int_equal(txq_create(&rig->config, &rig->txq), 0);
	device_start(&rig->device, txq_area(rig->txq), row_base(row->traits.format), features);
	txq_open(rig->txq);
}

void
tx_rig_close(struct tx_rig *rig)
{
	txq_close(rig->txq);
	txq_destroy(rig->txq);
	free(rig->mem);
	pool_drop(rig->pool);
}

uint16_t
rx_rig_burst(struct rx_rig *rig, struct rte_mbuf **pkts, uint16_t n)
{
	return rig->row->burst(rig->rxq, pkts, n);
}

uint16_t
tx_rig_burst(struct tx_rig *rig, struct rte_mbuf **pkts, uint16_t n)
{
	return rig->row->burst(rig->txq, pkts, n);
}

void
rx_rig_expect(struct rx_rig *rig, uint32_t seed, uint32_t len)
{
	struct rte_mbuf *m;

	assert_int_equal(rx_rig_burst(rig, &m, 1), 1);
	assert_int_equal(m->port, 7);
	packet_check(m, seed, len);
	rte_pktmbuf_free(m);
}
