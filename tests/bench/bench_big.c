/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_big.c: what moving about costs on a cartridge of 10^7 and 10^8 blocks, and what opening it
 * takes in time and memory.  The cartridges are sparse (tests/support/big_cartridge.h): their
 * tables are as long as real ones and in the page cache, their data is there where a move looks.
 * And what ERASE, FORMAT MEDIUM, SET CAPACITY and a change of partition cost, which throw it away.
 *
 * Prints a table of medians. Use: bench_big [--dir DIR] [--runs N]
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/store/cartridge.h"
#include "tests/support/big_cartridge.h"

#define RUNS_MAX 101

struct bench {
	const char *dir;
	char pool[256];
	unsigned runs;
	struct big_cartridge big;
	struct cart *cart;
};

static void die(const char *what, int r)
{
	(void)fprintf(stderr, "bench_big: %s: %s\n", what, cart_outcome_name(r));
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- the moves ---- */

static int open_it(struct bench *b)
{
	int r = cart_open(b->pool, "BIG", CART_OPEN_WRITE, &b->cart);

	if (r != 0)
		die("open", r);
	return 0;
}

static int locate_middle(struct bench *b)
{
	return cart_locate(b->cart, b->big.objects / 2);
}

static int locate_last(struct bench *b)
{
	return cart_locate(b->cart, b->big.objects - 1);
}

static int locate_file_middle(struct bench *b)
{
	return cart_locate_file(b->cart, b->big.marks / 2);
}

static int rewind_it(struct bench *b)
{
	return cart_locate(b->cart, 0);
}

static int space_eod(struct bench *b)
{
	return cart_space_eod(b->cart);
}

static int marks_forward(struct bench *b)
{
	uint64_t residual;

	return cart_space_filemarks(b->cart, (int64_t)b->big.marks, &residual);
}

static int marks_backward(struct bench *b)
{
	uint64_t residual;

	return cart_space_filemarks(b->cart, -(int64_t)b->big.marks, &residual);
}

static int sequential_forward(struct bench *b)
{
	uint64_t residual;

	return cart_space_sequential_filemarks(b->cart, 2, &residual);
}

static int sequential_backward(struct bench *b) /* there are none: all of them are looked at */
{
	uint64_t residual;
	int r = cart_space_sequential_filemarks(b->cart, -3, &residual);

	return r == CART_E_BOP ? 0 : r;
}

static int blocks_forward(struct bench *b)
{
	uint64_t residual;
	int r = cart_space_blocks(b->cart, (int64_t)b->big.blocks, &residual);

	return r == CART_E_FILEMARK ? 0 : r;
}

static int blocks_backward(struct bench *b)
{
	uint64_t residual;
	int r = cart_space_blocks(b->cart, -(int64_t)b->big.blocks, &residual);

	return r == CART_E_FILEMARK ? 0 : r;
}

static int read_position(struct bench *b)
{
	struct cart_position at;

	cart_position(b->cart, &at);
	return at.object > b->big.objects ? -EINVAL : 0;
}

static int counters(struct bench *b)
{
	return cart_info(b->cart)->objects == b->big.objects ? 0 : -EINVAL;
}

struct move {
	const char *label;
	int (*before)(struct bench *b); /* not measured; may be NULL */
	int (*fn)(struct bench *b);
};

static const struct move moves[] = {
	{ "LOCATE, middle", rewind_it, locate_middle },
	{ "LOCATE, last object", rewind_it, locate_last },
	{ "LOCATE, file in the middle", rewind_it, locate_file_middle },
	{ "SPACE to end of data", rewind_it, space_eod },
	{ "SPACE all filemarks forwards", rewind_it, marks_forward },
	{ "SPACE all filemarks backwards", space_eod, marks_backward },
	{ "SPACE 2 sequential filemarks, at the end", rewind_it, sequential_forward },
	{ "SPACE -3 sequential filemarks, none there", space_eod, sequential_backward },
	{ "SPACE blocks forwards to a filemark", locate_middle, blocks_forward },
	{ "SPACE blocks backwards to a filemark", locate_middle, blocks_backward },
	{ "READ POSITION", NULL, read_position },
	{ "counters of the recording", NULL, counters },
};

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static double measure(struct bench *b, const struct move *m)
{
	double us[RUNS_MAX];

	for (unsigned i = 0; i < b->runs; i++) {
		double begun;
		int r = m->before != NULL ? m->before(b) : 0;

		if (r != 0)
			die(m->label, r);
		begun = now_us();
		r = m->fn(b);
		us[i] = now_us() - begun;
		if (r != 0)
			die(m->label, r);
	}
	return median(us, b->runs);
}

static double measure_open(struct bench *b, size_t *ret_bytes)
{
	double us[RUNS_MAX];

	for (unsigned i = 0; i < b->runs; i++) {
		struct mallinfo2 before = mallinfo2(), after;
		double begun = now_us();

		ignore_result(open_it(b));
		us[i] = now_us() - begun;
		after = mallinfo2();
		*ret_bytes = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
		ignore_result(cart_close(b->cart)); /* nothing was written */
	}
	return median(us, b->runs);
}

/* ---- the cartridges ---- */

static int put_what_is_looked_at(const struct big_cartridge *b)
{
	const uint64_t middle = b->objects / 2, file = b->marks / 2;
	const uint64_t marks[] = { 0, file - 1, b->marks - 2, b->marks - 1 };
	uint64_t behind = big_files_before(b, middle); /* the mark behind the middle */
	int r = big_put_range(b, middle - 1, middle + 2);

	for (size_t i = 0; r == 0 && i < sizeof(marks) / sizeof(*marks); i++)
		r = big_put(b, big_mark(b, marks[i]));
	if (r == 0)
		r = big_put(b, big_mark(b, behind));
	if (r == 0)
		r = big_put(b, big_mark(b, behind - 1));
	return r == 0 ? big_make_segments(b, 0, b->segments) : r;
}

static void make(struct bench *b, uint64_t blocks, uint64_t marks, uint32_t block_size)
{
	const struct cart_params params = { .barcode = "BIG",
					    .density = 0x5e,
					    .medium_type = 0x88 };
	int r = cart_create(b->pool, &params);

	b->big = (struct big_cartridge){ .blocks = blocks,
					 .marks = marks,
					 .block_size = block_size };
	if (r == 0)
		r = big_create(&b->big, b->pool, "BIG");
	if (r == 0)
		r = put_what_is_looked_at(&b->big);
	if (r != 0)
		die("making a cartridge", r);
}

/* ---- what throws a recording away ---- */

static int erase_middle(struct bench *b)
{
	int r = cart_locate(b->cart, b->big.objects / 2);

	if (r == 0)
		r = cart_erase(b->cart);
	return r == 0 ? cart_sync(b->cart) : r;
}

static int erase_all(struct bench *b)
{
	int r = cart_locate(b->cart, 0);

	if (r == 0)
		r = cart_erase(b->cart);
	return r == 0 ? cart_sync(b->cart) : r;
}

static int format(struct bench *b, unsigned partitions, uint16_t proportion)
{
	const struct cart_format f = { .partitions = partitions, .proportion = proportion };
	int r = cart_locate(b->cart, 0);

	return r == 0 ? cart_format(b->cart, &f) : r;
}

static int format_two(struct bench *b)
{
	return format(b, 2, CART_WHOLE);
}

static int set_capacity(struct bench *b)
{
	return format(b, 1, CART_WHOLE / 2);
}

static int switch_partition(struct bench *b)
{
	struct cart *second = NULL;
	int r = format(b, 2, CART_WHOLE);
	double begun = now_us();

	if (r == 0)
		r = cart_open_partition(b->cart, 1, &second);
	printf("  %-44s %10.1f us\n", "LOCATE to a partition not used before", now_us() - begun);
	if (second != NULL)
		ignore_result(cart_close(second)); /* nothing was written */
	return r;
}

static const struct move ends[] = {
	{ "ERASE in the middle", open_it, erase_middle },
	{ "ERASE at the beginning", open_it, erase_all },
	{ "FORMAT MEDIUM, two partitions", open_it, format_two },
	{ "SET CAPACITY", open_it, set_capacity },
	{ "FORMAT MEDIUM again", open_it, switch_partition },
};

/* Each on a recording of its own; then how long its files are still being deleted. */
static void run_ends(struct bench *b, uint64_t blocks, uint64_t marks, uint32_t block_size)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		double begun, us;

		make(b, blocks, marks, block_size);
		ignore_result(ends[i].before(b));
		begun = now_us();
		if (ends[i].fn(b) != 0)
			die(ends[i].label, -EIO);
		us = now_us() - begun;
		begun = now_us();
		ignore_result(cart_close(b->cart));
		printf("  %-44s %10.1f us, close behind it %.1f us\n", ends[i].label, us,
		       now_us() - begun);
		big_free(&b->big);
		if (cart_delete(b->pool, "BIG") != 0)
			die("delete", -EIO);
	}
}

