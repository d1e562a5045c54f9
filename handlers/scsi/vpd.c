/* SPDX-License-Identifier: Apache-2.0 */
/* vpd.c: vital product data that every unit has, beside 00h, 80h and 83h: see vpd.h. */
#include "handlers/scsi/vpd.h"

#include <string.h>

#include "handlers/scsi/mode.h"

#define SUB_PROTECTION 0xf0 /* of the control mode page: control data protection */
#define SPT_PROTECTION 0x08 /* a sequential-access device: it has logical block protection */
#define SIMPSUP        0x01
#define EXTENDED_SIZE  60

size_t vpd_fill_extended(struct scsi_unit *unit, uint8_t *content)
{
	memset(content, 0, EXTENDED_SIZE);
	if (mode_current(unit, MODE_PAGE_CONTROL, SUB_PROTECTION) != NULL)
		content[0] = SPT_PROTECTION;
	content[1] = SIMPSUP;
	content[9] = SCSI_SENSE_SIZE; /* the longest sense data */
	return EXTENDED_SIZE;
}

size_t vpd_fill_policy(struct scsi_unit *unit, uint8_t *content)
{
	static const uint8_t shared[4] = { 0x3f, 0xff, 0x00, 0x00 };

	(void)unit;
	memcpy(content, shared, sizeof(shared));
	return sizeof(shared);
}
