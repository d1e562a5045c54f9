/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attribute_values.c: what the attributes of the loaded medium are: a row for each that the drive
 * or the medium has by itself, and the cartridge for those that hosts wrote.  Amounts are counted
 * as hosts wrote and read them, in units of 2^20 bytes.
 *
 * The cartridge also keeps, under the numbers of the attributes that they are for: the last loads
 * (020Ah ..), the TapeAlert flags of the load before (0002h), the amounts of the load before (0340h
 * and, per partition, 0341h: all of the attribute as it was when it was unloaded), and what is to
 * be added to the generation for the volume change reference (0009h).
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "handlers/tape/attribute.h"
#include "lib/base/bytes.h"

#define MIB       (1024u * 1024)
#define USAGE_MAX 90 /* bytes of the larger of the usage histories */

static const uint64_t nothing_encrypted = UINT64_MAX;

unsigned attribute_partitions(struct drive *d)
{
	return drive_partitions(d);
}

/* The recording of a partition; NULL where it cannot be opened: nothing is known of it then. */
static struct stage *stage_of(struct drive *d, unsigned partition)
{
	return drive_partition_stage(d, partition);
}

static bool kept(struct drive *d, unsigned partition, uint16_t id, struct cart_attribute *ret)
{
	return cart_attributes_find(stage_attributes(d->stages[0]), partition, id, ret);
}

static uint64_t number(const struct cart_attribute *a)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < a->size && i < 8; i++)
		n = n << 8 | a->value[i];
	return n;
}

static uint64_t kept_number(struct drive *d, uint16_t id, uint64_t otherwise)
{
	struct cart_attribute a;

	return kept(d, 0, id, &a) ? number(&a) : otherwise;
}

static size_t put64(uint8_t *value, uint64_t n)
{
	put_be64(value, n);
	return 8;
}

static size_t put_text(uint8_t *value, size_t size, const char *text)
{
	scsi_put_text(value, size, text);
	return size;
}

static const struct density_row *density_row(struct drive *d)
{
	const struct drive_model *m = drive_model(d);
	uint8_t code = stage_info(d->stages[0])->density;

	for (unsigned i = 0; i < m->densities_cnt; i++)
		if (m->densities[i].code == code)
			return &m->densities[i];
	return &m->densities[0];
}

/* NULL: none that the model knows. */
static const struct medium_row *medium(struct drive *d)
{
	const struct cart_info *info = stage_info(d->stages[0]);

	return drive_medium(drive_model(d), info->density, info->medium_type);
}

/* ---- device attributes ---- */

static uint64_t capacity(struct drive *d, struct stage *s)
{
	uint64_t bytes = stage_info(s)->capacity_bytes;

	return bytes != 0 ? bytes : density_row(d)->capacity_mb * UINT64_C(1000000);
}

static size_t get_remaining(struct drive *d, unsigned partition, uint8_t *value)
{
	struct stage *s = stage_of(d, partition);
	uint64_t all, used;

	if (s == NULL)
		return 0;
	all = capacity(d, s);
	used = stage_info(s)->stored_bytes;
	return put64(value, used < all ? (all - used) / MIB : 0);
}

static size_t get_maximum(struct drive *d, unsigned partition, uint8_t *value)
{
	struct stage *s = stage_of(d, partition);

	return s == NULL ? 0 : put64(value, capacity(d, s) / MIB);
}

/* Of the load before: SSC-5, TAPEALERT FLAGS attribute; flag 1 is the most significant bit. */
static size_t get_alerts(struct drive *d, unsigned partition, uint8_t *value)
{
	(void)partition;
	return put64(value, kept_number(d, MAM_TAPE_ALERT, 0));
}

static size_t get_loads(struct drive *d, unsigned partition, uint8_t *value)
{
	(void)partition;
	return put64(value, stage_info(d->stages[0])->loads);
}

