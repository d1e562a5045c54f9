/* SPDX-License-Identifier: Apache-2.0 */
/* scene.c: see scene.h. */
#include "tests/unit/policy/scene.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fs.h"

/* ---- recordings ---- */

static uint8_t *content(uint64_t number, size_t size)
{
	uint8_t *data = g_malloc(size);
	uint64_t x = number * 2654435761u + size + 1;

	for (size_t i = 0; i < size; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		data[i] = (uint8_t)(x >> 56);
	}
	return data;
}

typedef int (*object_fn)(void *ctx, uint64_t number, size_t size); /* size 0: a filemark */

static void play(const char *recording, object_fn object, void *ctx)
{
	uint64_t number = 0;

	for (const char *p = recording; *p != '\0';) {
		size_t size = 0;
		char *end;

		if (*p == ' ') {
			p++;
			continue;
		}
		if (*p == 'b') {
			size = strtoul(p + 1, &end, 10);
			assert_true(size > 0);
			p = end;
		} else {
			assert_int_equal(*p++, 'F');
		}
		assert_int_equal(object(ctx, number++, size), 0);
	}
}

static int to_cart(void *ctx, uint64_t number, size_t size)
{
	g_autofree uint8_t *data = content(number, size);
	struct iovec iov = { .iov_base = data, .iov_len = size };
	uint32_t written;

	return size == 0 ? cart_write_filemarks(ctx, 1, &written) : cart_write(ctx, &iov, 1, size);
}

static int to_tape(void *ctx, uint64_t number, size_t size)
{
	g_autofree uint8_t *data = content(number, size);

	return size == 0 ? tapeio_write_filemarks(ctx, 1) : tapeio_write(ctx, data, size);
}

static void say(GString *text, bool mark, size_t size)
{
	if (mark)
		g_string_append(text,
				text->len > 0 && text->str[text->len - 1] == 'F' ? "F" : " F");
	else
		g_string_append_printf(text, " b%zu", size);
}

static char *said(GString *text)
{
	char *result = g_strdup(text->len > 0 ? text->str + 1 : "");

	(void)g_string_free(text, TRUE);
	return result;
}

/* ---- cartridges ---- */

static struct cart *open_cart(struct scene *s, const char *barcode, unsigned flags)
{
	struct cart *c;

	assert_int_equal(cart_open(s->place->pool, barcode, flags, &c), 0);
	return c;
}

void scene_record(struct scene *s, const char *barcode, const char *recording)
{
	struct cart *c = open_cart(s, barcode, CART_OPEN_WRITE);

	assert_int_equal(cart_space_eod(c), 0);
	play(recording, to_cart, c);
	assert_int_equal(cart_close(c), 0);
}

void scene_record_long(struct scene *s, const char *barcode)
{
	g_autofree char *marks = g_strnfill(5000, 'F');
	g_autofree char *recording = g_strconcat("b1000 ", marks, " b1000", NULL);

	scene_record(s, barcode, recording);
}

char *scene_recorded(struct scene *s, const char *barcode)
{
	struct cart *c = open_cart(s, barcode, CART_OPEN_READ);
	GString *text = g_string_new(NULL);
	uint8_t byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	size_t size = 0;
	int r;

	while ((r = cart_read(c, &iov, 1, 1, &size)) == 0 || r == CART_E_FILEMARK)
		say(text, r != 0, size);
	assert_int_equal(r, CART_E_EOD);
	assert_int_equal(cart_close(c), 0);
	return said(text);
}

void scene_digest(struct scene *s, const char *barcode, uint8_t ret_digest[CART_DIGEST_SIZE])
{
	struct cart *c = open_cart(s, barcode, CART_OPEN_READ);
	uint64_t object;

	assert_int_equal(cart_compute_digest(c, NULL, NULL, ret_digest, &object), 0);
	assert_int_equal(cart_close(c), 0);
}

const struct cart_info *scene_stat(struct scene *s, const char *barcode)
{
	static struct cart_info info;

	assert_int_equal(cart_stat(s->place->pool, barcode, &info), 0);
	return &info;
}

void scene_mount(struct scene *s, const char *barcode)
{
	assert_int_equal(cart_close(open_cart(s, barcode, CART_OPEN_WRITE | CART_OPEN_MOUNT)), 0);
}

/* ---- volumes ---- */

char *scene_volume_path(struct scene *s, const char *volume)
{
	return g_strdup_printf("%s/%s.tap", s->tapes, volume);
}

char *scene_volume(struct scene *s, const char *volume)
{
	GString *text;
	struct tapeio *t;
	const uint8_t *data;
	size_t size = 0;
	int r = tapeio_open(s->tapes, volume, 0, false, &t);

	if (r == TAPEIO_E_NO_MEDIUM)
		return g_strdup("absent");
	assert_int_equal(r, 0);
	text = g_string_new(NULL);
	while ((r = tapeio_read(t, &data, &size)) == 0 || r == TAPEIO_E_FILEMARK)
		say(text, r != 0, size);
	assert_int_equal(r, TAPEIO_E_EOD);
	assert_int_equal(tapeio_close(t), 0);
	return said(text);
}

void scene_write_volume(struct scene *s, const char *volume, const char *recording)
{
	struct tapeio *t;

	assert_int_equal(tapeio_open(s->tapes, volume, 0, true, &t), 0);
	play(recording, to_tape, t);
	assert_int_equal(tapeio_close(t), 0);
}

