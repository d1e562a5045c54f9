/* SPDX-License-Identifier: Apache-2.0 */
/* pages.c: the drive's mode parameters: header, block descriptor and pages (SSC-5, SPC-5). */
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

/* ---- header and block descriptor ---- */

void drive_mode_header(struct scsi_unit *unit, uint8_t *ret_medium_type, uint8_t *ret_specific)
{
	struct drive *d = drive_of(unit);

	*ret_specific = (uint8_t)(d->buffered << 4);
	*ret_medium_type = 0;
	if (d->state != DRIVE_READY)
		return;
	*ret_medium_type = stage_info(d->stage)->medium_type;
	if (!stage_is_writable(d->stage))
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
	if (get_be24(descriptor + 5) > drive_model(d)->max_block_bytes)
		return scsi_check_list(unit, cmd, offset + 5, 7);
	return SCSI_GOOD;
}

/* ---- pages ---- */

/*
 * Compression is said in two pages, DCE of data compression and SELECT DATA COMPRESSION ALGORITHM
 * (0 none, 1 the default) of device configuration: they are one switch.
 */
void drive_show_compression(struct drive *d, bool on)
{
	uint8_t *compression = mode_current(&d->unit, MODE_PAGE_COMPRESSION, 0);
	uint8_t *configuration = mode_current(&d->unit, MODE_PAGE_CONFIGURATION, 0);

	if (compression != NULL)
		compression[2] = (uint8_t)((compression[2] & 0x7f) | (on ? 0x80 : 0));
	if (configuration != NULL)
		configuration[14] = on;
}

/* What the library's description names, or lz4, for what is written from now on; what is on the
 * tape says itself. */
static void switch_compression(struct drive *d, bool on)
{
	enum cart_codec codec = on ? library_config(d->library)->codec : CART_CODEC_NONE;

	if (on && codec == CART_CODEC_NONE)
		codec = CART_CODEC_LZ4;
	drive_show_compression(d, on);
	if (d->state == DRIVE_READY)
		ignore_result(stage_set_codec(d->stage, codec)); /* it knows all codecs */
}

static enum scsi_status select_compression(struct scsi_unit *unit, struct scsi_cmd *cmd,
					   const uint8_t *page, unsigned offset, bool apply)
{
	(void)cmd;
	(void)offset;
	if (apply)
		switch_compression(drive_of(unit), (page[2] & 0x80) != 0);
	return SCSI_GOOD;
}

static enum scsi_status select_configuration(struct scsi_unit *unit, struct scsi_cmd *cmd,
					     const uint8_t *page, unsigned offset, bool apply)
{
	if (page[14] > 1)
		return scsi_check_list(unit, cmd, offset + 14, 7);
	if (apply)
		switch_compression(drive_of(unit), page[14] != 0);
	return SCSI_GOOD;
}

/* The capacity of the only partition, in 10^9 bytes. */
static void sense_partition(struct scsi_unit *unit, uint8_t *page)
{
	struct drive *d = drive_of(unit);
	uint64_t gigabytes = drive_model(d)->densities[0].capacity_mb / 1000;

	if (d->state == DRIVE_READY && stage_info(d->stage)->capacity_bytes != 0)
		gigabytes = (stage_info(d->stage)->capacity_bytes + 999999999) / 1000000000;
	put_be16(page + 8, gigabytes > 0xffff ? 0xffff : (uint16_t)gigabytes);
}

/* clang-format off */
/* read-write error recovery: TB (a block that failed is not transferred) is 0, no retries are counted */
static const uint8_t page_01[12] = { 0x01, 0x0a };
static const uint8_t page_02[16] = { 0x02, 0x0e }; /* disconnect-reconnect: the fabric decides */
static const uint8_t page_0a[12] = { 0x0a, 0x0a }; /* control */
static const uint8_t page_0a_changeable[12] = { 0x0a, 0x0a, 0x04 }; /* D_SENSE */
/* data compression: DCC; DDE, since what was compressed always comes back plain; algorithm 10h, zlib's own place in the table
 * of the standard does not exist, and hosts only echo it */
static const uint8_t page_0f[16] = { 0x0f, 0x0e, 0x40, 0x80, 0, 0, 0, 0x10, 0, 0, 0, 0x10 };
static const uint8_t page_0f_changeable[16] = { 0x0f, 0x0e, 0x80 };
/* device configuration: LOIS (object identifiers are supported), EEG and SEW */
static const uint8_t page_10[16] = { 0x10, 0x0e, 0, 0, 0, 0, 0, 0, 0x40, 0, 0x18 };
static const uint8_t page_10_changeable[16] = { 0x10, 0x0e, [14] = 0xff }; /* which algorithm */
/* medium partition: none can be added; PSUM 3: units of 10^9 bytes */
static const uint8_t page_11[10] = { 0x11, 0x08, 0, 0, 0x18, 0x03, 9 };
/* informational exceptions control: DEXCPT, conditions are found in the TapeAlert log page only */
static const uint8_t page_1c[12] = { 0x1c, 0x0a, 0x08 };

const struct mode_page drive_mode_pages[] = {
	/* code  sub  size             defaults  changeable           sense            select */
	{ 0x01,  0,   sizeof(page_01), page_01,  NULL,                NULL,            NULL, 0 },
	{ 0x02,  0,   sizeof(page_02), page_02,  NULL,                NULL,            NULL, 0 },
	{ MODE_PAGE_CONTROL, 0, sizeof(page_0a), page_0a, page_0a_changeable, NULL,    NULL, 0 },
	{ MODE_PAGE_COMPRESSION, 0, sizeof(page_0f), page_0f, page_0f_changeable, NULL, select_compression, DRIVE_COMPRESSION },
	{ MODE_PAGE_CONFIGURATION, 0, sizeof(page_10), page_10, page_10_changeable, NULL, select_configuration, 0 },
	{ 0x11,  0,   sizeof(page_11), page_11,  NULL,                sense_partition, NULL, 0 },
	{ 0x1c,  0,   sizeof(page_1c), page_1c,  NULL,                NULL,            NULL, 0 },
};
/* clang-format on */

const unsigned drive_mode_pages_cnt = sizeof(drive_mode_pages) / sizeof(drive_mode_pages[0]);
