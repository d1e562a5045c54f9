/* SPDX-License-Identifier: Apache-2.0 */
/* volume.c: see volume.h. */
#include "policy/volume.h"

#include "policy/step.h"

char *volume_obstacle(struct catalog *catalog, const struct policy_config *config,
		      const char *volume)
{
	g_autoptr(GError) error = NULL;
	struct copy_row copy;
	struct volume_row row;
	gboolean found;

	if (*volume == '\0')
		return g_strdup("no volume is in it");
	if (!catalog_find_copy(catalog, volume, NULL, &copy, &found, &error) ||
	    !catalog_volume(catalog, volume, &row, &error))
		return g_strdup(error->message);
	if (found)
		return g_strdup_printf("volume %s holds cartridge %s of library %s", volume,
				       copy.barcode, copy.library);
	if (row.use == VOLUME_FULL || row.use == VOLUME_FAILED)
		return g_strdup_printf("volume %s is marked %s (%s)", volume,
				       volume_use_name(row.use), row.note);
	if (!policy_config_is_scratch(config, volume))
		return g_strdup_printf("what is on volume %s is unknown: declare it with scratch= "
				       "where it may be written over",
				       volume);
	return NULL;
}

gboolean volume_check_tape(struct catalog *catalog, struct tapeio *tape, const char *volume,
			   GError **error)
{
	uint8_t first[CART_DIGEST_SIZE];
	struct copy_row copy;
	gboolean found;

	/* a tape that cannot be read holds nothing that can be compared; writing it will show */
	if (step_first_block(tape, first) != 0)
		return TRUE;
	if (!catalog_find_copy(catalog, NULL, first, &copy, &found, error))
		return FALSE;
	if (!found)
		return TRUE;
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_WRONG_VOLUME,
		    "the tape in the drive is said to be volume %s but begins like the copy of "
		    "cartridge %s on volume %s: it is not written over; put in the right one, or "
		    "erase it (mt rewind, mt weof)",
		    volume, copy.barcode, copy.copy.volume);
	return FALSE;
}
