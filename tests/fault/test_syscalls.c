/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first, the second, the third ... system call of a session fails, once or from then on, until
 * the session runs without meeting the fault.  After each the cartridge must open and hold what was
 * acknowledged, and no descriptor may be left open.
 */
#include "tests/fault/replay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- the fault ---- */

enum calls {
	CALLS_DATA = 1, /* pread, pwrite, pwritev */
	CALLS_ALL = 2,
};

static struct {
	bool on, lasting; /* lasting: every later call fails too */
	enum calls which;
	int error; /* 0: half of the bytes are transferred */
	unsigned countdown, met;
} fault;

static bool fails(enum calls which)
{
	if (!fault.on || (fault.which == CALLS_DATA && which != CALLS_DATA))
		return false;
	if (fault.countdown > 1) {
		fault.countdown--;
		return false;
	}
	if (fault.met > 0 && !fault.lasting)
		return false;
	fault.met++;
	errno = fault.error;
	return true;
}

/* clang-format off */
ssize_t __real_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __real_pwrite(int fd, const void *buf, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset);
ssize_t __real_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags);
int __real_openat(int fd, const char *name, int flags, ...);
int __wrap_openat(int fd, const char *name, int flags, ...);
/* clang-format on */

ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
	if (!fails(CALLS_DATA))
		return __real_pread(fd, buf, size, offset);
	return fault.error != 0 || size < 2 ? -1 : __real_pread(fd, buf, size / 2, offset);
}

ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset)
{
	if (!fails(CALLS_DATA))
		return __real_pwrite(fd, buf, size, offset);
	return fault.error != 0 || size < 2 ? -1 : __real_pwrite(fd, buf, size / 2, offset);
}

/* An error comes after a part has been written, as on a disk that fills up. */
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset)
{
	ssize_t n;

	if (!fails(CALLS_DATA))
		return __real_pwritev(fd, iov, cnt, offset);
	n = __real_pwrite(fd, iov[0].iov_base, (iov[0].iov_len + 1) / 2, offset);
	errno = fault.error;
	return fault.error != 0 ? -1 : n;
}

int __wrap_fdatasync(int fd)
{
	return fails(CALLS_ALL) ? -1 : __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
	return fails(CALLS_ALL) ? -1 : __real_fsync(fd);
}

int __wrap_ftruncate(int fd, off_t size)
{
	return fails(CALLS_ALL) ? -1 : __real_ftruncate(fd, size);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return fails(CALLS_ALL) ? -1 : __real_renameat(from_fd, from, to_fd, to);
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
	return fails(CALLS_ALL) ? -1 : __real_unlinkat(fd, name, flags);
}

int __wrap_openat(int fd, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(args, mode_t);
	va_end(args);
	return fails(CALLS_ALL) ? -1 : __real_openat(fd, name, flags, mode);
}

/* ---- the session ---- */

/* Segments have 64 KiB: the session crosses their ends, and cuts some off again. */
static const struct replay_op session[] = {
	{ OP_WRITE, 1000, 1 },  { OP_WRITE, 50000, 2 }, { OP_MARKS, 2, 0 },
	{ OP_SYNC, 0, 0 },      { OP_WRITE, 30000, 3 }, { OP_SYNC, 0, 0 },
	{ OP_LOCATE, 1, 0 },    { OP_WRITE, 700, 4 },   { OP_MARKS, 300, 0 },
	{ OP_WRITE, 60000, 5 }, { OP_WRITE, 20000, 6 }, { OP_SYNC, 0, 0 },
	{ OP_LOCATE, 250, 0 },  { OP_ERASE, 0, 0 },     { OP_WRITE, 10, 7 },
	{ OP_REOPEN, 0, 0 },    { OP_LOCATE, 2, 0 },    { OP_WRITE, 5, 8 },
	{ OP_MARKS, 1, 0 },
};

static struct model_tape before, after;

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

/* A blank cartridge and tape. */
static void begin(struct pool *p)
{
	ignore_result(cart_delete(p->path, "T1"));
	pool_create(p, "T1", 0);
	memset(&before, 0, sizeof(before));
}

/*
 * Runs the session until something fails, or to its end; then closes. Returns the first result that
 * is not 0. `before` is the model of what was done, `after` has the operation that failed too.
 */
