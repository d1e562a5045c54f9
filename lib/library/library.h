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
 * Locks: a drive is called without the library's lock, because its answer may wait for a command of
 * hours; only who wants that drive waits with it.  A drive never calls into its library with its
 * own lock held, except library_drive_note(), which takes no lock of the library: others may wait
 * for that drive, and it for them.
 */
#ifndef VTL_LIBRARY_LIBRARY_H
#define VTL_LIBRARY_LIBRARY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/name.h"
#include "lib/base/outcome.h"
#include "lib/store/cartridge.h"

struct cart_params;
struct personality; /* lib/personality/personality.h */

#define LIBRARY_STATE_DIR "/var/lib/tcmu-vtl"

#define LIBRARY_MAX_SLOTS      60000
#define LIBRARY_MAX_MAIL_SLOTS 240
#define LIBRARY_MAX_DRIVES     240

/* $TCMU_VTL_STATE or LIBRARY_STATE_DIR; static. */
const char *library_state_dir(void);

/* Domain and codes of every GError of this module. */
enum library_error {
	LIBRARY_ERROR_FAILED,    /* the system refused; the message has the cause */
	LIBRARY_ERROR_INVALID,   /* a description, inventory or argument is wrong */
	LIBRARY_ERROR_NOT_FOUND, /* no such library */
	LIBRARY_ERROR_EXISTS,    /* library_create: the name, serial or pool is taken */
	LIBRARY_ERROR_BUSY,      /* another process owns it */
};

#define LIBRARY_ERROR library_error_quark()
GQuark library_error_quark(void);

/* ---- description ---- */

/* Some of the drives of a library. */
struct library_drives {
	uint8_t bits[LIBRARY_MAX_DRIVES / 8];
};

static inline bool library_drives_have(const struct library_drives *drives, unsigned number)
{
	return number >= 1 && number <= LIBRARY_MAX_DRIVES &&
	       (drives->bits[(number - 1) / 8] >> ((number - 1) % 8) & 1) != 0;
}

/*
 * The description, a GKeyFile (vtl-library.conf(5) has every key):
 *
 *   [library]
 *   name=lib0
 *   personality=generic-lto8        optional
 *   drive_model=hp-ultrium-6        optional: other drives than the personality's
 *   slots=20
 *   mail_slots=2                    optional, 0
 *   drives=2
 *   pool=/srv/vtl/lib0
 *   realistic=1;3-4                 optional, no: drives that are as slow as their model; yes: all
 *   cleaning=yes                    optional, no: drives that ask to be cleaned, in the same words
 *   serial=VTL0000001               optional, up to 10 of A-Z 0-9; else derived from the name and
 *                                   this machine's id, so that two machines do not collide
 *   [media]                         optional: a library can begin empty
 *   barcodes=TAP001L8-TAP010L8;SYS001L8
 *   type=LTO-8                      optional: else what each barcode's end says ("L7"), or what
 *                                   the drives write
 *   capacity=12T                    optional; K M G T P are powers of 1000; 0 = no limit
 *   early_warning=100G              optional, 1 % of the capacity
 *   codec=none                      optional, or lz4, zstd, zlib
 *
 * In barcodes a '-' always means a range: both ends are equally long and differ in one run of
 * digits.
 */
