/* SPDX-License-Identifier: Apache-2.0 */
/*
 * security.c: SECURITY PROTOCOL IN and OUT (SPC-5) with the protocols 00h (information) and 20h
 * (tape data encryption, SSC-5).
 *
 * One algorithm, AES-256-GCM; keys in plain text only: with one that came wrapped we could not do
 * better than a program that has both ends.  The drive makes the nonces.
 */
#include <openssl/rand.h>
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

#define PROTOCOL_INFORMATION 0x00
#define PROTOCOL_TAPE        0x20

enum tape_page {
	PAGE_IN_SUPPORT = 0x0000,
	PAGE_OUT_SUPPORT = 0x0001,
	PAGE_CAPABILITIES = 0x0010,
	PAGE_KEY_FORMATS = 0x0011,
	PAGE_MANAGEMENT = 0x0012,
	PAGE_STATUS = 0x0020,
	PAGE_NEXT_BLOCK = 0x0021,
	PAGE_RANDOM = 0x0030,
};

#define AES_256_GCM 0x00010014u
#define RANDOM_SIZE 32u
#define ANSWER_MAX  1024u /* bytes of the longest page */

/* A page under construction. */
struct answer {
	uint8_t *data; /* ANSWER_MAX bytes, zeros */
	size_t size;
};

static uint8_t *more(struct answer *a, size_t size)
{
	uint8_t *p = a->data + a->size;

	a->size += size;
	return p;
}

/* ---- SECURITY PROTOCOL IN: protocol 00h ---- */

static bool information(uint16_t specific, struct answer *a)
{
	if (specific == 0x0000) { /* supported protocols */
		uint8_t *p = more(a, 10);

		put_be16(p + 6, 2);
		p[8] = PROTOCOL_INFORMATION;
		p[9] = PROTOCOL_TAPE;
	} else if (specific == 0x0001) { /* certificate data: none */
		(void)more(a, 4);
	} else {
		return false;
	}
	return true;
}

/* ---- SECURITY PROTOCOL IN: protocol 20h ---- */

static enum scsi_status fill_in_support(struct drive *d, struct scsi_cmd *cmd, struct answer *a);
static enum scsi_status fill_out_support(struct drive *d, struct scsi_cmd *cmd, struct answer *a);
static enum scsi_status fill_capabilities(struct drive *d, struct scsi_cmd *cmd, struct answer *a);
static enum scsi_status fill_key_formats(struct drive *d, struct scsi_cmd *cmd, struct answer *a);
static enum scsi_status fill_management(struct drive *d, struct scsi_cmd *cmd, struct answer *a);
static enum scsi_status fill_status(struct drive *d, struct scsi_cmd *cmd, struct answer *a);
static enum scsi_status fill_next_block(struct drive *d, struct scsi_cmd *cmd, struct answer *a);
static enum scsi_status fill_random(struct drive *d, struct scsi_cmd *cmd, struct answer *a);

/* In the order of their codes.  What a page holds follows its code and length. */
static const struct in_page {
	uint16_t code;
	enum scsi_status (*fill)(struct drive *d, struct scsi_cmd *cmd, struct answer *a);
} in_pages[] = {
	{ PAGE_IN_SUPPORT, fill_in_support },     { PAGE_OUT_SUPPORT, fill_out_support },
	{ PAGE_CAPABILITIES, fill_capabilities }, { PAGE_KEY_FORMATS, fill_key_formats },
	{ PAGE_MANAGEMENT, fill_management },     { PAGE_STATUS, fill_status },
	{ PAGE_NEXT_BLOCK, fill_next_block },     { PAGE_RANDOM, fill_random },
};

#define IN_PAGES (sizeof(in_pages) / sizeof(in_pages[0]))

static enum scsi_status fill_in_support(struct drive *d, struct scsi_cmd *cmd, struct answer *a)
{
	(void)d;
	(void)cmd;
	for (size_t i = 0; i < IN_PAGES; i++)
		put_be16(more(a, 2), in_pages[i].code);
	return SCSI_GOOD;
}

