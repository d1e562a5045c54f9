/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logstatistics.c: log pages 14h (device statistics), 16h (tape diagnostic data) and 17h (volume
 * statistics), SSC-5.
 */
#include <stdlib.h>
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"

#define MEGABYTE 1000000u

/* ---- 14h ---- */

static uint64_t hours(uint64_t seconds)
{
	return seconds / 3600;
}

/* "Motion": hours in which a medium was loaded. */
static void put_motion(struct drive *d, struct log_writer *w)
{
	uint64_t motion = drive_life(d, LIFE_LOADED_S);

	log_put_number(w, 0x0005, LOG_COUNTER, hours(d->life[LIFE_INCOMPATIBLE_S]), 4);
	log_put_number(w, 0x0006, LOG_COUNTER, 0, 4); /* no temperature condition has occurred */
	log_put_number(w, 0x0007, LOG_COUNTER, 0, 4); /* nor one of power consumption */
	log_put_number(w, 0x0008, LOG_COUNTER, hours(motion - d->life[LIFE_CLEANED_S]), 4);
	log_put_number(w, 0x0009, LOG_COUNTER, hours(motion - d->life[LIFE_CLEANED_2_S]), 4);
	log_put_number(w, 0x000a, LOG_COUNTER, hours(motion - d->life[LIFE_CLEANED_3_S]), 4);
	log_put_number(w, 0x000b, LOG_COUNTER, 0, 4); /* no forced reset or emergency eject */
}

void drive_fill_statistics(struct scsi_unit *unit, struct log_writer *w)
{
	struct drive *d = drive_of(unit);

	log_put_number(w, 0x0000, LOG_COUNTER, d->life[LIFE_LOADS], 4);
	log_put_number(w, 0x0001, LOG_COUNTER, d->life[LIFE_CLEANINGS], 4);
	log_put_number(w, 0x0002, LOG_COUNTER, hours(drive_life(d, LIFE_POWER_ON_S)), 4);
	log_put_number(w, 0x0003, LOG_COUNTER, hours(drive_life(d, LIFE_LOADED_S)), 4);
	put_motion(d, w);
	log_put_number(w, 0x000c, LOG_COUNTER, d->life[LIFE_POWER_CYCLES], 4);
	log_put_number(w, 0x000d, LOG_COUNTER, d->life[LIFE_LOADS_SINCE_RESET], 4);
	log_put_number(w, 0x000e, LOG_COUNTER, d->life[LIFE_WRITE_ERRORS], 4);
	log_put_number(w, 0x000f, LOG_COUNTER, d->life[LIFE_READ_ERRORS], 4);
	log_put_text(w, 0x0040, unit->identity.serial, 32);
	log_put_text(w, 0x0041, unit->identity.serial, 32);
	log_put_number(w, 0x0080, LOG_BINARY, d->prevented, 1);
	log_put_number(w, 0x0081, LOG_BINARY, 0, 1); /* the temperature was never too high */
}

void drive_reset_statistics(struct scsi_unit *unit)
{
	drive_of(unit)->life[LIFE_LOADS_SINCE_RESET] = 0;
}

/* ---- 16h ---- */

/* Newest first; places that no error has taken yet are not there. */
void drive_fill_diagnostics(struct scsi_unit *unit, struct log_writer *w)
{
	const struct drive *d = drive_of(unit);

	for (uint16_t i = 0; i < DRIVE_EVENTS; i++)
		if (d->events[i][9] != 0) /* sense key */
			log_put(w, i, LOG_BINARY, d->events[i], DRIVE_EVENT_SIZE);
}

/* ---- 17h ---- */

/* The unit of recording that statistics count, "data set": 2^20 bytes of data. */
uint64_t drive_data_sets(uint64_t bytes)
{
	return (bytes + 0xfffff) >> 20;
}

static uint64_t ratio(uint64_t logical, uint64_t stored)
{
	return stored == 0 ? 0 : (uint64_t)((double)logical * 100 / (double)stored);
}

