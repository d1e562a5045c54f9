/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drives.c: the units that are attached as drives, and how they are called.
 *
 * A drive's answer may wait for the command that it is at, so none is called with the library's
 * lock held: struct drive_call keeps it attached meanwhile.
 */
#include <errno.h>

#include "lib/library/internal.h"

bool drive_call_begin(struct library *library, uint16_t address, struct drive_call *ret_call)
{
	struct drive_link *link;

	*ret_call = (struct drive_call){ .link = NULL };
	if (element_type(address) != ELEMENT_DRIVE ||
	    inventory_cell(&library->inv, address) == NULL)
		return false;
	link = &library->drives[address - DRIVE_BASE];
	if (link->ops == NULL)
		return false;
	link->users++;
	*ret_call = (struct drive_call){ .link = link, .ops = link->ops, .ctx = link->ctx };
	return true;
}

void drive_call_end(struct library *library, struct drive_call *call)
{
	if (call->link == NULL)
		return;
	if (--call->link->users == 0)
		(void)pthread_cond_broadcast(&library->idle);
	call->link = NULL;
}

void drive_describe(const struct library *library, struct library_element *e)
{
	static const char *const words[] = {
		[DRIVE_EMPTY] = "empty",       [DRIVE_LOADING] = "loading", [DRIVE_READY] = "ready",
		[DRIVE_UNLOADED] = "unloaded", [DRIVE_FAILED] = "failed",
	};
	struct drive_link *link = &library->drives[e->address - DRIVE_BASE];
	const struct operation *op = operation_at(library, e->address);
	int note = g_atomic_int_get(&link->note);
	unsigned state = (unsigned)note & ~(unsigned)NOTE_PREVENTED;

	if (link->ops == NULL) {
		note = 0;
		state = e->full ? DRIVE_UNLOADED : DRIVE_EMPTY;
	} else if (e->full && state == DRIVE_EMPTY) {
		/* a robot is there: it has not told the drive yet, or not gone yet */
		state = op != NULL && op->committed ? DRIVE_LOADING : DRIVE_UNLOADED;
	}
	e->prevented = (note & NOTE_PREVENTED) != 0;
	e->access = !(e->full && e->prevented);
	(void)g_strlcpy(e->drive_state, state < G_N_ELEMENTS(words) ? words[state] : "failed",
			sizeof(e->drive_state));
}

/* Tells a new drive what is in it.  As an operation: no robot comes in between. */
static void load_first(struct library *library, uint16_t address)
{
	struct operation op = { .cnt = 1,
				.change[0] = { .source = address, .destination = address },
				.committed = true };
	struct change *c = &op.change[0];

	(void)g_strlcpy(c->barcode, inventory_cell(&library->inv, address)->barcode,
			sizeof(c->barcode));
	if (c->barcode[0] == '\0' || !drive_call_begin(library, address, &c->to))
		return;
	operation_enter(library, &op);
	(void)pthread_mutex_unlock(&library->lock);
	c->to.ops->load(c->to.ctx, c->barcode);
	(void)pthread_mutex_lock(&library->lock);
	drive_call_end(library, &c->to);
	operation_leave(library, &op);
}

int library_attach_drive(struct library *library, unsigned number,
			 const struct library_drive_ops *ops, void *ctx)
{
	uint16_t address = (uint16_t)(DRIVE_BASE + number - 1);
	struct drive_link *link;
	int r = 0;

	if (number < 1 || number > library->config->drives)
		return -ENOENT;
	(void)pthread_mutex_lock(&library->lock);
	operation_await(library, address);
	link = &library->drives[number - 1];
	if (!library_may_change(library))
		r = -EPERM;
	else if (link->ops != NULL)
		r = -EBUSY;
	if (r == 0) {
		link->ops = ops;
		link->ctx = ctx;
		g_atomic_int_set(&link->note, DRIVE_EMPTY);
		load_first(library, address);
	}
	(void)pthread_mutex_unlock(&library->lock);
	return r;
}

void library_detach_drive(struct library *library, unsigned number)
{
	if (number < 1 || number > library->config->drives)
		return;
	(void)pthread_mutex_lock(&library->lock);
	library->drives[number - 1].ops = NULL;
	library->drives[number - 1].ctx = NULL;
	/* whoever called it before still may: its caller frees it when this returns */
	while (library->drives[number - 1].users > 0)
		(void)pthread_cond_wait(&library->idle, &library->lock);
	if (library->drives[number - 1].ops == NULL)
		g_atomic_int_set(&library->drives[number - 1].note, DRIVE_EMPTY);
	(void)pthread_mutex_unlock(&library->lock);
}

