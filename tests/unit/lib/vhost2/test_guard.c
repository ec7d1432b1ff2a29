/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* guard.c: an access to memory that is gone succeeds, elsewhere a SIGBUS is what it was. */

#include "rig.h"

#include <signal.h>
#include <sys/wait.h>

#include "vhost2/guard.h"

static int previous_calls;

static void
note_previous(int signal_number)
{
	(void)signal_number;
	previous_calls++;
}

static uint8_t *
map_file(int *file)
{
	*file = memfd_create("guard", MFD_CLOEXEC);
	if (ftruncate(*file, 8192) != 0)
		return NULL;
	return mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, *file, 0);
}

static void
memory_that_is_cut_is_replaced_and_told(void **state)
{
	const int alarm_fd = eventfd(0, EFD_NONBLOCK);
	int file, flag = 0;
	uint8_t *memory = map_file(&file);
	struct guard *guard = guard_add(memory, 8192, &flag, alarm_fd);
	eventfd_t rung = 0;

	(void)state;
	memory[5000] = 1;
	assert_int_equal(ftruncate(file, 0), 0);
	*(volatile uint8_t *)&memory[5000] = 2;
	assert_int_equal(*(volatile uint8_t *)&memory[5000], 2);
	assert_int_equal(*(volatile uint8_t *)&memory[0], 0);
	assert_int_equal(__atomic_load_n(&flag, __ATOMIC_ACQUIRE), 1);
	assert_int_equal(eventfd_read(alarm_fd, &rung), 0);
	assert_int_equal(rung, 1);
	guard_remove(guard);
	guard_remove(NULL);
	munmap(memory, 8192);
	close(file);
	close(alarm_fd);
}

static void
places_in_the_table_are_used_again(void **state)
{
	const int alarm_fd = eventfd(0, EFD_NONBLOCK);
	struct guard *first = NULL;

	(void)state;
	for (int i = 0; i < 100; i++) {
		int file, flag = 0;
		uint8_t *memory = map_file(&file);
		struct guard *guard = guard_add(memory, 8192, &flag, alarm_fd);

		first = first == NULL ? guard : first;
		assert_ptr_equal(guard, first);
		assert_int_equal(ftruncate(file, 4096), 0);
		*(volatile uint8_t *)&memory[4096] = 1;
		assert_int_equal(__atomic_load_n(&flag, __ATOMIC_ACQUIRE), 1);
		guard_remove(guard);
		munmap(memory, 8192);
		close(file);
	}
	close(alarm_fd);
}

/* In a child, which ends by it or not. @return its wait status */
static int
fault_in_child(bool with_handler, bool sent)
{
	const pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		int file, flag = 0;
		uint8_t *guarded = map_file(&file), *other = map_file(&file);

		signal(SIGBUS, with_handler ? note_previous : SIG_DFL);
		guard_add(guarded, 8192, &flag, -1);
		if (sent)
			raise(SIGBUS);
		else if (!with_handler && ftruncate(file, 0) == 0)
			*(volatile uint8_t *)other = 1;
		_exit(with_handler ? previous_calls : 77);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void
other_faults_go_to_the_handler_before(void **state)
{
	int status;

	(void)state;
	status = fault_in_child(true, true);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void
without_a_handler_before_other_faults_end_the_process(void **state)
{
	int status;

	(void)state;
	status = fault_in_child(false, false);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 77);
	status = fault_in_child(false, true);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* Before the handler is installed in this process. */
		cmocka_unit_test(other_faults_go_to_the_handler_before),
		cmocka_unit_test(without_a_handler_before_other_faults_end_the_process),
		cmocka_unit_test(memory_that_is_cut_is_replaced_and_told),
		cmocka_unit_test(places_in_the_table_are_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
