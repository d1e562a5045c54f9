/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drive.c: the drive as a state machine.
 *
 *   EMPTY     no cartridge
 *   LOADING   a cartridge is in; its data is being recalled, or a mover still holds it: NOT READY
 *             04/01.  Each command, and each poll of the library, tries again to open it, at most
 *             every LOOK_MS
 *   READY     the cartridge is open
 *   UNLOADED  a cartridge is in, and the host has unloaded it: MEDIUM NOT PRESENT, as a drive that
 *             has put its cartridge out (st waits two minutes on any other NOT READY); or it is a
 *             cleaning cartridge
 *   FAILED    it cannot be opened, or is of no use in this drive: the sense says why; only ejecting
 *             helps
 *
 *   load:   EMPTY -> LOADING -> READY | FAILED        LOAD: UNLOADED -> LOADING -> ...
 *           EMPTY -> UNLOADED (a cleaning cartridge), FAILED (one that the drive cannot read)
 *   unload: READY | LOADING | FAILED -> UNLOADED      eject: any -> EMPTY
 *
 * Reaching READY raises "medium may have changed", once.
 *
 * A drive that is to be as slow as a real one (mechanism.c) is LOADING until its time is over, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/clock.h"
#include "lib/library/unit_state.h"

#define LOOK_MS 200

/* A host whose last command of the data stream is as old as this may still be at work. */
#define AT_WORK_MS 2000

static void note(struct drive *d, enum library_drive_state state)
{
	d->state = state;
	library_drive_note(d->library, d->number, state, d->prevented);
}

/* How much of the recording a recall has brought back: its bytes on disk, as far as is known. */
static void look_at_recall(struct drive *d)
{
	struct cart_info *info = calloc(1, sizeof(*info));

	d->has_recalled = info != NULL &&
			  cart_stat(library_pool(d->library), d->barcode, info) == 0 &&
			  info->state == CART_RECALLING && info->stored_bytes > 0;
	if (d->has_recalled)
		d->recalled = info->disk_bytes >= info->stored_bytes
				      ? UINT16_MAX
				      : (uint16_t)((double)info->disk_bytes * 65536 /
						   (double)info->stored_bytes);
	free(info);
}

/* LOADING: tries to become READY. */
static void look(struct drive *d)
{
	int r;

	if (motion_not_ready(&d->unit, NULL) != SENSE_NO_SENSE) {
		d->looked_ms = clock_monotonic_ms() - LOOK_MS; /* as soon as it is over */
		return;
	}
	d->looked_ms = clock_monotonic_ms();
	r = stage_open(library_pool(d->library), d->barcode, CART_OPEN_WRITE | CART_OPEN_MOUNT,
		       &d->stages[0]);
	if (r == CART_E_BUSY || r == CART_E_NOT_RESIDENT) {
		look_at_recall(d);
		return;
	}
	if (r != 0) {
		d->failure = drive_open_sense(r);
		drive_alert(d, drive_open_alert(r));
		if (r == CART_E_UNSUPPORTED)
			drive_counters_incompatible(d);
		note(d, DRIVE_FAILED);
		return;
	}
	d->partition = 0;
	d->stage = d->stages[0];
	d->request_valid = false; /* a host that divides a medium has seen it */
	d->format_density = 0;
	note(d, DRIVE_READY);
	drive_attributes_loaded(d);
	drive_counters_loaded(d);
	drive_follow_compression(d);
	ignore_result(drive_crypt_apply(d)); /* nothing was written that could have failed */
	unit_attention(&d->unit, SENSE_MEDIUM_MAY_HAVE_CHANGED);
}

bool drive_displaced(const struct drive *d)
{
	return d->displaced;
}

int drive_placed(struct drive *d, int outcome)
{
	if (outcome == 0)
		d->displaced = false;
	return outcome;
}