static int run_session(struct pool *p)
{
	struct cart *c = NULL;
	int r;

	fault.on = true;
	r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);
	after = before;
	for (size_t i = 0; r == 0 && i < sizeof(session) / sizeof(*session); i++) {
		before = after;
		replay_on_model(&after, &session[i]);
		r = replay_on_cart(p, &c, &session[i]);
	}
	if (r == 0)
		before = after;
	if (cart_close(c) == 0 && r == 0)
		model_sync(&before);
	fault.on = false;
	return r;
}

static void fail_each(struct pool *p, enum calls which, int error, bool lasting)
{
	unsigned i = 0, descriptors = open_descriptors();

	do {
		begin(p);
		memset(&fault, 0, sizeof(fault));
		fault.which = which;
		fault.error = error;
		fault.lasting = lasting;
		fault.countdown = ++i;
		(void)run_session(p); /* any result is right as long as what is left is */
		replay_expect(p, &before, &after, false);
		if (open_descriptors() != descriptors)
			fail_msg("call %u: a descriptor is left open", i);
	} while (fault.met > 0);
	print_message("%u calls\n", i - 1);
	assert_true(i > 20);
}

static void a_full_disk_loses_nothing_acknowledged(void **state)
{
	fail_each(*state, CALLS_ALL, ENOSPC, false);
}

static void a_disk_that_stays_full_loses_nothing_acknowledged(void **state)
{
	fail_each(*state, CALLS_ALL, ENOSPC, true);
}

static void one_io_error_loses_nothing_acknowledged(void **state)
{
	fail_each(*state, CALLS_ALL, EIO, false);
}

static void a_dying_disk_loses_nothing_acknowledged(void **state)
{
	fail_each(*state, CALLS_ALL, EIO, true);
}

/* Interrupted and short transfers are nobody's business but lib/base's. */
static void pass_each(struct pool *p, int error)
{
	unsigned i = 0;

	do {
		begin(p);
		memset(&fault, 0, sizeof(fault));
		fault.which = CALLS_DATA;
		fault.error = error;
		fault.countdown = ++i;
		assert_int_equal(run_session(p), 0);
		replay_expect(p, &before, NULL, true);
	} while (fault.met > 0);
	assert_true(i > 20);
}

static void an_interrupted_call_is_repeated(void **state)
{
	pass_each(*state, EINTR);
}

static void a_short_transfer_is_continued(void **state)
{
	pass_each(*state, 0);
}

/* Space returns after the i-th call: the same operation then succeeds, in the same open (P6). */
static void writing_goes_on_when_space_returns(void **state)
{
	static const struct replay_op ops[] = {
		{ OP_WRITE, 1000, 1 }, { OP_WRITE, 60000, 2 }, { OP_WRITE, 30000, 3 },
		{ OP_MARKS, 300, 0 },  { OP_WRITE, 10, 4 },
	};
	unsigned i = 0;

	do {
		struct cart *c;

		begin(*state);
		c = pool_open(*state, CART_OPEN_WRITE);
		memset(&fault, 0, sizeof(fault));
		fault.which = CALLS_DATA;
		fault.error = ENOSPC;
		fault.countdown = ++i;
		fault.on = true;
		for (size_t k = 0; k < sizeof(ops) / sizeof(*ops); k++) {
			int r = replay_on_cart(*state, &c, &ops[k]);

			if (r == CART_E_NO_SPACE && ops[k].kind == OP_WRITE)
				r = replay_on_cart(*state, &c, &ops[k]);
			if (r == CART_E_NO_SPACE) { /* some filemarks may be there */
				struct replay_op rest = { OP_MARKS, 0, 0 };

				rest.size = ops[k].size - cart_info(c)->filemarks;
				r = replay_on_cart(*state, &c, &rest);
			}
			assert_int_equal(r, 0);
			replay_on_model(&before, &ops[k]);
		}
		fault.on = false;
		pool_close(c);
		replay_expect(*state, &before, NULL, true);
	} while (fault.met > 0);
	assert_true(i > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_full_disk_loses_nothing_acknowledged),
		TEST(a_disk_that_stays_full_loses_nothing_acknowledged),
		TEST(one_io_error_loses_nothing_acknowledged),
		TEST(a_dying_disk_loses_nothing_acknowledged),
		TEST(an_interrupted_call_is_repeated),
		TEST(a_short_transfer_is_continued),
		TEST(writing_goes_on_when_space_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
