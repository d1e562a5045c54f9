/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reformat.c: what FORMAT MEDIUM makes of the medium beside its division: another recording format
 * (IBM, mode page 25h), and how much of it is used (3592, mode page 23h; LTO drives have SET
 * CAPACITY for it).
 *
 * Source of both pages: LTFS.  It asks page 23h of each 3592 drive for write protection (byte 10)
 * and sets CAPACITY SCALING there (byte 11 bit 0 says that byte 12 counts; 0 is all of the medium)
 * before it formats; it sets the density code of the format to come in byte 10 of page 25h, where
 * byte 20 says whether the drive encrypts, byte 24 whether the medium can be encrypted, and byte 27
 * who brings the keys.  Of other values than 0 in byte 12 it knows nothing: they are 256ths here.
 */
#include "handlers/tape/internal.h"
#include "lib/store/cartridge.h"

/* ---- the medium as it will be ---- */

/* The row of the loaded medium, recorded as @density; NULL where this drive does not write so. */
static const struct medium_row *writable_as(struct drive *d, uint8_t density)
{
	const struct cart_info *info = stage_info(d->stages[0]);

	if (info->kind != CART_DATA ||
	    drive_medium_access(drive_model(d), density, info->medium_type) != MEDIUM_READ_WRITE)
		return NULL;
	return drive_medium(drive_model(d), density, info->medium_type);
}

/* A cartridge that was made smaller, or without a limit, stays so: what it has is not its format's.
 */
struct drive_medium_plan drive_medium_plan(struct drive *d)
{
	const struct cart_info *info = stage_info(d->stages[0]);
	struct drive_medium_plan plan = {
		.density = info->density,
		.capacity_bytes = info->layout.capacity_bytes,
		.early_warning_bytes = info->layout.early_warning_bytes,
	};
	const struct medium_row *now =
		drive_medium(drive_model(d), info->density, info->medium_type);
	const struct medium_row *then =
		d->format_density != 0 ? writable_as(d, d->format_density) : NULL;

	if (then == NULL)
		return plan;
	plan.density = d->format_density;
	if (now == NULL || plan.capacity_bytes != now->capacity_bytes)
		return plan;
	plan.capacity_bytes = then->capacity_bytes;
	plan.early_warning_bytes = then->early_warning_bytes != 0 ? then->early_warning_bytes
								  : then->capacity_bytes / 100;
	return plan;
}

/* ---- mode page 25h ---- */

#define FORMAT_DENSITY   10
#define ENCRYPTION_STATE 20 /* bits 1 and 0: 0 off, 1 on */
#define MEDIUM_ENCRYPTS  24 /* bit 0: encrypted data can be recorded */
#define KEY_METHOD       27
#define KEYS_OF_HOSTS    0x50 /* the application's, by SECURITY PROTOCOL OUT */

void drive_sense_format(struct scsi_unit *unit, uint8_t *page)
{
	struct drive *d = drive_of(unit);
	unsigned needed = DRIVE_MEDIUM_SENSE | DRIVE_ENCRYPTION;
	const struct medium_row *row;

	page[FORMAT_DENSITY] = d->format_density;
	if ((unit->features & needed) != needed) /* only such a drive is known to say more */
		return;
	page[ENCRYPTION_STATE] =
		drive_crypt_now(&d->crypts)->encryption == ENCRYPTION_ENCRYPT ? 1 : 0;
	page[KEY_METHOD] = KEYS_OF_HOSTS;
	page[MEDIUM_ENCRYPTS] = 0;
	if (d->state != DRIVE_READY)
		return;
	row = drive_medium(drive_model(d), stage_info(d->stages[0])->density,
			   stage_info(d->stages[0])->medium_type);
	page[MEDIUM_ENCRYPTS] = row != NULL && row->encryptable ? 1 : 0;
}

