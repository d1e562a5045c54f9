/* SPDX-License-Identifier: Apache-2.0 */
/* verify_state.c: see verify_state.h. */
#include "cli/verify_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_MODE 0700

struct verify_state {
	char *path;
	FILE *file; /* NULL: it could not be written */
};

static void hex(const uint8_t *data, size_t size, char *to)
{
	for (size_t i = 0; i < size; i++)
		(void)g_snprintf(to + 2 * i, 3, "%02x", data[i]);
}

static char *first_line(const struct cart_info *info, bool digest)
{
	char uuid[2 * sizeof(info->uuid) + 1];

	hex(info->uuid, sizeof(info->uuid), uuid);
	return g_strdup_printf("vtl-verify 1 %s generation %" PRIu64 " epoch %" PRIu64
			       " objects %" PRIu64 " digest %d\n",
			       uuid, info->generation, info->epoch, info->objects, digest);
}

static bool parse_digest(const char *text, uint8_t digest[CART_DIGEST_SIZE])
{
	if (strlen(text) != 2 * CART_DIGEST_SIZE)
		return false;
	for (size_t i = 0; i < CART_DIGEST_SIZE; i++) {
		int high = g_ascii_xdigit_value(text[2 * i]);
		int low = g_ascii_xdigit_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* One group, which must begin where the one before ended. */
static bool parse_group(const char *line, uint64_t first, struct verified_group *ret_group)
{
	struct verified_group g = { .done = true };
	char digest[2 * CART_DIGEST_SIZE + 1];
	int complete, end = 0;

	if (sscanf(line,
		   "%" SCNu64 " %" SCNu64 " %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %64s .%n",
		   &g.group.first, &g.group.end, &complete, &g.check.blocks, &g.check.filemarks,
		   &g.check.bytes, &g.check.damaged, &g.check.first_damaged, digest, &end) != 9 ||
	    end == 0 || !parse_digest(digest, g.group.digest) || g.group.first != first ||
	    g.group.end <= first)
		return false;
	g.group.complete = complete != 0;
	*ret_group = g;
	return true;
}

/* What an earlier run found; the bytes of the file that are worth keeping. */
static long load(const char *path, const char *head, GArray *groups)
{
	g_autofree char *text = NULL;
	struct verified_group group;
	uint64_t first = 0;
	char *line, *end;

	if (!g_file_get_contents(path, &text, NULL, NULL) || !g_str_has_prefix(text, head))
		return 0;
	line = text + strlen(head);
	while ((end = strchr(line, '\n')) != NULL && parse_group(line, first, &group)) {
		g_array_append_val(groups, group);
		first = group.group.end;
		line = end + 1;
	}
	return (long)(line - text);
}

struct verify_state *verify_state_open(const struct cart_info *info, bool digest, bool resume,
				       GArray *groups)
{
	struct verify_state *s = g_new0(struct verify_state, 1);
	g_autofree char *folder = g_build_filename(g_get_user_state_dir(), "vtl", NULL);
	g_autofree char *head = first_line(info, digest);
	g_autofree char *name = g_strdup_printf("verify-%s-%.8s", info->barcode, head + 13);
	long keep;

	s->path = g_build_filename(folder, name, NULL);
	if (g_mkdir_with_parents(folder, FOLDER_MODE) != 0)
		return s;
	keep = resume ? load(s->path, head, groups) : 0;
	s->file = fopen(s->path, keep > 0 ? "r+e" : "we");
	if (s->file == NULL)
		return s;
	if (keep > 0 &&
	    (ftruncate(fileno(s->file), keep) != 0 || fseek(s->file, keep, SEEK_SET) != 0)) {
		(void)fclose(s->file);
		s->file = NULL;
		return s;
	}
	if (keep == 0)
		(void)fputs(head, s->file);
	(void)fflush(s->file);
	return s;
}

void verify_state_add(struct verify_state *s, const struct verified_group *g)
{
	char digest[2 * CART_DIGEST_SIZE + 1];

	if (s->file == NULL)
		return;
	hex(g->group.digest, CART_DIGEST_SIZE, digest);
	(void)fprintf(s->file,
		      "%" PRIu64 " %" PRIu64 " %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		      " %" PRIu64 " %s .\n",
		      g->group.first, g->group.end, g->group.complete, g->check.blocks,
		      g->check.filemarks, g->check.bytes, g->check.damaged, g->check.first_damaged,
		      digest);
	(void)fflush(s->file); /* a line that is not there is read again */
}

bool verify_state_is_kept(const struct verify_state *s)
{
	return s->file != NULL && ferror(s->file) == 0;
}

void verify_state_close(struct verify_state *s, bool finished)
{
	if (s->file != NULL)
		(void)fclose(s->file);
	if (finished)
		(void)unlink(s->path);
	g_free(s->path);
	g_free(s);
}
