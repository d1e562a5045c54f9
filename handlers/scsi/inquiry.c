/* SPDX-License-Identifier: Apache-2.0 */
/* inquiry.c: INQUIRY, standard data and vital product data (SPC-5). */
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/vpd.h"
#include "lib/base/bytes.h"
#include "lib/personality/pages.h"

#define VERSION_SPC          0x03
#define VERSION_SPC_4        0x06
#define STANDARD_SIZE        74 /* through the last version descriptor */
#define SCSI_2_SIZE          36 /* without any: to SPC and before */
#define STANDARD_MAX         252
#define VPD_SUPPORTED        0x00
#define VPD_SERIAL           0x80
#define VPD_DEVICE_ID        0x83
#define DESIGNATOR_T10       0x01
#define DESIGNATOR_NAA       0x03
#define CODE_SET_BINARY      0x01
#define CODE_SET_ASCII       0x02
#define CODE_SET_UTF_8       0x03
#define DESIGNATOR_SCSI_NAME 0x08

void vpd_naa(const struct scsi_identity *identity, uint8_t naa[8])
{
	uint8_t text[8 + 16 + 32], hash[SHA256_DIGEST_LENGTH];

	scsi_put_text(text, 8, identity->vendor);
	scsi_put_text(text + 8, 16, identity->product);
	scsi_put_text(text + 24, 32, identity->serial);
	(void)SHA256(text, sizeof(text), hash); /* into @hash; cannot fail */
	memcpy(naa, hash, 8);
	naa[0] = (uint8_t)(0x30 | (naa[0] & 0x0f)); /* NAA 3: locally assigned */
}

static size_t fill_serial(const struct scsi_unit *unit, uint8_t *content)
{
	size_t n = strlen(unit->identity.serial);

	memcpy(content, unit->identity.serial, n);
	return n;
}

/* The NAA in words, padded with zeros to a multiple of 4. */
static size_t put_scsi_name(uint8_t *p, const uint8_t naa[8])
{
	static const uint8_t header[4] = { CODE_SET_UTF_8, DESIGNATOR_SCSI_NAME, 0, 24 };
	char name[25] = "";

	(void)snprintf(name, sizeof(name), "naa.%016llX", (unsigned long long)get_be64(naa));
	memcpy(p, header, 4);
	memcpy(p + 4, name, 24);
	return 28;
}

/*
 * Designators of the logical unit only, and no page 88h: TCMU does not say through which port of
 * LIO a command came.
 */
static size_t fill_device_id(const struct scsi_unit *unit, uint8_t *content)
{
	const struct scsi_identity *id = &unit->identity;
	size_t serial = strlen(id->serial), n = 4 + 8 + 16 + serial;

	content[0] = CODE_SET_ASCII;
	content[1] = DESIGNATOR_T10;
	content[2] = 0;
	content[3] = (uint8_t)(n - 4);
	scsi_put_text(content + 4, 8, id->vendor);
	scsi_put_text(content + 12, 16, id->product);
	memcpy(content + 28, id->serial, serial);
	content[n] = CODE_SET_BINARY;
	content[n + 1] = DESIGNATOR_NAA;
	content[n + 2] = 0;
	content[n + 3] = 8;
	vpd_naa(id, content + n + 4);
	return n + 12 + put_scsi_name(content + n + 12, content + n + 4);
}

static bool has_row(const struct scsi_tables *t, uint8_t code)
{
	for (unsigned i = 0; i < t->vpd_pages_cnt; i++)
		if (t->vpd_pages[i].code == code)
			return true;
	return false;
}

/* A page of the vendor's own; NULL where there is none. */
static const struct page_bytes *model_page(const struct scsi_tables *t, uint8_t code)
{
	for (unsigned i = 0; t->vpd_bytes != NULL && i < t->vpd_bytes->cnt; i++)
		if (t->vpd_bytes->rows[i].page == code &&
		    t->vpd_bytes->rows[i].size <= VPD_PAGE_MAX)
			return &t->vpd_bytes->rows[i];
	return NULL;
}

/* A page of the vendor's own, with what the unit itself has in its places. */
static size_t fill_model_page(const struct scsi_identity *id, const struct page_bytes *page,
			      uint8_t *content)
{
	const char *const texts[] = {
		[PAGE_TEXT_VENDOR] = id->vendor,
		[PAGE_TEXT_PRODUCT] = id->product,
		[PAGE_TEXT_REVISION] = id->revision,
		[PAGE_TEXT_SERIAL] = id->serial,
	};

	memcpy(content, page->bytes, page->size);
	for (unsigned i = 0; i < page->fields_cnt; i++) {
		const struct page_field *f = &page->fields[i];
		const char *text = texts[f->what];
		size_t n = strlen(text);

		if (f->what == PAGE_TEXT_SERIAL && n > f->size)
			text += n - f->size; /* its end tells one unit from the next */
		scsi_put_text(content + f->at, f->size, text);
	}
	return page->size;
}

