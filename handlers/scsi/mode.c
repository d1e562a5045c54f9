/* SPDX-License-Identifier: Apache-2.0 */
/* mode.c: the values of mode pages, and MODE SENSE over the rows of mode.h (SPC-5). */
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/modeinternal.h"
#include "lib/base/bytes.h"

#define PC_CURRENT    0
#define PC_CHANGEABLE 1
#define PC_DEFAULT    2
#define PC_SAVED      3

#define PAGE_NONE 0x00 /* header and block descriptor only: what st asks for at open */
#define PAGE_ALL  0x3f
#define SUB_ALL   0xff

#define SIX_MAX 256 /* the 6-byte form's length field has one byte */

unsigned mode_header_size(const struct mode_page *row)
{
	return row->subpage == 0 ? 2 : 4;
}

uint8_t mode_changeable(const struct mode_page *row, unsigned byte)
{
	return row->changeable != NULL && byte >= mode_header_size(row) ? row->changeable[byte] : 0;
}

bool mode_is_saveable(const struct scsi_unit *unit, const struct mode_page *row)
{
	return unit->ops->save != NULL && row->changeable != NULL &&
	       (row->flags & MODE_VOLATILE) == 0;
}

int mode_page_index(const struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->mode_pages_cnt; i++)
		if (t->mode_pages[i].code == code && t->mode_pages[i].subpage == subpage)
			return (int)i;
	return -1;
}

bool mode_has_code(const struct scsi_unit *unit, uint8_t code)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->mode_pages_cnt; i++)
		if (t->mode_pages[i].code == code)
			return true;
	return false;
}

uint8_t *mode_current(struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	int i = mode_page_index(unit, code, subpage);

	return i < 0 ? NULL : unit->mode_values[i];
}

bool mode_is_saved(const struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	int i = mode_page_index(unit, code, subpage);

	return i >= 0 && unit->mode_was_saved[i];
}

/* ---- saved values ---- */

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
void mode_restore_page(struct scsi_unit *unit, unsigned i, const uint8_t *page)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];

	for (unsigned b = 0; b < row->size; b++) {
		uint8_t mask = mode_changeable(row, b);

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
		int i = mode_page_index(unit, list[at], list[at + 1]);

		if (i >= 0 && unit->tables->mode_pages[i].size == list[at + 2] &&
		    mode_is_saveable(unit, &unit->tables->mode_pages[i]))
			mode_restore_page(unit, (unsigned)i, list + at + RECORD_HEADER);
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
	for (unsigned b = mode_header_size(row); b < row->size; b++) {
		uint8_t mask = mode_changeable(row, b);

		page[b] = (uint8_t)((page[b] & mask) | (now[b] & ~mask));
	}
}

/* PAGE LENGTH of a row that may be shorter. */
uint8_t mode_length_now(struct scsi_unit *unit, unsigned i)
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
			page[b] = mode_changeable(row, b);
		memcpy(page, row->defaults, mode_header_size(row));
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
		page[1] = mode_length_now(unit, i);
	if (mode_is_saveable(unit, row))
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
		bool page_is_there =
			code == PAGE_ALL || code == PAGE_NONE || mode_has_code(unit, code);

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
