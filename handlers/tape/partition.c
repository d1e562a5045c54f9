/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partition.c: the partitions of the medium (SSC-5): which one the drive works on, medium partition
 * mode page 11h, FORMAT MEDIUM, SET CAPACITY.
 *
 * Each partition has a stage of its own, opened when it is first needed; drive.stage is the one
 * that the drive works on, so that reading, writing and spacing know nothing of partitions and
 * cannot leave theirs.  The partition that is left is synced first: GOOD on a LOCATE with CP
 * promises what GOOD on a rewind does (P1).
 */
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

/* ---- stages ---- */

static int open_stage(struct drive *d, unsigned partition)
{
	struct stage *s;
	int r;

	if (d->stages[partition] != NULL)
		return 0;
	r = stage_open_partition(d->stages[0], partition, &s);
	if (r != 0)
		return r;
	ignore_result(stage_set_codec(s, stage_info(d->stages[0])->codec)); /* it knows all */
	d->stages[partition] = s;
	return 0;
}

struct stage *drive_partition_stage(struct drive *d, unsigned partition)
{
	return open_stage(d, partition) == 0 ? d->stages[partition] : NULL;
}

enum scsi_status drive_leave_partition(struct drive *d, struct scsi_cmd *cmd, unsigned partition)
{
	if (partition == d->partition)
		return SCSI_GOOD;
	return drive_outcome(d, cmd, drive_sync(d->stage), SENSE_WRITE_ERROR, 0);
}

int drive_enter_partition(struct drive *d, unsigned partition)
{
	int r;

	if (partition == d->partition)
		return 0;
	r = drive_sync(d->stage);
	if (r == 0)
		r = open_stage(d, partition);
	if (r != 0)
		return r;
	stage_forget_crypt(d->stage); /* a key is where it is needed alone */
	d->partition = partition;
	d->stage = d->stages[partition];
	return drive_crypt_apply(d);
}

/* All but that of partition 0. */
static void close_others(struct drive *d)
{
	for (unsigned n = 1; n < CART_PARTITIONS; n++) {
		ignore_result(stage_close(d->stages[n])); /* it was synced when it was left */
		d->stages[n] = NULL;
	}
	d->partition = 0;
	d->stage = d->stages[0];
}

void drive_close_stages(struct drive *d)
{
	close_others(d);
	ignore_result(
		stage_close(d->stages[0])); /* synced before, or nobody is there to hear of it */
	d->stages[0] = d->stage = NULL;
	d->request_valid = false;
	d->format_density = 0;
}

int drive_sync_stages(struct drive *d)
{
	int r = 0;

	for (unsigned n = 0; r == 0 && n < CART_PARTITIONS; n++)
		if (d->stages[n] != NULL)
			r = drive_sync(d->stages[n]);
	return r;
}

void drive_first_partition(struct drive *d)
{
	d->partition = 0;
	d->stage = d->stages[0];
	for (unsigned n = 0; n < CART_PARTITIONS; n++)
		if (d->stages[n] != NULL)
			ignore_result(stage_locate(d->stages[n], 0)); /* cannot fail at 0 */
}

unsigned drive_partitions(struct drive *d)
{
	return stage_info(d->stages[0])->layout.partitions;
}

bool drive_partition_info(struct drive *d, unsigned partition, struct cart_info *ret_info)
{
	if (d->state != DRIVE_READY || partition >= drive_partitions(d))
		return false;
	if (d->stages[partition] == NULL)
		return cart_stat_partition(library_pool(d->library), d->barcode, partition,
					   ret_info) == 0;
	*ret_info = *stage_info(d->stages[partition]);
	return true;
}

/* ---- what a medium can be divided into ---- */

/*
 * A partition has whole wraps of the tape, there and back; between two of them one such pair stays
 * unused.  How many there are is of the recording format; where it does not tell:
 */
#define OTHER_PAIRS 100u

