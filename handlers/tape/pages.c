/* SPDX-License-Identifier: Apache-2.0 */
/* pages.c: the drive's mode parameters: header, block descriptor and pages (SSC-5, SPC-5). */
#include <string.h>

#include "handlers/tape/lbp.h"
#include "lib/base/bytes.h"

/* ---- header and block descriptor ---- */

uint8_t drive_medium_type(struct drive *d)
{
	const struct medium_row *row;
	uint8_t density, type;

	if (d->stage == NULL)
		return 0;
	stage_medium(d->stage, &density, &type);
	row = drive_medium(drive_model(d), density, type);
	return row == NULL ? type : drive_told_medium(drive_model(d), row)->medium_type;
}

bool drive_medium_is_protected(struct drive *d)
{
	return d->state == DRIVE_READY &&
	       (!stage_is_writable(d->stage) || d->read_only || drive_software_protected(d));
}

void drive_mode_header(struct scsi_unit *unit, uint8_t *ret_medium_type, uint8_t *ret_specific)
{
	struct drive *d = drive_of(unit);

	*ret_specific = (uint8_t)(d->buffered << 4);
	*ret_medium_type = 0;
	if (d->state != DRIVE_READY)
		return;
	*ret_medium_type = drive_medium_type(d);
	if (drive_medium_is_protected(d))
		*ret_specific |= 0x80; /* WP */
}

static uint8_t density_now(struct drive *d)
{
	return d->state == DRIVE_READY ? stage_info(d->stage)->density
				       : drive_model(d)->densities[0].code;
}

void drive_block_descriptor(struct scsi_unit *unit, uint8_t descriptor[8])
{
	struct drive *d = drive_of(unit);

	memset(descriptor, 0, 8);
	descriptor[0] = density_now(d);
	put_be24(descriptor + 5, d->block_size);
}

/* 00h is the default and 7Fh "no change"; a medium's own density cannot be changed. */
static bool density_allowed(struct drive *d, uint8_t code)
{
	const struct drive_model *m = drive_model(d);

	if (code == 0x00 || code == 0x7f)
		return true;
	if (d->state == DRIVE_READY)
		return code == stage_info(d->stage)->density;
	for (unsigned i = 0; i < m->densities_cnt; i++)
		if (m->densities[i].code == code)
			return true;
	return false;
}

enum scsi_status drive_mode_select(struct scsi_unit *unit, struct scsi_cmd *cmd, uint8_t specific,
				   const uint8_t *descriptor, unsigned offset, bool apply)
{
	struct drive *d = drive_of(unit);
	uint8_t buffered = specific >> 4 & 7;
	unsigned specific_at = cmd->cdb[0] == OP_MODE_SELECT_10 ? 3 : 2;
	uint32_t size;

	if (apply) {
		d->buffered = buffered;
		if (descriptor != NULL)
			d->block_size = get_be24(descriptor + 5);
		return SCSI_GOOD;
	}
	if (buffered > 1)
		return scsi_check_list(unit, cmd, specific_at, 6);
	if ((specific & 0x0f) != 0) /* speed: there is only the default */
		return scsi_check_list(unit, cmd, specific_at, 3);
	if (descriptor == NULL)
		return SCSI_GOOD;
	if (!density_allowed(d, descriptor[0]))
		return scsi_check_list(unit, cmd, offset, 7);
	if (get_be24(descriptor + 1) != 0) /* number of blocks: the descriptor is for all */
		return scsi_check_list(unit, cmd, offset + 1, 7);
	size = get_be24(descriptor + 5);
	if (size > drive_model(d)->max_block_bytes ||
	    (size != 0 && !drive_block_fits(drive_model(d), size)))
		return scsi_check_list(unit, cmd, offset + 5, 7);
	return SCSI_GOOD;
}

/* ---- pages ---- */

