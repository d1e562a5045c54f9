/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tape of 10^8 blocks and 10^6 filemarks, 64 TiB: opening it and moving about on it are a small,
 * fixed number of system calls, whatever its length.  Work is counted rather than timed, so that a
 * busy machine changes nothing.
 */
#include "tests/support/pool.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/store/format.h"
#include "tests/support/big_cartridge.h"
#include "tests/support/counted_calls.h"

#define MOVE_CALLS  8u      /* of any move */
#define MOVE_BYTES  16384u  /* that it reads */
#define MARKS_BYTES 8000000 /* of the whole table */

struct world {
	struct pool *pool;
	struct big_cartridge big;
};

static void make_big(struct world *w, uint64_t blocks, uint64_t marks, uint32_t block_size)
{
	w->big = (struct big_cartridge){ .blocks = blocks,
					 .marks = marks,
					 .block_size = block_size };
	assert_int_equal(big_create(&w->big, w->pool->path, "T1"), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL || pool_setup((void **)&w->pool) != 0)
		return -1;
	*state = w;
	return 0;
}

static int setup_64_tib(void **state)
{
	if (setup(state) != 0)
		return -1;
	make_big(*state, 100000000, 1000000, 703687);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	int r = pool_teardown((void **)&w->pool);

	big_free(&w->big);
	free(w);
	return r;
}

static void put(struct world *w, uint64_t object)
{
	assert_int_equal(big_put(&w->big, object), 0);
}

static struct cart *open_writer(struct world *w)
{
	return pool_open(w->pool, CART_OPEN_WRITE);
}

/* What the calls since the last look cost. */
static void expect_small(const char *what)
{
	struct counted n = counted_take();

	if (n.calls > MOVE_CALLS || n.read_bytes > MOVE_BYTES)
		fail_msg("%s: %llu system calls, %llu bytes read", what,
			 (unsigned long long)n.calls, (unsigned long long)n.read_bytes);
}

/* ---- open ---- */

static size_t heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void expect_small_open(struct world *w)
{
	size_t before = heap_bytes();
	struct counted n;
	struct cart *c;

	(void)counted_take();
	c = open_writer(w);
	n = counted_take();
	assert_in_range(n.calls, 1, 700); /* 512 names of the folder are among them */
	assert_in_range(n.read_bytes, 1, 65536);
	assert_in_range(heap_bytes() - before, 0, 1u << 20);
	pool_close(c);
}

static void ten_million_blocks_open_with_little_work_and_memory(void **state)
{
	struct world *w = *state;

	make_big(w, 10000000, 100000, 65536);
	assert_int_equal(big_make_segments(&w->big, 0, w->big.segments), 0);
	expect_small_open(w);
}

/* 65574 files in the folder: not even their names are read before the cartridge is open. */
static void hundred_million_blocks_open_the_same(void **state)
{
	struct world *w = *state;

	assert_int_equal(big_make_segments(&w->big, 0, w->big.segments), 0);
	expect_small_open(w);
	assert_int_equal(pool_file_size(w->pool, INDEX_FILE), w->big.objects * 16);
}

/* ---- moves ---- */

static void locate_reads_a_few_kilobytes(void **state)
{
	struct world *w = *state;
	const uint64_t o = w->big.objects;
	const uint64_t targets[] = { 0, 1, 1000, o / 3, o / 2, o - 2, o - 1 };
	struct cart *c;

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++)
		put(w, targets[i]);
	c = open_writer(w);
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		(void)counted_take();
		assert_int_equal(cart_locate(c, targets[i]), 0);
		expect_small("LOCATE");
		expect_position(c, targets[i], big_files_before(&w->big, targets[i]));
	}
	(void)counted_take();
	assert_int_equal(cart_space_eod(c), 0);
	assert_int_equal(cart_locate(c, o + 5), CART_E_EOD);
	expect_small("LOCATE behind the end");
	pool_close(c);
}

static void locate_by_file_reads_a_few_kilobytes(void **state)
{
	struct world *w = *state;
	const uint64_t files[] = { 1, 2, 333333, 999999, 1000000 };
	struct cart *c;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		put(w, big_mark(&w->big, files[i] - 1));
	c = open_writer(w);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		(void)counted_take();
		assert_int_equal(cart_locate_file(c, files[i]), 0);
		expect_small("LOCATE by file");
		expect_position(c, big_mark(&w->big, files[i] - 1) + 1, files[i]);
	}
	pool_close(c);
}