static unsigned wrap_pairs_of(struct drive *d, uint8_t density)
{
	const struct density_row *row = drive_density(drive_model(d), density);

	return row != NULL && row->wraps > 1 ? row->wraps / 2u : OTHER_PAIRS;
}

unsigned drive_wrap_pairs(struct drive *d)
{
	return wrap_pairs_of(d, d->state == DRIVE_READY
					? stage_info(d->stages[0])->density
					: drive_default_medium(drive_model(d))->density);
}

/* The same of the medium as FORMAT MEDIUM will leave it. */
static unsigned planned_wrap_pairs(struct drive *d)
{
	return d->state == DRIVE_READY ? wrap_pairs_of(d, drive_medium_plan(d).density)
				       : drive_wrap_pairs(d);
}

/* What drive and medium can do together. */
static unsigned max_partitions(struct drive *d)
{
	const struct medium_row *medium = drive_default_medium(drive_model(d));
	unsigned most = drive_model(d)->max_partitions;

	if (d->state == DRIVE_READY)
		medium = drive_medium(drive_model(d), drive_medium_plan(d).density,
				      stage_info(d->stages[0])->medium_type);
	if (medium != NULL && medium->max_partitions < most)
		most = medium->max_partitions;
	if ((d->unit.features & DRIVE_PARTITIONS) == 0 || most < 1 || drive_medium_is_worm(d))
		return 1;
	return most < CART_PARTITIONS ? most : CART_PARTITIONS;
}

/* SET CAPACITY's part of a medium. 0: no limit. */
static uint64_t part_of(uint64_t capacity, uint16_t proportion)
{
	uint64_t bytes = capacity / CART_WHOLE * proportion +
			 capacity % CART_WHOLE * proportion / CART_WHOLE;

	return capacity > 0 && bytes == 0 ? 1 : bytes;
}

uint64_t drive_medium_bytes(struct drive *d)
{
	const struct cart_layout *now;

	if (d->state != DRIVE_READY)
		return drive_default_medium(drive_model(d))->capacity_bytes;
	now = &stage_info(d->stages[0])->layout;
	return part_of(now->capacity_bytes, now->proportion);
}

/* The same of the medium as FORMAT MEDIUM will leave it. */
static uint64_t planned_bytes(struct drive *d)
{
	if (d->state != DRIVE_READY)
		return drive_medium_bytes(d);
	return part_of(drive_medium_plan(d).capacity_bytes,
		       stage_info(d->stages[0])->layout.proportion);
}

/* ---- mode page 11h ---- */

#define FDP            0x80
#define SDP            0x40
#define IDP            0x20
#define PSUM           0x18
#define PSUM_UNITS     0x18
#define POFM           0x04
#define REST           0xffffu
#define WRAP_WISE      0x10 /* PARTITIONING TYPE */
#define SIZES_AT       8
#define GIGABYTE_POWER 9u

static uint64_t power_of_ten(unsigned n)
{
	uint64_t p = 1;

	while (n-- > 0)
		p *= 10;
	return p;
}

/* Bytes of one unit of the page's partition sizes. */
static uint64_t unit_of(const uint8_t *page)
{
	unsigned psum = (page[4] & PSUM) >> 3;

	return power_of_ten(psum == 3 ? page[6] & 0x0f : psum * 3);
}

struct division {
	unsigned partitions;
	uint64_t bytes[CART_PARTITIONS];
	bool rounded;
	unsigned wrong; /* the size descriptor that cannot be had */
};

static uint64_t round_up(uint64_t bytes, uint64_t step)
{
	return bytes == 0 ? step : (bytes - 1) / step * step + step;
}

/* The sizes that a host named; false where they do not fit, and division.wrong says which. */
static bool divide_as_asked(const uint8_t *page, uint64_t capacity, uint64_t step,
			    struct division *v)
{
	uint64_t left = capacity > 0 ? capacity - (v->partitions - 1) * step : UINT64_MAX;
	uint64_t unit = unit_of(page);
	unsigned rest = CART_PARTITIONS;