static enum scsi_status fill_out_support(struct drive *d, struct scsi_cmd *cmd, struct answer *a)
{
	(void)d;
	(void)cmd;
	put_be16(more(a, 2), PAGE_CAPABILITIES); /* 0010h here is "set data encryption" */
	return SCSI_GOOD;
}

#define DESCRIPTOR_SIZE 0x14

static enum scsi_status fill_capabilities(struct drive *d, struct scsi_cmd *cmd, struct answer *a)
{
	bool loaded = d->state == DRIVE_READY;
	bool fits = loaded && drive_crypt_medium_fits(d);
	uint8_t *p = more(a, 16), *algorithm = more(a, 4 + DESCRIPTOR_SIZE);

	(void)cmd;
	p[0] = 0x04 | 0x01; /* EXTDECC: no external control; CFG_P: parameters can be set */
	algorithm[0] = CRYPT_ALGORITHM_INDEX;
	put_be16(algorithm + 2, DESCRIPTOR_SIZE);
	algorithm[4] = (fits ? 0x80 : 0) | /* AVFMV */
		       0x20 | 0x10 |       /* MAC_C, DED_C */
		       0x08 | 0x02; /* DECRYPT_C, ENCRYPT_C: in hardware, as far as a host knows */
	algorithm[5] = (uint8_t)((fits     ? 2
				  : loaded ? 1
					   : 0)
				 << 6) | /* AVFCLP */
		       0x10 |            /* NONCE_C: the drive makes it */
		       0x08 |
		       0x04; /* KADF_C, VCELB_C */
	put_be16(algorithm + 6, drive_model(d)->u_kad_max);
	put_be16(algorithm + 8, drive_model(d)->a_kad_max);
	put_be16(algorithm + 10, CRYPT_KEY_SIZE);
	algorithm[12] = 0xc0 |   /* DKAD_C: allowed */
			0x10 |   /* EEMC_C: no external mode */
			5 << 1 | /* RDMC_C: raw reads can be forbidden, and are not by default */
			0x01;    /* EAREM */
	put_be32(algorithm + 20, AES_256_GCM);
	return SCSI_GOOD;
}

static enum scsi_status fill_key_formats(struct drive *d, struct scsi_cmd *cmd, struct answer *a)
{
	(void)d;
	(void)cmd;
	*more(a, 1) = 0x00; /* plain text */
	return SCSI_GOOD;
}

static enum scsi_status fill_management(struct drive *d, struct scsi_cmd *cmd, struct answer *a)
{
	uint8_t *p = more(a, 12);

	(void)d;
	(void)cmd;
	p[0] = 0x01; /* LOCK_C */
	p[1] = 0x04; /* CKOD_C; of reservations only the kernel knows: no CKORP_C, no CKORL_C */
	p[3] = 0x07; /* AITN_C, LOCAL_C, PUBLIC_C */
	return SCSI_GOOD;
}

/* AUTHENTICATED of a key-associated data descriptor */
enum kad_authenticated {
	KAD_NOT_COVERED = 1,
	KAD_NOT_TRIED = 2,
};