static void put_life(struct drive *d, struct log_writer *w, const struct cart_traffic *t)
{
	struct drive_volume v;

	drive_volume(d, &v);
	log_put_number(w, 0x0001, LOG_BINARY, stage_info(d->stages[0])->loads, 4);
	log_put_number(w, 0x0002, LOG_BINARY, drive_data_sets(t->life_written), 8);
	log_put_number(w, 0x0003, LOG_BINARY, 0, 4); /* nothing is tried again, nor suspended */
	log_put_number(w, 0x0004, LOG_BINARY, v.write_errors, 2);
	log_put_number(w, 0x0005, LOG_BINARY, 0, 2);
	log_put_number(w, 0x0006, LOG_BINARY, 0, 2);
	log_put_number(w, 0x0007, LOG_BINARY, drive_data_sets(t->life_read), 8);
	log_put_number(w, 0x0008, LOG_BINARY, 0, 4);
	log_put_number(w, 0x0009, LOG_BINARY, v.read_errors, 2);
}

static void put_load(struct drive *d, struct log_writer *w, const struct cart_traffic *t)
{
	uint64_t mounted = (uint64_t)(clock_monotonic_ms() - d->load.loaded_ms);

	log_put_number(w, 0x000c, LOG_BINARY, d->load.write_errors, 2);
	log_put_number(w, 0x000d, LOG_BINARY, d->load.read_errors, 2);
	log_put_number(w, 0x000e, LOG_BINARY, t->open_written / MEGABYTE, 4);
	log_put_number(w, 0x000f, LOG_BINARY, t->open_read / MEGABYTE, 4);
	log_put_number(w, 0x0010, LOG_BINARY, t->life_written / MEGABYTE, 8);
	log_put_number(w, 0x0011, LOG_BINARY, t->life_read / MEGABYTE, 8);
	log_put_number(w, 0x0012, LOG_BINARY, ratio(t->open_written, t->open_written_stored), 2);
	log_put_number(w, 0x0013, LOG_BINARY, ratio(t->open_read, t->open_read_stored), 2);
	log_put_number(w, 0x0014, LOG_BINARY, mounted, 6);
	log_put_number(w, 0x0015, LOG_BINARY, mounted, 6); /* it is ready when it is mounted */
	log_put_number(w, 0x0016, LOG_BINARY, drive_capacity_bytes(d) / MEGABYTE, 4);
	log_put_number(w, 0x0017, LOG_BINARY, stage_info(d->stage)->stored_bytes / MEGABYTE, 4);
}

static void put_identity(struct drive *d, struct log_writer *w)
{
	const struct cart_info *info = stage_info(d->stages[0]);
	const struct medium_row *row =
		drive_medium(drive_model(d), info->density, info->medium_type);
	char serial[DRIVE_MEDIUM_SERIAL_SIZE];

	drive_medium_serial(d, serial);
	log_put_text(w, 0x0040, serial, 32);
	log_put_text(w, 0x0042, d->barcode, 32);
	log_put_text(w, 0x0043, DRIVE_MEDIUM_MANUFACTURER, 8);
	log_put_text(w, 0x0045, row != NULL ? row->personality : "", 9);
	log_put_number(w, 0x0080, LOG_BINARY, !stage_is_writable(d->stage), 1);
	log_put_number(w, 0x0081, LOG_BINARY, drive_medium_is_worm(d), 1);
	log_put_number(w, 0x0082, LOG_BINARY, 0, 1);
}

/* ---- 17h: what each partition has ---- */

#define POSITION_SIZE 10 /* length (9), reserved, partition (2), object (6) */
#define RECORD_SIZE   8  /* length (7), reserved, partition (2), 10^6 bytes (4) */

/* The three capacities of one partition, in bytes. */
struct partition {
	uint64_t capacity, used, remaining;
};

static void partition(struct drive *d, unsigned number, struct partition *ret_partition)
{
	struct cart_info *info = calloc(1, sizeof(*info)); /* large */
	uint64_t capacity, warning;

	*ret_partition = (struct partition){ 0 };
	if (info != NULL && drive_partition_info(d, number, info)) {
		capacity =
			info->capacity_bytes != 0 ? info->capacity_bytes : drive_capacity_bytes(d);
		warning = info->early_warning_bytes < capacity
				  ? capacity - info->early_warning_bytes
				  : 0;
		ret_partition->capacity = capacity;
		ret_partition->used = info->stored_bytes;
		ret_partition->remaining =
			info->stored_bytes < warning ? warning - info->stored_bytes : 0;
	}
	free(info);
}

