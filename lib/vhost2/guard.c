/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * SIGBUS, see guard.h.
 *
 * Theory of operation. Slots are in a list that only grows and is never freed: the handler may walk it at any moment. A
 * slot is in use while its `start` is not 0; that is stored last and cleared first. The handler meets a slot that is
 * being changed only while it looks for the address of another one, for nobody touches a mapping that comes or goes.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vhost2/guard.h"
#include "vhost2/log.h"

struct guard {
	struct guard *next; /* written before the slot is in the list */
	uintptr_t start;    /* 0: free; atomic */
	uintptr_t end;
	int *flag;
	int alarm_fd;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct guard *slots; /* atomic */
static struct sigaction previous;
/* In the handler before ours, which may have ours before it. */
static __thread bool passing __attribute__((tls_model("initial-exec")));

static struct guard *
find(uintptr_t address)
{
	struct guard *slot = __atomic_load_n(&slots, __ATOMIC_ACQUIRE);
	uintptr_t start;

	for (; slot != NULL; slot = slot->next) {
		start = __atomic_load_n(&slot->start, __ATOMIC_ACQUIRE);
		if (start != 0 && address >= start && address < __atomic_load_n(&slot->end, __ATOMIC_RELAXED))
			return slot;
	}
	return NULL;
}

/* The whole mapping goes: a part of one of huge pages could not be replaced. */
static bool
replace(const struct guard *slot)
{
	const uintptr_t start = __atomic_load_n(&slot->start, __ATOMIC_RELAXED);
	const uint64_t one = 1;
	void *memory = mmap((void *)start, slot->end - start, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	__atomic_store_n(slot->flag, 1, __ATOMIC_RELEASE);
	if (write(slot->alarm_fd, &one, sizeof(one)) < 0)
		return true; /* it rings already */
	return true;
}

/* The access is made again when the handler returns, and meets the default. */
static void
give_up(int signal_number, const siginfo_t *info)
{
	signal(signal_number, SIG_DFL);
	if (info->si_code <= 0)
		raise(signal_number);
}

/* Not ours: as if we were not here. */
static void
pass_on(int signal_number, siginfo_t *info, void *context)
{
	const bool is_function = previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN;

	if (passing || !is_function) {
		give_up(signal_number, info);
		return;
	}
	passing = true;
	if ((previous.sa_flags & SA_SIGINFO) != 0)
		previous.sa_sigaction(signal_number, info, context);
	else
		previous.sa_handler(signal_number);
	passing = false;
}

static void
on_sigbus(int signal_number, siginfo_t *info, void *context)
{
	const int saved = errno;
	/* si_code of a signal that somebody sent is 0 or less: its address is no address. */
	const struct guard *slot = info->si_code > 0 ? find((uintptr_t)info->si_addr) : NULL;

	if (slot == NULL || !replace(slot))
		pass_on(signal_number, info, context);
	errno = saved;
}

/* Whoever set a handler meanwhile is before ours from now on. */
static void
install(void)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER }, now;

	if (sigaction(SIGBUS, NULL, &now) == 0 && now.sa_sigaction == on_sigbus)
		return;
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGBUS, &action, &previous) != 0)
		vhost2_log(LOG_ERR, "cannot handle SIGBUS: error %d; a peer that cuts its memory ends this process",
			errno);
}

/* @return a slot that is not in use, in the list or not yet */
static struct guard *
find_free(bool *is_new)
{
	struct guard *slot = slots;

	*is_new = false;
	while (slot != NULL && slot->start != 0)
		slot = slot->next;
	if (slot != NULL)
		return slot;
	slot = calloc(1, sizeof(*slot));
	*is_new = slot != NULL;
	return slot;
}

struct guard *
guard_add(void *addr, size_t len, int *flag, int alarm_fd)
{
	struct guard *slot;
	bool is_new;

	pthread_mutex_lock(&lock);
	install();
	slot = find_free(&is_new);
	if (slot != NULL) {
		__atomic_store_n(&slot->end, (uintptr_t)addr + len, __ATOMIC_RELAXED);
		slot->flag = flag;
		slot->alarm_fd = alarm_fd;
		__atomic_store_n(&slot->start, (uintptr_t)addr, __ATOMIC_RELEASE);
	}
	if (is_new) {
		slot->next = slots;
		__atomic_store_n(&slots, slot, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&lock);
	return slot;
}

void
guard_remove(struct guard *slot)
{
	if (slot == NULL)
		return;
	pthread_mutex_lock(&lock);
	__atomic_store_n(&slot->start, 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
}