/* clang-format off */
/* read-write error recovery: TB (a block that failed is not transferred) is 0, no retries are counted; PER may be set */
static const uint8_t page_01[12] = { 0x01, 0x0a };
static const uint8_t page_01_changeable[12] = { 0x01, 0x0a, 0x04 };
static const uint8_t page_02[16] = { 0x02, 0x0e }; /* disconnect-reconnect: the fabric decides */
/* control: D_SENSE, GLTSD and RLEC may be set */
static const uint8_t page_0a[12] = { 0x0a, 0x0a };
static const uint8_t page_0a_changeable[12] = { 0x0a, 0x0a, 0x07 };
/* control extension: SCSIP, the timestamp commands rule; no limit of sense data (0) */
static const uint8_t page_0a_01[32] = { 0x4a, 0x01, 0, 0x1c, 0x02 };
/* control data protection: method, length of its checksum, LBP_W and LBP_R; RECOVER BUFFERED DATA does not exist */
static const uint8_t page_0a_f0[32] = { 0x4a, 0xf0, 0, 0x1c };
static const uint8_t page_0a_f0_changeable[32] = { 0x4a, 0xf0, 0, 0x1c, 0xff, 0x3f, 0xc0 };
/* data compression: DCC; DDE, since what was compressed always comes back plain; algorithm 10h, zlib's own place in the table
 * of the standard does not exist, and hosts only echo it */
static const uint8_t page_0f[16] = { 0x0f, 0x0e, 0x40, 0x80, 0, 0, 0, 0x10, 0, 0, 0, 0x10 };
static const uint8_t page_0f_changeable[16] = { 0x0f, 0x0e, 0x80 };
/* device configuration: LOIS (object identifiers are supported), EEG and SEW (early warning is told, and what is buffered is
 * written then), no REW (it is told of writes alone, as by LTO drives); SWP, the algorithm, ROR and ASOCWP may be set */