void library_poll(struct library *library)
{
	(void)pthread_mutex_lock(&library->lock);
	for (unsigned i = 0; i < library->config->drives; i++) {
		struct drive_call call;

		/* one at a command is not asked: it may take hours */
		if ((g_atomic_int_get(&library->drives[i].note) & ~NOTE_PREVENTED) !=
			    DRIVE_LOADING ||
		    !drive_call_begin(library, (uint16_t)(DRIVE_BASE + i), &call))
			continue;
		(void)pthread_mutex_unlock(&library->lock);
		call.ops->poll(call.ctx);
		(void)pthread_mutex_lock(&library->lock);
		drive_call_end(library, &call);
	}
	(void)pthread_mutex_unlock(&library->lock);
}

int library_drive_alert(struct library *library, unsigned number, uint64_t set, uint64_t clear,
			uint64_t *ret_flags)
{
	struct drive_call call;
	int r = 0;

	if (number < 1 || number > library->config->drives)
		return LIBRARY_E_NO_ELEMENT;
	(void)pthread_mutex_lock(&library->lock);
	if (!drive_call_begin(library, (uint16_t)(DRIVE_BASE + number - 1), &call)) {
		(void)pthread_mutex_unlock(&library->lock);
		return -ENODEV;
	}
	(void)pthread_mutex_unlock(&library->lock);
	if (call.ops->alert != NULL)
		*ret_flags = call.ops->alert(call.ctx, set, clear);
	else
		r = -ENODEV;
	(void)pthread_mutex_lock(&library->lock);
	drive_call_end(library, &call);
	(void)pthread_mutex_unlock(&library->lock);
	return r;
}

/* ---- options ---- */

const char *library_option_name(unsigned option)
{
	static const char *const names[LIBRARY_DRIVE_OPTIONS] = {
		[LIBRARY_REALISTIC] = "realistic",
		[LIBRARY_CLEANING] = "cleaning",
	};

	return option < LIBRARY_DRIVE_OPTIONS ? names[option] : NULL;
}

static struct library_drives *drives_with(struct library_config *config,
					  enum library_drive_option option)
{
	return option == LIBRARY_REALISTIC ? &config->realistic : &config->cleaning;
}

static void note_option(struct library *library, unsigned number, enum library_drive_option option)
{
	guint *options = &library->drives[number - 1].options, bit = 1u << option;

	if (library_drives_have(drives_with(library->config, option), number))
		(void)g_atomic_int_or(options, bit);
	else
		(void)g_atomic_int_and(options, ~bit);
}

void drives_note_options(struct library *library)
{
	for (unsigned number = 1; number <= library->config->drives; number++)
		for (unsigned option = 0; option < LIBRARY_DRIVE_OPTIONS; option++)
			note_option(library, number, option);
}

bool library_drive_option(const struct library *library, unsigned number,
			  enum library_drive_option option)
{
	return number >= 1 && number <= library->config->drives &&
	       ((guint)g_atomic_int_get(&library->drives[number - 1].options) & 1u << option) != 0;
}

/* In the file and in memory, or in neither; the lock is held. */
static int save_option(struct library *library, unsigned number, enum library_drive_option option,
		       bool on)
{
	struct library_drives *drives = drives_with(library->config, option), before = *drives;
	uint8_t bit = (uint8_t)(1u << (number - 1) % 8);
	int r;

	if (on)
		drives->bits[(number - 1) / 8] |= bit;
	else
		drives->bits[(number - 1) / 8] &= (uint8_t)~bit;
	r = state_save_config(library->folder, library->config);
	if (r != 0) {
		*drives = before;
		/* the new file may be in place and only its folder's sync have failed */
		(void)state_save_config(library->folder, library->config);
	}
	note_option(library, number, option);
	return r;
}

int library_set_drive_option(struct library *library, unsigned number,
			     enum library_drive_option option, bool on)
{
	struct drive_call call = { .link = NULL };
	int r;

	if (number < 1 || number > library->config->drives)
		return LIBRARY_E_NO_ELEMENT;
	(void)pthread_mutex_lock(&library->lock);
	r = library_may_change(library) ? save_option(library, number, option, on)
					: LIBRARY_E_NOT_OWNER;
	if (r == 0)
		(void)drive_call_begin(library, (uint16_t)(DRIVE_BASE + number - 1), &call);
	(void)pthread_mutex_unlock(&library->lock);
	if (call.link == NULL)
		return r;
	if (call.ops->option != NULL)
		call.ops->option(call.ctx, option);
	(void)pthread_mutex_lock(&library->lock);
	drive_call_end(library, &call);
	(void)pthread_mutex_unlock(&library->lock);
	return r;
}

/* ---- what drives tell ---- */

void library_drive_note(struct library *library, unsigned number, enum library_drive_state state,
			bool prevented)
{
	int note = (int)state | (prevented ? NOTE_PREVENTED : 0);
	uint16_t address = (uint16_t)(DRIVE_BASE + number - 1);

	if (number < 1 || number > library->config->drives)
		return;
	/* a drive notes from one thread at a time (its own lock), so get and set need not be one
	 * step */
	if (g_atomic_int_get(&library->drives[number - 1].note) == note)
		return;
	g_atomic_int_set(&library->drives[number - 1].note, note);
	library_tell(library, "", address, address);
}
