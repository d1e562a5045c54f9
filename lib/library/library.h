/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library.h: a library: its description, its elements, where each cartridge is and who holds it.
 *
 * One struct library per library and process (library_open() gives a reference to the same one),
 * shared by the changer unit, the drive units and the D-Bus service, and locked inside: every
 * function may be called from any thread. The inventory is a file that is replaced atomically, and
 * durably, at each move before the move is acknowledged: it survives kill -9 at any point, and then
 * says either where the cartridge was or where it is.
 *
 * On disk: STATE/NAME/library.conf (the accepted description), STATE/NAME/inventory,
 * STATE/NAME/lock. STATE is $TCMU_VTL_STATE or /var/lib/tcmu-vtl.
 *
 * Elements have SMC addresses: transport 0, mail slots (import/export) 16.., drives 256.., storage
 * slots 1024.. (docs/architecture.md gives the reason).  People count from 1: slot 1, mail slot 1,
 * drive 1.
 *
 * Lock order: the library's lock is taken before a drive's; a drive never calls into its library
 * with its own lock held, except library_drive_note(), which takes no lock of the library.
 */
#ifndef VTL_LIBRARY_LIBRARY_H
#define VTL_LIBRARY_LIBRARY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/name.h"
#include "lib/base/outcome.h"
#include "lib/store/cartridge.h"

#define LIBRARY_STATE_DIR "/var/lib/tcmu-vtl"

#define LIBRARY_MAX_SLOTS      60000
#define LIBRARY_MAX_MAIL_SLOTS 240
#define LIBRARY_MAX_DRIVES     240

/* ---- description ---- */

/*
 * The description, a GKeyFile:
 *   [library]  name=lib0  personality=generic-lto8  slots=20  mail_slots=2  drives=2
 * pool=/srv/vtl/lib0 serial=... (optional, up to 10 of A-Z 0-9; derived from the name where absent)
 *   [media]    barcodes=TAP001L8-TAP010L8;CLN...   type=LTO-8   capacity=12T (K M G T P are powers
 * of 1000) early_warning=... (optional)  codec=none|zlib
 */
struct library_config {
	char name[LIBRARY_NAME_SIZE];
	char personality[32];
	char serial[16];
	unsigned slots, mail_slots, drives;
	char *pool;      /* absolute path; owned */
	char **barcodes; /* of the media to create, ranges expanded; NULL-terminated, owned */
	uint64_t capacity_bytes, early_warning_bytes;
	uint8_t density, medium_type;
	enum cart_codec codec;
};

/* Reads and checks a description. FALSE and @error (naming file, group, key, value, remedy)
 * otherwise. */
gboolean library_config_load(const char *path, struct library_config **ret_config, GError **error);
void library_config_free(struct library_config *config); /* NULL is allowed */

/*
 * Creates the library: state folder, pool folder, cartridges (an existing one is kept and taken
 * into the inventory as it is), inventory (slots filled in the order of the barcodes).  Nothing is
 * left behind when it fails.
 */
gboolean library_create(const struct library_config *config, GError **error);

/* Forgets a library (its state folder). Cartridges stay in the pool unless @delete_cartridges.
 * Refused while in use. */
gboolean library_destroy(const char *name, gboolean delete_cartridges, GError **error);

/* Names of all libraries on this machine; g_strfreev(). */
char **library_list(void);

/* ---- open ---- */

struct library;

enum library_open_flags {
	LIBRARY_OPEN_READ = 0, /* a snapshot of the inventory, without a lock; moves are refused */
	LIBRARY_OPEN_OWN = 1,  /* this process owns the library: takes STATE/NAME/lock, which dies
				  with the process */
};

/*
 * @error names the remedy: no such library, a damaged inventory, owned by process N.
 * A damaged or absent inventory of an owner is not fatal where the pool can be listed: cartridges
 * are placed anew into slots in the order of their barcodes, the damaged file is kept as
 * inventory.damaged.
 */
struct library *library_open(const char *name, unsigned flags, GError **error);
struct library *library_ref(struct library *library);
void library_unref(struct library *library); /* NULL is allowed */

const char *library_name(const struct library *library);
const char *library_pool(const struct library *library);
const struct library_config *library_config(const struct library *library);

/* ---- elements ---- */

enum library_element_type { /* SMC-3 element type codes */
	ELEMENT_TRANSPORT = 1,
	ELEMENT_STORAGE = 2,
	ELEMENT_MAIL = 3,
	ELEMENT_DRIVE = 4,
};

