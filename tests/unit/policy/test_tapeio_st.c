/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tapeio_st.c: how tapeio_st.c understands what st says, over a fake of st: the system calls
 * on its file descriptor are answered here.  test_tapeio_drive.c runs over the real one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mtio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "policy/tapeio.h"

#define KIB     1024u
#define MIB     (1024u * KIB)
#define FAKE_FD 9999
#define DEVICE  "/fake/nst0"

/* A tape and the drive's manners. An object is a block's length; 0 is a filemark. */
static struct {
	size_t objects[8], count, position;
	size_t most;          /* longest transfer that can be made; 0 = any */
	bool garbage_at_end;  /* end-of-data gives a block of whatever length is asked for */
	bool goes_over_marks; /* spacing over blocks does not stop at filemarks */
	int write_error;      /* errno of the next writes */
	int open_error;
	bool at_end; /* end-of-data was reported once */
	long status, block_length;
	unsigned minor_number;
	unsigned reads;
} fake;

int __real_stat(const char *path, struct stat *st);
int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
int __wrap_stat(const char *path, struct stat *st);
int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
ssize_t __wrap_read(int fd, void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __wrap_ioctl(int fd, unsigned long request, ...);

static int failed(int error)
{
	errno = error;
	return -1;
}

int __wrap_stat(const char *path, struct stat *st)
{
	if (strcmp(path, DEVICE) != 0)
		return __real_stat(path, st);
	*st = (struct stat){ .st_mode = S_IFCHR | 0660, .st_rdev = makedev(9, fake.minor_number) };
	return 0;
}

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, DEVICE) != 0)
		return __real_open(path, flags, 0600);
	return fake.open_error != 0 ? failed(fake.open_error) : FAKE_FD;
}

int __wrap_close(int fd)
{
	return fd == FAKE_FD ? 0 : __real_close(fd);
}

static ssize_t read_end(void *data, size_t size)
{
	bool first = !fake.at_end;

	if (fake.garbage_at_end) {
		memset(data, '?', size);
		return (ssize_t)size;
	}
	fake.at_end = true;
	fake.status = GMT_EOD(~0L);
	return first ? 0 : failed(EIO);
}

ssize_t __wrap_read(int fd, void *data, size_t size)
{
	size_t length;

	assert_int_equal(fd, FAKE_FD);
	fake.reads++;
	if (fake.most > 0 && size > fake.most)
		return failed(EINVAL);
	if (fake.position == fake.count)
		return read_end(data, size);
	length = fake.objects[fake.position++];
	fake.status = length == 0 ? GMT_EOF(~0L) : 0;
	if (length > size)
		return failed(ENOMEM);
	memset(data, (int)('a' + fake.position - 1), length);
	return (ssize_t)length;
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	(void)data;
	if (fd != FAKE_FD)
		return (ssize_t)
			size; /* of the test program itself: its output is not the subject */
	return fake.write_error != 0 ? failed(fake.write_error) : (ssize_t)size;
}

static int back_one(void)
{
	if (fake.position == 0) {
		fake.status = GMT_BOT(~0L);
		return failed(EIO);
	}
	fake.position--;
	if (fake.objects[fake.position] == 0 && !fake.goes_over_marks) {
		fake.status = GMT_EOF(~0L);
		return failed(EIO);
	}
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	assert_int_equal(fd, FAKE_FD);
	if (request == MTIOCGET) {
		*(struct mtget *)arg = (struct mtget){ .mt_gstat = fake.status | GMT_ONLINE(~0L),
						       .mt_dsreg = fake.block_length };
		return 0;
	}
	assert_int_equal(request, MTIOCTOP);
	switch (((struct mtop *)arg)->mt_op) {
	case MTREW:
		fake.position = 0;
		return 0;
	case MTBSR:
		return back_one();
	case MTSETBLK:
		fake.block_length = ((struct mtop *)arg)->mt_count;
		return 0;
	case MTSETDRVBUFFER:
		return failed(EPERM); /* as for everybody but root */
	case MTWEOF:
		return fake.write_error != 0 ? failed(fake.write_error) : 0;
	default:
		return failed(EIO);
	}
}