static void space_over_a_million_filemarks_reads_a_few_kilobytes(void **state)
{
	struct world *w = *state;
	uint64_t left;
	struct cart *c;

	put(w, big_mark(&w->big, 0));
	put(w, big_mark(&w->big, 999999));
	c = open_writer(w);
	(void)counted_take();
	assert_int_equal(cart_space_filemarks(c, 1000000, &left), 0);
	expect_small("forwards");
	expect_position(c, big_mark(&w->big, 999999) + 1, 1000000);
	assert_int_equal(cart_space_filemarks(c, -1000000, &left), 0);
	expect_small("backwards");
	expect_position(c, big_mark(&w->big, 0), 0);
	assert_int_equal(cart_space_filemarks(c, 1000001, &left), CART_E_EOD);
	expect_small("behind the end");
	assert_int_equal(left, 1);
	pool_close(c);
}

static void space_over_blocks_looks_at_no_more_than_the_next_filemark(void **state)
{
	struct world *w = *state;
	const uint64_t middle = w->big.objects / 2, file = big_files_before(&w->big, middle);
	uint64_t left;
	struct cart *c;

	put(w, middle);
	put(w, big_mark(&w->big, file - 1));
	put(w, big_mark(&w->big, file));
	c = open_writer(w);
	assert_int_equal(cart_locate(c, middle), 0);
	(void)counted_take();
	assert_int_equal(cart_space_blocks(c, 100000000, &left), CART_E_FILEMARK);
	expect_small("forwards");
	expect_position(c, big_mark(&w->big, file) + 1, file + 1);
	assert_int_equal(cart_locate(c, middle), 0);
	(void)counted_take();
	assert_int_equal(cart_space_blocks(c, -100000000, &left), CART_E_FILEMARK);
	expect_small("backwards");
	expect_position(c, big_mark(&w->big, file - 1), file - 1);
	pool_close(c);
}

#define OBJECTS   UINT64_C(101000000)
#define ROW_CALLS (OBJECTS / 4096 * 11 / 10) /* 4096 entries of the index each */
#define ROW_BYTES (MARKS_BYTES + 16 * OBJECTS + MOVE_BYTES)

/* Where nobody kept what is known of them: the only search that looks at all marks on its way, and
 * at the index: once, many entries at a time, and at no frame but those of the row.  Then it is
 * known. */
static void filemarks_in_a_row_are_found_in_one_pass(void **state)
{
	struct world *w = *state;
	struct counted n;
	uint64_t left;
	struct cart *c;

	put(w, big_mark(&w->big, 999998));
	put(w, big_mark(&w->big, 999999));
	c = open_writer(w);
	(void)counted_take();
	assert_int_equal(cart_space_sequential_filemarks(c, 2, &left), 0);
	n = counted_take();
	assert_in_range(n.calls, 1, ROW_CALLS);
	assert_in_range(n.read_bytes, 1, ROW_BYTES);
	expect_position(c, big_mark(&w->big, 999999) + 1, 1000000);
	assert_int_equal(cart_space_sequential_filemarks(c, -3, &left), CART_E_BOP);
	n = counted_take();
	assert_int_equal(n.calls, 0);
	assert_int_equal(left, 3);
	assert_int_equal(cart_space_eod(c), 0);
	(void)counted_take();
	assert_int_equal(cart_space_sequential_filemarks(c, -2, &left), 0);
	n = counted_take();
	assert_in_range(n.read_bytes, 1, 65536 + MOVE_BYTES);
	expect_position(c, big_mark(&w->big, 999998), 999998);
	pool_close(c);
}

static void telling_the_position_and_the_counters_is_no_system_call(void **state)
{
	struct world *w = *state;
	struct cart *c = open_writer(w);
	struct cart_position at;

	assert_int_equal(cart_space_eod(c), 0);
	(void)counted_take();
	cart_position(c, &at);
	assert_int_equal(cart_info(c)->objects, 101000000);
	assert_int_equal(counted_take().calls, 0);
	assert_int_equal(at.object, 101000000);
	assert_int_equal(at.file, 1000000);
	pool_close(c);
}