	for (unsigned n = 0; n < v->partitions; n++) {
		uint64_t asked = get_be16(page + SIZES_AT + 2 * (size_t)n), bytes;

		v->wrong = n;
		if (asked == REST) {
			if (rest != CART_PARTITIONS)
				return false;
			rest = n;
			continue;
		}
		if (asked > UINT64_MAX / 2 / unit || asked * unit > left)
			return false;
		bytes = round_up(asked * unit, step);
		v->rounded = v->rounded || bytes != asked * unit;
		if (bytes > left)
			return false;
		v->bytes[n] = bytes;
		left -= bytes;
	}
	if (rest == CART_PARTITIONS)
		return true;
	v->wrong = rest;
	v->bytes[rest] = capacity > 0 ? left : 0;
	return capacity == 0 || left >= step;
}

/*
 * What @page asks for.  FDP: two partitions, the second one as small as can be.  SDP: as many as
 * are named, of one size.  IDP: as the host says.
 */
static bool divide(struct drive *d, const uint8_t *page, struct division *v)
{
	uint64_t capacity = planned_bytes(d), step = capacity / planned_wrap_pairs(d);

	*v = (struct division){ .partitions = 1u + page[3] };
	step = step > 0 ? step : 1;
	if ((page[4] & FDP) != 0)
		v->partitions = 2;
	if (v->partitions == 1) { /* all of it, whatever is said of its size */
		v->bytes[0] = capacity;
		return true;
	}
	if (capacity > 0 && capacity < 2 * v->partitions * step)
		return false; /* the smallest media */
	if ((page[4] & IDP) != 0)
		return divide_as_asked(page, capacity, step, v);
	capacity -= capacity > 0 ? (v->partitions - 1) * step : 0;
	for (unsigned n = 0; n < v->partitions; n++)
		v->bytes[n] = capacity / v->partitions;
	if ((page[4] & FDP) != 0) {
		v->bytes[0] = capacity > 0 ? capacity - step : 0;
		v->bytes[1] = capacity > 0 ? step : power_of_ten(GIGABYTE_POWER);
	}
	return true;
}

/* The medium as it is. */
static void divide_as_now(struct drive *d, struct division *v)
{
	const struct cart_info *i = stage_info(d->stages[0]);

	*v = (struct division){ .partitions = i->layout.partitions };
	v->bytes[0] = i->capacity_bytes;
	for (unsigned n = 1; n < v->partitions; n++)
		v->bytes[n] = i->layout.capacities[n];
}

/* 10^9 bytes as real drives count; less only for media that are too small for it. */
static unsigned power_for(const struct division *v)
{
	uint64_t least = UINT64_MAX, most = 0;
	unsigned power = 0;

	for (unsigned n = 0; n < v->partitions; n++) {
		most = v->bytes[n] > most ? v->bytes[n] : most;
		if (v->bytes[n] > 0 && v->bytes[n] < least)
			least = v->bytes[n];
	}
	if (least >= power_of_ten(GIGABYTE_POWER))
		return GIGABYTE_POWER;
	while (power < GIGABYTE_POWER && most / power_of_ten(power) >= REST)
		power++;
	return power;
}

static void put_sizes(uint8_t *page, const struct division *v, unsigned most)
{
	unsigned power = power_for(v);

	page[6] = (uint8_t)((v->partitions > 1 ? WRAP_WISE : 0) | power);
	for (unsigned n = 0; n < CART_PARTITIONS && n < most; n++) {
		uint64_t size = v->bytes[n] / power_of_ten(power);

		if (v->bytes[n] > 0 && size == 0)
			size = 1;
		if ((v->bytes[n] == 0 && n < v->partitions) || size > REST)
			size = REST; /* no limit */
		put_be16(page + SIZES_AT + 2 * (size_t)n, (uint16_t)size);
	}
}