struct library_element {
	enum library_element_type type;
	uint16_t address;
	bool full;
	char barcode[BARCODE_SIZE]; /* "" where empty */
	bool source_valid;          /* the element that the cartridge came from is known */
	uint16_t source;
	bool access;             /* the robot can reach it (SMC ACCESS) */
	bool placed_by_operator; /* mail slot: IMPEXP */
	bool prevented;          /* drive: PREVENT ALLOW MEDIUM REMOVAL is in force */
	char drive_state[16]; /* drive: "empty", "loading", "ready", "unloaded", "failed"; else ""
			       */
};

unsigned library_element_count(const struct library *library, enum library_element_type type);
uint16_t library_first_address(const struct library *library, enum library_element_type type);

/* FALSE where there is no such element. */
bool library_element(struct library *library, uint16_t address,
		     struct library_element *ret_element);

/* Finds a cartridge by barcode. */
bool library_find(struct library *library, const char *barcode, uint16_t *ret_address);

enum library_outcome {
	LIBRARY_E_NO_ELEMENT = 1, /* no such address, or not of a type that can be used so */
	LIBRARY_E_SOURCE_EMPTY,
	LIBRARY_E_DESTINATION_FULL,
	LIBRARY_E_PREVENTED,    /* the drive's removal is prevented */
	LIBRARY_E_DRIVE_FAILED, /* the drive could not unload (storage error): the cartridge stays
				   in it */
	LIBRARY_E_NOT_OWNER,    /* opened for reading, or the lock was lost */
	LIBRARY_E_INCOMPATIBLE, /* the drive does not take this medium */
};

const char *library_outcome_name(int outcome);

/*
 * Moves a cartridge (MOVE MEDIUM).  From a drive that has not unloaded it yet, the drive unloads
 * first.  To a drive: the inventory is saved, then the drive begins to load; the move succeeds at
 * once even where a recall must come first. Returns 0, a library_outcome, or -errno (the inventory
 * could not be saved: nothing moved).
 */
MUST_CHECK int library_move(struct library *library, uint16_t source, uint16_t destination);

/*
 * EXCHANGE MEDIUM (SMC-3): what is in @source goes to @destination1, what was there goes to
 * @destination2 (which may be
 * @source).  All or nothing: saved as one change of the inventory.
 */
MUST_CHECK int library_exchange(struct library *library, uint16_t source, uint16_t destination1,
				uint16_t destination2);

/* Puts a cartridge that exists in the pool into the first free slot (or a mail slot). CART_E_* are
 * not returned: LIBRARY_E_DESTINATION_FULL, LIBRARY_E_SOURCE_EMPTY (not in the pool), -EEXIST
 * (already in the library). */
MUST_CHECK int library_import(struct library *library, const char *barcode, bool mail_slot,
			      uint16_t *ret_address);

/* ---- drives ---- */

/* What the library asks of an attached drive. Called with the library's lock held; the drive takes
 * its own. */
struct library_drive_ops {
	/* A cartridge was put in: begin to load. @barcode is copied. Never waits for a recall. */
	void (*load)(void *ctx, const char *barcode);
	/*
	 * Give the cartridge back: unload when still loaded, close it. 0, LIBRARY_E_PREVENTED or
	 * LIBRARY_E_DRIVE_FAILED; with the last two it stays in the drive.
	 */
	int (*eject)(void *ctx);
	/* Looks again at a cartridge that is being recalled (becomes ready, or failed). Cheap; may
	 * be called often. */
	void (*poll)(void *ctx);
};

/* State words of library_drive_note(). */
enum library_drive_state {
	DRIVE_EMPTY,
	DRIVE_LOADING, /* a recall is under way or waited for: NOT READY 04/01 */
	DRIVE_READY,
	DRIVE_UNLOADED, /* a cartridge is in the drive, not threaded; the robot can take it */
	DRIVE_FAILED,
};

/* @number from 1. -ENOENT, -EBUSY. Calls ops->load() before it returns where the inventory has a
 * cartridge there. */
MUST_CHECK int library_attach_drive(struct library *library, unsigned number,
				    const struct library_drive_ops *ops, void *ctx);
void library_detach_drive(struct library *library, unsigned number);

/* The drive tells its state, for element status, D-Bus and people; atomic, takes no lock. */
void library_drive_note(struct library *library, unsigned number, enum library_drive_state state,
			bool prevented);

/* ---- listeners (D-Bus) ---- */

/*
 * @moved is called after each completed move, and with source == destination when a drive's state
 * changed; without locks, in the thread that moved.  One listener per library; NULL removes it.
 */
typedef void (*library_moved_fn)(void *ctx, struct library *library, const char *barcode,
				 uint16_t source, uint16_t destination);
void library_set_listener(struct library *library, library_moved_fn moved, void *ctx);

#endif
