/* SPDX-License-Identifier: Apache-2.0 */
/*
 * move.c: cartridges change places.
 *
 * Each change goes through the same steps, with the library's lock held from the first to the last:
 *
 *   1 check      nothing has happened yet; a refusal costs nothing
 *   2 eject      drives that hold what is to leave give it back (they sync and close it)
 *   3 save       the inventory file is replaced; from here on the change is true
 *   4 load       drives that got a cartridge begin to load it
 *
 * Where 2 or 3 fails, the drives that had given theirs back are told to load it again and memory is
 * as before: after every failure the inventory in memory, the file and the drives agree.  A process
 * killed between two steps leaves the file of before 3 or of after 3, and no other.
 */
#include <errno.h>
#include <string.h>

#include "lib/library/internal.h"

#define MAX_CHANGES 2

/* One cartridge's way; an operation has one (move) or two (exchange). */
struct change {
	uint16_t source, destination;
	char barcode[BARCODE_SIZE];
	bool ejected; /* step 2 is done for it */
};

struct operation {
	struct change change[MAX_CHANGES];
	unsigned cnt;
};

const char *library_outcome_name(int outcome)
{
	switch ((enum library_outcome)outcome) {
	case LIBRARY_E_NO_ELEMENT:
		return "no such element";
	case LIBRARY_E_SOURCE_EMPTY:
		return "the source is empty";
	case LIBRARY_E_DESTINATION_FULL:
		return "the destination is full";
	case LIBRARY_E_PREVENTED:
		return "a host prevents removal from the drive";
	case LIBRARY_E_DRIVE_FAILED:
		return "the drive could not unload its cartridge";
	case LIBRARY_E_NOT_OWNER:
		return "this process does not own the library";
	case LIBRARY_E_INCOMPATIBLE:
		return "the drive does not take this medium";
	}
	return outcome < 0 ? g_strerror(-outcome) : "done";
}

static const struct drive_link *attached(const struct library *library, uint16_t address)
{
	const struct drive_link *link;

	if (element_type(address) != ELEMENT_DRIVE)
		return NULL;
	link = &library->drives[address - DRIVE_BASE];
	return link->ops != NULL ? link : NULL;
}

/* The element's cell where a cartridge can rest in it. */
static struct cell *place(const struct library *library, uint16_t address)
{
	if (element_type(address) == ELEMENT_TRANSPORT)
		return NULL; /* our robot's hand is empty between commands */
	return inventory_cell(&library->inv, address);
}

static int operation_add(const struct library *library, struct operation *op, uint16_t source,
			 uint16_t destination)
{
	const struct cell *from = place(library, source);
	const struct drive_link *drive;
	struct change *c = &op->change[op->cnt];

	if (from == NULL || place(library, destination) == NULL)
		return LIBRARY_E_NO_ELEMENT;
	if (from->barcode[0] == '\0')
		return LIBRARY_E_SOURCE_EMPTY;
	drive = attached(library, destination);
	if (drive != NULL && drive->ops->accepts != NULL &&
	    !drive->ops->accepts(drive->ctx, from->barcode))
		return LIBRARY_E_INCOMPATIBLE;
	*c = (struct change){ .source = source, .destination = destination };
	memcpy(c->barcode, from->barcode, sizeof(c->barcode));
	op->cnt++;
	return 0;
}

/* Undoes step 2. */
static void load_again(const struct library *library, const struct operation *op)
{
	for (unsigned i = 0; i < op->cnt; i++) {
		const struct drive_link *drive = attached(library, op->change[i].source);

		if (op->change[i].ejected && drive != NULL)
			drive->ops->load(drive->ctx, op->change[i].barcode);
	}
}

static int eject_all(const struct library *library, struct operation *op)
{
	for (unsigned i = 0; i < op->cnt; i++) {
		const struct drive_link *drive = attached(library, op->change[i].source);
		int r = drive == NULL ? 0 : drive->ops->eject(drive->ctx);

		if (r != 0)
			return r == LIBRARY_E_PREVENTED ? r : LIBRARY_E_DRIVE_FAILED;
		op->change[i].ejected = drive != NULL;
	}
	return 0;
}

/* What the destination will hold.  SMC: the source is the last storage element the medium came
 * from, so a drive does not become one. */
static struct cell arrived(const struct library *library, const struct change *c)
{
	struct cell cell = *inventory_cell(&library->inv, c->source);

	if (element_type(c->source) != ELEMENT_DRIVE) {
		cell.source_valid = true;
		cell.source = c->source;
	}
	cell.placed_by_operator = false;
	return cell;
}