struct library_config {
	char name[LIBRARY_NAME_SIZE];
	char personality[32];
	char drive_model[32]; /* "": the personality's own */
	char type[32];        /* of the media to create: the name of a medium, "LTO-8" */
	/* What the description says; else each barcode's end says what cartridge it is. */
	bool type_given, capacity_given, early_warning_given;
	char serial[16];
	unsigned slots, mail_slots, drives;
	/* Those that take the times of their model, and those that ask to be cleaned when they were
	 * used enough: as they were when the library was opened; library_drive_option() says now.
	 */
	struct library_drives realistic, cleaning;
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

/* What the units of such a library are; NULL where its personality or model is there no more. */
const struct personality *library_personality(const struct library_config *config);

/*
 * What a new cartridge of this library is: as described, or, where the description has no type=,
 * what the end of @barcode says ("L7": LTO-7) where the library's drives know such a medium.
 * That is how write once media ("LY") and cleaning cartridges ("CLN...", "...CU") are made, too;
 * the latter also where there is a type=.  @barcode is borrowed by *ret_params.
 */
void library_cartridge_params(const struct library_config *config, const char *barcode,
			      struct cart_params *ret_params);

/*
 * Expands "TAP001L8-TAP010L8;SYS001L8" as in a description; g_strfreev().  NULL and @error
 * (LIBRARY_ERROR_INVALID, naming the item) otherwise.
 */
char **library_expand_barcodes(const char *list, GError **error);

/* "12T", "1.5G", "4096": bytes, powers of 1000. FALSE where it is anything else or too large. */
bool library_parse_size(const char *text, uint64_t *ret_bytes);

/* One of the @count words nearest to @word, where one is near enough to suggest; else NULL. */
const char *library_nearest(const char *word, const char *const *words, size_t count);

/*
 * Creates the library: state folder, pool folder, cartridges (an existing one is kept and taken
 * into the inventory as it is), inventory (slots filled in the order of the barcodes).  Nothing is
 * left behind when it fails.  An existing library, or another one with this serial or pool, is
 * refused (LIBRARY_ERROR_EXISTS).  Where root creates it and there is a group "vtl", the pool
 * belongs to that group, so that vtl-policyd can copy from it.
 */
gboolean library_create(const struct library_config *config, GError **error);

/* Forgets a library (its state folder). Cartridges stay in the pool unless @delete_cartridges.
 * Refused while it is in use, or anybody has a cartridge of the pool open (LIBRARY_ERROR_BUSY):
 * then nothing was deleted. */
gboolean library_destroy(const char *name, gboolean delete_cartridges, GError **error);

/* Names of all libraries on this machine, sorted; g_strfreev(). */
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
 *
 * Opened once for reading and then to be owned, the same object becomes the owner, and stays it
 * until its last reference goes.  Opening again for reading refreshes a snapshot.
 */
struct library *library_open(const char *name, unsigned flags, GError **error);
struct library *library_ref(struct library *library);
void library_unref(struct library *library); /* NULL is allowed */

const char *library_name(const struct library *library);
const char *library_pool(const struct library *library);
const struct library_config *library_config(const struct library *library);
bool library_is_owned(const struct library *library); /* opened with LIBRARY_OPEN_OWN */

/*
 * Serial numbers for INQUIRY: the library's serial and two characters, "00" for the changer, "01",
 * "02" ... for drives (from 100 on "A0", "A1" ...), so that no two units share one.  FALSE where
 * there is no such drive.
 */
#define LIBRARY_SERIAL_SIZE 13
void library_changer_serial(const struct library *library, char ret_serial[LIBRARY_SERIAL_SIZE]);
bool library_drive_serial(const struct library *library, unsigned number,
			  char ret_serial[LIBRARY_SERIAL_SIZE]);

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
/* The same in every library; @library may be NULL. */
uint16_t library_first_address(const struct library *library, enum library_element_type type);

/* "slot 3", "drive 1", "mail-slot 2", "transport 1": how people and D-Bus call an element.
 * Addresses that no library has become "element N". */
#define LIBRARY_LABEL_SIZE 24
void library_label(uint16_t address, char ret_label[LIBRARY_LABEL_SIZE]);

/* The address of @number (from 1) of a type. FALSE where the library has no such element. */
bool library_address(const struct library *library, enum library_element_type type, unsigned number,
		     uint16_t *ret_address);

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
	LIBRARY_E_NOT_OWNER,    /* opened for reading, or the library was destroyed under us */
	LIBRARY_E_INCOMPATIBLE, /* the drive does not take this medium */
	LIBRARY_E_BUSY,         /* a host is at work on the drive */
	LIBRARY_E_RESERVED,     /* a host has reserved the drive */
};

const char *library_outcome_name(int outcome);

/*
 * Moves a cartridge (MOVE MEDIUM).  From a drive that has not unloaded it yet, the drive unloads
 * first.  To a drive: the inventory is saved, then the drive begins to load; the move succeeds at
 * once even where a recall must come first. Returns 0, a library_outcome, or -errno (the inventory
 * could not be saved: nothing moved; a drive that had already given its cartridge back is told to
 * load it again).  From a full element to itself: 0, and nothing happens.
 *
 * It waits for what drives of the two elements are at, and for other moves that have to do with
 * them; everything else goes on meanwhile.
 */
MUST_CHECK int library_move(struct library *library, uint16_t source, uint16_t destination);

/*
 * As library_move() from a drive, at the wish of an operator and not of a host, which knows its
 * drive to be done.  Unless @force it never waits, and is refused where a host is at work
 * (LIBRARY_E_BUSY), has reserved the drive (LIBRARY_E_RESERVED) or prevents the removal.  With
 * @force it waits for the command that runs, and takes the cartridge out all the same.  Either way
 * what was written is synced first; a cartridge whose sync fails stays (LIBRARY_E_DRIVE_FAILED).
 */
MUST_CHECK int library_take_out(struct library *library, uint16_t source, uint16_t destination,
				bool force);

/*
 * EXCHANGE MEDIUM (SMC-3): what is in @source goes to @destination1, what was there goes to
 * @destination2 (which may be @source).  All or nothing: saved as one change of the inventory.
 * LIBRARY_E_SOURCE_EMPTY where @source or @destination1 is empty.
 */
MUST_CHECK int library_exchange(struct library *library, uint16_t source, uint16_t destination1,
				uint16_t destination2);

/* Puts a cartridge that exists in the pool into the first free slot (or a mail slot). CART_E_* are
 * not returned: LIBRARY_E_DESTINATION_FULL, LIBRARY_E_SOURCE_EMPTY (not in the pool), -EEXIST
 * (already in the library). */
MUST_CHECK int library_import(struct library *library, const char *barcode, bool mail_slot,
			      uint16_t *ret_address);