static uint32_t megabytes(uint64_t bytes)
{
	uint64_t n = bytes / MEGABYTE;

	return n > 0xfffffffe ? 0xfffffffe : (uint32_t)n; /* all ones: not known */
}

/*
 * Where the first encrypted block is, and the first behind it that is not, of each partition: all
 * ones, there is none; one less, there may be, and nobody knows where (SSC-5).
 */
static void put_encrypted(struct drive *d, struct log_writer *w)
{
	uint8_t records[POSITION_SIZE * CART_PARTITIONS] = { 0 };
	unsigned cnt = drive_partitions(d);

	for (unsigned i = 0; i < cnt; i++) {
		uint8_t *p = records + (size_t)i * POSITION_SIZE;
		struct stage *s = drive_partition_stage(d, i);

		p[0] = POSITION_SIZE - 1;
		p[3] = (uint8_t)i;
		memset(p + 4, 0xff, 6);
		if (s == NULL || stage_has_encrypted(s))
			p[9] = 0xfe;
	}
	log_put(w, 0x0200, LOG_BINARY, records, (uint8_t)(cnt * POSITION_SIZE));
	log_put(w, 0x0201, LOG_BINARY, records, (uint8_t)(cnt * POSITION_SIZE));
}

static void put_partitions(struct drive *d, struct log_writer *w)
{
	uint8_t capacity[RECORD_SIZE * CART_PARTITIONS], used[sizeof(capacity)],
		remaining[sizeof(capacity)];
	unsigned cnt = drive_partitions(d);

	for (unsigned i = 0; i < cnt; i++) {
		const uint8_t header[4] = { RECORD_SIZE - 1, 0, 0, (uint8_t)i };
		struct partition p;

		partition(d, i, &p);
		memcpy(capacity + (size_t)i * RECORD_SIZE, header, 4);
		memcpy(used + (size_t)i * RECORD_SIZE, header, 4);
		memcpy(remaining + (size_t)i * RECORD_SIZE, header, 4);
		put_be32(capacity + (size_t)i * RECORD_SIZE + 4, megabytes(p.capacity));
		put_be32(used + (size_t)i * RECORD_SIZE + 4, megabytes(p.used));
		put_be32(remaining + (size_t)i * RECORD_SIZE + 4, megabytes(p.remaining));
	}
	log_put(w, 0x0202, LOG_BINARY, capacity, (uint8_t)(cnt * RECORD_SIZE));
	log_put(w, 0x0203, LOG_BINARY, used, (uint8_t)(cnt * RECORD_SIZE));
	log_put(w, 0x0204, LOG_BINARY, remaining, (uint8_t)(cnt * RECORD_SIZE));
}

void drive_fill_volume(struct scsi_unit *unit, struct log_writer *w)
{
	struct drive *d = drive_of(unit);
	bool ready = d->state == DRIVE_READY;
	struct cart_traffic t;
	uint64_t capacity;

	log_put_number(w, 0x0000, LOG_BINARY, ready, 1);
	if (!ready)
		return;
	drive_traffic(d, &t);
	put_life(d, w, &t);
	put_load(d, w, &t);
	put_identity(d, w);
	capacity = drive_capacity_bytes(d);
	/* passes over the beginning and the middle: each load is one over the beginning, each
	 * capacity that was moved one over the middle */
	log_put_number(w, 0x0101, LOG_BINARY, stage_info(d->stages[0])->loads, 4);
	log_put_number(w, 0x0102, LOG_BINARY,
		       capacity == 0 ? 0 : (t.life_written + t.life_read) / capacity, 4);
	if ((unit->features & DRIVE_ENCRYPTION) != 0)
		put_encrypted(d, w);
	put_partitions(d, w);
}
