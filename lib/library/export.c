/* SPDX-License-Identifier: Apache-2.0 */
/* export.c: a cartridge leaves the library, by an operator's hand: the way back of
 * library_import().
 */
#include <errno.h>

#include "lib/library/internal.h"

static int export_locked(struct library *library, const char *barcode)
{
	uint16_t address = 0;
	struct cell *cell, old;
	int r;

	if (!library_may_change(library))
		return LIBRARY_E_NOT_OWNER;
	cell = inventory_find(&library->inv, barcode, &address);
	if (cell == NULL)
		return LIBRARY_E_SOURCE_EMPTY;
	if ((element_type(address) != ELEMENT_STORAGE && element_type(address) != ELEMENT_MAIL) ||
	    operation_at(library, address) != NULL)
		return -EBUSY;
	old = *cell;
	*cell = (struct cell){ 0 };
	r = state_save_inventory(library->folder, library->name, &library->inv);
	if (r != 0) {
		*cell = old;
		return r;
	}
	library_tell(library, barcode, address, address);
	return 0;
}

int library_export(struct library *library, const char *barcode)
{
	int r;

	if (!barcode_is_valid(barcode))
		return LIBRARY_E_SOURCE_EMPTY;
	(void)pthread_mutex_lock(&library->lock);
	r = export_locked(library, barcode);
	(void)pthread_mutex_unlock(&library->lock);
	return r;
}
