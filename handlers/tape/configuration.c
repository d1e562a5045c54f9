/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configuration.c: what the drive's mode pages make it do (SSC-5): data compression, device
 * configuration and its extension, medium configuration.  The rows are in pages.c.
 */
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

/* ---- compression ---- */

#define DCE 0x80 /* mode page 0Fh, byte 2 */

/*
 * Compression is said in two pages, DCE of data compression and SELECT DATA COMPRESSION ALGORITHM
 * (0 none, 1 the default) of device configuration: they are one switch.  A list with both pages
 * sets it by the one that changes it (handlers/scsi/mode.c); where both do they mean the same.
 */
void drive_show_compression(struct drive *d, bool on)
{
	uint8_t *compression = mode_current(&d->unit, MODE_PAGE_COMPRESSION, 0);
	uint8_t *configuration = mode_current(&d->unit, MODE_PAGE_CONFIGURATION, 0);

	if (compression != NULL)
		compression[2] = (uint8_t)((compression[2] & ~DCE) | (on ? DCE : 0));
	if (configuration != NULL)
		configuration[14] = on;
}

void drive_mode_follow(uint8_t code, uint8_t subpage, const uint8_t *before, const uint8_t *after,
		       const struct mode_page *row, uint8_t *page)
{
	if (subpage != 0 || row->subpage != 0)
		return;
	if (code == MODE_PAGE_CONFIGURATION && row->code == MODE_PAGE_COMPRESSION &&
	    after[14] != before[14])
		page[2] = (uint8_t)((page[2] & ~DCE) | (after[14] != 0 ? DCE : 0));
	else if (code == MODE_PAGE_COMPRESSION && row->code == MODE_PAGE_CONFIGURATION &&
		 ((after[2] ^ before[2]) & DCE) != 0)
		page[14] = (after[2] & DCE) != 0;
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
		for (unsigned n = 0; n < CART_PARTITIONS; n++)
			if (d->stages[n] != NULL)
				ignore_result(stage_set_codec(d->stages[n], codec)); /* known */
}

void drive_follow_compression(struct drive *d)
{
	const uint8_t *page = mode_current(&d->unit, MODE_PAGE_COMPRESSION, 0);

	if (page != NULL && mode_is_saved(&d->unit, MODE_PAGE_COMPRESSION, 0))
		switch_compression(d, (page[2] & DCE) != 0);
	else
		drive_show_compression(d, stage_info(d->stage)->codec != CART_CODEC_NONE);
}

enum scsi_status drive_select_compression(struct scsi_unit *unit, struct scsi_cmd *cmd,
					  const uint8_t *page, unsigned offset, bool apply)
{
	(void)cmd;
	(void)offset;
	if (apply)
		switch_compression(drive_of(unit), (page[2] & DCE) != 0);
	return SCSI_GOOD;
}

/* ---- device configuration ---- */

#define SWP    0x04 /* byte 10, software write protection */
#define BAML   0x02 /* byte 10, block address mode lock: BAM says which mode */
#define BAM    0x01
#define ASOCWP 0x04 /* byte 15, associated write protection: until the medium is unloaded */

/* Byte 15, REWIND ON RESET. The others, "not said" and "stays", are one: it stays. */
#define ROR          0x18
#define ROR_REWINDS  0x08
#define ROR_RESERVED 0x18

enum scsi_status drive_select_configuration(struct scsi_unit *unit, struct scsi_cmd *cmd,
					    const uint8_t *page, unsigned offset, bool apply)
{
	if (page[14] > 1)
		return scsi_check_list(unit, cmd, offset + 14, 7);
	if ((page[15] & ROR) == ROR_RESERVED)
		return scsi_check_list(unit, cmd, offset + 15, 4);
	if ((page[15] & ASOCWP) != 0 && drive_of(unit)->state != DRIVE_READY)
		return scsi_check_list(unit, cmd, offset + 15, 2); /* it would be of no medium */
	if (apply)
		switch_compression(drive_of(unit), page[14] != 0);
	return SCSI_GOOD;
}