static size_t get_space(struct drive *d, unsigned partition, uint8_t *value)
{
	unsigned used = attribute_host_bytes(d);

	(void)partition;
	return put64(value, used < MAM_HOST_BYTES ? MAM_HOST_BYTES - used : 0);
}

static size_t get_organization(struct drive *d, unsigned partition, uint8_t *value)
{
	(void)partition;
	return put_text(value, 8, density_row(d)->organization);
}

static size_t get_density(struct drive *d, unsigned partition, uint8_t *value)
{
	(void)partition;
	value[0] = stage_info(d->stages[0])->density;
	return 1;
}

/* A medium comes initialized. */
static uint64_t initializations(struct drive *d)
{
	return kept_number(d, MAM_INITIALIZATIONS, 1);
}

static size_t get_initializations(struct drive *d, unsigned partition, uint8_t *value)
{
	uint64_t n = initializations(d);

	(void)partition;
	put_be16(value, n > 0xffff ? 0xffff : (uint16_t)n);
	return 2;
}

static size_t get_identifier(struct drive *d, unsigned partition, uint8_t *value)
{
	(void)partition;
	return put_text(value, 32, d->barcode);
}

/*
 * SSC-5, volume change reference: it changes, durably, before the first object is written behind a
 * load, and also, so that one that a host has seen names one content, before the first that is
 * written behind this.  0 and FFFFFFFFh mean "unknown" to hosts.
 */
static size_t get_change_reference(struct drive *d, unsigned partition, uint8_t *value)
{
	uint64_t n = kept_number(d, MAM_CHANGE_REFERENCE, 0);

	(void)partition;
	for (unsigned i = 0; i < attribute_partitions(d); i++) {
		struct stage *s = stage_of(d, i);

		if (s == NULL)
			return 0;
		n += stage_tell_generation(s);
	}
	put_be32(value, (uint32_t)(1 + n % 0xfffffffeu));
	return 4;
}

/* Of all partitions together; false where it cannot be told. */
static bool traffic_of(struct drive *d, struct cart_traffic *ret_sum)
{
	*ret_sum = (struct cart_traffic){ 0 };
	for (unsigned i = 0; i < attribute_partitions(d); i++) {
		struct stage *s = stage_of(d, i);
		struct cart_traffic t;

		if (s == NULL)
			return false;
		stage_traffic(s, &t);
		ret_sum->life_written += t.life_written;
		ret_sum->life_read += t.life_read;
		ret_sum->open_written += t.open_written;
		ret_sum->open_read += t.open_read;
	}
	return true;
}

static size_t get_life_written(struct drive *d, unsigned partition, uint8_t *value)
{
	struct cart_traffic t;

	(void)partition;
	return traffic_of(d, &t) ? put64(value, t.life_written / MIB) : 0;
}

static size_t get_life_read(struct drive *d, unsigned partition, uint8_t *value)
{
	struct cart_traffic t;

	(void)partition;
	return traffic_of(d, &t) ? put64(value, t.life_read / MIB) : 0;
}

static size_t get_load_written(struct drive *d, unsigned partition, uint8_t *value)
{
	struct cart_traffic t;

	(void)partition;
	return traffic_of(d, &t) ? put64(value, t.open_written / MIB) : 0;
}

static size_t get_load_read(struct drive *d, unsigned partition, uint8_t *value)
{
	struct cart_traffic t;

	(void)partition;
	return traffic_of(d, &t) ? put64(value, t.open_read / MIB) : 0;
}

/* All ones: there is no encrypted block; one less: there may be, and nobody knows which is the
 * first (SSC-5). */
static size_t get_encrypted(struct drive *d, unsigned partition, uint8_t *value)
{
	struct stage *s = stage_of(d, partition);

	if (s == NULL)
		return 0;
	if (stage_has_encrypted(s))
		return put64(value, nothing_encrypted - 1);
	return put64(value, nothing_encrypted);
}

/*
 * A usage history: amounts and retries of this load, of the one before, of all; loads, changes of
 * partition, initializations: fifteen numbers of @width bytes.
 */
