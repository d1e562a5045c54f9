/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attribute.c: READ ATTRIBUTE and WRITE ATTRIBUTE (SPC-5).
 *
 * A WRITE ATTRIBUTE is all or nothing, and on stable storage when it is GOOD, with all blocks that
 * were written before.
 */
#include "handlers/tape/attribute.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"

#define HEAD      5u           /* of an attribute on the wire: number, format, length */
#define READ_ONLY 0x80         /* byte 2 */
#define REPLY_MAX (32u * 1024) /* more than all attributes together */
#define LIST_MAX  (32u * 1024) /* of WRITE ATTRIBUTE */
#define ID_MAX    (LIST_MAX / HEAD)

/* ---- READ ATTRIBUTE ---- */

struct reply {
	uint8_t *data; /* owned; REPLY_MAX bytes */
	size_t size;
};

/* An attribute of @row, as the service action wants it. */
typedef void (*put_fn)(struct drive *d, struct reply *reply, const struct mam_row *row, uint16_t id,
		       unsigned partition);

static void put_id(struct reply *reply, uint16_t id)
{
	if (reply->size + 2 > REPLY_MAX)
		return;
	put_be16(reply->data + reply->size, id);
	reply->size += 2;
}

static void put_value(struct drive *d, struct reply *reply, const struct mam_row *row, uint16_t id,
		      unsigned partition)
{
	uint8_t value[MAM_VALUE_MAX], format = 0, *p = reply->data + reply->size;
	size_t size = attribute_value(d, row, id, partition, value, &format);

	if (size == 0 || reply->size + HEAD + size > REPLY_MAX)
		return;
	put_be16(p, id);
	p[2] = (uint8_t)(format | (row->class != MAM_HOST ? READ_ONLY : 0));
	put_be16(p + 3, (uint16_t)size);
	memcpy(p + HEAD, value, size);
	reply->size += HEAD + size;
}

static void put_existing_id(struct drive *d, struct reply *reply, const struct mam_row *row,
			    uint16_t id, unsigned partition)
{
	uint8_t value[MAM_VALUE_MAX], format;

	if (attribute_value(d, row, id, partition, value, &format) > 0)
		put_id(reply, id);
}

static void put_supported_id(struct drive *d, struct reply *reply, const struct mam_row *row,
			     uint16_t id, unsigned partition)
{
	(void)d;
	(void)row;
	(void)partition;
	put_id(reply, id);
}

/* All attributes from @first on, in order. */
static void put_all(struct drive *d, struct reply *reply, uint16_t first, unsigned partition,
		    put_fn put)
{
	for (unsigned i = 0; i < mam_rows_cnt; i++) {
		const struct mam_row *row = &mam_rows[i];

		if (row->last < first || !attribute_is_supported(d, row))
			continue;
		for (unsigned id = row->first; id <= row->last; id++)
			if (id >= first)
				put(d, reply, row, (uint16_t)id, partition);
	}
}

/* Which logical volumes, or partitions, there are. */
static enum scsi_status put_numbers(struct scsi_cmd *cmd, unsigned count)
{
	uint8_t data[4] = { 0, 2, 0, (uint8_t)count };

	scsi_put_data(cmd, data, sizeof(data), get_be32(cmd->cdb + 10));
	return SCSI_GOOD;
}

static enum scsi_status check_numbers(struct drive *d, struct scsi_cmd *cmd)
{
	if (cmd->cdb[5] != 0) /* logical volume */
		return scsi_check_field(&d->unit, cmd, 5, 7);
	if (cmd->cdb[7] >= attribute_partitions(d))
		return scsi_check_field(&d->unit, cmd, 7, 7);
	return SCSI_GOOD;
}

/* The first identifier must be of an attribute that is there. */
static enum scsi_status check_first(struct drive *d, struct scsi_cmd *cmd, uint16_t id,
				    unsigned partition)
{
	const struct mam_row *row = mam_find(id);
	uint8_t value[MAM_VALUE_MAX], format;

	if (row == NULL || !attribute_is_supported(d, row))
		return scsi_check_field(&d->unit, cmd, 8, 7);
	if (attribute_value(d, row, id, partition, value, &format) > 0)
		return SCSI_GOOD;
	if (attribute_is_worked_out(row))
		return scsi_check(&d->unit, cmd, SENSE_AUXILIARY_MEMORY_READ_ERROR);
	return scsi_check_field(&d->unit, cmd, 8, 7);
}

enum scsi_status drive_read_attribute(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	unsigned sa = cmd->cdb[1] & 0x1f, partition = cmd->cdb[7];
	uint16_t first = get_be16(cmd->cdb + 8);
	struct reply reply = { .size = 4 };
	enum scsi_status s;
	put_fn put = sa == SA_ATTRIBUTE_VALUES ? put_value
		     : sa == SA_ATTRIBUTE_LIST ? put_existing_id
					       : put_supported_id;

	if (sa == SA_LOGICAL_VOLUME_LIST)
		return put_numbers(cmd, 1);
	if (sa == SA_PARTITION_LIST)
		return cmd->cdb[5] != 0 ? scsi_check_field(unit, cmd, 5, 7)
					: put_numbers(cmd, attribute_partitions(d));
	s = check_numbers(d, cmd);
	if (s == SCSI_GOOD && sa == SA_ATTRIBUTE_VALUES && first != 0)
		s = check_first(d, cmd, first, partition);
	if (s != SCSI_GOOD)
		return s;
	reply.data = calloc(1, REPLY_MAX);
	if (reply.data == NULL)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	put_all(d, &reply, sa == SA_ATTRIBUTE_VALUES ? first : 0, partition, put);
	put_be32(reply.data, (uint32_t)(reply.size - 4));
	scsi_put_data(cmd, reply.data, reply.size, get_be32(cmd->cdb + 10));
	free(reply.data);
	return SCSI_GOOD;
}