static const uint8_t page_10[16] = { 0x10, 0x0e, 0, 0, 0, 0, 0, 0, 0x40, 0, 0x18 };
static const uint8_t page_10_changeable[16] = { 0x10, 0x0e, [10] = 0x04, [14] = 0xff, [15] = 0x1c };
/* BAML and BAM too, of a drive with explicit addresses (explicit.c) */
static const uint8_t page_10_explicit_changeable[16] = { 0x10, 0x0e, [10] = 0x07, [14] = 0xff, [15] = 0x1c };
/* device configuration extension: TAPLSD, WRITE MODE and SHORT ERASE MODE, PEWS (10^6 bytes) */
static const uint8_t page_10_01[32] = { 0x50, 0x01, 0, 0x1c };
static const uint8_t page_10_01_changeable[32] = { 0x50, 0x01, 0, 0x1c, 0x01, 0xff, 0xff, 0xff };
/* medium partition: POFM (FORMAT MEDIUM divides), PSUM 3: units of 10^9 bytes; how many, by whom, units and sizes may be set */
static const uint8_t page_11[MODE_PARTITIONS_SIZE] = { 0x11, 0x0e, 0, 0, 0x1c, 0x03, 9 };
static const uint8_t page_11_changeable[MODE_PARTITIONS_SIZE] = { 0x11, 0x0e, 0, 0xff, 0xf8, 0, 0xff, 0,
								  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t page_1a[12] = { 0x1a, 0x0a }; /* power condition: always active */
/* informational exceptions control: DEXCPT (conditions are found in the TapeAlert log page), MRIE 3; TEST FLAG NUMBER is
 * taken with TEST only */
static const uint8_t page_1c[12] = { 0x1c, 0x0a, 0x08, 0x03 };
static const uint8_t page_1c_changeable[12] = { 0x1c, 0x0a, 0x0c, 0x0f, [8] = 0xff, 0xff, 0xff, 0xff };
static const uint8_t page_1d[32] = { 0x1d, 0x1e }; /* medium configuration: write once media */
/* of makers (reformat.c): IBM, medium sense: scaling, and how far; read/write control: the format of the next FORMAT MEDIUM */
static const uint8_t page_23[60] = { 0x23, 0x3a };
static const uint8_t page_23_changeable[60] = { 0x23, 0x3a, [11] = 0x01, [12] = 0xff };
static const uint8_t page_25[32] = { 0x25, 0x1e };
static const uint8_t page_25_changeable[32] = { 0x25, 0x1e, [10] = 0xff };
/* of makers (vendor.c): IBM, encryption; AIT device configuration, SPAN 0Ah */
static const uint8_t page_24[8] = { 0x24, 0x06 };
static const uint8_t page_31[10] = { 0x31, 0x08, 0, 0x0a };

#define PAGE(page)       sizeof(page), page, NULL
#define CHANGEABLE(page) sizeof(page), page, page##_changeable

const struct mode_page drive_mode_pages[] = {
	/* code                   sub   page                      sense               select                      features, flags */
	{ MODE_PAGE_RECOVERY,      0,    CHANGEABLE(page_01),      NULL,               NULL,                       0, 0 },
	{ 0x02,                    0,    PAGE(page_02),            NULL,               NULL,                       0, 0 },
	{ MODE_PAGE_CONTROL,       0,    CHANGEABLE(page_0a),      NULL,               NULL,                       0, 0 },
	{ MODE_PAGE_CONTROL,       0x01, PAGE(page_0a_01),         NULL,               NULL,                       0, 0 },
	{ MODE_PAGE_CONTROL,       MODE_SUB_DATA_PROTECTION,
	                                 CHANGEABLE(page_0a_f0),   NULL,               lbp_select,                 DRIVE_LBP_RS, MODE_VOLATILE },
	{ MODE_PAGE_COMPRESSION,   0,    CHANGEABLE(page_0f),      NULL,               drive_select_compression,   DRIVE_COMPRESSION, 0 },
	{ MODE_PAGE_CONFIGURATION, 0,    sizeof(page_10), page_10, page_10_explicit_changeable,
	                                                           drive_sense_configuration, drive_select_configuration, DRIVE_EXPLICIT, 0 },
	{ MODE_PAGE_CONFIGURATION, 0,    CHANGEABLE(page_10),      drive_sense_configuration, drive_select_configuration, 0, 0 },
	{ MODE_PAGE_CONFIGURATION, MODE_SUB_CONFIGURATION_EXTENSION,
	                                 CHANGEABLE(page_10_01),   NULL,               drive_select_extension,     DRIVE_PEWS, 0 },
	{ MODE_PAGE_PARTITIONS,    0,    CHANGEABLE(page_11),      drive_sense_partitions, drive_select_partitions, 0, MODE_VOLATILE | MODE_SHORTER },
	{ 0x1a,                    0,    PAGE(page_1a),            NULL,               NULL,                       0, 0 },
	{ MODE_PAGE_EXCEPTIONS,    0,    CHANGEABLE(page_1c),      NULL,               drive_select_exceptions,    DRIVE_TAPE_ALERT, 0 },
	{ 0x1d,                    0,    PAGE(page_1d),            drive_sense_medium, NULL,                       DRIVE_WORM, 0 },
	{ 0x23,                    0,    CHANGEABLE(page_23),      drive_sense_scaling, drive_select_scaling,     DRIVE_MEDIUM_SENSE, MODE_VOLATILE },
	{ 0x24,                    0,    PAGE(page_24),            drive_sense_ibm_encryption, NULL,               DRIVE_IBM_MODE | DRIVE_ENCRYPTION, 0 },
	{ 0x25,                    0,    CHANGEABLE(page_25),      drive_sense_format, drive_select_format,       DRIVE_FORMAT_DENSITY, MODE_VOLATILE },
	{ 0x31,                    0,    PAGE(page_31),            drive_sense_ait,    NULL,                       DRIVE_AIT_MODE, 0 },
};
/* clang-format on */

const unsigned drive_mode_pages_cnt = sizeof(drive_mode_pages) / sizeof(drive_mode_pages[0]);
