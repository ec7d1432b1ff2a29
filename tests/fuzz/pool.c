/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * See pool.h. A mempool with operations of its own, which need no EAL.
 */

#include <errno.h>

#include "fuzz.h"
#include "pool.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#define HIDE(where, len) ASAN_POISON_MEMORY_REGION(where, len)
#define SHOW(where, len) ASAN_UNPOISON_MEMORY_REGION(where, len)
#else
#define HIDE(where, len) ((void)(where), (void)(len))
#define SHOW(where, len) ((void)(where), (void)(len))
#endif

/*
 * Bytes at the front of each buffer that a run finds as the one before did: headers, and a little
 * behind them.
 */
#define MARKED 192

enum whereabouts {
	AT_HOME,
	IS_OUT,   /* with the queue, or with whom it was allocated for */
	IS_TAKEN, /* handed out by a burst */
};

/*
 * What a mempool keeps in front, the mbuf, its number as private data, its buffer up to the end of
 * the allocation.
 */
struct object {
	struct rte_mempool_objhdr front;
	struct rte_mbuf m;
	unsigned int number;
	uint8_t buffer[] __attribute__((aligned(64)));
};

#define PRIV_SIZE (offsetof(struct object, buffer) - offsetof(struct object, number))

struct pool {
	struct rte_mempool mp;
	struct rte_pktmbuf_pool_private priv;
	struct object *all[POOL_COUNT];
	uint8_t where[POOL_COUNT]; /* enum whereabouts */
	bool is_touched[POOL_COUNT];
	struct object *home[POOL_COUNT];
	unsigned int nr_home;
	unsigned int floor;  /* of nr_home: those below cannot be had */
	unsigned int moves;
	unsigned int puts;
	uint16_t room;
};

static struct object *
object_of(const void *m)
{
	return (struct object *)((uintptr_t)m - offsetof(struct object, m));
}

static void
hide(const struct pool *pool, struct object *object)
{
	HIDE(&object->m, sizeof(object->m));
	HIDE(object->buffer, pool->room);
	(void)pool;
}

static void
show(const struct pool *pool, struct object *object)
{
	SHOW(&object->m, sizeof(object->m));
	SHOW(object->buffer, pool->room);
	(void)pool;
}

static int
nothing(struct rte_mempool *mp)
{
	(void)mp;
	return 0;
}

static void
nothing_to_free(struct rte_mempool *mp)
{
	(void)mp;
}

static int
come_home(struct rte_mempool *mp, void *const *objects, unsigned int n)
{
	struct pool *const pool = (struct pool *)mp;
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct object *const object = object_of(objects[i]);
		const unsigned int number = object->number;

		FUZZ_CHECK(number < POOL_COUNT && pool->all[number] == object);
		FUZZ_CHECK(pool->where[number] != AT_HOME);
		FUZZ_CHECK(object->m.refcnt == 1 && object->m.nb_segs == 1 && object->m.next == NULL);
		FUZZ_CHECK(object->m.buf_addr == object->buffer && object->m.buf_len == pool->room);
		pool->where[number] = AT_HOME;
		pool->home[pool->nr_home++] = object;
		hide(pool, object);
	}
	pool->moves++;
	pool->puts += n;
	return 0;
}

static int
go_out(struct rte_mempool *mp, void **objects, unsigned int n)
{
	struct pool *const pool = (struct pool *)mp;
	unsigned int i;

	pool->moves++;
	if (n > pool->nr_home - pool->floor)
		return -ENOBUFS;
	for (i = 0; i < n; i++) {
		struct object *const object = pool->home[--pool->nr_home];

		pool->where[object->number] = IS_OUT;
		pool->is_touched[object->number] = true;
		show(pool, object);
		objects[i] = &object->m;
	}
	return 0;
}

static unsigned int
count_home(const struct rte_mempool *mp)
{
	return ((const struct pool *)mp)->nr_home;
}

static const struct rte_mempool_ops ops = {
	.name = "fuzz_heap",
	.alloc = nothing,
	.free = nothing_to_free,
	.enqueue = come_home,
	.dequeue = go_out,
	.get_count = count_home,
};

static void
object_set(struct pool *pool, struct object *object)
{
	memset(&object->m, 0, sizeof(object->m));
	memset(object->buffer, 0xa5, pool->room < MARKED ? pool->room : MARKED);
	object->m.buf_addr = object->buffer;
	object->m.priv_size = PRIV_SIZE;
	object->m.buf_len = pool->room;
	object->m.pool = &pool->mp;
	object->m.refcnt = 1;
	object->m.nb_segs = 1;
	object->m.data_off = RTE_PKTMBUF_HEADROOM;
}

static int
by_address(const void *one, const void *other)
{
	const uintptr_t a = (uintptr_t)*(struct object *const *)one;
	const uintptr_t b = (uintptr_t)*(struct object *const *)other;

	return (a > b) - (a < b);
}

