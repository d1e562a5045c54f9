/* SPDX-License-Identifier: Apache-2.0 */
/* sense.c: see sense.h. The only place that knows where a byte of sense data stands. */
#include "handlers/scsi/sense.h"

#include <string.h>

#include "handlers/scsi/unit.h"
#include "lib/base/bytes.h"

#define SENSE_ROW(name, key, asc, ascq, words) [SENSE_##name] = { key, asc, ascq, words },
static const struct sense_code codes[SENSE_COUNT] = { SENSE_TABLE(SENSE_ROW) };
#undef SENSE_ROW

const struct sense_code *sense_code(enum sense_id id)
{
	return &codes[id < SENSE_COUNT ? id : SENSE_INTERNAL_TARGET_FAILURE];
}

/* Sense key specific: 3 bytes, the same in both formats. */
static void put_pointer(uint8_t *p, const struct sense_extra *e)
{
	p[0] = 0x80; /* SKSV */
	if (e->pointer == POINTER_CDB)
		p[0] |= 0x40; /* C/D */
	if ((e->pointer == POINTER_CDB || e->pointer == POINTER_LIST) && e->bit >= 0)
		p[0] |= (uint8_t)(0x08 | (e->bit & 7)); /* BPV */
	put_be16(p + 1, e->byte);
}

static size_t build_fixed(uint8_t *buf, const struct sense_code *s, const struct sense_extra *e)
{
	bool fits = e->information >= INT32_MIN && e->information <= (int64_t)UINT32_MAX;

	buf[0] = e->deferred ? 0x71 : 0x70;
	if (e->valid &&
	    fits) { /* a longer value has no place in the fixed format: SPC-5, VALID bit */
		buf[0] |= 0x80;
		put_be32(buf + 3, (uint32_t)e->information);
	}
	buf[2] = (uint8_t)(s->key | e->flags);
	buf[7] = 10;
	if (e->has_specific && e->specific <= UINT32_MAX)
		put_be32(buf + 8, (uint32_t)e->specific);
	buf[12] = s->asc;
	buf[13] = s->ascq;
	if (e->pointer != POINTER_NONE)
		put_pointer(buf + 15, e);
	return 18;
}

static size_t build_descriptor(uint8_t *buf, const struct sense_code *s,
			       const struct sense_extra *e)
{
	size_t n = 8;

	buf[0] = e->deferred ? 0x73 : 0x72;
	buf[1] = s->key;
	buf[2] = s->asc;
	buf[3] = s->ascq;
	if (e->valid) { /* information */
		buf[n] = 0x00;
		buf[n + 1] = 0x0a;
		buf[n + 2] = 0x80;
		put_be64(buf + n + 4, (uint64_t)e->information);
		n += 12;
	}
	if (e->has_specific) { /* command specific information */
		buf[n] = 0x01;
		buf[n + 1] = 0x0a;
		put_be64(buf + n + 4, e->specific);
		n += 12;
	}
	if (e->pointer != POINTER_NONE) { /* sense key specific */
		buf[n] = 0x02;
		buf[n + 1] = 0x06;
		put_pointer(buf + n + 4, e);
		n += 8;
	}
	if (e->flags != 0) { /* stream commands */
		buf[n] = 0x04;
		buf[n + 1] = 0x02;
		buf[n + 3] = e->flags;
		n += 4;
	}
	buf[7] = (uint8_t)(n - 8);
	return n;
}

size_t sense_build(uint8_t *buf, enum sense_id id, const struct sense_extra *extra, bool descriptor)
{
	memset(buf, 0, SCSI_SENSE_SIZE);
	return descriptor ? build_descriptor(buf, sense_code(id), extra)
			  : build_fixed(buf, sense_code(id), extra);
}

enum scsi_status scsi_check_extra(struct scsi_unit *unit, struct scsi_cmd *cmd, enum sense_id id,
				  const struct sense_extra *extra)
{
	cmd->sense_len = sense_build(cmd->sense, id, extra, unit_descriptor_sense(unit));
	return SCSI_CHECK_CONDITION;
}

enum scsi_status scsi_check(struct scsi_unit *unit, struct scsi_cmd *cmd, enum sense_id id)
{
	return scsi_check_extra(unit, cmd, id, &(struct sense_extra){ 0 });
}

enum scsi_status scsi_check_field(struct scsi_unit *unit, struct scsi_cmd *cmd, unsigned byte,
				  int bit)
{
	const struct sense_extra e = { .pointer = POINTER_CDB, .byte = (uint16_t)byte, .bit = bit };

	return scsi_check_extra(unit, cmd, SENSE_INVALID_FIELD_IN_CDB, &e);
}

enum scsi_status scsi_check_list(struct scsi_unit *unit, struct scsi_cmd *cmd, unsigned byte,
				 int bit)
{
	const struct sense_extra e = { .pointer = POINTER_LIST,
				       .byte = (uint16_t)byte,
				       .bit = bit };

	return scsi_check_extra(unit, cmd, SENSE_INVALID_FIELD_IN_LIST, &e);
}

enum scsi_status scsi_check_tape(struct scsi_unit *unit, struct scsi_cmd *cmd, enum sense_id id,
				 uint8_t flags, int64_t information)
{
	const struct sense_extra e = { .flags = flags, .valid = true, .information = information };

	return scsi_check_extra(unit, cmd, id, &e);
}