static void begin_load(struct drive *d)
{
	drive_alerts_new_medium(d);
	drive_forget_overwrite(&d->unit);
	drive_forget_address_mode(d);
	d->pews_told = false;
	d->displaced = false;
	d->has_recalled = false;
	d->found.sense = SENSE_NO_SENSE;
	d->failure = SENSE_MEDIUM_NOT_PRESENT;
	switch (drive_judge_medium(d)) {
	case MEDIUM_REFUSED:
		note(d, DRIVE_FAILED);
		return;
	case MEDIUM_CLEANS:
		note(d, d->failure == SENSE_CLEANING_CARTRIDGE ? DRIVE_UNLOADED : DRIVE_FAILED);
		return;
	case MEDIUM_READ_ONLY:
	case MEDIUM_READ_WRITE:
	default:
		note(d, DRIVE_LOADING);
		drive_loading(d);
		look(d);
	}
}

static bool drive_ready(struct scsi_unit *unit, enum sense_id *ret_why, struct sense_extra *extra)
{
	struct drive *d = drive_of(unit);

	if (d->state == DRIVE_LOADING && clock_monotonic_ms() - d->looked_ms >= LOOK_MS)
		look(d);
	switch (d->state) {
	case DRIVE_READY:
		return true;
	case DRIVE_LOADING:
		*ret_why = SENSE_BECOMING_READY;
		if (d->has_recalled) {
			extra->pointer = POINTER_PROGRESS;
			extra->byte = d->recalled;
		}
		return false;
	case DRIVE_FAILED:
	case DRIVE_UNLOADED:
		*ret_why = d->failure;
		return false;
	case DRIVE_EMPTY:
	default:
		*ret_why = SENSE_MEDIUM_NOT_PRESENT;
		return false;
	}
}

static enum sense_id drive_write_protected(struct scsi_unit *unit)
{
	struct drive *d = drive_of(unit);

	if (stage_is_writable(d->stage) && d->read_only)
		return SENSE_CANNOT_WRITE_MEDIUM;
	if (stage_is_writable(d->stage))
		return drive_software_protected(d) ? SENSE_SOFTWARE_WRITE_PROTECTED
						   : SENSE_NO_SENSE;
	drive_alert(d, ALERT_WRITE_PROTECT);
	return SENSE_WRITE_PROTECTED;
}

/* What every reset does: variable blocks, buffered, removal allowed. */
static void reset_parameters(struct drive *d)
{
	drive_forget_overwrite(&d->unit);
	drive_forget_address_mode(d);
	d->prevented = false;
	d->found.sense = SENSE_NO_SENSE; /* a verification that nobody waits for any more */
	d->block_size = 0;
	d->buffered = 1;
	drive_forget_associated_protection(d);
	d->format_density = 0;
	if (d->stage != NULL) {
		d->request_valid = false;
		drive_follow_compression(d);
	}
	library_drive_note(d->library, d->number, d->state, d->prevented);
}

static void reset_position(struct drive *d)
{
	if (d->stage == NULL)
		return;
	drive_first_partition(d);
	/* a blank one has nothing to lose, but a partition */
	d->displaced = stage_info(d->stage)->objects > 0 || drive_partitions(d) > 1;
}

/* Power on: at the beginning of the medium, too. */
static void drive_reset(struct scsi_unit *unit)
{
	struct drive *d = drive_of(unit);

	drive_crypt_clear(d);
	d->alerts = 0;
	d->unit.exception = SENSE_NO_SENSE;
	reset_position(d);
	reset_parameters(d);
	drive_check_cleaning(d, true);
}

/*
 * Keys and TapeAlert flags stay.  Where ROR rewinds, a host that goes on as if nothing had happened
 * must not write there: drive_displaced().
 */
static void drive_unit_reset(struct scsi_unit *unit)
{
	struct drive *d = drive_of(unit);
	bool rewinds = drive_rewinds_on_reset(d);

	mode_reset(unit);
	if (rewinds)
		reset_position(d);
	reset_parameters(d);
}

static int drive_save(struct scsi_unit *unit, const char *name, const void *data, size_t size)
{
	struct drive *d = drive_of(unit);

	return library_unit_save(d->library, d->number, name, data, size);
}

static int drive_load_value(struct scsi_unit *unit, const char *name, void *buf, size_t max,
			    size_t *ret_size)
{
	struct drive *d = drive_of(unit);

	return library_unit_load(d->library, d->number, name, buf, max, ret_size);
}

#define SEGMENT_POOL 2

