/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changer.c: the changer unit.  It holds nothing: lib/library knows where cartridges are, and tells
 * the drives.  All moves take effect at once, so there is no state "in motion".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handlers/changer/internal.h"
#include "lib/library/unit_state.h"

static bool ready(struct scsi_unit *unit, enum sense_id *ret_why, struct sense_extra *extra)
{
	(void)extra;
	if (library_is_owned(changer_of(unit)->library))
		return true;
	*ret_why = SENSE_NOT_READY_CAUSE_NOT_REPORTABLE;
	return false;
}

static enum sense_id write_protected(struct scsi_unit *unit)
{
	(void)unit;
	return SENSE_NO_SENSE;
}

static void reset(struct scsi_unit *unit)
{
	changer_of(unit)->prevented = false;
}

static void mode_header(struct scsi_unit *unit, uint8_t *ret_medium_type, uint8_t *ret_specific)
{
	(void)unit;
	*ret_medium_type = 0;
	*ret_specific = 0;
}

static int save(struct scsi_unit *unit, const char *name, const void *data, size_t size)
{
	return library_unit_save(changer_of(unit)->library, UNIT_STATE_CHANGER, name, data, size);
}

static int load(struct scsi_unit *unit, const char *name, void *buf, size_t max, size_t *ret_size)
{
	return library_unit_load(changer_of(unit)->library, UNIT_STATE_CHANGER, name, buf, max,
				 ret_size);
}

#define SEGMENT_POOL 2

/* The pool, where all cartridges are, can be read. */
static uint8_t changer_self_test(struct scsi_unit *unit, bool extended)
{
	(void)extended;
	return access(library_pool(changer_of(unit)->library), R_OK | X_OK) == 0 ? 0 : SEGMENT_POOL;
}

static const struct scsi_unit_ops unit_ops = {
	.self_test = changer_self_test,
	.ready = ready,
	.write_protected = write_protected,
	.reset = reset,
	.mode_header = mode_header,
	.save = save,
	.load = load,
};

static void set_identity(struct changer *c)
{
	struct scsi_identity *id = &c->unit.identity;
	const struct library_model *m = c->persona->library;
	char serial[LIBRARY_SERIAL_SIZE];

	library_changer_serial(c->library, serial);
	*id = (struct scsi_identity){
		.device_type = 0x08, .removable = true, .versions = { 0x00a0, 0x0460, 0x0480 }
	}; /* SAM-5 SPC-4 SMC-3 */
	memcpy(id->vendor, m->vendor, strnlen(m->vendor, sizeof(id->vendor) - 1));
	memcpy(id->product, m->product, strnlen(m->product, sizeof(id->product) - 1));
	memcpy(id->revision, m->revision, strnlen(m->revision, sizeof(id->revision) - 1));
	memcpy(id->serial, serial, strlen(serial));
	id->ansi_version = m->ansi_version;
	id->bytes = &m->inquiry_bytes;
	if (m->versions[0] != 0)
		memcpy(id->versions, m->versions, sizeof(id->versions));
}

int changer_new(struct library *library, struct changer **ret_changer)
{
	const struct personality *persona = library_personality(library_config(library));
	struct scsi_tables tables = changer_tables();
	struct changer *c;

	if (persona == NULL)
		return -ENOENT;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->library = library_ref(library);
	c->persona = persona;
	tables.mode_bytes = &persona->library->mode_bytes;
	tables.vpd_bytes = &persona->library->vpd_bytes;
	if (unit_init(&c->unit, &unit_ops, &tables, 0) != 0) {
		library_unref(c->library);
		free(c);
		return -ENOMEM;
	}
	set_identity(c);
	mode_restore(&c->unit);
	unit_note_identity(&c->unit);
	unit_power_on(&c->unit);
	*ret_changer = c;
	return 0;
}

void changer_free(struct changer *changer)
{
	if (changer == NULL)
		return;
	unit_clear(&changer->unit);
	library_unref(changer->library);
	free(changer);
}

struct scsi_unit *changer_unit(struct changer *changer)
{
	return &changer->unit;
}