/* Step 3. Memory is as before where it fails. */
static int commit(struct library *library, const struct operation *op)
{
	struct cell after[MAX_CHANGES], before_source[MAX_CHANGES], before_dest[MAX_CHANGES];
	int r;

	for (unsigned i = 0; i < op->cnt; i++) {
		after[i] = arrived(library, &op->change[i]);
		before_source[i] = *inventory_cell(&library->inv, op->change[i].source);
		before_dest[i] = *inventory_cell(&library->inv, op->change[i].destination);
	}
	for (unsigned i = 0; i < op->cnt; i++)
		*inventory_cell(&library->inv, op->change[i].source) = (struct cell){ 0 };
	for (unsigned i = 0; i < op->cnt; i++)
		*inventory_cell(&library->inv, op->change[i].destination) = after[i];
	r = state_save_inventory(library->folder, library->name, &library->inv);
	if (r == 0)
		return 0;
	for (unsigned i = 0; i < op->cnt; i++) {
		*inventory_cell(&library->inv, op->change[i].destination) = before_dest[i];
		*inventory_cell(&library->inv, op->change[i].source) = before_source[i];
	}
	/* the new file may be in place and only its folder's sync have failed */
	(void)state_save_inventory(library->folder, library->name, &library->inv);
	return r;
}

/* Steps 2 to 4. */
static int operation_run(struct library *library, struct operation *op)
{
	int r = eject_all(library, op);

	if (r == 0)
		r = commit(library, op);
	if (r != 0) {
		load_again(library, op);
		return r;
	}
	for (unsigned i = 0; i < op->cnt; i++) {
		const struct drive_link *drive = attached(library, op->change[i].destination);

		if (drive != NULL)
			drive->ops->load(drive->ctx, op->change[i].barcode);
	}
	for (unsigned i = 0; i < op->cnt; i++)
		library_tell(library, op->change[i].barcode, op->change[i].source,
			     op->change[i].destination);
	return 0;
}

static int move_locked(struct library *library, uint16_t source, uint16_t destination)
{
	struct operation op = { .cnt = 0 };
	int r;

	if (!library_may_change(library))
		return LIBRARY_E_NOT_OWNER;
	r = operation_add(library, &op, source, destination);
	if (r != 0 || source == destination)
		return r;
	if (place(library, destination)->barcode[0] != '\0')
		return LIBRARY_E_DESTINATION_FULL;
	return operation_run(library, &op);
}

int library_move(struct library *library, uint16_t source, uint16_t destination)
{
	int r;

	g_mutex_lock(&library->lock);
	r = move_locked(library, source, destination);
	g_mutex_unlock(&library->lock);
	return r;
}

static int exchange_locked(struct library *library, uint16_t source, uint16_t destination1,
			   uint16_t destination2)
{
	struct operation op = { .cnt = 0 };
	int r;

	if (!library_may_change(library))
		return LIBRARY_E_NOT_OWNER;
	r = operation_add(library, &op, source, destination1);
	if (r == 0)
		r = operation_add(library, &op, destination1, destination2);
	if (r != 0)
		return r;
	if (source == destination1 || destination1 == destination2)
		return LIBRARY_E_DESTINATION_FULL;
	if (destination2 != source && place(library, destination2)->barcode[0] != '\0')
		return LIBRARY_E_DESTINATION_FULL;
	return operation_run(library, &op);
}

int library_exchange(struct library *library, uint16_t source, uint16_t destination1,
		     uint16_t destination2)
{
	int r;

	g_mutex_lock(&library->lock);
	r = exchange_locked(library, source, destination1, destination2);
	g_mutex_unlock(&library->lock);
	return r;
}

static int import_locked(struct library *library, const char *barcode, bool mail_slot,
			 uint16_t *ret_address)
{
	uint16_t address = 0;
	struct cell *cell;
	int r;

	if (!library_may_change(library))
		return LIBRARY_E_NOT_OWNER;
	if (inventory_find(&library->inv, barcode, NULL) != NULL)
		return -EEXIST;
	cell = inventory_free_cell(&library->inv, mail_slot ? ELEMENT_MAIL : ELEMENT_STORAGE,
				   &address);
	if (cell == NULL)
		return LIBRARY_E_DESTINATION_FULL;
	(void)g_strlcpy(cell->barcode, barcode, sizeof(cell->barcode));
	cell->placed_by_operator = mail_slot;
	r = state_save_inventory(library->folder, library->name, &library->inv);
	if (r != 0) {
		*cell = (struct cell){ 0 };
		return r;
	}
	*ret_address = address;
	library_tell(library, barcode, address, address);
	return 0;
}

int library_import(struct library *library, const char *barcode, bool mail_slot,
		   uint16_t *ret_address)
{
	struct cart_info info;
	int r;

	/* a damaged cartridge is one too: the drive that loads it will tell */
	if (!barcode_is_valid(barcode) ||
	    cart_stat(library->config->pool, barcode, &info) == CART_E_ABSENT)
		return LIBRARY_E_SOURCE_EMPTY;
	g_mutex_lock(&library->lock);
	r = import_locked(library, barcode, mail_slot, ret_address);
	g_mutex_unlock(&library->lock);
	return r;
}