static size_t put_usage(struct drive *d, const struct cart_traffic *t, uint16_t id,
			unsigned partition, unsigned width, uint8_t *value)
{
	uint64_t numbers[15] = { t->open_written / MIB,
				 0,
				 t->open_read / MIB,
				 0,
				 0,
				 0,
				 0,
				 0,
				 t->life_written / MIB,
				 0,
				 t->life_read / MIB,
				 0,
				 stage_info(d->stages[0])->loads,
				 0,
				 initializations(d) };
	struct cart_attribute before;

	for (unsigned i = 0; i < 15; i++) {
		uint8_t whole[8];

		put_be64(whole, numbers[i]);
		memcpy(value + i * width, whole + 8 - width, width);
	}
	if (kept(d, partition, id, &before) && before.size == 15 * width)
		memcpy(value + 4 * width, before.value, 4 * width);
	return 15 * width;
}

static size_t get_medium_usage(struct drive *d, unsigned partition, uint8_t *value)
{
	struct cart_traffic t;

	(void)partition;
	return traffic_of(d, &t) ? put_usage(d, &t, MAM_MEDIUM_USAGE, 0, 6, value) : 0;
}

static size_t get_partition_usage(struct drive *d, unsigned partition, uint8_t *value)
{
	struct stage *s = stage_of(d, partition);
	struct cart_traffic t;

	if (s == NULL)
		return 0;
	stage_traffic(s, &t);
	return put_usage(d, &t, MAM_PARTITION_USAGE, partition, 4, value);
}

/* ---- medium attributes ---- */

static size_t get_manufacturer(struct drive *d, unsigned partition, uint8_t *value)
{
	(void)d;
	(void)partition;
	return put_text(value, 8, DRIVE_MEDIUM_MANUFACTURER);
}

void drive_medium_serial(struct drive *d, char serial[DRIVE_MEDIUM_SERIAL_SIZE])
{
	const struct cart_info *info = stage_info(d->stages[0]);

	for (unsigned i = 0; i < sizeof(info->uuid); i++)
		(void)snprintf(serial + 2 * i, 3, "%02X", info->uuid[i]);
}

static size_t get_serial(struct drive *d, unsigned partition, uint8_t *value)
{
	char serial[DRIVE_MEDIUM_SERIAL_SIZE];

	(void)partition;
	drive_medium_serial(d, serial);
	return put_text(value, 32, serial);
}

/* 0: not told. */
static size_t get_length(struct drive *d, unsigned partition, uint8_t *value)
{
	const struct medium_row *row = medium(d);

	(void)partition;
	put_be32(value, row != NULL ? row->length : 0);
	return 4;
}

static size_t get_width(struct drive *d, unsigned partition, uint8_t *value)
{
	(void)partition;
	put_be32(value, density_row(d)->media_width);
	return 4;
}

