/* SPDX-License-Identifier: Apache-2.0 */
/*
 * move.c: cartridges change places.
 *
 * Each change is an operation (internal.h), and goes through the same steps:
 *
 *   1 check      wait until no other operation has to do with its elements; then look.  Nothing has
 *                happened yet; a refusal costs nothing
 *   2 eject      drives that hold what is to leave give it back (they sync and close it)
 *   3 save       the inventory file is replaced; from here on the change is true
 *   4 load       drives that got a cartridge begin to load it
 *
 * 1 and 3 are with the library's lock held.  2 and 4, which wait for drives, are not: everything
 * else in the library goes on, and the operation's elements are its own until it ends; of those
 * that it emptied, until 3.
 *
 * Where 2 or 3 fails, the drives that had given theirs back are told to load it again and memory is
 * as before: after every failure the inventory in memory, the file and the drives agree.  A process
 * killed between two steps leaves the file of before 3 or of after 3, and no other.
 */
#include <errno.h>
#include <string.h>

#include "lib/library/internal.h"

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
	case LIBRARY_E_BUSY:
		return "a host is at work on the drive";
	case LIBRARY_E_RESERVED:
		return "a host has reserved the drive";
	}
	return outcome < 0 ? g_strerror(-outcome) : "done";
}

/* ---- operations ---- */

const struct operation *operation_at(const struct library *library, uint16_t address)
{
	for (const struct operation *op = library->operations; op != NULL; op = op->next)
		for (unsigned i = 0; i < op->cnt; i++)
			if (op->change[i].destination == address ||
			    (op->change[i].source == address && !op->committed))
				return op;
	return NULL;
}

void operation_await(struct library *library, uint16_t address)
{
	while (operation_at(library, address) != NULL)
		(void)pthread_cond_wait(&library->idle, &library->lock);
}

void operation_enter(struct library *library, struct operation *op)
{
	op->next = library->operations;
	library->operations = op;
}

void operation_leave(struct library *library, struct operation *op)
{
	struct operation **at = &library->operations;

	while (*at != op)
		at = &(*at)->next;
	*at = op->next;
	(void)pthread_cond_broadcast(&library->idle);
}

/* Until nothing is under way at any of them at the same time. */
static void await_all(struct library *library, const uint16_t *addresses, unsigned cnt)
{
	unsigned i = 0;

	while (i < cnt) {
		if (operation_at(library, addresses[i]) == NULL) {
			i++;
			continue;
		}
		operation_await(library, addresses[i]);
		i = 0; /* the others may have changed */
	}
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
	struct change *c = &op->change[op->cnt];

	if (from == NULL || place(library, destination) == NULL)
		return LIBRARY_E_NO_ELEMENT;
	if (from->barcode[0] == '\0')
		return LIBRARY_E_SOURCE_EMPTY;
	*c = (struct change){ .source = source, .destination = destination };
	memcpy(c->barcode, from->barcode, sizeof(c->barcode));
	op->cnt++;
	return 0;
}

/* Undoes step 2. */
static void load_again(const struct operation *op)
{
	for (unsigned i = 0; i < op->cnt; i++) {
		const struct change *c = &op->change[i];

		if (c->ejected)
			c->from.ops->load(c->from.ctx, c->barcode);
	}
}

static int accept_all(const struct operation *op)
{
	for (unsigned i = 0; i < op->cnt; i++) {
		const struct change *c = &op->change[i];

		if (c->to.link != NULL && c->to.ops->accepts != NULL &&
		    !c->to.ops->accepts(c->to.ctx, c->barcode))
			return LIBRARY_E_INCOMPATIBLE;
	}
	return 0;
}

static int take_from(const struct drive_call *drive, enum taker taker)
{
	int r;

	if (taker == TAKER_HOST || drive->ops->take_out == NULL)
		r = drive->ops->eject(drive->ctx);
	else
		r = drive->ops->take_out(drive->ctx, taker == TAKER_FORCE);
	switch (r) {
	case 0:
	case LIBRARY_E_PREVENTED:
	case LIBRARY_E_BUSY:
	case LIBRARY_E_RESERVED:
		return r;
	default:
		return LIBRARY_E_DRIVE_FAILED;
	}
}