enum drive_address_mode drive_locked_address_mode(struct drive *d)
{
	const uint8_t *page = mode_current(&d->unit, MODE_PAGE_CONFIGURATION, 0);

	if (page == NULL || (page[10] & BAML) == 0)
		return ADDRESS_NONE;
	return (page[10] & BAM) != 0 ? ADDRESS_EXPLICIT : ADDRESS_IMPLICIT;
}

void drive_sense_configuration(struct scsi_unit *unit, uint8_t *page)
{
	page[3] = (uint8_t)drive_of(unit)->partition; /* ACTIVE PARTITION */
}

bool drive_rewinds_on_reset(struct drive *d)
{
	const uint8_t *page = mode_current(&d->unit, MODE_PAGE_CONFIGURATION, 0);

	return page != NULL && (page[15] & ROR) == ROR_REWINDS;
}

bool drive_software_protected(struct drive *d)
{
	const uint8_t *page = mode_current(&d->unit, MODE_PAGE_CONFIGURATION, 0);

	return page != NULL && ((page[10] & SWP) != 0 || (page[15] & ASOCWP) != 0);
}

void drive_forget_associated_protection(struct drive *d)
{
	uint8_t *page = mode_current(&d->unit, MODE_PAGE_CONFIGURATION, 0);

	if (page != NULL)
		page[15] &= (uint8_t)~ASOCWP;
}

/* ---- device configuration extension ---- */

static const uint8_t *extension(struct drive *d)
{
	return mode_current(&d->unit, MODE_PAGE_CONFIGURATION, MODE_SUB_CONFIGURATION_EXTENSION);
}

uint64_t drive_pews_bytes(struct drive *d)
{
	const uint8_t *page = extension(d);

	return page == NULL ? 0 : get_be16(page + 6) * 1000000ull;
}

enum drive_write_mode drive_write_mode(struct drive *d)
{
	const uint8_t *page = extension(d);

	return page == NULL ? WRITE_MODE_OVERWRITE : (enum drive_write_mode)(page[5] >> 4);
}

enum drive_short_erase drive_short_erase(struct drive *d)
{
	const uint8_t *page = extension(d);

	return page == NULL ? SHORT_ERASE_SSC_2 : (enum drive_short_erase)(page[5] & 0x0f);
}

enum scsi_status drive_select_extension(struct scsi_unit *unit, struct scsi_cmd *cmd,
					const uint8_t *page, unsigned offset, bool apply)
{
	bool appends = (unit->features & DRIVE_APPEND_ONLY) != 0;

	if (apply)
		return SCSI_GOOD;
	if (page[5] >> 4 > (appends ? WRITE_MODE_APPEND_ONLY : WRITE_MODE_OVERWRITE))
		return scsi_check_list(unit, cmd, offset + 5, 7);
	if ((page[5] & 0x0f) > SHORT_ERASE_EOD)
		return scsi_check_list(unit, cmd, offset + 5, 3);
	if (get_be16(page + 6) != 0 && (unit->features & DRIVE_PEWS) == 0)
		return scsi_check_list(unit, cmd, offset + 6, 7);
	return SCSI_GOOD;
}

/* ---- medium configuration ---- */

bool drive_medium_is_worm(struct drive *d)
{
	return d->state == DRIVE_READY && stage_info(d->stages[0])->kind == CART_WORM;
}

void drive_sense_medium(struct scsi_unit *unit, uint8_t *page)
{
	struct drive *d = drive_of(unit);
	bool worm = drive_medium_is_worm(d);

	page[2] = worm ? 0x01 : 0x00; /* WORMM */
	page[4] = 0x00;               /* labels: none may be overwritten */
	page[5] = worm ? 0x02 : 0x00; /* filemarks at the end of data may be overwritten */
}
