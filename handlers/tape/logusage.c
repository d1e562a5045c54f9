/* SPDX-License-Identifier: Apache-2.0 */
/* logusage.c: log pages 1Bh and 32h (data compression), 30h (tape usage) and 31h (tape capacity).
 */
#include <stdlib.h>

#include "handlers/tape/internal.h"

#define MEGABYTE 1000000u

/* Of the drive's own format. */
static uint64_t model_bytes(struct drive *d)
{
	return (uint64_t)drive_model(d)->densities[0].capacity_mb * MEGABYTE;
}

uint64_t drive_capacity_bytes(struct drive *d)
{
	if (d->state == DRIVE_READY && stage_info(d->stage)->capacity_bytes != 0)
		return stage_info(d->stage)->capacity_bytes;
	return model_bytes(d);
}

/* ---- 1Bh and 32h ---- */

/* In hundredths, 100 where nothing was compressed; 0 where nothing was moved. */
static uint64_t ratio(uint64_t logical, uint64_t stored)
{
	return stored == 0 ? 0 : (uint64_t)((double)logical * 100 / (double)stored);
}

/* 10^6 bytes, and in the next parameter the bytes that are left. */
static void put_amount(struct log_writer *w, uint16_t code, uint64_t bytes)
{
	log_put_number(w, code, LOG_BINARY, bytes / MEGABYTE, 4);
	log_put_number(w, (uint16_t)(code + 1), LOG_BINARY, bytes % MEGABYTE, 4);
}

/* Of this load, or the last one. */
void drive_fill_compression(struct scsi_unit *unit, struct log_writer *w)
{
	const uint8_t *page = mode_current(unit, MODE_PAGE_COMPRESSION, 0);
	struct cart_traffic t;

	drive_traffic(drive_of(unit), &t);
	log_put_number(w, 0x0000, LOG_BINARY, ratio(t.open_read, t.open_read_stored), 2);
	log_put_number(w, 0x0001, LOG_BINARY, ratio(t.open_written, t.open_written_stored), 2);
	put_amount(w, 0x0002, t.open_read);
	put_amount(w, 0x0004, t.open_read_stored);
	put_amount(w, 0x0006, t.open_written);
	put_amount(w, 0x0008, t.open_written_stored);
	if (w->code == 0x1b && page != NULL)
		log_put_number(w, 0x0100, LOG_BINARY, page[2] >> 7, 1);
}

/* ---- 30h ---- */

/* Of the cartridge's life, as the LTO drives' page has it; all 0 where none is loaded. */
void drive_fill_usage(struct scsi_unit *unit, struct log_writer *w)
{
	struct drive *d = drive_of(unit);
	struct drive_volume v = { 0 };
	struct cart_traffic t = { 0 };
	uint64_t loads = 0;

	if (d->state == DRIVE_READY) {
		loads = stage_info(d->stages[0])->loads;
		drive_volume(d, &v);
		drive_traffic(d, &t);
	}
	log_put_number(w, 1, LOG_BINARY, loads, 4);
	log_put_number(w, 2, LOG_BINARY, drive_data_sets(t.life_written), 8);
	log_put_number(w, 3, LOG_BINARY, 0, 4); /* nothing is ever tried again, nor suspended */
	log_put_number(w, 4, LOG_BINARY, v.write_errors, 2);
	log_put_number(w, 5, LOG_BINARY, 0, 2);
	log_put_number(w, 6, LOG_BINARY, 0, 2);
	log_put_number(w, 7, LOG_BINARY, drive_data_sets(t.life_read), 8);
	log_put_number(w, 8, LOG_BINARY, 0, 4);
	log_put_number(w, 9, LOG_BINARY, v.read_errors, 2);
	log_put_number(w, 10, LOG_BINARY, 0, 2);
	log_put_number(w, 11, LOG_BINARY, 0, 2);
}

/* ---- 31h ---- */

/* Of one partition, in bytes; all 0 where there is none. */
static void room_of(struct drive *d, unsigned partition, uint64_t *ret_left, uint64_t *ret_maximum)
{
	struct cart_info *info = calloc(1, sizeof(*info)); /* large */

	*ret_left = *ret_maximum = 0;
	if (info != NULL && drive_partition_info(d, partition, info)) {
		uint64_t most = info->capacity_bytes, used = info->stored_bytes;

		if (most == 0)
			most = model_bytes(d);
		*ret_maximum = most;
		*ret_left = used < most ? most - used : 0;
	}
	free(info);
}

/*
 * Units of 2^20 bytes, as LTO drives count.  Main and alternate partition are 0 and 1, wherever the
 * drive is: LTFS asks this page for the room in both.
 */
void drive_fill_capacity(struct scsi_unit *unit, struct log_writer *w)
{
	uint64_t left[2], maximum[2];

	for (unsigned n = 0; n < 2; n++)
		room_of(drive_of(unit), n, &left[n], &maximum[n]);
	for (unsigned n = 0; n < 2; n++)
		log_put_number(w, (uint16_t)(1 + n), LOG_BINARY, left[n] >> 20, 4);
	for (unsigned n = 0; n < 2; n++)
		log_put_number(w, (uint16_t)(3 + n), LOG_BINARY, maximum[n] >> 20, 4);
}
