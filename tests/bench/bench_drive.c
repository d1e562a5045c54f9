/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_drive.c: the handler's entry point through a ring in memory against a bare loop, which
 * copies each block and writes it with pwrite() to the same file system, in the same run and in
 * turns; one drive and two at the same time; filemarks; and a bare number of blocks, for tools that
 * count (tests/bench/counts).
 *
 * Prints markdown.  Ratios, mostly: absolute figures of one machine mean nothing on another.
 * docs/performance.md explains them.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "handlers/scsi/opcode.h"
#include "lib/base/crc32c.h"
#include "lib/base/fs.h"
#include "lib/control/server.h"
#include "tests/bench/sync.h"
#include "tests/bench/unit.h"

#define RUNS_MAX   15
#define DRIVES_MAX 2
#define MARK_BLOCK 80u

struct bench {
	char *root;
	size_t total;
	unsigned runs, drives;
	struct library *library;
	struct bench_unit units[DRIVES_MAX];
	unsigned libraries; /* made so far */
};

/* Command line. */
static gint mib = 128, runs = 3, filemarks, write_blocks, read_blocks, block_kib = 256;
static gchar *dir, *codec;

/* clang-format off */
static const GOptionEntry options[] = {
	{ "dir", 0, 0, G_OPTION_ARG_FILENAME, &dir, "File system to measure on; default: that of temporary files", "DIR" },
	{ "mib", 0, 0, G_OPTION_ARG_INT, &mib, "Data of each measurement, 128", "MIB" },
	{ "runs", 0, 0, G_OPTION_ARG_INT, &runs, "Medians of so many runs, 3", "N" },
	{ "codec", 0, 0, G_OPTION_ARG_STRING, &codec, "none, lz4, zstd or zlib alone; default: the first three", "CODEC" },
	{ "filemarks", 0, 0, G_OPTION_ARG_INT, &filemarks, "Instead: N times a block of 80 bytes and a filemark", "N" },
	{ "write-blocks", 0, 0, G_OPTION_ARG_INT, &write_blocks, "Instead, and without a table: write N blocks of text", "N" },
	{ "read-blocks", 0, 0, G_OPTION_ARG_INT, &read_blocks, "... and then read N of them", "N" },
	{ "block", 0, 0, G_OPTION_ARG_INT, &block_kib, "... of so many KiB, 256", "KIB" },
	{ NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
};
/* clang-format on */

/* ---- one or two drives ---- */

static void open_drives(struct bench *b, const char *with_codec, unsigned drives)
{
	g_autofree char *name = g_strdup_printf("b%u", b->libraries++);

	b->drives = drives;
	b->library = bench_library(b->root, name, with_codec, drives);
	for (unsigned i = 0; i < drives; i++) {
		bench_unit_open(&b->units[i], b->library, i + 1, b->root);
		bench_unit_load(&b->units[i], b->library);
	}
}

static void close_drives(struct bench *b)
{
	g_autofree char *pool = g_path_get_basename(library_pool(b->library));
	int root = open(b->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (unsigned i = 0; i < b->drives; i++)
		bench_unit_close(&b->units[i]);
	library_unref(b->library);
	if (root < 0 || fs_remove_tree(root, pool) != 0) /* its space is the next one's */
		bench_fail(pool);
	(void)close(root);
}

struct job {
	struct bench_unit *unit;
	bench_work work;
	size_t total;
	uint32_t block;
	pthread_barrier_t *begin;
};

static void *run_job(void *ctx)
{
	const struct job *job = ctx;

	(void)pthread_barrier_wait(job->begin);
	job->work(job->unit, job->total, job->block);
	return NULL;
}

/* Seconds until all drives are done; each works in a thread of its own where there are several. */
static double timed(struct bench *b, bench_work work, uint32_t block)
{
	struct job jobs[DRIVES_MAX];
	pthread_t threads[DRIVES_MAX];
	pthread_barrier_t begin;
	double begun = bench_now();

	if (b->drives == 1) {
		work(&b->units[0], b->total, block);
		return bench_now() - begun;
	}
	(void)pthread_barrier_init(&begin, NULL, b->drives + 1);
	for (unsigned i = 0; i < b->drives; i++) {
		jobs[i] = (struct job){ &b->units[i], work, b->total, block, &begin };
		if (pthread_create(&threads[i], NULL, run_job, &jobs[i]) != 0)
			bench_fail("pthread_create");
	}
	(void)pthread_barrier_wait(&begin);
	begun = bench_now();
	for (unsigned i = 0; i < b->drives; i++)
		(void)pthread_join(threads[i], NULL);
	(void)pthread_barrier_destroy(&begin);
	return bench_now() - begun;
}

/* ---- the table ---- */

enum figure {
	DRIVE_WRITE,
	BARE_WRITE,
	DRIVE_READ,
	BARE_READ,
	FIGURES
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

/* The old recording, and the old file, end outside of the timing. */
static double measure(struct bench *b, enum figure which, uint32_t block)
{
	static const struct {
		void (*prepare)(struct bench_unit *u);
		bench_work work;
	} figures[FIGURES] = {
		[DRIVE_WRITE] = { bench_drive_blank, bench_drive_write },
		[BARE_WRITE] = { bench_bare_blank, bench_bare_write },
		[DRIVE_READ] = { bench_drive_rewind, bench_drive_read },
		[BARE_READ] = { NULL, bench_bare_read },
	};

	for (unsigned i = 0; i < b->drives && figures[which].prepare != NULL; i++)
		figures[which].prepare(&b->units[i]);
	return timed(b, figures[which].work, block);
}

static void row(struct bench *b, const char *with_codec, uint32_t block, enum bench_content content)
{
	double seconds[FIGURES][RUNS_MAX], rate[FIGURES];

	for (unsigned i = 0; i < b->drives; i++)
		bench_unit_fill(&b->units[i], content);
	for (unsigned run = 0; run < b->runs; run++)
		for (unsigned k = 0; k < FIGURES; k++) {
			/* drive and bare loop take turns in being the first */
			enum figure f = (enum figure)(k ^ (run & 1));

			seconds[f][run] = measure(b, f, block);
		}
	for (unsigned f = 0; f < FIGURES; f++)
		rate[f] = (double)b->total * b->drives / BENCH_MIB / median(seconds[f], b->runs);
	printf("| %u | %4u KiB | %-6s | %-5s | %6.0f | %6.0f | %4.0f %% | %6.0f | %6.0f | %4.0f %% |\n",
	       b->drives, block / BENCH_KIB, bench_content_names[content], with_codec,
	       rate[DRIVE_WRITE], rate[BARE_WRITE], 100 * rate[DRIVE_WRITE] / rate[BARE_WRITE],
	       rate[DRIVE_READ], rate[BARE_READ], 100 * rate[DRIVE_READ] / rate[BARE_READ]);
	(void)fflush(stdout);
}

static bool wanted(const char *which)
{
	return codec == NULL ? strcmp(which, "zlib") != 0 : strcmp(codec, which) == 0;
}

static void table(struct bench *b)
{
	static const char *const codecs[] = { "none", "lz4", "zstd", "zlib" };
	static const uint32_t blocks[] = { 64 * BENCH_KIB, 256 * BENCH_KIB, BENCH_MIB };

	printf("MB/s (2^20), medians of %u runs of %zu MiB a drive; bare: a loop that copies and writes (reads) the same\n\n"
	       "| drives | block | data | codec | write | bare | ratio | read | bare | ratio |\n"
	       "|---|---|---|---|---|---|---|---|---|---|\n",
	       b->runs, b->total / BENCH_MIB);
	for (unsigned drives = 1; drives <= DRIVES_MAX; drives++)
		for (unsigned c = 0; c < G_N_ELEMENTS(codecs); c++) {
			if (!wanted(codecs[c]))
				continue;
			open_drives(b, codecs[c], drives);
			for (unsigned i = 0; i < G_N_ELEMENTS(blocks); i++)
				for (unsigned data = BENCH_ZERO; data < BENCH_CONTENTS; data++)
					if (drives == 1 || data == BENCH_TEXT)
						row(b, codecs[c], blocks[i],
						    (enum bench_content)data);
			close_drives(b);
		}
}

/* ---- filemarks ---- */

/* N times a block and a filemark; @flags of WRITE FILEMARKS: 1 = IMMED, with one at the end that
 * waits for all. */
static void drive_marks(struct bench_unit *u, unsigned n, uint8_t flags)
{
	for (unsigned i = 0; i < n; i++) {
		bench_must(u, OP_WRITE_6, 0, MARK_BLOCK, MARK_BLOCK);
		bench_must(u, OP_WRITE_FILEMARKS_6, flags, 1, 0);
	}
	if (flags != 0)
		bench_must(u, OP_WRITE_FILEMARKS_6, 0, 0, 0);
}

/* The least that durable files need: a block appended and fdatasync, N times. */
static void bare_marks(struct bench_unit *u, unsigned n, uint8_t no_sync)
{
	int fd = open(u->bare_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		bench_fail(u->bare_path);
	for (unsigned i = 0; i < n; i++) {
		if (pwrite(fd, u->data, MARK_BLOCK, (off_t)i * MARK_BLOCK) != MARK_BLOCK)
			bench_fail("pwrite");
		if (no_sync == 0 && fdatasync(fd) != 0)
			bench_fail("fdatasync");
	}
	if (fdatasync(fd) != 0)
		bench_fail("fdatasync");
	(void)close(fd);
}

static void mark_row(struct bench *b, const char *what, uint8_t flags,
		     void (*work)(struct bench_unit *, unsigned, uint8_t))
{
	double seconds[RUNS_MAX], in_sync[RUNS_MAX], each;
	struct sync_cost before = { 0 }, after = { 0 };
	unsigned n = (unsigned)filemarks;

	for (unsigned run = 0; run < b->runs; run++) {
		bench_drive_blank(&b->units[0]);
		before = sync_cost();
		seconds[run] = bench_now();
		work(&b->units[0], n, flags);
		seconds[run] = bench_now() - seconds[run];
		after = sync_cost();
		in_sync[run] = after.seconds - before.seconds;
	}
	each = median(seconds, b->runs) * 1e6 / (2.0 * n);
	printf("| %-28s | %8.0f | %7.1f | %5.2f | %7.1f |\n", what, 1e6 / each, each,
	       (double)(after.calls - before.calls) / (2.0 * n),
	       median(in_sync, b->runs) * 1e6 / (2.0 * n));
	(void)fflush(stdout);
}

static void marks_table(struct bench *b)
{
	open_drives(b, codec != NULL ? codec : "none", 1);
	bench_unit_fill(&b->units[0], BENCH_TEXT);
	printf("%d times one block of %u bytes and one filemark, medians of %u runs; each pair is two commands\n\n"
	       "| | commands/s | us a command | syncs a command | us in them a command |\n"
	       "|---|---|---|---|---|\n",
	       filemarks, MARK_BLOCK, b->runs);
	mark_row(b, "drive, sync", 0, drive_marks);
	mark_row(b, "bare: pwrite and fdatasync", 0, bare_marks);
	mark_row(b, "drive, IMMED, one wait", 1, drive_marks);
	mark_row(b, "bare: pwrite, one fdatasync", 1, bare_marks);
	close_drives(b);
}

/* ---- nothing but blocks ---- */

/* Between two system calls that nothing else makes, by which a log of strace shows what counts. */
static void marked(struct bench *b, bench_work work, gint blocks)
{
	uint32_t block = (uint32_t)block_kib * BENCH_KIB;

	(void)getppid();
	work(&b->units[0], (size_t)blocks * block, block);
	(void)getppid();
}

static void plain(struct bench *b)
{
	open_drives(b, codec != NULL ? codec : "none", 1);
	bench_unit_fill(&b->units[0], BENCH_TEXT);
	(void)crc32c(0, "", 0); /* makes its choice here, not in whatever thread is first */
	marked(b, bench_drive_write, write_blocks);
	bench_drive_rewind(&b->units[0]);
	if (read_blocks > 0)
		marked(b, bench_drive_read, read_blocks);
	close_drives(b);
}

/* ---- */

static void parse(int *argc, char ***argv)
{
	GOptionContext *context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;

	g_option_context_set_summary(
		context, "Measures the drive through a ring in memory, without a kernel, against a "
			 "bare loop.\ndocs/performance.md explains the figures.");
	g_option_context_add_main_entries(context, options, NULL);
	if (!g_option_context_parse(context, argc, argv, &error) || *argc > 1) {
		(void)fprintf(stderr, "bench_drive: %s; see --help\n",
			      error != NULL ? error->message : "takes options only");
		exit(2);
	}
	g_option_context_free(context);
	if (mib < 1 || runs < 1 || runs > RUNS_MAX || filemarks < 0 || write_blocks < 0 ||
	    read_blocks < 0 || read_blocks > write_blocks || block_kib < 1 || block_kib > 1024) {
		(void)fprintf(stderr, "bench_drive: a number is out of range; see --help\n");
		exit(2);
	}
}

/* There is no bus, and the units need none. */
static void log_but_bus(const gchar *domain, GLogLevelFlags level, const gchar *message,
			gpointer ctx)
{
	if (strstr(message, "is not on D-Bus") == NULL)
		g_log_default_handler(domain, level, message, ctx);
}

int main(int argc, char **argv)
{
	struct bench b = { .drives = 1 };
	g_autofree char *state = NULL;

	parse(&argc, &argv);
	b.total = (size_t)mib * BENCH_MIB;
	b.runs = (unsigned)runs;
	b.root = g_build_filename(dir != NULL ? dir : g_get_tmp_dir(), "vtl-bench-XXXXXX", NULL);
	if (g_mkdtemp(b.root) == NULL)
		bench_fail(b.root);
	state = g_build_filename(b.root, "state", NULL);
	g_setenv("TCMU_VTL_STATE", state, TRUE);
	g_setenv("TCMU_VTL_BUS", "session", TRUE);
	g_setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
	(void)g_log_set_default_handler(log_but_bus, NULL);
	if (write_blocks > 0)
		plain(&b);
	else if (filemarks > 0)
		marks_table(&b);
	else
		table(&b);
	control_server_stop();
	if (fs_remove_tree(AT_FDCWD, b.root) != 0)
		bench_fail(b.root);
	g_free(b.root);
	g_free(dir);
	g_free(codec);
	return 0;
}