void scene_flip(struct scene *s, const char *volume, size_t offset)
{
	g_autofree char *path = scene_volume_path(s, volume);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
	byte ^= 0xff;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
	assert_int_equal(close(fd), 0);
}

/* ---- the scene ---- */

struct policy_config *scene_config(struct scene *s, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "TAPES", -1);
	g_autofree char *full = g_strjoinv(s->tapes, parts);
	g_autoptr(GError) error = NULL;
	struct policy_config *config = policy_config_parse(full, strlen(full), "test", &error);

	if (config == NULL)
		fail_msg("%s", error->message);
	return config;
}

static void open_catalog(struct scene *s)
{
	g_autoptr(GError) error = NULL;
	char *note;

	s->catalog = catalog_open(s->catalog_path, &note, &error);
	if (s->catalog == NULL)
		fail_msg("%s", error->message);
	assert_null(note);
}

void scene_restart(struct scene *s)
{
	catalog_close(s->catalog);
	open_catalog(s);
}

int scene_setup(void **state)
{
	struct scene *s = g_new0(struct scene, 1);
	void *place;

	if (place_setup_lib0(&place) != 0)
		return -1;
	s->place = place;
	s->tapes = g_build_filename(s->place->root, "tapes", NULL);
	s->catalog_path = g_build_filename(s->place->root, "catalogue.sqlite", NULL);
	assert_int_equal(mkdir(s->tapes, 0700), 0);
	open_catalog(s);
	*state = s;
	return 0;
}

int scene_teardown(void **state)
{
	struct scene *s = *state;
	void *place = s->place;

	catalog_close(s->catalog);
	g_free(s->tapes);
	g_free(s->catalog_path);
	g_free(s);
	return place_teardown(&place);
}

/* ---- the stage ---- */

static struct tapeio *stage_tape(void *ctx, bool write, GError **error)
{
	struct stage *g = ctx;
	int r = g->tape != NULL ? tapeio_rewind(g->tape)
				: tapeio_open(g->scene->tapes, g->job->volume, g->capacity, write,
					      &g->tape);

	if (r == 0)
		return g->tape;
	step_tape_error(&g->step, r, "open", error);
	return NULL;
}

static void close_drive(void *ctx)
{
	struct stage *g = ctx;

	assert_int_equal(tapeio_close(g->tape), 0);
	g->tape = NULL;
}

static gboolean stage_keep(void *ctx, GError **error)
{
	struct stage *g = ctx;

	g->entered[g->entered_cnt] = g->job->state;
	if ((int)g->entered_cnt++ != g->crash_at)
		return TRUE;
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_FAILED, "the daemon died");
	return FALSE;
}

static bool stage_go_on(void *ctx)
{
	return !((struct stage *)ctx)->stop;
}

static gboolean stage_place(void *ctx, GError **error)
{
	(void)ctx;
	(void)error;
	return TRUE;
}

static const struct step_ops stage_ops = {
	.tape = stage_tape,
	.drop_tape = close_drive,
	.keep = stage_keep,
	.go_on = stage_go_on,
	.place = stage_place,
};

void stage_init(struct stage *g, struct scene *s, enum job_kind kind, const char *barcode)
{
	*g = (struct stage){ .scene = s, .crash_at = -1 };
	g->job = job_new(kind, "lib0", barcode, "test", clock_wall_s() + 1);
	g->job->copies = 1;
	g->job->release = true;
	g->job->attempts = 1;
	g_strlcpy(g->job->volume, "V1", sizeof(g->job->volume));
	g_strlcpy(g->job->drive, "phys1", sizeof(g->job->drive));
	g->step = (struct step){ .job = g->job,
				 .pool = s->place->pool,
				 .now_s = clock_wall_s,
				 .ops = &stage_ops,
				 .ctx = g };
}

void stage_restart(struct stage *g)
{
	close_drive(g);
	g->job->state = job_restart(g->job->kind, g->job->state);
	g->job->attempts++;
	g->crash_at = -1;
	g->entered_cnt = 0;
}

void stage_clear(struct stage *g)
{
	close_drive(g);
	job_free(g->job);
	g->job = NULL;
}

static gboolean run(struct stage *g, GError **error)
{
	if (g->job->kind == JOB_MIGRATE)
		return migrate_run(&g->step, error);
	return g->job->kind == JOB_RECALL ? recall_run(&g->step, error)
					  : import_run(&g->step, error);
}

void stage_run(struct stage *g)
{
	g_autoptr(GError) error = NULL;

	if (!run(g, &error))
		fail_msg("%s", error->message);
}

void stage_run_fails(struct stage *g, int code, const char *part)
{
	g_autoptr(GError) error = NULL;

	assert_false(run(g, &error));
	if (error->code != code || strstr(error->message, part) == NULL)
		fail_msg("expected code %d and '%s', got code %d and '%s'", code, part, error->code,
			 error->message);
}

void scene_migrate(struct scene *s, const char *barcode, const char *volume)
{
	struct stage g;

	stage_init(&g, s, JOB_MIGRATE, barcode);
	g_strlcpy(g.job->volume, volume, sizeof(g.job->volume));
	stage_run(&g);
	stage_clear(&g);
}
