/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode.c: MODE SENSE and MODE SELECT over the rows of mode.h (SPC-5).
 *
 * A MODE SELECT is all or nothing: the whole list is checked first, then saved where SP asks for
 * it, then taken over, so that a list that is refused, or cannot be saved, changes nothing.
 */
#include "handlers/scsi/mode.h"

#include <errno.h>
#include <string.h>

#include "handlers/scsi/command.h"
#include "lib/base/bytes.h"

#define PC_CURRENT    0
#define PC_CHANGEABLE 1
#define PC_DEFAULT    2
#define PC_SAVED      3

#define PAGE_NONE 0x00 /* header and block descriptor only: what st asks for at open */
#define PAGE_ALL  0x3f
#define SUB_ALL   0xff

#define PS              0x80
#define SPF             0x40
#define DESCRIPTOR_SIZE 8
#define SIX_MAX         256 /* the 6-byte form's length field has one byte */

static unsigned header_size(const struct mode_page *row)
{
	return row->subpage == 0 ? 2 : 4;
}

static uint8_t changeable(const struct mode_page *row, unsigned byte)
{
	return row->changeable != NULL && byte >= header_size(row) ? row->changeable[byte] : 0;
}

static bool is_saveable(const struct scsi_unit *unit, const struct mode_page *row)
{
	return unit->ops->save != NULL && row->changeable != NULL &&
	       (row->flags & MODE_VOLATILE) == 0;
}

static int page_index(const struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->mode_pages_cnt; i++)
		if (t->mode_pages[i].code == code && t->mode_pages[i].subpage == subpage)
			return (int)i;
	return -1;
}

static bool has_code(const struct scsi_unit *unit, uint8_t code)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->mode_pages_cnt; i++)
		if (t->mode_pages[i].code == code)
			return true;
	return false;
}

uint8_t *mode_current(struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	int i = page_index(unit, code, subpage);

	return i < 0 ? NULL : unit->mode_values[i];
}

bool mode_is_saved(const struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	int i = page_index(unit, code, subpage);

	return i >= 0 && unit->mode_was_saved[i];
}

/* ---- saved values ---- */

#define SAVED_NAME "mode-pages"
/* Saved pages, one behind the other: page code, subpage, size, then the page's bytes. */
#define RECORD_HEADER 3
#define SAVED_MAX     (UNIT_MODE_PAGES * (RECORD_HEADER + UNIT_MODE_PAGE_MAX))
_Static_assert(SAVED_MAX <= UNIT_SCRATCH_SIZE, "saved pages are built in the scratch buffer");

void mode_reset(struct scsi_unit *unit)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->mode_pages_cnt && i < UNIT_MODE_PAGES; i++) {
		const struct mode_page *row = &t->mode_pages[i];

		memcpy(unit->mode_values[i],
		       unit->mode_was_saved[i] ? unit->mode_saved[i] : row->defaults, row->size);
	}
}

/* Only bits that may be changed come from the record: all others are as this version has them. */
static void restore_page(struct scsi_unit *unit, unsigned i, const uint8_t *page)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];

	for (unsigned b = 0; b < row->size; b++) {
		uint8_t mask = changeable(row, b);

		unit->mode_saved[i][b] = (uint8_t)((row->defaults[b] & ~mask) | (page[b] & mask));
	}
	unit->mode_was_saved[i] = true;
}

void mode_restore(struct scsi_unit *unit)
{
	uint8_t *list = unit->scratch;
	size_t size = 0, at = 0;

	memset(unit->mode_was_saved, 0, sizeof(unit->mode_was_saved));
	if (unit->ops->load == NULL ||
	    unit->ops->load(unit, SAVED_NAME, list, UNIT_SCRATCH_SIZE, &size) != 0)
		size = 0; /* never saved, or lost: the defaults */
	while (at + RECORD_HEADER <= size && at + RECORD_HEADER + list[at + 2] <= size) {
		int i = page_index(unit, list[at], list[at + 1]);

		if (i >= 0 && unit->tables->mode_pages[i].size == list[at + 2] &&
		    is_saveable(unit, &unit->tables->mode_pages[i]))
			restore_page(unit, (unsigned)i, list + at + RECORD_HEADER);
		at += RECORD_HEADER + (size_t)list[at + 2];
	}
	mode_reset(unit);
}

/* ---- MODE SENSE ---- */

struct mode_list {
	uint8_t *data; /* unit->scratch */
	size_t size, max;
	bool full; /* a page did not fit */
};

