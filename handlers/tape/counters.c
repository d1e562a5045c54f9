/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters.c: what the drive counts, and keeps over restarts.
 *
 * Counters live in memory; they are saved at an unload, at the drive's end, at most once a minute
 * when a host asks for stable storage anyway, and when a host asks for it (LOG SELECT with SP).  A
 * kill loses what was counted since: never more than a minute of writing, or one load of reading.
 *
 * What belongs to a cartridge is kept in the cartridge: bytes and loads by the store, unrecovered
 * errors in an attribute of ours.
 */
#include <errno.h>
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/mam.h"
#include "lib/library/unit_state.h"

#define SAVE_MS 60000

#define COUNTERS_NAME "counters"
#define EVENTS_NAME   "error-events"
#define PAGE_COUNTERS 4 /* struct drive_counters, before the counters of a lifetime */

#define GLTSD 0x02 /* control mode page, byte 2: the drive saves nothing by itself */

/* ---- kept over restarts ---- */

static void decode(struct drive *d, const uint8_t *data, size_t size)
{
	uint64_t values[PAGE_COUNTERS + LIFE_CNT] = { 0 };

	for (unsigned i = 0; i < PAGE_COUNTERS + LIFE_CNT && (i + 1) * 8 <= size; i++)
		values[i] = get_be64(data + (size_t)i * 8);
	d->counters = (struct drive_counters){ values[0], values[1], values[2], values[3] };
	memcpy(d->life, values + PAGE_COUNTERS, sizeof(d->life));
}

bool drive_counters_restore(struct drive *d)
{
	uint8_t data[(PAGE_COUNTERS + LIFE_CNT) * 8];
	size_t size = 0;
	bool kept;
	int r;

	d->started_ms = d->counters_saved_ms = clock_monotonic_ms();
	r = library_unit_load(d->library, d->number, COUNTERS_NAME, data, sizeof(data), &size);
	if (r == 0)
		decode(d, data, size);
	kept = r == 0 || r == -ENOENT;
	d->life[LIFE_POWER_CYCLES]++;
	r = library_unit_load(d->library, d->number, EVENTS_NAME, d->events, sizeof(d->events),
			      &size);
	if (r != 0 || size != sizeof(d->events))
		memset(d->events, 0, sizeof(d->events));
	return kept;
}

int drive_counters_save(struct drive *d)
{
	uint8_t data[(PAGE_COUNTERS + LIFE_CNT) * 8];
	const struct drive_counters *c = &d->counters;
	const uint64_t page[PAGE_COUNTERS] = { c->written_bytes, c->read_bytes, c->write_errors,
					       c->read_errors };
	const struct unit_value values[] = {
		{ COUNTERS_NAME, data, sizeof(data) },
		{ EVENTS_NAME, d->events, sizeof(d->events) },
	};

	for (unsigned i = 0; i < PAGE_COUNTERS; i++)
		put_be64(data + (size_t)i * 8, page[i]);
	for (unsigned i = 0; i < LIFE_CNT; i++)
		put_be64(data + (size_t)(PAGE_COUNTERS + i) * 8, drive_life(d, (enum drive_life)i));
	d->counters_saved_ms = clock_monotonic_ms();
	return library_unit_save_all(d->library, d->number, values,
				     sizeof(values) / sizeof(values[0]));
}

void drive_counters_keep(struct drive *d, bool now)
{
	const uint8_t *control = mode_current(&d->unit, MODE_PAGE_CONTROL, 0);

	if (control != NULL && (control[2] & GLTSD) != 0)
		return;
	if (!now && clock_monotonic_ms() - d->counters_saved_ms < SAVE_MS)
		return;
	drive_check_cleaning(d, false);
	ignore_result(drive_counters_save(d)); /* the next time saves them too */
}

/* ---- values ---- */

static uint64_t seconds_since(int64_t ms)
{
	int64_t now = clock_monotonic_ms();

	return now > ms ? (uint64_t)(now - ms) / 1000 : 0;
}

static bool is_loaded(const struct drive *d)
{
	return d->load.loaded_ms != 0 && d->stage != NULL;
}

/* Of all partitions: each is a recording of its own, with its own counters. */
static void sum_traffic(struct drive *d, struct cart_traffic *ret_traffic)
{
	struct cart_traffic t;

	*ret_traffic = (struct cart_traffic){ 0 };
	for (unsigned n = 0; n < CART_PARTITIONS; n++) {
		if (d->stages[n] == NULL)
			continue;
		stage_traffic(d->stages[n], &t);
		ret_traffic->life_written += t.life_written;
		ret_traffic->life_read += t.life_read;
		ret_traffic->open_written += t.open_written;
		ret_traffic->open_read += t.open_read;
		ret_traffic->open_written_stored += t.open_written_stored;
		ret_traffic->open_read_stored += t.open_read_stored;
	}
}

void drive_traffic(struct drive *d, struct cart_traffic *ret_traffic)
{
	*ret_traffic = d->load.traffic;
	if (is_loaded(d))
		sum_traffic(d, ret_traffic);
}

uint64_t drive_life(struct drive *d, enum drive_life which)
{
	uint64_t value = d->life[which];
	struct cart_traffic t;

	if (which == LIFE_POWER_ON_S)
		return value + seconds_since(d->started_ms);
	if (!is_loaded(d))
		return value;
	if (which == LIFE_LOADED_S)
		return value + seconds_since(d->load.loaded_ms);
	if (which < LIFE_WRITTEN || which > LIFE_READ_STORED)
		return value;
	sum_traffic(d, &t);
	if (which == LIFE_WRITTEN)
		return value + t.open_written;
	if (which == LIFE_READ)
		return value + t.open_read;
	return value + (which == LIFE_WRITTEN_STORED ? t.open_written_stored : t.open_read_stored);
}