static void run(struct bench *b, uint64_t blocks, uint64_t marks, uint32_t block_size)
{
	size_t bytes = 0;
	double open_us, begun;

	make(b, blocks, marks, block_size);
	open_us = measure_open(b, &bytes);
	printf("%llu blocks, %llu filemarks, %llu segments\n", (unsigned long long)blocks,
	       (unsigned long long)marks, (unsigned long long)b->big.segments);
	printf("  %-44s %10.1f us, %zu KiB of memory\n", "open for writing", open_us, bytes / 1024);
	/* nobody wrote these filemarks, so that nothing is known of them: looked for once, then
	 * kept */
	ignore_result(open_it(b));
	begun = now_us();
	if (sequential_forward(b) != 0)
		die("the first search", -EIO);
	printf("  %-44s %10.1f us\n", "2 sequential filemarks, nothing known of any",
	       now_us() - begun);
	ignore_result(cart_close(b->cart));
	ignore_result(open_it(b));
	for (size_t i = 0; i < sizeof(moves) / sizeof(*moves); i++)
		printf("  %-44s %10.1f us\n", moves[i].label, measure(b, &moves[i]));
	ignore_result(cart_close(b->cart)); /* nothing was written */
	big_free(&b->big);
	if (cart_delete(b->pool, "BIG") != 0)
		die("delete", -EIO);
	run_ends(b, blocks, marks, block_size);
}

int main(int argc, char **argv)
{
	struct bench b = { .dir = "/tmp", .runs = 31 };

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--dir") == 0)
			b.dir = argv[i + 1];
		else if (strcmp(argv[i], "--runs") == 0)
			b.runs = (unsigned)strtoul(argv[i + 1], NULL, 10);
	}
	if (b.runs == 0 || b.runs > RUNS_MAX)
		b.runs = RUNS_MAX;
	(void)snprintf(b.pool, sizeof(b.pool), "%s/vtl-big-XXXXXX", b.dir);
	if (mkdtemp(b.pool) == NULL)
		die(b.pool, -errno);
	run(&b, 10000000, 100000, 65536);
	run(&b, 100000000, 1000000, 703687);
	return rmdir(b.pool) == 0 ? 0 : 1;
}
