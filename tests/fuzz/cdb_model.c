/* SPDX-License-Identifier: Apache-2.0 */
/* cdb_model.c: see cdb_model.h. */
#include "tests/fuzz/cdb_model.h"

#include <string.h>

#include "lib/base/bytes.h"

/* Operation codes that may move the tape, or change what is on it. */
static bool moves(uint8_t opcode)
{
	static const uint8_t codes[] = { OP_REWIND, 0x04,        OP_READ_6,      OP_WRITE_6,
					 0x0b,      0x0f,        0x10,           OP_SPACE_6,
					 0x13,      OP_ERASE_6,  OP_LOAD_UNLOAD, 0x2b,
					 0x80,      0x81,        0x88,           0x8a,
					 0x8f,      OP_SPACE_16, OP_LOCATE_16,   0x93 };

	return memchr(codes, opcode, sizeof(codes)) != NULL;
}

/* ---- sense ---- */

static const char *parse_descriptor(const uint8_t *d, struct cdb_sense *sense)
{
	static const uint8_t lengths[] = {
		[0x00] = 0x0a, [0x01] = 0x0a, [0x02] = 0x06, [0x03] = 0x02, [0x04] = 0x02
	};

	if (d[0] < sizeof(lengths) && d[1] != lengths[d[0]])
		return "a sense descriptor has its length";
	if (d[0] == 0x00) {
		sense->valid = (d[2] & 0x80) != 0;
		sense->information = (int64_t)get_be64(d + 4);
	} else if (d[0] == 0x02) {
		sense->pointer = (d[4] & 0x80) != 0;
		sense->in_cdb = (d[4] & 0x40) != 0;
		sense->byte = get_be16(d + 5);
	} else if (d[0] == 0x04) {
		sense->flags = d[3] & 0xe0;
	}
	return NULL;
}