/* The list of pages, in ascending order. */
static size_t fill_supported(const struct scsi_unit *unit, uint8_t *content)
{
	size_t n = 0;

	content[n++] = VPD_SUPPORTED;
	content[n++] = VPD_SERIAL;
	content[n++] = VPD_DEVICE_ID;
	for (unsigned code = VPD_DEVICE_ID + 1; code <= 0xff; code++)
		if (has_row(unit->tables, (uint8_t)code) ||
		    model_page(unit->tables, (uint8_t)code) != NULL)
			content[n++] = (uint8_t)code;
	return n;
}

static enum scsi_status vital_product_data(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	uint8_t data[4 + VPD_PAGE_MAX] = { unit->identity.device_type, cmd->cdb[2] };
	const struct scsi_tables *t = unit->tables;
	const struct page_bytes *own;
	unsigned i = 0;
	size_t n;

	switch (cmd->cdb[2]) {
	case VPD_SUPPORTED:
		n = fill_supported(unit, data + 4);
		break;
	case VPD_SERIAL:
		n = fill_serial(unit, data + 4);
		break;
	case VPD_DEVICE_ID:
		n = fill_device_id(unit, data + 4);
		break;
	default:
		own = model_page(t, cmd->cdb[2]);
		if (own != NULL) {
			n = fill_model_page(&unit->identity, own, data + 4);
			break;
		}
		while (i < t->vpd_pages_cnt && t->vpd_pages[i].code != cmd->cdb[2])
			i++;
		if (i == t->vpd_pages_cnt)
			return scsi_check_field(unit, cmd, 2, 7);
		n = t->vpd_pages[i].fill(unit, data + 4);
	}
	put_be16(data + 2, (uint16_t)n);
	scsi_put_data(cmd, data, 4 + n, get_be16(cmd->cdb + 3));
	return SCSI_GOOD;
}

/* Vendor-specific bytes of the model, which can stand behind ours. */
static size_t put_model_bytes(const struct scsi_identity *id, uint8_t *data, size_t size)
{
	for (unsigned i = 0; id->bytes != NULL && i < id->bytes->cnt; i++) {
		const struct page_bytes *b = &id->bytes->rows[i];

		if ((size_t)b->at + b->size > STANDARD_MAX)
			continue;
		memcpy(data + b->at, b->bytes, b->size);
		if ((size_t)b->at + b->size > size)
			size = (size_t)b->at + b->size;
	}
	return size;
}

enum scsi_status scsi_inquiry(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const struct scsi_identity *id = &unit->identity;
	uint8_t version = id->ansi_version != 0 ? id->ansi_version : VERSION_SPC_4;
	bool old = version <= VERSION_SPC;
	uint8_t data[STANDARD_MAX] = { 0 };
	size_t size = old ? SCSI_2_SIZE : STANDARD_SIZE;

	if ((cmd->cdb[1] & 0x01) != 0)
		return vital_product_data(unit, cmd);
	if (cmd->cdb[2] != 0) /* a page without EVPD */
		return scsi_check_field(unit, cmd, 2, 7);
	data[0] = id->device_type;
	data[1] = id->removable ? 0x80 : 0;
	data[2] = version;
	data[3] = old ? 0x02 : 0x12; /* HISUP; response data format 2 */
	data[7] = 0x02;              /* CMDQUE */
	scsi_put_text(data + 8, 8, id->vendor);
	scsi_put_text(data + 16, 16, id->product);
	scsi_put_text(data + 32, 4, id->revision);
	for (unsigned i = 0; i < 8 && id->versions[i] != 0 && !old; i++)
		put_be16(data + 58 + 2 * i, id->versions[i]);
	size = put_model_bytes(id, data, size);
	data[4] = (uint8_t)(size - 5);
	scsi_put_data(cmd, data, size, get_be16(cmd->cdb + 3));
	return SCSI_GOOD;
}

/* ---- whether it is what it was ---- */

#define SAVED_NAME "inquiry"

void unit_note_identity(struct scsi_unit *unit)
{
	const struct scsi_identity *id = &unit->identity;
	char now[8 + 16 + 4 + 32], before[sizeof(now) + 1];
	size_t size = 0;
	int r;

	if (unit->ops->load == NULL || unit->ops->save == NULL)
		return;
	memset(now, 0, sizeof(now));
	memcpy(now, id->vendor, strnlen(id->vendor, 8));
	memcpy(now + 8, id->product, strnlen(id->product, 16));
	memcpy(now + 24, id->revision, strnlen(id->revision, 4));
	memcpy(now + 28, id->serial, strnlen(id->serial, 32));
	r = unit->ops->load(unit, SAVED_NAME, before, sizeof(before), &size);
	if (r == 0 && size == sizeof(now) && memcmp(now, before, size) == 0)
		return;
	/* what cannot be saved is told once more after the next start, which does no harm */
	ignore_result(unit->ops->save(unit, SAVED_NAME, now, sizeof(now)));
	if (r != -ENOENT)
		unit_attention(unit, SENSE_INQUIRY_CHANGED);
}
