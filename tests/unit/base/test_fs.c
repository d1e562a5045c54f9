/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/base/fs.c on real files in a folder of their own. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "lib/base/fs.h"

struct place {
	char *path;
	int fd;
};

static int setup(void **state)
{
	struct place *p = g_new0(struct place, 1);

	p->path = g_dir_make_tmp("vtl-fs-XXXXXX", NULL);
	p->fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return p->fd < 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	close(p->fd);
	int r = fs_remove_tree(AT_FDCWD, p->path);

	g_free(p->path);
	g_free(p);
	return r;
}

static int open_new(struct place *p, const char *name)
{
	int fd = openat(p->fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static unsigned count_names(struct place *p)
{
	GDir *dir = g_dir_open(p->path, 0, NULL);
	unsigned n = 0;

	while (g_dir_read_name(dir) != NULL)
		n++;
	g_dir_close(dir);
	return n;
}

static void pread_tells_a_short_file(void **state)
{
	int fd = open_new(*state, "a");
	char buf[8];
	size_t size = 99;

	assert_int_equal(fs_pwrite(fd, "12345", 5, 0), 0);
	assert_int_equal(fs_pread(fd, buf, sizeof(buf), 2, &size), 0);
	assert_int_equal(size, 3);
	assert_memory_equal(buf, "345", 3);
	assert_int_equal(fs_pread_exact(fd, buf, 4, 2), -ENODATA);
	assert_int_equal(fs_pread_exact(fd, buf, 3, 2), 0);
	close(fd);
}

static void pwritev_takes_any_number_of_entries_and_leaves_them(void **state)
{
	static struct iovec iov[200], copy[200];
	static char data[600], back[600];
	int fd = open_new(*state, "v");
	size_t at = 0;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < 200; i++) {
		iov[i] = (struct iovec){ data + at, i % 6 }; /* zero lengths too */
		at += i % 6;
	}
	memcpy(copy, iov, sizeof(iov));
	assert_int_equal(fs_pwritev(fd, iov, 200, 10), 0);
	assert_memory_equal(copy, iov, sizeof(iov));
	assert_int_equal(fs_pread_exact(fd, back, at, 10), 0);
	assert_memory_equal(back, data, at);
	assert_int_equal(lseek(fd, 0, SEEK_END), 10 + (off_t)at);
	close(fd);
}

static void preadv_fills_its_entries_and_tells_where_the_file_ends(void **state)
{
	static struct iovec iov[3000]; /* more than IOV_MAX */
	static char data[9000], back[9000];
	int fd = open_new(*state, "r");
	size_t at = 0, size = 0;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < 3000; i++) {
		iov[i] = (struct iovec){ back + at, i % 4 };
		at += i % 4;
	}
	assert_int_equal(fs_pwrite(fd, data, at, 0), 0);
	assert_int_equal(fs_preadv(fd, iov, 3000, 0, &size), 0);
	assert_int_equal(size, at);
	assert_memory_equal(back, data, at);
	assert_int_equal(fs_preadv(fd, iov, 3000, at - 5, &size), 0);
	assert_int_equal(size, 5);
	assert_memory_equal(back, data + at - 5, 5);
	close(fd);
}

static void replace_is_whole_and_leaves_no_temporary_file(void **state)
{
	struct place *p = *state;
	struct stat st;
	void *data;
	size_t size;

	assert_int_equal(fs_replace(p->fd, "f", "old", 3, 0640), 0);
	assert_int_equal(fs_replace(p->fd, "f", "newer", 5, 0660), 0);
	assert_int_equal(fs_read(p->fd, "f", 100, &data, &size), 0);
	assert_int_equal(size, 5);
	assert_string_equal(data, "newer");
	free(data);
	assert_int_equal(fstatat(p->fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(count_names(p), 1);
}

static void replace_that_fails_keeps_the_old_file(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdirat(p->fd, "f", 0700), 0); /* rename over a folder must fail */
	assert_true(fs_replace(p->fd, "f", "x", 1, 0600) < 0);
	assert_int_equal(count_names(p), 1);
	assert_int_equal(fs_replace(-1, "f", "x", 1, 0600), -EBADF);
}

static void read_refuses_what_is_too_long_or_no_file(void **state)
{
	struct place *p = *state;
	void *data;
	size_t size;

	assert_int_equal(fs_replace(p->fd, "f", "12345", 5, 0600), 0);
	assert_int_equal(fs_read(p->fd, "f", 4, &data, &size), -EFBIG);
	assert_int_equal(fs_read(p->fd, "none", 4, &data, &size), -ENOENT);
	assert_int_equal(mkdirat(p->fd, "d", 0700), 0);
	assert_true(fs_read(p->fd, "d", 4, &data, &size) < 0);
}

static void remove_tree_does_not_follow_links(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdirat(p->fd, "keep", 0700), 0);
	assert_int_equal(mkdirat(p->fd, "tree", 0700), 0);
	assert_int_equal(mkdirat(p->fd, "tree/deeper", 0700), 0);
	close(open_new(p, "keep/file"));
	close(open_new(p, "tree/deeper/file"));
	assert_int_equal(symlinkat("../keep", p->fd, "tree/link"), 0);
	assert_int_equal(fs_remove_tree(p->fd, "tree"), 0);
	assert_int_equal(faccessat(p->fd, "keep/file", F_OK, 0), 0);
	assert_int_equal(faccessat(p->fd, "tree", F_OK, 0), -1);
	assert_int_equal(fs_remove_tree(p->fd, "tree"), -ENOENT);
}

static void disk_usage_counts_allocated_bytes(void **state)
{
	struct place *p = *state;
	static char block[100000];
	uint64_t bytes = 0;
	int fd;

	memset(block, 'x', sizeof(block));
	assert_int_equal(mkdirat(p->fd, "d", 0700), 0);
	fd = open_new(p, "d/file");
	assert_int_equal(fs_pwrite(fd, block, sizeof(block), 0), 0);
	assert_int_equal(fsync(fd), 0);
	close(fd);
	assert_int_equal(fs_disk_usage(p->fd, "d", &bytes), 0);
	assert_in_range(bytes, sizeof(block), 2 * sizeof(block));
	assert_int_equal(mkdirat(p->fd, "outer", 0700), 0);
	assert_int_equal(renameat(p->fd, "d", p->fd, "outer/d"), 0);
	assert_int_equal(fs_disk_usage(p->fd, "outer", &bytes), 0);
	assert_in_range(bytes, sizeof(block), 2 * sizeof(block));
	assert_int_equal(fs_sync_dir(p->fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pread_tells_a_short_file, setup, teardown),
		cmocka_unit_test_setup_teardown(
			preadv_fills_its_entries_and_tells_where_the_file_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(pwritev_takes_any_number_of_entries_and_leaves_them,
						setup, teardown),
		cmocka_unit_test_setup_teardown(replace_is_whole_and_leaves_no_temporary_file,
						setup, teardown),
		cmocka_unit_test_setup_teardown(replace_that_fails_keeps_the_old_file, setup,
						teardown),
		cmocka_unit_test_setup_teardown(read_refuses_what_is_too_long_or_no_file, setup,
						teardown),
		cmocka_unit_test_setup_teardown(remove_tree_does_not_follow_links, setup, teardown),
		cmocka_unit_test_setup_teardown(disk_usage_counts_allocated_bytes, setup, teardown),
	};

	return cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