/* What the device says by itself goes where a host cannot set it; elsewhere @page stays. */
static void sense_fixed_bits(struct scsi_unit *unit, const struct mode_page *row, uint8_t *page)
{
	uint8_t now[UNIT_MODE_PAGE_MAX];

	if (row->sense == NULL)
		return;
	memcpy(now, page, row->size);
	row->sense(unit, now);
	for (unsigned b = header_size(row); b < row->size; b++) {
		uint8_t mask = changeable(row, b);

		page[b] = (uint8_t)((page[b] & mask) | (now[b] & ~mask));
	}
}

/* PAGE LENGTH of a row that may be shorter. */
static uint8_t length_now(struct scsi_unit *unit, unsigned i)
{
	uint8_t now[UNIT_MODE_PAGE_MAX];

	memcpy(now, unit->mode_values[i], unit->tables->mode_pages[i].size);
	unit->tables->mode_pages[i].sense(unit, now);
	return now[1];
}

static void fill_page(struct scsi_unit *unit, unsigned i, unsigned pc, uint8_t *page)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];

	switch (pc) {
	case PC_CHANGEABLE:
		memset(page, 0, row->size);
		for (unsigned b = 0; b < row->size; b++)
			page[b] = changeable(row, b);
		memcpy(page, row->defaults, header_size(row));
		break;
	case PC_DEFAULT:
		memcpy(page, row->defaults, row->size);
		sense_fixed_bits(unit, row, page);
		break;
	case PC_SAVED:
		memcpy(page, unit->mode_was_saved[i] ? unit->mode_saved[i] : row->defaults,
		       row->size);
		sense_fixed_bits(unit, row, page);
		break;
	default:
		memcpy(page, unit->mode_values[i], row->size);
		if (row->sense != NULL)
			row->sense(unit, page);
	}
	if ((row->flags & MODE_SHORTER) != 0)
		page[1] = length_now(unit, i);
	if (is_saveable(unit, row))
		page[0] |= PS;
}

static void add_page(struct scsi_unit *unit, struct mode_list *list, unsigned i, unsigned pc)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];

	list->full = list->full || list->size + row->size > list->max;
	if (list->full) /* whole pages only, and none behind one that is left out */
		return;
	fill_page(unit, i, pc, list->data + list->size);
	list->size +=
		(row->flags & MODE_SHORTER) != 0 ? 2u + list->data[list->size + 1] : row->size;
}

/* False where no page matches. */
static bool add_pages(struct scsi_unit *unit, struct mode_list *list, unsigned pc, uint8_t code,
		      uint8_t subpage)
{
	const struct scsi_tables *t = unit->tables;
	bool found = code == PAGE_NONE && (subpage == 0 || subpage == SUB_ALL);

	if (found)
		return true;
	for (unsigned i = 0; i < t->mode_pages_cnt; i++) {
		const struct mode_page *row = &t->mode_pages[i];

		if (code != PAGE_ALL && row->code != code)
			continue;
		if (subpage != SUB_ALL && row->subpage != subpage)
			continue;
		add_page(unit, list, i, pc);
		found = true;
	}
	return found;
}

static void put_header(struct scsi_unit *unit, struct mode_list *list, bool ten, bool descriptor)
{
	uint8_t type = 0, specific = 0;
	unsigned size = descriptor ? DESCRIPTOR_SIZE : 0;

	unit->ops->mode_header(unit, &type, &specific);
	memset(list->data, 0, ten ? 8 : 4);
	if (ten) {
		list->data[2] = type;
		list->data[3] = specific;
		put_be16(list->data + 6, (uint16_t)size);
		list->size = 8;
	} else {
		list->data[1] = type;
		list->data[2] = specific;
		list->data[3] = (uint8_t)size;
		list->size = 4;
	}
	if (descriptor) {
		memset(list->data + list->size, 0, DESCRIPTOR_SIZE);
		unit->ops->block_descriptor(unit, list->data + list->size);
		list->size += DESCRIPTOR_SIZE;
	}
}

