/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vendor.c: mode and log pages of drives' makers that say what the drive is at.  What is the same
 * for ever is data of lib/personality; which drive has which page is a feature.
 *
 * Sources: log page 37h and diagnostic page 80h: LTFS, sg_tape.c.  Mode page 24h: IBM LTO Ultrium
 * SCSI reference, 9th edition, as mhvtl has it.  31h: Sony SDX-700C to SDX-1100V product
 * specifications.  Log page 3Eh: HP Ultrium technical reference manual, volume 3, generation 3
 * (Q1530-90901); Quantum DLT 7000, DLT 8000, SDLT 600 and DLT-S4 manuals; Quantum LTO-3 and LTO-4
 * SCSI reference.  Parameters that we do not know a value for are not there.
 */
#include <string.h>

#include "handlers/tape/internal.h"

#define GIGABYTE 1000000000u

static bool alert(const struct drive *d, enum drive_alert flag)
{
	return (d->alerts >> (flag - 1) & 1) != 0;
}

/* ---- mode page 24h, IBM: data encryption ---- */

#define ENCRYPTION_ENABLED 0x04 /* byte 5 */
#define ENCRYPTION_CAPABLE 0x01 /* byte 7 */

void drive_sense_ibm_encryption(struct scsi_unit *unit, uint8_t *page)
{
	bool on = drive_crypt_now(&drive_of(unit)->crypts)->encryption == ENCRYPTION_ENCRYPT;

	page[5] = on ? ENCRYPTION_ENABLED : 0;
	page[7] = ENCRYPTION_CAPABLE;
}

/* ---- log page 37h, IBM: performance characteristics ---- */

/*
 * Of all its parameters and subpages those that LTFS asks for: how good the medium is, where 0
 * stands for "not known", and (subpage 64h, of this mount) which part of the capacity was lost
 * where something had to be written twice, in 65536ths: nothing ever is.
 */
void drive_fill_performance(struct scsi_unit *unit, struct log_writer *w)
{
	(void)unit;
	log_put_number(w, 0x0001, LOG_BINARY, 0, 1);
}

void drive_fill_mount_capacity(struct scsi_unit *unit, struct log_writer *w)
{
	(void)unit;
	log_put_number(w, 0x7113, LOG_BINARY, 0, 4);
}

/* ---- diagnostic page 80h, IBM ---- */

/* The one function that LTFS asks for: a dump of the drive's memory, for READ BUFFER.  What this
 * drive knows of itself is in the system's journal: its dump is empty. */
enum scsi_status drive_diagnostic_page(struct scsi_unit *unit, struct scsi_cmd *cmd,
				       const uint8_t *page, size_t size)
{
	static const uint8_t force_dump[8] = { DRIVE_DIAGNOSTIC_PAGE, 0, 0, 4, 0x01, 0x60 };

	for (unsigned i = 0; i < sizeof(force_dump); i++)
		if (i >= size || page[i] != force_dump[i])
			return scsi_check_list(unit, cmd, i, 7);
	return size > sizeof(force_dump) ? scsi_check_list(unit, cmd, sizeof(force_dump), 7)
					 : SCSI_GOOD;
}

/* ---- mode page 31h, AIT device configuration ---- */

#define AIT_NATIVE   0x80 /* byte 2: the cassette is an AIT one, not DDS */
#define AIT_VOLUME   0x20 /* its absolute volume map is kept */
#define AIT_ULPBOT   0x10 /* loads and unloads at the beginning */
#define AIT_LOG      0x03 /* its system log is alive */
#define AIT_MIC      0x80 /* byte 4: it has a memory */
#define AIT_WORM     0x40
#define AIT_CAN_WORM 0x01 /* byte 5: the drive takes write once cassettes */

/* The cassette's state, not the drive's. */
void drive_sense_ait(struct scsi_unit *unit, uint8_t *page)
{
	struct drive *d = drive_of(unit);

	page[2] = AIT_ULPBOT;
	page[4] = 0;
	page[5] = (unit->features & DRIVE_WORM) != 0 ? AIT_CAN_WORM : 0;
	if (d->state != DRIVE_READY)
		return;
	page[2] |= AIT_NATIVE | AIT_VOLUME | AIT_LOG;
	page[4] = (uint8_t)(AIT_MIC | (drive_medium_is_worm(d) ? AIT_WORM : 0));
}

/* ---- log page 3Eh, device status ---- */

#define STATUS_OK     1
#define STATUS_FAILED 3

/* Byte 0 of parameter 1, alike in both forms of the page. */
static uint8_t cleaning_status(const struct drive *d)
{
	return (uint8_t)((drive_needs_cleaning(d) ? 0x04 : 0) |
			 (drive_wants_cleaning(d) ? 0x02 : 0) |
			 (alert(d, ALERT_CLEANING_EXPIRED) ? 0x01 : 0));
}

/* HP.  The drive has no temperature (0: not supported); a medium status only with a medium. */
void drive_fill_hp_status(struct scsi_unit *unit, struct log_writer *w)
{
	struct drive *d = drive_of(unit);
	bool failed = alert(d, ALERT_HARDWARE_A) || alert(d, ALERT_HARDWARE_B);
	uint8_t status[4] = { cleaning_status(d), failed ? STATUS_FAILED : STATUS_OK };

	if (d->state == DRIVE_READY)
		status[2] = STATUS_OK;
	else if (d->state == DRIVE_FAILED)
		status[2] = STATUS_FAILED;
	log_put_number(w, 0x0000, LOG_BINARY, 0, 4);
	log_put(w, 0x0001, LOG_BINARY, status, 4);
	log_put_number(w, 0x0002, LOG_COUNTER, d->life[LIFE_LOADS], 4);
	/* uses of the last cleaning cartridge: there is no value */
	log_put_number(w, 0x0003, LOG_BINARY, UINT32_MAX, 4);
}

/* DLT and Super DLT. */
void drive_fill_dlt_status(struct scsi_unit *unit, struct log_writer *w)
{
	struct drive *d = drive_of(unit);
	uint8_t status[4] = { cleaning_status(d) };

	log_put_number(w, 0x0000, LOG_BINARY, 0x00010000, 4); /* a sequential-access device */
	log_put(w, 0x0001, LOG_BINARY, status, 4);
	log_put_number(w, 0x0002, LOG_COUNTER, d->life[LIFE_LOADS], 4);
}

/* ---- log page 3Eh, tape device statistics of Certance and Quantum ---- */

static uint64_t hours(uint64_t seconds)
{
	return seconds / 3600;
}

void drive_fill_quantum_statistics(struct scsi_unit *unit, struct log_writer *w)
{
	struct drive *d = drive_of(unit);
	uint64_t motion = drive_life(d, LIFE_LOADED_S);
	uint8_t flags[8];

	drive_alert_bytes(d, flags);
	log_put(w, 0x7000, LOG_BINARY, flags, 8);
	log_put_number(w, 0x8000, LOG_BINARY, d->life[LIFE_LOADS], 4);
	log_put_number(w, 0x8001, LOG_BINARY, hours(motion), 4);
	log_put_number(w, 0x8002, LOG_BINARY, hours(motion - d->life[LIFE_CLEANED_S]), 4);
	log_put_number(w, 0x8004, LOG_BINARY, drive_life(d, LIFE_WRITTEN_STORED) / GIGABYTE, 4);
	log_put_number(w, 0x8005, LOG_BINARY, drive_life(d, LIFE_READ_STORED) / GIGABYTE, 4);
	if (d->state == DRIVE_READY)
		log_put_number(w, 0x9000, LOG_BINARY, stage_info(d->stages[0])->loads, 4);
}
