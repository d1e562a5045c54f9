/* SPDX-License-Identifier: Apache-2.0 */
/* persona_rig.c: see persona_rig.h. */
#include "tests/support/persona_rig.h"

#include <fcntl.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/personality/personality.h"

/* A name of its own for each: one process has one library of a name. */
static struct library *make_library(const char *root, const char *personality, GError **error)
{
	static unsigned made;
	g_autofree char *name = g_strdup_printf("golden%u", made++);
	g_autofree char *path = g_build_filename(root, "golden.conf", NULL);
	g_autofree char *pool = g_build_filename(root, "pool", NULL);
	g_autofree char *text = g_strdup_printf("[library]\nname=%s\nslots=2\nmail_slots=1\n"
						"drives=1\nserial=GOLDEN\npersonality=%s\npool=%s\n"
						"[media]\nbarcodes=X1\ncapacity=1G\n",
						name, personality, pool);
	struct library_config *config = NULL;
	gboolean good;

	if (!g_file_set_contents(path, text, -1, error) ||
	    !library_config_load(path, &config, error))
		return NULL;
	good = library_create(config, error);
	library_config_free(config);
	return good ? library_open(name, LIBRARY_OPEN_OWN, error) : NULL;
}

struct persona_rig *persona_rig_new(const char *personality, GError **error)
{
	struct persona_rig *rig = g_new0(struct persona_rig, 1);

	rig->root = g_dir_make_tmp("vtl-persona-XXXXXX", error);
	if (rig->root != NULL) {
		(void)g_setenv("TCMU_VTL_STATE", rig->root, TRUE);
		rig->library = make_library(rig->root, personality, error);
	}
	if (rig->library == NULL || drive_new(rig->library, 1, &rig->drive) != 0 ||
	    changer_new(rig->library, &rig->changer) != 0) {
		if (rig->library != NULL)
			g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_FAILED, "no units");
		persona_rig_free(rig);
		return NULL;
	}
	persona_rig_settle(rig, drive_unit(rig->drive));
	persona_rig_settle(rig, changer_unit(rig->changer));
	return rig;
}

void persona_rig_free(struct persona_rig *rig)
{
	if (rig == NULL)
		return;
	drive_free(rig->drive);
	changer_free(rig->changer);
	library_unref(rig->library);
	if (rig->root != NULL && fs_remove_tree(AT_FDCWD, rig->root) != 0)
		g_printerr("%s is left over\n", rig->root);
	g_free(rig->root);
	g_free(rig);
}

gboolean persona_rig_load(struct persona_rig *rig)
{
	uint16_t slot = library_first_address(rig->library, ELEMENT_STORAGE);
	uint16_t drive = library_first_address(rig->library, ELEMENT_DRIVE);

	if (library_move(rig->library, slot, drive) != 0)
		return FALSE;
	persona_rig_settle(rig, drive_unit(rig->drive));
	return TRUE;
}

/* Empties the drive into an element that is free. */
static gboolean empty_drive(struct persona_rig *rig)
{
	uint16_t slot = library_first_address(rig->library, ELEMENT_STORAGE);
	uint16_t drive = library_first_address(rig->library, ELEMENT_DRIVE);
	uint16_t to[] = { slot, slot + 1, library_first_address(rig->library, ELEMENT_MAIL) };
	struct library_element there;

	if (!library_element(rig->library, drive, &there) || !there.full)
		return TRUE;
	for (size_t i = 0; i < G_N_ELEMENTS(to); i++)
		if (library_move(rig->library, drive, to[i]) == 0)
			return TRUE;
	return FALSE;
}

gboolean persona_rig_load_medium(struct persona_rig *rig, const char *medium)
{
	const struct medium_row *row = medium_find(medium);
	uint16_t drive = library_first_address(rig->library, ELEMENT_DRIVE), from;
	g_autofree char *barcode = g_strdup_printf("M%u", rig->media++);
	struct cart_params params = { .barcode = barcode };

	if (row == NULL || !empty_drive(rig))
		return FALSE;
	params.density = row->density;
	params.medium_type = row->medium_type;
	params.capacity_bytes = row->capacity_bytes;
	params.early_warning_bytes = row->capacity_bytes / 100;
	params.kind = row->kind == MEDIUM_WORM ? CART_WORM : CART_DATA;
	if (cart_create(library_pool(rig->library), &params) != 0 ||
	    (library_import(rig->library, barcode, false, &from) != 0 &&
	     library_import(rig->library, barcode, true, &from) != 0) ||
	    library_move(rig->library, from, drive) != 0)
		return FALSE;
	persona_rig_settle(rig, drive_unit(rig->drive));
	return TRUE;
}

size_t persona_rig_ask(struct persona_rig *rig, struct scsi_unit *unit, const uint8_t *cdb,
		       size_t cdb_len)
{
	struct iovec iov = { rig->data, sizeof(rig->data) };
	struct scsi_cmd cmd = {
		.cdb_len = cdb_len, .iov = &iov, .iov_cnt = 1, .iov_len = sizeof(rig->data)
	};

	memcpy(cmd.cdb, cdb, cdb_len);
	memset(rig->data, 0, sizeof(rig->data));
	return unit_execute(unit, &cmd) == SCSI_GOOD ? cmd.in_len : 0;
}

enum scsi_status persona_rig_send(struct persona_rig *rig, struct scsi_unit *unit,
				  const uint8_t *cdb, size_t cdb_len, size_t size,
				  uint8_t *ret_sense)
{
	struct iovec iov = { rig->data, size };
	struct scsi_cmd cmd = { .cdb_len = cdb_len, .iov = &iov, .iov_cnt = 1, .iov_len = size };
	enum scsi_status status;

	memcpy(cmd.cdb, cdb, cdb_len);
	status = unit_execute(unit, &cmd);
	if (ret_sense != NULL)
		memcpy(ret_sense, cmd.sense, 18);
	return status;
}

void persona_rig_settle(struct persona_rig *rig, struct scsi_unit *unit)
{
	static const uint8_t ready[6] = { OP_TEST_UNIT_READY };

	for (unsigned i = 0; i < UNIT_ATTENTIONS; i++)
		(void)persona_rig_ask(rig, unit, ready, sizeof(ready));
}
