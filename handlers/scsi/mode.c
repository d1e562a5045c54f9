/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode.c: MODE SENSE and MODE SELECT over the rows of mode.h (SPC-5).
 *
 * A MODE SELECT is all or nothing: the whole list is checked first, then taken over, so that a
 * refused list changes nothing.
 */
#include "handlers/scsi/mode.h"

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

#define SPF             0x40
#define DESCRIPTOR_SIZE 8
#define LIST_MAX        (8 + DESCRIPTOR_SIZE + UNIT_MODE_PAGES * UNIT_MODE_PAGE_MAX)

void mode_reset(struct scsi_unit *unit)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->mode_pages_cnt; i++)
		memcpy(unit->mode_values[i], t->mode_pages[i].defaults, t->mode_pages[i].size);
}

static int page_index(const struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->mode_pages_cnt; i++)
		if (t->mode_pages[i].code == code && t->mode_pages[i].subpage == subpage)
			return (int)i;
	return -1;
}

uint8_t *mode_current(struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	int i = page_index(unit, code, subpage);

	return i < 0 ? NULL : unit->mode_values[i];
}

/* ---- MODE SENSE ---- */

struct mode_list {
	uint8_t data[LIST_MAX];
	size_t size;
};

static void add_page(struct scsi_unit *unit, struct mode_list *list, unsigned i, unsigned pc)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];
	unsigned header = row->subpage == 0 ? 2 : 4;
	uint8_t *page = list->data + list->size;

	if (pc == PC_CHANGEABLE) {
		memset(page, 0, row->size);
		if (row->changeable != NULL)
			memcpy(page, row->changeable, row->size);
		memcpy(page, row->defaults, header);
	} else if (pc == PC_DEFAULT) {
		memcpy(page, row->defaults, row->size);
		if (row->sense != NULL && row->changeable == NULL)
			row->sense(unit, page); /* what nobody can change is its own default */
	} else {
		memcpy(page, unit->mode_values[i], row->size);
		if (row->sense != NULL)
			row->sense(unit, page);
	}
	list->size += row->size;
}

/* False where no page matches. */
static bool add_pages(struct scsi_unit *unit, struct mode_list *list, unsigned pc, uint8_t code,
		      uint8_t subpage)
{
	const struct scsi_tables *t = unit->tables;
	bool found = code == PAGE_NONE && subpage == 0;

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
	unsigned pc = cdb[2] >> 6;
	struct mode_list list;

	if (pc == PC_SAVED)
		return scsi_check(unit, cmd, SENSE_SAVING_NOT_SUPPORTED);
	if (cdb[3] != 0 && cdb[3] != SUB_ALL && page_index(unit, cdb[2] & 0x3f, cdb[3]) < 0)
		return scsi_check_field(unit, cmd, 3, 7);
	put_header(unit, &list, ten, descriptor);
	if (!add_pages(unit, &list, pc, cdb[2] & 0x3f, cdb[3]))
		return scsi_check_field(unit, cmd, 2, 5);
	if (ten)
		put_be16(list.data, (uint16_t)(list.size - 2));
	else
		list.data[0] = (uint8_t)(list.size - 1 > 255 ? 255 : list.size - 1);
	scsi_put_data(cmd, list.data, list.size, ten ? get_be16(cdb + 7) : cdb[4]);
	return SCSI_GOOD;
}

/* ---- MODE SELECT ---- */

/* One page of the list: checks every bit that may not change. */
static enum scsi_status check_page(struct scsi_unit *unit, struct scsi_cmd *cmd, unsigned i,
				   const uint8_t *page, unsigned offset)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];
	uint8_t now[UNIT_MODE_PAGE_MAX];
	unsigned header = row->subpage == 0 ? 2 : 4;

	memcpy(now, unit->mode_values[i], row->size);
	if (row->sense != NULL)
		row->sense(unit, now);
	for (unsigned b = header; b < row->size; b++) {
		uint8_t mask = row->changeable != NULL ? row->changeable[b] : 0;
		uint8_t wrong = (uint8_t)((page[b] ^ now[b]) & ~mask);

		if (wrong != 0)
			return scsi_check_list(unit, cmd, offset + b, 31 - __builtin_clz(wrong));
	}
	return row->select == NULL ? SCSI_GOOD : row->select(unit, cmd, page, offset, false);
}