enum scsi_status scsi_mode_sense(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const uint8_t *cdb = cmd->cdb;
	bool ten = cdb[0] == OP_MODE_SENSE_10;
	bool descriptor = (cdb[1] & 0x08) == 0 && unit->ops->block_descriptor != NULL;
	uint8_t code = cdb[2] & 0x3f, subpage = cdb[3];
	unsigned pc = cdb[2] >> 6;
	struct mode_list list = { .data = unit->scratch, .max = ten ? UNIT_SCRATCH_SIZE : SIX_MAX };

	if (pc == PC_SAVED && unit->ops->save == NULL)
		return scsi_check(unit, cmd, SENSE_SAVING_NOT_SUPPORTED);
	put_header(unit, &list, ten, descriptor);
	if (!add_pages(unit, &list, pc, code, subpage)) {
		bool page_is_there = code == PAGE_ALL || code == PAGE_NONE || has_code(unit, code);

		return page_is_there ? scsi_check_field(unit, cmd, 3, 7)
				     : scsi_check_field(unit, cmd, 2, 5);
	}
	if (ten)
		put_be16(list.data, (uint16_t)(list.size - 2));
	else
		list.data[0] = (uint8_t)(list.size - 1);
	scsi_put_data(cmd, list.data, list.size, ten ? get_be16(cdb + 7) : cdb[4]);
	return SCSI_GOOD;
}

/* ---- MODE SELECT ---- */

/* A parameter list on its way. */
struct select {
	const uint8_t *list;
	size_t size, pages; /* of the list; where its pages begin */
	const uint8_t *descriptor;
	unsigned header;
	uint8_t specific;
};

/* The whole page, in @buf where the host sent less of it. */
static const uint8_t *lengthen(struct scsi_unit *unit, unsigned i, const uint8_t *page,
			       uint8_t *buf)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];
	unsigned length = 2u + page[1];

	if ((row->flags & MODE_SHORTER) == 0 || length >= row->size)
		return page;
	memcpy(buf, unit->mode_values[i], row->size);
	row->sense(unit, buf);
	memcpy(buf, page, length);
	return buf;
}

/* One page of the list: checks every bit that may not change. */
static enum scsi_status check_page(struct scsi_unit *unit, struct scsi_cmd *cmd, unsigned i,
				   const uint8_t *page, unsigned offset)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];
	uint8_t now[UNIT_MODE_PAGE_MAX];

	uint8_t whole[UNIT_MODE_PAGE_MAX];

	page = lengthen(unit, i, page, whole);
	memcpy(now, unit->mode_values[i], row->size);
	if (row->sense != NULL)
		row->sense(unit, now);
	for (unsigned b = header_size(row); b < row->size; b++) {
		uint8_t wrong = (uint8_t)((page[b] ^ now[b]) & ~changeable(row, b));

		if (wrong != 0)
			return scsi_check_list(unit, cmd, offset + b, 31 - __builtin_clz(wrong));
	}
	return row->select == NULL ? SCSI_GOOD : row->select(unit, cmd, page, offset, false);
}

/*
 * MODE SELECT changes the bits in which a page of the list differs from what it was before the
 * list, and no others: where two pages say the same thing in their own ways, one that repeats what
 * was takes nothing back that the other one says, whatever their order.  Not so pages that are made
 * when they are asked for (row->sense): these are taken as they come.
 */
static bool is_kept(const struct mode_page *row)
{
	return row->sense == NULL && row->changeable != NULL;
}

/* Takes the bits @mask of @from over into @page. */
static void take_bits(const struct mode_page *row, const uint8_t *from, const uint8_t *mask,
		      uint8_t *page)
{
	for (unsigned b = header_size(row); b < row->size; b++)
		page[b] = (uint8_t)((page[b] & ~mask[b]) | (from[b] & mask[b]));
}

/* The bits that @page changes of @before. */
static void changed_bits(const struct mode_page *row, const uint8_t *before, const uint8_t *page,
			 uint8_t *mask)
{
	for (unsigned b = 0; b < row->size; b++)
		mask[b] = (uint8_t)((page[b] ^ before[b]) & changeable(row, b));
}

static void merge(const struct mode_page *row, const uint8_t *page, uint8_t *values)
{
	for (unsigned b = 0; b < row->size; b++) {
		uint8_t mask = changeable(row, b);

		values[b] = (uint8_t)((values[b] & ~mask) | (page[b] & mask));
	}
}

/* @mask: changed_bits(), where is_kept(). */
static enum scsi_status apply_page(struct scsi_unit *unit, struct scsi_cmd *cmd, unsigned i,
				   const uint8_t *page, const uint8_t *mask, unsigned offset)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];
	uint8_t whole[UNIT_MODE_PAGE_MAX];

	if (row->changeable == NULL)
		return SCSI_GOOD;
	if (is_kept(row)) {
		memcpy(whole, unit->mode_values[i], row->size);
		take_bits(row, page, mask, whole);
		page = whole;
	} else {
		page = lengthen(unit, i, page, whole);
	}
	merge(row, page, unit->mode_values[i]);
	return row->select != NULL ? row->select(unit, cmd, page, offset, true) : SCSI_GOOD;
}

