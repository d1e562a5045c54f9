/* SPDX-License-Identifier: Apache-2.0 */
/* tables.c: see tables.h. */
#include "handlers/scsi/tables.h"

#include <stdlib.h>
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/logpage.h"
#include "handlers/scsi/mode.h"
#include "handlers/scsi/vpd.h"
#include "lib/personality/pages.h"

/* What a row of a table has, whatever table it is. */
struct row_shape {
	size_t size;
	size_t features;      /* where its field stands */
	bool paged, subpaged; /* begins with a page code, and a subpage code behind it */
	bool (*same)(const void *a, const void *b); /* of one command or page; NULL: never */
	const struct page_list *list;               /* the pages that there are; NULL: all */
};

static bool same_command(const void *a, const void *b)
{
	const struct scsi_command *x = a, *y = b;

	return x->opcode == y->opcode && x->sa == y->sa;
}

static bool same_mode_page(const void *a, const void *b)
{
	const struct mode_page *x = a, *y = b;

	return x->code == y->code && x->subpage == y->subpage;
}

static bool listed(const struct row_shape *shape, const uint8_t *row)
{
	const struct page_list *list = shape->list;
	unsigned code = (unsigned)row[0] << 8 | (shape->subpaged ? row[1] : 0u);

	if (!shape->paged || list == NULL || list->codes == NULL)
		return true;
	for (unsigned i = 0; i < list->cnt; i++)
		if (list->codes[i] == code)
			return true;
	return false;
}

/* Of @cnt rows those that @features and the list allow; with room for @more rows. */
static void *choose(const void *rows, unsigned cnt, unsigned more, const struct row_shape *shape,
		    unsigned features, unsigned *ret_cnt)
{
	char *chosen = calloc(cnt + more + 1, shape->size);
	unsigned n = 0; /* several rows of one command or page stand behind one another */

	for (unsigned i = 0; chosen != NULL && i < cnt; i++) {
		const char *row = (const char *)rows + i * shape->size;
		unsigned needed;

		memcpy(&needed, row + shape->features, sizeof(needed));
		if (n > 0 && shape->same != NULL &&
		    shape->same(row, chosen + shape->size * (n - 1)))
			continue;
		if ((needed & ~features) == 0 && listed(shape, (const uint8_t *)row))
			memcpy(chosen + shape->size * n++, row, shape->size);
	}
	*ret_cnt = n;
	return chosen;
}

/* ---- mode pages as the model has them ---- */

/* @size bytes of a row in memory of their own, which tables_free() finds; NULL in it: zeros. */
static uint8_t *own_bytes(struct scsi_tables *t, const uint8_t **row_bytes, size_t size)
{
	uint8_t *bytes = calloc(1, UNIT_MODE_PAGE_MAX);

	for (unsigned i = 0; i < t->owned_cnt; i++) {
		if (t->owned[i] != *row_bytes)
			continue;
		free(bytes);
		return t->owned[i];
	}
	if (bytes == NULL)
		return NULL;
	if (*row_bytes != NULL)
		memcpy(bytes, *row_bytes, size);
	*row_bytes = bytes;
	t->owned[t->owned_cnt++] = bytes;
	return bytes;
}

static struct mode_page *find_mode(struct mode_page *rows, unsigned cnt, uint8_t page,
				   uint8_t subpage)
{
	for (unsigned i = 0; i < cnt; i++)
		if (rows[i].code == page && rows[i].subpage == subpage)
			return &rows[i];
	return NULL;
}

/* A page of the vendor's own: instead of ours, or at its place in the order of the codes. */
static void add_mode(struct scsi_tables *t, struct mode_page *rows, const struct page_bytes *b)
{
	struct mode_page *row = find_mode(rows, t->mode_pages_cnt, b->page, b->subpage);
	unsigned at = 0;

	if (b->size > UNIT_MODE_PAGE_MAX || b->size < 2)
		return;
	if (row == NULL) {
		if (t->mode_pages_cnt >= UNIT_MODE_PAGES)
			return;
		while (at < t->mode_pages_cnt &&
		       (rows[at].code < b->page ||
			(rows[at].code == b->page && rows[at].subpage < b->subpage)))
			at++;
		row = &rows[at];
		memmove(row + 1, row, (t->mode_pages_cnt++ - at) * sizeof(*row));
	}
	*row = (struct mode_page){ .code = b->page,
				   .subpage = b->subpage,
				   .size = (uint8_t)b->size,
				   .defaults = b->bytes };
}

