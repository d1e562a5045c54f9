/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/backend_local.c through its vtable. */
#include "tests/support/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/crc32c.h"
#include "lib/store/backend.h"
#include "lib/store/format.h"

static struct backend *open_backend(void **state, bool writable)
{
	struct backend *b = NULL;

	assert_int_equal(backend_local_open(((struct pool *)*state)->path, "T1.cart", writable, &b),
			 0);
	return b;
}

static void append(struct backend *b, uint64_t address, char *text)
{
	const struct iovec iov = { text, strlen(text) };

	assert_int_equal(b->ops->append(b, 1, address, &iov, 1), 0);
}

static void expect_text(struct backend *b, uint64_t address, const char *text)
{
	char got[100] = "";
	size_t size = 99;

	assert_int_equal(b->ops->read(b, 1, address, got, sizeof(got) - 1, &size), 0);
	assert_int_equal(size, strlen(text));
	assert_string_equal(got, text);
}

static void what_is_appended_is_read_and_what_is_cut_is_gone(void **state)
{
	struct backend *b = open_backend(state, true);
	char first[] = "first", second[] = "second";

	append(b, 0, first);
	append(b, 5, second);
	expect_text(b, 0, "firstsecond");
	assert_int_equal(b->ops->truncate(b, 1, 5), 0);
	expect_text(b, 0, "first");
	expect_text(b, 5, "");
	b->ops->close(b);
}

static void a_vector_is_read_up_to_the_end_of_the_segment(void **state)
{
	struct backend *b = open_backend(state, true);
	char text[] = "0123456789", x[4] = "", y[20] = "";
	const struct iovec iov[] = { { x, 3 }, { y, 15 } };
	size_t size = 99;

	append(b, SEGMENT_SIZE - 10, text);
	append(b, SEGMENT_SIZE, text);
	assert_int_equal(b->ops->readv(b, 1, SEGMENT_SIZE - 10, iov, 2, &size), 0);
	assert_int_equal(size, 10); /* there is more behind, in the next segment */
	assert_string_equal(x, "012");
	assert_string_equal(y, "3456789");
	assert_int_equal(b->ops->readv(b, 1, SEGMENT_SIZE + 8, iov, 2, &size), 0);
	assert_int_equal(size, 2);
	assert_int_equal(b->ops->readv(b, 7, 0, iov, 2, &size), 0);
	assert_int_equal(size, 0); /* no such stream */
	b->ops->close(b);
}

/* Such a file is not ours any more; all the same nothing of it is taken for the next segment. */
static void a_file_longer_than_a_segment_ends_where_it_should(void **state)
{
	struct backend *b = open_backend(state, true);
	char text[] = "0123456789", x[4] = "", y[20] = "";
	const struct iovec iov[] = { { x, 3 }, { y, 15 } };
	char *path = pool_file(*state, "data.00000001.00000000");
	size_t size = 99;
	int fd;

	append(b, SEGMENT_SIZE - 10, text);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "garbage", 7), 7);
	close(fd);
	assert_int_equal(b->ops->readv(b, 1, SEGMENT_SIZE - 10, iov, 2, &size), 0);
	assert_int_equal(size, 10);
	assert_string_equal(y, "3456789");
	free(path);
	b->ops->close(b);
}

static void segments_are_files_of_their_own(void **state)
{
	struct backend *b = open_backend(state, true);
	char first[] = "first", second[] = "second";
	char *path = pool_file(*state, "data.00000001.00000001");

	append(b, 0, first);
	append(b, SEGMENT_SIZE, second);
	expect_text(b, SEGMENT_SIZE, "second");
	expect_text(b, 0, "first");
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(b->ops->truncate(b, 1, 3), 0);
	expect_text(b, SEGMENT_SIZE, "");
	expect_text(b, 0, "fir");
	assert_int_equal(access(path, F_OK), -1);
	free(path);
	b->ops->close(b);
}

