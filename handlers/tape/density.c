/* SPDX-License-Identifier: Apache-2.0 */
/* density.c: REPORT DENSITY SUPPORT (SSC-5), from the personality's rows. */
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

#define DENSITY_SIZE     52
#define MEDIUM_TYPE_SIZE 56
#define ROWS_MAX         16
#define MEDIA            0x01 /* only the loaded medium */
#define MEDIUM_TYPE      0x02 /* medium types instead of densities */

static void put_density(uint8_t *p, const struct density_row *row, bool is_default)
{
	p[0] = row->code;
	p[1] = row->code;
	p[2] = (uint8_t)((row->writable ? 0x80 : 0) | (is_default ? 0x20 : 0));
	put_be24(p + 5, row->bits_per_mm);
	put_be16(p + 8, row->media_width);
	put_be16(p + 10, row->tracks);
	put_be32(p + 12, row->capacity_mb);
	scsi_put_text(p + 16, 8, row->organization);
	scsi_put_text(p + 24, 8, row->name);
	scsi_put_text(p + 32, 20, row->description);
}

static void put_medium_type(uint8_t *p, const struct density_row *row)
{
	p[0] = row->medium_type;
	put_be16(p + 2, MEDIUM_TYPE_SIZE - 4);
	p[4] = 1; /* density codes that such a medium has */
	p[5] = row->code;
	put_be16(p + 14, row->media_width);
	scsi_put_text(p + 20, 8, row->organization);
	scsi_put_text(p + 28, 8, row->name);
	scsi_put_text(p + 36, 20, row->description);
}

enum scsi_status drive_report_density(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	const struct drive_model *m = drive_model(d);
	uint8_t data[4 + ROWS_MAX * MEDIUM_TYPE_SIZE] = { 0 };
	bool media = (cmd->cdb[1] & MEDIA) != 0, types = (cmd->cdb[1] & MEDIUM_TYPE) != 0;
	struct sense_extra extra = { 0 };
	enum sense_id why;
	size_t n = 4;

	if (media && !unit->ops->ready(unit, &why, &extra))
		return scsi_check_extra(unit, cmd, why, &extra);
	for (unsigned i = 0; i < m->densities_cnt && i < ROWS_MAX; i++) {
		if (media && m->densities[i].code != stage_info(d->stage)->density)
			continue;
		if (types)
			put_medium_type(data + n, &m->densities[i]);
		else
			put_density(data + n, &m->densities[i], i == 0);
		n += types ? MEDIUM_TYPE_SIZE : DENSITY_SIZE;
	}
	put_be16(data, (uint16_t)(n - 2));
	scsi_put_data(cmd, data, n, get_be16(cmd->cdb + 7));
	return SCSI_GOOD;
}