/* Never changes a page's length: bytes that would are left out. */
static bool patch_mode(struct scsi_tables *t, struct mode_page *rows, const struct page_bytes *b)
{
	struct mode_page *row = find_mode(rows, t->mode_pages_cnt, b->page, b->subpage);
	uint8_t *bytes;

	if (row == NULL || b->at + b->size > row->size)
		return true; /* the model has no such page, by its list or its features */
	bytes = own_bytes(t, b->mask ? &row->changeable : &row->defaults, row->size);
	if (bytes == NULL)
		return false;
	memcpy(bytes + b->at, b->bytes, b->size);
	return true;
}

static bool model_mode(struct scsi_tables *t, const struct page_patches *patches)
{
	struct mode_page *rows = (struct mode_page *)(uintptr_t)t->mode_pages; /* ours */

	const unsigned cnt = patches != NULL ? patches->cnt : 0;

	t->owned = calloc(t->mode_pages_cnt + 2u * cnt + 1, sizeof(*t->owned));
	if (t->owned == NULL)
		return false;
	for (unsigned i = 0; i < cnt; i++)
		if (!patches->rows[i].whole && !patches->rows[i].mask &&
		    !patch_mode(t, rows, &patches->rows[i]))
			return false;
	for (unsigned i = 0; i < cnt; i++)
		if (patches->rows[i].whole)
			add_mode(t, rows, &patches->rows[i]);
	for (unsigned i = 0; i < cnt; i++)
		if (patches->rows[i].mask && !patch_mode(t, rows, &patches->rows[i]))
			return false;
	return true;
}

#define SHAPE(type, ...)                                                          \
	&(struct row_shape)                                                       \
	{                                                                         \
		sizeof(struct type), offsetof(struct type, features), __VA_ARGS__ \
	}

struct scsi_tables *tables_choose(const struct scsi_tables *all, unsigned features)
{
	struct scsi_tables *t = calloc(1, sizeof(*t));
	unsigned more = all->mode_bytes != NULL ? all->mode_bytes->cnt : 0;

	if (t == NULL)
		return NULL;
	t->lun_in_cdb = all->lun_in_cdb;
	t->vpd_bytes = all->vpd_bytes;
	t->commands = choose(all->commands, all->commands_cnt, 0,
			     SHAPE(scsi_command, false, false, same_command, NULL), features,
			     &t->commands_cnt);
	t->mode_pages = choose(all->mode_pages, all->mode_pages_cnt, more,
			       SHAPE(mode_page, true, true, same_mode_page, all->mode_list),
			       features, &t->mode_pages_cnt);
	t->log_pages = choose(all->log_pages, all->log_pages_cnt, 0,
			      SHAPE(log_page, true, true, NULL, all->log_list), features,
			      &t->log_pages_cnt);
	t->vpd_pages = choose(all->vpd_pages, all->vpd_pages_cnt, 0,
			      SHAPE(vpd_page, true, false, NULL, all->vpd_list), features,
			      &t->vpd_pages_cnt);
	if (t->commands != NULL && t->mode_pages != NULL && t->log_pages != NULL &&
	    t->vpd_pages != NULL && model_mode(t, all->mode_bytes))
		return t;
	tables_free(t);
	return NULL;
}

void tables_free(struct scsi_tables *t)
{
	if (t == NULL)
		return;
	for (unsigned i = 0; i < t->owned_cnt; i++)
		free(t->owned[i]);
	free(t->owned);
	free((void *)(uintptr_t)t->commands); /* const for everybody else */
	free((void *)(uintptr_t)t->mode_pages);
	free((void *)(uintptr_t)t->log_pages);
	free((void *)(uintptr_t)t->vpd_pages);
	free(t);
}