/* Takes a cartridge out of a slot or mail slot; it stays in the pool.  0; LIBRARY_E_SOURCE_EMPTY
 * (not in the library); -EBUSY (in a drive, or on its way); LIBRARY_E_NOT_OWNER; -errno (the
 * inventory could not be saved: it stays). */
MUST_CHECK int library_export(struct library *library, const char *barcode);

/* ---- drives ---- */

/* What can be switched while a drive is in use; the keys of the description that name drives. */
enum library_drive_option {
	LIBRARY_REALISTIC, /* "realistic": it takes the times of its model */
	LIBRARY_CLEANING,  /* "cleaning": it asks to be cleaned when it was used enough */
};
#define LIBRARY_DRIVE_OPTIONS 2

/* Its word; NULL where there is no such option. */
const char *library_option_name(unsigned option);
/* Whether it is on; false where there is no such drive.  Takes no lock. */
bool library_drive_option(const struct library *library, unsigned number,
			  enum library_drive_option option);
/*
 * Switches it: in the description STATE/NAME/library.conf, where it stays over a restart, then in
 * the drive, where one is attached.  0; LIBRARY_E_NO_ELEMENT; LIBRARY_E_NOT_OWNER; -errno: it could
 * not be saved, and nothing changed.
 */
MUST_CHECK int library_set_drive_option(struct library *library, unsigned number,
					enum library_drive_option option, bool on);

/* What the library asks of an attached drive. Called without a lock of the library, by several
 * threads at a time; the drive takes its own. */
struct library_drive_ops {
	/* A cartridge was put in: begin to load. @barcode is copied. Never waits for a recall. */
	void (*load)(void *ctx, const char *barcode);
	/*
	 * Give the cartridge back: unload when still loaded, close it. 0, LIBRARY_E_PREVENTED or
	 * LIBRARY_E_DRIVE_FAILED; with the last two it stays in the drive.
	 */
	int (*eject)(void *ctx);
	/* As eject, as library_take_out() says; LIBRARY_E_BUSY and LIBRARY_E_RESERVED, too.  NULL:
	 * as eject. */
	int (*take_out)(void *ctx, bool force);
	/* Looks again at a cartridge that is being recalled (becomes ready, or failed). Cheap; may
	 * be called often. */
	void (*poll)(void *ctx);
	/*
	 * An operator raises the TapeAlert flags @set and takes @clear away (bits, flag 1 is bit 0;
	 * lib/base/tapealert.h); returns those that are on now.  NULL: the drive has none.
	 */
	uint64_t (*alert)(void *ctx, uint64_t set, uint64_t clear);
	/* Whether the drive takes this medium; asked before anything moves. NULL: it takes all. */
	bool (*accepts)(void *ctx, const char *barcode);
	/* An option was switched: with its own lock held the drive asks library_drive_option() how
	 * it is now, since several threads may switch it and come here in another order.  NULL: the
	 * drive has none. */
	void (*option)(void *ctx, enum library_drive_option option);
};

/* State words of library_drive_note(). */
enum library_drive_state {
	DRIVE_EMPTY,
	DRIVE_LOADING, /* a recall is under way or waited for: NOT READY 04/01 */
	DRIVE_READY,
	DRIVE_UNLOADED, /* a cartridge is in the drive, not threaded; the robot can take it */
	DRIVE_FAILED,
};

/* @number from 1. -ENOENT, -EBUSY, -EPERM (opened for reading). Calls ops->load() before it returns
 * where the inventory has a cartridge there. */
MUST_CHECK int library_attach_drive(struct library *library, unsigned number,
				    const struct library_drive_ops *ops, void *ctx);
/* Waits until nobody calls the drive any more. */
void library_detach_drive(struct library *library, unsigned number);

/* Calls the poll of every attached drive that is loading; the others have nothing to tell. */
void library_poll(struct library *library);

/*
 * TapeAlert flags of a drive: raises @set, takes @clear away, and says in *ret_flags which are on
 * now.  0; LIBRARY_E_NO_ELEMENT (no such drive); -ENODEV (its unit is not attached, or has no
 * flags).
 */
MUST_CHECK int library_drive_alert(struct library *library, unsigned number, uint64_t set,
				   uint64_t clear, uint64_t *ret_flags);

/* The drive tells its state, for element status, D-Bus and people; atomic, takes no lock. */
void library_drive_note(struct library *library, unsigned number, enum library_drive_state state,
			bool prevented);

/* ---- listeners (D-Bus) ---- */

/*
 * @moved is called after each completed move; with source == destination after an import or export,
 * and with source == destination and barcode "" when a drive's state changed.  It runs in the
 * thread that moved, or that noted the state, with locks held: it may only queue work for another
 * thread, and calls nothing of this header.  One listener per library; NULL removes it, and then it
 * is not running any more when this returns.
 */
typedef void (*library_moved_fn)(void *ctx, struct library *library, const char *barcode,
				 uint16_t source, uint16_t destination);
void library_set_listener(struct library *library, library_moved_fn moved, void *ctx);

#endif
