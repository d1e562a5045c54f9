/* SPDX-License-Identifier: Apache-2.0 */
/* cdb_source.c: see cdb_source.h. */
#include "tests/fuzz/cdb_source.h"

#include <string.h>

#include "lib/base/bytes.h"

void source_seed(struct cdb_source *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->state = (seed + 1) * 0x9e3779b97f4a7c15ull;
}

void source_bytes(struct cdb_source *s, const uint8_t *bytes, size_t size)
{
	memset(s, 0, sizeof(*s));
	s->bytes = bytes;
	s->size = size;
}

bool source_ended(const struct cdb_source *s)
{
	return s->bytes != NULL && s->at >= s->size;
}

static uint32_t draw32(struct cdb_source *s, unsigned bytes)
{
	uint32_t v = 0;

	if (s->bytes == NULL) {
		s->state ^= s->state << 13;
		s->state ^= s->state >> 7;
		s->state ^= s->state << 17;
		return (uint32_t)((s->state * 0x2545f4914f6cdd1dull) >> 32);
	}
	for (; bytes > 0 && s->at < s->size; bytes--)
		v = v << 8 | s->bytes[s->at++];
	return v;
}

uint32_t source_draw(struct cdb_source *s, uint32_t below)
{
	return draw32(s, below <= 0x100 ? 1 : below <= 0x10000 ? 2 : 4) % below;
}

/* ---- CDBs ---- */

/* Most values that mean something are small, or at a limit. */
static uint8_t value(struct cdb_source *s, uint8_t allowed)
{
	switch (source_draw(s, 8)) {
	case 0:
		return (uint8_t)(source_draw(s, 256) & allowed);
	case 1:
		return allowed;
	case 2:
	case 3:
		return (uint8_t)(source_draw(s, 10) & allowed);
	default:
		return 0;
	}
}

static size_t from_row(struct cdb_source *s, const struct scsi_command *row, uint8_t *cdb)
{
	cdb[0] = row->opcode;
	for (unsigned i = 1; i < row->len; i++)
		cdb[i] = value(s, row->bits[i - 1]);
	if (row->sa != SA_NONE)
		cdb[1] = (uint8_t)(cdb[1] | row->sa);
	return row->len;
}

static const uint16_t elements[] = { 0, 1, 16, 17, 256, 257, 1024, 1025, 1026, 1027, 1028, 9999 };
#define ELEMENTS (sizeof(elements) / sizeof(elements[0]))

static size_t robot(struct cdb_source *s, uint8_t *cdb)
{
	cdb[0] = source_draw(s, 8) == 0 ? OP_EXCHANGE_MEDIUM : OP_MOVE_MEDIUM;
	for (unsigned at = 4; at < (cdb[0] == OP_MOVE_MEDIUM ? 8u : 10u); at += 2)
		put_be16(cdb + at, elements[source_draw(s, ELEMENTS)]);
	return 12;
}

/* What a host sends all day: writes, reads, moves. */
static size_t tape(struct cdb_source *s, uint8_t *cdb)
{
	static const uint32_t sizes[] = { 0, 1, 100, 512, 513, 4096, 30000, 65536 };
	static const int32_t counts[] = { 1, 2, 5, 100, 0, -1, -2, -7, 0x7fffff };
	static const uint8_t codes[] = { OP_WRITE_6,  OP_WRITE_6,   OP_WRITE_6,
					 OP_WRITE_6,  OP_READ_6,    OP_READ_6,
					 OP_READ_6,   OP_SPACE_6,   OP_SPACE_6,
					 OP_REWIND,   OP_LOCATE_10, OP_WRITE_FILEMARKS_6,
					 OP_LOCATE_16 };

	cdb[0] = codes[source_draw(s, sizeof(codes))];
	if (cdb[0] == OP_READ_6 || cdb[0] == OP_WRITE_6) {
		cdb[1] = (uint8_t)(source_draw(s, 4) == 0 ? 1 : 0);
		put_be24(cdb + 2, cdb[1] != 0 ? source_draw(s, 9) : sizes[source_draw(s, 8)]);
		if (cdb[0] == OP_READ_6 && source_draw(s, 2) != 0)
			cdb[1] |= 2;
	} else if (cdb[0] == OP_SPACE_6) {
		cdb[1] = (uint8_t)source_draw(s, 4);
		put_be24(cdb + 2, (uint32_t)counts[source_draw(s, 9)] & 0xffffff);
	} else if (cdb[0] == OP_WRITE_FILEMARKS_6) {
		cdb[4] = (uint8_t)source_draw(s, 4);
	} else if (cdb[0] == OP_LOCATE_10) {
		cdb[6] = (uint8_t)source_draw(s, 64);
	} else if (cdb[0] == OP_LOCATE_16) {
		cdb[1] = (uint8_t)(source_draw(s, 4) << 3);
		cdb[11] = (uint8_t)source_draw(s, 64);
	}
	return cdb[0] == OP_LOCATE_10 ? 10 : cdb[0] == OP_LOCATE_16 ? 16 : 6;
}

static size_t noise(struct cdb_source *s, uint8_t *cdb)
{
	static const uint8_t lengths[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };

	for (unsigned i = 0; i < SCSI_CDB_MAX; i++)
		cdb[i] = (uint8_t)source_draw(s, 256);
	return lengths[cdb[0] >> 5];
}

