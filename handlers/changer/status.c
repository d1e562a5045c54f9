/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status.c: READ ELEMENT STATUS (SMC-3).
 *
 * One report: a header, then a page per element type in the order transport, storage, mail slots,
 * drives, then a descriptor per element: 12 bytes, the volume tag (36) where VOLTAG asks for it, 4
 * bytes of identifier header, and, for drives with DVCID, the drive's T10 vendor identification.
 */
#include <glib.h>
#include <string.h>

#include "handlers/changer/internal.h"
#include "lib/base/bytes.h"

#define HEADER_SIZE     8
#define FIXED_SIZE      12
#define VOLTAG_SIZE     36
#define IDENTIFIER_SIZE 4

#define FLAG_VOLTAG 0x10
#define FLAG_DVCID  0x01

static const enum library_element_type order[] = { ELEMENT_TRANSPORT, ELEMENT_STORAGE, ELEMENT_MAIL,
						   ELEMENT_DRIVE };

struct report {
	struct changer *changer;
	bool voltag, dvcid;
	uint8_t type; /* 0: all */
	uint16_t start;
	unsigned max; /* elements */
	uint8_t *data;
	size_t size;
	unsigned elements;
	uint16_t first; /* smallest address reported */
};

static size_t identifier_length(const struct report *r, enum library_element_type type)
{
	char serial[LIBRARY_SERIAL_SIZE];

	if (!r->dvcid || type != ELEMENT_DRIVE ||
	    !library_drive_serial(r->changer->library, 1, serial))
		return 0;
	return 8 + 16 + strlen(serial);
}

static size_t descriptor_length(const struct report *r, enum library_element_type type)
{
	return FIXED_SIZE + (r->voltag ? (size_t)VOLTAG_SIZE : 0) + IDENTIFIER_SIZE +
	       identifier_length(r, type);
}

static uint8_t element_flags(const struct library_element *e)
{
	uint8_t flags = e->full ? 0x01 : 0;

	if (e->type != ELEMENT_TRANSPORT && e->access)
		flags |= 0x08;
	if (e->type == ELEMENT_MAIL) {
		flags |= 0x30; /* INENAB, EXENAB */
		if (e->full && e->placed_by_operator)
			flags |= 0x02; /* IMPEXP */
	}
	return flags;
}

static void put_identifier(const struct report *r, uint8_t *p, const struct library_element *e)
{
	const struct drive_model *m = r->changer->persona->drive;
	char serial[LIBRARY_SERIAL_SIZE];
	unsigned number =
		1u + e->address - library_first_address(r->changer->library, ELEMENT_DRIVE);

	if (identifier_length(r, e->type) == 0 ||
	    !library_drive_serial(r->changer->library, number, serial))
		return;
	p[0] = 0x02; /* ASCII */
	p[1] = 0x01; /* T10 vendor identification */
	p[3] = (uint8_t)(8 + 16 + strlen(serial));
	scsi_put_text(p + 4, 8, m->vendor);
	scsi_put_text(p + 12, 16, m->product);
	memcpy(p + 28, serial, strlen(serial));
}

static void put_element(const struct report *r, uint8_t *p, const struct library_element *e)
{
	put_be16(p, e->address);
	p[2] = element_flags(e);
	if (e->full) {
		p[9] = 0x01; /* a data medium */
		if (e->source_valid) {
			p[9] |= 0x80; /* SVALID */
			put_be16(p + 10, e->source);
		}
	}
	if (r->voltag && e->full)
		scsi_put_text(p + FIXED_SIZE, 32, e->barcode); /* then a sequence number, 0 */
	put_identifier(r, p + FIXED_SIZE + (r->voltag ? (size_t)VOLTAG_SIZE : 0), e);
}

/* One page, where it has an element. */
static void put_page(struct report *r, enum library_element_type type)
{
	struct library *library = r->changer->library;
	unsigned base = library_first_address(library, type);
	unsigned count = library_element_count(library, type);
	size_t length = descriptor_length(r, type), header = r->size;
	unsigned n = 0;

	r->size += HEADER_SIZE;
	for (unsigned i = 0; i < count && r->elements < r->max; i++) {
		struct library_element e;

		if (base + i < r->start || !library_element(library, (uint16_t)(base + i), &e))
			continue;
		put_element(r, r->data + r->size, &e);
		r->size += length;
		if (r->elements++ == 0 || e.address < r->first)
			r->first = e.address;
		n++;
	}
	if (n == 0) {
		r->size = header;
		return;
	}
	r->data[header] = (uint8_t)type;
	r->data[header + 1] = r->voltag ? 0x80 : 0; /* PVOLTAG */
	put_be16(r->data + header + 2, (uint16_t)length);
	put_be24(r->data + header + 5, (uint32_t)(n * length));
}

static size_t largest(const struct report *r)
{
	size_t size = HEADER_SIZE;

	for (unsigned i = 0; i < G_N_ELEMENTS(order); i++)
		size += HEADER_SIZE + library_element_count(r->changer->library, order[i]) *
					      descriptor_length(r, order[i]);
	return size;
}

/* How much of the report @allocation takes: never a part of a header or a descriptor. */
static size_t whole_descriptors(const struct report *r, size_t allocation)
{
	size_t at = HEADER_SIZE;

	if (allocation >= r->size || allocation <= HEADER_SIZE)
		return allocation < r->size ? allocation : r->size;
	while (at < r->size && at + HEADER_SIZE <= allocation) {
		size_t length = get_be16(r->data + at + 2), bytes = get_be24(r->data + at + 5);

		at += HEADER_SIZE;
		if (at + bytes > allocation)
			return at + (allocation - at) / length * length;
		at += bytes;
	}
	return at;
}

enum scsi_status changer_read_status(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const uint8_t *cdb = cmd->cdb;
	struct report r = { .changer = changer_of(unit),
			    .voltag = (cdb[1] & FLAG_VOLTAG) != 0,
			    .dvcid = (cdb[6] & FLAG_DVCID) != 0,
			    .type = cdb[1] & 0x0f,
			    .start = get_be16(cdb + 2),
			    .max = get_be16(cdb + 4),
			    .size = HEADER_SIZE };

	if (r.type > ELEMENT_DRIVE)
		return scsi_check_field(unit, cmd, 1, 3);
	r.data = g_try_malloc0(largest(&r));
	if (r.data == NULL)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	for (unsigned i = 0; i < G_N_ELEMENTS(order); i++)
		if (r.type == 0 || r.type == (uint8_t)order[i])
			put_page(&r, order[i]);
	put_be16(r.data, r.first);
	put_be16(r.data + 2, (uint16_t)r.elements);
	put_be24(r.data + 5, (uint32_t)(r.size - HEADER_SIZE));
	scsi_put_data(cmd, r.data, whole_descriptors(&r, get_be24(cdb + 7)), r.size);
	g_free(r.data);
	return SCSI_GOOD;
}