static int fake_setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.minor_number = 0x80;
	return 0;
}

static struct tapeio *open_fake(void)
{
	struct tapeio *t;

	assert_int_equal(tapeio_open(DEVICE, "V1", 0, true, &t), 0);
	return t;
}

static void put(size_t object)
{
	fake.objects[fake.count++] = object;
}

/* Reads the object number @i, a block. */
static void expect_block(struct tapeio *t, size_t i)
{
	const uint8_t *data;
	size_t size;

	assert_int_equal(tapeio_read(t, &data, &size), 0);
	assert_int_equal(size, fake.objects[i]);
	assert_int_equal(data[0], 'a' + i);
	assert_int_equal(data[size - 1], 'a' + i);
}

static void expect_outcome(struct tapeio *t, int outcome)
{
	const uint8_t *data;
	size_t size;

	assert_int_equal(tapeio_read(t, &data, &size), outcome);
}

static void a_filemark_is_told_from_the_end(void **state)
{
	struct tapeio *t = open_fake();

	(void)state;
	put(100);
	put(0);
	expect_block(t, 0);
	expect_outcome(t, TAPEIO_E_FILEMARK);
	expect_outcome(t, TAPEIO_E_EOD); /* st reads 0 bytes */
	expect_outcome(t, TAPEIO_E_EOD); /* st says EIO */
	assert_int_equal(tapeio_close(t), 0);
}

static void a_longer_block_is_read_again_with_a_longer_buffer(void **state)
{
	struct tapeio *t = open_fake();

	(void)state;
	put(100);
	put(16 * MIB);
	put(7);
	expect_block(t, 0);
	expect_block(t, 1);
	expect_block(t, 2);
	assert_int_equal(tapeio_close(t), 0);
}

static void an_adapter_that_transfers_less_is_asked_for_less(void **state)
{
	struct tapeio *t = open_fake();

	(void)state;
	fake.most = 256 * KIB;
	put(100);
	put(256 * KIB);
	expect_block(t, 0);
	fake.reads = 0;
	expect_block(t, 1);
	assert_int_equal(fake.reads, 1); /* it has learnt */
	assert_int_equal(tapeio_close(t), 0);
}

static void a_block_that_cannot_be_transferred_is_told(void **state)
{
	struct tapeio *t = open_fake();

	(void)state;
	fake.most = 1 * MIB;
	put(100);
	put(2 * MIB);
	expect_block(t, 0);
	expect_outcome(t, TAPEIO_E_LENGTH);
	assert_int_equal(tapeio_close(t), 0);
}

static void a_real_block_that_fills_the_buffer_passes_the_doubt(void **state)
{
	struct tapeio *t = open_fake();

	(void)state;
	t->unknown_end = true;
	fake.most = 1 * MIB;
	put(1 * MIB);
	put(1 * MIB);
	put(0);
	expect_block(t, 0);
	expect_block(t, 1);
	expect_outcome(t, TAPEIO_E_FILEMARK);
	expect_outcome(t, TAPEIO_E_EOD);
	assert_int_equal(tapeio_close(t), 0);
}

static void garbage_at_the_end_is_the_end(void **state)
{
	(void)state;
	for (int over = 0; over < 2; over++) {
		struct tapeio *t;

		(void)fake_setup(NULL);
		fake.garbage_at_end = true;
		fake.goes_over_marks = over != 0;
		put(100);
		put(0);
		t = open_fake();
		t->unknown_end = true;
		expect_block(t, 0);
		expect_outcome(t, TAPEIO_E_FILEMARK);
		expect_outcome(t, TAPEIO_E_EOD);
		assert_int_equal(tapeio_close(t), 0);
	}
}