static void a_missing_stream_is_empty(void **state)
{
	struct backend *b = open_backend(state, false);
	uint64_t bytes = 9;
	char byte;
	size_t size = 9;

	assert_int_equal(b->ops->read(b, 77, 0, &byte, 1, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(b->ops->table_size(b, TABLE_INDEX, 77, &bytes), 0);
	assert_int_equal(bytes, 0);
	size = 9;
	assert_int_equal(b->ops->table_read(b, TABLE_MARKS, 77, 0, &byte, 1, &size), 0);
	assert_int_equal(size, 0);
	b->ops->close(b);
}

static void locks_of_two_opens_exclude_each_other_as_they_should(void **state)
{
	struct backend *a = open_backend(state, true), *b = open_backend(state, false);

	assert_int_equal(a->ops->lock(a, false), 0);
	assert_int_equal(b->ops->lock(b, false), 0);
	assert_int_equal(b->ops->lock(b, true), -EAGAIN);
	b->ops->close(b);
	assert_int_equal(a->ops->lock(a, true), 0);
	b = open_backend(state, false);
	assert_int_equal(b->ops->lock(b, false), -EAGAIN);
	a->ops->close(a);
	assert_int_equal(b->ops->lock(b, true), 0);
	b->ops->close(b);
}

static void a_lost_lock_file_is_made_again(void **state)
{
	struct backend *b;

	pool_unlink(*state, "lock");
	b = open_backend(state, false);
	assert_int_equal(b->ops->lock(b, true), 0);
	b->ops->close(b);
}

static void a_renewed_table_leaves_other_readers_theirs(void **state)
{
	struct backend *a = open_backend(state, true), *b = open_backend(state, false);
	char got[4] = "";
	uint64_t bytes = 9;
	size_t size;

	assert_int_equal(a->ops->table_write(a, TABLE_INDEX, 1, 0, "old", 4), 0);
	assert_int_equal(b->ops->table_read(b, TABLE_INDEX, 1, 0, got, 4, &size), 0);
	assert_int_equal(a->ops->table_renew(a, 1), 0);
	assert_int_equal(a->ops->table_size(a, TABLE_INDEX, 1, &bytes), 0);
	assert_int_equal(bytes, 0);
	assert_int_equal(a->ops->table_write(a, TABLE_INDEX, 1, 0, "new", 4), 0);
	assert_int_equal(b->ops->table_read(b, TABLE_INDEX, 1, 0, got, 4, &size), 0);
	assert_string_equal(got, "old");
	a->ops->close(a);
	b->ops->close(b);
}

static void a_reader_may_repair_a_table(void **state)
{
	struct backend *a = open_backend(state, true), *b;
	uint64_t bytes = 9;

	assert_int_equal(a->ops->table_write(a, TABLE_MARKS, 1, 0, "12345678", 8), 0);
	a->ops->close(a);
	b = open_backend(state, false);
	assert_int_equal(b->ops->table_size(b, TABLE_MARKS, 1, &bytes), 0);
	assert_int_equal(b->ops->table_truncate(b, TABLE_MARKS, 1, 3), 0);
	assert_int_equal(b->ops->table_size(b, TABLE_MARKS, 1, &bytes), 0);
	assert_int_equal(bytes, 3);
	b->ops->close(b);
}

static void only_the_streams_that_are_kept_stay(void **state)
{
	struct backend *b = open_backend(state, true);
	char text[] = "text";
	const struct iovec iov = { text, 4 };
	size_t size = 9;
	void *header;

	for (uint32_t stream = 1; stream <= 3; stream++) {
		assert_int_equal(b->ops->append(b, stream, 0, &iov, 1), 0);
		assert_int_equal(b->ops->table_write(b, TABLE_INDEX, stream, 0, "x", 1), 0);
		assert_int_equal(b->ops->table_write(b, TABLE_DIGESTS, stream, 0, "x", 1), 0);
	}
	assert_int_equal(b->ops->keep_only(b, 2, 0), 0);
	for (uint32_t stream = 1; stream <= 3; stream++) {
		uint64_t bytes = 9;

		assert_int_equal(b->ops->table_size(b, TABLE_DIGESTS, stream, &bytes), 0);
		assert_int_equal(bytes, stream == 2);
	}
	assert_int_equal(b->ops->read(b, 1, 0, text, 4, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(b->ops->read(b, 2, 0, text, 4, &size), 0);
	assert_int_equal(size, 4);
	assert_int_equal(b->ops->read(b, 3, 0, text, 4, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(b->ops->header_read(b, &header, &size), 0);
	free(header);
	b->ops->close(b);
}

/* P7: whoever replaced it may have been writing since. */
static void after_its_lock_file_was_replaced_a_writer_changes_nothing(void **state)
{
	struct backend *b = open_backend(state, true), *other;
	char text[] = "text", got[9] = "";
	const struct iovec iov = { text, 4 };
	size_t size;
	void *header;

	assert_int_equal(b->ops->lock(b, true), 0);
	append(b, 0, text);
	append(b, SEGMENT_SIZE, text);
	assert_int_equal(b->ops->table_write(b, TABLE_INDEX, 1, 0, "old", 4), 0);
	assert_int_equal(b->ops->header_read(b, &header, &size), 0);
	pool_unlink(*state, "lock");
	other = open_backend(state, true);
	assert_int_equal(other->ops->lock(other, true), 0);
	assert_int_equal(b->ops->append(b, 1, SEGMENT_SIZE + 4, &iov, 1), -ESTALE);
	assert_int_equal(b->ops->append(b, 1, 2 * SEGMENT_SIZE, &iov, 1), -ESTALE);
	assert_int_equal(b->ops->truncate(b, 1, 2), -ESTALE);
	assert_int_equal(b->ops->keep_only(b, 0, 0), -ESTALE);
	assert_int_equal(b->ops->header_write(b, "x", 1), -ESTALE);
	assert_int_equal(b->ops->table_write(b, TABLE_INDEX, 1, 0, "new", 4), -ESTALE);
	assert_int_equal(b->ops->table_truncate(b, TABLE_INDEX, 1, 0), -ESTALE);
	assert_int_equal(b->ops->table_renew(b, 1), -ESTALE);
	b->ops->close(b);
	free(header);
	expect_text(other, 0, "text");
	expect_text(other, SEGMENT_SIZE, "text");
	expect_text(other, 2 * SEGMENT_SIZE, "");
	assert_int_equal(other->ops->table_read(other, TABLE_INDEX, 1, 0, got, 4, &size), 0);
	assert_string_equal(got, "old");
	assert_int_equal(other->ops->header_read(other, &header, &size), 0);
	assert_in_range(size, sizeof(struct disk_header), HEADER_MAX);
	free(header);
	other->ops->close(other);
}

/* Between the open of its file and the lock. */
static void a_lock_on_a_file_that_was_replaced_is_none(void **state)
{
	struct backend *b = open_backend(state, true);

	pool_unlink(*state, "lock");
	assert_int_equal(b->ops->lock(b, true), -EAGAIN);
	b->ops->close(b);
	b = open_backend(state, true);
	assert_int_equal(b->ops->lock(b, true), 0);
	b->ops->close(b);
}

static void begin_segment(struct backend *b, const struct disk_header *h, uint32_t stream,
			  uint64_t number, uint64_t epoch)
{
	struct disk_segment s = { .version = le32_from(FORMAT_VERSION),
				  .number = le32_from((uint32_t)number),
				  .stream = le32_from(stream),
				  .epoch = le64_from(epoch) };
	const struct iovec iov = { &s, sizeof(s) };

	memcpy(s.magic, SEGMENT_MAGIC, sizeof(s.magic));
	memcpy(s.uuid, h->uuid, sizeof(s.uuid));
	s.crc = le32_from(crc32c(0, &s, offsetof(struct disk_segment, crc)));
	assert_int_equal(b->ops->append(b, stream, number << SEGMENT_SHIFT, &iov, 1), 0);
}

static void expect_segment(struct backend *b, uint32_t stream, uint64_t number, bool there)
{
	size_t size = 9;
	char byte;

	assert_int_equal(b->ops->read(b, stream, number << SEGMENT_SHIFT, &byte, 1, &size), 0);
	assert_int_equal(size, there);
}

/* Where no header on disk says that there is no other writer, a segment's own does. */
static void without_a_header_only_what_says_that_it_is_old_is_deleted(void **state)
{
	struct backend *b = open_backend(state, true);
	char text[] = "no header";
	const struct iovec iov = { text, sizeof(text) };
	struct disk_header h;
	uint64_t epoch;
	size_t size;
	void *data;

	assert_int_equal(b->ops->lock(b, true), 0);
	assert_int_equal(b->ops->header_read(b, &data, &size), 0);
	memcpy(&h, data, sizeof(h));
	epoch = le64_get(h.epoch);
	for (uint32_t stream = 1; stream <= 2; stream++) {
		begin_segment(b, &h, stream, 1, epoch);
		begin_segment(b, &h, stream, 2, epoch + 1);
		assert_int_equal(b->ops->append(b, stream, UINT64_C(3) << SEGMENT_SHIFT, &iov, 1),
				 0);
	}
	pool_unlink(*state, HEADER_NAME);
	assert_int_equal(b->ops->keep_only(b, 1, 0), 0);
	expect_segment(b, 1, 1, false);
	expect_segment(b, 1, 2, true);
	expect_segment(b, 1, 3, true);
	expect_segment(b, 2, 1, false);
	expect_segment(b, 2, 2, true);
	expect_segment(b, 2, 3, false);
	assert_int_equal(b->ops->header_write(b, data, size), 0);
	/* it says that they are nobody's, but for what is of a later epoch than its own */
	assert_int_equal(b->ops->keep_only(b, 1, 0), 0);
	expect_segment(b, 1, 2, true);
	expect_segment(b, 1, 3, false);
	expect_segment(b, 2, 2, true);
	free(data);
	b->ops->close(b);
}

/* Its lock was lost, its file was not: the header tells. */
static void under_another_ones_header_nothing_is_deleted(void **state)
{
	struct backend *b = open_backend(state, true), *other = open_backend(state, true);
	struct disk_header h;
	le32 crc;
	size_t size;
	void *data;

	assert_int_equal(b->ops->lock(b, true), 0);
	assert_int_equal(b->ops->header_read(b, &data, &size), 0);
	memcpy(&h, data, sizeof(h));
	begin_segment(b, &h, 1, 1, 0);
	begin_segment(b, &h, 2, 0, 0);
	h.epoch = le64_from(le64_get(h.epoch) + 1);
	memcpy(data, &h, sizeof(h));
	crc = le32_from(crc32c(0, data, size - sizeof(crc)));
	memcpy((uint8_t *)data + size - sizeof(crc), &crc, sizeof(crc));
	assert_int_equal(other->ops->header_write(other, data, size), 0);
	assert_int_equal(b->ops->keep_only(b, 1, 0), -ESTALE);
	expect_segment(b, 1, 1, true);
	expect_segment(b, 2, 0, true);
	free(data);
	b->ops->close(b);
	other->ops->close(other);
}

static void what_is_not_there_does_not_open(void **state)
{
	struct backend *b = NULL;

	assert_int_equal(backend_local_open(((struct pool *)*state)->path, "T9.cart", true, &b),
			 -ENOENT);
	assert_int_equal(backend_local_open("/nonexistent", "T1.cart", true, &b), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_vector_is_read_up_to_the_end_of_the_segment),
		TEST(a_file_longer_than_a_segment_ends_where_it_should),
		TEST(what_is_appended_is_read_and_what_is_cut_is_gone),
		TEST(segments_are_files_of_their_own),
		TEST(a_missing_stream_is_empty),
		TEST(locks_of_two_opens_exclude_each_other_as_they_should),
		TEST(a_lost_lock_file_is_made_again),
		TEST(a_renewed_table_leaves_other_readers_theirs),
		TEST(a_reader_may_repair_a_table),
		TEST(only_the_streams_that_are_kept_stay),
		TEST(after_its_lock_file_was_replaced_a_writer_changes_nothing),
		TEST(a_lock_on_a_file_that_was_replaced_is_none),
		TEST(without_a_header_only_what_says_that_it_is_old_is_deleted),
		TEST(under_another_ones_header_nothing_is_deleted),
		TEST(what_is_not_there_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