/* ---- what happens ---- */

void drive_counters_loaded(struct drive *d)
{
	d->load = (struct drive_load){ .loaded_ms = clock_monotonic_ms() };
	if (d->load.loaded_ms == 0)
		d->load.loaded_ms = 1;
	d->life[LIFE_LOADS]++;
	d->life[LIFE_LOADS_SINCE_RESET]++;
	drive_check_cleaning(d, true);
}

/* The cartridge hears what this load adds to its errors; the store writes it with the close. */
static void tell_cartridge(struct drive *d)
{
	struct drive_volume v;
	uint8_t value[16];
	const struct cart_attribute a = {
		.id = DRIVE_VOLUME_ATTRIBUTE,
		.format = MAM_BINARY,
		.size = sizeof(value),
		.value = value,
	};

	if (d->load.write_errors + d->load.read_errors == 0 || !stage_is_writable(d->stage))
		return;
	drive_volume(d, &v);
	put_be64(value, v.write_errors);
	put_be64(value + 8, v.read_errors);
	/* a header without room for it loses a statistic, no data */
	ignore_result(stage_attributes_set(d->stages[0], &a, 1, CART_ATTRIBUTES_AT_CLOSE));
}

void drive_counters_unloading(struct drive *d)
{
	if (!is_loaded(d))
		return;
	tell_cartridge(d);
	for (unsigned i = LIFE_LOADED_S; i <= LIFE_READ_STORED; i++)
		d->life[i] = drive_life(d, (enum drive_life)i);
	drive_traffic(d, &d->load.traffic);
	d->load.loaded_ms = 0;
	drive_check_cleaning(d, false);
}

void drive_counters_cleaned(struct drive *d)
{
	d->life[LIFE_CLEANINGS]++;
	d->life[LIFE_CLEANED_3_S] = d->life[LIFE_CLEANED_2_S];
	d->life[LIFE_CLEANED_2_S] = d->life[LIFE_CLEANED_S];
	d->life[LIFE_CLEANED_S] = drive_life(d, LIFE_LOADED_S);
	d->life[LIFE_CLEANED_LOADS] = d->life[LIFE_LOADS];
	d->life[LIFE_CLEANED_WRITTEN] = drive_life(d, LIFE_WRITTEN);
	drive_counters_keep(d, true);
}

void drive_counters_incompatible(struct drive *d)
{
	d->life[LIFE_INCOMPATIBLE_S] = drive_life(d, LIFE_LOADED_S);
}

void drive_volume(struct drive *d, struct drive_volume *ret_volume)
{
	struct cart_attribute a;

	*ret_volume = (struct drive_volume){ d->load.write_errors, d->load.read_errors };
	if (d->stage == NULL ||
	    !cart_attributes_find(stage_attributes(d->stages[0]), 0, DRIVE_VOLUME_ATTRIBUTE, &a) ||
	    a.size != 16)
		return;
	ret_volume->write_errors += get_be64(a.value);
	ret_volume->read_errors += get_be64(a.value + 8);
}

/* ---- errors ---- */

/* SSC-5, tape diagnostic data log page: a parameter behind its header. */
static void note_event(struct drive *d, enum sense_id sense, const struct scsi_cmd *cmd)
{
	const struct sense_code *code = sense_code(sense);
	uint8_t *e = d->events[0];

	memmove(d->events[1], d->events[0], sizeof(d->events) - sizeof(d->events[0]));
	memset(e, 0, DRIVE_EVENT_SIZE);
	if (d->stage != NULL) {
		e[2] = stage_info(d->stage)->density;
		e[3] = drive_medium_type(d);
	}
	put_be32(e + 4, (uint32_t)(drive_life(d, LIFE_LOADED_S) / 3600));
	e[9] = code->key;
	e[10] = code->asc;
	e[11] = code->ascq;
	memcpy(e + 16, d->unit.identity.revision, 4);
	put_be32(e + 20,
		 (uint32_t)((drive_life(d, LIFE_LOADED_S) - d->life[LIFE_CLEANED_S]) / 3600));
	if (cmd != NULL) {
		e[24] = cmd->cdb[0];
		e[25] = cmd->cdb[1] & 0x1f;
	}
	scsi_put_text(e + 28, 32, d->barcode);
	e[60] = 0x03; /* the clock of the machine: set by other means than SET TIMESTAMP */
	put_be16(e + 62, (uint16_t)((uint64_t)clock_wall_s() * 1000 >> 32));
	put_be32(e + 64, (uint32_t)((uint64_t)clock_wall_s() * 1000));
}

void drive_counters_error(struct drive *d, enum sense_id sense, const struct scsi_cmd *cmd)
{
	if (sense == SENSE_UNRECOVERED_READ_ERROR) {
		d->counters.read_errors++;
		d->load.read_errors++;
		d->life[LIFE_READ_ERRORS]++;
		drive_alert(d, ALERT_READ_FAILURE);
	} else if (sense == SENSE_WRITE_ERROR) {
		d->counters.write_errors++;
		d->load.write_errors++;
		d->life[LIFE_WRITE_ERRORS]++;
		drive_alert(d, ALERT_WRITE_FAILURE);
	} else {
		if (sense == SENSE_WORM_OVERWRITE)
			drive_alert(d, ALERT_WORM_OVERWRITE);
		return;
	}
	drive_alert(d, ALERT_HARD_ERROR);
	note_event(d, sense, cmd);
}
