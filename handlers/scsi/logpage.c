/* SPDX-License-Identifier: Apache-2.0 */
/* logpage.c: LOG SENSE and LOG SELECT over the rows of logpage.h (SPC-5). */
#include "handlers/scsi/logpage.h"

#include <string.h>

#include "handlers/scsi/command.h"
#include "lib/base/bytes.h"

#define SUB_ALL 0xff
#define SPF     0x40

void log_put(struct log_writer *w, uint16_t code, enum log_parameter_kind kind, const void *data,
	     uint8_t size)
{
	uint8_t *p = w->data + w->size;

	if (code < w->first || w->size + 4u + size > sizeof(w->data))
		return;
	put_be16(p, code);
	p[2] = (uint8_t)kind;
	p[3] = size;
	memcpy(p + 4, data, size);
	w->size += 4u + size;
}

void log_put_number(struct log_writer *w, uint16_t code, enum log_parameter_kind kind,
		    uint64_t value, uint8_t size)
{
	uint8_t bytes[8];

	if (size > 8)
		return;
	if (size < 8 && value >> (8 * size) != 0)
		value = (1ull << (8 * size)) - 1;
	put_be64(bytes, value);
	log_put(w, code, kind, bytes + 8 - size, size);
}

static const struct log_page *find_page(const struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->log_pages_cnt; i++)
		if (t->log_pages[i].code == code && t->log_pages[i].subpage == subpage)
			return &t->log_pages[i];
	return NULL;
}

/* Page 00h: one byte per page; with subpage FFh two bytes per page and subpage. */
static void put_supported(const struct scsi_unit *unit, struct log_writer *w, bool subpages)
{
	const struct scsi_tables *t = unit->tables;

	w->data[w->size++] = 0x00;
	if (subpages) {
		w->data[w->size++] = 0x00;
		w->data[w->size++] = 0x00;
		w->data[w->size++] = SUB_ALL;
	}
	for (unsigned i = 0; i < t->log_pages_cnt && w->size + 2 <= sizeof(w->data); i++) {
		if (!subpages && t->log_pages[i].subpage != 0)
			continue;
		w->data[w->size++] = t->log_pages[i].code;
		if (subpages)
			w->data[w->size++] = t->log_pages[i].subpage;
	}
}

enum scsi_status scsi_log_sense(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const uint8_t *cdb = cmd->cdb;
	uint8_t code = cdb[2] & 0x3f, subpage = cdb[3];
	struct log_writer w = { .size = 4, .first = get_be16(cdb + 5) };
	const struct log_page *page = NULL;

	if ((cdb[1] & 0x03) != 0) /* PPC, SP */
		return scsi_check_field(unit, cmd, 1, cdb[1] & 0x02 ? 1 : 0);
	if (cdb[2] >> 6 > 1) /* PC: there are no default values that differ from zero */
		return scsi_check_field(unit, cmd, 2, 7);
	if (code == 0 && (subpage == 0 || subpage == SUB_ALL)) {
		put_supported(unit, &w, subpage == SUB_ALL);
	} else {
		page = find_page(unit, code, subpage);
		if (page == NULL)
			return find_page(unit, code, 0) == NULL || subpage == 0
				       ? scsi_check_field(unit, cmd, 2, 5)
				       : scsi_check_field(unit, cmd, 3, 7);
		page->fill(unit, &w);
		if (w.first != 0 && w.size == 4) /* SPC: no parameter from there on */
			return scsi_check_field(unit, cmd, 5, 7);
	}
	w.data[0] = (uint8_t)(code | (subpage != 0 ? SPF : 0));
	w.data[1] = subpage;
	put_be16(w.data + 2, (uint16_t)(w.size - 4));
	scsi_put_data(cmd, w.data, w.size, get_be16(cdb + 7));
	if (page != NULL && page->told != NULL &&
	    cmd->in_len == w.size) /* no mere look at its length */
		page->told(unit);
	return SCSI_GOOD;
}

/* Resets counters (PCR); no parameter can be set. */
enum scsi_status scsi_log_select(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const struct scsi_tables *t = unit->tables;
	const uint8_t *cdb = cmd->cdb;
	uint8_t code = cdb[2] & 0x3f;

	if ((cdb[1] & 0x01) != 0)
		return scsi_check_field(unit, cmd, 1, 0);
	if (get_be16(cdb + 7) != 0)
		return scsi_check_field(unit, cmd, 7, 7);
	if (code != 0 && find_page(unit, code, cdb[3]) == NULL)
		return scsi_check_field(unit, cmd, 2, 5);
	if ((cdb[1] & 0x02) == 0)
		return SCSI_GOOD;
	for (unsigned i = 0; i < t->log_pages_cnt; i++)
		if ((code == 0 || code == t->log_pages[i].code) && t->log_pages[i].reset != NULL)
			t->log_pages[i].reset(unit);
	return SCSI_GOOD;
}