/* A length that MODE SELECT takes for page @i. */
static bool length_fits(struct scsi_unit *unit, unsigned i, size_t length)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];

	if ((row->flags & MODE_SHORTER) == 0)
		return length == row->size;
	return length >= 8 && length <= 2u + length_now(unit, i);
}

/* The page at @offset: its row in *ret_row and its length in *ret_length, or a check. */
static enum scsi_status page_at(struct scsi_unit *unit, struct scsi_cmd *cmd,
				const struct select *s, size_t offset, unsigned *ret_row,
				size_t *ret_length)
{
	const uint8_t *page = s->list + offset;
	size_t left = s->size - offset, length;
	bool sub = (page[0] & SPF) != 0;
	int i;

	if (left < (sub ? 4u : 2u))
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	length = sub ? 4u + get_be16(page + 2) : 2u + page[1];
	i = page_index(unit, page[0] & 0x3f, sub ? page[1] : 0);
	if (i < 0 && sub && has_code(unit, page[0] & 0x3f))
		return scsi_check_list(unit, cmd, (unsigned)offset + 1, 7);
	if (i < 0)
		return scsi_check_list(unit, cmd, (unsigned)offset, 5);
	if (sub != (unit->tables->mode_pages[i].subpage != 0))
		return scsi_check_list(unit, cmd, (unsigned)offset, 6);
	if (!length_fits(unit, (unsigned)i, length))
		return scsi_check_list(unit, cmd, (unsigned)offset + (sub ? 2 : 1), 7);
	if (left < length)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	*ret_row = (unsigned)i;
	*ret_length = length;
	return SCSI_GOOD;
}

static enum scsi_status check_list(struct scsi_unit *unit, struct scsi_cmd *cmd,
				   const struct select *s)
{
	enum scsi_status status = SCSI_GOOD;
	size_t length = 0;
	unsigned i = 0;

	if (unit->ops->mode_select != NULL)
		status = unit->ops->mode_select(unit, cmd, s->specific, s->descriptor, s->header,
						false);
	for (size_t at = s->pages; status == SCSI_GOOD && at < s->size; at += length) {
		status = page_at(unit, cmd, s, at, &i, &length);
		if (status == SCSI_GOOD)
			status = check_page(unit, cmd, i, s->list + at, (unsigned)at);
	}
	return status;
}

/* Of a list that was checked: what each page changes, into @masks, where the page is in the list.
 */
static void mark_changes(struct scsi_unit *unit, struct scsi_cmd *cmd, const struct select *s,
			 uint8_t *masks)
{
	size_t length = 0;
	unsigned i = 0;

	for (size_t at = s->pages;
	     at < s->size && page_at(unit, cmd, s, at, &i, &length) == SCSI_GOOD; at += length)
		if (is_kept(&unit->tables->mode_pages[i]))
			changed_bits(&unit->tables->mode_pages[i], unit->mode_values[i],
				     s->list + at, masks + at);
}

/* It was checked before: what is left is to be told that a value was rounded. */
static enum scsi_status apply_list(struct scsi_unit *unit, struct scsi_cmd *cmd,
				   const struct select *s)
{
	uint8_t *masks = unit->scratch + s->size; /* behind the list */
	enum scsi_status status = SCSI_GOOD;
	size_t length = 0;
	unsigned i = 0;

	mark_changes(unit, cmd, s, masks);
	if (unit->ops->mode_select != NULL)
		(void)unit->ops->mode_select(unit, cmd, s->specific, s->descriptor, s->header,
					     true);
	for (size_t at = s->pages;
	     at < s->size && page_at(unit, cmd, s, at, &i, &length) == SCSI_GOOD; at += length) {
		enum scsi_status one =
			apply_page(unit, cmd, i, s->list + at, masks + at, (unsigned)at);

		status = one != SCSI_GOOD ? one : status;
	}
	return status;
}

/* What @p, the page of the list with this code and subpage, changes in @page, which is page @i. */
static void bring_to(const struct scsi_unit *unit, unsigned i, uint8_t code, uint8_t subpage,
		     const uint8_t *p, uint8_t *page)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];
	int other = page_index(unit, code, subpage);
	uint8_t mask[UNIT_MODE_PAGE_MAX];

	if (other == (int)i && is_kept(row)) {
		changed_bits(row, unit->mode_values[i], p, mask);
		take_bits(row, p, mask, page);
	} else if (other == (int)i) {
		merge(row, p, page);
	} else if (unit->ops->mode_follow != NULL && other >= 0 &&
		   is_kept(&unit->tables->mode_pages[other])) {
		unit->ops->mode_follow(code, subpage, unit->mode_values[other], p, row, page);
	}
}