/* ---- WRITE ATTRIBUTE ---- */

/* What a parameter list says. */
struct wanted {
	struct cart_attribute *list; /* owned */
	unsigned cnt;
};

static bool is_named_before(const struct wanted *w, uint16_t id)
{
	for (unsigned i = 0; i < w->cnt; i++)
		if (w->list[i].id == id)
			return true;
	return false;
}

/* The attribute at @p, which stands at byte @at of the list and is all there. */
static enum scsi_status check_attribute(struct drive *d, struct scsi_cmd *cmd,
					const struct wanted *w, const uint8_t *p, unsigned at)
{
	const struct mam_row *row = mam_find(get_be16(p));
	unsigned format = p[2] & 0x03, size = get_be16(p + 3);

	if (row == NULL || row->class != MAM_HOST || !attribute_is_supported(d, row) ||
	    is_named_before(w, get_be16(p)))
		return scsi_check_list(&d->unit, cmd, at, 7);
	if ((p[2] & 0x7c) != 0) /* READ ONLY is for the other direction, and says nothing here */
		return scsi_check_list(&d->unit, cmd, at + 2, 6);
	if (row->format == MAM_ANY ? format == MAM_ANY : format != row->format)
		return scsi_check_list(&d->unit, cmd, at + 2, 1);
	if (size != 0 && (size < row->min || size > row->max))
		return scsi_check_list(&d->unit, cmd, at + 3, 7);
	return SCSI_GOOD;
}

static enum scsi_status parse(struct drive *d, struct scsi_cmd *cmd, const uint8_t *data,
			      size_t size, struct wanted *w)
{
	size_t at = 4; /* the list's own length says nothing that the CDB does not */

	while (at < size) {
		const uint8_t *p = data + at;
		enum scsi_status s;

		if (size - at < HEAD || size - at - HEAD < get_be16(p + 3))
			return scsi_check(&d->unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
		s = check_attribute(d, cmd, w, p, (unsigned)at);
		if (s != SCSI_GOOD)
			return s;
		w->list[w->cnt++] = (struct cart_attribute){
			.id = get_be16(p),
			.partition = mam_find(get_be16(p))->per_partition ? cmd->cdb[7] : 0,
			.format = p[2] & 0x03,
			.size = get_be16(p + 3),
			.value = p + HEAD,
		};
		at += HEAD + get_be16(p + 3);
	}
	return SCSI_GOOD;
}

/* Bytes that hosts use when all of this is done. */
static unsigned bytes_after(struct drive *d, const struct wanted *w)
{
	unsigned bytes = attribute_host_bytes(d);

	for (unsigned i = 0; i < w->cnt; i++) {
		const struct cart_attribute *new = &w->list[i];
		struct cart_attribute old;

		if (cart_attributes_find(stage_attributes(d->stages[0]), new->partition, new->id,
					 &old))
			bytes -= HEAD + old.size;
		if (new->size > 0)
			bytes += HEAD + new->size;
	}
	return bytes;
}

/* What the host wrote before comes first: a failure of that is not one of the memory. */
static enum scsi_status store(struct drive *d, struct scsi_cmd *cmd, const struct wanted *w)
{
	int r;

	if (bytes_after(d, w) > MAM_HOST_BYTES)
		return scsi_check(&d->unit, cmd, SENSE_AUXILIARY_MEMORY_OUT_OF_SPACE);
	r = drive_sync(d->stage);
	if (r != 0)
		return drive_outcome(d, cmd, r, SENSE_WRITE_ERROR, 0);
	r = stage_attributes_set(d->stages[0], w->list, w->cnt, CART_ATTRIBUTES_NOW);
	if (r == 0)
		return SCSI_GOOD;
	if (r == CART_E_FULL)
		return scsi_check(&d->unit, cmd, SENSE_AUXILIARY_MEMORY_OUT_OF_SPACE);
	drive_alert(d, ALERT_MEMORY_CHIP_FAILURE);
	return scsi_check(&d->unit, cmd, SENSE_AUXILIARY_MEMORY_WRITE_ERROR);
}

static enum scsi_status write_list(struct drive *d, struct scsi_cmd *cmd, uint8_t *data,
				   size_t size)
{
	struct wanted w = { .list = calloc(ID_MAX, sizeof(*w.list)) };
	enum scsi_status s;

	if (w.list == NULL)
		return scsi_check(&d->unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	if (scsi_get_data(cmd, data, size) < size)
		s = scsi_check(&d->unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	else
		s = parse(d, cmd, data, size, &w);
	if (s == SCSI_GOOD && w.cnt > 0)
		s = store(d, cmd, &w);
	free(w.list);
	return s;
}

/* WTC says nothing: what is written is durable in any case. */
enum scsi_status drive_write_attribute(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	uint32_t size = get_be32(cmd->cdb + 10);
	enum scsi_status s = check_numbers(d, cmd);
	uint8_t *data;

	if (s != SCSI_GOOD || size == 0)
		return s;
	if (size < 4 || size > LIST_MAX)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	data = malloc(size);
	if (data == NULL)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	s = write_list(d, cmd, data, size);
	free(data);
	return s;
}
