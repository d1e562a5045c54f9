/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_drive.c: the handler's entry point through a ring in memory, exactly as tcmu-runner drives
 * it, against a bare loop that copies each block and writes it with pwrite() to the same file
 * system, in the same run.
 *
 * Prints a table of ratios: absolute figures of one machine mean nothing on another.
 * Use: bench_drive [--mib N] [--dir DIR] [--runs N]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "handlers/scsi/opcode.h"
#include "handlers/tcmu/glue.h"
#include "lib/base/bytes.h"
#include "lib/base/fs.h"
#include "lib/control/server.h"
#include "lib/library/library.h"
#include "tests/unit/tcmu/fake_runner.h"

#define KIB      1024u
#define MIB      (1024u * 1024)
#define RUNS_MAX 15
#define DRIVE_1  256
#define SLOT_1   1024

enum content {
	ZERO,
	TEXT,
	NOISE,
	CONTENTS
};
static const char *const content_names[] = { "zero", "text", "random" };

struct bench {
	char *root;
	size_t total;
	unsigned runs;
	struct tcmu_device dev;
	uint8_t *data; /* one block */
	uint16_t id;
	uint8_t cdb[6];
	struct tcmulib_cmd lib;
	struct iovec iov;
};

static void die(const char *what)
{
	(void)fprintf(stderr, "bench_drive: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Text-like: words of a small vocabulary, which compress about threefold. */
static void fill(uint8_t *p, size_t size, enum content content)
{
	static const char *const words[] = { "cartridge ", "volume ", "drive ", "record 0017 ",
					     "account ",   "total\n", "NULL, ", "2026-11-21 " };
	GRand *rand = g_rand_new_with_seed(1);
	size_t n = 0;

	memset(p, 0, size);
	while (content == TEXT && n < size) {
		const char *w = words[g_rand_int_range(rand, 0, 8)];
		size_t len = MIN(strlen(w), size - n);

		memcpy(p + n, w, len);
		n += len;
		if (n < size)
			p[n++] = (uint8_t)g_rand_int_range(rand, 'a', 'z');
	}
	for (; content == NOISE && n + 4 <= size; n += 4)
		put_be32(p + n, g_rand_int(rand));
	g_rand_free(rand);
}

/* ---- the handler ---- */

static int command(struct bench *b, uint8_t opcode, uint8_t flags, uint32_t count, size_t size)
{
	struct tcmur_cmd cmd = { .lib_cmd = &b->lib };
	int r;

	b->cdb[0] = opcode;
	b->cdb[1] = flags;
	put_be24(b->cdb + 2, count);
	(void)fake_queue(&b->dev, TCMU_OP_CMD, ++b->id, 112);
	b->iov = (struct iovec){ b->data, size };
	b->lib.cmd_id = b->id;
	b->lib.cdb = b->cdb;
	b->lib.iovec = &b->iov;
	b->lib.iov_cnt = size > 0;
	r = glue_handle(&b->dev, &cmd);
	fake_complete(&b->dev);
	return r;
}

static void must(struct bench *b, uint8_t opcode, uint8_t flags, uint32_t count, size_t size)
{
	int r = command(b, opcode, flags, count, size);

	if (r == TCMUR_SENSE && b->lib.sense_buf[2] == 6) /* a unit attention */
		r = command(b, opcode, flags, count, size);
	if (r != TCMUR_OK) {
		(void)fprintf(stderr, "bench_drive: opcode %02x: sense %x/%02x/%02x\n", opcode,
			      b->lib.sense_buf[2], b->lib.sense_buf[12], b->lib.sense_buf[13]);
		exit(1);
	}
}

static double drive_write(struct bench *b, uint32_t block)
{
	double t = now();

	for (size_t n = 0; n < b->total; n += block)
		must(b, OP_WRITE_6, 0, block, block);
	must(b, OP_WRITE_FILEMARKS_6, 0, 1, 0);
	return now() - t;
}

static double drive_read(struct bench *b, uint32_t block)
{
	double t = now();

	for (size_t n = 0; n < b->total; n += block)
		must(b, OP_READ_6, 0, block, block);
	return now() - t;
}

static void load(struct bench *b, struct library *library, const char *barcode)
{
	uint16_t from;

	ignore_result(library_move(library, DRIVE_1, SLOT_1 + 40)); /* where there is one in it */
	if (!library_find(library, barcode, &from) || library_move(library, from, DRIVE_1) != 0)
		die(barcode);
	for (int i = 0; i < 3; i++)
		(void)command(b, OP_TEST_UNIT_READY, 0, 0, 0);
	must(b, OP_TEST_UNIT_READY, 0, 0, 0);
}

/* ---- the bare loop ---- */

static double bare_write(struct bench *b, uint32_t block, uint8_t *staging)
{
	g_autofree char *path = g_build_filename(b->root, "bare", NULL);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	double t = now();

	if (fd < 0)
		die(path);
	for (size_t n = 0; n < b->total; n += block) {
		memcpy(staging, b->data, block);
		if (pwrite(fd, staging, block, (off_t)n) != (ssize_t)block)
			die("pwrite");
	}
	if (fdatasync(fd) != 0)
		die("fdatasync");
	(void)close(fd);
	return now() - t;
}

static double bare_read(struct bench *b, uint32_t block, uint8_t *staging)
{
	g_autofree char *path = g_build_filename(b->root, "bare", NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	double t = now();

	if (fd < 0)
		die(path);
	for (size_t n = 0; n < b->total; n += block) {
		if (pread(fd, staging, block, (off_t)n) != (ssize_t)block)
			die("pread");
		memcpy(b->data, staging, block);
	}
	(void)close(fd);
	return now() - t;
}

/* ---- runs ---- */

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

static void row(struct bench *b, struct library *library, const char *barcode, const char *codec,
		uint32_t block, enum content content, uint8_t *staging)
{
	double w[RUNS_MAX], r[RUNS_MAX], bw[RUNS_MAX], br[RUNS_MAX];
	double mib = (double)b->total / MIB;

	load(b, library, barcode);
	for (unsigned i = 0; i < b->runs; i++) {
		fill(b->data, block, content);
		must(b, OP_REWIND, 0, 0, 0);
		w[i] = drive_write(b, block);
		bw[i] = bare_write(b, block, staging);
		must(b, OP_REWIND, 0, 0, 0);
		r[i] = drive_read(b, block);
		br[i] = bare_read(b, block, staging);
	}
	printf("| %4u KiB | %-6s | %-5s | %6.0f | %6.0f | %4.0f %% | %6.0f | %6.0f | %4.0f %% |\n",
	       block / KIB, content_names[content], codec, mib / median(w, b->runs),
	       mib / median(bw, b->runs), 100 * median(bw, b->runs) / median(w, b->runs),
	       mib / median(r, b->runs), mib / median(br, b->runs),
	       100 * median(br, b->runs) / median(r, b->runs));
	(void)fflush(stdout);
}

static struct library *make_library(const char *root, const char *name, const char *codec)
{
	g_autofree char *conf = g_build_filename(root, "bench.conf", NULL);
	g_autofree char *text = g_strdup_printf(
		"[library]\nname=%s\nslots=50\ndrives=1\nserial=BENCH%s\npool=%s/pool-%s\n[media]\n"
		"barcodes=C1-C2\ncapacity=0\ncodec=%s\n",
		name, name + 1, root, name, codec);
	struct library_config *config = NULL;
	struct library *library = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_file_set_contents(conf, text, -1, &error) ||
	    !library_config_load(conf, &config, &error) || !library_create(config, &error) ||
	    (library = library_open(name, LIBRARY_OPEN_OWN, &error)) == NULL) {
		(void)fprintf(stderr, "bench_drive: %s\n", error->message);
		exit(1);
	}
	library_config_free(config);
	return library;
}

static void codec_rows(struct bench *b, const char *name, const char *codec, uint8_t *staging)
{
	static const uint32_t blocks[] = { 64 * KIB, 256 * KIB, MIB };
	g_autofree char *cfg = g_strdup_printf("tape/%s/drive/1", name);
	struct library *library = make_library(b->root, name, codec);

	fake_init(&b->dev, cfg);
	if (glue_open(&b->dev, "tape") != 0) {
		(void)fprintf(stderr, "bench_drive: %s", b->dev.log);
		exit(1);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(blocks); i++)
		for (enum content c = ZERO; c < CONTENTS; c++)
			row(b, library, "C1", codec, blocks[i], c, staging);
	glue_close(&b->dev);
	fake_clear(&b->dev);
	library_unref(library);
}

int main(int argc, char **argv)
{
	static const char *const codecs[] = { "none", "lz4", "zstd", "zlib" };
	struct bench b = { .total = 256 * (size_t)MIB, .runs = 3 };
	const char *dir = g_get_tmp_dir();
	g_autofree char *state = NULL;
	g_autofree char *staging = g_malloc0(MIB);
	const char *only = NULL;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--mib") == 0)
			b.total = (size_t)strtoul(argv[i + 1], NULL, 10) * MIB;
		else if (strcmp(argv[i], "--dir") == 0)
			dir = argv[i + 1];
		else if (strcmp(argv[i], "--runs") == 0)
			b.runs = (unsigned)CLAMP(strtoul(argv[i + 1], NULL, 10), 1, RUNS_MAX);
		else if (strcmp(argv[i], "--codec") == 0)
			only = argv[i + 1];
	}
	b.root = g_build_filename(dir, "vtl-bench-XXXXXX", NULL);
	if (g_mkdtemp(b.root) == NULL)
		die(b.root);
	state = g_build_filename(b.root, "state", NULL);
	g_setenv("TCMU_VTL_STATE", state, TRUE);
	g_setenv("TCMU_VTL_BUS", "session", TRUE);
	g_setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
	b.data = g_malloc0(MIB);
	printf("MB/s (2^20), medians of %u runs of %zu MiB; the bare loop copies and writes (reads) the same\n\n"
	       "| block | data | codec | write | bare | ratio | read | bare | ratio |\n"
	       "|---|---|---|---|---|---|---|---|---|\n",
	       b.runs, b.total / MIB);
	for (unsigned i = 0; i < G_N_ELEMENTS(codecs); i++) {
		g_autofree char *name = g_strdup_printf("b%u", i);

		if (only == NULL || strcmp(only, codecs[i]) == 0)
			codec_rows(&b, name, codecs[i], (uint8_t *)staging);
	}
	control_server_stop();
	if (fs_remove_tree(AT_FDCWD, b.root) != 0)
		die(b.root);
	g_free(b.root);
	g_free(b.data);
	return 0;
}
