/* SPDX-License-Identifier: Apache-2.0 */
/* vpd.c: vital product data of a sequential-access device (SSC-5). */
#include <string.h>

#include "handlers/tape/lbp.h"
#include "lib/base/bytes.h"

/* B0h, sequential-access device capabilities: WORM; no tape stream mirroring. */
static size_t fill_capabilities(struct scsi_unit *unit, uint8_t *content)
{
	content[0] = (unit->features & DRIVE_WORM) != 0 ? 0x01 : 0x00;
	content[1] = 0;
	return 2;
}

/* B1h, manufacturer-assigned serial number. */
static size_t fill_serial(struct scsi_unit *unit, uint8_t *content)
{
	size_t n = strlen(unit->identity.serial);

	memcpy(content, unit->identity.serial, n);
	return n;
}

/* B2h, TapeAlert supported flags: all, since an operator can raise each. */
static size_t fill_alerts(struct scsi_unit *unit, uint8_t *content)
{
	(void)unit;
	memset(content, 0xff, 8);
	return 8;
}

/* B3h, automation device serial number: the changer's. */
static size_t fill_automation(struct scsi_unit *unit, uint8_t *content)
{
	char serial[LIBRARY_SERIAL_SIZE];
	size_t n;

	library_changer_serial(drive_of(unit)->library, serial);
	n = strlen(serial);
	memcpy(content, serial, n);
	return n;
}

/* B4h, data transfer device element address: where the changer has this drive. */
static size_t fill_address(struct scsi_unit *unit, uint8_t *content)
{
	const struct drive *d = drive_of(unit);

	put_be16(content,
		 (uint16_t)(library_first_address(d->library, ELEMENT_DRIVE) + d->number - 1));
	return 2;
}

const struct vpd_page drive_vpd_pages[] = {
	{ 0x86, vpd_fill_extended, 0 },          { 0x87, vpd_fill_policy, 0 },
	{ 0xb0, fill_capabilities, 0 },          { 0xb1, fill_serial, 0 },
	{ 0xb2, fill_alerts, DRIVE_TAPE_ALERT }, { 0xb3, fill_automation, 0 },
	{ 0xb4, fill_address, DRIVE_MAM },       { 0xb5, lbp_fill_vpd, DRIVE_LBP_RS },
};
const unsigned drive_vpd_pages_cnt = sizeof(drive_vpd_pages) / sizeof(drive_vpd_pages[0]);