/* A density that this drive records, or the one loaded takes: one may be set before a load. */
static bool formats_as(struct drive *d, uint8_t density)
{
	const struct drive_model *m = drive_model(d);

	if (d->state == DRIVE_READY)
		return writable_as(d, density) != NULL;
	for (unsigned i = 0; i < m->densities_cnt; i++)
		if (m->densities[i].code == density)
			return true;
	return false;
}

enum scsi_status drive_select_format(struct scsi_unit *unit, struct scsi_cmd *cmd,
				     const uint8_t *page, unsigned offset, bool apply)
{
	struct drive *d = drive_of(unit);
	uint8_t density = page[FORMAT_DENSITY];

	if (apply) {
		d->format_density = density;
		return SCSI_GOOD;
	}
	if (density != 0 && density != d->format_density && !formats_as(d, density))
		return scsi_check_list(unit, cmd, offset + FORMAT_DENSITY, 7);
	return SCSI_GOOD;
}

/* ---- mode page 23h ---- */

#define PROTECTION    10
#define PROTECTED     0x80 /* by the switch of the cartridge */
#define SCALING_VALID 11   /* bit 0 */
#define SCALING       12

static uint16_t proportion_of(const uint8_t *page)
{
	return page[SCALING] == 0 ? CART_WHOLE : (uint16_t)(page[SCALING] * 257u);
}

/* Byte 12 of a medium that has @proportion: the high byte of it, and 0 only for all. */
static uint8_t scaling_of(uint16_t proportion)
{
	if (proportion == CART_WHOLE)
		return 0;
	return proportion >> 8 != 0 ? (uint8_t)(proportion >> 8) : 1;
}

void drive_sense_scaling(struct scsi_unit *unit, uint8_t *page)
{
	struct drive *d = drive_of(unit);
	uint16_t proportion = CART_WHOLE;

	page[PROTECTION] = 0;
	if (d->state == DRIVE_READY) {
		proportion = stage_info(d->stages[0])->layout.proportion;
		page[PROTECTION] = stage_is_writable(d->stage) ? 0 : PROTECTED;
	}
	page[SCALING_VALID] = proportion != CART_WHOLE;
	page[SCALING] = scaling_of(proportion);
}

/*
 * Whether @page, of a medium that is loaded, makes less or more of it.  The page says less of a
 * proportion than SET CAPACITY does: who sends back what it says changes nothing.
 */
static bool scales(struct drive *d, const uint8_t *page)
{
	uint16_t now = stage_info(d->stages[0])->layout.proportion;

	return (page[SCALING_VALID] & 0x01) != 0 && page[SCALING] != scaling_of(now) &&
	       proportion_of(page) != now;
}

bool drive_mode_formats(struct scsi_unit *unit, const struct mode_page *row, const uint8_t *page)
{
	struct drive *d = drive_of(unit);

	return row->select == drive_select_scaling && d->state == DRIVE_READY && scales(d, page);
}

/* A medium that is scaled so is left alone; one that is scaled anew is blank, as by SET CAPACITY.
 */
enum scsi_status drive_select_scaling(struct scsi_unit *unit, struct scsi_cmd *cmd,
				      const uint8_t *page, unsigned offset, bool apply)
{
	struct drive *d = drive_of(unit);
	enum scsi_status status;

	if ((page[SCALING_VALID] & 0x01) == 0)
		return page[SCALING] == 0 || apply
			       ? SCSI_GOOD
			       : scsi_check_list(unit, cmd, offset + SCALING, 7);
	if (d->state != DRIVE_READY)
		return scsi_check_list(unit, cmd, offset + SCALING_VALID, 0);
	if (!scales(d, page))
		return SCSI_GOOD;
	if (!apply) /* that it can be written has been seen to: drive_mode_formats() */
		return drive_check_beginning(d, cmd);
	status = drive_scale(d, cmd, proportion_of(page));
	drive_forget_overwrite(unit); /* it was for this one, as for SET CAPACITY */
	return status;
}
