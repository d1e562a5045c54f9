/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h: what the files of lib/library share.
 *
 * Element addresses.  Every type has a fixed base, so that growing a library (more slots, another
 * drive) never renumbers an element: hosts keep addresses in their own catalogues (Bacula's
 * autochanger tables, OpenVMS' device configuration) and an address that silently means another
 * slot after a restart loses tapes.  The bases leave room for 240 mail slots (16..255), 240 drives
 * (256..495) and 60000 slots (1024..61023), and stay within the 16 bits of SMC.
 */
#ifndef VTL_LIBRARY_INTERNAL_H
#define VTL_LIBRARY_INTERNAL_H

#include <pthread.h>

#include "lib/library/library.h"

#define TRANSPORT_BASE 0u
#define MAIL_BASE      16u
#define DRIVE_BASE     256u
#define SLOT_BASE      1024u

#define CONFIG_FILE      "library.conf"
#define INVENTORY_FILE   "inventory"
#define DAMAGED_FILE     "inventory.damaged"
#define LOCK_FILE        "lock"
#define FILE_MODE        0644
#define CONFIG_MAX_BYTES (16u * 1024 * 1024)

/* One element: what it holds. barcode[0] == 0 means empty; then the rest is 0 too. */
struct cell {
	char barcode[BARCODE_SIZE];
	bool source_valid, placed_by_operator;
	uint16_t source;
};

/*
 * The cells of one library: transport, mail slots, drives, storage slots, in this order.  Pure
 * data: knows no file and no lock.
 */
struct inventory {
	unsigned slots, mail_slots, drives;
	size_t cnt;
	struct cell *cells; /* owned */
};

/* ---- config.c ---- */

/* As library_config_load(), from text; @where names it in messages. */
gboolean config_parse(const char *text, gsize size, const char *where,
		      struct library_config **ret_config, GError **error);
/* The accepted description as text that config_parse() reads to the same result. */
char *config_text(const struct library_config *config);

/* ---- barcodes.c ---- */

/*
 * Expands "TAP001L8-TAP010L8;SYS001L8" into @barcodes (of char *), refusing bad names, bad ranges,
 * repeats and more than @max.  NULL, or a message to g_free() that names the item.
 */
char *barcodes_expand(const char *list, unsigned max, GPtrArray *barcodes);

/* ---- inventory.c ---- */

gboolean inventory_init(struct inventory *inv, const struct library_config *config);
void inventory_clear(struct inventory *inv);
struct cell *inventory_cell(const struct inventory *inv, unsigned address); /* NULL: no such */
uint16_t inventory_address(const struct inventory *inv, size_t index);
struct cell *inventory_find(const struct inventory *inv, const char *barcode,
			    uint16_t *ret_address);
enum library_element_type element_type(unsigned address);
unsigned element_base(enum library_element_type type);

/* The file's text; free with g_string_free(). */
GString *inventory_text(const struct inventory *inv, const char *library);
/*
 * Reads the file's text into an initialised, empty inventory.  Strict: whatever does not fit
 * exactly makes it FALSE with a message that names the line's key; the inventory is then undefined.
 * @text has a 0 byte behind its @size bytes, as fs_read() leaves it.
 */
gboolean inventory_parse(struct inventory *inv, const char *library, const char *text, gsize size,
			 GError **error);
/* Puts the cartridges of the pool into the slots in the order of their barcodes, as many as fit. */
int inventory_from_pool(struct inventory *inv, const char *pool);

/* ---- state.c ---- */

/* Opens STATE, or a folder in it; O_PATH is not set, so that it can be synced. fd or -errno. */
int state_open_dir(void);
int state_open_library(const char *name);
/*
 * Takes the lock of the library folder @folder.  0 and a descriptor whose close releases it;
 * -EWOULDBLOCK where another process owns it (*ret_pid says which, 0 where unknown); -errno.
 */
int state_lock(int folder, int *ret_fd, pid_t *ret_pid);
/* Who is told to own it in the lock file; 0 where that cannot be read. */
pid_t state_owner(int folder);
GError *state_busy_error(const char *name, pid_t pid);
/* The library's accepted description. */
gboolean state_load_config(int folder, const char *name, struct library_config **ret_config,
			   GError **error);
/* Replaces the description. 0 or -errno. */
int state_save_config(int folder, const struct library_config *config);
/* Replaces the inventory file. 0 or -errno. */
int state_save_inventory(int folder, const char *name, const struct inventory *inv);
/* Reads it. LIBRARY_ERROR_INVALID: damaged or absent; LIBRARY_ERROR_FAILED: could not be read. */
gboolean state_load_inventory(int folder, const char *name, struct inventory *inv, GError **error);

/* ---- library.c ---- */

struct drive_link {
	const struct library_drive_ops *ops; /* NULL: no unit is attached */
	void *ctx;
	int note;       /* atomic: enum library_drive_state | NOTE_PREVENTED */
	guint options;  /* atomic: bits 1 << enum library_drive_option, as in the description */
	unsigned users; /* that call it: each has a struct drive_call */
};

#define NOTE_PREVENTED 256

struct library {
	char name[LIBRARY_NAME_SIZE];
	gint refs;                     /* atomic; the last goes under the table's lock */
	struct library_config *config; /* constant after open; but the drives' options, which the
					  lock guards */

	/* Of pthread, not glib: the thread sanitizer sees what they do. */
	pthread_mutex_t lock; /* guards all below; never held while a drive is called */
	bool owner;
	int folder;  /* of STATE/NAME */
	int lock_fd; /* -1 unless owner */
	struct inventory inv;
	struct drive_link *drives;    /* config->drives of them */
	struct operation *operations; /* that are under way; each is its caller's */
	pthread_cond_t idle;          /* an operation is over, or a drive has no users any more */

	pthread_mutex_t listener_lock; /* a leaf: nothing is locked under it */
	library_moved_fn moved;
	void *moved_ctx;
};

/* ---- drives.c ---- */

/* Reads from the description what of each drive is on. */
void drives_note_options(struct library *library);

/*
 * A drive that is going to be called.  A drive may be at a command for hours, and its answer waits
 * for that: it is called without the library's lock, and stays attached (whoever detaches it waits)
 * from drive_call_begin() to drive_call_end().  Both are called with the lock held.
 */
struct drive_call {
	struct drive_link *link; /* NULL: there is nobody to call */
	const struct library_drive_ops *ops;
	void *ctx;
};

/* FALSE, and nothing to end, where @address is no drive or no unit is attached. */
bool drive_call_begin(struct library *library, uint16_t address, struct drive_call *ret_call);
void drive_call_end(struct library *library, struct drive_call *call); /* an empty one too */

/* Fills what library_element() says of a drive; the lock is held. */
void drive_describe(const struct library *library, struct library_element *e);

/* ---- move.c ---- */

#define MAX_CHANGES 2

/* One cartridge's way; an operation has one (move) or two (exchange). */
struct change {
	uint16_t source, destination;
	char barcode[BARCODE_SIZE];
	struct drive_call from, to;
	bool ejected;
};

/* Who wants what is in a drive. */
enum taker {
	TAKER_HOST, /* by the robot */
	TAKER_OPERATOR,
	TAKER_FORCE,
};

/*
 * What is under way at some elements.  Whoever wants one of these waits for its end.  While it
 * lasts, what the elements hold is what the inventory says.
 */
struct operation {
	struct operation *next; /* of library->operations */
	struct change change[MAX_CHANGES];
	unsigned cnt;
	enum taker taker;
	bool committed; /* the inventory says what is true after it */
};

/* With the lock held: the operation that @address is reserved for; NULL: none. */
const struct operation *operation_at(const struct library *library, uint16_t address);
/* With the lock held, which is let go meanwhile: until @address is reserved for none. */
void operation_await(struct library *library, uint16_t address);
void operation_enter(struct library *library, struct operation *op);
void operation_leave(struct library *library, struct operation *op);

/* ---- library.c ---- */

/* TRUE while this process may change the inventory. Called with the lock held. */
bool library_may_change(const struct library *library);
void library_tell(struct library *library, const char *barcode, uint16_t source,
		  uint16_t destination);

#endif