static void apply_page(struct scsi_unit *unit, struct scsi_cmd *cmd, unsigned i,
		       const uint8_t *page, unsigned offset)
{
	const struct mode_page *row = &unit->tables->mode_pages[i];

	if (row->changeable == NULL)
		return;
	for (unsigned b = 0; b < row->size; b++)
		unit->mode_values[i][b] =
			(uint8_t)((unit->mode_values[i][b] & ~row->changeable[b]) |
				  (page[b] & row->changeable[b]));
	if (row->select != NULL)
		(void)row->select(unit, cmd, page, offset, true); /* it was checked before */
}

/* Walks the pages from @offset on; checks them, or takes them over. */
static enum scsi_status walk_pages(struct scsi_unit *unit, struct scsi_cmd *cmd,
				   const uint8_t *list, size_t size, size_t offset, bool apply)
{
	while (offset < size) {
		const uint8_t *page = list + offset;
		size_t left = size - offset, length;
		bool sub = (page[0] & SPF) != 0;
		int i;

		if (left < (sub ? 4u : 2u))
			return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
		length = sub ? 4u + get_be16(page + 2) : 2u + page[1];
		i = page_index(unit, page[0] & 0x3f, sub ? page[1] : 0);
		if (i < 0)
			return scsi_check_list(unit, cmd, (unsigned)offset, 5);
		if (length != unit->tables->mode_pages[i].size)
			return scsi_check_list(unit, cmd, (unsigned)offset + (sub ? 2 : 1), 7);
		if (left < length)
			return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
		if (apply) {
			apply_page(unit, cmd, (unsigned)i, page, (unsigned)offset);
		} else {
			enum scsi_status s =
				check_page(unit, cmd, (unsigned)i, page, (unsigned)offset);

			if (s != SCSI_GOOD)
				return s;
		}
		offset += length;
	}
	return SCSI_GOOD;
}

static enum scsi_status select_list(struct scsi_unit *unit, struct scsi_cmd *cmd,
				    const uint8_t *list, size_t size, bool ten)
{
	size_t header = ten ? 8 : 4;
	size_t descriptor_size;
	const uint8_t *descriptor = NULL;
	enum scsi_status s;
	uint8_t specific;

	if (size < header)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	specific = list[ten ? 3 : 2];
	descriptor_size = ten ? get_be16(list + 6) : list[3];
	if (descriptor_size != 0 &&
	    (descriptor_size != DESCRIPTOR_SIZE || unit->ops->block_descriptor == NULL))
		return scsi_check_list(unit, cmd, ten ? 6 : 3, 7);
	if (size < header + descriptor_size)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	if (descriptor_size != 0)
		descriptor = list + header;
	for (int apply = 0; apply <= 1; apply++) {
		s = SCSI_GOOD;
		if (unit->ops->mode_select != NULL)
			s = unit->ops->mode_select(unit, cmd, specific, descriptor,
						   (unsigned)header, apply != 0);
		if (s == SCSI_GOOD)
			s = walk_pages(unit, cmd, list, size, header + descriptor_size, apply != 0);
		if (s != SCSI_GOOD)
			return s;
	}
	return SCSI_GOOD;
}

enum scsi_status scsi_mode_select(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	bool ten = cmd->cdb[0] == OP_MODE_SELECT_10;
	size_t size = ten ? get_be16(cmd->cdb + 7) : cmd->cdb[4];
	uint8_t list[LIST_MAX];

	if ((cmd->cdb[1] & 0x01) != 0) /* SP: nothing can be saved */
		return scsi_check_field(unit, cmd, 1, 0);
	if (size == 0)
		return SCSI_GOOD;
	if (size > sizeof(list))
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	if (scsi_get_data(cmd, list, size) < size)
		return scsi_check(unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	return select_list(unit, cmd, list, size, ten);
}