static void put_kads(struct answer *a, const struct crypt_kads *kads)
{
	static const struct {
		enum crypt_kad_kind kind;
		uint8_t type, authenticated;
	} rows[] = {
		{ CRYPT_KAD_UNAUTHENTICATED, 0x00, KAD_NOT_COVERED },
		{ CRYPT_KAD_AUTHENTICATED, 0x01, KAD_NOT_TRIED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t size = kads->size[rows[i].kind];
		uint8_t *p;

		if (size == 0)
			continue;
		p = more(a, 4u + size);
		p[0] = rows[i].type;
		p[1] = rows[i].authenticated;
		put_be16(p + 2, size);
		memcpy(p + 4, kads->data[rows[i].kind], size);
	}
}

static enum scsi_status fill_status(struct drive *d, struct scsi_cmd *cmd, struct answer *a)
{
	const struct drive_crypt *c = drive_crypt_now(&d->crypts);
	bool encrypted = d->state == DRIVE_READY && stage_has_encrypted(d->stage);
	uint8_t *p = more(a, 20);

	(void)cmd;
	p[0] = (uint8_t)(c->scope << 5) | c->scope; /* of the nexus, and of the key in use */
	p[1] = c->encryption;
	p[2] = c->decryption;
	p[3] = c->scope == SCOPE_PUBLIC ? 0 : CRYPT_ALGORITHM_INDEX;
	put_be32(p + 4, c->instance);
	p[8] = 0x10 | /* PARAMETERS CONTROL: nobody but the host */
	       (encrypted ? 0x08 : 0) | (uint8_t)(c->ceem << 1) | (c->set.no_raw ? 0x01 : 0);
	p[9] = c->set.kads.format;
	put_kads(a, &c->set.kads);
	return SCSI_GOOD;
}

enum block_status {
	BLOCK_NOT_NOW = 1,
	BLOCK_NO_BLOCK = 2,
	BLOCK_PLAIN = 3,
	BLOCK_DECRYPTABLE = 5,
	BLOCK_NOT_DECRYPTABLE = 6,
};

static uint8_t block_status(const struct cart_next *next)
{
	switch (next->kind) {
	case CART_NEXT_FILEMARK:
		return BLOCK_NO_BLOCK;
	case CART_NEXT_PLAIN:
		return BLOCK_PLAIN;
	case CART_NEXT_ENCRYPTED:
		return next->key_fits ? BLOCK_DECRYPTABLE : BLOCK_NOT_DECRYPTABLE;
	case CART_NEXT_NONE:
	default:
		return BLOCK_NOT_NOW;
	}
}

static enum scsi_status fill_next_block(struct drive *d, struct scsi_cmd *cmd, struct answer *a)
{
	struct sense_extra extra = { 0 };
	struct cart_position at;
	enum sense_id why;
	struct cart_next next;
	uint8_t *p;

	if (!d->unit.ops->ready(&d->unit, &why, &extra))
		return scsi_check_extra(&d->unit, cmd, why, &extra);
	stage_position(d->stage, &at);
	if (stage_next(d->stage, &next) != 0)
		next = (struct cart_next){ .kind = CART_NEXT_NONE };
	p = more(a, 12);
	put_be64(p, at.object);
	p[8] = block_status(&next);
	p[9] = next.kind == CART_NEXT_ENCRYPTED ? CRYPT_ALGORITHM_INDEX : 0;
	p[10] = next.no_raw ? 0x01 : 0;
	p[11] = next.kads.format;
	put_kads(a, &next.kads);
	return SCSI_GOOD;
}

static enum scsi_status fill_random(struct drive *d, struct scsi_cmd *cmd, struct answer *a)
{
	if (RAND_bytes(more(a, RANDOM_SIZE), (int)RANDOM_SIZE) != 1)
		return scsi_check(&d->unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	return SCSI_GOOD;
}

/* Field SECURITY PROTOCOL SPECIFIC. */
static enum scsi_status tape_page(struct drive *d, struct scsi_cmd *cmd, struct answer *a)
{
	uint16_t specific = get_be16(cmd->cdb + 2);

	for (size_t i = 0; i < IN_PAGES; i++) {
		enum scsi_status s;

		if (in_pages[i].code != specific)
			continue;
		put_be16(more(a, 4), specific);
		s = in_pages[i].fill(d, cmd, a);
		put_be16(a->data + 2, (uint16_t)(a->size - 4));
		return s;
	}
	return scsi_check_field(&d->unit, cmd, 2, 7);
}

enum scsi_status drive_security_in(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	struct answer a = { .data = unit->scratch };
	enum scsi_status s = SCSI_GOOD;

	memset(a.data, 0, ANSWER_MAX);
	if (cmd->cdb[1] == PROTOCOL_TAPE)
		s = tape_page(d, cmd, &a);
	else if (cmd->cdb[1] != PROTOCOL_INFORMATION)
		s = scsi_check_field(unit, cmd, 1, 7);
	else if (!information(get_be16(cmd->cdb + 2), &a))
		s = scsi_check_field(unit, cmd, 2, 7);
	if (s == SCSI_GOOD)
		scsi_put_data(cmd, a.data, a.size, get_be32(cmd->cdb + 6));
	return s;
}