static int eject_all(struct operation *op)
{
	for (unsigned i = 0; i < op->cnt; i++) {
		struct change *c = &op->change[i];
		int r = c->from.link == NULL ? 0 : take_from(&c->from, op->taker);

		if (r != 0)
			return r;
		c->ejected = c->from.link != NULL;
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

static void tell_all(struct library *library, const struct operation *op)
{
	for (unsigned i = 0; i < op->cnt; i++) {
		const struct change *c = &op->change[i];

		library_tell(library, c->barcode, c->source, c->destination);
		if (c->ejected) /* who heard of it before the inventory was saved, saw it full */
			library_tell(library, "", c->source, c->source);
	}
}

/* Step 3 with the lock taken for it. */
static int save(struct library *library, struct operation *op)
{
	int r;

	(void)pthread_mutex_lock(&library->lock);
	/* it may have been destroyed while a drive was at its command */
	r = library_may_change(library) ? commit(library, op) : LIBRARY_E_NOT_OWNER;
	if (r == 0) {
		op->committed = true; /* the sources are everybody's again */
		(void)pthread_cond_broadcast(&library->idle);
		tell_all(library, op);
	}
	(void)pthread_mutex_unlock(&library->lock);
	return r;
}

/* Steps 2 to 4; no lock is held. */
static int operation_carry_out(struct library *library, struct operation *op)
{
	int r = accept_all(op);

	if (r == 0)
		r = eject_all(op);
	if (r == 0)
		r = save(library, op);
	if (r != 0) {
		load_again(op);
		return r;
	}
	for (unsigned i = 0; i < op->cnt; i++)
		if (op->change[i].to.link != NULL)
			op->change[i].to.ops->load(op->change[i].to.ctx, op->change[i].barcode);
	return 0;
}

/* Steps 2 to 4 of an operation that was found good; the lock is held before and after. */
static int operation_run(struct library *library, struct operation *op)
{
	int r;

	operation_enter(library, op);
	for (unsigned i = 0; i < op->cnt; i++) {
		(void)drive_call_begin(library, op->change[i].source, &op->change[i].from);
		(void)drive_call_begin(library, op->change[i].destination, &op->change[i].to);
	}
	(void)pthread_mutex_unlock(&library->lock);
	r = operation_carry_out(library, op);
	(void)pthread_mutex_lock(&library->lock);
	for (unsigned i = 0; i < op->cnt; i++) {
		drive_call_end(library, &op->change[i].from);
		drive_call_end(library, &op->change[i].to);
	}
	operation_leave(library, op);
	return r;
}

static int move_locked(struct library *library, uint16_t source, uint16_t destination,
		       enum taker taker)
{
	struct operation op = { .taker = taker };
	int r;

	await_all(library, (const uint16_t[]){ source, destination }, 2);
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

	(void)pthread_mutex_lock(&library->lock);
	r = move_locked(library, source, destination, TAKER_HOST);
	(void)pthread_mutex_unlock(&library->lock);
	return r;
}

int library_take_out(struct library *library, uint16_t source, uint16_t destination, bool force)
{
	int r;

	(void)pthread_mutex_lock(&library->lock);
	/* somebody else's move from there, or to there: not waited for, either */
	if (!force && operation_at(library, source) != NULL)
		r = LIBRARY_E_BUSY;
	else if (!force && operation_at(library, destination) != NULL)
		r = LIBRARY_E_DESTINATION_FULL;
	else
		r = move_locked(library, source, destination, force ? TAKER_FORCE : TAKER_OPERATOR);
	(void)pthread_mutex_unlock(&library->lock);
	return r;
}

static int exchange_locked(struct library *library, uint16_t source, uint16_t destination1,
			   uint16_t destination2)
{
	struct operation op = { .cnt = 0 };
	int r;

	await_all(library, (const uint16_t[]){ source, destination1, destination2 }, 3);
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

	(void)pthread_mutex_lock(&library->lock);
	r = exchange_locked(library, source, destination1, destination2);
	(void)pthread_mutex_unlock(&library->lock);
	return r;
}

/* The first empty element of a type that nothing is on its way to; NULL where there is none. */
static struct cell *free_cell(const struct library *library, enum library_element_type type,
			      uint16_t *ret_address)
{
	for (unsigned n = 1; library_address(library, type, n, ret_address); n++) {
		struct cell *cell = inventory_cell(&library->inv, *ret_address);

		if (cell->barcode[0] == '\0' && operation_at(library, *ret_address) == NULL)
			return cell;
	}
	return NULL;
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
	cell = free_cell(library, mail_slot ? ELEMENT_MAIL : ELEMENT_STORAGE, &address);
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
	(void)pthread_mutex_lock(&library->lock);
	r = import_locked(library, barcode, mail_slot, ret_address);
	(void)pthread_mutex_unlock(&library->lock);
	return r;
}
