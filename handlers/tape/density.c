/* SPDX-License-Identifier: Apache-2.0 */
/*
 * density.c: REPORT DENSITY SUPPORT (SSC-5), from the personality's rows; descriptors stand in the
 * order of density codes or medium types.
 */
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

#define DENSITY_SIZE     52
#define MEDIUM_TYPE_SIZE 56
#define ROWS_MAX         32
#define CODES_MAX        9    /* density codes in a medium type descriptor */
#define MEDIA            0x01 /* only the loaded medium */
#define MEDIUM_TYPE      0x02 /* medium types instead of densities */

/* ---- densities ---- */

static void put_density(uint8_t *p, const struct density_row *row, bool is_default)
{
	p[0] = row->code;
	p[1] = row->secondary;
	p[2] = (uint8_t)((row->writable ? 0x80 : 0) | (is_default ? 0x20 : 0));
	put_be24(p + 5, row->bits_per_mm);
	put_be16(p + 8, row->media_width);
	put_be16(p + 10, row->tracks);
	put_be32(p + 12, row->capacity_mb);
	scsi_put_text(p + 16, 8, row->organization);
	scsi_put_text(p + 24, 8, row->name);
	scsi_put_text(p + 32, 20, row->description);
}

/* The row with the smallest code above @above. */
static const struct density_row *next_density(const struct drive_model *m, int above)
{
	const struct density_row *next = NULL;

	for (unsigned i = 0; i < m->densities_cnt; i++)
		if (m->densities[i].code > above &&
		    (next == NULL || m->densities[i].code < next->code))
			next = &m->densities[i];
	return next;
}

/* @only: of this code, or -1. What was put, in bytes. */
static size_t put_densities(const struct drive_model *m, int only, uint8_t *p)
{
	const struct density_row *row;
	size_t n = 0;

	for (int above = -1; (row = next_density(m, above)) != NULL && n < ROWS_MAX * DENSITY_SIZE;
	     above = row->code) {
		if (only >= 0 && row->code != only)
			continue;
		put_density(p + n, row, row == &m->densities[0]);
		n += DENSITY_SIZE;
	}
	return n;
}

/* ---- medium types ---- */

static bool has_recording(const struct medium_use *use)
{
	return use->access == MEDIUM_READ_ONLY || use->access == MEDIUM_READ_WRITE;
}

static const struct medium_row *next_type(const struct drive_model *m, int above)
{
	const struct medium_row *next = NULL;

	for (unsigned i = 0; i < m->media_cnt; i++) {
		const struct medium_row *row = m->media[i].medium;

		if (has_recording(&m->media[i]) && row->medium_type > above &&
		    (next == NULL || row->medium_type < next->medium_type))
			next = row;
	}
	return next;
}

/* Whether media of this type are recorded so. */
static bool has_format(const struct drive_model *m, uint8_t medium_type, uint8_t density)
{
	for (unsigned i = 0; i < m->media_cnt; i++)
		if (has_recording(&m->media[i]) && m->media[i].medium->medium_type == medium_type &&
		    m->media[i].medium->density == density)
			return true;
	return false;
}

static void put_medium_type(const struct drive_model *m, const struct medium_row *row, uint8_t *p)
{
	p[0] = row->medium_type;
	put_be16(p + 2, MEDIUM_TYPE_SIZE - 4);
	for (unsigned code = 1; code <= 0xff && p[4] < CODES_MAX; code++)
		if (has_format(m, row->medium_type, (uint8_t)code))
			p[5 + p[4]++] = (uint8_t)code;
	put_be16(p + 14, row->width);
	put_be16(p + 16, row->length);
	scsi_put_text(p + 20, 8, row->organization);
	scsi_put_text(p + 28, 8, row->type_name);
	scsi_put_text(p + 36, 20, row->description);
}

static size_t put_medium_types(const struct drive_model *m, const struct medium_row *only,
			       uint8_t *p)
{
	const struct medium_row *row;
	size_t n = 0;

	for (int above = -1; (row = next_type(m, above)) != NULL && n < ROWS_MAX * MEDIUM_TYPE_SIZE;
	     above = row->medium_type) {
		if (only != NULL && row->medium_type != only->medium_type)
			continue;
		put_medium_type(m, only != NULL ? only : row, p + n);
		n += MEDIUM_TYPE_SIZE;
	}
	return n;
}

enum scsi_status drive_report_density(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	const struct drive_model *m = drive_model(d);
	uint8_t data[4 + ROWS_MAX * MEDIUM_TYPE_SIZE] = { 0 };
	const struct medium_row *loaded = NULL;
	struct sense_extra extra = { 0 };
	int density = -1;
	enum sense_id why;
	size_t n = 4;

	if ((cmd->cdb[1] & MEDIA) != 0) {
		const struct cart_info *info;

		if (!unit->ops->ready(unit, &why, &extra))
			return scsi_check_extra(unit, cmd, why, &extra);
		info = stage_info(d->stage);
		density = info->density;
		loaded = drive_medium(m, info->density, info->medium_type);
	}
	if ((cmd->cdb[1] & MEDIUM_TYPE) != 0)
		n += put_medium_types(m, loaded, data + n);
	else
		n += put_densities(m, density, data + n);
	put_be16(data, (uint16_t)(n - 2));
	scsi_put_data(cmd, data, n, get_be16(cmd->cdb + 7));
	return SCSI_GOOD;
}