void drive_sense_partitions(struct scsi_unit *unit, uint8_t *page)
{
	struct drive *d = drive_of(unit);
	unsigned most = max_partitions(d);
	struct division v = { .partitions = 1, .bytes = { drive_medium_bytes(d) } };

	if (d->request_valid)
		ignore_result(divide(d, d->request, &v)); /* it was checked when it came */
	else if (d->state == DRIVE_READY)
		divide_as_now(d, &v);
	memset(page + 2, 0, MODE_PARTITIONS_SIZE - 2);
	page[1] = (uint8_t)(6 + 2 * drive_model(d)->max_partitions);
	if (page[1] > MODE_PARTITIONS_SIZE - 2)
		page[1] = MODE_PARTITIONS_SIZE - 2;
	page[2] = (uint8_t)(most - 1);
	page[3] = (uint8_t)(v.partitions - 1);
	page[4] = (uint8_t)(PSUM_UNITS | ((d->unit.features & DRIVE_PARTITIONS) != 0 ? POFM : 0));
	if (d->request_valid)
		page[4] |= d->request[4] & (FDP | SDP | IDP);
	else if (v.partitions > 1)
		page[4] |= IDP;
	page[5] = 0x03; /* MEDIUM FORMAT RECOGNITION: format and partitions */
	put_sizes(page, &v, CART_PARTITIONS);
}

enum scsi_status drive_select_partitions(struct scsi_unit *unit, struct scsi_cmd *cmd,
					 const uint8_t *page, unsigned offset, bool apply)
{
	struct drive *d = drive_of(unit);
	uint8_t how = page[4] & (FDP | SDP | IDP);
	struct division v = { .partitions = 1 };

	if (apply) {
		d->request_valid = how != 0;
		memcpy(d->request, page, sizeof(d->request));
		if (how == 0 || !divide(d, page, &v) || !v.rounded)
			return SCSI_GOOD;
		return scsi_check(unit, cmd, SENSE_ROUNDED_PARAMETER);
	}
	if (page[3] >= max_partitions(d))
		return scsi_check_list(unit, cmd, offset + 3, 7);
	if ((how & (how - 1)) != 0)
		return scsi_check_list(unit, cmd, offset + 4, 31 - __builtin_clz(how));
	if (how == FDP && max_partitions(d) < 2)
		return scsi_check_list(unit, cmd, offset + 4, 7);
	if (how == FDP && page[3] > 1)
		return scsi_check_list(unit, cmd, offset + 3, 7);
	if ((page[6] & 0xf0) != 0 && (page[6] & 0xf0) != WRAP_WISE)
		return scsi_check_list(unit, cmd, offset + 6, 7);
	if (how != 0 && !divide(d, page, &v))
		return scsi_check_list(unit, cmd, offset + SIZES_AT + 2 * v.wrong, 7);
	return SCSI_GOOD;
}

/* ---- FORMAT MEDIUM and SET CAPACITY ---- */

enum format {
	FORMAT_DEFAULT = 0,
	FORMAT_PARTITION = 1,
	FORMAT_BOTH = 2,
};

/* Where nobody can be in the middle of something. */
enum scsi_status drive_check_beginning(struct drive *d, struct scsi_cmd *cmd)
{
	struct cart_position p;

	if (drive_displaced(d))
		return scsi_check_tape(&d->unit, cmd, SENSE_POSITIONING_ERROR, 0, 0);
	stage_position(d->stage, &p);
	if (d->partition != 0 || p.object != 0)
		return scsi_check(&d->unit, cmd, SENSE_POSITION_PAST_BEGINNING);
	return SCSI_GOOD;
}

static bool is_recorded(struct drive *d)
{
	bool recorded = false;

	for (unsigned n = 0; n < stage_info(d->stages[0])->layout.partitions; n++)
		recorded =
			recorded || open_stage(d, n) != 0 || stage_info(d->stages[n])->objects > 0;
	return recorded;
}