static void
objects_make(struct pool *pool)
{
	const size_t len = offsetof(struct object, buffer) + pool->room;
	unsigned int i;

	for (i = 0; i < POOL_COUNT; i++) {
		void *memory = NULL;

		FUZZ_CHECK(posix_memalign(&memory, 64, len) == 0);
		memset(memory, 0xa5, len);
		pool->all[i] = memory;
	}
	qsort(pool->all, POOL_COUNT, sizeof(pool->all[0]), by_address);
	for (i = 0; i < POOL_COUNT; i++) {
		pool->all[i]->number = i;
		pool->is_touched[i] = true;
	}
	pool->nr_home = POOL_COUNT;
}

struct pool *
pool_make(uint16_t room)
{
	static int index = -1;
	struct pool *const pool = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*pool), 64));

	if (index < 0)
		index = rte_mempool_register_ops(&ops);
	FUZZ_CHECK(index >= 0 && pool != NULL);
	memset(pool, 0, sizeof(*pool));
	strcpy(pool->mp.name, "fuzz");
	pool->mp.size = POOL_COUNT;
	pool->mp.ops_index = index;
	pool->mp.private_data_size = sizeof(pool->priv);
	pool->priv.mbuf_data_room_size = room;
	pool->priv.mbuf_priv_size = PRIV_SIZE;
	pool->room = room;
	FUZZ_CHECK(rte_mempool_get_priv(&pool->mp) == &pool->priv);
	objects_make(pool);
	return pool;
}

void
pool_begin(struct pool *pool, unsigned int cap)
{
	unsigned int i;

	pool_end(pool);
	for (i = 0; i < POOL_COUNT; i++) {
		pool->home[i] = pool->all[i];
		if (!pool->is_touched[i])
			continue;
		show(pool, pool->all[i]);
		object_set(pool, pool->all[i]);
		hide(pool, pool->all[i]);
		pool->is_touched[i] = false;
	}
	pool->floor = POOL_COUNT - (cap < POOL_COUNT ? cap : POOL_COUNT);
	pool->moves = 0;
}

void
pool_end(struct pool *pool)
{
	FUZZ_CHECK(pool->nr_home == POOL_COUNT);
}

struct rte_mempool *
pool_mp(struct pool *pool)
{
	return &pool->mp;
}

struct rte_mbuf *
pool_get(struct pool *pool)
{
	void *m;

	if (rte_mempool_get(&pool->mp, &m) != 0)
		return NULL;
	rte_pktmbuf_reset(m);
	return m;
}

struct rte_mbuf *
pool_at(struct pool *pool, unsigned int i)
{
	return &pool->all[i % POOL_COUNT]->m;
}

/* The mbuf whose buffer begins last before @p addr; they are numbered by address. */
static unsigned int
find(const struct pool *pool, uint64_t addr)
{
	unsigned int low = 0, high = POOL_COUNT;

	while (high - low > 1) {
		const unsigned int middle = (low + high) / 2;

		if ((uintptr_t)pool->all[middle]->buffer <= addr)
			low = middle;
		else
			high = middle;
	}
	return low;
}

bool
pool_has(struct pool *pool, uint64_t addr, uint64_t len)
{
	const unsigned int number = find(pool, addr);
	const uint64_t offset = addr - (uintptr_t)pool->all[number]->buffer;

	return offset < pool->room && len <= pool->room - offset && pool->where[number] != AT_HOME;
}

unsigned int
pool_count_moves(struct pool *pool)
{
	const unsigned int moves = pool->moves;

	pool->moves = 0;
	return moves;
}

unsigned int
pool_count_puts(struct pool *pool)
{
	const unsigned int puts = pool->puts;

	pool->puts = 0;
	return puts;
}

/* Not a call of memcpy(), which a sanitizer would watch all the same. */
__attribute__((no_sanitize("address"))) static void
write_unseen(volatile uint8_t *at, const uint8_t *bytes, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		at[i] = bytes[i];
}

void
pool_poke(struct pool *pool, unsigned int i, uint32_t offset, uint32_t value)
{
	const unsigned int number = i % POOL_COUNT;

	pool->is_touched[number] = true;
	write_unseen(pool->all[number]->buffer + offset % (pool->room - 3u), (const uint8_t *)&value, sizeof(value));
}

volatile uint32_t *
pool_word(struct pool *pool, unsigned int i, uint32_t offset)
{
	return (volatile uint32_t *)(void *)(pool->all[i % POOL_COUNT]->buffer + offset);
}

void
pool_write(struct pool *pool, uint64_t addr, const void *bytes, uint32_t len)
{
	if (pool_has(pool, addr, len))
		write_unseen((uint8_t *)(uintptr_t)addr, bytes, len);
}

void
pool_check_packet(struct pool *pool, const struct rte_mbuf *m)
{
	const struct rte_mbuf *segment;
	uint32_t bytes = 0;
	uint16_t segments = 0;

	for (segment = m; segment != NULL; segment = segment->next, segments++) {
		const unsigned int number = object_of(segment)->number;

		FUZZ_CHECK(number < POOL_COUNT && &pool->all[number]->m == segment);
		FUZZ_CHECK(pool->where[number] == IS_OUT);
		pool->where[number] = IS_TAKEN;
		FUZZ_CHECK(segment->refcnt == 1);
		FUZZ_CHECK(segment->data_len > 0 && segment->data_off + segment->data_len <= segment->buf_len);
		bytes += segment->data_len;
	}
	FUZZ_CHECK(m->nb_segs == segments && m->pkt_len == bytes);
}
