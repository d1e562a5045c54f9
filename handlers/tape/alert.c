/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alert.c: the 64 TapeAlert flags (SSC-5, TapeAlert application client interface) and how a host is
 * told of them: it reads log page 2Eh, or asks by mode page 1Ch (informational exceptions control)
 * for sense data 5D/00.
 *
 * A flag is raised by a condition of the drive, or by an operator (vtl drive alert).  It goes when
 * a host has read the whole page 2Eh (unless TAPLSD says otherwise), when LOG SELECT resets the
 * page, at power on, and, where it is about the medium, when the next one is loaded.
 */
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

#define BIT(flag) (1ull << ((unsigned)(flag)-1))

/* Mode page 1Ch. */
#define DEXCPT 0x08 /* byte 2: no exceptions are reported */
#define TEST   0x04 /* byte 2 */

enum mrie { /* byte 3, method of reporting */
	MRIE_NONE = 0,
	MRIE_ATTENTION = 2,
	MRIE_RECOVERED_IF_ALLOWED = 3, /* where PER of the error recovery page is set */
	MRIE_RECOVERED = 4,
	MRIE_NO_SENSE = 5,
	MRIE_ON_REQUEST = 6,
};

#define PER 0x04 /* mode page 01h, byte 2: recovered errors are reported */

/* What is about the cartridge in the drive, not about the drive. */
static bool of_the_medium(unsigned flag)
{
	return flag <= 19 || (flag >= 51 && flag <= 56) || flag == 59 || flag == 60;
}

static void report(struct drive *d, enum sense_id told, enum sense_id recovered,
		   enum sense_id attention)
{
	const uint8_t *page = mode_current(&d->unit, MODE_PAGE_EXCEPTIONS, 0);
	const uint8_t *recovery = mode_current(&d->unit, MODE_PAGE_RECOVERY, 0);
	struct scsi_unit *unit = &d->unit;

	if (page == NULL || (page[2] & DEXCPT) != 0)
		return;
	switch (page[3] & 0x0f) {
	case MRIE_ATTENTION:
		unit_attention(unit, attention);
		return;
	case MRIE_RECOVERED_IF_ALLOWED:
		if (recovery == NULL || (recovery[2] & PER) == 0)
			return;
		unit->exception = recovered;
		break;
	case MRIE_RECOVERED:
		unit->exception = recovered;
		break;
	case MRIE_NO_SENSE:
	case MRIE_ON_REQUEST:
		unit->exception = told;
		break;
	default:
		return;
	}
	unit->exception_is_polled = (page[3] & 0x0f) == MRIE_ON_REQUEST;
}

void drive_alerts_change(struct drive *d, uint64_t set, uint64_t clear)
{
	uint64_t before = d->alerts;

	d->alerts = (d->alerts & ~clear) | set;
	d->alerts_of_load |= set;
	if (d->alerts == 0)
		d->unit.exception = SENSE_NO_SENSE;
	if ((d->alerts & ~before) != 0)
		report(d, SENSE_EXCEPTION_TOLD, SENSE_EXCEPTION_RECOVERED,
		       SENSE_EXCEPTION_ATTENTION);
}

void drive_alert(struct drive *d, enum drive_alert flag)
{
	drive_alerts_change(d, BIT(flag), 0);
}

void drive_alerts_new_medium(struct drive *d)
{
	uint64_t clear = 0;

	for (unsigned flag = 1; flag <= 64; flag++)
		if (of_the_medium(flag))
			clear |= BIT(flag);
	drive_alerts_change(d, 0, clear);
}

/* ---- log page 2Eh ---- */

void drive_fill_tapealert(struct scsi_unit *unit, struct log_writer *w)
{
	for (uint16_t flag = 1; flag <= 64; flag++)
		log_put_number(w, flag, LOG_BINARY, drive_of(unit)->alerts >> (flag - 1) & 1, 1);
}

void drive_reset_tapealert(struct scsi_unit *unit)
{
	drive_alerts_change(drive_of(unit), 0, UINT64_MAX);
}

void drive_told_tapealert(struct scsi_unit *unit)
{
	const uint8_t *page =
		mode_current(unit, MODE_PAGE_CONFIGURATION, MODE_SUB_CONFIGURATION_EXTENSION);

	if (page == NULL || (page[4] & 0x01) == 0) /* TAPLSD */
		drive_reset_tapealert(unit);
}

/* ---- mode page 1Ch ---- */

/* SSC-5, TEST FLAG NUMBER: a flag is raised, or taken away where it is negative. */
#define TEST_ALL 32767

static bool test_flag_exists(int32_t number)
{
	return (number >= -64 && number <= 64) || number == TEST_ALL;
}

static void test_flag(struct drive *d, int32_t number)
{
	if (number == 0)
		report(d, SENSE_TEST_EXCEPTION_TOLD, SENSE_TEST_EXCEPTION_RECOVERED,
		       SENSE_TEST_EXCEPTION_ATTENTION);
	else if (number == TEST_ALL)
		drive_alerts_change(d, UINT64_MAX, 0);
	else if (number > 0)
		drive_alerts_change(d, BIT(number), 0);
	else
		drive_alerts_change(d, 0, BIT(-number));
}

enum scsi_status drive_select_exceptions(struct scsi_unit *unit, struct scsi_cmd *cmd,
					 const uint8_t *page, unsigned offset, bool apply)
{
	static const bool methods[16] = {
		[MRIE_NONE] = true,      [MRIE_ATTENTION] = true, [3] = true,
		[MRIE_RECOVERED] = true, [MRIE_NO_SENSE] = true,  [MRIE_ON_REQUEST] = true
	};
	int32_t number = (int32_t)get_be32(page + 8);
	bool test = (page[2] & TEST) != 0;
	uint8_t *current = mode_current(unit, MODE_PAGE_EXCEPTIONS, 0);

	if (!apply) {
		if (test && ((page[2] & DEXCPT) != 0 || (cmd->cdb[1] & 0x01) != 0))
			return scsi_check_list(unit, cmd, offset + 2, 2);
		if (!methods[page[3] & 0x0f])
			return scsi_check_list(unit, cmd, offset + 3, 3);
		if (test ? !test_flag_exists(number) : number != 0)
			return scsi_check_list(unit, cmd, offset + 8, 7);
		return SCSI_GOOD;
	}
	if (current != NULL) { /* a test is an act, not a state */
		current[2] &= (uint8_t)~TEST;
		put_be32(current + 8, 0);
	}
	if ((page[2] & DEXCPT) != 0)
		unit->exception = SENSE_NO_SENSE;
	if (test)
		test_flag(drive_of(unit), number);
	return SCSI_GOOD;
}
