/* SPDX-License-Identifier: Apache-2.0 */
/* unit.c: see unit.h. */
#include "tests/bench/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "handlers/scsi/opcode.h"
#include "lib/base/bytes.h"

#define DRIVE_1 256

const char *const bench_content_names[BENCH_CONTENTS] = { "zero", "text", "random" };

void bench_fail(const char *what)
{
	(void)fprintf(stderr, "bench_drive: %s: %s\n", what, strerror(errno));
	exit(1);
}

double bench_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void bench_unit_fill(struct bench_unit *u, enum bench_content content)
{
	static const char *const words[] = { "cartridge ", "volume ", "drive ", "record 0017 ",
					     "account ",   "total\n", "NULL, ", "2026-11-21 " };
	GRand *rand = g_rand_new_with_seed(u->number);
	size_t n = 0;

	memset(u->data, 0, BENCH_BLOCK_MAX);
	while (content == BENCH_TEXT && n < BENCH_BLOCK_MAX) {
		const char *w = words[g_rand_int_range(rand, 0, 8)];
		size_t len = MIN(strlen(w), BENCH_BLOCK_MAX - n);

		memcpy(u->data + n, w, len);
		n += len;
		if (n < BENCH_BLOCK_MAX)
			u->data[n++] = (uint8_t)g_rand_int_range(rand, 'a', 'z');
	}
	for (; content == BENCH_RANDOM && n + 4 <= BENCH_BLOCK_MAX; n += 4)
		put_be32(u->data + n, g_rand_int(rand));
	g_rand_free(rand);
}

/* ---- the handler ---- */

int bench_command(struct bench_unit *u, uint8_t opcode, uint8_t flags, uint32_t count, size_t size)
{
	struct tcmur_cmd cmd = { .lib_cmd = &u->lib };
	int r;

	u->cdb[0] = opcode;
	u->cdb[1] = flags;
	put_be24(u->cdb + 2, count);
	(void)fake_queue(&u->dev, TCMU_OP_CMD, ++u->id, 112);
	u->iov = (struct iovec){ u->data, size };
	u->lib.cmd_id = u->id;
	u->lib.cdb = u->cdb;
	u->lib.iovec = &u->iov;
	u->lib.iov_cnt = size > 0;
	r = glue_handle(&u->dev, &cmd);
	fake_complete(&u->dev);
	return r;
}

void bench_must(struct bench_unit *u, uint8_t opcode, uint8_t flags, uint32_t count, size_t size)
{
	int r = bench_command(u, opcode, flags, count, size);

	if (r == TCMUR_SENSE && u->lib.sense_buf[2] == 6) /* a unit attention */
		r = bench_command(u, opcode, flags, count, size);
	if (r == TCMUR_OK)
		return;
	(void)fprintf(stderr, "bench_drive: opcode %02x: sense %x/%02x/%02x\n", opcode,
		      u->lib.sense_buf[2], u->lib.sense_buf[12], u->lib.sense_buf[13]);
	exit(1);
}

void bench_drive_blank(struct bench_unit *u)
{
	bench_must(u, OP_REWIND, 0, 0, 0);
	bench_must(u, OP_ERASE_6, 0, 0, 0); /* a short one: ends the recording here */
	bench_must(u, OP_REWIND, 0, 0, 0);
}

void bench_drive_rewind(struct bench_unit *u)
{
	bench_must(u, OP_REWIND, 0, 0, 0);
}

void bench_drive_write(struct bench_unit *u, size_t total, uint32_t block)
{
	for (size_t n = 0; n < total; n += block)
		bench_must(u, OP_WRITE_6, 0, block, block);
	bench_must(u, OP_WRITE_FILEMARKS_6, 0, 1, 0);
}

void bench_drive_read(struct bench_unit *u, size_t total, uint32_t block)
{
	for (size_t n = 0; n < total; n += block)
		bench_must(u, OP_READ_6, 0, block, block);
}

/* ---- a library of our own ---- */

struct library *bench_library(const char *root, const char *name, const char *codec,
			      unsigned drives)
{
	g_autofree char *conf = g_build_filename(root, "bench.conf", NULL);
	g_autofree char *text = g_strdup_printf(
		"[library]\nname=%s\nslots=50\ndrives=%u\nserial=BENCH%c%c\npool=%s/pool-%s\n"
		"[media]\nbarcodes=C1-C4\ncapacity=0\ncodec=%s\n",
		name, drives, g_ascii_toupper(name[0]), g_ascii_toupper(name[1]), root, name,
		codec);
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

/*
 * As the kernel's ring has it.  A copy whose target lies a few bytes further in its page than its
 * source is up to 20 times slower on some processors; malloc() gives such targets.
 */
static uint8_t *page_aligned(size_t size)
{
	uint8_t *p = aligned_alloc(4096, size);

	if (p == NULL)
		bench_fail("memory");
	memset(p, 0, size);
	return p;
}

void bench_unit_open(struct bench_unit *u, const struct library *library, unsigned number,
		     const char *root)
{
	memset(u, 0, sizeof(*u));
	u->number = number;
	u->cfgstring = g_strdup_printf("tape/%s/drive/%u", library_name(library), number);
	u->bare_path = g_strdup_printf("%s/bare%u", root, number);
	u->data = page_aligned(BENCH_BLOCK_MAX);
	u->staging = page_aligned(BENCH_BLOCK_MAX);
	fake_init(&u->dev, u->cfgstring);
	if (glue_open(&u->dev, "tape") == 0)
		return;
	(void)fprintf(stderr, "bench_drive: %s", u->dev.log);
	exit(1);
}

void bench_unit_close(struct bench_unit *u)
{
	glue_close(&u->dev);
	fake_clear(&u->dev);
	(void)unlink(u->bare_path); /* where there is one */
	g_free(u->cfgstring);
	g_free(u->bare_path);
	free(u->data);
	free(u->staging);
}

void bench_unit_load(struct bench_unit *u, struct library *library)
{
	g_autofree char *barcode = g_strdup_printf("C%u", u->number);
	uint16_t from;

	if (!library_find(library, barcode, &from) ||
	    library_move(library, from, (uint16_t)(DRIVE_1 + u->number - 1)) != 0)
		bench_fail(barcode);
	for (int i = 0; i < 3; i++) /* unit attentions */
		(void)bench_command(u, OP_TEST_UNIT_READY, 0, 0, 0);
	bench_must(u, OP_TEST_UNIT_READY, 0, 0, 0);
}

/* ---- the bare loop ---- */

static int bare_open(const struct bench_unit *u, int flags)
{
	int fd = open(u->bare_path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		bench_fail(u->bare_path);
	return fd;
}

void bench_bare_blank(struct bench_unit *u)
{
	(void)close(bare_open(u, O_RDWR | O_CREAT | O_TRUNC));
}

void bench_bare_write(struct bench_unit *u, size_t total, uint32_t block)
{
	int fd = bare_open(u, O_RDWR);

	for (size_t n = 0; n < total; n += block) {
		memcpy(u->staging, u->data, block);
		if (pwrite(fd, u->staging, block, (off_t)n) != (ssize_t)block)
			bench_fail("pwrite");
	}
	if (fdatasync(fd) != 0)
		bench_fail("fdatasync");
	(void)close(fd);
}

void bench_bare_read(struct bench_unit *u, size_t total, uint32_t block)
{
	int fd = bare_open(u, O_RDONLY);

	for (size_t n = 0; n < total; n += block) {
		if (pread(fd, u->staging, block, (off_t)n) != (ssize_t)block)
			bench_fail("pread");
		memcpy(u->data, u->staging, block);
	}
	(void)close(fd);
}