/* Sixteen million filemarks are right, and take all day. */
static void spare_time(uint8_t *cdb)
{
	if (cdb[0] == OP_WRITE_FILEMARKS_6)
		cdb[2] = cdb[3] = 0;
	if (cdb[0] == 0x80) /* WRITE FILEMARKS(16) */
		cdb[12] = cdb[13] = 0;
}

/* A row that a handler of ours serves, mostly. */
static const struct scsi_command *draw_row(struct cdb_source *s, const struct scsi_command *rows,
					   unsigned rows_cnt)
{
	const struct scsi_command *row = &rows[source_draw(s, rows_cnt)];

	for (unsigned tries = 0; tries < 3 && row->handler == NULL; tries++)
		row = &rows[source_draw(s, rows_cnt)];
	return row;
}

size_t source_cdb(struct cdb_source *s, const struct scsi_command *rows, unsigned rows_cnt,
		  bool changer, uint8_t cdb[SCSI_CDB_MAX])
{
	uint32_t kind = source_draw(s, 20);
	size_t len;

	memset(cdb, 0, SCSI_CDB_MAX);
	if (kind < 2) {
		len = noise(s, cdb);
	} else if (kind < 4) { /* a known code, and noise */
		const struct scsi_command *row = draw_row(s, rows, rows_cnt);

		(void)noise(s, cdb);
		cdb[0] = row->opcode;
		len = row->len;
	} else if (kind < 9) {
		len = changer ? robot(s, cdb) : tape(s, cdb);
	} else {
		len = from_row(s, draw_row(s, rows, rows_cnt), cdb);
	}
	if (kind >= 17 && len > 0)
		for (uint32_t n = 1 + source_draw(s, 2); n > 0; n--)
			cdb[source_draw(s, (uint32_t)len)] ^= (uint8_t)(1u << source_draw(s, 8));
	spare_time(cdb);
	return len;
}

/* ---- data ---- */

static uint32_t announced(const uint8_t *cdb, uint32_t block_size)
{
	switch (cdb[0] >> 5) {
	case 0:
		if (cdb[0] == OP_READ_6 || cdb[0] == OP_WRITE_6 || cdb[0] == 0x0f)
			return get_be24(cdb + 2) * ((cdb[1] & 1) != 0 ? block_size : 1);
		return cdb[0] == OP_SEND_DIAGNOSTIC ? get_be16(cdb + 3) : cdb[4];
	case 1:
	case 2:
		return cdb[0] == OP_READ_POSITION ? 32 : get_be16(cdb + 7);
	case 4:
		return get_be32(cdb + 10);
	case 5:
		return cdb[0] == OP_READ_ELEMENT_STATUS ? get_be24(cdb + 7) : get_be32(cdb + 6);
	default:
		return 0;
	}
}

size_t source_length(struct cdb_source *s, const uint8_t *cdb, uint32_t block_size)
{
	uint32_t said = announced(cdb, block_size), kind = source_draw(s, 16);
	uint32_t limit = kind == 15 && cdb[0] == OP_WRITE_6 ? 16 * FUZZ_DATA : FUZZ_DATA;

	if (kind == 0)
		return source_draw(s, 5000);
	if (kind == 1)
		return source_draw(s, 40);
	if (kind == 2 && said > 0)
		said--;
	if (kind == 3)
		said++;
	return said < limit ? said : limit;
}

void source_answer(struct cdb_source *s, const uint8_t *data, size_t size)
{
	unsigned at = s->answers_cnt % FUZZ_ANSWERS;

	if (size == 0)
		return;
	s->answers[at].size =
		size < sizeof(s->answers[at].data) ? size : sizeof(s->answers[at].data);
	memcpy(s->answers[at].data, data, s->answers[at].size);
	s->answers_cnt++;
}

/* A parameter list as a host makes one: what the unit said, some bytes changed. */
static void echo(struct cdb_source *s, const uint8_t *cdb, uint8_t *data, size_t size)
{
	unsigned have = s->answers_cnt < FUZZ_ANSWERS ? s->answers_cnt : FUZZ_ANSWERS, at;
	uint32_t changes = source_draw(s, 4);

	if (have == 0 || size == 0)
		return;
	at = source_draw(s, have);
	memcpy(data, s->answers[at].data, size < s->answers[at].size ? size : s->answers[at].size);
	if (cdb[0] == OP_MODE_SELECT_6)
		data[0] = 0; /* the length, which MODE SELECT reserves */
	if (cdb[0] == OP_MODE_SELECT_10 && size > 1)
		data[0] = data[1] = 0;
	while (changes-- > 0)
		data[source_draw(s, (uint32_t)(size < 600 ? size : 600))] = value(s, 0xff);
}

void source_data(struct cdb_source *s, const uint8_t *cdb, uint8_t *data, size_t size)
{
	memset(data, 0, size);
	if (cdb[0] == OP_WRITE_6 || cdb[0] == 0x8a) {
		uint32_t seed = draw32(s, 1);

		for (size_t i = 0; i < size; i++) /* half of the blocks can be compressed */
			data[i] = (uint8_t)((seed & 1) != 0 ? seed : seed + i * i / 3);
		return;
	}
	switch (source_draw(s, 4)) {
	case 0:
		return;
	case 1:
		for (size_t i = 0; i < size && i < 600; i++)
			data[i] = (uint8_t)source_draw(s, 256);
		return;
	case 2:
		for (size_t i = 0; i < size && i < 64; i++)
			data[i] = value(s, 0xff);
		return;
	default:
		echo(s, cdb, data, size);
	}
}
