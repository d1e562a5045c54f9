/* SPDX-License-Identifier: Apache-2.0 */
/* tables.c: see tables.h. */
#include "handlers/scsi/tables.h"

#include <stdlib.h>
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/logpage.h"
#include "handlers/scsi/mode.h"
#include "handlers/scsi/vpd.h"

/* Of @cnt rows of @size bytes those that @features allow; the row's own are at @at. */
static void *choose(const void *rows, unsigned cnt, size_t size, size_t at, unsigned features,
		    unsigned *ret_cnt)
{
	char *chosen = calloc(cnt == 0 ? 1 : cnt, size);
	unsigned n = 0;

	for (unsigned i = 0; chosen != NULL && i < cnt; i++) {
		const char *row = (const char *)rows + i * size;
		unsigned needed;

		memcpy(&needed, row + at, sizeof(needed));
		if ((needed & ~features) == 0)
			memcpy(chosen + size * n++, row, size);
	}
	*ret_cnt = n;
	return chosen;
}

#define CHOOSE(rows, type, cnt)                                                           \
	choose(all->rows, all->cnt, sizeof(struct type), offsetof(struct type, features), \
	       features, &t->cnt)

struct scsi_tables *tables_choose(const struct scsi_tables *all, unsigned features)
{
	struct scsi_tables *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->lun_in_cdb = all->lun_in_cdb;
	t->commands = CHOOSE(commands, scsi_command, commands_cnt);
	t->mode_pages = CHOOSE(mode_pages, mode_page, mode_pages_cnt);
	t->log_pages = CHOOSE(log_pages, log_page, log_pages_cnt);
	t->vpd_pages = CHOOSE(vpd_pages, vpd_page, vpd_pages_cnt);
	if (t->commands != NULL && t->mode_pages != NULL && t->log_pages != NULL &&
	    t->vpd_pages != NULL)
		return t;
	tables_free(t);
	return NULL;
}

void tables_free(struct scsi_tables *t)
{
	if (t == NULL)
		return;
	free((void *)(uintptr_t)t->commands); /* const for everybody else */
	free((void *)(uintptr_t)t->mode_pages);
	free((void *)(uintptr_t)t->log_pages);
	free((void *)(uintptr_t)t->vpd_pages);
	free(t);
}
