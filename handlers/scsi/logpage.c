/* SPDX-License-Identifier: Apache-2.0 */
/* logpage.c: LOG SENSE over the rows of logpage.h (SPC-5).  LOG SELECT is in logselect.c. */
#include "handlers/scsi/logpage.h"

#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/loginternal.h"
#include "handlers/scsi/service.h"
#include "lib/base/bytes.h"

#define SUB_ALL 0xff
#define SPF     0x40

/* Whether a parameter is a list: those have one value, which PC does not choose. */
static bool is_list(unsigned kind)
{
	return (kind & 0x01) != 0;
}

/* What PC asks for instead of the cumulative value. */
static void choose_value(const struct log_writer *w, const struct log_threshold *t, uint8_t *value,
			 uint8_t size)
{
	uint8_t threshold[8];

	if (w->pc == LOG_PC_CUMULATIVE)
		return;
	if (w->pc == LOG_PC_THRESHOLD && t != NULL && size <= 8) {
		put_be64(threshold, t->threshold);
		memcpy(value, threshold + 8 - size, size);
	} else {
		memset(value, w->pc == LOG_PC_DEFAULT_CUMULATIVE ? 0x00 : 0xff, size);
	}
}

void log_put(struct log_writer *w, uint16_t code, enum log_parameter_kind kind, const void *data,
	     uint8_t size)
{
	uint8_t *p = w->data + w->size;
	const struct log_threshold *t;

	if (code < w->first || w->size + 4u + size > LOG_PAGE_MAX)
		return;
	put_be16(p, code);
	p[2] = (uint8_t)kind;
	p[3] = size;
	memcpy(p + 4, data, size);
	if (!is_list(kind)) {
		t = log_threshold_find(w->unit, w->code, w->subpage, code);
		if (t != NULL)
			p[2] |= t->control;
		choose_value(w, t, p + 4, size);
	}
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

void log_put_text(struct log_writer *w, uint16_t code, const char *text, uint8_t size)
{
	uint8_t field[64];

	if (size > sizeof(field))
		return;
	scsi_put_text(field, size, text);
	log_put(w, code, LOG_ASCII, field, size);
}

const struct log_page *log_find(const struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->log_pages_cnt; i++)
		if (t->log_pages[i].code == code && t->log_pages[i].subpage == subpage)
			return &t->log_pages[i];
	return NULL;
}

bool log_has_code(const struct scsi_unit *unit, uint8_t code)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->log_pages_cnt; i++)
		if (t->log_pages[i].code == code)
			return true;
	return code == 0;
}

void log_fill(struct scsi_unit *unit, const struct log_page *page, struct log_writer *w)
{
	w->unit = unit;
	w->code = page->code;
	w->subpage = page->subpage;
	w->size = 4;
	page->fill(unit, w);
}

/* ---- 10h, self-test results ---- */

void log_fill_selftests(struct scsi_unit *unit, struct log_writer *w)
{
	for (uint16_t n = 0; n < UNIT_SELFTESTS; n++) {
		const struct selftest_result *r = unit_selftest(unit, n);
		uint8_t data[16] = { 0 };

		if (r != NULL) {
			data[0] = (uint8_t)(r->code << 5 | r->outcome);
			data[1] = r->segment;
			put_be16(data + 2, r->hours);
			memset(data + 4, 0xff, 8); /* no address failed */
			data[12] = r->key;
			data[13] = r->asc;
			data[14] = r->ascq;
		}
		log_put(w, (uint16_t)(n + 1), LOG_BINARY, data, sizeof(data));
	}
}

/* ---- lists of pages ---- */

/* Page 00h: one byte per page. */
static void put_pages(const struct scsi_unit *unit, struct log_writer *w)
{
	const struct scsi_tables *t = unit->tables;

	w->data[w->size++] = 0x00;
	for (unsigned i = 0; i < t->log_pages_cnt; i++)
		if (i == 0 || t->log_pages[i].code != t->log_pages[i - 1].code)
			w->data[w->size++] = t->log_pages[i].code;
}

static void put_subpage(struct log_writer *w, uint8_t code, uint8_t subpage)
{
	if (w->size + 2 > LOG_PAGE_MAX)
		return;
	w->data[w->size++] = code;
	w->data[w->size++] = subpage;
}

/* Page @only and its subpages; every page with its subpages where @only is 0. */
static void put_subpages(const struct scsi_unit *unit, struct log_writer *w, uint8_t only)
{
	const struct scsi_tables *t = unit->tables;

	if (only == 0) {
		put_subpage(w, 0, 0);
		put_subpage(w, 0, SUB_ALL);
	}
	for (unsigned i = 0; i < t->log_pages_cnt; i++) {
		uint8_t code = t->log_pages[i].code;

		if (only != 0 && code != only)
			continue;
		put_subpage(w, code, t->log_pages[i].subpage);
		if (i + 1 == t->log_pages_cnt || t->log_pages[i + 1].code != code)
			put_subpage(w, code, SUB_ALL);
	}
}

/* ---- LOG SENSE ---- */

#define SP  0x01
#define PPC 0x02

/* Fills @w with the page that the CDB names; *ret_page is its row, NULL for a list of pages. */
static enum scsi_status fill_page(struct scsi_unit *unit, struct scsi_cmd *cmd,
				  struct log_writer *w, const struct log_page **ret_page)
{
	uint8_t code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];

	*ret_page = NULL;
	if (code == 0 && subpage == 0) {
		put_pages(unit, w);
		return SCSI_GOOD;
	}
	if (subpage == SUB_ALL && log_has_code(unit, code)) {
		put_subpages(unit, w, code);
		return SCSI_GOOD;
	}
	*ret_page = log_find(unit, code, subpage);
	if (*ret_page == NULL)
		return log_has_code(unit, code) ? scsi_check_field(unit, cmd, 3, 7)
						: scsi_check_field(unit, cmd, 2, 5);
	log_fill(unit, *ret_page, w);
	if (w->first != 0 && w->size == 4) /* SPC: no parameter from there on */
		return scsi_check_field(unit, cmd, 5, 7);
	return SCSI_GOOD;
}

enum scsi_status scsi_log_sense(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const uint8_t *cdb = cmd->cdb;
	struct log_writer w = {
		.data = unit->scratch,
		.size = 4,
		.first = get_be16(cdb + 5),
		.pc = cdb[2] >> 6,
	};
	const struct log_page *page = NULL;
	enum scsi_status s;

	if ((cdb[1] & PPC) != 0) /* changed parameters only: obsolete since SPC-4 */
		return scsi_check_field(unit, cmd, 1, 1);
	if ((cdb[1] & SP) != 0 && unit->ops->save == NULL)
		return scsi_check_field(unit, cmd, 1, 0);
	s = fill_page(unit, cmd, &w, &page);
	if (s != SCSI_GOOD)
		return s;
	w.data[0] = (uint8_t)((cdb[2] & 0x3f) | (cdb[3] != 0 ? SPF : 0));
	w.data[1] = cdb[3];
	put_be16(w.data + 2, (uint16_t)(w.size - 4));
	scsi_put_data(cmd, w.data, w.size, get_be16(cdb + 7));
	if (page != NULL && page->told != NULL &&
	    cmd->in_len == w.size) /* no mere look at its length */
		page->told(unit);
	if ((cdb[1] & SP) != 0 && log_save(unit) != 0)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	return SCSI_GOOD;
}