/* The pool answers for the cartridge that is in the drive. Its recording is not read. */
static uint8_t drive_self_test(struct scsi_unit *unit, bool extended)
{
	struct drive *d = drive_of(unit);
	struct cart_info *info;
	bool good;

	(void)extended;
	if (d->barcode[0] == '\0')
		return 0;
	info = calloc(1, sizeof(*info));
	good = info != NULL && cart_stat(library_pool(d->library), d->barcode, info) == 0;
	free(info);
	return good ? 0 : SEGMENT_POOL;
}

static int save_counters(struct scsi_unit *unit)
{
	return drive_counters_save(drive_of(unit));
}

static enum sense_id idle(struct scsi_unit *unit)
{
	const struct drive *d = drive_of(unit);

	return d->dirt != DIRT_NONE ? SENSE_CLEANING_REQUESTED : SENSE_NO_SENSE;
}

static void streamed(struct scsi_unit *unit, const struct scsi_cmd *cmd,
		     const struct scsi_command *row, enum scsi_status status)
{
	drive_of(unit)->streamed_ms = clock_monotonic_ms();
	drive_forget_overwrite(unit);
	drive_address_streamed(drive_of(unit), cmd, row, status);
}

static const struct scsi_unit_ops unit_ops = {
	.self_test = drive_self_test,
	.diagnostic_page = drive_diagnostic_page,
	.admit = drive_admit,
	.streamed = streamed,
	.ready = drive_ready,
	.write_protected = drive_write_protected,
	.deferred = drive_deferred,
	.reset = drive_reset,
	.unit_reset = drive_unit_reset,
	.idle = idle,
	.mode_header = drive_mode_header,
	.block_descriptor = drive_block_descriptor,
	.mode_select = drive_mode_select,
	.mode_follow = drive_mode_follow,
	.mode_formats = drive_mode_formats,
	.save = drive_save,
	.load = drive_load_value,
	.save_counters = save_counters,
};