static void garbage_behind_a_block_is_an_error(void **state)
{
	const uint8_t *data;
	size_t size;
	struct tapeio *t = open_fake();

	(void)state;
	fake.garbage_at_end = true;
	t->unknown_end = true;
	put(100);
	expect_block(t, 0);
	assert_true(tapeio_read(t, &data, &size) < 0);
	assert_int_equal(tapeio_close(t), 0);
}

static void where_the_end_is_known_nothing_is_doubted(void **state)
{
	struct tapeio *t = open_fake();

	(void)state;
	fake.most = 1 * MIB;
	put(1 * MIB);
	put(1 * MIB);
	expect_block(t, 0);
	fake.reads = 0;
	expect_block(t, 1);
	assert_int_equal(fake.reads, 1);
	assert_int_equal(tapeio_close(t), 0);
}

static void errors_of_writes_have_names(void **state)
{
	static const struct {
		int error, outcome;
	} rows[] = { { ENOSPC, TAPEIO_E_FULL },
		     { EINVAL, TAPEIO_E_LENGTH },
		     { EOVERFLOW, TAPEIO_E_LENGTH },
		     { EACCES, TAPEIO_E_PROTECTED },
		     { EIO, -EIO },
		     { 0, 0 } };
	struct tapeio *t = open_fake();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake.write_error = rows[i].error;
		assert_int_equal(tapeio_write(t, "x", 1), rows[i].outcome);
	}
	fake.write_error = ENOSPC;
	assert_int_equal(tapeio_write_filemarks(t, 1), TAPEIO_E_FULL);
	fake.write_error = EIO;
	assert_int_equal(tapeio_write_filemarks(t, 1), -EIO);
	assert_int_equal(tapeio_close(t), 0);
}

static void errors_of_open_have_names(void **state)
{
	static const struct {
		int error, outcome;
	} rows[] = { { EBUSY, TAPEIO_E_BUSY },
		     { ENOMEDIUM, TAPEIO_E_NO_MEDIUM },
		     { EROFS, TAPEIO_E_PROTECTED },
		     { ENXIO, TAPEIO_E_NO_DRIVE },
		     { EACCES, -EACCES } };
	struct tapeio *t;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake.open_error = rows[i].error;
		assert_int_equal(tapeio_open(DEVICE, "V1", 0, true, &t), rows[i].outcome);
	}
}

static void a_fixed_block_length_is_made_variable(void **state)
{
	struct tapeio *t;

	(void)state;
	fake.block_length = 512;
	t = open_fake();
	assert_int_equal(fake.block_length, 0);
	assert_int_equal(tapeio_close(t), 0);
}

static void other_devices_are_refused(void **state)
{
	struct tapeio *t;

	(void)state;
	assert_int_equal(tapeio_open("/dev/null", "V1", 0, true, &t), TAPEIO_E_NO_DRIVE);
	assert_int_equal(tapeio_open("/nonexistent/nst0", "V1", 0, true, &t), TAPEIO_E_NO_DRIVE);
	fake.minor_number = 0; /* the one that rewinds at close */
	assert_int_equal(tapeio_open(DEVICE, "V1", 0, true, &t), TAPEIO_E_NO_DRIVE);
}

int main(void)
{
#define fake_test(f) cmocka_unit_test_setup(f, fake_setup)
	const struct CMUnitTest tests[] = {
		fake_test(a_filemark_is_told_from_the_end),
		fake_test(a_longer_block_is_read_again_with_a_longer_buffer),
		fake_test(an_adapter_that_transfers_less_is_asked_for_less),
		fake_test(a_block_that_cannot_be_transferred_is_told),
		fake_test(a_real_block_that_fills_the_buffer_passes_the_doubt),
		fake_test(garbage_at_the_end_is_the_end),
		fake_test(garbage_behind_a_block_is_an_error),
		fake_test(where_the_end_is_known_nothing_is_doubted),
		fake_test(errors_of_writes_have_names),
		fake_test(errors_of_open_have_names),
		fake_test(a_fixed_block_length_is_made_variable),
		fake_test(other_devices_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