static size_t get_date(struct drive *d, unsigned partition, uint8_t *value)
{
	time_t created = (time_t)stage_info(d->stages[0])->created_s;
	char text[16] = "";
	struct tm tm;

	(void)partition;
	if (gmtime_r(&created, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y%m%d", &tm);
	return put_text(value, 8, text);
}

static size_t get_mam_capacity(struct drive *d, unsigned partition, uint8_t *value)
{
	(void)d;
	(void)partition;
	return put64(value, MAM_BYTES);
}

/* 00h data, 01h cleaning, 80h write once. */
static size_t get_medium_type(struct drive *d, unsigned partition, uint8_t *value)
{
	const struct medium_row *row = medium(d);

	(void)partition;
	value[0] = 0x00;
	if (row != NULL && row->kind == MEDIUM_CLEANING)
		value[0] = 0x01;
	if (drive_medium_is_worm(d))
		value[0] = 0x80;
	return 1;
}

/* Of a cleaning cartridge: how often it may be used. */
static size_t get_medium_type_info(struct drive *d, unsigned partition, uint8_t *value)
{
	const struct medium_row *row = medium(d);

	(void)partition;
	put_be16(value, row != NULL && row->kind == MEDIUM_CLEANING ? (uint16_t)row->cleanings : 0);
	return 2;
}

/* ---- all of them ---- */

static const struct getter {
	uint16_t id;
	unsigned features;
	size_t (*get)(struct drive *d, unsigned partition, uint8_t *value);
} getters[] = {
	{ MAM_REMAINING_CAPACITY, 0, get_remaining },
	{ MAM_MAXIMUM_CAPACITY, 0, get_maximum },
	{ MAM_TAPE_ALERT, DRIVE_TAPE_ALERT, get_alerts },
	{ MAM_LOAD_COUNT, 0, get_loads },
	{ MAM_SPACE_REMAINING, 0, get_space },
	{ MAM_ORGANIZATION, 0, get_organization },
	{ MAM_FORMATTED_DENSITY, 0, get_density },
	{ MAM_INITIALIZATIONS, 0, get_initializations },
	{ MAM_VOLUME_IDENTIFIER, 0, get_identifier },
	{ MAM_CHANGE_REFERENCE, 0, get_change_reference },
	{ MAM_LIFE_WRITTEN, 0, get_life_written },
	{ MAM_LIFE_READ, 0, get_life_read },
	{ MAM_LOAD_WRITTEN, 0, get_load_written },
	{ MAM_LOAD_READ, 0, get_load_read },
	{ MAM_FIRST_ENCRYPTED, DRIVE_ENCRYPTION, get_encrypted },
	{ MAM_FIRST_UNENCRYPTED, DRIVE_ENCRYPTION, get_encrypted },
	{ MAM_MEDIUM_USAGE, 0, get_medium_usage },
	{ MAM_PARTITION_USAGE, 0, get_partition_usage },
	{ MAM_MANUFACTURER, 0, get_manufacturer },
	{ MAM_SERIAL, 0, get_serial },
	{ MAM_LENGTH, 0, get_length },
	{ MAM_WIDTH, 0, get_width },
	{ MAM_MEDIUM_ORGANIZATION, 0, get_organization },
	{ MAM_MEDIUM_DENSITY, 0, get_density },
	{ MAM_MANUFACTURE_DATE, 0, get_date },
	{ MAM_CAPACITY, 0, get_mam_capacity },
	{ MAM_MEDIUM_TYPE, 0, get_medium_type },
	{ MAM_MEDIUM_TYPE_INFO, 0, get_medium_type_info },
};

static const struct getter *getter_of(uint16_t id)
{
	for (unsigned i = 0; i < sizeof(getters) / sizeof(getters[0]); i++)
		if (getters[i].id == id)
			return &getters[i];
	return NULL;
}

bool attribute_is_worked_out(const struct mam_row *row)
{
	return getter_of(row->first) != NULL;
}

bool attribute_is_supported(const struct drive *d, const struct mam_row *row)
{
	const struct getter *g = getter_of(row->first);

	return g == NULL || (g->features & ~d->unit.features) == 0;
}

size_t attribute_value(struct drive *d, const struct mam_row *row, uint16_t id, unsigned partition,
		       uint8_t *value, uint8_t *ret_format)
{
	const struct getter *g = getter_of(id);
	struct cart_attribute a;

	*ret_format = (uint8_t)row->format;
	if (g != NULL)
		return g->get(d, partition, value);
	if (!kept(d, row->per_partition ? partition : 0, id, &a) || a.size > MAM_VALUE_MAX)
		return 0;
	*ret_format = a.format;
	memcpy(value, a.value, a.size);
	return a.size;
}

unsigned attribute_host_bytes(struct drive *d)
{
	struct cart_attribute a;
	unsigned bytes = 0;
	size_t at = 0;

	while (cart_attributes_next(stage_attributes(d->stages[0]), &at, &a)) {
		const struct mam_row *row = mam_find(a.id);

		if (row != NULL && row->class == MAM_HOST)
			bytes += 5u + a.size;
	}
	return bytes;
}

/* ---- what is kept of a load ---- */

void drive_attributes_loaded(struct drive *d)
{
	const struct scsi_identity *id = &d->unit.identity;
	struct cart_attribute list[MAM_LOADS_KEPT];
	uint8_t who[40];
	unsigned cnt = 1;

	d->alerts_of_load = 0;
	if ((d->unit.features & DRIVE_MAM) == 0)
		return;
	scsi_put_text(who, 8, id->vendor);
	scsi_put_text(who + 8, 32, id->serial);
	list[0] = (struct cart_attribute){ MAM_LAST_LOAD, 0, MAM_ASCII, sizeof(who), who };
	while (cnt < MAM_LOADS_KEPT &&
	       kept(d, 0, (uint16_t)(MAM_LAST_LOAD + cnt - 1), &list[cnt])) {
		list[cnt].id++;
		cnt++;
	}
	/* a medium whose memory cannot be written is no reason not to load it */
	ignore_result(stage_attributes_set(d->stages[0], list, cnt, CART_ATTRIBUTES_NOW));
}

/* What cannot be told of this load leaves what was kept of the one before. */
static void keep(struct drive *d, const struct cart_attribute *one)
{
	if (one->size > 0)
		ignore_result(stage_attributes_set(d->stages[0], one, 1, CART_ATTRIBUTES_AT_CLOSE));
}

void drive_attributes_unloading(struct drive *d)
{
	uint8_t value[USAGE_MAX] = { 0 };
	struct cart_attribute one = { MAM_TAPE_ALERT, 0, MAM_BINARY, 8, value };

	if ((d->unit.features & DRIVE_MAM) == 0)
		return;
	for (unsigned flag = 1; flag <= 64; flag++)
		if ((d->alerts_of_load >> (flag - 1) & 1) != 0)
			value[(flag - 1) / 8] |= (uint8_t)(0x80 >> ((flag - 1) % 8));
	keep(d, &one);
	one.id = MAM_MEDIUM_USAGE;
	one.size = (uint16_t)get_medium_usage(d, 0, value);
	keep(d, &one);
	one.id = MAM_PARTITION_USAGE;
	for (unsigned i = 0; i < attribute_partitions(d); i++) {
		one.partition = (uint8_t)i;
		one.size = (uint16_t)get_partition_usage(d, i, value);
		keep(d, &one);
	}
}

/*
 * What hosts may have seen of the reference counts the generations of partitions that go with the
 * format: they are added, so that the sum never is one that was before.  Of a partition that cannot
 * be read nobody knows how often it changed: surely not so often.
 */
#define CHANGES_MAX (UINT64_C(1) << 24)

static uint64_t reference_after_format(struct drive *d)
{
	uint64_t n = kept_number(d, MAM_CHANGE_REFERENCE, 0);

	for (unsigned i = 1; i < attribute_partitions(d); i++) {
		struct stage *s = stage_of(d, i);

		n += s != NULL ? stage_info(s)->generation : CHANGES_MAX;
	}
	return n;
}

void drive_attributes_formatting(struct drive *d, struct drive_format_attributes *ret)
{
	struct cart_attribute a;
	size_t at = 0;

	put_be64(ret->reference, reference_after_format(d));
	put_be64(ret->count, initializations(d) + 1);
	ret->list[0] =
		(struct cart_attribute){ MAM_CHANGE_REFERENCE, 0, MAM_BINARY, 8, ret->reference };
	ret->list[1] = (struct cart_attribute){ MAM_INITIALIZATIONS, 0, MAM_BINARY, 8, ret->count };
	ret->cnt = 2;
	while (ret->cnt < DRIVE_FORMAT_ATTRIBUTES &&
	       cart_attributes_next(stage_attributes(d->stages[0]), &at, &a)) {
		const struct mam_row *row = mam_find(a.id);

		if (a.partition != 0 || row == NULL || !row->per_partition)
			continue;
		a.size = 0;
		ret->list[ret->cnt++] = a;
	}
}
