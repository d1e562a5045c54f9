/* SPDX-License-Identifier: Apache-2.0 */
/*
 * security_set.c: SECURITY PROTOCOL OUT, the set data encryption page (SSC-5).
 *
 * The list is checked as a whole before anything changes.  It holds the key: our copy of it is
 * wiped here, the buffer that it came in by unit_execute(), whatever becomes of the command.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

#define PROTOCOL_TAPE 0x20
#define PAGE_SET      0x0010

#define LIST_MAX        1024u
#define FIXED           20u /* bytes before the key */
#define KAD_HEAD        4u
#define KAD_FORMAT_LAST 2u /* a key name in ASCII */

struct list {
	struct drive *d;
	struct scsi_cmd *cmd;
	const uint8_t *data;
	unsigned size;
};

static enum scsi_status refuse(const struct list *l, unsigned byte, int bit)
{
	return scsi_check_list(&l->d->unit, l->cmd, byte, bit);
}

static bool needs_key(const uint8_t *p)
{
	return p[6] == ENCRYPTION_ENCRYPT || p[7] == DECRYPTION_DECRYPT || p[7] == DECRYPTION_MIXED;
}

/* Bytes 0 to 8. */
static enum scsi_status check_modes(const struct list *l)
{
	const uint8_t *p = l->data;
	unsigned rdmc = p[5] >> 4 & 3;

	if (get_be16(p) != PAGE_SET)
		return refuse(l, 0, 7);
	if (get_be16(p + 2) + 4u != l->size)
		return refuse(l, 2, 7);
	if (p[4] >> 5 > SCOPE_ALL)
		return refuse(l, 4, 7);
	if ((p[4] & 0x1e) != 0)
		return refuse(l, 4, 4);
	if (p[4] >> 5 == SCOPE_PUBLIC)
		return SCSI_GOOD; /* nothing else counts */
	if (p[5] >> 6 == 2) /* CEEM: only blocks of the external mode, of which there are none */
		return refuse(l, 5, 7);
	if (rdmc == 1)
		return refuse(l, 5, 5);
	if ((p[5] & 0x08) != 0) /* SDK */
		return refuse(l, 5, 3);
	if ((p[5] & 0x04) != 0 && l->d->state != DRIVE_READY) /* CKOD: nothing to demount */
		return refuse(l, 5, 2);
	if ((p[5] & 0x03) != 0) /* CKORP, CKORL */
		return refuse(l, 5, (p[5] & 0x02) != 0 ? 1 : 0);
	if (p[6] != ENCRYPTION_DISABLE && p[6] != ENCRYPTION_ENCRYPT)
		return refuse(l, 6, 7);
	if (p[7] > DECRYPTION_MIXED)
		return refuse(l, 7, 7);
	return SCSI_GOOD;
}

/* Bytes 8 to 19. */
static enum scsi_status check_key(const struct list *l)
{
	const uint8_t *p = l->data;
	unsigned length = get_be16(p + 18);

	if (FIXED + length > l->size)
		return refuse(l, 18, 7);
	if (!needs_key(p))
		return SCSI_GOOD;
	if (p[8] != CRYPT_ALGORITHM_INDEX)
		return refuse(l, 8, 7);
	if (p[9] != 0) /* plain text */
		return refuse(l, 9, 7);
	if (p[10] > KAD_FORMAT_LAST)
		return refuse(l, 10, 7);
	for (unsigned i = 11; i < 18; i++)
		if (p[i] != 0)
			return refuse(l, i, 7);
	return length == CRYPT_KEY_SIZE ? SCSI_GOOD : refuse(l, 18, 7);
}

/* One descriptor at @at, of which the head is there. */
static enum scsi_status take_kad(const struct list *l, unsigned at, struct crypt_kads *kads)
{
	const struct drive_model *m = drive_model(l->d);
	const uint8_t *p = l->data + at;
	unsigned length = get_be16(p + 2);
	enum crypt_kad_kind kind;

	if (p[0] > 0x01) /* nonce value: the drive makes it; metadata: of the external mode only */
		return refuse(l, at, 7);
	kind = p[0] == 0x00 ? CRYPT_KAD_UNAUTHENTICATED : CRYPT_KAD_AUTHENTICATED;
	if (kads->size[kind] != 0) /* twice */
		return refuse(l, at, 7);
	/* AUTHENTICATED in byte 1 says nothing here, and stenc leaves anything there */
	if (length == 0 || at + KAD_HEAD + length > l->size ||
	    length > (p[0] == 0x00 ? m->u_kad_max : m->a_kad_max))
		return refuse(l, at + 2, 7);
	kads->size[kind] = (uint8_t)length;
	memcpy(kads->data[kind], p + KAD_HEAD, length);
	return SCSI_GOOD;
}

