/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults of lib/library/state.c: the i-th system call of a move fails, and a process that moves is
 * killed at a random moment.  After each the inventory is read as by a new process: it is whole,
 * every cartridge is in it exactly once, and at most one move apart from what was acknowledged.
 */
#include "tests/unit/library/place.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- system calls of lib/base/fs.c, by the linker's --wrap ---- */

static unsigned calls, fail_at; /* fail_at 0: none fails */
static int fail_with;

static bool fails(void)
{
	if (++calls != fail_at)
		return false;
	errno = fail_with;
	return true;
}

ssize_t __real_pwrite(int fd, const void *buf, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);

ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset)
{
	return fails() ? -1 : __real_pwrite(fd, buf, size, offset);
}

int __wrap_fsync(int fd)
{
	return fails() ? -1 : __real_fsync(fd);
}

int __wrap_fchmod(int fd, mode_t mode)
{
	return fails() ? -1 : __real_fchmod(fd, mode);
}

int __wrap_renameat(int a, const char *from, int b, const char *to)
{
	return fails() ? -1 : __real_renameat(a, from, b, to);
}

/* Reads the file as a new process would and counts where each of T1..T3 is. */
static void assert_whole(uint16_t ret_address[3])
{
	static const char *const barcodes[] = { "T1", "T2", "T3" };
	struct library_config config = { .name = "lib0", .slots = 5, .mail_slots = 2, .drives = 2 };
	struct inventory inv = { 0 };
	g_autoptr(GError) error = NULL;
	int folder = state_open_library("lib0");

	assert_true(folder >= 0);
	assert_true(inventory_init(&inv, &config));
	if (!state_load_inventory(folder, "lib0", &inv, &error))
		fail_msg("the inventory is damaged: %s", error->message);
	for (size_t i = 0; i < 3; i++) {
		unsigned found = 0;

		for (size_t k = 0; k < inv.cnt; k++)
			found += strcmp(inv.cells[k].barcode, barcodes[i]) == 0;
		assert_int_equal(found, 1);
		assert_non_null(inventory_find(&inv, barcodes[i], &ret_address[i]));
	}
	inventory_clear(&inv);
	close(folder);
}

static void each_system_call_of_a_move_may_fail(void **state)
{
	static const int errors[] = { EIO, ENOSPC };
	unsigned failures = 0;

	(void)state;
	for (unsigned i = 1;; i++) {
		struct library *library = place_open(LIBRARY_OPEN_OWN);
		uint16_t before[3], after[3];
		int r;

		assert_whole(before);
		calls = 0;
		fail_with = errors[i % 2];
		fail_at = i;
		r = library_move(library, before[0], before[0] == SLOT_5 ? SLOT_4 : SLOT_5);
		fail_at = 0;
		assert_whole(after);
		if (r == 0) {
			library_unref(library);
			assert_true(calls < i); /* the fault lay behind the last call */
			break;
		}
		failures++;
		assert_int_equal(r, -errors[i % 2]);
		assert_int_equal(after[0], before[0]);
		assert_holds(library, before[0], "T1");
		library_unref(library);
	}
	assert_true(failures >= 4); /* write, sync, rename, sync of the folder */
}

/* Moves T1..T3 about for ever, telling each acknowledged move through @fd. */
static void mover(int fd)
{
	struct library *library = library_open("lib0", LIBRARY_OPEN_OWN, NULL);
	static const uint16_t places[] = { MAIL_1, MAIL_2, DRIVE_1, DRIVE_2, SLOT_1,
					   SLOT_2, SLOT_3, SLOT_4,  SLOT_5 };
	unsigned seed = (unsigned)getpid();

	while (library != NULL) {
		uint16_t source = places[(unsigned)rand_r(&seed) % G_N_ELEMENTS(places)];
		uint16_t dest = places[(unsigned)rand_r(&seed) % G_N_ELEMENTS(places)];
		struct library_element e;
		uint16_t told[2] = { 0, dest };

		if (!library_element(library, source, &e) || !e.full ||
		    library_move(library, source, dest) != 0)
			continue;
		told[0] = (uint16_t)(e.barcode[1] - '1');
		if (write(fd, told, sizeof(told)) != (ssize_t)sizeof(told))
			break;
	}
	_exit(1);
}

static void a_killed_mover_loses_no_acknowledged_move(void **state)
{
	uint16_t at[3] = { SLOT_1, SLOT_2, SLOT_3 };
	unsigned acknowledged = 0;

	(void)state;
	for (unsigned round = 0; round < 30; round++) {
		uint16_t told[2], now[3];
		unsigned moved = 0;
		int fds[2];
		pid_t pid;

		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (pid == 0)
			mover(fds[1]);
		close(fds[1]);
		/* the moment is where the mover happens to be after some of its answers */
		for (unsigned n = 0; n < 1 + round % 7; n++) {
			assert_int_equal(read(fds[0], told, sizeof(told)), sizeof(told));
			at[told[0]] = told[1];
			acknowledged++;
		}
		usleep(round * 37 % 400);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		while (read(fds[0], told, sizeof(told)) == (ssize_t)sizeof(told)) {
			at[told[0]] = told[1];
			acknowledged++;
		}
		close(fds[0]);
		assert_whole(now);
		for (size_t i = 0; i < 3; i++) {
			moved += now[i] != at[i];
			at[i] = now[i];
		}
		assert_true(moved <= 1); /* saved, and killed before it could tell */
	}
	assert_true(acknowledged >= 30);
}

#define T(name) cmocka_unit_test_setup_teardown(name, place_setup_lib0, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_system_call_of_a_move_may_fail),
		T(a_killed_mover_loses_no_acknowledged_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
