/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modeselect.c: MODE SELECT over the rows of mode.h (SPC-5).
 *
 * It is all or nothing: the whole list is checked first, then saved where SP asks for it, then
 * taken over, so that a list that is refused, or cannot be saved, changes nothing.  What formats
 * the medium comes before both, as the one thing that can fail when all has been checked.
 */
#include <errno.h>
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/modeinternal.h"
#include "lib/base/bytes.h"

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
	for (unsigned b = mode_header_size(row); b < row->size; b++) {
		uint8_t wrong = (uint8_t)((page[b] ^ now[b]) & ~mode_changeable(row, b));

		if (wrong != 0)
			return scsi_check_list(unit, cmd, offset + b, 31 - __builtin_clz(wrong));
	}
	return row->select == NULL ? SCSI_GOOD : row->select(unit, cmd, page, offset, false);
}

/*
 * MODE SELECT changes the bits in which a page of the list differs from what it was before the
 * list, and no others: where two pages say the same thing in their own ways, one that repeats what
 * was takes nothing back that the other one says, whatever their order.  Not so pages that are made
 * when they are asked for (row->sense, MODE_VOLATILE): these are taken as they come.
 */
static bool is_kept(const struct mode_page *row)
{
	return row->changeable != NULL && (row->sense == NULL || (row->flags & MODE_VOLATILE) == 0);
}

/* Takes the bits @mask of @from over into @page. */
static void take_bits(const struct mode_page *row, const uint8_t *from, const uint8_t *mask,
		      uint8_t *page)
{
	for (unsigned b = mode_header_size(row); b < row->size; b++)
		page[b] = (uint8_t)((page[b] & ~mask[b]) | (from[b] & mask[b]));
}

/* The bits that @page changes of @before. */
static void changed_bits(const struct mode_page *row, const uint8_t *before, const uint8_t *page,
			 uint8_t *mask)
{
	for (unsigned b = 0; b < row->size; b++)
		mask[b] = (uint8_t)((page[b] ^ before[b]) & mode_changeable(row, b));
}

static void merge(const struct mode_page *row, const uint8_t *page, uint8_t *values)
{
	for (unsigned b = 0; b < row->size; b++) {
		uint8_t mask = mode_changeable(row, b);

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
	return length >= 8 && length <= 2u + mode_length_now(unit, i);
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
	i = mode_page_index(unit, page[0] & 0x3f, sub ? page[1] : 0);
	if (i < 0 && sub && mode_has_code(unit, page[0] & 0x3f))
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

static bool formats(struct scsi_unit *unit, unsigned i, const uint8_t *page)
{
	return unit->ops->mode_formats != NULL &&
	       unit->ops->mode_formats(unit, &unit->tables->mode_pages[i], page);
}

/* Of a list that may be wrong: whether one of its pages, up to what is wrong, formats. */
static bool list_formats(struct scsi_unit *unit, struct scsi_cmd *cmd, const struct select *s)
{
	size_t length = 0;
	unsigned i = 0;

	for (size_t at = s->pages;
	     at < s->size && page_at(unit, cmd, s, at, &i, &length) == SCSI_GOOD; at += length)
		if (formats(unit, i, s->list + at))
			return true;
	return false;
}

/* Of a list that was checked: the formatting alone. */
static enum scsi_status format_by_list(struct scsi_unit *unit, struct scsi_cmd *cmd,
				       const struct select *s)
{
	enum scsi_status status = SCSI_GOOD;
	size_t length = 0;
	unsigned i = 0;

	for (size_t at = s->pages; status == SCSI_GOOD && at < s->size &&
				   page_at(unit, cmd, s, at, &i, &length) == SCSI_GOOD;
	     at += length)
		if (formats(unit, i, s->list + at))
			status = unit->tables->mode_pages[i].select(unit, cmd, s->list + at,
								    (unsigned)at, true);
	return status;
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
	int other = mode_page_index(unit, code, subpage);
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

		if (!mode_is_saveable(unit, row))
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
		int i = mode_page_index(unit, record[p], record[p + 1]);

		if (i >= 0)
			mode_restore_page(unit, (unsigned)i, record + p + RECORD_HEADER);
	}
	return 0;
}

/* A list is as long as all pages of a unit at most; SAVED_MAX has room behind it, and another list.
 */
#define LIST_MAX (UNIT_SCRATCH_SIZE - SAVED_MAX)
_Static_assert(LIST_MAX <= SAVED_MAX, "what each page changes has room behind the list");

/* Fetches the list, of s->size bytes, and looks where its pages begin. */
static enum scsi_status fetch(struct scsi_unit *unit, struct scsi_cmd *cmd, bool ten,
			      struct select *s)
{
	size_t size;

	s->list = unit->scratch;
	if (scsi_get_data(cmd, unit->scratch, s->size) < s->size)
		return scsi_check(unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
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

/* Once more after a wait: in it another command may have used the unit's scratch. */
static enum scsi_status fetch_for_medium(struct scsi_unit *unit, struct scsi_cmd *cmd, bool ten,
					 struct select *s)
{
	enum scsi_status status = fetch(unit, cmd, ten, s);

	if (status != SCSI_GOOD || !list_formats(unit, cmd, s))
		return status;
	status = command_joins_stream(unit, cmd);
	return status == SCSI_GOOD ? fetch(unit, cmd, ten, s) : status;
}

enum scsi_status scsi_mode_select(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	bool ten = cmd->cdb[0] == OP_MODE_SELECT_10, save = (cmd->cdb[1] & 0x01) != 0;
	enum scsi_status status = SCSI_GOOD;
	struct select s = { .size = ten ? get_be16(cmd->cdb + 7) : cmd->cdb[4] };

	if (save && unit->ops->save == NULL)
		return scsi_check_field(unit, cmd, 1, 0);
	if (s.size > LIST_MAX)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	if (s.size > 0) {
		status = fetch_for_medium(unit, cmd, ten, &s);
		if (status == SCSI_GOOD)
			status = check_list(unit, cmd, &s);
		if (status == SCSI_GOOD)
			status = format_by_list(unit, cmd, &s);
	}
	if (status != SCSI_GOOD)
		return status;
	if (save && save_pages(unit, &s) != 0)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	return s.size > 0 ? apply_list(unit, cmd, &s) : SCSI_GOOD;
}