/* The bytes of page @i as they will be when @s has been taken over. */
static void page_after(const struct scsi_unit *unit, const struct select *s, unsigned i,
		       uint8_t *page)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];

	memcpy(page, unit->mode_values[i], row->size);
	for (size_t at = s->pages; at < s->size;) { /* the list was checked before */
		const uint8_t *p = s->list + at;
		bool sub = (p[0] & SPF) != 0;
		uint8_t code = p[0] & 0x3f, subpage = sub ? p[1] : 0;

		bring_to(unit, i, code, subpage, p, page);
		at += sub ? 4u + get_be16(p + 2) : 2u + p[1];
	}
}

/* SP: all saveable pages, with what @s changes in them, go to their place. 0 or -errno. */
static int save_pages(struct scsi_unit *unit, const struct select *s)
{
	const struct scsi_tables *t = unit->tables;
	uint8_t *record = unit->scratch + s->size; /* behind the list */
	size_t at = 0;
	int r;

	for (unsigned i = 0; i < t->mode_pages_cnt; i++) {
		const struct mode_page *row = &t->mode_pages[i];

		if (!is_saveable(unit, row))
			continue;
		if (s->size + at + RECORD_HEADER + row->size > UNIT_SCRATCH_SIZE)
			return -ENOSPC; /* LIST_MAX keeps it from happening */
		record[at] = row->code;
		record[at + 1] = row->subpage;
		record[at + 2] = row->size;
		page_after(unit, s, i, record + at + RECORD_HEADER);
		at += RECORD_HEADER + (size_t)row->size;
	}
	r = unit->ops->save(unit, SAVED_NAME, record, at);
	if (r != 0)
		return r;
	for (size_t p = 0; p < at; p += RECORD_HEADER + (size_t)record[p + 2]) {
		int i = page_index(unit, record[p], record[p + 1]);

		if (i >= 0)
			restore_page(unit, (unsigned)i, record + p + RECORD_HEADER);
	}
	return 0;
}

/* A list is as long as all pages of a unit at most; SAVED_MAX has room behind it, and another list.
 */
#define LIST_MAX (UNIT_SCRATCH_SIZE - SAVED_MAX)
_Static_assert(LIST_MAX <= SAVED_MAX, "what each page changes has room behind the list");

static enum scsi_status parse(struct scsi_unit *unit, struct scsi_cmd *cmd, bool ten,
			      struct select *s)
{
	size_t size;

	s->header = ten ? 8 : 4;
	if (s->size < s->header)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	if (ten && (s->list[4] & 0x01) != 0) /* LONGLBA: not for this device type */
		return scsi_check_list(unit, cmd, 4, 0);
	s->specific = s->list[ten ? 3 : 2];
	size = ten ? get_be16(s->list + 6) : s->list[3];
	if (size != 0 && (size != DESCRIPTOR_SIZE || unit->ops->block_descriptor == NULL))
		return scsi_check_list(unit, cmd, ten ? 6 : 3, 7);
	if (s->size < s->header + size)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	s->descriptor = size != 0 ? s->list + s->header : NULL;
	s->pages = s->header + size;
	return SCSI_GOOD;
}

enum scsi_status scsi_mode_select(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	bool ten = cmd->cdb[0] == OP_MODE_SELECT_10, save = (cmd->cdb[1] & 0x01) != 0;
	struct select s = { .list = unit->scratch };
	enum scsi_status status = SCSI_GOOD;

	s.size = ten ? get_be16(cmd->cdb + 7) : cmd->cdb[4];
	if (save && unit->ops->save == NULL)
		return scsi_check_field(unit, cmd, 1, 0);
	if (s.size > LIST_MAX)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	if (scsi_get_data(cmd, unit->scratch, s.size) < s.size)
		return scsi_check(unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	if (s.size > 0) {
		status = parse(unit, cmd, ten, &s);
		if (status == SCSI_GOOD)
			status = check_list(unit, cmd, &s);
	}
	if (status != SCSI_GOOD)
		return status;
	if (save && save_pages(unit, &s) != 0)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	return s.size > 0 ? apply_list(unit, cmd, &s) : SCSI_GOOD;
}