static enum scsi_status do_format(struct drive *d, struct scsi_cmd *cmd, const struct division *v,
				  uint16_t proportion)
{
	struct drive_format_attributes attributes;
	struct drive_medium_plan medium = drive_medium_plan(d);
	struct cart_format f = { .partitions = v->partitions,
				 .proportion = proportion,
				 .density = medium.density,
				 .medium_capacity_bytes = medium.capacity_bytes,
				 .medium_early_warning_bytes = medium.early_warning_bytes,
				 .attributes = attributes.list };
	int r;

	memcpy(f.capacity_bytes, v->bytes, sizeof(f.capacity_bytes));
	if (drive_write_mode(d) == WRITE_MODE_APPEND_ONLY && !drive_may_format(d) && is_recorded(d))
		return scsi_check_tape(&d->unit, cmd, SENSE_WRITE_APPEND_POSITION, 0, 0);
	drive_attributes_formatting(d, &attributes);
	f.attributes_cnt = attributes.cnt;
	close_others(d);
	r = stage_format(d->stage, &f);
	if (r == CART_E_NO_SPACE || r == CART_E_FULL || r < 0)
		return scsi_check_tape(&d->unit, cmd, SENSE_FORMAT_FAILED, 0, 0);
	if (r != 0)
		return drive_outcome(d, cmd, r, SENSE_FORMAT_FAILED, 0);
	d->request_valid = false;
	d->format_density = 0;
	return SCSI_GOOD;
}

#define IMMED 0x01

enum scsi_status drive_format_medium(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	unsigned format = cmd->cdb[2] & 0x0f;
	struct division v = { .partitions = 1 };
	enum scsi_status status;

	if (format > FORMAT_BOTH || (format != FORMAT_DEFAULT && max_partitions(d) < 2))
		return scsi_check_field(unit, cmd, 2, 3);
	if (get_be16(cmd->cdb + 3) != 0) /* there is no parameter list */
		return scsi_check_field(unit, cmd, 3, 7);
	status = drive_check_beginning(d, cmd);
	if (status != SCSI_GOOD)
		return status;
	if (format == FORMAT_DEFAULT)
		v.bytes[0] = planned_bytes(d);
	else if (!d->request_valid)
		divide_as_now(d, &v);
	else if (!divide(d, d->request, &v))
		return scsi_check(unit, cmd, SENSE_FORMAT_FAILED);
	status = do_format(d, cmd, &v, stage_info(d->stages[0])->layout.proportion);
	if (status == SCSI_GOOD)
		drive_formatted(d, SENSE_FORMAT_UNDER_WAY, (cmd->cdb[1] & IMMED) != 0);
	return status;
}

/* It is no FORMAT MEDIUM: what one was to do is not done here. */
enum scsi_status drive_scale(struct drive *d, struct scsi_cmd *cmd, uint16_t proportion)
{
	struct division v = { .partitions = 1 };
	uint8_t announced = d->format_density;
	enum scsi_status status;

	d->format_density = 0;
	v.bytes[0] = part_of(drive_medium_plan(d).capacity_bytes, proportion);
	status = do_format(d, cmd, &v, proportion);
	if (status != SCSI_GOOD)
		d->format_density = announced;
	return status;
}

enum scsi_status drive_set_capacity(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	uint16_t proportion = get_be16(cmd->cdb + 3);
	enum scsi_status status = drive_check_beginning(d, cmd);

	if (status != SCSI_GOOD)
		return status;
	status =
		drive_scale(d, cmd, proportion == 0 ? CART_WHOLE : proportion); /* 0: the default */
	if (status == SCSI_GOOD)
		drive_formatted(d, SENSE_SET_CAPACITY_UNDER_WAY, (cmd->cdb[1] & IMMED) != 0);
	return status;
}