/* Those of parameters that encrypt; others are not looked at. */
static enum scsi_status take_kads(const struct list *l, struct crypt_kads *kads)
{
	unsigned at = FIXED + get_be16(l->data + 18);

	while (at < l->size) {
		enum scsi_status s =
			l->size - at < KAD_HEAD ? refuse(l, at, 7) : take_kad(l, at, kads);

		if (s != SCSI_GOOD)
			return s;
		at += KAD_HEAD + get_be16(l->data + at + 2);
	}
	kads->format = l->data[10];
	return SCSI_GOOD;
}

/* The parameters that @l asks for, without their key. */
static enum scsi_status parse(const struct list *l, struct drive_crypt *c)
{
	const uint8_t *p = l->data;
	enum scsi_status s = check_modes(l);

	if (s != SCSI_GOOD)
		return s;
	c->scope = p[4] >> 5;
	c->lock = (p[4] & 0x01) != 0;
	if (c->scope == SCOPE_PUBLIC)
		return SCSI_GOOD;
	s = check_key(l);
	if (s != SCSI_GOOD)
		return s;
	c->ceem = p[5] >> 6;
	c->ckod = (p[5] & 0x04) != 0;
	c->encryption = p[6];
	c->decryption = p[7];
	c->set.encrypt = c->encryption == ENCRYPTION_ENCRYPT;
	c->set.decrypt = (enum cart_decrypt)c->decryption;
	c->set.no_raw = c->set.encrypt && (p[5] >> 4 & 3) == 3;
	return c->set.encrypt ? take_kads(l, &c->set.kads) : SCSI_GOOD;
}

/* The parameters put together become those in force. */
static enum scsi_status replace(const struct list *l)
{
	struct drive *d = l->d;
	struct drive_crypt *old = drive_crypt_now(&d->crypts), *next;
	int r;

	d->crypts.now ^= 1;
	next = drive_crypt_now(&d->crypts);
	next->instance = old->instance + 1;
	r = d->state == DRIVE_READY ? drive_crypt_apply(d) : 0;
	if (r != 0) {
		d->crypts.now ^= 1;
		old = next;
	} else {
		d->crypts.locked = next->lock;
		d->crypts.locked_at = next->instance;
	}
	crypt_key_unref(old->set.key);
	old->set.key = NULL;
	return drive_outcome(d, l->cmd, r, SENSE_INTERNAL_TARGET_FAILURE, 0);
}

static enum scsi_status set_encryption(const struct list *l)
{
	struct drive_crypt *c = &l->d->crypts.sets[l->d->crypts.now ^ 1];
	enum scsi_status s;

	memset(c, 0, sizeof(*c));
	s = parse(l, c);
	if (s != SCSI_GOOD)
		return s;
	if (c->scope != SCOPE_PUBLIC && needs_key(l->data) &&
	    crypt_key_new(l->data + FIXED, &c->set.key) != 0)
		return scsi_check(&l->d->unit, l->cmd, SENSE_INTERNAL_TARGET_FAILURE);
	return replace(l);
}

static enum scsi_status take_list(struct drive *d, struct scsi_cmd *cmd, uint32_t length)
{
	uint8_t data[LIST_MAX];
	const struct list l = { d, cmd, data, length };
	enum scsi_status s;

	if (length < FIXED || length > LIST_MAX)
		return scsi_check(&d->unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	if (scsi_get_data(cmd, data, length) < length)
		s = scsi_check(&d->unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	else
		s = set_encryption(&l);
	OPENSSL_cleanse(data, sizeof(data));
	return s;
}

enum scsi_status drive_security_out(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	uint32_t length = get_be32(cmd->cdb + 6);
	enum scsi_status s = SCSI_GOOD;

	if (cmd->cdb[1] != PROTOCOL_TAPE)
		s = scsi_check_field(unit, cmd, 1, 7);
	else if (get_be16(cmd->cdb + 2) != PAGE_SET)
		s = scsi_check_field(unit, cmd, 2, 7);
	else if (length > 0)
		s = take_list(d, cmd, length);
	return s;
}