bool drive_load(struct drive *d, bool immed, enum sense_id *ret_why)
{
	struct sense_extra extra;
	bool ready;

	/* a host that tries a cleaning cartridge again and again does not use it up */
	if (d->state != DRIVE_UNLOADED || d->failure == SENSE_CLEANING_CARTRIDGE)
		return drive_ready(&d->unit, ret_why, &extra);
	begin_load(d);
	if (!immed)
		motion_wait(&d->unit);
	ready = drive_ready(&d->unit, ret_why, &extra);
	/* whoever loads knows that the medium may have changed: SSC tells the others */
	if (ready)
		unit_attention_clear(&d->unit, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	return ready;
}

int drive_unload(struct drive *d)
{
	if (d->state == DRIVE_READY) {
		int r = drive_sync_stages(d);

		if (r != 0)
			return r;
		drive_attributes_unloading(d);
		drive_counters_unloading(d);
		drive_close_stages(d); /* synced just now: nothing is lost with it */
		drive_crypt_unloaded(d);
		drive_counters_keep(d, true);
	}
	drive_forget_associated_protection(d);
	d->failure = SENSE_MEDIUM_NOT_PRESENT; /* whatever it was: the host put it out */
	if (d->state != DRIVE_EMPTY)
		note(d, DRIVE_UNLOADED);
	return 0;
}

/* ---- what the library asks (our lock is taken here) ---- */

static void op_load(void *ctx, const char *barcode)
{
	struct drive *d = ctx;

	unit_lock(&d->unit);
	memset(d->barcode, 0, sizeof(d->barcode));
	memcpy(d->barcode, barcode, strnlen(barcode, sizeof(d->barcode) - 1));
	begin_load(d);
	unit_unlock(&d->unit);
}

/* Of all partitions: how many objects lie before the positions. */
static uint64_t objects_before(struct drive *d)
{
	struct cart_position p;
	uint64_t sum = 0;

	for (unsigned n = 0; n < CART_PARTITIONS; n++) {
		if (d->stages[n] == NULL)
			continue;
		stage_position(d->stages[n], &p);
		sum += p.object;
	}
	return sum;
}

/* What could not be stored is for the host to hear: its next command of the data stream tells it,
 * and the next try takes the cartridge out. */
static int unload_or_note(struct drive *d)
{
	uint64_t before = objects_before(d), after;
	int r = drive_unload(d);

	if (r == 0 || d->has_lost)
		return r;
	d->has_lost = true;
	for (unsigned n = 0; n < CART_PARTITIONS; n++)
		if (d->stages[n] != NULL && stage_take_failure(d->stages[n], &d->lost))
			return r;
	after = objects_before(d);
	d->lost = (struct stage_failure){ .outcome = r };
	if (before > after)
		d->lost.objects = d->lost.blocks = before - after;
	return r;
}

/* The mutex is held. */
static int give_back(struct drive *d)
{
	if (unit_holds_deferred(&d->unit) || unload_or_note(d) != 0) {
		drive_alert(d, ALERT_UNLOAD_FAILURE);
		return LIBRARY_E_DRIVE_FAILED;
	}
	motion_end(&d->unit); /* the robot has waited for it */
	d->barcode[0] = '\0';
	d->has_lost = false; /* it was of this cartridge; the next one is sound */
	d->found.sense = SENSE_NO_SENSE;
	unit_forget_deferred(&d->unit);
	note(d, DRIVE_EMPTY);
	return 0;
}

static int op_eject(void *ctx)
{
	struct drive *d = ctx;
	int r = LIBRARY_E_PREVENTED;

	unit_lock(&d->unit);
	unit_notice_reset(&d->unit); /* it allows the removal */
	if (d->prevented)
		drive_alert(d, ALERT_NO_REMOVAL);
	else
		r = give_back(d);
	unit_unlock(&d->unit);
	return r;
}

/* A host's job would not survive it: something is under way, was a moment ago, or was written and
 * no filemark has followed. */
static bool at_work(struct drive *d)
{
	if (motion_sense(&d->unit, NULL) != SENSE_NO_SENSE)
		return true;
	if (d->state != DRIVE_READY)
		return false;
	for (unsigned n = 0; n < CART_PARTITIONS; n++)
		if (d->stages[n] != NULL && !stage_is_synced(d->stages[n]))
			return true;
	return d->streamed_ms != 0 && clock_monotonic_ms() - d->streamed_ms < AT_WORK_MS;
}

static int op_take_out(void *ctx, bool force)
{
	struct drive *d = ctx;
	int r;

	if (force)
		unit_lock(&d->unit);
	else if (!unit_trylock(&d->unit))
		return LIBRARY_E_BUSY;
	unit_notice_reset(&d->unit);
	if (!force && d->prevented)
		r = LIBRARY_E_PREVENTED;
	else if (!force && at_work(d))
		r = LIBRARY_E_BUSY;
	else if (!force && d->reserved != NULL && d->reserved(d->reserved_ctx))
		r = LIBRARY_E_RESERVED;
	else
		r = give_back(d);
	unit_unlock(&d->unit);
	return r;
}

static void op_option(void *ctx, enum library_drive_option option)
{
	struct drive *d = ctx;
	bool on;

	unit_lock(&d->unit);
	on = library_drive_option(d->library, d->number, option);
	switch (option) {
	case LIBRARY_REALISTIC:
		d->slow = on;
		if (!on && !motion_is_work(&d->unit))
			motion_end(&d->unit);
		break;
	case LIBRARY_CLEANING:
		drive_ask_for_cleaning(d, on);
		break;
	}
	unit_unlock(&d->unit);
}

static void op_poll(void *ctx)
{
	struct drive *d = ctx;

	unit_lock(&d->unit);
	if (d->state == DRIVE_LOADING)
		look(d);
	unit_unlock(&d->unit);
}

static uint64_t op_alert(void *ctx, uint64_t set, uint64_t clear)
{
	struct drive *d = ctx;
	uint64_t flags;

	unit_lock(&d->unit);
	drive_alerts_change(d, set, clear);
	flags = d->alerts;
	unit_unlock(&d->unit);
	return flags;
}

static const struct library_drive_ops library_ops = {
	.load = op_load,
	.eject = op_eject,
	.take_out = op_take_out,
	.option = op_option,
	.poll = op_poll,
	.alert = op_alert,
};

/* ---- life ---- */

static void set_identity(struct drive *d)
{
	struct scsi_identity *id = &d->unit.identity;
	const struct drive_model *m = drive_model(d);
	char serial[LIBRARY_SERIAL_SIZE] = "";

	(void)library_drive_serial(d->library, d->number, serial); /* attaching checks the number */
	*id = (struct scsi_identity){
		.device_type = 0x01, .removable = true, .versions = { 0x00a0, 0x0460, 0x0520 }
	}; /* SAM-5 SPC-4 SSC-4 */
	memcpy(id->vendor, m->vendor, strnlen(m->vendor, sizeof(id->vendor) - 1));
	memcpy(id->product, m->product, strnlen(m->product, sizeof(id->product) - 1));
	memcpy(id->revision, m->revision, strnlen(m->revision, sizeof(id->revision) - 1));
	memcpy(id->serial, serial, strlen(serial));
	id->ansi_version = m->ansi_version;
	id->bytes = &m->inquiry_bytes;
	if (m->versions[0] != 0)
		memcpy(id->versions, m->versions, sizeof(id->versions));
}

#define SCSI_2 2 /* byte 2 of INQUIRY; in it, bits 7-5 of byte 1 of every CDB are the LUN */

/* What the model has of the pages that there are, and what it says differently. */
static void use_model(struct scsi_tables *tables, const struct drive_model *model)
{
	tables->mode_list = &model->mode_pages;
	tables->log_list = &model->log_pages;
	tables->vpd_list = &model->vpd_pages;
	tables->mode_bytes = &model->mode_bytes;
	tables->vpd_bytes = &model->vpd_bytes;
	tables->lun_in_cdb = model->ansi_version != 0 && model->ansi_version <= SCSI_2;
}

static const enum motion_meanwhile meanwhile[] = {
	[DRIVE_WAITS] = MEANWHILE_WAIT,
	[DRIVE_NOT_READY] = MEANWHILE_NOT_READY,
	[DRIVE_BUSY] = MEANWHILE_BUSY,
};

int drive_new(struct library *library, unsigned number, struct drive **ret_drive)
{
	const struct personality *persona = library_personality(library_config(library));
	struct scsi_tables tables = drive_tables();
	struct drive *d;
	bool kept = true;
	int r;

	if (persona == NULL)
		return -ENOENT;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return -ENOMEM;
	d->library = library_ref(library);
	d->number = number;
	d->persona = persona;
	d->buffered = 1;
	d->asks_for_cleaning = library_drive_option(library, number, LIBRARY_CLEANING);
	d->slow = library_drive_option(library, number, LIBRARY_REALISTIC);
	use_model(&tables, persona->drive);
	r = unit_init(&d->unit, &unit_ops, &tables, persona->drive->features);
	if (r == 0) {
		set_identity(d);
		d->unit.meanwhile = meanwhile[persona->drive->meanwhile];
		if ((d->unit.features & DRIVE_IBM_SERVICE) != 0)
			d->unit.diagnostic_page = DRIVE_DIAGNOSTIC_PAGE;
		mode_restore(&d->unit);
		unit_note_identity(&d->unit);
		kept = drive_counters_restore(d);
		log_restore(&d->unit);
		d->attaching = true;
		r = library_attach_drive(library, number, &library_ops, d);
		d->attaching = false;
		if (r != 0)
			unit_clear(&d->unit);
	}
	if (r != 0) {
		library_unref(d->library);
		free(d);
		return r;
	}
	unit_power_on(&d->unit);
	if (!kept)
		drive_alert(d, ALERT_LOST_STATISTICS);
	*ret_drive = d;
	return 0;
}

void drive_free(struct drive *drive)
{
	if (drive == NULL)
		return;
	drive_worker_end(drive);
	library_detach_drive(drive->library, drive->number);
	drive_counters_unloading(drive);
	drive_counters_keep(drive, true);
	drive_close_stages(drive); /* what was acknowledged is synced or recovered */
	drive_crypt_clear(drive);
	unit_clear(&drive->unit);
	library_unref(drive->library);
	free(drive);
}

void drive_set_reserved(struct drive *drive, bool (*reserved)(void *ctx), void *ctx)
{
	unit_lock(&drive->unit);
	drive->reserved = reserved;
	drive->reserved_ctx = ctx;
	unit_unlock(&drive->unit);
}

struct scsi_unit *drive_unit(struct drive *drive)
{
	return &drive->unit;
}