/* Processor time of this thread. */
static double cpu_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Two reads each; thirty times of that is generous, a mark after the other is a million times. */
static void a_move_takes_the_time_of_a_few_reads(void **state)
{
	struct world *w = *state;
	struct cart *c;
	uint64_t left;
	static uint8_t page[4096];
	char *path = pool_file(w->pool, MARKS_FILE);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	double begun, loop;

	put(w, big_mark(&w->big, 0));
	put(w, big_mark(&w->big, 999999));
	c = open_writer(w);
	begun = cpu_s();
	for (unsigned i = 0; i < 4000; i++)
		assert_int_equal(pread(fd, page, sizeof(page), 4096 * (i % 1000)), sizeof(page));
	loop = cpu_s() - begun;
	begun = cpu_s();
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(cart_space_filemarks(c, 1000000, &left), 0);
		assert_int_equal(cart_space_filemarks(c, -1000000, &left), 0);
	}
	if (cpu_s() - begun > 30 * loop)
		fail_msg("2000 moves take %.1f ms, 4000 reads %.1f ms", (cpu_s() - begun) * 1e3,
			 loop * 1e3);
	(void)close(fd);
	free(path);
	pool_close(c);
}

/* ---- after a crash ---- */

static int append_and_die(struct pool *p)
{
	struct cart *c;

	if (cart_open(p->path, "T1", CART_OPEN_WRITE, &c) != 0 || cart_space_eod(c) != 0)
		return 1;
	for (uint64_t i = 0; i < 20; i++)
		if (put_block(c, i, 10000) != 0 || (i == 9 && cart_sync(c) != 0))
			return 1;
	return 0;
}

/* Recovery begins where the index says that the stable part ends. */
static void a_crash_costs_a_look_at_the_end_alone(void **state)
{
	struct world *w = *state;
	struct counted n;
	struct cart *c;

	pool_die_after(w->pool, append_and_die);
	(void)counted_take();
	c = open_writer(w);
	n = counted_take();
	assert_in_range(n.calls, 1, 700);
	assert_in_range(n.read_bytes, 1, 4u << 20);
	assert_int_equal(cart_info(c)->objects, 101000020);
	assert_int_equal(cart_locate(c, 101000000), 0);
	for (uint64_t i = 0; i < 20; i++)
		expect_block(c, i, 10000);
	pool_close(c);
}

/* Most that the process has had in memory since reset_peak(); 0 where the system does not tell. */
static size_t peak_kib(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	size_t kib = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	if (f != NULL)
		(void)fclose(f);
	return kib;
}

static void reset_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "we");

	if (f == NULL)
		return;
	(void)fputs("5", f);
	(void)fclose(f);
}

/* Without an index all frames are read once, and no more memory is needed than with one. */
static void a_lost_index_is_made_again_in_bounded_memory(void **state)
{
	struct world *w = *state;
	size_t before;
	struct cart *c;

	make_big(w, 60000, 600, 600);
	assert_int_equal(big_put_range(&w->big, 0, w->big.objects), 0);
	pool_die_after(w->pool, append_and_die);
	pool_unlink(w->pool, INDEX_FILE);
	pool_unlink(w->pool, MARKS_FILE);
	reset_peak();
	before = peak_kib();
	c = open_writer(w);
	assert_int_equal(cart_info(c)->objects, 60620);
	assert_int_equal(cart_info(c)->filemarks, 600);
	assert_in_range(peak_kib() - before, 0, 8192);
	assert_int_equal(cart_locate(c, 60600), 0);
	expect_block(c, 0, 10000);
	pool_close(c);
}

int main(void)
{
#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(ten_million_blocks_open_with_little_work_and_memory, setup),
		TEST(hundred_million_blocks_open_the_same, setup_64_tib),
		TEST(locate_reads_a_few_kilobytes, setup_64_tib),
		TEST(locate_by_file_reads_a_few_kilobytes, setup_64_tib),
		TEST(space_over_a_million_filemarks_reads_a_few_kilobytes, setup_64_tib),
		TEST(space_over_blocks_looks_at_no_more_than_the_next_filemark, setup_64_tib),
		TEST(filemarks_in_a_row_are_found_in_one_pass, setup_64_tib),
		TEST(telling_the_position_and_the_counters_is_no_system_call, setup_64_tib),
		TEST(a_move_takes_the_time_of_a_few_reads, setup_64_tib),
		TEST(a_crash_costs_a_look_at_the_end_alone, setup_64_tib),
		TEST(a_lost_index_is_made_again_in_bounded_memory, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