static const char *parse_descriptors(const uint8_t *s, size_t size, struct cdb_sense *sense)
{
	sense->key = s[1] & 0x0f;
	sense->asc = s[2];
	sense->ascq = s[3];
	if (size != 8u + s[7])
		return "the additional sense length is that of the descriptors";
	for (size_t at = 8; at < size; at += 2u + s[at + 1]) {
		const char *wrong;

		if (at + 2 > size || at + 2 + s[at + 1] > size)
			return "sense descriptors fill their room exactly";
		wrong = parse_descriptor(s + at, sense);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

const char *cdb_sense_parse(const uint8_t *s, size_t size, struct cdb_sense *ret_sense)
{
	struct cdb_sense sense = { .any = true };
	const char *wrong = NULL;

	if (size < 8 || size > SCSI_SENSE_SIZE)
		return "sense data has 8 to 96 bytes";
	sense.deferred = (s[0] & 0x01) != 0;
	if ((s[0] & 0x7e) == 0x72) {
		wrong = parse_descriptors(s, size, &sense);
	} else if ((s[0] & 0x7e) != 0x70) {
		return "sense data has a response code";
	} else {
		if (size < 18 || size != 8u + s[7])
			return "the additional sense length is that of the data";
		sense.key = s[2] & 0x0f;
		sense.flags = s[2] & 0xe0;
		sense.valid = (s[0] & 0x80) != 0;
		sense.information = (int32_t)get_be32(s + 3);
		sense.asc = s[12];
		sense.ascq = s[13];
		sense.pointer = (s[15] & 0x80) != 0;
		sense.in_cdb = (s[15] & 0x40) != 0;
		sense.byte = get_be16(s + 16);
	}
	*ret_sense = sense;
	return wrong;
}

/* ---- the tape ---- */

static int find(struct cdb_model *m, const char *barcode)
{
	for (int i = 0; i < MODEL_CARTRIDGES; i++) {
		if (m->cartridges[i].barcode[0] == '\0')
			(void)strncpy(m->cartridges[i].barcode, barcode,
				      sizeof(m->cartridges[i].barcode) - 1);
		if (strcmp(m->cartridges[i].barcode, barcode) == 0)
			return i;
	}
	return -1;
}

static uint64_t sum_of(const uint8_t *data, size_t size)
{
	uint64_t sum = size * 0x9e3779b97f4a7c15ull;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ data[i]) * 0x100000001b3ull;
	return sum;
}

/* Blocks (with @data) or filemarks are where the position has gone over. */
static const char *written(struct cdb_model *m, int c, const struct cdb_done *d,
			   uint32_t block_bytes)
{
	struct model_tape *t = &m->cartridges[c].tape;
	uint64_t n = d->after.object - d->before.object;
	bool refused = d->status != SCSI_GOOD && n == 0;

	if (d->before.object == 0 && (n > 0 || d->before.object == t->count))
		m->cartridges[c].known = true;
	if (n == 0) {
		if (refused && d->before.object != t->count && d->sense.key == KEY_VOLUME_OVERFLOW)
			m->cartridges[c].known = false;
		return NULL;
	}
	if (d->after.object > MODEL_OBJECTS) {
		m->cartridges[c].known = false;
		return NULL;
	}
	for (uint64_t i = 0; i < n; i++) {
		uint64_t sum = 0;

		if (block_bytes > 0 && (i + 1) * block_bytes <= d->size && m->plain)
			sum = sum_of(d->data + i * block_bytes, block_bytes) | 1;
		t->objects[d->before.object + i] = (struct model_object){ block_bytes, sum };
	}
	t->count = d->after.object;
	return NULL;
}

static const char *check_write(struct cdb_model *m, int c, const struct cdb_done *d)
{
	const uint8_t *cdb = d->cmd->cdb;
	bool fixed = (cdb[1] & 1) != 0;
	uint64_t asked = fixed ? get_be24(cdb + 2) : get_be24(cdb + 2) > 0;
	uint64_t n = d->after.object - d->before.object;
	bool early =
		d->sense.any && d->sense.key == KEY_NO_SENSE && (d->sense.flags & SENSE_EOM) != 0;

	if (n > asked)
		return "a write goes over no more than it was asked for";
	if ((d->status == SCSI_GOOD || early) && n != asked)
		return "a good write goes over all blocks";
	if (d->sense.key == KEY_VOLUME_OVERFLOW && d->sense.valid && fixed &&
	    (int64_t)(asked - n) != d->sense.information)
		return "at the end of the medium INFORMATION is what was not written";
	return written(m, c, d, fixed ? m->block_size : get_be24(cdb + 2));
}

static const char *check_filemarks(struct cdb_model *m, int c, const struct cdb_done *d)
{
	uint64_t asked = get_be24(d->cmd->cdb + 2), n = d->after.object - d->before.object;

	if (n > asked || (d->status == SCSI_GOOD && n != asked))
		return "as many filemarks are written as asked for";
	return written(m, c, d, 0);
}

/* One block of variable length. */
static const char *check_read(struct cdb_model *m, int c, const struct cdb_done *d)
{
	const struct model_tape *t = &m->cartridges[c].tape;
	uint64_t at = d->before.object, asked = get_be24(d->cmd->cdb + 2);
	const struct model_object *o = at < t->count ? &t->objects[at] : NULL;
	bool known = m->cartridges[c].known && m->plain;

	if ((d->cmd->cdb[1] & 1) != 0 || asked == 0)
		return NULL;
	if (d->after.object > at + 1 || d->after.object < at)
		return "a read goes over one object";
	if (d->status == SCSI_GOOD && d->after.object != at + 1)
		return "a good read goes over one object";
	if (!known)
		return NULL;
	if ((o == NULL) != (d->sense.any && d->sense.key == KEY_BLANK_CHECK))
		return "the end of data is where it was left";
	if (o == NULL)
		return d->after.object == at ? NULL : "nobody reads beyond the end of data";
	if ((o->size == 0) != (d->sense.any && (d->sense.flags & SENSE_FILEMARK) != 0))
		return "a filemark is where it was written";
	if (o->size == 0)
		return NULL;
	if (d->sense.any && (d->sense.flags & SENSE_ILI) != 0 &&
	    d->sense.information != (int64_t)asked - (int64_t)o->size)
		return "INFORMATION is what was asked for less what is there";
	if (d->status == SCSI_GOOD && d->cmd->in_len != (o->size < asked ? o->size : asked) &&
	    d->cmd->in_len != d->size)
		return "a block comes back with its length";
	if (d->status == SCSI_GOOD && d->cmd->in_len == o->size && o->seed != 0 &&
	    (sum_of(d->data, o->size) | 1) != o->seed)
		return "a block comes back with its contents";
	return NULL;
}

static const char *check_space(struct cdb_model *m, int c, const struct cdb_done *d)
{
	struct model_tape *t = &m->cartridges[c].tape;
	const uint8_t *cdb = d->cmd->cdb;
	int64_t count = (int32_t)(get_be24(cdb + 2) << 8) >> 8;
	uint64_t residual = 0;
	int r = 0;

	if (cdb[0] == OP_SPACE_16)
		count = (int64_t)get_be64(cdb + 4);
	if (count == INT64_MIN)
		return NULL; /* the model counts down from the opposite number */
	t->position = d->before.object;
	if ((cdb[1] & 0x0f) == 0)
		r = model_space_blocks(t, count, &residual);
	else if ((cdb[1] & 0x0f) == 1)
		r = model_space_filemarks(t, count, &residual);
	else if ((cdb[1] & 0x0f) == 2)
		r = model_space_sequential_filemarks(t, count, &residual);
	else
		t->position = t->count;
	if ((r == 0) != (d->status == SCSI_GOOD))
		return "spacing ends well where there is as much as asked for";
	if (t->position != d->after.object)
		return "spacing ends where the model does";
	if (r != 0 && d->sense.valid && (int64_t)residual != d->sense.information &&
	    residual <= INT32_MAX)
		return "INFORMATION is the model's residue";
	return NULL;
}

static const char *check_locate(struct cdb_model *m, int c, const struct cdb_done *d)
{
	struct model_tape *t = &m->cartridges[c].tape;
	const uint8_t *cdb = d->cmd->cdb;
	uint64_t to = cdb[0] == OP_LOCATE_10 ? get_be32(cdb + 3) : get_be64(cdb + 4);
	unsigned type = cdb[0] == OP_LOCATE_10 ? 0 : cdb[1] >> 3 & 7;
	int r = 0;

	t->position = d->before.object;
	if (type == 0)
		r = model_locate(t, to);
	else if (type == 1)
		r = model_locate_file(t, to);
	else
		t->position = t->count;
	if ((r == 0) != (d->status == SCSI_GOOD))
		return "LOCATE ends well where the place is there";
	return t->position == d->after.object ? NULL : "LOCATE ends where the model does";
}

/* What the drive refused before it did anything. */
static bool refused(const struct cdb_done *d)
{
	if (d->status != SCSI_CHECK_CONDITION || d->sense.deferred)
		return d->status != SCSI_GOOD;
	return d->sense.key == KEY_ILLEGAL_REQUEST || d->sense.key == KEY_UNIT_ATTENTION ||
	       d->sense.key == KEY_NOT_READY ||
	       (d->sense.key == KEY_MEDIUM_ERROR && d->sense.asc == 0x3b) || /* displaced */
	       (d->sense.key == KEY_DATA_PROTECT && d->sense.asc != 0x74);
}

static const char *check_medium(struct cdb_model *m, int c, const struct cdb_done *d)
{
	bool known = m->cartridges[c].known;

	switch (d->cmd->cdb[0]) {
	case OP_WRITE_6:
		return check_write(m, c, d);
	case OP_WRITE_FILEMARKS_6:
		return check_filemarks(m, c, d);
	case OP_READ_6:
		return check_read(m, c, d);
	case OP_SPACE_6:
	case OP_SPACE_16:
		return known && m->plain ? check_space(m, c, d) : NULL;
	case OP_LOCATE_10:
	case OP_LOCATE_16:
		return known ? check_locate(m, c, d) : NULL;
	case OP_ERASE_6:
		if (d->before.object != d->after.object)
			return "ERASE stays where it is";
		if (d->status == SCSI_GOOD) {
			m->cartridges[c].known = known || d->before.object == 0;
			m->cartridges[c].tape.count = d->before.object;
		} else {
			m->cartridges[c].known = false;
		}
		return NULL;
	case OP_REWIND:
	case OP_LOAD_UNLOAD:
		return d->status != SCSI_GOOD || d->after.object == 0
			       ? NULL
			       : "it ends at the beginning of the tape";
	case 0x13: /* VERIFY, READ REVERSE: they change nothing on the tape */
	case 0x0f:
	case 0x81:
	case 0x88:
	case 0x8f:
		return NULL;
	default: /* the explicit forms, formats */
		m->cartridges[c].known = false;
		return NULL;
	}
}

const char *cdb_model_check(struct cdb_model *m, const struct cdb_done *d)
{
	const uint8_t *cdb = d->cmd->cdb;
	int c;

	if (d->barcode == NULL || !d->before.any || !d->after.any)
		return NULL;
	c = find(m, d->barcode);
	if ((cdb[0] == 0x04 || cdb[0] == 0x0b) && !refused(d) && c >= 0)
		m->cartridges[c].known = false; /* FORMAT MEDIUM, SET CAPACITY: all partitions */
	if (d->before.partition != d->after.partition) {
		if (refused(d) ||
		    (!moves(cdb[0]) && cdb[0] != OP_MODE_SELECT_6 && cdb[0] != OP_MODE_SELECT_10))
			return "the partition stays where nobody changed it";
		return NULL;
	}
	if (refused(d))
		return d->before.object == d->after.object ? NULL : "what is refused moves nothing";
	if (!moves(cdb[0])) {
		if (cdb[0] == OP_MODE_SELECT_6 || cdb[0] == OP_MODE_SELECT_10)
			return NULL; /* an active partition, a format */
		return d->before.object == d->after.object ? NULL : "it moves no tape";
	}
	if (c < 0 || d->before.partition != 0)
		return NULL;
	return check_medium(m, c, d);
}
