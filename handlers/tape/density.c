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
#define WRTOK            0x80 /* byte 2 of a density descriptor */
#define DEFLT            0x20
#define MEDIA            0x01 /* only the loaded medium */
#define MEDIUM_TYPE      0x02 /* medium types instead of densities */

/* ---- densities ---- */

static void put_density(uint8_t *p, const struct density_row *row, bool writable, bool is_default)
{
	p[0] = row->code;
	p[1] = row->secondary;
	p[2] = (uint8_t)((writable ? WRTOK : 0) | (is_default ? DEFLT : 0));
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

/* What was put, in bytes. */
static size_t put_densities(const struct drive_model *m, uint8_t *p)
{
	const struct density_row *row;
	size_t n = 0;

	for (int above = -1; (row = next_density(m, above)) != NULL && n < ROWS_MAX * DENSITY_SIZE;
	     above = row->code) {
		put_density(p + n, row, row->writable, row == &m->densities[0]);
		n += DENSITY_SIZE;
	}
	return n;
}

/*
 * Of the medium in the drive: how it is recorded, which is what density code 00h means then;
 * whether the drive writes this medium, which is not so for all that are recorded so; and how much
 * this one holds.
 */
static size_t put_loaded_density(struct drive *d, uint8_t *p)
{
	const struct density_row *row =
		drive_density(drive_model(d), stage_info(d->stage)->density);
	uint64_t mb = drive_medium_bytes(d) / 1000000;

	if (row == NULL)
		return 0;
	put_density(p, row, !d->read_only, true);
	if (mb > 0)
		put_be32(p + 12, mb > UINT32_MAX ? UINT32_MAX : (uint32_t)mb);
	return DENSITY_SIZE;
}

/* ---- medium types ---- */

static bool has_recording(const struct medium_use *use)
{
	return use->access == MEDIUM_READ_ONLY || use->access == MEDIUM_READ_WRITE;
}

/* A medium that can be recorded in several ways has one descriptor; makers that give all their
 * media one number tell them apart by name. */
static bool same_type(const struct medium_row *a, const struct medium_row *b)
{
	return a->medium_type == b->medium_type && strcmp(a->type_name, b->type_name) == 0;
}

/*
 * Into @list, in order: what is told of the media that the drive reads or writes, each medium type
 * once; of those that have one type the one that is recorded with the lowest density code first.
 * How many.
 */
static unsigned sorted_types(const struct drive_model *m, const struct medium_row *list[ROWS_MAX])
{
	unsigned cnt = 0;

	for (unsigned code = 1; code <= 0xff; code++)
		for (unsigned i = 0; i < m->media_cnt && cnt < ROWS_MAX; i++) {
			const struct medium_row *row = drive_told_medium(m, m->media[i].medium);
			unsigned at = 0;

			if (!has_recording(&m->media[i]) || row->density != code)
				continue;
			while (at < cnt && !same_type(list[at], row))
				at++;
			if (at < cnt)
				continue;
			while (at > 0 && list[at - 1]->medium_type > row->medium_type)
				at--;
			memmove(&list[at + 1], &list[at], (cnt - at) * sizeof(list[0]));
			list[at] = row;
			cnt++;
		}
	return cnt;
}

/* Whether media of this type are recorded so. */
static bool has_format(const struct drive_model *m, const struct medium_row *type, uint8_t density)
{
	for (unsigned i = 0; i < m->media_cnt; i++) {
		const struct medium_row *row = drive_told_medium(m, m->media[i].medium);

		if (has_recording(&m->media[i]) && same_type(row, type) && row->density == density)
			return true;
	}
	return false;
}

static size_t put_medium_type(const struct drive_model *m, const struct medium_row *row, uint8_t *p)
{
	p[0] = row->medium_type;
	put_be16(p + 2, MEDIUM_TYPE_SIZE - 4);
	for (unsigned code = 1; code <= 0xff && p[4] < CODES_MAX; code++)
		if (has_format(m, row, (uint8_t)code))
			p[5 + p[4]++] = (uint8_t)code;
	put_be16(p + 14, row->width);
	put_be16(p + 16, row->length);
	scsi_put_text(p + 20, 8, row->organization);
	scsi_put_text(p + 28, 8, row->type_name);
	scsi_put_text(p + 36, 20, row->description);
	return MEDIUM_TYPE_SIZE;
}

/* Not inline: its list and the caller's answer together are more than a frame may have. */
static G_NO_INLINE size_t put_medium_types(const struct drive_model *m, uint8_t *p)
{
	const struct medium_row *list[ROWS_MAX];
	unsigned cnt = sorted_types(m, list);
	size_t n = 0;

	for (unsigned i = 0; i < cnt; i++)
		n += put_medium_type(m, list[i], p + n);
	return n;
}

static size_t put_loaded_type(struct drive *d, uint8_t *p)
{
	const struct drive_model *m = drive_model(d);
	const struct cart_info *info = stage_info(d->stage);
	const struct medium_row *row = drive_medium(m, info->density, info->medium_type);

	return row == NULL ? 0 : put_medium_type(m, drive_told_medium(m, row), p);
}

enum scsi_status drive_report_density(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	const struct drive_model *m = drive_model(d);
	bool types = (cmd->cdb[1] & MEDIUM_TYPE) != 0;
	uint8_t data[4 + ROWS_MAX * MEDIUM_TYPE_SIZE] = { 0 };
	struct sense_extra extra = { 0 };
	enum sense_id why;
	size_t n = 4;

	if ((cmd->cdb[1] & MEDIA) == 0) {
		n += types ? put_medium_types(m, data + n) : put_densities(m, data + n);
	} else {
		if (!unit->ops->ready(unit, &why, &extra))
			return scsi_check_extra(unit, cmd, why, &extra);
		n += types ? put_loaded_type(d, data + n) : put_loaded_density(d, data + n);
	}
	put_be16(data, (uint16_t)(n - 2));
	scsi_put_data(cmd, data, n, get_be16(cmd->cdb + 7));
	return SCSI_GOOD;
}
